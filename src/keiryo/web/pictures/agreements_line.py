"""Agreements on a time line: when each was signed, ratified, in force, and what that rests on.

An exact day is a mark; a month, a year, or days that are only bounded are a range with the mark in
its middle. The shape of a mark says what the date rests on: the words of a document, what they
imply, or another source. Under the title of an agreement each date has a line of its own, with its
words beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from keiryo.web.pictures.marks import symbol
from keiryo.web.pictures.svg import Drawn, box, fitted, group, joined, linked, width_of, words
from keiryo.web.pictures.time_axis import TimeScale, axis, scale_of, today_mark
from keiryo.web.pictures.time_picture import RIGHT, TimePicture, left_out, named_row
from keiryo.web.pictures.writing import PLAIN, Writing

LEFT = 14.0
_TOP, _LINE, _GAP, _MARK = 48.0, 19.0, 10.0, 6.0
MOST_AGREEMENTS = 60
LOOK = {
    "stated": ("tick", "pic-due-done"),
    "inferred": ("diamond", "pic-due-soon"),
    "external": ("ring", "pic-due-open"),
}
"""Symbol and class by what a date rests on."""
ENDS = ("terminated", "expired", "ended", "superseded")
"""Dates with which what was in force is over."""


@dataclass(frozen=True, slots=True)
class AgreementDate:
    """A date of an agreement.

    Attributes
    ----------
    what : str
        What happened, as the record says it: signed, ratified, in_force …
    label : str
        The same with the date, in the words of the page.
    earliest, latest : datetime.date
        First and last possible day; the same where the day is known.
    basis : str
        stated, inferred or external.
    """

    what: str
    label: str
    earliest: date
    latest: date
    basis: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """An agreement with its dates, in order.

    Attributes
    ----------
    name : str
        In the register.
    title : str
    dates : tuple of AgreementDate
        At least one.
    """

    name: str
    title: str
    dates: tuple[AgreementDate, ...]


@dataclass(frozen=True, slots=True)
class AgreementLabels:
    """The words of the picture; the page gives them in its language."""

    title: str = "Agreements on a time line"
    description: str = "{count} agreements from {first} to {last}; dates: {counts}."
    nothing: str = "No agreement has a date."
    today: str = "today"
    more: str = "and {count} more agreements"
    bases: Callable[[str], str] = str


def agreements_line(
    agreements: Sequence[Agreement],
    today: date,
    *,
    href: Callable[[Agreement], str | None] | None = None,
    labels: AgreementLabels | None = None,
    writing: Writing = PLAIN,
) -> str:
    """Return agreements on a time line as SVG text.

    Parameters
    ----------
    agreements : sequence of Agreement
        Those that have a date; drawn in the order of their first days.
    today : datetime.date
    href : callable, optional
        From an agreement to an address.
    labels : AgreementLabels, optional
    writing : Writing

    Returns
    -------
    str
        One ``<svg>`` element, 960 pixels wide.
    """
    labels = labels or AgreementLabels()
    sheet = TimePicture(labels.title, "pic-agreements")
    if not agreements:
        return sheet.empty(labels.nothing)
    ordered = sorted(agreements, key=lambda one: (one.dates[0].earliest, one.name))
    drawn = ordered[:MOST_AGREEMENTS]
    dates = [one for agreement in ordered for one in agreement.dates]
    days = [day for one in dates for day in (one.earliest, one.latest)]
    scale = scale_of([*days, today], LEFT, RIGHT - 14, margin=0.01)
    pieces, y = [], _TOP
    for agreement in drawn:
        height = _LINE * (1 + len(agreement.dates)) + _GAP
        pieces.append(_row(agreement, scale, y, height, today, href))
        y += height
    if len(ordered) > len(drawn):
        text = labels.more.format(count=writing.count(len(ordered) - len(drawn)))
        more, y = left_out(text, y)
        pieces.append(more)
    counts = Counter(one.basis for one in dates)
    told = ", ".join(f"{labels.bases(basis)}: {writing.count(counts[basis])}" for basis in LOOK)
    description = labels.description.format(
        count=writing.count(len(ordered)),
        first=writing.day(min(days)),
        last=writing.day(max(days)),
        counts=told,
    )
    return sheet.drawn(
        *(y + 30, axis(scale, y + 2, writing, top=_TOP - 4)),
        _legend(counts, labels, writing),
        today_mark(scale, today, _TOP - 20, y + 2, labels.today, writing),
        *pieces,
        description=description,
        with_links=href is not None,
    )


def _legend(counts: Counter[str], labels: AgreementLabels, writing: Writing) -> Drawn:
    pieces, x = [], 10.0
    for basis, (shape, class_) in LOOK.items():
        text = f"{fitted(labels.bases(basis), 240)} {writing.count(counts[basis])}"
        mark = group(class_, symbol(shape, x + 6, 12, _MARK))
        pieces += [mark, words(x + 18, 16, text, "pic-label")]
        x += 18 + width_of(text) + 20
    return group("pic-legend", *pieces)


def _row(
    agreement: Agreement,
    scale: TimeScale,
    top: float,
    height: float,
    today: date,
    href: Callable[[Agreement], str | None] | None,
) -> Drawn:
    heading = top + _GAP / 2 + _LINE / 2
    ground = named_row(agreement.title, top + 1, height - 2, heading, RIGHT)
    address = None if href is None else href(agreement)
    told = f"{agreement.title}: {'; '.join(one.label for one in agreement.dates)}"
    pieces = [linked(address, ground, name=told), _in_force(agreement, scale, top, height, today)]
    for number, one in enumerate(agreement.dates):
        pieces.append(_date(one, scale, heading + (number + 1) * _LINE))
    return group("pic-agreement", *pieces, title=told)


def _in_force(
    agreement: Agreement, scale: TimeScale, top: float, height: float, today: date
) -> Drawn:
    """Return the time in which it is in force, from its first day to its end or today."""
    begins = [one.earliest for one in agreement.dates if one.what == "in_force"]
    if not begins:
        return joined()
    ends = [one.latest for one in agreement.dates if one.what in ENDS]
    left, right = scale.x(min(begins)), scale.x(min(ends, default=max(today, min(begins))))
    return box(left, top + height - 5, max(right - left, 2.0), 3, "pic-band")


def _date(one: AgreementDate, scale: TimeScale, y: float) -> Drawn:
    """Return the mark of a date, with its range where the day is not known, and its words."""
    left, right = scale.x(one.earliest), scale.x(one.latest)
    pieces = []
    if one.latest > one.earliest:
        wide = max(right - left, 2 * _MARK + 14)
        left = (left + right - wide) / 2
        right = left + wide
        pieces.append(box(left, y - 4, wide, 8, "pic-bar", radius=2))
    shape, class_ = LOOK.get(one.basis, LOOK["stated"])
    middle = (left + right) / 2
    pieces.append(group(class_, symbol(shape, middle, y, _MARK)))
    beyond = max(right, middle + _MARK) + 6
    before = min(left, middle - _MARK) - 6
    if beyond + width_of(one.label, 11) <= RIGHT:
        pieces.append(words(beyond, y + 4, one.label, "pic-mark-label"))
    else:
        text = fitted(one.label, before - LEFT, 11)
        pieces.append(words(before, y + 4, text, "pic-mark-label", anchor="end"))
    return joined(*pieces)
