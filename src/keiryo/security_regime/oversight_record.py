"""What plans, inspections and findings have in common: words, days, persons, places, one act.

The records are restricted: they hold short opaque names, days and references, and never free text
that could describe a site. People stand there by pseudonym, so that no name has a space in it.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from sqlalchemy import Connection, MetaData, select

from keiryo.dates import DateError, date_number, number_date
from keiryo.errors import Finding, RefusedError, Severity, UsageError
from keiryo.journal.model import Act, Actor, Draft, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.registry import Posting, Refusal
from keiryo.journal.tables import FINDING
from keiryo.places.tables import areas
from keiryo.storage.engine import Database
from keiryo.storage.schema import ACT

BASIS = "docs/theory/physical-protection.md"
TITLE_LENGTH, WORDS_LENGTH = 64, 200

_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,15}")
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/()-]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_ACT_NAME = re.compile(r"act:[0-9]{1,18}")

Problem = tuple[str, str]
"""What is wrong, and what to do."""
Lines = Sequence[tuple[str, dict[str, Any]]]
"""Lines of a draft: kind and values, the scope among them."""


@dataclass(frozen=True, slots=True)
class Form:
    """What may stand in a field, and how that is said."""

    fits: Callable[[str], bool]
    advice: str


def _one_line(length: int) -> Callable[[str], bool]:
    def fits(text: str) -> bool:
        odd = any(unicodedata.category(one) in _ODD for one in text)
        return bool(text.strip()) and len(text) <= length and not odd

    return fits


def _each(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: bool(text) and all(pattern.fullmatch(one) for one in text.split(" "))


_ODD = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
ID = Form(lambda text: bool(_ID.fullmatch(text)), "Write 1 to 32 of A-Z a-z 0-9 _ -.")
IDS = Form(_each(_ID), "Write pseudonyms of A-Z a-z 0-9 _ -, 32 characters each at most.")
VERSION = Form(lambda text: bool(_VERSION.fullmatch(text)), "Write e.g. 3 or 2.1.")
DIGEST = Form(
    lambda text: bool(_DIGEST.fullmatch(text)), "Write the SHA-256, 64 hexadecimal digits."
)
REFERENCE = Form(
    lambda text: bool(_REFERENCE.fullmatch(text)),
    "Write a reference without spaces, 64 characters at most.",
)
REFERENCES = Form(_each(_REFERENCE), "Write references without spaces, 64 characters each at most.")
TITLE = Form(_one_line(TITLE_LENGTH), f"Write one line, {TITLE_LENGTH} characters at most.")
WORDS = Form(
    _one_line(WORDS_LENGTH),
    f"Write one line, {WORDS_LENGTH} characters at most, and nothing that describes a site.",
)


def text_problems(
    line: Mapping[str, Any], forms: Mapping[str, Form], days: Iterable[str] = ()
) -> Iterator[Problem]:
    """Yield which fields of a line cannot stand in the record; no problem repeats a value."""
    for name, form in forms.items():
        given = line.get(name)
        if given is not None and not (isinstance(given, str) and form.fits(given)):
            yield f"its {name.replace('_', ' ')} cannot be recorded", form.advice
    for name in days:
        if line.get(name) is not None and not is_day(line[name]):
            yield f"its {name.replace('_', ' ')} is no day", "Write a day as in 2027-05-31."


def is_day(number: Any) -> bool:
    """Return whether an integer YYYYMMDD is a day."""
    try:
        number_date(int(number))
    except (DateError, TypeError, ValueError):
        return False
    return True


def shown(name: Any) -> str:
    """Return a name short and plain enough for a message."""
    text = str(name)
    return text if re.fullmatch(r"[A-Za-z0-9._/:()-]{1,80}", text) else repr(text[:40])


def iso(number: Any) -> str | None:
    """Return a day of the record as text, or None."""
    return None if number is None else number_date(int(number)).isoformat()


@dataclass(frozen=True, slots=True)
class Context:
    """What rules look at beside the records themselves.

    Attributes
    ----------
    person, state : str
        Who posts, and on whose behalf.
    facilities : frozenset of str
        Scopes of the registered facilities, and the State.
    acts : callable
        Whether an act of a number is there.
    today : int or None
        No step lies after this day; None: not asked.
    """

    person: str
    state: str
    facilities: frozenset[str]
    acts: Callable[[int], bool]
    today: int | None = None

    def evidence_problems(self, given: Any) -> Iterator[Problem]:
        """Yield the acts that are named as evidence and are not in the record."""
        for one in str(given or "").split():
            if _ACT_NAME.fullmatch(one) and not self.acts(int(one.removeprefix("act:"))):
                yield f"there is no {one} in the record", "Name an act that was posted before."

    def place_problem(self, scope: Any) -> Problem | None:
        """Return what is wrong with the scope of a record, or None."""
        if scope in self.facilities:
            return None
        known = ", ".join(sorted(self.facilities)[:10])
        return (
            f"{shown(scope)} is neither a registered facility nor the State",
            f"Register an area of the facility first, or correct its code; known: {known}.",
        )


def context(
    connection: Connection, metadata: MetaData, actor: Actor, today: int | None = None
) -> Context:
    """Return what rules look at, for a person who posts."""
    act = metadata.tables[ACT]

    def there(number: int) -> bool:
        query = select(act.c.act_id).where(act.c.act_id == number)
        return connection.execute(query).first() is not None

    known = areas(connection, metadata).values()
    places = {one.scope.rpartition("/")[0] for one in known} | {actor.on_behalf_of}
    return Context(actor.person, actor.on_behalf_of, frozenset(places), there, today)


def recorded_rows(
    connection: Connection,
    metadata: MetaData,
    kinds: Sequence[str],
    *,
    through_act: int | None = None,
    act_id: int | None = None,
) -> list[tuple[str, dict[str, Any]]]:
    """Return lines of some kinds in the order of the record, each with who posted it (``person``).

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    kinds : sequence of str
    through_act : int, optional
        Only what had been recorded with this act.
    act_id : int, optional
        Only the lines of this act, which may be in the middle of its transaction.
    """
    act, found = metadata.tables[ACT], []
    for kind in kinds:
        table = metadata.tables[kind]
        joined = table.outerjoin(act, act.c.act_id == table.c.act_id)
        query = select(table, act.c.person).select_from(joined)
        if through_act is not None:
            query = query.where(table.c.act_id <= through_act)
        if act_id is not None:
            query = query.where(table.c.act_id == act_id)
        found += [(kind, dict(row)) for row in connection.execute(query).mappings()]
    return sorted(found, key=lambda one: (one[1]["act_id"], one[1]["line_no"]))


class Register(Protocol):
    """Records as they stand, to which lines can be added one by one."""

    def add(self, kind: str, line: Mapping[str, Any]) -> None:
        """Take a line in."""

    def findings(self, context: Context, kind: str, line: Mapping[str, Any]) -> Iterator[Finding]:
        """Yield what is wrong with a line that is about to be added."""


def check_lines(
    posting: Posting, register: Register, kinds: Sequence[str]
) -> Iterator[Finding | Refusal]:
    """Hold the lines of an act, one after the other, against what stood before it."""
    assert posting.actor is not None
    asked = context(posting.connection, posting.metadata, posting.actor)
    rows = recorded_rows(posting.connection, posting.metadata, kinds, act_id=posting.act_id)
    for kind, line in rows:
        line["person"] = posting.actor.person
        found = list(register.findings(asked, kind, line))
        yield from (one if one.severity is Severity.WARNING else Refusal(one) for one in found)
        if all(one.severity is Severity.WARNING for one in found):
            register.add(kind, line)


Row = Mapping[str, Any]
"""Values of one record, or of one step; ``line`` is its line in a file, where it came from one."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of rows: the act, how many lines it has, warnings."""

    act: Act
    lines: int
    findings: tuple[Finding, ...]


