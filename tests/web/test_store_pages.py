"""Pages of the sealed stores: for members alone, open for minutes, two persons, nothing leaks."""

from __future__ import annotations

import json
import logging
import re
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any

import pytest

from access_control.setups import given as setup_data
from keiryo.people.tokens import make_token
from keiryo.web.logs import JsonLines
from security_store.store_cases import CHEAP
from security_store.test_access_reviews import CASE, LOG, RIGHTS, RULE
from web.site import Client, Site, copy_of, demonstration_books, make_site
from web.store_site import HOME, Desk, copied, make_store, person_of, phrase


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("sealed"))


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of(demonstration_books(), tmp_path_factory.mktemp("books"))


@pytest.fixture(scope="module")
def module_site(books: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("stores")
    made = make_site(books, security_stores=str(folder))
    yield made
    made.close()


@pytest.fixture
def kept(module_site: Site, sealed: Path, tmp_path: Path) -> Site:
    """Return a site with a fresh copy of the store, at the time of the site."""
    from web.site import NOW

    stores = module_site.app.state.server.stores
    stores.close_all()
    stores.folder, stores.more = copied(sealed, tmp_path / "stores"), {"cost": CHEAP}
    module_site.now[0] = NOW
    return module_site


@pytest.fixture
def store(kept: Site) -> str:
    """Return the name of the store in addresses."""
    (one,) = kept.app.state.server.stores.of(person_of("officer"))
    return str(one.id)


def record_of(desk: Desk, words: str) -> str:
    """Return the record in whose row some words stand."""
    text = desk.get().text
    for row in re.findall(r"<tr.*?</tr>", text, re.S):
        if words in row and (found := re.search(r"R-[A-Z2-7]{10}", row)):
            return found[0]
    raise AssertionError(words)


def evaluated(site: Site, store: str) -> str:
    desk = Desk(site, "accountant", store)
    graph = record_of(desk, "wet gate graph")
    answer = desk.post("/evaluations", record=graph, on="2026-01-10")
    assert answer.status_code == 303, answer.text
    return record_of(desk, "evaluation of protection")


def test_off_by_default(site: Site) -> None:
    assert site.settings.security_stores is None
    for name in ("officer", "administrator"):
        with site.client(name) as client:
            assert HOME not in client.get("/").text
            for path in (HOME, f"{HOME}/closed", f"{HOME}/abc", f"{HOME}/abc/trail"):
                assert client.get(path).status_code == 404, path
            assert client.post(f"{HOME}/open", {"store": "abc"}).status_code == 404


def test_only_members_know_of_it(kept: Site, store: str) -> None:
    parts = ("", "/irregularities", "/releases", "/members", "/trail")
    for name in ("administrator", "accountant2", "cooperation"):  # the last one has no role
        with kept.client(name) as client:
            assert HOME not in client.get("/").text
            assert client.get(HOME).status_code == client.get(f"{HOME}/closed").status_code == 404
            assert {client.get(f"{HOME}/{store}{part}").status_code for part in parts} == {404}
            given = {"store": store, "store_password": phrase(name)}
            assert client.post(f"{HOME}/open", given).status_code == 404
    with kept.client("officer") as client:
        assert HOME in client.get("/").text and "XA/XAF-" in client.get(HOME).text
        assert client.get(f"{HOME}/{'0' * 32}").status_code == 404
        assert client.get(f"{HOME}/{store}").headers["location"] == f"{HOME}/closed"


def test_tokens_are_refused(kept: Site, store: str) -> None:
    member = kept.members["officer"]
    token, _ = make_token(
        kept.database,
        member.person,
        name="program",
        abilities=("read", "write"),
        scope=None,
        lifetime=timedelta(days=1),
        signing_key=member.key,
        now=kept.clock(),
    )
    client = Client(kept, "")
    for path in (HOME, f"{HOME}/{store}", f"{HOME}/closed"):
        given = {"Authorization": f"Bearer {token}"}
        assert client.get(path, headers=given).status_code == 404
        assert client.request("POST", f"{HOME}/open", headers=given).status_code == 404


def test_wrong_passphrases(kept: Site, store: str) -> None:
    desk = Desk(kept, "officer", store, opens=False)
    for given in ("", "wrong umbrellas everywhere", "x" * 5_000):
        answer = desk.client.post(f"{HOME}/open", {"store": store, "store_password": given})
        assert answer.status_code == 422 and (not given or given not in answer.text)
    for _ in range(3):
        wrong = {"store": store, "store_password": "wrong umbrellas everywhere"}
        answer = desk.client.post(f"{HOME}/open", wrong)
    assert "wait" in answer.text
    assert desk.get().status_code == 303
    right = {"store": store, "store_password": phrase("officer")}
    assert desk.client.post(f"{HOME}/open", right).status_code == 422
    kept.now[0] += timedelta(minutes=16)
    assert desk.client.post(f"{HOME}/open", right).status_code == 303


def test_it_closes_whatever_is_looked_at(kept: Site, store: str) -> None:
    desk = Desk(kept, "officer", store)
    opening = kept.app.state.server.stores._open
    seconds = []
    for _ in range(3):
        page = desk.get()
        assert page.status_code == 200 and page.headers["cache-control"] == "no-store"
        told = re.search(r'http-equiv="refresh" content="(\d+); url=([^"]+)"', page.text)
        assert told is not None and told[2] == f"{HOME}/closed"
        seconds.append(int(told[1]))
        kept.now[0] += timedelta(minutes=3)
    assert seconds == [601, 421, 241]
    (mine,) = opening.values()
    kept.now[0] += timedelta(minutes=1)
    for answer in (desk.get(), desk.post("/show", record="R-AAAAAAAAAA")):
        assert (answer.status_code, answer.headers["location"]) == (303, f"{HOME}/closed")
    assert not opening and mine.opened._keys is None
    assert "Nothing of it is shown" in desk.client.get(f"{HOME}/closed").text


def test_it_belongs_to_one_session_and_ends_with_it(kept: Site, store: str) -> None:
    desk, other = Desk(kept, "officer", store), Desk(kept, "officer", store, opens=False)
    assert (desk.get().status_code, other.get().status_code) == (200, 303)
    assert desk.client.post(f"{HOME}/close", {"store": store}).status_code == 303
    assert desk.get().status_code == 303
    third = Desk(kept, "officer", store)
    (mine,) = kept.app.state.server.stores._open.values()
    assert third.client.post("/sign-out").status_code == 303
    assert mine.opened._keys is None and not kept.app.state.server.stores._open
    fourth, fifth = Desk(kept, "officer", store), Desk(kept, "officer", store)
    opened = list(kept.app.state.server.stores._open.values())
    assert fourth.client.post("/me/access/end-others").status_code == 303
    assert [one.opened._keys is None for one in opened] == [False, True]
    assert (fourth.get().status_code, fifth.get().status_code) == (200, 303)
    fourth.client.post(f"{HOME}/close", {"store": store})


def test_records_and_what_follows(kept: Site, store: str) -> None:
    evaluation = evaluated(kept, store)
    desk = Desk(kept, "accountant", store)
    page = desk.post("/show", record=evaluation).text
    for words in (
        *("The four minima side by side", "Critical detection point", "Assumptions"),
        *("no evidence named", "It is not approved.", "placeholder"),
    ):
        assert words in page, words
    assert "decide-form" not in page
    assert desk.post("/decisions", record=evaluation, decision="approved").status_code == 422
    assert desk.post("/show", record=evaluation, reason=" ").status_code == 400
    assert desk.post("/show", record="R-NOTHINGXXX").status_code == 404
    other = Desk(kept, "officer2", store)
    assert "decide-form" in other.post("/show", record=evaluation).text
    given = {"record": evaluation, "decision": "approved", "level": "0.1", "_form_id": "once"}
    assert other.post("/decisions", **given).status_code == 303
    assert other.post("/decisions", **given).status_code == 303
    assert other.get().text.count("approval or refusal") == 1
    assert "It is not approved." not in other.post("/show", record=evaluation).text
    maintainer = Desk(kept, "inspector", store)
    told = maintainer.post("/aggregate", record=evaluation).text
    assert re.search(r"met</span>", told) and "min_p" not in told and "minima" not in told
    assert maintainer.post("/show", record=evaluation).status_code == 422
    assert maintainer.post("/aggregate", record=evaluation, level="0.5").status_code == 422


def test_own_approval_is_refused(kept: Site, store: str) -> None:
    stores = kept.app.state.server.stores
    desk = Desk(kept, "accountant", store)
    assert desk.post("/evaluations", record=record_of(desk, "wet gate"), on="x").status_code == 400
    evaluation = evaluated(kept, store)
    from keiryo.security_store import membership

    (one,) = stores.of(person_of("officer"))
    ada = one.open(person_of("officer"), phrase("officer"), kept.clock())
    ben = one.open(person_of("officer2"), phrase("officer2"), kept.clock())
    person = person_of("accountant")
    asked = membership.propose(ada, "grant", person, "by order", role="approver")
    membership.confirm(ben, asked.id)
    page = desk.post("/show", record=evaluation).text
    assert "another member decides on it" in page and "decide-form" not in page
    answer = desk.post("/decisions", record=evaluation, decision="approved")
    assert answer.status_code == 422 and "STORE-SELF" in answer.text


def test_putting_files(kept: Site, store: str) -> None:
    desk = Desk(kept, "accountant", store)
    from keiryo.security_store.samples import sample

    content = sample("graph", 5)[1]
    assert desk.put("graph", "second", "g.json", content).status_code == 303
    record = record_of(desk, "second")
    given = {"kind": "graph", "record": record, "title": "third", "reason": "newer"}
    again = desk.client.post(f"{desk.here}/records", given, files={"file": ("g.json", content)})
    assert again.status_code == 303 and record_of(desk, "third") == record
    for name, wrong, status in (
        ("g.exe", content, 400),
        ("g.json", b"", 422),
        ("g.json", b"\xff\xfe", 422),
        ("g.json", b'{"secret_value": 0.4711}', 422),
        ("g.json", b"[" * 50_000, 422),
    ):
        answer = desk.put("graph", "wrong", name, wrong)
        assert answer.status_code == status, (name, answer.text)
        assert "0.4711" not in answer.text and "secret_value" not in answer.text
    assert desk.put("access_log", "not mine", "a.csv", b"time\n").status_code == 422
    assert desk.put("irregularity", "by hand", "a.json", b"{}").status_code == 400
    assert desk.post("/records", kind="graph", title="none").status_code == 400


def test_a_file_never_lies_open_on_the_disk(
    kept: Site, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[object] = []
    monkeypatch.setattr(SpooledTemporaryFile, "rollover", written.append)
    desk, row = Desk(kept, "officer", store), b"2026-01-01T00:00:00Z,a,D-1,in\n"
    head = b"time,person,reader,direction\n"
    fits, over = head + row * (1_000_000 // len(row)), head + row * (1_100_000 // len(row))
    assert desk.put("access_log", "large", "a.csv", fits).status_code == 303
    assert desk.put("access_log", "too large", "a.csv", over).status_code == 413
    assert not written and "too large" not in desk.get().text


def test_no_values_in_addresses_or_logs(
    kept: Site, store: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asked: list[str] = []
    inner = kept.inner.request

    def noting(method: str, path: str, **more: Any) -> Any:
        answer = inner(method, path, **more)
        asked.extend((path, answer.headers.get("location", "")))
        return answer

    kept.inner.request = noting
    try:
        evaluation = evaluated(kept, store)
        desk = Desk(kept, "officer2", store)
        page = desk.post("/show", record=evaluation).text
        given = {"record": evaluation, "decision": "approved", "level": "0.4711"}
        assert desk.post("/decisions", **given).status_code == 303
        assert desk.post("/aggregate", record=evaluation, level="0.4711").status_code == 200
        assert desk.put("graph", "shady title", "g.json", b'{"a": 0.4711}').status_code == 422
    finally:
        del kept.inner.request
    values = set(re.findall(r"\b0\.\d{3,}\b", page)) | {"0.4711", "wet gate", "shady", "umbrellas"}
    lines = [json.loads(JsonLines().format(one)) for one in caplog.records]
    told = "\n".join(
        [*asked, *(str({**one, "time": "", "duration_ms": 0}) for one in lines)],
    )
    assert len(values) > 5 and evaluation not in "\n".join(asked)
    assert not [one for one in values if one in told], told[:3000]


def test_irregularities_are_resolved_by_another(kept: Site, store: str) -> None:
    desk = Desk(kept, "officer", store)
    for kind, name, content in (
        ("access_setup", "setup.json", setup_data()),
        ("access_log", "log.csv", LOG),
        ("authorisations", "rights.csv", RIGHTS),
        ("access_case", "case.json", CASE),
        ("two_person_rule", "rule.json", RULE),
    ):
        answer = desk.put(kind, f"the {name}", name, content)
        assert answer.status_code == 303, answer.text
    given = {
        field: record_of(desk, f"the {name}")
        for field, name in (
            *(("setup", "setup.json"), ("log", "log.csv"), ("authorisations", "rights.csv")),
            *(("case", "case.json"), ("rule", "rule.json")),
        )
    }
    assert desk.post("/irregularities/reviews", setup=given["setup"]).status_code == 400
    swapped = {**given, "log": given["setup"]}
    assert desk.post("/irregularities/reviews", **swapped).status_code == 400
    for _ in range(2):  # found again, it is the same one
        assert desk.post("/irregularities/reviews", **given).status_code == 303
    board = desk.get("/irregularities").text
    assert board.count(">X2<") == 1
    found = re.search(r'value="(R-[A-Z2-7]{10})"[^>]*aria-label="Show R-', board)
    assert found is not None
    record = found[1]
    page = desk.post("/irregularities/show", record=record).text
    assert "You raised it" in page and 'value="explained"' not in page
    step = {"record": record, "state": "explained"}
    assert desk.post("/irregularities/steps", **step).status_code == 400
    other = Desk(kept, "security", store)
    assert 'value="explained"' in other.post("/irregularities/show", record=record).text
    assert other.post("/irregularities/steps", **step).status_code == 303
    assert other.post("/irregularities/steps", record=record, state="closed").status_code == 303
    assert record not in other.get("/irregularities").text
    assert record in other.get("/irregularities?all=1").text
    assert other.post("/irregularities/steps", record=record, state="gone").status_code == 400
    for name, status in (("auditor", 200), ("accountant", 422)):
        assert Desk(kept, name, store).get("/irregularities").status_code == status
    result = record_of(desk, "result of a review of access")
    shown = desk.post("/show", record=result).text
    assert "Two-person rule" in shown and "1 violation" in shown
    assert desk.post("/irregularities/show", record=result).status_code == 404


def test_a_release_takes_two(kept: Site, store: str) -> None:
    desk, other = Desk(kept, "officer2", store), Desk(kept, "officer", store)
    record = record_of(desk, "wet gate graph")
    asked = {"record": record, "recipient": "the authority", "version": "1"}
    assert desk.post("/releases", **{**asked, "recipient": ""}).status_code == 400
    assert desk.post("/releases", **{**asked, "version": "9"}).status_code == 422
    assert desk.post("/releases", **asked).status_code == 303
    page = desk.get("/releases").text
    (request,) = set(re.findall(r"Q-[A-Z2-7]{10}", page))
    assert "Take it back" in page and "/releases/copy" not in page
    alone = desk.post("/releases/copy", request=request)
    assert alone.status_code == 422 and "STORE-TWO-PERSONS" in alone.text
    assert other.client.get(f"{other.here}/releases/copy").status_code == 405
    assert "/releases/copy" in other.get("/releases").text
    copy = other.post("/releases/copy", request=request)
    assert copy.status_code == 200 and b"the authority" in copy.content
    assert copy.headers["content-disposition"] == 'attachment; filename="copy-1.json"'
    assert copy.headers["cache-control"] == "no-store"
    again = other.post("/releases/copy", request=request)
    assert again.status_code == 422 and b"the authority" not in again.content
    assert desk.post("/releases", **asked).status_code == 303
    (second,) = set(re.findall(r"Q-[A-Z2-7]{10}", desk.get("/releases").text)) - {request}
    answer = {"request": second, "answer": "refuse"}
    assert other.post("/releases/answers", **{**answer, "answer": "eat"}).status_code == 400
    assert other.post("/releases/answers", **{**answer, "reason": ""}).status_code == 400
    assert other.post("/releases/answers", **answer).status_code == 303
    assert other.post("/releases/copy", request=second).status_code == 422
    auditor = Desk(kept, "auditor", store)
    assert record not in auditor.get("/releases").text
    assert auditor.post("/releases", **asked).status_code == 422


def test_members_and_trail(kept: Site, store: str) -> None:
    desk, other = Desk(kept, "officer", store), Desk(kept, "officer2", store)
    page = desk.get("/members").text
    new = person_of("cooperation")
    row = next(row for row in re.findall(r"<tr.*?</tr>", page, re.S) if new in row)
    told = re.findall(r"<code>([^<]+)</code>", row)[-1]
    change = {"change": "grant", "about": new, "role": "maintainer"}
    assert desk.post("/members/proposals", **change).status_code == 400
    wrong = desk.post("/members/proposals", **change, fingerprint="0000")
    assert wrong.status_code == 422 and "STORE-FINGERPRINT" in wrong.text
    assert desk.post("/members/proposals", change="destroy_store").status_code == 400
    assert desk.post("/members/proposals", **change, fingerprint=told).status_code == 303
    (proposal,) = set(re.findall(r'value="(M-[A-Z2-7]{10})"', desk.get("/members").text))
    answer = {"proposal": proposal, "answer": "confirm"}
    assert desk.post("/members/answers", **answer).status_code == 422
    assert other.post("/members/answers", **answer).status_code == 303
    assert other.post("/members/answers", **answer).status_code == 422
    Desk(kept, "cooperation", store)
    evaluator = Desk(kept, "accountant", store)
    assert "propose-form" not in evaluator.get("/members").text
    assert evaluator.get("/trail").status_code == 422
    trail = Desk(kept, "auditor", store).get("/trail")
    assert trail.status_code == 200 and trail.headers["cache-control"] == "no-store"
    assert "looked at the trail" in trail.text and "confirmed a change" in trail.text
    assert "wet gate" not in trail.text
    gone = {"change": "withdraw", "about": person_of("accountant")}
    assert desk.post("/members/proposals", **gone).status_code == 303
    (proposal,) = set(re.findall(r'value="(M-[A-Z2-7]{10})"', desk.get("/members").text))
    assert other.post("/members/answers", proposal=proposal, answer="confirm").status_code == 303
    assert evaluator.get().status_code == 404


def test_what_is_typed_is_kept_nowhere_else(kept: Site, store: str) -> None:
    desk = Desk(kept, "accountant", store)
    desk.client.cookies["keiryo_session"] = kept.session("accountant")  # signed in anew
    given = {"reason": "secret words", "_form": desk.here, "_form_token": "of the old session"}
    answer = desk.client.request("POST", f"{desk.here}/show", data=given)
    assert answer.headers["location"] == f"{HOME}?kept=1"
    from keiryo.people.tables import SAVED_FORM

    with kept.database.reading() as connection:
        rows = connection.execute(kept.database.metadata.tables[SAVED_FORM].select()).all()
    assert "secret words" not in str(rows)
    desk.client.cookies.clear()
    answer = desk.client.request("POST", f"{desk.here}/show", data=given)
    assert answer.status_code != 303 and "ticket" not in answer.text


def test_copies_and_damage(kept: Site, store: str) -> None:
    stores = kept.app.state.server.stores
    desk = Desk(kept, "officer", store)
    file = stores.folder / "f.store"
    (stores.folder / "older.store").write_bytes(file.read_bytes())
    (stores.folder / "older.store").chmod(0o600)
    assert "several copies" in desk.get().text
    (stores.folder / "older.store").unlink()
    (stores.folder / "noise.store").write_bytes(b"noise")
    assert desk.get().status_code == 200
    connection = sqlite3.connect(file)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("UPDATE entry SET reason = 'other' WHERE seq = 5")
    connection.commit()
    connection.close()
    assert desk.client.get("/").status_code == 200
    stores._stores.clear()  # as a server that begins with it
    stores._members.clear()
    assert desk.client.get("/").status_code == 200
    told = desk.get()
    assert told.status_code == 404 and str(stores.folder) not in told.text
