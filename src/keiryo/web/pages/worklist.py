"""The work list: which findings are open, who is to answer them and by when.

A viewer sees the findings about the areas whose records they read; those about no area belong to
who reads the whole State. The counts on the overview and the list behind each of them come from
the same query with the same condition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from litestar import Response, post, route
from litestar.response import Redirect, Stream
from sqlalchemy import Select, func, select

from keiryo.dates import number_date
from keiryo.errors import KeiryoError
from keiryo.journal.tables import FINDING
from keiryo.oversight.standing_questions import record_standing_questions
from keiryo.oversight.worklist import Place, assign
from keiryo.oversight.worklist_query import (
    VIEWS,
    acts_since,
    counts_of_views,
    in_view,
    work_items,
)
from keiryo.web.jobs import JobKind, Tell
from keiryo.web.listing import ListColumn, QueryList, shown_list
from keiryo.web.once import Answer, once
from keiryo.web.pages.boards import (
    Entered,
    areas_reading,
    day_of,
    explain_error,
    first_shown,
    head_of_form,
    own_conflict,
    require_nothing_newer,
    sees_state,
    typed_again,
)
from keiryo.web.pages.worklist_finding import (
    act_done,
    finding_page,
    may_assign,
    own_names,
    owner_names,
    require_place,
)
from keiryo.web.rendering import render
from keiryo.web.saved_forms import forget_fields
from keiryo.web.sections import Hit, MenuEntry, OverviewPart, Section, reads
from keiryo.web.speaking import day_text
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Asking, Viewer

SEVERITIES = ("F", "E", "W", "I")
SEARCHED = 5_000
"""The newest findings are searched by words."""

SHOWN_ON_OVERVIEW = 6
MOST_AT_ONCE = 500

TITLES = {
    "open": sentence("Open"),
    "overdue": sentence("Overdue"),
    "unowned": sentence("Nobody's"),
    "mine": sentence("Mine"),
    "all": sentence("All"),
}


def _finding_href(row: Mapping[str, Any]) -> str:
    return f"/findings/{row['act']}/{row['line']}"


COLUMNS = (
    ListColumn("act", sentence("Act"), "number", filterable=False, hidden=True),
    ListColumn("line", sentence("Line"), "number", filterable=False, hidden=True),
    ListColumn("severity", sentence("Severity"), choices=SEVERITIES),
    ListColumn("code", sentence("Finding"), "code", href=_finding_href),
    ListColumn("mba", sentence("Area"), "code"),
    ListColumn("report", sentence("Report"), "code"),
    ListColumn("entry_no", sentence("Entry"), "number"),
    ListColumn("message", sentence("What is asked"), sortable=False),
    ListColumn("owner", sentence("Who answers")),
    ListColumn("due_on", sentence("By"), "date"),
    ListColumn("overdue", sentence("Overdue"), "number", filterable=False, hidden=True),
    ListColumn("raised_at", sentence("Raised"), "time", filterable=False, hidden=True),
    ListColumn("state", sentence("State"), choices=("open", "closed")),
    ListColumn("answer", sentence("Last answer"), hidden=True),
)


def items_seen(viewer: Viewer) -> Select[Any]:
    """Return the findings that the viewer may see, to be asked through the books they see."""
    return work_items(viewer.metadata, viewer.today, _areas_asked(viewer))


def _areas_asked(viewer: Viewer) -> list[str] | None:
    """Return the areas whose findings are seen; None: all, and those about no area."""
    return None if sees_state(viewer, "journal") else list(areas_reading(viewer, "journal"))


@route(
    "/findings",
    http_method=["GET", "POST"],
    status_code=200,
    sync_to_thread=True,
    opt={"reads": "journal"},
)
def worklist_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show a view of the work list; assign the findings that were picked."""
    if request.method == "POST":
        return assign_selected(request, viewer)
    return _list_page(request, viewer, first_shown(viewer, "/findings"), picked=())


def assign_selected(request: AnyRequest, viewer: Viewer) -> Response[Any] | Stream:
    """Say who is to answer the findings that were picked, and by when."""
    entered = typed_again(viewer)
    sent = [] if viewer.form is None else viewer.form.getall("place", [])
    places = [place for text in sent[:MOST_AT_ONCE] if (place := _place(text)) is not None]
    owner = viewer.field("owner")
    try:
        due_on = day_of(viewer.field("due_on"))
    except KeiryoError as error:
        explain_error(entered, error, "due_on")
        return _list_page(request, viewer, entered, places)
    if not places:
        entered.errors[""] = _("Pick the findings first: tick them in the list.")
    if not owner:
        entered.errors["owner"] = _("Say who is to answer: a role or a pseudonym.")
    if entered.errors:
        return _list_page(request, viewer, entered, places)
    for scope in {require_place(viewer, place)["scope"] for place in places}:
        viewer.require_post("finding.assign", scope)
    back = _view_asked(request)

    def do() -> Answer:
        with viewer.whole.reading() as connection:
            head = head_of_form(viewer)
            require_nothing_newer(acts_since(connection, viewer.metadata, places, head))
        posted, _count = assign(viewer.whole, viewer.actor(), owner, due_on, places=places)
        return Answer(303, f"/findings?{urlencode({**back, 'done': posted.act.act_id})}")

    asked = {"places": sorted(places), "owner": owner, "due": viewer.field("due_on")}
    try:
        answer = once(viewer, viewer.field("_form_id"), asked, do)
    except KeiryoError as error:
        if own_conflict(error):
            raise
        explain_error(entered, error, "owner")
        return _list_page(request, viewer, entered, places)
    forget_fields(viewer, "/findings")
    return Redirect(answer.location or "/findings", status_code=303)


