"""The picture of a mixture that was identified."""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.etree import ElementTree

from typer.testing import CliRunner

from keiryo.cli.app import app

SET = Path(__file__).parent.parent / "data/templates/gadras_identifinder_r500_nai.zip"


def test_the_picture_of_a_mixture(tmp_path: Path) -> None:
    with zipfile.ZipFile(SET) as held:
        name = next(one for one in held.namelist() if one.endswith("Cs137_Unshielded.txt"))
        (tmp_path / "cs.txt").write_bytes(held.read(name))
    picture = tmp_path / "cs.svg"
    given = ["spectrum", "identify", str(tmp_path / "cs.txt"), "--templates", str(SET)]
    done = CliRunner().invoke(app, [*given, "--picture", str(picture)])
    assert done.exit_code == 0, done.output
    root = ElementTree.fromstring(picture.read_text("utf-8"))
    told = " ".join(one.text or "" for one in root.iter())
    assert root.tag.endswith("svg")
    assert "background" in told
    assert "Cs137_Unshielded" in told
    nowhere = tmp_path / "no" / "cs.svg"
    done = CliRunner().invoke(app, [*given, "--picture", str(nowhere)])
    assert done.exit_code != 0
    assert "PICTURE" in done.output
    assert not nowhere.exists()
