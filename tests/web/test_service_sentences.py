"""Every sentence in the source of services that pages show is known to the catalogue.

Sentences are taken from the source as it stands: one that is written anew, or in other words, is
missed here first. Values are filled in with numbers, and must come out again.
"""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keiryo.reports.questions.table import QUESTIONS
from keiryo.reports.rule_table import RULES
from keiryo.web import speaking
from keiryo.web.service_sentences import PHRASES, SENTENCES, Shape, shapes, translated
from web.test_japanese_pages import ENGLISH

SOURCE = Path(__file__).resolve().parents[2] / "src" / "keiryo"
COVERED = (
    *(f"reports/{name}.py" for name in ("rules", "entry_rules", "balance_rules", "weight_rules")),
    *(f"reports/{name}.py" for name in ("filing", "rules_notices")),
    *(f"reports/formats/code10_{name}.py" for name in ("reader", "content", "text")),
    *(f"reports/questions/{name}.py" for name in ("book", "content", "corrections")),
    *(f"reports/questions/{name}.py" for name in ("reporting", "state", "transit")),
    *(f"evaluation/{name}.py" for name in ("conclusion", "anomalies", "model", "sealed_items")),
    *(f"oversight/{name}.py" for name in ("exemptions", "retained_waste", "received_rows")),
    *(f"oversight/{name}.py" for name in ("notice_intake", "statements", "statement_comparison")),
    *(f"alarm_cases/{name}.py" for name in ("hard_rules", "case_rules", "desk", "passages")),
    *(f"alarm_cases/{name}.py" for name in ("explaining", "identifying", "declared")),
    *(f"alarm_cases/{name}.py" for name in ("recording_explanations", "record_forms")),
    "charts/variance.py",
    "material_description.py",
)
"""Modules whose sentences are shown on pages most often, and are all known."""

