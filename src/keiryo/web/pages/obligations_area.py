"""The labels of an area: batch by batch or by pool, on their way, in retained waste, exempted."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Stream

from keiryo.obligations.holdings import BOOK, EXEMPT_QUANTITY, EXEMPT_USE, TRANSIT, WASTE
from keiryo.obligations.holdings import CellsOfHolding as Held
from keiryo.obligations.tables import PLACE_RULE
from keiryo.quantities import Category
from keiryo.web.listing import ListColumn, Row, RowList, shown_list
from keiryo.web.pages.areas_frame import address, category_name, why_address
from keiryo.web.pages.boards import asked_day
from keiryo.web.pages.obligations_known import (
    DESIGNATE,
    READING,
    RECEIPT,
    done_act,
    explains,
    holdings_seen,
    kept,
    rows_of,
    seen_areas,
    tabs,
)
from keiryo.web.pages.obligations_words import (
    ACCOUNT_WORDS,
    AREAS,
    CONSENT_WORDS,
    account_words,
    cell_why,
    crumbs,
    record_address,
    set_labels,
    set_words,
    trace_address,
)
from keiryo.web.pictures.obligation_bars import SetBar, obligation_bars
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import writing_now
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

ACCOUNTS = (BOOK, TRANSIT, WASTE, EXEMPT_USE, EXEMPT_QUANTITY)
"""Accounts in which labels are followed, in the order of the page."""


def _trace_href(row: Row) -> str | None:
    if row["code"] != BOOK and not row["why"]:
        return None
    if row["code"] != BOOK:
        return why_address(f"obligated:{row['mba']}/{row['holding']}@{row['code']}")
    if row["pooled"]:
        return trace_address(row["mba"])
    return trace_address(f"{row['mba']}/{row['holding']}")


def _why(row: Row) -> str | None:
    if not row["why"]:
        return None
    if row["code"] == BOOK and row["pooled"]:
        return cell_why(row["mba"], row["category"], row["labels"])
    if row["code"] == BOOK:
        return why_address(f"obligated:{row['mba']}/{row['holding']}")
    return None


COLUMNS = (
    ListColumn(
        *("account", sentence("Where")), choices=tuple(ACCOUNT_WORDS[one] for one in ACCOUNTS)
    ),
    ListColumn("holding", sentence("Batch"), "code", href=_trace_href),
    ListColumn(
        *("category", sentence("Category"), "code"), choices=tuple(str(one) for one in Category)
    ),
    ListColumn("labels", sentence("Label set")),
    ListColumn("element_mg", sentence("Element"), "mass", filterable=False, href=_why),
    ListColumn("share", sentence("Share, %"), "number", filterable=False),
)


@get(AREAS + "/{mba:str}", sync_to_thread=True, opt=READING)
def area_page(request: AnyRequest, viewer: Asking, mba: FromPath[str]) -> Response[Any] | Stream:
    """Show what of an area is under which labels at the end of a day."""
    place = viewer.area(mba)
    on = asked_day(request, "on", viewer.today_at(place.code))
    found = kept(viewer)
    held: Held = {}
    if found.begins is not None and found.begins <= on and seen_areas(viewer, place.code):
        held = holdings_seen(viewer, on, place.code, ACCOUNTS)
    rows = _rows(held, pooled=not place.batch_follow_up, why=explains(viewer))
    listed = shown_list(request, RowList(rows, COLUMNS), f"obligations-{place.code}-{on}")
    if isinstance(listed, Response | Stream):
        return listed
    for shown, row in zip(listed.rows, listed.found.rows, strict=True):
        shown["account"] = _(row["account"])
        shown["labels"] = {"text": set_words(row["labels"])}
        shown["category"] = {"text": row["category"], "hint": category_name(row["category"])}
        if row["code"] != BOOK:
            shown["holding"] = (_holding_words(row), _trace_href(row))
        elif row["pooled"]:
            shown["holding"] = (_("pool of the area"), _trace_href(row))
    return render(
        request,
        "obligations/area.html",
        area=place,
        on=on,
        begins=found.begins,
        done=done_act(request),
        listed=listed,
        pooled=not place.batch_follow_up,
        picture=_picture(held),
        sums=_sums(held, explains(viewer)) if place.batch_follow_up else [],
        rules=_rules(viewer, place.code),
        may_state=viewer.may_post(RECEIPT, place.scope),
        may_designate=viewer.may_post(DESIGNATE, place.scope),
        receipt_href=record_address("receipts", mba=place.code),
        designate_href=record_address("designations", mba=place.code),
        balance_href=address("/areas", place.code),
        tabs=tabs(viewer, ""),
        crumbs=crumbs((place.code, None)),
    )


def _rows(held: Held, *, pooled: bool, why: bool) -> list[dict[str, Any]]:
    order = {account: place for place, account in enumerate(ACCOUNTS)}
    found = []
    for holding, cells in sorted(held.items(), key=lambda pair: (order[pair[0].account], pair[0])):
        whole = sum(cells.values())
        found += [
            {
                "mba": holding.mba,
                "account": ACCOUNT_WORDS[holding.account],
                "code": holding.account,
                "holding": holding.name,
                "pooled": pooled,
                "why": why,
                "category": holding.category,
                "labels": key,
                "element_mg": mg,
                "share": round(100 * mg / whole, 4) if whole else None,
            }
            for key, mg in sorted(cells.items())
        ]
    return found


def _holding_words(row: Row) -> str:
    if row["code"] == TRANSIT:
        return _("to %(name)s", name=row["holding"])
    return str(row["holding"])


def _sums(held: Held, why: bool) -> list[dict[str, Any]]:
    """Return the cells of the area's book, each with the acts behind it."""
    cells: dict[tuple[str, str, str], int] = {}
    for holding, own in held.items():
        if holding.account == BOOK:
            for key, mg in own.items():
                name = (holding.mba, holding.category, key)
                cells[name] = cells.get(name, 0) + mg
    return [
        {
            "category": category_name(category),
            "labels": set_words(key),
            "element_mg": mg,
            "href": cell_why(mba, category, key) if why else None,
        }
        for (mba, category, key), mg in sorted(cells.items())
    ]


def _picture(held: Held) -> str:
    bars: dict[tuple[str, str], dict[str, int]] = {}
    for holding, cells in held.items():
        parts = bars.setdefault((holding.account, holding.category), {})
        for key, mg in cells.items():
            parts[key] = parts.get(key, 0) + mg
    ordered = sorted(bars, key=lambda pair: (ACCOUNTS.index(pair[0]), pair[1]))
    return obligation_bars(
        [
            SetBar(f"{category_name(category)}, {account_words(account)}", bars[account, category])
            for account, category in ordered
        ],
        labels=set_labels(
            _("Label sets, on the book and beside it"),
            _("{count} bars, one for each book: {told}."),
        ),
        writing=writing_now(),
    )


def _rules(viewer: Viewer, mba: str) -> list[dict[str, Any]]:
    return [
        {
            "attaches": set_words(row["attaches"]) if row["attaches"] else None,
            "to": row["attaches_to"],
            "consent": _(CONSENT_WORDS.get(row["consent_for"], row["consent_for"]))
            if row["consent_for"]
            else None,
            "decay": row["decay"],
            "reason": row["reason"],
            "act": row["act_id"],
        }
        for row in rows_of(viewer, PLACE_RULE.name)
        if row["mba"] == mba
    ]
