"""The journal against a naive one: a list of what was posted, whatever happens in between."""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from journal.toy_books import ACTOR, PowerCutError, SteadyClock, opened, toy_draft, toy_frame
from keiryo.errors import ClockError, ConflictError, RefusedError
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.journal.reading import acts, line_stream
from keiryo.journal.verify import verify

Line = tuple[str, int | None]
lines = st.lists(
    st.tuples(st.sampled_from(["a", "é", "x\ny=t1:z", ""]), st.none() | st.integers(0, 999)),
    max_size=4,
)


class JournalMachine(RuleBasedStateMachine):
    """Posts, resends, conflicts, refusals, power cuts and a clock that goes back."""

    posted = Bundle("posted")

    @initialize()
    def open_books(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="keiryo-machine-"))
        self.clock = SteadyClock()
        self.books = opened(str(self.folder / "books.sqlite"), self.clock)
        self.model: list[tuple[str, list[Line]]] = []

    def teardown(self) -> None:
        self.books.close()
        shutil.rmtree(self.folder)

    def draft(self, client_id: str, single: list[Line], bulk: list[Line]) -> Draft:
        draft = toy_draft(client_id, *({"name": name, "w_mg": w_mg} for name, w_mg in single))
        if bulk:
            names, weights = [name for name, _ in bulk], [w_mg for _, w_mg in bulk]
            draft.add_frames("toy", [toy_frame(names, weights)])
        return draft

    @rule(target=posted, single=lines, bulk=lines)
    def post(self, single: list[Line], bulk: list[Line]) -> Any:
        client_id = f"act {len(self.model)}"
        result = post(self.books, self.draft(client_id, single, bulk), ACTOR, clock=self.clock)
        self.model.append((client_id, single + bulk))
        assert (result.repeated, result.act.act_id) == (False, len(self.model) + 1)
        return client_id, single, bulk, result.act

    @rule(known=posted)
    def resend(self, known: Any) -> None:
        client_id, single, bulk, act = known
        result = post(self.books, self.draft(client_id, single, bulk), ACTOR, clock=self.clock)
        assert (result.repeated, result.act) == (True, act)

    @rule(known=posted, other=lines)
    def resend_other_content(self, known: Any, other: list[Line]) -> None:
        client_id, single, bulk, _ = known
        if other == single + bulk:
            other = [*other, ("more", 1)]
        with pytest.raises(ConflictError):
            post(self.books, self.draft(client_id, other, []), ACTOR, clock=self.clock)

    @rule(single=lines)
    def refused(self, single: list[Line]) -> None:
        draft = self.draft("never", [*single, ("forbidden", 1)], [])
        with pytest.raises(RefusedError):
            post(self.books, draft, ACTOR, clock=self.clock)

    @rule(single=lines, bulk=lines)
    def power_cut(self, single: list[Line], bulk: list[Line]) -> None:
        draft = self.draft("never", [*single, ("power cut", 1)], bulk)
        with pytest.raises(PowerCutError):
            post(self.books, draft, ACTOR, clock=self.clock)

    @rule(hours=st.integers(1, 100))
    def clock_goes_back(self, hours: int) -> None:
        earlier = SteadyClock(self.clock.now - timedelta(hours=hours))
        with pytest.raises(ClockError):
            post(self.books, self.draft("never", [("a", 1)], []), ACTOR, clock=earlier)

    @invariant()
    def equals_the_model(self) -> None:
        with self.books.reading() as connection:
            recorded = list(acts(connection, self.books.metadata))[1:]
            for act, (client_id, expected) in zip(recorded, self.model, strict=True):
                stored = line_stream(connection, self.books.metadata, act.act_id)
                found = [(line.values["name"], line.values["w_mg"]) for line in stored]
                assert (act.client_id, found) == (client_id, expected)
        assert verify(self.books).sound


soak = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
JournalMachine.TestCase.settings = settings(
    deadline=None, max_examples=200 if soak else 8, stateful_step_count=50 if soak else 12
)
TestJournal = JournalMachine.TestCase