COMPOSED: dict[str, tuple[str, ...]] = {
    "label 7002 is an isotope weight, but label 7004 is missing": (
        "label 670 is an isotope weight, but label 630 (enriched uranium) or 600 (uranium) is "
        "missing",
        "label 710 is an isotope weight, but label 700 (plutonium) is missing",
    ),
    "7001 days before preparation for shipping": (),
    "has not been given": (),
    "has not been confirmed": (),
    "notice 7002 (7004, 7006, State 7008) 7010; it was due by 7012, 7014": (
        "notice N-1 (export, XAFA, State XB) has not been given; it was due by 2026-01-01, "
        "14 days before preparation for shipping",
        "notice N-1 (import, XAFA, State XB) was given on 2026-01-05; it was due by 2026-01-01, "
        "the day on which the State assumes responsibility",
    ),
    "receipt of the material of notice 7002 by State 7004, where it is not under safeguards, 7006; "
    "it was due by 7008": (
        "receipt of the material of notice N-1 by State XB, where it is not under safeguards, "
        "has not been confirmed; it was due by 2026-01-01",
    ),
    "after 7002 the book of category 7004 (7006) is 7008 7010": (
        "after 2025-05-01 the book of category E (element weight) is -3 g",
    ),
    "uranium of 7002 crosses 20 %: it now has 7004": (
        "uranium of F-1 crosses 20 %: it now has 20 % or more",
        "uranium of F-1 crosses 20 %: it now has less than 20 %",
    ),
    "7001 of 7003 on 7005 is reported again, as in 7007, with the same weights": (
        "SD of F-1 on 2025-05-01 is reported again, as in report 104 entry 3, with the same "
        "weights",
    ),
    "7001 is used twice for 7003 on 7005, as in 7007": (
        "F-1 is used twice for RM on 2025-05-01, as in report 104 entry 3",
    ),
    "7001 missing before report 7003 of 7005": (
        "report 103 is missing before report 104 of XAFA",
        "reports 101 to 103 are missing before report 104 of XAFA",
    ),
    "A loss of one significant quantity, here 7002, would be seen with a probability of 7004 at "
    "7006 % false alarms7008.7010": (
        "A loss of one significant quantity, here 75 kg, would be seen with a probability of "
        "more than 99.9 % at 5 % false alarms; 95 % needs a standard deviation of at most 22 kg. "
        "A part of the material is high-enriched uranium, so its smaller significant quantity is "
        "taken (25 kg U-235).",
    ),
    "The standard deviation 7002 is 7004; MUF is 7006 of it.": (
        "The standard deviation expected of such a facility is 3 kg; MUF is 0.26 of it.",
        "The standard deviation of MUF is 3 kg; MUF is 0.26 of it.",
    ),
    "7001 lines with 7003 (7005) in the balance to 7007 70097010: 7012": (
        "3 lines with 2 kg (element) in the balance to 2025-12-31 fit no stratum of the area: F-1",
        "3 lines with 2 kg (U-235) in the balance to 2025-12-31 are in a stratum without error "
        "sources (powder): F-1",
        "3 lines with 2 kg (element) in the balance to 2025-12-31 were measured on days on which "
        "an error source of their stratum is not in force (EB-random): F-1, F-2",
    ),
    "7001: MUF is 7003, but by the declared errors nothing was measured there (or its standard "
    "deviation is zero), and then it must be exactly 0": (
        "the balance to 2025-12-31, element: MUF is 3 g, but by the declared errors nothing was "
        "measured there (or its standard deviation is zero), and then it must be exactly 0",
    ),
    "7001: no statistic of the sequence passed its threshold.": (
        "XAFA, category E, 12 balances to 2025-12-31: no statistic of the sequence passed its "
        "threshold.",
    ),
    "7001: MUF of 7003 7005; nothing was measured anew": (
        "the balance to 2025-12-31, element: MUF of 3 g is rounding of a reported inventory; "
        "nothing was measured anew",
        "the balance to 2025-12-31, U-235: MUF of 3 g is all because a reported inventory and its "
        "listing differ; nothing was measured anew",
    ),
    "the sealed items of the balance to 7002 are not those of the book: 7004": (
        "the sealed items of the balance to 2025-12-31 are not those of the book: on the book but "
        "not listed: F-1, F-2; listed but not on the book: F-3",
    ),
    "by 7002 more was de-exempted (7004) than the State had exempted 7006 (7008): 7010 7012 "
    "70147015 are left": (
        "by 2025-05-01 more was de-exempted (DQ) than the State had exempted on quantity (EQ): "
        "-3 g E with 1 g fissile are left",
    ),
    "no sums of 7002 are stated for 7004": (
        "no sums of XAFA are stated for 2025-12-31, so the entry belongs to no statement",
    ),
    "no sums of 7002 are stated for 7004 or later": (
        "no sums of XAFA are stated for 2025-12-31 or later, so the entry belongs to no statement",
    ),
    "7001, so the entry belongs to no statement": (),
    "does not count any more: it was 7002 on 7004": (),
    "the statement 7002 knows entry 7004/7006 of 7008 in category 7010, which 7012": (
        "the statement S-1 knows entry 104/3 of XAFA in category E, which is not in the own books",
        "the statement S-1 knows entry 104/3 of XAFA in category E, which does not count any more: "
        "it was corrected by report 105 entry 1 on 2025-12-01",
    ),
    "the statement 7002 does not know entry 7004/7006 of 7008 (7010 of 7012, batch 7014, category "
    "7016)7018": (
        "the statement S-1 does not know entry 104/3 of XAFA (SD of 2025-05-01, batch F-1, "
        "category E); it was reported on 2026-01-03, after the date of the statement",
        "the statement S-1 does not know entry 104/3 of XAFA (SD of 2025-05-01, batch F-1, "
        "category E)",
    ),
    "smaller parts that cancel": (
        "The largest parts of the variance: 3 smaller parts that cancel −3.0 %; not assigned to a "
        "source 2.0 %; EB-random · powder 9.4 %.",
    ),
    "not assigned to a source": (),
    "the 7002 is the digit zero, which is not a code7004": (
        "the physical form is the digit zero, which is not a code; the letter O is probably meant",
        "the chemical form is the digit zero, which is not a code; the letter O is probably meant",
        "the containment is the digit zero, which is not a code; the letter O is probably meant",
        "the quality is the digit zero, which is not a code",
    ),
    "7001 is not a code for the 7003; codes are ": (
        "'0' is not a code for the physical form; codes are A B C",
        "'Z' is not a code for the quality; codes are A B C",
    ),
    "its 7002 cannot be recorded": (
        "A-1: its lane cannot be recorded",
        "A-1: its dose rate usv h cannot be recorded",
    ),
    "7001 7003: who raised it does not make it 7005": (
        "A-1 had a neutron alarm: who raised it does not make it FALSE",
        "A-1 had to be escalated: who raised it does not make it CLOSED",
    ),
    "7001: the test that nothing is left over in the spectrum 7003": (
        "A-1: the test that nothing is left over in the spectrum did not pass",
        "A-1: the test that nothing is left over in the spectrum was not done",
    ),
    "the days since the treatment are no number of 0 or more": (
        "A-1: the days since the treatment are no number of 0 or more",
    ),
    "the dose rate is no number of 0 or more": ("A-1: the dose rate is no number of 0 or more",),
    "7001 explains at most 7003 days after the treatment7005; 7007 are told": (
        "A-1: I-131 explains at most 7.5 days after the treatment; 40 are told",
        "A-1: I-131 explains at most 7.5 days after the treatment, with 20 µSv/h at 1 m; 40 are "
        "told",
    ),
    "no time with an offset": (),
    "more than 7002 pieces of evidence": ("A-1: more than 100 pieces of evidence",),
    "no file 7002… is kept as evidence": ("A-1: no file 0123456789ab… is kept as evidence",),
    "there is no 7002 in the record": ("A-1: there is no act:99 in the record",),
    "the 7002 is larger than 7004 MB": (
        "the spectrum cannot be identified: the background is larger than 64 MB",
    ),
    "'keiryo spectrum read FILE' shows what the file holds; else give the answer of "
    "'keiryo spectrum identify'.": (),
    "7001: no declared transfer explains it7003": (
        "A-1: no declared transfer explains it",
        "A-1: no declared transfer explains it; nearest: import TR-1 of 2026-06-01 (container: "
        "C-1 is not declared with it; consignee: the transfer names none)",
    ),
}
"""Sentences that are made of parts, by how they stand in the source: as they are said."""

