"""Profiles: by when something is due, what national systems differ in, profiles of one's own."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keiryo.data import read_table
from keiryo.duty_rules import (
    BASES,
    OFFSETS,
    TRIGGERS,
    WEEKENDS,
    DutyRule,
    WorkingDays,
    due_date,
    months_after,
    read_holidays,
)
from keiryo.errors import NotFoundError, RefusedError, UsageError
from keiryo.profile_files import (
    CODE_TABLE,
    DUTY,
    MAX_BYTES,
    PROFILE,
    read_profile_files,
    read_profiles,
    shipped_tables,
)
from keiryo.profiles import (
    FOLDER_VARIABLE,
    Profile,
    code_tables,
    folder_tables,
    profile,
    profile_names,
    vocabulary_names,
)

TODAY = date(2026, 2, 1)


def due(name: str, kind: str, day: date, trigger: str | None = None) -> date:
    """Return when a profile wants a kind of duty that a day triggers."""
    found = profile(name, TODAY)
    (rule,) = (r for r in found.deadlines.of_kind(kind) if trigger in (None, r.trigger))
    return due_date(rule, day, found.deadlines.working_days)


@pytest.mark.parametrize(
    ("name", "kind", "day", "expected"),
    [
        # INFCIRC/153, paragraphs 62 and 63.
        ("code10", "ICR", date(2025, 2, 14), date(2025, 3, 30)),
        ("code10", "ICR", date(2025, 9, 26), date(2025, 10, 30)),
        ("code10", "ICR", date(2025, 1, 31), date(2025, 3, 2)),
        ("code10", "ICR", date(2024, 1, 31), date(2024, 3, 1)),
        ("code10", "MBR", date(2025, 12, 31), date(2026, 1, 30)),
        ("code10", "PIL", date(2025, 12, 31), date(2026, 1, 30)),
        ("code10", "initial", date(2025, 1, 5), date(2025, 3, 2)),
        ("code10", "confirmation of receipt", date(2025, 11, 30), date(2026, 2, 28)),
        # Euratom and the United Kingdom.
        ("euratom", "ICR", date(2025, 2, 14), date(2025, 3, 15)),
        ("euratom", "programme of activities", date(2025, 5, 1), date(2025, 12, 31)),
        ("euratom", "conditioned waste shipments", date(2025, 5, 1), date(2026, 1, 31)),
        ("euratom", "programme of the physical inventory", date(2025, 12, 31), date(2025, 11, 21)),
        ("united_kingdom", "PIL", date(2025, 12, 31), date(2026, 1, 14)),
        ("united_kingdom", "MBR", date(2025, 12, 31), date(2026, 1, 14)),
        # Canada: 13 June 2025 is a Friday; 30 April 2025 a Wednesday.
        ("canada", "ICD", date(2025, 6, 12), date(2025, 6, 13)),
        ("canada", "ICD", date(2025, 6, 13), date(2025, 6, 16)),
        ("canada", "GL", date(2025, 4, 3), date(2025, 5, 9)),
        ("canada", "LII", date(2025, 4, 30), date(2025, 5, 9)),
        ("canada", "obligated material summary", date(2025, 7, 1), date(2026, 1, 31)),
        ("canada", "report on inventory difference", date(2025, 4, 30), date(2025, 5, 30)),
        # Japan, Article 7.
        ("japan", "ICR", date(2026, 1, 20), date(2026, 2, 15)),
        ("japan", "form 5 per supplier party", date(2026, 1, 20), date(2026, 2, 28)),
        ("japan", "form 5 per supplier party", date(2026, 2, 3), date(2026, 3, 31)),
        ("japan", "form 6 on mixing per supplier party", date(2026, 1, 20), date(2026, 2, 28)),
        ("japan", "nuclear production and loss", date(2026, 1, 20), date(2026, 2, 15)),
        ("japan", "PIL", date(2026, 1, 31), date(2026, 2, 15)),
        ("japan", "form 10 per supplier party", date(2026, 1, 31), date(2026, 2, 28)),
        ("japan", "form 10 per supplier party", date(2026, 3, 10), date(2026, 4, 10)),
        ("japan", "moderator stock of the month", date(2026, 1, 20), date(2026, 2, 15)),
        ("japan", "moderator stock of the year", date(2026, 1, 20), date(2026, 12, 31)),
        # United States: 20 days after 4 January 2026 is Saturday 24 January.
        ("usa", "initial", date(2026, 1, 4), date(2026, 1, 26)),
        ("usa", "initial", date(2026, 1, 5), date(2026, 1, 26)),
        ("usa", "initial", date(2026, 1, 6), date(2026, 1, 26)),
        ("usa", "initial", date(2026, 1, 7), date(2026, 1, 27)),
    ],
)
def test_due_dates(name: str, kind: str, day: date, expected: date) -> None:
    assert due(name, kind, day) == expected


def test_notices_of_euratom_are_counted_in_working_days() -> None:
    packing = date(2026, 3, 12)  # a Thursday
    assert due("euratom", "advance notice", packing, "planned_export") == date(2026, 3, 2)
    assert due("euratom", "advance notice", packing, "planned_import") == date(2026, 3, 5)
    assert due("code10", "advance notice", packing, "planned_export") == date(2026, 2, 26)


def test_holidays_and_other_weekends() -> None:
    rule = DutyRule("x", "", "change_day", "business_days", 1)
    friday = date(2025, 6, 13)
    off = WorkingDays(holidays=frozenset({date(2025, 6, 16)}))
    assert due_date(rule, friday, off) == date(2025, 6, 17)
    assert due_date(rule, friday, WorkingDays(weekend=frozenset({4, 5}))) == date(2025, 6, 15)
    for weekend, expected in (
        ("as_is", date(2025, 6, 15)),
        ("next_working_day", date(2025, 6, 17)),
        ("previous_working_day", date(2025, 6, 13)),
    ):
        moved = DutyRule("x", "", "pit", "days", 2, weekend=weekend)
        assert due_date(moved, friday, off) == expected
    text = "2025-06-16 # a day off\n\n20251225,Christmas\n"
    assert read_holidays(text) == {date(2025, 6, 16), date(2025, 12, 25)}
    with pytest.raises(UsageError, match=r"line 2: '25\.12\.2025' is not a date"):
        read_holidays("2025-12-24\n25.12.2025\n")


@given(
    st.dates(date(1990, 1, 1), date(2080, 12, 31)),
    st.sampled_from(OFFSETS),
    st.sampled_from(BASES),
    st.sampled_from(WEEKENDS),
    st.integers(1, 28),
)
def test_later_triggers_are_never_due_earlier(
    day: date, offset: str, base: str, weekend: str, count: int
) -> None:
    month_day = (12, 31) if offset == "month_day" else None
    rule = DutyRule("x", "", "pit", offset, count, month_day, base=base, weekend=weekend)
    first, second = due_date(rule, day), due_date(rule, day + timedelta(days=1))
    assert first <= second
    assert rule.words
    if weekend != "as_is" or offset == "business_days":
        assert WorkingDays().works(first)
    if weekend == "next_working_day" and offset != "at_once":
        assert first >= day


def test_months_are_clamped() -> None:
    assert months_after(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert months_after(date(2025, 1, 31), 1) == date(2025, 2, 28)
    assert months_after(date(2025, 1, 31), -2) == date(2024, 11, 30)


def test_deadlines_of_reports() -> None:
    model = profile("code10", TODAY).deadlines
    assert (model.icr_days, model.mbr_days, model.initial_days) == (30, 30, 30)
    assert (model.pit_months, model.pit_yearly) == (14, True)
    japan = profile("japan", TODAY).deadlines
    assert (japan.icr_days, japan.mbr_days) == (15, 15)
    assert japan.icr_due(date(2026, 1, 20)) == date(2026, 2, 15)
    assert japan.mbr_due(date(2026, 1, 31)) == date(2026, 2, 15)
    canada = profile("canada", TODAY).deadlines
    assert canada.icr_due(date(2025, 6, 13)) == date(2025, 6, 16)
    assert (canada.icr_days, canada.mbr_days) == (30, 30)  # neither is counted in days


def test_shipped_profiles_and_duties_are_well_formed() -> None:
    """The shipped tables fit the form that files of one's own are held to."""
    tables = shipped_tables()
    fields = ((PROFILE, tables.profiles), (DUTY, tables.duties), (CODE_TABLE, tables.code_tables))
    for spec, rows in fields:
        for row in rows:
            assert not row.keys() - spec.keys(), row
            for name, (required, fits, words) in spec.items():
                assert name in row or not required, (name, row)
                assert name not in row or fits(row[name]), (name, words, row)
    known = {*profile_names(), *vocabulary_names()}
    for duty in tables.duties:
        assert sum(name in duty for name in OFFSETS) == 1, duty
        assert set(duty["profiles"]) <= set(profile_names())
        assert duty["trigger"] in TRIGGERS
    for table in tables.code_tables:
        assert set(table["profiles"]) <= known
        assert all(len(row) == len(table["columns"]) for row in table["rows"]), table["name"]
    for name in profile_names():
        rules = profile(name, TODAY).duties
        assert rules and all(rule.source and rule.words for rule in rules)
        assert {"ICR", "ICD"} & {rule.kind for rule in rules}


