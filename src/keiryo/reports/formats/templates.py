"""Templates of tables: which columns, which head, and what else people call them.

The templates are data (``keiryo/data/templates.toml``). This module reads them and finds out what
a title in somebody's table means: spelling, blanks, signs and the unit behind it do not count, and
a misspelt word is recognised as long as only one title comes near it.

Source: IAEA SG-FM-1172, Model Subsidiary Arrangement Code 10, labelled format, sections 3 and 4,
for the contents; titles and kinds are a design of keiryo.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType
from typing import NamedTuple

from keiryo.data import read_table
from keiryo.errors import NotFoundError
from keiryo.reports.formats.grid import plain
from keiryo.reports.model import WEIGHT_LABELS, weight_unit

_NOT_WORD = re.compile(r"[^\w+]|_")
_UNITS = {
    **dict.fromkeys(("g", "gr", "gram", "grams", "gramm", "gramme", "グラム"), "g"),
    **dict.fromkeys(("kg", "kgs", "kilogram", "kilograms", "kilogramm", "㎏"), "kg"),
    **dict.fromkeys(("キログラム", "キロ"), "kg"),
    **dict.fromkeys(("mg", "milligram", "milligrams", "ミリグラム"), "mg"),
    **dict.fromkeys(("t", "ton", "tons", "tonne", "tonnes", "トン"), "t"),
    **dict.fromkeys(("%", "wt%", "wt.%", "percent", "weight%", "wt %", "w/o"), "%"),
}
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_IN_BRACKETS = re.compile(rf"\s*[(\[](?:in\s+)?({_UNIT})[)\]]", re.IGNORECASE)
_BEHIND = re.compile(rf"(?:\s*[,/:]\s*|\s+in\s+|\s+)({_UNIT})\.?", re.IGNORECASE)
_TWO_LANGUAGES = re.compile(r"[/|;()（）\[\]]|(?<=[!-~]) (?=[^ -ÿ])|(?<=[^ -ÿ]) (?=[!-~])")
_LABEL = re.compile(r"(?<![0-9\w-])([0-9]{3})(?![0-9\w-])")
_WEIGHT_WORDS = re.compile(
    r"^(?:weightof|massof|amountof|quantityof)(?:the)?|(?:weight|mass|amount|gewicht|masse)$|重?量$"
)
_NEAR = 0.88
_SHORTEST_MISSPELT = 6

UNCLEAR_TITLES = frozenset(
    {
        *("uranium", "u", "totalu", "utotal", "totaluranium", "uraniumtotal", "ウラン", "ウラン量"),
        *("element", "elementweight", "weight", "totalweight", "weightofelement"),
        *("isotope", "isotopeweight", "重量", "元素重量", "核分裂性重量"),
        *("quantity", "amount", "mass", "netweight", "heavymetal", "hm", "uran", "uranmenge"),
        *(
            "menge",
            "gewicht",
            "masse",
            "schwermetall",
            "数量",
            "正味重量",
            "ウラン重量",
            "核物質量",
        ),
    }
)
"""Titles of weights that do not say of what."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name : str
        What keiryo calls it; a weight is called by its label.
    title : str
        As a template writes it.
    label : str
        Label of Code 10 that it fills.
    text : str
        What to write, in one line.
    """

    name: str
    title: str
    label: str
    text: str

    @property
    def is_weight(self) -> bool:
        """Whether the column holds weights."""
        return self.name in WEIGHT_LABELS

    @property
    def unit(self) -> str | None:
        """Unit of the template's weights: ``"g"``, ``"kg"`` or None."""
        return weight_unit(self.name) if self.is_weight else None


