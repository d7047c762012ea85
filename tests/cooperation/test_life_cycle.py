"""The life of a commitment: every step that may be taken, and every one that may not."""

from __future__ import annotations

import datetime
import itertools
import json
from collections import Counter
from importlib.resources import files

import pytest

from keiryo.cooperation.life_cycle import (
    OPEN_STATES,
    STEPS,
    Due,
    Step,
    due_day,
    first_state,
    reminders,
    step_problems,
)

DAY = datetime.date


def fine(state: str, following: str) -> Step:
    """Return a step with all that any step could ask for."""
    return Step(state, following, "commitment", 3, "because", 1, True, True, True)


@pytest.mark.parametrize(("state", "following"), list(itertools.product(STEPS, STEPS)))
def test_steps(state: str, following: str) -> None:
    problems = step_problems(fine(state, following))
    if following in STEPS[state] and (state, following) != ("dormant", "proposed"):
        assert problems == []
    else:
        assert problems and all(words and advice for words, advice in problems)


def test_what_is_over_stays_over() -> None:
    assert set(STEPS) - OPEN_STATES == {"fulfilled", "lapsed", "superseded", "withdrawn"}


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Step("active", "fulfilled", reason="done", second_person=True), "nothing shows"),
        (Step("active", "fulfilled", reason="done", evidence=1), "nobody else"),
        (Step("active", "suspended"), "no reason"),
        (Step("dormant", "agreed", reason="they are back"), "its condition"),
        (Step("dormant", "agreed", strength=1, reason="back", triggered=True), "it wakes"),
        (Step("proposed", "agreed", kind="offer", reason="we like it"), "one-sided"),
    ],
)
def test_what_a_step_asks_for(step: Step, words: str) -> None:
    problems = step_problems(step)
    assert len(problems) == 1 and words in problems[0][0]


def test_states_at_the_import() -> None:
    content = files("keiryo.data").joinpath("cooperation", "agreements.json").read_bytes()
    found = Counter(
        first_state(one["kind"], one["strength"], one.get("condition_type"))
        for one in json.loads(content)["commitments"]
    )
    assert found["dormant"] == 4 and sum(found.values()) == 70
    assert set(found) == {"dormant", "proposed", "agreed"}


@pytest.mark.parametrize(
    ("value", "latest", "day", "review"),
    [
        ("2012", None, "2012-12-31", False),
        ("2012-02", None, "2012-02-29", False),
        ("2012-02-03", None, "2012-02-03", False),
        (None, "2010-12-31", "2010-12-31", False),
        (None, None, "2026-06-30", True),
    ],
)
def test_due_days(value: str | None, latest: str | None, day: str, review: bool) -> None:
    found = due_day(value, latest, DAY(2026, 1, 1))
    assert found == Due(DAY.fromisoformat(day), review)


def test_reminders() -> None:
    due = Due(DAY(2026, 6, 30))
    assert reminders(due, "active", DAY(2026, 3, 31)) == []
    assert [r.days for r in reminders(due, "active", DAY(2026, 6, 30))] == [-90, -30, -7, 0]
    late = reminders(due, "active", DAY(2026, 7, 14), sent=(-90, -30, -7, 0))
    assert [(r.days, r.escalated) for r in late] == [(7, False), (14, True)]
    for state in ("fulfilled", "dormant", "suspended"):
        assert reminders(due, state, DAY(2026, 12, 31)) == []
