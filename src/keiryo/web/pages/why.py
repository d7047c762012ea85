"""Why: the evidence chain of any figure, line, batch, report or act, walked in both directions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from litestar import Response, get
from litestar.params import FromPath
from sqlalchemy import func, select

from keiryo.accounts.explain import node_of
from keiryo.errors import NotFoundError
from keiryo.journal.act_scopes import NAME as ACT_SCOPE
from keiryo.journal.dependents import dependents
from keiryo.journal.registry import Link
from keiryo.journal.tables import EVIDENCE
from keiryo.journal.why import Chain, why
from keiryo.places.tables import areas
from keiryo.reports.formats.any_reader import read_any
from keiryo.web.listing import download_headers
from keiryo.web.pages import cameras_known, protection_known, seals_known
from keiryo.web.pages.meetings_links import page_of_node
from keiryo.web.pictures.chain_data import described
from keiryo.web.pictures.chain_folding import GraphNode, folded
from keiryo.web.pictures.chain_graph import GraphLabels, chain_graph
from keiryo.web.rendering import render
from keiryo.web.sections import MenuEntry, Section
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import writing_now
from keiryo.web.terms import line_kinds, term
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

NEAR_NODES = 300
MOST_DEPENDENTS = 200
LISTED = 200
MOST_ASKED = 300
DRAWN_STEPS, DRAWN_NODES, DRAWN_IN_LAYER = 2, 48, 10
"""How far the picture reaches from the node in focus, and its most boxes."""

KINDS = {
    "figure": "figure",
    "line": "line",
    "act": "act",
    "report": "report",
    "batch": "batch",
    "entry": "entry",
    "evidence": "file of evidence",
    "evaluation": "evaluation",
    "source": "error source",
    "cooperation": sentence("agreement, commitment or body"),
    "meeting": sentence("meeting"),
    "equipment": sentence("piece of equipment"),
    "loan": sentence("loan of equipment"),
    "licence": sentence("licence (export or import)"),
    "control": sentence("control-list item"),
    "assurance": sentence("assurance of a government"),
    "obligation": sentence("quantity under labels"),
    "obligated": sentence("material with its labels"),
    "label": sentence("obligation label"),
    "containment": sentence("containment"),
    "seal": sentence("seal"),
    "camera": sentence("camera"),
    "set": sentence("set of images"),
    "screening": sentence("screening"),
    "review": sentence("review"),
    "operation": sentence("declared operation"),
    "anomaly": sentence("anomaly"),
    "key": sentence("key of a device"),
    "head": sentence("signed head of a log"),
    "facility": sentence("protection of a facility"),
    "secplan": sentence("security plan"),
    "secinsp": sentence("security inspection"),
    "secfind": sentence("security finding"),
    "secasset": sentence("asset of physical protection"),
    "secevent": sentence("security event"),
    "secupgrade": sentence("upgrade of protection"),
    "secsystem": sentence("computer system"),
    "secconnection": sentence("connection between zones"),
    "secstatement": sentence("protection statement"),
    "secreview": sentence("review of access"),
    "folded": sentence("several"),
}
"""Kinds of nodes in words; ``folded`` is a box that stands for several."""
ROLES = (
    *(sentence("report"), sentence("context"), sentence("refused file"), sentence("source data")),
    *(sentence("book statement"), sentence("correction plan"), sentence("prepared content")),
    *(sentence("calibrations"), sentence("control measurements"), sentence("error sources")),
    *(sentence("measurement results"), sentence("strata and their methods")),
    *(sentence("mapping"), sentence("events that were in the files twice")),
)
"""What files are to their acts."""
COMPANIONS = ("journal", "people")
"""Capabilities whose lines only go along with others of an act."""


@dataclass(frozen=True, slots=True)
class Around:
    """What lies around a node: what it rests on, and what rests on it.

    The boxes are those that the page shows, drawn or listed; a chain may have many more nodes.
    """

    node: str
    chain: Chain
    followers: tuple[Link, ...]
    boxes: dict[str, GraphNode]

    @property
    def below(self) -> list[Link]:
        """What the node itself rests on."""
        return [link for link in self.chain.links if link.source == self.node]


@get("/why", sync_to_thread=True)
def why_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Show the chain around what was asked for, as a picture and as lists."""
    asked = str(request.query_params.get("of", "")).strip()[:MOST_ASKED]
    if not asked or "\0" in asked:
        crumbs = [(_("Why"), None)]
        return render(request, "why.html", asked="", found=None, crumbs=crumbs)
    found = around(viewer, asked)
    titles = found.boxes
    labels = GraphLabels(
        title=_("Evidence chain of {focus}"),
        description=_("On the left what it rests on, on the right what rests on it."),
        rests_on=_("rests on"),
        focus=_("in focus"),
        followed_by=_("what rests on it"),
        and_more=_("and {count} more: {kind}"),
        further=_("{count} further links"),
        relations=_,
        kinds=lambda kind: _(KINDS.get(kind, kind)),
    )
    picture = chain_graph(
        list(titles.values()),
        [*found.chain.links, *found.followers],
        focus=found.node,
        href=_address,
        max_nodes=DRAWN_NODES,
        most_in_layer=DRAWN_IN_LAYER,
        depth=DRAWN_STEPS,
        labels=labels,
        writing=writing_now(),
    )
    below, shown_on = found.below, _page_of(viewer, found)
    return render(
        request,
        "why.html",
        asked=asked,
        found=found,
        picture=picture,
        focus=titles[found.node],
        page_of_node=shown_on,
        kept_from=shown_on is None and _is_kept(found),
        proof=_proof_of(found.node),
        below=_listed(below, titles, lambda link: link.target),
        above=_listed(found.followers, titles, lambda link: link.source),
        more_below=max(0, len(below) - LISTED),
        crumbs=[(_("Why"), "/why"), (titles[found.node].title, None)],
    )


