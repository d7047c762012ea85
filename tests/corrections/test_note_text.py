"""What a concise note says of a reason, and what it refuses rather than changes."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corrections.state_xa import planned
from keiryo.corrections.note_text import note_findings, note_words, sayable
from keiryo.errors import Severity
from keiryo.reports.formats.code10_reader import read
from keiryo.reports.formats.code10_writer import write

RTL = "\u202e"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Scale misread.", "SCALE MISREAD."),
        ("Über 100 slips – “new”", 'UBER 100 SLIPS - "NEW"'),
        ("ＡＢＣ　１２", "ABC 12"),
        ("U\u0308ber  two\nlines", "UBER TWO LINES"),
        ("a_b [c] @ 5 $ {d} ~ ^ | \\", "A_B [C] @ 5 $ {D} ~ ^ | \\"),
        ("Straße …", "STRASSE ..."),
    ],
)
def test_what_can_be_said(typed: str, said: str) -> None:
    assert sayable(typed) and note_words(typed) == said
    assert not [f for f in note_findings(typed) if f.severity is Severity.FORMAT]


@pytest.mark.parametrize(
    "typed",
    ["計量誤り", "взвешивание", f"A{RTL}B", "A\u200bB", "A\0B", "A\x1fB", "A # B", "10²", "½", "µ",
     "\ufffd", "\ud800", "ガ", "\u0301A", "№ 5", "1\u03362"],
)  # fmt: skip
def test_what_cannot_be_said_is_refused_and_not_changed(typed: str) -> None:
    (found,) = note_findings(typed)
    assert (found.code, found.severity, found.label) == ("NOTE-CHARSET", Severity.FORMAT, "391")
    assert not sayable(typed)
    with pytest.raises(ValueError, match="cannot hold"):
        note_words(typed)
    made = planned("XAFA", "106/4", {"630": "1300"}, reason=typed)
    assert not made.possible and not made.reports
    assert [f.code for f in made.findings] == ["NOTE-CHARSET"]
    assert (made.findings[0].mba, made.findings[0].report, made.findings[0].entry) == (
        "XAFA", "106", 4,
    )  # fmt: skip
    shown = found.message + (found.found or "")
    assert not any(unicodedata.category(sign) in ("Cf", "Cc", "Cs") for sign in shown)


def test_accents_are_lost_with_a_word() -> None:
    (found,) = note_findings("Über")
    assert found.severity is Severity.INFORMATION and "Ü as U" in found.message
    assert not list(note_findings("Scale misread – “twice”"))
    made = planned("XAFA", "106/4", {"630": "1300"}, reason="Über")
    assert made.possible and [f.code for f in made.findings] == ["NOTE-CHARSET"]


@given(st.text(max_size=60))
def test_a_note_is_read_as_it_was_written(typed: str) -> None:
    if not sayable(typed):
        assert any(f.severity is Severity.FORMAT for f in note_findings(typed))
        return
    made = planned("XAFA", "106/4", {"630": "1300"}, reason=typed)
    assert made.possible
    again = read("".join(write([r]) for r in made.reports).encode(), "again")
    assert [n.text for r in again.reports for n in r.notes] == [
        n.text for r in made.reports for n in r.notes
    ]
    assert note_words(typed).rstrip(".") in (made.reports[0].notes[0].text or "")
    assert "?" in typed or "?" not in (made.reports[0].notes[0].text or "")
