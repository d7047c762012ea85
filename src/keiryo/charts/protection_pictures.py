"""Pictures of results of physical protection: SVG for a page, and whole files to keep or print.

Every picture carries the classification of its result. The functions take the plain result of the
command, and what of its input the result does not repeat.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from keiryo.charts import palette
from keiryo.charts.facility_graph import facility_graph, path_value_text
from keiryo.charts.page import Paragraph, Part, Points, Section, Table, page
from keiryo.charts.path_profile import path_profile
from keiryo.charts.protection_words import ENGLISH, MEASURES, Words
from keiryo.charts.protection_words_ja import JAPANESE
from keiryo.charts.staffing_board import ZoneTimes, staffing_board
from keiryo.charts.upgrade_chart import upgrade_chart
from keiryo.charts.vector import Sheet, Vector, fitted

LANGUAGES = {"en": ENGLISH, "ja": JAPANESE}
MOST_NAMED = 12
"""Elements of a path up to which a title names all."""
_STRIP, _EVERY = 24.0, 700.0


def classified(picture: Vector, classification: str, words: Words = ENGLISH) -> Vector:
    """Return a drawing with a strip at its top and at its foot that says its classification.

    In a wide drawing it says so every `_EVERY` or so, because a screen shows a part of it.
    """
    name = "page.placeholder" if classification == "placeholder" else "page.sensitive"
    text = words(name)
    times = max(1, int(picture.width / _EVERY))
    share = picture.width / times

    def draw(sheet: Sheet) -> None:
        for y in (0.0, picture.height + _STRIP):
            sheet.box(1, y + 1, picture.width - 2, _STRIP - 2, stroke=palette.INK, line=1.4)
            told = fitted(text, share - 20, 11, bold=True)
            for n in range(times):
                at = share * (n + 0.5)
                sheet.words(at, y + 16, told, size=11, anchor="middle", bold=True)
        picture.draw(sheet.moved(0, _STRIP))

    told = f"{text}. {picture.description}"
    return Vector(picture.title, told, picture.width, picture.height + 2 * _STRIP, draw)


def stacked(pictures: Sequence[Vector]) -> Vector:
    """Return drawings one below the other as one."""
    width = max(one.width for one in pictures)

    def draw(sheet: Sheet) -> None:
        y = 0.0
        for one in pictures:
            one.draw(sheet.moved((width - one.width) / 2, y))
            y += one.height + 16

    described = " ".join(f"{one.title}. {one.description}" for one in pictures)
    height = sum(one.height for one in pictures) + 16 * (len(pictures) - 1)
    return Vector(pictures[0].title, described, width, height, draw)


def path_text(path: Sequence[str]) -> str:
    """Return a path for a title: the middle of a long one is left out.

    Examples
    --------
    >>> path_text(["P1", "P2", "T1"])
    'P1 – P2 – T1'
    """
    shown = path if len(path) <= MOST_NAMED else [*path[: MOST_NAMED - 4], "…", *path[-3:]]
    return " – ".join(shown)


# --- single pictures, for a page -----------------------------------------------------------------


def facility_graph_svg(
    result: Mapping[str, Any], graph: Mapping[str, Any], words: Words = ENGLISH,
    identifier: str = "facility",
) -> str:  # fmt: skip
    """Return the facility graph of a result of ``paths``; `graph` as `facility_graph` takes it."""
    drawn = facility_graph(graph, result["measures"], words)
    return classified(drawn, result["classification"], words).svg(identifier)


def path_profile_svg(
    result: Mapping[str, Any], response: Mapping[str, Any], words: Words = ENGLISH,
    name: str = "", identifier: str = "profile",
) -> str:  # fmt: skip
    """Return the profile of a result of ``easi``; `response` has ``mean_s`` and ``sd_s``."""
    drawn = path_profile(result, response, words, name)
    return classified(drawn, result["classification"], words).svg(identifier)


def upgrade_chart_svg(
    result: Mapping[str, Any], words: Words = ENGLISH, identifier: str = "upgrades"
) -> str:
    """Return the chart of the options in a result of ``paths``, which must have some."""
    drawn = upgrade_chart(result["upgrades"], words)
    return classified(drawn, result["classification"], words).svg(identifier)


def staffing_board_svg(
    result: Mapping[str, Any], words: Words = ENGLISH, identifier: str = "staffing"
) -> str:
    """Return the board of a result of ``two-person``."""
    drawn = staffing_board([ZoneTimes.of(one) for one in result["zones"]], words)
    return classified(drawn, result["classification"], words).svg(identifier)


# --- whole files ---------------------------------------------------------------------------------


def easi_file(
    result: Mapping[str, Any], response: Mapping[str, Any], ending: str, words: Words = ENGLISH
) -> str:
    """Return the picture of a result of ``easi`` as a file: ``.svg`` or ``.html``."""
    picture = path_profile(result, response, words)
    return _file("page.easi", result, [picture], ending, words)


def paths_file(
    result: Mapping[str, Any], graph: Mapping[str, Any],
    profiles: Mapping[str, Mapping[str, Any]], response: Mapping[str, Any], ending: str,
    words: Words = ENGLISH,
) -> str:  # fmt: skip
    """Return the pictures of a result of ``paths`` as a file: ``.svg`` or ``.html``.

    Parameters
    ----------
    result, graph, response : mapping
        As `facility_graph_svg` and `path_profile_svg` take them.
    profiles : mapping
        The result of ``easi`` for the path of each measure, by the name of the measure.
    ending : str
    words : Words
    """
    pictures = [facility_graph(graph, result["measures"], words)]
    sharing: dict[tuple[str, ...], list[str]] = {}
    for name in MEASURES:
        sharing.setdefault(tuple(result["measures"][name]["path"]), []).append(name)
    for path, names in sharing.items():
        called = f"{path_text(path)} ({'; '.join(words(name) for name in names)})"
        pictures.append(path_profile(profiles[names[0]], response, words, called))
    if result["upgrades"] is not None:
        pictures.append(upgrade_chart(result["upgrades"], words))
    heads = [words(f"head.{one}") for one in ("measure", "value", "path", "target", "cdp")]
    rows = [
        [
            words(name), path_value_text(name, one["value"], words), " – ".join(one["path"]),
            one["target"], one["cdp"] or "–",
        ]
        for name, one in result["measures"].items()
    ]  # fmt: skip
    exact = "page.exact" if result["exact"] else "page.not_exact"
    facts: list[Part] = [
        Paragraph(words("page.no_single_answer"), prominent=True),
        Paragraph(words(exact, count=result["path_count"])),
        Paragraph(
            words("page.state", state=result["facility_state"], mode=result["communication_mode"])
        ),
        Table(words("table.measures"), heads, rows),
    ]
    return _file("page.paths", result, pictures, ending, words, facts)


def staffing_file(
    classification: str, zones: Sequence[ZoneTimes], ending: str, words: Words = ENGLISH
) -> str:
    """Return the picture of a result of ``two-person`` as a file: ``.svg`` or ``.html``."""
    result = {"classification": classification}
    return _file("page.two_person", result, [staffing_board(zones, words)], ending, words)


def _file(
    name: str, result: Mapping[str, Any], pictures: Sequence[Vector], ending: str, words: Words,
    facts: Sequence[Part] = (),
) -> str:  # fmt: skip
    classification = str(result["classification"])
    marked = partial(classified, classification=classification, words=words)
    if ending == ".svg":
        return marked(stacked(pictures)).svg("picture", alone=True)
    kind = "placeholder" if classification == "placeholder" else "sensitive"
    warnings = [f"{one['code']} {one['pointer']}" for one in result.get("warnings", ())]
    sections = [
        Section(words("page.result"), facts),
        Section(words("page.pictures"), [marked(one) for one in pictures]),
        Section(words("page.warnings"), [Points(warnings[:200])] if warnings else []),
        Section(words(f"page.{kind}"), [Paragraph(words(f"page.keep_{kind}"))]),
    ]
    return page(
        words(name), sections, subtitle=words(f"page.{kind}"), language=words.language,
        contents=words("page.contents"),
    )  # fmt: skip
