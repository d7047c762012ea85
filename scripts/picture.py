"""Draw the picture of the README: what `keiryo demo` prints, as an SVG."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "src"))
TARGET = TOP / "docs" / "images" / "demo.svg"
COLUMNS = 112
CUT = ("── 4", "── Done")
"""Chapters before the first are shortened to the first area, from the last on left out."""


def printed() -> str:
    """Return what the demonstration prints, in a home folder of its own."""
    from keiryo.cli.app import app

    with tempfile.TemporaryDirectory() as home:
        os.environ["XDG_DATA_HOME"] = home
        os.environ.pop("KEIRYO_DB", None)
        os.environ["KEIRYO_PERSON"] = "P-DEMO"
        stream = io.StringIO()
        with contextlib.redirect_stdout(stream), contextlib.suppress(SystemExit):
            app(["demo"])
        return stream.getvalue().replace(home, "~/.local/share")


def shortened(text: str) -> list[str]:
    """Return the lines that fit a picture: one area's balance stands for the three."""
    lines = [line.rstrip() for line in text.splitlines()]
    last = next(n for n, line in enumerate(lines) if line.startswith(CUT[1]))
    second = next(n for n, line in enumerate(lines) if line.startswith("XARA, "))
    questions = next(n for n, line in enumerate(lines) if line.startswith(CUT[0]))
    return [*lines[1:second], "(XARA and XALA likewise)", "", *lines[questions:last]]


def main() -> int:
    """Write the picture."""
    from rich.console import Console
    from rich.text import Text

    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text("$ make demo", style="bold"))
    for line in shortened(printed()):
        style = "bold cyan" if line.startswith("──") else ""
        if re.search(r"agrees to the milligram|: sound|: holds|: found", line):
            style = "green"
        console.print(Text(line[:COLUMNS], style=style))
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    svg = console.export_svg(title="keiryo demo", unique_id="keiryo")
    # The picture names a font that a reader may have; nothing is fetched from elsewhere.
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    svg = svg.replace("Fira Code", "DejaVu Sans Mono")
    TARGET.write_text("\n".join(s.rstrip() for s in svg.splitlines()) + "\n", encoding="utf-8")
    print(f"{TARGET.relative_to(TOP)}: {TARGET.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
