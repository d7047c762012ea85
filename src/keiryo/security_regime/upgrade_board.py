"""What was agreed with each partner, and what of it stands."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.cooperation.commitments import StandingCommitment, commitments
from keiryo.security_regime.upgrade_record import Upgrade, upgrades
from keiryo.security_regime.upgrade_states import CANCELLED


@dataclass(frozen=True, slots=True)
class AgreedUpgrades:
    """Upgrades under one commitment, or under none.

    Attributes
    ----------
    commitment : str or None
        Its name in the register of cooperation.
    standing : StandingCommitment or None
        How it stands there; None where the register is not seen or does not know it.
    upgrades : tuple of Upgrade
    """

    commitment: str | None
    standing: StandingCommitment | None
    upgrades: tuple[Upgrade, ...]

    @property
    def in_use(self) -> int:
        """How many were handed over and are sustained."""
        return sum(one.in_use for one in self.upgrades)

    def to_dict(self, on: datetime.date) -> dict[str, Any]:
        """Return it as plain data as of a day."""
        return {
            "commitment": self.commitment,
            "commitment_state": None if self.standing is None else self.standing.state,
            "commitment_overdue": None if self.standing is None else self.standing.overdue(on),
            "node": None if self.commitment is None else f"cooperation:{self.commitment}",
            "agreed": sum(one.state != CANCELLED for one in self.upgrades),
            "in_use": self.in_use,
            "upgrades": [one.to_dict(on) for one in self.upgrades],
        }


@dataclass(frozen=True, slots=True)
class PartnerBoard:
    """What was agreed with a partner, and what stands.

    Attributes
    ----------
    partner : str
    on : datetime.date
    agreed : tuple of AgreedUpgrades
        By commitment; what stands under none comes last.
    """

    partner: str
    on: datetime.date
    agreed: tuple[AgreedUpgrades, ...]

    @property
    def upgrades(self) -> tuple[Upgrade, ...]:
        """All upgrades with the partner."""
        return tuple(one for part in self.agreed for one in part.upgrades)

    @property
    def states(self) -> dict[str, int]:
        """How many are in which state."""
        found: dict[str, int] = {}
        for one in self.upgrades:
            found[one.state] = found.get(one.state, 0) + 1
        return found

    @property
    def costs(self) -> dict[str, tuple[int, int]]:
        """By currency: the cost, and the partner's share; of what was cancelled, nothing."""
        found: dict[str, tuple[int, int]] = {}
        for one in self.upgrades:
            currency, cost = one.values.get("currency"), one.values.get("cost_minor")
            if currency is not None and cost is not None and one.state != CANCELLED:
                whole, share = found.get(currency, (0, 0))
                theirs = int(one.values.get("partner_cost_minor") or 0)
                found[currency] = (whole + int(cost), share + theirs)
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        every = self.upgrades
        return {
            "partner": self.partner,
            "on": self.on.isoformat(),
            "agreed": sum(one.state != CANCELLED for one in every),
            "in_use": sum(one.in_use for one in every),
            "overdue": sum(one.overdue(self.on) for one in every),
            "states": self.states,
            "costs": [
                {"currency": name, "cost_minor": whole, "partner_cost_minor": share}
                for name, (whole, share) in sorted(self.costs.items())
            ],
            "commitments": [one.to_dict(self.on) for one in self.agreed],
        }


def partner_boards(
    connection: Connection,
    metadata: MetaData,
    on: datetime.date,
    *,
    partner: str | None = None,
    scope: str | None = None,
    through_act: int | None = None,
) -> list[PartnerBoard]:
    """Return what was agreed with each partner, or with one, and what stands on a day.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    on : datetime.date
    partner : str, optional
    scope : str, optional
        Only upgrades of this facility.
    through_act : int, optional
        As known with this act.
    """
    known = upgrades(connection, metadata, on=on, scope=scope, through_act=through_act)
    standing = {one.name: one for one in commitments(connection, metadata, through_act=through_act)}
    by_partner: dict[str, list[Upgrade]] = {}
    for one in known:
        if partner in (None, one.partner):
            by_partner.setdefault(one.partner, []).append(one)
    return [PartnerBoard(name, on, _agreed(some, standing)) for name, some in by_partner.items()]


def _agreed(
    some: Sequence[Upgrade], standing: Mapping[str, StandingCommitment]
) -> tuple[AgreedUpgrades, ...]:
    parts: dict[str | None, list[Upgrade]] = {}
    for one in sorted(some, key=lambda each: (each.commitment is None, each.commitment or "")):
        parts.setdefault(one.commitment, []).append(one)
    return tuple(
        AgreedUpgrades(name, standing.get(name or ""), tuple(each)) for name, each in parts.items()
    )
