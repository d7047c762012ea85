"""Export control: licences with what is left of them, shipments and what covers them.

The list of licences is one of their lines, because each line has a ceiling of its own. What is
drawn counts everything that left by today under any line of the record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

from litestar import Response, get
from litestar.response import Stream

from keiryo.export_control.books import MatchedShipment
from keiryo.export_control.recording import RECORDING
from keiryo.web.listing import ListColumn, Row, RowList, shown_list
from keiryo.web.pages.areas_list import ExportedNumber
from keiryo.web.pages.export_control_declared import declaration_page, near_notices, notices_page
from keiryo.web.pages.export_control_files import (
    import_file,
    import_form,
    rule_page,
    set_the_rule,
)
from keiryo.web.pages.export_control_forms import record_entry, record_form
from keiryo.web.pages.export_control_known import (
    ATTENTION_BADGES,
    CAPABILITY,
    HOME,
    ITEMS,
    READING,
    SHIPMENTS,
    TRADERS,
    Known,
    LineStanding,
    is_stopped,
    known,
)
from keiryo.web.pages.export_control_licence import bar_of, done_of, licence_page
from keiryo.web.pages.export_control_registers import (
    assurances_page,
    items_page,
    queue_page,
    read_traders_of,
    traders_page,
)
from keiryo.web.pages.export_control_words import (
    RESULT_WORDS,
    STATE_WORDS,
    crumbs,
    licence_address,
    quantity_shown,
    state_badge,
    tabs,
    word,
)
from keiryo.web.rendering import render
from keiryo.web.sections import Hit, MenuEntry, OverviewPart, Section, reads
from keiryo.web.speaking import day_text
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

SHOWN_ON_OVERVIEW = 6

# --- licences --------------------------------------------------------------------------------

LICENCE_COLUMNS = (
    ListColumn("attention", sentence("Attention"), choices=tuple(ATTENTION_BADGES)),
    ListColumn(
        "licence", sentence("Licence"), "code", href=lambda row: licence_address(row["licence"])
    ),
    ListColumn("line", sentence("Line"), "number", filterable=False),
    ListColumn("direction", sentence("Direction"), choices=("export", "import")),
    ListColumn("partner", sentence("Other State")),
    ListColumn("item", sentence("Item"), "code"),
    ListColumn("ceiling", sentence("Ceiling"), "number", filterable=False),
    ListColumn("drawn", sentence("Drawn"), "number", filterable=False),
    ListColumn("remaining", sentence("Remaining"), "number", filterable=False),
    ListColumn("state", sentence("Licence state"), choices=tuple(STATE_WORDS.values())),
    ListColumn("valid_to", sentence("Valid until"), "date"),
    ListColumn("unit", sentence("Unit"), hidden=True),
    ListColumn("planned", sentence("Planned"), "number", filterable=False, hidden=True),
    ListColumn("valid_from", sentence("Valid from"), "date", hidden=True),
    ListColumn("consignee", sentence("Consignee"), hidden=True),
    ListColumn("end_user", sentence("End user"), hidden=True),
    ListColumn("end_use", sentence("End use"), hidden=True),
    ListColumn("exporter", sentence("Exporter"), hidden=True),
    ListColumn("authority", sentence("Authority"), hidden=True),
    ListColumn("act", sentence("Act"), "act", hidden=True),
)


@get(HOME, sync_to_thread=True, opt=READING)
def licences_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show the lines of all licences with what is left of each."""
    found = known(viewer)
    rows = [_licence_row(one) for one in _ordered(found)]
    table = shown_list(request, RowList(rows, LICENCE_COLUMNS), "licences")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["direction"] = word(row["direction"])
        cells["state"] = state_badge(row["_line"].state)
        if row["attention"]:
            badge = ATTENTION_BADGES[row["attention"]]
            cells["attention"] = {"badge": badge, "text": _(row["attention"])}
            cells["_kind"] = "error" if badge == "error" else None
        for name in ("ceiling", "drawn", "remaining"):
            text = None if row[name] is None else str(row[name])
            cells[name] = quantity_shown(text, row["unit"])
        cells["bar"] = bar_of(row["_line"])
    counts = [
        (one, sum(row["attention"] == one for row in rows), badge)
        for one, badge in ATTENTION_BADGES.items()
    ]
    return render(
        request,
        "export_control/licences.html",
        listed=table,
        total=len(found.register.licences),
        counts=[
            {
                "text": _(text),
                "badge": badge,
                "count": count,
                "href": f"{HOME}?{urlencode({'attention': text})}",
            }
            for text, count, badge in counts
            if count
        ],
        closed=len(found.closed),
        may_record=may_record(viewer),
        done=done_of(request, viewer),
        tabs=tabs(HOME),
        crumbs=crumbs(),
    )


def may_record(viewer: Viewer) -> bool:
    """Return whether the viewer may record anything of export control."""
    return viewer.may_post(RECORDING, viewer.state)


