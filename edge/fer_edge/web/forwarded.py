"""The client behind proxies, as they report it in X-Forwarded-For, X-Forwarded-Host and X-Forwarded-Proto."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence

from aiohttp import hdrs, web

from fer_edge.config.web import HOST_NAME, MAX_PORT, Network

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def resolve_client(request: web.Request, trusted: Sequence[Network]) -> web.Request:
    """Return the request with the address, host and scheme that its client used, if a trusted proxy passed it on.

    A page from elsewhere cannot make a browser send these headers, so it is no matter whether the proxy replaces them.
    """
    peer = request.remote or ""
    if not is_in(peer, trusted):
        return request
    address = client_address(peer, request.headers.getall(hdrs.X_FORWARDED_FOR, []), trusted)
    host, scheme = (_first(request, name) for name in (hdrs.X_FORWARDED_HOST, hdrs.X_FORWARDED_PROTO))
    return request.clone(
        remote=address,
        host=host if _is_host(host) else request.host,
        scheme="https" if scheme.lower() == "https" else request.scheme,
    )


def client_address(peer: str, forwarded: Iterable[str], trusted: Sequence[Network]) -> str:
    """Return the rightmost address that is not a trusted proxy's.

    Each proxy appends the address that it received the request from. What stands to the left of an address that is not
    trusted may be invented, so it does not count. Neither does anything to the left of an entry that is no address.

    Args:
        peer: The address that the connection comes from.
        forwarded: The values of X-Forwarded-For, in order.
        trusted: The networks of the proxies.
    """
    address = peer
    entries = [entry for value in forwarded for entry in value.split(",") if entry.strip()]
    for entry in reversed(entries):
        found = parse_ip_address(entry)
        if not is_in(address, trusted) or found is None:
            break
        address = str(found)
    return address


def parse_ip_address(text: str) -> IPAddress | None:
    """Parse an address, with or without a port, brackets, quotes or a zone; None if it is none."""
    host = text.strip().strip('"')
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_in(address: str, networks: Sequence[Network]) -> bool:
    """Whether an address belongs to one of these networks."""
    found = parse_ip_address(address)
    return found is not None and any(found in network for network in networks)


def _is_host(text: str) -> bool:
    found = re.fullmatch(rf"(?:{HOST_NAME}|\[[0-9a-fA-F:.]+\])(?::(?P<port>\d{{1,5}}))?", text)
    return found is not None and int(found["port"] or 0) <= MAX_PORT


def _first(request: web.Request, header: str) -> str:
    """The first of the values in a header, which the proxy nearest to the client has written; "" without one."""
    return request.headers.get(header, "").partition(",")[0].strip()
