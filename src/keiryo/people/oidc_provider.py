"""A provider of sign-in that the State runs already: its settings, its description, its keys.

The provider is described by a document at an address derived from its issuer (OpenID Connect
Discovery 1.0 §4), and signs with keys that it publishes (OpenID Connect Core 1.0 §10.1). Whatever
is read from it is read with care: over TLS unless it runs on this machine, within 5 seconds, no
more than 1 MB, unpacked nothing, redirected nowhere, with no cookie and no proxy.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
from cryptography.exceptions import UnsupportedAlgorithm
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet, RSAKey

from keiryo.errors import KeiryoError

TIMEOUT_S = 5.0
ANSWER_LIMIT_BYTES = 1_000_000
KEPT_S = 3_600.0
"""How long a description and keys are used before they are read again."""
LEAST_RSA_BITS = 2_048
"""NIST SP 800-131A revision 2, table 2."""
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
"""What an ID token may be signed with: never nothing, never a shared secret (RFC 8725 §3.1-3.2)."""

_Kept = TypeVar("_Kept")


class OidcError(KeiryoError):
    """Somebody could not be signed in by a provider; nothing in it is secret.

    Attributes
    ----------
    reason : str
        One word or two for logs and counters, e.g. ``"state"``, ``"signature"``, ``"declined"``.
    """

    def __init__(self, message: str, advice: str = "", *, reason: str = "") -> None:
        super().__init__(message, advice)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class OidcProvider:
    """How keiryo is registered with a provider.

    Attributes
    ----------
    name : str
        What the people who sign in call it; shown on the button.
    issuer : str
        Its issuer, exactly as its own description says it; https, unless it is on this machine.
    client_id, client_secret : str
        What it knows keiryo by; the secret is empty for a public client.
    scopes : tuple of str
        What is asked for; ``"openid"`` must be among it.
    subject_claim : str
        Which claim names the person there. ``"sub"`` is the one that the standard promises never
        to give to somebody else (Core §2); take another only if the provider promises the same.

    Raises
    ------
    OidcError
        If the issuer is no https address, or ``"openid"`` is not asked for.
    """

    name: str
    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    scopes: tuple[str, ...] = ("openid", "profile")
    subject_claim: str = "sub"

    def __post_init__(self) -> None:
        parts = urlsplit(self.issuer)
        if not is_safe_address(self.issuer, self.issuer) or parts.query or parts.fragment:
            raise OidcError(
                f"the issuer of {self.name} is not an address that sign-in can be trusted to",
                "Give it as https://host/path without ? and #; http is accepted only for a "
                "provider on this machine (127.0.0.1, ::1 or localhost).",
                reason="settings",
            )
        if "openid" not in self.scopes or not self.client_id:
            raise OidcError(
                f"the settings of {self.name} lack the client id or the scope openid",
                "Copy the client id from the provider's registration; keep openid in the scopes.",
                reason="settings",
            )


@dataclass(frozen=True, slots=True)
class Description:
    """What a provider says about itself (Discovery 1.0 §3), as far as sign-in needs it.

    Attributes
    ----------
    authorization_endpoint, token_endpoint, keys_address, userinfo_endpoint : str
        Addresses; the last one may be empty.
    algorithms : tuple of str
        Those of `ALGORITHMS` with which it signs ID tokens.
    authentication : str
        How keiryo proves itself at the token endpoint: ``"client_secret_basic"``,
        ``"client_secret_post"`` or ``"none"``.
    names_issuer : bool
        Whether it names itself in every answer (RFC 9207).
    """

    authorization_endpoint: str
    token_endpoint: str
    keys_address: str
    userinfo_endpoint: str
    algorithms: tuple[str, ...]
    authentication: str
    names_issuer: bool


def is_safe_address(url: str, issuer: str) -> bool:
    """Return whether tokens may travel to an address of an issuer.

    That is https; and http on this machine if the issuer itself is there and speaks http.
    """
    try:
        parts, home = urlsplit(url), urlsplit(issuer)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.password is not None or not url.isascii():
        return False
    if any(character.isspace() or not character.isprintable() for character in url):
        return False
    if parts.scheme == "https":
        return True
    return parts.scheme == home.scheme == "http" and _is_loopback(host)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


# --- what was read is kept for a while -----------------------------------------------------------

_descriptions: dict[str, tuple[float, Description]] = {}
_keys: dict[str, tuple[float, KeySet]] = {}
_lock = Lock()


def _kept(store: Mapping[str, tuple[float, _Kept]], name: str) -> _Kept | None:
    with _lock:
        at, value = store.get(name, (0.0, None))
    return value if value is not None and time.monotonic() - at < KEPT_S else None


def forget() -> None:
    """Forget all descriptions and keys, so that they are read anew."""
    with _lock:
        _descriptions.clear()
        _keys.clear()


# --- description and keys ------------------------------------------------------------------------


def discover(provider: OidcProvider) -> Description:
    """Return what a provider says about itself; read once an hour.

    Raises
    ------
    OidcError
        If it does not answer, or what it says does not allow to sign in safely.

    References
    ----------
    OpenID Connect Discovery 1.0, §4.1 (address), §4.3 (the issuer must be the same).
    """
    kept = _kept(_descriptions, provider.issuer)
    if kept is not None:
        return kept
    address = provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
    description = _description(provider, read_json(provider, address, "its description"))
    with _lock:
        _descriptions[provider.issuer] = (time.monotonic(), description)
    return description


def _description(provider: OidcProvider, said: Mapping[str, Any]) -> Description:
    if said.get("issuer") != provider.issuer:
        raise OidcError(
            f"{provider.name} says that it is another issuer than the settings say",
            "Compare the setting letter for letter, the last slash too, with the issuer in the "
            "provider's /.well-known/openid-configuration.",
            reason="issuer",
        )

    def address(name: str, *, required: bool = True) -> str:
        url = said.get(name)
        if isinstance(url, str) and is_safe_address(url, provider.issuer):
            return url
        if required or url is not None:
            raise _unfit(provider, f"it names no safe address as {name}")
        return ""

    def listed(name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        values = said.get(name, default)
        return tuple(v for v in values if isinstance(v, str)) if _is_list(values) else ()

    algorithms = listed("id_token_signing_alg_values_supported", ("RS256",))
    allowed = tuple(name for name in ALGORITHMS if name in algorithms)
    if not allowed:
        raise _unfit(provider, f"it signs with none of {', '.join(ALGORITHMS)}")
    if "code" not in listed("response_types_supported", ("code",)):
        raise _unfit(provider, "it does not offer the authorization code flow")
    if "S256" not in listed("code_challenge_methods_supported", ("S256",)):
        raise _unfit(provider, "it does not offer PKCE with S256")
    return Description(
        address("authorization_endpoint"),
        address("token_endpoint"),
        address("jwks_uri"),
        address("userinfo_endpoint", required=False),
        allowed,
        _authentication(
            provider, listed("token_endpoint_auth_methods_supported", ("client_secret_basic",))
        ),
        said.get("authorization_response_iss_parameter_supported") is True,
    )


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple)


def _authentication(provider: OidcProvider, offered: tuple[str, ...]) -> str:
    if not provider.client_secret:
        return "none"
    for way in ("client_secret_basic", "client_secret_post"):
        if way in offered:
            return way
    raise _unfit(provider, "it does not let a client prove itself with a secret")


def signing_keys(provider: OidcProvider, *, anew: bool = False) -> tuple[KeySet, bool]:
    """Return the keys with which a provider signs, and whether they were read just now.

    Parameters
    ----------
    anew : bool
        Read them even if they are known, because a token names one that is not among them
        (Core §10.1.1).

    Raises
    ------
    OidcError
        If they cannot be read, or none of them can be used.
    """
    address = discover(provider).keys_address
    kept = None if anew else _kept(_keys, address)
    if kept is not None:
        return kept, False
    document = read_json(provider, address, "its keys").get("keys")
    entries = document if isinstance(document, list) else []
    found = [key for entry in entries if (key := _usable(entry)) is not None]
    if not found:
        raise _unfit(provider, "it publishes no key that can be used")
    keys = KeySet(found)
    with _lock:
        _keys[address] = (time.monotonic(), keys)
    return keys, True


def _usable(entry: object) -> Key | None:
    """Return a published key, or None: it may be for encryption, shared, too short, unknown."""
    if not isinstance(entry, dict) or entry.get("kty") not in ("RSA", "EC", "OKP"):
        return None
    if entry.get("use", "sig") != "sig" or "d" in entry:
        return None
    if entry["kty"] == "OKP":  # its curve says it all; EdDSA has two names (RFC 9864)
        entry = {name: value for name, value in entry.items() if name != "alg"}
    unreadable = (JoseError, UnsupportedAlgorithm, ValueError, TypeError, KeyError, AttributeError)
    with suppress(*unreadable):
        key = JWKRegistry.import_key(entry)
        if not isinstance(key, RSAKey) or key.public_key.key_size >= LEAST_RSA_BITS:
            return key
    return None


def _unfit(provider: OidcProvider, why: str) -> OidcError:
    return OidcError(
        f"{provider.name} cannot be used for signing in: {why}",
        "Whoever runs the provider can change this; until then sign in in another way.",
        reason="provider",
    )


# --- reading from a provider ---------------------------------------------------------------------


class _TooMuchError(httpx.TransportError):
    """The answer is longer, takes longer, or is packed otherwise than a provider's may."""


