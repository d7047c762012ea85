"""Profiles: what a jurisdiction or an agreement asks of reports, and by when.

A profile says which element categories are shown, how weights are rounded, what is due when, how
often a physical inventory is taken, and which codes a national system uses beside those of
Code 10. It changes what is asked for and shown, never the books. Profiles are asked for on a day,
so that an old period is judged by the rules of its time.

The shipped tables are ``profiles``, ``duties`` and ``national_codes`` in ``keiryo/data``; each
row names its source. A State adds its own as files of the same form (`keiryo.profile_files`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from keiryo.data import TableVersion, table_version, valid_on
from keiryo.duty_rules import (
    USUAL_WORKING_DAYS,
    WEEKDAYS,
    DutyRule,
    WorkingDays,
    due_date,
    duty_rule,
)
from keiryo.errors import NotFoundError, RefusedError
from keiryo.profile_files import ProfileTables, read_profile_files, shipped_tables

FOLDER_VARIABLE = "KEIRYO_PROFILES"
"""Environment variable that names a folder with profile files of one's own."""

_MODEL_DAYS = 30  # INFCIRC/153 paragraphs 62 and 63, where a profile counts otherwise than in days


@dataclass(frozen=True, slots=True)
class Deadlines:
    """When the reports of Code 10 are due, and how often a physical inventory is taken.

    Attributes
    ----------
    duties : tuple of DutyRule
        All that the profile asks for.
    pit_months : int or None
        Most months between two physical inventory takings.
    pit_yearly : bool
        Whether one is taken in each calendar year.
    working_days : WorkingDays
    """

    duties: tuple[DutyRule, ...]
    pit_months: int | None = None
    pit_yearly: bool = False
    working_days: WorkingDays = USUAL_WORKING_DAYS

    def icr_due(self, change: date) -> date:
        """Return the last day for reporting a change of (or established on) `change`."""
        return self._due("I", "ICR", ("change_month", "change_day"), change)

    def mbr_due(self, inventory_taking: date) -> date:
        """Return the last day for the material balance report and the listing."""
        rule = self._find("M", ("pit",)) or self._find("P", ("pit",))
        return self._evaluated(rule, "MBR", inventory_taking)

    def initial_due(self, entry_into_force: date) -> date:
        """Return the last day for the initial report."""
        return self._due("P", "initial", ("in_force",), entry_into_force)

    @property
    def icr_days(self) -> int:
        """Days after the end of the month; 30 where the profile does not count so."""
        return self._days(self._find("I", ("change_month",)))

    @property
    def mbr_days(self) -> int:
        """Days after the physical inventory taking; 30 where the profile does not count so."""
        return self._days(self._find("M", ("pit",)) or self._find("P", ("pit",)))

    @property
    def initial_days(self) -> int:
        """Days after the end of the month of entry into force; 30 where not counted so."""
        return self._days(self._find("P", ("in_force",)))

    def of_kind(self, kind: str) -> tuple[DutyRule, ...]:
        """Return the duties of a kind."""
        return tuple(rule for rule in self.duties if rule.kind == kind)

    def _find(self, report: str, triggers: Sequence[str]) -> DutyRule | None:
        found = (d for d in self.duties if d.report == report and d.trigger in triggers)
        return next(found, None)

    def _due(self, report: str, kind: str, triggers: Sequence[str], day: date) -> date:
        return self._evaluated(self._find(report, triggers), kind, day)

    def _evaluated(self, rule: DutyRule | None, kind: str, day: date) -> date:
        if rule is None:
            raise NotFoundError(
                f"the profile does not say by when the {kind} is due",
                "Choose another profile, or add the duty to your profile file.",
            )
        return due_date(rule, day, self.working_days)

    @staticmethod
    def _days(rule: DutyRule | None) -> int:
        if rule is None:
            return _MODEL_DAYS
        if rule.offset == "day_of_next_month" and rule.base == "end_of_month":
            return rule.count
        return rule.count if rule.offset == "days" else _MODEL_DAYS


@dataclass(frozen=True, slots=True)
class Profile:
    """What a jurisdiction or an agreement asks of reports.

    Attributes
    ----------
    name, title : str
    categories : tuple of str
        Letters of the element categories in reports; H and L stand for enriched uranium from
        and below 20 %.
    deadlines : Deadlines
    rounding_step_mg, decimals : mapping of unit to int
    transit_warning_days, transit_inconsistency_days : int
        Ages above which an open shipment is a warning, an inconsistency.
    booking : str
        When nuclear loss and production at reactors are booked.
    correction : str
        What a second correction refers to: ``"last"`` or ``"original"``.
    retention_years : int
    version : TableVersion
    bulk_items : int
        Number of items that label 470 states for bulk material.
    """

    name: str
    title: str
    categories: tuple[str, ...]
    deadlines: Deadlines
    rounding_step_mg: Mapping[str, int]
    decimals: Mapping[str, int]
    transit_warning_days: int
    transit_inconsistency_days: int
    booking: str
    correction: str
    retention_years: int
    version: TableVersion
    bulk_items: int = 0

    @property
    def splits_enriched(self) -> bool:
        """Whether reports tell high from low enriched uranium."""
        return "H" in self.categories

    @property
    def unifies_uranium(self) -> bool:
        """Whether reports show all uranium as one category."""
        return "U" in self.categories

    @property
    def duties(self) -> tuple[DutyRule, ...]:
        """All that the profile asks for."""
        return self.deadlines.duties


