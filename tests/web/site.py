"""A site to test: the books of State XA with people in every role, asked in process or by browser.

The books are made once for each test process and copied for each test, templates are translated to
Python once, routes are put together once; nobody types a password, sessions are opened directly.
"""

from __future__ import annotations

import atexit
import contextlib
import datetime
import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import uvicorn
from jinja2.bccache import Bucket, BytecodeCache
from litestar.testing import TestClient

import keiryo
from keiryo.cli.demo import AREAS
from keiryo.evaluation.recording import record_evaluations
from keiryo.journal.model import Actor, Draft
from keiryo.journal.posting import post
from keiryo.measurement.intake import import_table
from keiryo.people.accounts import make_account
from keiryo.people.keys import SigningKey
from keiryo.people.sessions import form_token, open_session
from keiryo.reports.service import import_reports
from keiryo.storage.engine import Database
from keiryo.web.app import create_app
from keiryo.web.settings import Settings
from web.routed_once import shared_routes

NOW = datetime.datetime(2026, 1, 10, 9, 30, tzinfo=datetime.UTC)
PEOPLE: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "accountant": ("Aiko Mori", (("facility accountant", "XA/XAF-/XAFA"),)),
    "accountant2": ("Ben Sato", (("facility accountant", "XA/XAF-/XAFA"),)),
    "officer": ("Chie Tanaka", (("State officer", "XA"),)),
    "officer2": ("Daniel Ono", (("State officer", "XA"),)),
    "inspector": ("Elena Ruiz", (("inspector", "XA"),)),
    "security": ("Fumi Abe", (("security officer", "XA"),)),
    "cooperation": ("Goro Ito", (("cooperation officer", "XA"),)),
    "administrator": ("Hana Kudo", (("administrator", "XA"),)),
    "auditor": ("Ichiro Endo", (("auditor", "XA"),)),
    "port": ("Jun Kato", (("port officer", "XA"),)),
    "expert": ("Kei Wada", (("detection expert", "XA"),)),
    "headquarters": ("Lena Oda", (("detection headquarters", "XA"),)),
}
"""Who there is, by sign-in name: display name, and role by scope."""


