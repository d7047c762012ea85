"""Japanese pages say nothing in English: every page is walked, as routes and links lead.

Pages are found as in ``test_every_route``, and further by the links on them. What stays English is
what people wrote, what the books hold as it was recorded, and what is marked ``lang="en"``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from keiryo.oversight.statements import record_statements
from keiryo.reports.service import import_reports
from web.site import Client, Site, copy_of, demonstration_books, make_site
from web.test_every_route import filled, routes
from web.test_registers_pages import HEAD, NOTICE, STATEMENT
from web.test_report_pages import DISCARD, OF_THE_REACTOR, WITHOUT_ISOTOPE, send

JAPANESE = {"Accept-Language": "ja"}
ENGLISH = re.compile(r"(?:\b[A-Za-z][a-z'’-]* ){3,}[A-Za-z][a-z'’-]*")
"""Four words of Latin letters after each other: a sentence, or the beginning of one."""

SHOWN = ("title", "aria-label", "placeholder", "alt")
"""Attributes that people read or hear."""

VOID = frozenset(("area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"))
QUIET = frozenset(("script", "style", "code", "samp", "kbd", "pre", "textarea"))
WHO = ("officer", "accountant", "auditor", "administrator")
MOST_PAGES = 170
"""Pages that one person walks."""

WRONG = (
    DISCARD.replace(";111", ";112").replace("207:XAF-", "207:XAR-").replace("411:LD", "411:SF"),
    WITHOUT_ISOTOPE.replace(";111", ";113").replace("412:20260105", "412:20260230"),
    DISCARD.replace(";111", ";114").replace("670:0.55G", "670:13.5G").replace("469:M", "469:Q"),
    DISCARD.replace(";111", ";115").replace("430:U/2/5/E", "430:0/2/5/E") + "nothing at all#",
)
"""Reports with what is wrong with reports most often."""


class Words(HTMLParser):
    """The words of a page, but those that are marked as English or are codes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, bool]] = []
        self.found: list[str] = []

    @property
    def quiet(self) -> bool:
        """Whether what comes now is nobody's reading in Japanese."""
        return any(quiet for _, quiet in self.open)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element says by its attributes, and whether it is to be read."""
        given = dict(attrs)
        quiet = tag in QUIET or given.get("lang") == "en"
        if not self.quiet and not quiet:
            self.found += [str(given[name]) for name in SHOWN if given.get(name)]
        if tag not in VOID:
            self.open.append((tag, quiet))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open and close an element of a picture."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        """Leave an element, and those in it that nobody closed."""
        places = [place for place, (name, _) in enumerate(self.open) if name == tag]
        if places:
            del self.open[places[-1] :]

    def handle_data(self, data: str) -> None:
        """Note a text."""
        if data.strip() and not self.quiet:
            self.found.append(" ".join(data.split()))


def words_of(text: str) -> list[str]:
    """Return what a page says to who reads Japanese."""
    page = Words()
    page.feed(text)
    return page.found


def english_in(text: str, written: frozenset[str]) -> list[str]:
    """Return what a page says in English, without what people wrote."""
    said = []
    for words in words_of(text):
        rest = words
        for known in sorted((one for one in written if one in words), key=len, reverse=True):
            rest = rest.replace(known, " ")
        if ENGLISH.search(rest):
            said.append(words)
    return said


def written_by_people(site: Site) -> frozenset[str]:
    """Return what people wrote, which is shown as they wrote it: reasons, names, references."""
    metadata = site.database.metadata
    wanted = (
        ("act", "reason"), ("error_source", "reference"), ("stratum_method", "stratum"),
        ("control_measurement", "reference"), ("calibration", "reference"),
        ("material_balance_area", "name"), ("finding_answer", "answer"), ("report", "encoder"),
        ("measurement_result", "reference"), ("key_measurement_point", "name"), ("note", "text"),
    )  # fmt: skip
    found: set[str] = set()
    with site.database.reading() as connection:
        for table, column in wanted:
            if table in metadata.tables and column in metadata.tables[table].c:
                rows = connection.execute(metadata.tables[table].select()).mappings()
                found |= {str(row[column]) for row in rows if row[column]}
    return frozenset(text for text in found if len(text) > 3)


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a site at which something of everything happened."""
    made = make_site(copy_of(demonstration_books(), tmp_path_factory.mktemp("japanese")))
    database, officer = made.database, made.actor("officer")
    for number, text in enumerate(WRONG):
        import_reports(database, [(f"wrong{number}.txt", text.encode())], officer)
    import_reports(database, [("discard.txt", DISCARD.encode())], officer)
    record_statements(database, officer, "statement.csv", STATEMENT.encode())
    with made.client("officer") as client:
        late = {**NOTICE, "notified": "", "transfer": "2026-01-02", "notice": "N-2026-2"}
        for notice in (NOTICE, late):
            assert client.post("/notices/new", {**notice, **HEAD}).status_code == 303
    yield made
    made.close()


