"""Items as control lists name them: the structure that is shipped, and the items of these books.

Identifiers only: what an entry of a list covers is read in the list. An item may have two
classifications, because Annex II of the Additional Protocol is not today's trigger list; the
declaration goes by the one, licences by the other. An item that is nuclear material says which
element categories of the books it covers, and so a shipment in the books finds its licence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.data import read_table
from keiryo.export_control.matching import UNITS
from keiryo.export_control.tables import CONTROL_ITEM

NATIONAL = "national"
"""A list of the State's own, whose structure is not known here."""
ANNEX_II = "AP-II"
NUCLEAR, OTHER = "nuclear", "other"


@dataclass(frozen=True, slots=True)
class ControlList:
    """A control list: its name, what it is, and its entries with a word of ours for each."""

    name: str
    title: str
    source: str
    status: str
    entries: Mapping[str, str]

    def has(self, entry: str) -> bool:
        """Return whether an entry is one of the list, or stands below one.

        Examples
        --------
        >>> control_lists()["NSG-1"].has("B.5.1.a"), control_lists()["NSG-1"].has("B.51")
        (True, False)
        """
        return any(entry == one or entry.startswith(f"{one}.") for one in self.entries)


@cache
def control_lists() -> Mapping[str, ControlList]:
    """Return the control lists whose structure is shipped, by name."""
    rows = read_table("export_control/control_lists")["control_list"]
    return MappingProxyType(
        {
            row["list"]: ControlList(
                row["list"],
                row["title"],
                row["source"],
                row["status"],
                MappingProxyType({one["entry"]: one["title"] for one in row["entries"]}),
            )
            for row in rows
        }
    )


@dataclass(frozen=True, slots=True)
class Item:
    """A listed item as recorded.

    Attributes
    ----------
    name, control_list, entry, title : str
    annex_entry, customs_code : str or None
    nuclear : bool
        Whether it is nuclear material, and so in the books.
    categories : str
        Letters of the element categories that it covers; empty for anything else.
    unit : str
    line : str
        Where it is recorded, as act/line.
    """

    name: str
    control_list: str
    entry: str
    title: str
    annex_entry: str | None
    customs_code: str | None
    nuclear: bool
    categories: str
    unit: str
    line: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        return {
            "item": self.name,
            "list": self.control_list,
            "entry": self.entry,
            "annex_entry": self.annex_entry,
            "customs_code": self.customs_code,
            "title": self.title,
            "material": NUCLEAR if self.nuclear else OTHER,
            "categories": list(self.categories),
            "unit": self.unit,
            "line": self.line,
        }


def item_of(values: Mapping[str, Any]) -> Item:
    """Return the item that a line states."""
    place = f"{values['act_id']}/{values['line_no']}" if "act_id" in values else ""
    return Item(
        name=str(values["item"]),
        control_list=str(values["control_list"]),
        entry=str(values["entry"]),
        title=str(values["title"]),
        annex_entry=values.get("annex_entry"),
        customs_code=values.get("customs_code"),
        nuclear=values["material"] == NUCLEAR,
        categories=str(values.get("categories") or ""),
        unit=str(values["unit"]),
        line=place,
    )


def recorded_items(
    connection: Connection, metadata: MetaData, *, through_act: int | None = None
) -> dict[str, Item]:
    """Return the items of these books by name: the last line of each."""
    table = metadata.tables[CONTROL_ITEM.name]
    query = select(table).order_by(table.c.act_id, table.c.line_no)
    if through_act is not None:
        query = query.where(table.c.act_id <= through_act)
    found = {str(r["item"]): item_of(dict(r)) for r in connection.execute(query).mappings()}
    return dict(sorted(found.items()))


def same_measure(unit: str, other: str) -> bool:
    """Return whether two units measure the same thing, so that one becomes the other.

    Examples
    --------
    >>> same_measure("kg", "g"), same_measure("kg", "piece"), same_measure("kg", "lb")
    (True, False, False)
    """
    return unit in UNITS and other in UNITS and UNITS[unit][0] == UNITS[other][0]
