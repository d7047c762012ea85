"""What is recorded on the pages of obligations: statements that are typed, and files.

A form says what its sender saw; if somebody recorded the same thing in between, nothing is done,
and the form comes back with everything typed and the acts that came in between.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy import and_, select

from keiryo.dates import date_number, parse_date
from keiryo.errors import Finding, KeiryoError, NotFoundError, RefusedError, Severity, UsageError
from keiryo.obligations.intake import LISTS
from keiryo.obligations.recording import (
    SHIPPED,
    WITHDRAWN,
    RecordedStatements,
    begin_labels,
    check_register,
    read_file,
    read_rows,
    record_register,
    record_statements,
    set_consent_rule,
    shipped_register,
    withdraw,
)
from keiryo.obligations.tables import BEGINNING
from keiryo.web.answers import in_words
from keiryo.web.once import Answer, once
from keiryo.web.pages.boards import (
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
from keiryo.web.pages.obligations_entries import (
    FORMS,
    MOST_CELLS,
    MOST_LENGTH,
    RULE,
    WITHDRAWAL,
    cells_typed_twice,
    field_of,
    fields_of_row,
    is_listed,
    missing_fields,
    options_of,
    row_typed,
    too_long_fields,
)
from keiryo.web.pages.obligations_known import READING, kept, last_of, rows_of, tabs
from keiryo.web.pages.obligations_statements import MOST_BYTES, uploaded
from keiryo.web.pages.obligations_words import HOME, LABELS, RECORD, area_address, crumbs
from keiryo.web.rendering import render
from keiryo.web.saved_forms import forget_fields
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, NotPermittedError, Viewer

BEGIN, FILE = f"{RECORD}/begin", f"{RECORD}/file"
_BEGINNING, _RECORDING = "obligations.begin", "obligations.record"
_REFUSING = (Severity.FORMAT, Severity.INCONSISTENCY)
LIST_WORDS = {
    "labels": sentence("labels of partners"),
    "members": sentence("member States of organisations"),
    "rules": sentence("rules of origin"),
    "places": sentence("rules of places"),
    "consents": sentence("consents"),
    "openings": sentence("openings"),
    "receipts": sentence("labels of receipts"),
    "designations": sentence("labels of withdrawals"),
    "exchanges": sentence("exchanges"),
    "relabellings": sentence("labels that begin or end"),
}


# --- typed statements ------------------------------------------------------------------------


@get(RECORD, sync_to_thread=True, opt=READING)
def record_index(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Show what may be recorded."""
    forms = [
        (f"{RECORD}/{which}", _(form.title)) for which, form in FORMS.items() if _may(viewer, which)
    ]
    whole = viewer.may_post(_RECORDING, viewer.state)
    if not forms and not whole:
        raise NotPermittedError(
            "you hold no role that may record labels", "Ask an administrator for the role."
        )
    return render(
        request,
        "obligations/record_index.html",
        forms=forms,
        file_href=FILE if whole else None,
        begin_href=BEGIN if viewer.may_post(_BEGINNING, viewer.state) else None,
        begins=kept(viewer).begins,
        tabs=tabs(viewer, RECORD),
        crumbs=crumbs((_("Record"), None)),
    )


def _may(viewer: Viewer, which: str) -> bool:
    act = FORMS[which].act
    return viewer.may_post(act, viewer.state) or (
        FORMS[which].cells and viewer.may_post_in_an_area(act)
    )


def _asked(viewer: Viewer, which: str) -> str:
    if which not in FORMS:
        raise NotFoundError(f"there is no form {which[:40]!r}", f"One of {', '.join(FORMS)}.")
    if not _may(viewer, which):
        viewer.require_post(FORMS[which].act, viewer.state)
    return which


