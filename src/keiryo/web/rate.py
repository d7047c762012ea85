"""How often somebody may ask: a bucket of requests for each person's program and each stranger.

A bucket holds as many requests as may come at once and fills again steadily; whoever empties it is
told how long to wait (RFC 6585, section 4; RFC 9110, section 10.2.3). The buckets are those of one
server process and bounded in number. They hold off a program that runs away and somebody who tries
names and passwords from one place; who tries one account from many places is held off by the
account's own lockout.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

from keiryo.people.sign_in import network_of

PER_MINUTE = 600
"""Requests in a minute that a program with a token, or a session, may make of the API."""
STRANGERS_PER_MINUTE = 120
"""Requests in a minute to the API and the sign-in from an address, by nobody in particular."""
MOST_BUCKETS = 50_000

MonotonicClock = Callable[[], float]


class RateLimit:
    """A bucket of requests for each of many askers.

    Parameters
    ----------
    per_minute : int
        Requests that come back in a minute.
    burst : int, optional
        Requests that a full bucket holds; default: those of a minute.
    clock : callable, optional
        Seconds that only go forward.
    most : int, optional
        Buckets that are kept; of more, the one that was longest not asked for is forgotten.

    Examples
    --------
    >>> seconds = [0.0]
    >>> limit = RateLimit(60, burst=2, clock=lambda: seconds[0])
    >>> limit.wait_s("a"), limit.wait_s("a"), limit.wait_s("a"), limit.wait_s("b")
    (0, 0, 1, 0)
    >>> seconds[0] = 1.0
    >>> limit.wait_s("a"), limit.wait_s("a")
    (0, 1)
    """

    def __init__(
        self,
        per_minute: int,
        *,
        burst: int | None = None,
        clock: MonotonicClock = time.monotonic,
        most: int = MOST_BUCKETS,
    ) -> None:
        self.per_second = per_minute / 60
        self.burst = float(burst or per_minute)
        self.clock, self.most = clock, most
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def wait_s(self, asker: Hashable) -> int:
        """Take one request out of the asker's bucket.

        Returns
        -------
        int
            0 if it may be answered, otherwise the whole seconds after which to ask again; a
            request that has to wait takes nothing out.
        """
        with self._lock:
            now = self.clock()
            held, since = self._buckets.pop(asker, (self.burst, now))
            held = min(self.burst, held + max(0.0, now - since) * self.per_second)
            allowed = held >= 1
            self._buckets[asker] = (held - 1 if allowed else held, now)
            while len(self._buckets) > self.most:
                self._buckets.popitem(last=False)
        return 0 if allowed else max(1, math.ceil((1 - held) / self.per_second))


class RateLimits:
    """The limits of a server process.

    Parameters
    ----------
    per_minute, strangers_per_minute : int
    clock : callable, optional
    """

    def __init__(
        self,
        per_minute: int = PER_MINUTE,
        strangers_per_minute: int = STRANGERS_PER_MINUTE,
        *,
        clock: MonotonicClock = time.monotonic,
    ) -> None:
        self.known = RateLimit(per_minute, clock=clock)
        self.strangers = RateLimit(strangers_per_minute, clock=clock)

    def wait_s(self, asker: str | None, address: str) -> int:
        """Return how long a request has to wait, in whole seconds; 0: not at all.

        Parameters
        ----------
        asker : str or None
            Id of the token or session; None for nobody.
        address : str
            Where the request comes from.
        """
        if asker is None:
            return self.strangers.wait_s(network_of(address))
        return self.known.wait_s(asker)
