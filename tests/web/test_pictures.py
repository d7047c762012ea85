"""The pictures: well formed, free of styles and scripts, same bytes twice, bounded, no overlap."""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keiryo.journal.registry import Link
from keiryo.oversight.deadlines import Duty
from keiryo.oversight.transit_board import TransitRow
from keiryo.quantities import Category
from keiryo.web.pictures import svg
from keiryo.web.pictures.batch_data import BatchEvent, BatchStory, Relative
from keiryo.web.pictures.batch_history import batch_history
from keiryo.web.pictures.chain_folding import GraphNode
from keiryo.web.pictures.chain_graph import chain_graph
from keiryo.web.pictures.deadline_strip import deadline_strip
from keiryo.web.pictures.inventory_chart import InventoryLabels, inventory_chart
from keiryo.web.pictures.inventory_data import BookCurve, Taking, book_on
from keiryo.web.pictures.layered import monotone
from keiryo.web.pictures.movement_picture import transit_picture
from keiryo.web.pictures.step_curves import ticks
from keiryo.web.pictures.time_axis import TimeScale, scale_of
from keiryo.web.pictures.writing import plain_weight

DAY = datetime.date(2025, 1, 1)
SPACE = "{http://www.w3.org/2000/svg}"
STYLES = Path(svg.__file__).parents[1] / "static" / "pictures.css"
HOSTILE = [
    "<script>alert(1)</script>",
    "\" onload='x' <b>&amp;",
    "\u202egnp.exe\u202c",
    "燃料集合体第1号",
    "\x00\x1b[31m\ud800\ufffe",
    "]]><![CDATA[",
    "x" * 5000,
]


def days(number: int) -> datetime.date:
    return DAY + datetime.timedelta(days=number)


def sound(picture: str) -> ElementTree.Element:
    """Return the parsed picture after the checks that hold for every one."""
    root = ElementTree.fromstring(picture.encode("utf-8"))
    assert root.tag == f"{SPACE}svg"
    assert [child.tag for child in root[:2]] == [f"{SPACE}title", f"{SPACE}desc"]
    assert all(child.text for child in root[:2])
    links = list(root.iter(f"{SPACE}a"))
    assert root.get("role") == ("group" if links else "img") or not links
    for element in root.iter():
        assert element.tag.startswith(SPACE)
        assert element.tag.removeprefix(SPACE) not in ("script", "style", "image", "foreignObject")
        for name, value in element.attrib.items():
            assert name not in ("style", "id") and not name.startswith("on"), name
            assert "javascript:" not in value
            if name == "class":
                assert all(re.fullmatch(r"pic(-[A-Za-z-]+)?", word) for word in value.split())
            if name in ("x", "y", "x1", "y1", "width", "height", "cx", "cy"):
                assert re.fullmatch(r"-?\d+(\.\d{1,2})?", value), value
    for text in root.iter(f"{SPACE}text"):
        assert not re.search("[\u202a-\u202e\u2066-\u2069]", text.text or "")
    return root


def texts(root: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SPACE}text")]


def duty(name: str = "XAFA", state: str = "open", due: int = 0) -> Duty:
    return Duty(name, "ICR", "2025-01", days(due), state, "change report", None, None, due)


def row(name: str = "B-1", state: str = "open", age: int = 3) -> TransitRow:
    return TransitRow(
        *("XAFA", "XARA", name, days(-age), None, age, Category.ENRICHED, 5_000_000, None),
        *(state, f"XAFA/1/{age}"),
    )


def story(name: str = "B-1") -> BatchStory:
    return BatchStory(
        name,
        (
            BatchEvent("line:1/1", name[:20], days(0), "RF", "increase", 10**9, 1, "E"),
            BatchEvent("line:2/1", name[:20], days(9), "LD", "loss", 5, -1, "E", effective=False),
            BatchEvent(
                "line:3/1", name[:20], days(9), "LD", "loss", 7, -1, "E", replaces="line:2/1"
            ),
            BatchEvent("line:4/1", name[:20], days(30), "PIT", "taking", 10**9, 0, "E"),
        ),
        (
            Relative(f"XAFA/{name}#1", name[:20], days(2), "merged", is_parent=True),
            Relative(f"XAFA/{name}#2", name[:20], days(20), "drawn", is_parent=False),
        ),
    )


