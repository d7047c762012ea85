"""Final reports as Word documents: of an event, and to the lender of instruments."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from keiryo.word_documents import add_table, document_bytes, plain_words

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
    title = plain_words(f"Final report{lender}: {told['title']}")
    made.add_heading(title, 0)
    add_table(made, [], [[_name(k), _shown(v)] for k, v in told.items() if not isinstance(v, list)])
    for name, rows in told.items():
        if not isinstance(rows, list):
            continue
        made.add_heading(_name(name).capitalize(), 1)
        if not rows:
            made.add_paragraph("None.")
        elif isinstance(rows[0], Mapping):
            heads = list(rows[0])
            add_table(
                made,
                [*map(_name, heads)],
                [[_shown(one.get(head)) for head in heads] for one in rows],
            )
        else:
            for one in rows:
                made.add_paragraph(_shown(one), style="List Bullet")
    core = made.core_properties
    core.title, core.author, core.last_modified_by, core.comments = title[:255], "keiryo", "", ""
    core.created = core.modified = datetime.datetime.fromisoformat(str(told["on"]))
    return document_bytes(made)


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
    return plain_words(str(value))
