"""Methods that the client had in version 1. Connections are always kept here, so each is a method of this version."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError, SyncAsyncMismatchError

if TYPE_CHECKING:
    from ..client.client import AIModelClient


def generate_here(client: AIModelClient) -> Callable[..., Any]:
    """`generate` of a sync client; of an async-only client `generate_async`, whose result is awaited."""
    return client.generate_async if client.is_async else client.generate


def cleanup_sync(client: AIModelClient) -> Callable[[], None]:
    if client.is_async:
        raise SyncAsyncMismatchError("cleanup_sync called for an async client. Use await client.aclose().")
    return client.close


def cleanup_async(client: AIModelClient) -> Callable[[], Any]:
    if client.is_async is False:
        raise SyncAsyncMismatchError("cleanup_async called for a sync client. Use client.close().")
    return client.aclose


METHODS: dict[str, Callable[[AIModelClient], Any]] = {
    "cleanup_async": cleanup_async,
    "cleanup_sync": cleanup_sync,
    "generate_with_existing_connection": generate_here,
    "generate_with_existing_connection_async": lambda client: client.generate_async,
    "generate_with_existing_connection_sync": lambda client: client.generate,
}


def old_method(client: AIModelClient, name: str) -> Any:
    """Return a method that clients had in version 1.

    Raises:
        AttributeError: Clients had no such method.
    """
    if name not in METHODS:
        raise AttributeError(f"{type(client).__name__!r} object has no attribute {name!r}")
    return METHODS[name](client)


class AIModelClientFactory:
    """Makes nothing here: `AIModelClient` chooses the provider by itself."""

    @classmethod
    def create_provider_client(cls, *_: Any, **__: Any) -> Any:
        """Raise an error that names what to use.

        Raises:
            ConfigurationError: Always.
        """
        raise ConfigurationError(
            "AIModelClientFactory.create_provider_client does not exist in this version. Use AIModelClient(endpoint)"
        )
