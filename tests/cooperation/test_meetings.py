"""Meetings of bodies: agenda, items, minutes, decisions that become commitments, the way back."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

import pytest

import keiryo
from keiryo.api import Books
from keiryo.cooperation.commitments import StandingCommitment
from keiryo.cooperation.meeting_acts import (
    Attendance,
    ItemChange,
    MeetingPlan,
    Minutes,
    WorkingGroup,
    make_agenda,
    plan_meeting,
    record_group,
    record_minutes,
    revise_item,
)
from keiryo.cooperation.meeting_decisions import Decision, decide
from keiryo.cooperation.meeting_tables import MEETING_DECISION, MEETING_ITEM
from keiryo.cooperation.meetings import Meeting, read_meetings
from keiryo.cooperation.recording import record_register, shipped_register
from keiryo.cooperation.register import read_recorded
from keiryo.cooperation.steps import Care, standing_commitment, take_care
from keiryo.cooperation.tables import QUOTATION
from keiryo.errors import ConflictError, NotFoundError, RefusedError, UsageError
from keiryo.journal.dependents import dependents
from keiryo.journal.model import Draft, Posted
from keiryo.journal.posting import post
from keiryo.journal.why import why

BODY = "b.bilateral-commission"
FIRST, SECOND = datetime.date(2012, 7, 24), datetime.date(2013, 11, 4)
WORDS = "Both sides noted the work so far.\nThey agreed to hold a workshop\nby March 2014."
WORDS_JA = (
    "双方はこれまでの作業に留意した。\n2014年3月までにワークショップを開催することで一致した。"
)
DECISION = Decision(
    actors=("US.DOE.NNSA", "JP.JAEA"),
    modality="agreed to",
    action="hold a workshop",
    words="They agreed to hold a workshop by March 2014.",
    words_ja="2014年3月までにワークショップを開催することで一致した。",
    area="nuclear-security",
    due=datetime.date(2014, 3, 31),
    owner="P-TEST2345",
)


@pytest.fixture
def books(sqlite_url: str) -> Books:
    made = keiryo.init(sqlite_url, "XA", person="P-TEST2345")
    record_register(made.database, made.actor, shipped_register(), "agreements.json")
    return made


def plan(books: Books, name: str = "m.first", on: datetime.date = FIRST, **more: Any) -> Posted:
    wanted = replace(MeetingPlan(name, BODY, on), **more)
    return plan_meeting(books.database, books.actor, wanted)


def meeting(books: Books, name: str = "m.first") -> Meeting:
    with books.database.reading() as connection:
        return read_meetings(connection, books.database.metadata).get(name)


def standing(books: Books, name: str) -> StandingCommitment:
    with books.database.reading() as connection:
        return standing_commitment(connection, books.database.metadata, name)


def revise(books: Books, name: str = "m.first", **said: Any) -> int:
    return revise_item(books.database, books.actor, name, ItemChange(**said))[1]


def minutes(books: Books, name: str = "m.first", **said: Any) -> Posted:
    both = (Attendance("US.DOE", 12, "Deputy Secretary"), Attendance("JP.METI"))
    given = {"attendance": both, **said}
    return record_minutes(books.database, books.actor, name, Minutes(**given))


def codes(error: pytest.ExceptionInfo[RefusedError]) -> list[str]:
    return [one.code for one in error.value.findings]


def warnings(books: Books, posted: Posted) -> list[str]:
    with books.database.reading() as connection:
        table = books.database.metadata.tables["finding"]
        rows = connection.execute(table.select().where(table.c.act_id == posted.act.act_id))
        return [str(row["code"]) for row in rows.mappings()]


def test_a_meeting_is_planned_for_a_body_of_the_register(books: Books) -> None:
    done = plan(books, last_day=FIRST + datetime.timedelta(days=1), location="Tokyo")
    assert warnings(books, done) == ["MEETING-BODY-STATUS"]  # "to be established"
    found = meeting(books)
    assert (found.state, found.on, found.is_public) == ("planned", FIRST, False)
    assert found.values[
        "title"
    ] == "U.S.-Japan Bilateral Commission on Civil Nuclear Cooperation" or (
        "Bilateral Commission" in found.values["title"]
    )
    with books.database.reading() as connection:
        known = read_recorded(connection, books.database.metadata)
    event = known.get("m.first")
    assert event.kind == "cooperation_event" and event.values["place"] == "Tokyo"
    date = event.date("date")
    assert date is not None and (date["precision"], date["latest"]) == ("period", "2012-07-25")
    plan(books, body=None, on=SECOND)
    moved = meeting(books)
    assert moved.last_day == SECOND and moved.values["location"] == "Tokyo"
    with pytest.raises(UsageError, match="body and a day"):
        plan_meeting(books.database, books.actor, MeetingPlan("m.other", BODY))
    with pytest.raises(NotFoundError, match=r"m\.other"):
        meeting(books, "m.other")


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (MeetingPlan("m.x", "b.nobody", FIRST), "MEETING-BODY"),
        (MeetingPlan("m.x", "i.us-jp-2006", FIRST), "MEETING-BODY"),
        (MeetingPlan("m.first", "b.scc", FIRST), "MEETING-BODY"),
        (MeetingPlan("c019", BODY, FIRST), "MEETING-NAME"),
        (MeetingPlan("m.", BODY, FIRST), "MEETING-NAME"),
        (MeetingPlan("m.x y", BODY, FIRST), "MEETING-NAME"),
    ],
)
def test_what_is_no_meeting(books: Books, wanted: MeetingPlan, code: str) -> None:
    plan(books)
    with pytest.raises(RefusedError) as error:
        plan_meeting(books.database, books.actor, wanted)
    assert code in codes(error)


def test_a_meeting_ends_after_it_began(books: Books) -> None:
    with pytest.raises(RefusedError) as error:
        plan(books, last_day=FIRST - datetime.timedelta(days=1))
    assert codes(error) == ["CONSTRAINT"]


def group(books: Books, name: str, *areas: str, body: str = BODY) -> Posted:
    made = WorkingGroup(body, name, f"Working group on {name}", areas=areas)
    return record_group(books.database, books.actor, made)


def test_the_agenda_is_built_by_working_group(books: Books) -> None:
    group(books, "research", "rd-exchange")
    group(books, "decommissioning", "decommissioning")
    group(books, "security", "nuclear-security")
    take_care(books.database, books.actor, "c018", Care(owner="P-A", next_action="send a list"))
    plan(books)
    make_agenda(books.database, books.actor, "m.first")
    items = [
        (one.values["working_group"], one.values["commitment"]) for one in meeting(books).items
    ]
    assert items == [
        (None, "c016"),
        (None, "c019"),
        ("research", "c018"),
        ("decommissioning", "c017"),
        ("security", "c067"),
    ]
    third = meeting(books).item(3)
    assert third.values["owner"] == "P-A" and third.values["next_step"] == "send a list"
    assert make_agenda(books.database, books.actor, "m.first") is None
    make_agenda(books.database, books.actor, "m.first", also=["i.us-jp-2006"])
    assert len(meeting(books).items) == 10
    with pytest.raises(NotFoundError):
        make_agenda(books.database, books.actor, "m.first", also=["i.nothing"])
    with pytest.raises(NotFoundError):
        make_agenda(books.database, books.actor, "m.nothing")


@pytest.mark.parametrize(
    ("name", "areas", "body", "code"),
    [
        ("other", ("waste",), "b.nobody", "MEETING-BODY"),
        ("two words", ("waste",), BODY, "MEETING-GROUP"),
        ("other", ("rd-exchange",), BODY, "MEETING-AREA"),
    ],
)
def test_what_is_no_working_group(
    books: Books, name: str, areas: tuple[str, ...], body: str, code: str
) -> None:
    group(books, "research", "rd-exchange")
    with pytest.raises(RefusedError) as error:
        group(books, name, *areas, body=body)
    assert codes(error) == [code]


def test_open_items_of_the_last_meeting_come_first(books: Books) -> None:
    group(books, "security", "nuclear-security")
    plan(books)
    make_agenda(books.database, books.actor, "m.first")
    last = len(meeting(books).items)
    due = datetime.date(2013, 1, 31)
    work = revise(
        books, title="Compare seals", work_plan=True, owner="JP.JAEA", due_on=due,
        working_group="security",
    )  # fmt: skip
    assert work == last + 1
    for number in range(1, last + 1):
        revise(books, number=number, open=False)
    minutes(books)
    plan(books, "m.called-off", SECOND - datetime.timedelta(days=9), cancelled=True)
    plan(books, "m.second", SECOND)
    make_agenda(books.database, books.actor, "m.second")
    items = meeting(books, "m.second").items
    taken = next(one for one in items if one.before is not None)
    assert taken.before == ("m.first", work) and taken.due == due
    assert (taken.values["kind"], taken.values["owner"]) == ("work_plan", "JP.JAEA")
    # What was closed for the meeting is still promised: it comes again as a commitment.
    assert sum(one.before is None for one in items) == last
    places = [one.values["working_group"] for one in items]
    assert places == [None] * 4 + ["security"] * 2 and items[4].number == taken.number


def test_an_item_says_what_it_is_about(books: Books) -> None:
    plan(books)
    number = revise(books, title="Exchange of inspectors", words="Noted.")
    revise(books, number=number, next_step="Ask again", change="Two came.")
    found = meeting(books).item(number)
    assert found.values["words"] == "Noted." and found.values["change"] == "Two came."
    seen = int(found.values["act_id"])
    revise(books, number=number, words="")
    assert meeting(books).item(number).values["words"] is None
    change = ItemChange(number=number, words="Agreed.")
    with pytest.raises(ConflictError, match="anew"):
        revise_item(books.database, books.actor, "m.first", change, seen=seen)
    with pytest.raises(NotFoundError, match="no item 9"):
        revise(books, number=9, words="x")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"title": " "}, "MEETING-ITEM"),
        ({"title": "x", "working_group": "nobody"}, "MEETING-GROUP"),
        ({"title": "x", "commitment": "c999"}, "COMMITMENT-UNKNOWN"),
        ({"title": "x", "work_plan": True}, "MEETING-WORK"),
        (
            {"title": "x", "work_plan": True, "owner": "P-A", "due_on": datetime.date(2012, 1, 1)},
            "MEETING-DAY",
        ),
    ],
)
def test_an_item_that_cannot_stand(books: Books, said: dict[str, Any], code: str) -> None:
    plan(books)
    with pytest.raises(RefusedError) as error:
        revise(books, **said)
    assert codes(error) == [code]
    assert not meeting(books).items


def test_what_is_taken_up_is_there(books: Books) -> None:
    plan(books)
    plan(books, "m.second", SECOND)
    revise(books, title="x")

    def taken(place: str, item: int, before: tuple[str, int]) -> None:
        draft = Draft("cooperation.meeting_item", f"past the service {place} {item} {before}")
        values = {"meeting": place, "item": item, "kind": "topic", "title": "x", "open": 1}
        linked = {"before_meeting": before[0], "before_item": before[1]}
        draft.add(MEETING_ITEM.name, {**values, **linked}, public=0, scope="XA")
        post(books.database, draft, books.actor)

    taken("m.second", 1, ("m.first", 1))
    for place, item, before, code in (
        ("m.second", 2, ("m.first", 1), "MEETING-BEFORE"),  # twice
        ("m.second", 2, ("m.first", 7), "MEETING-BEFORE"),
        ("m.first", 2, ("m.second", 1), "MEETING-BEFORE"),  # a later one
        ("m.nowhere", 1, ("m.first", 1), "MEETING-UNKNOWN"),
    ):
        with pytest.raises(RefusedError) as error:
            taken(place, item, before)
        assert codes(error) == [code]


def test_minutes_say_who_took_part_and_in_both_languages(books: Books) -> None:
    plan(books)
    number = revise(books, title="Seals", words="Seals were compared.", public=True)
    done = minutes(
        books,
        words="Joint text.",
        public=True,
        items=(ItemChange(title="Any other business"), ItemChange(number=number, open=False)),
        files=(("minutes.txt", b"signed"),),
    )
    assert warnings(books, done) == ["MEETING-LANGUAGE", "MEETING-LANGUAGE"]
    held = meeting(books)
    assert held.state == "held" and held.is_public and len(held.items) == 2
    assert [row["organisation"] for row in held.attendance] == ["US.DOE", "JP.METI"]
    assert held.attendance[0]["persons"] == 12
    done = minutes(books, attendance=(Attendance("US.DOE"),), words_ja="共同文書。")
    assert warnings(books, done) == ["MEETING-PARTY"]
    assert len(meeting(books).attendance) == 1 and meeting(books).values["words"] == "Joint text."
    told = meeting(books).to_dict()
    assert told["attendance"] == [{"organisation": "US.DOE", "persons": None, "head": None}]
    with books.database.reading() as connection:
        event = read_recorded(connection, books.database.metadata).get("m.first")
    assert event.values["participants"] == "US.DOE"
    with pytest.raises(RefusedError) as error:
        plan(books, on=SECOND)
    assert codes(error) == ["MEETING-STATE"]


def test_minutes_that_cannot_be(books: Books) -> None:
    plan(books)
    plan(books, "m.ahead", datetime.date(9999, 1, 1))
    plan(books, "m.off", SECOND, cancelled=True)
    for name, seats, code in (
        ("m.first", (), "MEETING-ATTENDANCE"),
        ("m.first", (Attendance("XX"),), "MEETING-ORGANISATION"),
        ("m.first", (Attendance("US.DOE"), Attendance("US.DOE")), "MEETING-ORGANISATION"),
        ("m.ahead", (Attendance("US.DOE"),), "MEETING-DAY"),
    ):
        with pytest.raises(RefusedError) as error:
            minutes(books, name, attendance=seats)
        assert code in codes(error)
    assert meeting(books).state == "planned"
    with pytest.raises(RefusedError) as error:
        revise(books, "m.off", title="x")
    assert codes(error) == ["MEETING-STATE"]


def decided(books: Books, **more: Any) -> str:
    return decide(books.database, books.actor, "m.first", 1, replace(DECISION, **more))[1]


def minuted(books: Books) -> None:
    plan(books)
    revise(books, title="Workshop", words=WORDS, words_ja=WORDS_JA)
    minutes(books)


def test_a_decision_becomes_a_commitment(books: Books) -> None:
    minuted(books)
    name = decided(books)
    assert name == "c.first.1"
    found = standing(books, name)
    assert found.state == "agreed" and found.care["owner"] == "P-TEST2345"
    assert found.due is not None and found.due.day == datetime.date(2014, 3, 31)
    values = found.register.values
    assert (values["modality"], values["strength"], values["under"]) == ("agreed to", 3, BODY)
    quoted = found.register.quotations
    assert [(q["source"], q["paragraph"], q["first_line"], q["last_line"]) for q in quoted] == [
        ("m.first", 1, 2, 3),
        ("m.first", 1, 2, 2),
    ]
    assert quoted[1]["words"] in WORDS_JA
    assert decided(books, modality="agreed to", action="hold another") == "c.first.1-2"
    plan(books, "m.second", SECOND)
    make_agenda(books.database, books.actor, "m.second")
    assert name in [one.values["commitment"] for one in meeting(books, "m.second").items]


def test_a_wish_of_the_minutes_stays_a_wish(books: Books) -> None:
    plan(books)
    revise(books, title="Centre")
    words = "The sides may consider a joint centre, and agreed on the need for a plan."
    said = {"words": words, "words_ja": None, "due": None, "owner": None}
    with pytest.raises(RefusedError) as error:
        decided(books, modality="agreed", action="draw up a plan", **said)
    assert codes(error) == ["VERB-RAISED"]
    assert meeting(books).item(1).values["words"] is None
    name = decided(books, modality="may", action="consider a joint centre", **said)
    assert standing(books, name).state == "proposed"
    assert meeting(books).item(1).values["words"] == words  # the item had no wording before
    unknown = decided(books, modality="joint centre", action="build it", **said)
    assert standing(books, unknown).register.values["strength"] == 1


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"words": "They agreed to build a plant."}, "MEETING-WORDS"),
        ({"modality": "will"}, "MEETING-VERB"),
        ({"actors": ("XX",)}, "MEETING-ACTOR"),
        ({"actors": ()}, "MEETING-ACTOR"),
        ({"name": "c019"}, "MEETING-TAKEN"),
        ({"name": "two words"}, "MEETING-TAKEN"),
        ({"kind": "promise"}, "REGISTER-KIND"),
        ({"action": " "}, "REGISTER-MISSING"),
        ({"follows": "c999"}, "COMMITMENT-UNKNOWN"),
        ({"due": datetime.date(2012, 1, 1)}, "MEETING-DAY"),
    ],
)
def test_a_decision_that_does_not_hold(books: Books, more: dict[str, Any], code: str) -> None:
    minuted(books)
    with pytest.raises(RefusedError) as error:
        decided(books, **more)
    assert code in codes(error)
    assert not meeting(books).decisions


def test_no_face_goes_around_the_minutes(books: Books) -> None:
    minuted(books)
    decided(books)
    with pytest.raises(RefusedError) as error:  # what was decided stays word for word
        revise(books, number=1, words="Nothing was agreed.", words_ja="")
    assert codes(error) == ["MEETING-WORDS"]
    quoted = Draft("cooperation.record", "words without a decision")
    values = {"about": "c019", "source": "m.first", "paragraph": 1, "words": "Both sides noted"}
    quoted.add(QUOTATION.name, {**values, "first_line": 1, "last_line": 1}, scope="XA")
    with pytest.raises(RefusedError) as error:
        post(books.database, quoted, books.actor)
    assert codes(error) == ["MEETING-WORDS"]
    alone = Draft("cooperation.decide", "a decision without a commitment")
    decision = {"meeting": "m.first", "item": 1, "commitment": "c.new", "words": "x"}
    alone.add(MEETING_DECISION.name, decision, scope="XA")
    with pytest.raises(RefusedError) as error:
        post(books.database, alone, books.actor)
    assert "MEETING-WORDS" in codes(error)


def test_the_way_from_a_commitment_to_the_minutes_and_back(books: Books) -> None:
    group(books, "security", "nuclear-security")
    minuted(books)
    name = decided(books)
    plan(books, "m.second", SECOND)
    make_agenda(books.database, books.actor, "m.second")
    database = books.database
    with database.reading() as connection:
        metadata, registry = database.metadata, database.registry
        chain = why(connection, metadata, registry, f"cooperation:{name}", limit=900)
        links = {(link.source, link.relation, link.target) for link in chain.links}
        assert (f"cooperation:{name}", "decided in", "meeting:m.first/1") in links
        assert ("meeting:m.first/1", "stands under", "cooperation:m.first") in links
        assert ("cooperation:m.first", "is a meeting of", f"cooperation:{BODY}") in links
        assert any(relation == "quoted from" for _s, relation, _t in links)
        kinds = {kind for kind, _values in chain.lines.values()}
        assert {"meeting", "meeting_item", "quotation", "cooperation_body"} <= kinds
        second = why(connection, metadata, registry, "meeting:m.second/1", limit=900)
        relations = {link.relation for link in second.links}
        assert {"takes up", "recorded in", "stands under"} <= relations
        for link in (*chain.links, *second.links):
            back = dependents(connection, metadata, registry, link.target, 2000)
            assert link in back, link
