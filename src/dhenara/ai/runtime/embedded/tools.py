"""Tools for models whose chat templates know none: a call that has to be made is all that they are able to say."""

from __future__ import annotations

import json as spaced
import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ...wire import json

Said = dict[str, Any]
UNDECIDED = (
    "the chat template of this model knows no tools, so it cannot decide to call one. Set tool_choice to 'required' or "
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


class Constrained:
    """One request in words that the model understands, and its answer in words of the protocol.

    Raises ValueError for what it cannot be asked.
    """

    def __init__(self, body: Said, hear: Callable[[Said], bool]) -> None:
        if undecided(body):
            raise ValueError(UNDECIDED)
        self._hear = hear
        self._text: list[str] = []
        self._told: Callable[[Said], Said] | None = None
        kept = {name: value for name, value in body.items() if name not in ("tools", "tool_choice")}
        messages = list(plain(body["messages"]))
        tools = chosen(body.get("tools") or (), body.get("tool_choice"))
        if tools:
            self._told = as_call
            # Small models read numbers better with air around them.
            shown = "\n".join(spaced.dumps(tool, ensure_ascii=False) for tool in tools)
            kept |= {"messages": led(messages, TASK + shown), "response_format": shaped(calls_of(tools))}
        elif body["messages"][-1]["role"] == "tool" and "response_format" not in body:
            # Left alone, it says the call once more.
            self._told = as_words
            kept |= {"messages": led(messages, REPLY), "response_format": shaped(ANSWER)}
        else:
            kept["messages"] = messages
        self.body: Said = kept

    def hear(self, said: Said) -> bool:
        """A chunk of the answer; what is constrained is told once it is whole."""
        for choice in said.get("choices") or () if self._told else ():
            delta = choice.get("delta") or {}
            self._text.append(delta.pop("content", None) or "")
            if choice.get("finish_reason"):
                self._tell(choice, delta)
        return self._hear(said)

    def _tell(self, choice: Said, delta: Said) -> None:
        assert self._told is not None
        text = "".join(self._text)
        try:
            told = self._told(json.loads(text))
        except ValueError:
            # It was cut off; what there is of it is the answer.
            told = {"content": text}
        choice["delta"] = {**delta, **told}
        if "tool_calls" in told:
            choice["finish_reason"] = "tool_calls"


def as_call(given: Said) -> Said:
    function = {"name": given["name"], "arguments": json.dumps(given["arguments"]).decode()}
    return {
        "tool_calls": [{"index": 0, "id": f"call_{secrets.token_hex(8)}", "type": "function", "function": function}]
    }


def as_words(given: Said) -> Said:
    return {"content": given["answer"]}


def chosen(tools: Sequence[Said], choice: Any) -> list[Said]:
    """The functions of which one has to be called."""
    functions = [tool["function"] for tool in tools if tool.get("type") == "function"]
    if isinstance(choice, dict):
        return [one for one in functions if one["name"] == choice["function"]["name"]]
    return functions if choice == "required" else []


def undecided(body: Said) -> bool:
    """Whether the model would have to decide if it calls a tool."""
    free = body.get("tools") and body.get("tool_choice") in (None, "auto")
    return bool(free) and body["messages"][-1]["role"] != "tool"


def concerns_tools(body: Said) -> bool:
    return bool(body.get("tools")) or any(m["role"] == "tool" or m.get("tool_calls") for m in body["messages"])


def plain(messages: Sequence[Said]) -> Iterator[Said]:
    """Calls and results as words."""
    for message in messages:
        if message["role"] == "tool":
            yield {"role": "user", "content": f"Result of the function: {message['content']}"}
        elif calls := message.get("tool_calls"):
            said = [message["content"]] if message.get("content") else []
            yield {"role": "assistant", "content": "\n".join([*said, *map(spoken, calls)])}
        else:
            yield message


def spoken(call: Said) -> str:
    function = call["function"]
    return f'{{"name": {json.dumps(function["name"]).decode()}, "arguments": {function["arguments"] or "{}"}}}'


def led(messages: Sequence[Said], task: str) -> list[Said]:
    """The conversation with the task before it, after what the user's own instructions say."""
    if messages and messages[0]["role"] == "system" and isinstance(messages[0]["content"], str):
        return [{"role": "system", "content": f"{messages[0]['content']}\n\n{task}"}, *messages[1:]]
    return [{"role": "system", "content": task}, *messages]


def shaped(schema: Said) -> Said:
    return {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema, "strict": True}}


def calls_of(functions: Sequence[Said]) -> Said:
    """Any one call. Definitions move to the root, under names that tell the tools' own apart."""
    calls: list[Said] = []
    definitions: Said = {}
    for number, function in enumerate(functions):
        schema = renamed(function.get("parameters") or {"type": "object"}, f"#/$defs/{number}_")
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


def renamed(schema: Any, place: str) -> Any:
    if isinstance(schema, list):
        return [renamed(one, place) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: place + value.removeprefix("#/$defs/")
        if name == "$ref" and isinstance(value, str)
        else renamed(value, place)
        for name, value in schema.items()
    }
