"""Whether a camera's clock can be believed: falls, jumps, and the hour of daylight saving.

Sequence numbers tell whether images are missing: where the numbers go on and the time does not,
the clock was changed, or the camera was off.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime

from keiryo.errors import Finding, Severity
from keiryo.screening.model import Condition, HealthCode
from keiryo.screening.schedule import Schedule, missing
from keiryo.screening.sources.picture_times import Numbering
from keiryo.screening.sources.source import names_words

HOUR_S = 3600.0
_DST_MONTHS = (3, 4, 9, 10, 11)
_NEAR_STEPS = 100
_CREDIBLE_SHARE = 0.05


def clock_falls(
    times: Sequence[float], names: Sequence[str], numbers: Numbering
) -> tuple[list[tuple[int, int]], list[Finding]]:
    """Return where time falls in the order of sequence numbers, as pairs of positions.

    Numbers that contradict the times of more than 5 % of the images are not believed.
    """
    order = sorted(range(len(times)), key=lambda n: numbers.numbers[n])
    pairs = [
        (a, b)
        for a, b in itertools.pairwise(order)
        if times[b] < times[a]
        and numbers.numbers[b] - numbers.numbers[a] <= _NEAR_STEPS * numbers.step
    ]
    if not pairs:
        return [], []
    if len(pairs) > max(3, _CREDIBLE_SHARE * len(times)):
        told = Finding(
            "ORDER-DISAGREES",
            Severity.WARNING,
            f"the numbers in the file names contradict the times of {len(pairs)} images",
            "Find out which is right; the times are used, and the numbers are not believed.",
        )
        return [], [told]
    words = [f"{names[b]} lies {times[a] - times[b]:g} s before {names[a]}" for a, b in pairs]
    told = Finding(
        "CLOCK-BACKWARD",
        Severity.WARNING,
        f"the time falls from one image to the next: {names_words(words)}",
        "Find out when the clock was set back; what was seen then stands at two times.",
    )
    return pairs, [told]


def backward_jump(times: Sequence[float], a: int, b: int) -> Condition:
    """Return the condition for a clock set back between two images: all times that exist twice."""
    first, last = min(a, b), max(a, b)
    return Condition(
        HealthCode.TIME_JUMP, first, last, times[b], times[a], times[b] - times[a], 0.0
    )


def forward_jumps(
    times: Sequence[float], numbers: Numbering, schedule: Schedule, lasting: Sequence[int]
) -> list[Condition]:
    """Return where time jumps by more than the schedule explains while the numbers go on.

    Parameters
    ----------
    lasting : sequence of int
        Positions to leave out: images whose own time is not known.
    """
    out = set(lasting)
    found = []
    for n in range(len(times) - 1):
        dt = times[n + 1] - times[n]
        if (
            dt > schedule.allowed_s
            and missing(dt, schedule.interval_s)
            and numbers.numbers[n + 1] - numbers.numbers[n] == numbers.step
            and not out & {n, n + 1}
        ):
            found.append(
                Condition(
                    HealthCode.TIME_JUMP,
                    n,
                    n + 1,
                    times[n],
                    times[n + 1],
                    dt,
                    schedule.allowed_s,
                )
            )
    return found


def daylight_saving(
    epochs: Sequence[float], falls: Sequence[tuple[int, int]], schedule: Schedule
) -> list[Finding]:
    """Note jumps by an hour at the time of the year when clocks are changed."""
    near = max(schedule.tolerance_s, 2.0)

    def in_season(epoch: float) -> bool:
        return datetime.fromtimestamp(epoch, UTC).month in _DST_MONTHS

    back = [
        epochs[a]
        for a, b in falls
        if abs(epochs[a] - epochs[b] + schedule.interval_s - HOUR_S) <= near
        and in_season(epochs[a])
    ]
    ahead = [
        a
        for a, b in itertools.pairwise(epochs)
        if abs(b - a - schedule.interval_s - HOUR_S) <= near and in_season(a)
    ]
    twice = sum(a == b for a, b in itertools.pairwise(epochs))
    hour = HOUR_S / schedule.interval_s
    repeated = not falls and twice >= 2 and abs(twice - hour) <= 1 and in_season(epochs[0])
    if not (back or ahead or repeated):
        return []
    when = datetime.fromtimestamp([*back, *ahead, epochs[0]][0], UTC).strftime("%Y-%m-%d %H:%M")
    what = "goes back" if back else "jumps ahead" if ahead else "repeats"
    return [
        Finding(
            "CLOCK-DST",
            Severity.WARNING,
            f"the clock {what} by one hour ({when}) in a month in which daylight saving begins "
            "or ends",
            "The camera seems to keep local time: have its times in UTC, or correct them before "
            "anything is concluded from this hour.",
        )
    ]
