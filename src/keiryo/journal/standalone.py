#!/usr/bin/env python3
"""Verify keiryo books, or a proof taken from them, without trusting keiryo.

One file, Python 3.8 or later, nothing but the standard library, meant to be read before use::

    python verify_journal.py BOOKS.sqlite  [--checkpoint FILE] [--evidence FOLDER]
    python verify_journal.py --proof PROOF.json  [--checkpoint FILE]

Exit code: 0 all is sound, 1 something is wrong, 2 it could not be checked.

How books are secured: an *act* (a row of the table ``act``) is a statement by a person. It holds
*lines*: the rows with its ``act_id`` in the tables of record, which are all tables that have the
columns ``act_id``, ``line_no`` and ``salt``. The lines of an act are numbered 1, 2, 3 ... through
all these tables. For each line take these bytes (UTF-8, every row ended by one line feed)::

    keiryo-line-1 KIND                   KIND is the name of the table
    NAME=iNUMBER                         a field that holds a whole number, in decimal
    NAME=tLENGTH:TEXT                    a field that holds text, with its length in bytes

one row per field that is not null, in ASCII order of the names; ``line_no`` is a field, ``act_id``
and ``salt`` are not. Acts have the same form under the first row ``keiryo-act-1``, with the fields
HEADER below. Then, with ``+`` for bytes one after the other::

    leaf   = SHA-256(byte 0 + salt + bytes of the line)                   salt: 16 random bytes
    node   = SHA-256(byte 1 + left + right)                               the tree of RFC 6962
    digest = SHA-256(byte 2 + digest of the act before + SHA-256(bytes of the act) + lines_root)

where ``lines_root`` is the root over the leaves of the act (of no leaves: SHA-256 of nothing) and
the digest before the first act is 32 zero bytes. Whoever changes a line must change every digest
from there to the last. That last digest, noted elsewhere, is a *checkpoint*: it convicts even a
journal that was computed anew as a whole.
"""

from __future__ import annotations

import argparse
import contextlib
import heapq
import json
import os
import pathlib
import re
import sqlite3
import sys
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

# ---- projections: tables that can be rebuilt, each with the SELECT that builds it --------------
PROJECTIONS: dict[str, str] = {
    # Sums of the inventory changes that no later line supersedes, by month.
    "book_sum": """
        SELECT l.mba AS mba, l.event_date / 100 AS month, l.category AS category, l.code AS code,
          COALESCE(l.fissile_basis, '') AS fissile_basis,
          COALESCE(l.agreement, '') AS agreement, COALESCE(l.caveat, '') AS caveat,
          MIN(l.scope) AS scope,
          CAST(SUM((CASE WHEN s.by_act IS NULL THEN 1 ELSE 0 END) * l.element_mg)
            AS BIGINT) AS element_mg,
          CAST(SUM((CASE WHEN s.by_act IS NULL THEN 1 ELSE 0 END) * COALESCE(l.fissile_mg, 0))
            AS BIGINT) AS fissile_mg,
          CAST(SUM((CASE WHEN s.by_act IS NULL THEN 1 ELSE 0 END)) AS BIGINT) AS line_count,
          CAST(SUM(CASE WHEN l.fissile_mg IS NULL THEN 0
            ELSE (CASE WHEN s.by_act IS NULL THEN 1 ELSE 0 END) END) AS BIGINT) AS fissile_count,
          MAX(COALESCE(s.by_act, l.act_id)) AS through_act
        FROM inventory_change AS l LEFT JOIN (
            SELECT supersedes_act AS of_act, supersedes_line AS of_line, MAX(act_id) AS by_act
            FROM inventory_change WHERE supersedes_act IS NOT NULL
            GROUP BY supersedes_act, supersedes_line
          ) AS s ON s.of_act = l.act_id AND s.of_line = COALESCE(l.entry_line, l.line_no)
        WHERE (l.status IS NULL OR l.status IN ('N', 'A', 'C')) AND 1 = 1
        GROUP BY l.mba, l.event_date / 100, l.category, l.code, COALESCE(l.fissile_basis, ''),
          COALESCE(l.agreement, ''), COALESCE(l.caveat, '')""",
}
# ------------------------------------------------------------------------------------------------

HEADER = ("act_id", "client_id", "recorded_at", "person", "on_behalf_of", "kind", "reason",
          "corrects", "line_count")  # fmt: skip
