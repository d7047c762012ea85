"""Books of State XA with a store of fresh fuel that a seal and a camera watch."""

from __future__ import annotations

import atexit
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import keiryo
from keiryo.cli.demo_surveillance import watch_the_store
from web.site import copy_of, demonstration_books

MBA, STORE, CAMERA, SEAL = "XARA", "fresh-store", "CAM-11", "INT.IAEA/0042871"
ITEM, REVIEW, OPERATION = "F25-FA-003", "fresh-store-2025-50", "OP-17"


@cache
def watched_books() -> Path:
    """Return the books, with two days of images, reviewed; to be copied, not used."""
    folder = Path(mkdtemp(prefix="keiryo-watched-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    place = copy_of(demonstration_books(), folder)
    books = keiryo.open(place, person="P-DEMO2345")
    watch_the_store(books)
    books.disconnect()
    return place
