"""Records of access: a large file read by columns gives what the careful reader gives."""

from __future__ import annotations

import datetime
import io
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from keiryo.protection import access_log, access_log_pieces
from keiryo.protection.access_log_times import read_times
from keiryo.protection.inputs import InputError, problem_report
from keiryo.protection.instants import UnreadableTimeError, time_ns
from keiryo.protection.two_person import check_two_persons
from keiryo.protection.two_person_json import write_json
from keiryo.protection.two_person_rule import TwoPersonRule, read_rule_file

HEADERS = (
    "time,zone,person,reader,direction,seq",
    "seq,direction,reader,person,zone,time",
    "time,zone,person,reader,direction",
    "time,zone,person,reader,direction,seq,door,remark",
    "remark,time,zone,person,door,reader,direction,seq",
)
TIMES = st.sampled_from(
    (
        *("2027-05-31T08:00:{:02d}Z", "2027-05-31T17:00:{:02d}+09:00", "2027-05-31T08:00:{:02d}"),
        *(
            "2027-05-31 08:00:{:02d}.25Z",
            "2027-05-31t08:00:{:02d},250000000z",
            "2027-05-31T08:{:02d}Z",
        ),
        *("2027-03-28T02:00:{:02d}", "2027-10-31T02:00:{:02d}", "2027-10-31T01:00:{:02d}"),
        *(
            "2027-05-31T17:{:02d}+0900",
            "2027-05-30T24:00:{:02d}-09",
            "2027-05-31T08:00:{:02d}.1234567890",
        ),
    )
)
BAD_TIMES = st.sampled_from(
    ("", " ", "soon", "2027-02-30T08:00:00Z", "2027-05-31T08:00:60Z", "2027-05-31T08:00:00.Z")
)
NAMES = st.sampled_from(("a", "b", "c", "d, e", 'f"g', "東京", " h", "i" * 64))
BAD_NAMES = st.sampled_from(("", " ", "j" * 65, "k\nl", "m\0", "\u2028"))
SEQ = st.sampled_from(("", "1", "2", "3", "-4", " ", "007"))
BAD_SEQ = st.sampled_from(("x", "1.5", "9" * 19, "9" * 18, "+1", "１"))


@st.composite
def logs(draw: st.DrawFn) -> bytes:
    """Return a log with all forms that systems of access control write, and with errors."""
    header = draw(st.sampled_from(HEADERS)).split(",")
    forms = draw(st.lists(TIMES, min_size=1, max_size=3))
    errors = draw(st.integers(0, 3))
    quoted = draw(st.sampled_from((False, True, None)))
    end = draw(st.sampled_from(("\n", "\r\n")))
    lines = [",".join(header)]
    for _ in range(draw(st.integers(0, 12))):
        if lines and draw(st.integers(0, 9)) == 0:
            lines.append(draw(st.sampled_from((lines[-1], "", "", ",", " ")[: 3 + errors])))
            continue
        wrong = errors and draw(st.integers(0, 3)) == 0
        cells = {
            "time": draw(st.sampled_from(forms)).format(draw(st.integers(0, 8))),
            "zone": draw(st.sampled_from(("Z1", "Z2", "Z3"))),
            "person": draw(NAMES),
            "reader": draw(st.sampled_from(("R1", "R2"))),
            "direction": draw(st.sampled_from(("in", "out"))),
            "seq": draw(SEQ),
            "door": draw(st.sampled_from(("", "x", "1,2", 'a "b"'))),
            "remark": draw(st.sampled_from(("", "y", "line\nline", "\r", '"'))),
        }
        if wrong:
            name, bad = draw(
                st.sampled_from(
                    (
                        ("time", BAD_TIMES),
                        ("person", BAD_NAMES),
                        ("zone", BAD_NAMES),
                        ("seq", BAD_SEQ),
                        ("direction", st.sampled_from(("IN", "", " in"))),
                    )
                )
            )
            cells[name] = draw(bad)
        row = [
            field(cells[name], draw(st.booleans()) if quoted is None else quoted) for name in header
        ]
        if errors > 1 and draw(st.integers(0, 6)) == 0:
            row = draw(st.sampled_from((row[:-1], [*row, "more"], [*row, ""], row[:3])))
        line = ",".join(row)
        if errors > 2 and draw(st.integers(0, 8)) == 0:
            place = draw(st.integers(0, len(line)))
            line = line[:place] + draw(st.sampled_from(('"', '""', "\r", "\0", "x"))) + line[place:]
        lines.append(line)
    text = end.join(lines) + draw(st.sampled_from(("", end, end * 2)))
    content = draw(st.sampled_from((b"", b"\xef\xbb\xbf"))) + text.encode()
    if errors > 2 and draw(st.integers(0, 5)) == 0:
        place = draw(st.integers(min(60, len(content)), len(content)))
        content = content[:place] + b"\xff" + content[place:]
    return content


