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

from sqlalchemy import and_, select

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
)
from keiryo.obligations.tables import DESIGNATION, EXCHANGE, LABEL_MEMBER, MOVE
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

    @property
    def identity(self) -> tuple[str, str, Line]:
        """What it is, where to, and the line that it is in."""
        return self.kind, self.destination, self.line


def step_findings(posting: Posting, stated: Stated, found: _Found) -> Iterator[Finding | Refusal]:
    """Refuse, or note, steps for which a partner's consent is missing because of an act.

    A step of the act itself is refused, and so is one that takes away the consent of another
    step, and a decision (a designation, an exchange) by which a step comes to lack one. What only
    becomes known by the act, as when an export turns out to have been under a label, is noted: it
    was done already.
    """
    connection, metadata = posting.connection, posting.metadata
    places = [row for row in stated.places if row["consent_for"]]
    enriching = _enriching(posting, posting.act_id)
    if not any(_step_of(key, places, enriching) for key in found.differences):
        return
    every = consents(connection, metadata)
    before: RecordedRows = {}
    if any(one.amount_mg is not None for one in every):
        if any(one.kind == ENRICHMENT and one.amount_mg is not None for one in every):
            enriching = _enriching(posting, None)
        before = _recorded(posting, places, enriching)
    rows = dict(before)
    for key, mg in found.differences.items():
        rows[key] = rows.get(key, 0) + mg
    home = _Members(posting)
    known_short = {
        (step.identity, partner): short
        for step, partner, short in _missing_in(steps_of(before, places, enriching), every, home)
    }
    mode, first_day = consent_rule(connection, metadata)
    known = frozenset(labels(connection, metadata))
    steps = steps_of(rows, places, enriching)
    taking = {
        (step.kind, partner)
        for step in steps
        if step.line.act == posting.act_id
        for key in step.cells
        for partner in labels_of(key)
    }
    decided = any(name in (DESIGNATION.name, EXCHANGE.name) for name, _ in posting.draft.lines)
    for step, partner, short in _missing_in(steps, every, home):
        if short > known_short.get((step.identity, partner), 0):
            finding = _missing(step, partner, short, partner in known)
            because = decided or (step.kind, partner) in taking
            refused = because and mode == REFUSE and step.day >= first_day
            yield Refusal(finding) if refused else replace(finding, severity=Severity.WARNING)


class _Members:
    """Which States are members of which partners, day by day; read once."""

    def __init__(self, posting: Posting) -> None:
        table = posting.table(LABEL_MEMBER.name)
        self.rows = [dict(row) for row in posting.connection.execute(select(table)).mappings()]

    def on(self, day: int) -> dict[str, set[str]]:
        """Return the members of each partner on a day."""
        found: dict[str, set[str]] = {}
        for row in self.rows:
            if holds(row, day):
                found.setdefault(str(row["label"]), set()).add(str(row["state"]))
        return found


def _missing_in(
    steps: Iterable[Step], every: list[Consent], home: _Members
) -> Iterator[tuple[Step, str, int]]:
    """Yield what is missing for which step, when consents are used up in the order of days."""
    for step in steps:
        answer = consented(
            *(step.cells, step.kind, step.destination, number_date(step.day), every),
            members=home.on(step.day),
        )
        if answer.used:
            every = [_less(one, answer.used) for one in every]
        for partner, short in sorted(answer.missing.items()):
            yield step, partner, short


def _recorded(
    posting: Posting, places: list[Mapping[str, Any]], enriching: frozenset[Line]
) -> RecordedRows:
    """Return the recorded moves that are steps, for they use up consents."""
    table = posting.table(MOVE.name)
    conditions = [table.c.to_account == ABROAD]
    at = sorted({str(row["mba"]) for row in places})
    if at:
        conditions.append(
            and_(table.c.mba.in_(at), table.c.kind == "RECEIPT", table.c.to_account != ABROAD)
        )
    if enriching:
        conditions.append(table.c.kind == "CATEGORY")
    return recorded_rows(posting.connection, table, conditions)


def _less(consent: Consent, used: Mapping[str, int]) -> Consent:
    if consent.amount_mg is None or consent.reference not in used:
        return consent
    return replace(consent, amount_mg=consent.amount_mg - used[consent.reference])


def _enriching(posting: Posting, act_id: int | None) -> frozenset[Line]:
    """Return the lines of an act, or of all, by which uranium is enriched to 20 % or more."""
    table = posting.table(INVENTORY_CHANGE.name)
    after = table.alias("after")
    query = (
        select(table.c.act_id, table.c.line_no)
        .select_from(table.join(after, after.c.act_id == table.c.act_id))
        .where(
            table.c.code.in_(("NE", "DE")),
            table.c.code == after.c.code,
            table.c.mba == after.c.mba,
            table.c.batch == after.c.batch,
            table.c.event_date == after.c.event_date,
            after.c.category == "E",
            after.c.fissile_mg * 5 >= after.c.element_mg,
        )
    )
    if act_id is not None:
        query = query.where(table.c.act_id == act_id)
    rows = posting.connection.execute(query)
    return frozenset(Line(int(act), int(line)) for act, line in rows)


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


def steps_of(
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
