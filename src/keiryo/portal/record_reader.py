"""Takes the records of a portal in their order and puts occupancies together."""

from __future__ import annotations

from collections import Counter

import numpy as np

from keiryo.portal.occupancy import (
    FASTEST_KMH,
    DailyFile,
    DailyFileError,
    Occupancy,
    Problem,
)
from keiryo.portal.record_times import moment_of, seconds_between
from keiryo.portal.scan_rows import (
    Scans,
    four_counts,
    goes_back,
    scans_of,
    uneven_times,
    without_repeats,
)
from keiryo.portal.setup_records import PANELS, Setup, with_record

SCANS = frozenset({b"GS", b"GA", b"NS", b"NA"})
SETUP = ("SG1", "SG2", "SG3", "SN1")
FAULTS = {"GH": "GAMMA_HIGH", "GL": "GAMMA_LOW", "NH": "NEUTRON_HIGH", "TT": "TAMPER"}
KEPT_RAW = frozenset(
    {"NC", "NX", "NZ", "AB1", "AS", "AA", "AM", "AX", "AR", "AC", "RW", "SN2", "TC"}
)
"""Records whose meaning is not published, or that say nothing of an occupancy: counted."""
KNOWN = frozenset({"GB", "NB", "NB1", "GX", "SP", "GS", "GA", "NS", "NA", *SETUP, *FAULTS})
_CODES = frozenset(one.encode() for one in KNOWN | KEPT_RAW)
MOST_TOLD = 1000
"""Problems of one code that are kept one by one; further ones are counted."""
MOST_CODES = 1000
_AT_ONCE = 50_000


