"""Files of export control for tests: a small register of items, licences and assurances."""

from __future__ import annotations

import copy
import json
from typing import Any

ITEMS: list[dict[str, Any]] = [
    {
        "item": "LEU",
        "control_list": "NSG-1",
        "entry": "A.1.2",
        "title": "enriched uranium",
        "material": "nuclear",
        "categories": "E",
        "unit": "kg",
    },
    {
        "item": "GRAPHITE",
        "control_list": "NSG-1",
        "entry": "B.2.1",
        "annex_entry": "2.1",
        "customs_code": "3801",
        "title": "graphite blocks",
        "unit": "t",
    },
]
LINE = {
    "item": "LEU",
    "quantity": "0.6",
    "unit": "kg",
    "consignee": "Fuel Works B",
    "place": "XB/XBCA",
    "end_user": "Power Station B",
    "end_use": "fuel",
    "valid_from": "2025-01-01",
    "valid_to": "2025-12-31",
}
LICENCE: dict[str, Any] = {
    "licence": "L-1",
    "authority": "Ministry",
    "exporter": "Plant",
    "partner": "XB",
    "state": "issued",
    "issued_on": "2024-12-01",
    "lines": [LINE],
}
ASSURANCE = {
    "assurance": "A-1",
    "government": "XB",
    "licences": ["L-1"],
    "purposes": "peaceful-use no-retransfer",
    "given_on": "2024-11-01",
    "valid_from": "2025-01-01",
    "valid_to": "2025-12-31",
}
TRANSFER: dict[str, Any] = {
    "transfer": "T-1",
    "state": "done",
    "exporter": "Plant",
    "declaration": "D-1",
    "partner": "XB",
    "consignee": "Carbon B",
    "end_user": "Reactor B",
    "location": "Reactor hall, Town B",
    "item": "GRAPHITE",
    "identity": "blocks 1-40",
    "quantity": "2.5",
    "unit": "t",
    "on_day": "2025-02-10",
}


def register(**more: Any) -> dict[str, Any]:
    """Return a register of two items, a licence and its assurance; lists as given instead."""
    whole = {"items": ITEMS, "licences": [LICENCE], "assurances": [ASSURANCE], **more}
    return copy.deepcopy(whole)


def line(**more: Any) -> dict[str, Any]:
    """Return the licence with other values in its only line."""
    return {**LICENCE, "lines": [{**LINE, **more}]}


def as_json(data: Any) -> bytes:
    """Return a register as the content of a file."""
    return json.dumps(data).encode()
