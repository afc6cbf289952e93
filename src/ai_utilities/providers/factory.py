"""Creates providers by name (the kit's, the engine's, custom ones); classes that are named after one provider."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dhenara.ai.integration import find_provider, fold_name

from ..config import AUTO, main_provider
from ..config_models import AiSettings
from ..exceptions import ProviderConfigurationError
from .base_provider import BaseProvider
from .engine_provider import EngineProvider
from .facts import add_factory, describe_unknown, iter_entry_points, normalize_name, registered_factory

if TYPE_CHECKING:
    from ..middleware import RequestMiddleware


class GroqProvider(EngineProvider):
    """`GroqProvider(settings)` uses groq, whatever provider the settings name."""

    provider_name = "groq"


class OllamaProvider(EngineProvider):
    """`OllamaProvider(settings)` uses ollama, whatever provider the settings name."""

    provider_name = "ollama"


class OpenAIProvider(EngineProvider):
    """`OpenAIProvider(settings)` uses openai, whatever provider the settings name."""

    provider_name = "openai"


ProviderFactory = Callable[[AiSettings], BaseProvider]
OWN: dict[str, type[EngineProvider]] = {
    "openai": OpenAIProvider,
    "groq": GroqProvider,
    "ollama": OllamaProvider,
}


def register_provider(name: str, factory: ProviderFactory) -> None:
    """Registers a custom provider by name.

    Args:
        name: The name, as in `AiClient(provider="mine")`.
        factory: Returns the provider for the settings; a subclass of `BaseProvider` is one.

    Raises:
        ProviderConfigurationError: If the factory cannot be called.
    """
    if not callable(factory):
        raise ProviderConfigurationError(f"the factory of {name!r} must take the settings and return a provider")
    add_factory(name, factory)


def create_provider(
    settings: AiSettings | None = None,
    provider: str | BaseProvider | None = None,
    *,
    middleware: RequestMiddleware | None = None,
) -> BaseProvider:
    """Creates a provider.

    Args:
        settings: The settings; None reads the environment and `.env`.
        provider: A name; None uses the one in the settings. An instance is returned unchanged.
        middleware: The layers of the client that sends through it; None uses none.

    Raises:
        ProviderConfigurationError: If the provider is unknown, or its configuration is incomplete.
    """
    if isinstance(provider, BaseProvider):
        return provider
    settings = settings if settings is not None else AiSettings()
    name = check_name(provider or main_provider(settings).name)
    if (registered := registered_factory(name)) is not None:
        return make_provider(name, registered, settings)
    if name == AUTO:
        return EngineProvider(settings, AUTO, middleware=middleware)
    if find_provider(normalize_name(name)) is None:
        # Looked for last: this reads the metadata of every installed package.
        factory = find_entry_point(name)
        if factory is None:
            raise ProviderConfigurationError(describe_unknown(name))
        return make_provider(name, factory, settings)
    kind = OWN.get(normalize_name(name), EngineProvider)
    return kind(settings, normalize_name(name), middleware=middleware)


def check_name(name: object) -> str:
    if not isinstance(name, str) or not name.strip():
        raise ProviderConfigurationError(
            f"a provider is named by a string or is a BaseProvider, not {type(name).__name__}: provider='openai'"
        )
    return name.strip().lower()


def make_provider(name: str, factory: Callable[..., object], settings: AiSettings) -> BaseProvider:
    provider = factory(settings)
    if not isinstance(provider, BaseProvider):
        raise ProviderConfigurationError(
            f"the factory of {name!r} returned a {type(provider).__name__}; it must return a BaseProvider"
        )
    return provider


def find_entry_point(name: str) -> ProviderFactory | None:
    """The factory for this name from an installed package."""
    point = next((point for point in iter_entry_points() if fold_name(point.name) == fold_name(name)), None)
    return None if point is None else point.load()
