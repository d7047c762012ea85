"""Numbered changes of the built-in tables, run by Alembic."""
