"""With whose authority a program acts: the command line, a script, a client of the API.

A token says for which person it acts, and within what; what is posted with it is signed with the
person's own key, which is sealed under the token. A token that only reads carries no key, so the
gate of every act turns away what would be posted with it.
"""

from __future__ import annotations

from datetime import datetime

from keiryo.journal.model import Actor, Signer
from keiryo.people.errors import SignInError
from keiryo.people.model import Person, SignerWithin
from keiryo.people.tokens import ApiToken, admitted_token_of
from keiryo.storage.engine import Database


def actor_of_token(
    database: Database, state: str, token: str, now: datetime
) -> tuple[Actor, Person]:
    """Return who acts with a token, and what they may do with it.

    Parameters
    ----------
    state : str
        The State on whose behalf.
    token : str
        The text of an API token.

    Returns
    -------
    Actor
        Signs with the person's key, within the scope of the token; signs nothing if the token may
        not write.
    Person
        With no more than the token allows.

    Raises
    ------
    SignInError
        If the token is unknown, expired or revoked, or the person is not admitted: one answer.
    """
    found = admitted_token_of(database, token, now)
    if found is None:
        raise SignInError(
            "this token is not good (any more)",
            "Make a new one in the browser or with 'keiryo people token --name NAME', and put it "
            "into KEIRYO_TOKEN.",
        )
    kept, person = found
    return acting(state, kept, person, token)


def acting(state: str, kept: ApiToken, person: Person, token: str) -> tuple[Actor, Person]:
    """Return the actor and person of a token that was looked up already."""
    signer: Signer | None = kept.signing_key(token)
    if kept.scope is not None:
        person = person.within(kept.scope)
        signer = None if signer is None else SignerWithin(signer, kept.scope)
    return Actor(person.person, state, signer), person
