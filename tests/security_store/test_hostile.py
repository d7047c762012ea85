"""Files that somebody changed, forged or exchanged; writers at once; ends in the middle."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from keiryo.errors import JournalError, KeiryoError, NotAllowedError
from keiryo.security_store import membership, sealing
from keiryo.security_store.entries import Entry, instant_text, plain_json, signed_bytes
from keiryo.security_store.opened import Opened
from keiryo.security_store.samples import sample
from keiryo.security_store.store import Store
from keiryo.security_store.trail import wrap_at
from keiryo.security_store.verification import verify
from security_store.store_cases import CHEAP, Made, phrase


def put(opened: Opened, seed: int = 1, record: str | None = None) -> str:
    media_type, content = sample("graph", seed)
    return opened.put("graph", f"graph {seed}", media_type, content, "training", record=record)


def codes(made: Made) -> set[str]:
    return {one.code for one in verify(Store(made.store.path, made.watch, CHEAP))}


def fresh(made: Made) -> Made:
    """Return the same file as a program sees it that starts now."""
    return Made(Store(made.store.path, made.watch, CHEAP), made.watch)


@pytest.fixture(scope="module")
def filled(whole: Made, tmp_path_factory: pytest.TempPathFactory) -> Made:
    made = whole.copied(tmp_path_factory.mktemp("filled") / "f.store")
    eva = made.open("Eva")
    put(eva, 2, put(eva, 1))
    put(eva, 3)
    return made


@pytest.fixture
def changed(filled: Made, tmp_path: Path) -> Made:
    return filled.copied(tmp_path / "changed.store")


@pytest.mark.parametrize("table", ["entry", "sealed"])
def test_triggers_refuse_changes(changed: Made, table: str) -> None:
    connection = sqlite3.connect(changed.store.path)
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET version = 2"):
        with pytest.raises(sqlite3.IntegrityError, match="only added to"):
            connection.execute(statement)
    connection.close()


LAST = "(SELECT max(seq) FROM entry)"
FIRST_RECORD = "(SELECT record FROM entry WHERE action = 'put' ORDER BY seq LIMIT 1)"
TAMPERED = {
    "UPDATE entry SET reason = 'another' WHERE action = 'put'": "STORE-CHAIN",
    "UPDATE entry SET person = 'Ben' WHERE action = 'open'": "STORE-CHAIN",
    "DELETE FROM entry WHERE seq = 5": "STORE-CHAIN",
    f"UPDATE entry SET signature = '00' WHERE seq = {LAST}": "STORE-SIGNATURE",
    f"DELETE FROM entry WHERE seq = {LAST}": "STORE-ORPHAN",
    "UPDATE sealed SET box = zeroblob(length(box)) WHERE part = 'content'": "STORE-CIPHERTEXT",
    "DELETE FROM sealed WHERE part = 'title' AND version = 2": "STORE-RECORD-MISSING",
    f"DELETE FROM record_key WHERE record = {FIRST_RECORD}": "STORE-KEY-MISSING",
    "UPDATE record_key SET epoch = 2": "STORE-CIPHERTEXT",
    "UPDATE record_key SET box = zeroblob(60)": "STORE-CIPHERTEXT",
    "DELETE FROM wrap WHERE person = 'Eva'": "STORE-WRAP",
    "UPDATE wrap SET person = 'Sys' WHERE person = 'Eva'": "STORE-WRAP",
    "UPDATE member SET sealed = '{}' WHERE person = 'Eva'": "STORE-KEYS",
    "DROP TRIGGER no_delete_entry": "STORE-TRIGGER",
    "CREATE TRIGGER odd AFTER INSERT ON entry BEGIN DELETE FROM wrap; END": "STORE-TRIGGER",
}


@pytest.mark.parametrize("statement", TAMPERED)
def test_what_was_changed_is_found(changed: Made, statement: str) -> None:
    assert codes(changed) == set()
    if "TRIGGER" in statement:
        connection = sqlite3.connect(changed.store.path)
        connection.execute(statement)
        connection.commit()
        connection.close()
    else:
        changed.raw(statement)
    assert TAMPERED[statement] in codes(changed)


def test_what_was_changed_is_not_shown(changed: Made) -> None:
    """Boxes of two records, or of two versions, put in each other's place."""
    rows = changed.rows("SELECT record, version FROM entry WHERE action = 'put' ORDER BY seq")
    assert len(rows) == 3
    boxes = dict(
        changed.rows("SELECT record || version || part, box FROM sealed")  # type: ignore[arg-type]
    )
    keys = dict(changed.rows("SELECT record || version, box FROM record_key"))  # type: ignore
    (one, first), (other, second) = rows[1], rows[2]
    for part in ("title", "content"):
        changed.raw(
            "UPDATE sealed SET box = ? WHERE record || version || part = ?",
            values=(boxes[f"{other}{second}{part}"], f"{one}{first}{part}"),
        )
    changed.raw(
        "UPDATE record_key SET box = ? WHERE record || version = ?",
        values=(keys[f"{other}{second}"], f"{one}{first}"),
    )
    assert codes(changed) == {"STORE-CIPHERTEXT"}
    eva = fresh(changed).open("Eva")
    for act in (lambda: eva.read(str(one), "why", version=int(str(first))), eva.titles):
        with pytest.raises(JournalError) as told:
            act()
        assert str(one) in told.value.message and "graph 1" not in str(told.value)


