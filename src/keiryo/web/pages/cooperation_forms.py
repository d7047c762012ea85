"""What is done on the pages of cooperation: steps, claims, care, and the import of a register.

A form of a commitment says what its sender saw; if somebody was there in between, nothing is
recorded, and the form comes back with everything typed and the acts that came in between.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy import select

from keiryo.cooperation.commitments import StandingCommitment
from keiryo.cooperation.life_cycle import FULFILLED
from keiryo.cooperation.quotations import SourceText
from keiryo.cooperation.recording import (
    RECORDING,
    SHIPPED_NAME,
    check_register,
    record_register,
    shipped_register,
)
from keiryo.cooperation.steps import (
    Care,
    File,
    StepWanted,
    claim_fulfilled,
    take_care,
    take_step,
    turn_down,
)
from keiryo.cooperation.tables import (
    COMMITMENT,
    COMMITMENT_CARE,
    COMMITMENT_CLAIM,
    COMMITMENT_STEP,
)
from keiryo.dates import date_number
from keiryo.errors import (
    ConflictError,
    KeiryoError,
    NotFoundError,
    RefusedError,
    Severity,
    UsageError,
)
from keiryo.journal.model import Posted
from keiryo.web.answers import in_words
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
from keiryo.web.pages.cooperation_known import (
    BOARD,
    CARE,
    CLAIM,
    READING,
    REGISTER,
    STEP,
    address,
    known,
)
from keiryo.web.pages.cooperation_objects import show_commitment
from keiryo.web.pages.evaluation_asked import plain_finding
from keiryo.web.rendering import render
from keiryo.web.saved_forms import forget_fields
from keiryo.web.speaking import gettext as _
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Asking, Viewer

IMPORT = "/cooperation/import"
MOST_FILES, MOST_BYTES = 20, 16 << 20
_REFUSING = (Severity.FORMAT, Severity.INCONSISTENCY)


# --- a commitment ----------------------------------------------------------------------------


def acts_since(viewer: Viewer, name: str, head: int) -> list[int]:
    """Return the acts about a commitment that were posted after one."""
    found: set[int] = set()
    with viewer.books.reading() as connection:
        for kind in (COMMITMENT, COMMITMENT_STEP, COMMITMENT_CLAIM, COMMITMENT_CARE):
            table = viewer.metadata.tables[kind.name]
            query = select(table.c.act_id).where(table.c.commitment == name, table.c.act_id > head)
            found |= {int(one) for one in connection.execute(query).scalars()}
    return sorted(found)


def require_commitment(viewer: Viewer, name: str) -> StandingCommitment:
    """Return a commitment that is seen.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    found = known(viewer).standing.get(name)
    if found is None:
        raise NotFoundError(
            f"there is no commitment {name[:60]!r} in the register",
            "'keiryo cooperation commitments' lists their names.",
        )
    return found


def _done(
    request: AnyRequest,
    viewer: Viewer,
    name: str,
    which: str,
    entered: Entered,
    do: Callable[[], Posted],
) -> Response[Any] | Redirect:
    """Do once what a form asks for, and lead back; or show the form again, with what is wrong."""
    here = address(name, COMMITMENT.name)
    if entered.refused:
        return show_commitment(request, viewer, name, entered, which)
    head = head_of_form(viewer)

    def answer() -> Answer:
        require_nothing_newer(acts_since(viewer, name, head) if head else ())
        try:
            posted = do()
        except ConflictError as error:
            raise PostedMeanwhileError(acts_since(viewer, name, head)[-3:]) from error
        return Answer(303, f"{here}?done={posted.act.act_id}")

    asked = {**entered.fields, "which": which, "files": repr(_digests(viewer))}
    asked = {n: v for n, v in asked.items() if not n.startswith("_")}
    try:
        done = once(viewer, viewer.field("_form_id"), {"name": name, **asked}, answer)
    except KeiryoError as error:
        if own_conflict(error):
            raise
        return show_commitment(request, viewer, name, explain_error(entered, error), which)
    forget_fields(viewer, here)
    return Redirect(done.location or here, status_code=303)


