"""The client of a command: flags override the environment, which overrides `.env`; the default provider is `auto`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..client import AiClient
from ..config_models import AiSettings, CacheBackendName, StoreName
from ..config_origins import OriginLevel
from ..default_paths import state_path
from ..exceptions import ProviderConfigurationError
from ..providers.factory import is_known, suggestion
from ..usage.tags import tagged
from .exit_codes import print_note


class CommandSettings(AiSettings):
    """Settings of commands: the default provider is `auto`, and data is stored in files, as memory ends with the
    command.
    """

    provider: str = "auto"
    cache_backend: CacheBackendName = "sqlite"
    limit_store: StoreName = "sqlite"
    usage_store: StoreName | None = "sqlite"


class ClusterSettings(CommandSettings):
    """Settings for runs on several machines, which cannot share files."""

    cache_backend: CacheBackendName = "redis"
    limit_store: StoreName = "redis"
    usage_store: StoreName | None = None


def settings_for(
    provider: str | None = None,
    model: str | None = None,
    env_file: Path | None = None,
    kind: type[CommandSettings] = CommandSettings,
    **more: Any,
) -> AiSettings:
    if provider is not None:
        check_provider(provider)
    options: dict[str, Any] = {"provider": provider, "model": model, **more}
    given = {name: value for name, value in options.items() if value is not None}
    if env_file is not None:
        given["_env_file"] = env_file
    settings = kind(**given)
    if settings.usage_tracking and settings.usage_store == "sqlite":
        check_ledger(settings)
    return settings


def check_provider(name: str) -> None:
    """Rejects a misspelt --provider, also in commands that send nothing."""
    if not is_known(name):
        raise ProviderConfigurationError(
            f"--provider: unknown provider {name!r}.{suggestion(name)} `ai-utilities providers` lists all; "
            "use openai_compatible with AI_BASE_URL for any server with OpenAI's API."
        )


def check_ledger(settings: AiSettings) -> None:
    """Turns usage tracking off with a warning if the default ledger folder is not writable."""
    requested = {settings.origin("usage_store").level, settings.origin("usage_path").level} != {OriginLevel.DEFAULT}
    if requested:
        return
    try:
        folder = state_path("usage.sqlite").parent
        if os.access(folder, os.W_OK):
            return
        why = f"{folder} is not writable"
    except OSError as error:
        why = str(error)
    print_note(f"warning: usage is not recorded: {why}. Set AI_USAGE_PATH to another file, or AI_USAGE_TRACKING=0.")
    settings.usage_store = None


@contextmanager
def client_for(
    provider: str | None = None,
    model: str | None = None,
    env_file: Path | None = None,
    tag: Sequence[str] | None = None,
    **more: Any,
) -> Iterator[AiClient]:
    """A client whose calls carry these tags in the ledger."""
    with tagged(**read_tags(tag)), AiClient(settings_for(provider, model, env_file, **more)) as client:
        yield client


def read_tags(given: Sequence[str] | None) -> Mapping[str, str]:
    """Parses the values of `--tag name=value`."""
    pairs = [pair.partition("=") for pair in given or ()]
    for name, _, value in pairs:
        if not name or not value:
            raise ProviderConfigurationError(f"--tag takes name=value, such as project=atlas, not {name or value!r}")
    return {name: value for name, _, value in pairs}
