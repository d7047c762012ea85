"""Findings as a work list: who answers which, by when, and what was answered.

A finding is recorded with the act in which it came up and stays open until it is answered. Who is
to answer it, and by when, are acts of their own, and so is every answer; the last line about a
finding counts, and all of them are its history. Owners are roles or pseudonyms, never names: acts
cannot be changed, and personal data may have to be erased.
"""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, func, select

from keiryo.dates import date_number, number_date, parse_utc
from keiryo.errors import NotFoundError, UsageError
from keiryo.journal.model import Actor, Draft, Posted
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.tables import FINDING, FINDING_ANSWER
from keiryo.oversight.finding_state import CLOSED, OPEN, findings_now
from keiryo.oversight.tables import FINDING_OWNER
from keiryo.storage.engine import Database
from keiryo.storage.schema import ACT

_OWNER = re.compile(r"[^\W_][\w .,()/-]{0,79}")

Place = tuple[int, int]
"""Act and line of a finding."""


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A finding on the work list.

    Attributes
    ----------
    act, line : int
        Where it is recorded.
    state : str
        ``"open"`` or ``"closed"``, as its last answer says.
    overdue : bool
        Open, and the day by which an answer was expected has passed.
    raised_on : datetime.date
        Day (UTC) on which it was recorded.
    age_days : int
        Days since then.
    owner, due_on : optional
    answer : str or None
        The last answer.
    values : dict
        The fields of the finding line.
    """

    act: int
    line: int
    state: str
    overdue: bool
    raised_on: datetime.date
    age_days: int
    owner: str | None
    due_on: datetime.date | None
    answer: str | None
    values: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return the item as plain data; the keys do not change."""
        v = self.values
        return {
            "act": self.act,
            "line": self.line,
            "state": self.state,
            "severity": v["severity"],
            "code": v["code"],
            "mba": v["mba"],
            "report": v["report"],
            "entry_no": v["entry_no"],
            "message": v["message"],
            "owner": self.owner,
            "due": None if self.due_on is None else self.due_on.isoformat(),
            "overdue": self.overdue,
            "raised": self.raised_on.isoformat(),
            "age_days": self.age_days,
            "answer": self.answer,
            "advice": v["advice"],
            "category": v["category"],
            "file": v["file"],
            "file_line": v["file_line"],
            "cell": v["cell"],
            "found": v["found"],
            "expected": v["expected"],
            "basis": v["basis"],
        }


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which findings are wanted; None means any.

    Attributes
    ----------
    mba, code, severity, owner : str, optional
    every : bool
        Closed ones, too.
    overdue : bool
        Only those that are overdue.
    unowned : bool
        Only those that nobody is to answer yet.
    """

    mba: str | None = None
    code: str | None = None
    severity: str | None = None
    owner: str | None = None
    every: bool = False
    overdue: bool = False
    unowned: bool = False

    @property
    def is_filter(self) -> bool:
        """Whether anything narrows the list."""
        return any((self.mba, self.code, self.severity, self.owner, self.overdue, self.unowned))

    def accepts(self, item: WorkItem) -> bool:
        """Return whether an item is wanted, as far as its owner and state say."""
        return (
            (self.every or item.state == OPEN)
            and (not self.overdue or item.overdue)
            and (not self.unowned or item.owner is None)
            and (self.owner is None or item.owner == self.owner)
        )


def work_list(
    connection: Connection,
    metadata: MetaData,
    on: datetime.date,
    wanted: Wanted | None = None,
) -> list[WorkItem]:
    """Return the findings that are wanted, in the order in which they were recorded.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    on : datetime.date
        The day from which ages and due days are seen.
    wanted : Wanted, optional
        Default: all that are open.
    """
    chosen = wanted or Wanted()
    table, query = metadata.tables[FINDING.name], findings_now(metadata)
    for name in ("mba", "code", "severity"):
        if (value := getattr(chosen, name)) is not None:
            query = query.where(table.c[name] == value)
    items = (_item(row, on) for row in connection.execute(query).mappings())
    return [item for item in items if chosen.accepts(item)]


def _item(row: Any, on: datetime.date) -> WorkItem:
    raised = parse_utc(str(row["recorded_at"])).date()
    due = None if row["due_now"] is None else number_date(int(row["due_now"]))
    return WorkItem(
        act=int(row["act_id"]),
        line=int(row["line_no"]),
        state=str(row["state_now"]),
        overdue=row["state_now"] == OPEN and due is not None and due < on,
        raised_on=raised,
        age_days=max((on - raised).days, 0),
        owner=row["owner_now"],
        due_on=due,
        answer=row["answer_now"],
        values={name: row[name] for name in FINDING_FIELDS},
    )


FINDING_FIELDS = ("scope", *(f.name for f in FINDING.own_fields))


@dataclass(frozen=True, slots=True)
class Step:
    """One step in the history of a finding.

    Attributes
    ----------
    act : int
    recorded_at, person : str
    what : str
        ``"raised"``, ``"assigned"``, ``"answered"``, ``"closed"`` or ``"reopened"``.
    words : str or None
        The answer, or the owner and due day.
    """

    act: int
    recorded_at: str
    person: str
    what: str
    words: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return the step as plain data."""
        return {
            "act": self.act,
            "recorded_at": self.recorded_at,
            "person": self.person,
            "what": self.what,
            "words": self.words,
        }


