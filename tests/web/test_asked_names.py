"""Names in addresses that are none: told on the page with the nearest, never passed over."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest

from web.site import Site, copy_of, demonstration_books, make_site

NONE_SUCH = "There is no filter called"
MOST_PAGES = 250


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return one site for all that only look."""
    made = make_site(copy_of(demonstration_books(), tmp_path_factory.mktemp("asked")))
    yield made
    made.close()


def told(text: str) -> list[str]:
    """Return the notices of a page."""
    found = re.findall(r'<div class="notice"[^>]*>.*?<span>(.*?)</span>', text)
    return [html.unescape(words) for words in found]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/journal?persn=P-DEMO2345", ("“persn”", "shown without it", "Did you mean “person”?")),
        ("/journal?colour=red", ("“colour”", "Known are: ", "person")),
        ("/journal?digest_=1&line_count=3", ("“line_count”", "Known are")),
        ("/journal?sort=-persn", ("cannot be sorted by “persn”", "Did you mean “person”?")),
        ("/areas?SORT=mba", ("“SORT”", "Did you mean “sort”?")),
        ("/transit?onn=2025-09-30", ("“onn”", "Did you mean “on”?")),
        ("/evaluation?limit-catgory=E", ("“limit-catgory”", "Did you mean “limit-categories”?")),
        ("/evaluation?limit-sort=colour", ("cannot be sorted by “colour”",)),
    ],
)
def test_a_misspelt_name_is_told(asked: Site, address: str, words: tuple[str, ...]) -> None:
    with asked.client("officer") as officer:
        answer = officer.get(address)
        assert answer.status_code == 200
        notices = told(answer.text)
        assert notices and all(any(one in said for said in notices) for one in words), notices
        name = address.partition("?")[2].partition("=")[0]
        if name != "sort" and not name.endswith("-sort"):  # links go on as the page was made
            links = re.findall(r'href="([^"]*\?[^"]*)"', answer.text)
            assert not [link for link in links if f"{name}=" in link]
        everything = officer.get(address.partition("?")[0])
        count = re.compile(r'class="pager-count">([^<]*)<')
        assert count.findall(answer.text) == count.findall(everything.text)


@pytest.mark.parametrize(
    "address",
    [
        "/journal?person=P-DEMO2345&sort=-act_id&page=1&size=50",
        "/journal?utm_source=mail&_=17&persn=",
        "/evaluation?limit-categories=E&limit-sort=categories",
        "/transit?on=2025-09-30&sender=XAFA",
        "/areas/XAFA/ledger?from=2025-01-01&to=2025-03-31&known=12",
        "/areas/XAFA/inventory?on=2025-12-31&names=code10",
        "/deadlines?on=2026-01-10&all=1",
        "/areas/XAFA?nonsense=1",  # a page without a list has no filters to misspell
        "/?kept=1",
    ],
)
def test_what_is_known_or_harmless_is_not_told(asked: Site, address: str) -> None:
    with asked.client("officer") as officer:
        answer = officer.get(address)
        assert answer.status_code == 200
        assert not [words for words in told(answer.text) if "Did you mean" in words]
        assert NONE_SUCH not in answer.text


@pytest.mark.parametrize("name", ["officer", "accountant", "administrator", "auditor"])
def test_no_link_of_ours_asks_for_what_is_not_there(asked: Site, name: str) -> None:
    """Every way from page to page with something asked in its address."""
    seen: set[str] = set()
    shapes: set[str] = set()
    waiting = ["/", "/areas", "/reports", "/evaluation", "/transit", "/deadlines", "/findings",
               "/journal", "/measurements", "/closing", "/admin", "/notices"]  # fmt: skip
    with asked.client(name) as client:
        while waiting and len(seen) < MOST_PAGES:
            address = waiting.pop(0)
            if address in seen:
                continue
            seen.add(address)
            answer = client.get(address)
            if answer.status_code != 200 or "html" not in answer.headers["content-type"]:
                continue
            assert NONE_SUCH not in answer.text, address
            for link in re.findall(r'href="(/?[^"#]*)"', answer.text):
                full = html.unescape(link)
                full = address.partition("?")[0] + full if full.startswith("?") else full
                path, _mark, query = full.partition("?")
                keys = sorted(part.partition("=")[0] for part in query.split("&") if part)
                shape = re.sub(r"[0-9]+|[A-Z]{4}\b", "#", path) + "?" + ",".join(keys)
                if full.startswith("/") and "format=" not in query and shape not in shapes:
                    shapes.add(shape)
                    waiting.append(full)
    assert len(seen) > 20


def test_a_file_is_not_exported_without_the_filter_that_was_meant(asked: Site) -> None:
    with asked.client("officer") as officer:
        answer = officer.get("/journal?persn=P-DEMO2345&format=csv")
        assert answer.status_code == 400
        assert "persn" in answer.text and "person" in answer.text
        right = officer.get("/journal?person=P-DEMO2345&format=csv&utm_source=x&colour=red")
        assert right.status_code == 200 and "P-DEMO2345" in right.text


def test_hostile_names_are_words(asked: Site) -> None:
    with asked.client("officer") as officer:
        page = officer.get("/journal", params={"<script>alert(1)</script>": "1", "x" * 500: "1"})
        assert page.status_code == 200 and "<script>alert" not in page.text
        assert "x" * 41 not in "".join(told(page.text))
        many = officer.get("/journal?" + "&".join(f"n{number}=1" for number in range(50)))
        assert len([words for words in told(many.text) if NONE_SUCH in words]) == 3
