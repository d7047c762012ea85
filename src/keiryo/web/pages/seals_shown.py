"""The page of a seal: its life on a time line, what happened to it, its log, what it holds.

The picture has a row for each period in which the seal was attached. A bar says what the seal says
of that time; marks are checks, openings, damage and reports of a compromise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from keiryo.dates import number_date, parse_utc
from keiryo.seals.events import SealEvent
from keiryo.seals.history import history
from keiryo.seals.life import holding, in_order
from keiryo.seals.numbers import SealKey
from keiryo.seals.register import rows_of_keys, seal_events
from keiryo.seals.standing import Standing
from keiryo.seals.tables import SEAL_INTERVAL
from keiryo.seals.values import SealCover, seal_spans
from keiryo.web.pages.boards import Entered, first_shown
from keiryo.web.pages.cameras_asked import findings_of
from keiryo.web.pages.cooperation_known import done_act
from keiryo.web.pages.coverage_words import VALUE_LOOKS, VALUE_WORDS
from keiryo.web.pages.equipment_items import moment_context
from keiryo.web.pages.equipment_standing import evidence_links, who_acted, why_address
from keiryo.web.pages.seals_asked import kept_refusal
from keiryo.web.pages.seals_following import CORRECT, correct_address, steps_offered
from keiryo.web.pages.seals_known import (
    HOME,
    READING,
    act_address,
    books_of,
    containment_address,
    item_address,
    known,
    require_seal,
    scope_of,
    seal_address,
    waiting,
)
from keiryo.web.pages.seals_words import (
    COMPONENT_WORDS,
    EVENT_WORDS,
    FINDING_WORDS,
    LOG_STATE_WORDS,
    LOG_WORDS,
    TYPE_WORDS,
    state_badge,
    value_badge,
    worded,
)
from keiryo.web.pictures.watch_line import WatchBar, WatchLabels, WatchMark, WatchRow, watch_line
from keiryo.web.rendering import render
from keiryo.web.speaking import day_text, instant_text
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import AnyRequest, Asking, Viewer

_BESIDE = ("(refused)", "compromise reported", "shipping document")
"""How rows of the history are called that are no events."""


@dataclass(frozen=True, slots=True)
class Life:
    """What is recorded of a seal: its events, corrected ones too, its values and its log."""

    events: tuple[SealEvent, ...]
    covers: Mapping[str, SealCover]
    intervals: tuple[Mapping[str, Any], ...]
    beside: tuple[Mapping[str, Any], ...]


@get(HOME + "/{issuer:str}/{seal:str}", sync_to_thread=True, opt=READING)
def seal_page(
    request: AnyRequest, viewer: Asking, issuer: FromPath[str], seal: FromPath[str]
) -> Response[Any]:
    """Show a seal: its life as a picture and a table, what it holds, its log."""
    one = require_seal(viewer, issuer, seal)
    return show_seal(request, viewer, one, first_shown(viewer, seal_address(one.key)))


def life_of(viewer: Viewer, key: SealKey) -> Life:
    """Return what is recorded of a seal that is seen."""
    metadata = viewer.metadata
    with books_of(viewer).reading() as connection:
        events = seal_events(connection, metadata, [key]).get(key, [])
        covers = seal_spans(connection, metadata, keys=[key])
        intervals = rows_of_keys(connection, metadata, SEAL_INTERVAL.name, [key])
        beside = [
            row
            for row in history(connection, metadata, key)
            if any(words in row["what"] for words in _BESIDE)
        ]
    return Life(tuple(in_order(events)), covers, tuple(intervals), tuple(beside))


def show_seal(
    request: AnyRequest, viewer: Viewer, one: Standing, entered: Entered, which: str = ""
) -> Response[Any]:
    """Return the page of a seal; with what was typed, where a form comes back.

    Parameters
    ----------
    which : str
        The form that comes back: check, detach, found or report.
    """
    key, life = one.key, life_of(viewer, one.key)
    line, now = known(viewer).lines[key], viewer.server.now()
    late = [finding for row, finding in waiting(viewer, now) if row["seal"] == str(key)]
    scope, period = scope_of(viewer, one), one.open_period
    here = seal_address(key)
    attached = one.state == "attached"
    may_correct = viewer.may_post(CORRECT, scope)
    done = done_act(request)
    return render(
        request,
        "seals/seal.html",
        http_status=entered.status,
        key=key,
        line=line,
        type=worded(TYPE_WORDS, one.type.name),
        standing=state_badge(str(one.state)),
        since=instant_text(one.since) if one.since else "",
        holder=" / ".join(filter(None, (one.holder, one.second_holder)))
        if one.state == "issued"
        else None,
        quarantined=one.quarantined,
        result=value_badge(str(one.periods[-1].result())) if one.periods else None,
        place=None if period is None else _place(period.attached),
        late=late,
        picture=_picture(one, life, now),
        periods=[_period_row(viewer, each) for each in reversed(one.periods)],
        events=_event_rows(viewer, one, life, may_correct=may_correct),
        steps=steps_offered(viewer, one),
        told=findings_of(viewer, done),
        kept=kept_refusal(viewer, entered, [key]) if entered.refused else None,
        intervals=[_interval_row(row) for row in life.intervals],
        why=why_address(key.node),
        may_check=attached and viewer.may_post("seal.check", scope),
        may_detach=attached and viewer.may_post("seal.detach", scope),
        may_find=attached and viewer.may_post("seal.broken", scope),
        may_report=viewer.may_post("seal.report", scope) and one.state != "destroyed",
        components=[(name, _(word)) for name, word in COMPONENT_WORDS.items()],
        **moment_context(viewer),
        entered=entered,
        which=which,
        done=done,
        here=here,
        crumbs=[(_("Seals"), HOME), (str(key), None)],
    )


def _place(attached: SealEvent) -> dict[str, Any]:
    name = f"{attached.mba}/{attached.containment}"
    return {
        "text": name,
        "href": containment_address(name),
        "ways": ", ".join(attached.path_names),
        "route": attached.route,
        "with": attached.co_device,
    }


def _items(viewer: Viewer, uids: Sequence[str]) -> list[tuple[str, str]]:
    return [(uid, item_address(viewer, uid)) for uid in uids]


def _period_row(viewer: Viewer, period: Any) -> dict[str, Any]:
    attached, closed = period.attached, period.closed
    return {
        "place": _place(attached),
        "begin": instant_text(attached.at),
        "by": ", ".join(attached.persons),
        "end": None if closed is None else instant_text(closed.at),
        "closed_by": None if closed is None else worded(EVENT_WORDS, closed.event),
        "checks": len(period.checks),
        "items": _items(viewer, attached.items),
        "result": value_badge(str(period.result())),
    }


# --- what happened ---------------------------------------------------------------------------


def _event_rows(
    viewer: Viewer, one: Standing, life: Life, *, may_correct: bool
) -> list[dict[str, Any]]:
    """Return what happened to a seal, the last first: events, refused reports, compromises."""
    held = {event.place_in_record for event in holding(life.events)}
    unfit = {event.place_in_record for event, _findings in one.misfits}
    said = [_event_files(event) for event in life.events]
    files = evidence_links(viewer, said)
    rows = []
    for event, links in zip(life.events, files, strict=True):
        row = _event_row(event, links, held, unfit)
        if may_correct and event.place_in_record in held:
            row["correct"] = correct_address(one.key, event.place_in_record)
        rows.append(row)
    rows += [_beside_row(row) for row in life.beside]
    rows.sort(key=lambda row: (row["order"], row["act"]), reverse=True)
    who = who_acted(viewer, {row["act"] for row in rows})
    return [{**row, "who": who.get(row["act"], "")} for row in rows]


def _event_files(event: SealEvent) -> str:
    named = (event.evidence or "").split()
    return " ".join(dict.fromkeys([*named, *filter(None, (event.reference, event.log))]))


def _event_row(
    event: SealEvent,
    links: list[tuple[str, str]],
    held: set[tuple[int, int]],
    unfit: set[tuple[int, int]],
) -> dict[str, Any]:
    note = None
    if event.event != "withdraw" and event.place_in_record not in held:
        note = {"badge": "plain", "text": _("corrected later")}
    elif event.place_in_record in unfit:
        note = {"badge": "error", "text": _("does not fit")}
    return {
        "order": event.at,
        "at": instant_text(event.at),
        "what": worded(EVENT_WORDS, event.event),
        "note": note,
        "persons": ", ".join(event.persons),
        "words": "; ".join(_words(event)),
        "evidence": links,
        "act": event.act,
        "why": why_address(event.node),
        "corrects": None
        if event.corrected is None
        else {"text": f"{event.corrected[0]}/{event.corrected[1]}",
              "href": f"/journal/acts/{event.corrected[0]}"},
    }  # fmt: skip


def _words(event: SealEvent) -> Iterator[str]:
    """Yield what an event states, in words."""
    if event.containment is not None:
        ways = ", ".join(event.path_names)
        yield _("on %(place)s: %(ways)s", place=f"{event.mba}/{event.containment}", ways=ways)
    if event.items:
        yield _("holds %(items)s", items=", ".join(event.items))
    if event.number_read is not None:
        yield _("read %(number)s", number=event.number_read)
    parts = ((_("seal"), event.tag), (_("wire"), event.wire), (_("containment"), event.enclosure))
    for part, state in parts:
        if state is not None:
            yield f"{part} {worded(COMPONENT_WORDS, state)}"
    told = (
        (_("finding"), worded(FINDING_WORDS, event.finding)),
        (_("log"), worded(LOG_STATE_WORDS, event.log_state)),
        (_("notice"), event.notice),
        (_("bag"), event.bag),
        (_("courier"), event.courier),
        (_("expected on"), event.expected_on and day_text(number_date(event.expected_on))),
        (_("place"), event.place),
        (_("reason"), event.reason),
        (_("remark"), event.remark),
    )
    yield from (f"{name}: {value}" for name, value in told if value)


def _beside_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a refused report, a report of a compromise or a shipping document as a row."""
    what, refused, _rest = str(row["what"]).partition(" (refused)")
    note = {"badge": "query", "text": _("refused, and kept")} if refused else None
    if what == "compromise reported":
        note = {"badge": "error", "text": _("compromise reported")}
    elif what == "shipping document":
        note = {"badge": "info", "text": _("shipping document")}
    return {
        "order": row["when"],
        "at": instant_text(row["when"]),
        "what": worded(EVENT_WORDS, what) if refused else "",
        "note": note,
        "persons": row["who"],
        "words": row["words"],
        "evidence": [],
        "act": int(act_address(row["line"]).rpartition("/")[2]),
        "why": why_address(row["line"]),
        "corrects": None,
    }


