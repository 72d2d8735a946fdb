"""Message templates: Markdown with sandboxed placeholders, one file for each language."""

from amends_engine.templates.catalogue import Look, Templates, languages, normal_language, read_templates

__all__ = ["Look", "Templates", "languages", "normal_language", "read_templates"]
