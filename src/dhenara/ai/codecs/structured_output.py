"""Shaping: a call for structured output as a dialect can be asked for it, natively, by a tool, or in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..dataclass import replace
from ..schema.rules import ANY_SCHEMA
from ..types.call import Call
from ..wire import json
from .base import Quirks
from .warnings import WarningCollector

if TYPE_CHECKING:
    from ..types.structured import OutputMode, StructuredOutput
    from ..types.tools import ToolDefinition

INSTRUCTION = "Answer with JSON that satisfies this JSON Schema, and with nothing else:\n"


def output_mode(call: Call, quirks: Quirks) -> OutputMode | None:
    """How this dialect is held to the shape; None where none was asked for."""
    shape = call.config.structured_output
    if shape is None:
        return None
    if shape.mode != "auto" and shape.mode in quirks.structured:
        return shape.mode
    return next(
        (mode for mode in quirks.structured if mode != "native" or supports_schema(call, shape, quirks)), "prompt"
    )


def supports_schema(call: Call, shape: StructuredOutput, quirks: Quirks) -> bool:
    """Whether the schema can be given natively, as something to hold to or at least as a wish."""
    if call.config.tools and not quirks.structured_with_tools:
        return False
    if quirks.loose_rules is not None:
        return True
    return quirks.schema_rules is not None and not shape.transformed(quirks.schema_rules).impossible


def apply_output_mode(call: Call, quirks: Quirks, warnings: WarningCollector) -> Call:
    """The call with what the mode needs beside it: a tool to answer with, or the schema in words."""
    shape, mode = call.config.structured_output, output_mode(call, quirks)
    if shape is None or mode is None:
        return call
    if shape.mode not in ("auto", mode):
        warnings.translated("structured_output", f"the mode {shape.mode!r} is not offered; it is {mode!r} instead")
    elif mode == "prompt" and shape.mode == "auto":
        warnings.translated("structured_output", "the schema is asked for in words, and the answer is checked here")
    if mode == "tool":
        from .output_tool import add_output_tool

        return add_output_tool(call, shape)
    if mode == "prompt" or quirks.hides_schema:
        schema = json.dumps(shape.output_schema).decode()
        return replace(call, instructions=(*call.instructions, INSTRUCTION + schema))
    return call


def native_schema(shape: StructuredOutput, quirks: Quirks, warnings: WarningCollector) -> tuple[dict[str, Any], bool]:
    """The schema in the dialect's words, and whether the provider holds the answer to it."""
    if shape.strict is not False and quirks.schema_rules is not None:
        fitted = shape.transformed(quirks.schema_rules)
        if not fitted.impossible:
            warn_dropped_constraints(fitted.unsaid, "structured_output", warnings)
            return fitted.schema, True
        why = "; ".join(fitted.impossible)
        warnings.translated("structured_output", f"the answer is not held to the schema, but checked here ({why})")
    fitted = shape.transformed(quirks.loose_rules or ANY_SCHEMA)
    warn_dropped_constraints(fitted.unsaid, "structured_output", warnings)
    return fitted.schema, False


def tool_schema(tool: ToolDefinition, quirks: Quirks, warnings: WarningCollector) -> tuple[dict[str, Any], bool | None]:
    """A tool's parameters in the dialect's words, and whether its calls are to be held to them."""
    if not tool.strict and quirks.tool_rules is ANY_SCHEMA:
        return tool.parameters, tool.strict
    if tool.strict and quirks.schema_rules is not None:
        fitted = tool.transformed(quirks.schema_rules)
        if not fitted.impossible:
            warn_dropped_constraints(fitted.unsaid, f"tools.{tool.name}", warnings)
            return fitted.schema, True
        why = "; ".join(fitted.impossible)
        warnings.translated(f"tools.{tool.name}", f"its calls are not held to the schema ({why})")
    fitted = tool.transformed(quirks.tool_rules)
    warn_dropped_constraints(fitted.unsaid, f"tools.{tool.name}", warnings)
    return fitted.schema, False if tool.strict else tool.strict


def warn_dropped_constraints(unsaid: tuple[str, ...], parameter: str, warnings: WarningCollector) -> None:
    if unsaid:
        warnings.translated(parameter, f"{', '.join(unsaid)}: told in words, and checked here")
