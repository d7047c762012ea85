"""The page of a loan of equipment: its life as a row of stations, its items, what is due next.

A loan goes from the request over agreement, shipment, acceptance, calibration and custody to the
return. Steps are what somebody recorded; whether the items are calibrated and who has them is read
from their own records, beside them.
"""

from __future__ import annotations

import datetime
from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from keiryo.dates import number_date
from keiryo.equipment.custody import HAND_OVER
from keiryo.equipment.loan_checks import NEEDED_TERMS
from keiryo.equipment.loan_states import (
    AGREED,
    CLOSED,
    DONATED,
    EXTENDED,
    IN_USE,
    OFFERED,
    OPEN_STATES,
    OUT,
    RECEIVED,
    REQUESTED,
    RETURNED,
    SHIPPED,
    STEPS,
    WITHDRAWN,
)
from keiryo.equipment.loans import STEP, TESTS, Loan
from keiryo.equipment.tables import CALIBRATED_TYPES, FAILED, LOST, PASSED, RETIRED
from keiryo.web.pages.boards import Entered, first_shown
from keiryo.web.pages.cooperation_known import address as register_address
from keiryo.web.pages.cooperation_known import done_act
from keiryo.web.pages.equipment_items import moment_context, organisations
from keiryo.web.pages.equipment_standing import (
    HOME,
    LOANS,
    READING,
    Known,
    due_of_loan,
    evidence_links,
    item_address,
    known,
    left_words,
    loan_address,
    require_loan,
    standing_alarms,
    trust_of,
    who_acted,
    why_address,
)
from keiryo.web.pages.equipment_words import (
    CALIBRATION_BADGES,
    ENDED,
    NONE,
    REGIME_WORDS,
    RESULT_WORDS,
    STATE_WORDS,
    TERM_WORDS,
    TEST_WORDS,
    TYPE_WORDS,
    condition_badge,
    needed_words,
    result_badge,
    state_badge,
)
from keiryo.web.pages.evaluation_asked import plain_finding
from keiryo.web.pictures.loan_steps import (
    DONE,
    LATE,
    NEVER,
    NEXT,
    OPEN,
    Station,
    StepLabels,
    loan_steps,
)
from keiryo.web.rendering import render
from keiryo.web.speaking import day_text, number_text
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import AnyRequest, Asking, Viewer

_TESTS_OF_STEP = {
    RECEIVED: ("acceptance_test",),
    IN_USE: ("acceptance_test",),
    RETURNED: ("decontamination_check", "function_test"),
    CLOSED: ("decontamination_check", "function_test"),
}
"""Which results belong to which step."""


@get(LOANS + "/{name:str}", sync_to_thread=True, opt=READING)
def loan_page(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any]:
    """Show a loan: its terms, its life, its items, and what is due next."""
    require_loan(viewer, name)
    return show_loan(request, viewer, name, first_shown(viewer, loan_address(name)))


def show_loan(
    request: AnyRequest, viewer: Viewer, name: str, entered: Entered, which: str = ""
) -> Response[Any]:
    """Return the page of a loan; with what was typed, where a form comes back.

    Parameters
    ----------
    which : str
        The form that comes back: step or hand-over.
    """
    found, on = known(viewer), viewer.today
    one = found.loans[name]
    following = [state for state in STATE_WORDS if state in STEPS[one.state]]
    wrong = [alarm for alarm in standing_alarms(viewer, on) if alarm.loan == name]
    tests = [test for state in following for test in _TESTS_OF_STEP.get(state, ())]
    return render(
        request,
        "equipment/loan.html",
        http_status=entered.status,
        one=one,
        values=one.values,
        state_badge=state_badge(one.state),
        terms=_terms(one),
        commitment=_commitment(viewer, one),
        next=_next(one, on),
        may_become=[(_(STATE_WORDS[state]), needed_words(state)) for state in following],
        missing=_missing(one),
        alarms=[plain_finding(alarm.finding) for alarm in wrong],
        picture=_picture(found, one, on),
        items=[_item(found, serial, one, on) for serial in one.serials if serial in found.items],
        life=_life(viewer, one),
        act=one.values["act_id"],
        why=why_address(f"loan:{name}"),
        may_step=viewer.may_post(STEP, viewer.state) and bool(following),
        may_hand_over=viewer.may_post(HAND_OVER, viewer.state) and bool(givers(found, one)),
        following=[(state, _(STATE_WORDS[state])) for state in following],
        takes_end=EXTENDED in following,
        tests=[(test, _(TEST_WORDS[test])) for test in dict.fromkeys(tests)],
        results=[(result, _(RESULT_WORDS[result])) for result in (PASSED, FAILED)],
        givers=givers(found, one),
        organisations=organisations(found),
        **moment_context(viewer),
        entered=entered,
        which=which,
        done=done_act(request),
        here=loan_address(name),
        crumbs=[(_("Equipment"), HOME), (_("Loans"), LOANS), (name, None)],
    )


