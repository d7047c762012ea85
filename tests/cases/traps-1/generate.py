"""State XG: fuel of plutonium, thorium, U-233 and highly enriched uranium; nothing is wrong.

Running this writes the reports and the context anew. README.md tells what to look at. What was
weighed stands here; the books are kept by ``../state-xc/balances.py``, not by keiryo.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "state-xc"))
from balances import Area

YEAR, SPRING, SUMMER = "20240101/20241231", "20250101/20250331", "20250401/20250630"
HALF = "20250101/20250630"
PUO2, POWDER, WASTE, MOX = "G/Q/A/B", "G/Q/N/B", "T/R/N/E", "B/Q/2/F"
CORE, POND, SAMPLE, SCRAP = "B/Q/4/G", "B/Q/1/G", "V/Q/A/B", "R/R/L/D"
HEU_FRESH, HEU_CORE, HEU_POND = "B/3/2/F", "B/3/4/G", "B/3/1/G"
TH_FRESH, TH_CORE, TH_POND = "B/Q/2/F", "B/Q/4/G", "B/Q/1/G"
NITRATE, METAL = "F/J/A/C", "O/D/1/A"
ASSEMBLY = "620:95.5 700:4750.125 740:142.5 780:191"


def inside(start: str, end: str, **more: object) -> dict[str, object]:
    """Parties of a domestic transfer."""
    return {"shipper": f"XG/{start}", "receiver": f"XG/{end}", **more}


def mox_plant() -> Area:
    """Plutonium, depleted and natural uranium in one plant; waste that goes and comes."""
    area = Area("XG/XGM-/XGMA", 300, [
        ("B", PUO2, "PUO-1", 8, "700:40000.5 740:1200.25"),
        ("C", POWDER, "DUO-1", 0, "620:900.5 780:1801"),
        ("C", POWDER, "NAT-1", 0, "610:50 770:355.5"),
    ], kind="bulk")  # fmt: skip
    area.changes("20240301", "202401",
        ("RM", "20240115", "PUO-1", "700:19000.5 740:570",
         {"kmp": "4", "mdc": PUO2, "basis": "T"}),
        ("RM", "20240115", "DUO-1", "620:382 780:764", {"kmp": "4", "mdc": POWDER, "basis": "T"}),
        ("RP", "20240115", "MXP-1", "620:382 700:19000.5 740:570 780:764",
         {"kmp": "4", "mdc": POWDER}),
    )  # fmt: skip
    out = inside("XGMA", "XGLA", kmp="2", mdc=SAMPLE, items=1)
    area.changes("20240501", "202404",
        ("SD", "20240402", "STD-1", "610:0.5 770:3.555", out),
        ("SD", "20240409", "STD-1", "610:0.5 770:3.555", out | {"basis": "T"}),
        ("RD", "20240405", "STD-1", "610:0.5 770:3.555",
         inside("XGLA", "XGMA", mdc=SAMPLE, items=1, basis="N", shipper_batch="STD-1")),
        ("NE", "20240418", "BLD-1", "610:10 630:10000 670:71.1 770:71.1",
         {"kmp": "4", "mdc": POWDER}),
    )  # fmt: skip
    area.changes("20240730", "202406",
        ("LN", "20240630", "PUO-1", "700:6.5 740:6.5", {"kmp": "4", "mdc": PUO2, "items": 4}),
        notes=[(1, "DECAY OF PU-241 SINCE 2023.")],
    )  # fmt: skip
    waste = {"kmp": "3", "mdc": WASTE, "items": 2}
    abroad = {"shipper": "XG/XGMA", "receiver": "XB", "kmp": "2", "mdc": WASTE, "items": 1}
    area.changes("20241030", "202409",
        ("FW", "20240903", "WST-1", "620:1 780:2", waste | {"basis": "T", "items": 1}),
        ("TW", "20240903", "WST-1", "620:1.5 780:3", waste),
        ("SF", "20240904", "WST-1", "620:1 780:2", abroad | {"basis": "T"}),
    )  # fmt: skip
    there = inside("XGMA", "XGRA", kmp="2", mdc=MOX, items=1)
    area.changes("20250130", "202412",
        *(("SD", "20241220", f"MX-{n}", ASSEMBLY, there) for n in (1, 2, 3, 4)),
    )  # fmt: skip
    area.closing("20250130", YEAR, [
        ("B", PUO2, "PUO-1", "T", 4, "700:20993.5 740:623.75"),
        ("C", POWDER, "DUO-2", "M", 0, "620:517.25 780:1034.5"),
        ("C", POWDER, "NAT-1", "M", 0, "610:39.5"),
        ("E", SCRAP, "BLD-1", "M", 0, "630:9999.5 670:71.15"),
    ], with_book=False)  # fmt: skip
    area.changes("20250425", "202503",
        ("TW", "20241120", "WST-2", "620:0.25 780:0.5", {"status": "A/XG;304/4", **waste}),
        ("GA", "20250312", "FND-1", "620:0.1", {"kmp": "4", "mdc": SCRAP}),
    )  # fmt: skip
    area.correct_balance("20250425", YEAR, "TW FORGOTTEN IN REPORT 304 ADDED.")
    area.closing("20250730", HALF, [
        ("B", PUO2, "PUO-1", "M", 4, "700:20993 740:610"),
        ("C", POWDER, "DUO-2", "T", 0, "620:517.25 780:1034.5"),
        ("E", SCRAP, "FND-1", "T", 0, "620:0.1"),
        ("C", POWDER, "NAT-1", "T", 0, "610:39.5"),
        ("E", SCRAP, "BLD-1", "T", 0, "630:9999.5 670:71.15"),
    ])  # fmt: skip
    return area


def power_reactor() -> Area:
    """Assemblies that arrive after the inventory; an interim inventory; names that change."""
    area = Area("XG/XGR-/XGRA", 40, [
        ("B", CORE, "L-1", 1, "630:460112.3 670:19324.717"),
        ("B", CORE, "L-2", 1, "630:459988.7 670:19319.525"),
        ("C", POND, "S-1", 1, "630:438512.4 670:3651.2 700:4420.5"),
        ("C", POND, "S-2", 1, "620:436.5 700:4600.5"),
    ], kind="item")  # fmt: skip
    piece = inside("XGRA", "XGLA", kmp="3", mdc="V/Q/A/J", items=0)
    area.changes("20250130", "202412",
        ("RM", "20241216", "S-1", "630:400 670:3.33 700:4", {"kmp": "4", "basis": "T",
         "mdc": POND, "items": 0}),
        ("RP", "20241216", "PIN-1", "630:400 670:3.33 700:4", {"kmp": "4", "basis": "T",
         "mdc": "V/Q/A/J", "items": 0}),
        ("SD", "20241230", "PIN-1", "630:400 670:3.33 700:4", piece | {"basis": "T"}),
    )  # fmt: skip
    area.closing("20250130", YEAR, [
        ("B", CORE, "L-1", "L", 1, "630:460112.3 670:19324.717"),
        ("B", CORE, "L-2", "L", 1, "630:459988.7 670:19319.525"),
        ("C", POND, "S-1", "T", 1, "630:438112.4 670:3647.87 700:4416.5"),
        ("C", POND, "S-2", "T", 1, "620:436.5 700:4600.5"),
    ])  # fmt: skip
    arrival = inside("XGMA", "XGRA", mdc=MOX, items=1, basis="N")
    area.changes("20250302", "202501",
        *(("RD", "20250103", f"MX-{n}", ASSEMBLY, arrival | {"shipper_batch": f"MX-{n}"})
          for n in (1, 2, 3, 4)),
    )  # fmt: skip
    pond = {"kmp": "2", "mdc": POND, "items": 1}
    area.changes("20250410", "202503",
        ("ED", "20250303", "L-2", "620:436.2124 630:436212.4 670:2966.244", pond),
        ("NP", "20250303", "L-2", "700:5310.2", pond),
        ("LN", "20250303", "L-2", "630:23776.3 670:16353.281", pond),
        notes=[(3, "BURN-UP 53900 MWD/TU.")],
    )  # fmt: skip
    area.closing("20250430", SPRING, [
        ("A", MOX, "MX-4", "L", 1, ASSEMBLY),
        *(("B", CORE, f"MX-{n}", "L", 1, ASSEMBLY) for n in (1, 2, 3)),
        ("B", CORE, "L-1", "L", 1, "630:460112.3 670:19324.717"),
        ("C", POND, "L-2", "T", 1, "620:436.2124 700:5310.2"),
        ("C", POND, "S-1", "T", 1, "630:438112.4 670:3647.87 700:4416.5"),
        ("C", POND, "S-2", "T", 1, "620:436.5 700:4600.5"),
    ])  # fmt: skip
    rename = {"kmp": "4", "basis": "T", "mdc": POND, "items": 1}
    area.changes("20250730", "202506",
        ("RP", "20250605", "S-2-3", "620:436.5 700:4600.5", rename),
        ("RM", "20250605", "S-2", "620:436.5 700:4600.5", rename),
    )  # fmt: skip
    area.closing("20250730", SUMMER, [
        ("A", MOX, "MX-4", "L", 1, ASSEMBLY),
        *(("B", CORE, f"MX-{n}", "L", 1, ASSEMBLY) for n in (1, 2, 3)),
        ("B", CORE, "L-1", "L", 1, "630:460112.3 670:19324.717"),
        ("C", POND, "L-2", "M", 1, "620:436.2124 700:5310.2"),
        ("C", POND, "S-1", "T", 1, "630:438112.4 670:3647.87 700:4416.5"),
        ("C", POND, "S-2-3", "T", 1, "620:436.5 700:4600.5"),
    ])  # fmt: skip
    return area


def research_reactor() -> Area:
    """Highly enriched fuel: more U-235 is lost than uranium; no KMP was laid down."""
    area = Area("XG/XGH-/XGHA", 7, [
        ("&", HEU_FRESH, "FE-1", 1, "630:250.125 670:232.616"),
        ("&", HEU_CORE, "CE-1", 1, "630:240.5 670:222.1"),
        ("&", HEU_POND, "SE-1", 1, "630:180.75 670:150.5 700:1.1"),
    ], kind="item")  # fmt: skip
    pond = {"kmp": "&", "mdc": HEU_POND, "items": 1}
    area.changes("20240330", "202402",
        ("LN", "20240229", "CE-1", "630:68.8 670:83.26", pond),
        ("NP", "20240229", "CE-1", "700:0.02", pond),
    )  # fmt: skip
    abroad = {"shipper": "XG/XGHA", "receiver": "XB/XBCA", "kmp": "&", "mdc": "B/3/3/G"}
    area.changes("20241130", "202410",
        ("SF", "20241015", "SE-1", "630:180.75 670:150.5 700:1.1", abroad | {"items": 1}),
    )  # fmt: skip
    area.closing("20250130", YEAR, [
        ("&", HEU_FRESH, "FE-1", "L", 1, "630:250.125 670:232.616"),
        ("&", HEU_POND, "CE-1", "T", 1, "630:171.7 670:138.84 700:0.02"),
    ])  # fmt: skip
    area.closing("20250730", HALF, [
        ("&", HEU_CORE, "FE-1", "L", 1, "630:250.125 670:232.616"),
        ("&", HEU_POND, "CE-1", "L", 1, "630:171.7 670:138.84 700:0.02"),
    ])  # fmt: skip
    return area


def thorium_reactor() -> Area:
    """U-233 comes from thorium; its fissile weight is all of it."""
    area = Area("XG/XGT-/XGTA", 19, [
        ("A", TH_FRESH, "T-1", 1, "800:12.5"),
        ("B", TH_CORE, "T-2", 1, "800:12.4"),
        ("B", TH_CORE, "T-3", 1, "630:100 640:97.5 800:12.2"),
    ], kind="item")  # fmt: skip
    pond = {"kmp": "2", "mdc": TH_POND, "items": 1}
    area.changes("20240930", "202408",
        ("NP", "20240831", "T-2", "630:150.5 640:147.25", pond),
        ("LN", "20240831", "T-2", "800:0.2105", pond),
    )  # fmt: skip
    area.closing("20250130", YEAR, [
        ("A", TH_FRESH, "T-1", "L", 1, "800:12.5"),
        ("C", TH_POND, "T-2", "T", 1, "630:150.5 640:147.25 800:12.1895"),
        ("B", TH_CORE, "T-3", "L", 1, "630:100 640:97.5 800:12.2"),
    ])  # fmt: skip
    area.closing("20250730", HALF, [
        ("A", TH_FRESH, "T-1", "L", 1, "800:12.5"),
        ("C", TH_POND, "T-2", "T", 1, "630:150.5 640:147.25 800:12.1895"),
        ("B", TH_CORE, "T-3", "L", 1, "630:100 640:97.5 800:12.2"),
    ])  # fmt: skip
    return area


def laboratories() -> Area:
    """Exemptions that end at the limit; samples; sealed sources under both spellings."""
    area = Area("XG/XGL-/XGLA", 12, [
        ("C", "QS/O/H", "PUBE-1", 1, "700:80"),
        ("C", "Q/S/O/H", "PUBE-2", 1, "700:80"),
        ("B", NITRATE, "PU-LAB", 4, "700:200"),
        ("B", SAMPLE, "HEU-1", 2, "630:500 670:450"),
        ("B", SAMPLE, "LEU-1", 9, "630:43750 670:1750"),
        ("A", METAL, "DU-1", 2, "620:85"),
    ], kind="LOF")  # fmt: skip
    arrival = inside("XGMA", "XGLA", mdc=SAMPLE, items=1, basis="N", shipper_batch="STD-1")
    area.changes("20240530", "202404",
        ("RD", "20240403", "STD-1", "610:0.5 770:3.555", arrival),
        ("SD", "20240404", "STD-1", "610:0.5 770:3.555",
         inside("XGLA", "XGMA", kmp="2", mdc=SAMPLE, items=1, basis="L")),
        ("RD", "20240410", "STD-1-2", "610:0.5 770:3.555", arrival),
        ("DI", "20240420", "STD-1-2", "610:-0.002", {"mdc": SAMPLE, "items": 1}),
    )  # fmt: skip
    gone = {"kmp": "2", "basis": "L"}
    area.changes("20240805", "202407",
        ("EQ", "20240710", "PU-LAB", "700:200", gone | {"mdc": NITRATE, "items": 4}),
        ("EQ", "20240710", "HEU-1", "630:500 670:450", gone | {"mdc": SAMPLE, "items": 2}),
        ("EQ", "20240710", "LEU-1", "630:43750 670:1750", gone | {"mdc": SAMPLE, "items": 9}),
        ("EU", "20240711", "DU-1", "620:55", gone | {"mdc": METAL, "items": 1}),
    )  # fmt: skip
    area.closing("20250130", YEAR, [
        ("C", "Q/S/O/H", "PUBE-1", "L", 1, "700:80"),
        ("C", "QS/O/H", "PUBE-2", "L", 1, "700:80"),
        ("B", SAMPLE, "STD-1-2", "T", 1, "610:0.502"),
        ("A", METAL, "DU-1", "L", 1, "620:30"),
    ])  # fmt: skip
    pin = inside("XGRA", "XGLA", mdc="V/Q/A/J", items=0, basis="N", shipper_batch="PIN-1")
    area.changes("20250220", "202501",
        ("RD", "20250102", "PIN-XG-1", "630:400 670:3.33 700:4", pin),
    )  # fmt: skip
    area.changes("20250410", "202503",
        ("EQ", "20250311", "PUBE-1", "700:80", gone | {"mdc": "QS/O/H", "items": 1}),
        ("EQ", "20250311", "PUBE-2", "700:80", gone | {"mdc": "QS/O/H", "items": 1}),
        ("DQ", "20250311", "LEU-1", "630:20000 670:800",
         {"mdc": SAMPLE, "items": 4, "basis": "T"}),
        ("DI", "20250317", "PIN-XG-1", "700:-0.012", {"mdc": "V/Q/A/J"}),
    )  # fmt: skip
    area.closing("20250730", HALF, [
        ("B", SAMPLE, "LEU-1", "T", 4, "630:20000 670:800"),
        ("B", "V/Q/A/J", "PIN-XG-1", "T", 0, "630:400 670:3.33 700:4.012"),
        ("B", SAMPLE, "STD-1-2", "L", 1, "610:0.502"),
        ("A", METAL, "DU-1", "L", 1, "620:30"),
    ])  # fmt: skip
    return area


def empty_area() -> Area:
    """An area without material."""
    area = Area("XG/XGM-/XGEA", 4, [], kind="item")
    area.empty("20250130", YEAR)
    area.empty("20250730", HALF)
    return area


def main() -> None:
    """Write the set."""
    folder = Path(__file__).parent
    areas = [mox_plant(), power_reactor(), research_reactor(), thorium_reactor(), laboratories(),
             empty_area()]  # fmt: skip
    for area in areas:
        (folder / f"{area.mba}.txt").write_text("".join(area.texts), "ascii", newline="\n")
    context = {
        "country": "XG", "as_of": "20250801", "prior_pit": "20231231", "transit_limit_days": 30,
        "mbas": {area.mba: area.context() for area in areas},
    }  # fmt: skip
    waste = [{"category": "D", "element": "5", "fissile": "10"}]
    context["mbas"]["XGMA"]["retained_waste"] = waste
    (folder / "context.json").write_text(json.dumps(context, indent=1) + "\n", "ascii")


if __name__ == "__main__":
    main()
