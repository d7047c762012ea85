"""The register in the books: refused reports are kept, numbers are texts, corrections replay."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from pathlib import Path

import pytest

from keiryo.errors import NotFoundError, RefusedError, UsageError
from keiryo.journal.dependents import dependents
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.journal.why import why
from keiryo.seals.compromise import report_compromise
from keiryo.seals.documents import ShippingDocument, keys_in, record_document
from keiryo.seals.history import history
from keiryo.seals.numbers import SealKey, difference, seal_key
from keiryo.seals.overdue import doubles, overdue
from keiryo.seals.read_out import LogToRead, read_out
from keiryo.seals.recording import SealReport, receive, record
from keiryo.seals.register import standing
from seals.seal_books import ACTOR, BEGIN, SealBooks, made, moment


def test_numbers_are_texts() -> None:
    assert seal_key("XA/0042") == SealKey("XA", "0042")
    assert seal_key("seal:INT.IAEA/0042A").node == "seal:INT.IAEA/0042A"
    for wrong in ("0042", "XA/", "/42", "XA/00 42", "XA/a/b", "XA/\u0660"):
        with pytest.raises(UsageError):
            seal_key(wrong)
    told = [difference("0042", one) for one in ("0024", "0043", "042", "00420", "1234")]
    assert told[0] == "characters 3 and 4 are exchanged"
    assert told[1:] == [
        *("character 4 is another", "it is shorter", "it is longer", "4 characters are others")
    ]


def test_a_number_is_received_once(seals: SealBooks) -> None:
    key = seals.receive("eoss")
    assert seals.standing(key).state == "in-stock"
    with pytest.raises(RefusedError) as error:
        receive(seals.database, ACTOR, [key], "eoss", made(key, "receive", 5))
    assert [one.code for one in error.value.findings] == ["SEAL-DUPLICATE-NUMBER"]
    kept = seals.rows("seal_refused")[-1]
    assert (kept["number"], kept["codes"]) == (key.number, "SEAL-DUPLICATE-NUMBER")
    assert seals.codes(kept["act_id"]) == ["SEAL-DUPLICATE-NUMBER"]
    other = SealKey("XH", key.number.lstrip("0"))
    receive(seals.database, ACTOR, [other], "eoss", made(other, "receive", -100))
    with seals.database.reading() as connection:
        found = doubles(connection, seals.database.metadata)
        with pytest.raises(NotFoundError):
            standing(connection, seals.database.metadata, SealKey("XH", "9" * 9))
    assert found[-1]["seal"] == str(key)
    with pytest.raises(UsageError):
        receive(seals.database, ACTOR, [key], "wax", made(key, "receive", 5))
    with pytest.raises(UsageError):
        record(seals.database, ACTOR, [])


def test_what_is_refused_is_kept_with_its_evidence(seals: SealBooks) -> None:
    key = seals.attached("cobra", 0)
    photos = (("seen.jpg", b"a door"),)
    acts = seals.count("seal_event")
    assert seals.refused(key, "attach", 50, containment="cask", photos=photos) == [
        "SEAL-TWO-PLACES"
    ]
    kept = seals.rows("seal_refused")[-1]
    assert json.loads(kept["seen"])["containment"] == "cask"
    assert seals.database.evidence.get(kept["evidence"]) == b"a door"
    assert seals.count("seal_event") == acts
    assert seals.value(key, 60).name == "PENDING"
    with seals.database.reading() as connection:
        twice = doubles(connection, seals.database.metadata)
    assert twice[-1]["where"] == "XHS1/cask"


REFUSED = [
    # type, way to the state, event, fields, code
    ("eoss", ("issue",), "attach", {"containment": "attic"}, "SEAL-CONTAINMENT"),
    ("eoss", ("issue",), "attach", {"paths": "window"}, "SEAL-PATH"),
    ("eoss", ("issue",), "attach", {"items": ("XHS1/FA-9",)}, "SEAL-ITEM"),
    ("eoss", ("issue",), "attach", {"evidence": "ab" * 32}, "SEAL-EVIDENCE"),
    ("eoss", (), "frobnicate", {}, "SEAL-EVENT"),
    ("eoss", (), "check", {}, "SEAL-STATE"),
    ("eoss", ("issue",), "withdraw", {"corrects_act": 1, "corrects_line": 1}, "SEAL-CORRECTION"),
]


@pytest.mark.parametrize(("type_", "way", "event", "fields", "code"), REFUSED)
def test_refusals(
    seals: SealBooks,
    type_: str,
    way: tuple[str, ...],
    event: str,
    fields: dict[str, str],
    code: str,
) -> None:
    key = seals.receive(type_)
    for n, step in enumerate(way):
        seals.do(key, step, n - 50)
    assert code in seals.refused(key, event, 0, **fields)


def test_times_that_cannot_be(seals: SealBooks) -> None:
    key = seals.receive("eoss", 0)
    assert seals.refused(key, "issue", 10**9) == ["SEAL-FUTURE"]
    assert seals.refused(key, "issue", -10) == ["SEAL-ORDER"]
    seals.do(key, "issue", 10)
    assert seals.refused(key, "attach", 5) == ["SEAL-ORDER"]
    seals.do(key, "attach", 20)
    assert seals.refused(key, "detach", 20) == ["SEAL-ORDER"]
    report = SealReport(replace(made(key, "check", 30), at="yesterday"))
    with pytest.raises(RefusedError) as error:
        record(seals.database, ACTOR, [report])
    assert "SEAL-TIME" in [one.code for one in error.value.findings]
    nobody = SealKey("XH", "77777")
    assert seals.refused(nobody, "check", 30) == ["SEAL-UNKNOWN"]
    assert "SEAL-NUMBER" in seals.refused(SealKey("XH", "7 7"), "check", 30)


def test_the_only_way_need_not_be_named_and_items_are_resolved(seals: SealBooks) -> None:
    key = seals.receive("eoss")
    seals.do(key, "issue", -5)
    act = seals.do(key, "attach", 0, containment="cask", paths=None, items=("XHS1/FA-2",))
    assert seals.standing(key).periods[0].attached.path_names == ("lid",)
    assert seals.rows("seal_item", act)[0]["batch_uid"] == "XHS1/FA-2#1"
    assert seals.rows("seal_event", act)[0]["scope"].endswith("/XHS1")
    other = seals.receive("eoss")
    seals.do(other, "issue", -5)
    assert seals.refused(other, "attach", 0, paths=None) == ["SEAL-PATH"]


def test_direct_postings_are_held_against_the_same_rules(seals: SealBooks) -> None:
    key = seals.attached("eoss", 0)

    def tried(kind: str, **values: object) -> list[str]:
        draft = Draft("seal.attach", f"direct:{kind}:{sorted(values.items())}")
        draft.add(kind, scope="XH", body=key.body, number=key.number, **values)  # type: ignore[arg-type]
        with pytest.raises(RefusedError) as error:
            post(seals.database, draft, ACTOR)
        return [one.code for one in error.value.findings]

    event = made(key, "examine", 5).values()
    more = {n: v for n, v in event.items() if n not in ("body", "number") and v is not None}
    assert tried("seal_event", **more) == ["SEAL-STATE"]
    assert tried("seal_item", event_line=1, batch_uid="XHS1/FA-1#1") == ["SEAL-PART"]
    assert tried("seal", type="eoss") == ["SEAL-RECEIPT"]
    assert set(tried("seal", type="wax")) == {"SEAL-RECEIPT", "SEAL-TYPE"}


def test_corrections_leave_what_was_written(seals: SealBooks) -> None:
    key = seals.attached("cobra", 0)
    act = seals.do(key, "detach", 100)
    line = seals.rows("seal_event", act)[0]["line_no"]
    attach = seals.standing(key).periods[0].attached
    named = {"corrects_act": attach.act, "corrects_line": attach.line}
    later = seals.do(key, "attach", 120, **named)
    assert seals.codes(later) == ["SEAL-NO-LONGER-FITS"]
    assert seals.standing(key).state == "attached"
    assert seals.value(key, 50).name == "NOT_COVERED"
    seals.do(key, "detach", 130, corrects_act=act, corrects_line=line)
    assert seals.standing(key).state == "detached"
    with seals.database.reading() as connection:
        told = history(connection, seals.database.metadata, key)
    assert [one["what"] for one in told].count("attach (corrected)") == 1
    assert len(seals.rows("seal_event", attach.act)) == 1


def test_a_transposed_number_stays_as_it_was_read(seals: SealBooks) -> None:
    seals.next_number = 1233
    key = seals.attached("cobra", 0)
    act = seals.do(key, "check", 10, number_read="1324")
    assert seals.codes(act) == ["SEAL-NUMBER-READ"]
    assert seals.rows("seal_event", act)[0]["number_read"] == "1324"
    assert seals.value(key, 5).name == "INCONCLUSIVE"


def test_what_waits_too_long(own: SealBooks) -> None:
    cap = own.attached("metal-cap", 0)
    own.do(cap, "detach", 100)
    rmsa = own.receive("rmsa", soh_interval_s=3600)
    own.do(rmsa, "issue", -5)
    own.do(rmsa, "attach", 0)

    def waits(days: int, within: int = 90) -> list[str]:
        at = BEGIN + datetime.timedelta(days=days, seconds=100)
        with own.database.reading() as connection:
            found = overdue(connection, own.database.metadata, at, days=within)
        return [row["code"] for row, _ in found]

    assert waits(0) == []
    assert waits(90) == ["SEAL-NO-CONTACT"]
    assert waits(91) == ["SEAL-NO-CONTACT", "SEAL-OVERDUE"]
    assert waits(91, 91) == ["SEAL-NO-CONTACT"]
    own.do(rmsa, "check", 91 * 86_400)
    assert waits(91) == ["SEAL-OVERDUE"]
    own.do(cap, "dispatch", 86_400, expected_on=20250301)
    assert waits(49) == ["SEAL-NO-CONTACT"]  # expected on 1 March, 50 days after the begin
    assert waits(51) == ["SEAL-NO-CONTACT", "SEAL-TRANSIT-LATE"]
    own.do(cap, "examine", 80 * 86_400)
    assert waits(91) == []


def test_shipping_documents(seals: SealBooks) -> None:
    travels, stays = seals.attached("cobra", 0), seals.receive("cobra")
    stated = (travels, SealKey("XH", "8812"), stays)
    found = (travels, SealKey("XH", "8821"), stays)
    one = ShippingDocument("CN-17", "XHS2", moment(500), stated, found)
    act = record_document(seals.database, ACTOR, one).act.act_id
    assert seals.codes(act) == [
        *("SEAL-DOCUMENT-MISSING", "SEAL-DOCUMENT-EXTRA", "SEAL-DOCUMENT-STATE")
    ]
    assert seals.rows("seal_document", act)[0]["scope"].endswith("/XHS2")
    early = replace(one, at=moment(10**9))
    with pytest.raises(RefusedError) as error:
        record_document(seals.database, ACTOR, early)
    assert [o.code for o in error.value.findings] == ["SEAL-FUTURE"]
    for told in (b"seal\nXH/0042\n", b"body,number\nXH,0042\n", b"XH/0042\n"):
        assert keys_in("x.csv", told) == (SealKey("XH", "0042"),)
    with pytest.raises(UsageError):
        keys_in("x.csv", b"seal\n42\n")


def test_reports_of_compromise(seals: SealBooks) -> None:
    key = seals.attached("cobra", 0)
    with pytest.raises(RefusedError) as error:
        report_compromise(seals.database, ACTOR, key, " ")
    assert "SEAL-REASON" in [one.code for one in error.value.findings]
    with pytest.raises(NotFoundError):
        report_compromise(seals.database, ACTOR, SealKey("XH", "no"), "fire")
    act = report_compromise(seals.database, ACTOR, key, "fire", photos=(("f.jpg", b"f"),)).act
    row = seals.rows("seal_report", act.act_id)[0]
    assert row["reported_at"] <= act.recorded_at
    assert row["mba"] == "XHS1"


def test_read_out_records_what_the_log_shows(own: SealBooks, tmp_path: Path) -> None:
    key = own.attached("eoss", 0)
    path = tmp_path / "log.csv"
    rows = ((0, "FIBRE_CLOSE"), (40, "FIBRE_OPEN"), (42, "FIBRE_CLOSE"), (99, "FIBRE_OPEN"))
    path.write_text(
        "seq,t,code\n" + "".join(f"{n},{t},{c}\n" for n, (t, c) in enumerate(rows, start=1))
    )
    own.do(key, "detach", 100)
    event = replace(made(key, "read-out", 110), log=None, log_state=None)
    log = LogToRead(path, zero=BEGIN, reader="reader 7")
    with pytest.raises(UsageError):
        read_out(own.database, ACTOR, event, replace(log, zero=None))
    posted, told = read_out(own.database, ACTOR, event, log)
    assert told.state == "reader"
    assert own.codes(posted.act.act_id) == ["SEAL-OPENED"]
    assert [own.value(key, t).name for t in (20, 41, 60, 99)] == [
        *("POSITIVE", "NEGATIVE", "INCONCLUSIVE", "INCONCLUSIVE")
    ]
    assert own.database.evidence.get(own.rows("seal_event", posted.act.act_id)[0]["log"])
    late = own.attached("eoss", 0)
    own.do(late, "detach", 100)
    path.write_text("seq,t,code\n7,60,SOH\n")
    event = replace(event, number=late.number)
    unsigned, _ = read_out(own.database, ACTOR, event, replace(log, reader=None))
    assert "SEAL-LOG-NOT-AUTHENTIC" in own.codes(unsigned.act.act_id)
    third = own.attached("eoss", 0)
    own.do(third, "detach", 100)
    read_out(own.database, ACTOR, replace(event, number=third.number), log)
    assert [own.value(third, t).name for t in (30, 60, 80)] == [
        *("INCONCLUSIVE", "POSITIVE", "POSITIVE")
    ]


def test_the_way_from_a_batch_to_its_seal_and_back(own: SealBooks) -> None:
    key = own.attached("cobra", 0)
    own.do(key, "check", 10, photos=(("p.jpg", b"p"),))
    own.refused(key, "attach", 20, photos=(("q.jpg", b"q"),))
    report_compromise(own.database, ACTOR, key, "fire", photos=(("r.jpg", b"r"),))
    act = own.do(key, "detach", 30)
    line = own.rows("seal_event", act)[0]["line_no"]
    own.do(key, "detach", 31, corrects_act=act, corrects_line=line)
    own.do(key, "verify", 32, finding="tampered")
    with own.database.reading() as connection:
        metadata, registry = own.database.metadata, own.database.registry
        chain = why(connection, metadata, registry, "batch:XHS1/FA-1#1", limit=900)
        links = {(one.source, one.relation, one.target) for one in chain.links}
        assert ("batch:XHS1/FA-1#1", "sealed by", key.node) in links
        assert (key.node, "closes", "containment:XHS1/store") in links
        own_relations = {
            *("sealed by", "sealed as stated in", "closes", "registered in", "happened to it"),
            *("reported and refused in", "compromise reported in", "corrects"),
        }
        seen = set()
        for link in chain.links:
            if link.relation in own_relations or link.target.startswith("evidence:"):
                back = dependents(connection, metadata, registry, link.target, 500)
                assert link in back, link
                seen.add(link.relation)
    assert own_relations | {"shown by"} <= seen
