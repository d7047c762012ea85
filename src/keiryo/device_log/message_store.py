"""Where messages are kept: append-only files by source and day, and what is flagged beside them.

The names follow the reading of RAINSTORM in the specification of surveillance: a message lies at
``<source>/<yyyy>/<mm>/<dd>/<seq>.json`` with its signature in ``.sig``, so that a plain server of
files can offer it. What is flagged lies under ``flagged`` by its digest, with the findings. No file
is ever written over.
"""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

from keiryo.device_log.messages import Taken
from keiryo.device_log.record import device_time, shown
from keiryo.errors import UsageError

FLAGGED = "flagged"


def store_message(folder: Path, taken: Taken, payload: bytes | None = None) -> Path:
    """Keep a message with its signature, payload and findings; return where it lies.

    Parameters
    ----------
    folder : Path
    taken : Taken
    payload : bytes, optional
        Kept beside it in ``.data``.

    Raises
    ------
    UsageError
        If the folder cannot be written.
    """
    at = device_time(taken.message) if taken.message is not None else None
    if taken.flagged or taken.message is None or at is None:
        place = folder / FLAGGED / taken.digest
    else:
        source = quote(taken.message["src"], safe="").replace(".", "%2E")
        place = folder / source / f"{at:%Y/%m/%d}" / str(taken.message["seq"])
    files = {".json": taken.content}
    if taken.signature is not None:
        files[".sig"] = taken.signature.encode()
    if payload is not None:
        files[".data"] = payload
    if taken.flagged:
        told = {
            "received_at": shown(taken.received_at),
            "findings": [{"rule": one.code, "message": one.message} for one in taken.findings],
        }
        files[".findings"] = json.dumps(told, ensure_ascii=False, indent=2).encode()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        for ending, content in files.items():
            _write(Path(f"{place}{ending}"), content)
    except OSError as error:
        raise UsageError(
            f"{folder}: {error.strerror or error}", "Name a folder that can be written."
        ) from None
    return Path(f"{place}.json")


def _write(path: Path, content: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        return  # it came before; the first one stays
