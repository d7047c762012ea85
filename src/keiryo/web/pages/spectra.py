"""The spectrum viewer: a spectrum with its peaks, lines of nuclides, background and residuals.

A file of the record is looked at where it is kept; another one is sent, held for an hour and
recorded nowhere. Everything that is shown stands in the address, so that a view can be sent on.
"""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import Any

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Redirect, Stream

from keiryo.detection_sites.tables import DETECTION_MEASUREMENT
from keiryo.errors import NotFoundError
from keiryo.journal.reading import rows_of
from keiryo.spectra.spectrum import FILE, INVALID, SpectrumFileError
from keiryo.spectra.writing import write_spectra
from keiryo.web.listing import ListColumn, RowList, download_headers, shown_list
from keiryo.web.pages.spectra_drawn import drawn, peak_place, peak_width
from keiryo.web.pages.spectra_held import hold
from keiryo.web.pages.spectra_known import (
    CAPABILITY,
    HOME,
    MOST_BYTES,
    READING,
    SHIELDS,
    AskedView,
    Looked,
    asked_view,
    held_file,
    likely_background,
    looked_at,
    named_in,
    peaks_in,
)
from keiryo.web.rendering import render
from keiryo.web.sections import MenuEntry, Section, reads
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import number_text
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

CATEGORY_WORDS = {
    "innocent": sentence("innocent"),
    "NORM": sentence("natural radioactivity"),
    "medical": sentence("medical"),
    "industrial": sentence("industrial"),
    "nuclear": sentence("nuclear material"),
    "unknown": sentence("unknown"),
}
CATEGORY_BADGES = {"innocent": "ok", "NORM": "ok", "medical": "info", "industrial": "warning"}
COLUMNS = (
    ListColumn("file", sentence("Spectrum"), "code", href=lambda row: row["href"]),
    ListColumn("instrument", sentence("Instrument"), "code"),
    ListColumn("detector", sentence("Detector")),
    ListColumn("start", sentence("Start")),
    ListColumn("live", sentence("Live time, s"), "number", filterable=False),
    ListColumn("counts", sentence("Counts"), "number", filterable=False),
    ListColumn("occupancy", sentence("About the passage"), "code"),
    ListColumn("act", sentence("Act"), "act"),
)


@get(HOME, sync_to_thread=True, opt=READING)
def spectra_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """List the spectra of the record, and ask for a file to look at."""
    return _home(request, viewer)


def _home(
    request: AnyRequest, viewer: Viewer, *, wrong: str = "", problems: tuple[Any, ...] = ()
) -> Response[Any] | Stream:
    with viewer.books.reading() as connection:
        kept = rows_of(connection, viewer.metadata, DETECTION_MEASUREMENT.name)
    rows = []
    for row in kept:
        told = json.loads(row["shown"])
        rows.append(
            {
                "file": f"{row['digest'][:12]}#{row['number']}",
                "href": AskedView(n=row["number"]).address(f"{HOME}/{row['digest']}"),
                "instrument": row["instrument"],
                "detector": told.get("detector"),
                "start": told.get("start"),
                "live": told.get("live_s"),
                "counts": told.get("counts"),
                "occupancy": row["occupancy"],
                "act": row["act_id"],
            }
        )
    table = shown_list(request, RowList(rows[::-1], COLUMNS), "spectra")
    if isinstance(table, Response | Stream):
        return table
    return render(
        request,
        "spectra/list.html",
        http_status=422 if wrong else 200,
        listed=table,
        total=len(rows),
        wrong=wrong,
        problems=[one.to_dict() for one in problems],
        most_mib=MOST_BYTES >> 20,
        crumbs=[(_("Spectra"), None)],
    )


@post(HOME, status_code=200, sync_to_thread=True, opt=READING)
def look_at_file(request: AnyRequest, viewer: Asking) -> Response[Any] | Redirect | Stream:
    """Take a file to look at: held for its sender, recorded nowhere."""
    form = viewer.form
    for one in [] if form is None else form.getall("file", []):
        if isinstance(one, UploadFile) and one.filename:
            one.file.seek(0)
            content = one.file.read(MOST_BYTES + 1)
            if len(content) > MOST_BYTES:
                told = _("This is more than %(most)s MiB.", most=MOST_BYTES >> 20)
                return _home(request, viewer, wrong=told)
            if (problems := _problems(content, one.filename)) is not None:
                told = _("This file cannot be looked at.")
                return _home(request, viewer, wrong=told, problems=problems)
            token = hold(viewer, one.filename, content)
            return Redirect(f"{HOME}/look/{token}", status_code=303)
    return _home(request, viewer, wrong=_("Choose a file."))


