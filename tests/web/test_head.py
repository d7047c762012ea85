"""HEAD: answered as GET is, without the content, and under the same rules."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from web.api_client import program
from web.site import PEOPLE, Site, serving
from web.test_every_route import filled, routes

OF_ONE_ANSWER = ("x-request-id", "date", "set-cookie", "retry-after", "content-length")


def compared(answer: Any) -> tuple[int, dict[str, str]]:
    """Return what must be the same of two answers."""
    kept = {n: v for n, v in answer.headers.items() if n not in OF_ONE_ANSWER}
    return answer.status_code, kept


@pytest.mark.parametrize("name", [None, "accountant", "security"])
def test_head_is_get_without_content(site: Site, name: str | None) -> None:
    with site.client(name) as client:
        paths = sorted({path for method, path, _ in routes(site) if method == "GET"})
        slow = ("/evaluation", "/api/v1/dependents", "/what-if")
        for path in paths[::3]:
            if path.startswith("/static") or any(one in path for one in slow):
                continue
            asked, got = client.request("HEAD", filled(path)), client.get(filled(path))
            assert asked.content == b"", path
            assert compared(asked) == compared(got), path


def test_head_of_what_matters(site: Site) -> None:
    assert set(PEOPLE)
    site.inner.cookies.clear()
    live = site.inner.head("/health/live")
    assert live.status_code == 200 and live.content == b"" and live.headers["content-length"]
    assert site.inner.head("/health/ready").status_code == 200
    assert site.inner.head("/nowhere").status_code == 404
    assert program(site, None).request("HEAD", "/areas").status_code == 401
    officer = program(site, "officer")
    asked = officer.request("HEAD", "/areas/XAFA")
    got = officer.get("/areas/XAFA")
    assert asked.status_code == 200 and asked.content == b""
    assert asked.headers["etag"] == got.headers["etag"]
    assert asked.headers["content-length"] == got.headers["content-length"]
    assert program(site, "accountant").request("HEAD", "/areas/XARA").status_code == 404
    assert officer.request("HEAD", "/reports/check").status_code == 405
    with site.client() as nobody:
        page = nobody.request("HEAD", "/journal")
        assert page.status_code == 303 and page.headers["location"] == "/sign-in?next=%2Fjournal"
        assert nobody.request("HEAD", "/static/keiryo.css").content == b""
    with site.client("officer") as browser:
        assert browser.request("HEAD", "/sign-out").status_code == 405
        assert browser.request("HEAD", "/areas?format=csv").status_code == 200
        refused = browser.request("POST", "/journal", data={})
        assert refused.status_code in (403, 405)
        allowed = refused.headers.get("allow", "GET, HEAD")
        assert "HEAD" in allowed


def test_head_on_the_wire(site: Site) -> None:
    token = site.session("officer")
    with (
        serving(site) as address,
        httpx.Client(base_url=address, trust_env=False, cookies={"keiryo_session": token}) as one,
    ):
        for path in ("/health/live", "/", "/areas?format=csv", "/areas/XAFA/ledger?format=csv"):
            assert one.head(path).status_code == 200, path
            assert one.get(path).content, path  # the connection is still sound
