"""Words of meetings, information, missions and exchanges of people, as pages say them."""

from __future__ import annotations

from collections.abc import Mapping

from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence

MEETING_STATES: Mapping[str, tuple[str, str]] = {
    "planned": ("open", sentence("planned")),
    "held": ("ok", sentence("held")),
    "cancelled": ("plain", sentence("called off")),
}
"""Badge and word of each state."""

ITEM_KINDS: Mapping[str, str] = {
    "commitment": sentence("on a commitment"),
    "work_plan": sentence("work plan"),
    "topic": sentence("topic"),
}

URGENCY: Mapping[str, str] = {
    sentence("overdue"): "error",
    sentence("due soon"): "warning",
    sentence("due later"): "open",
    sentence("without a day"): "plain",
}
"""Words and badges of when something is due, the most urgent first."""

DIRECTIONS: Mapping[str, str] = {"in": sentence("received"), "out": sentence("given")}
ONWARD_WORDS: Mapping[str, str] = {
    "free": sentence("it may be handed on"),
    "consent": sentence("only with consent"),
    "never": sentence("it is never handed on"),
}
DUTY_WORDS: Mapping[str, str] = {
    "return": sentence("return it"),
    "destroy": sentence("destroy it"),
}
CAVEAT_WORDS: Mapping[str, str] = {
    "official-use": sentence("for official use"),
    "safeguards-confidential": sentence("safeguards-confidential"),
    "proprietary": sentence("proprietary"),
    "third-party-rule": sentence("third-party rule"),
    "no-foreign": sentence("not for foreign organisations"),
    "embargo": sentence("under embargo"),
    "partner-quantities": sentence("quantities of a partner"),
}
EVENT_WORDS: Mapping[str, tuple[str, str]] = {
    "acknowledged": ("ok", sentence("acknowledged")),
    "handed_out": ("info", sentence("handed out")),
    "consented": ("ok", sentence("consent given")),
    "consent_withdrawn": ("warning", sentence("consent withdrawn")),
    "returned": ("plain", sentence("returned")),
    "destroyed": ("plain", sentence("destroyed")),
}

MISSION_STATES: Mapping[str, tuple[str, str]] = {
    "requested": ("open", sentence("requested")),
    "terms_agreed": ("open", sentence("terms of reference agreed")),
    "prepared": ("open", sentence("prepared")),
    "planned": ("info", sentence("planned")),
    "under_way": ("wait", sentence("under way")),
    "report_draft": ("wait", sentence("report drafted")),
    "host_review": ("wait", sentence("under review by the host")),
    "report_final": ("ok", sentence("report final")),
    "report_released": ("ok", sentence("report released")),
    "closed": ("ok", sentence("closed")),
    "declined": ("plain", sentence("declined")),
    "cancelled": ("plain", sentence("called off")),
}
MISSION_KINDS: Mapping[str, str] = {
    "IPPAS": "IPPAS",
    "INSServ": "INSServ",
    "ISSAS": "ISSAS",
    "ORPAS": "ORPAS",
    "technical-visit": sentence("technical visit"),
    "training": sentence("training"),
    "other": sentence("other"),
}
PART_WORDS: Mapping[str, str] = {
    "leader": sentence("leader of the team"),
    "expert": sentence("expert"),
    "observer": sentence("observer"),
    "host": sentence("counterpart of the host"),
    "left": sentence("left the team"),
}
FINDING_KINDS: Mapping[str, str] = {
    "recommendation": sentence("recommendation"),
    "suggestion": sentence("suggestion"),
    "good-practice": sentence("good practice"),
}
FINDING_STATES: Mapping[str, tuple[str, str]] = {
    "open": ("open", sentence("open")),
    "accepted": ("info", sentence("accepted")),
    "in_progress": ("wait", sentence("in progress")),
    "done": ("ok", sentence("done")),
    "verified": ("ok", sentence("verified by a follow-up mission")),
    "rejected": ("plain", sentence("not followed")),
    "noted": ("plain", sentence("noted")),
}

EXCHANGE_STATES: Mapping[str, tuple[str, str]] = {
    "agreed": ("open", sentence("agreed")),
    "cleared": ("info", sentence("cleared")),
    "started": ("wait", sentence("under way")),
    "interrupted": ("warning", sentence("interrupted")),
    "ended": ("ok", sentence("ended")),
    "reported": ("ok", sentence("reported")),
    "cancelled": ("plain", sentence("called off")),
}
LEVEL_WORDS: Mapping[str, str] = {
    "open": sentence("open to all"),
    "official": sentence("official"),
    "confidential": sentence("confidential"),
    "secret": sentence("secret"),
    "top-secret": sentence("top secret"),
}


def badge_of(words: Mapping[str, tuple[str, str]], state: str) -> dict[str, str]:
    """Return a state as a badge in the language of the request."""
    badge, text = words.get(state, ("plain", state))
    return {"badge": badge, "text": _(text)}


def word_of(words: Mapping[str, str], value: object) -> str:
    """Return what a value is called in the language of the request."""
    return _(words.get(str(value), str(value)))


def state_choices(words: Mapping[str, tuple[str, str]]) -> tuple[str, ...]:
    """Return the words of states as choices of a filter, each once."""
    return tuple(dict.fromkeys(text for _badge, text in words.values()))


def options_of(words: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return values with their words, as choices of a field."""
    return [(value, _(text)) for value, text in words.items()]
