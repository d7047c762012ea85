"""State XD: a research reactor with highly enriched fuel, its burn-up, and decay."""

import sys
from fractions import Fraction
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import making as m

REACTOR = "XD/XDR-/XDRA"
FRESH, CORE, POND, SOURCE = "B/3/2/F", "B/3/4/G", "B/3/1/G", "O/D/A/B"
OPENING = [
    ("A", FRESH, "FE-1", "E 250.125 232.616"),
    ("A", FRESH, "FE-2", "E 250.125 232.616"),
    ("A", FRESH, "FE-3", "E 250.125 232.616"),
    ("B", CORE, "CE-1", "E 240.5 222.1; P 0.35"),
    ("B", CORE, "CE-2", "E 245.25 228.05; P 0.2"),
    ("C", POND, "SE-1", "E 180.75 150.5; P 1.1"),
    ("B", "B/Q/4/G", "NR-1", "E 5000 45; P 2.5"),
    ("D", SOURCE, "TH-1", "T 0.5"),
]
BURNT = "E 68.9 83.36"  # more U-235 than uranium: captured U-235 becomes U-236
FIRST_BURNT = "E 68.8 83.26"
CHANGES = {
    "RF": ["E 250.2 232.7"],
    "LN": [BURNT, "E 22.5 15.75", "P 0.012"],
    "NP": ["P 0.95", "P 12.4"],
    "ED": ["E 4977.5 29.25; D 4.9775"],
    "SF": ["E 180.75 150.5; P 1.1"],
}
ENDING = [
    ("A", FRESH, "FE-1", "L", "E 250.125 232.616"),
    ("A", FRESH, "FE-2", "L", "E 250.125 232.616"),
    ("B", CORE, "FE-3", "L", "E 250.125 232.616"),
    ("A", FRESH, "FE-4", "L", "E 250.2 232.7"),
    ("C", POND, "CE-1", "T", "E 171.6 138.74; P 1.288"),
    ("B", CORE, "CE-2", "T", "E 245.25 228.05; P 0.2"),
    ("C", "B/Q/1/G", "NR-1", "T", "D 4.9775; P 14.9"),
    ("D", SOURCE, "TH-1", "L", "T 0.5"),
]
ORDER = ["PB", "RF", "NP", "ED", "SF", "LN", "BE", "BA", "PE", "MF"]


def labels(content):
    return m.labelled(m.pairs(content))


def reports(lines):
    texts = {}
    pond = {"kmp": "2", "mdc": POND, "items": 1}
    first = m.change("LN", "20250210", "CE-1", labels(FIRST_BURNT), note=True, **pond)
    texts["61.txt"] = m.report(REACTOR, 61, "I", "20250310", "20250201/20250228", [
        first,
        m.change("NP", "20250210", "CE-1", "700:0.95", **pond),
    ], [(1, "BURN-UP 34.1 PERCENT OF U-235.")])  # fmt: skip
    rod = {"kmp": "2", "mdc": "B/Q/1/G", "items": 1}
    texts["62.txt"] = m.report(REACTOR, 62, "I", "20250508", "20250401/20250430", [
        m.change("LN", "20250415", "NR-1", "630:22.5 670:15.75", **rod),
        m.change("NP", "20250415", "NR-1", "700:12.4", **rod),
        m.change("ED", "20250415", "NR-1", "620:4.9775 630:4977.5 670:29.25 780:29.25", **rod),
    ])  # fmt: skip
    texts["63.txt"] = m.report(REACTOR, 63, "I", "20250709", "20250601/20250630", [
        m.change("SF", "20250617", "SE-1", "630:180.75 670:150.5 700:1.1", kmp="3", mdc=POND,
                 basis="T", items=1, shipper="XD/XDRA", receiver="XB/XBRP"),
        m.change("RF", "20250620", "FE-4", "630:250.2 670:232.7", kmp="1", mdc=FRESH, basis="N",
                 items=1, shipper="XB", receiver="XD/XDRA", shipper_batch="UNKNOWN"),
    ])  # fmt: skip
    again = m.change("LN", "20250210", "CE-1", labels(BURNT), status="C/XD;61/1", note=True, **pond)
    texts["64.txt"] = m.report(REACTOR, 64, "I", "20250805", "20250701/20250731", [again],
                               [(1, "BURN-UP FROM THE FINAL POWER HISTORY.")])  # fmt: skip
    decay = m.change("LN", "20251231", "CE-1", "700:0.012", note=True, **pond)
    texts["65.txt"] = m.report(REACTOR, 65, "I", "20260109", "20251201/20251231", [decay],
                               [(1, "DECAY OF PU-241.")])  # fmt: skip
    texts["66.txt"] = m.report(REACTOR, 66, "M", "20260115", "20250101/20251231", [
        m.line(code, m.labelled(lines[code])) for code in ORDER
    ])  # fmt: skip
    texts["67.txt"] = m.report(REACTOR, 67, "P", "20260115", "20251231", [
        m.listed(batch, labels(content), kmp=kmp, mdc=mdc, basis=basis, items=1)
        for kmp, mdc, batch, basis, content in ENDING
    ])  # fmt: skip
    texts["68.txt"] = (
        "001:NC/XD;68#002:1/1#003:20260116#010:T#207:XDR-#307:XDRA#"
        "391:NO CHANGE OF DESIGN: SEE ALSO LETTER 5/2026; ANNEX A.#\n"
    )
    return texts


