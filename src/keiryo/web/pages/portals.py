"""Detection sites: the lane board, and the day of a lane with its passages.

The board says of each instrument whether it is well, what passed on a day, and what waits for
somebody. The day lists the passages; an alarm without a case can be raised from there.
"""

from __future__ import annotations

import datetime
from typing import Any

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Stream

from keiryo.alarm_cases.recording import RAISE
from keiryo.web.listing import ListColumn, Row, RowList, shown_list
from keiryo.web.pages.boards import asked_day
from keiryo.web.pages.cooperation_known import done_act
from keiryo.web.pages.portals_instrument import (
    card_address,
    instrument_card,
    record_about,
    record_page,
)
from keiryo.web.pages.portals_known import (
    CAPABILITY,
    CASES,
    HOME,
    READING,
    Known,
    bounds,
    cases_of,
    day_address,
    files,
    health,
    known,
    last_start,
    local,
    near,
    passage_address,
    passages,
    require_instrument,
)
from keiryo.web.pages.portals_passage import passage_page
from keiryo.web.pages.portals_statistics import portals_statistics
from keiryo.web.pages.portals_upload import (
    look_at_upload,
    looked_at_page,
    may_upload,
    record_upload,
    upload_address,
    upload_page,
)
from keiryo.web.pages.portals_words import (
    ALARM,
    CLASS_WORDS,
    DUE,
    FAULT,
    HEALTH_BADGES,
    SILENT,
    TAMPER,
    VERDICTS,
    WELL,
    verdict,
    verdict_badge,
)
from keiryo.web.pictures.portal_traces import DayMark, day_strip
from keiryo.web.rendering import render
from keiryo.web.sections import MenuEntry, Section, reads
from keiryo.web.speaking import day_text, instant_text
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

COLUMNS = (
    ListColumn(
        "instrument", sentence("Instrument"), "code", href=lambda row: f"{HOME}/{row['instrument']}"
    ),
    ListColumn("lane", sentence("Lane"), "code"),
    ListColumn("site", sentence("Site")),
    ListColumn("kind", sentence("Kind"), choices=tuple(CLASS_WORDS.values())),
    ListColumn("health", sentence("State of health"), choices=tuple(HEALTH_BADGES)),
    ListColumn("passages", sentence("Passages"), "number", filterable=False),
    ListColumn("gamma", sentence("Gamma alarms"), "number", filterable=False),
    ListColumn("neutron", sentence("Neutron alarms"), "number", filterable=False),
    ListColumn("own", sentence("Alarms of the instrument"), "number", filterable=False),
    ListColumn("unjudged", sentence("Not evaluated"), "number", filterable=False),
    ListColumn("without", sentence("Alarms without a case"), "number", filterable=False),
    ListColumn("open", sentence("Open cases"), "number", filterable=False),
    ListColumn("due", sentence("Checks due")),
    ListColumn("file", sentence("Last file")),
)


def _tabs(here: str) -> list[tuple[str, str, bool]]:
    return [
        (_("Lane board"), HOME, here == HOME),
        (_("Rates of alarms"), f"{HOME}/statistics", here != HOME),
    ]


