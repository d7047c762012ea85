"""Answers remembered as of an act, and the last act about each scope, against asking anew."""

from __future__ import annotations

import datetime
from datetime import UTC

from sqlalchemy import func, select

from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.journal.tables import FINDING
from keiryo.web.remembered import LastActs, Remembered, head_of, last_act_about
from web.site import Site

AREA = "XA/XAF-/XAFA"


def test_an_answer_is_made_once_for_each_act() -> None:
    known, made = Remembered(most=2), []

    def build() -> int:
        made.append(1)
        return len(made)

    assert [known.get("a", 1, build), known.get("a", 1, build), known.get("a", 2, build)] == [
        1,
        1,
        2,
    ]
    assert (known.held("a", 2), known.held("a", 1), known.held("b", 1)) == (2, None, None)
    known.get("b", 1, build)
    known.get("c", 1, build)
    assert known.held("a", 2) is None  # two answers are kept


def naive(site: Site, scope: str, beside: tuple[str, ...] = ()) -> int:
    """Return the last act about a scope and those above it, by asking for all of them."""
    table = site.database.metadata.tables["act_scope"]
    parts = scope.split("/")
    above = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    query = select(func.max(table.c.act_id)).where(
        table.c.scope.in_(above), table.c.capability.not_in(beside)
    )
    with site.database.reading() as connection:
        return int(connection.execute(query).scalar() or 0)


def test_last_acts_follow_the_chain(site: Site) -> None:
    site.now[0] = datetime.datetime.now(UTC)
    last = LastActs(site.database)
    scopes = ("XA", "XA/XAF-", AREA, "XA/XAR-/XARA", "XA/NONE")
    beside = ("journal", "people", "oversight")
    for number in range(3):
        with site.database.reading() as connection:
            head = head_of(connection, site.database.metadata)
            for scope in scopes:
                assert last.about(scope, head) == naive(site, scope)
                assert last.about(scope, None) == last_act_about(
                    connection, site.database.metadata, scope
                )
                assert last.about_books(scope, head) == naive(site, scope, beside)
        draft = Draft("finding.note", f"test:{number}")
        values = {"scope": AREA, "code": "TEST", "severity": "W", "message": "m"}
        draft.add(FINDING.name, values, mba="XAFA")
        post(site.database, draft, site.actor("officer"))
    assert last.about(AREA, None) > last.about_books(AREA, None)
    assert last.about("XA/XAR-/XARA", None) < last.about(AREA, None)
