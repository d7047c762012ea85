"""Documents of export control: what is answered and what is sent.

Quantities are exact decimal texts in the unit that stands beside them, because a licence counts in
a unit of its own.
"""

from __future__ import annotations

import datetime
from typing import Annotated

from msgspec import Meta

from keiryo.export_control.intake import LISTS
from keiryo.export_control.licences import MODES
from keiryo.web.api.asking import PLAIN
from keiryo.web.api.documents import Document, FoundDocument, Request

MOST_NAME, MOST_TEXT, MOST_CONTENT = 200, 4_000, 16 << 20
_Name = Annotated[str, Meta(min_length=1, max_length=MOST_NAME, pattern=PLAIN)]
_Short = Annotated[str, Meta(max_length=40, pattern=PLAIN)]
_Text = Annotated[str, Meta(min_length=1, max_length=MOST_TEXT, pattern=r"^[^\x00]*$")]
_Unit = Annotated[str, Meta(description="unit of the quantities", examples=["kg"])]
_Line = Annotated[str, Meta(description="line of the record", examples=["32/2"])]
_Next = Annotated[str | None, Meta(description="cursor of the next page; null after the last")]
_Direction = Annotated[str, Meta(description="export or import")]
_State = Annotated[str, Meta(description="the other State, two letters", examples=["XB"])]
_From = Annotated[datetime.date, Meta(description="first day of validity")]
_To = Annotated[datetime.date, Meta(description="last day of validity")]
_Act = Annotated[int, Meta(description="act in which it was recorded last")]


class ExportCeiling(Document, frozen=True, kw_only=True):
    """A line of a licence with what is left of it."""

    number: Annotated[int, Meta(description="number of the line within the licence")]
    item: Annotated[str, Meta(description="listed item of these books")]
    categories: Annotated[list[str], Meta(description="only these element categories; empty: all")]
    quantity: Annotated[str, Meta(description="ceiling", examples=["1250.5"])]
    drawn: Annotated[
        str | None,
        Meta(description="what left under it by the day; null: part of it is not yours to see"),
    ]
    planned: Annotated[str | None, Meta(description="what is planned under it")]
    remaining: Annotated[str | None, Meta(description="what is left; below zero: over-drawn")]
    unit: _Unit
    counts: Annotated[str, Meta(description="which weight is counted: element or fissile")]
    consignee: Annotated[str, Meta(description="who receives it")]
    place: Annotated[str | None, Meta(description="the consignee as reports name it")]
    end_user: Annotated[str, Meta(description="who uses it in the end")]
    end_use: Annotated[str, Meta(description="what for")]
    valid_from: _From
    valid_to: _To
    needs_assurance: Annotated[bool, Meta(description="whether an assurance is asked for")]
    attention: Annotated[
        str | None,
        Meta(description="over-drawn, used up, nearly used up, runs out soon; null: nothing"),
    ]
    line: _Line


class ExportLicence(Document, frozen=True, kw_only=True):
    """A licence as its last amendment states it."""

    licence: Annotated[str, Meta(description="number of the licence")]
    amendment: Annotated[int, Meta(description="0, or the number of the amendment")]
    direction: _Direction
    state: Annotated[str, Meta(description="state on the day, with its validity")]
    authority: Annotated[str, Meta(description="who issued it")]
    exporter: Annotated[str, Meta(description="who may send")]
    partner: _State
    conditions: Annotated[str | None, Meta(description="conditions in words")]
    reexport: Annotated[str | None, Meta(description="clause on re-export in words")]
    tolerance: Annotated[str | None, Meta(description="share by which a ceiling may be exceeded")]
    assurances: Annotated[list[str], Meta(description="assurances that are valid for it")]
    lines: Annotated[list[ExportCeiling], Meta(description="its lines")]
    line: _Line


class ExportLicencePage(Document, frozen=True, kw_only=True):
    """A page of licences."""

    on: Annotated[datetime.date, Meta(description="day as of which they stand")]
    items: Annotated[list[ExportLicence], Meta(description="licences by number")]
    next: _Next


