"""Base URLs: from what users configure to the URL that requests are sent to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from ..codecs.common.request import quote_segment
from ..errors import ConfigurationError
from ..wire.secrets import SecretAddress, is_masked, shown_address
from ..wire.text import similar_names
from .provider import Provider, Route

ENDPOINTS = ("/chat/completions", "/responses", "/messages", "/embeddings")
"""Vendor documentation often shows the full URL of one endpoint; these suffixes are removed."""


def without_endpoint(address: str) -> str:
    return strip_suffix(address, *ENDPOINTS)


def strip_suffixes(*ends: str) -> Callable[[str], str]:
    """Return a reader for providers whose paths start with the version that others have in the base URL."""
    return lambda address: strip_suffix(address, *ends)


def strip_suffix(address: str, *ends: str) -> str:
    """Remove the first matching suffix; a query is kept."""
    path, mark, query = address.strip().partition("?")
    base = path.rstrip("/")
    return next((base.removesuffix(end) for end in ends if base.endswith(end)), path) + mark + query


# Other characters in a host or path could send a key to another server.
LABEL = re.compile(r"[A-Za-z0-9-]+")
SEGMENT = re.compile(r"(?!\.+$)[A-Za-z0-9._:-]+")
ENTRIES = ("base_url", "headers", "protocol", "quirks", "operation_quirks", "verify", "cert")
"""Config entries of every provider."""
NAMES = re.compile(r"{(\w+)}")
WRITABLE = re.compile(r"[!-~]*")


def given_address(
    provider: Provider, route: Route, config: Mapping[str, Any], environment: Mapping[str, str]
) -> tuple[str | None, bool]:
    """Return the configured base URL, if any, and whether the key from the environment may be sent to it."""
    given = config.get("base_url")
    if given:
        address = check_address(provider.read_address(without_endpoint(str(given))), provider.name)
        if serves_others(provider, route, address):
            return None, True
        return address, own_host(address, provider.hosts or (route.base or provider.base_url,))
    same_host = route.base is not None and host_pattern(route.base) == host_pattern(provider.base_url)
    for name in provider.base_url_env if route.base is None or same_host else route.base_url_env:
        if environment.get(name):
            address = check_address(provider.read_address(without_endpoint(environment[name])), name)
            if same_host:
                return replace_path(address, urlsplit(provider.base_url).path, urlsplit(route.base or "").path), True
            return None if serves_others(provider, route, address) else address, True
    return None, True


def serves_others(provider: Provider, route: Route, address: str) -> bool:
    """Whether a configured host of the provider serves other operations than this, which has a host of its own."""
    return bool(route.base_url_env) and own_host(address, provider.hosts) and not own_host(address, (route.base or "",))


def replace_path(address: str, old: str, new: str) -> str:
    """Return the URL with the path that a route has in place of the provider's."""
    base, mark, query = address.partition("?")
    base = base.rstrip("/")
    return SecretAddress((base if base.endswith(new) else base.removesuffix(old.rstrip("/")) + new) + mark + query)


def full_address(
    provider: Provider, route: Route, given: str | None, config: Mapping[str, Any], model: str
) -> tuple[str, str]:
    """Return the base URL that the protocol's paths are appended to, and the query of every request."""
    entries = {**config, "model": quote_segment(model)}
    address, _, own = (given or fill_template(route.base or provider.base_url, provider, entries)).partition("?")
    address = address.rstrip("/")
    prefix = fill_template(provider.prefix if route.prefix is None else route.prefix, provider, entries)
    if address.endswith(prefix):
        prefix = ""
    query = join_queries(own, route_query(route, provider, entries))
    return address + prefix, f"?{query}" if query else ""


def route_query(route: Route, provider: Provider, entries: Mapping[str, Any]) -> str:
    """Return the query of the route, if all values for it are known."""
    template = route.query or ""
    return (
        fill_template(template, provider, entries) if all(name in entries for name in NAMES.findall(template)) else ""
    )


def join_queries(given: str, routes: str) -> str:
    """Merge two queries; values of the configured URL win."""
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
    """Return the environment variables for these entries."""
    variables = [name for entry in entries for name in provider.config_env.get(entry, ())]
    files = provider.config_in_files.where if provider.config_in_files else {}
    written = "".join(f", or write {files[entry]}" for entry in entries if entry in files)
    return (f", or set {' or '.join(variables)}" if variables else "") + written


def check_names(provider: Provider, config: Mapping[str, Any]) -> None:
    """Reject entries whose name is similar to a known one, because they are probably typing errors."""
    known = {*ENTRIES, *NAMES.findall(provider.base_url + provider.prefix), *provider.config_env}
    for name in config.keys() - known:
        close = similar_names(str(name).lower(), known) or [one for one in known if one.startswith(f"{name}_")]
        if close:
            raise ConfigurationError(f"config has no entry {name!r} for {provider.name}; did you mean {close[0]!r}?")


def check_parts(provider: Provider, route: Route, config: Mapping[str, Any]) -> None:
    """Check the values that are inserted into URLs."""
    in_hosts = {name for one in (*provider.hosts, provider.base_url, route.base or "") for name in NAMES.findall(one)}
    in_paths = {name for one in (provider.prefix, route.prefix, route.query) if one for name in NAMES.findall(one)}
    # A base URL that is configured as a whole is checked as a whole.
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
    """Return why the URL cannot be used, or None."""
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
    """Return the URL without possible secrets."""
    start, mark, rest = address.partition("://")
    return shown_address(f"{start}{mark}{rest.rpartition('@')[2].partition('?')[0]}")


def own_host(address: str, templates: Iterable[str]) -> bool:
    """Whether this is a host of the provider, for any values of the placeholders in its URLs."""
    return any(re.fullmatch(host_pattern(template), urlsplit(address).hostname or "") for template in templates)


def host_pattern(template: str) -> str:
    """Return a pattern in which a placeholder matches exactly one label of a host name."""
    host = template.partition("//")[2].partition("/")[0].partition(":")[0]
    return "[a-z0-9-]+".join(re.escape(part) for part in NAMES.split(host)[::2])
