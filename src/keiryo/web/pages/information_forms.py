"""What is done with information on its pages: recorded, acknowledged, handed out, ended.

Who hands out sees first what may go and what stays with the reason; of what was chosen all goes or
none. The package holds the contents and a manifest; it is made again from the books when asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from keiryo.cooperation.caveats import CAVEATS, blocked
from keiryo.cooperation.exchange_tables import INFORMATION_EVENT
from keiryo.cooperation.information import (
    HandedOut,
    InformationEvent,
    InformationWanted,
    hand_out,
    record_events,
    record_information,
)
from keiryo.cooperation.information_checks import gone
from keiryo.cooperation.information_log import GONE, HAPPENED, read_log
from keiryo.dates import number_date
from keiryo.errors import KeiryoError, NotFoundError
from keiryo.web.listing import download_headers
from keiryo.web.pages.boards import Entered, first_shown, typed_again
from keiryo.web.pages.cooperation_known import READING, known
from keiryo.web.pages.information_shown import (
    EVENT,
    INFORMATION,
    RECORD,
    caveat_badges,
    information_address,
    known_log,
    narrowed,
    newer_acts,
    show_information,
    told_of,
)
from keiryo.web.pages.meetings_asked import (
    day_in,
    done_act,
    evidence_in,
    lines_about,
    lines_in,
    names_in,
    organisations,
    sent_once,
    text_in,
    under_in,
    uploads,
    with_current,
)
from keiryo.web.pages.meetings_words import (
    CAVEAT_WORDS,
    DIRECTIONS,
    DUTY_WORDS,
    ONWARD_WORDS,
    options_of,
)
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import AnyRequest, Asking, Viewer

NEW, HAND_OUT = "/cooperation/record-information", "/cooperation/hand-out-information"
PACKAGES = "/cooperation/information-packages"


# --- recording -------------------------------------------------------------------------------


@get(NEW, sync_to_thread=True, opt=READING)
def record_form(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Ask for information that was given or received."""
    viewer.require_post(RECORD, viewer.state)
    return _record_page(request, viewer, first_shown(viewer, NEW))


@post(NEW, status_code=200, sync_to_thread=True, opt=READING)
def record_new(request: AnyRequest, viewer: Asking) -> Response[Any] | Redirect:
    """Record information that was given or received, with its caveats."""
    viewer.require_post(RECORD, viewer.state)
    entered = typed_again(viewer)
    wanted = _wanted(viewer, entered)

    def do() -> str:
        try:
            name, done = record_information(viewer.whole, viewer.actor(), wanted)
        except KeiryoError as error:
            raise told_of(viewer, error) from error
        seen = name in known_log(viewer).items
        return f"{information_address(name) if seen else INFORMATION}?done={done.act.act_id}"

    return sent_once(viewer, entered, NEW, do, lambda one: _record_page(request, viewer, one))


def _wanted(viewer: Viewer, entered: Entered) -> InformationWanted:
    """Return what a form says of information; what is wrong with it goes into the form."""
    log, files = known_log(viewer), uploads(viewer, "content")
    parts = names_in(viewer, "parts")
    for part in parts:
        if part not in log.items:
            entered.errors["parts"] = _("There is no item %(name)s in the log.", name=part[:60])
    missing = _("Choose who gave it, and who received it.")
    given = {
        name: text_in(viewer, entered, name, missing) or ""
        for name in ("direction", "from_organisation", "to_organisation")
    }
    texts: dict[str, Any] = {
        name: text_in(viewer, entered, name)
        for name in ("from_person", "to_person", "legal_basis", "onward", "retention_duty", "note")
    }
    day = day_in(viewer, entered, "on", required=True)
    return InformationWanted(
        **given,
        **texts,
        on=day or viewer.today,
        medium=text_in(viewer, entered, "medium", _("Say how it was given: letter, mail …")) or "",
        title=text_in(viewer, entered, "title", _("Say what it is.")) or "",
        content=files[0] if files else None,
        keep=not viewer.field("digest_only"),
        digest=text_in(viewer, entered, "digest"),
        caveats=tuple(one for one in CAVEATS if viewer.field(f"caveat_{one}")),
        purposes=lines_in(viewer, "purposes"),
        embargo_until=day_in(viewer, entered, "embargo_until"),
        retention_until=day_in(viewer, entered, "retention_until"),
        country_quantities=bool(viewer.field("country_quantities")),
        parts=parts,
        under=under_in(viewer, entered, known(viewer).register),
    )


