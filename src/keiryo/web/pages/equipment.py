"""Equipment: where each item is, who has it, whether it is trusted, and under which loan it is out.

Three lists: items, loans, and what is to be looked at. Items and loans have pages of their own;
the overview tells which calibrations run out and which loans are to be returned.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.response import Stream

from keiryo.dates import number_date
from keiryo.equipment.alarms import NOTICE_DAYS, Alarm
from keiryo.equipment.items import Item
from keiryo.equipment.loans import Loan
from keiryo.equipment.tables import LOST
from keiryo.errors import Severity
from keiryo.web.listing import ListColumn, Row, RowList, shown_list
from keiryo.web.pages.equipment_forms import (
    calibrate_item,
    pass_loan_on,
    pass_on,
    report_condition,
    step_of_loan,
)
from keiryo.web.pages.equipment_items import item_page
from keiryo.web.pages.equipment_loans import loan_page
from keiryo.web.pages.equipment_standing import (
    CAPABILITY,
    HOME,
    LOANS,
    READING,
    TO_LOOK_AT,
    Known,
    due_of_loan,
    due_soon,
    item_address,
    known,
    left_words,
    loan_address,
    standing_alarms,
    trust_of,
)
from keiryo.web.pages.equipment_words import (
    CALIBRATION_BADGES,
    CONDITION_BADGES,
    CONDITION_WORDS,
    STATE_BADGES,
    STATE_WORDS,
    TYPE_WORDS,
)
from keiryo.web.rendering import render
from keiryo.web.sections import Hit, MenuEntry, OverviewPart, Section, reads
from keiryo.web.speaking import day_text
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

SHOWN_ON_OVERVIEW = 8
_REFUSING = (Severity.FORMAT, Severity.INCONSISTENCY)
SEVERITY_WORDS = {
    "F": sentence("not acceptable"),
    "E": sentence("query"),
    "W": sentence("warning"),
    "I": sentence("information"),
}
SEVERITY_BADGES = {"F": "error", "E": "query", "W": "warning", "I": "info"}


def tabs(viewer: Viewer, path: str) -> list[tuple[str, str, bool, int]]:
    """Return the three lists as tabs, with how many stand in each."""
    found = known(viewer)
    return [
        (_("Items"), HOME, path == HOME, len(found.items)),
        (_("Loans"), LOANS, path == LOANS, len(found.loans)),
        (
            _("To be looked at"),
            TO_LOOK_AT,
            path == TO_LOOK_AT,
            len(standing_alarms(viewer, viewer.today)),
        ),
    ]


# --- items -----------------------------------------------------------------------------------


def _loan_of_row(row: Row) -> str | None:
    return loan_address(row["loan"]) if row["loan"] else None


ITEM_COLUMNS = (
    ListColumn(
        "serial", sentence("Serial number"), "code", href=lambda row: item_address(row["serial"])
    ),
    ListColumn("type", sentence("Type"), choices=tuple(TYPE_WORDS.values())),
    ListColumn("model", sentence("Model")),
    ListColumn("owner", sentence("Owner")),
    ListColumn("condition", sentence("Condition"), choices=tuple(CONDITION_WORDS.values())),
    ListColumn("custodian", sentence("Custodian")),
    ListColumn("organisation", sentence("For")),
    ListColumn("place", sentence("Where it is")),
    ListColumn("since", sentence("Since"), "time", hidden=True),
    ListColumn("valid_until", sentence("Calibration valid until"), "date"),
    ListColumn("calibration", sentence("Calibration"), choices=tuple(CALIBRATION_BADGES)),
    ListColumn("loan", sentence("Under the loan"), href=_loan_of_row),
    ListColumn("firmware", sentence("Firmware"), hidden=True),
    ListColumn("accessories", sentence("Accessories"), hidden=True),
    ListColumn("source_nuclide", sentence("Contained source"), hidden=True),
    ListColumn("source_activity_bq", sentence("Activity in Bq"), "number", hidden=True),
    ListColumn("source_reference_on", sentence("Reference day"), "date", hidden=True),
    ListColumn("alarms", sentence("To be looked at"), "number", hidden=True, filterable=False),
)


@get(HOME, sync_to_thread=True, opt=READING)
def items_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """List items: where each is, who has it, whether it is trusted, under which loan it is out."""
    found, on = known(viewer), viewer.today
    wrong = _serials_looked_at(standing_alarms(viewer, on))
    rows = [_item_row(found, one, on, wrong) for one in found.items.values()]
    rows.sort(key=lambda row: str(row["serial"]))
    table = shown_list(request, RowList(rows, ITEM_COLUMNS), "equipment")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        badges = {word: CONDITION_BADGES[name] for name, word in CONDITION_WORDS.items()}
        cells["type"] = _(row["type"])
        condition = row["condition"]
        cells["condition"] = {"text": _(condition), "badge": badges.get(condition, "plain")}
        state = row["calibration"]
        cells["calibration"] = {"text": _(state), "badge": CALIBRATION_BADGES[state]}
        cells["_kind"] = "error" if condition == CONDITION_WORDS[LOST] else None
    return render(
        request,
        "equipment/items.html",
        listed=table,
        tabs=tabs(viewer, HOME),
        counts=_counts(rows),
        total=len(rows),
        crumbs=[(_("Equipment"), None)],
    )


def _serials_looked_at(every: list[Alarm]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in every:
        if one.serial is not None:
            counts[one.serial] = counts.get(one.serial, 0) + 1
    return counts


def _item_row(found: Known, one: Item, on: datetime.date, wrong: dict[str, int]) -> dict[str, Any]:
    values, holder = one.values, one.holder
    trust = trust_of(one, found.calibrations.get(one.serial, []), on)
    under = found.under(one.serial)
    return {
        "serial": one.serial,
        "type": TYPE_WORDS.get(str(values["type"]), str(values["type"])),
        **{name: values[name] for name in ("model", "owner", "firmware", "accessories")},
        "condition": CONDITION_WORDS.get(one.condition, one.condition),
        "custodian": holder.receiver,
        "organisation": holder.organisation,
        "place": holder.place,
        "since": holder.at,
        "valid_until": trust.until,
        "calibration": trust.state,
        "loan": None if under is None else under.name,
        **{name: values[name] for name in ("source_nuclide", "source_activity_bq")},
        "source_reference_on": values["source_reference_on"],
        "alarms": wrong.get(one.serial, 0),
    }


def _counts(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return how many items stand how, each with the filter that shows them."""
    told = [
        *(("condition", CONDITION_WORDS[name], CONDITION_BADGES[name]) for name in CONDITION_WORDS),
        *(("calibration", word, badge) for word, badge in CALIBRATION_BADGES.items()),
    ]
    found = []
    for column, word, badge in told:
        count = sum(row[column] == word for row in rows)
        if count and badge in ("error", "warning"):
            text = _("calibration: %(state)s", state=_(word)) if column != "condition" else _(word)
            href = f"{HOME}?{urlencode({column: word})}"
            found.append({"text": text, "badge": badge, "count": count, "href": href})
    return found


