"""The gate of every act: a person who may do this here, who signs, and a second one where needed.

Until anybody is admitted the books are a single user's, and whoever has the file keeps them. From
then on nothing is posted, whatever the face (browser, API, command line), but by a person whose
grants cover every line of the act, signed with a key of theirs, and, for kinds of act under the
four-eyes rule, prepared and signed for by somebody else.
"""

from __future__ import annotations

from collections.abc import Iterator

from keiryo.errors import Finding, Severity
from keiryo.journal.registry import Posting, Refusal
from keiryo.people.keys import is_signed_by, released_bytes
from keiryo.people.model import OWN_ACTS, Person
from keiryo.people.permissions import (
    keys_in_force,
    needs_release,
    people_are_set_up,
    person_of,
)
from keiryo.people.tables import PERSON_KEY, PERSON_STATE, RELEASE

BASIS = "docs/guides/people-and-permissions.md"
_GO_ALONG = frozenset({"evidence", "finding", RELEASE.name})
"""Lines that go with others of the act, and are as permitted as those."""


def gate(posting: Posting) -> Iterator[Refusal]:
    """Yield why this act may not be posted by this person."""
    actor = posting.actor
    assert actor is not None
    if not _set_up_before(posting):
        return
    connection, metadata = posting.connection, posting.metadata
    person = person_of(connection, metadata, actor.person)
    if person.state != "admitted":
        yield _refusal(
            "PERSON-NOT-ADMITTED",
            f"{actor.person} is not admitted to this system ({person.state})",
            "Sign in, or give a token of a person who is: KEIRYO_TOKEN (see 'keiryo people').",
        )
        return
    yield from _permissions(posting, person)
    keys = keys_in_force(connection, metadata, actor.person)
    if actor.signer is None or actor.signer.key not in keys:
        yield _refusal(
            "NOT-SIGNED",
            f"{actor.person} does not sign this act with a key that is registered for them",
            "Sign in anew; if that does not help, register a key on your own page.",
        )
    yield from _second_person(posting)


def _set_up_before(posting: Posting) -> bool:
    """Return whether people were set up before this act; the first one admits the first person."""
    if any(reach.kind == PERSON_STATE.name for reach in posting.reach):
        table = posting.table(PERSON_STATE.name)
        query = table.select().where(table.c.act_id < posting.act_id).limit(1)
        return posting.connection.execute(query).first() is not None
    return people_are_set_up(posting.connection, posting.metadata)


def _permissions(posting: Posting, person: Person) -> Iterator[Refusal]:
    kind = posting.draft.kind
    if kind in OWN_ACTS and _about_oneself(posting, person):
        return
    asked = [r for r in posting.reach if r.kind not in _GO_ALONG] or list(posting.reach)
    denied: set[tuple[str, str | None, str | None]] = {
        (r.scope, r.agreement, r.caveat)
        for r in asked
        if not person.may_post(kind, r.scope, r.agreement, r.caveat)
    }
    for scope, agreement, caveat in sorted(denied, key=str):
        under = f" under {agreement}" if agreement else ""
        marked = f" marked {caveat}" if caveat else ""
        yield _refusal(
            "NOT-PERMITTED",
            f"you hold no role that may post {kind} about {scope}{under}{marked}",
            "An administrator grants roles; whoever holds the role already can do it now.",
        )


def _about_oneself(posting: Posting, person: Person) -> bool:
    lines = list(posting.lines(PERSON_KEY.name))
    kinds = {r.kind for r in posting.reach} - _GO_ALONG
    return kinds == {PERSON_KEY.name} and all(line["person"] == person.person for line in lines)


def _second_person(posting: Posting) -> Iterator[Refusal]:
    kind, actor = posting.draft.kind, posting.actor
    assert actor is not None
    if not needs_release(posting.connection, posting.metadata, kind):
        return
    releases = list(posting.lines(RELEASE.name))
    if not releases:
        yield _refusal(
            "SECOND-PERSON",
            f"acts of the kind {kind} are prepared by one person and released by another",
            "Submit it for release on the report workbench; a second person posts it.",
        )
    for line in releases:
        if line["prepared_by"] == actor.person:
            yield _refusal(
                "SECOND-PERSON",
                "whoever prepared this cannot release it as well",
                "Ask a colleague who may release it.",
            )
        keys = keys_in_force(posting.connection, posting.metadata, line["prepared_by"])
        message = released_bytes(line["content_digest"])
        if line["preparer_key"] not in keys or not is_signed_by(
            line["preparer_key"], message, line["preparer_signature"]
        ):
            yield _refusal(
                "RELEASE-NOT-SIGNED",
                f"{line['prepared_by']} did not sign for what is to be released",
                "Have it prepared and submitted again.",
            )


def _refusal(code: str, message: str, advice: str) -> Refusal:
    return Refusal(Finding(code, Severity.FORMAT, message, advice, basis=BASIS))
