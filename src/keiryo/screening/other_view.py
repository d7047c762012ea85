"""Changes looked for beside a code: what happens in the view of a camera that was moved.

A view that is moved, replaced or out of focus for long is no reason not to look. Once the new view
has stood still for some images it is the first scene of a watch of its own, for as long as the
code goes on. Its events count like all others; its images stay unhealthy.
"""

from __future__ import annotations

from dataclasses import dataclass

from keiryo.screening.events import Watch
from keiryo.screening.model import HealthCode
from keiryo.screening.preparation import Look

LOOKED_AT = {HealthCode.MOVED, HealthCode.REPLACED, HealthCode.DEFOCUSED}
STILL_IMAGES, STILL_S = 20, 2.0  # how long the new view must have stood still; seconds: video only


@dataclass
class OtherView:
    """What is kept of the view under a code.

    Attributes
    ----------
    watch : Watch
    begun, begun_s : int, float
        The image that is its first scene, and its time.
    images : int
        How many have been seen since.
    settled : bool
        It has stood still: its events count.
    """

    watch: Watch
    begun: int
    begun_s: float
    images: int = 0
    settled: bool = False

    def see(self, look: Look, standing: bytearray) -> bool:
        """Take one image; return False if the view does not stand still yet.

        Parameters
        ----------
        look : Look
        standing : bytearray
            Of all images; those under a code stay unhealthy.
        """
        self.watch.see(look, standing)
        self.images += 1
        if self.settled:
            return True
        if self.watch.running is not None or self.watch.events or self.watch.pending:
            return False
        long = self.watch.sparse or look.time_s - self.begun_s >= STILL_S
        self.settled = long and self.images >= STILL_IMAGES
        return True

    def hand_over(self, to: Watch) -> None:
        """Give the events and scenes to the watch of the usual view.

        Parameters
        ----------
        to : Watch
        """
        if not self.settled:
            return
        self.watch.finish()
        to.events += self.watch.events
        to.scenes += self.watch.scenes
        to.notes += self.watch.notes
        to.next_number = self.watch.next_number


def begin_other_view(look: Look, watch: Watch, of: Watch) -> OtherView:
    """Return a new view that begins with an image.

    Parameters
    ----------
    look : Look
    watch : Watch
        A new one. Zones do not lie where they were drawn any more, so it has none.
    of : Watch
        That of the usual view.
    """
    watch.zones = {}
    watch.sparse, watch.number, watch.next_number = of.sparse, of.next_number, of.next_number + 1
    watch.begin(look)
    return OtherView(watch, look.index, look.time_s)
