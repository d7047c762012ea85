"""Reports that were sent and wait until somebody who receives reports records them.

Where reports are recorded under the four-eyes rule, whoever sends one signs for the files, word for
word; somebody who receives reports for the State sees what is found about them and records them.
Whoever receives reports records at once what was handed to them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from keiryo.errors import (
    ConflictError,
    Finding,
    KeiryoError,
    NotFoundError,
    RefusedError,
    UsageError,
)
from keiryo.journal.evidence import MAX_KEPT_BYTES
from keiryo.journal.model import Actor
from keiryo.journal.tables import FINDING
from keiryo.people.permissions import needs_release
from keiryo.people.releases import ACTS, RELEASED, WAITING, ReleaseRequest, submit
from keiryo.people.tables import RELEASE
from keiryo.reports.continuity import open_findings_id
from keiryo.reports.formats.any_reader import read_any
from keiryo.reports.formats.code10_writer import write
from keiryo.reports.service import import_reports
from keiryo.storage.schema import ACT
from keiryo.web.answers import in_words
from keiryo.web.pages.reports_checked import (
    ACCEPTING,
    CheckedSet,
    check_set,
    report_scope,
)
from keiryo.web.pages.reports_kept import File, KeptSet
from keiryo.web.pages.reports_records import finding_of_row
from keiryo.web.pages.reports_releases import RELEASABLE, Preview, Releasable
from keiryo.web.pages.reports_waiting import (
    NOTICE,
    notice_context,
    same_numbers,
    same_numbers_of,
)
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import ngettext
from keiryo.web.viewer import Viewer

UPLOAD = "/reports/upload"
MOST_SHOWN = 100
"""Reports of one request whose words are shown."""
MOST_FOUND = 500
"""Findings of one request that are shown once it is released."""
FOUND_THEN = "reports/released_findings.html"


def waits_for_another(viewer: Viewer, found: CheckedSet) -> bool:
    """Return whether somebody else has to record what the viewer sends."""
    if found.receives:
        return False
    with viewer.whole.reading() as connection:
        return needs_release(connection, viewer.metadata, ACCEPTING)


def submit_set(viewer: Viewer, kept: KeptSet, found: CheckedSet) -> ReleaseRequest:
    """Sign for a set of files that was checked, and let it wait for who receives reports.

    Raises
    ------
    UsageError
        If the set is of areas that only different people together may send, or with a context.
    RefusedError
        If the viewer may not send it, or does not sign; or if another request that waits holds
        other words under the number of one of its reports.
    """
    scope = _common(report_scope(viewer, report.mba) for report in found.reports)
    if not viewer.may_post(ACCEPTING, scope):
        raise UsageError(
            "these are reports of several areas", "Send the reports of each area by themselves."
        )
    if kept.context is not None:
        raise UsageError(
            "what came before is given by who receives reports", "Send the reports without it."
        )
    if any(len(content) > MAX_KEPT_BYTES for _name, content in kept.files):
        raise UsageError("a file is too large to wait", "Divide it, and send the parts.")
    if same := same_numbers(viewer, found.reports):
        raise RefusedError(
            "a number of these reports is used by another report that waits for release; nothing "
            "was submitted",
            tuple(one.finding() for one in same),
            "Look at the findings.",
        )
    keys = sorted(report.key for report in found.reports)
    many = ngettext("%(num)d report", "%(num)d reports", len(keys))
    content = {
        "files": [
            {"name": name, "digest": viewer.whole.evidence.put(data), "size_bytes": len(data)}
            for name, data in kept.files
        ],
        "reports": keys,
        ACTS: len(keys),
    }
    return submit(
        viewer.whole,
        viewer.actor(),
        act_kind=ACCEPTING,
        scope=scope,
        title=f"{many}: {', '.join(keys[:3])}{', …' if len(keys) > 3 else ''}",
        content=content,
        now=viewer.server.now(),
    )


def record_released(viewer: Viewer, actor: Actor, content: Mapping[str, Any]) -> int:
    """Record reports that somebody else sent, if they would still be accepted.

    Raises
    ------
    ConflictError
        If a finding speaks against one of them as the books stand now.
    """
    kept = _kept(viewer, content)
    if problem := _problem(check_set(viewer, kept)):
        raise ConflictError(problem, "Return it; whoever sent it puts it right and sends it anew.")
    summary = import_reports(viewer.whole, kept.files, actor)
    return summary.outcomes[-1].act_id


def preview_released(viewer: Viewer, request: ReleaseRequest) -> Preview:
    """Return the words of the reports that wait, and what is found about them now."""
    try:
        kept = _kept(viewer, request.content)
    except KeiryoError as error:
        return Preview((), problem=in_words(error))
    reports = read_any(kept.files).reports
    documents = [(f"{report.key} — {report.file}", write([report])) for report in reports]
    if more := len(documents) - MOST_SHOWN:
        documents = documents[:MOST_SHOWN]
    if more > 0:
        documents.append((ngettext("%(num)d more report", "%(num)d more reports", more), "…"))
    if request.state == RELEASED:
        found_then = {"recorded": found_at_release(viewer, request)}
        return Preview(tuple(documents), template=FOUND_THEN, context=found_then)
    if request.state != WAITING:
        return Preview(tuple(documents))
    found = check_set(viewer, kept)
    same = same_numbers_of(viewer, request)
    return Preview(
        tuple(documents),
        findings=found.findings,
        problem=_problem(found),
        template=NOTICE if same else "",
        context=notice_context(same),
    )


def found_at_release(viewer: Viewer, request: ReleaseRequest) -> tuple[Finding, ...]:
    """Return what was found about reports that were sent when somebody released them.

    Each report is an act of its own that names who sent it and holds what was found about it then;
    what was found between the reports follows in an act after the last of them. That is what
    whoever released them had before them; only what the viewer sees is returned.
    """
    metadata = viewer.metadata
    released, table = metadata.tables[RELEASE.name], metadata.tables[FINDING.name]
    act = metadata.tables[ACT]
    mine = select(released.c.act_id).where(
        released.c.content_digest == request.content_digest,
        released.c.preparer_signature == request.preparer_signature,
    )
    areas = {str(key).split("/")[1] for key in request.content["reports"]}
    with viewer.books.reading() as connection:
        acts = [int(number) for number in connection.execute(mine).scalars()]
        after = open_findings_id(max(acts, default=0))
        query = (
            select(table)
            .where(
                table.c.act_id.in_(acts)
                | table.c.act_id.in_(select(act.c.act_id).where(act.c.client_id == after)),
                table.c.mba.in_(areas),
            )
            .order_by(table.c.act_id, table.c.line_no)
            .limit(MOST_FOUND)
        )
        return tuple(finding_of_row(row) for row in connection.execute(query).mappings())


def send_anew(request: ReleaseRequest) -> str:
    """Return the page on which files are sent."""
    del request
    return UPLOAD


def _problem(found: CheckedSet) -> str:
    """Return why a set cannot be recorded as it is; empty if it can."""
    if found.acceptable:
        return ""
    return _("As the books stand now, a finding speaks against what was sent.")


def _kept(viewer: Viewer, content: Mapping[str, Any]) -> KeptSet:
    files: list[File] = []
    for one in content["files"]:
        data = viewer.whole.evidence.get(str(one["digest"]))
        if hashlib.sha256(data).hexdigest() != one["digest"]:
            raise NotFoundError(f"the file {one['name']} is not what was sent", "Send it again.")
        files.append((str(one["name"]), data))
    return KeptSet("", tuple(files))


def _common(scopes: Any) -> str:
    """Return the narrowest scope that holds all of some."""
    parts = [scope.split("/") for scope in scopes]
    shared = []
    for level in zip(*parts, strict=False):
        if len(set(level)) > 1:
            break
        shared.append(level[0])
    return "/".join(shared)


RELEASABLE[ACCEPTING] = Releasable(record_released, preview_released, send_anew)
