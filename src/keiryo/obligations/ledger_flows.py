"""Lines of the ledger, and what people stated, read as flows of labels.

Which account stands against the book for a type of change is data (`keiryo.vocabulary`): what is
on its way, retained as waste or exempted is followed there, everything else is outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from keiryo.obligations.flows import (
    Difference,
    Exchanging,
    Flow,
    Production,
    Rebatching,
    Relabelling,
    Transfer,
)
from keiryo.obligations.holdings import BOOK, POOL, TRANSIT, Holding, Line
from keiryo.obligations.labels import labels_of
from keiryo.obligations.replay import Day, Taking
from keiryo.obligations.stated import Row, Stated
from keiryo.places.model import MaterialBalanceArea
from keiryo.vocabulary import EntryCode, entry_code

KINDS = {
    "RF": "RECEIPT",
    "RD": "RECEIPT",
    "RS": "RECEIPT",
    "RN": "RECEIPT",
    "NP": "IRRADIATE",
    "DU": "RECOVER",
    "DQ": "RECOVER",
    "FW": "RECOVER",
    "GA": "GAIN",
    "SF": "SHIPMENT",
    "SD": "SHIPMENT",
    "SN": "SHIPMENT",
    "LN": "LOSS",
    "LD": "LOSS",
    "LA": "LOSS",
    "TW": "WASTE",
    "EU": "EXEMPT",
    "EQ": "EXEMPT",
    "TU": "TERMINATE",
    "DI": "DIFFERENCE",
}
"""What a type of change (label 411) is to labels; category changes are ``CATEGORY``."""

ATTACHED_BY_ENRICHMENT = ("NE", "ND", "DE")
"""Category changes that enrichment makes: of its product and of its tails."""

AreaMap = Mapping[str, MaterialBalanceArea]


class LedgerFlows:
    """Turns lines into flows, by day.

    Parameters
    ----------
    areas : mapping of code to MaterialBalanceArea
    stated : Stated
    """

    def __init__(self, areas: AreaMap, stated: Stated) -> None:
        self.areas, self.stated = areas, stated
        self.designated = stated.designated()
        self.days: dict[int, Day] = {}
        self._about: dict[tuple[str, str], Stated] = {}

    def day(self, number: int) -> Day:
        """Return what happens on a day."""
        return self.days.setdefault(number, Day())

    def held(self, mba: str, batch: str | None, category: str, account: str = BOOK) -> Holding:
        """Return the holding of a batch of an area: itself, or the pool it is part of."""
        followed = mba in self.areas and self.areas[mba].batch_follow_up
        return Holding(mba, account, (batch or POOL) if followed else POOL, category)

    def _stated_about(self, mba: str, category: str) -> Stated:
        """Return what was stated, with only those rules of origin that may fit here."""
        if (mba, category) not in self._about:
            rules = [
                rule
                for rule in self.stated.origin_rules
                if rule["mba"] in (None, mba)
                and (rule["categories"] is None or category in rule["categories"])
            ]
            self._about[mba, category] = replace(self.stated, origin_rules=rules)
        return self._about[mba, category]

    # --- the ledger -------------------------------------------------------------------------------

    def add_changes(self, rows: Iterable[Row]) -> None:
        """Add inventory changes; rows as in ``inventory_change`` with ``first_line``."""
        entries: dict[tuple[Any, ...], list[Row]] = {}
        rebatched: dict[tuple[str, int, str], list[Row]] = {}
        for row in rows:
            entry = entry_code(row["code"])
            if row["code"] in ("RM", "RP"):
                if self.areas[row["mba"]].batch_follow_up:
                    name = (row["mba"], row["event_date"], row["category"])
                    rebatched.setdefault(name, []).append(row)
            elif entry.old_category is not None:
                entry_name = (row["mba"], row["event_date"], row["code"], row["batch"])
                entries.setdefault(entry_name, []).append(row)
            else:
                self._change(row, entry)
        for some in entries.values():
            self._category_change(some)
        for (_, number, _), some in rebatched.items():
            for group in groups_of_rebatching(some):
                self.day(number).flows.append(self._rebatching(group))

    def _change(self, row: Row, entry: EntryCode) -> None:
        mba, number, category = row["mba"], int(row["event_date"]), row["category"]
        own = self.held(mba, row["batch"], category)
        amount, line = int(row["element_mg"]), Line(row["act_id"], row["line_no"])
        kind = KINDS[row["code"]]
        place = row["shipper"] if entry.sign > 0 else row["receiver"]
        key = _content(row)
        rank = entry.day_rank
        flows = self.day(number).flows
        if row["code"] in ("DI", "GA"):
            gain = amount if row["code"] == "GA" else -amount
            outside = Holding(mba, entry.counter, "", category)
            flows.append(Difference(rank, key, mba, kind, own, outside, gain, line))
            return
        if row["code"] == "NP":
            outside = Holding(mba, entry.counter, "", category)
            attached = self.stated.attached(mba, "production", number)
            flows.append(Production(rank, key, mba, kind, outside, own, amount, line, attached))
            return
        other = self._other_side(row, entry, place)
        if entry.sign > 0:
            flow = Transfer(rank, key, mba, kind, other, own, amount, line)
            if row["code"] in ("RF", "RS", "RN"):
                flow.origin, flow.stated_by_rule = self._stated_about(mba, category).origin(
                    mba, row["batch"] or POOL, category, number, place
                )
            else:
                flow.origin = self.stated.of_receipt(mba, row["batch"] or POOL, category, number)
        else:
            flow = Transfer(rank, key, mba, kind, own, other, amount, line)
            name = (mba, number, row["code"], row["batch"] or POOL, category)
            flow.designated = self.designated.get(name, {})
        flows.append(flow)

    def _other_side(self, row: Row, entry: EntryCode, place: str | None) -> Holding:
        mba, category = row["mba"], row["category"]
        if entry.counter != TRANSIT:
            name = place or ""
            if entry.counter in ("retained_waste", "exempt_use", "exempt_quantity"):
                return self.held(mba, row["batch"], category, entry.counter)
            return Holding(mba, entry.counter, name, category)
        if entry.sign > 0:
            shipper = area_of(place) or "?"
            batch = row["shipper_batch"] or row["batch"] or POOL
            return Holding(shipper, TRANSIT, f"{mba}/{batch}", category)
        receiver = area_of(place) or "?"
        return Holding(mba, TRANSIT, f"{receiver}/{row['batch'] or POOL}", category)

    def _category_change(self, rows: Sequence[Row]) -> None:
        entry = entry_code(rows[0]["code"])
        mba, number = rows[0]["mba"], int(rows[0]["event_date"])
        assert entry.old_category is not None and entry.new_category is not None
        out = sorted((r for r in rows if r["category"] == str(entry.old_category)), key=_content)
        into = sorted((r for r in rows if r["category"] == str(entry.new_category)), key=_content)
        attached: tuple[str, ...] = ()
        if rows[0]["code"] in ATTACHED_BY_ENRICHMENT:
            attached = self.stated.attached(mba, "enrichment", number)
        flows = self.day(number).flows
        for place in range(max(len(out), len(into))):
            old = out[place] if place < len(out) else None
            new = into[place] if place < len(into) else None
            flows += self._changed(old, new, entry, attached)

    def _changed(
        self, old: Row | None, new: Row | None, entry: EntryCode, attached: tuple[str, ...]
    ) -> Iterable[Flow]:
        """Yield the flows of one entry; weights that differ leave or come from outside."""
        row = old or new
        assert row is not None
        mba = row["mba"]
        letters = str(entry.old_category), str(entry.new_category)
        source, target = (self.held(mba, row["batch"], letter) for letter in letters)
        sizes = [0 if one is None else int(one["element_mg"]) for one in (old, new)]
        both, rank, line = min(sizes), entry.day_rank, Line(row["act_id"], row["line_no"])
        key = _content(row)
        if both:
            yield Transfer(
                rank, key, mba, "CATEGORY", source, target, both, line, attached=attached
            )
        outside = Holding(mba, "other_category", "", letters[0])
        if sizes[0] > both:
            rest = sizes[0] - both
            yield Transfer(rank, key, mba, "LOSS", source, outside, rest, line)
        if new is not None and sizes[1] > both:
            rest, line = sizes[1] - both, Line(new["act_id"], new["line_no"])
            outside = Holding(mba, "other_category", "", letters[1])
            yield Difference(rank, key, mba, "GAIN", target, outside, rest, line)

    def _rebatching(self, rows: Sequence[Row]) -> Rebatching:
        parts: dict[str, list[tuple[Holding, int, Line]]] = {"RM": [], "RP": []}
        for row in rows:
            holding = self.held(row["mba"], row["batch"], row["category"])
            line = Line(row["act_id"], row["line_no"])
            parts[row["code"]].append((holding, int(row["element_mg"]), line))
        key = ("RM", *(word for content in sorted(map(_content, rows)) for word in content))
        rank = entry_code("RM").day_rank
        return Rebatching(rank, key, rows[0]["mba"], tuple(parts["RM"]), tuple(parts["RP"]))

    def add_takings(self, mba: str, rows: Iterable[Row], days: Iterable[tuple[int, Line]]) -> None:
        """Add physical inventories: the lines of listings, and the days of all takings."""
        found: dict[int, dict[Holding, tuple[int, Line]]] = {}
        for row in rows:
            if row["category"] is None or row["element_mg"] is None:
                continue
            holding = self.held(mba, row["batch"], row["category"])
            line = Line(row["act_id"], row["line_no"])
            own = found.setdefault(int(row["pit_date"]), {})
            before = own.get(holding, (0, line))
            own[holding] = (before[0] + int(row["element_mg"]), min(before[1], line))
        for number, line in days:
            self.day(number).takings.append(Taking(mba, found.get(number, {}), line))

    # --- what people stated -----------------------------------------------------------------------

    def add_exchanges(self, since: int) -> None:
        """Add the exchanges from a day on."""
        for row in self.stated.exchanges:
            if row["event_date"] >= since:
                one = self.held(row["mba"], row["batch"], row["category"])
                other = self.held(row["other_mba"], row["other_batch"], row["category"])
                names = ("exchange", "mba", "batch", "labels", "other_mba", "other_batch")
                flow = Exchanging(
                    *(0, tuple(str(row[name]) for name in names), row["mba"]),
                    *(one, row["labels"], labels_of(row["moved"])),
                    *(other, row["other_labels"], labels_of(row["other_moved"])),
                    int(row["element_mg"]),
                    Line(row["act_id"], row["line_no"]),
                )
                self.day(row["event_date"]).flows.append(flow)

    def add_relabellings(self, since: int, areas: frozenset[str]) -> None:
        """Add the labels that begin or end, from a day on, for some areas."""
        for row in self.stated.relabellings:
            if row["event_date"] >= since:
                where = {
                    name: row[name]
                    for name in ("mba", "batch", "category", "account")
                    if row[name] is not None
                }
                adds = labels_of(row["adds"]) if row["adds"] else frozenset[str]()
                line = Line(row["act_id"], row["line_no"])
                one = Relabelling(
                    (str(row["relabelling"]),), areas, where, row["removes"], adds, line
                )
                self.day(row["event_date"]).relabellings.append(one)


def area_of(place: str | None) -> str | None:
    """Return the area of ``country/MBA``.

    Examples
    --------
    >>> area_of("XA/XAFA"), area_of(None)
    ('XAFA', None)
    """
    return place.rpartition("/")[2] if place else None


def groups_of_rebatching(rows: Sequence[Row]) -> list[list[Row]]:
    """Return which batches became which, among those of a day and category.

    Within a report the entries that take from batches and add to others follow each other until
    they balance; what balances nowhere is one group.
    """
    groups: list[list[Row]] = []
    rest: list[Row] = []
    by_act: dict[int, list[Row]] = {}
    for row in sorted(rows, key=lambda r: (r["act_id"], r["line_no"])):
        by_act.setdefault(row["act_id"], []).append(row)
    for some in by_act.values():
        group: list[Row] = []
        balance = 0
        for row in some:
            group.append(row)
            balance += int(row["element_mg"]) * (1 if row["code"] == "RP" else -1)
            if balance == 0:
                groups.append(group)
                group = []
        rest += group
    return [*groups, rest] if rest else groups


def _content(row: Row) -> tuple[str, ...]:
    """Return what a line says, as a key that does not depend on when it was recorded."""
    names = ("code", "category", "batch", "shipper", "receiver", "shipper_batch", "mba")
    weight = f"{int(row['element_mg']):020d}"
    return (*(str(row[name] or "") for name in names), weight)
