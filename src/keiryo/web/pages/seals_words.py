"""Words of seals and containments: states, types, events, findings, kinds of containments."""

from __future__ import annotations

from collections.abc import Mapping

from keiryo.web.pages.coverage_words import VALUE_BADGES, VALUE_WORDS
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence

STATE_WORDS: Mapping[str, str] = {
    "in-stock": sentence("in stock"),
    "issued": sentence("issued"),
    "attached": sentence("attached"),
    "broken": sentence("found broken"),
    "missing": sentence("found missing"),
    "detached": sentence("detached"),
    "in-transit": sentence("on the way to examination"),
    "read-out": sentence("read out"),
    "verified": sentence("verified"),
    "lost": sentence("lost"),
    "destroyed": sentence("destroyed"),
}
STATE_BADGES: Mapping[str, str] = {
    "in-stock": "plain",
    "issued": "plain",
    "attached": "ok",
    "broken": "error",
    "missing": "error",
    "detached": "wait",
    "in-transit": "wait",
    "read-out": "ok",
    "verified": "ok",
    "lost": "error",
    "destroyed": "plain",
}
TYPE_WORDS: Mapping[str, str] = {
    "metal-cap": sentence("metal cap"),
    "cobra": "COBRA",
    "vacoss-s": "VACOSS-S",
    "eoss": "EOSS",
    "rmsa": "RMSA",
    "ultrasonic": sentence("ultrasonic"),
    "fvps": "FVPS",
    "adhesive": sentence("adhesive"),
}
EVENT_WORDS: Mapping[str, str] = {
    "receive": sentence("received into stock"),
    "issue": sentence("issued"),
    "return": sentence("returned to stock"),
    "void": sentence("made void"),
    "destroy": sentence("destroyed"),
    "loss": sentence("lost"),
    "attach": sentence("attached"),
    "check": sentence("checked"),
    "broken": sentence("found broken"),
    "missing": sentence("found missing"),
    "detach": sentence("detached"),
    "recover": sentence("remains recovered"),
    "found-again": sentence("found again"),
    "declare-lost": sentence("declared lost"),
    "dispatch": sentence("sent to examination"),
    "verify": sentence("verified in the field"),
    "read-out": sentence("read out"),
    "examine": sentence("examined at headquarters"),
    "found": sentence("found"),
    "service": sentence("serviced"),
    "retire": sentence("retired"),
    "withdraw": sentence("event withdrawn"),
}
COMPONENT_WORDS: Mapping[str, str] = {
    "ok": sentence("in order"),
    "not-ok": sentence("not in order"),
    "not-seen": sentence("not seen"),
}
FINDING_WORDS: Mapping[str, str] = {
    "genuine-intact": sentence("genuine and intact"),
    "tampered": sentence("tampered with"),
    "substituted": sentence("substituted"),
    "inconclusive": sentence("inconclusive"),
}
LOG_WORDS: Mapping[str, str] = {
    "opening": sentence("opening"),
    "gap": sentence("gap in the log"),
    "tamper": sentence("case opened"),
    "self-test": sentence("self test failed"),
    "no-soh": sentence("no report of health"),
    "clock": sentence("clock runs backwards"),
}
LOG_STATE_WORDS: Mapping[str, str] = {
    "signed": sentence("signed, and the signatures are good"),
    "reader": sentence("authenticated by the reader"),
    "unsigned": sentence("not signed"),
    "broken": sentence("its signatures or chain are broken"),
}
KIND_WORDS: Mapping[str, str] = {
    "vessel": sentence("vessel"),
    "rack": sentence("rack"),
    "room": sentence("room"),
    "pond": sentence("pond"),
    "cask": sentence("cask"),
    "cabinet": sentence("cabinet"),
    "building": sentence("building"),
    "other": sentence("other structure"),
}
INSPECTION_WORDS: Mapping[str, str] = {
    "intact": sentence("intact"),
    "damaged": sentence("damaged"),
    "not-conclusive": sentence("not conclusive"),
}
INSPECTION_BADGES: Mapping[str, str] = {
    "intact": "ok",
    "damaged": "error",
    "not-conclusive": "warning",
}


def value_badge(name: str | None) -> dict[str, str] | None:
    """Return a value (POSITIVE …) as a badge; None where there is none."""
    return None if name is None else {"text": _(VALUE_WORDS[name]), "badge": VALUE_BADGES[name]}


def state_badge(state: str) -> dict[str, str]:
    """Return the state of a seal as a badge."""
    return {"text": _(STATE_WORDS.get(state, state)), "badge": STATE_BADGES.get(state, "plain")}


def worded(words: Mapping[str, str], name: str | None) -> str:
    """Return a word of the record in the language of the request; unknown ones as they are."""
    return "" if name is None else _(words.get(name, name))
