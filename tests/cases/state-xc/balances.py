"""Keeps the books of one area of State XC while its reports are written.

Nothing of keiryo is used here. Weights are decimals by report label, in the unit of the label. An
area may round its reports to whole units (half away from zero); its own books are not rounded.
Sums, signs and rounding adjustments follow Code 10, label 411.
"""

from __future__ import annotations

import calendar
import sys
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import making as m

Weights = dict[str, Decimal]
ELEMENT = m.LABELS
FISSILE = ("640", "660", "670")
BALANCED = (*ELEMENT.values(), *FISSILE)
ORDER = ("PB", *m.ADD, *m.CHANGES, *m.TAKE, "BE", "DI", "BA", "PE", "MF")


def read(content: str) -> Weights:
    """Return e.g. ``"630:500.4 670:22.5"`` as weights by label."""
    return {k: Decimal(v) for k, v in (part.split(":") for part in content.split())}


def shown(weights: Mapping[str, Decimal]) -> str:
    """Return weights as they stand in a report."""
    return " ".join(f"{label}:{m.plain(value)}" for label, value in sorted(weights.items()))


def whole(weights: Mapping[str, Decimal]) -> Weights:
    """Round each weight to a whole unit, half away from zero."""
    return {k: v.quantize(Decimal(1), ROUND_HALF_UP) for k, v in weights.items()}


def plus(left: Mapping[str, Decimal], right: Mapping[str, Decimal], sign: int = 1) -> Weights:
    """Return the sum or difference, label by label."""
    result = dict(left)
    for label, value in right.items():
        result[label] = result.get(label, Decimal(0)) + sign * value
    return result


def signed(code: str, weights: Mapping[str, Decimal]) -> Weights:
    """Return what a change does to the book."""
    if code in m.ADD:
        return dict(weights)
    if code in m.TAKE:
        return {label: -value for label, value in weights.items()}
    if code not in m.CHANGES:
        return {}
    old = ELEMENT[code[0]]
    gone = {old, *(FISSILE if old == "630" else ())}
    return {label: -value if label in gone else value for label, value in weights.items()}


def month(text: str) -> str:
    """Return the period of a month, ``202308`` as ``20230801/20230831``."""
    last = calendar.monthrange(int(text[:4]), int(text[4:]))[1]
    return f"{text}01/{text}{last}"


