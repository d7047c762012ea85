"""The pages of measurements: what is in force, control charts, import, withdrawal, export."""

from __future__ import annotations

import csv
import io
import re
from html import unescape
from typing import Any

import pytest

from keiryo.measurement.estimate_findings import rows_of
from keiryo.measurement.estimates import estimate_series
from keiryo.measurement.in_force import error_sources
from keiryo.measurement.intake import import_table
from keiryo.web.headers import DRAWING_POLICY
from keiryo.web.pages import measurements
from web.site import Client, Site
from web.test_evaluation_pages import fields, finished, words

HOME = "/measurements"
SERIES = "TI replicates 2025"
HOSTILE = "<script>alert(1)</script> \u202e計量"
GOOD = b"source,kind,basis,relative_percent,reference\nNEW-1,random,mass,0.02,test\n"


def send(client: Client, form: str, content: bytes, name: str = "t.csv", **more: str) -> Any:
    """Send a file as the page does."""
    path = f"{HOME}/{form}/import"
    data = {**fields(client.get(path), path), **more}
    return post_file(client, path, data, content, name)


def post_file(client: Client, path: str, data: dict[str, str], content: bytes, name: str) -> Any:
    return client.post(path, data, files={"file": (name, content, "text/csv")})


def names(site: Site) -> set[str]:
    with site.database.reading() as connection:
        return set(error_sources(connection, site.database.metadata))


@pytest.mark.parametrize("name", ["officer", "accountant", "inspector", "auditor"])
def test_every_table_opens(site: Site, name: str) -> None:
    with site.client(name) as client:
        for form in ("sources", "strata", "results", "calibrations", "controls", "targets"):
            assert client.get(f"{HOME}/{form}").status_code == 200
            assert client.get(f"{HOME}/{form}?format=csv").status_code == 200
            exported = client.get(f"{HOME}/{form}/export")
            assert exported.status_code == 200
            assert exported.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("name", ["security", "cooperation", "administrator"])
def test_who_sees_nothing(site: Site, name: str) -> None:
    with site.client(name) as client:
        for path in ("", "/strata", "/series?name=x", "/sources/import", "/sources/export"):
            assert client.get(f"{HOME}{path}").status_code == 403


def test_an_accountant_sees_what_the_strata_name(site: Site) -> None:
    import_table(site.database, site.actor("officer"), "sources", "s.csv", GOOD)
    with site.client("officer") as officer, site.client("accountant") as accountant:
        whole = officer.get(f"{HOME}?format=csv").text
        own = accountant.get(f"{HOME}?format=csv").text
        assert "NEW-1" in whole and "NEW-1" not in own and "SA-powder" in own
        assert accountant.get(f"{HOME}/controls?format=csv").text.count("\n") == 1
        assert accountant.get(f"{HOME}/series?name={SERIES}").status_code == 404


def test_the_series_says_what_the_estimate_says(site: Site) -> None:
    with site.database.reading() as connection:
        found = estimate_series(connection, site.database.metadata, SERIES)
    with site.client("inspector") as inspector:
        page = inspector.get(f"{HOME}/series?name={SERIES}")
        shown = words(page.text)
        for row in rows_of(found):
            assert all(words(str(value)).strip() in shown for value in row.values())
        assert "in control" in shown
        (picture, alt) = re.findall(r'<img src="([^"]+)" alt="([^"]+)"', page.text)[0]
        assert "Control chart" in page.text and alt
        image = inspector.get(unescape(picture))
        assert image.headers["content-security-policy"] == DRAWING_POLICY
        assert "<svg" in image.text and "<script" not in image.text
        assert inspector.get(f"{HOME}/series/nothing.svg?name={SERIES}").status_code == 404
        absolute = inspector.get(f"{HOME}/series?name={SERIES}&absolute=yes")
        assert absolute.status_code == 200
        for wrong in ("", "%00", HOSTILE):
            answer = inspector.get(f"{HOME}/series", params={"name": wrong})
            assert answer.status_code == 404 and "<script>alert" not in answer.text


def test_a_method_out_of_control_is_on_the_overview(site: Site) -> None:
    rows = "".join(
        f"Drift,standard,XX,,S{n},I,2025-01-{n + 1:02},{1 + n / 1000:.4f},1.0000,g\n"
        for n in range(20)
    )
    head = "series,kind,method,instrument,session,item,measured_on,measured,reference,unit\n"
    content = (head + rows).encode()
    import_table(site.database, site.actor("officer"), "controls", "c.csv", content)
    with site.client("officer") as officer, site.client("accountant") as accountant:
        assert "Methods out of control" in words(officer.get("/").text)
        assert "Methods out of control" not in words(accountant.get("/").text)
        listed = officer.get(f"{HOME}/controls?series-state=out+of+control").text
        assert "series?name=Drift" in listed


def test_import_happens_once_and_is_said(site: Site) -> None:
    path = f"{HOME}/sources/import"
    with site.client("officer") as officer:
        data = fields(officer.get(path), path)
        first = post_file(officer, path, data, GOOD, "new.csv")
        assert first.status_code == 303 and "NEW-1" in names(site)
        again = post_file(officer, path, data, GOOD, "new.csv")
        assert again.headers["location"] == first.headers["location"]
        told = words(officer.get(first.headers["location"]).text)
        assert "1 row was recorded." in told
        anew = send(officer, "sources", GOOD)
        assert "Nothing is new." in words(officer.get(anew.headers["location"]).text)


