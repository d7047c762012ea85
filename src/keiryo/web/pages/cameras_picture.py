"""What cameras say, as bars and marks of a time line: values, events, operations, reviews."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from keiryo.containment.values import DeviceSpans
from keiryo.surveillance.timeline import Interval
from keiryo.web.pages.cameras_known import (
    Line,
    Period,
    event_address,
    moment,
    operation_address,
    review_address,
    reviews_by_line,
    reviews_by_screening,
)
from keiryo.web.pages.cameras_words import (
    EVENT_WORDS,
    STATE_WORDS,
    VERDICT_WORDS,
    condition_text,
    word,
)
from keiryo.web.pages.coverage_words import VALUE_LOOKS, VALUE_WORDS
from keiryo.web.pictures.watch_line import WatchBar, WatchLabels, WatchMark, WatchRow, watch_line
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text
from keiryo.web.viewer import Viewer

LeadsTo = Callable[[Interval], str | None]


def told_text(what: str, begin: datetime, end: datetime, more: str = "") -> str:
    """Return what something is, from when to when, and what else is said of it."""
    time = instant_text(begin) if begin == end else f"{instant_text(begin)} – {instant_text(end)}"
    return f"{what}, {time}{': ' if more else ''}{more}"


def intervals_of(told: DeviceSpans, period: Period) -> list[Interval]:
    """Return what a device says in a period, cut to it."""
    found = []
    for one in told.spans:
        end = period.end if one.end is None else min(one.end, period.end)
        begin = max(one.begin, period.begin)
        if begin < end:
            node = one.nodes[0] if one.nodes else told.device
            found.append(Interval(begin, end, one.value.name, one.reason, node))
    return found


def value_bars(every: Iterable[Interval], leads: LeadsTo, until: datetime) -> Iterator[WatchBar]:
    """Yield the values of a device as bars; nobody knows anything beyond `until`."""
    for one in every:
        look = VALUE_LOOKS.get(one.label)
        end = min(one.end, until)
        if look is not None and one.begin < end:
            words = _(VALUE_WORDS[one.label])
            told = told_text(words, one.begin, end, one.reason)
            yield WatchBar(look, one.begin, end, told, words, leads(one))


def camera_leads(viewer: Viewer, otherwise: str) -> LeadsTo:
    """Return where what a camera says leads: to the review that says it, or elsewhere."""
    known = reviews_by_line(viewer)

    def leads(one: Interval) -> str | None:
        name = known.get(one.node)
        return otherwise if name is None else review_address(name)

    return leads


def event_marks(
    viewer: Viewer, rows: Iterable[Line], verdicts: Mapping[Any, str], otherwise: str
) -> Iterator[WatchMark]:
    """Yield events of screenings as marks, each leading to where it is looked at.

    Parameters
    ----------
    rows : iterable of dict
        Lines of events.
    verdicts : mapping
        What is said of an event, by screening and number.
    otherwise : str
        Where an event leads that no review took in.
    """
    known = reviews_by_screening(viewer)
    for row in rows:
        names = known.get(row["screening"], [])
        verdict = verdicts.get((row["screening"], row["event"]))
        begin, end = moment(row["begin_at"]), moment(row["end_at"])
        assert begin is not None and end is not None
        words = word(EVENT_WORDS, row["kind"])
        said = _("nobody has judged it yet") if verdict is None else word(VERDICT_WORDS, verdict)
        if row["zones"]:
            said = f"{said}; {row['zones']}"
        look = "bad" if verdict == "relevant" else str(row["kind"])
        key = row["screening"], row["event"]
        href = event_address(names[-1], *key) if names else otherwise
        yield WatchMark(look, begin, told_text(words, begin, end, said), href)


def condition_bars(rows: Iterable[Line]) -> Iterator[WatchBar]:
    """Yield gaps and bad views as bars."""
    for row in rows:
        begin, end = moment(row["begin_at"]), moment(row["end_at"])
        assert begin is not None and end is not None
        words = condition_text(str(row["code"]))
        yield WatchBar("inconclusive", begin, end, told_text(words, begin, end), words)


def in_lanes(name: str, bars: Sequence[WatchBar], href: str | None = None) -> list[WatchRow]:
    """Return bars in as few rows as hold them without one lying over another."""
    lanes: list[list[WatchBar]] = []
    for bar in sorted(bars, key=lambda one: (one.begin, one.end)):
        free = next((lane for lane in lanes if lane[-1].end <= bar.begin), None)
        if free is None:
            lanes.append([bar])
        else:
            free.append(bar)
    return [
        WatchRow(name if number == 1 else f"{name} ({number})", tuple(lane), (), href)
        for number, lane in enumerate(lanes, 1)
    ]


def operation_bar(name: str, begin: datetime, end: datetime, state: str, kind: str) -> WatchBar:
    """Return a declared operation as a bar."""
    words = f"{name}: {word(STATE_WORDS, state)}"
    told = told_text(words, begin, end, kind)
    return WatchBar("declared", begin, end, told, name, operation_address(name))


def review_bar(name: str, begin: datetime, end: datetime) -> WatchBar:
    """Return the period of a review as a bar."""
    told = told_text(_("review %(name)s", name=name), begin, end)
    return WatchBar("review", begin, end, told, name, review_address(name))


def drawn(rows: Sequence[WatchRow], period: Period, title: str) -> str:
    """Return the picture as SVG text."""
    labels = WatchLabels(
        title=title,
        description=_("{count} rows from {first} to {last}: {told}."),
        nothing=_("Nothing watched in this time."),
        more=_("{count} more rows stand in the table below."),
    )
    return watch_line(rows, period.begin, period.end, labels=labels)
