"""Single sign-on: a person proves who they are to a provider that the State runs already.

The provider says who signed in; who that is here, and what they may do, is decided here: somebody
whom nobody linked to a person is let in nowhere (`keiryo.people.oidc_accounts`).

It is the authorization code flow of OpenID Connect Core 1.0, as the current security practice of
OAuth 2.0 (RFC 9700) asks for it:

=========================================  ==================================================
What                                       Where it is asked for
=========================================  ==================================================
authorization code flow, scope openid      Core §3.1, §3.1.2.1
PKCE with S256, always                     RFC 7636 §4.1-4.6; RFC 9700 §2.1.1
state bound to the browser, sealed         Core §3.1.2.1; RFC 9700 §4.7.1
nonce bound to the browser, sealed         Core §3.1.2.1, §15.5.2
answer's iss is checked                    RFC 9207 §2.4; RFC 9700 §2.1 (mix-up)
errors of the provider                     Core §3.1.2.6; RFC 6749 §4.1.2.1, §5.2
client authenticates at token endpoint     Core §9 (client_secret_basic, _post, none)
code exchanged with same redirect address  Core §3.1.3.1; RFC 6749 §4.1.3
token type Bearer, ID token present        Core §3.1.3.3
validation of the ID token                 Core §3.1.3.7, all rules; RFC 8725 §3
at_hash if present                         Core §3.1.3.8
asking anew who it is (max_age=0)          Core §3.1.2.1, §3.1.3.7 rule 13
UserInfo only for the same sub             Core §5.3.2
new keys of the provider                   Core §10.1.1
description of the provider, its issuer    Discovery 1.0 §3, §4.1, §4.3
=========================================  ==================================================

Not used: the implicit and the hybrid flow, encrypted ID tokens, request objects, refresh tokens,
sign-out at the provider. Tokens are dropped as soon as they were read; nothing stores them.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hmac import compare_digest
from typing import Any
from urllib.parse import quote_plus

import httpx
from authlib.oauth2.base import OAuth2Error  # type: ignore[import-untyped]
from authlib.oauth2.client import OAuth2Client  # type: ignore[import-untyped]

from keiryo.people.keys import seal, unseal
from keiryo.people.oidc_provider import (
    OidcError,
    OidcProvider,
    discover,
    http_client,
    read_json,
    unreachable,
)
from keiryo.people.oidc_token import read_id_token

__all__ = ["Begun", "Claims", "OidcError", "OidcProvider", "begin", "discover", "finish"]

LIFETIME_S = 600
"""How long somebody may take at the provider."""
LONGEST_RETURN = 1_000
LONGEST_NAME = 200
SIGN_IN = "sign in"


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that has begun.

    Attributes
    ----------
    url : str
        Where the browser goes.
    browser_value : str
        What the browser keeps until it comes back, in a cookie that is HttpOnly, Secure,
        SameSite=Lax and lives for `LIFETIME_S`; sealed, so that it says nothing to anybody.
        To be deleted when the browser is back, whatever comes of it.
    """

    url: str
    browser_value: str

    def __repr__(self) -> str:
        """Return nothing of what it holds."""
        return "Begun(...)"


@dataclass(frozen=True, slots=True)
class Claims:
    """Who signed in at a provider, by its word.

    Attributes
    ----------
    issuer, subject : str
        Who it is: the same two always mean the same account there. Nothing else does.
    name, email : str or None
        For a form that is filled in beforehand; never to recognise somebody by.
    amr : tuple of str
        How they proved it (RFC 8176), e.g. ``("pwd", "otp")``; empty if it was not said.
    acr : str or None
        The class of the proof, in the words of the provider.
    auth_time : datetime or None
        When they last proved it.
    return_to : str
        Path of the page that they wanted, as it was given to `begin`.
    purpose : str
        What the sign-in was begun for, as it was given to `begin`. Compare it before anything is
        done: a sign-in that somebody began to get in must not link an account.
    """

    issuer: str
    subject: str
    name: str | None = None
    email: str | None = None
    amr: tuple[str, ...] = ()
    acr: str | None = None
    auth_time: datetime | None = None
    return_to: str = "/"
    purpose: str = SIGN_IN


