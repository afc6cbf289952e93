"""OpenAI."""

from __future__ import annotations

from .engine_provider import EngineProvider


class OpenAIProvider(EngineProvider):
    """`OpenAIProvider(settings)` uses openai, whatever provider the settings name."""

    provider_name = "openai"
