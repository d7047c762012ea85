"""Forms of the life of seals: stock, attachment, dispatch, examination, logs, loss, corrections."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from keiryo.containment import recording
from keiryo.seals.life import TRANSITIONS
from keiryo.seals.numbers import SealKey
from keiryo.seals.register import seal_events, standing
from keiryo.seals.seal_types import SEAL_TYPES
from keiryo.seals.standing import Standing, State
from keiryo.web.pages.seals_following import following, step_address
from keiryo.web.pages.seals_step_fields import STEPS
from web.site import Client, Site, copy_of, demonstration_books, make_site
from web.test_equipment_pages import filled
from web.test_report_pages import acts
from web.test_seal_pages import rows_of

MBA, STORE = "XARA", "store"
ITEM = "F25-FA-003"
LOG = """seq,t,code,value
1,2026-01-03T09:00:00Z,FIBRE_CLOSE,
2,2026-01-04T10:00:00Z,FIBRE_OPEN,
3,2026-01-04T10:20:00Z,FIBRE_CLOSE,
4,2026-01-05T09:00:00Z,SOH,
"""
WHEN = {"event_offset": "+00:00"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a site with a store of two ways; its books are shared by all tests here."""
    made = make_site(copy_of(demonstration_books(), tmp_path_factory.mktemp("seal-steps")))
    begin, actor = datetime(2025, 11, 1, tzinfo=UTC), made.actor("officer")
    recording.add_containment(made.database, actor, MBA, STORE, "room")
    for path in ("door", "hatch"):
        recording.add_path(made.database, actor, MBA, STORE, path, begin)
    recording.hold(made.database, actor, MBA, STORE, [ITEM], begin)
    yield made
    made.close()


@pytest.fixture(scope="module")
def inspector(site: Site) -> Client:
    """Return an inspector's browser."""
    return Client(site, site.session("inspector"))


def receive(client: Client, numbers: str, type_: str = "eoss", **more: Any) -> Any:
    """Receive seals through the form."""
    told = {"issuer": "XA", "type": type_, "numbers": numbers, "at": "2026-01-02T09:00"}
    told |= {"offset": "+00:00", "person": "Store", **more}
    form = filled(client, "/seals/receive", "receive-form",
                  **{f"receive_{n}": v for n, v in told.items()})  # fmt: skip
    return client.post("/seals/receive", form)


def step(client: Client, seal: str, event: str, at: str, query: str = "", **fields: Any) -> Any:
    """Send the form of an event, as the page has it now."""
    files = fields.pop("files", None)
    address = f"/seals/{seal}/record/{event}"
    told = {"person": "N. Ferro", **fields, "at": at}
    told = {f"event_{name}": value for name, value in told.items()} | WHEN
    form = filled(client, f"{address}{query}", "event-form", **told)
    return client.post(address, form, **({} if files is None else {"files": files}))


def done(answer: Any) -> Any:
    """Return an answer that must have been a success."""
    assert answer.status_code == 303, re.sub(r"<[^>]*>", " ", answer.text)[-3000:]
    return answer


def stands(site: Site, seal: str) -> Standing:
    """Return how a seal stands."""
    body, number = seal.split("/")
    with site.database.reading() as connection:
        return standing(connection, site.database.metadata, SealKey(body, number))


def issue(client: Client, seal: str, **more: Any) -> None:
    """Issue a seal to an inspector."""
    done(step(client, seal, "issue", "2026-01-02T10:00", role="inspector", **more))


def attach(client: Client, seal: str, way: str = "hatch") -> None:
    """Attach a seal to the store."""
    query = f"?place={MBA}/{STORE}"
    done(step(client, seal, "attach", "2026-01-03T09:00", query,
              paths=[way], items=[f"{MBA}/{ITEM}#1"], route="through both eyes"))  # fmt: skip


def detach(client: Client, seal: str) -> None:
    """Take a seal off."""
    told = {"at": "2026-01-05T09:00", "offset": "+00:00", "person": "N. Ferro", "second": "A. Holm"}
    form = filled(client, f"/seals/{seal}", "detach-form",
                  **{f"detach_{n}": v for n, v in told.items()})  # fmt: skip
    done(client.post(f"/seals/{seal}/detachments", form))


