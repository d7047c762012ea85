"""Source lines written in the browser: a grid with its findings beside each row, then recorded.

Whatever is typed is kept while it is typed. The check records nothing; recording makes one act of
all rows or refuses all of them. A report is made from what is recorded on the page after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Stream
from sqlalchemy import select

from keiryo.errors import ConflictError, Finding, NotFoundError, Severity, UsageError
from keiryo.issuing.source import RECORDING, record_source
from keiryo.issuing.source_findings import set_findings
from keiryo.journal.posting import system_clock
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.tables import KEY_MEASUREMENT_POINT
from keiryo.quantities import Category
from keiryo.vocabulary import ENTRY_CODES, measurement_bases
from keiryo.web.answers import in_words
from keiryo.web.once import Answer
from keiryo.web.pages.reports_grid import (
    CHANGES,
    FIELDS,
    FILE_NAME,
    ISOTOPES,
    LISTING,
    MORE_ROWS,
    MOST_ROWS,
    Composed,
    composed,
    row_count,
    typed_rows,
)
from keiryo.web.pages.reports_once import LookAgainError, done_once
from keiryo.web.pages.reports_prepare import choose_area
from keiryo.web.pages.reports_shown import counts, words_now
from keiryo.web.remembered import last_act_about
from keiryo.web.rendering import render
from keiryo.web.saved_forms import save_fields, saved_fields, typed
from keiryo.web.speaking import gettext as _
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Asking, Viewer

COMPOSE = "/reports/compose"
_MEANT_AS_SOURCE = "TABLE-SOURCE"
_AMOUNT = 2_000


@get(COMPOSE, opt={"reads": "reports"}, sync_to_thread=True)
def compose_choice(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Ask of which area, and which kind of lines."""
    kinds = [(CHANGES, _("Inventory changes")), (LISTING, _("Physical inventory listing"))]
    return choose_area(request, viewer, RECORDING, COMPOSE, _("Write source lines"), kinds)


@get(COMPOSE + "/{mba:str}/{kind:str}", opt={"reads": "reports"}, sync_to_thread=True)
def compose_page(
    request: AnyRequest, viewer: Asking, mba: FromPath[str], kind: FromPath[str]
) -> Response[Any]:
    """Show the grid, with what was typed and not recorded yet."""
    place = _require(viewer, mba, kind)
    fields = saved_fields(viewer, _path(mba, kind))
    return _page(request, viewer, place, kind, fields)


@post(
    COMPOSE + "/{mba:str}/{kind:str}/check",
    status_code=200,
    opt={"reads": "reports"},
    sync_to_thread=True,
)
def check_composed(
    request: AnyRequest, viewer: Asking, mba: FromPath[str], kind: FromPath[str]
) -> Response[Any]:
    """Show what is found about the rows as they are now; nothing is recorded."""
    place = _require(viewer, mba, kind)
    fields = _sent(viewer)
    made, found = _checked(viewer, place, kind, fields)
    return _page(request, viewer, place, kind, fields, made=made, found=found)


@post(
    COMPOSE + "/{mba:str}/{kind:str}",
    status_code=200,
    opt={"reads": "reports"},
    sync_to_thread=True,
)
def compose_action(
    request: AnyRequest, viewer: Asking, mba: FromPath[str], kind: FromPath[str]
) -> Response[Any] | Stream:
    """Check the rows, give more of them, or record them."""
    place = _require(viewer, mba, kind)
    path, fields, action = _path(mba, kind), _sent(viewer), viewer.field("action", "check")
    now = viewer.server.now()
    if action == "more":
        fields["rows"] = str(min(row_count(fields, kind) + MORE_ROWS, MOST_ROWS))
    save_fields(viewer.whole, viewer.person.person, path, fields, now)
    if action == "more":
        return Redirect(
            f"{path}#f-r{row_count(fields, kind) - MORE_ROWS + 1}_date", status_code=303
        )
    made, found = _checked(viewer, place, kind, fields)
    show = partial(_page, request, viewer, place, kind, fields, made=made, found=found)
    if action != "record":
        return show()
    do = partial(_recorded, viewer, place, kind, fields, made, found, show)
    asked = {name: value for name, value in fields.items() if value}
    try:
        return done_once(viewer, path, asked, do)
    except (ConflictError, UsageError) as error:
        return show(problem=in_words(error), http_status=409)


def _recorded(
    viewer: Viewer,
    place: MaterialBalanceArea,
    kind: str,
    fields: Mapping[str, str],
    made: Composed,
    found: list[Finding],
    show: Callable[..., Response[Any]],
) -> Answer:
    """Record the rows, unless somebody posted in between or a finding forbids it."""
    if between := _posted_meanwhile(viewer, place.scope):
        raise LookAgainError(partial(show, between=between, http_status=409))
    reason = fields.get("reason", "")
    refused = partial(show, http_status=422, tried=True)
    if _cannot_be_recorded(found) or (_takes_a_reason(found) and not reason):
        raise LookAgainError(refused)
    outcome = record_source(
        viewer.whole,
        made.reports,
        viewer.actor(),
        files=[(FILE_NAME, made.content)],
        findings=made.findings,
        accept_reason=reason or None,
    )
    if outcome.outcome == "refused":
        raise LookAgainError(partial(refused, found=list(outcome.findings)))
    return Answer(303, f"/reports/prepare/{place.code}/{kind}?recorded={outcome.act_id}")


