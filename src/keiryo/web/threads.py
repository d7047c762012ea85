"""Handlers of pages run in threads, so that one slow page keeps nobody else waiting.

A page whose address both shows a form and takes it has two handlers on one path; the framework
registers the first of them twice then, and must find a coroutine both times.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from litestar.concurrency import sync_to_thread

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def in_thread(handler: Callable[Given, Answer]) -> Callable[Given, Coroutine[Any, Any, Answer]]:
    """Return a handler that does its work in a thread."""

    @wraps(handler)
    async def handled(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        return await sync_to_thread(handler, *args, **kwargs)

    return handled
