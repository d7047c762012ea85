"""What is done on the page of a seal: checks, detachment, found broken or missing, compromises.

A report that does not fit what is known is refused, and comes back with its findings; the page says
in which act it is kept, for what somebody saw in the field is never thrown away.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from litestar import Response, post
from litestar.params import FromPath
from litestar.response import Redirect

from keiryo.dates import utc_text
from keiryo.journal.model import Posted
from keiryo.seals.compromise import report_compromise
from keiryo.seals.events import SealEvent
from keiryo.seals.recording import SealReport, record
from keiryo.seals.standing import Standing
from keiryo.seals.tables import COMPONENT_FINDINGS, SEAL_EVENT, SEAL_REPORT
from keiryo.web.pages.boards import Entered
from keiryo.web.pages.seals_asked import AskedForm, File, acts_with, asked_form
from keiryo.web.pages.seals_known import HOME, READING, require_seal, scope_of, seal_address
from keiryo.web.pages.seals_shown import show_seal
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import AnyRequest, Asking, Viewer

ONE = HOME + "/{issuer:str}/{seal:str}"
FOUND = ("broken", "missing")
PLACES = {"SEAL-FUTURE": "at", "SEAL-ORDER": "at", "SEAL-TWO-PERSONS": "second"}
"""At which field a finding is shown."""


def _asked(request: AnyRequest, viewer: Viewer, one: Standing, which: str) -> AskedForm:
    key = one.key

    def show(entered: Entered, form: str) -> Response[Any]:
        return show_seal(request, viewer, require_seal(viewer, *key), entered, form)

    def acts_since(head: int) -> list[int]:
        kinds = (SEAL_EVENT, SEAL_REPORT)
        return acts_with(viewer, kinds, head, body=key.body, number=key.number)

    here = seal_address(key)
    return asked_form(request, viewer, which, here, show, acts_since, places=PLACES)


def _recording(
    asked: AskedForm, event: SealEvent, photos: tuple[File, ...]
) -> Callable[[], Posted]:
    viewer = asked.viewer
    report = SealReport(event, photos=photos)
    return lambda: record(viewer.whole, viewer.actor(), [report])


@post(ONE + "/checks", status_code=200, sync_to_thread=True, opt=READING)
def check_seal(
    request: AnyRequest, viewer: Asking, issuer: FromPath[str], seal: FromPath[str]
) -> Response[Any] | Redirect:
    """Record that a seal was checked: the number as read, and tag, wire and containment each."""
    one = require_seal(viewer, issuer, seal)
    viewer.require_post("seal.check", scope_of(viewer, one))
    asked = _asked(request, viewer, one, "check")
    choose = _("Say whether it was in order, not in order, or not seen.")
    at, (person, second) = asked.moment(), asked.persons()
    read = asked.text("read", missing=_("Read the number on the seal, and write it as it stands."))
    tag, wire, enclosure = (
        asked.chosen(name, COMPONENT_FINDINGS, choose) for name in ("tag", "wire", "enclosure")
    )
    event = SealEvent(
        *(issuer, seal, "check", utc_text(at), person, second),
        number_read=read,
        tag=tag,
        wire=wire,
        enclosure=enclosure,
        remark=asked.long_text("remark"),
    )
    photos = asked.files()
    return asked.done(_recording(asked, event, photos), photos)


@post(ONE + "/detachments", status_code=200, sync_to_thread=True, opt=READING)
def detach_seal(
    request: AnyRequest, viewer: Asking, issuer: FromPath[str], seal: FromPath[str]
) -> Response[Any] | Redirect:
    """Record that a seal was taken off: by two persons, or by the operator with notice.

    By the operator without notice it is recorded as found broken.
    """
    one = require_seal(viewer, issuer, seal)
    viewer.require_post("seal.detach", scope_of(viewer, one))
    asked = _asked(request, viewer, one, "detach")
    at, (person, second) = asked.moment(), asked.persons()
    operator, notice = asked.value("operator") == "yes", asked.text("notice")
    if operator and not notice:
        viewer.require_post("seal.broken", scope_of(viewer, one))
    event = SealEvent(
        *(issuer, seal, "detach", utc_text(at), person, second),
        by_operator=int(operator),
        notice=notice,
        reason=asked.long_text("reason"),
    )
    photos = asked.files()
    return asked.done(_recording(asked, event, photos), photos)


@post(ONE + "/damages", status_code=200, sync_to_thread=True, opt=READING)
def find_seal_damaged(
    request: AnyRequest, viewer: Asking, issuer: FromPath[str], seal: FromPath[str]
) -> Response[Any] | Redirect:
    """Record that a seal was found broken, or not found where it was attached."""
    one = require_seal(viewer, issuer, seal)
    asked = _asked(request, viewer, one, "found")
    state = asked.chosen("state", FOUND, _("Say whether it was broken or missing."))
    viewer.require_post(f"seal.{state}", scope_of(viewer, one))
    at, (person, second) = asked.moment(), asked.persons()
    reason = asked.long_text("reason", missing=_("Say what happened; it stands in the record."))
    event = SealEvent(*(issuer, seal, state, utc_text(at), person, second), reason=reason)
    photos = asked.files()
    return asked.done(_recording(asked, event, photos), photos)


@post(ONE + "/compromises", status_code=200, sync_to_thread=True, opt=READING)
def report_seal(
    request: AnyRequest, viewer: Asking, issuer: FromPath[str], seal: FromPath[str]
) -> Response[Any] | Redirect:
    """Tell at once that a seal was, or may have to be, compromised."""
    one = require_seal(viewer, issuer, seal)
    viewer.require_post("seal.report", scope_of(viewer, one))
    asked = _asked(request, viewer, one, "report")
    at = asked.moment()
    person = asked.text("person", missing=_("Name who reports it."))
    what = asked.long_text("what", missing=_("Say what happened, or will have to happen."))
    place, photos = asked.text("place"), asked.files()

    def do() -> Posted:
        return report_compromise(
            *(viewer.whole, viewer.actor(), one.key, what or ""),
            at=utc_text(at),
            person=person,
            place=place,
            photos=photos,
        )

    return asked.done(do, photos)
