"""People are set up, admitted, empowered, suspended and let go; each step is an act."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from keiryo.errors import (
    ClockError,
    ConflictError,
    NotFoundError,
    RefusedError,
    UsageError,
)
from keiryo.journal.model import Actor
from keiryo.journal.reading import act
from keiryo.journal.verify import verify
from keiryo.people import accounts, administration, joining, keys
from keiryo.people.administration import GrantWanted
from keiryo.people.authority import actor_of_token
from keiryo.people.errors import SignInError
from keiryo.people.joining import FOUR_EYES
from keiryo.people.permissions import keys_in_force, person_of, release_policies
from keiryo.people.sessions import open_session, session_of
from keiryo.people.sign_in import sign_in
from keiryo.people.tokens import make_token, tokens_of
from keiryo.storage.engine import Database
from people.people_of_state import FABRICATION, PASSWORD, People, empty_areas, now

ACCOUNTANT = GrantWanted("facility accountant", FABRICATION)
OTHER_PASSWORD = "teapot willow 93 harbour"


@pytest.fixture(autouse=True)
def cheap_argon2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "ARGON2_TIME", 1)
    monkeypatch.setattr(keys, "ARGON2_MEMORY_KIB", 32)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    books = empty_areas(database_url)
    yield books.database
    books.disconnect()


@pytest.fixture
def people(sqlite_url: str) -> Iterator[People]:
    books = empty_areas(sqlite_url)
    yield People(books)
    books.disconnect()


def set_up(database: Database, token: str, **more: Any) -> accounts.Account:
    given = {"sign_in_name": "Hanako.Sato", "display_name": "佐藤 花子", "password": PASSWORD}
    return administration.first_administrator(database, "XA", token, now=now(), **(given | more))


def first_token(database: Database) -> str:
    made = administration.first_token(database, now())
    assert made is not None
    return made


def state_of(database: Database, person: str) -> str:
    with database.reading() as connection:
        return person_of(connection, database.metadata, person).state


def registered(database: Database, person: str) -> list[str]:
    with database.reading() as connection:
        return list(keys_in_force(connection, database.metadata, person))


def acts(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM act").scalar() or 0)


# --- setting up ----------------------------------------------------------------------------------


def test_the_first_administrator_sets_up_people(database: Database) -> None:
    account = set_up(database, first_token(database))
    assert (account.sign_in_name, account.display_name) == ("hanako.sato", "佐藤 花子")
    with database.reading() as connection:
        person = person_of(connection, database.metadata, account.person)
        policies = release_policies(connection, database.metadata)
        last = act(connection, database.metadata, 3)
    assert [(g.role, g.scope) for g in person.grants] == [("administrator", "XA")]
    assert policies == dict.fromkeys(FOUR_EYES, "four eyes")
    assert (last.kind, last.person, last.line_count) == ("person.admit", account.person, 6)
    assert registered(database, account.person) == [account.public_key]
    found = sign_in(database, "hanako.sato", PASSWORD, address=None, agent=None, now=now())
    session = session_of(database, found.token, now())
    assert session is not None
    key = session.signing_key(found.token)
    assert key is not None and key.key == account.public_key
    assert verify(database).sound


def test_set_up_is_done_once(database: Database) -> None:
    void, token = first_token(database), first_token(database)
    with pytest.raises(SignInError):
        set_up(database, void)
    with pytest.raises(SignInError):
        set_up(database, "")
    with pytest.raises(SignInError):
        joining.first_administrator(
            database,
            "XA",
            token,
            sign_in_name="late",
            display_name="Late",
            password=PASSWORD,
            now=now() + timedelta(hours=25),
        )
    set_up(database, token)
    assert administration.first_token(database, now()) is None
    for again in (token, void):
        with pytest.raises(ConflictError):
            set_up(database, again, sign_in_name="other")


def test_all_that_is_wrong_with_the_first_account_is_said_at_once(database: Database) -> None:
    token = first_token(database)
    with pytest.raises(RefusedError) as refused:
        set_up(database, token, sign_in_name="x", display_name="", password="short")
    codes = {finding.code for finding in refused.value.findings}
    assert {"SIGN-IN-NAME", "DISPLAY-NAME"} < codes
    assert acts(database) == 2
    set_up(database, token)


def interrupted(*_: object, **__: object) -> None:
    raise ClockError("the power went")


def test_an_interrupted_set_up_is_done_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = first_token(database)
    with monkeypatch.context() as broken:
        broken.setattr("keiryo.journal.posting._close", interrupted)
        with pytest.raises(ClockError):
            set_up(database, token)
    assert acts(database) == 2 and accounts.accounts(database) == []
    account = set_up(database, token, sign_in_name="HANAKO.sato")
    assert registered(database, account.person) == [account.public_key]


def test_set_up_sent_twice_at_once_happens_once(database: Database) -> None:
    token = first_token(database)
    start, told = threading.Barrier(2), []

    def send() -> None:
        start.wait()
        try:
            told.append(set_up(database, token).public_key)
        except (ConflictError, SignInError):
            told.append(None)

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(one is None for one in told) == [False, True]
    [account] = accounts.accounts(database)
    assert account.public_key in told
    key = accounts.signing_key_by_password(database, account.person, PASSWORD)
    assert key is not None and registered(database, account.person) == [key.key]


# --- admitting -----------------------------------------------------------------------------------


def admit(people: People, name: str = "taro", *grants: GrantWanted) -> tuple[str, str]:
    return administration.admit(
        people.database,
        people.administrator,
        sign_in_name=name,
        display_name="Taro Mori",
        grants=grants or [ACCOUNTANT],
        now=now(),
    )


def test_an_invited_person_chooses_a_password_and_signs(people: People) -> None:
    person, token = admit(people)
    database = people.database
    assert registered(database, person) == []
    with pytest.raises(RefusedError):
        administration.accept_invitation(database, "XA", token, password="taro", now=now())
    account = administration.accept_invitation(database, "XA", token, password=PASSWORD, now=now())
    assert registered(database, person) == [account.public_key]
    for again in (token, "x" * 43, ""):
        with pytest.raises(SignInError):
            administration.accept_invitation(
                database, "XA", again, password=OTHER_PASSWORD, now=now()
            )
    key = accounts.signing_key_by_password(database, person, PASSWORD)
    assert key is not None and key.key == account.public_key
    assert verify(database).sound


def test_who_was_suspended_meanwhile_accepts_nothing(people: People) -> None:
    person, token = admit(people)
    administration.suspend(people.database, people.administrator, person, now())
    with pytest.raises(SignInError):
        administration.accept_invitation(people.database, "XA", token, password=PASSWORD, now=now())


BAD_GRANTS = {
    "ROLE-UNKNOWN": GrantWanted("king", "XA"),
    "GRANT-SCOPE": GrantWanted("auditor", "xa"),
    "PLACE-UNKNOWN": GrantWanted("auditor", "XA/XAQ-"),
    "ADMINISTRATOR-SCOPE": GrantWanted("administrator", FABRICATION),
    "HANDLING-NAME": GrantWanted("auditor", "XA", "x' OR '1'='1"),
}


@pytest.mark.parametrize("code", BAD_GRANTS)
def test_a_grant_that_cannot_be(people: People, code: str) -> None:
    officer = people.officer()
    before = acts(people.database)
    with pytest.raises(RefusedError) as refused:
        administration.grant(
            people.database, people.administrator, officer.person, BAD_GRANTS[code], now()
        )
    assert [finding.code for finding in refused.value.findings] == [code]
    assert acts(people.database) == before


def test_more_grants_that_cannot_be(people: People) -> None:
    for wanted in (
        GrantWanted("auditor", "XB"),
        GrantWanted("auditor", "XA/XAF"),
        GrantWanted("auditor", "XA", ""),
        GrantWanted("auditor", "XA", "*"),
        GrantWanted("auditor", "XA", None, frozenset({"a;b"})),
    ):
        with pytest.raises(RefusedError):
            admit(people, "taro", wanted)
    admit(people, "taro", GrantWanted("auditor", "XA/XAF-", None, frozenset({"*"})))


def test_all_that_is_wrong_with_a_person_is_said_at_once(people: People) -> None:
    people.officer("officer")
    with pytest.raises(RefusedError) as refused:
        administration.admit(
            people.database,
            people.administrator,
            sign_in_name="OFFICER",
            display_name="\u202e",
            grants=BAD_GRANTS.values(),
            now=now(),
        )
    codes = {finding.code for finding in refused.value.findings}
    assert codes == {"SIGN-IN-NAME-TAKEN", "DISPLAY-NAME", *BAD_GRANTS}
    assert all(finding.advice for finding in refused.value.findings)


def test_only_an_administrator_administers(people: People) -> None:
    officer, other = people.officer(), people.accountant()
    database, before = people.database, acts(people.database)
    work = (
        lambda: administration.grant(database, officer, other.person, ACCOUNTANT, now()),
        lambda: administration.suspend(database, officer, other.person, now()),
        lambda: administration.leave(database, officer, other.person, now(), erase=True),
        lambda: administration.reset(database, officer, other.person, now()),
        lambda: administration.set_policy(database, officer, "report.issue", False, now()),
        lambda: administration.revoke_key(
            database, officer, other.person, registered(database, other.person)[0], now()
        ),
    )
    for one in work:
        with pytest.raises(RefusedError) as refused:
            one()
        assert {finding.code for finding in refused.value.findings} == {"NOT-PERMITTED"}
    stranger = Actor("P-STRANGER", "XA")
    with pytest.raises(RefusedError) as refused:
        administration.suspend(database, stranger, other.person, now())
    assert [finding.code for finding in refused.value.findings] == ["PERSON-NOT-ADMITTED"]
    assert acts(database) == before
    account = accounts.account(database, other.person)
    assert account is not None and account.display_name == "Accountant"


# --- what is decided, once -----------------------------------------------------------------------


def test_what_is_so_already_is_not_said_again(people: People) -> None:
    database, by = people.database, people.administrator
    person = people.officer().person
    auditor = GrantWanted("auditor", "XA", "XA-XB 1998", frozenset({"secret"}))
    steps = (
        lambda: administration.grant(database, by, person, auditor, now()),
        lambda: administration.withdraw(
            database, by, person, "auditor", "XA", now(), agreement="XA-XB 1998"
        ),
        lambda: administration.suspend(database, by, person, now()),
        lambda: administration.readmit(database, by, person, now()),
        lambda: administration.set_policy(database, by, "report.issue", False, now()),
        lambda: administration.leave(database, by, person, now()),
    )
    for step in (*steps[:4], steps[0], *steps[4:]):
        posted = step()
        assert not posted.repeated
        again = step()
        assert again.repeated and again.act == posted.act
    assert verify(database).sound


def test_what_was_never_so(people: People) -> None:
    database, by = people.database, people.administrator
    person = people.officer().person
    for wrong in (
        lambda: administration.grant(database, by, "P-NOBODY", ACCOUNTANT, now()),
        lambda: administration.withdraw(database, by, person, "auditor", "XA", now()),
        lambda: administration.suspend(database, by, "P-NOBODY", now()),
        lambda: administration.reset(database, by, "P-NOBODY", now()),
        lambda: administration.revoke_key(database, by, person, "00" * 32, now()),
    ):
        with pytest.raises(NotFoundError):
            wrong()
    with pytest.raises(UsageError):
        administration.set_policy(database, by, "place.register", True, now())
    with pytest.raises(UsageError):
        administration.reset(database, by, by.person, now())


def codes_of(error: pytest.ExceptionInfo[RefusedError]) -> list[str]:
    return [finding.code for finding in error.value.findings]


def test_duties_stay_apart_and_somebody_administers(people: People) -> None:
    database, by = people.database, people.administrator
    with pytest.raises(RefusedError) as refused:
        administration.grant(database, by, by.person, GrantWanted("auditor", "XA"), now())
    assert codes_of(refused) == ["OWN-GRANT"]
    assert by.signer is not None
    key = by.signer.key
    for last in (
        lambda: administration.withdraw(database, by, by.person, "administrator", "XA", now()),
        lambda: administration.suspend(database, by, by.person, now()),
        lambda: administration.leave(database, by, by.person, now()),
        lambda: administration.revoke_key(database, by, by.person, key, now()),
    ):
        with pytest.raises(RefusedError) as refused:
            last()
        assert codes_of(refused) == ["LAST-ADMINISTRATOR"]
    people.admit("second", GrantWanted("administrator", "XA"))
    administration.leave(database, by, by.person, now())
    assert state_of(database, by.person) == "left"


def test_who_is_suspended_or_left_has_no_access(people: People) -> None:
    database, by = people.database, people.administrator
    officer = people.officer()
    key = officer.signer
    assert isinstance(key, keys.SigningKey)
    token, _ = make_token(
        database,
        officer.person,
        name="script",
        abilities={"read", "write"},
        scope=None,
        lifetime=timedelta(days=1),
        signing_key=key,
        now=now(),
    )
    more = {"signing_key": key, "step": "full", "address": None, "agent": None}
    session = open_session(database, officer.person, now=now(), **more)
    assert session_of(database, session, now()) is not None
    administration.suspend(database, by, officer.person, now())
    assert session_of(database, session, now()) is None
    with pytest.raises(SignInError):
        actor_of_token(database, "XA", token, now())
    administration.readmit(database, by, officer.person, now())
    actor, person = actor_of_token(database, "XA", token, now())
    assert actor.signer is not None and person.may("release")
    administration.leave(database, by, officer.person, now(), erase=True)
    administration.readmit(database, by, officer.person, now())
    with pytest.raises(SignInError):
        actor_of_token(database, "XA", token, now())
    assert registered(database, officer.person) == [] and not people.known(officer).grants
    account = accounts.account(database, officer.person)
    assert account is not None and account.display_name is None


def test_a_reset_gives_a_new_beginning(people: People) -> None:
    database, by = people.database, people.administrator
    person, token = admit(people)
    administration.accept_invitation(database, "XA", token, password=PASSWORD, now=now())
    old = registered(database, person)
    given = {"address": None, "agent": None, "now": now()}
    assert sign_in(database, "taro", PASSWORD, **given).person == person
    reset = administration.reset(database, by, person, now())
    assert registered(database, person) == []
    with pytest.raises(SignInError):
        sign_in(database, "taro", PASSWORD, **given)
    with pytest.raises(SignInError):  # made for something else
        administration.accept_invitation(database, "XA", reset, password=OTHER_PASSWORD, now=now())
    administration.accept_reset(database, "XA", reset, password=OTHER_PASSWORD, now=now())
    assert len(registered(database, person)) == 1 and registered(database, person) != old
    assert sign_in(database, "taro", OTHER_PASSWORD, **given).person == person
    assert verify(database).sound


def test_a_new_key_takes_the_place_of_the_old(people: People) -> None:
    database = people.database
    person, token = admit(people)
    administration.accept_invitation(database, "XA", token, password=PASSWORD, now=now())
    old = accounts.signing_key_by_password(database, person, PASSWORD)
    assert old is not None
    actor = Actor(person, "XA", old)
    made = make_token(
        database,
        person,
        name="script",
        abilities={"write"},
        scope=None,
        lifetime=timedelta(days=1),
        signing_key=old,
        now=now(),
    )[1]
    with pytest.raises(SignInError):
        administration.new_key(database, actor, "not it", now())
    new = administration.new_key(database, actor, PASSWORD, now())
    assert registered(database, person) == [new.key]
    assert accounts.signing_key_by_password(database, person, PASSWORD) == new
    assert [one.is_over(now()) for one in tokens_of(database, person)] == [True], made
    with pytest.raises(RefusedError):  # the old one vouches for nothing any more
        people.post(actor, "key.register")
    assert verify(database).sound


def test_an_interrupted_acceptance_is_done_again(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = people.database
    person, token = admit(people)
    with monkeypatch.context() as broken:
        broken.setattr("keiryo.journal.posting._close", interrupted)
        with pytest.raises(ClockError):
            administration.accept_invitation(database, "XA", token, password=PASSWORD, now=now())
    account = accounts.account(database, person)
    assert account is not None and not account.has_password
    administration.accept_invitation(database, "XA", token, password=PASSWORD, now=now())
    key = accounts.signing_key_by_password(database, person, PASSWORD)
    assert key is not None and registered(database, person) == [key.key]


def test_who_has_no_key_registers_the_one_they_hold(people: People) -> None:
    database, key = people.database, keys.SigningKey.new()
    person, token = admit(people)
    assert administration.register_first_key(database, "XA", person, key, now()) is not None
    assert administration.register_first_key(database, "XA", person, key, now()) is None
    assert registered(database, person) == [key.key]
    with pytest.raises(ConflictError):  # no second beginning
        administration.accept_invitation(database, "XA", token, password=PASSWORD, now=now())


def test_a_token_narrows_its_person(people: People) -> None:
    database, officer = people.database, people.officer()
    assert isinstance(officer.signer, keys.SigningKey)

    def token(*abilities: str) -> str:
        return make_token(
            database,
            officer.person,
            name="script",
            abilities=abilities,
            scope="XA/XAF-",
            lifetime=timedelta(days=1),
            signing_key=officer.signer,  # type: ignore[arg-type]
            now=now(),
        )[0]

    actor, person = actor_of_token(database, "XA", token("write"), now())
    assert actor.signer is not None and actor.person == officer.person
    assert person.may_post("report.accept", FABRICATION)
    assert not person.may_post("report.accept", "XA/XAR-/XARA")
    assert not person.sight.sees("reports", "XA/XAR-/XARA")
    actor, _ = actor_of_token(database, "XA", token("read"), now())
    assert actor.signer is None
    with pytest.raises(SignInError):
        actor_of_token(database, "XA", "keiryo_" + "x" * 43, now())
    with pytest.raises(RefusedError) as refused:
        administration.suspend(database, replace(actor), officer.person, now())
    assert codes_of(refused) == ["NOT-PERMITTED"]
