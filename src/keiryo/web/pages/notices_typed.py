"""A notice as it is typed: read from the form, with everything that is wrong beside its field."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from sqlalchemy import select

from keiryo.errors import KeiryoError
from keiryo.oversight.notices import register
from keiryo.oversight.register_entries import parse_amount
from keiryo.oversight.tables import ADVANCE_NOTICE
from keiryo.places.model import MaterialBalanceArea
from keiryo.quantities import Category, format_weight
from keiryo.reports.rules_notices import AdvanceNotice
from keiryo.web.pages.boards import Entered, areas_reading, day_of, explain_error
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import Viewer

REGISTER = "notice.register"
DAYS = ("contract", "notified", "prepared", "transfer")


def areas_of(viewer: Viewer) -> dict[str, MaterialBalanceArea]:
    """Return the areas for which the viewer may register notices."""
    return {
        code: area
        for code, area in areas_reading(viewer, "oversight").items()
        if viewer.may_post(REGISTER, area.scope)
    }


def registered_fields(viewer: Viewer, name: str) -> dict[str, str]:
    """Return what is registered under a name that is to be revised, as fields."""
    notice = notice_named(viewer, name) if name else None
    if notice is None:
        return {}
    fields = {"notice": notice.notice, "direction": notice.direction, "mba": notice.mba}
    fields |= {"partner": notice.partner, "revise": "yes"}
    for day in DAYS:
        value = getattr(notice, f"{day}_on")
        fields[day] = "" if value is None else value.isoformat()
    if notice.category is not None and notice.element_mg is not None:
        fields["category"] = str(notice.category)
        fields["element"] = format_weight(notice.element_mg, notice.category.unit)
        if notice.fissile_mg is not None:
            fields["fissile"] = format_weight(notice.fissile_mg, "g")
    if notice.safeguarded is not None:
        fields["safeguarded"] = "yes" if notice.safeguarded else "no"
    return fields


def notice_named(viewer: Viewer, name: str) -> AdvanceNotice | None:
    """Return a notice that the viewer sees."""
    found = _registered(viewer).get(name)
    seen = found is not None and found.mba in areas_reading(viewer, "oversight")
    return found if seen else None


def typed_notice(viewer: Viewer, entered: Entered) -> AdvanceNotice | None:
    """Return the notice that was typed; what is wrong with it goes into the form."""
    days: dict[str, datetime.date | None] = {}
    for name in DAYS:
        try:
            days[name] = day_of(viewer.field(name))
        except KeiryoError as error:
            explain_error(entered, error, name)
    category, element, fissile = (viewer.field(n) for n in ("category", "element", "fissile"))
    amount: tuple[Category | None, int | None, int | None] = (None, None, None)
    if category or element or fissile:
        try:
            amount = parse_amount(f"{category}:{element}" + (f":{fissile}" if fissile else ""))
        except KeiryoError as error:
            explain_error(entered, error, "element")
    if not viewer.field("notice"):
        entered.errors["notice"] = _("Give the notice a name, unique in the State.")
    if entered.errors:
        return None
    return AdvanceNotice(
        notice=viewer.field("notice"),
        direction=viewer.field("direction"),
        mba=viewer.field("mba"),
        partner=viewer.field("partner").upper(),
        category=amount[0],
        element_mg=amount[1],
        fissile_mg=amount[2],
        contract_on=days["contract"],
        notified_on=days["notified"],
        prepared_on=days["prepared"],
        transfer_on=days["transfer"],
        safeguarded={"yes": True, "no": False}.get(viewer.field("safeguarded")),
    )


def may_be_withdrawn(notice: AdvanceNotice) -> bool:
    """Return whether something may still come of a notice, so that it may be withdrawn."""
    return notice.state == "open"


def check_names(
    viewer: Viewer, entered: Entered, notices: Iterable[AdvanceNotice], *, revise: bool
) -> None:
    """Refuse names that belong to notices of areas that the viewer does not keep."""
    entered.errors |= name_problems(viewer, notices, revise=revise)


def name_problems(
    viewer: Viewer, notices: Iterable[AdvanceNotice], *, revise: bool
) -> dict[str, str]:
    """Return what is wrong with the names of notices, in words by field.

    A name may belong to a notice of an area that the viewer does not keep, or of another area.
    """
    known, mine = _registered(viewer), areas_of(viewer)
    problems = {}
    for notice in notices:
        before = known.get(notice.notice)
        if before is not None and before.mba not in mine:
            problems["notice"] = _("This name is taken; choose another one.")
        elif before is not None and before.mba != notice.mba and revise:
            problems["mba"] = _(
                "The notice is registered for %(mba)s; withdraw it and give the new one its own "
                "name.",
                mba=before.mba,
            )
    return problems


def _registered(viewer: Viewer) -> dict[str, AdvanceNotice]:
    """Return all notices of the State by name, seen or not."""
    with viewer.whole.reading() as connection:
        return {one.notice: one for one in register(connection, viewer.metadata)}


def acts_about_notice(viewer: Viewer, name: str, after_act: int) -> list[int]:
    """Return the acts about a notice after an act, in order."""
    table = viewer.metadata.tables[ADVANCE_NOTICE.name]
    query = (
        select(table.c.act_id)
        .where(table.c.notice == name, table.c.act_id > after_act)
        .distinct()
        .order_by(table.c.act_id)
    )
    with viewer.whole.reading() as connection:
        return [int(number) for number in connection.execute(query).scalars()]
