"""Search in everything that somebody sees, and whether what was typed names one thing exactly."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

from keiryo.web.sections import Hit
from keiryo.web.viewer import Viewer

_REPORT = re.compile(r"(?:report\s+)?([a-z0-9-]+)\s*[/\s]\s*([0-9]{1,9})", re.IGNORECASE)
_ACT = re.compile(r"act\s*[:#]?\s*([0-9]{1,15})", re.IGNORECASE)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)


def hits_of(viewer: Viewer, words: str, most: int) -> list[Hit]:
    """Return what the providers of all sections find, at most so many of each.

    ``XAFA 102``, with a blank, is the report ``XAFA/102`` unless something is called so.
    """
    text = " ".join(words.replace("\0", " ").split())
    if not text:
        return []
    found = _found(viewer, text, most)
    report = _REPORT.fullmatch(text)
    if not found and report is not None:
        found = _found(viewer, f"{report[1]}/{report[2]}", most)
    return found


def _found(viewer: Viewer, words: str, most: int) -> list[Hit]:
    return [
        hit
        for section in viewer.server.sections
        for find in section.search
        for hit in find(viewer, words, most)
    ]


def exact_hit(hits: list[Hit], words: str) -> Hit | None:
    """Return the one hit that is called exactly as was searched for; None if none or several are.

    An area, batch or person is called by its name, a report ``XAFA/102`` or ``report XAFA/102``,
    an act ``act 12`` or by its digest.
    """
    exact = [hit for hit in hits if _is_called(hit, compared(" ".join(words.split())))]
    return exact[0] if len(exact) == 1 else None


def compared(name: str) -> str:
    """Return a name as it is searched for: capitals and widths of letters do not matter."""
    return unicodedata.normalize("NFKC", name).casefold()


def _is_called(hit: Hit, words: str) -> bool:
    path = compared(unquote(hit.href.partition("?")[0]))
    if words in (compared(hit.title), compared(hit.href)):
        return True
    if hit.kind == "report" and (found := _REPORT.fullmatch(words)):
        return path == f"/reports/{found[1]}/{int(found[2])}"
    if hit.kind == "act" and (found := _ACT.fullmatch(words)):
        return path == f"/journal/acts/{int(found[1])}"
    if hit.kind == "act" and _DIGEST.fullmatch(words):
        return path.startswith("/journal/acts/")
    return hit.kind == "person" and words in (compared(hit.detail), path.rpartition("/")[2])
