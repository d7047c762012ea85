"""Words of detection sites: verdicts of a passage, state of health, kinds of instruments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence

ALARM, QUIET, UNKNOWN = sentence("alarm"), sentence("no alarm"), sentence("not evaluated")
VERDICTS = (ALARM, QUIET, UNKNOWN)
_BADGES = {ALARM: "error", QUIET: "ok", UNKNOWN: "warning"}
CLASS_WORDS: Mapping[str, str] = {
    "portal": sentence("portal"),
    "spectroscopic-portal": sentence("spectroscopic portal"),
    "riid": sentence("hand-held identifier"),
    "backpack": sentence("backpack"),
    "personal": sentence("personal detector"),
    "mobile": sentence("mobile detector"),
}
SOURCE_WORDS: Mapping[str, str] = {
    "file": sentence("as the file says"),
    "setup": sentence("as recorded in its set-up"),
    "site": sentence("the default of the site"),
    "default": sentence("the default of the logic: the threshold of the instrument is unknown"),
}
WELL, DUE, FAULT, TAMPER, SILENT = (
    *(sentence("well"), sentence("a check is due"), sentence("fault")),
    *(sentence("tamper"), sentence("no file")),
)
HEALTH_BADGES = {WELL: "ok", DUE: "warning", FAULT: "error", TAMPER: "error", SILENT: "plain"}
STATE_WORDS: Mapping[str, str] = {
    "RAISED": sentence("raised"),
    "VERIFIED": sentence("verified"),
    "FALSE": sentence("false alarm"),
    "LOCALIZED": sentence("localized"),
    "CHARACTERIZED": sentence("characterized"),
    "IDENTIFIED": sentence("identified"),
    "CATEGORIZED": sentence("categorized"),
    "INNOCENT_DECLARED": sentence("innocent, declared"),
    "INNOCENT_UNDECLARED": sentence("innocent, not declared"),
    "ILLEGAL_OR_UNAUTHORIZED": sentence("illegal or unauthorized"),
    "UNRESOLVED": sentence("unresolved"),
    "RESPONSE": sentence("handed over to response"),
    "CLOSED": sentence("closed"),
    "ESCALATED": sentence("escalated"),
}
"""States and steps of an alarm case."""
STATE_BADGES: Mapping[str, str] = {
    "FALSE": "ok",
    "CLOSED": "ok",
    "INNOCENT_DECLARED": "ok",
    "INNOCENT_UNDECLARED": "ok",
    "ILLEGAL_OR_UNAUTHORIZED": "error",
    "RESPONSE": "error",
    "UNRESOLVED": "warning",
}


def verdict(flag: int | None) -> str:
    """Return the word for a verdict of the replay or of an instrument."""
    return UNKNOWN if flag is None else ALARM if flag else QUIET


def verdict_badge(word: str) -> dict[str, Any]:
    """Return a verdict as a cell of a table shows it."""
    return {"text": _(word), "badge": _BADGES[word]}


def state_badge(state: str) -> dict[str, Any]:
    """Return the state of a case as a cell of a table shows it."""
    return {
        "text": _(STATE_WORDS.get(state, state)),
        "badge": STATE_BADGES.get(state, "wait"),
    }
