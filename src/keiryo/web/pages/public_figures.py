"""Public figures: what was printed about plutonium and nuclear material, and what is wrong with it.

The figures are public and come from outside the books, so everybody who is signed in sees them.
Each picture shows figures of one unit only.
"""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Stream

from keiryo.errors import NotFoundError
from keiryo.public_figures.checks import check_series, quantity_text
from keiryo.public_figures.picture import chart_of, units_of
from keiryo.public_figures.series import MATERIALS, PublicSeries, shipped_series
from keiryo.web.headers import DRAWING_POLICY
from keiryo.web.listing import ListColumn, RowList, shown_list
from keiryo.web.pictures.dark_chart import in_look
from keiryo.web.rendering import render
from keiryo.web.sections import AViewer, MenuEntry, Section
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import marked, said_in_picture
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking

FIGURE_COLUMNS = (
    ListColumn("year_end", sentence("Year-end"), "code"),
    ListColumn("place", sentence("Place")),
    ListColumn("facility_class", sentence("Facilities or country")),
    ListColumn("facility", sentence("Facility")),
    ListColumn("quantity", sentence("As printed"), "number", sortable=False, filterable=False),
    ListColumn("unit", sentence("Unit"), choices=("kg Pu", "t Pu", "kg Puf", "t Puf")),
    ListColumn("basis", sentence("Basis"), choices=("total", "fissile")),
    ListColumn("source", sentence("Source")),
    ListColumn("row", sentence("Row"), "number", filterable=False),
)
TOTAL_COLUMNS = (
    ListColumn("year_end", sentence("Year-end"), "code"),
    *(
        ListColumn(name, title, "number", sortable=False, filterable=False)
        for name, title in zip(
            MATERIALS,
            (
                sentence("Natural uranium, t"),
                sentence("Depleted uranium, t"),
                sentence("Enriched uranium, t"),
                sentence("U-235 in enriched uranium, t"),
                sentence("Thorium, t"),
                sentence("Plutonium, kg"),
            ),
            strict=True,
        )
    ),
    ListColumn("precision", sentence("Precision")),
    ListColumn("source", sentence("Source")),
)


@get("/public-figures", sync_to_thread=True)
def figures_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show the printed figures, pictures of them, and what stands against them."""
    del viewer
    series = shipped_series()
    figures = shown_list(request, RowList(_figures(series), FIGURE_COLUMNS), "public-figures")
    if isinstance(figures, Response | Stream):
        return figures
    totals = shown_list(
        request, RowList(_totals(series), TOTAL_COLUMNS), "public-totals", prefix="t-"
    )
    if isinstance(totals, Response | Stream):
        return totals
    for table in (figures, totals):
        for cells in table.rows:
            cells["source"] = marked(cells["source"])
    pictures = [
        {"unit": unit, "name": _name(unit), "words": _("As printed in %(unit)s", unit=unit)}
        for unit in units_of(series)
    ]
    return render(
        request,
        "public_figures/figures.html",
        figures=figures,
        totals=totals,
        pictures=pictures,
        findings=check_series(series),
        crumbs=[(_("Public figures"), None)],
    )


@get("/public-figures/charts/{name:str}", sync_to_thread=True)
def figures_chart(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[str]:
    """Return the picture of the figures of one unit."""
    series = shipped_series()
    units = {f"{_name(unit)}.svg": unit for unit in units_of(series)}
    if name not in units:
        raise NotFoundError("there is no such picture", "Go back to the page of the figures.")

    def build() -> str:
        return chart_of(series, units[name]).svg(_name(units[name]))

    text = viewer.server.remembered.get(("public figures", name), "shipped", build)
    return Response(
        in_look(said_in_picture(text), str(request.query_params.get("look", ""))),
        media_type="image/svg+xml",
        headers={"Content-Security-Policy": DRAWING_POLICY},
    )


def _name(unit: str) -> str:
    return unit.lower().replace(" ", "-")


def _figures(series: PublicSeries) -> list[dict[str, Any]]:
    return [
        {
            "year_end": figure.year_end,
            "place": figure.place,
            "facility_class": figure.facility_class,
            "facility": figure.facility,
            "quantity": figure.text,
            "unit": figure.unit,
            "basis": figure.basis,
            "source": series.source(figure.source),
            "row": figure.row,
        }
        for figure in series.plutonium
    ]


def _totals(series: PublicSeries) -> list[dict[str, Any]]:
    return [
        {
            "year_end": row.year_end,
            "precision": row.precision,
            "source": row.source,
            **{
                name: None if value is None else quantity_text(value)
                for name, value in row.quantities.items()
            },
        }
        for row in series.totals
    ]


def _everybody(viewer: AViewer) -> bool:
    return viewer is not None


GROUP = sentence("Cooperation")

SECTION = Section(
    name="public figures",
    handlers=(figures_page, figures_chart),
    menu=(MenuEntry(sentence("Public figures"), "/public-figures", GROUP, 80, _everybody),),
)
