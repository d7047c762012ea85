"""The gate of every act: a person who may do this here, who signs, and a second one where needed.

Until anybody is admitted the books are a single user's, and whoever has the file keeps them. From
then on nothing is posted, whatever the face (browser, API, command line), but by a person whose
grants cover every line of the act, signed with a key of theirs, and, for kinds of act under the
four-eyes rule, prepared and signed for by somebody else. What an act itself says about its person
does not count for it: nobody empowers themselves (NIST SP 800-53, AC-5 and AC-6).
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from keiryo.errors import Finding, Severity
from keiryo.journal.registry import Posting, Refusal
from keiryo.people.keys import is_signed_by, released_bytes
from keiryo.people.model import (
    ABOUT_NO_PLACE,
    OWN_ACTS,
    WORKED_OUT,
    Person,
    SignerWithin,
)
from keiryo.people.permissions import (
    keys_in_force,
    needs_release,
    people,
    people_are_set_up,
    person_of,
)
from keiryo.people.tables import (
    PERSON_KEY,
    PERSON_STATE,
    RELEASE,
    RELEASE_REQUEST,
    RELEASING_NOW,
    ROLE_GRANT,
)

BASIS = "docs/guides/people-and-permissions.md"
ADMINISTER, RELEASING = "administer", "release"
_GO_ALONG = frozenset({"evidence", "finding", RELEASE.name})
"""Lines that go with others of the act, and are as permitted as those."""
_RECEIVED = frozenset({"report.accept"})
"""What comes from somebody else: whoever may release it and records it is the second person."""
_QUESTIONS = frozenset({"finding", "finding_answer"})
_PAPER = frozenset({"evidence", "finding"})


def gate(posting: Posting) -> Iterator[Refusal]:
    """Yield why this act may not be posted by this person."""
    actor = posting.actor
    assert actor is not None
    connection, metadata, act = posting.connection, posting.metadata, posting.act_id
    if not people_are_set_up(connection, metadata, before_act=act):
        return
    person = person_of(connection, metadata, actor.person, before_act=act)
    if person.state != "admitted":
        yield not_admitted(person)
        return
    if isinstance(actor.signer, SignerWithin):
        person = person.within(actor.signer.scope)
    yield from _permissions(posting, person)
    yield from _signed(posting, person)
    yield from _second_person(posting, person)
    yield from _about_people(posting)


def not_admitted(person: Person) -> Refusal:
    """Return the refusal of somebody who is not admitted (any more)."""
    return _refusal(
        "PERSON-NOT-ADMITTED",
        f"{person.person} is not admitted to this system ({person.state})",
        "Sign in, or give a token of a person who is: KEIRYO_TOKEN (see 'keiryo people').",
    )


def not_permitted(
    kind: str, scope: str, agreement: str | None = None, caveat: str | None = None
) -> Refusal:
    """Return the refusal of somebody who holds no role for a kind of act there."""
    under = f" under {agreement}" if agreement else ""
    marked = f" marked {caveat}" if caveat else ""
    return _refusal(
        "NOT-PERMITTED",
        f"you hold no role that may post {kind} about {scope}{under}{marked}",
        "An administrator grants roles; whoever holds the role already can do it now.",
    )


def not_signed(person: Person) -> Refusal:
    """Return the refusal of somebody who does not sign with a key in force."""
    return _refusal(
        "NOT-SIGNED",
        f"{person.person} does not sign this with a key that is registered for them",
        "Sign in anew; if that does not help, register a key on your own page. A token must be "
        "one that may write.",
    )


def preparation_not_signed(prepared_by: str) -> Refusal:
    """Return the refusal of what its preparer did not soundly sign for."""
    return _refusal(
        "RELEASE-NOT-SIGNED",
        f"{prepared_by} did not sign for what is to be released",
        "Have it prepared and submitted again.",
    )


def own_grant() -> Finding:
    """Return the finding about somebody who grants a role to themselves."""
    return Finding(
        "OWN-GRANT",
        Severity.FORMAT,
        "nobody grants a role to themselves",
        "Ask another administrator to grant it.",
        basis=BASIS,
    )


def _permissions(posting: Posting, person: Person) -> Iterator[Refusal]:
    kind = posting.draft.kind
    kinds = {reach.kind for reach in posting.reach} - {RELEASE.name}
    if kind in OWN_ACTS and _about_oneself(posting, person):
        return
    if kind in WORKED_OUT and kinds <= _QUESTIONS and person.may_post_somewhere("report.accept"):
        return
    paper = kinds <= _PAPER and (kind in ABOUT_NO_PLACE or not kinds)
    if paper and person.may_post_somewhere(kind):
        return
    asked = [r for r in posting.reach if r.kind not in _GO_ALONG] or list(posting.reach)
    denied: set[tuple[str, str | None, str | None]] = {
        (r.scope, r.agreement, r.caveat)
        for r in asked
        if not person.may_post(kind, r.scope, r.agreement, r.caveat)
    }
    if paper:
        denied = {(posting.actor.on_behalf_of if posting.actor else "", None, None)}
    yield from (not_permitted(kind, *place) for place in sorted(denied, key=str))


def _about_oneself(posting: Posting, person: Person) -> bool:
    assert posting.actor is not None
    if isinstance(posting.actor.signer, SignerWithin):  # a narrow token makes no wide key
        return False
    if {reach.kind for reach in posting.reach} != {PERSON_KEY.name}:
        return False
    return all(line["person"] == person.person for line in posting.lines(PERSON_KEY.name))


def _signed(posting: Posting, person: Person) -> Iterator[Refusal]:
    """Ask for a signature with a key that was in force before this act.

    Whoever has no key yet registers their first one by an act that it signs itself.
    """
    assert posting.actor is not None
    signer = posting.actor.signer
    keys = set(
        keys_in_force(
            posting.connection, posting.metadata, person.person, before_act=posting.act_id
        )
    )
    if not keys and posting.draft.kind == "key.register" and _about_oneself(posting, person):
        lines = posting.lines(PERSON_KEY.name)
        keys = {line["key"] for line in lines if line["state"] == "registered"}
    if signer is None or signer.key not in keys:
        yield not_signed(person)


def _second_person(posting: Posting, person: Person) -> Iterator[Refusal]:
    kind, act = posting.draft.kind, posting.act_id
    releases = list(posting.lines(RELEASE.name))
    if needs_release(posting.connection, posting.metadata, kind, before_act=act):
        denied = _not_releasable(posting, person)
        if not releases and (kind not in _RECEIVED or denied):
            yield _refusal(
                "SECOND-PERSON",
                f"acts of the kind {kind} are prepared by one person and released by another",
                "Submit it for release on the report workbench; a second person posts it.",
            )
        elif denied:
            yield from (may_not_release(kind, scope) for scope in denied)
    for line in releases:
        own = line["prepared_by"] == person.person
        if own:
            yield own_release()
        if not _prepared_soundly(posting, line):
            yield preparation_not_signed(line["prepared_by"])
        elif not own and not _being_released(posting, person, line):
            yield _refusal(
                "RELEASE-NOT-ASKED",
                f"you are not releasing anything that {line['prepared_by']} submitted like this",
                "Release the request itself: on the page of what waits, or by the API. Each is "
                "released once.",
            )


def own_release() -> Refusal:
    """Return the refusal of whoever would release what they prepared."""
    return _refusal(
        "SECOND-PERSON",
        "whoever prepared this cannot release it as well",
        "Ask a colleague who may release it.",
    )


def may_not_release(kind: str, scope: str) -> Refusal:
    """Return the refusal of whoever holds no role that releases."""
    return _refusal(
        "NOT-PERMITTED",
        f"you hold no role that may release {kind} about {scope}",
        "An administrator grants roles; whoever holds the role already can do it now.",
    )


def _not_releasable(posting: Posting, person: Person) -> list[str]:
    """Return the scopes of the act over which the person releases nothing."""
    asked = [reach for reach in posting.reach if reach.kind not in _GO_ALONG]
    asked = asked or [reach for reach in posting.reach if reach.kind == RELEASE.name]
    return sorted(
        {r.scope for r in asked if not person.may_at(RELEASING, r.scope, r.agreement, r.caveat)}
    )


def _prepared_soundly(posting: Posting, line: dict[str, str]) -> bool:
    """Return whether an admitted person signed for the content with a key in force."""
    place = (posting.connection, posting.metadata, line["prepared_by"])
    if person_of(*place, before_act=posting.act_id).state != "admitted":
        return False
    if line["preparer_key"] not in keys_in_force(*place, before_act=posting.act_id):
        return False
    try:
        message = released_bytes(line["content_digest"])
    except ValueError:
        return False
    return is_signed_by(line["preparer_key"], message, line["preparer_signature"])


def _being_released(posting: Posting, person: Person, line: dict[str, str]) -> bool:
    """Return whether the person is releasing such a request in this moment."""
    table = posting.metadata.tables[RELEASE_REQUEST]
    same = ("prepared_by", "prepared_at", "content_digest", "preparer_signature")
    query = select(table.c.request_id).where(
        table.c.state == RELEASING_NOW,
        table.c.decided_by == person.person,
        *(table.c[name] == line[name] for name in same),
    )
    return posting.connection.execute(query).first() is not None


def _about_people(posting: Posting) -> Iterator[Refusal]:
    """Ask that nobody grants to themselves, holds another's key, or locks everybody out."""
    assert posting.actor is not None
    me = posting.actor.person
    kinds = {reach.kind for reach in posting.reach}
    grants = posting.lines(ROLE_GRANT.name) if ROLE_GRANT.name in kinds else iter(())
    if any(line["person"] == me and line["state"] == "granted" for line in grants):
        yield Refusal(own_grant())
    keys = posting.lines(PERSON_KEY.name) if PERSON_KEY.name in kinds else iter(())
    if any(line["person"] != me and line["state"] == "registered" for line in keys):
        yield _refusal(
            "KEY-OF-ANOTHER",
            "a key that signs for a person is registered by that person alone",
            "Give them a one-time token: 'keiryo people reset'; they register a key with it.",
        )
    if kinds & {PERSON_STATE.name, ROLE_GRANT.name, PERSON_KEY.name}:
        yield from _administrator_left(posting)


def _administrator_left(posting: Posting) -> Iterator[Refusal]:
    connection, metadata = posting.connection, posting.metadata
    assert posting.actor is not None
    state = posting.actor.on_behalf_of
    now = people(connection, metadata).values()
    if not any(p.may_at(ADMINISTER, state) and _can_sign(posting, p.person) for p in now):
        yield _refusal(
            "LAST-ADMINISTRATOR",
            f"nobody would be left who administers {state} and can sign",
            "Let another administrator be admitted and register a key first.",
        )


def _can_sign(posting: Posting, person: str) -> bool:
    return bool(keys_in_force(posting.connection, posting.metadata, person))


def _refusal(code: str, message: str, advice: str) -> Refusal:
    return Refusal(Finding(code, Severity.FORMAT, message, advice, basis=BASIS))
