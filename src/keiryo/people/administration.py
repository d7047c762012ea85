"""How people are administered: admitted, empowered, suspended, let go; each step is an act.

Whoever sets up the books' people is the first administrator; from then on administrators admit
others, who choose their own password and make their own key. What is decided about people is
posted like anything else, signed by who decided it, and stays; who the pseudonyms are lies in
accounts beside the record. The gate of every act (`keiryo.people.gate`) keeps two rules whatever
the face: nobody grants to themselves, and the State is never left without an administrator.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, MetaData, update

from keiryo.dates import utc_text
from keiryo.errors import NotFoundError, RefusedError, UsageError
from keiryo.journal.model import Actor, Posted
from keiryo.people import accounts, one_time, sessions
from keiryo.people.administration_checks import GrantWanted, grant_problems, name_problems
from keiryo.people.gate import own_grant
from keiryo.people.joining import (
    FOUR_EYES,
    accept_invitation,
    accept_reset,
    first_administrator,
    first_token,
    new_key,
    register_first_key,
)
from keiryo.people.one_time import INVITATION, RESET
from keiryo.people.people_acts import (
    DoneBeforeError,
    Line,
    Lines,
    grant_line,
    key_line,
    last_said,
    policy_line,
    post_about_people,
)
from keiryo.people.permissions import (
    grants_in_force,
    keys_in_force,
    person_of,
    release_policies,
)
from keiryo.people.tables import (
    ACCOUNT,
    ONE_TIME_TOKEN,
    PERSON_KEY,
    PERSON_STATE,
    RELEASE_POLICY,
    ROLE_GRANT,
)
from keiryo.people.tokens import end_programs
from keiryo.people.totp import NO_SECOND_FACTOR
from keiryo.storage.engine import Database

INVITATION_LIFETIME = timedelta(hours=72)
RESET_LIFETIME = timedelta(hours=24)

__all__ = [
    "FOUR_EYES",
    "GrantWanted",
    "accept_invitation",
    "accept_reset",
    "admit",
    "first_administrator",
    "first_token",
    "grant",
    "leave",
    "new_key",
    "readmit",
    "register_first_key",
    "reset",
    "revoke_key",
    "set_policy",
    "suspend",
    "withdraw",
]


def admit(
    database: Database,
    actor: Actor,
    *,
    sign_in_name: str,
    display_name: str,
    grants: Iterable[GrantWanted],
    now: datetime,
) -> tuple[str, str]:
    """Admit a person with some roles; return their pseudonym and the token of their invitation.

    The invitation lasts 72 hours; hand it over in a way that nobody else reads.

    Raises
    ------
    RefusedError
        If a name or grant cannot be as wanted, or the actor may not; all findings are there.
    """
    wanted, metadata = list(grants), database.metadata
    made: list[str] = []

    def lines(connection: Connection) -> list[Line]:
        problems = list(name_problems(connection, metadata, sign_in_name, display_name))
        problems += grant_problems(connection, metadata, actor.on_behalf_of, wanted)
        if problems:
            raise RefusedError("nobody was admitted", problems, problems[0].advice)
        person = accounts.new_person_id(connection, metadata)
        accounts.make_account(connection, metadata, person, sign_in_name, display_name, now)
        made.append(person)
        return [
            (PERSON_STATE.name, {"person": person, "state": "admitted"}),
            *(grant_line(person, grant, "granted") for grant in dict.fromkeys(wanted)),
        ]

    post_about_people(database, actor, "person.admit", lines, now)
    person = made[-1]
    token = one_time.make_one_time(database, INVITATION, person, INVITATION_LIFETIME, now)
    return person, token


def revoke_key(database: Database, actor: Actor, person: str, key: str, now: datetime) -> Posted:
    """Revoke a key: one's own, or another person's by an administrator.

    What it signed before stays signed.

    Raises
    ------
    NotFoundError
        If the key was never registered for the person.
    """
    table = database.metadata.tables[PERSON_KEY.name]

    def lines(connection: Connection) -> list[Line]:
        mine = (table.c.person == person) & (table.c.key == key)
        state, act_id = last_said(connection, database.metadata, PERSON_KEY.name, mine)
        if state is None:
            raise NotFoundError(
                f"{person} has no such key", "See 'keiryo people keys' for those in force."
            )
        if state == "revoked":
            raise DoneBeforeError(act_id)
        return [key_line(person, key, "revoked")]

    return post_about_people(database, actor, "key.revoke", lines, now)


def reset(
    database: Database,
    actor: Actor,
    person: str,
    now: datetime,
    *,
    second_factor: bool = False,
) -> str:
    """Let a person begin anew who lost the password; return a one-time token for 24 hours.

    Their keys are revoked by an act; password, sessions and the tokens of programs end.

    Parameters
    ----------
    second_factor : bool
        Whether the second factor goes, too (its device is lost).

    Raises
    ------
    NotFoundError
        If the person has no account.
    UsageError
        If it is the actor: whoever can sign changes the password on their own page.
    """
    if person == actor.person:
        raise UsageError(
            "nobody resets themselves",
            "Change your password on your own page, or ask another administrator.",
        )
    metadata = database.metadata
    table = metadata.tables[ACCOUNT]
    if accounts.account(database, person) is None:
        raise NotFoundError(f"{person} has no account", "See 'keiryo people list'.")

    def lines(connection: Connection) -> list[Line]:
        if person_of(connection, metadata, person).state != "admitted":
            raise UsageError(
                f"{person} is not admitted at present",
                "Readmit them first: 'keiryo people readmit'.",
            )
        known = keys_in_force(connection, metadata, person)
        values = dict.fromkeys(("password_hash", "key_by_password", "key_by_server"))
        gone: dict[str, Any] = {**values, "public_key": None}
        if second_factor:
            gone |= NO_SECOND_FACTOR
        connection.execute(update(table).where(table.c.person == person).values(**gone))
        revoked = [key_line(person, one, "revoked") for one in known]
        return [*revoked, (PERSON_STATE.name, {"person": person, "state": "admitted"})]

    post_about_people(database, actor, "person.reset", lines, now)
    _end_access(database, person, now)
    return one_time.make_one_time(database, RESET, person, RESET_LIFETIME, now)


def grant(
    database: Database, actor: Actor, person: str, wanted: GrantWanted, now: datetime
) -> Posted:
    """Grant a role to a person; granting it again with other caveats replaces them.

    Raises
    ------
    RefusedError
        If it cannot be granted so, or the actor may not; all findings are there.
    NotFoundError
        If the person was never admitted.
    """
    metadata = database.metadata

    def lines(connection: Connection) -> list[Line]:
        _require_known(connection, metadata, person)
        problems = list(grant_problems(connection, metadata, actor.on_behalf_of, [wanted]))
        if person == actor.person:
            problems.append(own_grant())
        if problems:
            raise RefusedError("nothing was granted", problems, problems[0].advice)
        for known in grants_in_force(connection, metadata, person):
            if GrantWanted(known.role, known.scope, known.agreement, known.caveats) == wanted:
                raise DoneBeforeError(known.act_id)
        return [grant_line(person, wanted, "granted")]

    return post_about_people(database, actor, "role.grant", lines, now)


def withdraw(
    database: Database,
    actor: Actor,
    person: str,
    role: str,
    scope: str,
    now: datetime,
    *,
    agreement: str | None = None,
) -> Posted:
    """Withdraw a role from a person.

    Raises
    ------
    NotFoundError
        If it was never granted so.
    RefusedError
        If nobody would be left who administers.
    """
    metadata = database.metadata
    table = metadata.tables[ROLE_GRANT.name]

    def lines(connection: Connection) -> list[Line]:
        under = table.c.granted_agreement
        this = (
            (table.c.person == person)
            & (table.c.role == role)
            & (table.c.granted_scope == scope)
            & (under.is_(None) if agreement is None else under == agreement)
        )
        state, act_id = last_said(connection, metadata, ROLE_GRANT.name, this)
        if state is None:
            raise NotFoundError(
                f"{person} does not hold this role there", "See 'keiryo people list'."
            )
        if state == "withdrawn":
            raise DoneBeforeError(act_id)
        return [grant_line(person, GrantWanted(role, scope, agreement), "withdrawn")]

    return post_about_people(database, actor, "role.withdraw", lines, now)


def suspend(database: Database, actor: Actor, person: str, now: datetime) -> Posted:
    """Suspend a person: they may do and see nothing until they are readmitted."""
    posted = _set_state(database, actor, "person.suspend", person, "suspended", now)
    sessions.end_all(database, person, now)
    return posted


def readmit(database: Database, actor: Actor, person: str, now: datetime) -> Posted:
    """Readmit a person who was suspended or had left; who had left begins without roles."""
    return _set_state(database, actor, "person.readmit", person, "admitted", now)


def leave(
    database: Database, actor: Actor, person: str, now: datetime, *, erase: bool = False
) -> Posted:
    """Record that a person has left: their roles and keys end, and so does their access.

    Parameters
    ----------
    erase : bool
        Whether it is forgotten who the pseudonym was.
    """
    metadata = database.metadata

    def more(connection: Connection) -> list[Line]:
        held = grants_in_force(connection, metadata, person)
        keys = keys_in_force(connection, metadata, person)
        wanted = [GrantWanted(g.role, g.scope, g.agreement) for g in held]
        return [
            *(grant_line(person, one, "withdrawn") for one in wanted),
            *(key_line(person, key, "revoked") for key in keys),
        ]

    posted = _set_state(database, actor, "person.leave", person, "left", now, more)
    _end_access(database, person, now)
    if erase:
        accounts.erase(database, person)
    return posted


def set_policy(
    database: Database, actor: Actor, act_kind: str, four_eyes: bool, now: datetime
) -> Posted:
    """Decide whether acts of a kind are prepared by one person and released by another.

    Raises
    ------
    UsageError
        If it is no kind of act for which the second person is provided.
    """
    if act_kind not in FOUR_EYES:
        raise UsageError(
            f"acts of the kind {act_kind!r} are not prepared and released",
            f"Choose one of: {', '.join(FOUR_EYES)}.",
        )
    metadata = database.metadata
    table = metadata.tables[RELEASE_POLICY.name]

    def lines(connection: Connection) -> list[Line]:
        line = policy_line(act_kind, four_eyes=four_eyes)
        if release_policies(connection, metadata).get(act_kind) == line[1]["state"]:
            this = table.c.act_kind == act_kind
            raise DoneBeforeError(last_said(connection, metadata, RELEASE_POLICY.name, this)[1])
        return [line]

    return post_about_people(database, actor, "policy.set", lines, now)


def _set_state(
    database: Database,
    actor: Actor,
    kind: str,
    person: str,
    wanted: str,
    now: datetime,
    more: Lines = lambda _: [],
) -> Posted:
    """Post that a person is admitted, suspended or has left, unless it is so already."""
    metadata = database.metadata
    table = metadata.tables[PERSON_STATE.name]

    def lines(connection: Connection) -> list[Line]:
        _require_known(connection, metadata, person)
        state, act_id = last_said(connection, metadata, PERSON_STATE.name, table.c.person == person)
        if state == wanted:
            raise DoneBeforeError(act_id)
        return [(PERSON_STATE.name, {"person": person, "state": wanted}), *more(connection)]

    return post_about_people(database, actor, kind, lines, now)


def _require_known(connection: Connection, metadata: MetaData, person: str) -> None:
    if person_of(connection, metadata, person).state == "unknown":
        raise NotFoundError(f"{person} was never admitted", "See 'keiryo people list'.")


def _end_access(database: Database, person: str, now: datetime) -> None:
    """End sessions, tokens of programs and one-time tokens of a person."""
    sessions.end_all(database, person, now)
    end_programs(database, person, now)
    table = database.metadata.tables[ONE_TIME_TOKEN]
    void = update(table).where(table.c.person == person, table.c.used_at.is_(None))
    with database.writing() as connection:
        connection.execute(void.values(used_at=utc_text(now)))
