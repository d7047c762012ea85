"""Handling caveats: what a piece of information may not be done with, and how that combines.

How information is to be handled is an element of a lattice: of two handlings the combination
(``a | b``) forbids whatever one of them forbids. Caveats unite, purposes are those that both
allow, the later embargo and the earlier end of retention count, and everybody in whose confidence
a part was given has a say about the whole. Nothing gets looser by being combined or copied.

Some caveats **confine** information to those between whom it was given (and to organisations that
belong to them); anybody else receives it with the consent of whoever gave it. That is the third
party rule, and the quantities per country that a partner states are kept the same way.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from keiryo.errors import Finding, Severity

BASIS = "docs/theory/cooperation.md"
OFFICIAL, CONFIDENTIAL, PROPRIETARY = "official-use", "safeguards-confidential", "proprietary"
THIRD_PARTY, NO_FOREIGN, EMBARGO = "third-party-rule", "no-foreign", "embargo"
QUANTITIES = "partner-quantities"

CAVEATS = {
    OFFICIAL: "for bodies of States and international organisations only",
    CONFIDENTIAL: "safeguards-confidential: for those between whom it was given",
    PROPRIETARY: "belongs to somebody: for those between whom it was given",
    THIRD_PARTY: "not for third parties without the consent of whoever gave it",
    NO_FOREIGN: "for organisations of the State that keeps these books only",
    EMBARGO: "not before a day",
    QUANTITIES: "quantities per country, received from a partner: confidential by default",
}
"""The caveats that have a meaning here."""

CONFINING = frozenset({CONFIDENTIAL, PROPRIETARY, THIRD_PARTY, QUANTITIES})
ONWARD = ("free", "consent", "never")
"""Rules of onward transfer, the laxest first."""

OFFICIAL_KINDS = frozenset(
    {
        *("state", "government", "ministry", "agency", "regulator", "office", "legislature"),
        *("subnational", "research-agency", "international-organisation", "bilateral-body"),
    }
)
"""Kinds of organisation that may receive what is for official use."""

_BETWEEN = " / "


def caveat_names(given: Iterable[str]) -> frozenset[str]:
    """Return caveats as they are recorded: small letters, with hyphens.

    Examples
    --------
    >>> sorted(caveat_names(["Third party rule", "NO_FOREIGN"]))
    ['no-foreign', 'third-party-rule']
    """
    plain = (one.strip().lower().replace("_", "-").replace(" ", "-") for one in given)
    return frozenset(one for one in plain if one)


def marking(caveats: Iterable[str]) -> str | None:
    """Return the caveats as one text, for the common field of a line; None if there are none.

    Examples
    --------
    >>> marking({"third-party-rule", "no-foreign"})
    'no-foreign / third-party-rule'
    """
    return _BETWEEN.join(sorted(set(caveats))) or None


def caveats_of(marked: str | None) -> frozenset[str]:
    """Return the caveats that a marking names."""
    return frozenset(one for one in (marked or "").split(_BETWEEN) if one)


@dataclass(frozen=True, slots=True)
class Circle:
    """Those between whom an item was given in confidence.

    Attributes
    ----------
    information : str
        Name of the item.
    originator : str
        Who gave it, and whose consent widens the circle.
    parties : frozenset of str
        Organisations between whom it was given.
    why : frozenset of str
        The caveats that confine it, or ``"onward"``.
    consented : frozenset of str
        Organisations that may receive it by consent.
    closed : bool
        Whether no consent can widen it.
    """

    information: str
    originator: str
    parties: frozenset[str]
    why: frozenset[str]
    consented: frozenset[str] = frozenset()
    closed: bool = False

    def holds(self, lineage: frozenset[str]) -> bool:
        """Return whether an organisation, or one that it belongs to, stands in the circle."""
        return bool(lineage & (self.parties if self.closed else self.parties | self.consented))


@dataclass(frozen=True, slots=True)
class Handling:
    """How information is to be handled; the default forbids nothing.

    Attributes
    ----------
    caveats : frozenset of str
    purposes : frozenset of str or None
        What it may be used for; None: anything.
    embargo_until : datetime.date or None
        The day from which it may be handed out.
    retention_until : datetime.date or None
        The last day on which it may be kept.
    circles : frozenset of Circle
        In whose confidence it, or a part of it, was given.
    """

    caveats: frozenset[str] = frozenset()
    purposes: frozenset[str] | None = None
    embargo_until: datetime.date | None = None
    retention_until: datetime.date | None = None
    circles: frozenset[Circle] = field(default_factory=frozenset)

    def __or__(self, other: Handling) -> Handling:
        """Return the handling of what is made of both: it forbids what either forbids."""
        purposes = self.purposes
        if other.purposes is not None:
            purposes = other.purposes if purposes is None else purposes & other.purposes
        embargoes = [one for one in (self.embargo_until, other.embargo_until) if one]
        ends = [one for one in (self.retention_until, other.retention_until) if one]
        return Handling(
            self.caveats | other.caveats,
            purposes,
            max(embargoes, default=None),
            min(ends, default=None),
            self.circles | other.circles,
        )

    def covers(self, other: Handling) -> bool:
        """Return whether it forbids all that another one forbids, and perhaps more."""
        return self | other == self


def combined(handlings: Iterable[Handling]) -> Handling:
    """Return the handling of what is made of several things."""
    whole = Handling()
    for one in handlings:
        whole |= one
    return whole


@dataclass(frozen=True, slots=True)
class HandOut:
    """To whom something would be handed, when and for what.

    Attributes
    ----------
    organisation, country, kind : str
        The recipient.
    home : str
        Country of the State that keeps the books.
    on : datetime.date
    lineage : frozenset of str
        The recipient and all organisations that it belongs to.
    purpose : str or None
    """

    organisation: str
    country: str
    kind: str
    home: str
    on: datetime.date
    lineage: frozenset[str]
    purpose: str | None = None


def plain_purpose(text: str) -> str:
    """Return a purpose as it is compared: small letters, single spaces."""
    return " ".join(text.lower().split())


def blocked(name: str, handling: Handling, to: HandOut) -> list[Finding]:
    """Return why something must not be handed to somebody; empty if it may.

    Parameters
    ----------
    name : str
        What would be handed out.
    handling : Handling
        Of the whole, with all that it is made of.
    to : HandOut

    Returns
    -------
    list of Finding
        All reasons at once, in an order that stays.
    """
    return [*_confined(name, handling, to), *_limited(name, handling, to)]


def _confined(name: str, handling: Handling, to: HandOut) -> Iterator[Finding]:
    ordered = sorted(handling.circles, key=lambda c: (c.information, c.originator, sorted(c.why)))
    for circle in ordered:
        if circle.holds(to.lineage):
            continue
        part = "" if circle.information == name else f" (it holds {circle.information})"
        given = f"was given by {circle.originator} for {', '.join(sorted(circle.parties))}"
        advice = (
            "Leave it out: it was agreed that it is never handed on."
            if circle.closed
            else f"Leave it out, or record the consent of {circle.originator}: 'keiryo cooperation "
            f"information consent {circle.information}'."
        )
        others = sorted(circle.why & CONFINING - {THIRD_PARTY})
        if others:
            yield _finding(
                "CAVEAT-CONFIDENTIAL",
                f"{name}{part} {given} and is {', '.join(others)}; "
                f"{to.organisation} is not among them",
                advice,
                name,
            )
        if circle.why - set(others):
            yield _finding(
                "CAVEAT-THIRD-PARTY",
                f"{name}{part} {given}; {to.organisation} is a third party",
                advice,
                name,
            )


def _limited(name: str, handling: Handling, to: HandOut) -> Iterator[Finding]:
    if NO_FOREIGN in handling.caveats and to.country != to.home:
        yield _finding(
            "CAVEAT-FOREIGN",
            f"{name} is for organisations of {to.home} only; {to.organisation} is of {to.country}",
            "Leave it out, or write a version that may go abroad.",
            name,
        )
    if OFFICIAL in handling.caveats and to.kind not in OFFICIAL_KINDS:
        yield _finding(
            "CAVEAT-OFFICIAL",
            f"{name} is for official use; {to.organisation} is a {to.kind}",
            "Leave it out, or give it to the body of the State that is responsible.",
            name,
        )
    if handling.embargo_until is not None and to.on < handling.embargo_until:
        yield _finding(
            "CAVEAT-EMBARGO",
            f"{name} is under embargo until {handling.embargo_until}; this is {to.on}",
            "Hand it out from that day on.",
            name,
        )
    if handling.retention_until is not None and handling.retention_until < to.on:
        yield _finding(
            "CAVEAT-RETENTION",
            f"{name} was to be kept until {handling.retention_until}; this is {to.on}",
            "Return or destroy it as agreed, and record that.",
            name,
        )
    if handling.purposes is not None and (
        to.purpose is None or plain_purpose(to.purpose) not in handling.purposes
    ):
        allowed = ", ".join(sorted(handling.purposes)) or "none that all its parts allow"
        asked = "no purpose is named" if to.purpose is None else f"not for {to.purpose!r}"
        yield _finding(
            "CAVEAT-PURPOSE",
            f"{name} may be used for: {allowed}; {asked}",
            "Name the purpose, or leave it out.",
            name,
        )


def _finding(code: str, message: str, advice: str, name: str) -> Finding:
    return Finding(code, Severity.INCONSISTENCY, message, advice, found=name, basis=BASIS)
