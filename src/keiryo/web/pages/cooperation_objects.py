"""Pages of the objects of the register: what each says, when, and the words that it rests on.

One page shows any object: an organisation, an agreement, a programme. Of a commitment the page
also shows its life so far and what it may become, with the forms for whoever may use them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy import select

from keiryo.cooperation.commitments import StandingCommitment
from keiryo.cooperation.life_cycle import AGREED, DORMANT, FULFILLED, STEPS, Step, step_problems
from keiryo.cooperation.register import Register, RegisterObject
from keiryo.cooperation.tables import (
    COMMITMENT,
    COMMITMENT_CLAIM,
    INSTRUMENT,
    NAMED_BY,
    ORGANISATION,
)
from keiryo.dates import number_date
from keiryo.journal.tables import EVIDENCE
from keiryo.people.accounts import names_of
from keiryo.storage.schema import ACT
from keiryo.web.pages.boards import Entered, first_shown
from keiryo.web.pages.cooperation_known import (
    AGREEMENTS,
    BOARD,
    CARE,
    CLAIM,
    PLACES,
    READING,
    REGISTER,
    STEP,
    Known,
    address,
    carers,
    done_act,
    known,
    linked,
    state_badge,
)
from keiryo.web.pages.cooperation_words import (
    BASIS_BADGES,
    BASIS_WORDS,
    FIELD_WORDS,
    KIND_WORDS,
    NAMING_FIELDS,
    PRECISION_WORDS,
    STRENGTH_WORDS,
    date_shown,
    plain_words,
    what_words,
)
from keiryo.web.pages.meetings_links import concerning
from keiryo.web.rendering import render
from keiryo.web.speaking import day_text
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

MOST_NAMING = 300
"""Objects that name another one, shown on its page; the rest stands in the lists."""
_LEFT_OUT = frozenset(
    {"act_id", "line_no", "salt", "scope", "agreement", "caveat", "title", "person", "action"}
    | {"words", "party_basis", "actor_basis", "person_basis"}
)
_BASIS_OF = {"parties": "party_basis", "actors": "actor_basis"}


# --- any object ------------------------------------------------------------------------------


@get(REGISTER + "/{name:str}", sync_to_thread=True, opt=READING)
def object_page(
    request: AnyRequest, viewer: Asking, name: FromPath[str]
) -> Response[Any] | Redirect:
    """Show an object of the register."""
    one = known(viewer).register.get(name)
    if one.kind in PLACES:
        return Redirect(address(one.name, one.kind), status_code=303)
    return _shown(request, viewer, one)


@get(AGREEMENTS + "/{name:str}", sync_to_thread=True, opt=READING)
def agreement_page(
    request: AnyRequest, viewer: Asking, name: FromPath[str]
) -> Response[Any] | Redirect:
    """Show an agreement or another instrument."""
    one = known(viewer).register.get(name)
    if one.kind != INSTRUMENT.name:
        return Redirect(address(one.name, one.kind), status_code=303)
    return _shown(request, viewer, one)


def _shown(request: AnyRequest, viewer: Viewer, one: RegisterObject) -> Response[Any]:
    agreement = one.kind == INSTRUMENT.name
    above = (_("Agreements"), AGREEMENTS) if agreement else (_("Register of cooperation"), REGISTER)
    return render(
        request,
        "cooperation/object.html",
        **object_context(known(viewer), one),
        board=_board(known(viewer), one),
        concerning=concerning(viewer, one.name),
        crumbs=[above, (one.name, None)],
    )


def _board(found: Known, one: RegisterObject) -> str | None:
    """Return where the board shows the commitments of an object; None where it has none."""
    asked = "actor" if one.kind == ORGANISATION.name else "under"
    field = "actors" if one.kind == ORGANISATION.name else "under"
    every = (standing.register for standing in found.standing.values())
    if not any(one.name in other.names(field) for other in every):
        return None
    return f"{BOARD}?{asked}={quote(one.name, safe='')}"


def object_context(found: Known, one: RegisterObject) -> dict[str, Any]:
    """Return what a page shows of an object: fields, dates, words, facts, what names it."""
    naming = list(_naming(found, one.name))
    return {
        "one": one,
        "kind": _(KIND_WORDS[one.kind]),
        "fields": list(_fields(found.register, one)),
        "dates": [_date(found.register, row) for row in one.dates],
        "quotations": [_quotation(found.register, row) for row in one.quotations],
        "external": one.facts,
        "people": [_signatory(found.register, row) for row in one.people],
        "naming": naming[:MOST_NAMING],
        "naming_left": max(len(naming) - MOST_NAMING, 0),
        "act": one.values["act_id"],
        "why": f"/why?of={quote(f'cooperation:{one.name}', safe='')}",
    }


def _fields(register: Register, one: RegisterObject) -> Iterator[dict[str, Any]]:
    """Yield the fields that say something: their words, and what stands there, linked."""
    for field, value in one.values.items():
        if value is None or field in _LEFT_OUT or field == NAMED_BY[one.kind]:
            continue
        basis = one.values.get(_BASIS_OF.get(field, ""))
        parts: list[dict[str, Any]]
        if field in NAMING_FIELDS:
            parts = [linked(register, name) for name in str(value).split()]
        else:
            parts = [{"text": _value(field, value), "href": None, "title": ""}]
        yield {
            "name": field,
            "label": _(FIELD_WORDS.get(field, field)),
            "parts": parts,
            "basis": _basis(str(basis)) if basis else None,
        }


def _value(field: str, value: Any) -> str:
    if field == "strength":
        return _(STRENGTH_WORDS[int(value)])
    if field == "condition_type":
        return _("it sleeps until then") if value == "trigger" else _("it bounds what is done")
    if field in ("kind", "area"):
        return _(plain_words(str(value)))
    if field == "areas":
        return ", ".join(_(plain_words(one)) for one in str(value).split())
    if field in ("held_from", "held_to"):
        return day_text(str(value)) if len(str(value)) == 10 else str(value)
    return str(value)


def _basis(basis: str) -> dict[str, str]:
    return {"badge": BASIS_BADGES.get(basis, "plain"), "text": _(BASIS_WORDS.get(basis, basis))}


def _date(register: Register, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "what": what_words(str(row["what"])),
        "party": linked(register, str(row["party"])) if row["party"] else None,
        "date": date_shown(row),
        "precision": _(PRECISION_WORDS[row["precision"]]),
        "basis": _basis(str(row["basis"])),
        "words": row["words"],
        "note": row["note"],
    }


def _quotation(register: Register, row: Mapping[str, Any]) -> dict[str, Any]:
    source = linked(register, str(row["source"]))
    found = register.objects.get(str(row["source"]))
    title = "" if found is None else found.title
    lines = (row["first_line"], row["last_line"])
    return {
        "words": row["words"],
        "source": source,
        "title": title,
        "paragraph": row["paragraph"],
        "lines": str(lines[0]) if lines[0] == lines[1] else f"{lines[0]}–{lines[1]}",
        "several": lines[0] != lines[1],
        "compared": bool(row["compared"]),
    }


def _signatory(register: Register, row: Mapping[str, Any]) -> dict[str, Any]:
    holder = register.objects.get(str(row["holder"]))
    return {
        "person": linked(register, str(row["holder"])),
        "office": "" if holder is None else holder.values.get("office") or "",
        "part": _("signatory") if row["part"] == "signatory" else _("witness"),
        "party": linked(register, str(row["party"])) if row["party"] else None,
    }


def _naming(found: Known, name: str) -> Iterator[dict[str, Any]]:
    """Yield the objects that name one, and as what; what stands under it first."""
    rows = []
    for place, other in enumerate(found.register.objects.values()):
        for field in NAMING_FIELDS:
            if field != NAMED_BY[other.kind] and name in other.names(field):
                below = field in ("under", "event", "parent", "instrument")
                rows.append((not below, place, other, field))
    for _below, _place, other, field in sorted(rows, key=lambda row: row[:2]):
        standing = found.standing.get(other.name)
        yield {
            "name": other.name,
            "href": address(other.name, other.kind),
            "kind": _(KIND_WORDS[other.kind]),
            "title": other.title,
            "as": _(FIELD_WORDS[field]),
            "state": None if standing is None else state_badge(standing.state),
        }


# --- a commitment ----------------------------------------------------------------------------


@get(BOARD + "/{name:str}", sync_to_thread=True, opt=READING)
def commitment_page(
    request: AnyRequest, viewer: Asking, name: FromPath[str]
) -> Response[Any] | Redirect:
    """Show a commitment: what it says, its life, and what it may become."""
    one = known(viewer).register.get(name)
    if one.kind != COMMITMENT.name:
        return Redirect(address(one.name, one.kind), status_code=303)
    here = address(name, COMMITMENT.name)
    care = known(viewer).standing[name].care
    return show_commitment(request, viewer, name, first_shown(viewer, here, _care_fields(care)))


def _care_fields(care: Mapping[str, Any]) -> dict[str, str]:
    """Return who looks after a commitment, as fields of the form."""
    fields = {n: str(care[n]) for n in ("owner", "deputy", "next_action", "risk") if care.get(n)}
    for name in ("next_on", "due_on", "review_on"):
        if care.get(name):
            fields[name] = number_date(int(care[name])).isoformat()
    return fields


def show_commitment(
    request: AnyRequest, viewer: Viewer, name: str, entered: Entered, which: str = ""
) -> Response[Any]:
    """Return the page of a commitment; with what was typed, where a form comes back.

    Parameters
    ----------
    which : str
        The form that comes back: step, claim, care, approve or refuse.
    """
    found = known(viewer)
    standing = found.standing[name]
    claims = _claims(viewer, standing)
    following = possible_states(standing)
    due = standing.due
    may_step, may_care = viewer.may_post(STEP, viewer.state), viewer.may_post(CARE, viewer.state)
    owners = carers(viewer) if may_care else []
    called = names_of(viewer.whole, [str(standing.care.get(n) or "") for n in ("owner", "deputy")])
    return render(
        request,
        "cooperation/commitment.html",
        http_status=entered.status,
        **object_context(found, standing.register),
        standing=standing,
        state_badge=state_badge(standing.state),
        overdue=standing.overdue(viewer.today),
        due=None if due is None else due.day,
        review=due is not None and due.review,
        care=standing.care,
        called=called,
        life=_life(viewer, standing),
        claims=claims,
        concerning=concerning(viewer, name),
        following=[(one, _(plain_words(one))) for one in following if one != FULFILLED],
        may_become=[(_(plain_words(one)), _(_needed(standing, one))) for one in following],
        may_step=may_step and bool(following),
        may_claim=viewer.may_post(CLAIM, viewer.state) and FULFILLED in following,
        may_care=may_care and standing.is_open,
        own=viewer.person.person,
        owners=[("", _("as it was")), *owners],
        sides=_other_sides(found.register, standing) if _takes_other_side(standing) else [],
        sleeps=standing.state == DORMANT,
        entered=entered,
        which=which,
        done=done_act(request),
        here=address(name, COMMITMENT.name),
        crumbs=[(_("Commitments"), BOARD), (name, None)],
    )


def possible_states(standing: StandingCommitment) -> list[str]:
    """Return what a commitment may become, if all that is asked for is there."""
    values = standing.register.values
    every = (
        Step(standing.state, one, str(values["kind"]), int(values["strength"]), "x", 1, *[True] * 3)
        for one in STEPS.get(standing.state, ())
    )
    return sorted(step.following for step in every if not step_problems(step))


def _takes_other_side(standing: StandingCommitment) -> bool:
    return standing.register.values["kind"] == "offer" and AGREED in STEPS[standing.state]


def _needed(standing: StandingCommitment, state: str) -> str:
    """Return what it takes to become something, in words that are translated where shown."""
    if state == FULFILLED:
        return sentence("takes evidence and a second person")
    if state == AGREED and standing.register.values["kind"] == "offer":
        return sentence("takes an act of the other side")
    if standing.state == DORMANT and state not in ("lapsed", "withdrawn"):
        return sentence("takes that its condition occurred")
    return sentence("takes a reason")


def _other_sides(register: Register, standing: StandingCommitment) -> list[tuple[str, str]]:
    own = standing.register.names("actors")
    return [
        (one.name, f"{one.name}: {one.title}")
        for one in register.of_kind(ORGANISATION.name)
        if one.name not in own
    ]


def _life(viewer: Viewer, standing: StandingCommitment) -> list[dict[str, Any]]:
    """Return the steps of a commitment, the last one first, down to its entry in the register."""
    steps = standing.steps
    who = _who_acted(viewer, {int(one["act_id"]) for one in steps})
    files = _files(viewer, [one["evidence"] for one in steps])
    rows = [
        {
            "day": day_text(number_date(int(one["on_day"]))),
            "state": state_badge(str(one["state"])),
            "reason": one["reason"],
            "side": one["side"],
            "occurred": one["occurred"],
            "claim": one["claim_act"],
            "evidence": files[number],
            "act": one["act_id"],
            "who": who.get(int(one["act_id"]), ""),
        }
        for number, one in enumerate(steps)
    ]
    return rows[::-1]


def _claims(viewer: Viewer, standing: StandingCommitment) -> list[dict[str, Any]]:
    """Return the claims that nobody has answered, where it may still become fulfilled."""
    if FULFILLED not in possible_states(standing):
        return []
    table, acts = viewer.metadata.tables[COMMITMENT_CLAIM.name], viewer.metadata.tables[ACT]
    answered = {one["claim_act"] for one in standing.steps}
    query = (
        select(table, acts.c.person)
        .join(acts, acts.c.act_id == table.c.act_id)
        .where(table.c.commitment == standing.name)
        .order_by(table.c.act_id)
    )
    with viewer.books.reading() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    rows = [row for row in rows if row["act_id"] not in answered]
    called = names_of(viewer.whole, {str(row["person"]) for row in rows})
    files = _files(viewer, [row["evidence"] for row in rows])
    return [
        {
            "act": row["act_id"],
            "day": day_text(number_date(int(row["on_day"]))),
            "on": number_date(int(row["on_day"])).isoformat(),
            "reason": row["reason"],
            "evidence": files[number],
            "person": row["person"],
            "who": called[str(row["person"])],
        }
        for number, row in enumerate(rows)
    ]


def _who_acted(viewer: Viewer, acts: set[int]) -> dict[int, str]:
    table = viewer.metadata.tables[ACT]
    query = select(table.c.act_id, table.c.person).where(table.c.act_id.in_(sorted(acts)))
    with viewer.books.reading() as connection:
        found = {int(act): str(person) for act, person in connection.execute(query)}
    called = names_of(viewer.whole, set(found.values()))
    return {act: called[person] for act, person in found.items()}


def _files(viewer: Viewer, given: list[Any]) -> list[list[tuple[str, str]]]:
    """Return for each text of evidence its names and addresses: files, or acts of the record."""
    told = [str(one or "").split() for one in given]
    digests = sorted({one for some in told for one in some if not one.startswith("act:")})
    table = viewer.metadata.tables[EVIDENCE.name]
    query = select(table.c.digest, table.c.name).where(table.c.digest.in_(digests[:500]))
    with viewer.books.reading() as connection:
        names = {str(digest): str(name) for digest, name in connection.execute(query)}

    def shown(one: str) -> tuple[str, str]:
        kind, _colon, number = one.partition(":")
        if kind == "act":
            return _("act %(number)s", number=number), f"/journal/acts/{quote(number)}"
        return names.get(one, one[:12]), f"/evidence/{quote(one)}"

    return [[shown(one) for one in some] for some in told]
