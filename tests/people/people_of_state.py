"""People of a State for tests: each signs with a key of their own, and none has a password.

Passwords cost time on purpose; whoever needs none here registers a key directly.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from sqlalchemy import insert

import keiryo
from keiryo.api import Books
from keiryo.errors import RefusedError
from keiryo.journal.model import Actor, Draft, Posted
from keiryo.journal.posting import post
from keiryo.people import administration
from keiryo.people.administration import GrantWanted
from keiryo.people.keys import SigningKey
from keiryo.people.model import Person
from keiryo.people.permissions import person_of
from keiryo.people.tables import (
    PERSON_KEY,
    PERSON_STATE,
    RELEASE_POLICY,
    RELEASE_REQUEST,
    ROLE_GRANT,
)
from keiryo.reports.service import import_reports
from keiryo.storage.engine import Database

PASSWORD = "granite otter 47 lantern"
AREAS = ("XAFA", "XARA", "XALA")
FABRICATION, REACTOR = "XA/XAF-/XAFA", "XA/XAR-/XARA"


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def demonstration_texts() -> tuple[list[tuple[str, bytes]], tuple[str, bytes]]:
    """Return the reports of 2025 of State XA, and what came before them."""
    folder = files("keiryo.data").joinpath("state_xa")
    texts = [(f"{mba}.txt", folder.joinpath(f"{mba}.txt").read_bytes()) for mba in AREAS]
    return texts, ("context.json", folder.joinpath("context.json").read_bytes())


def demonstration_books(url: str) -> Books:
    """Return the books of State XA with its reports, before anybody is admitted."""
    books = keiryo.init(url, "XA")
    texts, context = demonstration_texts()
    import_reports(books.database, texts, books.actor, context=context)
    return books


def empty_areas(url: str) -> Books:
    """Return the books of State XA with areas and nothing in them."""
    books = keiryo.init(url, "XA")
    draft = Draft("place.register", "areas")
    for facility, mba in (("XAF-", "XAFA"), ("XAR-", "XARA")):
        scope = f"XA/{facility}/{mba}"
        draft.add("material_balance_area", area_line(mba, facility), scope=scope)
    books.post(draft)
    return books


def area_line(mba: str, facility: str) -> dict[str, Any]:
    """Return the line that registers an area, but for its scope."""
    return {
        "state": "XA",
        "facility": facility,
        "mba": mba,
        "mba_type": "bulk",
        "batch_follow_up": 0,
        "zone": "UTC",
    }


class People:
    """The people of some books, and what they do."""

    def __init__(self, books: Books) -> None:
        self.database: Database = books.database
        self.state = books.state
        self.administrator = self._first()

    def _first(self) -> Actor:
        """Admit an administrator the short way, without a password."""
        key = SigningKey.new()
        actor = Actor("P-ADMIN", self.state, key)
        draft = Draft("person.admit", "first")
        for kind, values in (
            (PERSON_STATE.name, {"person": "P-ADMIN", "state": "admitted"}),
            (PERSON_KEY.name, {"person": "P-ADMIN", "key": key.key, "state": "registered"}),
            (RELEASE_POLICY.name, {"act_kind": "report.issue", "state": "four eyes"}),
            (RELEASE_POLICY.name, {"act_kind": "correction.plan", "state": "four eyes"}),
        ):
            draft.add(kind, values, scope=self.state)
        grant = {"role": "administrator", "granted_scope": self.state, "state": "granted"}
        draft.add(ROLE_GRANT.name, grant, person="P-ADMIN", scope=self.state)
        post(self.database, draft, actor)
        return actor

    def admit(self, name: str, *grants: GrantWanted) -> Actor:
        """Admit a person who signs."""
        person, _ = administration.admit(
            self.database,
            self.administrator,
            sign_in_name=name,
            display_name=name.title(),
            grants=grants,
            now=now(),
        )
        key = SigningKey.new()
        administration.register_first_key(self.database, self.state, person, key, now())
        return Actor(person, self.state, key)

    def accountant(self, name: str = "accountant", scope: str = FABRICATION) -> Actor:
        """Admit a facility accountant."""
        return self.admit(name, GrantWanted("facility accountant", scope))

    def officer(self, name: str = "officer", scope: str = "XA") -> Actor:
        """Admit a State officer."""
        return self.admit(name, GrantWanted("State officer", scope))

    def releasing(self, by: Actor, line: Mapping[str, Any]) -> None:
        """Let somebody be releasing, in this moment, what a line of an act says."""
        row = {
            "request_id": str(uuid.uuid4()),
            "act_kind": "report.issue",
            "title": "t",
            "content": "{}",
            "state": "releasing",
            "decided_by": by.person,
            "decided_at": "2026-01-01T00:00:00.000000Z",
            **line,
        }
        table = self.database.metadata.tables[RELEASE_REQUEST]
        with self.database.writing() as connection:
            connection.execute(insert(table).values(row))

    def known(self, actor: Actor) -> Person:
        """Return the person as the record knows them."""
        with self.database.reading() as connection:
            return person_of(connection, self.database.metadata, actor.person)

    def post(self, actor: Actor, kind: str, *lines: tuple[str, Mapping[str, Any]]) -> Posted:
        """Post an act."""
        draft = Draft(kind, str(uuid.uuid4()))
        for name, values in lines:
            draft.add(name, values)
        return post(self.database, draft, actor)

    def refused(self, actor: Actor, kind: str, *lines: tuple[str, Mapping[str, Any]]) -> list[str]:
        """Return the codes of the findings because of which an act is refused."""
        try:
            self.post(actor, kind, *lines)
        except RefusedError as error:
            return sorted(finding.code for finding in error.findings)
        raise AssertionError(f"{kind} was not refused")
