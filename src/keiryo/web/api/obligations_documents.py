"""Documents about obligations: cells, holdings, steps, labels, consents, and what is sent."""

from __future__ import annotations

import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from keiryo.web.api.asking import PLAIN
from keiryo.web.api.documents import Document, FoundDocument, Request

MOST_TEXT, MOST_NAME, MOST_OBJECTS = 2_000, 200, 5_000
_Short = Annotated[str, Meta(min_length=1, max_length=MOST_NAME, pattern=PLAIN)]
_Text = Annotated[str, Meta(min_length=1, max_length=MOST_TEXT, pattern=r"^[^\x00]*$")]
_Value = Annotated[str, Meta(max_length=MOST_TEXT, pattern=r"^[^\x00]*$")]
Objects = Annotated[
    list[dict[str, _Value | dict[str, _Value] | None]], Meta(max_length=MOST_OBJECTS)
]
"""Objects of a list, as in a register file; label sets with weights or shares under ``cells``."""


class CellDocument(Document, frozen=True, kw_only=True):
    """A quantity of an area under one label set."""

    mba: Annotated[str, Meta(description="material balance area")]
    category: Annotated[str, Meta(description="element category", examples=["E"])]
    labels: Annotated[list[str], Meta(description="the label set; empty: under none")]
    element_mg: Annotated[int, Meta(description="element weight in milligrams")]
    fissile_mg: Annotated[int | None, Meta(description="its share of the fissile weight")]
    why: Annotated[str, Meta(description="node of the evidence chain")]


class PartnerSum(Document, frozen=True, kw_only=True):
    """What is under one partner. These sums must not be added up over partners."""

    partner: Annotated[str, Meta(description="label", examples=["US"])]
    category: Annotated[str, Meta(description="element category")]
    element_mg: Annotated[int, Meta(description="sum of the cells that carry the label")]


class LabelBalance(Document, frozen=True, kw_only=True):
    """What is on the books under which labels at the end of a day."""

    on: Annotated[datetime.date, Meta(description="day")]
    cells: Annotated[list[CellDocument], Meta(description="disjoint; they add up to the books")]
    partners: Annotated[list[PartnerSum], Meta(description="they overlap: never add them up")]


class HeldDocument(Document, frozen=True, kw_only=True):
    """A quantity under one label set where it is."""

    account: Annotated[str, Meta(description="book, domestic_transit, retained_waste …")]
    holding: Annotated[str, Meta(description="batch, or (pool); receiver/batch if on its way")]
    category: Annotated[str, Meta(description="element category")]
    labels: Annotated[list[str], Meta(description="the label set; empty: under none")]
    element_mg: Annotated[int, Meta(description="element weight in milligrams")]


