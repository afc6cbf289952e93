"""Evaluates `no_proxy`: the hosts that are reached directly."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

SEPARATORS = re.compile(r"[,\s]+")
BRACKETED = re.compile(r"\[([^\]]*)\](?::(\d+))?")
WITH_PORT = re.compile(r"([^:]*):(\d+)")


def is_bypassed(host: str, port: int, exceptions: str) -> bool:
    """Return whether requests to this host and port bypass the proxy.

    Args:
        host: Host name or IP address, without brackets.
        port: Its port.
        exceptions: Value of `no_proxy`: names (with their subdomains, with or without `.` or `*.` in front),
            addresses
            and networks, each with or without a port, or `*`; separated by commas or spaces.
    """
    name = host.lower().rstrip(".").strip("[]")
    address = parse_address(name)
    return any(matches(name, address, port, entry) for entry in SEPARATORS.split(exceptions.lower()) if entry)


def matches(name: str, address: Address | None, port: int, entry: str) -> bool:
    if entry == "*":
        return True
    place, only_port = split_port(entry)
    if only_port is not None and only_port != port:
        return False
    if address is not None:
        return is_within(address, place)
    domain = place.removeprefix("*").strip(".")
    return bool(domain) and (name == domain or name.endswith(f".{domain}"))


def split_port(entry: str) -> tuple[str, int | None]:
    """Return host and port of an entry; port None means every port."""
    match = BRACKETED.fullmatch(entry) or WITH_PORT.fullmatch(entry)
    if match is None:
        return entry, None
    return match[1], int(match[2]) if match[2] else None


def parse_address(host: str) -> Address | None:
    """Return the IP address, or None for a name; IPv4-mapped IPv6 addresses are unwrapped."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def is_within(address: Address, place: str) -> bool:
    """Return whether `place` is this address or a network that contains it."""
    try:
        network = ip_network(place.replace("[", "").replace("]", "").partition("%")[0], strict=False)
    except ValueError:
        return False
    return address in network
