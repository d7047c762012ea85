"""Done once, but looked at again first if something stands against it.

Whether a form still holds is asked inside what is done once: a form that was accepted already gives
its first answer however often it is sent, and one that does not hold leaves its number free.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from litestar import Response
from litestar.response import Redirect, Stream

from keiryo.web.once import Answer, once
from keiryo.web.saved_forms import forget_fields
from keiryo.web.viewer import Viewer

Shown = Response[Any] | Stream


class LookAgainError(Exception):
    """Nothing was done: `show` gives the page that says why, with all that was typed."""

    def __init__(self, show: Callable[[], Shown]) -> None:
        super().__init__("look at it again")
        self.show = show


def done_once(
    viewer: Viewer, form: str, asked: Mapping[str, Any], do: Callable[[], Answer]
) -> Shown:
    """Do what a form asks for unless it was done, and lead to what came of it.

    Parameters
    ----------
    viewer : Viewer
    form : str
        The page of the form; what was typed there is forgotten once it is done.
    asked : mapping
        What was sent.
    do : callable
        Does it, or raises `LookAgainError`.
    """
    try:
        answer = once(viewer, viewer.field("_form_id"), asked, do)
    except LookAgainError as again:
        return again.show()
    forget_fields(viewer, form)
    return Redirect(answer.location or "/reports", status_code=303)
