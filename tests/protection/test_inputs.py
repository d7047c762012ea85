"""Bad input of protection files: each smallest case with its code and its pointer."""

from __future__ import annotations

import json
import os
from copy import deepcopy
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from keiryo.protection.classification import classification_of
from keiryo.protection.easi_file import read_easi, read_easi_file
from keiryo.protection.easi_report import RESPONSE_SD_ASSUMED, easi_result
from keiryo.protection.inputs import Fields, InputError, Node, Problem, load, problem_report
from keiryo.protection.task import weight

SMALLEST: dict[str, Any] = {
    "communication": 1,
    "response": {"mean_s": 100, "sd_s": 10},
    "steps": [{"p_detection": 1, "where": "B", "delay": {"mean_s": 100, "sd_s": 10}}],
}
GONE = object()


def with_value(pointer: str, value: object, base: dict[str, Any] = SMALLEST) -> dict[str, Any]:
    """Return the smallest input with one value changed, added or taken away."""
    made = deepcopy(base)
    *way, last = [int(p) if p.isdigit() else p for p in pointer.split("/")[1:]]
    inside: Any = made
    for part in way:
        inside = inside[part]
    if value is GONE:
        del inside[last]
    else:
        inside[last] = value
    return made


def found_in(path: Path) -> list[tuple[str, str]]:
    with pytest.raises(InputError) as caught:
        read_easi_file(path)
    return [(one.code, one.pointer) for one in caught.value.problems]


P, WHERE = "/steps/0/p_detection", "/steps/0/where"
MEAN, SD = "/steps/0/delay/mean_s", "/steps/0/delay/sd_s"
BAD: list[tuple[str, object, str]] = [
    (P, 90, "PROB_RANGE"),
    (P, -0.1, "PROB_RANGE"),
    ("/communication", 1.0001, "PROB_RANGE"),
    *((P, value, "TYPE") for value in ("90%", "0.9", True, None, [], {})),
    (P, GONE, "MISSING_KEY"),
    (WHERE, GONE, "WHERE_MISSING"),
    (WHERE, "", "WHERE_MISSING"),
    (WHERE, "X", "WHERE_UNKNOWN"),
    (WHERE, 1, "TYPE"),
    (MEAN, -1, "TIME_RANGE"),
    (SD, -0.5, "TIME_RANGE"),
    (MEAN, "100", "TYPE"),
    (MEAN, GONE, "MISSING_KEY"),
    (MEAN, float("nan"), "NOT_FINITE"),
    (MEAN, float("inf"), "NOT_FINITE"),
    (P, float("-inf"), "NOT_FINITE"),
    (MEAN, 10**200, "NOT_FINITE"),
    (MEAN, 1e-200, "NUMBER_SIZE"),
    (SD, GONE, "SD_MISSING"),
    ("/response/sd_s", GONE, "SD_MISSING"),
    ("/response/mean_s", 0, "RESPONSE_RANGE"),
    ("/response/mean_s", -3, "RESPONSE_RANGE"),
    ("/response", GONE, "MISSING_KEY"),
    ("/response", 3, "TYPE"),
    ("/communication", GONE, "MISSING_KEY"),
    ("/communication_mode", "C", "MODE"),
    ("/communication_mode", 1, "TYPE"),
    ("/sd_policy", "guess", "SD_POLICY"),
    ("/placeholder", "yes", "TYPE"),
    ("/schema", 1, "TYPE"),
    ("/comunication", 1, "UNKNOWN_KEY"),
    ("/steps/0/delays", 1, "UNKNOWN_KEY"),
    ("/steps/0/delay/mean", 1, "UNKNOWN_KEY"),
    ("/a~b", 1, "UNKNOWN_KEY"),
    ("/steps/0/name", "x" * 65, "NAME"),
    ("/steps/0/name", "a\nb", "NAME"),
    ("/steps/0/name", "\ud800", "NAME"),
    ("/steps/0/name", 7, "TYPE"),
    ("/steps", [], "EMPTY_PATH"),
    ("/steps", GONE, "MISSING_KEY"),
    ("/steps", {}, "TYPE"),
    ("/steps/0", None, "TYPE"),
    ("/steps/0/detection", {"sense": 1, "transmit": 1, "assess": 1}, "CONFLICT"),
]


