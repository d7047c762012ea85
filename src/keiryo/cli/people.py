"""Commands of people: who is admitted, what they may do, and the tokens that act for them.

Passwords are asked for at the terminal and never given as options; whoever administers acts with
the token in KEIRYO_TOKEN, and signs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.options import DbOption, Format, FormatOption, format_of, opened
from keiryo.cli.output import show_json, show_rows

if TYPE_CHECKING:
    import datetime

    from keiryo.api import Books
    from keiryo.journal.model import Posted

PersonArgument = Annotated[
    str, typer.Argument(metavar="PERSON", help="Pseudonym (P-...) or sign-in name.")
]
RoleOption = Annotated[
    str, typer.Option("--role", help="Role, e.g. 'facility accountant'; see 'people roles'.")
]
ScopeOption = Annotated[
    str, typer.Option("--scope", help="On what: XA, XA/XAF- or XA/XAF-/XAFA, for example.")
]
AgreementOption = Annotated[
    str | None, typer.Option("--agreement", help="Only lines under this agreement.")
]
CaveatOption = Annotated[
    list[str] | None,
    typer.Option("--caveat", help="Handling caveat that may be seen (more than once; *: all)."),
]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(
        help="People: who is admitted, what they may do, and with which keys they sign.",
        no_args_is_help=True,
    )
    group.command("list")(list_)
    group.command("first-token")(first_token)
    for command in (admit, grant, withdraw, rename, suspend, readmit, leave, reset, policy, keys):
        group.command()(command)
    tokens = typer.Typer(help="Tokens with which programs act for a person.")
    tokens.callback(invoke_without_command=True)(token)
    tokens.command("list")(list_tokens)
    tokens.command("revoke")(revoke_token)
    group.add_typer(tokens, name="token")
    group.command()(roles)
    app.add_typer(group, name="people")


def list_(
    every: Annotated[
        bool, typer.Option("--all/--admitted", help="Those too who are not admitted any more.")
    ] = False,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List people, what they may do, and where."""
    from keiryo.people.accounts import accounts
    from keiryo.people.permissions import keys_in_force, people

    books = opened(db)
    named = {account.person: account for account in accounts(books.database)}
    rows = []
    with books.database.reading() as connection:
        metadata = books.database.metadata
        for one in people(connection, metadata).values():
            if not every and one.state != "admitted":
                continue
            account = named.get(one.person)
            rows.append(
                {
                    "person": one.person,
                    "sign_in_name": account.sign_in_name if account else None,
                    "name": account.display_name if account else None,
                    "state": one.state,
                    "roles": "; ".join(_shown(grant) for grant in one.grants),
                    "keys": len(keys_in_force(connection, metadata, one.person)),
                }
            )
    empty = "Nobody is admitted: these books are a single user's. See 'people first-token'."
    show_rows(rows, format_of(format_), empty=empty)


def first_token(db: DbOption = None) -> None:
    """Print the one-time token of the first administrator.

    It lasts 24 hours, makes earlier ones void, and is given once, on the set-up page in the
    browser.
    """
    from keiryo.errors import ConflictError
    from keiryo.people.administration import first_token as make

    books = opened(db)
    made = make(books.database, _now())
    if made is None:
        raise ConflictError(
            "these books have an administrator already",
            "Ask them to admit you: 'keiryo people list' shows who it is.",
        )
    print(f"One-time token: {made}")
    print("  Start the pages with 'keiryo serve' (if they are not running yet), open the address")
    print("  that it shows, and give the token there within 24 hours, with a name and a password")
    print("  of your choice. From then on only people who are admitted post to these books.")


