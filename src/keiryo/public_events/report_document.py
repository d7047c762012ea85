"""Final reports as Word documents: of an event, and to the lender of instruments.

The document has no time of its making, so that the same record makes the same bytes.
"""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_LATER_NAMES = {"rate_per_h": "rate in 1/h"}


def as_docx(told: Mapping[str, Any]) -> bytes:
    """Return a report as a Word document, A4 across: what is one value first, then the tables.

    Parameters
    ----------
    told : mapping
        As `keiryo.public_events.closing.final_report` or
        `keiryo.public_events.hand_back.lender_report` returns it.
    """
    import docx
    from docx.enum.section import WD_ORIENT
    from docx.shared import Mm, Pt

    made = docx.Document()
    page = made.sections[0]
    page.orientation = WD_ORIENT.LANDSCAPE
    page.page_width, page.page_height = Mm(297), Mm(210)
    page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = Mm(16)
    style: Any = made.styles["Normal"]
    style.font.size = Pt(9)
    lender = f" to {told['lender']}" if "lender" in told else ""
    title = _plain(f"Final report{lender}: {told['title']}")
    made.add_heading(title, 0)
    _table(made, [], [[_name(k), _shown(v)] for k, v in told.items() if not isinstance(v, list)])
    for name, rows in told.items():
        if not isinstance(rows, list):
            continue
        made.add_heading(_name(name).capitalize(), 1)
        if not rows:
            made.add_paragraph("None.")
        elif isinstance(rows[0], Mapping):
            heads = list(rows[0])
            _table(made, heads, [[_shown(one.get(head)) for head in heads] for one in rows])
        else:
            for one in rows:
                made.add_paragraph(_shown(one), style="List Bullet")
    core = made.core_properties
    core.title, core.author, core.last_modified_by, core.comments = title[:255], "keiryo", "", ""
    core.created = core.modified = datetime.datetime.fromisoformat(str(told["on"]))
    stream = io.BytesIO()
    made.save(stream)
    return _same_bytes(stream.getvalue())


def _name(name: str) -> str:
    return _LATER_NAMES.get(name, name.replace("_", " "))


def _shown(value: Any) -> str:
    """Return a value as people read it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return "; ".join(f"{_name(k)}: {_shown(v)}" for k, v in value.items() if v is not None)
    if isinstance(value, list | tuple):
        if len(value) == 2 and all(isinstance(one, float) for one in value):
            return f"{value[0]:.4g} to {value[1]:.4g}"
        return "\n".join(_shown(one) for one in value) or "–"
    return _plain(str(value))


def _plain(words: str) -> str:
    """Return words without the signs that XML cannot hold."""
    kept = (one for one in words if one in "\t\n" or (one >= " " and one not in "\ufffe\uffff\x7f"))
    return "".join(one for one in kept if not "\ud800" <= one <= "\udfff")


def _table(made: Any, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if not rows:
        return
    table = made.add_table(rows=0, cols=len(rows[0]))
    table.style = "Table Grid"
    shown = [[_name(one) for one in heads]] if heads else []
    for row in [*shown, *rows]:
        for cell, words in zip(table.add_row().cells, row, strict=True):
            cell.text = words
    if heads:
        for cell in table.rows[0].cells:
            for run in cell.paragraphs[0].runs:
                run.bold = True


def _same_bytes(content: bytes) -> bytes:
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as before,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name in before.namelist():
            part = zipfile.ZipInfo(name, _ZIP_TIME)
            part.compress_type = zipfile.ZIP_DEFLATED
            after.writestr(part, before.read(name))
    return packed.getvalue()
