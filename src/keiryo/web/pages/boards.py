"""What the boards have in common: the day asked for, who sees which areas, forms shown again.

A board is computed on the books as a whole, for its answer needs both sides of every transfer; it
is narrowed here to the areas of which the viewer may read, before anything is shown.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from keiryo.dates import DateError, parse_date
from keiryo.errors import ConflictError, Finding, KeiryoError, UsageError
from keiryo.places.model import MaterialBalanceArea
from keiryo.web.answers import in_words
from keiryo.web.pictures.writing import Writing
from keiryo.web.saved_forms import saved_fields
from keiryo.web.speaking import day_text, mass_kg, number_text
from keiryo.web.speaking import gettext as _
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Viewer

FIRST_YEAR, LAST_YEAR = 1950, 9000
MOST_TEXT = 4_000


def asked_day(request: AnyRequest, name: str, default: datetime.date) -> datetime.date:
    """Return the day that the address asks for.

    Raises
    ------
    UsageError
        If it is no day, or none of our times.
    """
    return day_of(str(request.query_params.get(name, "")), default) or default


def day_of(text: str, default: datetime.date | None = None) -> datetime.date | None:
    """Return a day from a field, or the default if the field is empty.

    Raises
    ------
    UsageError
        If it is no day, or none of our times.
    """
    text = text.strip()
    if not text:
        return default
    advice = _("Write a date as 2025-12-31.")
    try:
        day = parse_date(text[:40])
    except DateError as error:
        raise UsageError(str(error), advice) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise UsageError(_("%(day)s is no day of our times", day=text[:40]), advice)
    return day


def asked_flag(request: AnyRequest, name: str) -> bool:
    """Return whether the address asks for something that is otherwise left out."""
    return str(request.query_params.get(name, "")) in ("1", "yes", "true", "on")


def areas_reading(viewer: Viewer, capability: str) -> dict[str, MaterialBalanceArea]:
    """Return the areas of which the viewer reads a capability's records, by code."""
    return {
        code: area
        for code, area in viewer.areas.items()
        if viewer.sight.sees(capability, area.scope)
    }


def sees_state(viewer: Viewer, capability: str) -> bool:
    """Return whether the viewer reads a capability's records of the whole State."""
    return viewer.sight.sees(capability, viewer.state)


def narrowed(viewer: Viewer, findings: Iterable[Finding], capability: str) -> list[Finding]:
    """Return the findings about areas that are seen; those about none only for all of the State."""
    seen, whole = areas_reading(viewer, capability), sees_state(viewer, capability)
    return [f for f in findings if (f.mba in seen if f.mba else whole)]


def writing() -> Writing:
    """Return how pictures write weights, numbers and days in the language of the request."""
    return Writing(
        weight=lambda mg: f"{mass_kg(mg)} kg",
        count=lambda number: number_text(number),
        day=lambda day: day_text(day),
    )


class PostedMeanwhileError(KeiryoError):
    """Somebody posted about the same thing since the form was made; ``acts`` are theirs."""

    def __init__(self, acts: Sequence[int]) -> None:
        super().__init__("somebody posted about this in between; nothing was recorded")
        self.acts = tuple(acts)


def require_nothing_newer(acts: Sequence[int]) -> None:
    """Refuse to go on if somebody posted since the form was made.

    To be asked within what is done once: whoever sends a form twice is not stopped by what the
    first sending posted.

    Raises
    ------
    PostedMeanwhileError
    """
    if acts:
        raise PostedMeanwhileError(acts)


@dataclass(slots=True)
class Entered:
    """A form as it is shown: what was typed, what is wrong with it, what came in between.

    Attributes
    ----------
    fields : mapping
        By field name.
    errors : dict
        Text by field name; the empty name is the form as a whole.
    findings : list of Finding
    newer_acts : sequence of int
        Acts that somebody posted about the same thing since the form was made.
    kept : bool
        Whether the fields were typed earlier and kept.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    newer_acts: Sequence[int] = ()
    kept: bool = False

    def value(self, name: str, default: Any = "") -> Any:
        """Return what stands in a field."""
        return self.fields.get(name, default)

    @property
    def refused(self) -> bool:
        """Whether something has to be looked at before the form can be accepted."""
        return bool(self.errors or self.findings or self.newer_acts)

    @property
    def status(self) -> int:
        """HTTP status of the page that shows the form again."""
        if self.newer_acts:
            return 409
        return 422 if self.errors or self.findings else 200


def first_shown(viewer: Viewer, form: str, defaults: Mapping[str, str] | None = None) -> Entered:
    """Return a form as it is shown first: with what the viewer typed before and did not send."""
    kept = saved_fields(viewer, form)
    return Entered({**(defaults or {}), **kept}, kept=bool(kept))


def typed_again(viewer: Viewer) -> Entered:
    """Return the form that was sent, with everything that was typed."""
    form = viewer.form
    values = {} if form is None else dict(form.multi_items())
    return Entered(
        {name: text[:MOST_TEXT] for name, text in values.items() if isinstance(text, str)}
    )


def explain_error(entered: Entered, error: KeiryoError, name: str = "") -> Entered:
    """Put what a service refused into the form."""
    if isinstance(error, PostedMeanwhileError):
        entered.newer_acts = error.acts
        return entered
    entered.findings += list(getattr(error, "findings", ()))
    entered.errors[name] = in_words(error)
    return entered


def own_conflict(error: KeiryoError) -> bool:
    """Return whether the same request is at work already, so that the form is not shown again."""
    return isinstance(error, ConflictError)


def head_of_form(viewer: Viewer) -> int:
    """Return the act at which the form was made that was sent; 0 if it does not say."""
    return whole_number(viewer.field("_head")) or 0
