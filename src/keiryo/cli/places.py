"""Commands of places: register and list material balance areas and key measurement points."""

from __future__ import annotations

from typing import Annotated

import typer

from keiryo.cli.options import DbOption, FormatOption, format_of, opened
from keiryo.cli.output import show_rows


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(
        help="Areas: material balance areas and their measurement points.", no_args_is_help=True
    )
    group.command("list")(list_)
    group.command()(add)
    group.command()(kmp)
    app.add_typer(group, name="areas")


def list_(db: DbOption = None, format_: FormatOption = None) -> None:
    """List the material balance areas."""
    from keiryo.places.tables import areas, key_measurement_points

    books = opened(db)
    with books.database.reading() as connection:
        metadata = books.database.metadata
        rows = [
            {
                "mba": area.code,
                "facility": area.facility,
                "type": area.type,
                "batch_follow_up": "yes" if area.batch_follow_up else "no",
                "zone": area.zone,
                "kmps": " ".join(key_measurement_points(connection, metadata, area.code)),
                "name": area.name,
            }
            for area in areas(connection, metadata).values()
        ]
    show_rows(rows, format_of(format_), empty="No area is registered yet.")


def add(
    mba: Annotated[str, typer.Argument(metavar="MBA", help="Code of four characters.")],
    facility: Annotated[str, typer.Option("--facility", help="Code of four characters.")],
    type_: Annotated[str, typer.Option("--type", help="item, bulk or LOF.")],
    batch_follow_up: Annotated[
        bool | None,
        typer.Option(
            "--batch-follow-up/--no-batch-follow-up",
            help="Whether batches keep their identity. Default: not in a bulk area.",
        ),
    ] = None,
    zone: Annotated[str, typer.Option("--zone", help="Time zone, e.g. Asia/Tokyo.")] = "UTC",
    name: Annotated[str | None, typer.Option("--name", help="Name in words.")] = None,
    db: DbOption = None,
) -> None:
    """Register an area, or change what is registered."""
    import uuid
    from zoneinfo import ZoneInfo

    from keiryo.errors import UsageError
    from keiryo.journal.model import Draft
    from keiryo.places.model import MaterialBalanceArea
    from keiryo.places.tables import AREA, area_values

    try:
        ZoneInfo(zone)
    except (ValueError, OSError, KeyError):
        raise UsageError(f"there is no time zone {zone!r}", "Write e.g. Asia/Tokyo.") from None
    books = opened(db)
    follow = type_ != "bulk" if batch_follow_up is None else batch_follow_up
    place = MaterialBalanceArea(books.state, facility, mba, type_, follow, zone, name)
    draft = Draft("place.register", f"place.register:{uuid.uuid4()}")
    draft.add(AREA.name, area_values(place))
    print(f"{place.scope} registered by act {books.post(draft).act.act_id}.")


def kmp(
    mba: Annotated[str, typer.Argument(metavar="MBA", help="Material balance area.")],
    code: Annotated[str, typer.Argument(metavar="KMP", help="One or two characters.")],
    purpose: Annotated[str, typer.Option("--purpose", help="flow or inventory.")],
    name: Annotated[str | None, typer.Option("--name", help="Name in words.")] = None,
    db: DbOption = None,
) -> None:
    """Register a key measurement point."""
    import uuid

    from keiryo.errors import UsageError
    from keiryo.journal.model import Draft
    from keiryo.places.tables import KEY_MEASUREMENT_POINT, area

    if purpose not in ("flow", "inventory"):
        raise UsageError(f"{purpose!r} is no purpose", "Give flow or inventory.")
    books = opened(db)
    with books.database.reading() as connection:
        place = area(connection, books.database.metadata, mba)
    draft = Draft("place.register", f"place.register:{uuid.uuid4()}")
    draft.add(
        KEY_MEASUREMENT_POINT.name, scope=place.scope, mba=mba, kmp=code, purpose=purpose, name=name
    )
    print(f"KMP {code} of {mba} registered by act {books.post(draft).act.act_id}.")