def admit(
    sign_in_name: Annotated[str, typer.Argument(metavar="SIGN-IN-NAME", help="hanako.sato")],
    name: Annotated[str, typer.Option("--name", help="Name as colleagues know it.")],
    role: RoleOption,
    scope: ScopeOption,
    agreement: AgreementOption = None,
    caveat: CaveatOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Admit a person with a role, and print the one-time token of their invitation."""
    from keiryo.people import administration

    books = opened(db)
    wanted = administration.GrantWanted(role, scope, agreement, frozenset(caveat or ()))
    person, invitation = administration.admit(
        books.database,
        books.actor,
        sign_in_name=sign_in_name,
        display_name=name,
        grants=[wanted],
        now=_now(),
    )
    if format_of(format_) is Format.JSON:
        show_json({"person": person, "invitation": invitation})
        return
    print(f"Admitted {person}.")
    _one_time("Invitation", invitation, 72)


def grant(
    person: PersonArgument,
    role: RoleOption,
    scope: ScopeOption,
    agreement: AgreementOption = None,
    caveat: CaveatOption = None,
    db: DbOption = None,
) -> None:
    """Grant a role to a person."""
    from keiryo.people import administration

    books = opened(db)
    wanted = administration.GrantWanted(role, scope, agreement, frozenset(caveat or ()))
    who = _person(books, person)
    _done("Granted", administration.grant(books.database, books.actor, who, wanted, _now()))


def withdraw(
    person: PersonArgument,
    role: RoleOption,
    scope: ScopeOption,
    agreement: AgreementOption = None,
    db: DbOption = None,
) -> None:
    """Withdraw a role from a person."""
    from keiryo.people import administration

    books = opened(db)
    posted = administration.withdraw(
        books.database,
        books.actor,
        _person(books, person),
        role,
        scope,
        _now(),
        agreement=agreement,
    )
    _done("Withdrawn", posted)


def rename(
    person: PersonArgument,
    name: Annotated[str, typer.Option("--name", help="Name as colleagues know it.")],
    db: DbOption = None,
) -> None:
    """Change how a person is called: yourself, or others as administrator. It is no act."""
    from keiryo.people import displayed_names

    books = opened(db)
    who = _person(books, person)
    renamed = displayed_names.rename(books.database, books.actor, who, name)
    print(f"{who} is called {renamed.shown_name} now; the record keeps the pseudonym.")


def suspend(person: PersonArgument, db: DbOption = None) -> None:
    """Suspend a person: no access until they are readmitted."""
    from keiryo.people import administration

    books = opened(db)
    who = _person(books, person)
    _done("Suspended", administration.suspend(books.database, books.actor, who, _now()))


def readmit(person: PersonArgument, db: DbOption = None) -> None:
    """Readmit a person who was suspended or had left."""
    from keiryo.people import administration

    books = opened(db)
    who = _person(books, person)
    _done("Readmitted", administration.readmit(books.database, books.actor, who, _now()))


def leave(
    person: PersonArgument,
    erase: Annotated[
        bool, typer.Option("--erase", help="Forget who it was; the acts keep the pseudonym.")
    ] = False,
    db: DbOption = None,
) -> None:
    """Record that a person has left: roles, keys and access end."""
    from keiryo.people import administration

    books = opened(db)
    who = _person(books, person)
    posted = administration.leave(books.database, books.actor, who, _now(), erase=erase)
    _done("Has left", posted)


def reset(
    person: PersonArgument,
    second_factor: Annotated[
        bool, typer.Option("--second-factor", help="Their authenticator is lost, too.")
    ] = False,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Let a person begin anew who lost the password: print a one-time token.

    Their keys are revoked, and sessions and tokens of programs end.
    """
    from keiryo.people import administration

    books = opened(db)
    who = _person(books, person)
    made = administration.reset(
        books.database, books.actor, who, _now(), second_factor=second_factor
    )
    if format_of(format_) is Format.JSON:
        show_json({"person": who, "reset": made})
    else:
        _one_time("Reset", made, 24)


def policy(
    act_kind: Annotated[
        str | None, typer.Argument(metavar="[KIND]", help="One of those listed.")
    ] = None,
    four_eyes: Annotated[
        bool | None,
        typer.Option("--four-eyes/--two-eyes", help="Whether a second person releases them."),
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show which kinds of act a second person releases, or decide it."""
    from keiryo.errors import UsageError
    from keiryo.people import administration
    from keiryo.people.permissions import release_policies

    books = opened(db)
    if (act_kind is None) != (four_eyes is None):
        raise UsageError(
            "a kind of act and a decision go together",
            "Write, for example: keiryo people policy report.issue --four-eyes",
        )
    if act_kind is not None and four_eyes is not None:
        posted = administration.set_policy(books.database, books.actor, act_kind, four_eyes, _now())
        _done("Decided", posted)
        return
    with books.database.reading() as connection:
        decided = release_policies(connection, books.database.metadata)
    kinds = sorted({*administration.FOUR_EYES, *decided})
    rows = [{"kind": kind, "released": decided.get(kind, "two eyes")} for kind in kinds]
    show_rows(rows, format_of(format_))


def keys(
    person: Annotated[
        str | None, typer.Argument(metavar="[PERSON]", help="Pseudonym or sign-in name.")
    ] = None,
    revoke: Annotated[
        str | None, typer.Option("--revoke", metavar="KEY", help="Revoke this key of theirs.")
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List the keys with which people sign, or revoke one."""
    from keiryo.errors import UsageError
    from keiryo.people import administration
    from keiryo.people.permissions import keys_in_force, people

    books = opened(db)
    who = None if person is None else _person(books, person)
    if revoke is not None:
        if who is None:
            raise UsageError("whose key is it?", "Name the person before --revoke.")
        posted = administration.revoke_key(books.database, books.actor, who, revoke, _now())
        _done("Revoked", posted)
        return
    rows = []
    with books.database.reading() as connection:
        metadata = books.database.metadata
        for one in people(connection, metadata, who):
            for key, act_id in keys_in_force(connection, metadata, one).items():
                rows.append({"person": one, "key": key, "since_act": act_id})
    show_rows(rows, format_of(format_), empty="No key is registered.")


def token(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Option("--name", help="Make one: what the program is called.")
    ] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="It posts nothing and carries no key.")
    ] = False,
    scope: Annotated[
        str | None, typer.Option("--scope", help="No more than this part of the State.")
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="How long it lasts.")] = 90,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Make a token with which a program acts for you, after you give name and password."""
    import datetime

    from keiryo.people.sessions import end_session, session_of
    from keiryo.people.tokens import make_token

    if context.invoked_subcommand is not None:
        return
    if name is None:
        print(context.get_help())
        return
    books = opened(db)
    opened_session = _signed_in(books)
    now = _now()
    session = session_of(books.database, opened_session, now)
    assert session is not None, "a session that was opened a moment ago"
    try:
        text, made = make_token(
            books.database,
            session.person,
            name=name,
            abilities={"read"} if read_only else {"read", "write"},
            scope=scope,
            lifetime=datetime.timedelta(days=days),
            signing_key=session.signing_key(opened_session),
            now=now,
        )
    finally:
        end_session(books.database, session.session_id, now)
    if format_of(format_) is Format.JSON:
        show_json({"token": text, "id": made.token_id, "person": made.person})
        return
    print(f"Token {made.token_id} for {made.person}, until {made.expires_at:%Y-%m-%d}:")
    print(f"  {text}")
    print("It is shown this once. Put it into KEIRYO_TOKEN where the program runs.")


def list_tokens(
    person: Annotated[
        str | None, typer.Argument(metavar="[PERSON]", help="Pseudonym or sign-in name.")
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List the tokens of programs; what opens them is kept nowhere."""
    from keiryo.people.permissions import people
    from keiryo.people.tokens import tokens_of

    books = opened(db)
    now = _now()
    with books.database.reading() as connection:
        everybody = list(people(connection, books.database.metadata))
    rows = [
        {
            "id": one.token_id,
            "person": one.person,
            "name": one.name,
            "may": " ".join(sorted(one.abilities)),
            "scope": one.scope,
            "until": f"{one.expires_at:%Y-%m-%d}",
            "last_used": f"{one.used_at:%Y-%m-%d %H:%M}" if one.used_at else None,
            "state": "over" if one.is_over(now) else "in force",
        }
        for who in ([_person(books, person)] if person else everybody)
        for one in tokens_of(books.database, who)
    ]
    show_rows(rows, format_of(format_), empty="No token was made.")


