"""What an inspector finds in the pack of the worked example, and that it can be checked."""

from __future__ import annotations

import datetime
import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

import keiryo
from audit.packs import YEAR, page_problems, rows, run, state_xa, sums_agree, unpacked
from keiryo.accounts.model import Knowledge
from keiryo.audit.service import write_audit_pack
from keiryo.dates import Period
from keiryo.quantities import parse_weight_mg

# The running ledger of enriched uranium as the worked example gives it: date, entry, code, batch,
# change of element and fissile weight, book of both, in grams.
RUNNING = """
20250214 102/1 RF CYL30B-4471 +1541260 +68585.2 4625866.25 205826.068
20250306 103/1 DI CYL30B-4471 -354.6 -15.388 4625511.65 205810.68
20250410 106/4 LD F25-LIQ-01 -1210.5 -53.867 4624301.15 205756.813
20250522 105/1 NE F25-BLD-01 +12500 +88.875 4636801.15 205845.688
20250618 106/1 TW F25-WST-01 -3405.2 -151.531 4633395.95 205694.157
20250625 106/2 SD F25-SMP-A1 -50 -2.225 4633345.95 205691.932
20250926 107/1 SD F25-FA-001 -461210.4 -20523.863 4172135.55 185168.069
20250926 107/2 SD F25-FA-002 -461188.9 -20522.906 3710946.65 164645.163
20250926 107/3 SD F25-FA-003 -461232.7 -20524.855 3249713.95 144120.308
20250926 107/4 SD F25-FA-004 -461201.5 -20523.467 2788512.45 123596.841
20251106 108/1 FW F25-WST-01 +1002.6 +44.616 2789515.05 123641.457
20251112 108/2 SF F25-SCR-03 -40000 -1760 2749515.05 121881.457
"""
BALANCE = {"PB": "3084606.25", "BE": "2749869.65", "DI": "354.6", "BA": "2749515.05",
           "PE": "2748702.704", "MF": "812.346"}  # fmt: skip


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> keiryo.Books:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("KEIRYO_EVIDENCE", raising=False)
        return state_xa(str(tmp_path_factory.mktemp("xa") / "books.sqlite"))


@pytest.fixture(scope="module")
def pack(books: keiryo.Books, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpacked(books, "XAFA", tmp_path_factory.mktemp("pack"))


@pytest.fixture
def own_copy(pack: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pack, tmp_path / "copy"))


def assert_running_ledger(folder: Path) -> None:
    expected = [line.split() for line in RUNNING.strip().splitlines()]
    found = [
        [row["date"].replace("-", ""), f"{row['report']}/{row['entry']}", row["code"], row["batch"],
         *(row[c] for c in ("element_change", "fissile_change_g", "element_book",
                            "fissile_book_g"))]
        for row in rows(folder, "ledger.csv", category="E")
        if row["code"] not in ("PB", "RM", "RP")
    ]  # fmt: skip
    assert found == [[part.lstrip("+") for part in line] for line in expected]
    first = rows(folder, "ledger.csv", category="E", code="PB")
    assert [(r["element_book"], r["fissile_book_g"]) for r in first] == [
        ("3084606.25", "137240.868")
    ]
    rebatched = [rows(folder, "ledger.csv", code=code)[0] for code in ("RM", "RP")]
    assert {row["element_book"] for row in rebatched} == {"4625511.65"}


def test_on_both_databases(database_url: str, tmp_path: Path) -> None:
    folder = unpacked(state_xa(database_url), "XAFA", tmp_path)
    assert_running_ledger(folder)
    assert sums_agree(folder)
    code, said = run(folder, "verify_pack.py")
    assert code == 0 and said.startswith("Sound:"), said


def test_source_of_every_ledger_line(pack: Path) -> None:
    acts = {row["act"]: row for row in rows(pack, "acts.csv")}
    files = {row["digest"]: row for row in rows(pack, "evidence.csv", role="report")}
    for row in rows(pack, "ledger.csv"):
        if row["act"]:
            assert acts[row["act"]]["recorded_at"] == row["recorded_at"]
            copied = pack / files[row["evidence"]]["file_in_pack"]
            assert hashlib.sha256(copied.read_bytes()).hexdigest() == row["evidence"]
            assert f"{row['report']}/{row['entry']}" in (pack / "ledger.html").read_text()


