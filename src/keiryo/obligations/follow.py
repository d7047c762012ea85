"""Labels follow the ledger: the companion that adds moves to every act from which they follow.

From the first day that an act touches on, the flows of the areas it touches are replayed, and
where the moves come out otherwise than they stand in the record the difference is posted in the
same act. A receipt whose shipment becomes known later, a correction or a late report thus need no
care of anybody, and the balance depends on what is recorded and not on when it was. Books that
keep no labels are left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from keiryo.errors import Finding
from keiryo.journal.model import Value
from keiryo.journal.registry import Companion, Followed, Posting, Refusal
from keiryo.obligations.affected import FOLLOWING, Affected, affected
from keiryo.obligations.following_rows import (
    RecordedRows,
    changes_since,
    current_cells,
    moves_since,
    takings_since,
    transit_moves,
)
from keiryo.obligations.holdings import (
    FOLLOWED,
    TRANSIT,
    CellsOfHolding,
    Holding,
    Holdings,
    Move,
    Noted,
)
from keiryo.obligations.ledger_flows import LedgerFlows, area_of
from keiryo.obligations.openings import opening_moves
from keiryo.obligations.register_checks import statements_are_sound
from keiryo.obligations.replay import Fixed, replay
from keiryo.obligations.stated import Stated, labels_are_kept, read_stated
from keiryo.obligations.steps import step_findings
from keiryo.obligations.tables import MOVE
from keiryo.obligations.told import told
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.tables import areas

if TYPE_CHECKING:
    from sqlalchemy import Connection, MetaData

RELABEL = "RELABEL"
FRAME_FROM, FRAME_ROWS = 4_096, 100_000
"""Moves from which on they are written as frames, and how many at once."""


@dataclass(slots=True)
class Followings:
    """The moves that follow for some areas from a day on, as they should stand.

    Attributes
    ----------
    areas : frozenset of str
    moves : list of Move
    noted : list of Noted
    differences : dict of Move key to int
        What has to be posted so that the record says the same.
    """

    areas: frozenset[str]
    moves: list[Move]
    noted: list[Noted]
    differences: dict[tuple[Any, ...], int]


def follow(posting: Posting) -> Iterator[Followed | Finding | Refusal]:
    """Yield the moves that follow from an act, and what is to be said about them."""
    connection, metadata = posting.connection, posting.metadata
    if not labels_are_kept(connection, metadata) or not statements_are_sound(posting):
        return  # what is not sound is refused by its check, which says why
    stated = read_stated(connection, metadata)
    places = areas(connection, metadata)
    what = affected(posting, stated, places)
    if what is None:
        return
    found = followings(connection, metadata, stated, places, what)
    # Before the moves: a frame of them lies in its table as soon as it is yielded.
    yield from told(found.noted, posting.act_id)
    yield from step_findings(posting, stated, found)
    yield from _lines(found.differences, places, posting.act_id)


def followings(
    connection: Connection,
    metadata: MetaData,
    stated: Stated,
    places: Mapping[str, MaterialBalanceArea],
    what: Affected,
) -> Followings:
    """Return the moves that follow for what is affected, and how the record differs from them."""
    wanted = _with_exchanged(what.areas & frozenset(places), stated, what.since)
    while True:
        found = _replayed(connection, metadata, stated, places, wanted, what.since)
        more = _receivers(found.differences) | _relabelling_shippers(found.differences, stated)
        more &= frozenset(places) - wanted
        if not more:
            return found
        wanted = _with_exchanged(wanted | more, stated, what.since)


def _with_exchanged(wanted: frozenset[str], stated: Stated, since: int) -> frozenset[str]:
    """Add the other sides of exchanges."""
    while True:
        more = set(wanted)
        for row in stated.exchanges:
            sides = {row["mba"], row["other_mba"]}
            if row["event_date"] >= since and sides & wanted:
                more |= sides
        if more == wanted:
            return wanted
        wanted = frozenset(more)


def _receivers(differences: Iterable[tuple[Any, ...]]) -> frozenset[str]:
    """Return the areas to which something goes otherwise than they know."""
    found = set()
    for mba, _, _, _, _, target, _, _ in differences:
        if target.account == TRANSIT and target.mba == mba:
            found.add(target.name.partition("/")[0])
    return frozenset(found)


def _relabelling_shippers(differences: Iterable[tuple[Any, ...]], stated: Stated) -> frozenset[str]:
    """Return the areas whose material on its way is received otherwise before its labels change."""
    if not stated.relabellings:
        return frozenset()
    last = max(int(row["event_date"]) for row in stated.relabellings)
    return frozenset(
        source.mba
        for mba, day, _, source, _, _, _, _ in differences
        if source.account == TRANSIT and source.mba != mba and day <= last
    )


def _replayed(
    connection: Connection,
    metadata: MetaData,
    stated: Stated,
    places: Mapping[str, MaterialBalanceArea],
    wanted: frozenset[str],
    since: int,
) -> Followings:
    begins = stated.begins
    assert begins is not None
    flows = LedgerFlows(places, stated)
    rows = changes_since(connection, metadata, wanted, max(since, begins + 1))
    flows.add_changes(rows)
    for mba in sorted(wanted):
        listing, days = takings_since(connection, metadata, mba, max(since, begins + 1))
        flows.add_takings(mba, listing, days)
    flows.add_exchanges(max(since, begins + 1))
    flows.add_relabellings(max(since, begins + 1), wanted)
    recorded = moves_since(connection, metadata, wanted, since)
    shippers = wanted | {
        shipper for r in rows if r["code"] == "RD" and (shipper := area_of(r["shipper"]))
    }
    others = transit_moves(connection, metadata, shippers, wanted, since)
    holdings = Holdings(_before(connection, metadata, wanted, shippers, (recorded, others)))
    _fix(flows, others, shippers)
    if since <= begins:
        opening_moves(connection, metadata, stated, places, wanted, holdings)
    replay(flows.days, holdings)
    return Followings(
        wanted, holdings.moves, holdings.noted, _differences(holdings.moves, recorded)
    )


def _before(
    connection: Connection,
    metadata: MetaData,
    wanted: frozenset[str],
    shippers: frozenset[str],
    since: Iterable[RecordedRows],
) -> CellsOfHolding:
    """Return what holdings held before: what they hold now less the moves since."""
    cells = current_cells(connection, metadata, wanted, shippers)
    holdings = Holdings(cells)
    for rows in since:
        for key, mg in rows.items():
            _, _, _, source, labels_from, target, labels_to, _ = key
            if target.account in FOLLOWED:
                holdings.add(target, {labels_to: -mg})
            if source.account in FOLLOWED:
                holdings.add(source, {labels_from: mg})
    kept = wanted | shippers
    return {
        holding: own
        for holding, own in holdings.cells.items()
        if holding.mba in wanted or (holding.mba in kept and holding.account == TRANSIT)
    }


def _fix(flows: LedgerFlows, others: RecordedRows, shippers: frozenset[str]) -> None:
    """Take the parts of other areas in what is on its way as they stand."""
    by_day: dict[tuple[int, Holding, str], dict[str, int]] = {}
    for key, mg in others.items():
        _, day, kind, source, labels_from, target, labels_to, _ = key
        if target.account == TRANSIT and target.mba in shippers:
            what = RELABEL if kind == RELABEL else "arrives"
            own = by_day.setdefault((day, target, what), {})
            own[labels_to] = own.get(labels_to, 0) + mg
        if source.account == TRANSIT and source.mba in shippers:
            what = RELABEL if kind == RELABEL else "leaves"
            own = by_day.setdefault((day, source, what), {})
            own[labels_from] = own.get(labels_from, 0) - mg
    for (day, holding, what), cells in sorted(by_day.items()):
        flows.day(day).fixed.append(Fixed(holding, cells, relabelled=what == RELABEL))


def _differences(moves: Iterable[Move], recorded: RecordedRows) -> dict[tuple[Any, ...], int]:
    left: dict[tuple[Any, ...], int] = {}
    for move in moves:
        left[move.key] = left.get(move.key, 0) + move.element_mg
    for key, mg in recorded.items():
        left[key] = left.get(key, 0) - mg
    return {key: mg for key, mg in left.items() if mg}


def _lines(
    differences: Mapping[tuple[Any, ...], int],
    places: Mapping[str, MaterialBalanceArea],
    act_id: int,
) -> Iterator[Followed]:
    rows = (_row(key, mg, places, act_id) for key, mg in differences.items())
    if len(differences) < FRAME_FROM:
        yield from ((MOVE.name, dict(zip(_COLUMNS, row, strict=True))) for row in rows)
        return
    import polars as pl

    types = {"INTEGER": pl.Int64(), "TEXT": pl.String()}
    kinds = {field.name: types[field.type.value] for field in MOVE.fields}
    while portion := list(islice(rows, FRAME_ROWS)):
        columns = zip(*portion, strict=True)
        yield (
            MOVE.name,
            pl.DataFrame(
                [
                    pl.Series(name, values, dtype=kinds[name])
                    for name, values in zip(_COLUMNS, columns, strict=True)
                ]
            ),
        )


_SIDE = ("mba", "account", "holding", "category", "labels")
_COLUMNS = (
    *("scope", "mba", "event_date", "kind", "element_mg", "of_act", "of_line"),
    *(f"from_{name}" for name in _SIDE),
    *(f"to_{name}" for name in _SIDE),
)


def _row(
    key: tuple[Any, ...], mg: int, places: Mapping[str, MaterialBalanceArea], act_id: int
) -> tuple[Value, ...]:
    """Return the values of a move as `_COLUMNS` names them."""
    mba, day, kind, source, labels_from, target, labels_to, line = key
    of_act = None if line.act == act_id else line.act
    scope = places[mba].scope
    return (
        *(scope, mba, day, kind, mg, of_act, line.line, *source, labels_from, *target),
        labels_to,
    )


LABELS_FOLLOW = Companion("labels follow the ledger", MOVE.name, FOLLOWING, follow)
