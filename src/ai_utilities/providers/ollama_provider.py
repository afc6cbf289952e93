"""Models on a local Ollama server."""

from __future__ import annotations

from .engine_provider import EngineProvider


class OllamaProvider(EngineProvider):
    """`OllamaProvider(settings)` uses ollama, whatever provider the settings name."""

    provider_name = "ollama"