def _day(viewer: Viewer, entered: Entered, name: str, *, required: bool) -> datetime.date | None:
    """Return the day in a field; what is wrong with it goes into the form."""
    try:
        day = day_of(viewer.field(name))
    except KeiryoError as error:
        explain_error(entered, error, name)
        return None
    if day is None and required:
        entered.errors[name] = _("Say on which day it was.")
    return day


def _reason(viewer: Viewer, entered: Entered, name: str) -> str:
    reason = viewer.field(name)
    if not reason:
        entered.errors[name] = _("Say what happened; it stands in the record.")
    elif len(reason) > MOST_TEXT:
        entered.errors[name] = _("Say it in %(most)s characters at most.", most=MOST_TEXT)
    return reason[:MOST_TEXT]


def _uploads(viewer: Viewer, name: str) -> list[File]:
    """Return the files that were sent in a field, by name and content."""
    sent = [] if viewer.form is None else viewer.form.getall(name, [])
    found = []
    for one in sent:
        if isinstance(one, UploadFile) and one.filename:
            one.file.seek(0)
            found.append((one.filename[:200], one.file.read()))
    return found


def _digests(viewer: Viewer) -> list[tuple[str, str]]:
    every = [*_uploads(viewer, "step_files"), *_uploads(viewer, "claim_files")]
    return [(name, hashlib.sha256(content).hexdigest()) for name, content in every]


def _evidence(viewer: Viewer, entered: Entered, name: str) -> tuple[tuple[str, ...], list[File]]:
    """Return the acts that are named as evidence, and the files that were sent."""
    acts = []
    for one in viewer.field(f"{name}_acts").replace(",", " ").split():
        number = whole_number(one.removeprefix("act:"))
        if number is None:
            entered.errors[f"{name}_acts"] = _("Write acts by their numbers: 17, 23.")
        acts.append(f"act:{number}")
    files = _uploads(viewer, f"{name}_files")
    if len(files) > MOST_FILES:
        entered.errors[f"{name}_files"] = _("Send %(most)s files at most.", most=MOST_FILES)
    return tuple(dict.fromkeys(acts)), files


@post(BOARD + "/{name:str}/steps", status_code=200, sync_to_thread=True, opt=READING)
def step_on(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any] | Redirect:
    """Record a step in the life of a commitment."""
    standing = require_commitment(viewer, name)
    viewer.require_post(STEP, viewer.state)
    entered = typed_again(viewer)
    day = _day(viewer, entered, "step_on", required=True)
    reason = _reason(viewer, entered, "step_reason")
    acts, files = _evidence(viewer, entered, "step")
    state = viewer.field("step_state")
    if not state:
        entered.errors["step_state"] = _("Choose what it becomes.")
    wanted = StepWanted(
        name,
        state,
        day or viewer.today,
        reason,
        acts,
        tuple(files),
        side=viewer.field("step_side") or None,
        occurred=viewer.field("step_occurred")[:MOST_TEXT] or None,
    )
    seen = viewer.field("seen") or standing.state
    return _done(
        *(request, viewer, name, "step", entered),
        lambda: take_step(viewer.whole, viewer.actor(), wanted, seen=seen),
    )


@post(BOARD + "/{name:str}/claims", status_code=200, sync_to_thread=True, opt=READING)
def claim_it(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any] | Redirect:
    """Claim that a commitment is fulfilled, with what shows it."""
    require_commitment(viewer, name)
    viewer.require_post(CLAIM, viewer.state)
    entered = typed_again(viewer)
    day = _day(viewer, entered, "claim_on", required=True)
    reason = _reason(viewer, entered, "claim_reason")
    acts, files = _evidence(viewer, entered, "claim")
    if not acts and not files and not entered.errors:
        entered.errors["claim_files"] = _("Send a file that shows it, or name an act.")
    return _done(
        *(request, viewer, name, "claim", entered),
        lambda: claim_fulfilled(
            viewer.whole,
            viewer.actor(),
            name,
            on=day or viewer.today,
            reason=reason,
            evidence=acts,
            files=tuple(files),
        ),
    )


