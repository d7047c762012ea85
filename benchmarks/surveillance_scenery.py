"""Views of fixed cameras for test streams: real rooms, a made-up store, and what enters them.

Two rooms are real: the settled images of the two stored clips (tests/data/surveillance). From
the same clips persons, hands and bottles are cut out, so that what enters a view has the edges
and shades of real things. A third view, a store of drums, is drawn. All is drawn by the random
generator that is handed in: the same seed gives the same pictures.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

CLIPS = Path(__file__).resolve().parents[1] / "tests" / "data" / "surveillance"
PERSONS, BOTTLES = "one-by-one-person-detection.mp4", "bottle-detection.mp4"

Image = NDArray[np.uint8]
"""Blue, green and red of every pixel: rows x columns x 3."""

State = tuple[int, ...]
"""What stands in a view: numbers of the items that are there (or are gone)."""


@dataclass(frozen=True, slots=True)
class CutOut:
    """A thing cut out of an image: its colours and how far they cover (0 to 1)."""

    colours: NDArray[np.float32]
    cover: NDArray[np.float32]

    @property
    def height(self) -> int:
        return int(self.colours.shape[0])

    def scaled(self, height: float, mirrored: bool = False) -> CutOut:
        """Return it at another height in pixels."""
        share = height / self.height
        size = (max(2, round(self.colours.shape[1] * share)), max(2, round(height)))
        colours, cover = (
            cv2.resize(a, size, interpolation=cv2.INTER_AREA) for a in (self.colours, self.cover)
        )
        if mirrored:
            colours, cover = colours[:, ::-1], cover[:, ::-1]
        return CutOut(np.ascontiguousarray(colours), np.ascontiguousarray(cover))


@dataclass(frozen=True, slots=True)
class Placed:
    """A cut-out at a place of the image (its left upper corner)."""

    thing: CutOut
    x: int
    y: int

    def draw(self, image: Image, share: float = 1.0, dx: float = 0.0, dy: float = 0.0) -> None:
        """Draw it into the image, moved by (dx, dy) and faded to a share of itself."""
        rows, columns = image.shape[:2]
        left, top = self.x + round(dx), self.y + round(dy)
        x0, y0 = max(left, 0), max(top, 0)
        x1 = min(left + self.thing.colours.shape[1], columns)
        y1 = min(top + self.thing.height, rows)
        if x0 >= x1 or y0 >= y1:
            return
        part = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
        under = image[y0:y1, x0:x1].astype(np.float32)
        cover = self.thing.cover[part][..., None] * np.float32(share)
        image[y0:y1, x0:x1] = under + cover * (self.thing.colours[part] - under) + 0.5

    def contrast(self, image: Image) -> float:
        """Return the mean difference of brightness that it would make, in grey levels."""
        rows, columns = self.thing.cover.shape
        under = image[self.y : self.y + rows, self.x : self.x + columns].astype(np.float32)
        seen = self.thing.cover > 0.5
        if under.shape[:2] != seen.shape or not seen.any():
            return 0.0
        return float(np.abs((self.thing.colours - under).mean(axis=2))[seen].mean())


class View(Protocol):
    """What a camera looks at: its settled states, and who may come in at full size."""

    size: tuple[int, int]
    first_state: State

    def picture(self, state: State, rng: np.random.Generator) -> Image: ...

    def next_state(self, state: State, rng: np.random.Generator) -> tuple[State, str]: ...

    def visit(self, rng: np.random.Generator, length: int) -> list[Image | Placed]: ...


@functools.cache
def truth() -> dict[str, Any]:
    """Return the truth of the two clips."""
    found = json.loads((CLIPS / "truth.json").read_text(encoding="utf-8"))
    return dict(found["sequences"])


def pick(name: str, wanted: set[int]) -> dict[int, Image]:
    """Return some images of a clip by their numbers."""
    reader, found, number = cv2.VideoCapture(str(CLIPS / name)), {}, 0
    while reader.grab():
        if number in wanted:
            found[number] = np.asarray(reader.retrieve()[1], np.uint8)
        number += 1
    reader.release()
    return found


def cut_out(image: Image, empty: Image, least: int = 300) -> CutOut | None:
    """Cut out what stands in an image and not in the empty one; None if there is nothing."""
    apart = cv2.absdiff(cv2.GaussianBlur(image, (5, 5), 0), cv2.GaussianBlur(empty, (5, 5), 0))
    mask = (apart.max(axis=2) > 22).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((11, 11), np.uint8))
    _, labels, found, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if len(found) < 2:
        return None
    largest = 1 + int(found[1:, cv2.CC_STAT_AREA].argmax())
    x, y, wide, high, area = (int(v) for v in found[largest])
    if area < least:
        return None
    part = np.s_[y : y + high, x : x + wide]
    cover = cv2.blur((labels[part] == largest).astype(np.float32), (3, 3))
    return CutOut(image[part].astype(np.float32), cover)


def drum(rng: np.random.Generator, high: int) -> CutOut:
    """Draw a drum: a cylinder with two hoops, a label and scratches."""
    wide = max(3, round(high * 0.66))
    across = np.linspace(-1, 1, wide)
    shade = 0.45 + 0.55 * np.sqrt(np.clip(1 - (across - 0.25) ** 2 * 0.8, 0, 1))
    colour = rng.choice([[60, 150, 200], [150, 90, 40], [70, 70, 160], [170, 170, 165]])
    colours = (colour * rng.uniform(0.8, 1.15)) * shade[None, :, None] * np.ones((high, 1, 1))
    for at in (0.33, 0.66):
        row = round(at * high)
        colours[max(0, row - high // 40 - 1) : row + 1] *= 0.62
    top, left = round(high * 0.42), round(wide * 0.3)
    colours[top : top + max(1, high // 8), left : left + max(1, wide // 3)] = 225
    grain = rng.normal(0, 7, (high, wide, 1))
    cover = np.ones((high, wide), np.float32)
    cover[0, : wide // 6] = cover[0, -(wide // 6) - 1 :] = 0
    return CutOut(np.clip(colours + grain, 0, 255).astype(np.float32), cover)


def box(rng: np.random.Generator, high: int) -> CutOut:
    """Draw a case with a lid, a strap and a speckled surface."""
    high, wide = max(2, high), max(2, round(high * rng.uniform(0.7, 1.6)))
    colour = rng.uniform(30, 225, 3)
    colours = np.ones((high, wide, 1)) * colour + rng.normal(0, 9, (high, wide, 1))
    colours[: max(1, high // 5)] *= 1.18
    colours[:, wide // 2 : wide // 2 + max(1, wide // 10)] *= 0.6
    return CutOut(np.clip(colours, 0, 255).astype(np.float32), np.ones((high, wide), np.float32))


def steady(images: list[Image]) -> list[Image]:
    """Return the images that differ from their middle one by nothing but light and noise.

    The shadow of a hand is on the wall a little before and after the intervals of the truth.
    """
    small = [
        cv2.resize(
            cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (192, 108), interpolation=cv2.INTER_AREA
        ).astype(np.float32)
        for image in images
    ]
    middle = small[len(small) // 2]
    apart = [np.abs(one - middle * np.median(one / np.maximum(middle, 1))) for one in small]
    return [image for image, by in zip(images, apart, strict=True) if (by > 12).mean() < 0.0005]


def widened(first: int, last: int, step: int) -> range:
    """Return numbers inside an interval, a few away from its ends."""
    return range(first + 4, last - 3, step)


class Room:
    """The room of the person clip, empty, with persons of the clip and items on its floor."""

    size = (432, 768)
    first_state: State = ()

    def __init__(self) -> None:
        known = truth()[PERSONS]
        empties = [n for first, last in known["empty"] for n in widened(first, last, 4)]
        self._visits = known["visits"]
        ways = [self._ways(visit) for visit in self._visits[::2]]
        still = [list(range(v["first"] + 15, v["last_body"] - 8, 24)) for v in self._visits]
        wanted = {*empties, *(n for way in (*ways, *still) for n in way)}
        images = pick(PERSONS, wanted)
        self._empties = [images[n] for n in empties]
        self.empty: Image = np.median(self._empties[::3], axis=0).astype(np.uint8)
        self._walks = [[images[n] for n in way] for way in ways]
        self._still = [[images[n] for n in numbers] for numbers in still]
        cuts = [cut_out(image, self.empty, 4000) for walk in self._still for image in walk[::3]]
        self.persons = [cut for cut in cuts if cut is not None]
        self._items = self._made_items()

    @staticmethod
    def _ways(visit: dict[str, int]) -> list[int]:
        """Return the numbers of the images of coming in and of going out, at 10 images/s."""
        first, last = visit["first"], visit["last_shadow"]
        return [*range(first, first + 22), *range(last - 22, last + 1)]

    def _made_items(self) -> list[Placed]:
        rng = np.random.default_rng(41)
        rows, columns = self.size
        items: list[Placed] = []
        while len(items) < 10:
            high = round(rng.uniform(0.07, 0.2) * rows)
            thing = drum(rng, high) if len(items) % 2 else box(rng, high)
            x = int(rng.integers(10, columns - thing.colours.shape[1] - 10))
            y = int(rng.integers(rows * 0.42, rows - high - 4))
            placed = Placed(thing, x, y)
            apart = all(abs(x - other.x) > 55 for other in items)
            if placed.contrast(self.empty) > 30 and (apart or len(items) > 7):
                items.append(placed)
        return items

    def picture(self, state: State, rng: np.random.Generator) -> Image:
        image = self._empties[int(rng.integers(len(self._empties)))].copy()
        return self.with_items(image, state)

    def with_items(self, image: Image, state: State) -> Image:
        for number in state:
            self._items[number].draw(image)
        return image

    def next_state(self, state: State, rng: np.random.Generator) -> tuple[State, str]:
        number = int(rng.integers(len(self._items)))
        if number in state:
            return tuple(n for n in state if n != number), "item removed"
        return tuple(sorted((*state, number))), "item added"

    def visit(self, rng: np.random.Generator, length: int) -> list[Image | Placed]:
        """Return images of a person: standing (up to 20 images), or coming in and going out."""
        number = int(rng.integers(len(self._still)))
        if length <= 20:
            still = self._still[number]
            return [still[int(rng.integers(len(still)))] for _ in range(length)]
        return list(self._walks[number % len(self._walks)])


class Shelf:
    """The shelf of the bottle clip in its eight settled states, with hands of the clip."""

    size = (360, 640)
    first_state: State = (0,)

    def __init__(self) -> None:
        known = truth()[BOTTLES]
        numbers = [
            list(widened(state["first"] + 8, state["last"] - 6, 2))
            for state in known["settled_states"]
        ]
        hands = [*range(176, 190, 2), *range(480, 492, 2), *range(926, 938, 2)]
        moves = [
            list(range(move["first"] - 3, move["last"] + 4)) for move in known["interventions"]
        ]
        wanted = {*hands, *(n for many in (*numbers, *moves) for n in many)}
        images = pick(BOTTLES, wanted)
        self._settled = [steady([images[n] for n in many]) for many in numbers]
        self.moves = [[images[n] for n in many[::3]] for many in moves]
        cuts = []
        for n in hands:
            before = 0 if n < 300 else 2 if n < 600 else 5
            cuts.append(cut_out(images[n], self._settled[before][-1], 500))
        self.hands = [cut for cut in cuts if cut is not None]
        self.empty = self._settled[0][0]

    def picture(self, state: State, rng: np.random.Generator) -> Image:
        many = self._settled[state[0] % 8]
        return many[int(rng.integers(len(many)))].copy()

    def next_state(self, state: State, rng: np.random.Generator) -> tuple[State, str]:
        following = (state[0] + 1) % 8
        if following == 0:
            following = 1
        return (following,), "bottle removed" if following in (1, 3, 6) else "bottle returned"

    def visit(self, rng: np.random.Generator, length: int) -> list[Image | Placed]:
        hand = self.hands[int(rng.integers(len(self.hands)))]
        x = int(rng.integers(0, self.size[1] - hand.colours.shape[1]))
        return [Placed(hand, x + int(rng.integers(-6, 7)), 0) for _ in range(length)]


class Store:
    """A drawn store: drums in rows behind painted lines; a state names the drums that are gone."""

    size = (480, 704)
    first_state: State = (3, 9, 16)

    def __init__(self, persons: list[CutOut]) -> None:
        rng = np.random.default_rng(73)
        rows, columns = self.size
        floor = np.linspace(95, 150, rows)[:, None, None] * np.array([0.96, 1.0, 1.02])
        image = np.repeat(floor, columns, axis=1)
        image[: rows // 4] = np.array([168, 172, 170])
        image[rows // 4 - 3 : rows // 4 + 2] = 60
        for x in range(0, columns, 88):
            image[: rows // 4, x : x + 3] -= 22
        coarse = cv2.resize(
            rng.normal(0, 9, (30, 44)), (columns, rows), interpolation=cv2.INTER_CUBIC
        )
        image += coarse[..., None] + rng.normal(0, 3, (rows, columns, 1))
        self._floor: Image = np.clip(image, 0, 255).astype(np.uint8)
        for y in (210, 320, 470):
            cv2.line(self._floor, (0, y), (columns, y - 6), (60, 190, 215), 4)
        cv2.rectangle(self._floor, (560, 20), (640, 118), (72, 66, 60), -1)
        self._drums = []
        for y, high, count in ((150, 56, 9), (235, 76, 7), (345, 108, 5)):
            for place in range(count):
                x = round((place + 0.35) * columns / count)
                self._drums.append(Placed(drum(rng, high), x + int(rng.integers(-6, 7)), y))
        self.persons = persons
        self._known: dict[State, Image] = {}
        self.empty = self._drawn(self.first_state)

    def _drawn(self, state: State) -> Image:
        if state not in self._known:
            image = self._floor.copy()
            for number, placed in enumerate(self._drums):
                if number not in state:
                    placed.draw(image)
            self._known[state] = cv2.GaussianBlur(image, (3, 3), 0.7)
        return self._known[state]

    def picture(self, state: State, rng: np.random.Generator) -> Image:
        return self._drawn(state).copy()

    def next_state(self, state: State, rng: np.random.Generator) -> tuple[State, str]:
        number = int(rng.integers(len(self._drums)))
        if number in state:
            return tuple(n for n in state if n != number), "item added"
        return tuple(sorted((*state, number))), "item removed"

    def visit(self, rng: np.random.Generator, length: int) -> list[Image | Placed]:
        person = self.persons[int(rng.integers(len(self.persons)))]
        thing = person.scaled(rng.uniform(0.25, 0.5) * self.size[0], bool(rng.integers(2)))
        rows, columns = self.size
        y = rows - thing.height - int(rng.integers(5, 120))
        x = int(rng.integers(20, columns - thing.colours.shape[1] - 20))
        return [Placed(thing, x + 4 * n, y) for n in range(length)]


@functools.cache
def view(name: str) -> Room | Shelf | Store:
    """Return one of the views by its name: room, shelf or store."""
    if name == "room":
        return Room()
    if name == "shelf":
        return Shelf()
    room = view("room")
    assert isinstance(room, Room)
    return Store(room.persons)


def small_thing(rng: np.random.Generator, image: Image, height: float, least: float) -> Placed:
    """Place a far-off person or a case of a height in pixels where it makes enough contrast."""
    room = view("room")
    assert isinstance(room, Room)
    best: tuple[float, Placed] | None = None
    for _ in range(40):
        if rng.integers(2):
            person = room.persons[int(rng.integers(len(room.persons)))]
            thing = person.scaled(height, bool(rng.integers(2)))
        else:
            thing = box(rng, round(height))
        x = int(rng.integers(4, image.shape[1] - thing.colours.shape[1] - 4))
        y = int(rng.integers(4, image.shape[0] - thing.height - 4))
        placed = Placed(thing, x, y)
        made = placed.contrast(image)
        if made >= least:
            return placed
        if best is None or made > best[0]:
            best = made, placed
    assert best is not None
    return best[1]


def faint_thing(rng: np.random.Generator, image: Image, height: float, contrast: float) -> Placed:
    """Place a thing that differs from what is behind it by a given contrast, edges and all."""
    high, wide = round(height), round(height * rng.uniform(0.5, 1.2))
    x = int(rng.integers(4, image.shape[1] - wide - 4))
    y = int(rng.integers(4, image.shape[0] - high - 4))
    under = image[y : y + high, x : x + wide].astype(np.float32)
    sign = -1.0 if under.mean() > 127 else 1.0
    cover = np.zeros((high, wide), np.float32)
    cv2.ellipse(cover, (wide // 2, high // 2), (wide // 2, high // 2), 0, 0, 360, 1.0, -1)
    colours = under + sign * contrast + rng.normal(0, 2, (high, wide, 1))
    return Placed(CutOut(np.clip(colours, 0, 255).astype(np.float32), cover), x, y)
