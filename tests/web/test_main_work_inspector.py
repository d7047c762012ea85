"""The inspector's work in a browser: audit pack, verification, a proof, what if."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from keiryo.journal import standalone
from web.browser import Window, launched, until, window
from web.site import Site, serving


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser for the tests of this module."""
    with launched() as running:
        yield running


def wait_for_job(seen: Window, over: str = "done") -> None:
    """Wait on the page of a job, which follows by itself, until it is over."""
    assert seen.path.startswith("/jobs/")
    state = seen.page.locator("main .job")
    until(lambda: over in state.inner_text().lower(), f"the job is not {over}", 60)
    seen.check()


def saved(seen: Window, selector: str, folder: Path) -> Path:
    """Click on a link that hands out a file, and keep it."""
    with seen.page.expect_download() as waiting:
        seen.page.locator(selector).first.click()
    place = folder / Path(waiting.value.suggested_filename).name
    waiting.value.save_as(place)
    return place


def test_audit_pack_verification_and_proof(site: Site, browser: Browser, tmp_path: Path) -> None:
    with serving(site) as address, window(browser, address, site=site, member="inspector") as seen:
        seen.go("/areas/XAFA?period=2025-01-01..2025-12-31")
        seen.press("Audit pack of the period")
        seen.picture("job-en")
        wait_for_job(seen)
        assert seen.barriers() == []
        pack = saved(seen, 'main a[href$="/file"]', tmp_path)
        assert zipfile.is_zipfile(pack) and len(zipfile.ZipFile(pack).namelist()) > 5

        seen.go("/journal")
        seen.press("Verify everything")
        wait_for_job(seen)
        until(lambda: "sound" in seen.text().lower(), "the result is not shown")
        assert seen.barriers() == []
        seen.picture("verification-en")

        seen.go("/reports/XAFA/102")
        seen.click('main dl a[href^="/journal/acts/"]')
        proof = saved(seen, 'main a[href$="/proof"]', tmp_path) if _proof_here(seen) else None
        if proof is None:
            number = seen.path.rpartition("/")[2]
            seen.go(f"/why?of=line:{number}/1")
            proof = saved(seen, 'main a[href$="/proof"]', tmp_path)
        seen.go("/journal/checkpoint")
        checkpoint = saved(seen, 'main a[href*="format=json"]', tmp_path)
    assert _verified(proof, checkpoint) == 0
    text = proof.read_text("utf-8")
    changed = tmp_path / "changed.json"
    digit = text.index('"salt"')
    changed.write_text(text[:digit] + text[digit:].replace("1", "2", 1), "utf-8")
    assert _verified(changed, checkpoint) != 0


def _proof_here(seen: Window) -> bool:
    return seen.page.locator('main a[href$="/proof"]').count() > 0


def _verified(proof: Path, checkpoint: Path) -> int:
    """Run the verifier that stands alone, as somebody elsewhere would."""
    program = [sys.executable, "-I", str(standalone.__file__), "--proof", str(proof)]
    done = subprocess.run(
        [*program, "--checkpoint", str(checkpoint)], capture_output=True, timeout=60, check=False
    )
    return done.returncode


def test_evaluation_and_what_if(site: Site, browser: Browser) -> None:
    with serving(site) as address, window(browser, address, site=site, member="officer") as seen:
        seen.go("/evaluation")
        seen.follow("XAFA")
        until(lambda: seen.page.locator("h1").inner_text() != "", "no page")
        assert seen.barriers() == []
        seen.page.locator("figure.chart img").first.scroll_into_view_if_needed()
        drawn = "(image) => image.complete && image.naturalWidth > 0"
        picture = seen.page.locator("figure.chart img").first
        until(lambda: bool(picture.evaluate(drawn)), "the chart is not drawn")
        seen.picture("evaluation-en")
        seen.follow("What if")
        answer = seen.page.locator(".what-if-answer")
        before = answer.inner_text()
        field = seen.page.locator("td .try input").first
        field.fill("9")
        field.press("Tab")
        until(lambda: answer.inner_text() != before, "the answer does not follow the entry")
        seen.check()
        assert seen.barriers() == []
        seen.picture("what-if-en")
        field.fill("nine")
        field.press("Tab")
        wrong = seen.page.locator("[aria-invalid=true]")
        until(lambda: wrong.count() > 0, "the entry that is no number is not named")
        assert wrong.first.input_value() == "nine" and seen.barriers() == []


def test_verification_in_japanese(site: Site, browser: Browser) -> None:
    with (
        serving(site) as address,
        window(browser, address, site=site, member="inspector", language="ja") as seen,
    ):
        seen.go("/journal")
        seen.click('main form[action="/journal/verify"] button')
        wait_for_job(seen, "完了")
        seen.picture("verification-ja")
        assert seen.barriers() == []
