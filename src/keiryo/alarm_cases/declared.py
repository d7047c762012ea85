"""Declared cargo: whether a transfer in the books, or under a licence, explains an alarm.

A declared transfer explains the nuclides of what it says it carries, if the container or the
consignee is the one of the case, the day is near, and, for listed goods, a licence covers it. What
does not match is told key by key, so that a person can see how near it comes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.alarm_cases.case_record import AlarmCase
from keiryo.alarm_cases.hard_rules import Limits
from keiryo.dates import number_date
from keiryo.export_control.books import DONE, PLANNED, Shipment, match_shipments, shipments
from keiryo.export_control.items import Item, recorded_items
from keiryo.export_control.licences import read_licences
from keiryo.export_control.tables import CONSIGNMENT
from keiryo.nuclides.names import nuclide_name

FISSIONING = frozenset({"Cf-252", "Cf-250", "Cm-244", "Cm-248", "Pu-238", "Pu-240", "Pu-242"})
"""Nuclides that emit neutrons by themselves, by spontaneous fission."""
ALPHA_ON_LIGHT = frozenset({"Am-241", "Ra-226", "Po-210", "Pu-238", "Pu-239", "Cm-242", "Cm-244"})
"""Nuclides that emit neutrons together with beryllium or another light element."""
NEUTRON_WORDS = frozenset({"be", "beryllium", "neutron", "neutrons", "ambe", "pube", "rabe"})
"""Words of a declaration that say so."""
CATEGORY_NUCLIDES = {
    "E": ("U-235", "U-238", "U-234", "U-232"),
    "N": ("U-238", "U-235", "U-234"),
    "D": ("U-238", "U-235", "U-234"),
    "U": ("U-238", "U-235", "U-234", "U-232"),
    "P": ("Pu-239", "Pu-240", "Pu-241", "Pu-238", "Pu-242", "Am-241"),
    "T": ("Th-232",),
}
"""Nuclides of element categories, with those that always go with them."""
MATERIALS = {"E": ("HEU", "LEU"), "N": ("NU",), "D": ("DU",), "P": ("WGPu", "RGPu")}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A declared transfer held against a case.

    Attributes
    ----------
    reference : str
        Node of its line.
    words : str
        What it is.
    nuclides : tuple of str
        That it explains.
    against : tuple of str
        What does not match; empty: it explains them.
    licence : str or None
    neutron_emitters : tuple of str
        Of its nuclides those with which it is declared to emit neutrons.
    """

    reference: str
    words: str
    nuclides: tuple[str, ...]
    against: tuple[str, ...]
    licence: str | None = None
    neutron_emitters: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "reference": self.reference,
            "words": self.words,
            "nuclides": list(self.nuclides),
            "explains": not self.against,
            "against": list(self.against),
            "licence": self.licence,
            "neutron_emitters": list(self.neutron_emitters),
        }


def declared_transfers(
    connection: Connection, metadata: MetaData, case: AlarmCase, limits: Limits
) -> list[Candidate]:
    """Return declared transfers that a case may be, the best match first.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    case : AlarmCase
        With container, consignee and the day.
    limits : Limits
        How many days a transfer may lie off.
    """
    items = recorded_items(connection, metadata)
    boxes = _consignments(connection, metadata)
    matched, _drawing = match_shipments(
        read_licences(connection, metadata), shipments(connection, metadata)
    )
    wanted = {str(one["nuclide"]) for one in case.identified}
    found = []
    for one in matched:
        item = items.get(one.shipment.item)
        nuclides = _nuclides(one.shipment, item)
        against = list(_against(case, one.shipment, item, boxes, limits))
        if one.result not in ("MATCHED", "MATCHED-WITH-EXCESS") and (item or one.shipment.transfer):
            against.append(f"licence: {one.result}")
        if wanted and not wanted & set(nuclides):
            against.append("nuclide: it carries none of those that were identified")
        name = one.shipment.transfer or one.shipment.batch or one.shipment.item
        licence = None if one.ceiling is None else one.ceiling.licence
        words = f"{one.shipment.direction} {name} of {one.shipment.on.isoformat()}"
        emitters = neutron_emitters(nuclides, "" if item is None else f"{item.name} {item.title}")
        found.append(
            Candidate(one.shipment.node, words, nuclides, tuple(against), licence, emitters)
        )
    return sorted(found, key=lambda one: (len(one.against), one.reference))


def neutron_emitters(nuclides: Iterable[str], words: str) -> tuple[str, ...]:
    """Return the nuclides of a declared item with which it is declared to emit neutrons.

    Parameters
    ----------
    nuclides : iterable of str
    words : str
        Name and title of the item.

    Examples
    --------
    >>> neutron_emitters(["Am-241"], "Am-241/Be neutron source")
    ('Am-241',)
    >>> neutron_emitters(["Am-241"], "Am-241 for smoke detectors"), neutron_emitters(["Cf-252"], "")
    ((), ('Cf-252',))
    """
    said = set(re.findall(r"[a-z]+", words.lower()))
    known = FISSIONING | (ALPHA_ON_LIGHT if said & NEUTRON_WORDS else frozenset())
    return tuple(one for one in nuclides if one in known)


def _nuclides(one: Shipment, item: Item | None) -> tuple[str, ...]:
    names: list[str] = []
    categories = one.category or ("" if item is None else str(item.categories or ""))
    for letter in categories:
        names += (*CATEGORY_NUCLIDES.get(letter, ()), *MATERIALS.get(letter, ()))
    if not categories and item is not None:
        for word in re.findall(r"[A-Za-z0-9-]+", f"{item.name} {item.title}"):
            name = nuclide_name(word)
            names += [name] if name else []
    return tuple(dict.fromkeys(names))


def _against(
    case: AlarmCase,
    one: Shipment,
    item: Item | None,
    boxes: Mapping[str, list[dict[str, Any]]],
    limits: Limits,
) -> Any:
    values, day = case.values, case.raised.date()
    if one.state not in (PLANNED, DONE):
        yield f"state: it is {one.state}"
    if abs((one.on - day).days) > limits.declaration_days:
        yield f"date: {one.on.isoformat()} is more than {limits.declaration_days} days off"
    container, consignee = values.get("container"), values.get("consignee")
    if not container and not consignee:
        yield "container, consignee: the case names neither"
    if container and not any(
        _same_goods(box, one, item) for box in boxes.get(str(container).upper(), [])
        if abs((number_date(int(box["passed_on"])) - day).days) <= limits.declaration_days
    ):  # fmt: skip
        yield f"container: {container} is not declared with it"
    if consignee and one.consignee and _plain(consignee) != _plain(one.consignee):
        yield f"consignee: {one.consignee}"
    if consignee and not one.consignee and not container:
        yield "consignee: the transfer names none"


def _same_goods(box: Mapping[str, Any], one: Shipment, item: Item | None) -> bool:
    names = {_plain(one.transfer), _plain(one.declaration)} - {""}
    return _plain(box["consignment"]) in names or bool(
        box["item"] and item is not None and box["item"] == item.name
    )


def _consignments(connection: Connection, metadata: MetaData) -> dict[str, list[dict[str, Any]]]:
    table = metadata.tables[CONSIGNMENT.name]
    query = select(table).order_by(table.c.act_id, table.c.line_no)
    last = {str(row["consignment"]): dict(row) for row in connection.execute(query).mappings()}
    found: dict[str, list[dict[str, Any]]] = {}
    for row in last.values():
        found.setdefault(str(row["container"]).upper(), []).append(row)
    return found


def _plain(text: Any) -> str:
    return " ".join(str(text or "").split()).casefold()
