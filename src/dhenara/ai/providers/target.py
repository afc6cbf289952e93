"""A target: an endpoint with everything known that is needed to talk to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from ..codecs.base import Codec, Outgoing, Quirks
from ..codecs.registry import load_codec
from ..errors import ConfigurationError
from ..types.api import AIModelAPI
from ..types.call import Call
from ..types.content import Origin
from ..types.endpoint import AIModelEndpoint
from ..wire import json
from ..wire.http import HttpRequest
from .auth import Grant
from .provider import Provider, Route
from .registry import load_provider

JSON = {"content-type": "application/json", "accept-encoding": "gzip, deflate"}


@dataclass(frozen=True, slots=True)
class Target:
    """Made once for a client; the same for every call."""

    provider: Provider
    route: Route
    codec: Codec[Any]
    quirks: Quirks
    base_url: str
    grant: Grant
    origin: Origin
    headers: Mapping[str, str]

    def request(self, outgoing: Outgoing, call: Call, now: float) -> HttpRequest:
        """The signed request at its full address; `now` is in seconds since 1970."""
        headers = {**JSON, **self.headers, **outgoing.headers, **lowered(call.config.headers)}
        request = HttpRequest(outgoing.method, self.base_url + outgoing.path, headers, json.dumps(outgoing.body))
        return self.provider.auth(request, replace(self.grant, now=now))


def resolve(endpoint: AIModelEndpoint, environment: Mapping[str, str]) -> Target:
    """Finds provider, protocol, address and key, or says what is missing before anything is sent."""
    api, model = endpoint.api, endpoint.ai_model
    provider = load_provider(str(api.provider))
    route = find_route(provider, model.base_model or model.model_name, api.config.get("protocol"))
    api = api.model_copy(update={"config": {**found(provider.config_env, environment), **api.config}})
    base_url, is_ours = find_base_url(provider, route, api, environment)
    credentials = find_credentials(provider, api, environment, is_ours)
    return Target(
        provider=provider,
        route=route,
        codec=load_codec(route.codec),
        quirks=adjusted(route.quirks, api.config.get("quirks") or {}),
        base_url=base_url,
        grant=Grant(
            None if credentials and api.api_key is None else find_key(provider, api, environment, is_ours),
            credentials,
            api.config,
        ),
        origin=Origin(provider=str(api.provider), model=model.model_name, protocol=route.codec),
        headers=lowered(api.config.get("headers") or {}),
    )


def find_route(provider: Provider, model: str, protocol: str | None) -> Route:
    """The first route for the model; among those of one protocol, where the config names one."""
    routes = [route for route in provider.routes if protocol is None or route.codec == protocol]
    found = next((route for route in routes if route.serves(model)), None)
    if found is not None:
        return found
    spoken = ", ".join(dict.fromkeys(route.codec for route in provider.routes))
    wanted = f" in the protocol {protocol!r}" if protocol else ""
    raise ConfigurationError(f"{provider.name} does not serve the model {model!r}{wanted}; it speaks {spoken}")


def adjusted(quirks: Quirks, overrides: Mapping[str, Any]) -> Quirks:
    """The dialect with what the user knows better."""
    try:
        return replace(quirks, **overrides) if overrides else quirks
    except TypeError as error:
        raise ConfigurationError(
            f"config['quirks'] names a behaviour that this protocol does not have: {error}"
        ) from error


def find_base_url(
    provider: Provider, route: Route, api: AIModelAPI, environment: Mapping[str, str]
) -> tuple[str, bool]:
    """The address, and whether it is one that the environment's key was meant for."""
    given = api.config.get("base_url")
    if given:
        address = checked(provider.read_address(str(given)), provider.name)
        return address, same_host(address, provider.base_url) or urlsplit(address).hostname in provider.key_hosts
    for name in provider.base_url_env:
        if environment.get(name):
            return checked(provider.read_address(environment[name]), name), True
    return filled(route.base or provider.base_url, provider, api), True


def found(variables: Mapping[str, tuple[str, ...]], environment: Mapping[str, str]) -> dict[str, str]:
    """What the environment says of these entries."""
    said = {
        entry: next((environment[n] for n in names if environment.get(n)), None) for entry, names in variables.items()
    }
    return {entry: value for entry, value in said.items() if value is not None}


def find_credentials(
    provider: Provider, api: AIModelAPI, environment: Mapping[str, str], is_ours: bool
) -> Mapping[str, Any]:
    """Those that were given; else the environment's, where there is no key and all that are needed are there."""
    if api.credentials is not None:
        return api.credentials.reveal()
    has_key = api.api_key is not None or any(environment.get(name) for name in provider.key_env)
    if has_key or not is_ours:
        return {}
    there = found({entry: (name,) for entry, name in provider.credentials_env.items()}, environment)
    needed = [entry for entry in provider.credentials_env if entry != "session_token"]
    return there if needed and all(entry in there for entry in needed) else {}


def filled(template: str, provider: Provider, api: AIModelAPI) -> str:
    """The address with the entries of the config in their places."""
    missing = [name for name in re.findall(r"{(\w+)}", template) if not api.config.get(name)]
    if missing:
        wanted = ", ".join(f"{name!r}: ..." for name in missing)
        raise ConfigurationError(
            f"{provider.name} needs {' and '.join(missing)}: pass config={{{wanted}}} to AIModelAPI."
        )
    return template.format_map(api.config).rstrip("/")


def checked(address: str, who: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(
            f"the base URL of {who} must start with http:// or https:// and name a host: {address!r}"
        )
    return address.rstrip("/")


def same_host(address: str, other: str) -> bool:
    return urlsplit(address).hostname == urlsplit(other).hostname


def find_key(provider: Provider, api: AIModelAPI, environment: Mapping[str, str], is_ours: bool) -> str | None:
    """The given key; else the environment's, which only goes where it was meant to go."""
    if api.api_key is not None:
        return clean(api.api_key.get_secret_value(), provider.name)
    found = next((environment[name] for name in provider.key_env if environment.get(name)), None)
    if found and is_ours:
        return clean(found, provider.name)
    if not provider.needs_key:
        return None
    raise ConfigurationError(missing_key(provider, stayed_home=found is not None))


def missing_key(provider: Provider, *, stayed_home: bool) -> str:
    variables = " or ".join(provider.key_env) or "no environment variable"
    where = f" Keys are made at {provider.keys_url}." if provider.keys_url else ""
    if stayed_home:
        return (
            f"the key in {variables} is for {provider.name}'s own host and does not go to another base URL by itself. "
            "Pass api_key=... to AIModelAPI if that server is meant to have it."
        )
    return f"{provider.name} needs an API key: set {variables}, or pass api_key=... to AIModelAPI.{where}"


def clean(key: str, who: str) -> str:
    """A key copied with a line end still works; one that cannot be in a header is named, not shown."""
    stripped = key.strip()
    if not stripped or not stripped.isascii() or not stripped.isprintable() or " " in stripped:
        raise ConfigurationError(f"the API key for {who} is empty or has characters that no key has; copy it again")
    return stripped


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
