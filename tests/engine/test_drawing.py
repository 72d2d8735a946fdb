"""Rules as pictures: the graph, its Mermaid text and its SVG."""

import json
import os
import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.spoken import ROOT, SHOWN, all_rules, one_rule, spoken

from amends_engine.actions import Step
from amends_engine.drawing import Graph, Node, Shape, as_mermaid, as_svg, draw
from amends_engine.drawing.building import STEPS
from amends_engine.drawing.graph import Block, Fork, Gate, Line, Way
from amends_engine.drawing.layout import LABEL_SIZE, MAX_ROWS, PADDING, PIECES, SIZE, Box, arrange
from amends_engine.drawing.measuring import width, wrap
from amends_engine.drawing.mermaid import SHAPES, escape
from amends_engine.drawing.palette import COLOURS
from amends_engine.drawing.svg import OUTLINES
from amends_engine.writing import clean

HOSTILE = (
    '"quoted" \\" end', "a]b[c](d){e}", "line\nend\r\nbreak\u2028x", "<script>alert(1)</script>", "</text></svg><b>",
    "]]> <!-- x --> <?xml?>", "; graph TD; a-->b", "%% %%{init:{}}%%", "`md` **bold** _it_ # head", "1. list", "- list",
    "#35; #quot; &amp; &lt;", "style n1 fill:#fff; classDef a:#b;", "end", 'click n1 "javascript:alert(1)"', "$$x^2$$",
    "<img src=x onerror=alert(1)>", "|pipe|", "fa:fa-car", "trailing \\",
    "日本語 ünïcödé 👩🏽‍🚒", "\x00\x1b[31m\ud800\ufffe",
    "W" * 200, "",
)  # fmt: skip
"""Texts that would break a picture that did not escape them."""


def graph_of(texts: tuple[str, ...]) -> Graph:
    """Every text as title, line, item and label, in every shape."""
    nodes = [
        Node(f"n{place}", shape, text, (Line(text), Line(text, 1, is_item=True)))
        for place, (text, shape) in enumerate(zip(texts, [*Shape][:4] * len(texts), strict=False))
    ]
    ends = [Node(f"e{place}", Shape.END, text) for place, text in enumerate(texts)]
    gates = [Gate(node, text, end) for node, text, end in zip(nodes, texts, ends, strict=True)]
    fork = Fork(Node("f", Shape.CHOICE, "f"), tuple(Way((Node(f"w{place}", Shape.STEP, text),), text)
                                                    for place, text in enumerate(texts[:3])))  # fmt: skip
    name = "".join(texts[:3])
    return Graph(name, name, texts[:3], texts, (*gates, fork, Node("z", Shape.END, "Done")))


def drawn(name: str) -> Graph:
    rule, words = all_rules()[name]
    return draw(rule, words)


NESTED = """\
- choose:
    - if: [customer.tier: platinum]
      then:
        - choose:
            - if: [customer.age: {more_than: 70}, is: detractor]
              then: [email: {template: apology}, task: {title: Call, to: lead}]
            - if: [customer.age: {more_than: 60}]
              then: [email: {template: apology}]
    - if: [customer.tier: gold]
      then: [email: {template: apology}]
    - otherwise: [task: {title: Call, to: lead}]
- email: {template: apology}
"""

EVERY = {
    **{name: drawn(name) for name in SHOWN},
    "nested": draw(*spoken(one_rule("- is: detractor", NESTED))),
    "hostile": graph_of(HOSTILE),
}
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", SHOWN)
def test_a_rule_is_drawn_as_the_file_beside_it_says(name: str) -> None:
    """A change of the picture shows in these files; `amends graph --format mermaid` writes them."""
    assert as_mermaid(EVERY[name]) == (ROOT / "tests/rules/drawn" / f"{name}.mmd").read_text(encoding="utf-8")


def test_the_picture_in_the_documentation_is_the_one_that_the_code_draws() -> None:
    picture = ROOT / "docs/images/rule.svg"
    assert picture.read_text(encoding="utf-8") == as_svg(EVERY["downgrade-opens-case"]), (
        "run `amends graph downgrade-opens-case -w rules/airline --out docs/images/rule.svg`"
    )


def test_the_mermaid_text_in_the_documentation_is_the_one_that_the_code_writes() -> None:
    page = (ROOT / "docs/rules-as-text-and-pictures.md").read_text(encoding="utf-8")
    assert f"```mermaid\n{as_mermaid(EVERY['refund-requested'])}```" in page


