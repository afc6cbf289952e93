"""Everything the kit raises: the engine's own classes under the kit's names, and the few that are the kit's alone.

    AIUtilitiesError                      DhenaraError
    └── ProviderError                     ProviderError
        ├── ProviderConfigurationError    ConfigurationError
        └── ProviderAPIError              CallError
            └── ProviderRateLimitError    RateLimitError

Both names of a line are one class, so whoever catches either catches the same errors, with nothing wrapped around.
"""

from __future__ import annotations

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
    "SyncAsyncMismatchError",
    "UnsupportedError",
]
