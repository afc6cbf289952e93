"""Providers: those of the engine, by name, and custom ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dhenara.ai.lazy_package import lazy_package

if TYPE_CHECKING:
    from ..exceptions import (
        ProviderAPIError as ProviderAPIError,
        ProviderCapabilityError as ProviderCapabilityError,
        ProviderConfigurationError as ProviderConfigurationError,
        ProviderError as ProviderError,
        ProviderRateLimitError as ProviderRateLimitError,
    )
    from .base_provider import (
        BaseProvider as BaseProvider,
        ProviderConformance as ProviderConformance,
        check_provider as check_provider,
    )
    from .engine_provider import EngineProvider as EngineProvider
    from .factory import (
        GroqProvider as GroqProvider,
        OllamaProvider as OllamaProvider,
        OpenAIProvider as OpenAIProvider,
        create_provider as create_provider,
        register_provider as register_provider,
    )
    from .facts import list_providers as list_providers

__getattr__, __dir__ = lazy_package(
    __name__,
    {
        "ProviderAPIError": "..exceptions",
        "ProviderCapabilityError": "..exceptions",
        "ProviderConfigurationError": "..exceptions",
        "ProviderError": "..exceptions",
        "ProviderRateLimitError": "..exceptions",
        "BaseProvider": ".base_provider",
        "ProviderConformance": ".base_provider",
        "check_provider": ".base_provider",
        "EngineProvider": ".engine_provider",
        "create_provider": ".factory",
        "list_providers": ".facts",
        "register_provider": ".factory",
        "GroqProvider": ".factory",
        "OllamaProvider": ".factory",
        "OpenAIProvider": ".factory",
    },
    old_names="ai_utilities.compat",
)
