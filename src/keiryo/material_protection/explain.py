"""Under whose protection a batch stood: from the batch to its facility, and back.

A batch rests on its facility as it was on the last day of the stay, or as it is today while the
batch is there; the facility rests on the plan in force on that day. Only facilities about whose
security something is recorded have such a link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlalchemy import Connection, MetaData, select

from keiryo.journal.dependents import LINK_LIMIT
from keiryo.journal.registry import Link
from keiryo.material_protection.stays import Stay, stays
from keiryo.places.tables import areas
from keiryo.security_regime.tables_oversight import SECURITY_PLAN

BATCH, FACILITY = "batch:", "facility:"
_STOOD = "stood under the protection of"
_FACILITY = re.compile(r"facility:([A-Z]{2}/[A-Z0-9-]{4})(?:@(\d{4}-\d\d-\d\d))?")


def explain(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield the facility under whose protection a batch stood."""
    if not node.startswith(BATCH):
        return
    for stay in stays(connection, metadata, uids=[node.removeprefix(BATCH)]):
        if _is_protected(connection, metadata, scope := _scope(connection, metadata, stay.mba)):
            yield Link(node, _STOOD, _node(scope, stay))


def dependents(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield the batches that stood under the protection of a facility until a day, or do."""
    match = _FACILITY.fullmatch(node)
    if match is None or not _is_protected(connection, metadata, match[1]):
        return
    inside = [
        code
        for code, place in areas(connection, metadata).items()
        if place.scope.startswith(f"{match[1]}/")
    ]
    found = 0
    for stay in stays(connection, metadata, mbas=inside):
        if _node(match[1], stay) == node:
            yield Link(f"{BATCH}{stay.batch_uid}", _STOOD, node)
            found += 1
            if found == LINK_LIMIT:
                return


def _node(scope: str, stay: Stay) -> str:
    return f"{FACILITY}{scope}" + ("" if stay.end is None else f"@{stay.end}")


def _scope(connection: Connection, metadata: MetaData, mba: str) -> str:
    """Return the scope of the facility of an area."""
    place = areas(connection, metadata).get(mba)
    return "" if place is None else place.scope.rpartition("/")[0]


def _is_protected(connection: Connection, metadata: MetaData, scope: str) -> bool:
    table = metadata.tables[SECURITY_PLAN.name]
    query = select(table.c.act_id).where(table.c.scope == scope).limit(1)
    return bool(scope) and connection.execute(query).first() is not None
