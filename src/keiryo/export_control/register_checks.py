"""What must hold of the registers of export control, whatever the face that records them.

The same rules look at the lines of a file, where each finding says the row, and in the posting
pipeline at the lines of an act. They go through the lines in order, so that a file may bring an
item and then the licence that names it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.dates import DateError, number_date
from keiryo.errors import Finding, Severity
from keiryo.export_control.consignments import is_container_number
from keiryo.export_control.intake import BASIS, DAY_FIELDS, DECIMAL, decimal
from keiryo.export_control.items import (
    ANNEX_II,
    NATIONAL,
    Item,
    control_lists,
    item_of,
    recorded_items,
    same_measure,
)
from keiryo.export_control.matching import UNITS
from keiryo.export_control.tables import (
    CONSIGNMENT,
    CONTROL_ITEM,
    EXPORT_TRANSFER,
    GOVERNMENT_ASSURANCE,
    LICENCE,
    LICENCE_LINE,
    LICENCE_STEP,
    LINE_KINDS,
    MUTUAL_RECOGNITION,
    TRUSTED_TRADER,
)
from keiryo.journal.registry import Check, Posting, Refusal

Values = Mapping[str, Any]


@dataclass(slots=True)
class Known:
    """What is recorded, and what the lines before added to it.

    Attributes
    ----------
    items : dict of str to Item
    licences : dict of str to (int, str)
        The last amendment of each, and the State that it is about.
    lines : set of (licence, line)
        Lines of licences and shipments among those that are looked at.
    recognitions, traders : set of str
    """

    items: dict[str, Item] = field(default_factory=dict)
    licences: dict[str, tuple[int, str]] = field(default_factory=dict)
    lines: set[tuple[str, ...]] = field(default_factory=set)
    recognitions: set[str] = field(default_factory=set)
    traders: set[str] = field(default_factory=set)


def known_before(connection: Connection, metadata: MetaData, through_act: int | None) -> Known:
    """Return what is recorded up to an act (None: all of it)."""

    def rows(kind: str, *names: str) -> list[Any]:
        table = metadata.tables[kind]
        query = select(*(table.c[name] for name in names)).order_by(table.c.act_id, table.c.line_no)
        if through_act is not None:
            query = query.where(table.c.act_id <= through_act)
        return list(connection.execute(query))

    heads = rows(LICENCE.name, "licence", "amendment", "partner")
    return Known(
        recorded_items(connection, metadata, through_act=through_act),
        {str(number): (int(amendment), str(state)) for number, amendment, state in heads},
        set(),
        {str(row[0]) for row in rows(MUTUAL_RECOGNITION.name, "recognition")},
        {str(row[0]) for row in rows(TRUSTED_TRADER.name, "trader")},
    )


def line_findings(known: Known, kind: str, values: Values) -> list[Finding]:
    """Return everything that is wrong with a line, and take it as known for those after it."""
    if unsound := list(_unsound(values)):
        return unsound
    look = _LOOKS.get(kind)
    found = [] if look is None else list(look(known, values))
    return [*found, *_valid(values)]


def _finding(
    code: str, message: str, advice: str, *, found: str | None = None, expected: str | None = None
) -> Finding:
    return Finding(
        code, Severity.FORMAT, message, advice, found=found, expected=expected, basis=BASIS
    )


def _unsound(values: Values) -> Iterator[Finding]:
    """Yield what could not even be read again: days, decimals and units."""
    for name in sorted(DAY_FIELDS & set(values)):
        if values[name] is not None and not _is_day(int(values[name])):
            yield _finding(
                "LICENCE-DAY",
                f"{values[name]} ({name}) is not a day of the calendar, or hardly meant",
                "Give year, month and day; years from 1900 to 2200.",
                found=str(values[name]),
            )
    for name in ("quantity", "tolerance", "unit"):
        given = values.get(name)
        good = given is None or (given in UNITS if name == "unit" else DECIMAL.fullmatch(given))
        if not good:
            yield _finding(
                "LICENCE-QUANTITY",
                f"{str(given)[:40]!r} is no {'unit' if name == 'unit' else 'decimal number'}",
                f"Write a number as 1250.5; units are: {', '.join(UNITS)}.",
                found=str(given)[:40],
            )


def _is_day(number: int) -> bool:
    try:
        return 1900 <= number_date(number).year <= 2200
    except DateError:
        return False


def _valid(values: Values) -> Iterator[Finding]:
    start, end = values.get("valid_from"), values.get("valid_to")
    if start is not None and end is not None and start > end:
        yield _finding(
            "LICENCE-VALIDITY",
            f"the validity ends ({end}) before it begins ({start})",
            "Correct the days.",
            found=str(end),
        )


def _quantity(values: Values, name: str = "quantity") -> Iterator[Finding]:
    given = values.get(name)
    if given is not None and decimal(given) <= 0:
        yield _finding(
            "LICENCE-QUANTITY",
            f"a quantity of {given} is not above zero",
            "Write how much it is about; to end a licence record another state of it.",
            found=str(given),
        )


def _of_item(known: Known, values: Values) -> Iterator[Finding]:
    item = known.items.get(str(values["item"]))
    if item is None:
        yield _finding(
            "ITEM-UNKNOWN",
            f"there is no item {str(values['item'])[:60]!r} in these books",
            "Record it first: 'keiryo export-control items' lists those that there are.",
            found=str(values["item"])[:80],
        )
    elif "unit" in values and not same_measure(str(values["unit"]), item.unit):
        yield _finding(
            "LICENCE-UNIT",
            f"{values['unit']} cannot be converted into {item.unit}, in which {item.name} is "
            "counted",
            "Have the licence or the declaration put right; nothing is guessed here.",
            found=str(values["unit"]),
            expected=item.unit,
        )
    letters = set(str(values.get("category") or ""))
    if item is not None and letters - set(item.categories):
        yield _finding(
            "ITEM-MATERIAL",
            f"{item.name} does not cover the category {''.join(sorted(letters))}",
            "Correct the category, or the item.",
            found="".join(sorted(letters)),
            expected=item.categories,
        )


def _item(known: Known, values: Values) -> Iterator[Finding]:
    item = item_of(values)
    named = control_lists().get(item.control_list)
    entries = [(named, item.entry)] if item.control_list != NATIONAL else []
    if item.annex_entry:
        entries.append((control_lists()[ANNEX_II], item.annex_entry))
    for one, entry in entries:
        if one is None or not one.has(entry):
            names = ", ".join((*control_lists(), NATIONAL))
            told = f"Lists are: {names}." if one is None else f"Entries: {', '.join(one.entries)}."
            yield _finding(
                "LIST-ENTRY",
                f"{item.control_list if one is None else one.name} has no entry {entry[:40]!r}",
                told,
                found=entry[:80],
            )
    mass = same_measure(item.unit, "kg")
    if item.nuclear and not (item.categories and mass):
        yield _finding(
            "ITEM-MATERIAL",
            f"{item.name} is nuclear material without element categories or a unit of weight",
            "Say which categories of the books it covers, and count it in kg, g or t.",
        )
    if not item.nuclear and item.categories:
        yield _finding(
            "ITEM-MATERIAL",
            f"{item.name} is no nuclear material, and names element categories",
            "Write material = nuclear, or leave the categories out.",
        )
    known.items[item.name] = item


def _licence(known: Known, values: Values) -> Iterator[Finding]:
    number, amendment = str(values["licence"]), int(values["amendment"])
    last = known.licences.get(number)
    if last is not None and amendment <= last[0]:
        yield _finding(
            "LICENCE-TWICE",
            f"licence {number} (amendment {amendment}) is recorded already, in other words",
            "Give an amendment its number, or the licence a number of its own.",
            found=str(amendment),
        )
    elif amendment != (0 if last is None else last[0] + 1):
        yield _finding(
            "LICENCE-AMENDMENT",
            f"amendment {amendment} of {number} does not follow what is recorded",
            "Record the licence and its amendments in their order: 0, 1, 2 …",
            found=str(amendment),
            expected=str(0 if last is None else last[0] + 1),
        )
    tolerance = decimal(values.get("tolerance"))
    if not 0 <= tolerance < 1:
        yield _finding(
            "LICENCE-QUANTITY",
            f"a tolerance of {values['tolerance']} is no share",
            "Write 0.05 for five percent.",
            found=str(values["tolerance"]),
        )
    known.licences[number] = (amendment, str(values["partner"]))


def _licence_line(known: Known, values: Values) -> Iterator[Finding]:
    number, line = str(values["licence"]), str(values["line"])
    amendment, partner = known.licences.get(number, (0, ""))
    if not partner:
        yield _unknown(number)
    name = (number, str(amendment), line)
    if name in known.lines:
        yield _finding(
            "LICENCE-TWICE",
            f"line {line} of licence {number} stands there twice",
            "Number the lines 1, 2, 3 …",
            found=line,
        )
    known.lines.add(name)
    place = values.get("place")
    if place and partner and not str(place).startswith(f"{partner}/"):
        yield _finding(
            "LICENCE-PLACE",
            f"{place} does not lie in {partner}, which licence {number} is about",
            "Write the consignee as reports name it, e.g. XB/XBFA.",
            found=str(place),
            expected=f"{partner}/…",
        )
    yield from _quantity(values)
    yield from _of_item(known, values)


def _step(known: Known, values: Values) -> Iterator[Finding]:
    if str(values["licence"]) not in known.licences:
        yield _unknown(str(values["licence"]))


def _assurance(known: Known, values: Values) -> Iterator[Finding]:
    for number in str(values.get("licences") or "").split():
        if number not in known.licences:
            yield _unknown(number)
    if values.get("unit") and not same_measure(str(values["unit"]), "kg"):
        yield _finding(
            "LICENCE-UNIT",
            f"an assurance is about a weight, not {values['unit']}",
            "Leave the quantity out where it is about anything else.",
            found=str(values["unit"]),
        )
    if (values.get("quantity") is None) != (values.get("unit") is None):
        yield _finding(
            "LICENCE-QUANTITY",
            "a quantity has no unit, or a unit no quantity",
            "Write both, or neither where there is no limit.",
        )
    yield from _quantity(values)


def _unknown(number: str) -> Finding:
    return _finding(
        "LICENCE-UNKNOWN",
        f"there is no licence {number[:60]!r} in these books",
        "'keiryo export-control licences' lists their numbers.",
        found=number[:80],
    )


def _transfer(known: Known, values: Values) -> Iterator[Finding]:
    name = ("transfer", str(values["transfer"]), str(values["line"]))
    if name in known.lines:
        yield _finding(
            "TRANSFER-TWICE",
            f"line {name[2]} of shipment {name[1]} stands there twice",
            "Number the lines 1, 2, 3 …",
            found=name[2],
        )
    known.lines.add(name)
    yield from _quantity(values)
    yield from _of_item(known, values)
    item = known.items.get(str(values["item"]))
    category = str(values.get("category") or "")
    if item is None or not item.nuclear:
        return
    if len(category) != 1:
        yield _finding(
            "TRANSFER-MATERIAL",
            f"shipment {name[1]} is of nuclear material and names no one element category",
            f"Write one of {', '.join(item.categories)}.",
        )
    elif category in "EU" and not values.get("fissile_mg"):
        yield _finding(
            "TRANSFER-MATERIAL",
            f"shipment {name[1]} states no fissile weight, so its effective kilograms are not "
            "known",
            "Add fissile_g, the weight of U-233 and U-235 in grams.",
        )


def _recognition(known: Known, values: Values) -> Iterator[Finding]:
    known.recognitions.add(str(values["recognition"]))
    yield from ()


def _trader(known: Known, values: Values) -> Iterator[Finding]:
    named = values.get("recognition")
    if named and str(named) not in known.recognitions:
        yield _finding(
            "TRADER-RECOGNITION",
            f"there is no arrangement {str(named)[:60]!r} in these books",
            "Record the mutual recognition first, or correct its name.",
            found=str(named)[:80],
        )
    known.traders.add(str(values["trader"]))


def _consignment(known: Known, values: Values) -> Iterator[Finding]:
    if not is_container_number(str(values["container"])):
        yield _finding(
            "CONTAINER-NUMBER",
            f"{str(values['container'])[:40]!r} is no container number, or its check digit is "
            "wrong",
            "Read it again: four letters and seven digits, e.g. CSQU3054383.",
            found=str(values["container"])[:40],
        )
    trader = values.get("trader")
    if trader and str(trader) not in known.traders:
        yield _finding(
            "TRADER-UNKNOWN",
            f"there is no trader {str(trader)[:60]!r} in these books",
            "Record the status of the trader, or leave it out: no status, no credit.",
            found=str(trader)[:80],
        )
    if values.get("item"):
        yield from _of_item(known, {"item": values["item"]})


_LOOKS: Mapping[str, Callable[[Known, Values], Iterable[Finding]]] = {
    CONTROL_ITEM.name: _item,
    LICENCE.name: _licence,
    LICENCE_LINE.name: _licence_line,
    LICENCE_STEP.name: _step,
    GOVERNMENT_ASSURANCE.name: _assurance,
    EXPORT_TRANSFER.name: _transfer,
    MUTUAL_RECOGNITION.name: _recognition,
    TRUSTED_TRADER.name: _trader,
    CONSIGNMENT.name: _consignment,
}


def check_registers(posting: Posting) -> Iterator[Refusal]:
    """Refuse lines of the registers that do not hold."""
    known = known_before(posting.connection, posting.metadata, posting.act_id - 1)
    lines = [
        (int(values["line_no"]), kind.name, values)
        for kind in LINE_KINDS
        for values in posting.lines(kind.name)
    ]
    for _number, kind, values in sorted(lines, key=lambda one: one[0]):
        for found in line_findings(known, kind, values):
            yield Refusal(replace(found, cell=f"line {values['line_no']}"))


REGISTERS_HOLD = Check(
    "registers of export control", frozenset(kind.name for kind in LINE_KINDS), check_registers
)
