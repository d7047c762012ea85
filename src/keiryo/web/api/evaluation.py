"""Evaluation by programs: what was concluded of every area, by which limits, and what is behind it.

Weights are whole milligrams; statistics are kilograms. An evaluation is shown to who may see all
lines of the area: a part of a balance would be another balance.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from litestar import Response
from litestar.params import JSONBody, QueryParameter
from msgspec import Meta

from keiryo.dates import parse_date
from keiryo.errors import NotFoundError, UsageError
from keiryo.evaluation.false_alarms import LEAST_ALPHA, MOST_ALPHA, STANDARD_ALPHA
from keiryo.evaluation.limits import rule_names
from keiryo.evaluation.model import number_day
from keiryo.evaluation.what_if import Basis
from keiryo.places.model import MaterialBalanceArea
from keiryo.web.api.answering import (
    AsOf,
    answered,
    area_tag,
    as_of_head,
    changing,
    done_once,
    json_only,
    reading,
    require_current,
)
from keiryo.web.api.asking import MbaCode, sound_day
from keiryo.web.api.cursors import NEXT_LINK, Cursor, Limit, asked_page, paged
from keiryo.web.api.documents import Request
from keiryo.web.api.evaluation_documents import (
    BalanceLine,
    BalanceLinePage,
    ConcludedDocument,
    ConcludedPage,
    LimitDocument,
    LimitList,
    MeasurementsDocument,
    RecordedDocument,
    RecordedPage,
    SourceDocument,
    StratumDocument,
)
from keiryo.web.api.jobs import JobDocument, begun
from keiryo.web.once import Answer
from keiryo.web.pages.evaluation import NEVER, limits_seen
from keiryo.web.pages.evaluation_asked import (
    AT_ONCE_LINES,
    NotYetError,
    evaluated_area,
    evaluated_areas,
    last_act,
)
from keiryo.web.pages.evaluation_board import Concluded, last_concluded, latest_of_each
from keiryo.web.pages.evaluation_items import (
    ITEMS_JOB,
    ITEMS_TITLE,
    balance_number,
    basis_of,
    items_seen,
)
from keiryo.web.pages.evaluation_recording import history
from keiryo.web.pages.evaluation_shown import TERMS
from keiryo.web.pages.evaluation_what_if import source_names, source_shares
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer

Letter = Literal["N", "D", "E", "U", "P", "T"]
CategoryAsked = Annotated[Letter, QueryParameter(description="Element category.")]
BalanceAsked = Annotated[
    datetime.date | None,
    QueryParameter(description="Last day of the balance; default: the last balance."),
]
_ORDER = {term: place for place, term in enumerate(TERMS)}


class LinesWanted(Request, frozen=True, kw_only=True):
    """Of which balance the lines are wanted."""

    category: Annotated[Letter, Meta(description="element category")] = "E"
    balance: Annotated[
        datetime.date | None, Meta(description="last day of the balance; null: the last one")
    ] = None


@reading("/evaluations", "evaluation", opt={"reads": "evaluation"}, headers=[NEXT_LINK])
def list_concluded(
    request: AnyRequest,
    viewer: Asking,
    limit: Limit = 100,
    cursor: Cursor = None,
    every: Annotated[
        bool, QueryParameter(description="Every balance, not the last of each category only.")
    ] = False,
    needs: Annotated[bool, QueryParameter(description="Only verdicts that need somebody.")] = False,
) -> Response[ConcludedPage]:
    """List what was last recorded about the balances of all areas, and whether it still holds."""
    asked = asked_page(request, viewer, limit, cursor)
    standing = last_concluded(viewer)
    seen = evaluated_areas(viewer)

    def build() -> Response[ConcludedPage]:
        found = standing.answer if every else latest_of_each(standing.answer)
        items = [_concluded(one) for one in found]
        known = {one.mba for one in found}
        items += [_nothing_concluded(code) for code in seen if code not in known]
        rows = sorted((one for one in items if one.needs or not needs), key=_concluded_place)
        if asked.after is not None:
            rows = [one for one in rows if _concluded_place(one) > asked.after]
        return paged(
            *(request, viewer, asked, rows, _concluded_place),
            lambda shown, more: ConcludedPage(
                as_of_act=standing.as_of_act, items=list(shown), next=more
            ),
        )

    return answered(request, viewer, AsOf(standing.as_of_act, tuple(seen)), build)


def _concluded_place(one: ConcludedDocument) -> list[str]:
    return [one.mba, one.category or "", str(one.period_to or ""), str(one.period_from or "")]


def _concluded(one: Concluded) -> ConcludedDocument:
    return ConcludedDocument(
        mba=one.mba,
        period_from=parse_date(one.start),
        period_to=parse_date(one.end),
        category=one.category,
        muf_mg=one.muf_mg,
        sigma_muf_kg=one.sigma_kg,
        verdict=one.verdict,
        statement=one.statement,
        sequence=one.sequence,
        needs=one.needs,
        alpha=one.alpha,
        standard=one.standard,
        state=one.state,
        recorded_at=one.recorded_at,
        act=one.act,
        line=one.line,
    )


def _nothing_concluded(mba: str) -> ConcludedDocument:
    return ConcludedDocument(mba=mba, needs=False, state=NEVER)


@reading("/evaluations/limits", "evaluation", opt={"reads": "evaluation"})
def get_evaluation_limits(request: AnyRequest, viewer: Asking) -> Response[LimitList]:
    """Return the limits that hold today, and the false alarms that an evaluation may be made at."""

    def build() -> LimitList:
        items = [
            LimitDocument(**{name: getattr(one, name) for name in LimitDocument.__struct_fields__})
            for one in limits_seen(viewer)
        ]
        return LimitList(
            on=viewer.today,
            rules=rule_names(),
            standard_alpha=STANDARD_ALPHA,
            least_alpha=LEAST_ALPHA,
            most_alpha=MOST_ALPHA,
            items=items,
        )

    return answered(request, viewer, as_of_head(viewer, viewer.today), build)


@reading(
    "/areas/{mba:str}/evaluations/history",
    "evaluation",
    opt={"reads": "evaluation"},
    headers=[NEXT_LINK],
)
def list_recorded(
    request: AnyRequest, viewer: Asking, mba: MbaCode, limit: Limit = 100, cursor: Cursor = None
) -> Response[RecordedPage]:
    """List every recorded evaluation of an area, the latest first, with what each one changed."""
    asked = asked_page(request, viewer, limit, cursor)
    area = evaluated_area(viewer, mba)

    def build() -> Response[RecordedPage]:
        rows = history(viewer, area)
        if asked.after is not None:
            rows = [row for row in rows if [row["act"], row["line"]] < asked.after]
        return paged(
            *(request, viewer, asked, rows, lambda row: [row["act"], row["line"]]),
            lambda shown, more: RecordedPage(items=[_recorded(r) for r in shown], next=more),
        )

    return answered(request, viewer, AsOf(last_act(viewer, area)), build)


def _recorded(row: Mapping[str, Any]) -> RecordedDocument:
    renamed = {
        "verdict_before": "before",
        "sigma_muf_kg": "sigma_muf",
        "sigma_change_kg": "sigma_change",
    }
    given = {"period_from", "period_to", "alpha"}
    names = [name for name in RecordedDocument.__struct_fields__ if name not in given]
    return RecordedDocument(
        **{name: row[renamed.get(name, name)] for name in names},
        period_from=parse_date(str(row["from"])),
        period_to=parse_date(str(row["to"])),
        alpha=round(row["alpha"] / 100.0, 12),
    )


@reading("/areas/{mba:str}/evaluations/measurements", "evaluation", opt={"reads": "evaluation"})
def get_measurements_behind(
    request: AnyRequest,
    viewer: Asking,
    mba: MbaCode,
    category: CategoryAsked = "E",
    balance: BalanceAsked = None,
) -> Response[MeasurementsDocument]:
    """Return the error sources and strata behind a balance: what what-if lets you change."""
    area = evaluated_area(viewer, mba)

    def build() -> MeasurementsDocument:
        basis = basis_at_once(viewer, area, category)
        number = number_of_balance(basis, balance)
        period = basis.items.periods[number]
        return MeasurementsDocument(
            mba=area.code,
            category=category,
            period_from=period.start,
            period_to=period.end,
            quantities=list(basis.quantities),
            sources=list(_sources(basis, number)),
            strata=[
                StratumDocument(
                    stratum=one.stratum,
                    samples=one.samples,
                    analyses=one.analyses,
                    act=one.act,
                    line=one.line,
                )
                for one in basis.strata
            ],
        )

    return answered(request, viewer, AsOf(last_act(viewer, area)), build)


def _sources(basis: Basis, number: int) -> Iterator[SourceDocument]:
    """Yield the error sources, those that matter most first."""
    share, label = source_shares(basis, number), source_names(basis)
    names = [n for n in SourceDocument.__struct_fields__ if n not in ("source", "share")]
    weighed = [(share.get(label[one.act, one.line], 0.0), one) for one in basis.sources]
    for part, one in sorted(weighed, key=lambda pair: -pair[0]):
        yield SourceDocument(
            source=label[one.act, one.line],
            share=part,
            **{name: getattr(one, name) for name in names},
        )


@reading(
    "/areas/{mba:str}/evaluations/items",
    "evaluation",
    opt={"reads": "evaluation"},
    headers=[NEXT_LINK],
)
def list_items_behind(
    request: AnyRequest,
    viewer: Asking,
    mba: MbaCode,
    limit: Limit = 100,
    cursor: Cursor = None,
    category: CategoryAsked = "E",
    balance: BalanceAsked = None,
) -> Response[BalanceLinePage]:
    """List the amounts that enter a balance, with their signs: they sum up to MUF."""
    asked = asked_page(request, viewer, limit, cursor)
    area = evaluated_area(viewer, mba)

    def build() -> Response[BalanceLinePage]:
        basis = basis_at_once(viewer, area, category)
        number = number_of_balance(basis, balance)
        muf, period = basis.items.muf[number], basis.items.periods[number]
        rows = list(_placed(items_seen(viewer, area, basis, number)))
        if asked.after is not None:
            rows = [row for row in rows if row[0] > asked.after]
        return paged(
            *(request, viewer, asked, rows, lambda row: row[0]),
            lambda shown, more: BalanceLinePage(
                period_from=period.start,
                period_to=period.end,
                isotope=basis.items.isotopes[number],
                muf_mg=muf.element_mg,
                muf_fissile_mg=muf.fissile_mg,
                items=[_line(row) for _, row in shown],
                next=more,
            ),
        )

    return answered(request, viewer, AsOf(last_act(viewer, area)), build)


def _placed(rows: list[dict[str, Any]]) -> Iterator[tuple[list[Any], dict[str, Any]]]:
    """Yield each amount with its place: by term, day, act and line, and the parts of a line."""
    parts: Counter[tuple[Any, ...]] = Counter()

    def place(row: Mapping[str, Any]) -> tuple[Any, ...]:
        return (_ORDER[row["term"]], row["day"], row["act"] or 0, row["line"] or 0)

    for row in sorted(rows, key=place):
        at = place(row)
        parts[at] += 1
        yield [*at, parts[at]], row


def _line(row: Mapping[str, Any]) -> BalanceLine:
    names = [name for name in BalanceLine.__struct_fields__ if name not in ("cancels", "day")]
    return BalanceLine(
        **{name: row[name] for name in names},
        day=number_day(row["day"]) if row["day"] else None,
        cancels=row["cancels"] == "yes",
    )


@changing(
    "/areas/{mba:str}/evaluations/items",
    "evaluation",
    202,
    opt={"reads": "evaluation"},
    guards=[json_only],
)
def post_items_behind(
    request: AnyRequest, viewer: Asking, mba: MbaCode, data: JSONBody[LinesWanted]
) -> Response[JobDocument]:
    """Write the amounts that enter a balance of a large area into a file: a job, its file is CSV.

    Nothing is recorded. If-Match takes the entity tag of the area.
    """
    area = evaluated_area(viewer, mba)
    sound_day(data.balance)
    asked = {
        "mba": area.code,
        "category": data.category,
        "balance": "" if data.balance is None else data.balance.isoformat(),
    }

    def do() -> Answer:
        require_current(request, lambda: area_tag(viewer, area))
        return begun(request, viewer, ITEMS_JOB, ITEMS_TITLE, asked)

    return done_once(request, viewer, asked, do)


def basis_at_once(viewer: Viewer, area: MaterialBalanceArea, category: str) -> Basis:
    """Return the lines and measurements behind the balances of a category, if it takes no job.

    Raises
    ------
    UsageError
        If reading them takes long, there is no closed balance or no such category.
    """
    try:
        return basis_of(viewer, area, category)
    except NotYetError:
        raise UsageError(
            f"the books of {area.code} have more than {AT_ONCE_LINES} lines: too many to read "
            "while you wait",
            f"POST /api/v1/areas/{area.code}/evaluations/items begins a job; read this again when "
            "it is done, or fetch its file.",
        ) from None


def number_of_balance(basis: Basis, asked: datetime.date | None) -> int:
    """Return the number of the balance that ends on a day; of the last, if none is asked for.

    Raises
    ------
    NotFoundError
        If no closed balance ends on that day.
    """
    if asked is None:
        return len(basis.items.periods) - 1
    number = balance_number(basis, asked.isoformat())
    if basis.items.periods[number].end != asked:
        ends = ", ".join(str(period.end) for period in basis.items.periods[-3:])
        raise NotFoundError(
            f"no closed balance of {basis.items.mba} ends on {asked}", f"The last ones end {ends}."
        )
    return number


SECTION = Section(
    "api evaluation",
    api=(
        *(list_concluded, get_evaluation_limits, list_recorded, get_measurements_behind),
        *(list_items_behind, post_items_behind),
    ),
)
