"""The closing assistant: what to look at, what will be recorded, closing, what comes next."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from litestar import Response, get, route
from litestar.params import FromPath
from litestar.response import Redirect, Stream
from sqlalchemy import select

from keiryo.accounts.closing import close_period, closed_lines
from keiryo.accounts.closing_preview import ClosingPreview, closing_preview, takings
from keiryo.errors import KeiryoError, NotFoundError, UsageError
from keiryo.journal.act_scopes import NAME as ACT_SCOPE
from keiryo.places.model import MaterialBalanceArea
from keiryo.profile_files import shipped_tables
from keiryo.profiles import folder_tables
from keiryo.profiles import profile as profile_on
from keiryo.quantities import Category
from keiryo.web.listing import ListColumn, RowList, shown_list
from keiryo.web.once import Answer, once
from keiryo.web.pages.boards import (
    Entered,
    areas_reading,
    day_of,
    explain_error,
    head_of_form,
    own_conflict,
    require_nothing_newer,
    typed_again,
)
from keiryo.web.pages.closing_checks import (
    CHANGED,
    CLOSED,
    NOTHING,
    READY,
    STATES,
    Standing,
    checklist,
    open_points,
    side_by_side,
    standing_of,
    why_not,
)
from keiryo.web.rendering import render
from keiryo.web.sections import MenuEntry, OverviewPart, Section, reads
from keiryo.web.speaking import day_text
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Asking, Viewer

BADGES = {READY: "wait", CHANGED: "query", CLOSED: "ok", NOTHING: "open"}
MOST_PIT = 40

COLUMNS = (
    ListColumn("mba", sentence("Area"), "code", href=lambda row: f"/closing/{row['mba']}"),
    ListColumn("name", sentence("Name")),
    ListColumn("state", sentence("State"), choices=STATES),
    ListColumn("start", sentence("Period from"), "date"),
    ListColumn("end", sentence("Physical inventory of"), "date"),
    ListColumn("closed_act", sentence("Closed by act"), "act"),
    ListColumn("unclosed_before", sentence("Earlier periods not closed"), "number"),
)


def _row(code: str, area: MaterialBalanceArea, standing: Standing) -> dict[str, Any]:
    return {
        "mba": code,
        "name": area.name,
        "state": standing.state,
        "start": None if standing.start is None else standing.start.isoformat(),
        "end": None if standing.end is None else standing.end.isoformat(),
        "closed_act": standing.closed_act,
        "unclosed_before": standing.unclosed_before or None,
    }


@get("/closing", sync_to_thread=True, opt={"reads": "accounts"})
def closings_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show where the last period of each area stands."""
    mine = areas_reading(viewer, "accounts")
    rows = [_row(code, area, standing_of(viewer, area)) for code, area in sorted(mine.items())]
    rows.sort(key=lambda row: (STATES.index(row["state"]), row["mba"]))
    table = shown_list(request, RowList(rows, COLUMNS), "closings")
    if isinstance(table, Response | Stream):
        return table
    for cells in table.rows:
        state = str(cells["state"])
        cells["state"] = {"text": _(state), "badge": BADGES[state]}
    return render(request, "boards/closings.html", listed=table, crumbs=[(_("Closing"), None)])


@route(
    "/closing/{mba:str}",
    http_method=["GET", "POST"],
    status_code=200,
    sync_to_thread=True,
    opt={"reads": "accounts"},
)
def closing_page(
    request: AnyRequest, viewer: Asking, mba: FromPath[str]
) -> Response[Any] | Redirect:
    """Show the way to a closed balance of an area; close it."""
    area = _area(viewer, mba)
    if request.method == "POST":
        return _close(request, viewer, area)
    pit = day_of(str(request.query_params.get("pit", ""))[:MOST_PIT])
    rounding = str(request.query_params.get("rounding", "")).strip()
    return _page(request, viewer, area, pit, rounding, Entered())


