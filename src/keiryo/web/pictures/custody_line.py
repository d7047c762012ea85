"""Who had an item of equipment, when and where: its chain of custody along a time axis.

Every organisation has a row. A bar is the time in which somebody had the item for it; where the
item passes from one row to another, a line leads over. The bars touch: at every moment exactly one
has the item. Below stand the loans under which it was out and, as marks, calibrations and what
happened to it, so that a loan that the chain does not follow is seen at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from keiryo.web.pictures.marks import symbol
from keiryo.web.pictures.svg import Drawn, box, fitted, group, joined, line, linked, words
from keiryo.web.pictures.time_axis import TimeScale, axis, scale_of, today_mark
from keiryo.web.pictures.time_picture import RIGHT, TimePicture, left_out, named_row
from keiryo.web.pictures.writing import PLAIN, Writing

LEFT = 176.0
_TOP, _LANE, _BAR = 26.0, 36.0, 18.0
MOST_LANES, MOST_HELD, MOST_MARKS = 16, 300, 200
LOOK = {
    "calibrated": ("tick", "pic-due-done"),
    "check failed": ("exclamation", "pic-due-overdue"),
    "serviceable": ("up", "pic-plus"),
    "damaged": ("exclamation", "pic-due-soon"),
    "lost": ("cross", "pic-due-overdue"),
    "retired": ("square", "pic-due-open"),
}
"""Symbol and class of a mark by what it stands for."""


@dataclass(frozen=True, slots=True)
class Held:
    """That somebody had the item from one moment to another.

    Attributes
    ----------
    organisation : str
    label : str
        Who and where, short: what stands on the bar.
    told : str
        The same in full, with the moments.
    begins : datetime.datetime
        With its time zone.
    ends : datetime.datetime or None
        None: to this day.
    href : str or None
    """

    organisation: str
    label: str
    told: str
    begins: datetime
    ends: datetime | None = None
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Lent:
    """That the item was out under a loan; `ends` is None while it is."""

    label: str
    told: str
    begins: date
    ends: date | None = None
    href: str | None = None


@dataclass(frozen=True, slots=True)
class CustodyMark:
    """A calibration, or what happened to the item: `what` is a key of `LOOK`."""

    what: str
    day: date
    told: str


@dataclass(frozen=True, slots=True)
class CustodyLabels:
    """The words of the picture; the page gives them in its language."""

    title: str = "Chain of custody"
    description: str = "{count} custodians one after the other from {first} to {last}: {told}."
    nothing: str = "Nobody has it in the record."
    today: str = "today"
    loans: str = "loans"
    marks: str = "calibration, condition"
    earlier: str = "{count} earlier hand-overs stand in the table below."


def custody_line(
    chain: Sequence[Held],
    today: date,
    *,
    loans: Sequence[Lent] = (),
    marks: Sequence[CustodyMark] = (),
    labels: CustodyLabels | None = None,
    writing: Writing = PLAIN,
) -> str:
    """Return a chain of custody as SVG text.

    Parameters
    ----------
    chain : sequence of Held
        In order; each ends where the next one begins.
    today : datetime.date
        The last one is drawn up to this day.
    loans : sequence of Lent
    marks : sequence of CustodyMark
    labels : CustodyLabels, optional
    writing : Writing

    Returns
    -------
    str
        One ``<svg>`` element, 960 pixels wide.
    """
    labels = labels or CustodyLabels()
    sheet = TimePicture(labels.title, "pic-custody")
    if not chain:
        return sheet.empty(labels.nothing)
    drawn = _last_ones(chain)
    first = drawn[0].begins.date()
    lent = [one for one in loans if (one.ends or today) >= first]
    marked = [one for one in marks if one.day >= first][-MOST_MARKS:]
    days = [first, *(one.begins.date() for one in drawn), *(one.day for one in marked)]
    days += [max(one.begins, first) for one in lent] + [one.ends for one in lent if one.ends]
    last = max([today, *days])
    scale = scale_of([*days, today], LEFT, RIGHT - 10, margin=0.01)
    lanes = list(dict.fromkeys(one.organisation for one in drawn))
    tops = {lane: _TOP + _LANE * number for number, lane in enumerate(lanes)}
    pieces = [_ground(lane, top) for lane, top in tops.items()]
    y = _TOP + _LANE * len(lanes)
    if marked:
        pieces += [_ground(labels.marks, y), *(_mark(one, scale, y) for one in marked)]
        y += _LANE
    if lent:
        pieces += [_ground(labels.loans, y), *(_loan(one, scale, y, first, last) for one in lent)]
        y += _LANE
    pieces += [_passing(drawn, tops, scale), *_bars(drawn, tops, scale, last)]
    if len(chain) > len(drawn):
        more, y = left_out(labels.earlier.format(count=writing.count(len(chain) - len(drawn))), y)
        pieces.append(more)
    description = labels.description.format(
        count=writing.count(len(chain)),
        first=writing.day(chain[0].begins.date()),
        last=writing.day(max(today, chain[-1].begins.date())),
        told="; ".join(one.told for one in drawn[-6:]),
    )
    return sheet.drawn(
        *(y + 30, axis(scale, y + 2, writing, top=_TOP - 4)),
        *pieces,
        today_mark(scale, today, _TOP - 20, y + 2, labels.today, writing),
        description=description,
        with_links=any(one.href for one in drawn) or any(one.href for one in lent),
    )


def _last_ones(chain: Sequence[Held]) -> list[Held]:
    """Return the last part of a chain that can be drawn: so many bars, in so many rows."""
    kept: list[Held] = []
    lanes: set[str] = set()
    for one in reversed(chain[-MOST_HELD:]):
        if len(lanes | {one.organisation}) > MOST_LANES:
            break
        lanes.add(one.organisation)
        kept.append(one)
    return kept[::-1]


def place_of(moment: datetime, scale: TimeScale) -> float:
    """Return the place of a moment: days of the scale are 24 hours wide."""
    day = moment.date()
    midnight = datetime(day.year, day.month, day.day, tzinfo=moment.tzinfo)
    part = (moment - midnight) / timedelta(days=1)
    if day == date.max:
        return scale.x(day)
    begin, end = scale.x(day), scale.x(day + timedelta(days=1))
    return begin + part * (end - begin)


def _ground(name: str, top: float) -> Drawn:
    return named_row(name, top + 2, _LANE - 4, top + _LANE / 2, LEFT)


def _bars(
    drawn: Sequence[Held], tops: dict[str, float], scale: TimeScale, last: date
) -> list[Drawn]:
    end_of_all = scale.x(last)
    pieces = []
    for one in drawn:
        top = tops[one.organisation] + (_LANE - _BAR) / 2
        left = place_of(one.begins, scale)
        right = end_of_all if one.ends is None else place_of(one.ends, scale)
        wide = max(right - left, 2.0)
        text = fitted(one.label, wide - 10, 11) if wide > 34 else ""
        shape = box(left, top, wide, _BAR, "pic-bar", radius=2)
        seen = bool(text.strip("…"))
        name = words(left + 5, top + _BAR - 5, text, "pic-mark-label") if seen else joined()
        pieces.append(
            group("pic-held", linked(one.href, shape, name=one.told), name, title=one.told)
        )
    return pieces


def _passing(drawn: Sequence[Held], tops: dict[str, float], scale: TimeScale) -> Drawn:
    """Return the lines that lead from one row to another where the item changes hands."""
    pieces = []
    for before, after in pairwise(drawn):
        one, other = (tops[each.organisation] + _LANE / 2 for each in (before, after))
        if one != other:
            x = place_of(after.begins, scale)
            pieces.append(line(x, one, x, other, "pic-flow"))
    return joined(*pieces)


def _mark(one: CustodyMark, scale: TimeScale, top: float) -> Drawn:
    shape, class_ = LOOK.get(one.what, ("ring", "pic-due-open"))
    mark = symbol(shape, scale.x(one.day), top + _LANE / 2, 6.0)
    return group(class_, mark, title=one.told)


def _loan(one: Lent, scale: TimeScale, top: float, first: date, last: date) -> Drawn:
    left, right = scale.x(max(one.begins, first)), scale.x(one.ends or last)
    wide = max(right - left, 3.0)
    band = box(left, top + 10, wide, _LANE - 20, "pic-band", radius=2)
    text = fitted(one.label, wide - 8, 11) if wide > 34 else ""
    name = words(left + 5, top + _LANE / 2 + 4, text, "pic-mark-label")
    return group("pic-lent", linked(one.href, band, name, name=one.told), title=one.told)