@get(RECORD + "/{which:str}", sync_to_thread=True, opt=READING)
def record_form(request: AnyRequest, viewer: Asking, which: FromPath[str]) -> Response[Any]:
    """Show the form of a statement; with what is recorded of something, if it is named."""
    which, query = _asked(viewer, which), request.query_params
    names = [field.name for field in FORMS[which].fields]
    fields = {name: str(query.get(name, ""))[:200] for name in names if query.get(name)}
    of = str(query.get("of", ""))[:200]
    if of and is_listed(which) and not FORMS[which].cells:
        name = FORMS[which].names[0]
        last = [r for r in last_of(rows_of(viewer, LISTS[which].name), name) if r[name] == of]
        if not last:
            raise NotFoundError(f"nothing is recorded of {of[:60]!r}")
        fields = fields_of_row(which, last[0])
    return _form_page(request, viewer, which, first_shown(viewer, f"{RECORD}/{which}", fields))


@post(RECORD + "/{which:str}", status_code=200, sync_to_thread=True, opt=READING)
def record_typed(
    request: AnyRequest, viewer: Asking, which: FromPath[str]
) -> Response[Any] | Redirect:
    """Record what was typed, or show the form again with what is wrong beside its fields."""
    which, entered = _asked(viewer, which), typed_again(viewer)
    form = FORMS[which]
    for name in missing_fields(which, entered.fields):
        entered.errors[name] = _("Fill this in.")
    for name in too_long_fields(entered.fields):
        entered.errors[name] = _("Say it in %(most)s characters at most.", most=MOST_LENGTH)
    for name in cells_typed_twice(entered.fields) if form.cells else ():
        entered.errors[name] = _("State each label set once.")
    if entered.errors:
        return _form_page(request, viewer, which, entered)
    row = row_typed(which, entered.fields)
    if form.cells and row["mba"] in viewer.areas:
        viewer.require_post(form.act, viewer.areas[row["mba"]].scope)
    head = head_of_form(viewer)

    def do() -> Answer:
        require_nothing_newer(_acts_since(viewer, which, row, head) if head else ())
        return _record(viewer, which, row)

    asked = {"which": which, "row": json.dumps(row, sort_keys=True)}
    try:
        answer = once(viewer, viewer.field("_form_id"), asked, do)
    except KeiryoError as error:
        if own_conflict(error):
            raise
        _put_beside(entered, which, error)
        return _form_page(request, viewer, which, entered)
    forget_fields(viewer, f"{RECORD}/{which}")
    return Redirect(answer.location or HOME, status_code=303)


def _record(viewer: Viewer, which: str, row: dict[str, Any]) -> Answer:
    form, books, actor = FORMS[which], viewer.whole, viewer.actor()
    place = form.place or area_address(str(row["mba"]))
    if which == RULE:
        day = day_of(str(row.get("from_day", "")))
        posted = set_consent_rule(books, actor, row["mode"], row["reason"], from_day=day)
        return _answer(place, posted.act.act_id)
    if which == WITHDRAWAL:
        viewer.require_post(WITHDRAWING.get(row["kind"], _RECORDING), viewer.state)
        if row["kind"] not in WITHDRAWN:
            raise UsageError(_("Choose what is to be withdrawn."))
        posted = withdraw(books, actor, row["kind"], row["name"], row["reason"])
        return _answer(place, posted.act.act_id)
    file = read_rows(which, [row])
    return _told(place, record_statements(books, actor, file, reason=row.get("reason")))


WITHDRAWING = {"exchange": "obligations.exchange", "relabelling": "obligations.relabel"}


def _told(place: str, done: RecordedStatements) -> Answer:
    return _answer(place, None if done.act is None else done.act.act_id)


def _answer(place: str, act: int | None) -> Answer:
    told = {"unchanged": 1} if act is None else {"done": act}
    return Answer(303, f"{place}{'&' if '?' in place else '?'}{urlencode(told)}")


def _acts_since(viewer: Viewer, which: str, row: dict[str, Any], head: int) -> list[int]:
    """Return the acts about the same thing that were posted after one."""
    names = FORMS[which].names
    if not names:
        return []
    table = viewer.metadata.tables[LISTS[which].name]
    where = [table.c.act_id > head]
    for name in names:
        value = row.get(name)
        if name == "event_date" and value is not None:
            value = date_number(parse_date(value)) if _is_day(value) else -1
        where.append(table.c[name].is_(None) if value is None else table.c[name] == value)
    with viewer.books.reading() as connection:
        query = select(table.c.act_id).where(and_(*where)).distinct()
        return sorted(int(one) for one in connection.execute(query).scalars())