@pytest.mark.parametrize(("pointer", "value", "code"), BAD)
def test_smallest_bad_input(tmp_path: Path, pointer: str, value: object, code: str) -> None:
    file = tmp_path / "path.json"
    file.write_text(json.dumps(with_value(pointer, value)), encoding="utf-8")
    assert found_in(file) == [(code, pointer.replace("~", "~0"))]


def test_parts_of_detection(tmp_path: Path) -> None:
    parts = {"sense": Decimal("0.90"), "transmit": Decimal("0.99"), "assess": Decimal("0.95")}
    step = with_value("/steps/0/detection", parts)
    del step["steps"][0]["p_detection"]
    assert read_easi(Node(step)).tasks[0].p_detection == Fraction(84645, 100_000)
    step["steps"][0]["detection"] = {"sense": 2, "asess": 1, "transmit": 1}
    with pytest.raises(InputError) as caught:
        read_easi(Node(step))
    assert {(one.code, one.pointer) for one in caught.value.problems} == {
        ("UNKNOWN_KEY", "/steps/0/detection/asess"),
        ("MISSING_KEY", "/steps/0/detection/assess"),
        ("PROB_RANGE", "/steps/0/detection/sense"),
    }


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.json", b'{"communication": 1, "communication": 1', ("SYNTAX", "line 1")),
        ("a.json", b'{\n"steps": [}\n', ("SYNTAX", "line 2")),
        ("a.json", b"[" * 100_000, ("SYNTAX", "line 1")),
        ("a.json", b"", ("SYNTAX", "line 1")),
        ("a.json", b'{\n"a": "\xff"}', ("ENCODING", "line 2")),
        ("a.toml", b"communication = 1\ncommunication = 1\n", ("DUPLICATE_KEY", "line 2")),
        ("a.toml", b"[response]\n[response]\n", ("DUPLICATE_KEY", "line 2")),
        ("a.toml", b"a = {b = 1, b = 2}\n", ("DUPLICATE_KEY", "line 1")),
        ("a.toml", b"a =\n", ("SYNTAX", "line 1")),
        ("a.yaml", b"a: 1\n", ("FILE", "")),
    ],
)
def test_unreadable_file(
    tmp_path: Path, name: str, content: bytes, expected: tuple[str, str]
) -> None:
    (tmp_path / name).write_bytes(content)
    assert found_in(tmp_path / name) == [expected]


def test_no_file(tmp_path: Path) -> None:
    assert found_in(tmp_path / "none.json") == [("FILE", "")]
    (tmp_path / "folder.json").mkdir()
    assert found_in(tmp_path / "folder.json") == [("FILE", "")]


def test_all_errors_are_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "path.json"
    file.write_text(
        '{"communication": 2, "response": {"mean_s": NaN, "sd_s": 1, "sd_s": 2}, "typo": 1,'
        '"steps": [{"p_detection": 1e999999999999999999999, "delay": {"mean_s": -1}}, 3]}',
        encoding="utf-8",
    )
    assert sorted(found_in(file)) == [
        ("DUPLICATE_KEY", "/response/sd_s"),
        ("NOT_FINITE", "/response/mean_s"),
        ("NOT_FINITE", "/steps/0/p_detection"),
        ("PROB_RANGE", "/communication"),
        ("SD_MISSING", "/steps/0/delay/sd_s"),
        ("TIME_RANGE", "/steps/0/delay/mean_s"),
        ("TYPE", "/steps/1"),
        ("UNKNOWN_KEY", "/typo"),
        ("WHERE_MISSING", "/steps/0/where"),
    ]


