"""The words of a concise note: which of them a report can say, and how it says them.

Label 391 holds capital Latin letters, digits and plain signs. Small letters become capitals, Latin
letters lose their accents, signs in double width become those in single width, and dashes and
quotation marks plain ones. Everything else cannot be said: label 445 names an agreed alphabet by
one letter and holds no text, and a record of a concise note has no label 445. Such words are
refused rather than sent in another form.

Sources: IAEA SG-FM-1172, Model Subsidiary Arrangement Code 10, labels 391 and 445 and section 4.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from keiryo.errors import Finding, Severity

_BASIS = "Code 10, labels 391 and 445"
_SAME = {
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
    **dict.fromkeys("\u2018\u2019", "'"),
    **dict.fromkeys("\u201c\u201d", '"'),
    "\u2026": "...",
    "\xdf": "SS",
}
_SEPARATOR = "#"
_SHOWN_AT_MOST = 40


def note_words(text: str) -> str:
    """Return words as a concise note says them: capitals, single spaces.

    Raises
    ------
    ValueError
        If a note cannot hold one of the signs.

    Examples
    --------
    >>> note_words("Über 100 Säcke – 2 neu")
    'UBER 100 SACKE - 2 NEU'
    """
    said = [_said(sign) for sign in unicodedata.normalize("NFC", text)]
    if None in said:
        raise ValueError("a concise note cannot hold these words")
    return " ".join("".join(sign for sign in said if sign is not None).upper().split())


def sayable(text: str) -> bool:
    """Return whether a concise note can hold some words, in capitals."""
    return all(_said(sign) is not None for sign in unicodedata.normalize("NFC", text))


def note_findings(text: str, *, what: str = "the reason") -> Iterator[Finding]:
    """Yield what a concise note cannot say of a text, or says in other letters.

    Parameters
    ----------
    text : str
        As typed.
    what : str
        What it is, as the subject of a sentence.

    Yields
    ------
    Finding
        NOTE-CHARSET: of severity F if the words cannot be sent, I if letters are changed.
    """
    whole = unicodedata.normalize("NFC", text)
    wrong = list(dict.fromkeys(sign for sign in whole if _said(sign) is None))
    if wrong:
        yield Finding(
            "NOTE-CHARSET",
            Severity.FORMAT,
            f"{what} holds {_named(wrong[0])} at character {whole.index(wrong[0]) + 1}, and a "
            "concise note cannot: it holds capital Latin letters, digits and plain signs",
            "Write it in Latin letters. Label 445 only names an agreed alphabet, and notes do not "
            "carry it.",
            label="391",
            found="".join(sign for sign in wrong if sign.isprintable())[:_SHOWN_AT_MOST] or None,
            expected="capital Latin letters, digits and plain signs but '#'",
            basis=_BASIS,
        )
        return
    changed = list(dict.fromkeys(sign for sign in whole if _loses(sign)))
    if changed:
        shown = ", ".join(f"{sign} as {(_said(sign) or '').upper()}" for sign in changed)
        yield Finding(
            "NOTE-CHARSET",
            Severity.INFORMATION,
            f"a concise note holds Latin letters without accents; {what} is sent with {shown}",
            "Nothing, if that still says what you mean.",
            label="391",
            found="".join(changed)[:_SHOWN_AT_MOST],
            basis=_BASIS,
        )


def _said(sign: str) -> str | None:
    """Return a sign as a note says it; None if it cannot."""
    if sign == _SEPARATOR:
        return None
    if " " <= sign <= "~":
        return sign
    if sign in "\t\n\r" or unicodedata.category(sign) == "Zs":
        return " "
    if sign in _SAME:
        return _SAME[sign]
    if unicodedata.decomposition(sign).startswith(("<wide>", "<narrow>")):
        single = unicodedata.normalize("NFKC", sign)
        return _said(single) if single.isascii() else None
    apart = unicodedata.normalize("NFD", sign)
    letter, marks = apart[0], apart[1:]
    if letter.isascii() and letter.isalpha() and marks and all(map(unicodedata.combining, marks)):
        return letter
    return None


def _loses(sign: str) -> bool:
    """Whether a letter is sent without what distinguishes it."""
    return sign == "\xdf" or (sign.isalpha() and not sign.isascii() and _said(sign) is not None)


def _named(sign: str) -> str:
    """Return a sign in words: as it looks, or by its number if it cannot be seen."""
    if sign == _SEPARATOR:
        return "'#', which ends a data element,"
    if sign.isprintable() and not unicodedata.combining(sign):
        return f"'{sign}'"
    return f"a sign that cannot be seen (U+{ord(sign):04X})"
