"""Remembers: events, decisions, effects, money. The only importer of SQLModel, SQLAlchemy and Alembic.

Begin at store.py. Nothing is imported here: SQLModel takes half a second, and many a command only needs types.py.
"""
