"""Mapping files: what is wrong with one is said in words, all at once."""

from __future__ import annotations

from importlib.resources import files

import pytest

from keiryo.movements.mapping_file import parse_mapping, read_mapping
from movements.makers import SMALL_MAP, mapping_of


def test_the_shipped_mappings_are_good():
    folder = files("keiryo.data").joinpath("fuel_cycle")
    for name in ("phwr.toml", "template.toml"):
        mapping, findings = parse_mapping(folder.joinpath(name).read_text("utf-8"))
        assert mapping is not None and findings == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("format = 1", "format = 2", "format = 1"),
        ('time = "week"\n', "", "'time' comes from"),
        ('weight = "gross_kg"\nmaterial', 'weigth = "gross_kg"\nmaterial', "weigth"),
        ("zero = 2024-01-01", 'zero = "monday"', "zero"),
        ('kind = "week"', 'kind = "fortnight"', "fortnight"),
        ('mba = "AAAB"', 'mba = "core"', "four characters"),
        ('to = "f/core"', 'to = "f/basement"', "basement"),
        ('code = "RS"', 'code = "SD"', "one of RS"),
        ('code = "RS"', 'code = "RF"', "other State"),
        ('mdc = "B/Q/1/G"', 'mdc = "B/Q/1/0"', "quality"),
        ('category = "D"', 'category = "X"', "category"),
        ('tolerance = "0.0003"', "tolerance = 0.0003", "must be text"),
        ('tolerance = "0.0003"', 'tolerance = "0.3"', "enriched"),
        ('symbol = "U"', 'symbol = "Np"', "U, Pu or Th"),
        ('fraction = "u_mass_fraction"', 'fractoin = "u"', "either 'fraction' or 'weight'"),
        ('in = ["in"]', 'in = "in"', "list of texts"),
        ('name = "UO2r"\ncategory', 'name = "UO2"\ncategory', "twice"),
    ],
)
def test_a_mistake_in_a_mapping_is_found(old, new, words):
    assert old in SMALL_MAP
    mapping, findings = parse_mapping(SMALL_MAP.replace(old, new, 1))
    assert mapping is None
    assert any(words in f.message for f in findings), findings
    assert all(f.severity == "F" and f.advice for f in findings)


def test_all_mistakes_are_said_at_once():
    text = SMALL_MAP.replace("AAAA", "a").replace("zero", "nought").replace('"RS"', '"XX"')
    assert len(parse_mapping(text)[1]) >= 4


@pytest.mark.parametrize("content", [b"format = ", b"\xff\xfe", b""])
def test_what_is_no_mapping_at_all(tmp_path, content):
    path = tmp_path / "map.toml"
    path.write_bytes(content)
    mapping, findings = read_mapping(path)
    assert mapping is None and findings


def test_a_mapping_that_is_not_there(tmp_path):
    assert "cannot be read" in read_mapping(tmp_path / "none.toml")[1][0].message


def test_areas_between_which_items_keep_their_identity_belong_together():
    mapping = mapping_of()
    assert {mapping.component(a.node) for a in mapping.areas} == {0}
