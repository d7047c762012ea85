"""Acts that are prepared before anybody has to wait for them.

Where an act takes long to prepare from what is recorded, it is prepared from one state of the
books while others may still post. It is posted as it is if nothing was posted in between; if
something was, it is prepared anew, and at last while the others wait.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, select

from keiryo.journal.canonical import GENESIS
from keiryo.journal.model import Actor, Draft, Posted
from keiryo.journal.posting import Clock, LineProgress, post, system_clock
from keiryo.storage.engine import Database
from keiryo.storage.schema import CHAIN_HEAD

TRIES = 3
"""How often an act is prepared beforehand, before others have to wait for it."""


class _PostedMeanwhileError(Exception):
    """Something was posted since the act was prepared."""


def post_prepared(
    database: Database,
    build: Callable[[Connection], Draft],
    actor: Actor,
    *,
    clock: Clock = system_clock,
    progress: LineProgress | None = None,
) -> Posted:
    """Post what `build` makes of the books as they stand; most of the time nobody waits for it.

    Parameters
    ----------
    database : Database
    build : callable
        Prepares the draft from what is recorded, and from nothing else in the database; it may be
        asked several times. What it raises is raised here, and nothing is posted.
    actor, clock, progress
        As for `keiryo.journal.posting.post`.
    """
    for _ in range(TRIES):
        with database.reading() as connection:
            head = _head(connection, database)
            made = build(connection)

        def unchanged(connection: Connection, head: object = head, made: Draft = made) -> Draft:
            if _head(connection, database) != head:
                raise _PostedMeanwhileError
            return made

        try:
            return post(database, unchanged, actor, clock=clock, progress=progress)
        except _PostedMeanwhileError:
            continue
    return post(database, build, actor, clock=clock, progress=progress)


def _head(connection: Connection, database: Database) -> tuple[int, str]:
    table = database.metadata.tables[CHAIN_HEAD]
    row = connection.execute(select(table.c.act_id, table.c.digest)).first()
    return (0, GENESIS) if row is None else (int(row[0]), str(row[1]))
