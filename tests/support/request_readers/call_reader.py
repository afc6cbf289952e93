"""What a recorded request asks for, in our own words: the start of every reader of one protocol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dhenara.ai.codecs.base import Quirks, load_codec
from dhenara.ai.history.parsing import merge_tool_results
from dhenara.ai.response.builder import ResponseBuilder
from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelCallConfig,
    AIModelEndpoint,
    Call,
    Message,
    Origin,
    ServerTool,
    StructuredOutput,
    ToolDefinition,
)

Body = dict[str, Any]


class Inexpressible(Exception):
    """A kind of part that none of ours is."""


@dataclass
class CallReader:
    """A call in the making. `quirks` is the dialect with what the recording's author knew better."""

    home: Origin
    quirks: Quirks
    messages: list[Message] = field(default_factory=list)
    instructions: list[str] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    def call(self) -> Call:
        return Call(
            endpoint=AIModelEndpoint(
                api=AIModelAPI(provider=self.home.provider), ai_model=AIModel(model_name=self.home.model)
            ),
            messages=tuple(merge_tool_results(self.messages)),
            config=AIModelCallConfig(**self.settings, options=self.options),
            instructions=tuple(self.instructions),
        )

    def answer(self, body: Body) -> Message:
        """A turn of the model, read as the answer it once was."""
        draft = ResponseBuilder(self.home)
        for delta in load_codec(self.home.protocol).decoder(self.quirks).whole(body):
            draft.add(delta)
        return Message(role="assistant", contents=draft.response().contents)

    def separate_limit(self, budget: int) -> None:
        """On the wire one limit holds for reasoning and answer; ours are apart."""
        if "max_output_tokens" in self.settings:
            self.settings["max_output_tokens"] -= budget

    def hear(self, body: Mapping[str, Any], known: Iterable[str]) -> None:
        """Parameters under the dialect's names; what is left over are the provider's own options."""
        ours = {self.quirks.wire_name(name): name for name in self.quirks.names}
        for key, value in body.items():
            if key in ours and key is not None:
                self.settings[ours[key]] = value
            elif key not in known:
                self.options[key] = value


def shape(schema: Body, **about: Any) -> StructuredOutput:
    """A schema as it is, whatever keys it has."""
    provided = {name: value for name, value in about.items() if value is not None}
    return StructuredOutput.model_validate({"output_schema": schema, **provided})


def tool(given: Body) -> ToolDefinition | ServerTool:
    """A function, or the provider's own tool in its own words."""
    function = given.get("function") or {}
    if function and given.keys() <= {"type", "function"} and function.keys() <= ToolDefinition.model_fields.keys():
        return ToolDefinition.model_validate(function)
    return own_tool(given)


def own_tool(given: Body) -> ServerTool:
    return ServerTool(spec=given)
