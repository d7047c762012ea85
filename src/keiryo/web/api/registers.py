"""The registers beside the books by programs: retained waste, and exempted material.

Both are made of recorded changes and of nothing else: what goes into them or comes out is recorded
by source lines or reports, with the codes TW and FW, EU and DU, EQ and DQ. Retained waste stands
area by area. The limits on exempted quantities hold for the State as a whole (INFCIRC/153,
paragraph 37) and are for who reads the whole State; who reads some areas sees the entries of those.
Weights are whole milligrams; what counts against a limit is kilograms, an exact decimal in a text.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

from litestar import Response
from litestar.params import QueryParameter
from msgspec import Meta

from keiryo.accounts.model import Amount
from keiryo.errors import UsageError
from keiryo.oversight.exemptions import CountedEntry, Exemptions, Limit
from keiryo.oversight.register_entries import RegisterEntry
from keiryo.oversight.retained_waste import WasteAccount
from keiryo.quantities import Category, effective_kg_text
from keiryo.web.api.answering import AsOf, answered, reading
from keiryo.web.api.asking import On, sound_day
from keiryo.web.api.documents import Document, FoundDocument, found_document
from keiryo.web.api.journal import LARGEST
from keiryo.web.pages.boards import areas_reading, narrowed, sees_state
from keiryo.web.pages.registers import EXEMPTIONS, WASTE
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, NotPermittedError


class RegisterWeight(Document, frozen=True, kw_only=True):
    """A weight in a register."""

    element_mg: Annotated[int, Meta(description="element weight in milligrams")]
    fissile_mg: Annotated[int | None, Meta(description="fissile weight in milligrams")]


class RegisterLine(RegisterWeight, frozen=True, kw_only=True):
    """A recorded change that puts into a register or takes out of it."""

    mba: Annotated[str, Meta(description="area; empty: stated for the State before the books")]
    category: Annotated[str, Meta(description="element category")]
    code: Annotated[str, Meta(description="type of change, label 411", examples=["TW"])]
    date: Annotated[datetime.date, Meta(description="day of the change")]
    batch: Annotated[str | None, Meta(description="batch name")]
    items: Annotated[int | None, Meta(description="number of items")]
    report: Annotated[int | None, Meta(description="report number")]
    entry: Annotated[int | None, Meta(description="entry number")]
    act: Annotated[int, Meta(description="act that recorded it")]
    line: Annotated[int, Meta(description="its line in the act")]


class CountedLine(RegisterLine, frozen=True, kw_only=True):
    """A change that counts against a limit of paragraph 37."""

    letter: Annotated[str | None, Meta(description="a, b, c or d; null: it cannot be counted")]
    counted_kg: Annotated[str, Meta(description="what it counts, exact decimal")]
    assumed: Annotated[
        bool, Meta(description="whether depleted uranium counts as 0.5 % or less unsaid")
    ]


class WasteBatchDocument(Document, frozen=True, kw_only=True):
    """What was put into retained waste under one batch name, and what came back."""

    batch: Annotated[str | None, Meta(description="batch name")]
    transferred: Annotated[RegisterWeight, Meta(description="TW")]
    returned: Annotated[RegisterWeight, Meta(description="FW")]
    held: Annotated[RegisterWeight, Meta(description="what is there")]
    entries: Annotated[list[RegisterLine], Meta(description="by day")]


class WasteAccountDocument(Document, frozen=True, kw_only=True):
    """Retained waste of one area and category."""

    mba: Annotated[str, Meta(description="area")]
    category: Annotated[str, Meta(description="element category")]
    transferred: Annotated[RegisterWeight, Meta(description="TW")]
    returned: Annotated[RegisterWeight, Meta(description="FW")]
    held: Annotated[RegisterWeight, Meta(description="what is there")]
    batches: Annotated[list[WasteBatchDocument], Meta(description="by batch name")]


class WasteDocument(Document, frozen=True, kw_only=True):
    """Retained waste at the end of a day."""

    on: Annotated[datetime.date, Meta(description="day")]
    as_of_act: Annotated[int, Meta(description="last act that it takes into account")]
    accounts: Annotated[list[WasteAccountDocument], Meta(description="by area and category")]
    findings: Annotated[list[FoundDocument], Meta(description="what is wrong with it")]


class LimitDocument(Document, frozen=True, kw_only=True):
    """A limit of paragraph 37 and how far it is used; kilograms as exact decimals."""

    letter: Annotated[str, Meta(description="a, b, c or d")]
    counted_kg: Annotated[str, Meta(description="what is exempted, as it counts")]
    limit_kg: Annotated[str, Meta(description="the limit")]
    room_kg: Annotated[str, Meta(description="what is left; negative: exceeded")]


class TrialDocument(Document, frozen=True, kw_only=True):
    """Whether something more may be exempted on quantity."""

    fits: Annotated[bool, Meta(description="whether no limit would be exceeded")]
    exceeded: Annotated[list[str], Meta(description="letters that would be")]
    after: Annotated[list[LimitDocument], Meta(description="the limits that it counts against")]


class ExemptionsDocument(Document, frozen=True, kw_only=True):
    """Exempted material at the end of a day."""

    on: Annotated[datetime.date, Meta(description="day")]
    as_of_act: Annotated[int, Meta(description="last act that it takes into account")]
    limits: Annotated[
        list[LimitDocument] | None, Meta(description="null unless you read the whole State")
    ]
    quantity_entries: Annotated[list[CountedLine], Meta(description="EQ and DQ, by day")]
    use_entries: Annotated[list[RegisterLine], Meta(description="EU and DU, by day")]
    trial: Annotated[TrialDocument | None, Meta(description="if something was tried")]
    findings: Annotated[list[FoundDocument], Meta(description="what is wrong with it")]


@reading("/registers/retained-waste", "boards", opt={"reads": "accounts"})
def get_retained_waste(
    request: AnyRequest, viewer: Asking, on: On = None
) -> Response[WasteDocument]:
    """Return what was transferred to retained waste, what came back, and what is held."""
    sound_day(on)
    day = on or viewer.today
    standing = WASTE.get(viewer, day)

    def build() -> WasteDocument:
        mine = areas_reading(viewer, "accounts")
        return WasteDocument(
            on=day,
            as_of_act=standing.as_of_act,
            accounts=[_account(one) for one in standing.answer.accounts if one.mba in mine],
            findings=[
                found_document(one)
                for one in narrowed(viewer, standing.answer.findings, "accounts")
            ],
        )

    return answered(request, viewer, AsOf(standing.as_of_act, day), build)


def _account(one: WasteAccount) -> WasteAccountDocument:
    return WasteAccountDocument(
        mba=one.mba,
        category=str(one.category),
        transferred=_weight(one.transferred),
        returned=_weight(one.returned),
        held=_weight(one.held),
        batches=[
            WasteBatchDocument(
                batch=batch.batch,
                transferred=_weight(batch.transferred),
                returned=_weight(batch.returned),
                held=_weight(batch.held),
                entries=[_line(entry) for entry in batch.entries],
            )
            for batch in one.batches
        ],
    )


def _weight(amount: Amount) -> RegisterWeight:
    return RegisterWeight(element_mg=amount.element_mg, fissile_mg=amount.fissile_mg)


def _line(entry: RegisterEntry) -> RegisterLine:
    return RegisterLine(**_values(entry))


def _values(entry: RegisterEntry) -> dict[str, Any]:
    same = ("mba", "code", "batch", "items", "report", "entry", "act", "line")
    return {
        **{name: getattr(entry, name) for name in same},
        "category": str(entry.category),
        "date": entry.day,
        "element_mg": entry.amount.element_mg,
        "fissile_mg": entry.amount.fissile_mg,
    }


@reading("/registers/exemptions", "boards", opt={"reads": "accounts"})
def get_exemptions(
    request: AnyRequest,
    viewer: Asking,
    on: On = None,
    category: Annotated[
        Literal["N", "D", "E", "U", "P", "T"] | None,
        QueryParameter(description="Try whether more would fit: its category."),
    ] = None,
    element_mg: Annotated[
        int | None,
        QueryParameter(ge=0, le=LARGEST, description="Element weight of what is tried."),
    ] = None,
    fissile_mg: Annotated[
        int | None,
        QueryParameter(ge=0, le=LARGEST, description="Fissile weight of what is tried."),
    ] = None,
) -> Response[ExemptionsDocument]:
    """Return what is exempted, what room is left, and whether something more would fit."""
    sound_day(on)
    day = on or viewer.today
    whole = sees_state(viewer, "accounts")
    tried = _tried(category, element_mg, fissile_mg)
    if tried is not None and not whole:
        raise NotPermittedError(
            "limits on exempted quantities hold for the State as a whole",
            "Ask somebody who reads the whole State.",
        )
    standing = EXEMPTIONS.get(viewer, day)
    board = standing.answer
    trial = None if tried is None else _trial(board, tried)

    def build() -> ExemptionsDocument:
        mine = areas_reading(viewer, "accounts")
        return ExemptionsDocument(
            on=day,
            as_of_act=standing.as_of_act,
            limits=[_limit(one) for one in board.limits] if whole else None,
            quantity_entries=[
                _counted(one) for one in board.quantity_entries if whole or one.entry.mba in mine
            ],
            use_entries=[_line(one) for one in board.use_entries if whole or one.mba in mine],
            trial=trial,
            findings=[found_document(one) for one in narrowed(viewer, board.findings, "accounts")],
        )

    return answered(request, viewer, AsOf(standing.as_of_act, day), build)


def _tried(
    category: str | None, element_mg: int | None, fissile_mg: int | None
) -> tuple[Category, int, int | None] | None:
    """Return what is tried, or None if nothing is."""
    if category is None and element_mg is None and fissile_mg is None:
        return None
    if category is None or element_mg is None:
        raise UsageError(
            "category and element weight of what is tried go together",
            "Give both, and the fissile weight of enriched uranium.",
        )
    if (fissile_mg or 0) > element_mg:
        raise UsageError("more fissile than element weight is tried", "Check the weights.")
    return Category(category), element_mg, fissile_mg


def _trial(board: Exemptions, tried: tuple[Category, int, int | None]) -> TrialDocument:
    try:
        found = board.trial([tried])
    except ValueError as error:
        raise UsageError(str(error), "Give the fissile weight, too.") from None
    return TrialDocument(
        fits=found.fits,
        exceeded=list(found.exceeded),
        after=[_limit(one) for one in found.after],
    )


def _limit(one: Limit) -> LimitDocument:
    return LimitDocument(
        letter=one.letter,
        counted_kg=effective_kg_text(one.counted_kg),
        limit_kg=effective_kg_text(one.limit_kg),
        room_kg=effective_kg_text(one.room_kg),
    )


def _counted(one: CountedEntry) -> CountedLine:
    return CountedLine(
        **_values(one.entry),
        letter=one.letter,
        counted_kg=effective_kg_text(one.counted_kg),
        assumed=one.assumed,
    )


SECTION = Section("api registers", api=(get_retained_waste, get_exemptions))
