"""Limits that a balance is held against: dated rules, and limits that a facility decided on.

The shipped rules are tables with their source and status; a rule that nobody checked against its
source says so wherever it is used. Limits of facilities and States are lines of acts, of which
the last of a name counts.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import resolved
from keiryo.data import read_table, valid_on
from keiryo.dates import date_number
from keiryo.errors import NotFoundError, UsageError
from keiryo.evaluation.model import ELEMENT, Amounts, LimitTest
from keiryo.evaluation.tables import EVALUATION_LIMIT
from keiryo.journal.model import Actor, Draft, Posted
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.places.tables import area
from keiryo.quantities import Category
from keiryo.storage.engine import Database

TABLE = "evaluation_limits"
FORMS = (
    "muf_over_sigma",
    "loss_over_sigma",
    "muf_kg",
    "sigma_kg",
    "sigma_over_active_inventory",
    "sigma_over_throughput",
    "two_sigma_max",
)
OF_SIGMA = ("sigma_kg", "sigma_over_active_inventory", "sigma_over_throughput", "two_sigma_max")
"""Forms that ask whether the measurements are good enough, whatever MUF is."""

LARGEST = Decimal(10) ** 12
LONGEST_NUMBER = 40
LONGEST_WORDS = 500
_NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit, where it comes from and what it applies to; `mba` None is every area.

    `enrichment` is high or low if the limit is one of high-enriched (20 % or more, or U-233) or
    of low-enriched uranium only; it says nothing about other elements.
    """

    name: str
    form: str
    value: float
    floor_kg: float | None
    mba: str | None
    categories: str
    quantity: str | None
    basis: str
    verified: bool
    act: int | None = None
    line: int | None = None
    enrichment: str | None = None

    def applies(self, mba: str, category: Category, quantity: str) -> bool:
        """Return whether the limit is one of a balance."""
        return (
            self.mba in (None, mba) and str(category) in self.categories and self._is_of(quantity)
        )

    def _is_of(self, quantity: str) -> bool:
        if self.quantity in (None, quantity):
            return True
        if quantity == ELEMENT:
            return False
        return self.quantity == "isotope" or (self.quantity == "U-233" and "U-233" in quantity)

    def fits(self, category: Category, *, high: bool, low: bool) -> bool:
        """Return whether a balance holds uranium of the enrichment that the limit is for."""
        if self.enrichment is None or category not in (Category.ENRICHED, Category.UNIFIED):
            return True
        return high if self.enrichment == "high" else low

    def to_dict(self) -> dict[str, Any]:
        """Return the limit as plain data."""
        return {
            "name": self.name,
            "form": self.form,
            "value": self.value,
            "floor_kg": self.floor_kg,
            "mba": self.mba,
            "categories": self.categories,
            "quantity": self.quantity,
            "basis": self.basis,
            "verified": self.verified,
            "enrichment": self.enrichment,
            "act": self.act,
        }


def rule_names() -> list[str]:
    """Return the names of the shipped sets of rules."""
    return sorted({row["rules"] for row in read_table(TABLE)["limit"]})


def shipped_limits(rules: Iterable[str], on: datetime.date) -> list[Limit]:
    """Return the limits of some sets of rules that hold on a day.

    Raises
    ------
    UsageError
        If there is no such set.
    """
    found = []
    for wanted in dict.fromkeys(rules):
        if wanted not in rule_names():
            listed = ", ".join(rule_names())
            raise UsageError(f"there are no rules {wanted!r}", f"Shipped are: {listed}.")
        for row in read_table(TABLE)["limit"]:
            if row["rules"] == wanted and row["valid_from"] <= on <= row.get(
                "valid_to", datetime.date.max
            ):
                floor = row.get("floor_kg")
                found.append(
                    Limit(
                        row["name"], row["form"], float(row["value"]),
                        None if floor is None else float(floor), None,
                        row.get("categories", "NDEUPT"), row.get("quantity"), row["source"],
                        row["status"] == "verified", enrichment=row.get("enrichment"),
                    )
                )  # fmt: skip
    return found