ACT = (*HEADER, "lines_root", "previous_digest", "digest")
REFUSE = "BEGIN SELECT RAISE(ABORT, 'tables of record are append-only: {0}'); END"
GUARDS = {  # the triggers that protect a table of record
    "{0}_no_update": "CREATE TRIGGER {0}_no_update BEFORE UPDATE ON {0} " + REFUSE,
    "{0}_no_delete": "CREATE TRIGGER {0}_no_delete BEFORE DELETE ON {0} " + REFUSE,
    "{0}_new_act": "CREATE TRIGGER {0}_new_act BEFORE INSERT ON {0} "
    "WHEN NEW.act_id <= (SELECT act_id FROM chain_head){1} BEGIN SELECT RAISE(ABORT, "
    "'lines can only be added to the act that is being posted: {0}'); END",
}
ACT_GUARD = " OR EXISTS (SELECT 1 FROM act WHERE client_id = NEW.client_id)"
PLAIN = re.compile(r"[a-z][a-z0-9_]*")


def canonical(first_row: str, fields: dict[str, Any]) -> bytes:
    """Return the bytes of a line or act; ValueError if a value can never have been recorded."""
    rows = [first_row]
    for name in sorted(fields):
        value = fields[name]
        if value is None:
            continue
        if type(value) not in (int, str) or not PLAIN.fullmatch(name):
            raise ValueError(name)
        is_text = isinstance(value, str)
        rows.append(f"{name}=t{len(value.encode())}:{value}" if is_text else f"{name}=i{value}")
    return ("\n".join(rows) + "\n").encode()


def line_leaf(kind: str, salt: Any, fields: dict[str, Any]) -> bytes:
    """Return the leaf of a line; of one that can never have been recorded, nothing."""
    try:
        if len(salt) != 16 or not PLAIN.fullmatch(kind):
            return b""
        return sha256(b"\0" + bytes(salt) + canonical(f"keiryo-line-1 {kind}", fields)).digest()
    except (TypeError, ValueError):
        return b""


def act_digest(act: dict[str, Any]) -> str:
    """Return the digest that an act should have, hexadecimal; empty if it cannot have one."""
    try:
        header = sha256(canonical("keiryo-act-1", {name: act[name] for name in HEADER})).digest()
        before, lines = bytes.fromhex(act["previous_digest"]), bytes.fromhex(act["lines_root"])
        return sha256(b"\2" + before + header + lines).hexdigest()
    except (TypeError, ValueError):
        return ""


def join(subtrees: list[bytes], leaf: bytes, size: int) -> None:
    """Add leaf number `size` to a tree kept as the roots of its subtrees of 2, 4, 8 ... leaves."""
    while size % 2 == 0:
        leaf, size = sha256(b"\1" + subtrees.pop() + leaf).digest(), size // 2
    subtrees.append(leaf)


def root(subtrees: list[bytes]) -> str:
    """Return the root of such a tree, hexadecimal."""
    result = subtrees[-1] if subtrees else sha256().digest()
    for left in subtrees[-2::-1]:
        result = sha256(b"\1" + left + result).digest()
    return result.hex()


def open_books(path: str) -> sqlite3.Connection:
    """Open the database for reading only, in one transaction."""
    address = pathlib.Path(path).absolute().as_uri() + "?mode=ro"
    books = sqlite3.connect(address, uri=True, isolation_level=None)
    try:
        books.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        if os.path.exists(path + "-wal"):
            raise
        # The folder cannot be written, and nobody has the books open.
        books = sqlite3.connect(address + "&immutable=1", uri=True, isolation_level=None)
    books.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    books.execute("BEGIN")
    return books


