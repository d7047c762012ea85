"""The register of advance notices, and its clock.

A notice is registered when a transfer is planned or notified, confirmed when the receiver took the
material over, and withdrawn when nothing comes of it. Each of these is an act with a new line of
the same name; the last one counts. What the rule asks is said in `keiryo.reports.rules_notices`;
here recorded transfers (SF, RF) are laid beside the register.

Source: INFCIRC/153 (Corrected), paragraphs 92 to 96.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.accounts.model import Amount, Knowledge
from keiryo.accounts.tables import INVENTORY_CHANGE, effective
from keiryo.dates import date_number, number_date, utc_text
from keiryo.errors import Finding, NotFoundError, RefusedError, UsageError
from keiryo.journal.evidence import add_evidence, keep_file
from keiryo.journal.model import Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.oversight.notice_intake import notice_problems, wrong_notice
from keiryo.oversight.register_entries import weights_dict
from keiryo.oversight.tables import ADVANCE_NOTICE
from keiryo.places.tables import areas
from keiryo.quantities import Category, effective_kg_text
from keiryo.reports.rules_notices import (
    EXPORT,
    IMPORT,
    NOTICE_RULE,
    AdvanceNotice,
    ForeignTransfer,
    NoticeClock,
    NoticeRule,
    Shipment,
    notice_clock,
    notice_questions,
    shipments,
)
from keiryo.storage.engine import Database

_DAYS = ("contract_on", "notified_on", "prepared_on", "transfer_on", "confirmed_on")
_AMOUNT = ("category", "element_mg", "fissile_mg")


@dataclass(frozen=True, slots=True)
class NoticeBoard:
    """The board on a day: every notice with its clock, and shipments that have none.

    `kept` is false while nothing was ever registered; then nothing is asked either.
    """

    on: datetime.date
    kept: bool
    clocks: tuple[NoticeClock, ...]
    shipments: tuple[Shipment, ...]
    findings: tuple[Finding, ...]

    @property
    def without_notice(self) -> tuple[Shipment, ...]:
        """The recorded shipments that need a notice and have none."""
        return tuple(s for s in self.shipments if s.needs_notice and not s.notices)

    def to_dict(self) -> dict[str, Any]:
        """Return the board as plain data, weights as exact decimals in the report's unit."""
        return {
            "on": self.on.isoformat(),
            "register_kept": self.kept,
            "notices": [clock_dict(clock) for clock in self.clocks],
            "without_notice": [shipment_dict(s) for s in self.without_notice],
        }


def clock_dict(clock: NoticeClock) -> dict[str, Any]:
    """Return a notice and how it stands as plain data."""
    notice, shipment = clock.notice, clock.shipment
    weights: dict[str, Any] = {"element": None, "unit": None, "fissile": None}
    if notice.category is not None and notice.element_mg is not None:
        weights = weights_dict(notice.category, Amount(notice.element_mg, notice.fissile_mg))
    moved = shipment is not None and bool(shipment.transfers)
    return {
        "notice": notice.notice,
        "direction": notice.direction,
        "mba": notice.mba,
        "partner": notice.partner,
        "category": None if notice.category is None else str(notice.category),
        **weights,
        "effective_kg": _kg(notice.effective_kg),
        "contract": _iso(notice.contract_on),
        "notified": _iso(notice.notified_on),
        "prepared": _iso(notice.prepared_on),
        "transfer": _iso(notice.transfer_on),
        "recorded": _iso(shipment.day) if shipment is not None and moved else None,
        "safeguarded": notice.safeguarded,
        "confirmed": _iso(notice.confirmed_on),
        "needed": None if shipment is None else shipment.needs_notice,
        "state": clock.state,
        "to_do": clock.what or None,
        "due": _iso(clock.due_on),
        "days_left": clock.days_left,
    }


def shipment_dict(shipment: Shipment) -> dict[str, Any]:
    """Return a shipment as plain data."""
    return {
        "direction": shipment.direction,
        "mba": shipment.mba,
        "partner": shipment.partner,
        "date": shipment.day.isoformat(),
        "effective_kg": _kg(shipment.effective_kg),
        "together_kg": _kg(shipment.together_kg),
        "entries": [f"{t.mba}/{t.report}/{t.entry}" for t in shipment.transfers if t.report],
    }


