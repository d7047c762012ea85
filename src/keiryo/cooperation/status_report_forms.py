"""A status report as a file: PDF, Word document or Markdown, the same bytes from the same books.

The PDF is set by the template ``data/status_report.typ`` in the font that keiryo ships; what people
wrote reaches it as data and is never read as markup. The Word document has no time of its making
other than that of the last act.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from importlib.resources import as_file, files
from typing import Any

from keiryo.cooperation.status_report import StatusReport
from keiryo.cooperation.status_report_text import document
from keiryo.dates import parse_utc
from keiryo.errors import UsageError

FONT = "BIZ UDPGothic"
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def as_file_of(report: StatusReport, ending: str, language: str = "en") -> bytes:
    """Return a report as the bytes of a file.

    Parameters
    ----------
    report : StatusReport
    ending : {"pdf", "docx", "md"}
        How the name of the file ends.
    language : {"en", "ja"}

    Raises
    ------
    UsageError
        If there is no such form or language.
    """
    made = FORMS.get(ending.lower().removeprefix("."))
    if made is None:
        raise UsageError(
            f"a status report is no {ending[:20]!r} file",
            f"Let the name end in {', '.join('.' + one for one in FORMS)}.",
        )
    return made(report, language)


def as_pdf(report: StatusReport, language: str = "en") -> bytes:
    """Return a report as the bytes of a PDF file, A4 across."""
    import typst

    content = json.dumps(document(report, language), ensure_ascii=False)
    with as_file(files("keiryo.data")) as folder:
        made: Any = typst.compile(
            folder / "status_report.typ",
            root=folder,
            font_paths=[folder / "fonts"],
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs={"document": content},
            timestamp=int(parse_utc(report.recorded_at).timestamp()),
        )
    return bytes(made)


def as_markdown(report: StatusReport, language: str = "en") -> bytes:
    """Return a report as Markdown: a table for each working group."""
    told = document(report, language)
    made = [f"# {told['title']}: {_md(told['subtitle'])}", ""]
    made += [f"- {_md(name)}: {_md(value)}" for name, value in told["header"]]
    if told["empty"]:
        made += ["", told["empty"]]
    for group in told["groups"]:
        made += ["", f"## {_md(group['title'])}", ""]
        rows = [_cells(line) for line in group["lines"]]
        made += _md_table(told["columns"], rows)
    for section in told["sections"]:
        made += ["", f"## {_md(section['title'])}", ""]
        made += _md_table(section["heads"], section["rows"])
    if told["joint"]:
        words = told["words"]
        made += ["", f"## {words['joint']}", ""]
        made += _md_table(["", words["english"], words["japanese"]], told["joint"])
    made += ["", " · ".join(f"{name} {value}" for name, value in told["trace"]), ""]
    return "\n".join(made).encode()


def _cells(line: Mapping[str, Any]) -> list[str]:
    """Return a line of the status sheet as one text for each column."""
    title = " ".join(one for one in (line["title"], f"[{line['closed']}]") if one != "[]")
    about = [title, *(f"{name}: {value}" for name, value in line["commitment"])]
    date = " ".join(one for one in (line["date"], line["overdue"]) if one)
    said = (line[name] for name in ("last", "change", "next", "owner"))
    return [line["number"], "\n".join(about), *said, date]


def _md(words: str) -> str:
    """Return words that Markdown shows as they are."""
    for sign in "\\`*_{}[]<>#|~":
        words = words.replace(sign, "\\" + sign)
    return "<br>".join(words.splitlines())


def _md_table(heads: list[str], rows: list[list[str]]) -> list[str]:
    made = [heads, ["---"] * len(heads), *([_md(cell) for cell in row] for row in rows)]
    return ["| " + " | ".join(row) + " |" for row in made]


def as_docx(report: StatusReport, language: str = "en") -> bytes:
    """Return a report as a Word document, A4 across."""
    import docx
    from docx.enum.section import WD_ORIENT
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt

    told = document(report, language)
    made = docx.Document()
    page = made.sections[0]
    page.orientation = WD_ORIENT.LANDSCAPE
    page.page_width, page.page_height = Mm(297), Mm(210)
    page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = Mm(16)
    for name in ("Normal", "Title", "Heading 1"):
        style: Any = made.styles[name]
        style.font.name = FONT
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for side in ("w:ascii", "w:hAnsi", "w:eastAsia"):
            fonts.set(qn(side), FONT)
        for theme in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
            fonts.attrib.pop(qn(theme), None)
    made.styles["Normal"].font.size = Pt(9)
    _docx_content(made, told)
    core, time = made.core_properties, parse_utc(report.recorded_at).replace(tzinfo=None)
    core.title, core.author, core.last_modified_by = told["title"], "keiryo", "keiryo"
    core.comments, core.language = "", told["language"]
    core.created = core.modified = time
    made_file = io.BytesIO()
    made.save(made_file)
    return _same_bytes(made_file.getvalue())


_WIDTHS_MM = (10, 92, 46, 40, 33, 22, 22)


def _docx_content(made: Any, told: Mapping[str, Any]) -> None:
    made.add_heading(told["title"], 0)
    made.add_paragraph(_plain(told["subtitle"]))
    _docx_table(made, None, told["header"], (50, 215))
    if told["empty"]:
        made.add_paragraph(told["empty"])
    for group in told["groups"]:
        made.add_heading(_plain(group["title"]), 1)
        _docx_table(made, told["columns"], [_cells(one) for one in group["lines"]], _WIDTHS_MM)
    for section in told["sections"]:
        made.add_heading(_plain(section["title"]), 1)
        _docx_table(made, section["heads"], section["rows"], (35, 60, 85, 85))
    if told["joint"]:
        words = told["words"]
        made.add_heading(words["joint"], 1)
        heads = ["", words["english"], words["japanese"]]
        _docx_table(made, heads, told["joint"], (25, 120, 120))
    trace = "   ".join(f"{name} {value}" for name, value in told["trace"])
    made.sections[0].footer.paragraphs[0].text = trace


def _docx_table(
    made: Any, heads: list[str] | None, rows: list[list[str]], widths_mm: tuple[int, ...]
) -> None:
    from docx.oxml import OxmlElement
    from docx.shared import Mm

    table = made.add_table(rows=0, cols=len(widths_mm))
    table.style = "Table Grid"
    table.autofit = False
    for number, row in enumerate([*([heads] if heads is not None else []), *rows]):
        cells = table.add_row().cells
        for cell, content, width in zip(cells, row, widths_mm, strict=True):
            cell.width = Mm(width)
            cell.text = _plain(content)
            if heads is not None and number == 0:
                for run in cell.paragraphs[0].runs:
                    run.bold = True
    if heads is not None:
        properties = table.rows[0]._tr.get_or_add_trPr()
        properties.append(OxmlElement("w:tblHeader"))


def _plain(words: str) -> str:
    """Return words without the signs that XML cannot hold."""
    return "".join(one for one in words if one in "\t\n" or (one >= " " and one not in _NO_XML))


_NO_XML = frozenset("\ufffe\uffff\x7f")


def _same_bytes(content: bytes) -> bytes:
    """Return a Word document without the time at which its parts were packed."""
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


FORMS: Mapping[str, Callable[[StatusReport, str], bytes]] = {
    "pdf": as_pdf,
    "docx": as_docx,
    "md": as_markdown,
}
"""The forms of a report by how the name of the file ends."""
