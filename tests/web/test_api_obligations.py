"""Obligations by programs: balances, holdings, ways, labels, consents, statements, recording."""

from __future__ import annotations

from typing import Any

import pytest

from web.api_client import program
from web.labelled_books import label
from web.site import Site
from web.test_report_pages import acts

RECORD = "/obligations/record"
RULE = {"rule": "CA", "place": "XC", "labels": "AU", "reason": "Letter of 2025."}


@pytest.fixture
def kept(site: Site) -> Site:
    """Return a site whose material is under labels."""
    label(site)
    return site


def test_the_balance_adds_up_to_the_books(kept: Site) -> None:
    asker = program(kept, "cooperation", "read")
    found = asker.get("/obligations/balance?on=2025-03-01").json()
    pool = [one for one in found["cells"] if (one["mba"], one["category"]) == ("XAFA", "E")]
    assert {"+".join(one["labels"]) for one in pool} == {"", "AU+US", "US", "EURATOM"}
    assert sum(one["element_mg"] for one in pool) == 3_084_606_250 + 1_541_260_000
    assert pool[0]["why"] == "obligation:XAFA/E/-"
    mine = asker.get("/obligations/balance?on=2025-03-01&partner=US").json()
    assert {one["partner"] for one in mine["partners"]} == {"US"}
    (sums,) = {one["element_mg"] for one in mine["partners"] if one["category"] == "E"}
    assert sums == sum(o["element_mg"] for o in mine["cells"] if o["category"] == "E")
    one = asker.get("/obligations/balance?on=2025-03-01&mba=XARA").json()
    assert {cell["mba"] for cell in one["cells"]} == {"XARA"}
    for wrong in ("partner=ZZ", "on=2020-01-01", "on=0001-01-01"):
        assert asker.get(f"/obligations/balance?{wrong}").status_code == 400
    first = asker.get("/obligations/balance")
    tag = {"If-None-Match": first.headers["etag"]}
    assert asker.get("/obligations/balance", **tag).status_code == 304


def test_who_may_ask(kept: Site) -> None:
    for path in ("balance", "labels", "consents", "due", "trace?of=XAFA"):
        assert program(kept, None).get(f"/obligations/{path}").status_code == 401
        assert program(kept, "inspector").get(f"/obligations/{path}").status_code == 403
        assert program(kept, "officer").get(f"/obligations/{path}").status_code == 200, path
    own = program(kept, "accountant").get("/obligations/balance").json()
    assert {one["mba"] for one in own["cells"]} == {"XAFA"} and own["cells"][0]["fissile_mg"]
    assert program(kept, "accountant").get("/areas/XARA/obligations").status_code == 404
    assert program(kept, "accountant").get("/obligations/balance?mba=XARA").status_code == 404
    assert program(kept, "accountant").get("/obligations/trace?of=XARA/A01").status_code == 404
    assert program(kept, "accountant").get("/obligations/statements/US/2025").status_code == 403
    assert {
        one["mba"] for one in program(kept, "accountant").get("/obligations/due").json()["items"]
    } == {"XAFA"}


def test_holdings_page_by_page(kept: Site) -> None:
    asker = program(kept, "officer")
    every = asker.walk("/areas/XAFA/obligations?on=2025-09-28&limit=5")
    accounts = {one["account"] for one in every}
    assert accounts >= {"book", "domestic_transit", "retained_waste"}
    assert len(every) == len(asker.get("/areas/XAFA/obligations?on=2025-09-28").json()["items"])


def test_a_way_step_by_step(kept: Site) -> None:
    asker = program(kept, "officer")
    steps = asker.walk("/obligations/trace?of=XARA/F25-FA-001&limit=2")
    assert [one["kind"] for one in steps][:2] == ["RECEIPT", "SHIPMENT"]
    assert steps[-1]["date"] == "2024-12-31" and steps[0]["source"].startswith("on its way")
    assert all(sum(one["cells"].values()) == one["element_mg"] for one in steps)
    found = asker.get("/obligations/trace?of=XARA/F25-FA-001").json()
    assert found["holding"] == "batch" and found["steps"] == len(steps) == 6
    assert asker.get("/obligations/trace?of=XARA/NONE").status_code == 404
    assert asker.get("/obligations/trace?of=XARA").status_code == 400
    narrow = program(kept, "accountant").get("/obligations/trace?of=XAFA").json()
    assert narrow["holding"] == "pool" and narrow["left_out"] == 0 and narrow["steps"] > 2


def test_labels_consents_statements_and_what_is_due(kept: Site) -> None:
    asker = program(kept, "cooperation")
    found = asker.get("/obligations/labels").json()
    assert found["begins"] == "2024-12-31"
    assert [(one["label"], one["members"]) for one in found["items"]] == [
        *(("AU", []), ("EURATOM", ["FR"]), ("US", [])),
    ]
    (consent,) = asker.get("/obligations/consents?partner=US").json()["items"]
    assert consent["used_mg"] + consent["left_mg"] == consent["element_mg"] == 100_000_000
    assert consent["used_mg"] > 0 and consent["state"] == "holds"
    told = asker.get("/obligations/statements/US/2025?unit=g").json()
    assert told["unit"] == "g" and {"opening", "closing"} <= {o["line"] for o in told["lines"]}
    assert asker.get("/obligations/statements/US/2025?unit=lb").status_code == 400
    assert asker.get("/obligations/statements/ZZ/2025").status_code == 404
    due = asker.get("/obligations/due?on=2026-01-10").json()["items"]
    assert any(one["per_supplier_party"] for one in due)


