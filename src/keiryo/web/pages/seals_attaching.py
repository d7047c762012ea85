"""To what a seal can be attached: the containment that was chosen, its ways, what it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keiryo.containment.register import Way
from keiryo.seals.events import SealEvent
from keiryo.web.pages.containments_known import known
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text
from keiryo.web.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Attaching:
    """What can be chosen where a seal is attached.

    Attributes
    ----------
    places : sequence of str
        The containments that are seen, as ``MBA/NAME``.
    name : str
        The one that was chosen; empty as long as none was.
    options, ticked
        Its ways and what it holds: to be ticked, and ticked at first.
    """

    places: Sequence[str]
    name: str
    options: Mapping[str, Sequence[tuple[str, str]]]
    ticked: Mapping[str, Sequence[str]]

    @property
    def chosen(self) -> tuple[str, str] | None:
        """Area and name of the containment that was chosen."""
        mba, _slash, name = self.name.partition("/")
        return (mba, name) if self.name else None


def attaching(
    viewer: Viewer, event: str, corrected: SealEvent | None, place: str
) -> Attaching | None:
    """Return to what a seal can be attached; None where it is no attachment.

    A containment that is not seen counts as not chosen.
    """
    if event != "attach":
        return None
    found, now = known(viewer), viewer.server.now()
    before = corrected if corrected is not None and corrected.event == "attach" else None
    name = place or ("" if before is None else f"{before.mba}/{before.containment}")
    names = sorted(found.places)
    if name not in found.places:
        return Attaching(names, "", {}, {})
    one = found.places[name]
    ways = {way.path: way for way in one.ways}
    inside = [item.batch_uid for item in found.inside(name, now)]
    same = before is not None and name == f"{before.mba}/{before.containment}"
    held = before.items if before is not None and same else ()
    options = {
        "paths": [(path, _way(way)) for path, way in ways.items()],
        "items": [(uid, uid) for uid in dict.fromkeys([*inside, *held])],
    }
    open_now = [path for path, way in ways.items() if way.time.holds(now)]
    only = open_now if len(open_now) == 1 else []
    paths = before.path_names if before is not None and same else only
    return Attaching(names, name, options, {"paths": paths, "items": held or inside})


def _way(way: Way) -> str:
    if way.time.end is None:
        return way.path
    return _("%(way)s, until %(end)s", way=way.path, end=instant_text(way.time.end))
