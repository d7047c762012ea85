"""Prior consent: what a partner must agree to before a step, and whether it did.

Asked per partner over all that is shipped, not cell by cell: 100 under Australia and 100 under
Australia and the United States need 200 of the Australian consent.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from keiryo.obligations.cells import Cells, by_partner

RETRANSFER, REPROCESSING, ENRICHMENT = "retransfer", "reprocessing", "enrichment to 20 % or more"
ALTERATION, STORAGE, EXCHANGE = "alteration", "storage", "exchange"
KINDS = (RETRANSFER, REPROCESSING, ENRICHMENT, ALTERATION, STORAGE, EXCHANGE)
"""Steps that agreements typically ask consent for."""

CONSENT_ENRICHMENT = Fraction(1, 5)
"""From here on, the boundary included, enriching takes consent."""


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent of a partner.

    Attributes
    ----------
    reference : str
    partner : str
        Label code.
    kind : str
        One of `KINDS`.
    destinations : frozenset of str
        States, or facilities, that it names; empty: any.
    amount_mg : int or None
        How much is left of it; None: programmatic, without a quantity.
    valid_from, valid_to : datetime.date or None
        Both days included; None: open.
    """

    reference: str
    partner: str
    kind: str
    destinations: frozenset[str] = frozenset()
    amount_mg: int | None = None
    valid_from: datetime.date | None = None
    valid_to: datetime.date | None = None

    def covers(self, kind: str, destination: str, on: datetime.date) -> bool:
        """Return whether it holds for a step on a day."""
        return (
            self.kind == kind
            and (not self.destinations or destination in self.destinations)
            and (self.valid_from is None or self.valid_from <= on)
            and (self.valid_to is None or on <= self.valid_to)
        )


@dataclass(frozen=True, slots=True)
class Consented:
    """What consents are used for a step, and what is missing.

    Attributes
    ----------
    used : dict of reference to int
        Milligrams taken from each consent that has a quantity.
    missing : dict of partner to int
        Milligrams without consent, by partner; empty: the step may be done.
    because : dict of partner to str
        Why a partner's part may be done: ``"return"``, or references.
    """

    used: Mapping[str, int] = field(default_factory=dict)
    missing: Mapping[str, int] = field(default_factory=dict)
    because: Mapping[str, str] = field(default_factory=dict)


def consented(
    cells: Cells,
    kind: str,
    destination: str,
    on: datetime.date,
    consents: Collection[Consent],
    *,
    members: Mapping[str, Collection[str]] | None = None,
    no_return: Collection[str] = (),
) -> Consented:
    """Return which consents cover a step with some cells, and whose are missing.

    Parameters
    ----------
    cells : mapping
        What is shipped, reprocessed, enriched or altered.
    kind : str
        One of `KINDS`.
    destination : str
        State (or facility) where it goes.
    on : datetime.date
        Day of the step: of the export, not of the arrival.
    consents : collection of Consent
    members : mapping, optional
        Member States, on that day, of organisations that are partners.
    no_return : collection of str, optional
        Partners whose agreement does not allow even a return without consent.

    Notes
    -----
    Consents with a quantity are used in the order of their expiry, then of their reference.
    Material under no label needs none.
    """
    used: dict[str, int] = {}
    missing: dict[str, int] = {}
    because: dict[str, str] = {}
    for partner, exact in by_partner(cells).items():
        wanted = int(exact)
        if wanted <= 0:
            continue
        home = destination == partner or destination in (members or {}).get(partner, ())
        if kind == RETRANSFER and home and partner not in no_return:
            because[partner] = "return"
            continue
        mine = [c for c in consents if c.partner == partner and c.covers(kind, destination, on)]
        programmatic = sorted(c.reference for c in mine if c.amount_mg is None)
        if programmatic:
            because[partner] = programmatic[0]
            continue
        taken = _taken(mine, wanted)
        short = wanted - sum(taken.values())
        if short:
            missing[partner] = short
        else:
            because[partner] = ", ".join(taken)
            used.update(taken)
    return Consented(used, missing, because)


def _taken(consents: Collection[Consent], wanted: int) -> dict[str, int]:
    """Return how much is taken from each consent, those first that expire first."""
    last = datetime.date.max
    order = sorted(consents, key=lambda c: (c.valid_to or last, c.reference))
    taken: dict[str, int] = {}
    for consent in order:
        part = min(wanted - sum(taken.values()), consent.amount_mg or 0)
        if part > 0:
            taken[consent.reference] = part
    return taken


def needs_enrichment_consent(enrichment: Fraction) -> bool:
    """Return whether enriching so far takes consent; compared exactly.

    Examples
    --------
    >>> needs_enrichment_consent(Fraction(1, 5)), needs_enrichment_consent(Fraction(1999, 10000))
    (True, False)
    """
    return enrichment >= CONSENT_ENRICHMENT
