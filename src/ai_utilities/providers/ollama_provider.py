"""Models on a server of one's own, through Ollama."""

from __future__ import annotations

from .engine_provider import EngineProvider


class OllamaProvider(EngineProvider):
    """`OllamaProvider(settings)` asks ollama, whatever provider the settings name."""

    provider_name = "ollama"
