"""What databases of the same kind have in common, made once for each test process.

A program opens one database; the tests open thousands, of the same few sets of tables. What
SQLAlchemy makes of line kinds (tables) and of queries (SQL) depends on them alone and not on the
file, so that it is kept here and handed on. Every database still has its own engine, its own
connections and its own rows.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from typing import Any

import pytest
import typer.testing
from sqlalchemy import Engine, MetaData
from sqlalchemy.util import LRUCache

from keiryo.journal.registry import Registry
from keiryo.storage import engine as storage_engine
from keiryo.storage.schema import build_metadata

QUERIES = 4_000
"""How many queries are kept for each kind of database; an engine of its own keeps 500."""

_tables: dict[Hashable, tuple[Registry, MetaData]] = {}
_create_engine = storage_engine.create_engine


def share() -> None:
    """Let the databases that are opened from now on have their tables and queries in common."""
    storage_engine.build_metadata = tables_of
    storage_engine.create_engine = engine_with_queries
    typer.main.get_command = typer.testing._get_command = commands_of


def share_nothing(patch: pytest.MonkeyPatch) -> None:
    """Let the databases of one test be opened as a program opens them."""
    patch.setattr(storage_engine, "build_metadata", build_metadata)
    patch.setattr(storage_engine, "create_engine", _create_engine)


def tables_of(registry: Registry) -> MetaData:
    """Return the tables of a registry, as `keiryo.storage.schema.build_metadata` does."""
    declared = (
        *((working.name, id(working.table)) for working in registry.working_tables),
        *((name, id(kind)) for name, kind in registry.kinds.items()),
        *((projection.name, id(projection.table)) for projection in registry.projections),
    )
    if declared not in _tables:  # kept with the registry, so that no identity is used again
        _tables[declared] = registry, build_metadata(registry)
    return _tables[declared][1]


def engine_with_queries(*given: Any, **more: Any) -> Engine:
    """Make an engine that knows what others of its kind made of queries."""
    made = _create_engine(*given, **more)
    made.update_execution_options(compiled_cache=queries(made.dialect.name))
    return made


class Queries:
    """What was made of queries, for all engines of one kind.

    SQLAlchemy asks by the engine's dialect and the query; dialects of one kind, made alike, write
    the same SQL.
    """

    def __init__(self) -> None:
        self.made: LRUCache[tuple[Any, ...], Any] = LRUCache(QUERIES)

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:
        """Return what was made of a query before."""
        return self.made.get(key[1:], default)

    def __setitem__(self, key: tuple[Any, ...], compiled: Any) -> None:
        self.made[key[1:]] = compiled


@cache
def queries(kind: str) -> Queries:
    """Return what was made of queries to a kind of database."""
    del kind
    return Queries()


commands_of = cache(typer.main.get_command)
"""Makes the commands of the command line, which takes half a second: once, not for each call."""
