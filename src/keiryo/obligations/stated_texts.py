"""What a text says of labels: weights with a unit, shares, label sets, days, categories.

Everything is read exactly, from the decimal text that was written: a weight becomes whole
milligrams, a share a fraction, a label set its codes in their one order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from keiryo.dates import DateError, date_number, parse_date
from keiryo.errors import Finding, Severity
from keiryo.journal.model import Value
from keiryo.obligations.consents import ENRICHMENT, KINDS
from keiryo.obligations.labels import ALIASES, UNOBLIGATED
from keiryo.quantities import MAX_MG
from keiryo.sheet_text import plain

BASIS = "docs/theory/obligations.md"
MG_PER_UNIT = {"mg": 1, "g": 1_000, "kg": 1_000_000, "t": 1_000_000_000}
LABEL_CODE = re.compile(r"[A-Z][A-Z0-9]{1,15}")
DECIMAL = re.compile(r"([+-]?)([0-9]{1,30})(?:\.([0-9]{1,30}))?")
SHARE = re.compile(r"([0-9]{1,30})(?:\.([0-9]{1,30})|/([0-9]{1,30}))?")
_WEIGHT = re.compile(r"(.*?)\s*([^\W\d]*)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_SETS = frozenset({"labels", "moved", "other_labels", "other_moved", "adds", "attaches"})
_LABELS = frozenset({"label", "partner", "successor", "removes"})
_DAYS = frozenset({"event_date", "valid_from", "valid_to"})
_WORDS: Mapping[str, Mapping[str, str]] = {
    "kind": {"state": "State", "organisation": "organisation", "organization": "organisation"},
    "attaches_to": {"production": "production", "enrichment": "enrichment"},
    "decay": {one: one for one in ("continuously", "at inventory", "never")},
    "step": {**{one.casefold(): one for one in KINDS}, "enrichment": ENRICHMENT},
    "withdrawn": {"yes": "1", "true": "1", "1": "1", "no": "", "false": "", "0": ""},
}
_WORDS = {**_WORDS, "consent_for": _WORDS["step"]}
MAX_TEXT = 2000


class WrongTextError(ValueError):
    """A text that says nothing that can be recorded; `finding` says why and what to do."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def _finding(code: str, message: str, advice: str, found: str | None = None) -> Finding:
    return Finding(code, Severity.FORMAT, message, advice, found=found, basis=BASIS)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:37]}...")


def weight_mg(text: str, unit: str = "") -> int:
    """Return the weight that a text states, in milligrams, exactly.

    Parameters
    ----------
    text : str
        A decimal above zero, with its unit unless that is given: ``600 kg``, ``25g``, ``0.5 t``.
    unit : str, optional
        ``mg``, ``g``, ``kg`` or ``t``.

    Raises
    ------
    WrongTextError
        If it is no such weight, finer than a milligram, or in another unit.

    Examples
    --------
    >>> weight_mg("600 kg"), weight_mg("0.0000005 t"), weight_mg("25", "g")
    (600000000, 500, 25000)
    """
    number, own = ("", "") if (match := _WEIGHT.fullmatch(text.strip())) is None else match.groups()
    advice = "Write a decimal above zero with its unit, e.g. 600 kg or 41.5 g."
    if not number:
        words = f"{_shown(text)} is not a weight"
        raise WrongTextError(_finding("OBLIGATION-WEIGHT", words, advice, text[:40]))
    stated = own or unit
    if stated not in MG_PER_UNIT or (own and unit and own != unit):
        words = f"{_shown(stated)} is no unit of weight here" if stated else "no unit is given"
        told = f"Units are: {', '.join(MG_PER_UNIT)}; nothing is converted by guessing."
        raise WrongTextError(_finding("OBLIGATION-UNIT", words, told, (stated or text)[:40]))
    decimal = DECIMAL.fullmatch(number)
    if decimal is None:
        words = f"{_shown(number)} is not a plain decimal number"
        raise WrongTextError(_finding("OBLIGATION-WEIGHT", words, advice, number[:40]))
    exact = Fraction(number) * MG_PER_UNIT[stated]
    if exact <= 0:
        words = f"a weight of {number} {stated} is not above zero"
        raise WrongTextError(_finding("OBLIGATION-WEIGHT", words, advice, number[:40]))
    if exact.denominator != 1 or exact > MAX_MG:
        words = "finer than a milligram" if exact <= MAX_MG else "beyond what the books can hold"
        words = f"{number} {stated} is {words}"
        raise WrongTextError(_finding("OBLIGATION-WEIGHT", words, "Check the figure.", number[:40]))
    return int(exact)


