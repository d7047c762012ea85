"""Daily files of plastic radiation portal monitors (Rapiscan and TSA family), read by ourselves.

One record per line, comma separated. An occupancy runs from its first scan record to ``GX``; its
gamma intervals are 0.2 s each by their order, whatever their time stamps say, for the first ones
come in a burst. Background records follow while nobody is there; a setup may come after the
occupancies it applies to. Nothing is dropped: what is not understood is counted and told.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from keiryo.portal.setup_records import INTERVAL_S, PANELS, Setup, with_record

LARGEST_BYTES = 1024**3
GAMMA_SCAN, NEUTRON_SCAN = {"GS": False, "GA": True}, {"NS": False, "NA": True}
SETUP = ("SG1", "SG2", "SG3", "SN1", "SN2")
FAULTS = {
    "GH": "GAMMA_HIGH",
    "GL": "GAMMA_LOW",
    "NH": "NEUTRON_HIGH",
    "TT": "TAMPER",
}
KEPT_RAW = frozenset(
    {"NB1", "NC", "NX", "NZ", "AB1", "AS", "AA", "AM", "AX", "AR", "AC", "RW", "SN2", "TC"}
)
"""Records whose meaning is not published, or that say nothing of an occupancy: counted."""
FASTEST_KMH = 60.0
"""Faster than this nobody drives through a lane; such a record is kept and not believed."""
FOOT_MPH = 0.681818
_DAY_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d(?:\.\d+)?) ?(Z|[+-]\d\d(?::?\d\d)?)?$", re.ASCII
)
_TIME = re.compile(r"(\d\d)-(\d\d)-(\d\d(?:\.\d+)?)$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a file: a code, the line, and what it is."""

    code: str
    line: int
    message: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"code": self.code, "line": self.line, "message": self.message}


@dataclass(slots=True)
class Occupancy:
    """A passage, or whatever was in the lane.

    Attributes
    ----------
    number : int or None
        The counter of the instrument, which starts again; never a key.
    first_line, last_line : int
    start, end : str or None
        As the records state it: ISO 8601, or the time alone where a file has no day.
    gamma : ndarray of int64, shape (n, 4)
        Counts in 0.2 s by panel.
    gamma_flag : ndarray of bool, shape (n,)
        Whether the instrument was in gamma alarm.
    neutron : ndarray of int64, shape (m, 4)
        Counts in 1 s.
    neutron_flag : ndarray of bool, shape (m,)
    background : tuple of int or None
        Gamma background before it in counts a second by panel; None: the file has none.
    background_age_s : float or None
        How old it was, by the time stamps.
    neutron_background_cps : float or None
    speeds_kmh : tuple of float
        All that were recorded, plausible or not.
    setup : Setup
    complete : bool
        Whether its end was recorded.
    problems : list of Problem
    """

    number: int | None
    first_line: int
    last_line: int
    start: str | None
    end: str | None
    gamma: np.ndarray
    gamma_flag: np.ndarray
    neutron: np.ndarray
    neutron_flag: np.ndarray
    background: tuple[int, ...] | None
    background_age_s: float | None
    neutron_background_cps: float | None
    speeds_kmh: tuple[float, ...]
    setup: Setup
    complete: bool
    problems: list[Problem] = field(default_factory=list)

    @property
    def length_s(self) -> float:
        """How long it lasted, by the number of intervals."""
        return len(self.gamma) * INTERVAL_S

    @property
    def speed_kmh(self) -> float | None:
        """The median of the plausible speeds; None: there is none."""
        fit = [one for one in self.speeds_kmh if 0 < one <= FASTEST_KMH]
        return float(np.median(fit)) if fit else None


