"""What the posting pipeline asks of cameras, images, their removal, and declared operations."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select

from keiryo.dates import parse_utc
from keiryo.errors import Finding, Severity
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.journal.tables import EVIDENCE
from keiryo.surveillance.camera_record import BASIS, bad, known_camera, unknown_camera
from keiryo.surveillance.cameras import CAMERAS_HOLD, Camera
from keiryo.surveillance.clocks import CLOCKS_HOLD
from keiryo.surveillance.declared_operations import OPERATIONS_HOLD
from keiryo.surveillance.holds import HOLDS_HOLD
from keiryo.surveillance.retention import (
    ANOMALY,
    HELD,
    IMAGE_ROLES,
    NAMED,
    NO_PERIOD,
    NOT_REVIEWED,
    REASONS,
    files_of_camera,
)
from keiryo.surveillance.tables import CASE_FILE, IMAGE, IMAGE_REMOVAL, IMAGE_SET
from keiryo.surveillance.views import VIEWS_HOLD, view_at
from keiryo.surveillance.zones import ZONES_HOLD

EARLIEST = "1960-01-01T00:00:00.000000Z"
_REFUSED = {
    HELD: ("REMOVAL-HELD", "Release the hold first, if the images need no longer be kept."),
    NAMED: ("REMOVAL-NAMED", "Leave them out: what another record names is kept for good."),
    ANOMALY: ("REMOVAL-ANOMALY", "Leave them out: they are kept for good, as what shows it."),
    NOT_REVIEWED: ("REMOVAL-NOT-REVIEWED", "Review the period first."),
    NO_PERIOD: ("REMOVAL-NO-PERIOD", "Record a time of retention for the camera first."),
}


def check_images(posting: Posting) -> Iterator[Finding | Refusal]:
    """Refuse sets of unknown cameras, images outside their set, images that are not kept."""
    sets = {}
    for line in posting.lines(IMAGE_SET.name):
        camera = line["camera"]
        sets[line["set_name"], camera] = line
        known = known_camera(posting.connection, posting.metadata, camera)
        if known is None or known["scope"] != line["scope"]:
            yield Refusal(unknown_camera(camera))
        elif line["first_at"] is not None:
            yield from _period(posting, line)
    table = posting.table(IMAGE.name)
    query = select(table.c.set_name, table.c.camera, table.c.scope, func.count()).where(
        table.c.act_id == posting.act_id
    )
    found = posting.connection.execute(
        query.group_by(table.c.set_name, table.c.camera, table.c.scope)
    )
    for set_name, camera, scope, count in found:
        one = sets.get((set_name, camera))
        if one is None or one["scope"] != scope or one["images"] != count:
            yield Refusal(
                bad(
                    "IMAGE-SET",
                    f"{count} images of {camera} are not those that the set {set_name} counts",
                    "Images are posted with the set that they came in.",
                )
            )
    yield from _not_kept(posting)


def _period(posting: Posting, line: dict[str, str]) -> Iterator[Finding | Refusal]:
    camera, first, last = line["camera"], line["first_at"], str(line["last_at"])
    if not EARLIEST <= first <= last or last > line["received_at"][:4] + "-99":
        yield Refusal(
            bad(
                "IMAGE-PERIOD",
                f"the images of {camera} state times from {first} to {last}: before 1960, in the "
                "wrong order, or after the year in which they came in",
                "If the camera's clock is wrong, record a reading of it; if the times come from "
                "'--start' or from names of files, correct these. Then take the images in again.",
            )
        )
        return
    if last > line["received_at"]:
        yield Finding(
            "IMAGE-FUTURE",
            Severity.WARNING,
            f"images of {camera} state times after they came in, up to {last}",
            "Read the camera's clock and record the reading.",
            basis=BASIS,
        )
    if view_at(posting.connection, posting.metadata, camera, parse_utc(first)) is None:
        yield Finding(
            "VIEW-NONE",
            Severity.INFORMATION,
            f"no view of {camera} is recorded for {first}",
            "Record what it sees and from when: 'keiryo surveillance view'.",
            basis=BASIS,
        )


def _not_kept(posting: Posting) -> Iterator[Refusal]:
    image, evidence = posting.table(IMAGE.name), posting.table(EVIDENCE.name)
    there = select(evidence.c.digest).where(
        evidence.c.digest == image.c.digest, evidence.c.kept == 1
    )
    query = select(image.c.name).where(image.c.act_id == posting.act_id, ~there.exists()).limit(1)
    name = posting.connection.execute(query).scalar()
    if name is not None:
        yield Refusal(
            bad(
                "IMAGE-NOT-KEPT",
                f"{name} is no evidence that is kept",
                "Take images in with 'keiryo surveillance ingest', which keeps them.",
            )
        )


def check_removals(posting: Posting) -> Iterator[Refusal]:
    """Refuse to say of evidence that it was removed, unless it is an image that may go."""
    wanted: dict[str, list[str]] = {}
    for line in posting.lines(IMAGE_REMOVAL.name):
        wanted.setdefault(line["camera"], []).append(line["digest"])
    told: dict[str, list[str]] = {}
    for camera, digests in wanted.items():
        row = known_camera(posting.connection, posting.metadata, camera)
        if row is None:
            yield Refusal(unknown_camera(camera))
            continue
        yield from _no_images(posting, camera, digests)
        asked = set(digests)
        for file in files_of_camera(
            posting.connection, posting.metadata, Camera(row), None, leave_out=posting.act_id
        ):
            if file.digest in asked and file.kept_for in _REFUSED:
                told.setdefault(str(file.kept_for), []).append(file.name)
    for reason, names in told.items():
        code, advice = _REFUSED[reason]
        some = ", ".join(names[:3])
        yield Refusal(
            bad(code, f"{len(names)} files may not be removed ({some}): {REASONS[reason]}", advice)
        )


def _no_images(posting: Posting, camera: str, digests: list[str]) -> Iterator[Refusal]:
    image, evidence = posting.table(IMAGE.name), posting.table(EVIDENCE.name)
    removal = posting.table(IMAGE_REMOVAL.name)
    mine = (removal.c.act_id == posting.act_id) & (removal.c.camera == camera)
    is_image = select(image.c.digest).where(
        image.c.digest == removal.c.digest, image.c.camera == camera
    )
    is_other = select(evidence.c.digest).where(
        evidence.c.digest == removal.c.digest, evidence.c.role.notin_(IMAGE_ROLES)
    )
    query = select(removal.c.digest).where(mine, ~is_image.exists() | is_other.exists()).limit(3)
    found = [str(row[0]) for row in posting.connection.execute(query)]
    if found:
        names = ", ".join(f"{one[:12]}…" for one in found)
        yield Refusal(
            bad(
                "REMOVAL-NOT-IMAGE",
                f"{names}: no images of {camera}, or evidence of something else as well",
                "Only images have a time of retention; all other evidence stays.",
            )
        )
    if len(set(digests)) != len(digests):
        yield Refusal(
            bad("REMOVAL-TWICE", f"{camera}: a file would be removed twice", "Name it once.")
        )


def check_case_files(posting: Posting) -> Iterator[Refusal]:
    """Refuse case files of unknown cameras."""
    for line in posting.lines(CASE_FILE.name):
        if known_camera(posting.connection, posting.metadata, line["camera"]) is None:
            yield Refusal(unknown_camera(line["camera"]))


IMAGE_CHECKS = (
    *(CAMERAS_HOLD, VIEWS_HOLD, ZONES_HOLD, CLOCKS_HOLD, OPERATIONS_HOLD, HOLDS_HOLD),
    Check("images", frozenset({IMAGE_SET.name, IMAGE.name}), check_images),
    Check("removal of images", frozenset({IMAGE_REMOVAL.name}), check_removals),
    Check("case files", frozenset({CASE_FILE.name}), check_case_files),
)
"""Checks of cameras, images and declared operations, for the capability."""
