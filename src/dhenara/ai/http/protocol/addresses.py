"""URLs, and which addresses are public."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import quote, urljoin, urlsplit

from ...wire.secrets import SecretAddress

PORTS = {"http": 80, "https": 443}
UNSAFE = re.compile(r"[^!-~]")
"""Anything but printable ASCII: it cannot stand in a request line (RFC 9112 section 3) and is percent-encoded."""
SAFE = "".join(map(chr, range(0x21, 0x7F)))
HOST = re.compile(r"[^\s/?#@\\\x00-\x20\x7f]+")


class InvalidUrl(ValueError):
    """No request can be sent to this URL."""


@dataclass(frozen=True, slots=True)
class Url:
    """`target` is the path and query as they stand in the request line."""

    scheme: str
    host: str
    port: int
    target: str = field(repr=False)


@lru_cache(maxsize=128)
def parse_url(url: str) -> Url:
    """Takes an http or https URL apart.

    Raises:
        InvalidUrl: for another scheme, no host, a port that is no port, or brackets that do not match.
    """
    try:
        parts = urlsplit(url)
        host, port, scheme = parts.hostname or "", parts.port, parts.scheme
        if host and not host.isascii():
            host = host.encode("idna").decode("ascii")
    except ValueError as error:  # UnicodeError is one
        raise InvalidUrl(f"not a valid URL: {shown(url)}: {error}") from error
    if scheme not in PORTS:
        raise InvalidUrl(f"not an http or https URL: {shown(url)}")
    if not HOST.fullmatch(host):
        raise InvalidUrl(f"a URL without a host, or with one that is not valid: {shown(url)}")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if UNSAFE.search(target):
        target = quote(target, safe=SAFE)
    return Url(scheme, host, PORTS[scheme] if port is None else port, SecretAddress(target))


def resolve_redirect(url: str, location: str) -> str:
    """The URL that a redirect leads to.

    Raises:
        InvalidUrl: when `location` is not a valid reference to an http or https URL.
    """
    try:
        target = urljoin(url, location)
    except ValueError as error:
        raise InvalidUrl(f"redirects to something that is not a valid URL: {shown(location)}: {error}") from error
    parse_url(target)
    return target


def shown(url: str) -> str:
    """Return the start of the URL without its query, which may contain secrets."""
    return repr(url.partition("?")[0][:80])


# IANA IPv4 Special-Purpose Address Registry, https://www.iana.org/assignments/iana-ipv4-special-registry, as of October
# 2025; the blocks that are not globally reachable, and those that are inside of them.
PRIVATE_IPV4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network, RFC 791
            "10.0.0.0/8",  # private use, RFC 1918
            "100.64.0.0/10",  # shared address space, RFC 6598
            "127.0.0.0/8",  # loopback, RFC 1122
            "168.63.129.16/32",  # not IANA's: the host of every virtual machine at Azure, which serves metadata
            "169.254.0.0/16",  # link local, RFC 3927; metadata servers of clouds
            "172.16.0.0/12",  # private use, RFC 1918
            "192.0.0.0/24",  # IETF protocol assignments, RFC 6890; 192.0.0.192 is a metadata server of Oracle's cloud
            "192.0.2.0/24",  # documentation, RFC 5737
            "192.88.99.0/24",  # relays of 6to4, deprecated, RFC 7526
            "192.168.0.0/16",  # private use, RFC 1918
            "198.18.0.0/15",  # benchmarking, RFC 2544
            "198.51.100.0/24",  # documentation, RFC 5737
            "203.0.113.0/24",  # documentation, RFC 5737
            "224.0.0.0/4",  # multicast, RFC 1112: another registry
            "240.0.0.0/4",  # reserved, RFC 1112; 255.255.255.255 is the limited broadcast
        ),
    )
)
PUBLIC_IPV4 = tuple(map(IPv4Network, ("192.0.0.9/32", "192.0.0.10/32")))
"""Anycast of PCP and TURN, RFC 7723 and 8155."""

# IANA IPv6 Address Space and IPv6 Special-Purpose Address Registry,
# https://www.iana.org/assignments/iana-ipv6-special-registry, as of October 2025. Only 2000::/3 is global unicast: what
# lies outside of it (loopback, ::/96, fc00::/7, fe80::/10, fec0::/10, ff00::/8, 64:ff9b:1::/48, 100::/64, 5f00::/16)
# is not reachable, apart from NAT64.
GLOBAL_UNICAST = IPv6Network("2000::/3")
PRIVATE_IPV6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # IETF protocol assignments, RFC 2928
            "2001:db8::/32",  # documentation, RFC 3849
            "3fff::/20",  # documentation, RFC 9637
        ),
    )
)
PUBLIC_IPV6 = tuple(
    map(
        IPv6Network,
        (
            "2001:1::1/128",  # anycast of PCP, RFC 7723
            "2001:1::2/128",  # anycast of TURN, RFC 8155
            "2001:1::3/128",  # anycast of DNS-SD, RFC 9665
            "2001:3::/32",  # AMT, RFC 7450
            "2001:4:112::/48",  # AS112, RFC 7535
            "2001:20::/28",  # ORCHIDv2, RFC 7343
            "2001:30::/28",  # drone remote ID, RFC 9374
        ),
    )
)

NAT64 = IPv6Network("64:ff9b::/96")
"""RFC 6052; 64:ff9b:1::/48 (RFC 8215) is for translation inside of one network."""

MAPPED = IPv6Network("::ffff:0:0/96")
TEREDO = IPv6Network("2001::/32")
SIX_TO_FOUR = IPv6Network("2002::/16")
ISATAP = (0x00005EFE, 0x02005EFE)
"""The first half of an interface identifier whose second half is an IPv4 address, RFC 5214."""

LOW = 0xFFFFFFFF


def is_public(address: str) -> bool:
    """Whether anybody on the internet could reach this address.

    Args:
        address: An IPv4 or IPv6 address as name servers give it. Other spellings (decimal, octal, hexadecimal, a name),
            and addresses with a zone (`fe80::1%eth0`), which only mean something on one machine, are not public.
    """
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return is_public_ipv4(parsed)
    return parsed.scope_id is None and is_public_ipv6(parsed)


def is_public_ipv4(address: IPv4Address) -> bool:
    return any(address in block for block in PUBLIC_IPV4) or not any(address in block for block in PRIVATE_IPV4)


def is_public_ipv6(address: IPv6Address) -> bool:
    embedded = embedded_ipv4(address)
    if not all(map(is_public_ipv4, embedded)):
        return False
    if address in NAT64 or address in MAPPED or address in TEREDO:
        return True
    if address not in GLOBAL_UNICAST:
        return False
    return any(address in block for block in PUBLIC_IPV6) or not any(address in block for block in PRIVATE_IPV6)


def embedded_ipv4(address: IPv6Address) -> list[IPv4Address]:
    """Every IPv4 address that packets to this address may be sent on to."""
    number = int(address)
    if address in NAT64 or address in MAPPED:
        return [IPv4Address(number & LOW)]
    embedded = []
    if address in SIX_TO_FOUR:
        embedded.append(IPv4Address(number >> 80 & LOW))
    if address in TEREDO:
        # The server, and the client with its bits inverted, RFC 4380 section 4.
        embedded += [IPv4Address(number >> 64 & LOW), IPv4Address(~number & LOW)]
    if number >> 32 & LOW in ISATAP:
        embedded.append(IPv4Address(number & LOW))
    return embedded