@dataclass(frozen=True, slots=True)
class DailyFile:
    """What a daily file holds.

    Attributes
    ----------
    occupancies : tuple of Occupancy
        In the order of the file.
    background : ndarray of int64, shape (k, 4)
        Gamma background records.
    records : dict of str to int
        How many of each code.
    faults : tuple of Problem
        State of health: high and low background, tamper.
    problems : tuple of Problem
        What could not be read.
    setup : Setup
        The last one.
    sha256 : str
    """

    occupancies: tuple[Occupancy, ...]
    background: np.ndarray
    records: dict[str, int]
    faults: tuple[Problem, ...]
    problems: tuple[Problem, ...]
    setup: Setup
    sha256: str


class DailyFileError(ValueError):
    """A file is no daily file of a portal; `problems` says why."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(one.message for one in problems))


def read_daily_file(path: Path | str) -> DailyFile:
    """Read a daily file.

    Raises
    ------
    DailyFileError
        If the file cannot be read, or no line of it is a record of a portal.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise DailyFileError([Problem("FILE", 0, "The file is not there or no regular file.")])
        if path.stat().st_size > LARGEST_BYTES:
            raise DailyFileError([Problem("FILE", 0, "The file is larger than 1 GiB.")])
        content = path.read_bytes()
    except OSError as error:
        raise DailyFileError(
            [Problem("FILE", 0, f"It cannot be read: {error.strerror}.")]
        ) from None
    return parse_daily_file(content)


def parse_daily_file(content: bytes) -> DailyFile:
    """Read the content of a daily file; raises as `read_daily_file`."""
    reader = _Reader()
    lines = content.decode("latin-1").split("\n")
    whole = content.endswith(b"\n")
    for number, line in enumerate(lines, 1):
        if number == len(lines):
            if not line.strip():
                break
            if not whole and number > 1:
                reader.cut(number)
        reader.take(number, line.rstrip("\r"))
    return reader.finished(hashlib.sha256(content).hexdigest())


