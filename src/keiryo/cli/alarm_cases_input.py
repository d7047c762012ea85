"""What commands about alarm cases take in and tell: files, nuclides, what was recorded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from keiryo.cli.options import Format, format_of
from keiryo.cli.output import show_json

if TYPE_CHECKING:
    from keiryo.alarm_cases.recording import Recorded


def given_files(paths: list[Path] | None) -> list[tuple[str, bytes]]:
    """Return files by name and content."""
    return [content_of(one) for one in paths or ()]


def content_of(path: Path) -> tuple[str, bytes]:
    """Return the name and the content of a file.

    Raises
    ------
    UsageError
        If it cannot be read.
    """
    from keiryo.errors import UsageError

    try:
        return path.name, path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", "Name a file.") from None


def joined(given: list[str] | None) -> str | None:
    """Return names as the record has them: joined by one space."""
    return " ".join(given) if given else None


def whole(given: bool | None) -> int | None:
    """Return yes or no as the record has it."""
    return None if given is None else int(given)


def tell(done: Recorded, format_: Format | None) -> None:
    """Tell what was recorded, and the digests of files that were kept."""
    kept = [{"name": one.name, "sha256": one.digest} for one in done.files]
    if format_of(format_) is Format.JSON:
        show_json({"act": done.act.act_id, "kind": done.act.kind, "lines": done.lines,
                   "alarms": list(done.cases), "files": kept})  # fmt: skip
        return
    about = f" about {', '.join(done.cases)}" if 0 < len(done.cases) <= 5 else ""
    print(f"Recorded {done.lines} lines{about} in act {done.act.act_id} ({done.act.kind}).")
    for one in kept:
        print(f"  kept {one['sha256']}  {one['name']}")
