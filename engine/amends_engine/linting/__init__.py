"""Lints: what a workspace may say and probably does not mean. Pure; each lint is one entry of a table."""

from amends_engine.linting.table import LINTS, Lint, lint

__all__ = ["LINTS", "Lint", "lint"]
