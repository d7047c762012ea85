"""Write a migration: compare the declared tables with those that the migrations make."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "src"))

from alembic.autogenerate import produce_migrations, render_python_code  # noqa: E402
from alembic.migration import MigrationContext  # noqa: E402
from alembic.operations import ops  # noqa: E402
from sqlalchemy import CheckConstraint, Connection, MetaData, Table  # noqa: E402

from keiryo.capabilities import builtin_registry  # noqa: E402
from keiryo.journal.model import COMMON_FIELDS, FieldType, LineKind  # noqa: E402
from keiryo.journal.registry import Registry  # noqa: E402
from keiryo.storage import migrate, revision  # noqa: E402
from keiryo.storage.engine import Database  # noqa: E402
from keiryo.storage.schema import ACT, SIGNATURE  # noqa: E402

VERSIONS = revision.MIGRATIONS / "versions"


def rendered(registry: Registry, *, first: bool) -> str:
    """Return the body of ``upgrade``; empty if the tables are as the migrations make them."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "x.sqlite", registry)
        with database.writing() as connection:
            if not first:
                migrate.upgrade(connection)
            found = difference(connection, database.metadata)
        database.close()
        metadata = database.metadata
    made = [render(operation, registry, metadata) for operation in found]
    return "\n".join(text for text in made if text)


def difference(connection: Connection, metadata: MetaData) -> list[Any]:
    """Return the operations that lead to `metadata`; comments do not count."""
    options = {"version_table": revision.VERSION_TABLE, "compare_type": True}
    context = MigrationContext.configure(connection, opts=options)
    upgrades = produce_migrations(context, metadata).upgrade_ops
    assert upgrades is not None
    flat = []
    for operation in upgrades.ops:
        flat += operation.ops if isinstance(operation, ops.ModifyTableOps) else [operation]
    return flat


def render(operation: Any, registry: Registry, metadata: MetaData) -> str:
    """Return the Python text of one operation."""
    if isinstance(operation, ops.CreateTableOp):
        if operation.table_name in registry.kinds:
            return record_text(registry.kinds[operation.table_name])
        operation.comment = None
        name = operation.table_name
        tail = f"\nguard(op.get_bind(), '{name}')" if name in (ACT, SIGNATURE) else ""
        return with_checks(plain(operation), metadata.tables[operation.table_name]) + tail
    if isinstance(operation, ops.CreateIndexOp) and operation.table_name in registry.kinds:
        indexed = registry.kinds[operation.table_name].indexes
        names = {f"ix_{operation.table_name}_{'_'.join(fields[:2])}" for fields, _ in indexed}
        if operation.index_name in names and operation.table_name in NEW:
            return ""  # `record` makes it
    return plain(operation)


NEW: set[str] = set()


def with_checks(text: str, table: Table) -> str:
    """Add the conditions that stand at a column: Alembic forgets them."""
    at_columns = [check for column in table.columns for check in column.constraints]
    for check in at_columns:
        if isinstance(check, CheckConstraint):
            name = f", name={check.name!r}" if isinstance(check.name, str) else ""
            added = f"sa.CheckConstraint({str(check.sqltext)!r}{name}),\nsa.PrimaryKeyConstraint("
            text = text.replace("sa.PrimaryKeyConstraint(", added, 1)
    return text


def plain(operation: Any) -> str:
    text = render_python_code(ops.UpgradeOps([operation]), alembic_module_prefix="op.")
    text = re.sub(r"^ *#.*$", "", textwrap.dedent("    " + text), flags=re.MULTILINE)
    return text.replace("sa.BigInteger().with_variant(sa.Integer(), 'sqlite')", "INTEGER").strip()


def record_text(kind: LineKind) -> str:
    """Return the call that makes the table of a line kind."""
    NEW.add(kind.name)
    assert kind.fields[: len(COMMON_FIELDS)] == COMMON_FIELDS
    words = [
        f.name + (":integer" if f.type is FieldType.INTEGER else "") + "!" * f.required
        for f in kind.fields
    ]
    lines = textwrap.wrap(" ".join(words), 84, break_long_words=False, break_on_hyphens=False)
    listed = "\n".join(f'"{line} "' for line in lines[:-1]) + f'\n"{lines[-1]}"'
    checks = "".join(f"{broken(check)}," for check in kind.checks)
    extra = f", checks=({checks})" if checks else ""
    extra += f", indexes={kind.indexes!r}" if kind.indexes else ""
    return f"record({kind.name!r}, {listed}{extra},)"


def broken(condition: str) -> str:
    """Return a long condition as adjacent short string literals."""
    parts = re.findall(r".{1,78}(?:\s+|$)", condition, flags=re.DOTALL)
    assert "".join(parts) == condition
    return "\n".join(repr(part) for part in parts)


def write(body: str, number: int, words: str) -> Path:
    """Write the file of a migration and make it the newest."""
    slug = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:40]
    path = VERSIONS / f"r{number:04}_{slug}.py"
    below = f'"{number - 1:04}"' if number > 1 else "None"
    used = {name for name in ("INTEGER", "record") if re.search(rf"\b{name}\b", body)}
    imports = ["import sqlalchemy as sa"] if "sa." in body else []
    imports += ["from alembic import op"] if "op." in body else []
    ours = []
    if used:
        ours.append(f"from keiryo.storage.migrations.columns import {', '.join(sorted(used))}")
    if "guard(" in body:
        ours.append("from keiryo.storage.schema import guard")
    path.write_text(
        f'"""{words[:1].upper()}{words[1:]}."""\n\nfrom __future__ import annotations\n\n'
        + "\n".join(imports)
        + "\n\n"
        + "\n".join(ours)
        + f'\n\nrevision = "{number:04}"\ndown_revision = {below}\n\n\n'
        + "def upgrade() -> None:\n"
        + textwrap.indent(body, "    ")
        + "\n",
        encoding="utf-8",
    )
    home = Path(revision.__file__)
    text = home.read_text(encoding="utf-8")
    text = re.sub(r'^HEAD_REVISION = ".*"$', f'HEAD_REVISION = "{number:04}"', text, flags=re.M)
    home.write_text(text, encoding="utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(path)], check=True)
    return path


def main(arguments: list[str]) -> int:
    first = arguments == ["--first"]
    if not first and (len(arguments) != 1 or arguments[0].startswith("-")):
        print('usage: scripts/new-migration "what changes" | --first', file=sys.stderr)
        return 2
    known = revision.known_revisions()
    if first and known not in ([], ["0001"]):
        print("There are later migrations: 0001 can no longer be written anew.", file=sys.stderr)
        return 1
    body = rendered(builtin_registry(), first=first)
    if not body.strip():
        print("The migrations already make the tables as they are declared.")
        return 0
    number, words = (1, "the first tables") if first else (int(known[-1]) + 1, arguments[0])
    for old in VERSIONS.glob("r0001_*.py") if first else []:
        old.unlink()
    print(write(body, number, words).relative_to(TOP))
    print("Please read it before it is committed, then run the tests of the migrations.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