def field(text: str, quoted: bool) -> str:
    """Return a field as it stands in a file."""
    if quoted or any(sign in text for sign in ',"\n\r'):
        return '"' + text.replace('"', '""') + '"'
    return text


RULE = """
timezone = "Europe/Vienna"
[defaults]
grace_s = 2
[[zone]]
id = "Z1"
[[zone]]
id = "Z2"
authorised = ["a", "b", "東京"]
forbidden_pairs = [["a", "b"]]
[groups]
a = "G"
c = "G"
[clock.max_offset_s]
R1 = 0.5
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("logs")
    (found / "rule.toml").write_text(RULE, encoding="utf-8")
    return found


def told(path: Path, rule: TwoPersonRule) -> str:
    """Return the result as JSON, or what is wrong."""
    try:
        found = check_two_persons(access_log.read_access_log(path, rule.timezone), rule)
    except InputError as error:
        return str(problem_report(error.problems))
    written = io.StringIO()
    write_json(found, written)
    return written.getvalue()


@settings(max_examples=400, deadline=None)
@given(logs(), st.integers(40, 400))
@example(b'time,zone,person,reader,direction\n2027-05-31T08:00:00Z,Z1,a,R,in\n"open\n\n', 40)
@example(b'time,zone,person,reader,direction\n2027-05-31T08:00:00Z,Z1,a"b"c,R,in\n', 64)
@example(
    b'time,zone,person,reader,direction,x\n"2027-05-31T08:00:00Z",Z1,a,R,in,"1\n2\n\xff"\n', 40
)
@example(b"\n\ntime,zone,person,reader,direction\r\n\r\n2027-05-31T08:00:00Z,Z1,a,R,in\r", 40)
def test_both_ways_of_reading_tell_the_same(folder: Path, content: bytes, piece: int) -> None:
    path, rule = folder / "log.csv", read_rule_file(folder / "rule.toml")
    path.write_bytes(content)
    careful = told(path, rule)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(access_log, "WORTH_IT_BYTES", 0)
        patch.setattr(access_log_pieces, "PIECE_BYTES", piece)
        assert told(path, rule) == careful


DIGIT = st.sampled_from("0123456789")
CLOCKS = st.builds(
    lambda date, gap, clock, part, offset: date + gap + clock + part + offset,
    st.dates(datetime.date(1690, 1, 1), datetime.date(2260, 1, 1)).map(str)
    | st.sampled_from(("2027-03-28", "2027-10-31", "2027-02-29", "0000-01-01", "2027-00-10")),
    st.sampled_from("T t"),
    st.times().map(lambda one: one.strftime("%H:%M:%S"))
    | st.sampled_from(("02:30", "01:59:59", "03:00", "24:00:00", "24:00:01", "24:01", "23:60")),
    st.sampled_from(("", ".5", ",25", ".123456789", ".1234567890", ".", ".00000000000")),
    st.sampled_from(
        ("", "", "Z", "z", "+09:00", "-0330", "+14", "+24:00", "-23:59", "+09:60", "+9")
    ),
)
ZONES = ("UTC", "Europe/Vienna", "Asia/Tokyo", "Australia/Lord_Howe", "Africa/Monrovia")


@settings(max_examples=150, deadline=None)
@given(st.lists(CLOCKS, min_size=1, max_size=30), st.sampled_from(ZONES))
def test_times_by_columns(texts: list[str], name: str) -> None:
    zone = datetime.UTC if name == "UTC" else ZoneInfo(name)
    found, sound = read_times(pl.Series(texts), zone)
    for text, instant, is_known in zip(texts, found.tolist(), sound.tolist(), strict=True):
        wanted: Any = None
        try:
            wanted = time_ns(text, zone)
        except UnreadableTimeError:
            assert not is_known, text
        assert instant == (wanted if is_known else 0), text


@pytest.mark.parametrize("ending", ["", "Z", "+09:00", ".25", ".123456789-03:30"])
def test_usual_forms_need_no_careful_reader(ending: str) -> None:
    texts = pl.Series([f"2027-05-31T08:00:{second:02d}{ending}" for second in range(60)])
    assert read_times(texts, ZoneInfo("Europe/Vienna"))[1].all()
