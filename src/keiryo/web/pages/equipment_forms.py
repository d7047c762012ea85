"""What is done on the pages of equipment: hand-overs, calibrations, conditions, steps of a loan.

A form says what its sender saw; if somebody was there in between, nothing is recorded, and the form
comes back with everything typed and the acts that came in between.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Response, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy import select

from keiryo.equipment.calibration import CALIBRATE, Calibration, calibrate
from keiryo.equipment.conditions import CONDITION, record_condition
from keiryo.equipment.custody import HAND_OVER, HandOver, hand_over, instant_text
from keiryo.equipment.loan_states import EXTENDED
from keiryo.equipment.loans import STEP, StepWanted, take_step
from keiryo.equipment.record import File
from keiryo.equipment.tables import (
    CONDITIONS,
    EQUIPMENT_CALIBRATION,
    EQUIPMENT_CONDITION,
    EQUIPMENT_CUSTODY,
    EQUIPMENT_ITEM,
    EQUIPMENT_LOAN,
    EQUIPMENT_LOAN_STEP,
    RESULTS,
)
from keiryo.errors import ConflictError, KeiryoError
from keiryo.journal.model import Posted
from keiryo.web.once import Answer, once
from keiryo.web.pages.boards import (
    MOST_TEXT,
    Entered,
    PostedMeanwhileError,
    day_of,
    explain_error,
    head_of_form,
    own_conflict,
    require_nothing_newer,
    typed_again,
)
from keiryo.web.pages.equipment_items import OFFSETS, show_item
from keiryo.web.pages.equipment_loans import held_of_loan, show_loan
from keiryo.web.pages.equipment_standing import (
    ITEMS,
    LOANS,
    READING,
    item_address,
    known,
    loan_address,
    require_item,
    require_loan,
)
from keiryo.web.saved_forms import forget_fields
from keiryo.web.speaking import gettext as _
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Asking, Viewer

MOST_FILES, MOST_NAME = 20, 200
_ITEM_KINDS = (EQUIPMENT_ITEM, EQUIPMENT_CUSTODY, EQUIPMENT_CONDITION, EQUIPMENT_CALIBRATION)


def acts_about_item(viewer: Viewer, serial: str, head: int) -> list[int]:
    """Return the acts about an item that were posted after one."""
    return _acts(viewer, _ITEM_KINDS, "serial", [serial], head)


def acts_about_loan(viewer: Viewer, name: str, head: int) -> list[int]:
    """Return the acts about a loan, or about one of its items, that were posted after one."""
    found = known(viewer).loans.get(name)
    serials = [] if found is None else list(found.serials)
    mine = _acts(viewer, (EQUIPMENT_LOAN, EQUIPMENT_LOAN_STEP), "loan", [name], head)
    return sorted({*mine, *_acts(viewer, _ITEM_KINDS, "serial", serials, head)})


def _acts(
    viewer: Viewer, kinds: Sequence[Any], column: str, names: Sequence[str], head: int
) -> list[int]:
    found: set[int] = set()
    with viewer.books.reading() as connection:
        for kind in kinds:
            table = viewer.metadata.tables[kind.name]
            for first in range(0, len(names), 500):
                named = table.c[column].in_(names[first : first + 500])
                query = select(table.c.act_id).where(named, table.c.act_id > head)
                found |= {int(one) for one in connection.execute(query).scalars()}
    return sorted(found)


# --- what forms have in common ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Asked:
    """A form that was sent: of what, which one, and how its page is shown and found."""

    request: AnyRequest
    viewer: Viewer
    name: str
    which: str
    entered: Entered
    here: str
    show: Callable[..., Response[Any]]
    acts_since: Callable[[Viewer, str, int], list[int]]

    def again(self) -> Response[Any]:
        """Show the page again, with what was typed and what is wrong."""
        return self.show(self.request, self.viewer, self.name, self.entered, self.which)


def _of_item(request: AnyRequest, viewer: Viewer, serial: str, which: str) -> _Asked:
    entered = typed_again(viewer)
    here = item_address(serial)
    return _Asked(request, viewer, serial, which, entered, here, show_item, acts_about_item)


def _of_loan(request: AnyRequest, viewer: Viewer, name: str, which: str) -> _Asked:
    entered = typed_again(viewer)
    here = loan_address(name)
    return _Asked(request, viewer, name, which, entered, here, show_loan, acts_about_loan)


def _done(asked: _Asked, do: Callable[[], Posted]) -> Response[Any] | Redirect:
    """Do once what a form asks for, and lead back; or show the form again, with what is wrong."""
    viewer, entered = asked.viewer, asked.entered
    if entered.refused:
        return asked.again()
    head = head_of_form(viewer)

    def answer() -> Answer:
        require_nothing_newer(asked.acts_since(viewer, asked.name, head) if head else ())
        try:
            posted = do()
        except ConflictError as error:
            newer = asked.acts_since(viewer, asked.name, head)[-3:]
            raise PostedMeanwhileError(newer) from error
        return Answer(303, f"{asked.here}?done={posted.act.act_id}")

    fields = {**entered.fields, "which": asked.which, "files": repr(_digests(viewer))}
    fields = {n: v for n, v in fields.items() if not n.startswith("_")}
    try:
        done = once(viewer, viewer.field("_form_id"), {"name": asked.name, **fields}, answer)
    except KeiryoError as error:
        if own_conflict(error):
            raise
        explain_error(entered, error)
        return asked.again()
    forget_fields(viewer, asked.here)
    return Redirect(done.location or asked.here, status_code=303)


def _day(asked: _Asked, name: str, *, required: bool = True) -> datetime.date | None:
    """Return the day in a field; what is wrong with it goes into the form."""
    try:
        day = day_of(asked.viewer.field(name))
    except KeiryoError as error:
        explain_error(asked.entered, error, name)
        return None
    if day is None and required:
        asked.entered.errors[name] = _("Say on which day it was.")
    return day


def _named(asked: _Asked, name: str, words: str) -> str:
    """Return a name that must be there."""
    text = asked.viewer.field(name)
    if not text:
        asked.entered.errors[name] = words
    return _bounded(asked, name, text, MOST_NAME)


def _text(asked: _Asked, name: str, most: int = MOST_NAME) -> str | None:
    """Return what stands in a field, or None."""
    return _bounded(asked, name, asked.viewer.field(name), most) or None


def _bounded(asked: _Asked, name: str, text: str, most: int) -> str:
    if len(text) > most:
        asked.entered.errors[name] = _("Say it in %(most)s characters at most.", most=most)
    elif "\0" in text:
        asked.entered.errors[name] = _("This has a sign that no text has; type it again.")
    return text[:most].replace("\0", "")


def _reason(asked: _Asked, name: str) -> str:
    reason = asked.viewer.field(name)
    if not reason:
        asked.entered.errors[name] = _("Say what happened; it stands in the record.")
    return _bounded(asked, name, reason, MOST_TEXT)


def _chosen(asked: _Asked, name: str, words: str) -> str:
    chosen = asked.viewer.field(name)
    if not chosen:
        asked.entered.errors[name] = words
    return _bounded(asked, name, chosen, MOST_NAME)


def _result(asked: _Asked, name: str) -> str | None:
    """Return the result of a test: passed, failed, or None."""
    result = asked.viewer.field(name)
    if result not in ("", *RESULTS):
        asked.entered.errors[name] = _("The result is passed or failed.")
    return result or None


def _uploads(viewer: Viewer, name: str) -> list[File]:
    """Return the files that were sent in a field, by name and content."""
    sent = [] if viewer.form is None else viewer.form.getall(name, [])
    found = []
    for one in sent:
        if isinstance(one, UploadFile) and one.filename:
            one.file.seek(0)
            found.append((one.filename[:MOST_NAME].replace("\0", ""), one.file.read()))
    return found


def _digests(viewer: Viewer) -> list[tuple[str, str]]:
    fields = ("step_files", "condition_files", "certificate")
    every = [one for name in fields for one in _uploads(viewer, name)]
    return [(name, hashlib.sha256(content).hexdigest()) for name, content in every]


def _evidence(asked: _Asked, name: str) -> tuple[tuple[str, ...], tuple[File, ...]]:
    """Return the acts that are named as evidence, and the files that were sent."""
    acts = []
    for one in asked.viewer.field(f"{name}_acts").replace(",", " ").split():
        number = whole_number(one.removeprefix("act:"))
        if number is None:
            asked.entered.errors[f"{name}_acts"] = _("Write acts by their numbers: 17, 23.")
        acts.append(f"act:{number}")
    files = _uploads(asked.viewer, f"{name}_files")
    if len(files) > MOST_FILES:
        asked.entered.errors[f"{name}_files"] = _("Send %(most)s files at most.", most=MOST_FILES)
    return tuple(dict.fromkeys(acts)), tuple(files)


def _moment(asked: _Asked) -> str:
    """Return the moment of a hand-over in UTC, from local time and offset."""
    local, offset = asked.viewer.field("passed_at"), asked.viewer.field("passed_offset")
    if not local:
        asked.entered.errors["passed_at"] = _("Say when it was handed over.")
        return ""
    if offset not in OFFSETS:
        asked.entered.errors["passed_offset"] = _("Choose the offset from UTC.")
        return ""
    try:
        return instant_text(f"{local}{offset}")
    except KeiryoError as error:
        explain_error(asked.entered, error, "passed_at")
        return ""


# --- an item ---------------------------------------------------------------------------------


@post(ITEMS + "/{serial:str}/hand-overs", status_code=200, sync_to_thread=True, opt=READING)
def pass_on(request: AnyRequest, viewer: Asking, serial: FromPath[str]) -> Response[Any] | Redirect:
    """Record that somebody else has an item."""
    standing = require_item(viewer, serial)
    viewer.require_post(HAND_OVER, viewer.state)
    asked = _of_item(request, viewer, serial, "hand-over")
    giver = viewer.field("giver") or standing.holder.receiver
    passed = _passed(asked, [serial], giver)
    return _done(asked, lambda: hand_over(viewer.whole, viewer.actor(), passed))


def _passed(asked: _Asked, serials: Sequence[str], giver: str) -> list[HandOver]:
    """Return the hand-overs that a form tells of."""
    receiver = _named(asked, "receiver", _("Say who has it from then on."))
    organisation = _named(asked, "organisation", _("Say for which organisation."))
    place = _named(asked, "place", _("Say where it is from then on."))
    note = _text(asked, "passed_note", MOST_TEXT)
    at = _moment(asked)
    return [HandOver(one, giver, receiver, organisation, place, at, note) for one in serials]


@post(ITEMS + "/{serial:str}/calibrations", status_code=200, sync_to_thread=True, opt=READING)
def calibrate_item(
    request: AnyRequest, viewer: Asking, serial: FromPath[str]
) -> Response[Any] | Redirect:
    """Record a calibration of an item."""
    require_item(viewer, serial)
    viewer.require_post(CALIBRATE, viewer.state)
    asked = _of_item(request, viewer, serial, "calibration")
    on, due = _day(asked, "calibrated_on"), _day(asked, "due_on")
    by = _named(asked, "calibrated_by", _("Name the laboratory or the person."))
    source, result = _text(asked, "check_source"), _result(asked, "check_result")
    files = _uploads(viewer, "certificate")
    done = Calibration(
        *(serial, on or viewer.today, due or viewer.today, by, source, result),
        note=_text(asked, "calibration_note", MOST_TEXT),
    )
    certificate = files[0] if files else None
    return _done(
        asked, lambda: calibrate(viewer.whole, viewer.actor(), done, certificate=certificate)
    )


@post(ITEMS + "/{serial:str}/conditions", status_code=200, sync_to_thread=True, opt=READING)
def report_condition(
    request: AnyRequest, viewer: Asking, serial: FromPath[str]
) -> Response[Any] | Redirect:
    """Record that an item is lost, damaged, serviceable again, or retired."""
    require_item(viewer, serial)
    viewer.require_post(CONDITION, viewer.state)
    asked = _of_item(request, viewer, serial, "condition")
    condition = _chosen(asked, "condition", _("Choose what it is from now on."))
    if condition and condition not in CONDITIONS:
        asked.entered.errors["condition"] = _("Choose what it is from now on.")
    day = _day(asked, "condition_on")
    reason = _reason(asked, "condition_reason")
    acts, files = _evidence(asked, "condition")
    return _done(
        asked,
        lambda: record_condition(
            *(viewer.whole, viewer.actor(), serial, condition),
            on=day or viewer.today,
            reason=reason,
            evidence=acts,
            files=files,
        ),
    )


# --- a loan ----------------------------------------------------------------------------------


@post(LOANS + "/{name:str}/steps", status_code=200, sync_to_thread=True, opt=READING)
def step_of_loan(
    request: AnyRequest, viewer: Asking, name: FromPath[str]
) -> Response[Any] | Redirect:
    """Record a step in the life of a loan."""
    standing = require_loan(viewer, name)
    viewer.require_post(STEP, viewer.state)
    asked = _of_loan(request, viewer, name, "step")
    state = _chosen(asked, "step_state", _("Choose what it becomes."))
    day = _day(asked, "step_on")
    end = _day(asked, "step_end", required=False)
    if state == EXTENDED and end is None and "step_end" not in asked.entered.errors:
        asked.entered.errors["step_end"] = _("Say by which day the items are to be back.")
    reason = _reason(asked, "step_reason")
    acts, files = _evidence(asked, "step")
    wanted = StepWanted(
        *(name, state, day or viewer.today, reason, acts, files),
        end_on=end,
        acceptance_test=_result(asked, "acceptance_test"),
        decontamination_check=_result(asked, "decontamination_check"),
        function_test=_result(asked, "function_test"),
    )
    seen = viewer.field("seen") or standing.state
    return _done(asked, lambda: take_step(viewer.whole, viewer.actor(), wanted, seen=seen))


@post(LOANS + "/{name:str}/hand-overs", status_code=200, sync_to_thread=True, opt=READING)
def pass_loan_on(
    request: AnyRequest, viewer: Asking, name: FromPath[str]
) -> Response[Any] | Redirect:
    """Record that somebody else has all items of a loan that one person had."""
    standing = require_loan(viewer, name)
    viewer.require_post(HAND_OVER, viewer.state)
    asked = _of_loan(request, viewer, name, "hand-over")
    giver = _chosen(asked, "giver", _("Choose who has had them."))
    serials = held_of_loan(known(viewer), standing).get(giver, [])
    if giver and not serials:
        asked.entered.errors["giver"] = _("%(name)s has no item of this loan.", name=giver)
    passed = _passed(asked, serials, giver)
    return _done(asked, lambda: hand_over(viewer.whole, viewer.actor(), passed))
