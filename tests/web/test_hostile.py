"""What somebody hostile tries: each is something that once went through, or nearly did."""

from __future__ import annotations

import csv
import io
import sqlite3
import time
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select

import keiryo
from keiryo.cli.demo import AREAS
from keiryo.errors import FullError, KeiryoError, StorageError
from keiryo.people.sessions import form_token
from keiryo.reports.service import import_reports
from keiryo.web.answers import told_outside
from keiryo.web.door import MOST_FIELDS, STRANGERS_BYTES
from keiryo.web.jobs import MOST_WAITING
from keiryo.web.listing import PAGE_SIZES, ListColumn, asked_of, safe_cell
from keiryo.web.rate import RateLimits
from web.api_client import program
from web.site import Site, make_site

TYPED = {"Content-Type": "application/x-www-form-urlencoded"}
FOREIGN = "F25-FA-001"


def area_texts() -> dict[str, bytes]:
    """Return the reports of each area of State XA."""
    folder = files("keiryo.data").joinpath("state_xa")
    return {mba: folder.joinpath(f"{mba}.txt").read_bytes() for mba in AREAS}


def site_of(place: Path, *sendings: dict[str, bytes]) -> Site:
    """Return a site over books into which files were sent one after the other."""
    books = keiryo.init(place, "XA", person="P-DEMO2345")
    context: Any = files("keiryo.data").joinpath("state_xa", "context.json").read_bytes()
    before: Any = ("context.json", context)
    for sent in sendings:
        import_reports(books.database, list(sent.items()), books.actor, context=before)
        before = None
    books.disconnect()
    return make_site(place)


def evidence(site: Site) -> dict[str, str]:
    """Return the digests of the files behind the books, by name."""
    table = site.database.metadata.tables["evidence"]
    with site.database.reading() as connection:
        rows = connection.execute(select(table.c.name, table.c.digest)).all()
    return {str(name): str(digest) for name, digest in rows}


# --- what others' files say -----------------------------------------------------------------------


def test_a_file_with_reports_of_several_areas_is_not_for_one_of_them(tmp_path: Path) -> None:
    texts = area_texts()
    site = site_of(tmp_path / "books.sqlite", {"all.txt": b"\n".join(texts.values())})
    address = f"/evidence/{evidence(site)['all.txt']}"
    with site.client("accountant") as accountant, site.client("officer") as officer:
        refused = accountant.get(address)
        assert refused.status_code == 404
        assert FOREIGN not in refused.text
        assert officer.get(address).status_code == 200
    site.close()


def test_a_file_with_reports_that_were_recorded_before_is_not_either(tmp_path: Path) -> None:
    texts = area_texts()
    last = texts["XAFA"].rstrip().rfind(b"\n001:OI/XA;110#002:1/")
    first, rest = texts["XAFA"][:last], texts["XAFA"][last:]
    sent = {**texts, "XAFA": first}
    site = site_of(tmp_path / "books.sqlite", sent, {"late.txt": rest + b"\n" + texts["XARA"]})
    kept = evidence(site)
    with site.client("accountant") as accountant:
        assert accountant.get(f"/evidence/{kept['late.txt']}").status_code == 404
        assert accountant.get(f"/evidence/{kept['XAFA']}").content == first
    site.close()


# --- much work for nothing ------------------------------------------------------------------------


def test_a_form_of_very_many_fields_is_not_taken_apart(site: Site) -> None:
    body = b"a&" * (2 * MOST_FIELDS)
    with site.client() as nobody, site.client("officer") as officer:
        began = time.monotonic()
        assert nobody.request("POST", "/sign-in", content=body, headers=TYPED).status_code == 413
        assert officer.request("POST", "/sign-out", content=body, headers=TYPED).status_code == 413
        assert time.monotonic() - began < 2.0
        assert officer.get("/").status_code == 200  # and nothing was done


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b"]
)
def test_a_large_form_of_nobody_is_not_read(site: Site, kind: str) -> None:
    body = b"--b\r\n" + b"x" * STRANGERS_BYTES
    with site.client() as nobody:
        answer = nobody.request(
            "POST", "/reports/upload", content=body, headers={"Content-Type": kind}
        )
    assert answer.status_code == 401


def test_page_sizes_are_those_that_are_offered() -> None:
    columns = (ListColumn("batch", "Batch"),)
    for text in ("0050099999", "005009999999999999999999", "00500" + "9" * 5_000, "٥٠", "-50"):
        assert asked_of({"size": text}, columns).size == 50
    assert [asked_of({"size": str(n)}, columns).size for n in PAGE_SIZES] == list(PAGE_SIZES)


def test_addresses_of_one_machine_are_one_stranger() -> None:
    limits = RateLimits(strangers_per_minute=2, clock=lambda: 0.0)
    waits = [limits.wait_s(None, f"2001:db8::{n:x}") for n in range(1, 5)]
    assert waits[:2] == [0, 0]
    assert all(waits[2:])
    assert limits.wait_s(None, "2001:db8:0:1::1") == 0


# --- content that is not what it says -------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b'--b\r\nContent-Disposition: form-data; name="x"\r\n'
        b"Content-Type: text/plain; charset=nosuch\r\n\r\nx\r\n--b--\r\n",
        b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n\xff\xfe\r\n--b--\r\n',
    ],
)
def test_a_form_that_cannot_be_read_is_the_senders_mistake(site: Site, body: bytes) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    with site.client("officer") as officer:
        headers["X-Form-Token"] = form_token(officer.token)
        answer = officer.request("POST", "/reports/upload", content=body, headers=headers)
    assert answer.status_code == 400


