"""The adjudication desk: the queue, a case, its steps by form, explanations, raising a case."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest

from web.browser import launched, window
from web.detecting_port import NEUTRONS, OPEN_CASE, WORKED
from web.site import Client, Site, serving
from web.test_equipment_pages import filled
from web.test_report_pages import acts
from web.test_seal_pages import rows_of

SPECTRA = Path(__file__).resolve().parents[1] / "data" / "spectra"
WHEN = {"step_at": "2026-01-09T12:10", "step_offset": "+09:00", "step_reason": "as measured"}
SEEN = {"step_evidence": "measurement:RIID-1@2026-01-09T12:10:00+09:00"}


def sent(client: Client, alarm: str, step: str, **fields: Any) -> Any:
    files = fields.pop("files", None)
    path = f"/alarms/{alarm}/steps/{step}"
    told = {f"step_{name}": value for name, value in fields.items()}
    form = filled(client, path, "step-form", **{**WHEN, **told})
    return client.post(path, form, files=files)


def proposed(client: Client, path: str) -> dict[str, Any]:
    """Return the form of a new case with what is filled in, as a browser would send it."""
    text = client.get(path).text
    part = text[text.index('id="raise-form"') :]
    found = filled(client, path, "raise-form")
    for tag in re.findall(r"<input[^>]*>", part):
        name, value = re.search(r'name="(raise_[a-z_]+)"', tag), re.search(r'value="([^"]*)"', tag)
        box = 'type="checkbox"' in tag
        if name and 'type="file"' not in tag and (not box or " checked" in tag):
            found[name[1]] = html.unescape(value[1]) if value else ""
    for name, inside in re.findall(
        r'<select[^>]*name="(raise_[a-z_]+)"[^>]*>(.*?)</select>', part, re.S
    ):
        chosen = re.search(r'value="([^"]*)" selected', inside)
        found[name] = chosen[1] if chosen else ""
    return found


def test_who_may_see_what(detecting: Site) -> None:
    paths = ("/alarms", "/alarms/all", f"/alarms/{WORKED}", f"/alarms/{WORKED}/steps/CATEGORIZED")
    for name, status in (
        *(("officer", 200), ("port", 200), ("expert", 200), ("headquarters", 200)),
        *(("security", 200), ("auditor", 200), ("inspector", 403), ("accountant", 403)),
    ):
        with detecting.client(name) as client:
            assert {client.get(path).status_code for path in paths} == {status}, name
    before = acts(detecting)
    with detecting.client("auditor") as client:
        assert client.get("/alarms/raise").status_code == 403
        assert client.post(f"/alarms/{WORKED}/steps/CATEGORIZED", {}).status_code == 403
        assert client.post(f"/alarms/{WORKED}/explain", {}).status_code == 403
        assert client.post("/alarms/raise", {}).status_code == 403
    assert acts(detecting) == before


def test_empty_books(site: Site) -> None:
    with site.client("port") as client:
        assert "No case is there." in client.get("/alarms").text
        assert client.get("/alarms/none").status_code == 404


def test_the_queue_and_the_desk(detecting: Site) -> None:
    with detecting.client("port") as client:
        rows = rows_of(client, "/alarms")
        text = client.get(f"/alarms/{WORKED}").text
        other = client.get(f"/alarms/{OPEN_CASE}").text
        front = client.get("/").text
    assert [row["alarm"] for row in rows] == [OPEN_CASE, WORKED]
    assert "not identified yet" in rows[0]["reasons"]
    assert "K-40" in text and "ceramic tiles" in text and "declared goods" in text
    assert "/portals/RPM-1/2026-01-09T01:05:00.000Z" in text and 'data-press-key="c"' in text
    assert "driver &lt;b&gt;nervous" in other and 'data-press-key="v"' in other
    assert "2 cases are open." in front


def test_a_case_is_worked_to_its_end(detecting: Site) -> None:
    with detecting.client("port") as client:
        page = client.get(f"/alarms/{WORKED}/steps/CATEGORIZED").text
        assert '<option value="NORM" selected' in page
        done = sent(client, WORKED, "CATEGORIZED", category="NORM")
        assert done.status_code == 303, done.text
        assert "recorded" in client.get(done.headers["location"]).text
        decided = sent(client, WORKED, "INNOCENT_DECLARED")
        assert decided.status_code == 303, decided.text
        assert sent(client, WORKED, "CLOSED").status_code == 303
        text = client.get(f"/alarms/{WORKED}").text
        assert "closed" in text and "as measured" in text
        rows = {row["alarm"]: row for row in rows_of(client, "/alarms/all")}
    assert rows[WORKED]["decision"] == "innocent, declared"
    assert [row["alarm"] for row in rows_of_queue(detecting)] == [OPEN_CASE]


def rows_of_queue(detecting: Site) -> list[dict[str, str]]:
    with detecting.client("headquarters") as client:
        return rows_of(client, "/alarms")


def test_what_is_missing_is_told_and_nothing_recorded(detecting: Site) -> None:
    before = acts(detecting)
    with detecting.client("port") as client:
        empty = sent(client, OPEN_CASE, "VERIFIED", reason="")
        assert empty.status_code == 422 and "Say why in a few words." in empty.text
        bare = sent(client, OPEN_CASE, "VERIFIED")
        assert bare.status_code == 422 and "ALARM-EVIDENCE" in bare.text
        early = sent(client, OPEN_CASE, "VERIFIED", at="2025-12-01T00:00", **_seen())
        assert early.status_code == 422 and "ALARM-TIME" in early.text
        skipped = sent(client, OPEN_CASE, "CATEGORIZED", category="NORM")
        assert skipped.status_code == 422 and "ALARM-STEP" in skipped.text
        assert client.get(f"/alarms/{OPEN_CASE}/steps/EXPLODED").status_code == 404
    assert acts(detecting) == before


def _seen() -> dict[str, str]:
    return {name.removeprefix("step_"): value for name, value in SEEN.items()}


def test_a_spectrum_is_identified_and_kept(detecting: Site) -> None:
    with detecting.client("port") as client:
        for step, more in (
            ("VERIFIED", {}),
            ("LOCALIZED", {"place": "left <side>"}),
            ("CHARACTERIZED", {"dose_rate_usv_h": "0.4", "neutrons": "0"}),
        ):
            done = sent(client, OPEN_CASE, step, **more, **_seen())
            assert done.status_code == 303, done.text
        wrong = {"step_spectrum": ("x.spe", b"hello", "text/plain")}
        refused = sent(client, OPEN_CASE, "IDENTIFIED", files=wrong)
        assert refused.status_code == 422
        file = SPECTRA / "hpge" / "ba133.spe"
        good = {"step_spectrum": ("one.Spe", _germanium(file), "text/plain")}
        done = sent(client, OPEN_CASE, "IDENTIFIED", files=good)
        assert done.status_code == 303, done.text
        text = client.get(f"/alarms/{OPEN_CASE}").text
    assert "left &lt;side&gt;" in text and "one.identify.json" in text and "/spectra/" in text


def _germanium(file: Path) -> bytes:
    if file.is_file():
        return file.read_bytes()
    return next(iter(sorted(SPECTRA.rglob("*.[Ss]pe")))).read_bytes()


def test_two_officers_at_once(detecting: Site) -> None:
    with detecting.client("port") as one, detecting.client("headquarters") as two:
        path = f"/alarms/{WORKED}/steps/CATEGORIZED"
        forms = [
            filled(client, path, "step-form", **WHEN, step_category="NORM") for client in (one, two)
        ]
        assert one.post(path, forms[0]).status_code == 303
        before = acts(detecting)
        late = two.post(path, forms[1])
        assert late.status_code == 409 and "as measured" in late.text
        assert acts(detecting) == before


def test_a_case_is_put_back(detecting: Site) -> None:
    with detecting.client("port") as client:
        done = sent(client, WORKED, "BACK", state="VERIFIED")
        assert done.status_code == 303, done.text
        assert "localize" in client.get(f"/alarms/{WORKED}").text.lower()


def test_an_explanation_is_looked_up(detecting: Site) -> None:
    path = f"/alarms/{OPEN_CASE}/explain"
    with detecting.client("port") as client:
        none = client.post(path, filled(client, path, "explain-form", explain_declared="yes"))
        assert none.status_code == 422 and "ALARM-DECLARATION" in none.text
        wrong = filled(client, path, "explain-form", explain_days="soon")
        assert "Write a number" in client.post(path, wrong).text
        page = client.get(path).text
    assert "I-131" in page


def test_a_case_is_raised_from_a_passage(detecting: Site) -> None:
    path = f"/alarms/raise?portal=RPM-1&occupancy={NEUTRONS}"
    with detecting.client("port") as client:
        form = proposed(client, path)
        assert (form["raise_alarm"], form["raise_site"]) == ("RPM-1-20260109-140000", "PORT-1")
        assert form["raise_neutron"] == "yes" and "raise_gamma" not in form
        done = client.post("/alarms/raise", form)
        assert done.status_code == 303, done.text
        text = client.get(done.headers["location"]).text
        assert f"/portals/RPM-1/{NEUTRONS}" in text
        assert "There is a case already" in client.get(path).text
        again = client.post("/alarms/raise", proposed(client, path))
        assert again.status_code == 422 and "There is a case of this name." in again.text
        assert rows_of(client, "/alarms")[0]["alarm"] == "RPM-1-20260109-140000"
        missing = client.get("/alarms/raise?portal=RPM-1&occupancy=none")
        assert missing.status_code == 404
        nothing = client.post("/alarms/raise", {})
        assert nothing.status_code == 422


def test_a_neutron_case_is_not_closed_by_an_officer(detecting: Site) -> None:
    path = f"/alarms/raise?portal=RPM-1&occupancy={NEUTRONS}"
    with detecting.client("port") as client:
        client.post("/alarms/raise", proposed(client, path))
        late = {"at": "2026-01-09T15:00", **_seen()}
        refused = sent(client, "RPM-1-20260109-140000", "FALSE", **late)
        assert refused.status_code in (403, 422) and "alarm.headquarters" in refused.text


@pytest.mark.parametrize("path", ["/alarms/x", "/alarms/x/steps/CLOSED", "/alarms/x/explain"])
def test_what_is_not_there(detecting: Site, path: str) -> None:
    with detecting.client("port") as client:
        assert client.get(path).status_code == 404


def test_keys_lead_to_the_forms_and_record_nothing(detecting: Site) -> None:
    before = acts(detecting)
    with (
        serving(detecting) as address,
        launched() as browser,
        window(browser, address, site=detecting, member="port") as seen,
    ):
        seen.go("/alarms")
        seen.page.keyboard.press("j")
        seen.page.keyboard.press("Enter")
        seen.page.wait_for_url(f"**/alarms/{OPEN_CASE}")
        seen.page.keyboard.press("j")
        seen.page.wait_for_url(f"**/alarms/{WORKED}")
        seen.page.keyboard.press("c")
        seen.page.wait_for_url(f"**/alarms/{WORKED}/steps/CATEGORIZED")
        assert seen.page.locator("#step-form").count() == 1
    assert acts(detecting) == before
