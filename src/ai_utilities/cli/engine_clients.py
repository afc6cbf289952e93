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
    """For a model of this kind; `usual` says which one each provider is asked for when nobody names one."""
    settings = settings_for(provider, env_file=env_file)
    resolver = ConfigurationResolver(settings)
    match = resolver.resolve()
    own = settings.embedding_model if kind == "embedding" else None
    name = model or own or usual.get(match.provider)
    if name is None:
        raise ProviderConfigurationError(
            f"{match.provider} has no usual model for this: name one with --model, or another --provider "
            f"({', '.join(usual)})"
        )
    if match.facts.needs_key and match.api_key.value is None and not match.facts.fetches_proof:
        raise ProviderConfigurationError(missing_key(match.facts, resolver.variables()))
    endpoint = make_endpoint(match, settings, name)
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
