"""Reading a mapping file: every mistake in it is a finding, all of them at once."""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Iterable
from fractions import Fraction
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

from keiryo.errors import Finding, Severity
from keiryo.movements.mapping import (
    FRACTION_DECIMALS,
    OUTSIDE,
    WEIGHT_DECIMALS,
    Area,
    Element,
    Flow,
    ItemKind,
    Mapping,
    Material,
    Process,
    Store,
    TimeRule,
)

MOVEMENT_COLUMNS = ("time", "facility", "area", "direction", "item", "form", "weight", "material")
INVENTORY_COLUMNS = ("time", "facility", "area", "form", "material", "items", "weight")
BULK_COLUMNS = ("time", "facility", "store", "quantity", "received", "issued")
CODE = re.compile(r"[A-Z0-9-]{4}")
CATEGORIES = ("N", "D", "E", "U", "auto")
NUCLIDE_PARTS = ("U", "U-235", "U-233", "Pu", "Th")
FROM_OUTSIDE = ("RS", "RF", "RN", "GA", "FW", "DU", "DQ")
TO_OUTSIDE = ("SF", "SN", "LD", "TW", "TU", "LA", "EU", "EQ")
_KNOWN = {
    "format", "name", "notes", "begins_empty", "closing", "file", "columns", "constants", "time",
    "directions", "element", "area", "material", "item", "flow", "process", "inventory", "bulk",
}  # fmt: skip


class _Reader:
    """Takes values out of the parsed file and collects what is wrong with them."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []

    def wrong(self, message: str, advice: str = "") -> None:
        self.findings.append(
            Finding("MAPPING", Severity.FORMAT, message, advice or "Correct the mapping.",
                    file=self.file)
        )  # fmt: skip

    def table(self, data: dict[str, Any], name: str) -> dict[str, Any]:
        value = data.get(name, {})
        if isinstance(value, dict):
            return value
        self.wrong(f"[{name}] must be a table")
        return {}

    def tables(self, data: dict[str, Any], name: str) -> list[dict[str, Any]]:
        value = data.get(name, [])
        if isinstance(value, list) and all(isinstance(v, dict) for v in value):
            return value
        self.wrong(f"[[{name}]] must be a list of tables")
        return []

    def text(self, data: dict[str, Any], name: str, where: str, default: str | None = None) -> str:
        value = data.get(name, default)
        if isinstance(value, str):
            return value
        words = "is missing" if value is None else f"must be text, not {value!r}"
        self.wrong(f"{where}: '{name}' {words}")
        return ""

    def optional(self, data: dict[str, Any], name: str, where: str) -> str | None:
        return self.text(data, name, where) if name in data else None

    def texts(self, data: dict[str, Any], name: str, where: str) -> tuple[str, ...]:
        value = data.get(name, [])
        if isinstance(value, list) and all(isinstance(v, str) for v in value):
            return tuple(value)
        self.wrong(f"{where}: '{name}' must be a list of texts")
        return ()

    def number(self, data: dict[str, Any], name: str, where: str, default: int) -> int:
        value = data.get(name, default)
        if type(value) is int and value >= 0:
            return value
        self.wrong(f"{where}: '{name}' must be a whole number, not {value!r}")
        return default

    def flag(self, data: dict[str, Any], name: str, where: str, default: bool) -> bool:
        value = data.get(name, default)
        if isinstance(value, bool):
            return value
        self.wrong(f"{where}: '{name}' must be true or false, not {value!r}")
        return default

    def only(self, data: dict[str, Any], known: Iterable[str], where: str) -> None:
        for name in sorted(set(data) - set(known)):
            self.wrong(f"{where}: '{name}' is not a word of mapping files", "Look for a misprint.")


def read_mapping(path: Path) -> tuple[Mapping | None, list[Finding]]:
    """Return the mapping in a file, or None, with everything that is wrong with it.

    Parameters
    ----------
    path : Path
        The file, or the name of a mapping that keiryo ships: ``phwr``.

    Returns
    -------
    tuple
        The mapping and no findings, or None and findings of severity F.
    """
    name = path.name
    shipped = resources("keiryo.data").joinpath("fuel_cycle", f"{name}.toml")
    try:
        is_shipped = len(path.parts) == 1 and not path.exists() and shipped.is_file()
        text = (shipped if is_shipped else path).read_bytes().decode()
    except OSError as error:
        return None, [_file_finding(name, f"the mapping cannot be read: {error.strerror}")]
    except UnicodeDecodeError:
        return None, [_file_finding(name, "the mapping is not UTF-8 text")]
    return parse_mapping(text, name)


def parse_mapping(text: str, file: str = "mapping") -> tuple[Mapping | None, list[Finding]]:
    """Return the mapping that a text states, or None, with everything that is wrong with it."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return None, [_file_finding(file, f"the mapping is not valid TOML: {error}")]
    reader = _Reader(file)
    mapping = _mapping(reader, data, text)
    if not reader.findings:
        _check_graph(reader, mapping)
    return (None if reader.findings else mapping), reader.findings