class _LimitedStream(httpx.SyncByteStream):
    def __init__(self, inner: httpx.SyncByteStream, until: float) -> None:
        self._inner, self._until = inner, until

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for part in self._inner:
            size += len(part)
            if size > ANSWER_LIMIT_BYTES:
                raise _TooMuchError(f"more than {ANSWER_LIMIT_BYTES} bytes")
            if time.monotonic() > self._until:
                raise _TooMuchError("the answer takes too long")
            yield part

    def close(self) -> None:
        self._inner.close()


class _LimitedTransport(httpx.BaseTransport):
    def __init__(self) -> None:
        self._inner = httpx.HTTPTransport(verify=_trusted(), trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        until = time.monotonic() + TIMEOUT_S
        response = self._inner.handle_request(request)
        if response.headers.get("content-encoding", "identity") != "identity":
            response.close()
            raise _TooMuchError("a packed answer, which was not asked for")
        stream = response.stream
        assert isinstance(stream, httpx.SyncByteStream)
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=_LimitedStream(stream, until),
            extensions=response.extensions,
        )

    def close(self) -> None:
        self._inner.close()


@cache
def _trusted() -> ssl.SSLContext:
    """Return whom TLS trusts: the authorities of this machine, so that a State's own is known."""
    return ssl.create_default_context()


