"""Steps that take a partner's consent, looked at before they are posted.

An export, what comes to a place of reprocessing (or another place where a step takes place) and
enriching to 20 % or more are laid beside the consents that were recorded. Consents with a
quantity are used up in the order of the days of the steps; a reversal gives back what it took,
because use is worked out from the moves that stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from sqlalchemy import and_, or_, select

from keiryo.accounts.tables import INVENTORY_CHANGE
from keiryo.dates import number_date
from keiryo.errors import Finding, Severity
from keiryo.journal.registry import Posting, Refusal
from keiryo.obligations.consents import ENRICHMENT, RETRANSFER, Consent, consented
from keiryo.obligations.following_rows import RecordedRows, recorded_rows
from keiryo.obligations.holdings import Holding, Line
from keiryo.obligations.labels import UNOBLIGATED, labels_of
from keiryo.obligations.stated import (
    REFUSE,
    Stated,
    consent_rule,
    consents,
    holds,
    labels,
    members,
)
from keiryo.obligations.tables import MOVE
from keiryo.obligations.told import BASIS, weight

ABROAD = "abroad"


class _Found(Protocol):
    @property
    def differences(self) -> Mapping[tuple[Any, ...], int]: ...


@dataclass(slots=True)
class Step:
    """A step with labelled material: what it is, where to, when, and with how much."""

    kind: str
    destination: str
    day: int
    mba: str
    line: Line
    category: str
    batch: str
    cells: dict[str, int]


def step_findings(posting: Posting, stated: Stated, found: _Found) -> Iterator[Finding | Refusal]:
    """Refuse, or note, steps of an act for which a partner's consent is missing."""
    connection, metadata = posting.connection, posting.metadata
    differences = found.differences
    places = [row for row in stated.places if row["consent_for"]]
    enriching = _enriching(posting)
    if not any(_is_step(key, places, enriching) for key in differences):
        return
    table = metadata.tables[MOVE.name]
    conditions = [table.c.to_account == ABROAD]
    at = sorted({str(row["mba"]) for row in places})
    if at:
        conditions.append(and_(table.c.mba.in_(at), table.c.kind == "RECEIPT"))
    rows = recorded_rows(connection, table, [or_(*conditions)] if at else conditions)
    for key, mg in differences.items():
        rows[key] = rows.get(key, 0) + mg
    mode, first_day = consent_rule(connection, metadata)
    every = consents(connection, metadata)
    known = frozenset(labels(connection, metadata))
    for step in _steps(rows, places, enriching):
        home = members(connection, metadata, step.day)
        answer = consented(
            step.cells, step.kind, step.destination, number_date(step.day), every, members=home
        )
        every = [_less(one, answer.used) for one in every]
        if step.line.act == posting.act_id:
            for partner, short in sorted(answer.missing.items()):
                finding = _missing(step, partner, short, partner in known)
                refused = mode == REFUSE and step.day >= first_day
                yield Refusal(finding) if refused else replace(finding, severity=Severity.WARNING)


def _less(consent: Consent, used: Mapping[str, int]) -> Consent:
    if consent.amount_mg is None or consent.reference not in used:
        return consent
    return replace(consent, amount_mg=consent.amount_mg - used[consent.reference])


def _enriching(posting: Posting) -> frozenset[Line]:
    """Return the lines of an act by which uranium is enriched to 20 % or more."""
    table = posting.table(INVENTORY_CHANGE.name)
    after = table.alias("after")
    query = (
        select(table.c.line_no)
        .select_from(table.join(after, after.c.act_id == table.c.act_id))
        .where(
            table.c.act_id == posting.act_id,
            table.c.code.in_(("NE", "DE")),
            table.c.code == after.c.code,
            table.c.mba == after.c.mba,
            table.c.batch == after.c.batch,
            table.c.event_date == after.c.event_date,
            after.c.category == "E",
            after.c.fissile_mg * 5 >= after.c.element_mg,
        )
    )
    rows = posting.connection.execute(query)
    return frozenset(Line(posting.act_id, int(row[0])) for row in rows)


def _is_step(
    key: tuple[Any, ...], places: Iterable[Mapping[str, Any]], enriching: frozenset[Line]
) -> bool:
    return _step_of(key, places, enriching) is not None


def _step_of(
    key: tuple[Any, ...], places: Iterable[Mapping[str, Any]], enriching: frozenset[Line]
) -> tuple[str, str] | None:
    """Return the step of a move and its destination, or None."""
    mba, day, kind, _, labels_from, target, _, line = key
    if labels_from == UNOBLIGATED:
        return None
    if target.account == ABROAD:
        return RETRANSFER, target.name.partition("/")[0]
    if kind == "CATEGORY" and line in enriching:
        return ENRICHMENT, mba
    if kind == "RECEIPT":
        for row in places:
            if row["mba"] == mba and holds(row, day):
                return str(row["consent_for"]), mba
    return None


def _steps(
    rows: RecordedRows, places: list[Mapping[str, Any]], enriching: frozenset[Line]
) -> list[Step]:
    """Return all steps in the order of their days, each with the cells of one line."""
    found: dict[tuple[Any, ...], Step] = {}
    for key, mg in rows.items():
        step = _step_of(key, places, enriching)
        if step is None:
            continue
        mba, day, _, source, labels_from, target, _, line = key
        batch: Holding = source if target.account == ABROAD else target
        one = found.setdefault(
            (*step, line),
            Step(*step, day, mba, line, target.category, batch.name, {}),
        )
        one.cells[labels_from] = one.cells.get(labels_from, 0) + mg
    return sorted(found.values(), key=lambda step: (step.day, step.line))


def _missing(step: Step, partner: str, short_mg: int, known: bool) -> Finding:
    under = [key for key in step.cells if partner in labels_of(key)]
    to = step.destination or "an unnamed place"
    return Finding(
        "CONSENT-MISSING",
        Severity.INCONSISTENCY,
        f"{step.kind} of {step.batch} on {number_date(step.day)} to {to}: "
        f"{weight(short_mg, step.category)} under {', '.join(sorted(under))} take a consent of "
        f"{partner} that is not recorded" + ("" if known else f" ({partner} is no known label)"),
        "Record the consent with 'keiryo obligations consent', or correct the labels or the "
        "destination; 'keiryo obligations rule' says what happens to steps without one.",
        mba=step.mba,
        category=step.category,
        cell=f"batch {step.batch}",
        found="none, or too little",
        expected=weight(short_mg, step.category),
        basis=BASIS,
    )
