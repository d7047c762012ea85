"""Sealed stores that are open in browsers: in the memory of this process, and for minutes only.

An opened store belongs to one session, one person and one facility. When it closes is fixed when
it is opened: looking at pages does not put it off. Its keys are forgotten at that moment whether or
not anybody asks, and when the session ends by signing out.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keiryo.errors import JournalError, NotFoundError, StorageError, UsageError

if TYPE_CHECKING:
    from keiryo.security_store.opened import Opened
    from keiryo.security_store.store import Store

MOST_FORMS = 1_000
"""Forms that an opening remembers; a repetition of an older one would be done again."""

log = logging.getLogger("keiryo.web")


@dataclass(eq=False)
class Opening:
    """A store that somebody has open in a browser.

    Attributes
    ----------
    until : datetime
        When it closes, whatever is done.
    """

    opened: Opened = field(repr=False)
    until: datetime
    timer: threading.Timer | None = field(default=None, repr=False)
    _lock: Any = field(default_factory=threading.Lock, repr=False)
    _done: dict[str, str] = field(default_factory=dict, repr=False)

    def close(self) -> None:
        """Forget the keys."""
        if self.timer is not None:
            self.timer.cancel()
        self.opened.close()

    def once(self, form: str, do: Callable[[], str]) -> str:
        """Do what a form asks for and return what came of it; sent again, only the latter."""
        with self._lock:
            if form in self._done:
                return self._done[form]
            made = do()
            if form and len(self._done) < MOST_FORMS:
                self._done[form] = made
            return made


class OpenStores:
    """The folder of stores, and which of them are open for whom.

    Parameters
    ----------
    folder : Path or None
        None: there are none, and no pages of them.
    clock : callable
        Returns the time in UTC.
    """

    def __init__(self, folder: Path | None, clock: Callable[[], datetime]) -> None:
        self.folder, self.clock = folder, clock
        self.more: dict[str, Any] = {}
        """Further settings of each store."""
        self._stores: dict[Path, Store] = {}
        self._members: dict[Path, tuple[object, frozenset[str]]] = {}
        self._open: dict[tuple[str, str], Opening] = {}
        self._lock = threading.RLock()

    @property
    def on(self) -> bool:
        """Whether there is a folder of stores."""
        return self.folder is not None

    def of(self, person: str) -> list[Store]:
        """Return the stores in which a person has a role."""
        found = [store for store in self._all() if person in self._members_of(store)]
        return sorted(found, key=lambda one: (one.id, str(one.path)))

    def _members_of(self, store: Store) -> frozenset[str]:
        """Return who has a role in a store, read anew when its file was written to.

        Of a store that cannot be read just now the members stay who they were, and whatever they
        do in it tells why; before it was ever read it has none.
        """
        before, known = self._members.get(store.path, (None, frozenset()))
        try:
            found = store.path.stat()
            now = (found.st_mtime_ns, found.st_size, found.st_ino)
            if now == before:
                return known
            state = store.state()
            known = frozenset(one for one in list(state.members) if state.roles(one))
        except (OSError, StorageError, JournalError) as error:
            log.warning("a sealed store cannot be read: %s", type(error).__name__)
            return known
        self._members[store.path] = (now, known)
        return known

    def store(self, person: str, name: str) -> Store:
        """Return a store in which a person has a role.

        Raises
        ------
        NotFoundError
            If there is none; whether it exists for others is not told.
        UsageError
            If a copy of the store lies in the folder too.
        """
        found = [one for one in self.of(person) if one.id == name]
        if not found:
            raise NotFoundError("there is no such page", "The menu leads to all pages.")
        if len(found) > 1:
            raise UsageError(
                "the folder has several copies of this store",
                "Keep one there, and find out who put the others.",
            )
        return found[0]

    def _all(self) -> list[Store]:
        from keiryo.security_store.file import ENDING
        from keiryo.security_store.store import Store

        if self.folder is None:
            return []
        with self._lock:
            paths = sorted(self.folder.glob(f"*{ENDING}")) if self.folder.is_dir() else []
            known = self._stores
            self._stores = {
                path: known.get(path) or Store(path, clock=self.clock, **self.more)
                for path in paths
            }
            return list(self._stores.values())

    def open(self, session: str, person: str, name: str, passphrase: str) -> Opening:
        """Open a store for a session with the passphrase of the person.

        Raises
        ------
        NotFoundError
        NotAllowedError
            If the passphrase is another, or the wait after wrong ones is not over.
        """
        store = self.store(person, name)
        opened = store.open(person, passphrase, self.clock())
        made = Opening(opened, opened.expires_at)
        seconds = max((made.until - self.clock()).total_seconds(), 0.0)
        made.timer = threading.Timer(seconds + 1.0, self.sweep)
        made.timer.daemon = True
        with self._lock:
            self.close(session, name)
            self._open[session, name] = made
        made.timer.start()
        return made

    def opening(self, session: str, person: str, name: str) -> Opening | None:
        """Return what a session has open, or None when its time is over."""
        self.sweep()
        with self._lock:
            found = self._open.get((session, name))
        return found if found is not None and found.opened.person == person else None

    def sweep(self) -> None:
        """Forget the keys of what has been open for its time."""
        now = self.clock()
        with self._lock:
            for key in [key for key, one in self._open.items() if now >= one.until]:
                self._open.pop(key).close()

    def close(self, session: str, name: str | None = None) -> None:
        """Forget the keys of what a session has open: one store, or all."""
        with self._lock:
            for key in [key for key in self._open if key[0] == session and name in (None, key[1])]:
                self._open.pop(key).close()

    def close_person(self, person: str, *, but: str | None = None) -> None:
        """Forget the keys of what a person has open, in all sessions but one."""
        with self._lock:
            for key, one in list(self._open.items()):
                if one.opened.person == person and key[0] != but:
                    self._open.pop(key).close()

    def close_all(self) -> None:
        """Forget all keys."""
        with self._lock:
            for one in self._open.values():
                one.close()
            self._open.clear()
