"""The people of the demonstration State, each admitted and invited as people are, and the server.

Passwords are made for this one run and printed once: there is none that everybody knows.
"""

from __future__ import annotations

import secrets
import socket
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from keiryo.cli.options import Format
from keiryo.cli.output import show_rows

if TYPE_CHECKING:
    from keiryo.api import Books

MEMBERS = (
    ("officer", "Chie Tanaka", "State officer", None),
    ("officer2", "Daniel Ono", "State officer", None),
    ("accountant", "Aiko Mori", "facility accountant", "XAFA"),
    ("cooperation", "Tomas Berg", "cooperation officer", None),
    ("inspector", "Elena Ruiz", "inspector", None),
)
"""Sign-in name, name, role, and the area where the role is not on the whole State."""

_SYLLABLES = [consonant + vowel for consonant in "bdgkmn" for vowel in "aeiou"]
FIRST_PORT, PORTS = 8710, 20


def password() -> str:
    """Return a password that can be read aloud: some 59 bits by chance."""
    words = ["".join(secrets.choice(_SYLLABLES) for _ in range(3)) for _ in range(4)]
    return "-".join(words)


def admit_people(books: Books) -> dict[str, str]:
    """Set up the first administrator, who admits the others; return passwords by name."""
    from keiryo.journal.model import Actor
    from keiryo.people.accounts import signing_key_by_password
    from keiryo.people.administration import GrantWanted, admit
    from keiryo.people.joining import accept_invitation, first_administrator, first_token
    from keiryo.places.tables import areas

    database, state = books.database, books.state
    with database.reading() as connection:
        scopes = {code: area.scope for code, area in areas(connection, database.metadata).items()}
    now = datetime.now(UTC)
    token = first_token(database, now)
    assert token is not None
    given = {"administrator": password()}
    first = first_administrator(
        database,
        state,
        token,
        sign_in_name="administrator",
        display_name="Hana Kudo",
        password=given["administrator"],
        now=now,
    )
    key = signing_key_by_password(database, first.person, given["administrator"])
    actor = Actor(first.person, state, key)
    rows = [{"sign in as": "administrator", "password": given["administrator"]}]
    rows[0] |= {"name": "Hana Kudo", "role": "administrator"}
    for name, shown, role, area in MEMBERS:
        wanted = GrantWanted(role, scopes[area] if area else state)
        _, invitation = admit(
            database,
            actor,
            sign_in_name=name,
            display_name=shown,
            grants=[wanted],
            now=datetime.now(UTC),
        )
        given[name] = password()
        now = datetime.now(UTC)
        accept_invitation(database, state, invitation, password=given[name], now=now)
        where = f"{role} of {area}" if area else role
        rows.append({"sign in as": name, "password": given[name], "name": shown, "role": where})
    show_rows(rows, Format.TABLE)
    return given


def free_port() -> int:
    """Return the first free port from 8710 on."""
    for port in range(FIRST_PORT, FIRST_PORT + PORTS):
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    return 0


def serve_in_background(place: str, ending: str | None = None) -> None:
    """Start the server of the demonstration's books and say where it is, and what ends it."""
    from keiryo.cli.background import start_in_background
    from keiryo.web.settings import read_settings

    settings = read_settings(place, port=free_port() or FIRST_PORT)
    settings = replace(settings, security_stores=None)  # no sealed store is shown to strangers
    start_in_background(settings, None, ending=ending)


def end_server(place: str) -> bool:
    """End a server that still serves an earlier demonstration at a place; return if one did."""
    from keiryo.cli.background import end_in_background

    return end_in_background(place)
