"""A provider of sign-in on this machine that may lie in whatever way a test asks for."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256, sha512
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

CLIENT = "keiryo"
ACCESS_TOKEN = "an-access-token-that-is-never-shown"


@cache
def rsa_key(name: str = "first", bits: int = 2048) -> RSAKey:
    return RSAKey.generate_key(bits, {"kid": name})


@cache
def ec_key(name: str = "ec") -> ECKey:
    return ECKey.generate_key("P-256", {"kid": name})


@cache
def okp_key(name: str = "okp") -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": name})


def public(*keys: RSAKey | ECKey | OKPKey) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False) for key in keys]}


def signed(
    claims: dict[str, Any], key: RSAKey | ECKey | OKPKey, algorithm: str, **header: Any
) -> str:
    header = {"alg": algorithm, "kid": key.kid} | header
    return jws.serialize_compact(
        {name: value for name, value in header.items() if value is not None},
        json.dumps(claims).encode(),
        key,
        registry=jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False),
    )


def signed_with_secret(claims: dict[str, Any], secret: bytes) -> str:
    """Sign as if something that others know were a secret (HS256)."""
    head = json.dumps({"alg": "HS256", "kid": "first"}).encode()
    signing = b".".join(map(_base64, (head, json.dumps(claims).encode())))
    return (signing + b"." + _base64(hmac.digest(secret, signing, "sha256"))).decode()


def unsigned(claims: dict[str, Any]) -> str:
    """Say that no signature is needed."""
    return (_base64(b'{"alg":"none"}') + b"." + _base64(json.dumps(claims).encode())).decode() + "."


def _base64(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def half_hash(token: str, algorithm: str) -> str:
    digest = (sha512 if algorithm == "EdDSA" else sha256)(token.encode()).digest()
    return _base64(digest[: len(digest) // 2]).decode()


@dataclass
class Hostile:
    """What the provider says, and what it was asked.

    ``pages`` maps a path to the answer: an object to be sent as JSON, bytes, or a function of the
    handler that answers by itself.
    """

    issuer: str
    pages: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def reset(self) -> None:
        """Become honest again."""
        self.asked.clear()
        self.pages = {
            "/.well-known/openid-configuration": {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "response_types_supported": ["code"],
                "id_token_signing_alg_values_supported": ["RS256", "PS256", "ES256", "EdDSA"],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
            },
            "/keys": public(rsa_key(), ec_key(), okp_key()),
        }

    @property
    def description(self) -> dict[str, Any]:
        found: dict[str, Any] = self.pages["/.well-known/openid-configuration"]
        return found

    def answers_with(self, id_token: str, more: dict[str, Any]) -> None:
        """Give this ID token for the next code."""
        answer = {"id_token": id_token, "access_token": ACCESS_TOKEN, "token_type": "Bearer"}
        self.pages["/token"] = answer | {"expires_in": 600} | more


def _handler(hostile: Hostile) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            hostile.asked.append((self.path, self.rfile.read(length).decode()))
            page = hostile.pages.get(self.path)
            if callable(page):
                try:
                    page(self)
                except OSError:
                    self.close_connection = True
                return
            content = page if isinstance(page, bytes) else json.dumps(page).encode()
            self.send(200 if page is not None else 404, content)

        do_POST = do_GET

        def send(self, status: int, content: bytes, **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


@contextmanager
def hostile_provider(wrap: Callable[[Any], Any] | None = None) -> Iterator[Hostile]:
    """Run it; `wrap` may put TLS around its socket."""
    hostile = Hostile("")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hostile))
    server.daemon_threads = True
    scheme = "http"
    if wrap is not None:
        server.socket = wrap(server.socket)
        scheme = "https"
    hostile.issuer = f"{scheme}://127.0.0.1:{server.server_port}"
    hostile.reset()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield hostile
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
