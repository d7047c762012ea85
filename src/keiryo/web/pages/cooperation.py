"""Cooperation: what was promised and when it is due, agreements on a time line, the register.

Everything is read through the books as the viewer sees them, and read anew only when something
about cooperation was posted.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.response import Stream

from keiryo.cooperation.commitments import StandingCommitment
from keiryo.cooperation.recording import RECORDING
from keiryo.cooperation.register import Register, RegisterObject
from keiryo.cooperation.tables import COMMITMENT, INSTRUMENT, NAMED_BY
from keiryo.people.accounts import names_of
from keiryo.web.listing import ListColumn, Row, RowList, shown_list
from keiryo.web.pages.boards import asked_flag, writing
from keiryo.web.pages.cooperation_forms import (
    approve_claim,
    care_for,
    claim_it,
    import_form,
    import_register,
    refuse_claim,
    step_on,
)
from keiryo.web.pages.cooperation_known import (
    AGREEMENTS,
    BOARD,
    CAPABILITY,
    READING,
    REGISTER,
    Known,
    address,
    done_act,
    known,
    linked,
    state_badge,
)
from keiryo.web.pages.cooperation_objects import agreement_page, commitment_page, object_page
from keiryo.web.pages.cooperation_words import (
    BASIS_WORDS,
    KIND_WORDS,
    STATE_WORDS,
    STRENGTH_WORDS,
    date_bounds,
    date_shown,
    plain_words,
    what_words,
)
from keiryo.web.pictures.agreements_line import (
    Agreement,
    AgreementDate,
    AgreementLabels,
    agreements_line,
)
from keiryo.web.rendering import render
from keiryo.web.sections import Hit, MenuEntry, OverviewPart, Section, reads
from keiryo.web.speaking import day_text, ngettext, number_text, said
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Asking, Viewer

AHEAD_DAYS = 30
SHOWN_ON_OVERVIEW = 8
OVERDUE, SOON, LATER, REVIEW, OVER = (
    sentence("overdue"),
    sentence("due soon"),
    sentence("due later"),
    sentence("review"),
    sentence("finished"),
)
WHEN_BADGES = {OVERDUE: "error", SOON: "warning", LATER: "open", REVIEW: "plain", OVER: "plain"}
"""When a commitment is due, in the order of the board."""


# --- commitments -----------------------------------------------------------------------------


def _commitment_href(row: Row) -> str:
    return address(row["commitment"], COMMITMENT.name)


COLUMNS = (
    ListColumn("when", sentence("Urgency"), choices=tuple(WHEN_BADGES)),
    ListColumn("due", sentence("Due"), "date"),
    ListColumn("commitment", sentence("Name"), "code", href=_commitment_href),
    ListColumn("action", sentence("What, with the verb as written")),
    ListColumn("strength", sentence("Strength"), choices=tuple(STRENGTH_WORDS.values())),
    ListColumn("state", sentence("State"), choices=STATE_WORDS),
    ListColumn("actor", sentence("Whose")),
    ListColumn("under", sentence("Under")),
    ListColumn("owner", sentence("Looked after by")),
    ListColumn("verb", sentence("Verb as written"), hidden=True),
    ListColumn("next_action", sentence("What is done next"), hidden=True),
    ListColumn("next_on", sentence("By when"), "date", hidden=True),
    ListColumn("condition", sentence("Condition"), hidden=True),
    ListColumn("area", sentence("Area of cooperation"), hidden=True),
    ListColumn("kind", sentence("Kind"), hidden=True),
)


def when_due(one: StandingCommitment, on: datetime.date) -> str:
    """Return when a commitment is due, as the board says it."""
    if one.due is None:
        return OVER
    if one.due.review:
        return REVIEW
    if one.overdue(on):
        return OVERDUE
    return SOON if (one.due.day - on).days <= AHEAD_DAYS else LATER


def ordered(found: Known, on: datetime.date) -> list[StandingCommitment]:
    """Return the commitments in the order of the board: what is due first, then what is over."""
    order = {when: place for place, when in enumerate(WHEN_BADGES)}
    never = datetime.date.max

    def key(one: StandingCommitment) -> tuple[int, datetime.date]:
        return order[when_due(one, on)], never if one.due is None else one.due.day

    return sorted(found.standing.values(), key=key)


def is_own(viewer: Viewer, one: StandingCommitment) -> bool:
    """Return whether the viewer looks after a commitment, by pseudonym or by role."""
    mine = {viewer.person.person, *viewer.roles}
    return bool(mine & {one.care.get("owner"), one.care.get("deputy")})


@get(BOARD, sync_to_thread=True, opt=READING)
def board_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show commitments as they stand, what is due first."""
    found, on = known(viewer), viewer.today
    own = asked_flag(request, "own")
    every = ordered(found, on)
    chosen = [one for one in every if not own or is_own(viewer, one)]
    called = names_of(viewer.whole, {str(one.care["owner"]) for one in every if _owned(one)})
    rows = [_commitment_row(one, on, called) for one in chosen]
    table = shown_list(request, RowList(rows, COLUMNS), "commitments")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["when"] = {"text": _(row["when"]), "badge": WHEN_BADGES[row["when"]]}
        cells["state"] = state_badge(row["state"])
        cells["strength"] = _(row["strength"])
        if row["under"] in found.register.objects:
            to = linked(found.register, row["under"])
            cells["under"] = {"text": row["under"], "href": to["href"], "hint": to["title"]}
        cells["verb"] = row["verb"]
        cells["owner"] = said(row["owner"]) if row["owner"] else None
        cells["_kind"] = "error" if row["when"] == OVERDUE else None
    counts = [sum(when_due(one, on) == when for one in chosen) for when in WHEN_BADGES]
    return render(
        request,
        "cooperation/commitments.html",
        listed=table,
        own=own,
        own_count=sum(is_own(viewer, one) for one in every),
        unowned=sum(one.is_open and not _owned(one) for one in every),
        total=len(every),
        counts=[
            {
                "text": _(when),
                "badge": badge,
                "count": count,
                "href": f"{BOARD}?{urlencode({'when': when, **({'own': '1'} if own else {})})}",
            }
            for (when, badge), count in zip(WHEN_BADGES.items(), counts, strict=True)
            if count
        ],
        may_import=may_import(viewer),
        crumbs=[(_("Commitments"), None)],
    )


