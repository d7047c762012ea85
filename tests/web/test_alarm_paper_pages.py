"""Papers of a case by form, and alarms of the books that have no case yet."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import docx

from web.detecting_port import ALARM, NEUTRONS, OPEN_CASE, WORKED
from web.site import Client, Site
from web.test_alarm_pages import proposed, sent
from web.test_equipment_pages import filled
from web.test_report_pages import acts
from web.test_seal_pages import rows_of


def paper(client: Client, alarm: str, name: str, **fields: Any) -> Any:
    files = fields.pop("files", None)
    path = f"/alarms/{alarm}/papers/{name}"
    told = {f"paper_{key}": value for key, value in fields.items()}
    return client.post(path, filled(client, path, "paper-form", **told), files=files)


def evidence(client: Client, alarm: str, table: str) -> bytes:
    """Return the last file that a table of a case links to."""
    text = client.get(f"/alarms/{alarm}").text
    part = text[text.index(f'id="{table}"') :]
    digest = re.findall(r'href="/evidence/([0-9a-f]{64})"', part[: part.index("</table>")])[-1]
    content: bytes = client.get(f"/evidence/{digest}").content
    return content


def test_alarms_of_the_books_wait_for_a_case(detecting: Site) -> None:
    with detecting.client("port") as client:
        rows = rows_of(client, "/alarms/waiting")
        text = client.get("/alarms/waiting").text
        assert [row["passage"] for row in rows] == [f"RPM-1@{NEUTRONS}"]
        assert rows[0]["alarm"].startswith("neutrons") and f"occupancy={NEUTRONS[:13]}" in text
        client.post(
            "/alarms/raise", proposed(client, f"/alarms/raise?portal=RPM-1&occupancy={NEUTRONS}")
        )
        assert "No case is there." in client.get("/alarms/waiting").text
        other = proposed(client, f"/alarms/raise?portal=RPM-1&occupancy={ALARM}")
        again = client.post("/alarms/raise", {**other, "raise_alarm": "SECOND"})
        assert again.status_code == 422 and "ALARM-PASSAGE" in again.text
        assert WORKED in again.text
    with detecting.client("auditor") as client:
        assert "Raise a case" not in client.get("/alarms/waiting").text
    with detecting.client("accountant") as client:
        assert client.get("/alarms/waiting").status_code == 403


def test_an_expert_is_asked_and_answers(detecting: Site) -> None:
    before = acts(detecting)
    with detecting.client("port") as client:
        empty = paper(client, WORKED, "expert", package="RB-1")
        assert empty.status_code == 422 and "Name the expert." in empty.text
        odd = paper(client, WORKED, "expert", package="a/b", expert="Lab", question="What is it?")
        assert odd.status_code == 422 and "ALARM-TEXT" in odd.text
        assert acts(detecting) == before
        photo = {"paper_photographs": ("p<1>.jpg", b"a photograph", "image/jpeg")}
        asked = {"package": "RB-1", "expert": "Lab <A>", "question": "What is it?"}
        done = paper(client, WORKED, "expert", **asked, files=photo)
        assert done.status_code == 303, done.text
        assert "Lab &lt;A&gt;" in client.get(f"/alarms/{WORKED}").text
        with zipfile.ZipFile(io.BytesIO(evidence(client, WORKED, "packages"))) as packed:
            assert b"What is it?" in packed.read("question.txt")
            assert any(name.endswith("p_1_.jpg") for name in packed.namelist())
        assert client.get(f"/alarms/{WORKED}/papers/answer").status_code == 403
    with detecting.client("expert") as client:
        told = {"package": "RB-1", "expert": "Lab", "left": "no", "words": "only potassium"}
        file = {"paper_file": ("answer.txt", b"K-40", "text/plain")}
        bad = paper(client, WORKED, "answer", **told, nuclides="K-40:food", files=file)
        assert bad.status_code == 422 and "ALARM-ANSWER" in bad.text
        done = paper(client, WORKED, "answer", **told, nuclides="K-40:norm", files=file)
        assert done.status_code == 303, done.text
        assert "only potassium" in client.get(f"/alarms/{WORKED}").text


def test_a_report_is_drafted_and_released_by_another(detecting: Site) -> None:
    with detecting.client("port") as client:
        early = paper(
            client, OPEN_CASE, "report", report="IR-1", group="III", description="d", contact="c",
            form="docx",
        )  # fmt: skip
        assert early.status_code == 422 and "ALARM-REPORT" in early.text
        for step, more in (("CATEGORIZED", {"category": "NORM"}), ("UNRESOLVED", {})):
            assert sent(client, WORKED, step, **more).status_code == 303
        told = {"report": "IR-1", "group": "II", "description": "Tiles", "contact": "NPC"}
        told |= {"form": "docx"}
        assert paper(client, WORKED, "report", **told).status_code == 422  # no quantity
        assert paper(client, WORKED, "report", **told, activity="much").status_code == 422
        done = paper(client, WORKED, "report", **told, quantity="not determined")
        assert done.status_code == 303, done.text
        document = docx.Document(io.BytesIO(evidence(client, WORKED, "reports")))
        assert any("Tiles" in one.text for one in document.paragraphs)
        assert client.get(f"/alarms/{WORKED}/papers/release").status_code == 403
    with detecting.client("headquarters") as client:
        done = paper(client, WORKED, "release", report="IR-1")
        assert done.status_code == 303, done.text
        assert "released" in client.get(f"/alarms/{WORKED}").text
        assert "papers/release" not in client.get(f"/alarms/{WORKED}").text
        assert client.get(f"/alarms/{WORKED}/papers/poem").status_code == 404
