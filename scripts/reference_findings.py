"""The reference page of findings: every code that the program can give, read from its source.

Codes of labelled Code 10 come from `keiryo.reports.rule_table.RULES`. All others are collected
from the source text: a code is a constant such as ``"CORR-REF"``, and where it stands in a call,
the call also tells severity, message and advice.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from keiryo.errors import Severity
from keiryo.reports.formats.table_rules import TABLE_RULES
from keiryo.reports.questions.table import QUESTIONS
from keiryo.reports.rule_table import RULES, Rule

TOP = Path(__file__).resolve().parent.parent
SOURCE = TOP / "src" / "keiryo"
EXAMPLES = TOP / "tests" / "findings"
MOST_SHOWN = 1500
"""Characters of an example that are shown."""

DASHED = re.compile(r"[A-Z][A-Z0-9]+(-[A-Z0-9]+)+")
PLAIN = re.compile(r"[A-Z]{3,}[0-9]*")
VERDICTS = {
    *("WITHIN-ERROR", "LOSS-INDICATED", "GAIN-INDICATED", "LIMIT-EXCEEDED", "SIGMA-TOO-LARGE"),
    *("NOT-EVALUATED", "ITEMS-AGREE", "ITEMS-DIFFER"),
    *("MATCHED-WITH-EXCESS", "NO-ASSURANCE", "NO-LICENCE", "OVER-CEILING", "WRONG-END-USER"),
}
"""What an evaluation, or a match of a shipment with licences, concludes; no findings."""
REASONS = {
    *("CAMERA-IMAGE-LATE", "CAMERA-NOT-RECEIVED", "CAMERA-NOT-REVIEWED"),
    *("CAMERA-UNDECLARED-MOVEMENT", "CONTAINMENT-NOT-INSPECTED", "LOG-INTACT"),
    *("LOG-NOT-AUTHENTIC", "NOT-ACTIVE", "NOT-YET-CHECKED", "NOT-YET-EXAMINED"),
    *("SEAL-CASE-TAMPER", "SEAL-LOST", "SEAL-NOT-VERIFIABLE"),
}
"""Why a seal or camera says what it says for a time; no findings."""
EXAMPLE_NAMES = {"CAM-01", "CAM-11", "F25-FA-003", "F25-FA-004", "OP-17"}
"""Cameras, items and an operation of the demonstration and of examples; no findings."""

NO_CODES = {
    "SHA-256",
    "AP-II",
    "NSG-1",
    "UTF-8",
    "UTF-16",
    "AM-241",
    "PU-241",
    "HALF-LIFE",
    "YYYY-MM-DD",
    "YYYY-MM",
    "VACOSS-S",
    *VERDICTS,
    *REASONS,
    *EXAMPLE_NAMES,
}
PLACE_OF_CODE = {
    "Finding": 0,
    "Problem": 0,
    "Unreadable": 0,
    "WeightFinding": 0,
    "_about": 1,
    "_finding": 0,
    "_item_findings": 2,
    "_problem": 0,
    "_refusal": 0,
    "_refuse": 0,
    "finding": 0,
    "form": 0,
    "found": 0,
    "missing": 0,
    "note": 0,
    "question": 0,
    "remark": 0,
    "warning": 0,
    "row_findings": 2,
    "wrong": 0,
}
"""Functions that make findings, and which of their arguments is the code."""

INTERNAL = {"BOM", "SYNTAX"}
"""Marks of the reader that become a finding under another code."""

DAMAGE = (
    "Post nothing more. Keep the file as it is, restore the last backup to another place, verify "
    "it, and compare: from the act named onwards the books cannot be trusted."
)
MEANINGS: dict[str, dict[str, str]] = tomllib.loads(
    (TOP / "scripts" / "finding_meanings.toml").read_text(encoding="utf-8")
)


@dataclass(slots=True)
class Found:
    """What the source says about one code."""

    code: str
    severities: set[str] = field(default_factory=set)
    messages: list[str] = field(default_factory=list)
    advices: list[str] = field(default_factory=list)
    modules: set[str] = field(default_factory=set)


CALCULATIONS = (
    *("protection.", "access_control.", "cli.protection_"),
    *("spectra.", "portal.", "counting.", "nuclides.", "templates.", "identification."),
    *("detector_response.", "cli.spectrum", "cli.portal", "cli.detection", "cli.templates"),
    "cli.demo",  # names in the demonstration
)
"""Modules whose codes are errors of a calculation on a file, and no findings of the books."""


@cache
def emitted() -> dict[str, Found]:
    """Return every code in the source, with what the calls around it say."""
    codes: dict[str, Found] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        module = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        if module.startswith(CALCULATIONS):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for code in dashed_constants(tree):
            codes.setdefault(code, Found(code)).modules.add(module)
        for scope in [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)] or [tree]:
            texts = assigned_texts(scope)
            for call in [n for n in ast.walk(scope) if isinstance(n, ast.Call)]:
                read_call(call, texts, module, codes)
    return {code: codes[code] for code in sorted(codes) if code not in INTERNAL}


def dashed_constants(tree: ast.AST) -> Iterator[str]:
    """Yield the constants that look like a code, wherever they stand."""
    for node in ast.walk(tree):
        value = node.value if isinstance(node, ast.Constant) else None
        if isinstance(value, str) and DASHED.fullmatch(value) and value not in NO_CODES:
            yield value


def assigned_texts(scope: ast.AST) -> dict[str, str]:
    """Return the texts that a function gives to plain names, to be used in a call later."""
    texts = {}
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            words = template(node.value)
            if words is not None:
                texts[node.targets[0].id] = words
    return texts


def read_call(call: ast.Call, texts: dict[str, str], module: str, codes: dict[str, Found]) -> None:
    """Take code, severity, message and advice from a call that makes a finding."""
    function = call.func
    name = getattr(function, "id", None) or getattr(function, "attr", "")
    place = PLACE_OF_CODE.get(name)
    if place is None or len(call.args) <= place:
        return
    first = call.args[place]
    if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
        return
    code = first.value
    if not (DASHED.fullmatch(code) or PLAIN.fullmatch(code)):
        return
    found = codes.setdefault(code, Found(code))
    found.modules.add(module)
    words = []
    for value in (*call.args, *(k.value for k in call.keywords if k.arg != "label")):
        if isinstance(value, ast.Attribute) and value.attr in Severity.__members__:
            found.severities.add(Severity[value.attr].value)
        text = texts.get(value.id) if isinstance(value, ast.Name) else template(value)
        if text is not None and " " in text:
            words.append(text)
    for text, kept in zip(words, (found.messages, found.advices), strict=False):
        if text not in kept:
            kept.append(text)


def template(node: ast.expr) -> str | None:
    """Return a text with ``…`` for what is filled in; None if it is no text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub(r"\{\w*\}", "…", node.value)
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
        return "".join(str(part) for part in parts)
    return None