@dataclass(frozen=True, slots=True)
class CodeTable:
    """A list of codes or fields of a national system, for looking up.

    Attributes
    ----------
    profiles : tuple of str
    name, source, status : str
    columns : tuple of str
    rows : tuple of tuple of str
    note : str or None
    unverified : tuple of str
    """

    profiles: tuple[str, ...]
    name: str
    source: str
    status: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str | None = None
    unverified: tuple[str, ...] = ()


def profile(name: str, on: date, own: ProfileTables | None = None) -> Profile:
    """Return a profile as it stands on a day.

    Parameters
    ----------
    name : str
    on : date
    own : ProfileTables, optional
        Profiles beside the shipped ones. Default: those of the folder that the environment
        variable ``KEIRYO_PROFILES`` names, read when the name is not a shipped one.

    Raises
    ------
    NotFoundError
        If there is no such profile, or none on that day.
    RefusedError
        If a file in that folder is not well-formed.
    """
    tables = _tables_with(name, own)
    rows = [row for row in tables.profiles if row["name"] == name]
    if not rows:
        raise NotFoundError(
            f"there is no profile {name[:40]!r}", f"Profiles are {', '.join(tables.names())}."
        )
    row = completed(valid_on(rows, f"profile {name}", on), tables, on)
    rounding, transit = row["rounding"], row["transit"]
    return Profile(
        name=name,
        title=row["title"],
        categories=tuple(row["categories"]),
        deadlines=_deadlines(row, tables, on),
        rounding_step_mg=MappingProxyType(rounding["step_mg"]),
        decimals=MappingProxyType(rounding["decimals"]),
        transit_warning_days=transit["warning_days"],
        transit_inconsistency_days=transit["inconsistency_days"],
        booking=row["booking"],
        correction=row["correction"],
        retention_years=row["retention_years"],
        version=table_version(f"profile {name}", row),
        bulk_items=row.get("bulk_items", 0),
    )


def profile_names() -> tuple[str, ...]:
    """Return the names of the shipped profiles."""
    return shipped_tables().names()


def code_tables(name: str, own: ProfileTables | None = None) -> tuple[CodeTable, ...]:
    """Return the lists of national codes that belong to a profile (or vocabulary) name."""
    tables = _tables_with(name, own)
    return tuple(_code_table(row) for row in tables.code_tables if name in row["profiles"])


def vocabulary_names() -> tuple[str, ...]:
    """Return the names that have lists of codes but no profile."""
    listed = (name for row in shipped_tables().code_tables for name in row["profiles"])
    return tuple(dict.fromkeys(name for name in listed if name not in profile_names()))


def profile_versions() -> tuple[TableVersion, ...]:
    """Return every shipped version of a profile with its source, status and dates."""
    return tuple(table_version(f"profile {row['name']}", row) for row in shipped_tables().profiles)


def folder_tables() -> ProfileTables:
    """Return the profiles of the folder that ``KEIRYO_PROFILES`` names; none if it is not set.

    Raises
    ------
    RefusedError
        With all findings, if a file there is not well-formed.
    """
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        return ProfileTables()
    tables, findings = read_profile_files(sorted(Path(folder).glob("*.toml")))
    if findings:
        raise RefusedError(
            f"the profile files in {folder} cannot be used", findings, "Correct them first."
        )
    return tables


def completed(row: Mapping[str, Any], tables: ProfileTables, on: date) -> Mapping[str, Any]:
    """Return a row with what it does not say taken from the profile that it is `like`."""
    like = row.get("like")
    if like is None:
        return row
    others = [other for other in tables.profiles if other["name"] == like]
    base = completed(valid_on(others, f"profile {like}", on), tables, on)
    inherited = {k: v for k, v in base.items() if k not in ("unverified", "design", "valid_to")}
    return {**inherited, **row}


def _tables_with(name: str, own: ProfileTables | None) -> ProfileTables:
    shipped = shipped_tables()
    if own is not None:
        return shipped + own
    known = {*shipped.names(), *(n for row in shipped.code_tables for n in row["profiles"])}
    return shipped if name in known else shipped + folder_tables()


def _deadlines(row: Mapping[str, Any], tables: ProfileTables, on: date) -> Deadlines:
    days_off: Iterable[str] = row.get("weekend", ("Saturday", "Sunday"))
    working = WorkingDays(
        frozenset(WEEKDAYS.index(day) for day in days_off), frozenset(row.get("holidays", ()))
    )
    pit = row.get("pit", {})
    return Deadlines(_duties(row, tables, on), pit.get("months"), pit.get("yearly", False), working)


def _duties(row: Mapping[str, Any], tables: ProfileTables, on: date) -> tuple[DutyRule, ...]:
    """Return the duties of a profile: its own, and by kind those of the one that it is like."""
    own = [
        duty
        for duty in tables.duties
        if row["name"] in duty["profiles"]
        and duty.get("valid_from", date.min) <= on <= duty.get("valid_to", date.max)
    ]
    rules = tuple(duty_rule(duty) for duty in own)
    like = row.get("like")
    if like is None:
        return rules
    kinds = {rule.kind for rule in rules}
    others = [other for other in tables.profiles if other["name"] == like]
    inherited = _duties(valid_on(others, f"profile {like}", on), tables, on)
    return rules + tuple(rule for rule in inherited if rule.kind not in kinds)


def _code_table(row: Mapping[str, Any]) -> CodeTable:
    return CodeTable(
        profiles=tuple(row["profiles"]),
        name=row["name"],
        source=row["source"],
        status=row["status"],
        columns=tuple(row["columns"]),
        rows=tuple(tuple(line) for line in row["rows"]),
        note=row.get("note"),
        unverified=tuple(row.get("unverified", ())),
    )