class _Reader:
    """Takes records one by one."""

    def __init__(self) -> None:
        self.setup = Setup()
        self.records: dict[str, int] = {}
        self.problems: list[Problem] = []
        self.faults: list[Problem] = []
        self.background: list[tuple[int, ...]] = []
        self.background_at: str | None = None
        self.neutron_cps: float | None = None
        self.done: list[Occupancy] = []
        self.setups: list[tuple[int, Setup]] = []
        self._forget()

    def _forget(self) -> None:
        self.gamma: list[tuple[int, ...]] = []
        self.gamma_flag: list[bool] = []
        self.neutron: list[tuple[int, ...]] = []
        self.neutron_flag: list[bool] = []
        self.speeds: list[float] = []
        self.first: int | None = None
        self.start: str | None = None
        self.last_at: str | None = None
        self.of_it: list[Problem] = []

    def cut(self, line: int) -> None:
        """Note that the last line has no end."""
        self.problems.append(
            Problem("INCOMPLETE", line, "The file ends within a line: it was cut off.")
        )

    def take(self, line: int, text: str) -> None:
        """Take a record in."""
        if not text.strip():
            return
        code, *fields = text.strip().split(",")
        self.records[code] = self.records.get(code, 0) + 1
        at = moment_of(fields[-1]) if fields else None
        if code in GAMMA_SCAN or code in NEUTRON_SCAN:
            self._scan(line, code, fields, at)
        elif code == "GB":
            counts = self._counts(line, fields)
            if counts is not None:
                self.background.append(counts)
                self.background_at = at
        elif code == "NB":
            counts = self._counts(line, fields)
            if counts is not None and self.neutron_cps is None:
                self.neutron_cps = float(sum(counts))
        elif code == "NB1":
            self._neutron_background(fields)
        elif code == "SP":
            self._speed(line, fields)
        elif code == "GX":
            self._end(line, fields, at)
        elif code in SETUP:
            self._setup(line, code, fields)
        elif code in FAULTS:
            told = f"The instrument recorded {FAULTS[code].lower().replace('_', ' ')}."
            self.faults.append(Problem(FAULTS[code], line, told))
        elif code not in KEPT_RAW and not code.startswith("A"):
            self._unknown(line, code)

    def _unknown(self, line: int, code: str) -> None:
        if self.records[code] == 1:
            shown = code if code.isascii() and code.isalnum() and len(code) <= 8 else "?"
            told = (
                f"Records of the code {shown} are not known; they are counted and kept as they are."
            )
            self.problems.append(Problem("RECORD_UNKNOWN", line, told))

    def _counts(self, line: int, fields: list[str]) -> tuple[int, ...] | None:
        try:
            found = tuple(int(one) for one in fields[:PANELS])
            if len(found) != PANELS or min(found) < 0:
                raise ValueError
        except ValueError:
            told = "Four counts of 0 or more belong here; the record is not used."
            self.problems.append(Problem("COUNTS", line, told))
            return None
        return found

    def _scan(self, line: int, code: str, fields: list[str], at: str | None) -> None:
        counts = self._counts(line, fields)
        if self.first is None:
            self.first, self.start = line, at
        self._clock(line, at)
        if counts is None:
            self.of_it.append(Problem("COUNTS", line, "An interval of it cannot be read."))
        elif code in GAMMA_SCAN:
            self.gamma.append(counts)
            self.gamma_flag.append(GAMMA_SCAN[code])
        else:
            self.neutron.append(counts)
            self.neutron_flag.append(NEUTRON_SCAN[code])

    def _clock(self, line: int, at: str | None) -> None:
        """Note a clock that goes back within an occupancy; midnight without a day is none."""
        before = self.last_at
        if at is not None and before is not None and at < before and len(at) == len(before):
            midnight = len(at) < 16 and before.startswith("23") and at.startswith("00")
            if not midnight and not any(one.code == "CLOCK_BACK" for one in self.of_it):
                told = "The time goes back within the occupancy; the order of the records counts."
                self.of_it.append(Problem("CLOCK_BACK", line, told))
        self.last_at = at or before

    def _neutron_background(self, fields: list[str]) -> None:
        try:
            found = [float(one) for one in fields[:PANELS]]
        except ValueError:
            return
        if len(found) == PANELS and all(0 <= one < 1e9 for one in found):
            self.neutron_cps = sum(found)

    def _speed(self, line: int, fields: list[str]) -> None:
        try:
            seconds, kmh = float(fields[0]), float(fields[2])
        except (ValueError, IndexError):
            self.problems.append(Problem("SPEED", line, "The speed cannot be read."))
            return
        if self.first is None:
            self.first = line
        self.speeds.append(kmh)
        if seconds <= 0 or kmh > FASTEST_KMH:
            known = [one for one in self.of_it if one.code == "SPEED_IMPLAUSIBLE"]
            if not known:
                told = f"A speed above {FASTEST_KMH:g} km/h, or in no time, is not believed."
                self.of_it.append(Problem("SPEED_IMPLAUSIBLE", line, told))

    def _setup(self, line: int, code: str, fields: list[str]) -> None:
        try:
            self.setup = with_record(self.setup, code, fields)
        except (ValueError, IndexError):
            told = f"The setup record {code} cannot be read; what it says is not known."
            self.problems.append(Problem("SETUP", line, told))
        self.setups.append((line, self.setup))

    def _end(self, line: int, fields: list[str], at: str | None) -> None:
        number: int | None = None
        try:
            number = int(fields[0])
            thousandths = int(fields[1])
            if thousandths >= 0:
                self.neutron_cps = thousandths / 1000
        except (ValueError, IndexError):
            self.of_it.append(Problem("END", line, "The end of the occupancy cannot be read."))
        self._close(line, number, at, complete=True)

    def _close(self, line: int, number: int | None, at: str | None, *, complete: bool) -> None:
        age = None
        if self.start is not None and self.background_at is not None:
            age = seconds_between(self.background_at, self.start)
        empty = np.zeros((0, PANELS), dtype=np.int64)
        self.done.append(
            Occupancy(
                number=number,
                first_line=self.first or line,
                last_line=line,
                start=self.start,
                end=at or self.last_at,
                gamma=np.array(self.gamma, dtype=np.int64) if self.gamma else empty,
                gamma_flag=np.array(self.gamma_flag, dtype=bool),
                neutron=np.array(self.neutron, dtype=np.int64) if self.neutron else empty,
                neutron_flag=np.array(self.neutron_flag, dtype=bool),
                background=self.background[-1] if self.background else None,
                background_age_s=age,
                neutron_background_cps=self.neutron_cps,
                speeds_kmh=tuple(self.speeds),
                setup=self.setup,
                complete=complete,
                problems=self.of_it,
            )
        )
        self._forget()

    def finished(self, sha256: str) -> DailyFile:
        """Return what was read."""
        if self.first is not None and (self.gamma or self.neutron):
            told = "The file ends within this occupancy; it is kept as far as it goes."
            self.of_it.append(Problem("INCOMPLETE", self.first, told))
            last = self.first + len(self.gamma) + len(self.neutron)
            self._close(last, None, self.last_at, complete=False)
        known = {"GB", "NB", "GX", "SP", *GAMMA_SCAN, *NEUTRON_SCAN, *SETUP, *FAULTS}
        if not known & set(self.records):
            told = "No line is a record of a plastic radiation portal monitor."
            raise DailyFileError([Problem("NO_RECORDS", 1, told)])
        self._late_setup()
        empty = np.zeros((0, PANELS), dtype=np.int64)
        return DailyFile(
            tuple(self.done),
            np.array(self.background, dtype=np.int64) if self.background else empty,
            dict(sorted(self.records.items())),
            tuple(self.faults),
            tuple(self.problems),
            self.setup,
            sha256,
        )

    def _late_setup(self) -> None:
        """Give occupancies that stand before the first whole setup that setup, and say so."""
        if not self.setups or self.setups[-1][1].n_sigma is None:
            return
        first = next(one for _line, one in self.setups if one.n_sigma is not None)
        at = self.setups[0][0]
        block = [one for line, one in self.setups if line <= at + len(SETUP)]
        for one in self.done:
            if one.setup.n_sigma is None:
                one.setup = block[-1] if block[-1].n_sigma is not None else first
                told = "The setup stands after this occupancy in the file and is taken for it."
                one.problems.append(Problem("SETUP_LATER", at, told))


