"""From where a request came: nobody but our own proxies is believed."""

from __future__ import annotations

import pytest

from keiryo.web.addresses import forwarded_for

PROXY = ("10.0.0.1", "10.1.0.0/16", "fd00::/8", "no address")


@pytest.mark.parametrize(
    ("peer", "headers", "found"),
    [
        ("192.0.2.7", ["198.51.100.1"], "192.0.2.7"),  # whoever writes it himself
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["203.0.113.9, 198.51.100.1"], "198.51.100.1"),  # the first is hearsay
        ("10.0.0.1", ["203.0.113.9, 198.51.100.1, 10.1.2.3"], "198.51.100.1"),  # two proxies
        ("10.0.0.1", ["203.0.113.9", "198.51.100.1"], "198.51.100.1"),  # two headers
        ("10.0.0.1", ["198.51.100.1, <script>"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("fd00::1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("::ffff:10.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        ("10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("", ["198.51.100.1"], ""),
        ("a socket", ["198.51.100.1"], "a socket"),
        ("10.0.0.1", ["," * 5_000], "10.0.0.1"),
    ],
)
def test_who_is_believed(peer: str, headers: list[str], found: str) -> None:
    assert forwarded_for(peer, headers, PROXY) == found


def test_nobody_is_believed_unless_named() -> None:
    assert forwarded_for("127.0.0.1", ["198.51.100.1"], ()) == "127.0.0.1"