def test_every_event_has_a_form() -> None:
    assert set(STEPS) == {*TRANSITIONS, "withdraw"}


def test_a_batch_of_numbers_is_received(site: Site, inspector: Client) -> None:
    before = acts(site)
    wrong = receive(inspector, "0001\n0001, 00 02", issuer="")
    assert wrong.status_code == 422 and "Name who issued the seals." in wrong.text
    assert "These stand here twice: 0001." in wrong.text
    assert "00 02" in wrong.text, "what was typed is there again"
    assert acts(site) == before
    assert done(receive(inspector, "0001\n0002, 0003")).headers["location"].startswith("/seals?")
    assert {r["seal"] for r in rows_of(inspector, "/seals")} >= {"XA/0001", "XA/0002", "XA/0003"}
    again = receive(inspector, "0003\n0004")
    assert again.status_code == 422 and "Refused, and kept" in again.text
    assert "SEAL-DUPLICATE-NUMBER" in again.text and 'id="e-receive_numbers"' in again.text
    assert "XA/0004" not in inspector.get("/seals").text, "all of them or none"


def test_only_what_can_follow_is_offered(site: Site, inspector: Client) -> None:
    done(receive(inspector, "0100"))
    page = inspector.get("/seals/XA/0100").text
    offered = set(re.findall(r'href="/seals/XA/0100/record/([a-z-]+)"', page))
    assert offered == {"issue", "void", "destroy", "loss"}
    assert inspector.get("/seals/XA/0100/record/attach").status_code == 404
    assert inspector.get("/seals/XA/0100/record/nonsense").status_code == 404
    auditor = Client(site, site.session("auditor"))
    assert "/record/" not in auditor.get("/seals/XA/0100").text
    assert auditor.get("/seals/XA/0100/record/issue").status_code == 403
    assert auditor.post("/seals/XA/0100/record/issue", {}).status_code == 403
    assert auditor.get("/seals/receive").status_code == 403
    assert "/seals/receive" not in auditor.get("/seals").text


def test_the_type_decides_too() -> None:
    def taken_off(type_: str) -> list[str]:
        return following(Standing(SealKey("XA", "1"), SEAL_TYPES[type_], State.DETACHED))

    assert "verify" in taken_off("cobra") and "read-out" not in taken_off("cobra")
    assert "verify" not in taken_off("metal-cap") and "dispatch" in taken_off("metal-cap")
    assert "read-out" in taken_off("eoss")


def test_a_seal_lives_to_its_read_out(site: Site, inspector: Client) -> None:
    done(receive(inspector, "0200\n0201"))
    issue(inspector, "XA/0200", more="XA/0201")
    assert stands(site, "XA/0201").state == "issued", "several at once"
    chosen = inspector.get("/seals/XA/0200/record/attach").text
    assert "place-form" in chosen and f"{MBA}/{STORE}" in chosen
    attach(inspector, "XA/0200")
    period = stands(site, "XA/0200").open_period
    assert period is not None
    assert period.attached.path_names == ("hatch",)
    assert period.attached.items == (f"{MBA}/{ITEM}#1",)
    detach(inspector, "XA/0200")
    log = {"event_log": ("seal.csv", LOG.encode(), "text/csv")}
    before = acts(site)
    only = step(inspector, "XA/0200", "read-out", "2026-01-06T09:00", look="yes", files=log)
    assert only.status_code == 200 and "Nothing was recorded." in only.text
    assert "opening" in only.text and acts(site) == before
    more = {"files": log, "reader": "status line GOOD"}
    told = step(inspector, "XA/0200", "read-out", "2026-01-06T09:00", **more)
    assert told.status_code == 200 and "SEAL-OPENED" in told.text
    assert "authenticated by the reader" in told.text
    assert stands(site, "XA/0200").state == "read-out"
    done(step(inspector, "XA/0200", "service", "2026-01-07T09:00", self_test="good"))
    assert stands(site, "XA/0200").state == "in-stock"


