"""Files that are named to the commands of detection sites."""

from __future__ import annotations

from pathlib import Path


def file_content(file: Path) -> bytes:
    """Return the content of a file that somebody named."""
    from keiryo.errors import UsageError

    largest = 256 << 20
    try:
        if not file.is_file():
            raise UsageError(f"{file} is not there, or no regular file", "Name a file.")
        if file.stat().st_size > largest:
            raise UsageError(f"{file} is larger than 256 MiB", "Give one day at a time.")
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}", "Name a file.") from None
