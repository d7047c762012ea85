"""Cameras: where each is, how often it takes a picture, what it depends on.

A camera goes by its name within the State. Recorded anew, the last line counts; what stood before
stays in the record. A camera that goes to another area becomes another camera, since its images
belong to the area that it looked into.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, MetaData

from keiryo.errors import Finding, NotFoundError, RefusedError
from keiryo.journal.model import Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import line_node, rows_of
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.places.tables import areas
from keiryo.storage.engine import Database
from keiryo.surveillance.camera_record import bad, known_camera, refused, scope_of_area
from keiryo.surveillance.tables import CAMERA

REGISTER = "surveillance.camera"
MECHANISM = "optical-camera"
FIELDS = tuple(field.name for field in CAMERA.own_fields)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
MAX_RETENTION_DAYS = 36_525
_JOINED = " | "


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera as it stands.

    Attributes
    ----------
    values : mapping
        Its last line.
    """

    values: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Name, e.g. ``CAM-01``."""
        return str(self.values["camera"])

    @property
    def mba(self) -> str:
        """Material balance area that it looks into."""
        return str(self.values["mba"])

    @property
    def scope(self) -> str:
        """Whose the lines about it are: ``State/facility/MBA``."""
        return str(self.values["scope"])

    @property
    def interval_s(self) -> float | None:
        """Picture-taking interval in seconds; None: video."""
        given = self.values["interval_ms"]
        return None if given is None else int(given) / 1000

    @property
    def tolerance_s(self) -> float:
        """How much later than the interval a picture may come, in seconds.

        Where nobody said it: a twentieth of the interval, as in 30 s of 10 min.
        """
        given = self.values["tolerance_ms"]
        if given is not None:
            return int(given) / 1000
        return (self.interval_s or 0.0) / 20

    @property
    def zone(self) -> str | None:
        """Time zone of its clock where it states local time; None: UTC."""
        given = self.values["clock"]
        return None if given is None else str(given)

    @property
    def depends_on(self) -> frozenset[str]:
        """Power feeds, links, mountings and clocks that it needs."""
        return frozenset(split_list(self.values["depends_on"]))

    @property
    def retention_days(self) -> int | None:
        """How long its pictures are kept after their review; None: for good."""
        given = self.values["retention_days"]
        return None if given is None else int(given)

    @property
    def node(self) -> str:
        """The node of its last line."""
        return line_node(self.values)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            **{name: self.values[name] for name in FIELDS},
            "depends_on": sorted(self.depends_on),
            "line": self.node,
        }


def split_list(text: Any) -> list[str]:
    """Return the parts of a list that is joined by ``|``, in order, without empty ones."""
    return [part.strip() for part in str(text or "").split("|") if part.strip()]


def joined(parts: Any) -> str | None:
    """Return parts joined as the record holds them; None if there are none."""
    return _JOINED.join(dict.fromkeys(str(p).strip() for p in parts if str(p).strip())) or None


def cameras(
    connection: Connection,
    metadata: MetaData,
    *,
    known_at: datetime | None = None,
    through_act: int | None = None,
) -> dict[str, Camera]:
    """Return all cameras as they stand, by name.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    known_at : datetime, optional
        As they stood in the record at this instant; default: now.
    through_act : int, optional
        As they stood with this act; default: now.
    """
    known: dict[str, Any] = {"known_at": known_at, "through_act": through_act}
    rows = rows_of(connection, metadata, CAMERA.name, **known)
    return {name: Camera(row) for name, row in sorted({r["camera"]: r for r in rows}.items())}


def camera(
    connection: Connection, metadata: MetaData, name: str, *, through_act: int | None = None
) -> Camera:
    """Return a camera as it stands.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    before = None if through_act is None else through_act + 1
    row = known_camera(connection, metadata, name, before_act=before)
    if row is None:
        raise NotFoundError(
            f"there is no camera {name[:60]!r}",
            "'keiryo surveillance camera list' lists what there is.",
        )
    return Camera(row)


