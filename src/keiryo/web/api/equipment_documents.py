"""Documents of equipment: items with their custody, loans, alarms, and what changes send."""

from __future__ import annotations

import base64
import binascii
import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from keiryo.equipment.record import File
from keiryo.errors import UsageError
from keiryo.web.api.asking import PLAIN
from keiryo.web.api.cooperation import FileSent, HappenedOn, Reason
from keiryo.web.api.documents import Document, Request

MOST_TEXT, MOST_NAME, MOST_FILES, MOST_ITEMS = 4_000, 200, 20, 500
Values = dict[str, int | str | None]
Result = Literal["passed", "failed"]

_Short = Annotated[str, Meta(min_length=1, max_length=MOST_NAME, pattern=PLAIN)]
_Text = Annotated[str, Meta(min_length=1, max_length=MOST_TEXT, pattern=r"^[^\x00]*$")]
_Evidence = Annotated[
    list[_Short], Meta(max_length=MOST_FILES, description="digests, or acts as act:17")
]
_Files = Annotated[
    list[FileSent], Meta(max_length=MOST_FILES, description="files of evidence, kept")
]


class EquipmentDocument(Document, frozen=True, kw_only=True):
    """An item as it stands."""

    serial: Annotated[str, Meta(description="serial number", examples=["PRD 0017"])]
    type: Annotated[str, Meta(description="type of equipment", examples=["hpge-detector"])]
    model: Annotated[str, Meta(description="maker and model")]
    owner: Annotated[str, Meta(description="whose it is")]
    firmware: Annotated[str | None, Meta(description="version of the firmware")]
    accessories: Annotated[str | None, Meta(description="what belongs to it")]
    source_nuclide: Annotated[str | None, Meta(description="nuclide of the contained source")]
    source_activity_bq: Annotated[int | None, Meta(description="its activity in Bq")]
    source_reference_on: Annotated[datetime.date | None, Meta(description="day of the activity")]
    source_licence: Annotated[str | None, Meta(description="licence of the source")]
    value: Annotated[int | None, Meta(description="value in whole units of the currency")]
    currency: Annotated[str | None, Meta(description="currency, ISO 4217")]
    data_rule: Annotated[str | None, Meta(description="to whom the data belong that it takes")]
    note: Annotated[str | None, Meta(description="note")]
    reason: Annotated[str | None, Meta(description="why it was recorded anew")]
    condition: Annotated[str, Meta(description="serviceable, damaged, lost or retired")]
    custodian: Annotated[str, Meta(description="who has it")]
    organisation: Annotated[str, Meta(description="for which organisation")]
    place: Annotated[str, Meta(description="where it is")]
    since: Annotated[str, Meta(description="since when, UTC")]
    calibrated_until: Annotated[
        datetime.date | None, Meta(description="last day on which it is trusted")
    ]
    loan: Annotated[str | None, Meta(description="the loan under which it is out")]
    line: Annotated[str, Meta(description="line of the record", examples=["line:32/1"])]


