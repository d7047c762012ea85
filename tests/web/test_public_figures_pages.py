"""The page of public figures: figures, findings, pictures in both looks."""

from __future__ import annotations

import pytest

from web.site import Site


@pytest.mark.parametrize("who", ["accountant", "officer", "inspector", "cooperation"])
def test_everybody_sees_what_is_public(site: Site, who: str) -> None:
    with site.client(who) as client:
        page = client.get("/public-figures")
    assert page.status_code == 200
    for words in ("FIGURE-ROUNDING", "34947 kg Pu", "FIGURE-RISE", "21805", "As printed in t Puf"):
        assert words in page.text
    assert "Genshiryoku Sangyo Shimbun no. 2201" in page.text


def test_lists_are_filtered_and_exported(site: Site) -> None:
    with site.client("officer") as officer:
        page = officer.get("/public-figures?unit=kg+Puf&basis=fissile").text
        exported = officer.get("/public-figures?format=csv").text
        totals = officer.get("/public-figures?t-sort=year_end").text
    assert "JAEA reprocessing facility" in page and "125753" in totals
    rows = exported.splitlines()
    assert len(rows) == 109 and rows[1].startswith("2001,domestic,total,,5681,kg Pu,total,")


def test_pictures_in_both_looks(site: Site) -> None:
    with site.client("officer") as officer:
        light = officer.get("/public-figures/charts/kg-pu.svg")
        dark = officer.get("/public-figures/charts/kg-pu.svg?look=dark")
        none = officer.get("/public-figures/charts/lb-pu.svg")
    assert light.headers["content-type"].startswith("image/svg+xml")
    assert "sandbox" in light.headers["content-security-policy"]
    assert "#0072b2" in light.text and "#0072b2" not in dark.text
    assert "<title" in light.text and "<desc" in light.text
    assert none.status_code == 404


def test_nobody_is_led_to_the_sign_in(site: Site) -> None:
    with site.client() as nobody:
        assert nobody.get("/public-figures").status_code == 303
