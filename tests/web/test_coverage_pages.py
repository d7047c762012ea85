"""Pages of coverage: areas, an area, an item; who may see them; bad addresses."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from web.site import Site
from web.watched_area import ITEM, MBA, STORE

ITEM_PAGE = f"/coverage/{MBA}/item?batch={ITEM}"
PERIOD = "from=2025-12-09T00:00Z&to=2025-12-13T00:00Z"


def text_of(site: Site, path: str, who: str = "inspector") -> str:
    with site.client(who) as client:
        answer = client.get(path)
        assert answer.status_code == 200, answer.text[:300]
        return str(answer.text)


def test_areas_with_containments(watched: Site) -> None:
    text = text_of(watched, "/coverage")
    assert f'href="/coverage/{MBA}"' in text and "/coverage/XAFA" not in text


def test_an_area_as_it_was_known(watched: Site) -> None:
    page = f"/coverage/{MBA}?on=2025-12-11T02:30Z&{PERIOD}"
    text = text_of(watched, page)
    assert "inconclusive" in text and STORE in text and "INT.IAEA/0042871" in text
    assert "To be verified again" in text
    assert re.search(r"461,232\.7 g", text), "weights of what is to be verified again"
    # before anybody concluded, the camera is still to be judged
    earlier = text_of(watched, f"{page}&known=2025-12-12T00:00Z")
    assert "pending" in earlier.split("items-title")[-1]


def test_an_item_shows_its_ways(watched: Site) -> None:
    text = text_of(watched, f"{ITEM_PAGE}&on=2025-12-11T02:30Z&{PERIOD}")
    assert "camera:CAM-11" in text and "hatch" in text and "door" in text
    assert "lost" in text and "pic-watch-inconclusive" in text


@pytest.mark.parametrize(
    "path",
    [
        f"/coverage/{MBA}?on=yesterday",
        f"/coverage/{MBA}?from=2025-12-13T00:00Z&to=2025-12-09T00:00Z",
        f"/coverage/{MBA}/item",
        f"/coverage/{MBA}/item?batch=nothing",
        "/coverage/XXXX",
    ],
)
def test_bad_addresses_are_told(watched: Site, path: str) -> None:
    with watched.client("inspector") as client:
        assert client.get(path).status_code in (400, 404, 422)


def test_who_may_not_see_it(watched: Site) -> None:
    with watched.client("accountant") as client:
        assert client.get(f"/coverage/{MBA}").status_code in (403, 404)
    with watched.client("security") as client:
        assert client.get(f"/coverage/{MBA}").status_code in (403, 404)


def test_hostile_names_stay_text(watched: Site) -> None:
    name = "<script>alert(1)</script>"
    with watched.client("inspector") as client:
        assert "<script>alert" not in client.get(f"/coverage/{MBA}/item?batch={quote(name)}").text
