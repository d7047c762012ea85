"""Events: from the first image that differs from the settled scene to the one that settles again.

While an event goes on its reference stands still, so nothing is absorbed. It ends when the scene is
as before (activity), or stands still in another way (a change of state, with a new reference).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from keiryo.screening.change_map import Reference, Values
from keiryo.screening.clutter import Clutter
from keiryo.screening.fine import FINE_MOST, FineLook
from keiryo.screening.model import Event, EventKind, Note, Plane, SettledScene, Standing
from keiryo.screening.preparation import Look
from keiryo.screening.states import (
    LARGE,
    LARGE_MOVING,
    SCENES_KEPT,
    Difference,
    HardLight,
    Scene,
    against,
    between,
    comparable,
    fresh,
    known_scene,
    middle_of,
)

OPEN_VIDEO, CLOSE_VIDEO = 0.0008, 0.0004  # shares of the view
OPEN_FINE, CLOSE_FINE = 0.0002, 0.0001
FINE_S = 0.5  # how long a small change must last in video
CLOSE_S, SETTLE_S, EARLIER_S = 0.4, 0.7, 0.25
UPDATE_S, UPDATE_TIME_S, UPDATE_IMAGES = 0.5, 10.0, 20
LIGHT_SHARE, CLASS_SHARE, CLASS_GAIN = 0.02, 0.30, 1.5
ASK_EVERY = 5  # images of video between two that are asked for hard light
LIT_WAIT = 20  # images, or seconds in video
LIT_SHARE = 0.01  # of the view in other light: then no change is too large to be looked at
RESTLESS_S, RESTLESS_IMAGES, RESTLESS_SHARE = 20.0, 20, 0.3
RESTLESS_NOISE = 20.0  # grey levels
STACK = 5  # pictures of which a settled scene is the median
RING = 16  # pictures kept to look back a quarter of a second


@dataclass
class Running:
    """An event that goes on."""

    first: int
    from_s: float
    peak: int
    score: float
    last: int
    to_s: float
    zones: list[str] = field(default_factory=list)
    fine: bool = False
    quiet: int | None = None
    quiet_s: float = 0.0
    still: list[Look] = field(default_factory=list)
    still_at: list[tuple[int, float]] = field(default_factory=list)
    images: int = 0
    lit: bool = False
    finely: bool = False
    restless: Values | None = None


@dataclass
class Watch:
    """What is kept of one camera between images to find events.

    Attributes
    ----------
    sparse : bool
        Pictures at intervals of a second and more.
    keep, zones
        Per layer, where changes count; per name, the zones drawn on the whole view.
    references, number
        The settled scene, and its number.
    """

    sparse: bool
    keep: list[Plane | None]
    zones: dict[str, Plane]
    references: list[Reference] = field(default_factory=list)
    number: int = 0
    next_number: int = 1
    former: list[Scene] = field(default_factory=list)
    since: int = 0
    since_s: float = 0.0
    recent: list[Look] = field(default_factory=list)
    updated_s: float = 0.0
    pending: list[tuple[int, float, float]] = field(default_factory=list)
    fine_since: list[tuple[int, float]] = field(default_factory=list)
    running: Running | None = None
    lighting: Note | None = None
    lit: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    scenes: list[SettledScene] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    last_quiet: tuple[int, float] = (0, 0.0)
    calm: bool = False
    clutter: Clutter = field(default_factory=Clutter)
    fine: FineLook = field(default_factory=FineLook)
    sun: HardLight = field(default_factory=HardLight)
    images: int = 0

    def begin(self, look: Look) -> None:
        """Take the first healthy picture as the first settled scene."""
        self.references = fresh(look)
        self.fine.begin(look.fine)
        self.since, self.since_s = look.index, look.time_s
        self.last_quiet = (look.index, look.time_s)
        self.updated_s = look.time_s
        self.recent = [look]

    def see(self, look: Look, standing: bytearray) -> Standing:
        """Take one healthy picture; return what it is for now.

        Parameters
        ----------
        look : Look
        standing : bytearray
            Of all images; an event that ends changes those of its last images.
        """
        self._same_colours(look)
        if not self.references or not comparable(look, [r.image for r in self.references]):
            self.begin(look)
            return Standing.QUIET
        self.calm = False
        self.images += 1
        self.sun.ask = self.sparse or self.sun.where is not None or self.images % ASK_EVERY == 0
        before = self.references
        if self.running is None:
            result = self._quiet(look, standing)
        else:
            result = self._active(look, self.running, standing)
        look.fine = None  # it has been looked at
        self.recent.append(look)
        if self.references is not before:
            for old in self.recent:  # the light was measured over the scene that has ended
                old.gain = 0.0
        while len(self.recent) > RING or (
            len(self.recent) > 1 and self.recent[1].time_s <= look.time_s - EARLIER_S
        ):
            del self.recent[0]
        if result is Standing.EVENT and self.running is None and not self.pending:
            told = self.events[-1] if self.events else None
            if told is None or told.last < look.index:  # it settled before this image
                return Standing.QUIET
        return result

    def _same_colours(self, look: Look) -> None:
        """Compare in grey once a picture has come without colour, or if the first had none."""
        if not self.references:
            return
        had = sum(reference.colour for reference in self.references)
        if look.colours > had:
            del look.layers[1 : 1 + look.colours]
            look.colours = 0
        elif had > look.colours:
            del self.references[1 : 1 + had]
            del self.keep[1 : 1 + had]
            for scene in self.former:
                del scene.planes[1 : 1 + had]
                del scene.noise[1 : 1 + had]
            for old in [*self.recent, *(self.running.still if self.running else [])]:
                del old.layers[1 : 1 + old.colours]
                old.colours = 0

    # --- nothing happens --------------------------------------------------------------------

    def _quiet(self, look: Look, standing: bytearray) -> Standing:
        found = against(look, self.references, self.keep, floor=self.clutter.floor, sun=self.sun)
        look.gain = found.gain
        self.sun.follow(look, found.lit, self.sparse)
        self._learn_clutter(look, found)
        finely = self._look_finely(look, found, True)
        opened = self._opens(look, found)
        if opened is not None:
            index, time_s, fine = opened
            self._end_light()
            self.running = Running(
                *(index, time_s, look.index, found.area, look.index, look.time_s),
                fine=fine,
                finely=finely,
            )
            for at in range(index, look.index):
                if standing[at] == 0:
                    standing[at] = 1
            return self._active(look, self.running, standing, found)
        suspect = bool(self.pending or self.fine_since)
        if not suspect:
            self.last_quiet = (look.index, look.time_s)
            self._light(look, found)
            if self.lighting is None:
                self._update(look, found)
            self.calm = found.area <= CLOSE_VIDEO and found.light < LIGHT_SHARE
        return Standing.EVENT if self.pending else Standing.QUIET

    def _opens(self, look: Look, found: Difference) -> tuple[int, float, bool] | None:
        if self.sparse:
            return (look.index, look.time_s, True) if found.area > OPEN_FINE else None
        if found.area > OPEN_VIDEO:
            self.pending.append((look.index, look.time_s, found.area))
            if len(self.pending) >= 2:
                index, time_s, _ = self.pending[0]
                self.pending, self.fine_since = [], []
                return index, time_s, False
        else:
            self.pending = []
        if found.area > OPEN_FINE:
            self.fine_since = self.fine_since or [(look.index, look.time_s)]
            index, time_s = self.fine_since[0]
            if look.time_s - time_s >= FINE_S and look.index > index:
                self.pending, self.fine_since = [], []
                return index, time_s, True
        else:
            self.fine_since = []
        return None

    def _update(self, look: Look, found: Difference) -> None:
        """Let the reference follow slowly what is quiet."""
        passed = look.time_s - self.updated_s
        if not self.sparse and passed < UPDATE_S:
            return
        share = 1 / UPDATE_IMAGES if self.sparse else min(passed / UPDATE_TIME_S, 0.1)
        for plane, reference in zip(look.layers, self.references, strict=True):
            whole = plane.shape == found.changed.shape and not reference.colour
            differs = found.objects if self.clutter.floor else found.changed
            changed = differs if whole else np.zeros(plane.shape, np.uint8)
            reference.follow(plane, changed, share, 1.0 if reference.colour else found.gain)
        if look.fine is not None:
            self.fine.follow(look.fine, share, found.gain)
        self.updated_s = look.time_s

    def _learn_clutter(self, look: Look, found: Difference) -> None:
        ended = self.clutter.learn(look, found, self.sparse)
        if ended is not None:
            self.notes.append(ended)

    # --- only the light changes ---------------------------------------------------------------

    def _light(self, look: Look, found: Difference) -> None:
        strong = not 1 / CLASS_GAIN <= found.gain <= CLASS_GAIN
        if found.light <= LIGHT_SHARE and not strong:
            self._end_light()
            return
        if self.lighting is None:
            self.lighting = Note("lighting", look.index, look.index, look.time_s, look.time_s)
            self.lit = []
        start = self.lighting
        self.lighting = Note("lighting", start.first, look.index, start.from_s, look.time_s)
        earlier = self.recent[0]
        still = between(look, earlier, self.references, self.keep)
        if still.raw > LIGHT_SHARE or abs(np.log(still.gain)) > 0.05:
            self.lit = []
            return
        waited = len(self.lit) < LIT_WAIT if self.sparse else look.time_s - start.from_s < LIT_WAIT
        self.lit.append(look.index)
        if found.largest and waited:  # what may stand there must not be taken for the scene
            return
        if look.time_s - start.from_s < (0.0 if self.sparse else SETTLE_S) or len(self.lit) < 2:
            return
        code = "lighting-class" if strong or found.light > CLASS_SHARE else "lighting"
        self.lighting = Note(code, start.first, look.index, start.from_s, look.time_s)
        self._end_light()
        self._remember()
        self.references = fresh(look, [reference.noise for reference in self.references])
        self.fine.begin(look.fine)

    def _end_light(self) -> None:
        if self.lighting is not None:
            self.notes.append(self.lighting)
        self.lighting = None

    def _look_finely(self, look: Look, found: Difference, quiet: bool) -> bool:
        """Let a small thing that only the fine look shows count; return whether it does."""
        if look.fine is not None and found.raw < FINE_MOST and self.sun.where is None:
            calm = quiet and found.area <= CLOSE_FINE
            self.fine.look(look.fine, found.gain, self.keep[0], calm)
        elif look.fine is not None:
            self.fine.seen = False
        if not self.fine.seen or found.area > OPEN_FINE:
            return False
        found.area = 1.05 * OPEN_FINE
        return True

    # --- something happens --------------------------------------------------------------------

    def _active(
        self, look: Look, event: Running, standing: bytearray, found: Difference | None = None
    ) -> Standing:
        earlier = self.recent[0]
        rough = not (self.sparse or self.clutter.floor or event.lit)
        if found is None:
            found = against(look, self.references, self.keep, rough, self.clutter.floor, self.sun)
            look.gain = found.gain
            self.sun.follow(look, found.lit, self.sparse)
            event.finely |= self._look_finely(look, found, False)
        large = LARGE_MOVING if found.raw > LARGE else LARGE
        large = large if rough else 1.0
        moving = between(
            look, earlier, self.references, self.keep, large, self.clutter.floor, self.sun
        )
        if event.images:  # the image that opened the event has been counted
            self._learn_clutter(look, moving)
        event.images += 1
        event.lit = found.light > max(LIT_SHARE, found.area) or moving.light > LIT_SHARE
        self._restless(event, found, moving, look)
        if found.area > event.score or look.index == event.first:
            event.score, event.peak = found.area, look.index
        self._note_zones(event, found)
        close = CLOSE_FINE if event.fine else CLOSE_VIDEO
        if found.area <= close:
            return self._calming(look, event, standing)
        event.quiet = None
        if self.sparse and not event.finely and self._back_at_once(look, event, standing):
            return Standing(Standing.EVENT)
        event.last, event.to_s = look.index, look.time_s
        if moving.area > (OPEN_VIDEO if self.sparse else CLOSE_VIDEO):
            event.still, event.still_at = [], []
            return Standing.EVENT
        self._standing_still(look, event, earlier, standing)
        return Standing.EVENT

    def _calming(self, look: Look, event: Running, standing: bytearray) -> Standing:
        event.still, event.still_at = [], []
        if event.quiet is None:
            event.quiet, event.quiet_s = look.index, look.time_s
        if not self.sparse and look.time_s - event.quiet_s < CLOSE_S:
            return Standing.EVENT
        self._close(event, EventKind.ACTIVITY, None, standing, look)
        return Standing.QUIET

    def _back_at_once(self, look: Look, event: Running, standing: bytearray) -> bool:
        """Close the event if a single picture shows a former scene again."""
        scene = known_scene(look, self.former[-8:], self.keep, OPEN_FINE)
        if scene is None:
            return False
        event.last, event.to_s = look.index, look.time_s
        self._settle(look, scene, event, standing)
        return True

    def _standing_still(
        self, look: Look, event: Running, earlier: Look, standing: bytearray
    ) -> None:
        if not event.still_at:
            event.still_at = [(earlier.index, earlier.time_s), (look.index, look.time_s)]
        event.still.append(look)
        first_s = event.still_at[1][1]
        wait = 0.0 if self.sparse else SETTLE_S
        if look.time_s - first_s < wait:
            if len(event.still) > 2 * STACK:
                event.still = event.still[::2]
            return
        last, to_s = event.still_at[0]
        event.last, event.to_s = max((event.first, event.from_s), (last, to_s))
        step = max(1, len(event.still) // STACK)
        settled = middle_of(event.still[::-1][::step][::-1])
        same = against(settled, self.references, self.keep, sun=self.sun)
        if same.area <= CLOSE_FINE and not self.fine.seen:
            self._close(event, EventKind.ACTIVITY, None, standing, look)
            return
        scene = None
        if not event.finely:
            scene = known_scene(settled, self.former, self.keep, OPEN_VIDEO)
        self._settle(settled, scene, event, standing)

    def _settle(self, look: Look, scene: Scene | None, event: Running, standing: bytearray) -> None:
        """Take a picture as the new settled scene."""
        noise = [reference.noise for reference in self.references]
        if event.restless is not None:
            noise[0] = np.where(
                event.restless > RESTLESS_SHARE, np.maximum(noise[0], RESTLESS_NOISE), noise[0]
            ).astype(np.float32)
        same = scene is not None and scene.number == self.number  # only the light has changed
        kind = EventKind.ACTIVITY if same else EventKind.STATE_CHANGE
        self._close(event, kind, scene, standing, look)
        if not same:
            self._remember()
        if scene is not None:
            self.former = [old for old in self.former if old is not scene]
        self.number = self.next_number if scene is None else scene.number
        self.next_number += scene is None
        self.references = fresh(look, noise)
        self.fine.begin(look.fine)
        self.updated_s = look.time_s

    def _remember(self) -> None:
        planes = [reference.image for reference in self.references]
        noise = [reference.noise for reference in self.references]
        self.former = [*self.former, Scene(self.number, planes, noise)][-SCENES_KEPT:]

    def _close(
        self,
        event: Running,
        kind: EventKind,
        scene: Scene | None,
        standing: bytearray,
        look: Look,
    ) -> None:
        back = scene.number if scene is not None and kind is EventKind.STATE_CHANGE else None
        self.events.append(
            Event(
                first=event.first,
                last=event.last,
                peak=min(event.peak, event.last),
                from_s=event.from_s,
                to_s=event.to_s,
                kind=kind,
                score=event.score,
                zones=tuple(event.zones),
                against=self.number,
                returned_to=back,
            )
        )
        for at in range(event.last + 1, len(standing)):
            if standing[at] == 1:
                standing[at] = 0
        if kind is EventKind.STATE_CHANGE:
            self._end_scene()
            self.since, self.since_s = event.last + 1, event.to_s
        self.running = None
        self.last_quiet = (look.index, look.time_s)

    def _end_scene(self) -> None:
        last, to_s = self.last_quiet
        if last >= self.since:
            self.scenes.append(SettledScene(self.number, self.since, last, self.since_s, to_s))

    def _note_zones(self, event: Running, found: Difference) -> None:
        for name, zone in self.zones.items():
            if name not in event.zones and cv2.countNonZero(cv2.bitwise_and(found.objects, zone)):
                event.zones.append(name)

    def _restless(self, event: Running, found: Difference, moving: Difference, look: Look) -> None:
        """Learn, in a long event, which pixels never rest (leaves, a flickering lamp)."""
        every, share = (1, 1 / RESTLESS_IMAGES) if self.sparse else (5, 0.05)
        if event.restless is None:
            event.restless = np.zeros(moving.changed.shape, np.float32)
        if event.images % every == 0:
            one = (moving.changed > 0).astype(np.float32)
            cv2.accumulateWeighted(one, event.restless, share)
        long = (
            event.images > RESTLESS_IMAGES
            if self.sparse
            else look.time_s - event.from_s > RESTLESS_S
        )
        if not long:
            return
        rests = (event.restless <= RESTLESS_SHARE).astype(np.uint8) * 255
        for difference in (found, moving):
            left = cv2.countNonZero(cv2.bitwise_and(difference.objects, rests))
            difference.area = min(difference.area, left / rests.size)

    # --- the view is not healthy ----------------------------------------------------------------

    def pause(self, first: int, standing: bytearray) -> None:
        """Stop before the image with an index: the view cannot be relied on from there."""
        self.pending, self.fine_since = [], []
        self._end_light()
        event = self.running
        self.running = None
        self.recent = self.recent[-1:]
        if event is None or event.first >= first:
            return
        if event.last >= first:
            event.last = first - 1
        self.running = event
        self._close(event, EventKind.ACTIVITY, None, standing, self.recent[-1])

    def finish(self) -> None:
        """End what goes on."""
        self._end_light()
        if self.clutter.note is not None:
            self.notes.append(self.clutter.note)
        event = self.running
        if event is None and self.pending:
            return
        if event is not None:
            self.events.append(
                Event(
                    first=event.first,
                    last=event.last,
                    peak=min(event.peak, event.last),
                    from_s=event.from_s,
                    to_s=event.to_s,
                    kind=EventKind.ACTIVITY,
                    score=event.score,
                    zones=tuple(event.zones),
                    against=self.number,
                )
            )
        self._end_scene()
