"""Which form a file of spectra has, told from what stands in it; its ending decides in doubt.

Endings lie: ``.spc`` is used by ORTEC for two binary forms and by others for texts, ``.spe`` by
IAEA, ORTEC and LSRM, ``.txt`` and ``.csv`` by everyone.
"""

from __future__ import annotations

import codecs
import re

from keiryo.spectra.genie_binary import is_cnf
from keiryo.spectra.hdf5_layout import MAGIC
from keiryo.spectra.spectrum import Problem, SpectrumFileError

HEAD = 4096
ENDINGS = {
    "spe": (".spe",),
    "lsrm": (".spe",),
    "iec": (".iec",),
    "n42": (".n42", ".xml"),
    "csv": (".csv", ".txt", ".tsv", ".dat", ".asc"),
    "chn": (".chn",),
    "spc": (".spc",),
    "spc_text": (".spc",),
    "cnf": (".cnf",),
    "pcf": (".pcf",),
    "spm": (".txt", ".csv", ".spm", ".dat", ".log"),
    "uri": (".uri", ".txt"),
    "tka": (".tka",),
    "radiacode": (".xml",),
    "mca": (".mca",),
    "mps": (".mps",),
    "phd": (".phd",),
    "listmode": (".lis",),
    "gr135": (".dat",),
    "gxml": (".gxml", ".xml"),
    "lzs": (".lzs", ".xml"),
    "aram": (".aram",),
    "scan": (".xml",),
    "hdf5": (".h5", ".hdf5"),
}
"""The endings that each form has, in small letters."""
_ARCHIVES = {
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"\x1f\x8b": "gzip",
    b"7z\xbc\xaf": "7z",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"Rar!": "rar",
}
_CODED = re.compile(r"^(?:[A-Z]{2}|[A-Z]{2}[1-3]|S[12]),.*$", re.M)
"""Records of portals: two letters, or S1 and S2, or those with a number after them."""
_COLUMNS = re.compile(
    r"\A\s*(?:#[^\n]*\n\s*)*(?:chan|channel|energy)(?![a-z])[^\n]*\bcounts?\b", re.I
)
_SPE = re.compile(r"^\s*\$[A-Za-z_]+[0-9A-Za-z_]*:?\s*$", re.M)
_LSRM = re.compile(r"^(SHIFR|CONFNAME|TLIVE|MEASBEGIN|DETECTOR)\s*=", re.M)


def text_of(content: bytes) -> str:
    """Return the text of a file: by its mark of order, as UTF-8, or as Latin-1."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return content.decode(name, "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def form_of(content: bytes, ending: str) -> str:
    """Return the form of a file.

    Parameters
    ----------
    content : bytes
    ending : str
        Of the name, with its dot, in any case.

    Returns
    -------
    str
        A key of `ENDINGS`.

    Raises
    ------
    SpectrumFileError
        ``ARCHIVE`` for what must be unpacked first, ``FORM`` where neither content nor ending
        tell what it is.
    """
    ending = ending.lower()
    for magic, name in _ARCHIVES.items():
        if content.startswith(magic):
            told = f"The file is packed ({name}): unpack it, and read what is in it."
            raise SpectrumFileError([Problem("ARCHIVE", "", told)])
    if not content.strip():
        raise SpectrumFileError([Problem("EMPTY", "", "The file is empty.")])
    found = _of_binary(content, ending) or _of_text(content, ending)
    if found is not None:
        return found
    known = next((form for form, endings in ENDINGS.items() if ending in endings), None)
    if known is not None:
        return known
    told = f"Neither what stands in the file nor its ending {ending or '(none)'} tell its form."
    raise SpectrumFileError([Problem("FORM", "", told)])


def ending_problem(form: str, ending: str) -> list[Problem]:
    """Return a finding where a file has another form than its ending says."""
    if ending.lower() in ENDINGS[form]:
        return []
    told = f"The file ends in {ending or 'nothing'}, and holds the form {form}: read as that."
    return [Problem("ENDING", "", told)]


def _of_binary(content: bytes, ending: str) -> str | None:
    if content.startswith(MAGIC):
        return "hdf5"
    if is_cnf(content):
        return "cnf"
    if content[2:5] == b"DHS" or (ending == ".pcf" and b"\0" in content[:HEAD]):
        return "pcf"
    if content[:4] in (b"\x01\0\x01\0", b"\x01\0\x05\0"):
        return "spc"
    if content[:2] == b"\xff\xff" and b"\0" in content[:32]:
        return "chn"
    if content[:3] == b"ZZZ":
        return "gr135"
    if content[:4] in (b"\xeb\xff\xff\xff", b"\x6b\xff\xff\xff") and ending == ".lis":
        return "listmode"
    return None


def _of_text(content: bytes, ending: str) -> str | None:
    head = text_of(content[:HEAD] if len(content) % 2 == 0 else content[: HEAD - 1])
    begin = head.lstrip("\ufeff \t\r\n\0")
    lower = begin.lower()
    if begin.startswith("<<PMCA"):
        return "mca"
    if begin.startswith("<"):
        marks = (("<resultdatafile", "radiacode"), ("<nanomca", "lzs"), ("<event", "n42"))
        return next((form for mark, form in marks if mark in lower), "n42")
    if lower.startswith("raddata:"):
        return "uri"
    if begin.startswith("A004"):
        return "iec"
    if begin.startswith("$") and _SPE.match(begin):
        return "spe"
    if _LSRM.search(head) and "$DATA" not in head:
        return "lsrm"
    plain = head.replace("\r\n", "\n").replace("\r", "\n")
    if _SPE.search(plain) and "," not in plain.split("\n", 1)[0]:
        return "spe"
    coded = _CODED.findall(plain)
    if len(coded) >= 3 or plain.startswith("S1,") or (coded and plain.startswith(coded[0])):
        if any(one.startswith("S1,") or one.count(",") > 40 for one in coded):
            return "spm"
        told = "The file looks like the daily file of a plastic portal: see keiryo portal replay."
        raise SpectrumFileError([Problem("PORTAL", "", told)])
    if _COLUMNS.search(plain):
        return "csv"
    if ending == ".tka" and "\0" not in head:
        return "tka"
    if ending == ".spc" and "\0" not in head:
        return "spc_text"
    return None
