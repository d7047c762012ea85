"""Standing answers: made once for all, made anew in the background, never stale for who posted."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from threading import Event
from typing import Any, cast

import pytest
from sqlalchemy import Connection, MetaData

from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.web.server import Server
from keiryo.web.standing import StandingAnswer, filings_remembered
from keiryo.web.viewer import Viewer
from web.site import Site


@dataclass
class Slow:
    """A board that takes as long as the test wants, and counts how often it was made."""

    takes_s: float = 0.0
    go_on: Event = field(default_factory=Event)
    made: int = 0
    fails: bool = False

    def __call__(
        self, server: Server, connection: Connection, metadata: MetaData, name: str
    ) -> str:
        self.made += 1
        if self.fails:
            raise ValueError("no")
        if self.made > 1:
            assert self.go_on.wait(10)
        time.sleep(self.takes_s)
        return f"{name} {self.made}"


def viewer_of(site: Site, name: str) -> Viewer:
    """Return a member as far as standing answers want to know."""

    @dataclass
    class Asker:
        server: Any
        person: Any
        head: None = None

    return cast("Viewer", Asker(site.app.state.server, site.members[name]))


def act_of(site: Site, name: str) -> int:
    """Let a member post something small."""
    draft = Draft("place.register", f"standing:{time.monotonic_ns()}")
    code = f"Q{time.monotonic_ns() % 1000:03}"
    draft.add(
        "material_balance_area",
        scope=f"XA/XQF-/{code}",
        state="XA",
        facility="XQF-",
        mba=code,
        batch_follow_up=1,
        zone="UTC",
    )
    return post(site.database, draft, site.actor(name)).act.act_id


def test_made_once_for_all(site: Site) -> None:
    board = Slow()
    answer = StandingAnswer(board)
    first = answer.get(viewer_of(site, "officer"), "a")
    second = answer.get(viewer_of(site, "accountant"), "a")
    assert first == second and first.answer == "a 1" and first.current and board.made == 1
    board.go_on.set()
    assert answer.get(viewer_of(site, "officer"), "b").answer == "b 2"


def test_a_quick_one_is_always_new(site: Site) -> None:
    board = Slow()
    board.go_on.set()
    answer = StandingAnswer(board)
    asker = viewer_of(site, "inspector")
    before = answer.get(asker, "a")
    act = act_of(site, "officer")
    after = answer.get(asker, "a")
    assert after.current and after.as_of_act == act > before.as_of_act and after.answer == "a 2"


def test_a_slow_one_is_shown_as_it_was_meanwhile(site: Site) -> None:
    board = Slow()
    answer = StandingAnswer(board, quick_s=-1, every_s=0)
    asker = viewer_of(site, "inspector")
    before = answer.get(asker, "a")
    act = act_of(site, "officer")
    meanwhile = answer.get(asker, "a")
    again = answer.get(asker, "a")  # one is being made: no second one begins
    assert meanwhile.answer == again.answer == "a 1" and not meanwhile.current
    assert (meanwhile.as_of_act, meanwhile.head_act) == (before.as_of_act, act)
    board.go_on.set()
    answer.wait(asker.server)
    fresh = answer.get(asker, "a")
    assert fresh.answer == "a 2" and fresh.current and board.made == 2


def test_who_posted_waits_for_the_new_one(site: Site) -> None:
    board = Slow()
    board.go_on.set()
    answer = StandingAnswer(board, quick_s=-1, every_s=1000)
    officer, inspector = viewer_of(site, "officer"), viewer_of(site, "inspector")
    assert answer.get(officer, "a").answer == "a 1"
    act = act_of(site, "officer")
    assert answer.get(inspector, "a").answer == "a 1"  # too soon to begin anew
    mine = answer.get(officer, "a")
    assert mine.answer == "a 2" and mine.as_of_act == act
    assert answer.get(inspector, "a").answer == "a 2"


def test_a_failure_leaves_the_last_answer(site: Site) -> None:
    board = Slow()
    board.go_on.set()
    answer = StandingAnswer(board, quick_s=-1, every_s=0)
    asker = viewer_of(site, "inspector")
    answer.get(asker, "a")
    act_of(site, "officer")
    board.fails = True
    assert answer.get(asker, "a").answer == "a 1"
    answer.wait(asker.server)
    assert answer.get(asker, "a").answer == "a 1"
    answer.wait(asker.server)
    board.fails = False
    answer.get(asker, "a")
    answer.wait(asker.server)
    assert answer.get(asker, "a").current


def test_the_first_failure_is_told(site: Site) -> None:
    board = Slow(fails=True)
    with pytest.raises(ValueError, match="no"):
        StandingAnswer(board).get(viewer_of(site, "officer"), "a")


def test_few_are_kept(site: Site) -> None:
    board = Slow()
    board.go_on.set()
    answer = StandingAnswer(board, most=2)
    asker = viewer_of(site, "officer")
    for name in "abc":
        answer.get(asker, name)
    answer.get(asker, "c")
    assert board.made == 3
    answer.get(asker, "a")
    assert board.made == 4


def test_filings_are_read_once_for_a_head(site: Site) -> None:
    server = site.app.state.server
    with server.database.reading() as connection:
        first = filings_remembered(server, connection, server.database.metadata)
        assert filings_remembered(server, connection, server.database.metadata) is first
    act_of(site, "officer")
    with server.database.reading() as connection:
        assert filings_remembered(server, connection, server.database.metadata) is not first
