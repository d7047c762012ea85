"""Audit packs for tests: made, unpacked and read as an inspector would, without keiryo."""

from __future__ import annotations

import csv
import datetime
import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import keiryo
from keiryo.audit.service import write_audit_pack
from keiryo.dates import Period

STATE_XA = Path(str(files("keiryo.data").joinpath("state_xa")))
YEAR = Period(datetime.date(2025, 1, 1), datetime.date(2025, 12, 31))
VOID = {"meta", "link", "br", "hr", "img", "input"}


def state_xa(url: str) -> keiryo.Books:
    """Return the books of the worked example."""
    books = keiryo.init(url, "XA", person="P-AUDIT")
    summary = books.import_reports(
        [STATE_XA / f"{mba}.txt" for mba in ("XAFA", "XARA", "XALA")],
        context=STATE_XA / "context.json",
    )
    assert summary.complete
    return books


def unpacked(books: Any, mba: str, folder: Path, period: Period = YEAR, **more: Any) -> Path:
    """Write a pack and return the folder with its files."""
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / "pack.zip"
    write_audit_pack(books.database, mba, period, archive, **more)
    zipfile.ZipFile(archive).extractall(folder / "unpacked")
    return folder / "unpacked"


def rows(folder: Path, name: str, **wanted: str) -> list[dict[str, str]]:
    """Return the rows of a table of the pack that have the values asked for."""
    with (folder / name).open(encoding="utf-8", newline="") as stream:
        return [
            row
            for row in csv.DictReader(stream)
            if all(row[column] == value for column, value in wanted.items())
        ]


def run(folder: Path, *words: str) -> tuple[int, str]:
    """Run one of the programs of a pack with plain Python; return its code and what it says."""
    done = subprocess.run(
        [sys.executable, "-I", *words], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def sums_agree(folder: Path) -> bool:
    """Whether the list of digests agrees, by the standard tool."""
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=folder, check=False,
        capture_output=True,
    )  # fmt: skip
    return done.returncode == 0


class Page(HTMLParser):
    """A page as a strict reader sees it: every element is closed, in order."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.wrong: list[str] = []
        self.elements: set[str] = set()
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))
        self.close()
        self.wrong += [f"<{name}> is not closed" for name in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        for name, value in attrs:
            if name.startswith("on") or name in ("style", "src"):
                self.wrong.append(f"attribute {name} of <{tag}>")
            if name == "id":
                if value in self.ids:
                    self.wrong.append(f"id {value} is there twice")
                self.ids.add(value or "")
            if name == "href":
                self.links.append(value or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        self.text += data


def page_problems(folder: Path) -> list[str]:
    """Return what is wrong with the pages of a pack: form, dead links, active content."""
    pages = {path: Page(path) for path in folder.rglob("*.html")}
    found = []
    for path, page in pages.items():
        name = path.relative_to(folder).as_posix()
        found += [f"{name}: {words}" for words in page.wrong]
        found += [f"{name}: <{tag}>" for tag in page.elements & {"script", "iframe", "form"}]
        for target in page.links:
            file, _, anchor = target.partition("#")
            there = (path.parent / file).resolve() if file else path
            if ":" in target or not there.is_relative_to(folder.resolve()):
                found.append(f"{name}: {target} leads out of the pack")
            elif not there.is_file():
                found.append(f"{name}: {target} leads nowhere")
            elif anchor and anchor not in pages[folder / there.relative_to(folder.resolve())].ids:
                found.append(f"{name}: {target}: no such place")
    return found
