"""The books of a port."""

from __future__ import annotations

import pytest

import keiryo
from detection_sites.port_books import PORTAL, SITE, put
from keiryo.api import Books


@pytest.fixture
def books(sqlite_url: str) -> Books:
    made = keiryo.init(sqlite_url, "XA", person="P-TEST2345")
    put(made, "site", SITE)
    put(made, "lane", {"lane": "L1", "site": "PORT-1"})
    put(made, "instrument", PORTAL)
    return made
