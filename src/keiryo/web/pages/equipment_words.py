"""Words of equipment: types, conditions, states of a loan, terms, as pages say them."""

from __future__ import annotations

from collections.abc import Mapping

from keiryo.equipment.loan_states import (
    AGREED,
    CLOSED,
    DONATED,
    EXPIRING,
    EXTENDED,
    IN_USE,
    OFFERED,
    RECALLED,
    RECEIVED,
    REQUESTED,
    RETURNED,
    SHIPPED,
    WITHDRAWN,
)
from keiryo.equipment.tables import DAMAGED, FAILED, LOST, PASSED, RETIRED, SERVICEABLE
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence

TYPE_WORDS: Mapping[str, str] = {
    "personal-radiation-detector": sentence("personal radiation detector"),
    "radionuclide-identification-device": sentence("radionuclide identification device"),
    "portable-scanner": sentence("portable scanner"),
    "hpge-detector": sentence("HPGe detector"),
    "portal-monitor": sentence("portal monitor"),
    "survey-meter": sentence("survey meter"),
    "contamination-monitor": sentence("contamination monitor"),
    "gamma-spectrometer": sentence("gamma spectrometer"),
    "neutron-counter": sentence("neutron counter"),
    "dosimeter": sentence("dosimeter"),
    "camera": sentence("camera"),
    "seal-reader": sentence("seal reader"),
    "check-source": sentence("check source"),
    "computer": sentence("computer"),
    "vehicle": sentence("vehicle"),
    "other": sentence("other equipment"),
}
"""Types of equipment, as the record names them."""

CONDITION_WORDS: Mapping[str, str] = {
    SERVICEABLE: sentence("serviceable"),
    DAMAGED: sentence("damaged"),
    LOST: sentence("lost"),
    RETIRED: sentence("retired"),
}
CONDITION_BADGES = {SERVICEABLE: "ok", DAMAGED: "warning", LOST: "error", RETIRED: "plain"}

STATE_WORDS: Mapping[str, str] = {
    REQUESTED: sentence("requested"),
    OFFERED: sentence("offered"),
    AGREED: sentence("agreed"),
    SHIPPED: sentence("shipped"),
    RECEIVED: sentence("received"),
    IN_USE: sentence("in use"),
    EXTENDED: sentence("extended"),
    RECALLED: sentence("recalled"),
    EXPIRING: sentence("expiring"),
    RETURNED: sentence("returned"),
    CLOSED: sentence("closed"),
    DONATED: sentence("converted to a donation"),
    WITHDRAWN: sentence("withdrawn"),
}
"""States of a loan and its steps, in the order of its life."""
STATE_BADGES: Mapping[str, str] = {
    REQUESTED: "open",
    OFFERED: "open",
    AGREED: "info",
    SHIPPED: "wait",
    RECEIVED: "wait",
    IN_USE: "wait",
    EXTENDED: "info",
    RECALLED: "warning",
    EXPIRING: "warning",
    RETURNED: "info",
    CLOSED: "ok",
    DONATED: "ok",
    WITHDRAWN: "plain",
}

RESULT_WORDS = {PASSED: sentence("passed"), FAILED: sentence("failed")}
RESULT_BADGES = {PASSED: "ok", FAILED: "error"}

TEST_WORDS: Mapping[str, str] = {
    "acceptance_test": sentence("Acceptance test on receipt"),
    "decontamination_check": sentence("Decontamination check on return"),
    "function_test": sentence("Function test on return"),
}

REGIME_WORDS: Mapping[str, str] = {
    "ATA": sentence("ATA carnet"),
    "temporary-import": sentence("temporary import"),
    "domestic": sentence("crosses no border"),
}

TERM_WORDS: Mapping[str, str] = {
    "start_on": sentence("first day"),
    "end_on": sentence("day by which the items are to be back"),
    "agreement_reference": sentence("loan agreement"),
    "insurance": sentence("insurance"),
    "customs_regime": sentence("customs regime"),
}
"""Terms without which a loan cannot be agreed."""

NEEDED_WORDS: Mapping[str, str] = {
    AGREED: sentence("takes all terms, and serviceable items that are free on these days"),
    SHIPPED: sentence("takes that every item is serviceable and out under no other loan"),
    RECEIVED: sentence("takes the result of the acceptance test"),
    IN_USE: sentence("takes a passed acceptance test"),
    RETURNED: sentence("takes the results of the decontamination check and the function test"),
    CLOSED: sentence("takes clean, tested items that the lender has by the chain of custody"),
    DONATED: sentence("takes evidence of the donation; the items become the borrower's"),
    EXTENDED: sentence("takes a later day by which the items are to be back"),
}
"""What it takes to become something; where nothing is said, it takes a reason."""

VALID, ENDING, ENDED, NONE, NOT_NEEDED = (
    sentence("valid"),
    sentence("ends soon"),
    sentence("has ended"),
    sentence("never calibrated"),
    sentence("needs none"),
)
CALIBRATION_BADGES = {
    VALID: "ok",
    ENDING: "warning",
    ENDED: "error",
    NONE: "error",
    NOT_NEEDED: "plain",
}
"""How an item stands with its calibration."""


def condition_badge(condition: str) -> dict[str, str]:
    """Return a condition as a badge."""
    words = _(CONDITION_WORDS.get(condition, condition))
    return {"badge": CONDITION_BADGES.get(condition, "plain"), "text": words}


def state_badge(state: str) -> dict[str, str]:
    """Return a state of a loan, or a step of it, as a badge."""
    words = _(STATE_WORDS.get(state, state))
    return {"badge": STATE_BADGES.get(state, "plain"), "text": words}


def result_badge(result: str | None) -> dict[str, str] | None:
    """Return the result of a test as a badge; None where there is none."""
    if result is None:
        return None
    return {
        "badge": RESULT_BADGES.get(result, "plain"),
        "text": _(RESULT_WORDS.get(result, result)),
    }


def needed_words(state: str) -> str:
    """Return what it takes to become something, in the language of the request."""
    return _(NEEDED_WORDS.get(state, sentence("takes a reason")))
