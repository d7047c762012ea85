"""Still images: what their headers say, and the planes of grey levels and colour in them.

JPEG goes to the decoder of FFmpeg, which hands out the planes Y, Cb and Cr as they lie in the
file, without the detour over red, green and blue, and can decode a large picture at a half, a
quarter or an eighth of its size. All else goes to Pillow. A picture is only ever decoded whole:
one that breaks off is unreadable, not half a picture.
"""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keiryo.screening.model import Plane
from keiryo.screening.sources.picture_times import Stamp, exif_stamp

ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp"})
MAX_PIXELS = 400_000_000
MAX_BYTES = 1_000_000_000
WIDTH_KEPT = 768
"""A JPEG is decoded smaller while at least this width is left; screening looks at 384 at most."""
_JPEG = b"\xff\xd8\xff"
_STANDALONE = {0x01, *range(0xD0, 0xD8)}
_FRAME_HEADERS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class PictureError(ValueError):
    """A file that is no picture, or not a whole one; the message says why in plain words."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the beginning of an image file says.

    Attributes
    ----------
    width, height : int
        In pixels.
    stamp : Stamp or None
        When it was taken, if its EXIF data say so.
    """

    width: int
    height: int
    stamp: Stamp | None


@dataclass(frozen=True, slots=True)
class Decoded:
    """The planes of a picture.

    Attributes
    ----------
    luma : NDArray of uint8
    chroma : pair of NDArray of uint8, or None
    digest : bytes or None
        Digest of the picture as it lies in the file, without the notes about it; only for JPEG
        that was decoded smaller, where equal planes do not prove equal pictures.
    """

    luma: Plane
    chroma: tuple[Plane, Plane] | None
    digest: bytes | None


@dataclass(frozen=True, slots=True)
class _Segments:
    width: int
    height: int
    exif: bytes | None
    picture: tuple[tuple[int, int], ...]  # parts of the file that make up the picture
    scan: int  # where the compressed data begin
    usual: bool  # of the kind that cameras write: Huffman codes, 8 bit, grey or Y Cb Cr


