"""Readers of reports under any bytes: a sample always, a hundred thousand in `make soak`."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.readers import read_anything, seeds


@cache
def beginnings() -> list[bytes]:
    return seeds()


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A well-formed file with pieces cut out, doubled, moved or overwritten."""
    data = bytearray(draw(st.sampled_from(beginnings())))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        what = draw(st.sampled_from(["cut", "double", "bytes", "sign"]))
        if what == "cut":
            del data[start:end]
        elif what == "double":
            data[start:start] = data[start:end]
        elif what == "bytes":
            data[start:end] = draw(st.binary(max_size=20))
        else:
            signs = ["#", ":", "/", ";", "001:OI/XA;1#", "\n", "-", "1e9", "é", "\x00", '"', ","]
            data[start:start] = draw(st.sampled_from(signs)).encode()
    return bytes(data)


anything = st.one_of(damaged(), damaged(), st.binary(max_size=200))


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(anything)
def test_sample(data: bytes) -> None:
    read_anything(data)


@pytest.mark.soak
@settings(max_examples=50_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(anything)
def test_fifty_thousand(data: bytes) -> None:
    read_anything(data)


@pytest.mark.soak
def test_fifty_thousand_guided_by_coverage(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, str(Path(__file__).with_name("readers.py"))),
            *("-runs=50000", "-max_len=20000", "-timeout=30", f"-artifact_prefix={tmp_path}/"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