def graph(name: str = "B-1") -> str:
    nodes = [GraphNode("act:1", name, name), GraphNode(f"batch:{name}", name, "here", "batch")]
    links = [Link(f"batch:{name}", "begins with", "line:1/1"), Link("line:1/1", name, "act:1")]
    return chain_graph(nodes, links, focus="line:1/1", href=lambda node: "/why/" + node[:9])


PICTURES: dict[str, Callable[[str], str]] = {
    "inventory": lambda name: inventory_chart(
        [BookCurve("E", ((DAY, 5), (days(9), 10**12), (days(11), None)), label=name)],
        takings=[Taking(days(10), {"E": 7})],
        today=days(40),
    ),
    "batch": lambda name: batch_history(story(name), href=lambda node: "/n/x", today=days(60)),
    "chain": graph,
    "transit": lambda name: transit_picture(
        [row(name), row(name, "overdue", 90)], DAY, late_days=30, overdue_days=60,
        href=lambda r: "/r"
    ),
    "deadlines": lambda name: deadline_strip(
        [duty(name, state, n * 9) for n, state in enumerate(("done", "overdue", "due soon"))],
        DAY,
        href=lambda some: "/d",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", PICTURES)
@pytest.mark.parametrize("name", ["B-1", *HOSTILE], ids=lambda name: ascii(name)[:12])
def test_hostile_names_stay_text_and_bytes_repeat(kind: str, name: str) -> None:
    picture = PICTURES[kind](name)
    sound(picture)
    assert PICTURES[kind](name) == picture
    assert "<script" not in picture
    assert len(picture) < 60_000


def test_japanese_names_are_shown_as_they_are() -> None:
    for kind in PICTURES:
        assert any("燃料集合" in text for text in texts(sound(PICTURES[kind]("燃料集合体第1号"))))


def test_every_class_has_a_rule_and_every_rule_a_prefix() -> None:
    styles = STYLES.read_text(encoding="utf-8")
    ruled = set(re.findall(r"\.(pic[A-Za-z-]*)", styles))
    rules = re.sub(r"/\*.*?\*/", "", styles, flags=re.S)
    assert set(re.findall(r"\.([a-z][A-Za-z-]+)", rules)) == ruled
    for name in ("pic-curve", "pic-node-title", "pic-chip", "pic-bar", "pic-due-overdue"):
        assert name in ruled


@pytest.mark.parametrize(
    "bad",
    [
        lambda: svg.element("script", "x"),
        lambda: svg.element("g", style="fill:red"),
        lambda: svg.element("g", onclick="x"),
        lambda: svg.element("g", id="x"),
        lambda: svg.element("g><script"),
        lambda: svg.number(float("nan")),
        lambda: svg.number(float("inf")),
    ],
)
def test_the_builder_refuses(bad: Callable[[], object]) -> None:
    with pytest.raises(ValueError):
        bad()


@pytest.mark.parametrize(
    ("address", "followed"),
    [
        ("/why/act:1", True),
        ("?focus=act%3A1", True),
        ("#end", True),
        ("/", True),
        ("//evil.example", False),
        ("/\\evil.example", False),
        ("https://evil.example", False),
        ("javascript:alert(1)", False),
        ("/a\nb", False),
        (None, False),
    ],
)
def test_links_stay_on_this_server(address: str | None, followed: bool) -> None:
    assert ("<a " in svg.linked(address, svg.words(0, 0, "x", "pic-tick")).text) is followed


# --- book inventory --------------------------------------------------------------------------


@given(
    st.lists(
        st.lists(
            st.tuples(
                st.integers(-40_000, 40_000),
                st.none() | st.integers(-(10**6), 10**18) | st.integers(0, 5),
            ),
            min_size=0,
            max_size=6,
            unique_by=lambda point: point[0],
        ),
        max_size=4,
    ),
    st.lists(st.tuples(st.integers(-40_000, 40_000), st.integers(0, 10**18)), max_size=3),
)
@settings(max_examples=60)
def test_inventory_of_any_books(
    series: list[list[tuple[int, int | None]]], takings: list[tuple[int, int]]
) -> None:
    curves = [
        BookCurve("NDEPTU"[n], tuple((days(d), mg) for d, mg in sorted(points, key=lambda p: p[0])))
        for n, points in enumerate(series)
    ]
    taken = [Taking(days(d), {"N": mg, "D": mg}) for d, mg in takings]
    sound(inventory_chart(curves, takings=taken, today=days(0)))


def test_inventory_states_differences_and_marks_negative_books() -> None:
    curve = BookCurve("P", ((DAY, 100_000), (days(10), -3), (days(20), 50_000)))
    root = sound(inventory_chart([curve], takings=[Taking(days(25), {"P": 49_998})]))
    shown = texts(root)
    assert "Δ 2 mg" in shown
    assert any("negative book" in text for text in shown)
    assert [book_on(curve, days(n)) for n in (-1, 0, 9, 10, 99)] == [
        *(None, 100_000, 100_000, -3, 50_000)
    ]


def test_small_and_large_books_have_panels_of_their_own() -> None:
    curves = [BookCurve("E", ((DAY, 10**12),)), BookCurve("P", ((DAY, 4),))]
    shown = texts(sound(inventory_chart(curves)))
    assert "4 mg" in shown
    assert "1,000,000 kg" in shown


def test_inventory_words_come_from_outside() -> None:
    labels = InventoryLabels(title="帳簿在庫", categories={"E": "濃縮ウラン"})
    writing = dataclasses.replace(svg_writing(), day=lambda day: f"{day:%Y年}{day.month}月")
    root = sound(inventory_chart([BookCurve("E", ((DAY, 10**9),))], labels=labels, writing=writing))
    assert root[0].text == "帳簿在庫"
    assert "濃縮ウラン" in texts(root)
    assert "2025年1月" in (root[1].text or "")


def svg_writing():
    from keiryo.web.pictures.writing import PLAIN

    return PLAIN


def test_two_thousand_points_stay_small() -> None:
    points = tuple((days(n), n * 999_983 % 10**9) for n in range(2000))
    curves = [BookCurve(letter, points) for letter in "NDEPT"]
    assert len(inventory_chart(curves, takings=[Taking(days(n * 3), {"E": 5}) for n in range(600)])
               ) < 400_000  # fmt: skip
    longer = tuple((days(n), n * 999_983 % 10**9) for n in range(60_000))
    assert len(inventory_chart([BookCurve("E", longer)])) < 120_000


@given(st.integers(-(10**18), 10**18), st.integers(1, 10**18), st.integers(2, 8))
def test_ticks_are_few_and_inside(low: int, span: int, most: int) -> None:
    found = ticks(low, low + span, most)
    assert len(found) <= most + 1
    assert all(low <= value <= low + span for value in found)


@given(st.integers(0, 3_600_000), st.integers(0, 400_000))
def test_axis_of_any_time(first: int, length: int) -> None:
    begin = datetime.date.fromordinal(1 + min(first, 3_652_058))
    end = datetime.date.fromordinal(min(begin.toordinal() + length, 3_652_059))
    scale = TimeScale(begin, end, 0, 900)
    _, found = scale.ticks()
    assert 1 <= len(found) <= 20
    assert scale_of([begin, end], 0, 900).x(begin) <= scale.right


@pytest.mark.parametrize(
    ("weight_mg", "text"),
    [
        (0, "0 kg"),
        (1, "1 mg"),
        (1_500, "1.5 g"),
        (10**12, "1,000,000 kg"),
        (-1_000_001, "−1.000001 kg"),
    ],
)
def test_plain_weight(weight_mg: int, text: str) -> None:
    assert plain_weight(weight_mg) == text


# --- evidence chain ----------------------------------------------------------------------------


def boxes(root: ElementTree.Element) -> list[tuple[float, float, float, float]]:
    found = []
    for rect in root.iter(f"{SPACE}rect"):
        if rect.get("class") == "pic-box":
            x, y, w, h = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
            found.append((x, y, x + w, y + h))
    return found


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=90),
    st.integers(1, 5),
    st.integers(2, 8),
)
@settings(max_examples=80)
def test_boxes_of_any_graph_do_not_overlap(
    pairs: list[tuple[int, int]], depth: int, most: int
) -> None:
    links = [
        Link(f"line:1/{a}", "rests on", f"act:{b}" if b % 3 else f"line:1/{b}") for a, b in pairs
    ]
    picture = chain_graph(
        [], links, focus="line:1/0", href=lambda n: f"/{n}", depth=depth, most_in_layer=most,
        max_nodes=25,
    )  # fmt: skip
    root = sound(picture)
    placed = boxes(root)
    assert 1 <= len(placed) <= 25
    width, height = (float(root.attrib[name]) for name in ("width", "height"))
    for n, (left, top, right, bottom) in enumerate(placed):
        assert left >= 0 and top >= 0 and right <= width and bottom <= height
        for other in placed[:n]:
            assert left >= other[2] or other[0] >= right or top >= other[3] or other[1] >= bottom


