"""State XH: unified uranium, whole grams, and everything that is odd about form; nothing is wrong.

Running this writes the reports and the context anew. README.md tells what to look at. What was
weighed stands here; the books are kept by ``../state-xc/balances.py``, not by keiryo.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "state-xc"))
from balances import Area

YEAR, HALF = "20240101/20241231", "20250101/20250630"
UF6, POWDER, LIQUID, SAMPLE, FRESH = "O/G/R/B", "G/Q/N/B", "U/2/5/E", "V/Q/A/B", "B/Q/2/F"
CORE, POND, THORIUM = "B/Q/4/G", "B/Q/1/G", "F/J/A/C"
REFERENCE = "\u0420\u042d\u0424-1"


def inside(start: str, end: str, **more: object) -> dict[str, object]:
    """Parties of a domestic transfer."""
    return {"shipper": f"XH/{start}", "receiver": f"XH/{end}", **more}


def fuel_plant() -> Area:
    """Reports in whole grams: adjustments of a gram, some for the fissile weight only."""
    area = Area("XH/XHF-/XHFA", 99, [
        ("B", UF6, "CYL-1", 1, "600:700.4 670:31.2"),
        ("C", POWDER, "PWD-1", 0, "600:300 670:13.3"),
    ], kind="bulk", rounds=True)  # fmt: skip
    abroad = {"shipper": "XB", "receiver": "XH/XHFA", "basis": "N", "mdc": UF6, "items": 1}
    area.changes("20240330", "202402",
        ("RF", "20240229", "CYL-2", "600:500.4 670:22.5", abroad | {"shipper_batch": "UNKNOWN"}),
    )  # fmt: skip
    out = inside("XHFA", "XHLA", kmp="2", mdc=SAMPLE, items=1)
    area.changes("20240730", "202406",
        *(("SD", "20240611", f"SMP-{n}", "600:200.4 670:8.8", out) for n in (1, 2, 3)),
    )  # fmt: skip
    area.closing("20250130", YEAR, [
        ("C", POWDER, "PWD-2", "M", 0, "600:898.9 670:40.6"),
    ])  # fmt: skip
    liquid = {"kmp": "3", "mdc": LIQUID}
    area.changes("20250330", "202502",
        ("LD", "20250210", "LIQ-1", "600:52.4 670:0.3", liquid),
        ("LD", "20250212", "LIQ-2", "600:1 670:0", liquid | {"status": "A/XH;100/2"}),
        notes=[(1, "RINSE WATER."), (2, "FORGOTTEN UNTIL THE ANALYSIS CAME.")],
    )  # fmt: skip
    area.closing("20250730", HALF, [
        ("C", POWDER, "PWD-2", "M", 0, "600:845.2 670:40.5"),
    ], with_book=False)  # fmt: skip
    return area


def reactor() -> Area:
    """Unified uranium knows no change of category, however much is burnt."""
    area = Area("XH/XHR-/XHRA", 9, [
        ("B", CORE, "A-1", 1, "600:460112.3 670:19324.717"),
        ("B", CORE, "A-2", 1, "600:459988.7 670:19319.525"),
        ("A", FRESH, "N-1", 1, "600:18500 670:131.535"),
    ], kind="item")  # fmt: skip
    pond = {"kmp": "2", "mdc": POND, "items": 1}
    area.changes("20240730", "202406",
        ("LN", "20240615", "A-2", "600:23776.3 670:16353.281", pond),
        ("NP", "20240615", "A-2", "700:5310.2", pond),
        notes=[(1, "BURN-UP 53900 MWD/TU.")],
    )  # fmt: skip
    area.closing("20250130", YEAR, [
        ("B", CORE, "A-1", "L", 1, "600:460112.3 670:19324.717"),
        ("C", POND, "A-2", "T", 1, "600:436212.4 670:2966.244 700:5310.2"),
        ("A", FRESH, "N-1", "L", 1, "600:18500 670:131.535"),
    ])  # fmt: skip
    area.closing("20250730", HALF, [
        ("B", CORE, "A-1", "L", 1, "600:460112.3 670:19324.717"),
        ("C", POND, "A-2", "L", 1, "600:436212.4 670:2966.244 700:5310.2"),
        ("B", CORE, "N-1", "L", 1, "600:18500 670:131.535"),
    ])  # fmt: skip
    return area


def laboratory() -> Area:
    """Receipts on rounded data, parts of a batch shipped apart, thorium back and forth."""
    area = Area("XH/XHL-/XHLA", 30, [
        ("B", THORIUM, "TH-1", 3, "800:3.5"),
        ("B", SAMPLE, "REF-1", 4, "600:20.5 670:0.9"),
    ], kind="LOF")  # fmt: skip
    got = inside("XHFA", "XHLA", mdc=SAMPLE, items=1, basis="N")
    area.changes("20240829", "202407",
        *(("RD", "20240711", f"LAB-{n}", "600:200 670:9", got | {"shipper_batch": f"SMP-{n}"})
          for n in (1, 2, 3)),
        ("DI", "20240730", "LAB-1", "600:-0.4 670:0.2", {"mdc": SAMPLE, "items": 1}),
    )  # fmt: skip
    part = {"kmp": "2", "mdc": THORIUM}
    out = inside("XHLA", "XHTA", basis="T", **part)
    area.changes("20241230", "202411",
        ("RM", "20241105", "TH-1", "800:2", part | {"basis": "T", "items": 2}),
        ("RP", "20241105", "TH-1A", "800:1.25", part | {"basis": "T", "items": 1}),
        ("RP", "20241105", "TH-1B", "800:0.75", part | {"basis": "T", "items": 1}),
        ("SD", "20241106", "TH-1A", "800:1.25", out | {"items": 1}),
        ("SD", "20241106", "TH-1B", "800:0.75", out | {"items": 1}),
    )  # fmt: skip
    area.closing("20250130", YEAR, [
        ("B", THORIUM, "TH-1", "T", 1, "800:1.5"),
        ("B", SAMPLE, "REF-1", "M", 4, "600:20.4 670:0.9"),
        ("B", SAMPLE, "LAB-1", "T", 1, "600:200.4 670:8.8"),
        ("B", SAMPLE, "LAB-2", "T", 1, "600:200 670:9"),
        ("B", SAMPLE, "LAB-3", "M", 0, "600:200 670:8.8"),
    ])  # fmt: skip
    area.changes("20250302", "202501",
        ("DI", "20250128", "LAB-2", "600:0.1 670:0.1", {"mdc": SAMPLE, "items": 1}),
    )  # fmt: skip
    area.closing("20250730", HALF, [
        ("B", THORIUM, "TH-1", "L", 1, "800:1.5"),
        ("B", SAMPLE, "REF-1", "L", 4, "600:20.4 670:0.9"),
        ("B", SAMPLE, "LAB-1", "L", 1, "600:200.4 670:8.8"),
        ("B", SAMPLE, "LAB-2", "T", 1, "600:199.9 670:8.9"),
        ("B", SAMPLE, "LAB-3", "T", 0, "600:200 670:8.8"),
    ])  # fmt: skip
    return area


def store() -> Area:
    """Receives in parts, corrects a description; one shipment is 30 days old."""
    area = Area("XH/XHT-/XHTA", 0, [("A", THORIUM, "T-OLD", 1, "800:4")], kind="item")
    part = inside("XHLA", "XHTA", mdc=THORIUM, basis="N", items=1)
    area.changes("20250130", "202412",
        ("RD", "20241203", "T-A", "800:1.25", part | {"shipper_batch": "TH-1A"}),
        ("RD", "20241204", "T-B", "800:0.75", part | {"shipper_batch": "TH-1B"}),
    )  # fmt: skip
    area.closing("20250130", YEAR, [
        ("A", THORIUM, "T-OLD", "L", 1, "800:4"),
        ("A", THORIUM, "T-A", "L", 1, "800:1.25"),
        ("A", THORIUM, "T-B", "L", 1, "800:0.75"),
    ])  # fmt: skip
    area.closing("20250730", HALF, [
        ("A", THORIUM, "T-OLD", "M", 1, "800:4"),
        ("A", THORIUM, "T-A", "L", 1, "800:1.25"),
        ("A", THORIUM, "T-B", "L", 1, "800:0.75"),
    ])  # fmt: skip
    there = inside("XHTA", "XHLA", kmp="2", mdc=THORIUM, items=1, basis="L")
    area.changes("20250731", "202507", ("SD", "20250702", "T-A", "800:1.25", there))
    return area


def short_dates(text: str) -> str:
    """Write every date of labels 003, 015 and 412 with six digits."""
    days = re.compile("20([0-9]{6})")
    return re.sub("(?:003|015|412):[^#]*#", lambda found: days.sub(r"\1", found[0]), text)


def other_order(text: str) -> str:
    """Write the elements of each record from the last to the second, one a line."""
    rows = [re.findall(r"[0-9]{3}:[^#]*#", line) for line in text.splitlines()]
    return "\n\n".join("\n".join([row[0], *reversed(row[1:])]) for row in rows) + "\n"


def parted(text: str, report: int, label: str) -> str:
    """Write the PB line of a balance as two records, one for each category."""
    lines, number, result = text.splitlines(), 0, []
    head = f"001:OI/XH;{report}#"
    total = sum(line.startswith(head) for line in lines)
    for line in lines:
        if not line.startswith(head):
            result.append(line)
            continue
        weights = re.findall(r"[678][0-9]0:[^#]*#", line)
        apart = [w for w in weights if w.startswith(label)] if "411:PB" in line else []
        for row in ([w for w in weights if w not in apart], apart):
            if row:
                number += 1
                count = f"1/{total + 1}" if number == 1 else str(number)
                start = re.split(r"#[678][0-9]0:", line)[0]
                start = re.sub(r"#002:[^#]*#", f"#002:{count}#", start)
                result.append(start + "#" + "".join(row))
    return "\n".join(result) + "\n"


def with_ignored_entry(text: str, report: int) -> str:
    """Put an entry of status U between the two of a report."""
    lines = text.splitlines()
    place = [n for n, line in enumerate(lines) if line.startswith(f"001:OI/XH;{report}#")]
    first, second = (lines[n] for n in place)
    ignored = re.sub(r"#309:N#.*", "#309:U#", second)
    lines[place[0]] = first.replace("#002:1/2#", "#002:1/3#")
    lines[place[1]] = second.replace("#002:2#", "#002:3#")
    lines.insert(place[1], ignored)
    return "\n".join(lines) + "\n"


def textual() -> str:
    """Two letters: one about a report of an area, one of the State without an area."""
    return (
        "001:NC/XH;38#002:1/2#003:20250801#010:I#099:E/31/1#207:XHL-#307:XHLA#"
        "391:SAMPLES WERE RECEIVED IN GOOD ORDER; SEE LETTER 5/2025.#\n"
        "001:NC/XH;38#002:2#003:20250801#010:I#099:E/31/1#207:XHL-#307:XHLA#"
        "391:NOTHING ELSE WAS FOUND (0.4 G).#\n"
        "001:NC/XH;1#002:1/1#003:20250801#010:T#391:THE STATE AUTHORITY MOVED IN JULY.#\n"
    )


def main() -> None:
    """Write the set."""
    folder = Path(__file__).parent
    areas = [fuel_plant(), reactor(), laboratory(), store()]
    files = {area.mba: "".join(area.texts) for area in areas}
    files["XHRA"] = other_order(with_ignored_entry(short_dates(files["XHRA"]), 10))
    files["XHLA"] = parted(files["XHLA"], 33, "800") + textual()
    files["XHLA"] = files["XHLA"].replace("#446:REF-1#", f"#445:R#446:{REFERENCE}#")
    files["XHRA"] = files["XHRA"].replace("099:E/1#", "099:R#")
    files["XHTA"] = re.sub(r"\bOI/", "\u00d8I/", files["XHTA"])
    files["XHFA"] = files["XHFA"].replace("#430:O/", "#430:\u00d8/")
    for mba, text in files.items():
        content = text.encode()
        if mba == "XHFA":
            content = b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n")
        elif mba == "XHTA":
            content = content.replace(b"\n", b"")
        (folder / f"{mba}.txt").write_bytes(content)
    context = {
        "country": "XH", "as_of": "20250801", "prior_pit": "20231231", "transit_limit_days": 30,
        "mbas": {area.mba: area.context() for area in areas},
    }  # fmt: skip
    for batch in context["mbas"]["XHLA"]["previous_physical_inventory"]:
        batch["batch"] = batch["batch"].replace("REF-1", REFERENCE)
    (folder / "context.json").write_text(json.dumps(context, indent=1) + "\n", "ascii")


if __name__ == "__main__":
    main()
