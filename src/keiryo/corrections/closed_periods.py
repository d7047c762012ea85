"""Periods that are closed: their listings and balances after a correction.

A correction that reaches back into a closed period corrects the balance of that period as well.
The lines of the codes concerned state again what the entries add up to; the book (BE, BA) and the
material unaccounted for (MF) follow by the equations of the balance. What was found at the
inventory taking (PE) is untouched, and so is the beginning (PB) of the next period: unless entries
of the listing only repeat a weight reported before (basis L or T) and are to follow. Rounding
adjustments stay as they were.

Sources: INFCIRC/153 (Corrected), paragraphs 67, 102 and 103; Code 10, labels 411 and 469.
"""

from __future__ import annotations

import datetime
from collections import Counter
from dataclasses import replace

from keiryo.corrections.chain import Chain, place_text, with_weights
from keiryo.corrections.new_reports import write_reports
from keiryo.quantities import Category, format_weight
from keiryo.reports.balance_rules import BALANCED, OPTIONAL, arithmetic
from keiryo.reports.entry_rules import known_code
from keiryo.reports.filed import AreaFile, FiledBalance, FiledEntry
from keiryo.reports.model import Entry, Weight, fissile_label
from keiryo.reports.questions.running_book import BatchContents, Content, stretches
from keiryo.reports.weight_rules import element_of, grams, name_of
from keiryo.vocabulary import ENTRY_CODES

Sums = dict[str, Counter[str]]
"""Milligrams by code, then by label."""

_COMPUTED = {"BE-ARITH": "BE", "BA-ARITH": "BA", "MF-ARITH": "MF"}
_REASONS = {
    "BE": "The book follows from the corrected changes.",
    "BA": "The adjusted book follows from the corrected changes.",
    "MF": "MF is the adjusted book less the physical inventory.",
}


def follow_listings(chain: Chain) -> None:
    """Let listings follow that repeat what was reported before, or ask whether they should."""
    _follow_weights(chain)
    for amendment in list(chain.amendments):
        old, new = amendment.target, amendment.entry
        if old is None or new is None or old.report.type != "I" or amendment.area.kind != "item":
            continue
        if None not in (old.entry.items, new.items) and old.entry.items != new.items:
            _follow_items(chain, amendment.area, old, new)


def _follow_items(chain: Chain, area: AreaFile, old: FiledEntry, new: Entry) -> None:
    """Let the number of items follow in the next listing of the batch."""
    for day in sorted(d for d in area.listings if d >= old.day)[:1]:
        for filed in area.listings[day].entries:
            entry = filed.entry
            if entry.batch != old.entry.batch or entry.items != old.entry.items:
                continue
            if chain.choices.follow_listing and entry.basis in ("L", "T"):
                known = chain.amended(filed)
                content = known.entry if known is not None and known.entry else entry
                reason = f"It repeats a number of items that was corrected ({place_text(old)})."
                chain.correct(filed, replace(content, items=new.items), reason)
            else:
                chain.ask(
                    area.code,
                    place_text(filed),
                    f"{entry.batch} is listed with {entry.items} items, {place_text(old)} now "
                    f"says {new.items}: how many are there?",
                )


def _follow_weights(chain: Chain) -> None:
    days = sorted({
        (area.code, day) for area in chain.areas() for day in area.listings
    }, key=lambda pair: (pair[1], pair[0]))  # fmt: skip
    for mba, day in days:
        area = chain.filings.areas[mba]
        trial = chain.trial(write_reports(chain)).areas[mba]
        before, after = _contents_at(area, day), _contents_at(trial, day)
        old = {_chain_of(f): f for f in area.listings[day].entries}
        for filed in trial.listings[day].entries if day in trial.listings else ():
            known = old.get(_chain_of(filed))
            if known is None or chain.amended(known) is not None or not filed.entry.batch:
                continue
            name = filed.entry.batch
            was, now = before.of.get(name, {}), after.of.get(name, {})
            repeats = filed.entry.basis in ("L", "T") and _states(known.entry, was)
            other = _renamed(chain, area, name)
            if repeats and other and _states(known.entry, after.of.get(other, {})):
                _listed_anew(chain, area, known, other)
            elif repeats and not _states(known.entry, now):
                _listed_before(chain, filed, now)


