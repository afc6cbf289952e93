"""Output tool: structured output as the arguments of a tool call."""

from __future__ import annotations

from ..dataclass import replace
from ..types.call import Call
from ..types.structured import StructuredOutput
from ..types.tools import ToolChoice, ToolDefinition

INSTRUCTION = "Gives the final answer."


def add_output_tool(call: Call, shape: StructuredOutput) -> Call:
    """Add a tool whose arguments are the answer; the call must use it if there are no other tools."""
    name = output_tool_name(call, shape)
    tool = ToolDefinition(
        name=name,
        description=shape.description or INSTRUCTION,
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
