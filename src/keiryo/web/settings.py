"""Settings of the server: from a file, overridden by the environment; every one has a default.

The file is TOML. Each key may be given in the environment as well, as ``KEIRYO_WEB_`` and the key
in capitals (``KEIRYO_WEB_PORT=8711``). What is not a setting is refused, so that a misspelt one
is not silently ignored.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from keiryo.errors import KeiryoError, UsageError
from keiryo.people.oidc_provider import OidcProvider
from keiryo.storage.engine import database_url

PREFIX = "KEIRYO_WEB_"
STORES = "KEIRYO_SECURITY_STORES"
"""Names the folder of the sealed stores, as for the commands."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the server runs.

    Attributes
    ----------
    books : str
        Path of an SQLite file or ``postgresql://`` URL.
    host, port : str, int
        Where it listens; beyond loopback only if told to.
    public_url : str or None
        Address under which browsers reach it, e.g. ``https://keiryo.example``; with ``https``
        cookies are for secure connections only.
    trusted_proxies : tuple of str
        Addresses or networks whose ``X-Forwarded-For`` is believed.
    workers : int
        Processes; more than one needs PostgreSQL.
    session_hours, idle_minutes : int
        How long somebody stays signed in, at most and without doing anything.
    upload_mb, upload_files : int
        The largest upload, and how many files it may have.
    requests_per_minute, strangers_per_minute : int
        Requests to the API from one token or session, and from one address that is not signed in
        (there, to sign in as well).
    language : str
        Of pages before anybody chose: ``"en"`` or ``"ja"``.
    log_level : str
    security_stores : str or None
        The folder of the sealed stores; without it there are no pages of them.
    oidc : tuple of OidcProvider
        Single sign-on.
    """

    books: str
    host: str = "127.0.0.1"
    port: int = 8710
    public_url: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    workers: int = 1
    session_hours: int = 12
    idle_minutes: int = 60
    upload_mb: int = 64
    upload_files: int = 100
    requests_per_minute: int = 600
    strangers_per_minute: int = 120
    language: str = "en"
    log_level: str = "info"
    security_stores: str | None = None
    oidc: tuple[OidcProvider, ...] = field(default=(), repr=False)

    @property
    def secure(self) -> bool:
        """Whether browsers come by ``https``."""
        return (self.public_url or "").startswith("https://")

    @property
    def names(self) -> frozenset[str]:
        """The names under which the server is known; empty: any, where nobody said its name."""
        known = {"127.0.0.1", "localhost", "::1"}
        if self.public_url:
            known.add((urlsplit(self.public_url).hostname or "").lower())
        elif self.host in ("0.0.0.0", "::"):
            return frozenset()
        return frozenset(known | {self.host.lower()})

    @property
    def address(self) -> str:
        """The address to open."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.port}"


_NUMBERS = {
    "port": (1, 65_535),
    "workers": (1, 64),
    "session_hours": (1, 168),
    "idle_minutes": (1, 1_440),
    "upload_mb": (1, 2_048),
    "upload_files": (1, 1_000),
    "requests_per_minute": (1, 1_000_000),
    "strangers_per_minute": (1, 1_000_000),
}
_CHOICES = {"language": ("en", "ja"), "log_level": ("debug", "info", "warning", "error")}


