"""SPE and column files as they are found: each variant read, or refused, and told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keiryo.spectra.reading import read_content
from keiryo.spectra.spectrum import SpectrumFileError

SPE = (
    "$SPEC_ID:\nx\n$DATE_MEA:\n04/26/2017 11:05:11\n$MEAS_TIM:\n10 11\n$DATA:\n0 3\n1\n2\n3\n4\n"
    "$ROI:\n0\n$PRESETS:\nNone\n0\n0\n$ENER_FIT:\n1.0 2.0\n$MCA_CAL:\n3\n1.0 2.0 0.0 keV\n"
)


def read(text: str, ending: str = ".Spe") -> tuple[object, set[str]]:
    (one,) = read_content(text.encode("latin-1"), ending).spectra
    told = (one.counts.tolist(), one.live_s, one.start, one.calibration.coefficients)
    return told, {problem.code for problem in one.problems}


PLAIN = ([1, 2, 3, 4], 10, "2017-04-26T11:05:11", (1, 2))


@pytest.mark.parametrize(
    "text",
    [
        SPE,
        SPE.replace("\n", "\r"),
        SPE.replace("\n", "\r\n"),
        "\r\n" + SPE + "\x1a",
        SPE.replace("1\n2\n3\n4\n", "  1 2\n 3 4\n"),
        SPE.replace("3\n1.0 2.0 0.0 keV", "3\n1,0 2,0 0,0"),
        SPE.replace("3\n1.0 2.0 0.0 keV", "3\n1.0\n2.0\n0.0\nkeV"),
        SPE.replace("$MCA_CAL:\n3\n1.0 2.0 0.0 keV\n", ""),
        SPE.replace("$SPEC_ID:\nx", "$SPEC_ID:\nGer\xe4t in S\xe4nd"),
        SPE.replace("$DATA:", "$DATA: "),
        SPE.replace("10 11", "10,0 11,0"),
        SPE.replace("04/26/2017", "04-26-2017"),
    ],
)
def test_variants_that_say_the_same(text: str) -> None:
    assert read(text) == (PLAIN, set())


def test_mark_of_order() -> None:
    (one,) = read_content(b"\xef\xbb\xbf" + SPE.encode(), ".spe").spectra
    assert one.counts.tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("before", "after", "code", "wanted"),
    [
        ("04/26/2017", "26/04/2017", "DATE_ORDER", PLAIN),
        ("0 3\n", "1 4\n", "FIRST_CHANNEL", PLAIN),
        ("0 3\n", "0 4\n", "CHANNELS", PLAIN),
        ("$MEAS_TIM:\n10 11\n", "", "NO_LIVE_TIME", (PLAIN[0], None, *PLAIN[2:])),
        ("3\n1.0 2.0 0.0 keV", "3\n0.001 0.002 0 MeV", "UNIT", PLAIN),
        ("04/26/2017", "today", "DATE", (*PLAIN[:2], None, PLAIN[3])),
    ],
)
def test_variants_that_are_told(before: str, after: str, code: str, wanted: object) -> None:
    assert before in SPE
    assert read(SPE.replace(before, after)) == (wanted, {code})


@pytest.mark.parametrize(
    ("scale", "state", "code"),
    [
        ("2\n0.0 1.0", "none", "IDENTITY_SCALE"),
        ("3\n0 1 0 keV", "none", "IDENTITY_SCALE"),
        ("3\n0 0 0", "invalid", "CALIBRATION"),
        ("3\n0 -1 0", "invalid", "CALIBRATION"),
    ],
)
def test_scales_that_are_none(scale: str, state: str, code: str) -> None:
    text = SPE.split("$ENER_FIT")[0] + f"$MCA_CAL:\n{scale}\n"
    (one,) = read_content(text.encode(), ".spe").spectra
    assert (one.calibration.state, [x.code for x in one.problems]) == (state, [code])


TABLE = "$ENER_TABLE:\n4\n0.000000 1.500000\n1.000000 3.500000\n2 6.500000\n3 10.500000\n"
POINTS = "$ENER_DATA:\n2\n0.5 2.0\n3,0 7,0\n"


@pytest.mark.parametrize(
    ("lists", "coefficients", "codes"),
    [
        ("$ENER_FIT:\n1.5 3.0\n" + TABLE, (1.5, 1.5, 0.5), ["SCALE_OF_TABLE"]),
        (TABLE, (1.5, 1.5, 0.5), []),
        (TABLE.replace("3.500000", "3.600000"), (), []),
        ("$ENER_FIT:\n1.0 2.0\n" + TABLE.replace("\n3 10.500000", ""), (1.0, 2.0), []),
        ("$ENER_FIT:\n1.0 2.0\n" + POINTS, (1.0, 2.0), []),
        ("$MCA_CAL:\n3\n1 2 3 keV\n" + TABLE, (1.0, 2.0, 3.0), []),
        (POINTS, (1.0, 2.0), ["SCALE_OF_POINTS"]),
        ("$ENER_FIT:\n0 1\n" + POINTS, (1.0, 2.0), ["SCALE_OF_POINTS"]),
        ("$ENER_DATA_X:\n3\n0 1\n1 3.5\n3 10\n", (1.0, 2.25, 0.25), ["SCALE_OF_POINTS"]),
    ],
)
def test_energies_that_are_listed(
    lists: str, coefficients: tuple[float, ...], codes: list[str]
) -> None:
    (one,) = read_content((SPE.split("$ENER_FIT")[0] + lists).encode(), ".spe").spectra
    assert one.calibration.state == "file"
    assert one.calibration.coefficients == pytest.approx(coefficients)
    assert [x.code for x in one.problems] == codes
    if not coefficients:
        assert one.calibration.edges.tolist() == [1.5, 3.6, 6.5, 10.5, 14.5]


@pytest.mark.parametrize(
    ("lists", "state"),
    [
        ("$ENER_DATA:\n2\n1 5\n1 7\n", "none"),
        ("$ENER_DATA:\n3\n1 5\n2 7\n", "none"),
        ("$ENER_DATA:\n2\n1 5\nx 7\n", "none"),
        ("$ENER_DATA:\n2\n0 0\n3 3\n", "none"),
        ("$ENER_DATA:\n0\n", "none"),
        ("$ENER_DATA:\n", "none"),
        ("$ENER_DATA:\n2\n1 9\n3 7\n", "invalid"),
        ("$ENER_FIT:\n0 -1\n" + POINTS, "invalid"),
        (TABLE.replace("10.5", "5.5"), "none"),
    ],
)
def test_lists_that_make_no_scale(lists: str, state: str) -> None:
    (one,) = read_content((SPE.split("$ENER_FIT")[0] + lists).encode(), ".spe").spectra
    assert one.calibration.state == state


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("3\n4\n", "3\n-4\n", "COUNTS"),
        ("3\n4\n", "3\nnan\n", "COUNTS"),
        ("3\n4\n", "3\n1_0\n", "COUNTS"),
        ("1\n2\n3\n4\n", "1\n2\n", "INCOMPLETE"),
        ("$ROI:\n0\n", "$DATA:\n0 0\n1\n", "DATA"),
        ("10 11", "0 11", "TIME"),
        ("10 11", "11 10", "TIME"),
    ],
)
def test_spe_that_is_none(before: str, after: str, code: str) -> None:
    with pytest.raises(SpectrumFileError) as error:
        read(SPE.replace(before, after))
    assert code in [one.code for one in error.value.problems]


@pytest.mark.parametrize(
    "text",
    [
        "channel,energy_keV,counts\n0,1,5\n1,3,6\n",
        "Energy (keV)\tCounts\n1\t5\n3\t6\n",
        "Energy [keV]; Counts\n1,0; 5\n3,0; 6\n",
        "# a remark\nEnergy_keV Counts\n1 5\n3 6\n",
    ],
)
def test_columns(text: str) -> None:
    (one,) = read_content(text.encode(), ".txt").spectra
    assert one.counts.tolist() == [5, 6]
    assert one.calibration.edges is not None
    assert one.calibration.edges.tolist() == [1, 3, 5]


@pytest.mark.parametrize(
    "text",
    ["energy,counts\n1,2\n", "energy_kev,counts\n1,2\nnan,3\n", "energy_kev,counts\n3,2\n1,3\n"],
)
def test_columns_that_are_none(text: str) -> None:
    with pytest.raises(SpectrumFileError):
        read_content(text.encode(), ".csv")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=50), st.integers(1, 10**6))
def test_what_is_written_reads_the_same(counts: list[int], live: int) -> None:
    import numpy as np

    from keiryo.spectra.spectrum import Spectrum, calibration_of
    from keiryo.spectra.writing import write_spectra

    given_one = Spectrum(
        "A 1",
        np.array(counts),
        live / 7,
        live / 7 + 1,
        None,
        calibration_of([0.1, 2.5], len(counts)),
    )
    for ending in (".spe", ".n42", ".csv") if len(counts) > 1 else (".spe", ".n42"):
        if ending == ".csv" and len(counts) < 3:
            continue
        content, _ = write_spectra([given_one], ending)
        (one,) = read_content(content, ending).spectra
        assert one.counts.tolist() == counts
        assert (one.live_s, one.real_s) == (given_one.live_s, given_one.real_s)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300), st.sampled_from([".spe", ".csv", ".iec", ".n42", ".txt", ".tka"]))
def test_texts_end_in_a_spectrum_or_its_own_error(text: str, ending: str) -> None:
    for content in (text, SPE[: len(text)] + text):
        try:
            read_content(content.encode("utf-8", "replace"), ending)
        except SpectrumFileError as error:
            assert error.problems


@pytest.mark.parametrize(
    ("written", "start", "code"),
    [
        ("2013-10-11T10:30:10", "2013-10-11T10:30:10", None),
        ("2013/10/11 10:30:10", "2013-10-11T10:30:10", None),
        ("2013-10-25 10:30:10+02:00", "2013-10-25T08:30:10Z", None),
        ("11-Oct-2013 10:30:10 PM", "2013-10-11T22:30:10", None),
        ("01-APR-13 15:39:31", "2013-04-01T15:39:31", None),
        ("01-Oct-2014 14:28:17   ,", "2014-10-01T14:28:17", None),
        ("12-May-2010T11:25:26 AM", "2010-05-12T11:25:26", None),
        ("17.08.2014 8:32:14", "2014-08-17T08:32:14", "DATE_ORDER"),
        ("Oct 11 2013 10:30:10", "2013-10-11T10:30:10", None),
        ("10/25/2013,10:30:10", "2013-10-25T10:30:10", None),
        ("11.10.2013 10:30:10", "2013-10-11T10:30:10", "DATE_ORDER"),
        ("25/10/2013 10:30:10", "2013-10-25T10:30:10", "DATE_ORDER"),
        ("0000-00-00 00:00:00", None, "DATE"),
        ("10/25/2013", None, "DATE"),
    ],
)
def test_dates_as_they_are_written(written: str, start: str | None, code: str | None) -> None:
    from keiryo.spectra.start_times import dated

    found, told = dated(written, "$DATE_MEA")
    assert found == start
    assert [one.code for one in told] == ([] if code is None else [code])


def test_parts_of_counts_are_kept_and_told() -> None:
    from keiryo.spectra.spe_text import parse_spe

    (one,) = parse_spe("$MEAS_TIM:\n10 11\n$DATA:\n0 1\n1\n4.5\n")
    assert one.total == 5.5
    assert [told.code for told in one.problems] == ["NOT_WHOLE"]
