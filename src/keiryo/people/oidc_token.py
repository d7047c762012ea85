"""The ID token: what a provider says under its signature about who signed in.

The rules are those of OpenID Connect Core 1.0 §3.1.3.7, in its order; the algorithms those of
RFC 8725 §3.1 and §3.2. A token that breaks one of them signs nobody in, whatever else is right.
No message shows anything of a token.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwa import JWSAlgModel
from joserfc.jws import JWSRegistry
from joserfc.jwt import Token

from keiryo.people.oidc_provider import OidcError, OidcProvider, discover, signing_keys

TOLERANCE_S = 60
"""By how much the provider's clock may differ from ours."""
LONGEST_SUBJECT = 255
"""Characters; Core §2, claim ``sub``."""

_MALFORMED = (
    *(JoseError, UnsupportedAlgorithm, ValueError, TypeError),
    *(KeyError, AttributeError, RecursionError),
)
_HALF_HASHES = {
    "EdDSA": hashlib.sha512,  # the hash inside Ed25519
    "Ed25519": hashlib.sha512,
}


class _Algorithms(JWSRegistry):
    """Those that are allowed; ``EdDSA`` is Ed25519 and never Ed448 (RFC 9864)."""

    def get_alg(self, name: str) -> JWSAlgModel:
        allowed = super().get_alg("Ed25519" if name == "EdDSA" else name)
        if name not in (self.allowed or ()):
            raise OidcError("", reason="algorithm")
        return allowed


def read_id_token(
    provider: OidcProvider,
    id_token: str,
    *,
    access_token: str,
    nonce: str,
    begun_at_s: int,
    now_s: int,
    fresh: bool = False,
) -> dict[str, Any]:
    """Return the claims of an ID token after every check.

    Parameters
    ----------
    access_token : str
        What came with it; checked if the token speaks of it (``at_hash``).
    nonce : str
        What was sent when the sign-in began.
    begun_at_s, now_s : int
        When the sign-in began, and now; seconds since 1970, UTC.
    fresh : bool
        The person was asked to prove anew who they are (``auth_time``).

    Raises
    ------
    OidcError
        With the reason ``"signature"``, ``"algorithm"``, ``"issuer"``, ``"audience"``,
        ``"expired"``, ``"clock"``, ``"nonce"``, ``"access token"``, ``"subject"``,
        ``"not fresh"`` or ``"token"``.

    References
    ----------
    OpenID Connect Core 1.0 §3.1.3.7 (rules 1 to 13), §3.1.3.8 (``at_hash``), §10.1.1 (rotation
    of keys).
    """
    token = _signed(provider, id_token)
    claims = token.claims
    if claims.get("iss") != provider.issuer:  # rule 2
        raise _refused(provider, "issuer", "it was issued by another provider")
    _audience(provider, claims)  # rules 3, 4 and 5
    _times(provider, claims, begun_at_s, now_s)  # rules 9 and 10
    if not _same(claims.get("nonce"), nonce):  # rule 11
        raise _refused(provider, "nonce", "it does not belong to this sign-in")
    _access_token(provider, token, access_token)
    for name in ("sub", provider.subject_claim):
        _subject(provider, claims, name)
    if fresh:  # rule 13
        at = _seconds(claims.get("auth_time"))
        if at is None or at < begun_at_s - TOLERANCE_S:
            raise _refused(provider, "not fresh", "you were not asked to prove anew who you are")
    return claims


def _signed(provider: OidcProvider, id_token: str) -> Token:
    """Return the token if a key of the provider signed it (rules 1, 6, 7 and 8).

    A token that no known key signed may be signed with a new one: they are read anew, once.
    """
    algorithms = discover(provider).algorithms
    keys, read_now = signing_keys(provider)
    for _ in range(2):
        try:
            token = jwt.decode(
                id_token,
                keys,
                registry=_Algorithms(algorithms=_with_ed25519(algorithms)),
            )
        except (InvalidKeyIdError, BadSignatureError):
            if read_now:
                break
            keys, read_now = signing_keys(provider, anew=True)
            continue
        except _MALFORMED:
            raise _refused(
                provider, "algorithm", "it is not signed in a way that is accepted"
            ) from None
        if "crit" in token.header or token.header.get("alg") not in algorithms:
            raise _refused(provider, "algorithm", "it is not signed in a way that is accepted")
        return token
    raise _refused(provider, "signature", "no key of the provider signed it")


def _with_ed25519(algorithms: tuple[str, ...]) -> tuple[str, ...]:
    return (*algorithms, "Ed25519") if "EdDSA" in algorithms else algorithms


def _audience(provider: OidcProvider, claims: Mapping[str, Any]) -> None:
    audience = claims.get("aud")
    meant = [audience] if isinstance(audience, str) else audience
    if meant != [provider.client_id] or claims.get("azp", provider.client_id) != provider.client_id:
        raise _refused(provider, "audience", "it was made for another program, or others too")


def _times(provider: OidcProvider, claims: Mapping[str, Any], begun_at_s: int, now_s: int) -> None:
    expires, issued = _seconds(claims.get("exp")), _seconds(claims.get("iat"))
    if expires is None or issued is None:
        raise _refused(provider, "token", "it does not say how long it holds")
    if expires <= now_s - TOLERANCE_S:
        raise _refused(provider, "expired", "it has expired")
    not_before = _seconds(claims["nbf"]) if "nbf" in claims else issued
    if not_before is None or max(issued, not_before) > now_s + TOLERANCE_S:
        raise _refused(provider, "clock", "it is dated in the future")
    if issued < begun_at_s - TOLERANCE_S:
        raise _refused(provider, "clock", "it is older than this sign-in")


def _access_token(provider: OidcProvider, token: Token, access_token: str) -> None:
    if "at_hash" not in token.claims:
        return
    make = _HALF_HASHES.get(token.header["alg"], hashlib.sha256)
    digest = make(_bytes(access_token)).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    if not _same(token.claims["at_hash"], half):
        raise _refused(provider, "access token", "it belongs to another access token")


def _subject(provider: OidcProvider, claims: Mapping[str, Any], name: str) -> None:
    value = claims.get(name)
    if not isinstance(value, str) or not value or not value.isprintable():
        raise _refused(provider, "subject", f"it does not say who signed in (claim {name})")
    if len(value) > LONGEST_SUBJECT:
        raise _refused(provider, "subject", f"the claim {name} is too long")


def _seconds(value: object) -> float | None:
    """Return a time in seconds since 1970, or None; a truth value or infinity is no time."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if math.isfinite(value) else None


def _same(given: object, expected: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(_bytes(given), _bytes(expected))


def _bytes(text: str) -> bytes:
    """Return the bytes of what came as JSON, which may hold halves of characters."""
    return text.encode("utf-8", "surrogatepass")


_CLOCK = (
    "Start again. If it happens again, the clock of this machine and that of the provider "
    "differ: an administrator can compare both with a time server."
)


def _refused(provider: OidcProvider, reason: str, why: str) -> OidcError:
    advice = (
        _CLOCK
        if reason in ("clock", "expired")
        else (
            "Start again. If it happens again, tell an administrator: the answer may have been "
            "tampered with, or keiryo is registered there in another way than its settings say."
        )
    )
    return OidcError(
        f"the answer of {provider.name} was not accepted: {why}", advice, reason=reason
    )