@pytest.mark.parametrize("name", SHOWN)
def test_the_same_rule_gives_the_same_picture(name: str) -> None:
    again = drawn(name)
    assert as_svg(again) == as_svg(EVERY[name])
    assert as_mermaid(again) == as_mermaid(EVERY[name])


def test_every_form_has_its_place_in_every_table() -> None:
    assert set(STEPS) == set(get_args(Step))
    assert set(PIECES) == set(get_args(Block))
    assert set(SHAPES) == set(OUTLINES) == set(COLOURS) == set(Shape)


@pytest.mark.parametrize("name", EVERY)
def test_every_node_is_reached_and_leads_on_until_an_end(name: str) -> None:
    graph = EVERY[name]
    ids = [node.id for node in graph.nodes]
    sources, targets = {edge.source for edge in graph.edges}, {edge.target for edge in graph.edges}
    assert len(ids) == len(set(ids))
    assert targets == set(ids[1:])
    assert sources == {node.id for node in graph.nodes if node.shape is not Shape.END}


CHOOSE = """\
- choose:
    - if: [customer.tier: gold]
      then: [email: {template: apology}]
    - if: [customer.tier: basic]
      then: [task: {title: Call, to: lead}]
- email: {template: apology}
"""


def test_the_ways_of_a_choice_meet_again() -> None:
    graph = draw(*spoken(one_rule("- is: detractor", CHOOSE)))
    titles = {node.id: node.title for node in graph.nodes}
    edges = [(titles[edge.source], titles[edge.target], edge.label) for edge in graph.edges]
    assert edges == [
        ("When", "If", ""),
        ("If", "Nothing happens", "no, or not known"),
        ("If", "The first that fits", ""),
        ("The first that fits", "If", ""),
        ("If", "Email", ""),
        ("The first that fits", "If", ""),
        ("If", "Task", ""),
        ("The first that fits", "Otherwise", ""),
        ("Email", "Email", ""),
        ("Task", "Email", ""),
        ("Otherwise", "Email", ""),
        ("Email", "Done", ""),
    ]


def test_a_way_that_ends_does_not_meet_the_others() -> None:
    stop, go = Node("s", Shape.END, "Stop"), Node("g", Shape.STEP, "Go")
    fork = Fork(Node("f", Shape.CHOICE, "?"), (Way((stop,), "no"), Way((go,), "yes")))
    graph = Graph("x", "", (), (), (fork, Node("z", Shape.END, "Done")))
    assert [(edge.source, edge.target, edge.label) for edge in graph.edges] == [
        ("f", "s", "no"), ("f", "g", "yes"), ("g", "z", "")]  # fmt: skip
    assert len(arrange(graph).wires) == 3


@pytest.mark.parametrize("name", EVERY)
def test_an_svg_is_xml_and_has_nothing_but_shapes_and_texts(name: str) -> None:
    root = ET.fromstring(as_svg(EVERY[name]))
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= {
        "svg", "title", "desc", "style", "rect", "polygon", "path", "text", "g"}  # fmt: skip
    assert {key for each in root.iter() for key in each.attrib} <= {
        "class", "role", "width", "height", "viewBox", "aria-labelledby", "id", "x", "y", "rx", "points", "d",
    }  # fmt: skip


@pytest.mark.parametrize("name", EVERY)
def test_an_svg_needs_nothing_from_outside(name: str) -> None:
    text = as_svg(EVERY[name]).replace('xmlns="http://www.w3.org/2000/svg"', "")
    style = text.partition("<style>")[2].partition("</style>")[0]
    assert not [word for word in ("url(", "@import", "@font-face", "http") if word in style]
    assert "href" not in text


@pytest.mark.parametrize("name", EVERY)
def test_a_reader_who_cannot_see_the_picture_hears_the_whole_rule(name: str) -> None:
    root = ET.fromstring(as_svg(EVERY[name]))
    ids = {each.get("id"): "".join(each.itertext()) for each in root.iter() if each.get("id")}
    title, description = str(root.get("aria-labelledby")).split(" ")
    assert root.get("role") == "img"
    assert ids[title] == f"The rule {clean(EVERY[name].name)}"
    assert ids[description] == " ".join(map(clean, EVERY[name].description))


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_read_as_markup(text: str) -> None:
    node = Node("n", Shape.STEP, text, (Line(text),))
    root = ET.fromstring(as_svg(Graph(text, text, (text,), (text,), (node,))))
    shown = ["".join(each.itertext()) for each in root.iter(f"{SVG}text") if each.get("class") == "line"]
    assert "".join(shown).replace(" ", "") == clean(text).replace(" ", "")


