"""The chain behind what a page shows: every figure and batch leads somewhere, in words."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest

from keiryo.cli.demo import AREAS
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from web.site import Client, Site, copy_of, demonstration_books, make_site

SCOPE = "XA/XAF-/XAFA"
PERIOD = "2025-01-01..2025-12-31"
POOL = "/areas/XAFA/batch/%28pool%20E%29"


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return one site for all that only look."""
    made = make_site(copy_of(demonstration_books(), tmp_path_factory.mktemp("why")))
    yield made
    made.close()


def links_of(client: Client, page: str, pattern: str) -> list[str]:
    """Return the links of a page that begin like a pattern, each once."""
    answer = client.get(page)
    assert answer.status_code == 200, page
    found = re.findall(rf'href="({pattern}[^"]*)"', answer.text)
    return sorted({html.unescape(link) for link in found})


@pytest.mark.parametrize("mba", AREAS)
def test_every_figure_of_an_area_has_its_chain(walked: Site, mba: str) -> None:
    with walked.client("officer") as officer:
        figures = links_of(officer, f"/areas/{mba}", r"/why\?of=figure")
        assert len(figures) > 10
        failed = [link for link in figures if officer.get(link).status_code != 200]
    assert not failed


@pytest.mark.parametrize("code", ["MF", "BA", "BE", "RD"])
def test_a_reported_receipt_rests_on_no_shipment(walked: Site, code: str) -> None:
    """A balance reports the sum of receipts; only a receipt itself answers a shipment."""
    with walked.client("officer") as officer:
        answer = officer.get("/api/v1/why", params={"of": f"XARA/{code}/E"})
        assert answer.status_code == 200, answer.text
        links = answer.json()["links"]
    reported = {link["target"] for link in links if link["relation"] == "reported as"}
    shipped = {link["source"] for link in links if link["relation"] == "shipped as"}
    assert reported and shipped and not reported & shipped


@pytest.mark.parametrize("mba", AREAS)
def test_every_batch_that_is_listed_has_its_page(walked: Site, mba: str) -> None:
    with walked.client("officer") as officer:
        links = links_of(officer, f"/areas/{mba}/batches", rf"/areas/{mba}/batch[/?]")
        chains = links_of(officer, f"/areas/{mba}/batches", r"/why\?of=batch")
        assert links and len(links) == len(chains)
        for link in (*links, chains[0]):
            assert officer.get(link).status_code == 200, link


def test_a_pool_shows_what_came_in_and_what_was_drawn(walked: Site) -> None:
    with walked.client("officer") as officer:
        page = officer.get(POOL).text
        assert "Nothing is stated about the pool itself" in page
        assert "pic-relative" in page and "Nothing is recorded about this batch" not in page
        table = page[page.index("Genealogy") :]
        for batch, relation in (("CYL30B-4471", "merged"), ("F25-FA-001", "drawn")):
            assert f"XAFA/{batch}#1" in table and relation in table
        early = officer.get(f"{POOL}?known=3").text
        assert "CYL30B-4471" in early and "F25-FA-001" not in early
        assert officer.get(f"{POOL}?known=1").status_code == 404
        assert officer.get(POOL.replace("XAFA", "XARA")).status_code == 404
        other = officer.get("/areas/XAFA/batch/CYL30B-4471").text
        assert "Nothing is stated about the pool itself" not in other


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("officer", f"figure:XZZZ/{PERIOD}/MF/E"),
        ("officer", f"figure:XZZZ/{PERIOD}/RD/E"),
        ("officer", "XZZZ/MF/E"),
        ("accountant", f"figure:XARA/{PERIOD}/MF/E"),
        ("accountant", "XARA/MF/E"),
        ("security", f"figure:XAFA/{PERIOD}/MF/E"),
        ("administrator", f"figure:XAFA/{PERIOD}/MF/E"),
    ],
)
def test_figures_of_what_is_not_there_or_not_seen(walked: Site, name: str, asked: str) -> None:
    with walked.client(name) as client:
        answer = client.get("/why", params={"of": asked})
    assert answer.status_code == 404
    assert "computed from" not in answer.text


