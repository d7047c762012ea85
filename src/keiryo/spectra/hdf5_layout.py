"""Data sets and attributes of HDF5 files of the first layout, which the HDF5 library writes.

The layout is that of the HDF5 File Format Specification (The HDF Group): a superblock of version
0, groups as symbol tables, data sets that are compact, contiguous, or in chunks that may be packed
by deflate and shuffle. Numbers and texts are read; what else a file holds is left alone.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

MAGIC = b"\x89HDF\r\n\x1a\n"
MOST_NODES, MOST_BYTES, DEEPEST = 20_000, 256 * 1024**2, 16
_SPACE, _TYPE, _LAYOUT, _FILTERS, _ATTRIBUTE, _MORE, _TABLE = 1, 3, 8, 11, 12, 16, 17
_DEFLATE, _SHUFFLE, _CHECKSUM = 1, 2, 3
Value = np.ndarray | str


class Hdf5Error(ValueError):
    """The file is not of this layout, or it was cut off or damaged."""


@dataclass(slots=True)
class Group:
    """A group: data sets by name, groups by name, attributes by name."""

    values: dict[str, Value] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    attributes: dict[str, Value] = field(default_factory=dict)


def read_hdf5(content: bytes) -> Group:
    """Return the root group of a file.

    Raises
    ------
    Hdf5Error
    """
    if not content.startswith(MAGIC) or content[8:9] != b"\0" or content[13:15] != b"\x08\x08":
        raise Hdf5Error("the file has a layout of HDF5 that is not read")
    reader = _Reader(content)
    try:
        return reader.group(reader.number(64, 8), 0)
    except Hdf5Error:
        raise
    except (struct.error, LookupError, zlib.error, ValueError, ArithmeticError) as error:
        raise Hdf5Error("the file was cut off or damaged") from error
    except RecursionError as error:
        raise Hdf5Error("the file has parts within parts without end") from error


class _Reader:
    """Reads objects at places of a file, a bounded number of them."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.nodes = 0
        self.room = MOST_BYTES

    def part(self, at: int, size: int) -> bytes:
        if at < 0 or size < 0 or at + size > len(self.content):
            raise Hdf5Error("the file ends before its data")
        return self.content[at : at + size]

    def number(self, at: int, size: int) -> int:
        return int.from_bytes(self.part(at, size), "little")

    def visit(self) -> None:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise Hdf5Error("the file has more parts than any spectrum has")

    def messages(self, at: int) -> Iterator[tuple[int, bytes]]:
        """Yield kind and content of the messages of an object."""
        if self.number(at, 1) != 1:
            raise Hdf5Error("an object has a layout that is not read")
        blocks = [(at + 16, self.number(at + 8, 4))]
        while blocks:
            begin, size = blocks.pop(0)
            place, end = begin, begin + size
            while place + 8 <= end:
                self.visit()
                kind, length = self.number(place, 2), self.number(place + 2, 2)
                found = self.part(place + 8, length)
                if kind == _MORE:
                    blocks.append(struct.unpack("<QQ", found[:16]))
                else:
                    yield kind, found
                place += 8 + length

    def group(self, at: int, depth: int) -> Group:
        found = Group()
        if depth > DEEPEST:
            raise Hdf5Error("groups are nested too deeply")
        for kind, content in self.messages(at):
            if kind == _ATTRIBUTE:
                self.attribute(content, found)
            elif kind == _TABLE:
                tree, heap = struct.unpack("<QQ", content[:16])
                names = self.number(heap + 24, 8)
                for name_at, header in self.entries(tree, depth):
                    begin = names + name_at
                    name = self.part(begin, self.content.index(b"\0", begin) - begin).decode()
                    self.child(found, name, header, depth)
        return found

    def child(self, group: Group, name: str, header: int, depth: int) -> None:
        kinds = dict(self.messages(header))
        if _TABLE in kinds:
            group.groups[name] = self.group(header, depth + 1)
        elif {_SPACE, _TYPE, _LAYOUT} <= set(kinds):
            value = self.data(kinds)
            if value is not None:
                group.values[name] = value

    def entries(self, tree: int, depth: int) -> Iterator[tuple[int, int]]:
        """Yield where the names of a group's members stand, and their objects."""
        self.visit()
        if self.part(tree, 4) == b"SNOD":
            for n in range(self.number(tree + 6, 2)):
                yield struct.unpack("<QQ", self.part(tree + 8 + 40 * n, 16))
            return
        if self.part(tree, 4) != b"TREE":
            raise Hdf5Error("a group has a layout that is not read")
        for n in range(self.number(tree + 6, 2)):
            self.visit()
            yield from self.entries(self.number(tree + 24 + 8 + 16 * n, 8), depth)

    def attribute(self, content: bytes, group: Group) -> None:
        version, _flags, *sizes = struct.unpack("<BBHHH", content[:8])
        if version not in (1, 2, 3):
            return
        place, parts = 9 if version == 3 else 8, []
        for size in sizes:
            parts.append(content[place : place + size])
            place += -(-size // 8) * 8 if version == 1 else size
        name = parts[0].split(b"\0")[0].decode()
        value = self.value(parts[1], _shape(parts[2]), content[place:])
        if value is not None:
            group.attributes[name] = value

    def data(self, kinds: dict[int, bytes]) -> Value | None:
        """Return the values of a data set; None: of a kind that is not read."""
        layout, shape = kinds[_LAYOUT], _shape(kinds[_SPACE])
        size = struct.unpack("<I", kinds[_TYPE][4:8])[0]
        total = size * int(np.prod(shape, dtype=np.float64))
        self.room -= total
        if self.room < 0:
            raise Hdf5Error("the file has more data than any spectrum has")
        if layout[0] != 3:
            return None
        if layout[1] == 0:
            raw = layout[4 : 4 + total]
        elif layout[1] == 1:
            at = struct.unpack("<Q", layout[2:10])[0]
            raw = b"" if not total or at == 2**64 - 1 else self.part(at, total)
        else:
            raw = self.chunks(layout, shape, size, _filters(kinds.get(_FILTERS, b"\1\0")))
        return self.value(kinds[_TYPE], shape, raw.ljust(total, b"\0"))

    def chunks(self, layout: bytes, shape: tuple[int, ...], size: int, filters: list[int]) -> bytes:
        """Return the content of a data set in chunks of one dimension."""
        if len(shape) != 1 or not shape[0]:
            return b""
        tree, length = struct.unpack("<QI", layout[3:15])
        whole = bytearray(size * shape[0])
        for at, packed, first in self.chunk_places(tree):
            raw = self.part(at, packed)
            for one in reversed(filters):
                if one == _DEFLATE:
                    raw = zlib.decompressobj().decompress(raw, length * size + 1)
                elif one == _SHUFFLE:
                    raw = np.frombuffer(raw, np.uint8).reshape(size, -1).T.tobytes()
                elif one == _CHECKSUM:
                    raw = raw[:-4]
                else:
                    raise Hdf5Error("the data are packed in a way that is not read")
            begin = first * size
            whole[begin : begin + len(raw)] = raw[: max(len(whole) - begin, 0)]
        return bytes(whole)

    def chunk_places(self, tree: int) -> Iterator[tuple[int, int, int]]:
        """Yield where a chunk is, how long it is, and with which value it begins."""
        if tree == 2**64 - 1:
            return
        self.visit()
        if self.part(tree, 4) != b"TREE":
            raise Hdf5Error("the file was cut off or damaged")
        level, used = self.number(tree + 5, 1), self.number(tree + 6, 2)
        for n in range(used):
            self.visit()
            key = tree + 24 + 32 * n
            packed, _mask, first = struct.unpack("<IIQ", self.part(key, 16))
            child = self.number(key + 24, 8)
            if level:
                yield from self.chunk_places(child)
            else:
                yield child, packed, first

    def value(self, kind: bytes, shape: tuple[int, ...], raw: bytes) -> Value | None:
        """Return numbers or a text; None: something else."""
        form, size = kind[0] & 0x0F, struct.unpack("<I", kind[4:8])[0]
        if kind[1] & 1 and form in (0, 1):
            return None  # the other order of bytes
        count = int(np.prod(shape, dtype=np.int64))
        if form == 3:
            return raw[:size].split(b"\0")[0].decode("utf-8", "replace")
        if form == 9 and kind[1] & 0x0F == 1 and count == 1:
            length, heap, number = struct.unpack("<IQI", raw[:16])
            return self.text(heap, number)[:length].decode("utf-8", "replace")
        letter = {0: "i" if kind[1] & 8 else "u", 1: "f"}.get(form)
        if letter is None or size not in (1, 2, 4, 8) or (form == 1 and size < 4):
            return None
        return np.frombuffer(raw[: size * count], f"<{letter}{size}").reshape(shape)

    def text(self, heap: int, number: int) -> bytes:
        if self.part(heap, 4) != b"GCOL":
            raise Hdf5Error("the file was cut off or damaged")
        place, end = heap + 16, heap + self.number(heap + 8, 8)
        while place + 16 <= end:
            self.visit()
            index, size = self.number(place, 2), self.number(place + 8, 8)
            if index == number:
                return self.part(place + 16, size)
            if not index:
                break
            place += 16 + -(-size // 8) * 8
        raise Hdf5Error("the file was cut off or damaged")


def _shape(content: bytes) -> tuple[int, ...]:
    version, rank = content[0], content[1]
    begin = {1: 8, 2: 4}.get(version)
    if begin is None or rank > 4:
        raise Hdf5Error("the shape of data is not read")
    return struct.unpack(f"<{rank}Q", content[begin : begin + 8 * rank])


def _filters(content: bytes) -> list[int]:
    """Return how data are packed, in the order of packing."""
    version, number = content[0], content[1]
    place, found = 8 if version == 1 else 2, []
    for _ in range(number):
        kind = struct.unpack("<H", content[place : place + 2])[0]
        named = version == 1 or kind >= 256
        name = struct.unpack("<H", content[place + 2 : place + 4])[0] if named else 0
        place += 4 if named else 2
        values = struct.unpack("<H", content[place + 2 : place + 4])[0]
        place += 4 + name + 4 * values
        if version == 1 and values % 2:
            place += 4
        found.append(kind)
    return found
