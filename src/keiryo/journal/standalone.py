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

An act may be signed (table ``signature``): by the person who answers for it, with an Ed25519 key
(RFC 8032), over the bytes ``keiryo-act-1 signature``, a line feed, and the digest. The lines
``person_key`` register and revoke keys, from their act on; a person's first key signs the act that
registers it. Who has a key in force signs, and after the first line ``person_state`` everybody
does, and nobody can register a key for another. A line ``release`` has a signature by whoever
prepared what another person released, over the bytes ``keiryo-release-1 signature``, a line feed,
and the digest of the content.
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
from functools import lru_cache
from hashlib import sha256, sha512
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
    # Moves of obligation labels: by month, by holding, and without their labels.
    "obligation_sum": """
        SELECT mba, account, category, labels, month, agreement, caveat, MIN(scope) AS
        scope, CAST(SUM(mg) AS BIGINT) AS element_mg, MAX(act_id) AS through_act FROM
        (SELECT to_mba AS mba, to_account AS account, to_category AS category, to_labels
        AS labels, event_date / 100 AS month, COALESCE(agreement, '') AS agreement,
        COALESCE(caveat, '') AS caveat, scope, 1 * element_mg AS mg, act_id FROM
        obligation_move UNION ALL SELECT from_mba AS mba, from_account AS account,
        from_category AS category, from_labels AS labels, event_date / 100 AS month,
        COALESCE(agreement, '') AS agreement, COALESCE(caveat, '') AS caveat, scope, -1 *
        element_mg AS mg, act_id FROM obligation_move) AS both_sides GROUP BY mba,
        account, category, labels, month, agreement, caveat""",
    "obligation_holding": """
        SELECT mba, account, holding, category, labels, agreement, caveat, MIN(scope) AS
        scope, CAST(SUM(mg) AS BIGINT) AS element_mg, MAX(act_id) AS through_act FROM
        (SELECT to_mba AS mba, to_account AS account, to_holding AS holding, to_category
        AS category, to_labels AS labels, COALESCE(agreement, '') AS agreement,
        COALESCE(caveat, '') AS caveat, scope, 1 * element_mg AS mg, act_id FROM
        obligation_move UNION ALL SELECT from_mba AS mba, from_account AS account,
        from_holding AS holding, from_category AS category, from_labels AS labels,
        COALESCE(agreement, '') AS agreement, COALESCE(caveat, '') AS caveat, scope, -1 *
        element_mg AS mg, act_id FROM obligation_move) AS both_sides GROUP BY mba,
        account, holding, category, labels, agreement, caveat""",
    "obligation_step": """
        SELECT to_key, event_date, kind, from_act, from_line, from_key, agreement_ AS
        agreement, caveat_ AS caveat, MIN(scope) AS scope, CAST(SUM(element_mg) AS BIGINT)
        AS element_mg, MAX(act_id) AS through_act FROM (SELECT *, to_mba || '|' ||
        to_account || '|' || to_category || '|' || to_holding AS to_key, from_mba || '|'
        || from_account || '|' || from_category || '|' || from_holding AS from_key,
        COALESCE(of_act, act_id) AS from_act, of_line AS from_line, COALESCE(agreement,
        '') AS agreement_, COALESCE(caveat, '') AS caveat_ FROM obligation_move) AS moved
        GROUP BY to_key, event_date, kind, from_act, from_line, from_key, agreement_,
        caveat_""",
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

# ---- Ed25519: RFC 8032, section 5.1; points are (X, Y, Z, T), x = X/Z, y = Y/Z, T = XY/Z --------
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493  # order of the base point
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)  # its square is -1
BASE = b"\x58" + b"\x66" * 31
NEUTRAL = (0, 1, 1, 0)


def add(one: Any, other: Any) -> Any:
    """Add two points, equal ones too (section 5.1.4)."""
    (x1, y1, z1, t1), (x2, y2, z2, t2) = one, other
    a, b = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = t1 * 2 * D * t2 % P, z1 * 2 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def decode(encoding: bytes) -> Any:
    """Return the point of 32 bytes (section 5.1.3); ValueError if they are not its encoding."""
    sign, y = divmod(int.from_bytes(encoding, "little"), 2**255)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * ROOT % P
    if len(encoding) != 32 or y >= P or x * x % P != square or sign > (x != 0):
        raise ValueError("no point")
    x = x if x % 2 == sign else P - x
    return x, y, 1, x * y % P


