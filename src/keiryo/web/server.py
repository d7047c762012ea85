"""What all requests of a server process share: the books, their views, what is remembered."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from keiryo.journal.opening import recorded_state
from keiryo.people.secret import server_secret
from keiryo.people.views import Viewing
from keiryo.storage.engine import Database
from keiryo.web.open_stores import OpenStores
from keiryo.web.rate import RateLimits
from keiryo.web.remembered import LastActs, Remembered
from keiryo.web.sections import Section
from keiryo.web.settings import Settings

Clock = Callable[[], datetime.datetime]


def system_clock() -> datetime.datetime:
    """Return the computer's time in UTC."""
    return datetime.datetime.now(datetime.UTC)


@dataclass(eq=False)
class Server:
    """What all requests share.

    Attributes
    ----------
    database : Database
        The books themselves.
    settings : Settings
    sections : tuple of Section
    now : callable
        The clock.
    worker : str
        Name of this process among several.
    """

    database: Database
    settings: Settings
    sections: tuple[Section, ...]
    now: Clock = system_clock
    worker: str = field(default_factory=lambda: secrets.token_hex(4))

    def __post_init__(self) -> None:
        self.state = recorded_state(self.database) or ""
        self.viewing = Viewing(self.database, self.state)
        self.remembered = Remembered()
        self.last_acts = LastActs(self.database)
        self.rates = RateLimits(
            self.settings.requests_per_minute, self.settings.strangers_per_minute
        )
        self.secret = server_secret(self.database)
        folder = self.settings.security_stores
        self.stores = OpenStores(Path(folder) if folder else None, self.now)

    def close(self) -> None:
        """Let go of the books."""
        self.stores.close_all()
        self.viewing.close()
        self.database.close()


def cookie_name(server: Server) -> str:
    """Return the name of the session's cookie; the prefix binds it to this host."""
    return "__Host-keiryo" if server.settings.secure else "keiryo_session"


def visitor_cookie_name(server: Server) -> str:
    """Return the name of the cookie of somebody who is not signed in."""
    return "__Host-keiryo-visitor" if server.settings.secure else "keiryo_visitor"
