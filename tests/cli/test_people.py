"""People at the command line: set-up, roles, tokens, and whose signature a command bears."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import keiryo
from keiryo.api import Books
from keiryo.cli.app import app
from keiryo.cli.options import Given
from keiryo.errors import KeiryoError, RefusedError
from keiryo.journal.model import Actor
from keiryo.people import administration, keys
from keiryo.people.errors import SignInError
from keiryo.people.keys import SigningKey
from keiryo.people.sign_in import sign_in
from keiryo.people.tokens import make_token
from people.people_of_state import PASSWORD, People, demonstration_books, now


@pytest.fixture(autouse=True)
def cheap_argon2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "ARGON2_TIME", 1)
    monkeypatch.setattr(keys, "ARGON2_MEMORY_KIB", 32)


class Terminal:
    """Runs commands in this process, as the holder of a token or as nobody."""

    def __init__(self, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.place, self.monkeypatch = place, monkeypatch

    def act_for(self, books: Books, actor: Actor, **more: Any) -> str:
        given: dict[str, Any] = {"abilities": {"read", "write"}, "scope": None}
        assert isinstance(actor.signer, SigningKey)
        token, _ = make_token(
            books.database,
            actor.person,
            name="terminal",
            lifetime=timedelta(days=1),
            signing_key=actor.signer,
            now=now(),
            **(given | more),
        )
        self.monkeypatch.setenv("KEIRYO_TOKEN", token)
        return token

    def run(self, *arguments: object, typed: str | None = None) -> str:
        """Return what a command prints; what it refuses is raised as at the real root."""
        self.monkeypatch.setenv("KEIRYO_DB", self.place)
        Given.db = Given.format = None
        result = CliRunner().invoke(app, list(map(str, arguments)), input=typed)
        if isinstance(result.exception, KeiryoError):
            raise result.exception
        assert result.exit_code == 0, (result.output, result.exception)
        return result.stdout

    def answer(self, *arguments: object) -> Any:
        return json.loads(self.run(*arguments, "--format", "json"))


@pytest.fixture
def place(tmp_path: Path) -> str:
    return str(tmp_path / "books.sqlite")


@pytest.fixture
def terminal(place: str, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(place, monkeypatch)


@pytest.fixture
def books(place: str) -> Iterator[Books]:
    made = demonstration_books(place)
    yield made
    made.disconnect()


def codes(error: pytest.ExceptionInfo[RefusedError]) -> set[str]:
    return {finding.code for finding in error.value.findings}


def last_act(books: Books) -> dict[str, Any]:
    with books.database.reading() as connection:
        query = (
            "SELECT act.act_id, act.kind, act.person, signature.key FROM act "
            "LEFT JOIN signature ON signature.act_id = act.act_id ORDER BY act.act_id DESC"
        )
        return dict(connection.exec_driver_sql(query).mappings().first() or {})


def test_from_the_first_token_to_signed_work(
    terminal: Terminal, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "single user" in terminal.run("people", "list")
    told = terminal.run("people", "first-token")
    token = told.splitlines()[0].removeprefix("One-time token: ")
    administration.first_administrator(
        books.database,
        "XA",
        token,
        sign_in_name="hanako",
        display_name="佐藤 花子",
        password=PASSWORD,
        now=now(),
    )
    with pytest.raises(KeiryoError, match="administrator already"):
        terminal.run("people", "first-token")
    admit = ("people", "admit", "taro", "--name", "Taro Mori", "--role", "facility accountant")
    with pytest.raises(RefusedError) as refused:
        terminal.run(*admit, "--scope", "XA/XAF-/XAFA")
    assert codes(refused) == {"PERSON-NOT-ADMITTED"}

    monkeypatch.setattr("getpass.getpass", lambda _prompt: PASSWORD)
    made = terminal.run("people", "token", "--name", "laptop", typed="Hanako\n")
    mine = next(line.strip() for line in made.splitlines() if "keiryo_" in line)
    assert PASSWORD not in made
    monkeypatch.setenv("KEIRYO_TOKEN", f"{mine}\n")
    answer = terminal.answer(*admit, "--scope", "XA/XAF-/XAFA")
    administration.accept_invitation(
        books.database, "XA", answer["invitation"], password=PASSWORD, now=now()
    )
    act = last_act(books)
    assert act["kind"] == "key.register" and act["key"]

    listed = {row["sign_in_name"]: row for row in terminal.answer("people", "list")}
    assert listed["taro"]["roles"] == "facility accountant on XA/XAF-/XAFA"
    assert listed["hanako"]["name"] == "佐藤 花子"
    tokens = terminal.answer("people", "token", "list", "hanako")
    assert [(row["name"], row["state"]) for row in tokens] == [("laptop", "in force")]
    assert mine not in terminal.run("people", "token", "list")
    assert "Revoked" in terminal.run("people", "token", "revoke", tokens[0]["id"])
    with pytest.raises(SignInError):
        terminal.run("people", "suspend", "taro")


def test_a_wrong_password_makes_no_token(
    terminal: Terminal, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    People(books)
    monkeypatch.setattr("getpass.getpass", lambda _prompt: "not it")
    with pytest.raises(SignInError):
        terminal.run("people", "token", "--name", "laptop", typed="nobody\n")
    assert "Usage" in terminal.run("people", "token")


def test_every_posting_command_bears_the_signature_of_the_token(
    terminal: Terminal, books: Books
) -> None:
    unsigned = books.close("XAFA").act
    people = People(books)
    officer, accountant = people.officer(), people.accountant()
    with pytest.raises(RefusedError) as refused:
        terminal.run("close", "XARA")
    assert codes(refused) == {"PERSON-NOT-ADMITTED"}
    terminal.act_for(books, accountant)
    with pytest.raises(RefusedError) as refused:
        terminal.run("close", "XARA")
    assert codes(refused) == {"NOT-PERMITTED"}
    terminal.act_for(books, officer, abilities={"read"})
    with pytest.raises(RefusedError) as refused:
        terminal.run("close", "XARA")
    assert codes(refused) == {"NOT-SIGNED"}
    terminal.act_for(books, officer, scope="XA/XAF-")
    with pytest.raises(RefusedError) as refused:
        terminal.run("close", "XARA")
    assert codes(refused) == {"NOT-PERMITTED"}
    terminal.act_for(books, officer)
    terminal.run("close", "XARA")
    act = last_act(books)
    assert (act["kind"], act["person"]) == ("period.close", officer.person)
    assert officer.signer is not None and act["key"] == officer.signer.key
    assert act["act_id"] > unsigned.act_id
    assert "Sound" in terminal.run("verify")
    # The Python face does the same.
    with keiryo.open(terminal.place) as again:
        assert again.actor == Actor(officer.person, "XA") and again.actor.signer is not None


def test_a_token_does_not_matter_before_people_are_set_up(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEIRYO_TOKEN", "keiryo_" + "x" * 43)
    books = keiryo.init(terminal.place, "XA")
    assert books.actor.signer is None
    people = People(books)
    with pytest.raises(SignInError):
        _ = keiryo.open(terminal.place).actor
    assert people.known(people.administrator).state == "admitted"
    books.disconnect()


def test_the_administrator_administers(terminal: Terminal, books: Books) -> None:
    people = People(books)
    people.officer("officer")
    terminal.act_for(books, people.administrator)
    role = ("--role", "auditor", "--scope", "XA")
    assert terminal.run("people", "grant", "officer", *role).startswith("Granted, recorded as act")
    assert terminal.run("people", "grant", "Officer", *role).startswith("Nothing to do")
    assert last_act(books)["key"]
    with pytest.raises(RefusedError) as refused:
        terminal.run("people", "grant", "P-ADMIN", *role)
    assert codes(refused) == {"OWN-GRANT"}
    for command in ("withdraw", "suspend", "readmit"):
        more = role if command == "withdraw" else ()
        assert "recorded as act" in terminal.run("people", command, "officer", *more)
    assert "Reset, one-time token" in terminal.run("people", "reset", "officer")
    assert terminal.answer("people", "keys", "officer") == []
    mine = terminal.answer("people", "keys")
    assert [row["person"] for row in mine] == ["P-ADMIN"]
    with pytest.raises(RefusedError) as refused:
        terminal.run("people", "keys", "P-ADMIN", "--revoke", mine[0]["key"])
    assert codes(refused) == {"LAST-ADMINISTRATOR"}
    terminal.run("people", "policy", "report.issue", "--two-eyes")
    policies = {row["kind"]: row["released"] for row in terminal.answer("people", "policy")}
    assert policies == {
        "report.issue": "two eyes",
        "correction.plan": "four eyes",
        "report.accept": "two eyes",
    }
    assert "Has left" in terminal.run("people", "leave", "officer", "--erase")
    with pytest.raises(KeiryoError, match="nobody is called"):
        terminal.run("people", "suspend", "officer")
    states = {row["state"] for row in terminal.answer("people", "list", "--all")}
    assert states == {"admitted", "left"}


def test_names_are_changed(terminal: Terminal, books: Books) -> None:
    people = People(books)
    accountant = people.accountant()
    people.officer()
    before = last_act(books)
    terminal.act_for(books, accountant, abilities={"read"})
    with pytest.raises(RefusedError) as refused:
        terminal.run("people", "rename", "accountant", "--name", "Aiko Mori")
    assert codes(refused) == {"NOT-SIGNED"}
    terminal.act_for(books, accountant)
    assert "Aiko Mori" in terminal.run("people", "rename", "accountant", "--name", "Aiko Mori")
    with pytest.raises(RefusedError) as refused:
        terminal.run("people", "rename", "officer", "--name", "Somebody")
    assert codes(refused) == {"NOT-PERMITTED"}
    with pytest.raises(RefusedError) as refused:
        terminal.run("people", "rename", accountant.person, "--name", "officer")
    assert codes(refused) == {"DISPLAY-NAME-TAKEN"}
    terminal.act_for(books, people.administrator)
    terminal.run("people", "rename", "officer", "--name", "田中 千恵")
    listed = {row["sign_in_name"]: row["name"] for row in terminal.answer("people", "list")}
    assert (listed["accountant"], listed["officer"]) == ("Aiko Mori", "田中 千恵")
    assert last_act(books) == before


def test_requests_that_make_no_sense(terminal: Terminal, books: Books) -> None:
    people = People(books)
    terminal.act_for(books, people.administrator)
    for wrong in (
        ("policy", "report.issue"),
        ("policy", "--four-eyes"),
        ("keys", "--revoke", "00"),
        ("token", "revoke", "T-none"),
    ):
        with pytest.raises(KeiryoError):
            terminal.run("people", *wrong)


def test_roles_need_no_books(terminal: Terminal) -> None:
    told = terminal.run("people", "roles")
    assert "facility accountant" in told and "show them no material data" in told
    assert {row["role"] for row in terminal.answer("people", "roles")} >= {"auditor", "inspector"}


def test_who_signs_in_at_the_terminal_leaves_no_session(
    terminal: Terminal, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = administration.first_token(books.database, now())
    assert token is not None
    administration.first_administrator(
        books.database,
        "XA",
        token,
        sign_in_name="hanako",
        display_name="Hanako",
        password=PASSWORD,
        now=now(),
    )
    monkeypatch.setattr("getpass.getpass", lambda _prompt: PASSWORD)
    terminal.run("people", "token", "--name", "x", "--read-only", typed="hanako\n")
    with books.database.reading() as connection:
        query = "SELECT count(*) FROM web_session WHERE ended_at IS NULL"
        assert connection.exec_driver_sql(query).scalar() == 0
    assert sign_in(books.database, "hanako", PASSWORD, address=None, agent=None, now=now()).token
