"""Fallback endpoints from the settings."""

from __future__ import annotations

from dhenara.ai.types import AIModelEndpoint

from ..config_models import AiSettings
from ..config_resolver import ConfigurationResolver
from ..exceptions import ProviderConfigurationError
from .endpoint import make_endpoint
from .facts import engine_facts, normalize_name


def make_fallbacks(settings: AiSettings, main: str) -> tuple[AIModelEndpoint, ...]:
    """The validated endpoints, in order."""
    named = (settings.fallbacks or "").split(",")
    return tuple(make_fallback(one.strip(), settings, main) for one in named if one.strip())


def make_fallback(named: str, settings: AiSettings, main: str) -> AIModelEndpoint:
    """`provider` with its default model, or `provider/model`."""
    provider, _, model = named.partition("/")
    if engine_facts(normalize_name(provider)) is None:
        raise ProviderConfigurationError(f"fallbacks: unknown provider {named!r}. `ai-utilities providers` lists all.")
    is_main = normalize_name(provider) == main
    try:
        match = ConfigurationResolver(settings).validate(provider, own_only=not is_main, needs_model=not model)
    except ProviderConfigurationError as error:
        raise ProviderConfigurationError(f"fallbacks, {named!r}: {error}") from error
    chosen = model or match.model.value
    if chosen is None:
        raise ProviderConfigurationError(f"fallbacks, {named!r}: name a model too, as in '{match.provider}/its-model'.")
    # Headers and entries belong to the main provider and may contain its secrets.
    own = settings if is_main else settings.model_copy(update={"extra_headers": {}, "provider_config": {}})
    return make_endpoint(match, own, chosen)