def test_a_profile_shows_the_same_uranium() -> None:
    for name in profile_names():
        found = profile(name, TODAY)
        letters = set(found.categories)
        assert letters >= {"P", "T"}
        assert found.splits_enriched == ({"H", "L"} <= letters)
        assert found.unifies_uranium == ("U" in letters)
        if not found.unifies_uranium:
            assert letters >= {"N", "D"} and ("E" in letters) != found.splits_enriched
    assert profile("canada", TODAY).bulk_items == 1
    assert profile("japan", TODAY).retention_years == 10


def rows(name: str, table: str) -> dict[str, tuple[str, ...]]:
    (found,) = (t for t in code_tables(name) if t.name == table)
    return {row[0]: row[1:] for row in found.rows}


def test_codes_of_euratom() -> None:
    changes = rows("euratom", "types of inventory change")
    by_sign = {sign: {c for c, row in changes.items() if row[0] == sign} for sign in "+-"}
    plus = "RD RF RN FC FW GA CE CB CC RB BR PR SR CR MP"
    minus = "SD SF SN TC TE TW LA TU"
    stated = "NP NL DI NM BJ MF RA R5 BA"
    assert by_sign["+"] == set(plus.split())
    assert by_sign["-"] == set(minus.split())
    assert {c for c, row in changes.items() if row[0] == "as reported"} == set(stated.split())
    assert set(rows("united_kingdom", "correction flags")) == set("DAL")
    measured = rows("euratom", "measurement codes")
    assert measured["G"] == ("estimated", "here", "yes")
    assert measured["H"] == ("estimated", "elsewhere", "yes")
    assert {"OR", "YC", "U6", "T2", "CP", "LO"} <= set(rows("euratom", "material forms"))
    assert rows("euratom", "fields of an inventory change report")["10"][1] == "2"