def test_messages_repeat_no_value(tmp_path: Path) -> None:
    file = tmp_path / "path.json"
    file.write_text(json.dumps(with_value(P, 77.125)), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_easi_file(file)
    report = problem_report(caught.value.problems)
    assert "77" not in report and "77" not in str(caught.value)
    assert json.loads(report)["errors"][0].keys() == {"code", "pointer", "message"}


def test_json_and_toml_are_equivalent(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(SMALLEST), encoding="utf-8-sig")
    (tmp_path / "a.toml").write_bytes(
        b"communication = 1.0\r\n[response]\r\nmean_s = 100\r\nsd_s = 1e1\r\n"
        b"[[steps]]\r\np_detection = 1\r\nwhere = 'b'\r\ndelay = {mean_s = 100, sd_s = 10}\r\n"
    )
    assert read_easi_file(tmp_path / "a.json") == read_easi_file(tmp_path / "a.toml")
    assert read_easi_file(tmp_path / "a.toml").tasks[0].name == "step 1"


def test_numbers_keep_their_decimals(tmp_path: Path) -> None:
    for name, text in (("a.json", '{"a": 0.1, "b": 1e-3}'), ("a.toml", "a = 0.1\nb = 1e-3\n")):
        (tmp_path / name).write_text(text, encoding="utf-8")
        top = load(tmp_path / name).fields(("a", "b"))
        assert (top.number("a"), top.number("b")) == (Fraction(1, 10), Fraction(1, 1000))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({MEAN: 0.5, "/response/mean_s": 0.5, SD: 0, "/response/sd_s": 0}, [("UNIT", "")]),
        ({MEAN: 86_401}, [("UNIT", MEAN)]),
        ({MEAN: 86_400}, []),
        ({SD: 50}, []),
        ({SD: 51}, [("NORMALITY", SD)]),
        ({MEAN: 0}, [("NORMALITY", SD)]),
        ({MEAN: 0, SD: 0}, []),
        ({"/response/sd_s": 51}, [("NORMALITY", "/response/sd_s")]),
        ({P: 0}, []),
        ({"/response/mean_s": 5000}, []),
    ],
)
def test_warnings(changes: dict[str, object], expected: list[tuple[str, str]]) -> None:
    made = SMALLEST
    for pointer, value in changes.items():
        exact = Decimal(str(value)) if isinstance(value, float) else value
        made = with_value(pointer, exact, made)
    found = read_easi(Node(made)).warnings
    assert [(one.code, one.pointer) for one in found] == expected


def test_assumed_standard_deviations() -> None:
    made = with_value("/sd_policy", "assume_30pct", with_value(SD, GONE))
    found = read_easi(Node(made))
    assert (found.tasks[0].sd_s, found.tasks[0].sd_source) == (30, "assumed_30pct")
    assert found.response.sd_source == "given" and not found.warnings
    del made["response"]["sd_s"]
    found = read_easi(Node(made))
    assert (found.response.sd_s, found.response.sd_source) == (30, "assumed_30pct")
    assert not found.warnings and RESPONSE_SD_ASSUMED in easi_result(found)["assumptions"]


def test_a_tiny_probability_is_one() -> None:
    found = read_easi(Node(with_value(P, Decimal("1e-300"))))
    assert easi_result(found)["steps"][0]["p_detection"] == 1e-300


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    assert found_in(tmp_path / "pipe.json") == [("FILE", "")]


def test_classification() -> None:
    for content, expected in (({"placeholder": True}, "placeholder"), ({}, "sensitive")):
        assert classification_of(Node(content).fields(())) == expected
    assert classification_of(Node({"placeholder": False}).fields(())) == "sensitive"


def test_fields_of_something_else() -> None:
    problems: list[Problem] = []
    fields = Fields(3, "/steps/0", problems, ("a",))
    assert fields.number("a") is None and fields.text("a") is None and fields.list("a") == []
    assert [one.code for one in problems] == ["TYPE"]
    assert fields.at("a/b", 0) == "/steps/0/a~1b/0"


def test_weights() -> None:
    assert [weight(one) for one in ("B", "M", "E")] == [1, Fraction(1, 2), 0]  # type: ignore[arg-type]
