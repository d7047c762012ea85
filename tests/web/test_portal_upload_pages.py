"""A daily file by form: looked at, then recorded; and the page of an instrument with its forms."""

from __future__ import annotations

import re
from typing import Any

import pytest

from web.detecting_port import daily_file, passage
from web.site import Client, Site
from web.test_equipment_pages import filled
from web.test_report_pages import acts

UPLOAD = "/portals/RPM-2/upload"
CONTENT = daily_file() + passage("16:00:00.000", 6)
FILE = ("2026-01-09.csv", CONTENT, "text/csv")


def looked_at(client: Client, content: tuple[str, bytes, str], day: str = "2026-01-09") -> Any:
    form = filled(client, UPLOAD, "upload-form", day=day)
    sent = client.post(UPLOAD, form, files={"file": content})
    if sent.status_code != 303:
        return sent
    return client.get(sent.headers["location"]), sent.headers["location"]


def record(client: Client, place: str, **more: str) -> Any:
    return client.post(place, filled(client, place, "record-form", **more))


def test_a_daily_file_is_looked_at_and_then_recorded(detecting: Site) -> None:
    before = acts(detecting)
    with detecting.client("port") as client:
        assert UPLOAD in client.get("/portals/RPM-2").text
        page, place = looked_at(client, FILE)
        assert page.status_code == 200 and acts(detecting) == before
        text = page.text
        assert "Nothing is recorded yet." in text and text.count(">new<") >= 5
        assert "TAMPER" in text or "tamper" in text
        done = record(client, place)
        assert done.status_code == 303, done.text
        day = client.get(done.headers["location"])
        assert "/portals/RPM-2?on=2026-01-09" in done.headers["location"]
        assert "10:05:00" in day.text and acts(detecting) == before + 1
        again, _place = looked_at(client, FILE)
        assert "PORTAL-FILE-TWICE" in again.text and acts(detecting) == before + 1
        longer = (FILE[0], FILE[1] + passage("17:00:00.000", 7), "text/csv")
        more, place = looked_at(client, longer)
        assert "in the record already" in more.text
        assert record(client, place).status_code == 303


def test_what_cannot_be_taken_in_is_told(detecting: Site) -> None:
    before = acts(detecting)
    with detecting.client("port") as client:
        none = client.post(UPLOAD, filled(client, UPLOAD, "upload-form"))
        assert none.status_code == 422 and "Choose the file." in none.text
        odd = looked_at(client, FILE, day="soon")
        assert odd.status_code == 422
        page, place = looked_at(client, ("x.csv", b"hello", "text/csv"))
        assert page.status_code == 422 and "PORTAL-FILE" in page.text
        undated, _place = looked_at(client, FILE, day="")
        assert undated.status_code == 422 and "record-form" not in undated.text
        assert client.get(f"{UPLOAD}/{'a' * 64}").status_code == 404
        assert client.post(place, {}).status_code == 422
        gone = client.post(place, {"action": "give up"})
        assert gone.status_code == 303 and client.get(place).status_code == 404
    for name in ("auditor", "expert", "accountant"):
        with detecting.client(name) as client:
            assert client.get(UPLOAD).status_code == 403
            assert client.post(UPLOAD, {}).status_code == 403
    assert acts(detecting) == before


def test_the_record_that_changed_is_looked_at_again(detecting: Site) -> None:
    with detecting.client("port") as one, detecting.client("officer") as two:
        _page, place = looked_at(one, FILE)
        form = filled(one, place, "record-form")
        longer = (FILE[0], FILE[1] + passage("17:00:00.000", 7), "text/csv")
        _other, other = looked_at(two, longer)
        assert record(two, other).status_code == 303
        before = acts(detecting)
        late = one.post(place, form)
        assert late.status_code == 422 and "changed since you looked" in late.text
        assert acts(detecting) == before


def test_the_page_of_an_instrument(detecting: Site) -> None:
    with detecting.client("officer") as client:
        text = client.get("/portals/RPM-1/card").text
        assert "DET-1" in text and "no calibration" in text and "not shown by the trials" in text
        table = text[text.index('id="tests"') :]
        assert ">10<" in table and ">19<" in table  # 10 of 10; 19 more show 0.9 with 95 %
        other = client.get("/portals/RPM-2/card").text
        assert "calibration is due" in other
        assert client.get("/portals/none/card").status_code == 404
        assert client.get("/portals/RPM-1/record/poem").status_code == 404
    with detecting.client("auditor") as client:
        assert "record/calibration" not in client.get("/portals/RPM-1/card").text
        assert client.get("/portals/RPM-1/record/calibration").status_code == 403


def told(client: Client, word: str, **fields: Any) -> Any:
    files = fields.pop("files", None)
    path = f"/portals/RPM-1/record/{word}"
    typed = {f"record_{name}": value for name, value in fields.items()}
    return client.post(path, filled(client, path, "record-form", **typed), files=files)


def test_calibrations_checks_and_trials_by_form(detecting: Site) -> None:
    before = acts(detecting)
    with detecting.client("officer") as client:
        empty = told(client, "calibration")
        assert empty.status_code == 422 and "Name who calibrated it." in empty.text
        given = {
            "on_day": "2026-01-05", "calibrated_by": "Lab <1>", "check_source": "Cs-137",
            "result": "passed", "due_on": "2027-01-05",
        }  # fmt: skip
        wrong = told(client, "calibration", **{**given, "due_on": "2025-01-05"})
        assert wrong.status_code == 422 and "before the day" in wrong.text
        late = told(client, "check", check_name="clock", on_day="2099-01-01", result="passed")
        assert late.status_code == 422 and "DETECTION-FUTURE" in late.text
        many = told(client, "trial", test="DET-1", run="B", on_day="2026-01-06", trials="5",
                    alarms="9")  # fmt: skip
        assert many.status_code == 422 and acts(detecting) == before
        certificate = {"record_certificate": ("c.pdf", b"%PDF-1.7 calibrated", "application/pdf")}
        done = told(client, "calibration", **given, files=certificate)
        assert done.status_code == 303, done.text
        page = client.get(done.headers["location"]).text
        assert "Lab &lt;1&gt;" in page and "calibrated" in page
        digest = re.search(r"/evidence/([0-9a-f]{64})", page)
        assert digest and client.get(f"/evidence/{digest[1]}").content.startswith(b"%PDF")
        trial = told(client, "trial", test="DET-1", run="B", on_day="2026-01-06", trials="49",
                     alarms="49")  # fmt: skip
        assert trial.status_code == 303, trial.text
        check = told(client, "check", check_name="clock", on_day="2026-01-07", result="failed")
        assert check.status_code == 303, check.text
        plan = told(client, "test", test="FA-1", requirement="false_alarm", required="0.01",
                    confidence="0.95", trials_planned="10")  # fmt: skip
        assert plan.status_code == 422 and "DETECTION-PLAN" in plan.text
        page = client.get("/portals/RPM-1/card").text
        assert ">59<" in page and "clock" in page and "not shown by" not in page


@pytest.mark.parametrize("path", ["/portals/x/upload", "/portals/x/card", "/portals/x/record/test"])
def test_what_is_not_there(detecting: Site, path: str) -> None:
    with detecting.client("officer") as client:
        assert client.get(path).status_code == 404