def _renamed(chain: Chain, area: AreaFile, name: str) -> str | None:
    """Return the name under which a batch arrived in truth, if the chain says so."""
    gone = {
        a.target.entry.code
        for a in chain.amendments
        if a.area is area and a.target is not None and a.target.entry.batch == name
        and a.report_type == "I" and (a.entry is None or a.entry.batch != name)
    }  # fmt: skip
    for amendment in chain.amendments:
        entry = amendment.entry if amendment.area is area else None
        code = known_code(entry.code) if entry is not None and entry.code else None
        if entry is None or code is None or code.batch_sign <= 0:
            continue
        if entry.code in gone and entry.batch not in (None, name):
            return entry.batch
    return None


def _listed_anew(chain: Chain, area: AreaFile, filed: FiledEntry, name: str) -> None:
    """Let a listing follow in the name of a batch."""
    entry, choices = replace(filed.entry, batch=name), chain.choices
    reason = f"The batch is listed under the name under which it arrived, {name}."
    if not choices.follow_listing:
        chain.ask(
            area.code,
            place_text(filed),
            f"{filed.entry.batch} is listed under the name reported before. Should the listing "
            f"follow as {name}? Ask for it with --follow-listing.",
        )
    elif choices.strict:
        chain.reissue(filed, entry, area, reason)
    else:
        chain.correct(filed, entry, reason)


def _chain_of(filed: FiledEntry) -> tuple[int, int]:
    return (filed.origin.report.number, filed.origin.entry.number)


def _contents_at(area: AreaFile, day: datetime.date) -> BatchContents:
    """Return the content of each batch at the end of the period before a listing."""
    for stretch in stretches(area):
        if stretch.end == day:
            contents = BatchContents(stretch.batches)
            for _, entries in stretch.days:
                for filed in entries:
                    contents.apply(filed)
            return contents
    return BatchContents(())


def _states(entry: Entry, held: dict[Category, Content]) -> bool:
    """Whether an entry states the content of a batch."""
    listed = {group.category: group for group in entry.groups()}
    for category in {*listed, *(c for c, content in held.items() if content.element_mg)}:
        group, content = listed.get(category), held.get(category, Content())
        if (group.element_mg if group else 0) != content.element_mg:
            return False
        known = group is not None and None not in (group.fissile_mg, content.fissile_mg)
        if category in "EU" and known and group and group.fissile_mg != content.fissile_mg:
            return False
    return True


def _listed_before(chain: Chain, filed: FiledEntry, held: dict[Category, Content]) -> None:
    entry = filed.entry
    said = "; ".join(
        f"{format_weight(content.element_mg, category.unit)} {category.unit} {category}"
        for category, content in sorted(held.items())
        if content.element_mg
    )
    if any(content.element_mg < 0 for content in held.values()):
        chain.ask(
            filed.report.mba or "", place_text(filed), f"{entry.batch} would hold {said}: why?"
        )
    elif not chain.choices.follow_listing:
        chain.ask(
            filed.report.mba or "",
            place_text(filed),
            f"{entry.batch} is listed with a weight reported before ({entry.basis}); the ledger "
            f"will hold {said or 'nothing'}. Should the listing follow? It was not measured "
            "again, so it does unless there is a reason; ask for it with --follow-listing.",
        )
    else:
        weights = _content_weights(entry, held)
        reason = f"It repeats a weight reported before ({entry.basis}), which was corrected."
        chain.amend_trial(filed, with_weights(entry, weights) if weights else None, reason)


