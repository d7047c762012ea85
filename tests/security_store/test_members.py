"""Who may do what: need to know by keys, two persons for every change, opening for some minutes."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from keiryo.errors import JournalError, NotAllowedError, RefusedError, StorageError
from keiryo.security_store import membership, releases, roles, sealing
from keiryo.security_store.opened import Opened
from keiryo.security_store.samples import sample
from keiryo.security_store.store import Store, create, look_in, named, stores_in
from keiryo.security_store.verification import verify
from security_store.store_cases import CHEAP, Made, Watch, phrase


def code(error: pytest.ExceptionInfo[RefusedError]) -> str:
    return error.value.findings[0].code


def put(opened: Opened, kind: str = "graph", seed: int = 1) -> str:
    media_type, content = sample("access_log" if kind == "access_log" else "graph", seed)
    if kind == "compensatory_values":
        row = b'{"measure": "CM-1", "asset_kind": "detection", "p_detection": 0.5}'
        content = b'{"placeholder": true, "measures": [' + row + b"]}"
    return opened.put(kind, f"{kind} secret-title", media_type, content, "training")


def test_need_to_know_is_a_matter_of_keys(made: Made) -> None:
    assert verify(made.store) == []
    wraps = {(c, p) for c, p in made.rows("SELECT compartment, person FROM wrap")}
    state = made.store.state()
    for person in state.members:
        may = roles.reads(state.roles(person))
        assert {c for c, p in wraps if p == person} == may
    assert not any(p in ("Sys", "Non") for _, p in wraps)
    assert {c for c, p in wraps if p == "Ann"} == {"access", "statement"}


@pytest.mark.parametrize(
    ("kind", "writer", "readers"),
    [
        ("graph", "Eva", "Ada Ben Eva Rob"),
        ("access_log", "Cy", "Ada Cy Ann"),
        ("compensatory_values", "Mia", "Ada Ben Cy Eva Mia"),
    ],
)
def test_who_reads_and_writes(made: Made, kind: str, writer: str, readers: str) -> None:
    record = put(made.open(writer), kind)
    for person in ("Ada", "Ben", "Cy", "Eva", "Rob", "Mia", "Ann", "Sys", "Non"):
        opened = made.open(person)
        if person in readers.split():
            assert opened.read(record, "to know").head.title.startswith(kind)
            assert record in {one.record for one in opened.titles()}
        else:
            with pytest.raises(NotAllowedError) as told:
                opened.read(record, "to know")
            assert code(told) == "STORE-ROLE"
            assert record not in {one.record for one in opened.titles()}
        may_write = kind in roles.writes(made.store.state().roles(person))
        if not may_write:
            with pytest.raises(NotAllowedError):
                put(opened, kind)
    assert verify(made.store) == []


def test_the_auditor_reads_the_trail_and_writes_nothing(made: Made) -> None:
    ann = made.open("Ann")
    trail = ann.audit(last=3)
    assert trail[-1].action == "audit" and trail[-1].person == "Ann"
    with pytest.raises(NotAllowedError):
        made.open("Eva").audit()
    for change in ("grant", "withdraw"):
        with pytest.raises(NotAllowedError):
            membership.propose(ann, change, "Non", "why", role="evaluator")


def test_the_administrator_reads_nothing_and_grants_nothing(made: Made) -> None:
    sys_admin = made.open("Sys")
    assert sys_admin.titles() == []
    assert made.store.counts()["members"] == 8
    for person in ("Sys", "Non"):
        with pytest.raises(NotAllowedError):
            membership.propose(sys_admin, "grant", person, "why", role="evaluator")
    with pytest.raises(NotAllowedError):
        sys_admin.audit()


def test_a_change_takes_two(made: Made) -> None:
    ben, ada = made.open("Ben"), made.open("Ada")
    asked = membership.propose(ben, "grant", "Non", "why", role="evaluator")
    assert asked.state == "open"
    assert made.store.state().roles("Non") == frozenset()
    for person, expected in (("Ben", "STORE-TWO-PERSONS"), ("Eva", "STORE-ROLE")):
        with pytest.raises(NotAllowedError) as told:
            membership.confirm(made.open(person), asked.id)
        assert code(told) == expected
    with pytest.raises(NotAllowedError) as told:  # she holds no key of evaluation
        membership.confirm(made.open("Cy"), asked.id)
    assert code(told) == "STORE-KEY"
    assert membership.confirm(ada, asked.id).state == "done"
    assert put(made.open("Non"))
    with pytest.raises(NotAllowedError):
        membership.confirm(ada, asked.id)


def test_nobody_gives_themselves_a_role(made: Made) -> None:
    with pytest.raises(NotAllowedError) as told:
        membership.propose(made.open("Ben"), "grant", "Ben", "why", role="evaluator")
    assert code(told) == "STORE-SELF"
    asked = membership.propose(made.open("Ada"), "grant", "Ben", "why", role="evaluator")
    with pytest.raises(NotAllowedError) as told:
        membership.confirm(made.open("Ben"), asked.id)
    assert code(told) == "STORE-SELF"


def test_roles_that_stand_alone_and_fingerprints(made: Made) -> None:
    ada = made.open("Ada")
    with pytest.raises(NotAllowedError) as told:
        membership.propose(ada, "grant", "Eva", "why", role="auditor")
    assert code(told) == "STORE-ROLE"
    with pytest.raises(NotAllowedError) as told:
        membership.propose(
            ada, "grant", "Non", "why", role="evaluator", fingerprint="0000-" * 7 + "0000"
        )
    assert code(told) == "STORE-FINGERPRINT"


def test_keys_that_were_exchanged_meanwhile_get_nothing(made: Made) -> None:
    """A proposal is about the very keys that were there when it was made."""
    asked = membership.propose(made.open("Ben"), "grant", "Non", "why", role="evaluator")
    out = membership.propose(made.open("Ben"), "withdraw", "Non", "left")
    membership.confirm(made.open("Ada"), out.id)
    made.store.enrol("Non", "quite another person here")
    with pytest.raises(NotAllowedError) as told:
        membership.confirm(made.open("Ada"), asked.id)
    assert code(told) == "STORE-FINGERPRINT"


def test_withdrawal_takes_the_keys_and_new_records_get_a_new_one(made: Made) -> None:
    before = put(made.open("Eva"))
    eva = made.open("Eva")
    asked = membership.propose(made.open("Ben"), "withdraw", "Eva", "left")
    membership.confirm(made.open("Cy"), asked.id)  # holds no key of evaluation: due later
    assert "evaluation" in made.store.state().rotation_due
    assert not made.rows("SELECT * FROM wrap WHERE person = 'Eva'")
    with pytest.raises(NotAllowedError):
        eva.read(before, "why")
    with pytest.raises(NotAllowedError):
        made.open("Eva")
    asked = membership.propose(made.open("Ben"), "grant", "Non", "why", role="evaluator")
    membership.confirm(made.open("Ada"), asked.id)
    after = put(made.open("Non"))
    epochs = dict(made.rows("SELECT record, epoch FROM record_key"))  # type: ignore[arg-type]
    assert (epochs[before], epochs[after]) == (1, 2)
    assert made.open("Non").read(before, "why") and made.open("Rob").read(after, "why")
    assert verify(made.store) == []


def test_the_last_who_holds_a_key_stays(tmp_path: Path) -> None:
    watch = Watch()
    store = create(tmp_path, "XA/XFB-", "Ada", phrase("Ada"), clock=watch, cost=CHEAP)
    ada = store.open("Ada", phrase("Ada"))
    with pytest.raises(NotAllowedError) as told:
        membership.propose(ada, "withdraw", "Ada", "left")
    assert code(told) == "STORE-LAST"
    with pytest.raises(NotAllowedError) as told:
        membership.propose(ada, "destroy_store", "", "over")
    assert code(told) == "STORE-TWO-PERSONS"
    store.enrol("Ben", phrase("Ben"))
    assert membership.propose(ada, "grant", "Ben", "first", role="approver").state == "done"
    with pytest.raises(NotAllowedError) as told:
        membership.propose(ada, "revoke", "Ada", "why", role="security_officer")
    assert code(told) == "STORE-LAST"


def test_it_closes_by_itself(made: Made) -> None:
    eva = made.open("Eva")
    record = put(eva)
    for _ in range(6):
        made.watch.go(minutes=9)
        eva.read(record, "why")
    made.watch.go(minutes=6)
    with pytest.raises(NotAllowedError) as told:  # an hour, though it was used all the time
        eva.titles()
    assert code(told) == "STORE-EXPIRED"
    for minutes in (10, -1):
        again = made.open("Eva")
        made.watch.go(minutes=minutes)
        with pytest.raises(NotAllowedError):
            again.titles()
        made.watch.go(minutes=1)
    closed = made.open("Eva")
    closed.close()
    with pytest.raises(NotAllowedError):
        closed.read(record, "why")


def test_wrong_passphrases_are_recorded_and_make_waits(made: Made) -> None:
    for _ in range(3):
        with pytest.raises(NotAllowedError) as told:
            made.store.open("Eva", "not this one, surely")
        assert code(told) == "STORE-OPEN"
    with pytest.raises(NotAllowedError) as told:  # the right one waits too
        made.open("Eva")
    assert code(told) == "STORE-WAIT"
    made.watch.go(seconds=31)
    with pytest.raises(NotAllowedError):
        made.store.open("Eva", "not this one, surely")
    made.watch.go(seconds=31)
    with pytest.raises(NotAllowedError) as told:  # twice as long now
        made.open("Eva")
    assert code(told) == "STORE-WAIT"
    made.watch.go(seconds=31)
    assert made.open("Eva")
    with pytest.raises(NotAllowedError) as told:
        made.store.open("Nobody secret-name", "x" * 20)
    assert code(told) == "STORE-OPEN"
    trail = made.open("Ann").audit()
    assert sum(one.action == "wrong_passphrase" for one in trail) == 4
    assert not any("secret-name" in one.person for one in trail)
    assert verify(made.store) == []


def test_passphrases(made: Made) -> None:
    for text in ("short", "aaaaaaaaaaaaaaaa", "abcdefghijklmnop", "x" * 300, "New " * 4):
        with pytest.raises(RefusedError) as told:
            made.store.enrol("New", text)
        assert code(told).startswith("STORE-PASSPHRASE-")
    made.store.enrol("New", "ｆｕｌｌ ｗｉｄｔｈ é letters")
    assert made.store.open("New", "full width e\u0301 letters")
    with pytest.raises(RefusedError):
        made.store.enrol("New", phrase("other"))
    eva = made.open("Eva")
    record = put(eva)
    eva.change_passphrase("another set of many words")
    with pytest.raises(NotAllowedError):
        made.open("Eva")
    assert made.store.open("Eva", "another set of many words").read(record, "why")
    assert verify(made.store) == []


def test_cheap_keys_are_refused_outside_of_tests(made: Made) -> None:
    strict = Store(made.store.path, made.watch)
    assert strict.cost == sealing.COST and sealing.COST.memory_kib == 65_536
    with pytest.raises(NotAllowedError):
        strict.open("Eva", phrase("Eva"))


def test_nothing_of_it_is_shown_by_accident(made: Made) -> None:
    eva = made.open("Eva")
    content = eva.read(put(eva), "why")
    for thing in (eva, content, content.head, made.store, eva._keys):
        assert "secret" not in repr(thing) and "placeholder" not in repr(thing)
    assert repr(eva) == "<Opened by Eva>"
    with pytest.raises(TypeError):
        pickle.dumps(eva)
    copy = releases.Copy(1, "R-1", "text/csv", b"secret")
    assert "secret" not in repr(copy)


def test_files(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "stores"
    folder.mkdir()
    path = create(folder, "XA/XFB-", "Ada", phrase("Ada"), cost=CHEAP).path
    assert path.stat().st_mode & 0o777 == 0o600 and "XFB" not in path.name
    assert [one.name for one in folder.iterdir()] == [path.name]
    assert [one.facility for one in stores_in(folder)] == ["XA/XFB-"]
    monkeypatch.delenv("KEIRYO_SECURITY_STORES", raising=False)
    for wanted in (None, "XA/XFB-"):  # off until it is named
        with pytest.raises(Exception, match="no such store"):
            named(wanted)
    monkeypatch.setenv("KEIRYO_SECURITY_STORES", str(folder))
    assert named("XA/XFB-").path == named(None).path == path
    with pytest.raises(StorageError, match="already"):
        create(path, "XA/XFB-", "Ada", phrase("Ada"), cost=CHEAP)
    path.chmod(0o640)
    with pytest.raises(StorageError, match="read or written by others"):
        Store(path).state()
    (folder / "b.store").write_bytes(b"no database at all")
    (folder / "b.store").chmod(0o600)
    (folder / "c.store").symlink_to(made.store.path)
    stores, problems = look_in(folder)
    assert not stores and len(problems) == 3


def test_an_exchanged_file_is_noticed_while_in_use(made: Made, tmp_path: Path) -> None:
    eva = made.open("Eva")
    older = made.store.path.read_bytes()
    put(eva)
    head = made.store.head_hash
    made.store.path.write_bytes(older)
    with pytest.raises(JournalError, match="was in use"):
        eva.titles()
    fresh = Store(made.store.path, made.watch, CHEAP)
    assert verify(fresh) == []  # by itself an older copy is sound
    assert [one.code for one in verify(fresh, head)] == ["STORE-ROLLBACK"]
    assert verify(fresh, fresh.head_hash) == []


def test_what_somebody_wished_who_left_is_not_done(made: Made) -> None:
    eva, cy, ada = made.open("Eva"), made.open("Cy"), made.open("Ada")
    request = releases.ask_release(eva, put(eva), "Authority", "why")
    wish = membership.propose(made.open("Ben"), "grant", "Non", "why", role="evaluator")
    for person in ("Eva", "Ben"):
        asked = membership.propose(cy, "withdraw", person, "left")
        membership.confirm(ada, asked.id)
    with pytest.raises(NotAllowedError) as told:
        membership.confirm(ada, wish.id)
    assert code(told) == "STORE-PROPOSAL"
    with pytest.raises(NotAllowedError) as told:
        releases.release(ada, request.id)
    assert code(told) == "STORE-REQUEST"
    assert verify(made.store) == []
