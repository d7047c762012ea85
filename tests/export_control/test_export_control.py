"""Licences, the notification clock and consignments: the worked examples and the boundaries."""

from __future__ import annotations

import datetime
from dataclasses import replace
from fractions import Fraction

import pytest

from keiryo.errors import UsageError
from keiryo.export_control.consignments import (
    Consignment,
    container_check_digit,
    is_container_number,
    priority,
)
from keiryo.export_control.matching import ExportLine, LicenceLine, converted, matched
from keiryo.export_control.notification import PlannedTransfer, notifications_due

DAY = datetime.date
F = Fraction
LICENCE = LicenceLine(
    *("L-1", "XB", "Consignee", "User", "1.2"),
    *(F(100), F(40), "kg", DAY(2026, 1, 1), DAY(2026, 12, 31)),
)
EXPORT = ExportLine(
    *("Exporter", "D-1", 1, "XB", "Consignee", "User", "1.2", F(60_000), "g", DAY(2026, 12, 31))
)


def result(export: ExportLine, *licences: LicenceLine, **more: object) -> tuple[str, ...]:
    found = matched(export, licences, **more)  # type: ignore[arg-type]
    assert found.result == (found.failed[0] if found.failed else found.result)
    return found.failed or (found.result,)


def test_a_licence_covers_an_export_to_its_ceiling_and_last_day() -> None:
    assert matched(EXPORT, [LICENCE]).licence == "L-1"
    assert result(EXPORT, LICENCE) == ("MATCHED",)
    assert result(replace(EXPORT, quantity=F(60_001)), LICENCE) == ("OVER-CEILING",)
    tolerant = replace(LICENCE, tolerance=F(1, 100))
    assert result(replace(EXPORT, quantity=F(60_001)), tolerant) == ("MATCHED-WITH-EXCESS",)
    assert result(replace(EXPORT, on=DAY(2027, 1, 1)), LICENCE) == ("EXPIRED",)
    assert result(EXPORT, replace(LICENCE, state="suspended")) == ("EXPIRED",)
    assert result(replace(EXPORT, end_user="Other"), LICENCE) == ("WRONG-END-USER",)
    assert result(replace(EXPORT, destination="XC"), LICENCE) == ("NO-LICENCE",)
    assert result(EXPORT, LICENCE, assured=False) == ("NO-ASSURANCE",)
    assert result(EXPORT, replace(LICENCE, needs_assurance=False), assured=False) == ("MATCHED",)
    before = {("Exporter", "D-1", 1)}
    assert result(EXPORT, LICENCE, matched_before=before) == ("DUPLICATE",)
    every = replace(EXPORT, end_user="Other", on=DAY(2027, 1, 1), quantity=F(90_000))
    assert result(every, LICENCE, assured=False) == (
        *("WRONG-END-USER", "EXPIRED", "OVER-CEILING", "NO-ASSURANCE"),
    )


def test_of_several_licences_the_one_that_expires_first() -> None:
    early = replace(LICENCE, licence="L-9", valid_to=DAY(2026, 12, 30))
    late = replace(LICENCE, licence="L-0", valid_to=DAY(2027, 6, 1))
    on = replace(EXPORT, on=DAY(2026, 6, 1))
    assert matched(on, [late, LICENCE, early]).licence == "L-9"
    assert matched(EXPORT, [late, LICENCE, early]).licence == "L-1"
    with pytest.raises(UsageError, match="measure different things"):
        matched(replace(EXPORT, unit="piece"), [LICENCE])
    with pytest.raises(UsageError, match="no unit"):
        converted(F(1), "lb", "kg")


def transfers(*some: tuple[str, str], **more: object) -> list[PlannedTransfer]:
    return [
        PlannedTransfer(f"S{n}", "D", DAY.fromisoformat(f"2026-{day}"), F(kg), **more)  # type: ignore[arg-type]
        for n, (day, kg) in enumerate(some, start=1)
    ]


def test_the_rolling_window_of_three_months() -> None:
    due = notifications_due(transfers(("01-10", "0.4"), ("02-15", "0.5"), ("04-05", "0.2")))
    assert [(one.references, one.sum_effective_kg) for one in due] == [
        (("S1", "S2", "S3"), F("1.1"))
    ]
    assert due[0].due == DAY(2026, 3, 22) and due[0].window_from == DAY(2026, 1, 5)
    assert notifications_due(transfers(("01-10", "0.4"), ("02-15", "0.5"), ("04-11", "0.2"))) == []
    # The day on which the window begins does not belong to it; exactly one does not exceed it.
    assert notifications_due(transfers(("02-28", "0.9"), ("05-31", "0.9"))) == []
    assert len(notifications_due(transfers(("03-01", "0.9"), ("05-31", "0.9")))) == 1
    assert notifications_due(transfers(("03-01", "0.5"), ("03-02", "0.5"))) == []


def test_large_ones_by_themselves_and_none_twice() -> None:
    due = notifications_due(transfers(("01-10", "1.00005"), ("01-11", "0.9")))
    assert [one.references for one in due] == [("S1",)]
    some = transfers(("01-10", "0.6"), ("01-20", "0.6"), ("02-01", "0.1"))
    assert [one.references for one in notifications_due(some)] == [("S1", "S2"), ("S3",)]
    some[0] = replace(some[0], notified=True)
    assert [one.references for one in notifications_due(some)] == [("S2",), ("S3",)]
    some[1] = replace(some[1], destination="E")
    assert notifications_due(some) == []
    early = replace(some[0], notified=False, effective_kg=F(2), prepared_on=DAY(2026, 1, 5))
    assert notifications_due([early])[0].due == DAY(2025, 12, 22)


def test_container_numbers() -> None:
    assert container_check_digit("CSQU305438") == 3
    assert is_container_number("CSQU3054383")
    assert not is_container_number("CSQU3054384") and not is_container_number("csqu3054383")
    with pytest.raises(UsageError, match="no container number"):
        container_check_digit("CSQ")


def test_a_trusted_trader_waits_shorter_and_an_alarm_ends_that() -> None:
    seen = Consignment(density_anomaly=True, history="clean")
    assert priority(seen).score == 41
    trusted = replace(seen, tier=2)
    assert priority(trusted).score == 26
    for name in ("radiation_alarm", "seal_mismatch", "listed_commodity"):
        found = priority(replace(trusted, **{name: True}))
        assert found.score == 41 and found.no_credit_because
    assert priority(replace(trusted, status_in_force=False)).score == 41
    calm = Consignment("low", "low", "low", "none", "clean", tier=3)
    assert priority(calm).score == 0
    worst = Consignment("high", "high", "high", "more", "finding", density_anomaly=True)
    assert priority(worst).score == 100
    for wrong in (replace(seen, tier=4), replace(seen, route="?")):
        with pytest.raises(UsageError):
            priority(wrong)
