"""Before something that matters: is it still the same person, and is a secret shown only once.

Who gave the password a while ago gives it again before roles are granted, keys are made or the
second factor goes (OWASP Authentication Cheat Sheet, "Require re-authentication for sensitive
features"). What they were about to do waits on the page that asks, and is done then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from litestar import Response

from keiryo.people import sign_in
from keiryo.people.errors import SignInError, TryLaterError
from keiryo.web.addresses import address_of
from keiryo.web.once import Answer, once
from keiryo.web.rendering import render
from keiryo.web.saved_forms import form_path
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import ngettext
from keiryo.web.viewer import AnyRequest, Viewer

CONFIRMED_FOR = timedelta(minutes=10)
PASSWORD_FIELD = "confirm_password"


def is_confirmed(viewer: Viewer) -> bool:
    """Return whether the viewer proved who they are in the last ten minutes."""
    at = None if viewer.session is None else viewer.session.confirmed_at
    return at is not None and viewer.server.now() - at <= CONFIRMED_FOR


def ask_again(request: AnyRequest, viewer: Viewer, what: str) -> Response[Any] | None:
    """Return the page that asks for the password again, or None if that is not needed.

    Parameters
    ----------
    what : str
        What is about to be done, as a sentence in the viewer's language.
    """
    if is_confirmed(viewer):
        return None
    problem, status = None, 200
    password = raw_field(viewer, PASSWORD_FIELD)
    if password:
        problem, status, wait = check_password(request, viewer, password)
        if problem is None:
            return None
    form = viewer.form
    fields = [] if form is None else form.multi_items()
    kept = [
        (name, value)
        for name, value in fields
        if isinstance(value, str) and not name.startswith("_") and name != PASSWORD_FIELD
    ]
    answer = render(
        request,
        "confirm.html",
        http_status=status,
        what=what,
        problem=problem,
        kept=kept,
        form_of="/" if form is None else form_path(request, form),
        has_password=viewer.account.has_password,
        crumbs=[(_("Confirm"), None)],
    )
    if status == 429:
        answer.headers["Retry-After"] = str(wait)
    return answer


def check_password(
    request: AnyRequest, viewer: Viewer, password: str
) -> tuple[str | None, int, int]:
    """Return what is wrong with a password that was given again, the status, seconds to wait."""
    try:
        sign_in.confirm_by_password(
            viewer.whole,
            viewer.token,
            password,
            address=address_of(request),
            now=viewer.server.now(),
        )
    except SignInError:
        return _("This is not your password. Type it again."), 401, 0
    except TryLaterError as error:
        return waiting_words(error.seconds), 429, error.seconds
    return None, 200, 0


def waiting_words(seconds: int) -> str:
    """Return how long somebody has to wait, in words."""
    if seconds < 120:
        wait = ngettext("%(num)d second", "%(num)d seconds", seconds)
    else:
        wait = ngettext("%(num)d minute", "%(num)d minutes", -(-seconds // 60))
    return _(
        "Too many attempts failed. The next one is looked at in %(wait)s. If you forgot your "
        "password, ask an administrator for a reset.",
        wait=wait,
    )


def said_once(
    viewer: Viewer, asked: Mapping[str, Any], make: Callable[[], str], after: str
) -> str | None:
    """Make a secret and return it; None if the same form made it before: it is shown once.

    Parameters
    ----------
    asked : mapping
        What was sent, without anything secret.
    make : callable
        Makes it.
    after : str
        The page to which a repetition leads.
    """
    made: list[str] = []

    def do() -> Answer:
        made.append(make())
        return Answer(303, after)

    once(viewer, viewer.field("_form_id"), asked, do)
    return made[0] if made else None


def raw_field(viewer: Viewer, name: str) -> str:
    """Return a field exactly as it was typed, as passwords are."""
    value = None if viewer.form is None else viewer.form.get(name)
    return value if isinstance(value, str) else ""
