"""Conclusions: what a review says of one camera and period, with the tally it rests on.

A positive conclusion is refused while anything stands against it: images that nobody has looked
at, events that are relevant or unclear, a change of the scene that nobody has explained, gaps and
bad views, declared operations that the camera did not confirm, images that are not authentic.
Where only some time is unsound, the sound parts are concluded positive and the others
inconclusive. The tally is worked out anew when the conclusion is recorded, and must agree.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.errors import Finding, RefusedError, UsageError
from keiryo.journal.model import Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import line_node, rows_of
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.storage.engine import Database
from keiryo.surveillance.camera_record import in_evidence
from keiryo.surveillance.correlation import IN_WORDS, UNMATCHED, advice_on, states_of_camera
from keiryo.surveillance.images_of import UNAUTHENTIC
from keiryo.surveillance.marks import BENIGN, EXPLAINED, RELEVANT, UNCLEAR
from keiryo.surveillance.review_events import conditions_of, review_events
from keiryo.surveillance.review_record import (
    is_instant,
    last_row,
    no_review,
    other_person,
    review_row,
    screening_rows,
    split,
    wrong,
)
from keiryo.surveillance.review_tally import Tally, tally
from keiryo.surveillance.reviews import uncovered
from keiryo.surveillance.tables import CONCLUSION, IMAGE, REVIEW

CONCLUDE = "surveillance.conclude"
POSITIVE, NEGATIVE, INCONCLUSIVE = "positive", "negative", "inconclusive"
CONCLUSIONS = (POSITIVE, NEGATIVE, INCONCLUSIVE)
_COUNTS = ("received", "reviewed", "quiet", "not_reviewable", "not_yet_reviewed", "missing")


@dataclass(frozen=True, slots=True)
class Concluded:
    """A conclusion as recorded.

    Attributes
    ----------
    values : dict
        Its line.
    """

    values: dict[str, Any]

    @property
    def line(self) -> str:
        """Its node."""
        return line_node(self.values)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        names = ("review", "camera", "begin_at", "end_at", "conclusion", "reason", "person")
        told = {name: self.values[name] for name in (*names, *_COUNTS)}
        return {**told, "evidence": (self.values["evidence"] or "").split(), "line": self.line}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a period with the conclusion that it allows.

    Attributes
    ----------
    begin, end, conclusion : str
    reason : str or None
    """

    begin: str
    end: str
    conclusion: str
    reason: str | None


def conclusions(
    connection: Connection,
    metadata: MetaData,
    *,
    review: str | None = None,
    camera: str | None = None,
    **known: Any,
) -> list[Concluded]:
    """Return conclusions in the order in which they were recorded.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    review, camera : str, optional
        Only those of a review, or about a camera.
    **known
        `known_at`, `through_act`: what was known.
    """
    table = metadata.tables[CONCLUSION.name]
    conditions = [] if review is None else [table.c.review == review]
    if camera is not None:
        conditions.append(table.c.camera == camera)
    rows = rows_of(connection, metadata, CONCLUSION.name, *conditions, **known)
    return [Concluded(row) for row in rows]