def register_camera(
    database: Database,
    actor: Actor,
    values: Mapping[str, Value],
    *,
    clock: Clock = system_clock,
) -> Posted:
    """Record a camera, or a camera anew.

    Parameters
    ----------
    database, actor
    values : mapping
        Fields of a ``surveillance_camera`` line: ``camera``, ``mba`` and what is known of it.

    Raises
    ------
    RefusedError
        If it does not hold: all findings.
    NotFoundError
        If the area is not registered.
    """

    def draft(connection: Connection) -> Draft:
        scope = scope_of_area(connection, database.metadata, str(values.get("mba") or ""))
        name = str(values.get("camera") or "")
        wrong = camera_findings(values, known_camera(connection, database.metadata, name))
        if wrong:
            raise RefusedError(f"the camera {name[:60]!r} is not recorded", wrong, "Correct it.")
        made = Draft(REGISTER, f"surveillance:{uuid.uuid4()}")
        made.add(CAMERA.name, values, scope=scope)
        return made

    return post(database, draft, actor, clock=clock)


def camera_findings(values: Mapping[str, Any], known: Mapping[str, Any] | None) -> list[Finding]:
    """Return what is wrong with a camera that is to be recorded; empty if nothing is.

    Parameters
    ----------
    values : mapping
        Fields of the line.
    known : mapping or None
        The last line of the same name.
    """
    name = str(values.get("camera") or "")
    found = []
    if not _NAME.fullmatch(name):
        found.append(
            bad(
                "CAMERA-NAME",
                f"{name[:60]!r} is no name of a camera",
                "Letters, digits, point, hyphen and underscore, up to 60, e.g. CAM-01.",
            )
        )
    if known is not None and known["mba"] != values.get("mba"):
        found.append(
            bad(
                "CAMERA-AREA-CHANGED",
                f"{name} looks into {known['mba']}, not into {values.get('mba')}",
                "Give a camera that goes to another area a name of its own: its earlier images "
                "stay with the earlier area.",
                mba=str(values.get("mba")),
            )
        )
    return [*found, *_value_findings(name, values)]


def _value_findings(name: str, values: Mapping[str, Any]) -> Iterator[Finding]:
    interval, tolerance = values.get("interval_ms"), values.get("tolerance_ms")
    if interval is not None and interval <= 0:
        yield bad(
            "CAMERA-INTERVAL",
            f"{name}: the picture-taking interval is {interval} ms, and it must be above zero",
            "Give the time from one picture to the next; video has none ('--interval 0').",
        )
    if tolerance is not None and (
        tolerance < 0 or interval is None or (interval > 0 and tolerance >= interval)
    ):
        yield bad(
            "CAMERA-TOLERANCE",
            f"{name}: the tolerance is {tolerance} ms, and "
            + ("video has none" if interval is None else f"the interval {interval} ms"),
            "Give how much later than planned a picture may come: zero or more, and less than the "
            "picture-taking interval.",
        )
    zone = values.get("clock")
    if zone is not None and not _is_zone(str(zone)):
        yield bad(
            "CAMERA-CLOCK-ZONE",
            f"{name}: {str(zone)[:40]!r} is not a known time zone",
            "Use a name such as 'Asia/Tokyo', or leave it out for a clock in UTC.",
        )
    days = values.get("retention_days")
    if days is not None and not 0 <= days <= MAX_RETENTION_DAYS:
        yield bad(
            "CAMERA-RETENTION",
            f"{name}: {days} days are no time for which images can be kept after their review",
            f"Give 0 to {MAX_RETENTION_DAYS} days; without a time images are kept for good.",
        )


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def check_cameras(posting: Posting) -> Iterator[Refusal]:
    """Refuse cameras that cannot be, or that look into an area that is not registered."""
    known_areas = areas(posting.connection, posting.metadata)
    for line in posting.lines(CAMERA.name):
        before = known_camera(
            posting.connection, posting.metadata, line["camera"], before_act=posting.act_id
        )
        yield from refused(camera_findings(line, before))
        area = known_areas.get(line["mba"])
        if area is None or area.scope != line["scope"]:
            yield Refusal(
                bad(
                    "CAMERA-AREA",
                    f"{line['camera']}: under the scope of this line no area {line['mba']!r} is "
                    "registered",
                    "State the camera under the scope of its area; a new area is registered first.",
                    mba=line["mba"],
                )
            )


CAMERAS_HOLD = Check("cameras", frozenset({CAMERA.name}), check_cameras)
