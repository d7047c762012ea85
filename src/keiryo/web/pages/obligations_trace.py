"""The way of a batch: from the first receipts, through every mixing, as a picture and as steps."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from litestar import Response, get
from litestar.response import Stream
from sqlalchemy import and_, func, or_, select

from keiryo.errors import UsageError
from keiryo.obligations.holdings import BOOK, FOLLOWED, POOL, TRANSIT, Holding, Line
from keiryo.obligations.sums import HOLDING, STEP
from keiryo.obligations.tables import MOVE
from keiryo.obligations.trace import PASSING, Step, Trace, trace
from keiryo.web.listing import ListColumn, RowList, shown_list
from keiryo.web.pages.areas_frame import category_name, why_address
from keiryo.web.pages.boards import day_of
from keiryo.web.pages.obligations_known import (
    CAPABILITY,
    READING,
    asked_partner,
    explains,
    holdings_seen,
    kept,
    remembered,
    seen_areas,
    tabs,
)
from keiryo.web.pages.obligations_words import (
    STEP_WORDS,
    TRACE,
    account_words,
    area_address,
    cells_words,
    crumbs,
    place_words,
    set_labels,
    set_words,
    trace_address,
    weight_words,
)
from keiryo.web.pictures.obligation_streams import Stream as DrawnStream
from keiryo.web.pictures.obligation_streams import StreamPlace
from keiryo.web.pictures.obligation_trace import TraceLabels, obligation_trace
from keiryo.web.rendering import render
from keiryo.web.sections import Hit
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import ngettext, number_text, writing_now
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

MOST_NAME, MOST_STEPS_BY_LABEL, AT_ONCE = 200, 4_000, 200
Ends = tuple[Line, Holding, Holding]

COLUMNS = (
    ListColumn("date", sentence("Day"), "date"),
    ListColumn(
        "what", sentence("What happened"), choices=tuple(dict.fromkeys(STEP_WORDS.values()))
    ),
    ListColumn("from", sentence("From where")),
    ListColumn("to", sentence("Where to")),
    ListColumn("category", sentence("Category"), "code"),
    ListColumn("element_mg", sentence("Element"), "mass", filterable=False),
    ListColumn("labels", sentence("Under which labels"), sortable=False),
    ListColumn(
        *("line", sentence("Line"), "code"), href=lambda row: why_address(f"line:{row['line']}")
    ),
)


@get(TRACE, sync_to_thread=True, opt=READING)
def trace_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show how a batch, or the pool of an area, came to be."""
    query = request.query_params
    asked = str(query.get("of", "")).strip()[:MOST_NAME]
    on = day_of(str(query.get("on", "")))
    partner = asked_partner(viewer, str(query.get("partner", "")))
    if not asked or "\0" in asked:
        return _ask(request, viewer)
    mba, _slash, _batch = asked.partition("/")
    viewer.area(mba)
    if kept(viewer).begins is None:
        return _ask(request, viewer)
    try:
        found, labelled, left_out = way_seen(viewer, asked, on, partner)
    except UsageError as error:
        return _ask(request, viewer, asked, error)
    path = found.path
    listed = shown_list(request, RowList(_rows(path, labelled), COLUMNS), f"trace-{asked}")
    if isinstance(listed, Response | Stream):
        return listed
    for shown, row in zip(listed.rows, listed.found.rows, strict=True):
        shown["what"] = _(row["what"])
        shown["category"] = {"text": row["category"], "hint": category_name(row["category"])}
    return render(
        request,
        "obligations/trace.html",
        asked=asked,
        mba=mba,
        on=on,
        partner=partner,
        choices=[(code, f"{code} – {one.name}") for code, one in kept(viewer).labels.items()],
        found=found,
        cells=[
            {
                "category": category_name(holding.category),
                "labels": set_words(key),
                "weight": weight_words(mg, holding.category),
            }
            for holding, cells in found.cells.items()
            for key, mg in cells.items()
        ],
        listed=listed,
        steps=len(path),
        left_out=left_out,
        without_labels=len(path) > MOST_STEPS_BY_LABEL,
        first=path[-1].day if path else None,
        picture=_picture(viewer, found, labelled),
        why=_why(viewer, found),
        area_href=area_address(mba),
        tabs=tabs(viewer, ""),
        crumbs=crumbs((mba, area_address(mba)), (asked.partition("/")[2] or _("pool"), None)),
    )