def moment_of(text: str) -> str | None:
    """Return the time of a record: ISO 8601 where it has a day, else the time alone.

    Examples
    --------
    >>> moment_of("2016-06-01 15:05:00.655 -07"), moment_of("15-05-00.655"), moment_of("000000")
    ('2016-06-01T15:05:00.655-07:00', '15:05:00.655', None)
    """
    text = text.strip()
    if match := _DAY_TIME.match(text):
        year, month, day, hour, minute, second, offset = match.groups()
        shift = ""
        if offset:
            shift = "Z" if offset == "Z" else f"{offset[:3]}:{offset[3:].lstrip(':') or '00'}"
        return f"{year}-{month}-{day}T{hour}:{minute}:{second}{shift}"
    if match := _TIME.match(text):
        return ":".join(match.groups())
    return None


def seconds_between(first: str, last: str) -> float | None:
    """Return the seconds from one time of a file to another; midnight is passed once at most."""
    try:
        if "T" in first and "T" in last:
            one, other = (datetime.datetime.fromisoformat(text) for text in (first, last))
            return (other - one).total_seconds()
        if "T" in first or "T" in last:
            return None
        one_s, other_s = (_seconds(text) for text in (first, last))
    except (ValueError, TypeError):
        return None
    return (other_s - one_s) % 86_400


def _seconds(text: str) -> float:
    hour, minute, second = text.split(":")
    return int(hour) * 3600 + int(minute) * 60 + float(second)