def read_bytes(path: Path) -> bytes:
    """Return the content of an image file.

    Raises
    ------
    PictureError
        If it is empty, far too large or cannot be read.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise PictureError(f"it has {size} bytes, more than any image here may have")
        data = path.read_bytes()
    except OSError as error:
        raise PictureError(f"it cannot be read: {error.strerror or error}") from error
    if not data:
        raise PictureError("it is empty")
    return data


def read_header(data: bytes) -> Header:
    """Return what the header of an image says.

    Raises
    ------
    PictureError
        If the data are no image, or one of more than `MAX_PIXELS`.
    """
    from PIL import Image

    if data.startswith(_JPEG):
        told = _segments(data)
        stamp = None
        if told.exif is not None:
            exif = Image.Exif()
            try:
                exif.load(told.exif)
                stamp = exif_stamp(exif)
            except Exception:  # damaged EXIF data must not cost the picture
                stamp = None
        return _fitting(Header(told.width, told.height, stamp))
    picture = _opened(data)
    stamp = None
    if picture.format in ("TIFF", "WEBP") or "exif" in picture.info:
        try:
            stamp = exif_stamp(picture.getexif())
        except Exception:  # as above
            stamp = None
    return _fitting(Header(picture.width, picture.height, stamp))


def _fitting(header: Header) -> Header:
    if header.width * header.height > MAX_PIXELS:
        raise PictureError(
            f"it would have {header.width} x {header.height} pixels, more than "
            f"{MAX_PIXELS // 1_000_000} million"
        )
    if not header.width * header.height:
        raise PictureError("its header gives no size")
    return header


def _opened(data: bytes) -> Any:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Image.open(io.BytesIO(data))
    except Image.DecompressionBombError as error:
        raise PictureError("it would have far too many pixels") from error
    except Exception as error:  # Pillow raises whatever its many formats come upon
        raise PictureError("it is not an image, or its header is damaged") from error


def _segments(data: bytes) -> _Segments:
    """Return the parts of a JPEG file (ITU-T T.81, annex B)."""
    at, exif, size, picture, usual = 2, None, None, [], False
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            raise PictureError("it is a JPEG file with a damaged header")
        marker = data[at + 1]
        if marker == 0xFF or marker in _STANDALONE:
            at += 1 if marker == 0xFF else 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if marker in _FRAME_HEADERS and at + 10 <= len(data):
            height, width = struct.unpack_from(">HH", data, at + 5)
            size = (width, height)
            usual = marker in (0xC0, 0xC1, 0xC2) and data[at + 4] == 8 and data[at + 9] in (1, 3)
        if marker == 0xE1 and exif is None and data[at + 4 : at + 10] == b"Exif\0\0":
            exif = data[at + 4 : at + 2 + length]
        if not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            picture.append((at, at + 2 + length))
        at += 2 + length
        if marker == 0xDA:
            if size is None:
                break
            picture[-1] = (picture[-1][0], len(data))
            return _Segments(*size, exif, tuple(picture), at, usual)
    raise PictureError("it is a JPEG file that breaks off in its header")


class Decoder:
    """Decodes images; it keeps the decoders that it has used."""

    def __init__(self) -> None:
        self._jpeg: dict[int, Any] = {}

    def decode(self, data: bytes) -> Decoded:
        """Return the planes of an image.

        Raises
        ------
        PictureError
            If it is no image, is damaged, or breaks off.
        """
        if not data.startswith(_JPEG):
            return _by_pillow(data)
        told = _segments(data)
        _fitting(Header(told.width, told.height, None))
        end = data.rfind(b"\xff\xd9")
        if end < told.scan:
            raise PictureError("it breaks off: the end of the JPEG data is missing")
        smaller = 0
        while smaller < 3 and told.width >> (smaller + 1) >= WIDTH_KEPT:
            smaller += 1
        digest = None
        if smaller:
            sum_ = hashlib.blake2b(digest_size=16)
            for begin, stop in told.picture:
                sum_.update(memoryview(data)[begin : min(stop, end)])
            digest = sum_.digest()
        if not told.usual:
            return _by_pillow(data, smaller)
        return self._by_ffmpeg(data, smaller, digest) or _by_pillow(data, smaller)

    def _by_ffmpeg(self, data: bytes, smaller: int, digest: bytes | None) -> Decoded | None:
        """Return the planes of a JPEG, or None if it is of a kind that FFmpeg does not take."""
        import av
        from av.error import FFmpegError

        from keiryo.screening.sources.planes import frame_planes

        if smaller not in self._jpeg:
            context: Any = av.CodecContext.create("mjpeg", "r")
            context.thread_count = 1
            context.options = {"lowres": str(smaller), "err_detect": "explode"}
            self._jpeg[smaller] = context
        try:
            frames = self._jpeg[smaller].decode(av.Packet(data))
        except FFmpegError as error:
            del self._jpeg[smaller]
            raise PictureError("its data are damaged") from error
        if not frames or not frames[0].format.name.startswith(("yuv", "gray")):
            return None
        luma, chroma = frame_planes(frames[0])
        return Decoded(luma, chroma, digest)


def _by_pillow(data: bytes, smaller: int = 0) -> Decoded:
    from PIL import Image

    picture = _opened(data)
    _fitting(Header(picture.width, picture.height, None))
    if picture.format not in ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "MPO", "DIB"):
        raise PictureError(f"it is a {picture.format} image, which cameras here do not write")
    try:
        if smaller:
            width, height = picture.size
            picture.draft("YCbCr", (width >> smaller, height >> smaller))
        pages = getattr(picture, "n_frames", 1)
        if pages > 1:
            raise PictureError(f"it holds {pages} pictures; one is expected")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture.load()
            if picture.mode in ("I;16", "I;16B", "I;16L", "I"):
                levels = np.asarray(picture).astype(np.int64) >> 8
                return Decoded(levels.clip(0, 255).astype(np.uint8), None, None)
            if picture.mode in ("1", "L"):
                return Decoded(np.asarray(picture.convert("L")), None, None)
            if picture.mode in ("LA", "La"):
                return Decoded(np.asarray(picture.getchannel(0)), None, None)
            if picture.mode != "YCbCr":
                picture = picture.convert("RGB").convert("YCbCr")
    except PictureError:
        raise
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise PictureError(f"it is damaged or breaks off: {error}") from error
    except Exception as error:  # decoders of Pillow raise struct.error, KeyError and others
        raise PictureError("it is damaged") from error
    planes = np.asarray(picture)
    luma, blue, red = (np.ascontiguousarray(planes[..., n]) for n in range(3))
    return Decoded(luma, (blue, red), None)
