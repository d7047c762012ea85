"""Pages of evaluations: complete in themselves, safe, the same bytes for the same input."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from keiryo.charts.balance_page import balance_charts, balance_page
from keiryo.charts.page import MOST_ROWS, POLICY, Section, Table, evaluation_page, page
from keiryo.charts.sequence_page import sequence_charts, sequence_page
from keiryo.charts.sequences import muf_chart
from keiryo.errors import Finding, Severity

HOSTILE = '"><script>alert(1)</script><img src=x onerror=y>\u202e\x00'
VOID = {"meta", "link", "br", "img", "hr"}


class Reader(HTMLParser):
    """Reads a page strictly: what is opened is closed, and nothing runs or loads."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            assert not name.startswith("on") and name != "style", (tag, name)
            if name == "id":
                self.ids.append(value or "")
            if name in {"src", "href", "xlink:href"}:
                assert (value or "").startswith(("#", "data:image/png")), value
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert not reader.open
    assert len(reader.ids) == len(set(reader.ids))
    assert not {"script", "iframe", "object", "form", "link"} & set(reader.tags)
    assert reader.tags.count("h1") == 1 and "main" in reader.tags
    assert '<html lang="en">' in text
    return reader


def sequence() -> dict[str, Any]:
    return {
        "balances": [{"from_h": 24 * n, "to_h": 24 * n + 24} for n in range(3)],
        "muf": [1.2, None, 6.0],
        "cumuf": [1.2, None, 7.2],
        "sigma_muf": [1.6, 1.6, 1.6],
        "sigma_cumuf": [1.6, 2.1, 2.7],
        "sitmuf": [0.73, None, 3.7],
        "page": [0.23, None, 3.4],
        "ewma": [0.7, None, 2.0],
        "gemuf_v1": [0.53, None, 14.2],
        "active_inventory": [100.0, 100.0, 100.0],
        "covariance": [[2.7, -0.5, 0.5], [-0.5, 2.7, -0.5], [0.5, -0.5, 2.7]],
        "variance_shares": {"scale": [0.6] * 3, HOSTILE: [0.4] * 3},
        "thresholds": {
            "sitmuf": {"threshold": 2.12, "alpha": 0.05, "method": "exact", "k": None},
            "page": {"threshold": 1.9, "alpha": 0.05, "method": "exact", "k": 0.5},
            "gemuf_v1": {"threshold": 0.02, "alpha": 0.05, "method": "exact"},
            "muf": {"threshold": 2.1, "method": "simulated", "interval": [2.0, 2.2]},
        },
        "alarms": [
            {"balance": 3, "statistic": "sitmuf", "value": 3.7, "reason": "too much"}
        ],
        "findings": [{"code": "MODEL-ODD", "severity": "W", "message": HOSTILE, "advice": "Look."}],
        "alpha": 0.05,
        "convention": "material-balance 1",
        "input_digests": {"flows.csv": "ab12"},
    }  # fmt: skip


def balance() -> dict[str, Any]:
    shares = [
        {"source": "scale", "component": "long", "stratum": HOSTILE, "share": 1.3},
        {"source": "scale", "component": "long", "stratum": "between strata", "share": -0.3},
    ]
    return {
        "mba": "XAFA", "category": "E", "muf": 14.404, "sigma_muf": 20.987, "verdict": "within",
        "statement": "Within what errors explain.", "assumptions": ["Errors are normal."],
        "shares": shares, "quantity": "element",
        "tests": [{"test": "MUF/σ", "value": 0.686, "limit": 3, "passed": False, "basis": "rule"}],
        "balances": [
            {"from": "2025-01-01", "to": "2025-12-31", "muf": 3.2, "sigma_muf": None},
            {"from": "2026-01-01", "to": "2026-12-31", "muf": 14.404, "sigma_muf": 20.987},
        ],
        "isotope": {"quantity": "U-235", "muf": 0.576, "sigma_muf": 0.847, "shares": shares},
        "sequence": None,
    }  # fmt: skip


def test_sequence_page() -> None:
    text = sequence_page(sequence())
    assert text == sequence_page(sequence())
    reader = read(text)
    words = " ".join(reader.text)
    for expected in ("SITMUF in balance 3", "too much", "72 h", "MODEL-ODD", "ab12", "Look."):
        assert expected in words
    assert reader.tags.count("figure") == reader.tags.count("figcaption") == 8
    assert '<tr class="marked"><td class="n">3</td>' in text
    assert '<td class="n">–</td>' in text  # the missing balance


