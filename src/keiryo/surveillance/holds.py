"""Holds: images of a period that must be kept although their time of retention may be over."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import utc_text
from keiryo.errors import NotFoundError
from keiryo.journal.model import Actor, Draft, Posted
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import line_node, rows_of
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.storage.engine import Database
from keiryo.surveillance.camera_record import bad, known_camera, scope_of_camera, unknown_camera
from keiryo.surveillance.tables import IMAGE_HOLD

HOLD = "surveillance.hold"


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold as it stands.

    Attributes
    ----------
    name, camera, begin_at, end_at, reason, state, line : str
    """

    name: str
    camera: str
    begin_at: str
    end_at: str
    reason: str
    state: str
    line: str

    @property
    def stands(self) -> bool:
        """Whether it was not released."""
        return self.state == "held"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        names = ("camera", "begin_at", "end_at", "reason", "state", "line")
        return {"hold": self.name, **{name: getattr(self, name) for name in names}}


def holds(
    connection: Connection,
    metadata: MetaData,
    *,
    camera: str | None = None,
    through_act: int | None = None,
) -> list[Hold]:
    """Return the holds as they stand, in the order of their names."""
    rows = rows_of(connection, metadata, IMAGE_HOLD.name, through_act=through_act)
    last = {row["hold"]: row for row in rows}
    return [
        Hold(
            name, row["camera"], row["begin_at"], row["end_at"], row["reason"], row["state"],
            line_node(row),
        )
        for name, row in sorted(last.items())
        if camera is None or row["camera"] == camera
    ]  # fmt: skip


def hold(
    database: Database,
    actor: Actor,
    name: str,
    camera: str,
    begin: datetime,
    end: datetime,
    reason: str,
    *,
    clock: Clock = system_clock,
) -> Posted:
    """Record that the images of a camera in [begin, end] must be kept.

    Raises
    ------
    RefusedError
        If it does not hold.
    NotFoundError
        If there is no such camera.
    """

    def draft(connection: Connection) -> Draft:
        scope = scope_of_camera(connection, database.metadata, camera)
        made = Draft(HOLD, f"surveillance:{uuid.uuid4()}")
        made.add(
            IMAGE_HOLD.name,
            scope=scope,
            hold=name.strip(),
            camera=camera,
            begin_at=utc_text(begin),
            end_at=utc_text(end),
            reason=reason.strip(),
            state="held",
        )
        return made

    return post(database, draft, actor, clock=clock)


def release_hold(
    database: Database, actor: Actor, name: str, reason: str, *, clock: Clock = system_clock
) -> Posted:
    """Record that images need be held no longer.

    Raises
    ------
    NotFoundError
        If there is no such hold.
    """

    def draft(connection: Connection) -> Draft:
        every = holds(connection, database.metadata)
        one = next((h for h in every if h.name == name and h.stands), None)
        if one is None:
            raise NotFoundError(
                f"there is no hold {name[:60]!r}", "'keiryo surveillance holds' lists them."
            )
        scope = scope_of_camera(connection, database.metadata, one.camera)
        made = Draft(HOLD, f"surveillance:{uuid.uuid4()}")
        made.add(
            IMAGE_HOLD.name,
            scope=scope,
            hold=one.name,
            camera=one.camera,
            begin_at=one.begin_at,
            end_at=one.end_at,
            reason=reason.strip(),
            state="released",
        )
        return made

    return post(database, draft, actor, clock=clock)


def check_holds(posting: Posting) -> Iterator[Refusal]:
    """Refuse holds of unknown cameras, without a period or a reason, or moved elsewhere."""
    before = {
        one.name: one
        for one in holds(posting.connection, posting.metadata, through_act=posting.act_id - 1)
    }
    for line in posting.lines(IMAGE_HOLD.name):
        name = line["hold"]
        if known_camera(posting.connection, posting.metadata, line["camera"]) is None:
            yield Refusal(unknown_camera(line["camera"]))
            continue
        if line["end_at"] < line["begin_at"]:
            yield Refusal(
                bad(
                    "HOLD-PERIOD",
                    f"{name}: the images would end before they begin",
                    "Correct the period.",
                )
            )
        if not name.strip() or not line["reason"].strip():
            yield Refusal(
                bad(
                    "HOLD-EMPTY",
                    f"the hold {name[:60]!r} needs a name and a reason",
                    "Give it a name, and say why the images are kept, or may go again.",
                )
            )
        if name in before and before[name].camera != line["camera"]:
            yield Refusal(
                bad(
                    "HOLD-CAMERA",
                    f"there is a hold {name} already, for images of {before[name].camera}",
                    "Give every hold a name of its own.",
                )
            )


HOLDS_HOLD = Check("holds of images", frozenset({IMAGE_HOLD.name}), check_holds)
