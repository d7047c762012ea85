"""The scenes that stood still between changes, and how a picture differs from one of them.

A settled scene is kept as it looked, with the noise of its pixels. When a later scene agrees with
a former one it is that scene again: an item that was taken and brought back makes two changes and
a return, never "no change".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from keiryo.screening.change_map import (
    COLOUR_LEVELS,
    SQUARE,
    Reference,
    Values,
    changed_between,
    changed_from,
    gain_over,
    reference_of,
    times,
)
from keiryo.screening.components import sort_changes
from keiryo.screening.model import Plane
from keiryo.screening.preparation import Look, as_plane

LEAST_SHARE = 0.0001  # of the pixels: fewer changed ones are not looked at
LARGE = 0.02  # of the pixels: more than these need no second look while an event goes on
LARGE_MOVING = 0.01  # the same for what moves between pictures, where the change is large
SCENES_KEPT = 24
LIGHT_WINDOW = (3, 3)  # pixels of a colour plane over which the light at a place is measured
LIGHT_RATIO = (0.3, 3.0)  # of the light at a place, for which colours are corrected
SUN_IMAGES, SUN_S = 60, 120.0  # how long hard light is remembered that is not seen any more
SUN_AROUND = 32  # share of the width around it, one in so many
COLOUR_WEIGHT = 0.2  # a colour plane is small and coarse: its shares count less


@dataclass
class Scene:
    """A scene that stood still, as it looked."""

    number: int
    planes: list[Plane]
    noise: list[Values]


@dataclass
class Difference:
    """How a picture differs from a reference.

    Attributes
    ----------
    area : float
        Largest share of a layer that belongs to objects.
    light : float
        Share of the whole view in which only the light changed.
    gain : float
        Of the light.
    raw : float
        Share of the whole view in the change map.
    changed : Plane
        The change map of the whole view.
    objects : Plane
        Its pixels that belong to objects.
    largest : float
        Share of the whole view that its largest object takes, clutter or not.
    number : int
        Objects in the whole view, clutter or not.
    lit : Plane or None
        Its pixels that look like light with a hard edge, wherever they lie.
    """

    area: float
    light: float
    gain: float
    raw: float
    changed: Plane
    objects: Plane
    largest: float = 0.0
    lit: Plane | None = None
    number: int = 0


@dataclass
class HardLight:
    """Where light with a hard edge was seen lately.

    Attributes
    ----------
    ask : bool
        Whether to look for it.
    where : Plane or None
        255 where it was seen, and around.
    at : (int, float)
        Index and time of the last picture that showed it.
    """

    ask: bool = False
    where: Plane | None = None
    at: tuple[int, float] = (0, 0.0)

    def follow(self, look: Look, lit: Plane | None, sparse: bool) -> None:
        """Remember where it was seen: from there on it is known to be light.

        Parameters
        ----------
        look : Look
        lit : Plane or None
            What looks like it in this picture.
        sparse : bool
            Pictures at intervals.
        """
        index, time_s = self.at
        if lit is None:
            if look.index - index > SUN_IMAGES if sparse else look.time_s - time_s > SUN_S:
                self.where = None
            return
        around = 2 * (lit.shape[1] // SUN_AROUND) + 1
        wide = as_plane(cv2.dilate(lit, np.ones((around, around), np.uint8)))
        self.where = wide if self.where is None else as_plane(cv2.bitwise_or(self.where, wide))
        self.at = (look.index, look.time_s)


def fresh(look: Look, noise: list[Values] | None = None) -> list[Reference]:
    """Return the references of all layers of a picture."""
    return [
        reference_of(plane, 1 <= at <= look.colours, None if noise is None else noise[at])
        for at, plane in enumerate(look.layers)
    ]


def comparable(look: Look, planes: list[Plane]) -> bool:
    """Return whether a picture has the layers of a reference."""
    return [plane.shape for plane in look.layers] == [plane.shape for plane in planes]


def against(
    look: Look,
    references: list[Reference],
    keep: list[Plane | None],
    rough: bool = False,
    floor: float = 0.0,
    sun: HardLight | None = None,
) -> Difference:
    """Return how a picture differs from the references of its layers.

    Parameters
    ----------
    look : Look
    references : list of Reference
    keep : list of Plane or None
        Per layer, where changes count.
    rough : bool
        Large changes need not be sorted into objects and light.
    floor : float
        Share of the view below which an object is clutter.
    sun : HardLight, optional
    """
    gain = gain_over(look.layers[0], references[0].image)

    def differs(at: int) -> Plane:
        reference = references[at]
        return changed_from(look.layers[at], reference, 1.0 if reference.colour else gain)

    large = LARGE if rough else 1.0
    contrast = references[0].contrast
    base = [r.image for r in references]
    return _sorted(look, base, differs, keep, gain, large, contrast, floor, sun)


def between(
    look: Look,
    earlier: Look,
    references: list[Reference],
    keep: list[Plane | None],
    large: float = 1.0,
    floor: float = 0.0,
    sun: HardLight | None = None,
) -> Difference:
    """Return how a picture differs from an earlier one that was compared with the same scene.

    Parameters
    ----------
    look, earlier : Look
    references : list of Reference
        Of the scene; their levels are what a change must exceed.
    keep : list of Plane or None
    large : float
        Share of the view from which a change need not be sorted into objects and light.
    floor : float
        Share of the view below which an object is clutter.
    sun : HardLight, optional
    """
    if look.gain and earlier.gain:
        gain = look.gain / earlier.gain
    else:
        gain = gain_over(look.layers[0], earlier.layers[0])

    def differs(at: int) -> Plane:
        reference = references[at]
        factor = 1.0 if reference.colour else gain
        return changed_between(look.layers[at], earlier.layers[at], reference.level, factor)

    contrast = references[0].contrast
    return _sorted(look, earlier.layers, differs, keep, gain, large, contrast, floor, sun)


def _sorted(
    look: Look,
    base: list[Plane],
    differs: Callable[[int], Plane],
    keep: list[Plane | None],
    gain: float,
    large: float,
    contrast: float,
    floor: float,
    sun: HardLight | None,
) -> Difference:
    whole = _kept(differs(0), keep[0])
    raw = cv2.countNonZero(whole) / whole.size
    result = Difference(0.0, 0.0, gain, raw, whole, whole)
    if raw > large:
        result.area = raw
        return result
    for at in range(len(look.layers)):
        changed = whole if at == 0 else _kept(differs(at), keep[at])
        count = cv2.countNonZero(changed)
        if count < max(LEAST_SHARE * changed.size, 1):
            continue
        colour = 1 <= at <= look.colours
        if colour:
            changed = _beyond_light(changed, look.layers, base, at)
            if cv2.countNonZero(changed) < max(LEAST_SHARE * changed.size, 1):
                continue
        factor = 1.0 if colour else gain
        where, ask = (sun.where, sun.ask) if sun is not None and at == 0 else (None, False)
        found = sort_changes(
            changed,
            look.layers[at],
            times(base[at], factor),
            contrast,
            colour,
            floor,
            sunlit=where,
            ask=ask,
        )
        share = found.objects / changed.size * (COLOUR_WEIGHT if colour else 1.0)
        result.area = max(result.area, share)
        if at == 0:
            result.light = found.light / changed.size
            result.objects = found.mask
            result.largest = found.largest / changed.size
            result.lit, result.number = found.lit, found.number
        elif colour and found.objects:
            size = (whole.shape[1], whole.shape[0])
            wide = as_plane(cv2.resize(found.mask, size, interpolation=cv2.INTER_NEAREST))
            result.objects = as_plane(cv2.bitwise_or(result.objects, wide))
    return result


def _beyond_light(changed: Plane, layers: list[Plane], base: list[Plane], at: int) -> Plane:
    """Return the changed pixels of a colour plane that the light at their place does not explain.

    Colours are stronger in more light: their distance from grey (128) goes with the brightness.
    """
    size = (changed.shape[1], changed.shape[0])
    now, was = (
        cv2.blur(cv2.resize(planes[0], size, interpolation=cv2.INTER_AREA), LIGHT_WINDOW).astype(
            np.float32
        )
        for planes in (layers, base)
    )
    ratio = np.clip((now + 4.0) / (was + 4.0), *LIGHT_RATIO)
    high = (cv2.dilate(base[at], SQUARE).astype(np.float32) - 128.0) * ratio
    low = (cv2.erode(base[at], SQUARE).astype(np.float32) - 128.0) * ratio
    colour = layers[at].astype(np.float32) - 128.0
    beyond = np.maximum(colour - high, low - colour) > COLOUR_LEVELS
    return as_plane(np.where(beyond, changed, np.uint8(0)))


def _kept(changed: Plane, keep: Plane | None) -> Plane:
    return changed if keep is None else as_plane(cv2.bitwise_and(changed, keep))


def middle_of(looks: list[Look]) -> Look:
    """Return the median of some pictures, with the time of the last."""
    last = looks[-1]
    if len(looks) < 3:
        return last
    layers = [
        as_plane(np.median(np.stack(planes), axis=0))
        for planes in zip(*(look.layers for look in looks), strict=True)
    ]
    return Look(last.index, last.time_s, last.sharp, layers, last.colours, last.gain, last.fine)


def known_scene(
    look: Look, scenes: list[Scene], keep: list[Plane | None], enough: float
) -> Scene | None:
    """Return the former scene that a picture shows, the latest first, or None."""
    for scene in reversed(scenes):
        if not comparable(look, scene.planes):
            continue
        references = [
            reference_of(plane, 1 <= at <= look.colours, scene.noise[at])
            for at, plane in enumerate(scene.planes)
        ]
        if against(look, references, keep).area <= enough:
            return scene
    return None