def test_what_is_shown_of_a_long_chain_is_in_words(site: Site) -> None:
    draft = Draft("source.record", "test:many")
    for number in range(1_200):
        name = f"MANY-{number:04}"
        uid = f"XAFA/{name}#1"
        born = {"batch_uid": uid, "mba": "XAFA", "name": name, "kind": "batch"}
        draft.add("batch", scope=SCOPE, **born, event_date=20260105)
        draft.add(
            "inventory_change", scope=SCOPE, mba="XAFA", known_on=20260105, code="GA",
            event_date=20260105, batch=name, batch_uid=uid, category="E", element_mg=1_000,
            fissile_mg=40, fissile_basis="U-235",
        )  # fmt: skip
    act = post(site.database, draft, site.actor("accountant")).act.act_id
    with site.client("officer") as officer:
        for asked in ("figure:XAFA/2026-01-01..2026-01-10/GA/E", f"act:{act}"):
            page = officer.get("/why", params={"of": asked}).text
            assert "GA MANY-0001" in page or "MANY-0001" in page
            assert not re.findall(r">(?:line|batch|figure|act):[^<]*<", page)
            assert not re.findall(r'<a href="/why[^>]*>line \d+/\d+<', page)
        chain = officer.get("/why", params={"of": "figure:XAFA/2026-01-01..2026-01-10/BE/E"}).text
        assert "<h1>XAFA BE E" in re.sub(r"<h1[^>]*>\s*", "<h1>", chain)


def test_the_words_of_many_nodes_are_read_for_the_first(site: Site) -> None:
    from keiryo.web.pictures import chain_data

    names = ["figure:XAFA/x", *(f"line:3/{n}" for n in range(1, 1_500)), "batch:XAFA/LAST#1"]
    with site.database.reading() as connection:
        nodes = chain_data.described(
            connection, site.database.metadata, site.database.registry, names
        )
    assert [node.name for node in nodes] == names
    assert (nodes[-1].title, nodes[-1].detail) == ("LAST#1", "XAFA")


@pytest.mark.parametrize("asked", ["XAFA/{}/MF/E", "figure:XAFA/{}/BE/N", "XAFA/{}/PB"])
def test_before_the_books_begin_there_is_no_figure(walked: Site, asked: str) -> None:
    with walked.client("officer") as officer:
        figure = asked.format("2023-01-01..2023-12-31")
        for path in ("/why", "/api/v1/why"):
            answer = officer.get(path, params={"of": figure})
            assert answer.status_code == 404, path
            assert "he books of XAFA begin on 2024-12-31" in html.unescape(answer.text), path
        # The day of the first inventory belongs to the books, and a period may begin before.
        assert officer.get("/why", params={"of": "XAFA/2024-01-01..2024-12-31/PE/E"}).is_success
        assert officer.get("/why", params={"of": asked.format(PERIOD)}).is_success
    with walked.client("security") as security:  # what they may not see is not told
        assert "2024-12-31" not in security.get("/why", params={"of": figure}).text


@pytest.mark.parametrize("name", ["officer", "accountant", "inspector", "security", "cooperation"])
def test_a_file_has_its_chain_and_leads_only_to_who_may_have_it(walked: Site, name: str) -> None:
    """What is linked is there; a file that is not handed out to somebody is no link to them."""
    walked_through: set[str] = set()
    with walked.client(name) as client:
        acts = [f"/why?of=act:{number}" for number in range(1, 30)]
        found = [act for act in acts if client.get(act).status_code == 200]
        files = {link for act in found for link in links_of(client, act, r"/why\?of=evidence")}
        assert files
        for link in sorted(files):
            page = client.get(link)
            assert page.status_code == 200, link
            digest = link.partition("%3A")[2]
            handed_out = client.get(f"/evidence/{digest}").status_code == 200
            assert (f'href="/evidence/{digest}"' in page.text) == handed_out, link
            assert ("handed out only to who sees all" in page.text) != handed_out, link
            assert "of=act%3A" in page.text  # the acts that were recorded from it
            walked_through.add("handed out" if handed_out else "kept from")
    if name in ("officer", "security"):
        assert walked_through == {"handed out" if name == "officer" else "kept from"}
