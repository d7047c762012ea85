"""The register in the books: recorded once, quotations compared anew, down to the sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import keiryo
from keiryo.api import Books
from keiryo.cooperation.quotations import SourceText
from keiryo.cooperation.recording import record_register, shipped_register, shipped_texts
from keiryo.cooperation.register import Register, read_recorded
from keiryo.errors import NotFoundError, RefusedError
from keiryo.journal.dependents import dependents
from keiryo.journal.why import why


@pytest.fixture
def books(sqlite_url: str) -> Books:
    return keiryo.init(sqlite_url, "XA", person="P-TEST2345")


def recorded(books: Books, **more: Any) -> Any:
    return record_register(
        books.database, books.actor, shipped_register(), "agreements.json", **more
    )


def register_of(books: Books, through_act: int | None = None) -> Register:
    with books.database.reading() as connection:
        return read_recorded(connection, books.database.metadata, through_act)


def changed(find: str, put: str) -> bytes:
    text = shipped_register().decode()
    assert find in text
    return text.replace(find, put, 1).encode()


def test_the_four_documents_are_recorded_once(books: Books) -> None:
    done = recorded(books)
    assert (done.recorded, done.unchanged, done.quotations, done.compared) == (211, 0, 212, 144)
    assert {one.code for one in done.findings} == {"QUOTE-UNREAD"}
    again = recorded(books)
    assert again.act is None and again.unchanged == 211
    known = register_of(books)
    assert len(known.objects) == 211
    file = json.loads(shipped_register())
    for kind, number in (("instrument", 18), ("commitment", 70), ("organisation", 38)):
        assert len(list(known.of_kind(kind))) == number
    for one in file["commitments"]:
        found = known.get(one["id"])
        assert found.values["modality"] == one["modality"]
        assert found.values["strength"] == one["strength"]
        assert [q["words"] for q in found.quotations] == [
            " ".join(q["quote"].split()) for q in one["provenance"]
        ]
    chambers = known.get("i.ru-jp-2009").dates
    assert [one["party"] for one in chambers if one["what"] == "ratified"] == [
        "RU.PARLIAMENT",
        "JP.PARLIAMENT",
    ]
    assert known.get("i.us-jp-2006").date("signed")["basis"] == "external"  # type: ignore[index]
    signed = [(one["holder"], one["part"]) for one in known.get("i.us-jp-2006").people]
    assert signed == [("p.kimura-ryo", "signatory"), ("p.paul-jerry", "signatory")]


def test_what_changed_is_recorded_anew_and_what_it_was_stays(books: Books) -> None:
    first = recorded(books)
    content = changed('"status_in_text": "to be established"', '"status_in_text": "established"')
    done = record_register(books.database, books.actor, content, "mine.json")
    assert done.recorded == 1 and done.unchanged == 210
    body = register_of(books).get("b.bilateral-commission")
    assert body.values["status_words"] == "established" and body.quotations
    before = register_of(books, first.act.act_id).get("b.bilateral-commission")
    assert before.values["status_words"] == "to be established"
    with pytest.raises(NotFoundError, match="no 'x'"):
        register_of(books).get("x")


def test_a_text_proves_more_and_its_absence_takes_nothing_away(books: Books) -> None:
    without = {name: text for name, text in shipped_texts().items() if name.startswith("000")}
    assert len(without) == 1
    recorded(books)
    quoted = [q for one in register_of(books).objects.values() for q in one.quotations]
    assert sum(q["compared"] for q in quoted) == 144
    file = json.loads(shipped_register())
    rosatom = [
        (q["lines"][0], q["quote"])
        for kind in file.values()
        if isinstance(kind, list)
        for one in kind
        if isinstance(one, dict)
        for q in one.get("provenance", ())
        if q["source"] == "S3"
    ]
    # A text of another wording: what is quoted is not in it, and everything is refused.
    other = SourceText("003_427412f28b66980d.txt", "Something else.\n" * 9)
    with pytest.raises(RefusedError) as refused:
        recorded(books, texts=[other])
    codes = [one.code for one in refused.value.findings]
    assert codes.count("QUOTE-MISSING") == len(rosatom) and "QUOTE-DIGEST" in codes
    assert recorded(books).act is None


@pytest.mark.parametrize(
    ("find", "put", "code"),
    [
        ('"quote": "signed an agreement July 21"', '"quote": "signed a treaty"', "QUOTE-MISSING"),
        ('"strength": 1', '"strength": 3', "VERB-RAISED"),
        ('"schema": "keiryo.cooperation/1"', '"schema": "x"', "REGISTER-FORM"),
    ],
)
def test_nothing_is_recorded_unless_all_of_it_holds(
    books: Books, find: str, put: str, code: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        record_register(books.database, books.actor, changed(find, put), "mine.json")
    assert code in {one.code for one in refused.value.findings}
    assert not register_of(books).objects


def test_the_way_to_the_sentence_and_back(books: Books) -> None:
    recorded(books)
    database = books.database
    with database.reading() as connection:
        metadata, registry = database.metadata, database.registry
        chain = why(connection, metadata, registry, "cooperation:c019", limit=500)
        nodes = {link.target for link in chain.links}
        assert "cooperation:b.bilateral-commission" in nodes
        assert "cooperation:i.us-jp-2012-summit" in nodes
        words = {values["words"] for kind, values in chain.lines.values() if kind == "quotation"}
        assert any("Bilateral Commission" in one for one in words)
        for link in chain.links:
            if link.source.startswith("cooperation:"):
                back = dependents(connection, metadata, registry, link.target, 500)
                assert link.source in {one.source for one in back}, link


def test_a_register_of_ones_own(books: Books, tmp_path: Path) -> None:
    own = {
        "schema": "keiryo.cooperation/1",
        "organisations": [
            {"id": "XA", "name": "State XA", "country": "XA", "kind": "state", "provenance": []}
        ],
    }
    done = record_register(books.database, books.actor, json.dumps(own).encode(), "own.json")
    assert done.recorded == 1 and not done.findings
    assert [one.title for one in register_of(books).of_kind("organisation")] == ["State XA"]