@dataclass(frozen=True, slots=True)
class HeadField:
    """One line of the head of a table: what holds for all its rows."""

    name: str
    title: str
    text: str
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """One kind of table.

    Attributes
    ----------
    kind, title, text : str
    type : str
        Report type: I, P or M.
    columns : tuple of Column
    codes : tuple of str
        Types of change that it is meant for; empty if it is meant for all of its report type.
    example : mapping of str to str
        A row that shows how it is done, by name of column.
    """

    kind: str
    title: str
    text: str
    type: str
    columns: tuple[Column, ...]
    codes: tuple[str, ...]
    example: Mapping[str, str]

    @property
    def fields(self) -> tuple[HeadField, ...]:
        """The lines of its head."""
        period = ("pit_date",) if self.type == "P" else ("period_from", "period_to")
        names = ("template", "state", "facility", "mba", "report_number", "report_date", "encoder")
        return tuple(head_fields()[name] for name in (*names, *period, "report_note"))


class Meaning(NamedTuple):
    """What a title means.

    Attributes
    ----------
    column : Column or None
    unit : str or None
        Unit in the title: ``"g"``, ``"kg"``, ``"mg"``, ``"t"`` or ``"%"``.
    respelled : bool
        The title was misspelt and only comes near.
    field : HeadField or None
        What belongs in the head stands in a column.
    """

    column: Column | None = None
    unit: str | None = None
    respelled: bool = False
    field: HeadField | None = None


@cache
def columns() -> Mapping[str, Column]:
    """Return all columns by name."""
    rows = read_table("templates")["column"]
    return MappingProxyType(
        {r["name"]: Column(r["name"], r["title"], r["label"], r["text"]) for r in rows}
    )


@cache
def head_fields() -> Mapping[str, HeadField]:
    """Return all lines of a head by name."""
    rows = read_table("templates")["field"]
    return MappingProxyType(
        {r["name"]: HeadField(r["name"], r["title"], r["text"], r.get("label")) for r in rows}
    )


@cache
def templates() -> Mapping[str, Template]:
    """Return all templates by kind."""
    return MappingProxyType(
        {
            row["kind"]: Template(
                kind=row["kind"],
                title=row["title"],
                text=row["text"],
                type=row["type"],
                columns=tuple(columns()[name] for name in row["columns"]),
                codes=tuple(row["codes"]),
                example=MappingProxyType(row["example"]),
            )
            for row in read_table("templates")["template"]
        }
    )


def template(kind: str) -> Template:
    """Return a template by its kind.

    Raises
    ------
    NotFoundError
        If there is none of that kind.
    """
    try:
        return templates()[kind]
    except KeyError:
        raise NotFoundError(
            f"there is no template {kind[:40]!r}", f"Kinds are {', '.join(templates())}."
        ) from None


def split_unit(title: str) -> tuple[str, str | None]:
    """Return a title without its unit, and the unit.

    Examples
    --------
    >>> split_unit("Plutonium [kg]"), split_unit("g"), split_unit("Batch name")
    (('Plutonium', 'kg'), ('', 'g'), ('Batch name', None))
    """
    title = plain(title)
    if title.strip("()[]").casefold() in _UNITS:
        return "", _UNITS[title.strip("()[]").casefold()]
    bracket = _IN_BRACKETS.search(title)
    if bracket:
        rest = f"{title[: bracket.start()]} {title[bracket.end() :]}"
        return plain(rest), _UNITS[bracket[1].casefold()]
    for match in _BEHIND.finditer(title):
        if match.end() == len(title):
            return title[: match.start()].strip(), _UNITS[match[1].casefold()]
    return title, None


def spelling(title: str) -> str:
    """Return what is left of a title when case, blanks and signs do not count.

    Examples
    --------
    >>> spelling("Shipper's batch-name")
    'shippersbatchname'
    """
    return _NOT_WORD.sub("", plain(title).casefold().replace("&", "and"))


