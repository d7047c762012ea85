"""What came in of a camera: sums by day, sets, and every image, as lists and pages show them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, MetaData, case, func, select

from keiryo.dates import utc_text
from keiryo.journal.reading import line_node, rows_of
from keiryo.surveillance.cameras import camera as read_camera
from keiryo.surveillance.cameras import split_list
from keiryo.surveillance.ingest_record import ANOMALOUS, UNREADABLE
from keiryo.surveillance.tables import IMAGE, IMAGE_REMOVAL, IMAGE_SET


def days(
    connection: Connection,
    metadata: MetaData,
    camera: str,
    *,
    begin: datetime | None = None,
    end: datetime | None = None,
    through_act: int | None = None,
) -> list[dict[str, Any]]:
    """Return the images of a camera summed by day in UTC, by true time.

    Returns
    -------
    list of dict
        ``day``, ``images``, ``scheduled``, ``triggered``, ``unreadable``, ``anomalous`` (bad
        signature, broken chain, other than listed, equivocation), ``first``, ``last``.

    Raises
    ------
    NotFoundError
        If there is no such camera.
    """
    read_camera(connection, metadata, camera)
    c = metadata.tables[IMAGE.name].c
    day = func.substr(c.at, 1, 10).label("day")

    def count(condition: Any, name: str) -> Any:
        return func.sum(case((condition, 1), else_=0)).label(name)

    query = select(
        day,
        func.count().label("images"),
        count(c.trigger == "scheduled", "scheduled"),
        count(c.trigger != "scheduled", "triggered"),
        count(c.state == UNREADABLE, "unreadable"),
        count(c.state.in_(ANOMALOUS), "anomalous"),
        func.min(c.at).label("first"),
        func.max(c.at).label("last"),
    ).where(*_period(c, camera, begin, end, through_act))
    rows = connection.execute(query.group_by(day).order_by(day)).mappings()
    return [{k: int(v) if isinstance(v, int) else v for k, v in row.items()} for row in rows]


def image_rows(
    connection: Connection,
    metadata: MetaData,
    camera: str,
    *,
    begin: datetime | None = None,
    end: datetime | None = None,
    after: tuple[str, int, int] | None = None,
    limit: int | None = None,
    through_act: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield the images of a camera in the order of their true times.

    Parameters
    ----------
    connection, metadata, camera
    begin, end : datetime, optional
        Half-open.
    after : (at, act, line), optional
        Begin after this image, to read on by pages.
    limit : int, optional
        Most images.
    through_act : int, optional
        What had been recorded with an act.

    Yields
    ------
    dict
        ``at``, ``camera_at``, ``sequence``, ``name``, ``frame``, ``trigger``, ``state``, ``set``,
        ``digest``, ``kept`` (whether the record does not say that it was removed), ``line``.
    """
    c = metadata.tables[IMAGE.name].c
    gone = metadata.tables[IMAGE_REMOVAL.name].c
    removed = {
        str(row[0]) for row in connection.execute(select(gone.digest).where(gone.camera == camera))
    }
    query = select(metadata.tables[IMAGE.name])
    query = query.where(*_period(c, camera, begin, end, through_act))
    if after is not None:
        at, act, line = after
        later = (c.act_id > act) | ((c.act_id == act) & (c.line_no > line))
        query = query.where((c.at > at) | ((c.at == at) & later))
    query = query.order_by(c.at, c.act_id, c.line_no)
    if limit is not None:
        query = query.limit(limit)
    names = ("at", "camera_at", "sequence", "name", "frame", "trigger", "state")
    for row in connection.execute(query, execution_options={"yield_per": 1000}).mappings():
        yield {
            **{name: row[name] for name in names},
            "set": row["set_name"],
            "digest": row["digest"],
            "kept": row["digest"] not in removed,
            "line": f"line:{row['act_id']}/{row['line_no']}",
        }


def set_rows(
    connection: Connection,
    metadata: MetaData,
    *,
    camera: str | None = None,
    through_act: int | None = None,
) -> list[dict[str, Any]]:
    """Return the sets as they came in, one for each act, in the order of the record."""
    table = metadata.tables[IMAGE_SET.name]
    conditions = () if camera is None else (table.c.camera == camera,)
    rows = rows_of(connection, metadata, IMAGE_SET.name, *conditions, through_act=through_act)
    names = (
        *("set_name", "camera", "source", "medium", "received_at", "images", "duplicates"),
        *("unreadable", "sequence_gaps", "authentic", "first_at", "last_at", "manifest"),
    )
    return [
        {
            **{name: row[name] for name in names},
            "custody": " → ".join(split_list(row["custody"])) or None,
            "line": line_node(row),
        }
        for row in rows
    ]


def _period(
    c: Any,
    camera: str,
    begin: datetime | None,
    end: datetime | None,
    through_act: int | None,
) -> list[Any]:
    conditions = [c.camera == camera]
    if begin is not None:
        conditions.append(c.at >= utc_text(begin))
    if end is not None:
        conditions.append(c.at < utc_text(end))
    if through_act is not None:
        conditions.append(c.act_id <= through_act)
    return conditions
