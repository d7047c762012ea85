"""What an event team records, by form: checks, surveys, sweeps, locks, the log, hand-outs.

Sheets come in as the commands take them; a single alarm or spot is typed: a sheet of one row.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from keiryo.dates import utc_text
from keiryo.errors import NotFoundError, UsageError
from keiryo.journal.model import Posted
from keiryo.public_events.acts import named
from keiryo.public_events.alarm_log import COLUMNS as ALARM_COLUMNS
from keiryo.public_events.alarm_log import record_alarms
from keiryo.public_events.closing import record_lessons
from keiryo.public_events.day_tables import DAY_KINDS
from keiryo.public_events.equipping import assign, record_daily, record_receipt
from keiryo.public_events.exchange import ask, release, releases
from keiryo.public_events.plans import in_force, plan_of
from keiryo.public_events.sheets import EventPlan
from keiryo.public_events.survey import record_survey
from keiryo.public_events.sweeping import (
    SPOT_COLUMNS,
    SweepMade,
    lock,
    record_spots,
    record_sweep,
)
from keiryo.web.pages.boards import Entered, first_shown
from keiryo.web.pages.equipment_items import moment_context
from keiryo.web.pages.public_events_records import ENTRIES, Entry
from keiryo.web.pages.seals_asked import AskedForm, File, acts_with, asked_form
from keiryo.web.pages.seals_fields import Kind, Options, read, sent_values, shown
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import AnyRequest, Asking, Viewer

HOME = "/public-events"
READING = {"reads": "public_events"}
FORM = HOME + "/{event:str}/record/{what:str}"
Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a form asked for, with where and when."""

    viewer: Viewer
    event: str
    told: Told
    at: datetime
    form: AskedForm


def entry_address(event: str, what: str) -> str:
    """Return the form of an entry."""
    return f"{HOME}/{quote(event, safe='')}/record/{what}"


def entries_offered(viewer: Viewer, event: str) -> list[tuple[str, str]]:
    """Return the forms that a viewer may use, by title and address."""
    return [
        (_(one.title), entry_address(event, what))
        for what, one in ENTRIES.items()
        if viewer.may_post(one.permission, viewer.state)
    ]


def _plan(viewer: Viewer, event: str) -> EventPlan:
    """Return the plan in force.

    Raises
    ------
    NotFoundError
        If none is in force that the viewer may see.
    """
    with viewer.books.reading() as connection:
        chosen = in_force(connection, viewer.metadata, event)
        if chosen is not None:
            return plan_of(connection, viewer.metadata, event, str(chosen.values["version"]))
    raise NotFoundError(
        f"no plan of {event[:60]} is in force", "The page of the event has its plans."
    )


def _entry(viewer: Viewer, event: str, what: str) -> tuple[Entry, Options]:
    plan = _plan(viewer, event)
    if what not in ENTRIES:
        raise NotFoundError(f"there is no entry {what[:40]}", "The page of the event has them.")
    viewer.require_post(ENTRIES[what].permission, viewer.state)

    def names(sheet: str, column: str) -> list[tuple[str, str]]:
        return [(str(name), str(name)) for name in named(plan, sheet, column)]

    options: dict[str, list[tuple[str, str]]] = {
        "venue": names("venues", "venue"),
        "sweep": names("sweeps", "sweep"),
        "serial": names("instruments", "serial"),
        "instruments": names("instruments", "serial"),
        "post": names("posts", "post"),
    }
    if what == "alarm":  # an alert by information has no instrument
        options["serial"] = [("", _("none")), *options["serial"]]
    if what == "release":
        with viewer.books.reading() as connection:
            rows = releases(connection, viewer.metadata, event)
        last = {(row["information"], row["organisation"]): row for row in rows}
        options["asked"] = [
            (f"{name}|{whom}", f"{name} → {whom}")
            for (name, whom), row in last.items()
            if row["state"] == "asked"
        ]
    return ENTRIES[what], options


@get(FORM, sync_to_thread=True, opt=READING)
def entry_page(
    request: AnyRequest, viewer: Asking, event: FromPath[str], what: FromPath[str]
) -> Response[Any]:
    """Show the form of an entry."""
    _entry(viewer, event, what)
    entered = first_shown(viewer, entry_address(event, what))
    return _shown(request, viewer, event, what, entered, sent=False)


def _shown(
    request: AnyRequest, viewer: Viewer, event: str, what: str, entered: Entered, *, sent: bool
) -> Response[Any]:
    one, options = _entry(viewer, event, what)
    ticked = {"instruments": entered.value("entry_instruments", "").split(" | ")}
    mine = {f.name: options.get(f.name, ()) for f in one.fields if f.name in options}
    return render(
        request,
        "public_events/entry.html",
        http_status=entered.status,
        event=event,
        title=_(one.title),
        submit=_(one.submit),
        lead=_(one.lead),
        columns=one.columns,
        timed=one.timed,
        fields=shown(
            one.fields, "entry", entered, sent=sent, before={"needed": "0.95"}, options=mine,
            ticked=ticked,
        ),
        entered=entered,
        here=entry_address(event, what),
        back=f"{HOME}/{quote(event, safe='')}",
        **moment_context(viewer),
        crumbs=[
            (_("Public events"), HOME),
            (event, f"{HOME}/{quote(event, safe='')}"),
            (_(one.title), None),
        ],
    )  # fmt: skip