@lru_cache(maxsize=4096)
def meaning(title: str) -> Meaning:
    """Return what the title of a column means; nothing in it if that is not known.

    Examples
    --------
    >>> meaning("PLUTONIUM in kg").column.name, meaning("Bach name").respelled
    ('700', True)
    """
    if len(title) > 100:
        return Meaning()
    bare, unit = split_unit(title)
    for words, its_unit in ((plain(title), None), (bare, unit)):
        found = _exact(words)
        if found.column or found.field:
            return found._replace(unit=its_unit)
    both = _in_two_languages(bare)
    if both is not None:
        return Meaning(both, unit)
    key = spelling(bare)
    if len(key) < _SHORTEST_MISSPELT or any(sign.isdigit() for sign in key):
        return Meaning(unit=unit)
    near = difflib.get_close_matches(key, _misspelt_from(), n=3, cutoff=_NEAR)
    names = {_column_names()[other] for other in near}
    if len(names) != 1:
        return Meaning(unit=unit)
    return Meaning(columns()[names.pop()], unit, respelled=True)


def without_weight(key: str) -> str:
    """Return the spelling of a title without the word for weight in it.

    Examples
    --------
    >>> without_weight("weightofplutonium"), without_weight("ウラン235重量")
    ('plutonium', 'ウラン235')
    """
    return _WEIGHT_WORDS.sub("", key) or key


def _exact(words: str) -> Meaning:
    key = spelling(words)
    name = _column_names().get(key)
    if name is None and without_weight(key) in _column_names():
        name = _column_names()[without_weight(key)]
        name = name if name in WEIGHT_LABELS else None
    if name is not None:
        return Meaning(columns()[name])
    label = _LABEL.search(words)
    if label is not None and label[1] in _names_of_labels():
        rest = spelling(words[: label.start()] + words[label.end() :])
        name = _column_names().get(rest) if rest else _names_of_labels()[label[1]]
        if name is not None and columns()[name].label == label[1]:
            return Meaning(columns()[name])
    field = _field_names().get(key)
    return Meaning() if field is None else Meaning(field=head_fields()[field])


def _in_two_languages(title: str) -> Column | None:
    """Return the column that every part of a title names, as in 'Batch name / バッチ名'."""
    parts = [part for part in _TWO_LANGUAGES.split(title) if spelling(part)]
    found = {_exact(part).column for part in parts}
    return found.pop() if len(parts) > 1 and len(found) == 1 else None


def words(of: str) -> Mapping[str, tuple[str, ...]]:
    """Return which codes the words that people write in a cell can mean, by their `spelling`.

    Parameters
    ----------
    of : {"code", "type", "items"}
    """
    return _words()[of]


@cache
def _words() -> dict[str, dict[str, tuple[str, ...]]]:
    made: dict[str, dict[str, tuple[str, ...]]] = {}
    for row in read_table("templates")["word"]:
        for word in row["spelled"]:
            made.setdefault(row["of"], {})[spelling(word)] = tuple(row["means"])
    return made


def is_title(text: str) -> bool:
    """Return whether a text is the title of a column, but for signs and unit."""
    return len(text) <= 100 and (
        spelling(text) in _column_names() or spelling(split_unit(text)[0]) in _column_names()
    )


def head_field(title: str) -> HeadField | None:
    """Return which line of the head a title above the table names, or None."""
    if len(title) > 60:
        return None
    name = _field_names().get(spelling(title))
    return None if name is None else head_fields()[name]


@cache
def _column_names() -> dict[str, str]:
    """Return the names of columns by the spelling of their titles."""
    made: dict[str, str] = {}
    for row in read_table("templates")["column"]:
        for title in (split_unit(row["title"])[0], *row["spelled"]):
            made.setdefault(spelling(title), row["name"])
    return made


@cache
def _misspelt_from() -> tuple[str, ...]:
    return tuple(
        key
        for key in _column_names()
        if len(key) >= _SHORTEST_MISSPELT and not any(sign.isdigit() for sign in key)
    )


@cache
def _field_names() -> dict[str, str]:
    made: dict[str, str] = {}
    for row in read_table("templates")["field"]:
        for title in (row["title"], *row["spelled"]):
            made.setdefault(spelling(title), row["name"])
    return made


@cache
def _names_of_labels() -> dict[str, str]:
    made: dict[str, str] = {}
    for name, column in columns().items():
        made.setdefault(column.label, name)
    return made
