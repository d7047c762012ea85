"""Tables of people: what is decided about them is recorded; how they sign in is working state.

A person stands in the record by a pseudonym. That they were admitted, which role they hold on
what, which key signs for them, which kinds of act need a second person, and who prepared what
another released, are decisions: lines of acts. Names, passwords, sessions and drafts are not; they
lie in ordinary tables, so that personal data can be erased and a session ended.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, MetaData, Table, Text, UniqueConstraint

from keiryo.journal.model import LineKind, text
from keiryo.journal.registry import WorkingTable
from keiryo.storage.schema import INTEGER

PERSON_STATE = LineKind(
    "person_state",
    "A person is admitted to the system, suspended, or has left; the latest line counts.",
    (
        text("person", "pseudonymous id", required=True),
        text("state", "admitted, suspended or left", required=True),
    ),
    checks=("state IN ('admitted', 'suspended', 'left')",),
    indexes=((("person",), None),),
)

ROLE_GRANT = LineKind(
    "role_grant",
    "A role is granted to a person on a part of the State, or withdrawn; the latest line counts.",
    (
        text("person", "pseudonymous id", required=True),
        text("role", "facility accountant, State officer, inspector ...", required=True),
        text("granted_scope", "State, State/facility or State/facility/MBA", required=True),
        text("granted_agreement", "only lines under this agreement; null: under any or none"),
        text("granted_caveats", "handling caveats of lines that may be seen, with ; between"),
        text("state", "granted or withdrawn", required=True),
    ),
    checks=("state IN ('granted', 'withdrawn')",),
    indexes=((("person",), None),),
)

PERSON_KEY = LineKind(
    "person_key",
    "A public key (Ed25519) signs for a person from this act on, or no longer does.",
    (
        text("person", "pseudonymous id", required=True),
        text("key", "public key, 64 hexadecimal digits", required=True),
        text("state", "registered or revoked", required=True),
    ),
    checks=("state IN ('registered', 'revoked')",),
    indexes=((("person",), None), (("key",), None)),
)

RELEASE_POLICY = LineKind(
    "release_policy",
    "Whether acts of a kind need a second person who releases them; the latest line counts.",
    (
        text("act_kind", "kind of act, e.g. report.issue", required=True),
        text("state", "four eyes or two eyes", required=True),
    ),
    checks=("state IN ('four eyes', 'two eyes')",),
)

RELEASE = LineKind(
    "release",
    "What this act does was prepared by another person, who signed for its content.",
    (
        text("prepared_by", "pseudonymous id", required=True),
        text("prepared_at", "UTC time", required=True),
        text("content_digest", "SHA-256 of the prepared content, hexadecimal", required=True),
        text("preparer_key", "public key of the preparer", required=True),
        text("preparer_signature", "over the content digest, hexadecimal", required=True),
        text("words", "what the releasing person said"),
    ),
)

LINE_KINDS = (PERSON_STATE, ROLE_GRANT, PERSON_KEY, RELEASE_POLICY, RELEASE)

ACCOUNT = "account"
ONE_TIME_TOKEN = "one_time_token"
SESSION = "web_session"
API_TOKEN = "api_token"
SIGN_IN_ATTEMPT = "sign_in_attempt"
SAVED_FORM = "saved_form"
DONE_ONCE = "done_once"
JOB = "job"
RELEASE_REQUEST = "release_request"
RELEASING_NOW = "releasing"
"""State of a request while somebody releases it."""


def _text(name: str, *, required: bool = False, key: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=not (required or key))


def _number(name: str, *, required: bool = False) -> Column[int]:
    return Column(name, INTEGER, nullable=not required)


def account_table(metadata: MetaData) -> Table:
    """Who a person is and how they sign in; erased when they ask for it."""
    return Table(
        ACCOUNT,
        metadata,
        _text("person", key=True),
        Column("sign_in_name", Text, unique=True),
        _text("display_name"),
        _text("language"),
        _text("theme"),
        _text("password_hash"),
        _text("password_set_at"),
        Column("totp_sealed", LargeBinary),  # the secret of the second factor, sealed
        _number("totp_confirmed", required=True),
        _number("totp_last_step"),
        _text("recovery_hashes"),  # JSON list
        _text("oidc_issuer"),
        _text("oidc_subject"),
        _text("public_key"),
        Column("key_by_password", LargeBinary),  # private key, sealed under the password
        Column("key_by_server", LargeBinary),  # private key, sealed under the server's secret
        _text("made_at", required=True),
        UniqueConstraint("oidc_issuer", "oidc_subject"),
        sqlite_strict=True,
    )


def one_time_token_table(metadata: MetaData) -> Table:
    """Tokens that work once: the first administrator's, an invitation, a reset."""
    return Table(
        ONE_TIME_TOKEN,
        metadata,
        _text("token_hash", key=True),
        _text("purpose", required=True),
        _text("person"),
        _text("made_at", required=True),
        _text("expires_at", required=True),
        _text("used_at"),
        sqlite_strict=True,
    )


