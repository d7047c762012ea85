"""The story of one gram, asked of the books and asserted step by step."""

from __future__ import annotations

import tomllib
from collections import deque
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

import keiryo
from keiryo.journal.proofs import proof_problems

STORY = tomllib.loads((Path(__file__).parent / "story.toml").read_text(encoding="utf-8"))["step"]


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> keiryo.Books:
    place = tmp_path_factory.mktemp("one-gram") / "books.sqlite"
    books = keiryo.init(place, "XA", person="P-STORY")
    folder = Path(str(files("keiryo.data").joinpath("state_xa")))
    areas = ("XAFA", "XARA", "XALA")
    summary = books.import_reports(
        [folder / f"{mba}.txt" for mba in areas], context=folder / "context.json"
    )
    assert summary.complete
    for mba in areas:
        books.close(mba)
    return books


def way(chain: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """Return a way through the links to a line with the wanted values, or an empty list."""
    lines = {f"line:{row['act']}/{row['line']}": row for row in chain["lines"]}
    onward: dict[str, list[str]] = {}
    for link in chain["links"]:
        onward.setdefault(link["from"], []).append(link["to"])
    came_from: dict[str, str | None] = {chain["node"]: None}
    waiting = deque([chain["node"]])
    while waiting:
        node = waiting.popleft()
        row = lines.get(node)
        values = {"kind": row["kind"], **row["values"]} if row else {}
        if row and all(values.get(k) == v for k, v in wanted.items()):
            steps: list[str] = []
            at: str | None = node
            while at is not None:
                steps.append(at)
                at = came_from[at]
            return steps[::-1]
        for target in onward.get(node, []):
            if target not in came_from:
                came_from[target] = node
                waiting.append(target)
    return []


@pytest.mark.parametrize("step", STORY, ids=lambda step: step["title"])
def test_step(books: keiryo.Books, step: dict[str, Any]) -> None:
    chain = books.why(step["ask"])
    found = {f"{report['mba']}/{report['report_no']}" for report in chain["reports"]}
    assert set(step["reports"]) <= found
    steps = way(chain, step["path"])
    assert steps, f"no way from {chain['node']} to {step['path']}"
    assert all(act["person"] == "P-STORY" for act in chain["acts"])
    if "figure" in step:
        wanted = step["figure"]
        lines: Any = books.balance("XAFA").to_dict()["lines"]
        assert lines[wanted["code"]]["E"] == {k: wanted[k] for k in ("element", "fissile")}
    if "evidence" in step:
        act = int(steps[-1].removeprefix("line:").split("/")[0])
        digests = [
            link["to"]
            for link in chain["links"]
            if link["from"] == f"act:{act}" and link["to"].startswith("evidence:")
        ]
        contents = [books.database.evidence.get(d.removeprefix("evidence:")) for d in digests]
        assert any(step["evidence"].encode() in content for content in contents)


def test_the_receipt_is_proven_to_a_counterpart(books: keiryo.Books) -> None:
    chain = books.why("XAFA/MF/E")
    steps = way(chain, {"code": "RF", "report_no": 102})
    act, line = (int(part) for part in steps[-1].removeprefix("line:").split("/"))
    proof = books.prove(act, line)
    assert proof["line"]["values"]["element_mg"] == 1_541_260_000
    assert proof_problems(proof, books.checkpoint()) == []


def test_a_correction_stays_traceable_both_ways(books: keiryo.Books) -> None:
    chain = books.why("entry:XAFA/106/4")
    corrected = [link for link in chain["links"] if link["relation"] == "corrects"]
    assert {link["from"].split(":")[0] for link in corrected} == {"line", "act"}
    assert way(chain, {"report_no": 104, "element_mg": 1_120_500})
