"""Laws of coverage, and a slow model that asks at every instant, against the lines."""

from __future__ import annotations

from datetime import date, datetime
from itertools import pairwise
from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings

from coverage_made import ALWAYS, DAY, at, device, facts
from keiryo.containment.values import Value, best, worst
from keiryo.coverage.facts import Facts
from keiryo.coverage.item import item_coverage, item_line, item_value
from keiryo.coverage.line import Line, best_of, line_of_spans, worst_of
from keiryo.coverage.loss import history

SAID = [value for value in Value if value is not Value.NOT_COVERED]
LAST = 12
"""Instants of the small worlds are whole units from 0 to this one."""
UNIT = DAY // 4


@st.composite
def spans(draw: Any) -> list[tuple[float, float | None, Value]]:
    """Return intervals of a device that do not overlap."""
    cuts = sorted(draw(st.lists(st.integers(0, LAST), min_size=2, max_size=6, unique=True)))
    made = []
    for begin, end in pairwise(cuts):
        if value := draw(st.sampled_from([None, *SAID])):
            made.append((begin * UNIT, end * UNIT, value))
    if draw(st.booleans()):
        made.append((cuts[-1] * UNIT, None, draw(st.sampled_from(SAID))))
    return made


def intervals() -> Any:
    pair = st.tuples(st.integers(0, LAST), st.one_of(st.none(), st.integers(1, LAST)))
    return pair.map(lambda p: (p[0] * UNIT, None if p[1] is None else (p[0] + p[1]) * UNIT))


@st.composite
def ways(draw: Any) -> dict[str, Any]:
    made = {}
    for number in range(draw(st.integers(0, 2))):
        every = [
            device(*draw(spans()), name=f"seal:XH/{number}{n}")
            for n in range(draw(st.integers(0, 2)))
        ]
        made[f"way {number}"] = (draw(intervals()), every)
    return made


@st.composite
def worlds(draw: Any) -> Facts:
    """Return two containments, and four items some of which came from others."""
    uids = ["FA", "FB", "FC", "FD"]
    stays = {
        uid: [
            (draw(st.sampled_from(["a", "b"])), *draw(intervals()))
            for _ in range(draw(st.integers(0, 2)))
        ]
        for uid in uids
    }
    link = st.tuples(st.sampled_from(uids), st.integers(0, 3))
    parents = {
        uid: [one for one in draw(st.lists(link, max_size=2)) if one[0] != uid] for uid in uids
    }
    return facts({"a": draw(ways()), "b": draw(ways())}, stays, parents=parents)


def slow(known: Facts, uid: str, moment: datetime) -> Value:
    """Return the value of an item at an instant, asking everything again for that instant."""
    found: list[Value] = []
    seen: set[tuple[str, datetime | None, date]] = set()

    def visit(name: str, until: datetime | None, day: date) -> None:
        if (name, until, day) in seen:
            return
        seen.add((name, until, day))
        if until is not None and moment >= until:
            return
        held = [stay for stay in known.stays.get(name, ()) if stay.time.holds(moment)]
        for stay in held:
            there = [w for w in known.containments[stay.name].ways if w.time.holds(moment)]
            values = []
            for way in there:
                said = [
                    span.value
                    for one in known.ways[way.mba, way.containment, way.path]
                    if (span := one.spans.at(moment)) is not None
                ]
                values.append(best(said))
            found.append(worst(values))
        origin = known.origin(name)
        born = [p.day for p in origin.parents] + ([origin.born] if origin.born else [])
        if not held and (not origin.parents or moment.date() > min(born)):
            found.append(Value.NOT_COVERED)
        for link in known.links(name):
            if link.day <= day:
                visit(link.parent, link.at if until is None else min(link.at, until), link.day)

    visit(uid, None, date.max)
    return worst(found)


@settings(max_examples=80)
@given(worlds())
def test_the_line_is_what_a_slow_model_says_at_every_instant(known: Facts) -> None:
    for uid in ("FA", "FB", "FC", "FD"):
        line = item_line(known, uid)
        for quarter in range(-1, 4 * LAST):
            moment = at(quarter * UNIT / 2)
            assert line.at(moment) is slow(known, uid, moment), (uid, quarter / 2)
            assert item_value(known, uid, moment) is line.at(moment)
        changes = [change for change, _value in line.changes]
        assert changes == sorted(set(changes))


