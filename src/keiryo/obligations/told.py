"""What a person should know about how labels went, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from keiryo.dates import number_date
from keiryo.errors import Finding, Severity
from keiryo.obligations.holdings import (
    DESIGNATION_SHORT,
    EXCHANGE_SHORT,
    GAIN,
    OPENING_SHORT,
    SHORT,
    UNSHIPPED,
    UNSTATED,
    Noted,
)
from keiryo.quantities import Category, format_weight

BASIS = "docs/theory/obligations.md"
_Group = Sequence[Noted]


def told(noted: Iterable[Noted], act_id: int) -> Iterator[Finding]:
    """Yield a finding for each thing and area that was noted about lines of an act."""
    groups: dict[tuple[str, str, str], list[Noted]] = {}
    for one in noted:
        if one.line.act == act_id:
            groups.setdefault((one.what, one.mba, one.holding.category), []).append(one)
    for (what, _, _), group in sorted(groups.items()):
        yield _WORDS[what](group)


def weight(mg: int, category: str) -> str:
    """Return a weight in the unit of its category, with the unit."""
    unit = Category(category).unit
    return f"{format_weight(mg, unit)} {unit}"


def _finding(code: str, group: _Group, message: str, advice: str) -> Finding:
    first = group[0]
    many = f" ({len(group)} times, the first on {number_date(first.day)})" if group[1:] else ""
    return Finding(
        code,
        Severity.WARNING,
        message + many,
        advice,
        mba=first.mba,
        category=first.holding.category,
        cell=f"batch {first.holding.name}",
        found=weight(sum(one.element_mg for one in group), first.holding.category),
        basis=BASIS,
    )


def _short(group: _Group) -> Finding:
    one = group[0]
    return _finding(
        "OBLIGATION-SHORT",
        group,
        f"more leaves {one.holding.name} than it holds; what is missing, "
        f"{weight(one.element_mg, one.holding.category)}, goes under no label",
        "Record first what is missing in the batch, or correct the batch name or the weight; "
        "labels are then put right by themselves.",
    )


def _unstated(group: _Group) -> Finding:
    return _finding(
        "OBLIGATION-UNSTATED",
        group,
        f"nobody said under which agreements {group[0].holding.name} is received; it counts as "
        "unobligated",
        "State its labels with 'keiryo obligations receive', or record a rule of origin for its "
        "shipper; they then count from the day of receipt.",
    )


def _unshipped(group: _Group) -> Finding:
    return _finding(
        "OBLIGATION-UNSHIPPED",
        group,
        f"the shipment of {group[0].holding.name.partition('/')[2]} from {group[0].holding.mba} "
        "is not in the books, or states less; its labels are not known yet",
        "When the shipper reports it, its labels follow by themselves. If it was sent before "
        "labels were kept, state them with 'keiryo obligations receive'.",
    )


def _gain(group: _Group) -> Finding:
    return _finding(
        "OBLIGATION-GAIN",
        group,
        f"material appears in {group[0].holding.name} where nothing is to share labels with; it "
        "counts as unobligated",
        "Look whether a receipt is missing, or state its labels.",
    )


def _exchange(group: _Group) -> Finding:
    return _finding(
        "OBLIGATION-EXCHANGE-SHORT",
        group,
        f"{group[0].holding.name} does not hold as much under the label set of the exchange; "
        "only what it holds is exchanged",
        "Correct the exchange, or what was recorded before it.",
    )


def _designation(group: _Group) -> Finding:
    return _finding(
        "OBLIGATION-DESIGNATION",
        group,
        f"the cells named for the withdrawal from {group[0].holding.name} are not there, or are "
        "not its weight; its share is taken in proportion",
        "Name cells that the holding has, for the whole withdrawal.",
    )


def _opening(group: _Group) -> Finding:
    return _finding(
        "OBLIGATION-OPENING",
        group,
        f"more is stated under labels than {group[0].holding.name} holds on that day; the "
        "weights are taken as shares",
        "State weights that are at most what the books hold, or shares.",
    )


_WORDS: Mapping[str, Callable[[_Group], Finding]] = {
    SHORT: _short,
    UNSTATED: _unstated,
    UNSHIPPED: _unshipped,
    GAIN: _gain,
    EXCHANGE_SHORT: _exchange,
    DESIGNATION_SHORT: _designation,
    OPENING_SHORT: _opening,
}