def test_a_large_chain_is_folded_and_says_so() -> None:
    links = [Link("figure:X", "sum of", f"line:1/{n}") for n in range(5000)]
    asked = []

    def listed(names: object) -> str:
        asked.append(names)
        return "/list"

    picture = chain_graph([], links, focus="figure:X", href=lambda n: "/x", more_href=listed)
    root = sound(picture)
    assert len(boxes(root)) == 11
    assert any("and 4,991 more: line" in text for text in texts(root))
    assert len(asked[0]) == 4991
    assert len(picture) < 60_000


def test_both_directions_stand_on_their_sides() -> None:
    links = [Link("line:1/1", "recorded in", "act:1"), Link("batch:B", "begins with", "line:1/1")]
    links.append(Link("line:1/1", "of", "batch:B"))  # a cycle, as the books have them
    root = sound(chain_graph([], links, focus="line:1/1", href=lambda n: "/" + n))
    assert {a.get("href") for a in root.iter(f"{SPACE}a")} == {"/act:1", "/batch:B"}
    assert len(boxes(root)) == 3


def test_monotone_is_the_closest_never_falling_sequence() -> None:
    assert monotone([3, 1, 2, 9]) == [2, 2, 2, 9]
    assert monotone([]) == []


# --- histories, transit, deadlines --------------------------------------------------------------


