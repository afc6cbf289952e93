"""Rules of Google's generateContent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

KINDS = (
    *("text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult"),
    *("toolCall", "toolResponse"),
)
Wire = dict[str, Any]


def violations(body: Wire) -> Iterator[str]:
    turns: list[Wire] = body.get("contents") or []
    if not turns:
        yield "contents: contents is not specified"
    if turns and turns[0].get("role") != "user":
        yield "Please ensure that multiturn requests begin with a user role."
    made: list[str] = []
    before = ""
    for number, turn in enumerate(turns):
        at = f"contents[{number}]"
        role = turn.get("role")
        if role not in ("user", "model"):
            yield f"{at}: Please use a valid role: user, model."
        if role == before:
            yield f"{at}: Please ensure that multiturn requests alternate between user and model."
        before = role or ""
        yield from item_violations(turn, at)
        results = [p["functionResponse"].get("name") for p in turn.get("parts") or () if "functionResponse" in p]
        if sorted(map(str, made)) != sorted(map(str, results)):
            yield (
                f"{at}: Please ensure that the number of function response parts is equal to the number of "
                "function call parts of the function call turn."
            )
        made = [p["functionCall"].get("name") for p in turn.get("parts") or () if "functionCall" in p]


def item_violations(turn: Wire, at: str) -> Iterator[str]:
    parts = turn.get("parts") or []
    if not parts:
        yield f"{at}.parts: must not be empty."
    for number, part in enumerate(parts):
        if sum(kind in part for kind in KINDS) != 1:
            yield f"{at}.parts[{number}].data: required oneof field 'data' must have one initialized field"
        if part.get("text") == "" and "thoughtSignature" not in part:
            yield f"{at}.parts[{number}].text: must not be empty."
    calls = [part for part in parts if "functionCall" in part]
    if calls and "thoughtSignature" not in calls[0]:
        yield f"Function call is missing a thought_signature in functionCall parts: {calls[0]['functionCall']['name']}"
