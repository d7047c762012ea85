"""The life of a loan as a row of stations: what is done, what is next, what is still to come.

From the request over agreement, shipment, acceptance, calibration and custody to the return; each
station with its day, and with what it says. The shape of a station tells how it stands: a tick is
done, a diamond is next, a ring is to come, an exclamation mark is late or failed, a cross will not
be reached.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keiryo.web.pictures.marks import symbol
from keiryo.web.pictures.svg import Drawn, fitted, group, joined, line, width_of, words
from keiryo.web.pictures.time_picture import RIGHT, WIDTH, TimePicture

DONE, NEXT, OPEN, LATE, NEVER = "done", "next", "open", "late", "never"
LOOK = {
    DONE: ("tick", "pic-due-done"),
    NEXT: ("diamond", "pic-due-soon"),
    OPEN: ("ring", "pic-due-open"),
    LATE: ("exclamation", "pic-due-overdue"),
    NEVER: ("cross", "pic-due-open"),
}
"""Symbol and class of a station by how it stands."""

_LEFT, _MIDDLE, _SIZE, _LINE = 8.0, 34.0, 10.0, 15.0
MOST_LINES = 4


@dataclass(frozen=True, slots=True)
class Station:
    """A station in the life of a loan.

    Attributes
    ----------
    title : str
    status : str
        done, next, open, late or never.
    when : str
        Its day in words; empty if there is none.
    notes : tuple of str
        What else it says, each on a line of its own.
    """

    title: str
    status: str
    when: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepLabels:
    """The words of the picture; the page gives them in its language."""

    title: str = "Steps of the loan"
    description: str = "{told}."
    nothing: str = "The loan has no steps."
    statuses: tuple[tuple[str, str], ...] = (
        *((DONE, "done"), (NEXT, "next"), (OPEN, "to come"), (LATE, "late or failed")),
        (NEVER, "not reached"),
    )


def loan_steps(stations: Sequence[Station], *, labels: StepLabels | None = None) -> str:
    """Return the stations of a loan as SVG text.

    Parameters
    ----------
    stations : sequence of Station
        In order; up to about twelve can be read.
    labels : StepLabels, optional

    Returns
    -------
    str
        One ``<svg>`` element, 960 pixels wide.
    """
    labels = labels or StepLabels()
    sheet = TimePicture(labels.title, "pic-loan")
    if not stations:
        return sheet.empty(labels.nothing)
    wide = (RIGHT - _LEFT) / len(stations)
    middles = [_LEFT + wide * (number + 0.5) for number in range(len(stations))]
    told = dict(labels.statuses)
    pieces = [_ways(stations, middles)]
    pieces += [_station(one, x, wide, told) for one, x in zip(stations, middles, strict=True)]
    lines = max(len(_notes(one, wide)) + bool(one.when) for one in stations)
    bottom = _MIDDLE + 34 + _LINE * lines
    description = labels.description.format(told="; ".join(_said(one, told) for one in stations))
    return sheet.drawn(
        bottom + 24, *pieces, _legend(stations, bottom + 12, told), description=description
    )


def _said(one: Station, told: dict[str, str]) -> str:
    more = ", ".join(part for part in (told.get(one.status, ""), one.when, *one.notes) if part)
    return f"{one.title}: {more}"


def _ways(stations: Sequence[Station], middles: Sequence[float]) -> Drawn:
    """Return the way from station to station: full where it was gone."""
    pieces = []
    for number in range(len(stations) - 1):
        gone = stations[number].status == DONE and stations[number + 1].status == DONE
        left, right = middles[number] + _SIZE + 3, middles[number + 1] - _SIZE - 3
        pieces.append(line(left, _MIDDLE, right, _MIDDLE, "pic-flow" if gone else "pic-edge-back"
                           " pic-edge"))  # fmt: skip
    return joined(*pieces)


def _station(one: Station, x: float, wide: float, told: dict[str, str]) -> Drawn:
    shape, class_ = LOOK.get(one.status, LOOK[OPEN])
    texts = [(_fit(one.title, wide, 12), "pic-lane-name")]
    texts += [(_fit(one.when, wide, 11), "pic-mark-label")] if one.when else []
    texts += [(note, "pic-tick") for note in _notes(one, wide)]
    pieces = [group(class_, symbol(shape, x, _MIDDLE, _SIZE))]
    y = _MIDDLE + 28
    for text, look in texts:
        pieces.append(words(x, y, text, look, anchor="middle"))
        y += _LINE
    return group("pic-station", *pieces, title=_said(one, told))


def _fit(text: str, wide: float, size: float) -> str:
    return fitted(text, wide - 6, size)


def _notes(one: Station, wide: float) -> list[str]:
    """Return the lines of the notes, broken between words where they do not fit."""
    lines: list[str] = []
    for note in one.notes:
        row = ""
        for word in note.split():
            longer = f"{row} {word}".strip()
            if row and width_of(longer, 11) > wide - 6:
                lines.append(_fit(row, wide, 11))
                row = word
            else:
                row = longer
        lines.append(_fit(row, wide, 11))
    return lines[:MOST_LINES]


def _legend(stations: Sequence[Station], y: float, told: dict[str, str]) -> Drawn:
    seen = {one.status for one in stations}
    pieces, x = [], _LEFT
    for status, (shape, class_) in LOOK.items():
        if status in seen and x < WIDTH - 120:
            text = told.get(status, status)
            mark = group(class_, symbol(shape, x + 6, y, 6))
            pieces += [mark, words(x + 18, y + 4, text, "pic-tick")]
            x += 18 + width_of(text, 11) + 20
    return group("pic-legend", *pieces)
