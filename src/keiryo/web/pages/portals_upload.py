"""A daily file of a portal comes in by form: looked at first, with nothing recorded, then recorded.

What is recorded is to the byte what was looked at; both are worked out by the same function.
"""

from __future__ import annotations

import datetime
import hashlib
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Redirect, Stream

from keiryo.detection_sites.importing import FileCheck, check_file, import_file
from keiryo.errors import NotFoundError, RefusedError, UsageError
from keiryo.web.answers import in_words
from keiryo.web.listing import ListColumn, RowList, shown_list
from keiryo.web.once import Answer
from keiryo.web.pages.boards import Entered, day_of
from keiryo.web.pages.portals_known import (
    HOME,
    READING,
    Row,
    day_address,
    known,
    local,
    require_instrument,
)
from keiryo.web.pages.portals_words import VERDICTS, verdict, verdict_badge
from keiryo.web.pages.reports_kept import give_up, keep, kept_set, safe_name
from keiryo.web.pages.reports_once import LookAgainError, done_once
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

IMPORT = "detection.import"
UPLOAD = HOME + "/{instrument:str}/upload"
MOST_BYTES = 64 << 20
STANDING = {
    "new": sentence("new"),
    "anew": sentence("tells more than the record"),
    "stands": sentence("in the record already"),
    "twice": sentence("told twice in the file"),
}
_BADGES = {"new": "info", "anew": "warning", "stands": "plain", "twice": "warning"}
COLUMNS = (
    ListColumn("time", sentence("Start"), "code"),
    ListColumn("standing", sentence("In the record"), choices=tuple(STANDING.values())),
    ListColumn("gamma", sentence("Gamma"), choices=VERDICTS),
    ListColumn("neutron", sentence("Neutrons"), choices=VERDICTS),
    ListColumn("own", sentence("The instrument"), choices=VERDICTS),
    ListColumn("sigma", sentence("Largest sigma"), "number", filterable=False),
    ListColumn("findings", sentence("Findings"), "code"),
    ListColumn("line", sentence("Line"), "number", filterable=False),
)


def upload_address(instrument: str) -> str:
    """Return the form by which a daily file of an instrument comes in."""
    return f"{HOME}/{quote(instrument, safe='')}/upload"


def may_upload(viewer: Viewer, one: Row) -> bool:
    """Return whether a viewer may send daily files of an instrument."""
    return viewer.may_post(IMPORT, str(one["scope"]))


def _instrument(viewer: Viewer, name: str) -> Row:
    one = require_instrument(viewer, name)
    viewer.require_post(IMPORT, str(one["scope"]))
    return one


@get(UPLOAD, sync_to_thread=True, opt=READING)
def upload_page(request: AnyRequest, viewer: Asking, instrument: FromPath[str]) -> Response[Any]:
    """Ask for the file."""
    _instrument(viewer, instrument)
    return _form(request, viewer, instrument, Entered())


def _form(request: AnyRequest, viewer: Viewer, instrument: str, entered: Entered) -> Response[Any]:
    return render(
        request,
        "portals/upload.html",
        http_status=entered.status,
        instrument=instrument,
        entered=entered,
        here=upload_address(instrument),
        back=f"{HOME}/{quote(instrument, safe='')}",
        crumbs=_crumbs(instrument),
    )


def _crumbs(instrument: str) -> list[tuple[str, str | None]]:
    place = f"{HOME}/{quote(instrument, safe='')}"
    return [(_("Portals"), HOME), (instrument, place), (_("Take in a daily file"), None)]


@post(UPLOAD, status_code=200, sync_to_thread=True, opt=READING)
def look_at_upload(
    request: AnyRequest, viewer: Asking, instrument: FromPath[str]
) -> Response[Any] | Redirect:
    """Keep the file and lead to what it would bring; nothing is recorded."""
    _instrument(viewer, instrument)
    sent = None if viewer.form is None else viewer.form.get("file")
    day = viewer.field("day")
    entered = Entered({"day": day})
    try:
        day_of(day)
    except UsageError as error:
        entered.errors["day"] = in_words(error)
    if not isinstance(sent, UploadFile) or not sent.filename:
        entered.errors["file"] = _("Choose the file.")
        return _form(request, viewer, instrument, entered)
    sent.file.seek(0)
    content = sent.file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        entered.errors["file"] = _("this is more than %(most)s MiB", most=MOST_BYTES >> 20)
    if entered.refused:
        return _form(request, viewer, instrument, entered)
    digest = keep(viewer, [(safe_name(sent.filename), content)], None)
    on = f"?{urlencode({'day': day})}" if day else ""
    return Redirect(f"{upload_address(instrument)}/{digest}{on}", status_code=303)


@get(UPLOAD + "/{digest:str}", sync_to_thread=True, opt=READING)
def looked_at_page(
    request: AnyRequest, viewer: Asking, instrument: FromPath[str], digest: FromPath[str]
) -> Response[Any] | Stream:
    """Show what a file would bring into the record."""
    _instrument(viewer, instrument)
    day = day_of(str(request.query_params.get("day", "")))
    return _looked_at(request, viewer, instrument, digest, day)


