"""Forms of containments: registered, ways with their times, what goes in and out, what watches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from keiryo.containment.register import Containment, containment, contents
from keiryo.web.pages.containments_steps import STEPS
from web.site import Client, Site, copy_of, demonstration_books, make_site
from web.test_equipment_pages import filled
from web.test_report_pages import acts
from web.test_seal_pages import rows_of

MBA, STORE = "XARA", "dry-store"
ONE = f"/containments/{MBA}/{STORE}"
ITEMS = ("F25-FA-003", "F25-FA-004")
BEGIN = "2025-12-01T09:00"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a site whose books are shared by all tests here, which build on each other."""
    made = make_site(copy_of(demonstration_books(), tmp_path_factory.mktemp("containment-steps")))
    yield made
    made.close()


@pytest.fixture(scope="module")
def inspector(site: Site) -> Client:
    """Return an inspector's browser, after the containment was registered by form."""
    client = Client(site, site.session("inspector"))
    answer = register(client, ways="door\nhatch\n", kmp="A", location="hall 2")
    assert done(answer).headers["location"].startswith(f"{ONE}?done=")
    return client


def register(client: Client, **fields: Any) -> Any:
    """Register a containment through the form."""
    told = {"mba": MBA, "name": STORE, "kind": "room", "at": BEGIN, "offset": "+00:00", **fields}
    address = "/containments/register"
    typed = {f"register_{name}": value for name, value in told.items()}
    return client.post(address, filled(client, address, "register-form", **typed))


def step(client: Client, what: str, at: str | None = BEGIN, **fields: Any) -> Any:
    """Send a form, as the page has it now."""
    address = f"{ONE}/record/{what}"
    typed = {f"step_{name}": value for name, value in fields.items()}
    if at is not None:
        typed |= {"step_at": at, "step_offset": "+00:00"}
    return client.post(address, filled(client, address, "step-form", **typed))


def done(answer: Any) -> Any:
    """Return an answer that must have been a success."""
    assert answer.status_code == 303, re.sub(r"<[^>]*>", " ", answer.text)[-3000:]
    return answer


def stands(site: Site) -> Containment:
    """Return the containment as it stands."""
    with site.database.reading() as connection:
        return containment(connection, site.database.metadata, MBA, STORE)


def inside(site: Site) -> set[str]:
    """Return what is in it still."""
    with site.database.reading() as connection:
        every = contents(connection, site.database.metadata, MBA, containment=STORE)
    return {one.batch_uid for one in every if one.time.end is None}


def test_a_containment_is_registered(site: Site, inspector: Client) -> None:
    one = stands(site)
    assert (one.kind, one.kmp, one.location) == ("room", "A", "hall 2")
    assert [way.path for way in one.ways] == ["door", "hatch"]
    before = acts(site)
    again = register(inspector, note="typed by me")
    assert again.status_code in (400, 422) and "There is a containment" in again.text
    assert "typed by me" in again.text
    wrong = register(inspector, name="a/b", kind="", ways="do|or", mba="")
    assert wrong.status_code == 422
    for words in ("This is no name of a containment.", "Choose the kind.", "Choose the area.",
                  "These are no names of ways: do|or."):  # fmt: skip
        assert words in wrong.text
    assert acts(site) == before


def test_who_may_record(site: Site, inspector: Client) -> None:
    page = inspector.get(ONE).text
    assert f'href="{ONE}/record/way"' in page and f'href="{ONE}/record/watch-ended"' not in page
    auditor = Client(site, site.session("auditor"))
    assert "/record/" not in auditor.get(ONE).text
    assert "/containments/register" not in auditor.get("/containments").text
    for path in ("/containments/register", "/containments/import", f"{ONE}/record/way"):
        assert auditor.get(path).status_code == 403
        assert auditor.post(path, {}).status_code == 403
    assert inspector.get(f"{ONE}/record/nonsense").status_code == 404


def test_empty_forms_come_back(site: Site, inspector: Client) -> None:
    before = acts(site)
    for what in STEPS:
        assert inspector.post(f"{ONE}/record/{what}", {}).status_code == 422, what
    assert acts(site) == before


