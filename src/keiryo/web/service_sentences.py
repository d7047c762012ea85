"""What services say in English, recognised and said in the language of a page.

Services record and export what they say in English, once and for good: the verdict of an
evaluation, the message of a finding, why something was refused. Pages say it in the reader's
language. The sentences stand in the catalogues like all others, with a name in the place of each
value, as in ``%(batch)s``; here a text is recognised as one of them and its values are put into
the translation. A value whose name begins with ``said_`` is itself something that services say,
and may be empty. What is not recognised stays as it is.

Recognising is linear in the length of the text, whatever it holds: the fixed parts of a sentence
are looked for from left to right, and a value ends where the next fixed part begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from keiryo.web.service_sentences_boards import BOARDS
from keiryo.web.service_sentences_detecting import DETECTING, DETECTING_PHRASES
from keiryo.web.service_sentences_errors import ERRORS
from keiryo.web.service_sentences_evaluation import EVALUATION
from keiryo.web.service_sentences_findings import FINDINGS
from keiryo.web.service_sentences_findings_between import FINDINGS_BETWEEN
from keiryo.web.service_sentences_phrases import PHRASES as COMMON_PHRASES
from keiryo.web.service_sentences_records import RECORDS
from keiryo.web.translation import catalogue

SENTENCES = (
    *(*FINDINGS, *FINDINGS_BETWEEN, *EVALUATION, *BOARDS, *ERRORS, *RECORDS),
    *DETECTING,
)
"""Everything that services say and pages translate."""
PHRASES = (*COMMON_PHRASES, *DETECTING_PHRASES)
"""Parts of it."""

LONGEST = 4000
"""Characters of a text that is looked at; nothing that services say is longer."""

MOST_PARTS = 40
"""Sentences of a text that are looked at one by one."""

_PLACE = re.compile(r"%\((\w+)\)s")
_BOUNDARY = re.compile(r"(?<=[.!?]) (?=[A-Z\u3000-\u9fff])")
_SAID = "said_"


@dataclass(frozen=True, slots=True)
class Shape:
    """A sentence taken apart: what is fixed, and the names of the values in between.

    Attributes
    ----------
    message : str
        The sentence as it stands in the catalogues.
    fixed : tuple of str
        Its fixed parts, one more than there are values; the first and the last may be empty.
    names : tuple of str
    """

    message: str
    fixed: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, message: str) -> Shape:
        """Return the shape of a sentence with named values."""
        parts = _PLACE.split(message)
        fixed = tuple(part.replace("%%", "%") for part in parts[::2])
        return cls(message, fixed, tuple(parts[1::2]))

    @property
    def weight(self) -> int:
        """How much of it is fixed: of two sentences that fit, the one that says more is meant."""
        return sum(map(len, self.fixed))

    def values_in(self, text: str) -> dict[str, str] | None:
        """Return the values of a text of this shape; None if it is no such text."""
        first, last = self.fixed[0], self.fixed[-1]
        end = len(text) - len(last)
        if not text.startswith(first) or not text.endswith(last):
            return None
        values: dict[str, str] = {}
        at = len(first)
        for name, following in zip(self.names, self.fixed[1:], strict=True):
            least = at if name.startswith(_SAID) else at + 1
            is_last = len(values) == len(self.names) - 1
            until = end if is_last else text.find(following, least, end)
            if until < least:
                return None
            values[name] = text[at:until]
            at = until + len(following)
        ended = not last and text.endswith(".")  # a full stop is no part of a value
        return None if ended or any(map(_BOUNDARY.search, values.values())) else values


@cache
def shapes(*, parts: bool = False) -> tuple[Shape, ...]:
    """Return the shapes of all sentences with values, those that say most first.

    Parameters
    ----------
    parts : bool
        With those that are parts of sentences only, such as ``"12 g missing"``.
    """
    messages = dict.fromkeys((*SENTENCES, *PHRASES) if parts else SENTENCES)
    found = [Shape.of(message) for message in messages if _PLACE.search(message)]
    return tuple(sorted(found, key=lambda shape: -shape.weight))


def translated(text: str, language: str) -> str | None:
    """Return what a service said in a language, or None where no part of it is known.

    Parameters
    ----------
    text : str
        One sentence, several, or a part of one.
    language : str
        ``"ja"``; in English everything is known as it is.

    Examples
    --------
    >>> translated("label 309 (status) is missing", "ja")
    'ラベル 309（ステータス）がありません'
    >>> translated("label 309 (status) is missing", "en")
    'label 309 (status) is missing'
    >>> translated("nobody says so", "ja") is None
    True
    """
    return text if language == "en" else _translated(text, language)


def translated_label(text: str, language: str) -> str | None:
    """Return a short text of a picture, such as ``"28 smaller parts"``, in a language, or None."""
    return text if language == "en" else _part(text, language)


@lru_cache(maxsize=8192)
def _translated(text: str, language: str) -> str | None:
    if not text or len(text) > LONGEST:
        return None
    if "; " in text and not _exact(text, language):  # several said together
        found = [_whole(part, language) for part in text.split("; ")[:MOST_PARTS]]
        if all(part is not None for part in found):
            return "；".join(part or "" for part in found)
    return _whole(text, language) or _one_by_one(text, language)


def _exact(text: str, language: str) -> str:
    """Return the translation of a sentence without values; empty if there is none."""
    return catalogue(language).messages.get((None, text), ("",))[0]


def _whole(text: str, language: str, *, parts: bool = False) -> str | None:
    """Return a text that is one sentence, or a part of one, translated."""
    exact = _exact(text, language)
    return exact or _shaped(text, language, parts=parts) or _small(text, language, parts=parts)


def _small(text: str, language: str, *, parts: bool) -> str | None:
    """Return a message that was made a heading, by a capital letter in front, translated."""
    if not text[:1].isupper():
        return None
    small = text[:1].lower() + text[1:]
    return _exact(small, language) or _shaped(small, language, parts=parts)


def _shaped(text: str, language: str, *, parts: bool) -> str | None:
    for shape in shapes(parts=parts):
        values = shape.values_in(text)
        if values is not None:
            said = _exact(shape.message, language)
            return said % dict(_spoken(values, language)) if said else None
    return None


def _spoken(values: dict[str, str], language: str) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        known = _part(value, language) if name.startswith(_SAID) and value else None
        yield name, known or value


def _part(text: str, language: str) -> str | None:
    exact = _exact(text, language)
    if exact:
        return exact
    if "; " in text and not _BOUNDARY.search(text):  # a list; its items may stay as they are
        return "；".join(_part(one, language) or one for one in text.split("; ")[:MOST_PARTS])
    return _whole(text, language, parts=True) or _translated(text, language)


def _ended(text: str, language: str) -> str | None:
    """Return a message that was made a sentence, by a full stop behind it, translated."""
    known = _whole(text.removesuffix("."), language) if text.endswith(".") else None
    return None if known is None else f"{known}。"


def _one_by_one(text: str, language: str) -> str | None:
    """Return a text of several sentences; those that are not known stay as they are."""
    parts = _BOUNDARY.split(text)
    if not 1 < len(parts) <= MOST_PARTS:
        return None
    said: list[str] = []
    known, at = False, 0
    while at < len(parts):
        for until in range(min(len(parts), at + 3), at, -1):  # a sentence may hold a full stop
            words = " ".join(parts[at:until])
            found = _whole(words, language) or _ended(words, language)
            if found is not None:
                break
        known |= found is not None
        said.append(found if found is not None else f"{parts[at]} ")
        at = until
    return "".join(said).strip() if known else None