def around(viewer: Viewer, asked: str) -> Around:
    """Return what lies around a node in the books as the viewer sees them.

    Raises
    ------
    NotFoundError
        If nothing that the viewer sees is recorded about it.
    UsageError
        If it cannot be understood.
    """
    metadata, registry = viewer.metadata, viewer.whole.registry
    with viewer.books.reading() as connection:
        node = node_of(connection, metadata, asked)
        chain = why(connection, metadata, registry, node, limit=NEAR_NODES)
        followers = dependents(connection, metadata, registry, node, MOST_DEPENDENTS)
        if not chain.links and not chain.lines and not chain.acts and not followers:
            raise NotFoundError(f"nothing that you may see is recorded about {asked}")
        found = Around(node, chain, tuple(followers), {})
        names = _shown_names(found)
        said = described(
            connection,
            metadata,
            registry,
            names,
            writing=writing_now(),
            kinds=line_kinds(),
            roles=term,
        )
    return replace(found, boxes={box.name: box for box in said})


def _shown_names(found: Around) -> list[str]:
    """Return the nodes that the page shows: in focus, drawn, listed."""
    links = [*found.chain.links, *found.followers]
    drawn = folded([], links, found.node, DRAWN_STEPS, DRAWN_NODES, DRAWN_IN_LAYER)
    listed = [link.target for link in found.below[:LISTED]]
    listed += [link.source for link in found.followers[:LISTED]]
    boxes = [name for name in drawn.nodes if name not in drawn.members]
    return list(dict.fromkeys((found.node, *boxes, *listed)))


def _listed(
    links: Iterable[Link], titles: dict[str, GraphNode], other: Any
) -> list[dict[str, Any]]:
    return [
        {
            "relation": _(link.relation),
            "title": titles[other(link)].title,
            "detail": titles[other(link)].detail,
            "href": _address(other(link)),
        }
        for link in list(links)[:LISTED]
    ]


def _address(node: str) -> str:
    return f"/why?of={quote(node, safe='')}"


def _proof_of(node: str) -> str | None:
    """Return where the proof of a line is handed out."""
    kind, _colon, name = node.partition(":")
    if kind != "line":
        return None
    act, _slash, line = name.partition("/")
    return f"/journal/acts/{act}/lines/{line}/proof"


