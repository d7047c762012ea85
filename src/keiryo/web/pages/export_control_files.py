"""Files of export control, checked and recorded; the rule on shipments without a licence."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.response import Redirect
from sqlalchemy import select

from keiryo.dates import number_date
from keiryo.errors import Finding, KeiryoError, RefusedError, Severity, UsageError
from keiryo.export_control.intake import LISTS
from keiryo.export_control.licences import MODES
from keiryo.export_control.recording import (
    RECORDING,
    RULING,
    check_file,
    record_file,
    set_rule,
)
from keiryo.export_control.tables import LICENCE_RULE
from keiryo.web.answers import in_words
from keiryo.web.once import Answer, once
from keiryo.web.pages.boards import (
    MOST_TEXT,
    Entered,
    day_of,
    explain_error,
    first_shown,
    head_of_form,
    own_conflict,
    require_nothing_newer,
    typed_again,
)
from keiryo.web.pages.evaluation_asked import plain_finding
from keiryo.web.pages.export_control_entries import FORMS
from keiryo.web.pages.export_control_known import (
    HOME,
    IMPORT,
    READING,
    RECORD,
    RULE,
    known,
)
from keiryo.web.pages.export_control_words import LIST_WORDS, crumbs, tabs, word
from keiryo.web.rendering import render
from keiryo.web.saved_forms import forget_fields
from keiryo.web.speaking import day_text
from keiryo.web.speaking import gettext as _
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Asking, Viewer

MOST_BYTES = 16 << 20
_REFUSING = (Severity.FORMAT, Severity.INCONSISTENCY)

# --- files -----------------------------------------------------------------------------------


@get(IMPORT, sync_to_thread=True, opt=READING)
def import_form(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Ask for a file of licences, assurances, items, shipments, traders or consignments."""
    viewer.require_post(RECORDING, viewer.state)
    return _import_page(request)


@post(IMPORT, status_code=200, sync_to_thread=True, opt=READING)
def import_file(request: AnyRequest, viewer: Asking) -> Response[Any] | Redirect:
    """Check a file and say all that is found; record it when asked a second time."""
    viewer.require_post(RECORDING, viewer.state)
    kind = viewer.field("kind") or None
    if kind not in (None, *LISTS):
        kind = None
    recording = viewer.field("do") == "record"
    try:
        name, content = _checked_before(viewer) if recording else _sent_now(viewer)
    except UsageError as error:
        return _import_page(request, errors={"file": in_words(error)}, kind=kind)
    if not recording:
        return _check_page(request, viewer, name, content, kind)
    digest = hashlib.sha256(content).hexdigest()
    asked = {"name": name, "digest": digest, "kind": kind or ""}

    def do() -> Answer:
        done = record_file(viewer.whole, viewer.actor(), name, content, kind)
        told = {"unchanged": done.unchanged} if done.act is None else {"done": done.act.act_id}
        return Answer(303, f"{HOME}?{urlencode(told)}")

    try:
        answer = once(viewer, viewer.field("_form_id"), asked, do)
    except RefusedError as error:
        return _check_page(request, viewer, name, content, kind, tuple(error.findings))
    return Redirect(answer.location or HOME, status_code=303)


def _sent_now(viewer: Viewer) -> tuple[str, bytes]:
    form = viewer.form
    for one in [] if form is None else form.getall("file", []):
        if isinstance(one, UploadFile) and one.filename:
            one.file.seek(0)
            return one.filename[:200], _sound(one.file.read())
    raise UsageError(_("no file was chosen"), _("Choose a CSV, TOML or JSON file."))


