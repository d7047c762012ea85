"""What seals say of instants: the example of the domain notes, rules 1 and 4, intervals of logs."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from keiryo.containment.values import Value
from keiryo.seals.compromise import report_compromise
from keiryo.seals.numbers import SealKey
from keiryo.seals.recording import Interval
from seals.seal_books import ACTOR, BEGIN, SealBooks, moment

POSITIVE, PENDING, INCONCLUSIVE = Value.POSITIVE, Value.PENDING, Value.INCONCLUSIVE
NEGATIVE, NOT_COVERED = Value.NEGATIVE, Value.NOT_COVERED


def opening(begin: int, end: int | None, code: str = "opening") -> Interval:
    value = "NEGATIVE" if code in ("opening", "tamper") else "INCONCLUSIVE"
    return Interval(code, moment(begin), None if end is None else moment(end), value)


def read(seals: SealBooks, key: SealKey, at: int, *shown: Interval, **more: Any) -> None:
    seals.do(key, "read-out", at, intervals=shown, **more)


def test_the_example_of_the_domain_notes(own: SealBooks) -> None:
    s1, s2 = own.attached("metal-cap", 0, paths="lid"), own.attached("eoss", 0, paths="door")
    own.do(s1, "detach", 100)
    own.do(s2, "detach", 100)
    read(own, s2, 110, opening(40, 42))
    own.do(s1, "dispatch", 120)
    own.do(s1, "examine", 150)
    times = (20, 40, 41, 42, 60, 100)
    assert [own.value(s1, t, 120) for t in times] == [*[PENDING] * 5, NOT_COVERED]
    assert [own.value(s1, t, 160) for t in times] == [*[POSITIVE] * 5, NOT_COVERED]
    shown = [POSITIVE, NEGATIVE, NEGATIVE, NEGATIVE, INCONCLUSIVE, NOT_COVERED]
    assert [own.value(s2, t, 120) for t in times] == shown
    assert [own.value(s2, t, 160) for t in times] == shown
    assert [own.value(s2, t, 105) for t in (20, 41)] == [PENDING, PENDING]
    item = [max(own.value(s, t, known) for s in (s1, s2)) for known, t in
            ((120, 20), (120, 41), (160, 20), (160, 41), (160, 60), (160, 100))]  # fmt: skip
    assert item == [PENDING, NEGATIVE, POSITIVE, NEGATIVE, INCONCLUSIVE, NOT_COVERED]
    own.look_over(42)
    assert own.value(s2, 60, 160) == POSITIVE
    assert own.value(s2, 42, 160) == NEGATIVE
    assert own.value(s2, 60, 41) == PENDING


def test_an_inspection_counts_when_it_was_made_and_only_if_intact(own: SealBooks) -> None:
    key = own.attached("eoss", 0)
    own.do(key, "detach", 1000)
    read(own, key, 1010, opening(40, 42))
    own.look_over(30)
    own.look_over(50, "damaged")
    own.look_over(55, name="cask")
    assert own.value(key, 60) == INCONCLUSIVE
    own.look_over(70)
    assert [own.value(key, t) for t in (43, 69, 70, 500)] == [
        *[INCONCLUSIVE] * 2,
        *[POSITIVE] * 2,
    ]
    assert own.value(key, 500, 1020) == POSITIVE


def test_a_check_makes_positive_what_it_can_verify(seals: SealBooks) -> None:
    cobra, cap = seals.attached("cobra", 0), seals.attached("metal-cap", 0)
    for key in (cobra, cap):
        seals.do(key, "check", 50)
    assert [seals.value(cobra, t) for t in (0, 50, 51)] == [POSITIVE, POSITIVE, PENDING]
    assert [seals.value(cap, t) for t in (0, 50, 51)] == [PENDING] * 3
    assert seals.value(cobra, 20, 49) == PENDING


def test_broken_after_a_check(seals: SealBooks) -> None:
    cobra, cap = seals.attached("cobra", 0), seals.attached("metal-cap", 0)
    for key in (cobra, cap):
        seals.do(key, "check", 50)
        assert seals.codes(seals.do(key, "broken", 80)) == ["SEAL-BROKEN"]
    times = (0, 50, 51, 80, 81)
    assert [seals.value(cobra, t) for t in times] == [
        *(POSITIVE, POSITIVE, NEGATIVE, NEGATIVE, NOT_COVERED)
    ]
    assert [seals.value(cap, t) for t in times] == [*[NEGATIVE] * 4, NOT_COVERED]
    assert seals.value(cap, 20, 79) == PENDING
    seals.do(cap, "recover", 90)
    seals.do(cap, "dispatch", 91)
    seals.do(cap, "examine", 99, finding="inconclusive")
    assert seals.value(cap, 20) == NEGATIVE  # only an examination that says intact changes it
    again = seals.attached("metal-cap", 0)
    seals.do(again, "missing", 80)
    seals.do(again, "found-again", 85)
    seals.do(again, "dispatch", 91)
    seals.do(again, "examine", 99)
    assert [seals.value(again, t) for t in (20, 80)] == [POSITIVE, POSITIVE]
    assert str(seals.standing(again).periods[0].result()) == "POSITIVE"


def test_missing_and_declared_lost(seals: SealBooks) -> None:
    key = seals.attached("cobra", 0)
    seals.do(key, "check", 50)
    seals.do(key, "missing", 80)
    seals.do(key, "declare-lost", 95)
    assert [seals.value(key, t) for t in (50, 51, 80, 90)] == [
        *(POSITIVE, NEGATIVE, NEGATIVE, NOT_COVERED)
    ]


@pytest.mark.parametrize(
    ("finding", "value"),
    [
        ("genuine-intact", POSITIVE),
        ("tampered", NEGATIVE),
        ("substituted", NEGATIVE),
        ("inconclusive", INCONCLUSIVE),
    ],
)
def test_what_an_examination_says(seals: SealBooks, finding: str, value: Value) -> None:
    key = seals.attached("metal-cap", 0)
    seals.do(key, "detach", 100)
    seals.do(key, "dispatch", 110)
    act = seals.do(key, "examine", 120, finding=finding)
    assert ("SEAL-NOT-GENUINE" in seals.codes(act)) == (finding in ("tampered", "substituted"))
    assert [seals.value(key, t) for t in (0, 99, 100)] == [value, value, NOT_COVERED]
    assert str(seals.standing(key).periods[0].result()) == value.name
    cobra = seals.attached("cobra", 0)
    seals.do(cobra, "check", 50)
    seals.do(cobra, "detach", 100)
    seals.do(cobra, "verify", 101, finding=finding)
    assert [seals.value(cobra, t) for t in (50, 51)] == [POSITIVE, value]


def test_lost_before_it_was_verified(seals: SealBooks) -> None:
    key = seals.attached("eoss", 0)
    seals.do(key, "check", 50)
    seals.do(key, "detach", 100)
    seals.do(key, "loss", 110)
    assert [seals.value(key, t) for t in (50, 51, 99)] == [POSITIVE, INCONCLUSIVE, INCONCLUSIVE]
    seals.do(key, "found", 120)
    assert seals.standing(key).state == "detached"
    seals.do(key, "verify", 130)
    assert seals.value(key, 60) == INCONCLUSIVE  # only an examination may upgrade it
    other = seals.attached("eoss", 0)
    seals.do(other, "detach", 100)
    seals.do(other, "loss", 110)
    seals.do(other, "found", 120)
    seals.do(other, "dispatch", 130)
    seals.do(other, "examine", 140)
    assert seals.value(other, 60) == POSITIVE


def test_components_that_are_not_in_order(seals: SealBooks) -> None:
    key = seals.attached("cobra", 0)
    seals.do(key, "check", 30)
    act = seals.do(key, "check", 60, enclosure="not-ok")
    assert seals.codes(act) == ["SEAL-CHECK-NOT-OK"]
    assert [seals.value(key, t) for t in (30, 31, 60, 61)] == [
        *(POSITIVE, NEGATIVE, NEGATIVE, INCONCLUSIVE)
    ]
    seals.do(key, "detach", 100)
    seals.do(key, "verify", 101)
    assert [seals.value(key, t) for t in (30, 31, 61)] == [POSITIVE, NEGATIVE, INCONCLUSIVE]
    unseen = seals.attached("cobra", 0)
    seals.do(unseen, "check", 30, wire="not-seen")
    assert seals.value(unseen, 20) == PENDING


def test_another_number_is_kept_and_inconclusive(seals: SealBooks) -> None:
    key = seals.attached("cobra", 0)
    read_as = f"{key.number[:2]}{key.number[3]}{key.number[2]}"
    act = seals.do(key, "check", 60, number_read=read_as)
    if read_as != key.number:
        assert seals.codes(act) == ["SEAL-NUMBER-READ"]
        assert [seals.value(key, t) for t in (0, 60, 99)] == [INCONCLUSIVE] * 3
        assert seals.rows("seal_event", act)[0]["number_read"] == read_as
    seals.do(key, "check", 70)
    assert [seals.value(key, t) for t in (0, 70, 71)] == [POSITIVE, POSITIVE, PENDING]


def test_intervals_of_logs(seals: SealBooks) -> None:
    key = seals.attached("eoss", 0)
    seals.do(key, "detach", 1000)
    shown = (opening(100, 110, "gap"), opening(300, None, "tamper"), opening(900, None))
    read(seals, key, 1010, *shown)
    times = (50, 100, 109, 110, 299, 300, 301, 899, 900, 999, 1000)
    assert [seals.value(key, t) for t in times] == [
        *(POSITIVE, INCONCLUSIVE, INCONCLUSIVE, POSITIVE, POSITIVE, NEGATIVE, INCONCLUSIVE),
        *(INCONCLUSIVE, NEGATIVE, NEGATIVE, NOT_COVERED),
    ]


@pytest.mark.parametrize("state", ["unsigned", "broken"])
def test_a_log_that_is_not_authentic_proves_openings_only(seals: SealBooks, state: str) -> None:
    key = seals.attached("eoss", 0)
    seals.do(key, "check", 30)
    seals.do(key, "detach", 100)
    read(seals, key, 110, opening(40, 42), log_state=state)
    assert [seals.value(key, t) for t in (30, 35, 41, 60)] == [
        *(POSITIVE, INCONCLUSIVE, NEGATIVE, INCONCLUSIVE)
    ]


def test_an_intact_log_narrows_what_a_broken_seal_leaves(seals: SealBooks) -> None:
    key = seals.attached("eoss", 0)
    act = seals.do(key, "detach", 80, by_operator=1, second_person=None)
    assert seals.codes(act) == ["SEAL-REMOVED-WITHOUT-NOTICE"]
    assert seals.standing(key).state == "broken"
    assert seals.value(key, 20) == NEGATIVE
    seals.do(key, "recover", 90)
    read(seals, key, 110, opening(70, None))
    assert [seals.value(key, t) for t in (20, 69, 70, 80, 81)] == [
        *(POSITIVE, POSITIVE, NEGATIVE, NEGATIVE, NOT_COVERED)
    ]


def test_a_report_of_compromise_ends_pending(seals: SealBooks) -> None:
    key = seals.attached("cobra", 0)
    act = report_compromise(seals.database, ACTOR, key, "fire alarm", at=moment(40)).act.act_id
    assert seals.codes(act) == ["SEAL-COMPROMISE"]
    assert [seals.value(key, t) for t in (39, 40)] == [PENDING, INCONCLUSIVE]
    seals.do(key, "check", 60)
    assert [seals.value(key, t) for t in (40, 61)] == [POSITIVE, PENDING]


def test_covers_say_what_they_close(own: SealBooks) -> None:
    more = {"paths": "lid | door", "items": ("XHS1/FA-1", "XHS1/FA-2")}
    key = own.attached("cobra", 0, depends_on="mount-1", **more)
    cover = own.covers(key)[0]
    assert (cover.mba, cover.containment, cover.paths) == ("XHS1", "store", ("lid", "door"))
    assert cover.items == ("XHS1/FA-1#1", "XHS1/FA-2#1")
    assert cover.spans.mechanism == "fibre-loop-passive"
    assert cover.spans.depends_on == {"mount-1"}
    assert (cover.attached_at, cover.detached_at) == (BEGIN, None)
    own.do(key, "detach", 100)
    assert own.covers(key)[0].detached_at == BEGIN + datetime.timedelta(seconds=100)
    assert own.covers(key, 99)[0].detached_at is None
    assert own.covers(key, -1) == []
