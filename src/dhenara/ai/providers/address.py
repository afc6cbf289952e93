"""Addresses: from what was configured to the place where requests go."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from ..codecs.paths import quote_segment
from ..errors import ConfigurationError
from ..wire.secrets import SecretAddress, is_masked
from .base_urls import without_endpoint
from .provider import Provider, Route

# Anything else in a host or a path could lead a key to somebody else's server.
LABEL = re.compile(r"[A-Za-z0-9-]+")
SEGMENT = re.compile(r"(?!\.+$)[A-Za-z0-9._:-]+")
ENTRIES = ("base_url", "headers", "protocol", "quirks", "operation_quirks", "verify", "cert")
"""What every provider's config may say."""
ALIKE = 0.8
NAMES = re.compile(r"{(\w+)}")
WRITABLE = re.compile(r"[!-~]*")


def given_address(
    provider: Provider, route: Route, config: Mapping[str, Any], environment: Mapping[str, str]
) -> tuple[str | None, bool]:
    """The address that was set, if one was, and whether the environment's key was meant for it."""
    given = config.get("base_url")
    if given:
        address = check_address(provider.read_address(without_endpoint(str(given))), provider.name)
        return address, own_host(address, provider.hosts or (route.base or provider.base_url,))
    if route.base is None:
        for name in provider.base_url_env:
            if environment.get(name):
                return check_address(provider.read_address(without_endpoint(environment[name])), name), True
    return None, True


def full_address(
    provider: Provider, route: Route, given: str | None, config: Mapping[str, Any], model: str
) -> tuple[str, str]:
    """Where the protocol's own paths begin, and the query that every address ends with."""
    entries = {**config, "model": quote_segment(model)}
    address, _, own = (given or fill_template(route.base or provider.base_url, provider, entries)).partition("?")
    address = address.rstrip("/")
    prefix = fill_template(provider.prefix if route.prefix is None else route.prefix, provider, entries)
    if address.endswith(prefix):
        prefix = ""
    query = join_queries(own, route_query(route, provider, entries))
    return address + prefix, f"?{query}" if query else ""


def route_query(route: Route, provider: Provider, entries: Mapping[str, Any]) -> str:
    """The route's own query, where all that it is made of is known."""
    template = route.query or ""
    return (
        fill_template(template, provider, entries) if all(name in entries for name in NAMES.findall(template)) else ""
    )


def join_queries(given: str, routes: str) -> str:
    """Two queries as one; what stands in an address that was given counts."""
    named = {part.partition("=")[0] for part in given.split("&")}
    return "&".join(filter(None, [given, *(one for one in routes.split("&") if one.partition("=")[0] not in named)]))


def fill_template(template: str, provider: Provider, entries: Mapping[str, Any]) -> str:
    names = NAMES.findall(template)
    missing = [name for name in names if name not in entries]
    if missing:
        wanted = ", ".join(f"{name!r}: ..." for name in missing)
        raise ConfigurationError(
            f"{provider.name} needs {' and '.join(missing)}: pass config={{{wanted}}} to AIModelAPI"
            f"{variable_names(provider, missing)}."
        )
    return template.format_map(entries) if names else template


def variable_names(provider: Provider, entries: list[str]) -> str:
    """Where else these entries are looked for."""
    match = [name for entry in entries for name in provider.config_env.get(entry, ())]
    files = provider.config_in_files.where if provider.config_in_files else {}
    written = "".join(f", or write {files[entry]}" for entry in entries if entry in files)
    return (f", or set {' or '.join(match)}" if match else "") + written


def check_names(provider: Provider, config: Mapping[str, Any]) -> None:
    """An entry that nearly has the name of a known one is a slip of the pen, and would do nothing."""
    known = {*ENTRIES, *NAMES.findall(provider.base_url + provider.prefix), *provider.config_env}
    for name in config.keys() - known:
        from difflib import get_close_matches

        if close := get_close_matches(str(name).lower(), known, 1, ALIKE):
            raise ConfigurationError(f"config has no entry {name!r} for {provider.name}; did you mean {close[0]!r}?")


def check_parts(provider: Provider, route: Route, config: Mapping[str, Any]) -> None:
    """What addresses are made of must not lead elsewhere."""
    in_hosts = {name for one in (*provider.hosts, provider.base_url, route.base or "") for name in NAMES.findall(one)}
    in_paths = {name for one in (provider.prefix, route.prefix, route.query) if one for name in NAMES.findall(one)}
    # An address that is given as a whole is looked at as one.
    for name in sorted({*in_hosts, *in_paths, *provider.config_env} - {"base_url"}):
        allowed = LABEL if name in in_hosts else SEGMENT
        if name in config and not allowed.fullmatch(str(config[name])):
            raise ConfigurationError(f"config[{name!r}] is {config[name]!r}, which cannot be part of an address")


def check_address(address: str, who: str) -> str:
    address = SecretAddress(address.strip())
    if is_masked(address):
        raise ConfigurationError(f"the base URL of {who} was masked when it was saved. Set it again.")
    if problem := address_problem(address):
        raise ConfigurationError(f"the base URL of {who} {problem}: {redact_address(address)!r}")
    return address.rstrip("/")


def address_problem(address: str) -> str | None:
    """Why no request could go there, if so."""
    if not WRITABLE.fullmatch(address):
        return "must be written in ASCII without spaces; other characters of a path as %XX, of a host as xn--..."
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError as error:
        return f"cannot be read ({error})"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "must start with http:// or https:// and name a host"
    if parts.username is not None:
        return "must not carry a name and password, which would not be sent; pass config={'headers': {...}} instead"
    return "ends with a #fragment, which no request carries" if parts.fragment else None


def redact_address(address: str) -> str:
    """Without what may be secret in it."""
    start, mark, rest = address.partition("://")
    return f"{start}{mark}{rest.rpartition('@')[2].partition('?')[0]}"


def own_host(address: str, templates: Iterable[str]) -> bool:
    """Whether this is one of the provider's own hosts, whatever stands where its addresses have names in braces."""
    return any(re.fullmatch(host_pattern(template), urlsplit(address).hostname or "") for template in templates)


def host_pattern(template: str) -> str:
    """A name in braces stands for one label of a host, never for more."""
    host = template.partition("//")[2].partition("/")[0].partition(":")[0]
    return "[a-z0-9-]+".join(re.escape(part) for part in NAMES.split(host)[::2])
