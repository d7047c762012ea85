"""Rules that hold records of different systems against each other (section 8.3).

Each physical movement leaves a consistent set of records. Where one is missing, or two disagree,
an irregularity is raised for a person to judge: with what does not fit, who was there by the
records of access, and the innocent explanations. Nobody is scored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np
import polars as pl

from keiryo.access_control.authorisations import Authorisations
from keiryo.access_control.case import (
    Case,
    Difference,
    ItemCheck,
    SealAct,
    Seen,
    Transfer,
    WorkOrder,
)
from keiryo.access_control.entry_checks import holds, merged
from keiryo.access_control.irregularity import Irregularity
from keiryo.access_control.setup import Setup
from keiryo.access_control.trend import sign_trend
from keiryo.access_control.visits import Visits, who_was_there
from keiryo.protection.instants import NS

_HOUR_NS = 3600 * NS


def correlate(
    case: Case,
    setup: Setup,
    visits: Visits | None = None,
    authorisations: Authorisations | None = None,
) -> list[Irregularity]:
    """Return everything that does not fit together in a time, by when it was.

    Parameters
    ----------
    case : Case
        What other systems recorded.
    setup : Setup
        Of access control.
    visits : Visits, optional
        Without them the rules on presence (X2, X3, X5) are left out.
    authorisations : Authorisations, optional
        Without them everybody counts as authorised for X2.
    """
    found: list[Irregularity] = [
        *_orders_of_transfers(case),
        *_seals_and_ledger(case),
        *_items_elsewhere(case),
        *_open_alarms(case),
        *_trends(case),
        *_clocks(case),
        *_edits(case),
    ]
    if visits is not None:
        found += _two_at_transfer(case, visits, authorisations)
        found += _entries_without_order(case, visits)
        found += _seen_and_nobody_there(case, setup, visits)
    dated = [_dated(one, case) for one in found]
    told = dated if visits is None else [_with_presence(one, setup, visits) for one in dated]
    return sorted(told, key=lambda one: (one.start_ns, int(one.rule[1:]), one.records))


def rules_left_out(case: Case, visits: Visits | None) -> dict[str, str]:
    """Return the rules that could not be applied, and what is missing for them."""
    needs = {
        "X1": ("transfers", "work_orders"),
        "X2": ("transfers", "access"),
        "X3": ("work_orders", "two_person_areas", "access"),
        "X4": ("seal_acts", "transfers"),
        "X5": ("seen", "access"),
        "X6": ("item_checks", "locations"),
        "X7": ("portal_alarms",),
        "X8": ("differences",),
        "X9": ("clock_checks",),
        "X10": ("edits",),
    }
    there = set(case.given) | (set() if visits is None else {"access"})
    if case.two_person_areas:
        there.add("two_person_areas")
    left = {rule: [one for one in asked if one not in there] for rule, asked in needs.items()}
    return {
        rule: ", ".join(one.replace("_", " ") for one in missing)
        for rule, missing in left.items()
        if missing
    }


def not_judged(case: Case, visits: Visits | None) -> list[str]:
    """Return transfers and sightings of the time of which the records of access say nothing."""
    if visits is None:
        return []
    asked: list[Transfer | Seen] = [one for one in case.transfers if one.origin is not None]
    asked += case.seen
    return [
        one.id
        for one in asked
        if _in_time(case, one.start_ns, one.end_ns) and not visits.tell_of(one.start_ns, one.end_ns)
    ]


def _dated(one: Irregularity, case: Case) -> Irregularity:
    """Return an irregularity with the time within which it is to be resolved."""
    category = case.categories.get(one.area or "", "PMP")
    hours = case.limits.hours.get(category)
    return one if hours is None else replace(one, due_ns=one.end_ns + hours * _HOUR_NS)


def _with_presence(one: Irregularity, setup: Setup, visits: Visits) -> Irregularity:
    """Return an irregularity with who was in its area then."""
    if one.area is None or one.rule in ("X8", "X9", "X10"):
        return one
    there = who_was_there(visits, setup, [one.area], one.start_ns, one.end_ns)
    return replace(one, present=tuple(sorted({p.person for p in there})))


def _in_time(case: Case, start_ns: int, end_ns: int) -> bool:
    return start_ns <= case.end_ns and end_ns >= case.start_ns


def _fits(
    order: WorkOrder, area: str | None, start_ns: int, end_ns: int, tolerance_ns: int
) -> bool:
    """Return whether an order is about an area and a time."""
    return (
        area in order.areas
        and order.start_ns - tolerance_ns <= end_ns
        and start_ns <= order.end_ns + tolerance_ns
    )


def _orders_of_transfers(case: Case) -> Iterator[Irregularity]:
    """X1: a transfer has a work order for one of its areas, or an authorisation with it."""
    if "work_orders" not in case.given:
        return
    for one in case.transfers:
        if one.authorised_by or not _in_time(case, one.start_ns, one.end_ns):
            continue
        if not any(_about(order, one, case.limits.order_ns) for order in case.work_orders):
            yield Irregularity(
                *("X1", (one.id,), one.start_ns, one.end_ns, one.origin or one.destination),
                "There is no work order for this transfer at that time.",
            )


def _about(order: WorkOrder, one: Transfer, tolerance_ns: int) -> bool:
    if order.items and not set(order.items) & set(one.items):
        return False
    areas = [area for area in (one.origin, one.destination) if area is not None]
    return any(_fits(order, area, one.start_ns, one.end_ns, tolerance_ns) for area in areas)


def _two_at_transfer(
    case: Case, visits: Visits, authorisations: Authorisations | None
) -> Iterator[Irregularity]:
    """X2: at some instant of a transfer two authorised persons were in the area it came from."""
    frame = visits.frame
    if authorisations is not None:
        alone = ~pl.col("excluded") & ~pl.col("escort")
        granted = merged(authorisations.frame.filter(alone))
        frame = holds(frame, granted, "until", "start_ns")
        frame = frame.filter(pl.col("until").is_not_null())
        until = pl.min_horizontal(pl.col("end_ns").fill_null(2**62), "until")
        frame = frame.with_columns(until.alias("last_ns"))
    else:
        frame = frame.with_columns(pl.col("end_ns").fill_null(2**62).alias("last_ns"))
    by_area = {str(key[0]): part for key, part in frame.group_by("area")}
    for one in case.transfers:
        if one.origin is None or not _in_time(case, one.start_ns, one.end_ns):
            continue
        if not visits.tell_of(one.start_ns, one.end_ns):
            continue
        most = _most_at_once(by_area.get(one.origin), one.start_ns, one.end_ns)
        if most < 2:
            told = "Nobody authorised" if most == 0 else "Never more than one authorised person"
            yield Irregularity(
                *("X2", (one.id,), one.start_ns, one.end_ns, one.origin),
                f"{told} was in the area then.",
            )


def _most_at_once(frame: pl.DataFrame | None, start_ns: int, end_ns: int) -> int:
    """Return how many different persons were there together at one instant of a time."""
    if frame is None:
        return 0
    near = frame.filter((pl.col("start_ns") <= end_ns) & (pl.col("last_ns") >= start_ns))
    moments = [start_ns, *(one for one in near["start_ns"] if one > start_ns)]
    begins, ends = near["start_ns"].to_numpy(), near["last_ns"].to_numpy()
    persons = near["person"].to_numpy()
    return max(
        (len(set(persons[(begins <= at) & (ends >= at)])) for at in moments),
        default=0,
    )


def _entries_without_order(case: Case, visits: Visits) -> Iterator[Irregularity]:
    """X3: who enters an area under the two-person rule does so within an order."""
    if "work_orders" not in case.given:
        return
    frame = visits.frame.filter(
        pl.col("area").is_in(sorted(case.two_person_areas))
        & pl.col("start_ns").is_between(case.start_ns, case.end_ns)
    )
    for row in frame.sort("start_ns", "person").iter_rows(named=True):
        at, area, person = int(row["start_ns"]), str(row["area"]), str(row["person"])
        fitting = (
            order
            for order in case.work_orders
            if _fits(order, area, at, at, case.limits.order_ns)
            and (not order.persons or person in order.persons)
        )
        if next(fitting, None) is None:
            yield Irregularity(
                *("X3", (f"access:{row['start_place']}",), at, at, area),
                "There is no work order for this entry: not for the area, the time or the person.",
            )


def _seals_and_ledger(case: Case) -> Iterator[Irregularity]:
    """X4: seals and ledger tell the same story of an item."""
    if not {"seal_acts", "transfers"} <= case.given:
        return
    slack = case.limits.seal_ns
    by_item: dict[str, list[Transfer]] = {}
    for one in case.transfers:
        for item in one.items:
            by_item.setdefault(item, []).append(one)
    for act in case.seal_acts:
        near = any(
            one.start_ns - slack <= act.end_ns and act.start_ns <= one.end_ns + slack
            for one in by_item.get(act.item, ())
        )
        if not near and _in_time(case, act.start_ns, act.end_ns):
            done = "attached" if act.attached else "detached"
            yield Irregularity(
                *("X4", (act.id,), act.start_ns, act.end_ns, act.area),
                f"The seal was {done} and the ledger has nothing of the item around then.",
            )
    for item, moves in sorted(by_item.items()):
        acts = [act for act in case.seal_acts if act.item == item]
        for one in moves:
            seals = _sealed(acts, one.start_ns, slack)
            if seals and _in_time(case, one.start_ns, one.end_ns):
                yield Irregularity(
                    *("X4", (one.id, *seals), one.start_ns, one.end_ns, one.origin),
                    "The ledger moves an item that is under seal, and no seal was detached.",
                )


def _sealed(acts: Iterable[SealAct], at_ns: int, slack_ns: int) -> list[str]:
    """Return the last acts of the seals on an item at a time, with none detached around it."""
    last: dict[str, SealAct] = {}
    ordered = sorted(acts, key=lambda act: (act.start_ns, act.attached))
    for act in ordered:
        if act.start_ns < at_ns:
            last[act.seal] = act
    opened = {
        act.seal
        for act in ordered
        if not act.attached and act.start_ns - slack_ns <= at_ns <= act.end_ns + slack_ns
    }
    return sorted(act.id for seal, act in last.items() if act.attached and seal not in opened)


def _seen_and_nobody_there(case: Case, setup: Setup, visits: Visits) -> Iterator[Irregularity]:
    """X5: what a camera or monitor sees in a quiet time is explained by somebody's presence."""
    for one in case.seen:
        if not _in_time(case, one.start_ns, one.end_ns) or not _quiet(case, one):
            continue
        if not visits.tell_of(one.start_ns, one.end_ns):
            continue
        slack = case.limits.monitor_ns + one.clock_ns
        around = (one.start_ns - slack, one.end_ns + slack)
        if not who_was_there(visits, setup, [one.area], *around):
            wide = who_was_there(visits, setup, [one.area], around[0] - slack, around[1] + slack)
            made = Irregularity(
                *("X5", (one.id,), one.start_ns, one.end_ns, one.area),
                f"The {one.system} saw something and nobody is recorded in the area then.",
            )
            yield replace(made, certain=not wide)


