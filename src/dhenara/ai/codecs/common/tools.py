"""Tools that are sent, ids of tool calls, and structured output: as a response format, a tool or an instruction."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ...schema.keywords import ANY_SCHEMA
from ...types.chat.structured import OutputMode, StructuredOutput
from ...types.config.call import Call
from ...types.tools.provider_tools import HostedTool, RemoteMCP, ServerTool, WebSearch
from ...types.tools.tool_definition import ToolChoice, ToolDefinition
from ...wire import json
from ..base import Quirks
from .plan import WarningCollector

AnyTool = ToolDefinition | ServerTool | HostedTool


def select_tools(
    tools: Sequence[AnyTool], choice: ToolChoice | None, warnings: WarningCollector, *, one_by_name: bool
) -> Sequence[AnyTool]:
    """Apply a tool choice that the dialect does not support by sending only the chosen tools."""
    if choice is None or not choice.names or choice.mode == "none":
        return tools
    if one_by_name and len(choice.names) == 1 and choice.mode == "required":
        return tools
    chosen = [tool for tool in tools if isinstance(tool, ToolDefinition) and tool.name in choice.names]
    if len(chosen) < len(tools):
        warnings.translated("tool_choice", f"only {', '.join(choice.names)} may be called, so others are not sent")
    return chosen


@dataclass(slots=True, eq=False)
class ProviderToolsWire:
    """Provider tools in a request: entries of the tool list, and additional body fields."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)


def warn_unsupported_settings(tool: HostedTool, text: Sequence[str], warnings: WarningCollector) -> None:
    """Warn about settings of a tool that the dialect does not support."""
    for name, value in tool:
        if name != "kind" and name not in text and value not in (None, (), {}):
            warnings.unsupported(f"{tool.kind}.{name}")


def warn_unsupported_tool(tool: HostedTool, warnings: WarningCollector, reason: str = "it has no such tool") -> None:
    warnings.unsupported(tool.kind, f"{reason}; it was left out")


def can_ask(server: RemoteMCP, warnings: WarningCollector) -> bool:
    """Return whether a provider that runs every call itself may get the server; if calls need approval, it may not."""
    if server.needs_approval:
        warnings.unsupported(
            "remote_mcp.needs_approval", "the provider cannot ask before it calls a tool; the server was left out"
        )
    return not server.needs_approval


def named_options(tool: HostedTool, names: Mapping[str, str], warnings: WarningCollector) -> dict[str, Any]:
    """Return the options of a tool that are set, under the names of the provider, and warn about all others."""
    warn_unsupported_settings(tool, tuple(names), warnings)
    options: dict[str, Any] = tool.model_dump(mode="json", include=set(names), exclude_defaults=True, exclude_none=True)
    return {name: options[field] for field, name in names.items() if field in options}


def user_location(search: WebSearch) -> dict[str, Any]:
    """Return the location in the format that most providers use."""
    return {"type": "approximate", **search.place.model_dump(exclude_none=True)} if search.place else {}


def write_raw(tools: Sequence[AnyTool], warnings: WarningCollector) -> list[dict[str, Any]]:
    """Return only raw tools, for providers without tools of their own."""
    written: list[dict[str, Any]] = []
    for tool in tools:
        if isinstance(tool, ServerTool):
            written.append(tool.spec)
        elif not isinstance(tool, ToolDefinition):
            warn_unsupported_tool(tool, warnings)
    return written


IdRule = Literal["any", "short", "long", "nine", "word64"]
"""Allowed formats: `short` and `long` are any characters, up to 40 or 64; `nine` is nine letters and digits."""

NINE = re.compile(r"[A-Za-z0-9]{9}")
WORD64 = re.compile(r"[A-Za-z0-9_-]{1,64}")


def legal_id(given: str, rule: IdRule) -> str:
    """Return the id if it is valid, else one derived from it; the result is deterministic."""
    return RULES[rule](given)


def any_id(given: str) -> str:
    return given


def shorten_id(given: str) -> str:
    return given if len(given) <= 40 else f"call_{digest(given)[:24]}"


def pad_id(given: str) -> str:
    return given if len(given) <= 64 else f"call_{digest(given)[:24]}"


def nine_character_id(given: str) -> str:
    return given if NINE.fullmatch(given) else digest(given)[:9]


def word_id(given: str) -> str:
    return given if WORD64.fullmatch(given) else f"call_{digest(given)[:24]}"


def digest(given: str) -> str:
    return hashlib.sha256(given.encode()).hexdigest()


RULES: dict[IdRule, Callable[[str], str]] = {
    "any": any_id,
    "short": shorten_id,
    "long": pad_id,
    "nine": nine_character_id,
    "word64": word_id,
}


INSTRUCTION = "Answer with JSON that satisfies this JSON Schema, and with nothing else:\n"


def output_mode(call: Call, quirks: Quirks) -> OutputMode | None:
    """Return the mode for this call and dialect; None without structured output."""
    shape = call.config.structured_output
    if shape is None:
        return None
    if shape.mode != "auto" and shape.mode in quirks.structured:
        return shape.mode
    for mode in quirks.structured:
        if mode != "native" or supports_schema(call, shape, quirks):
            return mode
    return "prompt"


