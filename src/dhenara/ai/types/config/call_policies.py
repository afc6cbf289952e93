"""Policies of calls (context limits, prompt caches, file transfers), and access to a provider as keyword arguments."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self, TypedDict

from pydantic import Field, model_validator

from ...errors import ConfigurationError
from ...providers.model_names import ModelName, read_model_name
from ...wire.limits import DEFAULT_LIMITS
from ...wire.text import similar_names
from ..content.media import CacheLifetime
from ..model_base import FrozenModel
from .model import AIModel


class ContextPolicy(FrozenModel):
    """Limits on the length of the context. Each works independently; unsupported ones give a warning.

    Attributes:
        max_input_tokens: Remove the oldest rounds before sending so that the input stays below this number of tokens,
            estimated at four bytes each.
        compact_at: Let the provider summarise older content above this number of tokens.
        clear_tool_results_at: Let the provider remove older tool results above this number of tokens.
        keep_tool_results: Number of latest tool results that are kept. Default 3.
        truncation: `"auto"` lets the provider drop what does not fit.
    """

    max_input_tokens: int | None = Field(default=None, gt=0)
    compact_at: int | None = Field(default=None, gt=0)
    clear_tool_results_at: int | None = Field(default=None, gt=0)
    keep_tool_results: int = Field(default=3, ge=0)
    truncation: Literal["auto", "disabled"] | None = None


class PromptCache(FrozenModel):
    """Settings of the provider's prompt cache. They affect cost and speed, never the answer.

    Attributes:
        automatic: Cache the conversation up to its end at every call. Default False.
        instructions: Cache the tools and the instructions. Default False.
        lifetime: `"short"` (minutes) or `"long"` (hours). Default `"short"`.
        key: Routes calls with the same beginning to the same cache, for providers with cache keys. At most 64
            characters.
        stored: Name of cached content that was created beforehand; it contains the instructions and tools.
    """

    automatic: bool = False
    instructions: bool = False
    lifetime: CacheLifetime = "short"
    key: str | None = Field(default=None, max_length=64)
    stored: str | None = None


class Fetching(FrozenModel):
    """Rules for downloading files on behalf of a provider. Every redirect is checked with the same rules.

    Attributes:
        allowed: Whether files may be downloaded. Default True.
        private: Whether addresses outside the public internet are allowed: this machine, its networks, cloud metadata.
            Default False.
        max_bytes: Maximum size of a file in bytes. Default 50,000,000.
        max_redirects: Maximum number of redirects. Default 5.
        timeout: Timeout for each file in seconds. Default 60.
    """

    allowed: bool = True
    private: bool = False
    max_bytes: int = Field(default=50_000_000, gt=0)
    max_redirects: int = Field(default=5, ge=0)
    timeout: float = Field(default=60.0, gt=0)


class Uploading(FrozenModel):
    """Rules for automatic uploads.

    Attributes:
        allowed: Whether files may be uploaded. Default True.
        expires_in: How long the provider keeps the file, in seconds, if it supports expiry. Default 86,400.
        wait: How long to wait until the file is ready, in seconds. Default 600.
    """

    allowed: bool = True
    expires_in: int | None = Field(default=86_400, gt=0)
    wait: float = Field(default=600.0, gt=0)


class ArtifactConfig(FrozenModel):
    """Files of each call, for debugging: `<artifact_root>/<prefix>/dai/dai_request.json` and others.

    They contain prompts and answers, and no API keys. A later call with the same folder replaces them.

    Attributes:
        enabled: Whether to write. Default False.
        artifact_root: Folder of the files.
        prefix: Folder in `artifact_root`. Default None: none.
        capture_dhenara_request: Write messages and config as `dai_request.json`. Default True.
        capture_provider_request: Write the body that is sent as `dai_provider_request.json`. Default True.
        capture_provider_response: Write the body that arrived as `dai_provider_response.json`, with
            `keep_provider_response=True`. Default True.
        capture_dhenara_response: Write the response as `dai_response.json`. Default True.
        enable_python_logs: Not used; use `logging`, where the logger `dhenara` writes each attempt. Default False.
        python_log_level: Not used.
        python_logger_levels: Not used.
    """

    enabled: bool = False
    artifact_root: str | Path | None = None
    prefix: str | None = None
    capture_dhenara_request: bool = True
    capture_provider_request: bool = True
    capture_provider_response: bool = True
    capture_dhenara_response: bool = True
    enable_python_logs: bool = False
    python_log_level: str | int = "INFO"
    python_logger_levels: dict[str, str | int] | None = None

    @model_validator(mode="after")
    def _check_root(self) -> Self:
        if self.enabled and not self.artifact_root:
            raise ValueError("artifact_root is required when artifacts are enabled")
        return self


Limit = Literal["connect", "first_token", "idle", "total"]


class Timeouts(FrozenModel):
    """Timeouts of a call in seconds; None for no limit.

    Attributes:
        connect: Time to connect to the provider. Default 10.
        first_token: Time until the first content of the answer; pings and comments of a stream do not count. Default
            600.
        idle: Time between two events after that. Default 120.
        total: Time for the whole call with all retries. Default None.
    """

    connect: float | None = Field(default=10.0, gt=0)
    first_token: float | None = Field(default=600.0, gt=0)
    idle: float | None = Field(default=120.0, gt=0)
    total: float | None = Field(default=None, gt=0)


DEFAULT_TIMEOUTS = Timeouts.model_construct()


class ResponseLimits(FrozenModel):
    """How much a server may send. Exceeding a limit raises `ResponseTooLargeError` before the data is held in memory.

    Attributes:
        body_bytes: Largest body that is kept in memory, streamed or not, after decompression; None for no limit.
            Default 256 MiB. Downloads to disk and batch results, which are read line by line, have no such limit.
        error_body_bytes: How much of an error body is read; the rest is ignored. Default 256 KiB.
        event_bytes: Largest single event or line of a stream. Default 64 MiB.
        head_bytes: Largest status line with headers. Default 256 KiB.
        interim_responses: Maximum number of 1xx responses before the final one. Default 64.
        chunk_extension_bytes: Maximum size of all chunk extensions together. Default 64 KiB.
        trailer_bytes: Maximum size of all trailers together. Default 64 KiB.
    """

    body_bytes: int | None = Field(default=DEFAULT_LIMITS.body_bytes, gt=0)
    error_body_bytes: int = Field(default=DEFAULT_LIMITS.error_body_bytes, gt=0)
    event_bytes: int = Field(default=DEFAULT_LIMITS.event_bytes, gt=0)
    head_bytes: int = Field(default=DEFAULT_LIMITS.head_bytes, gt=0)
    interim_responses: int = Field(default=DEFAULT_LIMITS.interim_responses, ge=0)
    chunk_extension_bytes: int = Field(default=DEFAULT_LIMITS.chunk_extension_bytes, ge=0)
    trailer_bytes: int = Field(default=DEFAULT_LIMITS.trailer_bytes, ge=0)


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
    return require_provider(name, own_server), AIModel.model_construct(model_name=require_model(name))


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
    if not name.model:
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
