"""Quotations checked against the text that they are from, by program, at every import.

A statement of the register names its source: file, logical paragraph, lines, and some words of it.
Words are compared with white space collapsed and nothing else changed. Paragraphs are logical ones,
counted from 1: a title counts, each item of a list counts, and a page break inside a sentence does
not begin a new one.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from keiryo.errors import Finding, Severity

BASIS = "docs/theory/cooperation.md"
MOST_WORDS = 22
"""Words that a quotation may have: enough to find the place, too few to replace the text."""

_BLANK = re.compile(r"\s+")
_ENDS = re.compile(r"[.?!:;”\"’]\)?$|\]$")
_LONG = 150
"""Characters from which a line that ends a sentence is a paragraph by itself, in a text whose lines
are not broken."""
_ITEM = re.compile(r"^\s*(?:[•·*]\s*\S|[-–]\s*[A-Z]|o\s+\S|\d+[.)]\s+\S)")


def collapsed(text: str) -> str:
    """Return a text with every run of white space as one space."""
    return _BLANK.sub(" ", text).strip()


@dataclass(frozen=True)
class SourceText:
    """A document, with its lines and logical paragraphs.

    Attributes
    ----------
    name : str
        File name.
    text : str
    """

    name: str
    text: str

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines, without their ends."""
        return tuple(self.text.split("\n"))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the text in UTF-8, hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @cached_property
    def paragraph_starts(self) -> tuple[int, ...]:
        """The first line (from 1) of each logical paragraph, in order."""
        starts: list[int] = []
        before = ""
        for number, line in enumerate(self.lines, start=1):
            words = collapsed(line)
            if not words:
                continue
            new = not starts or _ITEM.match(line) is not None
            if not new and not collapsed(self.lines[number - 2]):
                new = len(starts) == 1 or _ENDS.search(before) is not None
            elif not new:
                new = len(before) > _LONG and _ENDS.search(before) is not None
            if new:
                starts.append(number)
            before = words
        return tuple(starts)

    def paragraph_of(self, line: int) -> int:
        """Return the number of the logical paragraph in which a line stands; 0: before all."""
        return bisect_right(self.paragraph_starts, line)

    def between(self, first: int, last: int) -> str:
        """Return the words of some lines, white space collapsed."""
        return collapsed("\n".join(self.lines[first - 1 : last]))


def quotation_findings(
    texts: Mapping[str, SourceText], provenance: Iterable[tuple[str, Mapping[str, Any]]]
) -> list[Finding]:
    """Return what does not hold of some quotations; empty: every one stands where it says.

    Parameters
    ----------
    texts : mapping of file name to SourceText
        The documents that are at hand; what is quoted from others is a finding of severity I.
    provenance : iterable of (object id, mapping)
        With ``file``, ``paragraph``, ``lines`` and ``quote``, as in a register file.
    """
    found: list[Finding] = []
    unread: dict[str, int] = {}
    for about, one in provenance:
        source = texts.get(str(one.get("file")))
        if source is None:
            name = str(one.get("file"))
            unread[name] = unread.get(name, 0) + 1
            continue
        found += _findings(about, one, source)
    for name, count in sorted(unread.items()):
        found.append(
            Finding(
                "QUOTE-UNREAD",
                Severity.INFORMATION,
                f"{count} quotations from {name} were not compared: its text is not at hand",
                "Give the text of the document as well; it is read, and not kept.",
                file=name,
                basis=BASIS,
            )
        )
    return found


def _findings(about: str, one: Mapping[str, Any], source: SourceText) -> list[Finding]:
    quote, (first, last) = collapsed(str(one["quote"])), one["lines"]
    found = []
    if not 1 <= first <= last <= len(source.lines):
        return [
            _finding(
                "QUOTE-LINES",
                about,
                source,
                f"{source.name} has {len(source.lines)} lines, not {first} to {last}",
                "Name the lines in which the words stand.",
            )
        ]
    if quote not in source.between(first, last):
        elsewhere = quote in collapsed(source.text)
        where = "elsewhere in it" if elsewhere else "nowhere in it"
        found.append(
            _finding(
                "QUOTE-MISSING",
                about,
                source,
                f"the words “{quote}” do not stand in lines {first} to {last}, but {where}",
                "Correct the lines." if elsewhere else "Quote the words as they stand there.",
                line=first,
            )
        )
    elif (paragraph := source.paragraph_of(first)) != one["paragraph"]:
        found.append(
            _finding(
                "QUOTE-PARAGRAPH",
                about,
                source,
                f"line {first} is in paragraph {paragraph}, not {one['paragraph']}",
                "Correct the paragraph: a title counts, and so does each item of a list.",
                line=first,
            )
        )
    if len(quote.split()) > MOST_WORDS:
        found.append(
            _finding(
                "QUOTE-LONG",
                about,
                source,
                f"the quotation has {len(quote.split())} words, more than {MOST_WORDS}",
                "Quote what is needed to find the place.",
                line=first,
            )
        )
    return found


def _finding(
    code: str, about: str, source: SourceText, message: str, advice: str, line: int | None = None
) -> Finding:
    return Finding(
        code,
        Severity.FORMAT,
        f"{about}: {message}",
        advice,
        file=source.name,
        line=line,
        basis=BASIS,
    )
