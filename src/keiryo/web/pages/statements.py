"""Statements of book inventory from the inspectorate, beside the own book.

Source: INFCIRC/153 (Corrected), paragraph 66.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, route
from litestar.datastructures import UploadFile
from litestar.response import Redirect, Stream

from keiryo.errors import KeiryoError, NotFoundError
from keiryo.oversight.received_rows import ReceivedRows
from keiryo.oversight.statement_comparison import StatementComparison, compare_statement
from keiryo.oversight.statements import (
    Statement,
    read_statements,
    record_statements,
    statements_recorded,
)
from keiryo.web.listing import ListColumn, Row, RowList, shown_list
from keiryo.web.once import Answer, once
from keiryo.web.pages.boards import (
    Entered,
    areas_reading,
    day_of,
    explain_error,
    first_shown,
    own_conflict,
    typed_again,
)
from keiryo.web.pages.reports_kept import safe_name
from keiryo.web.remembered import last_act_about
from keiryo.web.rendering import render
from keiryo.web.saved_forms import forget_fields
from keiryo.web.sections import MenuEntry, Section, reads
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

RECORD = "statement.record"
NEW, COMPARE = "/statements/new", "/statements/compare"


def compare_href(row: Row) -> str:
    """Return where a statement is compared with the own book."""
    return f"{COMPARE}?{urlencode({k: row[k] for k in ('statement', 'mba', 'date')})}"


COLUMNS = (
    ListColumn("statement", sentence("Statement"), "code", href=compare_href),
    ListColumn("mba", sentence("Area"), "code"),
    ListColumn("date", sentence("Book of"), "date"),
    ListColumn("sums", sentence("Sums"), "number", filterable=False),
    ListColumn("entries", sentence("Entries"), "number", filterable=False),
    ListColumn("act", sentence("Recorded by act"), "act"),
)


def statements_seen(viewer: Viewer) -> list[Statement]:
    """Return the statements about areas whose oversight records and books the viewer reads."""
    mine = set(areas_reading(viewer, "oversight")) & set(areas_reading(viewer, "accounts"))
    with viewer.books.reading() as connection:
        return [s for s in statements_recorded(connection, viewer.metadata) if s.mba in mine]


@get("/statements", sync_to_thread=True, opt={"reads": "oversight"})
def statements_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """List the statements that were recorded, the latest book first."""
    rows = [{**one.to_dict(), "sums": len(one.books)} for one in reversed(statements_seen(viewer))]
    table = shown_list(request, RowList(rows, COLUMNS), "statements")
    if isinstance(table, Response | Stream):
        return table
    return render(
        request,
        "boards/statements.html",
        listed=table,
        may_record=may_record(viewer),
        crumbs=[(_("Statements"), None)],
    )


def may_record(viewer: Viewer) -> bool:
    """Return whether the viewer may record statements about any area."""
    return viewer.may_post_in_an_area(RECORD)


def require_recording(viewer: Viewer) -> None:
    """Refuse with the reason, if the viewer may record statements about no area.

    Raises
    ------
    NotPermittedError
    """
    if not may_record(viewer):
        viewer.require_post(RECORD, viewer.state)


def read_sent(
    viewer: Viewer, file: str, content: bytes, name: str | None
) -> tuple[list[Statement], ReceivedRows]:
    """Return the statements of a file, and the table with its findings; nothing is recorded."""
    known = list(areas_reading(viewer, "oversight"))
    return read_statements(file, content, statement=name, mbas=known)


def require_recording_of(viewer: Viewer, stated: Iterable[Statement]) -> None:
    """Refuse unless the viewer may record statements about each of the areas.

    Raises
    ------
    NotPermittedError
    """
    for mba in sorted({one.mba for one in stated}):
        viewer.require_post(RECORD, viewer.area(mba).scope)


@route(
    NEW,
    http_method=["GET", "POST"],
    status_code=200,
    sync_to_thread=True,
    opt={"reads": "oversight"},
)
def new_statement_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Redirect:
    """Show the form of a statement; record the file and compare it."""
    require_recording(viewer)
    if request.method == "GET":
        return _form(request, first_shown(viewer, NEW))
    entered = typed_again(viewer)
    sent = None if viewer.form is None else viewer.form.get("file")
    if not isinstance(sent, UploadFile):
        entered.errors["file"] = _("Choose a CSV file.")
        return _form(request, entered)
    file, content = safe_name(sent.filename), sent.file.read()
    name = viewer.field("name")[:100] or None
    stated, table = read_sent(viewer, file, content, name)
    if table.findings:
        entered.findings += table.findings
        entered.errors["file"] = _("The statement was refused; nothing was recorded.")
        return _form(request, entered)
    require_recording_of(viewer, stated)

    def do() -> Answer:
        made = record_statements(viewer.whole, viewer.actor(), file, content, statement=name)
        first = made.statements[0]
        row = {"statement": first.name, "mba": first.mba, "date": first.on.isoformat()}
        return Answer(303, compare_href(row))

    digest = hashlib.sha256(content).hexdigest()
    try:
        answer = once(viewer, viewer.field("_form_id"), {"digest": digest, "name": name}, do)
    except KeiryoError as error:
        if own_conflict(error):
            raise
        return _form(request, explain_error(entered, error, "file"))
    forget_fields(viewer, NEW)
    return Redirect(answer.location or "/statements", status_code=303)


def _form(request: AnyRequest, entered: Entered) -> Response[Any]:
    return render(
        request,
        "boards/statement_form.html",
        http_status=entered.status,
        path=NEW,
        entered=entered,
        crumbs=[(_("Statements"), "/statements"), (_("Record a statement"), None)],
    )


@get(COMPARE, sync_to_thread=True, opt={"reads": "oversight"})
def compare_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Show a statement beside the own book, with every difference."""
    query = request.query_params
    name, mba = (str(query.get(n, ""))[:200] for n in ("statement", "mba"))
    on = day_of(str(query.get("date", "")))
    found = [s for s in statements_seen(viewer) if s.name == name and s.mba == mba]
    statement = latest_of(found, on)
    compared = comparison_of(viewer, statement)
    data = compared.to_dict()
    return render(
        request,
        "boards/statement.html",
        statement=statement,
        data=data,
        books=[_book_row(row) for row in data["books"]],
        findings=compared.findings,
        others=[
            {"text": s.on.isoformat(), "href": compare_href(_key(s)), "here": s is statement}
            for s in found
        ],
        after=_day_after(statement.on),
        crumbs=[(_("Statements"), "/statements"), (f"{statement.name} {statement.mba}", None)],
    )