def test_a_broken_log_is_told_and_kept(site: Site, inspector: Client) -> None:
    done(receive(inspector, "0250"))
    issue(inspector, "XA/0250")
    attach(inspector, "XA/0250", "door")
    detach(inspector, "XA/0250")
    log = {"event_log": ("seal.csv", b"\xff\xfe\x00 nothing", "text/csv")}
    back = step(inspector, "XA/0250", "read-out", "2026-01-06T09:00", files=log, remark="wet")
    assert back.status_code == 422 and "SEAL-LOG-UNREADABLE" in back.text
    assert "Refused, and kept" in back.text and "wet" in back.text
    table = site.database.metadata.tables["seal_refused"]
    with site.database.reading() as connection:
        query = select(table.c.evidence).where(table.c.number == "0250")
        assert connection.execute(query).scalar_one(), "the file is in the record"
    seconds = LOG.replace("2026-01-03T09:00:00Z", "0")
    mixed = {"event_log": ("seal.csv", seconds.encode(), "text/csv")}
    assert "SEAL-LOG-CLOCK" in step(
        inspector, "XA/0250", "read-out", "2026-01-06T09:00", files=mixed
    ).text  # fmt: skip
    assert stands(site, "XA/0250").state == "detached"


def test_a_metal_seal_is_sent_and_examined(site: Site, inspector: Client) -> None:
    done(receive(inspector, "0300", "metal-cap"))
    bare = step(inspector, "XA/0300", "issue", "2026-01-02T10:00", role="inspector")
    assert bare.status_code == 422 and 'id="e-event_reference"' in bare.text
    image = {"event_reference": ("cap.jpg", b"\xff\xd8\xff", "image/jpeg")}
    issue(inspector, "XA/0300", files=image)
    attach(inspector, "XA/0300", "door")
    detach(inspector, "XA/0300")
    empty = step(inspector, "XA/0300", "dispatch", "2026-01-06T09:00", bag="B-7")
    assert empty.status_code == 422 and "Name who carries it." in empty.text
    assert "B-7" in empty.text and "Refused, and kept" not in empty.text
    done(step(inspector, "XA/0300", "dispatch", "2026-01-06T09:00",
              bag="B-7", courier="courier", expected_on="2026-01-08"))  # fmt: skip
    site.now[0] = datetime(2026, 6, 1, tzinfo=UTC)
    try:
        late = Client(site, site.session("inspector")).get("/seals/overdue").text
        assert 'href="/seals/XA/0300/record/examine"' in late
        assert "Receive and examine it at headquarters" in late
    finally:
        site.now[0] = datetime(2026, 1, 10, 9, 30, tzinfo=UTC)
    alone = step(inspector, "XA/0300", "examine", "2026-01-08T09:00", finding="genuine-intact")
    assert alone.status_code == 422 and "SEAL-EXAMINER" in alone.text
    assert "Refused, and kept" in alone.text and 'id="e-event_second"' in alone.text
    done(step(inspector, "XA/0300", "examine", "2026-01-08T09:00",
              person="L. Ek", second="M. Bo", finding="genuine-intact"))  # fmt: skip
    assert str(stands(site, "XA/0300").periods[-1].result()) == "POSITIVE"
    early = step(inspector, "XA/0300", "retire", "2026-01-09T09:00", person="L. Ek", second="M. Bo")
    assert early.status_code == 422 and "SEAL-RETENTION" in early.text
    done(step(inspector, "XA/0300", "retire", "2026-01-09T09:00",
              person="L. Ek", second="M. Bo", retention_days="0"))  # fmt: skip
    assert stands(site, "XA/0300").state == "destroyed"


def test_stock_goes_other_ways(site: Site, inspector: Client) -> None:
    done(receive(inspector, "0400\n0401\n0402"))
    issue(inspector, "XA/0400", more="XA/0401, XA/0402")
    done(step(inspector, "XA/0400", "return", "2026-01-03T09:00", unopened="yes"))
    assert stands(site, "XA/0400").state == "in-stock"
    done(step(inspector, "XA/0401", "void", "2026-01-03T09:00", second="A", reason="scratched"))
    assert stands(site, "XA/0401").state == "destroyed"
    done(step(inspector, "XA/0402", "loss", "2026-01-03T09:00", reason="bag gone", place="hall"))
    done(step(inspector, "XA/0402", "found", "2026-01-04T09:00", role="supervisor"))
    assert stands(site, "XA/0402").quarantined
    assert "/record/issue" not in inspector.get("/seals/XA/0402").text


