"""Tool calls for models whose chat template has no tools: required calls are enforced with a JSON schema."""

from __future__ import annotations

import json as spaced
import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..wire import json

Message = dict[str, Any]
UNDECIDED = (
    "the chat template of this model does not support tools, so it cannot choose to call one. Set tool_choice to "
    "'required' or "
    "to the name of a tool; a model of your own with tools in its template decides by itself"
)
TASK = "Reply only with a JSON object of the name of a function and its arguments.\n\nFunctions:\n"
REPLY = "Reply only with a JSON object: the name of a function and its arguments, or your answer in words."
ANSWER = {
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
    "additionalProperties": False,
}


class ConstrainedCall:
    """Rewrites one request for the model and converts its response back; raises ValueError if unsupported."""

    def __init__(self, body: Message, on_message: Callable[[Message], bool]) -> None:
        if is_optional_call(body):
            raise ValueError(UNDECIDED)
        self._hear = on_message
        self._text: list[str] = []
        self._data: Callable[[Message], Message] | None = None
        stored = {name: value for name, value in body.items() if name not in ("tools", "tool_choice")}
        messages = list(plain_messages(body["messages"]))
        tools = required_functions(body.get("tools") or (), body.get("tool_choice"))
        if tools:
            self._data = to_tool_call
            # Small models read numbers better with spaces around them.
            shown = "\n".join(spaced.dumps(tool, ensure_ascii=False) for tool in tools)
            stored |= {
                "messages": with_task(messages, TASK + shown),
                "response_format": output_schema(any_call_schema(tools)),
            }
        elif body["messages"][-1]["role"] == "tool" and "response_format" not in body:
            # Without this, the model repeats the call.
            self._data = to_text
            stored |= {"messages": with_task(messages, REPLY), "response_format": output_schema(ANSWER)}
        else:
            stored["messages"] = messages
        self.body: Message = stored

    def add_chunk(self, text: Message) -> bool:
        """Handle a chunk; constrained output is reported when complete."""
        for choice in text.get("choices") or () if self._data else ():
            delta = choice.get("delta") or {}
            self._text.append(delta.pop("content", None) or "")
            if choice.get("finish_reason"):
                self._emit(choice, delta)
        return self._hear(text)

    def _emit(self, choice: Message, delta: Message) -> None:
        assert self._data is not None
        text = "".join(self._text)
        try:
            data = self._data(json.loads(text))
        except ValueError:
            # It was truncated; return the text so far.
            data = {"content": text}
        choice["delta"] = {**delta, **data}
        if "tool_calls" in data:
            choice["finish_reason"] = "tool_calls"


def to_tool_call(given: Message) -> Message:
    function = {"name": given["name"], "arguments": json.dumps(given["arguments"]).decode()}
    return {
        "tool_calls": [{"index": 0, "id": f"call_{secrets.token_hex(8)}", "type": "function", "function": function}]
    }


def to_text(given: Message) -> Message:
    return {"content": given["answer"]}


def required_functions(tools: Sequence[Message], choice: Any) -> list[Message]:
    """Return the functions of which one must be called."""
    functions = [tool["function"] for tool in tools if tool.get("type") == "function"]
    if isinstance(choice, dict):
        return [one for one in functions if one["name"] == choice["function"]["name"]]
    return functions if choice == "required" else []


def is_optional_call(body: Message) -> bool:
    """Return whether the model may choose to call a tool."""
    free = body.get("tools") and body.get("tool_choice") in (None, "auto")
    return bool(free) and body["messages"][-1]["role"] != "tool"


def concerns_tools(body: Message) -> bool:
    return bool(body.get("tools")) or any(m["role"] == "tool" or m.get("tool_calls") for m in body["messages"])


def plain_messages(messages: Sequence[Message]) -> Iterator[Message]:
    """Convert tool calls and results to text."""
    for message in messages:
        if message["role"] == "tool":
            yield {"role": "user", "content": f"Result of the function: {message['content']}"}
        elif calls := message.get("tool_calls"):
            text = [message["content"]] if message.get("content") else []
            yield {"role": "assistant", "content": "\n".join([*text, *map(call_text, calls)])}
        else:
            yield message


def call_text(call: Message) -> str:
    function = call["function"]
    return f'{{"name": {json.dumps(function["name"]).decode()}, "arguments": {function["arguments"] or "{}"}}}'


def with_task(messages: Sequence[Message], task: str) -> list[Message]:
    """Append the task to the system message."""
    if messages and messages[0]["role"] == "system" and isinstance(messages[0]["content"], str):
        return [{"role": "system", "content": f"{messages[0]['content']}\n\n{task}"}, *messages[1:]]
    return [{"role": "system", "content": task}, *messages]


def output_schema(schema: Message) -> Message:
    return {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema, "strict": True}}


def any_call_schema(functions: Sequence[Message]) -> Message:
    """Return a schema for a call of any function; definitions move to the root under unique names."""
    calls: list[Message] = []
    definitions: Message = {}
    for number, function in enumerate(functions):
        schema = rename_definitions(function.get("parameters") or {"type": "object"}, f"#/$defs/{number}_")
        definitions |= {f"{number}_{name}": inner for name, inner in schema.pop("$defs", {}).items()}
        calls.append(
            {
                "type": "object",
                "properties": {"name": {"const": function["name"]}, "arguments": schema},
                "required": ["name", "arguments"],
                "additionalProperties": False,
            }
        )
    return {"anyOf": calls, "$defs": definitions} if definitions else {"anyOf": calls}


def rename_definitions(schema: Any, place: str) -> Any:
    if isinstance(schema, list):
        return [rename_definitions(one, place) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: place + value.removeprefix("#/$defs/")
        if name == "$ref" and isinstance(value, str)
        else rename_definitions(value, place)
        for name, value in schema.items()
    }
