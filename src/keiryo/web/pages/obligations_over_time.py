"""What is under a partner over time: the end of each month, one curve for each category."""

from __future__ import annotations

import calendar
import datetime

from keiryo.obligations.labels import labels_of
from keiryo.quantities import Category
from keiryo.web.pages.areas_frame import category_name
from keiryo.web.pages.obligations_known import months_seen
from keiryo.web.pictures.inventory_chart import InventoryLabels, inventory_chart
from keiryo.web.pictures.inventory_data import BookCurve
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import writing_now
from keiryo.web.viewer import Viewer

LETTERS = tuple(str(category) for category in Category)


def partner_curve(viewer: Viewer, partner: str, mba: str = "") -> str:
    """Return what is under a partner at the end of each month as curves, one per category."""
    changes: dict[str, dict[int, int]] = {}
    for month, category, key, mg in months_seen(viewer, mba):
        if partner in labels_of(key):
            own = changes.setdefault(category, {})
            own[month] = own.get(month, 0) + mg
    curves = []
    for category in LETTERS:
        held, points = 0, []
        for month, mg in sorted(changes.get(category, {}).items()):
            held += mg
            points.append((min(_last_day(month), viewer.today), held))
        if points:
            curves.append(BookCurve(category, tuple(points)))
    if not curves:
        return ""
    return inventory_chart(
        curves,
        today=viewer.today,
        labels=InventoryLabels(
            title=_("Under %(partner)s at the end of each month", partner=partner),
            description=_("From {first} to {last}, at the end of each month: {curves}."),
            no_data=_("Nothing was ever under this label."),
            today=_("today"),
            categories={letter: category_name(letter) for letter in LETTERS},
        ),
        writing=writing_now(),
    )


def _last_day(month: int) -> datetime.date:
    year, number = divmod(month, 100)
    return datetime.date(year, number, calendar.monthrange(year, number)[1])
