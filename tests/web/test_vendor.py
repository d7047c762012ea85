"""Files of others that pages load: exactly those of the manifest, and nothing from elsewhere."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path

import keiryo.web

WEB = Path(keiryo.web.__file__).parent
VENDOR = WEB / "static" / "vendor"
MANIFEST = tomllib.loads((VENDOR / "manifest.toml").read_text(encoding="utf-8"))


def test_each_file_is_the_published_one() -> None:
    found = {
        file["name"]: hashlib.sha256((VENDOR / file["name"]).read_bytes()).hexdigest()
        for package in MANIFEST.values()
        for file in package["files"]
    }
    stated = {f["name"]: f["sha256"] for package in MANIFEST.values() for f in package["files"]}
    assert found == stated


def test_nothing_else_lies_there() -> None:
    stated = {f["name"] for package in MANIFEST.values() for f in package["files"]}
    assert {file.name for file in VENDOR.iterdir()} == stated | {"manifest.toml"}


def test_each_has_its_licence() -> None:
    for package in MANIFEST.values():
        assert package["licence"] in ("0BSD", "MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0")
        assert len(package["licence_text"]) > 500
        assert package["version"][0].isdigit()


def test_pages_load_nothing_from_elsewhere_and_have_no_style_or_script_inside() -> None:
    wrong = []
    for file in (WEB / "templates").rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        for pattern in (
            r"""(?:src|href|action)=["']?(?:https?:)?//""",
            r"\sstyle=",
            r"<style",
            r"\son[a-z]+=",
            r"hx-on",
            r"javascript:",
            r'<script(?![^>]*(?:src=|type="application/json"))',
        ):
            wrong += [f"{file.name}: {hit}" for hit in re.findall(pattern, text)]
    for name in ("keiryo.css", "keiryo.js", "charts.js"):
        text = (WEB / "static" / name).read_text(encoding="utf-8")
        text = text.replace('"http://www.w3.org/2000/svg"', "")  # the name of a kind of element
        wrong += [f"{name}: {hit}" for hit in re.findall(r"https?://\S+|@import|\beval\(", text)]
    assert not wrong