@post(FORM, status_code=200, sync_to_thread=True, opt=READING)
def record_entry(
    request: AnyRequest, viewer: Asking, event: FromPath[str], what: FromPath[str]
) -> Response[Any] | Redirect:
    """Record an entry of an event."""
    one, options = _entry(viewer, event, what)

    def show(entered: Entered, _which: str) -> Response[Any]:
        return _shown(request, viewer, event, what, entered, sent=True)

    form = asked_form(
        request, viewer, "entry", entry_address(event, what), show,
        lambda head: acts_with(viewer, DAY_KINDS, head, event=event),
        then=f"{HOME}/{quote(event, safe='')}", places=one.places,
    )  # fmt: skip
    at = form.moment() if one.timed else viewer.server.now()
    mine = {f.name: options.get(f.name, ()) for f in one.fields if f.name in options}
    told = read(form, one.fields, mine)
    for field in one.fields:
        if field.kind is Kind.TICKS:
            told[field.name] = tuple(
                name for name in sent_values(form, field.name) if (name, name) in mine[field.name]
            )
    files = tuple(told[f.name] for f in one.fields if f.kind is Kind.FILE and told[f.name])
    asked = _Asked(viewer, event, told, at, form)
    do = _MAKING[what](asked)
    return form.done(do, files)


# --- what each records -----------------------------------------------------------------------


def _row(columns: tuple[str, ...], values: Mapping[str, Any], name: str) -> File:
    """Return a sheet of one row, as it is kept."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerow([values.get(column) or "" for column in columns])
    return f"{name}.csv", text.getvalue().encode()


def _places(one: _Asked) -> tuple[Any, Any, str]:
    return one.viewer.whole, one.viewer.actor(), one.event


def _receipt(one: _Asked) -> Callable[[], Posted]:
    return lambda: record_receipt(*_places(one), one.told["sheet"])[0]


def _daily(one: _Asked) -> Callable[[], Posted]:
    return lambda: record_daily(*_places(one), one.told["sheet"], one.told["limits"])[0]


def _survey(one: _Asked) -> Callable[[], Posted]:
    return lambda: record_survey(*_places(one), one.told["venue"], one.told["sheet"])[0]


def _lessons(one: _Asked) -> Callable[[], Posted]:
    return lambda: record_lessons(*_places(one), one.told["sheet"])


def _sweep(one: _Asked) -> Callable[[], Posted]:
    numbers: dict[str, float] = {}
    for name in ("reach", "needed"):
        try:
            numbers[name] = float(one.told[name] or "nan")
        except ValueError:
            one.form.wrong(name, _("Write a number above 0."))

    def do() -> Posted:
        made = SweepMade(
            one.told["sweep"], one.told["team"], one.told["instruments"], numbers["reach"],
            numbers["needed"],
        )  # fmt: skip
        return record_sweep(*_places(one), made, one.told["sheet"])[0]

    return do


def _spot(one: _Asked) -> Callable[[], Posted]:
    values = {**one.told, "time": one.at.isoformat()}
    return lambda: record_spots(*_places(one), _row(SPOT_COLUMNS, values, "spot"))


def _lock(one: _Asked) -> Callable[[], Posted]:
    told = one.told
    return lambda: lock(
        *_places(one), told["venue"], at=utc_text(one.at), words=told["words"],
        unlock=told["state"] == "unlocked",
    )  # fmt: skip


def _alarm(one: _Asked) -> Callable[[], Posted]:
    values = {**one.told, "time": one.at.isoformat()}
    return lambda: record_alarms(*_places(one), _row(ALARM_COLUMNS, values, "alarm"))[0]


def _assign(one: _Asked) -> Callable[[], Posted]:
    told = one.told
    return lambda: assign(
        *_places(one), told["serial"], told["post"], receiver=told["receiver"],
        organisation=told["organisation"], at=utc_text(one.at),
    )  # fmt: skip


def _ask(one: _Asked) -> Callable[[], Posted]:
    told = one.told
    return lambda: ask(
        *_places(one), told["information"], told["organisation"], told["purpose"],
        on=one.viewer.today, words=told["words"],
    )  # fmt: skip


def _release(one: _Asked) -> Callable[[], Posted]:
    name, bar, whom = str(one.told["asked"]).partition("|")

    def do() -> Posted:
        if not bar:
            raise UsageError(_("Nobody has asked for a release."), _("Ask for it first."))
        return release(
            *_places(one), name, whom, on=one.viewer.today, words=one.told["words"],
            no=one.told["answer"] == "no",
        )[0]  # fmt: skip

    return do


_MAKING: Mapping[str, Callable[[_Asked], Callable[[], Posted]]] = {
    "receipt": _receipt,
    "daily": _daily,
    "survey": _survey,
    "sweep": _sweep,
    "spot": _spot,
    "lock": _lock,
    "alarm": _alarm,
    "assign": _assign,
    "ask": _ask,
    "release": _release,
    "lessons": _lessons,
}
