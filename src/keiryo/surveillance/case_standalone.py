#!/usr/bin/env python3
"""Check a case file of a camera without keiryo.

Python 3.8 or later, nothing but the standard library, and the file verify_journal.py beside this
one; both are meant to be read before use::

    python3 verify_case.py CASE.zip                      the case file as it was handed out
    python3 verify_case.py                               the unpacked folder of this file
    python3 verify_case.py CASE.zip --checkpoint FILE    and whether it leads to a checkpoint

Exit code: 0 all is sound, 1 something is wrong, 2 it could not be checked.

What is checked: every file has the digest that SHA256SUMS gives it, and no other file is there;
the ZIP file is, byte for byte, the one that these files make; the chain of digests in
proof/chain.jsonl leads to proof/checkpoint.json; every act in proof/acts.jsonl has its place in
the chain, and its signature is one over it; every line in proof/lines.jsonl is part of its act;
every image has the SHA-256 that its line states, and every image whose line is here is here,
unless the line says that it was removed.

What is not: that nothing was left out. Only the books themselves can show that.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
import types
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

SUMS = "SHA256SUMS"
BLOCK = 1 << 20
DATE = (1980, 1, 1, 0, 0, 0)
MODE = 0o644 << 16


class Case:
    """The files of a case, in a ZIP file or a folder."""

    def __init__(self, place: pathlib.Path) -> None:
        self.place = place
        self.zip = None if place.is_dir() else zipfile.ZipFile(place)

    def names(self) -> list[str]:
        """Return the names of all files."""
        if self.zip is not None:
            return self.zip.namelist()
        files = (path for path in self.place.rglob("*") if path.is_file())
        return sorted(path.relative_to(self.place).as_posix() for path in files)

    def blocks(self, name: str) -> Iterator[bytes]:
        """Yield the content of a file; in a ZIP file it lies as it is, as case files are made."""
        if self.zip is not None and self.zip.getinfo(name).compress_type != zipfile.ZIP_STORED:
            raise zipfile.BadZipFile(f"{name} is packed, which no file of a case is")
        opened = self.zip.open(name) if self.zip is not None else (self.place / name).open("rb")
        with opened as stream:
            while True:
                block = stream.read(BLOCK)
                if not block:
                    return
                yield block

    def content(self, name: str) -> bytes:
        """Return the content of a file."""
        return b"".join(self.blocks(name))

    def rows(self, name: str) -> list[Any]:
        """Return the objects of a file of JSON, one on each line."""
        lines = self.content(name).decode("utf-8").split("\n")
        return [json.loads(line) for line in lines if line]

    def digest(self, name: str) -> str:
        """Return the SHA-256 of a file."""
        found = sha256()
        for block in self.blocks(name):
            found.update(block)
        return found.hexdigest()


class Onward:
    """A file to write to from beginning to end, without going back: case files are made so."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def write(self, data: bytes) -> int:
        """Write a piece."""
        self.stream.write(data)
        return len(data)

    def flush(self) -> None:
        """Hand on what was written."""
        self.stream.flush()


