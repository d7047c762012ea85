"""One's own access: password, second factor, keys that sign, sessions, sign-in elsewhere."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from keiryo.errors import NotFoundError, RefusedError, UsageError
from keiryo.people import accounts, administration, sessions, totp
from keiryo.people.errors import SignInError
from keiryo.people.oidc_accounts import unlink
from keiryo.people.passwords import password_problems
from keiryo.people.permissions import keys_in_force
from keiryo.web.answers import in_words
from keiryo.web.confirming import ask_again, check_password, is_confirmed, raw_field
from keiryo.web.cookies import drop_session, put_session
from keiryo.web.pages.joining import by_field, password_rules
from keiryo.web.pages.me import tabs
from keiryo.web.rendering import render
from keiryo.web.saved_forms import server_providers
from keiryo.web.sections import Section
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import AnyRequest, Asking, Viewer

ACCESS = "/me/access"
_TOTP_SECRET = re.compile(r"[A-Z2-7]{32}")


@get(ACCESS, sync_to_thread=True)
def access_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Show how one signs in and signs."""
    said = [words for name, words in _done().items() if name in request.query_params]
    request.scope["state"]["notices"] = [("done", words) for words in said]
    return _shown(request, viewer)


@post(f"{ACCESS}/password", status_code=200, sync_to_thread=True)
def change_password(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Set a new password; the key that signs is sealed anew, other sessions end."""
    current, new, again = (
        raw_field(viewer, n) for n in ("current_password", "password", "password_again")
    )
    names = [n for n in (viewer.account.sign_in_name, viewer.account.display_name) if n]
    errors = by_field(password_problems(new, names=names))
    if new != again:
        errors["password_again"] = _("The two passwords are not the same. Type it twice.")
    problem, status, wait = check_password(request, viewer, current)
    if problem is not None:
        errors = {"current_password": problem, **errors}
    if errors:
        return _shown(request, viewer, errors, status if problem else 422, wait_s=wait)
    person, session, now = viewer.person.person, viewer.session, viewer.server.now()
    assert session is not None
    key = session.signing_key(viewer.token) or accounts.signing_key_by_password(
        viewer.whole, person, current
    )
    try:
        accounts.set_password(viewer.whole, person, new, key, now, but=session.session_id)
    except RefusedError as error:
        return _shown(request, viewer, by_field(error.findings, "password"), 422)
    return _renewed(request, viewer, f"{ACCESS}?password=1")


@post(f"{ACCESS}/second-factor", status_code=200, sync_to_thread=True)
def begin_second_factor(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Show the picture that the authenticator takes over."""
    asked = ask_again(request, viewer, _("You are about to set up a second factor."))
    if asked is not None:
        return asked
    begun = totp.begin_totp(viewer.whole, viewer.person.person, _label(viewer))
    return _shown_factor(request, begun.secret)


@post(f"{ACCESS}/second-factor/confirm", status_code=200, sync_to_thread=True)
def confirm_second_factor(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Take the second factor into use, and show the recovery codes this once."""
    person, now = viewer.person.person, viewer.server.now()
    secret = viewer.field("secret_password")
    try:
        codes = totp.confirm_totp(viewer.whole, person, viewer.field("one_time_password"), now)
    except SignInError as error:
        if viewer.account.totp_confirmed or _TOTP_SECRET.fullmatch(secret) is None:
            return Redirect(ACCESS, status_code=303)
        return _shown_factor(request, secret, in_words(error), 422)
    if viewer.session is not None:  # what was opened without the second factor
        sessions.end_all(viewer.whole, person, now, but=viewer.session.session_id)
        viewer.server.stores.close_person(person)
    token = sessions.renew(viewer.whole, viewer.token, now)
    request.scope["state"]["form_token"] = sessions.form_token(token)
    answer = _shown_codes(request, codes)
    put_session(request, answer, token)
    return answer


@post(f"{ACCESS}/second-factor/codes", status_code=200, sync_to_thread=True)
def renew_recovery_codes(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Replace the recovery codes, and show the new ones this once."""
    asked = ask_again(request, viewer, _("You are about to get new recovery codes."))
    if asked is not None:
        return asked
    return _shown_codes(request, totp.new_recovery_codes(viewer.whole, viewer.person.person))


@post(f"{ACCESS}/second-factor/remove", status_code=200, sync_to_thread=True)
def remove_second_factor(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Remove the second factor."""
    asked = ask_again(request, viewer, _("You are about to remove your second factor."))
    if asked is not None:
        return asked
    totp.end_totp(viewer.whole, viewer.person.person)
    return Redirect(f"{ACCESS}?factor=1", status_code=303)


@post(f"{ACCESS}/new-key", status_code=200, sync_to_thread=True)
def make_new_key(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Make a new key that signs; the old ones are revoked, and one signs in anew."""
    password = raw_field(viewer, "key_password")
    problem, status, wait = check_password(request, viewer, password)
    if problem is not None:
        return _shown(request, viewer, {"key_password": problem}, status, wait_s=wait)
    try:
        administration.new_key(viewer.whole, viewer.actor(), password, viewer.server.now())
    except (SignInError, RefusedError) as error:
        return _shown(request, viewer, {"key_password": in_words(error)}, 422)
    answer = Redirect("/sign-in?changed=1", status_code=303)
    drop_session(request, answer)
    return answer


@post(f"{ACCESS}/revoke-key", status_code=200, sync_to_thread=True)
def revoke_own_key(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Revoke a key of one's own that is not the one in use."""
    asked = ask_again(request, viewer, _("You are about to revoke a key of yours."))
    if asked is not None:
        return asked
    key = viewer.field("key")
    if key == viewer.account.public_key:
        raise UsageError("this key is in use", "Make a new key; the old one is revoked with that.")
    person = viewer.person.person
    administration.revoke_key(viewer.whole, viewer.actor(), person, key, viewer.server.now())
    return Redirect(f"{ACCESS}?revoked=1", status_code=303)


@post(f"{ACCESS}/end-session", status_code=200, sync_to_thread=True)
def end_own_session(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """End one session of one's own."""
    given, now = viewer.field("session_id"), viewer.server.now()
    idle = timedelta(minutes=viewer.server.settings.idle_minutes)
    mine = sessions.sessions_of(viewer.whole, viewer.person.person, now, idle=idle)
    if given not in {one.session_id for one in mine}:
        raise NotFoundError("there is no such session of yours", "It may have ended already.")
    sessions.end_session(viewer.whole, given, now)
    viewer.server.stores.close(given)
    return Redirect(f"{ACCESS}?session=1#sessions", status_code=303)


@post(f"{ACCESS}/end-others", status_code=200, sync_to_thread=True)
def end_other_sessions(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """End all sessions of one's own but this one."""
    here = None if viewer.session is None else viewer.session.session_id
    sessions.end_all(viewer.whole, viewer.person.person, viewer.server.now(), but=here)
    viewer.server.stores.close_person(viewer.person.person, but=here)
    return Redirect(f"{ACCESS}?others=1#sessions", status_code=303)


@post(f"{ACCESS}/confirm", status_code=200, sync_to_thread=True)
def confirm_it_is_me(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Ask for the password before an account elsewhere is linked."""
    asked = ask_again(request, viewer, _("You are about to link an account elsewhere."))
    return asked or Redirect(f"{ACCESS}?confirmed=1#elsewhere", status_code=303)


@post(f"{ACCESS}/unlink", status_code=200, sync_to_thread=True)
def end_link(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """End the link with an account elsewhere."""
    asked = ask_again(request, viewer, _("You are about to end the link with another account."))
    if asked is not None:
        return asked
    try:
        unlink(viewer.whole, viewer.person.person)
    except UsageError as error:
        return _shown(request, viewer, {"": in_words(error)}, 422)
    return Redirect(f"{ACCESS}?unlinked=1", status_code=303)


def _done() -> dict[str, str]:
    """Return what was done, by the mark in the address that leads back here."""
    return {
        "password": _("Your password is changed. Other sessions of yours were ended."),
        "factor": _("The second factor is removed."),
        "session": _("The session is ended."),
        "others": _("All your other sessions are ended."),
        "revoked": _("The key is revoked."),
        "linked": _("The account is linked: you can sign in with it from now on."),
        "unlinked": _("The link is ended."),
        "confirmed": _("Thank you. You can go on now."),
    }


def _label(viewer: Viewer) -> str:
    return f"{viewer.account.sign_in_name or viewer.person.person} · {viewer.state}"


def _renewed(request: AnyRequest, viewer: Viewer, path: str) -> Response[Any]:
    """Lead on with a new token for the session: what was known of it before opens nothing."""
    answer = Redirect(path, status_code=303)
    put_session(request, answer, sessions.renew(viewer.whole, viewer.token, viewer.server.now()))
    return answer


def _shown_factor(
    request: AnyRequest, secret: str, problem: str | None = None, http_status: int = 200
) -> Response[Any]:
    viewer: Viewer = request.scope["state"]["viewer"]
    return render(
        request,
        "me/second_factor.html",
        http_status=http_status,
        secret=secret,
        picture=totp.qr_svg(totp.provisioning_uri(secret, _label(viewer))),
        problem=problem,
        crumbs=[(_("My page"), "/me"), (_("Second factor"), None)],
    )


def _shown_codes(request: AnyRequest, codes: list[str]) -> Response[Any]:
    return render(
        request,
        "me/recovery_codes.html",
        codes=codes,
        crumbs=[(_("My page"), "/me"), (_("Recovery codes"), None)],
    )


def _shown(
    request: AnyRequest,
    viewer: Viewer,
    errors: dict[str, str] | None = None,
    http_status: int = 200,
    *,
    wait_s: int = 0,
) -> Response[Any]:
    person, now = viewer.person.person, viewer.server.now()
    known, idle = viewer.account, timedelta(minutes=viewer.server.settings.idle_minutes)
    with viewer.whole.reading() as connection:
        keys = keys_in_force(connection, viewer.metadata, person)
    answer = render(
        request,
        "me/access.html",
        http_status=http_status,
        errors=errors or {},
        account=known,
        rules=password_rules(),
        codes_left=totp.recovery_codes_left(viewer.whole, person) if known.totp_confirmed else 0,
        keys=keys,
        acts_seen=viewer.reads("people"),
        sessions=sessions.sessions_of(viewer.whole, person, now, idle=idle),
        here=None if viewer.session is None else viewer.session.session_id,
        providers=server_providers(request),
        linked_with=next(
            (p.name for p in viewer.server.settings.oidc if p.issuer == known.oidc_issuer),
            known.oidc_issuer,
        ),
        confirmed=is_confirmed(viewer),
        tabs=tabs(ACCESS),
        crumbs=[(_("My page"), "/me"), (_("Sign-in and keys"), None)],
    )
    if wait_s:
        answer.headers["Retry-After"] = str(wait_s)
    return answer


SECTION = Section(
    "access",
    handlers=(
        *(access_page, change_password, begin_second_factor, confirm_second_factor),
        *(renew_recovery_codes, remove_second_factor, make_new_key, revoke_own_key),
        *(end_own_session, end_other_sessions, confirm_it_is_me, end_link),
    ),
)