@pytest.mark.parametrize("name", [*all_rules(), "nested", "hostile"])
def test_no_text_runs_over_its_box(name: str) -> None:
    for box in arrange(EVERY[name] if name in EVERY else drawn(name)).boxes:
        assert len({row.y for row in box.rows}) <= MAX_ROWS
        for row in box.rows:
            left, right = _reach(box, row.text, row.x, is_bold=row.is_title)
            assert box.x + PADDING - 1 <= left
            assert right <= box.x + box.width - PADDING + 1
            assert box.y + SIZE <= row.y <= box.y + box.height - SIZE / 2


def _reach(box: Box, text: str, x: float, *, is_bold: bool) -> tuple[float, float]:
    reach = width(text, SIZE, is_bold=is_bold)
    return (x - reach / 2, x + reach / 2) if box.node.shape is Shape.END else (x, x + reach)


@pytest.mark.parametrize("name", EVERY)
def test_no_two_boxes_overlap_and_each_node_has_one(name: str) -> None:
    boxes = arrange(EVERY[name]).boxes
    assert sorted(box.node.id for box in boxes) == sorted(node.id for node in EVERY[name].nodes)
    for place, one in enumerate(boxes):
        for other in boxes[place + 1 :]:
            is_beside = one.x + one.width < other.x or other.x + other.width < one.x
            is_below = one.y + one.height < other.y or other.y + other.height < one.y
            assert is_beside or is_below


@pytest.mark.parametrize("name", EVERY)
def test_every_wire_runs_from_box_to_box_at_right_angles_and_through_none(name: str) -> None:
    piece = arrange(EVERY[name])
    assert len(piece.wires) == len(EVERY[name].edges)
    for wire in piece.wires:
        assert all(x1 == x2 or y1 == y2 for (x1, y1), (x2, y2) in pairwise(wire.points))
        assert sum(1 for box in piece.boxes if _touches(box, wire.points[-1])) == 1
        assert any(_touches(box, wire.points[0]) for box in piece.boxes)
        assert not any(_crosses(box, *ends) for box in piece.boxes for ends in pairwise(wire.points))


def _touches(box: Box, point: tuple[float, float]) -> bool:
    x, y = point
    return box.x - 0.1 <= x <= box.x + box.width + 0.1 and box.y - 0.1 <= y <= box.y + box.height + 0.1


def _crosses(box: Box, start: tuple[float, float], end: tuple[float, float]) -> bool:
    (left, right), (top, bottom) = sorted((start[0], end[0])), sorted((start[1], end[1]))
    return (
        left < box.x + box.width - 0.1
        and right > box.x + 0.1
        and top < box.y + box.height - 0.1
        and bottom > box.y + 0.1
    )


@pytest.mark.parametrize("name", EVERY)
def test_everything_lies_within_the_sheet(name: str) -> None:
    root = ET.fromstring(as_svg(EVERY[name]))
    wide, high = float(str(root.get("width"))), float(str(root.get("height")))
    for each in root.iter():
        numbers = [float(n) for n in re.findall(r"-?[\d.]+", each.get("points", "") or each.get("d", ""))]
        xs, ys = [*numbers[::2], float(each.get("x", 0))], [*numbers[1::2], float(each.get("y", 0))]
        assert min(xs + ys) >= 0
        assert max(xs) <= wide
        assert max(ys) <= high


def test_labels_stand_beside_their_wire() -> None:
    for wire in (wire for graph in EVERY.values() for wire in arrange(graph).wires if wire.label):
        (x1, _), (x2, _) = wire.points[-2:]
        if x1 != x2:
            assert wire.label_at[0] + width(wire.label, LABEL_SIZE) <= x2


words = st.text(st.characters(exclude_categories=()), max_size=60)


@given(st.lists(words, max_size=6), st.integers(40, 400))
def test_rows_fit_and_lose_no_letter(texts: list[str], room: int) -> None:
    text = clean(" ".join(texts))
    rows = wrap(text, SIZE, room)
    assert all(width(row, SIZE) <= room for row in rows)
    assert "".join("".join(rows).split()) == "".join(text.split())


@given(words)
def test_any_text_makes_a_picture(text: str) -> None:
    root = ET.fromstring(as_svg(graph_of((text,) * 3)))
    assert root.tag == f"{SVG}svg"
    assert_is_mermaid(as_mermaid(graph_of((text,) * 3)))


