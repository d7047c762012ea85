"""Commands of profiles: the deadlines board, the profiles themselves, the national view."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.options import (
    AsKnownOption,
    DbOption,
    Format,
    FormatOption,
    day_or_today,
    format_of,
    opened,
    optional_day,
)
from keiryo.cli.output import show_json, show_rows

if TYPE_CHECKING:
    import datetime

    from keiryo.oversight.deadlines import Duty
    from keiryo.profile_files import ProfileTables
    from keiryo.profiles import Profile

OnOption = Annotated[str | None, typer.Option("--on", metavar="DATE", help="Day; default: today.")]
ProfileFileOption = Annotated[
    Path | None,
    typer.Option("--profile-file", metavar="FILE.toml", help="A file with profiles of your own."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(deadlines)
    app.command("national-view")(national_view)
    group = typer.Typer(help="Profiles: what is asked for, and by when.", no_args_is_help=True)
    group.command("list")(list_)
    group.command("show")(show)
    app.add_typer(group, name="profile")


def deadlines(
    on: OnOption = None,
    mba: Annotated[str | None, typer.Option("--mba", help="Only one area; default: all.")] = None,
    profile: Annotated[
        str | None,
        typer.Option("--profile", metavar="NAME", help="What is asked for. Default: code10."),
    ] = None,
    profile_file: ProfileFileOption = None,
    ics: Annotated[
        Path | None, typer.Option("--ics", metavar="FILE", help="Write a calendar file, too.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Show what is done as well.")] = False,
    in_force: Annotated[
        str | None,
        typer.Option(
            "--in-force", metavar="DATE", help="Entry into force; the initial report follows."
        ),
    ] = None,
    holidays: Annotated[
        Path | None, typer.Option("--holidays", metavar="FILE", help="Holidays, one day per line.")
    ] = None,
    sent: Annotated[
        Path | None,
        typer.Option(
            "--sent", metavar="FILE.csv", help="Sent beside the books: mba,kind,period,sent_on."
        ),
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show what is due, and by when.

    As of a day: later reports are not known yet. JSON lists what is done as well.
    """
    from keiryo.duty_rules import read_holidays
    from keiryo.oversight.deadlines import calendar_from, read_sent
    from keiryo.oversight.deadlines import deadlines as due

    day = day_or_today(on, "--on")
    rules = _chosen_profile(profile, profile_file, day)
    off = read_holidays(_text(holidays), str(holidays)) if holidays else frozenset()
    told = read_sent(_text(sent), str(sent)) if sent else None
    books = opened(db)
    with books.database.reading() as connection:
        found = due(
            *(connection, books.database.metadata, day, rules),
            mba=mba,
            in_force=optional_day(in_force, "--in-force"),
            holidays=off,
            sent=told,
        )
    if ics is not None:
        _write_calendar(ics, calendar_from(day, found), f"{books.state} {rules.name}")
    chosen = format_of(format_)
    complete = all_ or chosen is Format.JSON  # a program can choose by state
    listed = found if complete else [duty for duty in found if not duty.done]
    _show_board(listed, found, chosen, f"Due on {day}, profile {rules.name}")


def _show_board(listed: list[Duty], found: list[Duty], chosen: Format, title: str) -> None:
    from keiryo.oversight.deadlines import shown_state, summary

    if chosen is not Format.TABLE:
        show_rows([duty.to_dict() for duty in listed], chosen)
        return
    rows = [
        {
            "due": duty.due.isoformat(),
            "state": shown_state(duty),
            "mba": duty.mba,
            "kind": duty.kind,
            "period": duty.period,
            "form": duty.form,
            "done by": duty.report,
            "dated": duty.dated,
            "about": duty.subject,
        }
        for duty in listed
    ]
    columns = ["due", "state", "mba", "kind", "period"]
    columns += [n for n in ("form", "done by", "dated", "about") if any(r[n] for r in rows)]
    show_rows(rows, Format.TABLE, title=title, columns=columns, empty="Nothing is due.")
    counts = summary(found)
    if counts:
        print(", ".join(f"{number} {state}" for state, number in sorted(counts.items())) + ".")
    if any(not duty.in_books for duty in listed):
        print("Some of these leave no trace in the books; list with --sent what was sent.")