def _record_page(request: AnyRequest, viewer: Viewer, entered: Entered) -> Response[Any]:
    register = known(viewer).register
    return render(
        request,
        "information/record.html",
        http_status=entered.status,
        entered=entered,
        here=NEW,
        organisations=with_current(organisations(register), first=_("choose")),
        directions=[("", _("choose")), *options_of(DIRECTIONS)],
        onward=[("", _("as the caveats say")), *options_of(ONWARD_WORDS)],
        duties=[("", _("nothing is agreed")), *options_of(DUTY_WORDS)],
        caveats=options_of(CAVEAT_WORDS),
        crumbs=[(_("Information exchanged"), INFORMATION), (_("Record information"), None)],
    )


# --- what became of it -----------------------------------------------------------------------


@post(INFORMATION + "/{name:str}/events", status_code=200, sync_to_thread=True, opt=READING)
def record_event(
    request: AnyRequest, viewer: Asking, name: FromPath[str]
) -> Response[Any] | Redirect:
    """Record what happened to an item: acknowledged, consented, returned, destroyed."""
    known_log(viewer).get(name)
    viewer.require_post(EVENT, viewer.state)
    entered = typed_again(viewer)
    what = viewer.field("what")
    if what not in HAPPENED or what == "handed_out":
        entered.errors["what"] = _("Choose what happened.")
    event = InformationEvent(
        name,
        what,
        day_in(viewer, entered, "event_on", required=True) or viewer.today,
        organisation=text_in(viewer, entered, "organisation"),
        person=text_in(viewer, entered, "person"),
        consent_of=text_in(viewer, entered, "consent_of"),
        valid_until=day_in(viewer, entered, "valid_until"),
        note=text_in(viewer, entered, "event_note"),
        **evidence_in(viewer, entered, "event"),
    )
    here, which = information_address(name), "end" if what in GONE else "event"

    def do() -> str:
        try:
            done = record_events(viewer.whole, viewer.actor(), [event])
        except KeiryoError as error:
            raise told_of(viewer, error) from error
        return f"{here}?done={done.act.act_id}"

    return sent_once(
        *(viewer, entered, here, do),
        lambda one: show_information(request, viewer, name, one, which),
        newer_acts(viewer, name),
    )


# --- handing out -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Asked:
    """To whom which items would be handed, and for what."""

    to: str
    purpose: str | None
    names: tuple[str, ...]


