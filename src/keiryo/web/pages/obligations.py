"""Obligations: what is under which partner's label on a day, area by area and over time."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from typing import Any

from litestar import Response, get
from litestar.response import Stream

from keiryo.obligations.balances import Cell
from keiryo.obligations.labels import labels_of
from keiryo.quantities import Category
from keiryo.web.listing import ListColumn, Row, RowList, shown_list
from keiryo.web.pages.areas_frame import address, category_name
from keiryo.web.pages.boards import asked_day, sees_state
from keiryo.web.pages.obligations_area import area_page
from keiryo.web.pages.obligations_attention import (
    attention_page,
    consents_ending,
    unstated_count,
)
from keiryo.web.pages.obligations_forms import (
    begin_form,
    begin_labels_by_file,
    check_file,
    file_form,
    record_form,
    record_index,
    record_typed,
)
from keiryo.web.pages.obligations_known import (
    CAPABILITY,
    READING,
    asked_partner,
    cells_seen,
    done_act,
    explains,
    kept,
    may_record,
    partner_sums,
    seen_areas,
    set_choices,
    tabs,
)
from keiryo.web.pages.obligations_labels import label_page, labels_page
from keiryo.web.pages.obligations_over_time import partner_curve
from keiryo.web.pages.obligations_reports import due_soon, reports_page
from keiryo.web.pages.obligations_statements import (
    issue_one,
    reconcile_one,
    statement_file,
    statement_page,
    statements_page,
)
from keiryo.web.pages.obligations_terms import consents_page, exchanges_page, rules_page
from keiryo.web.pages.obligations_trace import find_batch, trace_page
from keiryo.web.pages.obligations_words import (
    ATTENTION,
    HOME,
    REPORTS,
    area_address,
    cell_why,
    crumbs,
    label_address,
    record_address,
    set_labels,
    set_words,
)
from keiryo.web.pictures.obligation_bars import UNLABELLED, SetBar, obligation_bars
from keiryo.web.rendering import render
from keiryo.web.sections import Hit, MenuEntry, OverviewPart, Section, reads
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import writing_now
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

LETTERS = tuple(str(category) for category in Category)


@get(HOME, sync_to_thread=True, opt=READING)
def balance_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show what is on the books under each partner at the end of a day, and what it is made of."""
    found = kept(viewer)
    on = asked_day(request, "on", viewer.today)
    partner = asked_partner(viewer, str(request.query_params.get("partner", "")))
    if found.begins is None or not found.labels or on < found.begins:
        return _not_kept(request, viewer, on)
    every = cells_seen(viewer, on)
    cells = [one for one in every if not partner or partner in labels_of(one.labels)]
    partners = _partners(request, viewer, every, on, partner)
    if isinstance(partners, Response | Stream):
        return partners
    rows = RowList(_cell_rows(cells, explains(viewer)), _cell_columns(on, cells))
    listed = shown_list(request, rows, f"obligations-{on}", prefix="c-")
    if isinstance(listed, Response | Stream):
        return listed
    for shown, row in zip(listed.rows, listed.found.rows, strict=True):
        shown["labels"] = {"text": set_words(row["labels"])}
        shown["category"] = {"text": row["category"], "hint": category_name(row["category"])}
    return render(
        request,
        "obligations/balance.html",
        on=on,
        partner=partner,
        begins=found.begins,
        choices=[(code, f"{code} – {one.name}") for code, one in found.labels.items()],
        partners=partners,
        listed=listed,
        picture=_picture(cells, on),
        curve=partner_curve(viewer, partner) if partner else "",
        done=done_act(request),
        negative=any(one.element_mg < 0 for one in cells),
        whole_state=sees_state(viewer, CAPABILITY),
        tabs=tabs(viewer, HOME),
        crumbs=crumbs(),
    )


def _not_kept(request: AnyRequest, viewer: Viewer, on: datetime.date) -> Response[Any]:
    found = kept(viewer)
    return render(
        request,
        "obligations/not_kept.html",
        begins=found.begins,
        any_label=bool(found.labels),
        on=on,
        done=done_act(request),
        may_begin=may_record(viewer),
        begin_href=record_address("begin"),
        tabs=tabs(viewer, HOME),
        crumbs=crumbs(),
    )