def effective_kg(contents, enrichment_of_rod):
    """INFCIRC/153, paragraph 104, batch by batch."""
    total = Fraction(0)
    for letter, element, fissile in contents:
        if letter == "P":
            total += Fraction(element) / 1000
        elif letter == "E":
            total += Fraction(fissile) ** 2 / Fraction(element) / 1000
        elif letter == "D":
            assert Fraction(5, 1000) < enrichment_of_rod < Fraction(1, 100)
            total += Fraction(element) / 10_000
        else:
            total += Fraction(element) * 5 / 100_000
    return total


def rows(listing, rod_fissile=None):
    """Rows of an inventory by batch, and the triples for effective kilograms."""
    shown, triples = [], []
    for batch, content in listing:
        for letter, (element, fissile) in m.pairs(content).items():
            seen = fissile if letter == "E" else rod_fissile if letter == "D" else None
            shown.append([batch, letter, 1, m.plain(element), None if seen is None else str(seen)])
            triples.append((letter, str(element), None if fissile is None else str(fissile)))
    return shown, triples


def totals(listing):
    sums = m.added(content for _, content in listing)
    return m.shown_sums({letter: sums[letter] for letter in "NDEUPT" if letter in sums})


def main():
    opening = [row[-1] for row in OPENING]
    terms = {"PB": opening, **CHANGES, "PE": [row[-1] for row in ENDING]}
    lines = m.balanced({code: m.added(contents) for code, contents in terms.items()})
    assert all(not element and not fissile for element, fissile in lines["MF"].values())
    first = {"PB": m.added(opening), "LN": m.pairs(FIRST_BURNT), "NP": m.pairs("P 0.95")}
    march = m.balanced(first)
    april = {"PB": march["BA"], "BE": march["BA"], "BA": march["BA"]}
    listing = [(row[2], row[-1]) for row in ENDING]
    shown, triples = rows(listing)
    rod = Fraction("29.25") / Fraction("4977.5")
    end_kg = effective_kg(triples, rod)
    may = [(row[2], row[3]) for row in OPENING if row[2] not in ("CE-1", "NR-1")]
    may += [("CE-1", "E 171.7 138.84; P 1.3"), ("NR-1", "D 4.9775; P 14.9")]
    may_shown, may_triples = rows(may, "29.25")
    may_kg = effective_kg(may_triples, rod)
    may_totals = totals(may)
    may_totals["D"]["fissile"] = "29.25"
    keys = [f"XD/XDRA/{n}" for n in range(61, 69)]
    expected = {
        "country": "XD",
        "imports": [{"reports": {key: ["accepted", []] for key in keys}, "open_findings": []}],
        "balances": [
            {"mba": "XDRA", "lines": m.shown(lines)},
            {"mba": "XDRA", "from": "2025-01-01", "to": "2025-03-31", "known_on": "2025-08-04",
             "lines": m.shown(march)},
            {"mba": "XDRA", "from": "2025-04-16", "to": "2025-05-31", "known_on": "2025-04-30",
             "lines": m.shown(april)},
        ],
        "states": [{"lines": m.shown(lines)}],
        "inventories": [
            {"mba": "XDRA", "on": "2025-12-31", "totals": totals(listing), "batches": shown,
             "effective_kg": f"{round(end_kg * 10**12) / 10**12:.12f}".rstrip("0"),
             "effective_kg_assumed": False},
            {"mba": "XDRA", "on": "2025-05-31", "known_on": "2025-06-01", "totals": may_totals,
             "batches": may_shown,
             "effective_kg": f"{round(may_kg * 10**12) / 10**12:.12f}".rstrip("0"),
             "effective_kg_assumed": False},
        ],
    }  # fmt: skip
    inventory = [
        {"kmp": kmp, "mdc": mdc, "batch": batch, "basis": "T", "items": 1,
         "weights": dict(pair.split(":") for pair in labels(content).split())}
        for kmp, mdc, batch, content in OPENING
    ]  # fmt: skip
    context = {
        "country": "XD", "as_of": "20260131", "prior_pit": "20241231", "transit_limit_days": 30,
        "mbas": {"XDRA": {
            "facility": "XDR-", "type": "item", "last_report_no": 60,
            "earlier_reports_entry_count": {"60": 3}, "previous_physical_inventory": inventory,
            "previous_PE": m.shown_sums(m.added(opening)),
        }},
    }  # fmt: skip
    m.write(Path(__file__).parent, reports(lines), context, expected)


if __name__ == "__main__":
    main()