@pytest.mark.parametrize("body", [b'"x"', b"5", b"[1]", b"[" * 100_000, b'{"a":' * 5_000, b"\xff"])
def test_what_is_kept_while_typing_is_an_object(site: Site, body: bytes) -> None:
    with site.client("officer") as officer:
        headers = {"X-Form-Token": form_token(officer.token), "Content-Type": "application/json"}
        answer = officer.request("POST", "/forms/save", content=body, headers=headers)
    assert answer.status_code == 400


def test_a_form_token_of_other_signs_is_simply_wrong(site: Site) -> None:
    with site.client() as nobody:
        nobody.get("/sign-in")
        sent = {"_form_token": "é" * 43, "name": "x", "password": "y"}
        assert nobody.request("POST", "/sign-in", data=sent).status_code == 403


# --- what goes out --------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_cell_is_a_formula(first: str) -> None:
    text = io.StringIO()
    csv.writer(text).writerow([safe_cell(f"{first}cmd|' /C calc'!A1")])
    [row] = csv.reader(io.StringIO(text.getvalue(), newline=""))
    assert row[0].startswith("'")


def test_where_the_books_lie_is_not_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    place = site.settings.books

    def broken(*_: object, **__: object) -> None:
        try:
            raise sqlite3.OperationalError("disk I/O error")
        except sqlite3.Error as error:
            raise StorageError(f"the database at {place} refused: {error}") from error

    with site.client("officer") as officer:
        assert officer.get("/reports").status_code == 200
        monkeypatch.setattr("keiryo.web.listing.QueryList.page", broken)
        answer = officer.get("/reports")
    assert answer.status_code == 503
    assert place not in answer.text
    assert "disk I/O" not in answer.text


def test_what_the_product_itself_says_about_storage_is_told() -> None:
    own = FullError("there is no room for these files", "Tell the administrator.")
    assert told_outside(own) is own
    other = KeiryoError("this makes no sense")
    assert told_outside(other) is other


# --- more of it -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Referer", "Origin"])
def test_an_address_that_is_none_is_a_stranger_like_any_other(site: Site, name: str) -> None:
    with site.client("officer") as officer:
        answer = officer.request("POST", "/sign-out", data={"x": "1"}, headers={name: "http://["})
        assert answer.status_code in (303, 403)
        assert answer.headers.get("location", "/?kept=1") == "/?kept=1"
        assert officer.get("/").status_code == 200  # nobody was signed out


@pytest.mark.parametrize("path", ["/journal/acts/{}", "/journal/acts/1/lines/{}/proof"])
def test_an_act_of_a_number_that_cannot_be(site: Site, path: str) -> None:
    with site.client("officer") as officer:
        for number in (2**63, 10**30, -(10**30)):
            assert officer.get(path.format(number)).status_code == 404


def test_nobody_takes_all_the_turns_of_jobs(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.inner  # noqa: B018  # the application is started
    jobs = site.app.state.jobs
    monkeypatch.setattr(jobs._threads, "submit", lambda *_: None)  # they wait for their turn
    with site.client("security") as security, site.client("officer") as officer:
        answers = [security.post("/journal/verify") for _ in range(MOST_WAITING + 2)]
        assert [one.status_code for one in answers] == [303] * MOST_WAITING + [409] * 2
        assert officer.post("/journal/verify").status_code == 303


def test_names_of_batches_that_look_like_markup(tmp_path: Path) -> None:
    name = "\"><B>&'X"
    texts = {
        f"{mba}.txt": text.replace(b"CYL30B-4471", name.encode())
        for mba, text in area_texts().items()
    }
    site = site_of(tmp_path / "books.sqlite", texts)
    place = quote(name, safe="")
    with site.client("officer") as officer:
        for path in (
            *(f"/areas/XAFA/batch/{place}", f"/why?of=batch:XAFA/{place}", f"/search?q={place}"),
            *("/areas/XAFA", "/areas/XAFA/ledger", "/areas/XAFA/inventory", "/reports/XAFA/102"),
        ):
            answer = officer.get(path)
            assert answer.status_code == 200, path
            assert '"><B>' not in answer.text, path
    site.close()


@pytest.mark.parametrize("name", ["n" * 5_000 + ".txt", "報" * 2_000 + ".txt"])
def test_names_of_files_that_are_too_long(site: Site, name: str) -> None:
    """It is said what is wrong, to people and to programs."""
    with site.client("accountant") as accountant:
        answer = accountant.post("/reports/upload", files=[("files", (name, b"x"))])
        assert answer.status_code == 400 and "too long a name" in answer.text
        broken = accountant.request(
            "POST",
            "/reports/upload",
            content=b"no form",
            headers={"Content-Type": "multipart/form-data; boundary=x"},
        )
        assert broken.status_code == 400 and "cannot be read as a form" in broken.text
    sender = program(site, "accountant")
    told = sender.request("POST", "/reports", files=[("files", (name, b"x"))])
    assert told.status_code == 400 and "too long a name" in told.json()["title"]
    assert told.json()["detail"]


def test_a_long_name_is_shortened(site: Site) -> None:
    with site.client("accountant") as accountant:
        files = [("files", ("n" * 3_000 + ".txt", b"x"))]
        answer = accountant.post("/reports/upload", {"_form": "/reports/upload"}, files=files)
        assert answer.status_code in (200, 303), answer.text
