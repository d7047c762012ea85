"""The demonstration of a whole fuel cycle: 838,449 item movements, booked, closed, compared."""

from __future__ import annotations

import time
from datetime import date
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keiryo.movements.service import ImportSummary, Prepared
    from keiryo.storage.engine import Database

STATE = "XF"
_CHANGES = {"ND/N": " out of natural", "ND/D": " into depleted"}


def run_fuel_cycle_demo(place: str) -> None:
    """Bring the shipped fuel cycle into fresh books and show what came of it.

    Parameters
    ----------
    place : str
        Where the books go: path of an SQLite file that does not exist, or a URL.
    """
    from keiryo.api import init_books

    began = time.perf_counter()
    with as_file(files("keiryo.data").joinpath("fuel_cycle")) as folder:
        _heading("1  Files from a simulator that nobody here wrote are read by a mapping")
        prepared = _prepared(folder)
        _show_read(prepared)
        _heading(f"2  The books of State {STATE} are opened, and each week is booked as one act")
        books = init_books(place, STATE)
        print(f"{place}; you act as {books.actor.person}.")
        summary = _booked(books.database, prepared, books.actor)
    _show_booked(summary)
    _show_losses(books.database, summary)
    _show_closings(summary)
    _show_conservation(books.database, summary)
    _show_genealogy(books.database, prepared)
    _heading(f"Done in {time.perf_counter() - began:.0f} s. Try next")
    for words, command in (
        ("the last balance of the powder and pellet press", "balance FFFB"),
        ("what is in the spent fuel store", "inventory FRXC --on 2025-12-21"),
        ("the findings that were recorded", "findings list"),
        ("that nothing was touched", "verify"),
    ):
        print(f"  keiryo --db {place} {command:<34} # {words}")


def _heading(words: str) -> None:
    print(f"\n── {words} " + "─" * max(0, 76 - len(words)), flush=True)


def _prepared(folder: Path) -> Prepared:
    from keiryo.cli.output import Progress
    from keiryo.movements.mapping_file import read_mapping
    from keiryo.movements.service import prepare

    mapping, problems = read_mapping(folder / "phwr.toml")
    assert mapping is not None, problems
    return prepare(
        mapping,
        [folder / "phwr-movements.csv.gz"],
        inventory=folder / "phwr-inventory.csv.gz",
        bulk=folder / "phwr-bulk.csv.gz",
        progress=Progress("Reading"),
    )


def _show_read(prepared: Prepared) -> None:
    from keiryo.cli.output import show_findings

    tracked = prepared.tracked
    first, last = prepared.periods
    mapping = prepared.mapping
    print(
        f"{prepared.read.frame.height:,} movements of weeks {first} to {last} in "
        f"{len(mapping.areas)} areas and {len(mapping.processes)} processes of "
        f"{len({p.code for p in mapping.places})} facilities; read, checked and followed in "
        f"{prepared.seconds:.1f} s."
    )
    print(
        f"{tracked.duplicates.height} events are in the file twice; each was taken once, and the "
        "complete list is kept as evidence. Findings:"
    )
    show_findings(prepared.findings)


def _booked(database: Database, prepared: Prepared, actor: Any) -> ImportSummary:
    from keiryo.cli.output import Progress
    from keiryo.movements.service import book

    return book(database, prepared, actor, progress=Progress("Booking"))


def _show_booked(summary: ImportSummary) -> None:
    from keiryo.cli.options import Format
    from keiryo.cli.output import show_rows

    print(f"{summary.acts} acts with {summary.lines:,} lines.")
    for what, seconds in summary.seconds.items():
        print(f"  {what:<20} {seconds:5.1f} s")
    rows = [
        {"mba": p.mba, "facility": p.code, "source": p.node if "/" in p.node else "(process)",
         "name": p.name}
        for p in sorted(summary.prepared.mapping.places, key=lambda p: p.mba)
    ]  # fmt: skip
    show_rows(rows, Format.TABLE)


def _show_losses(database: Database, summary: ImportSummary) -> None:
    """Show nuclear loss, category change and measured discards."""
    from keiryo.accounts.books import changes
    from keiryo.accounts.model import Knowledge, amount_dict
    from keiryo.dates import Period

    _heading("3  Losses")
    mapping = summary.prepared.mapping
    period = Period(mapping.time.zero, date(2099, 12, 31))
    with database.reading() as connection:
        lines = changes(connection, database.metadata, mapping.mbas, period, Knowledge())
    words = {
        "LN": "nuclear loss in the reactor",
        "ND": "category change after discharge",
        "LD": "measured discards (what the lost stores of the processes took in)",
    }
    for code, meaning in words.items():
        by_category = lines.get(code, {})
        if not by_category:
            print(f"{code}  {meaning}: none")
        for category, amount in by_category.items():
            shown = amount_dict(category, amount)
            way = {"ND/N": " out of natural", "ND/D": " into depleted"}.get(
                f"{code}/{category}", ""
            )
            print(
                f"{code}  {meaning}{way}: {shown['element']} kg U with "
                f"{shown.get('fissile', '?')} g U-235"
            )


