"""Commands of the server: serve the books in the browser and as an API, and stop it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keiryo.cli.options import DbOption, place_of_books


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(serve)
    app.command()(stop)


def serve(
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Settings (TOML); see the guide Operation."),
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. Default: this machine only.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on. Default: 8710.")] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes; more than one needs PostgreSQL.")
    ] = None,
    background: Annotated[
        bool, typer.Option("--background", help="Go on in the background; end with 'keiryo stop'.")
    ] = False,
    db: DbOption = None,
) -> None:
    """Serve the books in the browser and as an API.

    It listens on this machine only, unless told otherwise. Ctrl-C or 'keiryo stop' ends it: what
    is being answered is finished first.
    """
    from keiryo.cli.serving import run, settings_of

    settings = settings_of(db, config, host=host, port=port, workers=workers)
    if background:
        from keiryo.cli.background import start_in_background

        start_in_background(settings, config)
    else:
        run(settings, config)


def stop(
    db: DbOption = None,
) -> None:
    """End the server that serves these books in the background."""
    from keiryo.cli.background import end_in_background
    from keiryo.errors import NotFoundError

    if not end_in_background(place_of_books(db)):
        raise NotFoundError(
            "no server runs in the background for these books", "Name its books with --db."
        )
    print("The server has ended.")
