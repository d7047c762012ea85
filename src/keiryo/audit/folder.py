"""The folder in which a pack is put together, and the archive that it becomes.

Files are written one after the other or side by side, so that a ledger of any length passes
through without being held in memory. The archive has the names in order and no times of its own,
so that the same content gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from keiryo.errors import UsageError
from keiryo.storage.archive import filing_errors, publish

SUMS = "SHA256SUMS"
MANIFEST = "manifest.json"
_BLOCK = 1 << 20
_TIME = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o644 << 16


class PackFolder:
    """The files of a pack while it is made.

    Attributes
    ----------
    root : Path
        Everything in it becomes part of the pack.
    scratch : Path
        For notes that do not.
    """

    def __init__(self, place: Path) -> None:
        self.root, self.scratch = place / "pack", place / "scratch"
        self.root.mkdir()
        self.scratch.mkdir()

    def path(self, name: str) -> Path:
        """Return where a file of the pack lies; its folder is there afterwards."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def open_text(self, name: str) -> TextIO:
        """Open a text file of the pack for writing: UTF-8, LF."""
        binary = io.BufferedWriter(io.FileIO(self.path(name), "x"), _BLOCK >> 4)
        return io.TextIOWrapper(binary, encoding="utf-8", errors="backslashreplace", newline="\n")

    @contextmanager
    def text(self, name: str) -> Iterator[TextIO]:
        """Write a text file of the pack."""
        with self.open_text(name) as out:
            yield out

    def write(self, name: str, content: str) -> None:
        """Write a whole text file."""
        with self.text(name) as out:
            out.write(content)

    def names(self) -> list[str]:
        """Return the names of all files, in order."""
        files = (path for path in self.root.rglob("*") if path.is_file())
        return sorted(path.relative_to(self.root).as_posix() for path in files)

    def seal(self, described: dict[str, Any]) -> int:
        """Write the manifest and the list of digests; return how many files there are."""
        files = {}
        for name in self.names():
            path = self.root / name
            files[name] = {"sha256": _digest(path), "size_bytes": path.stat().st_size}
        manifest = json.dumps({**described, "files": files}, indent=1, ensure_ascii=False)
        self.write(MANIFEST, manifest + "\n")
        sums = {name: entry["sha256"] for name, entry in files.items()}
        sums[MANIFEST] = _digest(self.root / MANIFEST)
        self.write(SUMS, "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)))
        return len(sums) + 1

    def archive(self, target: Path) -> None:
        """Write everything into one zip file."""
        with (
            target.open("xb") as stream,
            zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive,
        ):
            for name in self.names():
                path = self.root / name
                info = zipfile.ZipInfo(name, _TIME)
                info.compress_type = zipfile.ZIP_DEFLATED
                info.external_attr, info.create_system = _READABLE, 3
                large = path.stat().st_size >= 1 << 31
                with (
                    path.open("rb") as source,
                    archive.open(info, "w", force_zip64=large) as member,
                ):
                    shutil.copyfileobj(source, member, _BLOCK)


def _digest(path: Path) -> str:
    sha256 = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            sha256.update(block)
    return sha256.hexdigest()


@contextmanager
def pack_in_the_making(out: Path, *, force: bool) -> Iterator[tuple[PackFolder, Path]]:
    """Yield a folder beside `out`, and where to write the archive; nothing stays of a failure.

    Raises
    ------
    UsageError
        If `out` is there (and `force` is not given), or its folder is not.
    FullError, ReadOnlyError
        If there is no room, or no right to write.
    """
    if out.is_dir():
        raise UsageError(f"{out} is a folder", "Give the name of a file, e.g. --out pack.zip.")
    if out.exists() and not force:
        raise UsageError(
            f"{out} is there already; nothing was written",
            "Give another name, or --force to replace it.",
        )
    with filing_errors(out):
        place = Path(tempfile.mkdtemp(dir=out.absolute().parent, prefix=".keiryo-audit-pack-"))
        try:
            made = place / "pack.zip"
            yield PackFolder(place), made
            with made.open("rb+") as stream:
                _flush(stream)
            if force:
                made.replace(out)
            else:
                _publish_once(made, out)
        finally:
            shutil.rmtree(place, ignore_errors=True)


def _publish_once(made: Path, out: Path) -> None:
    try:
        publish(made, out.absolute())
    except FileExistsError:
        raise UsageError(
            f"somebody else wrote {out} meanwhile; it was left alone",
            "Give another name, or --force to replace it.",
        ) from None


def _flush(stream: io.BufferedRandom) -> None:
    import os

    os.fsync(stream.fileno())
