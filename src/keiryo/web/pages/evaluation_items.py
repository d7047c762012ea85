"""What stands behind a balance: every line that enters MUF, its sign, stratum and measurement."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Stream

from keiryo.evaluation.what_if import Basis, read_basis
from keiryo.places.model import MaterialBalanceArea
from keiryo.web.jobs import Tell
from keiryo.web.listing import ListColumn, Row, RowList, ShownList, exported, safe_cell, shown_list
from keiryo.web.pages.evaluation_asked import (
    NotYetError,
    evaluated_area,
    last_act,
    takes_long,
)
from keiryo.web.pages.evaluation_shown import TERMS, address
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import mass_kg, number_text
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

ITEMS_JOB = "evaluation-items"
ITEMS_TITLE = "Lines behind the balance"


def _line_href(row: Row) -> str | None:
    return f"/why?of=line:{row['act']}/{row['line']}" if row["act"] else None


ITEM_COLUMNS = (
    ListColumn("term", sentence("Term"), choices=tuple(t for t in TERMS if t != "between terms")),
    ListColumn("code", sentence("Code"), "code"),
    ListColumn("day", sentence("Date"), "date"),
    ListColumn("batch", sentence("Batch"), "code"),
    ListColumn("kmp", sentence("KMP"), "code"),
    ListColumn("mdc", sentence("Material description"), "code"),
    ListColumn("basis", sentence("Measurement basis"), "code"),
    ListColumn("items", sentence("Items"), "number", filterable=False),
    ListColumn("element_mg", sentence("Element, signed"), "mass", filterable=False),
    ListColumn("fissile_mg", sentence("Isotope, signed"), "mass", filterable=False),
    ListColumn("stratum", sentence("Stratum")),
    ListColumn("measurement", sentence("Measurement"), "number"),
    ListColumn("cancels", sentence("Cancels"), choices=(sentence("yes"), sentence("no"))),
    ListColumn("act", sentence("Act"), "number", href=_line_href),
    ListColumn("line", sentence("Line"), "number", filterable=False),
)


def basis_of(
    viewer: Viewer, area: MaterialBalanceArea, category: str, *, at_once: bool = False
) -> Basis:
    """Return the lines and measurements behind the balances of a category.

    Raises
    ------
    NotYetError
        If reading them takes long and no job did so yet.
    UsageError
        If there is no closed balance, or no such category.
    """

    def build() -> Basis:
        if not at_once and takes_long(viewer, area):
            raise NotYetError
        with viewer.whole.reading() as connection:
            return read_basis(connection, viewer.metadata, area.code, category)

    key = ("evaluation basis", area.code, category)
    return viewer.server.remembered.get(key, last_act(viewer, area), build)


def balance_number(basis: Basis, asked: str) -> int:
    """Return the number of the balance that ends on the day that is asked for, or the last."""
    ends = [str(period.end) for period in basis.items.periods]
    return ends.index(asked) if asked in ends else len(ends) - 1


def item_rows(basis: Basis, number: int) -> list[dict[str, Any]]:
    """Return the amounts that enter a balance; they sum up to MUF.

    An amount cancels where the same measurement stands on both sides with the same weight.
    """
    coverage = basis.coverage(basis.model)
    own = [use for use in basis.items.uses if use.balance == number]
    net: dict[int, int] = {}
    for use in own:
        net[use.measurement] = net.get(use.measurement, 0) + use.sign * use.element_mg
    return [
        {
            "term": use.term,
            "code": use.code,
            "day": use.line.day,
            "batch": use.line.batch,
            "kmp": use.line.kmp,
            "mdc": use.line.mdc,
            "basis": use.line.basis,
            "items": use.line.items,
            "element_mg": use.sign * use.element_mg,
            "fissile_mg": None if use.fissile_mg is None else use.sign * use.fissile_mg,
            "stratum": coverage.stratum(use),
            "measurement": use.measurement + 1,
            "cancels": "no" if net[use.measurement] else "yes",
            "act": use.line.act or None,
            "line": use.line.line or None,
        }
        for use in own
    ]


def items_seen(
    viewer: Viewer, area: MaterialBalanceArea, basis: Basis, number: int
) -> list[dict[str, Any]]:
    """Return the amounts that enter a balance, remembered until something about it is posted."""
    key = ("evaluation items", area.code, str(basis.items.category), number)
    return viewer.server.remembered.get(
        key, last_act(viewer, area), lambda: item_rows(basis, number)
    )


@get("/evaluation/{mba:str}/items", opt={"reads": "evaluation"}, sync_to_thread=True)
def items_page(request: AnyRequest, viewer: Asking, mba: FromPath[str]) -> Response[Any] | Stream:
    """Show every line that enters a balance; exports hold exactly what the filter shows."""
    area = evaluated_area(viewer, mba)
    category, balance = _asked(request)
    crumbs = _crumbs(area.code, category)
    try:
        basis = basis_of(viewer, area, category)
    except NotYetError:
        return render(
            request, "evaluation/items_later.html", area=area, category=category,
            balance=balance, crumbs=crumbs,
        )  # fmt: skip
    number = balance_number(basis, balance)
    rows = items_seen(viewer, area, basis, number)
    listed = shown_list(request, RowList(rows, ITEM_COLUMNS), f"balance-{area.code}-{category}")
    if not isinstance(listed, ShownList):
        return listed
    for cells, row in zip(listed.rows, listed.found.rows, strict=True):
        cells["term"] = _(TERMS[row["term"]])
        cells["cancels"] = _(row["cancels"])
        if row["batch"]:
            cells["batch"] = (row["batch"], f"/why?of=batch:{area.code}/{row['batch']}")
    period, muf = basis.items.periods[number], basis.items.muf[number]
    return render(
        request,
        "evaluation/items.html",
        area=area,
        category=category,
        period=period,
        items=listed,
        muf=mass_kg(muf.element_mg),
        count=number_text(len(rows)),
        isotope=basis.items.isotopes[number],
        isotope_muf=None if muf.fissile_mg is None else mass_kg(muf.fissile_mg),
        crumbs=crumbs,
    )


def _asked(request: AnyRequest) -> tuple[str, str]:
    query = request.query_params
    return str(query.get("of", "")).strip()[:4] or "E", str(query.get("balance", ""))[:10]


def _crumbs(mba: str, category: str) -> list[tuple[str, str | None]]:
    return [
        (_("Evaluation"), "/evaluation"),
        (mba, address(mba, category=category)),
        (_("Lines behind the balance"), None),
    ]


@post(
    "/evaluation/{mba:str}/items", status_code=200, opt={"reads": "evaluation"}, sync_to_thread=True
)
def start_items(request: AnyRequest, viewer: Asking, mba: FromPath[str]) -> Response[Any]:
    """Write the lines behind a balance of a large area into a file, as a job."""
    area = evaluated_area(viewer, mba)
    asked = {"mba": area.code, "category": viewer.field("of", "E")[:4]}
    asked["balance"] = viewer.field("balance")[:10]
    number = request.app.state.jobs.start(viewer, ITEMS_JOB, ITEMS_TITLE, asked)
    return Redirect(f"/jobs/{number}", status_code=303)


def run_items(viewer: Viewer, parameters: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Write the lines behind a balance as CSV, and keep them for the pages of this process."""
    area = evaluated_area(viewer, parameters["mba"])
    tell(0, 2, "")
    basis = basis_of(viewer, area, parameters["category"], at_once=True)
    tell(1, 2, "")
    number = balance_number(basis, parameters["balance"])
    with tempfile.NamedTemporaryFile("w", newline="", encoding="utf-8", delete=False) as target:
        writer = csv.writer(target, lineterminator="\r\n")
        writer.writerow([column.name for column in ITEM_COLUMNS])
        rows = item_rows(basis, number)
        for row in rows:
            writer.writerow([safe_cell(exported(c, row.get(c.name))) for c in ITEM_COLUMNS])
    tell(2, 2, "")
    end = basis.items.periods[number].end
    return {
        "count": len(rows),
        "template": "evaluation/items_job.html",
        "file": str(Path(target.name)),
        "file_name": f"balance-{area.code}-{parameters['category']}-{end}.csv",
    }
