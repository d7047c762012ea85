"""What waits for release at the command line: listed, shown word for word, returned, withdrawn."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from keiryo.cli.app import app
from keiryo.cli.options import Given
from keiryo.errors import ConflictError, KeiryoError, NotFoundError, RefusedError, UsageError
from keiryo.journal.model import Actor
from keiryo.people import releases
from keiryo.people.administration import GrantWanted
from keiryo.people.errors import SignInError
from keiryo.people.keys import SigningKey
from keiryo.people.releases import ReleaseRequest
from keiryo.people.tokens import make_token
from people.people_of_state import FABRICATION, REACTOR, People, empty_areas, now

CONTENT = {"text": "001:OI/117#\n002:1/1#\n", "notes": ["核物質", "a"], "copy": None, "no": []}


class Desk:
    """People of a State at the command line, each with a token of their own."""

    def __init__(self, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.place, self.monkeypatch = place, monkeypatch
        self.people = People(empty_areas(place))
        self.database = self.people.database
        self.accountant = self.people.accountant()
        self.officer = self.people.officer()
        self.act_for(self.accountant)

    def submit(self, title: str = "XAFA report 117", **content: Any) -> ReleaseRequest:
        return releases.submit(
            self.database,
            self.accountant,
            act_kind="report.issue",
            scope=FABRICATION,
            title=title,
            content={**CONTENT, **content},
            now=now(),
        )

    def act_for(self, actor: Actor, *abilities: str, scope: str | None = None) -> None:
        """Let commands act for somebody."""
        assert isinstance(actor.signer, SigningKey)
        token, _ = make_token(
            self.database,
            actor.person,
            name="terminal",
            abilities=abilities or ("read", "write"),
            scope=scope,
            lifetime=timedelta(days=1),
            signing_key=actor.signer,
            now=now(),
        )
        self.monkeypatch.setenv("KEIRYO_TOKEN", token)

    def run(self, *arguments: str) -> str:
        """Return what a command prints; what it refuses is raised as at the real root."""
        self.monkeypatch.setenv("KEIRYO_DB", self.place)
        Given.db = Given.format = None
        result = CliRunner().invoke(app, ["release", *arguments])
        if isinstance(result.exception, KeiryoError):
            raise result.exception
        assert result.exit_code == 0, (result.output, result.exception)
        return result.stdout

    def state(self, asked: ReleaseRequest) -> tuple[str, str | None]:
        person = self.people.known(self.accountant)
        found = releases.request(self.database, person, asked.request_id)
        return found.state, found.words


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    made = Desk(str(tmp_path / "books.sqlite"), monkeypatch)
    yield made
    made.database.close()


def test_what_waits(desk: Desk) -> None:
    assert "Nothing that concerns you waits" in desk.run("list")
    first, second = desk.submit(), desk.submit("XAFA report 118", no=[1])
    desk.act_for(desk.officer)
    rows = json.loads(desk.run("list", "--format", "json"))
    assert {row["request"] for row in rows} == {first.request_id, second.request_id}
    assert rows[0]["prepared_by"] == f"Accountant ({desk.accountant.person})"
    assert rows[0]["state"] == "waiting" and rows[0]["act"] is None
    desk.run("return", first.request_id, "--words", "Weigh it again.")
    assert first.request_id not in desk.run("list")
    assert "Weigh it again." in desk.run("list", "--all", "--format", "csv")
    desk.act_for(desk.people.officer("elsewhere", REACTOR))
    assert json.loads(desk.run("list", "--all", "--format", "json")) == []
    with pytest.raises(NotFoundError):
        desk.run("show", first.request_id)


def test_word_for_word(desk: Desk) -> None:
    asked = desk.submit()
    for reader in (desk.accountant, desk.officer):
        desk.act_for(reader, "read")
        told = desk.run("show", asked.request_id)
        for words in (
            "signed: yes",
            "    001:OI/117#\n    002:1/1#",
            "notes 1: 核物質",
            "no: nothing",
        ):
            assert words in told, words
        shown = json.loads(desk.run("show", asked.request_id, "--format", "json"))
        assert shown["content"] == CONTENT and shown["signed"] is True
        assert shown["content_digest"] == asked.content_digest
    table = desk.database.metadata.tables["release_request"]
    with desk.database.writing() as connection:
        connection.execute(table.update().values(content='{"content":{"text":"another"}}'))
    assert "signed: no" in desk.run("show", asked.request_id)


def test_who_prepares_without_reading(desk: Desk) -> None:
    """Whoever may post about a place and sees no reports of it is told that one waits, not what."""
    cooperation = GrantWanted("cooperation officer", FABRICATION)
    asked = releases.submit(
        desk.database,
        desk.people.admit("goro", cooperation),
        act_kind="notice.give",
        scope=FABRICATION,
        title="a notice",
        content=CONTENT,
        now=now(),
    )
    desk.act_for(desk.people.admit("kei", cooperation))
    assert asked.request_id in desk.run("list", "--format", "csv")
    with pytest.raises(RefusedError, match="not for you to see"):
        desk.run("show", asked.request_id)


def test_returned(desk: Desk) -> None:
    asked = desk.submit()
    with pytest.raises(UsageError, match="yourself"):
        desk.run("return", asked.request_id, "--words", "no")
    desk.act_for(desk.people.accountant("colleague"))
    with pytest.raises(RefusedError):
        desk.run("return", asked.request_id, "--words", "no")
    desk.act_for(desk.officer)
    with pytest.raises(UsageError, match="put right"):
        desk.run("return", asked.request_id, "--words", " ")
    assert desk.state(asked) == ("waiting", None)
    told = desk.run("return", asked.request_id, "--words", "計量誤り")
    assert desk.accountant.person in told and desk.state(asked) == ("returned", "計量誤り")
    with pytest.raises(ConflictError, match="was returned by Officer"):
        desk.run("return", asked.request_id, "--words", "again")


def test_withdrawn(desk: Desk) -> None:
    asked = desk.submit()
    desk.act_for(desk.officer)
    with pytest.raises(NotFoundError, match="you have no request"):
        desk.run("withdraw", asked.request_id)
    desk.act_for(desk.accountant)
    assert "XAFA report 117" in desk.run("withdraw", asked.request_id, "--words", "wrong month")
    assert desk.state(asked) == ("withdrawn", "wrong month")


def test_a_token_does_no_more_than_it_may(desk: Desk) -> None:
    asked = desk.submit()
    decisions = (
        (desk.officer, ("return", asked.request_id, "--words", "no")),
        (desk.accountant, ("withdraw", asked.request_id)),
    )
    for actor, command in decisions:
        desk.act_for(actor, "read")
        with pytest.raises(UsageError, match="may not decide"):
            desk.run(*command)
        desk.act_for(actor, "metrics")
        with pytest.raises(UsageError, match="reads no books"):
            desk.run("list")
    for abilities in (("read",), ("read", "write")):
        desk.act_for(desk.officer, *abilities, scope=REACTOR)
        assert json.loads(desk.run("list", "--format", "json")) == []
    with pytest.raises(NotFoundError):
        desk.run("return", asked.request_id, "--words", "no")
    desk.monkeypatch.setenv("KEIRYO_TOKEN", "keiryo_" + "x" * 43)
    with pytest.raises(SignInError):
        desk.run("list")
    desk.monkeypatch.delenv("KEIRYO_TOKEN")
    with pytest.raises(UsageError, match="whose release"):
        desk.run("list")
    assert desk.state(asked) == ("waiting", None)