def _show_closings(summary: ImportSummary) -> None:
    """Show every area at every closing, against the source's own inventory."""
    from keiryo.cli.options import Format
    from keiryo.cli.output import show_rows

    _heading("4  Balances are closed and compared with the simulator's own inventories")
    for day in summary.closings:
        rows = [
            {k: v for k, v in c.to_dict().items() if k not in ("day", "element")}
            for c in sorted(summary.comparisons, key=lambda c: c.mba)
            if c.day == day
        ]
        show_rows(rows, Format.TABLE, title=f"Closing of {day}, uranium in kg")
        print()
    unexplained = sum(abs(c.unexplained_mg) for c in summary.comparisons)
    print(f"Unexplained over all areas and closings: {unexplained} mg.")
    print(
        "The press of FFFB takes powder by nominal pellet weights, presses whole batches of 600 "
        "with their real\nweights, and the simulator records neither the rest of a batch nor the "
        "difference: it stays material\nunaccounted for. The items in FFFD and FFFF are not in the "
        "simulator's inventories; they follow from\nthe genealogy."
    )


def _show_conservation(database: Database, summary: ImportSummary) -> None:
    """Show that what came in is on the books, on the road, lost or unaccounted for."""
    from keiryo.accounts.books import changes
    from keiryo.accounts.model import Knowledge
    from keiryo.dates import Period
    from keiryo.quantities import format_weight

    _heading("5  Nothing appears and nothing vanishes between the areas")
    mapping, end = summary.prepared.mapping, summary.closings[-1]
    period = Period(mapping.time.zero, end)
    with database.reading() as connection:
        lines = changes(connection, database.metadata, mapping.mbas, period, Knowledge())
    total = {
        code: sum(a.element_mg for a in lines.get(code, {}).values())
        for code in ("RS", "SD", "RD", "LN", "LD")
    }
    last = [c for c in summary.comparisons if c.day == end]
    books = sum(c.book_mg for c in last)
    unaccounted = sum(c.unaccounted_mg for c in summary.comparisons if c.day < end)
    transit = total["SD"] - total["RD"]
    rest = total["RS"] - total["LN"] - total["LD"] - transit - books - unaccounted
    for words, mg in (
        ("received at the starting point (RS)", total["RS"]),
        ("nuclear loss (LN)", -total["LN"]),
        ("measured discards (LD)", -total["LD"]),
        (f"on the way between areas on {end}", -transit),
        ("unaccounted for at earlier closings (MF)", -unaccounted),
        (f"adjusted books of all areas on {end}", -books),
        ("left over", rest),
    ):
        print(f"  {words:<46} {format_weight(mg, 'kg'):>18} kg U")


def _show_genealogy(database: Database, prepared: Prepared) -> None:
    """Follow one assembly in the spent fuel store back to the mine's drums."""
    from sqlalchemy import select

    from keiryo.accounts.tables import GENEALOGY

    _heading("6  Where one spent assembly comes from")
    spent = prepared.tracked.events.filter(prepared.tracked.events["kind"] == len(
        prepared.mapping.kinds) - 1)  # fmt: skip
    uid, name, day = spent.select("uid", "name", "day").row(spent.height // 2)
    print(f"{name} ({uid}) was discharged on {day}. Behind it stand:")
    table = database.metadata.tables[GENEALOGY.name]
    generation, until = [uid], int(day)
    with database.reading() as connection:
        while generation:
            query = select(
                table.c.parent_uid, table.c.relation, table.c.inferred_from, table.c.event_date
            ).where(table.c.child_uid.in_(generation), table.c.event_date <= until)
            rows = connection.execute(query).all()
            generation = list(dict.fromkeys(str(row[0]) for row in rows))
            if generation:
                until = max(int(row[3]) for row in rows)
                more = f" and {len(generation) - 3} more" if len(generation) > 3 else ""
                print(f"  {len(generation):>5}  {', '.join(generation[:3])}{more}")
                print(f"         {rows[0][1]}; inferred from: {rows[0][2]}")