def may_import(viewer: Viewer) -> bool:
    """Return whether the viewer may record a register."""
    return viewer.may_post(RECORDING, viewer.state)


def _owned(one: StandingCommitment) -> bool:
    return bool(one.care.get("owner"))


def _commitment_row(
    one: StandingCommitment, on: datetime.date, called: dict[str, str]
) -> dict[str, Any]:
    values, owner = one.register.values, one.care.get("owner")
    return {
        "when": when_due(one, on),
        "due": None if one.due is None else one.due.day,
        "commitment": one.name,
        "state": plain_words(one.state),
        "strength": STRENGTH_WORDS[int(values["strength"])],
        "actor": values["actors"],
        "verb": values["modality"],
        "action": values["action"],
        "under": values["under"],
        "owner": called.get(str(owner), owner) if owner else None,
        "next_action": one.care.get("next_action"),
        "next_on": one.care.get("next_on"),
        "condition": values["condition"],
        "area": values["area"],
        "kind": values["kind"],
    }


# --- agreements ------------------------------------------------------------------------------

AGREEMENT_COLUMNS = (
    ListColumn("first", sentence("Date"), "date"),
    ListColumn("what", sentence("What happened")),
    ListColumn("basis", sentence("Rests on"), choices=tuple(BASIS_WORDS.values())),
    ListColumn(
        "title", sentence("Title"), href=lambda row: address(row["instrument"], INSTRUMENT.name)
    ),
    ListColumn("kind", sentence("Kind")),
    ListColumn("parties", sentence("Parties")),
    ListColumn("intended", sentence("Pursued by, not bound yet")),
    ListColumn("commitments", sentence("Commitments"), "number", filterable=False),
    ListColumn("instrument", sentence("Name"), "code", hidden=True),
    ListColumn("status", sentence("Status in the document's words"), hidden=True),
)


