"""The spectrum viewer: what is kept, what is only looked at, the view in the address, exports."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keiryo.detection_sites.keeping_spectra import keep_spectrum
from keiryo.web.pages import spectra_held
from keiryo.web.pictures.spectrum_view import MOST_BINS, View, binned, round_ticks, spectrum_view
from web.browser import launched, window
from web.site import Client, Site, serving
from web.test_pictures import sound

SPECTRA = Path(__file__).resolve().parents[1] / "data" / "spectra"
GERMANIUM = SPECTRA / "alcatraz_field_2012.spc"
UNCALIBRATED = SPECTRA / "d3s_csi_ba133_cs137_uncalibrated.spe"
PORTAL = SPECTRA / "ba133_8hpge_portal_20100317.n42"


def sent(client: Client, name: str, content: bytes) -> Any:
    return client.post("/spectra", {}, files={"file": (name, content, "application/octet-stream")})


def looked(client: Client, file: Path) -> str:
    answer = sent(client, file.name, file.read_bytes())
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def kept(site: Site, file: Path) -> str:
    import hashlib

    keep_spectrum(site.database, site.actor("officer"), "RIID-1", file)
    return f"/spectra/{hashlib.sha256(file.read_bytes()).hexdigest()}"


def test_who_may_see_what(detecting: Site) -> None:
    path = kept(detecting, GERMANIUM)
    for name, status in (("port", 200), ("expert", 200), ("officer", 200), ("auditor", 200)):
        with detecting.client(name) as client:
            assert client.get("/spectra").status_code == status, name
            assert client.get(path).status_code == status, name
    for name in ("accountant", "administrator", "cooperation", "inspector"):
        with detecting.client(name) as client:
            assert client.get("/spectra").status_code == 403
            assert client.get(path).status_code == 403


def test_a_file_that_is_looked_at_is_its_senders_alone(detecting: Site) -> None:
    with detecting.client("port") as one, detecting.client("expert") as other:
        path = looked(one, GERMANIUM)
        assert one.get(path).status_code == 200
        assert other.get(path).status_code == 404
        assert one.get("/spectra/look/0000").status_code == 404


def test_a_file_is_held_an_hour(detecting: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with detecting.client("port") as client:
        path = looked(client, GERMANIUM)
        monkeypatch.setattr(spectra_held, "HELD_S", -1.0)
        assert client.get(path).status_code == 404
        looked(client, UNCALIBRATED)
        assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.spe", b""),
        ("text.spe", b"hello"),
        ("some.zip", b"PK\x03\x04" + b"\0" * 40),
        ("cut.cnf", b"\x01\x00" * 9),
        ("<b>.csv", b"energy,counts\n1,-5\n2,x\n"),
    ],
)
def test_what_is_no_spectrum_is_told(detecting: Site, name: str, content: bytes) -> None:
    with detecting.client("port") as client:
        answer = sent(client, name, content)
    assert answer.status_code == 422 and "This file cannot be looked at." in answer.text
    assert "<b>.csv" not in answer.text


def test_no_file(detecting: Site) -> None:
    with detecting.client("port") as client:
        assert "Choose a file." in client.post("/spectra", {}).text


def test_the_view(detecting: Site) -> None:
    with detecting.client("port") as client:
        path = kept(detecting, GERMANIUM)
        text = client.get(path).text
        assert "pic-spectrum-counts" in text and "pic-spectrum-fit" in text
        assert "Energy, keV" in text and "661" in text
        near = client.get(f"{path}?low=1440&high=1480&scale=linear&rest=1").text
        assert "pic-spectrum-rest" in near and "Counts in a channel" in near
        lines = client.get(f"{path}?lines=Cs-137,co60&shield=Pb&mm=20").text
        assert "Cs-137: 661.66 keV" in lines and "Co-60: 1332.49 keV, 100 %" in lines
        named = client.get(f"{path}?named=1").text
        assert "K-40" in named and "natural radioactivity" in named
        without = client.get(f"{path}?peaks=0").text
        assert "pic-spectrum-fit" not in without and "peaks-title" not in without


def test_a_shield_weakens_low_lines(detecting: Site) -> None:
    def share(text: str) -> float:
        found = re.search(r"Co-57: 122\.06 keV, ([0-9.e-]+) %", text)
        return float(found[1]) if found else 0.0

    with detecting.client("port") as client:
        path = kept(detecting, GERMANIUM)
        bare = client.get(f"{path}?lines=Co-57").text
        behind = client.get(f"{path}?lines=Co-57&shield=Pb&mm=5").text
    assert share(bare) == 100 and share(behind) < 20


@pytest.mark.parametrize(
    "query",
    [
        *("low=a", "low=nan", "low=5&high=1", "lines=Xx-999", "mm=-4&shield=Pb", "n=99"),
        *("background=77", "scale=x", "peak=999999", "n=0", "low=1e300", "lines=" + "a" * 500),
    ],
)
def test_an_odd_address_shows_the_spectrum(detecting: Site, query: str) -> None:
    with detecting.client("port") as client:
        answer = client.get(f"{kept(detecting, GERMANIUM)}?{query}")
    assert answer.status_code == 200 and "pic-spectrum-counts" in answer.text


def test_without_a_scale_channels_are_shown(detecting: Site) -> None:
    with detecting.client("port") as client:
        text = client.get(f"{looked(client, UNCALIBRATED)}?lines=Cs-137").text
    assert "Channel: the file states no energy scale" in text and "No energy scale" in text
    assert "pic-spectrum-stem" not in text


def test_a_file_with_many_spectra(detecting: Site) -> None:
    with detecting.client("port") as client:
        path = looked(client, PORTAL)
        text = client.get(f"{path}?n=2").text
        under = client.get(f"{path}?n=2&background=3&rest=1").text
        less = client.get(f"{path}?n=2&background=3&less=1").text
    assert text.count('aria-current="page"') >= 1 and "n=3" in text
    assert "pic-spectrum-background" in under and "less background" in under
    assert "pic-spectrum-background" not in less


def test_exports(detecting: Site) -> None:
    with detecting.client("port") as client:
        path = kept(detecting, GERMANIUM)
        csv = client.get(f"{path}?as=csv")
        assert "attachment" in csv.headers["content-disposition"] and len(csv.content) > 10_000
        assert client.get(f"{path}?as=n42").content.lstrip().startswith(b"<?xml")
        assert b"<svg" in client.get(f"{path}?as=svg&low=600&high=700").content
        assert client.get(f"{path}?as=exe").status_code == 404


def test_what_is_not_there(detecting: Site) -> None:
    with detecting.client("port") as client:
        assert client.get("/spectra/" + "0" * 64).status_code == 404
        assert client.get("/spectra/x").status_code == 404


def test_dragging_enlarges(detecting: Site) -> None:
    path = kept(detecting, GERMANIUM)
    with (
        serving(detecting) as address,
        launched() as browser,
        window(browser, address, site=detecting, member="port") as seen,
    ):
        seen.go(path)
        box = seen.page.locator("#spectrum svg").bounding_box()
        assert box is not None
        seen.page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 200)
        seen.page.mouse.down()
        seen.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 210, steps=4)
        seen.page.mouse.up()
        seen.page.wait_for_url("**low=*high=*")
        low, high = (float(seen.page.locator("#spectrum").get_attribute(f"data-{n}") or 0)
                     for n in ("low", "high"))  # fmt: skip
        assert 0 < low < high
        seen.page.keyboard.press("s")
        seen.page.wait_for_url("**scale=linear*")


@given(st.integers(1, 5000), st.floats(0, 1), st.floats(0, 1))
def test_bins_lose_no_counts(channels: int, one: float, other: float) -> None:
    edges = np.linspace(0.0, 3000.0, channels + 1)
    counts = np.arange(channels) % 7
    low, high = sorted((3000.0 * one, 3000.0 * other))
    found = binned(counts, edges, low, high)
    assert len(found.counts) <= MOST_BINS and len(found.edges) == len(found.counts) + 1
    inside = (edges[:-1] >= found.edges[0]) & (edges[1:] <= found.edges[-1] + 1e-9)
    assert found.counts.sum() == counts[inside].sum()
    assert found.edges[0] <= low + 1e-9 or low >= edges[-2]


@given(st.floats(-1e5, 1e5), st.floats(1e-3, 1e5), st.integers(2, 12))
def test_ticks_are_round_and_inside(low: float, width: float, most: int) -> None:
    found = round_ticks(low, low + width, most)
    assert len(found) <= most + 1
    assert all(low - 1e-6 <= one <= low + width + 1e-6 for one in found)


def test_an_empty_spectrum_is_drawn() -> None:
    for log in (True, False):
        view = View(binned(np.zeros(4), np.arange(5.0), 0.0, 4.0), 0.0, 4.0, log)
        assert sound(spectrum_view(view)).tag.endswith("svg") and math.isfinite(log)