class HeldPage(Document, frozen=True, kw_only=True):
    """A page of the holdings of an area."""

    on: Annotated[datetime.date, Meta(description="day")]
    items: Annotated[list[HeldDocument], Meta(description="by account, batch and label set")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class TraceStep(Document, frozen=True, kw_only=True):
    """A quantity that went from one holding to another."""

    date: Annotated[datetime.date, Meta(description="day")]
    kind: Annotated[str, Meta(description="RECEIPT, SHIPMENT, BLEND, SPLIT …")]
    source: Annotated[str, Meta(description="from where")]
    target: Annotated[str, Meta(description="where to")]
    category: Annotated[str, Meta(description="element category")]
    element_mg: Annotated[int, Meta(description="element weight in milligrams")]
    cells: Annotated[dict[str, int], Meta(description="milligrams by label set, as it arrived")]
    act: Annotated[int, Meta(description="act of the line from which it follows")]
    line: Annotated[int, Meta(description="that line")]


class TracePage(Document, frozen=True, kw_only=True):
    """A page of the way of a batch, the latest step first."""

    of: Annotated[str, Meta(description="what is asked about")]
    holding: Annotated[str, Meta(description="batch, or pool where batches are not followed")]
    cells: Annotated[
        list[HeldDocument], Meta(description="what it carries; on the first page only")
    ]
    steps: Annotated[int, Meta(description="steps that you see")]
    left_out: Annotated[int, Meta(description="steps in areas that you do not see")]
    items: Annotated[list[TraceStep], Meta(description="steps")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class LabelDocument(Document, frozen=True, kw_only=True):
    """A label: a partner towards whom duties exist."""

    label: Annotated[str, Meta(description="code")]
    name: Annotated[str, Meta(description="the partner in words")]
    kind: Annotated[str, Meta(description="State or organisation")]
    instrument: Annotated[str | None, Meta(description="name in the register of cooperation")]
    agreement_words: Annotated[str | None, Meta(description="the agreement in words")]
    valid_from: Annotated[datetime.date | None, Meta(description="first day; null: ever")]
    valid_to: Annotated[datetime.date | None, Meta(description="last day; null: open")]
    successor: Annotated[str | None, Meta(description="label that takes its place")]
    members: Annotated[list[str], Meta(description="member States today")]


class LabelList(Document, frozen=True, kw_only=True):
    """The registered labels."""

    begins: Annotated[
        datetime.date | None, Meta(description="labels are kept from its end on; null: not kept")
    ]
    items: Annotated[list[LabelDocument], Meta(description="by code")]


class ConsentDocument(Document, frozen=True, kw_only=True):
    """A partner's consent to a step."""

    consent: Annotated[str, Meta(description="name")]
    partner: Annotated[str, Meta(description="label of the partner")]
    step: Annotated[str, Meta(description="retransfer, reprocessing …")]
    destinations: Annotated[list[str], Meta(description="where to; empty: anywhere")]
    element_mg: Annotated[int | None, Meta(description="how much; null: any quantity")]
    used_mg: Annotated[int | None, Meta(description="used by what stands; null: not told")]
    left_mg: Annotated[int | None, Meta(description="left of it")]
    valid_from: Annotated[datetime.date | None, Meta(description="first day")]
    valid_to: Annotated[datetime.date | None, Meta(description="last day")]
    state: Annotated[str, Meta(description="holds, run out, used up, withdrawn …")]
    words: Annotated[str, Meta(description="article, letter, conditions")]
    act: Annotated[int, Meta(description="act in which it was recorded last")]


class ConsentList(Document, frozen=True, kw_only=True):
    """The consents, and what happens to a step without one."""

    mode: Annotated[str, Meta(description="refuse or note")]
    items: Annotated[list[ConsentDocument], Meta(description="in the order of their record")]


class StatementLine(Document, frozen=True, kw_only=True):
    """A line of an annual statement."""

    category: Annotated[str, Meta(description="kind of material")]
    place_group: Annotated[str | None, Meta(description="kind of place")] = None
    line: Annotated[str, Meta(description="opening, a cause, correction or closing")]
    amount: Annotated[str, Meta(description="decimal, in the unit")]
    unit: Annotated[str, Meta(description="kg, t, g or mg")]


class StatementDocument(Document, frozen=True, kw_only=True):
    """The statement to a partner about a year, as the books know it now."""

    partner: Annotated[str, Meta(description="label")]
    partner_name: Annotated[str, Meta(description="the partner in words")]
    year: Annotated[int, Meta(description="calendar year")]
    unit: Annotated[str, Meta(description="unit of the amounts")]
    issue: Annotated[int, Meta(description="its number if it is issued now")]
    through_act: Annotated[int, Meta(description="last act that it takes into account")]
    lines: Annotated[list[StatementLine], Meta(description="its table")]


class DueDocument(Document, frozen=True, kw_only=True):
    """A report that is due, and its last good day."""

    due: Annotated[datetime.date, Meta(description="last good day")]
    mba: Annotated[str, Meta(description="area")]
    period: Annotated[str, Meta(description="month, or day of the inventory")]
    title: Annotated[str, Meta(description="what is reported")]
    forms: Annotated[list[str], Meta(description="numbers of the forms")]
    paragraphs: Annotated[list[int], Meta(description="paragraphs of Article 7")]
    per_supplier_party: Annotated[bool, Meta(description="whether per supplier party")]
    day_passed: Annotated[bool, Meta(description="whether the day is over")]


class DueList(Document, frozen=True, kw_only=True):
    """What is due around a day in the areas that you see."""

    on: Annotated[datetime.date, Meta(description="day")]
    items: Annotated[list[DueDocument], Meta(description="the earliest first")]


class RegisterSent(Request, frozen=True, kw_only=True):
    """Statements by list, with names and texts as in a register file."""

    labels: Annotated[Objects, Meta(description="partners")] = msgspec.field(default_factory=list)
    members: Annotated[Objects, Meta(description="member States of organisations")] = msgspec.field(
        default_factory=list
    )
    rules: Annotated[Objects, Meta(description="rules of origin")] = msgspec.field(
        default_factory=list
    )
    places: Annotated[Objects, Meta(description="rules of places")] = msgspec.field(
        default_factory=list
    )
    consents: Annotated[Objects, Meta(description="consents")] = msgspec.field(default_factory=list)
    receipts: Annotated[Objects, Meta(description="labels of receipts")] = msgspec.field(
        default_factory=list
    )
    designations: Annotated[Objects, Meta(description="labels named for withdrawals")] = (
        msgspec.field(default_factory=list)
    )
    exchanges: Annotated[Objects, Meta(description="exchanges of labels")] = msgspec.field(
        default_factory=list
    )
    relabellings: Annotated[Objects, Meta(description="labels that begin or end")] = msgspec.field(
        default_factory=list
    )


class BeginningSent(Request, frozen=True, kw_only=True):
    """From when on labels are kept, and under which labels is what was there."""

    on_day: Annotated[datetime.date, Meta(description="labels are kept from its end on")]
    reason: Annotated[_Text, Meta(description="why; it stands in the record")]
    openings: Annotated[Objects, Meta(description="labels of what is there on that day")] = (
        msgspec.field(default_factory=list)
    )


class ConsentRuleSent(Request, frozen=True, kw_only=True):
    """What happens to a step without consent."""

    mode: Annotated[_Short, Meta(description="refuse or note")]
    reason: Annotated[_Text, Meta(description="why; it stands in the record")]
    from_day: Annotated[
        datetime.date | None, Meta(description="steps before it are noted only")
    ] = None


class WithdrawalSent(Request, frozen=True, kw_only=True):
    """Something that is not to count any more."""

    kind: Annotated[_Short, Meta(description="exchange, relabelling or consent")]
    name: Annotated[_Short, Meta(description="name, as it was recorded")]
    reason: Annotated[_Text, Meta(description="why; it stands in the record")]


class IssueSent(Request, frozen=True, kw_only=True):
    """A statement that is to be issued."""

    unit: Annotated[_Short, Meta(description="kg, t, g or mg")] = "kg"
    peaceful_use: Annotated[_Value, Meta(description="statement of peaceful use")] = ""


class StatedDocument(Document, frozen=True, kw_only=True):
    """What became of statements."""

    act: Annotated[int | None, Meta(description="the act; null: nothing in them is new")]
    recorded: Annotated[int, Meta(description="objects that were recorded")]
    unchanged: Annotated[int, Meta(description="objects that stood like this already")]
    findings: Annotated[list[FoundDocument], Meta(description="what the act gave rise to")]
