"""From where a request came: the connection, or what a proxy of ours says about it.

Anybody can write ``X-Forwarded-For`` into a request. It is believed only where the connection comes
from a proxy that the settings name, and read from its end: each proxy adds the address that it
saw, so that whatever a client wrote stands further to the front (RFC 7239 section 8.1).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from keiryo.web.viewer import AnyRequest

Address = IPv4Address | IPv6Address
MOST_HOPS = 20


def address_of(request: AnyRequest) -> str:
    """Return the address of the client that sent a request; empty if there is none to know."""
    trusted: tuple[str, ...] = request.app.state.server.settings.trusted_proxies
    client = request.scope.get("client")
    peer = "" if not client else str(client[0])
    return forwarded_for(peer, request.headers.getall("X-Forwarded-For", []), trusted)


def forwarded_for(peer: str, headers: Iterable[str], trusted: tuple[str, ...]) -> str:
    """Return the address of a client behind proxies that are believed.

    Parameters
    ----------
    peer : str
        The other end of the connection.
    headers : iterable of str
        The ``X-Forwarded-For`` headers, in order.
    trusted : tuple of str
        Addresses or networks (``"10.0.0.0/8"``) of the proxies.
    """
    hops = [hop for line in headers for hop in line.split(",")][-MOST_HOPS:]
    found = peer
    while hops and _is_trusted(found, trusted):
        said = _address(hops.pop())
        if said is None:  # not even a proxy of ours knew; what stands before it is hearsay
            break
        found = str(said)
    return found


def _is_trusted(address: str, trusted: tuple[str, ...]) -> bool:
    parsed = _address(address)
    return parsed is not None and any(
        parsed.version == network.version and parsed in network for network in _networks(trusted)
    )


@lru_cache(maxsize=16)
def _networks(trusted: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the networks that are named; what is none trusts nobody."""
    found = []
    for name in trusted:
        try:
            found.append(ip_network(name.strip(), strict=False))
        except ValueError:
            continue
    return tuple(found)


def _address(text: str) -> Address | None:
    """Return an address, without the port that some proxies add; None if it is none."""
    plain = text.strip()
    if plain.startswith("["):
        plain = plain[1:].partition("]")[0]
    elif plain.count(":") == 1:
        plain = plain.partition(":")[0]
    try:
        parsed = ip_address(plain)
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    return parsed