def _why(viewer: Viewer, found: Trace) -> str | None:
    if not explains(viewer):
        return None
    mba, _slash, batch = found.asked.partition("/")
    return why_address(f"obligated:{mba}/{POOL if found.pooled else batch}")


def _ask(
    request: AnyRequest, viewer: Viewer, asked: str = "", error: UsageError | None = None
) -> Response[Any]:
    """Ask which batch is meant."""
    return render(
        request,
        "obligations/trace_asked.html",
        http_status=400 if error else 200,
        asked=asked,
        error=error,
        kept=kept(viewer).begins is not None,
        areas=[(code, area_address(code)) for code in seen_areas(viewer)],
        tabs=tabs(viewer, ""),
        crumbs=crumbs((_("Way of a batch"), None)),
    )


def way_seen(
    viewer: Viewer, asked: str, on: datetime.date | None, partner: str
) -> tuple[Trace, dict[Ends, dict[str, int]], int]:
    """Return the way of a batch as the viewer sees it, its labels, and how many steps are hidden.

    Raises
    ------
    UsageError, NotFoundError
        As `keiryo.obligations.trace.trace`.
    """

    def build() -> tuple[Trace, dict[Ends, dict[str, int]], int]:
        with viewer.whole.reading() as connection:
            found = trace(connection, viewer.metadata, asked, on=on, partner=partner or None)
        whole = len(found.path)
        if viewer.books is not viewer.whole:
            found = _narrowed(viewer, found)
        labelled = {}
        if len(found.path) <= MOST_STEPS_BY_LABEL:
            labelled = _labels_of_steps(viewer, found.path)
        return found, labelled, whole - len(found.path)

    return remembered(viewer, "way", build, asked, on, partner)


def _narrowed(viewer: Viewer, found: Trace) -> Trace:
    """Return a way without the steps and cells that the viewer does not see."""
    table = viewer.metadata.tables[STEP]
    seen: set[Line] = set()
    with viewer.books.reading() as connection:
        for acts in _parts({step.line.act for step in found.path}):
            query = select(table.c.from_act, table.c.from_line).where(table.c.from_act.in_(acts))
            seen |= {
                Line(int(act), int(line)) for act, line in connection.execute(query.distinct())
            }
    cells = holdings_seen(viewer, found.on, found.asked.partition("/")[0], (BOOK,))
    path = tuple(step for step in found.path if step.line in seen)
    own = {
        holding: {key: mg for key, mg in some.items() if key in cells.get(holding, {})}
        for holding, some in found.cells.items()
    }
    return Trace(found.asked, found.on, found.pooled, own, path)


def _parts(some: Iterable[int]) -> Iterator[list[int]]:
    rest = iter(sorted(some))
    while part := list(islice(rest, AT_ONCE)):
        yield part


def _labels_of_steps(viewer: Viewer, path: Sequence[Step]) -> dict[Ends, dict[str, int]]:
    """Return under which labels the quantity of every step arrived."""
    table = viewer.metadata.tables[MOVE.name]
    sides = [table.c[f"{s}_{n}"] for s in ("from", "to") for n in _SIDE]
    own_act = func.coalesce(table.c.of_act, table.c.act_id)
    columns = [own_act, table.c.of_line, *sides, table.c.to_labels]
    lines: dict[int, set[int]] = {}
    for step in path:
        lines.setdefault(step.line.act, set()).add(step.line.line)
    found: dict[Ends, dict[str, int]] = {}
    with viewer.books.reading() as connection:
        for acts in _parts(lines):
            query = (
                select(*columns, func.sum(table.c.element_mg))
                .where(
                    or_(
                        table.c.of_act.in_(acts),
                        and_(table.c.of_act.is_(None), table.c.act_id.in_(acts)),
                    )
                )
                .group_by(*columns)
            )
            for row in connection.execute(query):
                line = Line(int(row[0]), int(row[1]))
                if line.line in lines[line.act] and row[11]:
                    ends = (line, Holding(*row[2:6]), Holding(*row[6:10]))
                    found.setdefault(ends, {})[str(row[10])] = int(row[11])
    return found