def conclude(
    database: Database,
    actor: Actor,
    review: str,
    camera: str,
    conclusion: str,
    *,
    reason: str | None = None,
    begin: str | None = None,
    end: str | None = None,
    evidence: Sequence[str] = (),
    clock: Clock = system_clock,
) -> Posted:
    """Record what a review concludes about a camera and a period.

    Parameters
    ----------
    database, actor
        The actor is who concludes.
    review, camera : str
    conclusion : str
        ``positive``, ``negative`` or ``inconclusive``.
    reason : str, optional
        Why it is not positive.
    begin, end : str, optional
        UTC, as the record writes it; default: the period of the review.
    evidence : sequence of str
        Digests of the images that support it.

    Raises
    ------
    NotFoundError
        If there is no such review or camera.
    RefusedError
        If anything stands against it: all findings.
    """
    if conclusion not in CONCLUSIONS:
        raise UsageError(
            f"{conclusion[:40]!r} is no conclusion", f"One of {', '.join(CONCLUSIONS)}."
        )
    if conclusion != POSITIVE and not (reason or "").strip():
        found = wrong(
            "CONCLUSION-REASON",
            f"{review}: nothing says why {camera} is {conclusion}",
            "Give the reason; it stands in the record.",
        )
        raise RefusedError("the conclusion was refused; nothing was recorded", [found])

    def draft(connection: Connection) -> Draft:
        row = review_row(connection, database.metadata, review)
        part = Part(begin or row["begin_at"], end or row["end_at"], conclusion, reason)
        return _draft(connection, database.metadata, actor, row, camera, [part], evidence)

    return post(database, draft, actor, clock=clock)


def conclude_parts(
    database: Database,
    actor: Actor,
    review: str,
    camera: str,
    *,
    clock: Clock = system_clock,
) -> Posted:
    """Conclude the sound parts of a period positive and the others inconclusive: one act.

    Raises
    ------
    NotFoundError
        If there is no such review or camera.
    RefusedError
        If something stands against the sound parts as well: all findings.
    """

    def draft(connection: Connection) -> Draft:
        metadata = database.metadata
        row = review_row(connection, metadata, review)
        parts = sound_parts(connection, metadata, review, camera)
        return _draft(connection, metadata, actor, row, camera, parts, ())

    return post(database, draft, actor, clock=clock)


def sound_parts(connection: Connection, metadata: MetaData, review: str, camera: str) -> list[Part]:
    """Return the period of a review in parts: sound ones, and those with a gap or a bad view.

    An unsound part reaches from the last image that counts before the gap to the first one
    after it.
    """
    row = review_row(connection, metadata, review)
    limits = row["begin_at"], row["end_at"]
    known = screening_rows(connection, metadata, split(row["screenings"]))
    mine = [one for one in known.values() if one["camera"] == camera]
    bad = [
        (c["begin_at"], c["end_at"], c["code"])
        for c in conditions_of(connection, metadata, review, camera)
    ]
    bad += [(begin, end, "not screened") for begin, end in uncovered(mine, *limits)]
    parts: list[Part] = []
    reached = limits[0]
    for begin, end, codes in _merged(bad, limits):
        if reached < begin:
            parts.append(Part(reached, begin, POSITIVE, None))
        parts.append(Part(begin, end, INCONCLUSIVE, f"CONCLUSION-COVERAGE: {', '.join(codes)}"))
        reached = end
    if reached < limits[1]:
        parts.append(Part(reached, limits[1], POSITIVE, None))
    return parts


def _merged(
    bad: Sequence[tuple[str, str, str]], limits: tuple[str, str]
) -> list[tuple[str, str, list[str]]]:
    found: list[tuple[str, str, list[str]]] = []
    for begin, end, code in sorted(bad):
        begin, end = max(begin, limits[0]), min(end, limits[1])
        if begin >= end:
            continue
        if found and begin <= found[-1][1]:
            first, last, codes = found[-1]
            found[-1] = (first, max(last, end), codes if code in codes else [*codes, code])
        else:
            found.append((begin, end, [code]))
    return found


def _draft(
    connection: Connection,
    metadata: MetaData,
    actor: Actor,
    review: dict[str, Any],
    camera: str,
    parts: Sequence[Part],
    evidence: Sequence[str],
) -> Draft:
    made = Draft(CONCLUDE, f"surveillance:{uuid.uuid4()}")
    found: list[Finding] = []
    for part in parts:
        told = tally(connection, metadata, review["review"], camera, part.begin, part.end)
        if part.conclusion == POSITIVE:  # before the table's own rules: all findings at once
            found += objections(connection, metadata, told)
        values: dict[str, Value] = {name: getattr(told, name) for name in _COUNTS}
        made.add(
            CONCLUSION.name,
            values,
            scope=review["scope"],
            review=review["review"],
            camera=camera,
            begin_at=part.begin,
            end_at=part.end,
            conclusion=part.conclusion,
            reason=None if part.conclusion == POSITIVE else part.reason,
            person=actor.person,
            evidence=" ".join(dict.fromkeys(evidence)) or None,
        )
    if found:
        raise RefusedError(
            "the conclusion was refused; nothing was recorded",
            found,
            "Put right what stands against it, or conclude 'inconclusive' with the reason.",
        )
    return made


