"""Finds the tool of a call and checks whether it may run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Any

from ..dataclass import dataclass
from ..types.content import ToolCallContent, ToolResultContent
from ..types.run import ToolOutcome, ToolRun
from ..types.tool import Bound, InvalidArgumentsError, Tool
from ..types.tools import ToolDefinition
from ..wire import json
from .tool_results import error_result, format_names
from .vendor_tools import declared_names, is_vendor_call

Approve = Callable[[ToolCallContent], Any]
"""Returns True to run the call, False or a reason to decline it. May be async in async code."""


@dataclass(slots=True)
class PendingToolCall:
    """A tool call: `bound` if it may run, else `result`, or neither while it waits for the caller."""

    call: ToolCallContent
    tool: Tool | None = None
    bound: Bound | None = None
    outcome: ToolOutcome = "ran"
    result: ToolResultContent | None = None
    seconds: float = 0.0

    def to_tool_run(self) -> ToolRun:
        return ToolRun(call=self.call, outcome=self.outcome, result=self.result, seconds=self.seconds)

    def refuse(self, outcome: ToolOutcome, message: str) -> None:
        self.outcome, self.result, self.bound = outcome, error_result(self.call, message), None

    def wait(self) -> None:
        self.outcome, self.bound = "pending", None


@dataclass(slots=True)
class Toolbox:
    """The tools of a run, and how often each call gave the same result."""

    tools: dict[str, ToolDefinition]
    repeats: int
    declared: frozenset[str] = frozenset()
    """Names of tools declared in a vendor's own format; the caller runs them."""

    _seen: dict[tuple[str, bytes], tuple[bytes, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, tools: Iterable[Any], repeats: int, options: Mapping[str, Any] | None = None) -> Toolbox:
        """Create a toolbox from tools, and from those declared in the call's `options`."""
        every = list(tools)
        own = {tool.name: tool for tool in every if isinstance(tool, ToolDefinition)}
        return cls(own, repeats, declared_names(every, options or {}))

    def plan(self, call: ToolCallContent) -> PendingToolCall:
        """Return the call with its tool and validated arguments, or with an error result."""
        planned, tool = PendingToolCall(call), self.tools.get(call.name)
        if tool is None and (call.name in self.declared or is_vendor_call(call)):
            planned.wait()
        elif tool is None:
            planned.refuse("unknown", f"unknown tool {call.name!r}; available: {format_names(list(self.tools))}")
        elif call.error is not None:
            planned.refuse("invalid", f"{call.error}. Call {call.name} again with a JSON object as arguments.")
        elif self.count(call) >= self.repeats:
            planned.refuse(
                "repeated",
                f"{call.name} was called {self.repeats} times with these arguments and gave the same result each "
                "time. Use that result, or do something else.",
            )
        elif not isinstance(tool, Tool) or tool.function is None:
            planned.wait()
        else:
            bind(planned, tool)
        return planned

    def count(self, call: ToolCallContent) -> int:
        return self._seen.get(key(call), (b"", 0))[1]

    def record_result(self, planned: PendingToolCall) -> None:
        """Count how often in a row this call gave this result."""
        if planned.result is None or planned.outcome not in ("ran", "failed"):
            return
        text = planned.result.model_dump_json(exclude={"call_id"}).encode()
        before, times = self._seen.get(key(planned.call), (b"", 0))
        self._seen[key(planned.call)] = (text, times + 1 if text == before else 1)


def bind(planned: PendingToolCall, tool: Tool) -> None:
    planned.tool = tool
    try:
        planned.bound = tool.bind(planned.call.arguments)
    except InvalidArgumentsError as error:
        planned.refuse("invalid", f"invalid arguments for {tool.name}:\n{error}")


def key(call: ToolCallContent) -> tuple[str, bytes]:
    return call.name, json.dumps(dict(sorted(call.arguments.items())))
