"""Commands of the journal: verify, checkpoint, prove, acts, backup, restore."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from keiryo.cli.options import DbOption, Format, FormatOption, format_of, opened, place_of_books
from keiryo.cli.output import Progress, show_json, show_rows


def register(app: typer.Typer) -> None:
    """Add the commands and the command group."""
    app.command()(verify)
    app.command()(backup)
    app.command()(restore)
    group = typer.Typer(help="The journal: acts, checkpoints, proofs.", no_args_is_help=True)
    group.command()(acts)
    group.command()(checkpoint)
    group.command()(prove)
    group.command("check-proof")(check_proof)
    group.command()(verifier)
    group.command("accept-clock")(accept_clock)
    app.add_typer(group, name="journal")


def verify(
    checkpoint: Annotated[
        Path | None,
        typer.Option("--checkpoint", metavar="FILE", help="A checkpoint that was kept elsewhere."),
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Verify that nothing was changed.

    Every act, line, signature, projection and piece of evidence is checked; the first wrong act is
    named.

    Exit code 0: sound; 1: something is wrong; 2: the command could not run.
    """
    from dataclasses import asdict

    from keiryo.capabilities import installed_registry
    from keiryo.journal.proofs import Checkpoint
    from keiryo.journal.verify import verify as verify_journal
    from keiryo.storage.engine import Database

    database = Database(place_of_books(db), installed_registry())
    database.require()
    known = None if checkpoint is None else Checkpoint.from_json(_text(checkpoint))
    result = verify_journal(database, checkpoint=known, progress=Progress("Verifying"))
    if format_of(format_) is Format.JSON:
        show_json(
            {
                "sound": result.sound,
                "acts": result.acts,
                "lines": result.lines,
                "evidence": result.evidence,
                "signatures": result.signatures,
                "head": result.head,
                "first_wrong_act": result.first_wrong_act,
                "problems": [asdict(problem) for problem in result.problems],
            }
        )
    elif result.sound:
        signed = f" ({result.signatures} signed)" if result.signatures else ""
        print(
            f"Sound: {result.acts} acts{signed}, {result.lines} lines, {result.evidence} pieces of "
            f"evidence; head {result.head[:16]}…"
        )
    else:
        first = result.first_wrong_act
        where = f" The first wrong act is {first}." if first is not None else ""
        print(f"NOT SOUND: {len(result.problems)} problems.{where}")
        for problem in result.problems:
            print(f"  {problem.code}: {problem.message}")
    raise typer.Exit(0 if result.sound else 1)


def acts(
    last: Annotated[int, typer.Option("--last", help="How many of the last acts.")] = 50,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List acts: when, who, what, why."""
    from keiryo.journal.reading import acts as read_acts
    from keiryo.journal.reading import head

    books = opened(db)
    with books.database.reading() as connection:
        metadata = books.database.metadata
        first = max(1, head(connection, metadata).act_id - last + 1)
        rows = [
            {
                "act": a.act_id,
                "recorded_at": a.recorded_at,
                "person": a.person,
                "for": a.on_behalf_of,
                "kind": a.kind,
                "what": a.client_id.partition(":")[2][:40] or a.client_id,
                "lines": a.line_count,
                "corrects": a.corrects,
                "reason": a.reason,
                "digest": a.digest[:12],
            }
            for a in read_acts(connection, metadata, first=first)
        ]
    show_rows(rows, format_of(format_))


def checkpoint(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="File to write.")],
    db: DbOption = None,
) -> None:
    """Write the head of the chain to a file.

    Keep it elsewhere, with a counterpart or on paper: it convicts any later rewriting.
    """
    made = opened(db).checkpoint()
    _write(out, made.to_json())
    print(f"Checkpoint at act {made.act_id} written to {out}. Keep it away from this machine.")


def prove(
    act: Annotated[int, typer.Argument(metavar="ACT", help="Number of the act.")],
    line: Annotated[int, typer.Argument(metavar="LINE", help="Number of the line in it.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="File to write.")],
    db: DbOption = None,
) -> None:
    """Write the proof of one line.

    It shows that the line is in the journal, and no other line.
    """
    proof = opened(db).prove(act, line)
    _write(out, json.dumps(proof, ensure_ascii=False, indent=2) + "\n")
    print(f"Proof of line {line} of act {act} written to {out}.")


def check_proof(
    proof: Annotated[Path, typer.Argument(metavar="FILE", help="A proof.")],
    checkpoint: Annotated[
        Path | None,
        typer.Option("--checkpoint", metavar="FILE", help="A checkpoint that you hold."),
    ] = None,
) -> None:
    """Check a proof; needs no books."""
    from keiryo.journal.proofs import Checkpoint, proof_problems, signers

    known = None if checkpoint is None else Checkpoint.from_json(_text(checkpoint))
    try:
        data = json.loads(_text(proof))
    except ValueError:
        data = {}
    problems = proof_problems(data, known)
    for problem in problems:
        print(f"  {problem}")
    print("The proof does not hold." if problems else "The proof holds.")
    for words in [] if problems else signers(data):
        print(words)
    raise typer.Exit(1 if problems else 0)


def verifier(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="File to write.")],
) -> None:
    """Write the stand-alone verifier.

    One Python file that a counterpart can read and run with nothing else.
    """
    from importlib.resources import files

    _write(out, files("keiryo.journal").joinpath("standalone.py").read_text(encoding="utf-8"))
    print(f"Written to {out}. Run it with: python {out} BOOKS.sqlite")


def accept_clock(
    reason: Annotated[str, typer.Option("--reason", help="Why the earlier time was wrong.")],
    db: DbOption = None,
) -> None:
    """Accept a clock that was set back."""
    from datetime import UTC, datetime

    from keiryo.dates import utc_text
    from keiryo.journal.model import Draft
    from keiryo.journal.reading import head

    books = opened(db)
    now = utc_text(datetime.now(UTC))
    with books.database.reading() as connection:
        last = head(connection, books.database.metadata)
    draft = Draft("clock.accept", f"clock.accept:{now}", reason=reason)
    draft.add("clock_change", scope=books.state, last_recorded_at=last.recorded_at, clock_time=now)
    posted = books.post(draft)
    print(f"Recorded as act {posted.act.act_id}.")


def backup(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Archive to write.")],
    db: DbOption = None,
) -> None:
    """Write everything to one archive.

    The books can be in use meanwhile.
    """
    from keiryo.storage.backup import backup as write_backup

    made = write_backup(opened(db).database, path)
    print(
        f"Backup at act {made.act_id} written to {made.path} "
        f"({made.rows} rows, {made.evidence} pieces of evidence)."
    )


def restore(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Archive that backup wrote.")],
    db: DbOption = None,
) -> None:
    """Restore an archive, and verify it.

    The place must not hold books yet.
    """
    from keiryo.capabilities import installed_registry
    from keiryo.storage.backup import restore as read_backup
    from keiryo.storage.engine import database_url, shown

    place = place_of_books(db)
    result = read_backup(path, place, installed_registry())
    where = shown(database_url(place))
    print(f"Restored to {where}: {result.acts} acts, {result.lines} lines, verified.")
    for problem in result.problems:
        print(f"  {problem.code}: {problem.message}")


def _text(path: Path) -> str:
    from keiryo.errors import UsageError

    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error


def _write(path: Path, content: str) -> None:
    from keiryo.errors import UsageError

    try:
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
