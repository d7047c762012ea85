"""What can go wrong in the reports of State XC, one mistake at a time.

A mistake changes a few data elements of the right set beside this folder (``../state-xc``) and
names the findings that a careful reader would expect: rule, severity, area, report, entry. What
follows from a mistake elsewhere in the set is listed with it. The findings of the right set itself
(corrections, one shipment under way) are not repeated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SET = Path(__file__).parents[1] / "state-xc"
Expected = tuple[str, str, str | None, str | None, int | None]


@dataclass
class Record:
    """One record: its data elements in order, and the file that it stands in."""

    file: str
    elements: list[tuple[str, str]]

    def __getitem__(self, label: str) -> str:
        return next((value for known, value in self.elements if known == label), "")

    @property
    def kind(self) -> str:
        return self["001"][:2]

    @property
    def report(self) -> int:
        return int(self["001"].partition(";")[2])

    @property
    def number(self) -> int:
        return int(self["002"].partition("/")[0])


@dataclass
class ReportSet:
    """The reports and their context, ready to be spoilt."""

    records: list[Record]
    context: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls) -> ReportSet:
        records = []
        for file in sorted(SET.glob("*.txt")):
            for text in re.split(r"(?=001:)", file.read_text(encoding="ascii")):
                elements = re.findall(r"(\d{3}):([^#]*)#", text)
                if elements:
                    records.append(Record(file.name, elements))
        return cls(records, json.loads((SET / "context.json").read_text()))

    def files(self) -> list[tuple[str, bytes]]:
        """Return the names and contents of the files."""
        texts: dict[str, str] = {}
        for record in self.records:
            line = "".join(f"{label}:{value}#" for label, value in record.elements)
            texts[record.file] = texts.get(record.file, "") + line + "\n"
        return [(name, text.encode()) for name, text in texts.items()]

    def all(self, mba: str, report: int, kind: str = "OI") -> list[Record]:
        """Return the records of a report."""
        return [r for r in self.records
                if (r["307"], r.report, r.kind) == (mba, report, kind)]  # fmt: skip

    def one(self, mba: str, report: int, number: int, kind: str = "OI") -> Record:
        """Return an entry, or the record of a note (`kind` NC)."""
        return next(r for r in self.all(mba, report, kind) if r.number == number)

    def put(
        self, mba: str, report: int, number: int, label: str, value: str, kind: str = "OI"
    ) -> None:
        """Replace the content of a data element, or add the element."""
        record = self.one(mba, report, number, kind)
        if record[label]:
            record.elements = [(k, value if k == label else v) for k, v in record.elements]
        else:
            record.elements.append((label, value))

    def drop(self, mba: str, report: int, number: int, label: str) -> None:
        """Leave a data element out."""
        record = self.one(mba, report, number)
        record.elements = [(k, v) for k, v in record.elements if k != label]

    def put_all(self, mba: str, report: int, label: str, value: str) -> None:
        """Replace a data element in every record of a report, notes included."""
        for kind in ("OI", "NC"):
            for record in self.all(mba, report, kind):
                if record[label]:
                    record.elements = [(k, value if k == label else v) for k, v in record.elements]

    def renumber(self, mba: str, old: int, new: int) -> None:
        """Give a report another number."""
        for kind in ("OI", "NC"):
            self.put_all_numbers(self.all(mba, old, kind), new)

    @staticmethod
    def put_all_numbers(records: list[Record], new: int) -> None:
        for record in records:
            kind, _, rest = record["001"].partition("/")
            text = f"{kind}/{rest.partition(';')[0]};{new}"
            record.elements = [(k, text if k == "001" else v) for k, v in record.elements]

    def append(self, mba: str, report: int, elements: dict[str, str], like: int = 1) -> None:
        """Add an entry at the end of a report, with the header of another one."""
        records = self.all(mba, report)
        count = len(records)
        header = [(k, v) for k, v in records[like - 1].elements if k in
                  ("001", "003", "006", "010", "015", "207", "307")]  # fmt: skip
        entry = [header[0], ("002", str(count + 1)), *header[1:], *elements.items()]
        place = self.records.index(records[-1]) + 1
        self.records.insert(place, Record(records[-1].file, entry))
        self.put(mba, report, 1, "002", f"1/{count + 1}")

    def remove(self, mba: str, report: int, kind: str = "OI") -> None:
        """Leave out a report, or only its notes (`kind` NC)."""
        gone = [id(record) for record in self.all(mba, report, kind)]
        self.records = [record for record in self.records if id(record) not in gone]


@dataclass(frozen=True)
class Mistake:
    """One mistake and what must be found; `silent` are findings of the right set that go away."""

    name: str
    spoil: Callable[[ReportSet], None]
    expected: list[Expected]
    silent: tuple[Expected, ...] = ()


MISTAKES: list[Mistake] = []


def mistake(
    *expected: Expected, silent: tuple[Expected, ...] = ()
) -> Callable[[Callable[[ReportSet], None]], Callable[[ReportSet], None]]:
    """Register a function that spoils a set."""

    def register(spoil: Callable[[ReportSet], None]) -> Callable[[ReportSet], None]:
        name = spoil.__name__.replace("_", "-")
        MISTAKES.append(Mistake(name, spoil, list(expected), silent))
        return spoil

    return register
