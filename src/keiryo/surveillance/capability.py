"""What surveillance brings to the posting pipeline."""

from __future__ import annotations

from keiryo.journal.registry import Capability
from keiryo.surveillance.conclusions import CONCLUSIONS_HOLD
from keiryo.surveillance.explain import dependents, explain
from keiryo.surveillance.explain_images import dependents as image_dependents
from keiryo.surveillance.explain_images import explain as explain_images
from keiryo.surveillance.image_checks import IMAGE_CHECKS
from keiryo.surveillance.looks import LOOKS_HOLD
from keiryo.surveillance.marks import MARKS_HOLD
from keiryo.surveillance.reviews import REVIEWS_HOLD
from keiryo.surveillance.screening_checks import SCREENINGS_HOLD
from keiryo.surveillance.tables import LINE_KINDS

SURVEILLANCE = Capability(
    "surveillance",
    line_kinds=LINE_KINDS,
    checks=(
        *IMAGE_CHECKS,
        *(SCREENINGS_HOLD, REVIEWS_HOLD, LOOKS_HOLD, MARKS_HOLD, CONCLUSIONS_HOLD),
    ),
    explainers=(explain_images, explain),
    dependents=(image_dependents, dependents),
)
