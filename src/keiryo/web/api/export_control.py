"""Export control by programs: licences, shipments, assurances, items, traders, the queue."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from litestar import Response
from litestar.params import PathParameter, QueryParameter

from keiryo.dates import number_date
from keiryo.errors import UsageError
from keiryo.export_control.books import MatchedShipment
from keiryo.export_control.items import control_lists
from keiryo.export_control.licences import Licence, quantity_text
from keiryo.export_control.traders import Queued
from keiryo.web.api.answering import (
    AsOf,
    answered,
    reading,
)
from keiryo.web.api.asking import On, plain_name, sound_day
from keiryo.web.api.cursors import NEXT_LINK, Cursor, Limit, asked_page, paged
from keiryo.web.api.export_control_documents import (
    ControlListEntry,
    ControlListStructure,
    ExportAssurance,
    ExportAssurancePage,
    ExportCeiling,
    ExportItem,
    ExportItemPage,
    ExportLicence,
    ExportLicencePage,
    ExportShipment,
    ExportShipmentPage,
    QueuedConsignment,
    QueuePage,
    ScorePoints,
    TrustedTrader,
    TrustedTraderPage,
)
from keiryo.web.pages.export_control_known import (
    READING,
    Known,
    LineStanding,
    is_stopped,
    known,
    last_change,
)
from keiryo.web.pages.export_control_licence import licence_of
from keiryo.web.pages.export_control_registers import last_assurances, queued, read_traders_of
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer

TAG = "export control"
HERE = "/export-control"
Plain = dict[str, Any]
_Row = TypeVar("_Row")

Direction = Annotated[
    str | None, QueryParameter(max_length=20, description="Only export, or only import.")
]


def sound_direction(given: str | None) -> None:
    """Refuse a direction that is none.

    Raises
    ------
    UsageError
    """
    if given not in (None, "export", "import"):
        raise UsageError(f"there is no direction {given!r}", "Write export or import.")


def as_of_today(viewer: Viewer, more: Any = None) -> AsOf:
    """Return what an answer from the registers and the books depends on."""
    acts = last_change(viewer)
    return AsOf(max(acts[:-1]), (acts, more))


def _after(rows: Sequence[_Row], place: Callable[[_Row], list[Any]], after: Any) -> list[_Row]:
    """Return the rows behind a place, in order of their places."""
    ordered = sorted(rows, key=place)
    return ordered if after is None else [one for one in ordered if place(one) > after]


# --- licences and shipments ------------------------------------------------------------------


@reading(f"{HERE}/licences", TAG, opt=READING, headers=[NEXT_LINK])
def list_export_licences(
    request: AnyRequest,
    viewer: Asking,
    limit: Limit = 100,
    cursor: Cursor = None,
    direction: Direction = None,
    partner: Annotated[
        str | None, QueryParameter(max_length=2, description="Only those about a State.")
    ] = None,
) -> Response[ExportLicencePage]:
    """List licences by number with what is left of each line today."""
    sound_direction(direction)
    asked = asked_page(request, viewer, limit, cursor)

    def build() -> Response[ExportLicencePage]:
        found = known(viewer)
        rows = [
            one
            for one in found.register.licences.values()
            if direction in (None, one.direction) and partner in (None, one.partner)
        ]
        rows = _after(rows, lambda one: [one.number], asked.after)
        return paged(
            *(request, viewer, asked, rows[: limit + 1], lambda one: [one.number]),
            lambda shown, more: ExportLicencePage(
                on=viewer.today, items=[_licence(viewer, found, one) for one in shown], next=more
            ),
        )

    return answered(request, viewer, as_of_today(viewer), build)


@reading(f"{HERE}/licences/{{number:path}}", TAG, opt=READING)
def get_export_licence(
    request: AnyRequest,
    viewer: Asking,
    number: Annotated[
        str, PathParameter(description="Number of the licence; / in it may stand as it is.")
    ],
) -> Response[ExportLicence]:
    """Return a licence with what is left of each line today."""
    found = known(viewer)
    licence = licence_of(found, plain_name(number.removeprefix("/"), "licence"))
    return answered(request, viewer, as_of_today(viewer), lambda: _licence(viewer, found, licence))


def _licence(viewer: Viewer, found: Known, one: Licence) -> ExportLicence:
    values, day = one.values, viewer.today
    texts = ("authority", "exporter", "conditions", "reexport", "tolerance")
    return ExportLicence(
        licence=one.number,
        amendment=one.amendment,
        direction=one.direction,
        state=one.standing_on(day),
        partner=one.partner,
        **{name: values[name] for name in texts},
        assurances=[a.name for a in found.register.assurances if a.is_about(one, day)],
        lines=[_ceiling(line) for line in found.lines if line.licence.number == one.number],
        line=one.line,
    )


def _ceiling(one: LineStanding) -> ExportCeiling:
    line = one.ceiling
    names = ("number", "item", "unit", "counts", "consignee", "place", "end_user", "end_use")
    more = ("valid_from", "valid_to", "needs_assurance", "line")
    quantities: Plain = {"drawn": one.drawn, "planned": one.planned, "remaining": one.remaining}
    told: Plain = {n: None if q is None else quantity_text(q) for n, q in quantities.items()}
    return ExportCeiling(
        **{name: getattr(line, name) for name in (*names, *more)},
        categories=list(line.categories),
        quantity=quantity_text(line.quantity),
        **told,
        attention=one.attention or None,
    )


@reading(f"{HERE}/shipments", TAG, opt=READING, headers=[NEXT_LINK])
def list_export_shipments(
    request: AnyRequest,
    viewer: Asking,
    limit: Limit = 100,
    cursor: Cursor = None,
    direction: Direction = None,
    stopped: Annotated[
        bool | None,
        QueryParameter(description="Only those that something stands against, or only others."),
    ] = None,
) -> Response[ExportShipmentPage]:
    """List what crosses the border, each with its licence or everything that stands against it."""
    sound_direction(direction)
    asked = asked_page(request, viewer, limit, cursor)

    def build() -> Response[ExportShipmentPage]:
        found = known(viewer)
        rows = [
            one
            for one in found.matched
            if direction in (None, one.shipment.direction)
            and stopped in (None, is_stopped(found, one))
        ]
        rows = _after(rows, _shipment_place, asked.after)
        return paged(
            *(request, viewer, asked, rows[: limit + 1], _shipment_place),
            lambda shown, more: ExportShipmentPage(
                items=[_shipment(found, one) for one in shown], next=more
            ),
        )

    return answered(request, viewer, as_of_today(viewer), build)


def _shipment_place(one: MatchedShipment) -> list[Any]:
    return [one.shipment.act, one.shipment.line_no]


def _shipment(found: Known, one: MatchedShipment) -> ExportShipment:
    left = found.remaining_after(one)
    told = one.to_dict() | {
        "on": one.shipment.on,
        "remaining": None if left is None else quantity_text(left),
    }
    return ExportShipment(**told, stopped=is_stopped(found, one))


# --- registers -------------------------------------------------------------------------------


@reading(f"{HERE}/assurances", TAG, opt=READING, headers=[NEXT_LINK])
def list_export_assurances(
    request: AnyRequest, viewer: Asking, limit: Limit = 100, cursor: Cursor = None
) -> Response[ExportAssurancePage]:
    """List what governments assure, by name."""
    asked = asked_page(request, viewer, limit, cursor)

    def place(row: Plain) -> list[Any]:
        return [row["assurance"]]

    def build() -> Response[ExportAssurancePage]:
        rows = _after(list(last_assurances(viewer).values()), place, asked.after)
        return paged(
            *(request, viewer, asked, rows[: limit + 1], place),
            lambda shown, more: ExportAssurancePage(
                items=[_assurance(row) for row in shown], next=more
            ),
        )

    return answered(request, viewer, as_of_today(viewer), build)


def _assurance(row: Plain) -> ExportAssurance:
    names = ("assurance", "government", "purposes", "protection", "quantity", "unit")
    days = ("given_on", "valid_from", "valid_to")
    told: Plain = {name: row[name] for name in names}
    told |= {name: number_date(int(row[name])) for name in days}
    told |= {name: str(row[name] or "").split() for name in ("licences", "obligations")}
    return ExportAssurance(**told, act=row["act_id"])


@reading(f"{HERE}/items", TAG, opt=READING, headers=[NEXT_LINK])
def list_control_items(
    request: AnyRequest, viewer: Asking, limit: Limit = 100, cursor: Cursor = None
) -> Response[ExportItemPage]:
    """List the items of these books by name."""
    asked = asked_page(request, viewer, limit, cursor)

    def build() -> Response[ExportItemPage]:
        items = list(known(viewer).register.items.values())
        rows = _after(items, lambda one: [one.name], asked.after)
        return paged(
            *(request, viewer, asked, rows[: limit + 1], lambda one: [one.name]),
            lambda shown, more: ExportItemPage(
                items=[ExportItem(**one.to_dict()) for one in shown], next=more
            ),
        )

    return answered(request, viewer, as_of_today(viewer), build)


@reading(f"{HERE}/control-lists", TAG, opt=READING)
def get_control_lists(request: AnyRequest, viewer: Asking) -> Response[ControlListStructure]:
    """Return the structure of the control lists: identifiers, and a word of ours for each."""

    def build() -> ControlListStructure:
        return ControlListStructure(
            items=[
                ControlListEntry(list=one.name, entry=entry, title=title, status=one.status)
                for one in control_lists().values()
                for entry, title in one.entries.items()
            ]
        )

    return answered(request, viewer, AsOf(0), build)


@reading(f"{HERE}/traders", TAG, opt=READING, headers=[NEXT_LINK])
def list_trusted_traders(
    request: AnyRequest, viewer: Asking, limit: Limit = 100, cursor: Cursor = None, on: On = None
) -> Response[TrustedTraderPage]:
    """List traders by name with the status that counts on a day, and why."""
    sound_day(on)
    day = on or viewer.today
    asked = asked_page(request, viewer, limit, cursor)

    def build() -> Response[TrustedTraderPage]:
        traders = read_traders_of(viewer)
        rows = _after(list(traders.traders), lambda one: [one], asked.after)
        return paged(
            *(request, viewer, asked, rows[: limit + 1], lambda one: [one]),
            lambda shown, more: TrustedTraderPage(
                on=day,
                items=[_trader(traders.status(name, day).to_dict()) for name in shown],
                next=more,
            ),
        )

    return answered(request, viewer, as_of_today(viewer, day), build)


def _trader(told: Plain) -> TrustedTrader:
    return TrustedTrader(**{**told, **days_in(told, "valid_from", "valid_to")})


def days_in(told: Plain, *names: str) -> dict[str, datetime.date | None]:
    """Return days that stand as text, by name."""
    return {n: None if told[n] is None else datetime.date.fromisoformat(told[n]) for n in names}


@reading(f"{HERE}/queue", TAG, opt=READING, headers=[NEXT_LINK])
def list_inspection_queue(
    request: AnyRequest,
    viewer: Asking,
    limit: Limit = 100,
    cursor: Cursor = None,
    on: Annotated[
        datetime.date | None, QueryParameter(description="Only those that pass on this day.")
    ] = None,
) -> Response[QueuePage]:
    """List consignments in the order in which they are looked at, with the reasons."""
    sound_day(on)
    asked = asked_page(request, viewer, limit, cursor)

    def place(one: Queued) -> list[Any]:
        return [-one.priority.score, str(one.values["consignment"])]

    def build() -> Response[QueuePage]:
        rows = [
            one
            for one in queued(viewer)
            if on is None or number_date(int(one.values["passed_on"])) == on
        ]
        rows = _after(rows, place, asked.after)
        return paged(
            *(request, viewer, asked, rows[: limit + 1], place),
            lambda shown, more: QueuePage(
                items=[_queued(one.to_dict()) for one in shown], next=more
            ),
        )

    return answered(request, viewer, as_of_today(viewer), build)


def _queued(told: Plain) -> QueuedConsignment:
    points = [ScorePoints(**one) for one in told["points"]]
    day = datetime.date.fromisoformat(told["passed_on"])
    return QueuedConsignment(**{**told, "passed_on": day, "points": points})


SECTION = Section(
    "api export control",
    api=(
        *(list_export_licences, get_export_licence, list_export_shipments),
        *(list_export_assurances, list_control_items, get_control_lists),
        *(list_trusted_traders, list_inspection_queue),
    ),
)
