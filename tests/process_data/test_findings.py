"""Bad process data: each kind with its smallest example, told with its place and what to do."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from keiryo.errors import Finding, Severity, UsageError
from keiryo.process_data import service
from keiryo.process_data.service import evaluate_process
from process_data.plants import Plant, both

Change = Callable[[Path], Any]


def small(folder: Path) -> Path:
    """Write a sound plant of two balances of 10 h."""
    plant = Plant({"feed": "input", "product": "output", "tank": "inventory"})
    plant.flows = [(3, "feed", 10), (8, "product", 9), (13, "feed", 10), (20, "product", 10)]
    plant.inventories = [(0, "tank", 5), (10, "tank", 6), (20, "tank", 6)]
    plant.sources = both(0.01, 0.005)
    plant.write(folder)
    return folder


def evaluated(folder: Path, period: float = 10, **options: Any) -> Any:
    return evaluate_process(folder, folder / "sources.toml", period, **options)


def put(name: str, old: str, new: str) -> Change:
    def change(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))

    return change


def more(name: str, text: str) -> Change:
    return lambda folder: (folder / name).write_text((folder / name).read_text() + text)


def only(name: str, text: str) -> Change:
    return lambda folder: (folder / name).write_text(text)


def gone(name: str) -> Change:
    return lambda folder: (folder / name).unlink()


def source(text: str) -> Change:
    head = '[[source]]\nid = "a"\nkind = "random"\nrelative_sd = 0.01\nlocations = ["*"]\n'
    return only("sources.toml", head + text)


def as_rate(folder: Path) -> None:
    put("locations.csv", "feed,input,", "feed,input,rate")(folder)


def rate_of(*samples: tuple[float, float]) -> Change:
    def change(folder: Path) -> None:
        as_rate(folder)
        rows = "".join(f"{hour},feed,{rate}\n" for hour, rate in samples)
        (folder / "flows.csv").write_text("hour,location,kg\n" + rows)

    return change


def absolute_on_rate(folder: Path) -> None:
    rate_of((1, 0), (2, 1), (3, 0))(folder)
    put("sources.toml", "relative_sd = 0.005", "absolute_sd_kg = 1")(folder)


BAD: list[tuple[str, str, Change, str | None, int | None]] = [
    ("PROCESS-FILE-MISSING", "F", gone("locations.csv"), "locations.csv", None),
    ("PROCESS-FILE-MISSING", "F", gone("flows.csv"), "flows.csv", None),
    ("PROCESS-FILE-MISSING", "F", gone("inventories.csv"), "inventories.csv", None),
    ("PROCESS-FILE-EMPTY", "F", only("flows.csv", ""), "flows.csv", None),
    ("PROCESS-FILE-EMPTY", "E", only("flows.csv", "hour,location,kg\n"), "flows.csv", None),
    ("PROCESS-FILE-EMPTY", "F", only("locations.csv", "location,role\n"), "locations.csv", None),
    ("PROCESS-FILE-TWICE", "F", only("flows.csv.gz", ""), "flows.csv", None),
    ("PROCESS-FILE-UNREADABLE", "F",
     lambda f: (f / "flows.csv").write_bytes(b"hour,location,kg\n3,f\xe9ed,10\n"), "flows.csv", 2),
    ("PROCESS-COLUMN-MISSING", "F", put("flows.csv", "kg", "kg_u"), "flows.csv", 1),
    ("PROCESS-COLUMN-MISSING", "F", put("flows.csv", ",", ";"), "flows.csv", 1),
    ("PROCESS-COLUMN-MISSING", "F", put("locations.csv", "role", "kind"), "locations.csv", 1),
    ("PROCESS-COLUMN-UNUSED", "I", only("flows.csv", "hour,location,kg,x\n3,feed,1,a\n"),
     "flows.csv", 1),
    ("PROCESS-LINE-WRONG", "F", put("flows.csv", "feed,10\n", "feed,10,5\n"), "flows.csv", 2),
    ("PROCESS-VALUE-MISSING", "F", put("flows.csv", "8,product,9", "8,product,"), "flows.csv", 3),
    ("PROCESS-VALUE-MISSING", "F", more("locations.csv", ",input,\n"), "locations.csv", 5),
    ("PROCESS-VALUE-NO-NUMBER", "F", put("flows.csv", "8,product,9", "8,product,9 kg"),
     "flows.csv", 3),
    ("PROCESS-VALUE-NO-NUMBER", "F", put("flows.csv", "8,product,9", '8,product,"9,5"'),
     "flows.csv", 3),
    ("PROCESS-VALUE-NO-NUMBER", "F", put("flows.csv", "8,product,9", "8,product,NaN"),
     "flows.csv", 3),
    ("PROCESS-VALUE-NO-NUMBER", "F", put("inventories.csv", "10,tank,6", "10,tank,inf"),
     "inventories.csv", 3),
    ("PROCESS-AMOUNT-NEGATIVE", "F", put("flows.csv", "8,product,9", "8,product,-9"),
     "flows.csv", 3),
    ("PROCESS-AMOUNT-HUGE", "F", put("flows.csv", "8,product,9", "8,product,1e300"),
     "flows.csv", 3),
    ("PROCESS-AMOUNT-NOISE", "I", put("flows.csv", "8,product,9", "8,product,-1e-12"),
     "flows.csv", 3),
    ("PROCESS-HOUR-WRONG", "F", put("flows.csv", "8,product", "1700000000,product"),
     "flows.csv", 3),
    ("PROCESS-TIME-TWICE", "F", more("flows.csv", "20,product,10\n"), "flows.csv", 6),
    ("PROCESS-TIME-TWICE", "F", more("flows.csv", "3,feed,10\n"), "flows.csv", 6),
    ("PROCESS-TIME-BACKWARDS", "I", more("flows.csv", "4,feed,1\n"), "flows.csv", 6),
    ("PROCESS-LOCATION-UNKNOWN", "F", put("flows.csv", "8,product", "8,prodcut"), "flows.csv", 3),
    ("PROCESS-LOCATION-TWICE", "F", more("locations.csv", "feed,input,\n"), "locations.csv", 5),
    ("PROCESS-ROLE-UNKNOWN", "F", put("locations.csv", "output", "outlet"), "locations.csv", 3),
    ("PROCESS-ROLE-WRONG", "F", put("flows.csv", "8,product", "8,tank"), "flows.csv", 3),
    ("PROCESS-MODE-UNKNOWN", "F", put("locations.csv", "input,", "input,total"),
     "locations.csv", 2),
    ("PROCESS-MODE-UNKNOWN", "F", put("locations.csv", "inventory,", "inventory,rate"),
     "locations.csv", 4),
    ("PROCESS-STEP-WRONG", "F",
     only("locations.csv", "location,role,mode,step_h\nfeed,input,rate,-1\n"), "locations.csv", 2),
    ("PROCESS-INVENTORY-NEVER", "F", more("locations.csv", "silo,inventory,\n"),
     "inventories.csv", None),
    ("PROCESS-INVENTORY-NONE", "I", only("locations.csv", "location,role\nfeed,input\n"),
     "locations.csv", None),
    ("PROCESS-NO-BALANCE", "F", put("inventories.csv", "10,tank,6\n20,tank,6\n", ""),
     "inventories.csv", None),
    ("PROCESS-CLOSING-OPEN", "W", put("inventories.csv", "10,tank,6\n", ""),
     "inventories.csv", None),
    ("PROCESS-TRANSFER-EARLY", "E", put("flows.csv", "3,feed", "0,feed"), "flows.csv", None),
    ("PROCESS-TRANSFER-LATE", "W", put("flows.csv", "20,product", "20.5,product"),
     "flows.csv", None),
    ("PROCESS-FLOW-NONE", "I", more("locations.csv", "spare,input,\n"), "flows.csv", None),
    ("PROCESS-RATE-ONE-SAMPLE", "F", rate_of((3, 10)), "flows.csv", None),
    ("PROCESS-RATE-GAP", "W", rate_of((1, 0), (2, 3), (3, 0), (13, 4), (14, 0)),
     "flows.csv", None),
    ("PROCESS-RATE-CUT", "W", rate_of((1, 5), (2, 3), (3, 0)), "flows.csv", None),
    ("PROCESS-MAT-LAYOUT", "F", lambda f: _mat(f, {"other": 1}), "data.mat", None),
    ("PROCESS-MAT-VERSION", "F",
     lambda f: (f / "data.mat").write_bytes(b"MATLAB 7.3 MAT-file" + bytes(200)), "data.mat", None),
    ("SOURCE-FILE-MISSING", "F", gone("sources.toml"), "sources.toml", None),
    ("SOURCE-FILE-UNREADABLE", "F", only("sources.toml", "[[source]]\nid = x\n"),
     "sources.toml", 2),
    ("SOURCE-NONE", "F", only("sources.toml", ""), "sources.toml", None),
    ("SOURCE-KEY-UNKNOWN", "F", source("sd = 3\n"), "sources.toml", 1),
    ("SOURCE-KEY-UNKNOWN", "F", only("sources.toml", "alpha = 1\n"), "sources.toml", None),
    ("SOURCE-KEY-MISSING", "F", put("sources.toml", "relative_sd = 0.01\n", ""),
     "sources.toml", 1),
    ("SOURCE-KEY-UNUSED", "W", put("sources.toml", 'kind = "long"', 'kind = "long"\nper="sample"'),
     "sources.toml", 8),
    ("SOURCE-TWICE", "F", put("sources.toml", "s *", "r *"), "sources.toml", 8),
    ("SOURCE-SD-WRONG", "F", put("sources.toml", "= 0.01\n", "= -0.01\n"), "sources.toml", 1),
    ("SOURCE-SD-WRONG", "F", put("sources.toml", "= 0.01\n", "= nan\n"), "sources.toml", 1),
    ("SOURCE-SD-WRONG", "F", put("sources.toml", "= 0.01\n", "= 1" + "0" * 400 + "\n"),
     "sources.toml", 1),
    ("SOURCE-VALUE-WRONG", "F", source("valid_from_h = 1" + "0" * 400), "sources.toml", 1),
    ("SOURCE-SD-LARGE", "W", put("sources.toml", "= 0.01\n", "= 1.0\n"), "sources.toml", 1),
    ("SOURCE-VALUE-WRONG", "F", put("sources.toml", '"random"', '"rnd"'), "sources.toml", 1),
    ("SOURCE-VALUE-WRONG", "F", source("valid_from_h = 5\nvalid_to_h = 5\n"), "sources.toml", 1),
    ("SOURCE-EPOCHS-WRONG", "F", put("sources.toml", '"long"', '"epoch"\nepochs_h = [9, 0]'),
     "sources.toml", 8),
    ("SOURCE-EPOCH-BEFORE", "I", put("sources.toml", '"long"', '"epoch"\nepochs_h = [9]'),
     "sources.toml", 8),
    ("SOURCE-LOCATION-UNKNOWN", "F", put("sources.toml", '"*"', '"vat"'), "sources.toml", 1),
    ("SOURCE-LOCATION-WITHOUT", "W", put("sources.toml", '"*"', '"feed"'), "sources.toml", None),
    ("SOURCE-ABSOLUTE-ON-RATE", "F", absolute_on_rate, "sources.toml", 8),
    ("SOURCE-VALID-PARTLY", "W", source("valid_from_h = 5\n"), "sources.toml", 1),
    ("SOURCE-ZERO", "I", put("sources.toml", "= 0.01\n", "= 0\n"), "sources.toml", 1),
    ("SOURCE-ALL-ZERO", "W", put("sources.toml", "relative_sd = 0.0", "relative_sd = 0.0 #"),
     "sources.toml", None),
]  # fmt: skip


def _mat(folder: Path, content: dict[str, Any]) -> None:
    from scipy.io import savemat

    savemat(folder / "data.mat", content)


@pytest.mark.parametrize(("code", "severity", "change", "file", "line"), BAD)
def test_each_kind_is_told_where_it_is(
    tmp_path: Path, code: str, severity: str, change: Change, file: str | None, line: int | None
) -> None:
    folder = small(tmp_path)
    assert not evaluated(folder).questions
    change(folder)
    done = evaluated(folder)
    found: list[Finding] = [f for f in done.findings if f.code == code]
    assert found, [f.code for f in done.findings]
    assert (str(found[0].severity), found[0].file, found[0].line) == (severity, file, line)
    assert found[0].message
    assert found[0].advice
    if severity == "F":
        plain = done.to_dict()
        assert plain["muf"] == plain["balances"] == plain["covariance"] == []
        assert plain["findings"]


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    folder = small(tmp_path)
    put("flows.csv", "8,product,9", "8,product,-9")(folder)
    put("inventories.csv", "10,tank,6", "10,tonk,6")(folder)
    put("sources.toml", '"random"', '"rnd"')(folder)
    codes = [f.code for f in evaluated(folder).findings]
    wanted = {"PROCESS-AMOUNT-NEGATIVE", "PROCESS-LOCATION-UNKNOWN", "SOURCE-VALUE-WRONG"}
    assert wanted <= set(codes)


def test_thousands_of_bad_lines_are_counted(tmp_path: Path) -> None:
    folder = small(tmp_path)
    more("flows.csv", "".join(f"{n},feed,-1\n" for n in range(30, 3030)))(folder)
    told = [f for f in evaluated(folder).findings if f.code == "PROCESS-AMOUNT-NEGATIVE"]
    assert len(told) == 21
    assert "2980 more" in told[-1].message


def test_measurements_without_error_are_counted_with_their_amount(tmp_path: Path) -> None:
    folder = small(tmp_path)
    source("valid_from_h = 5\n")(folder)
    told = {f.message for f in evaluated(folder).findings if f.code == "SOURCE-VALID-PARTLY"}
    assert "feed: 1 measurements (10 kg) lie outside the time of a and have no random error" in told
    assert "tank: 1 measurements (5 kg) lie outside the time of a and have no random error" in told


def test_two_sources_one_after_the_other_cover_everything(tmp_path: Path) -> None:
    folder = small(tmp_path)
    old = source("valid_to_h = 10\n[[source]]\nid = 'b'\nkind = 'random'\nrelative_sd = 0.02\n"
                 "locations = ['*']\nvalid_from_h = 10\n")  # fmt: skip
    old(folder)
    assert not [f for f in evaluated(folder).findings if f.code == "SOURCE-VALID-PARTLY"]


def test_balance_runs_on_where_an_inventory_is_missing(tmp_path: Path) -> None:
    folder = small(tmp_path)
    put("inventories.csv", "10,tank,6\n", "")(folder)
    found = evaluated(folder).to_dict()
    assert found["balances"] == [{"from_h": 0, "to_h": 20}]
    assert found["muf"] == [0]


def test_nearest_reading_within_the_tolerance_is_used_and_told(tmp_path: Path) -> None:
    folder = small(tmp_path)
    put("inventories.csv", "10,tank,6", "9.5,tank,5.5\n10.25,tank,6")(folder)
    done = evaluated(folder, tolerance_h=0.5)
    assert done.balances.inventory_kg.tolist() == [5, 6, 6]
    (told,) = (f for f in done.findings if f.code == "PROCESS-READING-NEAREST")
    assert "0.25 h away" in told.message


def test_period_longer_than_the_data(tmp_path: Path) -> None:
    done = evaluated(small(tmp_path), 21)
    assert [f.code for f in done.findings] == ["PROCESS-PERIOD-LONG"]
    assert done.questions


def test_too_many_balances_are_refused(tmp_path: Path) -> None:
    done = evaluated(small(tmp_path), 0.0001)
    assert [f.code for f in done.findings] == ["PROCESS-BALANCES-MANY"]


@pytest.mark.parametrize("period", [0, -1, float("nan"), float("inf"), "month", 1e-7])
def test_period_that_is_none_is_refused(tmp_path: Path, period: Any) -> None:
    with pytest.raises(UsageError, match="balance period"):
        evaluated(small(tmp_path), period)


def test_options_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    folder = small(tmp_path)
    for options in ({"alpha": 0}, {"page_k": -1}, {"tolerance_h": 5}, {"tolerance_h": -1}):
        with pytest.raises(UsageError):
            evaluated(folder, **options)
    with pytest.raises(UsageError, match="no folder"):
        evaluated(folder / "nowhere")


def test_one_balance_only(tmp_path: Path) -> None:
    done = evaluated(small(tmp_path), 20)
    found = done.to_dict()
    assert found["sitmuf"] == [pytest.approx(found["muf"][0] / found["sigma_muf"][0], abs=1e-15)]


def test_balance_in_which_nothing_was_measured_is_left_out_of_the_tests(tmp_path: Path) -> None:
    plant = Plant({"feed": "input"}, [(5, "feed", 0), (15, "feed", 3), (20, "feed", 0)])
    plant.sources = both(0.01, 0)
    found = evaluate_process(*plant.write(tmp_path), 10).to_dict()
    assert found["muf"] == [0, 3]
    assert found["sitmuf"][0] is None


def test_many_balances_leave_the_covariance_to_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant = Plant({"feed": "input"}, [(n, "feed", 1) for n in range(1, 62)], [], both(0.1, 0.1))
    plant.write(tmp_path)
    assert evaluated(tmp_path, 1).to_dict()["covariance"] is not None
    monkeypatch.setattr(service, "MAX_COVARIANCE_SHOWN", 60)
    done = evaluated(tmp_path, 1)
    assert done.to_dict()["covariance"] is None
    (told,) = (f for f in done.findings if f.code == "PROCESS-COVARIANCE-LARGE")
    assert "--covariance" in told.advice
    evaluated(tmp_path, 1, covariance_file=tmp_path / "c.npy")
    assert np.load(tmp_path / "c.npy").shape == (61, 61)


@pytest.mark.parametrize("kind", ["gz", "parquet", "crlf", "bom", "blank", "spaces", "integers"])
def test_other_ways_of_writing_the_same_file(tmp_path: Path, kind: str) -> None:
    folder = small(tmp_path)
    expected = evaluated(folder).to_dict()
    for name in ("flows", "inventories"):
        path = folder / f"{name}.csv"
        text = path.read_text()
        if kind == "gz":
            path.unlink()
            (folder / f"{name}.csv.gz").write_bytes(gzip.compress(text.encode()))
        elif kind in ("parquet", "integers"):
            path.unlink()
            frame = pl.read_csv(text.encode())
            if kind == "parquet":
                frame = frame.cast({"hour": pl.Float64, "kg": pl.Float64})
            frame.cast({"location": pl.Categorical}).write_parquet(folder / f"{name}.parquet")
        elif kind == "crlf":
            path.write_bytes(text.replace("\n", "\r\n").encode())
        elif kind == "bom":
            path.write_bytes(text.encode("utf-8-sig"))
        elif kind == "blank":
            path.write_text(text.replace("\n", "\n\n"))
        else:
            path.write_text(text.replace(",", " , "))
    found = evaluated(folder).to_dict()
    for plain in (expected, found):
        plain.pop("input_digests")
    assert found == expected


def test_damaged_files_are_told(tmp_path: Path) -> None:
    folder = small(tmp_path)
    text = (folder / "flows.csv").read_bytes() * 1000
    (folder / "flows.csv").unlink()
    (folder / "flows.csv.gz").write_bytes(gzip.compress(text)[:-20])
    assert "PROCESS-FILE-UNREADABLE" in {f.code for f in evaluated(folder).findings}
    (folder / "flows.csv.gz").unlink()
    (folder / "flows.parquet").write_bytes(b"PAR1 no PAR1")
    assert "PROCESS-FILE-UNREADABLE" in {f.code for f in evaluated(folder).findings}


def test_parquet_with_a_missing_value(tmp_path: Path) -> None:
    folder = small(tmp_path)
    frame = pl.read_csv(folder / "flows.csv")
    frame = frame.with_columns(kg=pl.when(pl.col("hour") == 8).then(None).otherwise(pl.col("kg")))
    (folder / "flows.csv").unlink()
    frame.write_parquet(folder / "flows.parquet")
    (told,) = evaluated(folder).findings
    assert (told.code, told.line) == ("PROCESS-VALUE-NO-NUMBER", 2)
    assert told.severity is Severity.FORMAT


def test_whatever_is_in_a_file_nothing_breaks(tmp_path: Path) -> None:
    """Bytes changed, left out or put in anywhere: findings or balances, never a fault."""
    generator = np.random.Generator(np.random.PCG64(7))
    folder = small(tmp_path)
    sound = {n: (folder / n).read_bytes() for n in sorted(p.name for p in folder.iterdir())}
    marks = b"0123456789.,;eE+-\"'[]= \n\t\r\xff\x00naif"
    for _ in range(150):
        name = sorted(sound)[generator.integers(len(sound))]
        content = bytearray(sound[name])
        for _ in range(generator.integers(1, 5)):
            at = int(generator.integers(len(content)))
            mark = marks[generator.integers(len(marks))]
            how = generator.integers(3)
            if how == 0:
                content[at] = mark
            elif how == 1:
                content.insert(at, mark)
            else:
                del content[at : at + int(generator.integers(1, 9))]
        (folder / name).write_bytes(bytes(content))
        done = evaluated(folder)
        assert done.findings or done.sequence is not None
        assert all(f.message and f.advice for f in done.findings)
        (folder / name).write_bytes(sound[name])
