"""The page with every component, made without a server: what tests of the look stand on."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from keiryo.errors import Finding, Severity
from keiryo.web.rendering import environment
from keiryo.web.speaking import speak_on
from keiryo.web.translation import catalogue, formats

COLUMNS = [
    {"key": "date", "title": "Date", "kind": "date", "sort": True, "filter": "date"},
    {"key": "batch", "title": "Batch", "kind": "code", "sort": True, "filter": "text"},
    {
        "key": "change",
        "title": "Change",
        "sort": True,
        "filter": [("SF", "SF"), ("RD", "RD")],
        "hint": "Code 10, label 411",
    },
    {"key": "note", "title": "Note", "filter": "text"},
    {"key": "items", "title": "Items", "kind": "number"},
    {"key": "weight", "title": "Element", "kind": "number", "unit": "g", "sort": True},
    {"key": "state", "title": "State"},
]
FINDINGS = [
    Finding(
        "ISOTOPE-MISSING",
        Severity.FORMAT,
        "The entry has no weight of uranium-235.",
        "Give the weight of the fissile isotope under label 670.",
        file="xafa-102.txt",
        line=14,
        mba="XAFA",
        entry=3,
        basis="Code 10, label 670",
    ),
    Finding(
        "SUM-DIFFERS",
        Severity.INCONSISTENCY,
        "The sum of the items is not the batch.",
        found="1204.5",
        expected="1204.4",
    ),
    Finding("LATE", Severity.WARNING, "The report came 12 days after the end of its month."),
    Finding("ROUNDED", Severity.INFORMATION, "Weights were rounded to grams."),
]


@dataclass
class Job:
    job_id: str
    title: str
    state: str
    done: int = 0
    total: int = 0
    detail: str | None = None
    result: dict[str, Any] | None = field(default=None)


def rows() -> list[dict[str, Any]]:
    made = []
    for number in range(50):
        made.append(
            {
                "date": f"{number % 28 + 1} Mar 2025",
                "batch": (f"LEU-{1000 + number}", f"#batch-{number}"),
                "change": ("RD", "SF", "LN")[number % 3],
                "note": "受入 ملاحظة" if number == 2 else "" if number % 4 else "drum re-weighed",
                "items": number % 7 + 1,
                "weight": f"{(number * 7919) % 90_000:,}.{number:03}",
                "state": {"badge": "ok" if number % 5 else "query", "text": "posted"}
                if number % 3
                else None,
                "_kind": "warning" if number == 5 else "",
            }
        )
    return made


def context(language: str = "en", theme: str = "system") -> dict[str, Any]:
    person = SimpleNamespace(person="P-7F3A")
    viewer = SimpleNamespace(
        name="Kimura Aiko",
        person=person,
        roles=("State officer",),
        language=language,
        theme=theme,
        may=lambda ability: True,
    )
    words = catalogue(language).gettext
    entry = {"current": False, "count": 0, "key": ""}
    menu = [
        {
            "title": words("Today"),
            "items": [
                entry | {"title": words("Overview"), "href": "/", "key": "o", "current": True},
                entry | {"title": words("Transits"), "href": "/transits", "count": 3},
                entry | {"title": words("Findings"), "href": "/findings", "key": "f"},
            ],
        },
        {
            "title": words("Books"),
            "items": [
                entry | {"title": words("Material balance areas"), "href": "/areas", "key": "a"},
                entry | {"title": words("Reports"), "href": "/reports", "key": "r"},
                entry | {"title": words("Closing"), "href": "/closing"},
            ],
        },
        {
            "title": words("Record"),
            "items": [entry | {"title": words("Journal"), "href": "/journal", "key": "j"}],
        },
    ]
    return {
        "viewer": viewer,
        "state": "XA",
        "menu": menu,
        "form_token": "token",
        "head": SimpleNamespace(act_id=1204, digest="ab12cd34ef56" + "0" * 52),
        "notices": [("done", "Report 102 was posted as act 1204."), ("error", "No connection.")],
        "crumbs": [("XA", "/"), ("XAFA", "/areas/XAFA"), ("Components", None)],
        "path": "/style",
        "query": {"sort": "-weight", "change": "SF", "page": "3"},
        "language": language,
        "theme": theme,
        "now_text": formats(language)["format_datetime"]("2026-11-22T08:30:00Z"),
        "request_id": "0123abcd",
        "columns": COLUMNS,
        "rows": rows(),
        "page": {"number": 3, "size": 50, "total": 12_345, "sort": "-weight"},
        "findings": FINDINGS,
        "errors": {"weight": "“12,4” is not a number we can read: write digits with '.'."},
        "jobs": [
            Job("a1", "Closing XAFA 2025", "running", 1200, 5000, "items of KMP A"),
            Job("b2", "Audit pack", "done", 10, 10, None, {"href": "/jobs/b2/file"}),
            Job("c3", "Verify", "interrupted"),
        ],
        "chart": {
            "x": {
                "label": "Date",
                "kind": "time",
                "values": [1735689600 + n * 86400 for n in range(60)],
            },
            "y": {"label": "kg U"},
            "series": [
                {"label": "Book", "shape": "step", "values": [100 + n % 9 for n in range(60)]},
                {"label": "Limit", "shape": "line", "values": [108] * 60},
                {"label": "Counted", "shape": "points", "values": [None] * 59 + [104]},
            ],
        },
    }


def page(
    language: str = "en", theme: str = "system", template: str = "style_page.html", **more: Any
) -> str:
    """Return a page of the frame in a language."""
    speak_on(language)
    made = environment()
    made.globals["form_id"] = lambda: "one-time"
    return made.get_template(template).render({**context(language, theme), **more})