def _ordered(found: Known) -> list[LineStanding]:
    """Return the lines of licences: what asks for a look first, then by the last day."""
    order = {one: place for place, one in enumerate(ATTENTION_BADGES)}
    return sorted(
        found.lines,
        key=lambda one: (
            order.get(one.attention, len(order)),
            one.state in ("expired", "revoked", "exhausted"),
            one.ceiling.valid_to,
            one.ceiling.name,
        ),
    )


def _licence_row(one: LineStanding) -> dict[str, Any]:
    line, values = one.ceiling, one.licence.values
    left = one.remaining
    return {
        "attention": one.attention or None,
        "licence": line.licence,
        "line": line.number,
        "direction": one.licence.direction,
        "partner": one.licence.partner,
        "item": line.item,
        "consignee": line.consignee,
        "state": STATE_WORDS.get(one.state, one.state),
        "valid_from": line.valid_from,
        "valid_to": line.valid_to,
        "ceiling": ExportedNumber(line.quantity),
        "drawn": None if one.drawn is None else ExportedNumber(one.drawn),
        "remaining": None if left is None else ExportedNumber(left),
        "unit": line.unit,
        "planned": None if one.planned is None else ExportedNumber(one.planned),
        "end_user": line.end_user,
        "end_use": line.end_use,
        "exporter": values["exporter"],
        "authority": values["authority"],
        "act": values["act_id"],
        "_line": one,
    }


# --- shipments -------------------------------------------------------------------------------


def _batch_href(row: Row) -> str | None:
    if not row["batch"] or not row["mba"] or not row["_area"]:
        return None
    return f"/areas/{quote(row['mba'], safe='')}/batch?{urlencode({'name': row['batch']})}"


SHIPMENT_COLUMNS = (
    ListColumn("on", sentence("Day"), "date"),
    ListColumn("result", sentence("Result"), choices=tuple(RESULT_WORDS.values())),
    ListColumn("direction", sentence("Direction"), choices=("export", "import")),
    ListColumn("state", sentence("Done or planned"), choices=("planned", "done")),
    ListColumn("partner", sentence("Other State")),
    ListColumn("mba", sentence("MBA"), "code"),
    ListColumn("batch", sentence("Batch"), "code", href=_batch_href),
    ListColumn("transfer", sentence("Shipment"), "code"),
    ListColumn("item", sentence("Item"), "code"),
    ListColumn("quantity", sentence("Quantity"), "number", filterable=False),
    ListColumn("unit", sentence("Unit"), hidden=True),
    ListColumn(
        "licence",
        sentence("Licence"),
        "code",
        href=lambda row: licence_address(row["licence"]) if row["licence"] else None,
    ),
    ListColumn("licence_line", sentence("Line"), "number", filterable=False, hidden=True),
    ListColumn("failed", sentence("Everything against it"), filterable=False, hidden=True),
    ListColumn("remaining", sentence("Left after it"), "number", filterable=False, hidden=True),
    ListColumn("asked", sentence("Licence asked for"), choices=("yes", "no"), hidden=True),
    ListColumn("stopped", sentence("Without a sound licence"), choices=("yes", "no"), hidden=True),
    ListColumn("category", sentence("Category"), hidden=True),
    ListColumn("place", sentence("Other side"), hidden=True),
    ListColumn("act", sentence("Act"), "act"),
)


