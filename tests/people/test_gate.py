"""The gate of every act: each refusal, and what passes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keiryo.errors import RefusedError
from keiryo.journal.model import Actor
from keiryo.journal.verify import verify
from keiryo.people import administration
from keiryo.people.administration import GrantWanted
from keiryo.people.keys import SigningKey, content_digest, released_bytes
from keiryo.people.model import SignerWithin
from keiryo.people.tables import (
    PERSON_KEY,
    PERSON_STATE,
    RELEASE,
    ROLE_GRANT,
)
from keiryo.reports.service import import_reports
from people.people_of_state import (
    FABRICATION,
    REACTOR,
    People,
    area_line,
    demonstration_texts,
    empty_areas,
    now,
)

AREA = "material_balance_area"


@pytest.fixture
def people(sqlite_url: str) -> People:
    return People(empty_areas(sqlite_url))


def area(scope: str = FABRICATION, **more: Any) -> tuple[str, dict[str, Any]]:
    mba = scope[-4:]
    return AREA, {**area_line(mba, f"{mba[:3]}-"), "scope": scope, **more}


def released(by: Actor, words: str = "{}", **more: Any) -> tuple[str, dict[str, Any]]:
    digest = content_digest(words)
    assert by.signer is not None
    signature = by.signer.sign(released_bytes(digest)).hex()
    values = {
        "scope": FABRICATION,
        "prepared_by": by.person,
        "prepared_at": "2026-01-01T00:00:00.000000Z",
        "content_digest": digest,
        "preparer_key": by.signer.key,
        "preparer_signature": signature,
    }
    return RELEASE.name, values | more


def test_until_anybody_is_admitted_the_books_are_a_single_users(sqlite_url: str) -> None:
    books = empty_areas(sqlite_url)
    assert books.actor.signer is None
    with books.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM act").scalar() == 2


def test_who_may_posts_and_the_act_is_signed(people: People) -> None:
    officer = people.officer()
    act = people.post(officer, "place.register", area()).act
    with people.database.reading() as connection:
        query = f"SELECT person, key FROM signature WHERE act_id = {act.act_id}"
        assert officer.signer is not None
        assert connection.exec_driver_sql(query).one() == (officer.person, officer.signer.key)
    assert verify(people.database).sound


def test_nobody_who_is_not_admitted_posts(people: People) -> None:
    stranger = Actor("P-STRANGER", "XA", SigningKey.new())
    assert people.refused(stranger, "place.register", area()) == ["PERSON-NOT-ADMITTED"]
    officer = people.officer()
    administration.suspend(people.database, people.administrator, officer.person, now())
    assert people.refused(officer, "place.register", area()) == ["PERSON-NOT-ADMITTED"]


def test_who_does_not_sign_posts_nothing(people: People) -> None:
    officer = people.officer()
    for signer in (None, SigningKey.new()):
        unsigned = replace(officer, signer=signer)
        assert people.refused(unsigned, "place.register", area()) == ["NOT-SIGNED"]


def test_a_revoked_key_signs_nothing(people: People) -> None:
    officer = people.officer()
    assert officer.signer is not None
    key = officer.signer.key
    administration.revoke_key(people.database, people.administrator, officer.person, key, now())
    assert people.refused(officer, "place.register", area()) == ["NOT-SIGNED"]
    assert verify(people.database).sound


def test_a_role_permits_kinds_of_act_where_it_was_granted(people: People) -> None:
    local = people.officer(scope=FABRICATION)
    people.post(local, "place.register", area())
    assert people.refused(local, "place.register", area(REACTOR)) == ["NOT-PERMITTED"]
    both = people.refused(local, "place.register", area(), area(REACTOR), area("XA/XAL-/XALA"))
    assert both == ["NOT-PERMITTED", "NOT-PERMITTED"]
    accountant = people.accountant()
    assert people.refused(accountant, "place.register", area()) == ["NOT-PERMITTED"]
    assert people.refused(accountant, "place.register") == ["NOT-PERMITTED"]  # nothing in it
    assert people.refused(people.administrator, "place.register", area()) == ["NOT-PERMITTED"]


def test_agreement_and_caveat_narrow_a_role(people: People) -> None:
    wanted = GrantWanted("State officer", "XA", "XA-XB 1998", frozenset({"in confidence"}))
    officer = people.admit("under", wanted)
    mine = {"agreement": "XA-XB 1998"}
    people.post(officer, "place.register", area(**mine))
    people.post(officer, "place.register", area(**mine, caveat="in confidence"))
    for more in (
        {},
        {"agreement": "XA-XC 2001"},
        {**mine, "caveat": "secret"},
    ):
        assert people.refused(officer, "place.register", area(**more)) == ["NOT-PERMITTED"]


def test_a_narrow_token_narrows_its_person(people: People) -> None:
    officer = people.officer()
    assert officer.signer is not None
    narrow = replace(officer, signer=SignerWithin(officer.signer, "XA/XAF-"))
    people.post(narrow, "place.register", area())
    assert people.refused(narrow, "place.register", area(REACTOR)) == ["NOT-PERMITTED"]
    wide = key_of(officer.person, SigningKey.new().key)
    assert people.refused(narrow, "key.register", wide) == ["NOT-PERMITTED"]


def test_a_second_person_releases(people: People) -> None:
    accountant, officer = people.accountant(), people.officer()
    draft = area()
    assert people.refused(officer, "report.issue", draft) == ["SECOND-PERSON"]
    assert people.refused(officer, "report.issue", draft, released(officer)) == ["SECOND-PERSON"]
    good = released(accountant)
    # Who holds no role that releases cannot be the second person.
    other = people.accountant("other")
    people.releasing(other, good[1])
    assert people.refused(other, "report.issue", draft, good) == ["NOT-PERMITTED"]
    assert people.refused(officer, "report.issue", draft, good) == ["RELEASE-NOT-ASKED"]
    people.releasing(people.officer("officer2"), good[1])  # somebody else releases it
    assert people.refused(officer, "report.issue", draft, good) == ["RELEASE-NOT-ASKED"]
    people.releasing(officer, good[1])
    people.post(officer, "report.issue", draft, good)
    # Where the rule does not hold, a release that is stated must hold all the same.
    assert people.refused(officer, "place.register", draft, released(officer)) == ["SECOND-PERSON"]
    administration.set_policy(people.database, people.administrator, "report.issue", False, now())
    people.post(officer, "report.issue", area(name="again"))


def test_reports_that_come_in_take_two_people(people: People) -> None:
    accountant, officer = people.accountant(), people.officer()
    draft = area()
    administration.set_policy(people.database, people.administrator, "report.accept", True, now())
    assert people.refused(accountant, "report.accept", draft) == ["SECOND-PERSON"]
    people.post(officer, "report.accept", draft)  # who receives reports is the second
    local = people.officer("local", REACTOR)
    assert people.refused(local, "report.accept", draft) == ["NOT-PERMITTED", "SECOND-PERSON"]
    administration.set_policy(people.database, people.administrator, "report.accept", False, now())
    people.post(accountant, "report.accept", area(name="again"))


def test_the_preparer_signed_for_what_is_released(people: People) -> None:
    accountant, officer = people.accountant(), people.officer()
    good = released(accountant)
    for more in (
        {"content_digest": content_digest("other")},
        {"content_digest": "no digest"},
        {"preparer_key": SigningKey.new().key},
        {"preparer_signature": "00" * 64},
        {"prepared_by": "P-STRANGER"},
    ):
        found = people.refused(officer, "report.issue", area(), (good[0], good[1] | more))
        assert found == ["RELEASE-NOT-SIGNED"], more
    administration.suspend(people.database, people.administrator, accountant.person, now())
    found = people.refused(officer, "report.issue", area(), good)
    assert found == ["RELEASE-NOT-SIGNED"]


def grant_to(person: str, role: str = "administrator") -> tuple[str, dict[str, Any]]:
    values = {"person": person, "role": role, "granted_scope": "XA", "state": "granted"}
    return ROLE_GRANT.name, {"scope": "XA", **values}


def test_nobody_empowers_themselves(people: People) -> None:
    auditor = people.admit("auditor", GrantWanted("auditor", "XA"))
    found = people.refused(auditor, "role.grant", grant_to(auditor.person))
    assert found == ["NOT-PERMITTED", "OWN-GRANT"]
    mine = grant_to(people.administrator.person, "State officer")
    assert people.refused(people.administrator, "role.grant", mine) == ["OWN-GRANT"]
    stranger = Actor("P-STRANGER", "XA", SigningKey.new())
    state = (PERSON_STATE.name, {"scope": "XA", "person": "P-STRANGER", "state": "admitted"})
    assert people.refused(stranger, "person.admit", state) == ["PERSON-NOT-ADMITTED"]


def key_of(person: str, key: str) -> tuple[str, dict[str, Any]]:
    return PERSON_KEY.name, {"scope": "XA", "person": person, "key": key, "state": "registered"}


def test_only_the_person_registers_their_key(people: People) -> None:
    officer, new = people.officer(), SigningKey.new()
    planted = key_of(officer.person, new.key)
    assert people.refused(people.administrator, "key.register", planted) == ["KEY-OF-ANOTHER"]
    # With a key in force the new one does not vouch for itself.
    assert people.refused(replace(officer, signer=new), "key.register", planted) == ["NOT-SIGNED"]
    people.post(officer, "key.register", planted)
    people.post(replace(officer, signer=new), "place.register", area())


def test_the_first_key_vouches_for_itself_and_for_nothing_else(people: People) -> None:
    grants = [GrantWanted("State officer", "XA")]
    person, _ = administration.admit(
        people.database,
        people.administrator,
        sign_in_name="new",
        display_name="New",
        grants=grants,
        now=now(),
    )
    key = SigningKey.new()
    new = Actor(person, "XA", key)
    assert people.refused(new, "place.register", area()) == ["NOT-SIGNED"]
    found = people.refused(new, "key.register", key_of(person, key.key), area())
    assert set(found) == {"NOT-PERMITTED", "NOT-SIGNED"}
    people.post(new, "key.register", key_of(person, key.key))
    assert verify(people.database).sound


def test_the_state_is_never_without_an_administrator(people: People) -> None:
    state = {"scope": "XA", "person": people.administrator.person, "state": "suspended"}
    found = people.refused(people.administrator, "person.suspend", (PERSON_STATE.name, state))
    assert found == ["LAST-ADMINISTRATOR"]


def test_an_accountant_files_reports_of_the_own_area_only(people: People) -> None:
    texts, context = demonstration_texts()
    officer = people.officer()
    import_reports(people.database, [], officer, context=context)
    accountant = people.accountant()
    own = next(text for text in texts if text[0] == "XAFA.txt")
    assert import_reports(people.database, [own], accountant).complete
    other = next(text for text in texts if text[0] == "XARA.txt")
    with pytest.raises(RefusedError) as refused:
        import_reports(people.database, [other], accountant)
    assert {finding.code for finding in refused.value.findings} == {"NOT-PERMITTED"}
    unreadable = ("letter.txt", b"Dear colleague,\n")
    assert not import_reports(people.database, [unreadable], accountant).complete
    with people.database.reading() as connection:
        query = "SELECT count(*) FROM report WHERE mba = 'XARA'"
        assert connection.exec_driver_sql(query).scalar() == 0