def test_a_box_opens_at_its_own_place_only() -> None:
    key = bytes(32)
    place = ("store", "R-1", 1, "graph", "evaluation")
    box = sealing.seal(key, b"content", sealing.place("content", *place))
    for position, other in enumerate(("store2", "R-2", 2, "easi", "access")):
        moved = (*place[:position], other, *place[position + 1 :])
        with pytest.raises(sealing.SealError):
            sealing.unseal(key, box, sealing.place("content", *moved))
    with pytest.raises(sealing.SealError):
        sealing.unseal(key, box, sealing.place("title", *place))
    assert sealing.unseal(key, box, sealing.place("content", *place)) == b"content"
    for wrong in (b"", b"short", box[:-1], bytes([box[0] ^ 1]) + box[1:]):
        with pytest.raises(sealing.SealError):
            sealing.unseal(key, wrong, sealing.place("content", *place))


def forged(made: Made, keys: sealing.MemberKeys | None, person: str, action: str, **told: object):
    """Return the entry that somebody adds who writes to the file past the program."""
    state = made.store.state()
    entry = Entry(
        state.seq + 1,
        instant_text(made.watch()),
        person,
        action,
        told.pop("compartment", None),  # type: ignore[arg-type]
        reason="forged",
        detail=plain_json(told),
        previous=state.head,
    )
    entry = replace(entry, hash=entry.own_hash(state.store))
    if keys is not None:
        entry = replace(entry, signature=keys.sign(signed_bytes(entry.hash)))
    from keiryo.security_store.entries import COLUMNS

    marks = ", ".join("?" * len(COLUMNS))
    made.raw(
        f"INSERT INTO entry ({', '.join(COLUMNS)}) VALUES ({marks})",
        values=tuple(getattr(entry, name) for name in COLUMNS),
    )


def grant_to(person: str, fingerprint: str, role: str = "approver") -> dict[str, object]:
    proposal = {"proposal": "M-FORGED", "change": "grant", "about": person, "role": role}
    return {**proposal, "fingerprint": fingerprint}


def test_a_member_cannot_write_themselves_a_right(changed: Made) -> None:
    """With a key of their own and the file, past the program."""
    eva, state = changed.open("Eva"), changed.store.state()
    print_ = state.members["Eva"].fingerprint
    forged(changed, eva.keys, "Eva", "propose", **grant_to("Eva", print_))
    assert codes(changed) == {"STORE-ROLE"}
    with pytest.raises(JournalError, match="damaged at entry"):
        fresh(changed).open("Eva")


def test_nobody_signs_for_another(changed: Made) -> None:
    eva, state = changed.open("Eva"), changed.store.state()
    print_ = state.members["Non"].fingerprint
    forged(changed, eva.keys, "Ada", "propose", **grant_to("Non", print_))
    assert "STORE-SIGNATURE" in codes(changed)
    with pytest.raises(JournalError):
        fresh(changed).store.state()


