"""Sections: what a capability brings to the pages, without anybody else's file being touched.

Each module in ``keiryo.web.pages`` names its `Section` as ``SECTION``; a package of somebody else's
joins through the entry-point group ``keiryo.sections``. The order in menus and on the overview is
by the number that each part gives.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from keiryo.errors import UsageError

if TYPE_CHECKING:
    from litestar.types import ControllerRouterHandler

AViewer = Any
"""A `keiryo.web.viewer.Viewer`, which stands above this module."""

GROUPS = ("Today", "Books", "Reports", "Evaluation", "Record", "System")
"""Groups of the menu, in order; a section may name one of its own, which comes before System."""


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """A way to a page.

    Attributes
    ----------
    title : str
        In English; the catalogues translate it.
    href : str
    group : str
    order : int
    key : str
        Letter that goes there after "g" on the keyboard; empty: none.
    shown : callable
        Whether a viewer may go there.
    """

    title: str
    href: str
    group: str
    order: int
    shown: Callable[[AViewer], bool]
    key: str = ""


@dataclass(frozen=True, slots=True)
class OverviewPart:
    """A part of the overview: what of this needs the viewer today.

    Attributes
    ----------
    name : str
    title : str
    order : int
    shown : callable
    build : callable
        Takes the viewer, returns the context of the template; None: nothing to show.
    template : str
    wide : bool
        Whether it takes the whole width, as a table does.
    """

    name: str
    title: str
    order: int
    shown: Callable[[AViewer], bool]
    build: Callable[[AViewer], Mapping[str, Any] | None]
    template: str
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that a search found."""

    kind: str
    title: str
    href: str
    detail: str = ""


Tell = Callable[[int, int, str], None]
"""Called by a job with (done, in all, detail); raises `CancelledError` when it is to stop."""


class CancelledError(Exception):
    """The person who started a job asked it to stop."""


@dataclass(frozen=True, slots=True)
class JobKind:
    """Long work that can be asked for.

    Attributes
    ----------
    name : str
    run : callable
        Takes (viewer, parameters, tell); returns what is kept as the result, plain data with an
        optional ``"file"`` (path of a file to hand out), ``"href"`` (page of the result) and
        ``"template"`` (how the page of the job shows it).
    """

    name: str
    run: Callable[[AViewer, Mapping[str, Any], Tell], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Section:
    """What a capability brings.

    Attributes
    ----------
    name : str
    handlers : tuple
        Route handlers of its pages.
    api : tuple
        Route handlers of its API, with paths below ``/api/v1``.
    menu : tuple of MenuEntry
    overview : tuple of OverviewPart
    search : tuple of callable
        Each takes (viewer, words, most) and yields `Hit`; it sees what the viewer sees.
    jobs : tuple of JobKind
        Long work that it can be asked for.
    """

    name: str
    handlers: tuple[ControllerRouterHandler, ...] = ()
    api: tuple[ControllerRouterHandler, ...] = ()
    menu: tuple[MenuEntry, ...] = ()
    overview: tuple[OverviewPart, ...] = ()
    search: tuple[Callable[[AViewer, str, int], Iterable[Hit]], ...] = ()
    jobs: tuple[JobKind, ...] = field(default=())


def reads(capability: str) -> Callable[[AViewer], bool]:
    """Return a condition of being shown: the viewer may read anything of a capability."""

    def any_read(viewer: AViewer) -> bool:
        return bool(viewer.reads(capability))

    return any_read


def installed_sections() -> tuple[Section, ...]:
    """Return the sections of keiryo and of installed packages, by name.

    Raises
    ------
    UsageError
        If a module or package announces something that is no section.
    """
    import keiryo.web.api as api
    import keiryo.web.pages as pages

    found: list[Any] = []
    for package in (pages, api):
        for module in sorted(m.name for m in pkgutil.iter_modules(package.__path__)):
            loaded = importlib.import_module(f"{package.__name__}.{module}")
            if hasattr(loaded, "SECTION"):
                found.append(loaded.SECTION)
    entries = sorted(entry_points(group="keiryo.sections"), key=lambda e: e.name)
    found += [entry.load() for entry in entries]
    for one in found:
        if not isinstance(one, Section):
            raise UsageError(f"{one!r} is no section of pages")
    return tuple(found)
