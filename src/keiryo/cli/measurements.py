"""Commands of a measurement-control engineer: sources, calibrations, controls, estimates."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.estimates import asked_knowledge, compare_with_targets, estimate
from keiryo.cli.options import (
    AsKnownOption,
    DbOption,
    Format,
    FormatOption,
    day_of,
    format_of,
    opened,
)
from keiryo.cli.output import (
    finding_dict,
    show_findings,
    show_json,
    show_rows,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection, MetaData

    from keiryo.accounts.model import Knowledge
    from keiryo.errors import Finding
    from keiryo.measurement.intake import Imported

FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="CSV file, or TOML if its name ends in .toml.")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it is recorded.")]
WhereOption = Annotated[
    list[str] | None,
    typer.Option("--where", metavar="FIELD=VALUE", help="Only such lines, e.g. mba=XAFA."),
]
AgainOption = Annotated[bool, typer.Option("--again", help="Rows that were withdrawn count again.")]
OutputOption = Annotated[
    Path | None, typer.Option("--output", metavar="FILE", help="Default: to the screen.")
]
SharedOption = Annotated[
    str | None,
    typer.Option("--instrument", help="Instrument; default: all of the method."),
]

_TABLES = {
    "sources": "Sources of measurement error and their standard deviations.",
    "strata": "Which lines of the books form a stratum, and its error sources.",
    "results": "Measured values of batches.",
    "calibrations": "Calibrations: a systematic error of kind epoch begins anew.",
    "controls": "Control measurements: standards, repetitions, pairs.",
    "targets": "Target values of measurement uncertainty.",
}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    measurements = typer.Typer(
        help="Measurements behind the books: error sources, calibrations, controls.",
        no_args_is_help=True,
    )
    withdrawals: dict[str, Callable[..., None]] = {
        "sources": withdraw_source,
        "strata": withdraw_stratum,
        "results": withdraw_result,
        "calibrations": withdraw_calibration,
        "controls": withdraw_controls,
        "targets": withdraw_targets,
    }
    for form, words in _TABLES.items():
        table = typer.Typer(help=words, no_args_is_help=True)
        table.command("import")(import_targets if form == "targets" else _importing(form))
        table.command("list")(_listing(form))
        table.command("export")(_exporting(form))
        table.command("withdraw")(withdrawals[form])
        if form == "calibrations":
            table.command("record")(record_calibration)
        measurements.add_typer(table, name=form)
    measurements.command("compare-targets")(compare_with_targets)
    measurements.command()(estimate)
    app.add_typer(measurements, name="measurements")


def _importing(form: str) -> Callable[..., None]:
    def import_file(
        file: FileArgument,
        again: AgainOption = False,
        db: DbOption = None,
        format_: FormatOption = None,
    ) -> None:
        """Record the rows of a file in one act, or say all that is wrong with it.

        What stands in force in the same words is left alone; a row of the same name replaces;
        a row that was withdrawn is left out and said.
        """
        from keiryo.api import read_file

        _import(form, file.name, read_file(file), again, db, format_)

    return import_file


def import_targets(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="CSV or TOML file.")] = None,
    shipped: Annotated[
        bool, typer.Option("--shipped", help="Values that circulate; nobody has verified them.")
    ] = False,
    again: AgainOption = False,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record target values of a file in one act, or say all that is wrong with it."""
    from importlib.resources import files

    from keiryo.api import read_file
    from keiryo.errors import UsageError

    if (file is None) != shipped:
        raise UsageError("name a file, or say --shipped", "One of the two, not both.")
    if file is not None:
        _import("targets", file.name, read_file(file), again, db, format_)
        return
    name = "target_values.toml"
    content = (files("keiryo") / "data" / name).read_bytes()
    _import("targets", name, content, again, db, format_)


def _import(
    form: str, name: str, content: bytes, again: bool, db: str | None, format_: Format | None
) -> None:
    from keiryo.measurement.intake import import_table

    books = opened(db)
    done = import_table(books.database, books.actor, form, name, content, again=again)
    _show_imported(done, format_)