def _checked_before(viewer: Viewer) -> tuple[str, bytes]:
    """Return the file that was checked, as the form carries it.

    Raises
    ------
    UsageError
        If it carries none.
    """
    try:
        content = base64.b64decode(viewer.field("packed"), validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if not content:
        raise UsageError(_("the form carries no file"), _("Send the file again."))
    return viewer.field("packed_name")[:200], _sound(content)


def _sound(content: bytes) -> bytes:
    if len(content) > MOST_BYTES:
        raise UsageError(
            _("this is more than %(most)s MiB", most=MOST_BYTES >> 20),
            _("Import it by command: keiryo export-control import."),
        )
    return content


def _check_page(
    request: AnyRequest,
    viewer: Viewer,
    name: str,
    content: bytes,
    kind: str | None,
    refused_for: tuple[Finding, ...] = (),
) -> Response[Any]:
    """Show what a check found; and the button that records, where nothing stands against it."""
    objects, found = check_file(viewer.whole, name, content, kind)
    findings = [*found, *(one for one in refused_for if one not in found)]
    refused = any(one.severity in _REFUSING for one in findings) or not objects
    return _import_page(
        request,
        kind=kind,
        checked={
            "name": name,
            "refused": refused,
            "objects": objects,
            "findings": [plain_finding(one) for one in findings],
            "content": base64.b64encode(content).decode(),
        },
        status=422 if refused else 200,
    )


def _import_page(
    request: AnyRequest,
    *,
    kind: str | None = None,
    checked: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response[Any]:
    lists = [(name, _(LIST_WORDS[name])) for name in LISTS]
    return render(
        request,
        "export_control/import.html",
        http_status=422 if errors else status,
        checked=checked,
        kind=kind or "",
        lists=[("", _("seen from its name")), *lists],
        forms=[(f"{RECORD}/{name}", _(form.title)) for name, form in FORMS.items()],
        errors=errors or {},
        tabs=tabs(""),
        crumbs=crumbs((_("Record a file"), None)),
    )


# --- the rule --------------------------------------------------------------------------------


@get(RULE, sync_to_thread=True, opt=READING)
def rule_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Show what happens to a shipment that no licence covers, and since when."""
    rule = known(viewer).register.rule
    fields = {"mode": rule.mode}
    if rule.from_day is not None:
        fields["from_day"] = rule.from_day.isoformat()
    return _rule_page(request, viewer, first_shown(viewer, RULE, fields))


@post(RULE, status_code=200, sync_to_thread=True, opt=READING)
def set_the_rule(request: AnyRequest, viewer: Asking) -> Response[Any] | Redirect:
    """Record what happens to a shipment that no licence covers."""
    viewer.require_post(RULING, viewer.state)
    entered = typed_again(viewer)
    mode, reason, day = viewer.field("mode"), viewer.field("reason"), None
    if mode not in MODES:
        entered.errors["mode"] = _("Choose what happens.")
    if not reason:
        entered.errors["reason"] = _("Say why; it stands in the record.")
    elif len(reason) > MOST_TEXT:
        entered.errors["reason"] = _("Say it in %(most)s characters at most.", most=MOST_TEXT)
    try:
        day = day_of(viewer.field("from_day"))
    except KeiryoError as error:
        explain_error(entered, error, "from_day")
    if entered.refused:
        return _rule_page(request, viewer, entered)
    head = head_of_form(viewer)

    def do() -> Answer:
        require_nothing_newer(rule_acts(viewer, head) if head else ())
        posted = set_rule(viewer.whole, viewer.actor(), mode, reason, from_day=day)
        return Answer(303, f"{RULE}?done={posted.act.act_id}")

    asked = {"mode": mode, "reason": reason, "from_day": str(day)}
    try:
        answer = once(viewer, viewer.field("_form_id"), asked, do)
    except KeiryoError as error:
        if own_conflict(error):
            raise
        return _rule_page(request, viewer, explain_error(entered, error))
    forget_fields(viewer, RULE)
    return Redirect(answer.location or RULE, status_code=303)


def rule_acts(viewer: Viewer, head: int = 0) -> list[int]:
    """Return the acts that recorded the rule after an act, in order."""
    table = viewer.metadata.tables[LICENCE_RULE.name]
    query = select(table.c.act_id).where(table.c.act_id > head).order_by(table.c.act_id)
    with viewer.books.reading() as connection:
        return [int(one) for one in connection.execute(query).scalars()]


def _rule_page(request: AnyRequest, viewer: Viewer, entered: Entered) -> Response[Any]:
    found = known(viewer).register
    table = viewer.metadata.tables[LICENCE_RULE.name]
    query = select(table).order_by(table.c.act_id.desc()).limit(50)
    with viewer.books.reading() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    ways = [
        {
            "direction": word(way),
            "from": None if begin is None else day_text(begin),
            "mode": word(found.rule.mode) if begin is not None else _("no licences yet"),
        }
        for way in ("export", "import")
        for begin in (found.begins(way),)
    ]
    return render(
        request,
        "export_control/rule.html",
        http_status=entered.status,
        entered=entered,
        ways=ways,
        modes=[(mode, word(mode)) for mode in MODES],
        history=[
            {
                "mode": word(row["mode"]),
                "from": day_text(number_date(int(row["from_day"]))) if row["from_day"] else "",
                "reason": row["reason"],
                "act": row["act_id"],
            }
            for row in rows
        ],
        may_rule=viewer.may_post(RULING, viewer.state),
        done=whole_number(request.query_params.get("done", "")) or 0,
        tabs=tabs(RULE),
        crumbs=crumbs((_("Rule"), None)),
    )
