"""Input files of physical protection: read strictly, with all errors told at once.

JSON and TOML are equivalent; the ending of the file name chooses. Numbers keep their decimal
text until they become exact fractions, so that 0.1 + 0.2 is 0.3 where a limit is compared. No
message repeats a value of the file: the place is named by a JSON pointer.
"""

from __future__ import annotations

import datetime
import json
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Any

from keiryo.dates import DateError, parse_date

FILE_BYTES = 64 * 1024 * 1024
"""A larger file is refused before it is read."""
NAME_LENGTH = 64
LARGEST_POWER, SMALLEST_POWER = 140, -140
"""Between these powers of ten squares and quotients of double precision neither overflow nor
vanish."""
SMALLEST_PROBABILITY_POWER = -307
"""Probabilities are only multiplied: a product that vanishes is 0."""
DIGITS = 400
"""Digits of one number; more is no measurement, and exact arithmetic would drown in them."""
ALWAYS_ALLOWED = ("schema", "placeholder")

_NOT_IN_NAMES = {"Cc", "Cs", "Zl", "Zp"}
_TOML_TWICE = (
    "Cannot overwrite",
    "Cannot declare",
    "Cannot mutate",
    "Cannot redefine",
    "Duplicate",
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in an input, and where: a JSON pointer or ``line N``."""

    code: str
    pointer: str
    message: str

    def to_dict(self) -> dict[str, str]:
        """Return it as plain data."""
        return {"code": self.code, "pointer": self.pointer, "message": self.message}


Warning = Problem
"""Worth a look, though the calculation is done."""


class InputError(Exception):
    """The input cannot be calculated with.

    Attributes
    ----------
    problems : tuple of Problem
        Everything that was found, in the order of the file as far as it was read.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(", ".join(f"{one.code} at {one.pointer or '/'}" for one in self.problems))


def raise_problems(problems: Iterable[Problem]) -> None:
    """Raise InputError if there is any problem."""
    if found := tuple(problems):
        raise InputError(found)


def problem_report(problems: Iterable[Problem]) -> str:
    """Return the JSON that standard error carries when nothing was computed."""
    return json.dumps({"errors": [one.to_dict() for one in problems]}, indent=2)


def pointer_to(base: str, *parts: str | int) -> str:
    """Return the JSON pointer of something inside `base` (RFC 6901).

    Examples
    --------
    >>> pointer_to("/steps/0", "delay", "sd_s")
    '/steps/0/delay/sd_s'
    """
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    return "".join([base, *(f"/{part}" for part in escaped)])


# --- files ---------------------------------------------------------------------------------------


class _Object(dict[str, Any]):
    """A JSON object that remembers which of its keys came twice."""

    twice: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """A file's content with what was already found wrong in it.

    `value` holds dicts, lists, texts, bools, None, ints and Decimals. A key that came twice or a
    number that is not finite is a problem here and does not end the reading, so that the rest of
    the file is checked too: begin with `fields`, which takes the problems along.
    """

    value: Any
    problems: tuple[Problem, ...] = ()

    def fields(self, allowed: Iterable[str]) -> Fields:
        """Return the reader of the whole file; ``schema`` and ``placeholder`` are known to it."""
        top = Fields(self.value, "", list(self.problems), (*allowed, *ALWAYS_ALLOWED))
        if "schema" in top.value:
            top.text("schema")
        return top


def load(path: Path | str) -> Node:
    """Read a JSON or TOML file.

    Raises
    ------
    InputError
        ``FILE`` (not there, not readable, too large, another ending), ``ENCODING`` (not UTF-8),
        ``SYNTAX`` (with the line), ``DUPLICATE_KEY`` in TOML (with the line).
    """
    path = Path(path)
    kind = path.suffix.lower()
    if kind not in {".json", ".toml"}:
        raise InputError([Problem("FILE", "", "The file name must end in .json or .toml.")])
    return parse(read_text(path), kind)


def parse(text: str, kind: str) -> Node:
    """Read the content of a file.

    Parameters
    ----------
    text : str
    kind : str
        ``.json`` or ``.toml``.

    Raises
    ------
    InputError
        ``SYNTAX`` and ``DUPLICATE_KEY``, with the line.
    """
    value = _parse_json(text) if kind == ".json" else _parse_toml(text)
    try:
        return Node(value, tuple(_walk(value, "")))
    except RecursionError:
        raise InputError([_syntax(1, "The objects are nested too deeply.")]) from None


def read_text(path: Path) -> str:
    """Return the text of a file in UTF-8.

    Raises
    ------
    InputError
        ``FILE`` if it cannot be read or is too large, ``ENCODING`` if it is not UTF-8.
    """
    try:
        if not path.is_file():  # a pipe would be waited for, without end
            told = "The file cannot be read: it is not there, or it is no regular file."
            raise InputError([Problem("FILE", "", told)])
        with path.open("rb") as stream:
            content = stream.read(FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file name"
        told = f"The file cannot be read: {reason}."
        raise InputError([Problem("FILE", "", told)]) from error
    if len(content) > FILE_BYTES:
        told = f"The file is larger than {FILE_BYTES // 1024**2} MiB."
        raise InputError([Problem("FILE", "", told)])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        told = "The file is not in UTF-8."
        raise InputError([Problem("ENCODING", f"line {line}", told)]) from error


def _syntax(line: int, message: str) -> Problem:
    return Problem("SYNTAX", f"line {line}", message)


def _decimal(text: str) -> Decimal:
    """Return a number as it is written; one beyond all exponents is not finite."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("Infinity")


def _parse_json(text: str) -> Any:
    def whole(digits: str) -> int | Decimal:
        return int(digits) if len(digits) <= DIGITS else _decimal(digits)

    def object_of(pairs: list[tuple[str, Any]]) -> _Object:
        made = _Object(pairs)
        if len(made) < len(pairs):
            counted = Counter(key for key, _ in pairs)
            made.twice = tuple(key for key, times in counted.items() if times > 1)
        return made

    try:
        return json.loads(
            text,
            parse_float=_decimal,
            parse_int=whole,
            parse_constant=Decimal,
            object_pairs_hook=object_of,
        )
    except json.JSONDecodeError as error:
        raise InputError([_syntax(error.lineno, f"This is not JSON: {error.msg}.")]) from error
    except RecursionError:
        raise InputError([_syntax(1, "The objects are nested too deeply.")]) from None
    except (ValueError, ArithmeticError):
        told = "A number is too long to be read."
        raise InputError([_syntax(1, told)]) from None


def _parse_toml(text: str) -> Any:
    try:
        return tomllib.loads(text.replace("\r\n", "\n"), parse_float=_decimal)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        at = re.search(r"\(at line (\d+)", message)
        line = int(at[1]) if at else text.count("\n") + 1
        if message.startswith(_TOML_TWICE):
            told = "The same key stands twice."
            raise InputError([Problem("DUPLICATE_KEY", f"line {line}", told)]) from error
        told = re.sub(r" \(at .*\)$", "", message)
        raise InputError([_syntax(line, f"This is not TOML: {told}.")]) from error
    except RecursionError:
        raise InputError([_syntax(1, "The tables are nested too deeply.")]) from None
    except (ValueError, ArithmeticError):
        raise InputError([_syntax(1, "A number is too long to be read.")]) from None


def _walk(value: Any, pointer: str) -> Iterator[Problem]:
    if isinstance(value, dict):
        for key in getattr(value, "twice", ()):
            told = "The same key stands twice in one object."
            yield Problem("DUPLICATE_KEY", pointer_to(pointer, key), told)
        inside: Iterable[tuple[str | int, Any]] = value.items()
    elif isinstance(value, list):
        inside = enumerate(value)
    else:
        inside = ()
        if isinstance(value, Decimal) and not value.is_finite():
            yield Problem("NOT_FINITE", pointer, "The number is not finite.")
    for key, inner in inside:
        if isinstance(inner, dict | list | Decimal):
            yield from _walk(inner, pointer_to(pointer, key))


# --- values --------------------------------------------------------------------------------------


def read_number(
    value: object,
    pointer: str,
    problems: list[Problem],
    *,
    low: Fraction | int | None = None,
    high: Fraction | int | None = None,
    low_open: bool = False,
    code: str = "RANGE",
    smallest: int = SMALLEST_POWER,
) -> Fraction | None:
    """Return the exact value of a number, or None with a problem noted.

    Parameters
    ----------
    value, pointer
        What stands in the file, and where.
    problems : list of Problem
        Gets what is wrong: ``TYPE`` for anything but a number, ``NOT_FINITE`` for a number
        outside double precision, ``NUMBER_SIZE`` for one with too many digits or too close to
        zero, `code` for one outside the limits.
    low, high : optional
        Limits, both included; with `low_open` the lower one is not.
    code : str
    smallest : int
        The power of ten below which a number is too close to zero.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        problems.append(Problem("TYPE", pointer, "A number belongs here, without quotes or unit."))
        return None
    decimal = Decimal(value)
    if not decimal.is_finite():  # noted when the file was read
        return None
    exact = _exact(decimal, pointer, problems, smallest)
    if exact is None:
        return None
    below = low is not None and (exact <= low if low_open else exact < low)
    if below or (high is not None and exact > high):
        problems.append(
            Problem(code, pointer, f"The number must be {_limits(low, high, low_open)}.")
        )
        return None
    return exact


def _exact(
    decimal: Decimal, pointer: str, problems: list[Problem], smallest: int
) -> Fraction | None:
    if decimal and decimal.adjusted() > LARGEST_POWER:  # before the fraction is made: 1e999999999
        problems.append(
            Problem("NOT_FINITE", pointer, "The number is too large to calculate with.")
        )
        return None
    too_small = bool(decimal) and decimal.adjusted() < smallest
    if too_small or len(decimal.as_tuple().digits) > DIGITS:
        told = (
            f"The number has more than {DIGITS} digits or is too close to zero; write it shorter."
        )
        problems.append(Problem("NUMBER_SIZE", pointer, told))
        return None
    return Fraction(decimal) if decimal else Fraction(0)


def _limits(low: Fraction | int | None, high: Fraction | int | None, low_open: bool) -> str:
    if low is None:
        return f"{high} at most"
    if high is None:
        return f"greater than {low}" if low_open else f"{low} or more"
    return f"from {low} to {high}" + (f", {low} not included" if low_open else "")


def read_text_value(
    value: object, pointer: str, problems: list[Problem], *, length: int = NAME_LENGTH
) -> str | None:
    """Return a text, or None with a problem noted: ``TYPE``, or ``NAME`` for one not allowed."""
    if not isinstance(value, str):
        problems.append(Problem("TYPE", pointer, "A text belongs here."))
        return None
    if len(value) > length:
        problems.append(Problem("NAME", pointer, f"The text is longer than {length} characters."))
        return None
    if any(unicodedata.category(sign) in _NOT_IN_NAMES for sign in value):
        problems.append(Problem("NAME", pointer, "The text has control characters in it."))
        return None
    return value


@dataclass(slots=True)
class Fields:
    """Reads one object of the input, and notes everything wrong in it.

    Parameters
    ----------
    value : object
        What stands in the file; anything but an object is noted as ``TYPE``, and the reader then
        gives None for every key without further problems.
    pointer : str
    problems : list of Problem
        Shared by all readers of one file.
    allowed : iterable of str
        The keys that may stand here; any other one is ``UNKNOWN_KEY``.
    """

    value: Any
    pointer: str
    problems: list[Problem]
    allowed: Iterable[str] = ()
    sound: bool = field(default=True, init=False)

    def __post_init__(self) -> None:
        if not isinstance(self.value, dict):
            self.note("TYPE", "An object with keys belongs here.")
            self.value, self.sound = {}, False
            return
        self.allowed = tuple(self.allowed)
        for key in self.value:
            if key not in self.allowed:
                self.note("UNKNOWN_KEY", "This key is not known here; see its spelling.", key)

    def __contains__(self, name: str) -> bool:
        return name in self.value

    def at(self, *parts: str | int) -> str:
        """Return the pointer of something inside this object."""
        return pointer_to(self.pointer, *parts)

    def note(self, code: str, message: str, *parts: str | int) -> None:
        """Note a problem of this object, or of something inside it."""
        self.problems.append(Problem(code, self.at(*parts), message))

    def required(self, name: str, *, code: str = "MISSING_KEY") -> Any:
        """Return what stands under `name`; None, with a problem noted, if nothing does."""
        if name not in self.value and self.sound:
            self.note(code, "This key is missing.", name)
        return self.value.get(name)

    def optional(self, name: str, default: Any = None) -> Any:
        """Return what stands under `name`, or `default`."""
        return self.value.get(name, default)

    def _there(self, name: str, required: bool, missing_code: str) -> bool:
        if required:
            self.required(name, code=missing_code)
        return name in self.value

    def number(
        self,
        name: str,
        *,
        low: Fraction | int | None = None,
        high: Fraction | int | None = None,
        low_open: bool = False,
        code: str = "RANGE",
        smallest: int = SMALLEST_POWER,
        required: bool = True,
        missing_code: str = "MISSING_KEY",
    ) -> Fraction | None:
        """Return the exact number under `name`, or None; limits as of `read_number`."""
        if not self._there(name, required, missing_code):
            return None
        return read_number(
            self.value[name],
            self.at(name),
            self.problems,
            low=low,
            high=high,
            low_open=low_open,
            code=code,
            smallest=smallest,
        )

    def text(
        self,
        name: str,
        *,
        required: bool = True,
        missing_code: str = "MISSING_KEY",
        length: int = NAME_LENGTH,
    ) -> str | None:
        """Return the text under `name`, or None."""
        if not self._there(name, required, missing_code):
            return None
        return read_text_value(self.value[name], self.at(name), self.problems, length=length)

    def day(self, name: str, *, required: bool = True) -> datetime.date | None:
        """Return the day under `name`, or None."""
        if not self._there(name, required, "MISSING_KEY"):
            return None
        value = self.value[name]
        if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
            return value  # TOML has days of its own
        text = self.text(name)
        if text is None:
            return None
        try:
            return parse_date(text)
        except DateError:
            self.note("DATE", "A day belongs here, as in 2025-12-31.", name)
            return None

    def flag(self, name: str, default: bool = False) -> bool:
        """Return the true or false under `name`, or `default`."""
        value = self.value.get(name, default)
        if isinstance(value, bool):
            return value
        self.note("TYPE", "true or false belongs here.", name)
        return default

    def list(self, name: str, *, required: bool = True, empty_code: str | None = None) -> list[Any]:
        """Return the list under `name`; an empty one, with a problem noted, if it is none.

        Parameters
        ----------
        empty_code : str, optional
            The problem to note if the list is there and empty.
        """
        if not self._there(name, required, "MISSING_KEY"):
            return []
        value = self.value[name]
        if not isinstance(value, list):
            self.note("TYPE", "A list belongs here.", name)
            return []
        if not value and empty_code:
            self.note(empty_code, "The list is empty.", name)
        return value

    def object(self, name: str, allowed: Iterable[str], *, required: bool = True) -> Fields | None:
        """Return the reader of the object under `name`, or None if nothing stands there."""
        if not self._there(name, required, "MISSING_KEY"):
            return None
        return Fields(self.value[name], self.at(name), self.problems, allowed)

    def objects(
        self,
        name: str,
        allowed: Iterable[str],
        *,
        required: bool = True,
        empty_code: str | None = None,
    ) -> Sequence[Fields]:
        """Return a reader for each object of the list under `name`."""
        values = self.list(name, required=required, empty_code=empty_code)
        return [
            Fields(value, self.at(name, index), self.problems, tuple(allowed))
            for index, value in enumerate(values)
        ]
