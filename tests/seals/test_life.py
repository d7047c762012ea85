"""The life of a seal: the table of the domain notes, row by row, and what is not in it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from keiryo.seals.events import SealEvent
from keiryo.seals.life import TRANSITIONS, holding, judge, replay
from keiryo.seals.life_check import judged
from keiryo.seals.numbers import SealKey
from keiryo.seals.seal_types import SEAL_TYPES
from keiryo.seals.standing import Standing
from seals.seal_books import DEFAULTS, made

KEY = SealKey("XH", "0042")
EOSS = SEAL_TYPES["eoss"]
IMAGE = {"reference": "a" * 64}

ROWS = """
none       receive      in-stock
in-stock   issue        issued
issued     return       in-stock
in-stock   void         destroyed
issued     void         destroyed
in-stock   destroy      destroyed
issued     destroy      destroyed
in-stock   loss         lost
issued     loss         lost
detached   loss         lost
in-transit loss         lost
read-out   loss         lost
issued     attach       attached
attached   check        attached
attached   broken       broken
attached   missing      missing
attached   detach       detached
broken     recover      detached
missing    found-again  detached
missing    declare-lost lost
detached   dispatch     in-transit
detached   verify       verified
detached   read-out     read-out
in-transit examine      verified
lost       found        in-stock
lost-after found        detached
read-out   service      in-stock
verified   retire       destroyed
read-out   retire       destroyed
"""
"""The table of the domain notes, section 1.1, typed from there; ``lost-after`` had a period."""
TABLE = {(a, b): c for a, b, c in (line.split() for line in ROWS.split("\n") if line)}

WAYS: dict[str, tuple[str, ...]] = {
    "none": (),
    "in-stock": ("receive",),
    "issued": ("receive", "issue"),
    "attached": ("receive", "issue", "attach"),
    "broken": ("receive", "issue", "attach", "broken"),
    "missing": ("receive", "issue", "attach", "missing"),
    "detached": ("receive", "issue", "attach", "detach"),
    "in-transit": ("receive", "issue", "attach", "detach", "dispatch"),
    "read-out": ("receive", "issue", "attach", "detach", "read-out"),
    "verified": ("receive", "issue", "attach", "detach", "verify"),
    "lost": ("receive", "loss"),
    "lost-after": ("receive", "issue", "attach", "detach", "loss"),
    "destroyed": ("receive", "void"),
}
EVENTS = sorted({event for _, event in TABLE})


def lived(way: tuple[str, ...], type_: str = "eoss", **more: Any) -> Standing:
    events = [made(KEY, event, 10 * n, **(IMAGE | more)) for n, event in enumerate(way)]
    found = replay(KEY, SEAL_TYPES[type_], numbered(events))
    assert not found.misfits
    return found


def numbered(events: list[SealEvent]) -> list[SealEvent]:
    from dataclasses import replace

    return [replace(one, act=n + 1, line=1) for n, one in enumerate(events)]


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("state", WAYS)
def test_every_row_and_nothing_else(state: str, event: str) -> None:
    before = lived(WAYS[state])
    assert (before.state or "none") == state.removesuffix("-after")
    found = judge(before, made(KEY, event, 500, **IMAGE))
    after = TABLE.get((state, event))
    if after is None:
        assert {one.code for one in found} <= {
            *("SEAL-STATE", "SEAL-UNKNOWN", "SEAL-DUPLICATE-NUMBER", "SEAL-TWO-PLACES"),
        }
        assert len(found) == 1
    else:
        assert found == []
        assert lived((*WAYS[state], event)).state == after


def test_the_table_has_no_row_more() -> None:
    assert set(TRANSITIONS) == set(EVENTS)
    rows = {(str(s or "none"), event) for event, row in TRANSITIONS.items() for s in row.sources}
    assert rows == {(a.removesuffix("-after"), b) for a, b in TABLE}


PRECONDITIONS = [
    # state, event, type, what is wrong, code
    ("in-stock", "issue", "eoss", {"role": None}, "SEAL-ROLE"),
    ("in-stock", "issue", "eoss", {"person": " "}, "SEAL-PERSON"),
    ("issued", "return", "eoss", {"person": "Abe"}, "SEAL-HOLDER"),
    ("issued", "return", "eoss", {"unopened": 0}, "SEAL-NOT-UNOPENED"),
    ("issued", "return", "eoss", {"unopened": None}, "SEAL-NOT-UNOPENED"),
    ("in-stock", "void", "eoss", {"second_person": None}, "SEAL-TWO-PERSONS"),
    ("in-stock", "void", "eoss", {"second_person": "Huber"}, "SEAL-TWO-PERSONS"),
    ("in-stock", "void", "eoss", {"reason": ""}, "SEAL-REASON"),
    ("issued", "destroy", "eoss", {"second_person": None}, "SEAL-TWO-PERSONS"),
    ("issued", "destroy", "eoss", {"reason": None}, "SEAL-REASON"),
    ("detached", "loss", "eoss", {"reason": None}, "SEAL-REASON"),
    ("detached", "loss", "eoss", {"place": None}, "SEAL-PLACE"),
    ("issued", "attach", "eoss", {"person": "Abe"}, "SEAL-HOLDER"),
    ("issued", "attach", "eoss", {"organisation": "XA"}, "SEAL-HOLDER"),
    ("issued", "attach", "eoss", {"containment": None}, "SEAL-CONTAINMENT"),
    ("issued", "attach", "eoss", {"paths": None}, "SEAL-PATH"),
    ("issued", "attach", "eoss", {"items": ()}, "SEAL-ITEM"),
    ("attached", "check", "eoss", {"number_read": None}, "SEAL-CHECK"),
    ("attached", "check", "eoss", {"wire": None}, "SEAL-CHECK"),
    ("attached", "check", "eoss", {"tag": "fine"}, "SEAL-CHECK"),
    ("attached", "detach", "eoss", {"second_person": None}, "SEAL-TWO-PERSONS"),
    ("attached", "detach", "eoss", {"by_operator": 1, "second_person": None}, "SEAL-NOTICE"),
    ("detached", "dispatch", "eoss", {"bag": None}, "SEAL-DISPATCH"),
    ("detached", "dispatch", "eoss", {"courier": None}, "SEAL-DISPATCH"),
    ("detached", "dispatch", "eoss", {"expected_on": None}, "SEAL-DISPATCH"),
    ("detached", "verify", "metal-cap", {}, "SEAL-METHOD"),
    ("detached", "verify", "cobra", {"finding": None}, "SEAL-FINDING"),
    ("detached", "read-out", "cobra", {}, "SEAL-METHOD"),
    ("detached", "read-out", "eoss", {"log": None}, "SEAL-LOG-MISSING"),
    ("in-transit", "examine", "metal-cap", {"second_person": None}, "SEAL-EXAMINER"),
    ("in-transit", "examine", "metal-cap", {"person": "Ito"}, "SEAL-EXAMINER"),
    ("in-transit", "examine", "cobra", {"person": "Huber"}, "SEAL-EXAMINER"),
    ("in-transit", "examine", "cobra", {"finding": None}, "SEAL-FINDING"),
    ("lost", "found", "eoss", {"role": "inspector"}, "SEAL-SUPERVISOR"),
    ("read-out", "service", "eoss", {"self_test": "failed"}, "SEAL-SELF-TEST"),
    ("verified", "retire", "eoss", {"retention_days": 30}, "SEAL-RETENTION"),
    ("verified", "retire", "eoss", {"retention_days": None}, "SEAL-RETENTION"),
    ("verified", "retire", "eoss", {"second_person": None}, "SEAL-TWO-PERSONS"),
]


@pytest.mark.parametrize(("state", "event", "type_", "wrong", "code"), PRECONDITIONS)
def test_preconditions(state: str, event: str, type_: str, wrong: Any, code: str) -> None:
    before = lived(WAYS[state], type_)
    found = judge(before, made(KEY, event, 500, **IMAGE, **wrong))
    assert [one.code for one in found] == [code]
    assert found[0].advice
    before = lived(WAYS[state], type_)
    right = {} if code != "SEAL-METHOD" else None
    if right is not None:
        assert judge(before, made(KEY, event, 500, **IMAGE)) == []


def test_a_custodian_takes_back_and_a_second_person_may_attach() -> None:
    issued = lived(WAYS["issued"], second_person="Ito")
    assert judge(issued, made(KEY, "return", 500, person="Abe", role="custodian")) == []
    assert judge(issued, made(KEY, "attach", 500, person="Ito")) == []


def test_reference_images() -> None:
    for type_, event in (("metal-cap", "issue"), ("fvps", "issue"), ("cobra", "attach")):
        events = [made(KEY, e, n) for n, e in enumerate(WAYS["attached"])]
        found = replay(KEY, SEAL_TYPES[type_], numbered(events))
        first, why = found.misfits[0]
        assert (first.event, why[0].code) == (event, "SEAL-REFERENCE")
    events = [made(KEY, e, n) for n, e in enumerate(WAYS["attached"])]
    assert replay(KEY, EOSS, numbered(events)).misfits == []


def test_quarantine_blocks_issue_for_good() -> None:
    found = lived(("receive", "loss", "found"))
    assert found.quarantined
    assert [o.code for o in judge(found, made(KEY, "issue", 99))] == ["SEAL-QUARANTINE"]
    assert judge(found, made(KEY, "destroy", 99)) == []


def test_operator_with_notice_needs_nobody_else() -> None:
    event = made(KEY, "detach", 99, by_operator=1, notice="N-7", second_person=None)
    assert judge(lived(WAYS["attached"]), event) == []


def test_a_period_has_a_length() -> None:
    for event in ("detach", "broken", "missing"):
        found = judge(lived(WAYS["attached"]), made(KEY, event, 20))
        assert [one.code for one in found] == ["SEAL-ORDER"]


def test_reusable_seals_have_a_period_each() -> None:
    way = (*WAYS["read-out"], "service", "issue", "attach")
    found = lived(way)
    assert len(found.periods) == 2
    assert found.periods[0].verdict is not None
    assert found.open_period is found.periods[1]
    lost = lived((*WAYS["read-out"], "service", "loss", "found"))
    assert lost.state == "in-stock"
    assert lost.quarantined


def before(*way: str) -> list[SealEvent]:
    return numbered([made(KEY, e, 10 * n, **IMAGE) for n, e in enumerate(way)])


def test_what_comes_late_must_fit_where_it_belongs() -> None:
    told = before(*WAYS["detached"])
    refusals, _ = judged(KEY, EOSS, told, made(KEY, "check", 25))
    assert refusals == []  # recorded late, and it fits between attach (20) and detach (30)
    for event, at in (("check", 15), ("dispatch", 25), ("detach", 5)):
        refusals, _ = judged(KEY, EOSS, told, made(KEY, event, at))
        assert [one.code for one in refusals] == [
            "SEAL-ORDER" if event == "dispatch" else "SEAL-STATE"
        ]
    refusals, _ = judged(KEY, EOSS, before(*WAYS["attached"]), made(KEY, "detach", 15))
    assert [one.code for one in refusals] == ["SEAL-ORDER"]
    refusals, _ = judged(KEY, EOSS, before("receive"), made(KEY, "issue", -5))
    assert [one.code for one in refusals] == ["SEAL-ORDER"]
    refusals, _ = judged(KEY, EOSS, before(*WAYS["issued"]), made(KEY, "attach", 5))
    assert [one.code for one in refusals] == ["SEAL-ORDER"]
    refusals, _ = judged(KEY, EOSS, told, made(KEY, "loss", 15))
    assert [one.code for one in refusals] == ["SEAL-ORDER"]  # all that follows would not fit


def test_corrections_name_their_event_and_are_replayed() -> None:
    told = before(*WAYS["detached"])
    later = made(KEY, "attach", 25, corrects_act=3, corrects_line=1)
    refusals, findings = judged(KEY, EOSS, told, later)
    assert (refusals, findings) == ([], [])
    after = replay(KEY, EOSS, holding([*told, later]))
    assert after.periods[0].attached.at == later.at
    too_late = made(KEY, "attach", 35, corrects_act=3, corrects_line=1)
    refusals, findings = judged(KEY, EOSS, told, too_late)
    assert refusals == []
    assert [one.code for one in findings] == ["SEAL-NO-LONGER-FITS"]
    gone = made(KEY, "withdraw", 40, corrects_act=4, corrects_line=1)
    assert judged(KEY, EOSS, told, gone) == ([], [])
    assert replay(KEY, EOSS, holding([*told, gone])).state == "attached"
    for place in ((9, 9), (4, 2)):
        wrong = made(KEY, "withdraw", 40, corrects_act=place[0], corrects_line=place[1])
        assert [o.code for o in judged(KEY, EOSS, told, wrong)[0]] == ["SEAL-CORRECTION"]
    nothing = made(KEY, "withdraw", 40)
    assert [o.code for o in judged(KEY, EOSS, told, nothing)[0]] == ["SEAL-CORRECTION"]


def test_a_correction_that_is_withdrawn_corrects_nothing() -> None:
    from dataclasses import replace

    told = before(*WAYS["detached"])
    later = made(KEY, "attach", 25, corrects_act=3, corrects_line=1)
    told.append(replace(later, act=5, line=1))
    told.append(replace(made(KEY, "withdraw", 40, corrects_act=5, corrects_line=1), act=6, line=1))
    after = replay(KEY, EOSS, holding(told))
    assert after.state == "detached"
    assert after.periods[0].attached.place_in_record == (3, 1)


class Naive(RuleBasedStateMachine):
    """Any sequence of events against a dictionary of states: the table, followed by hand."""

    @initialize()
    def begin(self) -> None:
        self.events: list[SealEvent] = []
        self.state = "none"
        self.had_period = False

    @rule(event=st.sampled_from(EVENTS), twice=st.booleans())
    def happens(self, event: str, *, twice: bool) -> None:
        at = 10 * len(self.events) + 10
        key = (self.state, event)
        if self.state == "lost" and self.had_period:
            key = ("lost-after", event)
        one = made(KEY, event, at, **IMAGE)
        refusals, findings = judged(KEY, EOSS, self.events, one)
        fits = key in TABLE and not (event == "issue" and self._quarantined())
        assert findings == []
        assert bool(refusals) != fits
        if refusals:
            return
        self.events = numbered([*self.events, one])
        self.state = TABLE[key]
        if event == "attach":
            self.had_period = True
        elif event in ("service", "return"):
            self.had_period = False
        now = replay(KEY, EOSS, holding(self.events))
        assert now.state == self.state
        assert not now.misfits
        assert len(now.periods) == sum(one.event == "attach" for one in self.events)
        if twice and event not in ("check", "loss", "found"):
            again, _ = judged(KEY, EOSS, self.events, made(KEY, event, at + 5, **IMAGE))
            assert bool(again) == ((self.state, event) not in TABLE)

    def _quarantined(self) -> bool:
        """Whether it was lost from stock once."""
        period = False
        for one in self.events:
            if one.event == "attach":
                period = True
            elif one.event in ("service", "return"):
                period = False
            elif one.event == "found" and not period:
                return True
        return False


TestNaive = Naive.TestCase
TestNaive.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


def test_defaults_are_complete() -> None:
    assert set(DEFAULTS) <= set(EVENTS)
