"""The map of the venues of an event on the metres of their plan: no tiles, a scale bar, north up.

Cells of the background survey are shaded in five steps, darker for more; a cell that stands out is
crossed. Posts are triangles that lead to what is known of them. Shapes carry every meaning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keiryo.charts.venue_map import bar_length
from keiryo.web.pictures.svg import Drawn, box, element, line, linked, path, picture, words

WIDTH, HEIGHT, EDGE, LEGEND = 960.0, 470.0, 34.0, 190.0
MOST_CELLS, STEPS, SHADES = 6_000, 5, "abcde"


@dataclass(frozen=True, slots=True)
class MapCell:
    """A cell of a survey: lower left corner and side in metres, value, whether it stands out."""

    x: float
    y: float
    side: float
    value: float
    marked: bool


@dataclass(frozen=True, slots=True)
class MapPost:
    """A post: where it is, what it says, what it leads to, whether it has an open alarm."""

    name: str
    x: float
    y: float
    told: str
    href: str
    alarm: bool


@dataclass(frozen=True, slots=True)
class MapLabels:
    """The words of the map; the page gives them in its language."""

    title: str = "Map of the event"
    description: str = "Venues, posts and the background survey."
    nothing: str = "Neither a venue nor a post has a place."
    metres: str = "m"
    north: str = "north"
    unit: str = "counts/s"
    marked: str = "stands out"
    post: str = "post"
    alarm: str = "post with an open alarm"


@dataclass(frozen=True, slots=True)
class _Frame:
    left: float
    top: float
    scale: float

    def x(self, metres: float) -> float:
        return EDGE + (metres - self.left) * self.scale

    def y(self, metres: float) -> float:
        return EDGE + (self.top - metres) * self.scale


def event_map(
    outlines: Mapping[str, Sequence[tuple[float, float]]],
    posts: Sequence[MapPost],
    cells: Sequence[MapCell],
    labels: MapLabels,
) -> str:
    """Return the map.

    Parameters
    ----------
    outlines : mapping of str to sequence of (float, float)
        Corners of venues in metres.
    posts, cells, labels
    """
    places = [corner for corners in outlines.values() for corner in corners]
    places += [(one.x, one.y) for one in posts]
    places += [p for c in cells for p in ((c.x, c.y), (c.x + c.side, c.y + c.side))]
    if not places:
        note = words(WIDTH / 2, 60, labels.nothing, "pic-note", anchor="middle")
        return picture(WIDTH, 100, note, title=labels.title, description=labels.nothing,
                       class_="pic-event")  # fmt: skip
    left, right = min(x for x, _ in places), max(x for x, _ in places)
    low, high = min(y for _, y in places), max(y for _, y in places)
    room = (WIDTH - 2 * EDGE - LEGEND) / max(right - left, 1.0)
    scale = min(room, (HEIGHT - 2 * EDGE - 20) / max(high - low, 1.0))
    frame = _Frame(left, high, scale)
    found = [*_cells(frame, cells), *_outlines(frame, outlines), *_posts(frame, posts)]
    bottom = frame.y(low)
    length = bar_length((WIDTH - 2 * EDGE - LEGEND) / scale)
    found.append(line(EDGE, bottom + 18, EDGE + length * scale, bottom + 18, "pic-event-bar"))
    bar = words(EDGE + length * scale + 6, bottom + 22, f"{length:g} {labels.metres}", "pic-tick")
    found += [bar, *_legend(cells, posts, labels)]
    height = max(bottom + 40, 230.0)
    return picture(
        WIDTH,
        height,
        *found,
        title=labels.title,
        description=labels.description,
        class_="pic-event",
        with_links=bool(posts),
    )


def _step(value: float, low: float, high: float) -> int:
    if not high > low:
        return 1
    return min(STEPS, 1 + int((value - low) / (high - low) * STEPS))


def _cells(frame: _Frame, cells: Sequence[MapCell]) -> list[Drawn]:
    some = cells[:MOST_CELLS]
    values = [one.value for one in some]
    low, high = min(values, default=0.0), max(values, default=0.0)
    found = []
    for one in some:
        x, y, side = frame.x(one.x), frame.y(one.y + one.side), one.side * frame.scale
        look = f"pic-event-cell-{SHADES[_step(one.value, low, high) - 1]}"
        pieces = [element("title", f"{one.value:.4g}"), box(x, y, side, side, look)]
        if one.marked:
            cross = ("M", x, y, "L", x + side, y + side, "M", x + side, y, "L", x, y + side)
            pieces.append(path("pic-event-marked", *cross))
        found.append(element("g", *pieces))
    return found


def _outlines(frame: _Frame, outlines: Mapping[str, Sequence[tuple[float, float]]]) -> list[Drawn]:
    found = []
    for name, corners in outlines.items():
        steps: list[str | float] = []
        for n, (x, y) in enumerate(corners):
            steps += ["L" if n else "M", frame.x(x), frame.y(y)]
        found.append(path("pic-event-venue", *steps, "Z"))
        x, y = min(x for x, _ in corners), max(y for _, y in corners)
        found.append(words(frame.x(x), frame.y(y) - 6, name, "pic-lane-name"))
    return found


def _triangle(x: float, y: float, look: str) -> Drawn:
    return path(look, "M", x, y - 8, "L", x + 7, y + 6, "L", x - 7, y + 6, "Z")


def _posts(frame: _Frame, posts: Sequence[MapPost]) -> list[Drawn]:
    found = []
    for one in posts:
        x, y = frame.x(one.x), frame.y(one.y)
        look = "pic-event-alarm pic-symbol" if one.alarm else "pic-event-post pic-symbol"
        label = words(x + 10, y + 4, one.name, "pic-mark-label")
        mark = element("g", element("title", one.told), _triangle(x, y, look), label)
        found.append(linked(one.href, mark, name=one.told))
    return found


def _legend(cells: Sequence[MapCell], posts: Sequence[MapPost], labels: MapLabels) -> list[Drawn]:
    x, y = WIDTH - LEGEND, EDGE
    found = [words(x, y, f"{labels.north} ↑", "pic-label")]
    y += 26
    if posts:
        found += [_triangle(x + 8, y - 4, "pic-event-post pic-symbol"),
                  words(x + 24, y, labels.post, "pic-tick")]  # fmt: skip
        y += 22
    if any(one.alarm for one in posts):
        found += [_triangle(x + 8, y - 4, "pic-event-alarm pic-symbol"),
                  words(x + 24, y, labels.alarm, "pic-tick")]  # fmt: skip
        y += 22
    if not cells:
        return found
    values = [one.value for one in cells]
    low, high = min(values), max(values)
    found.append(words(x, y, labels.unit, "pic-label"))
    for step in range(1, STEPS + 1):
        y += 20
        begin = low + (high - low) * (step - 1) / STEPS
        found.append(box(x, y - 12, 16, 14, f"pic-event-cell-{SHADES[step - 1]}"))
        found.append(words(x + 24, y, f"≥ {begin:.4g}", "pic-tick"))
    if any(one.marked for one in cells):
        y += 22
        found.append(path("pic-event-marked", "M", x, y - 12, "L", x + 16, y + 2,
                          "M", x + 16, y - 12, "L", x, y + 2))  # fmt: skip
        found.append(words(x + 24, y, labels.marked, "pic-tick"))
    return found
