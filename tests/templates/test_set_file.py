"""Sets of templates in a file of our own: read as written, and nothing else accepted."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from keiryo.spectra.spectrum import SpectrumFileError
from keiryo.templates.set_file import set_bytes
from keiryo.templates.template_set import Template, TemplateSet, load_templates

EDGES = np.linspace(0.0, 3000.0, 9)
RATES = np.random.default_rng(3).uniform(0, 5, (2, 8)).astype(np.float32)
SET = TemplateSet(
    *("a detector", EDGES, RATES, np.full(8, 2.0)),
    (Template("Cs137_Lead", "Cs-137", "Lead", 5.0, "made"), Template("K40", "K-40", "Slab")),
)


def other(**parts: bytes | None) -> bytes:
    """Return the content of the file with some of its members exchanged or left out."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(set_bytes(SET))) as given, zipfile.ZipFile(stream, "w") as made:
        for name in given.namelist():
            content = parts.get(name.partition(".")[0], given.read(name))
            if content is not None:
                made.writestr(name, content)
    return stream.getvalue()


def array(values: object, kind: str = "f8") -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array(values, dtype=kind), allow_pickle=True)
    return stream.getvalue()


def test_a_set_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "set.npz"
    file.write_bytes(set_bytes(SET, {"response": {"crystal": "NaI"}}))
    found = load_templates(file)
    assert found.templates == SET.templates
    assert (found.detector, found.model_error, found.caution) == ("a detector", 0.05, 1.0)
    assert (found.rates == RATES).all()
    assert (found.edges_kev == EDGES).all()
    assert found.background is not None
    assert (found.background == 2.0).all()
    assert set_bytes(SET) == set_bytes(SET)


@pytest.mark.parametrize(
    "content",
    [
        set_bytes(SET)[:-30],
        other(templates=b"{"),
        other(templates=b"[]"),
        other(templates=b'{"schema": "keiryo.templates/9"}'),
        other(edges=None),
        other(edges=array(EDGES[::-1])),
        other(edges=array([{"no": 1}] * 9, "O")),
        other(rates=array(RATES[:1])),
        other(rates=array(-RATES)),
        other(rates=array(RATES * np.nan)),
        other(rates=array(RATES)[:-8]),
        other(background=array([1.0])),
        other(templates=json.dumps({"schema": "keiryo.templates/1", "templates": [1, 2]}).encode()),
    ],
)
def test_what_is_no_set_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "set.npz"
    file.write_bytes(content)
    with pytest.raises(SpectrumFileError):
        load_templates(file)


def test_a_set_without_background(tmp_path: Path) -> None:
    file = tmp_path / "set.npz"
    file.write_bytes(other(background=None))
    assert load_templates(file).background is None
