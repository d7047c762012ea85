"""The routes of the application, put together once for each test process.

Litestar looks at every handler when an application is made: its signature, its place among the
routes, its description. That depends on the handlers alone, takes ten times as long as all the
rest, and a server does it once in its life. The tests make an application for nearly every test:
each has its own lifespan, state, stores and handler of requests around the routes that are shared.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from litestar import Litestar
from litestar.datastructures import State
from litestar.events import SimpleEventEmitter
from litestar.stores.registry import StoreRegistry

OWN = ("lifespan", "openapi_config", "dependencies", "exception_handlers")
"""What is made anew for each application; the last three say the same each time."""

_made: dict[tuple[Any, ...], tuple[list[Any], Litestar]] = {}


@contextmanager
def shared_routes() -> Iterator[None]:
    """Let `keiryo.web.app.create_app` take the routes of an application that was made before."""
    with patch("keiryo.web.app.Litestar", application):
        yield


def application(handlers: list[Any], *, lifespan: list[Any], **settings: Any) -> Litestar:
    """Return an application as `Litestar` does, with routes that others have as well.

    The first of the handlers gives out static files; it is made for each application and the
    same each time.
    """
    said = {name: value for name, value in settings.items() if name not in OWN}
    called = [*settings["exception_handlers"].items(), *settings["dependencies"]]
    key = (*map(id, handlers[1:]), *sorted(said.items()), *called)
    if key not in _made:  # kept with the handlers, so that no identity is used again
        _made[key] = handlers, Litestar(handlers, **settings)
    return _with_routes_of(_made[key][1], lifespan)


def _with_routes_of(first: Litestar, lifespan: list[Any]) -> Litestar:
    """Return an application with the routes of another, and everything else its own."""
    made = copy.copy(first)
    made.asgi_router = copy.copy(first.asgi_router)
    made.asgi_router.app = made
    made.state = State()
    made.stores = StoreRegistry()
    made.event_emitter = SimpleEventEmitter(listeners=[])
    made._lifespan_managers = list(lifespan)
    made.asgi_handler = made._create_asgi_handler()
    return made