def _problems(content: bytes, name: str) -> tuple[Any, ...] | None:
    """Return what is wrong with a file; None if there is a spectrum in it."""
    from keiryo.spectra.reading import read_content

    try:
        found = read_content(content, PurePath(name).suffix)
    except SpectrumFileError as error:
        return error.problems
    return None if found.spectra else found.problems


@get(HOME + "/{digest:str}", sync_to_thread=True, opt=READING)
def kept_spectrum(request: AnyRequest, viewer: Asking, digest: FromPath[str]) -> Response[Any]:
    """Show a spectrum file that is kept as evidence."""
    return _viewed(request, looked_at(viewer, digest))


@get(HOME + "/look/{token:str}", sync_to_thread=True, opt=READING)
def held_spectrum(request: AnyRequest, viewer: Asking, token: FromPath[str]) -> Response[Any]:
    """Show a spectrum file that was sent to look at."""
    return _viewed(request, held_file(viewer, token))


def _viewed(request: AnyRequest, looked: Looked) -> Response[Any]:
    asked = asked_view(request, len(looked.spectra))
    form = str(request.query_params.get("as", ""))
    if form:
        return _export(looked, asked, form)
    picture, where = drawn(looked, asked)
    spectrum = looked.spectra[asked.n - 1]
    own = likely_background(looked, asked.n)
    here = looked.here
    return render(
        request,
        "spectra/view.html",
        looked=looked,
        spectrum=spectrum,
        asked=asked,
        here=here,
        picture=picture,
        where=where,
        scale=_scale_words(spectrum),
        facts=_facts(looked, spectrum),
        choices=[
            (n, _name_of(one, n), AskedView(n=n).address(here))
            for n, one in enumerate(looked.spectra[:200], 1)
        ],
        more=max(len(looked.spectra) - 200, 0),
        moves=_moves(looked, asked, where),
        views=_views(looked, asked, own),
        peaks=[_peak_row(looked, asked, k, one) for k, one in enumerate(_peaks(looked, asked), 1)],
        named=_named(looked, asked) if asked.named else None,
        name_href=asked.address(here, named=True),
        hidden={
            name: value
            for name, value in asked.query().items()
            if name not in ("lines", "shield", "mm", "low", "high", "background")
        },
        shields=[("", _("nothing")), *((one, one) for one in SHIELDS)],
        backgrounds=[("", _("none"))]
        + [
            (str(n), _name_of(one, n))
            for n, one in enumerate(looked.spectra[:200], 1)
            if n != asked.n
        ],
        exports=[
            (name, asked.address(here) + ("&" if "?" in asked.address(here) else "?") + f"as={end}")
            for name, end in (("CSV", "csv"), ("N42", "n42"), ("SPE", "spe"), ("SVG", "svg"))
        ],
        problems=[*looked.problems, *spectrum.problems],
        crumbs=[(_("Spectra"), HOME), (looked.name, None)],
    )


def _peaks(looked: Looked, asked: AskedView) -> list[Any]:
    return peaks_in(looked, asked.n) if asked.peaks else []


def _name_of(one: Any, n: int) -> str:
    words = " · ".join(part for part in (one.detector, one.role or "", one.title[:40]) if part)
    return f"{n} {words}".strip()


def _scale_words(spectrum: Any) -> str:
    state = spectrum.calibration.state
    if state == FILE:
        return _("as the file states it")
    if state == INVALID:
        return _("stated by the file, and none: channels are shown")
    return _("not stated by the file: channels are shown")


def _facts(looked: Looked, spectrum: Any) -> list[tuple[str, str]]:
    def seconds(value: float | None) -> str:
        return _("not stated") if value is None else f"{value:.6g} s"

    dead = spectrum.dead_share
    rate = spectrum.total / spectrum.live_s if spectrum.live_s else None
    return [
        (_("Detector"), spectrum.detector),
        (_("Title"), spectrum.title),
        (_("Start"), spectrum.start or _("not stated")),
        (_("Live time"), seconds(spectrum.live_s)),
        (_("Real time"), seconds(spectrum.real_s)),
        (_("Dead"), "" if dead is None else f"{dead * 100:.2f} %"),
        (_("Counts"), number_text(spectrum.total)),
        (_("Counts a second"), "" if rate is None else f"{rate:.4g}"),
        (_("Channels"), number_text(spectrum.channels)),
        (_("Energy scale"), _scale_words(spectrum)),
        (_("Form of the file"), looked.form),
        (_("SHA-256"), looked.digest[:16] + "…"),
    ]


