"""Small things that differ in every picture, as flakes of snow do: how large they are.

They come in many places at once. What is never seen but here and there is no clutter: a person far
away must not teach the screening to overlook persons far away.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from keiryo.screening.model import Note
from keiryo.screening.preparation import Look
from keiryo.screening.states import LARGE_MOVING, Difference

CLUTTER_IMAGES, CLUTTER_S, CLUTTER_TIMES = 20, 0.25, 2.0
CLUTTER_MOST = 0.01  # share of the view: what differs by more is more than clutter
SCATTERED = 5  # objects in one picture at least


@dataclass
class Clutter:
    """What is kept between pictures to know clutter.

    Attributes
    ----------
    largest : list of float
        Share of the view of the largest thing in each picture, 0 where there were few.
    largest_s : float
        Time of the last of them.
    floor : float
        Share of the view below which an object is clutter; 0 while there is none.
    note : Note or None
        That there is clutter, while there is.
    """

    largest: list[float] = field(default_factory=list)
    largest_s: float = 0.0
    floor: float = 0.0
    note: Note | None = None

    def learn(self, look: Look, found: Difference, sparse: bool) -> Note | None:
        """Learn from one picture; return the note once the clutter has ended."""
        unsorted = found.raw > LARGE_MOVING and not found.largest
        if unsorted or found.largest > CLUTTER_MOST:
            return None
        if not sparse and look.time_s - self.largest_s < CLUTTER_S:
            return None
        images = CLUTTER_IMAGES * (1 if sparse else 2)
        scattered = found.largest if found.number >= SCATTERED else 0.0
        self.largest = [*self.largest, scattered][-images:]
        self.largest_s = look.time_s
        middle = sorted(self.largest)[len(self.largest) // 2]
        self.floor = CLUTTER_TIMES * middle if len(self.largest) >= images // 2 else 0.0
        ended = None
        if self.floor:
            start = self.note or Note("clutter", look.index, 0, look.time_s, 0.0)
            self.note = Note("clutter", start.first, look.index, start.from_s, look.time_s)
        else:
            ended, self.note = self.note, None
        return ended