class Comparing:
    """A file to write to that compares what is written with what another file holds."""

    def __init__(self, path: pathlib.Path) -> None:
        self.stream = path.open("rb")
        self.same = True

    def write(self, data: bytes) -> int:
        """Compare a piece."""
        self.same = self.same and self.stream.read(len(data)) == bytes(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: nothing is written."""

    def close(self) -> bool:
        """Return whether all was the same, and nothing follows."""
        same = self.same and not self.stream.read(1)
        self.stream.close()
        return same


def entry(name: str) -> zipfile.ZipInfo:
    """Return the entry of a file as case files have it: stored, without a time or an owner."""
    info = zipfile.ZipInfo(name, DATE)
    info.create_system, info.external_attr = 3, MODE
    info.compress_type = zipfile.ZIP_STORED
    return info


def verifier(case: Case) -> Any:
    """Load verify_journal.py from the case."""
    module = types.ModuleType("verify_journal")
    text = case.content("verify_journal.py").decode("utf-8")
    exec(compile(text, "verify_journal.py", "exec"), module.__dict__)
    return module


def check_files(case: Case, problems: list[str]) -> int:
    """Compare every file with the list of digests, and the ZIP file with what they make."""
    named = {}
    for row in case.content(SUMS).decode("utf-8").splitlines():
        wanted, _, name = row.partition("  ")
        named[name] = wanted
    there = case.names()
    for name in sorted(set(there) - {SUMS, *named}):
        problems.append(f"{name} does not belong to the case file")
    if len(set(there)) != len(there):
        problems.append("a file is there twice")
    for name, wanted in named.items():
        if name not in there:
            problems.append(f"{name} is missing")
        else:
            try:
                found = case.digest(name)
            except (zipfile.BadZipFile, EOFError, OSError):
                found = ""
            if found != wanted:
                problems.append(f"{name} was changed")
    if case.zip is not None and not problems and not as_made(case):
        problems.append("the ZIP file was changed outside of its files")
    return len(named)


def as_made(case: Case) -> bool:
    """Whether the ZIP file is the one that its files make."""
    target: Any = Comparing(case.place)
    with zipfile.ZipFile(target, "w") as made:
        for name in case.names():
            with made.open(entry(name), "w") as stream:
                for block in case.blocks(name):
                    stream.write(block)
    return bool(target.close())


def check_chain(case: Case, acts: dict[int, Any], journal: Any, problems: list[str]) -> Any:
    """Compute the chain from the first act to the checkpoint; return the digest of each act."""
    digests: dict[int, str] = {}
    before = b""
    for link in case.rows("proof/chain.jsonl"):
        number = link["act_id"]
        act = acts.get(number)
        if act is not None:
            header = sha256(
                journal.canonical("keiryo-act-1", {name: act[name] for name in journal.HEADER})
            ).hexdigest()
            if (header, act["lines_root"]) != (link["header_digest"], link["lines_root"]):
                problems.append(f"act {number} is not the one in the chain")
            before = before or bytes.fromhex(act["previous_digest"])
        if not before:
            problems.append("the chain does not begin with the first act of the case")
            return digests
        parts = bytes.fromhex(link["header_digest"]) + bytes.fromhex(link["lines_root"])
        before = sha256(b"\2" + before + parts).digest()
        digests[number] = before.hex()
        if link["digest"] != before.hex() or (act is not None and act["digest"] != before.hex()):
            problems.append(f"the chain breaks at act {number}")
    problems += [f"act {number} is not in the chain" for number in acts if number not in digests]
    return digests


def check_lines(case: Case, entries: dict[int, Any], journal: Any, problems: list[str]) -> Any:
    """Check that each line is part of its act, and the act's signature; return the lines."""
    found = []
    for row in case.rows("proof/lines.jsonl"):
        line, number = row["line"], row["act_id"]
        if number not in entries:
            problems.append(f"line {line['line_no']} is of act {number}, which is not there")
            continue
        wrong: list[Any] = []
        proof = {"journal_uid": "", "act": entries[number]["act"], "line": line,
                 "path": row["path"], "links": [],
                 "signatures": entries[number].pop("signatures", [])}  # fmt: skip
        journal.check_proof(proof, None, wrong)
        problems += [f"line {number}/{line['line_no']}: {words}" for _, words in wrong]
        found.append(line)
    return found


def check_images(case: Case, lines: list[Any], problems: list[str]) -> int:
    """Check that the images are those that their lines state; return how many there are."""
    removed = {x["values"]["digest"] for x in lines if x["kind"] == "surveillance_removal"}
    wanted = {x["values"]["digest"] for x in lines if x["kind"] == "surveillance_image"}
    others = {
        x["values"][name]
        for x in lines
        for name in ("mask", "reference", "manifest", "result")
        if x["values"].get(name)
    }
    there = {}
    for name in case.names():
        if name.startswith("files/"):
            stated = pathlib.PurePosixPath(name).name.split(".")[0]
            there[stated] = name
            if case.digest(name) != stated:
                problems.append(f"{name} was changed")
    for digest in sorted(wanted - removed - set(there)):
        problems.append(f"the image {digest[:12]} is missing")
    for digest in sorted(set(there) - wanted - others):
        problems.append(f"{there[digest]} is named by no line")
    return len(wanted & set(there))


def check(place: pathlib.Path, held: Any) -> tuple[list[str], str]:
    """Check everything; return what is wrong, and what was checked."""
    problems: list[str] = []
    try:
        case = Case(place)
        files = check_files(case, problems)
    except (zipfile.BadZipFile, KeyError, EOFError, NotImplementedError, RuntimeError) as error:
        return [f"this is no whole case file: {error}"], ""
    if problems:
        return problems, ""
    journal = verifier(case)
    checkpoint = json.loads(case.content("proof/checkpoint.json"))
    entries = {one["act"]["act_id"]: one for one in case.rows("proof/acts.jsonl")}
    acts = {number: one["act"] for number, one in entries.items()}
    digests = check_chain(case, acts, journal, problems)
    if digests.get(checkpoint["act_id"]) != checkpoint["digest"]:
        problems.append("the chain does not lead to the checkpoint of the case file")
    if held and held["journal_uid"] != checkpoint["journal_uid"]:
        problems.append("your checkpoint is of another journal")
    elif held and held["act_id"] not in digests:
        problems.append(f"your checkpoint is of act {held['act_id']}, which the chain lacks")
    elif held and digests[held["act_id"]] != held["digest"]:
        problems.append("the chain does not lead to your checkpoint: the journal was rewritten")
    lines = check_lines(case, entries, journal, problems)
    images = check_images(case, lines, problems)
    words = f"{files} files, {images} images, {len(acts)} acts, {len(lines)} lines"
    return problems, f"{words}; checkpoint at act {checkpoint['act_id']} {checkpoint['digest']}"


def main(arguments: list[str] | None = None) -> int:
    """Check what the command line names and say what was found."""
    parser = argparse.ArgumentParser(description="Check a case file of keiryo.")
    parser.add_argument("case", nargs="?", help="ZIP file; default: the folder of this file")
    parser.add_argument("--checkpoint", metavar="FILE", help="one that you kept elsewhere")
    chosen = parser.parse_args(arguments)
    place = pathlib.Path(chosen.case) if chosen.case else pathlib.Path(__file__).resolve().parent
    try:
        held = None
        if chosen.checkpoint:
            held = json.loads(pathlib.Path(chosen.checkpoint).read_text(encoding="utf-8"))
        problems, checked = check(place, held)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        print(f"cannot check: {error}", file=sys.stderr)
        return 2
    for words in problems:
        print("WRONG:", words.encode("ascii", "backslashreplace").decode())
    if problems:
        return 1
    print("Sound:", checked)
    if not held:
        print("Compare the checkpoint with one that you kept; without it, all may be made up.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
