"""Single sign-on with a provider that lies, breaks, or is not there."""

from __future__ import annotations

import datetime
import ipaddress
import json
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from keiryo.people import oidc_provider
from keiryo.people.oidc import Claims, OidcError, OidcProvider, begin, discover, finish
from people.hostile_provider import (
    ACCESS_TOKEN,
    CLIENT,
    Hostile,
    ec_key,
    half_hash,
    hostile_provider,
    okp_key,
    public,
    rsa_key,
    signed,
    signed_with_secret,
    unsigned,
)

SECRET = bytes(range(32))
REDIRECT_URI = "http://127.0.0.1/sign-in/elsewhere/return"
NOW = datetime.datetime(2026, 5, 4, 3, 2, 1, tzinfo=datetime.UTC)
NOW_S = int(NOW.timestamp())

pytestmark = pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")


@pytest.fixture(scope="module")
def running() -> Iterator[Hostile]:
    with hostile_provider() as hostile:
        yield hostile


@pytest.fixture
def hostile(running: Hostile) -> Hostile:
    running.reset()
    oidc_provider.forget()
    return running


def settings(hostile: Hostile, **more: Any) -> OidcProvider:
    return OidcProvider("the ministry", hostile.issuer, CLIENT, "secret-of-keiryo", **more)


def right_claims(hostile: Hostile, nonce: str) -> dict[str, Any]:
    return {
        "iss": hostile.issuer,
        "sub": "hanako",
        "aud": CLIENT,
        "exp": NOW_S + 300,
        "iat": NOW_S,
        "nonce": nonce,
        "name": "Hanako",
    }


def sign_in(
    hostile: Hostile,
    make: Callable[[dict[str, Any]], str] | None = None,
    *,
    at: datetime.datetime = NOW,
    query: dict[str, str] | None = None,
    fresh: bool = False,
    answer: dict[str, Any] | None = None,
    **more: Any,
) -> Claims:
    """Sign in; `make` turns right claims into the ID token."""
    provider = settings(hostile, **more)
    start = begin(provider, secret=SECRET, redirect_uri=REDIRECT_URI, now=NOW, fresh=fresh)
    asked = {name: found[0] for name, found in parse_qs(urlsplit(start.url).query).items()}
    claims = right_claims(hostile, asked["nonce"])
    token = make(claims) if make is not None else signed(claims, rsa_key(), "RS256")
    if not callable(hostile.pages.get("/token")):
        hostile.answers_with(token, answer or {})
    back = {"state": asked["state"], "iss": hostile.issuer, "code": "a-code"}
    try:
        return finish(
            provider,
            secret=SECRET,
            browser_value=start.browser_value,
            query={name: value for name, value in (back | (query or {})).items() if value},
            redirect_uri=REDIRECT_URI,
            now=at,
        )
    except OidcError as error:
        shown = f"{error!r} {error} {error.advice}"
        for hidden in (token, ACCESS_TOKEN, "secret-of-keiryo", "a-code", asked["nonce"]):
            assert not hidden or hidden not in shown
        assert error.advice and error.reason
        raise


def refusal(hostile: Hostile, *args: Any, **more: Any) -> str:
    with pytest.raises(OidcError) as caught:
        sign_in(hostile, *args, **more)
    return caught.value.reason


