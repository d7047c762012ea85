"""Whether the labels in the record are what follows from it: everything replayed, and compared.

The balance of a holding is a sum of moves that were posted act by act, as the record got to know
of things. Replaying all of it from the opening, in the order in which it happened, must give the
same moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, MetaData, func, select

from keiryo.dates import number_date
from keiryo.errors import Finding, Severity
from keiryo.obligations.affected import Affected
from keiryo.obligations.follow import followings
from keiryo.obligations.holdings import Holding
from keiryo.obligations.stated import read_stated
from keiryo.obligations.tables import MOVE
from keiryo.obligations.told import BASIS, weight
from keiryo.places.tables import areas


def verify_moves(connection: Connection, metadata: MetaData) -> list[Finding]:
    """Replay all labels from the opening day and compare them with the record.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.

    Returns
    -------
    list of Finding
        ``OBLIGATION-REPLAY`` for each area and category in which the record differs; empty if it
        says what follows.
    """
    stated = read_stated(connection, metadata)
    places = areas(connection, metadata)
    if stated.begins is None:
        return _without_beginning(connection, metadata)
    found = followings(
        connection, metadata, stated, places, Affected(frozenset(places), 0)
    ).differences
    groups: dict[tuple[str, str], dict[tuple[Any, ...], int]] = {}
    for key, mg in found.items():
        mba, _, _, source, _, _, _, _ = key
        groups.setdefault((mba, source.category), {})[key] = mg
    return [_differs(*group, own) for group, own in sorted(groups.items())]


def _differs(mba: str, category: str, moves: Mapping[tuple[Any, ...], int]) -> Finding:
    first = min(moves, key=lambda key: (key[1], key[7], *map(str, key)))
    _, day, kind, source, labels_from, target, labels_to, line = first
    return Finding(
        "OBLIGATION-REPLAY",
        Severity.INCONSISTENCY,
        f"{len(moves)} moves of labels in {mba} are not what follows from the record; the first "
        f"on {number_date(day)}: {kind} {_place(source)} under {labels_from} to {_place(target)} "
        f"under {labels_to} (act {line.act} line {line.line}) misses "
        f"{weight(moves[first], category)}",
        "The next act about this area puts it right from its day on; ask why the record was "
        "changed in another way, and look at 'keiryo journal verify'.",
        mba=mba,
        category=category,
        cell=f"act {line.act} line {line.line}",
        found=f"{len(moves)} moves",
        expected="none",
        basis=BASIS,
    )


def _place(holding: Holding) -> str:
    return f"{holding.account} {holding.mba}/{holding.name}".rstrip("/")


def _without_beginning(connection: Connection, metadata: MetaData) -> list[Finding]:
    """Return a finding if there are moves although labels are not kept."""
    table = metadata.tables[MOVE.name]
    count = int(connection.execute(select(func.count()).select_from(table)).scalar() or 0)
    if not count:
        return []
    return [
        Finding(
            "OBLIGATION-REPLAY",
            Severity.INCONSISTENCY,
            f"{count} moves of labels are recorded, and labels do not begin to be kept anywhere",
            "Begin with 'keiryo obligations open'.",
            found=f"{count} moves",
            expected="none",
            basis=BASIS,
        )
    ]
