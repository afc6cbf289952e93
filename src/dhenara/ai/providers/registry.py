"""Provider registry; each built-in provider is imported on first use."""

from __future__ import annotations

from importlib import import_module

from ..errors import ConfigurationError
from .provider import Provider
from .provider_names import (
    KNOWN as KNOWN,
    MEANT as MEANT,
    MODULES,
    add_provider_name,
    did_you_mean as did_you_mean,
    fold_name as fold_name,
    known_names as known_names,
    provider_name,
    remove_provider_name,
    similar_providers as similar_providers,
    unknown_provider,
)

_registered: dict[str, Provider] = {}


def register_provider(provider: Provider) -> None:
    """Register a provider under its name and aliases.

    Register it before an `AIModelAPI` names it: unknown names are refused where they are written.

    Args:
        provider: The provider. It may replace a built-in one.
    """
    _registered[provider.name] = provider
    add_provider_name(provider.name, provider.aliases)


def unregister_provider(name: str) -> None:
    """Undo `register_provider`; a built-in provider of that name is used again."""
    _registered.pop(name, None)
    remove_provider_name(name)


def find_provider(name: str) -> Provider | None:
    """Return the provider with this name or alias, in any spelling; None if there is none."""
    own_name = provider_name(name)
    if own_name is None:
        return None
    if own_name not in _registered:
        module = next((module for module, names in MODULES.items() if own_name in names), None)
        if module is None:
            return None
        _registered.setdefault(own_name, getattr(import_module(f".known.{module}", __package__), own_name.upper()))
    return _registered[own_name]


def load_provider(name: str) -> Provider:
    """Return the provider with this name or alias.

    Args:
        name: The name, such as `"openai"`.

    Raises:
        ConfigurationError: If there is none; the message suggests the one that is probably meant.
    """
    provider = find_provider(name)
    if provider is None:
        raise ConfigurationError(unknown_provider(name))
    return provider
