"""Images that stay because an anomaly of their area is not resolved yet.

An anomaly is there from the moment at which the devices show it, whether or not somebody has
recorded it; until the material is verified the images of its time may be all that tells what
happened. They are those of every camera of the area, and of every camera that watches a way in it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import Connection, MetaData, func, select

from keiryo.containment.register import watches
from keiryo.coverage.anomalies import anomalies
from keiryo.coverage.devices import CAMERA_PREFIX
from keiryo.coverage.evidence import BASIS
from keiryo.dates import utc_text
from keiryo.errors import Finding, Severity
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.surveillance.cameras import cameras
from keiryo.surveillance.retention import ClosedSpans
from keiryo.surveillance.tables import IMAGE, IMAGE_REMOVAL

FOR_GOOD = "9999-12-31T23:59:59.999999Z"
Time = tuple[str, str]
"""Begin and end, UTC as the record holds them."""


def unresolved_times(
    connection: Connection, metadata: MetaData, names: Collection[str]
) -> dict[str, list[Time]]:
    """Return by camera the times of anomalies that nobody has resolved, recorded or not.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    names : collection of str
        Cameras.
    """
    mbas = {n: {one.mba} for n, one in cameras(connection, metadata).items() if n in names}
    for one in watches(connection, metadata):
        name = one.device.removeprefix(CAMERA_PREFIX)
        if name in mbas:
            mbas[name].add(one.mba)
    times = {
        mba: [
            (utc_text(a.time.begin), FOR_GOOD if a.time.end is None else utc_text(a.time.end))
            for a in anomalies(connection, metadata, mba)
            if a.resolution is None
        ]
        for mba in sorted(set().union(*mbas.values()))
    }
    return {name: [t for mba in sorted(mine) for t in times[mba]] for name, mine in mbas.items()}


def check_removals(posting: Posting) -> Iterator[Refusal]:
    """Refuse to remove images of the time of an anomaly that is not resolved."""
    removal, image = posting.table(IMAGE_REMOVAL.name), posting.table(IMAGE.name)
    mine = removal.c.act_id == posting.act_id
    query = select(removal.c.camera).where(mine).distinct()
    names = {str(row[0]) for row in posting.connection.execute(query)}
    for camera, times in unresolved_times(posting.connection, posting.metadata, names).items():
        spans = ClosedSpans()
        spans.add(times)
        query = (
            select(func.min(image.c.name), func.min(image.c.at), func.max(image.c.at))
            .join(
                removal,
                (removal.c.digest == image.c.digest) & (removal.c.camera == image.c.camera),
            )
            .where(mine, image.c.camera == camera)
            .group_by(image.c.digest)
        )
        files = posting.connection.execute(query)
        stay = [str(name) for name, first, last in files if spans.touches(str(first), str(last))]
        if stay:
            some = ", ".join(sorted(stay)[:3])
            yield Refusal(
                Finding(
                    "REMOVAL-ANOMALY",
                    Severity.FORMAT,
                    f"{len(stay)} files of {camera} may not be removed ({some}): they lie in the "
                    "time of an anomaly that is not resolved",
                    "'keiryo coverage anomalies MBA' lists the anomalies; resolve them by "
                    "verifying the material.",
                    basis=BASIS,
                )
            )


ANOMALIES_KEEP_IMAGES = Check(
    "images of anomalies", frozenset({IMAGE_REMOVAL.name}), check_removals
)
