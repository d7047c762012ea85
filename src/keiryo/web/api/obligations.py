"""Obligations by programs: balances, holdings, ways, labels, consents, statements, what is due."""

from __future__ import annotations

import datetime
from typing import Annotated, Any

from litestar import Response
from litestar.params import PathParameter, QueryParameter

from keiryo.dates import number_date
from keiryo.errors import NotFoundError, UsageError
from keiryo.obligations.annual_statement import annual_statement
from keiryo.obligations.holdings import Holding
from keiryo.obligations.labels import labels_of
from keiryo.obligations.stated import consent_rule
from keiryo.obligations.trace import place_text
from keiryo.web.api.answering import (
    AsOf,
    answered,
    entity_tag,
    reading,
)
from keiryo.web.api.asking import MbaCode, On, sound_day
from keiryo.web.api.cursors import NEXT_LINK, Cursor, Limit, asked_page, paged
from keiryo.web.api.obligations_documents import (
    MOST_NAME,
    CellDocument,
    ConsentDocument,
    ConsentList,
    DueDocument,
    DueList,
    HeldDocument,
    HeldPage,
    LabelBalance,
    LabelDocument,
    LabelList,
    PartnerSum,
    StatementDocument,
    StatementLine,
    TracePage,
    TraceStep,
)
from keiryo.web.pages.obligations_known import (
    READING,
    cells_seen,
    holdings_seen,
    kept,
    last_act,
    partner_sums,
    seen_areas,
)
from keiryo.web.pages.obligations_reports import due_rows
from keiryo.web.pages.obligations_statements import require_state
from keiryo.web.pages.obligations_terms import consent_rows
from keiryo.web.pages.obligations_trace import way_seen
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer

TAG = "obligations"
FIRST_YEAR, LAST_YEAR = 1950, 9000
Partner = Annotated[
    str | None,
    QueryParameter(max_length=20, description="Only what is under this label, e.g. AU."),
]
LabelCode = Annotated[str, PathParameter(max_length=20, description="Label, e.g. AU.")]
Year = Annotated[int, PathParameter(ge=FIRST_YEAR, le=LAST_YEAR, description="Calendar year.")]


def _partner(viewer: Viewer, partner: str | None) -> str:
    if partner is None:
        return ""
    known = kept(viewer).labels
    if partner not in known:
        raise UsageError(
            f"{partner[:20]!r} is no label that is known here",
            f"Known are: {', '.join(known) or 'none yet'}.",
        )
    return partner


def _require_kept(viewer: Viewer, on: datetime.date) -> None:
    begins = kept(viewer).begins
    if begins is None or on < begins:
        raise UsageError(
            "no obligation labels are kept on that day",
            "Begin to keep them, or ask for a later day."
            if begins is None
            else f"They are kept from the end of {begins} on.",
        )


def _as_of(viewer: Viewer, more: Any = None) -> AsOf:
    return AsOf(last_act(viewer), (more, viewer.today))


# --- questions -------------------------------------------------------------------------------


@reading("/obligations/balance", TAG, opt=READING)
def get_label_balance(
    request: AnyRequest,
    viewer: Asking,
    on: On = None,
    partner: Partner = None,
    mba: Annotated[str | None, QueryParameter(max_length=40, description="Only this area.")] = None,
) -> Response[LabelBalance]:
    """Return what is on the books under which labels at the end of a day.

    The sums of partners overlap and must not be added up.
    """
    sound_day(on)
    day, label = on or viewer.today, _partner(viewer, partner)
    _require_kept(viewer, day)
    if mba is not None:
        viewer.area(mba)

    def build() -> LabelBalance:
        cells = [
            one
            for one in cells_seen(viewer, day, mba or "")
            if not label or label in labels_of(one.labels)
        ]
        return LabelBalance(
            on=day,
            cells=[
                CellDocument(
                    mba=one.mba,
                    category=one.category,
                    labels=sorted(labels_of(one.labels)),
                    element_mg=one.element_mg,
                    fissile_mg=one.fissile_mg,
                    why=f"obligation:{one.mba}/{one.category}/{one.labels}",
                )
                for one in cells
            ],
            partners=[
                PartnerSum(partner=code, category=category, element_mg=mg)
                for code, own in sorted(partner_sums(cells).items())
                for category, mg in sorted(own.items())
                if label in ("", code)
            ],
        )

    return answered(request, viewer, _as_of(viewer, day), build)