def _moves(looked: Looked, asked: AskedView, where: dict[str, Any]) -> list[dict[str, str]]:
    """Return the ways along the axis, each with its key."""
    low, high, first, last = (where[name] for name in ("low", "high", "first", "last"))
    width, middle = high - low, (high + low) / 2

    def to(begin: float, end: float) -> str:
        begin, end = max(begin, first), min(end, last)
        return asked.address(looked.here, low=begin, high=end, peak=0)

    told = [
        (_("Enlarge"), "i", to(middle - width / 4, middle + width / 4)),
        (_("Reduce"), "o", to(middle - width, middle + width)),
        (_("To the left"), "h", to(low - width / 2, high - width / 2) if low > first else ""),
        (_("To the right"), "l", to(low + width / 2, high + width / 2) if high < last else ""),
        (_("All of it"), "a", asked.address(looked.here, low=None, high=None, peak=0)),
    ]
    return [{"title": title, "key": key, "href": href} for title, key, href in told if href]


def _views(looked: Looked, asked: AskedView, own: int) -> list[dict[str, Any]]:
    """Return the switches of the view, each with its key."""
    here = looked.here

    def switch(title: str, key: str, on: bool, **changes: Any) -> dict[str, Any]:
        return {"title": title, "key": key, "on": on, "href": asked.address(here, **changes)}

    found = [
        switch(_("Logarithmic"), "s", asked.log, log=not asked.log),
        switch(_("Peaks"), "p", asked.peaks, peaks=not asked.peaks),
        switch(_("Residuals"), "r", asked.rest, rest=not asked.rest),
    ]
    if asked.background:
        found.append(switch(_("Background"), "b", True, background=0, less=False))
        found.append(switch(_("Less background"), "m", asked.less, less=not asked.less))
    elif own:
        found.append(switch(_("Background"), "b", False, background=own))
    return found


def _peak_row(looked: Looked, asked: AskedView, number: int, one: Any) -> dict[str, Any]:
    at, width = peak_place(one), peak_width(one)
    address = asked.address(looked.here, peak=number, low=at - 5 * width, high=at + 5 * width)
    calibrated = one.energy_kev is not None
    return {
        "number": number,
        "href": address,
        "chosen": number == asked.peak,
        "place": f"{at:.3f}" if calibrated else f"{one.channel:.2f}",
        "sigma": f"{one.energy_sigma if calibrated else one.channel_sigma:.3f}",
        "fwhm": f"{width:.2f}",
        "area": f"{one.area:.0f}",
        "area_sigma": f"{one.area_sigma:.0f}",
        "chi2": f"{one.chi2_reduced:.2f}",
    }


def _named(looked: Looked, asked: AskedView) -> dict[str, Any]:
    """Return what an identification says, as the page shows it."""
    found = named_in(looked, asked)
    rows = [
        {
            "nuclide": one.nuclide,
            "probability": f"{one.probability:.3f}",
            "category": {
                "text": _(CATEGORY_WORDS.get(one.category, one.category)),
                "badge": CATEGORY_BADGES.get(
                    one.category, "error" if one.category == "nuclear" else "warning"
                ),
            },
            "reason": one.reason,
            "href": asked.address(
                looked.here, lines=tuple(dict.fromkeys((*asked.lines, one.nuclide)))[-4:]
            ),
        }
        for one in found.nuclides
    ]
    left = found.unexplained.get("peaks") or ()
    return {
        "method": found.method,
        "rows": rows,
        "undecided": found.undecided,
        "why": found.why_undecided,
        "left": [
            f"{one['energy_kev']:.2f} keV" for one in left if isinstance(one, dict) and
            one.get("energy_kev") is not None
        ],
        "findings": found.findings,
    }  # fmt: skip


def _export(looked: Looked, asked: AskedView, form: str) -> Response[Any]:
    """Hand out the spectrum in another form, or its picture."""
    stem = PurePath(looked.name).stem[:80] or "spectrum"
    spectrum = looked.spectra[asked.n - 1]
    if form == "svg":
        content: bytes = drawn(looked, asked)[0].encode()
    elif form in ("csv", "n42", "spe"):
        try:
            content, _losses = write_spectra((spectrum,), f".{form}")
        except SpectrumFileError as error:
            raise NotFoundError(" ".join(one.message for one in error.problems)) from None
    else:
        raise NotFoundError(_("there is no such form"))
    headers = download_headers(f"{stem}-{asked.n}.{form}")
    return Response(content, media_type="application/octet-stream", headers=headers)


SECTION = Section(
    "spectra",
    handlers=(spectra_page, look_at_file, held_spectrum, kept_spectrum),
    menu=(
        MenuEntry(
            sentence("Spectra"), HOME, sentence("Radiation detection"), 20, reads(CAPABILITY)
        ),
    ),
)