def _interval_row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "code": worded(LOG_WORDS, row["code"]),
        "begin": instant_text(row["begin_at"]),
        "end": None if row["end_at"] is None else instant_text(row["end_at"]),
        "value": value_badge(row["value"]),
        "act": row["act_id"],
    }


# --- the picture -----------------------------------------------------------------------------


def _picture(one: Standing, life: Life, now: datetime) -> str:
    """Return the life of a seal as a picture: a row for each period."""
    rows = []
    for period in one.periods:
        cover = life.covers.get(period.key)
        name = f"{period.attached.containment} · {', '.join(period.attached.path_names)}"
        bars = () if cover is None else tuple(_bars(cover, now))
        end = None if period.closed is None else period.closed.at
        marks = tuple(_marks(one, life, period.attached.at, end))
        rows.append(WatchRow(name, bars, marks))
    times = [parse_utc(event.at) for event in life.events]
    begin = min(times, default=now) - timedelta(hours=1)
    labels = WatchLabels(
        title=_("Life of the seal %(seal)s", seal=str(one.key)),
        description=_("{count} periods from {first} to {last}: {told}."),
        nothing=_("It was never attached."),
        more=_("{count} more periods stand in the table below."),
    )
    return watch_line(rows, begin, max([now, *times]), labels=labels)