def _is_day(text: str) -> bool:
    try:
        parse_date(text)
    except ValueError:
        return False
    return True


def _put_beside(entered: Entered, which: str, error: KeiryoError) -> None:
    """Put what a service refused beside the fields that it is about, the rest above the form."""
    explain_error(entered, error)
    left: list[Finding] = []
    for finding in entered.findings:
        name = field_of(which, finding)
        if name and name not in entered.errors:
            entered.errors[name] = in_words(finding)
        else:
            left.append(finding)
    entered.findings = left
    if len(entered.errors) > 1 and not left:
        entered.errors.pop("", None)


def _form_page(request: AnyRequest, viewer: Viewer, which: str, entered: Entered) -> Response[Any]:
    form = FORMS[which]
    fields = [
        {
            "name": field.name,
            "label": _(field.label),
            "hint": _(field.hint) if field.hint else "",
            "kind": field.kind,
            "value": entered.value(field.name),
            "required": field.required,
            "error": entered.errors.get(field.name, ""),
            "options": options_of(viewer, which, field),
        }
        for field in form.fields
    ]
    cells = [
        {
            "number": number,
            "labels": entered.value(f"cell{number}_labels"),
            "amount": entered.value(f"cell{number}_amount"),
            "errors": [entered.errors.get(f"cell{number}_{n}", "") for n in ("labels", "amount")],
        }
        for number in range(1, MOST_CELLS + 1)
    ]
    return render(
        request,
        "obligations/record.html",
        http_status=entered.status,
        title=_(form.title),
        note=_(form.note) if form.note else "",
        here=f"{RECORD}/{which}",
        entered=entered,
        fields=fields,
        cells=cells if form.cells else [],
        known=sorted(kept(viewer).labels),
        back=form.place or RECORD,
        tabs=tabs(viewer, RECORD),
        crumbs=crumbs((_("Record"), RECORD), (_(form.title), None)),
    )


# --- the beginning ---------------------------------------------------------------------------


