"""Types of seals as data: how each works, whether it is used again, where it can be verified.

Source: docs/theory/surveillance.md, which rests on the NSSPI
Safeguards Education Portal ("Seal", "EOSS") and the Canberra RMSA User's Manual SFG-MAN-001.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FIELD, REMOTE, SIGHT, HEADQUARTERS = "field", "remote", "sight", "headquarters"


@dataclass(frozen=True, slots=True)
class SealType:
    """A type of seal.

    Attributes
    ----------
    name : str
    mechanism : str
        One of `keiryo.containment.values.MECHANISMS`.
    reusable : bool
        Whether it goes back into stock after service.
    where : tuple of str
        Where it can be verified: field, remote, sight, headquarters.
    electronic : bool
        Whether it keeps a log that can be read out.
    reference_at : str or None
        The event at which the image must be there by which it is identified later: ``issue``
        where it is made before the seal leaves the store, ``attach`` where it is made as the seal
        is closed; None where it is not identified by an image.
    examiners : int
        How many persons examine it at headquarters.
    """

    name: str
    mechanism: str
    reusable: bool
    where: tuple[str, ...]
    electronic: bool = False
    reference_at: str | None = None
    examiners: int = 1

    @property
    def verifiable_in_place(self) -> bool:
        """Whether it can be verified without taking it to headquarters."""
        return any(one in self.where for one in (FIELD, REMOTE, SIGHT))


_LOGGING = "fibre-loop-electronic"
SEAL_TYPES: Mapping[str, SealType] = {
    one.name: one
    for one in (
        SealType(
            "metal-cap", "wire-loop", False, (HEADQUARTERS,), reference_at="issue", examiners=2
        ),
        SealType("cobra", "fibre-loop-passive", False, (FIELD,), reference_at="attach"),
        SealType("vacoss-s", _LOGGING, True, (FIELD, REMOTE), electronic=True),
        SealType("eoss", _LOGGING, True, (FIELD, REMOTE), electronic=True),
        SealType("rmsa", _LOGGING, True, (REMOTE,), electronic=True),
        SealType("ultrasonic", "ultrasonic", False, (FIELD,), reference_at="attach"),
        SealType("fvps", "wire-loop", False, (FIELD,), reference_at="issue"),
        SealType("adhesive", "adhesive", False, (SIGHT,)),
    )
}
"""All types, by name."""
