"""The map of an event: venues and posts of the plan, and the background as it was surveyed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from keiryo.errors import NotFoundError, StorageError
from keiryo.public_events.places import outline
from keiryo.public_events.sheets import EventPlan
from keiryo.public_events.survey import Point, baseline, dose_baseline, read_points
from keiryo.public_events.sweeping import place_of, venue_zero
from keiryo.web.pictures.event_map import MapCell, MapLabels, MapPost, event_map
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import Viewer

CELLS_ACROSS = 24
"""About how many cells a survey is wide."""


def map_of(
    viewer: Viewer,
    event: str,
    plan: EventPlan,
    surveys: Sequence[Mapping[str, Any]],
    open_posts: set[str],
) -> str:
    """Return the map of an event, worked out anew when something about it was posted."""
    outlines = {
        str(row["venue"]): corners
        for row in plan.rows["venues"]
        if (corners := outline(row["outline"])) is not None
    }
    posts = _posts(plan, open_posts)
    cells: list[MapCell] = []
    unit = ""
    for row in {one["venue"]: one for one in surveys}.values():  # the last survey of each venue
        made, unit = _surveyed(viewer, plan, row)
        cells += made
    labels = MapLabels(
        title=_("Map of the event"),
        description=_(
            "%(venues)s venues, %(posts)s posts, %(cells)s surveyed cells.",
            venues=len(outlines),
            posts=len(posts),
            cells=len(cells),
        ),
        nothing=_("Neither a venue nor a post has a place."),
        metres=_("m"),
        north=_("north"),
        unit=unit or _("counts a second"),
        marked=_("stands out"),
        post=_("post"),
        alarm=_("post with an open alarm"),
    )
    return event_map(outlines, posts, cells, labels)


def _posts(plan: EventPlan, open_posts: set[str]) -> list[MapPost]:
    zeros = {row["venue"]: venue_zero(row) for row in plan.rows["venues"]}
    venues = {row["zone"]: row["venue"] for row in plan.rows["zones"]}
    shifts: dict[str, int] = {}
    for row in plan.rows["shifts"]:
        shifts[row["post"]] = shifts.get(row["post"], 0) + 1
    found = []
    for row in plan.rows["posts"]:
        place = place_of(row, zeros.get(venues.get(row["zone"], "")))
        if place is not None:
            name = str(row["post"])
            told = _("post %(post)s, %(shifts)s shifts", post=name, shifts=shifts.get(name, 0))
            found.append(MapPost(name, *place, told, f"#post-{name}", name in open_posts))
    return found


def _surveyed(
    viewer: Viewer, plan: EventPlan, survey: Mapping[str, Any]
) -> tuple[list[MapCell], str]:
    """Return the cells of a survey from its kept file, and the unit of their values."""
    zeros = {row["venue"]: venue_zero(row) for row in plan.rows["venues"]}
    zero = zeros.get(survey["venue"])
    digest = str(survey["evidence"])

    def read() -> list[Point]:
        content = viewer.whole.evidence.get(digest)
        for name in ("survey.csv", "survey.json", "survey.toml"):
            points, findings = read_points(name, content, zero)
            if points and not findings:
                return points
        return []

    try:
        points: list[Point] = viewer.server.remembered.get(("survey", digest), digest, read)
    except (NotFoundError, StorageError, OSError):
        return [], ""
    if not points:
        return [], ""
    width = max(one.x for one in points) - min(one.x for one in points)
    cell_m = _round(max(width / CELLS_ACROSS, 1.0))
    counted = baseline(points, cell_m=cell_m)
    if counted:
        return [
            MapCell(x * cell_m, y * cell_m, cell_m, one.rate, one.marked)
            for (x, y), one in counted.items()
        ], _("counts a second")
    doses = dose_baseline(points, cell_m=cell_m)
    return [
        MapCell(x * cell_m, y * cell_m, cell_m, mean, marked=False)
        for (x, y), (_count, mean, _spread) in doses.items()
    ], _("µSv/h")


def _round(length: float) -> float:
    """Return the next round length: 1, 2, 5 or 10 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(length))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= length * (1 - 1e-9))
