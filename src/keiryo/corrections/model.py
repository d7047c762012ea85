"""What a correction is made of: what is wanted, the plan, and what it does to the books.

A *plan* holds the new reports of every area that is concerned, a *step* for each entry in them
with the reason in plain words, the *decisions* that only a person can take, and the *effects* on
balances, books and transit. A plan is data: nothing is recorded by making one.

Source: Code 10, label 309; INFCIRC/153 (Corrected), paragraph 103.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from keiryo.errors import Finding, Severity
from keiryo.reports.model import Report


class Address(NamedTuple):
    """An entry as reported: State, area, report number, entry number."""

    country: str
    mba: str
    report: int
    entry: int

    @property
    def text(self) -> str:
        """The address in words for people, e.g. ``"XAFA 104/1"``."""
        return f"{self.mba} {self.report}/{self.entry}"


class Deletion(Enum):
    """The entry should not be there at all."""

    DELETE = "delete"


DELETE = Deletion.DELETE
"""What is wanted of an entry that should not be there."""


@dataclass(frozen=True, slots=True)
class Addition:
    """An entry that was forgotten; it is added to an earlier report.

    Attributes
    ----------
    values : mapping of str to str
        Its fields, as they would be set in a correction.
    """

    values: Mapping[str, str]


Wanted = Mapping[str, str] | Deletion | Addition
"""Fields with their right content, or that the entry is to be deleted or added."""


@dataclass(frozen=True, slots=True)
class Choices:
    """How corrections are written; what is a custom of a State or a person's decision.

    Attributes
    ----------
    report_date : date
        Date of the new reports (label 003): from this day the books know better.
    reason : str
        Why, in the words of who corrects; it becomes the concise note of each entry.
    encoder : str or None
        Label 006; by default whoever encoded the report that is corrected.
    strict : bool
        A change of date, batch, area or code deletes the entry and adds it anew. This is what
        strict authorities ask for, and all others take it. If false, a change of date, batch or
        code is a correction (C) like any other.
    follow_listing : bool
        Correct entries of listings that repeat a weight reported before (basis L or T).
    refer_to_last : bool
        A second correction refers to the entry last reported; if false, to the first one.
    """

    report_date: datetime.date
    reason: str = ""
    encoder: str | None = None
    strict: bool = True
    follow_listing: bool = False
    refer_to_last: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of a new report, and why it is there.

    Attributes
    ----------
    address : Address
        Where it will stand.
    report_type, status : str
        I, P or M; C, D, A or N.
    refers : Address or None
        The entry that it corrects, deletes, or is added as.
    begins : Address or None
        The entry with which the chain of corrections began.
    code, batch : str or None
        Of the entry.
    changes : tuple of (label, before, after)
    reason : str
        Why it follows, in plain words.
    """

    address: Address
    report_type: str
    status: str
    refers: Address | None
    begins: Address | None
    code: str | None
    batch: str | None
    changes: tuple[tuple[str, str, str], ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What only a person can decide; the plan leaves it as it is.

    Attributes
    ----------
    mba : str
    about : str
        The entry or report in question, e.g. ``"XARA 33/7"``.
    question : str
    """

    mba: str
    about: str
    question: str


@dataclass(frozen=True, slots=True)
class Effect:
    """A weight before and after, in milligrams; None where there is none.

    Attributes
    ----------
    kind : str
        ``"balance"``: a line of a balance as reported; ``"book"``: the book computed from the
        entries at the end of a day; ``"transit"``: what is on its way.
    mba : str
        The area; for transit shipper and receiver.
    period : str
        The period of a balance, or the day.
    line : str
        Code of the balance line, ``BOOK``, or the batch on its way.
    category : str
    element_before_mg, element_after_mg, fissile_before_mg, fissile_after_mg : int or None
    """

    kind: str
    mba: str
    period: str
    line: str
    category: str
    element_before_mg: int | None
    element_after_mg: int | None
    fissile_before_mg: int | None
    fissile_after_mg: int | None


@dataclass(frozen=True, slots=True)
class CorrectionPlan:
    """Everything that follows from one wrong entry.

    Attributes
    ----------
    root : Address
        The entry that was wrong.
    wanted : str
        What was asked for, in words.
    choices : Choices
    reports : tuple of Report
        New reports with the next numbers of their areas; the first begins with the root.
    steps : tuple of Step
        One for each entry of `reports`, in the order of reasoning.
    decisions : tuple of Decision
    effects : tuple of Effect
    remarks : tuple of str
        What is good to know: what stays as it is, and why.
    findings : tuple of Finding
        What speaks against the plan (F, E), or is worth a look.
    appearing, vanishing : tuple of Finding
        What the questions to all reports find after and not before, and the other way round.
    """

    root: Address
    wanted: str
    choices: Choices
    reports: tuple[Report, ...] = ()
    steps: tuple[Step, ...] = ()
    decisions: tuple[Decision, ...] = ()
    effects: tuple[Effect, ...] = ()
    remarks: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    appearing: tuple[Finding, ...] = field(default=())
    vanishing: tuple[Finding, ...] = field(default=())

    @property
    def possible(self) -> bool:
        """Whether it can be posted: it has reports, and nothing speaks against them."""
        blocking = (Severity.FORMAT, Severity.INCONSISTENCY)
        return bool(self.reports) and not any(f.severity in blocking for f in self.findings)

    @property
    def areas(self) -> tuple[str, ...]:
        """The areas that report something, that of the root first."""
        return tuple(dict.fromkeys([self.root.mba, *(r.mba or "" for r in self.reports)]))