def _file_finding(file: str, message: str) -> Finding:
    advice = "Write one from 'keiryo movements template' and the guide on item movements."
    return Finding("MAPPING", Severity.FORMAT, message, advice, file=file)


def _mapping(reader: _Reader, data: dict[str, Any], text: str) -> Mapping:
    reader.only(data, _KNOWN, "mapping")
    if data.get("format") != 1:
        reader.wrong("the mapping must begin with 'format = 1'")
    file = reader.table(data, "file")
    reader.only(file, ("delimiter", "weight_unit", "fraction_unit", "rounding"), "[file]")
    weight_unit = reader.text(file, "weight_unit", "[file]", "kg")
    fraction_unit = reader.text(file, "fraction_unit", "[file]", "1")
    for value, known in ((weight_unit, WEIGHT_DECIMALS), (fraction_unit, FRACTION_DECIMALS)):
        if value not in known:
            reader.wrong(f"[file]: unit {value!r} is not one of {', '.join(known)}")
    rounding = reader.optional(file, "rounding", "[file]")
    if rounding not in (None, "milligram"):
        reader.wrong(f"[file]: rounding {rounding!r} must be 'milligram' or be left out")
    directions = reader.table(data, "directions")
    bulk = reader.table(data, "bulk")
    closing = reader.optional(data, "closing", "mapping")
    if closing not in (None, "half-year", "year", "none"):
        reader.wrong(f"closing {closing!r} must be 'half-year', 'year' or 'none'")
    return Mapping(
        name=reader.text(data, "name", "mapping"),
        text=text,
        columns=_columns(reader, reader.table(data, "columns"), data),
        constants={k: str(v) for k, v in reader.table(data, "constants").items()},
        elements=tuple(_element(reader, e) for e in reader.tables(data, "element")),
        time=_time(reader, reader.table(data, "time")),
        entering=reader.texts(directions, "in", "[directions]"),
        leaving=reader.texts(directions, "out", "[directions]"),
        areas=tuple(_area(reader, a) for a in reader.tables(data, "area")),
        materials=tuple(_material(reader, m) for m in reader.tables(data, "material")),
        kinds=tuple(_kind(reader, k) for k in reader.tables(data, "item")),
        flows=tuple(_flow(reader, f) for f in reader.tables(data, "flow")),
        processes=tuple(_process(reader, p) for p in reader.tables(data, "process")),
        delimiter=reader.text(file, "delimiter", "[file]", ","),
        weight_unit=weight_unit,
        fraction_unit=fraction_unit,
        rounding=rounding,
        begins_empty=reader.flag(data, "begins_empty", "mapping", True),
        closing=None if closing == "none" else closing or "half-year",
        inventory=_some_columns(reader, reader.table(data, "inventory"), "inventory"),
        bulk=_some_columns(reader, {k: v for k, v in bulk.items() if k in BULK_COLUMNS}, "bulk"),
        bulk_unit=reader.text(bulk, "unit", "[bulk]", "kg"),
        ignored_stores=reader.texts(bulk, "ignore", "[bulk]"),
        notes=reader.texts(data, "notes", "mapping"),
    )


