"""Methods that the client had in version 1. Connections are always kept here, so each is a method of this version."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Self

from ..errors import ConfigurationError, SyncAsyncMismatchError
from ..types.chat.response import AIModelCallResponse

if TYPE_CHECKING:
    from ..client.client import AIModelClient


class AwaitableResponse(AIModelCallResponse):
    """A response that may also be awaited, because version 1 returned a coroutine here in sync code as well."""

    def __await__(self) -> Generator[None, None, Self]:
        yield from ()
        return self


def generate_here(client: AIModelClient) -> Callable[..., Any]:
    """`generate` of a sync client; of an async-only client `generate_async`, whose result is awaited."""
    if client.is_async:
        return client.generate_async

    def generate(*args: Any, **options: Any) -> AIModelCallResponse:
        response = client.generate(*args, **options)
        made = AwaitableResponse.streaming(stream=response.sync_stream_generator)
        return made.model_copy(update={name: getattr(response, name) for name in response.model_fields_set})

    return generate


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