class RecordReader:
    """Takes records one by one; `finished` gives what they say."""

    def __init__(self) -> None:
        self.line = 0
        self.last_end = b""
        self.setup = Setup()
        self.records: Counter[bytes] = Counter()
        self.told: Counter[str] = Counter()
        self.problems: list[Problem] = []
        self.faults: list[Problem] = []
        self.tampers: list[tuple[int, str | None, str | None]] = []
        self.tamper: tuple[int, str | None] | None = None
        self.fault_now: str | None = None
        self.background: list[bytes] = []
        self.background_parts: list[np.ndarray] = []
        self.background_kept = 0
        self.background_days: list[tuple[str, int]] = []
        self.last_background: tuple[int, ...] | None = None
        self.background_at: str | None = None
        self.background_used = False
        self.neutron_cps: float | None = None
        self.neutron_exact = False
        self.clock: str | None = None
        self.midnights = 0
        self.midnights_to_first: int | None = None
        self.number: int | None = None
        self.done: list[Occupancy] = []
        self.setups: list[tuple[int, Setup]] = []
        self._forget()

    def _forget(self) -> None:
        self.gamma: list[bytes] = []
        self.neutron: list[bytes] = []
        self.gamma_parts: list[Scans] = []
        self.neutron_parts: list[Scans] = []
        self.speeds: list[float] = []
        self.first: int | None = None
        self.start: str | None = None
        self.interrupted: str | None = None
        self.before: tuple[tuple[int, ...] | None, str | None] = (None, None)
        self.setup_then = self.setup
        self.of_it: list[Problem] = []

    def note(self, code: str, line: int, message: str) -> None:
        """Tell of something in the file, one by one up to a limit."""
        self.told[code] += 1
        if self.told[code] <= MOST_TOLD:
            self.problems.append(Problem(code, line, message))

    def take_lines(self, lines: list[bytes]) -> None:
        """Take whole lines in, without their ends."""
        records = self.records
        for line in lines:
            self.line += 1
            code = line[:2]
            if code in SCANS and line[2:3] == b",":
                records[code] += 1
                if self.first is None or self.interrupted is not None:
                    self._begin(line)
                if code[:1] == b"G":
                    self.gamma.append(line)
                    if len(self.gamma) >= _AT_ONCE:
                        self._flush()
                else:
                    self.neutron.append(line)
                self.last_row = line
            elif line:
                self._take(line)

    def _take(self, line: bytes) -> None:
        line = line.strip().rstrip(b", \t")
        if b"\0" in line:
            self.note("DAMAGED", self.line, "The line holds zero bytes; they are left out.")
            line = line.strip(b"\0 \t")
            if b"\0" in line:
                return
        if not line:
            return
        if line[:2] in SCANS and line[2:3] in (b"", b","):
            self.line -= 1
            self.take_lines([line if line[2:] else line + b","])
            return
        name, *fields = line.split(b",")
        name = name.strip()
        if name not in _CODES and name.upper() in _CODES:
            if not self.told["SMALL_LETTERS"]:
                told = "Codes stand in small letters; they are read as if in capitals."
                self.note("SMALL_LETTERS", self.line, told)
            self._take(name.upper() + line[len(name) :])
            return
        if len(self.records) < MOST_CODES or name in self.records:
            self.records[name] += 1
        code = name.decode("latin-1")
        if code == "GB":
            self._background(fields)
        elif code == "NB" or code == "NB1":
            self._neutron_background(code, fields)
        elif code in KEPT_RAW:
            if code == "TC":
                self._tamper_cleared(fields)
        elif code == "SP":
            self._speed(fields)
        elif code == "GX":
            if line == self.last_end and self.first is None and self._at(fields) is not None:
                told = "The end of the occupancy before stands there again; it counts once."
                self.note("LINE_REPEATED", self.line, told)
                return
            self.last_end = line
            self._end(fields)
        elif code in SETUP:
            self._setup(code, [one.decode("latin-1") for one in fields])
        elif code in FAULTS:
            self._fault(code, fields)
        else:
            self._unknown(code, name)

    def _unknown(self, code: str, name: bytes) -> None:
        if code == "S1":
            told = "It is a daily file of a spectroscopic portal, which `keiryo spectrum` reads."
            raise DailyFileError([Problem("SPECTROSCOPIC", self.line, told)])
        if self.records[name] > 1:
            return
        shown = code if code.isascii() and code.isalnum() and len(code) <= 8 else "?"
        told = f"Records of the code {shown} are not known; they are counted and kept as they are."
        self.note("RECORD_UNKNOWN", self.line, told)

    def _at(self, fields: list[bytes]) -> str | None:
        return moment_of(fields[-1].decode("latin-1")) if fields else None

    def _timed(self, fields: list[bytes]) -> str | None:
        """Return the time of a record with four fields before it; tell of one that is none."""
        at = self._at(fields)
        if at is None and len(fields) > PANELS:
            self.note("TIME", self.line, "The time cannot be read; it is not used.")
        return at

    def _see_clock(self, at: str | None) -> None:
        """Note a clock that goes back from record to record; midnight without a day is none."""
        if at is None:
            return
        if self.clock is not None and at < self.clock:
            if goes_back(self.clock, at):
                told = f"The time goes back from {self.clock} to {at};"
                self.note("CLOCK_BACK", self.line, f"{told} the order of the records counts.")
            elif "T" not in at:
                self.midnights += 1
        elif self.clock is not None and "T" not in at and goes_back(self.clock, at):
            self.midnights -= 1
        self.clock = at

    def _background(self, fields: list[bytes]) -> None:
        counts = four_counts(fields)
        if counts is None:
            told = "Four counts of 0 or more belong here; the record is not used."
            self.note("COUNTS", self.line, told)
            return
        if self.first is not None and (self.gamma or self.neutron or self.gamma_parts):
            self.interrupted = "background"
        at = self._timed(fields)
        self._see_clock(at)
        day = at[:10] if at is not None and "T" in at else ""
        if not self.background_days or self.background_days[-1][0] != day:
            self.background_days.append((day, self.background_kept + len(self.background)))
        self.background.append(b"GB," + b",".join(b"%06d" % one for one in counts))
        if len(self.background) >= _AT_ONCE:
            self._flush_background()
        self.last_background, self.background_at = counts, at
        self.background_used = False
        self.fault_now = None

    def _neutron_background(self, code: str, fields: list[bytes]) -> None:
        if code == "NB":
            counts = four_counts(fields)
            if counts is None:
                self.note("COUNTS", self.line, "Four counts of 0 or more belong here.")
            elif not self.neutron_exact:
                self.neutron_cps = float(sum(counts))
            return
        try:
            found = [float(one) for one in fields[:PANELS]]
        except ValueError:
            found = []
        if len(found) != PANELS or not all(0 <= one < 1e9 for one in found):
            self.note("COUNTS", self.line, "Four rates of 0 or more belong here.")
            return
        self.neutron_cps, self.neutron_exact = sum(found), True

    def _fault(self, code: str, fields: list[bytes]) -> None:
        at = self._at(fields)
        told = f"The instrument recorded {FAULTS[code].lower().replace('_', ' ')}"
        when = "." if at is None else f" at {at}."
        if code == "TT":
            if self.tamper is None:
                self.tamper = (self.line, at)
        else:
            self.fault_now = FAULTS[code]
        if self.first is not None:
            self._of(FAULTS[code], self.line, f"{told} during the occupancy{when}")
        self.told[FAULTS[code]] += 1
        if self.told[FAULTS[code]] <= MOST_TOLD:
            self.faults.append(Problem(FAULTS[code], self.line, told + when))

    def _tamper_cleared(self, fields: list[bytes]) -> None:
        if self.tamper is None:
            told = "A tamper is cleared that the file does not begin with."
            self.note("TAMPER_CLEARED", self.line, told)
            return
        self.tampers.append((*self.tamper, self._at(fields)))
        self.tamper = None

    def _of(self, code: str, line: int, message: str) -> None:
        """Tell of something in the occupancy, once by code."""
        if not any(one.code == code for one in self.of_it):
            self.of_it.append(Problem(code, line, message))

    def _speed(self, fields: list[bytes]) -> None:
        try:
            seconds, kmh = float(fields[0]), float(fields[2])
            if not (0 <= seconds < 1e6 and 0 <= kmh < 1e6):
                raise ValueError
        except (ValueError, IndexError):
            self.note("SPEED", self.line, "The speed cannot be read.")
            return
        self.speeds.append(kmh)
        if seconds <= 0 or kmh > FASTEST_KMH:
            told = f"A speed above {FASTEST_KMH:g} km/h, or in no time, is not believed."
            self._of("SPEED_IMPLAUSIBLE", self.line, told)

    def _setup(self, code: str, fields: list[str]) -> None:
        self.setup, wrong = with_record(self.setup, code, fields)
        if wrong:
            names = ", ".join(one.replace("_", " ") for one in wrong)
            told = f"The setup record {code} cannot be read whole; not known: {names}."
            self.note("SETUP", self.line, told)
        self.setups.append((self.line, self.setup))
        if self.first is not None:
            self.interrupted = "setup"
        elif not (self.gamma or self.neutron):
            self.setup_then = self.setup

    def _begin(self, row: bytes) -> None:
        if self.interrupted is not None:
            told = "Its end was not recorded: the instrument began anew."
            self._of("END_MISSING", self.line, told)
            self._close(self.line - 1, None, None, complete=False)
        self.first, self.setup_then = self.line, self.setup
        self.start = self._timed(row.rstrip(b", \t").split(b",")[1:])
        self._see_clock(self.start)
        if self.midnights_to_first is None:
            self.midnights_to_first = self.midnights
        self.before = (self.last_background, self.background_at)
        if self.last_background is not None and self.background_used:
            told = "No background was recorded since the occupancy before; the older one is used."
            self._of("BACKGROUND_REUSED", self.line, told)
        self.background_used = True
        if self.fault_now is not None:
            what = self.fault_now.lower().replace("_", " ")
            told = f"The instrument had the background fault {what} when the occupancy began."
            self._of(self.fault_now, self.line, told)
        if self.tamper is not None:
            told = f"The tamper recorded in line {self.tamper[0]} was not cleared."
            self._of("TAMPER", self.line, told)

    def _end(self, fields: list[bytes]) -> None:
        at = self._timed(fields)
        if self.first is None:
            self.before = (self.last_background, self.background_at)
            self._of("NO_SCANS", self.line, "Its end is recorded, and no scan of it is there.")
        elif self.interrupted is not None:
            told = f"A {self.interrupted} record stands within the occupancy."
            self._of("INTERRUPTED", self.line, told)
        number = self._number(fields)
        self._see_clock(at)
        self._close(self.line, number, at, complete=True)

    def _number(self, fields: list[bytes]) -> int | None:
        number = None
        try:
            given = [one.strip() for one in fields[:2]]
            if not all(one.isdigit() and len(one) <= 9 for one in given[:1]):
                raise ValueError
            number = int(given[0])
            if not (given[1].isdigit() and len(given[1]) <= 9):
                raise ValueError
            self.neutron_cps, self.neutron_exact = int(given[1]) / 1000, True
        except (ValueError, IndexError):
            self._of("END", self.line, "The end of the occupancy cannot be read whole.")
        if number is not None:
            if self.number is not None and number <= self.number:
                told = f"The counter went from {self.number} to {number}: it started again."
                self._of("COUNTER_RESTART", self.line, told)
            elif self.number is not None and number > self.number + 1:
                told = f"The counter went from {self.number} to {number}: occupancies are missing."
                self._of("COUNTER_GAP", self.line, told)
            self.number = number
        return number

    def _flush(self) -> None:
        gamma, neutron = without_repeats(self.gamma), without_repeats(self.neutron)
        lost = len(self.gamma) + len(self.neutron) - len(gamma) - len(neutron)
        if lost:
            told = f"{lost} scan records stand there twice, with their times; they count once."
            self._of("LINE_REPEATED", self.first or self.line, told)
            self.note("LINE_REPEATED", self.first or self.line, told)
        self.gamma, self.neutron = gamma, neutron
        self.gamma_parts.append(scans_of(self.gamma, b"A"))
        self.neutron_parts.append(scans_of(self.neutron, b"A"))
        self.gamma, self.neutron = [], []

    def _flush_background(self) -> None:
        self.background_parts.append(scans_of(self.background, b"A").counts)
        self.background_kept += len(self.background)
        self.background = []

    def _close(self, line: int, number: int | None, at: str | None, *, complete: bool) -> None:
        last_row = self.last_row if self.first is not None else None
        self._flush()
        lost = sum(one.lost for one in (*self.gamma_parts, *self.neutron_parts))
        if lost:
            told = f"{lost} of its scan records are not four counts of 0 or more and are left out."
            self._of("COUNTS", self.first or line, told)
            self.note("COUNTS", self.first or line, told)
        if any(one.back for one in (*self.gamma_parts, *self.neutron_parts)):
            told = "The time goes back within the occupancy; the order of the records counts."
            self._of("CLOCK_BACK", self.first or line, told)
        last_at: str | None = None
        if last_row is not None:
            last_at = self._at(last_row.rstrip(b", \t").split(b","))
        if complete and self.start and at and goes_back(self.start, at):
            self._of("CLOCK_BACK", line, "It ends before it begins by the time stamps.")
        self.clock = at or last_at or self.clock
        gamma, gamma_flag = _joined(self.gamma_parts)
        if self.start and last_at and (uneven := uneven_times(self.start, last_at, len(gamma))):
            self._of("TIMES", self.first or line, uneven)
        neutron, neutron_flag = _joined(self.neutron_parts)
        background, background_at = self.before
        age = seconds_between(background_at, self.start) if background_at and self.start else None
        if age is not None and age < 0:
            told = "The background before it has a later time; its age is not known."
            self._of("CLOCK_BACK", self.first or line, told)
            age = None
        self.done.append(
            Occupancy(
                number=number,
                first_line=self.first or line,
                last_line=line,
                start=self.start,
                end=at or last_at,
                gamma=gamma,
                gamma_flag=gamma_flag,
                neutron=neutron,
                neutron_flag=neutron_flag,
                background=background,
                background_age_s=age,
                neutron_background_cps=self.neutron_cps,
                speeds_kmh=tuple(self.speeds),
                setup=self.setup_then,
                complete=complete,
                problems=self.of_it,
            )
        )
        self._forget()

    def finished(self, sha256: str) -> DailyFile:
        """Return what was read.

        Raises
        ------
        DailyFileError
            If no line was a record of a portal.
        """
        if self.first is not None:
            told = "The file ends within this occupancy; it is kept as far as it goes."
            self._of("INCOMPLETE", self.first, told)
            self._close(self.line, None, None, complete=False)
            self.note("INCOMPLETE", self.line, "The file ends within an occupancy.")
        records = {k.decode("latin-1"): n for k, n in self.records.items()}
        if not KNOWN & set(records):
            told = "No line is a record of a plastic radiation portal monitor."
            raise DailyFileError([Problem("NO_RECORDS", 1, told)])
        if self.tamper is not None:
            self.tampers.append((*self.tamper, None))
        self._late_setup()
        self._tell_repeated()
        self._flush_background()
        for code, count in self.told.items():
            if count > MOST_TOLD:
                told = f"{count - MOST_TOLD} more of {code} are not listed."
                self.problems.append(Problem("NOT_LISTED", self.line, told))
        return DailyFile(
            tuple(self.done),
            np.concatenate(self.background_parts),
            tuple(self.background_days),
            dict(sorted(records.items())),
            tuple(self.faults),
            tuple(self.tampers),
            tuple(self.problems),
            self.setup,
            sha256,
            self.midnights_to_first or 0,
        )

    def _tell_repeated(self) -> None:
        """Tell of occupancies that stand in the file again, with start, counter and counts."""
        seen: dict[tuple[str, int | None, bytes], int] = {}
        for one in self.done:
            if one.start is None or not len(one.gamma):
                continue
            key = (one.start, one.number, one.gamma.tobytes())
            before = seen.setdefault(key, one.first_line)
            if before != one.first_line:
                told = f"The same occupancy stands from line {before} on; both are listed."
                one.problems.append(Problem("OCCUPANCY_REPEATED", one.first_line, told))

    def _late_setup(self) -> None:
        """Give occupancies that stand before the first setup that setup, and say so."""
        block: Setup | None = None
        last = 0
        for line, one in self.setups:
            if block is not None and block.n_sigma is not None and line > last + 2:
                break
            block, last = one, line
        if block is None or block.n_sigma is None:
            return
        for occupancy in self.done:
            if occupancy.setup.n_sigma is None and occupancy.first_line < last:
                occupancy.setup = block
                told = "The setup stands after this occupancy in the file and is taken for it."
                occupancy.problems.append(Problem("SETUP_LATER", occupancy.first_line, told))


def _joined(parts: list[Scans]) -> tuple[np.ndarray, np.ndarray]:
    if len(parts) == 1:
        return parts[0].counts, parts[0].flagged
    return np.concatenate([p.counts for p in parts]), np.concatenate([p.flagged for p in parts])
