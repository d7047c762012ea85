"""The page of an area says when figures are no longer those that were closed, and what did it."""

from __future__ import annotations

import re

from sqlalchemy import func, select

from keiryo.accounts.closing import close_period
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from web.site import Site
from web.test_area_pages import SCOPE
from web.test_release_pages import ENTRY, planned
from web.test_report_pages import acts

CLOSED = re.compile(r"closed by <a .*?</p>", re.DOTALL)


def words(page: str) -> str:
    """Return the line about the closing, without tags."""
    found = CLOSED.search(page)
    assert found is not None
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split())


def last_closing(site: Site) -> int:
    """Return the act that closed XAFA last."""
    table = site.database.metadata.tables["closing"]
    with site.database.reading() as connection:
        query = select(func.max(table.c.act_id)).where(table.c.mba == "XAFA")
        return int(connection.execute(query).scalar_one())


def test_a_correction_after_the_closing_is_named_with_the_difference(site: Site) -> None:
    before, closing = acts(site), last_closing(site)
    with site.client("officer") as officer:
        assert "changed since" not in officer.get("/areas/XAFA").text
        _, asked = planned(officer)
        assert officer.post(ENTRY, {**asked, "action": "post"}).status_code == 303
        page = officer.get("/areas/XAFA").text
        line = words(page)
        assert f"closed by {closing}" in line.replace("act ", "").replace("Act ", "")
        assert "changed since by" in line
        named = [int(n) for n in re.findall(r"/journal/acts/([0-9]+)", CLOSED.search(page)[0])]  # type: ignore[index]
        assert named[0] == closing and named[1:] and all(n > before for n in named[1:])
        shown = page[page.index('id="changed-since"') :]
        rows = re.findall(r"<tr><th scope=\"row\"><code>([A-Z]+)</code>.*?</tr>", shown)
        assert {"SD", "BE", "BA", "MF"} <= set(rows) and "PE" not in rows
        assert "-9" in shown.replace("−", "-") and "+9" in shown
        # as it was known when it was closed, and before the correction was dated
        for known in (f"{closing}", f"{before}", "2026-01-31"):
            then = officer.get(f"/areas/XAFA?known={known}&period=2025-01-01..2025-12-31").text
            assert "changed since" not in then, known
        since = officer.get(f"/areas/XAFA?known={acts(site)}&period=2025-01-01..2025-12-31").text
        assert "changed since by" in since
        japanese = officer.get("/areas/XAFA?language=ja")
        assert japanese.status_code == 200


def test_what_changes_no_figure_and_a_new_closing_are_no_change(site: Site) -> None:
    late = Draft("source.record", "test:late")
    late.add(
        "inventory_change", scope=SCOPE, mba="XAFA", known_on=20260102, code="LD",
        event_date=20251220, batch="LATE-1", category="E", element_mg=2_500, fissile_mg=100,
        fissile_basis="U-235",
    )  # fmt: skip
    outside = Draft("source.record", "test:outside")
    outside.add(
        "inventory_change", scope=SCOPE, mba="XAFA", known_on=20260106, code="LD",
        event_date=20260105, batch="LATE-2", category="E", element_mg=2_500, fissile_mg=100,
        fissile_basis="U-235",
    )  # fmt: skip
    with site.client("officer") as officer:
        post(site.database, outside, site.actor("accountant"))
        assert "changed since" not in officer.get("/areas/XAFA").text
        made = post(site.database, late, site.actor("accountant"))
        page = officer.get("/areas/XAFA").text
        assert words(page).endswith("disagrees with the books") and "changed since by" in page
        assert f"/journal/acts/{made.act.act_id}" in CLOSED.search(page)[0]  # type: ignore[index]
        assert "fissile" in page[page.index('id="changed-since"') :]
        close_period(site.database, "XAFA", None, site.actor("officer"))
        assert "changed since" not in officer.get("/areas/XAFA").text
