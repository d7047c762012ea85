"""Single, backup and dual; what the results of devices mean together; shared dependencies."""

from __future__ import annotations

import pytest

from keiryo.containment.values import Value
from keiryo.coverage.dual import (
    SERVICE,
    Judged,
    Level,
    Result,
    dependency_warnings,
    level,
    system_result,
)

P, W, U, N, X = Value


def cap(value: Value = P, *shared: str) -> Judged:
    return Judged("seal:XH/1", "wire-loop", frozenset(shared), value)


def loop(value: Value = P, *shared: str) -> Judged:
    return Judged("seal:XH/2", "fibre-loop-electronic", frozenset(shared), value)


def camera(value: Value = P, *shared: str, name: str = "camera:C") -> Judged:
    return Judged(name, "optical-camera", frozenset(shared), value)


def test_levels() -> None:
    assert level([]) is Level.NONE and level([cap(X)]) is Level.NONE
    assert level([cap()]) is Level.SINGLE
    assert level([cap(), loop()]) is Level.DUAL
    assert level([camera(P, "power:1"), camera(P, "power:1", name="camera:D")]) is Level.BACKUP
    assert level([camera(), camera(name="camera:D")]) is Level.BACKUP
    assert level([loop(P, "clock:1"), camera(P, "clock:1")]) is Level.BACKUP
    assert level([loop(P, "clock:1"), camera(P, "clock:1"), cap()]) is Level.DUAL


@pytest.mark.parametrize(
    ("devices", "result"),
    [
        ([cap()], Result.ACCEPTED),
        ([cap(), loop()], Result.ACCEPTED_DUAL),
        ([cap(), loop(U)], Result.ACCEPTED),
        ([cap(), loop(W)], Result.ACCEPTED),
        ([camera(), camera(name="camera:D")], Result.ACCEPTED),
        ([cap(U)], Result.INCONCLUSIVE),
        ([cap(U), camera(U)], Result.INCONCLUSIVE),
        ([cap(W), camera(U)], Result.PENDING),
        ([cap(W)], Result.PENDING),
        ([cap(N), loop()], Result.ANOMALY),
        ([cap(), loop(), camera(N)], Result.ANOMALY),
        ([], Result.NOT_COVERED),
        ([cap(X)], Result.NOT_COVERED),
    ],
)
def test_the_table_of_results(devices: list[Judged], result: Result) -> None:
    found, words = system_result(devices)
    assert found is result and words
    if devices == [cap(), loop(U)]:
        assert words == SERVICE


def test_nothing_unknown_is_ever_accepted() -> None:
    for one in (W, U, X):
        for other in (W, U, X):
            result, _words = system_result([cap(one), camera(other)])
            assert result not in (Result.ACCEPTED, Result.ACCEPTED_DUAL)


def test_a_shared_dependency_is_told() -> None:
    found = dependency_warnings("XH-A/s way lid", [loop(P, "clock:1"), camera(P, "clock:1")])
    assert [one.code for one in found] == ["COVERAGE-SHARED-DEPENDENCY"]
    assert "clock:1" in found[0].message
    assert not dependency_warnings("way", [loop(P, "clock:1"), camera(P, "clock:2")])
    assert not dependency_warnings("way", [loop(P, "clock:1"), camera(X, "clock:1")])
