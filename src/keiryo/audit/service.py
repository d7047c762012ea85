"""Writing an audit pack: one archive about one area and period, for somebody without keiryo.

A pack is read out of the books and changes nothing in them; no act is posted. It shows what the
books said at its checkpoint, so that the same acts and the same knowledge give the same bytes,
whenever and by whomever it is made.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import INVENTORY_CHANGE, PHYSICAL_INVENTORY, known, resolved
from keiryo.audit.balances import balances, write_balances
from keiryo.audit.corrections import write_corrections
from keiryo.audit.cover import Written, verify_text, write_cover
from keiryo.audit.filed import write_evidence, write_reports
from keiryo.audit.findings import write_findings
from keiryo.audit.folder import pack_in_the_making
from keiryo.audit.inventory import Takings, write_listings
from keiryo.audit.ledger import Terms, write_ledger
from keiryo.audit.model import FORMAT, AuditPack, Progress
from keiryo.audit.proof import write_proofs
from keiryo.audit.sources import Work
from keiryo.dates import Period, date_number, facility_date
from keiryo.errors import NotFoundError, UsageError
from keiryo.journal.opening import SOFTWARE
from keiryo.journal.posting import Clock, system_clock
from keiryo.journal.proofs import Checkpoint, journal_uid
from keiryo.journal.reading import act as read_act
from keiryo.journal.reading import head
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.tables import AREA, area, areas
from keiryo.storage.engine import Database

__all__ = ["AuditPack", "write_audit_pack"]

STEPS = 10


def write_audit_pack(
    database: Database,
    mba: str,
    period: Period,
    out: Path,
    *,
    knowledge: Knowledge | None = None,
    force: bool = False,
    progress: Progress | None = None,
    clock: Clock = system_clock,
) -> AuditPack:
    """Write the audit pack of an area over a period as one zip file.

    Parameters
    ----------
    database : Database
    mba : str
        Code of the material balance area.
    period : Period
        First and last day; it may not reach into the future.
    out : Path
        The file to write. It appears complete or not at all.
    knowledge : Knowledge, optional
        Default: everything recorded. With an act number, the pack stops at that act.
    force : bool
        Replace `out` if it is there.
    progress : callable, optional
        Called with (done, total, what).
    clock : callable, optional
        Tells the time, for what is the future.

    Returns
    -------
    AuditPack

    Raises
    ------
    NotFoundError
        If the area is not registered, or nothing was recorded about it by the end of the period.
    UsageError
        If the period reaches into the future, or `out` is there already.
    FullError, ReadOnlyError
        If there is no room for the pack, or no right to write it.

    References
    ----------
    INFCIRC/153 (Corrected), paragraphs 71 to 75.
    """
    told = progress or _silent
    with database.reading() as connection:
        place, seen, checkpoint = _asked(database, connection, mba, period, knowledge, clock)
        with pack_in_the_making(out, force=force) as (folder, made):
            work = Work(connection, database.metadata, place, period, seen, checkpoint, folder)
            written = _write(work, database, told)
            told(8, STEPS, "manifest")
            files = folder.seal(_described(work, written))
            told(9, STEPS, "archive")
            folder.archive(made)
            size = made.stat().st_size
    told(STEPS, STEPS, "")
    return AuditPack(
        out, mba, period, seen, checkpoint.act_id, checkpoint.digest, files,
        written.ledger.lines, written.ledger.superseded, written.corrections,
        written.findings.count, written.findings.still_open, written.proven.lines, size,
    )  # fmt: skip


def _silent(done: int, total: int, detail: str = "") -> None:
    del done, total, detail


def _asked(
    database: Database,
    connection: Connection,
    mba: str,
    period: Period,
    knowledge: Knowledge | None,
    clock: Clock,
) -> tuple[MaterialBalanceArea, Knowledge, Checkpoint]:
    """Check the request; return the area as known, the knowledge resolved, and the checkpoint."""
    metadata = database.metadata
    seen = resolved(connection, metadata, knowledge or Knowledge())
    last = head(connection, metadata)
    if seen.through_act is not None:
        if not 1 <= seen.through_act <= last.act_id:
            raise UsageError(
                f"there is no act {seen.through_act} to know the books by",
                f"The acts run from 1 to {last.act_id}.",
            )
        last = read_act(connection, metadata, seen.through_act)
    place = area(connection, metadata, mba)
    place = areas(connection, metadata, through_act=last.act_id).get(mba, place)
    today = facility_date(clock(), place.zone)
    if period.end > today:
        raise UsageError(
            f"the period ends on {period.end}, which is in the future (today is {today})",
            "Give a last day up to today with --to.",
        )
    if not _anything(database, connection, mba, period, seen):
        raise NotFoundError(
            f"nothing is recorded about {mba} up to {period.end}"
            + ("" if seen == Knowledge() else ", as it was known then"),
            "Give another period, or a later day of knowledge.",
        )
    uid = journal_uid(connection, metadata)
    return place, seen, Checkpoint(uid, last.act_id, last.digest, last.recorded_at)


def _anything(
    database: Database, connection: Connection, mba: str, period: Period, seen: Knowledge
) -> bool:
    for name, day in ((INVENTORY_CHANGE.name, "event_date"), (PHYSICAL_INVENTORY.name, "pit_date")):
        table = database.metadata.tables[name]
        query = select(table.c.act_id).where(
            table.c.mba == mba, table.c[day] <= date_number(period.end), known(table, seen)
        )
        if connection.execute(query.limit(1)).first() is not None:
            return True
    return False


def _write(work: Work, database: Database, told: Progress) -> Written:
    """Write all files but the manifest, one part after the other."""
    told(0, STEPS, "listings")
    _use_registration(work)
    with Takings(work) as takings:
        pits = takings.opening()
        terms = Terms(work)
        write_listings(work, pits, terms)
        told(1, STEPS, "ledger")
        ledger = write_ledger(work, takings, terms, _within(told, 1, "ledger"))
        told(3, STEPS, "balance")
        parts = balances(work, ledger)
        table = write_balances(work, ledger, parts)
    told(4, STEPS, "corrections")
    corrections = write_corrections(work, pits)
    found = write_findings(work)
    told(5, STEPS, "reports")
    reports = write_reports(work)
    copied = write_evidence(work, database.evidence)
    told(6, STEPS, "proofs")
    proven = write_proofs(work, _within(told, 6, "proofs"))
    written = Written(
        ledger, parts, table, takings.compared, takings.differing, pits, corrections, found,
        reports, copied, proven,
    )  # fmt: skip
    write_cover(work, written)
    for name, source in (
        ("verify_journal.py", "keiryo.journal"),
        ("verify_pack.py", "keiryo.audit"),
    ):
        work.folder.write(name, _program(source))
    work.folder.write("VERIFY.txt", verify_text(work, written))
    return written


def _program(package: str) -> str:
    """Return the program that a counterpart can read and run with nothing else."""
    from importlib.resources import files

    return files(package).joinpath("standalone.py").read_text(encoding="utf-8")


def _within(told: Progress, step: int, what: str) -> Progress:
    """Return what tells the progress within a step of two."""

    def inner(done: int, total: int, detail: str) -> None:
        share = 2 * done // total if total else 0
        told(step + min(share, 1), STEPS, f"{what}: {done} of {total} {detail}".strip())

    return inner


def _use_registration(work: Work) -> None:
    """The lines that register the area belong to the pack, too."""
    table = work.metadata.tables[AREA.name]
    query = (
        select(table.c.act_id, table.c.line_no)
        .where(table.c.mba == work.mba, table.c.act_id <= work.checkpoint.act_id)
        .order_by(table.c.act_id, table.c.line_no)
    )
    for act_id, line_no in work.connection.execute(query).all():
        work.sources.use(int(act_id), int(line_no))


def _described(work: Work, written: Written) -> dict[str, Any]:
    """Return what the manifest says besides the files."""
    seen, place = work.knowledge, work.area
    return {
        "format": FORMAT,
        "software": SOFTWARE,
        "area": {"state": place.state, "facility": place.facility, "mba": place.code,
                 "type": place.type, "name": place.name},
        "from": work.period.start.isoformat(),
        "to": work.period.end.isoformat(),
        "known_on": None if seen.known_on is None else seen.known_on.isoformat(),
        "through_act": work.checkpoint.act_id,
        "checkpoint": {
            "journal_uid": work.checkpoint.journal_uid,
            "act_id": work.checkpoint.act_id,
            "digest": work.checkpoint.digest,
            "recorded_at": work.checkpoint.recorded_at,
        },
        "counts": written.counts(),
    }  # fmt: skip
