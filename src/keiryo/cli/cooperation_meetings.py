"""Commands of meetings: agenda, minutes and decisions of a body, and its status report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.options import DbOption, Format, FormatOption, format_of, opened, optional_day
from keiryo.cli.output import show_json, show_rows

if TYPE_CHECKING:
    from keiryo.cooperation.meeting_acts import Attendance
    from keiryo.cooperation.meetings import Item

MeetingArgument = Annotated[
    str, typer.Argument(metavar="MEETING", help="Name of the meeting, e.g. m.commission-6.")
]
NumberArgument = Annotated[int, typer.Argument(metavar="ITEM", help="Number of the item.")]
WordsOption = Annotated[
    str | None, typer.Option("--words", metavar="TEXT", help="Wording in English.")
]
WordsJaOption = Annotated[
    str | None, typer.Option("--words-ja", metavar="TEXT", help="Wording in Japanese.")
]
PublicOption = Annotated[
    bool | None,
    typer.Option("--public/--not-public", help="Whether it may be published.", show_default=False),
]
OwnerOption = Annotated[str | None, typer.Option("--owner", help="Who does it.")]
DueOption = Annotated[
    str | None, typer.Option("--due", metavar="DATE", help="By when it is to be done.")
]


def register(group: typer.Typer) -> None:
    """Add the commands to the group of cooperation."""
    meetings = typer.Typer(
        help="Meetings of bodies: agenda, minutes, and commitments that come of them.",
        no_args_is_help=True,
    )
    for command in (plan, agenda, item, decide, minutes, show):
        meetings.command()(command)
    meetings.command("list")(list_meetings)
    meetings.command("group")(working_group)
    group.add_typer(meetings, name="meeting")
    group.command("status-report")(status_report)


def plan(
    meeting: MeetingArgument,
    body: Annotated[
        str | None,
        typer.Argument(metavar="[BODY]", help="Name in the register.", show_default=False),
    ] = None,
    on: Annotated[str | None, typer.Option("--on", metavar="DATE", help="First day.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day.")] = None,
    title: Annotated[str | None, typer.Option("--title", help="Title.")] = None,
    title_ja: Annotated[str | None, typer.Option("--title-ja", help="Title in Japanese.")] = None,
    place: Annotated[str | None, typer.Option("--place", help="Where.")] = None,
    cancelled: Annotated[bool, typer.Option("--cancelled", help="It was called off.")] = False,
    db: DbOption = None,
) -> None:
    """Plan a meeting of a body, move it or call it off; what is left out is as it was."""
    from keiryo.cooperation.meeting_acts import MeetingPlan, plan_meeting

    days = optional_day(on, "--on"), optional_day(to, "--to")
    wanted = MeetingPlan(meeting, body, *days, title, title_ja, place, cancelled)
    books = opened(db)
    done = plan_meeting(books.database, books.actor, wanted)
    print(f"Recorded in act {done.act.act_id}. Its agenda: keiryo cooperation meeting agenda "
          f"{meeting}")  # fmt: skip


def working_group(
    body: Annotated[str, typer.Argument(metavar="BODY", help="Name in the register.")],
    name: Annotated[str, typer.Argument(metavar="GROUP", help="Short name, e.g. security.")],
    title: Annotated[str, typer.Option("--title", help="Full name.")],
    title_ja: Annotated[
        str | None, typer.Option("--title-ja", help="Full name in Japanese.")
    ] = None,
    area: Annotated[
        list[str] | None,
        typer.Option("--area", help="Area of cooperation that it looks after (more than once)."),
    ] = None,
    db: DbOption = None,
) -> None:
    """Record a working group of a body; agendas are put in order by them."""
    from keiryo.cooperation.meeting_acts import WorkingGroup, record_group

    books = opened(db)
    made = WorkingGroup(body, name, title, title_ja, tuple(area or ()))
    print(f"Recorded in act {record_group(books.database, books.actor, made).act.act_id}.")


def agenda(
    meeting: MeetingArgument,
    also: Annotated[
        list[str] | None,
        typer.Option(
            "--also",
            metavar="NAME",
            help="Open commitments under this instrument or programme too (more than once).",
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Show what would be added; record nothing.")
    ] = False,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Put on the agenda the open items of the last meeting and the body's open commitments.

    What stands there already stays as it is.
    """
    from keiryo.cooperation.meeting_acts import make_agenda, proposed_agenda
    from keiryo.cooperation.meetings import read_meetings

    books = opened(db)
    chosen = format_of(format_)
    if check:
        with books.database.reading() as connection:
            found = proposed_agenda(connection, books.database, meeting, also or ())
        shown = [_proposed(one) for one in found]
        columns = ["item", "working_group", "commitment", "takes_up", "title"]
        show_rows(shown, chosen, columns=columns, empty="All that is open is on the agenda.")
        return
    done = make_agenda(books.database, books.actor, meeting, also or ())
    with books.database.reading() as connection:
        known = read_meetings(connection, books.database.metadata).get(meeting)
    if chosen is Format.TABLE:
        said = "Nothing is new." if done is None else f"Recorded in act {done.act.act_id}."
        print(said)
    _show_items(known.items, chosen)


