"""The facility as a graph: areas, the protection elements between them, and targets.

An adversary sequence diagram, drawn by the defender, lists the areas of a facility from off-site
inwards and the protection elements between neighbouring areas. A path leads from the start area to
a target: element, transit of the area entered, element, and so on, and at last the target's task.
The graph has no cycle; a way out is drawn with areas of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from keiryo.protection.task import Task


@dataclass(frozen=True, slots=True)
class Area:
    """A place that is crossed, with the task of crossing it if it has one."""

    id: str
    transit: Task | None = None


@dataclass(frozen=True, slots=True)
class Element:
    """A protection element: one task, from one area to the next."""

    id: str
    origin: str
    destination: str
    task: Task


@dataclass(frozen=True, slots=True)
class Target:
    """What is protected: the area it stands in and the last task there."""

    id: str
    area: str
    task: Task
    consequence: Fraction = Fraction(1)
    p_neutralisation: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Graph:
    """A facility in one state, with the response to an alarm.

    Attributes
    ----------
    start : str
        The off-site area, where every path begins; its transit is never counted.
    communication : Fraction
        Probability that an alarm reaches the response force.
    mode : str
        ``A`` (an alarm that is not communicated ends the chance of interruption) or ``B``
        (each alarm has its own chance of communication).
    response_mean_s, response_sd_s : Fraction
        Time from the alarm to the force in place, in seconds.
    """

    start: str
    areas: Mapping[str, Area]
    elements: tuple[Element, ...]
    targets: tuple[Target, ...]
    communication: Fraction
    mode: str
    response_mean_s: Fraction
    response_sd_s: Fraction


def reached(start: str, links: Iterable[tuple[str, str]]) -> set[str]:
    """Return what can be reached from an area along directed links, the area included."""
    following: dict[str, list[str]] = {}
    for origin, destination in links:
        following.setdefault(origin, []).append(destination)
    found, open_areas = {start}, [start]
    while open_areas:
        for area in following.get(open_areas.pop(), ()):
            if area not in found:
                found.add(area)
                open_areas.append(area)
    return found


def order(areas: Iterable[str], links: Iterable[tuple[str, str]]) -> list[str]:
    """Return the areas so that every link leads onwards; areas on or behind a cycle are left out.

    Among areas that may come next, the one named first comes first.
    """
    following: dict[str, list[str]] = {area: [] for area in areas}
    waiting = dict.fromkeys(following, 0)
    for origin, destination in links:
        following[origin].append(destination)
        waiting[destination] += 1
    ordered = [area for area, count in waiting.items() if not count]
    for area in ordered:  # grows while it is read
        for destination in following[area]:
            waiting[destination] -= 1
            if not waiting[destination]:
                ordered.append(destination)
    return ordered


def cycles(areas: Iterable[str], links: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Return the cycles of a graph as groups of areas that can be reached from one another.

    Each group is one list of area ids in the order of the areas given. An area that is linked to
    itself is a group of one.
    """
    named, pairs = list(areas), list(links)
    left = set(named) - set(order(named, pairs))
    pairs = [pair for pair in pairs if left.issuperset(pair)]
    back = [(destination, origin) for origin, destination in pairs]
    # What lies behind a cycle without being on one has no way back; it goes from the other end.
    left -= set(order([area for area in named if area in left], back))
    own = {origin for origin, destination in pairs if origin == destination}
    groups: list[list[str]] = []
    seen: set[str] = set()
    for area in named:
        if area in left and area not in seen:
            together = reached(area, pairs) & reached(area, back)
            seen |= together
            if len(together) > 1 or area in own:
                groups.append([one for one in named if one in together])
    return groups


def dead_areas(
    start: str, areas: Iterable[str], links: Iterable[tuple[str, str]], ends: Iterable[str]
) -> list[str]:
    """Return the areas that are on no route from the start to an area with a target."""
    pairs = list(links)
    onwards = reached(start, pairs)
    back = [(destination, origin) for origin, destination in pairs]
    alive: set[str] = set()
    for end in dict.fromkeys(ends):
        if end in onwards:
            alive |= reached(end, back) & onwards
    return [area for area in areas if area not in alive]