_SIDE = ("mba", "account", "holding", "category")


def _rows(path: Sequence[Step], labelled: dict[Ends, dict[str, int]]) -> list[dict[str, Any]]:
    found = []
    for step in path:
        cells = labelled.get((step.line, step.source, step.target), {})
        found.append(
            {
                "date": step.day,
                "what": STEP_WORDS.get(step.kind, step.kind.lower()),
                "from": place_words(step.source),
                "to": place_words(step.target),
                "category": step.target.category,
                "element_mg": step.element_mg,
                "labels": cells_words(cells, step.target.category) or None,
                "line": f"{step.line.act}/{step.line.line}",
            }
        )
    return found


# --- the picture -----------------------------------------------------------------------------


def _picture(viewer: Viewer, found: Trace, labelled: dict[Ends, dict[str, int]]) -> str:
    mba, _slash, batch = found.asked.partition("/")
    asked = _name(Holding(mba, BOOK, POOL if found.pooled else batch, ""))
    named: dict[str, Holding] = {asked: Holding(mba, BOOK, POOL if found.pooled else batch, "")}
    streams = []
    for step in found.path:
        source, target = _name(step.source), _name(step.target)
        named.setdefault(source, step.source)
        named.setdefault(target, step.target)
        cells = labelled.get((step.line, step.source, step.target))
        if cells is None:
            cells = {"-": step.element_mg} if len(found.path) > MOST_STEPS_BY_LABEL else {}
        if cells and source != target:
            streams.append(DrawnStream(source, target, cells))
    areas = set(seen_areas(viewer))
    places = [_place(name, holding, areas, asked) for name, holding in named.items()]
    return obligation_trace(
        places,
        streams,
        asked,
        labels=TraceLabels(
            title=_("The way to {asked}"),
            description=_("{count} places, from the first receipts on. {told}."),
            nothing=_("Nothing came here from elsewhere."),
            stream=_("{weight} from {source} to {target}: {parts}"),
            places=lambda count: ngettext(
                "%(number)s place", "%(number)s places", count, number=number_text(count)
            ),
            sets=set_labels("", ""),
        ),
        writing=writing_now(),
    )


def _name(holding: Holding) -> str:
    """Return the name of a place on the way: categories of one batch are in one place."""
    return "|".join((holding.mba, holding.account, holding.name))


def _place(name: str, holding: Holding, areas: set[str], asked: str) -> StreamPlace:
    if holding.account == BOOK:
        of = holding.mba if holding.name == POOL else f"{holding.mba}/{holding.name}"
        return StreamPlace(
            name,
            place_words(holding),
            "",
            holding.mba,
            href=trace_address(of) if holding.mba in areas and name != asked else None,
        )
    if holding.account in (*FOLLOWED, PASSING):
        title = place_words(holding) if holding.account == TRANSIT else holding.name
        between = holding.account in (TRANSIT, PASSING)
        detail = account_words(holding.account)
        return StreamPlace(name, title, detail, holding.mba, between=between)
    if holding.account == "abroad":
        state = holding.name.partition("/")[0] or _("abroad")
        return StreamPlace(name, holding.name or _("abroad"), _("abroad"), state, outside=True)
    words = account_words(holding.account)
    return StreamPlace(name, holding.mba, words, f"{holding.mba} {words}", outside=True)


def find_batch(viewer: Viewer, words: str, most: int) -> Iterator[Hit]:
    """Yield batches that carry labels, with the way of each."""
    if not viewer.reads(CAPABILITY) or len(words) < 2 or kept(viewer).begins is None:
        return
    table = viewer.metadata.tables[HOLDING]
    text = words.partition("/")[2] or words
    query = (
        select(table.c.mba, table.c.holding)
        .where(
            table.c.account == BOOK,
            table.c.labels != "-",
            table.c.element_mg > 0,
            func.lower(table.c.holding).contains(text.lower(), autoescape=True),
        )
        .distinct()
        .order_by(table.c.mba, table.c.holding)
        .limit(most)
    )
    with viewer.books.reading() as connection:
        rows = connection.execute(query).all()
    for mba, name in rows:
        title = f"{mba}/{name}"
        href = trace_address(mba if name == POOL else title)
        yield Hit(sentence("way of a batch"), title, href)
