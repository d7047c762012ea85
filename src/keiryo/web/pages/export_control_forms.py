"""What is typed on the pages of export control: licences, states, assurances, shipments, traders.

A form says what its sender saw; if somebody recorded the same thing in between, nothing is done,
and the form comes back with everything typed and the acts that came in between.
"""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy import select

from keiryo.errors import (
    Finding,
    KeiryoError,
    NotFoundError,
    UsageError,
)
from keiryo.export_control.intake import LISTS
from keiryo.export_control.recording import RECORDING, record_file
from keiryo.web.answers import in_words
from keiryo.web.once import Answer, once
from keiryo.web.pages.boards import (
    Entered,
    explain_error,
    first_shown,
    head_of_form,
    own_conflict,
    require_nothing_newer,
    typed_again,
)
from keiryo.web.pages.export_control_entries import (
    FORMS,
    MOST_LINES,
    SPARE_LINES,
    alike,
    as_file,
    choices,
    defaults,
    field_of,
    fields_of_rows,
    hint,
    kind_of_field,
    label,
    lines_typed,
    required_fields,
    typed_object,
)
from keiryo.web.pages.export_control_known import (
    ASSURANCES,
    HOME,
    ITEMS,
    QUEUE,
    READING,
    RECORD,
    SHIPMENTS,
    TRADERS,
    known,
)
from keiryo.web.pages.export_control_words import crumbs, licence_address, tabs, word
from keiryo.web.rendering import render
from keiryo.web.saved_forms import forget_fields
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import AnyRequest, Asking, Viewer

_PLACES = {
    "licences": HOME,
    "steps": HOME,
    "assurances": ASSURANCES,
    "items": ITEMS,
    "transfers": SHIPMENTS,
    "traders": TRADERS,
    "recognitions": TRADERS,
    "consignments": QUEUE,
}
"""Where a list is shown."""
_TOGETHER = dict.fromkeys(("licences", "steps"), ("licences", "steps"))
"""Lists that speak of the same thing."""


# --- typed entries ---------------------------------------------------------------------------


def _asked_list(which: str) -> str:
    if which not in FORMS:
        raise NotFoundError(f"there is no register {which[:40]!r}", f"One of {', '.join(FORMS)}.")
    return which


def _own_path(which: str, of: str) -> str:
    return f"{RECORD}/{which}?{urlencode({'of': of})}" if of else f"{RECORD}/{which}"


@get(RECORD + "/{which:str}", sync_to_thread=True, opt=READING)
def record_form(request: AnyRequest, viewer: Asking, which: FromPath[str]) -> Response[Any]:
    """Show the form for an object of a list; with what is recorded of it, if it is named."""
    which = _asked_list(which)
    viewer.require_post(RECORDING, viewer.state)
    of = str(request.query_params.get("of", ""))[:200]
    here = _own_path(which, of)
    fields = defaults(which)
    if of:
        fields |= recorded_fields(viewer, which, of)
    entered = first_shown(viewer, here, fields)
    return _entry_page(request, viewer, which, of, entered)


def recorded_fields(viewer: Viewer, which: str, of: str) -> dict[str, str]:
    """Return what is recorded of something as fields of its form.

    Raises
    ------
    NotFoundError
        If nothing of that name is recorded.
    UsageError
        If its lines are too many, or too different, to be typed.
    """
    if which == "steps":
        if of not in known(viewer).register.licences:
            raise NotFoundError(f"there is no licence {of[:60]!r} in these books")
        return {"licence": of, "on_day": viewer.today.isoformat()}
    rows = _recorded_rows(viewer, which, of)
    if not rows:
        raise NotFoundError(f"nothing is recorded of {of[:60]!r}")
    if not alike(which, rows):
        raise UsageError(
            _("the lines of %(name)s cannot be typed into one form", name=of[:60]),
            _("Record it by a file."),
        )
    fields = fields_of_rows(which, rows)
    if which == "licences":
        number = int(rows[0]["amendment"]) + 1
        fields |= {"amendment": str(number), "state": "amended"}
        fields |= {"issued_on": viewer.today.isoformat()}
    return fields


def _recorded_rows(viewer: Viewer, which: str, of: str) -> list[dict[str, Any]]:
    """Return the lines of the last act about an object, each with what belongs to all of them."""
    name, kinds = FORMS[which].names[0], LISTS[which]
    found: list[list[dict[str, Any]]] = []
    with viewer.books.reading() as connection:
        for kind in kinds:
            table = viewer.metadata.tables[kind.name]
            query = select(table).where(table.c[name] == of)
            order = query.order_by(table.c.act_id, table.c.line_no)
            rows = [dict(row) for row in connection.execute(order).mappings()]
            last = rows[-1]["act_id"] if rows else 0
            found.append([row for row in rows if row["act_id"] == last])
    if len(found) == 2 and found[0] and found[1]:
        return [{**row, **found[0][-1]} for row in found[1]]
    return found[0] if which == "transfers" else found[0][-1:]


