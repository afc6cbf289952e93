"""Rule shared by all vendors: each call has one result, in the turn after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


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
