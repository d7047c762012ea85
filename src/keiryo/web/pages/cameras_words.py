"""Words of cameras, images and declared operations; how the time line draws what they say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import number_text
from keiryo.web.translation import sentence

CONDITION_WORDS: Mapping[str, str] = {
    "gap": sentence("images missing"),
    "late": sentence("image late"),
    "dark": sentence("dark"),
    "bright": sentence("too bright"),
    "covered": sentence("covered"),
    "moved": sentence("camera moved"),
    "defocused": sentence("out of focus"),
    "frozen": sentence("picture frozen"),
    "replaced": sentence("other scene"),
    "time-jump": sentence("clock jumped"),
    "unreadable": sentence("image unreadable"),
    "undecided": sentence("not decided"),
    "health-not-testable": sentence("too little to see to tell whether it is covered"),
    "removed": sentence("content removed"),
    "content-missing": sentence("content missing"),
    "content-altered": sentence("content altered"),
    "bad-signature": sentence("bad signature"),
    "broken-chain": sentence("chain of images broken"),
    "equivocation": sentence("two images for one place"),
    "not-as-listed": sentence("not as listed"),
}
"""A gap or a bad view by its code."""
MEDIUM_WORDS: Mapping[str, str] = {
    "removable-media": sentence("removable medium"),
    "network": sentence("network"),
    "file": sentence("file"),
}
AUTHENTIC_WORDS: Mapping[str, str] = {
    "signed": sentence("signed"),
    "chained": sentence("chained"),
    "unsigned": sentence("unsigned"),
    "broken": sentence("broken"),
}
AUTHENTIC_BADGES: Mapping[str, str] = {
    "signed": "ok",
    "chained": "ok",
    "unsigned": "open",
    "broken": "error",
}
EVENT_WORDS: Mapping[str, str] = {
    "activity": sentence("activity"),
    "state-change": sentence("scene changed"),
}
VERDICT_WORDS: Mapping[str, str] = {
    "explained": sentence("explained"),
    "benign": sentence("benign"),
    "relevant": sentence("relevant"),
    "unclear": sentence("unclear"),
}
ZONE_WORDS: Mapping[str, str] = {
    "INTEREST": sentence("matters first"),
    "IGNORE": sentence("ignored"),
    "TRIP": sentence("order of crossing counts"),
}
STATE_WORDS: Mapping[str, str] = {
    "declared": sentence("declared"),
    "withdrawn": sentence("withdrawn"),
}
STATE_BADGES: Mapping[str, str] = {"declared": "ok", "withdrawn": "plain"}
KIND_WORDS: Mapping[str, str] = {
    "operation": sentence("declared operation"),
    "camera": sentence("camera"),
    "events": sentence("event of a camera"),
    "seal": sentence("seal"),
    "review": sentence("review"),
}
"""What a row of the time line is about."""
SEAL_EVENT_WORDS: Mapping[str, str] = {
    "attach": sentence("seal attached"),
    "check": sentence("seal checked"),
    "detach": sentence("seal detached"),
    "broken": sentence("seal found broken"),
    "missing": sentence("seal found missing"),
    "examine": sentence("seal examined"),
    "verify": sentence("seal verified"),
    "read-out": sentence("log read out"),
    "opening": sentence("opening in the log"),
    "tamper": sentence("tampering in the log"),
}
SEAL_EVENT_LOOKS: Mapping[str, str] = {
    "attach": "check",
    "check": "check",
    "examine": "check",
    "verify": "check",
    "read-out": "check",
    "detach": "opening",
    "opening": "opening",
    "broken": "bad",
    "missing": "bad",
    "tamper": "bad",
}
"""Which mark stands for what happened to a seal."""


def condition_text(code: str) -> str:
    """Return a gap or a bad view in words."""
    return _(CONDITION_WORDS[code]) if code in CONDITION_WORDS else code


def word(words: Mapping[str, str], key: Any) -> str:
    """Return a kind in words; what is not known stays as it stands in the record."""
    text = str(key)
    return _(words[text]) if text in words else text


def seconds_text(seconds: float) -> str:
    """Return a time in words: seconds below two minutes, minutes below two hours, else hours."""
    if abs(seconds) < 120:
        return _("%(number)s s", number=number_text(_short(seconds)))
    if abs(seconds) < 7200:
        return _("%(number)s min", number=number_text(_short(seconds / 60)))
    return _("%(number)s h", number=number_text(_short(seconds / 3600)))


def _short(value: float) -> int | float:
    rounded = round(value, 1)
    return int(rounded) if rounded == int(rounded) else rounded


def share_text(ppm: int) -> str:
    """Return millionths as per cent, rounded down: 99.99 % is not all."""
    return f"{number_text(ppm // 100 / 100, 2)} %"