def expected_fraction(facility: str, on: datetime.date) -> tuple[float, str, bool]:
    """Return the expected relative standard deviation of a type of facility, its source and status.

    Raises
    ------
    UsageError
        If there is no such type.
    """
    row = valid_on(read_table(TABLE)["expected_uncertainty"], "expected uncertainty", on)
    known = [name for name in row if name not in ("source", "status", "valid_from", "valid_to")]
    name = facility.replace("-", "_")
    if name not in known:
        listed = ", ".join(k.replace("_", "-") for k in known)
        raise UsageError(f"{facility!r} is no type of facility of the table", f"Give {listed}.")
    return float(row[name]), str(row["source"]), row["status"] == "verified"


def recorded_limits(
    connection: Connection, metadata: MetaData, on: datetime.date | None, knowledge: Knowledge
) -> list[Limit]:
    """Return the limits that were decided on and hold on a day (None: any day)."""
    table = metadata.tables[EVALUATION_LIMIT.name]
    query = select(table).order_by(table.c.act_id, table.c.line_no)
    last = resolved(connection, metadata, knowledge).through_act
    if last is not None:
        query = query.where(table.c.act_id <= last)
    latest: dict[tuple[str, str | None], Any] = {}
    for row in connection.execute(query).mappings():
        latest[row["name"], row["mba"]] = row
    day = None if on is None else date_number(on)
    return [
        Limit(
            row["name"], row["form"], float(row["value"]),
            None if row["floor_kg"] is None else float(row["floor_kg"]), row["mba"],
            row["category"] or "NDEUPT", row["quantity"],
            row["basis"] or "decision recorded in the books", True,
            int(row["act_id"]), int(row["line_no"]),
        )
        for row in latest.values()
        if row["state"] == "in force"
        and (day is None or (row["valid_from"] or 0) <= day <= (row["valid_to"] or 99991231))
    ]  # fmt: skip


def held_against(
    limits: Iterable[Limit], muf_kg: float, sigma_kg: float | None, amounts: Amounts
) -> Iterator[LimitTest]:
    """Hold a balance against limits."""
    for limit in limits:
        value = _value(limit, muf_kg, sigma_kg, amounts)
        bound = limit.value
        if limit.form == "two_sigma_max":
            bound = max(limit.floor_kg or 0.0, limit.value * amounts.active_kg)
        passed = None if value is None else value <= bound
        if passed is False and limit.form in ("muf_over_sigma", "loss_over_sigma"):
            passed = limit.floor_kg is not None and abs(muf_kg) <= limit.floor_kg
        yield LimitTest(limit.name, limit.form, value, bound, passed, limit.basis, limit.verified)


def _value(limit: Limit, muf_kg: float, sigma_kg: float | None, amounts: Amounts) -> float | None:
    if limit.form == "muf_kg":
        return abs(muf_kg)
    if sigma_kg is None:
        return None
    if limit.form in ("muf_over_sigma", "loss_over_sigma"):
        size = abs(muf_kg) if limit.form == "muf_over_sigma" else muf_kg
        return size / sigma_kg if sigma_kg > 0.0 else None
    if limit.form == "sigma_over_active_inventory":
        return sigma_kg / amounts.active_kg if amounts.active_kg > 0.0 else None
    if limit.form == "sigma_over_throughput":
        return sigma_kg / amounts.throughput_kg if amounts.throughput_kg > 0.0 else None
    return 2.0 * sigma_kg if limit.form == "two_sigma_max" else sigma_kg


