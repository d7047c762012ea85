"""Write docs/reference anew from the program, or check that it is up to date."""

from __future__ import annotations

import inspect
import re
import sys
from functools import cache
from pathlib import Path

import typer.testing

TOP = Path(__file__).resolve().parent.parent
for folder in (TOP / "scripts", TOP / "src"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

import reference_api  # noqa: E402
import reference_findings  # noqa: E402
import reference_tables  # noqa: E402

FOLDER = TOP / "docs" / "reference"
WIDTH = 92
# Making the commands takes half a second, and the runner makes them anew for every call.
typer.testing._get_command = cache(typer.main.get_command)
NOTE = "% Written by scripts/reference from the program; change the program, not this page.\n\n"


def commands_page() -> str:
    """Return the page of all commands with what their --help says."""
    import typer

    from keiryo.cli.app import app

    root = typer.main.get_command(app)
    parts = [
        "# Commands\n",
        "Exit codes of every command: 0 done; 1 something was found or refused; 2 the command "
        "could not run; 130 interrupted. Options of the first block may stand before the name of "
        "the command; `--db` and `--format` also after it.\n",
    ]
    for words, _ in walk(root, ("keiryo",)):
        parts.append(f"{'##' if len(words) <= 2 else '###'} {' '.join(words)}\n")
        parts.append(f"```text\n{help_text(words)}\n```\n")
    return "\n".join(parts)


def walk(command, words):
    """Yield a command and all below it, with the words that call each."""
    yield words, command
    for name, below in getattr(command, "commands", {}).items():
        yield from walk(below, (*words, name))


def help_text(words: tuple[str, ...]) -> str:
    """Return what ``words --help`` prints, on a terminal of fixed width."""
    from typer.testing import CliRunner

    from keiryo.cli.app import app

    result = CliRunner().invoke(
        app, [*words[1:], "--help"], prog_name="keiryo", terminal_width=WIDTH,
        max_content_width=WIDTH,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    return "\n".join(line.rstrip() for line in result.output.strip().splitlines())


def python_page() -> str:
    """Return the page of the public names with their docstrings."""
    import keiryo

    parts = [
        "# Python API\n",
        "What `import keiryo` offers. Everything else may change without notice. Weights are "
        "whole milligrams (`int`); tables are Polars frames.\n",
        "```python\n" + inspect.cleandoc(keiryo.__doc__ or "") + "\n```\n",
    ]
    for name in keiryo.__all__:
        parts += documented(f"keiryo.{name}", getattr(keiryo, name), "##")
    return "\n".join(parts)


STATISTICS = (
    *(f"material_balance.{name}" for name in (
        "statistics", "sequence", "running", "thresholds", "detection", "robustness",
        "strata", "plant", "error_variables", "simulation", "simulated_thresholds",
        "simulation_campaign",
    )),
    *("process_data.service", "design.questions", "measurement.estimation", "measurement.pairs"),
    *(f"inspection.{name}" for name in (
        "sampling", "methods", "differences", "joint_test", "shipper_receiver",
    )),
)  # fmt: skip


def statistics_page() -> str:
    """Return the page of the functions on plain arrays."""
    from importlib import import_module

    parts = [
        "# Statistics in Python\n",
        "Functions on plain arrays; they need no books and return frozen results. Amounts are "
        "kilograms of an element or of an isotope, standard deviations are one sigma, a loss is "
        "positive.\n",
    ]
    for name in STATISTICS:
        module = import_module(f"keiryo.{name}")
        parts.append(f"## keiryo.{name}\n")
        parts.append((inspect.getdoc(module) or "").partition("\n")[0] + "\n")
        for own, thing in vars(module).items():
            if own.startswith("_") or getattr(thing, "__module__", "") != module.__name__:
                continue
            if inspect.isfunction(thing):
                parts += documented(own, thing, "###")
            elif inspect.isclass(thing):
                parts.append(f"### {own}\n\n```text\n{inspect.getdoc(thing) or ''}\n```\n")
    return "\n".join(parts)


def documented(name: str, thing, level: str) -> list[str]:
    """Return a heading and the docstring of a public name, and of its members."""
    parts = [f"{level} {name}\n"]
    if callable(thing) and not inspect.isclass(thing):
        parts.append(f"```python\n{name.rpartition('.')[2]}{signature(thing)}\n```\n")
    parts.append(f"```text\n{inspect.getdoc(thing) or ''}\n```\n")
    if inspect.isclass(thing):
        for member, value in public_members(thing):
            parts += documented(f"{name}.{member}", value, "###")
    return parts


def signature(thing) -> str:
    """Return a signature on one or several lines."""
    shown = str(inspect.signature(thing)).replace("'", "")
    if len(shown) <= 76:
        return shown
    inner, _, result = shown[1:].rpartition(")")
    pieces = re.split(r", (?=[\w*]+(?::|=|,|$))", inner)
    return "(\n    " + ",\n    ".join(pieces) + f",\n){result}"


def public_members(cls):
    """Yield the public methods and properties that a class of keiryo defines itself."""
    for name, value in vars(cls).items():
        if name.startswith("_"):
            continue
        if isinstance(value, property):
            yield name, value
        elif isinstance(value, classmethod):
            yield name, value.__func__
        elif inspect.isfunction(value):
            yield name, value


def pages() -> dict[str, str]:
    """Return the content of every page by its file name."""
    made = {
        "commands.md": commands_page(),
        "api.md": reference_api.page(),
        "findings.md": reference_findings.page(),
        "line-kinds.md": reference_tables.line_kinds_page(),
        "python-api.md": python_page(),
        "statistics.md": statistics_page(),
        "vocabulary.md": reference_tables.vocabulary_page(),
    }
    return {name: NOTE + text.rstrip() + "\n" for name, text in made.items()}


def outdated() -> list[str]:
    """Return the names of the pages that are not what the program says now."""
    return [
        name
        for name, text in pages().items()
        if not (FOLDER / name).exists() or (FOLDER / name).read_text("utf-8") != text
    ]


def main(arguments: list[str]) -> int:
    """Write the pages, or with --check say which are out of date."""
    if arguments not in ([], ["--check"]):
        print("usage: scripts/reference [--check]", file=sys.stderr)
        return 2
    if arguments:
        old = outdated()
        for name in old:
            print(f"docs/reference/{name} is out of date: run scripts/reference")
        return 1 if old else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"docs/reference/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