def changed(**changes: Any) -> Callable[[dict[str, Any]], str]:
    """Make a token with some claims changed; None takes a claim away."""

    def make(claims: dict[str, Any]) -> str:
        wanted = {k: v for k, v in (claims | changes).items() if v is not None}
        return signed(wanted, rsa_key(), "RS256")

    return make


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [("RS256", rsa_key), ("PS256", rsa_key), ("ES256", ec_key), ("EdDSA", okp_key)],
)
def test_right_token(hostile: Hostile, algorithm: str, key: Callable[[], Any]) -> None:
    def make(claims: dict[str, Any]) -> str:
        claims |= {"at_hash": half_hash(ACCESS_TOKEN, algorithm), "azp": CLIENT, "aud": [CLIENT]}
        return signed(claims, key(), algorithm)

    claims = sign_in(hostile, make)
    assert (claims.issuer, claims.subject, claims.name) == (hostile.issuer, "hanako", "Hanako")
    token_request = dict(hostile.asked)["/token"]
    assert "code_verifier=" in token_request and "secret" not in token_request


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://other.example"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"aud": "another"}, "audience"),
        ({"aud": [CLIENT, "another"]}, "audience"),
        ({"aud": []}, "audience"),
        ({"aud": None}, "audience"),
        ({"aud": {CLIENT: 1}}, "audience"),
        ({"azp": "another"}, "audience"),
        ({"exp": NOW_S - 60}, "expired"),
        ({"exp": None}, "token"),
        ({"exp": True}, "token"),
        ({"exp": float("inf")}, "token"),
        ({"exp": "tomorrow"}, "token"),
        ({"iat": None}, "token"),
        ({"iat": NOW_S + 61}, "clock"),
        ({"iat": NOW_S - 61}, "clock"),
        ({"nbf": NOW_S + 61}, "clock"),
        ({"nbf": "x"}, "clock"),
        ({"nonce": None}, "nonce"),
        ({"nonce": "of another sign-in"}, "nonce"),
        ({"nonce": ["x"]}, "nonce"),
        ({"nonce": "\ud800"}, "nonce"),
        ({"at_hash": half_hash("another token", "RS256")}, "access token"),
        ({"at_hash": 1}, "access token"),
        ({"sub": None}, "subject"),
        ({"sub": ""}, "subject"),
        ({"sub": 7}, "subject"),
        ({"sub": "a\u0000b"}, "subject"),
        ({"sub": "\ud800"}, "subject"),
        ({"sub": "s" * 256}, "subject"),
    ],
)
def test_wrong_claim(hostile: Hostile, changes: dict[str, Any], reason: str) -> None:
    assert refusal(hostile, changed(**changes)) == reason


@pytest.mark.parametrize("changes", [{"exp": NOW_S - 59}, {"iat": NOW_S + 60}, {"iat": NOW_S - 60}])
def test_clocks_may_differ_by_a_minute(hostile: Hostile, changes: dict[str, Any]) -> None:
    assert sign_in(hostile, changed(**changes)).subject == "hanako"


def signed_with_public_key(claims: dict[str, Any]) -> str:
    return signed_with_secret(claims, rsa_key().as_pem(private=False))


def signed_with_client_secret(claims: dict[str, Any]) -> str:
    return signed_with_secret(claims, b"secret-of-keiryo")


def tampered(claims: dict[str, Any]) -> str:
    head, _, signature = signed(claims, rsa_key(), "RS256").split(".")
    body = signed(claims | {"sub": "somebody-else"}, rsa_key(), "RS256").split(".")[1]
    return f"{head}.{body}.{signature}"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (unsigned, "algorithm"),
        (signed_with_public_key, "algorithm"),
        (signed_with_client_secret, "algorithm"),
        (tampered, "signature"),
        (lambda c: signed(c, rsa_key("other"), "RS256"), "signature"),
        (lambda c: signed(c, rsa_key("other"), "RS256", kid="first"), "signature"),
        (lambda c: signed(c, rsa_key(), "RS256", kid=None), "signature"),  # which of three?
        (lambda c: signed(c, rsa_key(), "RS512"), "algorithm"),
        (lambda c: signed(c, rsa_key(), "RS256", crit=["b64"], b64=True), "algorithm"),
        (lambda c: "", "answer"),
        (lambda c: "not.a.token", "algorithm"),
        (lambda c: "a.b.c.d.e", "algorithm"),
        (lambda c: "ImFsZyI.e30.AA", "algorithm"),  # the header is a text
        (lambda c: "x" * 200_000, "algorithm"),
    ],
)
def test_wrong_signature(
    hostile: Hostile, make: Callable[[dict[str, Any]], str], reason: str
) -> None:
    assert refusal(hostile, make) == reason