PARTS = {
    "PB with all changes gives", "PB with all changes, less DI, gives",
    "fit no stratum of the area", "are in a stratum without error sources",
    "were measured on days on which an error source of their stratum is not in force",
    "is rounding of a reported inventory",
    "is all because a reported inventory and its listing differ",
    "expected of such a facility", "is not in the own books", "on the book but not listed",
    "listed but not on the book", "listed with something else than on the book",
    "7001 on the book, 7003 listed", "7001 items on the book, 7003 listed",
}  # fmt: skip
"""Parts that a sentence is made of; it is known with each of them."""

WORD = re.compile(r"[A-Za-z][a-z'’]+")


def source_sentences(module: str) -> Iterator[str]:
    """Yield the sentences of a module, with numbers in the places of values."""
    tree = ast.parse((SOURCE / module).read_text("utf-8"))
    quiet = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            quiet |= {id(one) for one in ast.walk(node) if one is not node}
        elif _is_pattern(node) or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add)):
            quiet |= {id(one) for one in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in quiet:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(_filled(number, part) for number, part in enumerate(node.values))


def _is_pattern(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "compile"


def _filled(number: int, part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    return str(7001 + number)


def is_sentence(text: str) -> bool:
    """Return whether a text of the source says something by itself to people."""
    if text.startswith((" ", ",", ";")) or text.endswith(" ") or "\n" in text:
        return False  # a part that is put to a sentence
    return len(WORD.findall(text)) > 3 and " " in text


@pytest.mark.parametrize("module", COVERED)
def test_every_sentence_of_the_source_is_known(module: str) -> None:
    missed = []
    found = [text for text in dict.fromkeys(source_sentences(module)) if is_sentence(text)]
    for text in (said for one in found for said in COMPOSED.get(one, (one,))):
        if text not in PARTS:
            said = translated(text, "ja")
            values = re.findall(r"70\d\d", text)
            if said is None or any(value not in said for value in values) or ENGLISH.search(said):
                missed.append(f"{text!r}: {said!r}")
    assert not missed, "\n".join(missed)


def test_what_to_do_and_the_rule_are_known_for_every_code_of_reports() -> None:
    rules = [*RULES.values(), *QUESTIONS.values()]
    for text in {rule.advice for rule in rules} | {rule.basis for rule in rules}:
        said = translated(text, "ja")
        assert said and not ENGLISH.search(said), text


def test_values_stand_apart() -> None:
    for message in (*SENTENCES, *PHRASES):
        shape = Shape.of(message)
        assert all(shape.fixed[1:-1]), f"two values without a word between: {message}"
        assert len(set(shape.names)) == len(shape.names), f"one name for two values: {message}"


def test_one_sentence_stands_once() -> None:
    assert len(set(SENTENCES)) == len(SENTENCES)
    assert not set(SENTENCES) & set(PHRASES)


def test_the_one_that_says_more_is_meant() -> None:
    assert translated("there is no act 5 to know the books by", "ja") == (
        "帳簿の時点とする行為 5 はありません"
    )
    assert translated("there is no act 5", "ja") == "行為 5 はありません"


def test_several_sentences_are_said_one_by_one() -> None:
    said = translated(
        "XAFA, 2025-01-01 to 2025-12-31, enriched uranium (element): MUF is 812.3 g missing; the "
        "difference is within measurement error. The standard deviation of MUF is 3.108 kg; MUF "
        "is 0.26 of it. Nobody knows this sentence.",
        "ja",
    )
    assert said == (
        "XAFA、2025-01-01 ～ 2025-12-31、濃縮ウラン（元素）：MUF は 812.3 g（不足）。差は測定誤差の"
        "範囲内です。MUF の標準偏差は 3.108 kg で、MUF はその 0.26 倍です。"
        "Nobody knows this sentence."
    )


def test_parts_are_known_only_in_their_sentences() -> None:
    assert translated("the file is missing", "ja") is None
    assert translated("of this 12 %", "ja") is None


def test_errors_as_pages_put_them() -> None:
    """With a capital letter in front, a full stop behind, and advice in the page's language."""
    assert translated("There is no MBA XX in the books", "ja") == "帳簿に区域 XX はありません"
    assert translated("there is no act 5. Choose I or P.", "ja") == (
        "行為 5 はありません。I または P を選んでください。"
    )


def test_what_stays_english_is_marked() -> None:
    before = speaking.language()
    try:
        speaking.speak_on("ja")
        assert str(speaking.marked("nobody <says> so")) == (
            '<span lang="en">nobody &lt;says&gt; so</span>'
        )
        assert speaking.marked("there is no act <5>") == "行為 &lt;5&gt; はありません"
        assert speaking.marked("日本語 12") == "日本語 12"
        assert speaking.said("nobody says so") == "nobody says so"
        speaking.speak_on("en")
        assert speaking.marked("nobody says so") == "nobody says so"
    finally:
        speaking.speak_on(before)


def test_words_in_pictures() -> None:
    before = speaking.language()
    picture = "<svg><title>Random</title><text x='1'>28 smaller parts</text><text>A &amp; B</text>"
    try:
        speaking.speak_on("ja")
        assert speaking.said_in_picture(picture) == (
            "<svg><title>偶然</title><text x='1'>ほかの小さな部分 28 個</text>"
            "<text>A &amp; B</text>"
        )
        speaking.speak_on("en")
        assert speaking.said_in_picture(picture) == picture
    finally:
        speaking.speak_on(before)


@given(st.sampled_from(shapes(parts=True)), st.data())
def test_a_sentence_is_recognised_whatever_its_values(shape: Shape, data: st.DataObject) -> None:
    values = {
        name: data.draw(st.text("0123456789XYZ-/", min_size=1, max_size=12)) for name in shape.names
    }
    text = shape.message % values
    found = shape.values_in(text)
    assert found is not None
    assert shape.message % found == text


def test_recognising_takes_no_longer_for_hostile_texts() -> None:
    hostile = ("there is no line " + " of act that you may see" * 200)[:3900]
    begun = time.perf_counter()
    for number in range(20):
        translated(f"{hostile}{number}", "ja")
    assert time.perf_counter() - begun < 2.0
    assert translated("x" * 5000, "ja") is None