class ExportShipment(Document, frozen=True, kw_only=True):
    """What crosses the border, with its licence or everything that stands against it."""

    line: _Line
    direction: _Direction
    state: Annotated[str, Meta(description="planned or done")]
    on: Annotated[datetime.date, Meta(description="day of the shipment")]
    mba: Annotated[str | None, Meta(description="area of the books")]
    batch: Annotated[str | None, Meta(description="batch of the books")]
    transfer: Annotated[str | None, Meta(description="reference of the shipment, as recorded")]
    partner: _State
    place: Annotated[str | None, Meta(description="the other side as reports name it")]
    category: Annotated[str | None, Meta(description="element category")]
    item: Annotated[str | None, Meta(description="listed item")]
    quantity: Annotated[str, Meta(description="in the unit of the licence, if there is one")]
    unit: _Unit
    result: Annotated[str, Meta(description="MATCHED, or the first thing against it")]
    failed: Annotated[list[str], Meta(description="everything that stands against it")]
    stopped: Annotated[
        bool, Meta(description="whether a licence is asked for on its day and something is against")
    ]
    licence: Annotated[str | None, Meta(description="the licence that covers it, or comes nearest")]
    licence_line: Annotated[int | None, Meta(description="its line")]
    remaining: Annotated[str | None, Meta(description="what is left of the line after it")]


class ExportShipmentPage(Document, frozen=True, kw_only=True):
    """A page of shipments."""

    items: Annotated[list[ExportShipment], Meta(description="shipments in order of their record")]
    next: _Next


class ExportAssurance(Document, frozen=True, kw_only=True):
    """What the government of the receiving State assures."""

    assurance: Annotated[str, Meta(description="name or reference")]
    government: _State
    licences: Annotated[list[str], Meta(description="licences that it names; empty: all there")]
    purposes: Annotated[str | None, Meta(description="what is assured")]
    protection: Annotated[str | None, Meta(description="level of physical protection")]
    obligations: Annotated[list[str], Meta(description="obligation labels that it speaks of")]
    quantity: Annotated[str | None, Meta(description="how much it covers; null: without limit")]
    unit: Annotated[str | None, Meta(description="unit of the quantity")]
    given_on: Annotated[datetime.date, Meta(description="day on which it was given")]
    valid_from: _From
    valid_to: _To
    act: _Act


class ExportAssurancePage(Document, frozen=True, kw_only=True):
    """A page of assurances."""

    items: Annotated[list[ExportAssurance], Meta(description="assurances by name")]
    next: _Next


class ExportItem(Document, frozen=True, kw_only=True):
    """A listed item of these books."""

    item: Annotated[str, Meta(description="name in these books")]
    list: Annotated[str, Meta(description="control list", examples=["NSG-1"])]
    entry: Annotated[str, Meta(description="entry of the list", examples=["A.1.2"])]
    annex_entry: Annotated[str | None, Meta(description="entry of Annex II of INFCIRC/540")]
    customs_code: Annotated[str | None, Meta(description="code of the harmonised system")]
    title: Annotated[str, Meta(description="what it is, in one's own words")]
    material: Annotated[str, Meta(description="nuclear or other")]
    categories: Annotated[tuple[str, ...], Meta(description="element categories that it covers")]
    unit: _Unit
    line: _Line


class ExportItemPage(Document, frozen=True, kw_only=True):
    """A page of listed items."""

    items: Annotated[list[ExportItem], Meta(description="items by name")]
    next: _Next


class ControlListEntry(Document, frozen=True, kw_only=True):
    """An entry of a control list: its identifier, and a word of ours."""

    list: Annotated[str, Meta(description="control list")]
    entry: Annotated[str, Meta(description="entry")]
    title: Annotated[str, Meta(description="a word for it; no text of the list")]
    status: Annotated[str, Meta(description="verified or unverified")]


class ControlListStructure(Document, frozen=True, kw_only=True):
    """The structure of the control lists that is shipped."""

    items: Annotated[list[ControlListEntry], Meta(description="entries, list by list")]


