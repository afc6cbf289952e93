"""Interface of a fake protocol, and the rule that each tool call has one result in the next turn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from ..answer import Answer


class Dialect(Protocol):
    """Writes bodies, streams and errors as the vendor does."""

    stream_type: str

    def wants_stream(self, request: Any) -> bool: ...

    def body(self, answer: Answer, request: Any) -> Any: ...

    def stream(self, answer: Answer, request: Any) -> Sequence[bytes]: ...

    def error(self, status: int, message: str, kind: str | None, code: str | None) -> Any: ...


def pairing_violations(made: Iterable[str], answered: Iterable[str], *, over: bool) -> Iterator[str]:
    """Yield the errors between a turn's calls and the results after it; `over` if nothing follows."""
    calls, results = list(made), list(answered)
    if not all(calls):
        yield "a tool call has no id"
    if len(set(calls)) < len(calls):
        yield "two tool calls have the same id"
    if len(set(results)) < len(results):
        yield "a tool call was answered twice"
    for result in results:
        if result not in calls:
            yield f"the tool result {result!r} has no tool call in the turn before it"
    if not over:
        for call in calls:
            if call not in results:
                yield f"the tool call {call!r} has no result in the turn after it"
