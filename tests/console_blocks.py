"""Runs the console blocks of a documentation page and compares what they print.

A block begins with ```` ```console ````; a line that begins with ``$ `` is a command, the lines up
to the next one are what it prints. A line ``...`` stands for any number of lines. Identifiers,
digests, times and the home folder may differ. A comment ``<!-- file: NAME -->`` before a block of
another kind says that its content is the file NAME, from there on.

After changing what a command prints, write the blocks anew with ``KEIRYO_UPDATE=1`` and look at
the difference; blocks with ``...`` are left alone.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
BLOCK = re.compile(
    r"(?:<!-- file: (?P<file>\S+) -->\n+)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.M | re.S
)
VARIABLE = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<uid>"),
    (re.compile(r"\b[0-9a-f]{12,64}\b(…)?"), "<digest>"),
    (re.compile(r"\bP-[A-Z2-9]{8}\b"), "<person>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"), "<time>"),
    (re.compile(r"\(\d+ rows"), "(<number> rows"),
    (re.compile(r"Done in \d+\.\d s"), "Done in <seconds>"),
    (re.compile(r" +"), " "),
    (re.compile(r"─+"), "─"),
)


@dataclass
class Shell:
    """A terminal of sorts: a folder, an environment, and the last exit code."""

    home: Path
    folder: Path
    code: int = 0
    printed: list[str] = field(default_factory=list)

    def run(self, command: str) -> str:
        """Return what a command prints."""
        first, _, rest = command.partition(" ")
        if first == "export":
            name, _, value = rest.partition("=")
            if name != "PATH":
                os.environ[name] = os.path.expanduser(value.strip('"'))
            return ""
        if first == "cd":
            self.folder = Path(os.path.expanduser(rest)).absolute()
            os.chdir(self.folder)
            return ""
        if command == "echo $?":
            return f"{self.code}\n"
        if command == "make demo":
            command, first = "keiryo demo", "keiryo"
        if first == "keiryo":
            return self.keiryo(shlex.split(command)[1:])
        if first == "sqlite3":
            _, place, statements = shlex.split(command)
            with contextlib.closing(sqlite3.connect(place)) as connection:
                connection.executescript(statements)
            return ""
        return self.other(command)

    def keiryo(self, words: list[str]) -> str:
        """Run the command line in this process, which spares a start each."""
        from keiryo.cli import main

        stream, before = io.StringIO(), sys.argv
        words = [os.path.expanduser(word) for word in words]
        sys.argv = ["keiryo", *words]
        self.code = 0
        try:
            with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
                main()
        except SystemExit as end:
            self.code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        finally:
            sys.argv = before
        return stream.getvalue()

    def other(self, command: str) -> str:
        """Run anything else."""
        command = re.sub(r"^python3?\b", shlex.quote(sys.executable), command)
        done = subprocess.run(
            ["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.code = done.returncode
        return done.stdout


def commands(text: str) -> list[tuple[str, str]]:
    """Return the commands of a block, each with what it should print."""
    pairs: list[tuple[str, str]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            pairs.append((line[2:], ""))
        else:
            command, output = pairs[-1]
            pairs[-1] = (command, f"{output}{line}\n")
    return pairs


def normal(text: str, home: Path) -> list[str]:
    """Return the lines of an output without what may differ."""
    text = text.replace(str(home), "/home/you")
    for pattern, word in VARIABLE:
        text = pattern.sub(word, text)
    return [line.rstrip() for line in text.strip("\n").splitlines() if line.strip()]


def agrees(expected: list[str], found: list[str]) -> bool:
    """Whether lines agree, ``...`` standing for any number of lines."""
    if not expected:
        return not found
    if expected[0] == "...":
        return any(agrees(expected[1:], found[n:]) for n in range(len(found) + 1))
    return bool(found) and expected[0] == found[0] and agrees(expected[1:], found[1:])


def differences(page: Path, home: Path, *, update: bool = False) -> list[str]:
    """Run all blocks of a page in order; return in words where its output is not as it says."""
    shell, wrong = Shell(home, Path.cwd()), []
    content = page.read_text(encoding="utf-8")

    def run(block: re.Match[str]) -> str:
        if block["file"]:
            (shell.folder / block["file"]).write_text(block["text"], encoding="utf-8")
        if block["kind"] != "console":
            return block[0]
        written = []
        for command, expected in commands(block["text"]):
            found = shell.run(command)
            elided = "...\n" in expected
            if not agrees(normal(expected, home), normal(found, home)):
                wrong.append(f"$ {command}\nthe page says\n{expected}\nit prints\n{found}")
            else:
                found = expected  # so that an update keeps identifiers and times as they were
            kept = "".join(f"{line.rstrip()}\n" for line in found.splitlines() if line.strip())
            shown = expected if elided else kept.replace(str(home), "/home/you")
            written.append(f"$ {command}\n{shown}")
        return block[0].replace(block["text"], "".join(written))

    rewritten = BLOCK.sub(run, content)
    if update:
        page.write_text(rewritten, encoding="utf-8")
        return []
    return wrong
