"""Who is asked where the provider cannot answer, as the settings name them."""

from __future__ import annotations

from dhenara.ai.types import AIModelEndpoint

from ..config_models import AiSettings
from ..config_resolver import ConfigurationResolver
from ..exceptions import ProviderConfigurationError
from .endpoint import make_endpoint
from .facts import engine_facts, normalize_name


def make_fallbacks(settings: AiSettings, main: str) -> tuple[AIModelEndpoint, ...]:
    """The endpoints in the order in which they are asked, each of them checked."""
    named = (settings.fallbacks or "").split(",")
    return tuple(make_fallback(one.strip(), settings, main) for one in named if one.strip())


def make_fallback(named: str, settings: AiSettings, main: str) -> AIModelEndpoint:
    """`provider` with the model that it is asked by default, or `provider/model`."""
    provider, _, model = named.partition("/")
    if engine_facts(normalize_name(provider)) is None:
        raise ProviderConfigurationError(
            f"fallbacks, {named!r}: there is no such provider; `ai-utilities providers` lists those there are."
        )
    is_main = normalize_name(provider) == main
    try:
        match = ConfigurationResolver(settings).validate(provider, own_only=not is_main, needs_model=not model)
    except ProviderConfigurationError as error:
        raise ProviderConfigurationError(f"fallbacks, {named!r}: {error}") from error
    chosen = model or match.model.value
    if chosen is None:
        raise ProviderConfigurationError(f"fallbacks, {named!r}: name a model too, as in '{match.provider}/its-model'.")
    # Headers and entries are meant for the provider of the settings; they may hold its secrets.
    own = settings if is_main else settings.model_copy(update={"extra_headers": {}, "provider_config": {}})
    return make_endpoint(match, own, chosen)
