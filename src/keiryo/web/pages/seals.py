"""Seals: how each stands, which wait too long, which numbers were reported twice, what was refused.

A seal has a page of its own with its whole life. What was seen in the field is never thrown away:
a report that does not fit is refused and kept, and is listed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from litestar import Response, get
from litestar.response import Stream

from keiryo.coverage.anomalies import anomalies
from keiryo.seals.numbers import seal_key
from keiryo.seals.register import standing_dict
from keiryo.web.listing import ListColumn, RowList, ShownList, shown_list
from keiryo.web.pages.boards import areas_reading
from keiryo.web.pages.cooperation_known import done_act
from keiryo.web.pages.coverage_words import VALUE_BADGES, VALUE_WORDS
from keiryo.web.pages.seals_documents import compare_document, documents_page
from keiryo.web.pages.seals_following import next_step
from keiryo.web.pages.seals_forms import (
    check_seal,
    detach_seal,
    find_seal_damaged,
    report_seal,
)
from keiryo.web.pages.seals_known import (
    CAPABILITY,
    DOUBLES,
    HOME,
    OVERDUE,
    READING,
    REFUSED,
    act_address,
    containment_address,
    known,
    seal_address,
    waiting,
)
from keiryo.web.pages.seals_receiving import (
    RECEIVE,
    RECEIVE_PAGE,
    receive_page,
    receive_seals,
)
from keiryo.web.pages.seals_shown import seal_page
from keiryo.web.pages.seals_steps import correct_page, record_step, step_page
from keiryo.web.pages.seals_tabs import tabs
from keiryo.web.pages.seals_words import EVENT_WORDS, STATE_BADGES, STATE_WORDS, TYPE_WORDS
from keiryo.web.rendering import render
from keiryo.web.sections import Hit, MenuEntry, OverviewPart, Section, reads
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

SHOWN_ON_OVERVIEW = 8
RESULTS = ("PENDING", "POSITIVE", "NEGATIVE", "INCONCLUSIVE")


def _seal_column() -> ListColumn:
    return ListColumn("seal", sentence("Seal"), "code", href=lambda row: seal_address(row["seal"]))


SEAL_COLUMNS = (
    _seal_column(),
    ListColumn("type", sentence("Type"), choices=tuple(TYPE_WORDS.values())),
    ListColumn("state", sentence("Status"), choices=tuple(dict.fromkeys(STATE_WORDS.values()))),
    ListColumn("since", sentence("Since"), "time"),
    ListColumn(
        "containment",
        sentence("Containment"),
        href=lambda row: containment_address(row["containment"]) if row["containment"] else None,
    ),
    ListColumn("ways", sentence("Ways")),
    ListColumn("items", sentence("Items"), "number", filterable=False),
    ListColumn(
        "result",
        sentence("Last period"),
        choices=tuple(VALUE_WORDS[name] for name in RESULTS),
    ),
    ListColumn("holder", sentence("Issued to"), hidden=True),
    ListColumn("delivery", sentence("Delivery"), hidden=True),
    ListColumn("note", sentence("Note"), hidden=True),
)
_RESULT_BADGES = {VALUE_WORDS[name]: VALUE_BADGES[name] for name in RESULTS}
_STATES = {word: STATE_BADGES[name] for name, word in STATE_WORDS.items()}


@get(HOME, sync_to_thread=True, opt=READING)
def seals_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """List seals as they stand: state, what they close and hold, the result of the last period."""
    found = known(viewer)
    rows = []
    for key, one in found.seals.items():
        told = standing_dict(one, found.lines[key])
        rows.append(
            {
                **told,
                "type": TYPE_WORDS.get(told["type"], told["type"]),
                "state": STATE_WORDS.get(told["state"] or "", told["state"]),
                "ways": ", ".join(told["ways"]),
                "items": len(told["items"]),
                "result": told["result"] and VALUE_WORDS[told["result"]],
            }
        )
    table = shown_list(request, RowList(rows, SEAL_COLUMNS), "seals")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["type"] = _(row["type"])
        cells["state"] = {"text": _(row["state"]), "badge": _STATES.get(row["state"], "plain")}
        if row["result"]:
            cells["result"] = {"text": _(row["result"]), "badge": _RESULT_BADGES[row["result"]]}
    return _listed(request, viewer, HOME, table, (_("Seals"), None))


OVERDUE_COLUMNS = (
    _seal_column(),
    ListColumn("code", sentence("Code"), "code"),
    ListColumn("type", sentence("Type"), choices=tuple(TYPE_WORDS.values())),
    ListColumn("state", sentence("Status"), choices=tuple(dict.fromkeys(STATE_WORDS.values()))),
    ListColumn("since", sentence("Since"), "time"),
    ListColumn("days", sentence("Days"), "number", filterable=False),
    ListColumn("message", sentence("What is wrong")),
    ListColumn("advice", sentence("What to do"), sortable=False),
    ListColumn(
        "next",
        sentence("Next step"),
        sortable=False,
        filterable=False,
        href=lambda row: row["step"],
    ),
)


@get(OVERDUE, sync_to_thread=True, opt=READING)
def overdue_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """List what waits too long: taken off and not verified, on the way, without contact."""
    seals = known(viewer).seals
    rows: list[dict[str, Any]] = []
    for one, _finding in waiting(viewer, viewer.server.now()):
        title, href = next_step(viewer, seals[seal_key(one["seal"])]) or ("", None)
        words = {
            "type": TYPE_WORDS.get(one["type"], one["type"]),
            "state": STATE_WORDS.get(one["state"], one["state"]),
        }
        rows.append({**one, **words, "next": title, "step": href})
    table = shown_list(request, RowList(rows, OVERDUE_COLUMNS), "seals-overdue")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["type"] = _(row["type"])
        cells["state"] = {"text": _(row["state"]), "badge": _STATES.get(row["state"], "plain")}
        if row["next"]:
            cells["next"] = (_(row["next"]), row["step"])
    return _listed(request, viewer, OVERDUE, table, (_("Overdue"), None))


DOUBLE_COLUMNS = (
    _seal_column(),
    ListColumn("code", sentence("Code"), "code"),
    ListColumn("event", sentence("What"), choices=tuple(dict.fromkeys(EVENT_WORDS.values()))),
    ListColumn("at", sentence("When"), "time"),
    ListColumn("where", sentence("Where")),
    ListColumn("line", sentence("Line"), "code", href=lambda row: act_address(row["line"])),
)


@get(DOUBLES, sync_to_thread=True, opt=READING)
def doubles_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """List numbers that were reported twice or at two places, and events that do not fit."""
    rows = [
        {**row, "event": EVENT_WORDS.get(row["event"], row["event"])}
        for row in known(viewer).doubles
    ]
    table = shown_list(request, RowList(rows, DOUBLE_COLUMNS), "seals-duplicates")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["event"] = _(row["event"])
    return _listed(request, viewer, DOUBLES, table, (_("Reported twice"), None))


REFUSED_COLUMNS = (
    _seal_column(),
    ListColumn("event", sentence("What"), choices=tuple(dict.fromkeys(EVENT_WORDS.values()))),
    ListColumn("at", sentence("When"), "time"),
    ListColumn("person", sentence("Who reported it")),
    ListColumn("codes", sentence("Why it was refused"), "code"),
    ListColumn("act", sentence("Act"), "act", filterable=False),
)


@get(REFUSED, sync_to_thread=True, opt=READING)
def refused_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """List reports that were refused and kept, the last one first."""
    seen = known(viewer)
    rows = [
        {
            **{name: row[name] for name in ("at", "person", "codes")},
            "seal": f"{row['body']}/{row['number']}",
            "event": EVENT_WORDS.get(row["event"], row["event"]),
            "act": row["act_id"],
        }
        for row in reversed(seen.refused)
    ]
    table = shown_list(request, RowList(rows, REFUSED_COLUMNS), "seals-refused")
    if isinstance(table, Response | Stream):
        return table
    there = {str(key) for key in seen.seals}
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["event"] = _(row["event"])
        if row["seal"] not in there:  # a number that is not in the register has no page
            cells["seal"] = row["seal"]
    return _listed(request, viewer, REFUSED, table, (_("Refused reports"), None))


def _listed(
    request: AnyRequest,
    viewer: Viewer,
    path: str,
    table: ShownList,
    last: tuple[str, str | None],
) -> Response[Any]:
    crumbs = [last] if path == HOME else [(_("Seals"), HOME), last]
    return render(
        request,
        "seals/list.html",
        which=path.rpartition("/")[2],
        listed=table,
        tabs=tabs(viewer, path),
        receive=RECEIVE_PAGE if viewer.may_post(RECEIVE, viewer.state) else None,
        done=done_act(request),
        total=table.found.total or len(known(viewer).seals),
        crumbs=crumbs,
    )


# --- overview and search ---------------------------------------------------------------------


def overview_part(viewer: Viewer) -> dict[str, Any] | None:
    """Return the seals that wait too long, and how many anomalies are open."""
    found = known(viewer)
    late = waiting(viewer, viewer.server.now())
    open_ones = _open_anomalies(viewer)
    if not found.seals and not open_ones:
        return None
    return {
        "count": len(found.seals),
        "late_count": len(late),
        "late": [
            {
                "seal": row["seal"],
                "href": seal_address(row["seal"]),
                "message": finding.message,
                "badge": "error" if str(finding.severity) == "E" else "warning",
                "state": _(STATE_WORDS.get(row["state"], row["state"])),
            }
            for row, finding in late[:SHOWN_ON_OVERVIEW]
        ],
        "anomalies": [
            {"mba": mba, "href": f"/coverage/{mba}", "count": count}
            for mba, count in open_ones.items()
        ],
    }


def _open_anomalies(viewer: Viewer) -> dict[str, int]:
    """Return how many anomalies are found or open in each area of which coverage is read."""
    seen = areas_reading(viewer, "coverage")
    acts = viewer.server.last_acts
    watched = ("seals", "containment", "surveillance", "coverage")
    last = tuple(acts.by(name, viewer.head) for name in watched)
    if not any(last):
        return {}

    def find() -> dict[str, int]:
        with viewer.books.reading() as connection:
            counts = {
                mba: sum(one.state != "resolved" for one in anomalies(connection, metadata, mba))
                for mba in seen
            }
        return {mba: count for mba, count in counts.items() if count}

    metadata = viewer.metadata
    return viewer.server.remembered.get(("open anomalies", viewer.sight), last, find)


def find_seals(viewer: Viewer, words: str, most: int) -> Iterator[Hit]:
    """Yield seals by body and number, or by the containment that they close."""
    if not viewer.reads(CAPABILITY):
        return
    wanted, count = words.casefold(), 0
    every = known(viewer).seals
    for key in sorted(every, key=lambda one: wanted not in str(one).casefold()):
        one = every[key]
        told = standing_dict(one)
        text = f"{key}\n{told['containment'] or ''}".casefold()
        if wanted in text and count < most:
            count += 1
            state = _(STATE_WORDS.get(told["state"] or "", told["state"]))
            detail = f"{state}, {told['containment']}" if told["containment"] else state
            yield Hit(sentence("seal"), str(key), seal_address(key), detail)


SECTION = Section(
    "seals",
    handlers=(
        *(seals_page, overdue_page, doubles_page, refused_page, seal_page),
        *(check_seal, detach_seal, find_seal_damaged, report_seal),
        *(step_page, record_step, correct_page),
        *(receive_page, receive_seals, documents_page, compare_document),
    ),
    menu=(MenuEntry(sentence("Seals"), HOME, sentence("Surveillance"), 20, reads(CAPABILITY)),),
    overview=(
        OverviewPart(
            "seals",
            sentence("Seals and anomalies"),
            75,
            reads(CAPABILITY),
            overview_part,
            "seals/overview.html",
        ),
    ),
    search=(find_seals,),
)
