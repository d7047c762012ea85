"""The house rules that a machine can check: sizes, names, notes, and who may import whom.

The direction of imports is the one drawn in docs/architecture.md. It is checked here rather than
by a tool, because the rule goes by a module's place (``*.model``, ``*.tables``, ``*.service``) and
must hold for capabilities that are added later without anyone editing a list.
"""

from __future__ import annotations

import ast
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

TOP = Path(__file__).resolve().parent.parent
SOURCE = TOP / "src" / "keiryo"
FILE_LINES, FUNCTION_LINES, COLUMNS, FILE_BYTES = 600, 70, 100, 6_000_000
BANNED_NAMES = {"utils", "util", "common", "helpers", "core", "managers", "manager", "misc"}
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"]) + r")\b")
KINDS = "added|changed|deprecated|removed|fixed|security"

# The ranks of docs/architecture.md: a module imports its own rank and lower ones only.
GROUND, MODEL, JOURNAL, TABLES, SERVICE, APPLICATION, TOPMOST = range(7)
BY_TOP = {
    **dict.fromkeys(["errors", "quantities", "dates", "vocabulary", "data"], GROUND),
    **dict.fromkeys(["storage", "journal"], JOURNAL),
    **dict.fromkeys(["", "api", "capabilities"], APPLICATION),  # where all is put together
    **dict.fromkeys(["cli", "web", "testing", "__main__"], TOPMOST),
}
BY_NAME = {"model": MODEL, "rules": MODEL, "formats": MODEL, "tables": TABLES, "service": SERVICE}
OVER = {"web": {"web", "cli"}}  # the command line starts the server
# What a capability may use; one that is not named here may use nothing but the shared ground.
MAY_USE = {
    "people": {"storage", "journal"},
    "storage": {"journal"},  # these two together are the books: tables, and acts in them
    "journal": {"storage"},
    "places": {"storage", "journal"},
    "accounts": {"storage", "journal", "places"},
    "reports": {"storage", "journal", "places", "accounts"},
    "movements": {"storage", "journal", "places", "accounts"},
    "issuing": {"storage", "journal", "places", "accounts", "reports"},
    "oversight": {"storage", "journal", "places", "accounts", "reports"},
    "corrections": {"storage", "journal", "places", "accounts", "reports"},
    "audit": {"storage", "journal", "places", "accounts", "reports"},
    "material_balance": {"compute"},
    "process_data": {"material_balance", "compute"},
    "design": {"material_balance", "process_data", "compute", "charts"},
    "charts": {"material_balance"},
    "inspection": {"material_balance"},
    "obligations": {"storage", "journal", "places", "accounts"},
    "export_control": {"storage", "journal", "places", "accounts", "obligations"},
    "equipment": {"storage", "journal"},
    "public_figures": {"charts"},
    "conversion": {"storage", "journal", "places", "accounts"},
    "cooperation": {"storage", "journal"},
    "screening": set(),  # pictures in, findings out: it knows neither books nor people
    "device_log": {"storage", "journal"},
    "containment": {"storage", "journal", "places", "accounts"},
    "seals": {"storage", "journal", "places", "accounts", "containment", "device_log"},
    "surveillance": {
        *("storage", "journal", "places", "accounts"),
        *("containment", "device_log", "screening", "seals"),
    },
    "coverage": {
        *("storage", "journal", "places", "accounts", "measurement"),
        *("containment", "seals", "surveillance", "screening"),
    },
    "counting": set(),  # statistics of counts alone
    "nuclides": set(),  # tables of nature alone
    "spectra": {"counting"},  # files in, results out: it knows neither books nor people
    "portal": {"counting", "spectra"},  # files in, results out, as spectra
    "templates": {"spectra", "nuclides"},
    "detector_response": {"spectra", "nuclides", "templates"},
    "identification": {"counting", "spectra", "nuclides", "templates", "detector_response"},
    "detection_sites": {
        *("storage", "journal", "places", "equipment", "templates", "detector_response"),
        *("counting", "spectra", "portal", "identification", "nuclides"),
    },
    "alarm_cases": {
        *("storage", "journal", "places", "accounts", "movements", "export_control"),
        *("counting", "spectra", "portal", "identification", "nuclides", "detection_sites"),
    },
    "public_events": {
        *("storage", "journal", "places", "equipment", "cooperation"),
        *("counting", "spectra", "portal", "nuclides", "detection_sites", "alarm_cases"),
    },
    "protection": set(),  # files in, results out: it knows neither books nor people
    "material_category": {"storage", "journal", "places", "accounts", "protection"},
    "security_evidence": {"storage", "journal", "places", "protection"},
    "security_regime": {"storage", "journal", "places", "cooperation"},
    "access_control": {"protection"},  # files in, results out, as protection
    "access_review": {
        *("storage", "journal", "places", "accounts", "seals", "surveillance"),
        *("protection", "access_control"),
    },
    "security_store": {"protection", "access_control"},  # sealed files of their own, not the books
    "material_protection": {"storage", "journal", "places", "accounts", "security_regime"},
    "measurement": {"storage", "journal", "places", "accounts"},
    "evaluation": {
        *("storage", "journal", "places", "accounts"),
        *("measurement", "material_balance", "process_data", "charts", "compute"),
    },
}


