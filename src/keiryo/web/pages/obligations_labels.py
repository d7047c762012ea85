"""Labels: the partners with their agreements, how long each is used, and what is under it now."""

from __future__ import annotations

import datetime
from typing import Any

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Stream
from sqlalchemy import select

from keiryo.cooperation.tables import INSTRUMENT
from keiryo.dates import number_date
from keiryo.errors import NotFoundError
from keiryo.obligations.balances import Cell
from keiryo.obligations.labels import labels_of
from keiryo.obligations.stated import Label
from keiryo.obligations.tables import LABEL_MEMBER
from keiryo.quantities import Category
from keiryo.web.listing import ListColumn, RowList, shown_list
from keiryo.web.pages.areas_frame import address, category_name, why_address
from keiryo.web.pages.boards import sees_state
from keiryo.web.pages.obligations_known import (
    CAPABILITY,
    READING,
    Kept,
    cells_seen,
    done_act,
    explains,
    kept,
    may_record,
    partner_sums,
    remembered,
    rows_of,
    tabs,
)
from keiryo.web.pages.obligations_over_time import partner_curve
from keiryo.web.pages.obligations_words import (
    CONSENTS,
    HOME,
    LABELS,
    STATEMENTS,
    area_address,
    cell_why,
    crumbs,
    label_address,
    record_address,
    set_words,
)
from keiryo.web.rendering import render
from keiryo.web.speaking import day_text
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

USED, NOT_YET, ENDED = sentence("used"), sentence("not yet used"), sentence("ended")
KIND_WORDS = {"State": sentence("country"), "organisation": sentence("organisation")}
STATE_BADGES = {USED: "ok", NOT_YET: "open", ENDED: "plain"}
LETTERS = tuple(str(category) for category in Category)

COLUMNS = (
    ListColumn(*("label", sentence("Label"), "code"), href=lambda row: label_address(row["label"])),
    ListColumn("name", sentence("Partner")),
    ListColumn("kind", sentence("Kind"), choices=tuple(KIND_WORDS.values())),
    ListColumn("agreement", sentence("Agreement")),
    ListColumn("valid_from", sentence("From"), "date"),
    ListColumn("valid_to", sentence("Until"), "date"),
    ListColumn("state", sentence("State"), choices=tuple(STATE_BADGES)),
    ListColumn("members", sentence("Member States today")),
    *(
        ListColumn(f"mg_{letter}", letter, "mass", filterable=False, hidden=letter in "UTD")
        for letter in LETTERS
    ),
    ListColumn("instrument", sentence("In the register of cooperation"), "code", hidden=True),
    ListColumn("successor", sentence("Its place is taken by"), "code", hidden=True),
)


def agreement_address(viewer: Viewer, instrument: str | None) -> str | None:
    """Return the page of an agreement in the register of cooperation, if the viewer may see it."""
    if not instrument or not viewer.reads("cooperation"):
        return None

    def build() -> frozenset[str]:
        table = viewer.metadata.tables[INSTRUMENT.name]
        with viewer.books.reading() as connection:
            return frozenset(connection.scalars(select(table.c.instrument)))

    last = viewer.server.last_acts.by("cooperation", viewer.head)
    if instrument not in remembered(viewer, "instruments", build, last):
        return None
    return address("/cooperation/agreements", instrument)


def state_of(one: Label, on: datetime.date) -> str:
    """Return whether a label is used on a day."""
    if one.valid_from is not None and on < one.valid_from:
        return NOT_YET
    return ENDED if one.valid_to is not None and one.valid_to < on else USED


def cells_now(viewer: Viewer, found: Kept) -> list[Cell]:
    """Return the cells of today; none where labels are not kept."""
    if found.begins is None or found.begins > viewer.today:
        return []
    return cells_seen(viewer, viewer.today)