def _quiet(case: Case, one: Seen) -> bool:
    """Return whether nothing was to be seen then: a quiet time, or no order where none is given."""
    area, start, end = one.area, one.start_ns, one.end_ns
    if "quiet_times" in case.given:
        return any(
            quiet.area == area and quiet.start_ns <= end and start < quiet.end_ns
            for quiet in case.quiet_times
        )
    return not any(_fits(o, area, start, end, case.limits.order_ns) for o in case.work_orders)


def _items_elsewhere(case: Case) -> Iterator[Irregularity]:
    """X6: the daily check finds each item where the ledger has it."""
    if not {"item_checks", "locations"} <= case.given:
        return
    for check in case.item_checks:
        if not _in_time(case, check.at_ns, check.at_ns):
            continue
        yield from _compared(check, _ledger_at(case, check.at_ns))


def _ledger_at(case: Case, at_ns: int) -> dict[str, str]:
    return {one.item: one.area for one in case.locations if one.start_ns <= at_ns < one.end_ns}


def _compared(check: ItemCheck, ledger: dict[str, str]) -> Iterator[Irregularity]:
    due = {item for item, area in ledger.items() if area == check.area}
    at, area = check.at_ns, check.area
    for item in sorted(due - check.items):
        yield Irregularity(
            "X6",
            (check.id, f"item:{item}"),
            at,
            at,
            area,
            "The ledger has the item in this area, and the check did not find it.",
        )
    for item in sorted(check.items - due):
        told = "The ledger does not have it." if item not in ledger else "The ledger has it "
        where = "" if item not in ledger else f"in {ledger[item]}."
        yield Irregularity(
            "X6",
            (check.id, f"item:{item}"),
            at,
            at,
            area,
            f"The check found the item in this area. {told}{where}",
        )


