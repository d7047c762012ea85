"""Advance notices of transfers between States: the register, its clock, and its forms.

A viewer sees the notices of the areas whose oversight records they read. Registering, confirming
and withdrawing are acts of who may post them for the area (INFCIRC/153, paragraphs 92 to 97).
"""

from __future__ import annotations

import datetime
from typing import Any
from urllib.parse import quote

from litestar import Response, get, post, route
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Redirect, Stream
from sqlalchemy import Connection, MetaData, select

from keiryo.errors import KeiryoError, NotFoundError, RefusedError
from keiryo.oversight.notice_intake import read_notices
from keiryo.oversight.notices import (
    NoticeBoard,
    clock_dict,
    confirm_notice,
    notice_board,
    register_notices,
    shipment_dict,
    withdraw_notice,
)
from keiryo.oversight.tables import ADVANCE_NOTICE
from keiryo.quantities import Category
from keiryo.reports.rules_notices import AdvanceNotice
from keiryo.storage.schema import ACT
from keiryo.web.listing import ListColumn, Row, RowList, shown_list
from keiryo.web.once import Answer, once
from keiryo.web.pages.boards import (
    Entered,
    areas_reading,
    asked_day,
    day_of,
    explain_error,
    first_shown,
    head_of_form,
    narrowed,
    own_conflict,
    require_nothing_newer,
    typed_again,
)
from keiryo.web.pages.notices_typed import (
    REGISTER,
    acts_about_notice,
    areas_of,
    check_names,
    may_be_withdrawn,
    notice_named,
    registered_fields,
    typed_notice,
)
from keiryo.web.pages.reports_kept import safe_name
from keiryo.web.rendering import render
from keiryo.web.saved_forms import forget_fields
from keiryo.web.sections import Hit, MenuEntry, Section, reads
from keiryo.web.server import Server
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text
from keiryo.web.standing import StandingAnswer
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

NEW, IMPORT = "/notices/new", "/notices/import"
BADGES = {"overdue": "error", "late": "warning", "due soon": "warning", "done": "ok"}
Place = tuple[int, int]


def build_board(
    server: Server, connection: Connection, metadata: MetaData, on: datetime.date
) -> tuple[NoticeBoard, dict[str, Place]]:
    """Return the board of the whole State on a day, and where each notice was registered first."""
    del server
    table = metadata.tables[ADVANCE_NOTICE.name]
    query = select(table.c.notice, table.c.act_id, table.c.line_no).order_by(
        table.c.act_id.desc(), table.c.line_no.desc()
    )
    places = {str(name): (int(act), int(line)) for name, act, line in connection.execute(query)}
    return notice_board(connection, metadata, on), places


BOARDS = StandingAnswer(build_board)


def _notice_href(row: Row) -> str:
    return f"/notices/{row['place']}"


COLUMNS = (
    ListColumn("notice", sentence("Name of the notice"), "code", href=_notice_href),
    ListColumn("state", sentence("State")),
    ListColumn("direction", sentence("Direction"), choices=("export", "import")),
    ListColumn("mba", sentence("Area"), "code", href=lambda row: f"/areas/{quote(row['mba'])}"),
    ListColumn("partner", sentence("Partner"), "code"),
    ListColumn("category", sentence("Category"), "code"),
    ListColumn("element", sentence("Element"), "number", filterable=False, hidden=True),
    ListColumn("unit", sentence("Unit"), filterable=False, hidden=True),
    ListColumn("fissile", sentence("Fissile, g"), "number", filterable=False, hidden=True),
    ListColumn("effective_kg", sentence("Effective kg"), "number", filterable=False),
    ListColumn("notified", sentence("Notified"), "date"),
    ListColumn("transfer", sentence("Transfer"), "date"),
    ListColumn("recorded", sentence("Recorded"), "date"),
    ListColumn("confirmed", sentence("Confirmed"), "date"),
    ListColumn("to_do", sentence("To do")),
    ListColumn("due", sentence("Due"), "date"),
    ListColumn("days_left", sentence("Days left"), "number", filterable=False),
)
WITHOUT = (
    ListColumn("direction", sentence("Direction")),
    ListColumn("mba", sentence("Area"), "code"),
    ListColumn("partner", sentence("Partner"), "code"),
    ListColumn("date", sentence("Date"), "date"),
    ListColumn("effective_kg", sentence("Effective kg"), "number", filterable=False),
    ListColumn("entries", sentence("Entries"), "code", filterable=False),
)


