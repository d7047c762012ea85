"""What stays is put aside, what is lost is still found, and afterwards all is as before."""

from __future__ import annotations

import asyncio
import gc
import weakref

from keiryo.web import pauses


class Loop:
    """Refers to itself, so that only a search finds that nobody else does."""

    def __init__(self) -> None:
        self.itself = self


def test_what_was_put_aside_and_then_lost_is_found_at_the_next_time() -> None:
    before = gc.get_threshold()
    try:
        held = Loop()
        seen = weakref.ref(held)
        pauses.put_aside()
        assert gc.get_freeze_count() > 0
        del held
        gc.collect()
        assert seen() is not None  # put aside: an ordinary search does not look at it
        pauses.put_aside()
        assert seen() is None
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


def test_afterwards_all_is_as_before() -> None:
    before = gc.get_threshold()

    async def serve() -> None:
        tidying = asyncio.create_task(pauses.short_pauses())
        await asyncio.sleep(0)
        assert gc.get_threshold() == (pauses.YOUNG, pauses.MIDDLE, pauses.OLD)
        tidying.cancel()
        await asyncio.gather(tidying, return_exceptions=True)

    asyncio.run(serve())
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)
