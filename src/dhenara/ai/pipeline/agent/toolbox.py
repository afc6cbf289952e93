"""Finds the tool of a call, checks whether it may run, and converts what it returns or raises to a tool result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from pydantic_core import to_json

from ...errors import ConfigurationError
from ...io.protocol import Outcome
from ...types.chat.message import Message
from ...types.chat.run import Decision, Run, RunLimits, ToolOutcome, ToolRun
from ...types.content.parts import Content, Media, SearchResultContent, TextContent, ToolCallContent, ToolResultContent
from ...types.tools.caller_tools import CallerTool
from ...types.tools.provider_tools import ServerTool
from ...types.tools.tool import Bound, InvalidArgumentsError, Tool
from ...types.tools.tool_actions import GEMINI_ACTIONS
from ...types.tools.tool_definition import ToolDefinition
from ...types.tools.tool_executors import read_action_result
from ...wire import json

if TYPE_CHECKING:
    from ...types.chat.response import ChatResponse
    from ..tracing import ToolTracing

CUSTOM = ("custom", "custom_tool_call")
LISTS = ("tools", "functions", "functionDeclarations", "function_declarations")
NESTED = ("function", "custom", "toolSpec", "tool_spec", "toolConfig", "additionalModelRequestFields", "extra_body")
COMPUTER = ("computer_use", "computerUse")


def declared_names(tools: Iterable[Any], options: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of tools declared in a vendor's format in `tools` or `options`."""
    specs = [tool.spec for tool in tools if isinstance(tool, ServerTool)]
    return frozenset(names_in([*specs, options])) if specs or options else frozenset()


def is_vendor_call(call: ToolCallContent) -> bool:
    """Return whether the call is for a vendor-specific kind of tool rather than a function."""
    item = call.extras.get("item")
    kinds = (call.extras.get("type"), item.get("type") if isinstance(item, Mapping) else None)
    return "tool_type" in call.extras or any(kind in CUSTOM for kind in kinds)


def names_in(specs: Iterable[Any]) -> Iterator[str]:
    for spec in specs:
        if not isinstance(spec, Mapping):
            continue
        if isinstance(name := spec.get("name"), str):
            yield name
        if any(kind in spec for kind in COMPUTER):
            yield from GEMINI_ACTIONS
        for key in LISTS:
            if isinstance(inside := spec.get(key), list):
                yield from names_in(inside)
        yield from names_in(spec[key] for key in NESTED if key in spec)


NOTHING = "null"
"""Result of a function that returns None, because some providers reject empty results."""


def read_result(call: ToolCallContent, value: Any) -> ToolResultContent:
    """Convert a return value: text unchanged, media as parts, anything else as JSON."""
    if isinstance(value, ToolResultContent):
        return value.model_copy(update={"call_id": call.id, "name": value.name or call.name})
    if (result := read_action_result(call, value, approved=True)) is not None:
        return result  # a call with safety checks ran, so it was approved
    parts = as_parts(value)
    if parts is not None:
        return ToolResultContent(call_id=call.id, name=call.name, contents=parts)
    output = NOTHING if value is None else to_json_value(value)
    return ToolResultContent(call_id=call.id, name=call.name, output=output)


def as_parts(value: Any) -> list[Any] | None:
    """Return the value as parts if it is a part or a list that contains one."""
    if isinstance(value, Media | TextContent | SearchResultContent):
        return [value]
    if not isinstance(value, list | tuple) or not any(isinstance(one, Content) for one in value):
        return None
    return [one if isinstance(one, Content) else TextContent(text=to_text(one)) for one in value]


def to_json_value(value: Any) -> Any:
    """Return the value as JSON; what JSON cannot represent is converted with `str`."""
    if isinstance(value, str):
        value.encode()  # raises for lone surrogates, which cannot be sent
        return value
    return json.loads(to_json(value, by_alias=True, fallback=str, bytes_mode="base64", inf_nan_mode="strings"))


def to_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(to_json_value(value)).decode()


def error_result(call: ToolCallContent, message: str) -> ToolResultContent:
    """Return a result that reports an error to the model."""
    return ToolResultContent(call_id=call.id, name=call.name, output=message, is_error=True)


def exception_result(call: ToolCallContent, error: Exception) -> ToolResultContent:
    return error_result(call, f"{call.name} failed: {type(error).__name__}: {error}")


def format_names(names: Sequence[str], most: int = 50) -> str:
    listed = ", ".join(names[:most]) or "none"
    return listed if len(names) <= most else f"{listed} and {len(names) - most} more"


