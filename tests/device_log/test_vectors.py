"""The vectors of containment-surveillance.md, section 3.8, to the digit; each negative test."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from keiryo.device_log import tree
from keiryo.device_log.canonical import canonical, parse
from keiryo.device_log.chain import START, next_value, values
from keiryo.device_log.heads import Head
from keiryo.journal.signatures import is_signed

LEAVES = [
    bytes.fromhex(one)
    for one in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
INCLUSIONS = {
    (0, 8): "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7 "
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e "
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    (5, 8): "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b "
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0 "
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    (2, 3): "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
}
CONSISTENCIES = {
    (6, 8): "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a "
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0 "
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    (4, 8): "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    (3, 7): "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7 "
    "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7 "
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125 "
    "837dbb152e9b079010717e84e865da4ebc0fa198a806d59d31bf15accef22d0e",
    (2, 5): "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e "
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
}
RECORDS = (
    '{"seq":0,"sha256":"765fa47cd168bc2a771f5e6defca2dc3e55d30397e06ee5ad0fe0732b134f215",'
    '"src":"CAM-01","t":"2026-01-01T00:00:00Z","type":"image"}',
    '{"seq":1,"sha256":"70149fad0bf579bf60634621c2b2a80490b624c014d3d716deaf7b5db698a163",'
    '"src":"CAM-01","t":"2026-01-01T00:10:00Z","type":"image"}',
    '{"seq":2,"sha256":null,"src":"SEAL-0042","t":"2026-01-01T00:13:07Z","type":"fibre_open"}',
)
CHAIN = (
    "86eea1a0fce323f3a270c314217802d562b447a3781ecb65f8127f26e163ac51",
    "60df240e755e9d2bf782a653fdbbb0b975143e4d15e6a325992fa8f81e285800",
    "5140d2efbe78a73e1b75c2eced6cb2450a66412aa14edb23369611f0a5c91c08",
)
RECORD_LEAVES = (
    "5c43936bf24da117513111d1e07070dcd96291f068f3e2a5d3088aad961fa38b",
    "fb4efea2616448770aef899190ad80b76de7a751599c97ce4f37b4882653d790",
    "1ec43db2e272466083e13a13cea08e3fd6e533d40c7af01b3bd7f7686c4bd814",
)
ROOT_3 = "40b4a2c8f1ab4cad3dfcdebb1bd3577127bf2e04d3dfde9ae06e924a4f4fc328"
HEAD = (
    '{"log":"demo","root":"40b4a2c8f1ab4cad3dfcdebb1bd3577127bf2e04d3dfde9ae06e924a4f4fc328",'
    '"size":3,"t":"2026-01-01T00:15:00Z"}'
)
PUBLIC = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
SIGNATURE = (
    "7808ab1ed44212d2bf8ce0b28bf9c2b12b33c93ca33b59212614179da8d92fd8"
    "8a085aa8a5df523208255eb458d4aa7f2256679433538d91ea5fd03e05b93c09"
)


def hashed(told: str) -> list[bytes]:
    return [bytes.fromhex(one) for one in told.split()]


def log(size: int) -> list[bytes]:
    return [tree.leaf(one) for one in LEAVES[:size]]


@pytest.mark.parametrize("size", range(9))
def test_roots(size: int) -> None:
    assert tree.root(log(size)).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size"), INCLUSIONS)
def test_inclusions(index: int, size: int) -> None:
    path = tree.inclusion_path(log(size), index)
    assert path == hashed(INCLUSIONS[index, size])
    assert tree.is_included(log(size)[index], index, size, path, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("earlier", "later"), CONSISTENCIES)
def test_consistencies(earlier: int, later: int) -> None:
    path = tree.consistency_path(log(later), earlier)
    assert path == hashed(CONSISTENCIES[earlier, later])
    roots = bytes.fromhex(ROOTS[earlier]), bytes.fromhex(ROOTS[later])
    assert tree.is_consistent(earlier, roots[0], later, roots[1], path)


def test_records_chain_and_head() -> None:
    records = [parse(one) for one in RECORDS]
    assert [canonical(one).decode() for one in records] == list(RECORDS)
    frames = [hashlib.sha256(name).hexdigest() for name in (b"frame0", b"frame1")]
    assert [one["sha256"] for one in records[:2]] == frames
    assert tuple(values(records)) == CHAIN
    assert tuple(one.hex() for one in tree.leaves(records)) == RECORD_LEAVES
    assert tree.root(tree.leaves(records)).hex() == ROOT_3
    head = Head("demo", 3, ROOT_3, "2026-01-01T00:15:00Z")
    assert head.message().decode() == HEAD
    secret = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    assert secret.public_key().public_bytes_raw().hex() == PUBLIC
    assert secret.sign(head.message()).hex() == SIGNATURE
    assert is_signed(PUBLIC, head.message(), SIGNATURE)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_flipped_bit_of_a_proof_is_seen(data: st.DataObject) -> None:
    later = data.draw(st.integers(2, 8))
    earlier = data.draw(st.integers(1, later - 1))
    path = tree.consistency_path(log(later), earlier)
    roots = [bytes.fromhex(ROOTS[earlier]), bytes.fromhex(ROOTS[later])]
    pieces = [*path, *roots]
    which = data.draw(st.integers(0, len(pieces) - 1))
    pieces[which] = flipped(pieces[which], data.draw(st.integers(0, 255)))
    *changed, old, new = pieces
    assert not tree.is_consistent(earlier, old, later, new, changed)
    index = data.draw(st.integers(0, later - 1))
    pieces = [*tree.inclusion_path(log(later), index), log(later)[index], roots[1]]
    which = data.draw(st.integers(0, len(pieces) - 1))
    pieces[which] = flipped(pieces[which], data.draw(st.integers(0, 255)))
    *changed, leaf, root = pieces
    assert not tree.is_included(leaf, index, later, changed, root)


def flipped(digest: bytes, bit: int) -> bytes:
    changed = bytearray(digest)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@pytest.mark.parametrize("later", range(1, 9))
def test_only_the_exact_length_of_a_proof_is_accepted(later: int) -> None:
    root = bytes.fromhex(ROOTS[later])
    more = bytes(32)
    for index in range(later):
        path = tree.inclusion_path(log(later), index)
        assert len(path) == tree.inclusion_length(index, later)
        for wrong in ([*path, more], [more, *path], path[:-1], path[1:]):
            if wrong != path:
                assert not tree.is_included(log(later)[index], index, later, wrong, root)
    for earlier in range(1, later + 1):
        path = tree.consistency_path(log(later), earlier)
        old = bytes.fromhex(ROOTS[earlier])
        assert tree.is_consistent(earlier, old, later, root, path)
        for wrong in ([*path, more], [more, *path], [*path, root], path[:-1], path[1:]):
            if wrong != path:
                assert not tree.is_consistent(earlier, old, later, root, wrong)


def test_sizes_that_prove_nothing() -> None:
    root, empty = bytes.fromhex(ROOTS[8]), bytes.fromhex(ROOTS[0])
    assert not tree.is_included(log(8)[0], 8, 8, tree.inclusion_path(log(8), 7), root)
    assert not tree.is_included(log(8)[0], -1, 8, tree.inclusion_path(log(8), 7), root)
    assert not tree.is_included(empty, 0, 0, [], empty)
    assert tree.consistency_path(log(8), 8) == []
    assert tree.is_consistent(8, root, 8, root, [])
    assert not tree.is_consistent(8, root, 8, bytes.fromhex(ROOTS[7]), [])
    assert not tree.is_consistent(0, empty, 8, root, [])
    assert not tree.is_consistent(0, empty, 0, empty, [])
    assert not tree.is_consistent(9, root, 8, root, [])
    for wrong in (0, 9, -1):
        with pytest.raises(ValueError, match="no proof"):
            tree.consistency_path(log(8), wrong)


@given(st.integers(1, 140), st.data())
@settings(max_examples=60, deadline=None)
def test_trees_are_those_of_pymerkle(size: int, data: st.DataObject) -> None:
    from pymerkle import InmemoryTree, verify_consistency, verify_inclusion

    entries = [number.to_bytes(2, "big") * (number % 5) for number in range(size)]
    oracle = InmemoryTree.init_from_entries(entries, algorithm="sha256")
    own = [tree.leaf(one) for one in entries]
    assert tree.root(own) == oracle.get_root()
    index = data.draw(st.integers(0, size - 1))
    theirs = oracle.prove_inclusion(index + 1)
    verify_inclusion(own[index], tree.root(own), theirs, index=index + 1, size=size)
    path = tree.inclusion_path(own, index)
    assert theirs.path[1:] == path
    assert tree.is_included(own[index], index, size, path, oracle.get_root())
    earlier = data.draw(st.integers(1, size))
    old = oracle.get_root(earlier)
    assert old == tree.root(own[:earlier])
    path = tree.consistency_path(own, earlier)
    assert tree.is_consistent(earlier, old, size, oracle.get_root(), path)
    proof = oracle.prove_consistency(earlier, size)
    verify_consistency(old, tree.root(own), proof, prior_size=earlier, later_size=size)


@given(st.integers(0, 8 * len(HEAD) - 1), st.integers(0, 511))
@settings(max_examples=40, deadline=None)
def test_a_flipped_bit_of_a_head_is_seen(bit: int, of_signature: int) -> None:
    changed = bytearray(HEAD.encode())
    changed[bit // 8] ^= 1 << bit % 8
    assert not is_signed(PUBLIC, bytes(changed), SIGNATURE)
    signature = bytearray(bytes.fromhex(SIGNATURE))
    signature[of_signature // 8] ^= 1 << of_signature % 8
    assert not is_signed(PUBLIC, HEAD.encode(), bytes(signature).hex())


@given(st.integers(0, 2), st.integers(0, 4095))
@settings(max_examples=60, deadline=None)
def test_a_flipped_bit_of_a_record_is_seen(which: int, bit: int) -> None:
    written = [bytearray(one.encode()) for one in RECORDS]
    written[which][bit // 8 % len(written[which])] ^= 1 << bit % 8
    last = START
    for one in written:
        last = next_value(last, bytes(one))
    assert last != CHAIN[-1]
    assert tree.root([tree.leaf(bytes(one)) for one in written]).hex() != ROOT_3
