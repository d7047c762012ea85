"""Words for the acts and lines of physical protection."""

from __future__ import annotations

from collections.abc import Mapping

from keiryo.web.translation import sentence

ACT_KINDS: Mapping[str, str] = {
    "protection.attribute": sentence("protection attributes recorded"),
}
"""Kinds of acts in words."""

LINE_KINDS: Mapping[str, str] = {
    "protection_attribute": sentence("protection attribute"),
}
"""Kinds of lines in words."""

ROLE_WORDS = (sentence("material category"),)
"""What a role may read."""