# --- loans -----------------------------------------------------------------------------------

LOAN_COLUMNS = (
    ListColumn("loan", sentence("Loan"), "code", href=lambda row: loan_address(row["loan"])),
    ListColumn("state", sentence("State"), choices=tuple(STATE_WORDS.values())),
    ListColumn("since", sentence("Since"), "date"),
    ListColumn("lender", sentence("Lender")),
    ListColumn("borrower", sentence("Borrower")),
    ListColumn("purpose", sentence("Purpose")),
    ListColumn("items", sentence("Items"), "number", filterable=False),
    ListColumn("next", sentence("Next"), filterable=False),
    ListColumn("next_on", sentence("By when"), "date"),
    ListColumn("end_on", sentence("To be back by"), "date"),
    ListColumn("event", sentence("Event"), hidden=True),
    ListColumn("commitment", sentence("Commitment"), hidden=True),
    ListColumn("requested_on", sentence("Requested"), "date", hidden=True),
    ListColumn("start_on", sentence("First day"), "date", hidden=True),
    ListColumn("last_use_on", sentence("Last day of use"), "date", hidden=True),
    ListColumn("agreement_reference", sentence("Loan agreement"), hidden=True),
    ListColumn("serials", sentence("Serial numbers"), hidden=True),
)


@get(LOANS, sync_to_thread=True, opt=READING)
def loans_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """List loans, those that are open first, with what is due next."""
    found, on = known(viewer), viewer.today
    rows = [_loan_row(one, on) for one in found.loans.values()]
    never = datetime.date.max
    open_ones = {one.name for one in found.loans.values() if one.is_open}
    rows.sort(key=lambda row: (row["loan"] not in open_ones, row["next_on"] or never, row["loan"]))
    table = shown_list(request, RowList(rows, LOAN_COLUMNS), "loans")
    if isinstance(table, Response | Stream):
        return table
    badges = {word: STATE_BADGES[name] for name, word in STATE_WORDS.items()}
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        late = row["next_on"] is not None and row["next_on"] < on and row["loan"] in open_ones
        cells["state"] = {"text": _(row["state"]), "badge": badges.get(row["state"], "plain")}
        cells["next"] = _(row["next"]) if row["next"] else None
        cells["_kind"] = "error" if late else None
        if late:
            cells["next_on"] = {"text": day_text(row["next_on"]), "badge": "error"}
    return render(
        request,
        "equipment/loans.html",
        listed=table,
        tabs=tabs(viewer, LOANS),
        total=len(rows),
        crumbs=[(_("Equipment"), HOME), (_("Loans"), None)],
    )