def _page_of(viewer: Viewer, found: Around) -> str | None:
    """Return the page on which a node itself is shown, if there is one for the viewer."""
    kind, _colon, name = found.node.partition(":")
    if kind == "act":
        return f"/journal/acts/{name}"
    if kind == "line":
        return f"/journal/acts/{name.partition('/')[0]}"
    if kind == "report" and "/" in name:
        return f"/reports/{quote(name)}"
    if kind == "figure":
        return f"/areas/{quote(name.partition('/')[0])}"
    if kind == "batch" and "/" in name:
        mba, _slash, batch = name.partition("/")
        return f"/areas/{quote(mba)}/batch/{quote(batch.partition('#')[0], safe='')}"
    if kind == "equipment":
        return f"/equipment/items/{quote(name, safe='')}"
    if kind == "loan":
        return f"/equipment/loans/{quote(name, safe='')}"
    if (page := page_of_node(viewer, found.node)) is not None:
        return page
    if (page := seals_known.page_of_node(found.node)) is not None:
        return page
    if (page := protection_known.page_of_node(found.node)) is not None:
        return page
    if (page := cameras_known.page_of(viewer, found.node)) is not None:
        return page
    if kind == "review":
        return cameras_known.review_address(name)
    if kind == "cooperation":
        return f"/cooperation/register/{quote(name, safe='')}"
    if kind == "evidence" and file_seen(viewer, name) is not None:
        return f"/evidence/{name}"
    return None


def _is_kept(found: Around) -> bool:
    """Return whether the node is a file that the books keep."""
    kind, _colon, name = found.node.partition(":")
    return kind == "evidence" and bool(found.chain.evidence.get(name, {}).get("kept"))


@get("/evidence/{digest:str}", sync_to_thread=True)
def evidence_file(viewer: Asking, digest: FromPath[str]) -> Response[bytes]:
    """Hand out a file of evidence to who sees a line that names it.

    It goes out as a download and never as a page: somebody sent it.
    """
    seen = file_seen(viewer, digest)
    if seen is None:
        raise NotFoundError("there is no such file of evidence that you may see")
    name, content = seen
    return Response(content, media_type="application/octet-stream", headers=download_headers(name))


def file_seen(viewer: Viewer, digest: str) -> tuple[str, bytes] | None:
    """Return the name and content of a file of evidence that the viewer may have; or None."""
    table = viewer.metadata.tables[EVIDENCE.name]
    query = select(table.c.name).where(table.c.digest == digest, table.c.kept == 1).limit(1)
    with viewer.books.reading() as connection:
        name = connection.execute(query).scalar()
    store = viewer.whole.evidence
    if name is None or not store.is_sound(digest) or not _all_is_seen(viewer, digest):
        return None
    content = store.path(digest).read_bytes()
    return None if _names_others(viewer, str(name), content) else (str(name), content)


def _all_is_seen(viewer: Viewer, digest: str) -> bool:
    """Return whether the viewer sees all that was recorded from a file.

    One file may hold the reports of several areas: it is handed out only as a whole.
    """
    evidence, reach = viewer.metadata.tables[EVIDENCE.name], viewer.metadata.tables[ACT_SCOPE]
    acts = select(evidence.c.act_id).where(evidence.c.digest == digest)
    questions = (
        select(evidence.c.act_id, evidence.c.line_no).where(evidence.c.digest == digest),
        select(reach).where(reach.c.act_id.in_(acts), reach.c.capability.not_in(COMPANIONS)),
    )
    with viewer.whole.reading() as whole, viewer.books.reading() as seen:
        return all(
            whole.execute(select(func.count()).select_from(one.subquery())).scalar()
            == seen.execute(select(func.count()).select_from(one.subquery())).scalar()
            for one in questions
        )


def _names_others(viewer: Viewer, name: str, content: bytes) -> bool:
    """Return whether a file has reports of areas whose reports the viewer does not see.

    Nothing may have been recorded from those: they were recorded before, or refused.
    """
    if viewer.sight.sees("reports", viewer.state):
        return False
    with viewer.whole.reading() as connection:
        every = areas(connection, viewer.metadata)
    others = {c for c, area in every.items() if not viewer.sight.sees("reports", area.scope)}
    if not others:
        return False
    codes = "|".join(re.escape(code) for code in sorted(others))
    if re.search(rf"307\s*:\s*(?:{codes})(?![A-Z0-9-])".encode(), content):
        return True
    return any(report.mba in others for report in read_any([(name, content)]).reports)


def _sees_books(viewer: Viewer) -> bool:
    return bool(viewer.sight.capabilities)


SECTION = Section(
    "why",
    handlers=(why_page, evidence_file),
    menu=(MenuEntry("Why: evidence chain", "/why", "Record", 20, _sees_books, key="y"),),
)
