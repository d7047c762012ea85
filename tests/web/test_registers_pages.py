"""Notices, exemptions, retained waste, statements: lists, forms, who may, what is wrong."""

from __future__ import annotations

import csv
import io
import re

from keiryo.oversight.notices import confirm_notice, register
from web.site import Site

NOTICE = {
    "notice": "N-2026-1",
    "direction": "export",
    "mba": "XAFA",
    "partner": "XB",
    "category": "E",
    "element": "40000",
    "fissile": "1760",
    "notified": "2026-01-05",
    "transfer": "2026-03-01",
}
STATEMENT = "mba,date,category,element,unit,fissile\nXAFA,2025-12-31,E,1,g,0\n"
HEAD = {"_head": str(10**9)}


def rows_of(text: str) -> list[dict[str, str]]:
    """Return the lines of an export."""
    return list(csv.DictReader(io.StringIO(text)))


def registered(site: Site, name: str = "N-2026-1") -> str:
    """Register a notice and return its page."""
    with site.client("officer") as client:
        done = client.post("/notices/new", {**NOTICE, "notice": name, **HEAD})
        assert done.status_code == 303, done.text
        shown = client.get(done.headers["location"])
        return str(shown.headers["location"])


def state_of(site: Site, name: str = "N-2026-1") -> str:
    """Return the state in which a notice is registered."""
    with site.database.reading() as connection:
        found = {n.notice: n for n in register(connection, site.database.metadata)}
    return found[name].state


def test_a_notice_is_registered_confirmed_and_shown(site: Site) -> None:
    path = registered(site)
    with site.client("officer") as client:
        listed = rows_of(client.get("/notices?format=csv").text)
        assert [row["notice"] for row in listed] == ["N-2026-1"]
        assert listed[0]["element"] == "40000" and listed[0]["unit"] == "g"
        page = client.get(path).text
        assert "N-2026-1" in page and "XAFA" in page
        missing = client.post(path, {"do": "confirm", "confirmed": "", **HEAD})
        assert missing.status_code == 422
        done = client.post(path, {"do": "confirm", "confirmed": "2026-03-10", **HEAD})
        assert done.status_code == 303
        assert client.get("/search?q=n-2026").text.count("/notices/show") == 1
    assert state_of(site) == "confirmed"


def test_a_notice_is_withdrawn_with_a_reason(site: Site) -> None:
    path = registered(site)
    with site.client("officer") as client:
        assert client.post(path, {"do": "withdraw", **HEAD}).status_code == 422
        done = client.post(path, {"do": "withdraw", "reason": "契約解除 <b>", **HEAD})
        assert done.status_code == 303
        page = client.get(path).text
    assert "契約解除 &lt;b&gt;" in page and "withdraw-form" not in page
    assert state_of(site) == "withdrawn"


def test_a_notice_that_somebody_changed_in_between(site: Site) -> None:
    path = registered(site)
    with site.client("officer") as client:
        page = client.get(path).text
        head = re.search(r'name="_head" value="(\d+)"', page)
        assert head is not None
        day = site.clock().date()
        posted = confirm_notice(site.database, site.actor("officer2"), "N-2026-1", day)
        assert posted is not None
        sent = {"do": "withdraw", "reason": "typed", "_head": head.group(1)}
        shown = client.post(path, sent)
    assert shown.status_code == 409 and f"/journal/acts/{posted.act.act_id}" in shown.text
    assert state_of(site) == "confirmed"


def test_wrong_notices_keep_what_was_typed(site: Site) -> None:
    wrong = (
        ({"partner": "XA"}, "the State itself"),
        ({"element": "many"}, "many"),
        ({"fissile": ""}, "fissile weight is needed"),
        ({"transfer": "soon"}, "soon"),
        ({"mba": "XALA9"}, "Choose one of the areas"),
        ({"direction": "up"}, "is no direction"),
        ({"notice": ""}, "Give the notice a name"),
    )
    with site.client("officer") as client:
        for change, words in wrong:
            told = client.post("/notices/new", {**NOTICE, **change, **HEAD})
            assert told.status_code == 422 and words in told.text, change
            assert 'value="2026-01-05"' in told.text
    registered(site)
    with site.client("officer") as client:
        told = client.post("/notices/new", {**NOTICE, "element": "41000", **HEAD})
        assert told.status_code == 422 and "says something else" in told.text
        revised = {**NOTICE, "element": "41000", "revise": "yes", **HEAD}
        assert client.post("/notices/new", revised).status_code == 303
        form = client.get("/notices/new?notice=N-2026-1").text
    assert 'value="41000"' in form


