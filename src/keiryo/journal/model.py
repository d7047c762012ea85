"""Acts and lines: the one form in which keiryo records what was accounted for or decided.

An **act** is a statement for which a person answers. It has consecutive numbers, names who made
it on whose behalf and why, and holds **lines** of one or more kinds. A line kind is a typed
append-only table. Neither acts nor lines are ever changed; a correction is a new act.

Every line carries a scope (``State/facility/MBA``), optionally an agreement and a handling
caveat, so that later permission is one predicate in SQL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import polars as pl

Value = int | str | None

MAX_INTEGER = 2**63 - 1
MAX_TEXT_BYTES = 1_000_000


class FieldType(StrEnum):
    """The two types a field of a line may have; floats never enter a table of record."""

    INTEGER = "INTEGER"
    TEXT = "TEXT"


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a line kind.

    Attributes
    ----------
    name : str
        Lower-case name, unit last (``element_mg``).
    type : FieldType
    doc : str
        What the field holds, in the words of the domain.
    required : bool
        Whether null is refused.
    """

    name: str
    type: FieldType
    doc: str
    required: bool = False


def text(name: str, doc: str, *, required: bool = False) -> Field:
    """Return a text field."""
    return Field(name, FieldType.TEXT, doc, required)


def integer(name: str, doc: str, *, required: bool = False) -> Field:
    """Return an integer field."""
    return Field(name, FieldType.INTEGER, doc, required)


COMMON_FIELDS = (
    text("scope", "whose the line is: State, State/facility or State/facility/MBA", required=True),
    text("agreement", "the agreement under which the line stands, if any"),
    text("caveat", "handling caveat, if any"),
)
"""Fields that every line kind has, besides ``act_id``, ``line_no`` and ``salt``."""

RESERVED = frozenset({"act_id", "line_no", "salt", *(f.name for f in COMMON_FIELDS)})
_NAME = re.compile(r"[a-z][a-z0-9_]{1,40}")


@dataclass(frozen=True, slots=True)
class LineKind:
    """A kind of line: the name of its table of record and its fields.

    Attributes
    ----------
    name : str
        Table name, e.g. ``"inventory_change"``.
    doc : str
        What one line states.
    own_fields : tuple of Field
        The fields besides the common ones.
    checks : tuple of str
        SQL conditions that every line fulfils (portable to both databases).
    indexes : tuple of (fields, condition)
        Indexes; the condition makes a partial one, or is None.

    Raises
    ------
    ValueError
        If a name is not a plain lower-case word or clashes with a common field.
    """

    name: str
    doc: str
    own_fields: tuple[Field, ...]
    checks: tuple[str, ...] = ()
    indexes: tuple[tuple[tuple[str, ...], str | None], ...] = ()

    def __post_init__(self) -> None:
        names = [f.name for f in self.own_fields]
        for name in (self.name, *names):
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} is not a plain lower-case name")
        taken = RESERVED & set(names)
        if taken or len(set(names)) != len(names):
            raise ValueError(f"line kind {self.name}: field names clash: {sorted(taken) or names}")

    @property
    def fields(self) -> tuple[Field, ...]:
        """All typed fields: the common ones and its own."""
        return COMMON_FIELDS + self.own_fields


