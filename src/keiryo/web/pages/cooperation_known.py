"""The register of cooperation as a viewer sees it, and where its objects are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from keiryo.cooperation.commitments import StandingCommitment, commitments
from keiryo.cooperation.register import Register, read_recorded
from keiryo.cooperation.tables import COMMITMENT, INSTRUMENT
from keiryo.people.accounts import names_of
from keiryo.people.permissions import people
from keiryo.web.pages.cooperation_words import STATE_BADGES, plain_words
from keiryo.web.speaking import gettext as _
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Viewer

CAPABILITY = "cooperation"
READING = {"reads": CAPABILITY}
BOARD, AGREEMENTS, REGISTER = (
    "/cooperation/commitments",
    "/cooperation/agreements",
    "/cooperation/register",
)
STEP, CLAIM, CARE = "cooperation.step", "cooperation.claim", "cooperation.care"
PLACES = {COMMITMENT.name: BOARD, INSTRUMENT.name: AGREEMENTS}
"""Kinds of objects that have pages of their own."""


@dataclass(frozen=True, slots=True)
class Known:
    """The register and its commitments, as a viewer sees them."""

    register: Register
    standing: Mapping[str, StandingCommitment]


def known(viewer: Viewer) -> Known:
    """Return the register and its commitments; read anew when something about them was posted."""

    def find() -> Known:
        with viewer.books.reading() as connection:
            register = read_recorded(connection, viewer.metadata)
            every = commitments(connection, viewer.metadata, register)
        return Known(register, {one.name: one for one in every})

    last = viewer.server.last_acts.by(CAPABILITY, viewer.head)
    return viewer.server.remembered.get(("cooperation", viewer.sight), last, find)


def address(name: str, kind: str) -> str:
    """Return the page of an object."""
    return f"{PLACES.get(kind, REGISTER)}/{quote(name, safe='')}"


def done_act(request: AnyRequest) -> int:
    """Return the act that was just posted, as the address says; else 0."""
    return whole_number(request.query_params.get("done", "")) or 0


def linked(register: Register, name: str) -> dict[str, Any]:
    """Return a name of the register as a link that says what it stands for."""
    one = register.objects.get(name)
    if one is None:
        return {"text": name, "href": None, "title": ""}
    text = one.title if one.kind in ("office_holder", "cooperation_event") else name
    return {"text": text, "href": address(name, one.kind), "title": one.title}


def carers(viewer: Viewer) -> list[tuple[str, str]]:
    """Return who may look after a commitment: roles that take steps with it, and who holds them."""
    with viewer.whole.reading() as connection:
        every = people(connection, viewer.metadata).values()
    able = [one for one in every if one.may_post(STEP, viewer.state)]
    roles = {grant.role for one in able for grant in one.grants if grant.permits(STEP)}
    called = names_of(viewer.whole, [one.person for one in able])
    named = sorted(called.items(), key=lambda pair: pair[1])
    return [*((role, _(role)) for role in sorted(roles)), *named]


def state_badge(state: str) -> dict[str, str]:
    """Return a state of a commitment as a badge."""
    return {"badge": STATE_BADGES.get(state, "plain"), "text": _(plain_words(state))}
