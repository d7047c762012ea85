"""The demonstration State under agreements: labels on its material, and the words behind them."""

from __future__ import annotations

import datetime
from importlib.resources import files
from typing import TYPE_CHECKING

from keiryo.cli.options import Format
from keiryo.cli.output import show_findings, show_rows

if TYPE_CHECKING:
    from keiryo.api import Books

BEGIN, END = datetime.date(2024, 12, 31), datetime.date(2025, 12, 31)
ASSEMBLY = "XARA/F25-FA-001"
REASON = "begun"


def record_agreements(books: Books) -> None:
    """Record the register of cooperation, the partners, their consents, and begin with labels."""
    from keiryo.cooperation.recording import (
        SHIPPED_NAME,
        record_register,
        shipped_register,
    )
    from keiryo.obligations import recording

    database, actor = books.database, books.actor
    register = record_register(database, actor, shipped_register(), SHIPPED_NAME)
    folder = files("keiryo.data").joinpath("state_xa")
    name, content = recording.shipped_register("japan")
    recording.record_register(database, actor, name, content)
    consents = folder.joinpath("consents.toml").read_bytes()
    recording.record_register(database, actor, "consents.toml", consents)
    openings = recording.read_file("labels.toml", folder.joinpath("labels.toml").read_bytes())
    done = recording.begin_labels(database, actor, openings, BEGIN, REASON)
    assert done.act is not None
    print(
        f"The register of cooperation: {register.recorded} objects with {register.quotations} "
        f"quotations, {register.compared} of them compared with their text.\n"
        f"Partners, consents, labels of what was there and of what came: the moves of labels "
        f"through the year follow, {done.act.line_count} lines of act {done.act.act_id}."
    )
    show_findings(done.findings)


def look_at_obligations(books: Books) -> None:
    """Show what is under whom, and how an assembly came to its labels."""
    from keiryo.obligations.balances import balance_of_cells
    from keiryo.obligations.labels import labels_of
    from keiryo.obligations.stated import labels
    from keiryo.obligations.trace import trace
    from keiryo.quantities import Category, format_weight

    metadata = books.database.metadata
    with books.database.reading() as connection:
        cells = balance_of_cells(connection, metadata, END)
        names = labels(connection, metadata)
        way = trace(connection, metadata, ASSEMBLY)
    rows = []
    for code, label in names.items():
        sums: dict[str, int] = {}
        for cell in cells:
            if code in labels_of(cell.labels):
                sums[cell.category] = sums.get(cell.category, 0) + cell.element_mg
        if sums:
            weights = {
                f"{letter}, {Category(letter).unit}": format_weight(
                    sums.get(letter, 0), Category(letter).unit
                )
                for letter in "NDEP"
            }
            rows.append({"partner": label.name, **weights})
    show_rows(rows, Format.TABLE, title=f"Under agreements at the end of {END}")
    print("   One quantity may be under several; the columns are not to be added up.\n")
    first = way.path[-1]
    print(
        f"{ASSEMBLY} carries {', '.join(sorted(_labels(way.cells)))}; its way back has "
        f"{len(way.path)} steps, to {first.kind.lower()} on "
        f"{datetime.datetime.strptime(str(first.day), '%Y%m%d').date()}."
    )
    chain = books.why(ASSEMBLY)
    words = [line["values"]["words"] for line in chain["lines"] if line["kind"] == "quotation"]
    if words:
        print(f"One of the agreements behind it, in the words of its source:\n  “{words[0]}”")


def _labels(cells: object) -> set[str]:
    from keiryo.obligations.labels import labels_of

    assert isinstance(cells, dict)
    return {label for own in cells.values() for key in own for label in labels_of(key)}
