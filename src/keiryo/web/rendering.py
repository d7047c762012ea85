"""Pages made from templates: the same frame around all of them, in the viewer's language."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import ChainableUndefined, Environment, FileSystemLoader
from litestar import Request, Response
from litestar.enums import MediaType

from keiryo.errors import UsageError
from keiryo.version import __version__
from keiryo.web.asked_names import notices_of, query_of
from keiryo.web.sections import GROUPS, Section
from keiryo.web.speaking import gettext, install, instant_text, speak_on
from keiryo.web.terms import act_kind, finding_meaning, line_kind
from keiryo.web.translation import choose_language

if TYPE_CHECKING:
    from keiryo.web.viewer import Viewer

WEB = files("keiryo.web")


def environment() -> Environment:
    """Return the templates' environment: everything escaped, nothing undefined passed over."""
    made = Environment(
        loader=FileSystemLoader(str(WEB.joinpath("templates"))),
        autoescape=True,
        undefined=ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.do"],
    )
    install(made)
    made.globals.update(finding_meaning=finding_meaning, act_kind=act_kind, line_kind=line_kind)
    made.globals["form_id"] = lambda: secrets.token_urlsafe(16)
    return made


class Pages:
    """Makes pages; one for each server.

    Parameters
    ----------
    sections : tuple of Section
        Their menu entries are on every page.
    """

    def __init__(self, sections: tuple[Section, ...]) -> None:
        self.sections = sections
        self.environment = environment()
        entries = [entry for section in sections for entry in section.menu]
        named = [e.group for e in entries if e.group not in GROUPS]
        self.groups = [*GROUPS[:-1], *dict.fromkeys(named), GROUPS[-1]]
        self.entries = sorted(entries, key=lambda e: (self.groups.index(e.group), e.order))
        keys = [e.key for e in self.entries if e.key]
        if len(keys) != len(set(keys)):
            raise UsageError(f"two menu entries have the same key: {sorted(keys)}")

    def menu(self, viewer: Viewer | None, path: str) -> list[dict[str, Any]]:
        """Return the menu as a viewer sees it: groups with their entries."""
        if viewer is None:
            return []
        groups: dict[str, list[dict[str, Any]]] = {}
        for entry in self.entries:
            if entry.shown(viewer):
                here = path == entry.href or (
                    entry.href != "/" and path.startswith(f"{entry.href}/")
                )
                shown: dict[str, Any] = {"title": gettext(entry.title), "href": entry.href}
                shown |= {"current": here, "key": entry.key, "count": 0}
                groups.setdefault(entry.group, []).append(shown)
        return [{"title": gettext(name), "items": some} for name, some in groups.items()]

    def page(
        self,
        request: Request[Any, Any, Any],
        template: str,
        context: Mapping[str, Any],
        status: int,
    ) -> Response[str]:
        """Return a page."""
        viewer: Viewer | None = request.scope["state"].get("viewer")
        menu = {"menu": self.menu(viewer, request.url.path)}
        text = self.text(request, template, {**menu, **context})
        return Response(text, media_type=MediaType.HTML, status_code=status)

    def text(
        self, request: Request[Any, Any, Any], template: str, context: Mapping[str, Any]
    ) -> str:
        """Return what a template makes of a context and of what every page knows."""
        state = request.scope["state"]
        viewer: Viewer | None = state.get("viewer")
        language: str = state.get("language") or "en"
        server = request.app.state.server
        frame: dict[str, Any] = {
            "viewer": viewer,
            "state": server.state,
            "form_token": state.get("form_token", ""),
            "head": state.get("head"),
            "notices": [*state.get("notices", []), *notices_of(request)],
            "crumbs": [],
            "path": request.url.path,
            "query": query_of(request),
            "language": language,
            "theme": state.get("theme", ""),
            "now_text": instant_text(server.now()),
            "asset_version": __version__,
            "request_id": state.get("request_id", ""),
        }
        return self.environment.get_template(template).render({**frame, **context})


def render(
    request: Request[Any, Any, Any], template: str, *, http_status: int = 200, **context: Any
) -> Response[str]:
    """Return the page that a template makes of a context, in the frame of all pages."""
    pages: Pages = request.app.state.pages
    return pages.page(request, template, context, http_status)


LANGUAGE_COOKIE, THEME_COOKIE = "keiryo_language", "keiryo_theme"


def choose_looks(request: Request[Any, Any, Any]) -> None:
    """Choose language and theme of an answer by what the browser remembers and asks for."""
    state, settings = request.scope["state"], request.app.state.server.settings
    cookie, accepted = request.cookies.get(LANGUAGE_COOKIE), request.headers.get("Accept-Language")
    state["language"] = choose_language(None, cookie, accepted, default=settings.language)
    speak_on(state["language"])
    state["theme"] = request.cookies.get(THEME_COOKIE, "")


def day_text(day: datetime.date | None) -> str:
    """Return a day as it stands in a form field."""
    return "" if day is None else day.isoformat()