def _looked_at(
    request: AnyRequest,
    viewer: Viewer,
    instrument: str,
    digest: str,
    day: datetime.date | None,
    *,
    errors: dict[str, str] | None = None,
) -> Response[Any] | Stream:
    name, content = _kept(viewer, digest)
    zone = known(viewer).zone_of(require_instrument(viewer, instrument))
    check: FileCheck | None = None
    refused: Entered = Entered(errors=dict(errors or {}))
    try:
        check = check_file(viewer.whole, instrument, name, content, day=day)
    except RefusedError as error:
        refused.findings += error.findings
        refused.errors[""] = in_words(error)
    pairs = [] if check is None else list(zip(check.rows, check.verdicts, strict=True))
    rows = [_row(row, standing, zone) for row, standing in pairs]
    table = shown_list(request, RowList(rows, COLUMNS), "daily-file")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        for column in ("gamma", "neutron", "own"):
            cells[column] = verdict_badge(row[column])
        badge = next(_BADGES[key] for key, word in STANDING.items() if word == row["standing"])
        cells["standing"] = {"text": _(row["standing"]), "badge": badge}
    on = f"?{urlencode({'day': day.isoformat()})}" if day else ""
    return render(
        request,
        "portals/looked_at.html",
        http_status=refused.status,
        instrument=instrument,
        name=name,
        digest=None if check is None else check.digest,
        seen=None if check is None else _signature(check),
        check=check,
        counts=[(_(word), sum(one["standing"] == word for one in rows)) for word in
                STANDING.values()],
        alarms=sum(bool(row["gamma_alarm"] or row["neutron_alarm"]) for row, _s in pairs),
        total=len(rows),
        listed=table,
        entered=refused,
        here=f"{upload_address(instrument)}/{digest}{on}",
        again=upload_address(instrument),
        crumbs=_crumbs(instrument),
    )  # fmt: skip


def _row(row: Row, standing: str, zone: datetime.tzinfo) -> dict[str, Any]:
    there = local(str(row["start"]), zone)  # type: ignore[arg-type]
    _at, tilde, number = str(row["start"]).partition("~")
    return {
        "time": f"{there:%Y-%m-%d %H:%M:%S}.{there.microsecond // 1000:03d}{tilde}{number}",
        "standing": STANDING[standing],
        "gamma": verdict(row["gamma_alarm"]),
        "neutron": verdict(row["neutron_alarm"]),
        "own": verdict(row["instrument_alarm"]),
        "sigma": None if row["max_sigma"] is None else round(float(row["max_sigma"]), 2),
        "findings": (row["findings"] or "") + ("" if row["complete"] else " INCOMPLETE"),
        "line": row["first_line"],
    }


def _kept(viewer: Viewer, digest: str) -> tuple[str, bytes]:
    """Return the file that was sent.

    Raises
    ------
    NotFoundError
        If it is not kept any more, or was not sent here.
    """
    files = kept_set(viewer, digest).files
    if len(files) != 1:
        raise NotFoundError("this is no daily file that was sent here", "Send it again.")
    return files[0]


def _signature(check: FileCheck) -> str:
    """Return what tells two checks of a file apart."""
    told = repr([*zip((row["start"] for row in check.rows), check.verdicts, strict=True)])
    return hashlib.sha256(told.encode()).hexdigest()


@post(UPLOAD + "/{digest:str}", status_code=200, sync_to_thread=True, opt=READING)
def record_upload(
    request: AnyRequest, viewer: Asking, instrument: FromPath[str], digest: FromPath[str]
) -> Response[Any] | Stream:
    """Record a file that was looked at, once; or give it up."""
    _instrument(viewer, instrument)
    if viewer.field("action") == "give up":
        give_up(viewer, digest)
        return Redirect(upload_address(instrument), status_code=303)
    text = str(request.query_params.get("day", ""))
    day = day_of(text)
    here = f"{upload_address(instrument)}/{digest}"
    do = partial(_recorded, request, viewer, (instrument, digest), day)
    return done_once(viewer, here, {"digest": digest, "day": text}, do)


def _recorded(
    request: AnyRequest, viewer: Viewer, which: tuple[str, str], day: datetime.date | None
) -> Answer:
    instrument, digest = which
    name, content = _kept(viewer, digest)
    show = partial(_looked_at, request, viewer, instrument, digest, day)
    try:
        check = check_file(viewer.whole, instrument, name, content, day=day)
        if viewer.field("seen") != _signature(check):
            changed = _("The record changed since you looked: this is what the file brings now.")
            raise LookAgainError(partial(show, errors={"": changed}))
        done = import_file(viewer.whole, viewer.actor(), instrument, name, content, day=day)
    except RefusedError:
        raise LookAgainError(show) from None
    give_up(viewer, digest)
    zone = known(viewer).zone_of(require_instrument(viewer, instrument))
    on = viewer.today if check.begins is None else local(check.begins, zone).date()
    return Answer(303, f"{day_address(instrument, on)}&done={done.act.act_id}")
