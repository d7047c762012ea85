"""Test streams of two families, with their truth: images at intervals, and video.

A stream is fully given by its recipe and seed. Every image is compressed as a camera would do it
(JPEG, or H.264 for video) and decoded by the product before anybody screens it. The truth names
events as runs of images, and changes of what stands in the view; tampering with the camera is told
apart.
"""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import surveillance_scenery as scenery
import surveillance_weather as weather
from surveillance_scenery import Image, Placed, State

from keiryo.screening.model import Picture
from keiryo.screening.sources import open_source
from keiryo.screening.sources.picture_files import Decoder

PTI, VIDEO = "interval", "video"
GAP = {PTI: 14, VIDEO: 30}
"""Images between two events at least: more than the truth is widened by."""


@dataclass(frozen=True, slots=True)
class TruthEvent:
    """Something that happens, in the images first to last (0-based, both included).

    For a state change that falls between two images both are the first image of the new state.
    """

    kind: str
    first: int
    last: int
    state_change: bool = False


@dataclass(frozen=True, slots=True)
class TruthTamper:
    """Something done to the camera, by the code that must be raised."""

    code: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Truth:
    """All that happens in a stream."""

    images: int
    events: tuple[TruthEvent, ...]
    tampers: tuple[TruthTamper, ...] = ()
    tolerance: int = 0

    def intervals(self) -> list[tuple[str, int, int]]:
        """Return events, tampering and the quiet runs between, in order; they tile the stream."""
        busy = [(e.kind, e.first, e.last) for e in self.events]
        busy += [(t.code, t.first, t.last) for t in self.tampers]
        tiles, following = [], 0
        for what, first, last in sorted(busy, key=lambda run: run[1]):
            if first > following:
                tiles.append(("quiet", following, first - 1))
            tiles.append((what, first, last))
            following = last + 1
        if following < self.images:
            tiles.append(("quiet", following, self.images - 1))
        return tiles


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a stream is made.

    `events` counts events by kind; `noise_sigma` is in grey levels; `quality` is that of JPEG, or
    the constant rate factor of H.264; `least` is the contrast in grey levels that small things
    make at least, before weather and light. Another `draw` gives other places, times and weather.
    """

    name: str
    family: str
    view: str
    images: int
    events: dict[str, int]
    weather: tuple[str, ...] = ()
    noise_sigma: float = 2.5
    quality: int | tuple[int, int] = 85
    interval_s: float = 300.0
    least: float = 30.0
    tampers: tuple[str, ...] = ()
    clip: str | None = None
    every: int = 1
    sparse: bool = False
    draw: int = 0

    @property
    def seed(self) -> int:
        return zlib.crc32(f"{self.name} {self.draw}".encode() if self.draw else self.name.encode())

    @property
    def fps(self) -> float:
        return 179 / 6 if self.clip == scenery.BOTTLES else 10.0

    @property
    def seconds_between(self) -> float:
        return self.interval_s if self.family == PTI else 1 / self.fps


SMALL = {
    "small 4-8 %": (0.04, 0.08),
    "small 2.5-4 %": (0.025, 0.04),
    "small 1.5-2.5 %": (0.015, 0.025),
}
"""Heights of small things, as shares of the height of the picture."""

STATE, FAINT_STATE = "state", "faint state change"
FAINT_LEVELS = 18.0
CONTRAST_LEFT = {"night": 0.34, "fog": 0.45, "lamps": 0.6}
"""What darkness and weather leave of the contrast at worst."""
LENGTHS = {  # images that an event lasts, from and to: at intervals, and in video
    "visit": ((1, 3), (45, 45)),
    "standing": ((5, 18), (45, 45)),
    "faint": ((1, 3), (12, 25)),
    "slow fade": ((8, 8), (30, 30)),
    STATE: ((1, 1), (1, 1)),
    "tamper": ((6, 10), (30, 40)),
    **dict.fromkeys(SMALL, ((1, 2), (12, 30))),
}


def positions(rng: np.random.Generator, images: int, lengths: list[int], gap: int) -> list[int]:
    """Return the first images of events that leave gaps between them, at random otherwise."""
    free = images - sum(lengths) - gap * (len(lengths) + 1)
    if free < 0:
        raise ValueError(f"{images} images are too few for {len(lengths)} events")
    extra = np.sort(rng.integers(0, free + 1, len(lengths)))
    ends = np.cumsum([0, *lengths[:-1]])
    return [int(e + s + gap * (k + 1)) for k, (e, s) in enumerate(zip(extra, ends, strict=True))]


@dataclass
class Happening:
    """One event as it is drawn: what lies over the view in each of its images."""

    truth: TruthEvent
    before: State
    after: State
    over: list[Image | Placed] = field(default_factory=list)
    path: tuple[float, float] = (0.0, 0.0)
    fade: bool = False

    def draw(self, image: Image, number: int) -> Image:
        k = number - self.truth.first
        over = self.over[min(k, len(self.over) - 1)]
        if isinstance(over, np.ndarray):
            return over.copy()
        middle = (self.truth.last - self.truth.first) / 2
        share = 1 - abs(k - middle) / (middle + 1) if self.fade else 1.0
        over.draw(image, share, self.path[0] * k, self.path[1] * k)
        return image


class Stream:
    """A stream of images with its truth, made from a recipe."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe, self.name, self.family = recipe, recipe.name, recipe.family
        if recipe.clip:
            self.truth, self._happenings = clip_truth(recipe.clip, recipe.every), []
            return
        rng = np.random.default_rng(recipe.seed)
        kinds = [kind for kind, count in recipe.events.items() for _ in range(count)]
        kinds += ["tamper " + code for code in recipe.tampers]
        rng.shuffle(kinds)
        lengths = [self._length(kind, rng) for kind in kinds]
        firsts = positions(rng, recipe.images, lengths, GAP[recipe.family])
        self._happenings, tampers = [], []
        state = scenery.view(recipe.view).first_state
        for kind, first, long in zip(kinds, firsts, lengths, strict=True):
            if kind.startswith("tamper "):
                tampers.append(TruthTamper(kind[7:], first, first + long - 1))
                continue
            happening = self._happening(kind, first, long, state, rng)
            state = happening.after
            self._happenings.append(happening)
        events = tuple(happening.truth for happening in self._happenings)
        self.truth = Truth(recipe.images, events, tuple(tampers))

    def _length(self, kind: str, rng: np.random.Generator) -> int:
        """Return how many images an event lasts; three in sparse streams at intervals."""
        kind = "tamper" if kind.startswith("tamper ") else kind
        least, most = LENGTHS[kind][self.family == VIDEO]
        if self.recipe.sparse and self.family == PTI and kind != STATE:
            most = least = 3
        return int(rng.integers(least, most + 1))

    def _happening(
        self, kind: str, first: int, long: int, state: State, rng: np.random.Generator
    ) -> Happening:
        recipe, view = self.recipe, scenery.view(self.recipe.view)
        told = kind
        if kind == STATE:
            after, told = view.next_state(state, rng)
            if self._hardly_seen(view, state, after):
                told = FAINT_STATE
            return Happening(TruthEvent(told, first, first, True), state, after)
        truth = TruthEvent(told, first, first + long - 1)
        happening = Happening(truth, state, state)
        if kind in ("visit", "standing"):
            happening.over = view.visit(rng, long)
            if recipe.view == "shelf":
                happening.truth = TruthEvent("hand", first, first + long - 1)
            return happening
        image = view.picture(state, rng)
        rows = view.size[0]
        if kind in SMALL:
            share = rng.uniform(*SMALL[kind])
            placed = scenery.small_thing(rng, image, share * rows, recipe.least)
            if recipe.family == VIDEO:
                angle, pace = rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 2.5)
                happening.path = (pace * np.cos(angle), pace * np.sin(angle) / 3)
        else:
            contrast = 45.0 if kind == "slow fade" else rng.uniform(12, 25)
            placed = scenery.faint_thing(rng, image, rng.uniform(0.1, 0.3) * rows, contrast)
            happening.fade = kind == "slow fade"
        happening.over = [placed]
        return happening

    def _hardly_seen(self, view: scenery.View, before: State, after: State) -> bool:
        """Return whether a change of state makes less contrast than a case of `FAINT_LEVELS`."""
        one, other = (
            cv2.cvtColor(view.picture(state, np.random.default_rng(3)), cv2.COLOR_BGR2GRAY)
            for state in (before, after)
        )
        apart = cv2.absdiff(one, other)
        changed = apart[apart > 8]
        left = min([1.0, *(CONTRAST_LEFT.get(name, 1.0) for name in self.recipe.weather)])
        return changed.size == 0 or float(np.percentile(changed, 75)) * left < FAINT_LEVELS

    def scenes(self) -> Iterator[Image]:
        """Give the images as the lens sees them, before compression."""
        recipe, view = self.recipe, scenery.view(self.recipe.view)
        rng = np.random.default_rng([recipe.seed, 1])
        video = recipe.family == VIDEO
        disturb = [
            weather.MAKERS[name](rng, view.size, recipe.images, video) for name in recipe.weather
        ]
        disturb.append(weather.noise(rng, view.size, recipe.noise_sigma))
        tampers = {n: t for t in self.truth.tampers for n in range(t.first, t.last + 1)}
        pending, state, kept = list(self._happenings), view.first_state, None
        steady: tuple[State, Image] | None = None
        for n in range(recipe.images):
            while pending and n > pending[0].truth.last:
                state = pending.pop(0).after
            now = pending[0] if pending and n >= pending[0].truth.first else None
            if now is not None and now.truth.state_change:
                state, now = now.after, None
            if video:
                if steady is None or steady[0] != state:
                    steady = state, view.picture(state, np.random.default_rng(5))
                image = steady[1].copy()
            else:
                image = view.picture(state, rng)
            if now is not None:
                image = now.draw(image, n)
                if isinstance(view, scenery.Room) and isinstance(now.over[0], np.ndarray):
                    image = view.with_items(image, state)
            for change in disturb:
                image = change(image, n)
            tamper = tampers.get(n)
            if tamper is not None and tamper.code == "frozen":
                image = kept if kept is not None else image
            elif tamper is not None and tamper.code != "replaced":
                image = weather.TAMPERS[tamper.code](image, n)
                image = disturb[-1](image, n)
            kept = image
            yield image

    def pictures(self, folder: Path) -> Iterator[Picture]:
        """Give the images as the product decodes them; video is written to the folder first.

        A picture may lie in memory that is used again for the next one.
        """
        if self.family == PTI and not self.recipe.clip:
            decoder, between = Decoder(), self.recipe.seconds_between
            for n, coded in enumerate(self.jpegs()):
                told = decoder.decode(coded)
                yield Picture(n, n * between, told.luma, told.chroma, told.digest)
            return
        source = open_source(self.video(folder))
        every, taken = self.recipe.every, 0
        for n, picture in enumerate(source.pictures()):
            if isinstance(picture, Picture) and n % every == 0:
                yield dataclasses.replace(picture, index=taken)
                taken += 1
        source.close()

    def jpegs(self) -> Iterator[bytes]:
        """Give the images as JPEG; a run that was replaced repeats what was shown before."""
        rng = np.random.default_rng([self.recipe.seed, 2])
        quality = self.recipe.quality
        shown: dict[int, int] = {}
        for tamper in self.truth.tampers:
            if tamper.code == "replaced":
                long = tamper.last - tamper.first + 1
                shown |= {n: n - long - 2 for n in range(tamper.first, tamper.last + 1)}
        kept: dict[int, bytes] = {}
        wanted = set(shown.values())
        for n, image in enumerate(self.scenes()):
            level = int(rng.integers(*quality)) if isinstance(quality, tuple) else quality
            coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, level])[1].tobytes()
            if n in wanted:
                kept[n] = coded
            yield kept[shown[n]] if n in shown else coded

    def video(self, folder: Path) -> Path:
        """Write the stream as H.264 into a folder, once; return the file."""
        if self.recipe.clip:
            return scenery.CLIPS / self.recipe.clip
        path = folder / f"{self.name}.mp4"
        if not path.exists():
            quality = self.recipe.quality if self.family == VIDEO else 18
            assert isinstance(quality, int)
            stills = (cv2.imdecode(np.frombuffer(c, np.uint8), 1) for c in self.jpegs())
            write_video(path, self.scenes() if self.family == VIDEO else stills, quality)
        return path