def _bars(cover: SealCover, now: datetime) -> Iterator[WatchBar]:
    for span in cover.spans.spans:
        end = span.end or max(now, span.begin)
        word = _(VALUE_WORDS[span.value.name])
        until = _("now") if span.end is None else instant_text(span.end)
        told = f"{word} ({span.reason}), {instant_text(span.begin)} – {until}"
        line = next((node for node in span.nodes if node.startswith("line:")), None)
        href = None if line is None else act_address(line)
        yield WatchBar(VALUE_LOOKS[span.value.name], span.begin, end, told, word, href)


def _marks(one: Standing, life: Life, begin: str, end: str | None) -> Iterator[WatchMark]:
    """Yield checks, damage, openings and reports within a period."""
    for event in one.events:
        if _inside(event.at, begin, end) and event.event in ("check", "broken", "missing"):
            good = event.event == "check" and event.all_good
            words = worded(EVENT_WORDS, event.event)
            told = f"{words}, {instant_text(event.at)}: {', '.join(event.persons)}"
            look = "check" if good else "bad"
            yield WatchMark(look, parse_utc(event.at), told, act_address(event.node))
    for row in life.intervals:
        if _inside(row["begin_at"], begin, end) and row["code"] in ("opening", "tamper"):
            told = f"{worded(LOG_WORDS, row['code'])}, {instant_text(row['begin_at'])}"
            href = f"/journal/acts/{row['act_id']}"
            yield WatchMark("opening", parse_utc(row["begin_at"]), told, href)
    for row in life.beside:
        if row["what"] == "compromise reported" and _inside(row["when"], begin, end):
            told = f"{_('compromise reported')}, {instant_text(row['when'])}: {row['words']}"
            yield WatchMark("bad", parse_utc(row["when"]), told, act_address(row["line"]))


def _inside(at: str, begin: str, end: str | None) -> bool:
    return begin <= at and (end is None or at <= end)