def session_table(metadata: MetaData) -> Table:
    """Sessions in browsers, by the digest of what the cookie holds."""
    table = Table(
        SESSION,
        metadata,
        _text("token_hash", key=True),
        Column("session_id", Text, unique=True, nullable=False),
        _text("person", required=True),
        _text("step", required=True),  # 'password' until the second factor is given, then 'full'
        _text("made_at", required=True),
        _text("seen_at", required=True),
        _text("expires_at", required=True),
        _text("confirmed_at"),  # when the password was last given
        _text("address"),
        _text("agent"),
        Column("key_sealed", LargeBinary),  # private key, sealed under the cookie's content
        _text("ended_at"),
        sqlite_strict=True,
    )
    Index(f"ix_{SESSION}_person", table.c.person)
    return table


def api_token_table(metadata: MetaData) -> Table:
    """Tokens of programs that act for a person."""
    table = Table(
        API_TOKEN,
        metadata,
        _text("token_hash", key=True),
        Column("token_id", Text, unique=True, nullable=False),
        _text("person", required=True),
        _text("name", required=True),
        _text("abilities", required=True),  # read, write, metrics; spaces between
        _text("scope"),  # no more than this part of the State
        _text("made_at", required=True),
        _text("expires_at", required=True),
        _text("used_at"),
        _text("revoked_at"),
        Column("key_sealed", LargeBinary),  # private key, sealed under the token
        sqlite_strict=True,
    )
    Index(f"ix_{API_TOKEN}_person", table.c.person)
    return table


def sign_in_attempt_table(metadata: MetaData) -> Table:
    """Attempts to sign in, for lock-out; names and addresses as keyed digests."""
    table = Table(
        SIGN_IN_ATTEMPT,
        metadata,
        _text("attempt_id", key=True),
        _text("subject", required=True),  # keyed digest of 'name …' or 'address …'
        _text("at", required=True),
        _number("succeeded", required=True),
        sqlite_strict=True,
    )
    Index(f"ix_{SIGN_IN_ATTEMPT}_subject", table.c.subject, table.c.at)
    return table


def saved_form_table(metadata: MetaData) -> Table:
    """What somebody typed into a form that was not sent yet."""
    return Table(
        SAVED_FORM,
        metadata,
        _text("person", key=True),
        _text("form", key=True),
        _text("saved_at", required=True),
        _text("content", required=True),  # JSON
        sqlite_strict=True,
    )


def done_once_table(metadata: MetaData) -> Table:
    """Requests that are done once however often they are sent, and their answers."""
    return Table(
        DONE_ONCE,
        metadata,
        _text("person", key=True),
        _text("request_key", key=True),
        _text("request_digest", required=True),
        _number("status"),  # null while it is being done
        _text("media_type"),
        _text("location"),
        _text("content"),
        _text("made_at", required=True),
        sqlite_strict=True,
    )


def job_table(metadata: MetaData) -> Table:
    """Long work: how far it is, and what came of it."""
    table = Table(
        JOB,
        metadata,
        _text("job_id", key=True),
        _text("person", required=True),
        _text("kind", required=True),
        _text("title", required=True),
        _text("parameters", required=True),  # JSON
        _text("state", required=True),  # waiting, running, done, failed, cancelled, interrupted
        _number("done", required=True),
        _number("total", required=True),
        _text("detail"),
        _text("result"),  # JSON
        _text("result_file"),  # name under which it is downloaded
        _text("worker"),
        _number("cancel_asked", required=True),
        _text("made_at", required=True),
        _text("seen_at"),
        _text("ended_at"),
        sqlite_strict=True,
    )
    Index(f"ix_{JOB}_person", table.c.person, table.c.made_at)
    return table


def release_request_table(metadata: MetaData) -> Table:
    """What waits for a second person: a prepared report or correction."""
    return Table(
        RELEASE_REQUEST,
        metadata,
        _text("request_id", key=True),
        _text("act_kind", required=True),
        _text("scope", required=True),
        _text("title", required=True),
        _text("content", required=True),  # JSON: what is to be done, word for word
        _text("content_digest", required=True),
        _text("prepared_by", required=True),
        _text("prepared_at", required=True),
        _text("preparer_key", required=True),
        _text("preparer_signature", required=True),
        _text("state", required=True),  # waiting, released, returned, withdrawn
        _text("decided_by"),
        _text("decided_at"),
        _text("words"),
        _number("act_id"),
        sqlite_strict=True,
    )


WORKING_TABLES = (
    WorkingTable(ACCOUNT, account_table),
    WorkingTable(ONE_TIME_TOKEN, one_time_token_table, in_backup=False),
    WorkingTable(SESSION, session_table, in_backup=False),
    WorkingTable(API_TOKEN, api_token_table, in_backup=False),
    WorkingTable(SIGN_IN_ATTEMPT, sign_in_attempt_table, in_backup=False),
    WorkingTable(SAVED_FORM, saved_form_table, in_backup=False),
    WorkingTable(DONE_ONCE, done_once_table, in_backup=False),
    WorkingTable(JOB, job_table, in_backup=False),
    WorkingTable(RELEASE_REQUEST, release_request_table),
)
