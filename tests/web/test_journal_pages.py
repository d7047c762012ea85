"""The pages of the journal: acts, lines, proofs, checkpoint."""

from __future__ import annotations

import json

from keiryo.journal.proofs import Checkpoint, proof_problems
from web.site import Site


def test_who_sees_which_acts(site: Site) -> None:
    with site.client("officer") as officer:
        whole = officer.get("/journal?size=200").text
    assert "report.accept" in whole and "person.admit" not in whole
    with site.client("administrator") as administrator:
        people = administrator.get("/journal").text
    assert "person.admit" in people and "report.accept" not in people


def test_a_line_is_proven(site: Site) -> None:
    with site.client("officer") as officer:
        proof = json.loads(officer.get("/journal/acts/3/lines/1/proof").text)
        known = Checkpoint.from_json(officer.get("/journal/checkpoint?format=json").text)
        assert proof_problems(proof, known) == []
    with site.client("administrator") as administrator:
        assert administrator.get("/journal/acts/3/lines/1/proof").status_code == 404
        assert administrator.get("/journal/acts/3").status_code == 404


def test_nobody_is_led_to_the_sign_in(site: Site) -> None:
    with site.client() as nobody:
        answer = nobody.get("/journal")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fjournal"
