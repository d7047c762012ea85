"""Commands of obligations: what is under which agreement, where it is, and how it got there."""

from __future__ import annotations

from typing import Annotated

import typer

from keiryo.cli import obligations_recording, obligations_statements
from keiryo.cli.options import (
    DbOption,
    Format,
    FormatOption,
    day_or_today,
    format_of,
    opened,
    optional_day,
)
from keiryo.cli.output import show_json, show_rows

SHOWN_STEPS = 40

OnOption = Annotated[str | None, typer.Option("--on", metavar="DATE", help="Day; default: today.")]
PartnerOption = Annotated[
    str | None,
    typer.Option("--partner", metavar="LABEL", help="Only what is under this label, e.g. AU."),
]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(
        help="Obligations: material under agreements, by label; where it is and how it got there.",
        no_args_is_help=True,
    )
    for command in (balance, trace):
        group.command()(command)
    group.command("check")(check)
    obligations_recording.register(group)
    obligations_statements.register(group)
    app.add_typer(group, name="obligations")


def balance(
    partner: PartnerOption = None,
    mba: Annotated[
        list[str] | None, typer.Option("--mba", help="Only this area (more than once).")
    ] = None,
    on: OnOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show what is on the books under which labels at the end of a day.

    The rows are disjoint and add up to the books. What is under a partner is the sum of the rows
    that carry its label; sums over several partners count some material twice.
    """
    from keiryo.obligations.balances import balance_of_cells, to_dict
    from keiryo.obligations.labels import label_key

    day, books = day_or_today(on, "--on"), opened(db)
    chosen = format_of(format_)
    with books.database.reading() as connection:
        label = None if partner is None else label_key([partner])
        found = balance_of_cells(
            connection, books.database.metadata, day, partner=label, mbas=mba or None
        )
    plain = to_dict(found, day, label)
    if chosen is Format.JSON:
        show_json(plain)
        return
    rows = [
        {
            "mba": one["mba"],
            "category": one["category"],
            "labels": " ".join(one["labels"]) or "none",
            "element": f"{one['element']} {one['unit']}",
            "fissile": "" if one["fissile"] is None else f"{one['fissile']} g",
        }
        for one in plain["cells"]  # type: ignore[attr-defined]
    ]
    if not rows:
        print(
            f"Nothing is under {label} on {day}." if label else f"The books hold nothing on {day}."
        )
        return
    show_rows(rows, chosen)


def trace(
    asked: Annotated[
        str, typer.Argument(metavar="MBA/BATCH", help="A batch, e.g. XARA/F25-FA-001.")
    ],
    partner: PartnerOption = None,
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="As it was on a day; default: now.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Show all steps, however many.")] = False,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show the labels of a batch and how it got here: back to the first receipts.

    Where batches are not followed it is the way of the area's pool. The latest step comes first.
    """
    from keiryo.obligations.labels import label_key
    from keiryo.obligations.trace import to_dict
    from keiryo.obligations.trace import trace as traced

    books, chosen = opened(db), format_of(format_)
    with books.database.reading() as connection:
        label = None if partner is None else label_key([partner])
        found = traced(
            *(connection, books.database.metadata, asked),
            on=optional_day(on, "--on"),
            partner=label,
        )
    plain = to_dict(found)
    if chosen is Format.JSON:
        show_json(plain)
        return
    cells, path = plain["cells"], plain["path"]
    assert isinstance(cells, list) and isinstance(path, list)
    if chosen is Format.TABLE:
        of = "the pool of its area" if found.pooled else "the batch"
        print(f"{asked} (labels of {of}):" if cells else f"{asked}: nothing is there now.")
        for cell in cells:
            under = " ".join(cell["labels"]) or "none"
            print(f"  {cell['category']}  {under:<16} {cell['element']} {cell['unit']}")
        print()
    shown = path if every or chosen is not Format.TABLE else path[:SHOWN_STEPS]
    show_rows(
        [
            {
                "date": one["date"],
                "kind": one["kind"],
                "from": one["from"],
                "to": one["to"],
                "element": f"{one['element']} {one['unit']}",
                "act": one["act"],
            }
            for one in shown
        ],
        chosen,
    )
    if len(shown) < len(path):
        print(f"{len(path) - len(shown)} earlier steps are not shown; --all shows them.")


def check(db: DbOption = None, format_: FormatOption = None) -> None:
    """Follow all labels anew from the beginning and compare with the record."""
    from keiryo.cli.output import exit_code, finding_dict, show_findings
    from keiryo.obligations.verification import verify_moves

    books = opened(db)
    with books.database.reading() as connection:
        findings = verify_moves(connection, books.database.metadata)
    if format_of(format_) is Format.JSON:
        show_json({"findings": [finding_dict(one) for one in findings]})
    elif findings:
        show_findings(findings)
    else:
        print("Every label is where the record says.")
    if code := exit_code(findings):
        raise typer.Exit(code)
