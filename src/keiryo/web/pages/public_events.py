"""Major public events: the plan with its map, instruments on loan, readiness, the day, the close.

What is due follows from the plan in force, the register of equipment and the checks of the event;
the page says the same as the commands, and every line leads to its act.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Stream

from keiryo.dates import number_date, utc_text
from keiryo.errors import NotFoundError, RefusedError
from keiryo.public_events.acts import events_rows
from keiryo.public_events.alarm_log import alarms, statistics
from keiryo.public_events.case_links import with_cases
from keiryo.public_events.closing import final_report
from keiryo.public_events.day_tables import (
    EVENT_REPORT,
    OPEN,
    PUBLIC_EVENT_LESSON,
    PUBLIC_EVENT_LOCK,
    PUBLIC_EVENT_REPORT,
    PUBLIC_EVENT_SPOT,
    PUBLIC_EVENT_SURVEY,
    PUBLIC_EVENT_SWEEP,
)
from keiryo.public_events.due import duties
from keiryo.public_events.exchange import releases
from keiryo.public_events.plans import Version, in_force, plan_of, versions
from keiryo.public_events.report_document import as_docx
from keiryo.public_events.sheets import EventPlan
from keiryo.public_events.sweeping import readiness
from keiryo.web.listing import ListColumn, Row, RowList, download_headers, shown_list
from keiryo.web.pages.cooperation_known import done_act
from keiryo.web.pages.evaluation_asked import plain_finding
from keiryo.web.pages.portals_known import CASES
from keiryo.web.pages.portals_words import STATE_WORDS
from keiryo.web.pages.public_events_forms import entries_offered, entry_page, record_entry
from keiryo.web.pages.public_events_map import map_of
from keiryo.web.rendering import render
from keiryo.web.sections import MenuEntry, Section, reads
from keiryo.web.speaking import day_text, instant_text, number_text
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

CAPABILITY = "public_events"
READING = {"reads": CAPABILITY}
HOME = "/public-events"
PLAN_WORDS = {
    "draft": sentence("draft"),
    "approved": sentence("approved"),
    "rejected": sentence("rejected"),
}
PLAN_BADGES = {"draft": "wait", "approved": "ok", "rejected": "error"}
DUTY_WORDS = {
    "ahead": sentence("ahead"),
    "due": sentence("due"),
    "late": sentence("late"),
    "done": sentence("done"),
    "done late": sentence("done late"),
}
DUTY_BADGES = {"ahead": "plain", "due": "warning", "late": "error", "done": "ok",
               "done late": "info"}  # fmt: skip
ALARM_WORDS = {
    "open": sentence("open"),
    "false": sentence("false"),
    "innocent": sentence("innocent"),
    "response": sentence("handed over to response"),
}
ALARM_BADGES = {"open": "error", "false": "plain", "innocent": "ok", "response": "error"}
SEEN_WORDS = {
    "gamma": sentence("gamma"),
    "neutron": sentence("neutrons"),
    "both": sentence("gamma and neutrons"),
    "information": sentence("information"),
}
RELEASE_WORDS = {
    "asked": sentence("asked for"),
    "released": sentence("released"),
    "refused": sentence("refused"),
}


def event_address(event: str) -> str:
    """Return the page of an event."""
    return f"{HOME}/{quote(event, safe='')}"


COLUMNS = (
    ListColumn("event", sentence("Event"), "code", href=lambda row: event_address(row["event"])),
    ListColumn("title", sentence("Title")),
    ListColumn("begins", sentence("Begins"), "date"),
    ListColumn("closes", sentence("Closes"), "date"),
    ListColumn("version", sentence("Version"), "code"),
    ListColumn("state", sentence("Plan"), choices=tuple(PLAN_WORDS.values())),
    ListColumn("late", sentence("Late"), "number", filterable=False),
    ListColumn("open", sentence("Open alarms"), "number", filterable=False),
    ListColumn("ended", sentence("Closed on"), "date"),
)


@get(HOME, sync_to_thread=True, opt=READING)
def events_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """List events with how their plans stand and what is late."""
    rows = [_event_row(viewer, event, some) for event, some in _known(viewer).items()]
    table = shown_list(request, RowList(rows, COLUMNS), "public-events")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["state"] = {"text": _(row["state"]), "badge": PLAN_BADGES[row["state_name"]]}
    return render(
        request,
        "public_events/list.html",
        listed=table,
        total=len(rows),
        crumbs=[(_("Public events"), None)],
    )


def _known(viewer: Viewer) -> dict[str, list[Version]]:
    """Return the versions of the plans that are seen, by event."""
    with viewer.books.reading() as connection:
        every = versions(connection, viewer.metadata)
    found: dict[str, list[Version]] = {}
    for (event, _version), one in every.items():
        found.setdefault(event, []).append(one)
    return found


def _event_row(viewer: Viewer, event: str, some: list[Version]) -> dict[str, Any]:
    now = utc_text(viewer.server.now())
    with viewer.whole.reading() as connection:
        chosen = in_force(connection, viewer.metadata, event) or some[-1]
        late = 0
        if chosen.state == "approved":
            told = duties(connection, viewer.metadata, event, now)
            late = sum(one.state == "late" for one in told)
        log = alarms(connection, viewer.metadata, event).values()
        ended = _ended(connection, viewer, event)
    return {
        "event": event,
        "title": chosen.values["title"],
        "begins": number_date(chosen.values["begins"]),
        "closes": number_date(chosen.values["closes"]),
        "version": chosen.values["version"],
        "state": PLAN_WORDS[chosen.state],
        "state_name": chosen.state,
        "late": late,
        "open": sum(one["state"] == OPEN for one in log),
        "ended": ended,
    }


def _ended(connection: Any, viewer: Viewer, event: str) -> datetime.date | None:
    told = events_rows(connection, viewer.metadata, PUBLIC_EVENT_REPORT.name, event)
    days = [number_date(one["on_day"]) for one in told if one["what"] == EVENT_REPORT]
    return days[-1] if days else None


def _require(viewer: Viewer, event: str) -> list[Version]:
    """Return the versions of an event that is seen.

    Raises
    ------
    NotFoundError
    """
    found = _known(viewer).get(event)
    if not found:
        raise NotFoundError(f"there is no event {event[:60]} that you may see")
    return found


@get(HOME + "/{event:str}", sync_to_thread=True, opt=READING)
def event_page(request: AnyRequest, viewer: Asking, event: FromPath[str]) -> Response[Any]:
    """Show an event: its plan on a map, instruments, what is due, the day, the close."""
    some = _require(viewer, event)
    with viewer.whole.reading() as connection:
        chosen = in_force(connection, viewer.metadata, event)
        shown = chosen or some[-1]
        plan = plan_of(connection, viewer.metadata, event, str(shown.values["version"]))
        log = alarms(connection, viewer.metadata, event)
        logged = with_cases(connection, viewer.metadata, log)
        told = {kind.name: events_rows(connection, viewer.metadata, kind.name, event)
                for kind in _KINDS}  # fmt: skip
        due, ready = [], {}
        if chosen is not None:
            due = duties(connection, viewer.metadata, event, utc_text(viewer.server.now()))
            ready = readiness(connection, viewer.metadata, event)
        exchanged = releases(connection, viewer.metadata, event)
        ended = _ended(connection, viewer, event)
        rates = statistics(plan, list(log.values()))
    open_posts = {one["post"] for one in log.values() if one["state"] == OPEN}
    assert plan.event is not None
    return render(
        request,
        "public_events/event.html",
        event=event,
        title=plan.event["title"],
        plan=shown,
        standing={"text": _(PLAN_WORDS[shown.state]), "badge": PLAN_BADGES[shown.state]},
        facts=_facts(plan, shown, ended),
        versions=[_version_row(one) for one in some],
        picture=map_of(viewer, event, plan, told[PUBLIC_EVENT_SURVEY.name], open_posts),
        due=[_duty_row(one) for one in due],
        late=sum(one.state == "late" for one in due),
        ready=[_ready_row(name, found) for name, found in ready.items()],
        posts=_posts(plan, open_posts),
        instruments=[_instrument_row(viewer, row) for row in plan.rows["instruments"]],
        sweeps=[_sweep_row(row) for row in told[PUBLIC_EVENT_SWEEP.name]],
        spots=_last(told[PUBLIC_EVENT_SPOT.name], "spot"),
        locks=told[PUBLIC_EVENT_LOCK.name],
        alarms=[_alarm_row(viewer, row) for row in logged],
        rates=[_rate_row(row) for row in rates],
        releases=[
            {**row, "state": _(RELEASE_WORDS.get(row["state"], row["state"]))} for row in exchanged
        ],
        lessons=told[PUBLIC_EVENT_LESSON.name],
        authority=plan.rows["authority"],
        report=f"{event_address(event)}/report" if chosen is not None else None,
        entries=entries_offered(viewer, event) if chosen is not None else [],
        done=done_act(request),
        why=f"/why?{urlencode({'of': f'public-event:{event}'})}",
        crumbs=[(_("Public events"), HOME), (event, None)],
    )


_KINDS = (
    *(PUBLIC_EVENT_SURVEY, PUBLIC_EVENT_SWEEP, PUBLIC_EVENT_SPOT, PUBLIC_EVENT_LOCK),
    PUBLIC_EVENT_LESSON,
)


def _facts(plan: EventPlan, shown: Version, ended: datetime.date | None) -> list[tuple[str, str]]:
    assert plan.event is not None
    return [
        (_("Begins"), day_text(plan.event["begins"])),
        (_("Closes"), day_text(plan.event["closes"])),
        (_("Rests on"), str(plan.event["agreement"])),
        (_("Version"), str(shown.values["version"])),
        (_("SHA-256 of the plan"), plan.digest[:16] + "…"),
        (_("Closed on"), "" if ended is None else day_text(ended)),
    ]


def _version_row(one: Version) -> dict[str, Any]:
    step = one.step
    return {
        "version": one.values["version"],
        "state": {"text": _(PLAN_WORDS[one.state]), "badge": PLAN_BADGES[one.state]},
        "decided": "" if step is None else day_text(number_date(step["on_day"])),
        "reason": "" if step is None else step["reason"],
        "act": one.values["act_id"],
    }


def _duty_row(one: Any) -> dict[str, Any]:
    by = instant_text(one.by) if "T" in one.by else day_text(datetime.date.fromisoformat(one.by))
    return {
        "what": one.what,
        "about": one.about,
        "by": by,
        "state": {"text": _(DUTY_WORDS[one.state]), "badge": DUTY_BADGES[one.state]},
        "words": one.words,
        "kind": "error" if one.state == "late" else None,
    }


def _ready_row(name: str, found: list[Any]) -> dict[str, Any]:
    return {"venue": name, "findings": [plain_finding(one) for one in found]}


def _posts(plan: EventPlan, open_posts: set[str]) -> list[dict[str, Any]]:
    zones = {row["zone"]: row for row in plan.rows["zones"]}
    shifts: dict[str, list[Row]] = {}
    for row in plan.rows["shifts"]:
        shifts.setdefault(row["post"], []).append(row)
    return [
        {
            "post": row["post"],
            "zone": row["zone"],
            "venue": zones.get(row["zone"], {}).get("venue", ""),
            "shifts": [
                {
                    "name": one["shift"],
                    "from": instant_text(one["starts"]),
                    "to": instant_text(one["ends"]),
                    "team": one["team"] or "",
                    "instruments": one["instruments"] or "",
                }
                for one in shifts.get(row["post"], [])
            ],
            "alarm": row["post"] in open_posts,
        }
        for row in plan.rows["posts"]
    ]


def _instrument_row(viewer: Viewer, row: Mapping[str, Any]) -> dict[str, Any]:
    lent = viewer.reads("equipment")
    return {
        "serial": row["serial"],
        "href": f"/equipment/items/{quote(str(row['serial']), safe='')}" if lent else None,
        "kind": row["kind"],
        "lent": row["source"] == "lent",
        "loan": row["loan"],
        "loan_href": f"/equipment/loans/{quote(str(row['loan']), safe='')}"
        if lent and row["loan"]
        else None,
        "calibration": "" if row["calibration_due"] is None else day_text(row["calibration_due"]),
        "ends": "" if row["loan_ends"] is None else day_text(row["loan_ends"]),
        "neutrons": row["neutrons"],
    }


def _sweep_row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "starts": instant_text(row["starts"]),
        "ends": instant_text(row["ends"]),
        "covered": f"{row['covered_ppm'] / 10_000:.2f} %",
        "enough": row["covered_ppm"] >= row["needed_ppm"],
        "needed": f"{row['needed_ppm'] / 10_000:.2f} %",
    }


def _last(rows: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    return list({row[key]: row for row in rows}.values())


def _alarm_row(viewer: Viewer, row: Mapping[str, Any]) -> dict[str, Any]:
    case, decided = row["alarm_case"], row["case_decision"] if viewer.reads(CASES) else None
    return {
        **row,
        "at": instant_text(row["at"]),
        "seen": _(SEEN_WORDS.get(row["seen"], row["seen"])),
        "state": {
            "text": _(ALARM_WORDS.get(row["state"], row["state"])),
            "badge": ALARM_BADGES.get(row["state"], "plain"),
        },
        "decided": _(STATE_WORDS.get(decided, decided)) if decided else "",
        "case_href": f"/alarms/{quote(str(case), safe='')}"
        if case and viewer.reads(CASES)
        else None,
    }


def _rate_row(row: Mapping[str, Any]) -> dict[str, Any]:
    interval = row["rate_interval"]
    return {
        "post": row["post"],
        "hours": number_text(round(row["hours"], 2)),
        "alarms": row["alarms"],
        "open": row["open"],
        "rate": "" if row["rate_per_h"] is None else f"{row['rate_per_h']:.3g}",
        "interval": "" if not interval else f"{interval[0]:.3g} – {interval[1]:.3g}",
    }


@get(HOME + "/{event:str}/report", sync_to_thread=True, opt=READING)
def event_report(viewer: Asking, event: FromPath[str]) -> Response[Any]:
    """Hand out the final report of an event as a Word document, as it would be closed today."""
    _require(viewer, event)
    if not viewer.sight.sees(CAPABILITY, viewer.state):
        raise NotFoundError("the report of an event is for those who see all of it")
    with viewer.whole.reading() as connection:
        try:
            told = final_report(connection, viewer.metadata, event, on=viewer.today)
        except RefusedError:
            raise NotFoundError("no plan of this event is in force") from None
    return Response(
        as_docx(told),
        media_type="application/octet-stream",
        headers=download_headers(f"{event}-report.docx"),
    )


SECTION = Section(
    "public events",
    handlers=(events_page, event_page, event_report, entry_page, record_entry),
    menu=(
        MenuEntry(
            sentence("Public events"), HOME, sentence("Radiation detection"), 30, reads(CAPABILITY)
        ),
    ),
)
