"""Under which names the server answers, and that nobody can send it elsewhere."""

from __future__ import annotations

import pytest

from keiryo.web.settings import Settings
from web.site import Site


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8710", 200),
        ("localhost", 200),
        ("[::1]:8710", 200),
        ("LOCALHOST:1", 200),
        ("elsewhere.example", 421),
        ("127.0.0.1.elsewhere.example", 421),
        ("127.0.0.1:x", 421),
        ("a@127.0.0.1", 421),
        ("", 421),
    ],
)
def test_names_of_the_server(site: Site, host: str, status: int) -> None:
    with site.client("officer") as officer:
        answer = officer.get("/journal", headers={"Host": host})
    assert answer.status_code == status
    assert "report.accept" not in answer.text or status == 200
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_names_follow_from_the_settings() -> None:
    assert "keiryo.example" in Settings("b", public_url="https://keiryo.example").names
    assert Settings("b", host="0.0.0.0").names == frozenset()
    assert "10.0.0.5" in Settings("b", host="10.0.0.5").names


def test_one_charset(site: Site) -> None:
    with site.client("officer") as officer:
        text = officer.get("/reports/XAFA/102/file?as=text")
        assert text.headers["content-type"] == "text/plain; charset=utf-8"
        table = officer.get("/areas?format=csv")
        assert table.headers["content-type"] == "text/csv; charset=utf-8"
        labelled = officer.get("/api/v1/reports/XAFA/102", headers={"Accept": "text/plain"})
        assert labelled.headers["content-type"] == "text/plain; charset=us-ascii"