def _content_weights(entry: Entry, held: dict[Category, Content]) -> dict[str, int]:
    """Return the weights of a listed batch after its content became another."""
    old, weights = entry.weights_mg(), {}
    fissile = fissile_label(old) or "670"
    for category, content in held.items():
        if not content.element_mg:
            continue
        weights[category.label] = content.element_mg
        label = {"N": "770", "D": "780", "E": fissile, "U": fissile}.get(str(category))
        if label and content.fissile_mg is not None and (category in "EU" or label in old):
            weights[label] = content.fissile_mg
    for label, mg in old.items():
        beside = element_of(label)
        if label in OPTIONAL and label not in weights and any(e in weights for e in beside):
            weights[label] = mg
    return weights


def follow_balances(chain: Chain) -> None:
    """Correct every balance of a closed period that the chain touches, in order of time."""
    for area in chain.areas():
        ending: dict[str, int] = {}
        for day in sorted({*area.balances, *area.listings}):
            trial = chain.trial(write_reports(chain)).areas[area.code]
            if day in area.balances and day in trial.balances:
                ending = _ClosedPeriod(chain, area, trial, day, ending).follow()
            elif day in area.listings:  # listed, but no balance was reported
                was, now = _listed(area, day), _listed(trial, day)
                ending = {label: now[label] for label in {*was, *now} if was[label] != now[label]}


