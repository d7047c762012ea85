"""A log of a camera with a secret key, and short words for what is done to it."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keiryo.device_log import tree
from keiryo.device_log.canonical import canonical
from keiryo.device_log.chain import values
from keiryo.device_log.heads import Head
from keiryo.device_log.keys import DeviceKey

BEGIN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def at(minutes: float) -> datetime.datetime:
    return BEGIN + datetime.timedelta(minutes=minutes)


def told(minutes: float) -> str:
    return at(minutes).strftime("%Y-%m-%dT%H:%M:%SZ")


class Device:
    """A camera that writes a record every ten minutes."""

    def __init__(self, kid: str = "K-1", seed: int = 1) -> None:
        self.kid = kid
        self.secret = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.public = self.secret.public_key().public_bytes_raw().hex()

    def key(self, **more: Any) -> DeviceKey:
        given = {"purpose": "device", "owner": "CAM-01", "valid_from": BEGIN, **more}
        return DeviceKey(self.kid, self.public, **given)

    def keys(self, **more: Any) -> dict[str, DeviceKey]:
        return {self.kid: self.key(**more)}

    def records(self, count: int) -> list[dict[str, Any]]:
        return [
            {"seq": n, "src": "CAM-01", "t": told(10 * n), "type": "image", "n": n * n}
            for n in range(count)
        ]

    def sign(self, record: Any) -> str:
        return self.secret.sign(canonical(record)).hex()

    def signed(self, records: list[Any]) -> list[str]:
        return [self.sign(one) for one in records]

    def head(self, records: list[Any], minutes: float = 1000, **more: Any) -> Head:
        root = tree.root(tree.leaves(records)).hex()
        given = {"log": "CAM-01", "size": len(records), "root": root, "t": told(minutes), **more}
        bare = Head(**given)
        return Head(**given, kid=self.kid, signature=self.sign(bare.body))


@pytest.fixture
def device() -> Device:
    return Device()


__all__ = ["BEGIN", "Device", "at", "told", "values"]