def _place(text: Any) -> Place | None:
    act, _slash, line = str(text).partition("/")
    place = (whole_number(act), whole_number(line))
    return None if place[0] is None or place[1] is None else (place[0], place[1])


def _list_page(
    request: AnyRequest, viewer: Viewer, entered: Entered, picked: Iterable[Place]
) -> Response[Any] | Stream:
    view = str(request.query_params.get("view", ""))
    view = view if view in VIEWS else "open"
    names, items = own_names(viewer), items_seen(viewer)
    order = ("due_on", "act", "line") if view in ("overdue", "mine") else ("-act", "line")
    rows = QueryList(viewer.books, in_view(items, view, names), COLUMNS, order)
    table = shown_list(request, rows, f"findings-{view}")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["_place"] = f"{row['act']}/{row['line']}"
        cells["_severity"] = row["severity"]
        state = _("overdue") if row["overdue"] else _(str(row["state"]))
        badge = "error" if row["overdue"] else ("open" if row["state"] == "open" else "ok")
        cells["state"] = {"text": state, "badge": badge}
    with viewer.books.reading() as connection:
        counts = counts_of_views(connection, items, names)
    assigning = may_assign(viewer)
    pick = [{"key": "_pick", "title": _("Pick"), "kind": "text"}] if assigning else []
    chosen = {f"{act}/{line}" for act, line in picked}
    kept = _view_asked(request)
    return render(
        request,
        "boards/worklist.html",
        http_status=entered.status,
        listed=table,
        columns=[*pick, *table.columns],
        picked=chosen,
        tabs=[(_(TITLES[v]), f"/findings?view={v}", v == view, counts[v]) for v in VIEWS],
        view=view,
        entered=entered,
        assigning=assigning,
        owners=owner_names(viewer) if assigning else [],
        may_refresh=viewer.may_post("report.accept", viewer.state),
        action=f"/findings?{urlencode(kept)}" if kept else "/findings",
        done=act_done(request),
        crumbs=[(_("Findings"), None)],
    )


def _view_asked(request: AnyRequest) -> dict[str, str]:
    """Return what the address asks of the list, without what came of the last form."""
    return {k: v for k, v in request.query_params.items() if k not in ("format", "done")}


@post("/findings/refresh", status_code=200, sync_to_thread=True, opt={"reads": "journal"})
def start_refresh(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Start asking what the boards ask today, as a job."""
    viewer.require_post("report.accept", viewer.state)
    number = request.app.state.jobs.start(viewer, "standing questions", "Questions of today", {})
    return Redirect(f"/jobs/{number}", status_code=303)


def run_refresh(viewer: Viewer, parameters: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Record what notices and statements ask today, and settle what is gone."""
    del parameters
    tell(0, 0, "")
    new, settled = record_standing_questions(viewer.whole, viewer.actor(), viewer.today)
    return {"new": new, "settled": settled, "href": "/findings", "template": "boards/asked.html"}


def shown_today(viewer: Viewer) -> dict[str, Any]:
    """Return what waits: how much is mine, overdue, nobody's, and what of it comes first."""
    names, items = own_names(viewer), items_seen(viewer)
    badges = {"mine": "query", "overdue": "error", "unowned": "warning", "open": "open"}
    with viewer.books.reading() as connection:
        counts = counts_of_views(connection, items, names)
        inner = in_view(items, "mine" if counts["mine"] else "open", names).subquery()
        query = (
            select(inner)
            .order_by(inner.c.overdue.desc(), inner.c.due_on.asc().nulls_last(), inner.c.act.desc())
            .limit(SHOWN_ON_OVERVIEW)
        )
        first = [dict(row) for row in connection.execute(query).mappings()]
    return {
        "counts": [
            {
                "text": _(TITLES[view]),
                "badge": badges[view],
                "count": counts[view],
                "href": f"/findings?view={view}",
            }
            for view in badges
        ],
        "open_count": counts["open"],
        "first": [
            {
                **row,
                "href": _finding_href(row),
                "by": day_text(number_date(row["due_on"])) if row["due_on"] else "",
            }
            for row in first
        ],
    }


def find_findings(viewer: Viewer, words: str, most: int) -> Iterable[Hit]:
    """Yield findings of a code, and of the newest those whose words were searched for."""
    if not viewer.reads("journal"):
        return
    table = viewer.metadata.tables[FINDING.name]
    mbas = _areas_asked(viewer)
    columns = (table.c.act_id, table.c.line_no, table.c.code, table.c.mba, table.c.message)
    newest = select(*columns).order_by(table.c.act_id.desc(), table.c.line_no)
    if mbas is not None:
        newest = newest.where(table.c.mba.in_(mbas))
    inner = newest.limit(SEARCHED).subquery()
    text = words.lower()
    query = (
        select(inner)
        .where(
            (func.lower(inner.c.code) == text)
            | func.lower(inner.c.message).contains(text, autoescape=True)
        )
        .order_by(inner.c.act_id.desc(), inner.c.line_no)
        .limit(most)
    )
    with viewer.books.reading() as connection:
        for row in connection.execute(query).mappings():
            place = f"{row['act_id']}/{row['line_no']}"
            title = f"{row['code']} {row['mba'] or ''} {place}"
            yield Hit(_KIND, " ".join(title.split()), f"/findings/{place}", row["message"][:200])


_KIND = sentence("finding")


SECTION = Section(
    "findings",
    handlers=(worklist_page, start_refresh, finding_page),
    menu=(MenuEntry(sentence("Findings"), "/findings", "Today", 40, reads("journal"), key="w"),),
    overview=(
        OverviewPart(
            "findings",
            sentence("Findings that wait"),
            10,
            reads("journal"),
            shown_today,
            "boards/overview_findings.html",
        ),
    ),
    search=(find_findings,),
    jobs=(JobKind("standing questions", run_refresh),),
)
