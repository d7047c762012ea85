"""Marks: only on what was looked at, each logged singly, none overwritten."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keiryo.errors import RefusedError
from keiryo.journal.model import Actor
from keiryo.surveillance.declared_operations import OperationEntry, declare, withdraw
from keiryo.surveillance.marks import Mark, mark, marks
from keiryo.surveillance.ranking import similar
from keiryo.surveillance.review_record import noted_in
from keiryo.surveillance.tables import MARK
from surveillance.camera_books import codes, fill
from surveillance.review_books import Session, at, session


@pytest.fixture
def made(sqlite_url: str, tmp_path: Path) -> Session:
    one = session(sqlite_url, tmp_path, 12)
    one.screen("qqaqqaqqsqqq")
    one.open(12)
    return one


def refused(function: Any, *arguments: Any, **more: Any) -> list[str]:
    with pytest.raises(RefusedError) as error:
        function(*arguments, **more)
    return codes(error.value)


def declared(made: Session, name: str = "D-1", **more: Any) -> None:
    entry = OperationEntry(name, "XARA", at(2), at(3), ("camera:CAM-01",))
    declare(*made.given, [replace(entry, **more)], clock=made.site.clock)


def test_marking_without_looking_is_refused(made: Session) -> None:
    assert refused(made.mark, "benign", 0, 1) == ["MARK-NOT-LOOKED"] * 2
    made.look(0)
    assert refused(made.mark, "benign", 0, 1) == ["MARK-NOT-LOOKED"]
    made.mark("benign", 0)
    assert [one.verdict for one in made.events()] == ["benign", None, None]


def test_the_last_mark_counts_and_all_are_kept(made: Session) -> None:
    made.look()
    made.mark("unclear", 0, note="what is it?")
    other = Actor("P-OTHER234", "XA")
    event = made.events()[0]
    again = Mark(*event.key, "benign", note="a cleaner")
    mark(made.given[0], other, "july", [again], clock=made.site.clock)
    [event, *_] = made.events()
    assert event.verdict == "benign" and event.mark is not None
    assert [(one.verdict, one.person) for one in event.marks] == [
        *[("unclear", "P-TEST2345"), ("benign", "P-OTHER234")]
    ]
    with made.given[0].reading() as connection:
        first = marks(connection, made.given[0].metadata, "july", through_act=event.marks[0].act)
    assert first[event.key][-1].verdict == "unclear"
    assert event.to_dict()["marks"] == 2


def test_operations_that_explain(made: Session) -> None:
    made.look()
    assert refused(made.mark, "explained", 0) == ["MARK-OPERATION"]
    assert refused(made.mark, "benign", 0, operation="D-1") == ["MARK-OPERATION"]
    assert refused(made.mark, "explained", 0, operation="D-1") == ["MARK-NOT-DECLARED"]
    declared(made)
    act = made.mark("explained", 0, operation="D-1", items=("XARA/FA-1",))
    assert codes(noted_in(made.given[0], act)) == []
    act = made.mark("explained", 1, operation="D-1")
    assert codes(noted_in(made.given[0], act)) == ["MARK-OTHER-TIME"]
    made.site.camera("CAM-02")
    declared(made, "D-2", sensors=("camera:CAM-02",))
    act = made.mark("explained", 0, operation="D-2")
    assert codes(noted_in(made.given[0], act)) == ["MARK-OTHER-CAMERA"]
    withdraw(*made.given, "D-1", "did not take place", clock=made.site.clock)
    assert refused(made.mark, "explained", 0, operation="D-1") == ["MARK-NOT-DECLARED"]


def test_marks_that_cannot_be(made: Session) -> None:
    made.look()
    made.mark("benign", 0)
    assert refused(made.mark, "nice", 0) == ["MARK-VERDICT"]
    [row] = made.site.rows(MARK.name)
    row = {k: v for k, v in row.items() if k not in ("act_id", "line_no", "salt", "scope")}
    kind = MARK.name
    assert refused(made.post_bare, kind, {**row, "event": 9}) == ["MARK-EVENT"]
    assert refused(made.post_bare, kind, {**row, "person": "P-2"}) == ["SURVEILLANCE-PERSON"]
    assert refused(made.post_bare, kind, {**row, "review": "x"}) == ["SURVEILLANCE-REVIEW-UNKNOWN"]


def test_one_decision_for_37_events(sqlite_url: str, tmp_path: Path) -> None:
    made = session(sqlite_url, tmp_path)
    fill(tmp_path / "in", 76)
    made.site.ingest(tmp_path / "in")
    made.screen("qa" * 38)
    made.open(76)
    made.look()
    made.mark("benign", 0)
    with made.given[0].reading() as connection:
        near = similar(connection, made.given[0].metadata, "july", *made.events()[0].key)
    keys = [one.key for one in near]
    wanted = [Mark(*key, "benign", note="as event 1") for key in keys]
    done = mark(*made.given, "july", wanted, clock=made.site.clock)
    rows = [row for row in made.site.rows(MARK.name) if row["act_id"] == done.act.act_id]
    assert len(rows) == len(keys) > 5  # each is logged singly
