"""How Sphinx builds the documentation: Markdown pages (MyST) in the furo theme."""

from __future__ import annotations

import tomllib
from pathlib import Path

_project = tomllib.loads(
    (Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8")
)["project"]

project = "keiryo"
author = "the keiryo contributors"
project_copyright = author
release = version = _project["version"]

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "sphinx.ext.mathjax",
    "numpydoc",
]
exclude_patterns = ["_build"]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "fieldlist"]
myst_heading_anchors = 3

autodoc_typehints = "none"  # numpydoc's Parameters sections say it
autodoc_member_order = "bysource"
numpydoc_show_class_members = False

html_theme = "furo"
html_title = f"keiryo {release}"
html_show_sourcelink = False