class _ClosedPeriod:
    """One balance as it was stated, and what it should state now."""

    def __init__(
        self,
        chain: Chain,
        area: AreaFile,
        trial: AreaFile,
        day: datetime.date,
        ending: dict[str, int],
    ) -> None:
        self.chain, self.area, self.trial, self.day = chain, area, trial, day
        self.ending = ending  # labels of PB with what the period before now ends with
        self.balance: FiledBalance = trial.balances[day]
        self.before = _stated(area.balances[day])
        self.stated = _stated(self.balance)
        self.lines = {id(f): f.entry for f in self.balance.lines}
        self.reasons: dict[int, list[str]] = {}
        self.missing: dict[str, dict[str, int]] = {}

    def follow(self) -> dict[str, int]:
        """Correct what has to be; return the labels of PE that changed, with their weights."""
        self._changes()
        self._listing()
        for label, mg in self.ending.items():
            if label not in OPTIONAL or label in self.stated.get("PB", ()):
                self._set("PB", label, mg, "PB repeats the corrected ending inventory before it.")
        self._compute()
        self._amend()
        self._explain()
        old, new = self.before.get("PE", Counter()), self.stated.get("PE", Counter())
        return {label: new[label] for label in {*old, *new} if old[label] != new[label]}

    def _changes(self) -> None:
        old, new = (_changes(area, self.balance) for area in (self.area, self.trial))
        for name, code in ENTRY_CODES().items():
            if not code.is_inventory_change and name != "DI":
                continue
            was, now = old.get(name, Counter()), new.get(name, Counter())
            for label in sorted({*was, *now}):
                if was[label] != now[label]:
                    self._set_sum(
                        name, label, now[label], "the entries of the period now add up to"
                    )

    def _listing(self) -> None:
        was, now = _listed(self.area, self.day), _listed(self.trial, self.day)
        for label in sorted({*was, *now}):
            if was[label] != now[label]:
                self._set_sum("PE", label, now[label], "the listing now adds up to")

    def _set_sum(self, name: str, label: str, total_mg: int, what: str) -> None:
        if label in OPTIONAL and label not in self.stated.get(name, ()):
            return
        rounding = self.stated.get(f"RA{name}", Counter())[label]
        words = f"{name_of(label)}: {what} {grams(total_mg, label)}."
        self._set(name, label, total_mg - rounding, words)

    def _set(self, name: str, label: str, mg: int, reason: str) -> None:
        """Let the lines of a code state a sum under a label."""
        difference = mg - self.stated.get(name, Counter())[label]
        if not difference:
            return
        self.stated.setdefault(name, Counter())[label] = mg
        line = self._line(name, label)
        if line is None:
            self.missing.setdefault(name, {})[label] = mg
            return
        weights = self.lines[id(line)].weights_mg()
        weights[label] = weights.get(label, 0) + difference
        self.lines[id(line)] = with_weights(self.lines[id(line)], weights)
        self.reasons.setdefault(id(line), []).append(reason)

    def _line(self, name: str, label: str) -> FiledEntry | None:
        same = [f for f in self.balance.lines if f.entry.code == name]
        for wanted in (label, _element_beside(label)):
            stating = [f for f in same if wanted in self.lines[id(f)].weights_mg()]
            if stating:
                return stating[0]
        return same[0] if len(same) == 1 else None

    def _compute(self) -> None:
        if any(known_code(name) is None for name in self.stated):
            return
        changed = {
            label
            for name in {*self.before, *self.stated}
            if name not in _REASONS
            for label in {*self.before.get(name, ()), *self.stated.get(name, ())}
            if self.before.get(name, Counter())[label] != self.stated.get(name, Counter())[label]
        }
        for label in BALANCED:
            if label not in changed:
                continue
            for _ in _COMPUTED:  # each equation rests on the one before
                wrong = next(iter(arithmetic(self.stated, label)), None)
                if wrong is None:
                    break
                rule, name, found_mg, expected_mg, _ = wrong
                stated = self.stated.get(name, Counter())[label]
                assert _COMPUTED[rule] == name
                self._set(name, label, stated + expected_mg - found_mg, _REASONS[name])

    def _amend(self) -> None:
        for name, weights in self.missing.items():
            stated = tuple(Weight(label, mg) for label, mg in sorted(weights.items()))
            self.chain.add(
                self.area,
                "M",
                self.area.balances[self.day].report,
                Entry(number=0, code=name, weights=stated),
                f"The balance had no line {name} yet.",
            )
        for line in self.balance.lines:
            entry = self.lines[id(line)]
            if entry is line.entry:
                continue
            reason = " ".join(dict.fromkeys(self.reasons[id(line)]))
            gone = entry.code not in ("PB", "BE", "BA", "PE", "MF") and not any(
                entry.weights_mg().values()
            )
            self.chain.amend_trial(line, None if gone else entry, reason)

    def _explain(self) -> None:
        if self.stated == self.before:
            return
        mba, number = self.area.code, self.balance.report.number
        moved = self.stated.get("MF") != self.before.get("MF")
        if moved and self.stated.get("PE") == self.before.get("PE"):
            self.chain.remark(
                f"The PE of balance {mba} {number} stays what was found on {self.day}, so BA and "
                "MF change; the PB of the period after it stays as it is."
            )
        if self.area.kind != "item":
            return
        for label in BALANCED:
            old = self.before.get("MF", Counter())[label]
            new = self.stated.get("MF", Counter())[label]
            if old != new and new:
                self.chain.ask(
                    mba,
                    f"{mba} report {number}",
                    f"MF of this item area becomes {grams(new, label)} {name_of(label)}. Items "
                    "are there or not: should the listing follow, or what is missing?",
                )
            elif old != new:
                self.chain.remark(f"MF of the item area {mba} ({name_of(label)}) becomes zero.")


def _element_beside(label: str) -> str:
    """Return the label of the element that stands in one line with a fissile weight."""
    if label in ("770", "780"):
        return {"770": "610", "780": "620"}[label]
    return "630" if label.startswith("6") else "700"


def _stated(balance: FiledBalance) -> Sums:
    sums: Sums = {}
    for line in balance.lines:
        if line.entry.code:
            sums.setdefault(line.entry.code, Counter()).update(line.entry.weights_mg())
    return sums


def _changes(area: AreaFile, balance: FiledBalance) -> Sums:
    start, sums = balance.start or datetime.date.min, Sums()
    for filed in area.changes:
        if filed.entry.code and start <= filed.day <= balance.end:
            sums.setdefault(filed.entry.code, Counter()).update(filed.entry.weights_mg())
    return sums


def _listed(area: AreaFile, day: datetime.date) -> Counter[str]:
    """Return the sums of a listing by label; nothing if there is none."""
    total: Counter[str] = Counter()
    listing = area.listings.get(day)
    for filed in listing.entries if listing is not None else ():
        total.update(filed.entry.weights_mg())
    return total
