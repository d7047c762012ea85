"""Recording an evaluation: one act for each balance and category.

The same evaluation recorded again is the same act. If the books, the measurements or the limits
have changed since, the new act corrects the earlier one at the same false-alarm probability. One
at another probability than the standard stands beside the one at the standard, and corrects
nothing there.
"""

from __future__ import annotations

import datetime
import hashlib
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, MetaData, func, select

from keiryo.accounts.model import Knowledge
from keiryo.dates import date_number
from keiryo.errors import UsageError
from keiryo.evaluation.model import (
    CONVENTION,
    ELEMENT,
    BalanceEvaluation,
    Evaluation,
    QuantityEvaluation,
)
from keiryo.evaluation.recorded import EXPECTED, LEVEL, RULES, last_evaluation_act
from keiryo.evaluation.service import Options, evaluate_area, evaluate_balance
from keiryo.evaluation.tables import EVALUATION, EVALUATION_SHARE, EVALUATION_TEST
from keiryo.journal.model import Actor, Draft, Posted
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.places.tables import area
from keiryo.storage.engine import Database

KIND = "balance.evaluate"

Test = tuple[str, float | None, float | None, bool | None, str]
"""Name, value, limit, whether it was passed, and basis."""


def record_evaluations(
    database: Database,
    mba: str,
    actor: Actor,
    *,
    category: str | None = None,
    start: datetime.date | None = None,
    end: datetime.date | None = None,
    knowledge: Knowledge | None = None,
    options: Options | None = None,
    clock: Clock = system_clock,
) -> tuple[tuple[Evaluation, ...], tuple[Posted, ...]]:
    """Evaluate the closed balances of an area and record what was concluded.

    Returns
    -------
    evaluations : tuple of Evaluation
        As seen before recording.
    posted : tuple of Posted
        One act for each category and balance, in their order.

    Raises
    ------
    UsageError
        If an earlier state of knowledge is asked for: what is recorded is what is known now.
    """
    if knowledge is not None and knowledge != Knowledge():
        raise UsageError(
            "an evaluation is recorded of what is known now, not of what was known earlier",
            "Leave out --as-known or --record.",
        )
    evaluations = evaluate_balance(
        database, mba, category=category, start=start, end=end, options=options
    )
    posted = []
    for evaluation in evaluations:
        for number in range(len(evaluation.balances)):

            def draft(
                connection: Connection, wanted: Evaluation = evaluation, place: int = number
            ) -> Draft:
                """Evaluate again under the right to write, so that nothing comes in between."""
                periods = [b.period for b in wanted.balances]
                (again,) = evaluate_area(
                    connection, database.metadata, mba, category=str(wanted.category),
                    start=periods[0].start, end=periods[-1].end, options=options,
                )  # fmt: skip
                how = options or Options()
                return _draft(connection, database.metadata, again, place, how)

            posted.append(post(database, draft, actor, clock=clock))
    return evaluations, tuple(posted)


def _draft(
    connection: Connection, metadata: MetaData, whole: Evaluation, place: int, how: Options
) -> Draft:
    found = whole.balances[place]
    tests = {
        q.quantity: [*_made(how), *_alarms(whole, place, q.quantity)] for q in found.quantities
    }
    scope = area(connection, metadata, found.mba).scope
    content = hashlib.sha256(repr([_content(q) for q in found.quantities]).encode())
    content.update(repr(tests).encode())
    content.update(found.inputs_digest.encode())
    digest = content.hexdigest()[:16]
    previous = last_evaluation_act(
        connection, metadata, found.mba, found.period, found.category, how.alpha
    )
    act, table = metadata.tables["act"], metadata.tables[EVALUATION.name]
    query = select(act.c.client_id, act.c.corrects).where(act.c.act_id == previous)
    last = connection.execute(query).first()
    through = whole.through_act
    if last is not None and str(last[0]).endswith(digest):  # recorded so before: the same draft
        client_id, corrects = str(last[0]), last[1]
        known = select(func.max(table.c.through_act)).where(table.c.act_id == previous)
        through = int(connection.execute(known).scalar() or 0)
    else:
        end = date_number(found.period.end)
        client_id = f"{KIND}:{found.mba}:{end}:{found.category}:{previous or 0}:{digest}"
        corrects = previous
    made = Draft(KIND, client_id, corrects=corrects)
    for quantity in found.quantities:
        _add(made, scope, found, quantity, through, tests[quantity.quantity])
    return made