@settings(max_examples=60)
@given(worlds())
def test_knowledge_is_held_only_where_every_instant_since_was_good(known: Facts) -> None:
    good = (Value.POSITIVE, Value.PENDING)
    for uid in ("FA", "FB", "FC", "FD"):
        if history(known, uid, at(LAST * UNIT)).continuity == "held":
            assert item_line(known, uid).at(at(LAST * UNIT)) in good


@given(ways(), ways(), spans(), st.integers(-1, LAST))
def test_more_devices_never_worsen_and_more_ways_never_improve(
    some: dict[str, Any], more: dict[str, Any], added: Any, unit: int
) -> None:
    moment = at(unit * UNIT)
    stays = {"FA": [("a", 0, None)]}
    before = item_coverage(facts({"a": some}, stays), "FA", moment).value
    watched = {
        path: (time, [*every, device(*added, name="camera:NEW")])
        for path, (time, every) in some.items()
    }
    assert item_coverage(facts({"a": watched}, stays), "FA", moment).value <= before
    opened = {**{f"new {name}": one for name, one in more.items()}, **some}
    there = any(begin <= unit * UNIT and (end is None or unit * UNIT < end)
                for (begin, end), _every in some.values())  # fmt: skip
    if there:
        assert item_coverage(facts({"a": opened}, stays), "FA", moment).value >= before


@given(spans(), st.integers(0, LAST), st.integers(0, LAST))
def test_a_verification_never_changes_the_value_and_never_loses_anything(
    said: Any, unit: int, when: int
) -> None:
    ways_in = {"lid": (ALWAYS, [device(*said)])}
    stays = {"FA": [("a", 0, None)]}
    plain = facts({"a": ways_in}, stays)
    verified = facts({"a": ways_in}, stays, reverified={"FA": [(when * UNIT, "verified")]})
    assert item_line(plain, "FA") == item_line(verified, "FA")
    moment = at(unit * UNIT)
    if history(plain, "FA", moment).continuity == "held":
        assert history(verified, "FA", moment).continuity == "held"


@given(spans(), st.integers(0, LAST))
def test_without_a_verification_a_loss_never_ends(said: Any, unit: int) -> None:
    known = facts({"a": {"lid": (ALWAYS, [device(*said)])}}, {"FA": [("a", 0, None)]})
    first = history(known, "FA", at(unit * UNIT))
    if first.begun and first.lost_since is not None:
        assert history(known, "FA").lost_since == first.lost_since


LINES = spans().map(lambda made: line_of_spans(device(*made).spans.spans))


@given(LINES, LINES, LINES, st.integers(-1, 2 * LAST))
def test_best_and_worst_are_those_of_every_instant(
    one: Line, two: Line, three: Line, half: int
) -> None:
    moment = at(half * UNIT / 2)
    said = [v for line in (one, two, three) if (v := line.at(moment)) is not None]
    assert best_of([one, two, three]).at(moment) is (min(said) if said else None)
    assert worst_of([one, two, three]).at(moment) is (max(said) if said else None)
    assert best_of([one, two]) == best_of([two, one]) and worst_of([one, one]) == one
    assert worst_of([worst_of([one, two]), three]) == worst_of([one, worst_of([two, three])])


@given(LINES, intervals(), st.integers(-1, 2 * LAST))
def test_a_clipped_line_says_the_same_within_and_nothing_outside(
    line: Line, time: tuple[int, int | None], half: int
) -> None:
    begin, end = at(time[0]), None if time[1] is None else at(time[1])
    moment = at(half * UNIT / 2)
    inside = begin <= moment and (end is None or moment < end)
    assert line.clipped(begin, end).at(moment) is (line.at(moment) if inside else None)


@given(LINES)
def test_the_steps_of_a_line_are_the_line(line: Line) -> None:
    for step in line.steps():
        assert step.begin is not None and line.at(step.begin) is step.value
    ends = [step.end for step in line.steps() if step.end is not None]
    assert ends == sorted(ends)
    full = line.filled(Value.NOT_COVERED).steps(at(0), at(UNIT * LAST))
    for before, after in pairwise(full):
        assert before.end == after.begin and before.value is not after.value