def revoke_token(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="T-..., as the list says.")],
    db: DbOption = None,
) -> None:
    """Revoke a token: one of your own, or any as administrator."""
    from keiryo.errors import NotFoundError, RefusedError
    from keiryo.people import tokens
    from keiryo.people.gate import not_admitted
    from keiryo.people.permissions import person_of

    books = opened(db)
    actor = books.actor
    with books.database.reading() as connection:
        person = person_of(connection, books.database.metadata, actor.person)
    if person.state != "admitted":
        refusal = not_admitted(person).finding
        raise RefusedError("this is not for you to do", [refusal], refusal.advice)
    only = None if person.may_at("administer", books.state) else actor.person
    if not tokens.revoke_token(books.database, token_id, _now(), person=only):
        raise NotFoundError(
            "there is no such token in force for you to revoke", "See 'keiryo people token list'."
        )
    print(f"Revoked {token_id}.")


def roles(format_: FormatOption = None) -> None:
    """Show what each role may do."""
    from keiryo.people.model import ROLES

    rows: list[dict[str, Any]] = [
        {
            "role": role.name,
            "job": role.doc,
            "sees": "everything" if role.reads == ("*",) else ", ".join(role.reads),
            "posts": ", ".join(role.posts),
            "also": ", ".join(role.abilities),
        }
        for role in ROLES.values()
    ]
    if format_of(format_) is not Format.TABLE:
        show_rows(rows, format_of(format_))
        return
    for row in rows:
        print(f"{row['role']}: {row['job']}")
        for what in ("sees", "posts", "also"):
            if row[what]:
                print(f"  {what}: {row[what]}")


