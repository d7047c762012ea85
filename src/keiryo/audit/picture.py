"""A small picture of the running book: one curve for each category, drawn as inline SVG."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping

from keiryo.audit.pages import Html, shown
from keiryo.dates import Period
from keiryo.quantities import Category, format_weight

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 170, 110, 12, 14, 34
MOST_POINTS = 400
_NAMES = {
    Category.NATURAL: "natural uranium", Category.DEPLETED: "depleted uranium",
    Category.ENRICHED: "enriched uranium", Category.UNIFIED: "uranium",
    Category.PLUTONIUM: "plutonium", Category.THORIUM: "thorium",
}  # fmt: skip


def book_picture(
    category: Category,
    points: Mapping[datetime.date, int],
    period: Period,
    takings: Iterable[datetime.date],
) -> Html:
    """Return the book of a category over a period, as a figure with a caption.

    Parameters
    ----------
    category : Category
    points : mapping of day to element weight in milligrams
        The book at the end of each day on which it changed; the first is the beginning.
    period : Period
    takings : iterable of datetime.date
        Days to mark: physical inventory takings.
    """
    ordered = sorted(points.items())
    most, least = max(points.values()), min(0, *points.values())
    span = max(most - least, 1)

    def across(day: datetime.date) -> str:
        days = min(max((day - period.start).days + 1, 0), period.days)
        return _fixed(LEFT * 10 + days * (WIDTH - LEFT - RIGHT) * 10 // period.days)

    def up(weight_mg: int) -> str:
        room = (HEIGHT - TOP - BOTTOM) * 10
        return _fixed((HEIGHT - BOTTOM) * 10 - (weight_mg - least) * room // span)

    step = -(-len(ordered) // MOST_POINTS)
    drawn = [*ordered[:-1:step], ordered[-1]]
    path = f"M{across(drawn[0][0])} {up(drawn[0][1])}"
    path += "".join(f"H{across(day)}V{up(weight)}" for day, weight in drawn[1:])
    path += f"H{WIDTH - RIGHT}"
    name, unit = _NAMES[category], category.unit
    first, last = format_weight(ordered[0][1], unit), format_weight(ordered[-1][1], unit)
    title = f"Book of {name}, {first} {unit} at the beginning, {last} {unit} at the end"
    marks = "".join(
        f'<path class="taking" d="M{across(day)} {TOP}V{HEIGHT - BOTTOM}"/>' for day in takings
    )
    floor = HEIGHT - BOTTOM
    return Html(
        f'<figure>\n<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-label="{shown(title)}">\n'
        f'<path class="axis" d="M{LEFT} {TOP}V{floor}H{WIDTH - RIGHT}"/>{marks}'
        f'<path class="book" d="{path}"/>\n'
        f'<text x="{LEFT - 6}" y="{TOP + 5}" text-anchor="end">'
        f"{shown(format_weight(most, unit))} {unit}</text>\n"
        f'<text x="{LEFT - 6}" y="{floor + 4}" text-anchor="end">'
        f"{shown(format_weight(least, unit))}</text>\n"
        f'<text x="{LEFT}" y="{HEIGHT - 12}">{period.start}</text>\n'
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 12}" text-anchor="end">{period.end}</text>\n'
        f"</svg>\n<figcaption>{shown(title)}. Dashed: physical inventory takings.</figcaption>\n"
        "</figure>\n"
    )


def _fixed(tenths: int) -> str:
    """Return tenths of a unit as text, without binary fractions."""
    return f"{tenths // 10}.{tenths % 10}"
