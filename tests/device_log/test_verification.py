"""Every record of a log is judged, also behind a place where it is broken."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keiryo.device_log.canonical import canonical, digest
from keiryo.device_log.chain import START, next_value, values
from keiryo.device_log.heads import Head
from keiryo.device_log.keys import DeviceKey
from keiryo.device_log.verification import Verified, verify

from .conftest import Device, at, told


def codes(found: Verified) -> set[str]:
    return {one.code for one in found.findings} - {"DEVICE-LOG-UNANCHORED"}


def parts(found: Verified) -> list[tuple[int, int, str]]:
    return [(one.first, one.last, one.authentic) for one in found.segments]


def test_a_whole_log(device: Device) -> None:
    records = device.records(6)
    bare = verify(records)
    assert parts(bare) == [(0, 5, "unsigned")]
    assert {one.code for one in bare.findings} == {"DEVICE-LOG-UNANCHORED"}
    linked = verify(records, chain=values(records))
    assert parts(linked) == [(0, 5, "chained")]
    assert linked.chain_value == values(records)[-1]
    only_last = verify(records, chain=values(records)[-1])
    assert parts(only_last) == [(0, 5, "chained")]
    signed = verify(records, keys=device.keys(), signatures=device.signed(records), kid="K-1")
    assert parts(signed) == [(0, 5, "signed")]
    headed = verify(records, keys=device.keys(), head=device.head(records))
    assert (parts(headed), headed.findings) == ([(0, 5, "signed")], ())
    assert headed.root == device.head(records).root
    assert headed.state_of(3) == "signed"
    assert "under the head" in headed.why(3)
    assert parts(verify([])) == []


def test_a_break_in_the_middle_leaves_the_rest_to_be_judged(device: Device) -> None:
    records = device.records(9)
    chain = values(records)
    records[4]["n"] = 99
    found = verify(records, chain=chain)
    assert codes(found) == {"DEVICE-LOG-CHAIN"}
    assert parts(found) == [(0, 3, "chained"), (4, 4, "broken"), (5, 8, "chained")]
    assert "not linked" in found.why(6)
    head = device.head(records[:3])
    found = verify(records, chain=chain, keys=device.keys(), head=head)
    assert [one[2] for one in parts(found)] == ["signed", "chained", "broken", "chained"]


def test_a_log_that_was_written_anew_is_seen_by_its_head(device: Device) -> None:
    records = device.records(6)
    head = device.head(records)
    earlier = device.head(records[:2])
    records[3]["n"] = 99
    found = verify(records, chain=values(records), keys=device.keys(), head=[earlier, head])
    assert codes(found) == {"DEVICE-LOG-ROOT"}
    assert parts(found) == [(0, 1, "signed"), (2, 5, "broken")]
    found = verify(records, keys=device.keys(), head=head)
    assert parts(found) == [(0, 5, "broken")]


def test_records_taken_away_put_in_swapped_or_cut_off(device: Device) -> None:
    records = device.records(6)
    chain, head = values(records), device.head(records)
    without = [*records[:2], *records[3:]]
    found = verify(without, chain=[*chain[:2], *chain[3:]], keys=device.keys())
    assert codes(found) == {"DEVICE-LOG-CHAIN", "DEVICE-LOG-SEQUENCE"}
    assert parts(found) == [(0, 1, "chained"), (2, 2, "broken"), (3, 4, "chained")]
    swapped = [*records[:2], records[3], records[2], *records[4:]]
    assert codes(verify(swapped, chain=chain)) == {"DEVICE-LOG-CHAIN", "DEVICE-LOG-SEQUENCE"}
    assert codes(verify(swapped, keys=device.keys(), head=head)) >= {"DEVICE-LOG-ROOT"}
    found = verify(records[:-1], chain=chain[:-1], keys=device.keys(), head=head)
    assert codes(found) == {"DEVICE-LOG-TRUNCATED"}
    assert parts(found) == [(0, 4, "chained")]


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_any_change_is_seen_by_chain_and_head(data: st.DataObject) -> None:
    device = Device()
    records = device.records(data.draw(st.integers(1, 12)))
    chain, head = values(records), device.head(records)
    which = data.draw(st.integers(0, len(records) - 1))
    name = data.draw(st.sampled_from(["n", "t", "type", "new"]))
    changed = copy.deepcopy(records)
    changed[which][name] = data.draw(st.integers(1000, 2**53 - 1) | st.text(max_size=5))
    assert canonical(changed[which]) != canonical(records[which])
    found = verify(changed, chain=chain, keys=device.keys(), head=head)
    assert codes(found) >= {"DEVICE-LOG-CHAIN", "DEVICE-LOG-ROOT"}
    assert found.state_of(which) == "broken"
    assert all(found.state_of(n) == "chained" for n in range(len(records)) if n != which)
    covered = [n for one in found.segments for n in range(one.first, one.last + 1)]
    assert covered == list(range(len(records)))


def test_signatures_hold_where_the_chain_does_not(device: Device) -> None:
    records = device.records(5)
    chain, signed = values(records), device.signed(records)
    options: dict[str, Any] = {"keys": device.keys(), "kid": "K-1"}
    found = verify(
        [*records[:2], *records[3:]],
        chain=[*chain[:2], *chain[3:]],
        signatures=[*signed[:2], *signed[3:]],
        **options,
    )
    assert parts(found) == [(0, 1, "signed"), (2, 2, "signed"), (3, 3, "signed")]
    records[1]["n"] = 99
    found = verify(records, signatures=signed, **options)
    assert codes(found) == {"DEVICE-SIGNATURE"}
    assert [one[2] for one in parts(found)] == ["signed", "broken", "signed"]
    other = verify(records, signatures=signed, keys={}, kid="K-1")
    assert codes(other) == {"DEVICE-KEY-UNKNOWN"}
    assert parts(other) == [(0, 4, "unsigned")]


def test_a_signed_record_vouches_for_the_one_before_it(device: Device) -> None:
    records = device.records(4)
    for before, one in pairwise(records):
        one["prev"] = digest(before)
    last = [None, None, None, device.sign(records[3])]
    found = verify(records, keys=device.keys(), kid="K-1", signatures=last)
    assert [one[2] for one in parts(found)] == ["signed", "signed"]
    records[1]["n"] = 99
    found = verify(records, keys=device.keys(), kid="K-1", signatures=last)
    assert codes(found) == {"DEVICE-LOG-PREVIOUS"}
    assert [found.state_of(n) for n in range(4)] == ["unsigned", "unsigned", "signed", "signed"]


def test_a_log_that_continues_an_earlier_one(device: Device) -> None:
    records = device.records(8)
    chain = values(records)
    late = records[4:]
    found = verify(late, chain=chain[4:])
    assert codes(found) == {"DEVICE-LOG-CHAIN-START"}
    assert parts(found) == [(0, 0, "unsigned"), (1, 3, "chained")]
    found = verify(late, chain=chain[4:], start=chain[3])
    assert parts(found) == [(0, 3, "chained")]
    assert "before the first record" in found.why(0)
    found = verify(late, chain=chain[4:], start=chain[2])
    assert codes(found) == {"DEVICE-LOG-CHAIN"}


def test_what_is_no_record(device: Device) -> None:
    records: list[Any] = device.records(5)
    chain = values(records)
    records[2] = None
    found = verify(records, chain=chain)
    assert codes(found) == {"DEVICE-LOG-RECORD"}
    assert parts(found) == [(0, 1, "chained"), (2, 2, "broken"), (3, 4, "chained")]
    assert (found.root, found.chain_value) == (None, None)
    records[2] = {"seq": 2, "x": 0.5}
    assert codes(verify(records)) == {"DEVICE-LOG-RECORD"}
    chain[3] = "xyz"
    assert verify(records, chain=chain).state_of(3) == "broken"


def test_values_beside_records_that_are_too_few(device: Device) -> None:
    records = device.records(4)
    found = verify(records, chain=values(records)[:3])
    assert codes(found) == {"DEVICE-LOG-BESIDE"}
    assert parts(found) == [(0, 2, "chained"), (3, 3, "unsigned")]


def test_numbers_that_come_twice(device: Device) -> None:
    records = device.records(3)
    assert codes(verify([*records, records[1]])) == {"DEVICE-LOG-REPEATED"}
    other = {**records[1], "n": 99}
    assert codes(verify([*records, other])) == {"DEVICE-LOG-EQUIVOCATION"}


def test_keys_in_the_course_of_time(device: Device) -> None:
    records = device.records(6)
    signed = device.signed(records)

    def with_key(key: DeviceKey, **more: Any) -> Verified:
        return verify(records, keys={"K-1": key}, kid="K-1", signatures=signed, **more)

    revoked = with_key(device.key(revoked_at=at(30)))
    assert parts(revoked) == [(0, 2, "signed"), (3, 5, "unsigned")]
    assert codes(revoked) == {"DEVICE-KEY-NOT-IN-FORCE"}
    assert parts(with_key(device.key(valid_to=at(20)))) == [(0, 1, "signed"), (2, 5, "unsigned")]
    assert parts(with_key(device.key(valid_from=at(11))))[0] == (0, 1, "unsigned")
    late = with_key(device.key(revoked_at=at(90)), received_at=at(100))
    assert codes(late) == {"DEVICE-KEY-REVOKED-SINCE"}
    assert parts(late) == [(0, 5, "signed")]
    for wrong in ({"purpose": "reviewer"}, {"owner": "CAM-02"}):
        found = with_key(device.key(**wrong))
        assert codes(found) == {"DEVICE-KEY-PURPOSE"}
        assert parts(found) == [(0, 5, "unsigned")]
    assert parts(with_key(device.key(purpose="collector", owner="INT.IAEA")))[0][2] == "signed"
    assert parts(with_key(device.key(owner="camera:CAM-01")))[0][2] == "signed"
    del records[0]["t"]
    signed = device.signed(records)
    assert codes(with_key(device.key())) == {"DEVICE-KEY-NOT-IN-FORCE"}
    assert codes(with_key(device.key(), received_at=at(70))) == set()


def test_heads_that_do_not_count(device: Device) -> None:
    records = device.records(4)
    head = device.head(records)
    bare = Head(head.log, head.size, head.root, head.t)
    found = verify(records, head=bare)
    assert (codes(found), parts(found)) == ({"DEVICE-HEAD-UNSIGNED"}, [(0, 3, "chained")])
    found = verify(records, head=head)
    assert (codes(found), parts(found)) == ({"DEVICE-KEY-UNKNOWN"}, [(0, 3, "unsigned")])
    forged = Head(head.log, head.size, head.root, told(999), "K-1", head.signature)
    assert codes(verify(records, head=forged, keys=device.keys())) == {"DEVICE-SIGNATURE"}
    other = device.head([*records[:3], {"seq": 3}])
    found = verify(records, head=[head, other], keys=device.keys())
    assert codes(found) == {"DEVICE-HEAD-EQUIVOCATION", "DEVICE-LOG-ROOT"}
    assert parts(found) == [(0, 3, "signed")]


def test_a_million_findings_are_not_told_one_by_one(device: Device) -> None:
    records = device.records(200)
    found = verify(records, signatures=device.signed(records))
    mine = [one for one in found.findings if one.code == "DEVICE-KEY-UNKNOWN"]
    assert len(mine) == 21
    assert "180 more" in mine[-1].message


@pytest.mark.parametrize("kept", [1, 3])
def test_values_at_some_records_only(device: Device, kept: int) -> None:
    records = device.records(6)
    chain: list[str | None] = [v if n % 3 == 2 else None for n, v in enumerate(values(records))]
    assert parts(verify(records, chain=chain)) == [(0, 5, "chained")]
    records[kept]["n"] = 99
    found = verify(records, chain=chain)
    assert found.state_of(kept) == "broken"
    assert [one[2] for one in parts(found)].count("broken") == 1


def test_the_chain_by_hand() -> None:
    assert next_value(START, b"{}") == values([{}])[0]
