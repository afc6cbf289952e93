"""Groq."""

from __future__ import annotations

from .engine_provider import EngineProvider


class GroqProvider(EngineProvider):
    """`GroqProvider(settings)` uses groq, whatever provider the settings name."""

    provider_name = "groq"
