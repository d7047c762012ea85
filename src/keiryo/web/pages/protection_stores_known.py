"""What the pages of a sealed store have in common: who has it open, until when, and its parts."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from litestar import Response
from litestar.response import Redirect

from keiryo.dates import parse_date
from keiryo.errors import NotFoundError, UsageError
from keiryo.web.pages.protection_stores_words import STANDINGS
from keiryo.web.rendering import render
from keiryo.web.saved_forms import NEVER_KEPT
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text
from keiryo.web.viewer import AnyRequest, Viewer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keiryo.security_store.opened import Opened
    from keiryo.security_store.store import Store
    from keiryo.web.open_stores import Opening

HOME = NEVER_KEPT
CLOSED = f"{HOME}/closed"
HIDDEN = {"hidden": True}
"""For programs with a token none of these pages exists."""


@dataclass(frozen=True, slots=True)
class Held:
    """A store that the viewer has open."""

    store: Store
    opening: Opening

    @property
    def opened(self) -> Opened:
        """What its member may do."""
        return self.opening.opened

    @property
    def person(self) -> str:
        """The member."""
        return self.opened.person

    @property
    def roles(self) -> frozenset[str]:
        """The roles that the member has now."""
        return self.store.state().roles(self.person)

    @property
    def reads(self) -> frozenset[str]:
        """The compartments that the member may read."""
        from keiryo.security_store import roles

        return roles.reads(self.roles)

    @property
    def writes(self) -> frozenset[str]:
        """The kinds of records that the member may make."""
        from keiryo.security_store import roles

        return roles.writes(self.roles)

    @property
    def acts(self) -> frozenset[str]:
        """What else the member may do."""
        from keiryo.security_store import roles

        return roles.acts(self.roles)

    @property
    def address(self) -> str:
        """The page of its records."""
        return store_address(self.store.id)


def store_address(name: str) -> str:
    """Return the page of a store; its name is a random number."""
    return f"{HOME}/{name}"


def require_on(viewer: Viewer) -> None:
    """Refuse as a page that does not exist where stores are off, or to who is in none.

    Raises
    ------
    NotFoundError
    """
    if not is_member(viewer):
        raise NotFoundError("there is no such page", "The menu leads to all pages.")


def is_member(viewer: Viewer) -> bool:
    """Return whether the viewer is a member of any store; only in a browser."""
    stores = viewer.server.stores
    return viewer.session is not None and stores.on and bool(stores.of(viewer.person.person))


def held(viewer: Viewer, name: str) -> Held | Response[Any]:
    """Return a store that the viewer has open, or the way to the page that says it is closed.

    Raises
    ------
    NotFoundError
        If the viewer is no member of such a store.
    """
    require_on(viewer)
    stores, person = viewer.server.stores, viewer.person.person
    store = stores.store(person, name)
    assert viewer.session is not None
    opening = stores.opening(viewer.session.session_id, person, name)
    if opening is None:
        return Redirect(CLOSED, status_code=303)
    return Held(store, opening)


def tabs(mine: Held, part: str) -> list[tuple[str, str, bool, int | None]]:
    """Return the parts of a store that the member has; `part` is the one that is shown."""
    state, here = mine.store.state(), mine.address
    waiting = sum(one.state == "open" for one in list(state.requests.values()))
    proposed = sum(one.state == "open" for one in list(state.proposals.values()))
    found: list[tuple[str, str, bool, int | None]] = []
    if mine.reads:
        found.append((_("Records"), here, part == "records", None))
    if "access" in mine.reads:
        path = f"{here}/irregularities"
        found.append((_("Irregularities"), path, part == "irregularities", None))
    if mine.acts & {"ask_release", "release"}:
        found.append((_("Releases"), f"{here}/releases", part == "releases", waiting))
    found.append((_("Members"), f"{here}/members", part == "members", proposed))
    if "audit" in mine.acts:
        found.append((_("Trail"), f"{here}/trail", part == "trail", None))
    return found


def shown(
    request: AnyRequest, mine: Held, template: str, part: str, **context: Any
) -> Response[Any]:
    """Return a page of an opened store; it leads away from itself when the store closes."""
    left = (mine.opening.until - mine.opened.store.clock()).total_seconds()
    crumbs: list[tuple[str, str | None]] = [(_("Sealed stores"), HOME)]
    crumbs.append((mine.store.facility, mine.address))
    title = context.pop("crumb", None)
    if title is not None:
        crumbs.append((title, None))
    state = request.scope["state"]
    made = request.query_params.get("done", "")
    if made in done_words() and request.method == "GET":
        state["notices"] = [("done", done_words()[made])]
    answer = render(
        request,
        f"protection_stores/{template}.html",
        here=mine.address,
        closes_in_s=max(int(left), 0) + 1,
        closed=CLOSED,
        until=instant_text(mine.opening.until),
        store_name=mine.store.id,
        facility=mine.store.facility,
        store_tabs=tabs(mine, part),
        crumbs=crumbs,
        **context,
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def done_words() -> dict[str, str]:
    """Return what is said after something was done."""
    return {
        "put": _("The record is sealed."),
        "evaluated": _("The evaluation is kept; show it to see what follows."),
        "decided": _("The decision is kept."),
        "reviewed": _("The review is kept."),
        "checked": _("Access was reviewed; the result is kept."),
        "step": _("The step is kept."),
        "asked": _("The request waits for another member."),
        "answered": _("The request is answered."),
        "proposed": _("The proposal is recorded."),
        "confirmed": _("The change is made."),
        "refused": _("The proposal is refused."),
    }


def done_once(viewer: Viewer, mine: Held, path: str, do: Any) -> Response[Any]:
    """Do what a form asks for, once however often it is sent, and lead on."""

    def run() -> str:
        do()
        return path

    return Redirect(mine.opening.once(viewer.field("_form_id"), run), status_code=303)


def badge(words: Mapping[str, tuple[str, str]], name: str) -> dict[str, str]:
    """Return a state as a word with its kind of badge."""
    text, kind = words.get(name, (name, "plain"))
    return {"text": _(text), "badge": kind}


def state_badge(name: str) -> dict[str, str]:
    """Return a state of what is asked, proposed or resolved."""
    return badge(STANDINGS, name)


def day_field(viewer: Viewer, name: str) -> datetime.date:
    """Return a day of a form; without one, today.

    Raises
    ------
    UsageError
    """
    text = viewer.field(name)
    if not text:
        return viewer.today
    try:
        return parse_date(text)
    except ValueError:
        raise UsageError(
            "the day cannot be read", "Give it as year, month and day: 2026-01-31."
        ) from None
