"""Screening: pictures of one camera in the order of their times; what to look at comes out.

Every picture is first held against the usual view (dark, covered, moved, frozen, ...). Healthy ones
are compared with the settled scene. One fixed set of parameters serves every camera; nothing is
learned beforehand, and the first healthy picture is the first reference.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

import numpy as np

from keiryo.screening import (
    change_map,
    clutter,
    components,
    events,
    fine,
    health,
    lights,
    other_view,
    repeats,
    shift,
    states,
    structure,
    view,
)
from keiryo.screening.detection_limit import DetectionLimit, detection_limit
from keiryo.screening.events import Watch
from keiryo.screening.health import Finding, examine
from keiryo.screening.model import (
    NOT_TESTABLE,
    Condition,
    HealthCode,
    Picture,
    Plane,
    Screened,
    Standing,
    Zone,
)
from keiryo.screening.other_view import LOOKED_AT, OtherView, begin_other_view
from keiryo.screening.preparation import Look, as_plane, drawn, prepare, where_changes_matter
from keiryo.screening.repeats import Repeats
from keiryo.screening.saved_state import from_bytes, to_bytes
from keiryo.screening.view import AT_ONCE, EVERY, View

METHOD = "keiryo-screening"
METHOD_VERSION = "2"
SPARSE_S = 1.0  # seconds between pictures from which they are pictures at intervals
USUAL_S = 0.5  # seconds between two takes of the usual view in video
NEW_SIZE = 5  # images after which a new size is the size
TOLD = {Standing.QUIET: 0, Standing.EVENT: 1, Standing.UNHEALTHY: 2}


def parameters_digest() -> str:
    """Return the SHA-256 of all parameters of the method, by name, as hexadecimal digits."""
    parts = (
        change_map,
        clutter,
        components,
        events,
        fine,
        health,
        lights,
        other_view,
        repeats,
        shift,
        states,
        structure,
        view,
    )
    lines = [
        f"{part.__name__}.{name}={value!r}"
        for part in parts
        for name, value in sorted(vars(part).items())
        if name.isupper() and isinstance(value, int | float | tuple)
    ]
    return hashlib.sha256("\n".join([METHOD, METHOD_VERSION, *lines]).encode()).hexdigest()


@dataclass
class State:
    """Everything that a screening keeps between two pictures."""

    interval_s: float | None
    mask: Plane | None
    zones: tuple[Zone, ...]
    standing: bytearray = field(default_factory=bytearray)
    times: list[float] = field(default_factory=list)
    repeats: Repeats = field(default_factory=Repeats)
    view: View = field(default_factory=View)
    watch: Watch | None = None
    other: OtherView | None = None
    usual_s: float = 0.0
    fine_s: float = 0.0
    run_start: tuple[int, float] = (0, 0.0)
    still_start: tuple[int, float] = (0, 0.0)
    follow_start: tuple[int, float] = (0, 0.0)
    new_size: int = 0


class Screening:
    """One pass over the pictures of one camera.

    Parameters
    ----------
    interval_s : float, optional
        Seconds between pictures, if they are taken at intervals; a second and more means that
        every picture counts alone. None: told from the first two pictures.
    mask : Plane, optional
        Non-zero where changes matter; any size.
    zones : tuple of Zone
    """

    def __init__(
        self,
        interval_s: float | None = None,
        mask: Plane | None = None,
        zones: tuple[Zone, ...] = (),
    ) -> None:
        self._state = State(interval_s, None if mask is None else mask.copy(), zones)

    @property
    def frames(self) -> int:
        """Images seen, with those before them that could not be read."""
        return len(self._state.standing)

    def see(self, picture: Picture) -> Standing:
        """Take the next picture.

        Parameters
        ----------
        picture : Picture

        Returns
        -------
        Standing
            What it is for now; an event that settles may still make its last images quiet.
        """
        state = self._state
        interest = tuple(zone for zone in state.zones if zone.type == "INTEREST")
        look = prepare(picture, interest, self._finely(picture.time_s))
        while len(state.standing) < picture.index:  # unreadable images in between
            state.standing.append(TOLD[Standing.UNHEALTHY])
        state.standing.append(0)
        self._tell_pace(look)
        state.repeats.see(picture, look)
        if state.repeats.run <= 1:
            state.run_start = (look.index, look.time_s)
        if state.repeats.still <= 1:
            state.still_start = (look.index, look.time_s)
        if state.repeats.follows == 1:
            state.follow_start = (look.index, look.time_s)
        if state.watch is None:
            state.watch = self._new_watch(look, interest)
        found = state.view.look_at(
            look,
            state.repeats.frozen(state.watch.sparse),
            state.repeats.replayed(),
            not state.watch.sparse,
            state.watch.recent[0] if state.watch.running is not None else None,
        )
        result = self._judge(look, found)
        state.standing[look.index] = TOLD[result]
        return result

    def _finely(self, time_s: float) -> bool:
        """Return whether a picture is looked at finely: at intervals all, in video two a second."""
        state, watch = self._state, self._state.watch
        if watch is not None and not watch.sparse:
            event = watch.running
            if event is not None and not event.finely:
                return False
            if time_s - state.fine_s < fine.FINE_EVERY_S:
                return False
        state.fine_s = time_s
        return True

    def _tell_pace(self, look: Look) -> None:
        state = self._state
        if len(state.times) < 2:
            state.times.append(look.time_s)
        if len(state.times) == 2 and state.interval_s is None and state.watch is not None:
            state.watch.sparse = state.times[1] - state.times[0] >= SPARSE_S

    def _new_watch(self, look: Look, interest: tuple[Zone, ...]) -> Watch:
        state = self._state
        shape = (look.layers[0].shape[0], look.layers[0].shape[1])
        whole = where_changes_matter(state.mask, state.zones, shape)
        keep: list[Plane | None] = [whole]
        for at, layer in enumerate(look.layers[1:], start=1):
            size = (layer.shape[0], layer.shape[1])
            if at <= look.colours:
                keep.append(where_changes_matter(state.mask, state.zones, size))
            else:
                keep.append(self._keep_in(interest[at - 1 - look.colours], size))
        drawings = {zone.name: drawn(zone, shape) for zone in state.zones if zone.type != "IGNORE"}
        sparse = state.interval_s is not None and state.interval_s >= SPARSE_S
        return Watch(sparse, keep, drawings)

    def _keep_in(self, zone: Zone, size: tuple[int, int]) -> Plane:
        """Return where changes matter in the crop of a zone of interest."""
        across = [min(max(x, 0.0), 1.0) for x, _ in zone.polygon]
        down = [min(max(y, 0.0), 1.0) for _, y in zone.polygon]
        left, top = min(across), min(down)
        wide, high = max(max(across) - left, 1e-6), max(max(down) - top, 1e-6)

        def inside(other: Zone) -> Zone:
            corners = tuple(((x - left) / wide, (y - top) / high) for x, y in other.polygon)
            return Zone(other.name, other.type, corners)

        state = self._state
        plane = drawn(inside(zone), size)
        mask = None
        if state.mask is not None:
            rows, columns = state.mask.shape
            mask = state.mask[
                int(top * rows) : max(int(top * rows) + 1, int((top + high) * rows)),
                int(left * columns) : max(int(left * columns) + 1, int((left + wide) * columns)),
            ]
        ignored = tuple(inside(other) for other in state.zones if other.type == "IGNORE")
        keep = where_changes_matter(mask, ignored, size)
        return plane if keep is None else as_plane(np.minimum(plane, keep))

    # --- the health of the view --------------------------------------------------------------

    def _judge(self, look: Look, found: Finding) -> Standing:
        view = self._state.view
        if view.current is not None:
            return self._under_condition(look, found)
        if found.code is None:
            return self._healthy(look)
        if found.code in AT_ONCE or found.code is HealthCode.FROZEN or self._replayed(found):
            first = self._first_of(look, found)
            return self._condition(look, found, *first)
        if view.held:
            return self._condition(look, found, *self._first_untested(view.held[0]))
        view.held, view.held_code = [look], found.code
        return Standing.EVENT

    def _first_untested(self, held: Look) -> tuple[int, float]:
        """Return where it began: images before may show it too, but were not tested."""
        state, usual = self._state, self._state.view.usual
        assert state.watch is not None and usual is not None
        first = held
        untested = [] if state.watch.sparse else state.watch.recent[1 - EVERY :]
        for before in reversed(untested):
            if before.index != first.index - 1 or before.sharp.shape != usual.sharp.shape:
                break
            if examine(before.sharp, usual, state.view.held_code).code is None:
                break
            first = before
        return first.index, first.time_s

    def _replayed(self, found: Finding) -> bool:
        return found.code is HealthCode.REPLACED and self._state.repeats.replayed()

    def _first_of(self, look: Look, found: Finding) -> tuple[int, float]:
        state = self._state
        if found.code is HealthCode.FROZEN:
            return state.still_start if state.repeats.noiseless() else state.run_start
        if self._replayed(found):
            return state.follow_start
        held = state.view.held
        return (held[0].index, held[0].time_s) if held else (look.index, look.time_s)

    def _condition(self, look: Look, found: Finding, first: int, from_s: float) -> Standing:
        state = self._state
        assert state.watch is not None
        state.view.held, state.view.held_code = [], None
        if not self._replayed(found):  # what is played once more is looked at all the same
            state.watch.pause(first, state.standing)
        state.view.start(found, first, from_s, look)
        if self._replayed(found):
            state.watch.see(look, state.standing)
        for at in range(first, look.index):
            state.standing[at] = TOLD[Standing.UNHEALTHY]
        return Standing.UNHEALTHY

    def _under_condition(self, look: Look, found: Finding) -> Standing:
        state, view = self._state, self._state.view
        if not view.is_over(found, look):
            if found.code is not None:
                view.go_on(look)
                self._look_beside(look, found)
                self._take_new_size(look)
            return Standing.UNHEALTHY
        healthy = view.fine
        self._end_condition()
        for held in healthy:
            if held is not look:
                state.standing[held.index] = TOLD[self._healthy(held)]
        return self._healthy(look)

    def _look_beside(self, look: Look, found: Finding) -> None:
        """Look for changes under a code: in a replay as ever, in a new view on its own."""
        state, view = self._state, self._state.view
        assert state.watch is not None and view.current is not None
        if self._replayed(found):
            state.watch.see(look, state.standing)
            return
        if view.current.code not in LOOKED_AT:
            return
        if state.other is None or not state.other.see(look, state.standing):
            interest = tuple(zone for zone in state.zones if zone.type == "INTEREST")
            state.other = begin_other_view(look, self._new_watch(look, interest), state.watch)

    def _end_other(self) -> None:
        state = self._state
        if state.other is not None and state.watch is not None:
            state.other.hand_over(state.watch)
        state.other = None

    def _end_condition(self) -> None:
        """End the condition; a run of repeats that was no freeze leaves nothing."""
        state, view = self._state, self._state.view
        now = view.current
        assert now is not None and state.watch is not None
        if now.code is HealthCode.FROZEN and state.repeats.gentle and not state.watch.sparse:
            view.current, view.fine = None, []
            for at in range(now.first, now.last + 1):
                state.standing[at] = TOLD[Standing.QUIET]
            return
        view.end()
        self._end_other()

    def _take_new_size(self, look: Look) -> None:
        """Go on with another size of picture once it has lasted."""
        state = self._state
        usual = state.view.usual
        if usual is None or usual.sharp.shape == look.sharp.shape:
            state.new_size = 0
            return
        state.new_size += 1
        if state.new_size < NEW_SIZE:
            return
        state.new_size = 0
        state.view.end()
        self._end_other()
        old = state.watch
        assert old is not None
        interest = tuple(zone for zone in state.zones if zone.type == "INTEREST")
        watch = self._new_watch(look, interest)
        watch.sparse, watch.number, watch.next_number = (
            old.sparse,
            old.next_number,
            old.next_number + 1,
        )
        watch.events, watch.scenes, watch.notes = old.events, old.scenes, old.notes
        watch.begin(look)
        state.watch = watch
        state.view.remember(look, True)

    def _healthy(self, look: Look) -> Standing:
        state, view = self._state, self._state.view
        watch = state.watch
        assert watch is not None
        held, view.held, view.held_code = view.held, [], None
        for before in held:
            told = watch.see(before, state.standing)
            state.standing[before.index] = TOLD[told]
        number, had = watch.number, bool(watch.references)
        result = watch.see(look, state.standing)
        due = watch.sparse or look.time_s - state.usual_s >= USUAL_S
        anew = not had or watch.number != number or view.usual is None
        view.learn_noise(look)
        if anew or (watch.calm and due and not view.skipped):
            view.remember(look, anew)
            state.usual_s = look.time_s
        return result

    # --- what comes out -------------------------------------------------------------------------

    def finish(self) -> Screened:
        """Return all that was found; the screening itself can still go on.

        Returns
        -------
        Screened
        """
        whole = Screening.from_state(self.state())
        state = whole._state
        conditions: list[Condition] = []
        if state.watch is not None:
            for held in state.view.held:
                told = state.watch.see(held, state.standing)
                state.standing[held.index] = TOLD[told]
            whole._end_other()
            state.watch.finish()
            state.view.end()
            conditions = state.view.past
        watch = state.watch
        told_of = np.zeros(len(state.standing), bool)
        for event in [] if watch is None else watch.events:
            told_of[event.first : event.last + 1] = True
        standing = np.frombuffer(bytes(state.standing), np.uint8).copy()
        standing[(standing == TOLD[Standing.EVENT]) & ~told_of] = TOLD[Standing.QUIET]
        notes = [] if watch is None else [*watch.notes, *state.view.notes]
        if state.view.untestable is not None:
            notes.append(replace(state.view.untestable, last=len(state.standing) - 1))
        for note in notes:  # nobody knows whether such a view is covered: it is not quiet
            if note.code == NOT_TESTABLE:
                within = standing[note.first : note.last + 1]
                within[within == TOLD[Standing.QUIET]] = TOLD[Standing.UNHEALTHY]
        return Screened(
            frames=len(state.standing),
            standing=standing,
            events=tuple(() if watch is None else sorted(watch.events, key=lambda e: e.first)),
            conditions=tuple(sorted(conditions, key=lambda c: c.first)),
            notes=tuple(sorted(notes, key=lambda n: n.first)),
            scenes=tuple(() if watch is None else watch.scenes),
        )

    def limit(self, pictures: list[Picture]) -> DetectionLimit:
        """Return the smallest things that are found in quiet pictures.

        Parameters
        ----------
        pictures : list of Picture
        """
        return detection_limit(self._state.watch, pictures)

    def state(self) -> bytes:
        """Return the state, from which another process goes on to the same result."""
        return to_bytes(self._state)

    @classmethod
    def from_state(cls, data: bytes) -> Screening:
        """Return a screening that goes on from a state.

        Parameters
        ----------
        data : bytes

        Raises
        ------
        UsageError
            The bytes are not a state of this version.
        """
        result = cls()
        result._state = from_bytes(data, State)
        return result
