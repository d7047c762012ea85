"""State XC: seven areas, two physical inventories each; nothing in it is wrong.

Running this writes the reports and the context anew. README.md tells what to look at.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

from balances import Area, read, shown

FIRST, SECOND = "20230701/20240630", "20240701/20250630"
UF6, POWDER, PELLET, SCRAP = "O/G/R/B", "G/Q/N/B", "J/Q/7/B", "R/R/L/D"
LIQUID, WASTE, SAMPLE, FRESH = "U/2/5/E", "T/R/N/E", "V/Q/A/B", "B/Q/2/F"
CORE, POND, FLASK = "B/Q/4/G", "B/Q/1/G", "B/Q/3/G"
DRUM, METAL = "F/U/N/C", "O/D/1/A"
HEU_FRESH, HEU_CORE, HEU_POND, HEU_FLASK = "B/3/2/F", "B/3/4/G", "B/3/1/G", "B/3/3/G"
PU_POWDER = "F/Q/A/C"

FA_24 = ["630:461200.3 670:20523.41", "630:461190.4 670:20522.97",
         "630:461230.45 670:20524.75", "630:461180.2 670:20522.52"]  # fmt: skip
FA_25 = ["630:461195.4 670:20523.2", "630:461207.1 670:20523.7"]


def inside(start: str, end: str, **more: object) -> dict[str, object]:
    return {"shipper": f"XC/{start}", "receiver": f"XC/{end}", **more}


def rounded(content: str) -> str:
    """A rounded content, as the receiver books it."""
    return shown({k: Decimal(f"{v:.0f}") for k, v in read(content).items()})


def fuel_plant() -> Area:
    area = Area("XC/XCF-/XCFA", 200, [
        ("B", UF6, "CYL-23-01", 1, "630:1520300.4 670:66893.22"),
        ("C", POWDER, "PWD-23-05", 0, "630:640210.35 670:28169.26"),
        ("D", PELLET, "PEL-23-11", 0, "630:310150.45 670:13646.62"),
        ("E", SCRAP, "SCR-23-02", 0, "630:25100.3 670:1104.41"),
        ("C", POWDER, "NAT-23-01", 0, "610:250.46"),
        ("C", DRUM, "DEP-23-01", 1, "620:80.3"),
    ], kind="bulk", rounds=True)  # fmt: skip
    fuel_plant_first(area)
    fuel_plant_second(area)
    return area


def fuel_plant_first(area: Area) -> None:
    abroad = {"shipper": "XB/XBEA", "receiver": "XC/XCFA", "basis": "N", "items": 1, "mdc": UF6}
    liquid, waste = {"kmp": "3", "mdc": LIQUID}, {"kmp": "3", "mdc": WASTE}
    area.changes("20230912", "202308",
        ("RF", "20230810", "CYL-23-07", "630:1540210.4 670:67769.26",
         {"shipper_batch": "XBC-771", **abroad}),
        ("RF", "20230810", "CYL-23-08", "630:1538905.1 670:67711.84",
         {"shipper_batch": "XBC-772", **abroad}),
        ("RS", "20230822", "NAT-23-02", "610:400.46", {"mdc": "F/K/Q/C"}),
    )  # fmt: skip
    cylinder = {"mdc": UF6, "items": 1}
    area.changes("20231010", "202309",
        ("DI", "20230905", "CYL-23-07", "630:310.45 670:13.36", cylinder),
        ("DI", "20230905", "CYL-23-08", "630:-120.2 670:-5.3", cylinder),
        ("RM", "20230912", "CYL-23-01", "630:1520300.4 670:66893.22",
         {"kmp": "4", "basis": "T", **cylinder}),
        ("RM", "20230912", "SCR-23-02", "630:25100.3 670:1104.41",
         {"kmp": "4", "basis": "T", "mdc": SCRAP}),
        ("RP", "20230912", "PWD-23-09", "630:1545400 670:67997", {"kmp": "4", "mdc": POWDER}),
    )  # fmt: skip
    sample = inside("XCFA", "XCLA", kmp="2", mdc=SAMPLE, items=1)
    area.changes("20231108", "202310",
        ("LD", "20231004", "LIQ-23-01", "630:1120.4 670:53.27", liquid),
        ("NE", "20231011", "BLD-23-01", "610:15.46 630:15460.3 670:109.92 770:109.92",
         {"kmp": "4", "mdc": POWDER}),
        *(("SD", "20231017", f"SMP-23-{n}", "630:200.4 670:8.84", sample) for n in (1, 2, 3)),
        ("TW", "20231025", "WST-23-01", "630:2400.4 670:105.6", {"items": 3, **waste}),
    )  # fmt: skip
    scrap = {"shipper": "XC/XCFA", "receiver": "XB/XBCA", "kmp": "2", "mdc": SCRAP, "items": 2}
    area.changes("20240109", "202312",
        ("LD", "20231004", "LIQ-23-01", "630:1210.4 670:53.27", {"status": "C/XC;203/1", **liquid}),
        ("TW", "20231206", "WST-23-02", "630:52.3 670:0.4", {"items": 1, **waste}),
        ("SF", "20231212", "SCR-23-O5", "630:20000.4 670:880.3", scrap),
        notes=[(1, "TRANSPOSED DIGITS. WAS 1120 G U.")],
    )  # fmt: skip
    area.changes("20240122", "202312",
        ("", "", "", "", {"status": "D/XC;204/3"}),
        ("SF", "20231212", "SCR-23-05", "630:20000.4 670:880.3", scrap),
    )  # fmt: skip
    drum = inside("XCDA", "XCFA", mdc=DRUM, items=1, basis="N", shipper_batch="DU-02")
    area.changes("20240411", "202403",
        ("LD", "20231004", "LIQ-23-01", "630:1205.4 670:53.02", {"status": "C/XC;204/1", **liquid}),
        ("LD", "20231030", "LIQ-23-02", "630:20.4 670:0.83", {"status": "A/XC;203/7", **liquid}),
        ("RD", "20240312", "DUP-24-01", "620:50.25", {"as_shipped": True, **drum}),
        ("FW", "20240319", "WST-23-01", "630:800.3 670:35.2", {"basis": "T", "items": 1, **waste}),
        notes=[(1, "RESULT OF THE SECOND ANALYSIS.")],
    )  # fmt: skip
    assembly = inside("XCFA", "XCRA", kmp="2", mdc=FRESH, items=1)
    area.changes("20240709", "202406", *(
        ("SD", "20240628", f"FA-24-00{n}", content, assembly)
        for n, content in enumerate(FA_24, start=1)
    ))  # fmt: skip
    area.closing("20240722", FIRST, [
        ("B", UF6, "CYL-23-07", "T", 1, "630:1539899.95 670:67755.9"),
        ("B", UF6, "CYL-23-08", "T", 1, "630:1539025.3 670:67717.14"),
        ("C", POWDER, "PWD-24-02", "M", 0, "630:300500.5 670:12822.4"),
        ("D", PELLET, "PEL-24-03", "M", 0, "630:321801.4 670:13060.6"),
        ("E", SCRAP, "SCR-24-01", "M", 0, "630:20420.4 670:879.8"),
        ("C", POWDER, "NAT-24-01", "M", 0, "610:635.3"),
        ("C", DRUM, "DEP-23-01", "T", 1, "620:80.3"),
        ("C", DRUM, "DUP-24-01", "L", 1, "620:50.25", "as reported"),
    ])  # fmt: skip


def fuel_plant_second(area: Area) -> None:
    liquid, waste = {"kmp": "3", "mdc": LIQUID}, {"kmp": "3", "mdc": WASTE}
    abroad = {"shipper": "XB/XBEA", "receiver": "XC/XCFA", "basis": "N", "items": 1, "mdc": UF6}
    back = inside("XCLA", "XCFA", mdc="R/R/E/D", items=1, basis="N", shipper_batch="SMP-RET-1")
    area.changes("20240813", "202407",
        ("RF", "20240716", "CYL-24-03", "630:1541000.4 670:67804.02",
         {"shipper_batch": "XBC-803", **abroad}),
        ("RD", "20240725", "SCR-24-08", "630:150.35 670:6.62", {"as_shipped": True, **back}),
    )  # fmt: skip
    area.changes("20241003", "202409",
        ("TW", "20231025", "WST-23-01", "630:2410.4 670:106.04",
         {"status": "C/XC;203/6", "items": 3, **waste}),
        notes=[(1, "DRUMS MEASURED AGAIN. SEE REPORT 212 FOR THE BALANCE.")],
    )  # fmt: skip
    area.correct_balance("20241003", FIRST, "FOLLOWS THE CORRECTION OF ENTRY 203/6.")
    area.changes("20241210", "202411",
        ("DE", "20241106", "BLD-24-01", "620:20.4 630:20400.3 670:61.2 780:61.2",
         {"kmp": "4", "mdc": POWDER}),
        ("LD", "20241113", "LIQ-24-01", "630:880.6 670:38.5", liquid),
        ("TW", "20241120", "WST-24-01", "630:1500.5 670:66.4", {"items": 2, **waste}),
    )  # fmt: skip
    assembly = inside("XCFA", "XCRA", kmp="2", mdc=FRESH, items=1)
    area.changes("20250311", "202502",
        *(("SD", "20250210", f"FA-25-00{n}", content, assembly)
          for n, content in enumerate(FA_25, start=1)),
        ("GA", "20250218", "FND-25-1", "630:35.4 670:1.5", {"kmp": "3", "mdc": SCRAP}),
        notes=[(3, "FOUND BEHIND A GLOVE BOX.")],
    )  # fmt: skip
    area.changes("20250710", "202506",
        ("SD", "20250627", "SMP-25-1", "630:100.4 670:4.42",
         inside("XCFA", "XCLA", kmp="2", mdc=SAMPLE, items=1)),
    )  # fmt: skip
    area.closing("20250721", SECOND, [
        ("B", UF6, "CYL-23-08", "T", 1, "630:1539025.3 670:67717.14"),
        ("B", UF6, "CYL-24-03", "L", 1, "630:1541000.4 670:67804.02"),
        ("C", POWDER, "PWD-25-01", "M", 0, "630:601500.6 670:25210.4"),
        ("D", PELLET, "PEL-25-04", "M", 0, "630:640300.4 670:26700.3"),
        ("E", SCRAP, "SCR-25-01", "M", 0, "630:36801.5 670:1570.7"),
        ("C", POWDER, "NAT-25-01", "M", 0, "610:634.7"),
        ("C", DRUM, "DEP-25-01", "M", 1, "620:60.1"),
        ("C", DRUM, "DUP-24-01", "L", 1, "620:50.25", "as reported"),
    ])  # fmt: skip


def uranium_stores() -> list[Area]:
    """The depleted uranium store and the empty area beside it."""
    area = Area("XC/XCD-/XCDA", 50, [
        ("A", DRUM, "DU-01", 1, "620:50.5"),
        ("A", DRUM, "DU-02", 1, "620:50.25"),
        ("A", METAL, "DU-03", 4, "620:200.125"),
    ], kind="item")  # fmt: skip
    area.changes("20240409", "202403",
        ("SD", "20240308", "DU-02", "620:50.25",
         inside("XCDA", "XCFA", kmp="2", mdc=DRUM, items=1, basis="T")),
    )  # fmt: skip
    area.changes("20240612", "202405",
        ("RN", "20240521", "DU-04", "620:75.4", {"mdc": DRUM, "items": 1}),
    )  # fmt: skip
    area.closing("20240715", FIRST, [
        ("A", DRUM, "DU-01", "T", 1, "620:50.5"),
        ("A", METAL, "DU-03", "T", 4, "620:200.125"),
        ("A", DRUM, "DU-04", "T", 1, "620:75.4"),
    ])  # fmt: skip
    metal = {"kmp": "3", "mdc": METAL}
    area.changes("20241112", "202410",
        ("TU", "20241015", "DU-01", "620:50.5",
         {"kmp": "2", "mdc": DRUM, "items": 1, "basis": "T"}),
        ("RM", "20241022", "DU-03", "620:200.125", {"basis": "T", "items": 4, **metal}),
        ("RP", "20241022", "DU-03A", "620:150.1", {"items": 3, **metal}),
        ("RP", "20241022", "DU-03B", "620:50.025", {"items": 1, **metal}),
        notes=[(1, "TERMINATED BY DETERMINATION OF THE AGENCY. COUNTERWEIGHT.")],
    )  # fmt: skip
    area.closing("20250714", SECOND, [
        ("A", METAL, "DU-03A", "T", 3, "620:150.1"),
        ("A", METAL, "DU-03B", "T", 1, "620:50.025"),
        ("A", DRUM, "DU-04", "T", 1, "620:75.4"),
    ], with_book=False)  # fmt: skip
    empty = Area("XC/XCD-/XCDB", 10, [], kind="item")
    empty.empty("20240715", FIRST)
    empty.empty("20250714", SECOND)
    return [area, empty]


def research_reactor() -> Area:
    fresh = [("A", HEU_FRESH, f"FE-{n}", 1, "630:250.125 670:232.616") for n in (1, 2, 3)]
    area = Area("XC/XCH-/XCHA", 70, [
        *fresh,
        ("B", HEU_CORE, "CE-1", 1, "630:240.5 670:222.1"),
        ("B", HEU_CORE, "CE-2", 1, "630:245.25 670:228.05"),
        ("C", HEU_POND, "SE-1", 1, "630:180.75 670:150.5"),
    ], kind="item")  # fmt: skip
    pond = {"kmp": "2", "mdc": HEU_POND, "items": 1}
    area.changes("20240311", "202402",
        ("LN", "20240212", "CE-1", "630:68.8 670:83.26", pond),
        notes=[(1, "BURN-UP 37.5 PERCENT OF U-235. NO PLUTONIUM TO THE TENTH OF A GRAM.")],
    )  # fmt: skip
    area.changes("20240507", "202404",
        ("SF", "20240416", "SE-1", "630:180.75 670:150.5",
         {"kmp": "3", "mdc": HEU_FLASK, "items": 1, "basis": "T", "shipper": "XC/XCHA",
          "receiver": "XB"}),
    )  # fmt: skip
    area.closing("20240716", FIRST, [
        *(("A", HEU_FRESH, f"FE-{n}", "L", 1, "630:250.125 670:232.616") for n in (1, 2)),
        ("B", HEU_CORE, "FE-3", "L", 1, "630:250.125 670:232.616"),
        ("B", HEU_CORE, "CE-2", "T", 1, "630:245.25 670:228.05"),
        ("C", HEU_POND, "CE-1", "T", 1, "630:171.7 670:138.84"),
    ], with_book=False)  # fmt: skip
    area.changes("20241008", "202409",
        ("RF", "20240917", "FE-4", "630:250.2 670:232.7",
         {"mdc": HEU_FRESH, "items": 1, "basis": "N", "shipper": "XB", "receiver": "XC/XCHA",
          "shipper_batch": "UNKNOWN"}),
    )  # fmt: skip
    area.changes("20250110", "202412",
        ("LN", "20241210", "CE-2", "630:66.1 670:80.02", pond),
    )  # fmt: skip
    area.closing("20250717", SECOND, [
        *(("A", HEU_FRESH, f"FE-{n}", "L", 1, "630:250.125 670:232.616") for n in (1, 2)),
        ("B", HEU_CORE, "FE-3", "L", 1, "630:250.125 670:232.616"),
        ("B", HEU_CORE, "FE-4", "L", 1, "630:250.2 670:232.7"),
        ("C", HEU_POND, "CE-1", "T", 1, "630:171.7 670:138.84"),
        ("C", HEU_POND, "CE-2", "T", 1, "630:179.15 670:148.03"),
    ])  # fmt: skip
    return area


def power_reactor() -> Area:
    area = Area("XC/XCR-/XCRA", 30, [
        ("B", CORE, "A01", 1, "630:460112.3 670:19324.717"),
        ("B", CORE, "A02", 1, "630:459988.7 670:19319.525"),
        ("B", CORE, "A03", 1, "630:460050 670:19322.1"),
        ("C", POND, "P01", 1, "630:438512.4 670:3651.2 700:4420.5"),
        ("C", POND, "S-01", 1, "620:436.35 700:5290.4"),
        ("C", POND, "S-02", 1, "620:436.102 700:5301.7"),
    ], kind="item")  # fmt: skip
    pond = {"kmp": "2", "mdc": POND, "items": 1}
    area.changes("20231109", "202310",
        ("LN", "20231016", "A01", "630:18806.8 670:15706.012", pond),
        ("NP", "20231016", "A01", "700:4905.6", pond),
        notes=[(1, "BURN-UP A01 41200 MWD/TU.")],
    )  # fmt: skip
    kept = [
        ("C", POND, "A01", "T", 1, "630:441305.5 670:3618.705 700:4905.6"),
        ("C", POND, "P01", "T", 1, "630:438512.4 670:3651.2 700:4420.5"),
        ("C", POND, "S-02", "T", 1, "620:436.102 700:5301.7"),
        ("B", CORE, "A03", "L", 1, "630:460050 670:19322.1"),
    ]
    area.closing("20240719", FIRST, [
        *kept,
        ("B", CORE, "A02", "L", 1, "630:459988.7 670:19319.525"),
        ("C", POND, "S-01", "T", 1, "620:436.35 700:5290.4"),
    ])  # fmt: skip
    received = inside("XCFA", "XCRA", mdc=FRESH, items=1, basis="N")
    area.changes("20240808", "202407", *(
        ("RD", "20240703", f"FA-24-00{n}", rounded(content),
         {"shipper_batch": f"FA-24-00{n}", **received})
        for n, content in enumerate(FA_24, start=1)
    ))  # fmt: skip
    area.changes("20241112", "202410",
        ("LN", "20241018", "A02", "630:23776.3 670:16353.281", pond),
        ("NP", "20241018", "A02", "700:5310.2", pond),
        ("ED", "20241018", "A02", "620:436.2124 630:436212.4 670:2966.244 780:2966.244", pond),
    )  # fmt: skip
    area.changes("20241209", "202411",
        ("SD", "20241119", "S-01", "620:436.35 700:5290.4",
         inside("XCRA", "XCPA", kmp="3", mdc=FLASK, items=1, basis="T")),
    )  # fmt: skip
    area.changes("20250409", "202503", *(
        ("RD", "20250312", f"FA-25-00{n}", rounded(content),
         {"shipper_batch": f"FA-25-00{n}", **received})
        for n, content in enumerate(FA_25, start=1)
    ))  # fmt: skip
    area.closing("20250718", SECOND, [
        *kept,
        ("C", POND, "A02", "T", 1, "620:436.2124 700:5310.2"),
        *(("B", CORE, f"FA-24-00{n}", "L", 1, rounded(content))
          for n, content in enumerate(FA_24, start=1)),
        *(("A", FRESH, f"FA-25-00{n}", "L", 1, rounded(content))
          for n, content in enumerate(FA_25, start=1)),
    ])  # fmt: skip
    return area


def plutonium_plant() -> Area:
    isotopes = "700:1990.25 720:1290.5 730:480.2 740:180.1"
    area = Area("XC/XCP-/XCPA", 80, [
        ("A", PU_POWDER, "PU-01", 1, "700:2000.512"),
        ("A", PU_POWDER, "PU-02", 1, isotopes),
        ("A", PU_POWDER, "PU-03", 1, "700:2005.125"),
        ("A", PU_POWDER, "U3-01", 1, "630:12.345 640:12.301"),
        ("B", "F/Q/L/C", "TH-01", 2, "800:52.123"),
        ("B", "N/J/V/C", "REC-23", 0, "620:1200.5"),
    ], kind="bulk")  # fmt: skip
    powder = {"kmp": "4", "mdc": PU_POWDER, "items": 1}
    area.changes("20240208", "202401",
        ("RM", "20240117", "PU-03", "700:2005.125", {"basis": "T", **powder}),
        ("RP", "20240117", "PU-03A", "700:1005.125", powder),
        ("RP", "20240117", "PU-03B", "700:1000", powder),
    )  # fmt: skip
    area.changes("20240708", "202406",
        ("LN", "20240630", "PU-01", "700:0.812", {**powder, "kmp": "3"}),
        notes=[(1, "DECAY OF PU-241 SINCE SEPARATION.")],
    )  # fmt: skip
    kept = [
        ("A", PU_POWDER, "PU-01", "T", 1, "700:1999.7"),
        ("A", PU_POWDER, "PU-02", "L", 1, isotopes),
        ("A", PU_POWDER, "PU-03A", "T", 1, "700:1005.125"),
        ("A", PU_POWDER, "U3-01", "T", 1, "630:12.345 640:12.301"),
        ("B", "F/Q/L/C", "TH-01", "T", 2, "800:52.123"),
    ]
    area.closing("20240718", FIRST, [
        *kept,
        ("A", PU_POWDER, "PU-03B", "M", 1, "700:999.95"),
        ("B", "N/J/V/C", "REC-24", "M", 0, "620:1199.9"),
    ])  # fmt: skip
    area.changes("20241210", "202411",
        ("RD", "20241121", "S-01R", "620:436.35 700:5290.4",
         inside("XCRA", "XCPA", mdc=FLASK, items=1, basis="N", shipper_batch="S-01")),
    )  # fmt: skip
    area.changes("20250211", "202501",
        ("RM", "20250114", "S-01R", "620:436.35 700:5290.4",
         {"kmp": "4", "mdc": FLASK, "items": 1, "basis": "L"}),
        ("RP", "20250114", "SOL-25-1", "620:436.35 700:5290.4",
         {"kmp": "4", "mdc": "N/J/5/K", "basis": "L"}),
        ("DI", "20250128", "S-01R", "620:0.15 700:-3.2", {"mdc": FLASK, "items": 1}),
        ("TW", "20250129", "HLW-25-1", "620:0.3 700:4.5", {"kmp": "3", "mdc": "U/J/V/M"}),
        ("LA", "20250130", "PU-03B", "700:1.25", {"kmp": "3", "mdc": PU_POWDER}),
        notes=[(5, "SPILL IN CELL 4. SPECIAL REPORT SENT ON 31 JANUARY 2025.")],
    )  # fmt: skip
    area.closing("20250720", SECOND, [
        *kept,
        ("A", PU_POWDER, "PU-25-1", "M", 5, "700:5286.9"),
        ("A", PU_POWDER, "PU-03B", "M", 1, "700:998.65"),
        ("B", "N/J/V/C", "REC-25", "M", 0, "620:1635.7"),
    ])  # fmt: skip
    return area


def locations() -> Area:
    sources = [("C", "QS/O/H", "PUBE-1", "L", 1, "700:80"),
               ("C", "Q/S/O/H", "PUBE-2", "L", 1, "700:16")]  # fmt: skip
    area = Area("XC/XCL-/XCLA", 20, [
        ("A", METAL, "DU-SH-1", 1, "620:30"),
        ("A", METAL, "DU-SH-2", 2, "620:55"),
        ("B", "F/1/E/C", "NAT-LAB-1", 6, "610:2.5"),
        ("B", "F/J/A/C", "TH-NIT-1", 4, "800:1.2"),
        ("B", SAMPLE, "LEU-REF-1", 3, "630:12 670:0.534"),
        *((kmp, mdc, batch, items, content) for kmp, mdc, batch, _, items, content in sources),
    ], kind="LOF")  # fmt: skip
    received = inside("XCFA", "XCLA", mdc=SAMPLE, items=1, basis="N")
    area.changes("20231114", "202310",
        *(("RD", "20231019", f"LEU-S-{n}", "630:200 670:9",
           {"shipper_batch": f"SMP-23-{n}", **received}) for n in (1, 2, 3)),
        ("DI", "20231026", "LEU-S-1", "630:-0.35 670:-0.02", {"mdc": SAMPLE, "items": 1}),
    )  # fmt: skip
    natural = {"kmp": "2", "mdc": "F/1/E/C"}
    area.changes("20240207", "202401",
        ("EU", "20240116", "DU-SH-1", "620:30",
         {"kmp": "2", "mdc": METAL, "items": 1, "basis": "L"}),
        ("EQ", "20240118", "NAT-LAB-1", "610:1.5", {"items": 3, "basis": "L", **natural}),
        notes=[(1, "EXEMPTED UNDER ARTICLE 36(B). RADIOGRAPHY SHIELD.")],
    )  # fmt: skip
    area.changes("20240410", "202403",
        ("DQ", "20240313", "NAT-LAB-1", "610:0.5", {"items": 1, "basis": "L", **natural}),
    )  # fmt: skip
    kept = [
        ("A", METAL, "DU-SH-2", "L", 2, "620:55"),
        ("B", SAMPLE, "LEU-REF-1", "L", 3, "630:12 670:0.534"),
        ("B", SAMPLE, "LEU-S-2", "L", 1, "630:200 670:9"),
        ("B", SAMPLE, "LEU-S-3", "L", 1, "630:200 670:9"),
        *sources,
    ]
    area.closing("20240618", "20230701/20240531", [
        *kept,
        ("B", "F/1/E/C", "NAT-LAB-1", "M", 4, "610:1.498"),
        ("B", "F/J/A/C", "TH-NIT-1", "L", 4, "800:1.2"),
        ("B", SAMPLE, "LEU-S-1", "T", 1, "630:200.35 670:9.02"),
    ])  # fmt: skip
    area.changes("20240808", "202407",
        ("RM", "20240722", "LEU-S-1", "630:150.35 670:6.62",
         {"kmp": "2", "mdc": SAMPLE, "items": 1, "basis": "T"}),
        ("RP", "20240722", "SMP-RET-1", "630:150.35 670:6.62",
         {"kmp": "2", "mdc": "R/R/E/D", "items": 1}),
        ("SD", "20240723", "SMP-RET-1", "630:150.35 670:6.62",
         inside("XCLA", "XCFA", kmp="2", mdc="R/R/E/D", items=1, basis="T")),
    )  # fmt: skip
    area.changes("20241009", "202409",
        ("DU", "20240910", "DU-SH-1", "620:30", {"mdc": METAL, "items": 1, "basis": "L"}),
        ("GA", "20240918", "NAT-FND-1", "610:0.35", {"mdc": "F/1/E/C", "items": 2}),
        notes=[(2, "FOUND DURING A LABORATORY CLEAR-OUT.")],
    )  # fmt: skip
    area.changes("20250408", "202503",
        ("TU", "20250311", "TH-NIT-1", "800:0.2",
         {"kmp": "2", "mdc": "F/J/A/C", "items": 1, "basis": "L"}),
    )  # fmt: skip
    area.closing("20250617", "20240601/20250531", [
        *kept,
        ("A", METAL, "DU-SH-1", "L", 1, "620:30"),
        ("B", "F/1/E/C", "NAT-LAB-1", "M", 4, "610:1.498"),
        ("B", "F/1/E/C", "NAT-FND-1", "T", 2, "610:0.35"),
        ("B", "F/J/A/C", "TH-NIT-1", "L", 3, "800:1"),
        ("B", SAMPLE, "LEU-S-1", "T", 1, "630:50 670:2.4"),
    ], with_book=False)  # fmt: skip
    return area


def unusual(areas: dict[str, Area]) -> None:
    """Spell some reports in ways that are unusual and allowed."""
    reactor = areas["XCRA"].texts  # dates of six digits
    reactor[3] = re.sub(r"(#(?:003|412):|#015:|/)20(\d{6})(?=[#/])", r"\1\2", reactor[3])
    fuel = areas["XCFA"].texts  # labels in another order, records over several lines
    fuel[2] = re.sub(
        r"(#003:.*?)(#207:.*?)(#309:.*)#\n",
        lambda found: found[3] + "\n" + found[2] + "#\r\n   " + found[1][1:] + "#\n",
        fuel[2],
    ).replace("\n#", "#\n")
    shield = areas["XCLA"].texts  # a note on the whole report, without 099
    shield[6] += (
        "001:NC/XC;27#002:2#003:20241009#207:XCL-#307:XCLA#"
        "391:DU-SH-1 IS BACK IN USE AS SAFEGUARDED MATERIAL.#\n"
    )
    shield[6] = re.sub("(001:NC/XC;27#002:1)/1#", r"\1/2#", shield[6])
    areas["XCFA"].number += 1  # a textual report
    fuel.append(
        "001:NC/XC;218#002:1/2#003:20250722#010:T#207:XCF-#307:XCFA#"
        "391:THE WEIGHING CELL WAS REPLACED IN MAY 2025; SEE LETTER 14/2025.#\n"
        "001:NC/XC;218#002:2#003:20250722#010:T#207:XCF-#307:XCFA#"
        "391:NO CHANGE OF THE DESIGN INFORMATION.#\n"
    )


def main() -> None:
    areas = {a.mba: a for a in (fuel_plant(), *uranium_stores(), research_reactor(),
                                power_reactor(), plutonium_plant(), locations())}  # fmt: skip
    unusual(areas)
    context = {
        "country": "XC", "as_of": "20250725", "prior_pit": "20230630", "transit_limit_days": 30,
        "mbas": {mba: area.context() for mba, area in areas.items()},
    }  # fmt: skip
    folder = Path(__file__).parent
    for mba, area in areas.items():
        (folder / f"{mba}.txt").write_bytes("".join(area.texts).encode("ascii"))
    (folder / "context.json").write_text(json.dumps(context, indent=1) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
