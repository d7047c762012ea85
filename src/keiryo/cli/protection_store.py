"""Commands of the sealed store of a facility, which holds what is sensitive.

There is none until somebody makes one, and no command looks for one that was not named.
"""

from __future__ import annotations

from collections.abc import Callable

import typer

from keiryo.cli import protection_store_access as access
from keiryo.cli import protection_store_keeping as keeping
from keiryo.cli import protection_store_members as members
from keiryo.cli import protection_store_records as records
from keiryo.cli import protection_store_release as releases


def register_store(app: typer.Typer) -> None:
    """Add the command group ``store``."""
    group = typer.Typer(
        help="The sealed store of a facility: element values, results and records of access, "
        "readable by its named members alone. There is none until somebody makes one.",
        no_args_is_help=True,
    )
    commands: dict[str, Callable[..., None]] = {
        "create": members.create,
        "enrol": members.enrol,
        "passphrase": members.passphrase,
        "members": members.members,
        "propose": members.propose,
        "confirm": members.confirm,
        "put": records.put,
        "list": records.list_,
        "show": records.show,
        "evaluate": records.evaluate,
        "review": records.review,
        "approve": records.approve,
        "aggregate": records.aggregate,
        "stale": records.stale,
        "sample": records.sample,
        "review-access": access.review_access,
        "irregularities": access.irregularities,
        "resolve": access.resolve,
        "ask-release": releases.ask_release,
        "release": releases.release,
        "copies": releases.copies,
        "audit": keeping.audit,
        "verify": keeping.verify,
        "purge": keeping.purge,
        "destroy": members.destroy,
        "backup": keeping.backup,
    }
    for name, command in commands.items():
        group.command(name)(command)
    app.add_typer(group, name="store")