@lru_cache(maxsize=256)
def multiples(encoding: bytes) -> Any:
    """Return, for n from 0 to 63, the points 0, 1, 2 ... 15 times 16**n times a point."""
    point, rows = decode(encoding), []
    for _ in range(64):
        row = [NEUTRAL]
        for _ in range(15):
            row.append(add(row[-1], point))
        rows.append(row)
        point = add(row[-1], point)
    return rows


def times(number: int, encoding: bytes) -> Any:
    """Return a point `number` times, which is below 2**256."""
    result = NEUTRAL
    for place, row in enumerate(multiples(encoding)):
        result = add(result, row[number >> 4 * place & 15])
    return result


def is_signed(key: Any, message: bytes, signature: Any) -> bool:
    """Say whether a signature over a message was made with a key (section 5.1.7); both in hex."""
    try:
        encoded, signed = bytes.fromhex(key), bytes.fromhex(signature)
        s = int.from_bytes(signed[32:], "little")
        if len(signed) != 64 or s >= L:
            return False
        k = int.from_bytes(sha512(signed[:32] + encoded + message).digest(), "little") % L
        x, y, z, t = times(k, encoded)
        x, y, z, _ = add(times(s, BASE), (-x, y, z, -t))
        x, y = x * pow(z, -1, P) % P, y * pow(z, -1, P) % P
        return bool((x % 2 << 255 | y).to_bytes(32, "little") == signed[:32])
    except (TypeError, ValueError):
        return False


def signs(key: Any, mark: bytes, digest: Any, signature: Any) -> bool:
    """Say whether a signature over a mark and a digest was made with a key; all in hex."""
    try:
        return is_signed(key, mark + b" signature\n" + bytes.fromhex(digest), signature)
    except (TypeError, ValueError):
        return False


# ------------------------------------------------------------------------------------------------


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
    if "person_key" in tables and "signature" not in columns:
        problems.append((None, "the table signature is missing"))
    for name in ["act", *tables, *{"signature"}.intersection(columns)]:
        for guard, statement in GUARDS.items():
            wanted = statement.format(name, ACT_GUARD if name == "act" else "")
            if triggers.get(guard.format(name)) != wanted:
                problems.append((None, f"{name} is not protected: {guard.format(name)} missing"))
    return tables


def lines_of(books: sqlite3.Connection, kind: str, fields: list[str]) -> Iterator[Any]:
    """Yield (act, line number, leaf) of all lines of one kind in order."""
    listed = ", ".join(f'"{one}"' for one in ("act_id", "line_no", "salt", *fields))
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


class Keys:
    """The keys that sign for each person, asked for one act after the other."""

    def __init__(self, books: sqlite3.Connection, tables: dict[str, list[str]]) -> None:
        query = """SELECT k.act_id, k.person, k.key, k.state
            FROM person_key k JOIN act a ON a.act_id = k.act_id
            WHERE k.state = 'revoked' OR k.person = a.person
              OR k.act_id <= COALESCE((SELECT min(act_id) FROM person_state), k.act_id)
            ORDER BY k.act_id, k.line_no"""
        self.coming = books.execute(query).fetchall()[::-1] if "person_key" in tables else []
        self.in_force: dict[Any, set[Any]] = {}

    def of(self, person: Any, number: int) -> Any:
        """Return the keys in force for a person before an act, and those that it registers."""
        while self.coming and self.coming[-1][0] < number:
            _, whose, key, state = self.coming.pop()
            keys = self.in_force.setdefault(whose, set())
            keys.add(key) if state == "registered" else keys.discard(key)
        own: set[Any] = set()
        for at, whose, key, state in reversed(self.coming):
            if at != number:
                break
            if whose == person:
                own.add(key) if state == "registered" else own.discard(key)
        return self.in_force.get(person, set()), own