def test_an_unsigned_read_is_found(changed: Made) -> None:
    forged(changed, None, "Eva", "list", compartment="evaluation")
    assert codes(changed) == {"STORE-SIGNATURE"}


def test_a_key_of_somebody_else_is_not_used(changed: Made) -> None:
    """A wrapped key that an outsider made, so that new records would be sealed for them."""
    state = changed.store.state()
    own = bytes(range(32))
    box = sealing.wrap(
        own, state.members["Eva"].keys.reading, wrap_at(state.store, "evaluation", 1, "Eva")
    )
    changed.raw(
        "UPDATE wrap SET box = ? WHERE person = 'Eva' AND compartment = 'evaluation'",
        values=(box,),
    )
    eva = fresh(changed).open("Eva")
    with pytest.raises(JournalError, match="key of evaluation"):
        put(eva)
    assert codes(changed) == {"STORE-WRAP"}


def test_a_key_is_wrapped_for_one_person(changed: Made) -> None:
    """What is wrapped for one member does not open for another."""
    state = changed.store.state()
    keys = {one: changed.open(one).keys for one in ("Eva", "Mia")}
    row = changed.rows("SELECT box FROM wrap WHERE person='Eva' AND compartment='evaluation'")
    box = bytes(row[0][0])  # type: ignore[arg-type]
    at = wrap_at(state.store, "evaluation", 1, "Eva")
    assert len(sealing.unwrap(box, keys["Eva"].reading, at)) == 32
    for person, place in (("Mia", at), ("Eva", wrap_at(state.store, "access", 1, "Eva"))):
        with pytest.raises(sealing.SealError):
            sealing.unwrap(box, keys[person].reading, place)


@pytest.mark.parametrize(
    "sealed",
    [
        "",
        "[]",
        '{"cost":[1,64,1],"salt":"zz","box":""}',
        '{"cost":[99,9999999,1],"salt":"","box":""}',
    ],
)
def test_sealed_keys_that_were_made_up(changed: Made, sealed: str) -> None:
    with pytest.raises(sealing.SealError):
        sealing.unseal_keys(sealed, "any passphrase", b"", CHEAP)
    changed.raw("UPDATE member SET sealed = ? WHERE person = 'Eva'", values=(sealed,))
    with pytest.raises(NotAllowedError):
        fresh(changed).open("Eva")


def test_old_sealed_keys_put_back(changed: Made) -> None:
    """A passphrase that was changed since no longer opens, with its old row put back too."""
    old = changed.rows("SELECT sealed FROM member WHERE person = 'Eva'")[0][0]
    changed.open("Eva").change_passphrase("quite another set of words")
    changed.raw("UPDATE member SET sealed = ? WHERE person = 'Eva'", values=(old,))
    assert codes(changed) == {"STORE-KEYS"}
    with pytest.raises(NotAllowedError):
        changed.open("Eva")


def test_a_destroyed_key_put_back_opens_nothing(changed: Made) -> None:
    record = str(changed.rows("SELECT record FROM record_key")[0][0])
    rows = changed.rows(f"SELECT * FROM record_key WHERE record = '{record}'")
    asked = membership.propose(changed.open("Ben"), "destroy_record", record, "old")
    membership.confirm(changed.open("Ada"), asked.id)
    for row in rows:
        changed.raw("INSERT INTO record_key VALUES (?, ?, ?, ?, ?)", values=row)
    assert codes(changed) == {"STORE-KEY-LEFT"}
    with pytest.raises(NotAllowedError):
        changed.open("Eva").read(record, "why")