@get(HOME, sync_to_thread=True, opt=READING)
def lane_board(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show every instrument: is it well, what passed on a day, what waits."""
    found = known(viewer)
    on = asked_day(request, "on", _last_day(viewer, found))
    by_passage = cases_of(viewer)
    rows = [_instrument_row(viewer, found, row, on, by_passage) for row in _ordered(found)]
    table = shown_list(request, RowList(rows, COLUMNS), "lane-board")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["kind"] = _(row["kind"])
        cells["health"] = {"text": _(row["health"]), "badge": HEALTH_BADGES[row["health"]]}
        cells["passages"] = (row["passages"], day_address(row["instrument"], on))
    totals = {name: sum(row[name] for row in rows) for name in _SUMMED}
    return render(
        request,
        "portals/board.html",
        listed=table,
        total=len(rows),
        totals=totals,
        unwell=sum(row["health"] in (FAULT, TAMPER) for row in rows),
        on=on,
        today=viewer.today,
        with_cases=viewer.reads(CASES),
        tests=[one for one in found.tests if not one["passed"]],
        tabs=_tabs(HOME),
        crumbs=[(_("Portals"), None)],
    )


_SUMMED = ("passages", "gamma", "neutron", "own", "unjudged", "without", "open")


def _ordered(found: Known) -> list[Row]:
    """Return instruments by site and lane, what is carried last."""
    rows = found.instruments.values()
    return sorted(
        rows, key=lambda r: (r["site"], r["lane"] is None, r["lane"] or "", r["instrument"])
    )


def _last_day(viewer: Viewer, found: Known) -> datetime.date:
    """Return the day of the last passage of any instrument, or today."""
    start = last_start(viewer)
    if start is None:
        return viewer.today
    zones = [found.zone_of(one) for one in found.instruments.values()]
    return max((local(start, zone).date() for zone in zones), default=viewer.today)


def _instrument_row(
    viewer: Viewer, found: Known, one: Row, on: datetime.date, by_passage: Any
) -> dict[str, Any]:
    name = str(one["instrument"])
    first, last = bounds(on, found.zone_of(one))
    some = passages(viewer, name, first, last)
    told = health(viewer, {row["digest"] for row in some})
    every, due = files(viewer, name), found.overdue(name, on)
    kinds = {row["kind"] for row in told}
    fixed = one["instrument_class"] in ("portal", "spectroscopic-portal")
    state = (
        TAMPER if "tamper" in kinds
        else FAULT if "fault" in kinds
        else DUE if due
        else SILENT if fixed and not some
        else WELL
    )  # fmt: skip
    cases = {case.name: case for row in some for case in by_passage.get((name, row["start"]), ())}
    return {
        "instrument": name,
        "lane": one["lane"],
        "site": found.site_of(one).get("name") or one["site"],
        "kind": CLASS_WORDS.get(str(one["instrument_class"]), str(one["instrument_class"])),
        "health": state,
        "passages": len(some),
        "gamma": sum(bool(row["gamma_alarm"]) for row in some),
        "neutron": sum(bool(row["neutron_alarm"]) for row in some),
        "own": sum(bool(row["instrument_alarm"]) for row in some),
        "unjudged": sum(not row["evaluated"] for row in some),
        "without": sum(
            not by_passage.get((name, row["start"]))
            for row in some
            if row["gamma_alarm"] or row["neutron_alarm"] or row["instrument_alarm"]
        ) if viewer.reads(CASES) else 0,
        "open": sum(case.is_open for case in cases.values()),
        "due": ", ".join(due),
        "file": every[-1]["name"] if every else None,
    }  # fmt: skip


# --- the day of an instrument ----------------------------------------------------------------


PASSAGES = (
    ListColumn(
        "time",
        sentence("Start"),
        "code",
        href=lambda row: passage_address(row["instrument"], row["start"]),
    ),
    ListColumn("counter", sentence("Number"), "number", filterable=False),
    ListColumn("gamma", sentence("Gamma"), choices=VERDICTS),
    ListColumn("neutron", sentence("Neutrons"), choices=VERDICTS),
    ListColumn("own", sentence("The instrument"), choices=VERDICTS),
    ListColumn("sigma", sentence("Largest sigma"), "number", filterable=False),
    ListColumn("n_sigma", sentence("N"), "number", filterable=False),
    ListColumn("speed", sentence("Speed, km/h"), "number", filterable=False),
    ListColumn("findings", sentence("Findings"), "code"),
    ListColumn("cases", sentence("Cases"), "code"),
    ListColumn("start", sentence("Start, UTC"), "code", hidden=True),
    ListColumn("instrument", sentence("Instrument"), "code", hidden=True),
    ListColumn("digest", sentence("File, SHA-256"), "code", hidden=True),
)


@get(HOME + "/{instrument:str}", sync_to_thread=True, opt=READING)
def instrument_day(
    request: AnyRequest, viewer: Asking, instrument: FromPath[str]
) -> Response[Any] | Stream:
    """Show a day of an instrument: its passages on the clock and in a list, its health."""
    one, found = require_instrument(viewer, instrument), known(viewer)
    zone = found.zone_of(one)
    start = last_start(viewer, instrument)
    latest = viewer.today if start is None else local(start, zone).date()
    on = asked_day(request, "on", latest)
    first, last = bounds(on, zone)
    some = passages(viewer, instrument, first, last)
    by_passage = cases_of(viewer)
    rows = [_passage_row(row, zone, by_passage) for row in some]
    table = shown_list(request, RowList(rows, PASSAGES), f"passages-{on.isoformat()}")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        for name in ("gamma", "neutron", "own"):
            cells[name] = verdict_badge(row[name])
        if row["cases"]:
            cells["cases"] = (row["cases"], f"/alarms/{row['cases'].split(', ')[0]}")
    before, after = near(viewer, instrument, first, last)
    digests = {row["digest"] for row in some}
    return render(
        request,
        "portals/day.html",
        one=one,
        site=found.site_of(one),
        kind=_(CLASS_WORDS.get(str(one["instrument_class"]), str(one["instrument_class"]))),
        on=on,
        before=None if before is None else day_address(instrument, local(before, zone).date()),
        after=None if after is None else day_address(instrument, local(after, zone).date()),
        listed=table,
        total=len(rows),
        strip=_strip(rows, on, str(zone)),
        told=[_health_row(row) for row in health(viewer, digests)],
        files=[_file_row(row) for row in files(viewer, instrument) if row["digest"] in digests],
        setups=_setups(found, instrument),
        tests=[row for row in found.tests if row["instrument"] == instrument],
        due=found.overdue(instrument, on),
        may_raise=viewer.may_post(RAISE, str(one["scope"])),
        upload=upload_address(instrument) if may_upload(viewer, one) else None,
        card=card_address(instrument),
        done=done_act(request),
        why=f"/why?of=portal%3A{instrument}",
        crumbs=[(_("Portals"), HOME), (instrument, None)],
    )


def _passage_row(row: Row, zone: datetime.tzinfo, by_passage: Any) -> dict[str, Any]:
    there = local(row["start"], zone)  # type: ignore[arg-type]
    _at, tilde, number = row["start"].partition("~")
    held = by_passage.get((row["instrument"], row["start"]), ())
    return {
        "instrument": row["instrument"],
        "start": row["start"],
        "time": f"{there:%H:%M:%S}.{there.microsecond // 1000:03d}{tilde}{number}",
        "hour": there.hour + there.minute / 60 + there.second / 3600,
        "counter": row["counter"],
        "gamma": verdict(row["gamma_alarm"]),
        "neutron": verdict(row["neutron_alarm"]),
        "own": verdict(row["instrument_alarm"]),
        "sigma": None if row["max_sigma"] is None else round(float(row["max_sigma"]), 2),
        "n_sigma": float(row["n_sigma"]),
        "speed": None if row["speed_kmh"] is None else float(row["speed_kmh"]),
        "findings": (row["findings"] or "") + ("" if row["complete"] else " INCOMPLETE"),
        "cases": ", ".join(case.name for case in held),
        "digest": row["digest"],
    }


def _strip(rows: list[dict[str, Any]], on: datetime.date, zone: str) -> str:
    marks = []
    for row in rows:
        alarm = ALARM in (row["gamma"], row["neutron"])
        sigma = "" if row["sigma"] is None else f", {row['sigma']:g} σ"
        told = _("%(time)s: %(what)s", time=row["time"], what=_(ALARM)) + sigma
        href = passage_address(row["instrument"], row["start"])
        marks.append(DayMark(row["hour"], alarm, told, href))
    alarms = sum(one.alarm for one in marks)
    told = _(
        "%(passages)s passages on %(day)s, %(alarms)s with an alarm; the clock is of %(zone)s.",
        passages=len(marks),
        day=day_text(on),
        alarms=alarms,
        zone=zone,
    )
    return day_strip(marks, _("Passages of the day"), told)


def _health_row(row: Row) -> dict[str, Any]:
    kinds = {"tamper": TAMPER, "fault": FAULT}
    kind = kinds.get(row["kind"])
    return {
        "kind": {"text": _(kind) if kind else _("file"), "badge": "error" if kind else "warning"},
        "code": row["code"],
        "line": row["line"],
        "message": row["message"],
        "act": row["act_id"],
    }


def _file_row(row: Row) -> dict[str, Any]:
    return {
        "name": row["name"],
        "href": f"/evidence/{row['digest']}",
        "digest": row["digest"],
        "incomplete": bool(row["incomplete"]),
        "occupancies": row["occupancies"],
        "records": row["records"],
        "act": row["act_id"],
    }


def _setups(found: Known, instrument: str) -> list[dict[str, Any]]:
    rows = [row for (name, _at), row in found.register["setup"].items() if name == instrument]
    rows.sort(key=lambda row: row["valid_from"], reverse=True)
    return [{**row, "from": instant_text(row["valid_from"])} for row in rows]


SECTION = Section(
    "portals",
    handlers=(
        *(lane_board, portals_statistics, instrument_day, passage_page),
        *(upload_page, look_at_upload, looked_at_page, record_upload),
        *(instrument_card, record_page, record_about),
    ),
    menu=(
        MenuEntry(
            sentence("Portals"), HOME, sentence("Radiation detection"), 10, reads(CAPABILITY)
        ),
    ),
)