def supports_schema(call: Call, shape: StructuredOutput, quirks: Quirks) -> bool:
    """Whether the schema can be sent natively, strict or not."""
    if call.config.tools and not quirks.structured_with_tools:
        return False
    if quirks.loose_rules is not None:
        return True
    return quirks.schema_rules is not None and not shape.transformed(quirks.schema_rules).impossible


def apply_output_mode(call: Call, quirks: Quirks, warnings: WarningCollector) -> Call:
    """Add what the mode needs to the call: an output tool, or the schema in the prompt."""
    shape = call.config.structured_output
    if shape is None or (mode := output_mode(call, quirks)) is None:
        return call
    if shape.mode not in ("auto", mode):
        warnings.translated("structured_output", f"mode {shape.mode!r} is not supported; {mode!r} is used")
    elif mode == "prompt" and shape.mode == "auto":
        warnings.translated("structured_output", "the schema is sent in the prompt, and the answer is validated here")
    if mode == "tool":
        return add_output_tool(call, shape)
    if mode == "prompt" or quirks.hides_schema:
        schema = json.dumps(shape.output_schema).decode()
        return replace(call, instructions=(*call.instructions, INSTRUCTION + schema))
    return call


def native_schema(shape: StructuredOutput, quirks: Quirks, warnings: WarningCollector) -> tuple[dict[str, Any], bool]:
    """Return the schema in the form of the dialect, and whether the provider enforces it."""
    if shape.strict is not False and quirks.schema_rules is not None:
        fitted = shape.transformed(quirks.schema_rules)
        if not fitted.impossible:
            warn_dropped_constraints(fitted.unsupported, "structured_output", warnings)
            return fitted.schema, True
        why = "; ".join(fitted.impossible)
        warnings.translated(
            "structured_output", f"the provider does not enforce it; the answer is validated here ({why})"
        )
    fitted = shape.transformed(quirks.loose_rules or ANY_SCHEMA)
    warn_dropped_constraints(fitted.unsupported, "structured_output", warnings)
    return fitted.schema, False


def tool_schema(tool: ToolDefinition, quirks: Quirks, warnings: WarningCollector) -> tuple[dict[str, Any], bool | None]:
    """Return the parameter schema of a tool in the form of the dialect, and whether the provider enforces it."""
    if not tool.strict and quirks.tool_rules is ANY_SCHEMA:
        return tool.parameters, tool.strict
    if tool.strict and quirks.schema_rules is not None:
        fitted = tool.transformed(quirks.schema_rules)
        if not fitted.impossible:
            warn_dropped_constraints(fitted.unsupported, f"tools.{tool.name}", warnings)
            return fitted.schema, True
        why = "; ".join(fitted.impossible)
        warnings.translated(f"tools.{tool.name}", f"its schema is not enforced by the provider ({why})")
    fitted = tool.transformed(quirks.tool_rules)
    warn_dropped_constraints(fitted.unsupported, f"tools.{tool.name}", warnings)
    return fitted.schema, False if tool.strict else tool.strict


CLAUDE_FIELDS = frozenset(
    {"allowed_callers", "cache_control", "defer_loading", "eager_input_streaming", "input_examples"}
)
RESPONSES_FIELDS = frozenset({"allowed_callers", "async", "defer_loading", "output_schema"})
GEMINI_FIELDS = frozenset({"behavior", "response", "responseJsonSchema"})
VENDOR_FIELDS = CLAUDE_FIELDS | RESPONSES_FIELDS | GEMINI_FIELDS


def extra_fields(
    tool: ToolDefinition, quirks: Quirks, warnings: WarningCollector, further: Collection[str] = ()
) -> dict[str, Any]:
    """Return the extras of a tool that this dialect takes; those that nobody is known to take are sent as well.

    `further` are fields that only this tool takes.
    """
    sent: dict[str, Any] = {}
    for name, value in tool.extras.items():
        known = name in quirks.tool_fields or name in further
        if name in VENDOR_FIELDS and not known:
            warnings.unsupported(f"tools.{name}", "this field of a tool was left out")
            continue
        if not known:
            warnings.unknown(f"tools.{name}")
        sent[name] = value
    return sent


def warn_dropped_constraints(unsupported: tuple[str, ...], parameter: str, warnings: WarningCollector) -> None:
    if unsupported:
        warnings.translated(parameter, f"{', '.join(unsupported)}: sent as text, and validated here")


TOOL_INSTRUCTION = "Gives the final answer."


def add_output_tool(call: Call, shape: StructuredOutput) -> Call:
    """Add a tool whose arguments are the answer; the call must use it if there are no other tools."""
    name = output_tool_name(call, shape)
    tool = ToolDefinition(
        name=name,
        description=shape.description or TOOL_INSTRUCTION,
        parameters=shape.output_schema,
        strict=shape.strict,
    )
    names = () if call.config.tools else (name,)
    choice = call.config.tool_choice
    if choice is None or choice.mode != "required" or names:
        choice = ToolChoice(mode="required", names=names)
    elif choice.names:
        choice = ToolChoice(mode="required", names=(*choice.names, name))
    config = call.config.model_copy(update={"tools": (*call.config.tools, tool), "tool_choice": choice})
    return replace(call, config=config)


def output_tool_name(call: Call, shape: StructuredOutput) -> str:
    """Return a name for the output tool that no other tool has."""
    taken = {tool.name for tool in call.config.tools if isinstance(tool, ToolDefinition)}
    return f"{shape.name}_output" if shape.name in taken else shape.name