@post(BOARD + "/{name:str}/approvals", status_code=200, sync_to_thread=True, opt=READING)
def approve_claim(
    request: AnyRequest, viewer: Asking, name: FromPath[str]
) -> Response[Any] | Redirect:
    """Approve the claim of somebody else: the commitment is fulfilled."""
    standing = require_commitment(viewer, name)
    viewer.require_post(STEP, viewer.state)
    entered = typed_again(viewer)
    day = _day(viewer, entered, "approve_on", required=True)
    reason = _reason(viewer, entered, "approve_reason")
    claim = whole_number(viewer.field("claim"))
    if claim is None:
        entered.errors[""] = _("The form names no claim; load the page again.")
    wanted = StepWanted(name, FULFILLED, day or viewer.today, reason, claim_act=claim)
    seen = viewer.field("seen") or standing.state
    return _done(
        *(request, viewer, name, "approve", entered),
        lambda: take_step(viewer.whole, viewer.actor(), wanted, seen=seen),
    )


@post(BOARD + "/{name:str}/refusals", status_code=200, sync_to_thread=True, opt=READING)
def refuse_claim(
    request: AnyRequest, viewer: Asking, name: FromPath[str]
) -> Response[Any] | Redirect:
    """Turn down a claim, or take back one's own: the commitment stays as it is."""
    require_commitment(viewer, name)
    viewer.require_post(STEP, viewer.state)
    entered = typed_again(viewer)
    reason = _reason(viewer, entered, "refuse_reason")
    claim = whole_number(viewer.field("claim")) or 0
    return _done(
        *(request, viewer, name, "refuse", entered),
        lambda: turn_down(
            *(viewer.whole, viewer.actor(), name, claim), on=viewer.today, reason=reason
        ),
    )


@post(BOARD + "/{name:str}/care", status_code=200, sync_to_thread=True, opt=READING)
def care_for(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any] | Redirect:
    """Record who looks after a commitment, and what comes next."""
    standing = require_commitment(viewer, name)
    viewer.require_post(CARE, viewer.state)
    entered = typed_again(viewer)
    texts = {n: viewer.field(n)[:MOST_TEXT] or None for n in ("owner", "deputy", "next_action")}
    risk = viewer.field("risk")[:MOST_TEXT] or None
    next_on, due_on, review_on = (
        _day(viewer, entered, n, required=False) for n in ("next_on", "due_on", "review_on")
    )
    said = Care(**texts, next_on=next_on, due_on=due_on, review_on=review_on, risk=risk)
    if not entered.errors and _is_known(said, standing):
        entered.errors[""] = _("This stands in the record already; nothing was recorded.")
    return _done(
        *(request, viewer, name, "care", entered),
        lambda: take_care(viewer.whole, viewer.actor(), name, said),
    )


def _is_known(said: Care, standing: StandingCommitment) -> bool:
    """Return whether nothing is said that is not known."""
    days = ("next_on", "due_on", "review_on")
    for name in ("owner", "deputy", "next_action", "risk", *days):
        value = getattr(said, name)
        number = date_number(value) if name in days and value is not None else value
        if number is not None and number != standing.care.get(name):
            return False
    return True


# --- a register ------------------------------------------------------------------------------


