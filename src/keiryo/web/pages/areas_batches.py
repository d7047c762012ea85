"""Batches of an area: finding them, and the history of one as a picture and as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Stream
from sqlalchemy import select

from keiryo.accounts.tables import BATCH, GENEALOGY
from keiryo.dates import number_date
from keiryo.errors import NotFoundError
from keiryo.quantities import Category
from keiryo.web.listing import ListColumn, QueryList, shown_list
from keiryo.web.pages.areas_coverage import batch_coverage
from keiryo.web.pages.areas_frame import (
    AreaPage,
    address,
    batch_address,
    element_text,
    why_address,
)
from keiryo.web.pictures.batch_data import BatchEvent, BatchStory, batch_story
from keiryo.web.pictures.batch_history import HistoryLabels, batch_history
from keiryo.web.pictures.writing import Writing
from keiryo.web.rendering import render
from keiryo.web.speaking import day_text, number_text
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking

MOST_RELATIVES = 200
MOST_NAME = 200

KINDS: Mapping[str, str] = {
    "increase": sentence("increase"),
    "decrease": sentence("decrease"),
    "loss": sentence("loss"),
    "rebatching": sentence("rebatching"),
    "category_change": sentence("category change"),
    "adjustment": sentence("adjustment"),
    "taking": sentence("physical inventory"),
    "measurement": sentence("measurement"),
}
RELATIONS: Mapping[str, str] = {
    "rebatched": sentence("rebatched"),
    "received": sentence("received"),
    "merged": sentence("merged"),
    "drawn": sentence("drawn"),
    "split": sentence("split"),
    "consumed": sentence("consumed"),
    "category changed": sentence("category changed"),
}


@get("/areas/{mba:str}/batches", sync_to_thread=True, opt={"reads": "accounts"})
def batches_page(request: AnyRequest, viewer: Asking, mba: FromPath[str]) -> Response[Any] | Stream:
    """Show the batches that ever were in the area."""
    page = AreaPage(request, viewer, mba)
    table = viewer.metadata.tables[BATCH.name]
    columns = (
        ListColumn(
            "name",
            sentence("Batch"),
            "code",
            href=lambda row: batch_address(page, row["name"]),
        ),
        ListColumn("kind", sentence("Kind"), choices=("batch", "item", "pool")),
        ListColumn("event_date", sentence("In the area from"), "date"),
        ListColumn("batch_uid", sentence("Identity"), "code", filterable=False,
                   href=lambda row: why_address(f"batch:{row['batch_uid']}")),
        ListColumn("act_id", sentence("Act"), "act", filterable=False),
    )  # fmt: skip
    query = select(*(table.c[column.name] for column in columns)).where(table.c.mba == page.mba)
    if page.knowledge.through_act is not None:
        query = query.where(table.c.act_id <= page.knowledge.through_act)
    listed = shown_list(
        request,
        QueryList(viewer.books, query, columns, order=("name", "act_id")),
        f"batches-{page.mba}",
    )
    if isinstance(listed, Response | Stream):
        return listed
    return render(request, "area_batches.html", **page.frame("batches"), listed=listed)


@get("/areas/{mba:str}/batch/{name:str}", sync_to_thread=True, opt={"reads": "accounts"})
def batch_page(
    request: AnyRequest, viewer: Asking, mba: FromPath[str], name: FromPath[str]
) -> Response[Any]:
    """Show the history of a batch."""
    return _history(AreaPage(request, viewer, mba), name)


@get("/areas/{mba:str}/batch", sync_to_thread=True, opt={"reads": "accounts"})
def batch_by_query(request: AnyRequest, viewer: Asking, mba: FromPath[str]) -> Response[Any]:
    """Show the history of a batch whose name cannot stand in a path."""
    return _history(AreaPage(request, viewer, mba), str(request.query_params.get("name", "")))


def _history(page: AreaPage, name: str) -> Response[Any]:
    viewer = page.viewer
    if not name or len(name) > MOST_NAME or "\0" in name:
        raise NotFoundError(
            "there is no batch of that name", f"Search the batches of {page.mba} by their names."
        )

    def build(connection: Any) -> BatchStory:
        known = page.knowledge
        return batch_story(connection, viewer.metadata, page.mba, name, known)

    story = page.remembered("batch", build, name)
    uids, relatives = page.remembered("relatives", lambda c: _relatives(c, page, name), name)
    frame = page.frame("batches")
    frame["crumbs"] = [*frame["crumbs"][:2], (_("Batches"), page.path("batches")), (name, None)]
    events = sorted(story.events, key=lambda event: (event.day, event.node))
    return render(
        page.request,
        "area_batch.html",
        **frame,
        name=name,
        uids=uids,
        is_pool=not events,
        picture=batch_history(
            story,
            href=lambda node: _node_address(page, node),
            today=page.today,
            labels=_labels(name),
            writing=Writing(count=number_text, day=day_text),
        ),
        columns=_event_columns(),
        rows=[_event_row(page, event, story) for event in events],
        relative_columns=_relative_columns(),
        relatives=[_relative_row(page, relative) for relative in relatives],
        why_href=why_address(f"batch:{uids[-1]}") if uids else None,
        watched=batch_coverage(page, name, uids[-1] if uids else None),
    )


def _node_address(page: AreaPage, node: str) -> str:
    """Return where a node of the picture leads: a batch to its page, a line to its chain."""
    kind, _colon, name = node.partition(":")
    mba, _slash, batch = name.rpartition("#")[0].partition("/")
    if kind == "batch" and batch and mba in page.viewer.areas:
        if mba == page.mba:
            return batch_address(page, batch)
        if "/" not in batch:
            return address("/areas", mba, "batch", batch, known=page.asked_knowledge)
    return why_address(node)


def _labels(name: str) -> HistoryLabels:
    return HistoryLabels(
        title=_("History of the batch %(name)s", name=_plain(name)),
        description=_(
            "From {first} to {last} in {areas}: {events} statements, of which {superseded} "
            "superseded; {parents} parents, {children} children."
        ),
        today=_("today"),
        superseded=_("superseded"),
        replaces=_("replaces the struck entry"),
        gone=_("not found at the physical inventory of {day}"),
        no_events=_("Nothing is recorded about this batch."),
        more=_("and {count} more"),
        parent=_("from"),
        child=_("to"),
        listing=_("PIT"),
        relations=lambda relation: _(RELATIONS.get(relation, relation)),
    )


def _plain(name: str) -> str:
    """Return a name that the picture's title does not take for a place to fill in."""
    return name.replace("{", "{{").replace("}", "}}")


