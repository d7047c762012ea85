"""The time line of an area: cameras, seals and declared operations on one axis.

What was declared stands above what the devices saw, so that an opening without a declaration, or
a declaration that nothing confirms, is seen at once. Every bar and mark leads to its page, and the
table below says the same in words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from litestar import Response, get
from litestar.response import Stream
from sqlalchemy import Connection, MetaData, select

from keiryo.dates import parse_utc, utc_text
from keiryo.journal.dependents import line_of
from keiryo.seals.life import holding
from keiryo.seals.numbers import SealKey, seal_key
from keiryo.seals.register import rows_of_keys, seal_events
from keiryo.seals.tables import SEAL_EVENT, SEAL_INTERVAL
from keiryo.surveillance.marks import marks
from keiryo.surveillance.review_record import rows_of
from keiryo.surveillance.tables import REVIEW, SCREENED_EVENT
from keiryo.surveillance.timeline import Interval, timeline
from keiryo.surveillance.timeline import Row as TimelineRow
from keiryo.web.listing import ListColumn, RowList, ShownList, shown_list
from keiryo.web.pages.areas_frame import why_address
from keiryo.web.pages.cameras_known import (
    CAPABILITY,
    READING,
    TIMELINE,
    Line,
    Period,
    asked_period,
    camera_address,
    day_after,
    event_address,
    known_cameras,
    moment,
    operation_address,
    review_address,
    reviews_by_line,
    reviews_by_screening,
    seal_address,
    timeline_address,
)
from keiryo.web.pages.cameras_picture import (
    camera_leads,
    drawn,
    event_marks,
    in_lanes,
    operation_bar,
    review_bar,
    told_text,
    value_bars,
)
from keiryo.web.pages.cameras_words import (
    EVENT_WORDS,
    KIND_WORDS,
    SEAL_EVENT_LOOKS,
    SEAL_EVENT_WORDS,
    STATE_WORDS,
    word,
)
from keiryo.web.pages.coverage_words import VALUE_WORDS
from keiryo.web.pictures.watch_line import WatchMark, WatchRow
from keiryo.web.rendering import render
from keiryo.web.sections import MenuEntry, Section, reads
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

DAY, WEEK, MONTH = timedelta(days=1), timedelta(days=7), timedelta(days=30)
ORDER = ("operation", "camera", "events", "seal", "review")
CONCLUSION_WORDS = {
    "open": sentence("under review"),
    "positive": sentence("positive"),
    "negative": sentence("negative"),
    "inconclusive": sentence("inconclusive"),
}
PREFIX = "row-"
COLUMNS = (
    ListColumn("kind", sentence("What"), choices=tuple(KIND_WORDS.values())),
    ListColumn("name", sentence("Name"), "code", href=lambda row: row["href"]),
    ListColumn("begin_at", sentence("From"), "time"),
    ListColumn("end_at", sentence("Until"), "time"),
    ListColumn("says", sentence("What it says")),
    ListColumn("reason", sentence("Reason")),
    ListColumn("node", sentence("Why"), "code", href=lambda row: why_address(row["node"])),
)


@get(TIMELINE, sync_to_thread=True, opt=READING)
def timeline_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show what cameras, seals, declared operations and reviews of an area say in a period."""
    watched = watched_areas(viewer)
    mba = str(request.query_params.get("mba", "")).strip()[:40]
    if mba:
        viewer.area(mba)
    crumbs = [(_("Surveillance"), None), (_("Time line"), None)]
    if not mba and not watched:
        asked_period(request, viewer.server.now() - WEEK, viewer.server.now())
        return render(request, "watch_timeline/nothing.html", crumbs=crumbs)
    mba = mba or watched[0]
    end = _latest(viewer, mba)
    period = asked_period(request, end - WEEK, end)
    with viewer.books.reading() as connection:
        rows = rows_known(connection, viewer.metadata, mba, period)
        events = _event_lines(connection, viewer, rows)
        seals = _seal_marks(connection, viewer, rows, period)
        said = marks(
            connection,
            viewer.metadata,
            screenings=sorted({one["screening"] for one in events.values()}),
            known_at=period.known_at,
        )
    verdicts = {key: every[-1].verdict for key, every in said.items() if every}
    told = RowList(list(_table(viewer, rows, events)), COLUMNS)
    listed = shown_list(request, told, f"time-line-{mba}", prefix=PREFIX)
    if not isinstance(listed, ShownList):
        return listed
    for cells, row in zip(listed.rows, listed.found.rows, strict=True):
        cells["kind"] = _(row["kind"])
    areas = sorted({*watched, mba})
    return render(
        request,
        "watch_timeline/timeline.html",
        mba=mba,
        areas=[(code, f"{code} {viewer.areas[code].name or ''}".strip()) for code in areas],
        asked=period.fields(),
        picture=drawn(
            list(_picture_rows(viewer, rows, events, verdicts, seals)),
            period,
            _("Time line of %(mba)s", mba=mba),
        ),
        listed=listed,
        steps=_steps(mba, period),
        lengths=_lengths(mba, period),
        here=TIMELINE,
        crumbs=[*crumbs[:1], (_("Time line of %(mba)s", mba=mba), None)],
    )


