"""Where evaluations are written to: a page that opens offline, charts as SVG and PNG."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_pages(
    result: Mapping[str, Any], report: Path | None, charts: Path | None, *, process: bool
) -> list[str]:
    """Write the page and the charts of an evaluation; return a sentence for each that was written.

    Parameters
    ----------
    result : mapping
        What the command prints as JSON.
    report, charts : Path or None
        File of the page; folder of the charts.
    process : bool
        Whether process data were evaluated, rather than an area of the books.

    Raises
    ------
    UsageError
        If a file cannot be written.
    """
    if report is None and charts is None:
        return []
    import keiryo
    from keiryo.charts.balance_page import balance_charts, balance_page
    from keiryo.charts.model import write_charts
    from keiryo.charts.sequence_page import sequence_charts, sequence_page
    from keiryo.errors import UsageError

    draw, page = (sequence_charts, sequence_page) if process else (balance_charts, balance_page)
    told = []
    try:
        if report is not None:
            content = page({**result, "version": f"keiryo {keiryo.__version__}"})
            report.write_text(content, encoding="utf-8", newline="\n")
            told.append(f"The page was written to {report}.")
        if charts is not None:
            written = write_charts(draw(result), charts)
            told.append(f"{len(written)} files with charts were written to {charts}.")
    except OSError as error:
        place = error.filename or report or charts
        raise UsageError(
            f"{place} cannot be written: {error.strerror}", "Choose another place."
        ) from error
    return told
