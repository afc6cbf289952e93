"""Rules of OpenAI Chat Completions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .pairs import pairing_violations

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
LONGEST_ID = 64
Wire = dict[str, Any]


def violations(body: Wire) -> Iterator[str]:
    messages: list[Wire] = body.get("messages") or []
    if not messages:
        yield "messages: there is none"
    made: list[str] = []
    answered: list[str] = []
    for number, message in enumerate(messages):
        role = message.get("role")
        if role not in ROLES:
            yield f"messages[{number}].role: {role!r} is none of {', '.join(ROLES)}"
        if role == "tool":
            answered.append(message.get("tool_call_id") or "")
            continue
        yield from pairing_violations(made, answered, over=False)
        made, answered = [call.get("id") or "" for call in message.get("tool_calls") or ()], []
        yield from item_violations(message, f"messages[{number}]")
    yield from pairing_violations(made, answered, over=not answered)


def item_violations(message: Wire, at: str) -> Iterator[str]:
    content = message.get("content")
    if message["role"] == "assistant":
        if not (content or message.get("tool_calls") or message.get("audio") or message.get("refusal")):
            yield f"{at}: an assistant message has content or tool calls"
        if message.get("tool_calls") == []:
            yield f"{at}.tool_calls: an empty list"
    elif content is None or content == []:
        yield f"{at}.content: there is none"
    for call in message.get("tool_calls") or ():
        if len(call.get("id") or "") > LONGEST_ID:
            yield f"{at}.tool_calls: an id is longer than {LONGEST_ID} characters"
        if call.get("type") == "function" and not isinstance(call["function"].get("arguments"), str):
            yield f"{at}.tool_calls: arguments are a string"
