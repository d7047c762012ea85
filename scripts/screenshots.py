"""Take the pictures of pages in docs/images: State XA, as a State officer sees it."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / "src"), str(TOP / "tests")]
IMAGES = TOP / "docs" / "images"
SIZE = (1280, 800)
COLOURS, MOST_BYTES = 128, 200_000
WEEK = "from=2025-12-09T00:00Z&to=2025-12-13T00:00Z"
PAGES = {
    "overview": "/",
    "area": "/areas/XAFA?period=2025-01-01..2025-12-31",
    "report": "/reports/XAFA/107",
    "why": "/why?of=XAFA/MF/E",
    "evaluation": "/evaluation/XAFA",
    "coverage": f"/coverage/XARA?on=2025-12-11T02:30Z&{WEEK}",
    "seal": "/seals/INT.IAEA/0042871",
    "camera": "/surveillance/cameras/CAM-11",
    "timeline": f"/surveillance/timeline?mba=XARA&{WEEK}",
    "reviewer": "/surveillance/reviews/fresh-store-2025-50",
}
DETECTION = {
    "lane-board": "/portals",
    "passage": "/portals/RPM-1/2026-01-09T01:05:00.000Z",
    "alarm-case": "/alarms/CERAMICS-1",
    "public-event": "/public-events/lake-games",
}
"""Pages of radiation detection, of a site with a seaport and an event."""
SPECTRUM = "alcatraz_field_2012.spc"


def smaller(picture: bytes) -> bytes:
    """Return a picture with few colours, as a PNG file."""
    from PIL import Image

    with Image.open(io.BytesIO(picture)) as whole:
        reduced = whole.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    stream = io.BytesIO()
    reduced.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def main() -> int:
    """Take all pictures; return 1 if one is too large for a page of documentation."""
    for name in list(os.environ):
        if name.startswith("KEIRYO_"):
            del os.environ[name]
    from web.browser import launched
    from web.detecting_port import detecting_books
    from web.site import copy_of, make_site, serving
    from web.test_spectrum_pages import SPECTRA, kept
    from web.watched_area import watched_books

    IMAGES.mkdir(parents=True, exist_ok=True)
    too_large: list[str] = []
    for books, pages in ((watched_books(), PAGES), (detecting_books(), DETECTION)):
        with tempfile.TemporaryDirectory() as folder:
            site = make_site(copy_of(books, Path(folder)))
            if pages is DETECTION:
                spectrum = kept(site, SPECTRA / SPECTRUM)
                pages = {**pages, "spectrum": f"{spectrum}?lines=K-40,Ra-226&named=1"}
            with serving(site) as address, launched() as browser:
                for language in ("en", "ja"):
                    too_large += taken(site, address, browser, language, pages)
            site.close()
    if too_large:
        print(f"too large: {', '.join(too_large)}", file=sys.stderr)
    return 1 if too_large else 0


def taken(site: Any, address: str, browser: Any, language: str, pages: dict[str, str]) -> list[str]:
    """Take pictures of pages; return the names of those that are too large."""
    from web.browser import window

    too_large = []
    asked = {"site": site, "member": "officer", "language": language, "size": SIZE}
    with window(browser, address, **asked) as seen:
        for name, path in pages.items():
            seen.go(path)
            if name == "reviewer":  # the page of its first event
                link = seen.page.locator("main a[href*='/events/']").first
                seen.go(link.get_attribute("href"))
            for chart in seen.page.locator("main img:visible").all():
                chart.scroll_into_view_if_needed()
            seen.page.wait_for_load_state("networkidle")
            seen.page.evaluate("() => window.scrollTo(0, 0)")
            content = smaller(seen.page.screenshot(animations="disabled"))
            place = IMAGES / f"{name}-{language}.png"
            place.write_bytes(content)
            print(f"{place.relative_to(TOP)}  {len(content):,} bytes")
            if len(content) > MOST_BYTES:
                too_large.append(place.name)
    return too_large


if __name__ == "__main__":
    sys.exit(main())