def givers(found: Known, one: Loan) -> list[tuple[str, str]]:
    """Return who has items of a loan that can be handed over, and how they are told apart.

    Returns
    -------
    list of (str, str)
        Name, and the name with the serial numbers.
    """
    return [
        (name, f"{name}: {', '.join(serials)[:160]}")
        for name, serials in held_of_loan(found, one).items()
    ]


def held_of_loan(found: Known, one: Loan) -> dict[str, list[str]]:
    """Return the items of a loan that can be handed over, by who has them."""
    held: dict[str, list[str]] = {}
    for serial in one.serials:
        item = found.items.get(serial)
        if item is not None and item.condition not in (LOST, RETIRED):
            held.setdefault(item.holder.receiver, []).append(serial)
    return held


def _terms(one: Loan) -> list[tuple[str, str]]:
    """Return the terms of a loan in words, in the order in which they are asked for."""
    values, regime = one.values, one.values["customs_regime"]

    def day(number: int | None) -> str:
        return "" if number is None else day_text(number_date(number))

    back = day(one.end_on)
    if any(step["state"] == EXTENDED for step in one.steps):
        back = _("%(day)s (extended)", day=back)
    return [
        (_("Event"), values["event"] or ""),
        (_("Requested"), day(values["requested_on"])),
        (_("First day"), day(values["start_on"])),
        (_("Last day of use"), day(values["last_use_on"])),
        (_("To be back by"), back),
        (_("Loan agreement"), values["agreement_reference"] or ""),
        (_("Insurance"), values["insurance"] or ""),
        (_("Customs"), _(REGIME_WORDS[regime]) if regime else ""),
        (_("Import licence"), values["import_licence"] or ""),
        (_("Note"), values["note"] or ""),
    ]


def _commitment(viewer: Viewer, one: Loan) -> dict[str, Any] | None:
    name = one.values["commitment"]
    if not name:
        return None
    href = register_address(str(name), "commitment") if viewer.reads("cooperation") else None
    return {"text": name, "href": href}


def _missing(one: Loan) -> list[str]:
    """Return the terms without which it cannot be agreed, and that are not there."""
    if one.state not in (REQUESTED, OFFERED):
        return []
    lacking = [_(TERM_WORDS[term]) for term in NEEDED_TERMS if one.values[term] is None]
    return lacking if one.serials else [*lacking, _("items")]


def _next(one: Loan, on: datetime.date) -> dict[str, Any] | None:
    """Return what is due next, by when, and whether the day has passed."""
    due = due_of_loan(one, on)
    if due is None:
        return None
    days = (due.day - on).days
    closing = one.state == RETURNED
    return {
        "what": _(due.what),
        "day": None if closing else day_text(due.day),
        "left": "" if closing else left_words(days),
        "late": days < 0 and not closing,
    }


