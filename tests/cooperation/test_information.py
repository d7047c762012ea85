"""The log of information: caveats go along, handing out is refused where one would be broken."""

from __future__ import annotations

import datetime
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import keiryo
from keiryo.api import Books
from keiryo.cli.app import app
from keiryo.cli.options import Given
from keiryo.cooperation.exchange_tables import INFORMATION_EVENT, INFORMATION_ITEM
from keiryo.cooperation.information import (
    InformationEvent,
    InformationWanted,
    hand_out,
    item_dict,
    record_events,
    record_information,
)
from keiryo.cooperation.information_log import InformationLog, read_log
from keiryo.cooperation.recording import record_register, shipped_register
from keiryo.errors import NotFoundError, RefusedError, UsageError
from keiryo.journal.dependents import dependents
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.journal.why import why
from keiryo.people.model import Window

DAY = datetime.date(2026, 11, 1)
LATER = DAY + datetime.timedelta(days=30)


@pytest.fixture
def books(sqlite_url: str) -> Books:
    made = keiryo.init(sqlite_url, "JP", person="P-TEST2345")
    record_register(made.database, made.actor, shipped_register(), "agreements.json")
    return made


def item(books: Books, title: str = "figures", /, **more: Any) -> str:
    values = {
        "direction": "in",
        "on": DAY,
        "from_organisation": "US.DOE",
        "to_organisation": "JP.MOFA",
        "medium": "letter",
        "title": title,
    }
    wanted = InformationWanted(**{**values, **more})
    return record_information(books.database, books.actor, wanted)[0]


def log_of(books: Books) -> InformationLog:
    with books.database.reading() as connection:
        return read_log(connection, books.database.metadata)


def refused(work: Callable[[], object]) -> list[str]:
    with pytest.raises(RefusedError) as error:
        work()
    assert all(one.message and one.advice for one in error.value.findings)
    return [one.code for one in error.value.findings]


def out(books: Books, to: str, *names: str, on: datetime.date = DAY, **more: Any) -> Any:
    return hand_out(books.database, books.actor, to, on=on, names=names, **more)


def event(books: Books, name: str, what: str, /, **more: Any) -> Any:
    one = InformationEvent(name, what, more.pop("on", DAY), **more)
    return record_events(books.database, books.actor, [one])


def test_an_item_with_its_content_or_its_digest_only(books: Books) -> None:
    content = b"uranium in Japan"
    first = item(books, content=("a.txt", content), caveats=("Third party rule",))
    second = item(books, content=("b.txt", b"other"), keep=False)
    third = item(books, digest=hashlib.sha256(b"c").hexdigest())
    assert (first, second, third) == ("info.0001", "info.0002", "info.0003")
    log = log_of(books)
    assert log.items[first].values["kept"] == 1 and log.items[second].values["kept"] == 0
    assert books.database.evidence.get(hashlib.sha256(content).hexdigest()) == content
    with pytest.raises(NotFoundError):
        books.database.evidence.get(hashlib.sha256(b"other").hexdigest())
    assert log.items[first].values["caveat"] == "third-party-rule"
    assert log.items[first].values["onward"] == "consent"
    assert log.items[second].values["caveat"] is None
    assert log.items[third].values["onward"] == "free"


def test_quantities_of_a_partner_are_confidential_by_default(books: Books) -> None:
    name = item(books, country_quantities=True)
    assert log_of(books).items[name].caveats == {"partner-quantities"}
    assert not out(books, "JP.MOFA", name).findings
    assert refused(lambda: out(books, "INT.IAEA", name)) == ["CAVEAT-CONFIDENTIAL"]
    ours = {"direction": "out", "from_organisation": "JP.MOFA", "to_organisation": "US.DOE"}
    own = item(books, "ours", country_quantities=True, **ours)
    assert not log_of(books).items[own].caveats


