"""Report numbers that what waits for release would use, so that no two requests use one unsaid.

What waits is in nobody's books: two requests may hold different reports under one number, and only
the first that is released gets it. Whoever submits the second, and whoever decides about either,
is told so with the way to the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from keiryo.errors import Finding, KeiryoError, Severity
from keiryo.issuing.issue import ISSUING
from keiryo.people.releases import WAITING, ReleaseRequest, requests
from keiryo.reports.formats.any_reader import read_any
from keiryo.reports.formats.code10_reader import read
from keiryo.reports.formats.code10_writer import write
from keiryo.reports.model import Report
from keiryo.web.pages.reports_checked import ACCEPTING
from keiryo.web.pages.reports_releases import RELEASES
from keiryo.web.viewer import Viewer

CORRECTING = "correction.plan"


@dataclass(frozen=True, slots=True)
class WaitingNumber:
    """A report number that another request, which waits for release, would use.

    Attributes
    ----------
    key : str
        Area and number, e.g. ``"XAFA/111"``.
    request_id, title : str
        The other request.
    """

    key: str
    request_id: str
    title: str

    @property
    def href(self) -> str:
        """The page of the other request."""
        return f"{RELEASES}/{self.request_id}"

    def finding(self, file: str | None = None) -> Finding:
        """Return the finding that refuses a report because its number waits elsewhere."""
        mba, _slash, number = self.key.partition("/")
        return Finding(
            "SEQ-DUP",
            Severity.INCONSISTENCY,
            f"number {number} of {mba} is used by another report, which waits for release in "
            f"request {self.request_id} ({self.title})",
            "Withdraw that request or have it returned first, or give this report the next free "
            "number.",
            file=file,
            mba=mba,
            report=number,
            label="001",
            basis="Code 10, label 001",
        )


def same_numbers(
    viewer: Viewer, reports: Iterable[Report], *, but: str = ""
) -> tuple[WaitingNumber, ...]:
    """Return which numbers of some reports other requests would use for other words.

    Parameters
    ----------
    viewer : Viewer
        Only requests that concern the viewer are named.
    reports : iterable of Report
        What is submitted.
    but : str
        The request that the reports belong to themselves.
    """
    mine = {_key(report): write([report]) for report in reports if report.mba in viewer.areas}
    if not mine:
        return ()
    found = []
    every = requests(viewer.whole, viewer.person, state=WAITING, now=viewer.server.now())
    for one in every:
        if one.request_id != but:
            words = _words(viewer, one, set(mine))
            found += [
                WaitingNumber(key, one.request_id, one.title)
                for key, text in mine.items()
                if key in words and words[key] != text
            ]
    return tuple(found)


def same_numbers_of(viewer: Viewer, request: ReleaseRequest) -> tuple[WaitingNumber, ...]:
    """Return which numbers of a request that waits others would use too, for other words."""
    if request.state != WAITING:
        return ()
    return same_numbers(viewer, reports_of(viewer, request), but=request.request_id)


def reports_of(viewer: Viewer, request: ReleaseRequest) -> tuple[Report, ...]:
    """Return the reports that a request holds; none where they cannot be read."""
    content = request.content
    if request.act_kind == ACCEPTING:
        return read_any(_files(viewer, content)).reports
    if request.act_kind == ISSUING:
        texts = [str(content["text"])]
    elif request.act_kind == CORRECTING:
        texts = [str(one["text"]) for one in content["plan"]["reports"]]
    else:
        return ()
    return read("".join(texts).encode(), request.title).reports


def _words(viewer: Viewer, request: ReleaseRequest, wanted: set[str]) -> dict[str, str]:
    """Return the words of those reports of a request that have a wanted number."""
    if request.act_kind == ACCEPTING:
        stated = {str(key).partition("/")[2] for key in request.content["reports"]}
        if not stated & wanted:
            return {}
    return {_key(report): write([report]) for report in reports_of(viewer, request)}


def _files(viewer: Viewer, content: Mapping[str, Any]) -> list[tuple[str, bytes]]:
    """Return the files of a request that are still what was sent."""
    files = []
    for one in content["files"]:
        try:
            data = viewer.whole.evidence.get(str(one["digest"]))
        except (OSError, KeiryoError):
            continue
        if hashlib.sha256(data).hexdigest() == one["digest"]:
            files.append((str(one["name"]), data))
    return files


def _key(report: Report) -> str:
    return f"{report.mba}/{report.number}"


NOTICE = "reports/same_number_notice.html"
"""Names the other requests; its content is what `notice_context` returns."""


def notice_context(same: tuple[WaitingNumber, ...]) -> dict[str, Any]:
    """Return what the notice needs."""
    return {"same_numbers": same}
