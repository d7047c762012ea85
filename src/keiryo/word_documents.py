"""Word documents: words that they can hold, tables, and the same bytes for the same content.

A document has no time of its making, so that the same record makes the same bytes.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def plain_words(words: str) -> str:
    """Return words without the signs that XML cannot hold."""
    kept = (one for one in words if one in "\t\n" or (one >= " " and one not in "\ufffe\uffff\x7f"))
    return "".join(one for one in kept if not "\ud800" <= one <= "\udfff")


def add_table(made: Any, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Add a table to a document, its heads in bold; nothing for no rows.

    Parameters
    ----------
    made : docx.document.Document
    heads : sequence of str
        Empty: a table without heads.
    rows : sequence of sequence of str
    """
    if not rows:
        return
    table = made.add_table(rows=0, cols=len(rows[0]))
    table.style = "Table Grid"
    for row in [*([heads] if heads else []), *rows]:
        for cell, words in zip(table.add_row().cells, row, strict=True):
            cell.text = words
    if heads:
        for cell in table.rows[0].cells:
            for run in cell.paragraphs[0].runs:
                run.bold = True


def document_bytes(made: Any) -> bytes:
    """Return a document as bytes, the same for the same content."""
    stream, packed = io.BytesIO(), io.BytesIO()
    made.save(stream)
    with (
        zipfile.ZipFile(io.BytesIO(stream.getvalue())) as before,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name in before.namelist():
            part = zipfile.ZipInfo(name, _ZIP_TIME)
            part.compress_type = zipfile.ZIP_DEFLATED
            after.writestr(part, before.read(name))
    return packed.getvalue()
