"""Every sentence of the pages is there in Japanese; numbers and dates are exact in both."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Catalog, Message
from hypothesis import given
from hypothesis import strategies as st

from keiryo.data import read_table
from keiryo.vocabulary import ENTRY_CODES
from keiryo.web import terms, translation
from keiryo.web.speaking import language, speak_on
from keiryo.web.translation import catalogue, choose_language, formats
from web.style_page import page

TOP = Path(__file__).resolve().parents[2]


def script() -> ModuleType:
    place = TOP / "scripts" / "translations.py"
    spec = importlib.util.spec_from_file_location("translations_script", place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def spoken(wanted: str) -> Iterator[None]:
    before = language()
    speak_on(wanted)
    yield
    speak_on(before)


def test_every_sentence_is_translated() -> None:
    tool = script()
    faults = tool.faults(tool.renewed("ja", tool.collected()))
    if faults:
        pytest.fail("run scripts/translations, then translate:\n" + "\n".join(faults), False)


def test_the_catalogues_are_as_the_script_writes_them() -> None:
    tool = script()
    sentences = tool.collected()
    assert (tool.LOCALE / "keiryo.pot").read_text("utf-8") == tool.written(sentences, "en")
    japanese = tool.renewed("ja", sentences)
    assert (tool.LOCALE / "ja" / "keiryo.po").read_text("utf-8") == tool.written(japanese, "ja")


@pytest.mark.parametrize(
    ("english", "japanese", "fault"),
    [
        ("Post", "", "not translated"),
        ("As of act %(number)s", "時点", "placeholders differ"),
        ("Saved {time}", "{zeit} 保存", "placeholders differ"),
        ("{percent} %%", "{percent} %", "differs"),
        (("%(num)d act", "%(num)d acts"), ("行為",), "placeholders differ"),
    ],
)
def test_a_bad_translation_is_found(
    english: str | tuple[str, str], japanese: str | tuple[str], fault: str
) -> None:
    catalog = Catalog(locale="ja")
    catalog[english] = Message(english, japanese)
    assert fault in " ".join(script().faults(catalog))


def test_sentences_are_said() -> None:
    japanese = catalogue("ja")
    assert japanese.gettext("Book inventory") == "帳簿在庫"
    assert japanese.gettext("As of act %(number)s", number=7) == "行為 7 時点"
    assert japanese.gettext("nobody translated this") == "nobody translated this"
    assert "3" in japanese.ngettext("%(num)d entry needs another look", "…", 3)
    assert catalogue("en").ngettext("%(num)d act", "%(num)d acts", 2) == "2 acts"
    assert catalogue("en").ngettext("%(num)d act", "%(num)d acts", 1) == "1 act"
    assert japanese.pgettext("somewhere", "Post") == "Post"
    assert catalogue("tlh") is catalogue("en")


def test_the_words_of_the_domain_are_collected() -> None:
    sentences = {one.id for one in script().collected()}
    assert "recorded in" in sentences and "with the error of" in sentences  # relations
    assert "material unaccounted for (MUF)" in sentences and "nuclear loss" in sentences  # codes
    assert set(terms.LINE_KINDS.values()) <= sentences and "closes" in sentences
    assert "material balance report" in sentences and "IAEA model, Code 10" in sentences


def test_codes_mean_the_same_on_pages_and_in_print() -> None:
    japanese = catalogue("ja")
    for code, meaning in read_table("print_texts")["ja"]["entry_code"].items():
        english = ENTRY_CODES()[code].meaning
        if english not in ("import", "export"):  # which are directions of notices, too
            assert japanese.gettext(english) == meaning
    with spoken("ja"):
        assert terms.entry_code_meaning("RF") == "国外からの受入れ（輸入）"


def test_words_of_the_domain_in_the_language_of_the_request() -> None:
    with spoken("ja"):
        assert terms.term("recorded in") == "記録した行為" and terms.term("") == ""
        assert terms.act_kind("period.close") == "物質収支の締め"
        assert terms.act_kind("no.such") == "no.such"
        assert terms.finding_meaning("NEG-BOOK") == "帳簿在庫が負になっています。"
    with spoken("en"):
        assert terms.act_kind("period.close") == "closing of a balance"
        assert terms.finding_meaning("NEG-BOOK") == ""


def test_every_kind_of_line_and_act_has_words() -> None:
    source = "".join(file.read_text("utf-8") for file in (TOP / "src").rglob("*.py"))
    assert set(re.findall(r'LineKind\(\s*"([a-z_]+)"', source)) == set(terms.LINE_KINDS)
    assert terms.line_kinds()["inventory_change"] == "inventory change"
    drafted = set(re.findall(r'Draft\(\s*"([a-z]+\.[a-z]+)"', source))
    assert drafted and drafted <= set(terms.ACT_KINDS)


def test_findings_have_a_meaning_in_japanese() -> None:
    page_of_findings = (TOP / "docs" / "reference" / "findings.md").read_text("utf-8")
    codes = set(re.findall(r"^### ([A-Z0-9-]+)$", page_of_findings, re.MULTILINE))
    meanings = read_table("finding_titles")["ja"]
    assert codes and not codes - set(meanings)
    odd = {
        code for code, text in meanings.items() if not text.endswith("。") or text.count("。") > 1
    }
    assert not odd, "one sentence each"


def test_the_same_page_in_both_languages() -> None:
    english, japanese = page("en"), page("ja")
    assert '<html lang="en"' in english and '<html lang="ja"' in japanese
    assert "1–50 of 12,345" in english.replace("101–150", "1–50")
    assert "全 12,345 行中 101–150 行" in japanese
    assert "1 entry needs another look" in english and "1 件の入力を見直してください" in japanese


@pytest.mark.parametrize(
    ("preference", "cookie", "header", "chosen"),
    [
        ("ja", "en", "en", "ja"),
        ("xx", "ja", "en", "ja"),
        (None, None, "fr, ja;q=0.4, en;q=0.8", "en"),
        (None, None, "ja-JP", "ja"),
        (None, None, "ja;q=0, de", "en"),
        (None, None, "ja;q=nonsense", "en"),
        (None, None, ";;;,,=" * 999, "en"),
        (None, None, None, "en"),
    ],
)
def test_the_language_of_a_page(
    preference: str | None, cookie: str | None, header: str | None, chosen: str
) -> None:
    assert choose_language(preference, cookie, header) == chosen


def test_the_installation_may_have_a_language() -> None:
    assert choose_language(None, None, "fr", default="ja") == "ja"
    assert choose_language(None, None, None, default="fr") == "en"


@given(st.integers(-(2**62), 2**62))
def test_weights_are_exact_in_every_language(mg: int) -> None:
    for each in translation.LANGUAGES:
        shown = formats(each)
        for name, digits in (("format_mass_kg", 6), ("format_mass_g", 3)):
            text = shown[name](mg).replace(",", "")
            assert Decimal(text).scaleb(digits) == mg
            assert not (text.endswith("0") and "." in text)


def test_numbers() -> None:
    number = formats("en")["format_number"]
    assert number(10**30 + 1) == f"{10**30 + 1:,}"
    assert number(0.1) == "0.1"
    assert number("12345.50") == "12,345.50"
    assert number("0.125", 2) == "0.13" and number("-0.125", 2) == "-0.13"
    assert number(None) == "" and number("NaN") == "NaN"
    with pytest.raises(ValueError, match="whole milligrams"):
        formats("en")["format_mass_g"](1.5)


def test_instants_are_in_utc() -> None:
    tokyo = timezone(timedelta(hours=9))
    instant = datetime(2026, 1, 1, 8, 59, tzinfo=tokyo)
    assert formats("en")["format_datetime"](instant) == "31 Dec 2025 23:59 UTC"
    assert formats("ja")["format_datetime"](instant) == "2025年12月31日 23:59 UTC"
    text = "2025-12-31T23:59:00.000000Z"
    assert formats("en")["format_datetime"](text) == "31 Dec 2025 23:59 UTC"
    assert formats("en")["format_date"]("2025-12-31") == "31 Dec 2025"
    assert formats("en")["format_datetime"](None) == ""
    with pytest.raises(ValueError, match="zone"):
        formats("en")["format_datetime"](datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None))
