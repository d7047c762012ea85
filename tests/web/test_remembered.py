"""Answers remembered as of an act, and the last act about each scope, against asking anew."""

from __future__ import annotations

import datetime
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from threading import Event

import pytest
from sqlalchemy import func, select

from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.journal.tables import FINDING
from keiryo.web.remembered import LastActs, Remembered, head_of, last_act_about
from keiryo.web.viewer import found_once
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


def test_several_who_ask_at_once_wait_for_one() -> None:
    known, made, begun, go_on = Remembered(), [], Event(), Event()

    def build() -> str:
        made.append(1)
        begun.set()
        assert go_on.wait(10)
        return "built"

    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(known.get, "a", 1, build)
        assert begun.wait(10)
        others = [pool.submit(known.get, "a", 1, build) for _ in range(6)]
        another = pool.submit(known.get, "b", 1, lambda: "at once")
        assert another.result(10) == "at once"
        go_on.set()
        assert [one.result(10) for one in (first, *others)] == ["built"] * 7
    assert len(made) == 1


def test_where_one_fails_the_others_hear_what_is_wrong() -> None:
    known, made, begun, go_on = Remembered(), [], Event(), Event()

    def fail() -> str:
        made.append(1)
        begun.set()
        assert go_on.wait(10)
        raise ValueError("no")

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(known.get, "a", 1, fail)
        assert begun.wait(10)
        others = [pool.submit(known.get, "a", 1, fail) for _ in range(2)]
        go_on.set()
        for one in (first, *others):
            with pytest.raises(ValueError, match="no"):
                one.result(10)
    assert len(made) == 3
    assert known.get("a", 1, lambda: "again") == "again"


def test_what_is_found_once_is_found_for_each_by_itself() -> None:
    begun, go_on = Event(), Event()

    class Asker:
        def __init__(self, name: str) -> None:
            self.name, self.asked = name, 0

        @found_once
        def found(self) -> str:
            """What was found."""
            self.asked += 1
            if self.name == "slow":
                begun.set()
                assert go_on.wait(10)
            return f"for {self.name}"

    slow, quick = Asker("slow"), Asker("quick")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lambda: slow.found)
        assert begun.wait(10)
        assert (quick.found, quick.found, quick.asked) == ("for quick", "for quick", 1)
        go_on.set()
        assert waiting.result(10) == "for slow"
    assert Asker.found.__doc__ == "What was found."