def _checked(
    viewer: Viewer, place: MaterialBalanceArea, kind: str, fields: Mapping[str, str]
) -> tuple[Composed, list[Finding]]:
    """Return the rows as read, and everything that is found about them."""
    made = composed(place, kind, fields)
    found = [one for one in made.findings if one.code != _MEANT_AS_SOURCE]
    if typed_rows(fields, kind) or kind == LISTING:
        with viewer.whole.reading() as connection:
            found += set_findings(connection, viewer.metadata, made.reports, system_clock)
    return made, found


def _cannot_be_recorded(found: Iterable[Finding]) -> bool:
    return any(one.severity is Severity.FORMAT for one in found)


def _takes_a_reason(found: Iterable[Finding]) -> bool:
    return any(one.severity is Severity.INCONSISTENCY for one in found)


def _posted_meanwhile(viewer: Viewer, scope: str) -> int | None:
    """Return the act that somebody posted about the area since the form was made, or None."""
    made_at = whole_number(viewer.field("_head"))
    if made_at is None:
        return None
    with viewer.books.reading() as connection:
        last = last_act_about(connection, viewer.metadata, scope)
    return last if last > made_at else None


def _sent(viewer: Viewer) -> dict[str, str]:
    fields = {} if viewer.form is None else typed(viewer.form)
    return {
        name: value[:_AMOUNT]
        for name, value in fields.items()
        if name != "action" and len(name) < 40
    }


def _path(mba: str, kind: str) -> str:
    return f"{COMPOSE}/{mba}/{kind}"


def _require(viewer: Viewer, mba: str, kind: str) -> MaterialBalanceArea:
    """Return the area, if the viewer may record lines of this kind there."""
    place = viewer.area(mba)
    if kind not in FIELDS:
        raise NotFoundError(
            f"there are no source lines of the kind {kind[:20]!r}", "Choose I or P."
        )
    viewer.require_post(RECORDING, place.scope)
    return place


def _page(
    request: AnyRequest,
    viewer: Viewer,
    place: MaterialBalanceArea,
    kind: str,
    fields: Mapping[str, str],
    *,
    made: Composed | None = None,
    found: list[Finding] | None = None,
    between: int | None = None,
    problem: str = "",
    tried: bool = False,
    http_status: int = 200,
) -> Response[Any]:
    all_found = found or []
    by_row: dict[int, list[Finding]] = {}
    others = []
    for one in all_found:
        row = made.row_of(one) if made is not None else None
        if row is None:
            others.append(one)
        else:
            by_row.setdefault(row, []).append(one)
    rows = row_count(fields, kind)
    return render(
        request,
        "report_compose.html",
        http_status=http_status,
        path=_path(place.code, kind),
        place=place,
        kind=kind,
        title=_("Inventory changes") if kind == CHANGES else _("Physical inventory listing"),
        fields=fields,
        names=FIELDS[kind],
        rows=range(1, rows + 1),
        most=rows >= MOST_ROWS,
        by_row=by_row,
        others=others,
        checked=found is not None,
        counts=counts(all_found),
        needs_reason=_takes_a_reason(all_found) and not _cannot_be_recorded(all_found),
        between=between,
        problem=problem,
        tried=tried,
        choices=_choices(viewer, place),
        crumbs=[
            (_("Reports"), "/reports"),
            (_("Write source lines"), COMPOSE),
            (place.code, None),
        ],
    )


def _choices(viewer: Viewer, place: MaterialBalanceArea) -> dict[str, list[tuple[str, str]]]:
    """Return what the codes of the grid may be, each with its meaning."""
    words = words_now()
    codes = [
        (code, f"{code} {words.code(code)}")
        for code, known in ENTRY_CODES().items()
        if "ICR" in known.reports
    ]
    table = viewer.metadata.tables[KEY_MEASUREMENT_POINT.name]
    query = select(table.c.kmp, table.c.name).where(table.c.mba == place.code)
    with viewer.books.reading() as connection:
        points = {str(kmp): name for kmp, name in connection.execute(query)}
    none = [("", "")]
    return {
        "code": none + codes,
        "basis": none + [(b, f"{b} {words.basis(b)}") for b in measurement_bases()],
        "category": none + [(str(c), f"{c} {words.category(str(c))} ({c.unit})") for c in Category],
        "isotope": none + [(isotope, isotope) for isotope in ISOTOPES],
        "points": [(kmp, name or "") for kmp, name in sorted(points.items())],
        "areas": [(f"{a.state}/{a.code}", a.name or "") for a in viewer.areas.values()],
    }


HANDLERS = (compose_choice, compose_page, check_composed, compose_action)
