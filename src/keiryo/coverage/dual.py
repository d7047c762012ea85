"""Single, backup and dual containment and surveillance, and what the results of devices mean.

A way is under *single* C/S with one device. A second device of the same kind, or one that shares
power, link, mounting or clock, is *backup*: it guards against failure, not against a common mode.
*Dual* are two devices that work differently and share nothing.

Source: NSSPI Safeguards Education Portal, "System of C/S measures"; the criterion (another
mechanism and disjoint dependencies) and the table of results are keiryo's, see
docs/theory/surveillance.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from keiryo.containment.values import Value
from keiryo.errors import Finding, Severity

BASIS = "docs/theory/surveillance.md"


class Level(StrEnum):
    """How many independent devices a way has."""

    NONE = "none"
    SINGLE = "single"
    BACKUP = "backup"
    DUAL = "dual"


class Result(StrEnum):
    """What the devices of a way say together."""

    ACCEPTED_DUAL = "accepted, dual"
    ACCEPTED = "accepted"
    PENDING = "pending"
    INCONCLUSIVE = "inconclusive"
    ANOMALY = "anomaly"
    NOT_COVERED = "not covered"


CONSEQUENCES = {
    Result.ACCEPTED_DUAL: "Least re-verification.",
    Result.ACCEPTED: "The item stays verified; only a routine re-verification sample.",
    Result.PENDING: "Examine the seals and review the images that are still open.",
    Result.INCONCLUSIVE: "Continuity of knowledge is lost: re-measure or re-verify the items "
    "before C/S starts anew.",
    Result.ANOMALY: "Notify, verify the material, and record what followed.",
    Result.NOT_COVERED: "Nothing covers the way: re-measure or re-verify the items, then seal or "
    "watch it.",
}
SERVICE = "Service the device that failed; re-verify as for single C/S."
"""Where one of two independent devices gave a result and the other none."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A device of a way, and what it says at an instant or of a period.

    Attributes
    ----------
    device : str
        ``seal:BODY/NUMBER`` or ``camera:NAME``.
    mechanism : str
    depends_on : frozenset of str
    value : Value
        NOT_COVERED: it says nothing.
    reason : str
    """

    device: str
    mechanism: str
    depends_on: frozenset[str]
    value: Value
    reason: str = ""


def independent(one: Judged, other: Judged) -> bool:
    """Return whether two devices have no common mode: another mechanism, nothing shared.

    Examples
    --------
    >>> cap = Judged("seal:IAEA/1", "wire-loop", frozenset(), Value.POSITIVE)
    >>> loop = Judged("seal:IAEA/2", "fibre-loop-electronic", frozenset(), Value.POSITIVE)
    >>> independent(cap, loop), independent(cap, cap)
    (True, False)
    """
    return one.mechanism != other.mechanism and not one.depends_on & other.depends_on


def level(devices: Sequence[Judged]) -> Level:
    """Return whether a way is under single, backup or dual C/S.

    Parameters
    ----------
    devices : sequence of Judged
        Those that are active; one that says nothing does not count.
    """
    active = [one for one in devices if one.value is not Value.NOT_COVERED]
    if len(active) < 2:
        return Level.SINGLE if active else Level.NONE
    pairs = combinations(active, 2)
    return Level.DUAL if any(independent(*pair) for pair in pairs) else Level.BACKUP


def system_result(devices: Sequence[Judged]) -> tuple[Result, str]:
    """Return what the devices of a way say together, and what follows.

    Parameters
    ----------
    devices : sequence of Judged

    Returns
    -------
    (Result, str)
        A device that is conclusively negative makes it an anomaly whatever the others say.
        Two independent positive devices accept it as dual; one positive accepts it as single.
        Nothing that is pending or inconclusive is ever accepted by itself.
    """
    active = [one for one in devices if one.value is not Value.NOT_COVERED]
    if not active:
        return _told(Result.NOT_COVERED)
    values = {one.value for one in active}
    if Value.NEGATIVE in values:
        return _told(Result.ANOMALY)
    good = [one for one in active if one.value is Value.POSITIVE]
    if level(good) is Level.DUAL:
        return _told(Result.ACCEPTED_DUAL)
    if good:
        if Value.INCONCLUSIVE in values:
            return Result.ACCEPTED, SERVICE
        return _told(Result.ACCEPTED)
    return _told(Result.PENDING if Value.PENDING in values else Result.INCONCLUSIVE)


def dependency_warnings(way: str, devices: Sequence[Judged]) -> list[Finding]:
    """Return a warning for each pair that would be dual but shares power, link, mount or clock.

    Parameters
    ----------
    way : str
        ``MBA/CONTAINMENT way PATH``, for the message.
    devices : sequence of Judged
    """
    active = [one for one in devices if one.value is not Value.NOT_COVERED]
    found = []
    for one, other in combinations(active, 2):
        shared = one.depends_on & other.depends_on
        if shared and one.mechanism != other.mechanism:
            found.append(
                Finding(
                    "COVERAGE-SHARED-DEPENDENCY",
                    Severity.WARNING,
                    f"{way}: {one.device} and {other.device} share {', '.join(sorted(shared))}; "
                    "together they are backup, not dual",
                    "Give one of them its own power, link, mounting and clock, or count the way "
                    "as under single C/S.",
                    basis=BASIS,
                )
            )
    return found


def _told(result: Result) -> tuple[Result, str]:
    return result, CONSEQUENCES[result]
