"""Commands of four eyes: what waits for release, shown word for word, returned or withdrawn.

They act for the person of the token in KEIRYO_TOKEN, who sees here what they see on the pages.
Releasing compares what was prepared with the books as they are now, and is done where that is
shown: in the browser, or by a program through the API.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.options import DbOption, Format, FormatOption, format_of, opened
from keiryo.cli.output import show_json, show_rows

if TYPE_CHECKING:
    import datetime

    from keiryo.api import Books
    from keiryo.journal.model import Actor
    from keiryo.people.model import Person
    from keiryo.people.releases import ReleaseRequest

RequestArgument = Annotated[
    str, typer.Argument(metavar="REQUEST", help="R-..., as 'release list' says.")
]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(
        help="Four eyes: what waits for release by a second person. Releasing itself is done in "
        "the browser or through the API.",
        no_args_is_help=True,
    )
    group.command("list")(list_)
    group.command()(show)
    group.command("return")(return_)
    group.command()(withdraw)
    app.add_typer(group, name="release")


def list_(
    every: Annotated[
        bool, typer.Option("--all/--waiting", help="Those too about which was decided.")
    ] = False,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List what waits for release and concerns you, the newest first."""
    from keiryo.people.accounts import names_of
    from keiryo.people.releases import WAITING, requests

    books = opened(db)
    _, person = _asking(books)
    state = None if every else WAITING
    found = requests(books.database, person, state=state, now=_now())
    people = {p for one in found for p in (one.prepared_by, one.decided_by) if p}
    names = names_of(books.database, people)
    rows = [_row(one, names) for one in found]
    empty = "No request concerns you." if every else "Nothing that concerns you waits for release."
    show_rows(rows, format_of(format_), empty=empty)


def show(request: RequestArgument, db: DbOption = None, format_: FormatOption = None) -> None:
    """Show a request: who prepared what, word for word, and whether they signed for it."""
    from keiryo.errors import RefusedError
    from keiryo.people.accounts import names_of
    from keiryo.people.gate import not_permitted
    from keiryo.people.releases import is_sound
    from keiryo.people.releases import request as request_of

    books = opened(db)
    _, person = _asking(books)
    found = request_of(books.database, person, request)
    if not person.sight.sees("reports", found.scope):
        refusal = not_permitted(found.act_kind, found.scope).finding
        raise RefusedError(
            "what was prepared is not for you to see", [refusal], "Ask who prepared it."
        )
    people = [p for p in (found.prepared_by, found.decided_by) if p]
    facts = {
        **_row(found, names_of(books.database, people)),
        "content_digest": found.content_digest,
        "signed": is_sound(books.database, found),
    }
    if format_of(format_) is Format.JSON:
        show_json({**facts, "content": found.content})
        return
    if format_of(format_) is Format.CSV:
        show_rows([facts], Format.CSV)
        return
    for name, value in facts.items():
        if value is not None:
            print(f"{name.replace('_', ' ')}: {_said(value)}")
    print("\nWhat was prepared:")
    for place, value in _leaves(found.content, ""):
        text = _said(value)
        if "\n" in text:
            print(f"  {place}:")
            print("\n".join(f"    {line}" for line in text.splitlines()))
        else:
            print(f"  {place}: {text}")


def return_(
    request: RequestArgument,
    words: Annotated[str, typer.Option("--words", help="What is to be put right.")],
    db: DbOption = None,
) -> None:
    """Return what another person prepared, saying what is to be put right."""
    from keiryo.people.releases import return_to_preparer

    books = opened(db)
    actor, person = _asking(books, deciding=True)
    done = return_to_preparer(books.database, actor, person, request, words=words, now=_now())
    print(f"Returned {done.request_id} ({done.title}) to {done.prepared_by}.")


def withdraw(
    request: RequestArgument,
    words: Annotated[str | None, typer.Option("--words", help="Why.")] = None,
    db: DbOption = None,
) -> None:
    """Withdraw what you prepared yourself."""
    from keiryo.people import releases

    books = opened(db)
    actor, person = _asking(books, deciding=True)
    done = releases.withdraw(books.database, actor, person, request, words=words, now=_now())
    print(f"Withdrawn {done.request_id} ({done.title}).")


def _asking(books: Books, *, deciding: bool = False) -> tuple[Actor, Person]:
    """Return whom the token stands for, with no more than it allows.

    Raises
    ------
    UsageError
        If there is no token, or it may not do this.
    SignInError
        If it is not good (any more).
    """
    import os

    from keiryo.errors import UsageError
    from keiryo.people.authority import acting
    from keiryo.people.errors import SignInError
    from keiryo.people.tokens import admitted_token_of

    token = os.environ.get("KEIRYO_TOKEN", "").strip()
    if not token:
        raise UsageError(
            "whose release is it? What waits is shown to the people whom it concerns",
            "Put a token into KEIRYO_TOKEN; 'keiryo people token --name NAME' makes one. Books of "
            "a single user know no release.",
        )
    found = admitted_token_of(books.database, token, _now())
    if found is None:
        raise SignInError(
            "this token is not good (any more)",
            "Make a new one in the browser or with 'keiryo people token --name NAME'.",
        )
    kept, person = found
    if not kept.abilities & ({"write"} if deciding else {"read", "write"}):
        may = "may not decide anything" if deciding else "reads no books"
        raise UsageError(f"this token {may}", "Use one that may.")
    return acting(books.state, kept, person, token)


def _row(one: ReleaseRequest, names: Mapping[str, str]) -> dict[str, Any]:
    """Return a request as a row, with people by name and pseudonym."""
    return {
        "request": one.request_id,
        "title": one.title,
        "kind": one.act_kind,
        "scope": one.scope,
        "state": one.state,
        "prepared_by": _called(one.prepared_by, names),
        "prepared_at": f"{one.prepared_at:%Y-%m-%d %H:%M}",
        "decided_by": _called(one.decided_by, names) if one.decided_by else None,
        "decided_at": f"{one.decided_at:%Y-%m-%d %H:%M}" if one.decided_at else None,
        "words": one.words,
        "act": one.act_id,
    }


def _called(person: str, names: Mapping[str, str]) -> str:
    name = names.get(person, person)
    return person if name == person else f"{name} ({person})"


def _said(value: object) -> str:
    said = {None: "none", True: "yes", False: "no"}
    return said[value] if value is None or isinstance(value, bool) else str(value)


def _leaves(value: object, place: str) -> Iterator[tuple[str, object]]:
    """Yield each value of the content with the way to it; what is empty is one, too."""
    inside: list[tuple[str, object]] = []
    if isinstance(value, Mapping):
        inside = [(str(name), one) for name, one in value.items()]
    elif isinstance(value, list):
        inside = [(str(number), one) for number, one in enumerate(value, 1)]
    if not inside:
        yield place or "content", "nothing" if value in ({}, []) else value
    for name, one in inside:
        yield from _leaves(one, f"{place} {name}".strip())


def _now() -> datetime.datetime:
    from keiryo.journal.posting import system_clock

    return system_clock()