@get("/notices", sync_to_thread=True, opt={"reads": "oversight"})
def notices_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show the register with what is due, and transfers that have no notice."""
    on = asked_day(request, "on", viewer.today)
    standing = BOARDS.get(viewer, on)
    board, places = standing.answer
    mine = areas_reading(viewer, "oversight")
    rows = [
        {**clock_dict(clock), "place": "{}/{}".format(*places[clock.notice.notice])}
        for clock in board.clocks
        if clock.notice.mba in mine
    ]
    table = shown_list(request, RowList(rows, COLUMNS), "notices")
    if isinstance(table, Response | Stream):
        return table
    bare = [
        {**row, "entries": " ".join(row["entries"])}
        for row in map(shipment_dict, board.without_notice)
        if row["mba"] in areas_reading(viewer, "accounts")
    ]
    without = shown_list(request, RowList(bare, WITHOUT), "without-notice", prefix="w_")
    if isinstance(without, Response | Stream):
        return without
    return render(
        request,
        "boards/notices.html",
        standing=standing,
        on=on,
        kept=board.kept,
        listed=table,
        without=without,
        findings=narrowed(viewer, board.findings, "oversight"),
        may_register=bool(areas_of(viewer)),
        crumbs=[(_("Advance notices"), None)],
    )


@route(
    NEW,
    http_method=["GET", "POST"],
    status_code=200,
    sync_to_thread=True,
    opt={"reads": "oversight"},
)
def new_notice_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Redirect:
    """Show the form of a notice; register it."""
    if not areas_of(viewer):
        viewer.require_post(REGISTER, viewer.state)
    if request.method == "GET":
        named_before = str(request.query_params.get("notice", ""))[:100]
        return _form(
            request, viewer, first_shown(viewer, NEW, registered_fields(viewer, named_before))
        )
    entered = typed_again(viewer)
    mba = viewer.field("mba")
    area = areas_of(viewer).get(mba)
    if area is None:
        entered.errors["mba"] = _("Choose one of the areas.")
    notice = typed_notice(viewer, entered)
    revise = viewer.field("revise") == "yes"
    if notice is not None:
        check_names(viewer, entered, [notice], revise=revise)
    if entered.refused or notice is None:
        return _form(request, viewer, entered)
    named, head = notice, head_of_form(viewer)

    def do() -> Answer:
        require_nothing_newer(acts_about_notice(viewer, named.notice, head))
        register_notices(viewer.whole, viewer.actor(), [named], revise=revise)
        return Answer(303, f"/notices/show?notice={quote(named.notice)}")

    asked = {k: v for k, v in entered.fields.items() if not k.startswith("_")}
    try:
        answer = once(viewer, viewer.field("_form_id"), asked, do)
    except KeiryoError as error:
        if own_conflict(error):
            raise
        return _form(request, viewer, explain_error(entered, error))
    forget_fields(viewer, NEW)
    return Redirect(answer.location or "/notices", status_code=303)


def _form(request: AnyRequest, viewer: Viewer, entered: Entered) -> Response[Any]:
    return render(
        request,
        "boards/notice_form.html",
        http_status=entered.status,
        path=NEW,
        entered=entered,
        areas=[(c, f"{c} {a.name or ''}".strip()) for c, a in sorted(areas_of(viewer).items())],
        categories=[("", _("not stated")), *((str(c), str(c)) for c in Category)],
        crumbs=[(_("Advance notices"), "/notices"), (_("Register a notice"), None)],
    )


@get("/notices/show", sync_to_thread=True, opt={"reads": "oversight"})
def show_notice(request: AnyRequest, viewer: Asking) -> Redirect:
    """Lead to a notice by its name."""
    name = str(request.query_params.get("notice", ""))
    notice = notice_named(viewer, name[:200])
    if notice is None:
        raise NotFoundError(
            _("there is no such notice that you may see"), _("The register shows all of them.")
        )
    place = BOARDS.get(viewer, viewer.today).answer[1].get(name)
    if place is None:
        with viewer.whole.reading() as connection:
            found = build_board(viewer.server, connection, viewer.metadata, viewer.today)
        place = found[1][name]
    return Redirect("/notices/{}/{}".format(*place), status_code=303)


@route(
    "/notices/{act:int}/{line:int}",
    http_method=["GET", "POST"],
    status_code=200,
    sync_to_thread=True,
    opt={"reads": "oversight"},
)
def notice_page(
    request: AnyRequest, viewer: Asking, act: FromPath[int], line: FromPath[int]
) -> Response[Any] | Redirect:
    """Show a notice with its clock and history; confirm or withdraw it."""
    here = f"/notices/{act}/{line}"
    notice, history = notice_history(viewer, (act, line))
    if request.method == "GET":
        return _notice(request, viewer, here, notice, history, first_shown(viewer, here))
    entered = typed_again(viewer)
    withdrawing = viewer.field("do") == "withdraw"
    scope = viewer.area(notice.mba).scope
    viewer.require_post("notice.withdraw" if withdrawing else "notice.confirm", scope)
    day, reason = None, viewer.field("reason")
    try:
        day = None if withdrawing else day_of(viewer.field("confirmed"))
    except KeiryoError as error:
        explain_error(entered, error, "confirmed")
    if not withdrawing and day is None and not entered.errors:
        entered.errors["confirmed"] = _("Say on which day the receiver confirmed receipt.")
    if withdrawing and not reason:
        entered.errors["reason"] = _("Say why nothing comes of it.")
    if entered.refused:
        return _notice(request, viewer, here, notice, history, entered)

    def do() -> Answer:
        require_nothing_newer(acts_about_notice(viewer, notice.notice, head_of_form(viewer)))
        if withdrawing:
            withdraw_notice(viewer.whole, viewer.actor(), notice.notice, reason)
        elif day is not None:
            confirm_notice(viewer.whole, viewer.actor(), notice.notice, day)
        return Answer(303, here)

    asked = {"notice": notice.notice, "day": str(day), "reason": reason}
    try:
        once(viewer, viewer.field("_form_id"), asked, do)
    except KeiryoError as error:
        if own_conflict(error):
            raise
        explain_error(entered, error, "reason" if withdrawing else "confirmed")
        return _notice(request, viewer, here, notice, history, entered)
    forget_fields(viewer, here)
    return Redirect(here, status_code=303)


def notice_history(viewer: Viewer, place: Place) -> tuple[AdvanceNotice, list[dict[str, Any]]]:
    """Return a notice that the viewer sees, and what was recorded about it, the latest first.

    Raises
    ------
    NotFoundError
        If there is none that they see.
    """
    table, acts = viewer.metadata.tables[ADVANCE_NOTICE.name], viewer.metadata.tables[ACT]
    named = select(table.c.notice).where(table.c.act_id == place[0], table.c.line_no == place[1])
    with viewer.books.reading() as connection:
        name = connection.execute(named).scalar()
        query = (
            select(table, acts.c.recorded_at, acts.c.reason, acts.c.kind)
            .join(acts, acts.c.act_id == table.c.act_id)
            .where(table.c.notice == name)
            .order_by(table.c.act_id.desc(), table.c.line_no.desc())
        )
        rows = [dict(row) for row in connection.execute(query).mappings()] if name else []
    notice = notice_named(viewer, str(name)) if name else None
    if notice is None:
        raise NotFoundError(
            _("there is no such notice that you may see"), _("The register shows all of them.")
        )
    return notice, rows


def _notice(
    request: AnyRequest,
    viewer: Viewer,
    here: str,
    notice: AdvanceNotice,
    history: list[dict[str, Any]],
    entered: Entered,
) -> Response[Any]:
    board = BOARDS.get(viewer, viewer.today).answer[0]
    clock = next((c for c in board.clocks if c.notice.notice == notice.notice), None)
    scope = viewer.area(notice.mba).scope
    return render(
        request,
        "boards/notice.html",
        http_status=entered.status,
        path=here,
        notice=notice,
        clock=None if clock is None else clock_dict(clock),
        history=[
            {
                "at": instant_text(row["recorded_at"]),
                "what": _(row["state"]),
                "words": row["reason"],
                "act": row["act_id"],
            }
            for row in history
        ],
        entered=entered,
        may_confirm=notice.state != "withdrawn" and viewer.may_post("notice.confirm", scope),
        may_withdraw=may_be_withdrawn(notice) and viewer.may_post("notice.withdraw", scope),
        may_revise=viewer.may_post(REGISTER, scope),
        revise_href=f"{NEW}?notice={quote(notice.notice)}",
        crumbs=[(_("Advance notices"), "/notices"), (notice.notice, None)],
    )


@post(IMPORT, status_code=200, sync_to_thread=True, opt={"reads": "oversight"})
def import_notices(request: AnyRequest, viewer: Asking) -> Response[Any] | Redirect:
    """Register the notices of a CSV file: all of them, or none."""
    entered = typed_again(viewer)
    sent = None if viewer.form is None else viewer.form.get("file")
    if not isinstance(sent, UploadFile):
        entered.errors["file"] = _("Choose a CSV file.")
        return _form(request, viewer, entered)
    name, content = safe_name(sent.filename), sent.file.read()
    notices, table = read_notices(name, content)
    revise = viewer.field("revise_file") == "yes"
    if not table.findings:
        for mba in {notice.mba for notice in notices} & set(areas_reading(viewer, "oversight")):
            viewer.require_post(REGISTER, viewer.area(mba).scope)
        check_names(viewer, entered, notices, revise=revise)
    if table.findings or entered.errors:
        entered.findings += table.findings
        entered.errors[""] = _("The notices were refused; nothing was recorded.")
        return _form(request, viewer, entered)

    def do() -> Answer:
        evidence = (name, content, "advance notices")
        register_notices(viewer.whole, viewer.actor(), notices, revise=revise, evidence=evidence)
        return Answer(303, "/notices")

    try:
        once(viewer, viewer.field("_form_id"), {"name": name, "content": content}, do)
    except RefusedError as error:
        return _form(request, viewer, explain_error(entered, error))
    return Redirect("/notices", status_code=303)


def find_notices(viewer: Viewer, words: str, most: int) -> list[Hit]:
    """Return the notices with the words in their name."""
    if not viewer.reads("oversight"):
        return []
    table = viewer.metadata.tables[ADVANCE_NOTICE.name]
    query = (
        select(table.c.notice, table.c.mba)
        .where(table.c.notice.icontains(words, autoescape=True))
        .distinct()
        .limit(most)
    )
    with viewer.books.reading() as connection:
        rows = connection.execute(query).all()
    return [
        Hit(_KIND, str(name), f"/notices/show?notice={quote(str(name))}", str(mba))
        for name, mba in rows
    ]


_KIND = sentence("advance notice")


SECTION = Section(
    "notices",
    handlers=(notices_page, new_notice_page, show_notice, notice_page, import_notices),
    menu=(
        MenuEntry(
            sentence("Advance notices"), "/notices", "Reports", 60, reads("oversight"), key="n"
        ),
    ),
    search=(find_notices,),
)