def _columns(reader: _Reader, columns: dict[str, Any], data: dict[str, Any]) -> dict[str, str]:
    constants = reader.table(data, "constants")
    for name in MOVEMENT_COLUMNS:
        if name not in columns and name not in constants:
            reader.wrong(
                f"[columns]: nothing says where '{name}' comes from",
                "Name the column of the file, or give one value for all rows under [constants].",
            )
    reader.only(columns, MOVEMENT_COLUMNS, "[columns]")
    reader.only(constants, MOVEMENT_COLUMNS, "[constants]")
    return {k: reader.text(columns, k, "[columns]") for k in columns}


def _some_columns(reader: _Reader, table: dict[str, Any], name: str) -> dict[str, str]:
    known = {"inventory": INVENTORY_COLUMNS, "bulk": BULK_COLUMNS}[name]
    if not table:
        return {}
    for column in known:
        if column not in table:
            reader.wrong(f"[{name}]: the column for '{column}' is missing")
    reader.only(table, known, f"[{name}]")
    return {k: reader.text(table, k, f"[{name}]") for k in table}


def _element(reader: _Reader, data: dict[str, Any]) -> Element:
    where = f"[[element]] {data.get('symbol', '?')}"
    known = ("symbol", "fraction", "weight", "fissile_fraction", "fissile_weight", "fissile_basis")
    reader.only(data, known, where)
    element = Element(
        symbol=reader.text(data, "symbol", where),
        fraction=reader.optional(data, "fraction", where),
        weight=reader.optional(data, "weight", where),
        fissile_fraction=reader.optional(data, "fissile_fraction", where),
        fissile_weight=reader.optional(data, "fissile_weight", where),
        fissile_basis=reader.text(data, "fissile_basis", where, "U-235"),
    )
    if element.symbol not in ("U", "Pu", "Th"):
        reader.wrong(f"{where}: the symbol must be U, Pu or Th")
    if (element.fraction is None) == (element.weight is None):
        reader.wrong(f"{where}: give either 'fraction' or 'weight'")
    if element.fissile_fraction and element.fissile_weight:
        reader.wrong(f"{where}: give either 'fissile_fraction' or 'fissile_weight'")
    return element


def _time(reader: _Reader, data: dict[str, Any]) -> TimeRule:
    reader.only(data, ("kind", "zero", "weekday"), "[time]")
    kind = reader.text(data, "kind", "[time]", "week")
    zero = data.get("zero")
    if kind not in ("week", "day", "date"):
        reader.wrong(f"[time]: kind {kind!r} must be 'week', 'day' or 'date'")
    if type(zero) is not datetime.date:
        reader.wrong("[time]: 'zero' must be a date, e.g. zero = 2024-01-01")
        zero = datetime.date(2024, 1, 1)
    weekday = reader.number(data, "weekday", "[time]", 1)
    if not 1 <= weekday <= 7:
        reader.wrong("[time]: 'weekday' must be 1 to 7")
    return TimeRule(kind, zero, weekday)


def _area(reader: _Reader, data: dict[str, Any]) -> Area:
    where = f"[[area]] {data.get('facility', '?')}/{data.get('area', '?')}"
    reader.only(data, ("facility", "area", "code", "mba", "type", "name", "kmp", "zone"), where)
    area = Area(
        facility=reader.text(data, "facility", where),
        area=reader.text(data, "area", where),
        code=reader.text(data, "code", where),
        mba=reader.text(data, "mba", where),
        type=reader.text(data, "type", where, "item"),
        name=reader.optional(data, "name", where),
        kmp=reader.optional(data, "kmp", where),
        zone=reader.text(data, "zone", where, "UTC"),
    )
    _check_codes(reader, area.code, area.mba, where)
    if area.type not in ("item", "bulk", "LOF"):
        reader.wrong(f"{where}: type {area.type!r} must be item, bulk or LOF")
    return area


