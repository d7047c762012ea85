"""How people are called: the displayed name changes, the pseudonym in the record never does.

A name is no matter of the record: it lies in the account, can be erased, and so a change of it is
no act. What is asked of who changes it is what the gate asks of acts about people: somebody who is
admitted, with a key in force, for themselves or as administrator. Nobody gives themselves the name
of a colleague: whoever releases a report reads by name who prepared it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from sqlalchemy import Connection, MetaData, select, update

from keiryo.errors import Finding, RefusedError, Severity, UsageError
from keiryo.journal.model import Actor
from keiryo.people.accounts import Account, account_row, find_account, normal_display_name
from keiryo.people.accounts import normal_name as compared
from keiryo.people.administration_checks import display_name_problems
from keiryo.people.gate import ADMINISTER, BASIS, not_admitted, not_signed
from keiryo.people.model import SignerWithin
from keiryo.people.permissions import keys_in_force, person_of
from keiryo.people.tables import ACCOUNT
from keiryo.storage.engine import Database

log = logging.getLogger("keiryo.people")


def rename(database: Database, actor: Actor, person: str, display_name: str) -> Account:
    """Change how a person is called: one's own name, or another person's by an administrator.

    Who changed whose name is in the log, by pseudonyms; the names are not.

    Parameters
    ----------
    actor : Actor
        Who changes it, with their signer.
    person : str
        Pseudonymous id.
    display_name : str
        The name as colleagues know it.

    Returns
    -------
    Account
        With the new name.

    Raises
    ------
    RefusedError
        If the actor may not, or the name cannot be as wanted; all findings are there.
    NotFoundError
        If the person has no account.
    UsageError
        If who the person was is erased.
    """
    metadata, shown = database.metadata, normal_display_name(display_name)
    table = metadata.tables[ACCOUNT]
    with database.writing() as connection:
        if refusal := _not_for(connection, metadata, actor, person):
            raise RefusedError(
                "this is not for you to do; nothing was changed", [refusal], refusal.advice
            )
        before = account_row(connection, metadata, person, held=True)["display_name"]
        if before is None:
            raise UsageError(
                f"who {person} was is erased, and stays so",
                "If they come back, admit them anew: they get another pseudonym.",
            )
        problems = list(display_name_problems(display_name))
        if not problems and person == actor.person:
            problems += _name_of_another(connection, metadata, person, shown)
        if problems:
            raise RefusedError("the name was not changed", problems, problems[0].advice)
        mine = table.c.person == person
        connection.execute(update(table).where(mine).values(display_name=shown))
        found = find_account(connection, metadata, person)
    assert found is not None, "an account that was there a moment ago"
    if before != shown:
        who = {"person": actor.person}
        log.info("the displayed name of %s was changed", person, extra=who)
    return found


def _not_for(
    connection: Connection, metadata: MetaData, actor: Actor, person: str
) -> Finding | None:
    """Return why an actor may not change the name of a person; None if they may."""
    who, signer = person_of(connection, metadata, actor.person), actor.signer
    if isinstance(signer, SignerWithin):
        who = who.within(signer.scope)
    if who.state != "admitted":
        return not_admitted(who).finding
    if person != actor.person and not who.may_at(ADMINISTER, actor.on_behalf_of):
        return Finding(
            "NOT-PERMITTED",
            Severity.FORMAT,
            "you hold no role that may change how others are called",
            "Everybody changes their own name; that of others is changed by an administrator.",
            basis=BASIS,
        )
    if signer is None or signer.key not in keys_in_force(connection, metadata, actor.person):
        return not_signed(who).finding
    return None


def _name_of_another(
    connection: Connection, metadata: MetaData, person: str, shown: str
) -> Iterator[Finding]:
    """Yield that somebody else is called so; widths, capitals and spaces do not make it other."""
    table = metadata.tables[ACCOUNT]
    query = select(table.c.display_name).where(
        table.c.person != person, table.c.display_name.is_not(None)
    )
    if _alike(shown) in {_alike(str(name)) for name in connection.execute(query).scalars()}:
        yield Finding(
            "DISPLAY-NAME-TAKEN",
            Severity.FORMAT,
            "a colleague is called so already, and the two of you could be taken for one another",
            "Add what tells you apart, or ask an administrator, who may give a name twice.",
            basis=BASIS,
        )


def _alike(name: str) -> str:
    return "".join(compared(name).split())
