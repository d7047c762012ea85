"""That a seal was, or may have to be, compromised: told at once, by whoever knows it.

An accident or an emergency is no time for forms: what, which seal, when; the rest follows. From
the moment of the compromise the seal is inconclusive until it is checked or examined.
Source: NSSPI Safeguards Education Portal, "C/S measures"; docs/theory/surveillance.md.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from keiryo.dates import utc_text
from keiryo.errors import Finding
from keiryo.journal.evidence import add_evidence, keep_file
from keiryo.journal.model import Actor, Draft, Posted
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.places.tables import areas
from keiryo.seals.findings import anomaly, refusing
from keiryo.seals.numbers import SealKey
from keiryo.seals.register import key_of, standing, standings
from keiryo.seals.tables import SEAL_REPORT
from keiryo.storage.engine import Database

File = tuple[str, bytes]


def report_compromise(
    database: Database,
    actor: Actor,
    key: SealKey,
    what: str,
    *,
    at: str | None = None,
    person: str | None = None,
    place: str | None = None,
    photos: Sequence[File] = (),
    clock: Clock = system_clock,
) -> Posted:
    """Record that a seal was, or may have to be, compromised.

    Parameters
    ----------
    database, actor, key
    what : str
        What happened, in words.
    at : str, optional
        When, UTC; it may lie ahead where a seal will have to be broken. Default: now.
    person : str, optional
        Who reports it; default: the actor.

    Raises
    ------
    NotFoundError
        If there is no such seal.
    RefusedError
        If nothing is said.
    """
    now = utc_text(clock())
    kept = [keep_file(database.evidence, *one) for one in photos]

    def draft(connection: Connection) -> Draft:
        known = standing(connection, database.metadata, key)
        places = areas(connection, database.metadata)
        mba = known.mba
        scope = places[mba].scope if mba in places else actor.on_behalf_of
        made = Draft("seal.report", f"seals:{uuid.uuid4()}")
        for one in kept:
            add_evidence(made, one, scope, "seal", now)
        made.add(
            SEAL_REPORT.name,
            scope=scope,
            body=key.body,
            number=key.number,
            at=at or now,
            reported_at=now,
            person=person or actor.person,
            what=what.strip(),
            mba=mba,
            place=place,
            evidence=" ".join(one.digest for one in kept) or None,
        )
        return made

    return post(database, draft, actor, clock=clock)


def check_reports(posting: Posting) -> Iterator[Finding | Refusal]:
    """Tell of every report; refuse one that says nothing or is about no seal."""
    rows = list(posting.lines(SEAL_REPORT.name))
    known = standings(posting.connection, posting.metadata, {key_of(row) for row in rows})
    for row in rows:
        key = key_of(row)
        if key not in known:
            yield Refusal(
                refusing("SEAL-UNKNOWN", f"{key} is not in the register", "Read the number again.")
            )
        if not row["what"].strip():
            yield Refusal(
                refusing(
                    "SEAL-REASON", f"{key}: nothing says what happened", "Say it in a few words."
                )
            )
        yield anomaly(
            "SEAL-COMPROMISE",
            f"{key}: {row['what'][:200]} (at {row['at'][:16]}Z, told at "
            f"{row['reported_at'][:16]}Z)",
            "Tell the inspectorate by the fastest means; check or detach the seal, and verify "
            "the material that it holds.",
            mba=row["mba"],
        )


REPORTS_ARE_TOLD = Check("reports of compromise", frozenset({SEAL_REPORT.name}), check_reports)
