"""The demonstration of physical protection: a category from the books, an invented facility.

The facility is a placeholder: its numbers are drawn, its ids mean nothing, and its results say so.
"""

from __future__ import annotations

import datetime
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from keiryo.cli.options import Format
from keiryo.cli.output import show_rows

if TYPE_CHECKING:
    from keiryo.api import Books

MBA, FACILITY, DAY = "XARA", "XAR-", datetime.date(2025, 12, 31)
SEED = 11
"""Of the invented facility."""
LOST = "P7"
"""What is out of service in it."""
TITLES = {
    "min_cumulative_detection": "cumulative detection",
    "min_delay_s": "delay (s)",
    "min_p_interruption_deterministic": "P(I), deterministic",
    "min_p_interruption": "P(I), EASI",
}


def protect_the_store(books: Books) -> None:
    """Put a plan in force, and take an element of the invented facility out of service."""
    from keiryo.security_evidence.kinds import TEST, WORK
    from keiryo.security_evidence.recording import record
    from keiryo.security_regime.plan_recording import record_plans, take_plan_steps

    begin = datetime.date(2025, 1, 1)
    plan = {"plan": "plan-xar", "version": "1", "facility": FACILITY}
    row = {**plan, "kind": "physical_protection", "title": "Protection of the store"}
    regulator = replace(books.actor, person="P-REGULATOR")
    terms = {
        "basis": "licence-7",
        "review_on": datetime.date(2026, 6, 30),
        "valid_from": begin,
        "digest": hashlib.sha256(b"an invented plan").hexdigest(),
    }
    record_plans(books.database, books.actor, [{**row, **terms}])
    for state, actor in (("submitted", books.actor), ("approved", regulator)):
        take_plan_steps(books.database, actor, state, [{**plan, "on": begin}])
    done = {"facility": FACILITY, "test_type": "performance", "testers": "tester-1 tester-2"}
    tests = [
        {**done, "test": f"T-{name}", "element": name, "performed": day, "result": "pass",
         "signed_by": "officer-1", "next_due": datetime.date(2026, 3, 31)}
        for name, day in (("P2", datetime.date(2025, 10, 1)), ("P4", datetime.date(2025, 11, 1)))
    ]  # fmt: skip
    record(books.database, books.actor, TEST, tests)
    work = {
        "facility": FACILITY, "maintenance": "M-1", "asset": LOST, "asset_kind": "detection",
        "kind": "corrective", "opened": DAY, "out_of_service_from": DAY,
    }  # fmt: skip
    told = record(books.database, books.actor, WORK, [work])
    for finding in told.findings:
        print(f"   {finding.code}: {finding.message}")


def look_at_protection(books: Books) -> None:
    """Say the category of the material, and what an outage does to timely detection."""
    from keiryo.material_category.holdings import category_on
    from keiryo.protection.graph_file import read_graph
    from keiryo.protection.inputs import parse
    from keiryo.protection.paths_report import paths_result
    from keiryo.protection.records_file import Records
    from keiryo.security_evidence.status import evidence_of, outages_on
    from keiryo.security_store.samples import sample

    metadata = books.database.metadata
    with books.database.reading() as connection:
        found = category_on(connection, metadata, MBA, DAY)
        scope = f"XA/{FACILITY}"
        known = Records(
            tuple(outages_on(connection, metadata, scope, DAY)),
            tuple(evidence_of(connection, metadata, scope, DAY)),
        )
    print(f"   {MBA} holds material of category {found.whole.category} on {DAY}.")
    graph = read_graph(parse(sample("graph", SEED)[1].decode(), ".json"))
    whole = paths_result(graph)
    less = paths_result(graph, records=known)
    rows = [
        {
            "measure": TITLES[name],
            "in service": f"{one['value']:.4g}",
            "path": " - ".join(one["path"]),
            f"without {LOST}": f"{less['measures'][name]['value']:.4g}",
            "path then": " - ".join(less["measures"][name]["path"]),
        }
        for name, one in whole["measures"].items()
    ]
    title = "An invented facility (placeholder): its least protected path by each measure"
    show_rows(rows, Format.TABLE, title=title)
    states: dict[str, list[Any]] = {}
    for one in less["inputs"]:
        states.setdefault(one["state"], []).append(one["id"])
    print(f"   inputs with evidence: {', '.join(states.get('valid', ['none']))}; all others rest")
    print("   on assumptions, and every result that uses them says so.")
