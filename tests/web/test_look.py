"""The components as a browser and a screen reader get them, without script."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import keiryo.web
from keiryo.web.rendering import environment
from keiryo.web.speaking import speak_on
from web.style_page import COLUMNS, context, page

STATIC = Path(keiryo.web.__file__).parent / "static"


class Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.all: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, {name: value or "" for name, value in attrs}))

    def of(self, *tags: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.all if tag in tags]


def piece(source: str, **more: Any) -> str:
    speak_on("en")
    made = environment()
    made.globals["form_id"] = lambda: "one-time"
    text = '{% import "parts/ui.html" as ui with context %}' + source
    return made.from_string(text).render({**context(), **more})


@pytest.fixture(params=["en", "ja"])
def whole(request: pytest.FixtureRequest) -> Elements:
    return Elements(page(request.param))


def test_ids_are_one_and_what_points_at_them_finds_them(whole: Elements) -> None:
    ids = Counter(a["id"] for _, a in whole.all if "id" in a)
    assert [name for name, number in ids.items() if number > 1] == []
    pointed = {a["for"] for a in whole.of("label") if "for" in a}
    for _, attributes in whole.all:
        for name in ("aria-describedby", "aria-labelledby", "form"):
            pointed |= set(attributes.get(name, "").split())
        if attributes.get("hx-target", "").startswith("#"):
            pointed |= {attributes["hx-target"][1:], attributes["hx-select"][1:]}
    assert pointed - set(ids) == set()


def test_every_control_has_a_name(whole: Elements) -> None:
    labelled = {a["for"] for a in whole.of("label") if "for" in a}
    nameless = [
        a
        for a in whole.of("input", "select", "textarea")
        if a.get("type") not in ("hidden", "checkbox", "radio")
        and a.get("id") not in labelled
        and "aria-label" not in a
    ]
    assert nameless == []


def test_forms_that_change_something_carry_the_token(whole: Elements) -> None:
    posts = [a for a in whole.of("form") if a.get("method") == "post"]
    tokens = [a for a in whole.of("input") if a.get("name") == "_form_token"]
    assert posts and len(tokens) == len(posts)
    assert all(a["value"] == "token" for a in tokens)


def test_a_form_carries_its_page_its_number_and_the_act_it_was_made_at() -> None:
    text = piece("{% call ui.form('/x', 'Post', with_head=True) %}f{% endcall %}")
    given = {a["name"]: a["value"] for a in Elements(text).of("input")}
    assert given == {
        "_form_token": "token",
        "_form": "/style",
        "_form_id": "one-time",
        "_head": "1204",
    }
    assert "_head" not in piece("{% call ui.form('/x', 'Post') %}f{% endcall %}")


def test_a_wrong_field_says_so_beside_itself_and_at_the_top() -> None:
    text = piece(
        "{{ ui.error_summary({'weight': 'no number', '': 'in all'}) }}"
        "{{ ui.field('weight', 'Weight', '1', hint='in grams', error='no number') }}"
    )
    field = next(a for a in Elements(text).of("input") if a["name"] == "weight")
    assert field["aria-describedby"] == "h-weight e-weight" and field["aria-invalid"] == "true"
    assert 'href="#f-weight"' in text and 'id="e-weight">no number<' in text


@pytest.mark.parametrize("kind", ["text", "textarea", "select", "radio", "checkbox", "number"])
def test_hostile_text_stays_text(kind: str) -> None:
    bad = "\"><script>alert(1)</script>'"
    text = piece(
        "{{ ui.field('a', bad, bad, kind, bad, bad, options=[bad, (bad, bad)]) }}"
        "{{ ui.facts([(bad, bad)]) }}{{ ui.figure(bad, bad, '/x', bad) }}{{ ui.badge('ok', bad) }}"
        "{{ ui.confirm('/x', bad, bad, {'a': bad}) }}{{ ui.tabs([(bad, bad, true)]) }}"
        "{{ ui.table([{'key': 'a', 'title': bad}], [{'a': bad}, {'a': (bad, bad)}], caption=bad) }}"
        "{% call ui.chart(bad, {'x': bad}) %}{% endcall %}",
        bad=bad,
        kind=kind,
    )
    assert "<script>" not in text and not Elements(text).of("alert")
    assert len(Elements(text).of("script")) == 1  # the data of the chart


def test_a_table_says_how_it_is_sorted_and_its_links_keep_the_filter() -> None:
    elements = Elements(page())
    sorts = [a["aria-sort"] for a in elements.of("th") if "aria-sort" in a]
    assert Counter(sorts) == {"none": 3, "descending": 1}
    links = {a["id"]: a["href"] for a in elements.of("a") if a.get("id", "").startswith("lines-")}
    assert links["lines-sort-weight"] == "?sort=weight&change=SF"
    assert links["lines-sort-date"] == "?sort=date&change=SF"
    assert links["lines-next"] == "?sort=-weight&change=SF&page=4"
    assert links["lines-last"] == "?sort=-weight&change=SF&page=247"
    assert links["lines-size-200"] == "?sort=-weight&change=SF&size=200"
    assert links["lines-unfilter"] == "/style?sort=-weight"
    exports = [a["href"] for a in elements.of("a") if "download" in a]
    assert exports == [f"/style?sort=-weight&change=SF&format={f}" for f in ("csv", "xlsx")]
    kept = [a for a in elements.of("input") if a.get("type") == "hidden" and a["name"] == "sort"]
    assert kept[0]["value"] == "-weight"


def test_two_tables_of_one_page_are_told_apart() -> None:
    text = piece(
        "{{ ui.table(columns, rows, page, id='b', prefix='b_') }}",
        query={"sort": "x", "b_batch": "LEU", "b_page": "9"},
        page={"number": 9, "size": 50, "total": None, "sort": ""},
    )
    links = {a["id"]: a["href"] for a in Elements(text).of("a") if "id" in a}
    assert links["b-sort-date"] == "?sort=x&b_batch=LEU&b_sort=date"
    assert links["b-next"] == "?sort=x&b_batch=LEU&b_page=10"
    assert "401–450" in text and "b-last" not in links


def test_a_column_may_have_any_key_and_a_row_may_lack_it() -> None:
    columns = [{"key": key, "title": key} for key in ("items", "values", "get", "a")]
    text = piece("{{ ui.table(columns, [{'a': 1}], totals={'a': 2}) }}", columns=columns)
    assert "built-in" not in text and text.count("<td>") == 8


def test_findings_are_told_by_word_and_shape() -> None:
    text = page()
    assert re.findall(r'data-severity="(\w)"', text) == ["F", "E", "W", "I"]
    for word in ("not acceptable", "query", "warning", "information", "What to do:", "Rule:"):
        assert word in text
    assert "xafa-102.txt:14 XAFA entry 3" in text


@pytest.mark.parametrize("state", ["waiting", "running", "done", "failed", "cancelled"])
def test_only_a_job_that_goes_on_asks_again(state: str) -> None:
    job = {"job_id": "7", "title": "t", "state": state, "done": 1, "total": 0}
    text = piece("{{ ui.job_progress(job) }}", job=job | {"detail": None, "result": None})
    assert ("hx-trigger" in text) == ("/jobs/7/cancel" in text) == (state in ("waiting", "running"))


def test_an_error_page_with_and_without_a_session() -> None:
    given = {"status": 404, "title": "there is no such page", "message": "x", "advice": "go on"}
    inside = page("ja", template="error.html", **given, findings=[])
    outside = page(
        "ja", template="error.html", **given | {"viewer": None, "menu": [], "findings": []}
    )
    assert 'class="side"' in inside and 'class="side"' not in outside
    assert "<h1>そのようなページはありません</h1>" in outside and "/sign-in" in outside


def test_style_and_script_stay_small() -> None:
    assert len((STATIC / "keiryo.css").read_text("utf-8").splitlines()) < 600
    assert len((STATIC / "keiryo.js").read_text("utf-8").splitlines()) < 350
    assert len(COLUMNS) == 7
