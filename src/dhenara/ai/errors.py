"""Every exception that this library raises on purpose; the same classes are used by sync and async calls."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .types import Attempt, ChatResponse, DeploymentReport, Run
    from .types.config.call_policies import Limit


class DhenaraError(Exception):
    """Base class of every exception raised by this library."""

    attempts: tuple[Attempt, ...] = ()
    """Every request that was sent before this error was raised."""

    advice: str = ""
    """How to fix it; appended to the message."""

    run: Run[Any] | None = None
    """State of the run (messages, tool calls, usage) when this error ended it; None outside a run."""


class ProviderError(DhenaraError):
    """The request could not be sent to the provider, or the provider did not answer it successfully."""


class ConfigurationError(ProviderError, ValueError):
    """A setting, argument or input is invalid; raised before any request is sent."""

    advice = "Nothing was sent; fix the argument that the message names."


class RemovedNameError(ConfigurationError, ImportError):
    """A name of version 1 does not exist in this version; the message says what is used instead."""

    advice = ""


class SyncAsyncMismatchError(ConfigurationError, RuntimeError, TypeError):
    """A sync method or a `for` was used where an async method or an `async for` is needed, or the other way round."""


class OutputExistsError(ConfigurationError, FileExistsError):
    """A file that should be written exists, and `overwrite` is not set."""


class InvalidSchemaError(ConfigurationError):
    """A JSON Schema given for structured output or a tool is invalid or contains an unresolvable `$ref`."""


class MCPServerError(ConfigurationError):
    """An MCP server could not be reached or violated the protocol."""


class MCPTimeoutError(MCPServerError, TimeoutError):
    """An MCP server did not respond in time; `limit` is the step: `"open"` (connecting), `"list"` or `"call"`."""

    def __init__(self, message: str, *, limit: str) -> None:
        super().__init__(message)
        self.limit = limit

    def __reduce__(self) -> tuple[Any, ...]:
        return (partial(MCPTimeoutError, limit=self.limit), (str(self),))


class UnsupportedError(ConfigurationError):
    """The provider or model does not support a requested feature, and it cannot be dropped."""


class FetchError(ProviderError):
    """Content at a URL could not be fetched, or fetching it is not allowed; the provider request was not sent."""


class RunLimitError(DhenaraError):
    """A run reached one of its `RunLimits`; the state of the run is in `run`."""

    limit = ""
    """Name of the limit."""


class SavedRunError(ConfigurationError):
    """A saved run cannot be resumed: it is damaged or of a newer version, or something that it needs is missing."""


class RunInUseError(SavedRunError):
    """Another process or thread is running the run with this id. Once that has ended, the same call returns its end."""


class ToolFailedError(DhenaraError):
    """A tool function raised an exception; the original exception is in `__cause__`."""


class CallError(ProviderError):
    """A request was sent and failed.

    Attributes:
        message: What failed, without provider, model and advice.
        provider: Name of the provider.
        model: Name of the model.
        status: HTTP status code, or None if there was no response.
        request_id: The provider's id of the request.
        provider_code: Error code from the provider's response body.
        provider_type: Error type from the provider's response body.
        retry_after: Seconds to wait before the next request, if the provider sent them.
        body: The provider's response body, parsed if it was JSON.
        code: Stable name of the kind of error.
        retriable: Whether the engine retries this error.
    """

    code = "call_failed"
    retriable = False
    fallback_eligible = True
    """Whether `fallbacks` are tried after this error."""

    partial: ChatResponse | None = None
    """The part of the response received before the error, marked interrupted; None if nothing was received."""

    def __init__(
        self,
        message: str,
        *,
        provider: str | None = None,
        model: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        provider_code: str | None = None,
        provider_type: str | None = None,
        retry_after: float | None = None,
        body: Any = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.provider = provider
        self.model = model
        self.status = status
        self.request_id = request_id
        self.provider_code = provider_code
        self.provider_type = provider_type
        self.retry_after = retry_after
        self.body = body

    def __str__(self) -> str:
        who = " ".join(filter(None, (self.provider, self.model and f"({self.model})"))) or "the provider"
        facts = [f"HTTP {self.status}"] if self.status else []
        facts += [self.provider_code] if self.provider_code else []
        facts += [f"request {self.request_id}"] if self.request_id else []
        facts += [f"retry after {self.retry_after:g} s"] if self.retry_after else []
        text = f"{who}: {self.message}" + (f" [{', '.join(facts)}]" if facts else "")
        return f"{text.rstrip('.')}. {self.advice}" if self.advice else text

    def __reduce__(self) -> tuple[Any, ...]:
        return (_revive, (type(self), self.message, self.__dict__))


class AuthenticationError(CallError):
    """The provider rejected the API key (usually HTTP 401)."""

    code = "authentication"
    advice = "Check the API key and that it belongs to this provider."


class PermissionDeniedError(CallError):
    """The API key is valid but lacks permission for this operation (usually HTTP 403)."""

    code = "permission"
    advice = "Check what this key, project or region is allowed to use."


class NotFoundError(CallError):
    """The model, deployment or URL does not exist (usually HTTP 404)."""

    code = "not_found"
    advice = "Check the model name and the base URL."


class BadRequestError(CallError):
    """The provider rejected the request as invalid (usually HTTP 400)."""

    code = "bad_request"
    fallback_eligible = False
    advice = "Do not retry it unchanged; fix the parameter that the provider names."


class ContextLengthError(BadRequestError):
    """The prompt is longer than the model's context window."""

    code = "context_length"
    fallback_eligible = True
    advice = "Shorten the conversation or choose a model with a larger context window."


