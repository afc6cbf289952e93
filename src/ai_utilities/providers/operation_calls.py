"""Calls of the engine's operations other than chat, ready to be sent."""

from __future__ import annotations

from functools import partial
from typing import Any

from dhenara.ai import AIModelClient

from ..execution import AnyAsyncCall, AnyCall, PreparedAsyncCall, PreparedCall, unchanged
from ..images import image_reader, image_sender
from ..value_types import Arguments, Options


def prepare_operation(client: AIModelClient, operation: str, arguments: Arguments, options: Options) -> AnyCall[Any]:
    """Return the call of an operation; that of `image` becomes `FetchedImages`, which may have to be downloaded.

    Args:
        client: The client of the model.
        operation: The name of the method.
        arguments: Its positional arguments.
        options: Its options.
    """
    if operation == "image":
        return PreparedCall(image_sender(client, arguments, options), image_reader(client, options))
    return PreparedCall(partial(getattr(client, operation), *arguments, **options), unchanged)


def prepare_operation_async(
    client: AIModelClient, operation: str, arguments: Arguments, options: Options
) -> AnyAsyncCall[Any]:
    """Return the call of an operation for async code."""
    if operation == "image":
        send = image_sender(client, arguments, options, is_async=True)
        return PreparedAsyncCall(send, image_reader(client, options))
    return PreparedAsyncCall(partial(getattr(client, f"{operation}_async"), *arguments, **options), unchanged)
