"""Words of export control: states, results of matching, reasons, and the names of what is typed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any
from urllib.parse import urlencode

from keiryo.export_control.books import UNIT
from keiryo.export_control.licences import quantity_text
from keiryo.export_control.matching import (
    DUPLICATE,
    EXPIRED,
    MATCHED,
    NO_ASSURANCE,
    NO_LICENCE,
    OVER_CEILING,
    WITH_EXCESS,
    WRONG_END_USER,
)
from keiryo.web.pages.export_control_known import (
    ASSURANCES,
    DECLARATION,
    HOME,
    ITEMS,
    LICENCE_PAGE,
    NOTICES,
    QUEUE,
    RECORD,
    RULE,
    SHIPMENTS,
    TRADERS,
)
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import number_text
from keiryo.web.translation import sentence

STATE_BADGES: Mapping[str, str] = {
    "applied": "open",
    "issued": "ok",
    "amended": "ok",
    "exhausted": "plain",
    "expired": "plain",
    "suspended": "warning",
    "revoked": "error",
}
STATE_WORDS: Mapping[str, str] = {
    "applied": sentence("applied for"),
    "issued": sentence("licence issued"),
    "amended": sentence("licence amended"),
    "exhausted": sentence("exhausted"),
    "expired": sentence("expired"),
    "suspended": sentence("suspended"),
    "revoked": sentence("licence revoked"),
}
"""States of a licence, in the order of its life."""

OTHER_WORDS: Mapping[str, str] = {
    "export": sentence("export"),
    "import": sentence("import"),
    "planned": sentence("planned"),
    "done": sentence("done"),
    "withdrawn": sentence("withdrawn"),
    "intended": sentence("intended"),
    "in-force": sentence("in force"),
    "removed": sentence("removed"),
    "element": sentence("element weight"),
    "fissile": sentence("fissile weight"),
    "nuclear": sentence("nuclear material"),
    "other": sentence("other goods"),
    "refuse": sentence("it is refused"),
    "warn": sentence("it is noted"),
    "off": sentence("nothing happens"),
    "yes": sentence("yes"),
    "no": sentence("no"),
    "low": sentence("low"),
    "usual": sentence("usual"),
    "high": sentence("high"),
    "unknown": sentence("unknown"),
    "none": sentence("none"),
    "one": sentence("one anomaly"),
    "more": sentence("several anomalies"),
    "clean": sentence("clean"),
    "finding": sentence("with a finding"),
    "late": sentence("late"),
    "due": sentence("due"),
    "national": sentence("national list"),
}

LIST_WORDS: Mapping[str, str] = {
    "items": sentence("listed items"),
    "licences": sentence("licences"),
    "steps": sentence("states of licences"),
    "assurances": sentence("assurances"),
    "transfers": sentence("exports and imports"),
    "recognitions": sentence("arrangements of mutual recognition"),
    "traders": sentence("trusted traders"),
    "consignments": sentence("consignments"),
}
"""What a file may hold."""

RESULT_WORDS: Mapping[str, str] = {
    MATCHED: sentence("covered"),
    WITH_EXCESS: sentence("covered within the tolerance"),
    NO_LICENCE: sentence("no licence"),
    WRONG_END_USER: sentence("another consignee or end user"),
    EXPIRED: sentence("not in force on the day"),
    OVER_CEILING: sentence("over the ceiling"),
    NO_ASSURANCE: sentence("no assurance"),
    DUPLICATE: sentence("declared twice"),
    UNIT: sentence("in another unit"),
}
"""What became of a shipment, by result."""

REASON_WORDS: Mapping[str, str] = {
    "route": sentence("route"),
    "origin": sentence("origin"),
    "commodity": sentence("commodity"),
    "density anomaly": sentence("density anomaly"),
    "documents": sentence("documents"),
    "history": sentence("history"),
    "trusted trader": sentence("trusted trader"),
    "a radiation alarm": sentence("a radiation alarm"),
    "a seal that does not match": sentence("a seal that does not match"),
    "a status that is not in force": sentence("a status that is not in force"),
    "a listed commodity": sentence("a listed commodity"),
}
"""What a score is made of, and why a trusted trader gets no credit."""


def word(text: str | None) -> str:
    """Return a state or grade in the language of the request."""
    said = text or ""
    return _(OTHER_WORDS.get(said) or STATE_WORDS.get(said) or said)


def state_badge(state: str) -> dict[str, str]:
    """Return a state of a licence as a badge."""
    text = _(STATE_WORDS.get(state, state))
    return {"badge": STATE_BADGES.get(state, "plain"), "text": text}


def quantity_shown(quantity: Fraction | str | None, unit: str | None = None) -> str:
    """Return a quantity as the language of the request writes it, exactly, with its unit."""
    if quantity is None:
        return ""
    text = quantity if isinstance(quantity, str) else quantity_text(quantity)
    shown = number_text(Decimal(text))
    return f"{shown} {unit}" if unit else shown


def licence_address(number: str) -> str:
    """Return the page of a licence; a number may hold anything."""
    return f"{LICENCE_PAGE}?{urlencode({'number': number})}"


def record_address(which: str, of: str = "") -> str:
    """Return the form for a list, filled in with what is recorded of something."""
    return f"{RECORD}/{which}?{urlencode({'of': of})}" if of else f"{RECORD}/{which}"


def why_address(node: str) -> str:
    """Return the page that says what something rests on."""
    return f"/why?{urlencode({'of': node})}"


def tabs(here: str) -> list[tuple[str, str, bool]]:
    """Return the pages of export control, as every one of them shows them."""
    every = (
        (_("Licences"), HOME),
        (_("Shipments"), SHIPMENTS),
        (_("Assurances"), ASSURANCES),
        (_("Listed items"), ITEMS),
        (_("Notifications"), NOTICES),
        (_("Declaration"), DECLARATION),
        (_("Traders"), TRADERS),
        (_("Inspection priority"), QUEUE),
        (_("Rule"), RULE),
    )
    return [(title, href, href == here) for title, href in every]


def crumbs(*more: tuple[str, str | None]) -> list[tuple[str, Any]]:
    """Return the way to a page of export control."""
    return [(_("Export control"), HOME), *more] if more else [(_("Export control"), None)]