Approve = Callable[[ToolCallContent], Any]
"""Returns a `Decision`: True to run the call, False or a reason to decline it, a dict to run it with these arguments, a
tool result to use in its place. None leaves it pending. May be async in async code.
"""

DECLINED = "the user declined this call"
INCOMPLETE = {
    "interrupted": "the answer broke off",
    "length": "the answer was cut off",
    "context_length": "the answer was cut off",
    "content_filter": "the answer was blocked",
    "refusal": "the model declined",
    "error": "the answer failed",
}
"""Why the tool calls of an answer do not run: their arguments may be incomplete, or the provider withheld them."""

MCP_APPROVAL = "mcp_approval_request"
"""Name of the calls by which OpenAI asks whether a tool of an MCP server may run; the result is True or False."""


class UnfinishedRun(Protocol):
    """The run of an agent that is not over."""

    def run(self, *, arriving: bool = False) -> Run[Any]: ...


@dataclass(slots=True, eq=False)
class PendingToolCall:
    """A tool call: `bound` if it may run, else `result`, or neither while it waits for the caller."""

    call: ToolCallContent
    tool: Tool | None = None
    bound: Bound | None = None
    outcome: ToolOutcome = "ran"
    result: ToolResultContent | None = None
    seconds: float = 0.0
    arguments: dict[str, Any] | None = None
    """Arguments that the approval put in the place of those of the call."""

    unclear: bool = False
    run: Run[Any] | None = None
    """The run of an agent, as it ended or was saved."""

    is_reported: bool = False
    """Whether it was reported as ended before the run was resumed."""

    may_repeat: bool = False
    """Whether it may run although it was begun before: decided by the user."""

    most: int | None = None
    """Longest text of its result."""

    left_out: int = 0
    """Characters that were cut off."""

    begun: bool = False
    """Whether the store has noted that it begins."""

    finished: Outcome | None = None
    """What the function returned or raised."""

    loop: UnfinishedRun | None = None
    """The run of an agent while it runs."""

    trace: ToolTracing | None = None

    @property
    def effective_call(self) -> ToolCallContent:
        """The call with the arguments that it runs with."""
        if self.arguments is None:
            return self.call
        return self.call.model_copy(update={"arguments": self.arguments, "arguments_text": None, "error": None})

    def to_tool_run(self) -> ToolRun:
        return ToolRun(
            call=self.call,
            outcome=self.outcome,
            result=self.result,
            seconds=self.seconds,
            needs_approval=self.outcome == "pending" and self.tool is not None,
            arguments=self.arguments,
            unclear=self.unclear,
            run=self.run,
            left_out=self.left_out,
        )

    def take(self, tool: ToolRun) -> None:
        """Take over what happened to the call elsewhere or earlier."""
        self.outcome, self.result, self.seconds, self.bound = tool.outcome, tool.result, tool.seconds, None
        self.arguments, self.unclear, self.run = tool.arguments, tool.unclear, tool.run
        self.left_out = tool.left_out

    def decide(self, decision: Any) -> None:
        """Apply a decision on the call; the tool of new arguments checks them."""
        if self.call.name == MCP_APPROVAL and isinstance(decision, bool):
            decision = ToolResultContent(call_id=self.call.id, output=decision)
        if isinstance(decision, ToolResultContent):
            self.bound, self.outcome = None, "failed" if decision.is_error else "ran"
            self.result = decision.model_copy(update={"call_id": self.call.id, "name": decision.name or self.call.name})
        elif isinstance(decision, Mapping):
            self._edit(dict(decision))
        elif decision is not True:
            self.refuse("declined", f"{DECLINED}: {decision}" if isinstance(decision, str) and decision else DECLINED)

    def _edit(self, arguments: dict[str, Any]) -> None:
        if self.call.name == MCP_APPROVAL:
            raise ConfigurationError("a dict cannot change what an MCP server was asked for. Decide with True or False")
        self.arguments = arguments
        assert self.tool is not None
        try:
            self.bound = self.tool.bind_call(self.effective_call)
        except InvalidArgumentsError as error:
            raise ConfigurationError(f"the decision on {self.call.name} has invalid arguments: {error}") from error

    def refuse(self, outcome: ToolOutcome, message: str) -> None:
        self.outcome, self.result, self.bound = outcome, error_result(self.call, message), None

    def wait(self) -> None:
        self.outcome, self.bound = "pending", None


