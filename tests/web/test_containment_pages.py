"""Pages of containments: the list, ways and what watches them, contents, recording inspections."""

from __future__ import annotations

from typing import Any

import pytest

from web.site import Client, Site
from web.test_equipment_pages import filled
from web.test_report_pages import acts
from web.test_seal_pages import rows_of
from web.watched_area import ITEM, MBA, SEAL, STORE

ONE = f"/containments/{MBA}/{STORE}"


def inspected(client: Client, **fields: Any) -> dict[str, Any]:
    told = {
        "inspect_result": "intact",
        "inspect_at": "2026-01-09T10:00",
        "inspect_offset": "+00:00",
        "inspect_person": "Elena Ruiz",
        **fields,
    }
    return filled(client, ONE, "inspect-form", **told)


def test_who_may_see_what(watched: Site) -> None:
    for name, status in (
        *(("officer", 200), ("inspector", 200), ("auditor", 200)),
        *(("security", 403), ("cooperation", 403), ("administrator", 403)),
    ):
        with watched.client(name) as client:
            paths = ("/containments", ONE)
            assert {client.get(path).status_code for path in paths} == {status}, name
    with watched.client("accountant") as accountant:  # of another area
        assert rows_of(accountant, "/containments") == []
        assert accountant.get(ONE).status_code == 404
    with watched.client("auditor") as auditor:
        assert "inspect-form" not in auditor.get(ONE).text
        assert auditor.post(f"{ONE}/inspections", {}).status_code == 403


def test_empty_books(site: Site) -> None:
    with site.client("officer") as client:
        assert "No containment is in the record." in client.get("/containments").text
        assert client.get(ONE).status_code == 404


def test_the_list(watched: Site) -> None:
    with watched.client("officer") as client:
        (row,) = rows_of(client, "/containments")
        assert (row["name"], row["items"], row["seals"]) == (f"{MBA}/{STORE}", "2", "1")
        assert row["ways"] == "door, hatch" and row["kmp"] == "A"
        assert f'href="{ONE}"' in client.get("/containments").text


def test_ways_and_contents(watched: Site) -> None:
    with watched.client("inspector") as client:
        text = client.get(ONE).text
    ways = text.split('id="ways-title"')[1].split("</section>")[0]
    assert f'href="/seals/{SEAL}"' in ways and "camera:CAM-11" in ways
    assert 'data-kind="wait"' in ways, "the seal is pending since its last check"
    assert f"/coverage/{MBA}/item?batch={ITEM}" in text and f'href="/coverage/{MBA}"' in text


def test_an_inspection_is_recorded(watched: Site) -> None:
    before = acts(watched)
    with watched.client("inspector") as client:
        assert client.post(f"{ONE}/inspections", {}).status_code == 422
        wrong = client.post(f"{ONE}/inspections", inspected(client, inspect_result="good"))
        assert wrong.status_code == 422 and "Choose what was found." in wrong.text
        early = inspected(client, inspect_at="2999-01-09T10:00")
        assert "CONTAINMENT-FUTURE" in client.post(f"{ONE}/inspections", early).text
        assert acts(watched) == before
        form = inspected(client, inspect_second="A. Holm", inspect_note="walls and welds")
        photo = {"inspect_photos": ("wall.jpg", b"\xff\xd8\xff", "image/jpeg")}
        done = client.post(f"{ONE}/inspections", form, files=photo)
        assert done.status_code == 303, done.text
        text = client.get(done.headers["location"]).text
        assert "walls and welds" in text and "wall.jpg" in text and "Elena Ruiz, A. Holm" in text
        (row,) = rows_of(client, "/containments")
        assert row["result"] == "intact"
        again = client.post(f"{ONE}/inspections", {**inspected(client), "_head": str(before)})
        assert again.status_code == 409


@pytest.mark.parametrize("path", [f"/containments/{MBA}/nothing", "/containments/XXXX/store"])
def test_what_is_not_there(watched: Site, path: str) -> None:
    with watched.client("inspector") as client:
        assert client.get(path).status_code == 404


def test_coverage_on_the_pages_of_the_area(watched: Site) -> None:
    with watched.client("inspector") as client:
        area = client.get(f"/areas/{MBA}").text
        assert "coverage-title" in area and f'href="/coverage/{MBA}"' in area
        assert "coverage-title" not in client.get("/areas/XAFA").text
        batch = client.get(f"/areas/{MBA}/batch/{ITEM}").text
        assert f'href="/coverage/{MBA}/item?batch={ITEM}"' in batch
    with watched.client("cooperation") as client:  # reads accounts, not coverage
        page = client.get(f"/areas/{MBA}")
        assert page.status_code == 200 and "coverage-title" not in page.text
