"""Commands of item movements: what a simulator or plant system exported, by a mapping file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keiryo.cli.options import DbOption, Format, FormatOption, format_of, opened
from keiryo.cli.output import Progress, finding_dict, show_findings, show_json, show_rows

if TYPE_CHECKING:
    from keiryo.movements.mapping import Mapping
    from keiryo.movements.service import ImportSummary, Prepared

FilesArgument = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Movement files: CSV, CSV.GZ or Parquet.")
]
MappingOption = Annotated[
    Path,
    typer.Option(
        "--mapping",
        metavar="MAP.toml",
        help="What the columns and names mean: a file, or 'phwr', which keiryo ships.",
    ),
]
InventoryOption = Annotated[
    Path | None,
    typer.Option("--inventory", metavar="FILE", help="The source's own inventories."),
]
BulkOption = Annotated[
    Path | None, typer.Option("--bulk", metavar="FILE", help="The source's bulk stores.")
]

group = typer.Typer(
    help="Item movements from simulators and plant systems, brought in by a mapping file.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the command group."""
    app.add_typer(group, name="movements")


@group.command("import")
def import_(
    files: FilesArgument,
    mapping: MappingOption,
    inventory: InventoryOption = None,
    bulk: BulkOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Book movements, close the periods and compare with the source's inventories.

    Exit code 0: booked; 1: booked with open questions, or refused; 2: the files cannot be read.
    """
    from keiryo.movements.service import book

    books = opened(db)
    prepared = _prepared(files, mapping, inventory, bulk)
    if prepared.refused:
        _show_check(prepared, format_of(format_))
        raise typer.Exit(1)
    summary = book(books.database, prepared, books.actor, progress=Progress("Importing movements"))
    _show_summary(summary, format_of(format_))
    raise typer.Exit(1 if _questions(prepared) else 0)


@group.command()
def check(
    files: FilesArgument,
    mapping: MappingOption,
    inventory: InventoryOption = None,
    bulk: BulkOption = None,
    format_: FormatOption = None,
) -> None:
    """Say everything that is wrong or odd with files and mapping; post nothing.

    Exit code 0: nothing stands in the way; 1: findings to answer; 2: the mapping is not usable.
    """
    prepared = _prepared(files, mapping, inventory, bulk)
    _show_check(prepared, format_of(format_))
    raise typer.Exit(1 if _questions(prepared) else 0)


@group.command()
def template(
    out: Annotated[Path, typer.Option("--out", metavar="MAP.toml", help="Where to write it.")],
) -> None:
    """Write a mapping to begin with; its comments say what each word means."""
    from importlib.resources import files as resources

    from keiryo.errors import UsageError

    if out.exists():
        raise UsageError(f"{out} exists already", "Choose another name; nothing was overwritten.")
    text = resources("keiryo.data").joinpath("fuel_cycle", "template.toml").read_text("utf-8")
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        words = f"{out} cannot be written: {error.strerror}"
        raise UsageError(words, "Choose a folder that exists and may be written.") from error
    print(f"Wrote {out}. Fill it in, then try: keiryo movements check FILE --mapping {out}")


@group.command()
def compare(
    files: FilesArgument,
    mapping: MappingOption,
    inventory: InventoryOption = None,
    bulk: BulkOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show the books against the source's inventories at every closing, with the reasons.

    The files are those that were imported; what is missing in the books is booked first.
    """
    from keiryo.movements.service import book

    books = opened(db)
    prepared = _prepared(files, mapping, inventory, bulk)
    summary = book(books.database, prepared, books.actor, progress=Progress("Comparing"))
    show_rows([c.to_dict() for c in summary.comparisons], format_of(format_))


def _mapping(path: Path) -> Mapping:
    from keiryo.movements.mapping_file import read_mapping

    mapping, findings = read_mapping(path)
    if mapping is None:
        show_findings(findings, to_error=True)
        raise typer.Exit(2)
    return mapping


def _prepared(
    files: list[Path], mapping: Path, inventory: Path | None, bulk: Path | None
) -> Prepared:
    from keiryo.movements.service import prepare

    return prepare(
        _mapping(mapping), files, inventory=inventory, bulk=bulk, progress=Progress("Reading")
    )


def _questions(prepared: Prepared) -> bool:
    """Whether some finding wants an answer."""
    return any(str(f.severity) in "FE" for f in prepared.findings)


def _show_check(prepared: Prepared, chosen: Format) -> None:
    rows = [finding_dict(f) for f in prepared.findings]
    if chosen is not Format.TABLE:
        show_rows(rows, chosen)
        return
    show_findings(prepared.findings)
    count = prepared.read.frame.height
    verdict = "REFUSED: nothing may be posted" if prepared.refused else "may be imported"
    print(f"{count:,} movements understood, {len(rows)} findings: {verdict}.")


def _show_summary(summary: ImportSummary, chosen: Format) -> None:
    prepared = summary.prepared
    if chosen is Format.JSON:
        show_json(
            {
                "import": prepared.digest,
                "movements": prepared.read.frame.height,
                "duplicates": prepared.tracked.duplicates.height,
                "acts": summary.acts,
                "acts_already_there": summary.repeated,
                "lines": summary.lines,
                "closings": [day.isoformat() for day in summary.closings],
                "comparisons": [c.to_dict() for c in summary.comparisons],
                "findings": [finding_dict(f) for f in prepared.findings],
            }
        )
        return
    if chosen is Format.CSV:
        show_rows([c.to_dict() for c in summary.comparisons], chosen)
        return
    show_findings(prepared.findings)
    there = f" ({summary.repeated} were there already)" if summary.repeated else ""
    print(
        f"{prepared.read.frame.height:,} movements, {prepared.tracked.duplicates.height} of them "
        f"twice: {summary.acts} acts{there} with {summary.lines:,} lines."
    )
    show_rows([c.to_dict() for c in summary.comparisons], chosen, empty="No balance was closed.")
