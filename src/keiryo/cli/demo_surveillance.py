"""The demonstration State under seals and cameras: a store of fresh fuel, watched for two days."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from keiryo.cli.options import Format
from keiryo.cli.output import show_rows

if TYPE_CHECKING:
    from keiryo.api import Books
    from keiryo.containment.values import Value

MBA, STORE, CAMERA = "XARA", "fresh-store", "CAM-11"
ITEMS = ("F25-FA-003", "F25-FA-004")
BODY, NUMBER = "INT.IAEA", "0042871"
INTERVAL_S = 1800
IN_STORE = datetime(2025, 11, 3, 6, tzinfo=UTC)
BEGIN, END = datetime(2025, 12, 10, tzinfo=UTC), datetime(2025, 12, 12, tzinfo=UTC)
WORDS = "F25-FA-003 and F25-FA-004 identified by number; gross neutron signal present at both.\n"
REVIEW, OPERATION = "fresh-store-2025-50", "OP-17"


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment of December 2025, UTC."""
    return datetime(2025, 12, day, hour, minute, tzinfo=UTC)


def watch_the_store(books: Books) -> None:
    """Seal one way, watch the other, take in the images, review them and conclude."""
    _contain(books)
    _seal(books)
    with tempfile.TemporaryDirectory() as folder:
        _take_in(books, Path(folder))
    _review(books)


def _contain(books: Books) -> None:
    from keiryo.containment import recording

    database, actor = books.database, books.actor
    recording.add_containment(database, actor, MBA, STORE, "room", kmp="A")
    for path in ("door", "hatch"):
        recording.add_path(database, actor, MBA, STORE, path, IN_STORE - timedelta(hours=1))
    recording.hold(database, actor, MBA, STORE, ITEMS, IN_STORE)


def _seal(books: Books) -> None:
    from keiryo.dates import utc_text
    from keiryo.seals.events import SealEvent
    from keiryo.seals.numbers import SealKey
    from keiryo.seals.recording import SealReport, receive, record

    def event(name: str, when: datetime, **more: object) -> SealEvent:
        who = {
            "person": "N. Ferro",
            "second_person": "A. Holm",
            "organisation": BODY,
            "role": "inspector",
        }
        told = {**who, "place": "XAR reactor hall", **more}
        return SealEvent(BODY, NUMBER, name, utc_text(when), **told)  # type: ignore[arg-type]

    database, actor = books.database, books.actor
    early = IN_STORE - timedelta(days=2)
    receive(database, actor, [SealKey(BODY, NUMBER)], "eoss", event("receive", early))
    good = {"number_read": NUMBER, "tag": "ok", "wire": "ok", "enclosure": "ok"}
    record(
        database,
        actor,
        [
            SealReport(event("issue", early + timedelta(hours=1))),
            SealReport(
                event(
                    "attach",
                    IN_STORE,
                    mba=MBA,
                    containment=STORE,
                    paths="hatch",
                    route="through both eyes of the hatch",
                    items=tuple(f"{MBA}/{name}" for name in ITEMS),
                )
            ),
            SealReport(event("check", END + timedelta(hours=9), mba=MBA, **good)),
        ],
    )


