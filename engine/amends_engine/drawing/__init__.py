"""Pictures of rules: a Rule and its Lexicon become a Graph, and a Graph becomes Mermaid text or an SVG."""

from amends_engine.drawing.building import draw
from amends_engine.drawing.graph import Edge, Graph, Node, Shape
from amends_engine.drawing.mermaid import as_mermaid
from amends_engine.drawing.svg import as_svg

__all__ = ["Edge", "Graph", "Node", "Shape", "as_mermaid", "as_svg", "draw"]
