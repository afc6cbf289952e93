"""Calls that are ready to be sent. Clients send them from their own methods, so that tracebacks stay short."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .exceptions import JsonParseError, ProviderConfigurationError

if TYPE_CHECKING:
    from .results import AskResult
    from .value_types import Options

A = TypeVar("A")
R = TypeVar("R")
T = TypeVar("T")
Around = Callable[[], AbstractContextManager[object]]
"""Context in which a call is sent: its tags and cache policy."""


@dataclass(slots=True, eq=False)
class PreparedCall(Generic[A, R]):
    """A call with all its arguments.

    Attributes:
        send: Sends the call and returns the answer of the provider.
        read: Returns the result that the answer becomes.
        context: The context in which the call is sent.
    """

    send: Callable[[], A]
    read: Callable[[A], R]
    context: Around = nullcontext


@dataclass(slots=True, eq=False)
class PreparedAsyncCall(Generic[A, R]):
    """A call with all its arguments, for async code; the attributes are those of `PreparedCall`."""

    send: Callable[[], Awaitable[A]]
    read: Callable[[A], R]
    context: Around = nullcontext


AnyCall = PreparedCall[Any, R]
"""A call whose answer is of any type."""

AnyAsyncCall = PreparedAsyncCall[Any, R]
"""A call for async code whose answer is of any type."""


def unchanged(answer: A) -> A:
    """Return the answer: `read` of a call whose answer is its result."""
    return answer


class ValidatedAsk(Generic[T]):
    """A request for JSON: an answer that is not valid is sent back to the model with the error.

    Send `request` with `options()` and pass the answer to `check` until it is `done`; then `value` is what was read.

    Args:
        prompt: The first request.
        options: Options of every request.
        read: Parses an answer; raises `JsonParseError` if it is not valid.
        repair: Returns the next request for the first one, the invalid answer and the error.
        max_repairs: How often an invalid answer is sent back, 0 or more.

    Raises:
        ProviderConfigurationError: If `max_repairs` is negative.
    """

    value: T

    def __init__(
        self,
        prompt: str,
        options: Options,
        read: Callable[[AskResult], T],
        repair: Callable[[str, str, str], str],
        max_repairs: int,
    ) -> None:
        if max_repairs < 0:
            raise ProviderConfigurationError(f"max_repairs must be 0 or more, not {max_repairs}.")
        self._prompt = self.request = prompt
        self._options = options
        self._read = read
        self._repair = repair
        self._left = max_repairs
        self.done = False

    def options(self) -> Options:
        """The options of the next request, which it may change."""
        return dict(self._options)

    def check(self, answer: AskResult) -> None:
        """Parse an answer, or prepare the request that repairs it.

        Args:
            answer: The answer to the last request.

        Raises:
            JsonParseError: If it is not valid, and no repair is left or would help.
        """
        try:
            self.value = self._read(answer)
        except JsonParseError as error:
            if not self._left or answer.refusal is not None or answer.finish_reason == "length":
                raise  # a repeated request would end in the same way
            self._left -= 1
            self.request = self._repair(self._prompt, answer.text, str(error))
        else:
            self.done = True
