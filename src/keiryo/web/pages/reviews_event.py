"""The page on which a reviewer looks at one event: before, peak and after, difference, play around.

A long event is shown in parts, and a look is recorded for the part that was shown: nobody has
looked at images that no page has shown to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from keiryo.dates import utc_text
from keiryo.errors import NotFoundError
from keiryo.people.accounts import names_of
from keiryo.surveillance.declared_operations import operations
from keiryo.surveillance.looks import LOOKED
from keiryo.surveillance.marks import BENIGN, EXPLAINED, MARKED, RELEVANT, UNCLEAR
from keiryo.surveillance.ranking import Ranked, similar
from keiryo.surveillance.review_events import ReviewEvent
from keiryo.web.pages.boards import Entered
from keiryo.web.pages.cameras_overlay import zones_of_event
from keiryo.web.pages.reviews_known import (
    HOME,
    READING,
    Shown,
    Standing,
    camera_address,
    difference_address,
    event_address,
    images_around,
    is_waiting,
    review_address,
    standing,
)
from keiryo.web.pages.reviews_pictures import FULL
from keiryo.web.pages.reviews_words import KIND_WORDS, VERDICT_BADGES, VERDICT_WORDS
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Asking, Viewer

PART = 60
"""Images of an event that one page shows."""
THUMB, SIDE, LARGE = 160, 640, 1280
"""Widths in pixels: in the strip, side by side, alone."""
FULL_WIDTH = FULL
"""Asks for an image at full resolution."""
MOST_SIMILAR = 12
WHOLE_SIMILAR = 4
"""A similar event of so many images is shown as a whole, so that it is looked at there."""
LOOKS = ("sides", "before", "peak", "after", "difference", "changed", "around")
VERDICT_KEYS = ((EXPLAINED, "1"), (BENIGN, "2"), (RELEVANT, "3"), (UNCLEAR, "4"))


@dataclass(frozen=True, slots=True)
class Part:
    """The images of an event that a page shows.

    Attributes
    ----------
    number, of : int
        Which part of how many, from 1.
    images : tuple of Shown
        Of the event, in this part.
    before, peak, after : Shown or None
    """

    number: int
    of: int
    images: tuple[Shown, ...]
    before: Shown | None
    peak: Shown | None
    after: Shown | None

    @property
    def strip(self) -> list[Shown]:
        """The images in order, with the one before and the one after."""
        every = [self.before, *self.images, self.after]
        return [one for one in every if one is not None]


def part_of(viewer: Viewer, event: ReviewEvent, number: int) -> Part:
    """Return a part of the images of an event, the first or last one if there is none such."""
    every = images_around(viewer, event.camera, event.begin, event.end)
    mine = [one for one in every if one.part == "event"]
    count = max(1, -(-len(mine) // PART))
    number = min(max(1, number), count)
    peaks = (one for one in mine if one.at >= event.values["peak_at"])
    return Part(
        *(number, count, tuple(mine[(number - 1) * PART : number * PART])),
        next((one for one in every if one.part == "before"), None),
        next(peaks, mine[0] if mine else None),
        next((one for one in every if one.part == "after"), None),
    )


def require_event(viewer: Viewer, name: str, screening: str, number: int) -> tuple[Standing, int]:
    """Return a review and the position of one of its events.

    Raises
    ------
    NotFoundError
        If the viewer sees no such review, or it has no such event.
    """
    found = standing(viewer, name)
    place = found.place((screening, number))
    if place is None:
        raise NotFoundError(
            f"{name[:60]}: there is no event {number} of {screening[:60]!r}",
            "The page of the review lists its events.",
        )
    return found, place


def next_waiting(found: Standing, place: int) -> Ranked | None:
    """Return the next event that is to be marked or looked at, after a place and then from the top.

    The event at the place itself is not meant.
    """
    order = [*found.events[place + 1 :], *found.events[:place]]
    return next((one for one in order if is_waiting(one)), None)


def similar_events(viewer: Viewer, found: Standing, event: ReviewEvent) -> list[dict[str, Any]]:
    """Return events like one: each with its images, and whether it can be marked along with it."""
    with viewer.books.reading() as connection:
        listed = similar(connection, viewer.metadata, found.review.name, *event.key)
    shown = []
    for one in listed[:MOST_SIMILAR]:
        whole = one.to_see <= WHOLE_SIMILAR
        images: Sequence[Shown] = ()
        if whole or not one.looked_at:
            part = part_of(viewer, one, 1)
            images = part.images if whole else tuple(filter(None, (part.peak,)))
        shown.append(
            {
                "value": f"{one.key[1]} {one.key[0]}",
                "event": one,
                "at": instant_text(one.begin),
                "href": event_address(found.review.name, one.key),
                "images": images,
                "whole": whole,
                "ready": one.looked_at or whole,
            }
        )
    return shown


@get(
    HOME + "/{name:str}/events/{screening:str}/{event:int}",
    sync_to_thread=True,
    opt=READING,
)
def event_page(
    request: AnyRequest,
    viewer: Asking,
    name: FromPath[str],
    screening: FromPath[str],
    event: FromPath[int],
) -> Response[Any]:
    """Show an event to a reviewer."""
    return show_event(request, viewer, name, screening, event, Entered())


def show_event(
    request: AnyRequest, viewer: Viewer, name: str, screening: str, event: int, entered: Entered
) -> Response[Any]:
    """Show an event, its forms as they were entered."""
    found, place = require_event(viewer, name, screening, event)
    one = found.events[place]
    asked = entered.value("part") or request.query_params.get("part", "")
    part = part_of(viewer, one.event, whole_number(asked) or 1)
    here = event_address(name, one.event.key)
    look = str(request.query_params.get("show", ""))
    look = look if look in LOOKS else "sides"
    if str(request.query_params.get("zoom", "")) == "1" and look == "sides":
        look = "peak"
    number = whole_number(request.query_params.get("n", "")) or 0
    zones_on = str(request.query_params.get("zones", "")) == "1"
    zoomed = str(request.query_params.get("zoom", "")) == "1"
    waiting = next_waiting(found, place)
    return render(
        request,
        "reviews/event.html",
        http_status=entered.status,
        one=one,
        event=one.event,
        title=_("Event %(number)s of %(camera)s", number=event, camera=one.event.camera),
        kind=_(KIND_WORDS.get(one.event.values["kind"], one.event.values["kind"])),
        here=here,
        zones=_zones(viewer, one.event, part),
        zones_on=zones_on,
        zoomed=zoomed,
        full=FULL_WIDTH,
        review_href=review_address(name),
        camera_href=camera_address(one.event.camera),
        review=found.review,
        place=place + 1,
        count=len(found.events),
        open_count=len(found.waiting),
        previous=_address(name, found, place - 1),
        following=_address(name, found, place + 1),
        waiting=None if waiting is None else event_address(name, waiting.event.key),
        part=part,
        parts=_parts(name, one, part),
        look=look,
        stage=_stage(part, look, min(number, max(0, len(part.strip) - 1)), zoomed=zoomed),
        number=min(number, max(0, len(part.strip) - 1)),
        difference=_difference(part.before, part.after),
        changed=_difference(part.before, part.peak),
        thumb=THUMB,
        side=SIDE,
        large=LARGE,
        similar=similar_events(viewer, found, one.event) if _may_mark(viewer, found) else [],
        marks=_marks(viewer, one.event),
        verdicts=[(v, key, _(VERDICT_WORDS[v])) for v, key in VERDICT_KEYS],
        operations=_operations(viewer, found, one),
        chosen=entered.value("operation", one.declared[0] if one.declared else ""),
        ticked=set(entered.fields.get("_similar", "").split("\n")),
        entered=entered,
        may_mark=_may_mark(viewer, found),
        others=found.review.reviewer != viewer.person.person,
        reviewer=names_of(viewer.whole, [found.review.reviewer])[found.review.reviewer],
        shown_at=utc_text(viewer.server.now()),
        done=whole_number(request.query_params.get("done", "")),
        crumbs=[
            (_("Camera reviews"), HOME),
            (name, review_address(name)),
            (_("Event %(number)s", number=event), None),
        ],
    )


def _may_mark(viewer: Viewer, found: Standing) -> bool:
    return viewer.may_post(MARKED, found.scope) and viewer.may_post(LOOKED, found.scope)


def _address(name: str, found: Standing, place: int) -> str | None:
    if not 0 <= place < len(found.events):
        return None
    return event_address(name, found.events[place].event.key)


def _parts(name: str, one: Ranked, part: Part) -> list[tuple[int, str]]:
    key = one.event.key
    return [(n, event_address(name, key, part=n)) for n in range(1, part.of + 1)]


def _difference(one: Shown | None, other: Shown | None) -> str | None:
    """Return where the difference of two images is handed out; None: one of them is not there."""
    return None if one is None or other is None else difference_address(one, other, LARGE)


def _zones(viewer: Viewer, event: ReviewEvent, part: Part) -> str | None:
    """Return the drawing of the zones with which the event was screened; None: there are none."""
    image = part.peak or part.before or part.after
    place = None if image is None else (image.act, image.line)
    return zones_of_event(viewer, event.camera, event.key[0], event.begin, place)


def _stage(part: Part, look: str, number: int, *, zoomed: bool = False) -> dict[str, Any] | None:
    """Return the picture that is shown alone; None: three side by side."""
    if look in ("difference", "changed"):
        href = _difference(part.before, part.after if look == "difference" else part.peak)
        words = {
            "difference": _("Difference of the images before and after, the light taken out"),
            "changed": _("Difference of the images before and at the peak, the light taken out"),
        }
        return None if href is None else {"src": href, "full": None, "words": words[look]}
    if look == "around":
        one: Shown | None = part.strip[number] if part.strip else None
    else:
        one = {"before": part.before, "peak": part.peak, "after": part.after}.get(look)
    if one is None:
        return None
    width = FULL_WIDTH if zoomed else LARGE
    return {"src": one.address(width), "full": one.address(FULL_WIDTH), "words": caption(one)}


def caption(one: Shown) -> str:
    """Return what stands under an image: which it is, when it was taken, what is wrong with it."""
    parts = {"before": _("Before"), "event": _("During the event"), "after": _("After")}
    told = f"{parts[one.part]} · {instant_text(one.at)}"
    return f"{told} · {one.words}" if one.words else told


def _marks(viewer: Viewer, event: ReviewEvent) -> list[dict[str, Any]]:
    people = names_of(viewer.whole, [str(one.person) for one in event.marks])
    return [
        {
            "verdict": {
                "text": _(VERDICT_WORDS[one.verdict]),
                "badge": VERDICT_BADGES[one.verdict],
            },
            "operation": one.operation,
            "items": ", ".join(one.items),
            "note": one.note,
            "person": people[str(one.person)],
            "act": one.act,
        }
        for one in reversed(event.marks)
    ]


def _operations(viewer: Viewer, found: Standing, one: Ranked) -> list[tuple[str, str]]:
    """Return the operations that may explain an event, those of its time first."""
    with viewer.books.reading() as connection:
        declared = operations(connection, viewer.metadata, mba=found.review.mba)
    begin, end = found.review.begin, found.review.end
    near = [
        op
        for op in declared
        if op.name in one.declared or (op.values["begin_at"] < end and op.values["end_at"] > begin)
    ]
    near.sort(key=lambda op: (op.name not in one.declared, op.begin, op.name))
    return [(op.name, f"{op.name}: {instant_text(op.values['begin_at'])}"[:120]) for op in near]
