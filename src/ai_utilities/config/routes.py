"""Routes of the settings: `AiClient("route:smart")`, with the keys and addresses that the settings have."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from dhenara.ai import types
from dhenara.ai.integration import did_you_mean, read_routes_file, read_variable
from dhenara.ai.types import AIModelEndpoint

from ..exceptions import Json, JsonObject, Options, ProviderConfigurationError
from .secrets import Secret

if TYPE_CHECKING:
    from dhenara.ai.types import Deployment, ModelRoute

    from ..config_models import AiSettings


class EndpointOf(Protocol):
    """Makes the endpoint of a model from the settings."""

    def __call__(self, named: str, *, key: Secret | None = None) -> AIModelEndpoint:
        """The endpoint; with a key of its own in place of that of the settings."""
        ...


PREFIX = "route:"
SHADOW = ("share", "concurrency", "observer", "wait_on_close")
OWN = ("name", "weight", "model", "api_key", "api_key_env")
ADDRESS = frozenset({"base_url", "endpoint"})


def route_name(model: str | None) -> str | None:
    """The name of a route in place of a model, as in `route:smart`; None for models."""
    return model.removeprefix(PREFIX).strip() if model is not None and model.startswith(PREFIX) else None


def require_route_names(value: object) -> object:
    """Refuses a single route where routes by name are needed."""
    if not isinstance(value, Mapping):
        raise ValueError("it must have routes by name, such as {'smart': ['openai/gpt-5.4-mini', 'groq']}")
    return value


def route_tables(settings: AiSettings) -> dict[str, object]:
    """The routes of the settings and of their file, as they are written; those of the settings win."""
    listed = {} if settings.routes_file is None else read_routes_file(settings.routes_file)
    return {**listed, **settings.routes}


def has_routes(settings: AiSettings) -> bool:
    """Whether the settings have routes."""
    return bool(settings.routes or settings.routes_file)


def find_route(settings: AiSettings, name: str) -> object:
    """A route as it is written.

    Raises:
        ProviderConfigurationError: If there is none of this name.
    """
    tables = route_tables(settings)
    if name not in tables:
        known = f"{did_you_mean(name, tables)} The routes are: {', '.join(tables)}." if tables else ""
        fix = " Set routes={...}, or AI_ROUTES_FILE to a file with a table for it."
        raise ProviderConfigurationError(f"there is no route {name!r:.60}.{known or fix}")
    return tables[name]


def make_route(settings: AiSettings, name: str, endpoint_of: EndpointOf) -> ModelRoute:
    """The route of this name, with an endpoint for each deployment.

    Args:
        settings: The settings.
        name: Its name, without `route:`.
        endpoint_of: Makes the endpoint of a model from the settings.

    Raises:
        ProviderConfigurationError: If the route or a deployment is invalid, or a key is missing.
    """
    written = find_route(settings, name)
    try:
        return types.ModelRoute.of(with_endpoints(written, settings, endpoint_of), name)
    except ProviderConfigurationError as error:
        raise ProviderConfigurationError(f"route {name!r}: {error}") from error


def first_model(settings: AiSettings, name: str) -> str:
    """The model of the first deployment of a route, as it is written.

    Raises:
        ProviderConfigurationError: If there is no such route, or it has no deployment.
    """
    written = find_route(settings, name)
    while not isinstance(written, str):
        if isinstance(written, types.ModelRoute):
            first = written.deployments[0]
            return f"{first.provider}/{first.model}"
        if isinstance(written, types.Deployment | AIModelEndpoint):
            endpoint = written.endpoint if isinstance(written, types.Deployment) else written
            return f"{endpoint.api.provider}/{endpoint.ai_model.model_name}"
        written = first_of(written, name)
    return written


def first_of(written: object, name: str) -> object:
    """The first entry of a part of a route."""
    inner = written
    if isinstance(written, Mapping):
        inner = next((written[key] for key in ("groups", "deployments", "endpoint", "model") if key in written), None)
    if isinstance(inner, list | tuple):
        inner = inner[0] if inner else None
    if inner is None or inner is written:
        raise ProviderConfigurationError(f"route {name!r} has no deployment. Write one such as 'openai/gpt-5.4-mini'")
    return inner


def with_endpoints(written: object, settings: AiSettings, endpoint_of: EndpointOf) -> object:
    """A route with an endpoint in place of each model that is written."""
    if isinstance(written, list | tuple):
        return [with_endpoints(one, settings, endpoint_of) for one in written]
    if isinstance(written, str):
        return endpoint_of(written)
    if not isinstance(written, Mapping):
        return written
    if "shadow" in written:
        rest = {key: value for key, value in written.items() if key != "shadow"}
        shadow = with_candidate(written["shadow"], settings, endpoint_of)
        return {**cast("Options", with_endpoints(rest, settings, endpoint_of)), "shadow": shadow}
    for inner in ("groups", "deployments"):
        if inner in written:
            return {**written, inner: with_endpoints(written[inner], settings, endpoint_of)}
    return to_deployment(written, settings, endpoint_of) if "model" in written else written


def with_candidate(written: object, settings: AiSettings, endpoint_of: EndpointOf) -> object:
    """Shadow traffic with an endpoint in place of the model of its candidate."""
    if isinstance(written, str):
        return endpoint_of(written)
    if not isinstance(written, Mapping):
        return written
    own = {key: value for key, value in written.items() if key in SHADOW}
    for name in written.keys() - own.keys():
        if hint := did_you_mean(name, SHADOW):
            raise ProviderConfigurationError(f"shadow traffic has no field {name!r}.{hint}")
    rest = {key: value for key, value in written.items() if key not in SHADOW}
    return {**own, "deployment": with_endpoints(rest.get("deployment", rest), settings, endpoint_of)}


def to_deployment(written: Mapping[str, object], settings: AiSettings, endpoint_of: EndpointOf) -> Deployment:
    """A deployment. What it does not name itself, such as a key or an address, is that of the settings."""
    model = written["model"]
    options: Options = {name: value for name, value in written.items() if name not in OWN}
    own: Options = {name: written[name] for name in ("name", "weight") if name in written}
    if written.get("api_key") is not None and written.get("api_key_env") is not None:
        raise ProviderConfigurationError("a deployment has 'api_key' and 'api_key_env'. Write one of them")
    key: Json = written.get("api_key") or read_key(written.get("api_key_env"), settings)
    if not isinstance(model, str):
        return types.Deployment.of({**options, **own, "model": model, "api_key": key})
    endpoint = endpoint_of(model, key=key)
    return types.Deployment(endpoint=with_options(endpoint, options) if options else endpoint, **own)


def with_options(endpoint: AIModelEndpoint, options: Options) -> AIModelEndpoint:
    """An endpoint with options of its own. One with another address takes over the key alone: headers are secret."""
    named, key = f"{endpoint.api.provider}/{endpoint.ai_model.model_name}", endpoint.api.api_key
    made = AIModelEndpoint.of(named, key, **options)
    if not ADDRESS.isdisjoint(made.api.config):
        return made
    config: JsonObject = {**endpoint.api.reveal_config(), **made.api.reveal_config()}
    headers = {**endpoint.api.reveal_config().get("headers", {}), **config.get("headers", {})}
    given = {**options, "api_config": {**config, "headers": headers} if headers else config}
    given.pop("headers", None)
    if "credentials" not in given and endpoint.api.credentials is not None:
        given["credentials"] = endpoint.api.credentials.reveal()
    return AIModelEndpoint.of(named, key, **given)


def read_key(name: object, settings: AiSettings) -> Secret | None:
    """The value of a variable of the environment or `.env` that a deployment names; None if it names none."""
    return None if name is None else Secret(read_variable(name, {**settings.dotenv, **os.environ}))


def health_path(settings: AiSettings, usual: Path) -> Path:
    """The file in which processes share the health of deployments: beside that of the limits."""
    return usual if settings.limit_path is None else settings.limit_path.with_name("health.sqlite")