@get(AGREEMENTS, sync_to_thread=True, opt=READING)
def agreements_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show the agreements on a time line and as a list; those without a date apart."""
    found = known(viewer)
    every = list(found.register.of_kind(INSTRUMENT.name))
    rows = sorted(
        (_agreement_row(found.register, one) for one in every),
        key=lambda row: (row["first"] is None, row["first"] or datetime.date.max),
    )
    table = shown_list(request, RowList(rows, AGREEMENT_COLUMNS), "agreements")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["first"], cells["kind"] = row["date_words"], _(row["kind"])
        cells["what"] = what_words(row["what"]) if row["what"] else None
        cells["basis"] = _(row["basis"]) if row["basis"] else None
    drawn = [made for one in every if (made := _agreement(one)) is not None]
    dated = {one.name for one in drawn}
    return render(
        request,
        "cooperation/agreements.html",
        listed=table,
        picture=_picture(drawn, viewer.today) if drawn else "",
        undated=[_undated(found.register, one) for one in every if one.name not in dated],
        total=len(every),
        may_import=may_import(viewer),
        crumbs=[(_("Agreements"), None)],
    )


def _agreement_row(register: Register, one: RegisterObject) -> dict[str, Any]:
    values = one.values
    bounded = [(bounds[0], row) for row in one.dates if (bounds := date_bounds(row)) is not None]
    first, row = min(bounded, key=lambda pair: pair[0], default=(None, None))
    below = register.under(one.name)
    return {
        "instrument": one.name,
        "first": first,
        "date_words": None if row is None else date_shown(row),
        "what": None if row is None else str(row["what"]),
        "basis": None if row is None else BASIS_WORDS[str(row["basis"])],
        "title": one.title,
        "kind": plain_words(str(values["kind"])),
        "parties": values["parties"],
        "intended": values["intended_parties"],
        "commitments": sum(other.kind == "commitment" for other in below),
        "status": values["status_words"],
    }


def _agreement(one: RegisterObject) -> Agreement | None:
    """Return an agreement as the time line shows it; None if no date of it is bounded."""
    dates = []
    for row in one.dates:
        bounds = date_bounds(row)
        if bounds is not None:
            party = f", {row['party']}" if row["party"] else ""
            bounded_only = not row["value"] and row["words"]
            when = f"“{row['words']}”" if bounded_only else date_shown(row)
            label = f"{what_words(str(row['what']))} {when}{party}"
            dates.append(AgreementDate(str(row["what"]), label, *bounds, str(row["basis"])))
    dates.sort(key=lambda date: (date.earliest, date.latest))
    return Agreement(one.name, one.title, tuple(dates)) if dates else None


def _picture(drawn: Sequence[Agreement], today: datetime.date) -> str:
    labels = AgreementLabels(
        title=_("Agreements on a time line"),
        description=_("{count} agreements from {first} to {last}; dates: {counts}."),
        nothing=_("No agreement has a date."),
        today=_("today"),
        more=_("and {count} more agreements"),
        bases=lambda basis: _(BASIS_WORDS.get(basis, basis)),
    )
    return agreements_line(
        drawn,
        today,
        href=lambda one: address(one.name, INSTRUMENT.name),
        labels=labels,
        writing=writing(),
    )


def _undated(register: Register, one: RegisterObject) -> dict[str, Any]:
    return {
        **linked(register, one.name),
        "title": one.title,
        "kind": _(plain_words(str(one.values["kind"]))),
        "parties": one.names("parties"),
        "intended": one.names("intended_parties"),
        "status": one.values["status_words"],
    }


# --- the register ----------------------------------------------------------------------------

REGISTER_COLUMNS = (
    ListColumn("kind", sentence("Kind"), choices=tuple(KIND_WORDS.values())),
    ListColumn(
        "name", sentence("Name"), "code", href=lambda row: address(row["name"], row["line_kind"])
    ),
    ListColumn("title", sentence("Title")),
    ListColumn("quotations", sentence("Quotations"), "number", filterable=False),
    ListColumn("compared", sentence("Compared with the text"), "number", filterable=False),
    ListColumn("act", sentence("Act"), "act"),
)


@get(REGISTER, sync_to_thread=True, opt=READING)
def register_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show all objects of the register, with how many words of documents each rests on."""
    found = known(viewer)
    rows = [
        {
            "kind": KIND_WORDS[one.kind],
            "line_kind": one.kind,
            "name": one.name,
            "title": one.title,
            "quotations": len(one.quotations),
            "compared": sum(int(row["compared"] or 0) for row in one.quotations),
            "act": one.values["act_id"],
        }
        for one in found.register.of_kind(*NAMED_BY)
    ]
    table = shown_list(request, RowList(rows, REGISTER_COLUMNS), "register")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["kind"] = _(row["kind"])
    return render(
        request,
        "cooperation/register.html",
        listed=table,
        quotations=sum(int(row["quotations"]) for row in rows),
        compared=sum(int(row["compared"]) for row in rows),
        total=len(rows),
        done=done_act(request),
        unchanged=whole_number(request.query_params.get("unchanged", "")),
        may_import=may_import(viewer),
        crumbs=[(_("Register of cooperation"), None)],
    )


