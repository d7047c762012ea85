"""Registering a material balance area or a key measurement point: drafts of acts.

What is registered is never changed: a later line about the same code says what counts from then
on (INFCIRC/153 (Corrected), paragraphs 46, 106, 108 and 110).
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from keiryo.errors import UsageError
from keiryo.journal.model import Draft
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.tables import AREA, KEY_MEASUREMENT_POINT, area_values

KIND = "place.register"
PURPOSES = ("flow", "inventory")


def area_draft(area: MaterialBalanceArea, client_id: str) -> Draft:
    """Return the act that registers an area, or changes what is registered.

    Raises
    ------
    UsageError
        If there is no such time zone. Codes are checked where the act is posted.
    """
    try:
        ZoneInfo(area.zone)
    except (ValueError, OSError, KeyError):
        raise UsageError(
            f"there is no time zone {area.zone[:40]!r}", "Write e.g. Asia/Tokyo."
        ) from None
    draft = Draft(KIND, client_id)
    draft.add(AREA.name, area_values(area))
    return draft


def point_draft(
    area: MaterialBalanceArea, code: str, purpose: str, name: str | None, client_id: str
) -> Draft:
    """Return the act that registers a key measurement point of an area.

    Raises
    ------
    UsageError
        If the purpose is neither flow nor inventory.
    """
    if purpose not in PURPOSES:
        raise UsageError(f"{purpose[:40]!r} is no purpose", "Give flow or inventory.")
    draft = Draft(KIND, client_id)
    values = {"scope": area.scope, "mba": area.code, "kmp": code, "purpose": purpose, "name": name}
    draft.add(KEY_MEASUREMENT_POINT.name, values)
    return draft
