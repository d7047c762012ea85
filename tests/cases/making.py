"""Writes the files of a case: report texts, context, and what must come out.

Nothing of keiryo is used here. Weights are decimal texts in the unit of the report, grams for
enriched uranium (E), unified uranium (U) and plutonium (P), kilograms for natural (N) and depleted
uranium (D) and thorium (T); a pair is element and fissile weight. The arithmetic follows Code 10,
label 411, by exact decimals. Each case has a ``make.py`` that calls this; running it writes the
files of the case anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

LABELS = {"N": "610", "D": "620", "E": "630", "U": "600", "P": "700", "T": "800"}
KILOGRAMS = ("610", "620", "800")
ADD = ("RF", "RD", "RS", "RN", "NP", "DU", "DQ", "FW", "GA")
TAKE = ("SF", "SD", "SN", "LN", "LD", "TW", "EU", "EQ", "TU", "LA")
CHANGES = ("EN", "ED", "NE", "ND", "DE", "DN")

Pair = tuple[Decimal, Decimal | None]
Sums = dict[str, Pair]
Entry = list[tuple[str, str]]


def weights(text: str) -> Entry:
    """Return the data elements of e.g. ``"630:500 670:22.5"``, with their unit letters."""
    pairs = (part.split(":") for part in text.split())
    return [(label, value + ("K" if label in KILOGRAMS else "G")) for label, value in pairs]


def change(
    code: str,
    day: str,
    batch: str,
    content: str,
    *,
    kmp: str = "1",
    mdc: str = "F/R/N/C",
    basis: str = "M",
    items: int = 0,
    status: str = "N",
    shipper: str = "",
    receiver: str = "",
    shipper_batch: str = "",
    note: bool = False,
) -> Entry:
    """Return an entry of an inventory change report."""
    entry = [
        ("309", status), ("370", shipper), ("372", receiver), ("390", "Y" if note else ""),
        ("407", kmp), ("411", code), ("412", day), ("430", mdc), ("446", batch),
        ("447", shipper_batch), ("469", basis), ("470", str(items)),
    ]  # fmt: skip
    return [(label, text) for label, text in entry if text] + weights(content)


def listed(
    batch: str,
    content: str,
    *,
    kmp: str = "A",
    mdc: str = "F/R/N/C",
    basis: str = "M",
    items: int = 0,
    status: str = "N",
) -> Entry:
    """Return an entry of a physical inventory listing."""
    entry = [("309", status), ("407", kmp), ("430", mdc), ("446", batch), ("469", basis)]
    return [*entry, ("470", str(items)), *weights(content)]


def line(code: str, content: str, *, status: str = "N") -> Entry:
    """Return a line of a material balance report."""
    return [("309", status), ("411", code), *weights(content)]


def deleted(reference: str) -> Entry:
    """Return an entry that deletes another."""
    return [("309", f"D/{reference}")]


EMPTY: Entry = [("309", "U")]


def report(
    area: str,
    number: int,
    kind: str,
    date: str,
    period: str,
    entries: Iterable[Entry],
    notes: Iterable[tuple[int, str]] = (),
) -> str:
    """Return the text of a report; `area` is State/facility/MBA, a note names its entry."""
    state, facility, mba = area.split("/")
    place = [("207", facility), ("307", mba)]
    rows, entries, notes = [], list(entries), list(notes)
    for count, entry in enumerate(entries, start=1):
        total = f"/{len(entries)}" if count == 1 else ""
        head = [("001", f"OI/{state};{number}"), ("002", f"{count}{total}"), ("003", date)]
        head += [("006", "MAKER,C."), ("010", kind), ("015", period), *place]
        rows.append([*head, *sorted(entry, key=lambda element: element[0])])
    for count, (of_entry, text) in enumerate(notes, start=1):
        total = f"/{len(notes)}" if count == 1 else ""
        head = [("001", f"NC/{state};{number}"), ("002", f"{count}{total}"), ("003", date)]
        rows.append([*head, ("099", f"E/{of_entry}"), *place, ("391", text)])
    return "".join("".join(f"{k}:{v}#" for k, v in row) + "\n" for row in rows)


def pairs(content: str) -> Sums:
    """Return e.g. ``"E 500 22.5; N 3"`` as element and fissile weight by category."""
    sums: Sums = {}
    for part in filter(None, (part.strip() for part in content.split(";"))):
        letter, element, *fissile = part.split()
        sums[letter] = (Decimal(element), Decimal(fissile[0]) if fissile else None)
    return sums


def plus(left: Sums, right: Sums, sign: int = 1) -> Sums:
    """Return the sum (or difference) of two; a fissile weight is known if both are."""
    result = dict(left)
    for letter, (element, fissile) in right.items():
        known, of_it = result.get(letter, (Decimal(0), Decimal(0)))
        both = None if fissile is None or of_it is None else of_it + sign * fissile
        result[letter] = (known + sign * element, both)
    return result


def added(contents: Iterable[str]) -> Sums:
    """Return the sum of several contents."""
    total: Sums = {}
    for content in contents:
        total = plus(total, pairs(content))
    return total


def rounded(sums: Sums) -> Sums:
    """Round to whole units, half away from zero."""
    whole = Decimal(1)
    return {
        letter: (
            element.quantize(whole, ROUND_HALF_UP),
            None if fissile is None else fissile.quantize(whole, ROUND_HALF_UP),
        )
        for letter, (element, fissile) in sums.items()
    }


def book(lines: Mapping[str, Sums]) -> Sums:
    """Return PB with all changes (BE)."""
    result = dict(lines["PB"])
    for code, sums in lines.items():
        for letter, pair in sums.items():
            sign = (code in ADD) - (code in TAKE)
            if code in CHANGES:
                sign = -1 if code[0] == letter else 1
            if sign:
                result = plus(result, {letter: pair}, sign)
    return result


def balanced(lines: dict[str, Sums]) -> dict[str, Sums]:
    """Return the lines with BE, BA and, if there is a PE, MF; zeros where nothing is."""
    letters = {letter for sums in lines.values() for letter in sums}
    result = {code: dict(sums) for code, sums in lines.items()}
    for code in ("PB", "PE") if "PE" in lines else ("PB",):
        for letter in letters:
            result[code].setdefault(letter, (Decimal(0), Decimal(0)))
    result["BE"] = book(result)
    result["BA"] = plus(result["BE"], result.get("DI", {}), -1)
    if "PE" in lines:
        result["MF"] = plus(result["BA"], result["PE"], -1)
    return result


def rounded_balance(terms: Mapping[str, list[str]], opening: Sums) -> dict[str, Sums]:
    """Return a rounded balance with its adjustments.

    `terms` are the unrounded weights of every entry or batch by code, PB and PE among them;
    `opening` is the beginning inventory as reported.
    """
    exact = balanced({code: added(contents) for code, contents in terms.items()})
    result = {code: rounded(sums) for code, sums in exact.items()}
    result["PB"] = opening
    for code, contents in terms.items():
        if code != "PB":
            reported: Sums = {}
            for content in contents:
                reported = plus(reported, rounded(pairs(content)))
            _adjust(result, code, reported)
    ending = book(result)
    _adjust(result, "BE", ending)
    _adjust(result, "BA", plus(ending, result.get("DI", {}), -1))
    _adjust(result, "MF", plus(result["BA"], result["PE"], -1))
    return result


def _adjust(lines: dict[str, Sums], code: str, wanted: Sums) -> None:
    difference = plus(wanted, lines[code], -1)
    moved = {letter: pair for letter, pair in difference.items() if any(pair)}
    if moved:
        lines[f"RA{code}"] = moved


def labelled(sums: Sums) -> str:
    """Return a balance line as report labels, U-235 as fissile weight."""
    parts = []
    for letter, (element, fissile) in sums.items():
        parts.append(f"{LABELS[letter]}:{plain(element)}")
        if fissile is not None and letter in "EU":
            parts.append(f"670:{plain(fissile)}")
    return " ".join(parts)


def plain(value: Decimal) -> str:
    """Return a number without idle zeros, and without a minus sign on zero."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def shown(lines: Mapping[str, Sums]) -> dict[str, dict[str, dict[str, str]]]:
    """Return balance lines as plain data; of N, D, P and T only the element weight."""
    return {code: shown_sums(sums) for code, sums in lines.items()}


def shown_sums(sums: Sums) -> dict[str, dict[str, str]]:
    """Return weights by category as plain data."""
    result = {}
    for letter, (element, fissile) in sums.items():
        result[letter] = {"element": plain(element)}
        if letter in "EU" and fissile is not None:
            result[letter]["fissile"] = plain(fissile)
    return result


def write(
    folder: Path, reports: Mapping[str, str], context: object, expected: Mapping[str, object]
) -> None:
    """Write the files of a case."""
    for name, text in reports.items():
        (folder / name).write_text(text, encoding="ascii", newline="\n")
    for name, data in (("context.json", context), ("expected.json", expected)):
        (folder / name).write_text(json.dumps(data, indent=1) + "\n", encoding="ascii")
