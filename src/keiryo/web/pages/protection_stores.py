"""Sealed stores: those of the viewer, opened by passphrase for some minutes, and closed again.

Nothing of it exists unless a setting names the folder of the stores, and for nobody but their
members. What is sealed is shown in answers that no cache keeps; no address and no log holds any of
it. The parts of a store that is open have modules of their own.
"""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from keiryo.errors import NotAllowedError
from keiryo.web.answers import in_words
from keiryo.web.confirming import raw_field
from keiryo.web.pages.protection_stores_known import (
    CLOSED,
    HIDDEN,
    HOME,
    is_member,
    require_on,
    store_address,
)
from keiryo.web.pages.protection_stores_words import ROLES
from keiryo.web.rendering import render
from keiryo.web.sections import MenuEntry, Section
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

PASSPHRASE = "store_password"
"""The name of the field: what is called so is kept nowhere when a session has ended meanwhile."""
MOST_PASSPHRASE = 1_000


@get(HOME, sync_to_thread=True, opt=HIDDEN)
def stores_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """List the stores of which the viewer is a member, and open one."""
    require_on(viewer)
    return _shown(request, viewer)


@post(f"{HOME}/open", status_code=200, sync_to_thread=True, opt=HIDDEN)
def open_store(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Open a store with the passphrase of the viewer, in this session."""
    require_on(viewer)
    stores, person, name = viewer.server.stores, viewer.person.person, viewer.field("store")
    stores.store(person, name)
    assert viewer.session is not None
    passphrase = raw_field(viewer, PASSPHRASE)
    if not passphrase or len(passphrase) > MOST_PASSPHRASE:
        return _shown(request, viewer, {PASSPHRASE: _("Give your passphrase of this store.")}, name)
    try:
        stores.open(viewer.session.session_id, person, name, passphrase)
    except NotAllowedError as error:
        said = " ".join(in_words(one) for one in error.findings) or in_words(error)
        return _shown(request, viewer, {PASSPHRASE: said}, name)
    return Redirect(store_address(name), status_code=303)


@post(f"{HOME}/close", status_code=200, sync_to_thread=True, opt=HIDDEN)
def close_store(viewer: Asking) -> Response[Any]:
    """Close a store, or all of this session."""
    require_on(viewer)
    assert viewer.session is not None
    viewer.server.stores.close(viewer.session.session_id, viewer.field("store") or None)
    return Redirect(CLOSED, status_code=303)


@get(CLOSED, sync_to_thread=True, opt=HIDDEN)
def closed_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Say that the store is closed; pages of an open store lead here when its time is over."""
    require_on(viewer)
    viewer.server.stores.sweep()
    crumbs = [(_("Sealed stores"), HOME), (_("Closed"), None)]
    return _not_kept(render(request, "protection_stores/closed.html", home=HOME, crumbs=crumbs))


def _shown(
    request: AnyRequest, viewer: Viewer, errors: dict[str, str] | None = None, chosen: str = ""
) -> Response[Any]:
    assert viewer.session is not None
    person, session = viewer.person.person, viewer.session.session_id
    stores = viewer.server.stores
    rows = []
    for one in stores.of(person):
        opening = stores.opening(session, person, one.id)
        roles = sorted(one.state().roles(person))
        rows.append(
            {
                "id": one.id,
                "facility": one.facility,
                "roles": ", ".join(_(ROLES.get(role, role)) for role in roles),
                "href": store_address(one.id) if opening is not None else None,
                "until": instant_text(opening.until) if opening is not None else None,
            }
        )
    return _not_kept(
        render(
            request,
            "protection_stores/stores.html",
            http_status=422 if errors else 200,
            rows=rows,
            choices=[(row["id"], row["facility"]) for row in rows],
            chosen=chosen,
            home=HOME,
            field=PASSPHRASE,
            errors=errors or {},
            crumbs=[(_("Sealed stores"), None)],
        )
    )


def _not_kept(answer: Response[Any]) -> Response[Any]:
    answer.headers["Cache-Control"] = "no-store"
    return answer


SECTION = Section(
    "protection_stores",
    handlers=(stores_page, open_store, close_store, closed_page),
    menu=(MenuEntry(sentence("Sealed stores"), HOME, sentence("Security"), 20, is_member),),
)
"""What the sealed stores bring to the pages."""
