"""Equipment by programs: items with their chain of custody, loans, alarms, and what is done."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Annotated, Any

from litestar import Response
from litestar.params import JSONBody, PathParameter, QueryParameter

from keiryo.dates import number_date
from keiryo.equipment.calibration import CALIBRATE, Calibration, calibrate, calibration_dict
from keiryo.equipment.conditions import CONDITION, record_condition
from keiryo.equipment.custody import HAND_OVER, HandOver, hand_over, instant_text
from keiryo.equipment.items import Item
from keiryo.equipment.loan_states import STEPS
from keiryo.equipment.loans import STEP, Loan, StepWanted, take_step
from keiryo.equipment.tables import CONDITIONS, TYPES
from keiryo.errors import UsageError
from keiryo.journal.model import Posted
from keiryo.journal.reading import line_node
from keiryo.storage.engine import Database
from keiryo.web.api.answering import (
    AsOf,
    answer_of,
    answered,
    changing,
    done_once,
    entity_tag,
    json_only,
    reading,
    require_current,
    still_current,
)
from keiryo.web.api.asking import On, sound_day
from keiryo.web.api.cursors import NEXT_LINK, Cursor, Limit, asked_page, paged
from keiryo.web.api.documents import PostedDocument, posted_document
from keiryo.web.api.equipment_documents import (
    MOST_NAME,
    CalibrationSent,
    ConditionSent,
    EquipmentAlarm,
    EquipmentAlarms,
    EquipmentDocument,
    EquipmentLoanDocument,
    EquipmentLoanPage,
    EquipmentPage,
    HandOverSent,
    ItemsHandedOver,
    LoanStepSent,
    Values,
    WholeEquipment,
    contents,
)
from keiryo.web.once import Answer
from keiryo.web.pages.equipment_forms import acts_about_item, acts_about_loan
from keiryo.web.pages.equipment_standing import (
    CAPABILITY,
    READING,
    known,
    require_item,
    require_loan,
    standing_alarms,
)
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer

TAG = "equipment"

Serial = Annotated[
    str, PathParameter(max_length=MOST_NAME, description="Serial number of the item.")
]
LoanName = Annotated[
    str, PathParameter(max_length=MOST_NAME, description="Name of the loan, e.g. iaea-2026.")
]


# --- questions -------------------------------------------------------------------------------


@reading("/equipment/items", TAG, opt=READING, headers=[NEXT_LINK])
def list_items(
    request: AnyRequest,
    viewer: Asking,
    limit: Limit = 100,
    cursor: Cursor = None,
    type_: Annotated[
        str | None, QueryParameter(name="type", max_length=60, description="Only of a type.")
    ] = None,
    condition: Annotated[
        str | None, QueryParameter(max_length=40, description=f"Only: {', '.join(CONDITIONS)}.")
    ] = None,
    owner: Annotated[
        str | None, QueryParameter(max_length=MOST_NAME, description="Only those of somebody.")
    ] = None,
    place: Annotated[
        str | None, QueryParameter(max_length=MOST_NAME, description="Only those at a place.")
    ] = None,
) -> Response[EquipmentPage]:
    """List items of equipment by serial number."""
    for given, every in ((type_, TYPES), (condition, CONDITIONS)):
        if given is not None and given not in every:
            raise UsageError(f"there is no {given!r}", f"One of {', '.join(every)}.")
    asked = asked_page(request, viewer, limit, cursor)

    def build() -> Response[EquipmentPage]:
        rows = [
            one
            for one in known(viewer).items.values()
            if type_ in (None, one.values["type"])
            and condition in (None, one.condition)
            and owner in (None, one.values["owner"])
            and place in (None, one.holder.place)
            and (asked.after is None or _place(one) > asked.after)
        ]
        rows.sort(key=_place)
        return paged(
            *(request, viewer, asked, rows[: limit + 1], _place),
            lambda shown, more: EquipmentPage(
                items=[EquipmentDocument(**_item(viewer, one)) for one in shown], next=more
            ),
        )

    return answered(request, viewer, _as_of(viewer), build)


@reading("/equipment/items/{serial:str}", TAG, opt=READING)
def get_item(request: AnyRequest, viewer: Asking, serial: Serial) -> Response[WholeEquipment]:
    """Return an item with its chain of custody. The entity tag is for If-Match."""
    one, found = require_item(viewer, serial), known(viewer)

    def build() -> WholeEquipment:
        return WholeEquipment(
            **_item(viewer, one),
            custody=[passed.to_dict() for passed in one.chain],
            calibrations=[calibration_dict(row) for row in found.calibrations.get(serial, [])],
            conditions=[_condition(row) for row in one.conditions],
            loans=[loan.name for loan in found.loans_of(serial)],
        )

    return answered(request, viewer, _as_of(viewer), build, tag=_item_tag(viewer, serial))


@reading("/equipment/loans", TAG, opt=READING, headers=[NEXT_LINK])
def list_loans(
    request: AnyRequest,
    viewer: Asking,
    limit: Limit = 100,
    cursor: Cursor = None,
    status: Annotated[
        str | None, QueryParameter(max_length=40, description="Only those in a state, or `open`.")
    ] = None,
    lender: Annotated[
        str | None, QueryParameter(max_length=MOST_NAME, description="Only those of a lender.")
    ] = None,
    borrower: Annotated[
        str | None, QueryParameter(max_length=MOST_NAME, description="Only those to a borrower.")
    ] = None,
) -> Response[EquipmentLoanPage]:
    """List loans of equipment by name."""
    if status not in (None, "open", *STEPS):
        raise UsageError(f"there is no state {status!r}", f"One of open, {', '.join(STEPS)}.")
    asked = asked_page(request, viewer, limit, cursor)

    def build() -> Response[EquipmentLoanPage]:
        rows = [
            one
            for one in known(viewer).loans.values()
            if (status in (None, one.state) or (status == "open" and one.is_open))
            and lender in (None, one.values["lender"])
            and borrower in (None, one.values["borrower"])
            and (asked.after is None or _loan_place(one) > asked.after)
        ]
        rows.sort(key=_loan_place)
        return paged(
            *(request, viewer, asked, rows[: limit + 1], _loan_place),
            lambda shown, more: EquipmentLoanPage(items=[_loan(one) for one in shown], next=more),
        )

    return answered(request, viewer, _as_of(viewer), build)


@reading("/equipment/loans/{name:str}", TAG, opt=READING)
def get_loan(
    request: AnyRequest, viewer: Asking, name: LoanName
) -> Response[EquipmentLoanDocument]:
    """Return a loan with its steps. The entity tag is for If-Match."""
    one = require_loan(viewer, name)
    tag = _loan_tag(viewer, name)
    return answered(request, viewer, _as_of(viewer), lambda: _loan(one), tag=tag)


@reading("/equipment/alarms", TAG, opt=READING)
def list_alarms(request: AnyRequest, viewer: Asking, on: On = None) -> Response[EquipmentAlarms]:
    """List what is to be looked at: calibrations, gaps of custody, loans, licences, posts."""
    sound_day(on)
    day = on or viewer.today

    def build() -> EquipmentAlarms:
        every = standing_alarms(viewer, day)
        return EquipmentAlarms(on=day, items=[EquipmentAlarm(**one.to_dict()) for one in every])

    return answered(request, viewer, _as_of(viewer, day), build)


def _as_of(viewer: Viewer, more: Any = None) -> AsOf:
    return AsOf(viewer.server.last_acts.by(CAPABILITY, viewer.head), more)


def _item_tag(viewer: Viewer, serial: str) -> str:
    """Return the entity tag of an item: anything posted about it, or its loans, ends it."""
    acts = acts_about_item(viewer, serial, 0)
    for one in known(viewer).loans_of(serial):
        acts += [int(step["act_id"]) for step in (one.values, *one.steps)]
    return entity_tag(viewer, ("equipment item", serial), AsOf(max(acts, default=0)))


def _loan_tag(viewer: Viewer, name: str) -> str:
    """Return the entity tag of a loan: anything posted about it or its items ends it."""
    acts = acts_about_loan(viewer, name, 0)
    return entity_tag(viewer, ("equipment loan", name), AsOf(max(acts, default=0)))


def _place(one: Item) -> list[str]:
    return [one.serial]


def _loan_place(one: Loan) -> list[str]:
    return [one.name]


def _item(viewer: Viewer, one: Item) -> dict[str, Any]:
    found = known(viewer)
    told, done = one.to_dict(), found.calibrations.get(one.serial, [])
    under = found.under(one.serial)
    day = told["source_reference_on"]
    return {
        **told,
        "source_reference_on": day and datetime.date.fromisoformat(day),
        "calibrated_until": number_date(done[-1]["due_on"]) if done else None,
        "loan": None if under is None else under.name,
    }


def _condition(row: Any) -> Values:
    names = ("before", "condition", "reason", "loan", "evidence")
    on = number_date(row["on_day"]).isoformat()
    return {"on": on, **{name: row[name] for name in names}, "line": line_node(row)}


def _loan(one: Loan) -> EquipmentLoanDocument:
    told = one.to_dict()
    for name in ("requested_on", "start_on", "last_use_on", "end_on", "since"):
        told[name] = told[name] and datetime.date.fromisoformat(told[name])
    return EquipmentLoanDocument(**told)


# --- changes ---------------------------------------------------------------------------------


@changing("/equipment/items/{serial:str}/hand-overs", TAG, opt=READING, guards=[json_only])
def post_hand_over(
    request: AnyRequest, viewer: Asking, serial: Serial, data: JSONBody[HandOverSent]
) -> Response[PostedDocument]:
    """Record that somebody else has an item, as an act that you sign.

    If-Match takes the entity tag of the item.
    """
    standing = require_item(viewer, serial)
    passed = _passed(data, [standing])

    def do(books: Database) -> Posted:
        return hand_over(books, viewer.actor(), passed)

    return _item_changed(request, viewer, serial, HAND_OVER, repr(data), do)


@changing("/equipment/items/{serial:str}/calibrations", TAG, opt=READING, guards=[json_only])
def post_calibration(
    request: AnyRequest, viewer: Asking, serial: Serial, data: JSONBody[CalibrationSent]
) -> Response[PostedDocument]:
    """Record a calibration, as an act that you sign.

    If-Match takes the entity tag of the item.
    """
    for day in (data.on, data.due):
        sound_day(day)
    done = Calibration(
        *(serial, data.on or viewer.today, data.due, data.by),
        *(data.check_source, data.check_source_result, data.note),
    )
    sent = contents([] if data.certificate is None else [data.certificate])

    def do(books: Database) -> Posted:
        certificate = sent[0] if sent else None
        return calibrate(books, viewer.actor(), done, certificate=certificate, digest=data.digest)

    return _item_changed(request, viewer, serial, CALIBRATE, repr(data), do)


@changing("/equipment/items/{serial:str}/conditions", TAG, opt=READING, guards=[json_only])
def post_condition(
    request: AnyRequest, viewer: Asking, serial: Serial, data: JSONBody[ConditionSent]
) -> Response[PostedDocument]:
    """Record that an item is damaged, lost, serviceable again or retired, as an act that you sign.

    If-Match takes the entity tag of the item.
    """
    sound_day(data.on)
    files = contents(data.files)

    def do(books: Database) -> Posted:
        return record_condition(
            *(books, viewer.actor(), serial, data.condition),
            on=data.on or viewer.today,
            reason=data.reason,
            evidence=tuple(data.evidence),
            files=files,
        )

    return _item_changed(request, viewer, serial, CONDITION, repr(data), do)


@changing("/equipment/loans/{name:str}/steps", TAG, opt=READING, guards=[json_only])
def post_loan_step(
    request: AnyRequest, viewer: Asking, name: LoanName, data: JSONBody[LoanStepSent]
) -> Response[PostedDocument]:
    """Record a step in the life of a loan, as an act that you sign.

    If-Match takes the entity tag of the loan.
    """
    for day in (data.on, data.end_on):
        sound_day(day)
    wanted = StepWanted(
        *(name, data.state, data.on or viewer.today, data.reason, tuple(data.evidence)),
        *(contents(data.files), data.end_on),
        *(data.acceptance_test, data.decontamination_check, data.function_test),
    )

    def do(books: Database) -> Posted:
        return take_step(books, viewer.actor(), wanted, seen=data.seen)

    return _loan_changed(request, viewer, name, STEP, repr(data), do)


@changing("/equipment/loans/{name:str}/hand-overs", TAG, opt=READING, guards=[json_only])
def post_loan_hand_over(
    request: AnyRequest, viewer: Asking, name: LoanName, data: JSONBody[ItemsHandedOver]
) -> Response[PostedDocument]:
    """Record that somebody else has items of a loan: all of those that are named, or nothing.

    If-Match takes the entity tag of the loan.
    """
    standing = require_loan(viewer, name)
    strange = [serial for serial in data.serials if serial not in standing.serials]
    if strange:
        raise UsageError(
            f"{', '.join(strange[:5])} {'is' if len(strange) == 1 else 'are'} not of this loan",
            "Name items of the loan; an item of its own is handed over by its own path.",
        )
    passed = _passed(data, [require_item(viewer, one) for one in dict.fromkeys(data.serials)])

    def do(books: Database) -> Posted:
        return hand_over(books, viewer.actor(), passed)

    return _loan_changed(request, viewer, name, HAND_OVER, repr(data), do)


def _passed(data: HandOverSent, every: list[Item]) -> list[HandOver]:
    """Return the hand-overs that were sent."""
    at = instant_text(data.at)
    where = (data.receiver, data.organisation, data.place, at, data.note)
    return [HandOver(one.serial, data.giver or one.holder.receiver, *where) for one in every]


def _item_changed(
    request: AnyRequest,
    viewer: Viewer,
    serial: str,
    kind: str,
    asked: str,
    change: Callable[[Database], Posted],
) -> Response[PostedDocument]:
    require_item(viewer, serial)
    return _changed(request, viewer, kind, asked, lambda: _item_tag(viewer, serial), change)


def _loan_changed(
    request: AnyRequest,
    viewer: Viewer,
    name: str,
    kind: str,
    asked: str,
    change: Callable[[Database], Posted],
) -> Response[PostedDocument]:
    require_loan(viewer, name)
    return _changed(request, viewer, kind, asked, lambda: _loan_tag(viewer, name), change)


def _changed(
    request: AnyRequest,
    viewer: Viewer,
    kind: str,
    asked: str,
    current: Callable[[], str],
    change: Callable[[Database], Posted],
) -> Response[PostedDocument]:
    """Do something once, if what it is done to is what the sender saw."""
    viewer.require_post(kind, viewer.state)

    def do() -> Answer:
        require_current(request, current)
        posted = change(still_current(request, viewer, current))
        made = posted_document(posted.act, posted.repeated)
        return answer_of(made, 201, f"/api/v1/acts/{posted.act.act_id}")

    return done_once(request, viewer, {"asked": asked}, do)


SECTION = Section(
    "api equipment",
    api=(
        *(list_items, get_item, list_loans, get_loan, list_alarms),
        *(post_hand_over, post_calibration, post_condition, post_loan_step, post_loan_hand_over),
    ),
)
