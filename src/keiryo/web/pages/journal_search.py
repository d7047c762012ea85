"""What a search finds in the record itself: acts, and who posted what the viewer sees."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from sqlalchemy import func, select

from keiryo.people.accounts import accounts
from keiryo.storage.schema import ACT
from keiryo.web.searching import compared
from keiryo.web.sections import Hit
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import Viewer

SHORTEST = 2
PSEUDONYM = "P-"
MOST_ALIKE = 200
"""People whose names are alike of whom it is looked whether they posted anything."""


def find_acts(viewer: Viewer, words: str, most: int) -> Iterable[Hit]:
    """Yield acts whose number, kind, reason or digest is what was searched for."""
    table = viewer.metadata.tables[ACT]
    text = words.lower()
    number = text.removeprefix("act").strip(" :#")
    if number.isdecimal() and len(number) < 16:
        condition = table.c.act_id == int(number)
    else:
        condition = (
            func.lower(table.c.reason).contains(text, autoescape=True)
            | (func.lower(table.c.kind) == text)
            | (table.c.digest == text)
            | (table.c.client_id == words)
        )
    query = select(table).where(condition).order_by(table.c.act_id.desc()).limit(most)
    with viewer.books.reading() as connection:
        for row in connection.execute(query).mappings():
            title = _("Act %(number)s: %(kind)s", number=row["act_id"], kind=row["kind"])
            detail = row["reason"] or row["recorded_at"]
            yield Hit("act", title, f"/journal/acts/{row['act_id']}", detail)


def find_who_acted(viewer: Viewer, words: str, most: int) -> Iterable[Hit]:
    """Yield people by displayed name or pseudonym, with the way to their acts.

    An act that is seen shows the name of who answers for it; so whoever sees an act of somebody
    finds them by that name, and nobody else does. Names to sign in with are on no act. The viewer's
    own page, and the pages of people where the viewer administers, are found by themselves.
    """
    if len(words) < SHORTEST:
        return
    named = _people_called(viewer, words)
    table = viewer.metadata.tables[ACT]
    query = select(table.c.person).where(table.c.person.in_(list(named)[:MOST_ALIKE])).distinct()
    with viewer.books.reading() as connection:
        acted = set(connection.execute(query).scalars()) if named else set()
    for person in [one for one in named if one in acted][:most]:
        href = f"/journal?person={quote(person, safe='')}"
        yield Hit("person", named[person], href, person)


def _people_called(viewer: Viewer, words: str) -> dict[str, str]:
    """Return the names of people that have the words in name or pseudonym, by pseudonym."""
    wanted, pseudonym = compared(words), words.upper()
    known: dict[str, Any] = {one.person: one for one in accounts(viewer.whole)}
    found = {
        one.person: one.shown_name
        for one in known.values()
        if not viewer.may("administer")
        and one.person != viewer.person.person
        and (wanted in compared(one.shown_name) or one.person.startswith(pseudonym))
    }
    if pseudonym.startswith(PSEUDONYM) and pseudonym not in known:
        found[pseudonym] = pseudonym  # whoever posted by command, without an account
    return found
