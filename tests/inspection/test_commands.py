"""The commands of sampling and inspection, and everything that can be wrong in a list."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from keiryo.cli import inspection, sampling
from keiryo.errors import UsageError

STRATA = """stratum,items,item_kg,sign,operator_random,operator_systematic,\
inspector_random,inspector_systematic
cans,120,17.5,+1,.002,.001,.01,.005
pellets,400,4.4,-1,.0015,.001,.015,.01
scrap,60,1.2,1,.03,.02,.08,.05
"""
PAIRS = """stratum,item,operator_kg,inspector_kg
cans,C1,17.5,17.3
cans,C2,17.6,17.8
pellets,P1,4.4,4.45
"""


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    sampling.register(made)
    inspection.register(made)
    return made


def run(app: typer.Typer, *words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(w) for w in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def run_json(app: typer.Typer, *words: object) -> tuple[int, dict[str, Any]]:
    code, output = run(app, *words, "--format", "json")
    return code, json.loads(output)


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_attribute(app: typer.Typer) -> None:
    words = ("sampling", "attribute", "--items", 300, "--detection", 0.9)
    code, found = run_json(app, *words, "--defects", 16)
    assert code == 0
    assert list(found)[:2] == ["sample_size", "achieved"]
    assert found["sample_size"] == 40
    assert found["achieved"] == pytest.approx(1 - 0.0950326796959688, rel=1e-12)
    code, found = run_json(app, *words, "--goal-kg", 8, "--item-kg", 0.5, "--size", 20)
    assert found["sample_size"] == 40
    assert found["given"]["detectable_defects"] == 32
    code, found = run_json(
        app, *words, "--goal-kg", 8, "--item-kg", 0.5, "--falsified", 0.3, "--sigma", 0.1
    )
    assert found["per_item"] == pytest.approx(0.5, abs=1e-8)
    code, output = run(app, *words, "--defects", 16, "--format", "csv")
    assert output.splitlines()[1].startswith("40,0.9049")
    code, output = run(app, *words, "--defects", 16)
    assert "sample size" in output
    code, found = run_json(
        app, "sampling", "attribute", "--items", 10, "--defects", 2, "--detection", 0.9,
        "--per-item", 0.2,
    )  # fmt: skip
    assert (code, found["reached"]) == (1, False)
    assert found["findings"][0]["rule"] == "DETECTION-UNREACHABLE"


@pytest.mark.parametrize(
    "words",
    [
        ["--items", 10, "--defects", 2, "--detection", 1.5],
        ["--items", 10, "--defects", 2, "--detection", 0],
        ["--items", 10, "--defects", 2, "--detection", "nan"],
        ["--items", 0, "--defects", 2, "--detection", 0.9],
        ["--items", 10, "--defects", 0, "--detection", 0.9],
        ["--items", 10, "--detection", 0.9],
        ["--items", 10, "--goal-kg", 8, "--detection", 0.9],
        ["--items", 10, "--goal-kg", "nan", "--item-kg", 1, "--detection", 0.9],
        ["--items", 10, "--defects", 2, "--goal-kg", 8, "--detection", 0.9],
        ["--items", 10, "--defects", 2, "--detection", 0.9, "--per-item", 0.5, "--sigma", 0.1],
        ["--items", 10, "--defects", 2, "--detection", 0.9, "--size", 11],
        ["--items", 10, "--defects", 2, "--detection", 0.9, "--size", 0],
        ["--items", 10, "--defects", 2, "--detection", 0.9, "--falsified", 0.3],
        ["--items", 10, "--defects", 2, "--detection", 0.9, "--item-kg", 3],
        ["--items", 10, "--defects", 2, "--detection", 0.9, "--limit", 4],
        ["--items", 10, "--goal-kg", "1e308", "--item-kg", "1e-300", "--detection", 0.9],
        ["--items", 10, "--goal-kg", 8, "--item-kg", 1, "--falsified", 0, "--detection", 0.9],
    ],
)
def test_attribute_nonsense(app: typer.Typer, words: list[object]) -> None:
    with pytest.raises(UsageError):
        run(app, "sampling", "attribute", *words)


def test_methods_and_variables(app: typer.Typer) -> None:
    words = ("--items", 300, "--item-kg", 0.5, "--goal-kg", 8, "--detection", 0.9)
    code, found = run_json(app, "sampling", "three-methods", *words)
    assert (code, [m["own"] for m in found["methods"]]) == (0, [28, 10, 2])
    code, found = run_json(
        app, "sampling", "three-methods", *words, "--method", "H=1", "--method", "F=0.3@0.9"
    )
    assert found["methods"][1]["per_item"] == 0.9
    assert run(app, "sampling", "three-methods", *words)[0] == 0
    for method in ("F", "F=x", "=0.3", "F=0.3@"):
        if method == "F=0.3@":
            assert run(app, "sampling", "three-methods", *words, "--method", method)[0] == 0
            continue
        with pytest.raises(UsageError):
            run(app, "sampling", "three-methods", *words, "--method", method)
    code, found = run_json(app, "sampling", "variables", *words, "--random", 0.1)
    assert code == 0 and found["reached"]
    code, found = run_json(
        app, "sampling", "variables", *words, "--random", 0.1, "--systematic", 0.05
    )
    assert code == 1
    totals = ("--total-kg", 150, "--goal-kg", 8, "--detection", 0.9)
    assert run_json(app, "sampling", "proportional", *totals)[1]["sample_size"] == 43


def test_plan_stratify_and_select(app: typer.Typer, tmp_path: Path) -> None:
    strata = written(tmp_path, "plan.csv", "stratum,items,item_kg\ncans,300,0.5\nnone,0,1\n")
    code, found = run_json(app, "sampling", "plan", strata, "--goal-kg", 8, "--detection", 0.9)
    assert (code, found["sample_size"]) == (0, 40)
    code, found = run_json(app, "sampling", "plan", strata, "--detection", 0.9)
    assert code == 1
    assert [f["rule"] for f in found["findings"]] == ["LIST-VALUE-MISSING"] * 2
    lines = "".join(f"I{n},{n * n}.5\n" for n in range(1, 31))
    items = written(tmp_path, "items.csv", "item,item_kg\n" + lines)
    code, output = run(app, "sampling", "stratify", items, "--format", "csv")
    again = written(tmp_path, "strata.csv", output)
    code, output = run(app, "sampling", "plan", again, "--goal-kg", 75, "--detection", 0.9)
    assert code == 0 and "size-1" in output
    draw = ("sampling", "select", items, "--size", 5, "--seed", 7)
    code, found = run_json(app, *draw)
    assert [found["seed"], found["population"], len(found["items"])] == ["7", 30, 5]
    assert found["items"][0]["line"] == int(found["items"][0]["item"][1:]) + 1
    code, output = run(app, *draw, "--proportional", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(output)))
    assert len(rows) == 5 and float(rows[0]["probability"]) <= 1
    for size, seed in ((31, "7"), (0, "7"), (5, ""), (5, "\udcff"), (5, "a\x1b[31m")):
        with pytest.raises(UsageError):
            run(app, "sampling", "select", items, "--size", size, "--seed", seed)
    twice = written(tmp_path, "twice.csv", "item\nA\nA\n")
    code, found = run_json(app, "sampling", "select", twice, "--size", 1, "--seed", 7)
    assert (code, found["findings"][0]["line"]) == (1, 3)
    code, found = run_json(
        app, "sampling", "select", twice, "--size", 1, "--seed", 7, "--proportional"
    )
    assert found["findings"][0]["rule"] == "LIST-COLUMN-MISSING"


def test_differences(app: typer.Typer, tmp_path: Path) -> None:
    pairs, strata = written(tmp_path, "p.csv", PAIRS), written(tmp_path, "s.csv", STRATA)
    words = ("inspection", "differences", pairs, "--strata", strata, "--muf", 2)
    code, found = run_json(app, *words, "--falsification", 30)
    assert code == 0
    assert found["d_kg"] == pytest.approx(0.0 + 400 * 0.05, rel=1e-9)
    assert found["muf_minus_d_kg"] == pytest.approx(2 - 20, rel=1e-9)
    assert found["joint"]["alarm"] is False
    assert 0 < found["power_d"] < 1
    assert [f["rule"] for f in found["findings"]] == ["STRATUM-NOT-VERIFIED"]
    assert len(found["items"]["rows"]) == 3
    code, output = run(app, *words)
    assert "MUF − D" in output
    code, output = run(app, *words, "--format", "csv")
    assert "stratum,item,operator_kg" in output
    code, output = run(app, "inspection", "differences", pairs)
    assert code == 0 and "ERROR-MODEL-MISSING" in output
    outlier = written(tmp_path, "o.csv", PAIRS + "cans,C3,17.5,12\n")
    code, found = run_json(app, "inspection", "differences", outlier, "--strata", strata)
    assert code == 1
    assert ("DIFFERENCE-ITEM", 5) in [(f["rule"], f["line"]) for f in found["findings"]]


def test_shipper_receiver(app: typer.Typer, tmp_path: Path) -> None:
    text = "batch;shipper_kg;receiver_kg;items\nB1;1521.30;1519.85;10\nB2;1521.30;1519.85;10\n"
    file = written(tmp_path, "ship.csv", text)
    errors = ("--shipper-random", 0.0006, "--shipper-systematic", 0.0005,
              "--receiver-random", 0.0008, "--receiver-systematic", 0.0007)  # fmt: skip
    code, found = run_json(app, "inspection", "shipper-receiver", file, *errors)
    assert code == 0
    assert found["shipments"][0]["sigma_kg"] == pytest.approx(1.3934181510964323, rel=1e-9)
    code, output = run(app, "inspection", "shipper-receiver", file, *errors)
    assert "1.04061" in output
    code, output = run(app, "inspection", "shipper-receiver", file, *errors, "--format", "csv")
    assert output.startswith("batch,shipper_kg")
    bad = written(tmp_path, "bad.csv", "batch,shipper_kg,receiver_kg\nA,-1,1\nB,x,1\nC,1,1\nC,1,1")
    code, found = run_json(app, "inspection", "shipper-receiver", bad, *errors)
    assert code == 1
    assert [(f["rule"], f["line"]) for f in found["findings"]] == [
        ("LIST-NUMBER", 2), ("LIST-NUMBER", 3), ("LIST-TWICE", 5)
    ]  # fmt: skip


HEAD = "stratum,item,operator_kg,inspector_kg\n"
BAD_PAIRS = [
    ("", [("LIST-EMPTY", None)]),
    (HEAD, [("LIST-EMPTY", None)]),
    (b"\xff\xfe\x00", [("LIST-UNREADABLE", None)]),
    ("stratum,item,operator_kg,inspector_kg\nk\xfcche,a,1,1".encode("latin-1"),
     [("LIST-UNREADABLE", 2)]),
    ("stratum,operator_kg\ncans,1\n",
     [("LIST-COLUMN-MISSING", 1), ("LIST-COLUMN-MISSING", 1)]),
    ("stratum,item,operator_g,inspector_g\ncans,a,1,1\n", [("LIST-UNIT", 1), ("LIST-UNIT", 1)]),
    ("stratum,item,item,operator_kg,inspector_kg\ncans,a,a,1,1\n", [("LIST-TWICE", 1)]),
    (HEAD + "cans,a,NaN,1\n", [("LIST-NUMBER", 2)]),
    (HEAD + "cans,a,inf,1e400\n", [("LIST-NUMBER", 2), ("LIST-NUMBER", 2)]),
    (HEAD + "cans,a,-1,1_0\n", [("LIST-NUMBER", 2), ("LIST-NUMBER", 2)]),
    (HEAD + 'cans,a,"17,5",17 kg\n', [("LIST-NUMBER", 2), ("LIST-NUMBER", 2)]),
    (HEAD + "cans,a,,1\n", [("LIST-VALUE-MISSING", 2)]),
    (HEAD + "cans,a,1\n", [("LIST-ROW", 2)]),
    (HEAD + "\ncans,a,17,17\n\ncans,a,17,17\n", [("LIST-TWICE", 5)]),
    (HEAD + "tins,a,1,1\ncans,b,x,1\n", [("LIST-NUMBER", 3), ("STRATUM-UNKNOWN", 2)]),
    ("stratum,item,operator_kg,inspector_kg,unit\ncans,a,17,17,g\n", [("LIST-UNIT", 2)]),
    ("stratum,item,operator_kg,inspector_kg,basis\ncans,a,17,17,U\ncans,b,17,17,UO2\n",
     [("LIST-UNIT", 3)]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), BAD_PAIRS)
def test_bad_pairs(
    app: typer.Typer, tmp_path: Path, text: str | bytes, expected: list[tuple[str, int | None]]
) -> None:
    pairs, strata = written(tmp_path, "p.csv", text), written(tmp_path, "s.csv", STRATA)
    code, found = run_json(app, "inspection", "differences", pairs, "--strata", strata)
    assert code == 1
    assert [(f["rule"], f["line"]) for f in found["findings"]] == expected
    assert all(f["message"] and f["advice"] and f["file"] for f in found["findings"])


STRATA_HEAD = "stratum,items,item_kg,total_kg,sign,operator_random,operator_systematic,\
operator_source,inspector_random,inspector_systematic,inspector_source\n"
BAD_STRATA = [
    ("cans,120,17.5,,0,.1,.1,,.1,.1,\n", ["LIST-NUMBER"]),
    ("cans,12.5,17.5,,1,.1,.1,,.1,.1,\n", ["LIST-NUMBER"]),
    ("cans,120,17.5,,,.1,.1,,.1,.1,\n", ["LIST-VALUE-MISSING"]),
    ("cans,120,17.5,,1,.1,1.5,,.1,.1,\n", ["LIST-NUMBER"]),
    ("cans,120,17.5,17.5,1,.1,.1,,.1,.1,\n", ["STRATUM-TOTAL"]),
    ("cans,120,17.5,,1,.1,,,.1,.1,\n", ["LIST-VALUE-MISSING"]),
    ("cans,120,17.5,,1,.1,.1,,.1,.1,\nx,5,,,1,.1,.1,,.1,.1,\n", ["LIST-VALUE-MISSING"]),
    ("cans,120,17.5,,1,.1,.1,s,.1,.2,s\n", ["SOURCE-DIFFERS"]),
    ("cans,120,17.5,,1,.1,.1,,.1,.1,\ncans,1,1,,1,.1,.1,,.1,.1,\n", ["LIST-TWICE"]),
]


@pytest.mark.parametrize(("rows", "codes"), BAD_STRATA)
def test_bad_strata(app: typer.Typer, tmp_path: Path, rows: str, codes: list[str]) -> None:
    pairs = written(tmp_path, "p.csv", HEAD + "cans,a,17,17\n")
    strata = written(tmp_path, "s.csv", STRATA_HEAD + rows)
    code, found = run_json(app, "inspection", "differences", pairs, "--strata", strata)
    assert (code, [f["rule"] for f in found["findings"]]) == (1, codes)


def test_column_that_is_nearly_known(app: typer.Typer, tmp_path: Path) -> None:
    pairs = written(tmp_path, "p.csv", HEAD + "cans,a,17,17\n")
    text = "stratum,items,item_kg,sign,operator_ramdom\ncans,120,17.5,1,.1\n"
    strata = written(tmp_path, "s.csv", text)
    code, found = run_json(app, "inspection", "differences", pairs, "--strata", strata)
    assert (code, found["findings"][0]["rule"]) == (0, "LIST-COLUMN-SPELLING")


def test_size_of_items_from_total_or_sample(app: typer.Typer, tmp_path: Path) -> None:
    pairs = written(tmp_path, "p.csv", HEAD + "cans,a,17,17\n")
    for rows, total in [("cans,120,,2100,1,,,,,,\n", 2100), ("cans,120,,,1,,,,,,\n", 2040)]:
        strata = written(tmp_path, "s.csv", STRATA_HEAD + rows)
        _, found = run_json(app, "inspection", "differences", pairs, "--strata", strata)
        assert found["strata"][0]["total_kg"] == pytest.approx(total)


def test_very_many_findings_are_shortened(app: typer.Typer, tmp_path: Path) -> None:
    pairs = written(tmp_path, "p.csv", HEAD + "".join(f"c,{n},x,1\n" for n in range(500)))
    code, found = run_json(app, "inspection", "differences", pairs)
    assert (code, len(found["findings"])) == (1, 201)
    assert "300 more" in found["findings"][-1]["message"]


def test_file_that_is_not_there(app: typer.Typer, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        run(app, "inspection", "differences", tmp_path / "none.csv")
    with pytest.raises(UsageError):
        run(app, "inspection", "differences", tmp_path)


@pytest.mark.parametrize("character", ["\x1b", "\x07", "\x7f", "\x9b"])
def test_control_characters_do_not_reach_the_terminal(
    app: typer.Typer, tmp_path: Path, character: str
) -> None:
    name = f"a{character}[31mb"
    plan = written(tmp_path, f"p{character}.csv", f'stratum,items,item_kg\n"{name}",3,x\n')
    header = written(tmp_path, "h.csv", f"stratum,items,item_kg,g{character}oal_kg\na,3,1\n")
    number = written(tmp_path, "n.csv", f"stratum,items,item_kg\na,{name},1\n")
    for file in (plan, header, number):
        for form in ("table", "csv"):
            words = (file, "--goal-kg", 8, "--detection", 0.9, "--format", form)
            _, output = run(app, "sampling", "plan", *words)
            assert character not in output
    code, found = run_json(app, "sampling", "plan", plan, "--goal-kg", 8, "--detection", 0.9)
    assert (code, found["findings"][0]["rule"]) == (1, "LIST-CONTROL-CHARACTER")
    with pytest.raises(UsageError):
        run(app, "sampling", "three-methods", "--items", 3, "--item-kg", 1, "--goal-kg", 1,
            "--detection", 0.9, "--method", f"{name}=1")  # fmt: skip


def test_fields_of_enormous_length(app: typer.Typer, tmp_path: Path) -> None:
    text = "stratum,items,item_kg\nb,1,1\n" + "a" * 200_000 + ",3,1\n"
    plan = written(tmp_path, "long.csv", text)
    code, found = run_json(app, "sampling", "plan", plan, "--goal-kg", 8, "--detection", 0.9)
    assert code == 1
    assert [(f["rule"], f["line"]) for f in found["findings"]] == [("LIST-UNREADABLE", 3)]


def test_a_population_that_is_too_large_is_said_with_its_line(
    app: typer.Typer, tmp_path: Path
) -> None:
    text = "stratum,items,item_kg\nb,1,1\na,3000000000,.5\nc,1,1e200\nd,1,1e-300\n"
    plan = written(tmp_path, "many.csv", text)
    code, found = run_json(app, "sampling", "plan", plan, "--goal-kg", 8, "--detection", 0.9)
    assert code == 1
    assert [(f["rule"], f["file"], f["line"]) for f in found["findings"]] == [
        ("LIST-NUMBER", "many.csv", n) for n in (3, 4, 5)
    ]


def test_a_missing_sign_is_said(app: typer.Typer, tmp_path: Path) -> None:
    pairs = written(tmp_path, "p.csv", HEAD + "cans,a,17,17\n")
    strata = written(tmp_path, "s.csv", "stratum,items,item_kg\ncans,120,17.5\n")
    code, found = run_json(app, "inspection", "differences", pairs, "--strata", strata)
    assert (code, found["findings"][0]["rule"]) == (1, "LIST-COLUMN-MISSING")


def test_muf_minus_d_without_strata(app: typer.Typer, tmp_path: Path) -> None:
    pairs = written(tmp_path, "p.csv", HEAD + "cans,a,17,17\n")
    code, found = run_json(app, "inspection", "differences", pairs, "--muf", 2)
    assert (code, found["muf_kg"], found["muf_minus_d_kg"]) == (1, 2.0, None)
    assert found["findings"][-1]["rule"] == "STRATA-MISSING"


def test_tables_say_level_and_side(app: typer.Typer, tmp_path: Path) -> None:
    pairs, strata = written(tmp_path, "p.csv", PAIRS), written(tmp_path, "s.csv", STRATA)
    _, output = run(app, "inspection", "differences", pairs, "--strata", strata, "--muf", 2,
                    "--falsification", 8)  # fmt: skip
    assert "limit 1.960, two-sided, alpha 0.05" in output
    assert "limit 1.645, one-sided, alpha 0.05" in output
    assert "(two-sided test, alpha 0.05)" in output
    text = "batch,shipper_kg,receiver_kg,shipper_epoch\nA,1521,1520,\nB,1521,1520,\n"
    ship = written(tmp_path, "ship.csv", text)
    errors = ("--shipper-random", 0.001, "--shipper-systematic", 0.001,
              "--receiver-random", 0.001, "--receiver-systematic", 0.001)  # fmt: skip
    code, output = run(app, "inspection", "shipper-receiver", ship, *errors)
    assert code == 0 and "limit 1.960, two-sided, alpha 0.05 for each" in output


def test_a_goal_above_the_content_is_said_by_every_plan(app: typer.Typer) -> None:
    items = ("--items", 3, "--item-kg", 0.5, "--goal-kg", 8, "--detection", 0.9)
    for words in (
        ("attribute", *items),
        ("three-methods", *items),
        ("variables", *items, "--random", 0.01),
        ("proportional", "--total-kg", 1.5, "--goal-kg", 8, "--detection", 0.9),
    ):
        code, found = run_json(app, "sampling", *words)
        assert (code, [f["rule"] for f in found["findings"]]) == (0, ["GOAL-ABOVE-STRATUM"])