def notice_board(
    connection: Connection,
    metadata: MetaData,
    on: datetime.date,
    *,
    rule: NoticeRule = NOTICE_RULE,
) -> NoticeBoard:
    """Return the board of advance notices on a day.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    on : datetime.date
    rule : NoticeRule, optional

    References
    ----------
    INFCIRC/153 (Corrected), paragraphs 92 to 96.
    """
    notices = register(connection, metadata)
    kept = bool(notices)
    transfers = recorded_transfers(connection, metadata)
    found = shipments(transfers, notices, on, rule)
    by_notice = {name: s for s in found for name in s.notices}
    clocks = [notice_clock(n, by_notice.get(n.notice), on, rule) for n in notices]
    clocks.sort(key=lambda c: (c.due_on is None, c.due_on or on, c.notice.notice))
    findings = notice_questions(transfers, notices if kept else None, on, rule)
    return NoticeBoard(on, kept, tuple(clocks), tuple(found), tuple(findings))


def register(connection: Connection, metadata: MetaData) -> list[AdvanceNotice]:
    """Return the register: the last line about each notice, by name."""
    table = metadata.tables[ADVANCE_NOTICE.name]
    query = select(table).order_by(table.c.act_id, table.c.line_no)
    latest = {str(row["notice"]): _notice(row) for row in connection.execute(query).mappings()}
    return [latest[name] for name in sorted(latest)]


def recorded_transfers(connection: Connection, metadata: MetaData) -> list[ForeignTransfer]:
    """Return the effective entries that crossed the border of the State (SF, RF), by day."""
    table = metadata.tables[INVENTORY_CHANGE.name]
    query = (
        select(table)
        .where(table.c.code.in_(("SF", "RF")), effective(table, Knowledge()))
        .order_by(table.c.event_date, table.c.act_id, table.c.line_no)
    )
    enrichments = _stated_enrichments(connection, metadata)
    found = []
    for row in connection.execute(query).mappings():
        out = row["code"] == "SF"
        party = str((row["receiver"] if out else row["shipper"]) or "")
        fissile, element = row["fissile_mg"], int(row["element_mg"])
        stated = enrichments.get((row["mba"], row["batch"], row["category"]))
        found.append(
            ForeignTransfer(
                direction=EXPORT if out else IMPORT,
                mba=str(row["mba"]),
                partner=party.partition("/")[0],
                day=number_date(int(row["event_date"])),
                category=Category(row["category"]),
                element_mg=element,
                fissile_mg=None if fissile is None else int(fissile),
                batch=row["batch"],
                report=None if row["report_no"] is None else str(row["report_no"]),
                entry=row["entry_no"],
                enrichment=stated if fissile is None else None,
            )
        )
    return found


def _stated_enrichments(
    connection: Connection, metadata: MetaData
) -> dict[tuple[str, str | None, str], Fraction]:
    """Return what entries say of the enrichment of batches of natural and depleted uranium."""
    table = metadata.tables[INVENTORY_CHANGE.name]
    query = (
        select(table.c.mba, table.c.batch, table.c.category, table.c.element_mg, table.c.fissile_mg)
        .where(
            table.c.category.in_(("N", "D")),
            table.c.fissile_mg.is_not(None),
            table.c.element_mg > 0,
            effective(table, Knowledge()),
        )
        .order_by(table.c.event_date, table.c.act_id, table.c.line_no)
    )
    return {
        (str(mba), batch, str(category)): Fraction(int(fissile), int(element))
        for mba, batch, category, element, fissile in connection.execute(query)
    }


def register_notices(
    database: Database,
    actor: Actor,
    notices: Iterable[AdvanceNotice],
    *,
    revise: bool = False,
    evidence: tuple[str, bytes, str] | None = None,
    clock: Clock = system_clock,
) -> Posted | None:
    """Register notices in one act; what stands in the register in the same words is left alone.

    Parameters
    ----------
    database : Database
    actor : Actor
    notices : iterable of AdvanceNotice
    revise : bool
        Whether a notice may say something else than is registered under its name; what it leaves
        open stays as registered.
    evidence : (name, content, role), optional
        The file that they came in.

    Returns
    -------
    Posted or None
        None if nothing is new.

    Raises
    ------
    RefusedError
        If a notice is wrong; nothing is recorded.
    """
    wanted = list(notices)
    kept = None if evidence is None else keep_file(database.evidence, *evidence[:2])

    def draft(connection: Connection) -> Draft:
        places = areas(connection, database.metadata)
        before = {n.notice: n for n in register(connection, database.metadata)}
        findings = [f for n in wanted for f in notice_problems(n, set(places), actor.on_behalf_of)]
        new = []
        for notice in wanted:
            other = before.get(notice.notice)
            filled = notice if other is None else _filled(notice, other)
            if other is not None and replace(filled, state=other.state) == other:
                if not (revise and other.state == "withdrawn"):
                    continue
            elif other is not None and not revise:
                findings.append(
                    wrong_notice(
                        notice,
                        "it is registered and says something else",
                        "Give the new notice a name of its own, or use --revise.",
                    )
                )
            new.append(filled)
        if findings:
            raise RefusedError("the notices were refused; nothing was recorded", findings)
        if not new:
            raise _NothingNew
        made = Draft("notice.register", f"notice.register:{uuid.uuid4()}")
        if evidence is not None and kept is not None:
            add_evidence(made, kept, actor.on_behalf_of, evidence[2], utc_text(clock()))
        for notice in new:
            made.add(ADVANCE_NOTICE.name, _values(notice, places[notice.mba].scope))
        return made

    try:
        return post(database, draft, actor, clock=clock)
    except _NothingNew:
        return None


