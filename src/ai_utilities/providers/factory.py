"""Creates providers by name (the kit's, the engine's, custom ones); classes that are named after one provider."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from dhenara.ai.integration import did_you_mean, find_provider, fold_name, quote_name, read_model_name

from ..config import AUTO, main_provider
from ..config_models import AiSettings
from ..exceptions import ProviderConfigurationError
from .base_provider import BaseProvider
from .engine_provider import EngineProvider
from .facts import known_providers, normalize_name

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
GROUP = "ai_utilities.providers"
"""The entry point group by which packages offer providers: name to a factory or class."""

OWN: dict[str, type[EngineProvider]] = {
    "openai": OpenAIProvider,
    "groq": GroqProvider,
    "ollama": OllamaProvider,
}
_registered: dict[str, ProviderFactory] = {}


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
    _registered[fold_name(name)] = factory


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
    if fold_name(name) in _registered:
        return make_provider(name, _registered[fold_name(name)], settings)
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


def list_providers() -> list[str]:
    """Every name that `create_provider` accepts, except `auto`."""
    return sorted({*known_providers(), *_registered, *(point.name for point in iter_entry_points())})


def is_known(name: str) -> bool:
    """Whether `create_provider` accepts this name, in any spelling, or it is `auto`."""
    names = {fold_name(AUTO), *map(fold_name, list_providers())}
    return fold_name(name) in names or find_provider(normalize_name(name)) is not None


def check_known(name: str) -> None:
    """Raises an error for a provider that does not exist, with the one that is probably meant."""
    if not is_known(name):
        raise ProviderConfigurationError(describe_unknown(name))


def suggestion(name: str) -> str:
    """A question that suggests the provider that is probably meant, with a space before it; empty if there is none."""
    return did_you_mean(name, list_providers())


def check_name(name: object) -> str:
    if not isinstance(name, str) or not name.strip():
        raise ProviderConfigurationError(
            f"a provider is named by a string or is a BaseProvider, not {type(name).__name__}: provider='openai'"
        )
    return name.strip().lower()


def make_provider(name: str, factory: ProviderFactory, settings: AiSettings) -> BaseProvider:
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


def iter_entry_points() -> Iterator[EntryPoint]:
    yield from entry_points(group=GROUP)


def maker_of_model(name: str) -> str | None:
    """The maker of the model with this name; None if the name is none of a known family."""
    try:
        return read_model_name(name).provider
    except ProviderConfigurationError:
        return None


def describe_unknown(name: str) -> str:
    if (maker := maker_of_model(name)) is not None:
        return f"unknown provider {quote_name(name)}: it is a model. Write '{maker}/{name}', or model={name!r}."
    return (
        f"unknown provider {quote_name(name)}.{suggestion(name)} list_providers() lists all names. Use "
        "'openai_compatible' with base_url=... for any server with OpenAI's API, or register_provider(name, factory) "
        "to add a provider."
    )