class ClockedTransfer(Document, frozen=True, kw_only=True):
    """A transfer of nuclear material out of the State, as the clock counts it."""

    reference: Annotated[str, Meta(description="its name")]
    partner: _State
    on: Annotated[datetime.date, Meta(description="day of the shipment")]
    effective_kg: Annotated[str, Meta(description="effective kilograms")]
    prepared_on: Annotated[datetime.date | None, Meta(description="prepared for shipping")]
    notified: Annotated[bool, Meta(description="whether it was announced")]


class NotificationToSend(Document, frozen=True, kw_only=True):
    """A notification that is due (INFCIRC/153, paragraph 92)."""

    due: Annotated[datetime.date, Meta(description="day by which it is announced")]
    late: Annotated[bool, Meta(description="whether that day lies before the day asked for")]
    partner: _State
    shipments: Annotated[list[str], Meta(description="what it covers")]
    effective_kg: Annotated[str, Meta(description="sum, with what was announced before")]
    window_from: Annotated[
        datetime.date | None, Meta(description="day after which the window begins; null: one alone")
    ]


class NotificationClock(Document, frozen=True, kw_only=True):
    """What is to be announced, and what it was counted from."""

    on: Annotated[datetime.date, Meta(description="day asked for")]
    due: Annotated[list[NotificationToSend], Meta(description="what is to be announced")]
    transfers: Annotated[list[ClockedTransfer], Meta(description="the transfers of the clock")]
    findings: Annotated[
        list[FoundDocument], Meta(description="transfers whose effective kilograms are not known")
    ]


class DeclaredEntry(Document, frozen=True, kw_only=True):
    """An export or import of an item of Annex II."""

    annex_entry: Annotated[str, Meta(description="entry of Annex II")]
    item: Annotated[str, Meta(description="item of these books")]
    title: Annotated[str, Meta(description="what it is")]
    identity: Annotated[str | None, Meta(description="serial number or other identity")]
    quantity: Annotated[str, Meta(description="quantity as recorded")]
    unit: _Unit
    partner: _State
    location: Annotated[str | None, Meta(description="place of intended use")]
    end_user: Annotated[str, Meta(description="who uses it in the end")]
    on: Annotated[datetime.date, Meta(description="day, or expected day")]
    expected: Annotated[bool, Meta(description="whether the day is only expected")]
    transfer: Annotated[str, Meta(description="reference of the shipment")]
    line: _Line


class QuarterDeclaration(Document, frozen=True, kw_only=True, rename={"first": "from"}):
    """The data of the declaration of a quarter (INFCIRC/540, article 2.a.(ix))."""

    quarter: Annotated[str, Meta(description="the quarter", examples=["2026-Q1"])]
    direction: _Direction
    first: Annotated[datetime.date, Meta(description="first day")]
    to: Annotated[datetime.date, Meta(description="last day")]
    due: Annotated[datetime.date | None, Meta(description="due by; null: on request")]
    nothing_to_declare: Annotated[bool, Meta(description="whether the quarter is empty")]
    entries: Annotated[list[DeclaredEntry], Meta(description="its entries")]


class TrustedTrader(Document, frozen=True, kw_only=True):
    """A trader with the status that counts on a day, and why."""

    trader: Annotated[str, Meta(description="name or number")]
    programme: Annotated[str | None, Meta(description="programme that gave the status")]
    number: Annotated[str | None, Meta(description="number within the programme")]
    state: Annotated[str | None, Meta(description="in-force, suspended or removed")]
    tier: Annotated[int | None, Meta(description="tier as given")]
    tier_that_counts: Annotated[int, Meta(description="tier that counts on the day; 0: none")]
    in_force: Annotated[bool, Meta(description="whether it counts")]
    reason: Annotated[str, Meta(description="why it counts, or why not")]
    valid_from: Annotated[datetime.date | None, Meta(description="first day of validity")]
    valid_to: Annotated[datetime.date | None, Meta(description="last day of validity")]
    recognition: Annotated[str | None, Meta(description="arrangement by which it counts")]
    line: Annotated[str | None, Meta(description="line of the record")]