@reading("/areas/{mba:str}/obligations", TAG, opt=READING, headers=[NEXT_LINK])
def list_holdings(
    request: AnyRequest,
    viewer: Asking,
    mba: MbaCode,
    limit: Limit = 100,
    cursor: Cursor = None,
    on: On = None,
) -> Response[HeldPage]:
    """List what an area holds under which labels: by batch or pool, on its way, in waste."""
    sound_day(on)
    place = viewer.area(mba)
    if mba not in seen_areas(viewer):
        raise NotFoundError(f"there is no MBA {mba} whose labels you may see")
    day = on or viewer.today_at(place.code)
    _require_kept(viewer, day)
    asked = asked_page(request, viewer, limit, cursor)

    def build() -> Response[HeldPage]:
        rows = [
            (holding, key, mg)
            for holding, cells in holdings_seen(viewer, day, mba).items()
            for key, mg in cells.items()
        ]
        rows.sort(key=_held_place)
        if asked.after is not None:
            rows = [one for one in rows if _held_place(one) > asked.after]
        return paged(
            *(request, viewer, asked, rows[: limit + 1], _held_place),
            lambda shown, more: HeldPage(on=day, items=[_held(*one) for one in shown], next=more),
        )

    return answered(request, viewer, _as_of(viewer, day), build)


def _held_place(row: tuple[Holding, str, int]) -> list[str]:
    holding, key, _mg = row
    return [holding.account, holding.name, holding.category, key]


def _held(holding: Holding, key: str, mg: int) -> HeldDocument:
    return HeldDocument(
        account=holding.account,
        holding=holding.name,
        category=holding.category,
        labels=sorted(labels_of(key)),
        element_mg=mg,
    )


@reading("/obligations/trace", TAG, opt=READING, headers=[NEXT_LINK])
def get_trace(
    request: AnyRequest,
    viewer: Asking,
    of: Annotated[
        str,
        QueryParameter(
            min_length=1, max_length=MOST_NAME, description="MBA/BATCH, or MBA for its pool."
        ),
    ],
    limit: Limit = 100,
    cursor: Cursor = None,
    on: On = None,
    partner: Partner = None,
) -> Response[TracePage]:
    """Return how a batch came to be, from the latest step back to the first receipts."""
    sound_day(on)
    label = _partner(viewer, partner)
    if "\0" in of:
        raise UsageError("this names no batch", "Write it as XARA/F25-FA-001.")
    viewer.area(of.partition("/")[0])
    _require_kept(viewer, on or viewer.today)
    asked = asked_page(request, viewer, limit, cursor)
    start = 0 if asked.after is None else int(asked.after[0]) + 1

    def build() -> Response[TracePage]:
        found, labelled, left_out = way_seen(viewer, of, on, label)
        rows = list(enumerate(found.path))[start : start + limit + 1]
        cells = [
            _held(holding, key, mg)
            for holding, own in found.cells.items()
            for key, mg in own.items()
        ]

        def made(shown: Any, more: str | None) -> TracePage:
            steps = [
                TraceStep(
                    date=number_date(step.day),
                    kind=step.kind,
                    source=place_text(step.source),
                    target=place_text(step.target),
                    category=step.target.category,
                    element_mg=step.element_mg,
                    cells=labelled.get((step.line, step.source, step.target), {}),
                    act=step.line.act,
                    line=step.line.line,
                )
                for _number, step in shown
            ]
            return TracePage(
                of=of,
                holding="pool" if found.pooled else "batch",
                cells=cells if start == 0 else [],
                steps=len(found.path),
                left_out=left_out,
                items=steps,
                next=more,
            )

        return paged(*(request, viewer, asked, rows, lambda row: [row[0]]), made)

    return answered(request, viewer, _as_of(viewer, on), build)


