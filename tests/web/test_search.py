"""The search: what is called exactly so opens at once, and who finds whom."""

from __future__ import annotations

import pytest

from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from web.api_client import program
from web.site import PEOPLE, Site


@pytest.mark.parametrize(
    ("words", "where"),
    [
        ("XAFA/102", "/reports/XAFA/102"),
        ("XAFA 102", "/reports/XAFA/102"),
        ("  xafa  102 ", "/reports/XAFA/102"),
        ("report XAFA/102", "/reports/XAFA/102"),
        ("act 3", "/journal/acts/3"),
        ("Act:3", "/journal/acts/3"),
        ("xafa", "/areas/XAFA"),
        ("XAFA/CYL30B-4471", "/areas/XAFA/batch/CYL30B-4471"),
        ("P-CCCCCCCC", "/me"),
        ("Chie Tanaka", "/me"),
    ],
)
def test_what_is_called_so_opens_at_once(site: Site, words: str, where: str) -> None:
    with site.client("officer") as officer:
        answer = officer.get("/search", params={"q": words})
        assert answer.status_code == 303, words
        assert answer.headers["location"].partition("?")[0] == where
        # A part of the page that looks while somebody types is not led away.
        assert officer.get("/search", params={"q": words}, headers={"HX-Request": "true"}).text


def test_what_is_not_exact_is_listed(site: Site) -> None:
    with site.client("officer") as officer:
        digest = program(site, "officer").get("/acts/3").json()["digest"]
        assert officer.get(f"/search?q={digest}").headers["location"] == "/journal/acts/3"
        for words in ("102", "XAFA 999", "F25-FA", "act 999999", "", "%00", "nobody 1"):
            assert officer.get(f"/search?q={words}").status_code == 200, words


def test_who_finds_whom(site: Site) -> None:
    officer, other = site.members["officer"].person, site.members["accountant"].person
    with site.client("officer") as client:
        assert 'href="/me"' in client.get("/search?q=tanaka").text
        for words in ("Mori", other, other.lower()):
            page = client.get(f"/search?q={words}").text
            assert "Aiko" not in page and "/admin" not in page
        found = client.get("/search?q=p-demo2345")
        assert found.headers["location"] == "/journal?person=P-DEMO2345"
    with site.client("administrator") as client:
        assert f'href="/admin/people/{other}"' in client.get("/search?q=mori").text
        assert client.get("/search?q=Aiko Mori").headers["location"] == f"/admin/people/{other}"
        assert client.get(f"/search?q={other}").headers["location"] == f"/admin/people/{other}"
    with site.client("security") as client:
        assert "P-DEMO2345" not in client.get("/search?q=P-DEMO").text.partition("<h2>")[2]
        assert client.get(f"/search?q={officer}").status_code == 200


def test_who_sees_an_act_finds_who_posted_it(site: Site) -> None:
    """The journal shows a name with every act that is seen; a search finds no other names."""
    members = site.members
    for name, mba in (("accountant2", "XAFA"), ("officer2", "XARA")):
        draft, scope = Draft("source.record", f"test:{name}"), f"XA/{mba[:3]}-/{mba}"
        draft.add(
            "batch", scope=scope, batch_uid=f"{mba}/N#1", mba=mba, name="N", kind="batch",
            event_date=20260105,
        )  # fmt: skip
        act = post(site.database, draft, site.actor(name)).act.act_id
        with site.client("officer") as officer:
            assert PEOPLE[name][0] in officer.get(f"/journal/acts/{act}").text
    ben, daniel = members["accountant2"].person, members["officer2"].person
    with site.client("officer") as officer:
        for words in ("Ben Sato", "ben sato", "ＢＥＮ ＳＡＴＯ", ben, ben.lower()):
            found = officer.get("/search", params={"q": words})
            assert found.headers["location"] == f"/journal?person={ben}", words
        assert f"/journal?person={daniel}" in officer.get("/search?q=ono").text
        # A name to sign in with is on no act; who posted nothing is not known from acts.
        for words in ("accountant2", "officer2", "Mori", "Ichiro"):
            assert "/journal?person=" not in officer.get(f"/search?q={words}").text, words
    with site.client("accountant") as accountant:  # of XAFA: no act about XARA alone is seen
        assert accountant.get("/search?q=Ben Sato").headers["location"].endswith(ben)
        for words in ("Daniel", "Daniel Ono", daniel):
            found = accountant.get(f"/search?q={words}")
            assert found.status_code == 200 and "Ono</a>" not in found.text
            assert f"/journal?person={daniel}" not in found.text
    with site.client("administrator") as administrator:
        location = administrator.get("/search?q=Ben Sato").headers["location"]
        assert location == f"/admin/people/{ben}"


def test_programs_find_the_same(site: Site) -> None:
    officer = program(site, "officer")
    pages = [hit["page"] for hit in officer.get("/search?q=XAFA%20102").json()["items"]]
    assert any(page.startswith("/reports/XAFA/102") for page in pages)
    assert officer.get("/search?q=%20").json()["items"] == []