def test_algorithm_that_the_provider_does_not_name(hostile: Hostile) -> None:
    hostile.description["id_token_signing_alg_values_supported"] = ["ES256", "none", "HS256"]
    assert refusal(hostile) == "algorithm"
    assert sign_in(hostile, lambda c: signed(c, ec_key(), "ES256")).subject == "hanako"


def test_new_keys_are_fetched_once(hostile: Hostile) -> None:
    sign_in(hostile)
    hostile.pages["/keys"] = public(rsa_key("second"))
    assert sign_in(hostile, lambda c: signed(c, rsa_key("second"), "RS256")).subject == "hanako"
    assert refusal(hostile) == "signature"  # the old key signs no more
    fetched = [path for path, _ in hostile.asked].count("/keys")
    assert fetched == 3  # at first; for the second key; to see whether the old one is back


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"keys": "all"},
        {"keys": [None, {"kty": "RSA"}, {"kty": "EC", "crv": "P-256", "x": "!", "y": "!"}]},
        {"keys": [{"kty": "oct", "k": "c2VjcmV0LW9mLWtlaXJ5bw", "kid": "first"}]},
        lambda: public(rsa_key("first", 1024)),
        {"keys": [rsa_key().as_dict(private=True)]},
        {"keys": [rsa_key().as_dict(private=False) | {"use": "enc"}]},
    ],
)
def test_keys_that_cannot_be_used(hostile: Hostile, keys: Any) -> None:
    hostile.pages["/keys"] = keys() if callable(keys) else keys
    assert refusal(hostile) == "provider"


@pytest.mark.parametrize(
    ("error", "words", "reason"),
    [
        ("access_denied", "cancelled there", "declined"),
        ("login_required", "ask you something first", "declined"),
        ("server_error", "fault just now", "unreachable"),
        ("invalid_scope", "invalid_scope", "settings"),
        ("<script>", "does not know", "declined"),
    ],
)
def test_errors_of_the_provider(hostile: Hostile, error: str, words: str, reason: str) -> None:
    with pytest.raises(OidcError) as caught:
        sign_in(hostile, query={"error": error, "error_description": "<b>bad</b>", "code": ""})
    assert words in str(caught.value) and caught.value.reason == reason
    assert "<" not in f"{caught.value} {caught.value.advice}"


def test_answer_names_its_issuer(hostile: Hostile) -> None:
    assert refusal(hostile, query={"iss": "https://other.example"}) == "issuer"
    assert refusal(hostile, query={"iss": ""}) == "issuer"
    del hostile.description["authorization_response_iss_parameter_supported"]
    oidc_provider.forget()
    assert refusal(hostile, query={"iss": "https://other.example"}) == "issuer"
    assert sign_in(hostile, query={"iss": ""}).subject == "hanako"


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (lambda h: h.send(400, b'{"error":"invalid_grant"}'), "code"),
        (lambda h: h.send(401, b'{"error":"invalid_client"}'), "settings"),
        (lambda h: h.send(400, b'{"error":["x"]}'), "declined"),
        (lambda h: h.send(503, b"<html>"), "unreachable"),
        (lambda h: h.send(200, b"<html>"), "answer"),
        (lambda h: h.send(200, b"[" * 100_000), "answer"),
        (lambda h: h.send(200, b'{"expires_in":"soon","id_token":"x"}'), "answer"),
        (lambda h: h.send(302, b"{}", location="/keys"), "answer"),
        (lambda h: h.send(200, b"{" + b" " * 1_000_001), "answer"),
        (lambda h: h.send(200, b"\x1f\x8b", content_encoding="gzip"), "answer"),
        (lambda h: h.connection.close(), "unreachable"),
    ],
)
def test_token_endpoint_that_misbehaves(
    hostile: Hostile, page: Callable[[Any], None], reason: str
) -> None:
    hostile.pages["/token"] = page
    assert refusal(hostile) == reason


