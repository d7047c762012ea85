"""A planned balance in a TOML file: its strata and the methods that measure them.

    [[method]]
    id = "LC"                       # load cell
    random_sd = 0.0005              # relative, one sigma
    systematic_sd = 0.0005
    # random_sd_kg, systematic_sd_kg: absolute parts

    [[stratum]]
    name = "UF6 receipts"
    sign = 1                        # +1: beginning inventory, increase; -1: decrease, ending
    items = 10
    [[stratum.factor]]
    value = 2250                    # kg, one value for all items or a list
    steps = [{ method = "LC" }]     # each item by itself
    [[stratum.factor]]
    value = 0.676
    steps = [{ method = "GR", batches = 10, replicates = 1 }]

A method of one name is one source in all strata: that is where errors cancel.
"""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Any

from keiryo.errors import Finding, RefusedError, Severity, UsageError
from keiryo.material_balance.strata import (
    ClosedBalance,
    MeasuredFactor,
    Method,
    Step,
    Stratum,
    closed_balance,
)

_METHOD = {
    "random_sd": "random_sd",
    "systematic_sd": "systematic_sd",
    "random_sd_kg": "random_additive_kg",
    "systematic_sd_kg": "systematic_additive_kg",
}
_MAX_BYTES = 16 * 1024 * 1024
_MAX_ITEMS = 1_000_000