@get(HAND_OUT, sync_to_thread=True, opt=READING)
def hand_out_form(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Ask to whom information is to be handed; what may go, and what stays with the reason."""
    viewer.require_post(EVENT, viewer.state)
    query = request.query_params
    fields = {n: str(query.get(n, ""))[:400] for n in ("to", "purpose", "items")}
    entered = Entered(
        {**first_shown(viewer, HAND_OUT).fields, **{k: v for k, v in fields.items() if v}}
    )
    return _hand_out_page(request, viewer, entered)


@post(HAND_OUT, status_code=200, sync_to_thread=True, opt=READING)
def hand_it_out(request: AnyRequest, viewer: Asking) -> Response[Any] | Redirect:
    """Look what may go; hand it out when asked a second time, and lead to the package."""
    viewer.require_post(EVENT, viewer.state)
    entered = typed_again(viewer)
    asked = _asked(viewer, entered)
    if entered.refused or viewer.field("do") != "hand out":
        return _hand_out_page(request, viewer, entered, asked)
    if not asked.names:
        entered.errors["items"] = _("Nothing was looked at that may go; look at it again.")
        return _hand_out_page(request, viewer, entered, asked)

    def do() -> str:
        try:
            done = hand_out(
                *(viewer.whole, viewer.actor(), asked.to),
                on=viewer.today,
                purpose=asked.purpose,
                names=asked.names,
            )
        except KeiryoError as error:
            raise told_of(viewer, error) from error
        return f"{HAND_OUT}?done={0 if done.act is None else done.act.act.act_id}"

    return sent_once(
        *(viewer, entered, HAND_OUT, do),
        lambda one: _hand_out_page(request, viewer, one, asked),
    )


@get(PACKAGES + "/{act:int}", sync_to_thread=True, opt=READING)
def package_file(viewer: Asking, act: FromPath[int]) -> Response[bytes]:
    """Hand out again the package that an act recorded: the same bytes, from the same books."""
    viewer.require_post(EVENT, viewer.state)
    made = package_of(viewer, act)
    name = f"information-{made.to}-{made.on.isoformat()}.zip"
    return Response(made.content, media_type="application/zip", headers=download_headers(name))


def package_of(viewer: Viewer, act: int) -> HandedOut:
    """Return what an act handed out, made again from the books.

    Raises
    ------
    NotFoundError
        If the act handed out nothing, or something that the viewer does not see.
    RefusedError
        If a caveat keeps it here by now.
    """
    rows = lines_about(viewer, INFORMATION_EVENT.name, act_id=act, what="handed_out")
    every = lines_about(viewer, INFORMATION_EVENT.name, viewer.whole, act_id=act, what="handed_out")
    if not rows or len(rows) < len(every):
        raise NotFoundError(
            f"act {act} handed out no information that you may see",
            "The page of an item says to whom it was handed, and in which act.",
        )
    first = rows[0]
    try:
        return hand_out(
            *(viewer.whole, viewer.actor(), str(first["organisation"])),
            on=number_date(int(first["on_day"])),
            purpose=first["purpose"],
            names=tuple(str(row["information"]) for row in rows),
            check=True,
        )
    except KeiryoError as error:
        raise told_of(viewer, error) from error


def _asked(viewer: Viewer, entered: Entered) -> _Asked:
    log, names = known_log(viewer), names_in(viewer, "items")
    to = text_in(viewer, entered, "to", _("Choose who would receive it.")) or ""
    if to and to not in log.organisations:
        entered.errors["to"] = _("There is no such organisation in the register.")
    for name in names:
        if name not in log.items:
            entered.errors["items"] = _("There is no item %(name)s in the log.", name=name[:60])
    return _Asked(to, text_in(viewer, entered, "purpose"), names)


def _hand_out_page(
    request: AnyRequest, viewer: Viewer, entered: Entered, asked: _Asked | None = None
) -> Response[Any]:
    """Return the page that says what may go and what stays."""
    looked: dict[str, Any] | None = None
    if asked is not None and not ({"to", "items"} & set(entered.errors)):
        looked = look(viewer, asked.to, asked.purpose, asked.names)
    return render(
        request,
        "information/hand_out.html",
        http_status=entered.status if looked is None or not looked["refused"] else 422,
        entered=entered,
        looked=looked,
        here=HAND_OUT,
        done=done_act(request),
        packages=PACKAGES,
        organisations=with_current(
            organisations(known(viewer).register), entered.value("to"), first=_("choose")
        ),
        crumbs=[(_("Information exchanged"), INFORMATION), (_("Hand out"), None)],
    )


def look(viewer: Viewer, to: str, purpose: str | None, names: tuple[str, ...]) -> dict[str, Any]:
    """Return what would go to somebody and what stays, of what the viewer sees.

    Everything that an item is made of counts, seen or not; of what is not seen nothing is named.

    Raises
    ------
    NotFoundError
        If there is no such organisation, or an item that the viewer does not see is asked for.
    """
    log = known_log(viewer)
    with viewer.whole.reading() as connection:
        whole = read_log(connection, viewer.metadata)
    recipient = whole.hand_out(to, viewer.state, viewer.today, purpose)
    if recipient is None:
        raise NotFoundError(
            f"there is no organisation {to[:60]!r} in the register",
            "'keiryo cooperation register --kind organisations' lists them.",
        )
    asked = [log.get(name) for name in dict.fromkeys(names)]
    going, findings = [], []
    for one in asked or [one for one in log.items.values() if one.gone is None]:
        against = [
            *gone(one),
            *blocked(one.name, whole.handling(one.name, viewer.today), recipient),
        ]
        findings += against
        going += [] if against else [one.name]
    findings = narrowed(viewer, findings)
    refused = bool(names) and bool(findings)
    return {
        "to": to,
        "refused": refused,
        "going": [] if refused else going,
        "shown": [
            {
                "name": name,
                "href": information_address(name),
                "title": log.items[name].values["title"],
                "caveats": caveat_badges(log.handling(name, viewer.today).caveats),
            }
            for name in going
        ],
        "findings": findings,
    }


HANDLERS = (record_form, record_new, record_event, hand_out_form, hand_it_out, package_file)