def _loan_row(one: Loan, on: datetime.date) -> dict[str, Any]:
    due, values = due_of_loan(one, on), one.values
    return {
        "loan": one.name,
        "state": STATE_WORDS.get(one.state, one.state),
        "since": one.since,
        **{name: values[name] for name in ("lender", "borrower", "purpose", "event")},
        "items": len(one.serials),
        "next": None if due is None else due.what,
        "next_on": None if due is None else due.day,
        "end_on": None if one.end_on is None else number_date(one.end_on),
        **{name: values[name] for name in ("commitment", "requested_on", "start_on")},
        **{name: values[name] for name in ("last_use_on", "agreement_reference")},
        "serials": " ".join(one.serials),
    }


# --- what is to be looked at -----------------------------------------------------------------

ALARM_COLUMNS = (
    ListColumn("severity", sentence("Severity"), choices=tuple(SEVERITY_WORDS.values())),
    ListColumn("code", sentence("Code"), "code"),
    ListColumn(
        "serial",
        sentence("Item"),
        "code",
        href=lambda row: item_address(row["serial"]) if row["serial"] else None,
    ),
    ListColumn(
        "loan",
        sentence("Loan"),
        "code",
        href=lambda row: loan_address(row["loan"]) if row["loan"] else None,
    ),
    ListColumn("post", sentence("Post")),
    ListColumn("message", sentence("What is wrong")),
    ListColumn("advice", sentence("What to do"), sortable=False),
)


@get(TO_LOOK_AT, sync_to_thread=True, opt=READING)
def alarms_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """List what is to be looked at today: calibrations, gaps of custody, loans, licences, posts."""
    rows = [
        {**one.to_dict(), "severity": SEVERITY_WORDS[str(one.finding.severity)]}
        for one in standing_alarms(viewer, viewer.today)
    ]
    table = shown_list(request, RowList(rows, ALARM_COLUMNS), "equipment-alarms")
    if isinstance(table, Response | Stream):
        return table
    badges = {word: SEVERITY_BADGES[letter] for letter, word in SEVERITY_WORDS.items()}
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["severity"] = {"text": _(row["severity"]), "badge": badges[row["severity"]]}
    return render(
        request,
        "equipment/alarms.html",
        listed=table,
        tabs=tabs(viewer, TO_LOOK_AT),
        total=len(rows),
        crumbs=[(_("Equipment"), HOME), (_("To be looked at"), None)],
    )


# --- overview and search ---------------------------------------------------------------------


def overview_part(viewer: Viewer) -> dict[str, Any] | None:
    """Return calibrations that run out, loans to be shipped, returned or closed, and alarms."""
    found, on = known(viewer), viewer.today
    if not found.items and not found.loans:
        return None
    near = due_soon(found, on)
    wrong = [one for one in standing_alarms(viewer, on) if one.finding.severity in _REFUSING]
    return {
        "days": NOTICE_DAYS,
        "near_count": len(near),
        "alarm_count": len(wrong),
        "near": [
            {
                "badge": "error" if due.day < on else "warning",
                "what": _(due.what),
                "name": due.name,
                "href": due.href,
                "detail": due.detail,
                "day": day_text(due.day),
                "left": left_words((due.day - on).days),
            }
            for due in near[:SHOWN_ON_OVERVIEW]
        ],
    }


def find_equipment(viewer: Viewer, words: str, most: int) -> Iterator[Hit]:
    """Yield items by serial number, model, owner, custodian or place, and loans by their terms."""
    if not viewer.reads(CAPABILITY):
        return
    found, wanted, count = known(viewer), words.casefold(), 0
    for item in sorted(found.items.values(), key=lambda one: wanted not in one.serial.casefold()):
        holder = item.holder
        names = (item.serial, item.values["model"], item.values["owner"])
        text = "\n".join(map(str, (*names, holder.receiver, holder.place)))
        if wanted in text.casefold() and count < most:
            count += 1
            detail = f"{item.values['model']}; {holder.receiver}, {holder.place}"
            kind = sentence("piece of equipment")
            yield Hit(kind, item.serial, item_address(item.serial), detail)
    for loan in sorted(found.loans.values(), key=lambda one: wanted not in one.name.casefold()):
        terms = ("lender", "borrower", "purpose", "event", "agreement_reference")
        text = "\n".join((loan.name, *(str(loan.values[one] or "") for one in terms)))
        if wanted in text.casefold() and count < most:
            count += 1
            kind = sentence("loan of equipment")
            yield Hit(kind, loan.name, loan_address(loan.name), str(loan.values["purpose"]))


GROUP = sentence("Cooperation")

SECTION = Section(
    "equipment",
    handlers=(
        *(items_page, loans_page, alarms_page, item_page, loan_page),
        *(pass_on, calibrate_item, report_condition, step_of_loan, pass_loan_on),
    ),
    menu=(MenuEntry(sentence("Equipment"), HOME, GROUP, 50, reads(CAPABILITY), key="q"),),
    overview=(
        OverviewPart(
            "equipment",
            sentence("Equipment"),
            45,
            reads(CAPABILITY),
            overview_part,
            "equipment/overview.html",
        ),
    ),
    search=(find_equipment,),
)
"""What equipment brings to the pages."""