class ContentFilteredError(BadRequestError):
    """The provider's safety filter blocked the prompt or the response."""

    code = "content_filtered"
    advice = "Rephrase the prompt; the same text will be blocked again."


class ContainerExpiredError(BadRequestError):
    """The container in which the provider ran code has expired or was deleted, with its files."""

    code = "container_expired"
    advice = """Begin a new one with CodeExecution(container="new"), and upload files again that the code needs."""


class RateLimitError(CallError):
    """A rate limit was exceeded; `retry_after` is the number of seconds to wait, or None if unknown."""

    code = "rate_limit"
    retriable = True
    advice = "Send fewer requests, or raise `retries`."


class QuotaError(RateLimitError):
    """The account has no quota or credit left; not retried."""

    code = "quota"
    retriable = False
    advice = "Check billing and limits of the account."


class CallTimeoutError(CallError, TimeoutError):
    """A timeout expired.

    Attributes:
        limit: Which one: `"connect"`, `"first_token"`, `"idle"` or `"total"`.
    """

    code = "timeout"
    retriable = True

    def __init__(self, message: str, *, limit: Limit, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.limit: Limit = limit


class ConnectionFailedError(CallError, ConnectionError):
    """The connection to the provider failed, or it closed before a response arrived."""

    code = "connection"
    retriable = True
    advice = "Check the address, the network and any proxy."


class CertificateError(ConnectionFailedError):
    """The TLS handshake failed: a certificate is not trusted, or the server requires one of the client; not retried."""

    code = "certificate"
    retriable = False
    advice = """Check the URL. For a private certificate authority pass verify='ca.pem' to the client or set \
SSL_CERT_FILE; if the server requires a client certificate, pass cert='client.pem'."""


class ProxyError(ConnectionFailedError):
    """The proxy refused or failed the request; retried only after a 5xx status of the proxy."""

    code = "proxy"
    retriable = False
    advice = """Check HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, with the name and password in it, or list the host in \
NO_PROXY to reach it directly."""


class ServerError(CallError):
    """The provider failed or is overloaded (HTTP 5xx)."""

    code = "server"
    retriable = True
    advice = "The provider failed; try again later."


class BrokenStreamError(CallError):
    """A streamed response ended before its end marker."""

    code = "broken_stream"
    advice = "The text received so far is in `partial` of this error; send the request again for the rest."


class BadAnswerError(CallError):
    """The response does not follow the provider's protocol, for example HTML instead of JSON."""

    code = "bad_answer"
    advice = "Check that the base URL belongs to an API and that the provider setting matches its protocol."


class ResponseTooLargeError(BadAnswerError):
    """The response is larger than `ResponseLimits` allows.

    Attributes:
        limit: The `ResponseLimits` field that was exceeded.
    """

    code = "response_too_large"

    def __init__(self, message: str, *, limit: str = "body_bytes", **facts: Any) -> None:
        super().__init__(message, **facts)
        self.limit = limit
        self.advice = f"To accept responses of this size, raise ResponseLimits({limit}=...)."


class OutputError(CallError):
    """The response does not contain the requested structured output."""

    code = "output"
    fallback_eligible = False
    advice = "The full response is in `response` of the error; try again, or use a model with native structured output."
    response: ChatResponse | None = None
    """The full response of the model."""


class RefusedError(OutputError):
    """The model refused, or the provider blocked the response."""

    code = "refused"
    advice = "Rephrase the prompt or use another model; the refusal text is in `response` of this error."


class TruncatedError(OutputError):
    """The response reached its token limit before the structured output was complete."""

    code = "truncated"
    advice = "Raise max_output_tokens, or request a smaller object."


class InvalidOutputError(OutputError):
    """The response is not valid JSON or does not match the requested schema."""

    code = "invalid_output"


class NoDeploymentError(CallError):
    """No deployment of a route can take the call: each rests after a failure, or cannot do what the call needs."""

    code = "no_deployment"
    fallback_eligible = False
    advice = "Try again later, allow a longer `timeout`, or add a deployment."
    deployments: tuple[DeploymentReport, ...] = ()
    """For each deployment why it was passed over."""


def _revive(kind: type[CallError], message: str, facts: dict[str, Any]) -> CallError:
    """Rebuild a `CallError` from a pickle, which cannot pass keyword arguments by itself."""
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    error.__dict__.update(facts)
    return error
