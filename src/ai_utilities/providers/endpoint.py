"""The engine's endpoint for a provider and its settings, and the endpoints that are tried after it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypedDict

from dhenara.ai.integration import find_provider, kind_of_endpoint, read_model_name
from dhenara.ai.types import AIModel, AIModelEndpoint

from ..config import OriginLevel
from ..config.routes import make_route, route_name
from ..config_models import AiSettings, TransportName
from ..config_resolver import ConfigurationResolver, ResolvedConfiguration
from ..exceptions import ProviderConfigurationError
from .facts import ProviderFacts

if TYPE_CHECKING:
    from dhenara.ai.integration import FunctionalType
    from dhenara.ai.types import ModelRoute

    from ..config.secrets import Secret


def make_endpoint(
    resolved: ResolvedConfiguration, settings: AiSettings, model: str, kind: FunctionalType | None = None
) -> AIModelEndpoint:
    """Values from `.env` or settings are passed to the engine; it reads the environment itself."""
    config: dict[str, object] = {**dotenv_config(resolved.facts.entries, settings.dotenv), **settings.provider_config}
    if resolved.base_url.value and not is_engine_variable(resolved):
        config["base_url"] = resolved.base_url.value
    if settings.extra_headers:
        config["headers"] = settings.extra_headers
    named = AIModel.model_construct(model_name=model)
    return AIModelEndpoint.of(
        named if kind is None else named.model_copy(update={"functional_type": kind}),
        resolved.api_key.value,
        provider=resolved.provider,
        credentials=None if resolved.api_key.value else dotenv_credentials(resolved.facts, settings.dotenv),
        api_config=config,
    )


class ConnectionOptions(TypedDict):
    """The connection settings as arguments of the engine's client: the HTTP client, and TLS certificates."""

    transport: TransportName
    verify: bool | str
    cert: str | tuple[str, str] | tuple[str, str, str] | None


def connection_options(settings: AiSettings) -> ConnectionOptions:
    """The connection settings as arguments of the engine's client."""
    cert: str | tuple[str, str] | tuple[str, str, str] | None = settings.cert
    if cert is not None and settings.cert_password is not None:
        files = (cert, cert) if isinstance(cert, str) else cert
        cert = (files[0], files[1], str(settings.cert_password))
    return {"transport": settings.transport, "verify": settings.verify, "cert": cert}


def is_engine_variable(resolved: ResolvedConfiguration) -> bool:
    """Whether the address is in a variable that the engine reads itself."""
    origin, provider = resolved.base_url.origin, find_provider(resolved.provider)
    return origin.level is OriginLevel.ENVIRONMENT and provider is not None and origin.variable in provider.base_url_env


def dotenv_config(variables: Mapping[str, tuple[str, ...]], dotenv: Mapping[str, str]) -> dict[str, str]:
    """Entries of the API config that are only in `.env`; the engine reads the environment itself."""
    values = {
        entry: next((dotenv[name] for name in names if dotenv.get(name)), None)
        for entry, names in variables.items()
        if not any(os.environ.get(name) for name in names)
    }
    return {entry: value for entry, value in values.items() if value is not None}


def dotenv_credentials(facts: ProviderFacts, dotenv: Mapping[str, str]) -> dict[str, str] | None:
    """Credentials without a key that are only in `.env`."""
    return dotenv_config({entry: (name,) for entry, name in facts.credentials.items()}, dotenv) or None


def make_target(
    resolved: ResolvedConfiguration, settings: AiSettings, model: str, kind: FunctionalType | None = None
) -> AIModelEndpoint | ModelRoute:
    """The endpoint of a model, or the route that is named in its place."""
    name = route_name(model)
    if name is None:
        return make_endpoint(resolved, settings, model, kind)
    own = settings.model_copy(update={"model": None})
    return make_route(settings, name, partial(make_fallback, settings=own, main=resolved.provider, what=""))


def endpoints_of(target: AIModelEndpoint | ModelRoute) -> list[AIModelEndpoint]:
    """The endpoints of a route, or the endpoint alone."""
    return [target] if isinstance(target, AIModelEndpoint) else [one.endpoint for one in target.deployments]


def makes_embeddings(target: AIModelEndpoint | ModelRoute) -> bool:
    """Whether a deployment of a route has an embedding model."""
    return not isinstance(target, AIModelEndpoint) and "embedding" in map(kind_of_endpoint, endpoints_of(target))


def make_fallbacks(settings: AiSettings, main: str) -> tuple[AIModelEndpoint, ...]:
    """The validated endpoints, in order."""
    named = (settings.fallbacks or "").split(",")
    return tuple(make_fallback(name.strip(), settings, main) for name in named if name.strip())


def make_fallback(
    named: str, settings: AiSettings, main: str, what: str = "fallbacks, ", key: Secret | None = None
) -> AIModelEndpoint:
    """`provider/model`, `provider` with its default model, or a model of one maker; `what` begins errors."""
    try:
        provider, model = read_model_name(named)
        is_main = provider in (None, main)
        resolver = ConfigurationResolver(settings)
        if key is None:
            resolved = resolver.validate(provider or main, own_only=not is_main, needs_model=not model)
        else:
            without_key = resolver.resolve(provider or main, own_only=not is_main)
            resolved = replace(without_key, api_key=replace(without_key.api_key, value=key))
        chosen = model or resolved.model.value
        if chosen is None:
            raise ProviderConfigurationError(f"name a model too, as in '{resolved.provider}/its-model'.")
    except ProviderConfigurationError as error:
        raise ProviderConfigurationError(f"{what}{named!r}: {error}") from error
    # Headers and entries belong to the main provider and may contain its secrets.
    own = settings if is_main else settings.model_copy(update={"extra_headers": {}, "provider_config": {}})
    return make_endpoint(resolved, own, chosen)
