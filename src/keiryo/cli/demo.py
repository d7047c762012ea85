"""The demonstration: the year 2025 of State XA checked, posted, closed and proven."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keiryo.cli.accounts import balance_rows
from keiryo.cli.background import this_program
from keiryo.cli.demo_people import end_server
from keiryo.cli.options import DbOption, Format, Given, place_of_books
from keiryo.cli.output import Progress, show_findings, show_rows

if TYPE_CHECKING:
    from keiryo.api import Books

AREAS = ("XAFA", "XARA", "XALA")
BOOKS = "state-xa.sqlite"
STOPPED_BY = "KEIRYO_DEMO_STOP"
"""Says what ends the server, where a script started the demonstration that has its own."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    fuel_cycle: Annotated[
        bool,
        typer.Option("--fuel-cycle", help="Two years of a fuel cycle, item by item, instead."),
    ] = False,
    serve: Annotated[
        bool,
        typer.Option("--serve", help="Admit people and serve the books in the browser as well."),
    ] = False,
    stop: Annotated[
        bool, typer.Option("--stop", help="End the server that the demonstration started.")
    ] = False,
    db: DbOption = None,
) -> None:
    """Show the main job in fresh books.

    The year 2025 of the invented State XA, or a whole fuel cycle.
    """
    if stop:
        _stop(db)
        return
    place = _fresh_place(db, "fuel-cycle.sqlite" if fuel_cycle else BOOKS)
    if fuel_cycle:
        from keiryo.cli.fuel_cycle import run_fuel_cycle_demo

        run_fuel_cycle_demo(place)
        return
    own = os.environ.get(STOPPED_BY) or f"{this_program()} demo --stop"
    _run(place, serve, own if db is None else None)


def _stop(db: str | None) -> None:
    """End the server of the demonstration.

    Raises
    ------
    NotFoundError
        If none runs.
    """
    from keiryo.errors import NotFoundError

    if not end_server(str(_folder() / BOOKS) if db is None else place_of_books(db)):
        raise NotFoundError(
            "no server of the demonstration runs", "Start it with 'keiryo demo --serve'."
        )
    print("The server has ended.")


def _folder() -> Path:
    data_home = os.environ.get("XDG_DATA_HOME")
    base = Path(data_home) if data_home else Path.home() / ".local" / "share"
    return base / "keiryo" / "demo"


