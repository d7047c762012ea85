#!/usr/bin/env python3
"""Check an unpacked audit pack without keiryo.

Python 3.8 or later, nothing but the standard library, and the file verify_journal.py beside this
one; both are meant to be read before use::

    python3 verify_pack.py                           everything in the folder of this file
    python3 verify_pack.py --checkpoint FILE         and whether it leads to a checkpoint you hold
    python3 verify_pack.py --extract ACT/LINE FILE   write the complete proof of one line

Exit code: 0 all is sound, 1 something is wrong, 2 it could not be checked.

What is checked: every file has the digest that SHA256SUMS gives it, and no file is there that it
does not name; the chain of digests in proof/chain.jsonl leads to proof/checkpoint.json; every act
in proof/acts.jsonl has its place in that chain; every line in proof/lines.jsonl is part of its
act; every entry in ledger.csv, entries.csv and listing.csv says what the line behind it says.

What is not: that nothing was left out. Only the books themselves can show that; verify_journal.py
checks them, too.
"""

from __future__ import annotations

import argparse
import csv
import json
import pathlib
import sys
import types
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

FOLDER = pathlib.Path(__file__).resolve().parent
SUMS = "SHA256SUMS"
ROWS = {  # tables of the pack: kind of line, and which field of the line a column states
    "ledger.csv": ("inventory_change", {"code": "code", "batch": "batch", "date": "event_date"}),
    "entries.csv": ("inventory_change", {"code": "code", "batch": "batch", "date": "event_date"}),
    "listing.csv": ("physical_inventory", {"batch": "batch", "taken_on": "pit_date", "kmp": "kmp"}),
}
SAME = ("report", "entry", "category", "mdc", "items")
NAMES = {"report": "report_no", "entry": "entry_no"}


def verifier() -> Any:
    """Load verify_journal.py from beside this file, without leaving anything behind."""
    path = FOLDER / "verify_journal.py"
    module = types.ModuleType("verify_journal")
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), module.__dict__)
    return module


def digest(path: pathlib.Path) -> str:
    """Return the SHA-256 of a file."""
    result = sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            result.update(block)
    return result.hexdigest()


def check_files(problems: list[str]) -> int:
    """Compare every file with the list of digests; return how many there are."""
    named = {}
    for row in (FOLDER / SUMS).read_text(encoding="utf-8").splitlines():
        wanted, _, name = row.partition("  ")
        named[name] = wanted
    for name, wanted in named.items():
        path = FOLDER / name
        if not path.is_file():
            problems.append(f"{name} is missing")
        elif digest(path) != wanted:
            problems.append(f"{name} was changed")
    there = {p.relative_to(FOLDER).as_posix() for p in FOLDER.rglob("*") if p.is_file()}
    problems += [f"{name} does not belong to the pack" for name in sorted(there - {SUMS, *named})]
    return len(named)


def rows(name: str) -> Iterator[Any]:
    """Yield the objects of a file of JSON, one on each line."""
    with (FOLDER / name).open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def check_chain(acts: dict[int, Any], journal: Any, problems: list[str]) -> dict[int, str]:
    """Compute the chain from the first act to the checkpoint; return the digest of each act."""
    digests: dict[int, str] = {}
    before = b""
    for link in rows("proof/chain.jsonl"):
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
            problems.append("the chain does not begin with the first act of the pack")
            return digests
        parts = bytes.fromhex(link["header_digest"]) + bytes.fromhex(link["lines_root"])
        before = sha256(b"\2" + before + parts).digest()
        digests[number] = before.hex()
        if link["digest"] != before.hex() or (act is not None and act["digest"] != before.hex()):
            problems.append(f"the chain breaks at act {number}")
    for number in acts:
        if number not in digests:
            problems.append(f"act {number} is not in the chain")
    return digests


def check_lines(acts: dict[int, Any], journal: Any, problems: list[str]) -> dict[Any, Any]:
    """Check that each line is part of its act; return what the tables are compared with."""
    found = {}
    kinds = {kind for kind, _ in ROWS.values()}
    for entry in rows("proof/lines.jsonl"):
        line, number = entry["line"], entry["act_id"]
        if number not in acts:
            problems.append(f"line {line['line_no']} is of act {number}, which is not there")
            continue
        wrong: list[Any] = []
        proof = {"journal_uid": "", "act": acts[number], "line": line, "path": entry["path"],
                 "links": []}  # fmt: skip
        journal.check_proof(proof, None, wrong)
        problems += [f"line {number}/{line['line_no']}: {words}" for _, words in wrong]
        found[number, line["line_no"]] = line["values"] if line["kind"] in kinds else None
    return found