def test_a_copy_and_a_summary_keep_every_caveat(books: Books) -> None:
    first = item(books, content=("a", b"same"), caveats=("third-party-rule",))
    second = item(books, caveats=("no-foreign",), purposes=("Safeguards",))
    copy = item(books, "copy", content=("b", b"same"), from_organisation="JP.METI")
    whole = item(books, "summary", parts=(copy, second), from_organisation="JP.MOFA")
    log = log_of(books)
    assert log.items[copy].parts == (first,)
    assert log.items[copy].values["caveat"] == "third-party-rule"
    assert log.items[whole].values["caveat"] == "no-foreign / third-party-rule"
    handling = log.handling(whole, DAY)
    assert handling.purposes == {"safeguards"}
    assert {circle.information for circle in handling.circles} == {first, copy, whole}
    codes = refused(lambda: out(books, "RU.ROSATOM", whole))
    assert codes == ["CAVEAT-THIRD-PARTY"] * 3 + ["CAVEAT-FOREIGN", "CAVEAT-PURPOSE"]


def test_the_pipeline_refuses_what_lost_a_caveat(books: Books) -> None:
    first = item(books, content=("a", b"same"), caveats=("third-party-rule",))

    def posted(kind: str, **values: Any) -> list[str]:
        draft = Draft("cooperation.information", "past the service")
        draft.add(kind, scope="JP", **values)
        return refused(lambda: post(books.database, draft, books.actor))

    made: dict[str, Any] = {
        "information": "info.0009",
        "direction": "in",
        "on_day": 20261101,
        "from_organisation": "US.DOE",
        "to_organisation": "JP.MOFA",
        "medium": "mail",
        "title": "x",
        "onward": "free",
    }
    kind = INFORMATION_ITEM.name
    assert posted(kind, **made, parts=first) == ["CAVEAT-LOST"]
    assert posted(kind, **made, digest=hashlib.sha256(b"same").hexdigest()) == ["CAVEAT-LOST"]
    assert posted(kind, **made, country_quantities=1) == ["CAVEAT-LOST"]
    assert posted(kind, **made, caveats="no-foreign") == ["CAVEAT-LOST"]  # not on its line
    assert posted(kind, **{**made, "on_day": 20261131}) == ["COOPERATION-DAY"]
    assert posted(kind, **{**made, "direction": "up"}) == ["INFORMATION-WORD"]
    told = {"information": first, "on_day": 20261101}
    kind = INFORMATION_EVENT.name
    assert posted(kind, **told, what="acknowledged") == ["CAVEAT-LOST"]
    assert posted(kind, **told, what="sold") == ["INFORMATION-WORD"]
    sent = {"what": "handed_out", "organisation": "RU.ROSATOM", "caveat": "third-party-rule"}
    assert posted(kind, **told, **sent) == ["CAVEAT-THIRD-PARTY"]
    unknown = {**told, "information": "info.0099"}
    assert posted(kind, **unknown, what="acknowledged") == ["INFORMATION-UNKNOWN"]


def test_recorded_anew_it_is_never_less_protected(books: Books) -> None:
    name = item(books, caveats=("no-foreign",), purposes=("safeguards",), embargo_until=LATER)
    keep = {"name": name, "purposes": ("safeguards",), "embargo_until": LATER}
    item(books, "better title", **keep)
    assert log_of(books).items[name].caveats == {"no-foreign", "embargo"}
    for looser in (
        {"purposes": ()},
        {"purposes": ("safeguards", "trade")},
        {"embargo_until": DAY},
        {"to_organisation": "RU.ROSATOM"},
    ):
        assert "CAVEAT-LOST" in refused(lambda more=looser: item(books, **{**keep, **more}))
    item(books, **{**keep, "onward": "never"})
    assert refused(lambda: item(books, **{**keep, "onward": "free"})) == ["CAVEAT-LOST"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"caveats": ("top-hush",)}, "CAVEAT-UNKNOWN"),
        ({"digest": "abc"}, "INFORMATION-DIGEST"),
        ({"embargo_until": DAY - datetime.timedelta(days=1)}, "INFORMATION-DAY"),
        ({"caveats": ("embargo",)}, "INFORMATION-DAY"),
        ({"retention_until": DAY - datetime.timedelta(days=1)}, "INFORMATION-DAY"),
        ({"parts": ("info.0099",)}, "INFORMATION-PART"),
        ({"from_organisation": "XX.NOBODY"}, "COOPERATION-ORGANISATION"),
        ({"under": "i.nothing"}, "COOPERATION-NAME"),
        ({"onward": "sometimes"}, "INFORMATION-WORD"),
    ],
)
def test_what_does_not_hold_together(books: Books, more: dict[str, Any], code: str) -> None:
    assert refused(lambda: item(books, **more)) == [code]
    assert not log_of(books).items


