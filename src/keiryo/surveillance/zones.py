"""Zones: parts of a view that matter more than others, or not at all.

A zone is a polygon in shares of the width and height of the picture, so that it holds for any
size. It belongs to one version of a view: when the camera was moved the zones of the version
before say nothing about the pictures from then on. INTEREST: where changes count first. IGNORE:
where nothing that matters can happen (a burnt-in clock, a lamp); it needs a reason and is still
part of the test of the view's health. TRIP: where the order of crossing counts.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, MetaData

from keiryo.errors import Finding, RefusedError, Severity
from keiryo.journal.model import Actor, Draft, Posted
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import line_node, rows_of
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.storage.engine import Database
from keiryo.surveillance.camera_record import (
    BASIS,
    bad,
    known_camera,
    refused,
    scope_of_camera,
    unknown_camera,
)
from keiryo.surveillance.tables import CAMERA_ZONE
from keiryo.surveillance.views import view_at, views

if TYPE_CHECKING:
    from keiryo.screening.model import Zone

RECORD_ZONES = "surveillance.zone"
TYPES = ("INTEREST", "IGNORE", "TRIP")
UNITS = 10_000
"""Parts into which width and height are divided."""
MAX_CORNERS = 200
MAX_IGNORED_SHARE = 0.5
"""Share of the picture beyond which ignoring it deserves a word."""

Corner = tuple[int, int]
_STORED = re.compile(r"\d{1,5},\d{1,5}( \d{1,5},\d{1,5})*")
_NAME = re.compile(r"[^\s|][^|]{0,59}")


@dataclass(frozen=True, slots=True)
class ZoneEntry:
    """A zone that is to be recorded.

    Attributes
    ----------
    name, type : str
    corners : tuple of (x, y)
        In ten-thousandths of width and height.
    reason : str or None
        For IGNORE: why nothing that matters can happen there.
    """

    name: str
    type: str
    corners: tuple[Corner, ...]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RecordedZone:
    """A zone as recorded.

    Attributes
    ----------
    zone : keiryo.screening.model.Zone
    corners : tuple of (x, y)
        In ten-thousandths.
    reason : str or None
    version : int
        Of the view.
    line : str
        Node of its line.
    """

    zone: Zone
    corners: tuple[Corner, ...]
    reason: str | None
    version: int
    line: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "zone": self.zone.name,
            "type": self.zone.type,
            "version": self.version,
            "polygon": polygon_text(self.corners),
            "reason": self.reason,
            "line": self.line,
        }


def parse_polygon(text: str) -> tuple[Corner, ...]:
    """Return the corners of a polygon as somebody writes it.

    Parameters
    ----------
    text : str
        ``0.1,0.2 0.5,0.2 0.5,0.9``: x and y in shares of width and height, from the upper left.

    Raises
    ------
    RefusedError
        If it is none; the finding says why.

    Examples
    --------
    >>> parse_polygon("0.1,0.2 0.5,0.2 0.5,0.9")
    ((1000, 2000), (5000, 2000), (5000, 9000))
    """
    corners = []
    for pair in text.split():
        parts = pair.split(",")
        try:
            if len(parts) != 2:
                raise InvalidOperation
            x, y = (Decimal(part) * UNITS for part in parts)
            if not (x.is_finite() and y.is_finite()):
                raise InvalidOperation
            corners.append((int(x.to_integral_value()), int(y.to_integral_value())))
        except (InvalidOperation, OverflowError):
            raise RefusedError(
                "the zone is not recorded", [_polygon(f"{pair[:40]!r} is no corner")]
            ) from None
    made = tuple(corners)
    if found := polygon_findings("the zone", made):
        raise RefusedError("the zone is not recorded", found)
    return made


def polygon_text(corners: Sequence[Corner]) -> str:
    """Return corners as the record holds them."""
    return " ".join(f"{x},{y}" for x, y in corners)


def stored_corners(text: str) -> tuple[Corner, ...]:
    """Return the corners of a polygon as the record holds it; none if it is no polygon."""
    if not _STORED.fullmatch(text):
        return ()
    pairs = (pair.split(",") for pair in text.split(" "))
    return tuple((int(x), int(y)) for x, y in pairs)


def polygon_findings(name: str, corners: Sequence[Corner]) -> list[Finding]:
    """Return what is wrong with a polygon: corners outside, no area, edges that cross."""
    if not 3 <= len(corners) <= MAX_CORNERS:
        return [_polygon(f"{name}: a polygon has 3 to {MAX_CORNERS} corners, not {len(corners)}")]
    if any(not (0 <= x <= UNITS and 0 <= y <= UNITS) for x, y in corners):
        return [_polygon(f"{name}: a corner lies outside the picture")]
    if len(set(corners)) != len(corners):
        return [_polygon(f"{name}: a corner is named twice")]
    if double_area(corners) == 0:
        return [_polygon(f"{name}: the polygon has no area")]
    if _crosses_itself(corners):
        return [_polygon(f"{name}: edges of the polygon cross")]
    return []


def double_area(corners: Sequence[Corner]) -> int:
    """Return twice the area of a polygon (shoelace formula)."""
    pairs = zip(corners, [*corners[1:], corners[0]], strict=True)
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs))


def _crosses_itself(corners: Sequence[Corner]) -> bool:
    count = len(corners)
    edges = [(corners[i], corners[(i + 1) % count]) for i in range(count)]
    for i in range(count):
        for j in range(i + 1, count):
            beside = j == i + 1 or (i == 0 and j == count - 1)
            if not beside and _meet(*edges[i], *edges[j]):
                return True
    return False


def _meet(a: Corner, b: Corner, c: Corner, d: Corner) -> bool:
    """Return whether two edges have a point in common."""
    turns = (_turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b))
    if turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0:
        return True
    ends = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(
        turn == 0 and min(p[0], q[0]) <= r[0] <= max(p[0], q[0])
        and min(p[1], q[1]) <= r[1] <= max(p[1], q[1])
        for turn, (p, q, r) in zip(turns, ends, strict=True)
    )  # fmt: skip


def _turn(a: Corner, b: Corner, c: Corner) -> int:
    value = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return (value > 0) - (value < 0)


def record_zones(
    database: Database,
    actor: Actor,
    camera: str,
    zones: Sequence[ZoneEntry],
    *,
    version: int | None = None,
    clock: Clock = system_clock,
) -> Posted:
    """Record the zones of a view: all of them, in place of those recorded before.

    Parameters
    ----------
    database, actor
    camera : str
    zones : sequence of ZoneEntry
    version : int, optional
        Number of the view; default: the last one.

    Raises
    ------
    RefusedError
        If they do not hold: all findings.
    NotFoundError
        If there is no such camera.
    """

    def draft(connection: Connection) -> Draft:
        scope = scope_of_camera(connection, database.metadata, camera)
        wrong = [f for z in zones for f in zone_findings(z.name, z.type, z.corners, z.reason)]
        if wrong:
            raise RefusedError(f"the zones of {camera} are not recorded", wrong, "Correct them.")
        every = views(connection, database.metadata, camera)
        number = version or (every[-1].version if every else 1)
        made = Draft(RECORD_ZONES, f"surveillance:{uuid.uuid4()}")
        for one in zones:
            made.add(
                CAMERA_ZONE.name,
                scope=scope,
                camera=camera,
                version=number,
                zone=one.name.strip(),
                type=one.type,
                polygon=polygon_text(one.corners),
                reason=(one.reason or "").strip() or None,
            )
        return made

    return post(database, draft, actor, clock=clock)


def zones_of(
    connection: Connection,
    metadata: MetaData,
    camera: str,
    version: int,
    *,
    through_act: int | None = None,
) -> list[RecordedZone]:
    """Return the zones of a version of a view: those of the last act about it."""
    from keiryo.screening.model import Zone

    table = metadata.tables[CAMERA_ZONE.name]
    conditions = (table.c.camera == camera, table.c.version == version)
    rows = rows_of(connection, metadata, CAMERA_ZONE.name, *conditions, through_act=through_act)
    last = max((row["act_id"] for row in rows), default=0)
    found = []
    for row in rows:
        if row["act_id"] == last:
            corners = stored_corners(row["polygon"])
            shares = tuple((x / UNITS, y / UNITS) for x, y in corners)
            zone = Zone(row["zone"], row["type"], shares)
            found.append(RecordedZone(zone, corners, row["reason"], version, line_node(row)))
    return found


def zones_at(
    connection: Connection,
    metadata: MetaData,
    camera: str,
    instant: datetime,
    *,
    through_act: int | None = None,
) -> list[RecordedZone]:
    """Return the zones that hold at an instant; none where the view then has none of its own."""
    view = view_at(connection, metadata, camera, instant, through_act=through_act)
    if view is None:
        return []
    return zones_of(connection, metadata, camera, view.version, through_act=through_act)


def zone_findings(
    name: str, type_: str, corners: Sequence[Corner], reason: str | None
) -> Iterator[Finding]:
    """Yield what is wrong with a zone."""
    if not _NAME.fullmatch(name.strip()):
        yield bad("ZONE-NAME", f"{name[:60]!r} is no name of a zone", "Give up to 60 characters.")
    if type_ not in TYPES:
        yield bad(
            "ZONE-TYPE", f"{name}: {type_[:40]!r} is no type of zone", f"One of {', '.join(TYPES)}."
        )
    yield from polygon_findings(name, corners)
    if type_ == "IGNORE" and not str(reason or "").strip():
        yield bad(
            "ZONE-REASON",
            f"{name}: nothing says why this part may be ignored",
            "Say why nothing that matters can happen there, e.g. 'burnt-in clock'.",
        )


def check_zones(posting: Posting) -> Iterator[Finding | Refusal]:
    """Refuse zones that cannot be, of views that are not recorded, or named twice."""
    seen: set[tuple[str, int, str]] = set()
    ignored: dict[tuple[str, int], int] = {}
    for line in posting.lines(CAMERA_ZONE.name):
        camera, version = line["camera"], line["version"]
        if known_camera(posting.connection, posting.metadata, camera) is None:
            yield Refusal(unknown_camera(camera))
            continue
        known = {one.version for one in views(posting.connection, posting.metadata, camera)}
        if version not in known:
            yield Refusal(
                bad(
                    "VIEW-UNKNOWN",
                    f"{camera} has no view {version}",
                    "Record the view first: 'keiryo surveillance view'.",
                )
            )
        corners = stored_corners(line["polygon"])
        yield from refused(zone_findings(line["zone"], line["type"], corners, line["reason"]))
        key = (camera, version, line["zone"])
        if key in seen:
            yield Refusal(
                bad("ZONE-NAME", f"{camera}: the zone {line['zone']} is named twice", "Rename one.")
            )
        seen.add(key)
        if line["type"] == "IGNORE" and corners:
            ignored[camera, version] = ignored.get((camera, version), 0) + double_area(corners)
    for (camera, version), double in ignored.items():
        if double > 2 * UNITS * UNITS * MAX_IGNORED_SHARE:
            yield Finding(
                "ZONE-IGNORE-LARGE",
                Severity.WARNING,
                f"{camera} view {version}: more than half of the picture would be ignored",
                "Draw narrower zones, or say why the camera still sees what it is there for.",
                basis=BASIS,
            )


def _polygon(message: str) -> Finding:
    return bad(
        "ZONE-POLYGON",
        message,
        "Write corners as '0.1,0.2 0.5,0.2 0.5,0.9': x and y from 0 to 1, at least three, in "
        "order along the edge.",
    )


ZONES_HOLD = Check("zones of views", frozenset({CAMERA_ZONE.name}), check_zones)
