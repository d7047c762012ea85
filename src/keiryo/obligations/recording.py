"""Statements about labels are recorded: a file, or what somebody says, as one act or not at all.

What stands in the books in the same words is left alone, so that the same may be sent again.
Which labels then go where follows by itself, in the same act.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from sqlalchemy import Connection, select

from keiryo.dates import date_number
from keiryo.errors import NotFoundError, UsageError
from keiryo.journal.model import Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.obligations.intake import RegisterFile, read_file, read_rows
from keiryo.obligations.stated import NOTE, REFUSE
from keiryo.obligations.stated_acts import (
    ACT_OF_LIST,
    RECORDING,
    RecordedStatements,
    begin_labels,
    check_register,
    record_statements,
    required_reason,
)
from keiryo.obligations.tables import CONSENT, CONSENT_RULE, EXCHANGE, RELABELLING
from keiryo.storage.engine import Database

__all__ = [
    "ExchangeSide",
    "RecordedStatements",
    "RegisterFile",
    "begin_labels",
    "check_register",
    "designate",
    "exchange_labels",
    "give_consent",
    "read_file",
    "read_rows",
    "record_register",
    "record_statements",
    "relabel",
    "set_consent_rule",
    "shipped_register",
    "state_receipt",
    "withdraw",
]

RULING = "obligations.rule"
WITHDRAWN = {"exchange": EXCHANGE, "relabelling": RELABELLING, "consent": CONSENT}
SHIPPED = {"japan": "japan_partners.toml"}
"""Registers of partners that keiryo brings along."""


@dataclass(frozen=True, slots=True)
class ExchangeSide:
    """One side of an exchange.

    Attributes
    ----------
    mba : str
    labels : str
        Its label set before.
    batch : str or None
        None: the pool of the area.
    moved : str or None
        Labels that go to the other side; default: all of them.
    """

    mba: str
    labels: str
    batch: str | None = None
    moved: str | None = None


def shipped_register(name: str) -> tuple[str, bytes]:
    """Return the file name and content of a register of partners that keiryo brings along.

    Raises
    ------
    NotFoundError
        If there is none of this name.
    """
    if name not in SHIPPED:
        raise NotFoundError(
            f"no register {name[:40]!r} is shipped", f"One of {', '.join(SHIPPED)}."
        )
    folder = files("keiryo.data").joinpath("obligations")
    return SHIPPED[name], folder.joinpath(SHIPPED[name]).read_bytes()


def record_register(
    database: Database,
    actor: Actor,
    name: str,
    content: bytes,
    kind: str | None = None,
    *,
    clock: Clock = system_clock,
) -> RecordedStatements:
    """Record a file of labels, members, rules, places, consents or statements about material.

    Parameters
    ----------
    database, actor
    name, content
        CSV, TOML or JSON; see `keiryo.obligations.intake`.
    kind : str, optional
        Which list a CSV file is.

    Raises
    ------
    RefusedError
        If anything in it does not hold: all findings, each with its row; nothing is recorded.
    """
    return record_statements(database, actor, read_file(name, content, kind), clock=clock)


def state_receipt(
    database: Database,
    actor: Actor,
    mba: str,
    batch: str,
    cells: Mapping[str, str],
    *,
    on: datetime.date | None = None,
    category: str | None = None,
    document: str | None = None,
    clock: Clock = system_clock,
) -> RecordedStatements:
    """State the labels of a receipt from outside the books.

    Parameters
    ----------
    mba, batch : str
        Receiving area and batch as received.
    cells : mapping of label set to text
        Weights (``600 kg``) or shares that add up to 1 (``3/5``).
    on : datetime.date, optional
        Day of the receipt; default: whenever it came.
    category, document : str, optional
        Element category, if it is not about all; the letter or licence that says so.

    Raises
    ------
    RefusedError
        If it does not hold.
    """
    row = {
        "mba": mba, "batch": batch, "event_date": on, "category": category,
        "document": document, "cells": dict(cells),
    }  # fmt: skip
    return record_statements(database, actor, read_rows("receipts", [row]), clock=clock)


def designate(
    database: Database,
    actor: Actor,
    mba: str,
    batch: str,
    on: datetime.date,
    code: str,
    category: str,
    cells: Mapping[str, str],
    reason: str,
    *,
    clock: Clock = system_clock,
) -> RecordedStatements:
    """Name the labels of a withdrawal instead of its proportional share; raises `RefusedError`.

    Parameters
    ----------
    mba, batch, on, code, category
        The withdrawal as the entry names it; `code` is its type (label 411), e.g. ``SD``.
    cells : mapping of label set to text
        Weights that add up to the withdrawal.
    reason : str
    """
    row = {
        "mba": mba, "batch": batch, "event_date": on, "code": code, "category": category,
        "cells": dict(cells), "reason": reason,
    }  # fmt: skip
    file = read_rows("designations", [row])
    return record_statements(database, actor, file, reason=required_reason(reason), clock=clock)


def exchange_labels(
    database: Database,
    actor: Actor,
    name: str,
    on: datetime.date,
    one: ExchangeSide,
    other: ExchangeSide,
    category: str,
    amount: str,
    reason: str,
    *,
    consents: Sequence[str] = (),
    clock: Clock = system_clock,
) -> RecordedStatements:
    """Let labels change places on equal quantities of like material; raises `RefusedError`.

    Parameters
    ----------
    name : str
        Name of the exchange; one of the same name that was recorded before is replaced.
    amount : str
        Element weight of each side with its unit, e.g. ``25 g``.
    consents : sequence of str
        Consents on which it rests, where it crosses a border.
    """
    row = {
        "exchange": name, "event_date": on, "category": category, "weight": amount,
        "mba": one.mba, "batch": one.batch, "labels": one.labels, "moved": one.moved,
        "other_mba": other.mba, "other_batch": other.batch, "other_labels": other.labels,
        "other_moved": other.moved, "consents": " ".join(consents), "reason": reason,
    }  # fmt: skip
    file = read_rows("exchanges", [row])
    return record_statements(database, actor, file, reason=required_reason(reason), clock=clock)


def relabel(
    database: Database,
    actor: Actor,
    name: str,
    on: datetime.date,
    reason: str,
    *,
    removes: str | None = None,
    adds: str | None = None,
    mba: str | None = None,
    batch: str | None = None,
    category: str | None = None,
    account: str | None = None,
    clock: Clock = system_clock,
) -> RecordedStatements:
    """Let a label begin, end or pass to another on material that is there; raises `RefusedError`.

    Parameters
    ----------
    name : str
        Name of the decision; one of the same name that was recorded before is replaced.
    on : datetime.date
        Before anything else of that day.
    removes, adds : str, optional
        Label that goes; labels that come, joined by ``+``.
    mba, batch, category, account : str, optional
        Only there.
    """
    row = {
        "relabelling": name, "event_date": on, "mba": mba, "batch": batch, "category": category,
        "account": account, "removes": removes, "adds": adds, "reason": reason,
    }  # fmt: skip
    file = read_rows("relabellings", [row])
    return record_statements(database, actor, file, reason=required_reason(reason), clock=clock)


def give_consent(
    database: Database,
    actor: Actor,
    name: str,
    partner: str,
    step: str,
    words: str,
    *,
    amount: str | None = None,
    destinations: Sequence[str] = (),
    valid_from: datetime.date | None = None,
    valid_to: datetime.date | None = None,
    instrument: str | None = None,
    clock: Clock = system_clock,
) -> RecordedStatements:
    """Record a partner's consent to a step; raises `RefusedError`.

    Parameters
    ----------
    name : str
        Name or reference, without blanks.
    partner, step : str
        Label of the partner; one of `keiryo.obligations.consents.KINDS`.
    words : str
        Article, letter, conditions.
    amount : str, optional
        How much it covers with its unit; default: programmatic, without a quantity.
    destinations : sequence of str
        States or areas that it names; default: any.
    """
    row = {
        "consent": name, "partner": partner, "step": step, "weight": amount, "words": words,
        "destinations": " ".join(destinations), "valid_from": valid_from, "valid_to": valid_to,
        "instrument": instrument,
    }  # fmt: skip
    return record_statements(database, actor, read_rows("consents", [row]), clock=clock)


def withdraw(
    database: Database,
    actor: Actor,
    kind: str,
    name: str,
    reason: str,
    *,
    clock: Clock = system_clock,
) -> Posted:
    """Let an exchange, a relabelling or a consent not count any more.

    Raises
    ------
    NotFoundError
        If none of this name counts.
    UsageError
        If there is no such kind, or no reason is given.
    RefusedError
        If it lies in a period that was reported.
    """
    if kind not in WITHDRAWN:
        raise UsageError(f"no {kind[:40]!r} can be withdrawn", f"One of {', '.join(WITHDRAWN)}.")
    stated, of = required_reason(reason), WITHDRAWN[kind]

    def draft(connection: Connection) -> Draft:
        table = database.metadata.tables[of.name]
        query = select(table).where(table.c[kind] == name).order_by(table.c.act_id, table.c.line_no)
        rows = connection.execute(query).mappings().all()
        if not rows or rows[-1]["withdrawn"]:
            raise NotFoundError(
                f"there is no {kind} {name[:60]!r} that counts in these books",
                "Look up its name; what was withdrawn once counts no more.",
            )
        values: dict[str, Value] = {one.name: rows[-1][one.name] for one in of.own_fields}
        act_kind = ACT_OF_LIST.get(f"{kind}s", RECORDING)
        made = Draft(act_kind, f"obligations:{uuid.uuid4()}", reason=stated)
        made.add(of.name, {**values, "withdrawn": 1}, scope=str(rows[-1]["scope"]))
        return made

    return post(database, draft, actor, clock=clock)


def set_consent_rule(
    database: Database,
    actor: Actor,
    mode: str,
    reason: str,
    *,
    from_day: datetime.date | None = None,
    clock: Clock = system_clock,
) -> Posted:
    """Record what happens to a step without consent.

    Parameters
    ----------
    mode : str
        ``refuse`` or ``note``.
    from_day : datetime.date, optional
        Steps before this day are noted and never refused.

    Raises
    ------
    UsageError
        If there is no such mode, or no reason is given.
    """
    if mode not in (REFUSE, NOTE):
        raise UsageError(f"there is no rule {mode[:40]!r}", f"One of {REFUSE}, {NOTE}.")
    stated = required_reason(reason)
    made = Draft(RULING, f"obligations:{uuid.uuid4()}", reason=stated)
    values: dict[str, Value] = {
        "mode": mode,
        "from_day": None if from_day is None else date_number(from_day),
        "reason": stated,
    }
    made.add(CONSENT_RULE.name, values, scope=actor.on_behalf_of)
    return post(database, made, actor, clock=clock)
