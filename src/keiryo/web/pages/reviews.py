"""Camera reviews: what the section brings, and how reviews are found by their names."""

from __future__ import annotations

from collections.abc import Iterator

from keiryo.web.pages.reviews_event import event_page
from keiryo.web.pages.reviews_forms import (
    conclude_camera,
    look_at_event,
    mark_event,
    open_again,
    open_one,
)
from keiryo.web.pages.reviews_images import difference, image
from keiryo.web.pages.reviews_known import CAPABILITY, HOME, every_review, review_address
from keiryo.web.pages.reviews_shown import overview_part, review_page, reviews_page
from keiryo.web.sections import Hit, MenuEntry, OverviewPart, Section, reads
from keiryo.web.translation import sentence
from keiryo.web.viewer import Viewer


def find_reviews(viewer: Viewer, words: str, most: int) -> Iterator[Hit]:
    """Yield reviews by name, area or camera."""
    if not viewer.reads(CAPABILITY):
        return
    wanted, count = words.casefold(), 0
    for one in every_review(viewer):
        text = "\n".join((one.name, one.mba, *one.cameras, *one.screenings))
        if wanted in text.casefold() and count < most:
            count += 1
            detail = f"{one.mba}, {', '.join(one.cameras)}"
            yield Hit(sentence("camera review"), one.name, review_address(one.name), detail)


SECTION = Section(
    "reviews",
    handlers=(
        *(reviews_page, review_page, event_page, image, difference),
        *(open_one, open_again, conclude_camera, look_at_event, mark_event),
    ),
    menu=(
        MenuEntry(
            sentence("Camera reviews"), HOME, sentence("Surveillance"), 30, reads(CAPABILITY)
        ),
    ),
    overview=(
        OverviewPart(
            "reviews",
            sentence("Camera reviews"),
            47,
            reads(CAPABILITY),
            overview_part,
            "reviews/overview.html",
        ),
    ),
    search=(find_reviews,),
)
"""What reviews bring to the pages."""
