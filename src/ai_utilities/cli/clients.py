"""The client of a command: flags over the environment over `.env`; with nothing said, whatever can be asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..client import AiClient
from ..config_models import AiSettings
from ..config_origins import Level


def settings_for(provider: str | None = None, model: str | None = None, env_file: Path | None = None) -> AiSettings:
    """Nobody has to name a provider here: then the first that is configured or reachable is taken."""
    said: dict[str, Any] = {"provider": provider, "model": model}
    given = {name: value for name, value in said.items() if value is not None}
    if env_file is not None:
        given["_env_file"] = env_file
    settings = AiSettings(**given)
    if settings.origin("provider").level is Level.DEFAULT:
        settings = settings.model_copy(update={"provider": "auto"})
    return settings


def client_for(provider: str | None = None, model: str | None = None, env_file: Path | None = None) -> AiClient:
    return AiClient(settings_for(provider, model, env_file))
