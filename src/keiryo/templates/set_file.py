"""A set of templates in one file of our own: an archive of a description and of plain arrays.

``templates.json`` says what the templates are; ``edges.npy``, ``rates.npy`` and, if there is one,
``background.npy`` are arrays of numbers. Nothing in it is ever run when it is read.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from keiryo.nuclides.names import nuclide_name
from keiryo.spectra.spectrum import Problem, SpectrumFileError
from keiryo.templates.model import Template, TemplateSet

SCHEMA = "keiryo.templates/1"
DESCRIPTION = "templates.json"
ARRAYS = ("edges", "rates", "background")
LARGEST_ARRAY, LARGEST_DESCRIPTION = 256 * 1024**2, 8 * 1024**2
_EPOCH = (1980, 1, 1, 0, 0, 0)


def set_bytes(one: TemplateSet, more: Mapping[str, Any] | None = None) -> bytes:
    """Return a set as the content of a file; the same set makes the same bytes.

    Parameters
    ----------
    one : TemplateSet
    more : mapping, optional
        What else the description says: the response that it was made with.
    """
    told = {
        "schema": SCHEMA,
        "detector": one.detector,
        "model_error": one.model_error,
        "caution": one.caution,
        "templates": [
            {
                "label": each.label,
                "nuclide": each.nuclide,
                "shielding": each.shielding,
                "age_s": each.age_s,
                "provenance": each.provenance,
            }
            for each in one.templates
        ],
        "more": dict(more or {}),
    }
    given = {"edges": one.edges_kev, "rates": np.asarray(one.rates, dtype=np.float32)}
    if one.background is not None:
        given["background"] = one.background
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        content = json.dumps(told, indent=1, sort_keys=True).encode()
        archive.writestr(zipfile.ZipInfo(DESCRIPTION, _EPOCH), content, zipfile.ZIP_DEFLATED)
        for name, array in given.items():
            plain = io.BytesIO()
            np.lib.format.write_array(plain, np.ascontiguousarray(array), allow_pickle=False)
            member = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            archive.writestr(member, plain.getvalue(), zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def is_own_form(path: Path) -> bool:
    """Return whether a path is a file of our own form."""
    try:
        if not path.is_file() or not zipfile.is_zipfile(path):
            return False
        with zipfile.ZipFile(path) as archive:
            return DESCRIPTION in archive.namelist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def read_set(path: Path) -> TemplateSet:
    """Read a set of templates of our own form.

    Raises
    ------
    SpectrumFileError
        If the file is damaged or too large, or its parts do not agree.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            told = json.loads(_member(archive, DESCRIPTION, LARGEST_DESCRIPTION))
            arrays = {
                name: _array(_member(archive, f"{name}.npy", LARGEST_ARRAY))
                for name in ARRAYS
                if f"{name}.npy" in archive.namelist()
            }
        return _checked(told, arrays)
    except SpectrumFileError:
        raise
    except (
        *(OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError),
        *(KeyError, TypeError, AttributeError, zlib.error, MemoryError, RecursionError),
    ):
        raise _refused(path.name, "The file of templates is damaged, or is none.") from None


def _refused(place: str, told: str) -> SpectrumFileError:
    return SpectrumFileError([Problem("FILE", place, told)])


def _member(archive: zipfile.ZipFile, name: str, largest: int) -> bytes:
    """Return a member of an archive, if it is no larger than it may be."""
    with archive.open(name) as opened:
        content = opened.read(largest + 1)
    if len(content) > largest:
        raise _refused(name, "A part of the file of templates is too large.")
    return content


def _array(content: bytes) -> np.ndarray:
    """Return an array of numbers; objects are refused unread, and so is more than is there."""
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else None
    if header is None:
        raise ValueError("another version of the form of arrays")
    shape, _order, kind = header(stream)
    if kind.kind != "f" or math.prod(shape) * kind.itemsize != len(content) - stream.tell():
        raise ValueError("an array is not what its head says")
    stream.seek(0)
    found: np.ndarray = np.lib.format.read_array(stream, allow_pickle=False)
    return found.astype(np.float64)


def _checked(told: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> TemplateSet:
    """Return the set whose parts these are, if they agree."""
    if told["schema"] != SCHEMA:
        raise _refused(DESCRIPTION, f"The form of the file is not {SCHEMA}.")
    edges, rates, background = (*(arrays["edges"], arrays["rates"]), arrays.get("background"))
    rising = edges.ndim == 1 and len(edges) > 1 and bool((np.diff(edges) > 0).all())
    if not rising or not np.isfinite(edges).all():
        raise _refused("edges", "The energies of the templates do not rise.")
    channels = len(edges) - 1
    if rates.shape != (len(told["templates"]), channels) or not len(rates):
        raise _refused("rates", "The spectra are not one for each template over all channels.")
    for name, array in (("rates", rates), ("background", background)):
        if array is None:
            continue
        if array.shape[-1:] != (channels,) or not (np.isfinite(array) & (array >= 0)).all():
            raise _refused(name, "Counts are missing, negative or no numbers.")
    templates = []
    for each in told["templates"]:
        nuclide = nuclide_name(str(each["nuclide"]))
        if nuclide is None:
            raise _refused("templates", f"{str(each['nuclide'])[:40]} is no name of a nuclide.")
        age = each.get("age_s")
        named = (str(each["label"]), nuclide, str(each["shielding"]))
        made = Template(*named, None if age is None else float(age), str(each["provenance"]))
        templates.append(made)
    share, caution = float(told["model_error"]), float(told["caution"])
    if not (0 <= share <= 1 and 1 <= caution <= 1000):
        raise _refused(DESCRIPTION, "The stated error of the templates is no share.")
    name = str(told["detector"])
    return TemplateSet(name, edges, rates, background, tuple(templates), (), share, caution)