def _open_alarms(case: Case) -> Iterator[Irregularity]:
    """X7: alarms of portal monitors are adjudicated in time."""
    for one in case.portal_alarms:
        late = one.at_ns + case.limits.portal_ns
        if not _in_time(case, one.at_ns, one.at_ns):
            continue
        if one.adjudicated_ns is None and case.end_ns > late:
            told = "The alarm has not been adjudicated."
        elif one.adjudicated_ns is not None and one.adjudicated_ns > late:
            told = "The alarm was adjudicated too late."
        else:
            continue
        yield Irregularity(
            *("X7", (one.id,), one.at_ns, one.adjudicated_ns or case.end_ns, one.area), told
        )


def _trends(case: Case) -> Iterator[Irregularity]:
    """X8: differences of an area, and of its shifts and custodians, have no trend of one sign."""
    shown = [one for one in case.differences if _in_time(case, one.at_ns, one.at_ns)]
    ways: tuple[tuple[str, Callable[..., tuple[str, ...]]], ...] = (
        ("area", lambda one: (one.area,)),
        ("shift", lambda one: (one.area, one.shift) if one.shift else ()),
        ("custodian", lambda one: (one.area, one.custodian) if one.custodian else ()),
    )
    for what, key_of in ways:
        groups: dict[tuple[str, ...], list[Difference]] = {}
        for one in shown:
            if key := key_of(one):
                groups.setdefault(key, []).append(one)
        for key, rows in sorted(groups.items()):
            whole = sum(1 for one in shown if one.area == key[0])
            if what != "area" and len(rows) == whole:
                continue  # the area's own test says it: never on a person alone
            yield from _trend(case, what, key, rows)


