"""Places of nuclear material accountancy (INFCIRC/153, paragraphs 106, 108 and 110).

A State has facilities and locations outside facilities; each has material balance areas (MBAs),
in which every transfer can be determined; each MBA has key measurement points (KMPs). The path
``State/facility/MBA`` is the scope of all that happens there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MBA_CODE = re.compile(r"[A-Z0-9-]{4}")
KMP_CODE = re.compile(r"[A-Z0-9&]{1,2}")
COUNTRY_CODE = re.compile(r"[A-Z]{2}")
MBA_TYPES = ("item", "bulk", "LOF")


@dataclass(frozen=True, slots=True)
class MaterialBalanceArea:
    """A material balance area as registered.

    Attributes
    ----------
    state, facility, code : str
        Country code, four-character facility code, four-character MBA code.
    type : str or None
        ``"item"``, ``"bulk"``, ``"LOF"``, or None where nobody said it.
    batch_follow_up : bool
        Whether batches keep their identity, so that the content of each can be followed. In a
        bulk area they merge; what leaves under a new name is drawn from the pool of the area.
    zone : str
        Time zone of the facility; event dates are days there.
    """

    state: str
    facility: str
    code: str
    type: str | None = None
    batch_follow_up: bool = True
    zone: str = "UTC"
    name: str | None = None

    @property
    def scope(self) -> str:
        """``State/facility/MBA``."""
        return f"{self.state}/{self.facility}/{self.code}"