def acts_about(viewer: Viewer, which: str, name: str, head: int) -> list[int]:
    """Return the acts about an object of a list that were posted after one."""
    field, found = FORMS[which].names[0], set()
    kinds = [kind for one in _TOGETHER.get(which, (which,)) for kind in LISTS[one]]
    with viewer.books.reading() as connection:
        for kind in kinds:
            table = viewer.metadata.tables[kind.name]
            query = select(table.c.act_id).where(table.c[field] == name, table.c.act_id > head)
            found |= {int(one) for one in connection.execute(query).scalars()}
    return sorted(found)


@post(RECORD + "/{which:str}", status_code=200, sync_to_thread=True, opt=READING)
def record_entry(
    request: AnyRequest, viewer: Asking, which: FromPath[str]
) -> Response[Any] | Redirect:
    """Record what was typed, or show the form again with what is wrong beside its fields."""
    which = _asked_list(which)
    viewer.require_post(RECORDING, viewer.state)
    of = str(request.query_params.get("of", ""))[:200]
    entered = typed_again(viewer)
    made = typed_object(which, {n: t.strip() for n, t in entered.fields.items()})
    name, content = as_file(which, made)
    own = str(made.get(FORMS[which].names[0], ""))
    head = head_of_form(viewer)

    def do() -> Answer:
        require_nothing_newer(acts_about(viewer, which, own, head) if head and own else ())
        return _recorded(viewer, name, content, _place(which, own))

    digest = hashlib.sha256(content).hexdigest()
    try:
        done = once(viewer, viewer.field("_form_id"), {"which": which, "digest": digest}, do)
    except KeiryoError as error:
        if own_conflict(error):
            raise
        _put_beside(entered, which, made, error)
        return _entry_page(request, viewer, which, of, entered)
    forget_fields(viewer, _own_path(which, of))
    return Redirect(done.location or HOME, status_code=303)


def _place(which: str, name: str) -> str:
    """Return the page on which something is seen that was recorded."""
    return licence_address(name) if which in ("licences", "steps") and name else _PLACES[which]


def _recorded(viewer: Viewer, name: str, content: bytes, place: str) -> Answer:
    done = record_file(viewer.whole, viewer.actor(), name, content)
    told = {"unchanged": done.unchanged} if done.act is None else {"done": done.act.act_id}
    return Answer(303, f"{place}{'&' if '?' in place else '?'}{urlencode(told)}")


def _put_beside(entered: Entered, which: str, made: dict[str, Any], error: KeiryoError) -> None:
    """Put what a service refused beside the fields that it is about, the rest above the form."""
    explain_error(entered, error)
    form, names = FORMS[which], set(FORMS[which].head)
    names |= {f"line{n}_{one}" for n in range(1, MOST_LINES + 1) for one in form.line}
    left: list[Finding] = []
    for finding in entered.findings:
        name = field_of(which, finding, made, names)
        if name and name not in entered.errors:
            entered.errors[name] = in_words(finding)
        else:
            left.append(finding)
    entered.findings = left
    if len(entered.errors) > 1 and not left:
        entered.errors.pop("", None)


def _entry_page(
    request: AnyRequest, viewer: Viewer, which: str, of: str, entered: Entered
) -> Response[Any]:
    form, here = FORMS[which], _own_path(which, of)
    typed = lines_typed(entered.fields, which)
    count = min(typed + SPARE_LINES, MOST_LINES) if typed else 0
    required = required_fields(which)
    offered = _offered(viewer)

    def field(name: str, before: str = "") -> dict[str, Any]:
        kind, id_ = kind_of_field(which, name), before + name
        default = defaults(which).get(f"line1_{name}" if before else name, "")
        return {
            "name": id_,
            "label": label(which, name),
            "hint": hint(name),
            "kind": kind,
            "value": entered.value(id_, default),
            "required": name in required and (not before or before == "line1_"),
            "error": entered.errors.get(id_, ""),
            "options": _options(which, name, required=name in required),
            "list": f"offered-{name}" if name in offered else "",
        }

    return render(
        request,
        "export_control/record.html",
        http_status=entered.status,
        title=_(form.title),
        which=which,
        here=here,
        entered=entered,
        fields=[field(name) for name in form.head],
        lines=[[field(name, f"line{n}_") for name in form.line] for n in range(1, count + 1)],
        typed_lines=typed,
        offered=offered,
        back=_PLACES[which]
        if not of or which not in ("licences", "steps")
        else licence_address(of),
        tabs=tabs(_PLACES[which]),
        crumbs=crumbs((_(form.title), None)),
    )


def _offered(viewer: Viewer) -> dict[str, list[str]]:
    """Return names that are recorded already, offered while something is typed."""
    found = known(viewer)
    return {
        "item": list(found.register.items)[:500],
        "licence": list(found.register.licences)[:500],
    }


def _options(which: str, name: str, *, required: bool) -> list[tuple[str, str]]:
    some = [(one, word(one)) for one in choices(which, name)]
    if not some:
        return []
    return some if required and len(some) < 5 else [("", _("choose")), *some]