def _fresh_place(db: str | None, name: str) -> str:
    """Return where the demonstration goes; its own default place is emptied first.

    Raises
    ------
    UsageError
        If books were named before the command: they may be anybody's.
    """
    import shutil

    from keiryo.errors import UsageError

    if db is not None:
        return place_of_books(db)
    if Given.db is not None:
        raise UsageError(
            "the demonstration takes its place after its name only; nothing was done",
            "Give an empty place with 'keiryo demo --db ...'; without one, the demonstration "
            "is made anew in a folder of its own.",
        )
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    end_server(str(folder / name))
    for path in folder.glob(f"{name}*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return str(folder / name)


def _run(place: str, serve: bool, ending: str | None) -> None:
    import time

    from keiryo.api import init_books
    from keiryo.storage.engine import shown

    began = time.perf_counter()
    _heading("1  The books of State XA are opened")
    books = init_books(place, "XA")
    print(f"{shown(books.database.url)}; you act as {books.actor.person}.")
    if not _post(books):
        raise typer.Exit(1)
    _close(books)
    _look_closer(books)
    _evaluate(books)
    _obligations(books)
    _surveillance(books)
    _protection(books)
    _detection(books)
    _prove(books)
    _next(place, time.perf_counter() - began)
    if serve:
        _serve(books, place, ending)


def _heading(words: str) -> None:
    print(f"\n── {words} " + "─" * max(0, 76 - len(words)))


def _post(books: Books) -> bool:
    """Check and post the reports of the year."""
    from importlib.resources import files

    from keiryo.reports.service import import_reports

    _heading("2  The reports of 2025 are checked and posted, one act per report")
    folder = files("keiryo.data").joinpath("state_xa")
    texts = [(f"{mba}.txt", folder.joinpath(f"{mba}.txt").read_bytes()) for mba in AREAS]
    context = ("context.json", folder.joinpath("context.json").read_bytes())
    summary = import_reports(
        books.database, texts, books.actor, context=context, progress=Progress("Posting")
    )
    rows = []
    for mba in AREAS:
        mine = [o for o in summary.outcomes if o.report.split("/")[1] == mba]
        rows.append(
            {
                "area": mba,
                "reports": len(mine),
                "accepted": sum(o.outcome == "accepted" for o in mine),
                "findings": sum(len(o.findings) for o in mine),
                "acts": f"{mine[0].act_id} to {mine[-1].act_id}" if mine else "",
            }
        )
    show_rows(rows, Format.TABLE)
    print(
        f"The opening inventory of all three areas is act {summary.context_act}. "
        f"Open between reports: {len(summary.open_findings)}."
    )
    show_findings(summary.open_findings)
    return summary.complete


def _close(books: Books) -> None:
    """Close the three areas and compare with what they reported."""
    from keiryo.accounts import books as recorded
    from keiryo.accounts.model import Knowledge

    _heading("3  Each area's year is closed: PIL and entries give the balance, nobody types it")
    for mba in AREAS:
        closed = books.close(mba)
        found = closed.balance
        show_rows(
            balance_rows(found),
            Format.TABLE,
            title=f"{mba}, {found.period.start} to {found.period.end}, act {closed.act.act_id}",
        )
        with books.database.reading() as connection:
            reported = recorded.reported_balance(
                connection, books.database.metadata, mba, found.period, Knowledge()
            )
        agrees = not found.findings and set(reported) == set(found.lines)
        words = "agrees to the milligram with" if agrees else "DISAGREES with"
        print(f"   {words} the {len(reported)} lines of the balance that {mba} reported\n")
        show_findings(found.findings)


def _look_closer(books: Books) -> None:
    """Questions that a spreadsheet does not answer."""
    from datetime import date

    from keiryo.accounts.inventory import to_dict
    from keiryo.accounts.ledger import counter_accounts
    from keiryo.accounts.model import amount_dict
    from keiryo.quantities import Category

    enriched = Category.ENRICHED
    _heading("4  Questions to the books")
    state = books.balance("XA")
    total = {
        code: amount_dict(enriched, by[enriched])
        for code, by in state.lines.items()
        if enriched in by
    }
    print(
        f"The whole State, enriched uranium (transfers cancel): PB {total['PB']['element']} g, "
        f"BE {total['BE']['element']} g,\n  PE {total['PE']['element']} g, "
        f"MUF {total['MF']['element']} g with {total['MF']['fissile']} g U-235."
    )
    for day in ("2025-06-01", "2025-07-08"):
        known = books.balance("XAFA", as_known=day).lines["LD"][enriched]
        print(
            f"Measured discards of XAFA as known on {day}: "
            f"{amount_dict(enriched, known)['element']} g."
        )
    with books.database.reading() as connection:
        metadata = books.database.metadata
        transit = counter_accounts(connection, metadata, list(AREAS), date(2025, 9, 30))
        ending = counter_accounts(connection, metadata, list(AREAS), date(2025, 12, 31))
    on_the_way = amount_dict(enriched, transit["domestic_transit"][enriched])
    print(
        f"On the road on 2025-09-30: {on_the_way['element']} g U with "
        f"{on_the_way['fissile']} g U-235 (four assemblies, XAFA to XARA)."
    )
    waste = amount_dict(enriched, ending["retained_waste"][enriched])
    exempt = amount_dict(Category.DEPLETED, ending["exempt_use"][Category.DEPLETED])
    print(
        f"Retained waste: {waste['element']} g U with {waste['fissile']} g U-235. "
        f"Exempted for its use: {exempt['element']} kg depleted uranium."
    )
    for mba in AREAS:
        data = to_dict(books.inventory(mba, "2025-12-31"))
        print(
            f"{mba} holds {data['effective_kg']} effective kg in {len(_list(data['batches']))} "
            "lines of its itemised list."
        )


def _evaluate(books: Books) -> None:
    """Say whether the difference of the fabrication plant means anything."""
    import textwrap
    from importlib.resources import files

    from keiryo.evaluation.recording import record_evaluations
    from keiryo.measurement.intake import import_table

    _heading("5  Is material missing? The measurements behind the books answer")
    folder = files("keiryo.data").joinpath("state_xa")
    for form in ("calibrations", "controls", "sources", "strata", "results"):
        name = f"{form}.csv"
        import_table(books.database, books.actor, form, name, folder.joinpath(name).read_bytes())
    found, posted = record_evaluations(books.database, "XAFA", books.actor, category="E")
    print(textwrap.fill(found[0].last.element.statement, 88))
    largest = max(found[0].last.element.shares, key=lambda share: share.share)
    print(
        f"Most of the uncertainty, {100 * largest.share:.0f} %, comes from the "
        f"{largest.component} error of {largest.source} ({largest.stratum}). Recorded as act "
        f"{posted[0].act.act_id}."
    )


def _obligations(books: Books) -> None:
    """Say under which agreements the material is."""
    from keiryo.cli.demo_obligations import look_at_obligations, record_agreements

    _heading("6  Under which agreements is it? Labels follow the material")
    record_agreements(books)
    look_at_obligations(books)


def _surveillance(books: Books) -> None:
    """Say whether anybody could have taken an assembly unseen."""
    from keiryo.cli.demo_surveillance import look_at_coverage, watch_the_store

    _heading("7  Was it watched? A seal, a camera, a review, and what was lost")
    watch_the_store(books)
    look_at_coverage(books)


def _protection(books: Books) -> None:
    """Say how strictly the material must be protected, and what an outage would do."""
    from keiryo.cli.demo_protection import look_at_protection, protect_the_store

    _heading("8  Is it protected? A category from the books, an invented facility")
    protect_the_store(books)
    look_at_protection(books)


def _detection(books: Books) -> None:
    """Say what the lanes of a seaport saw, and play an event with lent instruments."""
    from keiryo.cli.demo_detection import look_at_detection, play_the_games, watch_the_port

    _heading("9  What comes through the gates? A seaport, and an event with lent instruments")
    cases = watch_the_port(books)
    look_at_detection(books, cases, play_the_games(books))


def _list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value


def _prove(books: Books) -> None:
    """Verify, take a checkpoint, prove one line; then change one gram and be caught."""
    import shutil
    import sqlite3
    import tempfile

    from keiryo.capabilities import installed_registry
    from keiryo.journal.proofs import proof_problems
    from keiryo.journal.verify import verify
    from keiryo.storage.engine import Database

    _heading("10  Proven")
    checkpoint = books.checkpoint()
    result = books.verify(checkpoint=checkpoint)
    print(
        f"{result.acts} acts with {result.lines} lines and {result.evidence} files of evidence: "
        f"{'sound' if result.sound else 'NOT SOUND'}. Head of the chain {result.head[:24]}…"
    )
    chain = books.why("XAFA/MF/E")
    print(
        f"Behind the MUF of XAFA stand {len(chain['acts'])} acts, {len(chain['lines'])} lines, "
        f"{len(chain['reports'])} reports, back to the cylinder that came in as report 102."
    )
    line = next(row for row in chain["lines"] if row["values"].get("code") == "RF")
    proof = books.prove(line["act"], line["line"])
    problems = proof_problems(proof, checkpoint)
    print(
        f"Line {line['line']} of act {line['act']} (the import) is proven to a counterpart by "
        f"a path of length {len(proof['path'])}, no other line shown: "
        f"{', '.join(problems) or 'holds'}."
    )
    source = books.database.path
    if source is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / source.name
        with sqlite3.connect(source) as original, sqlite3.connect(copy) as target:
            original.backup(target)
            target.execute("DROP TRIGGER inventory_change_no_update")
            target.execute(
                "UPDATE inventory_change SET element_mg = element_mg + 1000 "
                "WHERE act_id = ? AND line_no = ?",
                (line["act"], line["line"]),
            )
        shutil.copytree(books.database.evidence.folder, f"{copy}.evidence")
        database = Database(copy, installed_registry())
        forged = verify(database, checkpoint=checkpoint)
        database.close()
    print(
        f"On a copy, one gram was added to that line behind the program's back: "
        f"{'NOT NOTICED' if forged.sound else 'found'}, first wrong act "
        f"{forged.first_wrong_act}."
    )


def _serve(books: Books, place: str, ending: str | None) -> None:
    """Admit people, start the server, and say where to go."""
    from keiryo.cli.demo_people import admit_people, serve_in_background

    _heading("In the browser: each signs in and sees what is theirs")
    admit_people(books)
    books.disconnect()
    print("These passwords were made for this run and are shown only here.")
    serve_in_background(place, ending)


def _next(place: str, seconds: float) -> None:
    _heading(f"Done in {seconds:.1f} s. Try next")
    program = this_program()
    print(f"  export KEIRYO_DB={place}")
    for command, words in (
        ("balance XAFA", "the balance that was just closed"),
        ("evaluate XAFA --report xafa.html", "whether material is missing, with charts"),
        ("balance XAFA --as-known 2025-06-01", "what was known before a correction"),
        ("ledger XAFA --category E", "the running book, entry by entry"),
        ("inventory XARA --on 2025-12-31", "what is on hand, item by item"),
        ("why XAFA/MF/E", "what the difference rests on"),
        ("why evaluation:XAFA", "what the verdict rests on, down to the measurements"),
        ("why XARA/F25-FA-001", "where an assembly comes from"),
        ("obligations balance --on 2025-12-31", "what is under which agreements"),
        ("obligations trace XARA/F25-FA-001", "how it came to its labels"),
        (
            "surveillance coverage XARA --on 2025-12-11",
            "what was sealed or seen at the end of a day",
        ),
        (
            "coverage line XARA/F25-FA-003 --from 2025-11-01 --to 2026-01-01",
            "and through the weeks",
        ),
        ("protection category XARA --on 2025-12-31", "how strictly it must be protected"),
        ("protection evidence due", "what is to be tested, and what is out of service"),
        ("alarms queue", "alarms that wait, the gravest first, and why"),
        ("public-event alarms lake-games", "alarms of an event, with what was decided"),
        ("cooperation commitments", "what was promised, by whom, by when"),
        ("transit --on 2025-09-30", "what was on its way, and for how long"),
        ("correct XAFA/107/1 --set 630=461201.4", "all that would follow from one wrong weight"),
        ("deadlines --on 2026-01-10 --all", "what was due, and whether it came in time"),
        ("reports export --mba XAFA --out reports", "the reports, built anew from the books"),
        ("verify", "that nothing was touched"),
        ("demo --fuel-cycle", "838,449 item movements of a two-year fuel cycle"),
    ):
        print(f"  {program} {command:<40} # {words}")
