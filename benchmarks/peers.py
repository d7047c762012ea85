"""The same balances by hledger, ledger and Beancount, for whoever has them installed.

A movement is a transaction between accounts ``area:category``; what is under way between two
areas is in ``transit``, what came from abroad comes out of ``abroad``. Each tool reads its text
file and tells the balances on a date; they must be those of the books. None is a requirement.
"""

from __future__ import annotations

import datetime
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import as_of
import generate
import polars as pl
from measuring import CACHE, Clock

ON = as_of.DATES[0]


def journal(lines: int, style: str) -> Path:
    """Return the movements as a text file of a tool; written once."""
    path = CACHE / f"peers-{lines}-{generate.SEED}.{style}"
    if path.exists():
        return path
    mark = "" if style == "ledger" else "*"
    with path.with_suffix(".part").open("w", encoding="utf-8") as stream:
        if style == "beancount":
            for area in (*generate.AREAS, "TRANSIT", "ABROAD"):
                for letter in generate.CATEGORIES:
                    stream.write(f"2015-01-01 open Assets:{area}:{letter}\n")
        for frame in generate.chunks(lines):
            for row in frame.iter_rows(named=True):
                stream.write(_transaction(row, style, mark))
    return path.with_suffix(".part").rename(path)


def _transaction(row: dict[str, Any], style: str, mark: str) -> str:
    source = {"RF": "ABROAD", "RD": "TRANSIT"}.get(row["code"], row["from_mba"])
    target = "TRANSIT" if row["code"] == "SD" else row["to_mba"]
    number = str(row["date"])
    day = f"{number[:4]}-{number[4:6]}-{number[6:]}"
    title = f'"{row["batch"]}"' if style == "beancount" else row["batch"]
    weights = [(row["element_mg"], "MGE")]
    if row["isotope_mg"] is not None:
        weights.append((row["isotope_mg"], "MGI"))
    postings = "".join(
        f"  Assets:{place}:{row['category']}  {sign}{weight} {unit}\n"
        for weight, unit in weights
        for place, sign in ((target, ""), (source, "-"))
    )
    return f"{day} {mark} {title}\n{postings}\n"


def _by_command(tool: str, path: Path) -> as_of.Answer:
    end = (ON + datetime.timedelta(days=1)).isoformat()
    command = [tool, "-f", str(path), "balance", "--flat", "--no-total", "-e", end, "Assets:XA"]
    if tool == "hledger":
        command += ["-N"]
        command.remove("--no-total")
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    answer: as_of.Answer = {}
    for amounts in _accounts(done.stdout):
        *weights, account = amounts
        _, area, letter = account.split(":")
        for weight in weights:
            number, unit = weight.split()
            if unit == "MGE":
                answer[area, letter] = int(number.replace(",", ""))
    return answer


def _accounts(text: str) -> list[list[str]]:
    """Split a balance report into accounts, each with its amounts (one per line) before it."""
    found: list[list[str]] = []
    amounts: list[str] = []
    for line in text.splitlines():
        parts = line.split("  Assets:")
        amounts.append(parts[0].strip())
        if len(parts) > 1:
            found.append([*amounts, f"Assets:{parts[1].strip()}"])
            amounts = []
    return found


_BEANCOUNT = """
import json, sys, datetime
from beancount import loader
from beancount.core import data
entries, errors, _ = loader.load_file(sys.argv[1])
assert not errors, errors[:3]
last, sums = datetime.date.fromisoformat(sys.argv[2]), {}
for entry in entries:
    if isinstance(entry, data.Transaction) and entry.date <= last:
        for posting in entry.postings:
            if posting.units.currency == "MGE":
                sums[posting.account] = sums.get(posting.account, 0) + int(posting.units.number)
print(json.dumps(sums))
"""


def _by_beancount(_tool: str, path: Path) -> as_of.Answer:
    import json

    command = [sys.executable, "-c", _BEANCOUNT, str(path), ON.isoformat()]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    sums = {tuple(k.split(":")[1:]): v for k, v in json.loads(done.stdout).items()}
    return {key: v for key, v in sums.items() if key[0] not in ("TRANSIT", "ABROAD")}


def measure(lines: int) -> dict[str, Any]:
    """Return the seconds of each tool that is installed; raise if its balances differ."""
    movements = as_of.by_area(pl.concat(list(generate.chunks(lines))).lazy())
    right = {key: mg for key, mg in as_of.grouped(movements, ON).items() if mg}
    tools = {"hledger": _by_command, "ledger": _by_command, "beancount": _by_beancount}
    found: dict[str, Any] = {"lines": lines}
    for tool, ask in tools.items():
        present = importlib.util.find_spec(tool) if tool == "beancount" else shutil.which(tool)
        if present is None:
            found[tool] = "not installed"
            continue
        path = journal(lines, tool)
        with Clock() as clock:
            answer = ask(tool, path)
        assert {k: mg for k, mg in answer.items() if mg} == right, f"{tool} differs"
        found[tool] = {"seconds": clock.seconds}
    return found