def rows_known(
    connection: Connection, metadata: MetaData, mba: str, period: Period
) -> list[TimelineRow]:
    """Return the rows of the time line of an area; of reviews those that had been opened."""
    asked = (connection, metadata, mba, period.begin, period.end)
    rows = timeline(*asked, known_at=period.known_at)
    if period.known_at is None:
        return rows
    opened = rows_of(connection, metadata, REVIEW.name, known_at=period.known_at)
    names = {str(row["review"]) for row in opened}
    return [row for row in rows if row.kind != "review" or row.name in names]


def watched_areas(viewer: Viewer) -> list[str]:
    """Return the areas that are seen and that have cameras, or seals that were attached."""
    found = {one.camera.mba for one in known_cameras(viewer).values()}
    if viewer.reads("seals"):
        table = viewer.metadata.tables[SEAL_EVENT.name]
        query = select(table.c.mba).where(table.c.mba.is_not(None)).distinct()
        with viewer.books.reading() as connection:
            found |= {str(row[0]) for row in connection.execute(query)}
    return sorted(found & set(viewer.areas))


def _latest(viewer: Viewer, mba: str) -> datetime:
    """Return the end of the day of the last image of an area; now, if there is none before."""
    now = viewer.server.now()
    every = [moment(o.last_at) for o in known_cameras(viewer).values() if o.camera.mba == mba]
    last = max((at for at in every if at is not None), default=now)
    return min(day_after(last), now)


# --- the form --------------------------------------------------------------------------------


def _steps(mba: str, period: Period) -> list[tuple[str, str]]:
    """Return the links to a day, a week and a month before and after."""
    told = (
        (_("a month before"), -MONTH),
        (_("a week before"), -WEEK),
        (_("a day before"), -DAY),
        (_("a day after"), DAY),
        (_("a week after"), WEEK),
        (_("a month after"), MONTH),
    )
    return [
        (words, address)
        for words, step in told
        if (address := _moved(mba, period, step, period.end - period.begin))
    ]


def _lengths(mba: str, period: Period) -> list[tuple[str, str]]:
    """Return the links to a day, a week and a month that end where the period ends."""
    told = ((_("one day"), DAY), (_("one week"), WEEK), (_("one month"), MONTH))
    return [
        (words, address)
        for words, length in told
        if (address := _moved(mba, period, timedelta(0), length))
    ]


def _moved(mba: str, period: Period, step: timedelta, length: timedelta) -> str:
    try:
        end = period.end + step
        return timeline_address(mba, end - length, end, period.known_at)
    except OverflowError:  # before the first or after the last of our times
        return ""


# --- the picture -----------------------------------------------------------------------------


def _picture_rows(
    viewer: Viewer,
    rows: Sequence[TimelineRow],
    events: dict[str, Line],
    verdicts: dict[Any, str],
    seals: dict[str, list[WatchMark]],
) -> Iterator[WatchRow]:
    """Yield the rows of the picture: operations, cameras with events, seals, reviews."""
    now = viewer.server.now()
    declared = [
        operation_bar(row.name, one.begin, one.end, one.label, one.reason)
        for row in rows
        for one in row.intervals
        if row.kind == "operation" and one.label == "declared"
    ]
    yield from in_lanes(_("Declared operations"), declared)
    found = {row.name: row for row in rows if row.kind == "events"}
    for row in rows:
        if row.kind == "camera":
            here = camera_address(row.name)
            bars = value_bars(row.intervals, camera_leads(viewer, here), now)
            mine = [events[one.node] for one in found[row.name].intervals if one.node in events]
            signs = event_marks(viewer, mine, verdicts, here)
            yield WatchRow(row.name, tuple(bars), tuple(signs), here)
    for row in rows:
        if row.kind == "seal":
            href = seal_address(row.name)
            bars = value_bars(row.intervals, _leads_to(href), now)
            yield WatchRow(row.name, tuple(bars), tuple(seals.get(row.name, ())), href)
    reviewed = [
        review_bar(row.name, one.begin, one.end)
        for row in rows
        for one in row.intervals
        if row.kind == "review" and one.label == "open"
    ]
    yield from in_lanes(_("Reviews"), reviewed)


