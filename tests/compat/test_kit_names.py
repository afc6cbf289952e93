"""Every import path and name of ai-utilities 1.x works, or its error names what this version has."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import ai_utilities
import ai_utilities.compat as names
from ai_utilities.exceptions import AIUtilitiesError
from dhenara.ai.errors import RemovedNameError

PUBLIC = (
    "AiClient AsyncAiClient AiSettings create_client AskResult UploadedFile JsonParseError parse_json_from_text "
    "AudioProcessor load_audio_file save_audio_file validate_audio_file get_audio_info UsageTracker "
    "ThreadSafeUsageTracker UsageScope UsageStats create_usage_tracker RateLimitInfo TokenCounter BaseProvider "
    "OpenAIProvider OpenAICompatibleProvider create_provider ProviderCapabilities ProviderCapabilityError "
    "ProviderConfigurationError FileTransferError AudioFormat AudioFile TranscriptionRequest TranscriptionResult "
    "AudioGenerationRequest AudioGenerationResult"
)
SOUND = "AudioFormat AudioFile TranscriptionRequest TranscriptionSegment TranscriptionResult AudioGenerationRequest"
WORKS = {
    "ai_utilities": PUBLIC,
    "ai_utilities.client": "AiClient create_client",
    "ai_utilities.async_client": "AsyncAiClient",
    "ai_utilities.config_models": "AiSettings",
    "ai_utilities.models": "AskResult",
    "ai_utilities.file_models": "UploadedFile",
    "ai_utilities.json_parsing": "JsonParseError parse_json_from_text create_repair_prompt",
    "ai_utilities.cache": "CacheBackend NullCache MemoryCache SqliteCache stable_hash normalize_prompt",
    "ai_utilities.usage_tracker": "UsageScope UsageStats ThreadSafeUsageTracker UsageTracker create_usage_tracker",
    "ai_utilities.token_counter": "TokenCounter",
    "ai_utilities.response_processor": "ResponseProcessor",
    "ai_utilities.rate_limit_fetcher": "RateLimitInfo",
    "ai_utilities.error_codes": "AIUtilitiesError ConfigurationError ProviderError JsonParseError",
    "ai_utilities.providers": (
        "BaseProvider OpenAIProvider OpenAICompatibleProvider ProviderCapabilities ProviderCapabilityError "
        "ProviderConfigurationError FileTransferError MissingOptionalDependencyError create_provider"
    ),
    "ai_utilities.providers.base": "SyncProvider AsyncProvider",
    "ai_utilities.providers.base_provider": "BaseProvider",
    "ai_utilities.providers.openai_provider": "OpenAIProvider",
    "ai_utilities.providers.groq_provider": "GroqProvider",
    "ai_utilities.providers.ollama_provider": "OllamaProvider",
    "ai_utilities.providers.openai_compatible_provider": "OpenAICompatibleProvider",
    "ai_utilities.providers.provider_capabilities": "ProviderCapabilities",
    "ai_utilities.providers.provider_exceptions": (
        "ProviderCapabilityError ProviderConfigurationError FileTransferError MissingOptionalDependencyError"
    ),
    "ai_utilities.providers.provider_factory": "create_provider list_supported_providers",
    "ai_utilities.audio": f"{SOUND} AudioGenerationResult AudioProcessor load_audio_file save_audio_file",
    "ai_utilities.audio.audio_models": f"{SOUND} AudioGenerationResult AudioAnalysisResult",
    "ai_utilities.audio.audio_processor": "AudioProcessor",
    "ai_utilities.audio.audio_utils": (
        "validate_audio_file get_audio_format get_file_size load_audio_file analyze_audio_file convert_audio_format "
        "save_audio_file get_audio_info create_audio_file_info"
    ),
    "ai_utilities.metrics": (
        "MetricType MetricValue HistogramBucket MetricsCollector PrometheusExporter OpenTelemetryExporter "
        "JSONExporter MetricsRegistry metrics Timer monitor_requests"
    ),
}
CASES = [(module, name) for module, known in WORKS.items() for name in known.split()]


def test_every_old_name_has_its_old_path() -> None:
    missing = [
        f"{module}.{name}" for module, name in CASES if getattr(importlib.import_module(module), name, None) is None
    ]
    assert missing == []


@pytest.mark.parametrize("name", sorted(names.REMOVED))
def test_a_name_that_is_left_out_says_what_to_use(name: str) -> None:
    with pytest.raises(RemovedNameError, match=rf"{name} of ai-utilities 1\.x does not exist") as caught:
        getattr(ai_utilities, name)
    assert names.REMOVED[name] in str(caught.value)
    assert isinstance(caught.value, ImportError)
    assert isinstance(caught.value, AIUtilitiesError)


@pytest.mark.parametrize("module", sorted(name for name, advice in names.OLD_MODULES.items() if advice))
def test_a_module_that_is_left_out_says_what_to_use(module: str) -> None:
    with pytest.raises(ImportError, match=r"of ai-utilities 1\.x does not exist in this version"):
        importlib.import_module(module)


def test_every_place_exists() -> None:
    for name in names.PLACES:
        assert names.find_old_name(name) is not None, name


def test_names_of_no_version_do_not_exist() -> None:
    with pytest.raises(AttributeError, match="'ai_utilities' has no attribute 'Nothing'"):
        _ = ai_utilities.Nothing  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match=r"'ai_utilities\.file_models' has no attribute 'Nothing'"):
        _ = importlib.import_module("ai_utilities.file_models").Nothing
    with pytest.raises(ImportError, match="No module named"):
        importlib.import_module("ai_utilities.nothing")


def test_programs_without_old_names_do_not_load_them() -> None:
    program = (
        "import sys; from ai_utilities import AiClient, AiSettings, AskResult; "
        "AiClient(AiSettings(provider='openai', api_key='sk-x', model='gpt-5.4-mini')); "
        "print([name for name in sys.modules if name.startswith('ai_utilities.compat')])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
