"""Random Code 10 reports that are right: nothing in them gives a finding.

Strategies for Hypothesis. The reports are right one by one, as far as a report alone can be: the
balance of a material balance report adds up, new changes lie in the period, notes and entries
agree. They do not tell one story together: shipments have no receipts.

Examples
--------
>>> from hypothesis import given
>>> @given(reports())
... def test_my_export(made): ...
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from keiryo import vocabulary
from keiryo.quantities import Category
from keiryo.reports.balance_rules import change_mg
from keiryo.reports.model import WEIGHT_LABELS, Entry, Note, Reference, Report, Weight
from keiryo.reports.weight_rules import element_of
from keiryo.vocabulary import EntryCode

COUNTRY = "XA"
MBAS = ("XAFA", "XARA", "XALA", "XA--")
MAX_WEIGHT_MG = 10**13

_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS = "0123456789"
_PLAIN = _CAPITALS + _DIGITS + "-.,()+*&="
_MDCS = ("B/Q/2/F", "B/Q/1/G", "G/Q/N/B", "F/Q/E/C", "O/G/R/B", "T/R/N/E", "QS/O/H")
_BALANCE_LABELS = ("610", "620", "630", "670", "700", "800")


def texts(longest: int, alphabet: str = _PLAIN) -> st.SearchStrategy[str]:
    """Return text of capitals, digits and plain signs, with single blanks between words."""
    words = st.lists(st.text(alphabet, min_size=1, max_size=longest), min_size=1, max_size=4)
    return words.map(lambda some: " ".join(some)[:longest].rstrip())


def weights_mg(lowest: int = 0, highest: int = MAX_WEIGHT_MG) -> st.SearchStrategy[int]:
    """Return weights in milligrams: whole units, tenths, and any."""
    return st.one_of(
        st.integers(lowest, highest),
        st.integers(-(-lowest // 1000), highest // 1000).map(lambda grams: grams * 1000),
        st.integers(lowest, min(highest, lowest + 10)),
    )


def days() -> st.SearchStrategy[date]:
    """Return days of the time in which reports have been made."""
    return st.dates(date(1975, 1, 1), date(2060, 12, 31))


@st.composite
def contents(draw: st.DrawFn, category: Category) -> dict[str, int]:
    """Return weights of one category by label, with isotopes that fit the element."""
    element_mg = draw(weights_mg())
    made = {category.label: element_mg}
    part = weights_mg(0, element_mg)
    if category in (Category.ENRICHED, Category.UNIFIED):
        made[draw(st.sampled_from(("640", "660", "670")))] = draw(part)
    elif category is Category.PLUTONIUM and draw(st.booleans()):
        made[draw(st.sampled_from(("720", "730", "760")))] = draw(part)
    elif category in (Category.NATURAL, Category.DEPLETED) and draw(st.booleans()):
        made["770" if category is Category.NATURAL else "780"] = draw(part)
    return made


@st.composite
def batch_contents(draw: st.DrawFn) -> dict[str, int]:
    """Return weights of one to three categories by label."""
    uranium = draw(st.sampled_from([*"NDEU", None]))
    others = draw(st.sets(st.sampled_from("PT"), min_size=0 if uranium else 1))
    made: dict[str, int] = {}
    for letter in [uranium, *sorted(others)]:
        if letter is not None:
            made |= draw(contents(Category(letter)))
    return made


def _weights(by_label: dict[str, int]) -> tuple[Weight, ...]:
    return tuple(Weight(label, by_label[label]) for label in WEIGHT_LABELS if label in by_label)


@st.composite
def _changed(draw: st.DrawFn, code: EntryCode) -> dict[str, int]:
    if code.kind == "category_change":
        assert code.old_category is not None and code.new_category is not None, code
        made = {c.label: draw(weights_mg()) for c in (code.old_category, code.new_category)}
        if "630" in made:
            made["670"] = draw(weights_mg())
        return made
    made = draw(batch_contents())
    if code.may_be_negative and draw(st.booleans()):
        made = {label: -mg for label, mg in made.items()}
    return made


def _batch_fields(draw: st.DrawFn) -> dict[str, Any]:
    """Return what entries of changes and of inventories share."""
    basis = draw(st.sampled_from("MNTL"))
    return {
        "state_record_id": draw(st.none() | texts(40)),
        "kmp": draw(st.sampled_from(("1", "2", "A", "&", "1A"))),
        "mdc": draw(st.sampled_from(_MDCS)),
        "operator_mdc": draw(st.none() | st.just("Y") | texts(12).map("N/{}".format)),
        "description": draw(st.none() | texts(100, _PLAIN + ":/;")),
        "batch": draw(texts(16)),
        "basis": basis,
        "basis_kmp": draw(st.none() | st.just("9")) if basis == "M" else None,
        "basis_method": draw(st.none() | st.just("W1")) if basis in "MT" else None,
        "items": draw(st.integers(0, 5000)),
        "weights": (),
    }


@st.composite
def _change(draw: st.DrawFn, mba: str, period: tuple[date, date]) -> Entry:
    """Return an entry of an inventory change report; its number comes later."""
    status = draw(st.sampled_from("NNNNCAD"))
    refers = None
    if status != "N":
        refers = Reference(COUNTRY, draw(st.integers(1, 999)), draw(st.integers(1, 99)))
    if status == "D":
        return Entry(number=1, status=status, refers=refers)
    changes = [code for code in vocabulary.ENTRY_CODES().values() if "ICR" in code.reports]
    code = draw(st.sampled_from([code for code in changes if code.kind != "rebatching"]))
    us, domestic = f"{COUNTRY}/{mba}", code.code in ("SD", "RD")
    partner = f"{COUNTRY}/XAZZ" if domestic else draw(st.sampled_from(("XB/XBEA", "XB", "XC/XC")))
    shipper, receiver = (us, partner) if code.own_side == "shipper" else (partner, us)
    return Entry(
        number=1,
        status=status,
        refers=refers,
        shipper=shipper if code.needs_parties else None,
        receiver=receiver if code.needs_parties else None,
        code=code.code,
        date=draw(st.dates(*period)),
        shipper_batch=draw(texts(16)) if code.needs_shipper_batch else None,
        **_batch_fields(draw) | {"weights": _weights(draw(_changed(code)))},
    )


@st.composite
def _rebatching(draw: st.DrawFn, period: tuple[date, date]) -> list[Entry]:
    """Return two entries that move the content of one batch into another."""
    weights, day = _weights(draw(batch_contents())), draw(st.dates(*period))
    return [
        Entry(number=1, code=code, date=day, **_batch_fields(draw) | {"weights": weights})
        for code in ("RM", "RP")
    ]


@st.composite
def _balance(draw: st.DrawFn) -> list[Entry]:
    """Return the lines of a material balance report that add up."""
    changes = [c for c in vocabulary.ENTRY_CODES().values() if c.is_inventory_change]
    lines: dict[str, dict[str, int]] = {"PB": draw(_balance_weights())}
    for code in draw(st.lists(st.sampled_from(changes), unique=True, max_size=5)):
        category_change = code.kind == "category_change"
        lines[code.code] = draw(_changed(code) if category_change else _balance_weights())
    if draw(st.booleans()):
        lines["DI"] = draw(_balance_weights())
    lines["PE"] = draw(_balance_weights())
    labels = [label for label in _BALANCE_LABELS if any(label in line for line in lines.values())]
    book = {label: _book_mg(lines, label) for label in labels}
    difference = lines.get("DI", {})
    adjusted = {label: book[label] - difference.get(label, 0) for label in labels}
    if draw(st.booleans()):
        lines["BE"] = book
    lines["BA"] = adjusted
    lines["MF"] = {label: adjusted[label] - lines["PE"].get(label, 0) for label in labels}
    return [Entry(number=1, code=code, weights=_weights(line)) for code, line in lines.items()]


def _book_mg(lines: dict[str, dict[str, int]], label: str) -> int:
    changes = (change_mg(vocabulary.entry_code(code), line, label) for code, line in lines.items())
    return lines["PB"].get(label, 0) + sum(changes)


@st.composite
def _balance_weights(draw: st.DrawFn) -> dict[str, int]:
    labels = draw(st.sets(st.sampled_from(_BALANCE_LABELS), min_size=1))
    labels |= {"670"} if "630" in labels else set()
    labels |= {e for label in labels for e in element_of(label)[:1]}
    return {label: draw(weights_mg()) for label in sorted(labels)}


def _numbered(entries: list[Entry]) -> list[Entry]:
    total = len(entries)
    return [
        replace(entry, number=number, total=total if number == 1 else None)
        for number, entry in enumerate(entries, 1)
    ]


@st.composite
def _notes(draw: st.DrawFn, entries: list[Entry]) -> tuple[list[Entry], list[Note]]:
    """Return the entries, some of them announcing a note, and the notes."""
    noted = [entry.number for entry in entries if draw(st.integers(0, 3)) == 0]
    references: list[str | None] = [f"E/{number}" for number in noted]
    references += draw(st.sampled_from(([], ["R"], [None])))
    entries = [replace(entry, note_indicator=entry.number in noted) for entry in entries]
    text = texts(200, _PLAIN + ":/;")
    notes = [
        Note(
            number=number,
            total=len(references) if number == 1 else None,
            text=draw(text),
            reference=reference,
        )
        for number, reference in enumerate(references, 1)
    ]
    return entries, notes


@st.composite
def textual_report(draw: st.DrawFn) -> Report:
    """Return a report that has notes only."""
    mba = draw(st.none() | st.sampled_from(MBAS))
    references = st.none() | st.sampled_from(("R/4", "E/4/2"))
    text = texts(200, _PLAIN + ":/;")
    some = draw(st.lists(st.tuples(text, references), min_size=1, max_size=3))
    notes = [
        Note(
            number=number,
            total=len(some) if number == 1 else None,
            text=words,
            reference=reference,
            report_type=draw(st.none() | st.sampled_from("TIPM")),
        )
        for number, (words, reference) in enumerate(some, 1)
    ]
    return Report(
        country=COUNTRY,
        number=draw(st.integers(1, 9999)),
        type="T",
        date=draw(days()),
        facility=None if mba is None else "XAF-",
        mba=mba,
        notes=tuple(notes),
    )


@st.composite
def inventory_report(draw: st.DrawFn) -> Report:
    """Return an inventory change report, a physical inventory listing or a balance report."""
    report_type, mba = draw(st.sampled_from("IPM")), draw(st.sampled_from(MBAS))
    start = draw(days())
    end = start + timedelta(days=draw(st.integers(0, 400)))
    single = report_type == "P" and draw(st.booleans())
    entries: list[Entry] = []
    if report_type == "I":
        entries = draw(st.lists(_change(mba, (start, end)), min_size=1, max_size=5))
        entries += draw(st.just([]) | _rebatching((start, end)))
    elif draw(st.integers(0, 5)) == 0:
        entries = [Entry(number=1, status="U")]
    elif report_type == "M":
        entries = draw(_balance())
    else:
        for _ in range(draw(st.integers(1, 5))):
            weights = _weights(draw(batch_contents()))
            entries.append(Entry(number=1, **_batch_fields(draw) | {"weights": weights}))
    entries, notes = draw(_notes(_numbered(entries)))
    return Report(
        country=COUNTRY,
        number=draw(st.integers(1, 9999)),
        type=report_type,
        date=end + timedelta(days=draw(st.integers(0, 60))),
        encoder=draw(texts(30)),
        period_from=end if single else start,
        period_to=end,
        period_single=single,
        facility="XAF-",
        mba=mba,
        entries=tuple(entries),
        notes=tuple(notes),
    )


def reports(*, largest: int = 4) -> st.SearchStrategy[list[Report]]:
    """Return one to `largest` reports, each of another number or MBA."""
    one = st.one_of(inventory_report(), textual_report())
    return st.lists(one, min_size=1, max_size=largest, unique_by=lambda report: report.key)
