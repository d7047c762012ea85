"""Words of coverage: values, results, continuity."""

from __future__ import annotations

from collections.abc import Mapping

from keiryo.web.translation import sentence

VALUE_WORDS: Mapping[str, str] = {
    "POSITIVE": sentence("positive"),
    "PENDING": sentence("pending"),
    "INCONCLUSIVE": sentence("inconclusive"),
    "NEGATIVE": sentence("negative"),
    "NOT_COVERED": sentence("not covered"),
}
VALUE_BADGES: Mapping[str, str] = {
    "POSITIVE": "ok",
    "PENDING": "wait",
    "INCONCLUSIVE": "warning",
    "NEGATIVE": "error",
    "NOT_COVERED": "plain",
}
VALUE_LOOKS: Mapping[str, str] = {
    "POSITIVE": "positive",
    "PENDING": "pending",
    "INCONCLUSIVE": "inconclusive",
    "NEGATIVE": "negative",
}
"""How the time line draws a value; what is not covered has no bar."""
CONTINUITY_WORDS: Mapping[str, str] = {
    "held": sentence("held"),
    "lost": sentence("lost"),
    "none": sentence("never begun"),
}
CONTINUITY_BADGES: Mapping[str, str] = {"held": "ok", "lost": "error", "none": "plain"}
LEVEL_WORDS: Mapping[str, str] = {
    "none": sentence("no device"),
    "single": sentence("single"),
    "backup": sentence("backup"),
    "dual": sentence("dual"),
}
ANOMALY_WORDS: Mapping[str, str] = {
    "found": sentence("found, not recorded yet"),
    "open": sentence("open"),
    "resolved": sentence("resolved"),
}
ANOMALY_BADGES: Mapping[str, str] = {"found": "error", "open": "error", "resolved": "ok"}