def _write_calendar(path: Path, duties: list[Duty], name: str) -> None:
    import datetime
    import sys

    from keiryo.errors import UsageError
    from keiryo.oversight.calendar_file import calendar_text

    now = datetime.datetime.now(datetime.UTC)
    try:
        path.write_bytes(calendar_text(duties, name=f"Deadlines {name}", stamp=now).encode())
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", "Choose another.") from None
    print(f"{len(duties)} deadlines written to {path}.", file=sys.stderr)


def list_(
    profile_file: ProfileFileOption = None,
    on: OnOption = None,
    format_: FormatOption = None,
) -> None:
    """List the profiles."""
    from keiryo.errors import NotFoundError
    from keiryo.profile_files import shipped_tables
    from keiryo.profiles import code_tables, folder_tables, vocabulary_names
    from keiryo.profiles import profile as profile_on

    day = day_or_today(on, "--on")
    own = _own_tables(profile_file) or folder_tables()
    rows = []
    for name in (*shipped_tables().names(), *own.names()):
        try:
            found = profile_on(name, day, own)
        except NotFoundError:
            continue  # it does not hold on that day
        rows.append(
            {
                "name": name,
                "title": found.title,
                "categories": "".join(found.categories),
                "status": found.version.status,
                "from": found.version.valid_from.isoformat(),
                "duties": len(found.duties),
                "source": found.version.source,
            }
        )
    for name in vocabulary_names():
        tables = code_tables(name)
        title = f"vocabulary only: {tables[0].name}"
        source, status = tables[0].source, tables[0].status
        rows.append({"name": name, "title": title, "status": status, "source": source})
    columns = ["name", "title", "categories", "status", "from", "duties"]
    chosen = format_of(format_)
    if chosen is not Format.TABLE:
        columns.append("source")
    show_rows(rows, chosen, columns=columns)


def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="E.g. code10, euratom, japan.")],
    profile_file: ProfileFileOption = None,
    on: OnOption = None,
    format_: FormatOption = None,
) -> None:
    """Show a profile: its duties and codes.

    Each with the source it comes from and whether that was verified.
    """
    from keiryo.profiles import code_tables, vocabulary_names

    day = day_or_today(on, "--on")
    own = _own_tables(profile_file)
    known = None if name in vocabulary_names() else _chosen_profile(name, profile_file, day)
    tables = code_tables(name, own)
    chosen = format_of(format_)
    if chosen is Format.JSON:
        show_json({**_facts(known), "code_tables": [_table_dict(table) for table in tables]})
        return
    if known is not None:
        _show_profile(known, chosen)
    if chosen is Format.CSV:
        return
    for table in tables:
        print()
        rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
        show_rows(rows, chosen, title=f"{table.name} ({_status(table)})")
        print(f"  Source: {table.source}." + (f" {table.note}" if table.note else ""))


def _facts(known: Profile | None) -> dict[str, Any]:
    if known is None:
        return {}
    limits = known.deadlines
    return {
        "name": known.name,
        "title": known.title,
        "source": known.version.source,
        "status": known.version.status,
        "unverified": list(known.version.unverified),
        "design": list(known.version.design),
        "valid_from": known.version.valid_from.isoformat(),
        "categories": "".join(known.categories),
        "rounding_step_mg": dict(known.rounding_step_mg),
        "decimals": dict(known.decimals),
        "transit_warning_days": known.transit_warning_days,
        "transit_inconsistency_days": known.transit_inconsistency_days,
        "booking": known.booking,
        "correction": known.correction,
        "retention_years": known.retention_years,
        "bulk_items": known.bulk_items,
        "pit_months": limits.pit_months,
        "pit_yearly": limits.pit_yearly,
        "duties": [
            {
                "kind": rule.kind,
                "title": rule.title,
                "trigger": rule.trigger,
                "due": rule.words,
                "form": rule.form,
                "report": rule.report,
                "contents": rule.contents,
                "source": rule.source,
                "status": rule.status,
                "unverified": list(rule.unverified),
                "design": list(rule.design),
            }
            for rule in known.duties
        ],
    }


