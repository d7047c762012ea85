"""The Python face: open the books, post to them, ask them.

>>> import keiryo                                     # doctest: +SKIP
>>> books = keiryo.open("books.sqlite")               # doctest: +SKIP
>>> books.balance("XAFA").to_dict()["lines"]["MF"]    # doctest: +SKIP
{'N': {'element': '0.035'}, 'E': {'element': '812.346', 'fissile': '36.118'}}
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keiryo.accounts.balance import balance as mba_balance
from keiryo.accounts.balance import last_period, state_balance
from keiryo.accounts.closing import Closed, close_period
from keiryo.accounts.explain import node_of
from keiryo.accounts.inventory import Inventory
from keiryo.accounts.inventory import inventory as mba_inventory
from keiryo.accounts.model import Balance, Knowledge
from keiryo.audit.model import AuditPack
from keiryo.audit.service import write_audit_pack
from keiryo.capabilities import installed_registry
from keiryo.dates import Period, parse_date, parse_utc, utc_text
from keiryo.errors import Finding, RefusedError, UsageError
from keiryo.journal import proofs
from keiryo.journal.model import Actor, Draft, Posted
from keiryo.journal.opening import open_journal, recorded_state
from keiryo.journal.persons import person_id
from keiryo.journal.posting import post, system_clock
from keiryo.journal.registry import Registry
from keiryo.journal.verify import Progress, Verification, verify
from keiryo.journal.why import why
from keiryo.oversight.deadlines import Duty, deadlines
from keiryo.oversight.transit_board import TransitRow, transit_board
from keiryo.people.authority import actor_of_token
from keiryo.people.permissions import people_are_set_up
from keiryo.places.model import COUNTRY_CODE
from keiryo.quantities import Category
from keiryo.reports.checking import check_against_books, check_files
from keiryo.reports.export import export_reports
from keiryo.reports.service import ImportSummary, import_reports
from keiryo.storage.engine import Database
from keiryo.storage.migrate import ready
from keiryo.vocabulary import profile as named_profile

if TYPE_CHECKING:
    import polars as pl

    from keiryo.evaluation.model import Evaluation
    from keiryo.movements.service import ImportSummary as MovementSummary

Day = datetime.date | str

MAX_INPUT_BYTES = 512 * 1024 * 1024


class Books:
    """The books of one State: everything a person can do with them.

    Made by `keiryo.open` or `keiryo.init`.
    """

    def __init__(self, database: Database, state: str, person: str | None = None) -> None:
        self.database = database
        self.state = state
        self._person = person

    def __enter__(self) -> Books:
        return self

    def __exit__(self, *_: object) -> None:
        self.disconnect()

    def disconnect(self) -> None:
        """Close the connections to the database."""
        self.database.close()

    @property
    def actor(self) -> Actor:
        """Who acts on behalf of the State, by pseudonymous id.

        Once people are admitted to the books, this is whom ``KEIRYO_TOKEN`` stands for, and they
        sign; until then, or where a person was named, nobody signs.

        Raises
        ------
        SignInError
            If the token is not good (any more).
        """
        token = os.environ.get("KEIRYO_TOKEN")
        if self._person is None and token and self._people_are_set_up():
            actor, _ = actor_of_token(self.database, self.state, token.strip(), system_clock())
            return actor
        if self._person is None:
            self._person = person_id(self.database)
        return Actor(self._person, self.state)

    def _people_are_set_up(self) -> bool:
        with self.database.reading() as connection:
            return people_are_set_up(connection, self.database.metadata)

    def import_reports(
        self,
        files: Iterable[str | Path],
        *,
        context: str | Path | None = None,
        accept_findings: str | None = None,
    ) -> ImportSummary:
        """Import files with labelled Code 10 reports as one set.

        Parameters
        ----------
        files : iterable of path
        context : path, optional
            JSON file that says what came before them.
        accept_findings : str, optional
            Accept reports with findings of severity E for this reason, which is recorded.
        """
        read = [(str(path), read_file(path)) for path in files]
        before = None if context is None else (str(context), read_file(context))
        return import_reports(
            self.database, read, self.actor, context=before, accept_reason=accept_findings
        )

    def check(
        self, paths: Iterable[str | Path], *, on: Day | None = None, profile: str = "code10"
    ) -> list[Finding]:
        """Check files of reports as they would stand in these books; nothing is recorded.

        Questions that the books raise without the files are not repeated. See `keiryo.check`.
        """
        day = _day(on)
        return check_against_books(
            self.database,
            [(str(path), read_file(path)) for path in paths],
            on=day,
            rules=named_profile(profile, day or datetime.date.today()),
        )

    def transit(self, on: Day, *, every: bool = False) -> list[TransitRow]:
        """Return what is on its way between areas in the evening of a day.

        With `every`, shipments that were received by then, too.
        """
        with self.database.reading() as connection:
            metadata = self.database.metadata
            return transit_board(connection, metadata, _required(on), every=every)

    def deadlines(self, on: Day, *, profile: str = "code10", mba: str | None = None) -> list[Duty]:
        """Return what is due, done and undone, as of a day, under a profile."""
        day = _required(on)
        with self.database.reading() as connection:
            metadata = self.database.metadata
            return deadlines(connection, metadata, day, named_profile(profile, day), mba=mba)

    def audit_pack(self, mba: str, start: Day, end: Day, out: str | Path) -> AuditPack:
        """Write the audit pack of an area over a period as one archive."""
        period = Period(_required(start), _required(end))
        return write_audit_pack(self.database, mba, period, Path(out))

    def import_movements(
        self,
        files: Iterable[str | Path],
        *,
        mapping: str | Path,
        inventory: str | Path | None = None,
        bulk: str | Path | None = None,
    ) -> MovementSummary:
        """Import item movements of a simulator or plant system, close and compare.

        Parameters
        ----------
        files : iterable of path
            CSV, CSV.GZ or Parquet.
        mapping : path
            What the columns and names mean; ``"phwr"`` is a mapping that keiryo ships.
        inventory, bulk : path, optional
            The source's own inventories and bulk stores.

        Raises
        ------
        RefusedError
            If the mapping or the files forbid posting; all findings are there.
        """
        from keiryo.movements.mapping_file import read_mapping
        from keiryo.movements.service import import_movements

        read, findings = read_mapping(Path(mapping))
        if read is None:
            raise RefusedError("the mapping cannot be used; nothing was posted", findings)
        return import_movements(
            self.database,
            read,
            [Path(path) for path in files],
            self.actor,
            inventory=None if inventory is None else Path(inventory),
            bulk=None if bulk is None else Path(bulk),
        )

    def post(self, draft: Draft) -> Posted:
        """Post an act of your own making through the pipeline, with all its checks."""
        return post(self.database, draft, self.actor)

    def balance(
        self,
        place: str,
        *,
        start: Day | None = None,
        end: Day | None = None,
        as_known: int | Day | None = None,
        recorded_by: str | datetime.datetime | None = None,
    ) -> Balance:
        """Return the material balance of an MBA, or of the State if its code is given.

        Parameters
        ----------
        place : str
            MBA code or country code.
        start, end : date or str, optional
            Default: the last period that a physical inventory taking ended.
        as_known : int, date or str, optional
            An act number, or a day: reports count from their date (label 003).
        recorded_by : str or datetime, optional
            Only what was recorded by this time.
        """
        knowledge = knowledge_of(as_known, recorded_by)
        with self.database.reading() as connection:
            ask = state_balance if COUNTRY_CODE.fullmatch(place) else mba_balance
            return ask(
                connection,
                self.database.metadata,
                place,
                start=_day(start),
                end=_day(end),
                knowledge=knowledge,
            )

    def inventory(self, mba: str, on: Day, *, as_known: int | Day | None = None) -> Inventory:
        """Return the book inventory of an MBA by batch at the end of a day."""
        day = _day(on)
        assert day is not None
        with self.database.reading() as connection:
            return mba_inventory(
                connection, self.database.metadata, mba, day, knowledge_of(as_known, None)
            )

    def ledger(
        self,
        mba: str,
        *,
        category: str | None = None,
        start: Day | None = None,
        end: Day | None = None,
        as_known: int | Day | None = None,
    ) -> pl.DataFrame:
        """Return the general ledger of an MBA as a frame, weights in milligrams."""
        from keiryo.accounts.ledger import general_ledger

        knowledge = knowledge_of(as_known, None)
        with self.database.reading() as connection:
            if start is None or end is None:
                period = last_period(connection, self.database.metadata, mba, knowledge)
                period = Period(_day(start) or period.start, _day(end) or period.end)
            else:
                period = Period(_day(start) or datetime.date.min, _day(end) or datetime.date.max)
            return general_ledger(
                connection,
                self.database.metadata,
                mba,
                period,
                category=None if category is None else Category(category),
                knowledge=knowledge,
            )

    def batch(self, mba: str, batch: str) -> pl.DataFrame:
        """Return everything that was stated about a batch, superseded lines too."""
        from keiryo.accounts.ledger import batch_history

        with self.database.reading() as connection:
            return batch_history(connection, self.database.metadata, mba, batch)

    def close(self, mba: str, pit: Day | None = None, *, rounding: str | None = None) -> Closed:
        """Close the balance of an MBA that a physical inventory taking ended."""
        return close_period(self.database, mba, _day(pit), self.actor, rounding_profile=rounding)

    def export_reports(self, mba: str, folder: str | Path) -> list[Path]:
        """Write the accepted reports of an MBA as labelled text."""
        with self.database.reading() as connection:
            return export_reports(connection, self.database.metadata, mba, Path(folder))

    def evaluate(
        self,
        mba: str,
        *,
        category: Category | str | None = None,
        start: Day | None = None,
        end: Day | None = None,
        as_known: int | Day | None = None,
        alpha: float = 0.05,
    ) -> tuple[Evaluation, ...]:
        """Say whether material is missing from the closed balances of an area.

        Parameters
        ----------
        mba : str
        category : Category or str, optional
            Default: every category; the main one (E, if present) comes first.
        start, end : date or str, optional
            Default: all balances that a physical inventory taking ended.
        as_known : int, date or str, optional
            Act, or day, up to which things were known.
        alpha : float
            Probability of a false alarm, of each balance; the statistics of the sequence hold it
            for all balances together.

        Returns
        -------
        tuple of Evaluation
            MUF, its standard deviation by source and stratum, tests, verdict and assumptions.
        """
        from keiryo.evaluation.service import Options, evaluate_balance

        return evaluate_balance(
            self.database,
            mba,
            category=None if category is None else str(category),
            start=_day(start),
            end=_day(end),
            knowledge=knowledge_of(as_known, None),
            options=Options(alpha),
        )

    def why(self, asked: str) -> dict[str, Any]:
        """Return the acts, lines, reports and evidence behind a figure, batch or item."""
        with self.database.reading() as connection:
            metadata = self.database.metadata
            node = node_of(connection, metadata, asked)
            chain = why(connection, metadata, self.database.registry, node)
        return {"object": asked, **chain.to_dict()}

    def verify(
        self, *, checkpoint: proofs.Checkpoint | None = None, progress: Progress | None = None
    ) -> Verification:
        """Verify every act, line and projection."""
        return verify(self.database, checkpoint=checkpoint, progress=progress)

    def checkpoint(self) -> proofs.Checkpoint:
        """Return the head of the chain, to be kept elsewhere."""
        with self.database.reading() as connection:
            return proofs.checkpoint(connection, self.database.metadata)

    def prove(self, act_id: int, line_no: int) -> dict[str, Any]:
        """Return the proof that a line is part of the journal."""
        with self.database.reading() as connection:
            return proofs.prove(connection, self.database.metadata, act_id, line_no)


def open_books(
    place: str | Path, *, person: str | None = None, registry: Registry | None = None
) -> Books:
    """Open the books at a place.

    Parameters
    ----------
    place : str or Path
        Path of an SQLite file, or a ``postgresql://`` URL.
    person : str, optional
        Pseudonymous id of the person who acts; default: that of the account.
    registry : Registry, optional
        Default: keiryo's capabilities and those of installed packages.

    Raises
    ------
    NotInitialisedError
        If there are no books.
    NewerSchemaError
        If a newer program wrote them.
    """
    database = Database(place, registry or installed_registry())
    ready(database)
    state = recorded_state(database)
    if state is None:
        raise UsageError("the books were never opened", "Run 'keiryo init --state XX' again.")
    return Books(database, state, person)


def init_books(
    place: str | Path,
    state: str,
    *,
    person: str | None = None,
    registry: Registry | None = None,
) -> Books:
    """Create the books of a State.

    Parameters
    ----------
    place : str or Path
        Path of an SQLite file, or a ``postgresql://`` URL.
    state : str
        Country code of two capital letters.
    person : str, optional
        Pseudonymous id of the person who acts; default: that of the account.
    registry : Registry, optional
        Default: keiryo's capabilities and those of installed packages.

    Raises
    ------
    UsageError
        If `state` is no country code.
    ConflictError
        If there are books already.
    """
    if not COUNTRY_CODE.fullmatch(state):
        raise UsageError(f"{state!r} is no country code", "Give two capital letters, e.g. XA.")
    database = Database(place, registry or installed_registry())
    if database.path is not None:
        try:
            database.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{database.path.parent}: {error.strerror}") from error
    from keiryo.storage.migrate import prepare

    prepare(database)
    books = Books(database, state, person)
    open_journal(database, state, books.actor)
    return books


def knowledge_of(
    as_known: int | Day | None, recorded_by: str | datetime.datetime | None
) -> Knowledge:
    """Return the state of knowledge that is meant by an act number, a day, or a time.

    Raises
    ------
    UsageError
        If it is none of them, or both are given.
    """
    if as_known is not None and recorded_by is not None:
        raise UsageError("give either as_known or recorded_by, not both")
    if recorded_by is not None:
        return Knowledge(recorded_by=_instant(recorded_by))
    if as_known is None:
        return Knowledge()
    if isinstance(as_known, datetime.date):
        return Knowledge(known_on=as_known)
    text = str(as_known).removeprefix("act:")
    if text.isdecimal() and len(text) < 8:
        return Knowledge(through_act=int(text))
    return Knowledge(known_on=_day(text))


def _instant(value: str | datetime.datetime) -> str:
    if isinstance(value, datetime.datetime):
        return utc_text(value)
    try:
        return utc_text(parse_utc(value))
    except ValueError:
        pass
    try:
        when = datetime.datetime.fromisoformat(value)
    except ValueError:
        raise UsageError(
            f"{value!r} is no time", "Write e.g. 2026-01-31T12:00:00Z (UTC)."
        ) from None
    return utc_text(when if when.tzinfo else when.replace(tzinfo=datetime.UTC))


def _day(value: Day | None) -> datetime.date | None:
    if value is None or isinstance(value, datetime.date):
        return value
    try:
        return parse_date(value)
    except ValueError as error:
        raise UsageError(str(error), "Write a date as 2025-12-31 or 20251231.") from None


def _required(value: Day) -> datetime.date:
    return parse_date(value) if isinstance(value, str) else value


def check(
    paths: Iterable[str | Path],
    *,
    context: str | Path | None = None,
    on: Day | None = None,
    profile: str = "code10",
) -> list[Finding]:
    """Check files of reports as one set; nothing is recorded.

    Parameters
    ----------
    paths : iterable of str or Path
        Labelled text, XLSX, CSV or JSON.
    context : str or Path, optional
        What came before the reports.
    on : date or str, optional
        The day to which ages are counted.
    profile : str, optional
        Whose deadlines and limits count.

    Returns
    -------
    list of Finding
        Everything that is wrong or worth a look, in the order of areas, reports and entries.

    Raises
    ------
    RefusedError
        If the context cannot be used.
    UsageError
        If a file cannot be read.
    """
    day = _day(on)
    return check_files(
        [(str(path), read_file(path)) for path in paths],
        context=None if context is None else (str(context), read_file(context)),
        on=day,
        rules=named_profile(profile, day or datetime.date.today()),
    )


def read_file(path: str | Path) -> bytes:
    """Return the content of an input file.

    Raises
    ------
    UsageError
        If it cannot be read, or is so large that it cannot be what it should be.
    """
    try:
        size = Path(path).stat().st_size
        if size > MAX_INPUT_BYTES:
            raise UsageError(
                f"{path} has {size:,} bytes, more than any set of reports",
                "Check that this is the right file; nothing was imported.",
            )
        return Path(path).read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}", "Nothing was imported."
        ) from error
