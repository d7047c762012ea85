"""State XC: rounded reports, a correction that reaches into a reported period."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import making as m

FUEL, PLUTONIUM = "XC/XCF-/XCFA", "XC/XCP-/XCPA"
UF6, POWDER, WASTE, SAMPLE = "O/G/R/B", "G/Q/N/B", "T/R/N/E", "V/Q/A/B"
YEAR = "20240701/20250630"
TO = {"shipper": "XC/XCFA", "receiver": "XC/XCPA"}
FROM_B = {"shipper": "XB/XBEA", "receiver": "XC/XCFA", "basis": "N", "items": 1, "mdc": UF6}


def whole(content: str) -> str:
    """Round each category of a content."""
    sums = m.rounded(m.pairs(content))
    return "; ".join(
        f"{letter} {m.plain(e)}" + ("" if f is None else f" {m.plain(f)}")
        for letter, (e, f) in sums.items()
    )


def labels(content: str) -> str:
    return m.labelled(m.pairs(whole(content)))


# What was weighed, unrounded: one text for each entry or batch.
OPENING = {
    "HEU-01": "E 1200.4 1116.372",
    "LEU-01": "E 50200.35 2208.815",
    "LEU-02": "E 10100.45 444.42",
    "NAT-01": "N 120.46",
}
RECEIPTS = ["E 20500.4 902.4"] * 3 + ["E 500.6 465.6"]
SHIPMENTS = ["E 200.4 8.4"] * 3
LISTING = {
    "HEU-01": "E 1700.5 1581.6",
    "LEU-11": "E 60100.5 2644.4",
    "LEU-12": "E 60000.5 2640.5",
    "LEU-13": "E 13500.45 136.5",
    "NAT-01": "N 107.5",
}
TERMS = {
    "PB": list(OPENING.values()),
    "RF": RECEIPTS,
    "FW": ["E 5.4 0.2"],
    "NE": ["N 12.46; E 12460.4 88.59"],
    "SD": SHIPMENTS,
    "LD": ["E 10.5 0.5", "E 20.5 0.5"],
    "TW": ["E 30.3 1.3"],
    "DI": ["E 1.6 0.4"],
    "PE": list(LISTING.values()),
}
BEFORE = TERMS | {"LD": ["E 15.4 0.7", "E 20.5 0.5"]}
REPORTED_OPENING = m.pairs("E 61501 3770; N 120")

PU_OPENING = {"PU-1": "P 2000.5", "PU-2": "P 1050.5", "DU-1": "D 3.4"}
PU_LISTING = {
    "PU-3": "P 1000.5",
    "PU-4": "P 1000.5",
    "PU-5": "P 1048.7",
    "MIX-1": "E 600.6 24.1",
    "DU-1": "D 3.4",
}
PU_TERMS = {
    "PB": list(PU_OPENING.values()),
    "RD": ["E 200 8"] * 3,  # booked on the shipper's data, as reported
    "LD": ["P 0.4"],
    "DI": ["E -0.7 -0.1"],
    "PE": list(PU_LISTING.values()),
}
PU_REPORTED_OPENING = m.pairs("P 3051; D 3")


def ordered(lines):
    codes = ["PB", "RF", "RD", "FW", "NE", "SD", "LD", "TW", "BE", "DI", "BA", "PE", "MF"]
    return {code: lines[code] for code in [*codes, *(c for c in lines if c[:2] == "RA")]
            if code in lines}  # fmt: skip


def corrected_lines(old, new, reference):
    """Entries that turn a reported balance into another."""
    entries, number = [], len(old)
    place = {code: n for n, code in enumerate(old, start=1)}
    for code in {**old, **new}:
        if code not in new:
            entries.append(m.deleted(f"{reference}/{place[code]}"))
        elif code not in old:
            number += 1
            entries.append(m.line(code, m.labelled(new[code]), status=f"A/{reference}/{number}"))
        elif old[code] != new[code]:
            status = f"C/{reference}/{place[code]}"
            entries.append(m.line(code, m.labelled(new[code]), status=status))
    return entries


def reported(terms):
    """The books of a rounding State: the entries as reported, rounded one by one."""
    return {code: m.added(whole(content) for content in contents)
            for code, contents in terms.items()}  # fmt: skip


def fuel_reports(old, new):
    texts = {}
    rf = [
        m.change("RF", "20240905", f"CYL-{n}", labels(content), shipper_batch=f"B-{n}", **FROM_B)
        for n, content in enumerate(RECEIPTS, start=1)
    ]
    texts["41.txt"] = m.report(FUEL, 41, "I", "20241010", "20240901/20240930", rf)
    sd = [
        m.change("SD", "20241015", f"SMP-{n}", labels(content), kmp="2", mdc=SAMPLE, items=1, **TO)
        for n, content in enumerate(SHIPMENTS, start=1)
    ]
    blend = {"kmp": "4", "mdc": POWDER}
    ne = m.change("NE", "20241017", "BLD-1", "610:13 630:13400 670:95 770:95", **blend)
    ld = m.change("LD", "20241021", "LIQ-1", "630:15 670:1", kmp="3", mdc="U/2/5/E")
    texts["42.txt"] = m.report(FUEL, 42, "I", "20241112", "20241001/20241031", [*sd, ne, ld])
    waste = {"kmp": "3", "mdc": WASTE, "items": 1}
    texts["43.txt"] = m.report(FUEL, 43, "I", "20241210", "20241101/20241130", [
        m.change("LD", "20241107", "LIQ-2", labels("E 20.5 0.5"), kmp="3", mdc="U/2/5/E"),
        m.change("TW", "20241112", "WST-1", labels("E 30.3 1.3"), **waste),
        m.change("TW", "20241112", "WST-2", labels("E 12.2 0.5"), **waste),
    ])  # fmt: skip
    texts["44.txt"] = m.report(FUEL, 44, "I", "20250110", "20241201/20241231", [
        m.change("NE", "20241017", "BLD-1", "610:12 630:12400 670:88 770:88",
                 status="C/XC;42/4", **blend),
        m.deleted("XC;43/3"),
        m.change("DI", "20241203", "CYL-1", labels("E 1.6 0.4"), mdc=UF6, items=1),
    ])  # fmt: skip
    texts["45.txt"] = m.report(FUEL, 45, "I", "20250210", "20250101/20250131", [
        m.change("NE", "20241017", "BLD-1", labels("N 12.46; E 12460.4 88.59") + " 770:89",
                 status="C/XC;44/1", **blend),
        m.change("FW", "20241120", "WST-0", labels("E 5.4 0.2"), status="A/XC;43/4",
                 kmp="3", mdc=WASTE, basis="T", items=1),
    ])  # fmt: skip
    lines = [m.line(code, m.labelled(sums)) for code, sums in old.items()]
    texts["46.txt"] = m.report(FUEL, 46, "M", "20250720", YEAR, lines)
    texts["47.txt"] = m.report(FUEL, 47, "P", "20250720", "20250630", [
        m.listed(batch, labels(content), mdc=POWDER) for batch, content in LISTING.items()
    ])  # fmt: skip
    again = m.change("LD", "20241021", "LIQ-1", labels("E 10.5 0.5"), kmp="3", mdc="U/2/5/E",
                     status="C/XC;42/5", note=True)  # fmt: skip
    note = [(1, "RESULT OF THE SECOND ANALYSIS.")]
    texts["48.txt"] = m.report(FUEL, 48, "I", "20250915", "20250801/20250831", [again], note)
    entries = corrected_lines(old, new, "XC;46")
    texts["49.txt"] = m.report(FUEL, 49, "M", "20250918", YEAR, entries)
    return texts


def plutonium_reports(lines):
    texts = {}
    rd = [
        m.change("RD", "20241018", f"FROM-F-{n}", labels(content), shipper_batch=f"SMP-{n}",
                 mdc=SAMPLE, items=1, basis="N", **TO)
        for n, content in enumerate(SHIPMENTS, start=1)
    ]  # fmt: skip
    texts["11.txt"] = m.report(PLUTONIUM, 11, "I", "20241115", "20241001/20241031", rd)
    texts["12.txt"] = m.report(PLUTONIUM, 12, "I", "20250215", "20250101/20250131", [
        m.change("LD", "20250107", "LIQ-P", labels("P 0.4"), kmp="3", mdc="U/J/5/E"),
        m.change("DI", "20250108", "FROM-F-1", labels("E -0.7 -0.1"), mdc=SAMPLE, items=1),
    ])  # fmt: skip
    texts["13.txt"] = m.report(PLUTONIUM, 13, "M", "20250721", YEAR, [
        m.line(code, m.labelled(sums)) for code, sums in lines.items()
    ])  # fmt: skip
    texts["14.txt"] = m.report(PLUTONIUM, 14, "P", "20250721", "20250630", [
        m.listed(batch, labels(content), mdc=POWDER) for batch, content in PU_LISTING.items()
    ])  # fmt: skip
    return texts


def context_area(facility, last, opening, ending):
    inventory = []
    for batch, content in opening.items():
        weights = dict(pair.split(":") for pair in m.labelled(m.pairs(content)).split())
        inventory.append({"kmp": "A", "mdc": POWDER, "batch": batch, "basis": "T", "items": 0,
                          "weights": weights})  # fmt: skip
    return {
        "facility": facility, "type": "bulk", "batch_follow_up": False, "last_report_no": last,
        "earlier_reports_entry_count": {}, "previous_physical_inventory": inventory,
        "previous_PE": m.shown_sums(ending),
    }  # fmt: skip


def main():
    old = ordered(m.rounded_balance(BEFORE, REPORTED_OPENING))
    new = ordered(m.rounded_balance(TERMS, REPORTED_OPENING))
    pu = ordered(m.rounded_balance(PU_TERMS, PU_REPORTED_OPENING))
    texts = fuel_reports(old, new) | plutonium_reports(pu)
    # Between the correction of the entry and that of the balance only the books can tell.
    books = m.balanced(reported(TERMS) | {"PB": REPORTED_OPENING})
    first = {"PB": REPORTED_OPENING} | {
        code: sums for code, sums in reported(BEFORE).items() if code not in ("PB", "PE")
    }
    first["NE"] = m.pairs("N 12; E 12400 88")
    del first["FW"]
    january = m.balanced(first)
    del first["DI"]
    first["NE"] = m.pairs("N 13; E 13400 95")
    first["TW"] = m.added(["E 30 1", "E 12 1"])
    december = m.balanced(first)
    transfers = ("SD", "RD", "RASD")  # nothing is left in transit
    state = {
        code: m.plus(new.get(code, {}), pu.get(code, {}))
        for code in {**new, **pu} if code not in transfers
    }  # fmt: skip
    both = {code: {k: v for k, v in sums.items() if any(v)} if code.startswith("RA") else sums
            for code, sums in state.items()}  # fmt: skip
    balances = [
        {"mba": "XCFA", "source": "report", "lines": m.shown(new)},
        {"mba": "XCFA", "known_on": "2025-09-17", "lines": m.shown(books)},
        {"mba": "XCFA", "known_on": "2025-09-14", "source": "report", "lines": m.shown(old)},
        {"mba": "XCFA", "known_on": "2025-01-10", "lines": m.shown(january)},
        {"mba": "XCFA", "known_on": "2024-12-31", "lines": m.shown(december)},
        {"mba": "XCPA", "source": "report", "lines": m.shown(pu)},
    ]
    listing = m.added(whole(content) for content in LISTING.values())
    keys = [f"XC/XCFA/{n}" for n in range(41, 50)] + [f"XC/XCPA/{n}" for n in range(11, 15)]
    expected = {
        "country": "XC",
        "imports": [{"reports": {key: ["accepted", []] for key in keys}, "open_findings": []}],
        "balances": balances,
        "states": [{"lines": m.shown(both)}],
        "inventories": [
            {"mba": "XCFA", "on": "2025-06-30", "totals": m.shown_sums(dict(sorted(
                listing.items(), key=lambda pair: "NDEUPT".index(pair[0]))))},
        ],
    }  # fmt: skip
    context = {
        "country": "XC", "as_of": "20250930", "prior_pit": "20240630", "transit_limit_days": 30,
        "mbas": {
            "XCFA": context_area("XCF-", 40, OPENING, REPORTED_OPENING),
            "XCPA": context_area("XCP-", 10, PU_OPENING, PU_REPORTED_OPENING),
        },
    }  # fmt: skip
    m.write(Path(__file__).parent, texts, context, expected)


if __name__ == "__main__":
    main()
