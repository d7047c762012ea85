"""Every route as every role and as nobody: who is let in, and that nothing of others is shown.

Routes are found, not listed: a page that is added later is walked as well. Nothing may answer with
a server error, whoever asks; what has ``reads`` or ``ability`` answers 403 to who lacks it; an
accountant of one area gets no answer about another, and no name of a batch of another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.routes import HTTPRoute

from keiryo.people.model import ROLES
from keiryo.web.rate import RateLimits
from web.site import PEOPLE, Site, copy_of, make_site
from web.watched_area import MBA, SEAL, STORE, watched_books

ISSUER, _, NUMBER = SEAL.partition("/")
VALUES = {"number": "3", "line": "1", "mba": "XAFA", "act": "3", "entry": "1", "m": "1", "n": "3"}
VALUES |= {"issuer": ISSUER, "seal": NUMBER, "containment": STORE}
OTHERS = {"mba": "XARA", "number": "102"}
FOREIGN = "F25-FA-001"
"""A batch of XARA, which an accountant of XAFA sees in their own shipments only."""


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return one site for all walks."""
    folder: Path = tmp_path_factory.mktemp("walk")
    made = make_site(copy_of(watched_books(), folder))
    made.app.state.server.rates = RateLimits(10**9, 10**9)
    yield made
    made.close()


def routes(site: Site) -> list[tuple[str, str, Any]]:
    """Return (method, path, handler) of every route."""
    found = []
    for route in site.app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                for method in sorted(handler.http_methods):
                    if method != "OPTIONS":
                        found.append((str(method), route.path, handler))
    return sorted(found, key=lambda one: one[:2])


def filled(path: str, values: dict[str, str] | None = None) -> str:
    """Return a path with its parameters filled in."""
    known = VALUES | (values or {})

    def value(match: re.Match[str]) -> str:
        name, _, kind = match[1].partition(":")
        return known.get(name, "1" if kind == "int" else "x")

    return re.sub(r"\{([^}]*)\}", value, path)


def content_of(method: str, path: str) -> dict[str, Any]:
    """Return what is sent: JSON to the API, nothing else."""
    return {"json": {}} if method == "POST" and path.startswith("/api/") else {}


def test_routes_are_found(walked: Site) -> None:
    assert len(routes(walked)) > 20


def test_nobody_is_let_in(walked: Site) -> None:
    with walked.client() as nobody:
        for method, path, handler in routes(walked):
            if handler.opt.get("open") or path.startswith("/static"):
                continue
            answer = nobody.request(method, filled(path), **content_of(method, path))
            where = answer.headers.get("location", "")
            closed = answer.status_code in (401, 403) or where.startswith("/sign-in")
            assert closed, f"{method} {path} answers nobody with {answer.status_code}"


@pytest.mark.parametrize("name", sorted(PEOPLE))
def test_pages_as_each_role(walked: Site, name: str) -> None:
    reads = {c for role, _ in PEOPLE[name][1] for c in ROLES[role].reads}
    abilities = {a for role, _ in PEOPLE[name][1] for a in ROLES[role].abilities}
    with walked.client(name) as client:
        for method, path, handler in routes(walked):
            if method != "GET" or path.startswith("/static"):
                continue
            answer = client.get(filled(path))
            assert answer.status_code < 500, f"{path} fails for {name}: {answer.status_code}"
            lacks = handler.opt.get("reads") not in (
                {None, *reads} | ({handler.opt.get("reads")} if "*" in reads else set())
            )
            lacks |= handler.opt.get("ability") not in {None, *abilities}
            if lacks:
                assert answer.status_code == 403, f"{path} is open to {name}"


WATCHED = (
    *("/coverage", f"/coverage/{MBA}", "/seals", f"/seals/{SEAL}"),
    *("/containments", f"/containments/{MBA}/{STORE}"),
)


def test_pages_of_what_is_watched_are_walked(walked: Site) -> None:
    """What the walks fill in leads to a seal and a containment that there are."""
    with walked.client("inspector") as inspector:
        for path in WATCHED:
            assert inspector.get(path).status_code == 200, path
    with walked.client("accountant") as accountant:
        for path in (f"/seals/{SEAL}", f"/containments/{MBA}/{STORE}"):
            assert accountant.get(path).status_code == 404, path


def test_nothing_is_done_without_a_token(walked: Site) -> None:
    """A form that another site made the browser send is refused before anything is done."""
    with walked.client("officer") as officer:
        for method, path, _ in routes(walked):
            if method in ("GET", "HEAD"):
                continue
            foreign = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
            content = content_of(method, path)
            answer = officer.request(method, filled(path), headers=foreign, **content)
            assert answer.status_code == 403, f"{method} {path}: {answer.status_code}"
            answer = officer.request(method, filled(path), **content)
            assert answer.status_code in (303, 403), f"{method} {path}: {answer.status_code}"


def test_another_area_is_not_there(walked: Site) -> None:
    with walked.client("accountant") as accountant:
        for method, path, _ in routes(walked):
            if method != "GET" or "{mba" not in path:
                continue
            answer = accountant.get(filled(path, OTHERS))
            assert answer.status_code in (403, 404), f"{path}: {answer.status_code}"
            assert FOREIGN not in answer.text


def test_headers_of_every_answer(walked: Site) -> None:
    with walked.client("officer") as officer:
        for method, path, _ in routes(walked):
            if method != "GET":
                continue
            answer = officer.get(filled(path))
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy and "unsafe-eval" not in policy, path
            assert answer.headers["x-content-type-options"] == "nosniff", path
            if "text/html" in answer.headers.get("content-type", ""):
                assert "unsafe" not in policy, path
                assert not re.search(r"<script(?![^>]*src=)(?![^>]*application/json)", answer.text)
                assert not re.search(r'\sstyle="|\son[a-z]+="', answer.text), path
