"""Words of camera reviews: verdicts, conclusions, kinds of events, why an image is not shown."""

from __future__ import annotations

from collections.abc import Mapping

from keiryo.web.translation import sentence

VERDICT_WORDS: Mapping[str, str] = {
    "explained": sentence("explained by an operation"),
    "benign": sentence("benign"),
    "relevant": sentence("relevant"),
    "unclear": sentence("unclear"),
}
VERDICT_BADGES: Mapping[str, str] = {
    "explained": "ok",
    "benign": "ok",
    "relevant": "error",
    "unclear": "warning",
}
NOT_MARKED = sentence("not marked")
CONCLUSION_WORDS: Mapping[str, str] = {
    "positive": sentence("positive"),
    "negative": sentence("negative"),
    "inconclusive": sentence("inconclusive"),
}
CONCLUSION_BADGES: Mapping[str, str] = {
    "positive": "ok",
    "negative": "error",
    "inconclusive": "warning",
}
KIND_WORDS: Mapping[str, str] = {
    "activity": sentence("activity"),
    "state-change": sentence("change of the scene"),
}
STATE_WORDS: Mapping[str, str] = {
    "CONFIRMED": sentence("seen as declared"),
    "CONFIRMED_EARLY": sentence("seen earlier than declared"),
    "CONFIRMED_LATE": sentence("seen later than declared"),
    "COUNT_MISMATCH": sentence("seen another number of times than declared"),
    "ORDER_VIOLATION": sentence("seen in another order than declared"),
    "DECLARED_NO_COVERAGE": sentence("declared for a time in which nothing could be seen"),
    "DECLARED_NOT_SEEN": sentence("declared and not seen"),
    "SEEN_NOT_DECLARED": sentence("seen and not declared"),
}
STATE_BADGES: Mapping[str, str] = {
    "CONFIRMED": "ok",
    "CONFIRMED_EARLY": "warning",
    "CONFIRMED_LATE": "warning",
    "COUNT_MISMATCH": "error",
    "ORDER_VIOLATION": "error",
    "DECLARED_NO_COVERAGE": "warning",
    "DECLARED_NOT_SEEN": "error",
    "SEEN_NOT_DECLARED": "error",
}
REASON_WORDS: Mapping[str, str] = {
    "NOT_YET_REVIEWED": sentence("not looked at yet"),
    "NOT_SCREENED": sentence("not screened"),
    "unreadable": sentence("unreadable"),
    "removed": sentence("removed when its time of retention was over"),
    "content-missing": sentence("its content is not where it should be"),
    "content-altered": sentence("its content was altered"),
    "bad-signature": sentence("its signature is wrong"),
    "broken-chain": sentence("its chain of signatures is broken"),
    "not-as-listed": sentence("not as its list says"),
    "equivocation": sentence("two images have the same number"),
    "gap": sentence("gap"),
    "dark": sentence("dark"),
    "bright": sentence("too bright"),
    "covered": sentence("camera covered"),
    "moved": sentence("camera moved"),
    "defocused": sentence("out of focus"),
    "frozen": sentence("frozen"),
    "replaced": sentence("replaced picture"),
    "health-not-testable": sentence("too little to see to tell whether it is covered"),
    "undecided": sentence("not decided"),
}
"""Why an image cannot be relied on or was not looked at; other codes are shown as they are."""
