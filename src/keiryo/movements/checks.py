"""Checks of an import as a whole: what the mapping declares, processes, and the books before."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from fractions import Fraction

import polars as pl
from sqlalchemy import func, select

from keiryo.accounts.tables import INVENTORY_CHANGE
from keiryo.dates import date_number
from keiryo.errors import Finding, Severity
from keiryo.movements.genealogy import Descent
from keiryo.movements.mapping import Mapping
from keiryo.movements.reading import Events
from keiryo.movements.stores import Bulk
from keiryo.quantities import format_weight
from keiryo.storage.engine import Database

_I = Severity.INFORMATION
_W = Severity.WARNING
_E = Severity.INCONSISTENCY


def declared(mapping: Mapping, read: Events, bulk: Bulk, *, bulk_given: bool) -> list[Finding]:
    """Return what the mapping declares that a reader of the books must know."""
    findings = [Finding("DECLARED", _I, note, "") for note in mapping.notes]
    for material in mapping.materials:
        if Fraction(material.tolerance) and material.category == "N":
            words = (
                f"{material.name} is taken as natural uranium if its enrichment lies within "
                f"{material.tolerance} of 0.00711, as the mapping declares"
            )
            findings.append(Finding("NATURAL-TOLERANCE", _I, words, expected=material.tolerance))
    for symbol, effect_ug in read.rounding_effect_ug.items():
        words = (
            f"the {symbol} of each item is gross weight times mass fraction, rounded half away "
            f"from zero to the milligram; over all {read.frame.height} rows this adds "
            f"{effect_ug / 1000:.1f} mg"
        )
        findings.append(Finding("ROUNDING", _I, words, found=f"{effect_ug} ug"))
    if any(p.stores for p in mapping.processes) and not bulk_given:
        words = "no bulk file was given: what is in the processes and what they lost is not known"
        findings.append(Finding("BULK-MISSING", _E, words, "Give the file with --bulk."))
    for process in mapping.processes:
        for period, lost in bulk.losses(mapping, process).items():
            if lost.element_mg < 0:
                words = (
                    f"in week {period} the lost stores of {process.mba} hold "
                    f"{format_weight(-int(lost.element_mg), 'kg')} kg less than the week before"
                )
                advice = "Ask where it went; no discard is booked for that week."
                findings.append(Finding("LOSS-RETURNED", _E, words, advice, mba=process.mba))
    return findings


def of_closings(mapping: Mapping, last: int, inventory_periods: frozenset[int]) -> list[Finding]:
    """Return a note if the data end before the period that they are in."""
    if mapping.closing is None or not inventory_periods:
        return []
    stated = max(inventory_periods)
    day = mapping.time.period_end(stated)
    if (day + datetime.timedelta(days=7)).month in (1, 7) and day.month in (6, 12):
        return []
    words = (
        f"the last inventory of the source is that of week {stated}: the last balances are closed "
        f"on {day}, before the half year ends"
    )
    if last > stated:
        words += f"; movements of weeks {stated + 1} to {last} are booked and not closed"
    return [Finding("CLOSING-EARLY", _I, words, "Import the rest when it is there.")]


def of_processes(
    mapping: Mapping, events: pl.DataFrame, descents: Iterable[Descent]
) -> list[Finding]:
    """Return what is odd about what goes into processes and comes out of them."""
    findings = []
    for descent in descents:
        process = descent.process
        if descent.unexplained:
            words = (
                f"{descent.unexplained} items came out of {process.mba} whose weight fits nothing "
                f"that went in"
            )
            advice = "Check ratio and tolerance in the mapping; their parents are not known."
            findings.append(Finding("GENEALOGY", _W, words, advice, mba=process.mba))
        if process.genealogy == "pool":
            continue
        unused = descent.fed.filter(pl.col("used_period").is_null())
        last_used = descent.fed.filter(pl.col("used_period").is_not_null())["row"].max()
        passed = unused.filter(pl.col("row") < (last_used if last_used is not None else -1))
        if passed.height:
            names = ", ".join(passed["name"].head(5).to_list())
            words = (
                f"{passed.height} items went into {process.mba} and are in nothing that came out, "
                f"though later ones are: {names}{' ...' if passed.height > 5 else ''}"
            )
            advice = "Ask what became of them; until then they stay on the book of the process."
            findings.append(Finding("ITEM-UNUSED", _W, words, advice, mba=process.mba))
    return findings + _irradiation(mapping, events)


def _irradiation(mapping: Mapping, events: pl.DataFrame) -> list[Finding]:
    flows = [n for n, f in enumerate(mapping.flows) if f.irradiation]
    gone = events.filter(pl.col("flow").is_in(flows) & ~pl.col("entering"))
    findings = []
    for flow in flows:
        mine = gone.filter(pl.col("flow") == flow)
        waiting = mine.filter(pl.col("other_row").is_null())
        node = mapping.nodes[mapping.flows[flow].source]
        if waiting.height:
            words = (
                f"{waiting.height} irradiated items left {node.node} and have not arrived: their "
                "nuclear loss is not known and they were shipped with their fresh weights"
            )
            advice = "Correct the shipments when the discharge data are there."
            findings.append(Finding("DISCHARGE-OPEN", _E, words, advice, mba=node.mba))
        gain = mine.filter(
            (pl.col("other_U_mg") > pl.col("U_mg"))
            | (pl.col("other_U_fissile_mg") > pl.col("U_fissile_mg"))
        )
        if gain.height:
            words = f"{gain.height} items of {node.node} come out with more uranium or U-235"
            advice = "Only plutonium and U-233 are produced; check the mapping of materials."
            findings.append(
                Finding("IRRADIATION-GAIN", Severity.FORMAT, words, advice, mba=node.mba)
            )
    return findings


def booked_before(
    database: Database,
    mapping: Mapping,
    digest: str,
    periods: tuple[int, int],
    mbas: Sequence[str],
) -> list[Finding]:
    """Return findings if another import has booked movements of the same areas and time."""
    act = database.metadata.tables["act"]
    lines = database.metadata.tables[INVENTORY_CHANGE.name]
    other = select(act.c.act_id).where(
        act.c.kind == "movements.week", ~act.c.client_id.startswith(f"movements:{digest}:")
    )
    with database.reading() as connection:
        if connection.execute(other.limit(1)).first() is None:
            return []
        query = (
            select(lines.c.mba, func.max(lines.c.event_date))
            .where(lines.c.mba.in_(list(mbas)), lines.c.act_id.in_(other))
            .group_by(lines.c.mba)
        )
        last = {str(mba): int(day) for mba, day in connection.execute(query)}
    start = date_number(mapping.time.event_day(periods[0]))
    findings = []
    for mba, day in sorted(last.items()):
        if day >= start or mapping.begins_empty:
            words = (
                f"movements of {mba} up to {day} are in the books already, from other files or "
                "another mapping; booking these would count material twice"
            )
            advice = (
                "Give only later weeks, with begins_empty = false in the mapping, or import into "
                "fresh books."
            )
            findings.append(Finding("ALREADY-BOOKED", Severity.FORMAT, words, advice, mba=mba))
    return findings