def latest_of(found: Sequence[Statement], on: datetime.date | None) -> Statement:
    """Return the statement of a day, or the latest one.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    chosen = [s for s in found if on is None or s.on == on]
    if not chosen:
        raise NotFoundError(
            _("there is no such statement that you may see"), _("The list shows all of them.")
        )
    return chosen[-1]


def _key(statement: Statement) -> dict[str, str]:
    return {
        "statement": statement.name,
        "mba": statement.mba,
        "date": statement.on.isoformat(),
    }


def _day_after(day: datetime.date) -> str:
    return (day + datetime.timedelta(days=1)).isoformat()


def comparison_of(viewer: Viewer, statement: Statement) -> StatementComparison:
    """Return a comparison, remembered until something concerns the area."""
    scope = viewer.area(statement.mba).scope
    with viewer.books.reading() as connection:
        as_of = last_act_about(connection, viewer.metadata, scope)
        key = ("statement", viewer.sight, statement.name, statement.mba, statement.on)
        return viewer.server.remembered.get(
            key, as_of, lambda: compare_statement(connection, viewer.metadata, statement)
        )


def _book_row(row: dict[str, Any]) -> dict[str, Any]:
    def weights(name: str) -> dict[str, Any]:
        found = row[name] or {"element": None, "fissile": None}
        return {f"{name}_element": found["element"], f"{name}_fissile": found["fissile"]}

    shown: dict[str, Any] = {"category": row["category"], "unit": row["own"]["unit"]}
    for name in ("stated", "own", "own_as_known", "difference"):
        shown |= weights(name)
    equal = {"text": _("agrees"), "badge": "ok"}
    then = {"text": _("agreed when it was stated"), "badge": "info"}
    differs = {"text": _("differs"), "badge": "query"}
    shown["equal"] = equal if row["equal"] else then if row["equal_as_known"] else differs
    return shown


SECTION = Section(
    "statements",
    handlers=(statements_page, new_statement_page, compare_page),
    menu=(MenuEntry(sentence("Statements"), "/statements", "Reports", 61, reads("oversight")),),
)
