"""The formatter of a workspace's YAML files: it sets the white space and nothing else."""

from amends_engine.formatting.document import Unformatted, format_document

__all__ = ["Unformatted", "format_document"]
