"""Reports per supplier party: what is due by which day, and the reports of a month of an area."""

from __future__ import annotations

import datetime
from typing import Any

from litestar import Response, get
from litestar.response import Stream

from keiryo.dates import DateError, days_later, parse_date
from keiryo.errors import UsageError
from keiryo.obligations.statement_forms import (
    LANGUAGES,
    as_csv,
    as_json,
    supplier_pdf,
)
from keiryo.obligations.supplier_reports import SupplierReport, due_list, supplier_reports
from keiryo.web.listing import ListColumn, RowList, download_headers, shown_list
from keiryo.web.pages.areas_frame import address
from keiryo.web.pages.boards import asked_day
from keiryo.web.pages.evaluation_asked import plain_finding
from keiryo.web.pages.obligations_known import (
    READING,
    kept,
    remembered,
    seen_areas,
    tabs,
)
from keiryo.web.pages.obligations_statements import KINDS, MEDIA
from keiryo.web.pages.obligations_words import REPORTS, area_address, crumbs
from keiryo.web.rendering import render
from keiryo.web.speaking import day_text, language, said
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, NotPermittedError, Viewer

DUE_DAYS, SHOWN_DUE, MOST_LINES = 31, 6, 500
_REPORT_COLUMNS = (
    *("paragraphs", "date", "what", "direction", "batch", "category", "labels"),
    *("element_mg", "due", "record"),
)

DUE_COLUMNS = (
    ListColumn("due", sentence("Due"), "date"),
    ListColumn("state", sentence("Day"), choices=(sentence("ahead"), sentence("day over"))),
    ListColumn("mba", sentence("Area"), "code", href=lambda row: area_address(row["mba"])),
    ListColumn(
        *("period", sentence("About"), "code"),
        href=lambda row: address(REPORTS, mba=row["mba"], month=row["period"][:7]),
    ),
    ListColumn("title", sentence("Report")),
    ListColumn("forms", sentence("Form"), "code"),
    ListColumn("paragraphs", sentence("Paragraph"), "code"),
    ListColumn("per_party", sentence("Per supplier party"), "number", hidden=True),
    ListColumn("basis", sentence("Source"), hidden=True),
)


def due_rows(viewer: Viewer, on: datetime.date) -> list[dict[str, Any]]:
    """Return what is due around a day in the areas that are seen, the earliest first."""

    def build() -> list[dict[str, Any]]:
        with viewer.whole.reading() as connection:
            return due_list(connection, viewer.metadata, on)

    seen = set(seen_areas(viewer))
    return [row for row in remembered(viewer, "due", build, on) if row["mba"] in seen]


def due_soon(viewer: Viewer) -> dict[str, Any]:
    """Return what falls due per supplier party in the next days, for the overview."""
    last = days_later(viewer.today, DUE_DAYS).isoformat()
    rows = [
        row
        for row in due_rows(viewer, viewer.today)
        if row["per_supplier_party"] and not row["day_passed"] and row["due"] <= last
    ]
    shown = [
        {
            "badge": "wait",
            "when": _("due soon"),
            "title": said(row["title"]),
            "mba": row["mba"],
            "due": day_text(row["due"]),
        }
        for row in rows[:SHOWN_DUE]
    ]
    return {"rows": shown, "count": len(rows)}


@get(REPORTS, sync_to_thread=True, opt=READING)
def reports_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show what is due per supplier party, and the reports of a month of an area."""
    found, query = kept(viewer), request.query_params
    on = asked_day(request, "on", viewer.today)
    mba, month = str(query.get("mba", "")).strip()[:40], str(query.get("month", "")).strip()[:20]
    file = str(query.get("file", ""))
    reports: list[SupplierReport] = []
    if mba and month and found.begins is not None:
        reports = reports_of(viewer, mba, month)
        if file:
            return _report_file(reports, file, f"supplier-reports-{mba}-{month}")
    rows = []
    if found.begins is not None:
        rows = [
            {
                **row,
                "due": datetime.date.fromisoformat(row["due"]),
                "state": "day over" if row["day_passed"] else "ahead",
                "forms": " ".join(row["forms"]),
                "paragraphs": " ".join(map(str, row["paragraphs"])),
                "per_party": int(row["per_supplier_party"]),
            }
            for row in due_rows(viewer, on)
        ]
    listed = shown_list(request, RowList(rows, DUE_COLUMNS), f"due-{on}", prefix="d-")
    if isinstance(listed, Response | Stream):
        return listed
    for shown, row in zip(listed.rows, listed.found.rows, strict=True):
        badge = "plain" if row["day_passed"] else "wait"
        shown["state"] = {"text": _(row["state"]), "badge": badge}
        shown["title"] = said(row["title"])
    here = {"mba": mba, "month": month}
    return render(
        request,
        "obligations/reports.html",
        on=on,
        kept=found.begins is not None,
        listed=listed,
        areas=seen_areas(viewer),
        asked=here,
        reports=[_shown(one) for one in reports],
        files=[(kind.upper(), address(REPORTS, **here, file=kind)) for kind in KINDS],
        findings=[plain_finding(f) for one in reports for f in one.findings()],
        tabs=tabs(viewer, REPORTS),
        crumbs=crumbs((_("Reports per supplier party"), None)),
    )


def reports_of(viewer: Viewer, mba: str, month: str) -> list[SupplierReport]:
    """Return the reports per supplier party of a month of an area that is seen.

    Raises
    ------
    NotFoundError
        If there is no such area that is seen, or no labels were kept then.
    NotPermittedError
        If the labels of the area are not seen.
    UsageError
        If it is no month.
    """
    viewer.area(mba)
    if mba not in seen_areas(viewer):
        raise NotPermittedError(
            "the labels of this area are not for you", "An administrator grants more."
        )
    try:
        day = parse_date(f"{month}-01")
    except DateError:
        raise UsageError(
            _("%(month)s is no month", month=month), _("Write a month as 2026-01.")
        ) from None

    def build() -> list[SupplierReport]:
        with viewer.whole.reading() as connection:
            return supplier_reports(connection, viewer.metadata, mba, day)

    return remembered(viewer, "supplier reports", build, mba, day)


def _shown(one: SupplierReport) -> dict[str, Any]:
    told = one.to_dict()
    return {
        **told,
        "title": said(told["title"]),
        "paragraphs": ", ".join(map(str, told["paragraphs"])),
        "forms": ", ".join(told["forms"]),
        "due": day_text(told["due"]),
        "lines": told["lines"][:MOST_LINES],
        "more": max(len(told["lines"]) - MOST_LINES, 0),
        "agrees": all(row["agrees"] for row in told["agreement"]),
    }


def _report_file(reports: list[SupplierReport], kind: str, name: str) -> Response[bytes]:
    if kind not in KINDS:
        raise UsageError(f"there is no file as {kind[:20]!r}", f"One of {', '.join(KINDS)}.")
    told = [one.to_dict() for one in reports]
    if kind == "pdf":
        content = supplier_pdf(reports, language() if language() in LANGUAGES else "en")
    elif kind == "json":
        content = as_json({"reports": told})
    else:
        rows = [
            {"paragraphs": one["paragraphs"], "due": one["due"], **line}
            for one in told
            for line in one["lines"]
        ]
        content = as_csv(rows, _REPORT_COLUMNS)
    return Response(content, media_type=MEDIA[kind], headers=download_headers(f"{name}.{kind}"))
