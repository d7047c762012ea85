"""All alarm cases as they stand, with what a line about one is held against."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.alarm_cases.case_record import (
    KINDS,
    AlarmCase,
    case_register,
    recorded_rows,
    taken_in,
)
from keiryo.alarm_cases.case_rules import Context, case_findings, step_findings, unknown_case
from keiryo.alarm_cases.declared import declared_transfers
from keiryo.alarm_cases.explaining import (
    PHARMACEUTICAL_ROW,
    TableRow,
    patient_findings,
    table_rows,
)
from keiryo.alarm_cases.hard_rules import Limits, declared_emitters
from keiryo.alarm_cases.passages import own_passage, passage_findings, site_scope
from keiryo.alarm_cases.record_forms import (
    DECIMAL,
    ID,
    MOMENT,
    WORDS,
    digest_of,
    evidence_problems,
    refusing,
    shown,
    telling,
)
from keiryo.alarm_cases.states import CLOSED, FALSE, INNOCENT
from keiryo.alarm_cases.tables import (
    ALARM_CASE,
    ALARM_EXPLANATION,
    ALARM_IDENTIFICATION,
    ALARM_LIMIT,
    ALARM_NUCLIDE,
    ALARM_PACKAGE,
    ALARM_REPORT,
    ALARM_STEP,
    ALARM_TABLE_ROW,
    COMMODITY,
    DECLARATION,
)
from keiryo.errors import Finding, Severity
from keiryo.journal.model import Actor
from keiryo.journal.registry import Posting, Refusal
from keiryo.journal.tables import EVIDENCE
from keiryo.storage.schema import ACT

ALL_KINDS = (*KINDS, ALARM_LIMIT.name, ALARM_TABLE_ROW.name)
Line = Mapping[str, Any]


class Desk:
    """Cases, limits and tables as they stand; lines can be added one by one.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    through_act : int, optional
        As known with this act.
    """

    def __init__(
        self, connection: Connection, metadata: MetaData, *, through_act: int | None = None
    ) -> None:
        self.connection, self.metadata = connection, metadata
        self.cases = case_register(connection, metadata, through_act=through_act)
        self.rows = table_rows(connection, metadata, through_act=through_act)
        self.limits = read_limits(connection, metadata, through_act=through_act)
        self.more_files: set[str] = set()
        self.passages = {
            key: case.name
            for case in self.cases.values()
            if (key := own_passage(case.values)) is not None
        }

    def scope_of(self, kind: str, line: Line, state: str) -> str:
        """Return to whom a line belongs: a case to its site, what is about it to the case.

        Parameters
        ----------
        kind : str
        line : mapping
        state : str
            The State, for sites that are not registered, and for limits and tables.
        """
        case = self.cases.get(str(line.get("alarm"))) if kind in KINDS else None
        if case is not None:
            return case.scope
        if kind != ALARM_CASE.name:
            return state
        return site_scope(self.connection, self.metadata, line.get("site")) or state

    def limits_of(self, site: str) -> Limits:
        """Return the limits of a site."""
        return self.limits.get(site) or self.limits.get("*") or Limits()

    def limits_for(self, case: AlarmCase) -> Limits:
        """Return the limits of the site of a case."""
        return self.limits_of(str(case.values["site"]))

    def context(
        self, actor: Actor, act_kind: str | None, now: datetime.datetime | None = None
    ) -> Context:
        """Return what rules look at, for a person who posts."""
        evidence, act = self.metadata.tables[EVIDENCE.name], self.metadata.tables[ACT]

        def files(digest: str) -> bool:
            query = select(evidence.c.act_id).where(evidence.c.digest == digest).limit(1)
            return digest in self.more_files or self.connection.execute(query).first() is not None

        def acts(number: int) -> bool:
            query = select(act.c.act_id).where(act.c.act_id == number)
            return self.connection.execute(query).first() is not None

        return Context(actor.person, actor.on_behalf_of, files, acts, self.limits_of, act_kind, now)

    def add(self, kind: str, line: Line) -> None:
        """Take a line in."""
        if kind in KINDS:
            taken_in(self.cases, kind, line)
            if kind == ALARM_CASE.name and (key := own_passage(line)) is not None:
                self.passages[key] = str(line["alarm"])
        elif kind == ALARM_LIMIT.name:
            self.limits[str(line["site"])] = _limits(line)

    def findings(self, context: Context, kind: str, line: Line) -> Iterator[Finding]:
        """Yield what is wrong with a line that is about to be added."""
        if kind == ALARM_CASE.name:
            yield from case_findings(self.cases, context, line)
            yield from self._place_of_case(context, line)
        elif kind == ALARM_STEP.name:
            yield from step_findings(self.cases, context, line)
            yield from self.passage_told(str(line.get("alarm")), str(line.get("state")))
        elif kind == ALARM_LIMIT.name:
            yield from _limit_findings(line)
        elif kind == ALARM_TABLE_ROW.name:
            yield from table_row_findings(line)
        elif (case := self.cases.get(str(line.get("alarm")))) is None:
            yield unknown_case(line.get("alarm"))
        elif case.scope != line.get("scope"):
            yield refusing(
                "ALARM-SCOPE", f"the case {case.name} belongs to {case.scope}", "Name that scope."
            )
        elif kind == ALARM_EXPLANATION.name:
            yield from self._explanation(context, case, line)
        elif kind in (ALARM_IDENTIFICATION.name, ALARM_NUCLIDE.name):
            yield from _identification(context, case, kind, line)
        elif kind == ALARM_PACKAGE.name:
            yield from _package(context, case, line)
        elif kind == ALARM_REPORT.name:
            yield from _report(context, case, line)

    def row_of(self, reference: str) -> TableRow | None:
        """Return the row that an explanation names, if it holds in that version."""
        kind, _slash, rest = reference.partition("/")
        found = self.rows.get((kind, rest.rpartition("@")[0]))
        return found if found is not None and found.reference == reference else None

    def passage_told(self, alarm: str, step: str) -> Iterator[Finding]:
        """Yield what the record of its passage has against the end of a case.

        A daily file may come after the case: what it says of the passage is stated anew first.
        """
        case = self.cases.get(alarm)
        if case is not None and step in (*INNOCENT, FALSE, CLOSED):
            values = case.values
            yield from passage_findings(self.connection, self.metadata, {}, values)

    def _place_of_case(self, context: Context, line: Line) -> Iterator[Finding]:
        yield from passage_findings(self.connection, self.metadata, self.passages, line)
        wanted = self.scope_of(ALARM_CASE.name, line, context.state)
        if line.get("scope") != wanted:
            yield refusing(
                "ALARM-SCOPE",
                f"{shown(line.get('alarm'))}: the site belongs to {wanted}, and so does the case",
                "Name that scope.",
            )

    def _explanation(self, context: Context, case: AlarmCase, line: Line) -> Iterator[Finding]:
        name = case.name
        yield from telling("ALARM-TEXT", name, _texts(line, {"words": WORDS}))
        yield from telling(
            "ALARM-EVIDENCE",
            name,
            evidence_problems(line.get("evidence"), context.files, context.acts),
        )
        if not case.is_open:
            yield refusing("ALARM-STEP", f"{name} is {case.state}", "Put it back first.")
        if line.get("void"):
            return
        kind, nuclides = line["kind"], tuple(str(line["nuclides"]).split())
        if kind == DECLARATION:
            yield from self._declaration(case, line, nuclides)
            return
        row = self.row_of(str(line["reference"]))
        if row is None or not set(nuclides) <= set(row.nuclides):
            yield refusing(
                "ALARM-COMMODITY" if kind == COMMODITY else "ALARM-PATIENT",
                f"{name}: the row {line['reference']} does not explain {' '.join(nuclides)}",
                "Look it up anew: the table may have changed.",
            )
        elif kind != COMMODITY:
            given = _given(line)
            if row.kind != PHARMACEUTICAL_ROW or given is None:
                yield refusing("ALARM-PATIENT", f"{name}: no treatment is told", "Give it.")
            else:
                yield from patient_findings(name, row, row.name, *given)

    def _declaration(
        self, case: AlarmCase, line: Line, nuclides: Sequence[str]
    ) -> Iterator[Finding]:
        limits = self.limits_for(case)
        some = declared_transfers(self.connection, self.metadata, case, limits)
        held = [one for one in some if one.reference == line["reference"]]
        if not held or held[0].against or not set(nuclides) <= set(held[0].nuclides):
            told = "; ".join(held[0].against) if held else "there is no such transfer"
            yield refusing(
                "ALARM-DECLARATION",
                f"{case.name}: {line['reference']} does not explain it: {told or 'other nuclides'}",
                "'keiryo alarms explain --declared' tells what is declared; what is not declared "
                "is escalated.",
            )
        elif not set(declared_emitters(line)) <= set(held[0].neutron_emitters):
            yield refusing(
                "ALARM-DECLARATION",
                f"{case.name}: {line['reference']} is not declared to emit neutrons",
                "Look at what is declared; neutrons that nothing declares are handed over.",
            )


def _given(line: Line) -> tuple[float, float | None] | None:
    try:
        told = json.loads(str(line["given"]))
        rate = told.get("rate_usv_h")
        return float(told["days"]), None if rate is None else float(rate)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _identification(context: Context, case: AlarmCase, kind: str, line: Line) -> Iterator[Finding]:
    if not case.is_open or case.step("CHARACTERIZED") is None:
        yield refusing(
            "ALARM-STEP",
            f"{case.name} is {case.state}: it is identified once it is CHARACTERIZED",
            "Measure dose rate, neutrons and a spectrum first.",
        )
    if kind == ALARM_IDENTIFICATION.name:
        if not digest_of(str(line["digest"])) or not context.files(str(line["digest"])):
            yield refusing(
                "ALARM-EVIDENCE", f"{case.name}: the answer is not kept as evidence", "Give it."
            )
        expected = len(case.identifications) + 1
        if line["run"] != expected:
            yield refusing(
                "ALARM-STEP",
                f"{case.name}: the next identification is number {expected}",
                "Look at it again: somebody identified in between.",
            )
        yield from telling("ALARM-TEXT", case.name, _texts(line, {"words": WORDS}))


def _package(context: Context, case: AlarmCase, line: Line) -> Iterator[Finding]:
    forms = {"package": ID, "at": MOMENT, "expert": WORDS, "words": WORDS}
    yield from telling("ALARM-TEXT", case.name, _texts(line, forms))
    if not context.files(str(line["digest"])):
        yield refusing("ALARM-EVIDENCE", f"{case.name}: no such file is kept", "Give the file.")
    sent = [one for one in case.packages if one["direction"] == "sent"]
    if line["direction"] == "answered" and line["package"] not in {one["package"] for one in sent}:
        yield refusing(
            "ALARM-PACKAGE",
            f"{case.name}: no package {line['package']} was sent",
            "Name the package that is answered.",
        )
    if line["direction"] == "sent" and line["package"] in {one["package"] for one in sent}:
        yield refusing(
            "ALARM-PACKAGE", f"{case.name}: {line['package']} was sent before", "Another name."
        )


def _report(context: Context, case: AlarmCase, line: Line) -> Iterator[Finding]:
    yield from telling("ALARM-TEXT", case.name, _texts(line, {"report": ID, "at": MOMENT}))
    if not context.files(str(line["digest"])):
        yield refusing("ALARM-EVIDENCE", f"{case.name}: no such file is kept", "Draft it first.")
    drafted = [
        one for one in case.reports if one["report"] == line["report"] and one["state"] == "drafted"
    ]
    if line["state"] != "released":
        return
    last = drafted[-1] if drafted else None
    if last is None or last["digest"] != line["digest"]:
        yield refusing(
            "ALARM-REPORT",
            f"{case.name}: {line['report']} was not drafted as it would be released",
            "Draft it, and release what was drafted.",
        )
    elif last.get("person") == line.get("person"):
        yield refusing(
            "ALARM-SAME-PERSON",
            f"{case.name}: who drafted {line['report']} does not release it",
            "The national point of contact, another person, releases it.",
        )


def _limit_findings(line: Line) -> Iterator[Finding]:
    forms = {"safety_stop_usv_h": DECIMAL, "source": WORDS}
    yield from telling("ALARM-TEXT", line["site"], _texts(line, forms))
    if not str(line["declaration_days"]).isdigit() or len(str(line["declaration_days"])) > 3:
        yield refusing("ALARM-TEXT", "the days are no whole number below 1000", "Write digits.")
    if str(line["site"]) != "*" and not ID.fits(str(line["site"])):
        yield refusing("ALARM-TEXT", "the site cannot be recorded", ID.advice)


def table_row_findings(line: Line) -> Iterator[Finding]:
    """Yield what is wrong with a row of a State's own table."""
    forms = {"name": WORDS, "version": ID, "source": WORDS, "confirmed_by": WORDS}
    name = line.get("name")
    yield from telling("ALARM-TABLE", name, _texts(line, forms))
    if line.get("void"):
        return
    try:
        content = json.loads(str(line["content"]))
        nuclides = content["nuclides"]
        sound = isinstance(nuclides, list) and bool(nuclides)
        if line["kind"] == PHARMACEUTICAL_ROW:
            for key in ("half_life_days", "most_activity_mbq", "rate_usv_h_per_mbq_at_1m"):
                sound = sound and 0 < float(content[key]) < float("inf")
        else:
            sound = sound and bool(content.get("codes") or content.get("words"))
    except (ValueError, KeyError, TypeError):
        sound = False
    if not sound:
        yield refusing(
            "ALARM-TABLE",
            f"the row {name!r} lacks nuclides, or codes and words, or numbers above 0",
            "A commodity has codes or words; a treatment half-life, activity and rate at 1 m.",
        )