def _take_in(books: Books, folder: Path) -> None:
    from keiryo.cli.demo_pictures import scenes_of, store_pictures
    from keiryo.containment.recording import watch
    from keiryo.surveillance.cameras import register_camera
    from keiryo.surveillance.declared_operations import OperationEntry, declare
    from keiryo.surveillance.ingest import Delivery, ingest
    from keiryo.surveillance.views import record_view

    database, actor = books.database, books.actor
    values = {"camera": CAMERA, "mba": MBA, "place": "above the door", "model": "drawn"}
    schedule = {"interval_ms": INTERVAL_S * 1000, "tolerance_ms": 30_000, "retention_days": 365}
    register_camera(database, actor, {**values, **schedule, "clock": "UTC"})
    record_view(database, actor, CAMERA, "the rack and the door", IN_STORE)
    watch(database, actor, MBA, STORE, "door", f"camera:{CAMERA}", IN_STORE)
    story = [
        *((at(10, 9, 10 * n), at(10, 9, 10 * n + 10), {"person_at": 0.2 * n}) for n in range(4)),
        (at(10, 14), at(10, 14, 20), {"person_at": 0.7}),
        (at(11, 2), at(11, 3), {"covered": True}),
    ]
    for name, content in store_pictures(scenes_of(BEGIN, END, INTERVAL_S, story)):
        folder.joinpath(name).write_bytes(content)
    done = ingest(
        database,
        actor,
        CAMERA,
        folder,
        Delivery(set_name="week-50", medium="removable-media", custody="N. Ferro | A. Holm"),
    )
    sees = (f"camera:{CAMERA}",)
    walk = OperationEntry(OPERATION, MBA, at(10, 9), at(10, 9, 45), sees, type="inspection-round")
    declare(database, actor, [walk])
    print(
        f"{MBA}/{STORE} holds {' and '.join(ITEMS)}: its hatch is closed by seal {BODY}/{NUMBER}, "
        f"its door is seen by {CAMERA}.\n{done.new} images of two days came in on a card; each is "
        f"kept under its digest, act {done.act.act_id}."
    )


def _review(books: Books) -> None:
    from keiryo.dates import parse_utc
    from keiryo.surveillance.conclusions import conclude_parts
    from keiryo.surveillance.looks import Look, look
    from keiryo.surveillance.marks import Mark, mark
    from keiryo.surveillance.review_events import review_events
    from keiryo.surveillance.reviews import open_review
    from keiryo.surveillance.screening_run import screen

    database, actor = books.database, books.actor
    metadata = database.metadata
    screen(database, actor, CAMERA, BEGIN, END)
    open_review(database, actor, REVIEW, [CAMERA], BEGIN, END)
    with database.reading() as connection:
        found = review_events(connection, metadata, REVIEW)
    look(database, actor, REVIEW, [Look(*one.key, 4000, 960) for one in found])
    said = [
        Mark(*one.key, "explained", operation=OPERATION)
        if at(10, 9) <= parse_utc(one.begin) < at(10, 10)
        else Mark(*one.key, "benign", note="cleaning, seen on all images")
        for one in found
    ]
    mark(database, actor, REVIEW, said)
    conclude_parts(database, actor, REVIEW, CAMERA)
    rows = [
        {"from": o.begin[:16], "to": o.end[:16], "kind": o.values["kind"], "says": m.verdict}
        for o, m in zip(found, said, strict=True)
    ]
    show_rows(rows, Format.TABLE, title=f"What changed before {CAMERA}, and what the reviewer says")


def look_at_coverage(books: Books) -> None:
    """Say what was covered when, what was lost, and how knowledge comes back."""
    from keiryo.coverage.item import coverage_at
    from keiryo.coverage.reverification import reverify

    metadata, name = books.database.metadata, f"{MBA}/{ITEMS[0]}"

    def value(when: datetime) -> tuple[Value, str]:
        with books.database.reading() as connection:
            found = coverage_at(connection, metadata, f"{name}#1", when)
        return found.value, found.continuity

    for when in (at(10, 12), at(11, 2, 30), at(11, 12)):
        found, continuity = value(when)
        print(f"   {name} on {when:%Y-%m-%d %H:%M} UTC: {found.name}, continuity {continuity}")
    reverify(
        books.database,
        books.actor,
        MBA,
        ITEMS,
        END + timedelta(hours=10),
        method="item counting and identification, gross neutron",
        by="N. Ferro",
        result="verified",
        files=[("verification.txt", WORDS.encode())],
    )
    found, continuity = value(END + timedelta(hours=11))
    print(f"   verified again: {found.name}, continuity {continuity}")
    chain = books.why(name)
    nodes = {link["to"].partition(":")[0] for link in chain["links"]}
    reached = [kind for kind in ("seal", "camera", "screening", "review") if kind in nodes]
    print(f"'keiryo why {name}' now reaches its {', '.join(reached)} and the images behind them.")