@dataclass(slots=True, eq=False)
class Toolbox:
    """The tools of a run, and how often each call gave the same result."""

    tools: dict[str, ToolDefinition]
    limits: RunLimits
    declared: frozenset[str] = frozenset()
    """Names of tools declared in a vendor's own format; the caller runs them."""

    _seen: dict[tuple[str, bytes], tuple[bytes, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, tools: Iterable[Any], limits: RunLimits, options: Mapping[str, Any] | None = None) -> Toolbox:
        """Create a toolbox from tools, and from those declared in the call's `options`."""
        every = list(tools)
        own = {tool.name: tool for tool in every if isinstance(tool, ToolDefinition)}
        if any(tool.deferred for tool in own.values()):
            search = import_module("dhenara.ai.types.tools.tool_search")
            own.setdefault(search.SEARCH_TOOL, search.make_search_tool(every))
        return cls(own, limits, declared_names(every, options or {}))

    def plan(self, call: ToolCallContent) -> PendingToolCall:
        """Return the call with its tool and validated arguments, or with an error result."""
        planned, tool = PendingToolCall(call, most=self.limits.result_chars), self.find(call)
        if tool is None and call.name == MCP_APPROVAL and is_vendor_call(call):
            bind(planned, approval_tool())
        elif tool is None and (call.name in self.declared or is_vendor_call(call)):
            planned.wait()
        elif tool is None:
            planned.refuse("unknown", f"unknown tool {call.name!r}; available: {format_names(list(self.tools))}")
        elif call.error is not None:
            planned.refuse("invalid", f"{call.error}. Call {call.name} again with a JSON object as arguments.")
        elif self.count(call) >= self.limits.repeats:
            planned.refuse(
                "repeated",
                f"{call.name} was called {self.limits.repeats} times with these arguments and gave the same result "
                "each time. Use that result, or do something else.",
            )
        elif not isinstance(tool, Tool) or tool.function is None:
            planned.wait()
        else:
            bind(planned, tool)
        return planned

    def find(self, call: ToolCallContent) -> ToolDefinition | None:
        """Return the tool of a call; providers call the tools that they define by names of their own."""
        if (tool := self.tools.get(call.name)) is not None:
            return tool
        name = "computer" if call.extras.get("toolset_name") == "computer" else call.name
        named = (one for one in self.tools.values() if isinstance(one, CallerTool) and one.is_called(name))
        return next(named, None)

    def count(self, call: ToolCallContent) -> int:
        return self._seen.get(key(call), (b"", 0))[1]

    def record_result(self, tool: ToolRun) -> None:
        """Count how often in a row this call gave this result."""
        if tool.result is None or tool.outcome not in ("ran", "failed"):
            return
        text = tool.result.model_dump_json(exclude={"call_id"}).encode()
        before, times = self._seen.get(key(tool.call), (b"", 0))
        self._seen[key(tool.call)] = (text, times + 1 if text == before else 1)


@cache
def approval_tool() -> Tool:
    """Return the tool whose approval lets the provider run a tool of a remote MCP server."""
    return Tool.from_schema({"type": "object"}, lambda **arguments: True, name=MCP_APPROVAL, needs_approval=True)


def bind(planned: PendingToolCall, tool: Tool) -> None:
    planned.tool = tool
    try:
        planned.bound = tool.bind_call(planned.call)
    except InvalidArgumentsError as error:
        planned.refuse("invalid", f"invalid arguments for {tool.name}:\n{error}")


def key(call: ToolCallContent) -> tuple[str, bytes]:
    return call.name, json.dumps(dict(sorted(call.arguments.items())))


def find_unanswered_calls(messages: Sequence[Message]) -> list[ToolCallContent]:
    """Return the tool calls of the last assistant message that have no result after it."""
    last = next((index for index in reversed(range(len(messages))) if messages[index].role == "assistant"), None)
    if last is None or any(message.role != "tool" for message in messages[last + 1 :]):
        return []
    results = {
        part.call_id
        for message in messages[last + 1 :]
        for part in message.contents
        if isinstance(part, ToolResultContent)
    }
    return [part for part in messages[last].contents if isinstance(part, ToolCallContent) and part.id not in results]


def as_decision(given: Any) -> Decision:
    """Return what `approve` returned as a decision that can be saved; raise if it is none."""
    if isinstance(given, Mapping):
        return dict(given)
    if isinstance(given, bool | str | ToolResultContent):
        return given
    raise ConfigurationError(
        f"approve must return True, False, a reason, arguments, a tool result or None, not {type(given).__name__}"
    )


def unrun_calls(answer: ChatResponse) -> list[ToolRun]:
    """Return the tool calls of an answer that may not run: it is not complete, or was withheld by the provider."""
    reason = "interrupted" if answer.interrupted else answer.finish_reason
    if reason not in INCOMPLETE:
        return []
    text = f"not run: {INCOMPLETE[reason]} ({reason})"
    return [ToolRun(call=call, outcome="unrun", result=error_result(call, text)) for call in answer.tool_calls]
