"""The documentation is true: its commands run, its references are fresh, its links lead on."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import re
import sys
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import console_blocks
import keiryo
from keiryo.journal.registry import Registry
from keiryo.journal.tables import JOURNAL

TOP = Path(__file__).resolve().parent.parent
DOCS = TOP / "docs"
UPDATE = os.environ.get("KEIRYO_UPDATE") == "1"  # read now: tests see a clean environment
PAGES = sorted(p for p in DOCS.rglob("*.md") if "_build" not in p.parts)
PROSE = [TOP / "README.md", TOP / "CONTRIBUTING.md", TOP / "SECURITY.md", *PAGES]
WITH_CONSOLE = [p for p in PAGES if "```console\n" in p.read_text(encoding="utf-8")]


def script(name: str) -> ModuleType:
    """Return a module of the folder scripts."""
    folder = str(TOP / "scripts")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return importlib.import_module(name)


@pytest.fixture
def workplace(own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that looks like the top of a checkout, in a home without settings."""
    monkeypatch.delenv("XDG_DATA_HOME")
    folder = tmp_path / "keiryo"
    folder.mkdir()
    (folder / "src").symlink_to(TOP / "src")
    monkeypatch.chdir(folder)
    for name in ("KEIRYO_DB", "KEIRYO_PERSON", "KEIRYO_EVIDENCE"):  # a page may set them
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return folder


@pytest.mark.parametrize("page", WITH_CONSOLE, ids=lambda p: p.relative_to(DOCS).as_posix())
def test_console_blocks(page: Path, workplace: Path, own_home: Path) -> None:
    wrong = console_blocks.differences(page, own_home, update=UPDATE)
    assert not wrong, f"{page.relative_to(TOP)}:\n\n" + "\n".join(wrong)


def test_outputs_are_compared() -> None:
    """An output that differs is noticed, what may differ is not."""
    expected = ["Sound: 24 acts", "...", "the end"]
    assert console_blocks.agrees(expected, ["Sound: 24 acts", "one", "two", "the end"])
    assert not console_blocks.agrees(expected, ["Sound: 25 acts", "the end"])
    home = Path("/somewhere")
    same = [console_blocks.normal(f"head {'ab' * 32} by P-ABCDEFG{n}", home) for n in (2, 3)]
    assert same[0] == same[1]


