"""Files of images that somebody sends: looked over first, then unpacked safely.

An archive comes from elsewhere: its names may lead out of the folder, its entries may be links or
devices, and what it unpacks to may be far larger than what was sent. All names are looked at before
the first byte is written; sizes are counted while they are written, whatever the archive says of
them (OWASP, File Upload; CWE-22, CWE-409). A video is taken by what its first bytes say, not by
its name: a file that names other files or addresses is none.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from keiryo.errors import UsageError
from keiryo.screening.sources.picture_files import ENDINGS
from keiryo.surveillance.ingest_folder import MAX_FILE_BYTES
from keiryo.surveillance.ingest_manifest import NAMES
from keiryo.web.jobs import Tell
from keiryo.web.speaking import gettext as _

ARCHIVE = ".zip"
MOST_ENTRIES = 100_000
MOST_NAME, MOST_DEPTH = 200, 12
TIMES_AS_LARGE = 8
"""What an archive unpacks to may have so many times the bytes that may be sent at once."""
MOST_TOLD = 10
BLOCK = 1 << 20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_PACKAGED = "__MACOSX"
_TS_PACKET = 188


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an archive may unpack to.

    Attributes
    ----------
    entries, file_bytes, all_bytes : int
    """

    entries: int = MOST_ENTRIES
    file_bytes: int = MAX_FILE_BYTES
    all_bytes: int = 1 << 30


def bounds_of(upload_mb: int) -> Bounds:
    """Return the bounds where so many megabytes may be sent at once."""
    return Bounds(all_bytes=TIMES_AS_LARGE * upload_mb * 1024 * 1024)


def kind_of(name: str, content: IO[bytes]) -> str | None:
    """Return ``archive``, ``image`` or ``video``; None if a file is none of these.

    Parameters
    ----------
    name : str
    content : file
        Is read from its beginning, and stands there afterwards.
    """
    content.seek(0)
    first = content.read(_TS_PACKET * 2 + 1)
    content.seek(0)
    ending = PurePosixPath(name.lower()).suffix
    if ending == ARCHIVE:
        return "archive"
    if ending in ENDINGS:
        return "image"
    return "video" if is_video(first) else None


def is_video(first: bytes) -> bool:
    """Return whether the first bytes of a file are those of a video that holds itself."""
    if first[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"wide", b"skip"):
        return True
    if first[:4] == b"RIFF" and first[8:12] == b"AVI ":
        return True
    if first[:1] == first[_TS_PACKET : _TS_PACKET + 1] == b"\x47":
        return True
    beginnings = (
        b"\x1a\x45\xdf\xa3",  # Matroska, WebM
        b"\x00\x00\x01\xba",  # MPEG programme stream
        b"\x00\x00\x01\xb3",  # MPEG video
        b"\x30\x26\xb2\x75",  # ASF
        b"FLV\x01",
        b"OggS",
        b"\xff\xd8\xff",  # JPEG pictures one after the other
    )
    return first.startswith(beginnings)


def problems_of(content: IO[bytes], bounds: Bounds) -> list[str]:
    """Return what speaks against unpacking an archive, in words; empty: nothing."""
    try:
        with zipfile.ZipFile(content) as archive:
            every = archive.infolist()
            if any(one.header_offset < 0 for one in every):  # a list that was moved: no such place
                raise zipfile.BadZipFile
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError):
        return [_("it is no ZIP file that can be read")]
    finally:
        content.seek(0)
    found = []
    if len(every) > bounds.entries:
        found.append(_("it has more than %(most)s entries", most=bounds.entries))
    if sum(one.file_size for one in every) > bounds.all_bytes:
        most = bounds.all_bytes >> 20
        found.append(_("it would unpack to more than %(most)s MB", most=most))
    taken: set[str] = set()
    for one in every:
        name = PurePosixPath(one.filename)
        told = one.filename[:60].encode(errors="replace").decode(errors="replace")
        found += [f"{told!r}: {words}" for words in _entry_problems(one, bounds)]
        if str(name).casefold() in taken and not one.is_dir():
            found.append(f"{told!r}: {_('it is named twice')}")
        taken.add(str(name).casefold())
    if len(found) > MOST_TOLD:
        more = len(found) - MOST_TOLD
        found = [*found[:MOST_TOLD], _("and %(number)s more", number=more)]
    if not found and not any(_is_taken(one) for one in every):
        found.append(_("it holds no image and no video"))
    return found