def _item(found: Known, serial: str, loan: Loan, on: datetime.date) -> dict[str, Any]:
    one = found.items[serial]
    trust = trust_of(one, found.calibrations.get(serial, []), on)
    holder = one.holder
    return {
        "serial": serial,
        "href": item_address(serial),
        "type": _(TYPE_WORDS.get(str(one.values["type"]), str(one.values["type"]))),
        "model": one.values["model"],
        "condition": condition_badge(one.condition),
        "custodian": holder.receiver,
        "organisation": holder.organisation,
        "with": _with(loan, holder.organisation),
        "place": holder.place,
        "since": day_text(holder.day),
        "until": None if trust.until is None else day_text(trust.until),
        "trust": {"badge": CALIBRATION_BADGES[trust.state], "text": _(trust.state)},
    }


def _with(loan: Loan, organisation: str) -> str:
    if organisation == loan.values["borrower"]:
        return _("the borrower has it")
    return _("the lender has it") if organisation == loan.values["lender"] else _("on its way")


def _life(viewer: Viewer, one: Loan) -> list[dict[str, Any]]:
    """Return the steps of a loan, the last one first."""
    who = who_acted(viewer, {int(step["act_id"]) for step in one.steps})
    files = evidence_links(viewer, [step["evidence"] for step in one.steps])
    rows = [
        {
            "day": day_text(number_date(step["on_day"])),
            "state": state_badge(str(step["state"])),
            "reason": step["reason"],
            "end": None if step["end_on"] is None else day_text(number_date(step["end_on"])),
            "tests": [
                (_(TEST_WORDS[test]), result_badge(step[test]))
                for test in TESTS
                if step[test] is not None
            ],
            "evidence": shown,
            "who": who.get(int(step["act_id"]), ""),
            "act": step["act_id"],
        }
        for step, shown in zip(one.steps, files, strict=True)
    ]
    return rows[::-1]


# --- the row of stations ---------------------------------------------------------------------


def _picture(found: Known, one: Loan, on: datetime.date) -> str:
    statuses = (
        *((DONE, _("done")), (NEXT, _("next")), (OPEN, _("to come"))),
        *((LATE, _("late or failed")), (NEVER, _("not reached"))),
    )
    labels = StepLabels(
        title=_("Steps of the loan %(loan)s", loan=one.name),
        description="{told}",
        nothing=_("The loan has no steps."),
        statuses=statuses,
    )
    return loan_steps(stations(found, one, on), labels=labels)


def stations(found: Known, one: Loan, on: datetime.date) -> list[Station]:
    """Return the stations of a loan from the request to the closing.

    Parameters
    ----------
    found : Known
    one : Loan
    on : datetime.date
        With this day, days in the terms are compared.
    """
    over = one.state not in OPEN_STATES
    reached = [REQUESTED, *(str(step["state"]) for step in one.steps)]
    due = due_of_loan(one, on)
    nexts = {
        REQUESTED: OFFERED,
        OFFERED: AGREED,
        AGREED: SHIPPED,
        SHIPPED: RECEIVED,
        RECEIVED: IN_USE,
        RETURNED: CLOSED,
    }
    coming = nexts.get(one.state, RETURNED if one.state in OUT else "")

    def status(state: str) -> str:
        if state in reached:
            return DONE
        if over:
            return NEVER
        if state == coming:
            late = due is not None and due.day < on and state in (SHIPPED, RETURNED)
            return LATE if late else NEXT
        return OPEN

    days = _days_of(one)
    made = [
        Station(_("request"), DONE, days[REQUESTED], (str(one.values["borrower"]),)),
        Station(_("offer"), status(OFFERED), days.get(OFFERED, "")),
        Station(_("agreement"), status(AGREED), days.get(AGREED, ""), _agreed(one)),
        Station(_("shipment"), status(SHIPPED), *_when(one, days, SHIPPED, one.values["start_on"])),
        _acceptance(one, status(RECEIVED), days),
        _calibration(found, one, on, over),
        _custody(found, one, over),
        Station(_("use"), status(IN_USE), *_when(one, days, IN_USE, one.values["last_use_on"])),
        Station(_("return"), status(RETURNED), *_returned(one, days)),
    ]
    if one.state in (DONATED, WITHDRAWN):
        return [*made, Station(_(STATE_WORDS[one.state]), DONE, days[one.state])]
    return [*made, Station(_("closing"), status(CLOSED), days.get(CLOSED, ""))]


