"""Settings of the server: file, environment, command line; what is wrong is said all at once."""

from __future__ import annotations

import re
import tomllib
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest

from keiryo.errors import UsageError
from keiryo.web.settings import PREFIX, Settings, read_settings

TOP = Path(__file__).resolve().parent.parent.parent
POSTGRES = "postgresql://keiryo:hush@db/books"
EVERY: dict[str, Any] = {
    "books": POSTGRES,
    "host": "192.0.2.7",
    "port": 9000,
    "public_url": "https://keiryo.example",
    "trusted_proxies": ("127.0.0.1", "10.0.0.0/8"),
    "workers": 4,
    "session_hours": 8,
    "idle_minutes": 15,
    "upload_mb": 10,
    "upload_files": 5,
    "requests_per_minute": 300,
    "strangers_per_minute": 60,
    "language": "ja",
    "log_level": "warning",
}


def settings_of(text: str = "", folder: Path | None = None, **more: Any) -> Settings:
    """Return the settings that a file gives."""
    file = None
    if folder is not None:
        file = folder / "server.toml"
        file.write_text(text, encoding="utf-8")
    return read_settings("books.sqlite", file, **{"environment": {}, **more})


def toml(values: dict[str, Any]) -> str:
    """Return settings as the lines of a file."""
    shown = {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}
    return "\n".join(f"{name} = {value!r}" for name, value in shown.items())


def test_every_setting_from_a_file_and_from_the_environment(tmp_path: Path) -> None:
    assert set(EVERY) == {f.name for f in fields(Settings)} - {"oidc", "security_stores"}
    wanted = Settings(**EVERY)
    assert settings_of(toml(EVERY), tmp_path) == wanted
    words = {
        PREFIX + name.upper(): ",".join(value) if isinstance(value, tuple) else str(value)
        for name, value in EVERY.items()
    }
    assert settings_of(environment=words) == wanted


def test_the_folder_of_sealed_stores(tmp_path: Path) -> None:
    words = {"KEIRYO_SECURITY_STORES": str(tmp_path)}
    assert settings_of(environment=words).security_stores == str(tmp_path)
    assert settings_of(environment={"KEIRYO_SECURITY_STORES": ""}).security_stores is None
    with pytest.raises(UsageError, match="security_stores is a folder"):
        settings_of(environment={"KEIRYO_SECURITY_STORES": str(tmp_path / "none")})
    with pytest.raises(UsageError, match="sealed stores are for one process"):
        settings_of(environment=words, books=POSTGRES, workers=2)


def test_the_last_wins(tmp_path: Path) -> None:
    text = 'port = 9000\nlanguage = "ja"\nlog_level = "error"\nbooks = "file.sqlite"'
    words = {"KEIRYO_WEB_PORT": "9001", "KEIRYO_WEB_LANGUAGE": "en", "OTHER": "x"}
    found = settings_of(text, tmp_path, environment=words, port=9002, host=None)
    assert (found.port, found.language, found.log_level) == (9002, "en", "error")
    assert (found.books, found.host) == ("file.sqlite", "127.0.0.1")
    assert settings_of(text, tmp_path, books="given.sqlite").books == "given.sqlite"


def test_single_sign_on(tmp_path: Path) -> None:
    text = (
        '[[oidc]]\nname = "Ministry"\nissuer = "https://login.example"\nclient_id = "keiryo"\n'
        'client_secret = "hush"\nscopes = ["openid"]\n'
    )
    found = settings_of(text, tmp_path)
    assert found.oidc[0].scopes == ("openid",) and "hush" not in repr(found)
    for wrong in (text.replace("https", "http"), text.replace("client_id", "klient"), "oidc = 3"):
        with pytest.raises(UsageError, match=r"\[\[oidc\]\]"):
            settings_of(wrong, tmp_path)


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    text = toml(
        {
            "prot": 8711,
            "port": 0,
            "workers": 65,
            "session_hours": -1,
            "idle_minutes": "soon",
            "upload_mb": 1.5,
            "upload_files": True,
            "language": "fr",
            "log_level": "loud",
            "public_url": "keiryo.example",
            "trusted_proxies": "127.0.0.1",
            "host": 7,
        }
    ).replace("True", "true")
    with pytest.raises(UsageError) as caught:
        settings_of(text, tmp_path, environment={"KEIRYO_WEB_HOTS": "x"})
    for name in re.findall(r"^(\w+)", text, re.M):
        assert re.search(rf"\b{name} is ", caught.value.message), name
    assert "hots is no setting" in caught.value.message
    assert "docs/guides/operation.md" in caught.value.advice


