"""Documents that several answers of the API have in common: findings, problems, weights, acts.

Weights are whole milligrams, days are ``YYYY-MM-DD``, times are UTC. Fields that say nothing are
null.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from keiryo.errors import Finding
from keiryo.journal.model import Act

Day = Annotated[datetime.date, Meta(description="day", examples=["2025-12-31"])]


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an answer."""


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is sent with a change."""


class FoundDocument(Document, frozen=True, kw_only=True):
    """Something that is wrong or worth a look, where it is, and what to do about it."""

    code: Annotated[str, Meta(description="stable code of the rule", examples=["ISOTOPE-MISSING"])]
    severity: Annotated[
        str, Meta(description="F: cannot be accepted, E: a query, W: a warning, I: information")
    ]
    message: Annotated[str, Meta(description="what is wrong, in plain words")]
    advice: Annotated[str, Meta(description="what to do about it")] = ""
    file: Annotated[str | None, Meta(description="input file")] = None
    line: Annotated[int | None, Meta(description="line in it, from 1")] = None
    cell: Annotated[str | None, Meta(description="sheet, row and column")] = None
    mba: Annotated[str | None, Meta(description="material balance area")] = None
    report: Annotated[str | None, Meta(description="report number")] = None
    entry: Annotated[int | None, Meta(description="entry number")] = None
    label: Annotated[str | None, Meta(description="Code 10 label")] = None
    category: Annotated[str | None, Meta(description="element category")] = None
    found: Annotated[str | None, Meta(description="the value found")] = None
    expected: Annotated[str | None, Meta(description="the value expected")] = None
    basis: Annotated[str | None, Meta(description="source of the rule")] = None


class Problem(Document, frozen=True, kw_only=True):
    """What cannot be done, and what to do (RFC 9457)."""

    title: Annotated[str, Meta(description="what is wrong")]
    status: Annotated[int, Meta(description="HTTP status")]
    type: Annotated[str, Meta(description="about:blank")] = "about:blank"
    detail: Annotated[str, Meta(description="what to do about it")] = ""
    request_id: Annotated[str, Meta(description="number of the request in the log")] = ""
    findings: Annotated[list[FoundDocument], Meta(description="why a check refused it")] = []


class WeightDocument(Document, frozen=True, kw_only=True):
    """Weights of one element category."""

    category: Annotated[
        str, Meta(description="element category: N, D, E, U, P or T", examples=["E"])
    ]
    element_mg: Annotated[int, Meta(description="element weight in milligrams")]
    fissile_mg: Annotated[int | None, Meta(description="fissile weight in milligrams")] = None
    fissile_bases: Annotated[
        list[str], Meta(description="what the fissile weight stands for", examples=[["U-235"]])
    ] = []


class ActDocument(Document, frozen=True, kw_only=True):
    """The header of an act."""

    act: Annotated[int, Meta(description="number of the act, consecutive", examples=[12])]
    kind: Annotated[str, Meta(description="kind of act", examples=["report.accept"])]
    recorded_at: Annotated[str, Meta(description="UTC time", examples=["2025-06-01T09:30:00Z"])]
    person: Annotated[str, Meta(description="who answers for it, by pseudonym")]
    on_behalf_of: Annotated[str, Meta(description="country code")]
    reason: Annotated[str | None, Meta(description="why, in words")]
    corrects: Annotated[int | None, Meta(description="act that it corrects")]
    line_count: Annotated[int, Meta(description="lines of the act, those not seen too")]
    lines_root: Annotated[str, Meta(description="Merkle root of its lines, hexadecimal")]
    previous_digest: Annotated[str, Meta(description="digest of the act before, hexadecimal")]
    digest: Annotated[str, Meta(description="SHA-256 of the act, hexadecimal")]


class PostedDocument(Document, frozen=True, kw_only=True):
    """An act that was posted."""

    act: Annotated[int, Meta(description="number of the act")]
    digest: Annotated[str, Meta(description="its digest, hexadecimal")]
    repeated: Annotated[
        bool, Meta(description="whether the same act was recorded before, and nothing is new")
    ]


def found_document(finding: Finding) -> FoundDocument:
    """Return a finding as a document."""
    names = FoundDocument.__struct_fields__
    values: dict[str, Any] = {name: getattr(finding, name) for name in names}
    return FoundDocument(**{**values, "severity": str(finding.severity)})


def act_document(act: Act) -> ActDocument:
    """Return the header of an act as a document."""
    names = [name for name in ActDocument.__struct_fields__ if name != "act"]
    return ActDocument(act=act.act_id, **{name: getattr(act, name) for name in names})


def posted_document(act: Act, repeated: bool) -> PostedDocument:
    """Return what was posted as a document."""
    return PostedDocument(act=act.act_id, digest=act.digest, repeated=repeated)
