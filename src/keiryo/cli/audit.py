"""The command that writes an audit pack for an inspector."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keiryo.cli.options import DbOption, Format, FormatOption, day_of, format_of, opened
from keiryo.cli.output import Progress, show_json

if TYPE_CHECKING:
    from keiryo.audit.model import AuditPack
    from keiryo.dates import Period


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("audit-pack")(audit_pack)


def audit_pack(
    mba: Annotated[str, typer.Argument(metavar="MBA", help="Material balance area.")],
    from_: Annotated[
        str, typer.Option("--from", metavar="DATE", help="First day, e.g. 2025-01-01.")
    ],
    to: Annotated[str, typer.Option("--to", metavar="DATE", help="Last day, e.g. 2025-12-31.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Zip file to write.")],
    known_on: Annotated[
        str | None,
        typer.Option(
            "--known-on",
            metavar="DATE",
            help="Only what was known on this day, where a report counts from its date.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Write an audit pack for an inspector.

    One archive about one area and period that opens without keiryo: ledger, corrections,
    inventories against listings, reports, findings, and the proofs. Nothing is posted.
    """
    import signal
    import sys

    from keiryo.accounts.model import Knowledge
    from keiryo.audit.service import write_audit_pack

    period = _period(from_, to)
    known = None if known_on is None else Knowledge(known_on=day_of(known_on, "--known-on"))
    books = opened(db)
    # Being told to end is no different from an interrupt: nothing half written stays behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    made = write_audit_pack(
        books.database,
        mba,
        period,
        out,
        knowledge=known,
        force=force,
        progress=Progress("Writing the audit pack"),
    )
    if format_of(format_) is Format.JSON:
        show_json(pack_dict(made))
        return
    print(f"Audit pack of {mba}, {made.period.start} to {made.period.end}, written to {out}.")
    print(
        f"  {made.ledger_lines} effective lines, {made.superseded_lines} superseded; "
        f"corrections: {made.corrections}; open findings: {made.open_findings}."
    )
    print(f"  Proofs of {made.proven_lines} lines, up to act {made.act_id} ({made.digest[:16]}…).")
    print("  Unpack it and open index.html; VERIFY.txt says how to check it.")


def pack_dict(made: AuditPack) -> dict[str, object]:
    """Return what was written as plain data."""
    known_on = made.knowledge.known_on
    names = (
        "files ledger_lines superseded_lines corrections findings open_findings proven_lines "
        "size_bytes"
    )
    return {
        "file": str(made.path),
        "mba": made.mba,
        "from": made.period.start.isoformat(),
        "to": made.period.end.isoformat(),
        "known_on": None if known_on is None else known_on.isoformat(),
        "act": made.act_id,
        "digest": made.digest,
        **{name: getattr(made, name) for name in names.split()},
    }


def _period(start: str, end: str) -> Period:
    from keiryo.dates import Period
    from keiryo.errors import UsageError

    first, last = day_of(start, "--from"), day_of(end, "--to")
    if last < first:
        raise UsageError(
            f"the period ends ({last}) before it begins ({first})",
            "Give the first day with --from and the last one with --to.",
        )
    return Period(first, last)