def record_rows(
    database: Database,
    actor: Actor,
    act_kind: str,
    rows: Sequence[Row],
    read: Callable[[Connection], Register],
    lines_of: Callable[[Any, Context, Row], Lines],
    *,
    file: str | None = None,
    findings: Sequence[Finding] = (),
    clock: Clock = system_clock,
) -> Recorded:
    """Record rows in one act, or nothing.

    Parameters
    ----------
    database, actor, act_kind
    rows : sequence of mapping
    read : callable
        Returns the register as it stands.
    lines_of : callable
        Returns the lines of a row, given the register.
    file : str, optional
        Name of the file that the rows come from.
    findings : sequence of Finding
        What was wrong already when the file was read.

    Raises
    ------
    RefusedError
        If anything does not hold: all findings, of all rows.
    """
    if not rows and not findings:
        raise UsageError("nothing is given", "Name a record, or give a file with rows.")
    today = date_number(clock().date() + datetime.timedelta(days=1))  # it is tomorrow somewhere

    def draft(connection: Connection) -> Draft:
        register = read(connection)
        asked = context(connection, database.metadata, actor, today)
        made, told = Draft(act_kind, f"security-regime:{uuid.uuid4()}"), list(findings)
        for row in rows:
            for kind, values in lines_of(register, asked, row):
                line: dict[str, Value] = {k: v for k, v in values.items() if v is not None}
                whole = {**values, "person": actor.person}
                found = register.findings(asked, kind, whole)
                told += [replace(one, file=file, line=row.get("line")) for one in found]
                register.add(kind, whole)
                made.add(kind, line)
        if any(one.severity is not Severity.WARNING for one in told):
            raise RefusedError(
                f"{file or 'it'} was refused; nothing was recorded",
                sorted(told, key=lambda one: one.line or 0),
                "Put right what the findings say and send it again.",
            )
        if len(rows) == 1 and rows[0].get("reason"):
            made.reason = str(rows[0]["reason"])
        return made

    act = post(database, draft, actor, clock=clock).act
    with database.reading() as connection:
        table = database.metadata.tables[FINDING.name]
        query = select(table).where(table.c.act_id == act.act_id).order_by(table.c.line_no)
        told = tuple(
            Finding(row["code"], Severity(row["severity"]), row["message"], row["advice"] or "")
            for row in connection.execute(query).mappings()
        )
    return Recorded(act, act.line_count - len(told), told)


def full_scope(state: str, given: Any) -> str:
    """Return the scope that a person means by a facility code or a scope.

    Examples
    --------
    >>> full_scope("XA", "XFA-"), full_scope("XA", "XA/XFA-"), full_scope("XA", "XA")
    ('XA/XFA-', 'XA/XFA-', 'XA')
    """
    text = str(given or "")
    return text if text == state or "/" in text else f"{state}/{text}"


def facility_of(scope: str) -> str:
    """Return the facility that a scope lies in: ``XA/XFA-`` of ``XA/XFA-/XAFA``."""
    return "/".join(scope.split("/")[:2])


def as_day(given: Any) -> int | None:
    """Return a day of a row, a date or YYYYMMDD, as the record has it."""
    return date_number(given) if isinstance(given, datetime.date) else given
