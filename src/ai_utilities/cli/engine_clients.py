"""The engine's client for a command, with the kit's ledger, cache and limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dhenara.ai import AIModelClient
from dhenara.ai.types import AIModel, AIModelCallConfig

from ..config_resolver import ConfigurationResolver
from ..exceptions import ProviderConfigurationError
from ..middleware_setup import RequestMiddleware
from ..providers.endpoint import connection_options, make_endpoint
from ..setup_hints import missing_key
from ..usage.tags import tagged
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
    """A client for a model of this kind; `usual` are the default models by provider."""
    settings = settings_for(provider, env_file=env_file)
    resolver = ConfigurationResolver(settings)
    resolved = resolver.resolve()
    own = settings.embedding_model if kind == "embedding" else None
    name = model or own or usual.get(resolved.provider)
    if name is None:
        raise ProviderConfigurationError(
            f"{resolved.provider} has no default model for this. Pass --model, or another --provider "
            f"({', '.join(usual)})"
        )
    if resolved.facts.needs_key and resolved.api_key.value is None and not resolved.facts.fetches_proof:
        raise ProviderConfigurationError(missing_key(resolved.facts, resolver.variables()))
    endpoint = make_endpoint(resolved, settings, name)
    made = endpoint.model_copy(update={"ai_model": AIModel(model_name=name, functional_type=kind)})
    config = AIModelCallConfig(timeout=settings.timeout, retries=settings.max_retries, strict=settings.strict)
    middleware = RequestMiddleware()
    middleware.configure(settings)
    layers, attempt_layers = middleware.layers()
    try:
        with (
            tagged(**read_tags(tag)),
            AIModelClient(
                made, config, layers=layers, attempt_layers=attempt_layers, **connection_options(settings)
            ) as client,
        ):
            yield client
    finally:
        middleware.close()
