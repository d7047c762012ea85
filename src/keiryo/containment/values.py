"""The values of containment and surveillance, and intervals that have one.

A device has a value at every instant; so has each way into a containment, and each item in it.
What is unknown is INCONCLUSIVE and what was not examined yet is PENDING: neither is ever POSITIVE.
Intervals are half-open, ``begin <= t < end``; an interval without an end still goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum


class Value(IntEnum):
    """What containment or surveillance says of an instant, from best to worst."""

    POSITIVE = 0
    PENDING = 1
    INCONCLUSIVE = 2
    NEGATIVE = 3
    NOT_COVERED = 4


@dataclass(frozen=True, slots=True)
class Span:
    """An interval of a device with one value.

    Attributes
    ----------
    begin, end : datetime
        UTC; `end` None: it still goes on.
    value : Value
        Never NOT_COVERED: where a device says nothing there is no span.
    reason : str
        Code of the reason, e.g. ``SEAL-OPENED``, ``CAMERA-GAP``, ``NOT-YET-EXAMINED``.
    nodes : tuple of str
        What it rests on, for ``keiryo why``: ``line:12/3``, ``seal:XA/0042`` …
    """

    begin: datetime
    end: datetime | None
    value: Value
    reason: str
    nodes: tuple[str, ...] = ()

    def holds(self, instant: datetime) -> bool:
        """Return whether the interval contains an instant."""
        return self.begin <= instant and (self.end is None or instant < self.end)


@dataclass(frozen=True, slots=True)
class DeviceSpans:
    """All that one device says.

    Attributes
    ----------
    device : str
        ``seal:BODY/NUMBER`` or ``camera:NAME``.
    mechanism : str
        See `MECHANISMS`.
    depends_on : frozenset of str
        Power feeds, data links, mountings and clocks that it shares with others.
    spans : tuple of Span
        In the order of time; they do not overlap.
    """

    device: str
    mechanism: str
    depends_on: frozenset[str]
    spans: tuple[Span, ...]

    def at(self, instant: datetime) -> Span | None:
        """Return the span at an instant; None where the device says nothing."""
        return next((span for span in self.spans if span.holds(instant)), None)


MECHANISMS = (
    *("wire-loop", "fibre-loop-electronic", "fibre-loop-passive", "ultrasonic", "adhesive"),
    *("optical-camera", "laser", "radiation"),
)
"""How a device works; two with the same mechanism share a common mode of failure."""


def best(values: list[Value]) -> Value:
    """Return the best of the devices of one way; NOT_COVERED if there is none."""
    return min(values, default=Value.NOT_COVERED)


def worst(values: list[Value]) -> Value:
    """Return the worst of the ways to an item; NOT_COVERED if none is recorded."""
    return max(values, default=Value.NOT_COVERED)
