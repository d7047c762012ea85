"""Assurances, listed items, trusted traders, and the order in which consignments are looked at."""

from __future__ import annotations

import datetime
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.response import Stream
from sqlalchemy import select

from keiryo.dates import number_date
from keiryo.export_control.items import control_lists
from keiryo.export_control.licences import Licence
from keiryo.export_control.recording import RECORDING
from keiryo.export_control.tables import GOVERNMENT_ASSURANCE
from keiryo.export_control.traders import Queued, Traders, queue, read_traders
from keiryo.web.listing import ListColumn, Row, RowList, shown_list
from keiryo.web.pages.boards import asked_day
from keiryo.web.pages.export_control_known import (
    ASSURANCES,
    CAPABILITY,
    HOME,
    ITEMS,
    QUEUE,
    READING,
    TRADERS,
    Known,
    known,
)
from keiryo.web.pages.export_control_licence import done_of, speaks_of
from keiryo.web.pages.export_control_words import (
    REASON_WORDS,
    crumbs,
    licence_address,
    quantity_shown,
    record_address,
    tabs,
    why_address,
    word,
)
from keiryo.web.rendering import render
from keiryo.web.speaking import day_text, number_text
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

# --- assurances ------------------------------------------------------------------------------

IN_TIME, LATER, OVER = sentence("valid"), sentence("valid later"), sentence("no longer valid")
_TIME_BADGES = {IN_TIME: "ok", LATER: "open", OVER: "plain"}

ASSURANCE_COLUMNS = (
    ListColumn("validity", sentence("Validity"), choices=tuple(_TIME_BADGES)),
    ListColumn(
        "assurance",
        sentence("Assurance"),
        "code",
        href=lambda row: why_address(f"assurance:{row['assurance']}"),
    ),
    ListColumn("government", sentence("Government")),
    ListColumn("licences", sentence("Licences")),
    ListColumn("purposes", sentence("What is assured")),
    ListColumn("protection", sentence("Physical protection")),
    ListColumn("obligations", sentence("Obligation labels")),
    ListColumn("quantity", sentence("Quantity"), filterable=False),
    ListColumn("unit", sentence("Unit"), hidden=True),
    ListColumn("given_on", sentence("Given on"), "date"),
    ListColumn("valid_from", sentence("Valid from"), "date"),
    ListColumn("valid_to", sentence("Valid until"), "date"),
    ListColumn("act", sentence("Act"), "act"),
)