def example(code: str) -> str:
    """Return the smallest bad input that the tests keep, as a block; nothing if there is none."""
    inputs = sorted((EXAMPLES / code).glob("input*.txt"))
    if not inputs:
        return ""
    text = "\n".join(path.read_text("utf-8", "replace").rstrip() for path in inputs)
    shown = "".join(
        c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text
    )
    if not shown.strip():
        return ""
    if len(shown) > MOST_SHOWN:
        shown = shown[:MOST_SHOWN].rstrip() + "\n..."
    return f"```text\n{shown}\n```\n"


TABLES: tuple[tuple[str, dict[str, Rule]], ...] = (
    ("About one report", RULES),
    ("About a set of reports, or the books", QUESTIONS),
    ("About spreadsheets, CSV tables and JSON", TABLE_RULES),
)
"""Headings and the tables of rules beneath them."""

FOUND_BY = {"reader": "while reading", "rules": "by the rules", "questions": "over the whole set"}
HEADINGS = (
    ("Against the books", ("accounts.reported", "reports.continuity")),
    ("About the context and the register", ("reports.context", "reports.service")),
    ("About a posting", ("accounts", "places", "journal.posting", "reports")),
    ("About item movements", ("movements",)),
    ("About profiles", ("profile_files",)),
    ("About people", ("people",)),
    ("About corrections", ("corrections",)),
    ("About issuing", ("issuing",)),
    ("Boards", ("oversight",)),
    ("What `keiryo verify` finds", ("journal.verify", "journal.signatures")),
)
VERIFY = HEADINGS[-1][0]
DEFAULT_SEVERITY = {"reports.context": "F", "reports.service": "E", "reports.continuity": "E"}


