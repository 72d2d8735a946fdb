"""What an editor with a YAML language server knows about rule files: one JSON Schema, made from a workspace."""

from amends_engine.editor_schema.schema import editor_schema
from amends_engine.editor_schema.vocabulary import Vocabulary, read_vocabulary

__all__ = ["Vocabulary", "editor_schema", "read_vocabulary"]