def test_codes_of_others() -> None:
    labels = rows("canada", "labels beyond Code 10")
    assert {"1000", "1025", "1634", "2001", "2007"} <= set(labels)
    assert set(rows("canada", "change codes beyond Code 10")) == {"L-", "L+", "R+", "R-"}
    assert set(rows("canada", "material description: container (character 3)")) == set("CPDSBFO")
    assert set(rows("canada", "material description: state (character 4)")) == set("FIWNR")
    assert rows("usa", "forms")["DOE/NRC-742C"] == ("PIL",)
    assert vocabulary_names() == ("france",)
    assert len(code_tables("france")[0].rows) == 11
    with pytest.raises(NotFoundError, match="no profile 'france'"):
        profile("france", TODAY)


# --- profiles of one's own -----------------------------------------------------------------------

OWN = """
[[profile]]
name = "xh_national"
like = "code10"
title = "Rules of State XH"
source = "Act of 2025"
status = "verified"
valid_from = 2026-01-01
categories = "NDLHPT"
weekend = ["Friday", "Saturday"]
holidays = [2026-02-16]

[[duty]]
kind = "ICR"
report = "I"
trigger = "change_month"
base = "end_of_month"
business_days = 10
source = "Act of 2025, article 3"
status = "verified"

[[duty]]
kind = "yearly statement"
trigger = "year"
month_day = "03-31"
years = 1
source = "Act of 2025, article 9"
status = "verified"

[[code_table]]
name = "letters"
source = "Act of 2025, annex"
status = "verified"
columns = ["code", "meaning"]
rows = [["Q", "a quarter"]]
"""


def own(text: str) -> list[tuple[str, str, str]]:
    """Return the findings of a file: code, place, message."""
    tables, findings = read_profiles(text.encode(), "own.toml")
    assert not findings or tables == type(tables)()
    assert all(f.advice and f.file == "own.toml" for f in findings)
    return [(f.code, f.cell or "", f.message) for f in findings]


def test_a_profile_of_ones_own() -> None:
    tables, findings = read_profiles(OWN.encode(), "own.toml")
    assert not findings
    found = profile("xh_national", TODAY, tables)
    assert found.splits_enriched
    assert found.retention_years == profile("code10", TODAY).retention_years
    kinds = [rule.kind for rule in found.duties]
    assert kinds[:2] == ["ICR", "yearly statement"]
    assert kinds.count("ICR") == 1 and {"PIL", "MBR", "initial"} <= set(kinds)
    # 1 February 2026 is a Sunday, a working day there; 16 February is not.
    assert found.deadlines.icr_due(date(2026, 1, 20)) == date(2026, 2, 12)
    assert found.deadlines.icr_due(date(2026, 2, 20)) == date(2026, 3, 12)
    assert [t.name for t in code_tables("xh_national", tables)] == ["letters"]
    with pytest.raises(NotFoundError, match="no version that holds on 2025-12-31"):
        profile("xh_national", date(2025, 12, 31), tables)
    assert profile("code10", TODAY, tables) == profile("code10", TODAY)