def test_statements_are_recorded_once_and_only_on_what_was_seen(kept: Site) -> None:
    asker, before = program(kept, "cooperation"), acts(kept)
    tag = {"If-Match": asker.get("/obligations/labels").headers["etag"]}
    done = asker.post(RECORD, {"rules": [RULE]}, **{"Idempotency-Key": "one"}, **tag)
    assert done.status_code == 201, done.text
    assert done.json()["act"] == before + 1 and done.json()["recorded"] == 1
    again = asker.post(RECORD, {"rules": [RULE]}, **{"Idempotency-Key": "one"}, **tag)
    assert again.json() == done.json() and acts(kept) == before + 1
    same = asker.post(RECORD, {"rules": [RULE]}).json()
    assert same["act"] is None and same["unchanged"] == 1
    other = {"rules": [{**RULE, "labels": "US"}]}
    assert asker.post(RECORD, other, **tag).status_code == 412
    wrong = asker.post(RECORD, {"rules": [{**RULE, "labels": "ZZ"}]})
    assert wrong.status_code == 422 and wrong.json()["findings"]
    assert acts(kept) == before + 1


def test_an_accountant_states_receipts_of_the_own_area_only(kept: Site) -> None:
    own, before = program(kept, "accountant"), acts(kept)
    receipt: dict[str, Any] = {"mba": "XAFA", "batch": "CYL30B-4471", "cells": {"US": "1"}}
    done = own.post(RECORD, {"receipts": [receipt]})
    assert done.status_code == 201 and acts(kept) == before + 1, done.text
    other = own.post(RECORD, {"receipts": [{**receipt, "mba": "XALA", "batch": "X"}]})
    assert 400 <= other.status_code < 500 and acts(kept) == before + 1
    assert own.post(RECORD, {"rules": [RULE]}).status_code == 403
    assert program(kept, "officer").post(RECORD, {"rules": [RULE]}).status_code == 403
    assert program(kept, "cooperation", "read").post(RECORD, {"rules": [RULE]}).status_code == 403


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [
        (RECORD, {}, 400),
        (RECORD, {"labels": [{"label": "a\0"}]}, 400),
        (RECORD, {"labels": [{}]}, 422),
        (RECORD, {"receipts": [{"mba": "XAFA", "batch": "B", "cells": {"US": "x"}}]}, 422),
        ("/obligations/begin", {"on_day": "2024-12-31"}, 400),
        ("/obligations/begin", {"on_day": "0001-01-01", "reason": "x"}, 400),
        ("/obligations/consent-rule", {"mode": "perhaps", "reason": "x"}, 400),
        ("/obligations/withdrawals", {"kind": "label", "name": "US", "reason": "x"}, 400),
        ("/obligations/withdrawals", {"kind": "consent", "name": "C-9", "reason": "x"}, 404),
        ("/obligations/statements/US/2026/issues", {}, 422),
        ("/obligations/statements/ZZ/2025/issues", {}, 404),
    ],
)
def test_what_makes_no_sense_is_refused(
    kept: Site, path: str, content: dict[str, Any], status: int
) -> None:
    before = acts(kept)
    answer = program(kept, "cooperation").post(path, content)
    assert answer.status_code == status and acts(kept) == before, answer.text


def test_decisions(kept: Site) -> None:
    asker = program(kept, "cooperation")
    rule = {"mode": "refuse", "reason": "From now on.", "from_day": "2026-01-01"}
    assert asker.post("/obligations/consent-rule", rule).status_code == 201
    assert asker.get("/obligations/consents").json()["mode"] == "refuse"
    gone = {"kind": "consent", "name": "C-1", "reason": "Withdrawn by letter."}
    assert asker.post("/obligations/withdrawals", gone).status_code == 201
    assert asker.get("/obligations/consents").json()["items"][0]["state"] == "withdrawn"
    issued = asker.post("/obligations/statements/US/2025/issues", {"peaceful_use": "Only peace."})
    assert issued.status_code == 201, issued.text
    assert asker.get("/obligations/statements/US/2025").json()["issue"] == 2


def test_books_without_labels(site: Site) -> None:
    asker = program(site, "cooperation")
    assert asker.get("/obligations/balance").status_code == 400
    assert asker.get("/obligations/labels").json() == {"begins": None, "items": []}
    sent = {"on_day": "2024-12-31", "reason": "Nothing is obligated."}
    assert asker.post("/obligations/begin", sent).status_code == 201
    cells = asker.get("/obligations/balance").json()["cells"]
    assert cells and all(one["labels"] == [] for one in cells)
