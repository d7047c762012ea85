"""Short pauses: Python's search for cyclic garbage does not hold up answers.

Now and then Python looks at every object that it holds, a fifth of a second here, and all requests
wait. A server holds many objects that stay (modules, queries, what is remembered) and makes many
short-lived ones. Those that stay are put aside, so that a search looks at the young ones only; at
long intervals all are looked at once, so that nothing leaks.
"""

from __future__ import annotations

import asyncio
import gc

YOUNG, MIDDLE, OLD = 5_000, 10, 50
AFTER_S = (5, 30)
"""When a server has loaded what it needs, and has answered the first requests."""

EVERY_S = 900


async def short_pauses() -> None:
    """Put aside what stays, for as long as the server runs."""
    before = gc.get_threshold()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
    try:
        for wait_s in AFTER_S:
            await asyncio.sleep(wait_s)
            put_aside()
        while True:
            await asyncio.sleep(EVERY_S)
            put_aside()
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


def put_aside() -> None:
    """Look at every object once, and put those aside that are still used."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