def test_superseded_events_stand_struck_beside_what_replaced_them() -> None:
    root = sound(batch_history(story(), href=lambda node: f"/lines/{node[5:]}"))
    struck = [e.text for e in root.iter(f"{SPACE}text") if "struck" in (e.get("class") or "")]
    assert struck == ["LD 5 mg"]
    hrefs = [a.get("href") for a in root.iter(f"{SPACE}a")]
    assert hrefs.index("/lines/2/1") + 1 == hrefs.index("/lines/3/1")


def test_long_histories_and_boards_stay_small() -> None:
    events = [
        BatchEvent(f"line:{n}/1", f"XA{n % 3:02}", days(n % 900), "RM", "rebatching", n, -1, "E")
        for n in range(5000)
    ]
    relatives = [Relative(f"B{n}", "XA00", days(n), "merged", n % 2 == 0) for n in range(2000)]
    events.sort(key=lambda event: event.day)
    picture = batch_history(BatchStory("B", tuple(events), tuple(relatives)), href=lambda n: "/x")
    assert len(picture) < 700_000
    rows = [row(f"B{n}", ("open", "late", "overdue")[n % 3], n % 99) for n in range(5000)]
    assert len(transit_picture(rows, DAY)) < 60_000
    duties = [duty(f"X{n % 90:03}", "done", n % 700) for n in range(9000)]
    assert len(deadline_strip(duties, DAY)) < 1_500_000


def test_nothing_to_show_is_said() -> None:
    for picture in (
        inventory_chart([]),
        batch_history(BatchStory("B", ()), href=lambda n: None),
        transit_picture([], DAY),
        deadline_strip([], DAY),
        chain_graph([], [], focus="act:1", href=lambda n: None),
    ):
        assert texts(sound(picture))


def test_the_ends_of_the_calendar() -> None:
    early, late = datetime.date.min, datetime.date.max
    sound(inventory_chart([BookCurve("E", ((early, 1), (late, 2)))], today=DAY))
    sound(transit_picture([dataclasses.replace(row(), shipped=late)], late, overdue_days=60))
    sound(deadline_strip([dataclasses.replace(duty(), due=late)], early))


def test_a_mark_shows_the_worst_of_its_day() -> None:
    root = sound(deadline_strip([duty(state="done"), duty(state="overdue")], DAY))
    marks = [g for g in root.iter(f"{SPACE}g") if "pic-duty" in (g.get("class") or "")]
    assert len(marks) == 1
    assert "pic-due-overdue" in marks[0].attrib["class"]
    assert "2" in texts(root)
