"""Caveats as a lattice: what is combined forbids what each part forbids, and nothing is lost."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keiryo.cooperation.caveats import (
    CAVEATS,
    NO_FOREIGN,
    OFFICIAL,
    THIRD_PARTY,
    Circle,
    Handling,
    HandOut,
    blocked,
    caveat_names,
    caveats_of,
    combined,
    marking,
)

DAY = datetime.date(2026, 11, 1)
NAMES = ("US.DOE", "JP.MOFA", "INT.IAEA", "RU.ROSATOM")
DAYS = st.dates(datetime.date(2026, 10, 1), datetime.date(2026, 12, 1))
CIRCLES = st.builds(
    Circle,
    st.sampled_from(("info.0001", "info.0002")),
    st.sampled_from(NAMES),
    st.frozensets(st.sampled_from(NAMES), max_size=2),
    st.frozensets(st.sampled_from((*CAVEATS, "onward")), min_size=1, max_size=2),
    st.frozensets(st.sampled_from(NAMES), max_size=1),
    st.booleans(),
)
HANDLINGS = st.builds(
    Handling,
    st.frozensets(st.sampled_from(list(CAVEATS))),
    st.none() | st.frozensets(st.sampled_from(("safeguards", "research"))),
    st.none() | DAYS,
    st.none() | DAYS,
    st.frozensets(CIRCLES, max_size=2),
)
HAND_OUTS = st.builds(
    lambda name, country, on, purpose: HandOut(
        name, country, "ministry", "JP", on, frozenset({name}), purpose
    ),
    st.sampled_from(NAMES),
    st.sampled_from(("US", "JP", "INT")),
    DAYS,
    st.none() | st.sampled_from(("safeguards", "research")),
)


@given(HANDLINGS, HANDLINGS, HANDLINGS)
def test_the_order_of_combining_does_not_matter(a: Handling, b: Handling, c: Handling) -> None:
    assert a | b == b | a
    assert (a | b) | c == a | (b | c)
    assert a | a == a
    assert a | Handling() == a


@given(HANDLINGS, HANDLINGS)
def test_the_whole_covers_its_parts(a: Handling, b: Handling) -> None:
    whole = a | b
    assert whole.covers(a) and whole.covers(b)
    assert whole.caveats == a.caveats | b.caveats
    assert a.covers(b) == (whole == a)


@given(st.lists(HANDLINGS, max_size=4), HAND_OUTS)
def test_what_blocks_a_part_blocks_the_whole(parts: list[Handling], to: HandOut) -> None:
    reasons = {one.code for one in blocked("x", combined(parts), to)}
    for part in parts:
        assert {one.code for one in blocked("x", part, to)} <= reasons


@given(st.frozensets(st.sampled_from(list(CAVEATS))))
def test_a_marking_says_all_of_them(caveats: frozenset[str]) -> None:
    marked = marking(caveats)
    assert caveats_of(marked) == caveats
    assert (marked is None) == (not caveats)
    assert caveat_names(one.upper().replace("-", " ") for one in caveats) == caveats


GIVEN = Circle("info.0001", "US.DOE", frozenset({"US.DOE", "JP.MOFA"}), frozenset({THIRD_PARTY}))
TO = HandOut("RU.ROSATOM", "RU", "state-corporation", "JP", DAY, frozenset({"RU.ROSATOM"}))


@pytest.mark.parametrize(
    ("handling", "code"),
    [
        (Handling(circles=frozenset({GIVEN})), "CAVEAT-THIRD-PARTY"),
        (
            Handling(circles=frozenset({replace(GIVEN, why=frozenset({"proprietary"}))})),
            "CAVEAT-CONFIDENTIAL",
        ),
        (Handling(frozenset({NO_FOREIGN})), "CAVEAT-FOREIGN"),
        (Handling(frozenset({OFFICIAL})), "CAVEAT-OFFICIAL"),
        (Handling(embargo_until=DAY + datetime.timedelta(days=1)), "CAVEAT-EMBARGO"),
        (Handling(retention_until=DAY - datetime.timedelta(days=1)), "CAVEAT-RETENTION"),
        (Handling(purposes=frozenset({"safeguards"})), "CAVEAT-PURPOSE"),
    ],
)
def test_each_caveat_keeps_it_back(handling: Handling, code: str) -> None:
    found = blocked("info.0001", handling, TO)
    assert [one.code for one in found] == [code]
    assert "info.0001" in found[0].message and found[0].advice


def test_where_the_limits_lie() -> None:
    assert not blocked("x", Handling(), TO)
    assert not blocked("x", Handling(embargo_until=DAY, retention_until=DAY), TO)
    for_it = replace(TO, purpose=" Safeguards ")
    assert not blocked("x", Handling(purposes=frozenset({"safeguards"})), for_it)
    assert blocked("x", Handling(purposes=frozenset()), for_it)
    both = frozenset({"safeguards-confidential", THIRD_PARTY})
    codes = [
        one.code
        for one in blocked("x", Handling(circles=frozenset({replace(GIVEN, why=both)})), TO)
    ]
    assert codes == ["CAVEAT-CONFIDENTIAL", "CAVEAT-THIRD-PARTY"]


def test_a_circle_widens_by_consent_and_to_what_belongs_to_it() -> None:
    below = frozenset({"US.DOE.NNSA", "US.DOE"})
    assert GIVEN.holds(below) and not GIVEN.holds(TO.lineage)
    wider = replace(GIVEN, consented=frozenset({"RU.ROSATOM"}))
    assert wider.holds(TO.lineage)
    assert not replace(wider, closed=True).holds(TO.lineage)
    # A consent about one part says nothing about another.
    other = replace(GIVEN, information="info.0002")
    found = blocked("x", Handling(circles=frozenset({wider, other})), TO)
    assert [one.code for one in found] == ["CAVEAT-THIRD-PARTY"]
    assert "info.0002" in found[0].message