def test_balance_beside_the_reported_one(pack: Path) -> None:
    for code, weight in BALANCE.items():
        (row,) = rows(pack, "balance.csv", code=code, category="E")
        assert (row["element_books"], row["element_reported"]) == (weight, weight)
        assert row["element_difference"] == "0"
        assert weight in (pack / row["figure"]).read_text()
    page = (pack / "index.html").read_text()
    assert "agrees with the books in every line" in page
    (shipped,) = rows(pack, "balance.csv", code="SD", category="E")
    assert shipped["lines"] == "5"


def test_figures_are_the_sums_of_their_lines(pack: Path) -> None:
    terms = [
        parse_weight_mg(row["element_change"], row["unit"])
        for row in rows(pack, "ledger.csv", category="E", code="SD")
    ]
    (shipped,) = rows(pack, "balance.csv", code="SD", category="E")
    assert -sum(terms) == parse_weight_mg(shipped["element_books"], "g")


def test_correction_with_both_weights(pack: Path) -> None:
    (row,) = rows(pack, "corrections.csv")
    assert (row["chain"], row["original"], row["correction"]) == ("104/1", "104/1", "106/4")
    assert (row["field"], row["before"], row["after"]) == ("element E (g)", "1120.5", "1210.5")
    assert row["note"].startswith("CORRECTION OF TRANSPOSED DIGITS")
    (old,) = rows(pack, "entries.csv", report="104")
    assert (old["standing"], old["superseded_by"]) == ("superseded", "106/4")
    assert not rows(pack, "ledger.csv", report="104")
    page = (pack / "ledger.html").read_text()
    assert "<s>-1120.5</s>" in page and "superseded by 106/4" in page


def test_as_known_before_the_correction(books: keiryo.Books, tmp_path: Path) -> None:
    period = Period(YEAR.start, datetime.date(2025, 6, 1))
    known = Knowledge(known_on=datetime.date(2025, 6, 1))
    folder = unpacked(books, "XAFA", tmp_path, period, knowledge=known)
    (row,) = rows(folder, "ledger.csv", code="LD")
    assert (row["report"], row["element_change"]) == ("104", "-1120.5")
    assert not rows(folder, "corrections.csv")
    assert {row["report"] for row in rows(folder, "reports.csv")} == {"102", "103", "104"}
    assert "as known on 2025-06-01" in (folder / "index.html").read_text()
    assert run(folder, "verify_pack.py")[0] == 0


def test_books_against_the_listing(books: keiryo.Books, pack: Path, tmp_path: Path) -> None:
    name = "inventory-vs-listing.csv"
    (cylinder,) = rows(pack, name, batch="CYL30B-4471")
    assert (cylinder["where"], cylinder["element_difference"]) == ("both", "0")
    (all_of_it,) = rows(pack, name, batch="all material", category="E")
    assert (all_of_it["element_difference"], all_of_it["fissile_difference_g"]) == (
        "812.346", "36.118"
    )  # fmt: skip
    listed = rows(pack, "listing.csv", report="110")
    assert len(listed) == 7 and all(row["standing"] == "effective" for row in listed)
    reactor = unpacked(books, "XARA", tmp_path)
    compared = [row for row in rows(reactor, name) if row["where"] != "sum"]
    assert {row["where"] for row in compared} == {"both"}
    assert {row["element_difference"] for row in compared} == {"0"}
    assert {row["items_difference"] for row in compared} == {"0"}


def test_reports_are_written_anew(pack: Path) -> None:
    listed = rows(pack, "reports.csv")
    assert [row["report"] for row in listed] == [str(n) for n in range(102, 111)]
    assert {row["same_as_received"] for row in listed} == {"yes"}
    assert "391:CORRECTION OF" in (pack / "reports/XA-XAFA-106-I-act-8.txt").read_text()


