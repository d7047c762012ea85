"""What would become of a file with rows of measurement, with nothing recorded."""

from __future__ import annotations

from dataclasses import dataclass

from keiryo.errors import Finding, RefusedError, Severity
from keiryo.measurement.forms import FORMS
from keiryo.measurement.intake import Imported, find_doubles, import_table
from keiryo.measurement.news import new_rows
from keiryo.measurement.table_files import TableRow, read_table_file
from keiryo.people.gate import not_permitted
from keiryo.storage.engine import Database
from keiryo.web.pages.evaluation_asked import sees_state_measurements
from keiryo.web.viewer import Viewer


@dataclass(frozen=True, slots=True)
class CheckedTable:
    """What would become of a file.

    Attributes
    ----------
    recorded, unchanged, withdrawn : int
        Rows that would be recorded, that stand in force in the same words, and that would be left
        out because they were withdrawn; nothing of it if the file would be refused.
    findings : tuple of Finding
        All that was found, each with its line and column.
    """

    recorded: int
    unchanged: int
    withdrawn: int
    findings: tuple[Finding, ...]

    @property
    def acceptable(self) -> bool:
        """Whether the file would be imported as it is."""
        return not any(one.severity is Severity.FORMAT for one in self.findings)


def check_table(
    viewer: Viewer, form: str, name: str, content: bytes, *, again: bool
) -> CheckedTable:
    """Check a file as if the viewer were to import it.

    Parameters
    ----------
    viewer : Viewer
    form : str
    name, content : str, bytes
        CSV, or TOML if the name ends in ``.toml``.
    again : bool
        Whether rows that were withdrawn count again.
    """
    chosen = FORMS[form]
    table = read_table_file(
        name, content, chosen.columns, heading=chosen.heading, also_called=chosen.also_called
    )
    for row in table.rows:
        chosen.convert(table, row)
    find_doubles(table, chosen)
    kind = f"measurement.{chosen.heading}"
    if strange := _denied(viewer, kind, _strange(viewer, table.rows)):
        return CheckedTable(0, 0, 0, (*table.findings, *strange))
    with viewer.whole.reading() as connection:
        if table.rows:
            chosen.check(connection, viewer.metadata, table)
        if any(one.severity is Severity.FORMAT for one in table.findings):
            return CheckedTable(0, 0, 0, tuple(table.findings))
        new, left = new_rows(connection, viewer.metadata, chosen, table, again=again)
    unchanged = len(table.rows) - len(new) - left
    if denied := _denied(viewer, kind, new):
        return CheckedTable(0, 0, 0, (*table.findings, *denied))
    return CheckedTable(len(new), unchanged, left, tuple(table.findings))


def import_sent(
    viewer: Viewer, books: Database, form: str, name: str, content: bytes, *, again: bool
) -> Imported:
    """Import a file that the viewer sent, if it is about areas that they see.

    The checks of an import speak of all areas; of those that the viewer does not see nothing is
    told, not even that they are there.

    Parameters
    ----------
    viewer : Viewer
    books : Database
        The books to post to.
    form, name, content, again
        As for `check_table`.

    Raises
    ------
    RefusedError
        If anything in the file is wrong, or it is about an area that the viewer does not see.
    """
    chosen = FORMS[form]
    table = read_table_file(
        name, content, chosen.columns, heading=chosen.heading, also_called=chosen.also_called
    )
    if strange := _denied(viewer, f"measurement.{chosen.heading}", _strange(viewer, table.rows)):
        raise RefusedError(
            f"the {chosen.words} were refused; nothing was recorded",
            (*table.findings, *strange),
            "Put right what the findings say and import the file again.",
        )
    return import_table(books, viewer.actor(), form, name, content, again=again)


def _strange(viewer: Viewer, rows: list[TableRow]) -> list[TableRow]:
    """Return the rows about areas that the viewer does not see: nothing is told about those."""
    if sees_state_measurements(viewer):
        return []
    return [row for row in rows if str(row.values.get("mba") or "") not in ("", *viewer.areas)]


def _denied(viewer: Viewer, kind: str, rows: list[TableRow]) -> list[Finding]:
    """Return why the viewer may not record rows, once for each place that they are about."""
    denied = {}
    for row in rows:
        mba = str(row.values.get("mba") or "")
        area = viewer.areas.get(mba)
        scope = viewer.state if area is None else area.scope
        if (mba and area is None) or not viewer.may_post(kind, scope):
            denied[mba] = not_permitted(kind, mba or scope).finding
    return list(denied.values())