def share_of(text: str) -> Fraction:
    """Return a share, a decimal or a fraction above 0 and not above 1, exactly.

    Raises
    ------
    WrongTextError
        If it is none.

    Examples
    --------
    >>> share_of("0.6"), share_of("7/15")
    (Fraction(3, 5), Fraction(7, 15))
    """
    match = SHARE.fullmatch(text)
    share = Fraction(text) if match and int(match[3] or "1") else None
    if share is None or not 0 < share <= 1:
        raise WrongTextError(
            _finding(
                "OBLIGATION-SHARE",
                f"{_shown(text)} is no share above 0 and up to 1",
                "Write it as 0.6 or as 7/15; a weight has its unit, e.g. 600 kg.",
                text[:40],
            )
        )
    return share


def label_of(text: str) -> str:
    """Return the code of a label as it is written in the record.

    Raises
    ------
    WrongTextError
        If it is not written as a code.
    """
    code = plain(text).upper()
    code = ALIASES.get(code, code)
    if not LABEL_CODE.fullmatch(code):
        words = f"{_shown(text)} is not written as a label"
        advice = "A label has 2 to 16 capital letters and digits, e.g. US or EURATOM."
        raise WrongTextError(_finding("OBLIGATION-LABEL-CODE", words, advice, text[:40]))
    return code


def label_set(text: str) -> str:
    """Return the one key of a label set, in whatever order it was written.

    Raises
    ------
    WrongTextError
        If a label in it is not written as one, or stands twice.
    """
    if plain(text) in ("", UNOBLIGATED):
        return UNOBLIGATED
    codes = [label_of(one) for one in text.split("+")]
    for code in codes:
        if codes.count(code) > 1:
            words = f"the label {code} stands twice in {_shown(text)}"
            raise WrongTextError(
                _finding(
                    "OBLIGATION-LABEL-TWICE", words, "Name each label of a set once.", text[:40]
                )
            )
    return "+".join(sorted(codes))


def _day(text: str) -> int:
    try:
        return date_number(parse_date(text))
    except DateError as error:
        advice = "Write year, month and day, e.g. 2026-12-31."
        raise WrongTextError(_finding("OBLIGATION-DAY", str(error), advice, text[:40])) from None


def _letters(text: str, *, one: bool) -> str:
    letters = "".join(dict.fromkeys(c for c in text.upper() if c not in " ,"))
    if not letters or set(letters) - set("NDEUPT") or (one and len(letters) > 1):
        words = f"{_shown(text)} {'is no element category' if one else 'are no categories'}"
        advice = "Letters are N, D, E, U, P and T."
        raise WrongTextError(_finding("OBLIGATION-CATEGORY", words, advice, text[:40]))
    return letters


def _word(name: str, text: str) -> str | None:
    found = _WORDS[name].get(text.casefold())
    if found is None:
        listed = ", ".join(dict.fromkeys(one for one in _WORDS[name].values() if one)) or "yes, no"
        words = f"{_shown(text)} is not known here"
        code_advice = "Write yes or no." if name == "withdrawn" else f"One of: {listed}."
        raise WrongTextError(_finding("OBLIGATION-FORM", words, code_advice, text[:40]))
    return found or None


def _text(name: str, text: str) -> str:
    short = name in ("consent", "rule", "exchange", "relabelling", "batch", "instrument")
    words = ""
    if len(text) > (80 if short else MAX_TEXT) or _CONTROL.search(text):
        words = "the text is too long or holds control characters"
    elif name == "consent" and " " in text:
        words = f"{_shown(text)}: the name of a consent has no blanks"
    elif name == "state" and not re.fullmatch("[A-Z]{2}", text):
        words = f"{_shown(text)} is no code of a State"
    if words:
        advice = "Write plain text; names have at most 80 characters, States two capital letters."
        raise WrongTextError(_finding("OBLIGATION-FORM", words, advice, text[:40]))
    return text


def value_of(name: str, text: str) -> Value:
    """Return what a text of a column says; raises `WrongTextError`."""
    if name in _DAYS:
        return _day(text)
    if name in _LABELS:
        return label_of(text)
    if name in _SETS:
        key = label_set(text)
        return None if key == UNOBLIGATED and name in ("adds", "attaches") else key
    if name in ("category", "categories"):
        return _letters(text, one=name == "category")
    if name == "share":
        share_of(text)
        return text
    if name in _WORDS:
        word = _word(name, text)
        return 1 if name == "withdrawn" and word else word
    if name in ("destinations", "consents"):
        return " ".join(text.replace(",", " ").split()) or None
    if name in ("batch", "other_batch") and text.casefold() in ("(pool)", "pool"):
        return None
    if name in ("mba", "other_mba", "state", "code", "place"):
        return _text(name, text.upper())
    return _text(name, text)
