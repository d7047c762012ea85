"""What is sent and answered about advance notices of transfers between States.

Weights are whole milligrams; effective kilograms are exact decimals in a text.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

from msgspec import Meta

from keiryo.oversight.notice_intake import MAX_NAME
from keiryo.web.api.asking import PLAIN
from keiryo.web.api.documents import Document, PostedDocument, Request
from keiryo.web.api.journal import LARGEST

MOST_NOTICES, MOST_REASON = 500, 2_000

Name = Annotated[str, Meta(min_length=1, max_length=MAX_NAME, pattern=PLAIN)]
Milligrams = Annotated[int, Meta(ge=0, le=LARGEST)]


class NoticeSent(Request, frozen=True, kw_only=True):
    """An advance notice; of a notice that is revised, what is left out stays as registered."""

    notice: Annotated[Name, Meta(description="its name, unique in the State")]
    direction: Annotated[Literal["export", "import"], Meta(description="out of, or into the State")]
    partner: Annotated[
        str,
        Meta(min_length=2, max_length=2, pattern="^[A-Z]{2}$", description="the other State"),
    ]
    category: Annotated[
        Literal["N", "D", "E", "U", "P", "T"] | None, Meta(description="element category")
    ] = None
    element_mg: (
        Annotated[Milligrams, Meta(description="element weight expected, in milligrams")] | None
    ) = None
    fissile_mg: (
        Annotated[Milligrams, Meta(description="fissile weight expected, in milligrams")] | None
    ) = None
    contract: Annotated[
        datetime.date | None, Meta(description="day on which the contract was concluded")
    ] = None
    notified: Annotated[
        datetime.date | None, Meta(description="day on which the notice was given")
    ] = None
    prepared: Annotated[
        datetime.date | None, Meta(description="day on which it is prepared for shipping")
    ] = None
    transfer: Annotated[
        datetime.date | None, Meta(description="day of the transfer, planned or actual")
    ] = None
    safeguarded: Annotated[
        bool | None, Meta(description="whether the receiver holds it under safeguards")
    ] = None


class NoticesSent(Request, frozen=True, kw_only=True):
    """Notices of an area: all of them are registered, or none."""

    notices: Annotated[
        list[NoticeSent],
        Meta(min_length=1, max_length=MOST_NOTICES, description="each with its own name"),
    ]
    revise: Annotated[
        bool, Meta(description="whether they may say something else than is registered")
    ] = False


class ConfirmationSent(Request, frozen=True, kw_only=True):
    """That the receiver took the material over."""

    confirmed: Annotated[datetime.date, Meta(description="day on which receipt was confirmed")]


class WithdrawalSent(Request, frozen=True, kw_only=True):
    """That nothing comes of the transfer."""

    reason: Annotated[
        str, Meta(min_length=1, max_length=MOST_REASON, pattern=r"\S", description="why")
    ]


class NoticeDocument(Document, frozen=True, kw_only=True):
    """An advance notice as registered."""

    notice: Annotated[str, Meta(description="its name")]
    direction: Annotated[str, Meta(description="export or import")]
    mba: Annotated[str, Meta(description="area that ships or receives")]
    partner: Annotated[str, Meta(description="the other State")]
    category: Annotated[str | None, Meta(description="element category")]
    element_mg: Annotated[int | None, Meta(description="element weight expected, in milligrams")]
    fissile_mg: Annotated[int | None, Meta(description="fissile weight expected, in milligrams")]
    effective_kg: Annotated[str | None, Meta(description="effective kilograms, exact decimal")]
    contract: Annotated[str | None, Meta(description="day of the contract")]
    notified: Annotated[str | None, Meta(description="day on which it was given")]
    prepared: Annotated[str | None, Meta(description="day of the preparation for shipping")]
    transfer: Annotated[str | None, Meta(description="day of the transfer, planned or actual")]
    safeguarded: Annotated[bool | None, Meta(description="under safeguards at the receiver")]
    confirmed: Annotated[str | None, Meta(description="day on which receipt was confirmed")]


class NoticeOnClock(NoticeDocument, frozen=True, kw_only=True):
    """An advance notice and how it stands on a day."""

    act: Annotated[int, Meta(description="act that registered it first")]
    line: Annotated[int, Meta(description="its line in the act")]
    state: Annotated[str, Meta(description="how it stands, in words", examples=["notified"])]
    needed: Annotated[bool | None, Meta(description="whether the transfer asks for a notice")]
    recorded: Annotated[str | None, Meta(description="day of the transfer that is recorded")]
    to_do: Annotated[str | None, Meta(description="notify or confirm; null: nothing")]
    due: Annotated[str | None, Meta(description="last good day for it")]
    days_left: Annotated[int | None, Meta(description="days to that; negative if past")]


class NoticePage(Document, frozen=True, kw_only=True):
    """A page of the register on a day."""

    on: Annotated[datetime.date, Meta(description="day")]
    as_of_act: Annotated[int, Meta(description="last act that it takes into account")]
    register_kept: Annotated[bool, Meta(description="whether any notice was ever registered")]
    items: Annotated[list[NoticeOnClock], Meta(description="what is due first, then by name")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class NoticeEvent(Document, frozen=True, kw_only=True):
    """What was recorded about a notice."""

    act: Annotated[int, Meta(description="number of the act")]
    line: Annotated[int, Meta(description="its line in the act")]
    kind: Annotated[str, Meta(description="kind of act", examples=["notice.confirm"])]
    recorded_at: Annotated[str, Meta(description="UTC time")]
    state: Annotated[str, Meta(description="open, confirmed or withdrawn since")]
    reason: Annotated[str | None, Meta(description="why, in words")]


class WholeNotice(NoticeDocument, frozen=True, kw_only=True):
    """An advance notice and what was recorded about it."""

    state: Annotated[str, Meta(description="open, confirmed or withdrawn")]
    history: Annotated[list[NoticeEvent], Meta(description="the latest first")]


class BareTransfer(Document, frozen=True, kw_only=True):
    """What crossed the border, or will, and asks for a notice that the register does not hold."""

    direction: Annotated[str, Meta(description="export or import")]
    mba: Annotated[str, Meta(description="area")]
    partner: Annotated[str, Meta(description="the other State")]
    date: Annotated[str, Meta(description="day")]
    effective_kg: Annotated[str | None, Meta(description="effective kilograms, exact decimal")]
    together_kg: Annotated[str | None, Meta(description="with those of the months before")]
    entries: Annotated[list[str], Meta(description="MBA/report/entry")]


class BareTransferPage(Document, frozen=True, kw_only=True):
    """A page of transfers that have no notice."""

    on: Annotated[datetime.date, Meta(description="day")]
    as_of_act: Annotated[int, Meta(description="last act that it takes into account")]
    items: Annotated[list[BareTransfer], Meta(description="by day")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class NoticesRegistered(Document, frozen=True, kw_only=True):
    """What was recorded about notices."""

    notices: Annotated[list[str], Meta(description="their names")]
    posted: Annotated[
        PostedDocument | None, Meta(description="the act; null: all of it stood there already")
    ]