def _check_codes(reader: _Reader, code: str, mba: str, where: str) -> None:
    for value in (code, mba):
        if not CODE.fullmatch(value):
            reader.wrong(f"{where}: {value!r} is no code of four characters A-Z 0-9 -")


def _material(reader: _Reader, data: dict[str, Any]) -> Material:
    where = f"[[material]] {data.get('name', '?')}"
    reader.only(data, ("name", "category", "tolerance", "fractions"), where)
    fractions = reader.table(data, "fractions")
    material = Material(
        name=reader.text(data, "name", where),
        category=reader.text(data, "category", where),
        tolerance=reader.text(data, "tolerance", where, "0"),
        fractions={k: reader.text(fractions, k, where) for k in fractions},
    )
    if material.category not in CATEGORIES:
        reader.wrong(f"{where}: category {material.category!r} is not {', '.join(CATEGORIES)}")
    for value in (material.tolerance, *material.fractions.values()):
        if not re.fullmatch(r"0(\.[0-9]{1,9})?|1(\.0{1,9})?", value):
            reader.wrong(f"{where}: {value!r} is no fraction; write it as text, e.g. '0.8815'")
    reader.only(fractions, NUCLIDE_PARTS, f"{where} fractions")
    return material


def _kind(reader: _Reader, data: dict[str, Any]) -> ItemKind:
    where = f"[[item]] {data.get('form', '?')}/{data.get('material', '?')}"
    reader.only(data, ("form", "material", "prefix", "mdc"), where)
    return ItemKind(*(reader.text(data, n, where) for n in ("form", "material", "prefix", "mdc")))


def _flow(reader: _Reader, data: dict[str, Any]) -> Flow:
    where = f"[[flow]] {data.get('from', '?')} -> {data.get('to', '?')}"
    known = ("from", "to", "code", "party", "forms", "materials", "irradiation")
    reader.only(data, known, where)
    flow = Flow(
        source=reader.text(data, "from", where),
        target=reader.text(data, "to", where),
        code=reader.optional(data, "code", where),
        party=reader.optional(data, "party", where),
        forms=reader.texts(data, "forms", where),
        materials=reader.texts(data, "materials", where),
        irradiation=reader.flag(data, "irradiation", where, False),
    )
    allowed = FROM_OUTSIDE if flow.source == OUTSIDE else TO_OUTSIDE
    if OUTSIDE in (flow.source, flow.target):
        if flow.code not in allowed:
            reader.wrong(f"{where}: 'code' must be one of {', '.join(allowed)}")
        if flow.code in ("RF", "SF") and not flow.party:
            reader.wrong(f"{where}: {flow.code} needs the other State as 'party'")
    elif flow.code is not None:
        reader.wrong(f"{where}: a flow inside the mapping takes no 'code'; it is SD and RD")
    return flow


def _process(reader: _Reader, data: dict[str, Any]) -> Process:
    where = f"[[process]] {data.get('mba', '?')}"
    known = ("facility", "code", "mba", "name", "zone", "feed_delay", "store", "inventory",
             "genealogy", "ratio", "tolerance_mg", "category", "mdc")  # fmt: skip
    reader.only(data, known, where)
    process = Process(
        facility=reader.text(data, "facility", where),
        code=reader.text(data, "code", where),
        mba=reader.text(data, "mba", where),
        name=reader.optional(data, "name", where),
        zone=reader.text(data, "zone", where, "UTC"),
        feed_delay=reader.number(data, "feed_delay", where, 0),
        stores=tuple(_store(reader, s, where) for s in reader.tables(data, "store")),
        inventory=reader.text(data, "inventory", where, "none"),
        genealogy=reader.text(data, "genealogy", where, "pool"),
        ratio=reader.number(data, "ratio", where, 1),
        tolerance_mg=reader.number(data, "tolerance_mg", where, 0),
        category=reader.text(data, "category", where, "N"),
        mdc=reader.text(data, "mdc", where, "R/O/O/E"),
    )
    _check_codes(reader, process.code, process.mba, where)
    if process.inventory not in ("stores", "pending", "none"):
        reader.wrong(f"{where}: inventory must be 'stores', 'pending' or 'none'")
    if process.genealogy not in ("pool", "split", "merge"):
        reader.wrong(f"{where}: genealogy must be 'pool', 'split' or 'merge'")
    if process.genealogy != "pool" and process.ratio < 1:
        reader.wrong(f"{where}: 'ratio' must be 1 or more")
    if process.inventory == "pending" and process.genealogy == "pool":
        reader.wrong(f"{where}: a pool has no pending items; give stores, or inventory 'none'")
    if process.category not in ("N", "D", "E", "U"):
        reader.wrong(f"{where}: category {process.category!r} must be N, D, E or U")
    return process


