"""Evidence is walked back the way it came: every link of `why` is found from its target."""

from __future__ import annotations

from collections import Counter
from importlib.resources import files

import pytest

import keiryo
from keiryo.api import Books
from keiryo.journal.dependents import dependents, following, line_of
from keiryo.journal.registry import Link
from keiryo.journal.why import why
from keiryo.web.pictures.batch_data import batch_story
from keiryo.web.pictures.chain_data import described
from keiryo.web.pictures.chain_graph import chain_graph

MF = "figure:XAFA/2025-01-01..2025-12-31/MF/E"


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    """Return the demonstration books, closed, measured and evaluated."""
    from keiryo.evaluation.recording import record_evaluations
    from keiryo.measurement.intake import import_table
    from keiryo.reports.service import import_reports

    made = keiryo.init(f"sqlite:///{tmp_path_factory.mktemp('books') / 'b.sqlite'}", "XA")
    folder = files("keiryo.data").joinpath("state_xa")
    areas = ("XAFA", "XARA", "XALA")
    texts = [(f"{mba}.txt", folder.joinpath(f"{mba}.txt").read_bytes()) for mba in areas]
    context = ("context.json", folder.joinpath("context.json").read_bytes())
    import_reports(made.database, texts, made.actor, context=context)
    for mba in areas:
        made.close(mba)
    for form in ("calibrations", "controls", "sources", "strata", "results"):
        name = f"{form}.csv"
        import_table(made.database, made.actor, form, name, folder.joinpath(name).read_bytes())
    record_evaluations(made.database, "XAFA", made.actor, category="E")
    return made


def found(books: Books, node: str, limit: int = 1000) -> list[Link]:
    with books.database.reading() as connection:
        return dependents(connection, books.database.metadata, books.database.registry, node, limit)


@pytest.mark.parametrize(
    "asked",
    [
        *(MF, MF.replace("XAFA", "XARA"), "evaluation:XAFA/2025-01-01..2025-12-31/E"),
        *("batch:XARA/F25-FA-001#1", "report:XAFA/106", "source:EB-calibration"),
    ],
)
def test_every_link_is_found_from_its_target(books: Books, asked: str) -> None:
    database = books.database
    with database.reading() as connection:
        links = why(connection, database.metadata, database.registry, asked).links
        back = {
            target: set(dependents(connection, database.metadata, database.registry, target))
            for target in {link.target for link in links}
        }
    lost = Counter(link.relation for link in links if link not in back[link.target])
    assert not lost
    assert all(link.target == target for target, some in back.items() for link in some)


def test_what_rests_on_each_kind_of_node(books: Books) -> None:
    def of(node: str) -> set[tuple[str, str]]:
        return {(link.source, link.relation) for link in found(books, node)}

    assert of("line:5/5") == {("line:8/13", "corrects")}  # what counts no more is part of nothing
    assert ("figure:XAFA/2025-01-01..2025-12-31/LD/E", "sum of") in of("line:8/13")
    assert of("report:XAFA/104") == {("line:5/5", "reported in"), ("report:XAFA/106", "corrects")}
    assert ("line:8/13", "recorded in") in of("act:8")
    assert ("act:8", "corrects") in of("act:5")
    assert ("batch:XAFA/F25-PWD-01#1", "rebatched") in of("batch:XAFA/F24-UF6-01#1")
    assert ("line:13/6", "shipped as") in of("line:11/5")
    relations = {relation for _, relation in of(MF)}
    assert relations == {"evaluates"}
    assert of("line:22/20") >= {(MF, "closed as")}


def test_the_relations_of_measurement_are_walked_and_walked_back(books: Books) -> None:
    database = books.database
    with database.reading() as connection:
        links = why(connection, database.metadata, database.registry, MF).links
    measured = {"of the stratum", "measured as", "with the error of", "after the calibration"}
    assert measured <= {link.relation for link in links}
    for relation in measured:
        link = next(link for link in links if link.relation == relation)
        assert link in found(books, link.target)


@pytest.mark.parametrize("code", ["MF", "PE", "BA", "BE", "PB", "DI", "RF", "SD"])
def test_nothing_stands_on_both_sides_of_a_figure(books: Books, code: str) -> None:
    node = MF.replace("MF", code)
    database = books.database
    with database.reading() as connection:
        links = why(connection, database.metadata, database.registry, node).links
    below = {link.target for link in links if link.source == node}
    assert below
    assert not below & {link.source for link in found(books, node)}
    assert {"closed as", "reported as"} <= {link.relation for link in links}


def test_the_limit_holds_and_strange_names_have_no_dependents(books: Books) -> None:
    assert len(found(books, "act:8", 3)) == 3
    assert found(books, "act:8", 0) == []
    for node in ("", "line:", "line:x/y", "line:1", "act:", "act:99999999999999999999", "report:/",
                 "report:XAFA/x", "batch:", "figure:", "evidence:", "source:x", "?"):  # fmt: skip
        assert found(books, node) == [], node
    assert line_of("line:3/5") == (3, 5)
    assert line_of("line:3/-5") is None


def test_walking_on_stops_at_steps_and_limit(books: Books) -> None:
    database = books.database
    with database.reading() as connection:
        parts = (connection, database.metadata, database.registry)
        one = following(*parts, "act:5", steps=1)
        two = following(*parts, "act:5", steps=2)
        few = following(*parts, "act:5", steps=9, limit=10)
    assert {link.target for link in one.links} == {"act:5"}
    assert set(one.links) < set(two.links)
    assert not one.truncated
    assert few.truncated
    assert len(few.links) == 10


def test_the_chain_is_drawn_in_words_of_the_books(books: Books) -> None:
    database = books.database
    with database.reading() as connection:
        parts = (connection, database.metadata, database.registry)
        node = "report:XAFA/104"
        links = why(*parts, node).links + following(*parts, node).links
        nodes = described(*parts, [name for li in links for name in (li.source, li.target)])
    by_name = {shown.name: shown for shown in nodes}
    assert by_name["line:5/5"].title == "LD F25-LIQ-01"
    assert by_name["line:5/5"].superseded
    assert "1.1205 kg" in by_name["line:5/5"].detail
    assert by_name["line:8/13"].superseded is False
    assert by_name["act:5"].title == "5 report.accept"
    files_shown = [shown for shown in nodes if shown.kind == "evidence"]
    assert files_shown
    assert files_shown[0].title == "XAFA.txt"
    picture = chain_graph(nodes, links, focus=node, href=lambda name: "/why/" + name)
    assert picture.count("pic-focus") == 1
    assert "pic-struck" in picture


def test_a_batch_is_followed_from_area_to_area(books: Books) -> None:
    with books.database.reading() as connection:
        metadata = books.database.metadata
        from_both = [
            batch_story(connection, metadata, mba, "F25-FA-001") for mba in ("XARA", "XAFA")
        ]
        corrected = batch_story(connection, metadata, "XAFA", "F25-LIQ-01")
        with pytest.raises(keiryo.errors.NotFoundError):
            batch_story(connection, metadata, "XAFA", "NEVER")
    for story in from_both:
        assert [(e.mba, e.code) for e in story.events] == [
            *(("XAFA", "SD"), ("XARA", "RD"), ("XARA", "PIT"))
        ]
        assert [(r.uid, r.is_parent) for r in story.relatives] == [("XAFA/(pool E)#1", True)]
    assert [(e.node, e.replaces, e.effective) for e in corrected.events] == [
        ("line:5/5", None, False),
        ("line:8/13", "line:5/5", True),
    ]
