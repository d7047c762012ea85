"""What is asked of names and grants before anybody is admitted or empowered.

Everything that is wrong is said at once, so that a form is put right in one go. A role is granted
on the State whose books these are, or on a facility or area that is registered in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, MetaData, or_, select

from keiryo.errors import Finding, Severity
from keiryo.people.accounts import LONGEST_NAME, is_name, normal_display_name, normal_name
from keiryo.people.gate import ADMINISTER, BASIS
from keiryo.people.model import EVERYTHING, NAME_OF_HANDLING, ROLES, SCOPE
from keiryo.people.tables import ACCOUNT

SIGN_IN_NAME = re.compile(r"[\w.@-]{2,64}")
_AREA = "material_balance_area"


@dataclass(frozen=True, slots=True)
class GrantWanted:
    """A role that is to be granted on a part of the State.

    Attributes
    ----------
    role : str
        A name of `keiryo.people.model.ROLES`.
    scope : str
        ``"XA"``, ``"XA/XFAA"`` or ``"XA/XFAA/XFAA"``.
    agreement : str or None
        Only lines under this agreement.
    caveats : frozenset of str
        Handling caveats that may be seen; ``"*"``: all.
    """

    role: str
    scope: str
    agreement: str | None = None
    caveats: frozenset[str] = frozenset()


def name_problems(
    connection: Connection, metadata: MetaData, sign_in_name: str, display_name: str
) -> Iterator[Finding]:
    """Yield what is wrong with the names of somebody who is to be admitted."""
    name = normal_name(sign_in_name)
    if not SIGN_IN_NAME.fullmatch(name):
        yield _finding(
            "SIGN-IN-NAME",
            "this is no sign-in name",
            "Take 2 to 64 letters, digits and . _ @ -, as in hanako.sato; capitals do not matter.",
        )
    elif _taken(connection, metadata, name):
        yield _finding(
            "SIGN-IN-NAME-TAKEN",
            f"the sign-in name {name} belongs to somebody already",
            "Choose another one. If it is the same person: 'keiryo people reset' gives them a "
            "new one-time token.",
        )
    yield from display_name_problems(display_name)


def display_name_problems(display_name: str) -> Iterator[Finding]:
    """Yield what is wrong with a name by which somebody is to be called."""
    if not is_name(normal_display_name(display_name)):
        yield _finding(
            "DISPLAY-NAME",
            "this is no name that could be shown: it is empty, longer than "
            f"{LONGEST_NAME} characters, or has characters that cannot be seen",
            "Write the name as colleagues know it.",
        )


def grant_problems(
    connection: Connection, metadata: MetaData, state: str, wanted: Iterable[GrantWanted]
) -> Iterator[Finding]:
    """Yield what is wrong with grants, of all of them."""
    for grant in wanted:
        role = ROLES.get(grant.role)
        if role is None:
            yield _finding(
                "ROLE-UNKNOWN",
                f"there is no role {_shown(grant.role)}",
                f"Choose one of: {', '.join(ROLES)}. 'keiryo people roles' explains them.",
            )
        yield from _scope_problems(connection, metadata, state, grant.scope)
        narrow = (grant.scope, grant.agreement) != (state, None)
        if role is not None and ADMINISTER in role.abilities and narrow:
            yield _finding(
                "ADMINISTRATOR-SCOPE",
                "people are administered for the whole State, under any agreement",
                f"Grant {grant.role} on {state}, without an agreement.",
            )
        names = {*grant.caveats, *filter(None, [grant.agreement])} - {EVERYTHING}
        bad = [name for name in sorted(names) if not NAME_OF_HANDLING.fullmatch(name)]
        if bad or grant.agreement in ("", EVERYTHING):
            yield _finding(
                "HANDLING-NAME",
                "an agreement or caveat cannot be called "
                f"{', '.join(map(_shown, bad)) or _shown(grant.agreement or '')}",
                "Take 1 to 80 letters, digits, spaces and . / ( ) -, beginning with a letter or "
                "digit. All caveats: *.",
            )


def _scope_problems(
    connection: Connection, metadata: MetaData, state: str, scope: str
) -> Iterator[Finding]:
    if not SCOPE.fullmatch(scope):
        yield _finding(
            "GRANT-SCOPE",
            f"{_shown(scope)} is no part of a State",
            f"Write the State, State/facility or State/facility/area, as in {state}.",
        )
    elif scope.split("/")[0] != state:
        yield _finding(
            "GRANT-SCOPE",
            f"{scope} is no part of {state}, whose books these are",
            f"Grant it on {state} or a part of it.",
        )
    elif scope != state and not _registered(connection, metadata, scope):
        yield _finding(
            "PLACE-UNKNOWN",
            f"no facility or area {scope} is registered",
            "See 'keiryo places list'; register the place first, then grant the role on it.",
        )


def _registered(connection: Connection, metadata: MetaData, scope: str) -> bool:
    table = metadata.tables.get(_AREA)
    if table is None:  # an application without places: nothing to compare with
        return True
    inside = table.c.scope.startswith(f"{scope}/", autoescape=True)
    query = select(table.c.act_id).where(or_(table.c.scope == scope, inside)).limit(1)
    return connection.execute(query).first() is not None


def _taken(connection: Connection, metadata: MetaData, name: str) -> bool:
    table = metadata.tables[ACCOUNT]
    query = select(table.c.person).where(table.c.sign_in_name == name)
    return connection.execute(query).first() is not None


def _shown(text: str) -> str:
    short = text if len(text) <= 40 else f"{text[:39]}…"
    return repr(short)


def _finding(code: str, message: str, advice: str) -> Finding:
    return Finding(code, Severity.FORMAT, message, advice, basis=BASIS)
