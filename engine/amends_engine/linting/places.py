"""Where a condition or a step stands: its path in the rule, followed through the tree of the file."""

import re

from amends_engine.documents import Node
from amends_engine.findings import Place

_INDEX = re.compile(r"\[([0-9]+)\]")


def locate(root: Node, path: str) -> Place:
    """The place of `if[0].customer.tier` below a node: of its last key or item, or as near to it as the tree goes."""
    node, place = root, root.place
    while path:
        found = _INDEX.match(path)
        if found:
            index, path = int(found[1]), path[found.end() :]
            if index >= len(node.items):
                break
            node = node.items[index]
            place = node.place
            continue
        path = path.removeprefix(".")
        key = _key(node, path)
        if key is None:
            break
        place, node, path = node.key_place(key), node.fields[key], path[len(key) :]
    return place


def _key(node: Node, path: str) -> str | None:
    """The key that a path begins with; keys hold dots too, so the longest counts."""
    fitting = [key for key in node.fields if path.startswith(key) and path[len(key) : len(key) + 1] in {"", ".", "["}]
    return max(fitting, key=len, default=None)
