"""Trees against RFC 6962 / RFC 9162: published digests, a naive reference, and laws."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keiryo.journal import standalone
from keiryo.journal.merkle import GrowingTree, inclusion_path, node, root, root_from_path

# The eight inputs, and the roots over the first n of them, that implementations of Certificate
# Transparency (RFC 6962) test themselves with; hexadecimal.
INPUTS = [
    *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
    "606162636465666768696a6b6c6d6e6f",
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def leaves(count: int) -> list[bytes]:
    return [hashlib.sha256(b"\0%d" % number).digest() for number in range(count)]


def naive_root(of: list[bytes]) -> bytes:
    """Return the root as section 2.1 of RFC 6962 defines it, word by word."""
    if not of:
        return hashlib.sha256(b"").digest()
    if len(of) == 1:
        return of[0]
    split = max(1 << power for power in range(20) if 1 << power < len(of))
    left, right = naive_root(of[:split]), naive_root(of[split:])
    return hashlib.sha256(b"\1" + left + right).digest()


@pytest.mark.parametrize("count", range(1, 9))
def test_published_roots(count: int) -> None:
    published = [hashlib.sha256(b"\0" + bytes.fromhex(i)).digest() for i in INPUTS[:count]]
    assert root(published).hex() == ROOTS[count - 1]


def test_root_of_nothing() -> None:
    assert root([]) == GrowingTree().root() == hashlib.sha256(b"").digest()
    assert standalone.root([]) == hashlib.sha256(b"").hexdigest()


def test_published_path() -> None:
    """RFC 6962, section 2.1.3: the path of d0 among seven leaves is [b, h, l]."""
    d = leaves(7)
    b, h = d[1], node(d[2], d[3])
    last = node(node(d[4], d[5]), d[6])
    assert inclusion_path(d, 0) == [b, h, last]
    assert inclusion_path(d, 3) == [d[2], node(d[0], d[1]), last]
    assert inclusion_path(d, 6) == [node(d[4], d[5]), node(node(d[0], d[1]), h)]


@given(st.integers(0, 300))
def test_root_equals_the_definition(count: int) -> None:
    assert root(leaves(count)) == naive_root(leaves(count))


@given(st.lists(st.integers(0, 9000), max_size=8), st.integers(0, 40))
def test_growing_tree_in_portions(portions: list[int], more: int) -> None:
    everything = [bytes(28) + number.to_bytes(4, "big") for number in range(sum(portions) + more)]
    tree = GrowingTree()
    start = 0
    for size in [*portions, *[1] * more]:
        tree.extend(iter(everything[start : start + size]))
        start += size
    assert tree.size == len(everything)
    assert tree.root() == root(everything)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9, 1000])
def test_standalone_tree(count: int) -> None:
    subtrees: list[bytes] = []
    for number, leaf in enumerate(leaves(count), start=1):
        standalone.join(subtrees, leaf, number)
    assert standalone.root(subtrees) == root(leaves(count)).hex()
    assert len(subtrees) <= count.bit_length()


@pytest.mark.parametrize("count", range(1, 41))
def test_every_path_leads_to_the_root(count: int) -> None:
    of = leaves(count)
    for index in range(count):
        path = inclusion_path(of, index)
        assert len(path) <= (count - 1).bit_length()
        assert root_from_path(of[index], index, count, path) == root(of)


@given(st.integers(2, 40), st.data())
def test_tampered_paths_fail(count: int, data: st.DataObject) -> None:
    of = leaves(count)
    index = data.draw(st.integers(0, count - 1))
    path = inclusion_path(of, index)
    place = data.draw(st.integers(0, len(path) - 1))
    flipped = [*path]
    flipped[place] = bytes([path[place][0] ^ 1]) + path[place][1:]
    expected = root(of)
    other = data.draw(st.integers(-1, count).filter(lambda i: i != index))
    for leaf, at, size, shown in (
        (of[index], index, count, flipped),
        (of[index], index, count, path[:place] + path[place + 1 :]),
        (of[index], index, count, [*path, path[0]]),
        (of[index], index, count, []),
        (of[index], other, count, path),
        (of[index], -1, count, path),
        (of[index], count, count, path),
        (leaves(count + 1)[-1], index, count, path),
    ):
        assert root_from_path(leaf, at, size, shown) != expected


def test_a_node_is_no_leaf() -> None:
    """Two leaves cannot be passed off as one (the prefixes differ)."""
    of = leaves(4)
    assert root([node(of[0], of[1]), node(of[2], of[3])]) == root(of)
    assert node(b"", b"") != hashlib.sha256(b"\0").digest()
