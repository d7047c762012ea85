"""Commands of templates of detectors, and of what is known of a nuclide; they need no books."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keiryo.cli.options import Format, FormatOption
from keiryo.cli.output import show_json, show_rows
from keiryo.cli.spectrum_files import write_new
from keiryo.cli.spectrum_input import is_table, refuse

if TYPE_CHECKING:
    from keiryo.detector_response.response import Response
    from keiryo.templates.template_set import TemplateSet

MOST_CHANNELS = 16_384
NuclidesOption = Annotated[
    str | None,
    typer.Option("--nuclides", help="Only these, with commas between; else the whole library."),
]
ShieldingOption = Annotated[
    str | None,
    typer.Option("--shielding", help="Only these, with commas between: Unshielded, Steel, Slab …"),
]


def register(app: typer.Typer) -> None:
    """Add the command groups."""
    group = typer.Typer(
        help="Templates of a detector: what each source gives in it.", no_args_is_help=True
    )
    group.command("fit")(fit)
    group.command("make")(make)
    group.command("show")(show)
    app.add_typer(group, name="templates")
    nuclides = typer.Typer(help="What is known of a nuclide.", no_args_is_help=True)

    @nuclides.callback()
    def nuclide() -> None:
        """What is known of a nuclide."""

    nuclides.command("show")(show_nuclide)
    app.add_typer(nuclides, name="nuclide")


def fit(
    measurements: Annotated[
        Path, typer.Argument(metavar="MEASUREMENTS.toml", help="A list of calibration spectra.")
    ],
    out: Annotated[Path, typer.Option("--out", help="A new file for the response: .json.")],
    format_: FormatOption = None,
) -> None:
    """Fit the response of a detector to measurements of known sources, and keep it in a file.

    Needs a background and four or five sources between 60 and 2600 keV. Ends with 1 if a source is
    not well described, with 2 if the measurements cannot be used.
    """
    import json

    from keiryo.detector_response.fit import GOOD_DISTANCE, fit_response
    from keiryo.detector_response.measurements import load_measurements
    from keiryo.spectra.spectrum import Problem, SpectrumFileError

    try:
        given = load_measurements(measurements)
        found = fit_response(given.sources, given.crystal)
    except SpectrumFileError as error:
        refuse(error.problems)
        raise
    except ValueError as error:
        refuse([Problem("FIT", measurements.name, f"{error}.")])
        raise
    told = {"detector": given.detector, **found.to_dict(), "sha256": dict(given.sha256)}
    problems = write_new(out, json.dumps(told, indent=1, ensure_ascii=False).encode())
    if problems:
        refuse(problems)
    if is_table(format_):
        rows = [
            {"source": one, "distance": f"{far:.3f}", "good": "yes" if far <= GOOD_DISTANCE else ""}
            for one, far in told["distances"].items()
        ]
        show_rows(rows, Format.TABLE, title=f"Response of {given.detector}")
        for name in found.at_limit:
            print(f"AT_LIMIT {name}: The parameter ended at a limit of the fit.")
        for one, other, _by in found.alike:
            print(f"ALIKE {one}, {other}: The measurements do not tell these two apart.")
    else:
        show_json(told)
    if not found.good:
        raise typer.Exit(1)


def make(
    response: Annotated[
        str, typer.Argument(metavar="RESPONSE", help="A response file, or a usual detector.")
    ],
    out: Annotated[Path, typer.Option("--out", help="A new file for the templates.")],
    nuclides: NuclidesOption = None,
    shielding: ShieldingOption = None,
    channels: Annotated[int, typer.Option("--channels", min=16, max=MOST_CHANNELS)] = 1024,
) -> None:
    """Make templates of nuclides and shieldings for a detector, from lines and its response.

    What has no lines is told. `keiryo spectrum identify --templates` takes the file.
    """
    import numpy as np

    from keiryo.detector_response.making import SHIELDINGS, make_set
    from keiryo.nuclides.categories import LIBRARY
    from keiryo.nuclides.names import nuclide_name
    from keiryo.spectra.spectrum import Problem
    from keiryo.templates.set_file import set_bytes

    name, one, own = _response(response)
    wanted = LIBRARY if nuclides is None else tuple(nuclides.split(","))
    named = {given: nuclide_name(given) for given in wanted}
    shields = SHIELDINGS if shielding is None else tuple(s.strip() for s in shielding.split(","))
    problems = [
        Problem("NUCLIDE", given, "It is no name of a nuclide.")
        for given, known in named.items()
        if known is None
    ]
    told = f"It is none of {', '.join(SHIELDINGS)}."
    problems += [Problem("SHIELDING", given, told) for given in shields if given not in SHIELDINGS]
    if problems:
        refuse(problems)
    edges = np.linspace(0.0, 3000.0, channels + 1)
    known = tuple(dict.fromkeys(one for one in named.values() if one is not None))
    try:
        made = make_set(one, name, edges, known, shields, provenance=f"made from {response}")
    except ValueError as error:
        refuse([Problem("TEMPLATES", "", f"{error}.")])
        raise
    if not own:
        from dataclasses import replace

        from keiryo.detector_response.generic import CAUTION, MODEL_ERROR

        made = replace(made, model_error=MODEL_ERROR, caution=CAUTION)
    problems = write_new(out, set_bytes(made, {"response": one.to_dict()}))
    if problems:
        refuse(problems)
    print(f"{len(made.templates)} templates of {name}.")
    for problem in made.problems:
        print(f"{problem.code} {problem.place}: {problem.message}")


def _response(given: str) -> tuple[str, Response, bool]:
    """Return name and response of a file or of a usual detector, and whether it was fitted."""
    from keiryo.detector_response.generic import GENERIC
    from keiryo.detector_response.measurements import load_response
    from keiryo.spectra.spectrum import Problem, SpectrumFileError

    if given in GENERIC:
        return given, GENERIC[given], False
    if not Path(given).exists():
        told = f"It is no file and none of {', '.join(sorted(GENERIC))}."
        refuse([Problem("RESPONSE", given, told)])
    try:
        name, one, _told = load_response(Path(given))
    except SpectrumFileError as error:
        refuse(error.problems)
    return name, one, True


def show(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A set of templates.")],
    picture: Annotated[
        Path | None, typer.Option("--picture", metavar="OUT", help="Draw one: a new .svg or .png.")
    ] = None,
    template: Annotated[
        str | None, typer.Option("--template", metavar="LABEL", help="Which one to draw.")
    ] = None,
    format_: FormatOption = None,
) -> None:
    """Show what a set of templates holds; draw one of them over the background."""
    from keiryo.spectra.spectrum import SpectrumFileError
    from keiryo.templates.template_set import load_templates

    try:
        found = load_templates(path)
    except SpectrumFileError as error:
        refuse(error.problems)
    if picture is not None:
        _draw(found, template, picture)
    rows = [
        {
            "label": one.label,
            "nuclide": one.nuclide,
            "shielding": one.shielding,
            "age_s": one.age_s,
            "rate": float(rate.sum()),
            "provenance": one.provenance,
        }
        for one, rate in zip(found.templates, found.rates, strict=True)
    ]
    if not is_table(format_):
        show_json(
            {
                "schema": "keiryo.templates.shown/1",
                "detector": found.detector,
                "channels": len(found.edges_kev) - 1,
                "energies_kev": [float(found.edges_kev[0]), float(found.edges_kev[-1])],
                "background": found.background is not None,
                "templates": rows,
                "findings": [one.to_dict() for one in found.problems],
            }
        )
        return
    show_rows(rows, Format.TABLE, title=f"Templates of {found.detector}")
    for problem in found.problems:
        print(f"{problem.code} {problem.place}: {problem.message}")


def _draw(found: TemplateSet, label: str | None, out: Path) -> None:
    """Draw a template, by a second, over the background."""
    from keiryo.charts.spectrum_chart import Trace, spectrum_chart
    from keiryo.spectra.spectrum import Problem

    if out.suffix.lower() not in (".svg", ".png"):
        told = "The name of a picture ends in .svg or .png."
        refuse([Problem("PICTURE", "--picture", told)])
    labels = [one.label for one in found.templates]
    wanted = labels[0] if label is None else label
    if wanted not in labels:
        refuse([Problem("TEMPLATE", "--template", f"The set has no template {wanted}.")])
    trace = Trace(wanted, found.edges_kev, found.rates[labels.index(wanted)], 1.0)
    quiet = None
    if found.background is not None:
        quiet = Trace("Background", found.edges_kev, found.background, 1.0)
    chart = spectrum_chart(trace, quiet, energies=True, title=f"{found.detector}: {wanted}")
    svg = out.suffix.lower() == ".svg"
    problems = write_new(out, chart.svg().encode() if svg else chart.png())
    if problems:
        refuse(problems)


def show_nuclide(
    nuclide: Annotated[str, typer.Argument(metavar="NUCLIDE", help="As Cs-137 or cs137.")],
    age: Annotated[
        float | None, typer.Option("--age", metavar="YEARS", help="Since it was pure.")
    ] = None,
    format_: FormatOption = None,
) -> None:
    """Show the photon lines of a nuclide with what has grown in, half-life, and categories."""
    from keiryo.nuclides.categories import categories_of
    from keiryo.nuclides.lines import YEAR_S, default_age_s, half_life_s, photon_lines
    from keiryo.nuclides.names import nuclide_name
    from keiryo.spectra.spectrum import Problem

    name = nuclide_name(nuclide)
    if name is None:
        refuse([Problem("NUCLIDE", nuclide, "It is no name of a nuclide.")])
    try:
        age_s = default_age_s(name) if age is None else age * YEAR_S
        lines = photon_lines(name, age_s)
        told = {"schema": "keiryo.nuclide/1", "nuclide": name, "half_life_s": half_life_s(name)}
    except ValueError as error:
        refuse([Problem("NUCLIDE", nuclide, str(error))])
    rows = [
        {
            "energy_kev": line.energy_kev,
            "per_decay": line.per_decay,
            "emitter": line.emitter,
            "kind": line.kind,
        }
        for line in lines
    ]
    kinds = sorted(categories_of(name))
    if not is_table(format_):
        show_json({**told, "age_s": age_s, "categories": kinds, "lines": rows})
        return
    print(f"{name}: half-life {told['half_life_s']:.6g} s, at {age_s / YEAR_S:g} years")
    print(f"Met as: {', '.join(kinds) or 'in no table of common sources'}")
    show_rows(
        [
            {**row, "energy_kev": f"{one.energy_kev:.3f}", "per_decay": f"{one.per_decay:.3g}"}
            for row, one in zip(rows, lines, strict=True)
        ],
        Format.TABLE,
        title="Photons by decay of the nuclide",
    )
