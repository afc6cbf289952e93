"""Rules of OpenAI Responses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

LONGEST_ID = 64
CALLS = {"function_call": "function_call_output", "custom_tool_call": "custom_tool_call_output"}
Wire = dict[str, Any]


def violations(body: Wire) -> Iterator[str]:
    items: list[Wire] | str = body.get("input") or []
    if not items:
        yield "input: there is none"
    if isinstance(items, str):
        return
    made = [item for item in items if item.get("type") in CALLS]
    answers = [item.get("call_id") or "" for item in items if item.get("type") in CALLS.values()]
    waiting = trailing_calls(items)
    for call in made:
        call_id = call.get("call_id") or ""
        if not 0 < len(call_id) <= LONGEST_ID:
            yield f"input: call_id {call_id!r} must have 1 to {LONGEST_ID} characters"
        if call_id not in answers and call not in waiting:
            yield f"No tool output found for function call {call_id}"
    for answer in answers:
        if answer not in [call.get("call_id") for call in made]:
            yield f"No tool call found for function call output with call_id {answer}"
    for number, item in enumerate(items):
        yield from item_violations(item, items[number + 1] if number + 1 < len(items) else None, body)


def trailing_calls(items: list[Wire]) -> list[Wire]:
    """Return the calls at the end, which may still lack results."""
    calls: list[Wire] = []
    for item in reversed(items):
        if item.get("type") not in CALLS:
            break
        calls.append(item)
    return calls


def item_violations(item: Wire, following: Wire | None, body: Wire) -> Iterator[str]:
    kind = item.get("type", "message")
    if kind == "reasoning":
        text = item.get("id")
        if "summary" not in item:
            yield f"Item {text!r} of type 'reasoning' has no summary"
        if following is None or following.get("role") in ("user", "developer", "system"):
            yield f"Item {text!r} of type 'reasoning' was provided without its required following item."
        if not body.get("store") and not (item.get("encrypted_content") or item.get("content")):
            yield f"Item with id {text!r} not found. Items are not persisted when `store` is set to false."
    if kind == "message":
        content = item.get("content")
        if not content:
            yield "input: a message has no content"
        wanted = "output_text" if item.get("role") == "assistant" else "input_"
        for part in content if isinstance(content, list) else ():
            if not part["type"].startswith((wanted, "refusal")):
                yield f"input: {part['type']!r} is not valid in the role {item.get('role')!r}"