@get(SHIPMENTS, sync_to_thread=True, opt=READING)
def shipments_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show what crosses the border, each with its licence or everything that stands against it."""
    found = known(viewer)
    rows = shipment_rows(viewer, found, found.matched)
    table = shown_list(request, RowList(rows, SHIPMENT_COLUMNS), "export-shipments")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        show_shipment(cells, row)
    stopped = [one for one in found.matched if is_stopped(found, one)]
    counted = sorted(Counter(RESULT_WORDS[one.result] for one in stopped).items())
    return render(
        request,
        "export_control/shipments.html",
        listed=table,
        total=len(rows),
        hidden=found.hidden,
        rules=rules_told(found),
        counts=[
            {
                "text": _(result),
                "badge": "error",
                "count": count,
                "href": f"{SHIPMENTS}?{urlencode({'result': result, 'stopped': 'yes'})}",
            }
            for result, count in counted
        ],
        may_record=may_record(viewer),
        done=done_of(request, viewer),
        tabs=tabs(SHIPMENTS),
        crumbs=crumbs((_("Shipments"), None)),
    )


def rules_told(found: Known) -> list[str]:
    """Return from when on a licence is asked for, in words, by direction."""
    told = []
    for way, words in (
        ("export", sentence("Exports from %(day)s on are asked for a licence.")),
        ("import", sentence("Imports from %(day)s on are asked for a licence.")),
    ):
        begin = found.register.begins(way)
        if begin is not None and found.register.rule.mode != "off":
            told.append(_(words, day=day_text(begin)))
    if found.register.rule.mode == "off":
        told.append(_("The rule is off: no shipment is asked for a licence."))
    elif not told:
        told.append(_("There are no licences: no shipment is asked for one."))
    return told


def shipment_rows(
    viewer: Viewer, found: Known, matched: tuple[MatchedShipment, ...] | list[MatchedShipment]
) -> list[dict[str, Any]]:
    """Return shipments as rows of a list, the last day first."""
    rows = []
    for one in matched:
        told, shipment = one.to_dict(), one.shipment
        left = found.remaining_after(one)
        quantity = shipment.quantity if one.quantity is None else one.quantity
        rows.append(
            {
                **{n: told[n] for n in ("direction", "state", "mba", "batch", "transfer")},
                **{n: told[n] for n in ("partner", "place", "category", "item", "unit")},
                **{n: told[n] for n in ("licence", "licence_line")},
                "on": shipment.on,
                "result": RESULT_WORDS[one.result],
                "failed": " ".join(one.failed) or None,
                "quantity": ExportedNumber(quantity),
                "remaining": None if left is None else ExportedNumber(left),
                "asked": "yes" if found.asks(shipment) else "no",
                "stopped": "yes" if is_stopped(found, one) else "no",
                "act": shipment.act,
                "_failed": one.failed,
                "_node": shipment.node,
                "_area": shipment.mba in viewer.areas and viewer.reads("accounts"),
            }
        )
    return sorted(rows, key=lambda row: row["on"], reverse=True)


def show_shipment(cells: dict[str, Any], row: Row) -> None:
    """Put into cells what the columns do not say by themselves."""
    stopped = row["stopped"] == "yes"
    badge = "ok" if not row["_failed"] else "error" if stopped else "plain"
    cells["result"] = {"badge": badge, "text": _(row["result"])}
    cells["direction"], cells["state"] = word(row["direction"]), word(row["state"])
    others = [one for one in row["_failed"] if RESULT_WORDS[one] != row["result"]]
    cells["failed"] = ", ".join(_(RESULT_WORDS[one]) for one in others)
    cells["quantity"] = quantity_shown(str(row["quantity"]), row["unit"])
    cells["_kind"] = "error" if stopped else None


# --- overview and search ---------------------------------------------------------------------


def overview_part(viewer: Viewer) -> dict[str, Any] | None:
    """Return licences that run out or are nearly used up, and notifications that are due."""
    found = known(viewer)
    due = near_notices(viewer, found)
    if not found.register.licences and not due:
        return None
    near = [one for one in _ordered(found) if one.attention]
    stopped = sum(is_stopped(found, one) for one in found.matched)
    return {
        "near": [
            {
                "badge": ATTENTION_BADGES[one.attention],
                "why": _(one.attention),
                "name": one.ceiling.name,
                "href": licence_address(one.ceiling.licence),
                "partner": one.licence.partner,
                "item": one.ceiling.item,
                "left": quantity_shown(one.remaining, one.ceiling.unit),
                "until": day_text(one.ceiling.valid_to),
            }
            for one in near[:SHOWN_ON_OVERVIEW]
        ],
        "near_count": len(near),
        "notices": due[:SHOWN_ON_OVERVIEW],
        "notice_count": len(due),
        "stopped": stopped,
    }


def find_export_control(viewer: Viewer, words: str, most: int) -> Iterator[Hit]:
    """Yield licences, items, assurances, shipments and traders by name or party."""
    if not viewer.reads(CAPABILITY):
        return
    wanted, count = words.casefold(), 0
    for kind, name, href, detail in _findable(viewer, known(viewer)):
        if count < most and wanted in f"{name}\n{detail}".casefold():
            count += 1
            yield Hit(kind, name, href, detail)


def _findable(viewer: Viewer, found: Known) -> Iterator[tuple[str, str, str, str]]:
    for licence in found.register.licences.values():
        parties = dict.fromkeys(line.consignee for line in licence.lines)
        detail = ", ".join([licence.partner, str(licence.values["exporter"]), *parties])
        yield sentence("licence"), licence.number, licence_address(licence.number), detail
    for item in found.register.items.values():
        href = f"{ITEMS}?{urlencode({'item': item.name})}"
        yield sentence("control-list item"), item.name, href, item.title
    for one in found.register.assurances:
        href = f"{HOME}/assurances?{urlencode({'assurance': one.name})}"
        yield sentence("assurance of a government"), one.name, href, one.government
    for name, rows in found.transfers.items():
        href = f"{SHIPMENTS}?{urlencode({'transfer': name})}"
        detail = f"{rows[0]['partner']}, {rows[0]['consignee']}"
        yield sentence("export or import of goods"), name, href, detail
    for name in read_traders_of(viewer).traders:
        href = f"{TRADERS}?{urlencode({'trader': name})}"
        yield sentence("status of a trusted trader"), name, href, ""


SECTION = Section(
    CAPABILITY,
    handlers=(
        *(licences_page, licence_page, shipments_page, assurances_page, items_page),
        *(traders_page, queue_page, notices_page, declaration_page),
        *(import_form, import_file, record_form, record_entry, rule_page, set_the_rule),
    ),
    menu=(
        MenuEntry(sentence("Export control"), HOME, sentence("Cooperation"), 60, reads(CAPABILITY)),
    ),
    overview=(
        OverviewPart(
            "export-control",
            sentence("Export control"),
            27,
            reads(CAPABILITY),
            overview_part,
            "export_control/overview.html",
        ),
    ),
    search=(find_export_control,),
)
