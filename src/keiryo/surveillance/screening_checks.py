"""Screenings in the posting pipeline: their numbers are those of the record, whoever posts them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from keiryo.errors import Finding
from keiryo.journal.reading import rows_of
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.surveillance.camera_record import in_evidence, known_camera, unknown_camera
from keiryo.surveillance.images_of import RECEIVED, images_of
from keiryo.surveillance.review_record import is_instant, wrong
from keiryo.surveillance.review_tally import runs_of
from keiryo.surveillance.tables import SCREENED_EVENT, SCREENED_RUN, SCREENING, VIEW_CONDITION

_KEPT = {"event": "presented", "quiet": "quiet", "unhealthy": "unhealthy"}


def check_screenings(posting: Posting) -> Iterator[Finding | Refusal]:
    """Refuse screenings whose runs do not account for every image, each exactly once."""
    lines = list(posting.lines(SCREENING.name))
    names = [line["screening"] for line in lines]
    for kind in (SCREENED_RUN.name, SCREENED_EVENT.name, VIEW_CONDITION.name):
        strays = {row["screening"] for row in posting.lines(kind)} - set(names)
        for name in sorted(strays):
            yield Refusal(
                wrong(
                    "SCREENING-STRAY",
                    f"lines of {name[:80]!r} come without its screening",
                    "Record a screening with its runs, events and conditions in one act.",
                )
            )
    for line in lines:
        if known_camera(posting.connection, posting.metadata, line["camera"]) is None:
            yield Refusal(unknown_camera(line["camera"]))
            continue
        yield from (Refusal(one) for one in _findings(posting, line, names))


def _findings(posting: Posting, line: dict[str, Any], names: list[str]) -> Iterator[Finding]:
    name = line["screening"]
    table = posting.table(SCREENING.name)
    same = rows_of(
        posting.connection,
        posting.metadata,
        SCREENING.name,
        table.c.screening == name,
        through_act=posting.act_id - 1,
    )
    if same or names.count(name) > 1 or not name or "|" in name:
        yield wrong(
            "SCREENING-NAME",
            f"{name[:80]!r} is no name for a new screening",
            "Give every screening a name of its own, without bars.",
        )
        return
    period = line["begin_at"], line["end_at"]
    if not (all(map(is_instant, period)) and line["through_act"] < posting.act_id):
        yield wrong(
            "SCREENING-PERIOD",
            f"{name}: {period[0]} to {period[1]} is no period of images that were recorded",
            "State the period in UTC, and the last act whose images were screened.",
        )
        return
    if not in_evidence(posting, line["result"]):
        yield wrong(
            "SCREENING-RESULT",
            f"{name}: its result is not kept",
            "Keep the whole result as evidence, and name it by its digest.",
        )
    yield from _count_findings(posting, line)


def _count_findings(posting: Posting, line: dict[str, Any]) -> Iterator[Finding]:
    connection, metadata, name = posting.connection, posting.metadata, line["screening"]
    images = images_of(
        connection,
        metadata,
        line["camera"],
        line["begin_at"],
        line["end_at"],
        through_act=line["through_act"],
    )
    runs = runs_of(connection, metadata, name)
    told = dict.fromkeys(_KEPT, 0)
    for run in runs:
        told[run["standing"]] += run["images"]
    counted = {"received": sum(told.values())}
    counted |= {column: told[standing] for standing, column in _KEPT.items()}
    differ = [column for column, count in counted.items() if line[column] != count]
    if differ or counted["received"] != images.count:
        yield wrong(
            "SCREENING-COUNT",
            f"{name}: {images.count} images are recorded, its runs account for "
            f"{counted['received']}, and it states {line['received']}",
            "Screen the period again; every image is counted exactly once.",
            found=str(line["received"]),
            expected=str(images.count),
        )
        return
    healthy = np.repeat(
        np.array([run["standing"] != "unhealthy" for run in runs], dtype=np.bool_),
        np.array([run["images"] for run in runs], dtype=np.int64),
    )
    usable = np.array([state == RECEIVED for state in images.state], dtype=np.bool_)
    if (healthy & ~usable).any():
        yield wrong(
            "SCREENING-QUIET",
            f"{name}: {int((healthy & ~usable).sum())} images that nobody can rely on count as "
            "quiet or as seen in an event",
            "What is unreadable, removed or not authentic is never quiet. Screen it again.",
        )
    events = {
        row["event"] for row in posting.lines(SCREENED_EVENT.name) if row["screening"] == name
    }
    named = {run["event"] for run in runs} | {run["created_by"] for run in runs}
    if (named - {None}) - events or events != set(range(1, len(events) + 1)):
        yield wrong(
            "SCREENING-EVENT",
            f"{name}: its runs and its events do not belong together",
            "Number the events from 1, and name in the runs none that is not there.",
        )


SCREENINGS_HOLD = Check(
    "screenings of images",
    frozenset({SCREENING.name, SCREENED_RUN.name, SCREENED_EVENT.name, VIEW_CONDITION.name}),
    check_screenings,
)
