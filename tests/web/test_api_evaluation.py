"""The evaluation by programs: the same figures as on the pages, nothing of other people's areas."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keiryo.evaluation.service import evaluate_balance
from keiryo.evaluation.what_if import Change, read_basis, what_if
from keiryo.web.pages import evaluation_asked
from web.api_client import Program, program
from web.site import Site
from web.test_api_jobs import ended
from web.test_report_pages import acts

AREA = "/areas/XAFA/evaluations"


def basis_of(site: Site) -> Any:
    """Return what stands behind the balances of XAFA."""
    with site.database.reading() as connection:
        return read_basis(connection, site.database.metadata, "XAFA", "E")


def test_the_board_says_what_stands(site: Site) -> None:
    officer = program(site, "officer")
    items = officer.walk("/evaluations?limit=1")
    whole = officer.get("/evaluations").json()
    assert items == whole["items"] and whole["as_of_act"] > 0
    known = {one["mba"]: one for one in items}
    stands = known["XAFA"]
    last = evaluate_balance(site.database, "XAFA", category="E")[0].last
    assert (stands["state"], stands["muf_mg"]) == ("current", last.element.muf_mg)
    assert stands["sigma_muf_kg"] == pytest.approx(last.element.sigma_kg)
    assert stands["verdict"] == last.worst.verdict and stands["period_to"] == "2025-12-31"
    assert known["XARA"] | {"mba": "", "needs": False} == {
        **dict.fromkeys(stands), "mba": "", "needs": False, "state": "nothing recorded",
    }  # fmt: skip
    needing = officer.get("/evaluations?needs=true").json()["items"]
    assert needing == [one for one in items if one["needs"]]
    assert len(officer.walk("/evaluations?every=true&limit=1")) >= len(items)
    own = program(site, "accountant").get("/evaluations").json()["items"]
    assert {one["mba"] for one in own} == {"XAFA"}


def test_an_entity_tag_of_the_board_holds_until_something_is_posted(site: Site) -> None:
    officer = program(site, "officer")
    tag = officer.get("/evaluations").headers["etag"]
    assert officer.get("/evaluations", **{"If-None-Match": tag}).status_code == 304
    job = ended(officer, officer.post(AREA, {"category": "E", "alpha": 0.1}))
    assert job["acts"] and job["file"] is None
    assert officer.get("/evaluations?every=true").status_code == 200
    found = officer.walk(f"{AREA}/history?limit=1")
    assert found == officer.get(f"{AREA}/history").json()["items"]
    at = [(one["act"], one["line"]) for one in found]
    assert at == sorted(at, reverse=True) and found[0]["act"] in job["acts"]
    assert {one["alpha"] for one in found} == {0.1, 0.05}
    assert {one["state"] for one in found if not one["standard"]} == {"not at the standard"}


def test_limits_of_today(site: Site) -> None:
    found = program(site, "inspector").get("/evaluations/limits").json()
    assert found["on"] == "2026-01-10" and "general" in found["rules"]
    assert found["least_alpha"] < found["standard_alpha"] == 0.05 < found["most_alpha"]
    assert found["items"] and all(one["value"] >= 0 for one in found["items"])


def test_measurements_and_lines_behind_a_balance(site: Site) -> None:
    accountant, basis = program(site, "accountant"), basis_of(site)
    found = accountant.get(f"{AREA}/measurements").json()
    assert found["period_to"] == "2025-12-31"
    assert {(s["act"], s["line"]) for s in found["sources"]} == {
        (s.act, s.line) for s in basis.sources
    }
    shares = [one["share"] for one in found["sources"]]
    assert shares == sorted(shares, reverse=True) and shares[0] > 0
    assert [one["stratum"] for one in found["strata"]] == [one.stratum for one in basis.strata]
    whole = accountant.get(f"{AREA}/items?limit=1000").json()
    lines = accountant.walk(f"{AREA}/items?limit=7")
    assert lines == accountant.walk(f"{AREA}/items?limit=1000")
    muf = basis.items.muf[-1]
    assert sum(one["element_mg"] for one in lines) == muf.element_mg == whole["muf_mg"]
    assert sum(one["fissile_mg"] for one in lines) == muf.fissile_mg == whole["muf_fissile_mg"]
    assert {one["day"][:4] for one in lines} <= {"2024", "2025"}
    ends = f"{AREA}/items?balance=2025-12-31"
    assert accountant.get(ends).json()["items"] == lines[:100]
    assert accountant.get(f"{AREA}/items?balance=2025-12-30").status_code == 404
    assert accountant.get(f"{AREA}/items?category=X").status_code == 400
    assert accountant.get(f"{AREA}/measurements?category=X").status_code == 400


def test_what_other_measurements_would_buy(site: Site) -> None:
    asking, basis = program(site, "accountant"), basis_of(site)
    source, stratum = basis.sources[0], basis.strata[0]
    at, also = (source.act, source.line), (stratum.act, stratum.line)
    before = acts(site)
    asked = {
        "balance": "2025-12-31",
        "sources": [{"act": at[0], "line": at[1], "relative_sd": 0.0033}],
        "strata": [{"act": also[0], "line": also[1], "samples": 5}],
        "alpha": 0.01,
        "loss_element_kg": 1.5,
    }
    answer = asking.post(f"{AREA}/what-if", asked)
    assert answer.status_code == 200, answer.text
    change = Change({at: 0.0033}, {}, {also: 5}, {}, 0.01, {"element": 1.5})
    right = what_if(basis, change)
    found = answer.json()["quantities"]
    assert [one["quantity"] for one in found] == [one.quantity for one in right]
    for one, that in zip(found, right, strict=True):
        assert one["muf_mg"] == that.muf_mg
        for way in ("before", "after"):
            judged = getattr(that, way)
            assert one[way]["sigma_muf_kg"] == pytest.approx(judged.sigma_kg)
            for name in ("z", "threshold_kg", "loss_kg", "detection_probability"):
                assert one[way][name] == pytest.approx(getattr(judged, name)), name
    assert acts(site) == before
    nothing = asking.post(f"{AREA}/what-if").json()["quantities"]
    assert all(one["before"] == one["after"] for one in nothing)
    odd = asking.post(f"{AREA}/what-if", {"alpha": 0.5}).json()["findings"]
    assert [one["code"] for one in odd] == ["WHAT-IF-UNLIKELY"]


@pytest.mark.parametrize(
    "asked",
    [
        {"alpha": 0.6},
        {"loss_element_kg": -1},
        {"sources": [{"act": 1, "line": 1, "relative_sd": 0.1}]},
        {"sources": [{"act": 1, "line": 1, "relative_sd": 1}]},
        {"strata": [{"act": 1, "line": 1, "samples": 0}]},
        {"strata": [{"act": 1, "line": 1, "samples": 2}]},
        {"balance": "0001-01-01"},
        {"category": "X"},
        {"nothing": 1},
    ],
)
def test_what_cannot_be_asked_of_what_if(site: Site, asked: dict[str, Any]) -> None:
    answer = program(site, "officer").post(f"{AREA}/what-if", asked)
    assert answer.status_code == 400, answer.text
    assert answer.json()["title"]


def test_a_study_is_the_evaluation_and_records_nothing(site: Site) -> None:
    asking, before = program(site, "accountant"), acts(site)
    answer = asking.post(f"{AREA}/study", {"alpha": 0.01, "category": "E"})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["standard"] is False and [one["category"] for one in found["categories"]] == ["E"]
    options = evaluation_asked.options_of(0.01)
    right = evaluate_balance(site.database, "XAFA", category="E", options=options)[0]
    told = found["categories"][0]
    assert told["verdict"] == right.verdict and told["through_act"] == right.through_act
    for one, that in zip(told["balances"], right.balances, strict=True):
        assert one["period_to"] == str(that.period.end) and one["verdict"] == that.worst.verdict
        for quantity, known in zip(one["quantities"], that.quantities, strict=True):
            assert quantity["muf_mg"] == known.muf_mg and quantity["verdict"] == known.verdict
            assert quantity["sigma_muf_kg"] == pytest.approx(known.sigma_kg)
            assert sum(s["share"] for s in quantity["shares"]) == pytest.approx(1)
            assert quantity["amounts_kg"] == pytest.approx(dict(known.amounts.by_term_kg))
    assert acts(site) == before
    assert asking.post(f"{AREA}/study", {"rules": "none"}).status_code == 400
    assert asking.post(f"{AREA}/study", {"alpha": 0}).status_code == 400
    stale = asking.post(f"{AREA}/study", {}, **{"If-Match": '"older"'})
    assert stale.status_code == 412


def test_a_large_area_is_asked_by_a_job(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file is the document that a small area is answered with at once."""
    accountant = program(site, "accountant")
    small = accountant.post(f"{AREA}/what-if").json(), accountant.post(f"{AREA}/study").json()
    lines = accountant.walk(f"{AREA}/items?limit=1000")
    monkeypatch.setattr(evaluation_asked, "AT_ONCE_LINES", 1)
    for number, way in enumerate(("what-if", "study")):
        asked = {"alpha": 0.05} if way == "what-if" else {"alpha": 0.02}
        begun = accountant.post(f"{AREA}/{way}", asked)
        assert begun.status_code == 202, begun.text
        job = ended(accountant, begun)
        document = json.loads(accountant.get(job["file"]).content)
        assert set(document) == set(small[number])
        if way == "what-if":
            assert document == small[0]
            assert job["file_name"] == "what-if-XAFA-E-2025-12-31.json"
    begun = accountant.post(f"{AREA}/items", {"balance": "2025-12-31"})
    job = ended(accountant, begun)
    written = accountant.get(job["file"]).text.splitlines()
    assert len(written) == len(lines) + 1 and "element_mg" in written[0]


