"""Notices as they come in: from a CSV file or one by one, with all that is wrong with them."""

from __future__ import annotations

from keiryo.errors import Finding, Severity
from keiryo.oversight.received_rows import ReceivedRows, Row, plausible, read_rows
from keiryo.places.model import COUNTRY_CODE
from keiryo.quantities import Category
from keiryo.reports.rules_notices import EXPORT, IMPORT, AdvanceNotice

MAX_NAME = 60
_REQUIRED = ("notice", "direction", "mba", "partner")
_OPTIONAL = (
    *("category", "element", "unit", "fissile"),
    *("contract", "notified", "prepared", "transfer", "safeguarded", "confirmed"),
)
_ALSO_CALLED = {
    "name": "notice",
    "state": "partner",
    "country": "partner",
    "fissile_g": "fissile",
    **{f"{name}_on": name for name in _OPTIONAL[4:]},
}


def read_notices(name: str, content: bytes) -> tuple[list[AdvanceNotice], ReceivedRows]:
    """Read notices from a CSV file; the findings are in the table that is returned, too.

    Columns: notice, direction, mba, partner; category, element, unit, fissile (g); days contract,
    notified, prepared, transfer, confirmed; safeguarded (yes or no).
    """
    table = read_rows(
        name,
        content,
        "NOTICE-FORMAT",
        required=_REQUIRED,
        optional=_OPTIONAL,
        also_called=_ALSO_CALLED,
    )
    notices: dict[str, AdvanceNotice] = {}
    for row in table.rows:
        notice = _from_row(row)
        if notice is None:
            continue
        if notice.notice in notices:
            table.wrong(
                f"notice {notice.notice} stands in the file twice",
                "Give each notice a name of its own.",
                row=row,
                column="notice",
            )
        notices[notice.notice] = notice
    return list(notices.values()), table


def _from_row(row: Row) -> AdvanceNotice | None:
    count = len(row.table.findings)
    category = row.category("category")
    unit = row.unit("unit", category)
    days = {f"{n}_on": row.day(n) for n in ("contract", "notified", "prepared", "transfer")}
    confirmed = row.day("confirmed")
    safeguarded = _YES_NO.get(row.values.get("safeguarded", "").lower(), "?")
    if safeguarded == "?":
        row.table.wrong(
            f"{row.values['safeguarded']!r} is neither yes nor no",
            "Write yes or no, or nothing where it is not known.",
            row=row,
            column="safeguarded",
        )
    element_mg = row.weight_mg("element", unit or "g")
    if element_mg is not None and category is None and row.text("category") is None:
        row.table.wrong(
            "a weight is given without a category", "Fill in the category.",
            row=row, column="element",
        )  # fmt: skip
    fissile_mg = row.weight_mg("fissile", "g")
    texts = {name: row.text(name, required=True) for name in _REQUIRED}
    if len(row.table.findings) > count:
        return None
    return AdvanceNotice(
        notice=texts["notice"] or "",
        direction=(texts["direction"] or "").lower(),
        mba=texts["mba"] or "",
        partner=texts["partner"] or "",
        category=category,
        element_mg=element_mg,
        fissile_mg=fissile_mg,
        **days,
        safeguarded=None if isinstance(safeguarded, str) else safeguarded,
        confirmed_on=confirmed,
        state="open" if confirmed is None else "confirmed",
    )


_YES_NO: dict[str, bool | str | None] = {
    **dict.fromkeys(("yes", "y", "1", "true"), True),
    **dict.fromkeys(("no", "n", "0", "false"), False),
    "": None,
}


def notice_problems(notice: AdvanceNotice, mbas: set[str], state: str) -> list[Finding]:
    """Return what forbids registering a notice, all at once."""
    problems: list[tuple[str, str]] = []
    if not notice.notice.strip() or len(notice.notice) > MAX_NAME:
        problems.append(("a notice needs a name", f"Give one of at most {MAX_NAME} characters."))
    if notice.direction not in (EXPORT, IMPORT):
        problems.append((f"{notice.direction!r} is no direction", "Say export or import."))
    if notice.mba not in mbas:
        listed = ", ".join(sorted(mbas)) or "none yet"
        problems.append(
            (f"there is no MBA {notice.mba!r} in the books", f"Registered are: {listed}.")
        )
    if not COUNTRY_CODE.fullmatch(notice.partner):
        problems.append(
            (f"{notice.partner!r} is no country code", "Give two capital letters, e.g. XB.")
        )
    elif notice.partner == state:
        problems.append(
            (f"{state} is the State itself", "A notice is about a transfer with another State.")
        )
    if (notice.element_mg is None) != (notice.category is None):
        problems.append(("category and weight belong together", "Give both or none."))
    if (notice.element_mg or 0) < 0 or (notice.fissile_mg or 0) < 0:
        problems.append(("a weight is negative", "Give the weight expected."))
    elif notice.fissile_mg is not None and notice.fissile_mg > (notice.element_mg or 0):
        problems.append(("more fissile than element weight is announced", "Check the units."))
    enriched = notice.category in (Category.ENRICHED, Category.UNIFIED)
    if enriched and notice.fissile_mg is None:
        problems.append(
            ("the fissile weight is missing", "Effective kilograms are counted by enrichment.")
        )
    if (
        notice.confirmed_on is not None
        and notice.transfer_on is not None
        and notice.confirmed_on < notice.transfer_on
    ):
        problems.append(("receipt is confirmed before the transfer", "Check the two days."))
    days = ("contract_on", "notified_on", "prepared_on", "transfer_on", "confirmed_on")
    given = [day for name in days if (day := getattr(notice, name)) is not None]
    problems += [
        (f"{day} is hardly meant", "Check the year.") for day in given if not plausible(day)
    ]
    return [wrong_notice(notice, message, advice) for message, advice in problems]


def wrong_notice(notice: AdvanceNotice, message: str, advice: str) -> Finding:
    """Return a finding that forbids registering a notice."""
    return Finding(
        "NOTICE-FORMAT",
        Severity.FORMAT,
        f"notice {notice.notice[:MAX_NAME]}: {message}",
        advice,
        mba=notice.mba,
        basis="INFCIRC/153 paras 92 to 96",
    )
