"""What of an address nobody asked for: a misspelt filter is told, not passed over in silence.

A page reads the parameters that it knows. While it is made the names that it reads are noted; what
is left over on a page with lists would have been a filter, and the reader is told that it is none,
with the name that is nearest. A page is never refused for it. A file that is exported is: it has
no place for a notice, and would go on as what it is not.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, cast

from litestar import Request
from litestar.datastructures import MultiDict

from keiryo.errors import UsageError
from keiryo.web.speaking import gettext as _

HARMLESS = ("_", "utm_")
"""How names begin that browsers, mail programs and caches add for themselves."""
OWN = ("kept", "done")
"""Names that the pages add to an address that somebody comes back to."""
NEAR = 0.6
MOST_TOLD, LONGEST_TOLD = 3, 40


class NotedNames(MultiDict[Any]):
    """The query of an address; it notes which names it is asked for."""

    noted: set[str]

    def _note(self, name: str) -> None:
        if hasattr(self, "noted"):
            self.noted.add(name)

    def __getitem__(self, key: str) -> Any:
        self._note(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self._note(str(key))
        return super().__contains__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """Return the first value of a name."""
        self._note(key)
        return super().get(key, default)

    def getall(self, key: str, *default: Any) -> Any:
        """Return all values of a name."""
        self._note(key)
        return super().getall(key, *default)


class NotingRequest(Request[Any, Any, Any]):
    """A request that notes which names of its query are asked for."""

    @property
    def query_params(self) -> MultiDict[Any]:
        """Return the query; asking it for a name is noted."""
        found = NotedNames(super().query_params)
        found.noted = _noted(self)
        return found


def _noted(request: Request[Any, Any, Any]) -> set[str]:
    return cast("set[str]", request.scope["state"].setdefault("asked_names", set()))


def _lists(request: Request[Any, Any, Any]) -> dict[str, tuple[Sequence[str], Sequence[str]]]:
    """Return the names that filter and that sort, by prefix of each list that a page has."""
    found = request.scope["state"].setdefault("lists_asked", {})
    return cast("dict[str, tuple[Sequence[str], Sequence[str]]]", found)


def note_list(
    request: Request[Any, Any, Any],
    prefix: str,
    filters: Sequence[str],
    sortable: Sequence[str],
) -> None:
    """Note that a page has a list, with the names that filter and sort it.

    Parameters
    ----------
    prefix : str
        Before each name in the address.
    """
    _lists(request)[prefix] = (filters, sortable)


def names_left(request: Request[Any, Any, Any]) -> list[str]:
    """Return the names in the address that nothing asked for; none where a page has no list."""
    if not _lists(request):
        return []
    noted = _noted(request)
    return [
        name
        for name, value in _given(request).items()
        if name not in noted and name not in OWN and not name.startswith(HARMLESS) and value
    ]


def _given(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Return the names of the address with their values; looking through them notes nothing."""
    return {name: str(value).strip() for name, value in request.query_params.items()}


def query_of(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """Return the query as links of the page take it on: without what it was made without."""
    left = set(names_left(request))
    return {name: value for name, value in request.query_params.items() if name not in left}


def notices_of(request: Request[Any, Any, Any]) -> list[tuple[str, str]]:
    """Return what the reader is told about names and sortings that this page does not have."""
    lists = _lists(request)
    known = [f"{prefix}{name}" for prefix, (filters, _s) in lists.items() for name in filters]
    known += [f"{prefix}{name}" for prefix in lists for name in ("sort", "page", "size")]
    known += sorted(_noted(request).difference(known))
    told = []
    for name in names_left(request)[:MOST_TOLD]:
        words = _(
            "There is no filter called “%(name)s” here; the page is shown without it.",
            name=name[:LONGEST_TOLD],
        )
        told.append(words + _nearest(name, known, sorted(known)))
    query = _given(request)
    for prefix, (_filters, sortable) in lists.items():
        name = query.get(f"{prefix}sort", "").removeprefix("-")
        if name and name not in sortable:
            words = _(
                "The list cannot be sorted by “%(name)s”; it is in its usual order.",
                name=name[:LONGEST_TOLD],
            )
            told.append(words + _nearest(name, sortable, sortable))
    return [("warning", words) for words in told]


def require_known_filters(request: Request[Any, Any, Any], filters: Sequence[str]) -> None:
    """Refuse to export a list for a name that seems to be meant for one of its filters.

    Raises
    ------
    UsageError
        It names the filter that is nearest.
    """
    for name in names_left(request):
        near = difflib.get_close_matches(name.lower(), filters, 1, NEAR)
        if near:
            raise UsageError(
                f"there is no filter {name[:LONGEST_TOLD]!r} of this list, and nothing was "
                "exported",
                f"Did you mean {near[0]!r}? It filters by: {', '.join(filters)}.",
            )


def _nearest(name: str, known: Sequence[str], every: Sequence[str]) -> str:
    near = difflib.get_close_matches(name.lower(), known, 1, NEAR)
    if near:
        return " " + _("Did you mean “%(name)s”?", name=near[0])
    return " " + _("Known are: %(names)s.", names=", ".join(every)) if every else ""
