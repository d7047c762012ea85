"""What a picture of a way is drawn from: places, streams between them, and how many are folded.

Places on the way and in between (what is on its way, batches that are mixed and made anew) are
left out where something both comes and goes. Where the places are too many to be seen, those of
one area become one, and what came from one State does, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from keiryo.web.pictures.layered import longest_path_layers, without_cycles

Link = tuple[str, str]
MOST_PLACES, MOST_LAYERS, MOST_IN_LAYER = 28, 7, 9
"""Places, and steps in a row, up to which nothing is folded; and the most in a column after."""


@dataclass(frozen=True, slots=True)
class StreamPlace:
    """A place on the way.

    Attributes
    ----------
    name : str
        Unique.
    title, detail : str
        What stands in its box.
    group : str
        Area, or State: what becomes one where the places are too many.
    outside : bool
        Whether the way begins there.
    between : bool
        Whether it is left out where something both comes and goes.
    href : str or None
    count : int
        Places that it stands for.
    """

    name: str
    title: str
    detail: str = ""
    group: str = ""
    outside: bool = False
    between: bool = False
    href: str | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Stream:
    """What went from one place to another: milligrams by label set."""

    source: str
    target: str
    cells: Mapping[str, int]


@dataclass(slots=True)
class Way:
    """The places and streams that are drawn.

    Attributes
    ----------
    places : dict of str to StreamPlace
    cells : dict of (source, target) to dict of label set to int
    layer : dict of str to int
        0: what is asked about.
    folded : bool
        Whether places were made one.
    """

    places: dict[str, StreamPlace] = field(default_factory=dict)
    cells: dict[Link, dict[str, int]] = field(default_factory=dict)
    layer: dict[str, int] = field(default_factory=dict)
    folded: bool = False


def drawn_way(places: Sequence[StreamPlace], streams: Iterable[Stream], asked: str) -> Way:
    """Return what is drawn of the way to a place.

    Parameters
    ----------
    places : sequence of StreamPlace
    streams : iterable of Stream
        Their order does not matter; those between the same places are added up.
    asked : str
        Name of the place that is asked about.
    """
    cells: dict[Link, dict[str, int]] = {}
    for stream in streams:
        _add(cells, (stream.source, stream.target), stream.cells)
    named = {place.name: place for place in places}
    cells = _without_between(cells, named, asked)
    way = _layered(Way(named, cells), asked)
    if len(way.layer) > MOST_PLACES or max(way.layer.values(), default=0) > MOST_LAYERS:
        way = _layered(_by_group(way, asked), asked)
    return _bounded(way, asked)


def _add(cells: dict[Link, dict[str, int]], link: Link, more: Mapping[str, int]) -> None:
    if link[0] == link[1]:
        return
    own = cells.setdefault(link, {})
    for key, mg in more.items():
        own[key] = own.get(key, 0) + mg


def _without_between(
    cells: dict[Link, dict[str, int]], places: Mapping[str, StreamPlace], asked: str
) -> dict[Link, dict[str, int]]:
    """Return the streams that lead past places in between."""
    for name, place in places.items():
        before = [link for link in cells if link[1] == name]
        after = [link for link in cells if link[0] == name]
        if not place.between or name == asked or not before or not after:
            continue
        if len(before) > 1 and len(after) > 1:
            continue
        one_goes = len(after) == 1
        for link in before if one_goes else after:
            ends = (link[0], after[0][1]) if one_goes else (before[0][0], link[1])
            _add(cells, ends, cells[link])
        for link in (*before, *after):
            del cells[link]
    return cells


def _layered(way: Way, asked: str) -> Way:
    """Return the way with layers, without what leads back and what does not lead to the asked."""
    into: dict[str, list[str]] = {}
    for source, target in way.cells:
        into.setdefault(target, []).append(source)
    reached, waiting = {asked: None}, [asked]
    while waiting:
        for source in into.get(waiting.pop(), ()):
            if source not in reached:
                reached[source] = None
                waiting.append(source)
    nodes = list(reached)
    back = [(t, s) for s, t in way.cells if s in reached and t in reached]
    links = [(s, t) for t, s in without_cycles(nodes, back)]
    layer = longest_path_layers(nodes, links, asked)
    cells = {link: way.cells[link] for link in links if layer[link[0]] > layer[link[1]]}
    places = {name: way.places[name] for name in nodes}
    return Way(places, cells, {name: layer[name] for name in nodes}, way.folded)


def _by_group(way: Way, asked: str) -> Way:
    """Return the way with one place for each area, and for each State where it begins."""
    becomes = {
        name: name if name == asked else f"{'from' if place.outside else 'in'} {place.group}"
        for name, place in way.places.items()
    }
    return _merged(way, becomes)


def _bounded(way: Way, asked: str) -> Way:
    """Return the way with the smallest places of every column made one."""
    columns: dict[int, list[str]] = {}
    for name, number in way.layer.items():
        columns.setdefault(number, []).append(name)
    becomes = {name: name for name in way.layer}
    for number, names in columns.items():
        if len(names) <= MOST_IN_LAYER:
            continue
        names.sort(key=lambda name: (-_weight(way, name), name))
        becomes |= dict.fromkeys(names[MOST_IN_LAYER - 1 :], f"more {number}")
    if all(name == other for name, other in becomes.items()):
        return way
    merged = _merged(way, becomes)
    merged.layer = {becomes[name]: number for name, number in way.layer.items()}
    return merged


def _merged(way: Way, becomes: Mapping[str, str]) -> Way:
    members: dict[str, list[StreamPlace]] = {}
    for name, place in way.places.items():
        members.setdefault(becomes[name], []).append(place)
    cells: dict[Link, dict[str, int]] = {}
    for (source, target), own in way.cells.items():
        _add(cells, (becomes[source], becomes[target]), own)
    return Way({name: _one(name, some) for name, some in members.items()}, cells, {}, True)


def _one(name: str, members: Sequence[StreamPlace]) -> StreamPlace:
    if len(members) == 1 and members[0].name == name:
        return members[0]
    groups = list(dict.fromkeys(place.group for place in members))
    outside = all(place.outside for place in members)
    title = ", ".join(groups[:3]) + (", …" if groups[3:] else "")
    count = sum(place.count for place in members)
    return StreamPlace(name, title, "", groups[0], outside, False, None, count)


def _weight(way: Way, name: str) -> int:
    return sum(sum(own.values()) for link, own in way.cells.items() if name in link)
