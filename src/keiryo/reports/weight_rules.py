"""Rules on the weights of one entry: which labels go together, signs, isotopes and elements.

Called by `entry_rules`. Findings: NUM (negative weights), ISOTOPE-MISSING, ELEMENT-MISSING,
CAT-LABELS and ISO-GT-ELEM.

Source: IAEA SG-FM-1172, Model Subsidiary Arrangement Code 10, labels 411 and 600 to 800. That an
isotope weighs no more than its element follows from the definitions; it holds for contents, not
for differences such as nuclear loss, where captured U-235 leaves the element in place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from keiryo.errors import Severity
from keiryo.quantities import Category, format_weight
from keiryo.reports.model import (
    FISSILE_LABELS,
    OTHER_FISSILE_LABELS,
    PLUTONIUM_ISOTOPE_LABELS,
    URANIUM_ISOTOPE_LABELS,
    Entry,
    fissile_label,
    weight_unit,
)
from keiryo.vocabulary import EntryCode

_NAMES = {"600": "uranium", "610": "natural uranium", "620": "depleted uranium",
          "630": "enriched uranium", "700": "plutonium", "800": "thorium",
          "770": "fissile natural uranium", "780": "fissile depleted uranium",
          **URANIUM_ISOTOPE_LABELS, **PLUTONIUM_ISOTOPE_LABELS}  # fmt: skip
_PLUTONIUM_SUMS = (("710", "720", "730", "740", "750"), ("710", "730", "750", "760"))
_URANIUM_SUMS = (("640", "650", "670", "680", "690"), ("650", "660", "680", "690"))


class WeightFinding(NamedTuple):
    """What is wrong with the weights of an entry; `entry_rules` adds where the entry is."""

    code: str
    message: str
    label: str
    found: str | None = None
    expected: str | None = None
    category: str | None = None
    severity: Severity | None = None


def weight_findings(
    entry: Entry, code: EntryCode | None, report_type: str, *, rounding: bool = False
) -> Iterator[WeightFinding]:
    """Yield what is wrong with the weights of one entry.

    Parameters
    ----------
    entry : Entry
    code : EntryCode or None
        What label 411 says, if it is known.
    report_type : str
        I, P or M.
    rounding : bool, optional
        Whether it is meant as a rounding adjustment, though its code is none.
    """
    rounding = rounding or (code is not None and code.kind == "rounding")
    weights_mg = entry.weights_mg()
    unreadable = {label for label, _ in entry.unreadable}
    yield from _sign_findings(weights_mg, code, report_type)
    if not rounding:  # an adjustment that is zero may be left out
        yield from _fissile_findings(weights_mg, unreadable)
    if code is not None and code.kind == "category_change":
        yield from _category_findings(weights_mg, unreadable, code, report_type)
    else:
        if "600" in weights_mg and weights_mg.keys() & {"610", "620", "630"}:
            yield WeightFinding(
                "CAT-LABELS",
                "unified uranium (600) stands in place of natural, depleted and enriched "
                "uranium, not beside them",
                "600",
            )
        if not rounding:
            yield from _element_findings(weights_mg, unreadable)
    content = code is None or not code.isotope_may_exceed_element
    if report_type == "P" or (report_type == "I" and content):
        yield from _content_findings(weights_mg)


def grams(mg: int, label: str) -> str:
    """Return a weight in the unit of its label, e.g. ``"12.5 kg"``."""
    unit = weight_unit(label)
    return f"{format_weight(mg, unit)} {unit}"


def name_of(label: str) -> str:
    """Return what a weight label stands for, e.g. ``"enriched uranium"`` or ``"U-235"``."""
    return _NAMES[label]


def element_of(label: str) -> tuple[str, ...]:
    """Return the labels of the elements that an isotope label may belong to."""
    if label in URANIUM_ISOTOPE_LABELS:
        return ("630", "600")
    if label in PLUTONIUM_ISOTOPE_LABELS:
        return ("700",)
    return (OTHER_FISSILE_LABELS[label],) if label in OTHER_FISSILE_LABELS else ()


def _category(label: str) -> str | None:
    category = Category.from_label((element_of(label) or (label,))[0])
    return None if category is None else category.value


def _sign_findings(
    weights_mg: dict[str, int], code: EntryCode | None, report_type: str
) -> Iterator[WeightFinding]:
    if report_type == "P":
        where = "a physical inventory listing"
    elif code is None or code.may_be_negative:
        return
    else:
        where = f"an entry {code.code}"
    for label, mg in weights_mg.items():
        if mg < 0:
            yield WeightFinding(
                "NUM",
                f"the weight is {grams(mg, label)}; in {where} it cannot be negative",
                label,
                grams(mg, label),
                ">= 0",
                _category(label),
            )


def _fissile_findings(weights_mg: dict[str, int], unreadable: set[str]) -> Iterator[WeightFinding]:
    if fissile_label(weights_mg) is not None or not unreadable.isdisjoint(FISSILE_LABELS):
        return
    for label in ("600", "630"):
        if label in weights_mg:
            yield WeightFinding(
                "ISOTOPE-MISSING",
                f"label {label} ({_NAMES[label]}) stands without its fissile weight",
                label,
                expected="640, 660 or 670",
                category=_category(label),
            )


def _element_findings(weights_mg: dict[str, int], unreadable: set[str]) -> Iterator[WeightFinding]:
    present = weights_mg.keys() | unreadable
    for label in weights_mg:
        elements = element_of(label)
        if elements and present.isdisjoint(elements):
            names = " or ".join(f"{element} ({_NAMES[element]})" for element in elements)
            yield WeightFinding(
                "ELEMENT-MISSING",
                f"label {label} is an isotope weight, but label {names} is missing",
                label,
                grams(weights_mg[label], label),
                " or ".join(elements),
                _category(label),
            )


def _category_findings(
    weights_mg: dict[str, int], unreadable: set[str], code: EntryCode, report_type: str
) -> Iterator[WeightFinding]:
    """Yield weights that do not fit a category change such as NE."""
    assert code.old_category is not None and code.new_category is not None, code
    asked = {code.old_category.label, code.new_category.label}
    for label in sorted(asked - weights_mg.keys() - unreadable):
        yield WeightFinding(
            "CAT-LABELS",
            f"{code.code} ({code.meaning}) needs label {label} ({_NAMES[label]})",
            label,
        )
    allowed = {*asked, *(f for f, element in OTHER_FISSILE_LABELS.items() if element in asked)}
    if "630" in asked:
        allowed |= URANIUM_ISOTOPE_LABELS.keys()
    for label in sorted(weights_mg.keys() - allowed):
        yield WeightFinding(
            "CAT-LABELS",
            f"{code.code} ({code.meaning}) has no place for label {label}",
            label,
            grams(weights_mg[label], label),
        )
    fissile = fissile_label(weights_mg)
    if fissile is None or "630" not in asked or report_type != "I":
        return
    for label in sorted(OTHER_FISSILE_LABELS.keys() & allowed & weights_mg.keys()):
        if weights_mg[label] != weights_mg[fissile]:
            yield WeightFinding(
                "CAT-LABELS",
                f"label {label} differs from label {fissile}, though both are the fissile weight "
                "of the same material",
                label,
                grams(weights_mg[label], label),
                grams(weights_mg[fissile], fissile),
                severity=Severity.WARNING,
            )


def _content_findings(weights_mg: dict[str, int]) -> Iterator[WeightFinding]:
    """Yield isotopes that weigh more than their element, alone or together."""
    uranium = "630" if "630" in weights_mg else "600"
    elements = (
        (uranium, tuple(URANIUM_ISOTOPE_LABELS), _URANIUM_SUMS),
        ("610", ("770",), ()),
        ("620", ("780",), ()),
        ("700", tuple(PLUTONIUM_ISOTOPE_LABELS), _PLUTONIUM_SUMS),
    )
    for element, isotopes, sums in elements:
        element_mg = weights_mg.get(element, -1)
        if element_mg < 0:
            continue
        more = [label for label in isotopes if weights_mg.get(label, 0) > element_mg]
        for label in more:
            yield WeightFinding(
                "ISO-GT-ELEM",
                f"label {label} weighs more than its element, label {element}",
                label,
                grams(weights_mg[label], label),
                f"<= {grams(element_mg, element)}",
                _category(element),
            )
        if not more:
            yield from _sum_findings(weights_mg, element, sums)


def _sum_findings(
    weights_mg: dict[str, int], element: str, sums: Iterable[tuple[str, ...]]
) -> Iterator[WeightFinding]:
    element_mg = weights_mg[element]
    for labels in sums:
        given = [label for label in labels if label in weights_mg]
        if len(given) < 2:
            continue
        total_mg = sum(weights_mg[label] for label in given)
        slack_mg = sum(_rounding_mg(weights_mg[label], label) for label in (element, *given))
        if total_mg > element_mg + slack_mg:
            yield WeightFinding(
                "ISO-GT-ELEM",
                f"labels {', '.join(given)} together weigh more than their element, "
                f"label {element}",
                element,
                grams(total_mg, given[0]),
                f"<= {grams(element_mg, element)}",
                _category(element),
            )
            return


def rounding_step_mg(mg: int, label: str) -> int:
    """Return the step that a weight seems to be rounded to, in milligrams, at most its unit."""
    step_mg = 1_000_000 if weight_unit(label) == "kg" else 1000
    while mg % step_mg:
        step_mg //= 10
    return step_mg


def _rounding_mg(mg: int, label: str) -> int:
    return (rounding_step_mg(mg, label) + 1) // 2