def _leads_to(href: str) -> Any:
    return lambda _one: href


def _event_lines(
    connection: Connection, viewer: Viewer, rows: Sequence[TimelineRow]
) -> dict[str, Line]:
    """Return the lines of the events of a time line by their nodes."""
    wanted = {one.node for row in rows if row.kind == "events" for one in row.intervals}
    places = [place for node in wanted if (place := line_of(node)) is not None]
    acts = sorted({act for act, _line in places})
    table = viewer.metadata.tables[SCREENED_EVENT.name]
    found: dict[str, Line] = {}
    for first in range(0, len(acts), 500):
        some = table.c.act_id.in_(acts[first : first + 500])
        for row in rows_of(connection, viewer.metadata, SCREENED_EVENT.name, some):
            node = f"line:{row['act_id']}/{row['line_no']}"
            if node in wanted:
                found[node] = row
    return found


def _seal_marks(
    connection: Connection, viewer: Viewer, rows: Sequence[TimelineRow], period: Period
) -> dict[str, list[WatchMark]]:
    """Return what happened to the seals of a time line, by their names."""
    keys = [seal_key(row.name) for row in rows if row.kind == "seal"]
    if not keys:
        return {}
    found: dict[str, list[WatchMark]] = {}
    until = None if period.known_at is None else utc_text(period.known_at)

    def note(key: SealKey, what: str, at: str) -> None:
        when = parse_utc(at)
        if what in SEAL_EVENT_LOOKS and (until is None or at <= until):
            told = told_text(word(SEAL_EVENT_WORDS, what), when, when)
            one = WatchMark(SEAL_EVENT_LOOKS[what], when, told, seal_address(str(key)))
            found.setdefault(str(key), []).append(one)

    for key, every in seal_events(connection, viewer.metadata, keys).items():
        for event in holding(every):
            note(key, event.event, event.at)
    for row in rows_of_keys(connection, viewer.metadata, SEAL_INTERVAL.name, keys):
        key = SealKey(str(row["body"]), str(row["number"]))
        note(key, str(row["code"]), str(row["begin_at"]))
    return found


# --- the table -------------------------------------------------------------------------------


def _table(
    viewer: Viewer, rows: Sequence[TimelineRow], events: dict[str, Line]
) -> Iterator[dict[str, Any]]:
    """Yield every interval of a time line in words, in the order of the picture."""
    by_line, by_screening = reviews_by_line(viewer), reviews_by_screening(viewer)
    for kind in ORDER:
        for row in (one for one in rows if one.kind == kind):
            for one in row.intervals:
                review = by_line.get(one.node)
                href = _address(row, review)
                if kind == "events" and one.node in events:
                    key = events[one.node]["screening"], events[one.node]["event"]
                    for name in by_screening.get(key[0], []):
                        href = event_address(name, *key)
                yield {
                    "kind": KIND_WORDS[kind],
                    "name": row.name,
                    "href": href,
                    "begin_at": utc_text(one.begin),
                    "end_at": utc_text(one.end),
                    "says": _says(kind, one),
                    "reason": one.reason,
                    "node": one.node,
                }


def _address(row: TimelineRow, review: str | None) -> str:
    if row.kind == "operation":
        return operation_address(row.name)
    if row.kind == "seal":
        return seal_address(row.name)
    if row.kind == "review":
        return review_address(row.name)
    return camera_address(row.name) if review is None else review_address(review)


def _says(kind: str, one: Interval) -> str:
    words = {
        "operation": STATE_WORDS,
        "events": EVENT_WORDS,
        "review": CONCLUSION_WORDS,
    }
    return word(words.get(kind, VALUE_WORDS), one.label)


SECTION = Section(
    "watch timeline",
    handlers=(timeline_page,),
    menu=(
        MenuEntry(sentence("Time line"), TIMELINE, sentence("Surveillance"), 5, reads(CAPABILITY)),
    ),
)
"""What the time line brings to the pages."""
