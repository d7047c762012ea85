"""Whether a path can be read as a file at all, and if not, why, in plain words.

A folder, a pipe or a device under the name of a data file is said to be one, and never opened: a
pipe without a writer would be waited for, and a device may never end.
"""

from __future__ import annotations

import gzip
import os
import stat
import zlib
from pathlib import Path

_MEGABYTE = 1_000_000


def is_there(path: Path) -> bool:
    """Return whether the name exists, whatever it is."""
    return os.path.lexists(path)


def trouble_with(path: Path, largest_mb: int | None = None) -> str | None:
    """Return why a path cannot be read as a file, e.g. "is a folder and not a file", or None.

    Parameters
    ----------
    path : Path
    largest_mb : int, optional
        A larger file is none of its kind.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        return "is a link to something that is not there" if is_there(path) else "is not there"
    except OSError as error:
        return f"cannot be reached ({reason_of(error)})"
    if stat.S_ISDIR(status.st_mode):
        return "is a folder and not a file"
    if not stat.S_ISREG(status.st_mode):
        return "is a pipe or a device and not a file"
    if not os.access(path, os.R_OK):
        return "may not be read by you"
    if largest_mb is not None and status.st_size > largest_mb * _MEGABYTE:
        return f"has {status.st_size / _MEGABYTE:.0f} MB: more than {largest_mb} MB cannot be right"
    return None


def reason_of(error: BaseException) -> str:
    """Return in plain words why reading failed."""
    if isinstance(error, EOFError):
        return "its compressed data end too early"
    if isinstance(error, gzip.BadGzipFile):
        return "it is no gzip file, or a damaged one"
    if isinstance(error, zlib.error):
        return "its compressed data are damaged"
    words = getattr(error, "strerror", None) or "reading failed"
    return str(words).lower()