def objections(
    connection: Connection,
    metadata: MetaData,
    told: Tally,
    *,
    through_act: int | None = None,
) -> list[Finding]:
    """Return everything that stands against a positive conclusion.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    told : Tally
        Of the camera and period in question.
    through_act : int, optional
        What had been recorded with this act; default: everything.
    """
    name = f"{told.review}: {told.camera} from {told.begin} to {told.end}"
    found = []
    if told.not_yet_reviewed:
        found.append(
            wrong(
                "CONCLUSION-NOT-REVIEWED",
                f"{name}: {told.not_yet_reviewed} images are not reviewed yet",
                "Look at the images that are presented, mark the events that left another "
                "scene, and screen what was not screened.",
                found=str(told.not_yet_reviewed),
                expected="0",
            )
        )
    found += _event_objections(connection, metadata, told, name, through_act)
    found += _coverage_objections(connection, metadata, told, name, through_act)
    unauthentic = sum(count for code, count in told.reasons.items() if code in UNAUTHENTIC)
    unauthentic = max(unauthentic, _unauthentic(connection, metadata, told, through_act))
    if unauthentic:
        found.append(
            wrong(
                "CONCLUSION-SIGNATURE",
                f"{name}: {unauthentic} images are not authentic",
                "Find out what happened to the signatures; conclude 'inconclusive' meanwhile.",
            )
        )
    states = states_of_camera(
        connection,
        metadata,
        *(told.review, told.camera, told.begin, told.end),
        through_act=through_act,
    )
    for operation, state in states.items():
        if state in UNMATCHED:
            found.append(
                wrong(
                    "CONCLUSION-OPERATION",
                    f"{name}: the declared operation {operation} {IN_WORDS[state]}",
                    f"{advice_on(state)} Meanwhile conclude 'inconclusive'.",
                )
            )
    return found


def _event_objections(
    connection: Connection,
    metadata: MetaData,
    told: Tally,
    name: str,
    through_act: int | None,
) -> Iterator[Finding]:
    events = review_events(
        connection,
        metadata,
        told.review,
        cameras=[told.camera],
        begin=told.begin,
        end=told.end,
        through_act=through_act,
    )
    for event in events:
        where = f"{name}: event {event.key[1]} of {event.key[0]} at {event.begin}"
        if event.verdict == RELEVANT:
            yield wrong(
                "CONCLUSION-RELEVANT",
                f"{where} is marked relevant",
                "Conclude 'negative', and verify the material that it concerns.",
            )
        elif event.verdict == UNCLEAR:
            yield wrong(
                "CONCLUSION-UNCLEAR",
                f"{where} is marked unclear",
                "Find out what it is and mark it anew, or conclude 'inconclusive'.",
            )
        elif event.is_state_change and event.verdict not in (EXPLAINED, BENIGN):
            yield wrong(
                "CONCLUSION-STATE-CHANGE",
                f"{where} left another scene, and nobody has explained it",
                "Mark it: explained by an operation, benign, relevant or unclear.",
            )