def read_limits(
    connection: Connection, metadata: MetaData, *, through_act: int | None = None
) -> dict[str, Limits]:
    """Return the limits of sites by name; ``*`` stands for all others."""
    table = metadata.tables[ALARM_LIMIT.name]
    query = select(table).order_by(table.c.act_id, table.c.line_no)
    if through_act is not None:
        query = query.where(table.c.act_id <= through_act)
    return {str(row["site"]): _limits(dict(row)) for row in connection.execute(query).mappings()}


def _limits(row: Mapping[str, Any]) -> Limits:
    try:
        return Limits(
            float(row["safety_stop_usv_h"]), int(row["declaration_days"]), str(row["source"])
        )
    except ValueError:  # refused, and others are read on
        return Limits()


def _texts(line: Line, forms: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for name, form in forms.items():
        given = line.get(name)
        if given is not None and not (isinstance(given, str) and form.fits(given)):
            yield f"its {name.replace('_', ' ')} cannot be recorded", form.advice


def check_cases(posting: Posting) -> Iterator[Finding | Refusal]:
    """Hold the lines of an act, one after the other, against what stood before it."""
    assert posting.actor is not None
    desk = Desk(posting.connection, posting.metadata, through_act=posting.act_id - 1)
    context = desk.context(posting.actor, posting.draft.kind)
    for kind, line in recorded_rows(
        posting.connection, posting.metadata, ALL_KINDS, act_id=posting.act_id
    ):
        line["person"] = posting.actor.person
        found = list(desk.findings(context, kind, line))
        yield from (one if one.severity is Severity.WARNING else Refusal(one) for one in found)
        if not found:
            desk.add(kind, line)