def test_ways_begin_and_end(site: Site, inspector: Client) -> None:
    done(step(inspector, "way", path="drain", note="under the floor"))
    early = step(inspector, "way-closed", "2025-11-01T09:00", way="drain")
    assert early.status_code == 422 and "CONTAINMENT-INTERVAL" in early.text
    assert 'id="e-step_at"' in early.text
    done(step(inspector, "way-closed", "2025-12-20T09:00", way="drain"))
    (way,) = [one for one in stands(site).ways if one.path == "drain"]
    assert way.time.end is not None and way.note == "under the floor"
    twice = step(inspector, "way", path="door")
    assert twice.status_code == 303, "the same beginning states it anew"
    clash = step(inspector, "way", "2025-12-05T09:00", path="door", note="mine")
    assert clash.status_code == 422 and "CONTAINMENT-OVERLAP" in clash.text
    assert "mine" in clash.text


def test_items_go_in_and_out(site: Site, inspector: Client) -> None:
    wrong = step(inspector, "in", items="nothing-of-this\nF25-FA-003")
    assert wrong.status_code == 422 and "CONTAINMENT-BATCH" in wrong.text
    assert "nothing-of-this" in wrong.text and not inside(site), "all of them, or none"
    early = step(inspector, "in", "2999-01-01T09:00", items="F25-FA-003")
    assert early.status_code == 422 and "CONTAINMENT-FUTURE" in early.text
    done(step(inspector, "in", items="\n".join(ITEMS)))
    assert inside(site) == {f"{MBA}/{name}#1" for name in ITEMS}
    none = step(inspector, "out", "2025-12-02T09:00")
    assert none.status_code == 422 and "Tick what left" in none.text
    first = f"{MBA}/{ITEMS[0]}#1"
    done(step(inspector, "out", "2025-12-02T09:00", items=[first]))
    assert inside(site) == {f"{MBA}/{ITEMS[1]}#1"}
    done(step(inspector, "out", "2025-12-03T09:00", everything="yes"))
    assert not inside(site)
    assert f"{ONE}/record/out" not in inspector.get(ONE).text, "nothing is in it"


def test_a_camera_watches_and_stops(site: Site, inspector: Client) -> None:
    bad = step(inspector, "watch", way="door", device="seal:XA/1", mechanism="optical-camera")
    assert bad.status_code == 422 and "CONTAINMENT-DEVICE" in bad.text
    told = {"mechanism": "optical-camera", "depends_on": "power:UPS-1\nlink:A"}
    done(step(inspector, "watch", way="door", device="CAM-01", **told))
    (watch,) = stands(site).watches
    assert watch.device == "camera:CAM-01" and len(watch.depends_on) == 2
    done(step(inspector, "watch-ended", "2025-12-09T09:00", watch="camera:CAM-01 | door"))
    (watch,) = stands(site).watches
    assert watch.time.end is not None and len(watch.depends_on) == 2


def test_it_is_described_anew(site: Site, inspector: Client) -> None:
    form = inspector.get(f"{ONE}/record/description").text
    assert "hall 2" in form
    done(step(inspector, "description", None, kind="building", kmp="A", location="hall 3"))
    assert (stands(site).kind, stands(site).location) == ("building", "hall 3")


def test_a_table_of_contents(site: Site, inspector: Client) -> None:
    address = "/containments/import"
    table = f"mba,containment,batch,from\n{MBA},{STORE},{ITEMS[0]},2025-12-04T09:00Z\n".encode()

    def send(content: bytes) -> Any:
        form = filled(inspector, address, "import-form")
        files = {"import_table": ("held.csv", content, "text/csv")}
        return inspector.post(address, form, files=files)

    wrong = send(table.replace(ITEMS[0].encode(), b"no-such"))
    assert wrong.status_code == 422 and "CONTAINMENT-TABLE" in wrong.text
    done(send(table))
    assert inside(site) == {f"{MBA}/{ITEMS[0]}#1"}
    again = send(table)
    assert again.status_code == 422 and "Nothing in it is new" in again.text


def test_sent_twice_or_late(site: Site, inspector: Client) -> None:
    address, before = f"{ONE}/record/way", acts(site)
    typed = {"step_path": "roof", "step_at": BEGIN, "step_offset": "+00:00"}
    form = filled(inspector, address, "step-form", **typed)
    first, second = inspector.post(address, form), inspector.post(address, form)
    assert done(first).headers["location"] == done(second).headers["location"]
    assert acts(site) == before + 1
    late = filled(inspector, address, "step-form", **{**typed, "step_path": "wall"})
    page = inspector.post(address, {**late, "_head": str(before)})
    assert page.status_code == 409 and "wall" in page.text
    (row,) = rows_of(inspector, "/containments")
    assert "roof" in row["ways"]
