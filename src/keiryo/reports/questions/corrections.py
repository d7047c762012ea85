"""Corrections: do they name an entry that counts, and what do they change.

Sources: Code 10, label 309; INFCIRC/153 (Corrected), paragraph 103.
"""

from __future__ import annotations

from collections.abc import Iterator

from keiryo.errors import Finding, Severity
from keiryo.reports.filed import AreaFile, FiledEntry
from keiryo.reports.model import WEIGHT_LABELS, Entry
from keiryo.reports.questions.table import question
from keiryo.reports.weight_rules import grams
from keiryo.vocabulary import Profile, normal_mdc

_FIELDS = (
    ("370", "shipper"),
    ("372", "receiver"),
    ("407", "kmp"),
    ("411", "code"),
    ("412", "date"),
    ("430", "mdc"),
    ("435", "operator_mdc"),
    ("436", "description"),
    ("446", "batch"),
    ("447", "shipper_batch"),
    ("469", "basis"),
    ("470", "items"),
)


def correction_questions(area: AreaFile, profile: Profile) -> Iterator[Finding]:
    """Yield references that name nothing, and what each correction changes."""
    for filed, problem in area.problems:
        if profile.correction == "original" and "corrected since" in problem:
            continue
        refers = filed.entry.refers
        assert refers is not None
        shown = f"{filed.entry.status}/{refers.country};{refers.report}/{refers.entry}"
        yield question("CORR-REF", f"309:{shown} {problem}", about=filed, label="309", found=shown)
    for filed in area.filed:
        if filed.entry.status == "C" and filed.replaces is not None:
            yield _difference(filed, filed.replaces)


def _difference(filed: FiledEntry, before: FiledEntry) -> Finding:
    changed = list(changes(before.entry, filed.entry))
    where = f"{before.report.country};{before.report.number}/{before.entry.number}"
    if not changed:
        return question(
            "CORR-DIFF",
            f"the correction of {where} changes nothing",
            about=filed,
            label="309",
            severity=Severity.WARNING,
            advice="Look which value was to be corrected, and send the correction again.",
        )
    parts = [f"label {label}: {old} becomes {new}" for label, old, new in changed]
    return question(
        "CORR-DIFF",
        f"the correction of {where} changes {'; '.join(parts)}",
        about=filed,
        label=changed[0][0],
        found=changed[0][2],
        expected=changed[0][1],
    )


def changes(before: Entry, after: Entry) -> Iterator[tuple[str, str, str]]:
    """Yield label, old and new content of what differs between two entries."""
    for label, name in _FIELDS:
        old, new = getattr(before, name), getattr(after, name)
        if label == "430":
            old, new = old and normal_mdc(old), new and normal_mdc(new)
        if old != new:
            yield label, _shown(old), _shown(new)
    old_mg, new_mg = before.weights_mg(), after.weights_mg()
    for label in WEIGHT_LABELS:
        if old_mg.get(label) != new_mg.get(label):
            yield (
                label,
                grams(old_mg[label], label) if label in old_mg else "nothing",
                grams(new_mg[label], label) if label in new_mg else "nothing",
            )


def _shown(value: object) -> str:
    return "nothing" if value is None else str(value)