def _proposed(one: dict[str, Any]) -> dict[str, Any]:
    before = one.get("before_meeting")
    return {**one, "takes_up": f"{before}/{one['before_item']}" if before else None}


def _show_items(items: tuple[Item, ...], chosen: Format) -> None:
    if chosen is Format.JSON:
        show_json([one.to_dict() for one in items])
        return
    columns = ["item", "working_group", "title", "words", "change", "next_step", "owner", "due_on"]
    rows = [{**one.to_dict(), "state": "open" if one.is_open else "closed"} for one in items]
    empty = "Nothing is on the agenda yet."
    show_rows(rows, chosen, columns=[*columns, "state"], empty=empty)


def item(
    meeting: MeetingArgument,
    number: Annotated[
        int | None,
        typer.Argument(metavar="[ITEM]", help="Default: a new item.", show_default=False),
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="What it is about.")] = None,
    title_ja: Annotated[str | None, typer.Option("--title-ja", help="In Japanese.")] = None,
    group: Annotated[str | None, typer.Option("--group", help="Working group.")] = None,
    commitment: Annotated[
        str | None, typer.Option("--commitment", metavar="NAME", help="What it is about.")
    ] = None,
    work: Annotated[
        bool, typer.Option("--work", help="A new item is work to be done: owner and day.")
    ] = False,
    words: WordsOption = None,
    words_ja: WordsJaOption = None,
    change: Annotated[
        str | None, typer.Option("--change", metavar="TEXT", help="What changed.")
    ] = None,
    next_step: Annotated[
        str | None, typer.Option("--next", metavar="TEXT", help="What is done next.")
    ] = None,
    owner: OwnerOption = None,
    due: DueOption = None,
    open_: Annotated[
        bool | None,
        typer.Option(
            "--open/--closed", help="Whether the next meeting takes it up.", show_default=False
        ),
    ] = None,
    public: PublicOption = None,
    db: DbOption = None,
) -> None:
    """Record what is said of an item of a meeting, or add one; what is left out is as it was."""
    from keiryo.cooperation.meeting_acts import ItemChange, revise_item

    said = ItemChange(
        *(number, title, title_ja, group, work, commitment, words, words_ja, change, next_step),
        *(owner, optional_day(due, "--due"), open_, public),
    )
    books = opened(db)
    done, given = revise_item(books.database, books.actor, meeting, said)
    print(f"{meeting}/{given}: recorded in act {done.act.act_id}.")


def decide(
    meeting: MeetingArgument,
    number: NumberArgument,
    who: Annotated[
        list[str],
        typer.Option("--who", metavar="NAME", help="Who is to do it (more than once)."),
    ],
    verb: Annotated[str, typer.Option("--verb", help="The verb as the minutes write it.")],
    action: Annotated[str, typer.Option("--action", metavar="TEXT", help="What is to be done.")],
    words: WordsOption = None,
    words_ja: WordsJaOption = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the commitment. Default: made of both.")
    ] = None,
    kind: Annotated[str, typer.Option("--kind", help="Kind of the commitment.")] = "commitment",
    area: Annotated[str | None, typer.Option("--area", help="Area of cooperation.")] = None,
    due: DueOption = None,
    owner: OwnerOption = None,
    follows: Annotated[
        str | None, typer.Option("--follows", metavar="NAME", help="What it takes up again.")
    ] = None,
    db: DbOption = None,
) -> None:
    """Record a commitment that a meeting decided; it rests on the words of the minutes."""
    from keiryo.cooperation.meeting_decisions import Decision
    from keiryo.cooperation.meeting_decisions import decide as record

    decision = Decision(
        *(tuple(who), verb, action, words, words_ja, name, kind, area),
        *(optional_day(due, "--due"), owner, follows),
    )
    books = opened(db)
    done, made = record(books.database, books.actor, meeting, number, decision)
    print(f"{made} stands in the register; recorded in act {done.act.act_id}.")


def minutes(
    meeting: MeetingArgument,
    attended: Annotated[
        list[str] | None,
        typer.Option(
            "--attended",
            metavar="ORGANISATION[:PERSONS[:HEAD]]",
            help="Who took part, e.g. 'US.DOE:12:Deputy Secretary' (more than once).",
        ),
    ] = None,
    words: WordsOption = None,
    words_ja: WordsJaOption = None,
    public: PublicOption = None,
    file: Annotated[
        list[Path] | None,
        typer.Option("--file", metavar="FILE", help="Signed minutes, which are kept."),
    ] = None,
    db: DbOption = None,
) -> None:
    """Record that a meeting was held: who took part, and its joint text in both languages."""
    from keiryo.cooperation.meeting_acts import Minutes, record_minutes

    seats = tuple(_seat(one) for one in attended or ())
    kept = tuple((one.name, _read(one)) for one in file or ())
    books = opened(db)
    made = Minutes(seats, words, words_ja, public, files=kept)
    done = record_minutes(books.database, books.actor, meeting, made)
    print(f"{meeting} was held; recorded in act {done.act.act_id}.")


