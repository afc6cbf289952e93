"""Everything this library raises on purpose, for sync and async alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .types.attempt import Attempt
    from .types.response import ChatResponse
    from .types.run import Run
    from .types.timeouts import Limit


class DhenaraError(Exception):
    """Base of all errors of this library."""

    attempts: tuple[Attempt, ...] = ()
    """Every request that was sent before this error was raised."""

    advice = ""
    """What to do next, where the message does not say it."""

    run: Run[Any] | None = None
    """What had happened in the run that this error ended."""


class ProviderError(DhenaraError):
    """A provider could not be asked, or it could not answer."""


class ConfigurationError(ProviderError, ValueError):
    """The call cannot work as it was set up; nothing was sent."""

    advice = "Nothing was sent; correct what the message names and try again."


class SyncAsyncMismatchError(ConfigurationError, RuntimeError):
    """A sync client was used with await, or an async client without."""


class InvalidSchemaError(ConfigurationError):
    """A JSON Schema that was given for an output or a tool is not one, or refers to what is not in it."""


class MCPServerError(ConfigurationError):
    """An MCP server of the user's could not be reached, or does not keep to the protocol."""


class MCPTimeoutError(MCPServerError, TimeoutError):
    """An MCP server took too long; `limit` says for what: "open" or "list"."""

    def __init__(self, message: str, *, limit: str) -> None:
        super().__init__(message)
        self.limit = limit

    def __reduce__(self) -> tuple[Any, ...]:
        return (_revive_timeout, (str(self), self.limit))


class UnsupportedError(ConfigurationError):
    """The provider or model cannot do what was asked, and `strict` was set or there is no way around."""


class FetchError(ProviderError):
    """Content at an address could not, or may not, be fetched; nothing was sent to the provider."""


class RunLimitError(DhenaraError):
    """A run reached one of its limits; `run` is what had happened until then."""

    limit = ""


class ToolFailedError(DhenaraError):
    """A tool raised an error, which is the cause of this one."""


class CallError(ProviderError):
    """A call was made and failed. Knows the provider, the model, and what the provider said."""

    code = "call_failed"
    retriable = False
    fallback_eligible = True
    """Whether another provider or model may well answer the same call."""

    partial: ChatResponse | None = None
    """What had arrived of the answer before this happened, marked interrupted; None when nothing had."""

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
        data = f" [{', '.join(facts)}]" if facts else ""
        text = f"{who}: {self.message}{data}"
        return f"{text.rstrip('.')}. {self.advice}" if self.advice else text

    def __reduce__(self) -> tuple[Any, ...]:
        return (_revive, (type(self), self.message, self.__dict__))


class AuthenticationError(CallError):
    """The provider does not accept the key."""

    code = "authentication"
    advice = "Check the API key and that it belongs to this provider."


class PermissionDeniedError(CallError):
    """The key is valid but may not do this."""

    code = "permission"
    advice = "Check what this key, project or region is allowed to use."


class NotFoundError(CallError):
    """There is no such model, deployment or address."""

    code = "not_found"
    advice = "Check the model name and the base URL."


class BadRequestError(CallError):
    """The provider refused the request as it was made."""

    code = "bad_request"
    fallback_eligible = False
    advice = "The same request will be refused again; change what the provider names."


class ContextLengthError(BadRequestError):
    """The conversation is longer than the model can read."""

    code = "context_length"
    fallback_eligible = True
    advice = "Shorten the conversation or choose a model with a larger context window."


class ContentFilteredError(BadRequestError):
    """The provider's safety system refused the prompt or the answer."""

    code = "content_filtered"
    advice = "Rephrase the prompt; the provider will refuse the same words again."


class RateLimitError(CallError):
    """Too much was asked in too short a time; `retry_after` says how long to wait, when known."""

    code = "rate_limit"
    retriable = True
    advice = "Slow down, or raise `retries`."


class QuotaError(RateLimitError):
    """The account's quota or credit is used up; trying again does not help."""

    code = "quota"
    retriable = False
    advice = "Check the account's billing and limits."


class CallTimeoutError(CallError, TimeoutError):
    """A time limit passed; `limit` says which of the four: connect, first_token, idle or total."""

    code = "timeout"
    retriable = True

    def __init__(self, message: str, *, limit: Limit, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.limit: Limit = limit


class ConnectionFailedError(CallError, ConnectionError):
    """The provider could not be reached, or the connection broke before it answered."""

    code = "connection"
    retriable = True
    advice = "Check the address, the network and any proxy."


class CertificateError(ConnectionFailedError):
    """TLS failed over a certificate: the server's is not trusted, or it wants one of the client. Not retried."""

    code = "certificate"
    retriable = False
    advice = (
        "Check the address. For a certificate authority of your own pass verify='ca.pem' to the client or set "
        "SSL_CERT_FILE; where the server wants a certificate of the client, pass cert='client.pem'."
    )


class ProxyError(ConnectionFailedError):
    """The proxy does not let the request through. Retried only where the proxy itself failed (5xx)."""

    code = "proxy"
    retriable = False
    advice = (
        "Check HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, with the name and password in it, or list the host in NO_PROXY "
        "to reach it directly."
    )


class ServerError(CallError):
    """The provider failed, or is overloaded."""

    code = "server"
    retriable = True
    advice = "This is the provider's fault; try again later."


class BrokenStreamError(CallError):
    """The answer broke off before its end."""

    code = "broken_stream"
    advice = "What had arrived is kept; ask again for the rest."


class BadAnswerError(CallError):
    """The provider answered with something that is not its protocol."""

    code = "bad_answer"
    advice = "Check that the base URL is that of an API, and which protocol it speaks."


class ResponseTooLargeError(BadAnswerError):
    """The server sent more than `ResponseLimits` allows; `limit` is the field that says how much."""

    code = "response_too_large"

    def __init__(self, message: str, *, limit: str = "body_bytes", **facts: Any) -> None:
        super().__init__(message, **facts)
        self.limit = limit
        self.advice = f"If an answer may be this large, raise ResponseLimits({limit}=...)."


class OutputError(CallError):
    """The model answered, but not with the object that was asked for. `response` is its answer."""

    code = "output"
    fallback_eligible = False
    advice = "The answer is in `response` of this error; ask again, or ask a model that follows shapes more closely."
    response: ChatResponse | None = None


class RefusedError(OutputError):
    """The model declined, or its provider would not let it speak."""

    code = "refused"
    advice = "Say it otherwise, or ask another model; the words of the refusal are in `response` of this error."


class TruncatedError(OutputError):
    """The answer ended before the object was complete."""

    code = "truncated"
    advice = "Raise max_output_tokens, or ask for less at once."


class InvalidOutputError(OutputError):
    """The answer is no JSON, or not of the shape that was asked for."""

    code = "invalid_output"


def _revive_timeout(message: str, limit: str) -> MCPTimeoutError:
    return MCPTimeoutError(message, limit=limit)


def _revive(kind: type[CallError], message: str, facts: dict[str, Any]) -> CallError:
    """Errors with keyword arguments do not pickle by themselves."""
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    error.__dict__.update(facts)
    return error
