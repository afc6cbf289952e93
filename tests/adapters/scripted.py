"""A fake model that does what a request asks for: it calls the tool it must call, and fills the schema it is given."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from dhenara.ai.testing import Answer, DialectReply, FakeToolCall, FakeUsage
from dhenara.ai.testing.answer import ReceivedRequest, Step

USAGE = FakeUsage(input=11, output=9, cache_read=5, cache_write=0, reasoning=2)
BASES = {"openai": "/v1", "anthropic": "", "google_ai": "/v1beta"}
MODELS = ("openai/gpt-5.4-mini", "openai/gpt-5.4-pro", "anthropic/claude-sonnet-5", "google_ai/gemini-3.5-flash")
"""Chat Completions, Responses, Messages and generateContent."""


def base_url(model: str, server: str) -> str:
    return server + BASES[model.partition("/")[0]]


def sample_of(schema: Mapping[str, Any], name: str = "") -> Any:
    """A value that matches a JSON Schema; numbers are 3."""
    for word in ("anyOf", "oneOf"):
        if schema.get(word):
            return sample_of(schema[word][0], name)
    kind = schema.get("type", "object")
    match kind[0] if isinstance(kind, list) else str(kind).lower():
        case "integer" | "number":
            return 3
        case "boolean":
            return True
        case "array":
            return [sample_of(schema.get("items", {"type": "string"}), name)]
        case "string":
            return schema["enum"][0] if schema.get("enum") else f"你好こ {name}"
    return {key: sample_of(one, key) for key, one in schema.get("properties", {}).items()}


def tools_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of each function tool by its name, in any protocol."""
    listed = [tool.get("function", tool) for tool in body.get("tools", ())]
    listed += [one for tool in body.get("tools", ()) for one in tool.get("functionDeclarations", ())]
    schemas = ("parameters", "input_schema", "parametersJsonSchema")
    return {tool["name"]: next((tool[key] for key in schemas if key in tool), {}) for tool in listed if "name" in tool}


def forced_tool(body: Mapping[str, Any]) -> str | None:
    """The tool that must be called; empty for any."""
    choice = body.get("tool_choice") or body.get("toolConfig", {}).get("functionCallingConfig")
    if isinstance(choice, str):
        return "" if choice == "required" else None
    if not choice or choice.get("type") == "auto" or choice.get("mode") == "AUTO":
        return None
    names = choice.get("allowedFunctionNames") or [tool.get("name") for tool in choice.get("tools", ())] or [""]
    return str(choice.get("name") or choice.get("function", {}).get("name") or names[0])


def schema_of(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema of a structured answer."""
    chat = body.get("response_format", {}).get("json_schema", {}).get("schema")
    responses = body.get("text", {}).get("format", {}).get("schema")
    claude = body.get("output_config", {}).get("format", {}).get("schema") or body.get("output_format", {}).get(
        "schema"
    )
    gemini = body.get("generationConfig", {})
    return chat or responses or claude or gemini.get("responseJsonSchema") or gemini.get("responseSchema")


class ObedientModel:
    """A reply that depends on the request.

    Args:
        calls: How many calls of tools to make where the model may, but need not call one.
    """

    def __init__(self, calls: int = 1) -> None:
        self.calls = calls

    def steps(self, request: ReceivedRequest) -> Iterable[Step]:
        _, is_gemini, rest = request.path.partition("/models/")
        answer = self.answer(request.json)
        return DialectReply(replace(answer, model=rest.partition(":")[0]) if is_gemini else answer).steps(request)

    def answer(self, body: Mapping[str, Any]) -> Answer:
        tools, forced, schema = tools_of(body), forced_tool(body), schema_of(body)
        if forced is None and tools and schema is None and '"3' not in json.dumps(body) and self.calls:
            forced = "" if not answered(body) else None
        if forced is not None and tools:
            name = forced or next(iter(tools))
            return Answer(tool_calls=(FakeToolCall(name, sample_of(tools[name])),), usage=USAGE, **thoughts(body))
        if schema is None and "JSON" in json.dumps(body):
            schema = {"properties": {"setup": {"type": "string"}, "punchline": {"type": "string"}}}
        text = "Hello, I am here." if schema is None else json.dumps(sample_of(schema))
        return Answer(text=text, usage=USAGE, **thoughts(body))


def answered(body: Mapping[str, Any]) -> bool:
    """Whether the request has the result of a tool."""
    text = json.dumps(body)
    return any(mark in text for mark in ('"role": "tool"', "tool_use_id", "function_call_output", "functionResponse"))


def thoughts(body: Mapping[str, Any]) -> dict[str, Any]:
    """Signed reasoning, if the request asks for it."""
    asks = any(mark in json.dumps(body) for mark in ("reasoning", "thinking"))
    return {"reasoning": "Let me see.", "signature": "c2lnbmVk"} if asks else {}
