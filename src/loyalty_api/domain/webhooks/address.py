"""Where a webhook may point: a public address over https (pure).

The name in a URL says little: it may lead anywhere, and elsewhere a moment later. What counts is the address of the
socket, which ``is_public`` judges when it is opened; ``check_url`` only refuses early what can never be right.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from loyalty_api.kernel.refusals import FieldError, InvalidRequest

URL_LENGTH_MAX = 2000

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
# RFC 4291: all that the internet was given of IPv6. Outside are addresses of one site (fec0::, 64:ff9b:1::), those that
# lead to IPv4 in ways given up since (::10.0.0.1), and what nobody has yet.
_UNICAST = IPv6Network("2000::/3")


def check_url(url: str, *, local: bool) -> None:
    """Refuses (InvalidRequest) what no event may be sent to. ``local``: plain http and private addresses may be."""
    problem = _problem(url, local)
    if problem is not None:
        raise InvalidRequest.of(FieldError("url", problem))


def is_public(host: str) -> bool:
    """Whether an address, as text, is one of the public internet; also one that hides in an IPv6 address."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        hidden = _hidden(address)
        if hidden is None:
            # RFC 7526: nobody is behind 6to4 any more
            return address in _UNICAST and address.is_global and address.sixtofour is None
        address = hidden
    return address.is_global and not address.is_multicast


def _hidden(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped


def _problem(url: str, local: bool) -> str | None:
    if not url.isascii() or not url.isprintable() or " " in url:
        return "must be written in ASCII without blanks, a host with other letters as xn--…"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme != "https" and not (local and parts.scheme == "http"):
        return "must begin with https://"
    if not host:
        return "names no host"
    if "@" in parts.netloc:
        return "must not hold a user or a password"
    if parts.fragment:
        return "must not have a fragment"
    if not local and (host == "localhost" or (_is_address(host) and not is_public(host))):
        return "must lead to a public address"
    return None


def _is_address(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