def _area(viewer: Viewer, mba: str) -> MaterialBalanceArea:
    area = viewer.area(mba)
    if mba not in areas_reading(viewer, "accounts"):
        raise NotFoundError(
            _("there is no MBA %(mba)s that you may see", mba=mba),
            _("The areas that you may see are on the overview."),
        )
    return area


def _close(
    request: AnyRequest, viewer: Viewer, area: MaterialBalanceArea
) -> Response[Any] | Redirect:
    """Close a period, unless somebody posted about the area since the page was made."""
    viewer.require_post("period.close", area.scope)
    entered = typed_again(viewer)
    pit, rounding = day_of(viewer.field("pit")[:MOST_PIT]), viewer.field("rounding")
    if pit is None:
        raise UsageError(_("which period is to be closed?"), _("Go back to the assistant."))
    if rounding and rounding not in dict(roundings(pit)):
        raise UsageError(
            _("there is no rounding %(name)s", name=rounding[:40]), _("Choose one of the list.")
        )
    if viewer.field("points") not in ("", "0") and viewer.field("looked") != "yes":
        entered.errors["looked"] = _("Say that you looked at the points that are still open.")
    if entered.refused:
        return _page(request, viewer, area, pit, rounding, entered)
    here = f"/closing/{area.code}"

    def do() -> Answer:
        require_nothing_newer(_acts_about(viewer, area, head_of_form(viewer)))
        closed = close_period(
            viewer.whole, area.code, pit, viewer.actor(), rounding_profile=rounding or None
        )
        asked = {"pit": pit.isoformat(), "rounding": rounding, "done": closed.act.act_id}
        asked["again"] = "1" if closed.repeated else ""
        return Answer(303, f"{here}?{urlencode({k: v for k, v in asked.items() if v})}")

    asked = {"mba": area.code, "pit": str(pit), "rounding": rounding}
    try:
        answer = once(viewer, viewer.field("_form_id"), asked, do)
    except KeiryoError as error:
        if own_conflict(error):
            raise
        explain_error(entered, error)
        return _page(request, viewer, area, pit, rounding, entered)
    return Redirect(answer.location or here, status_code=303)


def _acts_about(viewer: Viewer, area: MaterialBalanceArea, after_act: int) -> list[int]:
    """Return the acts after an act that have lines of an area which its balance may rest on."""
    table = viewer.metadata.tables[ACT_SCOPE]
    query = (
        select(table.c.act_id)
        .where(
            table.c.scope == area.scope,
            table.c.act_id > after_act,
            table.c.capability.in_(("accounts", "reports", "movements")),
        )
        .distinct()
        .order_by(table.c.act_id)
        .limit(20)
    )
    with viewer.whole.reading() as connection:
        return [int(number) for number in connection.execute(query).scalars()]


@cache
def _shipped_roundings(on: datetime.date) -> tuple[tuple[str, str], ...]:
    found = []
    for name in dict.fromkeys((*shipped_tables().names(), *folder_tables().names())):
        try:
            rules = profile_on(name, on)
        except NotFoundError:
            continue
        if any(step > 1 for step in rules.rounding_step_mg.values()):
            found.append((name, rules.title))
    return tuple(found)


def roundings(on: datetime.date) -> Sequence[tuple[str, str]]:
    """Return name and title of the profiles that round, as they hold on a day."""
    return _shipped_roundings(on)


