"""What a statement on protection and a review of access must hold, and what they may not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from keiryo.errors import Finding
from keiryo.security_regime.event_words import (
    HASH,
    OPAQUE,
    anew_problems,
    choice_problems,
    refusing,
    telling,
    warning,
    whole_problems,
)
from keiryo.security_regime.oversight_record import (
    ID,
    WORDS,
    Context,
    Problem,
    shown,
    text_problems,
)
from keiryo.security_regime.statement_record import STATEMENT, Statement, Statements
from keiryo.security_regime.tables_events import ANSWERS

_STATEMENT = {
    "statement": ID, "target": OPAQUE, "required_level": OPAQUE, "evaluated_by": ID,
    "approved_by": ID, "store_head": HASH, "evaluation_ref": OPAQUE, "reason": WORDS,
}  # fmt: skip
_REVIEW = {"review": ID, "area": OPAQUE, "reviewed_by": ID, "store_head": HASH, "reason": WORDS}
_COUNTS = ("events", "violations", "open_irregularities")
_FIXED = ("target", "required_level", "evaluated_by", "evaluation_ref", "store_head")


def statement_findings(
    known: Statements, context: Context, kind: str, line: Mapping[str, Any]
) -> Iterator[Finding]:
    """Yield what is wrong with a statement or a review that is about to be recorded.

    Parameters
    ----------
    known : Statements
        As they stand before it.
    context : Context
    kind, line
        Line kind and values, with the scope and the person who posts.
    """
    if kind == STATEMENT:
        yield from _statement(known, context, line)
    else:
        yield from _review(known, context, line)


def _statement(known: Statements, context: Context, line: Mapping[str, Any]) -> Iterator[Finding]:
    name = line["statement"]
    days = ("evaluated_on", "valid_until", "withdrawn_on")
    texts = [*text_problems(line, _STATEMENT, days), *_missing(line, days[:2])]
    yield from telling("STATEMENT-TEXT", name, iter(texts))
    yield from telling("STATEMENT-VALUE", name, choice_problems(line, {"meets": ANSWERS}))
    yield from _place(context, name, line)
    if not texts:
        yield from telling("STATEMENT-DAYS", name, _days(context, line))
    if line.get("evaluated_by") in {line.get("approved_by"), line.get("person")}:
        yield refusing(
            "STATEMENT-SAME-PERSON",
            f"{shown(name)}: who evaluated neither approves nor records the statement",
            "Somebody else approves the evaluation, and records the statement.",
        )
    before = known.statements.get(name)
    old = None if before is None else before.values
    yield from telling("STATEMENT-ANEW", name, anew_problems(old, line))
    if before is not None:
        yield from telling("STATEMENT-ANEW", name, _fixed(before, line))
    elif not texts:
        yield from _earlier(known, line)


def _review(known: Statements, context: Context, line: Mapping[str, Any]) -> Iterator[Finding]:
    name = line["review"]
    days = ("from_day", "to_day", "reviewed_on")
    texts = [*text_problems(line, _REVIEW, days), *_missing(line, days)]
    yield from telling("STATEMENT-TEXT", name, iter(texts))
    yield from _place(context, name, line)
    counts = list(whole_problems(line, _COUNTS))
    if not counts and line["violations"] > line["events"]:
        counts.append(("more violations than records were found", "Correct the counts."))
    yield from telling("STATEMENT-COUNTS", name, iter(counts))
    if not texts:
        yield from telling("STATEMENT-DAYS", name, _period(context, line))
    before = known.reviews.get(name)
    old = None if before is None else before.values
    yield from telling("STATEMENT-ANEW", name, anew_problems(old, line))


def _missing(line: Mapping[str, Any], days: tuple[str, ...]) -> Iterator[Problem]:
    for name in days:
        if line.get(name) is None:
            yield f"its {name.replace('_', ' ')} is missing", "Name the day."


def _place(context: Context, name: Any, line: Mapping[str, Any]) -> Iterator[Finding]:
    wrong = context.place_problem(line["scope"])
    if wrong is not None:
        yield from telling("STATEMENT-FACILITY", name, iter([wrong]))


def _days(context: Context, line: Mapping[str, Any]) -> Iterator[Problem]:
    first, last = line["evaluated_on"], line["valid_until"]
    if last < first:
        yield "it would end before it was evaluated", "Correct the days."
    withdrawn = line.get("withdrawn_on")
    if withdrawn is not None and withdrawn < first:
        yield "it is withdrawn before it was evaluated", "Correct the days."
    if context.today is not None and max(first, withdrawn or 0) > context.today:
        yield "a day lies ahead of today", "Record it when it has come."


def _period(context: Context, line: Mapping[str, Any]) -> Iterator[Problem]:
    if line["to_day"] < line["from_day"]:
        yield "its last day lies before the first one", "Correct the days."
    if line["reviewed_on"] < line["to_day"]:
        yield "it was reviewed before its last day", "Review what is over."
    if context.today is not None and line["reviewed_on"] > context.today:
        yield "the review lies ahead of today", "Record it when it is done."


def _fixed(before: Statement, line: Mapping[str, Any]) -> Iterator[Problem]:
    changed = [one for one in _FIXED if before.values.get(one) != line.get(one)]
    if changed:
        listed = ", ".join(one.replace("_", " ") for one in changed)
        yield f"{listed} stand fixed", "Another evaluation has a statement of its own."


def _earlier(known: Statements, line: Mapping[str, Any]) -> Iterator[Finding]:
    """Tell that a later evaluation of the target is there already."""
    place = (line["scope"], line["target"])
    later = [
        one.name
        for one in known.statements.values()
        if one.place == place and one.values["evaluated_on"] > line["evaluated_on"]
    ]
    if later:
        yield warning(
            "STATEMENT-SUPERSEDED",
            f"{shown(line['statement'])}: {later[-1]} rests on a later evaluation of the target",
            "Nothing is to be done where an older statement is entered late.",
        )
