"""The reference pages made of tables: the tables of record, and the shipped vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from keiryo.data import read_table
from keiryo.duty_rules import duty_rule

STATUS = {
    "verified": "verified in the source",
    "unverified": "general knowledge, not verified",
    "design": "choice of keiryo",
}


def table(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(names) + " |", "| " + " | ".join("---" for _ in names) + " |"]
    for row in rows:
        cells = ["" if v is None else str(v).replace("|", "\\|").replace("\n", " ") for v in row]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def line_kinds_page() -> str:
    """Return the page of the tables of record."""
    from keiryo.capabilities import BUILTIN, builtin_registry
    from keiryo.journal.model import COMMON_FIELDS

    parts = [
        "# Line kinds\n",
        "A line kind is a table of record: append-only, every row a line of an act. Besides its "
        "own fields every line has `act_id`, `line_no` (from 1 within the act, through all "
        "kinds), `salt` (16 random bytes) and the fields common to all. Dates are numbers such "
        "as 20251231, weights whole milligrams. Nothing but whole numbers and text is ever "
        "recorded.\n",
        "## Fields of every line\n",
        fields(COMMON_FIELDS),
    ]
    for capability in BUILTIN:
        for kind in capability.line_kinds:
            parts.append(f"## {kind.name}\n")
            parts.append(f"{kind.doc} (Capability `{capability.name}`.)\n")
            parts.append(fields(kind.own_fields))
            if kind.checks:
                parts.append("Every line fulfils:\n")
                parts += [f"- `{check}`" for check in kind.checks]
                parts.append("")
    parts.append("## Projections\n")
    parts.append(
        "Kept for speed, never part of the record: `keiryo verify` compares each with a rebuild "
        "by the SELECT that defines it.\n"
    )
    registry = builtin_registry()
    from keiryo.storage.schema import build_metadata

    metadata = build_metadata(registry)
    for projection in registry.projections:
        made = metadata.tables[projection.name]
        columns = ", ".join(f"`{column.name}`" for column in made.columns)
        parts.append(f"### {projection.name}\n\n{made.comment or ''}. Columns: {columns}.\n")
    return "\n".join(parts)


def fields(specs: Iterable[Any]) -> str:
    """Return the fields of a line kind as a table."""
    return table(
        ("field", "type", "required", "what it holds"),
        [(f"`{f.name}`", f.type.value.lower(), "yes" if f.required else "", f.doc) for f in specs],
    )


def vocabulary_page() -> str:
    """Return the page of codes, labels, limits and profiles, with sources and status."""
    parts = [
        "# Vocabulary\n",
        "The tables that keiryo ships, each with its source, its status and the day from which it "
        "holds. Status: **verified** in the source named; **unverified**, general knowledge; "
        "**design**, a choice of keiryo where the sources leave a gap.\n",
        *entry_codes(),
        *labels(),
        *material_description(),
        *limits(),
        *profiles(),
    ]
    return "\n".join(parts)


def source_line(data: Mapping[str, Any]) -> str:
    """Return where a table comes from, in one line."""
    words = f"Source: {data['source']}. Status: {STATUS[data['status']]}"
    for name in ("unverified", "design"):
        if data.get(name):
            words += f"; {name}: {', '.join(data[name])}"
    return f"{words}. Holds from {data['valid_from']}.\n"


def entry_codes() -> list[str]:
    """Return the section of types of change and entry."""
    from keiryo.vocabulary import ENTRY_CODES

    signs = {1: "+", -1: "−", 0: ""}
    rows = [
        (
            f"`{e.code}`",
            e.meaning,
            e.kind.replace("_", " "),
            signs[e.sign],
            signs[e.batch_sign],
            "".join(str(c) for c in e.categories),
            ", ".join(e.reports),
            e.counter.replace("_", " "),
        )
        for e in ENTRY_CODES().values()
    ]
    names = ("code", "meaning", "kind", "book", "batch", "categories", "reports", "counter account")
    return [
        "## Types of change and entry (label 411)\n",
        source_line(read_table("entry_codes")),
        table(names, rows),
        "Book and batch: what an entry does to the book of the area and to the batch it names. A "
        "category change lowers its first letter and raises its second. `RA` and a code is the "
        "rounding adjustment of that code.\n",
    ]


def labels() -> list[str]:
    """Return the sections of labels and of the small code lists."""
    from keiryo import vocabulary

    kinds = ("ICR", "PIL", "MBR", "NC", "TR")
    rows = [
        (
            number,
            one.name,
            one.content,
            one.max_length,
            one.unit,
            *(one.presence.get(kind) for kind in kinds),
        )
        for number, one in vocabulary.LABELS().items()
    ]
    statuses = [(f"`{s.letter}`", s.meaning, s.reference) for s in
                vocabulary.entry_statuses().values()]  # fmt: skip
    bases = [(f"`{b.letter}`", b.meaning) for b in vocabulary.measurement_bases().values()]
    return [
        "## Labels\n",
        source_line(read_table("labels")),
        "M mandatory, O optional, C conditional; empty: not part of that kind of record.\n",
        table(("label", "name", "content", "max", "unit", *kinds), rows),
        "## Status of an entry (label 309)\n",
        table(("letter", "meaning", "reference"), statuses),
        "## Measurement basis (label 469)\n",
        table(("letter", "meaning"), bases),
    ]


def material_description() -> list[str]:
    """Return the section of the material description code."""
    data = read_table("material_description")
    parts = ["## Material description code (label 430)\n", source_line(data)]
    for position in ("physical_form", "chemical_form", "containment", "quality"):
        rows = [
            (f"`{letter}`", value if isinstance(value, str) else value["meaning"])
            for letter, value in data[position].items()
        ]
        parts += [f"### {position.replace('_', ' ').capitalize()}\n",
                  table(("code", "meaning"), rows)]  # fmt: skip
    return parts


def limits() -> list[str]:
    """Return the section of numbers that material is counted and limited by."""
    parts = ["## Limits and quantities\n"]
    own = ("source", "status", "valid_from", "valid_to", "unverified", "design")
    for name, versions in read_table("limits").items():
        parts.append(f"### {name.replace('_', ' ').capitalize()}\n")
        for version in versions:
            parts.append(source_line(version))
            rows = [(k.replace("_", " "), v) for k, v in version.items() if k not in own]
            parts.append(table(("what", "value"), rows))
    return parts


def profiles() -> list[str]:
    """Return the section of profiles."""
    parts = ["## Profiles\n"]
    own = ("source", "status", "valid_from", "valid_to", "unverified", "design", "name", "title")
    for data in read_table("profiles")["profile"]:
        parts.append(f"### {data['name']}\n\n{data['title']}. {source_line(data)}")
        rows = [(k.replace("_", " "), shown(v)) for k, v in data.items() if k not in own]
        parts.append(table(("what", "value"), rows))
        named = [d for d in read_table("duties")["duty"] if data["name"] in d["profiles"]]
        duties = [duty_rule(row) for row in named]
        names = ("duty", "triggered by", "due", "form", "status", "source")
        parts.append(
            table(
                names,
                [
                    (d.kind, d.trigger.replace("_", " "), d.words, d.form, d.status, d.source)
                    for d in duties
                ],
            )
        )
    parts.append("## Codes of national and regional systems\n")
    for data in read_table("national_codes")["code_table"]:
        whose = ", ".join(data["profiles"]).replace("_", " ")
        note = f" {data['note']}" if "note" in data else ""
        status = STATUS[data["status"]]
        parts.append(
            f"### {whose}: {data['name']}\n\nSource: {data['source']}. Status: {status}.{note}\n"
        )
        parts.append(table(data["columns"], data["rows"]))
    return parts


def shown(value: Any) -> str:
    """Return a value of a profile in words."""
    if isinstance(value, Mapping):
        return "; ".join(f"{k.replace('_', ' ')} {shown(v)}" for k, v in value.items())
    return str(value)