@get(ASSURANCES, sync_to_thread=True, opt=READING)
def assurances_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show what governments assure, and which licences ask for it and have none."""
    found = known(viewer)
    rows = [_assurance_row(row, viewer.today) for row in last_assurances(viewer).values()]
    table = shown_list(request, RowList(rows, ASSURANCE_COLUMNS), "assurances")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["validity"] = {"badge": _TIME_BADGES[row["validity"]], "text": _(row["validity"])}
        cells["quantity"] = (
            quantity_shown(row["quantity"], row["unit"]) if row["quantity"] else _("without limit")
        )
        cells["licences"] = row["licences"] or _("all to that State")
        cells["_record"] = record_address("assurances", row["assurance"])
    return render(
        request,
        "export_control/assurances.html",
        listed=table,
        total=len(rows),
        without=[
            {"number": one.number, "href": licence_address(one.number), "partner": one.partner}
            for one in without_assurance(found, viewer.today)
        ],
        may_record=_may_record(viewer),
        done=done_of(request, viewer),
        tabs=tabs(ASSURANCES),
        crumbs=crumbs((_("Assurances"), None)),
    )


def _may_record(viewer: Viewer) -> bool:
    return viewer.may_post(RECORDING, viewer.state)


def last_assurances(viewer: Viewer) -> dict[str, dict[str, Any]]:
    """Return the last line of each assurance, by name."""
    table = viewer.metadata.tables[GOVERNMENT_ASSURANCE.name]
    query = select(table).order_by(table.c.act_id, table.c.line_no)
    with viewer.books.reading() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    return dict(sorted({str(row["assurance"]): row for row in rows}.items()))


def _assurance_row(row: dict[str, Any], on: datetime.date) -> dict[str, Any]:
    first, last = (number_date(int(row[name])) for name in ("valid_from", "valid_to"))
    names = ("assurance", "government", "licences", "purposes", "protection", "obligations")
    return {
        **{name: row[name] for name in (*names, "quantity", "unit")},
        "validity": LATER if on < first else OVER if on > last else IN_TIME,
        "given_on": number_date(int(row["given_on"])),
        "valid_from": first,
        "valid_to": last,
        "act": row["act_id"],
    }


def without_assurance(found: Known, on: datetime.date) -> list[Licence]:
    """Return the licences in force that ask for an assurance and have none on a day."""
    return [
        one
        for one in found.register.licences.values()
        if one.standing_on(on) in ("issued", "amended")
        and any(line.needs_assurance and on <= line.valid_to for line in one.lines)
        and not any(
            speaks_of(other, one) and other.valid_from <= on <= other.valid_to
            for other in found.register.assurances
        )
    ]


# --- items -----------------------------------------------------------------------------------

ITEM_COLUMNS = (
    ListColumn(
        "item", sentence("Item"), "code", href=lambda row: why_address(f"control:{row['item']}")
    ),
    ListColumn("title", sentence("What it is")),
    ListColumn("list", sentence("Control list"), "code"),
    ListColumn("entry", sentence("Entry of the list"), "code"),
    ListColumn("annex_entry", sentence("Entry of Annex II"), "code"),
    ListColumn("customs_code", sentence("Customs code"), "code"),
    ListColumn("material", sentence("Kind of goods"), choices=("nuclear", "other")),
    ListColumn("categories", sentence("Element categories")),
    ListColumn("unit", sentence("Unit")),
    ListColumn("licences", sentence("Licences"), "number", filterable=False),
    ListColumn("act", sentence("Act"), "act"),
)


@get(ITEMS, sync_to_thread=True, opt=READING)
def items_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show the items of these books, and the structure of the control lists."""
    found = known(viewer)
    rows = []
    for one in found.register.items.values():
        told = one.to_dict()
        named = {
            licence.number
            for licence in found.register.licences.values()
            if any(line.item == one.name for line in licence.lines)
        }
        rows.append(
            {
                **told,
                "categories": ", ".join(told["categories"]) or None,
                "licences": len(named),
                "act": int(one.line.partition("/")[0]),
            }
        )
    table = shown_list(request, RowList(rows, ITEM_COLUMNS), "control-items")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["material"] = word(row["material"])
        if row["licences"]:
            href = f"{HOME}?{urlencode({'item': row['item']})}"
            cells["licences"] = (number_text(row["licences"]), href)
        cells["_record"] = record_address("items", row["item"])
    lists = [
        {
            "name": one.name,
            "title": one.title,
            "source": one.source,
            "verified": one.status == "verified",
            "entries": list(one.entries.items()),
        }
        for one in control_lists().values()
    ]
    return render(
        request,
        "export_control/items.html",
        listed=table,
        total=len(rows),
        lists=lists,
        may_record=_may_record(viewer),
        done=done_of(request, viewer),
        tabs=tabs(ITEMS),
        crumbs=crumbs((_("Listed items"), None)),
    )


# --- traders ---------------------------------------------------------------------------------

TRADER_COLUMNS = (
    ListColumn("trader", sentence("Trader"), "code"),
    ListColumn("counts", sentence("Counts"), choices=("yes", "no")),
    ListColumn("tier_that_counts", sentence("Tier that counts"), "number"),
    ListColumn("reason", sentence("Why")),
    ListColumn("programme", sentence("Programme")),
    ListColumn("number", sentence("Number"), "code"),
    ListColumn("tier", sentence("Tier"), "number"),
    ListColumn("state", sentence("Standing"), choices=("in-force", "suspended", "removed")),
    ListColumn("valid_from", sentence("Valid from"), "date"),
    ListColumn("valid_to", sentence("Valid until"), "date"),
    ListColumn("recognition", sentence("Recognised by"), "code"),
    ListColumn("act", sentence("Act"), "act"),
)


def read_traders_of(viewer: Viewer) -> Traders:
    """Return traders and arrangements as the viewer sees them, as last recorded."""

    def find() -> Traders:
        with viewer.books.reading() as connection:
            return read_traders(connection, viewer.metadata)

    last = viewer.server.last_acts.by(CAPABILITY, viewer.head)
    return viewer.server.remembered.get(("traders", viewer.sight), last, find)