def _days_of(one: Loan) -> dict[str, str]:
    days = {REQUESTED: day_text(number_date(one.values["requested_on"]))}
    return days | {str(step["state"]): day_text(number_date(step["on_day"])) for step in one.steps}


def _when(one: Loan, days: dict[str, str], state: str, planned: Any) -> tuple[str, tuple[str, ...]]:
    """Return the day of a station, and the day of the terms beside it."""
    if planned is None or one.state == WITHDRAWN:
        return days.get(state, ""), ()
    words = {SHIPPED: _("from %(day)s"), IN_USE: _("to %(day)s"), RETURNED: _("by %(day)s")}
    return days.get(state, ""), (words[state] % {"day": day_text(number_date(planned))},)


def _agreed(one: Loan) -> tuple[str, ...]:
    return tuple(str(text) for text in (one.values["agreement_reference"],) if text)


def _acceptance(one: Loan, status: str, days: dict[str, str]) -> Station:
    result = one.result("acceptance_test")
    failed = result == FAILED
    notes = () if result is None else (_("test: %(result)s", result=_(RESULT_WORDS[result])),)
    return Station(_("acceptance"), LATE if failed else status, days.get(RECEIVED, ""), notes)


def _calibration(found: Known, one: Loan, on: datetime.date, over: bool) -> Station:
    """Return whether the items are trusted to the last day of use."""
    mine = [found.items[serial] for serial in one.serials if serial in found.items]
    mine = [item for item in mine if item.values["type"] in CALIBRATED_TYPES]
    mine = [item for item in mine if item.condition not in (LOST, RETIRED)]
    last_use = one.values["last_use_on"]
    until = max(on, number_date(last_use)) if last_use is not None else on
    trusts = [trust_of(item, found.calibrations.get(item.serial, []), on) for item in mine]
    good = [trust for trust in trusts if trust.until is not None and trust.until >= until]
    if over:
        return Station(_("calibration"), DONE if one.state != WITHDRAWN else NEVER)
    if not mine:
        return Station(_("calibration"), DONE if one.serials else OPEN, "", (_("needs none"),))
    count = _("%(some)s of %(all)s", some=number_text(len(good)), all=number_text(len(mine)))
    notes = (_("%(count)s valid to %(day)s", count=count, day=day_text(until)),)
    if len(good) == len(mine):
        return Station(_("calibration"), DONE, "", notes)
    bad = one.state in OUT or any(trust.state in (ENDED, NONE) for trust in trusts)
    return Station(_("calibration"), LATE if bad and one.state in OUT else OPEN, "", notes)


def _custody(found: Known, one: Loan, over: bool) -> Station:
    """Return whether the chain of custody says that the borrower has the items."""
    mine = [found.items[serial] for serial in one.serials if serial in found.items]
    there = [item for item in mine if item.holder.organisation == one.values["borrower"]]
    lost = sum(item.condition == LOST for item in mine)
    count = _("%(some)s of %(all)s", some=number_text(len(there)), all=number_text(len(mine)))
    notes = [_("%(count)s with the borrower", count=count)] if mine and not over else []
    if lost:
        notes.append(_("%(count)s lost", count=number_text(lost)))
    seen = {str(step["state"]) for step in one.steps}
    arrived = RECEIVED in seen
    if over or one.state == RETURNED:
        status = DONE if arrived else NEVER
    elif not arrived:
        status = OPEN
    else:
        status = DONE if len(there) == len(mine) else LATE
    return Station(_("custody"), LATE if lost and not over else status, "", tuple(notes))


def _returned(one: Loan, days: dict[str, str]) -> tuple[str, tuple[str, ...]]:
    when, notes = _when(one, days, RETURNED, one.end_on)
    for state in ("recalled", "expiring"):
        if one.state == state:
            notes = (*notes, f"{_(STATE_WORDS[state])} {days[state]}")
    return when, notes