@pytest.mark.parametrize(
    "wrong",
    [
        "ftp://x.example",
        "https://",
        "https://x.example/keiryo",
        "https://me@x.example",
        "https://x.example?a=b",
        "https://x.example:port",
        "",
    ],
)
def test_public_address_is_that_of_a_host(wrong: str) -> None:
    with pytest.raises(UsageError, match="public_url"):
        settings_of(environment={"KEIRYO_WEB_PUBLIC_URL": wrong})
    assert settings_of(public_url="https://x.example/").public_url == "https://x.example"


def test_a_proxy_that_is_no_address_is_not_passed_over() -> None:
    with pytest.raises(UsageError, match="trusted_proxies"):
        settings_of(environment={"KEIRYO_WEB_TRUSTED_PROXIES": "127.0.0.1,proxy.example"})


@pytest.mark.parametrize("place", ["books.sqlite", "sqlite:////srv/books.sqlite"])
def test_several_workers_need_postgresql(place: str) -> None:
    with pytest.raises(UsageError, match=r"port is .*; several workers need PostgreSQL"):
        settings_of(books=place, workers=2, port=0)
    assert settings_of(books=POSTGRES, workers=2).workers == 2


def test_a_password_in_the_place_of_the_books_is_not_shown() -> None:
    for wrong in ("mysql://me:hush@host/x", "postgresql://me:hush@host:port/x"):
        with pytest.raises(UsageError, match="books is") as caught:
            settings_of(books=wrong)
        assert "hush" not in caught.value.message


def test_unreadable_files(tmp_path: Path) -> None:
    for content in (b"port = ", b"\xff\xfe"):
        (tmp_path / "x.toml").write_bytes(content)
        with pytest.raises(UsageError, match="cannot be read"):
            read_settings("books.sqlite", tmp_path / "x.toml")
    with pytest.raises(UsageError, match="cannot be read"):
        read_settings("books.sqlite", tmp_path / "missing.toml")


def test_where_it_is_and_whether_by_https() -> None:
    assert settings_of().address == "http://127.0.0.1:8710"
    assert settings_of(host="::1").address == "http://[::1]:8710"
    assert not settings_of(public_url="http://x.example").secure
    assert settings_of(public_url="https://x.example").secure


def defaults() -> dict[str, Any]:
    """Return every setting that has a default, with it."""
    return {f.name: f.default for f in fields(Settings) if f.default is not MISSING}


def test_the_guide_has_every_setting_with_its_default() -> None:
    guide = (TOP / "docs" / "guides" / "operation.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", guide, re.M))
    shown = {
        name: "none" if value in (None, ()) else f"`{value}`" for name, value in defaults().items()
    }
    assert {name: rows.get(name) for name in shown} == shown
    assert set(rows) >= set(shown) | {"books"}


def test_the_example_file_holds_the_defaults() -> None:
    text = (TOP / "deploy" / "server.toml").read_text("utf-8")
    told = tomllib.loads(text)
    assert told == {name: value for name, value in defaults().items() if name in told}
    left_out = set(defaults()) - set(told)
    assert all(re.search(rf"^# (\[\[)?{name}\b", text, re.M) for name in left_out)
    loaded = tomllib.loads(re.sub(r"^# (?=\w+ = |\[\[)", "", text, flags=re.M))
    assert set(loaded) == set(defaults())
