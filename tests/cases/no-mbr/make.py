"""State XE: listings without balance reports, an empty area, two periods in one set."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import making as m

PLANT, STORE, LABORATORY = "XE/XEA-/XEAA", "XE/XEB-/XEBA", "XE/XEC-/XECA"
POWDER, SOURCE, SOLUTION = "G/Q/N/B", "QS/O/H", "N/J/A/C"
OPENING = {"LEU-1": "E 1000 45", "NAT-1": "N 50"}
MIDDLE = {"LEU-2": "E 1499 67.4", "NAT-1": "N 49.9"}
ENDING = {"LEU-3": "E 1297.75 58.25", "NAT-1": "N 49.9"}
LAB = {"PUBE-1": "P 80", "TH-1": "T 1.2"}
LAB_LATER = {"PUBE-1": "P 80", "TH-1": "T 1.199"}
Y2024, Y2025 = "20240101/20241231", "20250101/20251231"


def labels(content):
    return m.labelled(m.pairs(content))


def listing(contents, mdcs, basis="M", items=0):
    return [
        m.listed(batch, labels(content), mdc=mdc, basis=basis, items=items)
        for (batch, content), mdc in zip(contents.items(), mdcs, strict=True)
    ]


def one_by_one(lines, letters):
    """Balance lines, a record of its own for each category."""
    return [
        m.line(code, m.labelled({letter: sums[letter]}))
        for code, sums in lines.items() for letter in letters if letter in sums
    ]  # fmt: skip


def plant_reports(second):
    texts = {}
    receipt = {"shipper": "XB/XBEA", "receiver": "XE/XEAA", "shipper_batch": "B-1", "basis": "N"}
    texts["21.txt"] = m.report(PLANT, 21, "I", "20240510", "20240401/20240430", [
        m.change("RF", "20240403", "LEU-R", "630:500.5 670:22.5", mdc=POWDER, **receipt),
        m.change("DI", "20240420", "LEU-R", "630:0.25 670:-0.01", mdc=POWDER),
    ])  # fmt: skip
    texts["22.txt"] = m.report(PLANT, 22, "I", "20240808", "20240701/20240731", [
        m.change("LD", "20240718", "LIQ-1", "630:0.5 670:0.02", kmp="3", mdc="U/J/5/E"),
    ])  # fmt: skip
    texts["23.txt"] = m.report(PLANT, 23, "P", "20250120", "20241231",
                               listing(MIDDLE, (POWDER, POWDER)))  # fmt: skip
    texts["24.txt"] = m.report(PLANT, 24, "I", "20250408", "20250301/20250331", [
        m.change("LA", "20250311", "LEU-L", "630:1 670:0.05", kmp="3", mdc=POWDER),
        m.change("LD", "20240718", "LIQ-1", "630:0.75 670:0.03", kmp="3", mdc="U/J/5/E",
                 status="C/XE;22/1"),
    ])  # fmt: skip
    texts["25.txt"] = m.report(PLANT, 25, "I", "20250910", "20250801/20250831", [
        m.change("SF", "20250822", "LEU-S", "630:200 670:9", kmp="2", mdc=POWDER,
                 shipper="XE/XEAA", receiver="XB"),
    ])  # fmt: skip
    texts["26.txt"] = m.report(PLANT, 26, "M", "20260118", Y2025, one_by_one(second, "NE"))
    texts["27.txt"] = m.report(PLANT, 27, "P", "20260118", "20250101/20251231",
                               listing(ENDING, (POWDER, POWDER)))  # fmt: skip
    return texts


def other_reports(first, second):
    texts = {}
    texts["store.txt"] = (
        m.report(STORE, 1, "M", "20250115", Y2024, [m.EMPTY])
        + m.report(STORE, 2, "P", "20250115", "20241231", [m.EMPTY])
        + m.report(STORE, 3, "P", "20260115", "20251231", [m.EMPTY])
    )
    mdcs = (SOURCE, SOLUTION)
    texts["laboratory.txt"] = (
        m.report(LABORATORY, 7, "M", "20250110", Y2024,
                 [m.line(code, m.labelled(sums)) for code, sums in first.items()])
        + m.report(LABORATORY, 8, "P", "20250110", "20241231", listing(LAB, mdcs, "L", 1))
        + m.report(LABORATORY, 9, "M", "20260110", Y2025,
                   [m.line(code, m.labelled(sums)) for code, sums in second.items()])
        + m.report(LABORATORY, 10, "P", "20260110", "20251231", listing(LAB_LATER, mdcs, "M", 1))
    )  # fmt: skip
    return texts


def balanced(**terms):
    return m.balanced({code: m.added(contents) for code, contents in terms.items()})


def area(facility, kind, opening, mdcs, last):
    inventory = [
        {"kmp": "A", "mdc": mdc, "batch": batch, "basis": "T", "items": int(kind == "LOF"),
         "weights": dict(pair.split(":") for pair in labels(content).split())}
        for (batch, content), mdc in zip(opening.items(), mdcs, strict=True)
    ]  # fmt: skip
    found = {"facility": facility, "type": kind, "earlier_reports_entry_count": {},
             "previous_physical_inventory": inventory,
             "previous_PE": m.shown_sums(m.added(opening.values()))}  # fmt: skip
    return found if last is None else found | {"last_report_no": last}


def main():
    opening, middle, ending = (list(x.values()) for x in (OPENING, MIDDLE, ENDING))
    arrived = {"RF": ["E 500.5 22.5"], "DI": ["E 0.25 -0.01"]}
    first = balanced(PB=opening, LD=["E 0.75 0.03"], PE=middle, **arrived)
    first_keyed = balanced(PB=opening, LD=["E 0.5 0.02"], PE=middle, **arrived)
    not_listed = balanced(PB=opening, LD=["E 0.5 0.02"], **arrived)
    moved = {"SF": ["E 200 9"], "LA": ["E 1 0.05"]}
    second = balanced(PB=middle, PE=ending, **moved)
    both = balanced(PB=opening, PE=ending, LD=["E 0.75 0.03"], **arrived, **moved)
    lab_first = balanced(PB=LAB.values(), PE=LAB.values())
    lab_second = balanced(PB=LAB.values(), PE=LAB_LATER.values())
    state = {code: m.plus(second.get(code, {}), lab_second.get(code, {}))
             for code in {**second, **lab_second}}  # fmt: skip
    numbers = {"XEAA": range(21, 28), "XEBA": range(1, 4), "XECA": range(7, 11)}
    keys = [f"XE/{mba}/{n}" for mba, some in numbers.items() for n in some]
    expected = {
        "country": "XE",
        "imports": [{
            "reports": {key: ["accepted", []] for key in keys},
            "open_findings": [["MBR-MISSING", "XEAA", "23", None],
                              ["MBR-MISSING", "XEBA", "3", None]],
        }],
        "balances": [
            {"mba": "XEAA", "lines": m.shown(second)},
            {"mba": "XEAA", "from": "2024-01-01", "lines": m.shown(first)},
            {"mba": "XEAA", "to": "2024-12-31", "known_on": "2025-04-07",
             "lines": m.shown(first_keyed)},
            {"mba": "XEAA", "known_on": "2025-03-01", "lines": m.shown(first_keyed)},
            {"mba": "XEAA", "known_on": "2025-01-19", "lines": m.shown(not_listed)},
            {"mba": "XEAA", "from": "2024-01-01", "to": "2025-12-31", "lines": m.shown(both)},
            {"mba": "XEBA", "lines": {}},
            {"mba": "XEBA", "to": "2024-12-31", "lines": {}},
            {"mba": "XECA", "lines": m.shown(lab_second)},
            {"mba": "XECA", "to": "2024-12-31", "lines": m.shown(lab_first)},
        ],
        "states": [{"from": "2025-01-01", "to": "2025-12-31", "lines": m.shown(state)}],
        "inventories": [
            {"mba": "XEAA", "on": "2025-06-30",
             "totals": {"N": {"element": "49.9"}, "E": {"element": "1498", "fissile": "67.35"}}},
            {"mba": "XEBA", "on": "2025-12-31", "totals": {}, "batches": [],
             "effective_kg": "0", "effective_kg_assumed": False},
            {"mba": "XECA", "on": "2025-12-31",
             "totals": {"P": {"element": "80"}, "T": {"element": "1.199"}},
             "batches": [["PUBE-1", "P", 1, "80", None], ["TH-1", "T", 1, "1.199", None]],
             "effective_kg": "0.08005995"},
        ],
    }  # fmt: skip
    context = {
        "country": "XE", "as_of": "20260131", "prior_pit": "20231231",
        "mbas": {
            "XEAA": area("XEA-", "bulk", OPENING, (POWDER, POWDER), 20),
            "XEBA": area("XEB-", "item", {}, (), 0),
            "XECA": area("XEC-", "LOF", LAB, (SOURCE, SOLUTION), None),
        },
    }  # fmt: skip
    m.write(Path(__file__).parent, plant_reports(second) | other_reports(lab_first, lab_second),
            context, expected)  # fmt: skip


if __name__ == "__main__":
    main()
