"""The `Provider` type, and the registry of providers by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import MappingProxyType
from typing import Any

from ..codecs.base import Quirks
from ..errors import ConfigurationError
from ..wire.sse import Frames
from ..wire.text import matches
from .auth import Auth, TokenFinder, bearer
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

NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class FileConfigReader:
    """Config entries that can be read from files of this machine, with their locations for error messages.

    `read` gets the credentials (None if there are none), config and environment; its values have the lowest priority.
    """

    read: Callable[[Mapping[str, Any] | None, Mapping[str, Any], Mapping[str, str]], Mapping[str, Any]]
    where: Mapping[str, str] = field(default_factory=lambda: NO_OPTIONS)


@dataclass(frozen=True, slots=True)
class Route:
    """Protocol and dialect for an operation and matching models; the first match counts.

    Attributes:
        codec: Name of the codec: the protocol, and for other operations a module of it (`openai_rest.embeddings`).
        quirks: Differences of the dialect from the protocol.
        models: Patterns of model names, separated by `|`. Default `"*"`: all.
        base: Replaces the provider's base URL.
        base_url_env: Environment variables of the base URL, for a `base` at another host than the provider's. Other
            hosts of the provider do not replace it.
        operation: The operation. Default `"chat"`.
        prefix: Replaces the provider's path prefix.
        query: Query of every URL, used if the config has all values for its placeholders.
        when: Config entries, and the patterns that their values must match.
        auth: Replaces the provider's authentication.
        frames: Replaces the protocol's framing of streams.
    """

    codec: str
    quirks: Quirks
    models: str = "*"
    base: str | None = None
    base_url_env: tuple[str, ...] = ()
    operation: str = "chat"
    prefix: str | None = None
    query: str | None = None
    when: Mapping[str, str] = field(default_factory=dict)
    auth: Auth | None = None
    frames: Callable[[], Frames] | None = None

    def serves(self, model: str, config: Mapping[str, Any] = NO_OPTIONS) -> bool:
        """Whether the route is for this model with this config.

        Args:
            model: Name of the model.
            config: Entries of the API configuration by name. Default: none.
        """
        if any(not matches(str(config.get(name, "")), pattern) for name, pattern in self.when.items()):
            return False
        return matches(model, self.models)


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider. `base_url`, prefixes and queries may contain config entries such as `{region}`, and `{model}`.

    The key is read from the first variable that is set.
    """

    name: str
    """Name that `AIModelAPI(provider=...)` takes."""

    base_url: str
    """Base URL, to which the path of each request is added."""

    routes: tuple[Route, ...]
    """Routes of chat; the first that serves a model counts."""

    operations: tuple[Route, ...] = ()
    """Routes of the operations other than chat."""

    by_chat: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Operations that use the chat routes, with their codecs."""

    auth: Auth = bearer
    """Method that adds the key to a request."""

    key_env: tuple[str, ...] = ()
    """Environment variables of the API key."""

    base_url_env: tuple[str, ...] = ()
    """Environment variables of the base URL."""

    hosts: tuple[str, ...] = ()
    """Further hosts that the key from the environment may be sent to."""

    prefix: str = ""
    """Path after the base URL, also after a configured one, unless it is already there."""

    derived: Callable[[Mapping[str, Any], bool], Mapping[str, Any]] | None = None
    """Function for derived config entries; its second argument is whether there is a key."""

    named: Callable[[str, Mapping[str, Any]], str] | None = None
    """Function from a vendor's model name to this provider's name."""

    token_source: TokenFinder | None = None
    """Token source, used if there is no API key."""

    scope: str = ""
    """OAuth scope of tokens."""

    credentials_env: Mapping[str, str] = field(default_factory=dict)
    """Credentials other than a key, and their environment variables."""

    config_env: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Config entries and their environment variables."""

    config_in_files: FileConfigReader | None = None
    """Reads config entries from files of this machine."""

    read_address: Callable[[str], str] = str
    """Function that normalises a configured base URL."""

    idempotency_header: str | None = None
    """Header for the idempotency key of all attempts of a call, lower case; None if there is none."""

    keys_url: str | None = None
    """Page on which keys are created, for messages."""

    needs_key: bool = True
    """Whether calls without a key are refused before they are sent."""

    input_modalities: tuple[str, ...] = ()
    """Input modalities of all models; empty if they depend on the model."""

    embedded: bool = False
    """Whether it runs inside of this process."""

    aliases: tuple[str, ...] = ()
    """Other names of the provider."""

    local: bool = False
    """Whether it runs on the user's own machines, without cost."""

    listing: ModelListRoute | None = None
    """Route of the model list, if it is not the default of the protocol."""

    price_list: str | None = None
    """Name of its price table, if it is not the provider's name. Only a provider that resells at the same prices
    shares the table of another.
    """


@dataclass(frozen=True, slots=True, eq=False)
class ModelListRoute:
    """Route of a model list. `base` and `prefix` replace those of calls; `after` is the parameter for the next
    page.
    """

    path: str = "/models"
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    base: str | None = None
    prefix: str | None = None
    after: str = "after"
    by_base_url: Mapping[str, ModelListRoute] = field(default_factory=lambda: NO_OPTIONS)
    """Model lists for routes with their own base URL, by that URL."""


_registered: dict[str, Provider] = {}
PROTOCOL_QUIRKS: Mapping[str, str] = MappingProxyType(
    {
        "openai_chat": "ChatQuirks",
        "openai_responses": "ResponsesQuirks",
        "anthropic": "MessagesQuirks",
        "gemini": "GeminiQuirks",
        "converse": "ConverseQuirks",
        "cohere": "CohereQuirks",
        "ollama": "OllamaQuirks",
    }
)
"""The protocols of chat with the classes of their quirks, by name: a class is loaded with the provider that uses it."""


def register_provider(provider: Provider) -> None:
    """Register a provider under its name and aliases.

    Register it before an `AIModelAPI` names it: unknown names are refused where they are written.

    Args:
        provider: The provider. It may replace a built-in one.

    Raises:
        ConfigurationError: If it has no route, or a route of chat has an unknown protocol or the quirks of another one.
    """
    check_routes(provider)
    _registered[provider.name] = provider
    add_provider_name(provider.name, provider.aliases)


def check_routes(provider: Provider) -> None:
    if not provider.routes and not provider.operations:
        raise ConfigurationError(f"{provider.name}: the provider has no routes. Pass routes=(Route(...),)")
    for route in provider.routes:
        expected = PROTOCOL_QUIRKS.get(route.codec)
        if expected is None:
            known = ", ".join(PROTOCOL_QUIRKS)
            raise ConfigurationError(
                f"{provider.name}: unknown protocol {route.codec!r} in a route. Use one of {known}"
            )
        if expected not in {kind.__name__ for kind in type(route.quirks).__mro__}:
            raise ConfigurationError(
                f"{provider.name}: {type(route.quirks).__name__} is not for the protocol {route.codec}. "
                f"Write Route({route.codec!r}, {expected}(...))"
            )


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
