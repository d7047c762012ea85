"""Opening a journal: its first act says which journal it is and for which State it is kept."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from keiryo.errors import ConflictError
from keiryo.journal.model import Actor, Draft, Posted
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.tables import JOURNAL_OPENED
from keiryo.storage.engine import Database, shown
from keiryo.storage.migrate import prepare

SOFTWARE = "keiryo 0.1.0"


def open_journal(
    database: Database, state: str, actor: Actor, *, clock: Clock = system_clock
) -> Posted:
    """Create the tables if need be and post the first act.

    Raises
    ------
    ConflictError
        If the database already holds the books of another State, or of this one.
    """
    prepare(database)
    present = recorded_state(database)
    if present is not None:
        raise ConflictError(
            f"{shown(database.url)} already holds the books of {present}",
            "Go on with them, or name another place with --db.",
        )
    draft = Draft("journal.open", client_id="journal.open", reason=f"books of {state}")
    draft.add(
        JOURNAL_OPENED.name,
        scope=state,
        journal_uid=str(uuid.uuid4()),
        state=state,
        software=SOFTWARE,
    )
    return post(database, draft, actor, clock=clock)


def recorded_state(database: Database) -> str | None:
    """Return the State whose books the database holds, or None if it was never opened."""
    table = database.metadata.tables[JOURNAL_OPENED.name]
    with database.reading() as connection:
        state = connection.execute(select(table.c.state).limit(1)).scalar()
    return None if state is None else str(state)