def test_the_same_acts_give_the_same_bytes(books: keiryo.Books, tmp_path: Path) -> None:
    head = books.checkpoint().act_id
    known = Knowledge(through_act=head - 1)
    first = write_audit_pack(books.database, "XAFA", YEAR, tmp_path / "1.zip", knowledge=known)
    second = write_audit_pack(books.database, "XAFA", YEAR, tmp_path / "2.zip", knowledge=known)
    assert first.path.read_bytes() == second.path.read_bytes()
    assert (first.act_id, books.checkpoint().act_id) == (head - 1, head)


def test_single_proof_and_its_forgery(own_copy: Path, books: keiryo.Books) -> None:
    (row,) = rows(own_copy, "ledger.csv", report="106", entry="4")
    name = f"proof/single/{row['act']}-{row['line']}.json"
    words = ("verify_journal.py", "--proof", name, "--checkpoint", "proof/checkpoint.json")
    code, said = run(own_copy, *words)
    assert code == 0 and "F25-LIQ-01" in said
    assert json.loads((own_copy / name).read_text()) == books.prove(
        int(row["act"]), int(row["line"])
    )
    proof = own_copy / name
    proof.write_text(proof.read_text().replace("1210500", "1210501"))
    assert run(own_copy, *words)[0] == 1
    assert not sums_agree(own_copy)
    assert run(own_copy, "verify_pack.py")[0] == 1


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("ledger.csv", "-1210.5,", "-1120.5,"),
        ("proof/lines.jsonl", "F25-LIQ-01", "F25-LIQ-02"),
        ("proof/acts.jsonl", "report.accept", "report.refuse"),
        ("proof/chain.jsonl", '"digest": "', '"digest": "0'),
    ],
)
def test_a_forger_who_corrects_the_list_is_found_out(
    own_copy: Path, name: str, old: str, new: str
) -> None:
    path, sums = own_copy / name, own_copy / "SHA256SUMS"
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_text(path.read_text().replace(old, new, 1))
    after = hashlib.sha256(path.read_bytes()).hexdigest()
    sums.write_text(sums.read_text().replace(before, after))
    assert before != after and sums_agree(own_copy)
    code, said = run(own_copy, "verify_pack.py")
    assert code in (1, 2) and "Sound" not in said


def test_checkpoint_that_the_reader_holds(
    own_copy: Path, books: keiryo.Books, tmp_path: Path
) -> None:
    held = tmp_path / "held.json"
    held.write_text(books.checkpoint().to_json())
    assert run(own_copy, "verify_pack.py", "--checkpoint", str(held))[0] == 0
    other = json.loads(held.read_text())
    held.write_text(json.dumps({**other, "digest": "ab" * 32}))
    assert run(own_copy, "verify_pack.py", "--checkpoint", str(held))[0] == 1
    line = tmp_path / "line.json"
    assert run(own_copy, "verify_pack.py", "--extract", "8/13", str(line))[0] == 0
    assert json.loads(line.read_text()) == books.prove(8, 13)


def test_manifest_names_every_file(pack: Path) -> None:
    manifest = json.loads((pack / "manifest.json").read_text())
    there = {path.relative_to(pack).as_posix() for path in pack.rglob("*") if path.is_file()}
    assert set(manifest["files"]) == there - {"manifest.json", "SHA256SUMS"}
    assert manifest["counts"]["ledger_lines"] == 16


def test_pages(pack: Path) -> None:
    assert page_problems(pack) == []
    for page in pack.rglob("*.html"):
        text = page.read_text()
        assert '<html lang="en">' in text and "<main>" in text and "default-src" in text
    assert (pack / "index.html").read_text().count("<svg") == 2


def test_pages_open_in_a_browser_where_there_is_one(pack: Path, tmp_path: Path) -> None:
    browser = shutil.which("chromium")
    for name in ("index.html", "ledger.html") if browser else ():
        done = subprocess.run(
            [str(browser), "--headless", "--no-sandbox", "--disable-gpu",
             f"--user-data-dir={tmp_path}", "--enable-logging=stderr", "--dump-dom",
             (pack / name).as_uri()],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert "CONSOLE" not in done.stderr, done.stderr
        assert "XAFA" in done.stdout
