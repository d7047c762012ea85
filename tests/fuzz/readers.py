"""What every reader must do with any bytes: findings, never an exception, nothing half done.

Run by itself it is a coverage-guided fuzzer: ``python tests/fuzz/readers.py -runs=100000``.
"""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path

NAMES = ("x.txt", "x.xlsx", "x.csv", "x.json", "x")
"""Names under which the same bytes are read; the content decides, the name is only a hint."""

MAX_REPORTS_CHECKED = 50


def read_anything(data: bytes) -> int:
    """Read bytes under the name that their first byte chooses; return the number of findings.

    What was read is checked as a set and written again: neither may fail either.
    """
    from keiryo.errors import Severity
    from keiryo.reports.context import read_context
    from keiryo.reports.formats.any_reader import read_any
    from keiryo.reports.formats.code10_writer import write
    from keiryo.reports.questions.check import check_set

    choice, content = (data[0] if data else 0), data[1:]
    if choice % 8 == 7:
        context, found = read_context(content, "context.json")
        assert context is not None or any(f.severity is Severity.FORMAT for f in found)
        return len(found)
    name = NAMES[choice % len(NAMES)]
    result = read_any([(name, content)])
    reports = result.reports[:MAX_REPORTS_CHECKED]
    found = [*result.findings, *check_set(reports)]
    for one in found:
        assert one.code and one.message and one.place, one
    for report in reports:
        write([report])
    return len(found)


def seeds() -> list[bytes]:
    """Return well-formed inputs of every kind to begin with."""
    from keiryo.reports.formats.code10_reader import read
    from keiryo.reports.formats.report_json import write_json
    from keiryo.reports.formats.table_writer import write_tables

    folder = Path(str(files("keiryo.data").joinpath("state_xa")))
    texts = [(folder / f"{mba}.txt").read_bytes() for mba in ("XAFA", "XARA", "XALA")]
    reports = [report for text in texts for report in read(text, "x").reports]
    short = [b"\n".join(text.splitlines()[:4]) for text in texts]
    found = [b"\x00" + text for text in short]
    for report in reports[:6]:
        found.append(b"\x03" + write_json([report]))
        found.append(b"\x01" + write_tables(report))
    found.append(b"\x07" + (folder / "context.json").read_bytes()[:3000])
    return found


def main() -> None:
    """Fuzz with coverage as the guide."""
    import tempfile

    import atheris

    with atheris.instrument_imports(include=["keiryo"]):
        import keiryo.reports.formats.any_reader
        import keiryo.reports.questions.check  # noqa: F401
    corpus = Path(tempfile.mkdtemp(prefix="keiryo-fuzz-"))
    for number, seed in enumerate(seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup([*sys.argv, str(corpus)], read_anything)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
