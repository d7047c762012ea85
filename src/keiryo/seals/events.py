"""What happens to a seal, as somebody reports it: one event, its place in time and its fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from keiryo.journal.model import Value
from keiryo.seals.numbers import SealKey

SEPARATOR = " | "


@dataclass(frozen=True, slots=True)
class SealEvent:
    """An event in the life of a seal.

    Attributes
    ----------
    body, number : str
        By what the seal goes.
    event : str
        One of `keiryo.seals.tables.EVENTS`.
    at : str
        UTC, as `keiryo.dates.utc_text` writes it.
    person, second_person : str
        Who did it.
    act, line : int
        Where it stands in the record; 0 while it does not.

    The other attributes are the fields of the line kind ``seal_event``.
    """

    body: str
    number: str
    event: str
    at: str
    person: str
    second_person: str | None = None
    role: str | None = None
    organisation: str | None = None
    place: str | None = None
    by_operator: int | None = None
    notice: str | None = None
    reason: str | None = None
    remark: str | None = None
    corrects_act: int | None = None
    corrects_line: int | None = None
    mba: str | None = None
    containment: str | None = None
    paths: str | None = None
    route: str | None = None
    co_device: str | None = None
    depends_on: str | None = None
    number_read: str | None = None
    tag: str | None = None
    wire: str | None = None
    enclosure: str | None = None
    finding: str | None = None
    bag: str | None = None
    courier: str | None = None
    expected_on: int | None = None
    unopened: int | None = None
    self_test: str | None = None
    retention_days: int | None = None
    reference: str | None = None
    log: str | None = None
    log_state: str | None = None
    log_first: int | None = None
    log_last: int | None = None
    evidence: str | None = None
    items: tuple[str, ...] = ()
    act: int = 0
    line: int = 0

    @property
    def key(self) -> SealKey:
        """By what the seal goes."""
        return SealKey(self.body, self.number)

    @property
    def place_in_record(self) -> tuple[int, int]:
        """Act and line."""
        return self.act, self.line

    @property
    def corrected(self) -> tuple[int, int] | None:
        """Act and line of the event that this one corrects; None if it corrects none."""
        if self.corrects_act is None or self.corrects_line is None:
            return None
        return self.corrects_act, self.corrects_line

    @property
    def node(self) -> str:
        """Its line in the evidence chain."""
        return f"line:{self.act}/{self.line}"

    @property
    def persons(self) -> tuple[str, ...]:
        """Who did it: those who are named, each once."""
        named = (self.person.strip(), (self.second_person or "").strip())
        return tuple(dict.fromkeys(one for one in named if one))

    @property
    def path_names(self) -> tuple[str, ...]:
        """Names of the ways that an attached seal closes."""
        return tuple(one for one in (self.paths or "").split(SEPARATOR) if one)

    @property
    def shared(self) -> frozenset[str]:
        """What the device depends on together with others."""
        return frozenset(one for one in (self.depends_on or "").split(SEPARATOR) if one)

    @property
    def number_agrees(self) -> bool:
        """Whether the number that a check read is the seal's own."""
        return self.number_read in (self.number, f"{self.body}/{self.number}")

    @property
    def components(self) -> tuple[str | None, str | None, str | None]:
        """What a check found of tag, wire and containment."""
        return self.tag, self.wire, self.enclosure

    @property
    def all_good(self) -> bool:
        """Whether a check read the right number and found tag, wire and containment in order."""
        return self.number_agrees and self.components == ("ok", "ok", "ok")

    def values(self) -> dict[str, Value]:
        """Return the fields of its line."""
        return {name: getattr(self, name) for name in _LINE_FIELDS}

    def to_dict(self) -> dict[str, Any]:
        """Return what is stated as plain data: fields that hold something."""
        told = {n: getattr(self, n) for n in _LINE_FIELDS if getattr(self, n) is not None}
        if self.items:
            told["items"] = list(self.items)
        if self.act:
            told["line"] = self.node
        return told


_NO_FIELDS = ("items", "act", "line")
_LINE_FIELDS = tuple(one.name for one in fields(SealEvent) if one.name not in _NO_FIELDS)


def event_of(row: Mapping[str, Any], items: tuple[str, ...] = ()) -> SealEvent:
    """Return the event of a line of the record."""
    given = {name: row[name] for name in _LINE_FIELDS}
    return SealEvent(**given, items=items, act=row["act_id"], line=row["line_no"])
