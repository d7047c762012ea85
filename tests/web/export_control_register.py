"""A register of export control for tests of pages and the API, over the books of State XA."""

from __future__ import annotations

import json
from typing import Any

from keiryo.export_control.recording import record_file
from web.site import Site

LEU_LINE = {
    "item": "LEU",
    "quantity": "42",
    "unit": "kg",
    "consignee": "Fuel Works B",
    "place": "XB/XBCA",
    "end_user": "Power Station B",
    "end_use": "fuel",
    "valid_from": "2025-01-01",
    "valid_to": "2026-12-31",
}
GRAPHITE_LINE = {
    **LEU_LINE,
    "item": "GRAPHITE",
    "quantity": "3",
    "unit": "t",
    "place": None,
    "consignee": "Carbon B",
    "end_user": "Reactor B",
    "needs_assurance": "no",
}
HEAD = {
    "authority": "Ministry",
    "exporter": "Plant",
    "partner": "XB",
    "state": "issued",
    "issued_on": "2024-12-01",
}
ASSURANCE = {
    "assurance": "A-1",
    "government": "XB",
    "licences": ["L-2026/1"],
    "purposes": "peaceful-use no-retransfer",
    "given_on": "2024-11-01",
    "valid_from": "2025-01-01",
    "valid_to": "2026-12-31",
}
SHIPPED = {
    "transfer": "T-1",
    "state": "done",
    "exporter": "Plant",
    "declaration": "D-1",
    "partner": "XB",
    "consignee": "Carbon B",
    "end_user": "Reactor B",
    "location": "Reactor hall, 町B",
    "item": "GRAPHITE",
    "identity": "blocks 1-40",
    "quantity": "2.5",
    "unit": "t",
    "on_day": "2025-12-10",
}
PLAN = {
    **SHIPPED,
    "transfer": "T-2",
    "state": "planned",
    "item": "LEU",
    "unit": "kg",
    "consignee": "Fuel Works B",
    "end_user": "Power Station B",
    "declaration": "D-2",
    "quantity": "700",
    "fissile_g": "28000",
    "category": "E",
    "on_day": "2026-01-30",
}
REGISTER: dict[str, Any] = {
    "items": [
        {
            "item": "LEU",
            "control_list": "NSG-1",
            "entry": "A.1.2",
            "unit": "kg",
            "title": "enriched uranium",
            "material": "nuclear",
            "categories": "E",
        },
        {
            "item": "GRAPHITE",
            "control_list": "NSG-1",
            "entry": "B.2.1",
            "unit": "t",
            "annex_entry": "2.1",
            "customs_code": "3801",
            "title": "graphite blocks",
        },
    ],
    "licences": [
        {**HEAD, "licence": "L-2026/1", "lines": [LEU_LINE]},
        {**HEAD, "licence": "L-2", "lines": [{**GRAPHITE_LINE, "valid_to": "2026-02-15"}]},
        {
            **HEAD,
            "licence": "I-1",
            "direction": "import",
            "lines": [
                {**LEU_LINE, "quantity": "2000", "place": "XB/XBEA", "needs_assurance": "no"}
            ],
        },
    ],
    "assurances": [ASSURANCE],
    "transfers": [SHIPPED, PLAN],
    "recognitions": [
        {
            "recognition": "MRA-1",
            "programme": "AEO",
            "partner_programme": "C-TPAT",
            "parties": ["XA", "XB"],
            "highest_tier": 2,
            "valid_from": "2024-01-01",
            "valid_to": "2026-12-31",
        }
    ],
    "traders": [
        {
            "trader": "BETA",
            "programme": "C-TPAT",
            "number": "7",
            "tier": 3,
            "since_day": "2024-01-01",
            "recognition": "MRA-1",
            "valid_from": "2024-01-01",
            "valid_to": "2026-12-31",
        }
    ],
    "consignments": [
        {
            "consignment": "B-1",
            "container": "CSQU3054383",
            "passed_on": "2026-01-08",
            "history": "clean",
            "density_anomaly": True,
            "trader": "BETA",
        },
        {
            "consignment": "B-2",
            "container": "CSQU3054383",
            "passed_on": "2026-01-08",
            "trader": "BETA",
            "radiation_alarm": True,
        },
    ],
}


def plain(data: Any) -> Any:
    """Return data without what is none."""
    if isinstance(data, dict):
        return {name: plain(value) for name, value in data.items() if value is not None}
    return [plain(one) for one in data] if isinstance(data, list) else data


def record(site: Site, name: str = "cooperation", **lists: Any) -> Any:
    """Record lists as a file."""
    content = json.dumps(plain(lists or REGISTER)).encode()
    return record_file(site.database, site.actor(name), "register.json", content)