def test_a_file_with_mistakes_is_refused_with_all_of_them(site: Site) -> None:
    wrong = f"source,kind,basis,relative_percent\nA,sometimes,mass,-1\n{HOSTILE},random,,x\n"
    before = names(site)
    with site.client("officer") as officer:
        page = send(officer, "sources", wrong.encode())
        assert page.status_code == 422
        assert page.text.count("MEASUREMENT-FORMAT") >= 3
        assert "<script>alert" not in page.text
        assert send(officer, "sources", b"").status_code == 422
        path = f"{HOME}/sources/import"
        assert officer.post(path, fields(officer.get(path), path)).status_code == 422
    assert names(site) == before


def test_warnings_of_an_import_are_shown(site: Site) -> None:
    text = b"source,method,kind,basis,relative_percent\nNEW-2,NOWHERE,epoch,mass,0.02\n"
    with site.client("officer") as officer:
        page = send(officer, "sources", text)
    assert page.status_code == 200 and "SOURCE-NO-CALIBRATION" in page.text
    assert "1 row was recorded." in words(page.text)


def test_who_may_import_what(site: Site) -> None:
    strata = b"mba,stratum,rank,items_only\nXAFA,mine,900,yes\n"
    other = b"mba,stratum,rank,items_only\nXARA,theirs,900,yes\n"
    with site.client("accountant") as accountant:
        assert accountant.get(f"{HOME}/sources/import").status_code == 403
        assert send(accountant, "strata", strata).status_code == 303
        assert send(accountant, "strata", other).status_code == 422
    with site.client("inspector") as inspector:
        assert inspector.get(f"{HOME}/strata/import").status_code == 403
        path = f"{HOME}/strata/import"
        assert post_file(inspector, path, {}, strata, "s.csv").status_code == 403


def test_a_large_file_is_a_job(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurements, "AT_ONCE_BYTES", 10)
    with site.client("officer") as officer:
        page = finished(officer, send(officer, "sources", GOOD).headers["location"])
        assert "1 row was recorded." in words(page.text)
        refused = send(officer, "sources", b"source,kind\nx,y\n")
        assert "MEASUREMENT-FORMAT" in finished(officer, refused.headers["location"]).text
    assert "NEW-1" in names(site)


def test_withdrawal_takes_a_reason_and_happens_once(site: Site) -> None:
    import_table(site.database, site.actor("officer"), "sources", "s.csv", GOOD)
    with site.database.reading() as connection:
        found = error_sources(connection, site.database.metadata)
    new, used = found["NEW-1"][0], found["SA-powder"][0]
    with site.client("officer") as officer, site.client("accountant") as accountant:
        path = f"{HOME}/sources/withdraw"
        page = officer.get(f"{path}?line={new.act}/{new.line}")
        data = fields(page, path)
        silent = officer.post(path, data)
        assert silent.status_code == 422 and 'id="e-reason"' in silent.text
        data = fields(silent, path) | {"reason": f"typing error {HOSTILE}"}
        assert accountant.post(path, data).status_code in (403, 404)
        first = officer.post(path, data)
        assert first.status_code == 303
        assert officer.post(path, data).headers["location"] == first.headers["location"]
        assert "1 row was withdrawn." in words(officer.get(first.headers["location"]).text)
        assert officer.get(f"{path}?line={new.act}/{new.line}").status_code == 404
        in_use = fields(officer.get(f"{path}?line={used.act}/{used.line}"), path)
        refused = officer.post(path, in_use | {"reason": "kept as typed"})
        assert refused.status_code == 422 and "SOURCE-IN-USE" in refused.text
        assert "kept as typed" in refused.text
    assert "NEW-1" not in names(site) and "SA-powder" in names(site)


def test_the_export_can_be_imported_again(site: Site) -> None:
    with site.client("officer") as officer:
        text = officer.get(f"{HOME}/sources/export").content
        rows = list(csv.DictReader(io.StringIO(text.decode())))
        assert {row["source"] for row in rows} == names(site)
        again = send(officer, "sources", text)
        assert "Nothing is new." in words(officer.get(again.headers["location"]).text)


def test_targets_beside_sources(site: Site) -> None:
    from importlib.resources import files

    content = (files("keiryo") / "data" / "target_values.toml").read_bytes()
    import_table(site.database, site.actor("officer"), "targets", "target_values.toml", content)
    with site.client("officer") as officer, site.client("accountant") as accountant:
        assert 'id="comparison"' in officer.get(f"{HOME}/targets").text
        assert 'id="comparison"' not in accountant.get(f"{HOME}/targets").text


def test_what_is_not_there(site: Site) -> None:
    with site.client("officer") as officer:
        for path in ("/nonsense", "/nonsense/import", "/sources/withdraw?line=1/999",
                     "/nonsense/export", "/sources/withdraw"):  # fmt: skip
            assert officer.get(f"{HOME}{path}").status_code == 404
        assert "/measurements?source=SA-powder" in officer.get("/search?q=SA-pow").text
