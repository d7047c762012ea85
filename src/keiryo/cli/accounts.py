"""Commands of the books: init, balance, inventory, ledger, batch, accounts, close, why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.options import (
    AsKnownOption,
    DbOption,
    Format,
    FormatOption,
    FromOption,
    RecordedByOption,
    ToOption,
    format_of,
    opened,
    place_of_books,
)
from keiryo.cli.output import show_findings, show_frame, show_json, show_rows

if TYPE_CHECKING:
    from keiryo.accounts.model import Balance

MbaArgument = Annotated[str, typer.Argument(metavar="MBA", help="Material balance area.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(init)
    app.command()(balance)
    app.command()(inventory)
    app.command()(ledger)
    app.command()(batch)
    app.command()(accounts)
    app.command()(close)
    app.command()(why)


def init(
    state: Annotated[str, typer.Option("--state", help="Country code of the State, e.g. XA.")],
    db: DbOption = None,
) -> None:
    """Create the books of a State."""
    from keiryo.api import init_books
    from keiryo.storage.engine import shown

    books = init_books(place_of_books(db), state)
    print(f"Books of {state} created at {shown(books.database.url)}.")
    print(f"You act as {books.actor.person}. Next: keiryo reports import FILE… --context FILE")


def balance(
    mba: Annotated[str, typer.Argument(metavar="MBA", help="MBA code, or the State's code.")],
    from_: FromOption = None,
    to: ToOption = None,
    as_known: AsKnownOption = None,
    recorded_by: RecordedByOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show a material balance.

    Without --from and --to, of the last period that a physical inventory taking ended.
    """
    books = opened(db)
    found = books.balance(mba, start=from_, end=to, as_known=as_known, recorded_by=recorded_by)
    chosen = format_of(format_)
    if chosen is Format.JSON:
        from keiryo.cli.output import finding_dict

        data = found.to_dict()
        data["as_known"] = as_known or recorded_by
        data["findings"] = [finding_dict(f) for f in found.findings]
        show_json(data)
        return
    title = f"{found.place} {found.period.start} to {found.period.end}"
    if as_known or recorded_by:
        title += f", as known {as_known or recorded_by}"
    show_rows(balance_rows(found), chosen, title=title)
    if chosen is Format.TABLE and found.findings:
        print("\nThe balance that was reported disagrees with the books:")
        show_findings(found.findings)


def balance_rows(found: Balance) -> list[dict[str, Any]]:
    """Return a balance as rows: one per code, one column per category and weight."""
    from keiryo.accounts.model import amount_dict
    from keiryo.quantities import Category

    fissile = {
        c for by in found.lines.values() for c, a in by.items() if "fissile" in amount_dict(c, a)
    }
    rows = []
    for code, by_category in found.lines.items():
        row: dict[str, Any] = {"code": code}
        for category in found.categories:
            shown = amount_dict(category, by_category[category]) if category in by_category else {}
            row[f"{category} element {category.unit}"] = shown.get("element")
            if category in fissile and category in Category:
                row[f"{category} fissile g"] = shown.get("fissile")
        rows.append(row)
    return rows


