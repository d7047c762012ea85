"""Records: audited before they are shown, read strictly, evaluated, approved, released, purged."""

from __future__ import annotations

import json
import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from keiryo.errors import NotAllowedError, RefusedError, StorageError, UsageError
from keiryo.protection.graph_file import read_graph
from keiryo.security_store import evaluations, keeping, membership, releases
from keiryo.security_store.contents import CSV, HTML, JSON, MEDIA_TYPES, TEXT, TOML, node_of
from keiryo.security_store.opened import Opened, Sealed
from keiryo.security_store.samples import sample
from keiryo.security_store.store import Store
from keiryo.security_store.verification import verify
from keiryo.security_store.watermark import marked
from security_store.store_cases import CHEAP, Made

ON = date(2026, 3, 1)
GRAPH = json.loads((Path(__file__).parent.parent / "protection" / "graph_g1.json").read_bytes())


def put_graph(opened: Opened, record: str | None = None, **changed: Any) -> str:
    content = json.dumps(GRAPH | changed).encode()
    return opened.put("graph", "the west side", JSON, content, "training", record=record)


def actions(made: Made) -> list[str]:
    return [str(row[0]) for row in made.rows("SELECT action FROM entry ORDER BY seq")]


def test_the_entry_is_there_before_the_content(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    eva = made.open("Eva")
    record = put_graph(eva)
    seen: list[str] = []
    real = Sealed.content

    def late(sealed: Sealed) -> Any:
        seen.append(actions(made)[-1])  # what another connection sees as recorded by now
        return real(sealed)

    monkeypatch.setattr(Sealed, "content", late)
    found = eva.read(record, "to look at it")
    assert json.loads(found.content) == GRAPH and seen == ["read"]
    trail = made.open("Ann").audit(record=record)
    assert [(one.action, one.person, one.reason) for one in trail[:2]] == [
        ("put", "Eva", "training"),
        ("read", "Eva", "to look at it"),
    ]
    eva.titles(containing="WEST")
    assert actions(made)[-3:] == ["search"] * 3


def test_nothing_in_the_clear_in_the_file(made: Made) -> None:
    put_graph(made.open("Eva"))
    content = made.store.path.read_bytes()
    for word in (b"west side", b"p_detection", b"mean_s", b'"P7"', b"umbrellas"):
        assert word not in content
    assert not list(made.store.path.parent.glob(f"{made.store.path.name}-*"))


@pytest.mark.parametrize("reason", ["", "   ", "x" * 201, "two\nlines"])
def test_a_reason_is_needed(made: Made, reason: str) -> None:
    eva = made.open("Eva")
    record = put_graph(eva)
    before = actions(made)
    for act in (
        lambda: eva.read(record, reason),
        lambda: releases.ask_release(eva, record, "Authority", reason),
    ):
        with pytest.raises(UsageError):
            act()
    assert actions(made) == before


@pytest.mark.parametrize(
    ("kind", "media_type", "content", "told"),
    [
        ("graph", JSON, json.dumps(GRAPH | {"how to": "x"}).encode(), "UNKNOWN_KEY at /"),
        ("graph", JSON, json.dumps(GRAPH | {"start": "x" * 65}).encode(), "NAME at /start"),
        ("graph", JSON, b'{"a": 1, "a": 2}', "DUPLICATE_KEY at /"),
        ("graph", JSON, b"[" * 20_000, "SYNTAX at line 1"),
        ("graph", TOML, b"secret = 1", "UNKNOWN_KEY at /"),
        ("easi", JSON, b'{"steps": []}', "MISSING_KEY at /communication"),
        ("access_log", CSV, b"a\xff\n", "ENCODING at line 1"),
        ("access_log", CSV, b"a\nb\x1b[2J\n", "CONTROL at line 2"),
        ("compensatory_values", JSON, b"{", "SYNTAX at line 1"),
    ],
)
def test_what_is_not_taken(
    made: Made, kind: str, media_type: str, content: bytes, told: str
) -> None:
    person = {"access_log": "Cy", "compensatory_values": "Mia"}.get(kind, "Eva")
    with pytest.raises(RefusedError) as error:
        made.open(person).put(kind, "title", media_type, content, "why")
    messages = [one.message for one in error.value.findings]
    assert told in messages
    assert not any(word in str(messages) for word in ("how to", "secret", "xxxx"))
    shown = error.value.__context__ is not None and not error.value.__suppress_context__
    assert error.value.__cause__ is None and not shown


def test_titles_kinds_and_types(made: Made) -> None:
    eva = made.open("Eva")
    for title in ("", "x" * 65, "a\x07b", "a\u202eb"):
        with pytest.raises(UsageError):
            eva.put("graph", title, JSON, json.dumps(GRAPH).encode(), "why")
    for kind, media_type in (("evaluation", JSON), ("approval", JSON), ("plan", JSON)):
        with pytest.raises(UsageError):
            eva.put(kind, "title", media_type, b"{}", "why")
    with pytest.raises(UsageError):
        eva.put("graph", "title", CSV, b"a", "why")
    record = put_graph(eva)
    with pytest.raises(NotAllowedError):
        eva.put("easi", "title", JSON, easi(), "why", record=record)
    assert put_graph(eva, record, communication=0.9) == record
    assert eva.read(record, "why", version=1).head.version == 1
    assert json.loads(eva.read(record, "why").content)["communication"] == 0.9


def easi() -> bytes:
    step = {"p_detection": 0.5, "where": "B", "delay": {"mean_s": 90, "sd_s": 9}}
    told = {"communication": 0.9, "response": {"mean_s": 30, "sd_s": 3}, "steps": [step]}
    return json.dumps(told).encode()


# --- evaluations ---------------------------------------------------------------------------------


def test_an_evaluation_and_its_approval(made: Made) -> None:
    eva, ben = made.open("Eva"), made.open("Ben")
    graph = put_graph(eva)
    made_of = evaluations.evaluate(eva, graph, ON)
    told = json.loads(eva.read(made_of, "why").content)
    value = told["result"]["measures"]["min_p_interruption"]["value"]
    assert value == pytest.approx(0.6533334706637755, rel=1e-10)
    assert told["input"] == {"record": graph, "version": 1, "kind": "graph"}
    assert len(told["input_sha256"]) == 64 and len(told["evidence"]) == 14
    with pytest.raises(NotAllowedError):  # she has no such role
        evaluations.approve(eva, made_of, "approved", "fine")
    asked = membership.propose(ben, "grant", "Eva", "holiday", role="approver")
    membership.confirm(made.open("Ada"), asked.id)
    with pytest.raises(NotAllowedError) as error:  # and with the role it is her own work
        evaluations.approve(eva, made_of, "approved", "fine")
    assert error.value.findings[0].code == "STORE-SELF"
    codes = [one["code"] for one in evaluations.staleness(eva, made_of, ON)]
    assert codes == ["NOT_APPROVED"]
    evaluations.review(made.open("Rob"), made_of, "first look", "No remarks.", "review")
    evaluations.approve(ben, made_of, "refused", "not yet")
    assert len(evaluations.staleness(eva, made_of, ON)) == 1
    evaluations.approve(ben, made_of, "approved", "fine", level="0.6")
    assert evaluations.staleness(eva, made_of, ON) == []
    assert verify(made.store) == []


def test_the_author_of_the_input_does_not_approve_what_another_computed(made: Made) -> None:
    asked = membership.propose(made.open("Ben"), "grant", "Ada", "first", role="evaluator")
    with pytest.raises(NotAllowedError):
        membership.confirm(made.open("Ada"), asked.id)  # nobody does that for themselves
    asked = membership.propose(made.open("Ada"), "grant", "Ben", "both", role="evaluator")
    confirm = membership.propose(made.open("Ada"), "grant", "Cy", "second", role="approver")
    membership.confirm(made.open("Ben"), confirm.id)
    membership.confirm(made.open("Cy"), asked.id)
    graph = put_graph(made.open("Ben"))
    computed = evaluations.evaluate(made.open("Eva"), graph, ON)
    with pytest.raises(NotAllowedError) as error:
        evaluations.approve(made.open("Ben"), computed, "approved", "fine")
    assert error.value.findings[0].code == "STORE-SELF"
    assert evaluations.approve(made.open("Ada"), computed, "approved", "fine")


def test_bands_instead_of_numbers(made: Made) -> None:
    eva, mia = made.open("Eva"), made.open("Mia")
    computed = evaluations.evaluate(eva, put_graph(eva), ON)
    assert evaluations.aggregate(eva, computed, "0.65")["meets_level"]
    assert not evaluations.aggregate(eva, computed, "0.66")["meets_level"]
    with pytest.raises(NotAllowedError):  # who could choose levels would find the number
        evaluations.aggregate(mia, computed, "0.65")
    with pytest.raises(Exception, match="no statement"):
        evaluations.aggregate(mia, computed)
    evaluations.approve(made.open("Ben"), computed, "approved", "fine", level="0.65")
    told = evaluations.aggregate(mia, computed)
    assert told == {
        "classification": "placeholder",
        "meets_level": True,
        "level": 0.65,
        "path_count": 16,
        "exact": True,
    }
    with pytest.raises(Exception, match=r"compartment statement|level that is required"):
        evaluations.aggregate(made.open("Sys"), computed)
    for level in ("1.1", "x", "NaN"):
        with pytest.raises(UsageError):
            evaluations.aggregate(eva, computed, level)


def test_what_makes_an_evaluation_stale(made: Made) -> None:
    eva = made.open("Eva")
    elements = [GRAPH["elements"][0] | {"valid_until": "2026-03-31"}, *GRAPH["elements"][1:]]
    graph = put_graph(eva, elements=elements)
    first = evaluations.evaluate(eva, graph, ON)
    evaluations.approve(made.open("Ben"), first, "approved", "fine")
    assert evaluations.staleness(eva, first, date(2026, 3, 31)) == []
    expired = {"code": "EVIDENCE_EXPIRED", "about": "P1"}
    assert evaluations.staleness(eva, first, date(2026, 4, 1)) == [expired]
    put_graph(eva, graph)
    made.watch.go(minutes=1)
    second = evaluations.evaluate(eva, graph, ON)
    assert evaluations.staleness(eva, first, ON) == [
        {"code": "INPUT_CHANGED", "about": graph},
        {"code": "SUPERSEDED", "about": second},
    ]
    easy = eva.put("easi", "one path", JSON, easi(), "training")
    assert evaluations.aggregate(eva, evaluations.evaluate(eva, easy, ON), "0.4")["meets_level"]
    with pytest.raises(UsageError):
        evaluations.evaluate(eva, first, ON)


# --- release -------------------------------------------------------------------------------------


def test_a_release_takes_two_and_a_reason(made: Made) -> None:
    eva, ben = made.open("Eva"), made.open("Ben")
    graph = put_graph(eva)
    asked = releases.ask_release(eva, graph, "Authority", "licence file")
    for person in ("Eva", "Rob", "Cy", "Sys", "Ann"):
        with pytest.raises(NotAllowedError):
            releases.release(made.open(person), asked.id)
    copy = releases.release(ben, asked.id)
    told = json.loads(copy.content)
    assert told.pop("copy") == {
        "number": 1,
        "record": graph,
        "version": 1,
        "recipient": "Authority",
        "asked_by": "Eva",
        "released_by": "Ben",
        "at": "2026-03-01T09:00:00.000Z",
        "reason": "licence file",
    }
    assert told == GRAPH
    with pytest.raises(NotAllowedError):  # once
        releases.release(ben, asked.id)
    own = releases.ask_release(ben, graph, "Authority", "again")
    with pytest.raises(NotAllowedError) as error:
        releases.release(ben, own.id)
    assert error.value.findings[0].code == "STORE-TWO-PERSONS"
    assert releases.refuse(made.open("Ada"), own.id, "once is enough").state == "refused"
    taken = releases.ask_release(eva, graph, "Authority", "again")
    with pytest.raises(NotAllowedError):
        releases.withdraw(ben, taken.id, "mine")
    assert releases.withdraw(eva, taken.id, "mine").state == "withdrawn"
    again = releases.ask_release(eva, graph, "Regulator", "again")
    assert releases.release(ben, again.id).number == 2
    listed = releases.copies(eva)
    assert [(one.copy, one.recipient, one.decided_by) for one in listed] == [
        (1, "Authority", "Ben"),
        (2, "Regulator", "Ben"),
    ]
    assert len({one.digest for one in listed}) == 2 and len(releases.requests(eva)) == 4
    assert verify(made.store) == []


def test_every_type_is_marked() -> None:
    copy = {
        "number": 7,
        "record": "R-1",
        "version": 2,
        "recipient": "<b>&",
        "asked_by": "A",
        "released_by": "B",
        "at": "2026",
        "reason": "why",
    }
    plain = {
        CSV: b"a,b\n1,2\n",
        TOML: b"a = 1.50\n",
        TEXT: b"words\n",
        HTML: b"<html><body class='x'>words</body></html>",
        JSON: b'{"a": 1.50}',
    }
    assert set(plain) == MEDIA_TYPES
    found = {one: marked(content, one, copy).decode() for one, content in plain.items()}
    line = "Copy 7 of R-1 version 2, for <b>&, asked for by A, released by B on 2026: why"
    assert found[CSV].startswith(f"# {line}") and found[CSV].endswith("a,b\n1,2\n")
    assert node_of(TOML, found[TOML].encode()).value["a"] == 1.5
    assert found[TEXT].count(line) == 2
    assert found[HTML].count("&lt;b&gt;&amp;") == 2 and "<b>" not in found[HTML]
    assert "1.50" in found[JSON] and json.loads(found[JSON])["copy"]["number"] == 7
    for content, inner in ((b"[1]", [1]), (b'{"copy": 3}', {"copy": 3}), (b"3", 3)):
        assert json.loads(marked(content, JSON, copy))["content"] == inner
    assert json.loads(marked(b" {} ", JSON, copy)) == {"copy": copy}


# --- keeping -------------------------------------------------------------------------------------


def test_purge_destroys_keys(made: Made) -> None:
    cy = made.open("Cy")
    media_type, log = sample("access_log", 1)
    old = cy.put("access_log", "January", media_type, log, "import")
    graph = put_graph(made.open("Eva"))
    keeping.set_retention(cy, 30, "rule of the site")
    made.watch.go(days=20)
    new = made.open("Cy").put("access_log", "February", media_type, log, "import")
    assert keeping.purge(made.open("Cy"), "monthly") == []
    made.watch.go(days=11)
    with pytest.raises(NotAllowedError):
        keeping.purge(made.open("Ann"), "monthly")
    cy = made.open("Cy")
    assert keeping.purge(cy, "monthly") == [old]
    left = {row[0] for row in made.rows("SELECT record FROM record_key")}
    assert left == {new, graph}
    with pytest.raises(NotAllowedError, match="not for this member") as error:
        cy.read(old, "why")
    assert "destroyed" in error.value.findings[0].message
    assert [one.record for one in cy.titles("access")] == [new]
    assert verify(made.store) == []


def test_destruction_takes_two(made: Made) -> None:
    eva, ben, ada = made.open("Eva"), made.open("Ben"), made.open("Ada")
    first, second = put_graph(eva), put_graph(eva)
    asked = membership.propose(ben, "destroy_record", first, "superseded")
    with pytest.raises(NotAllowedError):
        membership.confirm(ben, asked.id)
    membership.confirm(ada, asked.id)
    with pytest.raises(NotAllowedError):
        eva.read(first, "why")
    assert eva.read(second, "why")
    asked = membership.propose(ben, "destroy_store", "", "closed down")
    membership.confirm(ada, asked.id)
    assert not made.rows("SELECT * FROM record_key") and not made.rows("SELECT * FROM wrap")
    for act in (lambda: eva.read(second, "why"), lambda: put_graph(eva), lambda: eva.titles()):
        with pytest.raises(NotAllowedError):
            act()
    assert verify(made.store) == [] and made.store.counts()["destroyed"]
    assert made.open("Ann").audit()


def test_backup(made: Made, tmp_path: Path) -> None:
    record = put_graph(made.open("Eva"))
    target = tmp_path / "weekly.store"
    head = keeping.backup(made.open("Sys"), target, "weekly")
    assert target.stat().st_mode & 0o777 == 0o600
    restored = Made(Store(target, made.watch, CHEAP), made.watch)
    assert verify(restored.store, head) == [] and head == made.store.head_hash
    assert json.loads(restored.open("Eva").read(record, "why").content) == GRAPH
    with pytest.raises(StorageError, match="already"):
        keeping.backup(made.open("Sys"), target, "weekly")
    with pytest.raises(NotAllowedError):
        keeping.backup(made.open("Eva"), tmp_path / "other.store", "weekly")
    assert not (tmp_path / "other.store").exists()


def test_placeholders() -> None:
    for seed in range(8):
        media_type, content = sample("graph", seed)
        assert read_graph(node_of(media_type, content)).classification == "placeholder"
        assert sample("graph", seed)[1] == content
        assert b"PLACEHOLDER" in sample("access_log", seed)[1]
        assert b"placeholder = true" in sample("two_person_rule", seed)[1]


def test_a_full_disk_leaves_no_trace(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    from keiryo.errors import FullError
    from keiryo.security_store import file

    eva = made.open("Eva")
    head, real = made.store.head_hash, file._connected

    def full(path: Path) -> sqlite3.Connection:
        connection = real(path)
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")
        return connection

    monkeypatch.setattr(file, "_connected", full)
    big = json.dumps(GRAPH | {"schema": "x"}).encode() + b" " * 200_000
    with pytest.raises(FullError):
        eva.put("graph", "title", JSON, big, "why")
    monkeypatch.undo()
    assert made.store.head_hash == head and verify(made.store) == []
    assert put_graph(eva)