@get(TRADERS, sync_to_thread=True, opt=READING)
def traders_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show traders with the status that counts on a day, and arrangements that recognise them."""
    on = asked_day(request, "on", viewer.today)
    traders = read_traders_of(viewer)
    rows = [_trader_row(traders, name, on) for name in sorted(traders.traders)]
    table = shown_list(request, RowList(rows, TRADER_COLUMNS), "traders")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["counts"] = {"badge": "ok" if row["counts"] == "yes" else "plain"}
        cells["counts"]["text"] = word(row["counts"])
        cells["state"] = word(row["state"])
        cells["_record"] = record_address("traders", row["trader"])
    return render(
        request,
        "export_control/traders.html",
        listed=table,
        total=len(rows),
        on=on,
        recognitions=[_recognition(row, on) for row in traders.recognitions.values()],
        may_record=_may_record(viewer),
        done=done_of(request, viewer),
        tabs=tabs(TRADERS),
        crumbs=crumbs((_("Traders"), None)),
    )


def _trader_row(traders: Traders, name: str, on: datetime.date) -> Row:
    told = traders.status(name, on).to_dict()
    for day in ("valid_from", "valid_to"):
        told[day] = told[day] and datetime.date.fromisoformat(told[day])
    act = int(told["line"].partition("/")[0]) if told["line"] else None
    return {**told, "counts": "yes" if told["in_force"] else "no", "act": act}


def _recognition(row: Row, on: datetime.date) -> dict[str, Any]:
    first, last = (number_date(int(row[name])) for name in ("valid_from", "valid_to"))
    counts = row["state"] == "in-force" and first <= on <= last
    return {
        "recognition": row["recognition"],
        "programme": row["programme"],
        "partner": row["partner_programme"],
        "parties": str(row["parties"]).replace(" ", ", "),
        "state": {"badge": "ok" if counts else "plain", "text": word(row["state"])},
        "tier": row["highest_tier"],
        "valid": f"{day_text(first)} – {day_text(last)}",
        "act": row["act_id"],
        "record": record_address("recognitions", str(row["recognition"])),
    }


# --- inspection priority ---------------------------------------------------------------------

QUEUE_COLUMNS = (
    ListColumn("score", sentence("Score"), "number"),
    ListColumn("consignment", sentence("Consignment"), "code"),
    ListColumn("container", sentence("Container"), "code"),
    ListColumn("passed_on", sentence("Day of the passage"), "date"),
    ListColumn("trader", sentence("Trader"), "code"),
    ListColumn("points", sentence("What it is made of"), filterable=False),
    ListColumn("no_credit_because", sentence("No credit because of"), filterable=False),
    ListColumn("status", sentence("Status of the trader")),
    ListColumn("alarm", sentence("Radiation alarm"), choices=("yes", "no")),
    ListColumn("act", sentence("Act"), "act"),
)


@get(QUEUE, sync_to_thread=True, opt=READING)
def queue_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show consignments in the order in which they are looked at, with the reasons."""
    every = queued(viewer)
    rows = [_queue_row(one) for one in every]
    table = shown_list(request, RowList(rows, QUEUE_COLUMNS), "inspection-priority")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["points"] = [
            (_(REASON_WORDS.get(what, what)), f"{'+' if points > 0 else '−'}{abs(points)}")
            for what, points in row["_points"]
            if points
        ]
        cells["no_credit_because"] = ", ".join(
            _(REASON_WORDS.get(one, one)) for one in row["_against"]
        )
        alarm = row["alarm"] == "yes"
        cells["alarm"] = {"badge": "error", "text": word("yes")} if alarm else word("no")
        cells["_record"] = record_address("consignments", row["consignment"])
    return render(
        request,
        "export_control/queue.html",
        listed=table,
        total=len(rows),
        may_record=_may_record(viewer),
        done=done_of(request, viewer),
        tabs=tabs(QUEUE),
        crumbs=crumbs((_("Inspection priority"), None)),
    )


def queued(viewer: Viewer) -> list[Queued]:
    """Return consignments by score as the viewer sees them, as last recorded."""

    def find() -> list[Queued]:
        with viewer.books.reading() as connection:
            return queue(connection, viewer.metadata)

    last = viewer.server.last_acts.by(CAPABILITY, viewer.head)
    return viewer.server.remembered.get(("consignments", viewer.sight), last, find)


def _queue_row(one: Queued) -> dict[str, Any]:
    told = one.to_dict()
    points = [(part["what"], part["points"]) for part in told["points"]]
    return {
        **{n: told[n] for n in ("score", "consignment", "container", "trader", "status")},
        "passed_on": number_date(int(one.values["passed_on"])),
        "points": ", ".join(f"{what} {number:+d}" for what, number in points if number),
        "no_credit_because": ", ".join(told["no_credit_because"]),
        "alarm": "yes" if one.values["radiation_alarm"] else "no",
        "act": one.values["act_id"],
        "_points": points,
        "_against": told["no_credit_because"],
    }
