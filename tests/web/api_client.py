"""Programs with tokens, for tests of the API."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from keiryo.people.tokens import make_token
from web.site import Site

API = "/api/v1"


def token_of(site: Site, name: str, *abilities: str, scope: str | None = None) -> str:
    """Return a new token of a member; it may read and write unless said otherwise."""
    member = site.members[name]
    token, _ = make_token(
        site.database,
        member.person,
        name="tests",
        abilities=abilities or ("read", "write"),
        scope=scope,
        lifetime=datetime.timedelta(days=30),
        signing_key=member.key,
        now=site.clock(),
    )
    return token


@dataclass
class Program:
    """A program that asks the API."""

    site: Site
    token: str | None = None

    def request(self, method: str, path: str, **more: Any) -> Any:
        """Ask for something below /api/v1."""
        self.site.inner.cookies.clear()
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        headers |= more.pop("headers", {})
        address = path if path.startswith(API) else f"{API}{path}"
        return self.site.inner.request(method, address, headers=headers, **more)

    def get(self, path: str, **headers: str) -> Any:
        """Read something."""
        return self.request("GET", path, headers=headers)

    def post(self, path: str, content: Any = None, **headers: str) -> Any:
        """Send JSON."""
        return self.request("POST", path, json={} if content is None else content, headers=headers)

    def walk(self, path: str) -> list[Any]:
        """Return all items of a list, page by page, by the links of the answers."""
        items, link = [], path
        while link:
            answer = self.get(link)
            assert answer.status_code == 200, answer.text
            items += answer.json()["items"]
            given = answer.headers.get("link", "")
            link = given.partition(">")[0].removeprefix("<")
            assert bool(answer.json()["next"]) == bool(link)
        return items


def program(site: Site, name: str | None, *abilities: str, scope: str | None = None) -> Program:
    """Return a program of a member; of nobody, if there is no name."""
    token = None if name is None else token_of(site, name, *abilities, scope=scope)
    return Program(site, token)