def test_charts_of_a_sequence() -> None:
    charts = sequence_charts(sequence())
    assert set(charts) == {
        *("muf", "cumuf", "sitmuf", "page", "ewma", "gemuf", "waterfall", "correlation")
    }
    limits = {line.get_label(): line for line in charts["gemuf"].figure().axes[0].get_lines()}
    y = list(limits["Threshold"].get_ydata())
    # chi-square quantiles at probability 0.02 with 1 and 2 degrees of freedom
    assert y[0] == pytest.approx(5.411894431054342, rel=1e-9)
    assert y[-1] == pytest.approx(7.824046010856292, rel=1e-9)
    assert "Alarm in balance 3" in charts["sitmuf"].description
    assert "scale 60.0 %" in charts["waterfall"].description
    assert "σ is 1.6 kg" in charts["waterfall"].description


@pytest.mark.parametrize("key", sequence())
def test_any_key_of_a_sequence_may_be_missing(key: str) -> None:
    read(sequence_page({name: value for name, value in sequence().items() if name != key}))


@pytest.mark.parametrize("key", balance())
def test_any_key_of_a_balance_may_be_missing(key: str) -> None:
    read(balance_page({name: value for name, value in balance().items() if name != key}))


def test_empty_and_rejected_results() -> None:
    assert "No balance was evaluated" in sequence_page({})
    assert "No balance was evaluated" in sequence_page(dict.fromkeys(sequence(), None))
    read(balance_page({}))
    read(balance_page(dict.fromkeys(balance(), None)))
    read(evaluation_page({}))


def test_balance_page() -> None:
    text = balance_page(balance())
    assert text == balance_page(balance())
    words = " ".join(read(text).text)
    for expected in ("XAFA", "Within what errors explain.", "not kept", "U-235", "2026-12-31"):
        assert expected in words
    assert set(balance_charts(balance())) == {"waterfall", "waterfall_isotope", "muf"}
    assert "−30.0 %" in balance_charts(balance())["waterfall"].svg()
    several = balance() | {"sequence": sequence()}
    assert {"page", "correlation"} <= set(balance_charts(several))
    read(balance_page(several))


def test_policy_allows_the_pages_own_style_only() -> None:
    text = evaluation_page({"title": "x", "charts": [muf_chart([1.0, 2.0], [1.0, 1.0])]})
    assert f'content="{html.escape(POLICY)}"' in text
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None and text.count("<style") == 1
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in POLICY and "default-src 'none'" in POLICY


def test_hostile_texts_are_shown_as_texts() -> None:
    content = {
        "title": HOSTILE, "subtitle": HOSTILE, "statement": HOSTILE, "assumptions": [HOSTILE],
        "rows": [{HOSTILE: HOSTILE, "kg": 1.5}], "rows_caption": HOSTILE,
        "charts": {HOSTILE: muf_chart([1.0], labels=[HOSTILE], title=HOSTILE)},
        "findings": [Finding(HOSTILE, Severity.WARNING, HOSTILE, HOSTILE, mba=HOSTILE)],
        "footer": {HOSTILE: HOSTILE},
    }  # fmt: skip
    text = evaluation_page(content)
    read(text)
    assert "\u202e" not in text and "\x00" not in text and "\\u202e" in text
    assert text.encode()


def test_numbers_of_a_column_have_the_same_decimals() -> None:
    rows = [(1, 15210.0, 0.5), (2, -0.25, None), (3, float("nan"), -1e-12)]
    text = page("x", [Section("s", [Table("t", ["n", "a", "b"], rows)])])
    cells = re.findall(r'<td class="n">(.*?)</td>', text)
    assert cells == ["1", "15210.00", "0.5", "2", "−0.25", "–", "3", "–", "0.0"]


def test_left_out_rows_are_counted() -> None:
    count = MOST_ROWS + 300
    table = Table("t", ["n"], [(n,) for n in range(count)], frozenset({450}))
    text = page("x", [Section("s", [table])])
    shown = [int(n) for n in re.findall(r'<td class="n">(\d+)</td>', text)]
    left = sum(int(n) for n in re.findall(r"(\d+) rows are left out", text))
    assert len(shown) + left == count and {0, 450, count - 1} <= set(shown)
