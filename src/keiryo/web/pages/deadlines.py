"""The deadlines board: what is due from which area, by when, and whether it was done in time.

What is due follows from the books and from a profile; the board is drawn as of a day. It is made
once for all viewers and narrowed to the areas of which each of them reads reports. The calendar
file holds exactly what the page shows.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from litestar import Response, get
from litestar.response import Stream
from sqlalchemy import Connection, MetaData

from keiryo.errors import NotFoundError
from keiryo.oversight.calendar_file import calendar_text
from keiryo.oversight.deadlines import Duty, calendar_from, deadlines, summary
from keiryo.profile_files import shipped_tables
from keiryo.profiles import folder_tables
from keiryo.profiles import profile as profile_on
from keiryo.web.listing import ListColumn, Row, RowList, asked_of, download_headers, shown_list
from keiryo.web.pages.boards import areas_reading, asked_day, asked_flag, day_of, writing
from keiryo.web.pictures.deadline_strip import DeadlineLabels, deadline_strip
from keiryo.web.rendering import render
from keiryo.web.sections import MenuEntry, OverviewPart, Section, reads
from keiryo.web.server import Server
from keiryo.web.speaking import day_text, ngettext, number_text, said
from keiryo.web.speaking import gettext as _
from keiryo.web.standing import Standing, StandingAnswer
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

STATES = (
    sentence("overdue"),
    sentence("due soon"),
    sentence("open"),
    sentence("done late"),
    sentence("done"),
)
BADGES = {
    "overdue": "error",
    "due soon": "warning",
    "open": "open",
    "done late": "info",
    "done": "ok",
}
MODEL = "code10"
"""The profile that is shown where none is asked for."""

AHEAD_DAYS = 30
SHOWN_ON_OVERVIEW = 8


def build_duties(
    server: Server,
    connection: Connection,
    metadata: MetaData,
    on: datetime.date,
    name: str,
    in_force: datetime.date | None,
) -> tuple[Duty, ...]:
    """Return the duties of the whole State under a profile, as of a day."""
    del server
    rules = profile_on(name, on)
    return tuple(deadlines(connection, metadata, on, rules, in_force=in_force))


BOARDS = StandingAnswer(build_duties, beside=frozenset({"journal", "people"}))
"""The duties by day, profile and entry into force."""


def profiles_on(day: datetime.date) -> list[tuple[str, str]]:
    """Return name and title of the profiles that hold on a day."""
    found, own = [], folder_tables()
    for name in dict.fromkeys((*shipped_tables().names(), *own.names())):
        try:
            found.append((name, profile_on(name, day, own).title))
        except NotFoundError:
            continue
    return found


def duties_seen(viewer: Viewer, duties: Sequence[Duty]) -> list[Duty]:
    """Return the duties of areas of which the viewer reads reports."""
    mine = areas_reading(viewer, "reports")
    return [duty for duty in duties if duty.mba in mine]


def _report_href(row: Row) -> str | None:
    report = row["report"]
    if report and str(report).isdecimal():
        return f"/reports/{quote(row['mba'])}/{report}"
    return f"/notices/show?notice={quote(str(report))}" if report else None


COLUMNS = (
    ListColumn("due", sentence("Due"), "date"),
    ListColumn("state", sentence("State"), choices=STATES),
    ListColumn("days_left", sentence("Days left"), "number", filterable=False),
    ListColumn("mba", sentence("Area"), "code", href=lambda row: f"/areas/{quote(row['mba'])}"),
    ListColumn("kind", sentence("What"), "code"),
    ListColumn("title", sentence("In words"), filterable=False),
    ListColumn("period", sentence("About"), "code"),
    ListColumn("form", sentence("Form"), "code"),
    ListColumn("report", sentence("Done by"), "code", href=_report_href),
    ListColumn("dated", sentence("Done on"), "date"),
    ListColumn("subject", sentence("Subject")),
    ListColumn("in_books", sentence("Shown by the books"), "number", filterable=False, hidden=True),
)


def listed(duties: Sequence[Duty]) -> list[dict[str, Any]]:
    """Return duties as a list shows them; of what is done nothing is left to count."""
    return [
        {**duty.to_dict(), "days_left": None if duty.done else duty.days_left} for duty in duties
    ]


@get("/deadlines", sync_to_thread=True, opt={"reads": "reports"})
def deadlines_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show what is due, done and undone under a profile, as of a day."""
    on = asked_day(request, "on", viewer.today)
    name = str(request.query_params.get("profile", "")).strip()[:60] or MODEL
    in_force = day_of(str(request.query_params.get("in_force", "")))
    done = asked_flag(request, "all")
    standing = BOARDS.get(viewer, on, name, in_force)
    every = duties_seen(viewer, standing.answer)
    wanted = str(request.query_params.get("state", ""))
    chosen = every if done or wanted in ("done", "done late") else [d for d in every if not d.done]
    rows = RowList(listed(chosen), COLUMNS)
    table = shown_list(request, rows, "deadlines")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        state = str(row["state"])
        cells["state"] = {"text": _(state), "badge": BADGES[state]}
        cells["title"] = _(str(row["title"]))
    counts = summary(every)
    kept = {"on": on.isoformat(), "profile": name, "all": "1" if done else ""}
    kept["in_force"] = "" if in_force is None else in_force.isoformat()
    filters = {k: v for k, v in request.query_params.items() if k not in kept and k != "format"}
    asked = {k: v for k, v in {**kept, **filters}.items() if v}
    return render(
        request,
        "boards/deadlines.html",
        standing=standing,
        on=on,
        profile=name,
        profiles=profiles_on(on),
        in_force=in_force,
        every=done,
        counts=[
            {
                "text": _(state),
                "badge": BADGES[state],
                "count": counts[state],
                "href": f"/deadlines?{urlencode({**_without_empty(kept), 'state': state})}",
            }
            for state in STATES
            if counts.get(state)
        ],
        listed=table,
        picture=_strip(_filtered(request, chosen), on, name) if chosen else "",
        calendar=f"/deadlines/calendar?{urlencode(asked)}",
        outside=any(not duty.in_books for duty in chosen),
        crumbs=[(_("Deadlines"), None)],
    )


