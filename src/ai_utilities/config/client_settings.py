"""The settings as typed keyword arguments, and the settings of a client made from its arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from types import MappingProxyType
from typing import Literal, TypedDict

from dhenara.ai.integration import REQUEST_HINTS, hints

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

SETTING_HINTS: Mapping[str, str] = hints(
    (
        "top_p top_k seed stop n tools tool_choice parallel_tool_calls reasoning reasoning_effort "
        "max_reasoning_tokens structured_output options metadata user logprobs top_logprobs "
        "presence_penalty frequency_penalty service_tier prompt_cache context_policy context files tags",
        "it is an option of calls: write client.ask(prompt, $name=...)",
    ),
    ("stream streaming", "call client.ask_stream(prompt)"),
    ("endpoint", 'write base_url="https://...", or provider_config={"endpoint": "..."}'),
    ("protocol", 'write provider_config={"protocol": "openai_responses"}'),
    ("resource azure_resource resource_name", 'write provider_config={"resource": "..."}'),
    ("env_file dotenv dotenv_path", 'call AiSettings.from_dotenv(".env")'),
    ("endpoint_url api_base openai_api_base azure_endpoint api_url server_url", 'write base_url="https://..."'),
    ("openai_api_key anthropic_api_key key token", 'write api_key="..."'),
    ("fallback fallback_models fallback_model", 'write fallbacks=["anthropic/claude-sonnet-5"]'),
    ("http_client httpx_client http_transport", 'write transport="httpx2"'),
    ("verify_ssl ssl_verify ssl_context", "write verify=False, or the path of a file with certificates"),
    ("proxy proxies", REQUEST_HINTS["proxy"]),
    ("callbacks callback hooks event_hooks observer", "call client.usage_tracker.subscribe(my_function)"),
    (
        "middleware middlewares layers",
        "layers belong to the engine: AIModelClient(..., layers=[my_layer])",
    ),
    ("logger verbose debug log_level", REQUEST_HINTS["debug"]),
    ("tracer tracing telemetry otel opentelemetry", "call dhenara.ai.telemetry.instrument() once"),
    ("is_async async_mode async_", "use AsyncAiClient"),
    ("config", "pass settings: AiClient(AiSettings(...))"),
    ("memory history", "conversations have the history: call client.chat()"),
    ("cache_dir cache_file", 'write cache_backend="sqlite", cache_path="cache.db"'),
    ("redis", 'write redis_url="redis://..."'),
    ("db database sqlite", 'write usage_store="sqlite", usage_path="usage.db"'),
    ("azure_deployment deployment deployment_name", 'name it as the model: AiClient("azure/my-deployment")'),
    ("limits", "write requests_per_minute=60, tokens_per_minute=100_000"),
    ("project openai_project", 'write extra_headers={"OpenAI-Project": "..."}'),
    ("user_agent", 'write extra_headers={"User-Agent": "..."}'),
    ("cache use_cache caching", "write cache_enabled=True"),
    ("usage usage_db track_usage", 'write usage_store="sqlite"'),
    ("ledger ledger_path usage_file", 'write usage_store="sqlite", usage_path="usage.db"'),
    ("route", 'name the route in place of the model: AiClient("route:NAME", routes={"NAME": [...]})'),
    ("cache_ttl cache_seconds", "write cache_ttl_s=3600"),
    ("rpm requests_per_min rate_limit", "write requests_per_minute=60"),
    ("tpm tokens_per_min", "write tokens_per_minute=100_000"),
    ("budget max_budget max_cost cost_limit", "write budget_usd=5"),
    ("max_workers num_workers max_parallel", "write concurrency=8"),
    ("system_instruction system_message preamble", 'write system_prompt="..."'),
    ("default_headers http_headers", 'write extra_headers={"X-Name": "..."}'),
    ("request_timeout timeout_seconds timeout_s", "write timeout=30"),
    ("retry retry_config retry_policy max_attempts", "write max_retries=2"),
    ("region aws_region aws_region_name", 'write provider_config={"region": "us-east-1"}'),
    ("location vertex_location", 'write provider_config={"location": "us-central1"}'),
    ("project_id vertex_project", 'write provider_config={"project_id": "..."}'),
    ("api_version azure_api_version", 'write provider_config={"api_version": "..."}'),
    ("organization openai_organization", 'write extra_headers={"OpenAI-Organization": "..."}'),
    ("model_name model_id default_model", 'write model="gpt-5.4-mini"'),
    ("llm_provider custom_llm_provider model_provider provider_name", 'write provider="openai"'),
)
"""What to write for names of settings that other libraries have."""


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