# em of DejaVu Sans and of DejaVu Sans Bold, the widest fonts that usual systems fall back to
DEJAVU = {"i": (0.278, 0.343), "t": (0.392, 0.478), "r": (0.411, 0.493), "a": (0.613, 0.675), "m": (0.974, 1.042),
          "W": (0.989, 1.103), "M": (0.863, 0.995), "0": (0.636, 0.696), " ": (0.318, 0.348), "“": (0.518, 0.523),
          "%": (0.950, 1.002), "@": (1.015, 1.0), "-": (0.361, 0.415), "é": (0.615, 0.678),
          "Ж": (1.077, 1.2), "本": (1.0, 1.0)}  # fmt: skip


@pytest.mark.parametrize("letter", DEJAVU)
def test_text_is_never_measured_narrower_than_it_is_drawn(letter: str) -> None:
    plain, bold = DEJAVU[letter]
    assert width(letter, 1) >= plain
    assert width(letter, 1, is_bold=True) >= bold


LINE = re.compile(
    r"%%\{init: .*\}%%|flowchart TD|    accTitle: [^\n;#%<>\"]+|    accDescr: [^\n;#%<>\"]*|"
    r"    \w+(\(\[|\(|\{\{|\[)\"(?P<label>[^\"\n]*)\"(\]\)|\)|\}\}|\])|"
    r"    \w+ -->(\|\"(?P<text>[^\"\n]*)\"\|)? \w+|"
    r"    classDef \w+ stroke:#[0-9a-f]{6},stroke-width:2px|    class [\w,]+ \w+"
)
LETTER = re.compile(r"#(\d+);")
SAFE = re.compile(r"[^#;<>\"`{}\[\]|%&\\*_$^~@=:\r\n]*")


def assert_is_mermaid(text: str) -> None:
    """Every line is one statement, and every label nothing but plain letters, `#35;` and `<br/>`."""
    for line in text.rstrip("\n").split("\n"):
        found = LINE.fullmatch(line)
        assert found, line
        for label in filter(None, (found["label"], found["text"])):
            assert SAFE.fullmatch(LETTER.sub("", label.replace("<br/>", ""))), label


@pytest.mark.parametrize("name", EVERY)
def test_no_label_can_end_a_mermaid_statement(name: str) -> None:
    assert_is_mermaid(as_mermaid(EVERY[name]))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_mermaid_label_decodes_to_the_text(text: str) -> None:
    decoded = LETTER.sub(lambda found: chr(int(found[1])), escape(text))
    assert decoded.replace("\u200b", "") == clean(text)


def test_formulas_and_icons_are_not_made_of_texts() -> None:
    assert escape("$$x$$") == "#36;#8203;#36;x#36;#8203;#36;"
    assert escape("fa:fa-car") == "fa#58;#8203;fa-car"


def test_a_very_long_condition_is_shortened_in_the_picture_and_whole_in_its_tooltip() -> None:
    lines = tuple(Line(f"Word {number}", 0, is_item=True) for number in range(200))
    graph = Graph("x", "", (), (), (Node("n", Shape.CONDITION, "If", lines),))
    [box] = arrange(graph).boxes
    assert box.rows[-1].text == "…"
    assert "Word 199" in as_svg(graph)


def _light(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("shape", Shape)
def test_titles_can_be_read_by_day_and_by_night(shape: Shape) -> None:
    """WCAG 2.2, contrast (minimum): 4.5 to 1."""
    for fill, line in COLOURS[shape]:
        dark, bright = sorted((_light(fill), _light(line)))
        assert (bright + 0.05) / (dark + 0.05) >= 4.5


MEASURE = """<body>{pictures}<pre id="found"></pre><script>
const over = [];
for (const group of document.querySelectorAll('g')) {{
  const box = group.querySelector('.box').getBBox();
  for (const text of group.querySelectorAll('text')) {{
    const at = text.getBBox();
    const isIn = at.x >= box.x && at.x + at.width <= box.x + box.width && at.y >= box.y
      && at.y + at.height <= box.y + box.height;
    if (!isIn) over.push(text.textContent);
  }}
}}
document.getElementById('found').textContent = JSON.stringify([document.querySelectorAll('g').length, over]);
</script></body>"""


@pytest.mark.browser
def test_a_browser_finds_every_text_within_its_box(tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("there is no Chromium on this machine")
    page = tmp_path / "page.html"
    page.write_text(MEASURE.format(pictures="".join(map(as_svg, EVERY.values()))), encoding="utf-8")
    quiet = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
    command = [
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        *quiet,
        f"--user-data-dir={tmp_path / 'profile'}",
    ]
    done = subprocess.run(
        [*command, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=100, check=True
    )
    found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout)
    assert found
    boxes, over = json.loads(found[1])
    assert boxes == sum(len(graph.nodes) for graph in EVERY.values())
    assert over == []