class _Reader:
    """Reads one file and gathers everything that is wrong with it."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []
        self.methods: dict[str, Method] = {}

    def wrong(self, place: str, message: str, advice: str) -> None:
        self.findings.append(
            Finding("PLAN-FORM", Severity.FORMAT, f"{place}: {message}", advice, file=self.file)
        )

    def number(self, place: str, value: Any, *, least: float = 0.0) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.wrong(place, f"{value!r} is not a number", "Write a number without a unit.")
            return math.nan
        if not math.isfinite(value) or value < least:
            self.wrong(
                place, f"{value} is not possible", f"Write a finite number of at least {least:g}."
            )
            return math.nan
        return float(value)

    def keys(self, place: str, table: dict[str, Any], known: set[str]) -> None:
        for key in sorted(set(table) - known):
            self.wrong(place, f"{key!r} is not known", f"Known are {', '.join(sorted(known))}.")

    def method(self, number: int, table: dict[str, Any]) -> None:
        place = f"method {number}"
        name = table.get("id")
        if not isinstance(name, str) or not name:
            self.wrong(place, "it has no id", 'Give it one: id = "LC".')
            return
        if name in self.methods:
            self.wrong(f"method {name}", "it is there twice", "Keep one of them.")
            return
        self.keys(f"method {name}", table, {"id", "name", *_METHOD})
        values = {
            ours: self.number(f"method {name}, {theirs}", table[theirs])
            for theirs, ours in _METHOD.items()
            if theirs in table
        }
        if not values:
            self.wrong(
                f"method {name}", "it has no standard deviation",
                "Give random_sd and systematic_sd; write 0 where there is none.",
            )  # fmt: skip
        self.methods[name] = Method(name, **values)

    def step(self, place: str, table: Any, items: int) -> Step | None:
        if not isinstance(table, dict) or not isinstance(table.get("method"), str):
            self.wrong(place, "a step names no method", 'Write { method = "LC" }.')
            return None
        self.keys(place, table, {"method", "batches", "replicates"})
        name = table["method"]
        if name not in self.methods:
            self.wrong(place, f"method {name!r} is not described", "Add it as [[method]].")
            return None
        batches, replicates = table.get("batches"), table.get("replicates", 1)
        if batches is not None and not (type(batches) is int and 1 <= batches <= items):
            self.wrong(
                place, f"batches = {batches!r} is not possible for {items} items",
                "Give a whole number from 1 to the number of items; leave it out if each item "
                "has its own result.",
            )  # fmt: skip
            return None
        if type(replicates) is not int or replicates < 1:
            self.wrong(place, f"replicates = {replicates!r}", "Give a whole number from 1.")
            return None
        return Step(self.methods[name], batches, replicates)

    def factor(self, place: str, table: Any, items: int) -> MeasuredFactor | None:
        if not isinstance(table, dict) or "value" not in table:
            self.wrong(place, "it has no value", "Give the weight or fraction: value = 2250.")
            return None
        self.keys(place, table, {"value", "steps", "name"})
        given = table["value"]
        listed = given if isinstance(given, list) else [given]
        values = [self.number(f"{place}, value", value) for value in listed]
        if isinstance(given, list) and len(given) != items:
            self.wrong(place, f"{len(given)} values for {items} items", "Give one for each item.")
        steps = table.get("steps", [])
        if not isinstance(steps, list):
            self.wrong(place, "steps is no list", 'Write steps = [{ method = "LC" }].')
            steps = []
        read = [self.step(f"{place}, step {n}", s, items) for n, s in enumerate(steps, 1)]
        known = tuple(step for step in read if step is not None)
        return MeasuredFactor(values if isinstance(given, list) else values[0], known)

    def stratum(self, number: int, table: dict[str, Any]) -> Stratum | None:
        name = table.get("name")
        place = f"stratum {name or number}"
        self.keys(place, table, {"name", "sign", "items", "factor"})
        if not isinstance(name, str) or not name:
            self.wrong(place, "it has no name", 'Give it one: name = "UF6 receipts".')
        sign = {"+": 1, "-": -1}.get(str(table.get("sign")), table.get("sign"))
        if sign not in (1, -1):
            self.wrong(
                place, f"sign is {table.get('sign')!r}",
                "Write 1 for beginning inventory and increases, -1 for decreases and ending.",
            )  # fmt: skip
        items = table.get("items", 1)
        if type(items) is not int or not 1 <= items <= _MAX_ITEMS:
            self.wrong(place, f"items = {items!r}", f"Give a whole number from 1 to {_MAX_ITEMS}.")
            return None
        factors = table.get("factor", [])
        if not isinstance(factors, list) or not factors:
            self.wrong(place, "it has no factor", "Add [[stratum.factor]] with the weight.")
            return None
        read = [self.factor(f"{place}, factor {n}", f, items) for n, f in enumerate(factors, 1)]
        if any(f is None for f in read) or sign not in (1, -1):
            return None
        return Stratum(str(name), int(sign), items, tuple(f for f in read if f is not None))


def read_plan(path: str | Path) -> ClosedBalance:
    """Return the planned balance of a TOML file.

    Raises
    ------
    UsageError
        If the file cannot be read.
    RefusedError
        If something in it is wrong; all of it is listed.
    """
    place = Path(path)
    try:
        if place.stat().st_size > _MAX_BYTES:
            raise UsageError(f"{place} is larger than a plan can be", "Give a file of strata.")
        content = tomllib.loads(place.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{place} cannot be read: {error.strerror}", "Check the path.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{place} is no TOML file: {error}", "Correct the line.") from error
    reader = _Reader(str(place))
    reader.keys("the file", content, {"method", "stratum", "title"})
    for number, table in enumerate(_tables(reader, content, "method"), 1):
        reader.method(number, table)
    strata = [
        reader.stratum(number, table)
        for number, table in enumerate(_tables(reader, content, "stratum"), 1)
    ]
    if not strata:
        reader.wrong("the file", "it has no stratum", "Add [[stratum]] tables.")
    if reader.findings:
        raise RefusedError(f"{place} cannot be used", reader.findings, "Correct it and try again.")
    return closed_balance(stratum for stratum in strata if stratum is not None)


def _tables(reader: _Reader, content: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = content.get(name, [])
    if not isinstance(found, list) or not all(isinstance(table, dict) for table in found):
        reader.wrong(name, "it is no list of tables", f"Write [[{name}]] with double brackets.")
        return []
    return found