def _store(reader: _Reader, data: dict[str, Any], where: str) -> Store:
    where = f"{where} store {data.get('name', '?')}"
    reader.only(data, ("name", "role", "counts", "material"), where)
    store = Store(
        name=reader.text(data, "name", where),
        role=reader.text(data, "role", where),
        counts=reader.texts(data, "counts", where),
        material=reader.optional(data, "material", where),
    )
    if store.role not in ("feed", "product", "both", "lost"):
        reader.wrong(f"{where}: role must be feed, product, both or lost")
    if bool(store.counts) == bool(store.material):
        reader.wrong(f"{where}: give either 'counts' or 'material'")
    if unknown := sorted(set(store.counts) - set(NUCLIDE_PARTS)):
        reader.wrong(f"{where}: cannot count {', '.join(unknown)}")
    return store


def _check_graph(reader: _Reader, mapping: Mapping) -> None:
    """Check what the parts of the mapping say of each other."""
    from keiryo.material_description import check_mdc

    nodes = {OUTSIDE, *mapping.nodes}
    materials = {m.name for m in mapping.materials}
    for flow in mapping.flows:
        for end in (flow.source, flow.target):
            if end not in nodes:
                reader.wrong(f"[[flow]]: {end!r} is no area, process or 'outside'")
        if mapping.is_process(flow.source) and mapping.is_process(flow.target):
            reader.wrong(f"[[flow]]: no item moves between two processes ({flow.source})")
    for name in sorted(_repeated(n.node for n in mapping.places)):
        reader.wrong(f"{name!r} stands in the mapping twice")
    for name in sorted(_repeated(m.name for m in mapping.materials)):
        reader.wrong(f"material {name!r} stands in the mapping twice")
    codes: dict[str, str] = {}
    for node in mapping.places:
        if codes.setdefault(node.mba, node.code) != node.code:
            reader.wrong(f"MBA {node.mba} lies in two facilities; an MBA lies in one")
    for kind in mapping.kinds:
        if kind.material not in materials:
            reader.wrong(f"[[item]]: material {kind.material!r} is not in the mapping")
        for problem in check_mdc(kind.mdc):
            reader.wrong(f"[[item]] {kind.form!r}/{kind.material}: {problem}")
    for process in mapping.processes:
        for store in process.stores:
            if store.material is not None and store.material not in materials:
                reader.wrong(f"store {store.name}: material {store.material!r} is not mapped")
    for what, present in (("element", mapping.elements), ("area", mapping.areas),
                          ("material", mapping.materials), ("item", mapping.kinds),
                          ("flow", mapping.flows)):  # fmt: skip
        if not present:
            reader.wrong(f"the mapping has no [[{what}]]")
    if not mapping.entering or not mapping.leaving:
        reader.wrong("[directions]: say which words mean 'in' and which mean 'out'")
    if any(Fraction(m.tolerance) > Fraction(1, 100) for m in mapping.materials):
        reader.wrong("a tolerance beyond 0.01 would call low enriched uranium natural")


def _repeated(names: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    double: set[str] = set()
    for name in names:
        (double if name in seen else seen).add(name)
    return double