def inventory(
    mba: MbaArgument,
    on: Annotated[str, typer.Option("--on", metavar="DATE", help="Day, e.g. 2025-12-31.")],
    as_known: AsKnownOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show what an area holds, batch by batch.

    The book inventory at the end of a day: the last physical inventory and all changes since.
    """
    from keiryo.accounts.inventory import to_dict

    books = opened(db)
    data = to_dict(books.inventory(mba, on, as_known=as_known))
    chosen = format_of(format_)
    if chosen is Format.JSON:
        show_json(data)
        return
    batches: Any = data["batches"]
    columns = ["batch", "kmp", "mdc", "category", "items", "element", "fissile", "enrichment"]
    show_rows(
        batches,
        chosen,
        title=f"{mba} at the end of {data['on']}",
        columns=columns,
        empty=f"{mba} was empty at the end of {data['on']}.",
    )
    if chosen is Format.TABLE:
        totals: Any = data["totals"]
        for letter, total in totals.items():
            words = ", ".join(f"{k} {v}" for k, v in total.items())
            print(f"  total {letter}: {words}")
        flag = " (some enrichments assumed)" if data["effective_kg_assumed"] else ""
        print(f"  effective kg: {data['effective_kg']}{flag}")


def ledger(
    mba: MbaArgument,
    category: Annotated[
        str | None, typer.Option("--category", help="N, D, E, U, P or T. Default: all.")
    ] = None,
    from_: FromOption = None,
    to: ToOption = None,
    as_known: AsKnownOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show the running book, entry by entry."""
    from keiryo.errors import UsageError
    from keiryo.quantities import Category, format_weight

    if category is not None and category not in list(Category):
        raise UsageError(f"{category!r} is no category", "Give N, D, E, U, P or T.")
    frame = opened(db).ledger(mba, category=category, start=from_, end=to, as_known=as_known)
    rows = []
    for row in frame.to_dicts():
        unit = Category(row["category"]).unit
        shown = {k: row[k] for k in ("date", "report", "entry", "code", "batch", "category")}
        shown["date"] = str(row["date"])
        for name, u in (
            ("element_change", unit),
            ("fissile_change", "g"),
            ("element_book", unit),
            ("fissile_book", "g"),
        ):
            mg = row[f"{name}_mg"]
            shown[name] = None if mg is None else format_weight(mg, u)
        rows.append({**shown, "unit": unit, "act": row["act"], "line": row["line"]})
    show_rows(rows, format_of(format_), title=f"General ledger of {mba}")


def batch(
    name: Annotated[str, typer.Argument(metavar="MBA/BATCH", help="E.g. XAFA/CYL30B-4471.")],
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show all that was stated about a batch.

    Entries that were corrected or deleted since are listed, too.
    """
    from keiryo.errors import UsageError

    mba, slash, batch_name = name.partition("/")
    if not slash:
        raise UsageError(f"{name!r} names no batch", "Write MBA/BATCH; names are unique so only.")
    frame = opened(db).batch(mba, batch_name)
    show_frame(frame, format_of(format_), title=f"History of {name} (weights in mg)")


def accounts(
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="Day; default: today.")
    ] = None,
    mba: Annotated[
        str | None, typer.Option("--mba", help="Only one area; default: the whole State.")
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show retained waste, exemptions, losses.

    All accounts that stand against the books: what a book gains, one of these loses.
    """
    import datetime

    from keiryo.accounts.ledger import counter_accounts
    from keiryo.accounts.model import amount_dict
    from keiryo.dates import parse_date
    from keiryo.errors import UsageError
    from keiryo.places.tables import areas as registered

    try:
        day = parse_date(on) if on else datetime.date.today()
    except ValueError as error:
        raise UsageError(str(error), "Write a date as 2025-12-31.") from None
    books = opened(db)
    with books.database.reading() as connection:
        metadata = books.database.metadata
        known = list(registered(connection, metadata)) if mba is None else [mba]
        found = counter_accounts(connection, metadata, known, day)
    rows = [
        {
            "account": name,
            "category": str(category),
            "element": None,
            "fissile": None,
            **amount_dict(category, amount),
            "unit": category.unit,
        }
        for name, by_category in found.items()
        for category, amount in by_category.items()
    ]
    show_rows(rows, format_of(format_), title=f"Accounts against the books on {day}")


def close(
    mba: MbaArgument,
    pit: Annotated[
        str | None,
        typer.Option("--pit", metavar="DATE", help="Day of the physical inventory; default: last."),
    ] = None,
    rounding: Annotated[
        str | None,
        typer.Option(
            "--rounding", metavar="PROFILE", help="Round as a profile says, with RA lines."
        ),
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Close a balance: compute and record it.

    The period is the one that a physical inventory taking ended.
    """
    closed = opened(db).close(mba, pit, rounding=rounding)
    if format_of(format_) is Format.JSON:
        show_json(
            {**closed.balance.to_dict(), "act": closed.act.act_id, "repeated": closed.repeated}
        )
        return
    found = closed.balance
    word = "was closed before, in" if closed.repeated else "closed by"
    show_rows(
        balance_rows(found),
        format_of(format_),
        title=f"{mba} {found.period.start} to {found.period.end}, {word} act {closed.act.act_id}",
    )
    show_findings(found.findings)


def why(
    asked: Annotated[
        str,
        typer.Argument(
            metavar="OBJECT",
            help="A figure (XAFA/MF/E), a batch (XAFA/CYL30B-4471), entry:XAFA/106/4, "
            "report:XAFA/106, act:8.",
        ),
    ],
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show what a figure or batch rests on.

    The acts, lines, reports and evidence behind it, back to first receipt.
    """
    data = opened(db).why(asked)
    chosen = format_of(format_)
    if chosen is Format.JSON:
        show_json(data)
    elif chosen is Format.CSV:
        show_rows(data["links"], chosen, columns=["from", "relation", "to"])
    else:
        show_chain(data)


DEEPEST = 12
"""How many links deep an evidence chain is printed."""


def show_chain(data: dict[str, Any]) -> None:
    """Print an evidence chain as a tree; what was shown before is only named again."""
    lines = {f"line:{row['act']}/{row['line']}": row for row in data["lines"]}
    acts = {f"act:{act['act']}": act for act in data["acts"]}
    children: dict[str, list[tuple[str, str]]] = {}
    for link in data["links"]:
        children.setdefault(link["from"], []).append((link["relation"], link["to"]))
    shown: set[str] = set()

    def walk(node: str, relation: str, depth: int) -> None:
        words = f"{node}  {_line_words(lines[node])}" if node in lines else node
        if node in acts and acts[node]["reason"]:
            words += f"  {acts[node]['reason']}"
        again = node in shown and bool(children.get(node))
        print(f"{'  ' * depth}{relation + ' ' if relation else ''}{words}{' (above)' * again}")
        if again or depth >= DEEPEST:
            return
        shown.add(node)
        for next_relation, target in children.get(node, []):
            walk(target, next_relation, depth + 1)

    walk(data["node"], "", 0)
    counts = {k: len(data[k]) for k in ("acts", "lines", "reports", "evidence")}
    print("Behind it: " + ", ".join(f"{n} {name}" for name, n in counts.items()) + ".")
    if data["truncated"]:
        print("The chain is longer than shown; ask for one of its batches or entries.")


_SHOWN = {
    "error_source": ("source", "kind", "relative_sd", "absolute_sd_kg", "state", "reference"),
    "stratum_method": ("mba", "stratum", "element_sources", "isotope_sources", "state"),
    "measurement_result": ("result", "basis", "value", "unit", "method", "measured_on", "state"),
    "calibration": ("method", "instrument", "calibrated_on", "certificate", "state"),
    "control_measurement": (
        *("series", "session", "item", "measured_on", "measured", "reference", "unit", "state"),
    ),
    "evaluation": ("mba", "category", "quantity", "muf_mg", "sigma_muf_mg", "verdict"),
}
"""What is shown of lines about measurements and evaluations."""

_NAMED = frozenset(
    {"relative_sd", "absolute_sd_kg", "session", "reference", "muf_mg", "sigma_muf_mg"}
)
"""Values that are not clear without their name."""


def _line_words(row: dict[str, Any]) -> str:
    from keiryo.quantities import Category, format_weight

    values = row["values"]
    words = [row["kind"]]
    words += [str(values[k]) for k in ("code", "event_date", "pit_date", "batch") if k in values]
    words += [
        f"{name} {values[name]}" if name in _NAMED else str(values[name])
        for name in _SHOWN.get(row["kind"], ())
        if name in values and (name, values[name]) != ("state", "in force")
    ]
    if "element_mg" in values and "category" in values:
        unit = Category(values["category"]).unit
        words.append(f"{format_weight(values['element_mg'], unit)} {unit} {values['category']}")
    if values.get("report_no") is not None:
        words.append(f"report {values['report_no']}/{values.get('entry_no', '')}".rstrip("/"))
    return " ".join(words)
