"""Single sign-on against a certified provider, as people use it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import select, update

import keiryo
from keiryo.errors import ConflictError, NotFoundError, UsageError
from keiryo.people.accounts import account, make_account, set_password
from keiryo.people.keys import SigningKey, seal, unseal
from keiryo.people.oidc import Begun, Claims, OidcError, OidcProvider, begin, finish
from keiryo.people.oidc_accounts import (
    key_by_server,
    link,
    person_of_subject,
    seal_key_for_server,
    unlink,
)
from keiryo.people.oidc_provider import forget, is_safe_address
from keiryo.storage.engine import Database
from web.node_peer import (
    REDIRECT_URI,
    NoNodeError,
    OpenIdProvider,
    openid_provider,
    through_forms,
)

SECRET = bytes(range(32))
HANAKO = "hanako.yamada"


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def peer() -> Iterator[OpenIdProvider]:
    try:
        with openid_provider() as running:
            yield running
    except NoNodeError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    forget()


def registered(peer: OpenIdProvider, algorithm: str = "RS256", **more: object) -> OidcProvider:
    client = f"keiryo-{algorithm}"
    return OidcProvider("the ministry", peer.issuer, client, peer.clients[client], **more)


def begun(provider: OidcProvider, **more: object) -> Begun:
    return begin(provider, secret=SECRET, redirect_uri=REDIRECT_URI, now=now(), **more)


def finished(
    provider: OidcProvider, browser_value: str, query: dict[str, str], at: datetime | None = None
) -> Claims:
    return finish(
        provider,
        secret=SECRET,
        browser_value=browser_value,
        query=query,
        redirect_uri=REDIRECT_URI,
        now=at or now(),
    )


def resealed(value: str, before: OidcProvider, after: OidcProvider, **changes: object) -> str:
    """Return what a browser keeps with something in it changed, as only the server could."""
    raw = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    opened = unseal(raw, SECRET, f"single sign-on {before.client_id} {before.issuer}")
    assert opened is not None
    kept = json.loads(opened) | changes
    sealed = seal(
        json.dumps(kept).encode(), SECRET, f"single sign-on {after.client_id} {after.issuer}"
    )
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_somebody_signs_in(peer: OpenIdProvider, algorithm: str) -> None:
    provider = registered(peer, algorithm, scopes=("openid", "profile", "email"))
    start = begun(provider, return_to="/areas/XAFA?as-known-on=12", purpose="link P-7")
    asked = parse_qs(urlsplit(start.url).query)
    assert asked["code_challenge_method"] == ["S256"] and asked["response_type"] == ["code"]
    assert asked["scope"] == ["openid profile email"] and len(asked["nonce"][0]) >= 43
    query = through_forms(start.url, HANAKO, peer.accounts[HANAKO])
    assert query["iss"] == peer.issuer
    claims = finished(provider, start.browser_value, query)
    assert (claims.issuer, claims.subject) == (peer.issuer, HANAKO)
    assert (claims.name, claims.email) == ("山田 花子", "hanako@example.org")
    assert claims.amr == ("pwd",)
    assert (claims.return_to, claims.purpose) == ("/areas/XAFA?as-known-on=12", "link P-7")


def test_second_account_and_fresh_proof(peer: OpenIdProvider) -> None:
    provider = registered(peer)
    with httpx.Client(trust_env=False) as browser:
        start = begun(provider)
        query = through_forms(start.url, HANAKO, peer.accounts[HANAKO], browser=browser)
        assert finished(provider, start.browser_value, query).subject == HANAKO
        # The provider knows the browser now and asks nothing ...
        start = begun(provider)
        query = through_forms(start.url, "nobody", "", browser=browser)
        assert finished(provider, start.browser_value, query).subject == HANAKO
        # ... unless it is told to, and then says when it asked.
        start = begun(provider, fresh=True)
        query = through_forms(start.url, HANAKO, peer.accounts[HANAKO], browser=browser)
        claims = finished(provider, start.browser_value, query)
        assert claims.auth_time is not None and now() - claims.auth_time < timedelta(minutes=1)
    start = begun(provider)
    query = through_forms(start.url, "jan.novak", peer.accounts["jan.novak"])
    claims = finished(provider, start.browser_value, query)
    assert (claims.subject, claims.name, claims.purpose) == ("jan.novak", "Jan Novák", "sign in")


def test_cancelled_at_the_provider(peer: OpenIdProvider) -> None:
    provider = registered(peer)
    start = begun(provider)
    query = through_forms(start.url, "", "", cancel=True)
    assert query["error"] == "access_denied"
    with pytest.raises(OidcError, match="cancelled there, or refused") as caught:
        finished(provider, start.browser_value, query)
    assert caught.value.reason == "declined" and "Start again" in caught.value.advice


def test_code_works_once_for_one_browser_and_one_client(peer: OpenIdProvider) -> None:
    provider, other = registered(peer), registered(peer, "ES256")
    start, second = begun(provider), begun(provider)
    query = through_forms(start.url, HANAKO, peer.accounts[HANAKO])

    def reason(browser_value: str, by: OidcProvider = provider, **changes: str) -> str:
        with pytest.raises(OidcError) as caught:
            finished(by, browser_value, query | changes)
        shown = f"{caught.value} {caught.value.advice}"
        assert query["code"] not in shown and provider.client_secret not in shown
        return caught.value.reason

    # Refused before the provider is asked, so that the code is still good afterwards:
    assert reason("") == reason("%%%") == reason(start.browser_value[:-4]) == "browser"
    assert reason(second.browser_value) == "state"
    assert reason(start.browser_value, state="") == "state"
    assert reason(start.browser_value, state="状態") == "state"
    assert reason(start.browser_value, iss="https://other.example") == "issuer"
    assert reason(start.browser_value, by=other) == "browser"
    assert reason(start.browser_value, code="") == "answer"
    with pytest.raises(OidcError, match="10 minutes"):
        finished(provider, start.browser_value, query, now() + timedelta(minutes=11))
    with pytest.raises(OidcError, match="has not begun"):
        finish(
            provider,
            secret=bytes(32),
            browser_value=start.browser_value,
            query=query,
            redirect_uri=REDIRECT_URI,
            now=now(),
        )
    assert finished(provider, start.browser_value, query).subject == HANAKO
    # Replayed: the provider itself refuses.
    assert reason(start.browser_value) == "code"


def test_provider_refuses_wrong_verifier_and_another_clients_code(peer: OpenIdProvider) -> None:
    provider, other = registered(peer), registered(peer, "ES256")
    for by, changes in ((provider, {"verifier": "w" * 64}), (other, {})):
        start = begun(provider)
        query = through_forms(start.url, HANAKO, peer.accounts[HANAKO])
        with pytest.raises(OidcError) as caught:
            finished(by, resealed(start.browser_value, provider, by, **changes), query)
        assert caught.value.reason == "code"


def test_nonce_of_another_sign_in(peer: OpenIdProvider) -> None:
    provider = registered(peer)
    start = begun(provider)
    query = through_forms(start.url, HANAKO, peer.accounts[HANAKO])
    with pytest.raises(OidcError) as caught:
        finished(provider, resealed(start.browser_value, provider, provider, nonce="other"), query)
    assert caught.value.reason == "nonce"


def test_wrong_client_secret(peer: OpenIdProvider) -> None:
    right = registered(peer)
    wrong = OidcProvider("the ministry", right.issuer, right.client_id, "wrong")
    start = begun(wrong)
    query = through_forms(start.url, HANAKO, peer.accounts[HANAKO])
    with pytest.raises(OidcError, match="registered there") as caught:
        finished(wrong, start.browser_value, query)
    assert caught.value.reason == "settings"


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("/areas/XAFA", "/areas/XAFA"),
        ("//other.example/", "/"),
        ("/\\other.example", "/"),
        ("https://other.example", "/"),
        ("", "/"),
        ("/a\r\nSet-Cookie: x=1", "/"),
        ("/" + "a" * 2000, "/"),
    ],
)
def test_return_to_is_a_path_of_this_site(peer: OpenIdProvider, asked: str, given: str) -> None:
    provider = registered(peer)
    start = begun(provider, return_to=asked)
    raw = base64.urlsafe_b64decode(start.browser_value + "==")
    opened = unseal(raw, SECRET, f"single sign-on {provider.client_id} {provider.issuer}")
    assert opened is not None and json.loads(opened)["return_to"] == given


def test_nothing_secret_is_shown(peer: OpenIdProvider) -> None:
    provider = registered(peer)
    assert provider.client_secret not in repr(provider)
    start = begun(provider)
    assert start.browser_value not in repr(start)
    assert len(start.browser_value) < 2000
    assert parse_qs(urlsplit(start.url).query)["state"][0] not in start.browser_value


@pytest.mark.parametrize(
    ("issuer", "safe"),
    [
        ("https://sign-in.example", True),
        ("http://127.0.0.1:8080", True),
        ("http://[::1]:8080", True),
        ("http://localhost:8080/path", True),
        ("http://sign-in.example", False),
        ("http://127.0.0.1.example", False),
        ("http://10.0.0.1", False),
        ("ftp://127.0.0.1", False),
        ("https://user:word@sign-in.example", False),
        ("https://sign-in.example:port", False),
        ("https://sign-in.example/\n", False),
        ("https://", False),
        ("https://sign-in.example/?tenant=1", False),
        ("https://sign-in.example/#part", False),
    ],
)
def test_issuer_is_https_or_on_this_machine(issuer: str, safe: bool) -> None:
    if safe:
        assert OidcProvider("the ministry", issuer, "keiryo").issuer == issuer
    else:
        with pytest.raises(OidcError, match="not an address") as caught:
            OidcProvider("the ministry", issuer, "keiryo")
        assert caught.value.reason == "settings"


def test_settings_need_openid_and_a_client() -> None:
    for client, scopes in (("keiryo", ("profile",)), ("", ("openid",))):
        with pytest.raises(OidcError, match="lack"):
            OidcProvider("the ministry", "https://sign-in.example", client, scopes=scopes)


def test_plain_http_only_if_the_issuer_is_plain_too() -> None:
    assert not is_safe_address("http://127.0.0.1/keys", "https://sign-in.example")
    assert is_safe_address("https://keys.example/", "http://127.0.0.1")


# --- whom it means here --------------------------------------------------------------------------


@pytest.fixture
def two_people(database_url: str) -> Iterator[Database]:
    with keiryo.init(database_url, "XA") as books:
        database = books.database
        with database.writing() as connection:
            for person, name in (("P-1", "hanako"), ("P-2", "jan")):
                make_account(connection, database.metadata, person, name, name, now())
        yield database


def test_only_a_linked_subject_is_somebody(two_people: Database) -> None:
    database, issuer = two_people, "https://sign-in.example"
    assert person_of_subject(database, issuer, "hanako") is None
    link(database, "P-1", issuer, "hanako")
    link(database, "P-1", issuer, "hanako")
    assert person_of_subject(database, issuer, "hanako") == "P-1"
    assert person_of_subject(database, issuer, "Hanako") is None
    assert person_of_subject(database, f"{issuer}/", "hanako") is None
    assert person_of_subject(database, issuer, "hanako\0") is None
    with pytest.raises(ConflictError, match="another person"):
        link(database, "P-2", issuer, "hanako")
    with pytest.raises(ConflictError, match="linked already"):
        link(database, "P-1", issuer, "other")
    with pytest.raises(NotFoundError):
        link(database, "P-9", issuer, "nobody")
    assert person_of_subject(database, issuer, "hanako") == "P-1"


def test_key_under_the_servers_secret(two_people: Database) -> None:
    database, key = two_people, SigningKey.new()
    assert key_by_server(database, "P-1", secret=SECRET) is None
    seal_key_for_server(database, "P-1", key, secret=SECRET)
    assert key_by_server(database, "P-1", secret=SECRET) == key
    assert key_by_server(database, "P-1", secret=bytes(32)) is None
    with pytest.raises(UsageError, match="not the key"):
        seal_key_for_server(database, "P-1", SigningKey.new(), secret=SECRET)
    with pytest.raises(NotFoundError):
        seal_key_for_server(database, "P-9", key, secret=SECRET)
    # Moved to somebody else by who can write to the database, it opens for nobody.
    table = database.metadata.tables["account"]
    with database.writing() as connection:
        row = connection.execute(select(table).where(table.c.person == "P-1")).mappings().one()
        moved = {"key_by_server": row["key_by_server"], "public_key": row["public_key"]}
        connection.execute(update(table).where(table.c.person == "P-2").values(moved))
        other = {"public_key": SigningKey.new().key}
        connection.execute(update(table).where(table.c.person == "P-1").values(other))
    assert key_by_server(database, "P-2", secret=SECRET) is None
    assert key_by_server(database, "P-1", secret=SECRET) is None


def test_unlinking_leaves_a_way_in(two_people: Database) -> None:
    database, issuer, key = two_people, "https://sign-in.example", SigningKey.new()
    link(database, "P-1", issuer, "hanako")
    seal_key_for_server(database, "P-1", key, secret=SECRET)
    with pytest.raises(UsageError, match="no password"):
        unlink(database, "P-1")
    set_password(database, "P-1", "quiet-harbour-lantern-42", key, now())
    unlink(database, "P-1")
    unlink(database, "P-1")
    assert person_of_subject(database, issuer, "hanako") is None
    assert key_by_server(database, "P-1", secret=SECRET) is None
    link(database, "P-2", issuer, "hanako")
    unlink(database, "P-2", even_if_last=True)
    found = account(database, "P-2")
    assert found is not None and found.oidc_subject is None
