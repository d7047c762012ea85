"""The proof that what the pack shows is what was recorded.

For each line that the pack shows: the line as recorded with its salt, the path to the root of its
act, and the header of the act; and once for all of them the chain of digests from the first of
these acts to the checkpoint. That is what `keiryo journal prove` gives for one line, without the
chain repeated for each. Where there is room the complete proofs are there as single files, too.
Other lines of the same acts, which may be of other areas, appear as digests only.

Source: RFC 6962 section 2.1 for trees and paths.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, TextIO

from sqlalchemy import text

from keiryo.audit.pages import CsvFile, Html, Pages, columns, link, names
from keiryo.audit.sources import ACTS_PER_PAGE, Work, report_names
from keiryo.journal.canonical import SALT_BYTES, header_digest
from keiryo.journal.merkle import node
from keiryo.journal.model import Act
from keiryo.journal.proofs import PROOF_FORMAT
from keiryo.journal.reading import StoredLine, act, acts, line_tables
from keiryo.storage.frames import column_list

SINGLE_LINKS_MAX = 50_000
"""Complete proofs are written while they repeat no more links of the chain than this."""

_LEAF_BYTES = 32
_ACTS = columns(
    "#Act | !Recorded at | Person | On behalf of | Kind | What | Reason | #Lines | #Lines shown | "
    "Files | Digest"
)
ACTS_CSV = names(
    "act recorded_at person on_behalf_of kind reports reason corrects lines lines_shown "
    "files file_digests lines_root previous_digest digest"
)


@dataclass(slots=True)
class Proven:
    """How many lines have their proof, and whether each also has a file of its own."""

    lines: int = 0
    single: bool = False


def write_proofs(work: Work, progress: Any) -> Proven:
    """Write the proof of every line that the pack shows, and the list of their acts."""
    folder, made = work.folder, Proven()
    folder.write("proof/checkpoint.json", work.checkpoint.to_json())
    used = list(work.sources.used())
    first = used[0][0] if used else work.checkpoint.act_id
    length = work.checkpoint.act_id - first + 1
    total = sum(len(lines) for _, lines in used)
    made.single = total * length <= SINGLE_LINKS_MAX
    chain = list(_links(work, first)) if made.single else []
    with ExitStack() as stack:
        writers = _Writers(work, stack)
        for act_id, wanted in used:
            header = act(work.connection, work.metadata, act_id)
            writers.act(header, len(wanted))
            for entry in _proven_lines(work, header, wanted):
                writers.line(entry)
                made.lines += 1
                if made.single:
                    _write_single(work, header, entry, chain)
            progress(made.lines, total, "proofs")
    with folder.text("proof/chain.jsonl") as out:
        out.writelines(f"{_json(part)}\n" for part in _links(work, first))
    return made


class _Writers:
    """Writes acts and lines as they come, the acts also as pages."""

    def __init__(self, work: Work, stack: ExitStack) -> None:
        self.work = work
        self.acts: TextIO = stack.enter_context(work.folder.text("proof/acts.jsonl"))
        self.lines: TextIO = stack.enter_context(work.folder.text("proof/lines.jsonl"))
        self.csv = stack.enter_context(CsvFile(work.folder, "acts.csv", ACTS_CSV))
        self.pages: Pages | None = None
        self._number = 0
        stack.callback(self._close)

    def act(self, header: Act, shown: int) -> None:
        """Write the header of an act."""
        self.acts.write(_json(_header(header)) + "\n")
        source = self.work.sources.act(header.act_id)
        what = report_names(self.work, header.act_id)
        files = Html(
            ", ".join(link(f"evidence.html#{e.digest}", e.short_name) for e in source.evidence)
        )
        self._page(header.act_id).row(
            [header.act_id, header.recorded_at, header.person, header.on_behalf_of, header.kind,
             what, header.reason, header.line_count, shown, files, header.digest],
            anchor=f"act-{header.act_id}",
        )  # fmt: skip
        self.csv.row(
            [header.act_id, header.recorded_at, header.person, header.on_behalf_of, header.kind,
             what, header.reason, header.corrects, header.line_count, shown, source.file_names,
             source.digests, header.lines_root, header.previous_digest, header.digest]
        )  # fmt: skip

    def line(self, entry: dict[str, Any]) -> None:
        """Write a line with its path."""
        self.lines.write(_json(entry) + "\n")

    def _page(self, act_id: int) -> Pages:
        number = (act_id - 1) // ACTS_PER_PAGE + 1
        if self.pages is None or number != self._number:
            self._close()
            title = f"Acts behind the records of {self.work.mba}, {number}"
            self.pages = Pages(self.work.folder, f"acts-{number}", title, _ACTS)
            self.pages.__enter__()
            self._number = number
        return self.pages

    def _close(self) -> None:
        if self.pages is not None:
            self.pages.__exit__(None, None, None)
            self.pages = None


def _json(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, sort_keys=True)


def _header(header: Act) -> dict[str, Any]:
    return {name: getattr(header, name) for name in Act.__slots__}


def _links(work: Work, first: int) -> Iterator[dict[str, Any]]:
    """Yield what links each act from the first to the checkpoint with the one before it."""
    last = work.checkpoint.act_id
    for later in acts(work.connection, work.metadata, first=first, last=last):
        yield {
            "act_id": later.act_id,
            "header_digest": header_digest(later).hex(),
            "lines_root": later.lines_root,
            "digest": later.digest,
        }


def _write_single(
    work: Work, header: Act, entry: dict[str, Any], chain: list[dict[str, Any]]
) -> None:
    proof = {
        "format": PROOF_FORMAT,
        "journal_uid": work.checkpoint.journal_uid,
        "act": _header(header),
        "line": entry["line"],
        "path": entry["path"],
        "links": [part for part in chain if part["act_id"] > header.act_id],
        "signatures": [],
    }
    content = json.dumps(proof, ensure_ascii=False, indent=2) + "\n"
    work.folder.write(f"proof/single/{header.act_id}-{entry['line']['line_no']}.json", content)


def _proven_lines(work: Work, header: Act, wanted: list[int]) -> Iterator[dict[str, Any]]:
    """Yield the wanted lines of an act, each with its path to the root of the act.

    The leaves of the whole act are computed once; the wanted lines wait in a file meanwhile.
    """
    aside = work.folder.scratch / "lines.jsonl"
    chosen, leaves = set(wanted), bytearray()
    with aside.open("w", encoding="utf-8") as out:
        for line in _act_lines(work, header.act_id):
            leaves += line.leaf
            if line.line_no in chosen:
                out.write(_json(_shown_line(line)) + "\n")
    levels = _levels(leaves)
    with aside.open(encoding="utf-8") as lines:
        for content in lines:
            line = json.loads(content)
            path = _path(levels, line["line_no"] - 1)
            yield {"act_id": header.act_id, "line": line, "path": path}


def _shown_line(line: StoredLine) -> dict[str, Any]:
    assert len(line.salt) == SALT_BYTES
    return {
        "kind": line.kind,
        "line_no": line.line_no,
        "salt": line.salt.hex(),
        "values": {k: v for k, v in line.values.items() if v is not None},
    }


def _act_lines(work: Work, act_id: int) -> Iterator[StoredLine]:
    """Yield the lines of an act in order, reading only the tables that hold some."""
    streams = []
    for name, fields in _tables(work).items():
        listed = column_list(["line_no", "salt", *fields])
        query = text(f"SELECT {listed} FROM {name} WHERE act_id = :act_id ORDER BY line_no")
        result = work.connection.execute(query, {"act_id": act_id})
        streams.append(_stream(result, name, fields, act_id))
    yield from heapq.merge(*streams, key=lambda line: line.line_no)


def _stream(result: Any, name: str, fields: Sequence[str], act_id: int) -> Iterator[StoredLine]:
    while rows := result.fetchmany(1000):
        for line_no, salt, *values in rows:
            stored = dict(zip(fields, values, strict=True))
            yield StoredLine(act_id, line_no, name, bytes(salt), stored)


def _tables(work: Work) -> dict[str, list[str]]:
    """Return the tables of record of the database, asked for once."""
    if not work.line_tables:
        work.line_tables.update(line_tables(work.connection))
    return work.line_tables


def _levels(leaves: bytearray) -> list[bytes]:
    """Return the tree over leaves, level by level; one left over moves up as it is."""
    levels = [bytes(leaves)]
    while len(levels[-1]) > _LEAF_BYTES:
        below, above = levels[-1], bytearray()
        for start in range(0, len(below), 2 * _LEAF_BYTES):
            pair = below[start : start + 2 * _LEAF_BYTES]
            whole = len(pair) == 2 * _LEAF_BYTES
            above += node(pair[:_LEAF_BYTES], pair[_LEAF_BYTES:]) if whole else pair
        levels.append(bytes(above))
    return levels


def _path(levels: list[bytes], index: int) -> list[str]:
    """Return the audit path of a leaf, from the leaf upwards, hexadecimal."""
    path = []
    for level in levels[:-1]:
        sibling = (index ^ 1) * _LEAF_BYTES
        if sibling < len(level):
            path.append(level[sibling : sibling + _LEAF_BYTES].hex())
        index //= 2
    return path
