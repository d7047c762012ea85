"""Coverage on the pages of an area: how many items are sealed or seen, and how a batch stands.

Shown for who reads coverage, and only where the area has containments.
"""

from __future__ import annotations

import datetime
from typing import Any
from urllib.parse import quote, urlencode

from sqlalchemy import select

from keiryo.containment.tables import CONTAINMENT
from keiryo.coverage.item import coverage_at
from keiryo.coverage.remeasure import coverage_of_area
from keiryo.web.pages.areas_frame import AreaPage
from keiryo.web.pages.coverage_words import (
    CONTINUITY_BADGES,
    CONTINUITY_WORDS,
    VALUE_BADGES,
    VALUE_WORDS,
)
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text

CAPABILITY = "coverage"


def area_coverage(page: AreaPage) -> dict[str, Any] | None:
    """Return how many items of an area have which value now; None: nothing is to be shown."""
    if not _shown(page):
        return None
    now = page.viewer.server.now()

    def build(connection: Any) -> tuple[dict[str, int], int]:
        found = coverage_of_area(connection, page.viewer.metadata, page.mba, now)
        return found.totals(), sum(one.continuity == "lost" for one in found.items)

    totals, lost = page.remembered("coverage", build, _hour(now))
    return {
        "href": _address(page.mba),
        "lost": lost,
        "totals": [
            {"text": _(VALUE_WORDS[name]), "badge": VALUE_BADGES[name], "count": count}
            for name, count in totals.items()
            if count
        ],
    }


def batch_coverage(page: AreaPage, name: str, uid: str | None) -> dict[str, Any] | None:
    """Return how a batch stands now; None: nothing is to be shown."""
    if uid is None or not _shown(page):
        return None
    now = page.viewer.server.now()

    def build(connection: Any) -> tuple[str, str, datetime.datetime | None]:
        found = coverage_at(connection, page.viewer.metadata, uid, now)
        return found.value.name, found.continuity, found.lost_since

    value, continuity, since = page.remembered("coverage of batch", build, uid, _hour(now))
    return {
        "href": f"{_address(page.mba)}/item?{urlencode({'batch': name})}",
        "value": {"text": _(VALUE_WORDS[value]), "badge": VALUE_BADGES[value]},
        "continuity": {
            "text": _(CONTINUITY_WORDS[continuity]),
            "badge": CONTINUITY_BADGES[continuity],
        },
        "since": None if since is None else instant_text(since),
    }


def _shown(page: AreaPage) -> bool:
    """Return whether the viewer reads coverage of the area as it is now, and there is some."""
    viewer = page.viewer
    if not page.is_now or not viewer.sight.sees(CAPABILITY, page.area.scope):
        return False

    def build(connection: Any) -> bool:
        table = viewer.metadata.tables[CONTAINMENT.name]
        query = select(table.c.act_id).where(table.c.mba == page.mba).limit(1)
        return connection.execute(query).first() is not None

    return page.remembered("has containments", build)


def _hour(now: datetime.datetime) -> datetime.datetime:
    return now.replace(minute=0, second=0, microsecond=0)


def _address(mba: str) -> str:
    return f"/coverage/{quote(mba)}"