def test_profiles_of_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folder_tables().names() == ()
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    (tmp_path / "own.toml").write_text(OWN)
    found: Profile = profile("xh_national", TODAY)
    assert found.title == "Rules of State XH"
    (tmp_path / "twin.toml").write_text(OWN)
    with pytest.raises(RefusedError) as caught:
        profile("xh_national", TODAY)
    assert {f.code for f in caught.value.findings} == {"PROFILE-NAME"}
    assert profile("code10", TODAY).name == "code10"  # a shipped profile needs no folder


@pytest.mark.parametrize(
    ("old", "new", "place", "told"),
    [
        ('like = "code10"', 'like = "mars"', "profile 1", "names no shipped profile"),
        ('"NDLHPT"', '"NDLPT"', "profile 1", "'categories' is 'NDLPT'"),
        ('"NDLHPT"', '"NDELHPT"', "profile 1", "'categories'"),
        ("2026-01-01", '"2026-01-01"', "profile 1", "'valid_from' is '2026-01-01'"),
        ('["Friday", "Saturday"]', '["Freitag"]', "profile 1", "'weekend'"),
        ("[2026-02-16]", '["soon"]', "profile 1", "'holidays'"),
        ('title = "Rules of State XH"', "titel = 1", "profile 1", "no field 'titel'"),
        ("business_days = 10\n", "", "duty 1 (ICR)", "found none"),
        ("business_days = 10", "days = 1\nmonths = 1", "duty 1 (ICR)", "found days, months"),
        ("business_days = 10", "business_days = true", "duty 1 (ICR)", "is True"),
        ("business_days = 10", "business_days = 1.5", "duty 1 (ICR)", "is 1.5"),
        ('"change_month"', '"whenever"', "duty 1 (ICR)", "'trigger' is 'whenever'"),
        ('"03-31"', '"02-30"', "duty 2 (yearly statement)", "'month_day' is '02-30'"),
        ('source = "Act of 2025, article 9"', "", "duty 2", "'source' is missing"),
        ('[["Q", "a quarter"]]', '[["Q"]]', "code_table 1 (letters)", "row 1 has not 2 texts"),
        ("[[code_table]]", "[[codes]]", "codes", "no table 'codes'"),
        ("[[code_table]]", "[code_table]", "code_table", "is not a list of tables"),
        ('kind = "ICR"', 'kind = "ICR"\nprofiles = ["code10"]', "duty 1", "names code10"),
        ('name = "xh_national"', 'name = "code10"', "profile code10", "already"),
        ('name = "xh_national"', "name = [1]", "profile 1", "'name' is [1]"),
    ],
)
def test_what_is_wrong_with_a_file(old: str, new: str, place: str, told: str) -> None:
    assert old in OWN
    found = own(OWN.replace(old, new, 1))
    assert any(place in where and told in message for _, where, message in found), found


def test_all_problems_at_once_and_files_that_are_none(tmp_path: Path) -> None:
    text = OWN.replace('"change_month"', '"a"').replace('"year"', '"b"').replace('"NDL', '"Z')
    assert len(own(text)) >= 3
    assert own("[[profile]\n")[0][0] == "PROFILE-FILE"
    for content in (b"\xff\xfe\x00", b"x" * (MAX_BYTES + 1), b"a = " + b"[" * 5000):
        assert read_profiles(content, "own.toml")[1][0].code == "PROFILE-FILE"
    tables, findings = read_profile_files([tmp_path / "none.toml"])
    assert findings[0].code == "PROFILE-FILE" and tables.names() == ()
    twice = OWN.replace("[[duty]]", '[[profile]]\nname = "xh_national"\nlike = "code10"\n'
                        'title = "again"\nsource = "x"\nstatus = "design"\n'
                        "valid_from = 2026-01-01\n[[duty]]", 1)  # fmt: skip
    assert any("two versions" in message for _, _, message in own(twice))


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.sampled_from(["profile", "duty", "code_table"]), st.data())
def test_odd_content_never_raises(table: str, data: st.DataObject) -> None:
    """A well-formed row with one field of any kind gives findings, or a profile that works."""
    from keiryo.profile_files import _Reader

    spec = {"profile": PROFILE, "duty": DUTY, "code_table": CODE_TABLE}[table]
    field = data.draw(st.sampled_from(sorted(spec)))
    value = data.draw(json_like)
    import tomllib

    content = tomllib.loads(OWN)
    content[table][0][field] = value
    tables, findings = _Reader("own.toml", content, frozenset()).read()
    for name in tables.names():
        row = tables.profiles[0]
        found = profile(name, row["valid_from"], tables)
        for rule in found.duties:
            due_date(rule, TODAY, found.deadlines.working_days)
    assert findings or tables.names()


def test_the_tables_are_read_from_the_package() -> None:
    assert len(read_table("profiles")["profile"]) == len(profile_names())
