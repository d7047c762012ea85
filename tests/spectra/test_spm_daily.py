"""Daily files of spectroscopic portals: times, colours and identifications, and files cut off."""

from __future__ import annotations

import pytest

from keiryo.spectra.reading import read_content
from keiryo.spectra.spectrum import SpectrumFileError

DAY = """S1,NaI,SPM,8,T,NSigma,8,Width,14
S2,Aa1,0,0,661,-5
GB,Aa1,1,2,3,4,5,6,7,8
GB,Ba1,1,2,3,4,5,6,7,8
NB,300,5,6
BX,2016-06-01 15:00:00.000 -07
GS,Aa1,001,1,1,1,1,1,1,1,1
GS,Ba1,001,1,1,1,1,1,1,1,1
NS,10,001,0,1
GS,Aa1,002,1,1,1,1,1,1,1,2
ID,Cs-137,Aa1,Ba1,001,002
AB,Gamma,300,1,2,3,4,5,6,7,8
AB,Neutron,300,12
GX,Red,17,2016-06-01 15:03:44.163 -07,x.n42,5.1,6.2
"""


def test_a_day() -> None:
    found = read_content(DAY.encode(), ".txt")
    assert found.problems == ()
    told = [(one.detector, one.role, one.live_s, one.total) for one in found.spectra]
    assert told == [
        ("Aa1", "background", 300, 36),
        ("Ba1", "background", 300, 36),
        ("Aa1", "foreground", 1, 8),
        ("Ba1", "foreground", 1, 8),
        ("Aa1", "foreground", 1, 9),
        ("", "background", 300, 36),
    ]
    assert found.spectra[0].start == "2016-06-01T21:55:00Z"
    assert found.spectra[2].start == "2016-06-01T22:03:42.163000Z"
    assert {one.calibration.state for one in found.spectra} == {"none"}
    (occupancy,) = found.more["occupancies"]
    assert (occupancy["number"], occupancy["colour"]) == ("17", "Red")
    (identified,) = occupancy["identifications"]
    assert (identified["nuclide"], identified["detectors"]) == ("Cs-137", ["Aa1", "Ba1"])
    assert occupancy["neutrons"][0] == {"slice": 1, "seconds": 1.0, "counts": [0, 1]}


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("GX,Red,17,2016-06-01 15:03:44.163 -07,x.n42,5.1,6.2\n", "", "INCOMPLETE"),
        ("BX,2016-06-01 15:00:00.000 -07\n", "", "INCOMPLETE"),
        ("GS,Aa1,002,1,1,1,1,1,1,1,2", "GS,Aa1,002,1,1,1", "INCOMPLETE"),
        ("GS,Aa1,002,1,1,1,1,1,1,1,2", "GS,Aa1,002,1,1,1,1,1,1,1,-2", "COUNTS"),
        ("GS,Aa1,002,", "GS,Aa1,two,", "RECORD"),
        ("NB,300", "NB,0", "TIME"),
        ("S1,NaI,SPM,8,T,NSigma,8,Width,14\n", "S1,\n", "RECORD"),
        ("S2,", "QQ,", "RECORD"),
    ],
)
def test_what_is_wrong_is_told_and_the_rest_kept(before: str, after: str, code: str) -> None:
    assert before in DAY
    found = read_content(DAY.replace(before, after).encode(), ".txt")
    assert code in [one.code for one in found.problems]
    assert found.spectra


def test_a_day_cut_anywhere_tells_it() -> None:
    whole = len(read_content(DAY.encode(), ".txt").spectra)
    for end in range(40, len(DAY) - 1):
        try:
            found = read_content(DAY[:end].encode(), ".txt")
        except SpectrumFileError:
            continue
        if len(found.spectra) < whole:
            at_line = DAY[end - 1] == "\n" and "GX" not in DAY[:end] and "GS" not in DAY[:end]
            assert at_line or "INCOMPLETE" in [one.code for one in found.problems]


def test_commas_at_the_end_and_lines_that_stand_there_twice() -> None:
    commas = read_content(DAY.replace("\n", ",\n").encode(), ".txt")
    plain = read_content(DAY.encode(), ".txt")
    assert commas.problems == ()
    assert commas.more["occupancies"] == plain.more["occupancies"]
    twice = read_content("".join(f"{row}\n{row}\n" for row in DAY.splitlines()).encode(), ".txt")
    assert {one.code for one in twice.problems} == {"LINE_REPEATED"}
    assert len(twice.more["occupancies"]) == 1
    counted = [one.total for one in twice.spectra if one.role == "foreground"]
    assert counted == [8, 8, 9]


def test_an_end_that_is_no_time_is_told() -> None:
    found = read_content(DAY.replace("2016-06-01 15:03:44.163 -07", "noon").encode(), ".txt")
    assert [one.code for one in found.problems] == ["DATE"]
