"""What must hold of statements about material: openings, receipts, designations, exchanges.

Each is looked at with what the books say of the material on its day: how much there is, under
which labels, of what enrichment, and whether the period was reported already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from keiryo.dates import number_date
from keiryo.errors import Finding, Severity
from keiryo.obligations import exchange
from keiryo.obligations.consents import EXCHANGE as EXCHANGE_STEP
from keiryo.obligations.holdings import Holding, Line
from keiryo.obligations.known_books import KnownBooks, OnHand
from keiryo.obligations.label_checks import use_findings
from keiryo.obligations.labels import labels_of
from keiryo.obligations.stated import Row, holds
from keiryo.obligations.stated_texts import BASIS, share_of
from keiryo.quantities import Category, format_weight
from keiryo.vocabulary import ENTRY_CODES

EXEMPTING = {"EU": "DU", "EQ": "DQ", "TW": "FW"}
"""Changes that take material into a register of its own, and those that bring it back."""
OUTSIDE_RECEIPTS = ("RF", "RS", "RN")
Cells = Sequence[Row]


def _finding(
    code: str,
    message: str,
    advice: str,
    *,
    found: str | None = None,
    expected: str | None = None,
    severity: Severity = Severity.FORMAT,
) -> Finding:
    return Finding(code, severity, message, advice, found=found, expected=expected, basis=BASIS)


def weight(mg: int, category: str) -> str:
    """Return a weight in the unit of its category, with the unit."""
    unit = Category(category).unit
    return f"{format_weight(mg, unit)} {unit}"


def withdrawals() -> tuple[str, ...]:
    """Return the types of change (label 411) that take material off the book."""
    return tuple(code for code, entry in ENTRY_CODES().items() if entry.kind == "decrease")


def is_kept_on(known: KnownBooks, day: int, what: str) -> Iterator[Finding]:
    """Yield a finding if labels are not kept yet on a day."""
    if known.begins is None or day <= known.begins:
        since = "are not kept in these books yet"
        if known.begins is not None:
            since = f"are kept from the end of {number_date(known.begins)} on"
        yield _finding(
            "LABELS-NOT-KEPT",
            f"labels {since}; {what} on {number_date(day)} would change nothing",
            "Begin with 'keiryo obligations open', or correct the day.",
            found=str(number_date(day)),
        )


def _form_of(known: KnownBooks, mba: str, batch: str | None) -> Iterator[Finding]:
    """Yield a finding if a batch is named where none is followed."""
    if batch is not None and not known.followed_by_batch(mba):
        yield _finding(
            "HOLDING-POOL",
            f"{mba} does not follow batches: labels are kept for its pool of each category",
            f"Leave the batch {batch[:40]} out.",
            found=batch[:80],
        )


def _is_there(
    known: KnownBooks, holding: Holding, held: OnHand, batch: str | None, day: int
) -> Iterator[Finding]:
    """Yield a finding if the book does not hold a batch or pool; if it is exempted, where it is."""
    if held.element_mg > 0:
        return
    every = [*EXEMPTING, *EXEMPTING.values()]
    entries = known.entries(holding.mba, batch, every, day) if batch else []
    last = entries[-1] if entries else None
    place = f"{batch or 'the pool'} of {holding.mba}"
    if last is not None and last["code"] in ("EU", "EQ"):
        what = "use" if last["code"] == "EU" else "quantity"
        yield _finding(
            "EXEMPT-MATERIAL",
            f"{place} is not on the book: it was exempted ({what}) on "
            f"{number_date(int(last['event_date']))} and keeps its labels there",
            "Labels of exempted material are changed when it comes back on the book, or by a "
            "decision of the partner ('keiryo obligations relabel').",
            found=str(last["code"]),
        )
    elif last is not None and last["code"] == "TW":
        yield _finding(
            "EXEMPT-WASTE",
            f"{place} is not on the book: it was retained as waste on "
            f"{number_date(int(last['event_date']))} and keeps its labels there",
            "Retained waste keeps its labels until the partner agrees that they end: then record "
            "that with 'keiryo obligations relabel'.",
            found="TW",
        )
    elif not held.others:
        yield _finding(
            "HOLDING-EMPTY",
            f"the book has no {holding.category} in {place} at the end of {number_date(day)}",
            f"'keiryo inventory {holding.mba} --on {number_date(day)}' shows what there is.",
            found=holding.name,
        )


def share_findings(cells: Cells, what: str) -> Iterator[Finding]:
    """Yield what is wrong with shares of one thing: not 1 together, or weights among them."""
    shares = [share_of(str(one["share"])) for one in cells if one["share"] is not None]
    if shares and len(shares) < len(cells):
        yield _finding(
            "SHARE-MIXED",
            f"{what} is stated partly by weight and partly by share",
            "State all of it by weight, or all of it by shares that add up to 1.",
        )
    elif shares and (whole := sum(shares, Fraction(0))) != 1:
        yield _finding(
            "SHARE-SUM",
            f"the shares of {what} add up to {whole} and not to 1",
            "State all of it: what is under no label has the label set -.",
            found=str(whole),
            expected="1",
        )


def opening_findings(known: KnownBooks, cells: Cells, day: int) -> Iterator[Finding]:
    """Yield what is wrong with the stated opening of one holding."""
    first = cells[0]
    mba, batch, category = str(first["mba"]), first["batch"], str(first["category"])
    if wrong := list(_form_of(known, mba, batch)):
        yield from wrong
        return
    holding = known.holding(mba, batch, category)
    held = known.on_hand(holding, day)
    yield from share_findings(cells, f"the opening of {batch or mba}")
    missing = list(_is_there(known, holding, held, batch, day))
    if not missing and held.element_mg <= 0:
        missing.append(_other_category(holding, held, day))
    yield from missing
    stated = sum(int(one["element_mg"]) for one in cells if one["share"] is None)
    if not missing and stated > held.element_mg:
        yield _finding(
            "OPENING-LARGER",
            f"{weight(stated, category)} are stated under labels in {batch or 'the pool'} of "
            f"{mba}, which holds {weight(held.element_mg, category)}",
            "State at most what is there; what nobody names is under no label.",
            found=weight(stated, category),
            expected=weight(held.element_mg, category),
        )


def _other_category(holding: Holding, held: OnHand, day: int) -> Finding:
    return _finding(
        "HOLDING-CATEGORY",
        f"{holding.name} of {holding.mba} holds {held.others} and no {holding.category} at the "
        f"end of {number_date(day)}",
        "Correct the category.",
        found=holding.category,
        expected=held.others,
    )


def receipt_findings(known: KnownBooks, cells: Cells) -> Iterator[Finding]:
    """Yield what is wrong with, or worth knowing of, the stated labels of a receipt."""
    first = cells[0]
    mba, batch, day = str(first["mba"]), str(first["batch"]), first["event_date"]
    codes = (*OUTSIDE_RECEIPTS, "RD")
    every = [
        row
        for row in known.entries(mba, batch, codes, 99991231)
        if day in (None, row["event_date"])
    ]
    entries = [row for row in every if row["code"] != "RD"]
    days = sorted({int(row["event_date"]) for row in entries} | ({day} if day else set()))
    for category in sorted({str(one["category"] or "") for one in cells}):
        own = [one for one in cells if (one["category"] or "") == category]
        yield from share_findings(own, f"receipt {batch}{f' ({category})' if category else ''}")
    for key in sorted({str(one["labels"]) for one in cells}):
        if days:
            yield from use_findings(known, key, days[0], days[-1])
    if every and not entries:
        yield _finding(
            "RECEIPT-DOMESTIC",
            f"{batch} came to {mba} from another area of these books; its labels came with it",
            "State the labels where the material came from outside; here they count only for what "
            "was on its way before labels were kept.",
            found=batch,
            severity=Severity.WARNING,
        )
    elif not entries:
        on = f" on {number_date(day)}" if day else ""
        yield _finding(
            "RECEIPT-ABSENT",
            f"no receipt {batch}{on} from outside is in the books of {mba} yet",
            "Its labels count as soon as it is; check the batch name and the day.",
            found=batch,
            severity=Severity.INFORMATION,
        )
    for one in days:
        if known.is_reported(mba, one):
            yield _finding(
                "RECEIPT-CLOSED",
                f"{number_date(one)} lies in a period of {mba} that was closed or reported; its "
                "label figures change",
                "Send the partner and the authority a correction where they were reported.",
                found=str(number_date(one)),
                severity=Severity.WARNING,
            )
    yield from _received_weight(cells, entries, batch)


def _received_weight(
    cells: Cells, entries: Sequence[Mapping[str, object]], batch: str
) -> Iterator[Finding]:
    for category in sorted({str(row["category"]) for row in entries}):
        own = [one for one in cells if one["share"] is None and one["category"] == category]
        stated = sum(int(one["element_mg"]) for one in own)
        received = sum(
            int(str(row["element_mg"])) for row in entries if row["category"] == category
        )
        if own and stated != received:
            yield _finding(
                "RECEIPT-WEIGHT",
                f"{weight(stated, category)} are stated under labels in receipt {batch}, and "
                f"{weight(received, category)} were received; the labels share that in proportion",
                "Check the figures of the document; the difference between shipper and receiver "
                "may be the reason.",
                found=weight(stated, category),
                expected=weight(received, category),
                severity=Severity.WARNING,
            )


def designation_findings(known: KnownBooks, cells: Cells) -> Iterator[Finding]:
    """Yield what is wrong with the labels named for a withdrawal."""
    first = cells[0]
    mba, batch, code = str(first["mba"]), str(first["batch"]), str(first["code"])
    day, category = int(first["event_date"]), str(first["category"])
    if code not in withdrawals():
        yield _finding(
            "DESIGNATION-CODE",
            f"{code[:10]!r} takes nothing away that labels could be named for",
            f"Withdrawals are: {', '.join(withdrawals())}.",
            found=code[:10],
        )
        return
    if wrong := list(is_kept_on(known, day, "a designation")):
        yield from wrong
        return
    if known.is_reported(mba, day):
        yield _finding(
            "DESIGNATION-CLOSED",
            f"{number_date(day)} lies in a period of {mba} that was closed or reported",
            "Labels are named before the withdrawal is reported; correct the day.",
            found=str(number_date(day)),
        )
    every = [row for row in known.entries(mba, batch, [code], day) if int(row["event_date"]) == day]
    draws = [row for row in every if row["category"] == category]
    named = {str(one["labels"]): int(one["element_mg"]) for one in cells}
    if len(named) < len(cells):
        yield _finding(
            "DESIGNATION-TWICE",
            f"a label set stands twice in the designation of {batch}",
            "State each label set once, with its whole weight.",
        )
    holding = known.holding(mba, batch, category)
    if every and not draws:
        letters = ", ".join(sorted({str(row["category"]) for row in every}))
        yield _finding(
            "DESIGNATION-CATEGORY",
            f"the withdrawal of {batch} on {number_date(day)} is of {letters}, not of {category}",
            "Name cells of the pool that it draws from: those of its own category.",
            found=category,
            expected=letters,
        )
        return
    if not draws:
        held = known.on_hand(holding, day)
        pooled = not known.followed_by_batch(mba)
        yield from _is_there(known, holding, held, None if pooled else batch, day)
    yield from _draw_findings(draws, named, batch, category, day)
    lines = [Line(int(row["act_id"]), int(row["line_no"])) for row in draws]
    yield from _within(known.cells(holding, day, lines), named, holding)


def _draw_findings(
    draws: Sequence[Mapping[str, object]],
    named: Mapping[str, int],
    batch: str,
    category: str,
    day: int,
) -> Iterator[Finding]:
    """Yield a finding if the named cells are not the weight of the withdrawal."""
    if not draws:
        yield _finding(
            "DESIGNATION-ABSENT",
            f"no such withdrawal of {batch} on {number_date(day)} is in the books yet",
            "The labels count when it is, if they add up to its weight; check name, day and type.",
            found=batch,
            severity=Severity.WARNING,
        )
        return
    for draw in draws:
        drawn, whole = int(str(draw["element_mg"])), sum(named.values())
        if whole != drawn:
            many = f" ({len(draws)} entries draw from it that day)" if draws[1:] else ""
            yield _finding(
                "DESIGNATION-SUM",
                f"the named cells add up to {weight(whole, category)}, the withdrawal of {batch} "
                f"is {weight(drawn, category)}{many}",
                "Name the cells of all of it; what is under no label has the label set -.",
                found=weight(whole, category),
                expected=weight(drawn, category),
            )


def _within(
    cells: Mapping[str, int], named: Mapping[str, int], holding: Holding
) -> Iterator[Finding]:
    for key, mg in named.items():
        if mg > cells.get(key, 0):
            own = weight(max(cells.get(key, 0), 0), holding.category)
            yield _finding(
                "DESIGNATION-CELLS",
                f"{weight(mg, holding.category)} under {key} are named, {holding.name} of "
                f"{holding.mba} holds {own} under it",
                "'keiryo obligations balance' shows the cells; name at most what they hold.",
                found=weight(mg, holding.category),
                expected=own,
            )


def exchange_line_findings(known: KnownBooks, values: Row) -> Iterator[Finding]:
    """Yield what speaks against an exchange; one that holds changes the cells for those after."""
    day, category = int(values["event_date"]), str(values["category"])
    before = known.exchanges.get(str(values["exchange"]))
    known.exchanges[str(values["exchange"])] = values
    if wrong := list(is_kept_on(known, day, "an exchange")):
        yield from wrong
        return
    sides = ((values["mba"], values["batch"]), (values["other_mba"], values["other_batch"]))
    if wrong := [one for mba, batch in sides for one in _form_of(known, str(mba), batch)]:
        yield from wrong
        return
    holdings = [known.holding(str(mba), batch, category) for mba, batch in sides]
    held = [known.on_hand(holding, day) for holding in holdings]
    without = [] if before is None or "act_id" not in before else [
        Line(int(before["act_id"]), int(before["line_no"]))
    ]  # fmt: skip
    found: list[Finding] = []
    for place, (_, batch), own in zip(holdings, sides, held, strict=True):
        found += _is_there(known, place, own, batch, day)
    shares, unknown = _qualities(held)
    found += unknown
    keys = (str(values["labels"]), str(values["other_labels"]))
    parts = []
    for place, own, key, share in zip(holdings, held, keys, shares, strict=True):
        other = own.others if own.element_mg <= 0 and own.others else category
        mg = known.cells(place, day, without).get(key, 0)
        parts.append(
            exchange.Holding(
                known.areas[place.mba].state, place.mba, other, key, mg, share, own.irradiated,
                known.reported_through(place.mba),
            )
        )  # fmt: skip
    moved = [labels_of(str(values[name])) for name in ("moved", "other_moved")]
    made = exchange.exchange_of(
        parts[0], parts[1], int(values["element_mg"]), number_date(day), moved[0], moved[1]
    )
    consented, wrong = _consents(known, values, made)
    if not values.get("withdrawn"):
        found += [*wrong, *exchange.exchange_findings(made, consented)]
    else:
        found = [one for one in exchange.exchange_findings(made) if one.code == "EXCHANGE-CLOSED"]
    yield from found
    if not values.get("withdrawn") and not any(one.severity is Severity.FORMAT for one in found):
        for place, key, after in zip(holdings, keys, exchange.keys_after(made), strict=True):
            for one, sign in ((key, -1), (after, 1)):
                mark = (place, one)
                known.changed[mark] = known.changed.get(mark, 0) + sign * made.amount_mg


def _qualities(held: Sequence[OnHand]) -> tuple[list[Fraction], list[Finding]]:
    """Return the enrichments to compare, and what is to be said where nobody stated one."""
    if any(own.element_mg <= 0 for own in held):
        return [Fraction(0), Fraction(0)], []
    known = [own.enrichment for own in held]
    if None not in known:
        return [share or Fraction(0) for share in known], []
    one_sided = known[0] != known[1]
    finding = _finding(
        "EXCHANGE-UNKNOWN",
        f"nobody stated the fissile weight of {'one side' if one_sided else 'both sides'}, so "
        "it cannot be seen here whether the materials are of the same quality",
        "State the fissile weight in the books first."
        if one_sided
        else "Make sure that they are, and say in the reason on what that rests.",
    )
    if not one_sided:
        finding = replace(finding, severity=Severity.WARNING)
    return [Fraction(0), Fraction(0)], [finding]


def _consents(
    known: KnownBooks, values: Row, made: exchange.Exchange
) -> tuple[set[str], list[Finding]]:
    """Return the partners that consented to an exchange, and what is wrong with consents named."""
    partners: set[str] = set()
    wrong: list[Finding] = []
    day = int(values["event_date"])
    places = {made.one.state, made.one.mba, made.other.state, made.other.mba}
    for name in str(values.get("consents") or "").split():
        row = known.consents.get(name)
        if row is None or row["withdrawn"]:
            words = "was withdrawn" if row is not None else "is not in these books"
            wrong.append(
                _finding(
                    "CONSENT-UNKNOWN",
                    f"the consent {name[:60]} {words}",
                    "Record it with 'keiryo obligations consent', or correct its name.",
                    found=name[:80],
                )
            )
            continue
        named = set(str(row["destinations"] or "").split())
        why = [
            words
            for fails, words in (
                (row["step"] != EXCHANGE_STEP, f"is about {row['step']}"),
                (not holds(row, day), f"does not hold on {number_date(day)}"),
                (bool(named) and not named & places, "names other places"),
                (_left(known, name, row, values) < made.amount_mg, "is for less than that"),
            )
            if fails
        ]
        if why:
            wrong.append(
                _finding(
                    "CONSENT-COVERS",
                    f"the consent {name} does not cover the exchange: it {' and '.join(why)}",
                    "Have the partner consent to this exchange, and record that.",
                    found=name,
                )
            )
        else:
            partners.add(str(row["partner"]))
    return partners, wrong


def _left(known: KnownBooks, name: str, consent: Row, values: Row) -> int:
    """Return how much of a consent other exchanges leave; one without a quantity has no end."""
    if consent["element_mg"] is None:
        return int(values["element_mg"])
    used = sum(
        int(one["element_mg"])
        for one in known.exchanges.values()
        if one["exchange"] != values["exchange"]
        and not one["withdrawn"]
        and name in str(one["consents"] or "").split()
    )
    return int(consent["element_mg"]) - used
