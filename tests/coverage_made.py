"""Devices, containments and facts made by hand: seconds after midnight of 1 January 2026."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from keiryo.containment.register import Containment, Interval, Way
from keiryo.containment.values import DeviceSpans, Span, Value
from keiryo.coverage.descent import Origin, Parent
from keiryo.coverage.devices import DeviceOn
from keiryo.coverage.facts import Facts, Stay
from keiryo.coverage.reverification import Reverification

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = 86_400
P, W, U, N, X = Value  # positive, pending (waits), inconclusive (unknown), negative, not covered


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def interval(begin: float, end: float | None) -> Interval:
    return Interval(at(begin), None if end is None else at(end))


def device(
    *spans: tuple[float, float | None, Value],
    name: str = "seal:XH/1",
    mechanism: str = "wire-loop",
    depends_on: Sequence[str] = (),
) -> DeviceOn:
    """Return a device that says what its spans say."""
    made = tuple(
        Span(at(begin), None if end is None else at(end), value, "MADE")
        for begin, end, value in spans
    )
    return DeviceOn(DeviceSpans(name, mechanism, frozenset(depends_on), made))


Ways = Mapping[str, tuple[tuple[float, float | None], Sequence[DeviceOn]]]
"""By name of the way: from when until when there is one, and its devices."""


def facts(
    places: Mapping[str, Ways],
    stays: Mapping[str, Sequence[tuple[str, float, float | None]]],
    *,
    parents: Mapping[str, Sequence[tuple[str, int]]] | None = None,
    reverified: Mapping[str, Sequence[tuple[float, str]]] | None = None,
) -> Facts:
    """Return facts: containments by name, where each item was, what it came from on which day."""
    containments, ways = {}, {}
    for name, every in places.items():
        made = tuple(
            Way("XH-A", name, path, interval(*times)) for path, (times, _devices) in every.items()
        )
        containments[f"XH-A/{name}"] = Containment("XH-A", name, "room", ways=made)
        for path, (_times, devices) in every.items():
            ways["XH-A", name, path] = list(devices)
    come = {
        uid: Origin(
            *(uid, "XH-A", uid, "batch"),
            _day(links[0][1]) if links else None,
            tuple(Parent(parent, _day(number), "split") for parent, number in links),
        )
        for uid, links in (parents or {}).items()
    }
    return Facts(
        containments,
        ways,
        {
            uid: [Stay("XH-A", name, interval(begin, end)) for name, begin, end in every]
            for uid, every in stays.items()
        },
        come,
        {"XH-A": "UTC"},
        {
            uid: [
                Reverification("XH-A", uid, at(second), "weighed", "P-1", result, line="line:1/1")
                for second, result in every
            ]
            for uid, every in (reverified or {}).items()
        },
    )


def _day(number: int) -> date:
    return (START + timedelta(days=number)).date()


ALWAYS = (-DAY * 1000, None)
"""A way that was always there."""
