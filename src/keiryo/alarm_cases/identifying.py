"""The identification of a case by a spectrum: spectrum, background and answer are kept together."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path, PurePath

from keiryo.alarm_cases.record_forms import refusing
from keiryo.alarm_cases.results import Answer, read_identification
from keiryo.errors import Finding
from keiryo.identification.choosing import identify
from keiryo.identification.of_file import beside, foreground, of_detector
from keiryo.spectra.reading import read_content
from keiryo.spectra.spectrum import SpectrumFileError

MOST_BYTES = 64 << 20
"""A larger file is identified apart, and its answer is given."""
GivenFile = tuple[str, bytes]


def identified_file(
    spectrum: GivenFile,
    background: GivenFile | None = None,
    *,
    templates: Path | None = None,
    detector: str | None = None,
) -> tuple[tuple[Answer, str, bytes] | None, list[Finding]]:
    """Return the answer for a spectrum file, as the record takes it, and what is wrong.

    Parameters
    ----------
    spectrum, background : (name, bytes)
        Without a background that of the file itself counts, if it has one.
    templates : Path, optional
        Templates of the detector.
    detector : str, optional
        A usual detector; see `keiryo.identification.choosing.identify`.

    Returns
    -------
    (Answer, str, bytes) or None
        The answer, the name of its file and its bytes: JSON as ``keiryo spectrum identify``
        prints it, with the SHA-256 of what was identified.
    list of Finding
    """
    given = [("spectrum", spectrum), *([("background", background)] if background else [])]
    wrong = [
        _bad(f"the {word} is larger than {MOST_BYTES >> 20} MB")
        for word, one in given
        if len(one[1]) > MOST_BYTES
    ]
    if wrong:
        return None, wrong
    try:
        found = read_content(spectrum[1], PurePath(spectrum[0]).suffix).spectra
        if not found:
            return None, [_bad("the file of the spectrum holds none")]
        chosen = foreground(found)
        quiet = beside(found, chosen)
        if background is not None:
            others = read_content(background[1], PurePath(background[0]).suffix).spectra
            quiet = of_detector(others, chosen)
        told = identify(chosen, quiet, templates=templates, detector=detector).to_dict()
    except SpectrumFileError as error:
        return None, [_bad(one.message) for one in error.problems]
    told["of"] = {
        word: {"name": name, "sha256": hashlib.sha256(content).hexdigest()}
        for word, (name, content) in given
    }
    content = json.dumps(told, default=str).encode()
    answer, findings = read_identification(content)
    if answer is None:
        return None, findings
    return (answer, f"{PurePath(spectrum[0]).stem[:80] or 'spectrum'}.identify.json", content), []


def _bad(message: str) -> Finding:
    return refusing(
        "ALARM-SPECTRUM",
        f"the spectrum cannot be identified: {message.rstrip('.')}",
        "'keiryo spectrum read FILE' shows what the file holds; else give the answer of "
        "'keiryo spectrum identify'.",
    )
