"""The server as something that is run: health, figures, a full disk, a wrong clock, a backup."""

from __future__ import annotations

import datetime
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, text

import keiryo
from faults.test_disk_full import limit_pages
from keiryo.capabilities import installed_registry
from keiryo.cli.demo_people import admit_people
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.journal.verify import verify
from keiryo.people import keys
from keiryo.people.secret import secret_file
from keiryo.people.sessions import form_token
from keiryo.people.tokens import make_token
from keiryo.storage.backup import backup
from keiryo.storage.engine import Database
from keiryo.storage.restoring import restore
from keiryo.web.app import create_app
from keiryo.web.sections import installed_sections
from keiryo.web.settings import Settings
from web import slow_section
from web.running import now
from web.site import Client, Site, copy_of, demonstration_books, make_site, serving

HOUR = datetime.timedelta(hours=1)


def with_slow_section(site: Site) -> Site:
    """Add the section in which acts can be posted, and let the time be the computer's."""
    sections = (*installed_sections(), slow_section.SECTION)
    site._app = create_app(site.settings, sections=sections, now=site.clock)  # type: ignore
    site.now[0] = now()
    return site


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Site]:
    """Return a site over books in which nothing happened yet."""
    place = tmp_path / "books.sqlite"
    keiryo.init(place, "XA", person="P-DEMO2345").disconnect()
    made = with_slow_section(make_site(place))
    yield made
    made.close()


def post_something(client: Client, number: int, letters: int = 4) -> Any:
    """Post an act through the server."""
    return client.post("/slow/post", {"number": number, "letters": letters})


def test_health_without_signing_in(site: Site) -> None:
    with site.client() as nobody:
        for path, words in (("live", "alive"), ("ready", "ready")):
            answer = nobody.get(f"/health/{path}")
            assert (answer.status_code, answer.json()) == (200, {"status": words})


def test_books_that_go_away_and_come_back(small: Site) -> None:
    place = small.database.path
    assert place is not None
    with small.client("officer") as officer:
        assert officer.get("/health/ready").status_code == 200
        place.rename(f"{place}.away")
        away = officer.get("/health/ready")
        assert (away.status_code, away.json()) == (503, {"status": "not ready"})
        assert not place.exists()
        assert officer.get("/health/live").status_code == 200
        Path(f"{place}.away").rename(place)
        assert officer.get("/health/ready").status_code == 200


def test_a_database_server_that_goes_away_and_comes_back(postgres_url: str) -> None:
    keiryo.init(postgres_url, "XA", person="P-DEMO2345").disconnect()
    site = make_site(postgres_url)
    name = site.database.url.database
    elsewhere = site.database.url.set(database="postgres")
    others = create_engine(elsewhere, isolation_level="AUTOCOMMIT")

    def allow(word: str) -> None:
        with others.connect() as connection:
            connection.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {word}'))
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :n"),
                {"n": name},
            )

    with site.client("officer") as officer:
        assert officer.get("/me").status_code == 200
        allow("false")
        assert officer.get("/health/ready").status_code == 503
        page = officer.get("/me")
        assert page.status_code == 503 and "Try again in a while" in page.text
        allow("true")
        assert officer.get("/health/ready").status_code == 200
        assert officer.get("/me").status_code == 200
    site.close()
    others.dispose()


def token_of(site: Site, name: str, *abilities: str) -> dict[str, str]:
    """Return the header of a program that acts for a member."""
    member = site.members[name]
    token, _ = make_token(
        site.database,
        member.person,
        name="figures",
        abilities=abilities,
        scope=None,
        lifetime=datetime.timedelta(days=1),
        signing_key=member.key if "write" in abilities else None,
        now=site.clock(),
    )
    return {"Authorization": f"Bearer {token}"}


def test_figures_are_for_tokens_with_that_ability(site: Site) -> None:
    with site.client() as nobody:
        assert nobody.get("/metrics").status_code == 403
        wrong = {"Authorization": "Bearer keiryo_" + "x" * 43}
        assert nobody.get("/metrics", headers=wrong).status_code == 403
        read = token_of(site, "officer", "read", "write")
        refused = nobody.get("/metrics", headers=read)
        assert refused.status_code == 403
        assert refused.json()["title"] == "figures are for tokens with the ability metrics"
        figures = token_of(site, "officer", "metrics")
        assert nobody.get("/metrics", headers=figures).status_code == 200
        assert nobody.get("/journal", headers=figures).status_code != 200
        assert nobody.get("/api/v1/acts", headers=figures).status_code == 401
    with site.client("administrator") as administrator:
        assert administrator.get("/metrics").status_code == 403


