"""What leaves a store: asked for by one member, released by another, numbered and marked.

There is no other way out. A request is answered once; each copy has a number of its own, and the
trail keeps the digest of its bytes, by which a copy that turns up can be told.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from keiryo.errors import NotFoundError
from keiryo.security_store import rules
from keiryo.security_store.entries import Entry, check_name, check_reason, instant_text, plain_json
from keiryo.security_store.opened import Opened, Sealed, new_id
from keiryo.security_store.state import Request
from keiryo.security_store.trail import Writing
from keiryo.security_store.watermark import marked


@dataclass(frozen=True, slots=True)
class Copy:
    """A numbered copy of a record."""

    number: int
    record: str
    media_type: str
    content: bytes = field(repr=False)


def ask_release(
    opened: Opened, record: str, recipient: str, reason: str, *, version: int | None = None
) -> Request:
    """Ask that a record be released to a recipient."""
    recipient, reason = check_name(recipient, "the recipient"), check_reason(reason)
    with opened.acting() as act:
        known = act.state.records.get(record)
        if known is None:
            raise NotFoundError(f"there is no record {record}")
        request = new_id("Q")
        opened.append(
            *(act, "ask_release"),
            compartment=known.compartment,
            record=record,
            version=version or known.last.number,
            reason=reason,
            request=request,
            recipient=recipient,
        )
        return act.state.requests[request]


def release(opened: Opened, request: str) -> Copy:
    """Release what another member asked for, and return the copy; recorded before it is there."""
    with opened.acting() as act:
        asked = _known(act, request)
        record = act.state.records[asked.record]
        number = act.state.copies + 1
        told: dict[str, Any] = {"request": request, "copy": number}
        where = {"compartment": record.compartment, "record": record.id, "version": asked.version}
        _may(opened, act, where, told)
        found = Sealed.of(opened, act, record, asked.version).content()
        copy = {
            "number": number,
            "record": record.id,
            "version": asked.version,
            "recipient": asked.recipient,
            "asked_by": asked.asked_by,
            "released_by": opened.person,
            "at": instant_text(act.now),
            "reason": asked.reason,
        }
        content = marked(found.content, found.head.media_type, copy)
        digest = hashlib.sha256(content).hexdigest()
        opened.append(act, "release", **where, digest=digest, **told)
    return Copy(number, record.id, found.head.media_type, content)


def refuse(opened: Opened, request: str, reason: str) -> Request:
    """Refuse a request."""
    return _answer(opened, "refuse_release", request, reason)


def withdraw(opened: Opened, request: str, reason: str) -> Request:
    """Take one's own request back."""
    return _answer(opened, "withdraw_request", request, reason)


def requests(opened: Opened, *, every: bool = True) -> list[Request]:
    """Return the requests with their answers, or only the open ones."""
    known = opened.state().requests.values()
    return [one for one in known if every or one.state == "open"]


def copies(opened: Opened) -> list[Request]:
    """Return the copies that were made, by their numbers."""
    made = [one for one in requests(opened) if one.copy is not None]
    return sorted(made, key=lambda one: one.copy or 0)


def _answer(opened: Opened, action: str, request: str, reason: str) -> Request:
    reason = check_reason(reason)
    with opened.acting() as act:
        asked = _known(act, request)
        opened.append(act, action, record=asked.record, reason=reason, request=request)
        return act.state.requests[request]


def _known(act: Writing, request: str) -> Request:
    if request not in act.state.requests:
        raise NotFoundError(f"there is no request {request}")
    return act.state.requests[request]


def _may(opened: Opened, act: Writing, where: dict[str, Any], told: dict[str, Any]) -> None:
    """Refuse before anything is unsealed."""
    entry = Entry(
        act.state.seq + 1,
        instant_text(act.now),
        opened.person,
        "release",
        **where,
        detail=plain_json(told),
    )
    if refusal := rules.permitted(act.state, entry):
        raise refusal.error()
