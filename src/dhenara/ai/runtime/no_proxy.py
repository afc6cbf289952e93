"""Exceptions to the proxy: the hosts that `no_proxy` names."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

SEPARATORS = re.compile(r"[,\s]+")
BRACKETED = re.compile(r"\[([^\]]*)\](?::(\d+))?")
WITH_PORT = re.compile(r"([^:]*):(\d+)")


def is_bypassed(host: str, port: int, exceptions: str) -> bool:
    """Whether requests to this host and port go directly.

    Args:
        host: The host of the address, a name or a number without brackets.
        port: Its port.
        exceptions: The value of `no_proxy`: names (their subdomains too, with or without `.` or `*.` before them),
            addresses and networks, each with or without a port, or `*`; separated by commas or spaces.
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
    """The host of an entry, without brackets, and the one port that it is about; None for every port."""
    match = BRACKETED.fullmatch(entry) or WITH_PORT.fullmatch(entry)
    if match is None:
        return entry, None
    return match[1], int(match[2]) if match[2] else None


def parse_address(host: str) -> Address | None:
    """The address, where the host is one and not a name. An IPv4 address may be wrapped in an IPv6 one."""
    try:
        match = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return (match.ipv4_mapped or match) if isinstance(match, IPv6Address) else match


def is_within(address: Address, place: str) -> bool:
    """Whether the place is this address or a network that it belongs to."""
    try:
        network = ip_network(place.replace("[", "").replace("]", "").partition("%")[0], strict=False)
    except ValueError:
        return False
    return address in network