def _entry_problems(one: zipfile.ZipInfo, bounds: Bounds) -> Iterator[str]:
    name = one.filename
    kind = stat.S_IFMT(one.external_attr >> 16)
    parts = name.rstrip("/").split("/")
    outside = name.startswith("/") or any(part in ("", ".", "..") for part in parts)
    if outside or "\\" in name or ":" in parts[0]:
        yield _("its name leads out of the folder")
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in name):
        yield _("its name has signs that no name has")
    if len(name.encode(errors="replace")) > MOST_NAME or len(parts) > MOST_DEPTH:
        yield _("its name is too long")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        yield _("it is no plain file")
    if one.flag_bits & 1:
        yield _("it is encrypted")
    if one.compress_type not in _METHODS:
        yield _("it is packed in a way that is not taken here")
    if one.file_size > bounds.file_bytes:
        yield _("it has more than %(most)s MB", most=bounds.file_bytes >> 20)


def _is_taken(one: zipfile.ZipInfo) -> bool:
    """Return whether an entry may be an image, a video or the list of a set."""
    name = PurePosixPath(one.filename)
    hidden = any(part.startswith(".") for part in name.parts) or name.parts[:1] == (_PACKAGED,)
    return not one.is_dir() and not hidden and name.name.lower() not in NAMES


def unpack(path: Path, folder: Path, bounds: Bounds, tell: Tell) -> int:
    """Unpack an archive into an empty folder and return how many files it had.

    Parameters
    ----------
    path, folder : Path
    bounds : Bounds
    tell : callable
        Told of every file; what it raises ends the work.

    Raises
    ------
    UsageError
        If an entry is not to be unpacked, or more comes out than may.
    """
    with path.open("rb") as content:
        if wrong := problems_of(content, bounds):
            raise UsageError(f"the archive is not unpacked: {'; '.join(wrong)}", "Pack it anew.")
    left, count = bounds.all_bytes, 0
    with _damage_told(), zipfile.ZipFile(path) as archive:
        every = [one for one in archive.infolist() if not one.is_dir()]
        for done, one in enumerate(every):
            tell(done, len(every), one.filename)
            target = folder.joinpath(*PurePosixPath(one.filename).parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(one) as packed, target.open("xb") as stream:
                written = 0
                while block := packed.read(BLOCK):
                    written, left = written + len(block), left - len(block)
                    if written > bounds.file_bytes or left < 0:
                        raise UsageError(
                            "the archive unpacks to more than may be taken in at once",
                            "Send it in parts; nothing was taken in.",
                        )
                    stream.write(block)
            count += 1
    return count


@contextmanager
def _damage_told() -> Iterator[None]:
    """Tell of a damaged archive, and of names that a disk takes for the same."""
    try:
        yield
    except (zipfile.BadZipFile, EOFError, NotImplementedError, zlib.error) as error:
        raise UsageError("the archive is damaged", "Pack it anew; nothing was taken in.") from error
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise UsageError(
            "two entries of the archive have the same place", "Pack it anew; nothing was taken in."
        ) from error


def taken_of(folder: Path) -> Path:
    """Return what of an unpacked folder is taken in: itself, or the video that it holds alone.

    Raises
    ------
    UsageError
        If it holds neither images nor one video.
    """
    every = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(p.startswith(".") for p in path.relative_to(folder).parts)
    ]
    if any(path.suffix.lower() in ENDINGS for path in every):
        return folder
    videos = [path for path in every if _has_video(path)]
    if len(videos) == 1:
        return videos[0]
    raise UsageError(
        "the archive holds no image, and not one video alone",
        "Pack images, or one video with its list; nothing was taken in.",
    )


def _has_video(path: Path) -> bool:
    with path.open("rb") as content:
        return is_video(content.read(_TS_PACKET * 2 + 1))
