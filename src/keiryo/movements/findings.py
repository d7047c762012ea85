"""Findings about many rows: one for each thing that is wrong, with its first line and how often."""

from __future__ import annotations

import polars as pl

from keiryo.errors import Finding, Severity
from keiryo.movements.files import LINE

MOST = 20
"""How many different values of one mistake are listed; the rest are counted."""


def row_findings(
    frame: pl.DataFrame,
    wrong: pl.Expr,
    code: str,
    message: str,
    advice: str,
    *,
    file: str,
    by: str,
    severity: Severity = Severity.FORMAT,
    label: str | None = None,
) -> list[Finding]:
    """Return one finding for each distinct value of `by` among the rows that are wrong.

    Parameters
    ----------
    frame : polars.DataFrame
        With a column of line numbers.
    wrong : polars.Expr
        Which rows are wrong.
    code, message, advice : str
        ``{value}`` in the message stands for the value.
    file, by : str
    severity : Severity, optional
    label : str, optional
        Column of the file that the finding speaks of.
    """
    found = frame.filter(wrong)
    if found.height == 0:
        return []
    groups = (
        found.group_by(pl.col(by).cast(pl.String).alias("value"))
        .agg(pl.len().alias("rows"), pl.col(LINE).min())
        .sort(LINE)
    )
    findings = []
    for value, rows, line in groups.head(MOST).iter_rows():
        shown = "nothing" if value in (None, "") else repr(str(value)[:60])
        more = "" if rows == 1 else f" ({rows} rows, this is the first)"
        findings.append(
            Finding(code, severity, message.format(value=shown) + more, advice, file=file,
                    line=line, label=label, found=None if value is None else str(value)[:60])
        )  # fmt: skip
    if groups.height > MOST:
        rest = groups.slice(MOST)
        words = f"{rest.height} further values are like that, in {rest['rows'].sum()} rows"
        findings.append(Finding(code, severity, words, advice, file=file, label=label))
    return findings
