"""Links lead somewhere: what somebody may not see is named without a way there."""

from __future__ import annotations

import re

import pytest

from web.site import Site


def test_reports_are_linked_for_who_reads_them(site: Site) -> None:
    paths = ("/areas/XAFA", "/areas/XAFA/ledger", "/registers/exemptions")
    with site.client("cooperation") as cooperation, site.client("officer") as officer:
        assert cooperation.get("/areas/XAFA/reports").status_code == 403
        for path in paths:
            page = cooperation.get(path)
            assert page.status_code == 200, path
            assert not re.search(r'href="(/reports|/areas/\w+/reports)', page.text), path
            assert re.search(r'href="(/reports/|/areas/\w+/reports)', officer.get(path).text), path


@pytest.mark.parametrize("name", ["security", "administrator", "officer"])
def test_an_act_leads_to_acts_that_are_seen(site: Site, name: str) -> None:
    with site.client(name) as client:
        path, walked = re.findall(r'href="(/journal/acts/\d+)"', client.get("/journal").text)[0], []
        while path and len(walked) < 4:
            page = client.get(path)
            assert page.status_code == 200, path
            walked.append(path)
            found = re.search(r'rel="prev" href="([^"]*)"', page.text)
            path = found[1] if found else ""
        back = re.search(r'rel="next" href="([^"]*)"', page.text)
        assert (back is None) == (len(walked) == 1)
        assert back is None or back[1] in walked