def _show_imported(done: Imported, format_: Format | None) -> None:
    if format_of(format_) is Format.JSON:
        show_json(
            {
                "act": None if done.act is None else done.act.act_id,
                "recorded": done.recorded,
                "unchanged": done.unchanged,
                "withdrawn": done.withdrawn,
                "findings": [finding_dict(f) for f in done.findings],
            }
        )
        return
    others = [f"{_rows(done.unchanged)} in force already"] if done.unchanged else []
    others += [f"{_rows(done.withdrawn)} withdrawn earlier"] if done.withdrawn else []
    if done.act is None:
        print(f"Nothing is new: {', '.join(others)}.")
    else:
        first = f"{_rows(done.recorded)} recorded as act {done.act.act_id}"
        print(f"{'; '.join([first, *others])}.")
    show_findings(done.findings)


def _rows(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}"


def _listing(form: str) -> Callable[..., None]:
    def list_in_force(
        where: WhereOption = None,
        as_known: AsKnownOption = None,
        db: DbOption = None,
        format_: FormatOption = None,
    ) -> None:
        """List what is in force."""
        findings: list[Finding] = []
        rows = _lines(form, where, as_known, db, findings=findings)
        chosen = format_of(format_)
        if chosen is Format.TABLE:  # columns in which nothing stands only take room
            used = [n for n in (rows[0] if rows else ()) if any(r[n] is not None for r in rows)]
            rows = [{name: row[name] for name in used} for row in rows]
        show_rows(rows, chosen, empty="Nothing is in force.")
        if chosen is Format.TABLE:
            show_findings(findings)

    return list_in_force


def _exporting(form: str) -> Callable[..., None]:
    def export(where: WhereOption = None, output: OutputOption = None, db: DbOption = None) -> None:
        """Write what is in force as CSV, to edit and import it again."""
        import csv
        import io

        from keiryo.measurement.forms import FORMS
        from keiryo.sheet_text import protected

        rows = _lines(form, where, None, db, export=True)
        free = {c.name for c in FORMS[form].columns if c.free}
        text = io.StringIO()
        names = [f.name for f in FORMS[form].kind.own_fields if f.name != "state"]
        writer = csv.DictWriter(text, names, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            texts = {n: protected(v) for n, v in row.items() if n in free and isinstance(v, str)}
            writer.writerow({**row, **texts})
        if output is None:
            sys.stdout.write(text.getvalue())
            return
        _write(output, text.getvalue())
        print(f"{_rows(len(rows))} written to {output}.")

    return export


def _write(output: Path, text: str) -> None:
    from keiryo.errors import UsageError

    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}") from error


def _lines(
    form: str,
    where: Sequence[str] | None,
    as_known: str | None,
    db: str | None,
    *,
    export: bool = False,
    findings: list[Finding] | None = None,
) -> list[dict[str, Any]]:
    from keiryo.errors import UsageError
    from keiryo.measurement.forms import FORMS
    from keiryo.measurement.intake import lines_in_force, table_rows

    fields = [f.name for f in FORMS[form].kind.own_fields if f.name != "state"]
    wanted = [text.partition("=") for text in where or ()]
    for name, sign, _ in wanted:
        if not sign or name not in fields:
            raise UsageError(
                f"--where {name[:40]}: there is no such field", f"Fields: {', '.join(fields)}."
            )
    books = opened(db)
    with books.database.reading() as connection:
        metadata = books.database.metadata
        knowledge = asked_knowledge(connection, metadata, as_known)
        lines = lines_in_force(connection, metadata, form, knowledge)
        rows = table_rows(lines, form, export=export)
        if form == "sources" and not export:
            _mark_outdated(connection, metadata, knowledge, rows, findings)
    return [r for r in rows if all(str(r[n] or "") == value for n, _, value in wanted)]


def _mark_outdated(
    connection: Connection,
    metadata: MetaData,
    knowledge: Knowledge,
    rows: list[dict[str, Any]],
    findings: list[Finding] | None,
) -> None:
    """Say, of each error source, whether measurements that it stands on were withdrawn."""
    from keiryo.measurement.outdated import outdated_estimates, without_their_measurements

    marks = {
        (found.source.act, found.source.line): found.words
        for found in without_their_measurements(connection, metadata, knowledge)
    }
    for row in rows:
        row["outdated"] = marks.get((row["act"], row["line"]))
    if findings is not None and marks:
        findings += outdated_estimates(connection, metadata, knowledge)


