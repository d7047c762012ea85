"""Papers of a case: packages for experts elsewhere, their answers, incident reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from keiryo.alarm_cases.adjudication import case_view
from keiryo.alarm_cases.case_record import alarm_case
from keiryo.alarm_cases.desk import Desk
from keiryo.alarm_cases.hard_rules import ASSESS
from keiryo.alarm_cases.incident_report import incident_report, report_findings, written_report
from keiryo.alarm_cases.reach_back import missing_parts, package_bytes
from keiryo.alarm_cases.record_forms import written
from keiryo.alarm_cases.recording import (
    EXPERT,
    RELEASE,
    REPORT,
    GivenFile,
    Recorded,
    Row,
    digest_of_bytes,
    identification_lines,
    record,
)
from keiryo.alarm_cases.results import Answer, NamedNuclide
from keiryo.alarm_cases.tables import ALARM_PACKAGE, ALARM_REPORT
from keiryo.dates import utc_text
from keiryo.errors import Finding, NotFoundError, RefusedError
from keiryo.journal.model import Actor
from keiryo.journal.posting import Clock, system_clock
from keiryo.storage.engine import Database


def built_package(
    database: Database,
    alarm: str,
    *,
    package: str,
    question: str,
    files: Sequence[tuple[str, GivenFile]] = (),
    seen_in: Database | None = None,
) -> tuple[bytes, list[str]]:
    """Return the package of a case for an expert, and what the expert will miss in it.

    Parameters
    ----------
    database
    alarm, package, question : str
    files : sequence of (role, (name, content))
        Files beside the evidence of the case: foreground, background, photograph.
    seen_in : Database, optional
        The books as somebody sees them: what they do not see does not go into the package.

    Raises
    ------
    NotFoundError
        If there is no such case, or a file of it is not kept.
    """
    with (seen_in or database).reading() as connection:
        case = alarm_case(connection, database.metadata, alarm)
        view = case_view(connection, database.metadata, case)
        content = package_bytes(
            connection, database.metadata, database.evidence, case, view, package=package,
            question=question, more=[one for _role, one in files],
            roles={digest_of_bytes(one[1]): role for role, one in files},
        )  # fmt: skip
    roles = {role for role, _one in files}
    missing = [
        one for one in missing_parts(case) if not ("spectra" in one and "foreground" in roles)
    ]
    return content, missing


def drafted_report(
    database: Database, actor: Actor, alarm: str, given: Mapping[str, Any], form: str
) -> bytes:
    """Return an incident report of a case as a file.

    Parameters
    ----------
    database, actor
    alarm : str
    given : mapping
        As `keiryo.alarm_cases.incident_report.report_findings`.
    form : str
        One of `keiryo.alarm_cases.incident_report.FORMS`.

    Raises
    ------
    RefusedError
        If anything is missing that a report needs: all findings.
    """
    with database.reading() as connection:
        case = alarm_case(connection, database.metadata, alarm)
    wrong = report_findings(case, given)
    if wrong:
        raise RefusedError("the report was refused; nothing was recorded", wrong)
    return written_report(incident_report(case, actor.on_behalf_of, given, actor.person), form)


def release_report(
    database: Database, actor: Actor, alarm: str, name: str, *, clock: Clock = system_clock
) -> Recorded:
    """Release an incident report as it was drafted last, by somebody else.

    Raises
    ------
    NotFoundError
        If there is no such report.
    """
    with database.reading() as connection:
        case = alarm_case(connection, database.metadata, alarm)
    drafted = [one for one in case.reports if one["report"] == name and one["state"] == "drafted"]
    if not drafted:
        raise NotFoundError(f"{alarm} has no report {name[:40]!r}", "Draft it first.")
    values = {
        "alarm": alarm, "report": name, "state": "released", "digest": drafted[-1]["digest"],
        "incident_group": drafted[-1]["incident_group"], "at": utc_text(clock()),
    }  # fmt: skip
    return record_report(database, actor, values, None, clock=clock)


def record_expert_answer(
    database: Database,
    actor: Actor,
    row: Row,
    nuclides: Sequence[NamedNuclide],
    content: GivenFile,
    *,
    findings: Sequence[Finding] = (),
    clock: Clock = system_clock,
) -> Recorded:
    """Record the answer of an expert elsewhere: words, and an identification of nuclides.

    Parameters
    ----------
    database, actor
    row : mapping
        ``alarm``, ``package``, ``expert``, ``at``, ``words``, ``undecided``, ``residual_passed``.
    nuclides : sequence of NamedNuclide
    content : (name, bytes)
        The answer itself.
    """

    def lines(desk: Desk) -> Iterator[tuple[str, dict[str, Any]] | Finding]:
        yield (
            ALARM_PACKAGE.name,
            {
                "alarm": str(row.get("alarm")),
                "package": str(row.get("package")),
                "direction": "answered",
                "at": written(row.get("at") or utc_text(clock())),
                "expert": str(row.get("expert") or ""),
                "digest": digest_of_bytes(content[1]),
                "words": row.get("words"),
            },
        )
        case = desk.cases.get(str(row.get("alarm")))
        if case is not None:
            passed = row.get("residual_passed")
            undecided = bool(row.get("undecided"))
            answer = Answer("expert", tuple(nuclides), undecided, passed and not undecided)
            yield from identification_lines(
                case, answer, digest_of_bytes(content[1]), str(row.get("expert")), row.get("words")
            )

    return record(
        database, actor, lines, act_kind=lambda _desk: EXPERT, files=[content],
        findings=findings, clock=clock,
    )  # fmt: skip


def record_package(
    database: Database, actor: Actor, values: Row, content: GivenFile,
    *, clock: Clock = system_clock,
) -> Recorded:  # fmt: skip
    """Record that a package was made for an expert; the package is kept as evidence."""
    line = {**values, "direction": "sent", "digest": digest_of_bytes(content[1])}
    return record(
        database, actor, lambda _desk: iter([(ALARM_PACKAGE.name, line)]),
        act_kind=lambda _desk: ASSESS, files=[content], clock=clock,
    )  # fmt: skip


def record_report(
    database: Database, actor: Actor, values: Row, content: GivenFile | None,
    *, clock: Clock = system_clock,
) -> Recorded:  # fmt: skip
    """Record that an incident report was drafted, or that somebody else released it."""
    digest = values.get("digest") if content is None else digest_of_bytes(content[1])
    line = {**values, "digest": digest}
    kind = RELEASE if values.get("state") == "released" else REPORT
    return record(
        database, actor, lambda _desk: iter([(ALARM_REPORT.name, line)]),
        act_kind=lambda _desk: kind, files=[] if content is None else [content], clock=clock,
    )  # fmt: skip