def check_tables(lines: dict[Any, Any], problems: list[str]) -> int:
    """Compare the rows of the tables with the lines behind them; return how many."""
    count = 0
    for name, (_, fields) in ROWS.items():
        with (FOLDER / name).open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                if not row["act"]:
                    continue  # a book taken over from the day before
                count += 1
                values = lines.get((int(row["act"]), int(row["line"])))
                if values is None:
                    problems.append(f"{name}: line {row['act']}/{row['line']} is not proven")
                    continue
                for column, field in {**{c: NAMES.get(c, c) for c in SAME}, **fields}.items():
                    if row[column].lstrip("'") != stated(values.get(field), field).lstrip("'"):
                        problems.append(f"{name}: line {row['act']}/{row['line']}: {column}")
                problems += [
                    f"{name}: line {row['act']}/{row['line']}: weight"
                    for wrong in [wrong_weight(row, values)]
                    if wrong
                ]
    return count


def stated(value: Any, field: str) -> str:
    """Return a value as the tables write it."""
    if value is None:
        return ""
    if field in ("event_date", "pit_date"):
        text = str(value)
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    return str(value).replace("\0", "\\u0000")


def wrong_weight(row: Any, values: Any) -> bool:
    """Whether a row states another weight than its line; rebatching changes no book."""
    for columns, field, unit in (
        (("element_change", "element"), "element_mg", row["unit"]),
        (("fissile_change_g", "fissile_g"), "fissile_mg", "g"),
    ):
        column = next(name for name in columns if name in row)
        value = values.get(field)
        if row[column] == "" or value is None:
            if row[column] != "" or value is not None:
                return True
            continue
        if column.endswith(("_change", "_change_g")) and row["code"] in ("RM", "RP"):
            value = 0
        if abs(milligrams(row[column], unit)) != abs(value):
            return True
    return False


def milligrams(text: str, unit: str) -> int:
    """Return an exact decimal in kg or g as milligrams."""
    whole, _, part = text.lstrip("-").partition(".")
    places = 6 if unit == "kg" else 3
    size = int(whole + part.ljust(places, "0"))
    return -size if text.startswith("-") else size


def check(held: Any) -> tuple[list[str], str]:
    """Check everything; return what is wrong, and what was checked."""
    problems: list[str] = []
    journal = verifier()
    files = check_files(problems)
    if problems:
        return problems, ""
    checkpoint = journal.load(str(FOLDER / "proof/checkpoint.json"), "keiryo-checkpoint-1")
    acts = {act["act_id"]: act for act in rows("proof/acts.jsonl")}
    digests = check_chain(acts, journal, problems)
    if digests.get(checkpoint["act_id"]) != checkpoint["digest"]:
        problems.append("the chain does not lead to the checkpoint of the pack")
    if held and held["journal_uid"] != checkpoint["journal_uid"]:
        problems.append("your checkpoint is of another journal")
    elif held and held["act_id"] not in digests:
        problems.append(f"your checkpoint is of act {held['act_id']}, which the chain lacks")
    elif held and digests[held["act_id"]] != held["digest"]:
        problems.append("the chain does not lead to your checkpoint: the journal was rewritten")
    lines = check_lines(acts, journal, problems)
    entries = check_tables(lines, problems)
    words = f"{files} files, {len(acts)} acts, {len(lines)} lines, {entries} rows of tables"
    return problems, f"{words}; checkpoint at act {checkpoint['act_id']} {checkpoint['digest']}"


def extract(asked: str, target: str) -> None:
    """Write the complete proof of a line, as verify_journal.py reads it."""
    number, line_no = (int(part) for part in asked.split("/"))
    acts = {act["act_id"]: act for act in rows("proof/acts.jsonl")}
    for entry in rows("proof/lines.jsonl"):
        if entry["act_id"] == number and entry["line"]["line_no"] == line_no:
            checkpoint = json.loads((FOLDER / "proof/checkpoint.json").read_text(encoding="utf-8"))
            links = [link for link in rows("proof/chain.jsonl") if link["act_id"] > number]
            proof = {"format": "keiryo-proof-1", "journal_uid": checkpoint["journal_uid"],
                     "act": acts[number], "line": entry["line"], "path": entry["path"],
                     "links": links, "signatures": []}  # fmt: skip
            pathlib.Path(target).write_text(json.dumps(proof, indent=2) + "\n", encoding="utf-8")
            return
    raise ValueError(f"the pack does not show line {asked}")


def main(arguments: list[str] | None = None) -> int:
    """Check what the command line names and say what was found."""
    parser = argparse.ArgumentParser(description="Check an unpacked audit pack of keiryo.")
    parser.add_argument("--checkpoint", metavar="FILE", help="one that you kept elsewhere")
    parser.add_argument("--extract", nargs=2, metavar=("ACT/LINE", "FILE"), help="write a proof")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.extract:
            extract(*chosen.extract)
            print("Written to", chosen.extract[1])
            return 0
        held = None
        if chosen.checkpoint:
            held = verifier().load(chosen.checkpoint, "keiryo-checkpoint-1")
        problems, checked = check(held)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
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
