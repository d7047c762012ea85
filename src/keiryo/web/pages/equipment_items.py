"""The page of an item of equipment: its chain of custody, calibrations, what happened, its loans.

The chain is a picture and a table with the act behind each hand-over. Whoever may do something with
the item finds the form below.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Response, get
from litestar.params import FromPath

from keiryo.dates import number_date, parse_utc, utc_text
from keiryo.equipment.calibration import CALIBRATE
from keiryo.equipment.conditions import CHANGES, CONDITION
from keiryo.equipment.custody import HAND_OVER, HandOver
from keiryo.equipment.items import Item
from keiryo.equipment.loan_states import CLOSED, DONATED, SHIPPED
from keiryo.equipment.loans import Loan
from keiryo.equipment.tables import FAILED, LOST, PASSED, RETIRED
from keiryo.web.pages.boards import Entered, first_shown, writing
from keiryo.web.pages.cooperation_known import done_act
from keiryo.web.pages.equipment_standing import (
    HOME,
    ITEMS,
    READING,
    Known,
    evidence_links,
    item_address,
    known,
    loan_address,
    node_address,
    require_item,
    standing_alarms,
    trust_of,
    who_acted,
    why_address,
)
from keiryo.web.pages.equipment_words import (
    CALIBRATION_BADGES,
    CONDITION_WORDS,
    RESULT_WORDS,
    TYPE_WORDS,
    condition_badge,
    result_badge,
    state_badge,
)
from keiryo.web.pages.evaluation_asked import plain_finding
from keiryo.web.pictures.custody_line import (
    CustodyLabels,
    CustodyMark,
    Held,
    Lent,
    custody_line,
)
from keiryo.web.rendering import render
from keiryo.web.speaking import day_text, instant_text, number_text
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import AnyRequest, Asking, Viewer

OFFSETS = (
    *(f"-{hours:02d}:00" for hours in range(12, 0, -1)),
    *("+00:00", "+01:00", "+02:00", "+03:00", "+03:30", "+04:00", "+04:30", "+05:00", "+05:30"),
    *("+05:45", "+06:00", "+06:30", "+07:00", "+08:00", "+09:00", "+09:30", "+10:00", "+11:00"),
    *("+12:00", "+13:00", "+14:00"),
)
"""Offsets from UTC in which people write times."""


@get(ITEMS + "/{serial:str}", sync_to_thread=True, opt=READING)
def item_page(request: AnyRequest, viewer: Asking, serial: FromPath[str]) -> Response[Any]:
    """Show an item: what it is, who had it when, whether it is trusted, its loans."""
    require_item(viewer, serial)
    return show_item(request, viewer, serial, first_shown(viewer, item_address(serial)))


def show_item(
    request: AnyRequest, viewer: Viewer, serial: str, entered: Entered, which: str = ""
) -> Response[Any]:
    """Return the page of an item; with what was typed, where a form comes back.

    Parameters
    ----------
    which : str
        The form that comes back: hand-over, calibration or condition.
    """
    found, on = known(viewer), viewer.today
    one = found.items[serial]
    done = found.calibrations.get(serial, [])
    trust = trust_of(one, done, on)
    under = found.under(serial)
    gone = one.condition in (LOST, RETIRED)
    following = [(state, _(CONDITION_WORDS[state])) for state in sorted(CHANGES[one.condition])]
    wrong = [alarm for alarm in standing_alarms(viewer, on) if alarm.serial == serial]
    return render(
        request,
        "equipment/item.html",
        http_status=entered.status,
        one=one,
        values=one.values,
        type=_(TYPE_WORDS.get(str(one.values["type"]), str(one.values["type"]))),
        condition=condition_badge(one.condition),
        source=_source(one),
        trust={"badge": CALIBRATION_BADGES[trust.state], "text": _(trust.state)},
        until=trust.until,
        under=None if under is None else {"text": under.name, "href": loan_address(under.name)},
        alarms=[plain_finding(alarm.finding) for alarm in wrong],
        picture=_picture(found, one, on),
        chain=_chain(viewer, one),
        calibrations=_calibrations(viewer, done),
        conditions=_conditions(viewer, one),
        loans=[_loan(loan, on) for loan in found.loans_of(serial)],
        act=one.values["act_id"],
        why=why_address(f"equipment:{serial}"),
        may_hand_over=viewer.may_post(HAND_OVER, viewer.state) and not gone,
        may_calibrate=viewer.may_post(CALIBRATE, viewer.state),
        may_condition=viewer.may_post(CONDITION, viewer.state) and bool(following),
        following=following,
        results=[(PASSED, _(RESULT_WORDS[PASSED])), (FAILED, _(RESULT_WORDS[FAILED]))],
        organisations=organisations(found),
        **moment_context(viewer),
        entered=entered,
        which=which,
        done=done_act(request),
        here=item_address(serial),
        crumbs=[(_("Equipment"), HOME), (serial, None)],
    )


def organisations(found: Known) -> list[str]:
    """Return the organisations that have or had equipment, for the forms to propose."""
    named = {passed.organisation for one in found.items.values() for passed in one.chain}
    named |= {str(one.values[side]) for one in found.loans.values() for side in _SIDES}
    return sorted(named)[:200]


_SIDES = ("lender", "borrower")


def moment_context(viewer: Viewer) -> dict[str, Any]:
    """Return what a form proposes for a moment: now, as clocks show it where the facilities are."""
    local = viewer.server.now().astimezone(datetime.UTC)
    zones = sorted({area.zone for area in viewer.areas.values()})
    if zones:
        local = viewer.server.now().astimezone(ZoneInfo(zones[0]))
    offset = local.isoformat()[-6:]
    offsets = OFFSETS if offset in OFFSETS else (*OFFSETS, offset)
    return {
        "now_local": local.isoformat()[:16],
        "offset": offset,
        "offsets": [(one, f"UTC{one}") for one in offsets],
    }


def _source(one: Item) -> str | None:
    """Return the source that an item contains, in words; None if there is none."""
    values = one.values
    if not one.has_source:
        return None
    return _(
        "%(nuclide)s, %(activity)s Bq on %(day)s",
        nuclide=values["source_nuclide"],
        activity=number_text(values["source_activity_bq"]),
        day=day_text(number_date(values["source_reference_on"])),
    )


# --- custody ---------------------------------------------------------------------------------


def _chain(viewer: Viewer, one: Item) -> list[dict[str, Any]]:
    """Return the hand-overs of an item, the last one first."""
    acts = [_act_of(passed.line) for passed in one.chain]
    who = who_acted(viewer, set(acts))
    ends = [*(passed.at for passed in one.chain[1:]), None]
    now = utc_text(viewer.server.now())
    rows = [
        {
            "at": instant_text(passed.at),
            "exactly": passed.at,
            "until": None if end is None else instant_text(end),
            "giver": passed.giver,
            "receiver": passed.receiver,
            "organisation": passed.organisation,
            "place": passed.place,
            "note": passed.note,
            "lasted": _lasted(passed.at, end or max(now, passed.at)),
            "who": who.get(act, ""),
            "act": act,
            "why": why_address(passed.line),
        }
        for passed, end, act in zip(one.chain, ends, acts, strict=True)
    ]
    return rows[::-1]


def _act_of(line: str) -> int:
    return int(node_address(line).rpartition("/")[2])


def _lasted(begins: str, ends: str) -> str:
    """Return how long somebody had it: days, or hours and minutes within a day."""
    minutes = int((parse_utc(ends) - parse_utc(begins)).total_seconds()) // 60
    days, rest = divmod(minutes, 1440)
    if days:
        return _("%(days)s d %(hours)s h", days=number_text(days), hours=rest // 60)
    return _("%(hours)s h %(minutes)s min", hours=rest // 60, minutes=rest % 60)


def _picture(found: Known, one: Item, on: datetime.date) -> str:
    chain = one.chain
    ends = [*(parse_utc(passed.at) for passed in chain[1:]), None]
    held = [_held(passed, end) for passed, end in zip(chain, ends, strict=True)]
    labels = CustodyLabels(
        title=_("Chain of custody of %(serial)s", serial=one.serial),
        description=_("{count} custodians one after the other from {first} to {last}: {told}."),
        nothing=_("Nobody has it in the record."),
        today=_("today"),
        loans=_("out under loans"),
        marks=_("calibrated, condition"),
        earlier=_("{count} earlier hand-overs stand in the table below."),
    )
    return custody_line(
        held,
        on,
        loans=list(_lent(found.loans_of(one.serial))),
        marks=sorted(_marks(found, one), key=lambda mark: mark.day),
        labels=labels,
        writing=writing(),
    )


def _held(passed: HandOver, end: datetime.datetime | None) -> Held:
    until = _("now") if end is None else instant_text(utc_text(end))
    told = _(
        "%(receiver)s for %(organisation)s at %(place)s, from %(since)s until %(until)s",
        receiver=passed.receiver,
        organisation=passed.organisation,
        place=passed.place,
        since=instant_text(passed.at),
        until=until,
    )
    label = f"{passed.receiver}, {passed.place}"
    href = node_address(passed.line)
    return Held(passed.organisation, label, told, parse_utc(passed.at), end, href)


def _lent(every: Sequence[Loan]) -> Iterator[Lent]:
    """Yield the loans under which an item was out, each from its shipment on."""
    for one in every:
        shipped = [int(step["on_day"]) for step in one.steps if step["state"] == SHIPPED]
        over = [int(step["on_day"]) for step in one.steps if step["state"] in (CLOSED, DONATED)]
        if shipped:
            begins, ends = number_date(shipped[0]), number_date(over[-1]) if over else None
            told = _(
                "loan %(loan)s to %(borrower)s, shipped %(day)s",
                loan=one.name,
                borrower=one.values["borrower"],
                day=day_text(begins),
            )
            yield Lent(one.name, told, begins, ends, loan_address(one.name))


def _marks(found: Known, one: Item) -> Iterator[CustodyMark]:
    """Yield calibrations and what happened to an item."""
    for done in found.calibrations.get(one.serial, []):
        day, failed = number_date(done["on_day"]), done["check_source_result"] == FAILED
        told = _(
            "calibrated %(day)s by %(by)s, valid until %(until)s",
            day=day_text(day),
            by=done["calibrated_by"],
            until=day_text(number_date(done["due_on"])),
        )
        yield CustodyMark("check failed" if failed else "calibrated", day, told)
    for state in one.conditions:
        day = number_date(state["on_day"])
        words = _(CONDITION_WORDS[state["condition"]])
        told = f"{words}, {day_text(day)}: {state['reason']}"
        yield CustodyMark(str(state["condition"]), day, told)


# --- calibrations, conditions, loans ---------------------------------------------------------


def _calibrations(viewer: Viewer, done: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the calibrations of an item, the last one first."""
    who = who_acted(viewer, {int(row["act_id"]) for row in done})
    files = evidence_links(viewer, [row["certificate"] for row in done])
    rows = [
        {
            "on": day_text(number_date(row["on_day"])),
            "due": day_text(number_date(row["due_on"])),
            "by": row["calibrated_by"],
            "source": row["check_source"],
            "result": result_badge(row["check_source_result"]),
            "certificate": shown,
            "note": row["note"],
            "who": who.get(int(row["act_id"]), ""),
            "act": row["act_id"],
        }
        for row, shown in zip(done, files, strict=True)
    ]
    return rows[::-1]


def _conditions(viewer: Viewer, one: Item) -> list[dict[str, Any]]:
    """Return what happened to an item, the last first."""
    who = who_acted(viewer, {int(row["act_id"]) for row in one.conditions})
    files = evidence_links(viewer, [row["evidence"] for row in one.conditions])
    rows = [
        {
            "day": day_text(number_date(row["on_day"])),
            "condition": condition_badge(str(row["condition"])),
            "reason": row["reason"],
            "loan": row["loan"],
            "loan_href": loan_address(str(row["loan"])) if row["loan"] else None,
            "evidence": shown,
            "who": who.get(int(row["act_id"]), ""),
            "act": row["act_id"],
        }
        for row, shown in zip(one.conditions, files, strict=True)
    ]
    return rows[::-1]


def _loan(one: Loan, on: datetime.date) -> dict[str, Any]:
    end = None if one.end_on is None else number_date(one.end_on)
    return {
        "loan": one.name,
        "href": loan_address(one.name),
        "state": state_badge(one.state),
        "lender": one.values["lender"],
        "borrower": one.values["borrower"],
        "purpose": one.values["purpose"],
        "end": None if end is None else day_text(end),
        "late": end is not None and end < on and one.is_open,
    }
