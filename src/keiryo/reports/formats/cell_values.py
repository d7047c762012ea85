"""What a cell says: a text, a code, a day, a number of items, a weight.

Each way of reading takes over what is clear, says so where it was spelt otherwise, and raises
`Unread` where a person has to be asked; the finding is made before that, so that all cells of a
table are answered at once.

Source: contents of labels by IAEA SG-FM-1172, Model Subsidiary Arrangement Code 10, labelled
format, section 3.2; tolerance for spellings is a choice of keiryo.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from keiryo import vocabulary
from keiryo.dates import DateError
from keiryo.errors import NotFoundError, Severity
from keiryo.quantities import (
    NotANumber,
    TooFine,
    TooLarge,
    format_weight,
    parse_weight_mg,
    round_weight_mg,
)
from keiryo.reports.formats import cell_days, cell_numbers
from keiryo.reports.formats.grid import Cell, has_control, has_full_width, literal, plain
from keiryo.reports.formats.table_rules import Collected
from keiryo.reports.formats.templates import spelling, words
from keiryo.reports.formats.xlsx_reader import serial_day
from keiryo.reports.model import Reference, Weight
from keiryo.reports.rule_table import shown

T = TypeVar("T")

_NOTHING = frozenset(
    {
        *("-", "--", "---", "–", "—", "―", "ー", "−", "/", "."),
        *("n/a", "na", "n.a.", "n.a", "nil", "none", "null", "なし", "無", "無し", "該当なし"),
    }
)
_STATUS_WORDS = {
    **dict.fromkeys(("n", "new", "新規"), "N"),
    **dict.fromkeys(("c", "corr", "corr.", "correction", "corrected", "訂正"), "C"),
    **dict.fromkeys(("d", "del", "del.", "delete", "deleted", "deletion", "削除"), "D"),
    **dict.fromkeys(("a", "add", "added", "addition", "追加"), "A"),
    **dict.fromkeys(("u", "empty", "nothing", "no entries", "invalid"), "U"),
}
_CODE_AND_WORDS = re.compile(r"(RA[A-Z]{2}|[A-Z]{2})(?: ?[-–:,(=] ?| ).*", re.IGNORECASE)
_WORDS_AND_CODE = re.compile(r".*[(\[](RA[A-Z]{2}|[A-Z]{2})[)\]]", re.IGNORECASE)
_ITEMS_AND_WORD = re.compile(r"([0-9]+) ?([^0-9 ]+)")
_ABOUT = re.compile(
    r"(ca\.?|circa|about|approx\.?|approximately|around|etwa|rund|ungefähr|約|およそ|~|≈|±)"
    r" ?[0-9].*",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"(?:[<>≤≥]|(?:less|more) than|under|below|over|unter|über).*[0-9].*"
    r"|.*[0-9].*(?:未満|以下|以上)",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"(?:([A-Z][A-Z0-9]) ?[;/ ] ?)?([0-9]{1,9})(?: ?[/.] ?([0-9]{1,9}))?", re.IGNORECASE
)
_MDC_OTHERWISE = re.compile(r"[A-Z](?:S|[-. _][A-Z0-9])(?:[-. _][A-Z0-9]){2}")
_BULK = frozenset({"bulk", "バルク"})
_SERIAL = re.compile(r"[0-9]{5}")
_SERIALS = (20_000, 80_000)
_INTEGER = re.compile(r"[0-9]{1,9}")


class Unread(Exception):
    """A cell that could not be taken over; the finding has been made."""


@dataclass(frozen=True, slots=True)
class CellAt:
    """One cell, and what a finding about it says.

    Attributes
    ----------
    cell : Cell
    place, title : str
        Where it is, and the title of its column.
    label : str or None
        Label of Code 10.
    found : Collected
    in_workbook : bool
        Cells of a workbook know numbers from text; those of a CSV file do not.
    signs : Signs
        How the table writes decimals and thousands.
    """

    cell: Cell
    place: str
    title: str
    label: str | None
    found: Collected
    in_workbook: bool = False
    signs: cell_numbers.Signs = cell_numbers.NO_SIGNS

    def note(
        self,
        code: str,
        message: str,
        *,
        expected: str | None = None,
        severity: Severity | None = None,
    ) -> None:
        """Make a finding about this cell."""
        self.found.note(
            code,
            message,
            self.place,
            severity=severity,
            label=self.label,
            found=self.cell.text,
            expected=expected,
        )

    def refuse(self, code: str, message: str, *, expected: str | None = None) -> Unread:
        """Make a finding about this cell and return what to raise."""
        self.note(code, message, expected=expected)
        return Unread()

    def read_as(self, value: object) -> None:
        """Say that another spelling was taken over."""
        self.note("CELL-READ-AS", f"{shown(self.cell.text.strip())} was read as {value}")


def answer(at: CellAt, read: Callable[[CellAt], T]) -> T:
    """Return what `read` makes of a cell; say so if only its full-width signs were read as plain.

    Raises
    ------
    Unread
        If `read` does.
    """
    before = at.found.made
    value = read(at)
    cell = at.cell
    if value is not None and at.found.made == before and cell.kind == "text":
        text = plain(cell.text)
        if has_full_width(cell.text) and literal(text) is None:
            at.read_as(f"{shown(text)}, without full-width signs")
    return value


def stored(at: CellAt) -> str | None:
    """Return what a cell says as plain text, or None if it says nothing.

    Raises
    ------
    Unread
        If its formula has no value or ended in an error.
    """
    cell = at.cell
    if cell.kind == "error":
        raise at.refuse("CELL-ERROR", f"the cell shows {cell.text[:20]}, no value")
    if cell.formula and not cell.text:
        raise at.refuse("CELL-NO-VALUE", "the formula in this cell has no stored value")
    if cell.formula:
        at.note("CELL-FORMULA", f"{shown(cell.text)} is the value of a formula")
    if has_control(cell.text.strip()):
        raise at.refuse("CONTROL-CHAR", "the cell holds control characters")
    text = plain(cell.text)
    if not text or text.casefold() in _NOTHING:
        return None
    return text


def read_text(at: CellAt, *, capitals: bool = False) -> str | None:
    """Return a name or a text; `capitals` raises small letters, with a warning."""
    text = stored(at)
    if text is None:
        return None
    if at.cell.kind == "date":
        raise at.refuse("CELL-IS-DATE", f"{shown(text)} is a date, but {at.title!r} is no day")
    quoted = literal(text)
    if quoted is not None:
        return quoted
    if capitals and text.isascii() and text != text.upper():
        at.note("CELL-CAPITALS", f"{shown(text)} was read as {shown(text.upper())}")
        text = text.upper()
    return text


def read_day(at: CellAt) -> date | None:
    """Return a day."""
    text = stored(at)
    if text is None:
        return None
    if at.cell.day is not None:
        if at.cell.timed:
            at.note("CELL-READ-AS", f"the time of day was left out; the day is {at.cell.day}")
        return at.cell.day
    if _SERIAL.fullmatch(text) and _SERIALS[0] <= int(text) <= _SERIALS[1]:
        day = serial_day(int(text))
        at.note("CELL-DATE-NUMBER", f"the number {text} was read as the day {day}")
        return day
    try:
        day, well_spelt = cell_days.read_day(text)
    except cell_days.UnclearDay as error:
        raise at.refuse("CELL-DATE-UNCLEAR", error.message, expected=error.expected) from None
    except DateError as error:
        raise at.refuse("DATE-INVALID", str(error), expected="YYYY-MM-DD") from None
    if not well_spelt:
        at.read_as(day)
    return day


def read_code(at: CellAt) -> str | None:
    """Return a type of change; ``RF - import`` and ``import`` are taken for RF.

    Raises
    ------
    Unread
        If the words can mean several types, as ``receipt`` can.
    """
    text = stored(at)
    if text is None or literal(text) is not None or at.cell.kind == "date":
        return read_text(at)
    if _known_code(text.upper()):
        if text != text.upper():
            at.note("CELL-CAPITALS", f"{shown(text)} was read as {shown(text.upper())}")
        return text.upper()
    for pattern in (_CODE_AND_WORDS, _WORDS_AND_CODE):
        match = pattern.fullmatch(text)
        if match and _known_code(match[1].upper()):
            at.read_as(match[1].upper())
            return match[1].upper()
    means = words("code").get(spelling(text), ())
    meant = [f"{code} ({vocabulary.entry_code(code).meaning})" for code in means]
    if len(means) > 1:
        raise at.refuse(
            "IC-UNKNOWN",
            f"{shown(text)} can be {', '.join(meant[:-1])} or {meant[-1]}",
            expected=" or ".join(means),
        )
    if means:
        at.note("CELL-READ-AS", f"{shown(text)} was read as {meant[0]}", severity=Severity.WARNING)
        return means[0]
    return text


def _known_code(text: str) -> bool:
    try:
        vocabulary.entry_code(text)
    except NotFoundError:
        return False
    return True


def read_status(at: CellAt) -> str | None:
    """Return the letter of a status."""
    text = stored(at)
    if text is None:
        return None
    letter = _STATUS_WORDS.get(text.casefold())
    if letter is None:
        raise at.refuse(
            "LABEL-FORMAT", f"{shown(text)} is not a status", expected="N, C, D, A or U"
        )
    if text != letter:
        at.read_as(letter)
    return letter


def read_yes(at: CellAt) -> bool:
    """Return whether a cell says Y."""
    text = (stored(at) or "N").casefold()
    if text in ("y", "yes", "true"):
        return True
    if text in ("n", "no", "false"):
        return False
    raise at.refuse("LABEL-FORMAT", f"{shown(text)} is not Y", expected="Y or nothing")


def read_items(at: CellAt) -> int | None:
    """Return a number of items."""
    text = stored(at)
    if text is None:
        return None
    if text.casefold() in _BULK:
        at.read_as("0 items, bulk material")
        return 0
    counted = _ITEMS_AND_WORD.fullmatch(text)
    if counted and at.cell.kind == "text" and spelling(counted[2]) in words("items"):
        at.read_as(f"{counted[1]} item{'' if counted[1] == '1' else 's'}")
        text = counted[1]
    try:
        number = cell_numbers.read_number(text)
    except cell_numbers.NotClear as error:
        raise at.refuse("CELL-NUMBER-UNCLEAR", error.message, expected=error.expected) from None
    digits = number.text if number else text
    if digits.partition(".")[2].strip("0") == "":
        digits = digits.partition(".")[0]
    if at.cell.kind == "date" or _INTEGER.fullmatch(digits) is None:
        raise at.refuse(
            "NUM", f"{shown(text)} is not a number of items", expected="an integer; 0 for bulk"
        )
    if number and number.thousands:
        at.note("CELL-THOUSANDS", f"{shown(text)} was read as {digits}")
    return int(digits)


def read_number_of(at: CellAt, what: str) -> int | None:
    """Return the number of a report or an entry."""
    text = stored(at)
    if text is None:
        return None
    if at.cell.kind == "date":
        raise at.refuse("CELL-IS-DATE", f"{shown(text)} is a date, but {at.title!r} is no day")
    if _INTEGER.fullmatch(text) is None or int(text) == 0:
        raise at.refuse(
            "LABEL-FORMAT", f"{shown(text)} is not the number of {what}", expected="a number from 1"
        )
    return int(text)


def read_reference(at: CellAt, country: str) -> Reference | None:
    """Return the report that a correction speaks of; entry 0 if only the report is named."""
    text = stored(at)
    if text is None:
        return None
    if at.cell.kind == "date":
        raise at.refuse(
            "CELL-IS-DATE", f"{shown(text)} is a date, but should be the number of a report"
        )
    match = _REFERENCE.fullmatch(text)
    if match is None:
        raise at.refuse(
            "LABEL-FORMAT",
            f"{shown(text)} does not name a report",
            expected="a number, as in 104, or XA;104/1",
        )
    return Reference((match[1] or country).upper(), int(match[2]), int(match[3] or 0))


def read_party(at: CellAt, country: str, own: str | None, *, domestic: bool) -> str | None:
    """Return shipper or receiver.

    The MBA alone is enough for domestic transfers, and where it is the reporting one, `own`.
    """
    text = read_text(at, capitals=True)
    if text is None:
        return None
    text = re.sub(r" ?/ ?", "/", text)
    if country and "/" not in text and len(text) == 4 and (domestic or text == own):
        at.read_as(f"{country}/{text}")
        return f"{country}/{text}"
    return text


def read_mdc(at: CellAt) -> str | None:
    """Return a material description code in its normal spelling."""
    text = read_text(at, capitals=True)
    if text is None:
        return None
    if _MDC_OTHERWISE.fullmatch(text):
        text = re.sub(r"[-. _]", "/", text)
        at.read_as(text)
    return vocabulary.normal_mdc(text.replace(" ", ""))


def read_weight(at: CellAt, label: str, column_unit: str | None) -> Weight | None:
    """Return a weight.

    Parameters
    ----------
    at : CellAt
    label : str
        Its label.
    column_unit : str or None
        Unit in the title of the column: ``"g"``, ``"kg"``, ``"mg"``, ``"t"``.
    """
    text = stored(at)
    if text is None:
        return None
    if at.cell.kind == "date":
        raise at.refuse("CELL-IS-DATE", f"{shown(text)} is a date, but {at.title!r} is a weight")
    number, unit = cell_numbers.unit_behind(text)
    if at.cell.percent or unit == "%":
        raise at.refuse("CELL-PERCENT", f"{shown(text)} is a percentage, not a weight")
    try:
        signs = at.signs if at.cell.kind == "text" else cell_numbers.NO_SIGNS
        made = cell_numbers.read_number(number, signs)
    except cell_numbers.NotClear as error:
        raise at.refuse("CELL-NUMBER-UNCLEAR", error.message, expected=error.expected) from None
    if made is None:
        raise at.refuse("NUM", _no_number(text), expected="as in 1234.5")
    chosen = unit or column_unit
    if chosen is None:
        if not made.text.strip("0.+-"):
            chosen = "g"  # nothing weighs nothing in any unit
        else:
            raise Unread  # the column was refused as a whole
    amount, base_unit = cell_numbers.in_unit(made.text, chosen)
    weight = _weight(at, label, amount, base_unit, text)
    if made.by_others:
        at.note(
            "CELL-NUMBER-UNCLEAR",
            f"{shown(text)} was read as {made.text} {chosen}, as other weights of the table show",
            severity=Severity.WARNING,
        )
    elif made.thousands:
        at.note("CELL-THOUSANDS", f"{shown(text)} was read as {made.text} {chosen}")
    elif unit is not None and unit != column_unit:
        at.read_as(f"{amount} {base_unit}")
    elif made.respelled:
        at.read_as(f"{made.text} {chosen}")
    elif (
        at.in_workbook
        and at.cell.kind == "text"
        and not at.cell.formula
        and not has_full_width(at.cell.text)
    ):
        at.note("CELL-READ-AS", f"{shown(text)} is stored as text; it was read as a number")
    return weight


def _no_number(text: str) -> str:
    about = _ABOUT.fullmatch(text)
    if about:
        return f"{shown(text)} is an estimate; write the weight in the books, without {about[1]!r}"
    if _LIMIT.fullmatch(text):
        return f"{shown(text)} is a limit; write the weight in the books, 0 if there is none"
    return f"{shown(text)} is not a number"


def _weight(at: CellAt, label: str, amount: str, unit: str, text: str) -> Weight:
    try:
        return Weight(label, parse_weight_mg(amount, unit), text)
    except TooFine:
        mg = round_weight_mg(amount, unit)
        at.note(
            "PRECISION",
            f"{shown(text)} is finer than a milligram; it was read as "
            f"{format_weight(mg, unit)} {unit}",
        )
        return Weight(label, mg, text)
    except TooLarge as error:
        raise at.refuse("TOO-LARGE", str(error)) from None
    except NotANumber as error:
        raise at.refuse("NUM", str(error)) from None