def test_who_sees_and_who_registers(site: Site) -> None:
    path = registered(site)
    with site.client("accountant") as client:
        assert "N-2026-1" in client.get("/notices").text
        assert client.get(path).status_code == 200
        assert client.get("/notices/new").status_code == 403
        assert client.post(path, {"do": "withdraw", "reason": "x", **HEAD}).status_code == 403
        assert client.get("/statements/new").status_code == 403
    for name in ("security", "cooperation", "administrator"):
        with site.client(name) as client:
            assert client.get("/notices").status_code == 403
            assert client.get("/statements").status_code == 403
    with site.client("officer") as client:
        assert client.get("/notices/1/1").status_code == 404
        assert client.get("/notices/show?notice=nope").status_code == 404
        assert client.get("/notices?on=x").status_code == 400


def test_notices_from_a_file(site: Site) -> None:
    text = "notice,direction,mba,partner\nF-1,export,XAFA,XB\nF-2,import,XAFA,XC\n"
    with site.client("officer") as client:
        bad = text.replace("XC", "XA")
        refused = client.post("/notices/import", files={"file": ("../n.csv", bad, "text/csv")})
        assert refused.status_code == 422 and "the State itself" in refused.text
        none = client.post("/notices/import", {})
        assert none.status_code == 422 and "Choose a CSV file" in none.text
        done = client.post("/notices/import", files={"file": ("n.csv", text, "text/csv")})
        assert done.status_code == 303
        listed = rows_of(client.get("/notices?format=csv").text)
    assert {row["notice"] for row in listed} == {"F-1", "F-2"}


def test_exemptions(site: Site) -> None:
    with site.client("officer") as client:
        page = client.get("/registers/exemptions").text
        assert "Limits of paragraph 37" in page
        tried = "/registers/exemptions?category=E&element=30000&fissile=1200"
        assert "It fits" in client.get(tried).text
        big = tried.replace("30000", "90000000").replace("1200", "80000000")
        assert "It does not fit" in client.get(big).text
        assert client.get(tried.replace("30000", "x")).status_code == 200
    with site.client("accountant") as client:
        page = client.get("/registers/exemptions").text
    assert "Limits of paragraph 37" not in page and "as a whole" in page


def test_retained_waste(site: Site) -> None:
    path = "/registers/retained-waste?on=2025-12-31"
    with site.client("officer") as client:
        whole = rows_of(client.get(f"{path}&format=csv").text)
        assert client.get(path).status_code == 200
    with site.client("accountant") as client:
        own = rows_of(client.get(f"{path}&format=csv").text)
    assert own == [row for row in whole if row["mba"] == "XAFA"]


def test_a_statement_is_recorded_and_compared(site: Site) -> None:
    with site.client("officer") as client:
        sent = {"file": ("book.csv", STATEMENT, "text/csv")}
        done = client.post("/statements/new", {"name": "January"}, files=sent)
        assert done.status_code == 303
        page = client.get(done.headers["location"]).text
        assert "STATEMENT-BOOK" in page and "differs" in page
        assert "January" in client.get("/statements").text
        again = client.post("/statements/new", {"name": "January"}, files=sent)
        assert again.headers["location"] == done.headers["location"]
        refused = client.post(
            "/statements/new",
            {"name": "kept name"},
            files={"file": ("book.csv", STATEMENT.replace(",E,", ",?,"), "text/csv")},
        )
        assert refused.status_code == 422 and "kept name" in refused.text
        other = {"file": ("book.csv", STATEMENT.replace("XAFA", "QQQQ"), "text/csv")}
        assert client.post("/statements/new", files=other).status_code == 422
        assert client.get("/statements/compare?statement=no&mba=XAFA").status_code == 404
    with site.client("accountant") as client:
        assert "January" in client.get("/statements").text
        assert client.get(done.headers["location"]).status_code == 200
    assert len(rows_of(client.get("/statements?format=csv").text)) == 1
