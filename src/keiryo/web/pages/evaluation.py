"""Evaluation: what the closed balances say, how well it was measured, and what was recorded.

The pages of the areas lead to the evaluation of each: verdict, uncertainty and where it comes
from, tests, charts; the lines behind it; what other measurements would buy; recording.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Stream

from keiryo.accounts.model import Knowledge
from keiryo.errors import NotFoundError, UsageError
from keiryo.evaluation.false_alarms import is_standard
from keiryo.evaluation.limits import Limit, recorded_limits, rule_names, shipped_limits
from keiryo.evaluation.model import Options
from keiryo.places.model import MaterialBalanceArea
from keiryo.web.headers import DRAWING_POLICY
from keiryo.web.listing import ListColumn, Row, RowList, ShownList, shown_list
from keiryo.web.pages.evaluation_asked import (
    JOB,
    KIND,
    NotYetError,
    Plain,
    evaluated_area,
    evaluated_areas,
    evaluations_shown,
    last_act,
    lines_behind,
    option_texts,
    options_asked,
    percent_text,
    sees_state_measurements,
    sources_behind,
)
from keiryo.web.pages.evaluation_board import (
    ASIDE,
    CHANGED,
    CURRENT,
    OUTDATED,
    STATE_BADGES,
    VERDICT_BADGES,
    at_alpha,
    last_concluded,
    latest_of_each,
    overview,
)
from keiryo.web.pages.evaluation_items import ITEMS_JOB, items_page, run_items, start_items
from keiryo.web.pages.evaluation_pointed import pointed_charts
from keiryo.web.pages.evaluation_recording import (
    record,
    record_page,
    run_evaluation,
    shown_history,
    start,
)
from keiryo.web.pages.evaluation_shown import (
    SHARE_PREFIX,
    address,
    balances_table,
    chart_title,
    charts_of,
    chosen_balance,
    chosen_category,
    number_or_none,
    quantities_of,
    quantity_name,
    result_table,
    sequence_of,
    shares_list,
    terms_table,
    tests_table,
    verdict_cell,
)
from keiryo.web.pages.evaluation_what_if import (
    WHAT_IF_JOB,
    ask_what_if,
    run_what_if,
    what_if_page,
)
from keiryo.web.pictures.dark_chart import in_look
from keiryo.web.rendering import render
from keiryo.web.sections import JobKind, MenuEntry, OverviewPart, Section, reads
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import said, said_in_picture
from keiryo.web.translation import sentence
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Asking, Viewer

NEVER = sentence("nothing recorded")


def _area_href(row: Row) -> str:
    return address(str(row["mba"]), category=str(row["category"] or ""))


AREA_COLUMNS = (
    ListColumn("mba", sentence("Area"), "code", href=_area_href),
    ListColumn("name", sentence("Name")),
    ListColumn("category", sentence("Category"), "code"),
    ListColumn("to", sentence("Balance to"), "date"),
    ListColumn("verdict", sentence("Verdict"), choices=tuple(VERDICT_BADGES)),
    ListColumn("alpha", sentence("False alarms, %"), "number", filterable=False),
    ListColumn("muf_mg", sentence("MUF"), "mass", filterable=False),
    ListColumn("sigma", sentence("σ of MUF, kg"), "number", filterable=False),
    ListColumn("recorded_at", sentence("Recorded"), "time"),
    ListColumn("act", sentence("Act"), "act"),
    ListColumn("state", sentence("State"), choices=(CURRENT, OUTDATED, CHANGED, ASIDE, NEVER)),
)
LIMIT_COLUMNS = (
    ListColumn("name", sentence("Limit")),
    ListColumn("form", sentence("What is compared"), "code"),
    ListColumn("value", sentence("At most"), "number", filterable=False),
    ListColumn("floor_kg", sentence("From, kg"), "number", filterable=False),
    ListColumn("mba", sentence("Area"), "code"),
    ListColumn("categories", sentence("Categories"), "code"),
    ListColumn("quantity", sentence("Quantity")),
    ListColumn("basis", sentence("Rule or decision")),
    ListColumn("act", sentence("Act"), "act"),
)


@get("/evaluation", opt={"reads": "evaluation"}, sync_to_thread=True)
def evaluation_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show the areas with what was last recorded about their balances, and the limits."""
    standing = last_concluded(viewer)
    found = _area_rows(viewer, standing.answer)
    named = any(row["name"] for row in found)
    shown = tuple(c for c in AREA_COLUMNS if named or c.name != "name")
    rows = RowList(found, shown)
    listed = shown_list(request, rows, "evaluations")
    if not isinstance(listed, ShownList):
        return listed
    for cells, row in zip(listed.rows, listed.found.rows, strict=True):
        if row["verdict"]:
            cells["verdict"] = verdict_cell(row["verdict"])
            cells["alpha"] = percent_text(row["alpha"] / 100.0)
        cells["sigma"] = number_or_none(row["sigma"], 6) if row["act"] else None
        cells["state"] = {"text": _(row["state"]), "badge": STATE_BADGES.get(row["state"], "open")}
    held = RowList([limit.to_dict() for limit in limits_seen(viewer)], LIMIT_COLUMNS)
    limits = shown_list(request, held, "limits", prefix="limit-")
    if not isinstance(limits, ShownList):
        return limits
    for cells in limits.rows:
        cells |= {name: said(cells[name]) for name in ("name", "basis") if cells.get(name)}
    return render(
        request,
        "evaluation/areas.html",
        listed=listed,
        limits=limits,
        standing=standing,
        crumbs=[(_("Evaluation"), None)],
    )


