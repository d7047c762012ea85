"""How an access control system writes its records, and what is expected of them: the setup file.

Every system names its columns and results in its own way, and knows doors where we ask for areas.
The setup says once what its words mean, which door leads into which area, and the limits of the
checks. It holds no values of detection or delay and no names of persons.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from keiryo.protection.classification import classification_of
from keiryo.protection.inputs import Fields, Node, load, raise_problems, read_text_value
from keiryo.protection.instants import NS, read_clock_offsets, read_instant, read_timezone

KEYS = (
    *("timezone", "time_format", "log_start", "log_end", "columns", "values"),
    "unknown_persons",
    *("reader", "area", "denied", "counter", "clock"),
)
COLUMNS = ("time", "person", "reader", "area", "direction", "result", "reason", "seq")
AREA_KEYS = (
    *("id", "inside", "initial", "anti_passback", "escort_grace_s"),
    *("shift_ends", "shift_grace_s"),
)
GRANTED, DENIED, IGNORED = "granted", "denied", "ignored"
RESULTS = (GRANTED, DENIED, IGNORED)
IN, OUT = "in", "out"
DIRECTIONS = (IN, OUT)
ISO = "iso"
MOST_WORDS = 200
"""Words of the control system for one meaning."""


@dataclass(frozen=True, slots=True)
class Area:
    """An area and what is expected there.

    Attributes
    ----------
    id : str
    inside : str or None
        The area that one is in already when entering this one.
    initial : tuple of str
        Who was inside before the first record.
    anti_passback : bool
        Whether an entry of somebody inside, and an exit of somebody outside, is told.
    escort_grace_ns : int
        How long somebody who needs an escort may be without one.
    shift_ends : tuple of datetime.time
        Local times at which nobody stays.
    shift_grace_ns : int
    """

    id: str
    inside: str | None = None
    initial: tuple[str, ...] = ()
    anti_passback: bool = True
    escort_grace_ns: int = 0
    shift_ends: tuple[datetime.time, ...] = ()
    shift_grace_ns: int = 0


@dataclass(frozen=True, slots=True)
class Door:
    """A reader: the area that it leads into, and its direction if it has one only."""

    id: str
    area: str
    direction: str | None = None


@dataclass(frozen=True, slots=True)
class Setup:
    """The setup of a control system.

    Attributes
    ----------
    timezone : tzinfo
        Of times without an offset.
    time_format : str
        ``iso``, or a format of `datetime.strptime`.
    log_start_ns, log_end_ns : int or None
        From when and until when the records tell; None: from the first, until the last one.
    columns : mapping of str to str
        The column of the export with each of `COLUMNS`.
    results, directions : mapping of str to str
        What the words of the export mean.
    unknown_persons : frozenset of str
        What the export writes for a card that is not known.
    doors : mapping of str to Door
    areas : mapping of str to Area
    denied_attempts, denied_within_ns : int
        So many denied attempts within such a time are told; 0: none are.
    counter_tolerance : int
        How many passages more than accesses a counter may show.
    max_offset_s : mapping of str to Fraction
        How far the clock of a reader may be off.
    classification : str
    """

    timezone: datetime.tzinfo
    time_format: str
    log_end_ns: int | None
    columns: Mapping[str, str]
    results: Mapping[str, str]
    directions: Mapping[str, str]
    unknown_persons: frozenset[str]
    doors: Mapping[str, Door]
    areas: Mapping[str, Area]
    denied_attempts: int = 0
    denied_within_ns: int = 0
    counter_tolerance: int = 0
    max_offset_s: Mapping[str, Fraction] = field(default_factory=dict)
    classification: str = "sensitive"
    log_start_ns: int | None = None

    @property
    def log_is_turned_round(self) -> bool:
        """Whether the records would end before they begin."""
        start, end = self.log_start_ns, self.log_end_ns
        return start is not None and end is not None and end < start

    def outer(self, area: str) -> tuple[str, ...]:
        """Return the areas around an area, the nearest first."""
        found: list[str] = []
        known = self.areas.get(area)
        while known is not None and known.inside is not None:
            found.append(known.inside)
            known = self.areas.get(known.inside)
        return tuple(found)

    def together(self, one: str, other: str) -> bool:
        """Return whether a person can be in both areas at once: one lies in the other."""
        return one == other or one in self.outer(other) or other in self.outer(one)


def read_setup_file(path: Path | str) -> Setup:
    """Read a setup from a TOML or JSON file.

    Raises
    ------
    InputError
        With everything that is wrong in it.
    """
    return read_setup(load(path))


def read_setup(node: Node) -> Setup:
    """Read a setup from the content of a file; raises as `read_setup_file`."""
    top = node.fields(KEYS)
    classification = classification_of(top)
    timezone = read_timezone(top, "SETUP")
    columns = _columns(top)
    values = top.object("values", ("result", "direction"), required=False)
    areas = _areas(top)
    denied = top.object("denied", ("attempts", "within_s"), required=False)
    counter = top.object("counter", ("tolerance",), required=False)
    made = Setup(
        timezone=timezone,
        time_format=_time_format(top),
        log_end_ns=read_instant(top, "log_end", timezone),
        columns=columns,
        results=_words(values, "result", RESULTS),
        directions=_words(values, "direction", DIRECTIONS),
        unknown_persons=frozenset(_texts(top, "unknown_persons")),
        doors=_doors(top, areas),
        areas=areas,
        denied_attempts=0 if denied is None else _whole(denied, "attempts", 2),
        denied_within_ns=0 if denied is None else _seconds(denied, "within_s", required=True),
        counter_tolerance=0 if counter is None else _whole(counter, "tolerance", 0),
        max_offset_s=read_clock_offsets(top, "SETUP"),
        classification=classification,
        log_start_ns=read_instant(top, "log_start", timezone),
    )
    if None not in (made.log_start_ns, made.log_end_ns) and made.log_is_turned_round:
        top.note("DATE_ORDER", "The records end before they begin.", "log_end")
    raise_problems(top.problems)
    return made


def identifier(fields: Fields, name: str, *, required: bool = True) -> str | None:
    """Return a name that is not empty, or None with a problem noted."""
    text = fields.text(name, required=required)
    if text is not None and not text.strip():
        fields.note("EMPTY_FIELD", "A name belongs here.", name)
        return None
    return text


def _time_format(top: Fields) -> str:
    form = top.text("time_format", required=False) or ISO
    if form != ISO:
        day = datetime.datetime(2027, 5, 31, 14, 3, 2)
        try:
            same = datetime.datetime.strptime(day.strftime(form), form).replace(tzinfo=None) == day
        except (ValueError, IndexError):
            same = False
        if not same:
            told = "It is iso, or names year, month, day, hour, minute and second, as %d.%m.%Y %T."
            top.note("SETUP", told.replace("%T", "%H:%M:%S"), "time_format")
    return form


def _columns(top: Fields) -> dict[str, str]:
    given = top.object("columns", COLUMNS, required=False)
    found = {name: name for name in COLUMNS}
    if given is None:
        return found
    for name in COLUMNS:
        text = identifier(given, name, required=False)
        if text is not None:
            found[name] = text
    named = [found[name] for name in COLUMNS if name in given]
    for name in COLUMNS:
        if name in given and named.count(found[name]) > 1:
            given.note("SETUP", "One column cannot mean two things.", name)
    return found


def _words(values: Fields | None, name: str, meanings: tuple[str, ...]) -> dict[str, str]:
    """Return what the words of the export mean; our own words mean themselves."""
    found = {one: one for one in meanings}
    fields = None if values is None else values.object(name, meanings, required=False)
    if fields is None:
        return found
    for meaning in meanings:
        listed = fields.list(meaning, required=False)
        if len(listed) > MOST_WORDS:
            fields.note("SETUP", f"More than {MOST_WORDS} words are no code of a system.", meaning)
            continue
        for index, value in enumerate(listed):
            word = read_text_value(value, fields.at(meaning, index), fields.problems)
            if word is None:
                continue
            if found.get(word, meaning) != meaning:
                fields.note("SETUP", "This word has another meaning already.", meaning, index)
            found[word] = meaning
    return found


def _texts(top: Fields, name: str) -> list[str]:
    found = [
        read_text_value(value, top.at(name, index), top.problems)
        for index, value in enumerate(top.list(name, required=False))
    ]
    return [one for one in found if one is not None]


def _areas(top: Fields) -> dict[str, Area]:
    found: dict[str, Area] = {}
    places: dict[str, Fields] = {}
    for fields in top.objects("area", AREA_KEYS, empty_code="EMPTY_LIST"):
        name = identifier(fields, "id")
        area = Area(
            name or "",
            identifier(fields, "inside", required=False),
            tuple(_initial(fields)),
            fields.flag("anti_passback", True),
            _seconds(fields, "escort_grace_s"),
            tuple(_shift_ends(fields)),
            _seconds(fields, "shift_grace_s"),
        )
        if name is None:
            continue
        if name in found:
            fields.note("DUPLICATE_ID", "This area stands in the file already.", "id")
            continue
        found[name], places[name] = area, fields
    _check_nesting(found, places)
    return found


def _check_nesting(found: dict[str, Area], places: dict[str, Fields]) -> None:
    """Note areas inside one that is not there, and circles; such an area then lies in none."""
    for name in found:
        inside = found[name].inside
        if inside is not None and inside not in found:
            places[name].note("AREA_UNKNOWN", "There is no area of this name.", "inside")
    for name in list(found):
        seen, at = {name}, found[name].inside
        while at is not None and at in found and at not in seen:
            seen.add(at)
            at = found[at].inside
        if at == name:
            places[name].note("CYCLE", "The area would lie inside itself.", "inside")


def _initial(fields: Fields) -> list[str]:
    found: list[str] = []
    for index, value in enumerate(fields.list("initial", required=False)):
        person = read_text_value(value, fields.at("initial", index), fields.problems)
        if person is not None and not person.strip():
            fields.note("EMPTY_FIELD", "A person belongs here.", "initial", index)
        elif person is not None and person in found:
            fields.note("SETUP", "This person stands in the list twice.", "initial", index)
        elif person is not None:
            found.append(person)
    return found


def _shift_ends(fields: Fields) -> list[datetime.time]:
    found = []
    for index, value in enumerate(fields.list("shift_ends", required=False)):
        if isinstance(value, datetime.time):  # TOML has times of day of its own
            found.append(value.replace(tzinfo=None))
            continue
        try:
            if not isinstance(value, str) or len(value) not in (5, 8):
                raise ValueError
            found.append(datetime.time.fromisoformat(value))
        except ValueError:
            told = "A local time of day belongs here, as 16:00."
            fields.note("SETUP", told, "shift_ends", index)
    return found


def _doors(top: Fields, areas: Mapping[str, Area]) -> dict[str, Door]:
    found: dict[str, Door] = {}
    for fields in top.objects("reader", ("id", "area", "direction"), required=False):
        name, area = identifier(fields, "id"), identifier(fields, "area")
        direction = fields.text("direction", required=False)
        if direction is not None and direction not in DIRECTIONS:
            fields.note("DIRECTION", "It is in or out.", "direction")
        if area is not None and area not in areas:
            fields.note("AREA_UNKNOWN", "There is no area of this name.", "area")
        if name is not None and name in found:
            fields.note("DUPLICATE_ID", "This reader stands in the file already.", "id")
        elif name is not None and area is not None:
            found[name] = Door(name, area, direction)
    return found


def _seconds(fields: Fields, name: str, *, required: bool = False) -> int:
    value = fields.number(name, low=0, code="SETUP", required=required)
    return 0 if value is None else int(value * NS)


def _whole(fields: Fields, name: str, low: int) -> int:
    value = fields.number(name, low=low, high=1_000_000, code="SETUP")
    if value is not None and value.denominator != 1:
        fields.note("SETUP", "It must be a whole number.", name)
    return 0 if value is None else int(value)