def _table_dict(table: Any) -> dict[str, Any]:
    names = ("name", "source", "status", "unverified", "note", "columns", "rows")
    return {name: getattr(table, name) for name in names}


def _status(thing: Any) -> str:
    """Return how sure a table or rule is, e.g. ``"verified; unverified: meaning"``."""
    words = [str(thing.status)]
    for name in ("unverified", "design"):
        if listed := getattr(thing, name, ()):
            words.append(f"{name}: {', '.join(listed)}")
    return "; ".join(words)


def _show_profile(known: Profile, chosen: Format) -> None:
    facts = _facts(known)
    duties = facts.pop("duties")
    columns = ["kind", "trigger", "due", "form", "status", "source"]
    rows = [{**one, "status": _status(r)} for one, r in zip(duties, known.duties, strict=True)]
    if chosen is Format.CSV:
        show_rows(rows, chosen, columns=["kind", "title", *columns[1:]])
        return
    for key, value in facts.items():
        if isinstance(value, dict):
            value = [f"{number} ({unit})" for unit, number in value.items()]
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        if shown not in (None, ""):
            print(f"{key.replace('_', ' ')}: {shown}")
    print()
    show_rows(rows, chosen, title="Duties", columns=columns)


def national_view(
    mba: Annotated[str, typer.Argument(metavar="MBA", help="Material balance area.")],
    on: OnOption = None,
    profile: Annotated[
        str, typer.Option("--profile", metavar="NAME", help="Whose categories.")
    ] = "hl_split",
    profile_file: ProfileFileOption = None,
    as_known: AsKnownOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show an inventory in national categories.

    High (H) and low (L) enriched uranium are told apart by the enrichment of each batch; sums
    are those of the books. What passed 20 % is listed.
    """
    from keiryo.accounts.national_view import national_inventory, to_dict
    from keiryo.api import knowledge_of

    day = day_or_today(on, "--on")
    rules = _chosen_profile(profile, profile_file, day)
    books = opened(db)
    with books.database.reading() as connection:
        known = knowledge_of(as_known, None)
        found = national_inventory(connection, books.database.metadata, mba, day, rules, known)
    data: Any = to_dict(found)
    chosen = format_of(format_)
    if chosen is Format.JSON:
        show_json(data)
        return
    columns = ["batch", "kmp", "mdc", "code10", "category", "element", "fissile", "unit"]
    show_rows(
        data["batches"],
        chosen,
        title=f"{mba} at the end of {day}, categories of {rules.name}",
        columns=[*columns, "enrichment", "straddles", "remark"],
        empty=f"{mba} was empty at the end of {day}.",
    )
    if chosen is Format.CSV:
        return
    for letter, total in data["totals"].items():
        words = f"  total {letter}: element {total['element']} {total['unit']}"
        print(words + (f", fissile {total['fissile']} g" if total["fissile"] else ""))
    if data["movements"]:
        show_rows(data["movements"], chosen, title="Passed 20 % without a category change")


# --- what the commands share ----------------------------------------------------------------------


def _text(path: Path) -> str:
    from keiryo.api import read_file
    from keiryo.errors import UsageError

    try:
        return read_file(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not text in UTF-8", "Save it as plain text.") from None


def _own_tables(path: Path | None) -> ProfileTables | None:
    if path is None:
        return None
    from keiryo.errors import RefusedError
    from keiryo.profile_files import read_profile_files

    tables, findings = read_profile_files([path])
    if findings:
        raise RefusedError(f"the profile file {path} cannot be used", findings, "Correct it first.")
    return tables


def _chosen_profile(name: str | None, path: Path | None, day: datetime.date) -> Profile:
    """Return a profile by name; the only one of a file if it has one and none is named."""
    from keiryo.profiles import profile

    own = _own_tables(path)
    if name is None:
        name = own.names()[0] if own is not None and len(own.names()) == 1 else "code10"
    return profile(name, day, own)