class Signer(Protocol):
    """What signs for a person: the private half of a key that is registered for them."""

    @property
    def key(self) -> str:
        """The public key, 64 hexadecimal digits (Ed25519, RFC 8032)."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the signature over `message`, 64 bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person by pseudonymous id, and on whose behalf.

    Attributes
    ----------
    person, on_behalf_of : str
    signer : Signer, optional
        Signs the act for the person.
    endorsement : tuple of (kind, values)
        Lines that go with the act because of how it came about: who prepared what this person
        releases.
    """

    person: str
    on_behalf_of: str
    signer: Signer | None = field(default=None, compare=False, repr=False)
    endorsement: tuple[tuple[str, Mapping[str, Value]], ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """The header of an act as recorded.

    Attributes
    ----------
    act_id : int
        Consecutive number from 1.
    client_id : str
        Identifier chosen by the sender, so that a resend is recognised.
    recorded_at : str
        UTC, ``2026-11-21T22:39:41.123456Z``.
    person, on_behalf_of : str
    kind : str
        E.g. ``"report.accept"``.
    reason : str or None
    corrects : int or None
        The act that this one corrects.
    line_count : int
    lines_root : str
        Merkle root over the salted lines, hexadecimal.
    previous_digest, digest : str
        The chain, hexadecimal.
    """

    act_id: int
    client_id: str
    recorded_at: str
    person: str
    on_behalf_of: str
    kind: str
    reason: str | None
    corrects: int | None
    line_count: int
    lines_root: str
    previous_digest: str
    digest: str


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of a posting: the act, its findings, and whether it was there already."""

    act: Act
    repeated: bool = False


@dataclass(slots=True)
class Draft:
    """An act that is being prepared: its header and its lines in order.

    Lines added one by one get their number at once, so that a child line can name its parent.
    Frames (for bulk) come after all single lines and are consumed once, in order.

    Parameters
    ----------
    kind : str
        What the act is, e.g. ``"report.accept"``.
    client_id : str
        Unique name chosen by the sender; sending the same draft again changes nothing.
    """

    kind: str
    client_id: str
    reason: str | None = None
    corrects: int | None = None
    lines: list[tuple[str, dict[str, Value]]] = field(default_factory=list)
    frames: list[tuple[str, Iterable[pl.DataFrame]]] = field(default_factory=list)

    def add(self, kind: str, values: Mapping[str, Value] | None = None, /, **more: Value) -> int:
        """Add one line and return its number within the act (from 1)."""
        assert not self.frames, "single lines come before frames"
        self.lines.append((kind, {**(values or {}), **more}))
        return len(self.lines)

    def add_frames(self, kind: str, frames: Iterable[pl.DataFrame]) -> None:
        """Add lines in bulk; each frame has columns named like the fields of `kind`."""
        self.frames.append((kind, frames))


def header_problems(draft: Draft, actor: Actor) -> list[str]:
    """Return what is wrong with the types of an act's header, in words."""
    problems = []
    for name, value, required in (
        ("kind", draft.kind, True),
        ("client_id", draft.client_id, True),
        ("person", actor.person, True),
        ("on_behalf_of", actor.on_behalf_of, True),
        ("reason", draft.reason, False),
    ):
        if isinstance(value, str):
            problems += _text_problems(name, value)
        elif required or value is not None:
            problems.append(f"{name} is not text: {value!r}")
    corrects = draft.corrects
    if corrects is not None and (type(corrects) is not int or abs(corrects) > MAX_INTEGER):
        problems.append(f"corrects is not the number of an act: {corrects!r}")
    return problems


def line_problems(kind: LineKind, values: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the types of a line, in words; empty if nothing is.

    Raises nothing: the posting pipeline decides what a problem means.
    """
    known = {f.name: f for f in kind.fields}
    problems = [f"{name} is no field of {kind.name}" for name in values if name not in known]
    for name, spec in known.items():
        value = values.get(name)
        if value is None:
            if spec.required:
                problems.append(f"{kind.name}.{name} is missing")
        elif spec.type is FieldType.INTEGER:
            if type(value) is not int or abs(value) > MAX_INTEGER:
                problems.append(f"{kind.name}.{name} is not a 64-bit integer: {value!r}")
        elif not isinstance(value, str):
            problems.append(f"{kind.name}.{name} is not text: {value!r}")
        else:
            problems += _text_problems(f"{kind.name}.{name}", value)
    return problems


def _text_problems(name: str, value: str) -> list[str]:
    if "\0" in value:
        return [f"{name} holds a NUL character"]
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        return [f"{name} is not valid Unicode text"]
    return [f"{name} is longer than {MAX_TEXT_BYTES} bytes"] if size > MAX_TEXT_BYTES else []