# --- overview and search ---------------------------------------------------------------------


def overview_part(viewer: Viewer) -> dict[str, Any] | None:
    """Return what is overdue and due in the next days, the viewer's own first."""
    found, on = known(viewer), viewer.today
    if not found.standing:
        return None
    near = [one for one in ordered(found, on) if when_due(one, on) in (OVERDUE, SOON)]
    near.sort(key=lambda one: not is_own(viewer, one))
    return {
        "ahead_days": AHEAD_DAYS,
        "near_count": len(near),
        "own_count": sum(is_own(viewer, one) for one in near),
        "near": [
            {
                "badge": WHEN_BADGES[when_due(one, on)],
                "when": _(when_due(one, on)),
                "own": is_own(viewer, one),
                "name": one.name,
                "href": address(one.name, COMMITMENT.name),
                "action": one.register.title,
                "day": "" if one.due is None else day_text(one.due.day),
                "left": "" if one.due is None else _left((one.due.day - on).days),
            }
            for one in near[:SHOWN_ON_OVERVIEW]
        ],
    }


def _left(days: int) -> str:
    if days == 0:
        return _("today")
    if days < 0:
        return ngettext(
            "%(number)s day ago", "%(number)s days ago", -days, number=number_text(-days)
        )
    return ngettext("in %(number)s day", "in %(number)s days", days, number=number_text(days))


def find_cooperation(viewer: Viewer, words: str, most: int) -> Iterator[Hit]:
    """Yield objects of the register by name, title, action or another name."""
    if not viewer.reads(CAPABILITY):
        return
    wanted, count = words.casefold(), 0
    every = known(viewer).register.objects.values()
    for one in sorted(every, key=lambda one: wanted not in one.name.casefold()):
        text = f"{one.name}\n{one.title}\n{one.values.get('aliases') or ''}".casefold()
        if count < most and wanted in text:
            count += 1
            kind = KIND_WORDS[one.kind]
            yield Hit(kind, one.name, address(one.name, one.kind), one.title)


GROUP = sentence("Cooperation")

SECTION = Section(
    "cooperation",
    handlers=(
        *(board_page, agreements_page, register_page),
        *(commitment_page, agreement_page, object_page),
        *(step_on, claim_it, approve_claim, refuse_claim, care_for, import_form, import_register),
    ),
    menu=(
        MenuEntry(sentence("Commitments"), BOARD, GROUP, 10, reads(CAPABILITY), key="k"),
        MenuEntry(sentence("Agreements"), AGREEMENTS, GROUP, 20, reads(CAPABILITY)),
        MenuEntry(sentence("Register of cooperation"), REGISTER, GROUP, 90, reads(CAPABILITY)),
    ),
    overview=(
        OverviewPart(
            "commitments",
            sentence("Commitments"),
            25,
            reads(CAPABILITY),
            overview_part,
            "cooperation/overview.html",
        ),
    ),
    search=(find_cooperation,),
)