def test_no_item_is_made_of_itself(books: Books) -> None:
    first = item(books)
    second = item(books, "second", parts=(first,))
    codes = refused(lambda: item(books, "first anew", name=first, parts=(second,)))
    assert "INFORMATION-PART" in codes
    with pytest.raises(UsageError, match="cannot be called"):
        item(books, name="No Name")
    assert refused(lambda: item(books, name="c019")) == ["COOPERATION-NAME-TAKEN"]


def test_handing_out_is_all_or_nothing_and_says_why(books: Books) -> None:
    free = item(books, "free", content=("f.txt", b"free"))
    bound = item(books, "bound", caveats=("third-party-rule", "no-foreign"))
    later = item(books, "later", embargo_until=LATER)
    over = item(books, "over", retention_until=DAY)
    purposed = item(books, "purposed", purposes=("safeguards",))
    before = len(log_of(books).items[free].events)
    with pytest.raises(RefusedError) as error:
        out(books, "RU.ROSATOM", free, bound, later)
    found = [(one.code, one.found) for one in error.value.findings]
    assert found == [
        ("CAVEAT-THIRD-PARTY", bound),
        ("CAVEAT-FOREIGN", bound),
        ("CAVEAT-EMBARGO", later),
    ]
    assert "2 of 3 items" in error.value.message
    assert len(log_of(books).items[free].events) == before
    looked = out(books, "RU.ROSATOM", check=True)
    assert looked.act is None and [one.name for one in looked.items] == [free, over]
    done = out(books, "RU.ROSATOM", on=LATER, purpose="safeguards")
    assert [one.name for one in done.items] == [free, later, purposed]
    assert {one.code for one in done.findings} == {
        "CAVEAT-THIRD-PARTY",
        "CAVEAT-FOREIGN",
        "CAVEAT-RETENTION",
    }
    archive = zipfile.ZipFile(io.BytesIO(done.content))
    assert archive.read(f"content/{free}") == b"free"
    manifest = json.loads(archive.read("manifest.json"))
    assert [one["information"] for one in manifest["items"]] == [free, later, purposed]
    assert manifest["items"][1]["caveats"] == ["embargo"]
    assert "handed_to" not in manifest["items"][0]
    told = log_of(books).items[free].events[-1]
    assert told["organisation"] == "RU.ROSATOM" and done.content
    assert hashlib.sha256(done.content).hexdigest() in told["note"]
    with pytest.raises(NotFoundError, match="no organisation"):
        out(books, "XX.NOBODY")
    with pytest.raises(NotFoundError, match="no item"):
        out(books, "RU.ROSATOM", "info.0099")


def test_what_is_sent_out_is_judged_by_what_it_holds(books: Books) -> None:
    theirs = item(books, caveats=("third-party-rule",))
    ours = {"direction": "out", "from_organisation": "JP.MOFA", "parts": (theirs,)}
    assert refused(lambda: item(books, "summary", to_organisation="RU.ROSATOM", **ours)) == [
        "CAVEAT-THIRD-PARTY"
    ]
    # To whoever gave it, and to what belongs to them, it may go back.
    item(books, "answer", to_organisation="US.DOE.NNSA", **ours)
    assert refused(
        lambda: item(
            books,
            direction="out",
            from_organisation="JP.MOFA",
            to_organisation="US.DOE",
            caveats=("no-foreign",),
        )
    ) == ["CAVEAT-FOREIGN"]