@get(IMPORT, sync_to_thread=True, opt=READING)
def import_form(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Ask for a register, and for the texts of the documents that it quotes."""
    viewer.require_post(RECORDING, viewer.state)
    return _import_page(request)


@post(IMPORT, status_code=200, sync_to_thread=True, opt=READING)
def import_register(request: AnyRequest, viewer: Asking) -> Response[Any] | Redirect:
    """Check a register and say all that is found; record it when asked a second time."""
    viewer.require_post(RECORDING, viewer.state)
    recording = viewer.field("do") == "record"
    try:
        name, content, texts = _checked_before(viewer) if recording else _sent_now(viewer)
    except UsageError as error:
        return _import_page(request, errors={"file": in_words(error)}, status=422)
    if not recording:
        return _check_page(request, name, content, texts)
    digest = hashlib.sha256(content).hexdigest()
    asked = {"name": name, "digest": digest, "texts": repr(sorted(t.digest for t in texts))}

    def do() -> Answer:
        done = record_register(viewer.whole, viewer.actor(), content, name, texts)
        told = f"unchanged={done.unchanged}" if done.act is None else f"done={done.act.act_id}"
        return Answer(303, f"{REGISTER}?{told}")

    try:
        answer = once(viewer, viewer.field("_form_id"), asked, do)
    except RefusedError:
        return _check_page(request, name, content, texts)
    return Redirect(answer.location or REGISTER, status_code=303)


def _sent_now(viewer: Viewer) -> tuple[str, bytes, list[SourceText]]:
    """Return the register that was sent, or the one that keiryo brings along, and the texts.

    Raises
    ------
    UsageError
        If there is none, or something is no text.
    """
    texts = [_source_text(name, content) for name, content in _uploads(viewer, "texts")]
    if viewer.field("which") == "shipped":
        return SHIPPED_NAME, shipped_register(), texts
    sent = _uploads(viewer, "file")
    if not sent:
        raise UsageError(_("no file was chosen"), _("Choose a register, or the shipped one."))
    name, content = sent[0]
    _require_size([content, *(text.text.encode() for text in texts)])
    return name, content, texts


def _checked_before(viewer: Viewer) -> tuple[str, bytes, list[SourceText]]:
    """Return the register and the texts that were checked, as the form carries them.

    Raises
    ------
    UsageError
        If the form does not carry them.
    """
    form = viewer.form
    packed = [] if form is None else [*form.getall("packed", []), *form.getall("text", [])]
    names = [] if form is None else [*form.getall("packed_name", []), *form.getall("text_name", [])]
    try:
        found = [
            (str(name)[:200], base64.b64decode(str(one), validate=True))
            for name, one in zip(names, packed, strict=True)
        ]
    except (binascii.Error, ValueError):
        found = []
    if not found:
        raise UsageError(_("the form carries no register"), _("Send the file again."))
    _require_size([content for _name, content in found])
    name, content = found[0]
    return name, content, [_source_text(one, text) for one, text in found[1:]]


def _require_size(contents: Sequence[bytes]) -> None:
    if sum(map(len, contents)) > MOST_BYTES:
        raise UsageError(
            _("this is more than %(most)s MiB", most=MOST_BYTES >> 20),
            _("Import it by command: keiryo cooperation import."),
        )


def _source_text(name: str, content: bytes) -> SourceText:
    try:
        return SourceText(name, content.decode("utf-8"))
    except UnicodeDecodeError:
        raise UsageError(
            _("%(name)s is no text in UTF-8", name=name), _("Save it as plain text.")
        ) from None


def _check_page(
    request: AnyRequest, name: str, content: bytes, texts: Sequence[SourceText]
) -> Response[Any]:
    """Show what a check found; and the button that records, where nothing stands against it."""
    file, findings, quotations = check_register(content, name, {one.name: one for one in texts})
    refused = file is None or any(one.severity in _REFUSING for one in findings)
    packed = [
        {"name": one.name, "content": base64.b64encode(one.text.encode()).decode()} for one in texts
    ]
    return _import_page(
        request,
        checked={
            "name": name,
            "refused": refused,
            "quotations": quotations,
            "objects": 0 if file is None else sum(map(len, file.lists.values())),
            "findings": [plain_finding(one) for one in findings],
            "content": base64.b64encode(content).decode(),
            "texts": packed,
        },
        status=422 if refused else 200,
    )


def _import_page(
    request: AnyRequest,
    *,
    checked: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response[Any]:
    return render(
        request,
        "cooperation/import.html",
        http_status=status,
        checked=checked,
        errors=errors or {},
        crumbs=[(_("Register of cooperation"), REGISTER), (_("Import"), None)],
    )