def walk(site: Site, client: Client) -> Iterator[tuple[str, Any]]:
    """Yield the pages that routes and links lead to, one of each kind and a few more."""
    waiting = [
        filled(path)
        for method, path, _ in routes(site)
        if method == "GET" and not path.startswith(("/static", "/api", "/metrics", "/health"))
    ]
    seen, kinds = set(waiting), {}
    pages = 0
    while waiting and pages < MOST_PAGES:
        path = waiting.pop(0)
        answer = client.get(path, headers=JAPANESE)
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        pages += 1
        yield path, answer
        for link in re.findall(r'href="(/[^"#]*)"', answer.text):
            link = link.replace("&amp;", "&")
            kind = re.sub(r"[A-Z0-9]+", "0", link.split("=")[0])
            if link in seen or link.startswith(("/static", "/api")) or "format=" in link:
                continue
            kinds[kind] = kinds.get(kind, 0) + 1
            if kinds[kind] <= (12 if kind.startswith("/why") else 3):
                seen.add(link)
                waiting.append(link)


@pytest.mark.parametrize("name", WHO)
def test_nothing_is_said_in_english(busy: Site, name: str) -> None:
    written, told = written_by_people(busy), {}
    with busy.client(name) as client:
        for path, answer in walk(busy, client):
            for words in english_in(answer.text, written):
                told.setdefault(words[:200], f"{answer.status_code} {path}")
    assert not told, "\n".join(f"{path}: {words}" for words, path in told.items())


def test_what_is_wrong_with_files_is_said(busy: Site) -> None:
    """Files that are sent and refused, and what is asked that cannot be done."""
    sent = [
        (f"{number}.txt", text.encode()) for number, text in enumerate((*WRONG, OF_THE_REACTOR))
    ]
    told: list[str] = []
    with busy.client("accountant") as client:
        client.cookies["keiryo_language"] = "ja"
        for page in (
            send(client, *sent),
            send(client, ("empty.csv", b"")),
            send(client, ("picture.png", b"\x89PNG\r\n")),
            client.post("/evaluation/XAFA/what-if", {"alpha": "-1", "loss-element": "no"}),
            client.get("/areas/XAFA?as_of=999999"),
            client.get("/areas/NONE"),
            client.get("/deadlines?profile=none"),
            client.get("/why?of=XAFA/NOTHING"),
        ):
            told += english_in(page.text, written_by_people(busy))
    with busy.client("officer") as client:
        client.cookies["keiryo_language"] = "ja"
        bad = {**NOTICE, "partner": "XA", "fissile": "50000", "element": "-1", "transfer": "0001"}
        for page in (
            client.post("/notices/new", {**bad, **HEAD}),
            client.post("/notices/import", files={"file": ("n.csv", b"a,b\n1\n", "text/csv")}),
            client.post("/statements/import", files={"file": ("s.csv", b"mba\nX\n", "text/csv")}),
        ):
            told += english_in(page.text, written_by_people(busy))
    assert not told, "\n".join(told)