def _without_empty(values: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}


def _filtered(request: AnyRequest, duties: Sequence[Duty]) -> list[Duty]:
    """Return the duties that the filter of the list lets through."""
    asked = asked_of(request.query_params, COLUMNS)
    rows = [{**row, "_duty": duty} for row, duty in zip(listed(duties), duties, strict=True)]
    return [row["_duty"] for row in RowList(rows, COLUMNS).rows(asked)]


def _strip(duties: Sequence[Duty], on: datetime.date, name: str) -> str:
    def href(some: Sequence[Duty]) -> str:
        asked = {"on": on.isoformat(), "profile": name, "mba": some[0].mba, "all": "1"}
        if len({duty.due for duty in some}) == 1:
            asked["due"] = some[0].due.isoformat()
        return f"/deadlines?{urlencode(asked)}"

    labels = DeadlineLabels(
        title=_("Deadlines as of {day}"),
        description=_("{counts}. Areas: {areas}."),
        nothing=_("Nothing is due."),
        today=_("as of"),
        more=_("and {count} more areas"),
        states=_,
    )
    return deadline_strip(duties, on, href=href, labels=labels, writing=writing())


@get("/deadlines/calendar", sync_to_thread=True, opt={"reads": "reports"})
def calendar_page(request: AnyRequest, viewer: Asking) -> Response[bytes]:
    """Hand out what the filter lets through as a calendar file."""
    on = asked_day(request, "on", viewer.today)
    name = str(request.query_params.get("profile", "")).strip()[:60] or MODEL
    in_force = day_of(str(request.query_params.get("in_force", "")))
    duties = duties_seen(viewer, BOARDS.get(viewer, on, name, in_force).answer)
    some = calendar_from(on, _filtered(request, duties))
    title = f"Deadlines {viewer.state} {name}"
    text = calendar_text(some, name=title, stamp=viewer.server.now())
    return Response(
        text.encode(),
        media_type="text/calendar; charset=utf-8",
        headers=download_headers(f"deadlines-{viewer.state}-{on}.ics"),
    )


def shown_today(viewer: Viewer) -> dict[str, Any]:
    """Return what the overview shows: what is overdue, and what is due in the next days."""
    standing: Standing[tuple[Duty, ...]] = BOARDS.get(viewer, viewer.today, MODEL, None)
    undone = [duty for duty in duties_seen(viewer, standing.answer) if not duty.done]
    near = [duty for duty in undone if duty.days_left <= AHEAD_DAYS]
    counts = summary(undone)
    return {
        "standing": standing,
        "ahead_days": AHEAD_DAYS,
        "counts": [
            {
                "text": _(state),
                "badge": BADGES[state],
                "count": counts[state],
                "href": f"/deadlines?state={quote(state)}",
            }
            for state in STATES
            if counts.get(state)
        ],
        "near": [
            {
                "badge": BADGES[duty.state],
                "state": _(duty.state),
                "day": day_text(duty.due),
                "text": f"{duty.mba} {said(duty.kind)} {duty.period}",
                "href": f"/deadlines?{urlencode({'mba': duty.mba, 'kind': duty.kind})}",
                "left": _left(duty.days_left),
            }
            for duty in near[:SHOWN_ON_OVERVIEW]
        ],
        "near_count": len(near),
    }


def _left(days: int) -> str:
    if days == 0:
        return _("today")
    if days < 0:
        return ngettext(
            "%(number)s day ago", "%(number)s days ago", -days, number=number_text(-days)
        )
    return ngettext("in %(number)s day", "in %(number)s days", days, number=number_text(days))


def overview_part(viewer: Viewer) -> dict[str, Any]:
    """Return the part of the overview; the board is asked for when it is shown."""
    del viewer
    return {"shown": shown_today}


SECTION = Section(
    "deadlines",
    handlers=(deadlines_page, calendar_page),
    menu=(MenuEntry(sentence("Deadlines"), "/deadlines", "Today", 30, reads("reports"), key="d"),),
    overview=(
        OverviewPart(
            "deadlines",
            sentence("Deadlines"),
            20,
            reads("reports"),
            overview_part,
            "boards/overview_deadlines.html",
        ),
    ),
)