@pytest.mark.parametrize(
    ("number", "state", "then", "after"),
    [
        ("0500", "broken", "recover", "detached"),
        ("0501", "missing", "found-again", "detached"),
        ("0502", "missing", "declare-lost", "lost"),
    ],
)
def test_found_broken_or_missing(
    site: Site, inspector: Client, number: str, state: str, then: str, after: str
) -> None:
    seal = f"XA/{number}"
    done(receive(inspector, number))
    issue(inspector, seal)
    attach(inspector, seal)
    told = {"state": state, "reason": "seen so", "at": "2026-01-04T09:00", "offset": "+00:00"}
    told["person"] = "N. Ferro"
    form = filled(inspector, f"/seals/{seal}", "found-form",
                  **{f"found_{n}": v for n, v in told.items()})  # fmt: skip
    done(inspector.post(f"/seals/{seal}/damages", form))
    done(step(inspector, seal, then, "2026-01-05T09:00", reason="it is gone"))
    assert stands(site, seal).state == after


def test_an_event_is_corrected_and_withdrawn(site: Site, inspector: Client) -> None:
    done(receive(inspector, "0600"))
    issue(inspector, "XA/0600", person="N. Ferrro", remark="mine")
    (event,) = [one for one in stands(site, "XA/0600").events if one.event == "issue"]
    query = f"?corrects={event.act}/{event.line}"
    begin = f"/seals/XA/0600/correct/{event.act}/{event.line}"
    assert f'href="{begin}"' in inspector.get("/seals/XA/0600").text
    page = inspector.get(begin).text
    assert f"/record/issue{query}" in page and f"/record/withdraw{query}" in page
    assert f"/record/void{query}" in page and f"/record/attach{query}" not in page
    form = inspector.get(f"/seals/XA/0600/record/issue{query}").text
    assert "N. Ferrro" in form and "mine" in form, "what is corrected is filled in"
    done(step(inspector, "XA/0600", "issue", "2026-01-02T10:00", query, role="inspector"))
    one = stands(site, "XA/0600")
    assert (one.holder, one.events[-1].corrected) == ("N. Ferro", event.place_in_record)
    assert inspector.get(begin).status_code == 404, "what was corrected is corrected there"
    place = one.events[-1].place_in_record
    again = f"?corrects={place[0]}/{place[1]}"
    done(step(inspector, "XA/0600", "withdraw", "2026-01-03T10:00", again, reason="never was"))
    assert stands(site, "XA/0600").holder == "N. Ferrro", "the first holds again"
    with site.database.reading() as connection:
        key = SealKey("XA", "0600")
        assert len(seal_events(connection, site.database.metadata, [key])[key]) == 4


def test_a_check_brings_its_log(site: Site, inspector: Client) -> None:
    done(receive(inspector, "0650"))
    issue(inspector, "XA/0650")
    attach(inspector, "XA/0650")
    assert "Check it together with its log" in inspector.get("/seals/XA/0650").text
    good = {"number_read": "0650", "tag": "ok", "wire": "ok", "enclosure": "ok"}
    log = {"event_log": ("seal.csv", LOG.encode(), "text/csv")}
    told = step(inspector, "XA/0650", "check", "2026-01-06T09:00", files=log, **good)
    assert told.status_code == 200 and "SEAL-OPENED" in told.text and "not signed" in told.text
    (event,) = [one for one in stands(site, "XA/0650").events if one.event == "check"]
    assert event.log_last == 4
    query = f"?corrects={event.act}/{event.line}"
    bare = step(inspector, "XA/0650", "check", "2026-01-06T10:00", query, **good)
    assert bare.status_code == 422 and "Send the log again" in bare.text


