"""Pictures that come again: a frozen picture, and a stretch of earlier pictures played once more.

Compressed video repeats a picture now and then without harm, so it takes the third repeat in a row
(at intervals of a second and more the second). Strongly compressed video copies most of each
picture from the one before, and still scenes wholly: there it takes more; and a run of repeats
after which the picture goes on almost as it was, as if time had stood still, was none. A picture
that froze before the encoder does not come again exactly; but the noise of the camera is gone.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from keiryo.screening.model import Picture, Plane
from keiryo.screening.preparation import Look

VIDEO_REPEATS, SPARSE_REPEATS = 3, 2
COPIED_BEFORE, COPYING_TIMES = 0.98, 20
COPIED_AFTER = 0.93  # share of equal pixels after a run that was no freeze
COPIED_WEIGHT = 0.1
STILL_IMAGES = 20  # in a row that are equal but for the noise of the coder
STILL_SHARE, STILL_LEVELS = 0.95, 2  # of the pixels are equal, and none differs by more
STILL_USUAL = 0.85  # share of equal pixels above which a camera has too little noise to tell
REPLAYED = 4  # pictures in a row that follow each other as they did before
ROWS_FIRST = 16  # one row in so many is compared first
LATER = 3  # pictures: an earlier stretch may hold repeats of its own, which are counted once
FIRST_SLOTS = 1 << 10


@dataclass
class Seen:
    """Where pictures were seen: a table of their check sums, 8 bytes for each, half empty."""

    sums: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(FIRST_SLOTS, np.uint32))
    places: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(FIRST_SLOTS, np.uint32))
    count: int = 0

    def place(self, check: int) -> int | None:
        """Return the index of the first picture with a check sum, or None."""
        slot = self._slot(check)
        return int(self.places[slot]) if self.sums[slot] else None

    def put(self, check: int, index: int) -> None:
        """Keep the index of a picture, unless its check sum is there already."""
        slot = self._slot(check)
        if self.sums[slot]:
            return
        self.sums[slot], self.places[slot] = check, index
        self.count += 1
        if 2 * self.count > self.sums.size:
            sums, places = self.sums, self.places
            self.sums = np.zeros(2 * sums.size, np.uint32)
            self.places = np.zeros(2 * sums.size, np.uint32)
            for old in np.flatnonzero(sums):
                slot = self._slot(int(sums[old]))
                self.sums[slot], self.places[slot] = sums[old], places[old]

    def _slot(self, check: int) -> int:
        size = self.sums.size
        slot = check % size
        while self.sums[slot] and self.sums[slot] != check:
            slot = (slot + 1) % size
        return slot


@dataclass
class Repeats:
    """What is kept to see repeats.

    Attributes
    ----------
    digest, luma, chroma
        Of the last picture; planes only where there is no digest, and the shrunk ones came again.
    sharp, colours
        Shrunk planes of the last picture that was not a repeat.
    run : int
        How many times in a row the last picture has come again.
    pairs : int
        How many pictures were not the same as the one before.
    copied : float
        Share of the pixels that a picture has in common with the one before, lately.
    gentle : bool
        The last picture that was not the same was almost the same.
    follows : int
        How many pictures in a row have come in the order of an earlier stretch.
    at : int
        Index of the earlier picture that the last one repeats.
    still : int
        How many pictures in a row differ from the one before by hardly anything.
    usual : float
        What `copied` was before them.
    """

    digest: bytes | None = None
    luma: Plane | None = None
    chroma: list[Plane] = field(default_factory=list)
    sharp: Plane | None = None
    colours: list[Plane] = field(default_factory=list)
    run: int = 0
    pairs: int = 0
    copied: float = 0.0
    gentle: bool = False
    seen: Seen = field(default_factory=Seen)
    follows: int = 0
    at: int = -1
    still: int = 0
    usual: float = 1.0

    def see(self, picture: Picture, look: Look) -> None:
        """Take one picture."""
        alike = self._alike(look)
        same = alike and self._same(picture, look)
        if same:
            self.run += 1
            self._count_still(True)
        else:
            self.run = 0
            if self.sharp is not None and self.sharp.shape == look.sharp.shape:
                self._note_copied(look.sharp)
        if alike and self.sharp is not None:
            self._keep(picture)
        else:  # copying whole planes of every picture would cost more than all other tests
            self.digest, self.luma, self.chroma = picture.digest, None, []
        if not same:
            self.sharp, self.colours = look.sharp, look.layers[1 : 1 + look.colours]
            self._follow(look)

    def replayed(self) -> bool:
        """Return whether earlier pictures come again, one after the other."""
        return self.follows >= REPLAYED

    def frozen(self, sparse: bool) -> bool:
        """Return whether the picture has come again too often."""
        if sparse:
            return self.run >= SPARSE_REPEATS
        copying = self.copied > COPIED_BEFORE
        return self.run >= VIDEO_REPEATS * (COPYING_TIMES if copying else 1) or self.noiseless()

    def noiseless(self) -> bool:
        """Return whether the noise of a camera that has some is gone: frozen before the encoder."""
        return self.still >= STILL_IMAGES and self.usual < STILL_USUAL

    def _count_still(self, still: bool) -> None:
        if still and not self.still:
            self.usual = self.copied if self.pairs >= STILL_IMAGES else 1.0
        self.still = self.still + 1 if still else 0

    def _note_copied(self, sharp: Plane) -> None:
        assert self.sharp is not None
        apart = cv2.absdiff(sharp, self.sharp)
        differs = cv2.countNonZero(apart) / sharp.size
        self._count_still(1.0 - differs > STILL_SHARE and int(apart.max()) <= STILL_LEVELS)
        self.gentle = 1.0 - differs > COPIED_AFTER
        self.pairs += 1
        self.copied += max(COPIED_WEIGHT, 1 / self.pairs) * ((1.0 - differs) - self.copied)

    def _alike(self, look: Look) -> bool:
        """Return whether the shrunk view is that of the last picture; mostly a few rows tell."""
        old = self.sharp
        if old is None or old.shape != look.sharp.shape:
            return old is None
        few = slice(None, None, ROWS_FIRST)
        return np.array_equal(old[few], look.sharp[few]) and np.array_equal(old, look.sharp)

    def _same(self, picture: Picture, look: Look) -> bool:
        if picture.digest is not None and self.digest is not None:
            return picture.digest == self.digest
        if self.luma is None:  # of the first repeat only the shrunk planes are compared
            return self.sharp is not None and (
                len(self.colours) == look.colours
                and all(map(np.array_equal, self.colours, look.layers[1 : 1 + look.colours]))
            )
        if self.luma.shape != picture.luma.shape:
            return False
        planes = picture.chroma or ()
        return (
            len(planes) == len(self.chroma)
            and np.array_equal(self.luma, picture.luma)
            and all(np.array_equal(a, b) for a, b in zip(self.chroma, planes, strict=True))
        )

    def _keep(self, picture: Picture) -> None:
        self.digest = picture.digest
        if picture.digest is not None:
            self.luma, self.chroma = None, []
            return
        if self.luma is None or self.luma.shape != picture.luma.shape:
            self.luma = picture.luma.copy()
        else:
            np.copyto(self.luma, picture.luma)
        self.chroma = [plane.copy() for plane in picture.chroma or ()]

    def _follow(self, look: Look) -> None:
        check = zlib.crc32(look.layers[0].data) or 1
        before = self.seen.place(check)
        if before is None:
            self.follows = 0
        elif self.follows and 1 <= before - self.at <= LATER:
            self.follows += 1
        else:
            self.follows = 1
        self.at = -1 if before is None else before
        self.seen.put(check, look.index)