@cache
def demonstration_books() -> Path:
    """Return books of State XA, closed, measured and evaluated; to be copied, not used."""
    folder = Path(mkdtemp(prefix="keiryo-site-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    place = folder / "books.sqlite"
    books = keiryo.init(place, "XA", person="P-DEMO2345")
    data = files("keiryo.data").joinpath("state_xa")
    texts = [(f"{mba}.txt", data.joinpath(f"{mba}.txt").read_bytes()) for mba in AREAS]
    context = ("context.json", data.joinpath("context.json").read_bytes())
    import_reports(books.database, texts, books.actor, context=context)
    for mba in AREAS:
        books.close(mba)
    for form in ("calibrations", "controls", "sources", "strata", "results"):
        name = f"{form}.csv"
        import_table(books.database, books.actor, form, name, data.joinpath(name).read_bytes())
    record_evaluations(books.database, "XAFA", books.actor, category="E")
    books.disconnect()
    return place


class Templates(BytecodeCache):
    """What Jinja made of templates, for all sites of this process: as one server keeps it."""

    def __init__(self) -> None:
        self.made: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what was made of the same source before."""
        bucket.code = self.made.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it."""
        self.made[bucket.key, bucket.checksum] = bucket.code


TEMPLATES = Templates()


@dataclass
class Member:
    """Somebody with an account."""

    name: str
    person: str
    key: SigningKey


@dataclass
class Site:
    """A site under test."""

    database: Database
    settings: Settings
    members: dict[str, Member]
    now: list[datetime.datetime] = field(default_factory=lambda: [NOW])

    def clock(self) -> datetime.datetime:
        """Return the time at the site; tests move it on."""
        return self.now[0]

    @property
    def app(self) -> Any:
        """The application, made once."""
        if not hasattr(self, "_app"):
            with shared_routes():
                self._app = create_app(self.settings, now=self.clock)
            self._app.state.pages.environment.bytecode_cache = TEMPLATES
        return self._app

    def actor(self, name: str) -> Actor:
        """Return a member as the one who acts."""
        member = self.members[name]
        return Actor(member.person, "XA", member.key)

    def session(self, name: str, *, step: str = "full") -> str:
        """Sign a member in and return what the cookie holds."""
        member = self.members[name]
        return open_session(
            self.database,
            member.person,
            signing_key=member.key,
            step=step,
            address="127.0.0.1",
            agent="test",
            now=self.clock(),
        )

    @contextlib.contextmanager
    def client(self, name: str | None = None) -> Iterator[Client]:
        """Give a client; signed in as a member, or as nobody."""
        yield Client(self, "" if name is None else self.session(name))

    @property
    def inner(self) -> Any:
        """The application in this process, started when it is first asked."""
        if not hasattr(self, "_inner"):
            self._inner = TestClient(self.app, base_url="http://127.0.0.1:8710")
            self._inner.__enter__()
            self._inner.follow_redirects = False
        return self._inner

    def close(self) -> None:
        """End everything."""
        if hasattr(self, "_inner"):
            self._inner.__exit__(None, None, None)
        self.database.close()


@dataclass
class Client:
    """A browser without a picture; it keeps the cookies that it is given."""

    site: Site
    token: str
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.token:
            self.cookies["keiryo_session"] = self.token

    def request(self, method: str, path: str, **more: Any) -> Any:
        """Ask for something; redirects are not followed."""
        inner = self.site.inner
        inner.cookies.clear()
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        answer = inner.request(method, path, headers={**headers, **more.pop("headers", {})}, **more)
        self.cookies.update(answer.cookies)
        inner.cookies.clear()
        return answer

    def get(self, path: str, **more: Any) -> Any:
        """Load a page."""
        return self.request("GET", path, **more)

    def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> Any:
        """Send a form, with its token."""
        token = self.cookies.get("keiryo_session") or self.cookies.get("keiryo_visitor") or ""
        filled = {"_form_token": form_token(token) if token else "", **(data or {})}
        return self.request("POST", path, data=filled, **more)


def make_site(place: str | Path, **settings: Any) -> Site:
    """Return a site over books that nobody was admitted to yet; everybody is admitted now."""
    books = keiryo.open(place, person="P-DEMO2345")
    database = books.database
    with database.reading() as connection:
        table = database.metadata.tables["material_balance_area"]
        rows = connection.execute(table.select()).mappings().all()
        facility = next((row["facility"] for row in rows if row["mba"] == "XAFA"), "XAF-")
    draft = Draft("person.admit", "site:people", reason="people of the test site")
    members = {}
    for number, (name, (_, grants)) in enumerate(PEOPLE.items()):
        person = f"P-{'ABCDEFGHJKLMN'[number] * 8}"
        members[name] = Member(name, person, SigningKey.new())
        draft.add("person_state", scope="XA", person=person, state="admitted")
        for role, scope in grants:
            draft.add(
                "role_grant",
                scope="XA",
                person=person,
                role=role,
                granted_scope=scope.replace("/XAF-/", f"/{facility}/"),
                granted_caveats="*" if role == "auditor" else None,
                state="granted",
            )
        key = members[name].key.key
        draft.add("person_key", scope="XA", person=person, key=key, state="registered")
    admin = members["administrator"]
    post(database, draft, Actor(admin.person, "XA", admin.key))
    with database.writing() as connection:
        for name, (shown, _) in PEOPLE.items():
            make_account(connection, database.metadata, members[name].person, name, shown, NOW)
    return Site(database, Settings(str(place), **settings), members)


@contextlib.contextmanager
def serving(site: Site) -> Iterator[str]:
    """Serve a site on a free port of this machine and give its address."""
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    config = uvicorn.Config(site.app, port=port, log_level="warning", lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    for _ in range(200):
        if server.started:
            break
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)


def copy_of(place: Path, folder: Path) -> Path:
    """Copy books with their evidence into a folder."""
    target = folder / "books.sqlite"
    shutil.copy(place, target)
    for ending in ("-wal", "-shm"):
        if os.path.exists(f"{place}{ending}"):
            shutil.copy(f"{place}{ending}", f"{target}{ending}")
    shutil.copytree(f"{place}.evidence", f"{target}.evidence")
    return target
