"""The engine's own client for a command, with the kit's accounts, cache and limits around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dhenara.ai import AIModelClient
from dhenara.ai.types import AIModel, AIModelCallConfig

from ..config_resolver import ConfigurationResolver
from ..exceptions import ProviderConfigurationError
from ..providers.endpoint import connection_options, make_endpoint
from ..usage.tags import tagged
from ..ways_out import missing_key
from ..wiring import Wiring
from .clients import read_tags, settings_for

if TYPE_CHECKING:
    from dhenara.ai.types.model import FunctionalType


@contextmanager
def engine_for(
    kind: FunctionalType,
    usual: Mapping[str, str],
    provider: str | None,
    model: str | None,
    env_file: Path | None,
    tag: Sequence[str] | None,
) -> Iterator[AIModelClient]:
    """For a model of this kind; `usual` says which one each provider is asked for when nobody names one."""
    settings = settings_for(provider, env_file=env_file)
    resolver = ConfigurationResolver(settings)
    found = resolver.resolve()
    own = settings.embedding_model if kind == "embedding" else None
    name = model or own or usual.get(found.provider)
    if name is None:
        raise ProviderConfigurationError(
            f"{found.provider} has no usual model for this: name one with --model, or another --provider "
            f"({', '.join(usual)})"
        )
    if found.facts.needs_key and found.api_key.value is None and not found.facts.fetches_proof:
        raise ProviderConfigurationError(missing_key(found.facts, resolver.variables()))
    endpoint = make_endpoint(found, settings, name)
    made = endpoint.model_copy(update={"ai_model": AIModel(model_name=name, functional_type=kind)})
    config = AIModelCallConfig(timeout=settings.timeout, retries=settings.max_retries, strict=settings.strict)
    wiring = Wiring()
    wiring.begin(settings)
    layers, attempt_layers = wiring.layers()
    try:
        with (
            tagged(**read_tags(tag)),
            AIModelClient(
                made, config, layers=layers, attempt_layers=attempt_layers, **connection_options(settings)
            ) as client,
        ):
            yield client
    finally:
        wiring.close()