def python_blocks(page: Path) -> list[str]:
    """Return the Python blocks of a page."""
    return re.findall(r"^```python\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)


def test_python_example_of_the_readme(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It runs, and prints what its comments say."""
    for block in python_blocks(TOP / "README.md"):
        exec(compile(block, "README.md", "exec"), {})
        expected = re.findall(r"^print\(.*\)\s+# (.*)$", block, re.M)
        assert expected and capsys.readouterr().out.splitlines() == expected


def test_references_are_fresh() -> None:
    old = script("reference").outdated()
    assert not old, f"out of date: {', '.join(old)}; run scripts/reference"


def test_every_command_and_option_is_documented() -> None:
    import typer

    from keiryo.cli.app import app

    page = (DOCS / "reference" / "commands.md").read_text("utf-8")
    for words, command in script("reference").walk(typer.main.get_command(app), ("keiryo",)):
        section = page.partition(f"# {' '.join(words)}\n")[2].partition("\n## ")[0]
        assert section, f"{' '.join(words)} is not documented"
        assert command.help or command.callback.__doc__, f"{' '.join(words)} has no help"
        for parameter in command.params:
            for option in parameter.opts if parameter.param_type_name == "option" else ():
                assert option in section, f"{' '.join(words)} {option} is not documented"


def test_every_finding_code_is_documented() -> None:
    page = (DOCS / "reference" / "findings.md").read_text("utf-8")
    documented = set(re.findall(r"^### (\S+)$", page, re.M))
    emitted = set(script("reference_findings").emitted())
    assert {"ISO-GT-ELEM", "NUM", "LINES-CHANGED", "MBA-UNKNOWN", "CONTEXT-FORM"} <= emitted
    assert documented == emitted, sorted(documented ^ emitted)


def test_meanings_of_findings_are_of_findings_that_exist() -> None:
    findings = script("reference_findings")
    gone = sorted(set(findings.MEANINGS) - set(findings.emitted()))
    assert not gone, f"scripts/finding_meanings.toml explains what is not given: {gone}"


def test_each_finding_says_what_to_do() -> None:
    page = (DOCS / "reference" / "findings.md").read_text("utf-8")
    for section in re.split(r"^### ", page, flags=re.M)[1:]:
        assert "- What to do: " in section, section.splitlines()[0]


def members() -> list[Any]:
    """Return the public names of the product, and the public members of its classes."""
    reference = script("reference")
    found = []
    for name in keiryo.__all__:
        thing = getattr(keiryo, name)
        found.append(pytest.param(name, thing, id=name))
        if inspect.isclass(thing):
            for member, value in reference.public_members(thing):
                found.append(pytest.param(f"{name}.{member}", value, id=f"{name}.{member}"))
    return found


@pytest.mark.parametrize(("name", "thing"), members())
def test_public_name(name: str, thing: Any) -> None:
    """It is in the reference, and its docstring has the sections of numpydoc that it needs."""
    page = (DOCS / "reference" / "python-api.md").read_text("utf-8")
    assert re.search(rf"^###? keiryo\.{re.escape(name)}$", page, re.M), f"{name} is not documented"
    text = inspect.getdoc(thing) or ""
    assert text.splitlines()[:1] and text.splitlines()[0].rstrip().endswith((".", ":")), name
    for title, line in re.findall(r"^(\w+)\n(-{3,})$", text, re.M):
        assert len(line) == len(title), f"{name}: the line under {title!r} has another length"
    if inspect.isfunction(thing) and "." not in name:
        assert "Parameters\n----------" in text, f"{name} does not say what its parameters are"


def test_links() -> None:
    """Every relative link and picture leads to a file that is there."""
    dead = []
    for page in PROSE:
        text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.M | re.S)
        text = re.sub(r"`[^`\n]*`", "", text)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            path, _, anchor = target.partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            there = (page.parent / path) if path else page
            if not there.exists():
                dead.append(f"{page.relative_to(TOP)}: {target}")
            elif anchor and anchor not in anchors(there):
                dead.append(f"{page.relative_to(TOP)}: {target} (no such heading)")
    assert not dead, "links that lead nowhere:\n" + "\n".join(dead)


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of a page."""
    titles = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_picture_is_small() -> None:
    picture = DOCS / "images" / "demo.svg"
    assert picture.stat().st_size < 300_000
    assert "812.346" in picture.read_text("utf-8")


def test_decisions_have_their_form() -> None:
    numbers = []
    for page in sorted((DOCS / "decisions").glob("[0-9]*.md")):
        text = page.read_text("utf-8")
        numbers.append(int(page.name[:4]))
        for part in ("Context", "Decision", "Consequences", "Alternatives"):
            assert f"\n## {part}\n" in text, f"{page.name} has no part {part!r}"
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_dependency_has_its_reason() -> None:
    import tomllib

    project = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["postgres"]]
    page = (DOCS / "decisions" / "dependencies.md").read_text("utf-8").lower()
    for requirement in wanted:
        name = re.match(r"[a-z0-9-]+", requirement)
        assert name and name[0] in page, f"no reason is given for {requirement}"


def test_example_of_the_developer_guide() -> None:
    """Its capability is the one that a test of the journal runs, word for word."""
    source = (TOP / "tests" / "journal" / "test_capability.py").read_text("utf-8")
    blocks = python_blocks(DOCS / "guides" / "developer.md")
    assert len(blocks) >= 4
    for block in blocks:
        for piece in re.split(r"\n{2,}", block.strip()):
            ast.parse(textwrap.dedent(piece))
            assert piece in source, f"not in tests/journal/test_capability.py:\n{piece}"
    names: dict[str, Any] = {"__name__": "seals"}
    exec(
        compile("from __future__ import annotations\n" + "\n".join(blocks), "guide", "exec"), names
    )
    registry = Registry((JOURNAL, names["SEALS"]))
    assert {"seal_attached", "seal_detached"} <= set(registry.kinds)


def test_entry_point_of_the_developer_guide(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package that is installed as the guide says joins the registry."""
    import tomllib

    from keiryo.capabilities import installed_registry

    text = (DOCS / "guides" / "developer.md").read_text("utf-8")
    block = re.search(r"^```toml\n(.*?)^```$", text, re.M | re.S)
    assert block
    points = tomllib.loads(block[1])["project"]["entry-points"]["keiryo.capabilities"]
    ((name, target),) = points.items()
    module, _, attribute = target.partition(":")
    (tmp_path / f"{module}.py").write_text(
        "from keiryo.journal.model import LineKind, text\n"
        "from keiryo.journal.registry import Capability\n"
        "KIND = LineKind('seal_attached', 'A seal.', (text('seal', 'its number'),))\n"
        f"{attribute} = Capability('seals', (KIND,))\n"
    )
    made = tmp_path / f"{module}-1.dist-info"
    made.mkdir()
    (made / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1\n")
    (made / "entry_points.txt").write_text(f"[keiryo.capabilities]\n{name} = {target}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "seal_attached" in installed_registry().kinds