def _trend(
    case: Case, what: str, key: tuple[str, ...], rows: list[Difference]
) -> Iterator[Irregularity]:
    rows = sorted(rows, key=lambda one: one.at_ns)
    values = np.array([one.value for one in rows])
    found = sign_trend(values, float(case.limits.trend_alpha), case.limits.trend_least)
    if found is None:
        return
    of = "the area" if what == "area" else f"one {what} of the area"
    sign = "losses" if found.positive < found.negative else "gains"
    yield Irregularity(
        "X8",
        tuple(one.id for one in rows),
        rows[0].at_ns,
        rows[-1].at_ns,
        key[0],
        f"{max(found.positive, found.negative)} of {found.positive + found.negative} differences "
        f"of {of} are {sign}; by chance that is so with {found.p_value:.2g}.",
    )


def _clocks(case: Case) -> Iterator[Irregularity]:
    """X9: clocks agree within their limits."""
    for one in case.clock_checks:
        limit = case.limits.clock_ns if one.limit_ns is None else one.limit_ns
        if abs(one.offset_ns) > limit and _in_time(case, one.at_ns, one.at_ns):
            yield Irregularity(
                *("X9", (one.id,), one.at_ns, one.at_ns, None),
                f"The clock of {one.system} was off by {one.offset_ns / NS:g} s; "
                f"{limit / NS:g} s are allowed.",
            )


def _edits(case: Case) -> Iterator[Irregularity]:
    """X10: nothing is changed after its approval, or by who entered it."""
    for one in case.edits:
        if not _in_time(case, one.changed_ns, one.changed_ns):
            continue
        told = []
        if one.approved_ns is not None and one.changed_ns > one.approved_ns:
            told.append(f"The {one.what} was changed after its approval.")
        if one.changed_by is not None and one.changed_by == one.entered_by:
            told.append(f"The {one.what} was corrected by the person who had entered it.")
        if told:
            yield Irregularity(
                *("X10", (one.id,), one.changed_ns, one.changed_ns, None), " ".join(told)
            )