def begin(
    provider: OidcProvider,
    *,
    secret: bytes,
    redirect_uri: str,
    return_to: str = "/",
    now: datetime,
    purpose: str = SIGN_IN,
    fresh: bool = False,
) -> Begun:
    """Return where to send a browser so that a person signs in at a provider.

    Parameters
    ----------
    secret : bytes
        The server's secret; what the browser keeps is sealed under it.
    redirect_uri : str
        Where the provider sends the browser back to; registered there, and one for each
        provider (RFC 9700 §4.4.2.2).
    return_to : str
        Path of the page to be shown in the end; anything but a path of this site is replaced
        by ``"/"``.
    purpose : str
        What it is for, e.g. ``"sign in"`` or ``"link P-7"``; comes back in `Claims.purpose`.
    fresh : bool
        The person must prove anew who they are, even if the provider still knows them.

    Raises
    ------
    OidcError
        If the provider does not answer or cannot be used.
    """
    description = discover(provider)
    state, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    verifier = secrets.token_urlsafe(48)
    kept = {
        "state": state,
        "nonce": nonce,
        "verifier": verifier,
        "redirect_uri": redirect_uri,
        "return_to": _own_path(return_to),
        "purpose": purpose,
        "fresh": fresh,
        "begun_at_s": int(now.timestamp()),
    }
    sealed = seal(json.dumps(kept).encode(), secret, _sealed_for(provider))
    more = {"prompt": "login", "max_age": "0"} if fresh else {}
    with http_client() as session:
        url, _ = _client(provider, session).create_authorization_url(
            description.authorization_endpoint,
            state=state,
            code_verifier=verifier,
            redirect_uri=redirect_uri,
            nonce=nonce,
            **more,
        )
    return Begun(str(url), base64.urlsafe_b64encode(sealed).rstrip(b"=").decode())


def finish(
    provider: OidcProvider,
    *,
    secret: bytes,
    browser_value: str,
    query: Mapping[str, str],
    redirect_uri: str,
    now: datetime,
) -> Claims:
    """Return who signed in, after the provider sent the browser back.

    Parameters
    ----------
    browser_value : str
        What the browser kept; empty if it brings nothing.
    query : mapping
        What the provider sent with the browser.
    redirect_uri : str
        The address it was sent to, the same as in `begin`.

    Raises
    ------
    OidcError
        If the provider or the person declined, or anything in the answer is not as it must be.
    """
    kept = _kept(provider, secret, browser_value, now)
    state = query.get("state", "").encode("utf-8", "surrogatepass")
    if not compare_digest(state, str(kept["state"]).encode()):
        raise _not_ours("the answer belongs to another sign-in", "state")
    description = discover(provider)
    named = query.get("iss")
    if named != provider.issuer and (named is not None or description.names_issuer):
        raise _not_ours(f"the answer does not come from {provider.name}", "issuer")
    if "error" in query:
        raise _declined(provider, query["error"])
    code = query.get("code", "")
    if not code or redirect_uri != kept["redirect_uri"]:
        raise _not_ours("the answer is incomplete", "answer")
    answer = _exchange(provider, code, str(kept["verifier"]), redirect_uri)
    claims = read_id_token(
        provider,
        answer["id_token"],
        access_token=answer["access_token"],
        nonce=str(kept["nonce"]),
        begun_at_s=int(kept["begun_at_s"]),
        now_s=int(now.timestamp()),
        fresh=bool(kept["fresh"]),
    )
    if "name" not in claims and description.userinfo_endpoint and "profile" in provider.scopes:
        claims = _more_about(provider, claims, answer["access_token"]) | claims
    return _claims(provider, claims, str(kept["return_to"]), str(kept["purpose"]))


# --- what the browser keeps ----------------------------------------------------------------------


def _sealed_for(provider: OidcProvider) -> str:
    """Return the purpose of the seal: what was begun with one provider ends with no other."""
    return f"single sign-on {provider.client_id} {provider.issuer}"


def _kept(
    provider: OidcProvider, secret: bytes, browser_value: str, now: datetime
) -> dict[str, Any]:
    try:
        raw = base64.b64decode(
            browser_value + "=" * (-len(browser_value) % 4), altchars=b"-_", validate=True
        )
    except (binascii.Error, ValueError):
        raw = b""
    opened = unseal(raw, secret, _sealed_for(provider))
    if opened is None:
        raise _not_ours("this browser has not begun to sign in, or has begun anew since", "browser")
    kept: dict[str, Any] = json.loads(opened)
    age_s = now.timestamp() - int(kept["begun_at_s"])
    if not -LIFETIME_S <= age_s <= LIFETIME_S:
        raise _not_ours(f"it took longer than {LIFETIME_S // 60} minutes", "late")
    return kept


def _own_path(path: str) -> str:
    r"""Return a path of this site, whatever was asked for: no other site, no header, no scheme.

    Browsers read ``//host`` and ``/\host`` as another site.
    """
    own = path.startswith("/") and path[1:2] not in ("/", "\\") and len(path) <= LONGEST_RETURN
    return path if own and path.isprintable() and " " not in path else "/"


# --- talking to the provider ---------------------------------------------------------------------


def _client(provider: OidcProvider, session: httpx.Client) -> Any:
    return OAuth2Client(
        session,
        client_id=provider.client_id,
        client_secret=provider.client_secret,
        scope=" ".join(provider.scopes),
        code_challenge_method="S256",
    )


