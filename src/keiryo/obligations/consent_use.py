"""How much of every consent was used: by the steps that stand, and by exchanges that name it.

Use is never recorded: it is worked out from the moves that stand, in the order of the days of the
steps, so that a reversal gives back what it took.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, MetaData, and_, or_, select

from keiryo.dates import number_date
from keiryo.obligations import steps
from keiryo.obligations.consents import Consent, consented
from keiryo.obligations.following_rows import recorded_rows
from keiryo.obligations.stated import consents, members, read_stated
from keiryo.obligations.tables import EXCHANGE, MOVE


def used_of_consents(connection: Connection, metadata: MetaData) -> dict[str, int]:
    """Return what was used of the consents that count, in milligrams, by their names.

    Consents without a quantity are used without being used up: they are not among them.
    """
    every = consents(connection, metadata)
    used = _by_exchanges(connection, metadata, every)
    table = metadata.tables[MOVE.name]
    places = [row for row in read_stated(connection, metadata).places if row["consent_for"]]
    at = sorted({str(row["mba"]) for row in places})
    conditions = [table.c.to_account == steps.ABROAD]
    if at:
        conditions.append(and_(table.c.mba.in_(at), table.c.kind == "RECEIPT"))
    rows = recorded_rows(connection, table, [or_(*conditions)])
    left = every
    for step in steps.steps_of(rows, places, frozenset()):
        home = members(connection, metadata, step.day)
        day = number_date(step.day)
        answer = consented(step.cells, step.kind, step.destination, day, left, members=home)
        for name, mg in answer.used.items():
            used[name] = used.get(name, 0) + mg
        left = [_less(one, answer.used.get(one.reference, 0)) for one in left]
    return used


def _less(consent: Consent, mg: int) -> Consent:
    return replace(consent, amount_mg=consent.amount_mg - mg) if consent.amount_mg else consent


def _by_exchanges(
    connection: Connection, metadata: MetaData, every: list[Consent]
) -> dict[str, int]:
    table = metadata.tables[EXCHANGE.name]
    query = select(table).order_by(table.c.act_id, table.c.line_no)
    last = {row["exchange"]: row for row in connection.execute(query).mappings()}
    limited = {one.reference for one in every if one.amount_mg is not None}
    used: dict[str, int] = {}
    for row in last.values():
        for name in str(row["consents"] or "").split():
            if not row["withdrawn"] and name in limited:
                used[name] = used.get(name, 0) + int(row["element_mg"])
    return used
