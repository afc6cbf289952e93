"""Two forms of one thing: what a recorded request has in a shorter or older form is written in the full form first."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Rewrite = Callable[[Any], Any]
OF_USERS = {"args", "response", "parameters", "parametersJsonSchema", "responseJsonSchema"}


def everywhere(value: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """The value with every object in it changed."""
    if isinstance(value, dict):
        return change({key: everywhere(one, change) for key, one in value.items()})
    return [everywhere(one, change) for one in value] if isinstance(value, list) else value


def one_text_for_one_part(body: Any) -> Any:
    """Chat Completions, Cohere: a list of one plain text is that text."""

    def change(actual: dict[str, Any]) -> dict[str, Any]:
        match actual:
            case {"content": [{"type": "text", "text": text, **more}]} if not more:
                return {**actual, "content": text}
        return actual

    return {**body, "messages": everywhere(body["messages"], change)}


def blocks_in_answers(body: Any) -> Any:
    """Cohere: the text of an answer is one block."""
    messages = [
        {**m, "content": [{"type": "text", "text": m["content"]}]}
        if m["role"] == "assistant" and m.get("content") and isinstance(m["content"], str)
        else m
        for m in body["messages"]
    ]
    return {**body, "messages": messages}


def blocks_for_text(body: Any) -> Any:
    """Messages: a plain string is one block of text, and a system prompt in blocks without marks is one text."""
    messages = [
        {**m, "content": [{"type": "text", "text": m["content"]}]} if isinstance(m["content"], str) else m
        for m in body["messages"]
    ]
    system = body.get("system")
    if isinstance(system, list) and not any(block.get("cache_control") for block in system):
        system = "\n\n".join(block["text"] for block in system)
    return {**body, "messages": messages, **({"system": system} if system else {})}


def items_for_text(body: Any) -> Any:
    """Responses: strings are messages of one text, and whatever has a role is a message."""
    given = body["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    return {**body, "input": [normalized_form(item) for item in items]}


def normalized_form(item: dict[str, Any]) -> dict[str, Any]:
    if "content" not in item or "role" not in item:
        return item
    content, role = item["content"], "developer" if item["role"] == "system" else item["role"]
    kind = "output_text" if role == "assistant" else "input_text"
    parts = [{"type": kind, "text": content}] if isinstance(content, str) else content
    return {"type": "message", **item, "role": role, "content": parts}


def camel_case(body: Any) -> Any:
    """Gemini: names with underscores are another spelling of the same fields; users' own values are no fields."""
    if isinstance(body, dict):
        return {camel(key): value if camel(key) in OF_USERS else camel_case(value) for key, value in body.items()}
    return [camel_case(one) for one in body] if isinstance(body, list) else body


def camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


def plain_base64(body: Any) -> Any:
    """Gemini: both alphabets of base64 are taken."""

    def change(actual: dict[str, Any]) -> dict[str, Any]:
        data = actual.get("data")
        return {**actual, "data": data.replace("-", "+").replace("_", "/")} if isinstance(data, str) else actual

    return everywhere(body, change)


def joined_turns(body: Any) -> Any:
    """Gemini: neighbours of one role are one turn, and neighbouring plain texts of one answer are one text."""
    turns: list[Any] = []
    for turn in body["contents"]:
        role = turn.get("role") or "user"
        if turns and turns[-1]["role"] == role:
            turns[-1]["parts"] = [*turns[-1]["parts"], *turn["parts"]]
        else:
            turns.append({"role": role, "parts": turn["parts"]})
    return {**body, "contents": [joined_texts(turn) if turn["role"] == "model" else turn for turn in turns]}


def joined_texts(turn: Any) -> Any:
    parts: list[Any] = []
    for part in turn["parts"]:
        if parts and parts[-1].keys() == part.keys() == {"text"}:
            parts[-1] = {"text": parts[-1]["text"] + part["text"]}
        else:
            parts.append(part)
    return {**turn, "parts": parts}


def schemas_under_one_name(body: Any) -> Any:
    """Gemini: ours are always JSON Schemas, which the service takes besides its own older kind."""

    def change(actual: dict[str, Any]) -> dict[str, Any]:
        if "name" not in actual or not isinstance(actual.get("parameters"), dict):
            return actual
        rest = {key: value for key, value in actual.items() if key != "parameters"}
        return {**rest, "parametersJsonSchema": actual["parameters"]}

    return {**body, "tools": everywhere(body.get("tools") or [], change)}


def functions_first(body: Any) -> Any:
    """Gemini: in which order kinds of tools are offered says nothing."""
    return {**body, "tools": sorted(body["tools"], key=lambda tool: "functionDeclarations" not in tool)}


REWRITES: dict[str, tuple[Rewrite, ...]] = {
    "openai_chat": (one_text_for_one_part,),
    "cohere": (one_text_for_one_part, blocks_in_answers),
    "anthropic": (blocks_for_text,),
    "openai_responses": (items_for_text,),
    "gemini": (camel_case, plain_base64, joined_turns, schemas_under_one_name, functions_first),
    "converse": (),
}
