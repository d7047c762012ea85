"""A register is recorded: every quotation compared anew, one act for what is new, or nothing.

What stands in the books in the same words is left alone, so that the same file may be sent again.
An object that changed is recorded anew with all that belongs to it; what it was before stays in
the record.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from sqlalchemy import Connection, MetaData, select

from keiryo.cooperation.quotations import SourceText, quotation_findings
from keiryo.cooperation.register_file import RegisterFile, read_register
from keiryo.cooperation.register_lines import RecordLine, register_lines
from keiryo.cooperation.tables import ABOUT, NAMED_BY
from keiryo.dates import utc_text
from keiryo.errors import Finding, RefusedError, Severity
from keiryo.journal.evidence import add_evidence, keep_file
from keiryo.journal.model import Act, Actor, Draft, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.storage.engine import Database

SHIPPED_NAME = "agreements.json"
RECORDING = "cooperation.record"
COMPARED = "compared"
_REFUSING = (Severity.FORMAT, Severity.INCONSISTENCY)


@dataclass(frozen=True, slots=True)
class RecordedRegister:
    """What became of a register file.

    Attributes
    ----------
    act : Act or None
        None if nothing in it is new.
    recorded, unchanged : int
        Objects that were recorded, and that stand in the books in the same words.
    quotations, compared : int
        Quotations in the file, and how many of them were compared with their text.
    findings : tuple of Finding
        Warnings and information; with anything worse nothing is recorded.
    """

    act: Act | None
    recorded: int
    unchanged: int
    quotations: int
    compared: int
    findings: tuple[Finding, ...]


def shipped_register() -> bytes:
    """Return the register of four public documents that keiryo brings along."""
    return _data().joinpath(SHIPPED_NAME).read_bytes()


def shipped_texts() -> dict[str, SourceText]:
    """Return the documents that may be passed on: works of the Government of the United States."""
    return {
        one.name: SourceText(one.name, one.read_bytes().decode("utf-8"))
        for one in _data().joinpath("texts").iterdir()
        if one.name.endswith(".txt")
    }


def _data() -> Traversable:
    return files("keiryo.data").joinpath("cooperation")


def check_register(
    content: bytes, name: str, texts: Mapping[str, SourceText]
) -> tuple[RegisterFile | None, list[Finding], int]:
    """Return a register, everything that is wrong with it, and how many quotations it has.

    Parameters
    ----------
    content, name
        The file.
    texts : mapping of file name to SourceText
        The documents that are at hand, besides those that keiryo brings along.
    """
    file, findings = read_register(content, name)
    if file is None:
        return None, findings, 0
    every = {**shipped_texts(), **texts}
    quoted = [(about, one) for about, one in file.provenance() if "quote" in one]
    findings += quotation_findings(every, quoted)
    findings += _other_words(file, every)
    return file, findings, len(quoted)


def _other_words(file: RegisterFile, texts: Mapping[str, SourceText]) -> list[Finding]:
    """Return the documents whose text is not the one that the register was made from."""
    found = []
    for one in file.lists["sources"]:
        text = texts.get(str(one.get("file")))
        if text is not None and one.get("digest") not in (None, text.digest):
            found.append(
                Finding(
                    "QUOTE-DIGEST",
                    Severity.WARNING,
                    f"{text.name} is not word for word the text that the register was made from",
                    "The quotations were compared with what you gave; look whether it is the same "
                    "document.",
                    file=text.name,
                    found=text.digest,
                    expected=str(one["digest"]),
                )
            )
    return found


def record_register(
    database: Database,
    actor: Actor,
    content: bytes,
    name: str,
    texts: Sequence[SourceText] = (),
    *,
    clock: Clock = system_clock,
) -> RecordedRegister:
    """Record a register: check it as a whole, compare its quotations, post what is new.

    Parameters
    ----------
    database, actor
    content, name
        JSON of the schema ``keiryo.cooperation/1``.
    texts : sequence of SourceText
        Documents to compare with; they are read and not kept.

    Raises
    ------
    RefusedError
        If anything in it does not hold: all findings; nothing is recorded.
    """
    given = {text.name: text for text in texts}
    file, findings, quotations = check_register(content, name, given)
    if file is None or any(one.severity in _REFUSING for one in findings):
        raise RefusedError(
            "the register was refused; nothing was recorded",
            findings,
            "Put right what the findings say and send it again.",
        )
    at_hand = {*shipped_texts(), *given}
    objects = register_lines(file, at_hand)
    compared = sum(one["file"] in at_hand for _about, one in file.provenance())
    new: dict[str, tuple[RecordLine, ...]] = {}

    def draft(connection: Connection) -> Draft:
        known = recorded_lines(connection, database.metadata)
        new.clear()
        new.update(
            {name: some for name, some in objects.items() if _is_news(some, known.get(name))}
        )
        if not new:
            raise _NothingNew
        made = Draft(RECORDING, f"cooperation:{uuid.uuid4()}")
        kept = keep_file(database.evidence, name, content)
        add_evidence(made, kept, actor.on_behalf_of, "register", utc_text(clock()))
        for lines in new.values():
            for kind, values in lines:
                made.add(kind, values, scope=actor.on_behalf_of)
        return made

    try:
        act: Act | None = post(database, draft, actor, clock=clock).act
    except _NothingNew:
        act = None
    count = (len(new), len(objects) - len(new))
    return RecordedRegister(act, *count, quotations, compared, tuple(findings))


class _NothingNew(Exception):
    """All of it stands in the books in the same words."""


Told = tuple[frozenset[tuple[str, tuple[tuple[str, Value], ...]]], int]
"""Lines in a form that can be compared, whatever their order, and quotations that were compared."""


def _is_news(lines: Sequence[RecordLine], known: Told | None) -> bool:
    """Return whether something is said that is not known, or proved that was not."""
    words, compared = _told(lines)
    return known is None or words != known[0] or compared > known[1]


def _told(lines: Sequence[RecordLine]) -> Told:
    words = frozenset(
        (kind, tuple(sorted((k, v) for k, v in values.items() if v is not None and k != COMPARED)))
        for kind, values in lines
    )
    return words, sum(int(values.get(COMPARED) or 0) for _kind, values in lines)


def recorded_lines(connection: Connection, metadata: MetaData) -> dict[str, Told]:
    """Return what stands in the books about every object: the lines of its last act."""
    last: dict[str, tuple[int, str]] = {}
    found: dict[tuple[str, int], list[RecordLine]] = {}
    for kind, column in (*NAMED_BY.items(), *ABOUT.items()):
        table = metadata.tables[kind]
        fields = [c.name for c in table.columns if c.name not in _NOT_TOLD]
        for row in connection.execute(select(table).order_by(table.c.act_id)).mappings():
            name, act = str(row[column]), int(row["act_id"])
            found.setdefault((name, act), []).append((kind, {f: row[f] for f in fields}))
            if kind in NAMED_BY:
                last[name] = (act, kind)
    return {name: _told(found[name, act]) for name, (act, _kind) in last.items()}


_NOT_TOLD = frozenset({"act_id", "line_no", "salt", "scope", "agreement", "caveat"})
