"""Keys and heads in the books: registered, revoked, accepted, contradicting; and explained."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

import keiryo
from keiryo.api import Books
from keiryo.device_log import tree
from keiryo.device_log.accepted_heads import (
    Accepted,
    Anchor,
    accept_head,
    anchor_head,
    anchors,
    heads,
    last_accepted,
)
from keiryo.device_log.heads import Head, head_from, is_equivocation, succession_findings
from keiryo.device_log.key_register import keys, register_key, revoke_key
from keiryo.device_log.keys import DeviceKey, keys_from
from keiryo.errors import NotFoundError, RefusedError, UsageError
from keiryo.journal.dependents import dependents
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.journal.why import why

from .conftest import BEGIN, Device, at, told


@pytest.fixture
def books(sqlite_url: str) -> Books:
    return keiryo.init(sqlite_url, "XA", person="P-TEST2345")


def registered(books: Books, device: Device, **more: Any) -> None:
    register_key(books.database, books.actor, device.key(**more))


def in_force(books: Books, **more: Any) -> dict[str, DeviceKey]:
    with books.database.reading() as connection:
        return keys(connection, books.database.metadata, **more)


def refused(call: Any) -> set[str]:
    with pytest.raises(RefusedError) as error:
        call()
    assert all(one.advice for one in error.value.findings)
    return {one.code for one in error.value.findings}


def test_keys_are_registered_and_revoked(books: Books, device: Device) -> None:
    registered(books, device, valid_to=at(9000))
    first = in_force(books)["K-1"]
    assert replace(first, line="") == device.key(valid_to=at(9000))
    revoke_key(books.database, books.actor, "K-1", at=at(60), reason="battery changed by others")
    assert in_force(books)["K-1"].revoked_at == at(60)
    assert in_force(books, through_act=first_act(first))["K-1"].revoked_at is None
    assert in_force(books, known_at=at(59))["K-1"].revoked_at is None
    assert in_force(books, known_at=BEGIN - datetime.timedelta(1)) == {}
    revoke_key(books.database, books.actor, "K-1", at=at(30), reason="it was earlier")
    assert in_force(books)["K-1"].revoked_at == at(30)
    later = {"at": at(45), "reason": "later after all"}
    assert refused(lambda: revoke_key(books.database, books.actor, "K-1", **later)) == {
        "DEVICE-KEY-REVOKED"
    }


def first_act(key: DeviceKey) -> int:
    return int(key.line.removeprefix("line:").partition("/")[0])


def test_keys_that_are_refused(books: Books, device: Device) -> None:
    registered(books, device)
    assert refused(lambda: registered(books, device)) == {"DEVICE-KEY-TWICE"}
    assert refused(lambda: registered(books, Device("K-2"))) == {"DEVICE-KEY-TWICE"}
    other = Device("K-2", seed=2)
    bad: list[dict[str, Any]] = [
        {"purpose": "spy"},
        {"owner": ""},
        {"valid_to": BEGIN},
        {"algorithm": "RSA"},
    ]
    for more in bad:
        assert refused(lambda more=more: registered(books, other, **more)) == {"DEVICE-KEY-FORM"}
    spaced = replace(other.key(), kid="K 2")
    call = register_key
    assert refused(lambda: call(books.database, books.actor, spaced)) == {"DEVICE-KEY-FORM"}
    short = replace(other.key(), public="00")
    assert refused(lambda: call(books.database, books.actor, short)) == {"DEVICE-KEY-FORM"}
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
    when = {"at": soon, "reason": "planned"}
    assert refused(lambda: revoke_key(books.database, books.actor, "K-1", **when)) == {
        "DEVICE-KEY-FUTURE"
    }
    with pytest.raises(NotFoundError):
        revoke_key(books.database, books.actor, "K-9", reason="gone")
    assert refused(lambda: revoke_key(books.database, books.actor, "K-1", reason=" ")) == {
        "DEVICE-KEY-FORM"
    }
    assert set(in_force(books)) == {"K-1"}


def accept(books: Books, head: Head, proof: list[bytes] | None = None, **more: Any) -> Accepted:
    path = None if proof is None else [one.hex() for one in proof]
    return accept_head(books.database, books.actor, head, proof=path, **more)


def last(books: Books) -> Head | None:
    with books.database.reading() as connection:
        return last_accepted(connection, books.database.metadata, "CAM-01")


def test_heads_follow_one_another(books: Books, device: Device) -> None:
    registered(books, device)
    records = device.records(9)
    leaves = tree.leaves(records)
    first, second = device.head(records[:4], 40), device.head(records, 90)
    copies = [Anchor("copy", "State"), Anchor("printed", "minutes 7", at(41), "page 3")]
    assert accept(books, first, copies=copies).standing == "accepted"
    assert refused(lambda: accept(books, second)) == {"DEVICE-HEAD-CONSISTENCY"}
    wrong = tree.consistency_path(leaves, 3)
    assert refused(lambda: accept(books, second, wrong)) == {"DEVICE-HEAD-CONSISTENCY"}
    assert accept(books, second, tree.consistency_path(leaves, 4)).findings == ()
    assert last(books) == second
    later = device.head(records, 100)
    assert accept(books, later).standing == "accepted"
    assert refused(lambda: accept(books, later)) == {"DEVICE-HEAD-KNOWN"}
    back = accept(books, device.head(records, 95))
    assert (back.standing, [one.code for one in back.findings]) == (
        "accepted",
        ["DEVICE-HEAD-TIME"],
    )
    anchor_head(books.database, books.actor, "CAM-01", 9, [Anchor("witness", "INT.IAEA")])
    with books.database.reading() as connection:
        held = anchors(connection, books.database.metadata, "CAM-01")
        assert [(one["size"], one["form"]) for one in held] == [
            (4, "copy"),
            (4, "printed"),
            (9, "witness"),
        ]
        assert len(heads(connection, books.database.metadata)) == 4
    with pytest.raises(NotFoundError):
        anchor_head(books.database, books.actor, "CAM-01", 7, [Anchor("copy", "State")])
    for one in (Anchor("rumour", "State"), Anchor("copy", " ")):
        call = [one]
        assert refused(
            lambda call=call: anchor_head(books.database, books.actor, "CAM-01", 9, call)
        ) == {"DEVICE-HEAD-ANCHOR"}


def test_a_head_that_contradicts_is_kept_as_evidence(books: Books, device: Device) -> None:
    registered(books, device)
    records = device.records(9)
    good = device.head(records, 90)
    accept(books, good)
    other = device.head([*records[:8], {"seq": 8, "n": "changed"}], 90)
    kept = accept(books, other)
    assert (kept.standing, [one.code for one in kept.findings]) == (
        "contradicting",
        ["DEVICE-HEAD-EQUIVOCATION"],
    )
    fewer = accept(books, device.head(records[:5], 120))
    assert [one.code for one in fewer.findings] == ["DEVICE-HEAD-SHRUNK"]
    unproved = device.head(device.records(12), 130)
    kept = accept(books, unproved, [], keep_unproved=True)
    assert [one.code for one in kept.findings] == ["DEVICE-HEAD-CONSISTENCY"]
    assert last(books) == good
    with books.database.reading() as connection:
        found = books.database.metadata.tables["finding"]
        recorded = {row.code for row in connection.execute(select(found))}
    assert recorded == {f"DEVICE-HEAD-{one}" for one in ("EQUIVOCATION", "SHRUNK", "CONSISTENCY")}


def test_an_old_head_as_a_new_one(books: Books, device: Device) -> None:
    registered(books, device)
    records = device.records(9)
    accept(books, device.head(records, 90))
    old = device.head(records[:4], 40)
    assert refused(lambda: accept(books, old)) == {"DEVICE-HEAD-SHRUNK"}


def test_heads_without_a_signature_that_counts(books: Books, device: Device) -> None:
    head = device.head(device.records(3), 90)
    assert refused(lambda: accept(books, head)) == {"DEVICE-KEY-UNKNOWN"}
    registered(books, device)
    bare = replace(head, signature=None)
    assert refused(lambda: accept(books, bare)) == {"DEVICE-HEAD-UNSIGNED"}
    assert refused(lambda: accept(books, replace(head, size=4))) == {"DEVICE-SIGNATURE"}
    empty = Head("CAM-01", 0, "0" * 64, told(1), "K-1")
    empty = replace(empty, signature=device.sign(empty.body))
    assert refused(lambda: accept(books, empty)) == {"DEVICE-HEAD-EMPTY"}
    assert accept(books, device.head([], 1)).standing == "accepted"
    assert accept(books, head).standing == "accepted"  # an empty log proves nothing
    revoke_key(books.database, books.actor, "K-1", at=at(95), reason="lost")
    after = device.head(device.records(3), 100)
    assert refused(lambda: accept(books, after)) == {"DEVICE-KEY-NOT-IN-FORCE"}


def test_lines_that_say_too_much(books: Books, device: Device) -> None:
    registered(books, device)
    head = device.head(device.records(3), 90)
    values = {"log": head.log, "size": 3, "root": head.root, "made_at": head.t, "kid": "K-1"}
    values |= {"signature": head.signature, "standing": "contradicting"}
    for name, value, code in (
        ("standing", "contradicting", "DEVICE-HEAD-STANDING"),
        ("made_at", "yesterday", "DEVICE-HEAD-FORM"),
    ):
        made = Draft("device.head", f"test:{name}")
        made.add("device_head", {**values, name: value}, scope="XA")
        assert refused(lambda made=made: post(books.database, made, books.actor)) == {code}


def test_from_a_head_to_its_key_and_back(books: Books, device: Device) -> None:
    registered(books, device)
    records = device.records(9)
    accept(books, device.head(records[:4], 40), copies=[Anchor("copy", "State")])
    path = tree.consistency_path(tree.leaves(records), 4)
    accept(books, device.head(records, 90), path)
    accept(books, device.head(records[:3], 100))
    revoke_key(books.database, books.actor, "K-1", at=at(200), reason="changed")
    database = books.database
    with database.reading() as connection:
        metadata, registry = database.metadata, database.registry
        for node in ("head:CAM-01/9", "head:CAM-01/3"):
            chain = why(connection, metadata, registry, node, limit=500)
            relations = {one.relation for one in chain.links}
            assert {"recorded in", "copied in", "signed with", "registered in", "revoked in"} <= (
                relations | {"copied in"}
            )
            own = [one for one in chain.links if one.source.startswith(("head:", "key:"))]
            assert len(own) >= 4
            for link in own:
                back = dependents(connection, metadata, registry, link.target, 500)
                assert link in back, link
        about = {one.relation for one in dependents(connection, metadata, registry, "key:K-1")}
        assert about == {"signed with"}
        targets = {
            one.relation for one in dependents(connection, metadata, registry, "head:CAM-01/4")
        }
        assert targets == {"continues"}
        with pytest.raises(NotFoundError):
            why(connection, metadata, registry, "head:nothing", limit=5)


def test_succession_without_books(device: Device) -> None:
    records = device.records(3)
    head = device.head(records)
    assert succession_findings(None, head) == []
    assert succession_findings(head, head) == []
    assert not is_equivocation(head, replace(head, log="CAM-02", root="0" * 64))


@pytest.mark.parametrize(
    "change",
    [
        *({"size": -1}, {"size": True}, {"size": 2**53}, {"root": "ff"}, {"t": "now"}),
        *({"log": ""}, {"kid": 7}, {"sig": 8}),
    ],
)
def test_what_is_no_head(device: Device, change: dict[str, Any]) -> None:
    told = device.head(device.records(2)).to_dict()
    assert head_from(told).size == 2
    with pytest.raises(UsageError):
        head_from({**told, **change})


def test_what_is_no_head_at_all() -> None:
    with pytest.raises(UsageError):
        head_from([])


def test_keys_of_a_file(device: Device) -> None:
    given = device.key(valid_to=at(5), revoked_at=at(3)).to_dict()
    assert keys_from([given]) == {"K-1": device.key(valid_to=at(5), revoked_at=at(3))}
    assert keys_from({"keys": [given]}) == keys_from([given])
    bad: list[Any] = [
        *(None, [7], [given, given]),
        *([{**given, name: None}] for name in ("kid", "public", "purpose", "valid_from")),
        *([{**given, "algorithm": "RSA"}], [{**given, "valid_to": "soon"}]),
    ]
    for one in bad:
        with pytest.raises(UsageError):
            keys_from(one)
