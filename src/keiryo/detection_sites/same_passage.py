"""Which passage of the record a passage of a file is: by instrument, start and counts.

Two files may tell the same passage, one of them cut off: the fuller telling stands in the record,
whichever came first. Two passages may have the same start, where a clock was set back: they are
told apart by their counts, which the kept files hold, and the second one goes by its start with
``~2``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from keiryo.detection_sites.register import finding
from keiryo.errors import Finding, NotFoundError, StorageError
from keiryo.portal.daily_file import DailyFileError, parse_daily_file
from keiryo.portal.occupancy import DailyFile, Occupancy

Row = Mapping[str, Any]
Verdict = Literal["new", "at least as full", "less", "twice"]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a passage of a file belongs.

    Attributes
    ----------
    start : str
        By which it goes in the record: its start in UTC, with ``~2`` and so on for further ones.
    verdict : {"new", "at least as full", "less", "twice"}
        Against what stands in the record; ``"twice"``: the file itself tells it twice.
    """

    start: str
    verdict: Verdict


@dataclass(slots=True)
class KeptPassages:
    """Passages of files that are kept as evidence.

    Attributes
    ----------
    content_of : callable
        Gives the bytes of a file by its digest.
    """

    content_of: Callable[[str], bytes]
    _files: dict[str, dict[int, Occupancy]] = field(default_factory=dict)

    def of(self, row: Row) -> Occupancy | None:
        """Return the passage of a recorded occupancy; None: its file is no longer kept."""
        digest = str(row["digest"])
        if digest not in self._files:
            try:
                file = parse_daily_file(self.content_of(digest))
            except (DailyFileError, NotFoundError, StorageError, OSError):
                self._files[digest] = {}
            else:
                self._files[digest] = {one.first_line: one for one in file.occupancies}
        return self._files[digest].get(int(row["first_line"]))


def place_passages(
    file: DailyFile,
    starts: list[str],
    standing: Mapping[str, Row],
    kept: KeptPassages,
) -> tuple[list[Placed], list[Finding]]:
    """Say of each passage of a file where it belongs in the record.

    Parameters
    ----------
    file : DailyFile
    starts : list of str
        Of its passages, in UTC.
    standing : mapping of str to mapping
        Occupancies of the instrument in the record, by their start.
    kept : KeptPassages
    """
    placed: list[Placed] = []
    told: list[Finding] = []
    used: dict[str, Occupancy] = {}
    for one, start in zip(file.occupancies, starts, strict=True):
        place = f"line {one.first_line}"
        found = _placed(one, start, standing, used, kept)
        used.setdefault(found.start, one)
        placed.append(found)
        if found.verdict == "twice":
            words = f"{place}: the occupancy at {start} is told again; it is recorded once"
            told.append(_warning("PORTAL-SAME-START", words, "Look at how the file was stored."))
        elif found.start != start and found.verdict == "new":
            words = f"{place}: another occupancy starts at {start}; it goes by {found.start}"
            advice = "Both are kept; look at the clock of the instrument."
            told.append(_warning("PORTAL-SAME-START", words, advice))
        elif found.verdict == "less":
            words = f"{place}: the record holds more of the occupancy at {start} than this file"
            advice = "What stands in the record stays; nothing needs to be done."
            told.append(_warning("PORTAL-LESS", words, advice))
    return placed, told


def _placed(
    one: Occupancy,
    start: str,
    standing: Mapping[str, Row],
    used: Mapping[str, Occupancy],
    kept: KeptPassages,
) -> Placed:
    number = 1
    while True:
        key = start if number == 1 else f"{start}~{number}"
        number += 1
        if key in used:
            if is_same_passage(one, used[key]):
                return Placed(key, "twice")
            continue
        if key not in standing:
            return Placed(key, "new")
        other = kept.of(standing[key])
        if other is None:
            fuller = one.complete or not standing[key]["complete"]
            return Placed(key, "at least as full" if fuller else "less")
        if is_same_passage(one, other):
            fuller = _fullness(one) >= _fullness(other)
            return Placed(key, "at least as full" if fuller else "less")


def is_same_passage(one: Occupancy, other: Occupancy) -> bool:
    """Return whether two tellings are of one passage: the shorter is how the longer begins.

    Parameters
    ----------
    one, other : Occupancy
        With the same start, of the same instrument.
    """
    if one.complete and other.complete and one.number != other.number:
        return False
    return all(
        _begins(getattr(one, name), getattr(other, name), one.complete, other.complete)
        for name in ("gamma", "neutron")
    )


def _begins(one: np.ndarray, other: np.ndarray, whole: bool, other_whole: bool) -> bool:
    both = min(len(one), len(other))
    if whole and other_whole and len(one) != len(other):
        return False
    return bool(np.array_equal(one[:both], other[:both]))


def _fullness(one: Occupancy) -> tuple[bool, int]:
    return one.complete, len(one.gamma) + len(one.neutron)


def _warning(code: str, words: str, advice: str) -> Finding:
    return finding(code, words, advice, warning=True)