def colours(picture: Picture) -> Image:
    """Return a picture in colours, for methods that want them."""
    rows, columns = (size // 2 * 2 for size in picture.luma.shape)
    planes = np.full((rows * 3 // 2, columns), 128, np.uint8)
    planes[:rows] = picture.luma[:rows, :columns]
    if picture.chroma is not None:
        for n, plane in enumerate(picture.chroma):
            first = rows + n * rows // 4
            half = plane[: rows // 2, : columns // 2]
            planes[first : first + rows // 4] = half.reshape(rows // 4, columns)
    return np.asarray(cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420), np.uint8)


def write_video(path: Path, images: Iterator[Image], rate_factor: int, fps: int = 10) -> None:
    """Write images as H.264 (x264, veryfast, one thread: the same bytes every time)."""
    with av.open(str(path), "w") as container:
        options = {"preset": "veryfast", "crf": str(rate_factor), "threads": "1"}
        stream: Any = container.add_stream("libx264", rate=Fraction(fps), options=options)
        stream.pix_fmt = "yuv420p"
        for n, image in enumerate(images):
            if n == 0:
                stream.height, stream.width = image.shape[:2]
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def clip_truth(name: str, every: int) -> Truth:
    """Return the truth of a stored clip of which every so-manyth image is taken."""
    known = scenery.truth()[name]
    runs = known.get("interventions") or known["visits"]
    events = []
    for run in runs:
        first, last = run["first"], run.get("last", run.get("last_shadow"))
        first, last = -(-first // every), last // every
        if first <= last:
            kind, moved = ("visit", False) if "last_shadow" in run else ("bottle by hand", True)
            events.append(TruthEvent(kind, first, last, moved))
    images = -(-known["frames"] // every)
    tolerance = known["tolerance_frames"] if every == 1 else 0
    return Truth(images, tuple(events), tolerance=tolerance)


def _mixed(visit: int = 3, large: int = 4, middle: int = 2, states: int = 5) -> dict[str, int]:
    return {"visit": visit, "small 4-8 %": large, "small 2.5-4 %": middle, STATE: states}


def _pti(name: str, view: str, *conditions: str, **more: Any) -> Recipe:
    more = {"images": 420, "events": _mixed(), **more}
    return Recipe(name, PTI, view, weather=conditions, **more)


def _video(name: str, view: str, *conditions: str, **more: Any) -> Recipe:
    events = {"visit": 3, "small 4-8 %": 4, "small 2.5-4 %": 2, STATE: 2}
    if view == "shelf":
        events = {"visit": 2, STATE: 5, "small 4-8 %": 2}
    more = {"images": 800, "events": events, "quality": 23, **more}
    return Recipe(name, VIDEO, view, weather=conditions, **more)


# A reviewer is shown one image before and after: three images of an event make five, a state change
# of one image makes four. So W stays above the event fraction even where nothing else is shown.
RECIPES: tuple[Recipe, ...] = (
    _pti(
        "sparse room", "room", "daylight", images=1600, sparse=True, events={"visit": 2, STATE: 1}
    ),
    _pti("sparse small", "room", "daylight", images=1400, sparse=True, events={"small 4-8 %": 2}),
    _pti("sparse shelf", "shelf", "daylight", images=1400, sparse=True, events={STATE: 3}),
    _pti(
        "sparse store",
        "store",
        "daylight",
        "lamps",
        images=1600,
        sparse=True,
        events={STATE: 1, "visit": 1, "small 4-8 %": 1},
    ),
    _pti("lamps", "room", "lamps"),
    _pti("soft sun", "room", "soft sun", "daylight"),
    _pti("hard sun", "store", "hard sun", interval_s=120.0),
    _pti("clouds", "store", "clouds", interval_s=60.0),
    _pti("rain", "store", "rain", interval_s=120.0),
    _pti("snow", "room", "snow"),
    _pti("fog", "store", "fog", least=45.0),
    _pti("shake", "store", "shake"),
    _pti("insects", "room", "insects", "daylight"),
    _pti("flicker", "shelf", "flicker", interval_s=60.0),
    _pti("night", "store", "night", noise_sigma=6.0, least=60.0),
    _pti("noise", "room", "daylight", noise_sigma=8.0, least=45.0),
    _pti("jpeg", "store", "daylight", quality=(25, 90)),
    _pti("faint", "room", events={"faint": 12, "slow fade": 4}),
    _pti("tiny", "store", events={"small 2.5-4 %": 7, "small 1.5-2.5 %": 8}),
    _pti("standing", "room", "daylight", images=420, events={"standing": 8, STATE: 3}),
    _pti("person clip every 30th", "room", clip=scenery.PERSONS, every=30, interval_s=3.0),
    _pti("bottle clip every 30th", "shelf", clip=scenery.BOTTLES, every=30, interval_s=1.0),
    _pti(
        "tamper at intervals",
        "store",
        "daylight",
        images=500,
        events={"visit": 4, STATE: 4},
        tampers=("dark", "bright", "covered", "defocused", "moved", "frozen", "replaced"),
    ),
    _video("person clip", "room", clip=scenery.PERSONS),
    _video("bottle clip", "shelf", clip=scenery.BOTTLES),
    _video("video sparse", "room", images=2400, sparse=True, events={"small 4-8 %": 1}),
    _video("video day", "room", "clouds"),
    _video("video crf 36", "room", "flicker", quality=36),
    _video("video night", "store", "night", noise_sigma=6.0, least=60.0, quality=28),
    _video("video snow", "room", "snow"),
    _video("video rain", "shelf", "rain", quality=26),
    _video("video shake", "store", "shake", quality=26),
    _video("video still", "store", noise_sigma=0.6, quality=38),
    _video("video insects", "shelf", "insects", "soft sun"),
    _video(
        "video tamper",
        "room",
        images=700,
        events={"visit": 2},
        tampers=("dark", "bright", "covered", "defocused", "moved"),
    ),
)


def streams(names: list[str] | None = None, draw: int = 0) -> list[Stream]:
    """Return the streams of these names (all, without any).

    Parameters
    ----------
    names : list of str, optional
    draw : int
        Another number gives other streams of the same recipes: other places, times and weather.
    """
    chosen = [recipe for recipe in RECIPES if not names or recipe.name in names]
    return [Stream(dataclasses.replace(recipe, draw=draw)) for recipe in chosen]
