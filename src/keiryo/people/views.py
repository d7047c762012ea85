"""The books as a person sees them: their sight as one condition for every table.

Lines of a capability are seen through the windows onto it. Lines that belong to the journal itself
(evidence, findings, answers) follow the other lines of their act: a file that came with a report is
seen by who sees the report; where an act has nothing else, the windows onto the journal decide.
In the same way the line that names who prepared what another released goes with the released. An
act is seen by who sees any of its lines. Working tables (accounts, sessions) are never seen.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from keiryo.journal.act_scopes import NAME as ACT_SCOPE
from keiryo.journal.registry import Registry
from keiryo.people.model import EVERYTHING, Sight, Window
from keiryo.people.tables import RELEASE
from keiryo.storage.engine import Database
from keiryo.storage.schema import ACT, PERSON, SIGNATURE
from keiryo.storage.seen import SeenDatabase

JOURNAL, PEOPLE = "journal", "people"
_COMPANIONS = f"('{JOURNAL}', '{PEOPLE}')"
"""Capabilities whose lines go along with those of others in an act."""
_OPENING = "journal_opened"
"""Which journal this is: no secret from anybody who may sign in."""


def conditions(registry: Registry, sight: Sight, *, schema: str) -> dict[str, str]:
    """Return for each table the condition under which a row is seen.

    Parameters
    ----------
    registry : Registry
    sight : Sight
    schema : str
        Name under which the tables themselves are found: ``"main"`` or ``"public"``.
    """
    owner = registry.capability_of()
    reach = f"{schema}.{ACT_SCOPE}"
    found = {}
    for name, capability in owner.items():
        if name == _OPENING:
            continue
        if name == ACT_SCOPE:
            found[name] = _reach_seen(sight, registry, ACT_SCOPE, reach)
        elif capability == JOURNAL:
            found[name] = _goes_along(sight, registry, name, reach, (JOURNAL,))
        elif name == RELEASE.name:
            found[name] = _goes_along(sight, registry, name, reach, (JOURNAL, PEOPLE))
        else:
            found[name] = sight.sql(capability, name)
    of_act = f"SELECT 1 FROM {reach} AS reach WHERE reach.act_id = "
    seen = _reach_seen(sight, registry, "reach", reach)
    for name in (ACT, SIGNATURE):
        found[name] = f"EXISTS ({of_act}{name}.act_id AND ({seen}))"
    for name in (PERSON, *(table.name for table in registry.working_tables)):
        found[name] = "1 = 0"
    return found


def _reach_seen(sight: Sight, registry: Registry, table: str, reach: str) -> str:
    """Return the condition that a row of ``act_scope`` is seen."""
    other = f"SELECT 1 FROM {reach} AS other WHERE other.act_id = {table}.act_id"
    alone, along = _company(sight, registry, other)
    journal, people = sight.sql(JOURNAL, table), sight.sql(PEOPLE, table)
    papers = f"EXISTS ({other} AND other.capability = '{JOURNAL}')"
    paper = f"({table}.capability = '{JOURNAL}' OR {papers}) AND ({journal})"
    person = f"{table}.capability = '{PEOPLE}' AND ({people})"
    own = f"{alone} AND (({paper}) OR ({person}))"
    anywhere = f"({_any_window(sight, table)}) AND {along}"
    companion = f"({table}.capability IN {_COMPANIONS} AND (({own}) OR ({anywhere})))"
    return f"({_others_seen(sight, registry, table)}) OR {companion}"


def _others_seen(sight: Sight, registry: Registry, table: str) -> str:
    """Return the condition that a row of ``act_scope`` about a capability of its own is seen."""
    owners = set(registry.capability_of().values())
    names = sorted(name for name in owners if name not in (JOURNAL, PEOPLE))
    if all(sight.through(name) == sight.through(names[0]) for name in names):
        return f"{table}.capability NOT IN {_COMPANIONS} AND ({sight.sql(names[0], table)})"
    parts = [
        f"({table}.capability = '{name}' AND ({sight.sql(name, table)}))"
        for name in names
        if sight.through(name)
    ]
    return " OR ".join(parts) or "1 = 0"


def _goes_along(
    sight: Sight, registry: Registry, name: str, reach: str, by_itself: tuple[str, ...]
) -> str:
    """Return the condition for a line that follows the others of its act.

    Where the act has no others, the windows onto the capabilities `by_itself` decide.
    """
    other = f"SELECT 1 FROM {reach} AS other WHERE other.act_id = {name}.act_id"
    alone, along = _company(sight, registry, other)
    own = " OR ".join(f"({sight.sql(capability, name)})" for capability in by_itself)
    return f"(({_any_window(sight, name)}) AND {along}) OR (({own}) AND {alone})"


def _company(sight: Sight, registry: Registry, other: str) -> tuple[str, str]:
    """Return the conditions that an act has no lines but companions, and that others are seen."""
    alone = f"NOT EXISTS ({other} AND other.capability NOT IN {_COMPANIONS})"
    along = f"EXISTS ({other} AND ({_others_seen(sight, registry, 'other')}))"
    return alone, along


def _any_window(sight: Sight, table: str) -> str:
    """Return the condition that a line lies in any window at all."""
    windows: dict[Window, None] = {}
    for _, some in sight.windows:
        windows.update(dict.fromkeys(some))
    return " OR ".join(f"({window.sql(table)})" for window in windows) or "1 = 0"


def sees_everything(sight: Sight, state: str) -> bool:
    """Return whether nothing is hidden, so that the tables themselves can be asked."""
    return any(
        window == Window(state, None, frozenset({EVERYTHING}))
        for window in sight.through(EVERYTHING)
    )


class Viewing:
    """The books as different people see them, each kept open while it is used.

    Parameters
    ----------
    whole : Database
    state : str
        Country code of the State whose books they are.
    most : int
        Sights that are kept open at a time.
    """

    def __init__(self, whole: Database, state: str, *, most: int | None = None) -> None:
        self.whole, self.state = whole, state
        self.most = most or (32 if whole.is_sqlite else 8)
        self._open: OrderedDict[Sight, Database] = OrderedDict()
        self._lock = Lock()

    def through(self, sight: Sight) -> Database:
        """Return the books as `sight` shows them; for reading only."""
        if sees_everything(sight, self.state):
            return self.whole
        with self._lock:
            found = self._open.pop(sight, None)
            if found is None:
                schema = "main" if self.whole.is_sqlite else "public"
                rules = conditions(self.whole.registry, sight, schema=schema)
                found = SeenDatabase(self.whole, rules)
            self._open[sight] = found
            dropped = []
            while len(self._open) > self.most:
                dropped.append(self._open.popitem(last=False)[1])
        for database in dropped:  # connections in use are closed when they come back
            database.close()
        return found

    def close(self) -> None:
        """Close all that is open, but the books themselves."""
        with self._lock:
            for database in self._open.values():
                database.close()
            self._open.clear()