def http_client() -> httpx.Client:
    """Return a client that reads from a provider within the limits of this module."""
    return httpx.Client(
        transport=_LimitedTransport(),
        timeout=TIMEOUT_S,
        follow_redirects=False,
        trust_env=False,
        headers={"Accept": "application/json", "Accept-Encoding": "identity"},
    )


def read_json(
    provider: OidcProvider, url: str, what: str, *, bearer: str | None = None
) -> dict[str, Any]:
    """Return a JSON object that a provider publishes.

    Parameters
    ----------
    what : str
        What it is, for the message if it cannot be read.
    bearer : str, optional
        Access token to be shown there.

    Raises
    ------
    OidcError
        If it does not come within the limits, or is no JSON object.
    """
    headers = {"Authorization": f"Bearer {bearer}"} if bearer is not None else {}
    try:
        with http_client() as client:
            answer = client.get(url, headers=headers)
        content = answer.json() if answer.status_code == httpx.codes.OK else None
    except httpx.HTTPError as error:
        raise unreachable(provider, error) from None
    except (ValueError, RecursionError, httpx.InvalidURL):
        content = None
    if not isinstance(content, dict):
        raise OidcError(
            f"{provider.name} did not give {what} in the form that the standard asks for",
            "Try again in a minute; if it stays so, tell those who run the provider, and compare "
            "the issuer in the settings with theirs.",
            reason="answer",
        )
    return content


def unreachable(provider: OidcProvider, error: Exception) -> OidcError:
    """Return the error for a provider that did not answer within the limits."""
    if isinstance(error, _TooMuchError):
        return OidcError(
            f"{provider.name} answered with more than a provider of sign-in has to say",
            "Check that the issuer in the settings is the provider's address.",
            reason="answer",
        )
    late = isinstance(error, httpx.TimeoutException)
    what = f"did not answer within {TIMEOUT_S:g} s" if late else "cannot be reached"
    return OidcError(
        f"{provider.name} {what}",
        "Try again in a minute, or sign in in another way. An administrator can check the network "
        "and, if the provider has a certificate of the State's own, that this machine trusts it.",
        reason="unreachable",
    )
