"""State XF: refused reports, gaps, transit that does not fit, corrections of earlier reports."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import making as m

PLANT, STORE, UNKNOWN = "XF/XFA-/XFAA", "XF/XFB-/XFBA", "XF/XFZ-/XFZA"
LIQUID, POWDER, THORIUM, TARGET = "U/J/5/E", "F/R/N/C", "F/J/A/C", "D/3/A/H"
JAN, FEB, MAR = "20250101/20250131", "20250201/20250228", "20250301/20250331"
HERE = {"shipper": "XF/XFBA", "receiver": "XF/XFAA", "mdc": THORIUM, "items": 1}


def loss(day, batch, content, **more):
    return m.change("LD", day, batch, content, kmp="3", mdc=LIQUID, **more)


def plant_reports():
    def change_report(number, date, period, *entries):
        return m.report(PLANT, number, "I", date, period, entries)

    receipt = {"shipper": "XB/XBEA", "receiver": "XF/XFAA", "shipper_batch": "B-1", "basis": "N"}
    arrival = m.change("RF", "250115", "U-4", "600:1000 670:45", mdc=POWDER, **receipt)
    received = HERE | {"basis": "N"}
    return {
        "31.txt": change_report(
            31, "250210", "250101/250131", arrival, loss("250120", "LIQ-1", "600:10 670:0.45")
        ),
        "32.txt": change_report(32, "20250305", FEB, loss("20250212", "LIQ-2", "600:5")),
        "33.txt": change_report(33, "20250306", FEB, loss("20250305", "LIQ-3", "600:5 670:0.2")),
        "34.txt": change_report(34, "20250307", FEB, loss(
            "20250212", "LIQ-2", "600:5 670:0.2", status="C/XF;32/1")),
        "36.txt": change_report(
            36, "20250408", MAR,
            loss("20241115", "LIQ-0", "600:7 670:0.3", status="C/XF;30/2"),
            m.change("RD", "20250303", "TH-A", "800:1.9", shipper_batch="TH-1", **received),
            m.change("RD", "20250304", "TH-B", "800:0.1", shipper_batch="TH-9", **received),
        ),
        "37.txt": change_report(37, "20250409", MAR, loss(
            "20241115", "LIQ-0", "600:7 670:0.3", status="C/XF;30/3")),
        "38.txt": change_report(38, "20250410", MAR, m.deleted("XF;31/2")),
        "39.txt": change_report(39, "20250411", MAR, m.deleted("XF;31/2")),
        "40.txt": change_report(40, "20250412", MAR, loss(
            "20250120", "LIQ-4", "600:1 670:0.04", status="A/XF;31/1")),
        "41.txt": change_report(
            41, "20250413", MAR,
            loss("20241120", "LIQ-5", "600:4 670:0.1", status="A/XF;28/4"),
            m.change("GA", "20250302", "FOUND-1", "600:1 670:0.04", mdc=POWDER,
                     status="A/XF;36/4"),
        ),
        "42.txt": change_report(42, "20250414", MAR, loss(
            "20250120", "LIQ-6", "600:1 670:0.04", status="A/XF;12/1")),
        "43.txt": m.report(PLANT, 43, "P", "20250415", "20241231", [
            m.listed("U-2", "600:501 670:22.5", mdc=POWDER, basis="T", status="C/XF;29/2"),
        ]),
        "44.txt": change_report(44, "20250416", MAR, loss(
            "20250120", "LIQ-7", "600:1 670:0.04", status="A/XF;28/2")),
        "31-again.txt": change_report(31, "20250417", JAN, arrival),
    }  # fmt: skip


def other_reports():
    target = {"kmp": "2", "mdc": TARGET, "items": 1}
    return {
        "store.txt": m.report(STORE, 6, "I", "20250310", FEB, [
            m.change("SD", "20250210", "TH-1", "800:2", kmp="2", basis="T", **HERE),
            m.change("SD", "20250211", "TH-2", "800:3", kmp="2", basis="T", **HERE),
        ]) + m.report(STORE, 7, "I", "20250409", MAR, [
            m.change("NP", "20250312", "TGT-1", "630:1.5 640:1.25", **target),
        ]) + m.report(STORE, 8, "M", "20250410", "20240101/20241231", [
            m.line("PE", "630:10 640:9.5 800:5.001", status="C/XF;5/3"),
        ]),
        "unknown.txt": m.report(UNKNOWN, 1, "I", "20250409", MAR, [
            m.change("GA", "20250312", "FOUND-2", "700:1", mdc=POWDER),
        ]),
        "broken.txt": "Dear colleague, the reports are attached.\n",
    }  # fmt: skip


def balanced(**terms):
    return m.balanced({code: m.added(contents) for code, contents in terms.items()})


ACCEPTED = ["XF/XFAA/31", "XF/XFAA/36", "XF/XFAA/38", "XF/XFAA/41", "XF/XFAA/43",
            "XF/XFBA/6", "XF/XFBA/7", "XF/XFBA/8"]  # fmt: skip
REFUSED = {
    "broken.txt": ["NOT-CODE10"],
    "XF/XFAA/32": ["ISOTOPE-MISSING"],
    "XF/XFAA/33": ["DATE-OUT-OF-PERIOD"],
    "XF/XFAA/34": ["CORR-REF"],
    "XF/XFAA/37": ["CORR-REF"],
    "XF/XFAA/39": ["CORR-REF"],
    "XF/XFAA/40": ["CORR-REF"],
    "XF/XFAA/42": ["CORR-REF"],
    "XF/XFAA/44": ["CORR-REF"],
    "XF/XFZA/1": ["MBA-UNKNOWN"],
}
OPEN = [
    ["SEQ-GAP", "XFAA", "36", None],
    ["TRANSIT-WEIGHT", "XFAA", "36", "T"],
    ["RECEIPT-UNMATCHED", "XFAA", "36", None],
    ["TRANSIT-OPEN", "XFBA", "6", None],
]


def imports(files):
    refused = {key: ["refused", codes] for key, codes in REFUSED.items()}
    accepted = {key: ["accepted", []] for key in ACCEPTED}
    again = {key: ["recorded before", []] for key in ACCEPTED}
    date = ["DATE-OUT-OF-PERIOD"]
    return [
        {"files": files, "reports": accepted | refused, "open_findings": OPEN},
        {"files": ["33.txt"], "accept_reason": "Both dates were confirmed by letter.",
         "reports": {"XF/XFAA/33": ["accepted", date]}, "open_findings": OPEN},
        {"files": files, "open_findings": OPEN,
         "reports": again | refused | {"XF/XFAA/33": ["recorded before", date]}},
        {"files": ["31-again.txt"], "context": False, "open_findings": OPEN,
         "reports": {"XF/XFAA/31": ["refused", ["SEQ-DUP"]]}},
    ]  # fmt: skip


def questions(half_year):
    opening = ["U 1000 45", "U 501 22.5", "U 0.5 0.02"]
    keyed = ["U 1000 45", "U 500 22.5", "U 0.5 0.02"]
    received = {"RF": ["U 1000 45"], "RD": ["T 1.9", "T 0.1"]}
    plant = balanced(PB=opening, GA=["U 1 0.04"], LD=["U 5 0.2"], **received)
    april = balanced(PB=keyed, LD=["U 10 0.45", "U 5 0.2"], **received)
    store = balanced(PB=["T 5.001; E 10 9.5"], SD=["T 5"], NP=["E 1.5 1.25"])
    march = balanced(PB=["T 5; E 10 9.5"], SD=["T 5"])
    state = {code: m.plus(plant.get(code, {}), store.get(code, {}))
             for code in {**plant, **store} if code not in ("SD", "RD")}  # fmt: skip
    state["TRANSIT"] = m.pairs("T 3")
    return {
        "balances": [
            {"mba": "XFAA", **half_year, "lines": m.shown(plant)},
            {"mba": "XFAA", **half_year, "known_on": "2025-04-09", "lines": m.shown(april)},
            {"mba": "XFBA", **half_year, "lines": m.shown(store)},
            {"mba": "XFBA", **half_year, "known_on": "2025-04-01", "lines": m.shown(march)},
        ],
        "states": [{**half_year, "lines": m.shown(state)}],
        "inventories": [
            {"mba": "XFAA", "on": "2025-06-30", "totals": {
                "U": {"element": "2497.5", "fissile": "112.36"}, "T": {"element": "2"}}},
            {"mba": "XFAA", "on": "2024-12-31", "totals": {
                "U": {"element": "1501.5", "fissile": "67.52"}}},
            {"mba": "XFBA", "on": "2025-06-30",
             "totals": {"E": {"element": "11.5", "fissile": "10.75"}},
             "batches": [["TGT-1", "E", 1, "11.5", "10.75"]]},
        ],
    }  # fmt: skip


def main():
    reports = plant_reports() | other_reports()
    files = sorted(name for name in reports if name != "31-again.txt")
    half_year = {"from": "2025-01-01", "to": "2025-06-30"}
    expected = {"country": "XF", "imports": imports(files), **questions(half_year)}

    def batch(name, mdc, items, **weights):
        weights = {label[1:]: value for label, value in weights.items()}
        return {"kmp": "A", "mdc": mdc, "batch": name, "basis": "T", "items": items,
                "weights": weights}  # fmt: skip

    plant = {
        "facility": "XFA-", "type": "bulk", "batch_follow_up": False, "last_report_no": 30,
        "earlier_reports_entry_count": {"28": 3, "29": 3, "30": 2},
        "previous_physical_inventory": [
            batch("U-1", POWDER, 0, _600="1000", _670="45"),
            batch("U-2", POWDER, 0, _600="500", _670="22.5"),
            batch("U-3", LIQUID, 0, _600="0.5", _670="0.02"),
        ],
    }  # fmt: skip
    store = {
        "facility": "XFB-", "type": "item", "last_report_no": 5,
        "earlier_reports_entry_count": {"5": 4},
        "previous_physical_inventory": [
            batch("TH-1", THORIUM, 1, _800="2"),
            batch("TH-2", THORIUM, 1, _800="3"),
            batch("TGT-1", TARGET, 1, _630="10", _640="9.5"),
        ],
        "previous_PE": {"E": {"element": "10", "fissile": "9.5"}, "T": {"element": "5"}},
    }  # fmt: skip
    context = {
        "country": "XF", "as_of": "20250630", "prior_pit": "20241231", "transit_limit_days": 30,
        "mbas": {"XFAA": plant, "XFBA": store},
    }  # fmt: skip
    m.write(Path(__file__).parent, reports, context, expected)


if __name__ == "__main__":
    main()
