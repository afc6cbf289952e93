"""Names of ai-utilities 1.x that this version writes in another way: where they are now, and what to use instead.

The old import paths find them here. New programs need nothing of this package; it is loaded when a name is used that
this version does not have. For those of other libraries, the hints below say what to write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from dhenara.ai.errors import RemovedNameError
from dhenara.ai.integration import hints
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
    "list_supported_providers": ("ai_utilities.providers.facts", "list_providers"),
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


CLIENT_HINTS = hints(
    (
        "complete completion completions invoke prompt create messages responses generate_text generate_content beta",
        "ask(prompt)",
    ),
    (
        "ask_structured generate_typed parse ask_object generate_object typed structured with_structured_output",
        "ask_typed(prompt, Person)",
    ),
    ("ask_async generate_async aask acompletion ainvoke run_async", "await AsyncAiClient(...).ask(prompt)"),
    ("usage cost total_cost tokens", "client.usage_tracker.total"),
    ("generate", "ask(prompt), or client.engine.generate(prompt)"),
    (
        "run agent Agent create_agent tool add_tool tools bind_tools",
        "ask(prompt, tools=[...]), or client.engine.run(prompt, tools=[...])",
    ),
    (
        "run_streaming run_stream stream_run",
        "ask_stream(prompt, tools=[...]), or client.engine.run_streaming(prompt, tools=[...])",
    ),
    ("stream generate_stream stream_text text_stream ask_streaming stream_ask", "ask_stream(prompt)"),
    ("astream stream_async", "AsyncAiClient(...).ask_stream(prompt)"),
    ("stream_object", "client.engine.run_streaming(prompt, structured_output=Person)"),
    ("start_conversation new_conversation session new_chat start_chat", "chat()"),
    ("chat_stream stream_chat", "chat().ask_stream(prompt)"),
    ("load_chat", 'Chat.load("chat.json", client)'),
    ("batch abatch", "ask_many(prompts), or submit_batch(prompts)"),
    ("batches create_batch", "submit_batch(prompts)"),
    ("embeddings embedding embed_many embed_query embed_documents get_embedding", "embed(texts)"),
    ("vector_stores vector_store create_vector_store", "client.engine.vector_stores"),
    ("as_tool", "client.engine.as_tool(name, description)"),
    ("draw images create_image", "image(prompt)"),
    ("ask_image ask_with_image", 'ask(prompt, files=["a.png"])'),
    ("audio", "speak(text), or transcribe(audio)"),
    ("speech text_to_speech tts generate_speech", "speak(text)"),
    ("transcription speech_to_text stt", 'transcribe("a.mp3")'),
    ("moderations moderation", "moderate(text)"),
    ("files upload", "upload_file(path), list_files(), download_file(file)"),
    ("estimate_cost price", "ask(prompt).cost; a budget refuses a call before it is sent: AiClient(budget_usd=10)"),
    ("clear_cache", "client.cache.clear()"),
    ("budget limits", "AiClient(budget_usd=10, requests_per_minute=60)"),
    ("model name model_name config", "client.settings.model"),
    ("set_model switch use", 'another client: AiClient("anthropic/claude-sonnet-5"), or chat().switch(name)'),
    ("with_options with_config copy", "another client, or pass options to ask: ask(prompt, timeout=30)"),
    ("with_fallbacks", 'AiClient(..., fallbacks=["anthropic/claude-sonnet-5"])'),
    ("with_retry", "ask(prompt, max_retries=2)"),
    ("models ping test health", "list_models(), ask(prompt), or run `ai-utilities doctor`"),
    ("from_env from_file from_toml", "AiClient(): settings are read from the environment and the .env file"),
)

CHAT_HINTS = hints(
    ("generate send chat say prompt send_message invoke", "ask(prompt)"),
    ("history get_history message_history all_messages", "chat.messages"),
    ("stream send_stream chat_stream generate_stream", "ask_stream(prompt)"),
    ("reset clear new", "client.chat() for an empty one, or undo() for the last turn"),
    ("fork copy clone", "branch()"),
    ("system system_prompt", "chat.instructions"),
    ("add append add_message", "record(prompt, response), or ask(prompt)"),
    ("to_dict dump dumps", "to_json()"),
    ("model", "chat.last.model; switch(name) changes it"),
    ("run", "ask(prompt, tools=[...])"),
    ("total_cost", "chat.cost"),
)

ATTRIBUTE_HINTS: Mapping[str, Mapping[str, str]] = {
    "AiClient": {"aclose": "close(); aclose() belongs to AsyncAiClient", **CLIENT_HINTS},
    "AsyncAiClient": {"close": "await aclose()", **CLIENT_HINTS},
    "ChatBase": CHAT_HINTS,
    "AskResult": hints(
        ("content message output_text answer_text completion output data choices", "result.text; a result is a str"),
        ("to_dict model_dump dict json", "result.response.model_dump()"),
        ("id request_id", "result.response.request_id"),
        (
            "input_tokens output_tokens total_tokens prompt_tokens completion_tokens tokens",
            "result.usage: it has input_tokens, output_tokens and total_tokens",
        ),
        ("latency duration elapsed response_time", "result.duration_s"),
        ("from_cache is_cached", "result.cached"),
        ("messages", "client.chat(), which has all messages"),
        ("raw raw_response", "result.response"),
        ("thinking reasoning_content", "result.reasoning"),
        ("stop_reason", "result.finish_reason"),
        ("total_cost price", "result.cost"),
    ),
    "StreamBase": hints(
        ("text final get_final final_result get_final_message collect read", "stream.result"),
        (
            "usage cost model provider finish_reason tool_calls duration_s",
            "stream.result, after it was read, as in stream.result.usage",
        ),
        ("chunks deltas", "stream.events()"),
    ),
    "UsageTracker": hints(
        ("total_cost cost", "usage_tracker.total.cost"),
        ("total_tokens tokens requests summary stats", "usage_tracker.total"),
        ("clear", "usage_tracker.reset()"),
    ),
    "AiSettings": hints(
        ("load", "AiSettings(): it reads the environment and the .env file"),
    ),
}
"""Attributes and methods that other libraries have, by our class, and what to write."""

CALL = 'AiClient("openai/gpt-5.4-mini")'
IMPORT_HINTS: Mapping[str, str] = hints(
    ("Client AIClient LLM OpenAI Anthropic AIUtilities", "from ai_utilities import AiClient"),
    ("AsyncClient AsyncAIClient AsyncLLM AsyncOpenAI", "from ai_utilities import AsyncAiClient"),
    ("ask completion generate complete chat_completion", f"{CALL}.ask(prompt)"),
    ("ask_async aask acompletion", 'await AsyncAiClient("openai/gpt-5.4-mini").ask(prompt)'),
    ("Agent create_agent", f"{CALL}.ask(prompt, tools=[my_function])"),
    ("tool function_tool Tools BaseTool", "tools=[my_function]: a typed function is a tool"),
    ("Conversation Session ChatSession", f"{CALL}.chat()"),
    ("Settings AISettings Config Configuration load_settings", "from ai_utilities import AiSettings"),
    ("AskResponse Response AiResponse AIResponse", "from ai_utilities import AskResult"),
    ("Cache", "AiClient(cache_enabled=True), or from ai_utilities.cache import MemoryCache, SQLiteCache"),
    ("RateLimit RateLimits", "AiClient(requests_per_minute=60)"),
    ("Batch", f"{CALL}.submit_batch(prompts), or ask_many(prompts)"),
    ("AiError AIError APIError LLMError", "from ai_utilities import AIUtilitiesError"),
    ("errors", "from dhenara.ai.errors import CallError"),
    ("APIConnectionError", "from dhenara.ai.errors import ConnectionFailedError"),
    ("APITimeoutError TimeoutError", "from dhenara.ai.errors import CallTimeoutError"),
    ("Image File Document", 'ask(prompt, files=["a.png", "a.pdf"])'),
    ("Embedding embed embedding", 'AiClient("openai/text-embedding-3-small").embed(texts)'),
    ("get_client", "from ai_utilities import create_client"),
    ("set_api_key", 'AiClient("openai/gpt-5.4-mini", api_key="...")'),
    ("list_models", f"{CALL}.list_models()"),
    ("UserMessage SystemMessage HumanMessage", 'ask(prompt, system="...", context=[...])'),
)
"""Names that other libraries have, and what to import or to write instead."""


__getattr__, __dir__ = lazy_package(__name__, {}, old_names=__name__)