def read_settings(
    place: str,
    file: Path | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    **given: Any,
) -> Settings:
    """Return the settings from a file, the environment and what was given, the last wins.

    Parameters
    ----------
    place : str
        Where the books are, unless one of these says otherwise (``books``).
    file : Path, optional
    environment : mapping, optional
        Default: that of this process.

    Raises
    ------
    UsageError
        If the file cannot be read or a setting is wrong; all that is wrong is named.
    """
    found: dict[str, Any] = {"books": place}
    if file is not None:
        found |= _from_file(file)
    variables = os.environ if environment is None else environment
    if variables.get(STORES):
        found["security_stores"] = variables[STORES]
    for name, text in variables.items():
        if name.startswith(PREFIX):
            key = name.removeprefix(PREFIX).lower()
            found[key] = text.split(",") if key == "trusted_proxies" else text
    found |= {name: value for name, value in given.items() if value is not None}
    known = {f.name for f in fields(Settings)}
    problems = [f"{name} is no setting" for name in sorted(set(found) - known)]
    values = {n: _checked(n, v, problems) for n, v in found.items() if n in known}
    if (values.get("workers") or 1) > 1 and _is_sqlite(values.get("books")):
        problems.append("several workers need PostgreSQL; SQLite is for one process")
    if (values.get("workers") or 1) > 1 and values.get("security_stores"):
        problems.append("pages of sealed stores are for one process: workers = 1")
    if problems:
        raise UsageError(
            f"the settings cannot be used: {'; '.join(problems)}",
            "The guide Operation (docs/guides/operation.md) has every setting with its default.",
        )
    return Settings(**values)


def _is_sqlite(books: str | None) -> bool:
    return books is not None and database_url(books).get_backend_name() == "sqlite"


def _from_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}", "It is a TOML file.") from error


def _checked(name: str, value: Any, problems: list[str]) -> Any:
    """Return a value in the type of its setting; what is wrong is added to `problems`."""
    if name in _NUMBERS:
        low, high = _NUMBERS[name]
        if str(value).isdecimal() and low <= int(value) <= high:
            return int(value)
        problems.append(f"{name} is a number from {low} to {high}, not {value!r}")
    elif name in _CHOICES:
        if value in _CHOICES[name]:
            return value
        problems.append(f"{name} is one of {', '.join(_CHOICES[name])}, not {value!r}")
    elif name == "oidc":
        return _providers(value, problems)
    elif name == "trusted_proxies":
        if isinstance(value, list) and all(_is_network(one) for one in value):
            return tuple(one.strip() for one in value)
        problems.append(f"trusted_proxies is a list of addresses or networks, not {value!r}")
    elif not isinstance(value, str) or not value:
        problems.append(f"{name} is text, not {value!r}")
    elif name == "public_url" and not _is_origin(value):
        problems.append(f"public_url is https://host or https://host:port, not {value!r}")
    elif name == "security_stores" and not Path(value).is_dir():
        problems.append("security_stores is a folder that exists")
    elif name == "books":
        return _books(value, problems)
    else:
        return value.rstrip("/") if name == "public_url" else value
    return None


def _is_network(text: Any) -> bool:
    try:
        ip_network(text.strip(), strict=False)
    except (ValueError, AttributeError):
        return False
    return True


def _is_origin(text: str) -> bool:
    """Return whether a text is the address of a host and no more: pages lie at its root."""
    try:
        parts = urlsplit(text)
        plain = parts.hostname and parts.port != 0 and parts.username is None
    except ValueError:
        return False
    rest = parts.path.strip("/") or parts.query or parts.fragment
    return parts.scheme in ("https", "http") and bool(plain) and not rest


def _books(place: str, problems: list[str]) -> str | None:
    """Return a place of books; a URL may hold a password, so it is not shown."""
    try:
        database_url(place)
    except UsageError:
        problems.append("books is the path of an SQLite file or a postgresql:// URL")
        return None
    except Exception:  # SQLAlchemy could not read the URL
        problems.append("books is no URL of a database that can be read")
        return None
    return place


def _providers(value: Any, problems: list[str]) -> tuple[OidcProvider, ...]:
    try:
        made = []
        for one in value:
            fields_: dict[str, Any] = dict(one)
            lists = {k: tuple(v) for k, v in fields_.items() if isinstance(v, list)}
            made.append(OidcProvider(**{**fields_, **lists}))
        return tuple(made)
    except (TypeError, AttributeError, ValueError, KeiryoError) as error:
        problems.append(f"an [[oidc]] table is not complete: {error}")
        return ()
