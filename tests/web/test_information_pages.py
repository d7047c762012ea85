"""Pages of information: recorded with caveats, handed out or refused, unseen without the caveat."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from typing import Any

import pytest

from keiryo.cooperation.information import InformationWanted, record_information
from keiryo.cooperation.recording import record_register, shipped_register
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from web.site import Client, Site
from web.test_cooperation_pages import DAY, fields_of
from web.test_report_pages import acts

HERE, NEW = "/cooperation/information", "/cooperation/record-information"
HAND_OUT = "/cooperation/hand-out-information"
THIRD = "third-party-rule"
SECRET = "Hush <from> others"


def grant_caveats(site: Site, name: str, *caveats: str, role: str = "cooperation officer") -> None:
    """Let somebody see lines that bear caveats."""
    draft = Draft("role.grant", f"grant:{name}:{caveats}", reason="they handle these papers")
    draft.add(
        *("role_grant",),
        scope="XA",
        person=site.members[name].person,
        role=role,
        granted_scope="XA",
        granted_caveats=";".join(caveats),
        state="granted",
    )
    post(site.database, draft, site.actor("administrator"))


def item(site: Site, title: str = "Figures", /, **more: Any) -> str:
    """Record an item as somebody who may see every caveat."""
    values = {"direction": "in", "on": DAY, "medium": "letter", "title": title}
    values |= {"from_organisation": "US.DOE", "to_organisation": "JP.MOFA", **more}
    wanted = InformationWanted(**values)
    return record_information(site.database, site.actor("cooperation"), wanted)[0]


@pytest.fixture
def kept(site: Site) -> Site:
    """Return a site with the register; the cooperation officer may see a caveat, others not."""
    actor = site.actor("cooperation")
    record_register(site.database, actor, shipped_register(), "agreements.json")
    grant_caveats(site, "cooperation", THIRD)
    grant_caveats(site, "officer2")
    return site


def recorded(client: Client, **more: str) -> dict[str, str]:
    """Return the fields of the form that records, as the page has them now."""
    given = {"direction": "in", "title": "Reply", "medium": "letter", "on": "2026-01-05"}
    given |= {"from_organisation": "US.DOE", "to_organisation": "JP.MOFA"}
    return {**fields_of(client, NEW, "record-form"), **given, **more}


def test_who_may_see_it(kept: Site) -> None:
    name = item(kept)
    for who, status in (
        *(("cooperation", 200), ("officer", 200), ("auditor", 200)),
        *(("accountant", 403), ("inspector", 403), ("security", 403), ("administrator", 403)),
    ):
        with kept.client(who) as client:
            for path in (HERE, f"{HERE}/{name}"):
                assert client.get(path).status_code == status, who
            assert (f'href="{HERE}"' in client.get("/").text) == (status == 200), who
            assert (f"{HERE}/{name}" in client.get("/search?q=figures").text) == (status == 200)
    with kept.client("officer") as officer:
        assert "event-form" not in officer.get(f"{HERE}/{name}").text
        for path in (NEW, HAND_OUT, f"{HERE}/{name}/events"):
            assert officer.post(path, {}).status_code == 403
        assert officer.get(NEW).status_code == 403 and officer.get(HAND_OUT).status_code == 403


def test_who_lacks_the_caveat_sees_nothing_of_it(kept: Site) -> None:
    plain = item(kept, "Open figures")
    content = ("secret.txt", b"nothing for others")
    hidden = item(kept, SECRET, caveats=(THIRD,), content=content)
    digest = ""
    with kept.client("cooperation") as client:
        page = client.get(f"{HERE}/{hidden}").text
        assert "Hush &lt;from&gt; others" in page and "third-party rule" in page
        digest = re.findall(r"/evidence/([0-9a-f]{64})", page)[0]
        assert client.get(f"/evidence/{digest}").content == content[1]
    for who in ("officer", "officer2"):
        with kept.client(who) as client:
            text = client.get(HERE).text + client.get(f"{HERE}?format=csv").text
            assert plain in text and hidden not in text and "Hush" not in text, who
            assert client.get(f"{HERE}/{hidden}").status_code == 404
            assert client.get(f"/evidence/{digest}").status_code == 404
            assert f"{HERE}/{hidden}" not in client.get(f"/search?q={hidden}").text
            assert "Hush" not in client.get("/search?q=hush").text
            why = client.get(f"/why?of=cooperation:{hidden}")
            assert "Hush" not in why.text and digest not in why.text
    with kept.client("officer2") as client:
        before = acts(kept)
        assert client.post(f"{HERE}/{hidden}/events", {}).status_code == 404
        part = client.post(NEW, recorded(client, parts=hidden))
        assert part.status_code == 422 and f"There is no item {hidden}" in part.text
        under = client.post(NEW, recorded(client, under=hidden))
        nothing = client.post(NEW, recorded(client, under="info.9999"))
        assert under.status_code == nothing.status_code == 422
        assert "There is nothing of this name" in under.text and "nothing of this" in nothing.text
        look = client.post(HAND_OUT, {"to": "INT.IAEA", "items": hidden})
        assert look.status_code == 422 and "There is no item" in look.text
        every = client.post(HAND_OUT, {"to": "INT.IAEA", "items": ""})
        assert plain in every.text and hidden not in every.text and "Hush" not in every.text
        sneaky = {"to": "JP.MOFA", "items": f"{plain} {hidden}", "do": "hand out"}
        assert client.post(HAND_OUT, sneaky).status_code == 422
        caveated = client.post(NEW, recorded(client, **{f"caveat_{THIRD}": "yes"}))
        assert caveated.status_code == 422 and "NOT-PERMITTED" in caveated.text
        assert acts(kept) == before


def test_a_whole_whose_part_is_not_seen_names_nothing_of_it(kept: Site) -> None:
    both = "no-foreign / third-party-rule"
    grant_caveats(kept, "cooperation", THIRD, "no-foreign", both)
    part = item(kept, SECRET, caveats=(THIRD,))
    whole = item(kept, "Summary", caveats=("no-foreign",), parts=(part,))
    grant_caveats(kept, "officer2", both)
    with kept.client("officer2") as client:
        page = client.get(f"{HERE}/{whole}").text
        assert "Summary" in page and "Hush" not in page and 'id="parts-title"' not in page
        refused = client.post(HAND_OUT, {"to": "INT.IAEA", "items": whole})
        assert refused.status_code == 422 and "CAVEAT-THIRD-PARTY" in refused.text
        assert f"holds {part}" not in refused.text and f"{part} was" not in refused.text
        assert "something that you may not see" in refused.text


def test_information_is_recorded_once(kept: Site) -> None:
    grant_caveats(kept, "cooperation", THIRD, "embargo")
    with kept.client("cooperation") as client:
        before = acts(kept)
        fields = recorded(client, title="返答 <i>", purposes="Safeguards\nSafety", under="c001")
        wrong = client.post(NEW, {**fields, "from_organisation": "XX.NONE"})
        assert wrong.status_code == 422 and "COOPERATION-ORGANISATION" in wrong.text
        assert "返答 &lt;i&gt;" in wrong.text and "<i>" not in wrong.text
        for change, words in (
            ({"medium": ""}, "Say how it was given"),
            ({"on": ""}, "Say on which day"),
            ({"caveat_embargo": "yes"}, "INFORMATION-DAY"),
            ({"digest": "abc"}, "INFORMATION-DIGEST"),
            ({"retention_until": "2025-01-01"}, "INFORMATION-DAY"),
        ):
            answer = client.post(NEW, {**fields, **change})
            assert answer.status_code == 422 and words in answer.text, change
        assert acts(kept) == before
        files = [("content", ("reply.txt", b"what we answer", "text/plain"))]
        done = client.post(NEW, fields, files=files)
        assert done.status_code == 303 and acts(kept) == before + 1, done.text
        assert client.post(NEW, fields, files=files).headers["location"] == done.headers["location"]
        page = client.get(done.headers["location"]).text
        assert "safeguards; safety" in page.lower() and "/cooperation/commitments/c001" in page
        event = fields_of(client, f"{HERE}/info.0001", "event-form")
        event |= {"what": "acknowledged", "event_on": "2026-01-06", "person": "A. Smith"}
        early = client.post(f"{HERE}/info.0001/events", {**event, "event_on": "2025-01-01"})
        assert early.status_code == 422 and "INFORMATION-DAY" in early.text
        assert client.post(f"{HERE}/info.0001/events", {**event, "what": "x"}).status_code == 422
        assert client.post(f"{HERE}/info.0001/events", event).status_code == 303
        stale = client.post(
            f"{HERE}/info.0001/events", {**event, "what": "returned", "_form_id": "other"}
        )
        assert stale.status_code == 409 and "Somebody was here in between" in stale.text
        assert "A. Smith" in client.get(f"{HERE}/info.0001").text
        rows = list(csv.DictReader(io.StringIO(client.get(f"{HERE}?format=csv").text)))
        assert [(one["information"], one["acknowledged"]) for one in rows] == [("info.0001", "yes")]
        assert client.get(f"{HERE}?direction=received&format=xlsx").content[:2] == b"PK"


def test_handing_out_that_breaks_a_caveat_is_refused_with_the_finding(kept: Site) -> None:
    free, bound = (
        item(kept, "Free", content=("a.txt", b"aa")),
        item(kept, "Bound", caveats=(THIRD,)),
    )
    before = acts(kept)
    with kept.client("cooperation") as client:
        refused = client.post(HAND_OUT, {"to": "INT.IAEA", "items": f"{free} {bound}"})
        assert refused.status_code == 422 and "CAVEAT-THIRD-PARTY" in refused.text
        assert "nothing was handed out" in refused.text and "hand-out-form" not in refused.text
        forced = {"to": "INT.IAEA", "items": f"{free} {bound}", "do": "hand out"}
        pressed = client.post(HAND_OUT, forced)
        assert pressed.status_code == 422 and "CAVEAT-THIRD-PARTY" in pressed.text
        assert acts(kept) == before
        looked = client.post(HAND_OUT, {"to": "INT.IAEA", "purpose": "<b>safety"})
        assert looked.status_code == 200 and "What stays here, and why" in looked.text
        assert "<b>safety" not in looked.text
        part = looked.text[looked.text.index('id="hand-out-form"') :]
        fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', part))
        fields.pop("_form_token")
        assert fields["items"] == free
        done = client.post(HAND_OUT, fields)
        assert done.status_code == 303 and acts(kept) == before + 1
        assert client.post(HAND_OUT, fields).headers["location"] == done.headers["location"]
        page = client.get(done.headers["location"]).text
        href = re.findall(r'href="(/cooperation/information-packages/\d+)"', page)[0]
        package = client.get(href)
        with zipfile.ZipFile(io.BytesIO(package.content)) as archive:
            assert archive.read(f"content/{free}") == b"aa"
            assert json.loads(archive.read("manifest.json"))["to"] == "INT.IAEA"
        assert "INT.IAEA" in client.get(f"{HERE}/{free}").text
        assert client.get("/cooperation/information-packages/3").status_code == 404
        assert client.get(f"{HAND_OUT}?items={bound}").status_code == 200
        assert client.post(HAND_OUT, {"to": "XX.NONE"}).status_code == 422
    with kept.client("officer") as officer:
        assert officer.get(href).status_code == 403


def test_empty_books(site: Site) -> None:
    with site.client("cooperation") as client:
        assert "Nothing is recorded" in client.get(HERE).text
        assert client.get(NEW).status_code == 200 and client.get(HAND_OUT).status_code == 200
        assert client.get(f"{HERE}/info.0001").status_code == 404