class Area:
    """An area, its reports so far, and its effective entries."""

    def __init__(
        self, place: str, last: int, opening: list[m.Entry], *, kind: str, rounds: bool = False
    ) -> None:
        self.place, self.kind, self.rounds = place, kind, rounds
        self.country, self.facility, self.mba = place.split("/")
        self.last = self.number = last
        self.opening = opening
        self.texts: list[str] = []
        self.effective: dict[str, tuple[str, str, Weights, Weights]] = {}
        exact = self._sum(read(content) for *_, content in opening)
        self.exact_opening = exact
        self.reported_opening = self.given(exact)
        self.first_ending = self.reported_opening
        self.lines: dict[str, dict[str, Weights]] = {}
        self.sent: dict[str, tuple[int, list[tuple[str, Weights]]]] = {}
        self.starts: dict[str, tuple[Weights, Weights]] = {}
        self.endings: dict[str, tuple[Weights, Weights]] = {}

    @staticmethod
    def _sum(many: Iterable[Mapping[str, Decimal]]) -> Weights:
        total: Weights = {}
        for weights in many:
            total = plus(total, {k: v for k, v in weights.items() if k in BALANCED})
        return total

    def given(self, weights: Weights) -> Weights:
        """Return weights as this area reports them."""
        return whole(weights) if self.rounds else dict(weights)

    def changes(
        self,
        day: str,
        period: str,
        *rows: tuple[str, str, str, str, dict[str, object]],
        notes: Iterable[tuple[int, str]] = (),
    ) -> int:
        """Write an inventory change report; a row is code, date, batch, weights, more."""
        self.number += 1
        entries, notes = [], list(notes)
        noted = {entry for entry, _ in notes}
        for position, (code, date, batch, content, more) in enumerate(rows, start=1):
            key, more = f"{self.number}/{position}", dict(more)
            status = str(more.get("status", "N"))
            reference = status.partition(";")[2]
            if status[0] == "D":
                del self.effective[reference]
                entries.append(m.deleted(status[2:]))
                continue
            weights = read(content)
            reported = weights if more.pop("as_shipped", False) else self.given(weights)
            if status[0] == "C":
                del self.effective[reference]
            self.effective[reference if status[0] == "A" else key] = (code, date, weights, reported)
            more["note"] = position in noted
            entries.append(m.change(code, date, batch, shown(reported), **more))
        self.texts.append(
            m.report(self.place, self.number, "I", day, month(period), entries, notes)
        )
        return self.number

    def closing(
        self, day: str, period: str, listing: list[tuple[object, ...]], *, with_book: bool = True
    ) -> None:
        """Write the balance report and the listing of a period.

        A row of the listing is KMP, description, batch, basis, items and weights; a last value
        says that the weights are repeated as they were reported and not rounded again.
        """
        exact = self._sum(read(str(row[5])) for row in listing)
        entries, reported = [], []
        for kmp, mdc, batch, basis, items, content, *repeated in listing:
            weights = read(str(content)) if repeated else self.given(read(str(content)))
            reported.append(weights)
            options = {"kmp": kmp, "mdc": mdc, "basis": basis, "items": items}
            entries.append(m.listed(str(batch), shown(weights), **options))
        self.starts[period] = (self.exact_opening, self.reported_opening)
        self.endings[period] = (exact, self._sum(reported))
        lines = self.balance(period)
        rows = [(c, lines[c]) for c in self.order(lines) if with_book or c not in ("BE", "RABE")]
        self.number += 1
        self.sent[period] = (self.number, rows)
        body = [m.line(code, shown(weights)) for code, weights in rows]
        self.texts.append(m.report(self.place, self.number, "M", day, period, body))
        self.number += 1
        end = period.partition("/")[2]
        self.texts.append(m.report(self.place, self.number, "P", day, end, entries))
        self.exact_opening, self.reported_opening = exact, lines["PE"]

    def balance(self, period: str) -> dict[str, Weights]:
        """Return the lines of a balance from the effective entries."""
        start, _, end = period.partition("/")
        exact_opening, reported_opening = self.starts[period]
        exact_ending, listed = self.endings[period]
        inside = [row for row in self.effective.values() if start <= row[1] <= end]
        lines: dict[str, Weights] = {"PB": reported_opening}
        book, reported_book = exact_opening, reported_opening
        for code in sorted({row[0] for row in inside} - {"RM", "RP"}):
            exact = self._sum(row[2] for row in inside if row[0] == code)
            lines[code] = self.given(exact)
            self.adjust(lines, code, self._sum(row[3] for row in inside if row[0] == code))
            book = plus(book, signed(code, exact))
            reported_book = plus(reported_book, signed(code, lines[code]))
        differences = self._sum(row[2] for row in inside if row[0] == "DI")
        adjusted = plus(book, differences, -1)
        lines["BE"], lines["BA"] = self.given(book), self.given(adjusted)
        zero = {label: Decimal(0) for label in adjusted}
        lines["PE"] = plus(zero, self.given(exact_ending))
        lines["MF"] = self.given(plus(adjusted, exact_ending, -1))
        self.adjust(lines, "PE", listed)
        self.adjust(lines, "BE", reported_book)
        self.adjust(lines, "BA", plus(reported_book, lines.get("DI", {}), -1))
        self.adjust(lines, "MF", plus(lines["BA"], lines["PE"], -1))
        return lines

    @staticmethod
    def adjust(lines: dict[str, Weights], code: str, wanted: Weights) -> None:
        """Add the rounding adjustment of a line, where there is one."""
        difference = {k: v for k, v in plus(wanted, lines[code], -1).items() if v}
        if difference:
            lines[f"RA{code}"] = difference

    @staticmethod
    def order(lines: Mapping[str, Weights]) -> list[str]:
        return [c for c in ORDER if c in lines] + sorted(c for c in lines if c[:2] == "RA")

    def correct_balance(self, day: str, period: str, note: str) -> None:
        """Write a report that corrects the lines of a balance sent before."""
        number, old_rows = self.sent[period]
        old, new = dict(old_rows), self.balance(period)
        place = {code: n for n, (code, _) in enumerate(old_rows, start=1)}
        entries, added = [], len(old)
        for code in [*place, *(c for c in self.order(new) if c not in place)]:
            reference = f"{self.country};{number}"
            if code not in new:
                entries.append(m.deleted(f"{reference}/{place[code]}"))
            elif code not in old:
                added += 1
                status = f"A/{reference}/{added}"
                entries.append(m.line(code, shown(new[code]), status=status))
            elif new[code] != old[code]:
                status = f"C/{reference}/{place[code]}"
                entries.append(m.line(code, shown(new[code]), status=status))
        entries[0].append(("390", "Y"))
        self.number += 1
        text = m.report(self.place, self.number, "M", day, period, entries, [(1, note)])
        self.texts.append(text)

    def empty(self, day: str, period: str) -> None:
        """Write the balance report and listing of an area without material."""
        for kind, of in (("M", period), ("P", period.partition("/")[2])):
            self.number += 1
            self.texts.append(m.report(self.place, self.number, kind, day, of, [m.EMPTY]))

    def context(self) -> dict[str, object]:
        """Return what came before the reports."""
        batches = []
        for kmp, mdc, batch, items, content in self.opening:
            weights = {k: m.plain(v) for k, v in self.given(read(content)).items()}
            batches.append({"kmp": kmp, "mdc": mdc, "batch": batch, "basis": "T", "items": items,
                            "weights": weights})  # fmt: skip
        ending: dict[str, dict[str, str]] = {}
        for letter, label in ELEMENT.items():
            if label in self.first_ending:
                ending[letter] = {"element": m.plain(self.first_ending[label])}
                for fissile in FISSILE if letter in "EU" else ():
                    if fissile in self.first_ending:
                        ending[letter]["fissile"] = m.plain(self.first_ending[fissile])
        return {
            "facility": self.facility, "type": self.kind, "batch_follow_up": self.kind != "bulk",
            "last_report_no": self.last, "earlier_reports_entry_count": {},
            "previous_physical_inventory": batches, "previous_PE": ending,
        }  # fmt: skip
