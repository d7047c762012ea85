"""The text of a labelled Code 10 file: from bytes to records of labelled contents.

A *data element* is a label of three digits, ``:``, its content and ``#``; a *record* is a run of
elements that begins with label 001. The model arrangement says nothing about line breaks, blanks
or character encoding. Our choice: a file is ASCII or UTF-8; any white space may stand between
elements, and inside a content it counts as one blank.

What is wrong is noted with the record where it stands, as `Problem`; `code10_reader` makes
findings of it when it knows the report. The time taken grows in proportion to the text, whatever
the text is.

Source: IAEA SG-FM-1172, Model Subsidiary Arrangement Code 10, labelled format, section 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from sys import intern
from typing import NamedTuple

from keiryo.reports.rule_table import shown

_PIECE = re.compile(r"([^#]*)(#+|\Z)")
_ELEMENT = re.compile(r"\s*([0-9]{3})\s*:(.*)", re.DOTALL)
_ANY_RECORD = re.compile(r"001[ \t]*:")
_NEXT_RECORD = re.compile(r"\n[ \t]*(?=001[ \t]*:[ \t]*(?:[OØ0]I|NC)[ \t]*/)")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_ASCII = bytes(range(128))
_O_SLASH_LATIN1 = b"\xd8"
_MAX_PROBLEMS = 1000
_MAX_SHARED = 32


class Problem(NamedTuple):
    """Something wrong with the text, before its report is known."""

    code: str
    message: str
    line: int
    label: str | None = None
    found: str | None = None


@dataclass(slots=True)
class Record:
    """One record: contents by label, and what was wrong with the text.

    ``lines`` has the labels that do not stand on the first line of the record.
    """

    line: int
    index: int = 0
    contents: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    cut: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    duplicated: set[str] = field(default_factory=set)

    def note(self, problem: Problem) -> None:
        """Keep a problem; one record need not have more than `_MAX_PROBLEMS` of them."""
        if len(self.problems) < _MAX_PROBLEMS:
            self.problems.append(problem)


@dataclass(slots=True)
class FileText:
    """The text of a file, None if it cannot be read as text, and what was wrong with it."""

    text: str | None
    problems: list[Problem] = field(default_factory=list)


def decode(data: bytes) -> FileText:
    """Return the text of a file with LF line ends.

    UTF-8, with or without byte order mark, is read; so is the letter ``Ø`` in Latin-1. Of other
    encodings what can be read is read, with U+FFFD in place of the rest, so that `records` can
    name the records hit. UTF-16 is not read.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or _looks_like_utf16(data[:256]):
        problem = Problem("ENCODING", "the file is UTF-16 text; it was not read", 1)
        return FileText(None, [problem])
    problems = []
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
        problems.append(
            Problem("BOM", "the file begins with a byte order mark; it was passed over", 1)
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        others = data.translate(None, _ASCII)
        only_o_slash = not others.strip(_O_SLASH_LATIN1)
        text = data.decode("latin-1") if only_o_slash else data.decode("utf-8", "replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\x1a")
    if not text.strip():
        return FileText(None, [Problem("FILE-EMPTY", "the file is empty", 1)])
    if _ANY_RECORD.search(text) is None:
        return FileText(None, [*problems, Problem("NOT-CODE10", "no record was found", 1)])
    return FileText(text, problems)


def _looks_like_utf16(start: bytes) -> bool:
    """Return whether every second byte of the start is NUL, as in ASCII text saved as UTF-16."""
    if len(start) < 8:
        return False
    pairs = len(start) // 2
    return any(
        start[side : 2 * pairs : 2].count(0) == pairs
        and start[1 - side : 2 * pairs : 2].count(0) == 0
        for side in (0, 1)
    )


def records(source: FileText) -> Iterator[Record]:
    """Yield the records of a text; what stands before the first one goes to `source.problems`."""
    text = source.text
    if text is None:
        return
    scan = _Scan(source.problems, _CONTROL.search(text) is not None or "\ufffd" in text)
    line = 1
    for match in _PIECE.finditer(text):
        piece, end = match.groups()
        parts = [piece] if "\n" not in piece else _NEXT_RECORD.split(piece)
        for part in parts[:-1]:
            done = scan.part(part, line, closed=False)
            if done is not None:
                yield done
            line += part.count("\n") + 1
        last = parts[-1]
        done = scan.part(last, line, closed=bool(end))
        if done is not None:
            yield done
        if len(end) > 1:
            scan.stray(end[1:], line + last.count("\n"))
        line += last.count("\n")
    if scan.record is not None:
        yield scan.record


class _Scan:
    """The record being read, and what to do with the next part of the text."""

    __slots__ = ("_before", "_check", "_in_stray", "record")

    def __init__(self, before: list[Problem], check: bool) -> None:
        self.record: Record | None = None
        self._before = before
        self._check = check
        self._in_stray = False

    def part(self, part: str, line: int, *, closed: bool) -> Record | None:
        """Take one element; return the record before, if the element begins a new one."""
        match = _ELEMENT.match(part)
        if match is None:
            if closed or part.strip():
                self.stray(part, line)
            return None
        label, content = match.groups()
        line += part.count("\n", 0, match.start(1))
        done = None
        if label == "001":
            done, self.record = self.record, Record(line)
        record = self.record
        if record is None:
            self.stray(part, line)
            return None
        self._in_stray = False
        content = self._clean(content, label, line, record)
        if label in record.contents or label in record.cut:
            _note_duplicate(record, label, content, line)
        elif closed or label == "001":
            record.contents[label] = content
        else:
            record.cut[label] = content
        if line != record.line and label not in record.duplicated:
            record.lines.setdefault(label, line)
        if not closed:
            record.note(
                Problem("RECORD-CUT", "the record breaks off without '#'", line, label, content)
            )
        return done

    def stray(self, text: str, line: int) -> None:
        """Note text that is no element; runs of it count once."""
        if self._in_stray:
            return
        self._in_stray = True
        lead = len(text) - len(text.lstrip())
        text, line = text.strip() or "#", line + text.count("\n", 0, lead)
        problem = Problem("STRAY-TEXT", f"{shown(text)} is no data element", line, found=text[:200])
        if self.record is None:
            self._before.append(problem)
        else:
            self.record.note(problem)

    def _clean(self, content: str, label: str, line: int, record: Record) -> str:
        if self._check:
            if _CONTROL.search(content):
                record.note(
                    Problem("CONTROL-CHAR", "the content holds control characters", line, label)
                )
                content = _CONTROL.sub("", content)
            if "\ufffd" in content:
                message = "the content holds bytes that are not UTF-8 text"
                record.note(Problem("ENCODING", message, line, label))
        if " " in content or "\n" in content or not content.isprintable():
            content = " ".join(content.split())
        # Most contents of a large file are the same few dates, codes and names.
        return intern(content) if len(content) <= _MAX_SHARED else content


def _note_duplicate(record: Record, label: str, content: str, line: int) -> None:
    """Note a label that comes again: once per label, however often it comes."""
    if label in record.duplicated:
        return
    record.duplicated.add(label)
    record.note(
        Problem(
            "LABEL-DUP",
            f"label {label} comes twice in this record; the first one was read",
            line,
            label,
            content,
        )
    )
