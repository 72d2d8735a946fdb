"""`parallel`: named lists of steps that do not wait for each other."""

from collections.abc import Callable
from types import MappingProxyType

from amends_engine.actions import Parallel, Step
from amends_engine.condition_reading import Scope
from amends_engine.documents import Node
from amends_engine.shapes import PARALLEL, check_shape

ReadSteps = Callable[[Node, str], tuple[Step, ...]]


def read_parallel(node: Node, scope: Scope, path: str, read: ReadSteps) -> Step | None:
    """read: the list of steps behind a key, under a path of its own."""
    if not check_shape(node, PARALLEL, "parallel", scope.reading.findings):
        return None
    if len(node.fields) == 1:
        remedy = "give it a second branch, or take `parallel` out"
        message = "A parallel of one branch waits for nothing but itself"
        scope.reading.report("wrong-type", message, node.place, remedy)
        return None
    where = f"{path}.parallel"
    branches = {name: read(steps, f"{where}.{name}") for name, steps in node.fields.items()}
    return Parallel(where, MappingProxyType(branches))