def test_lines_of_a_large_area_are_not_read_while_one_waits(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation_asked, "AT_ONCE_LINES", 1)
    officer = program(site, "officer")
    answer = officer.get(f"{AREA}/items")
    assert answer.status_code == 400 and "evaluations/items begins a job" in answer.json()["detail"]
    ended(officer, officer.post(f"{AREA}/items"))
    assert officer.get(f"{AREA}/items").status_code == 200  # it is remembered now


READS = ("history", "measurements", "items")


@pytest.mark.parametrize(
    ("name", "own", "other"),
    [
        ("officer", 200, 200),
        ("inspector", 200, 200),
        ("auditor", 200, 200),
        ("accountant", 200, 404),
        ("security", 403, 403),
        ("cooperation", 403, 403),
        ("administrator", 403, 403),
        (None, 401, 401),
    ],
)
def test_who_sees_what(site: Site, name: str | None, own: int, other: int) -> None:
    asking: Program = program(site, name)
    for way in READS:
        assert asking.get(f"{AREA}/{way}").status_code == own, way
    assert asking.get("/areas/XARA/evaluations/history").status_code == other
    for way in ("what-if", "study"):
        assert asking.post(f"{AREA}/{way}").status_code == own, way
        answer = asking.post(f"/areas/XARA/evaluations/{way}")
        assert answer.status_code in ({200, 400} if other == 200 else {other}), way
    assert asking.get("/evaluations").status_code == own
    assert asking.get("/evaluations/limits").status_code == own
