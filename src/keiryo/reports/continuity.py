"""Between reports: numbers without gaps, balances that continue, transfers that arrive.

These findings never block a report: they are recorded and stay open until they are answered, or
until a later report settles them.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, func, select

from keiryo.accounts.balance import balance
from keiryo.accounts.books import pit_dates
from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import INVENTORY_CHANGE, effective, entry_line
from keiryo.dates import next_day, number_date
from keiryo.errors import Finding, Severity
from keiryo.journal.model import Actor, Draft
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.tables import FINDING, FINDING_ANSWER, finding_values
from keiryo.places.tables import areas
from keiryo.quantities import Category, format_weight
from keiryo.reports.tables import REPORT, REPORTING_CONTEXT
from keiryo.storage.engine import Database
from keiryo.vocabulary import profile

RECORDING = "findings.record"


def record_open_findings(
    database: Database, actor: Actor, *, clock: Clock = system_clock
) -> list[Finding]:
    """Look at everything between reports, record what is new, settle what is gone.

    Returns
    -------
    list of Finding
        What is open now.
    """
    current: list[Finding] = []

    def draft(connection: Connection) -> Draft:
        current[:] = between_reports(connection, database.metadata)
        known = open_between_reports(connection, database.metadata)
        made = Draft(RECORDING, _client_id(connection, database.metadata))
        scopes = {code: a.scope for code, a in areas(connection, database.metadata).items()}
        for finding in current:
            if _key(finding) not in known:
                scope = scopes.get(finding.mba or "", actor.on_behalf_of)
                made.add(FINDING.name, finding_values(finding, scope))
        present = {_key(finding) for finding in current}
        for key, (act_id, line_no, scope) in known.items():
            if key not in present:
                made.add(
                    FINDING_ANSWER.name,
                    scope=scope,
                    finding_act=act_id,
                    finding_line=line_no,
                    answer="settled by what was recorded since",
                    state="closed",
                )
        if not made.lines:
            raise _NothingNew
        return made

    with suppress(_NothingNew):
        post(database, draft, actor, clock=clock)
    return current


class _NothingNew(Exception):
    """Nothing was found that is not recorded."""


def _client_id(connection: Connection, metadata: MetaData) -> str:
    last = connection.execute(select(func.max(metadata.tables["act"].c.act_id))).scalar()
    return f"{RECORDING}:after-act-{last}"


Key = tuple[str | int | None, ...]


def _key(finding: Finding) -> Key:
    # Ages and weights may change while the question stays the same.
    return (finding.code, finding.mba, finding.report, finding.entry, finding.category)


def open_between_reports(
    connection: Connection, metadata: MetaData
) -> dict[Key, tuple[int, int, str]]:
    """Return the findings between reports that are open, with their act, line and scope."""
    table, act = metadata.tables[FINDING.name], metadata.tables["act"]
    closed = closed_findings(connection, metadata)
    query = (
        select(table)
        .join(act, act.c.act_id == table.c.act_id)
        .where(act.c.kind == RECORDING)
        .order_by(table.c.act_id, table.c.line_no)
    )
    found: dict[Key, tuple[int, int, str]] = {}
    for row in connection.execute(query).mappings():
        if (row["act_id"], row["line_no"]) not in closed:
            key = (row["code"], row["mba"], row["report"], row["entry_no"], row["category"])
            found[key] = (int(row["act_id"]), int(row["line_no"]), str(row["scope"]))
    return found


def closed_findings(connection: Connection, metadata: MetaData) -> set[tuple[int, int]]:
    """Return (act, line) of the findings whose latest answer closes them."""
    table = metadata.tables[FINDING_ANSWER.name]
    query = select(table.c.finding_act, table.c.finding_line, table.c.state).order_by(
        table.c.act_id, table.c.line_no
    )
    latest = {(int(a), int(n)): str(state) for a, n, state in connection.execute(query)}
    return {key for key, state in latest.items() if state == "closed"}


def settled_by(
    connection: Connection, metadata: MetaData, mba: str | None, report_no: int
) -> list[tuple[int, int, str]]:
    """Return the open findings of a report that was refused and is now accepted.

    Each as (act, line, scope): the accepted report answers them.
    """
    table, act = metadata.tables[FINDING.name], metadata.tables["act"]
    closed = closed_findings(connection, metadata)
    query = (
        select(table.c.act_id, table.c.line_no, table.c.scope)
        .join(act, act.c.act_id == table.c.act_id)
        .where(
            act.c.kind == "report.refuse",
            table.c.mba == mba,
            table.c.report == str(report_no),
        )
        .order_by(table.c.act_id, table.c.line_no)
    )
    rows = [(int(a), int(n), str(scope)) for a, n, scope in connection.execute(query)]
    return [row for row in rows if row[:2] not in closed]


def between_reports(connection: Connection, metadata: MetaData) -> list[Finding]:
    """Return everything that stands between the reports as recorded now."""
    return [
        *_numbering(connection, metadata),
        *_balances(connection, metadata),
        *transit_findings(connection, metadata),
    ]


def _numbering(connection: Connection, metadata: MetaData) -> Iterator[Finding]:
    """Report numbers of an area are consecutive over all types of report."""
    table = metadata.tables[REPORT.name]
    query = (
        select(table.c.mba, table.c.report_no)
        .where(table.c.mba.is_not(None))
        .distinct()
        .order_by(table.c.mba, table.c.report_no)
    )
    before = metadata.tables[REPORTING_CONTEXT.name]
    last = {
        str(mba): int(number)
        for mba, number in connection.execute(
            select(before.c.mba, before.c.last_report_no).where(
                before.c.last_report_no.is_not(None)
            )
        )
    }
    for mba, number in connection.execute(query):
        previous = last.get(str(mba))
        if previous is not None and number > previous + 1:
            gap = f"{previous + 1}" if number == previous + 2 else f"{previous + 1} to {number - 1}"
            yield Finding(
                "SEQ-GAP",
                Severity.INCONSISTENCY,
                f"report {gap} of {mba} is missing: {number} follows {previous}",
                "Ask for the missing report; numbers run through all types of report.",
                mba=mba,
                report=str(number),
                found=str(number),
                expected=str(previous + 1),
                basis="Code 10, label 001",
            )
        last[str(mba)] = max(int(number), previous or 0)


def _balances(connection: Connection, metadata: MetaData) -> Iterator[Finding]:
    """Each reported balance agrees with the books; listings and balances come together."""
    table = metadata.tables[REPORT.name]
    query = (
        select(
            table.c.mba,
            table.c.report_no,
            table.c.report_type,
            table.c.period_from,
            table.c.period_to,
        )
        .where(table.c.outcome == "accepted", table.c.report_type.in_(("P", "M")))
        .order_by(table.c.mba, table.c.period_to, table.c.report_no)
    )
    listings: dict[tuple[str, int], int] = {}
    balances: dict[tuple[str, int], int] = {}
    begins = _beginnings(connection, metadata)
    takings: dict[str, list[datetime.date]] = {}
    for mba, number, kind, start, end in connection.execute(query).all():
        if int(end) <= begins.get(str(mba), 0):
            continue  # a correction of what was reported before the books begin
        if mba not in takings:
            takings[mba] = pit_dates(connection, metadata, str(mba), Knowledge())
        key, last = (str(mba), int(end)), number_date(int(end))
        if kind == "P" and last in takings[mba]:
            listings.setdefault(key, int(number))
        elif kind == "M" and key not in balances:
            balances[key] = int(number)
            first = number_date(int(start))
            yield from _period_findings(str(mba), int(number), first, last, takings[mba])
            found = balance(connection, metadata, str(mba), start=first, end=last)
            for finding in found.findings:
                yield _with_report(finding, int(number))
    for missing, present, word in (
        (listings, balances, "listing"),
        (balances, listings, "balance"),
    ):
        for (mba, end), number in present.items():
            if (mba, end) not in missing:
                yield Finding(
                    "MBR-MISSING",
                    Severity.INCONSISTENCY,
                    f"{mba} reported for {number_date(end)} in report {number}, but the "
                    f"physical inventory {word} is missing"
                    if word == "listing"
                    else f"{mba} listed its inventory of {number_date(end)} in report {number}, "
                    "but the material balance report is missing",
                    "Ask for the missing report.",
                    mba=mba,
                    report=str(number),
                    basis="INFCIRC/153 para 67",
                )


def _period_findings(
    mba: str, number: int, first: datetime.date, last: datetime.date, takings: list[datetime.date]
) -> Iterator[Finding]:
    """A balance begins on the day after the physical inventory taking before."""
    earlier = [day for day in takings if day < last]
    if earlier and first != next_day(earlier[-1]):
        yield Finding(
            "PERIOD-CONT",
            Severity.INCONSISTENCY,
            f"the balance of {mba} begins on {first}, but the last physical inventory was taken "
            f"on {earlier[-1]}",
            "Correct label 015: a balance begins on the day after the taking before.",
            mba=mba,
            report=str(number),
            found=str(first),
            expected=str(next_day(earlier[-1])),
            basis="Code 10, label 015; INFCIRC/153 para 67",
        )


def _beginnings(connection: Connection, metadata: MetaData) -> dict[str, int]:
    """Return the day of the opening inventory by MBA."""
    table = metadata.tables[REPORTING_CONTEXT.name]
    query = select(table.c.mba, func.min(table.c.prior_pit)).group_by(table.c.mba)
    return {str(mba): int(day) for mba, day in connection.execute(query)}


def _with_report(finding: Finding, number: int) -> Finding:
    from dataclasses import replace

    return replace(finding, report=str(number))


@dataclass(slots=True)
class Transfer:
    """A shipment or receipt between areas of the State, all its categories together."""

    mba: str
    partner: str
    batch: str
    day: int
    report: int | None
    entry: int | None
    mdc: str | None
    items: int | None
    weights: dict[str, tuple[int, int | None]]
    matched: bool = False


def transit_findings(connection: Connection, metadata: MetaData) -> Iterator[Finding]:
    """Match receipts with shipments; what is left over, or differs, is a finding."""
    shipments = _transfers(connection, metadata, "SD")
    receipts = _transfers(connection, metadata, "RD")
    as_of = _as_of(connection, metadata)
    for receipt in receipts:
        candidates = [
            s
            for s in shipments
            if not s.matched
            and (s.mba, s.partner, s.batch) == (receipt.partner, receipt.mba, receipt.batch)
        ]
        if not candidates:
            yield _about(
                receipt,
                "RECEIPT-UNMATCHED",
                Severity.INCONSISTENCY,
                f"{receipt.mba} received {receipt.batch} from {receipt.partner or 'an unknown MBA'}"
                ", which reported no such shipment",
                "Ask the shipper for its report, or correct the shipper's batch name (447).",
            )
            continue
        shipment = min(candidates, key=lambda s: (s.day > receipt.day, abs(s.day - receipt.day)))
        shipment.matched = True
        yield from _compared(shipment, receipt)
    limit, late = _limits(connection, metadata, as_of)
    for shipment in shipments:
        if not shipment.matched:
            age = (as_of - number_date(shipment.day)).days
            severity = Severity.INFORMATION if age <= limit else Severity.WARNING
            severity = Severity.INCONSISTENCY if age > late else severity
            yield _about(
                shipment,
                "TRANSIT-OPEN",
                severity,
                f"{shipment.batch}, shipped by {shipment.mba} to {shipment.partner} on "
                f"{number_date(shipment.day)}, has not been received by {as_of} ({age} days)",
                "Ask the receiver whether it has arrived.",
            )


def _transfers(connection: Connection, metadata: MetaData, code: str) -> list[Transfer]:
    table = metadata.tables[INVENTORY_CHANGE.name]
    query = (
        select(table, entry_line(table).label("first_line"))
        .where(table.c.code == code, table.c.report_no.is_not(None))
        .where(effective(table, Knowledge()))
        .order_by(table.c.event_date, table.c.act_id, table.c.line_no)
    )
    found: dict[tuple[int, int], Transfer] = {}
    for row in connection.execute(query).mappings():
        key = (int(row["act_id"]), int(row["first_line"]))
        party = row["receiver"] if code == "SD" else row["shipper"]
        name = row["batch"] if code == "SD" else row["shipper_batch"]
        transfer = found.setdefault(
            key,
            Transfer(
                row["mba"],
                str(party or "").rpartition("/")[2],
                name or "",
                row["event_date"],
                row["report_no"],
                row["entry_no"],
                row["mdc"],
                row["items"],
                {},
            ),
        )
        transfer.weights[row["category"]] = (row["element_mg"], row["fissile_mg"])
    return list(found.values())


def _compared(shipment: Transfer, receipt: Transfer) -> Iterator[Finding]:
    if receipt.day < shipment.day:
        yield _about(
            receipt,
            "TRANSIT-DATE",
            Severity.INCONSISTENCY,
            f"{receipt.batch} was received on {number_date(receipt.day)}, before it was shipped "
            f"on {number_date(shipment.day)}",
            "Correct the date of one of the two.",
        )
    for letter in sorted({*shipment.weights, *receipt.weights}):
        sent, got = shipment.weights.get(letter), receipt.weights.get(letter)
        if sent != got:
            yield _about(
                receipt,
                "TRANSIT-WEIGHT",
                Severity.INCONSISTENCY,
                f"{receipt.batch}: received {_weights(letter, got)}, shipped "
                f"{_weights(letter, sent)}",
                "A receipt is booked on the shipper's data; book the difference as DI.",
                category=letter,
                found=_weights(letter, got),
                expected=_weights(letter, sent),
            )
    if (shipment.mdc or "") != (receipt.mdc or ""):
        yield _about(
            receipt,
            "TRANSIT-MDC",
            Severity.INCONSISTENCY,
            f"{receipt.batch} was shipped as {shipment.mdc} and received as {receipt.mdc}",
            "Shipment and receipt carry the same material description code (430).",
            found=receipt.mdc,
            expected=shipment.mdc,
        )
    if shipment.items != receipt.items:
        yield _about(
            receipt,
            "TRANSIT-ITEMS",
            Severity.WARNING,
            f"{receipt.batch}: {shipment.items} items were shipped, {receipt.items} received",
            "Count the items (470) again.",
            found=str(receipt.items),
            expected=str(shipment.items),
        )


def _weights(letter: str, weights: tuple[int, int | None] | None) -> str:
    if weights is None:
        return f"nothing of category {letter}"
    unit = Category(letter).unit
    shown = f"{format_weight(weights[0], unit)} {unit} {letter}"
    if weights[1] is None:
        return shown
    return f"{shown} with {format_weight(weights[1], 'g')} g fissile"


def _about(
    transfer: Transfer, code: str, severity: Severity, message: str, advice: str, **more: Any
) -> Finding:
    return Finding(
        code,
        severity,
        message,
        advice,
        mba=transfer.mba,
        report=None if transfer.report is None else str(transfer.report),
        entry=transfer.entry,
        basis="Code 10, labels 370, 372, 446 and 447",
        **more,
    )


def _as_of(connection: Connection, metadata: MetaData) -> datetime.date:
    """The day that transit is aged to: of the context, or of the last report."""
    context, report = metadata.tables[REPORTING_CONTEXT.name], metadata.tables[REPORT.name]
    stated = connection.execute(select(func.max(context.c.as_of))).scalar()
    latest = connection.execute(select(func.max(report.c.report_date))).scalar()
    return number_date(int(stated or latest or 20000101))


def _limits(connection: Connection, metadata: MetaData, on: datetime.date) -> tuple[int, int]:
    context = metadata.tables[REPORTING_CONTEXT.name]
    stated = connection.execute(select(func.min(context.c.transit_limit_days))).scalar()
    rules = profile("code10", on)
    return int(stated or rules.transit_warning_days), rules.transit_inconsistency_days