def page() -> str:
    """Return the page."""
    codes = emitted()
    parts = [
        "# Findings\n",
        "A finding says what is wrong, where, and what to do. Findings are collected and shown "
        "all at once. Severities: **F** form, the record cannot be accepted; **E** inconsistent, "
        "a query to whoever reported, accepted only with a reason; **W** warning; **I** note. "
        "In messages, … stands for what is filled in.\n",
    ]
    for title, rules in TABLES:
        parts.append(f"## {title}\n")
        parts += [described_rule(code, rule, codes) for code, rule in rules.items()]
    ruled = {code for _, rules in TABLES for code in rules}
    waiting = {code: found for code, found in codes.items() if code not in ruled}
    for heading, modules in HEADINGS:
        mine = [c for c, f in waiting.items() if belongs(f, heading, modules)]
        if mine:
            parts.append(f"## {heading}\n")
            parts += [described(waiting.pop(code), heading) for code in mine]
    if waiting:
        parts.append("## Others\n")
        parts += [described(found, "") for found in waiting.values()]
    return "\n".join(parts).rstrip() + "\n"


def described_rule(code: str, rule: Rule, codes: dict[str, Found]) -> str:
    """Return the entry of a code of a table of rules, with its smallest bad input."""
    modules = codes[code].modules if code in codes else set()
    others = {m.split(".")[0] for m in modules} - {"reports"}
    also = f" Also about: {', '.join(sorted(others))}." if others else ""
    meaning = f"{rule.title} ({FOUND_BY[rule.found_by]}).{also}"
    said = entry(code, rule.severity.value, meaning, rule.advice, f"{rule.basis} ({rule.tag})")
    folder = f"{code}--set" if rule.found_by == "questions" else code
    shown = example(folder) or example(code)
    return said + ("\nSmallest bad input:\n\n" + shown if shown else "")


def belongs(found: Found, heading: str, modules: tuple[str, ...]) -> bool:
    """Whether a code is given in one of some modules; problems of verify have their own place."""
    if heading != VERIFY and found.modules & {"journal.verify", "journal.signatures"}:
        return False
    return any(m == own or m.startswith(f"{own}.") for m in found.modules for own in modules)


def described(found: Found, heading: str) -> str:
    """Return the entry of a code that is not in the table of rules."""
    said = MEANINGS.get(found.code, {})
    message = " / ".join(found.messages) or "The message says it."
    advice = " ".join(found.advices)
    if heading == VERIFY:
        severity, advice = "", DAMAGE
    else:
        severity = ", ".join(sorted(found.severities))
        for module, letter in DEFAULT_SEVERITY.items():
            if not severity and module in found.modules:
                severity = letter
    if not advice and "reports.context" in found.modules:
        advice = "Correct the context file; its form is in the guide for the State officer."
    if not advice and any(m.startswith("movements") for m in found.modules):
        advice = "Correct the file or the mapping; the guide on item movements shows both."
    return entry(
        found.code,
        said.get("severity", severity or "F"),
        said.get("meaning", message),
        said.get("advice", advice),
        said.get("basis", ""),
        severity_shown=heading != VERIFY,
    )


def entry(
    code: str, severity: str, meaning: str, advice: str, basis: str, *, severity_shown: bool = True
) -> str:
    """Return the Markdown of one finding."""
    heading = f"### {code}\n"
    lines = [f"{escaped(meaning[:1].upper() + meaning[1:])}\n"]
    if severity_shown:
        lines.append(f"- Severity: {severity}")
    if advice:
        lines.append(f"- What to do: {escaped(advice)}")
    if basis:
        lines.append(f"- Basis: {escaped(basis)}")
    return heading + "\n" + "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Return text with the signs that Markdown would read taken literally."""
    return re.sub(r"([<>*_\[\]])", r"\\\1", text)
