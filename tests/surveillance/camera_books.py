"""Books with an area and a camera, small pictures, and short words for what is done with them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keiryo.api import Books
from keiryo.capabilities import installed_registry
from keiryo.dates import utc_text
from keiryo.device_log.canonical import canonical
from keiryo.device_log.chain import values as chain_values
from keiryo.device_log.keys import DeviceKey
from keiryo.errors import Finding, RefusedError
from keiryo.journal.model import Draft, Value
from keiryo.journal.opening import open_journal
from keiryo.journal.posting import post
from keiryo.journal.reading import rows_of
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.registration import area_draft
from keiryo.storage.engine import Database
from keiryo.surveillance.cameras import register_camera
from keiryo.surveillance.ingest import Delivery, Ingested, ingest
from keiryo.surveillance.tables import IMAGE, IMAGE_SET, REVIEW_KINDS

SCOPE = "XA/XAF1/XARA"
START = datetime(2026, 3, 1, 8, tzinfo=UTC)
NOW = datetime(2026, 4, 1, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)
SECRET = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = SECRET.public_key().public_bytes(
    serialization.Encoding.Raw, serialization.PublicFormat.Raw
)
KEY = DeviceKey("K-1", PUBLIC.hex(), "device", "CAM-01", datetime(2026, 1, 1, tzinfo=UTC))


def picture(number: int, *, ending: str = ".png") -> bytes:
    """Return a small picture that differs from every other by its number."""
    plane = np.full((48, 64), 90, np.uint8)
    plane[10:20, 10:30] = 160
    plane[40:42, :32] = [(number >> bit & 1) * 200 for bit in range(32)]
    return bytes(cv2.imencode(ending, plane)[1])


def fill(folder: Path, count: int, *, first: int = 0, start: datetime = START) -> list[Path]:
    """Write pictures ten minutes apart, numbered in their names."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for number in range(first, first + count):
        at = start + (number - first) * TEN_MINUTES
        path = folder / f"{number:06d}_{at:%Y%m%dT%H%M%SZ}.png"
        path.write_bytes(picture(number))
        made.append(path)
    return made


def records(
    paths: Iterable[Path], *, first: int = 0, source: str = "CAM-01"
) -> list[dict[str, Any]]:
    """Return what the camera would log of pictures."""
    return [
        {
            "file": path.name,
            "seq": first + place,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "src": source,
            "t": utc_text(START + place * TEN_MINUTES).replace(".000000Z", "Z"),
            "type": "image",
        }
        for place, path in enumerate(paths)
    ]


def write_log(
    path: Path, told: list[dict[str, Any]], *, chain: bool = True, sign: bool = False
) -> Path:
    """Write a log, chained and signed on request."""
    values = chain_values(told) if chain else [None] * len(told)
    lines = []
    for record, value in zip(told, values, strict=True):
        more: dict[str, Any] = {} if value is None else {"chain": value}
        if sign:
            more["sig"] = f"K-1 {SECRET.sign(canonical(record)).hex()}"
        lines.append(json.dumps({**record, **more}))
    path.write_text("\n".join(lines) + "\n")
    return path


@dataclass
class Site:
    """Books with the area XARA and the camera CAM-01."""

    books: Books
    folder: Path
    now: datetime = NOW
    made: list[int] = field(default_factory=list)

    @property
    def given(self) -> tuple[Any, Any]:
        return self.books.database, self.books.actor

    def clock(self) -> datetime:
        return self.now

    def camera(self, name: str = "CAM-01", **more: Value) -> None:
        values: dict[str, Value] = {
            "camera": name,
            "mba": "XARA",
            "interval_ms": 600_000,
            "tolerance_ms": 30_000,
            **more,
        }
        register_camera(*self.given, values, clock=self.clock)

    def ingest(self, path: Path, name: str = "CAM-01", **more: Any) -> Ingested:
        keys = more.pop("keys", None)
        progress = more.pop("progress", None)
        return ingest(
            *self.given, name, path, Delivery(**more), keys=keys, progress=progress,
            clock=self.clock,
        )  # fmt: skip

    def rows(self, kind: str = IMAGE.name, *conditions: Any) -> list[dict[str, Any]]:
        with self.books.database.reading() as connection:
            return rows_of(connection, self.books.database.metadata, kind, *conditions)

    def sets(self) -> list[dict[str, Any]]:
        return self.rows(IMAGE_SET.name)

    def states(self) -> list[str]:
        return [row["state"] for row in sorted(self.rows(), key=lambda r: (r["at"], r["name"]))]

    def reviewed(self, begin: datetime, end: datetime, **more: Value) -> None:
        """Record that a review concluded about CAM-01, past the checks of reviews."""
        count = sum(utc_text(begin) <= row["at"] < utc_text(end) for row in self.rows())
        line: dict[str, Value] = {
            "review": "REV-1",
            "camera": "CAM-01",
            "conclusion": "positive",
            "begin_at": utc_text(begin),
            "end_at": utc_text(end),
            "received": count,
            "reviewed": 0,
            "quiet": count,
            "not_reviewable": 0,
            "not_yet_reviewed": 0,
            "missing": 0,
            "person": "P-TEST2345",
            **more,
        }
        self.post_bare("surveillance_conclusion", line)

    def post_bare(self, kind: str, *lines: dict[str, Value]) -> None:
        """Post lines of a kind whose checks belong to somebody else, without these checks."""
        draft = Draft("surveillance.test", f"test:{len(self.made)}:{kind}")
        self.made.append(1)
        for line in lines:
            draft.add(kind, line, scope=SCOPE)
        database = self.books.database
        registry = database.registry
        foreign = {one.name for one in REVIEW_KINDS}
        kept = [(c, c.checks) for c in registry.capabilities]
        try:
            for capability, checks in kept:
                mine = tuple(one for one in checks if not one.kinds & foreign)
                object.__setattr__(capability, "checks", mine)
            post(database, draft, self.books.actor, clock=self.clock)
        finally:
            for capability, checks in kept:
                object.__setattr__(capability, "checks", checks)


def make_site(url: str, folder: Path) -> Site:
    """Return books with an area and a camera."""
    database = Database(url, installed_registry())
    books = Books(database, "XA", "P-TEST2345")
    site = Site(books, folder)
    open_journal(database, "XA", books.actor, clock=site.clock)
    area = MaterialBalanceArea("XA", "XAF1", "XARA")
    post(database, area_draft(area, "area"), books.actor, clock=site.clock)
    site.camera()
    return site


def codes(found: Iterable[Finding] | RefusedError) -> list[str]:
    """Return the codes of findings."""
    return [one.code for one in (found.findings if isinstance(found, RefusedError) else found)]