def labels_tag(viewer: Viewer) -> str:
    """Return the entity tag of the labels: anything posted about obligations ends it."""
    last = viewer.server.last_acts.by(TAG, None)
    return entity_tag(viewer, TAG, AsOf(last))


@reading("/obligations/labels", TAG, opt=READING)
def list_labels(request: AnyRequest, viewer: Asking) -> Response[LabelList]:
    """List the labels. The entity tag is for If-Match, wherever something is recorded."""

    def build() -> LabelList:
        found = kept(viewer)
        names = [n for n in LabelDocument.__struct_fields__ if n not in ("label", "members")]
        return LabelList(
            begins=found.begins,
            items=[
                LabelDocument(
                    label=code,
                    members=sorted(found.members.get(code, ())),
                    **{name: getattr(one, name) for name in names},
                )
                for code, one in found.labels.items()
            ],
        )

    return answered(request, viewer, _as_of(viewer), build, tag=labels_tag(viewer))


@reading("/obligations/consents", TAG, opt=READING)
def list_consents(
    request: AnyRequest, viewer: Asking, partner: Partner = None
) -> Response[ConsentList]:
    """List the consents of partners with what is used and left of each."""
    label = _partner(viewer, partner)

    def build() -> ConsentList:
        with viewer.whole.reading() as connection:
            mode, _first = consent_rule(connection, viewer.metadata)
        rows = [row for row in consent_rows(viewer) if label in ("", row["partner"])]
        names = ("consent", "partner", "step", "element_mg", "used_mg", "left_mg", "state", "words")
        return ConsentList(
            mode=mode,
            items=[
                ConsentDocument(
                    **{name: row[name] for name in names},
                    destinations=str(row["destinations"] or "").split(),
                    valid_from=_day(row["valid_from"]),
                    valid_to=_day(row["valid_to"]),
                    act=row["act_id"],
                )
                for row in rows
            ],
        )

    return answered(request, viewer, _as_of(viewer), build)


def _day(number: int | None) -> datetime.date | None:
    return None if number is None else number_date(number)


@reading("/obligations/statements/{label:str}/{year:int}", TAG, opt=READING)
def get_annual_statement(
    request: AnyRequest,
    viewer: Asking,
    label: LabelCode,
    year: Year,
    unit: Annotated[str, QueryParameter(max_length=4, description="kg, t, g or mg.")] = "kg",
) -> Response[StatementDocument]:
    """Return the annual statement to a partner, as the books know it now."""
    require_state(viewer)

    def build() -> StatementDocument:
        with viewer.books.reading() as connection:
            made = annual_statement(connection, viewer.metadata, label, year, unit)
        told = made.to_dict()
        names = ("partner", "partner_name", "year", "unit", "issue", "through_act")
        return StatementDocument(
            **{name: told[name] for name in names},
            lines=[StatementLine(**one) for one in told["lines"]],
        )

    return answered(request, viewer, _as_of(viewer, unit), build)


@reading("/obligations/due", TAG, opt=READING)
def list_due(request: AnyRequest, viewer: Asking, on: On = None) -> Response[DueList]:
    """List the reports, per supplier party and ordinary, that are due around a day."""
    sound_day(on)
    day = on or viewer.today
    _require_kept(viewer, day)

    def build() -> DueList:
        names = [name for name in DueDocument.__struct_fields__ if name != "due"]
        return DueList(
            on=day,
            items=[
                DueDocument(
                    due=datetime.date.fromisoformat(row["due"]),
                    **{name: row[name] for name in names},
                )
                for row in due_rows(viewer, day)
            ],
        )

    return answered(request, viewer, _as_of(viewer, day), build)


SECTION = Section(
    "api obligations",
    api=(
        *(get_label_balance, list_holdings, get_trace, list_labels, list_consents),
        *(get_annual_statement, list_due),
    ),
)
