"""The settings as typed keyword arguments, and the settings of a client made from its arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from types import MappingProxyType
from typing import Literal, TypedDict

from ..exceptions import Json

FilePath = str | PathLike[str]


SETTING_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "max_output_tokens": "max_tokens",
        "max_completion_tokens": "max_tokens",
        "retries": "max_retries",
        "num_retries": "max_retries",
        "system": "system_prompt",
        "instructions": "system_prompt",
        "headers": "extra_headers",
    }
)
"""Names of options of calls for settings, and the name of the setting. Both are accepted."""


SETTING_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "system": "system_prompt",
        "many": "write concurrency=8",
        "model": 'write model="gpt-5.4-mini"',
        "provider": 'write provider="openai"',
    }
)
"""What hints about unknown settings call things."""


class AlternativeSettings(TypedDict, total=False):
    """Names of options of calls for settings; see `SETTING_NAMES`."""

    max_output_tokens: int | None
    """The same as `max_tokens`."""

    max_completion_tokens: int | None
    """The same as `max_tokens`."""

    retries: int
    """The same as `max_retries`."""

    num_retries: int
    """The same as `max_retries`."""

    system: str | None
    """The same as `system_prompt`."""

    instructions: str | None
    """The same as `system_prompt`."""

    headers: Mapping[str, str]
    """The same as `extra_headers`."""


class ClientArguments(AlternativeSettings, total=False):
    """The fields of `AiSettings` except `provider` and `model`, as keyword arguments of clients.

    Defaults, units and ranges are those of the fields.
    """

    api_key: str | None
    """API key of the provider. Default None: read from the environment (`OPENAI_API_KEY`, `AI_API_KEY`) or `.env`."""

    base_url: str | None
    """Base URL, if not the provider's own."""

    fallbacks: str | Sequence[str] | None
    """Models or providers to try in order if the first fails, such as `["anthropic/claude-sonnet-5", "groq"]`."""

    routes: Mapping[str, object]
    """Routes by name, for `AiClient("route:NAME")`: groups of deployments; see `ModelRoute`."""

    routes_file: FilePath | None
    """TOML file of routes, one table for each."""

    auto_select_order: str | Sequence[str] | None
    """For the provider `auto`: provider names, in order."""

    temperature: float
    """Sampling temperature, 0 to 2."""

    max_tokens: int | None
    """Maximum number of tokens of an answer."""

    system_prompt: str | None
    """System instructions for every call."""

    timeout: float | None
    """Seconds for a whole call, including retries."""

    max_retries: int
    """Number of retries."""

    concurrency: int
    """Number of concurrent requests of `ask_many`."""

    strict: bool
    """Raise an error for unsupported parameters, not a warning."""

    extra_headers: Mapping[str, str]
    """Headers of every request."""

    provider_config: Mapping[str, Json]
    """Provider-specific settings such as region, project, resource."""

    embedding_model: str | None
    """Model of `embed`."""

    transport: Literal["builtin", "httpx2", "aiohttp"]
    """The HTTP client that sends the requests."""

    verify: bool | str
    """Certificates to trust: True, False, or a file or folder of PEM certificates."""

    cert: str | tuple[str, str] | None
    """Client certificate: a PEM file, or certificate and key."""

    cert_password: str | None
    """The password of the client certificate's key."""

    cache_enabled: bool
    """Whether answers are cached."""

    cache_backend: Literal["memory", "sqlite", "redis", "null"]
    """Where answers are cached."""

    cache_ttl_s: int
    """Seconds for which an answer is cached."""

    cache_policy: Literal["always", "deterministic", "never"]
    """Which calls use the cache."""

    cache_namespace: str
    """Namespace of the cache; answers of different ones are apart."""

    cache_share_accounts: bool
    """Whether calls with different API keys share cached answers."""

    cache_max_entries: int
    """Maximum number of cached answers."""

    cache_path: FilePath | None
    """File of the sqlite cache."""

    redis_url: str
    """Server of the redis backends."""

    requests_per_minute: int | None
    """Maximum number of requests in a minute."""

    tokens_per_minute: int | None
    """Maximum number of tokens in a minute."""

    requests_per_day: int | None
    """Maximum number of requests in a day."""

    tokens_per_day: int | None
    """Maximum number of tokens in a day."""

    max_concurrency: int | None
    """Maximum number of concurrent requests."""

    limit_wait_s: float | None
    """Seconds a call may wait for a rate limit."""

    limit_store: Literal["memory", "sqlite", "redis"]
    """Where limits and budgets are stored."""

    limit_path: FilePath | None
    """File of the sqlite store of limits and budgets."""

    usage_tracking: bool
    """Whether usage is recorded."""

    usage_store: Literal["memory", "sqlite", "redis"] | None
    """Where usage is stored; None keeps totals only."""

    usage_path: FilePath | None
    """File of the sqlite ledger."""

    team: str | None
    """The team in the tags of all calls: the tag `team`."""

    tags: Mapping[str, str]
    """Tags of all calls."""

    key_label: str | None
    """A name for the API key in usage; without one, usage has its fingerprint."""

    budget_usd: float | None
    """Maximum US dollars to spend in one window."""

    prices_file: FilePath | None
    """File with your own prices and limits, in TOML."""

    tables_dir: FilePath | None
    """Folder of refreshed tables; None is a folder in your data folder."""

    tables_url: str | None
    """Address of the manifest for `models refresh`."""

    tables_key: str | None
    """Public ed25519 key, in base64, that refreshed tables must be signed with."""

    budget_window: Literal["hour", "day", "month", "total"]
    """The window of the budget."""

    budget_alerts: str | Sequence[float | str] | None
    """Parts of the budget that are logged when they are reached: `0.5,0.8,1`."""

    budget_unknown: Literal["refuse", "allow"]
    """What to do if a cost has no upper bound."""


class SettingArguments(ClientArguments, total=False):
    """All fields of `AiSettings` as keyword arguments."""

    provider: str
    """The provider; `auto` uses the first configured one."""

    model: str | None
    """The model, with or without a provider before it: `openai/gpt-5.4-mini`."""