class EquipmentPage(Document, frozen=True, kw_only=True):
    """A page of items as they stand."""

    items: Annotated[list[EquipmentDocument], Meta(description="items that you see")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class WholeEquipment(EquipmentDocument, frozen=True, kw_only=True):
    """An item with its chain of custody and all that is recorded about it."""

    custody: Annotated[list[Values], Meta(description="hand-overs, in the order of time")]
    calibrations: Annotated[list[Values], Meta(description="in the order of their days")]
    conditions: Annotated[list[Values], Meta(description="what happened to it, in order")]
    loans: Annotated[list[str], Meta(description="loans to which it belongs")]


class EquipmentLoanDocument(Document, frozen=True, kw_only=True):
    """A loan as it stands."""

    loan: Annotated[str, Meta(description="name of the loan")]
    lender: Annotated[str, Meta(description="organisation that lends")]
    borrower: Annotated[str, Meta(description="organisation that borrows")]
    purpose: Annotated[str, Meta(description="what for")]
    event: Annotated[str | None, Meta(description="event at which the items are used")]
    commitment: Annotated[str | None, Meta(description="commitment that it fulfils")]
    requested_on: Annotated[datetime.date, Meta(description="day of the request")]
    start_on: Annotated[datetime.date | None, Meta(description="first day away from the lender")]
    last_use_on: Annotated[datetime.date | None, Meta(description="last day of use")]
    end_on: Annotated[datetime.date | None, Meta(description="to be back by, with extensions")]
    agreement_reference: Annotated[str | None, Meta(description="the loan agreement")]
    insurance: Annotated[str | None, Meta(description="who insures the items")]
    customs_regime: Annotated[str | None, Meta(description="ATA, temporary-import or domestic")]
    import_licence: Annotated[str | None, Meta(description="licence to import sources")]
    note: Annotated[str | None, Meta(description="note")]
    items: Annotated[list[str], Meta(description="serial numbers of its items")]
    state: Annotated[str, Meta(description="state in its life", examples=["in_use"])]
    since: Annotated[datetime.date, Meta(description="day of its last step, or of the request")]
    extended: Annotated[bool, Meta(description="whether it was extended")]
    acceptance_test: Annotated[str | None, Meta(description="last result: passed or failed")]
    decontamination_check: Annotated[str | None, Meta(description="last result")]
    function_test: Annotated[str | None, Meta(description="last result")]
    steps: Annotated[list[Values], Meta(description="steps, in order")]
    line: Annotated[str, Meta(description="line of the record that holds the terms")]


class EquipmentLoanPage(Document, frozen=True, kw_only=True):
    """A page of loans as they stand."""

    items: Annotated[list[EquipmentLoanDocument], Meta(description="loans that you see")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class EquipmentAlarm(Document, frozen=True, kw_only=True):
    """Something that is to be looked at."""

    code: Annotated[str, Meta(description="code", examples=["EQUIPMENT-CALIBRATION-DUE"])]
    severity: Annotated[str, Meta(description="E a query, W a warning, I information")]
    message: Annotated[str, Meta(description="what is wrong")]
    advice: Annotated[str, Meta(description="what to do")]
    serial: Annotated[str | None, Meta(description="the item, if it is about one")]
    loan: Annotated[str | None, Meta(description="the loan, if it is about one")]
    post: Annotated[str | None, Meta(description="the post, if it is about one")]


class EquipmentAlarms(Document, frozen=True, kw_only=True):
    """What is to be looked at on a day."""

    on: Annotated[datetime.date, Meta(description="day")]
    items: Annotated[list[EquipmentAlarm], Meta(description="by loan, item and post")]


class HandOverSent(Request, frozen=True, kw_only=True):
    """A hand-over: from a moment on somebody else has it."""

    receiver: Annotated[_Short, Meta(description="who has it from then on")]
    organisation: Annotated[_Short, Meta(description="for which organisation")]
    place: Annotated[_Short, Meta(description="where it is from then on")]
    at: Annotated[
        _Short, Meta(description="the moment, with its offset", examples=["2026-07-24T09:00+09:00"])
    ]
    giver: Annotated[_Short | None, Meta(description="who had it; null: who has it now")] = None
    note: Annotated[_Text | None, Meta(description="note")] = None


class ItemsHandedOver(HandOverSent, frozen=True, kw_only=True):
    """A hand-over of several items of a loan."""

    serials: Annotated[
        list[_Short], Meta(min_length=1, max_length=MOST_ITEMS, description="items of the loan")
    ]


class CalibrationSent(Request, frozen=True, kw_only=True):
    """A calibration that was done."""

    due: Annotated[datetime.date, Meta(description="last day on which the item is trusted")]
    by: Annotated[_Short, Meta(description="the laboratory or the person")]
    on: HappenedOn = None
    check_source: Annotated[_Short | None, Meta(description="what it was checked with")] = None
    check_source_result: Annotated[Result | None, Meta(description="result of the check")] = None
    certificate: Annotated[FileSent | None, Meta(description="certificate, kept")] = None
    digest: Annotated[
        _Short | None, Meta(description="SHA-256 of a certificate that is in the record")
    ] = None
    note: Annotated[_Text | None, Meta(description="note")] = None


class ConditionSent(Request, frozen=True, kw_only=True):
    """What befell an item."""

    condition: Annotated[
        Literal["serviceable", "damaged", "lost", "retired"], Meta(description="from now on")
    ]
    reason: Reason
    on: HappenedOn = None
    evidence: _Evidence = msgspec.field(default_factory=list)
    files: _Files = msgspec.field(default_factory=list)


class LoanStepSent(Request, frozen=True, kw_only=True):
    """A step in the life of a loan."""

    state: Annotated[_Short, Meta(description="what it becomes", examples=["received"])]
    reason: Reason
    on: HappenedOn = None
    seen: Annotated[_Short | None, Meta(description="the state that you saw")] = None
    end_on: Annotated[datetime.date | None, Meta(description="the new end, of an extension")] = None
    acceptance_test: Annotated[Result | None, Meta(description="on receipt")] = None
    decontamination_check: Annotated[Result | None, Meta(description="on return")] = None
    function_test: Annotated[Result | None, Meta(description="on return")] = None
    evidence: _Evidence = msgspec.field(default_factory=list)
    files: _Files = msgspec.field(default_factory=list)


def contents(sent: list[FileSent]) -> tuple[File, ...]:
    """Return files with their content.

    Raises
    ------
    UsageError
        If a content is no base64 (RFC 4648, section 4).
    """
    try:
        return tuple((one.name, base64.b64decode(one.content, validate=True)) for one in sent)
    except (binascii.Error, ValueError):
        raise UsageError(
            "the content of a file is no base64", "Encode it as RFC 4648 says, section 4."
        ) from None
