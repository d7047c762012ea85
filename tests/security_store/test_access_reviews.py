"""Access reviewed within a store, and irregularities resolved by somebody else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from access_control.setups import given as setup_data
from keiryo.access_control.case import Case, Transfer
from keiryo.access_control.irregularity import RULES
from keiryo.cli import protection_store_opening
from keiryo.cli.app import app
from keiryo.errors import JournalError, NotAllowedError, NotFoundError, RefusedError, UsageError
from keiryo.security_store.access_reviews import (
    Given,
    irregularities,
    review_access,
    step,
)
from keiryo.security_store.contents import CSV, JSON
from keiryo.security_store.opened import Opened
from security_store.store_cases import CHEAP, Made, phrase

LOG = """time,person,reader,direction
2027-05-31T08:00:00Z,p-1,D2,in
2027-05-31T09:00:00Z,p-1,D2,out
"""
RIGHTS = "person,area,valid_from\np-1,Z1,2027-01-01\n"
CASE = {
    "from": "2027-05-31",
    "to": "2027-05-31",
    "transfer": [{"id": "t", "at": "2027-05-31T08:30:00Z", "origin": "Z1"}],
}
RULE = {"zone": [{"id": "Z1", "grace_s": 60}]}


def kept(mine: Opened, **more: Any) -> Given:
    """Put what a review needs into a store."""
    records = {
        "setup": ("access_setup", JSON, json.dumps(setup_data())),
        "log": ("access_log", CSV, LOG),
        "authorisations": ("authorisations", CSV, RIGHTS),
        "case": ("access_case", JSON, json.dumps(CASE)),
        "rule": ("two_person_rule", JSON, json.dumps(RULE)),
        **more,
    }
    return Given(
        **{
            name: mine.put(kind, name, media_type, text.encode(), "test")
            for name, (kind, media_type, text) in records.items()
        }
    )


def test_review_keeps_what_it_found(made: Made) -> None:
    ada = made.open("Ada")
    given = kept(ada)
    found = review_access(ada, given, "weekly review")
    assert (found.findings, found.violations, found.by_rule) == (0, 1, {"X2": 1})
    told = json.loads(ada.read(found.record, "look").content)
    assert told["inputs"]["log"] == [given.log, 1]
    assert told["two_person"]["violations"] == 1
    again = review_access(ada, given, "weekly review")
    assert (again.raised, again.known) == ((), 1)
    ((title, one),) = irregularities(made.open("Ann"))
    assert (title.record, one.rule, one.present) == (found.raised[0], "X2", ("p-1",))
    assert one.rule in RULES


def test_who_raised_it_does_not_resolve_it(made: Made) -> None:
    ada, cy = made.open("Ada"), made.open("Cy")
    (record,) = review_access(ada, kept(ada), "weekly review").raised
    with pytest.raises(UsageError, match="does not resolve"):
        step(ada, record, "explained", "it was me")
    assert step(cy, record, "explained", "the second badge was worn out").state == "explained"
    assert step(cy, record, "closed", "agreed").state == "closed"
    ((title, one),) = irregularities(ada)
    assert (title.version, [s.by for s in one.steps]) == (3, ["Ada", "Cy", "Cy"])
    for other in ("Eva", "Ann", "Sys"):
        with pytest.raises((NotAllowedError, NotFoundError)):
            step(made.open(other), record, "open", "no right to")


def test_a_version_by_somebody_else_is_damage(made: Made) -> None:
    ada, cy = made.open("Ada"), made.open("Cy")
    (record,) = review_access(ada, kept(ada), "weekly review").raised
    forged = json.loads(cy.read(record, "look").content)
    forged["steps"].append({**forged["steps"][0], "state": "explained", "by": "Cy"})
    with ada.acting() as act:  # past the program
        title = forged["id"]
        ada.seal(act, "irregularity", title, JSON, json.dumps(forged).encode(), "r", record=record)
    with pytest.raises(JournalError):
        irregularities(cy)


def test_nobody_puts_results_by_hand(made: Made) -> None:
    for kind in ("irregularity", "access_result"):
        with pytest.raises(UsageError, match="is put"):
            made.open("Ada").put(kind, "t", JSON, b"{}", "by hand")


@pytest.mark.parametrize(
    ("name", "kind", "media_type", "text"),
    [
        ("log", "access_log", CSV, LOG.replace("in\n", "up\n")),
        ("log", "two_person_rule", JSON, json.dumps(RULE)),
        ("authorisations", "authorisations", CSV, RIGHTS.replace("2027", "soon")),
        ("case", "access_case", JSON, json.dumps({**CASE, "transfer": [{"id": "secret-id"}]})),
    ],
)
def test_what_cannot_be_read_is_refused_without_its_values(
    made: Made, name: str, kind: str, media_type: str, text: str
) -> None:
    ada = made.open("Ada")
    given = kept(ada, **{name: (kind, media_type, text)})
    with pytest.raises((RefusedError, UsageError)) as error:
        review_access(ada, given, "weekly review")
    told = str(error.value) + str(getattr(error.value, "findings", ""))
    assert "secret-id" not in told and "p-1" not in told
    assert ada.titles("access", kind="access_result") == []


def test_a_setup_is_read_strictly_when_it_is_put(made: Made) -> None:
    with pytest.raises(RefusedError):
        made.open("Ada").put("access_setup", "t", JSON, b'{"area": []}', "test")


def test_books_add_to_the_case(made: Made) -> None:
    ada = made.open("Ada")

    def add(case: Case) -> Case:
        from dataclasses import replace

        more = Transfer("line:1/1", case.start_ns, case.end_ns, "Z2", None)
        return replace(case, transfers=(*case.transfers, more))

    assert review_access(ada, kept(ada), "with books", books=add).by_rule == {"X2": 2}


def test_commands(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(protection_store_opening.SETTINGS, "cost", CHEAP)
    monkeypatch.setitem(protection_store_opening.SETTINGS, "clock", made.watch)
    given = kept(made.open("Ada"))

    def run(person: str, *words: str) -> Any:
        secret = tmp_path / f"{person}.txt"
        secret.write_text(phrase(person))
        secret.chmod(0o600)
        who = ["--store", str(made.store.path), "--member", person]
        full = ["protection", "store", *words, *who, "--passphrase-file", str(secret)]
        return CliRunner().invoke(app, full)

    words = ["--setup", given.setup, "--log", given.log, "--case", str(given.case)]
    done = run("Ada", "review-access", *words, "--reason", "weekly")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["irregularities_by_rule"]) == (1, {"X2": 1})
    assert "p-1" not in done.output
    listed = json.loads(run("Cy", "irregularities").stdout)
    assert [(one["rule"], one["state"], one["raised_by"]) for one in listed] == [
        ("X2", "open", "Ada")
    ]
    record = listed[0]["record"]
    assert run("Ada", "resolve", record, "explained", "--reason", "r").exit_code != 0
    assert run("Cy", "resolve", record, "explained", "--reason", "r").stdout.strip() == "explained"