def _event_columns() -> list[dict[str, Any]]:
    return [
        {"key": "day", "title": _("Date"), "kind": "date"},
        {"key": "mba", "title": _("Area"), "kind": "code"},
        {"key": "what", "title": _("What")},
        {"key": "category", "title": _("Category"), "kind": "code"},
        {"key": "element", "title": _("Element"), "kind": "number"},
        {"key": "said", "title": _("Report and entry")},
        {"key": "state", "title": _("Counts")},
        {"key": "why", "title": _("Line")},
    ]


def _event_row(page: AreaPage, event: BatchEvent, story: BatchStory) -> dict[str, Any]:
    """Return a statement as a row; what was superseded is struck and says by what."""
    kind = _(KINDS.get(event.kind, event.kind))
    what = kind if event.code == "PIT" else f"{event.code} · {kind}"
    successor = next((e for e in story.events if e.replaces == event.node), None)
    if event.effective:
        state: dict[str, Any] = {"text": _("effective"), "badge": "ok"}
        if event.replaces:
            words = _("corrects %(entry)s", entry=_said(event.replaces, story))
            state = {"text": words, "badge": "info", "href": why_address(event.replaces)}
    else:
        state = {"text": _("superseded"), "badge": "open"}
        if successor is not None:
            words = _("superseded by %(entry)s", entry=_said(successor.node, story))
            state |= {"text": words, "href": why_address(successor.node)}
    said: Any = event.said or None
    if event.said:
        mba, report = event.said.split("/")[:2]
        said = (event.said, address("/reports", mba, report))
    weight = None
    if event.weight_mg is not None and event.category:
        category = Category(event.category)
        weight = f"{element_text(category, event.weight_mg)} {category.unit}"
    return {
        "struck": not event.effective,
        "day": day_text(event.day),
        "mba": event.mba,
        "what": what,
        "category": event.category or None,
        "element": weight,
        "said": said,
        "state": state,
        "why": (event.node.removeprefix("line:"), why_address(event.node)),
    }


def _said(node: str, story: BatchStory) -> str:
    """Return how an entry is called: by its report and number, or by its line."""
    named = {event.node: event.said for event in story.events}
    return named.get(node) or node


def _relatives(
    connection: Any, page: AreaPage, name: str
) -> tuple[tuple[str, ...], tuple[Mapping[str, Any], ...]]:
    """Return the identities that a name has had, and the batches that they came from or became."""
    metadata = page.viewer.metadata
    batch, origin = metadata.tables[BATCH.name], metadata.tables[GENEALOGY.name]
    through = page.knowledge.through_act
    query = select(batch.c.batch_uid).where(batch.c.mba == page.mba, batch.c.name == name)
    uids = tuple(str(uid) for (uid,) in connection.execute(query.order_by(batch.c.act_id)))
    found = []
    for own, other, is_parent in (
        (origin.c.child_uid, origin.c.parent_uid, True),
        (origin.c.parent_uid, origin.c.child_uid, False),
    ):
        query = (
            select(other.label("uid"), origin.c.relation, origin.c.event_date, origin.c.act_id,
                   origin.c.line_no, origin.c.inferred_from)
            .where(own.in_(uids))
            .order_by(origin.c.event_date, origin.c.act_id, origin.c.line_no)
            .limit(MOST_RELATIVES)
        )  # fmt: skip
        if through is not None:
            query = query.where(origin.c.act_id <= through)
        rows = connection.execute(query).mappings() if uids else ()
        found += [{**row, "is_parent": is_parent} for row in rows]
    return uids, tuple(found)


def _relative_columns() -> list[dict[str, Any]]:
    return [
        {"key": "way", "title": _("Way")},
        {"key": "uid", "title": _("Batch")},
        {"key": "relation", "title": _("Relation")},
        {"key": "day", "title": _("Date"), "kind": "date"},
        {"key": "source", "title": _("Known from")},
        {"key": "act", "title": _("Act"), "kind": "number"},
    ]


def _relative_row(page: AreaPage, relative: Mapping[str, Any]) -> dict[str, Any]:
    uid = str(relative["uid"])
    return {
        "way": _("came from") if relative["is_parent"] else _("became"),
        "uid": (uid, _node_address(page, f"batch:{uid}")),
        "relation": _(RELATIONS.get(relative["relation"], relative["relation"])),
        "day": day_text(number_date(relative["event_date"])),
        "source": relative["inferred_from"] or _("stated"),
        "act": (str(relative["act_id"]), f"/journal/acts/{relative['act_id']}"),
    }
