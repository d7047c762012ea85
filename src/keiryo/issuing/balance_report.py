"""The entries of a material balance report: one consolidated entry per code, in order.

PB is the ending inventory that the balance before stated; changes are those of the period, which
must have been reported; PE is the listing of the physical inventory taking that ends the period
(INFCIRC/153 paragraph 67; Code 10, label 411 and section 4.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import Connection, MetaData

from keiryo.accounts.balance import REBATCHING, opening_inventory
from keiryo.accounts.books import pit_dates, reported_ending
from keiryo.accounts.model import ZERO, Amount, Knowledge, Lines
from keiryo.accounts.reported import disagreements
from keiryo.dates import Period, next_day, previous_day
from keiryo.errors import Finding, Severity, UsageError
from keiryo.issuing.lines import BookEntry, Issued, changes, listing
from keiryo.issuing.rounding import BalanceTerms, rounded_entries, stated_balance
from keiryo.places.model import MaterialBalanceArea
from keiryo.quantities import LABEL_OF_FISSILE_BASE, Category, round_mg
from keiryo.reports.model import CategoryGroup, Entry, Report, Weight
from keiryo.vocabulary import Profile, entry_code

_BALANCED_FISSILE = (Category.ENRICHED, Category.UNIFIED)
_MIXED_BASIS = "U-233+U-235"


def balance_entries(
    connection: Connection,
    metadata: MetaData,
    place: MaterialBalanceArea,
    period: Period,
    rules: Profile,
    issued: Issued,
) -> tuple[list[Entry], list[Finding]]:
    """Return the entries of a material balance report, number 0, and what speaks against them.

    An area that was empty and had no transactions gives one entry of status U.

    Raises
    ------
    UsageError
        If no physical inventory taking ends the period, or another one lies in it.
    """
    _require_takings(connection, metadata, place.code, period)
    moved = [
        found
        for found in changes(connection, metadata, place.code, period)
        if found.entry.code not in REBATCHING
    ]
    listed = [
        found
        for found in listing(connection, metadata, place.code, period.end)
        if found.entry.status != "U"
    ]
    opening = opening_inventory(connection, metadata, place.code, period.start, Knowledge())
    terms = BalanceTerms(
        opening=opening,
        changes=_by_code(found.entry for found in moved),
        ending=_summed(found.entry for found in listed),
        stated_opening=_stated_opening(
            connection, metadata, place.code, period, rules, issued, opening
        ),
        stated_changes=_by_code(_as_stated(moved, issued, rules)),
        stated_ending=_summed(_as_stated(listed, issued, rules)),
    )
    if not moved and not listed and all(a.is_zero for a in terms.stated_opening.values()):
        return [Entry(number=0, status="U")], []
    lines = stated_balance(terms, rules)
    bases = {amount.bases for by in lines.values() for amount in by.values()}
    basis = _common_basis(b for found in bases for b in found)
    entries = [_entry(code, by, basis) for code, by in _in_report_order(lines) if by]
    computed = {**terms.stated_changes, "PE": dict(terms.stated_ending)}
    findings = disagreements(
        place.code,
        {code: dict(by) for code, by in computed.items()},
        lines,
        physical=terms.stated_ending,
        previous=terms.stated_opening,
    )
    return entries, findings


def listing_disagreements(
    report: Report, earlier: Iterable[Report], balances: Iterable[Report]
) -> list[Finding]:
    """Return where a listing disagrees with the balance that was issued before it.

    Parameters
    ----------
    report : Report
        The listing.
    earlier : iterable of Report
        Listings of the same day that were issued; then `report` adds to them.
    balances : iterable of Report
        Issued balances; the last one that ends on the day counts.
    """
    same_day = [b for b in balances if b.period_to == report.period_to]
    if not same_day:
        return []
    before = [e for r in earlier for e in r.entries]
    physical = _summed([*before, *report.entries])
    lines: Lines = {}
    for entry in same_day[-1].entries:
        if entry.code in ("PE", "RAPE"):
            for group in entry.groups():
                lines.setdefault(entry.code, {})[group.category] = _amount(group)
    if not lines:
        return []
    found = disagreements(report.mba or "", {}, lines, physical=physical, previous={})
    return [f for f in found if f.code == "PIL-PE"]


def _require_takings(connection: Connection, metadata: MetaData, mba: str, period: Period) -> None:
    takings = pit_dates(connection, metadata, mba, Knowledge())
    if period.end not in takings:
        listed = ", ".join(map(str, takings)) or "none"
        raise UsageError(
            f"no physical inventory of {mba} was taken on {period.end}: no balance ends then",
            f"Record the listing first with 'keiryo reports record'. Takings known: {listed}.",
        )
    earlier = [day for day in takings if day < period.end]
    if earlier and next_day(earlier[-1]) != period.start:
        raise UsageError(
            f"a balance that ends on {period.end} begins on {next_day(earlier[-1])}, the day "
            f"after the physical inventory taking before, not on {period.start}",
            "Leave --from out; it follows from the takings.",
        )


def _as_stated(found: Iterable[BookEntry], issued: Issued, rules: Profile) -> Iterator[Entry]:
    """Yield entries with the weights that were reported, or will be under the profile."""
    waiting = []
    for one in found:
        if one.reported_as is not None:
            yield one.entry
        elif (record := issued.by_source.get(one.source)) is not None:
            yield record.entry
        else:
            waiting.append(one.entry)
    yield from rounded_entries(waiting, rules)


def _stated_opening(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    period: Period,
    rules: Profile,
    issued: Issued,
    opening: Mapping[Category, Amount],
) -> dict[Category, Amount]:
    """Return PB: what the balance before stated as PE, issued here or received."""
    day = previous_day(period.start)
    stated: dict[Category, Amount] = {}
    for report in issued.of_type("M"):
        for entry in report.entries:
            if report.period_to == day and entry.code == "PE":
                stated |= {g.category: _amount(g) for g in entry.groups()}
    if not stated:
        stated = dict(reported_ending(connection, metadata, mba, day, Knowledge()))
    if stated:
        return {
            category: amount
            if amount.fissile_mg is not None or category not in opening
            else Amount(amount.element_mg, opening[category].fissile_mg, opening[category].bases)
            for category, amount in stated.items()
        }
    steps = rules.rounding_step_mg
    return {
        category: Amount(
            round_mg(amount.element_mg, steps[category.unit]),
            amount.fissile_mg
            if amount.fissile_mg is None or steps[category.unit] == 1
            else round_mg(amount.fissile_mg, 1000),
            amount.bases,
        )
        for category, amount in opening.items()
    }


def _amount(group: CategoryGroup) -> Amount:
    if group.category not in _BALANCED_FISSILE:
        return Amount(group.element_mg, None)
    bases = frozenset({group.fissile_basis}) if group.fissile_basis else frozenset()
    return Amount(group.element_mg, group.fissile_mg, bases)


def _by_code(entries: Iterable[Entry]) -> Lines:
    sums: Lines = {}
    for entry in entries:
        by_category = sums.setdefault(entry.code or "", {})
        for group in entry.groups():
            by_category[group.category] = by_category.get(group.category, ZERO) + _amount(group)
    return sums


def _summed(entries: Iterable[Entry]) -> dict[Category, Amount]:
    sums: dict[Category, Amount] = {}
    for entry in entries:
        for group in entry.groups():
            sums[group.category] = sums.get(group.category, ZERO) + _amount(group)
    return sums


def _in_report_order(lines: Lines) -> list[tuple[str, dict[Category, Amount]]]:
    """Return lines in the order of INFCIRC/153 paragraph 67, adjustments last in that order."""
    ordered = sorted(lines, key=lambda code: (code.startswith("RA"), entry_code(code).rank))
    return [(code, lines[code]) for code in ordered]


def _common_basis(bases: Iterable[str]) -> str:
    """Return under which label the fissile weights of the report stand: one for all lines."""
    present = {basis for found in bases for basis in found.split("+") if basis}
    if not present:
        return "U-235"
    return present.pop() if len(present) == 1 else _MIXED_BASIS


def _entry(code: str, by_category: Mapping[Category, Amount], basis: str) -> Entry:
    weights = []
    for category, amount in by_category.items():
        weights.append(Weight(category.label, amount.element_mg))
        if category in _BALANCED_FISSILE and amount.fissile_mg is not None:
            weights.append(Weight(LABEL_OF_FISSILE_BASE[basis], amount.fissile_mg))
    return Entry(
        number=0, code=code, weights=tuple(sorted(weights, key=lambda weight: weight.label))
    )


def unreported_finding(mba: str, period: Period, waiting: int) -> Finding:
    """Return the finding that changes of a period are in no report yet."""
    return Finding(
        "ICR-MISSING",
        Severity.INCONSISTENCY,
        f"{waiting} change(s) of {mba} between {period.start} and {period.end} are in no "
        "inventory change report yet, so the balance would not agree with the reports",
        "Issue the inventory change report first, then the balance.",
        mba=mba,
        label="015",
        found=str(waiting),
        expected="0",
        basis="INFCIRC/153 paragraphs 63 and 67",
    )
