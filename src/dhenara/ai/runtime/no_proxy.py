"""Exceptions to the proxy: the hosts that `no_proxy` names."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address


def bypassed(host: str, exceptions: str) -> bool:
    """`no_proxy` lists hosts, addresses, networks, domains with or without a leading dot, or `*`."""
    place = numbered(host)
    for entry in filter(None, map(str.strip, exceptions.lower().split(","))):
        if entry == "*" or (place is not None and within(place, entry)):
            return True
        name = entry.split(":")[0].removeprefix("*").lstrip(".")
        if name and (host == name or host.endswith(f".{name}")):
            return True
    return False


def numbered(host: str) -> Address | None:
    """The address, where the host is one and not a name."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


def within(place: Address, entry: str) -> bool:
    """Whether the entry is this address, with or without brackets, or a network that it belongs to."""
    try:
        return place in ip_network(entry.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return False