def _page(
    request: AnyRequest,
    viewer: Viewer,
    area: MaterialBalanceArea,
    pit: datetime.date | None,
    rounding: str,
    entered: Entered,
) -> Response[Any]:
    with viewer.books.reading() as connection:
        days = takings(connection, viewer.metadata, area.code)
    crumbs = [(_("Closing"), "/closing"), (area.code, None)]
    try:
        with viewer.books.reading() as connection:
            chosen = rounding or None
            found = closing_preview(
                connection, viewer.metadata, area.code, pit, rounding_profile=chosen
            )
            closed = closed_lines(connection, viewer.metadata, area.code, found.period.end)
    except UsageError as error:
        if pit is not None and len(days) > 1:
            raise
        points = [why_not(viewer, area, error)]
        return render(
            request,
            "boards/closing.html",
            path=f"/closing/{area.code}",
            area=area,
            found=None,
            points=points,
            entered=entered,
            crumbs=crumbs,
        )
    points = checklist(viewer, area, found, days)
    return render(
        request,
        "boards/closing.html",
        http_status=entered.status,
        path=f"/closing/{area.code}",
        area=area,
        found=found,
        closed_act=None if closed is None else closed[0],
        points=points,
        open_count=open_points(points),
        periods=[(day.isoformat(), day_text(day)) for day in reversed(days[1:])],
        rounding=rounding,
        roundings=roundings(found.period.end),
        beside=side_by_side(area, found),
        recorded=recorded_lines(area, found),
        may_close=viewer.may_post("period.close", area.scope),
        entered=entered,
        done=_number(request, "done"),
        again=request.query_params.get("again") == "1",
        next_steps=next_steps(viewer, area, found),
        crumbs=crumbs,
    )


def _number(request: AnyRequest, name: str) -> int:
    return whole_number(request.query_params.get(name, "")) or 0


def recorded_lines(area: MaterialBalanceArea, found: ClosingPreview) -> list[dict[str, Any]]:
    """Return what closing records, line by line, each with the way to its reasons."""
    period = f"{found.period.start}..{found.period.end}"
    return [
        {
            "code": code,
            "category": str(category),
            "element_mg": by[category].element_mg,
            "fissile_mg": by[category].fissile_mg,
            "href": ""
            if code.startswith("RA")
            else f"/why?of={quote(f'figure:{area.code}/{period}/{code}/{category}')}",
        }
        for code, by in found.balance.lines.items()
        for category in Category
        if category in by
    ]


def next_steps(
    viewer: Viewer, area: MaterialBalanceArea, found: ClosingPreview
) -> list[tuple[str, str, str]]:
    """Return what comes after closing: title, address and words."""
    steps = []
    if viewer.reads("reports"):
        asked = urlencode({"mba": area.code, "to": found.period.end.isoformat()})
        steps.append(
            (
                _("Prepare the material balance report and the listing"),
                f"/reports/prepare?{asked}",
                _("The reports of the period are made from the books on the report workbench."),
            )
        )
    if viewer.reads("evaluation"):
        steps.append(
            (
                _("Evaluate the balance"),
                f"/evaluation/{area.code}",
                _("MUF, its uncertainty and the verdict, with what contributes most."),
            )
        )
    steps.append((_("Look at the area"), f"/areas/{area.code}", _("Books, batches and inventory.")))
    return steps


def may_close_somewhere(viewer: Viewer) -> bool:
    """Return whether the viewer closes balances anywhere."""
    return viewer.reads("accounts") and viewer.may_post_somewhere("period.close")


def ready_today(viewer: Viewer) -> dict[str, Any]:
    """Return the areas that the viewer may close, with a period that waits for it."""
    waiting = []
    for code, area in sorted(areas_reading(viewer, "accounts").items()):
        if not viewer.may_post("period.close", area.scope):
            continue
        standing = standing_of(viewer, area)
        if standing.state in (READY, CHANGED):
            waiting.append(
                {
                    "mba": code,
                    "state": _(standing.state),
                    "badge": BADGES[standing.state],
                    "end": day_text(standing.end),
                    "href": f"/closing/{code}",
                }
            )
    return {"waiting": waiting}


SECTION = Section(
    "closing",
    handlers=(closings_page, closing_page),
    menu=(MenuEntry(sentence("Closing"), "/closing", "Books", 40, reads("accounts"), key="c"),),
    overview=(
        OverviewPart(
            "closing",
            sentence("Ready to be closed"),
            50,
            may_close_somewhere,
            ready_today,
            "boards/overview_closing.html",
        ),
    ),
)