def _withdraw(form: str, chosen: dict[str, Any], reason: str, db: str | None) -> None:
    from keiryo.measurement.intake import withdraw

    books = opened(db)
    act, count = withdraw(books.database, books.actor, form, chosen, reason)
    print(f"{_rows(count)} withdrawn by act {act.act_id}.")


def withdraw_source(
    source: Annotated[str, typer.Argument(metavar="NAME")],
    reason: ReasonOption,
    db: DbOption = None,
) -> None:
    """Withdraw an error source, with all its dated lines."""
    _withdraw("sources", {"source": source}, reason, db)


def withdraw_stratum(
    mba: Annotated[str, typer.Argument(metavar="MBA")],
    stratum: Annotated[str, typer.Argument(metavar="STRATUM")],
    reason: ReasonOption,
    db: DbOption = None,
) -> None:
    """Withdraw a stratum."""
    _withdraw("strata", {"mba": mba, "stratum": stratum}, reason, db)


def withdraw_result(
    mba: Annotated[str, typer.Argument(metavar="MBA")],
    result: Annotated[str, typer.Argument(metavar="RESULT")],
    reason: ReasonOption,
    batch: Annotated[str | None, typer.Option("--batch", help="For this batch only.")] = None,
    db: DbOption = None,
) -> None:
    """Withdraw a measured value."""
    _withdraw("results", {"mba": mba, "result": result, "batch": batch}, reason, db)


def withdraw_calibration(
    method: Annotated[str, typer.Argument(metavar="METHOD")],
    on: Annotated[str, typer.Option("--on", metavar="DATE", help="Day of the calibration.")],
    reason: ReasonOption,
    instrument: SharedOption = None,
    db: DbOption = None,
) -> None:
    """Withdraw a calibration that did not take place."""
    from keiryo.dates import date_number

    chosen = {
        "method": method,
        "calibrated_on": date_number(day_of(on, "--on")),
        "instrument": instrument,
    }
    _withdraw("calibrations", chosen, reason, db)


def withdraw_controls(
    series: Annotated[str, typer.Argument(metavar="SERIES")],
    reason: ReasonOption,
    session: Annotated[str | None, typer.Option("--session", help="This session only.")] = None,
    item: Annotated[str | None, typer.Option("--item", help="This item only.")] = None,
    line: Annotated[
        str | None, typer.Option("--line", metavar="ACT/LINE", help="This measurement only.")
    ] = None,
    db: DbOption = None,
) -> None:
    """Withdraw control measurements: a series, a session, an item or a single one."""
    from keiryo.errors import UsageError

    chosen: dict[str, Any] = {"series": series, "session": session, "item": item}
    if line is not None:
        act, slash, number = line.partition("/")
        if not (slash and act.isdecimal() and number.isdecimal() and len(line) < 30):
            raise UsageError(f"--line {line[:40]} names no line", "Write it as 12/3.")
        chosen |= {"act_id": int(act), "line_no": int(number)}
    _withdraw("controls", chosen, reason, db)


def withdraw_targets(
    edition: Annotated[str, typer.Argument(metavar="EDITION")],
    reason: ReasonOption,
    method: Annotated[str | None, typer.Option("--method", help="Of this method only.")] = None,
    db: DbOption = None,
) -> None:
    """Withdraw the target values of an edition."""
    _withdraw("targets", {"edition": edition, "method": method}, reason, db)


def record_calibration(
    method: Annotated[str, typer.Argument(metavar="METHOD")],
    on: Annotated[str, typer.Option("--on", metavar="DATE", help="Day of the calibration.")],
    instrument: SharedOption = None,
    standard: Annotated[
        str | None, typer.Option("--standard", help="Reference standard used.")
    ] = None,
    certificate: Annotated[
        str | None, typer.Option("--certificate", help="Certificate or record.")
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record a calibration."""
    from keiryo.measurement.intake import record_rows

    row = {
        "method": method,
        "instrument": instrument,
        "calibrated_on": on,
        "standard": standard,
        "certificate": certificate,
    }
    books = opened(db)
    _show_imported(record_rows(books.database, books.actor, "calibrations", [row]), format_)