@get(BEGIN, sync_to_thread=True, opt=READING)
def begin_form(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Ask from which day on labels are kept, and under which labels is what was there."""
    viewer.require_post(_BEGINNING, viewer.state)
    return _begin_page(request, viewer, first_shown(viewer, BEGIN))


@post(BEGIN, status_code=200, sync_to_thread=True, opt=READING)
def begin_labels_by_file(request: AnyRequest, viewer: Asking) -> Response[Any] | Redirect:
    """Begin to keep labels; without a file nothing that is there is under a label."""
    viewer.require_post(_BEGINNING, viewer.state)
    entered, reason = typed_again(viewer), viewer.field("reason")
    day = None
    try:
        day = day_of(viewer.field("on_day"))
    except KeiryoError as error:
        explain_error(entered, error, "on_day")
    if day is None:
        entered.errors.setdefault("on_day", _("Say at the end of which day."))
    if not reason:
        entered.errors["reason"] = _("Say why; it stands in the record.")
    try:
        file = read_file(*uploaded(viewer, "file"), "openings")
    except UsageError as error:
        file = read_rows("openings", [])
        if viewer.field("nothing") != "yes":
            entered.errors["file"] = in_words(error)
    if entered.errors or day is None:
        return _begin_page(request, viewer, entered)
    head = head_of_form(viewer)

    def do() -> Answer:
        require_nothing_newer(_beginnings(viewer, head) if head else ())
        return _told(HOME, begin_labels(viewer.whole, viewer.actor(), file, day, reason))

    digest = hashlib.sha256(file.content or b"").hexdigest()
    asked = {"day": str(day), "reason": reason, "digest": digest}
    try:
        answer = once(viewer, viewer.field("_form_id"), asked, do)
    except KeiryoError as error:
        if own_conflict(error):
            raise
        return _begin_page(request, viewer, explain_error(entered, error))
    forget_fields(viewer, BEGIN)
    return Redirect(answer.location or HOME, status_code=303)


def _beginnings(viewer: Viewer, head: int) -> list[int]:
    table = viewer.metadata.tables[BEGINNING.name]
    with viewer.books.reading() as connection:
        query = select(table.c.act_id).where(table.c.act_id > head)
        return sorted(int(one) for one in connection.execute(query).scalars())


def _begin_page(request: AnyRequest, viewer: Viewer, entered: Entered) -> Response[Any]:
    return render(
        request,
        "obligations/begin.html",
        http_status=entered.status,
        entered=entered,
        begins=kept(viewer).begins,
        any_label=bool(kept(viewer).labels),
        file_href=FILE,
        tabs=tabs(viewer, RECORD),
        crumbs=crumbs((_("Record"), RECORD), (_("Begin to keep labels"), None)),
    )


# --- files -----------------------------------------------------------------------------------


@get(FILE, sync_to_thread=True, opt=READING)
def file_form(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Ask for a file of labels, members, rules, consents or statements about material."""
    viewer.require_post(_RECORDING, viewer.state)
    return _file_page(request, viewer)


@post(FILE, status_code=200, sync_to_thread=True, opt=READING)
def check_file(request: AnyRequest, viewer: Asking) -> Response[Any] | Redirect:
    """Check a file and say all that is found; record it when asked a second time."""
    viewer.require_post(_RECORDING, viewer.state)
    recording = viewer.field("do") == "record"
    kind = viewer.field("kind")
    kind = kind if kind in LISTS else ""
    try:
        if viewer.field("shipped") in SHIPPED:
            name, content = shipped_register(viewer.field("shipped"))
        elif recording:
            name, content = _checked_before(viewer)
        else:
            name, content = uploaded(viewer, "file")
    except UsageError as error:
        return _file_page(request, viewer, errors={"file": in_words(error)})
    if not recording:
        return _check_page(request, viewer, name, content, kind)

    def do() -> Answer:
        done = record_register(viewer.whole, viewer.actor(), name, content, kind or None)
        return _told(LABELS, done)

    asked = {"name": name, "kind": kind, "digest": hashlib.sha256(content).hexdigest()}
    try:
        answer = once(viewer, viewer.field("_form_id"), asked, do)
    except RefusedError as error:
        return _check_page(request, viewer, name, content, kind, tuple(error.findings))
    return Redirect(answer.location or LABELS, status_code=303)


def _checked_before(viewer: Viewer) -> tuple[str, bytes]:
    try:
        content = base64.b64decode(viewer.field("packed"), validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if not content or len(content) > MOST_BYTES:
        raise UsageError(_("the form carries no file"), _("Send the file again."))
    return viewer.field("packed_name")[:200], content


def _check_page(
    request: AnyRequest,
    viewer: Viewer,
    name: str,
    content: bytes,
    kind: str,
    refused_for: Sequence[Finding] = (),
) -> Response[Any]:
    objects, found = check_register(viewer.whole, name, content, kind or None)
    findings = [*found, *(one for one in refused_for if one not in found)]
    refused = any(one.severity in _REFUSING for one in findings) or not objects
    checked = {
        "name": name,
        "refused": refused,
        "objects": objects,
        "findings": [plain_finding(one) for one in findings],
        "content": base64.b64encode(content).decode(),
    }
    return _file_page(request, viewer, kind=kind, checked=checked, status=422 if refused else 200)


def _file_page(
    request: AnyRequest,
    viewer: Viewer,
    *,
    kind: str = "",
    checked: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response[Any]:
    lists = [(name, _(LIST_WORDS[name])) for name in LISTS if name != "openings"]
    return render(
        request,
        "obligations/file.html",
        http_status=422 if errors else status,
        checked=checked,
        kind=kind,
        lists=[("", _("seen from its name")), *lists],
        shipped=list(SHIPPED),
        errors=errors or {},
        tabs=tabs(viewer, RECORD),
        crumbs=crumbs((_("Record"), RECORD), (_("Record a file"), None)),
    )
