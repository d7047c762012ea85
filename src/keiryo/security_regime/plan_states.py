"""How a version of a security plan lives: from the draft to the version that takes its place.

What was rejected is written anew as another version. No date ever changes a state: a plan that was
approved holds from the first day that it names, and ends by what follows it or by its last day.
"""

from __future__ import annotations

DRAFT, SUBMITTED, APPROVED = "draft", "submitted", "approved"
SUPERSEDED, WITHDRAWN, REJECTED = "superseded", "withdrawn", "rejected"

STEPS: dict[str, frozenset[str]] = {
    DRAFT: frozenset({SUBMITTED, WITHDRAWN}),
    SUBMITTED: frozenset({APPROVED, REJECTED, WITHDRAWN}),
    APPROVED: frozenset({SUPERSEDED, WITHDRAWN}),
    SUPERSEDED: frozenset(),
    WITHDRAWN: frozenset(),
    REJECTED: frozenset(),
}
"""Which state may follow which; the last three are final."""

DECISIONS = frozenset({APPROVED, REJECTED})
"""Steps of somebody else than who submitted it."""
NEEDS_REASON = frozenset({WITHDRAWN, REJECTED})

FIXED = ("kind", "valid_from", "valid_until", "review_on", "digest", "basis", "threat_ref")
"""What stands fixed once a version is submitted; another content is another version."""
