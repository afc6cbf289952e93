"""Access to a provider as keyword arguments, for endpoints that are named by `provider/model`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from ...errors import ConfigurationError
from ...providers.model_names import ModelName, read_model_name
from ...wire.text import similar_names
from .model import AIModel


class ApiOptions(TypedDict, total=False):
    """What a provider needs beside the API key. What is left out comes from the provider's environment variables."""

    credentials: Mapping[str, Any] | None
    """Credentials with several fields, such as AWS access keys or a service account."""

    base_url: str | None
    """Base URL, if it is not the provider's own."""

    endpoint: str | None
    """Azure: the URL of the resource, as `base_url`. Bedrock: `"mantle"`."""

    headers: Mapping[str, str] | None
    """Headers of every request."""

    region: str | None
    """Bedrock: the AWS region."""

    resource: str | None
    """Azure: the name of the resource, instead of its URL."""

    api_version: str | None
    """Azure: a dated API version; not needed for the current one."""

    project_id: str | None
    """Vertex AI: the Google Cloud project."""

    location: str | None
    """Vertex AI: the location, such as `"us-central1"`."""

    protocol: str | None
    """Protocol, for providers with several, such as `"openai_responses"`."""

    api_config: Mapping[str, Any] | None
    """Any other entries of `AIModelAPI(config=...)`."""


class NamedApiOptions(ApiOptions, total=False):
    """The same, and the provider for a model whose name does not tell."""

    provider: str | None


ACCEPTED = "'provider/model' such as 'openai/gpt-5.4-mini', an AIModel, or an AIModelEndpoint(api=..., ai_model=...)"
"""What names an endpoint, for error messages."""


def read_named_model(model: object, provider: str | None, options: Mapping[str, Any]) -> tuple[str, AIModel]:
    """Return the provider and the model that are meant.

    Raises:
        ConfigurationError: If the model is no name, or there is no provider or no model in it.
    """
    if isinstance(model, AIModel):
        return provider or provider_of(model), model
    if not isinstance(model, str):
        raise ConfigurationError(f"an endpoint is {ACCEPTED}, not {describe_type(model)}")
    own_server = bool(options.get("base_url") or (options.get("api_config") or {}).get("base_url"))
    name = read_model_name(model, provider, own_server=own_server)
    return require_provider(name, own_server), AIModel(model_name=require_model(name))


def provider_of(model: AIModel) -> str:
    if model.provider is not None:
        return model.provider
    return require_provider(read_model_name(model.model_name), own_server=False)


def require_provider(name: ModelName, own_server: bool) -> str:
    if name.provider is None and own_server:
        return "openai_compatible"
    if name.provider is None:
        raise ConfigurationError(
            f"no provider is named for the model {name.model!r}. Write it first, as in 'openai/gpt-5.4-mini'."
        )
    return name.provider


def require_model(name: ModelName) -> str:
    if name.model is None:
        raise ConfigurationError(f"{name.provider}: model missing. Write '{name.provider}/its-model'.")
    return name.model


def config_of_api(
    *,
    credentials: Mapping[str, Any] | None = None,  # an argument of the API itself
    base_url: str | None = None,
    endpoint: str | None = None,
    headers: Mapping[str, str] | None = None,
    region: str | None = None,
    resource: str | None = None,
    api_version: str | None = None,
    project_id: str | None = None,
    location: str | None = None,
    protocol: str | None = None,
    api_config: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the config of the API from `ApiOptions`."""
    if endpoint is not None and "." in endpoint:
        base_url, endpoint = endpoint, None
    entries = {
        "base_url": base_url,
        "endpoint": endpoint,
        "headers": headers,
        "region": region,
        "resource": resource,
        "api_version": api_version,
        "project_id": project_id,
        "location": location,
        "protocol": protocol,
    }
    return {**(api_config or {}), **{name: value for name, value in entries.items() if value is not None}}


def check_option_names(options: Mapping[str, Any], known: Mapping[str, Any], what: str = "an endpoint") -> None:
    """Raise for the first name that is not known, with the one that is probably meant."""
    for name in options.keys() - known.keys():
        plain = name.replace("_", "")
        similar = [one for one in known if one.replace("_", "") == plain] or similar_names(name, known)
        raise ConfigurationError(
            f"{what} has no argument {name!r}" + (f"; did you mean {similar[0]!r}?" if similar else "")
        )


def describe_type(given: object) -> str:
    """Return what was passed instead, for messages: a class as such, any other object by its type."""
    return f"the class {given.__name__}" if isinstance(given, type) else type(given).__name__