def python_files() -> list[Path]:
    """Return the product's source files."""
    return sorted(SOURCE.rglob("*.py"))


def each(files: list[Path]) -> list[Any]:
    return [pytest.param(file, id=str(file.relative_to(TOP))) for file in files]


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def kept_files() -> list[Path]:
    """Return what belongs to the repository: no environments, caches or built pages."""
    found = []
    for folder, folders, files in os.walk(TOP):
        folders[:] = [
            name
            for name in folders
            if (not name.startswith(".") or name == ".ci")
            and name not in {"__pycache__", "_build", "build", "dist"}
        ]
        found += [Path(folder) / name for name in files]
    return found


@pytest.mark.parametrize("file", each(python_files()))
def test_source_file(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines()
    wrong = []
    if len(lines) > FILE_LINES:
        wrong.append(f"{len(lines)} lines: is there a noun in it that wants its own file?")
    wrong += [f"line {n} is {len(s)} wide" for n, s in enumerate(lines, 1) if len(s) > COLUMNS]
    if not ast.get_docstring(tree(file)):
        wrong.append("no module docstring: what is this in the domain?")
    if "migrations/versions" not in file.as_posix():
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > FUNCTION_LINES:
                    wrong.append(f"{node.name} has {length} lines, more than fit a screen")
    if BANNED_NAMES & {file.stem, *file.relative_to(SOURCE).parts}:
        wrong.append("its name says nothing about the domain")
    if wrong:
        pytest.fail(f"{file.relative_to(TOP)}: " + "\n".join(wrong), pytrace=False)


def test_nothing_unfinished() -> None:
    files = [*SOURCE.rglob("*.py"), *(TOP / "tests").rglob("*.py")]
    marks = [
        f"{file.relative_to(TOP)}:{number}"
        for file in files
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert not marks, f"unfinished work is marked at {marks}"


def test_no_large_file() -> None:
    large = [str(file) for file in kept_files() if file.lstat().st_size > FILE_BYTES]
    assert not large, f"too large for a repository: {large}"


def test_change_notes() -> None:
    pattern = re.compile(rf"\d{{3,5}}\.({KINDS})\.md|README\.md")
    odd = [f.name for f in (TOP / "changes").iterdir() if not pattern.fullmatch(f.name)]
    assert not odd, f"changes/README.md says how to name a note; these are not so named: {odd}"


# --- direction of imports ------------------------------------------------------------------------


def module_name(file: Path) -> str:
    """Return the dotted name below ``keiryo``, e.g. ``"accounts.model"``; empty for the package."""
    parts = list(file.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def read_imports() -> dict[str, set[str]]:
    """Return for each module of keiryo the modules of keiryo that it imports, lazily or not."""
    files = {module_name(file): file for file in python_files()}
    result = {}
    for name, file in files.items():
        package = (name if file.stem == "__init__" else name.rpartition(".")[0]).split(".")
        found = set()
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    above = ["keiryo", *filter(None, package)]
                    above = above[: len(above) - node.level + 1]
                    base = ".".join([*above, *filter(None, [base])])
                # `from keiryo.accounts import model` names a module; `import Line` a thing in one.
                inner = {f"{base}.{alias.name}" for alias in node.names}
                inside = {n for n in inner if n.removeprefix("keiryo.") in files}
                found |= inside
                if len(inside) < len(inner):
                    found.add(base)
        ours = {n.removeprefix("keiryo").removeprefix(".") for n in found if is_ours(n)}
        result[name] = {n for n in ours if n in files} - {name}
    return result


def is_ours(name: str) -> bool:
    return name == "keiryo" or name.startswith("keiryo.")


def own_rank(name: str) -> int | None:
    """Return the rank that a module's name gives it, or None if the name says nothing."""
    top, *rest = name.split(".")
    if BY_TOP.get(top) in {GROUND, APPLICATION, TOPMOST}:
        return BY_TOP[top]
    # A file in a package that is named for its rank, such as reports.formats.text, has that rank.
    for part in rest:
        if part in BY_NAME:
            return min(BY_NAME[part], BY_TOP.get(top, TOPMOST))
    if (SOURCE / f"{name}.py").is_file():  # a file beside errors.py belongs to the ground
        return GROUND
    return BY_TOP.get(top)


def ranks(graph: dict[str, set[str]]) -> dict[str, int]:
    """Return each module's rank; one with a free name has that of the highest it imports.

    A package's ``__init__`` hands out what lies in it and so has a free name.
    """
    known: dict[str, int] = {}

    def find(name: str, above: frozenset[str]) -> int:
        if name not in known:
            rank = own_rank(name)
            if rank is None:
                below = [find(n, above | {name}) for n in graph[name] if n not in above]
                rank = max([MODEL, *below])
            if above & graph[name]:  # in a cycle: not final before its head is
                return rank
            known[name] = rank
        return known[name]

    for name in graph:
        find(name, frozenset())
    return known | {name: find(name, frozenset()) for name in graph}


def misdirected(graph: dict[str, set[str]]) -> list[str]:
    """Return a sentence for each import that goes against the direction."""
    rank = ranks(graph)
    wrong = []
    for name in sorted(graph):
        for other in sorted(graph[name]):
            top, other_top = name.split(".")[0], other.split(".")[0]
            if other_top in {"testing", "cli", "web"} and top not in OVER.get(
                other_top, {other_top, "__main__"}
            ):
                wrong.append(f"{name} imports {other}: nothing imports {other_top}")
            elif rank[other] > rank[name]:
                wrong.append(f"{name} imports {other}, which lies above it")
            elif rank[other] == GROUND or rank[name] >= APPLICATION or top == other_top:
                continue
            elif other_top not in MAY_USE.get(top, set()):
                wrong.append(f"{name} imports {other}: {top} may not use {other_top}")
    return wrong


def cycle(graph: dict[str, set[str]]) -> list[str]:
    """Return the names along one cycle, or nothing if there is none."""
    done: set[str] = set()

    def follow(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for other in sorted(graph.get(name, ())):
            if found := follow(other, [*path, name]):
                return found
        done.add(name)
        return []

    return next((found for name in sorted(graph) if (found := follow(name, []))), [])


def between_capabilities(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return which top folder imports which other one; storage and journal count as one."""

    def capability(name: str) -> str:
        top = name.split(".")[0]
        return "books" if BY_TOP.get(top) == JOURNAL else top

    result: dict[str, set[str]] = {}
    for name, others in graph.items():
        ours = capability(name)
        result.setdefault(ours, set()).update({capability(n) for n in others} - {ours, ""})
    return result


def test_imports_go_one_way() -> None:
    wrong = misdirected(read_imports())
    assert not wrong, "against docs/architecture.md:\n" + "\n".join(wrong)


def test_no_import_cycle() -> None:
    graph = read_imports()
    assert not cycle(graph), " imports ".join(cycle(graph))
    capabilities = between_capabilities(graph)
    assert not cycle(capabilities), " imports ".join(cycle(capabilities))


@pytest.mark.parametrize(
    ("name", "other", "told"),
    [
        ("accounts.model", "accounts.service", "lies above"),
        ("journal.posting", "accounts.tables", "lies above"),
        ("journal.posting", "accounts.model", "may not use accounts"),
        ("places.service", "accounts.service", "may not use accounts"),
        ("reports.service", "movements.service", "may not use movements"),
        ("accounts.service", "cli.books", "nothing imports cli"),
        ("accounts.service", "testing.naive", "nothing imports testing"),
        ("errors", "storage.engine", "lies above"),
    ],
)
def test_wrong_direction_is_found(name: str, other: str, told: str) -> None:
    assert any(told in sentence for sentence in misdirected({name: {other}, other: set()}))


def test_right_direction_and_cycles() -> None:
    graph = {
        "cli.books": {"accounts.service", "errors"},
        "accounts.service": {"accounts.tables", "accounts.balances", "places.service"},
        "accounts.balances": {"accounts.tables"},
        "accounts.tables": {"storage.engine", "accounts.model"},
        "accounts.model": {"errors"},
        **{name: set() for name in ["errors", "storage.engine", "places.service"]},
    }
    assert not misdirected(graph) and not cycle(graph)
    assert cycle(graph | {"errors": {"accounts.model"}}) == [
        *("accounts.model", "errors", "accounts.model")
    ]
