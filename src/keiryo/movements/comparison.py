"""Books against the source's own inventories at a closing, every milligram explained.

The difference is taken apart into what it must consist of: rounding of items to the milligram,
totals that the source adds from unrounded weights, items counted differently, what stores took in
or gave out against what the items carried, material that moved between stores. What is left is
called unexplained, and never hidden.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import polars as pl

from keiryo.accounts.model import Balance
from keiryo.movements.genealogy import Descent
from keiryo.movements.inventories import Held, Taking, pending_items
from keiryo.movements.mapping import Mapping, Process
from keiryo.movements.stores import Bulk, Content, rounded_mg
from keiryo.quantities import Category, format_weight

CATEGORIES = {"U": "NDEU", "Pu": "P", "Th": "T"}


@dataclass(frozen=True, slots=True)
class Term:
    """One reason why book and source differ, with its part in milligrams (book minus source)."""

    words: str
    element_mg: Fraction


@dataclass(frozen=True, slots=True)
class Comparison:
    """An element of an area at a closing: book, source, difference and its reasons.

    Attributes
    ----------
    book_mg : int
        Adjusted ending book (BA) over all categories of the element.
    source_mg : int or None
        What the source says is there; None where it says nothing.
    unaccounted_mg : int
        MF of the closed balance.
    items, source_items : int or None
    terms : tuple of Term
        They add up to the difference, the last one being what is unexplained if anything is.
    """

    mba: str
    day: datetime.date
    element: str
    book_mg: int
    source_mg: int | None
    unaccounted_mg: int
    items: int | None
    source_items: int | None
    terms: tuple[Term, ...]

    @property
    def difference_mg(self) -> int | None:
        """Book minus source."""
        return None if self.source_mg is None else self.book_mg - self.source_mg

    @property
    def unexplained_mg(self) -> int:
        """What no reason was found for."""
        return sum(rounded_mg(t.element_mg) for t in self.terms if t.words == UNEXPLAINED)

    @property
    def explanation(self) -> str:
        """The reasons in words, each with its part."""
        return "; ".join(f"{t.words}: {_shown(t.element_mg)}" for t in self.terms) or "agrees"

    def to_dict(self) -> dict[str, object]:
        """Return the comparison as plain data, weights in kg."""

        def kg(value: int | None) -> str | None:
            return None if value is None else format_weight(value, "kg")

        return {
            "mba": self.mba,
            "day": self.day.isoformat(),
            "element": self.element,
            "items": self.items,
            "source_items": self.source_items,
            "book_kg": kg(self.book_mg),
            "source_kg": kg(self.source_mg),
            "difference_kg": kg(self.difference_mg),
            "muf_kg": kg(self.unaccounted_mg),
            "explanation": self.explanation,
        }  # fmt: skip


UNEXPLAINED = "unexplained"


def _shown(value_mg: Fraction) -> str:
    """Return a weight for reading: kilograms, or milligrams if it is less than a gram."""
    if abs(value_mg) >= 1000:
        return f"{format_weight(rounded_mg(value_mg), 'kg')} kg"
    tenths = rounded_mg(value_mg * 10)
    return f"{'-' if tenths < 0 else ''}{abs(tenths) // 10}.{abs(tenths) % 10} mg"


def compare(
    mapping: Mapping,
    mba: str,
    balance: Balance,
    taking: Taking,
    before: Taking | None,
    descents: Iterable[Descent],
    bulk: Bulk,
    events: pl.DataFrame,
) -> list[Comparison]:
    """Compare the closed balance of an area with what the source says is there.

    Parameters
    ----------
    mapping : Mapping
    mba : str
    balance : Balance
        As closed.
    taking : Taking
        The physical inventory that ended the period.
    before : Taking or None
        The one before.
    descents : iterable of Descent
    bulk : Bulk
    events : polars.DataFrame
        Tracked events.

    Returns
    -------
    list of Comparison
        One for each element that the area holds or held.
    """
    found = []
    process = next((p for p in mapping.processes if p.mba == mba), None)
    for element in mapping.elements:
        symbol = element.symbol
        letters = [Category(c) for c in CATEGORIES[symbol]]
        book, missing = (
            sum(balance.lines[code][c].element_mg for c in letters if c in balance.lines[code])
            for code in ("BA", "MF")
        )
        stated, terms, items, source_items = _item_terms(mba, symbol, taking, before)
        if process is not None and element is mapping.elements[0]:
            more, more_terms = _process_terms(
                mapping, process, taking, before, descents, bulk, events
            )
            stated = stated if more is None else (stated or Fraction(0)) + more
            terms += more_terms
            items = taking.pending[mba][0] if mba in taking.pending else items
        if process is None and stated is None:
            stated = Fraction(0)
        source = None if stated is None else rounded_mg(stated)
        whole = Fraction(book) - (stated if stated is not None else book - missing)
        kept = _summed(terms, whole)
        if symbol == "U" or book or source or missing:
            found.append(
                Comparison(
                    mba, taking.day, symbol, book, source, missing, items, source_items, kept
                )
            )
    return found


def _summed(terms: list[Term], whole_mg: Fraction) -> tuple[Term, ...]:
    """Return each reason once, and what no reason was found for."""
    rest = whole_mg - sum((t.element_mg for t in terms), Fraction(0))
    if abs(rest) >= 1:
        terms = [*terms, Term(UNEXPLAINED, rest)]
    sums: dict[str, Fraction] = {}
    for term in terms:
        sums[term.words] = sums.get(term.words, Fraction(0)) + term.element_mg
    return tuple(Term(words, value) for words, value in sums.items() if value)


def _item_terms(
    mba: str, symbol: str, taking: Taking, before: Taking | None
) -> tuple[Fraction | None, list[Term], int | None, int | None]:
    """Return what the source states for the items of an MBA, and why the book differs."""
    held = [h for h in taking.held if h.mba == mba]
    stated, terms, items, source_items = _area_terms(held, symbol)
    previous = [h for h in before.held if h.mba == mba] if before else []
    terms.append(Term("left over by the inventory before", _carried(previous, symbol)))
    astray = taking.astray_mg.get((mba, symbol), 0)
    astray -= before.astray_mg.get((mba, symbol), 0) if before else 0
    terms.append(Term("items that left without having come, or came twice", Fraction(astray)))
    return stated, terms, items, source_items


def _area_terms(
    held: list[Held], symbol: str
) -> tuple[Fraction | None, list[Term], int | None, int | None]:
    """Return what the source states for items, and why the book differs from it."""
    if not held:
        return None, [], None, None
    stated = rounding = totals = counted = Fraction(0)
    items = source_items = 0
    for h in held:
        booked, exact = h.booked[symbol].element_mg, h.exact[symbol].element_mg
        there = h.stated.get(symbol, Content()).element_mg
        stated += there
        rounding += booked - exact
        items, source_items = items + h.items, source_items + h.source_items
        if h.items == h.source_items:
            totals += exact - there
        else:
            counted += exact - there
    terms = [
        Term(f"{items} items, each rounded to the milligram", rounding),
        Term("the source adds weights that it does not round", totals),
    ]
    if counted:
        words = f"the movements leave {items} items, the source counts {source_items}"
        terms.append(Term(words, counted))
    return stated, terms, items, source_items


def _carried(previous: list[Held], symbol: str) -> Fraction:
    """Return what earlier inventories took away from (or gave to) the book of the movements."""
    total = Fraction(0)
    for h in previous:
        if not h.agrees:
            there = rounded_mg(h.stated.get(symbol, Content()).element_mg)
            total += there - h.booked[symbol].element_mg
    return total


def _process_terms(
    mapping: Mapping,
    process: Process,
    taking: Taking,
    before: Taking | None,
    descents: Iterable[Descent],
    bulk: Bulk,
    events: pl.DataFrame,
) -> tuple[Fraction | None, list[Term]]:
    first = before.period + 1 if before else int(str(events["period"].min()))
    if process.inventory == "stores":
        return _store_terms(mapping, process, first, taking.period, bulk, events)
    descent = next(d for d in descents if d.process.mba == process.mba)
    if process.inventory != "pending":
        return None, []
    last = taking.period
    fed = _carried_by(mapping, process, events, first, last, feeding=True)
    made = _carried_by(mapping, process, events, first, last, feeding=False)
    symbol = f"{mapping.elements[0].symbol}_mg"
    waiting = Fraction(pending_items(descent, last)[symbol].sum() or 0)
    waited = Fraction(pending_items(descent, before.period)[symbol].sum() or 0 if before else 0)
    used = fed + waited - waiting
    words = "items and what they became differ in weight, by rounding and resolution of the source"
    if descent.unexplained:
        words += f", and {descent.unexplained} items came out that fit nothing that went in"
    return None, [Term(words, used - made)]


def _carried_by(
    mapping: Mapping,
    process: Process,
    events: pl.DataFrame,
    first: int,
    last: int,
    *,
    feeding: bool,
) -> Fraction:
    """Return what items carried into or out of a process, as booked, from week to week."""
    flows = [
        n for n, f in enumerate(mapping.flows)
        if (f.target if feeding else f.source) == process.node
    ]  # fmt: skip
    delay = process.feed_delay if feeding else 0
    rows = events.filter(
        pl.col("flow").is_in(flows) & (pl.col("entering") != feeding)
        & (pl.col("period") + delay).is_between(first, last)
    )  # fmt: skip
    return Fraction(rows[f"{mapping.elements[0].symbol}_mg"].sum() or 0)


def _store_terms(
    mapping: Mapping,
    process: Process,
    first: int,
    last: int,
    bulk: Bulk,
    events: pl.DataFrame,
) -> tuple[Fraction | None, list[Term]]:
    """Follow the material from the items through the stores to the items, step by step."""
    stock = bulk.stock(mapping, process, last)
    if stock is None:
        return None, []
    start = bulk.stock(mapping, process, first - 1) or Content()

    def moved(roles: tuple[str, ...], what: str) -> Fraction:
        return bulk.flow(mapping, process, roles, what, first, last).element_mg

    fed = _carried_by(mapping, process, events, first, last, feeding=True)
    made = _carried_by(mapping, process, events, first, last, feeding=False)
    lost = moved(("lost",), "received")
    discarded = Fraction(0)
    for period, loss in bulk.losses(mapping, process).items():
        if first <= period <= last:
            discarded += loss.element_mg
    split = any(s.role == "product" for s in process.stores)
    taken = moved(("feed", "both"), "received") + (0 if split else lost)
    given = moved(("product", "both"), "issued")
    holding = ("feed", "product", "both")
    kept = moved(holding, "received") - moved(holding, "issued")
    terms = [
        Term(_words(fed - taken, "what the items carried in, less what the stores took in"),
             fed - taken),
        Term(_words(given - made, "what the stores gave out, less what the items carried out: "
                    "material that left with no record of where it went"), given - made),
        Term("lost stores took in more than their stock grew by", lost - discarded),
        Term("rounding of the stock that the source states",
             kept - (stock.element_mg - start.element_mg)),
    ]  # fmt: skip
    if split:
        between = moved(("feed",), "issued") - moved(("product",), "received") - lost
        words = "between the stores: given out, less taken in and lost"
        terms.append(Term(_words(between, words), between))
    carry = Fraction(rounded_mg(start.element_mg)) - start.element_mg
    terms.append(Term("rounding of the inventory before", carry))
    return stock.element_mg, terms


def _words(value: Fraction, words: str) -> str:
    """Return the reason, or plain rounding if that is all it is."""
    return words if abs(value) >= 1000 else "rounding of what the source states of its stores"
