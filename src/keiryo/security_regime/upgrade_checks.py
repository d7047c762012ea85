"""What the life of an upgrade allows: its terms, what it rests on in cooperation, its steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.cooperation.tables import COMMITMENT, INSTRUMENT, ORGANISATION
from keiryo.errors import Finding
from keiryo.security_regime.event_words import (
    CURRENCY,
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
    REFERENCE,
    TITLE,
    WORDS,
    Context,
    Problem,
    is_day,
    iso,
    shown,
    text_problems,
)
from keiryo.security_regime.tables_events import AIMS, ANSWERS, CATEGORIES, SECURITY_UPGRADE
from keiryo.security_regime.upgrade_record import DAYS, Upgrade
from keiryo.security_regime.upgrade_states import (
    ACCEPTED,
    INSTALLED,
    NEEDS_REVIEW,
    REVIEWED,
    STEPS,
    needs_reason,
)

_TEXTS = {
    "upgrade": ID, "title": TITLE, "partner": REFERENCE, "instrument": REFERENCE,
    "commitment": REFERENCE, "agreement_ref": REFERENCE, "evaluation_ref": OPAQUE,
    "currency": CURRENCY, "reason": WORDS,
}  # fmt: skip
_COSTS = ("cost_minor", "partner_cost_minor")
_STEP = {"by_person": ID, "reason": WORDS, "reference": REFERENCE}


@dataclass(frozen=True, slots=True)
class Cooperation:
    """Names in the register of cooperation; all empty where nothing is registered."""

    commitments: frozenset[str] = frozenset()
    instruments: frozenset[str] = frozenset()
    organisations: frozenset[str] = frozenset()


def cooperation_names(
    connection: Connection, metadata: MetaData, through_act: int | None = None
) -> Cooperation:
    """Return the names that an upgrade may refer to."""

    def names(kind: str, column: str) -> frozenset[str]:
        table = metadata.tables[kind]
        query = select(table.c[column]).distinct()
        if through_act is not None:
            query = query.where(table.c.act_id <= through_act)
        return frozenset(str(row[0]) for row in connection.execute(query))

    return Cooperation(
        names(COMMITMENT.name, "commitment"),
        names(INSTRUMENT.name, "instrument"),
        names(ORGANISATION.name, "organisation"),
    )


def upgrade_findings(
    known: Mapping[str, Upgrade],
    cooperation: Cooperation,
    context: Context,
    kind: str,
    line: Mapping[str, Any],
) -> Iterator[Finding]:
    """Yield what is wrong with a line about an upgrade.

    Parameters
    ----------
    known : mapping of name to Upgrade
        As they stand before it.
    cooperation : Cooperation
    context : Context
    kind, line
        Line kind and values, with the scope and the person who posts.
    """
    one = known.get(line["upgrade"])
    if kind == SECURITY_UPGRADE.name:
        yield from _terms(one, context, line)
        yield from _linked(cooperation, line)
    elif one is None:
        yield refusing(
            "UPGRADE-UNKNOWN",
            f"there is no upgrade {shown(line['upgrade'])}",
            "Record it first; 'keiryo protection upgrade list' lists them.",
        )
    else:
        yield from _step(one, context, line)


def _terms(before: Upgrade | None, context: Context, line: Mapping[str, Any]) -> Iterator[Finding]:
    name = line["upgrade"]
    texts = list(text_problems(line, _TEXTS, DAYS))
    yield from telling("UPGRADE-TEXT", name, iter(texts))
    choices = {"aim": AIMS, "category": CATEGORIES}
    yield from telling("UPGRADE-VALUE", name, choice_problems(line, choices, ("category",)))
    wrong = context.place_problem(line["scope"])
    if wrong is not None:
        yield from telling("UPGRADE-FACILITY", name, iter([wrong]))
    costs = list(whole_problems(line, _COSTS, needed=False))
    yield from telling("UPGRADE-COST", name, iter(costs or _cost(line)))
    old = None if before is None else before.values
    yield from telling("UPGRADE-ANEW", name, anew_problems(old, line))
    days: list[int] = [line[one] for one in DAYS if line.get(one) is not None]
    if not texts and days != sorted(days):
        told = ("its days do not follow one another", "Start, install, accept, hand over.")
        yield from telling("UPGRADE-DAYS", name, iter([told]))


def _cost(line: Mapping[str, Any]) -> list[Problem]:
    cost, share = line.get("cost_minor"), line.get("partner_cost_minor")
    if cost is None and share is None:
        return []
    problems = []
    if line.get("currency") is None:
        problems.append(("its cost has no currency", "Name it, e.g. JPY."))
    if (share or 0) > (cost or 0):
        problems.append(("the partner's share exceeds the cost", "Give the whole cost, too."))
    return problems


def _linked(cooperation: Cooperation, line: Mapping[str, Any]) -> Iterator[Finding]:
    name = shown(line["upgrade"])
    for column, names in (
        ("commitment", cooperation.commitments),
        ("instrument", cooperation.instruments),
    ):
        given = line.get(column)
        if given is None or given in names:
            continue
        if names:
            yield refusing(
                "UPGRADE-COOPERATION",
                f"{name}: the register of cooperation has no {column} {shown(given)}",
                "'keiryo cooperation register' lists the names.",
            )
        else:
            yield warning(
                "UPGRADE-UNCHECKED",
                f"{name}: the register of cooperation holds no {column} at all",
                "Record the register; until then nobody sees what was agreed.",
            )
    partners = cooperation.organisations
    if partners and line.get("partner") not in partners:
        yield warning(
            "UPGRADE-PARTNER",
            f"{name}: the register of cooperation does not know the partner "
            f"{shown(line.get('partner'))}",
            "Use the name of the register, so that upgrades of one partner stand together.",
        )


def _step(one: Upgrade, context: Context, line: Mapping[str, Any]) -> Iterator[Finding]:
    name, state = one.name, line["state"]
    days = ("on_day", "next_review")
    texts = list(text_problems(line, _STEP, days))
    yield from telling("UPGRADE-TEXT", name, iter(texts))
    sustained = {"sustained": ANSWERS}
    optional = () if state == REVIEWED else ("sustained",)
    yield from telling("UPGRADE-VALUE", name, choice_problems(line, sustained, optional))
    yield from telling("UPGRADE-STEP", name, iter(_order(one, line)))
    if is_day(line["on_day"]):
        wrong = list(_when(one, context, line)) if not texts else []
        yield from telling("UPGRADE-DAYS", name, iter(wrong))
    if state == ACCEPTED and one.state == INSTALLED and _same_person(one, line):
        yield refusing(
            "UPGRADE-SAME-PERSON",
            f"{name}: who installed it does not accept it",
            "Somebody else accepts it, and records that under their own name.",
        )


def _order(one: Upgrade, line: Mapping[str, Any]) -> list[Problem]:
    state = line["state"]
    wrong = []
    if one.scope != line["scope"]:
        wrong.append((f"it is recorded for {one.scope}", "Name that facility."))
    if line["before"] != one.state:
        told = f"it is {one.state}, not {shown(line['before'])}"
        wrong.append((told, "Look at it again: somebody took a step in between."))
    elif state not in STEPS[one.state]:
        allowed = ", ".join(sorted(STEPS[one.state])) or "nothing: it is over"
        told = f"it is {one.state} and cannot become {shown(state)}"
        wrong.append((told, f"It may become: {allowed}."))
    elif needs_reason(one.state, state) and not line.get("reason"):
        wrong.append(("no reason is given", "Say why; it stands in the record."))
    elif state in NEEDS_REVIEW and line.get("next_review") is None:
        wrong.append(("no day of the next review is named", "Name it: what stands is reviewed."))
    return wrong


def _when(one: Upgrade, context: Context, line: Mapping[str, Any]) -> Iterator[Problem]:
    if one.steps and line["on_day"] < one.steps[-1]["on_day"]:
        last = iso(one.steps[-1]["on_day"])
        yield f"the step lies before its last one of {last}", "Correct the day."
    if context.today is not None and line["on_day"] > context.today:
        yield "the step lies ahead of today", "Record it when it is taken."
    if line.get("next_review") is not None and line["next_review"] <= line["on_day"]:
        yield "the next review does not lie ahead", "Correct the day of the review."


def _same_person(one: Upgrade, line: Mapping[str, Any]) -> bool:
    installed = one.steps[-1]
    theirs = {installed["by_person"], installed.get("person")} - {None}
    return bool(theirs & {line["by_person"], line.get("person")})