def test_any_byte_of_the_file(filled: Made, tmp_path: Path) -> None:
    """A changed byte is found, or lies where nothing is kept; it never shows other content."""
    content = bytearray(filled.store.path.read_bytes())
    good = {title.record: title for title in filled.open("Eva").titles()}
    for place in range(100, len(content), len(content) // 60):
        content[place] ^= 0x55
        path = tmp_path / "odd.store"
        path.write_bytes(content)
        path.chmod(0o600)
        content[place] ^= 0x55
        made = Made(Store(path, filled.watch, CHEAP), filled.watch)
        try:
            shown = {one.record: one for one in made.open("Eva").titles()}
            assert shown == good
        except KeiryoError:
            pass


# --- several at once, and ends in the middle -----------------------------------------------------


def test_threads_on_one_store(made: Made) -> None:
    eva, cy = made.open("Eva"), made.open("Cy")

    def work(number: int) -> str:
        if number % 2:
            return str(len(cy.titles()))
        return put(eva, number)

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(work, range(24)))
    assert len(set(found[::2])) == 12
    assert verify(made.store) == []


def test_two_programs_at_once(made: Made) -> None:
    other = fresh(made)
    both = [made.open("Eva"), other.open("Eva")]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda one: [put(one, n) for n in range(8)], both))
    assert verify(made.store) == []
    assert len(both[0].titles()) == 16 == len(both[1].titles())


KILLED = """
import os, signal, sys
sys.path[:0] = sys.argv[2:4]
from pathlib import Path
from keiryo.security_store import store, trail
from keiryo.security_store.samples import sample
from security_store.store_cases import CHEAP, Watch, phrase

opened = store.Store(Path(sys.argv[1]), Watch(), CHEAP).open("Eva", phrase("Eva"))
real = trail.insert

def insert(connection, entry):
    real(connection, entry)
    connection.execute("PRAGMA cache_spill=1")
    os.kill(os.getpid(), signal.SIGKILL)

trail.insert = insert
opened.put("graph", "title", *sample("graph", 1), "why")
"""


def test_killed_between_entry_and_record(made: Made) -> None:
    top = Path(__file__).parent.parent.parent
    before = made.store.state().seq
    paths = (str(top / "src"), str(top / "tests"))
    ended = subprocess.run([sys.executable, "-c", KILLED, str(made.store.path), *paths])
    assert ended.returncode == -signal.SIGKILL
    assert fresh(made).store.state().seq == before + 1  # the opening alone
    assert codes(made) == set()
    assert put(made.open("Eva"))


def test_an_error_in_the_middle_leaves_no_trace(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    eva = made.open("Eva")
    head = made.store.head_hash

    def broken(*_: object) -> bytes:
        raise OSError("no more randomness")

    monkeypatch.setattr(membership, "drop_wraps", broken)
    with pytest.raises(OSError, match="randomness"):
        membership.confirm(
            made.open("Ada"),
            membership.propose(made.open("Ben"), "grant", "Non", "why", role="evaluator").id,
        )
    monkeypatch.undo()
    assert made.store.state().roles("Non") == frozenset() and made.store.head_hash != head
    assert eva.titles() == [] and verify(made.store) == []


def test_making_is_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from keiryo.security_store import store, trail

    def broken(*_: object) -> None:
        raise OSError(5, "input/output error")

    monkeypatch.setattr(trail, "insert", broken)
    with pytest.raises(KeiryoError):
        store.create(tmp_path / "a.store", "XA/XFB-", "Ada", phrase("Ada"), cost=CHEAP)
    assert list(tmp_path.iterdir()) == []


def test_a_truncated_trail(changed: Made, again: Callable[[Made], Made]) -> None:
    """Entries cut off with all that belongs to them look like an older copy: a noted head tells."""
    head = changed.store.head_hash
    last = changed.rows("SELECT record, version FROM entry WHERE action = 'put'")[-1]
    seq = int(str(changed.rows("SELECT max(seq) FROM entry WHERE action = 'put'")[0][0]))
    cut = again(changed)
    cut.raw(
        f"DELETE FROM entry WHERE seq >= {seq}",
        f"DELETE FROM sealed WHERE record = '{last[0]}'",
        f"DELETE FROM record_key WHERE record = '{last[0]}'",
    )
    assert verify(cut.store) == []
    assert [one.code for one in verify(cut.store, head)] == ["STORE-ROLLBACK"]
    assert [one.code for one in verify(cut.store, "x")] == ["STORE-ROLLBACK"]
    assert os.path.exists(cut.store.path)