class _NothingNew(Exception):
    """All of it is registered in the same words."""


def _filled(notice: AdvanceNotice, before: AdvanceNotice) -> AdvanceNotice:
    """Return a notice with what it leaves open taken from what is registered under its name."""
    names = (*_DAYS, "safeguarded", *(() if notice.category else _AMOUNT))
    kept = {name: getattr(before, name) for name in names if getattr(notice, name) is None}
    filled = replace(notice, **kept)
    return replace(filled, state="open" if filled.confirmed_on is None else "confirmed")


def confirm_notice(
    database: Database,
    actor: Actor,
    name: str,
    confirmed_on: datetime.date,
    *,
    clock: Clock = system_clock,
) -> Posted | None:
    """Record that the receiver confirmed receipt; None if that day is recorded already.

    Raises
    ------
    NotFoundError
        If there is no such notice.
    UsageError
        If it was withdrawn.
    """

    def changed(notice: AdvanceNotice) -> AdvanceNotice:
        if notice.state == "withdrawn":
            raise UsageError(
                f"notice {name} was withdrawn", "Register it again with 'notices add --revise'."
            )
        confirmed = replace(notice, confirmed_on=confirmed_on, state="confirmed")
        if confirmed == notice:
            raise _NothingNew
        return confirmed

    try:
        return _change(database, actor, name, "notice.confirm", changed, None, clock)
    except _NothingNew:
        return None


def withdraw_notice(
    database: Database, actor: Actor, name: str, reason: str, *, clock: Clock = system_clock
) -> Posted:
    """Record that nothing came of a transfer that was announced.

    Raises
    ------
    NotFoundError
        If there is no such notice.
    """

    def changed(notice: AdvanceNotice) -> AdvanceNotice:
        return replace(notice, state="withdrawn")

    return _change(database, actor, name, "notice.withdraw", changed, reason, clock)


def _change(
    database: Database,
    actor: Actor,
    name: str,
    kind: str,
    changed: Callable[[AdvanceNotice], AdvanceNotice],
    reason: str | None,
    clock: Clock,
) -> Posted:
    def draft(connection: Connection) -> Draft:
        before = {n.notice: n for n in register(connection, database.metadata)}
        if name not in before:
            raise NotFoundError(
                f"there is no notice {name!r}", "List them with 'keiryo notices list'."
            )
        places = areas(connection, database.metadata)
        made = Draft(kind, f"{kind}:{uuid.uuid4()}", reason=reason)
        made.add(
            ADVANCE_NOTICE.name, _values(changed(before[name]), places[before[name].mba].scope)
        )
        return made

    return post(database, draft, actor, clock=clock)


def _notice(row: Any) -> AdvanceNotice:
    days = {name: None if row[name] is None else number_date(int(row[name])) for name in _DAYS}
    safeguarded = row["safeguarded"]
    return AdvanceNotice(
        notice=str(row["notice"]),
        direction=str(row["direction"]),
        mba=str(row["mba"]),
        partner=str(row["partner"]),
        category=None if row["category"] is None else Category(row["category"]),
        element_mg=None if row["element_mg"] is None else int(row["element_mg"]),
        fissile_mg=None if row["fissile_mg"] is None else int(row["fissile_mg"]),
        **days,
        safeguarded=None if safeguarded is None else bool(safeguarded),
        state=str(row["state"]),
    )


def _values(notice: AdvanceNotice, scope: str) -> dict[str, Value]:
    days: dict[str, Value] = {}
    for name in _DAYS:
        day = getattr(notice, name)
        days[name] = None if day is None else date_number(day)
    return {
        "scope": scope,
        "notice": notice.notice,
        "direction": notice.direction,
        "mba": notice.mba,
        "partner": notice.partner,
        "category": None if notice.category is None else str(notice.category),
        "element_mg": notice.element_mg,
        "fissile_mg": notice.fissile_mg,
        **days,
        "safeguarded": None if notice.safeguarded is None else int(notice.safeguarded),
        "state": notice.state,
    }


def _iso(day: datetime.date | None) -> str | None:
    return None if day is None else day.isoformat()


def _kg(value: Fraction | None) -> str | None:
    return None if value is None else effective_kg_text(value)