def _exchange(
    provider: OidcProvider, code: str, verifier: str, redirect_uri: str
) -> dict[str, str]:
    """Return the ID token and the access token for a code."""
    description = discover(provider)
    known, secret = provider.client_id, provider.client_secret
    auth: httpx.Auth = httpx.Auth()  # nothing in the header
    proof = {"client_id": known}
    if description.authentication == "client_secret_basic":
        auth, proof = httpx.BasicAuth(quote_plus(known), quote_plus(secret)), {}  # RFC 6749 §2.3.1
    elif description.authentication == "client_secret_post":
        proof["client_secret"] = secret
    try:
        with http_client() as session:
            answer = _client(provider, session).fetch_token(
                description.token_endpoint,
                grant_type="authorization_code",
                code=code,
                code_verifier=verifier,
                redirect_uri=redirect_uri,
                auth=auth,
                **proof,
            )
    except OAuth2Error as error:
        raise _no_token(provider, error.error) from None
    except httpx.HTTPStatusError:
        raise _no_token(provider, "server_error") from None
    except httpx.HTTPError as error:
        raise unreachable(provider, error) from None
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        answer = {}
    texts = {name: answer.get(name) for name in ("id_token", "access_token", "token_type")}
    found = {name: value for name, value in texts.items() if isinstance(value, str) and value}
    if len(found) < len(texts) or found["token_type"].lower() != "bearer":
        raise OidcError(
            f"{provider.name} did not send what the standard asks for",
            "Try again; if it stays so, tell those who run the provider.",
            reason="answer",
        )
    return found


def _more_about(
    provider: OidcProvider, claims: Mapping[str, Any], access_token: str
) -> dict[str, Any]:
    """Return name and address from the UserInfo endpoint; nothing if it is of no help."""
    url = discover(provider).userinfo_endpoint
    try:
        said = read_json(provider, url, "the name of who signed in", bearer=access_token)
    except OidcError:
        return {}  # the name can be typed
    if said.get("sub") != claims["sub"]:  # Core §5.3.2
        raise _not_ours(f"{provider.name} speaks of two different people", "subject")
    return {key: said[key] for key in ("name", "email") if key in said}


def _claims(
    provider: OidcProvider, claims: Mapping[str, Any], return_to: str, purpose: str
) -> Claims:
    amr, acr, at = claims.get("amr"), claims.get("acr"), claims.get("auth_time")
    auth_time = None
    if isinstance(at, int | float) and 0 <= at < 4_102_444_800:  # before 2100
        auth_time = datetime.fromtimestamp(at, UTC)
    return Claims(
        provider.issuer,
        str(claims[provider.subject_claim]),
        _shown(claims.get("name")),
        _shown(claims.get("email")),
        tuple(a for a in amr if isinstance(a, str)) if isinstance(amr, list) else (),
        acr if isinstance(acr, str) else None,
        auth_time,
        return_to,
        purpose,
    )


def _shown(value: object) -> str | None:
    """Return a text that may be shown, without what does not print, or None."""
    if not isinstance(value, str):
        return None
    text = "".join(c for c in value if c.isprintable()).strip()[:LONGEST_NAME]
    return text or None


# --- bad news ------------------------------------------------------------------------------------


def _not_ours(why: str, reason: str) -> OidcError:
    return OidcError(
        f"you are not signed in: {why}",
        "Start again from the sign-in page, in one window, and come back within "
        f"{LIFETIME_S // 60} minutes.",
        reason=reason,
    )


_ASKS_SOMETHING = (
    *("login_required", "interaction_required", "account_selection_required"),
    "consent_required",
)
_BUSY = ("server_error", "temporarily_unavailable")
_REGISTRATION = (
    *("invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope"),
    *("invalid_client", "unsupported_grant_type", "invalid_request_uri", "invalid_target"),
)


def _declined(provider: OidcProvider, error: str) -> OidcError:
    """Return the provider's refusal in words that help."""
    name = provider.name
    if error == "access_denied":
        return OidcError(
            f"you were not signed in at {name}: it was cancelled there, or refused",
            "Start again, or sign in in another way. Whoever runs the provider can say why it "
            "refuses.",
            reason="declined",
        )
    if error in _ASKS_SOMETHING:
        return OidcError(
            f"{name} wants to ask you something first",
            "Start again and answer what the provider asks.",
            reason="declined",
        )
    if error in _BUSY:
        return OidcError(
            f"{name} has a fault just now",
            "Try again in some minutes, or sign in in another way.",
            reason="unreachable",
        )
    if error in _REGISTRATION:
        return OidcError(
            f"{name} does not accept how keiryo is registered there ({error})",
            "Tell an administrator: client id, client secret, redirect address and scopes in the "
            "settings must be those of the registration at the provider.",
            reason="settings",
        )
    return OidcError(
        f"{name} did not sign you in, for a reason that keiryo does not know",
        "Start again; if it stays so, ask those who run the provider.",
        reason="declined",
    )


def _no_token(provider: OidcProvider, error: object) -> OidcError:
    """Return why a provider gave no token for its code."""
    if error == "invalid_grant":
        return OidcError(
            f"{provider.name} no longer knows of this sign-in: it was used already, or is too old",
            "Start again from the sign-in page.",
            reason="code",
        )
    return _declined(provider, str(error))
