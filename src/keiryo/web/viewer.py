"""The viewer: who asks, what they may do and see, and the books as they see them."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from litestar import Request
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from keiryo.errors import KeiryoError, NotFoundError
from keiryo.journal.model import Actor, Signer, Value
from keiryo.people.model import Person, Sight
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.tables import PLACES, areas
from keiryo.storage.engine import Database

if TYPE_CHECKING:
    from litestar.datastructures import FormMultiDict

    from keiryo.people.accounts import Account
    from keiryo.people.sessions import Session
    from keiryo.people.tokens import ApiToken
    from keiryo.web.remembered import Head
    from keiryo.web.server import Server


Found = TypeVar("Found")


class found_once(Generic[Found]):
    """What is found out once for each object, when it is first asked for.

    As `functools.cached_property`, whose lock in Python 3.11 is one for all objects of a class:
    there, every viewer would wait while the books are asked for one of them.
    """

    def __init__(self, find: Callable[[Any], Found]) -> None:
        self.find, self.name, self.__doc__ = find, find.__name__, find.__doc__

    def __get__(self, held: Any, _owner: object = None) -> Found:
        if held is None:
            return self  # type: ignore[return-value]  # asked of the class: what is written here
        found = held.__dict__[self.name] = self.find(held)
        return found


class NotPermittedError(KeiryoError):
    """The viewer may not do this, or may not know whether there is anything to do it to."""


@dataclass(eq=False)
class Viewer:
    """Who asks.

    Attributes
    ----------
    server : Server
    person : Person
        With the grants in force.
    account : Account
        Name, language, theme.
    token : str
        What the cookie or the Authorization header holds; never shown or logged.
    session : Session or None
        The session in the browser, or
    api_token : ApiToken or None
        the token of a program.
    language : str
    form : FormMultiDict
        What was sent with the request, if it was a form.
    head : Head or None
        The last act when a question came; None where something is done, that may post.
    """

    server: Server
    person: Person
    account: Account
    token: str = field(repr=False)
    session: Session | None = None
    api_token: ApiToken | None = None
    language: str = "en"
    form: FormMultiDict | None = None
    head: Head | None = None

    @property
    def name(self) -> str:
        """How the person is called on pages."""
        return self.account.display_name or self.account.sign_in_name or self.person.person

    @property
    def state(self) -> str:
        """Country code of the State whose books these are."""
        return self.server.state

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles held, once each."""
        return tuple(dict.fromkeys(grant.role for grant in self.person.grants))

    @property
    def theme(self) -> str:
        """``"light"``, ``"dark"`` or empty: as the system has it."""
        return self.account.theme if self.account.theme in ("light", "dark") else ""

    @found_once
    def sight(self) -> Sight:
        """What is seen; a token may see less than its person."""
        sight = self.person.sight
        if self.api_token is not None and self.api_token.scope:
            return sight.within(self.api_token.scope)
        return sight

    @found_once
    def books(self) -> Database:
        """The books as this viewer sees them; for reading only."""
        return self.server.viewing.through(self.sight)

    @property
    def whole(self) -> Database:
        """The books themselves: for services that post, or whose answer is narrowed after."""
        return self.server.database

    @property
    def metadata(self) -> Any:
        """The tables."""
        return self.server.database.metadata

    def reads(self, capability: str) -> bool:
        """Return whether anything of a capability may be read."""
        return bool(self.sight.through(capability))

    def may(self, ability: str) -> bool:
        """Return whether a role of the viewer has an ability."""
        return self.person.may(ability) and self._writes

    def may_post(self, act_kind: str, scope: str) -> bool:
        """Return whether the viewer may post acts of a kind about a scope."""
        return self.person.may_post(act_kind, scope) and self._writes

    def may_post_somewhere(self, act_kind: str) -> bool:
        """Return whether the viewer may post acts of a kind, wherever it be."""
        return self.person.may_post_somewhere(act_kind) and self._writes

    def areas_to_post(self, act_kind: str) -> list[MaterialBalanceArea]:
        """Return the areas that are seen and that the viewer may post acts of a kind about."""
        return [area for area in self.areas.values() if self.may_post(act_kind, area.scope)]

    def may_post_in_an_area(self, act_kind: str) -> bool:
        """Return whether the viewer may post acts of a kind about any area that is seen."""
        return any(self.may_post(act_kind, area.scope) for area in self.areas.values())

    @property
    def _writes(self) -> bool:
        return self.api_token is None or "write" in self.api_token.abilities

    @found_once
    def areas(self) -> dict[str, MaterialBalanceArea]:
        """The material balance areas that are seen, by code."""

        def find() -> dict[str, MaterialBalanceArea]:
            with self.books.reading() as connection:
                return areas(connection, self.metadata)

        last = self.server.last_acts.by(PLACES.name, self.head)
        return self.server.remembered.get(("areas", self.sight), last, find)

    def area(self, code: str) -> MaterialBalanceArea:
        """Return an area that is seen.

        Raises
        ------
        NotFoundError
            If there is none that this viewer sees; whether there is one at all is not told.
        """
        if code not in self.areas:
            raise NotFoundError(
                f"there is no MBA {code} that you may see",
                "The areas that you may see are on the overview; an administrator grants more.",
            )
        return self.areas[code]

    @found_once
    def signer(self) -> Signer | None:
        """The key that signs for the viewer, opened with what the cookie or token holds."""
        if self.session is not None:
            return self.session.signing_key(self.token)
        return None if self.api_token is None else self.api_token.signing_key(self.token)

    def actor(self, endorsement: tuple[tuple[str, Mapping[str, Value]], ...] = ()) -> Actor:
        """Return the viewer as the one who acts and signs."""
        return Actor(self.person.person, self.state, self.signer, endorsement)

    def require(self, ability: str) -> None:
        """Refuse unless the viewer has an ability.

        Raises
        ------
        NotPermittedError
        """
        if not self.may(ability):
            raise NotPermittedError(
                "this page is not for you", "Ask an administrator for the role that it takes."
            )

    def require_post(self, act_kind: str, scope: str) -> None:
        """Refuse unless the viewer may post acts of a kind about a scope.

        Raises
        ------
        NotPermittedError
        """
        if not self.may_post(act_kind, scope):
            raise NotPermittedError(
                f"you hold no role that may do this ({act_kind}) for {scope}",
                "Ask a colleague who may, or an administrator for the role.",
            )

    @property
    def today(self) -> datetime.date:
        """The day on which deadlines and ages are counted: that of UTC."""
        return self.server.now().date()

    def today_at(self, mba: str) -> datetime.date:
        """Return the day at a facility."""
        return self.server.now().astimezone(ZoneInfo(self.area(mba).zone)).date()

    def field(self, name: str, default: str = "") -> str:
        """Return one field of the form that was sent, as text without surrounding space."""
        value = None if self.form is None else self.form.get(name)
        return value.strip() if isinstance(value, str) else default


Asking = NamedDependency[SkipValidation[Viewer]]
"""The viewer as a route handler takes it."""

AnyRequest = Request[Any, Any, Any]