def _area_rows(viewer: Viewer, concluded: Any) -> list[dict[str, Any]]:
    by_area: dict[str, list[Any]] = {}
    for one in latest_of_each(concluded):
        by_area.setdefault(one.mba, []).append(one)
    rows = []
    for code, area in evaluated_areas(viewer).items():
        for one in by_area.get(code, [None]):
            row: dict[str, Any] = {"mba": code, "name": area.name}
            if one is None:
                row |= dict.fromkeys(
                    ("category", "to", "verdict", "alpha", "muf_mg", "sigma", "recorded_at", "act")
                )
                rows.append({**row, "state": NEVER})
                continue
            row |= {"category": one.category, "to": one.end, "verdict": one.verdict}
            row["alpha"] = 100.0 * one.alpha
            row |= {"muf_mg": one.muf_mg, "sigma": one.sigma_kg, "act": one.act}
            rows.append({**row, "recorded_at": one.recorded_at, "state": one.state})
    return rows


def limits_seen(viewer: Viewer) -> list[Limit]:
    """Return the limits that hold today: those of the State, of areas seen, the usual ones."""
    with viewer.whole.reading() as connection:
        found = recorded_limits(connection, viewer.metadata, viewer.today, Knowledge())
    seen = evaluated_areas(viewer)
    found = [limit for limit in found if limit.mba is None or limit.mba in seen]
    return [*found, *shipped_limits(Options().rules, viewer.today)]


@get("/evaluation/{mba:str}", opt={"reads": "evaluation"}, sync_to_thread=True)
def area_page(request: AnyRequest, viewer: Asking, mba: FromPath[str]) -> Response[Any] | Stream:
    """Show what the closed balances of an area say."""
    area = evaluated_area(viewer, mba)
    options = options_asked(request.query_params)
    history = shown_history(request, viewer, area, "r-")
    if not isinstance(history, ShownList):
        return history
    common = _common(request, viewer, area, options)
    common["history"] = history
    try:
        evaluations = evaluations_shown(request, viewer, area, options)
    except NotYetError:
        return render(request, "evaluation/later.html", lines=lines_behind(viewer, area), **common)
    except UsageError as error:  # no closed balance: there is nothing to evaluate yet
        return render(request, "evaluation/nothing.html", problem=error, **common)
    if not evaluations:
        return render(request, "evaluation/nothing.html", problem=None, **common)
    query = request.query_params
    plain = chosen_category(evaluations, str(query.get("category", "")))
    number = chosen_balance(plain, str(query.get("balance", "")))
    return _shown(request, viewer, area, common, evaluations, plain, number)


def _common(
    request: AnyRequest, viewer: Viewer, area: MaterialBalanceArea, options: Options
) -> dict[str, Any]:
    job = str(request.query_params.get("job", ""))[:40]
    asked = option_texts(options) | ({"job": job} if job else {})
    recorded = str(request.query_params.get("recorded", ""))[:200].split(",")
    return {
        "area": area,
        "options": options,
        "aside": "" if is_standard(options.alpha) else at_alpha(options.alpha, False),
        "rules": rule_names(),
        "asked": asked,
        "may_record": viewer.may_post(KIND, area.scope),
        "recorded": [n for n in map(whole_number, recorded) if n is not None][:20],
        "crumbs": [(_("Evaluation"), "/evaluation"), (area.code, None)],
    }