def test_an_attachment_is_corrected(site: Site, inspector: Client) -> None:
    done(receive(inspector, "0660"))
    issue(inspector, "XA/0660")
    attach(inspector, "XA/0660")
    period = stands(site, "XA/0660").open_period
    assert period is not None
    query = f"?corrects={period.attached.act}/{period.attached.line}"
    form = inspector.get(f"/seals/XA/0660/record/attach{query}").text
    assert re.search(r'name="event_paths" value="hatch" checked', form), "as it was attached"
    assert "place-form" in inspector.get(f"/seals/XA/0660/record/attach{query}&place=-").text
    none = step(
        inspector, "XA/0660", "attach", "2026-01-03T09:00", query, items=[f"{MBA}/{ITEM}#1"]
    )
    assert none.status_code == 422 and "Tick the way or ways" in none.text
    done(step(inspector, "XA/0660", "attach", "2026-01-03T09:00", query,
              paths=["door", "hatch"], further=f"{MBA}/{ITEM}"))  # fmt: skip
    period = stands(site, "XA/0660").open_period
    assert period is not None and period.attached.path_names == ("door", "hatch")


def test_sent_twice_it_is_recorded_once(site: Site, inspector: Client) -> None:
    done(receive(inspector, "0700"))
    before = acts(site)
    address = "/seals/XA/0700/record/issue"
    told = {"event_at": "2026-01-02T10:00", "event_person": "N. Ferro", "event_role": "inspector"}
    form = filled(inspector, address, "event-form", **told, **WHEN)
    first, second = inspector.post(address, form), inspector.post(address, form)
    assert done(first).headers["location"] == second.headers.get("location")
    assert acts(site) == before + 1


def test_a_form_that_comes_too_late_is_refused_and_kept(site: Site, inspector: Client) -> None:
    done(receive(inspector, "0710"))
    address = "/seals/XA/0710/record/loss"
    told = {"at": "2026-01-03T09:00", "person": "A", "reason": "bag gone", "place": "hall"}
    form = filled(inspector, address, "event-form", **{f"event_{n}": v for n, v in told.items()})
    done(step(inspector, "XA/0710", "void", "2026-01-03T09:00", second="B", reason="scratched"))
    late = inspector.post(address, {**form, **WHEN})
    assert late.status_code == 409 and "bag gone" in late.text, "somebody was here in between"
    del form["_head"]
    kept = inspector.post(address, {**form, **WHEN, "_form_id": ""})
    assert kept.status_code == 422 and "SEAL-STATE" in kept.text
    assert "Refused, and kept" in kept.text
    assert "refused, and kept" in inspector.get("/seals/XA/0710").text


def test_empty_forms_come_back(site: Site, inspector: Client) -> None:
    done(receive(inspector, "0720"))
    before = acts(site)
    for event in STEPS:
        assert inspector.post(f"/seals/XA/0720/record/{event}", {}).status_code == 422, event
    assert acts(site) == before


def test_hostile_words_stay_text(inspector: Client) -> None:
    bad = "<script>alert(1)</script>"
    page = receive(inspector, bad, issuer=bad, note=bad)
    assert page.status_code == 422 and "<script>alert" not in page.text


def test_a_shipping_document(site: Site, inspector: Client) -> None:
    address = "/seals/documents"
    told = {"document": "SD-1", "mba": MBA, "stated": "XA/0900\nXA/0901", "found": "XA/0910"}
    told |= {"at": "2026-01-08T09:00", "offset": "+00:00"}
    typed = {f"document_{name}": value for name, value in told.items()}
    before = acts(site)
    wrong = inspector.post(
        address, filled(inspector, address, "document-form", **{**typed, "document_found": "0 1"})
    )
    assert wrong.status_code == 422 and "These name no seal: 0 1." in wrong.text
    compared = inspector.post(address, filled(inspector, address, "document-form", **typed))
    assert compared.status_code == 200 and "SEAL-DOCUMENT-MISSING" in compared.text
    assert "SEAL-DOCUMENT-EXTRA" in compared.text and acts(site) == before
    assert "XA/0901" in compared.text, "what was typed stays, to be recorded"
    table = {"document_found_file": ("found.csv", b"seal\nXA/0900\nXA/0901\n", "text/csv")}
    form = filled(inspector, address, "document-form", **typed, document_record="yes")
    answer = done(inspector.post(address, form, files=table))
    assert acts(site) == before + 1
    page = inspector.get(answer.headers["location"]).text
    assert "SD-1" in page and "SEAL-DOCUMENT-MISSING" not in page
    assert step_address(SealKey("XA", "0900"), "issue") not in page