def check_tables(books: sqlite3.Connection, problems: list[Any]) -> dict[str, list[str]]:
    """Return the tables of record with their fields; their guards must be there."""
    tables, own = {}, {"act_id", "line_no", "salt"}
    query = "SELECT m.name, p.name FROM sqlite_master m, pragma_table_info(m.name) p"
    columns: dict[str, list[str]] = {}
    for name, column in books.execute(query + " WHERE m.type = 'table' ORDER BY m.name, p.cid"):
        columns.setdefault(name, []).append(column)
    for name, found in columns.items():
        if own <= set(found) and all(PLAIN.fullmatch(word) for word in (name, *found)):
            tables[name] = [column for column in found if column not in own]
        elif own <= set(found):
            problems.append((None, f"{name!a} is no table of keiryo, or has odd columns"))
    if not tables and "act" not in columns:
        raise ValueError("these are no books of keiryo")
    triggers = dict(books.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    for name in ["act", *tables]:
        for guard, statement in GUARDS.items():
            wanted = statement.format(name, ACT_GUARD if name == "act" else "")
            if triggers.get(guard.format(name)) != wanted:
                problems.append((None, f"{name} is not protected: {guard.format(name)} missing"))
    return tables


def lines_of(books: sqlite3.Connection, kind: str, fields: list[str]) -> Iterator[Any]:
    """Yield (act, line number, leaf) of all lines of one kind in order."""
    listed = ", ".join(["act_id", "line_no", "salt", *fields])
    for row in books.execute(f"SELECT {listed} FROM {kind} ORDER BY act_id, line_no"):
        values = {name: row[3 + place] for place, name in enumerate(fields)}
        values["line_no"] = row[1]
        yield row[0], row[1], line_leaf(kind, row[2], values)


def check_acts(
    books: sqlite3.Connection, tables: dict[str, list[str]], problems: list[Any]
) -> dict[int, str]:
    """Go through all acts and lines in order; return the digest of each act."""
    clock, digests, last_digest, last_time = set(), {}, "00" * 32, ""
    if "clock_change" in tables:  # a person accepted that the clock went back
        clock = {row[0] for row in books.execute("SELECT act_id FROM clock_change")}
    streams = (lines_of(books, kind, fields) for kind, fields in tables.items())
    lines = heapq.merge(*streams, key=lambda line: line[:2])
    line, expected = next(lines, None), 1
    for row in books.execute(f"SELECT {', '.join(ACT)} FROM act ORDER BY act_id"):
        act = {name: row[place] for place, name in enumerate(ACT)}
        number, wrong = act["act_id"], []
        if number < 1:
            wrong.append("it was added")
        if number > expected:
            problems.append((expected, f"act {expected} is missing"))
        if act_digest(act) != act["digest"]:
            wrong.append("its header was changed")
        elif act["previous_digest"] != last_digest and number == expected:
            wrong.append("it does not rest on the act before it")
        if str(act["recorded_at"]) < last_time and number not in clock:
            wrong.append("it is dated before the last act")
        subtrees: list[bytes] = []
        count, in_order = 0, True
        while line is not None and line[0] <= number:
            if line[0] == number:
                count, in_order = count + 1, in_order and line[1] == count + 1
                join(subtrees, line[2], count)
            line = next(lines, None)
        if count != act["line_count"]:
            wrong.append(f"it should have {act['line_count']} lines and has {count}")
        elif not in_order or root(subtrees) != act["lines_root"]:
            wrong.append("a line of it was changed")
        problems += [(number, f"act {number}: {words}") for words in wrong]
        digests[number], last_digest = str(act["digest"]), str(act["digest"])
        expected, last_time = max(number + 1, 1), str(act["recorded_at"])
    noted = books.execute("SELECT act_id, digest FROM chain_head").fetchone() or (0, "")
    last = max(digests, default=0)
    if noted != (last, last_digest):
        words = f"the chain ends with act {last} and should end with {noted[0]}, or otherwise"
        problems.append((max(noted[0], last), words))
    for kind in tables:
        query = f"SELECT DISTINCT act_id FROM {kind} WHERE act_id NOT IN (SELECT act_id FROM act)"
        for (number,) in books.execute(query):
            problems.append((number, f"{kind} holds lines of act {number}, which does not exist"))
    return digests


def check_projections(books: sqlite3.Connection, problems: list[Any]) -> None:
    """Compare each projection that these books keep with a rebuild from the tables of record."""
    for name, select in PROJECTIONS.items():
        info = books.execute("SELECT group_concat(name) FROM pragma_table_info(?)", (name,))
        columns = info.fetchone()[0]
        kept, built = f"SELECT {columns} FROM {name}", f"SELECT {columns} FROM ({select})"
        for words, first, second in (("should not have", kept, built), ("lacks", built, kept)):
            query = f"SELECT * FROM ({first} EXCEPT {second}) LIMIT 5"
            for row in books.execute(query) if columns else ():
                problems.append((None, f"the projection {name} {words} a row: {row}"))


def check_evidence(books: sqlite3.Connection, folder: str, problems: list[Any]) -> None:
    """Compare each kept file with the digest under which it was recorded."""
    query = "SELECT min(act_id), digest FROM evidence WHERE kept = 1 GROUP BY digest"
    for act_id, digest in books.execute(query):
        found = ""
        with contextlib.suppress(OSError, ValueError):
            content = pathlib.Path(folder, digest[:2], digest).read_bytes()
            found = sha256(content).hexdigest()
        if found != digest:
            problems.append((act_id, f"evidence {digest[:12]} is missing or was changed"))


def check_books(path: str, folder: str, known: Any, problems: list[Any]) -> str:
    """Check a whole journal; return in words what was checked."""
    books = open_books(path)
    tables = check_tables(books, problems)
    try:
        digests = check_acts(books, tables, problems)
        check_projections(books, problems)
        if "evidence" in tables:
            check_evidence(books, folder, problems)
        query = "SELECT journal_uid FROM journal_opened ORDER BY act_id, line_no LIMIT 1"
        if known and (known["journal_uid"],) != books.execute(query).fetchone():
            problems.append((None, "the checkpoint is of another journal"))
        elif known and digests.get(known["act_id"]) != known["digest"]:
            words = "is not the one of the checkpoint: the journal was rewritten at or before it"
            problems.append((known["act_id"], f"act {known['act_id']} {words}"))
    except (sqlite3.Error, TypeError, ValueError) as error:
        problems.append((None, f"the database cannot be read on: {error}"))
        return ""
    return f"{len(digests)} acts, the last with digest {digests[max(digests)] if digests else '-'}"


def check_proof(proof: Any, known: Any, problems: list[Any]) -> str:
    """Check a proof: the line leads to its act, the act to the checkpoint; return it in words."""
    try:
        act, line = proof["act"], proof["line"]
        number, position, last = act["act_id"], line["line_no"] - 1, act["line_count"] - 1
        digest = line_leaf(
            line["kind"], bytes.fromhex(line["salt"]), {**line["values"], "line_no": position + 1}
        )
        sound = digest and 0 <= position <= last
        for sibling in map(bytes.fromhex, proof["path"]):  # RFC 9162, section 2.1.3.2
            sound = sound and last > 0
            if position % 2 or position == last:
                digest = sha256(b"\1" + sibling + digest).digest()
                while position and position % 2 == 0:
                    position, last = position // 2, last // 2
            else:
                digest = sha256(b"\1" + digest + sibling).digest()
            position, last = position // 2, last // 2
        if not sound or last or digest.hex() != act["lines_root"]:
            problems.append((None, "the line is not part of the act"))
        chain = {number: act_digest(act)}
        if chain[number] != act["digest"] or set(act) != set(ACT):
            problems.append((None, "the header of the act was changed"))
        digest = bytes.fromhex(act["digest"])
        for link in proof["links"]:
            parts = bytes.fromhex(link["header_digest"]) + bytes.fromhex(link["lines_root"])
            digest = sha256(b"\2" + digest + parts).digest()
            chain[link["act_id"]] = digest.hex()
        if known and proof["journal_uid"] != known["journal_uid"]:
            problems.append((None, "the checkpoint is of another journal"))
        elif known and chain.get(known["act_id"]) != known["digest"]:
            problems.append((None, "the chain does not lead to the checkpoint"))
        return f"line {line['line_no']} of act {number}: {json.dumps(line)}"
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        problems.append((None, "this is not a proof of keiryo, or it is damaged"))
        return ""


def load(path: str, form: str) -> Any:
    """Read a checkpoint or a proof."""
    content = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    if not isinstance(content, dict) or content.get("format") != form:
        raise ValueError(f"{path} is not a file of the form {form}")
    return content


def main(arguments: list[str] | None = None) -> int:
    """Check what the command line names and say what was found."""
    parser = argparse.ArgumentParser(description="Verify keiryo books, or a proof from them.")
    parser.add_argument("books", nargs="?", help="SQLite file of the books")
    parser.add_argument("--proof", metavar="FILE", help="check a proof instead of books")
    parser.add_argument("--checkpoint", metavar="FILE", help="one that you kept elsewhere")
    parser.add_argument("--evidence", metavar="FOLDER", help="default: BOOKS.evidence")
    chosen = parser.parse_args(arguments)
    if bool(chosen.books) == bool(chosen.proof):
        parser.error("give the books or --proof, one of them")
    problems: list[Any] = []
    try:
        known = load(chosen.checkpoint, "keiryo-checkpoint-1") if chosen.checkpoint else None
        if chosen.proof:
            checked = check_proof(load(chosen.proof, "keiryo-proof-1"), known, problems)
        else:
            folder = chosen.evidence or chosen.books + ".evidence"
            checked = check_books(chosen.books, folder, known, problems)
    except (OSError, sqlite3.Error, ValueError, KeyError) as error:
        print(f"cannot check: {error}", file=sys.stderr)
        return 2
    problems.sort(key=lambda problem: (problem[0] is None, problem[0] or 0))
    for _, words in problems:
        print("WRONG:", words.encode("ascii", "backslashreplace").decode())
    if problems:
        named = problems[0][0] is not None
        print(f"The first wrong act is {problems[0][0]}." if named else "No act can be named.")
        return 1
    print("Sound:", checked)
    print("It leads to the checkpoint." if known else "Without a checkpoint, all may be made up.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
