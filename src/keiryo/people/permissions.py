"""What was granted to whom, read from the record: the latest line about a thing counts.

Whoever judges an act in the middle of its posting asks for what was recorded ``before_act``: the
lines of the act itself already lie in the tables, and nobody admits or empowers themselves.
"""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import Connection, MetaData, Select, Table, select

from keiryo.people.model import ROLES, Grant, Person
from keiryo.people.tables import PERSON_KEY, PERSON_STATE, RELEASE_POLICY, ROLE_GRANT

_Query = TypeVar("_Query", bound=Select[*tuple[Any, ...]])


def people_are_set_up(
    connection: Connection, metadata: MetaData, *, before_act: int | None = None
) -> bool:
    """Return whether anybody was ever admitted; before that, the books are a single user's."""
    table = metadata.tables[PERSON_STATE.name]
    query = _before(select(table.c.act_id), table, before_act).limit(1)
    return connection.execute(query).first() is not None


def person_of(
    connection: Connection, metadata: MetaData, person: str, *, before_act: int | None = None
) -> Person:
    """Return a person with the grants in force; one who was never admitted may do nothing."""
    found = people(connection, metadata, person, before_act=before_act)
    return found.get(person, Person(person, "unknown"))


def people(
    connection: Connection,
    metadata: MetaData,
    only: str | None = None,
    *,
    before_act: int | None = None,
) -> dict[str, Person]:
    """Return everybody who was ever admitted, by pseudonym."""
    table = metadata.tables[PERSON_STATE.name]
    query = select(table.c.person, table.c.state).order_by(table.c.act_id, table.c.line_no)
    if only is not None:
        query = query.where(table.c.person == only)
    query = _before(query, table, before_act)
    states = {str(person): str(state) for person, state in connection.execute(query)}
    grants: dict[str, list[Grant]] = {}
    for grant in grants_in_force(connection, metadata, only, before_act=before_act):
        grants.setdefault(grant.person, []).append(grant)
    return {p: Person(p, s, tuple(grants.get(p, ()))) for p, s in states.items()}


def grants_in_force(
    connection: Connection,
    metadata: MetaData,
    only: str | None = None,
    *,
    before_act: int | None = None,
) -> list[Grant]:
    """Return the grants that were not withdrawn, in the order in which they were made."""
    table = metadata.tables[ROLE_GRANT.name]
    query = select(table).order_by(table.c.act_id, table.c.line_no)
    if only is not None:
        query = query.where(table.c.person == only)
    query = _before(query, table, before_act)
    found: dict[tuple[str, str, str, str | None], Grant] = {}
    for row in connection.execute(query).mappings():
        key = (row["person"], row["role"], row["granted_scope"], row["granted_agreement"])
        found.pop(key, None)
        if row["state"] == "granted" and row["role"] in ROLES:
            caveats = filter(None, (row["granted_caveats"] or "").split(";"))
            found[key] = Grant(*key, frozenset(caveats), int(row["act_id"]))
    return list(found.values())


def keys_in_force(
    connection: Connection, metadata: MetaData, person: str, *, before_act: int | None = None
) -> dict[str, int]:
    """Return the public keys that sign for a person, each with the act that registered it.

    Parameters
    ----------
    before_act : int, optional
        Only what was recorded before this act.
    """
    table = metadata.tables[PERSON_KEY.name]
    query = (
        select(table.c.key, table.c.state, table.c.act_id)
        .where(table.c.person == person)
        .order_by(table.c.act_id, table.c.line_no)
    )
    found: dict[str, int] = {}
    for key, state, act_id in connection.execute(_before(query, table, before_act)):
        found.pop(str(key), None)
        if state == "registered":
            found[str(key)] = int(act_id)
    return found


def needs_release(
    connection: Connection, metadata: MetaData, act_kind: str, *, before_act: int | None = None
) -> bool:
    """Return whether acts of a kind need a second person."""
    table = metadata.tables[RELEASE_POLICY.name]
    query = (
        select(table.c.state)
        .where(table.c.act_kind == act_kind)
        .order_by(table.c.act_id.desc(), table.c.line_no.desc())
    )
    return connection.execute(_before(query, table, before_act).limit(1)).scalar() == "four eyes"


def release_policies(connection: Connection, metadata: MetaData) -> dict[str, str]:
    """Return what was decided about kinds of act: four eyes or two eyes."""
    table = metadata.tables[RELEASE_POLICY.name]
    query = select(table.c.act_kind, table.c.state).order_by(table.c.act_id, table.c.line_no)
    return {str(kind): str(state) for kind, state in connection.execute(query)}


def _before(query: _Query, table: Table, before_act: int | None) -> _Query:
    """Return the query, of what was recorded before an act only."""
    return query if before_act is None else query.where(table.c.act_id < before_act)
