"""What every input of an evaluation rests on, and whether that still holds.

An input without evidence, or whose evidence is past its date, is shown as such in every result
that uses it; it is not left out.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from keiryo.protection.graph_file import Evidence, GraphInput
from keiryo.protection.upgrades import COMMUNICATION, RESPONSE

NONE, VALID, EXPIRED, STALE = "none", "valid", "expired", "stale"
STATES = (NONE, VALID, EXPIRED, STALE)

OVERDUE, FAILED = "TEST_OVERDUE", "TEST_FAILED"


@dataclass(frozen=True, slots=True)
class RecordedEvidence:
    """What the records say of an object on the day of an evaluation.

    Attributes
    ----------
    object_id : str
    test : str or None
        The last test that was passed; None: none was.
    next_due : datetime.date or None
        When the object is to be tested again.
    overdue : bool
        Whether the day lies after that.
    failed : bool
        Whether a later test was not passed.
    """

    object_id: str
    test: str | None
    next_due: datetime.date | None = None
    overdue: bool = False
    failed: bool = False


def input_evidence(
    given: GraphInput, on: datetime.date, recorded: Iterable[RecordedEvidence] = ()
) -> list[dict[str, Any]]:
    """Return what each input rests on, on a day: elements, transits, targets, response, alarm.

    Parameters
    ----------
    given : GraphInput
    on : datetime.date
        The day of the evaluation.
    recorded : iterable of RecordedEvidence, optional
        What the books know of objects of the graph. Where the file names no evidence for an
        object, the last passed test of the books is its evidence.

    Returns
    -------
    list of dict
        ``id``, ``kind`` (element, area, target, response, communication), ``value_source``,
        ``evidence_ref``, ``valid_until``, ``state`` and ``why``. The state is ``expired`` after
        the last day of the evidence as the file gives it; ``stale`` where by the books the test
        is overdue or a later one was not passed; ``none`` without evidence; else ``valid``.
    """
    known = {one.object_id: one for one in recorded}
    return [_row(one, on, known.get(one.id)) for one in (*given.evidence, *_of_the_whole(given))]


def _of_the_whole(given: GraphInput) -> list[Evidence]:
    """Return the inputs that belong to no object; theirs is the source named for the whole file."""
    source = next((one.value_source for one in given.evidence if one.kind == "target"), None)
    return [Evidence(name, name, source) for name in (RESPONSE, COMMUNICATION)]


def _row(one: Evidence, on: datetime.date, known: RecordedEvidence | None) -> dict[str, Any]:
    reference, until, why = one.evidence_ref, one.valid_until, None
    state = one.state(on)
    if known is not None and reference is None:
        reference = known.test
        until = until or (known.next_due if known.test is not None else None)
        state = NONE if reference is None else VALID
    if one.valid_until is not None and one.valid_until < on:
        state = EXPIRED
    elif known is not None and state != NONE:
        why = OVERDUE if known.overdue else FAILED if known.failed else None
        state = state if why is None else STALE
    return {
        "id": one.id,
        "kind": one.kind,
        "value_source": one.value_source,
        "evidence_ref": reference,
        "valid_until": None if until is None else until.isoformat(),
        "state": state,
        "why": why,
    }