def _shown(
    request: AnyRequest,
    viewer: Viewer,
    area: MaterialBalanceArea,
    common: dict[str, Any],
    evaluations: list[Plain],
    plain: Plain,
    number: int,
) -> Response[Any] | Stream:
    """Return the page of one category, with one balance in detail."""
    balance, asked = plain["balances"][number], common["asked"]
    sources, linked = sources_behind(viewer), sees_state_measurements(viewer)
    parts = []
    for place, quantity in enumerate(quantities_of(balance)):
        prefix = f"{SHARE_PREFIX}{place}-"
        shares = shares_list(request, quantity, sources, prefix, linked)
        if not isinstance(shares, ShownList):
            return shares
        words = {"name": quantity_name(quantity["quantity"]), "statement": quantity["statement"]}
        words |= {"assumptions": quantity["assumptions"], "shares": shares, "prefix": prefix}
        parts.append({**words, "terms": terms_table(quantity), "any": bool(quantity["shares"])})
    here = {**asked, "category": plain["category"], "balance": balance["to"]}
    base, pointed = f"/evaluation/{area.code}/charts/", pointed_charts(plain)
    charts = [
        {"name": name, "title": chart_title(name, chart.title), "alt": chart.description,
         "src": f"{base}{name}.svg?{urlencode(here)}", "data": pointed.get(name)}
        for name, chart in charts_of(plain, number).items()
    ]  # fmt: skip
    tabs = [
        (_("Category %(category)s", category=one["category"]),
         address(area.code, category=one["category"], **asked), one is plain)
        for one in evaluations
    ]  # fmt: skip
    more = urlencode({"of": plain["category"], "balance": balance["to"]})
    return render(
        request,
        "evaluation/area.html",
        plain=plain,
        balance=balance,
        verdict=verdict_cell(plain["verdict"]),
        result=result_table(balance),
        balances=balances_table(plain, number, area.code, asked),
        parts=parts,
        tests=tests_table(balance),
        sequence=sequence_of(plain),
        charts=charts,
        category_tabs=tabs,
        findings=plain["findings"],
        through_act=plain["through_act"],
        more=more,
        **common,
    )


@get("/evaluation/{mba:str}/charts/{name:str}", opt={"reads": "evaluation"}, sync_to_thread=True)
def chart_image(
    request: AnyRequest, viewer: Asking, mba: FromPath[str], name: FromPath[str]
) -> Response[str]:
    """Hand out a chart as a picture; nothing in it can run or load anything."""
    area = evaluated_area(viewer, mba)
    options = options_asked(request.query_params)
    query = request.query_params
    chosen = name.removesuffix(".svg")
    nothing = NotFoundError(_("there is no such chart"), _("The page of the area shows all."))
    try:
        evaluations = evaluations_shown(request, viewer, area, options)
    except NotYetError:
        raise nothing from None
    if not evaluations or not name.endswith(".svg"):
        raise nothing
    plain = chosen_category(evaluations, str(query.get("category", "")))
    number = chosen_balance(plain, str(query.get("balance", "")))

    def build() -> str:
        charts = charts_of(plain, number)
        if chosen not in charts:
            raise nothing
        return charts[chosen].svg(chosen)

    which = (options, plain["category"], number, str(query.get("job", ""))[:40], chosen)
    key = ("evaluation chart", area.code, *which)
    text = viewer.server.remembered.get(key, last_act(viewer, area), build)
    return drawing(text, str(query.get("look", "")))


def drawing(text: str, look: str = "") -> Response[str]:
    """Return an SVG picture in a look, with the policy of pictures."""
    return Response(
        in_look(said_in_picture(text), look),
        media_type="image/svg+xml",
        headers={"Content-Security-Policy": DRAWING_POLICY},
    )


def overview_part(viewer: Viewer) -> Mapping[str, Any] | None:
    """Return what evaluations ask of the viewer."""
    return overview(viewer)


SECTION = Section(
    "evaluation",
    handlers=(
        *(evaluation_page, area_page, chart_image, items_page, start_items),
        *(record_page, record, start, what_if_page, ask_what_if),
    ),
    menu=(
        MenuEntry(
            sentence("Evaluation"), "/evaluation", "Evaluation", 10, reads("evaluation"), key="e"
        ),
    ),
    overview=(
        OverviewPart(
            "evaluation", sentence("Evaluation"), 60, reads("evaluation"), overview_part,
            "evaluation/overview.html",
        ),
    ),
    jobs=(
        JobKind(JOB, run_evaluation),
        JobKind(ITEMS_JOB, run_items),
        JobKind(WHAT_IF_JOB, run_what_if),
    ),
)  # fmt: skip