@pytest.mark.parametrize("answer", [{"token_type": "mac"}, {"access_token": ""}, {"id_token": 1}])
def test_incomplete_token_answer(hostile: Hostile, answer: dict[str, Any]) -> None:
    assert refusal(hostile, answer=answer) == "answer"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"issuer": "https://other.example"}, "issuer"),
        ({"token_endpoint": "http://sign-in.example/token"}, "provider"),
        ({"authorization_endpoint": None}, "provider"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "provider"),
        ({"userinfo_endpoint": 7}, "provider"),
        ({"id_token_signing_alg_values_supported": ["HS256", "none"]}, "provider"),
        ({"response_types_supported": ["id_token"]}, "provider"),
        ({"code_challenge_methods_supported": ["plain"]}, "provider"),
        ({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}, "provider"),
    ],
)
def test_description_that_does_not_do(
    hostile: Hostile, changes: dict[str, Any], reason: str
) -> None:
    hostile.description.update(changes)
    assert refusal(hostile) == reason


def redirecting(handler: Any) -> None:
    handler.send(302, b"", location="/elsewhere")


def test_no_redirect_is_followed(hostile: Hostile) -> None:
    hostile.pages["/elsewhere"] = hostile.description | {}
    hostile.pages["/.well-known/openid-configuration"] = redirecting
    assert refusal(hostile) == "answer"
    assert [path for path, _ in hostile.asked] == ["/.well-known/openid-configuration"]


def test_huge_description(hostile: Hostile) -> None:
    huge = json.dumps(hostile.description).encode() + b" " * 1_000_001
    hostile.pages["/.well-known/openid-configuration"] = huge
    assert refusal(hostile) == "answer"


def test_slow_and_dripping_provider(hostile: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    def dripping(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(40):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)

    monkeypatch.setattr(oidc_provider, "TIMEOUT_S", 0.3)
    hostile.pages["/.well-known/openid-configuration"] = dripping
    assert refusal(hostile) == "answer"
    hostile.pages["/.well-known/openid-configuration"] = lambda h: time.sleep(0.6)
    with pytest.raises(OidcError, match=r"within 0\.3 s"):
        sign_in(hostile)


def test_provider_that_is_not_there(hostile: Hostile) -> None:
    with hostile_provider() as gone:
        pass
    with pytest.raises(OidcError, match="cannot be reached") as caught:
        sign_in(gone)
    assert caught.value.reason == "unreachable"


def test_userinfo_is_about_the_same_person(hostile: Hostile) -> None:
    hostile.description["userinfo_endpoint"] = f"{hostile.issuer}/me"
    nameless = changed(name=None)
    assert sign_in(hostile, nameless).name is None  # 404: the name is a convenience
    oidc_provider.forget()
    hostile.pages |= {"/me": {"sub": "hanako", "name": " 山田\u202e 花子 ", "aud": "x"}}
    assert sign_in(hostile, nameless).name == "山田 花子"
    hostile.pages |= {"/me": {"sub": "jan", "name": "Jan"}}
    assert refusal(hostile, nameless) == "subject"


def test_fresh_proof_and_other_claims(hostile: Hostile) -> None:
    assert refusal(hostile, fresh=True) == "not fresh"
    assert refusal(hostile, changed(auth_time=NOW_S - 3600), fresh=True) == "not fresh"
    told = changed(auth_time=NOW_S, amr=["pwd", "otp", 7], acr="gold", oid="0815")
    claims = sign_in(hostile, told, fresh=True, subject_claim="oid")
    assert (claims.auth_time, claims.amr, claims.acr) == (NOW, ("pwd", "otp"), "gold")
    assert claims.subject == "0815"
    assert refusal(hostile, subject_claim="oid") == "subject"


def test_tls_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    today = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    file = tmp_path / "server.pem"
    file.write_bytes(
        key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(encoding)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with hostile_provider(lambda s: context.wrap_socket(s, server_side=True)) as hostile:
        oidc_provider.forget()
        assert refusal(hostile) == "unreachable"
        trusting = ssl.create_default_context(cadata=file.read_text())
        monkeypatch.setattr(oidc_provider, "_trusted", lambda: trusting)
        assert sign_in(hostile).subject == "hanako"
        hostile.description["jwks_uri"] = "http://127.0.0.1/keys"  # plain, though we came by TLS
        oidc_provider.forget()
        with pytest.raises(OidcError, match="jwks_uri"):
            discover(settings(hostile))
