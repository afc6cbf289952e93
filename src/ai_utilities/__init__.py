"""The kit on top of `dhenara.ai`: a simple client with settings, caching, rate limits, budgets and a usage ledger."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from dhenara.ai import __version__ as __version__
from dhenara.ai.lazy_package import OldModules, lazy_package

if TYPE_CHECKING:
    from .ask_stream import AskStream as AskStream, AsyncAskStream as AsyncAskStream
    from .async_client import AsyncAiClient as AsyncAiClient
    from .chat import AsyncChat as AsyncChat, Chat as Chat
    from .client import AiClient as AiClient, create_client as create_client
    from .config_models import AiSettings as AiSettings
    from .config_resolver import ConfigurationResolver as ConfigurationResolver
    from .exceptions import (
        AIUtilitiesError as AIUtilitiesError,
        JsonParseError as JsonParseError,
        ProviderAPIError as ProviderAPIError,
        ProviderCapabilityError as ProviderCapabilityError,
        ProviderConfigurationError as ProviderConfigurationError,
        ProviderError as ProviderError,
        ProviderRateLimitError as ProviderRateLimitError,
    )
    from .limits.limit import LimitReachedError as LimitReachedError
    from .operations.texts import parse_json_from_text as parse_json_from_text
    from .operations.typed_answers import TypedResult as TypedResult
    from .providers.base_provider import BaseProvider as BaseProvider
    from .providers.factory import (
        GroqProvider as GroqProvider,
        OllamaProvider as OllamaProvider,
        OpenAIProvider as OpenAIProvider,
        create_provider as create_provider,
        register_provider as register_provider,
    )
    from .providers.facts import list_providers as list_providers
    from .providers.tables_refresh import (
        TableChanges as TableChanges,
        refresh_tables as refresh_tables,
        undo_refresh as undo_refresh,
    )
    from .results import AskResult as AskResult
    from .usage.budgets.budget import BudgetExceededError as BudgetExceededError
    from .usage.data import UsageData as UsageData

__getattr__, __dir__ = lazy_package(
    __name__,
    {
        "AskStream": ".ask_stream",
        "AsyncAskStream": ".ask_stream",
        "AsyncAiClient": ".async_client",
        "AsyncChat": ".chat",
        "Chat": ".chat",
        "AiClient": ".client",
        "create_client": ".client",
        "AiSettings": ".config_models",
        "ConfigurationResolver": ".config_resolver",
        "AIUtilitiesError": ".exceptions",
        "JsonParseError": ".exceptions",
        "ProviderAPIError": ".exceptions",
        "ProviderCapabilityError": ".exceptions",
        "ProviderConfigurationError": ".exceptions",
        "ProviderError": ".exceptions",
        "ProviderRateLimitError": ".exceptions",
        "TableChanges": ".providers.tables_refresh",
        "refresh_tables": ".providers.tables_refresh",
        "undo_refresh": ".providers.tables_refresh",
        "parse_json_from_text": ".operations.texts",
        "BaseProvider": ".providers.base_provider",
        "create_provider": ".providers.factory",
        "list_providers": ".providers.facts",
        "register_provider": ".providers.factory",
        "GroqProvider": ".providers.factory",
        "OllamaProvider": ".providers.factory",
        "OpenAIProvider": ".providers.factory",
        "BudgetExceededError": ".usage.budgets.budget",
        "LimitReachedError": ".limits.limit",
        "AskResult": ".results",
        "TypedResult": ".operations.typed_answers",
        "UsageData": ".usage.data",
    },
    old_names="ai_utilities.compat",
    others=(
        *("ai_utilities.usage", "ai_utilities.cache", "ai_utilities.limits", "ai_utilities.batch"),
        *("ai_utilities.files", "ai_utilities.audio", "ai_utilities.telemetry"),
        *("dhenara.ai.telemetry", "dhenara.ai.testing", "dhenara.ai", "dhenara.ai.errors"),
    ),
)

sys.meta_path.append(OldModules(__name__, "ai_utilities.compat"))
