"""Seals received into stock: many numbers at once, all of them or none."""

from __future__ import annotations

from collections import Counter
from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from keiryo.dates import utc_text
from keiryo.seals.events import SealEvent
from keiryo.seals.numbers import SealKey, is_sound
from keiryo.seals.recording import receive
from keiryo.seals.seal_types import SEAL_TYPES
from keiryo.web.pages.boards import Entered, first_shown
from keiryo.web.pages.equipment_items import moment_context
from keiryo.web.pages.seals_asked import asked_form, kept_refusal
from keiryo.web.pages.seals_fields import Field, Kind, read, shown
from keiryo.web.pages.seals_known import HOME, READING
from keiryo.web.pages.seals_words import TYPE_WORDS
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

RECEIVE_PAGE = f"{HOME}/receive"
RECEIVE = "seal.receive"
MOST_SEALS = 2000
"""Most seals in one act."""

FIELDS = (
    Field(
        "issuer",
        Kind.LINE,
        sentence("Issuing body"),
        sentence("E.g. INT.IAEA, or the country code of the State."),
        missing=sentence("Name who issued the seals."),
    ),
    Field(
        "type",
        Kind.CHOICE,
        sentence("Type"),
        missing=sentence("Choose the type."),
        choices={name: TYPE_WORDS[name] for name in SEAL_TYPES},
    ),
    Field(
        "numbers",
        Kind.LINES,
        sentence("Numbers"),
        sentence("One a line, as printed, with leading zeros."),
        missing=sentence("Write the numbers of the seals."),
    ),
    Field("delivery", Kind.LINE, sentence("Delivery")),
    Field("place", Kind.LINE, sentence("Where they are kept")),
    Field(
        "key_id",
        Kind.LINE,
        sentence("Key with which it signs"),
        sentence("Of an electronic seal: as the register of device keys names it."),
    ),
    Field("soh_interval_s", Kind.NUMBER, sentence("Seconds between its reports of health")),
    Field("battery_limit_mv", Kind.NUMBER, sentence("Voltage to change the battery at, in mV")),
    Field("note", Kind.LINE, sentence("Note")),
    Field("reference", Kind.FILE, sentence("Reference image"), sentence("Of a single seal.")),
)
PLACES = {
    "SEAL-DUPLICATE-NUMBER": "numbers",
    "SEAL-NUMBER": "numbers",
    "SEAL-TYPE": "type",
    "SEAL-FUTURE": "at",
    "SEAL-ORDER": "numbers",
}


@get(RECEIVE_PAGE, sync_to_thread=True, opt=READING)
def receive_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Show the form in which seals come into stock."""
    viewer.require_post(RECEIVE, viewer.state)
    return _show(request, viewer, first_shown(viewer, RECEIVE_PAGE))


def _show(
    request: AnyRequest, viewer: Viewer, entered: Entered, kept: int | None = None
) -> Response[Any]:
    title = _("Receive seals into stock")
    return render(
        request,
        "seals/receive.html",
        http_status=entered.status,
        title=title,
        fields=shown(FIELDS, "receive", entered, sent=viewer.form is not None),
        **moment_context(viewer),
        entered=entered,
        kept=kept,
        here=RECEIVE_PAGE,
        back=HOME,
        crumbs=[(_("Seals"), HOME), (title, None)],
    )


@post(RECEIVE_PAGE, status_code=200, sync_to_thread=True, opt=READING)
def receive_seals(request: AnyRequest, viewer: Asking) -> Response[Any] | Redirect:
    """Bring seals into stock: all that are named, or none."""
    viewer.require_post(RECEIVE, viewer.state)
    keys: list[SealKey] = []

    def show(entered: Entered, _which: str) -> Response[Any]:
        return _show(request, viewer, entered, kept_refusal(viewer, entered, keys))

    def nobody_else(_head: int) -> list[int]:
        return []  # a number that was received in between is refused as one received twice

    asked = asked_form(
        *(request, viewer, "receive", RECEIVE_PAGE, show, nobody_else), then=HOME, places=PLACES
    )
    at = asked.moment()
    person = asked.text("person", missing=_("Name who received them.")) or ""
    told = read(asked, FIELDS)
    issuer = told["issuer"] or ""
    keys += [SealKey(issuer, one) for one in told["numbers"]]
    unsound = [key.number for key in keys if issuer and not is_sound(key)]
    if unsound:
        words = _("These are no numbers of seals: %(told)s.", told=", ".join(unsound[:5]))
        asked.wrong("numbers", words)
    twice = [key.number for key, count in Counter(keys).items() if count > 1]
    if twice:
        asked.wrong("numbers", _("These stand here twice: %(told)s.", told=", ".join(twice[:5])))
    if len(keys) > MOST_SEALS:
        words = _("At most %(most)s at once; send the others apart.", most=MOST_SEALS)
        asked.wrong("numbers", words)
    if told["reference"] is not None and len(keys) > 1:
        asked.wrong("reference", _("An image belongs to one seal: receive that one apart."))
    event = SealEvent(issuer, "", "receive", utc_text(at), person, place=told["place"])
    register: dict[str, Any] = {
        name: told[name] or None
        for name in ("delivery", "key_id", "soh_interval_s", "battery_limit_mv", "note")
    }
    image = told["reference"]
    return asked.done(
        lambda: receive(
            *(viewer.whole, viewer.actor(), keys, told["type"], event),
            reference=image,
            **register,
        ),
        [] if image is None else [image],
    )