class TrustedTraderPage(Document, frozen=True, kw_only=True):
    """A page of traders."""

    on: Annotated[datetime.date, Meta(description="day on which the status counts")]
    items: Annotated[list[TrustedTrader], Meta(description="traders by name")]
    next: _Next


class ScorePoints(Document, frozen=True, kw_only=True):
    """A part of a score."""

    what: Annotated[str, Meta(description="what the points are for")]
    points: Annotated[int, Meta(description="points; a credit is below zero")]


class QueuedConsignment(Document, frozen=True, kw_only=True):
    """A consignment in the queue; the score orders it and opens no gate."""

    consignment: Annotated[str, Meta(description="reference")]
    container: Annotated[str, Meta(description="container number")]
    passed_on: Annotated[datetime.date, Meta(description="day of the passage")]
    trader: Annotated[str | None, Meta(description="trader whose status is claimed")]
    score: Annotated[int, Meta(description="0 to 100")]
    points: Annotated[list[ScorePoints], Meta(description="what the score is made of")]
    no_credit_because: Annotated[list[str], Meta(description="why a trader gets no credit")]
    status: Annotated[str | None, Meta(description="status of the trader on that day, and why")]
    line: _Line


class QueuePage(Document, frozen=True, kw_only=True):
    """A page of the queue."""

    items: Annotated[list[QueuedConsignment], Meta(description="the highest score first")]
    next: _Next


class RuleStanding(Document, frozen=True, kw_only=True):
    """From when on a licence is asked for, by direction."""

    direction: _Direction
    begins: Annotated[
        datetime.date | None, Meta(description="day from which; null: there are no licences")
    ]


class LicenceRuleDocument(Document, frozen=True, kw_only=True):
    """What happens to a shipment that no licence covers."""

    mode: Annotated[str, Meta(description="refuse, warn or off")]
    from_day: Annotated[
        datetime.date | None, Meta(description="earlier ones are noted only; null: first licence")
    ]
    directions: Annotated[list[RuleStanding], Meta(description="exports and imports")]


class RegisterCount(Document, frozen=True, kw_only=True):
    """How much of a list is recorded."""

    list: Annotated[str, Meta(description="list of a register file", examples=["licences"])]
    objects: Annotated[int, Meta(description="names that are recorded")]


class RegisterCounts(Document, frozen=True, kw_only=True):
    """What is recorded, list by list."""

    act: Annotated[int, Meta(description="last act about export control; 0: none")]
    items: Annotated[list[RegisterCount], Meta(description="the lists")]


class ExportRegisterSent(Request, frozen=True, kw_only=True):
    """A file of items, licences, assurances, shipments, traders or consignments."""

    name: Annotated[
        _Name, Meta(description="name of the file; .json and .toml are read as that, else CSV")
    ]
    content: Annotated[
        str, Meta(min_length=1, max_length=MOST_CONTENT, description="text of the file")
    ]
    list: Annotated[
        _Short | None,
        Meta(description=f"which list a CSV file is: {', '.join(LISTS)}; null: by its name"),
    ] = None


class ExportRegisterChecked(Document, frozen=True, kw_only=True):
    """What a check of a file found."""

    objects: Annotated[int, Meta(description="objects that it holds")]
    findings: Annotated[list[FoundDocument], Meta(description="what is wrong with it")]


class ExportRegisterRecorded(Document, frozen=True, kw_only=True):
    """What became of a file."""

    act: Annotated[int | None, Meta(description="act that recorded it; null: nothing was new")]
    recorded: Annotated[int, Meta(description="objects that were recorded")]
    unchanged: Annotated[int, Meta(description="objects that stood in the books like this")]
    findings: Annotated[list[FoundDocument], Meta(description="warnings of the act")]


class LicenceRuleSent(Request, frozen=True, kw_only=True):
    """What is to happen to a shipment that no licence covers."""

    mode: Annotated[str, Meta(max_length=20, description=f"one of {', '.join(MODES)}")]
    reason: Annotated[_Text, Meta(description="why; it stands in the record")]
    from_day: Annotated[
        datetime.date | None, Meta(description="earlier shipments are noted and never refused")
    ] = None