def test_whoever_gave_it_may_give_it_to_others(books: Books) -> None:
    ours = {"direction": "out", "from_organisation": "JP.MOFA", "content": ("a", b"ours")}
    more = {"caveats": ("safeguards-confidential",), **ours}
    item(books, to_organisation="US.DOE", **more)
    second = item(books, to_organisation="INT.IAEA", **ours)
    assert log_of(books).items[second].caveats == {"safeguards-confidential"}
    assert (
        refused(
            lambda: item(
                books, to_organisation="RU.ROSATOM", **{**ours, "from_organisation": "JP.METI"}
            )
        )
        == ["CAVEAT-CONFIDENTIAL"] * 2
    )


def test_nobody_gives_in_the_name_of_a_partner(books: Books) -> None:
    theirs = item(books, caveats=("third-party-rule",))
    to = {"to_organisation": "RU.ROSATOM", "parts": (theirs,)}
    assert refused(lambda: item(books, direction="out", **to)) == ["CAVEAT-THIRD-PARTY"]


def test_a_consent_opens_the_way_for_whom_it_names_while_it_lasts(books: Books) -> None:
    name = item(books, caveats=("third-party-rule",))
    given = {"organisation": "INT.IAEA", "consent_of": "US.DOE", "note": "letter of 1 November"}
    for wrong in ({"consent_of": "JP.METI"}, {"note": None}, {"organisation": None}):
        codes = refused(lambda more=wrong: event(books, name, "consented", **{**given, **more}))
        assert codes == ["CAVEAT-CONSENT"]
    event(books, name, "consented", valid_until=LATER, **given)
    assert out(books, "INT.IAEA", name).act is not None
    after = LATER + datetime.timedelta(days=1)
    assert refused(lambda: out(books, "INT.IAEA", name, on=after)) == ["CAVEAT-THIRD-PARTY"]
    assert refused(lambda: out(books, "RU.ROSATOM", name)) == ["CAVEAT-THIRD-PARTY"]
    event(books, name, "consent_withdrawn", **given)
    assert refused(lambda: out(books, "INT.IAEA", name)) == ["CAVEAT-THIRD-PARTY"]
    event(books, name, "consented", **given)
    event(books, name, "consented", on=LATER, **{**given, "organisation": "RU.ROSATOM"})
    assert out(books, "INT.IAEA", name).items
    assert refused(lambda: out(books, "RU.ROSATOM", name)) == ["CAVEAT-THIRD-PARTY"]
    assert out(books, "RU.ROSATOM", name, on=LATER).items
    closed = item(books, onward="never")
    event(books, closed, "consented", **given)
    assert refused(lambda: out(books, "INT.IAEA", closed)) == ["CAVEAT-THIRD-PARTY"]


def test_what_was_returned_is_handed_out_no_more(books: Books) -> None:
    name = item(books, retention_until=DAY)
    log = log_of(books)
    assert [item_dict(log, log.items[name], day)["retention_over"] for day in (DAY, LATER)] == [
        False,
        True,
    ]
    event(books, name, "acknowledged", person="K. Tanaka")
    event(books, name, "returned", on=LATER)
    assert refused(lambda: out(books, "INT.IAEA", name)) == ["CAVEAT-GONE"]
    assert not out(books, "INT.IAEA").items
    assert refused(
        lambda: event(books, name, "acknowledged", on=DAY - datetime.timedelta(days=1))
    ) == ["INFORMATION-DAY"]
    assert refused(lambda: event(books, name, "acknowledged", evidence=("act:999",))) == [
        "COOPERATION-EVIDENCE"
    ]


def test_official_use_is_not_for_companies(books: Books) -> None:
    name = item(books, caveats=("official-use",))
    assert refused(lambda: out(books, "RU.ROSATOM", name)) == ["CAVEAT-OFFICIAL"]
    assert out(books, "INT.IAEA", name).items


def test_whoever_lacks_the_caveat_does_not_see_it(books: Books) -> None:
    name = item(books, content=("a", b"x"), caveats=("third-party-rule",))
    event(books, name, "acknowledged", person="K. Tanaka")
    plain, granted = Window("JP"), Window("JP", caveats=frozenset({"third-party-rule"}))
    with books.database.reading() as connection:
        for kind in (INFORMATION_ITEM.name, INFORMATION_EVENT.name, "evidence"):
            count = f"SELECT count(*) FROM {kind} WHERE "
            about = " AND caveat = 'third-party-rule'"
            seen = [
                connection.exec_driver_sql(count + window.sql(kind) + about).scalar()
                for window in (plain, granted)
            ]
            assert seen == [0, 1], kind


