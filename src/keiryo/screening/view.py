"""Which code the view stands under: from the findings of single images to intervals.

Dark and bright count at once. Covered, defocused, moved and replaced need two images in a row; the
first of the two is held back until the second is seen. Once told, a code goes on until the view is
like the usual one again, or until five images in a row show nothing wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from keiryo.screening.health import (
    HEALTHY_ALIKE,
    MOVED_GATE,
    Finding,
    Usual,
    examine,
    light_code,
    usual_view,
    with_noise,
)
from keiryo.screening.model import NOT_TESTABLE, Condition, HealthCode, Note
from keiryo.screening.preparation import Look

AT_ONCE = {HealthCode.DARK, HealthCode.BRIGHT}
GRADUAL = {HealthCode.DEFOCUSED, HealthCode.MOVED}
DEFOCUS_SUSPECTED = 0.7  # median strength of detail from which a second look is taken
NOTHING_WRONG = 5  # images in a row
EVERY = 3  # images of video: one in so many is tested while all is well
JOIN = 3  # images: two intervals of one code this close are one


@dataclass
class View:
    """What is kept of the health of the view between images.

    Attributes
    ----------
    usual : Usual or None
        The healthy view; None before the first healthy image.
    first_usual : Usual or None
        The healthy view at the beginning.
    held : list of Look
        An image that may be the first of a condition.
    current : Condition or None
        The condition that goes on.
    fine : list of Look
        Images under a condition that show nothing wrong, though not the usual view.
    """

    usual: Usual | None = None
    first_usual: Usual | None = None
    held: list[Look] = field(default_factory=list)
    held_code: HealthCode | None = None
    current: Condition | None = None
    fine: list[Look] = field(default_factory=list)
    past: list[Condition] = field(default_factory=list)
    untestable: Note | None = None
    tested: int = -1  # the last image on which the view could be tested
    notes: list[Note] = field(default_factory=list)
    skipped: bool = False
    since: int = 0

    def look_at(
        self, look: Look, frozen: bool, replayed: bool, dense: bool, before: Look | None
    ) -> Finding:
        """Return what is wrong with one image, the first test that hits.

        Parameters
        ----------
        look : Look
        frozen, replayed : bool
            Whether the picture comes again and again, or follows an earlier stretch.
        dense : bool
            Video: while all is well the likeness to the usual view is tested on every third
            image.
        before : Look or None
            An image shortly before, while an event goes on: detail that objects bring hides
            that all the rest has lost its own.
        """
        told = None if self.current is None else self.current.code
        light = light_code(look.sharp)
        if light is not None:
            return light
        if self.usual is None:
            return Finding(None)
        if look.sharp.shape != self.usual.sharp.shape:
            return Finding(HealthCode.REPLACED, None, None, 0.0)
        if frozen and told in {None, HealthCode.FROZEN}:
            return Finding(HealthCode.FROZEN)
        if replayed:
            return Finding(HealthCode.REPLACED)
        well = dense and told is None and not self.held
        self.since = self.since + 1 if well and self.since + 1 < EVERY else 0
        self.skipped = self.since > 0
        if self.skipped:
            return Finding(None)
        found = examine(look.sharp, self.usual, told or self.held_code)
        if found.code is None and found.half < DEFOCUS_SUSPECTED and before is not None:
            again = examine(
                look.sharp, usual_view(before.sharp, self.usual.noise), told or self.held_code
            )
            if again.code is HealthCode.DEFOCUSED:
                found = again
        self._note_untestable(look, found.testable)
        return found

    def _note_untestable(self, look: Look, testable: bool) -> None:
        note = self.untestable
        if testable:
            if note is not None:
                self.notes.append(note)
            self.untestable, self.tested = None, look.index
            return
        first, from_s = (
            (self.tested + 1, look.time_s) if note is None else (note.first, note.from_s)
        )
        self.untestable = Note(NOT_TESTABLE, first, look.index, from_s, look.time_s)

    def is_over(self, found: Finding, look: Look) -> bool:
        """Return whether the condition that goes on has ended before this image."""
        assert self.current is not None
        if found.code is not None:
            self.fine = []
            return False
        if self.current.code in {*AT_ONCE, HealthCode.FROZEN} or not found.testable:
            return found.alike >= HEALTHY_ALIKE or self._long_fine(look)
        return found.alike >= MOVED_GATE or self._long_fine(look)

    def _long_fine(self, look: Look) -> bool:
        self.fine.append(look)
        return len(self.fine) >= NOTHING_WRONG

    def start(self, found: Finding, first: int, from_s: float, look: Look) -> None:
        """Begin a condition, or go on with the last one if it has the same code and just ended."""
        assert found.code is not None
        self.fine = []
        last = self.past[-1] if self.past else None
        if last is not None and last.code is found.code and first - last.last <= JOIN:
            self.past.pop()
            first, from_s = last.first, last.from_s
        self.current = Condition(
            *(found.code, first, look.index, from_s, look.time_s),
            *(found.measured, found.threshold),
        )

    def go_on(self, look: Look) -> None:
        """Let the condition reach to this image."""
        now = self.current
        assert now is not None
        self.current = Condition(
            *(now.code, now.first, look.index, now.from_s, look.time_s),
            *(now.measured, now.threshold),
        )

    def end(self) -> None:
        """End the condition with the last image that showed it."""
        if self.current is not None:
            self.past.append(self.current)
        self.current = None
        self.fine = []

    def learn_noise(self, look: Look) -> None:
        """Measure the noise with the second healthy image, if it is not known."""
        usual = self.usual
        if usual is not None and usual.noise < 0 and usual.sharp.shape == look.sharp.shape:
            self.usual = self.first_usual = with_noise(usual, look.sharp)

    def remember(self, look: Look, anew: bool) -> None:
        """Take a quiet image as the usual view.

        The usual view follows the scene, but not a camera that slowly turns or loses its focus:
        what is moved or defocused against the first usual view is not taken.

        Parameters
        ----------
        look : Look
        anew : bool
            The scene or its light is new: whatever the first usual view was.
        """
        noise = -1.0
        if self.usual is not None and self.usual.sharp.shape == look.sharp.shape:
            noise = self.usual.noise if anew else with_noise(self.usual, look.sharp).noise
        taken = usual_view(look.sharp, noise)
        if self.first_usual is None or self.first_usual.sharp.shape != look.sharp.shape:
            self.first_usual = taken
        elif not anew and examine(look.sharp, self.first_usual, None).code in GRADUAL:
            return
        self.usual = taken
