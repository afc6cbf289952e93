"""Provider `auto`: the first configured one; API keys first, then local servers, then the embedded model."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dhenara.ai.dataclass import dataclass
from dhenara.ai.types.secret_options import shown_address

from ..exceptions import ProviderConfigurationError
from ..setup_hints import nothing_configured
from .facts import EMBEDDED, ProviderFacts, facts_of, known_providers

if TYPE_CHECKING:
    from ..config_models import AiSettings

AUTO = "auto"
COMPATIBLE = "openai_compatible"
TIMEOUT = 0.3
"""Seconds in which a server on this machine must take a connection."""

log = logging.getLogger("ai_utilities")


@dataclass(frozen=True, slots=True)
class PickedProvider:
    """A provider, and why it was chosen."""

    name: str
    reason: str


def pick_provider(settings: AiSettings, variables: Mapping[str, str]) -> PickedProvider:
    """The first usable provider. Logs the choice, or raises with the options."""
    order = provider_order(settings)
    match = (
        pick_by_base_url(settings)
        or pick_by_key(order, settings, variables)
        or pick_reachable_server(order, variables)
        or pick_embedded(order)
    )
    if match is None:
        raise ProviderConfigurationError(nothing_configured(order))
    log.info("provider auto picked %s: %s", match.name, match.reason)
    return match


def provider_order(settings: AiSettings) -> tuple[str, ...]:
    """The user's order, or all providers: hosted ones, then local ones."""
    if settings.auto_select_order:
        return tuple(facts_of(name).name for name in settings.auto_select_order.split(",") if name.strip())
    return tuple(name for name in known_providers() if name != COMPATIBLE and facts_of(name).chats)


def pick_by_base_url(settings: AiSettings) -> PickedProvider | None:
    """A base URL without a provider is taken for an OpenAI-compatible server."""
    return PickedProvider(COMPATIBLE, "a base URL is set") if settings.base_url else None


def pick_by_key(order: tuple[str, ...], settings: AiSettings, variables: Mapping[str, str]) -> PickedProvider | None:
    for facts in map(facts_of, order):
        variable = next((name for name in facts.key if variables.get(name)), None)
        if variable is not None:
            return PickedProvider(facts.name, f"{variable} is set")
        if facts.name == "openai" and settings.api_key:
            return PickedProvider(facts.name, "an API key is set without a provider")
    return None


def pick_reachable_server(order: tuple[str, ...], variables: Mapping[str, str]) -> PickedProvider | None:
    """The first local server that accepts connections."""
    for facts in map(facts_of, order):
        address = server_address(facts, variables)
        if address is not None and is_reachable(address):
            return PickedProvider(facts.name, f"a server answers at {shown_address(address)}")
    return None


def server_address(facts: ProviderFacts, variables: Mapping[str, str]) -> str | None:
    """The address of a local server; None for hosted providers."""
    if facts.needs_key or not facts.is_local:
        return None
    text = next((variables[name] for name in facts.base_url if variables.get(name)), facts.address)
    return text if text is None or "//" in text else f"http://{text}"


def is_reachable(address: str, connect: Callable[..., socket.socket] = socket.create_connection) -> bool:
    parts = urlsplit(address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        connect((parts.hostname, port), timeout=TIMEOUT).close()
    except OSError:
        return False
    return True


def pick_embedded(order: tuple[str, ...]) -> PickedProvider | None:
    """The embedded model, if its runtime is installed."""
    there = EMBEDDED in order and find_spec("xllamacpp") is not None
    return PickedProvider(EMBEDDED, "nothing else is configured") if there else None
