"""The three kinds of bad news: findings, errors, and (by ``assert``) our own bugs.

A *finding* is data: something in the input or in the books deserves an answer. Findings are
collected, shown together and recorded; they are never raised. An *error* says that a request
cannot be done. Every error below carries ``advice``: what a person should do next.

    KeiryoError
    ├── NotFoundError            an object that was asked for is not in the books
    ├── UsageError               the request itself makes no sense
    ├── RefusedError             the posting was refused; ``findings`` says why
    ├── ConflictError            the client id was used for other content, or someone was first
    ├── ClockError               the computer's clock is behind the last recorded act
    ├── WorkersLostError         those who did long work went away (keiryo.compute)
    ├── JournalError             the journal is damaged; ``act_id`` is the first wrong act
    └── StorageError             the database cannot do it
        ├── NotInitialisedError  no keiryo database there (yet)
        ├── NewerSchemaError     written by a newer keiryo
        ├── ConstraintError      a line breaks a rule of its table
        ├── ReadOnlyError        the database or its folder cannot be written
        └── FullError            the disk is full
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How a finding is treated."""

    FORMAT = "F"  # the record cannot be accepted
    INCONSISTENCY = "E"  # a query to the reporter
    WARNING = "W"
    INFORMATION = "I"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or worth a look, where it is, and what to do about it.

    Attributes
    ----------
    code : str
        Stable rule code, e.g. ``"ISOTOPE-MISSING"``.
    severity : Severity
    message : str
        What is wrong, in plain words.
    advice : str
        What to do about it.
    file, line : str, int
        Where in the input; ``line`` counts from 1.
    cell : str
        Where in a spreadsheet or table: sheet, row and column, e.g. ``"Receipts row 7 column C"``.
    mba, report, entry, label, category : optional
        Where in the domain: material balance area, report number, entry number,
        Code 10 label, element category.
    found, expected : str
        The two values that disagree, as text.
    basis : str
        The paragraph or source the rule comes from.
    """

    code: str
    severity: Severity
    message: str
    advice: str = ""
    file: str | None = None
    line: int | None = None
    mba: str | None = None
    report: str | None = None
    entry: int | None = None
    label: str | None = None
    category: str | None = None
    found: str | None = None
    expected: str | None = None
    basis: str | None = None
    cell: str | None = None

    @property
    def place(self) -> str:
        """The place in words, e.g. ``"x.txt:3 XAFA report 102 entry 1"``."""
        words = []
        if self.file:
            words.append(f"{self.file}:{self.line}" if self.line else self.file)
        if self.cell:
            words.append(self.cell)
        if self.mba:
            words.append(self.mba)
        if self.report:
            words.append(f"report {self.report}")
        if self.entry is not None:
            words.append(f"entry {self.entry}")
        if self.label:
            words.append(f"label {self.label}")
        return " ".join(words)


def worst(findings: Iterable[Finding]) -> Severity | None:
    """Return the most serious severity among `findings`, or None if there is none."""
    order = {s: n for n, s in enumerate(Severity)}
    return min((f.severity for f in findings), key=order.__getitem__, default=None)


class KeiryoError(Exception):
    """A request that cannot be done; ``advice`` says what to do next."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


class NotFoundError(KeiryoError):
    """An object that was asked for is not in the books."""


class UsageError(KeiryoError):
    """The request itself makes no sense."""


class RefusedError(KeiryoError):
    """A check refused the posting; nothing was posted."""

    def __init__(self, message: str, findings: Iterable[Finding], advice: str = "") -> None:
        super().__init__(message, advice)
        self.findings = tuple(findings)


class NotAllowedError(RefusedError):
    """A gate refused the posting: it is not for this person to do."""


class ConflictError(KeiryoError):
    """The same client id was sent with other content, or someone else was first."""


class ClockError(KeiryoError):
    """The computer's clock is behind the last recorded act."""


class JournalError(KeiryoError):
    """The journal is damaged."""

    def __init__(self, message: str, act_id: int | None = None, advice: str = "") -> None:
        super().__init__(message, advice)
        self.act_id = act_id


class StorageError(KeiryoError):
    """The database cannot do what was asked."""


class NotInitialisedError(StorageError):
    """There is no keiryo database at the given place."""


class NewerSchemaError(StorageError):
    """The database was written by a newer version of keiryo."""


class ConstraintError(StorageError):
    """A line breaks a rule that its table enforces."""


class ReadOnlyError(StorageError):
    """The database, or the folder that it lies in, cannot be written."""


class FullError(StorageError):
    """The disk is full; the act that was being posted left no trace."""
