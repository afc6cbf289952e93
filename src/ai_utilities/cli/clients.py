"""Clients of the command line, what is set for each provider, and the files that commands write."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dhenara.ai import AIModelClient
from dhenara.ai.integration import check_output, shown_address, write_output
from dhenara.ai.types import AIModel, AIModelCallConfig

from ..batch.job import is_same_file
from ..client import AiClient
from ..config import OriginLevel, state_path
from ..config_models import AiSettings, CacheBackendName, StoreName
from ..config_resolver import ConfigurationResolver
from ..exceptions import JsonObject, Options, ProviderConfigurationError
from ..middleware import RequestMiddleware
from ..providers.defaults import is_reachable, server_address
from ..providers.endpoint import connection_options, make_endpoint
from ..providers.facts import EMBEDDED, facts_of, is_known, missing_key, suggestion
from ..usage.data import tagged
from .output import print_note

if TYPE_CHECKING:
    from dhenara.ai.integration import FunctionalType


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
    cache_enabled: bool | None = None,
) -> AiSettings:
    if provider is not None:
        check_provider(provider)
    fields = {"provider": provider, "model": model, "cache_enabled": cache_enabled}
    arguments: Options = {name: value for name, value in fields.items() if value is not None}
    if env_file is not None:
        arguments["_env_file"] = env_file
    settings = kind(**arguments)
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
    kind: type[CommandSettings] = CommandSettings,
    cache_enabled: bool | None = None,
) -> Iterator[AiClient]:
    """A client whose calls carry these tags in the ledger."""
    with tagged(**read_tags(tag)), AiClient(settings_for(provider, model, env_file, kind, cache_enabled)) as client:
        yield client


def read_tags(flags: Sequence[str] | None) -> Mapping[str, str]:
    """Parses the values of `--tag name=value`."""
    pairs = [pair.partition("=") for pair in flags or ()]
    for name, _, value in pairs:
        if not name or not value:
            raise ProviderConfigurationError(f"--tag takes name=value, such as project=atlas, not {name or value!r}")
    return {name: value for name, _, value in pairs}


@contextmanager
def engine_for(
    kind: FunctionalType,
    usual: Mapping[str, str],
    provider: str | None,
    model: str | None,
    env_file: Path | None,
    tag: Sequence[str] | None,
) -> Iterator[AIModelClient]:
    """A client for a model of this kind; `usual` are the default models by provider."""
    settings = settings_for(provider, env_file=env_file)
    named = model or (settings.embedding_model if kind == "embedding" else None)
    resolver = ConfigurationResolver(settings if named is None else settings.model_copy(update={"model": named}))
    resolved = resolver.resolve()
    name = resolved.model.value if named else usual.get(resolved.provider)
    if name is None:
        raise ProviderConfigurationError(
            f"{resolved.provider} has no default model for this. Pass --model, or another --provider "
            f"({', '.join(usual)})"
        )
    if resolved.facts.needs_key and resolved.api_key.value is None and not resolved.facts.fetches_token:
        raise ProviderConfigurationError(missing_key(resolved.facts, resolver.variables()))
    endpoint = make_endpoint(resolved, settings, name)
    typed_endpoint = endpoint.model_copy(update={"ai_model": AIModel(model_name=name, functional_type=kind)})
    config = AIModelCallConfig(timeout=settings.timeout, retries=settings.max_retries, strict=settings.strict)
    middleware = RequestMiddleware()
    middleware.configure(settings)
    layers, attempt_layers = middleware.layers()
    try:
        with (
            tagged(**read_tags(tag)),
            AIModelClient(
                typed_endpoint, config, layers=layers, attempt_layers=attempt_layers, **connection_options(settings)
            ) as client,
        ):
            yield client
    finally:
        middleware.close()


ForceFlag = Annotated[bool, typer.Option("--force", help="Overwrite an existing output file.")]


def check_target(flag: str, target: Path, force: bool, sources: Iterable[Path | None] = ()) -> None:
    """Check that a file may be written.

    Args:
        flag: The flag that names it.
        target: The file.
        force: Whether it may be replaced.
        sources: Files that the command reads, which are never replaced.

    Raises:
        OutputExistsError: If it exists and is not to be replaced.
        ProviderConfigurationError: If it is one of the sources, under any name.
    """
    check_source(flag, target, sources)
    check_output(target, overwrite=force)


def check_source(flag: str, target: Path, sources: Iterable[Path | None]) -> None:
    """Check that a file to write is none of those that are read."""
    if any(source is not None and is_same_file(source, target) for source in sources):
        raise ProviderConfigurationError(f"{flag}: {target} is the file that is read. Choose another output file.")


def write_target(target: Path, text: str, force: bool) -> None:
    """Write a text file that ends with one line end."""
    write_output(target, f"{text.rstrip()}\n".encode(), overwrite=force)


def provider_row(name: str, settings: AiSettings) -> JsonObject:
    """The facts of one provider, for the table and for JSON."""
    facts = facts_of(name)
    variables = ConfigurationResolver(settings).variables()
    variable = next((key for key in facts.key if variables.get(key)), None)
    address = server_address(facts, variables)
    if variable is not None:
        state = f"{variable} is set"
    elif facts.needs_key:
        state = "no key"
    elif facts.name != EMBEDDED and address is None:
        state = f"set {facts.base_url[0]}"
    elif address is None:
        state = "ready"
    else:
        state = "answers" if is_reachable(address) else "not running"
    return {
        "name": facts.name,
        "key_variable": facts.key[0] if facts.key else None,
        "state": state,
        "ready": state in ("ready", "answers") or variable is not None,
        "address": shown_address(address or facts.address or "") or None,
    }
