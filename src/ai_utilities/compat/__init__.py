"""Names of ai-utilities 1.x that this version writes in another way: where they are now, and what to use instead.

The old import paths find them here. New programs need nothing of this package; it is loaded when an old name is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from dhenara.ai.errors import RemovedNameError
from dhenara.ai.lazy_package import lazy_package

EXCEPTIONS = "ai_utilities.exceptions"
PROVIDERS = "ai_utilities.providers"

HOMES: Mapping[str, tuple[str, ...]] = {
    "ai_utilities.compat.audio": (
        *("AudioAnalysisResult", "AudioFile", "AudioFormat", "AudioGenerationRequest", "AudioGenerationResult"),
        *("TranscriptionResult", "TranscriptionSegment"),
        *("analyze_audio_file", "convert_audio_format", "create_audio_file_info", "get_audio_format"),
        *("get_audio_info", "get_file_size", "load_audio_file", "save_audio_file", "validate_audio_file"),
    ),
    "ai_utilities.compat.metrics": (
        *("HistogramBucket", "JSONExporter", "MetricType", "MetricValue", "MetricsCollector", "MetricsRegistry"),
        *("OpenTelemetryExporter", "PrometheusExporter", "Timer", "metrics", "monitor_requests"),
    ),
    "ai_utilities.compat.configuration": (
        *("AsyncOpenAIProvider", "AsyncProvider", "OpenAICompatibleProvider", "ProviderCapabilities"),
        "SyncProvider",
    ),
    "dhenara.ai.compat.stand_ins": ("UploadedFile",),
    "ai_utilities.compat.classes": (
        *("AudioProcessor", "RateLimitInfo", "ResponseProcessor", "TokenCounter", "normalize_prompt", "stable_hash"),
    ),
    "ai_utilities.compat.usage": (
        *("ThreadSafeUsageTracker", "UsageScope", "UsageStats", "UsageTracker", "create_usage_tracker"),
    ),
    "ai_utilities.cache": ("CacheBackend", "MemoryCache", "NullCache", "RedisCache", "SQLiteCache", "SqliteCache"),
    "ai_utilities.audio": ("AudioProcessingError",),
    "ai_utilities.client": ("AiClient", "create_client"),
    "ai_utilities.async_client": ("AsyncAiClient",),
    "ai_utilities.results": ("AskResult",),
    "ai_utilities.operations.texts": ("create_repair_prompt", "parse_json_from_text"),
    f"{PROVIDERS}.base_provider": ("BaseProvider",),
    f"{PROVIDERS}.factory": ("GroqProvider", "OllamaProvider", "OpenAIProvider", "create_provider"),
    EXCEPTIONS: (
        *("AIUtilitiesError", "AiUtilitiesError", "JsonParseError", "ProviderAPIError", "ProviderCapabilityError"),
        *("ProviderConfigurationError", "ProviderError", "ProviderRateLimitError"),
    ),
}
"""Modules with the names of version 1 in them."""

RENAMED: Mapping[str, tuple[str, str]] = {
    "ConfigurationError": (EXCEPTIONS, "ProviderConfigurationError"),
    "ConfigError": (EXCEPTIONS, "ProviderConfigurationError"),
    "FileTransferError": (EXCEPTIONS, "ProviderAPIError"),
    "InvalidPromptError": (EXCEPTIONS, "ProviderConfigurationError"),
    "MissingApiKeyError": (EXCEPTIONS, "ProviderConfigurationError"),
    "MissingBaseUrlError": (EXCEPTIONS, "ProviderConfigurationError"),
    "MissingOptionalDependencyError": (EXCEPTIONS, "ProviderConfigurationError"),
    "MissingModelError": (EXCEPTIONS, "ProviderConfigurationError"),
    "UnknownProviderError": (EXCEPTIONS, "ProviderConfigurationError"),
    "RateLimitError": (EXCEPTIONS, "ProviderRateLimitError"),
    "RateLimitExceededError": (EXCEPTIONS, "ProviderRateLimitError"),
    "list_supported_providers": ("ai_utilities.providers.factory", "list_providers"),
    "run_setup_wizard": ("ai_utilities.setup", "run_setup_wizard"),
    "TranscriptionRequest": ("ai_utilities.compat.audio", "TranscriptRequest"),
    "SetupWizard": ("ai_utilities.setup", "SetupWizard"),
}
"""Old name to the module and the name in this version."""

LIMITS = "Limits are settings: AiClient(requests_per_minute=..., tokens_per_minute=...), shared by threads."
KNOWLEDGE = "There is no knowledge base here: embed texts with client.embed(texts) and store the vectors yourself."
SETTINGS = "Pass settings by keyword, as in AiClient(provider='openai', model='...', temperature=0)."
RESOLVER = "Use ConfigurationResolver(settings).resolve(), or print(client.explain())."
ENVIRONMENT = "Set variables in the environment, or pass the settings by keyword to AiClient(...)."
TELEMETRY = "Use ai_utilities.telemetry.TelemetryLayer with OpenTelemetry, or the usage ledger."
ERROR_CODES = "Errors are classes: catch ProviderRateLimitError, AuthenticationError, ... of ai_utilities.exceptions."
ASK = "Use AiClient().ask(prompt), which sends the request itself."
MODELS = "Use client.list_models()."
SSL = "TLS is checked by `ai-utilities doctor`; certificates are set with AiSettings(verify=...)."
TESTING = "Use dhenara.ai.testing.FakeServer, or the pytest fixture fake_provider; see docs/testing.md."

REMOVED: Mapping[str, str] = {
    name: advice
    for advice, names in {
        LIMITS: ("ModelConfig", "RateLimitFetcher", "RateLimiter"),
        KNOWLEDGE: (
            *("Chunk", "FileSourceLoader", "KnowledgeDisabledError", "KnowledgeError", "KnowledgeIndexError"),
            *("KnowledgeIndexer", "KnowledgeSearch", "KnowledgeSearchError", "KnowledgeValidationError", "SearchHit"),
            *("Source", "SqliteExtensionUnavailableError", "SqliteVectorBackend", "TextChunker"),
        ),
        SETTINGS: ("AIConfig", "AIConfigManager", "OpenAIConfig", "get_config_manager", "initialize_config_file"),
        RESOLVER: (
            *("ResolvedConfig", "ResolvedProviderConfig", "resolve_api_key", "resolve_base_url", "resolve_model"),
            *("resolve_provider", "resolve_provider_config", "resolve_request_config"),
        ),
        ENVIRONMENT: (
            *("ContextVarEnvironmentProvider", "EnvironmentProvider", "EnvironmentProviderStub", "get_ai_env"),
            *("StandardEnvironmentProvider", "cleanup_ai_env_vars", "get_env_overrides", "isolated_env_context"),
            *("override_env", "validate_ai_env_vars", "get_ai_env_vars", "is_test_mode", "test_mode_guard"),
            *("get_environment_type", "is_ci_environment", "is_development_environment"),
            *("is_interactive_environment", "safe_input", "should_prompt_for_reconfigure"),
        ),
        TELEMETRY: (
            *("ConfigurationContext", "MetricsContext", "configuration_context", "metrics_context"),
            *("gauge_metric", "histogram_metric", "increment_metric", "timer_metric"),
        ),
        ERROR_CODES: (
            *("AIUsageDisabledError", "CacheError", "ERROR_CODE_MAPPING", "ErrorCode", "ErrorInfo", "FileError"),
            *("LoggingError", "MemoryUsageExceededError", "UsageError", "create_error", "get_error_severity"),
            "handle_provider_error",
        ),
        ASK: ("OpenAIClient", "OpenAIModel"),
        MODELS: ("DemoModel", "DemoModelDiscovery", "DemoValidator", "get_demo_models", "validate_demo_model"),
        SSL: ("SSLBackendCompatibilityWarning", "check_ssl_backend", "get_ssl_backend_info", "require_ssl_backend"),
        "Pass show_progress=True to AiClient; ask_many draws a progress bar.": ("ProgressIndicator",),
        "Caches are made from settings, or passed: AiClient(cache=SQLiteCache(path)).": ("CacheBackendType",),
        TESTING: ("FailureClassificationPlugin", "reset_global_state_for_tests"),
    }.items()
    for name in names
}
"""Names of version 1 that this version does not have, and what to use."""

OLD_MODULES: Mapping[str, str | None] = {
    f"ai_utilities.{module}": advice
    for advice, modules in {
        None: (
            *("error_codes", "file_models", "json_parsing", "metrics", "models", "response_processor"),
            *("token_counter", "usage_tracker", "audio.audio_models", "audio.audio_processor", "audio.audio_utils"),
            *("providers.base", "providers.openai_compatible_provider", "providers.provider_capabilities"),
            *("providers.groq_provider", "providers.ollama_provider", "providers.openai_provider"),
            *("providers.provider_exceptions", "providers.provider_factory", "rate_limit_fetcher"),
        ),
        KNOWLEDGE: (
            *("knowledge", "knowledge.backend", "knowledge.chunking", "knowledge.exceptions", "knowledge.indexer"),
            *("knowledge.models", "knowledge.search", "knowledge.sources"),
        ),
        LIMITS: ("rate_limiter",),
        SETTINGS: ("ai_config_manager",),
        RESOLVER: ("api_key_resolver", "provider_resolution"),
        ENVIRONMENT: ("di", "di.environment", "env_detection", "env_overrides", "env_utils"),
        TELEMETRY: ("context", "context.configuration", "context.metrics"),
        ASK: ("openai_client", "openai_model"),
        MODELS: ("demo",),
        SSL: ("ssl_check",),
        "AiClient(show_progress=True).ask_many(prompts) draws a progress bar.": ("progress_indicator",),
        TESTING: ("_test_reset",),
    }.items()
    for module in modules
}
"""Modules of version 1; with the advice for those that have nothing that exists here."""

PLACES: Mapping[str, tuple[str, str]] = {
    **{name: (module, name) for module, names in HOMES.items() for name in names},
    **RENAMED,
}


def find_old_name(name: str) -> object:
    """Return what a name of version 1 stands for.

    Args:
        name: The name.

    Returns:
        The class, function or object; a module if it is the name of one at the root of the package.

    Raises:
        RemovedNameError: This version does not have it; the message says what to use.
        AttributeError: Version 1 had no such name.
    """
    if name in REMOVED:
        raise RemovedNameError(f"{name} of ai-utilities 1.x does not exist in this version. {REMOVED[name]}")
    if name not in PLACES:
        raise AttributeError(name)
    module, own_name = PLACES[name]
    return getattr(import_module(module), own_name)


def open_old_module(name: str) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` of a module of version 1.

    Args:
        name: Its full name, one of `OLD_MODULES`.

    Returns:
        The two functions.

    Raises:
        RemovedNameError: The module has nothing that exists here; the message says what to use.
    """
    advice = OLD_MODULES[name]
    if advice is not None:
        raise RemovedNameError(f"{name} of ai-utilities 1.x does not exist in this version. {advice}")
    return lazy_package(name, {}, old_names=__name__)


__getattr__, __dir__ = lazy_package(__name__, {}, old_names=__name__)
