"""HDF5 files of becquerel: what it wrote, and the same cut off and damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from keiryo.spectra.becquerel_hdf5 import parse_hdf5
from keiryo.spectra.hdf5_layout import Hdf5Error, read_hdf5
from keiryo.spectra.reading import read_content, read_spectra
from keiryo.spectra.spectrum import SpectrumFileError

FILE = Path(__file__).parent.parent / "data" / "spectra" / "written_by_becquerel.h5"


def test_what_becquerel_wrote() -> None:
    found = read_spectra(FILE)
    (one,) = found.spectra
    assert (found.form, found.problems, one.problems) == ("hdf5", (), ())
    assert one.counts.tolist() == list(range(16))
    assert (one.live_s, one.real_s, one.start) == (10, 11, "2020-01-02T03:04:05")
    assert one.calibration.coefficients == (1.0, 2.0, 1e-4)


def test_all_that_stands_in_a_file() -> None:
    root = read_hdf5(FILE.read_bytes())
    assert sorted(root.values) == ["bin_edges_kev", "bin_edges_raw", "counts", "uncs"]
    assert root.groups["energy_cal"].values["expression"] == "p[0] + p[1] * x**1 + p[2] * x**2"
    edges = root.values["bin_edges_kev"]
    assert isinstance(edges, np.ndarray)
    assert edges[[0, 1, 16]] == pytest.approx([1.0, 3.0001, 33.0256])


@pytest.mark.parametrize("share", [0, 1, 10, 50, 90, 99])
def test_a_cut_file_is_refused(share: int) -> None:
    content = FILE.read_bytes()
    cut = content[: max(len(content) * share // 100, 9)]
    with pytest.raises(SpectrumFileError):
        parse_hdf5(cut)


def test_damaged_files_end_in_words() -> None:
    random, content = np.random.default_rng(7), FILE.read_bytes()
    for _ in range(150):
        damaged = bytearray(content)
        for at in random.integers(8, 6000, 8):
            damaged[at] = int(random.integers(256))
        try:
            read_content(bytes(damaged), ".h5")
        except SpectrumFileError as error:
            assert error.problems


def test_other_layouts_are_told() -> None:
    content = bytearray(FILE.read_bytes())
    content[8] = 3
    with pytest.raises(Hdf5Error, match="layout"):
        read_hdf5(bytes(content))