def _add(
    made: Draft,
    scope: str,
    found: BalanceEvaluation,
    quantity: QuantityEvaluation,
    through: int,
    further: list[Test],
) -> None:
    parent = made.add(
        EVALUATION.name,
        scope=scope,
        mba=found.mba,
        period_from=date_number(found.period.start),
        period_to=date_number(found.period.end),
        category=str(found.category),
        quantity=quantity.quantity,
        muf_mg=quantity.muf_mg,
        sigma_muf_mg=decimal(quantity.sigma_kg, 6),
        verdict=quantity.verdict,
        statement=quantity.statement,
        assumptions="\n".join(quantity.assumptions),
        through_act=through,
        inputs_digest=found.inputs_digest,
        convention=CONVENTION,
    )
    tests: list[Test] = [
        ("MUF / sigma", quantity.z, None, None, "normal distribution, mean zero"),
        ("p of a loss by chance", quantity.p_loss, None, None, "one-sided"),
        ("detection of one significant quantity", quantity.detection_probability, None, None, ""),
    ]
    tests += [(t.name, t.value, t.limit, t.passed, t.basis) for t in quantity.tests]
    tests += further
    for name, value, limit, passed, basis in tests:
        made.add(
            EVALUATION_TEST.name, scope=scope, parent_line=parent, test=name,
            value=decimal(value), limit_value=decimal(limit),
            passed=None if passed is None else int(passed), basis=basis or None,
        )  # fmt: skip
    for share in quantity.shares:
        made.add(
            EVALUATION_SHARE.name, scope=scope, parent_line=parent, source=share.source,
            component=share.component, stratum=share.stratum, share=decimal(share.share),
            source_act=share.act, source_line=share.line,
        )  # fmt: skip


def _made(how: Options) -> list[Test]:
    """Return how an evaluation was made, as tests that state it."""
    made: list[Test] = [
        (LEVEL, how.alpha, None, None, "of each balance, and of each statistic of a sequence"),
        (RULES, None, None, None, ", ".join(how.rules)),
    ]
    if how.expected is not None:
        made.append((EXPECTED, None, None, None, how.expected))
    return made


def _alarms(whole: Evaluation, place: int, quantity: str) -> list[Test]:
    """Return the alarms of the sequence at a balance; with the last balance, what they mean."""
    if whole.sequence is None:
        return []
    own = whole.sequence if quantity == ELEMENT else whole.sequence.get("isotope")
    found: list[Test] = [
        (f"sequence: {a['statistic']}", a["value"], a["threshold"], False, a["reason"])
        for a in (own or {"alarms": ()})["alarms"]
        if a["balance"] == place + 1
    ]
    if place + 1 == len(whole.balances) and whole.sequence_verdict != "WITHIN-ERROR":
        words = f"{whole.sequence_verdict}: {whole.sequence_statement}"
        found.append(("sequence", None, None, False, words))
    return found


def decimal(value: float | None, places: int = 0) -> str | None:
    """Return a number as decimal text of twelve digits, moved by some places; None stays None.

    Twelve digits, so that computers that sum in another order record the same.
    """
    if value is None:
        return None
    text = format(Decimal(f"{value:.12g}").scaleb(places), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _content(quantity: QuantityEvaluation) -> list[Any]:
    """Return what makes two evaluations the same."""
    return [
        quantity.quantity,
        quantity.muf_mg,
        decimal(quantity.sigma_kg),
        quantity.verdict,
        quantity.statement,
        quantity.assumptions,
        [(t.name, decimal(t.value), decimal(t.limit), t.passed, t.basis) for t in quantity.tests],
        [(s.source, s.component, s.stratum, decimal(s.share), s.act, s.line)
         for s in quantity.shares],
    ]  # fmt: skip
