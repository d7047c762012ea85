"""A reported material balance is compared with the books.

For each code and weight the sum of the entries must equal what the balance states plus its
rounding adjustment (Code 10, label 411: ``RAxx`` = sum of the rounded terms - rounded sum)::

    Σ entries      = code + RAcode
    Σ listing      = PE + RAPE
    PB             = PE of the balance before
    PB + IC - BE   = RABE
    PB + IC - DI - BA = RABA
    BA - PE - MF   = RAMF
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from keiryo.accounts.equations import book_of, is_change, results
from keiryo.accounts.model import ZERO, Amount, Lines
from keiryo.errors import Finding, Severity
from keiryo.quantities import Category, format_weight

_ADVICE = {
    "ICR-MBR": "Compare the entries of the period with the balance; correct whichever is wrong.",
    "DI-MBR": "Compare the DI entries of the period with the balance.",
    "PIL-PE": "Compare the listing with the ending physical inventory of the balance.",
    "PB-CONT": "The beginning inventory is the ending inventory of the balance before.",
    "BE-ARITH": "Compute the ending book inventory again from PB and the changes.",
    "BA-ARITH": "Compute the adjusted ending book inventory again: BE less DI.",
    "MF-ARITH": "Compute the difference again: BA less PE.",
}


def disagreements(
    mba: str,
    computed: Lines,
    reported: Lines,
    *,
    physical: Mapping[Category, Amount],
    previous: Mapping[Category, Amount],
) -> list[Finding]:
    """Return where a reported balance disagrees with the books; empty if it was not reported.

    Parameters
    ----------
    mba : str
    computed : lines of the balance from the books
    reported : lines of the balance as reported
    physical : sums of the listing on the last day
    previous : ending inventory that the balance before reported, if any
    """
    if not reported:
        return []
    lines = {
        code: {c: _complete(a) if code.startswith("RA") else a for c, a in by_category.items()}
        for code, by_category in reported.items()
    }
    found = list(_compared(mba, computed, lines, physical, previous))
    return found + list(_arithmetic(mba, lines))


def _complete(adjustment: Amount) -> Amount:
    """An adjustment that states no fissile weight adjusts none."""
    if adjustment.fissile_mg is None:
        return Amount(adjustment.element_mg, 0, adjustment.bases)
    return adjustment


def _compared(
    mba: str,
    computed: Lines,
    reported: Lines,
    physical: Mapping[Category, Amount],
    previous: Mapping[Category, Amount],
) -> Iterator[Finding]:
    codes = [c for c in {**computed, **reported} if is_change(c)]
    for code in codes:
        yield from _terms(mba, "ICR-MBR", code, computed.get(code, {}), reported)
    yield from _terms(mba, "DI-MBR", "DI", computed.get("DI", {}), reported)
    if "PE" in computed or physical:
        yield from _terms(mba, "PIL-PE", "PE", physical, reported)
    if previous:
        yield from _terms(mba, "PB-CONT", "PB", previous, reported)
    else:
        yield from _terms(mba, "PB-CONT", "PB", computed.get("PB", {}), reported)


def _terms(
    mba: str, rule: str, code: str, terms: Mapping[Category, Amount], reported: Lines
) -> Iterator[Finding]:
    stated, adjustment = reported.get(code, {}), reported.get(f"RA{code}", {})
    for category in Category:
        if category not in terms and category not in stated and category not in adjustment:
            continue
        expected = terms.get(category, ZERO)
        found = stated.get(category, ZERO) + adjustment.get(category, ZERO)
        yield from _differences(mba, rule, code, category, found, expected)


def _differences(
    mba: str, rule: str, code: str, category: Category, found: Amount, expected: Amount
) -> Iterator[Finding]:
    pairs = [("element", category.unit, found.element_mg, expected.element_mg)]
    if found.fissile_mg is not None and expected.fissile_mg is not None:
        pairs.append(("fissile", "g", found.fissile_mg, expected.fissile_mg))
    for what, unit, left, right in pairs:
        if left != right:
            shown = f"{format_weight(left, unit)} {unit}", f"{format_weight(right, unit)} {unit}"
            yield Finding(
                rule,
                Severity.INCONSISTENCY,
                f"{code} of category {category} ({what}): the balance states {shown[0]} with its "
                f"rounding adjustment, the books give {shown[1]}",
                _ADVICE[rule],
                mba=mba,
                label="411",
                category=str(category),
                found=shown[0],
                expected=shown[1],
                basis="Code 10, label 411; INFCIRC/153 para 67",
            )


def _arithmetic(mba: str, lines: Lines) -> Iterator[Finding]:
    categories = {c for by_category in lines.values() for c in by_category}
    for category in sorted(categories):
        stated = {code: by[category] for code, by in lines.items() if category in by}
        terms = [stated.get(code, ZERO) for code in ("DI", "BA", "PE")]
        for code, expected in results(book_of(lines, category), *terms):
            if code not in stated or (code == "MF" and not {"BA", "PE"} <= set(stated)):
                continue
            found = stated[code] + stated.get(f"RA{code}", ZERO)
            yield from _differences(mba, f"{code}-ARITH", code, category, found, expected)
