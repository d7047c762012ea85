"""How a batch came to be: streams from the first receipts at the left to the batch at the right.

A stream is as wide as the mass that went, and divided by label set; the names of the sets stand
above. What it says is also in its ``<desc>`` and, step by step, in the table of the page.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from keiryo.web.pictures.layered import Placed, arranged
from keiryo.web.pictures.obligation_bars import SetLabels, legend_of, looks_of, set_name
from keiryo.web.pictures.obligation_streams import Link, Stream, StreamPlace, Way, drawn_way
from keiryo.web.pictures.svg import Drawn, box, element, fitted, group, joined, linked, words
from keiryo.web.pictures.svg import picture as whole_picture
from keiryo.web.pictures.writing import PLAIN, Writing

_WIDE, _STEP, _EDGE, _HIGH = 138.0, 204.0, 12.0, 44.0
_LEAST_WIDE, _GAP, _PASSING = 1.5, 18.0, 16.0
_NARROWEST_PICTURE = 760.0


@dataclass(frozen=True, slots=True)
class TraceLabels:
    """The words of the picture; the page gives them in its language."""

    title: str = "The way to {asked}"
    description: str = "{count} places. {told}"
    nothing: str = "Nothing came here."
    stream: str = "{weight} from {source} to {target}: {parts}"
    places: Callable[[int], str] = lambda count: f"{count} places"
    sets: SetLabels = field(default_factory=SetLabels)


def obligation_trace(
    places: Sequence[StreamPlace],
    streams: Sequence[Stream],
    asked: str,
    *,
    labels: TraceLabels | None = None,
    writing: Writing = PLAIN,
) -> str:
    """Return the way to a place as SVG text.

    Parameters
    ----------
    places : sequence of StreamPlace
        With the one that is asked about.
    streams : sequence of Stream
    asked : str
        Name of that place.
    labels : TraceLabels, optional
    writing : Writing

    Returns
    -------
    str
        One ``<svg>`` element in its own size, to be scrolled where it is wide.
    """
    labels = labels or TraceLabels()
    way = drawn_way(places, streams, asked)
    title = labels.title.format(asked=way.places[asked].title)
    if not way.cells:
        note = words(_NARROWEST_PICTURE / 2, 34, labels.nothing, "pic-note", anchor="middle")
        return whole_picture(
            _NARROWEST_PICTURE, 60, note,
            title=title, description=labels.nothing, class_="pic-chain",
        )  # fmt: skip
    looks = looks_of(list(way.cells.values()))
    legend, top = legend_of(looks, list(way.cells.values()), labels.sets)
    sheet = _Sheet(way, looks, labels, writing, top)
    told = "; ".join(sheet.told(link) for link in list(way.cells)[:12])
    return whole_picture(
        sheet.width,
        sheet.height,
        legend,
        joined(*(sheet.stream(link) for link in way.cells)),
        joined(*(sheet.place(name, name == asked) for name in way.places)),
        title=title,
        description=labels.description.format(count=writing.count(len(way.places)), told=told),
        class_="pic-chain",
        with_links=any(place.href for place in way.places.values()),
        fixed=True,
    )


class _Sheet:
    """Where the places and streams of a way lie."""

    def __init__(
        self,
        way: Way,
        looks: Mapping[str, str],
        labels: TraceLabels,
        writing: Writing,
        top: float,
    ) -> None:
        self.way, self.looks, self.labels, self.writing = way, looks, labels, writing
        self.layers = max(way.layer.values())
        self.width = max(_NARROWEST_PICTURE, 2 * _EDGE + _WIDE + self.layers * _STEP)
        through: dict[tuple[str, int], int] = {}
        for link, own in way.cells.items():
            for end in (0, 1):
                through[link[end], end] = through.get((link[end], end), 0) + sum(own.values())
        self.scale = (_HIGH - 6) / max(*through.values(), 1)
        placed: Placed = arranged(
            way.layer, list(way.cells), size=_HIGH, gap=_GAP, passing=_PASSING
        )
        self.middle = {member: y + top + 6 for member, y in placed.middle.items()}
        self.height = placed.height + top + 22
        self.offsets = self._offsets()

    def x(self, layer: int) -> float:
        """Return the left edge of a column."""
        room = (self.width - 2 * _EDGE - _WIDE) / max(self.layers, 1)
        return self.width - _EDGE - _WIDE - layer * room

    def wide(self, link: Link) -> float:
        """Return how wide a stream is."""
        return max(sum(self.way.cells[link].values()) * self.scale, _LEAST_WIDE)

    def _offsets(self) -> dict[tuple[Link, int], float]:
        """Return where streams leave and reach their places, from the middle of these."""
        found: dict[tuple[Link, int], float] = {}
        for end in (0, 1):
            by_place: dict[str, list[Link]] = {}
            for link in self.way.cells:
                by_place.setdefault(link[end], []).append(link)
            for links in by_place.values():
                links.sort(key=lambda link: self._beside(link, 1 - end))
                whole = sum(self.wide(link) for link in links)
                squeezed = min(1.0, (_HIGH - 6) / whole)
                at = -whole * squeezed / 2
                for link in links:
                    own = self.wide(link) * squeezed
                    found[link, end] = at + own / 2
                    at += own
        return found

    def _beside(self, link: Link, end: int) -> float:
        """Return the height of the next member on the way of a stream."""
        source, target = link
        layer = self.way.layer[source] - 1 if end else self.way.layer[target] + 1
        through: Hashable = (source, target, layer)
        return self.middle.get(through, self.middle[link[end]])

    def stream(self, link: Link) -> Drawn:
        """Return a stream, divided by label set."""
        source, target = link
        cells = self.way.cells[link]
        first, last = self.way.layer[source], self.way.layer[target]
        points = [(self.x(first) + _WIDE, self.middle[source] + self.offsets[link, 0])]
        for number in range(first - 1, last, -1):
            y = self.middle[source, target, number]
            points += [(self.x(number), y), (self.x(number) + _WIDE, y)]
        points.append((self.x(last), self.middle[target] + self.offsets[link, 1]))
        whole, wide = sum(cells.values()), self.wide(link)
        pieces, at = [], -wide / 2
        for key in self.looks:
            mg = cells.get(key, 0)
            if mg <= 0:
                continue
            own = max(wide * mg / whole, 0.5)
            pieces.append(group(self.looks[key], _curve(points, at + own / 2, own)))
            at += own
        return group("pic-streams", *pieces, title=self.told(link))

    def told(self, link: Link) -> str:
        """Return a stream in words."""
        own = self.way.cells[link]
        parts = ", ".join(
            f"{set_name(key, self.labels.sets.unlabelled)} {self.writing.weight(mg)}"
            for key, mg in own.items()
            if mg > 0
        )
        return self.labels.stream.format(
            weight=self.writing.weight(sum(own.values())),
            source=self.way.places[link[0]].title,
            target=self.way.places[link[1]].title,
            parts=parts,
        )

    def place(self, name: str, asked: bool) -> Drawn:
        """Return the box of a place."""
        one = self.way.places[name]
        x, y = self.x(self.way.layer[name]), self.middle[name]
        detail = self.labels.places(one.count) if one.count > 1 else one.detail
        high = 4 if detail else 0
        pieces = [box(x, y - _HIGH / 2, _WIDE, _HIGH, "pic-held", radius=3)]
        pieces.append(words(x + 8, y + 4 - high, fitted(one.title, _WIDE - 14), "pic-lane-name"))
        if detail:
            small = fitted(detail, _WIDE - 14, 11)
            pieces.append(words(x + 8, y + 14, small, "pic-node-detail"))
        class_ = "pic-asked" if asked else "pic-outside" if one.outside else "pic-place"
        told = f"{one.title}. {detail}" if detail else one.title
        return linked(one.href, group(class_, *pieces, title=told), name=told)


def _curve(points: Sequence[tuple[float, float]], shift: float, wide: float) -> Drawn:
    """Return a band that runs level where it leaves and where it comes."""
    x, y = points[0]
    steps = [f"M {x:.2f} {y + shift:.2f}"]
    for nx, ny in points[1:]:
        middle = (x + nx) / 2
        leaves, comes = f"{middle:.2f} {y + shift:.2f}", f"{middle:.2f} {ny + shift:.2f}"
        steps.append(f"C {leaves} {comes} {nx:.2f} {ny + shift:.2f}")
        x, y = nx, ny
    return element("path", d=" ".join(steps), class_="pic-stream", stroke_width=wide)
