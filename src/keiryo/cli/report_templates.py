"""The command that writes templates: tables to fill in and send back as reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keiryo.cli.options import FormatOption, format_of
from keiryo.cli.output import show_rows

if TYPE_CHECKING:
    from collections.abc import Callable

_LIST = "list"


def register(group: typer.Typer) -> None:
    """Add the command to the group of reports."""
    group.command("template")(template)


def template(
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="Which template; `list` shows them.")
    ] = _LIST,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="File to write: .xlsx, .csv or .json."),
    ] = None,
    format_: FormatOption = None,
) -> None:
    """Write a table to fill in: receipts, shipments, inventory and others.

    The filled-in file is read like any report: `keiryo reports check FILE`.
    """
    from keiryo.reports.formats.templates import template as find
    from keiryo.reports.formats.templates import templates

    if kind == _LIST:
        rows = [
            {"kind": made.kind, "codes": " ".join(made.codes), "for": made.text}
            for made in templates().values()
        ]
        show_rows(rows, format_of(format_), columns=["kind", "for", "codes"])
        return
    made = find(kind)
    path = out if out is not None else Path(f"{made.kind}.xlsx")
    _write(path, _content(made.kind, path))
    show_rows([{"file": str(path), "for": made.text}], format_of(format_))


def _content(kind: str, path: Path) -> bytes:
    from keiryo.errors import UsageError
    from keiryo.reports.formats.report_json import write_json
    from keiryo.reports.formats.table_writer import FORMS, example_report, write_template

    form = path.suffix.casefold().lstrip(".")
    writers: dict[str, Callable[[], bytes]] = {
        form: lambda form=form: write_template(kind, form)  # type: ignore[misc]
        for form in FORMS
    }
    writers["json"] = lambda: write_json(example_report(kind))
    if form not in writers:
        raise UsageError(
            f"{path} does not end in {', '.join(f'.{name}' for name in writers)}",
            "The ending says which kind of file to write.",
        )
    return writers[form]()


def _write(path: Path, content: bytes) -> None:
    """Write a new file; one that is there with other content may be filled in and stays."""
    from keiryo.errors import UsageError

    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError as error:
        if not path.is_file() or path.read_bytes() != content:
            raise UsageError(
                f"{path} is there already and was left as it is",
                "It may be filled in. Choose another name, or remove it.",
            ) from error
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}", "Choose another folder."
        ) from error
