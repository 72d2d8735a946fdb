"""Mappings of the columns and keys of foreign files to typed events and profiles."""

from amends_engine.sources.reading import SHAPES, Source, read_source

__all__ = ["SHAPES", "Source", "read_source"]
