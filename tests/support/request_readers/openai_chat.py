"""Chat Completions: recorded requests as calls."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

from dhenara.ai.types import Message, ToolChoice, ToolResultContent
from dhenara.ai.types.config.parameters import ReasoningEffort
from support.request_readers.call_reader import Body, CallReader, shape, tool

KNOWN = {"model", "messages", "stream", "stream_options", "tools", "tool_choice", "response_format"}
REASONING = {"reasoning_effort", "reasoning", "thinking", "enable_thinking"}
EFFORTS = get_args(ReasoningEffort)


def read(body: Body, received: CallReader) -> None:
    for message in body["messages"]:
        read_message(message, received)
    received.hear(body, KNOWN | REASONING)
    received.settings["streaming"] = bool(body.get("stream"))
    if body.get("tools") is not None:
        received.settings["tools"] = [tool(given) for given in body["tools"]]
    if body.get("tool_choice") is not None:
        received.settings["tool_choice"] = choice(body["tool_choice"])
    read_format(body.get("response_format"), received)
    read_reasoning(body, received)


def read_message(message: Body, received: CallReader) -> None:
    match message["role"]:
        case "system" | "developer" as role:
            received.quirks = replace(received.quirks, system_role=role)  # type: ignore[call-arg]  # these are ChatQuirks
            received.messages.append(Message(role="system", contents=parts(message["content"])))
        case "assistant":
            received.messages.append(received.answer({"choices": [{"message": message, "finish_reason": "stop"}]}))
        case "tool":
            result = ToolResultContent(call_id=message["tool_call_id"], output=provided(message["content"]))
            received.messages.append(Message(role="tool", contents=[result]))
        case _:
            named = {"name": message["name"]} if message.get("name") else {}
            received.messages.append(
                Message.model_validate({"role": "user", "content": bare(message["content"]), **named})
            )


def parts(content: Any) -> Any:
    return Message.model_validate({"role": "user", "content": content}).contents


def bare(content: Any) -> Any:
    """Parts without the keys that say nothing."""
    if isinstance(content, str):
        return content
    return [{key: value for key, value in part.items() if value is not None} for part in content]


def provided(content: Any) -> Any:
    return content if isinstance(content, str) else "".join(part.get_text() for part in parts(content))


def choice(given: Any) -> ToolChoice:
    if isinstance(given, str):
        return ToolChoice.model_validate(given)
    return ToolChoice(mode="required", names=(given["function"]["name"],))


def read_format(given: Any, received: CallReader) -> None:
    """JSON as such is an option of the provider; a schema is a shape."""
    if given is None:
        return
    if given["type"] != "json_schema":
        received.options["response_format"] = given
        return
    about = given["json_schema"]
    received.settings["structured_output"] = shape(
        about["schema"], name=about.get("name"), description=about.get("description"), strict=about.get("strict")
    )


def read_reasoning(body: Body, received: CallReader) -> None:
    """What the dialect knows of thinking is a setting; everything else about it is an option."""
    quirks: Any = received.quirks
    known = "reasoning_effort" if quirks.reasoning_in == "effort" else quirks.reasoning_in
    for key in REASONING & body.keys():
        setting = ours(body[key]) if key == known else None
        if setting is None:
            received.options[key] = body[key]
        else:
            received.settings.update(setting)
            if "max_reasoning_tokens" in setting and quirks.reasoning_in == "reasoning":
                received.separate_limit(setting["max_reasoning_tokens"])


def ours(given: Any) -> Body | None:
    match given:
        case bool():
            return {"reasoning": given}
        case str() if given in EFFORTS:
            return {"reasoning_effort": given}
        case {"effort": word, **more} if not more:
            return {"reasoning_effort": word}
        case {"max_tokens": budget, **more} if not more:
            return {"max_reasoning_tokens": budget}
        case {"enabled": wanted, **more} if not more:
            return {"reasoning": wanted}
        case {"type": word, **more} if not more:
            return {"reasoning": word == "enabled"}
    return None