def check_signatures(
    books: sqlite3.Connection, tables: dict[str, list[str]], problems: list[Any]
) -> int:
    """Check the signatures of acts and of prepared content; return how many acts are signed."""
    if not books.execute("SELECT 1 FROM sqlite_master WHERE name = 'signature'").fetchone():
        return 0
    keys, count, admitted = Keys(books, tables), 0, None
    if "person_state" in tables:
        admitted = books.execute("SELECT min(act_id) FROM person_state").fetchone()[0]
    query = "SELECT a.act_id, a.person, a.digest, s.person, s.key, s.signature FROM act a"
    query += " LEFT JOIN signature s ON s.act_id = a.act_id ORDER BY a.act_id"
    for number, person, digest, signer, key, signature in books.execute(query):
        (before, own), wrong = keys.of(person, number), ""
        count += signature is not None
        if signature is None and (before or (admitted is not None and admitted < number)):
            wrong = f"it is not signed, though acts of {person} had to be"
        elif signature is not None and signer != person:
            wrong = f"it is of {person} and bears a signature of {signer}"
        elif signature is not None and key not in (before or own):
            wrong = f"it is signed with a key that did not sign for {person} then"
        elif signature is not None and not signs(key, b"keiryo-act-1", digest, signature):
            wrong = f"its signature is not one of {person} over this act"
        problems += [(number, f"act {number}: {wrong}")] if wrong else []
    query = "SELECT act_id FROM signature WHERE act_id NOT IN (SELECT act_id FROM act)"
    for (number,) in books.execute(query):
        problems.append((number, f"there is a signature of act {number}, which does not exist"))
    if "release" in tables:
        check_releases(books, Keys(books, tables), problems)
    return count


def check_releases(books: sqlite3.Connection, keys: Keys, problems: list[Any]) -> None:
    """Check that what acts release was signed for by another person, who prepared it."""
    query = "SELECT r.act_id, a.person, prepared_by, content_digest, preparer_key, "
    query += "preparer_signature FROM release r JOIN act a ON a.act_id = r.act_id"
    query += " ORDER BY r.act_id, r.line_no"
    for number, person, preparer, digest, key, signature in books.execute(query):
        before, _ = keys.of(preparer, number)
        if preparer == person:
            problems.append((number, f"act {number}: {person} alone prepared and released it"))
        elif key not in before or not signs(key, b"keiryo-release-1", digest, signature):
            problems.append((number, f"act {number}: {preparer} did not sign what it releases"))


def check_act_scopes(
    books: sqlite3.Connection, tables: dict[str, list[str]], problems: list[Any]
) -> None:
    """Compare the projection of whose lines each act has, if it is kept, with all tables."""
    if not books.execute("SELECT 1 FROM sqlite_master WHERE name = 'act_scope'").fetchone():
        return
    columns = "act_id, scope, COALESCE(agreement, ''), COALESCE(caveat, '')"
    union = " UNION ".join(f"SELECT {columns}, act_id FROM {name}" for name in tables)
    built = f"SELECT * FROM ({union})"
    kept = f"SELECT {columns}, through_act FROM act_scope"
    for words, first, second in (("should not have", kept, built), ("lacks", built, kept)):
        for row in books.execute(f"SELECT * FROM ({first} EXCEPT {second}) LIMIT 5"):
            problems.append((None, f"the projection act_scope {words} a row: {row}"))


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
    removals = "SELECT digest FROM surveillance_removal"  # images whose time of retention is over
    has_removals = "SELECT 1 FROM sqlite_master WHERE name = 'surveillance_removal'"
    removed = set(books.execute(removals)) if books.execute(has_removals).fetchone() else set()
    for act_id, digest in books.execute(query):
        if (digest,) in removed and not pathlib.Path(folder, digest[:2], digest).exists():
            continue
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
        signed = check_signatures(books, tables, problems)
        check_projections(books, problems)
        check_act_scopes(books, tables, problems)
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
    acts = f"{len(digests)} acts, {signed} of them signed" if signed else f"{len(digests)} acts"
    return f"{acts}, the last with digest {digests[max(digests)] if digests else '-'}"


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
        words = f"line {line['line_no']} of act {number}: {json.dumps(line)}"
        for signed in proof.get("signatures", []):
            whose, key = signed["person"], signed["key"]
            if whose != act["person"] or not signs(
                key, b"keiryo-act-1", act["digest"], signed["signature"]
            ):
                problems.append((None, f"the signature is not one of {act['person']} over the act"))
            words += f"\nIt is signed by {whose} with the key {key}."
            words += " That this key is theirs you must know from elsewhere."
        return words
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
