"""Exceptions of the kit, and names for values that have no narrower type."""

from __future__ import annotations

from typing import Any

from dhenara.ai.errors import (
    AuthenticationError as AuthenticationError,
    BadAnswerError as BadAnswerError,
    BadRequestError as BadRequestError,
    BrokenStreamError as BrokenStreamError,
    CallError as ProviderAPIError,
    CallTimeoutError as CallTimeoutError,
    ConfigurationError as ProviderConfigurationError,
    ConnectionFailedError as ConnectionFailedError,
    ContentFilteredError as ContentFilteredError,
    ContextLengthError as ContextLengthError,
    DhenaraError as AIUtilitiesError,
    NotFoundError as NotFoundError,
    PermissionDeniedError as PermissionDeniedError,
    ProviderError as ProviderError,
    QuotaError as QuotaError,
    RateLimitError as ProviderRateLimitError,
    ServerError as ServerError,
    SyncAsyncMismatchError as SyncAsyncMismatchError,
    UnsupportedError as UnsupportedError,
)

AiUtilitiesError = AIUtilitiesError


class ProviderCapabilityError(UnsupportedError, NotImplementedError):
    """The provider does not support the requested operation."""


class JsonParseError(AIUtilitiesError, ValueError):
    """The answer is not valid JSON or does not match the schema.

    Args:
        message: What is wrong.
        text: The answer.
        original_error: The error of the parser or the validation.
    """

    advice = "Ask again, allow more `max_repairs`, or choose a model that follows formats more closely."

    def __init__(self, message: str, text: str = "", original_error: Exception | None = None) -> None:
        super().__init__(message)
        self.text = text
        self.original_error = original_error

    def __reduce__(self) -> tuple[object, ...]:
        # The cause may not be picklable; its text is in the message.
        return (type(self), (str(self), self.text))


class CancelledItemError(AIUtilitiesError):
    """The prompt was not sent, because another one failed and `fail_fast` was set."""

    advice = "Send it again after fixing the first failure."


class StoreError(AIUtilitiesError, OSError):
    """A cache, ledger, budget or limit store cannot be used: its file or server does not answer."""


class StoreTimeoutError(StoreError, TimeoutError):
    """A store was not free in time: its file is locked, or its server is slow."""


class StoreDamagedError(StoreError):
    """The contents of a store cannot be read. It is not replaced by an empty one; repair it first."""


class StoreRecoveredError(StoreError):
    """A damaged store was replaced by what could be read of it. The same operation works now."""


class StoreLostError(StoreError):
    """A store that was in use is gone or was replaced: its file was deleted, or its server lost its data."""


class StoreVersionError(StoreError):
    """A store was written by a newer version of this library."""

    @classmethod
    def between(cls, subject: str, version: object, known: int, alternative: str) -> StoreVersionError:
        """The error for a layout that this version of the library does not support.

        Args:
            subject: What has the layout, in the plural.
            version: The version of the layout.
            known: The latest version that this library supports.
            alternative: What to use instead, such as `file` or `prefix`.
        """
        return cls(
            f"{subject} have version {version}, and this version of dhenara supports {known}. Upgrade dhenara, or use "
            f"another {alternative}."
        )


class StoreFullError(StoreError):
    """The Redis server has reached its `maxmemory` and takes no writes."""


class StoreEvictsError(StoreError):
    """The Redis server may evict what must not be lost."""


__all__ = [
    "AIUtilitiesError",
    "AiUtilitiesError",
    "AuthenticationError",
    "BadAnswerError",
    "BadRequestError",
    "BrokenStreamError",
    "CallTimeoutError",
    "CancelledItemError",
    "ConnectionFailedError",
    "ContentFilteredError",
    "ContextLengthError",
    "JsonParseError",
    "NotFoundError",
    "PermissionDeniedError",
    "ProviderAPIError",
    "ProviderCapabilityError",
    "ProviderConfigurationError",
    "ProviderError",
    "ProviderRateLimitError",
    "QuotaError",
    "ServerError",
    "StoreDamagedError",
    "StoreError",
    "StoreEvictsError",
    "StoreFullError",
    "StoreLostError",
    "StoreRecoveredError",
    "StoreTimeoutError",
    "StoreVersionError",
    "SyncAsyncMismatchError",
    "UnsupportedError",
]


Json = Any
"""A JSON value."""

JsonObject = dict[str, Any]
"""A JSON object."""

Options = dict[str, Any]
"""Keyword options on their way to the engine, which checks names and values."""

Arguments = tuple[object, ...]
"""Positional arguments on their way to a method of the engine's client."""

OperationResult = Any
"""What a method of the engine's client returns: the response of the operation, or an iterator."""


def read_tag_pairs(value: object) -> object:
    """Parses `AI_TAGS`: pairs of name and value, separated by commas."""
    if not isinstance(value, str):
        return value
    pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
    if not all(name.strip() and equals for name, equals, _ in pairs):
        raise ValueError("write tags as name=value, separated by commas")
    return {name.strip(): text.strip() for name, _, text in pairs}
