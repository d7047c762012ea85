"""Forms and requests that are sent at once several times: done once, and all lead to the result."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from keiryo.errors import ConflictError, UsageError
from keiryo.people.accounts import account
from keiryo.people.permissions import person_of
from keiryo.web import once as module
from keiryo.web.once import Answer, once
from keiryo.web.viewer import Viewer
from web.site import Site


@pytest.fixture
def viewer(site: Site) -> Viewer:
    """Return the officer as one who asks."""
    person = site.members["officer"].person
    known = account(site.database, person)
    assert known is not None
    with site.database.reading() as connection:
        found = person_of(connection, site.database.metadata, person)
    return Viewer(site.app.state.server, found, known, "")


def together(viewer: Viewer, first: Callable[[], Answer], asked: Any = None) -> tuple[Any, Any]:
    """Send twice, the second while the first is at work; return what came of each."""
    begun, go_on = threading.Event(), threading.Event()

    def do() -> Answer:
        begun.set()
        go_on.wait(10)
        return first()

    def second() -> Answer:
        begun.wait(10)
        threading.Timer(0.5, go_on.set).start()
        return once(viewer, "key", asked or {}, lambda: Answer(303, "/second"))

    with ThreadPoolExecutor(2) as several:
        both = (several.submit(once, viewer, "key", {}, do), several.submit(second))
    return tuple(one.exception() or one.result() for one in both)  # type: ignore[return-value]


def test_who_comes_second_waits_for_the_first(viewer: Viewer) -> None:
    first, second = together(viewer, lambda: Answer(303, "/first"))
    assert first == Answer(303, "/first")
    assert second == Answer(303, "/first", repeated=True)


def test_who_waited_does_it_if_the_first_failed(viewer: Viewer) -> None:
    def fail() -> Answer:
        raise UsageError("no")

    first, second = together(viewer, fail)
    assert isinstance(first, UsageError) and second == Answer(303, "/second")


def test_something_else_does_not_wait(viewer: Viewer) -> None:
    _, second = together(viewer, lambda: Answer(303, "/first"), {"other": 1})
    assert isinstance(second, ConflictError) and "another request" in second.message


def test_nobody_waits_for_long(viewer: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITED_S", 0.2)
    _, second = together(viewer, lambda: Answer(303, "/first"))
    assert isinstance(second, ConflictError) and "being done at this moment" in second.message
    monkeypatch.setattr(module, "_waiting", threading.BoundedSemaphore(1))
    assert module._waiting.acquire(blocking=False)  # as many wait as may
    again = threading.Event()

    def slow() -> Answer:
        again.set()
        with pytest.raises(ConflictError):
            once(viewer, "slow", {}, lambda: Answer(303))
        return Answer(303, "/slow")

    assert once(viewer, "slow", {}, slow).location == "/slow" and again.is_set()