@get(LABELS, sync_to_thread=True, opt=READING)
def labels_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show the partners with their agreements and what is under each of them now."""
    found = kept(viewer)
    sums = partner_sums(cells_now(viewer, found))
    rows = [
        {
            "label": code,
            "name": one.name,
            "kind": KIND_WORDS[one.kind],
            "agreement": one.agreement_words or one.instrument,
            "instrument": one.instrument,
            "valid_from": one.valid_from,
            "valid_to": one.valid_to,
            "state": state_of(one, viewer.today),
            "members": " ".join(sorted(found.members.get(code, ()))) or None,
            "successor": one.successor,
            **{f"mg_{letter}": sums.get(code, {}).get(letter) for letter in LETTERS},
        }
        for code, one in found.labels.items()
    ]
    listed = shown_list(request, RowList(rows, COLUMNS), "labels")
    if isinstance(listed, Response | Stream):
        return listed
    for shown, row in zip(listed.rows, listed.found.rows, strict=True):
        shown["kind"] = _(row["kind"])
        shown["state"] = {"text": _(row["state"]), "badge": STATE_BADGES[row["state"]]}
        href = agreement_address(viewer, row["instrument"])
        shown["agreement"] = {"text": row["agreement"] or "", "href": href}
    return render(
        request,
        "obligations/labels.html",
        listed=listed,
        total=len(rows),
        done=done_act(request),
        may_record=may_record(viewer),
        record_href=record_address("file"),
        tabs=tabs(viewer, LABELS),
        crumbs=crumbs((_("Labels"), None)),
    )


@get(LABELS + "/{code:str}", sync_to_thread=True, opt=READING)
def label_page(request: AnyRequest, viewer: Asking, code: FromPath[str]) -> Response[Any] | Stream:
    """Show a label: its agreement, its members, what is under it now and over time."""
    found = kept(viewer)
    one = found.labels.get(code)
    if one is None:
        raise NotFoundError(
            f"there is no label {code[:40]!r}", f"Known are: {', '.join(found.labels) or 'none'}."
        )
    cells = [c for c in cells_now(viewer, found) if code in labels_of(c.labels)]
    listed = shown_list(
        request, RowList(_cells(cells, explains(viewer)), _CELL_COLUMNS), f"label-{code}"
    )
    if isinstance(listed, Response | Stream):
        return listed
    for shown, row in zip(listed.rows, listed.found.rows, strict=True):
        shown["labels"] = {"text": set_words(row["labels"])}
        shown["category"] = {"text": row["category"], "hint": category_name(row["category"])}
    return render(
        request,
        "obligations/label.html",
        one=one,
        label_state={"text": _(state_of(one, viewer.today)),
               "badge": STATE_BADGES[state_of(one, viewer.today)]},
        kind=_(KIND_WORDS[one.kind]),
        agreement_href=agreement_address(viewer, one.instrument),
        successor_href=label_address(one.successor) if one.successor else None,
        members=_members(viewer, code),
        listed=listed,
        sums=[
            (category_name(letter), mg)
            for letter, mg in sorted(partner_sums(cells).get(code, {}).items())
        ],
        curve=partner_curve(viewer, code) if found.begins else "",
        why=why_address(f"label:{code}") if sees_state(viewer, CAPABILITY) else None,
        act=one.line.act if sees_state(viewer, CAPABILITY) else None,
        balance_href=address(HOME, partner=code),
        consents_href=address(CONSENTS, partner=code),
        statements_href=address(STATEMENTS, partner=code)
        if sees_state(viewer, CAPABILITY) else None,
        tabs=tabs(viewer, LABELS),
        crumbs=crumbs((_("Labels"), LABELS), (code, None)),
    )  # fmt: skip


_CELL_COLUMNS = (
    ListColumn("mba", sentence("Area"), "code", href=lambda row: area_address(row["mba"])),
    ListColumn("category", sentence("Category"), "code", choices=LETTERS),
    ListColumn("labels", sentence("Label set")),
    ListColumn(
        *("element_mg", sentence("Element"), "mass"),
        filterable=False,
        href=lambda row: row["why"],
    ),
    ListColumn("fissile_mg", sentence("Fissile, by share"), "mass", filterable=False),
)


def _cells(cells: list[Cell], why: bool) -> list[dict[str, Any]]:
    names = [column.name for column in _CELL_COLUMNS]
    return [
        {
            **{name: getattr(one, name) for name in names},
            "why": cell_why(one.mba, one.category, one.labels) if why else None,
        }
        for one in cells
    ]


def _members(viewer: Viewer, code: str) -> list[dict[str, Any]]:
    return [
        {
            "state": row["state"],
            "from": _day(row["valid_from"]),
            "until": _day(row["valid_to"]),
            "act": row["act_id"],
        }
        for row in rows_of(viewer, LABEL_MEMBER.name)
        if row["label"] == code
    ]


def _day(number: int | None) -> str:
    return "" if number is None else day_text(number_date(number))