def test_the_way_from_a_summary_to_what_it_rests_on_and_back(books: Books) -> None:
    first = item(books, content=("a", b"same"), under="i.us-jp-2006")
    whole = item(books, "summary", parts=(first,))
    done = event(books, first, "acknowledged", person="K. Tanaka", files=(("b", b"letter"),))
    database = books.database
    with database.reading() as connection:
        metadata, registry = database.metadata, database.registry
        chains = [why(connection, metadata, registry, f"cooperation:{whole}", limit=500)]
        chains += [
            why(connection, metadata, registry, f"line:{done.act.act_id}/{n}", limit=500)
            for n in (1, 2)
        ]
        links = [link for chain in chains for link in chain.links]
        relations = {"made from", "stands under", "is about", "shown by", "has the content"}
        assert relations <= {link.relation for link in links}
        for link in links:
            if link.relation in relations:
                back = dependents(connection, metadata, registry, link.target, 500)
                assert link in back, link


def test_the_commands(
    books: Books, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEIRYO_DB", sqlite_url)
    assert books

    def run(*arguments: str) -> Any:
        Given.db = Given.format = None
        return CliRunner().invoke(app, ["cooperation", "information", *arguments])

    paper = tmp_path / "paper.txt"
    paper.write_text("paper")
    common = ["--from", "US.DOE", "--to", "JP.MOFA", "--medium", "mail", "--on", "2026-11-01"]
    done = run("record", "in", "--title", "A", "--file", str(paper), *common)
    assert done.exit_code == 0 and "info.0001" in done.output
    run("record", "in", "--title", "B", "--caveat", "third-party-rule", *common)
    assert run("acknowledge", "info.0001", "--person", "K. Tanaka").exit_code == 0
    rows = json.loads(run("list", "--format", "json").output)
    assert [row["acknowledged"] for row in rows] == [True, False]
    assert len(json.loads(run("list", "--caveat", "third-party-rule", "--format", "json").output))
    assert "third-party-rule" in run("list", "--with", "US.DOE").output
    package = tmp_path / "package.zip"
    day = ["--on", "2026-11-02"]
    blocked = run("export", "info.0001", "info.0002", "--to", "INT.IAEA", "--out", str(package))
    assert isinstance(blocked.exception, RefusedError) and not package.exists()
    some = run("export", "--to", "INT.IAEA", "--out", str(package), "--format", "json", *day)
    told = json.loads(some.output)
    assert some.exit_code == 1
    assert [one["information"] for one in told["items"]] == ["info.0001"]
    assert [one["rule"] for one in told["findings"]] == ["CAVEAT-THIRD-PARTY"]
    assert zipfile.ZipFile(package).read("content/info.0001") == b"paper"
    nothing = tmp_path / "nothing.zip"
    assert run("export", "--to", "RU.ROSATOM", "--out", str(nothing), "--check").exit_code == 1
    early = ["--out", str(nothing), "--on", "2026-11-02"]
    assert run("export", "info.0002", "--to", "RU.ROSATOM", *early).exception
    assert not nothing.exists()
    again = run("export", "--to", "INT.IAEA", "--out", str(package))
    assert isinstance(again.exception, UsageError)
    consent = ["--to", "INT.IAEA", "--of", "US.DOE", "--note", "letter", *day]
    assert run("consent", "info.0002", *consent).exit_code == 0
    assert run("export", "info.0002", "--to", "INT.IAEA", *day).exit_code == 0
    assert run("end", "info.0002", "destroyed", *day).exit_code == 0
    assert isinstance(run("end", "info.0002", "lost").exception, UsageError)
    gone = run("export", "info.0002", "--to", "INT.IAEA", *day).exception
    assert isinstance(gone, RefusedError)
