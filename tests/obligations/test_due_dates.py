"""Reports per supplier party: which they are, on which form, and the worked days."""

from __future__ import annotations

from datetime import date

import pytest

from keiryo.errors import UsageError
from keiryo.obligations.due_dates import (
    ACCIDENT,
    CHANGE,
    DISCHARGE,
    EXPORT,
    INVENTORY,
    MIXING,
    OCCASIONS,
    accounting_report_due,
    article_reports,
    inventory_report_due,
    reports_due,
    supplier_party_inventory_due,
    supplier_party_report_due,
)


@pytest.mark.parametrize(
    ("event", "ordinary", "per_party"),
    [
        (date(2026, 1, 20), date(2026, 2, 15), date(2026, 2, 28)),  # the worked example
        (date(2026, 1, 1), date(2026, 2, 15), date(2026, 2, 28)),
        (date(2026, 1, 31), date(2026, 2, 15), date(2026, 2, 28)),
        (date(2026, 2, 3), date(2026, 3, 15), date(2026, 3, 31)),
        (date(2027, 12, 5), date(2028, 1, 15), date(2028, 1, 31)),
        (date(2028, 1, 20), date(2028, 2, 15), date(2028, 2, 29)),
    ],
)
def test_events_count_from_the_month(event: date, ordinary: date, per_party: date) -> None:
    assert accounting_report_due(event) == ordinary
    assert supplier_party_report_due(event) == per_party


@pytest.mark.parametrize(
    ("ended", "ordinary", "per_party"),
    [
        (date(2026, 1, 31), date(2026, 2, 15), date(2026, 2, 28)),  # the worked example
        (date(2026, 3, 10), date(2026, 3, 25), date(2026, 4, 10)),
        (date(2028, 1, 30), date(2028, 2, 14), date(2028, 2, 29)),
        (date(2026, 12, 31), date(2027, 1, 15), date(2027, 1, 31)),
    ],
)
def test_inventories_count_from_their_day(ended: date, ordinary: date, per_party: date) -> None:
    assert inventory_report_due(ended) == ordinary
    assert supplier_party_inventory_due(ended) == per_party


def test_forms_follow_how_the_operator_records() -> None:
    by_batch = reports_due(CHANGE, date(2026, 1, 20))
    assert [(one.report.paragraphs, one.forms) for one in by_batch] == [
        ((4,), ("4",)),
        ((5,), ("5",)),
    ]
    by_pool = reports_due(CHANGE, date(2026, 1, 20), per_batch=False)
    assert [one.forms for one in by_pool] == [("4",), ("6",)]
    assert [one.report.per_supplier_party for one in by_pool] == [False, True]
    listed = reports_due(INVENTORY, date(2026, 1, 31), per_batch=False)
    assert [one.forms for one in listed] == [("8", "9"), ("11",)]
    assert [one.due for one in listed] == [date(2026, 2, 15), date(2026, 2, 28)]


def test_mixing_is_an_event_of_its_own_but_not_at_reactors() -> None:
    (mixed,) = reports_due(MIXING, date(2026, 1, 20))
    assert mixed.report.paragraphs == (6,) and mixed.forms == ("6",)
    assert mixed.due == date(2026, 2, 28) and mixed.report.per_supplier_party
    for kind in ("reactor", "spent fuel store"):
        assert reports_due(MIXING, date(2026, 1, 20), facility_kind=kind) == ()
        assert reports_due(CHANGE, date(2026, 1, 20), facility_kind=kind)


def test_other_occasions() -> None:
    spent = reports_due(DISCHARGE, date(2026, 1, 20))
    assert [(one.report.paragraphs, one.due) for one in spent] == [
        ((8, 9), date(2026, 2, 15)),
        ((10,), date(2026, 2, 28)),
    ]
    (notice,) = reports_due(EXPORT, date(2026, 1, 20))
    assert notice.due == date(2026, 1, 19) and notice.forms == ("14",)
    (told,) = reports_due(ACCIDENT, date(2026, 1, 20))
    assert told.due == date(2026, 2, 19) and told.report.when.startswith("at once")


def test_the_table_is_complete() -> None:
    reports = article_reports()
    paragraphs = {number for report in reports for number in report.paragraphs}
    assert paragraphs == {4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 18, 22, 23, 28, 29}
    assert {report.occasion for report in reports} == set(OCCASIONS)
    assert {n for r in reports for n in r.paragraphs if r.per_supplier_party} == {5, 6, 10, 12}
    for report in reports:
        assert report.basis.startswith("Regulation on the Use of International Controlled Material")
        assert report.title and report.when and report.rule.source


def test_an_unknown_occasion_says_what_there_is() -> None:
    with pytest.raises(UsageError, match="makes no report due") as told:
        reports_due("tea", date(2026, 1, 20))
    assert "mixing" in told.value.advice