def _signed_in(books: Books) -> str:
    """Ask for name, password and second factor at the terminal; return the session's token."""
    import getpass

    from keiryo.people.sign_in import second_factor, sign_in

    name = typer.prompt("Sign-in name", err=True)
    password = getpass.getpass("Password: ")
    agent = "keiryo command line"
    found = sign_in(books.database, name, password, address=None, agent=agent, now=_now())
    if found.step == "full":
        return found.token
    code = getpass.getpass("Code of your authenticator: ")
    return second_factor(books.database, found.token, code, address=None, now=_now())


def _person(books: Books, text: str) -> str:
    """Return the pseudonym that is meant by a pseudonym or sign-in name."""
    from keiryo.errors import NotFoundError
    from keiryo.people.accounts import account_by_name
    from keiryo.people.permissions import person_of

    with books.database.reading() as connection:
        if person_of(connection, books.database.metadata, text).state != "unknown":
            return text
    found = account_by_name(books.database, text)
    if found is None:
        raise NotFoundError(f"nobody is called {text[:64]!r}", "See 'keiryo people list --all'.")
    return found.person


def _shown(grant: Any) -> str:
    under = f" under {grant.agreement}" if grant.agreement else ""
    marked = f", sees {', '.join(sorted(grant.caveats))}" if grant.caveats else ""
    return f"{grant.role} on {grant.scope}{under}{marked}"


def _done(what: str, posted: Posted) -> None:
    if posted.repeated:
        print(f"Nothing to do: so it is since act {posted.act.act_id}.")
    else:
        print(f"{what}, recorded as act {posted.act.act_id}.")


def _one_time(what: str, token: str, hours: int) -> None:
    print(f"{what}, one-time token: {token}")
    print(f"  Good for {hours} hours. Hand it to the person in a way that nobody else reads; with")
    print("  it they choose their password in the browser ('I have a one-time token').")


def _now() -> datetime.datetime:
    from keiryo.journal.posting import system_clock

    return system_clock()
