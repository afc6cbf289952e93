"""Rules of Cohere v2."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .pairs import pairing_violations

Wire = dict[str, Any]


def violations(body: Wire) -> Iterator[str]:
    messages: list[Wire] = body.get("messages") or []
    if not messages:
        yield "invalid request: messages must not be empty"
    made: list[str] = []
    answered: list[str] = []
    for number, message in enumerate(messages):
        at = f"messages[{number}]"
        if message.get("role") == "tool":
            answered.append(message.get("tool_call_id") or "")
            continue
        yield from pairing_violations(made, answered, over=False)
        made, answered = [call.get("id") or "" for call in message.get("tool_calls") or ()], []
        if message.get("role") not in ("system", "user", "assistant"):
            yield f"{at}: invalid role"
        if not message.get("content") and not message.get("tool_calls"):
            yield f"{at}: must have non-empty content or tool calls"
    yield from pairing_violations(made, answered, over=not answered)
