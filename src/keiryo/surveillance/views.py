"""Views: what a camera sees from an instant on, which part of it matters, how it looks when well.

A view is numbered within its camera. When a camera is moved, turned or given another lens a new
view begins; zones, mask and reference picture of the earlier one hold no longer from then.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import parse_utc, utc_text
from keiryo.errors import Finding, NotFoundError, RefusedError
from keiryo.journal.model import Actor, Draft, Posted
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import line_node, rows_of
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.storage.engine import Database
from keiryo.surveillance.camera_record import (
    File,
    bad,
    in_evidence,
    keep_picture,
    known_camera,
    scope_of_camera,
    unknown_camera,
)
from keiryo.surveillance.tables import CAMERA_VIEW

if TYPE_CHECKING:
    from keiryo.screening.model import Plane

RECORD_VIEW = "surveillance.view"
MAX_PICTURE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class View:
    """A view of a camera.

    Attributes
    ----------
    values : mapping
        Its last line.
    begin, end : datetime
        From when it holds, and when the next view begins; `end` None: it still holds.
    """

    values: Mapping[str, Any]
    begin: datetime
    end: datetime | None

    @property
    def version(self) -> int:
        """Number within the camera, from 1."""
        return int(self.values["version"])

    @property
    def mask(self) -> str | None:
        """SHA-256 of the mask, or None."""
        return self.values["mask"]  # type: ignore[no-any-return]

    @property
    def reference(self) -> str | None:
        """SHA-256 of the reference picture, or None."""
        return self.values["reference"]  # type: ignore[no-any-return]

    def holds(self, instant: datetime) -> bool:
        """Return whether it is the view at an instant."""
        return self.begin <= instant and (self.end is None or instant < self.end)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "version": self.version,
            "begin": utc_text(self.begin),
            "end": None if self.end is None else utc_text(self.end),
            "words": self.values["words"],
            "mask": self.mask,
            "reference": self.reference,
            "line": line_node(self.values),
        }


def views(
    connection: Connection, metadata: MetaData, camera: str, *, through_act: int | None = None
) -> list[View]:
    """Return the views of a camera in the order of time; of a version the last line counts."""
    table = metadata.tables[CAMERA_VIEW.name]
    rows = rows_of(
        connection, metadata, CAMERA_VIEW.name, table.c.camera == camera, through_act=through_act
    )
    last = sorted({row["version"]: row for row in rows}.values(), key=lambda r: r["version"])
    begins = [parse_utc(row["begin_at"]) for row in last]
    return [
        View(row, begin, end)
        for row, begin, end in zip(last, begins, [*begins[1:], None], strict=False)
    ]


def view_at(
    connection: Connection,
    metadata: MetaData,
    camera: str,
    instant: datetime,
    *,
    through_act: int | None = None,
) -> View | None:
    """Return the view of a camera at an instant; None before the first one begins."""
    every = views(connection, metadata, camera, through_act=through_act)
    return next((one for one in every if one.holds(instant)), None)


def record_view(
    database: Database,
    actor: Actor,
    camera: str,
    words: str,
    begin: datetime,
    *,
    mask: File | None = None,
    reference: File | None = None,
    clock: Clock = system_clock,
) -> Posted:
    """Record that a camera has a new view from an instant on.

    Parameters
    ----------
    database, actor
    camera : str
    words : str
        What is seen.
    begin : datetime
        From when.
    mask, reference : (name, content), optional
        Pictures, kept as evidence. In the mask, white is where changes matter.

    Raises
    ------
    RefusedError
        If it does not hold: all findings.
    NotFoundError
        If there is no such camera.
    """

    def draft(connection: Connection) -> Draft:
        scope = scope_of_camera(connection, database.metadata, camera)
        before = views(connection, database.metadata, camera)
        made = Draft(RECORD_VIEW, f"surveillance:{uuid.uuid4()}")
        kept = {
            name: None if file is None else keep_picture(database, made, file, scope, name, clock)
            for name, file in (("mask", mask), ("reference", reference))
        }
        made.add(
            CAMERA_VIEW.name,
            kept,
            scope=scope,
            camera=camera,
            version=before[-1].version + 1 if before else 1,
            begin_at=utc_text(begin),
            words=words.strip(),
        )
        return made

    wrong = [f for file in (mask, reference) if file is not None for f in _picture_findings(file)]
    if wrong:
        raise RefusedError(f"the view of {camera} is not recorded", wrong, "Give pictures.")
    return post(database, draft, actor, clock=clock)


def mask_plane(database: Database, view: View) -> Plane | None:
    """Return the mask of a view, non-zero where changes matter; None if it has none.

    Raises
    ------
    NotFoundError
        If the file is not there.
    """
    return None if view.mask is None else _decoded(database.evidence.get(view.mask))


def reference_plane(database: Database, view: View) -> Plane | None:
    """Return the brightness of the reference picture of a view; None if it has none."""
    return None if view.reference is None else _decoded(database.evidence.get(view.reference))


def _decoded(content: bytes) -> Plane:
    import cv2
    import numpy as np

    plane = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    if plane is None:
        raise NotFoundError("the kept file is no picture", "Record the view anew with a picture.")
    return np.asarray(plane, np.uint8)


def _picture_findings(file: File) -> Iterator[Finding]:
    name, content = file
    try:
        if len(content) > MAX_PICTURE_BYTES or not content:
            raise NotFoundError("no picture")
        _decoded(content)
    except NotFoundError:
        yield bad(
            "VIEW-PICTURE",
            f"{name[:80]} cannot be read as a picture",
            "Give a mask or reference picture as PNG or JPEG.",
            file=name,
        )


def check_views(posting: Posting) -> Iterator[Refusal]:
    """Refuse views of unknown cameras, out of order, without words, or of files not kept."""
    for line in posting.lines(CAMERA_VIEW.name):
        camera = line["camera"]
        if known_camera(posting.connection, posting.metadata, camera) is None:
            yield Refusal(unknown_camera(camera))
            continue
        before = views(posting.connection, posting.metadata, camera, through_act=posting.act_id - 1)
        earlier = [one for one in before if one.version < line["version"]]
        later = [one for one in before if one.version > line["version"]]
        if line["version"] != 1 and line["version"] - 1 not in {one.version for one in earlier}:
            yield Refusal(
                bad(
                    "VIEW-VERSION",
                    f"{camera}: there is no view {line['version'] - 1} before {line['version']}",
                    "Views of a camera are numbered 1, 2, 3 without a gap.",
                )
            )
        begin = line["begin_at"]
        if (earlier and begin <= utc_text(earlier[-1].begin)) or (
            later and begin >= utc_text(later[0].begin)
        ):
            yield Refusal(
                bad(
                    "VIEW-BEGIN",
                    f"{camera}: view {line['version']} would begin at {begin}, out of order",
                    "A view begins after the one before it; correct the time.",
                )
            )
        if not line["words"].strip():
            yield Refusal(
                bad("VIEW-EMPTY", f"{camera}: nothing says what is seen", "Say it in a few words.")
            )
        for name in ("mask", "reference"):
            if line[name] is not None and not in_evidence(posting, line[name]):
                yield Refusal(
                    bad(
                        "VIEW-EVIDENCE",
                        f"{camera}: the {name} {line[name][:12]}… is not in the record",
                        "Give the file itself, so that it is kept.",
                    )
                )


VIEWS_HOLD = Check("views of cameras", frozenset({CAMERA_VIEW.name}), check_views)
