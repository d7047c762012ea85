"""Numbers as people write them in a cell: decimal commas, separated thousands, units behind.

Exact text in, exact text out: nothing passes through binary fractions. "12,5" can only be twelve
and a half; "1,234" can be one or one thousand and is asked for.

Source: choice of keiryo; Code 10 knows digits and '.' only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from keiryo.reports.formats.templates import split_unit

_PLAIN = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_OPEN_ENDED = re.compile(r"[+-]?(?:[0-9]+\.|\.[0-9]+)")
_EXPONENT = re.compile(r"[+-]?[0-9]{1,20}(?:[.,][0-9]{1,20})?[eE][+-]?[0-9]{1,2}")
_ONE_COMMA = re.compile(r"([+-]?)([0-9]+),([0-9]+)")
_ONE_DOT_OF_THREE = re.compile(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}")
_SPACED = re.compile(r"[+-]?[0-9]{1,3}(?:[ '’_][0-9]{3})+(?:[.,][0-9]+)?")
_COMMAS = re.compile(r"[+-]?[0-9]{1,3}(?:(?:,[0-9]{3}){2,}(?:\.[0-9]+)?|,[0-9]{3}\.[0-9]+)")
_DOTS = re.compile(r"[+-]?[0-9]{1,3}(?:(?:\.[0-9]{3}){2,}(?:,[0-9]+)?|\.[0-9]{3},[0-9]+)")
_CODE10_UNIT = re.compile(r"(.*[0-9]) ?([GK])")
_LONGEST = 60

KNOWN_UNITS = {"mg": ("g", -3), "g": ("g", 0), "kg": ("kg", 0), "t": ("kg", 3)}
"""Unit in which the books read a weight, and the power of ten to get there."""


class Number(NamedTuple):
    """A number as it was understood.

    Attributes
    ----------
    text : str
        Digits with ``.`` as decimal sign.
    thousands : bool
        Thousands were separated.
    respelled : bool
        It was written otherwise.
    """

    text: str
    thousands: bool = False
    respelled: bool = False
    by_others: bool = False


class Signs(NamedTuple):
    """How the numbers of a table are written, as far as some of them can mean one thing only.

    Attributes
    ----------
    decimal, thousands : str
        ``"."``, ``","`` or nothing: it does not show.
    """

    decimal: str = ""
    thousands: str = ""


NO_SIGNS = Signs()


class NotClear(ValueError):
    """A number that can be read in two ways; ``expected`` names them."""

    def __init__(self, message: str, expected: str) -> None:
        super().__init__(message)
        self.message = message
        self.expected = expected


def unit_behind(text: str) -> tuple[str, str | None]:
    """Return a number without the unit behind it, and the unit.

    Examples
    --------
    >>> unit_behind("12.5 kg"), unit_behind("310K"), unit_behind("4,5 %")
    (('12.5', 'kg'), ('310', 'kg'), ('4,5', '%'))
    """
    match = _CODE10_UNIT.fullmatch(text)
    if match:
        return match[1], "g" if match[2] == "G" else "kg"
    for cut in range(len(text), 0, -1):
        if text[cut - 1].isdigit():
            rest, unit = split_unit(f"x {text[cut:].strip()}") if text[cut:].strip() else ("", None)
            return (text[:cut], unit) if rest == "x" else (text, None)
    return text, None


def signs_of(texts: Iterable[str]) -> Signs:
    """Return what numbers that can be read in one way only show of the others.

    Numbers that contradict each other show nothing.

    Examples
    --------
    >>> signs_of(["12,5", "1,234"]), signs_of(["12,5", "12.5"])
    (Signs(decimal=',', thousands=''), Signs(decimal='', thousands=''))
    """
    decimals, thousands = set(), set()
    for text in texts:
        number = unit_behind(text)[0]
        comma = _ONE_COMMA.fullmatch(number)
        if _COMMAS.fullmatch(number):
            thousands.add(",")
            decimals.add(".")
        elif _DOTS.fullmatch(number):
            thousands.add(".")
            decimals.add(",")
        elif comma and _clear_comma(comma):
            decimals.add(",")
        elif "." in number and _PLAIN.fullmatch(number) and not _ONE_DOT_OF_THREE.fullmatch(number):
            decimals.add(".")
        elif _SPACED.fullmatch(number):
            decimals.update(sign for sign in ",." if sign in number)
    if len(decimals) != 1:
        return NO_SIGNS
    return Signs(decimals.pop(), thousands.pop() if thousands else "")


def _clear_comma(match: re.Match[str]) -> bool:
    _, whole, part = match.groups()
    return len(part) != 3 or len(whole) > 3 or whole[0] == "0"


def read_number(text: str, signs: Signs = NO_SIGNS) -> Number | None:
    """Return the number that a text means, or None if it means none.

    Parameters
    ----------
    text : str
        Without unit.
    signs : Signs
        What the other numbers of the table show. Where they show decimal commas, 1,234 is a
        fraction and 1.234 is not clear; where they show thousands, it is one of them.

    Raises
    ------
    NotClear
        If it can be read in two ways.

    Examples
    --------
    >>> read_number("12,5").text, read_number("1 234 567").text
    ('12.5', '1234567')
    """
    if len(text) > _LONGEST:
        return None
    text = text.replace("−", "-").replace("–", "-")
    if text[:1] in ("+", "-"):
        text = text[0] + text[1:].lstrip()
    if _PLAIN.fullmatch(text):
        if signs.decimal == "," and _ONE_DOT_OF_THREE.fullmatch(text):
            if signs.thousands == ".":
                return Number(text.replace(".", ""), thousands=True, by_others=True)
            raise _two_ways(text, text.replace(".", ""), text)
        return Number(text)
    if _OPEN_ENDED.fullmatch(text):
        return Number(f"{Decimal(text):f}", respelled=True)
    if _EXPONENT.fullmatch(text):
        return Number(f"{Decimal(text.replace(',', '.')):f}", respelled=True)
    comma = _ONE_COMMA.fullmatch(text)
    if comma:
        if not _clear_comma(comma):
            if signs.decimal == ",":
                return Number(text.replace(",", "."), respelled=True, by_others=True)
            if signs.thousands == ",":
                return Number(text.replace(",", ""), thousands=True, by_others=True)
            raise _two_ways(text, text.replace(",", ""), text.replace(",", "."))
        return Number(text.replace(",", "."), respelled=True)
    if _SPACED.fullmatch(text):
        return Number(re.sub(r"[ '’_]", "", text).replace(",", "."), thousands=True)
    if _COMMAS.fullmatch(text):
        return Number(text.replace(",", ""), thousands=True)
    if _DOTS.fullmatch(text):
        return Number(text.replace(".", "").replace(",", "."), thousands=True)
    return None


def _two_ways(text: str, whole: str, parted: str) -> NotClear:
    return NotClear(f"{text!r} can be {whole} or {parted}", f"{whole} or {parted}")


def in_unit(number: str, unit: str) -> tuple[str, str]:
    """Return a number of mg, g, kg or t as a number of g or kg, exactly, and that unit.

    Examples
    --------
    >>> in_unit("1.5", "t"), in_unit("12", "mg")
    (('1500', 'kg'), ('0.012', 'g'))
    """
    target, power = KNOWN_UNITS[unit]
    if power == 0:
        return number, target
    sign, digits, exponent = Decimal(number).as_tuple()
    assert isinstance(exponent, int), number
    shifted = f"{Decimal((sign, digits, exponent + power)):f}"
    return shifted, target