def test_figures_say_nothing_of_material(site: Site) -> None:
    with site.client("officer") as officer:
        for path in ("/", "/areas/XAFA", "/journal/acts/3", "/batches/XARA/F25-FA-001"):
            officer.get(path)
        officer.get("/secret-area/461201.4?name=Aiko")
        officer.request("BREW", "/")
        found = officer.get("/metrics", headers=token_of(site, "officer", "metrics"))
    assert found.headers["content-type"].startswith("text/plain; version=0.0.4")
    for word in ("XAFA", "F25", "461201", "Aiko", "BREW", "secret-area", "P-"):
        assert word not in found.text, word
    assert 'route="/journal/acts/{number}",status="200"' in found.text
    assert 'method="other",route="(none)"' in found.text
    assert 'method="GET",route="(none)",status="404"' in found.text
    with site.database.reading() as connection:
        last = connection.execute(text("SELECT max(act_id) FROM act")).scalar()
    assert f"keiryo_last_act {float(last or 0)}" in found.text
    names = set(re.findall(r"^# HELP (\w+)", found.text, re.M))
    guide = Path(__file__).resolve().parents[2] / "docs" / "guides" / "operation.md"
    documented = set(re.findall(r"^\| `(keiryo_\w+)`", guide.read_text("utf-8"), re.M))
    assert documented == {name for name in names if not name.endswith("_created")}


def test_a_full_disk(small: Site) -> None:
    """The act leaves no trace, the page says what to do, and then it goes through."""
    with small.client("administrator") as administrator:
        assert post_something(administrator, 1).status_code == 200
        database = small.app.state.server.database
        before = verify(database)
        with database.reading() as connection:
            pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        make_room = limit_pages(database, pages + 5)
        refused = post_something(administrator, 2, 200_000)
        assert refused.status_code == 503
        assert "is full" in refused.text and "Tell the administrator" in refused.text
        after = verify(database)
        assert after.sound and (after.acts, after.head) == (before.acts, before.head)
        assert administrator.get("/me").status_code == 200
        make_room()
        accepted = post_something(administrator, 2, 200_000)
        assert accepted.json() == {"act": before.acts + 1}
        assert post_something(administrator, 2, 200_000).json() == accepted.json()
    assert verify(database).sound


def test_a_clock_that_was_set_back(small: Site) -> None:
    """Nothing is posted before what was posted already, and the page says what to do."""
    later = now() + HOUR
    draft = Draft("policy.decide", "from the future")
    draft.add("release_policy", {"act_kind": "x.y", "state": "two eyes"}, scope="XA")
    post(small.database, draft, small.actor("administrator"), clock=lambda: later)
    with small.client("administrator") as administrator:
        refused = post_something(administrator, 1)
        assert refused.status_code == 503
        assert "The clock shows" in refused.text and "Set the clock right" in refused.text
        assert "keiryo journal accept-clock" in refused.text
        assert administrator.get("/me").status_code == 200
        small.now[0] -= 2 * HOUR
        assert administrator.get("/me").status_code == 200  # a session does not end before it began
        small.now[0] += 15 * HOUR
        assert administrator.get("/me").status_code == 303
    assert verify(small.database).sound


def test_backup_while_others_post_and_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Accounts are in it, sessions and the server's secret are not."""
    monkeypatch.setattr(keys, "ARGON2_TIME", 1)
    monkeypatch.setattr(keys, "ARGON2_MEMORY_KIB", 32)
    place = copy_of(demonstration_books(), tmp_path)
    books = keiryo.open(place, person="P-DEMO2345")
    passwords = admit_people(books)
    books.disconnect()
    sections = (*installed_sections(), slow_section.SECTION)
    site = Site(Database(place, installed_registry()), Settings(str(place)), {}, [now()])
    site._app = create_app(site.settings, sections=sections, now=site.clock)  # type: ignore
    posted: list[int] = []
    with serving(site) as address:
        cookie = signed_in(address, passwords["administrator"])
        stop = threading.Event()

        def go_on(number: int) -> None:
            client = httpx.Client(base_url=address, cookies=cookie, trust_env=False, timeout=30)
            while not stop.is_set():
                form = {"_form_token": form_token(cookie["keiryo_session"]), "letters": 4}
                form["number"] = f"{number}{len(posted)}"
                posted.append(client.post("/slow/post", data=form).json()["act"])
                assert client.get("/me").status_code == 200

        threads = [threading.Thread(target=go_on, args=(n,)) for n in (1, 2)]
        for thread in threads:
            thread.start()
        try:
            made = backup(site.database, tmp_path / "xa.backup")
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    assert len(posted) == len(set(posted)) and verify(site.database).sound
    other = tmp_path / "restored" / "books.sqlite"
    other.parent.mkdir()
    assert restore(tmp_path / "xa.backup", other, installed_registry()).acts == made.act_id
    again = Site(Database(other, installed_registry()), Settings(str(other)), {}, [now()])
    assert not secret_file(again.database).exists()
    shutil.copy(secret_file(site.database), secret_file(again.database))
    with serving(again) as address:
        old = httpx.get(f"{address}/me", cookies=cookie, trust_env=False)
        assert old.status_code == 303
        signed_in(address, passwords["administrator"])
    site.close()
    again.close()


def signed_in(address: str, password: str) -> dict[str, str]:
    """Sign in as the administrator as a browser does, and return the cookie."""
    with httpx.Client(base_url=address, trust_env=False) as client:
        client.get("/sign-in")
        form = {
            "name": "administrator",
            "password": password,
            "_form_token": form_token(client.cookies["keiryo_visitor"]),
        }
        assert client.post("/sign-in", data=form).status_code == 303
        return {"keiryo_session": client.cookies["keiryo_session"]}
