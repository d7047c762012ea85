"""The stand-alone verifier rebuilds the same projections as the package."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import keiryo
from keiryo.capabilities import builtin_registry
from keiryo.journal import standalone


def test_the_same_selects() -> None:
    wanted = {p.name: "".join(p.build.split()) for p in builtin_registry().projections}
    del wanted["act_scope"]  # made from the tables that are found, see check_act_scopes
    found = {name: "".join(select.split()) for name, select in standalone.PROJECTIONS.items()}
    assert found == wanted


def test_a_changed_sum_is_found(tmp_path: Path) -> None:
    place = tmp_path / "books.sqlite"
    books = keiryo.init(place, "XA", person="P-1")
    folder = Path(str(files("keiryo.data").joinpath("state_xa")))
    books.import_reports([folder / "XALA.txt"], context=folder / "context.json")
    books.database.close()
    command = [sys.executable, "-I", str(standalone.__file__), str(place)]
    sound = subprocess.run(command, capture_output=True, text=True, check=False)
    assert sound.returncode == 0, sound.stdout
    with sqlite3.connect(place) as connection:
        connection.execute("UPDATE book_sum SET element_mg = element_mg + 1 WHERE code = 'GA'")
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "book_sum" in found.stdout
    assert not keiryo.open(place).verify().sound