def _partners(
    request: AnyRequest,
    viewer: Viewer,
    cells: Sequence[Cell],
    on: datetime.date,
    partner: str,
) -> Any:
    """Return the table of partners by element category: disjoint rows they are not."""
    found = kept(viewer)
    present = [letter for letter in LETTERS if any(one.category == letter for one in cells)]
    sums = partner_sums(cells)

    def href(letter: str) -> Any:
        def of(row: Row) -> str | None:
            if row[letter] is None or row["kind"] != "partner":
                return None
            asked = {"on": on.isoformat(), "partner": row["partner"], "c-category": letter}
            return f"{address(HOME, **asked)}#cells"

        return of

    def label_href(row: Row) -> str | None:
        return label_address(row["partner"]) if row["kind"] == "partner" else None

    rows: list[dict[str, Any]] = [
        {
            "kind": "partner",
            "partner": code,
            "name": one.name,
            **{letter: sums.get(code, {}).get(letter) for letter in present},
        }
        for code, one in found.labels.items()
        if (not partner or code == partner) and (code in sums or one.valid_to is None)
    ]
    if not partner:
        for kind, of in (("none", _unlabelled(cells)), ("book", _book(cells))):
            name = _("under no label") if kind == "none" else _("whole book")
            own = {letter: of.get(letter) for letter in present}
            rows.append({"kind": kind, "partner": "", "name": name, **own})
    columns = (
        ListColumn("partner", sentence("Label"), "code", href=label_href, filterable=False),
        ListColumn("name", sentence("Partner"), filterable=False),
        *(
            ListColumn(one, category_name(one), "mass", filterable=False, href=href(one))
            for one in present
        ),
        ListColumn("kind", sentence("Row"), hidden=True, filterable=False),
    )
    table = shown_list(request, RowList(rows, columns), f"partners-{on}", prefix="p-")
    if isinstance(table, Response | Stream):
        return table
    for shown, row in zip(table.rows, table.found.rows, strict=True):
        shown["_kind"] = None if row["kind"] == "partner" else "total"
    return table


def _unlabelled(cells: Sequence[Cell]) -> dict[str, int]:
    return _book([one for one in cells if one.labels == UNLABELLED])


def _book(cells: Sequence[Cell]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in cells:
        found[one.category] = found.get(one.category, 0) + one.element_mg
    return found


def _cell_rows(cells: Sequence[Cell], why: bool) -> list[dict[str, Any]]:
    return [
        {
            "mba": one.mba,
            "category": one.category,
            "labels": one.labels,
            "element_mg": one.element_mg,
            "fissile_mg": one.fissile_mg,
            "why": cell_why(one.mba, one.category, one.labels) if why else None,
        }
        for one in cells
    ]


def _cell_columns(on: datetime.date, cells: Sequence[Cell]) -> tuple[ListColumn, ...]:
    return (
        ListColumn(
            *("mba", sentence("Area"), "code"),
            href=lambda row: area_address(row["mba"], on.isoformat()),
        ),
        ListColumn("category", sentence("Category"), "code", choices=LETTERS),
        ListColumn("labels", sentence("Label set"), choices=set_choices(cells)),
        ListColumn(
            *("element_mg", sentence("Element"), "mass"),
            filterable=False,
            href=lambda row: row["why"],
        ),
        ListColumn("fissile_mg", sentence("Fissile, by share"), "mass", filterable=False),
    )


def _picture(cells: Sequence[Cell], on: datetime.date) -> str:
    bars: dict[tuple[str, str], dict[str, int]] = {}
    for one in cells:
        bars.setdefault((one.mba, one.category), {})[one.labels] = one.element_mg
    return obligation_bars(
        [
            SetBar(
                f"{mba} {category_name(category)}",
                parts,
                area_address(mba, on.isoformat()),
            )
            for (mba, category), parts in bars.items()
        ],
        labels=set_labels(_("Label sets by area"), _("{count} bars, one for each book: {told}.")),
        writing=writing_now(),
    )


# --- overview and search ---------------------------------------------------------------------


def overview_part(viewer: Viewer) -> dict[str, Any] | None:
    """Return what is due per supplier party, consents that run out, receipts without labels."""
    found = kept(viewer)
    if found.begins is None or not seen_areas(viewer):
        return None
    due = due_soon(viewer)
    return {
        "due": due,
        "reports_href": REPORTS,
        "consents": consents_ending(viewer),
        "unstated": unstated_count(viewer),
        "attention_href": f"{ATTENTION}?code=OBLIGATION-UNSTATED",
    }


def find_labels(viewer: Viewer, words: str, most: int) -> Iterator[Hit]:
    """Yield labels by code, partner or agreement."""
    if not viewer.reads(CAPABILITY):
        return
    wanted, count = words.casefold(), 0
    for code, one in kept(viewer).labels.items():
        text = f"{code}\n{one.name}\n{one.agreement_words or ''}".casefold()
        if count < most and wanted in text:
            count += 1
            yield Hit(sentence("obligation label"), code, label_address(code), one.name)


SECTION = Section(
    "obligations",
    handlers=(
        *(balance_page, area_page, trace_page, labels_page, label_page),
        *(rules_page, consents_page, exchanges_page, attention_page),
        *(statements_page, statement_page, statement_file, issue_one, reconcile_one, reports_page),
        *(record_index, begin_form, begin_labels_by_file, record_form, record_typed),
        *(file_form, check_file),
    ),
    menu=(
        MenuEntry(
            *(sentence("Obligations"), HOME, sentence("Cooperation"), 30, reads(CAPABILITY)),
            key="o",
        ),
    ),
    overview=(
        OverviewPart(
            "obligations",
            sentence("Obligations"),
            27,
            reads(CAPABILITY),
            overview_part,
            "obligations/overview.html",
        ),
    ),
    search=(find_labels, find_batch),
)
