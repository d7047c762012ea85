"""The books as a person sees them: in Python and in SQL one rule, in every table, however asked."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

import postgres
from keiryo.accounts.balance import balance
from keiryo.errors import KeiryoError, ReadOnlyError
from keiryo.journal.act_scopes import NAME as ACT_SCOPE
from keiryo.journal.model import Actor, Draft
from keiryo.journal.posting import post
from keiryo.journal.reading import acts as read_acts
from keiryo.people import administration
from keiryo.people.administration import GrantWanted
from keiryo.people.keys import content_digest, released_bytes
from keiryo.people.model import EVERYTHING, ROLES, Grant, Person, Sight, Window, sight_of
from keiryo.people.views import Viewing
from keiryo.storage.engine import Database
from people.people_of_state import FABRICATION, REACTOR, People, demonstration_books, now

# --- one rule, two answers -----------------------------------------------------------------------

SCOPES = ("XA", "XA/XAF-", "XA/XAFA", FABRICATION, "XA/XAF-/XAFB", "XA/XAR-/XARA", "XB")
AGREEMENTS = (None, "", "XA-XB 1998", "XA-XB 1998 (2)", "A.1/2")
CAVEATS = (
    *(None, "", "secret", "in confidence", "a-b", "secret / a-b", "a-b / in confidence / secret"),
    *("a / b", "secret / other", "secret|a-b", "secret / ", "secret||a-b", " / secret"),
)
CAPABILITIES = ("reports", "accounts", "people")

windows = st.builds(
    Window,
    st.sampled_from(SCOPES),
    st.sampled_from([name for name in AGREEMENTS if name != ""]),
    st.frozensets(
        st.sampled_from(["secret", "in confidence", "a-b", "a / b", EVERYTHING]), max_size=4
    ),
)
sights = st.dictionaries(
    st.sampled_from([*CAPABILITIES, EVERYTHING]), st.lists(windows, max_size=4), max_size=4
).map(lambda d: Sight(tuple((name, tuple(d[name])) for name in sorted(d))))
lines = st.lists(
    st.tuples(st.sampled_from(SCOPES), st.sampled_from(AGREEMENTS), st.sampled_from(CAVEATS)),
    min_size=1,
    max_size=12,
)


@given(sights, lines, st.sampled_from(CAPABILITIES))
def test_python_and_sql_agree(sight: Sight, rows: list[Any], capability: str) -> None:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE line (n INTEGER, scope TEXT, agreement TEXT, caveat TEXT)")
        numbered = [(n, *row) for n, row in enumerate(rows)]
        connection.executemany("INSERT INTO line VALUES (?, ?, ?, ?)", numbered)
        query = f"SELECT n FROM line WHERE {sight.sql(capability, 'line')} ORDER BY n"
        by_sql = [n for (n,) in connection.execute(query)]
    assert by_sql == [n for n, *row in numbered if sight.sees(capability, *row)]


@given(sights, lines, st.sampled_from(CAPABILITIES), st.sampled_from(SCOPES))
def test_narrowed_sight_sees_what_lies_in_both(
    sight: Sight, rows: list[Any], capability: str, scope: str
) -> None:
    narrow = sight.within(scope)
    for row in rows:
        inside = row[0] == scope or row[0].startswith(f"{scope}/")
        assert narrow.sees(capability, *row) == (inside and sight.sees(capability, *row))


@pytest.mark.parametrize("name", ["x' OR '1'='1", "", "-a", "a\n", "a;b", "秘"])
def test_no_other_name_gets_into_sql(name: str) -> None:
    for window in (Window(name), Window("XA", name), Window("XA", None, frozenset({name}))):
        with pytest.raises(ValueError, match="no scope, agreement or caveat"):
            window.sql("line")


def test_a_caveat_of_several_parts_is_seen_by_who_may_see_each_of_them() -> None:
    window = Window("XA", None, frozenset({"secret", "a-b"}))
    assert window.covers("XA", None, "a-b / secret")
    assert not window.covers("XA", None, "a-b / secret / in confidence")


def test_who_is_suspended_sees_nothing() -> None:
    grant = Grant("P-1", "auditor", "XA")
    assert Person("P-1", "admitted", (grant,)).sight.sees("reports", "XA")
    assert not Person("P-1", "suspended", (grant,)).sight.capabilities


def test_roles_name_what_there_is() -> None:
    from keiryo.capabilities import builtin_registry

    known = {capability.name for capability in builtin_registry().capabilities}
    for role in ("facility accountant", "State officer", "administrator"):
        assert set(ROLES[role].reads) <= known


# --- the books of State XA -----------------------------------------------------------------------


class Seen:
    """The demonstration books with people, and what each of them sees."""

    def __init__(self, url: str) -> None:
        books = demonstration_books(url)
        books.close("XAFA")
        self.people = People(books)
        self.whole: Database = books.database
        self.accountant = self.people.accountant()
        self.officer = self.people.officer()
        self.auditor = self.people.admit("auditor", GrantWanted("auditor", "XA"))
        self.viewing = Viewing(self.whole, "XA")
        self.issued = self._release()

    def _release(self) -> int:
        """Post an act about XAFA that the accountant prepared and the officer released."""
        digest, signer = content_digest("{}"), self.accountant.signer
        assert signer is not None
        line = {
            "scope": FABRICATION,
            "prepared_by": self.accountant.person,
            "prepared_at": "2026-01-01T00:00:00.000000Z",
            "content_digest": digest,
            "preparer_key": signer.key,
            "preparer_signature": signer.sign(released_bytes(digest)).hex(),
        }
        endorsement = (("release", line),)
        self.people.releasing(self.officer, line)
        actor = Actor(self.officer.person, "XA", self.officer.signer, endorsement)
        draft = Draft("report.issue", "issue")
        area = {"state": "XA", "facility": "XAF-", "mba": "XAFA", "batch_follow_up": 0}
        draft.add("material_balance_area", area, zone="UTC", scope=FABRICATION)
        finding = {"code": "X", "severity": "W", "message": "a weight of 4 g", "advice": ""}
        draft.add("finding", finding, scope=FABRICATION)
        return post(self.whole, draft, actor).act.act_id

    def through(self, actor: Actor) -> Database:
        return self.viewing.through(self.people.known(actor).sight)

    def close(self) -> None:
        self.viewing.close()
        self.whole.close()


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def seen(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Seen]:
    with ExitStack() as open_until_the_end:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('seen') / 'books.sqlite'}"
        else:
            url = open_until_the_end.enter_context(postgres.fresh_database())
        made = Seen(url)
        open_until_the_end.callback(made.close)
        yield made


def rows(database: Database, table: str, *, raw: bool = False) -> list[dict[str, Any]]:
    """Return all rows of a table, asked in the one way or the other."""
    with database.reading() as connection:
        if raw:
            found = connection.exec_driver_sql(f"SELECT * FROM {table}")
        else:
            found = connection.execute(select(database.metadata.tables[table]))
        return [dict(row) for row in found.mappings()]


def inside(row: dict[str, Any], scope: str = FABRICATION) -> bool:
    return bool(row["scope"] == scope or row["scope"].startswith(f"{scope}/"))


def by_key(found: list[dict[str, Any]]) -> set[tuple[int, int]]:
    return {(row["act_id"], row["line_no"]) for row in found}


def test_an_accountant_sees_the_own_area_only(seen: Seen) -> None:
    """In every table of record and projection, whichever way it is asked."""
    mine = seen.through(seen.accountant)
    owner = seen.whole.registry.capability_of()
    present = set()
    for table, capability in owner.items():
        if table == "journal_opened":
            continue
        found = rows(mine, table)
        assert len(found) == len(rows(mine, table, raw=True)), table
        assert all(inside(row) for row in found), table
        if capability not in ("journal", "people") and table in seen.whole.registry.kinds:
            expected = [row for row in rows(seen.whole, table) if inside(row)]
            assert by_key(found) == by_key(expected), table
        present |= {table} if found else set()
    assert {"inventory_change", "report", "closing", "release", "finding", ACT_SCOPE} <= present
    assert not present & {"person_state", "role_grant", "person_key", "release_policy"}
    hidden = [row for row in rows(seen.whole, "inventory_change") if not inside(row)]
    assert hidden, "there is something to hide"


def test_acts_are_seen_by_who_sees_a_line(seen: Seen) -> None:
    kinds = seen.whole.registry.kinds
    for actor in (seen.accountant, seen.people.administrator, seen.auditor, seen.officer):
        database = seen.through(actor)
        lines_of = {row["act_id"] for kind in kinds for row in rows(database, kind)}
        lines_of -= {1}  # everybody may know which journal it is
        acts = {row["act_id"] for row in rows(database, "act")} - {1}
        assert acts == lines_of == {row["act_id"] for row in rows(database, ACT_SCOPE)} - {1}
        assert {row["act_id"] for row in rows(database, "signature")} <= acts


def test_counts_and_lists_agree(seen: Seen) -> None:
    database = seen.through(seen.accountant)
    with database.reading() as connection:
        metadata = database.metadata
        listed = list(read_acts(connection, metadata))
        count = connection.execute(select(func.count()).select_from(metadata.tables["act"]))
        assert count.scalar() == len(listed)
        counted = connection.exec_driver_sql("SELECT count(*) FROM inventory_change").scalar()
        assert counted == len(rows(database, "inventory_change"))
        assert 0 < len(listed) < len(rows(seen.whole, "act"))


def test_the_administrator_sees_no_material(seen: Seen) -> None:
    database = seen.through(seen.people.administrator)
    owner = seen.whole.registry.capability_of()
    for table, capability in owner.items():
        if capability != "people" and table not in ("journal_opened", ACT_SCOPE):
            assert rows(database, table) == [], table
    people = ("person_state", "role_grant", "person_key", "release_policy")
    assert all(len(rows(database, t)) == len(rows(seen.whole, t)) > 0 for t in people)
    # Who prepared what goes with what was prepared; neither is the administrator's business.
    assert rows(database, "release") == []
    assert seen.issued not in {row["act_id"] for row in rows(database, "act")}


def test_who_prepared_is_seen_with_what_was_prepared(seen: Seen) -> None:
    for actor in (seen.accountant, seen.officer, seen.auditor):
        database = seen.through(actor)
        assert [row["act_id"] for row in rows(database, "release")] == [seen.issued]
        assert seen.issued in {row["act_id"] for row in rows(database, "finding")}


def test_the_officer_sees_all_material_and_no_people(seen: Seen) -> None:
    database = seen.through(seen.officer)
    for table, capability in seen.whole.registry.capability_of().items():
        everything = len(rows(seen.whole, table))
        if table != ACT_SCOPE:
            expected = everything if capability != "people" or table == "release" else 0
            assert len(rows(database, table)) == expected, table


def test_working_tables_are_nobodys(seen: Seen) -> None:
    assert rows(seen.whole, "account")
    for actor in (seen.accountant, seen.people.administrator, seen.auditor):
        database = seen.through(actor)
        for table in ("person", *(one.name for one in database.registry.working_tables)):
            assert rows(database, table) == [], table


def test_services_answer_from_what_is_seen(seen: Seen) -> None:
    with seen.whole.reading() as connection:
        whole = balance(connection, seen.whole.metadata, "XAFA")
    mine = seen.through(seen.accountant)
    with mine.reading() as connection:
        assert balance(connection, mine.metadata, "XAFA").lines == whole.lines
        with pytest.raises(KeiryoError):
            balance(connection, mine.metadata, "XARA")


def test_nothing_is_written_through_it(seen: Seen) -> None:
    database = seen.through(seen.accountant)
    with pytest.raises(ReadOnlyError), database.writing():
        pass
    statement = "DELETE FROM inventory_change"
    with database.engine.connect() as connection, pytest.raises(DBAPIError):
        connection.exec_driver_sql(statement)
    assert rows(seen.whole, "inventory_change")


def test_seeing_everything_is_the_books_themselves(seen: Seen) -> None:
    every = Person("P", "admitted", (Grant("P", "auditor", "XA", None, frozenset({EVERYTHING})),))
    assert seen.viewing.through(every.sight) is seen.whole
    assert seen.viewing.through(seen.people.known(seen.auditor).sight) is not seen.whole


def test_agreement_and_caveat_hide_lines(sqlite_url: str) -> None:
    made = Seen(sqlite_url)
    officer = made.officer
    for number, (agreement, caveat) in enumerate(
        [(None, None), ("A 1", None), ("A 1", "secret"), (None, "secret")]
    ):
        draft = Draft("place.register", f"marked {number}")
        values = {"state": "XA", "facility": "XAR-", "mba": "XARA", "batch_follow_up": 0}
        draft.add(
            "material_balance_area",
            {**values, "zone": "UTC", "name": f"marked {number}"},
            scope=REACTOR,
            agreement=agreement,
            caveat=caveat,
        )
        by = officer
        if caveat or agreement:
            wanted = GrantWanted("State officer", "XA", agreement, frozenset({"*"}))
            by = made.people.admit(f"officer{number}", wanted)
        post(made.whole, draft, by)
    expected = {
        Window("XA"): {"marked 0", "marked 1"},
        Window("XA", "A 1"): {"marked 1"},
        Window("XA", None, frozenset({"secret"})): {f"marked {n}" for n in range(4)},
        Window("XA", "A 1", frozenset({"*"})): {"marked 1", "marked 2"},
        Window("XA", "A 2", frozenset({"*"})): set(),
    }
    for window, names in expected.items():
        grant = Grant("P", "inspector", window.scope, window.agreement, window.caveats)
        database = made.viewing.through(sight_of([grant]))
        found = {row["name"] for row in rows(database, "material_balance_area") if row["name"]}
        assert {name for name in found if name.startswith("marked")} == names
    made.close()


def test_a_withdrawn_role_shows_nothing(seen: Seen) -> None:
    people = seen.people
    other = people.officer("passing")
    assert rows(seen.through(other), "inventory_change")
    administration.withdraw(
        people.database, people.administrator, other.person, "State officer", "XA", now()
    )
    assert not rows(seen.through(other), "inventory_change")