def finding_history(
    connection: Connection, metadata: MetaData, place: Place, on: datetime.date
) -> tuple[WorkItem, list[Step]]:
    """Return a finding and everything that happened to it, in order.

    Raises
    ------
    NotFoundError
        If that line is no finding.
    """
    item = _items(connection, metadata, [place], on)[0]
    table = metadata.tables[FINDING_ANSWER.name]
    where = (table.c.finding_act == place[0], table.c.finding_line == place[1])
    events: list[tuple[int, int, str, str | None]] = [(place[0], place[1], "raised", None)]
    for row in connection.execute(select(table).where(*where)).mappings():
        events.append((row["act_id"], row["line_no"], str(row["state"]), row["answer"]))
    table = metadata.tables[FINDING_OWNER.name]
    where = (table.c.finding_act == place[0], table.c.finding_line == place[1])
    for row in connection.execute(select(table).where(*where)).mappings():
        until = "" if row["due_on"] is None else f" by {number_date(int(row['due_on']))}"
        events.append((row["act_id"], row["line_no"], "assigned", f"to {row['owner']}{until}"))
    acts = metadata.tables[ACT]
    headers = {
        int(a): (str(at), str(person), str(kind))
        for a, at, person, kind in connection.execute(
            select(acts.c.act_id, acts.c.recorded_at, acts.c.person, acts.c.kind).where(
                acts.c.act_id.in_({e[0] for e in events})
            )
        )
    }
    steps, state = [], OPEN
    for act, _, what, words in sorted(events, key=lambda e: (e[0], e[1])):
        at, person, _ = headers[int(act)]
        if what == OPEN:
            what, state = ("reopened" if state == CLOSED else "answered"), OPEN
        elif what == CLOSED:
            state = CLOSED
        steps.append(Step(int(act), at, person, what, words))
    return item, steps


def _items(
    connection: Connection, metadata: MetaData, places: Iterable[Place], on: datetime.date
) -> list[WorkItem]:
    """Return the items at some places.

    Raises
    ------
    NotFoundError
        If one of them is no finding.
    """
    table, query, found = metadata.tables[FINDING.name], findings_now(metadata), []
    for act, line in places:
        query_one = query.where(table.c.act_id == act, table.c.line_no == line)
        row = connection.execute(query_one).mappings().first()
        if row is None:
            raise NotFoundError(
                f"line {line} of act {act} is no finding", "See 'keiryo findings list'."
            )
        found.append(_item(row, on))
    return found


def assign(
    database: Database,
    actor: Actor,
    owner: str,
    due_on: datetime.date | None,
    *,
    places: Sequence[Place] = (),
    wanted: Wanted | None = None,
    on: datetime.date | None = None,
    clock: Clock = system_clock,
) -> tuple[Posted, int]:
    """Say who is to answer findings, and by when, in one act.

    Parameters
    ----------
    database, actor
    owner : str
        A role or a pseudonym.
    due_on : datetime.date or None
    places : sequence of (act, line)
        The findings; with `wanted`, all that are open and wanted besides.
    wanted : Wanted, optional
    on : datetime.date, optional
        The day from which ``overdue`` is seen; default: today.

    Returns
    -------
    Posted, int
        The act, and how many findings it is about.

    Raises
    ------
    NotFoundError
        If a place is no finding, or no open finding is wanted.
    UsageError
        If the owner looks like a name or an address.
    """
    require_role(owner)
    day = on or clock().date()
    count = 0

    def draft(connection: Connection) -> Draft:
        nonlocal count
        items = _items(connection, database.metadata, dict.fromkeys(places), day)
        if wanted is not None:
            items += work_list(connection, database.metadata, day, wanted)
        if not items:
            raise NotFoundError(
                "no open finding is like that", "List them with 'keiryo findings list'."
            )
        made = Draft("finding.assign", f"finding.assign:{uuid.uuid4()}")
        for item in {(i.act, i.line): i for i in items}.values():
            made.add(
                FINDING_OWNER.name,
                scope=str(item.values["scope"]),
                finding_act=item.act,
                finding_line=item.line,
                owner=owner,
                due_on=None if due_on is None else date_number(due_on),
            )
        count = len(made.lines)
        return made

    return post(database, draft, actor, clock=clock), count


def answer(
    database: Database,
    actor: Actor,
    place: Place,
    words: str,
    state: str,
    *,
    kind: str = "finding.answer",
    clock: Clock = system_clock,
) -> Posted:
    """Answer, close or reopen a finding: `state` is what it is afterwards.

    Raises
    ------
    NotFoundError
        If that line is no finding.
    UsageError
        If the answer is empty.
    """
    if not words.strip():
        raise UsageError("an answer needs words", "Say what was found out or decided.")

    def draft(connection: Connection) -> Draft:
        item = _items(connection, database.metadata, [place], clock().date())[0]
        made = Draft(kind, f"{kind}:{uuid.uuid4()}", reason=words)
        made.add(
            FINDING_ANSWER.name,
            scope=str(item.values["scope"]),
            finding_act=place[0],
            finding_line=place[1],
            answer=words,
            state=state,
        )
        return made

    return post(database, draft, actor, clock=clock)


def require_role(owner: str) -> None:
    """Refuse an owner that is no role or pseudonym.

    Raises
    ------
    UsageError
        If it is empty, too long, or an e-mail address.
    """
    if not _OWNER.fullmatch(owner):
        raise UsageError(
            f"{owner[:80]!r} is no role or pseudonym",
            "Give a role, e.g. 'accountant XAFA', or a pseudonym such as P-ABCDEFGH; acts cannot "
            "be erased, so no names or addresses.",
        )


def last_act(connection: Connection, metadata: MetaData) -> int:
    """Return the number of the last act."""
    return int(connection.execute(select(func.max(metadata.tables[ACT].c.act_id))).scalar() or 0)
