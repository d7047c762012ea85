"""Conditional requests: which entity tags are named, and that of two who saw the same one posts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from litestar.datastructures import Headers

from keiryo.oversight import worklist
from keiryo.web.api import findings
from keiryo.web.api.answering import PreconditionError, require_current
from web.api_client import program
from web.site import Site
from web.test_api import asked

CURRENT = '"00ab"'


@pytest.mark.parametrize(
    "given",
    ["*", " * ", '"00ab"', '"x", "00ab"', '"x,y","00ab"', ', "00ab",', '"*", "00ab"', '"", "00ab"'],
)
def test_named(given: str) -> None:
    sent: Any = SimpleNamespace(headers=Headers({"If-Match": given}))
    require_current(sent, lambda: CURRENT)


@pytest.mark.parametrize(
    "given",
    [
        *("", '"00*"', '"*"', '"x", *', '*, "x"', "00ab", 'W/"00ab"', '"00AB"', '"x" "00ab"'),
        *('w/"00ab"', '"00ab', "**", "00*", '"x,"00ab""', '"x, "00ab"'),
    ],
)
def test_not_named(given: str) -> None:
    sent: Any = SimpleNamespace(headers=Headers({"If-Match": given}))
    with pytest.raises(PreconditionError):
        require_current(sent, lambda: CURRENT)


def test_tags_that_are_asked_with(site: Site) -> None:
    officer = program(site, "officer")
    tag = officer.get("/areas/XAFA").headers["etag"]
    for given in ("*", tag, f"W/{tag}", f'"other", {tag}'):
        assert officer.get("/areas/XAFA", **{"If-None-Match": given}).status_code == 304, given
    for given in ('"*"', '"other*"', tag.strip('"'), f"{tag}x"):
        assert officer.get("/areas/XAFA", **{"If-None-Match": given}).status_code == 200, given
    act, line = asked(site)
    path = f"/findings/{act}/{line}/answer"
    for given in ('"00*"', "00*", f"W/{officer.get(f'/findings/{act}/{line}').headers['etag']}"):
        answer = officer.post(path, {"words": "x"}, **{"If-Match": given})
        assert answer.status_code == 412, given
    assert officer.post(path, {"words": "x"}, **{"If-Match": "*"}).status_code == 201


def test_of_two_with_one_tag_one_posts(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes between the question and the transaction is seen inside of it."""
    act, line = asked(site)
    officer = program(site, "officer")
    tag = officer.get(f"/findings/{act}/{line}").headers["etag"]

    def overtaken(books: Any, *given: Any) -> Any:
        actor = site.actor("accountant")
        worklist.answer(site.database, actor, (act, line), "I was first.", "closed")
        return worklist.answer(books, *given)

    monkeypatch.setattr(findings, "answer", overtaken)
    late = officer.post(f"/findings/{act}/{line}/answer", {"words": "late"}, **{"If-Match": tag})
    assert late.status_code == 412, late.text
    assert officer.get(f"/findings/{act}/{line}").json()["answer"] == "I was first."
