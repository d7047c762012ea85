"""Small movement files, made by hand or by a little plant that loses material on purpose."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from importlib.resources import files
from pathlib import Path

from keiryo.capabilities import builtin_registry
from keiryo.errors import Finding
from keiryo.journal.model import Actor
from keiryo.journal.opening import open_journal
from keiryo.movements.mapping import Mapping
from keiryo.movements.mapping_file import parse_mapping, read_mapping
from keiryo.movements.service import Prepared, prepare
from keiryo.storage.engine import Database

ACTOR = Actor("tester", "XF")
SHIPPED = Path(str(files("keiryo.data").joinpath("fuel_cycle")))
HEADING = ("week,facility,area,direction,item_id,form,gross_kg,material,"
           "u_mass_fraction,u235_mass_fraction")  # fmt: skip
FRACTIONS = {"U3O8": "0.848040,0.005860", "UO2": "0.881540,0.006100", "UO2r": "0.843180,0.001000"}

SMALL_MAP = """
format = 1
name = "a store and a reactor"
[file]
[columns]
time = "week"
facility = "facility"
area = "area"
direction = "direction"
item = "item_id"
form = "form"
weight = "gross_kg"
material = "material"
[[element]]
symbol = "U"
fraction = "u_mass_fraction"
fissile_fraction = "u235_mass_fraction"
[time]
kind = "week"
zero = 2024-01-01
[directions]
in = ["in"]
out = ["out"]
[inventory]
time = "week"
facility = "facility"
area = "area"
form = "form"
material = "material"
items = "items"
weight = "gross_kg"
[[material]]
name = "UO2"
category = "N"
tolerance = "0.0003"
[[material]]
name = "UO2r"
category = "D"
[[item]]
form = "fuel_assembly"
material = "UO2"
prefix = "FA"
mdc = "B/Q/2/F"
[[item]]
form = "fuel_assembly"
material = "UO2r"
prefix = "FA"
mdc = "B/Q/1/G"
[[area]]
facility = "f"
area = "store"
code = "AAA-"
mba = "AAAA"
[[area]]
facility = "f"
area = "core"
code = "AAA-"
mba = "AAAB"
[[area]]
facility = "f"
area = "pond"
code = "AAA-"
mba = "AAAC"
[[flow]]
from = "outside"
to = "f/store"
code = "RS"
[[flow]]
from = "f/store"
to = "f/core"
[[flow]]
from = "f/core"
to = "f/pond"
irradiation = true
"""


def mapping_of(text: str = SMALL_MAP) -> Mapping:
    """Return a mapping that must be good."""
    mapping, findings = parse_mapping(text)
    assert mapping is not None, findings
    return mapping


def shipped_mapping() -> Mapping:
    """Return the mapping of the shipped fuel cycle."""
    mapping, findings = read_mapping(SHIPPED / "phwr.toml")
    assert mapping is not None, findings
    return mapping


def row(week: object, area: str, way: str, item: object, kg: str = "20.0", **other: str) -> str:
    """Return a line of a movement file of the small mapping."""
    material = other.get("material", "UO2")
    fractions = other.get("fractions", FRACTIONS.get(material, "0.5,0.001"))
    facility, form = other.get("facility", "f"), other.get("form", "fuel_assembly")
    return f"{week},{facility},{area},{way},{item},{form},{kg},{material},{fractions}"


def write(path: Path, *rows: str) -> Path:
    """Write a movement file."""
    path.write_text("\n".join([HEADING, *rows]) + "\n")
    return path


def checked(tmp_path: Path, *rows: str, mapping: str = SMALL_MAP) -> Prepared:
    """Read and check a movement file with these rows."""
    return prepare(mapping_of(mapping), [write(tmp_path / "moves.csv", *rows)])


def codes(findings: tuple[Finding, ...] | list[Finding]) -> list[str]:
    """Return the codes of findings other than notes."""
    return [f.code for f in findings if str(f.severity) != "I"]


def fresh_books(path: Path | str) -> Database:
    """Return opened books of State XF."""
    database = Database(path, builtin_registry())
    open_journal(database, "XF", ACTOR)
    return database


class LossyPlant:
    """Mine, conversion and pelleting in the format of the shipped fuel cycle, with losses.

    All weights are such that every element weight is a whole number of milligrams: whatever does
    not close is a mistake of the importer.
    """

    def __init__(self, weeks: int = 30) -> None:
        self.rows: list[str] = []
        self.inventory: list[str] = []
        self.bulk: list[str] = []
        self.present: dict[tuple[str, str, str, str], dict[int, int]] = {}
        self.stores: Counter[tuple[str, str]] = Counter()
        self.lost_mg = {"FCVB": 0, "FFFB": 0}
        self.drum = self.pellet = 0
        for week in range(weeks):
            self.moved: Counter[tuple[str, str, str]] = Counter()
            self._week(week)
            self._write_state(week)

    def _move(self, week: int, facility: str, area: str, way: str, form: str, item: int,
              gross_g: int, material: str) -> None:  # fmt: skip
        kg = f"{gross_g // 1000}.{gross_g % 1000:03d}000"
        self.rows.append(
            f"{week},{facility},{area},{way},{item},{form},{kg},{material},{FRACTIONS[material]}"
        )
        here = self.present.setdefault((facility, area, form, material), {})
        if way == "in":
            here[item] = gross_g
        else:
            del here[item]

    def _put(self, facility: str, store: str, mg: int) -> None:
        self.stores[facility, store] += mg
        self.moved[facility, store, "in" if mg > 0 else "out"] += abs(mg)

    def _all(self, facility: str, area: str, form: str, material: str) -> list[tuple[int, int]]:
        return sorted(self.present.get((facility, area, form, material), {}).items())

    def _week(self, week: int) -> None:
        fab, conv, mine = "fuel_fabrication_1", "conversion_1", "uranium_mine_1"
        while self.stores[fab, "pelleting_UO2_powder_store"] >= 150 * 10**6:
            self.pellet += 1
            self._move(week, fab, "pelleting_mba", "in", "pellet_batch", self.pellet, 12000, "UO2")
            self._put(fab, "pelleting_UO2_powder_store", -12000 * 1000)
        for item, gross_g in self._all(fab, "receiving_mba", "drum", "UO2"):
            self._move(week, fab, "receiving_mba", "out", "drum", item, gross_g, "UO2")
            loss_g = 3900 if week % 2 else 4100
            self._put(fab, "pelleting_UO2_powder_store", (gross_g - loss_g) * 1000)
            self._put(fab, "pelleting_UO2_powder_lost", loss_g * 1000)
            self.lost_mg["FFFB"] += loss_g * 1000 * 88154 // 100000
        for item, gross_g in self.on_road_uo2 if week else []:
            self._move(week, fab, "receiving_mba", "in", "drum", item, gross_g, "UO2")
        self.on_road_uo2 = self._all(conv, "shipping_mba", "drum", "UO2")
        for item, gross_g in self.on_road_uo2:
            self._move(week, conv, "shipping_mba", "out", "drum", item, gross_g, "UO2")
        self._convert(week, conv)
        opened = self.at_station if week else []
        for _, gross_g in opened:
            u235 = gross_g * 1000 * 586 // 100000
            u238 = gross_g * 1000 * 84804 // 100000 - u235
            self._put(conv, "U238_in_process", u238)
            self._put(conv, "U235_in_process", u235)
        self.at_station = self._all(conv, "receiving_mba", "drum", "U3O8")
        for item, gross_g in self.at_station:
            self._move(week, conv, "receiving_mba", "out", "drum", item, gross_g, "U3O8")
        for item, gross_g in self.on_road if week else []:
            self._move(week, conv, "receiving_mba", "in", "drum", item, gross_g, "U3O8")
        self.on_road = self._all(mine, "shipping_mba", "drum", "U3O8")
        for item, gross_g in self.on_road:
            self._move(week, mine, "shipping_mba", "out", "drum", item, gross_g, "U3O8")
        for _ in range(3):
            self.drum += 1
            weight = 400000 + 100 * (self.drum % 7)
            self._move(week, mine, "shipping_mba", "in", "drum", self.drum, weight, "U3O8")

    def _convert(self, week: int, conv: str) -> None:
        """Turn what is in process into product, and lose one per cent of it."""
        need = {"U238": 350_176_000, "U235": 2_440_000}
        while all(self.stores[conv, f"{n}_in_process"] >= 11 * kg // 10 for n, kg in need.items()):
            for nuclide, mg in need.items():
                lost = mg // 100 if week % 3 else mg // 200
                self._put(conv, f"{nuclide}_in_process", -mg - lost)
                self._put(conv, f"{nuclide}_to_product", mg)
                self._put(conv, f"{nuclide}_lost_material", lost)
                self.lost_mg["FCVB"] += lost
                self._put(conv, f"{nuclide}_to_product", -mg)
            self.drum += 1
            self._move(week, conv, "shipping_mba", "in", "drum", self.drum, 400000, "UO2")

    def _write_state(self, week: int) -> None:
        for (facility, area, form, material), items in self.present.items():
            if items:
                total = sum(items.values())
                kg = f"{total // 1000}.{total % 1000:03d}000"
                self.inventory.append(
                    f"{week},{facility},{area},{form},{material},{len(items)},{kg},"
                    f"{FRACTIONS[material]}"
                )
        names = {
            "conversion_1": [
                f"{n}_{s}" for n in ("U238", "U235", "O")
                for s in ("in_process", "to_product", "lost_material")
            ],
            "fuel_fabrication_1": ["pelleting_UO2_powder_store", "pelleting_UO2_powder_lost"],
        }  # fmt: skip
        for facility, stores in names.items():
            for store in stores:
                numbers = (
                    self.stores[facility, store], self.moved[facility, store, "in"],
                    self.moved[facility, store, "out"],
                )  # fmt: skip
                shown = ",".join(f"{mg // 10**6}.{mg % 10**6:06d}" for mg in numbers)
                self.bulk.append(f"{week},{facility},{store},{shown}")

    def write(self, folder: Path) -> tuple[Path, Path, Path]:
        """Write the three files."""
        folder.mkdir(exist_ok=True)
        paths = tuple(folder / f"{name}.csv.gz" for name in ("movements", "inventory", "bulk"))
        headings = (
            HEADING,
            "week,facility,area,form,material,items,gross_kg,u_mass_fraction,u235_mass_fraction",
            "week,facility,store,quantity_kg,in_kg,out_kg",
        )
        for path, heading, rows in zip(
            paths, headings, (self.rows, self.inventory, self.bulk), strict=True
        ):
            with gzip.open(path, "wt") as stream:
                stream.write("\n".join([heading, *rows]) + "\n")
        return paths[0], paths[1], paths[2]


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV.GZ file, by the standard library."""
    with gzip.open(path, "rt", newline="") as stream:
        return list(csv.DictReader(stream))