def _coverage_objections(
    connection: Connection,
    metadata: MetaData,
    told: Tally,
    name: str,
    through_act: int | None,
) -> Iterator[Finding]:
    rows = conditions_of(
        connection,
        metadata,
        told.review,
        told.camera,
        begin=told.begin,
        end=told.end,
        through_act=through_act,
    )
    if not rows and told.valid_ppm == 1_000_000:
        return
    codes = ", ".join(sorted({row["code"] for row in rows})) or "gap"
    yield wrong(
        "CONCLUSION-COVERAGE",
        f"{name}: valid coverage is {told.valid_ppm / 10_000:.4f} % ({codes})",
        "Conclude the sound parts positive and the others 'inconclusive' "
        "(session conclude --parts).",
        found=str(told.valid_ppm),
        expected="1000000",
    )


def _unauthentic(
    connection: Connection, metadata: MetaData, told: Tally, through_act: int | None
) -> int:
    """Return how many images of the period are not authentic, looked at or not."""
    from sqlalchemy import func, select

    table = metadata.tables[IMAGE.name]
    query = select(func.count()).where(
        table.c.camera == told.camera,
        table.c.at >= told.begin,
        table.c.at < told.end,
        table.c.state.in_(sorted(UNAUTHENTIC)),
    )
    if through_act is not None:
        query = query.where(table.c.act_id <= through_act)
    return int(connection.execute(query).scalar() or 0)


def check_conclusions(posting: Posting) -> Iterator[Finding | Refusal]:
    """Refuse conclusions whose tally does not agree, or against which anything stands."""
    connection, metadata, before = posting.connection, posting.metadata, posting.act_id - 1
    assert posting.actor is not None
    table = metadata.tables[REVIEW.name]
    for line in posting.lines(CONCLUSION.name):
        review, camera = line["review"], line["camera"]
        row = last_row(connection, metadata, REVIEW.name, table.c.review == review)
        if row is None:
            yield Refusal(no_review(review))
            continue
        name = f"{review}: {camera}"
        if line["person"] != posting.actor.person:
            yield Refusal(other_person(name, line["person"], posting.actor.person))
        period = line["begin_at"], line["end_at"]
        inside = (
            all(map(is_instant, period)) and row["begin_at"] <= period[0] < period[1]
            and period[1] <= row["end_at"]
        )  # fmt: skip
        known = screening_rows(connection, metadata, split(row["screenings"]))
        if not inside or camera not in {one["camera"] for one in known.values()}:
            yield Refusal(
                wrong(
                    "CONCLUSION-SCOPE",
                    f"{name} from {period[0]} to {period[1]} is not under review",
                    "Conclude about a camera and a period of the review.",
                )
            )
            continue
        yield from _evidence_findings(posting, line, name)
        told = tally(connection, metadata, review, camera, *period, through_act=before)
        differ = [one for one in _COUNTS if getattr(told, one) != line[one]]
        if differ:
            yield Refusal(
                wrong(
                    "CONCLUSION-TALLY",
                    f"{name}: the tally is another one now ({', '.join(differ)})",
                    "Look at the tally again and conclude anew; something was recorded since.",
                    found=" ".join(str(line[one]) for one in _COUNTS),
                    expected=" ".join(str(getattr(told, one)) for one in _COUNTS),
                )
            )
        if line["conclusion"] == POSITIVE:
            found = objections(connection, metadata, told, through_act=before)
            yield from (Refusal(one) for one in found)


def _evidence_findings(posting: Posting, line: dict[str, Any], name: str) -> Iterator[Refusal]:
    table = posting.table(IMAGE.name)
    for digest in (line["evidence"] or "").split():
        same = (table.c.digest == digest, table.c.camera == line["camera"])
        if not in_evidence(posting, digest) and not rows_of(
            posting.connection, posting.metadata, IMAGE.name, *same
        ):
            yield Refusal(
                wrong(
                    "CONCLUSION-EVIDENCE",
                    f"{name}: there is no image or file {digest[:20]!r} in the record",
                    "Name images by their digests; 'keiryo surveillance session show' lists those "
                    "of events.",
                )
            )


CONCLUSIONS_HOLD = Check("conclusions of reviews", frozenset({CONCLUSION.name}), check_conclusions)