def set_limit(
    database: Database,
    actor: Actor,
    *,
    name: str,
    form: str,
    value: str,
    mba: str | None = None,
    category: str | None = None,
    quantity: str | None = None,
    floor_kg: str | None = None,
    valid_from: datetime.date | None = None,
    valid_to: datetime.date | None = None,
    basis: str | None = None,
    clock: Clock = system_clock,
) -> Posted:
    """Record a limit; one of the same name and area is replaced.

    Raises
    ------
    UsageError
        If the form, a number or the category is none.
    """
    if form not in FORMS:
        raise UsageError(f"{form!r} is no form of a limit", f"Give one of {', '.join(FORMS)}.")
    if category is not None and category not in list(Category):
        raise UsageError(f"{category!r} is no category", "Give N, D, E, U, P or T.")
    if quantity not in (None, ELEMENT, "isotope"):
        raise UsageError(f"{quantity!r} is no quantity", "Give element, isotope or leave it out.")
    for text in (value, floor_kg):
        if text is not None:
            _require_number(text)
    _require_words("name", name)
    if basis is not None:
        _require_words("basis", basis)
    if valid_from is not None and valid_to is not None and valid_from > valid_to:
        raise UsageError(
            f"a limit from {valid_from} to {valid_to} is never in force",
            "Give a last day that is not before the first.",
        )
    fields = {
        "name": name, "mba": mba, "category": category, "quantity": quantity, "form": form,
        "value": value, "floor_kg": floor_kg, "basis": basis,
        "valid_from": None if valid_from is None else date_number(valid_from),
        "valid_to": None if valid_to is None else date_number(valid_to),
    }  # fmt: skip
    return _post(database, actor, "limit.set", fields, "in force", clock)


def withdraw_limit(
    database: Database,
    actor: Actor,
    *,
    name: str,
    mba: str | None = None,
    reason: str | None = None,
    clock: Clock = system_clock,
) -> Posted:
    """Withdraw a limit.

    Raises
    ------
    NotFoundError
        If none of that name is in force.
    UsageError
        If a reason is given that says nothing.
    """
    if reason is not None:
        _require_words("reason", reason)
    with database.reading() as connection:
        known = recorded_limits(connection, database.metadata, None, Knowledge())
    found = next((limit for limit in known if (limit.name, limit.mba) == (name, mba)), None)
    if found is None:
        listed = ", ".join(sorted(limit.name for limit in known)) or "none"
        raise NotFoundError(f"no limit {name!r} is in force", f"In force are: {listed}.")
    fields = {"name": name, "mba": mba, "form": found.form, "value": str(found.value)}
    return _post(database, actor, "limit.withdraw", fields, "withdrawn", clock, reason)


def _post(
    database: Database,
    actor: Actor,
    kind: str,
    fields: dict[str, Any],
    state: str,
    clock: Clock,
    reason: str | None = None,
) -> Posted:
    def draft(connection: Connection) -> Draft:
        metadata = database.metadata
        mba = fields["mba"]
        scope = actor.on_behalf_of if mba is None else area(connection, metadata, mba).scope
        table = metadata.tables[EVALUATION_LIMIT.name]
        query = (
            select(table)
            .where(table.c.name == fields["name"])
            .order_by(table.c.act_id, table.c.line_no)
        )
        same = [r for r in connection.execute(query).mappings() if r["mba"] == mba]
        last = same[-1] if same else None
        values = {**fields, "state": state}
        number = 0 if last is None else int(last["act_id"])
        if last is not None and all(last[k] == v for k, v in values.items()):
            number = int(same[-2]["act_id"]) if len(same) > 1 else 0  # said before: the same act
        client_id = f"{kind}:{mba or '*'}:{fields['name']}:{number}"
        made = Draft(kind, client_id, reason=reason)
        made.add(EVALUATION_LIMIT.name, values, scope=scope)
        return made

    return post(database, draft, actor, clock=clock)


def _require_number(text: str) -> None:
    if len(text) > LONGEST_NUMBER or _NUMBER.fullmatch(text) is None:
        raise UsageError(
            f"{text[:LONGEST_NUMBER]!r} is no limit",
            "A limit is a number of zero or more, with a point before decimals: e.g. 0.5.",
        )
    if Decimal(text) > LARGEST:
        raise UsageError(
            f"{text} is too large for a limit", f"Give a number up to {int(LARGEST):,}."
        )


def _require_words(what: str, text: str) -> None:
    if not text.strip() or not text.isprintable():
        raise UsageError(
            f"the {what} {text[:LONGEST_WORDS]!r} says nothing or has control characters",
            f"Give a {what} in words, on one line.",
        )
    if len(text) > LONGEST_WORDS:
        raise UsageError(
            f"the {what} has {len(text)} characters", f"Give at most {LONGEST_WORDS} characters."
        )
