"""How much of a batch was in an area, from day to day: the band in the picture of its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from keiryo.web.pictures.batch_data import BatchEvent


@dataclass(frozen=True, slots=True)
class Step:
    """A time in which the batch weighed the same, in milligrams of element."""

    first: date
    last: date
    weight_mg: int


def band_steps(events: Sequence[BatchEvent], absent: Sequence[date], until: date) -> list[Step]:
    """Return the weight of a batch in one area over time, from its effective events.

    A listing at a physical inventory states the weight anew; at one where the batch is not found,
    it is gone. Of a batch of which only departures are known, only their days are.

    Parameters
    ----------
    events : sequence of BatchEvent
        Of one area, in order of days.
    absent : sequence of date
        Physical inventories at which the batch was not found.
    until : date
        Last day of the picture.
    """
    weights: dict[str, int] = {}
    by_day: dict[date, int] = {}
    listed_on: date | None = None
    happened = [(e.day, e.kind == "taking", e) for e in events if e.effective]
    missing: list[tuple[date, bool, BatchEvent | None]] = [(day, True, None) for day in absent]
    for day, is_taking, event in sorted([*happened, *missing], key=lambda h: (h[0], h[1])):
        if event is None:
            weights.clear()
        elif event.weight_mg is not None:
            if is_taking:
                if listed_on != day:
                    weights.clear()
                    listed_on = day
                weights[event.category] = weights.get(event.category, 0) + event.weight_mg
            elif event.sign:
                weight = weights.get(event.category, 0) + event.sign * event.weight_mg
                weights[event.category] = weight
        by_day[day] = sum(max(weight, 0) for weight in weights.values())
    if not by_day:
        return []
    days = sorted(by_day)
    steps = [
        Step(day, following, by_day[day])
        for day, following in zip(days, [*days[1:], max(until, days[-1])], strict=True)
    ]
    if any(step.weight_mg for step in steps):
        return _merged(steps)
    stated = [e for e in events if e.effective and e.weight_mg]
    return [Step(event.day, event.day, event.weight_mg or 0) for event in stated]


def _merged(steps: Sequence[Step]) -> list[Step]:
    """Join neighbours of equal weight."""
    found: list[Step] = []
    for step in steps:
        if found and found[-1].weight_mg == step.weight_mg and found[-1].last == step.first:
            found[-1] = Step(found[-1].first, step.last, step.weight_mg)
        else:
            found.append(step)
    return found
