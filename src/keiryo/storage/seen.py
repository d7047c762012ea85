"""Books as one viewer sees them: every table of record stands behind a view with a condition.

A connection to seen books has a temporary view for each table, with the table's own name, and
both databases look for temporary names first. Whatever query runs there, written in whatever
way, sees the lines that the viewer may see and no others; nothing can be forgotten in a WHERE.
Nothing can be written through it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event

from keiryo.errors import ReadOnlyError
from keiryo.storage.engine import Database, seen_engine


class SeenDatabase(Database):
    """Books as one viewer sees them.

    Parameters
    ----------
    whole : Database
        The books.
    conditions : mapping of table to SQL
        Under which condition a row is seen; the table may be named in it by its own name.
    """

    def __init__(self, whole: Database, conditions: Mapping[str, str]) -> None:
        self.url, self.registry, self.metadata = whole.url, whole.registry, whole.metadata
        self.evidence = whole.evidence
        self.engine: Engine = seen_engine(whole.url)
        main = "main" if self.is_sqlite else "public"
        views = [
            f"CREATE TEMP VIEW {name} AS SELECT * FROM {main}.{name} WHERE {condition}"
            for name, condition in sorted(conditions.items())
        ]

        def connected(raw: Any, _record: object) -> None:
            cursor = raw.cursor()
            for view in views:
                cursor.execute(view)
            cursor.close()
            if not self.is_sqlite:
                raw.commit()
            else:
                raw.execute("PRAGMA query_only=ON")

        event.listen(self.engine, "connect", connected)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Refuse: what somebody sees of the books is no place to write to."""
        yield from _refused()


def _refused() -> Iterator[Connection]:
    raise ReadOnlyError("books as somebody sees them cannot be written")