def _seat(given: str) -> Attendance:
    from keiryo.cooperation.meeting_acts import Attendance
    from keiryo.errors import UsageError

    name, _colon, rest = given.partition(":")
    persons, _colon, head = rest.partition(":")
    if persons and not (persons.isascii() and persons.isdecimal() and len(persons) < 7):
        raise UsageError(
            f"--attended: {persons[:20]!r} is no number of persons",
            "Write the organisation, the number and who led them: US.DOE:12:Deputy Secretary.",
        )
    return Attendance(name, int(persons) if persons else None, head.strip() or None)


def list_meetings(
    body: Annotated[
        str | None, typer.Option("--body", metavar="NAME", help="Only those of a body.")
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List meetings in the order of their days."""
    from keiryo.cooperation.meetings import read_meetings

    books = opened(db)
    with books.database.reading() as connection:
        known = read_meetings(connection, books.database.metadata)
    found = [one for one in known.meetings.values() if body in (None, one.body)]
    rows = [
        {
            "meeting": one.name,
            "body": one.body,
            "title": one.values["title"],
            "on": one.on.isoformat(),
            "to": one.last_day.isoformat(),
            "location": one.values["location"],
            "state": one.state,
            "public": one.is_public,
            "open": sum(other.is_open for other in one.items),
            "items": len(one.items),
            "decisions": len(one.decisions),
        }
        for one in sorted(found, key=lambda one: (one.on, one.name))
    ]
    empty = "No meetings: 'keiryo cooperation meeting plan' records one."
    show_rows(rows, format_of(format_), empty=empty)


def show(meeting: MeetingArgument, db: DbOption = None, format_: FormatOption = None) -> None:
    """Show a meeting: its items, who took part, what it decided."""
    from keiryo.cooperation.meetings import read_meetings

    books, chosen = opened(db), format_of(format_)
    with books.database.reading() as connection:
        found = read_meetings(connection, books.database.metadata).get(meeting)
    if chosen is Format.JSON:
        show_json(found.to_dict())
        return
    if chosen is Format.TABLE:
        days = " to ".join(dict.fromkeys((found.on.isoformat(), found.last_day.isoformat())))
        print(f"{found.name}: {found.values['title']}")
        print(f"  {found.body}, {days}, {found.state}")
        for seat in found.attendance:
            more = [str(seat[one]) for one in ("persons", "head") if seat[one]]
            print(f"  took part: {', '.join([str(seat['organisation']), *more])}")
        for words in (found.values["words"], found.values["words_ja"]):
            if words:
                print(f"  “{words}”")
        for one in found.decisions:
            print(f"  decided in item {one['item']}: {one['commitment']}: “{one['words']}”")
    _show_items(found.items, chosen)


def status_report(
    meeting: MeetingArgument,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Name ending in .pdf, .docx or .md. Default: show it."
        ),
    ] = None,
    language: Annotated[str, typer.Option("--language", help="en or ja.")] = "en",
    on: Annotated[
        str | None,
        typer.Option(
            "--on", metavar="DATE", help="Day on which due dates are looked at; default: its own."
        ),
    ] = None,
    public: Annotated[
        bool, typer.Option("--public", help="Only the items that may be published.")
    ] = False,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Write the status report of a meeting: one line for each item.

    A line says the last meeting's wording, what changed, the next step, who does it and by when;
    a commitment stands with its verb as written, its state, its due day and where it is said.
    """
    from keiryo.cooperation.status_report import status_report as read
    from keiryo.cooperation.status_report_forms import as_file_of, as_markdown

    books, chosen = opened(db), format_of(format_)
    with books.database.reading() as connection:
        day = optional_day(on, "--on")
        made = read(connection, books.database.metadata, meeting, on=day, public_only=public)
    if out is not None:
        _write(out, as_file_of(made, out.suffix, language))
        print(f"{out}: {sum(1 for _line in made.lines)} items, as recorded through act "
              f"{made.act_id}.")  # fmt: skip
    elif chosen is Format.JSON:
        show_json(made.to_dict())
    else:
        print(as_markdown(made, language).decode(), end="")


def _write(path: Path, content: bytes) -> None:
    from keiryo.errors import UsageError

    try:
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}", "Give another place with --out."
        ) from error


def _read(path: Path) -> bytes:
    from keiryo.errors import UsageError

    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}", "Check the name of the file."
        ) from error
