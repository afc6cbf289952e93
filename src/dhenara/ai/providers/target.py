"""Resolved target: an endpoint with everything needed to send requests to it, and what is added to each request."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..codecs.base import Codec, EncodedRequest, Quirks, load_codec
from ..codecs.common.request import check_path
from ..errors import ConfigurationError
from ..http.protocol.message import BodyPieces, HttpRequest, Multipart
from ..types.config.api import AIModelAPI, AIModelEndpoint
from ..types.config.call import Call
from ..types.config.model import AIModel
from ..types.content.media import Origin
from ..types.model_base import require_type
from ..wire import json
from ..wire.limits import ReadLimits, without_body_limit
from ..wire.secrets import MASK, OPTION_NAMES, SecretAddress, SecretText, secret_headers
from ..wire.sse import Frames
from .auth import Auth, AuthContext, KeyHeaders, Token, TokenSource, bearer
from .base_urls import check_names, check_parts, full_address, given_address
from .credentials import find_credentials, grant_material, has_secret, hashed
from .operation_routes import config_mapping, operation_route, quirk_overrides
from .provider import NO_OPTIONS, Provider, Route, load_provider
from .secret_values import call_secrets, configured_secrets

FIXES = {
    "host": "it follows from the base URL; set config['base_url'] to the server that is meant",
    "content-length": "it follows from the body",
    "transfer-encoding": "it follows from the body",
    "content-encoding": "bodies are sent as they are",
    "proxy-authorization": "put the name and password into the proxy's URL",
    **dict.fromkeys(
        ("connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade", "expect", "http2-settings"),
        "the connection is managed by the transport",
    ),
}
"""Headers that control routing, framing or the connection (RFC 9112, 9110 section 7.6.1)."""

NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


def given_headers(headers: Mapping[str, str], where: str) -> dict[str, str]:
    """Return the headers with lower-case names and secret values.

    Raises:
        ConfigurationError: A name that must not be configured, such as `Host`, or a value that a dump had masked.
    """
    if not headers:
        return {}
    for name, value in headers.items():
        require_type(where, "name", name, str, "a string")
        require_type(where, name, value, str, "a string")
    given = secret_headers({name.lower(): value for name, value in headers.items()})
    for name, value in given.items():
        if name in FIXES:
            raise ConfigurationError(f"{where} must not set {name!r}: {FIXES[name]}. Leave the header out.")
        if not NAME.fullmatch(name):
            raise ConfigurationError(f"{where}: {name!r} is not the name of a header. Use letters, digits and dashes.")
        if value == MASK:
            raise ConfigurationError(f"{where}: the value of {name!r} was masked when it was saved. Set it again.")
    return given


OPENED = {"accept-encoding": "gzip, deflate"}
JSON = {"content-type": "application/json", **OPENED}
BARE = ("GET", "DELETE", "HEAD")


RequestContent = tuple[Mapping[str, str], bytes | BodyPieces]
"""The headers of a body, such as its type, and the body."""


def encode_body(encoded: EncodedRequest) -> RequestContent:
    """Encode the body as JSON, or the payload; nothing if the method has no body."""
    payload = encoded.payload
    if payload is None:
        return (OPENED, b"") if encoded.method in BARE else (JSON, json.dumps(encoded.body))
    if isinstance(payload, Multipart):
        return {"content-type": payload.content_type, **OPENED}, payload
    return OPENED, payload


def response_limits(encoded: EncodedRequest, call: Call) -> ReadLimits:
    """Return the limits of the response; bodies read line by line have no size limit."""
    limits = call.config.read_limits
    if encoded.response_format is not None and encoded.response_format.body in ("lines", "pieces"):
        return without_body_limit(limits)
    return limits


NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, eq=False)
class ResolvedTarget:
    """Created once for a client and used for every call."""

    provider: Provider
    route: Route
    codec: Codec[Any]
    quirks: Quirks
    base_url: str
    auth_context: AuthContext
    origin: Origin
    headers: Mapping[str, str] = field(repr=False)
    auth: Auth
    endpoint: AIModelEndpoint
    """The endpoint with this provider's name of the model."""

    query: str = field(default="", repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Secrets of the configuration, to be masked in what a server returns."""

    source: TokenSource | None = None
    """Token source, if a token has to be fetched."""

    certificate: Callable[[], str] | None = None
    """Says which client certificate its connections show, where they show one."""

    model_file: Callable[[], str] | None = None
    """Says which file answers, where the model runs in this process."""

    _key_headers: Mapping[str, str] | None = field(init=False, repr=False)
    """The headers with the key; None if each request is signed by itself, or a token has to be fetched."""

    def __post_init__(self) -> None:
        auth, key = self.auth, self.auth_context.key
        headers = auth.headers(key) if isinstance(auth, KeyHeaders) and self.source is None else None
        object.__setattr__(self, "_key_headers", headers)

    def request(self, encoded: EncodedRequest, call: Call, now: float) -> HttpRequest:
        """Return the signed request with its full URL; `now` is in seconds since 1970.

        If a token has to be fetched, the request is signed when it is sent.
        """
        return self.signed(self.unsigned(encoded, call), now)

    def unsigned(self, encoded: EncodedRequest, call: Call, content: RequestContent | None = None) -> HttpRequest:
        """Return the request with its full URL, without authentication; `content` is its body if that is known."""
        check_path(encoded.path)
        kind, body = content or encode_body(encoded)
        headers = {**kind, **self.headers, **encoded.headers}
        if call.config.headers:
            headers.update(given_headers(call.config.headers, "the call's headers"))
        url = (insert_path(self.base_url, encoded.path_prefix) if encoded.path_prefix else self.base_url) + encoded.path
        if self.query:
            url += self.query.replace("?", "&") if "?" in encoded.path else self.query
        return HttpRequest(
            encoded.method,
            SecretAddress(url),
            headers,
            body,
            no_replay=encoded.no_replay,
            limits=response_limits(encoded, call),
            secrets=call_secrets(call.config),
        )

    def signed(self, request: HttpRequest, now: float, headers: Mapping[str, str] = NO_HEADERS) -> HttpRequest:
        """Return the request with these headers, and with key or signature unless a token has to be fetched."""
        if self._key_headers is not None:
            return request.with_headers({**headers, **self._key_headers})
        if headers:
            request = request.with_headers(headers)
        return request if self.source else self.auth(request, self.auth_context.at(now))

    def with_token(self, request: HttpRequest, fetched_token: Token, now: float) -> HttpRequest:
        """Return the request with a fetched token, as a bearer token."""
        auth = bearer if fetched_token.token else self.auth
        return auth(request.with_headers(fetched_token.headers), self.auth_context.with_token(fetched_token).at(now))

    def static_account(self) -> str | None:
        """Return the account if the configured credentials identify it; None if a token has to be fetched first."""
        if self.source is None:
            return hashed(grant_material(self.auth_context))
        given = given_values(self.endpoint.api)
        return hashed(given) if has_secret(given) else None

    def configured_account(self) -> str:
        """Return the account from the configuration; without a secret in it, from the names of files and profiles."""
        return self.static_account() or hashed(["unknown", given_values(self.endpoint.api)])

    def frames(self) -> Frames:
        """Return the parser for streamed bodies of this route."""
        return self.route.frames() if self.route.frames else self.codec.frames()


def resolve(endpoint: AIModelEndpoint, environment: Mapping[str, str], operation: str = "chat") -> ResolvedTarget:
    """Resolve provider, protocol, URL and key; raises if something is missing, before anything is sent."""
    api, provider = endpoint.api, load_provider(str(endpoint.api.provider))
    config = {
        **read_credentials_config(provider, api),
        **read_environment(provider.config_env, environment),
        **non_empty_entries(api.config),
    }
    if provider.config_in_files:
        given_to_us = api.credentials.values() if api.credentials else None
        config = {**provider.config_in_files.read(given_to_us, config, environment), **config}
    model = with_provider_name(endpoint.ai_model, provider, config)
    known_as = provider_model_name(endpoint.ai_model.base_model or endpoint.ai_model.model_name, provider, config)
    route = (
        find_route(provider, known_as, config.get("protocol"), config)
        if operation == "chat"
        else operation_route(provider, known_as, operation, config)
    )
    check_names(provider, api.config)
    check_parts(provider, route, config)
    given, is_ours = given_address(provider, route, config, environment)
    if not is_ours:
        config = without_environment_keys(config, provider, api)
    identity = find_credentials(provider, api, config, environment, is_ours)
    if provider.derived:
        config = {**provider.derived(config, identity.key is not None), **config}
    base_url, query = full_address(provider, route, given, config, model.model_name)
    return ResolvedTarget(
        provider=provider,
        route=route,
        codec=load_codec(route.codec),
        quirks=override_quirks(route.quirks, quirk_overrides(config, operation)),
        base_url=base_url,
        auth_context=AuthContext(identity.key, identity.credentials, config),
        origin=Origin.model_construct(
            _fields_set={"provider", "model", "protocol"},
            provider=str(api.provider),
            model=model.model_name,
            protocol=route.codec,
            prefix=None,
        ),
        headers=given_headers(config_mapping(config, "headers", str), "config['headers']"),
        auth=route.auth or provider.auth,
        endpoint=with_known_config(endpoint, model, config if operation != "chat" else {}),
        query=SecretText(query),
        secrets=configured_secrets(
            identity.key, identity.credentials or given_values(api), config, environment, given or ""
        ),
        source=identity.source,
    )


def without_environment_keys(config: Mapping[str, Any], provider: Provider, api: AIModelAPI) -> dict[str, Any]:
    """Return the config without keys of the environment, which are sent to the provider's own hosts only."""
    given = {**read_credentials_config(provider, api), **non_empty_entries(api.config)}
    withheld = {name for name in provider.config_env if OPTION_NAMES.search(name) and name not in given}
    return {name: value for name, value in config.items() if name not in withheld}


def with_known_config(endpoint: AIModelEndpoint, model: AIModel, config: Mapping[str, Any]) -> AIModelEndpoint:
    """Return the endpoint with the provider's model name, and with config entries from the environment."""
    if config:
        endpoint = endpoint.model_copy(update={"api": endpoint.api.model_copy(update={"config": dict(config)})})
    return endpoint if model is endpoint.ai_model else endpoint.model_copy(update={"ai_model": model})


def with_provider_name(model: AIModel, provider: Provider, config: Mapping[str, Any]) -> AIModel:
    """Return the model under this provider's name; the vendor's name is kept as the base model."""
    name = provider_model_name(model.model_name, provider, config)
    if name == model.model_name:
        return model
    return model.model_copy(update={"model_name": name, "base_model": model.base_model or model.model_name})


def provider_model_name(name: str, provider: Provider, config: Mapping[str, Any]) -> str:
    return provider.named(name, config) if provider.named else name


def find_route(provider: Provider, model: str, protocol: str | None, config: Mapping[str, Any] = NO_OPTIONS) -> Route:
    """Return the first route for the model, of one protocol if the config sets one."""
    routes = [route for route in provider.routes if protocol is None or route.codec == protocol]
    serving = next((route for route in routes if route.serves(model, config)), None)
    if serving is not None:
        return serving
    if not provider.routes:
        offered = " or ".join(dict.fromkeys(route.operation for route in provider.operations))
        raise ConfigurationError(
            f"{provider.name} ({model}): this provider does not chat. Call {offered}, or use another provider."
        )
    spoken = ", ".join(dict.fromkeys(route.codec for route in provider.routes))
    wanted = f" in the protocol {protocol!r}" if protocol else ""
    raise ConfigurationError(f"{provider.name} does not serve the model {model!r}{wanted}; it supports {spoken}")


def override_quirks(quirks: Quirks, overrides: Mapping[str, Any]) -> Quirks:
    """Return the quirks with the user's overrides."""
    try:
        return replace(quirks, **{name: merge_value(quirks, name, value) for name, value in overrides.items()})
    except TypeError as error:
        raise ConfigurationError(
            f"config['quirks'] names a behaviour that this protocol does not have: {error}"
        ) from error


def merge_value(quirks: Quirks, name: str, value: Any) -> Any:
    """Merge tables entry by entry."""
    known = getattr(quirks, name, None)
    return {**known, **value} if isinstance(known, Mapping) and isinstance(value, Mapping) else value


def read_environment(variables: Mapping[str, tuple[str, ...]], environment: Mapping[str, str]) -> dict[str, str]:
    """Return config entries from the environment."""
    entries = {
        entry: next((environment[n] for n in names if environment.get(n)), None) for entry, names in variables.items()
    }
    return {entry: value for entry, value in entries.items() if value is not None}


def read_credentials_config(provider: Provider, api: AIModelAPI) -> dict[str, Any]:
    """Return config entries from credentials: a service account contains its project."""
    given = api.credentials.values() if api.credentials else {}
    parts = [given, *(part for part in given.values() if isinstance(part, Mapping))]
    return {entry: part[entry] for part in parts for entry in provider.config_env if part.get(entry)}


def non_empty_entries(config: Mapping[str, Any]) -> dict[str, Any]:
    """Remove empty entries."""
    return {entry: value for entry, value in config.items() if value is not None and value != ""}


def insert_path(base_url: str, folder: str) -> str:
    """Insert a folder before the last part of the base URL, which is the version."""
    head, _, version = base_url.rpartition("/")
    return f"{head}/{folder}/{version}"


def given_values(api: AIModelAPI) -> Mapping[str, Any]:
    """Return the given credentials, if a token is fetched with them."""
    return api.credentials.values() if api.credentials else {}
