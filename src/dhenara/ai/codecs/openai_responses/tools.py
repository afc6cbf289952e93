"""Tools: those of the provider, what responses say of their use, and the vendor's calls that the caller runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...types.chat.usage import Usage
from ...types.config.call import Call
from ...types.content.parts import ImageContent, ToolResultContent
from ...types.tools.provider_tools import CodeExecution, FileSearch, HostedTool, RemoteMCP, ServerTool, WebSearch
from ...types.tools.tool_definition import ToolDefinition
from ...wire import json
from ..common.media import data_url
from ..common.plan import WarningCollector, is_own_part
from ..common.response_fields import Report, Wire, count, read_name, read_object, read_objects, read_text
from ..common.tools import (
    AnyTool,
    ProviderToolsWire,
    can_ask,
    named_options,
    user_location,
    warn_unsupported_settings,
    warn_unsupported_tool,
)
from ..quirks import ResponsesQuirks


def write_provider_tools(
    tools: Sequence[AnyTool], quirks: ResponsesQuirks, warnings: WarningCollector
) -> ProviderToolsWire:
    result = ProviderToolsWire()
    for tool in tools:
        match tool:
            case ToolDefinition() | HostedTool(kind="tool_search"):
                continue
            case ServerTool():
                result.entries.append(tool.spec)
            case WebSearch():
                result.entries.append(write_search(tool, quirks, warnings))
            case CodeExecution():
                result.entries.append(write_code(tool))
            case FileSearch():
                result.entries.append(write_file_search(tool))
            case RemoteMCP():
                if quirks.mcp_approval or can_ask(tool, warnings):
                    result.entries.append(write_mcp(tool))
            case HostedTool() if tool.kind in quirks.hosted_tools:
                result.entries.append({"type": tool.kind, **named_options(tool, HOSTED[tool.kind], warnings)})
            case _:
                warn_unsupported_tool(tool, warnings)
    return result


HOSTED: Mapping[str, Mapping[str, str]] = {
    "x_search": {
        "allowed_handles": "allowed_x_handles",
        "excluded_handles": "excluded_x_handles",
        "from_date": "from_date",
        "to_date": "to_date",
        "images": "enable_image_understanding",
        "videos": "enable_video_understanding",
    },
    "image_generation": {
        **{name: name for name in ("model", "action", "size", "quality", "background", "output_format")},
        **{name: name for name in ("moderation", "input_fidelity", "partial_images")},
        "compression": "output_compression",
    },
}
"""The options of further tools, with their names in a request."""


def write_search(search: WebSearch, quirks: ResponsesQuirks, warnings: WarningCollector) -> Wire:
    text = ("allowed_domains", "context_size", "place")
    warn_unsupported_settings(search, text if quirks.blocked_domains is None else (*text, "blocked_domains"), warnings)
    written: Wire = {"type": "web_search"}
    filters: Wire = {"allowed_domains": list(search.allowed_domains)} if search.allowed_domains else {}
    if search.blocked_domains and quirks.blocked_domains:
        filters[quirks.blocked_domains] = list(search.blocked_domains)
    if filters:
        written["filters"] = filters
    if search.context_size:
        written["search_context_size"] = search.context_size
    if place := user_location(search):
        written["user_location"] = place
    return written


def write_code(code: CodeExecution) -> Wire:
    """Encode code execution. With skills it is a shell, because the code interpreter has none."""
    container = None if code.container == "new" else code.container
    options: Wire = {"file_ids": list(code.file_ids)} if code.file_ids else {}
    if code.memory_limit is not None:
        options["memory_limit"] = code.memory_limit
    if not code.skills:
        return {"type": "code_interpreter", "container": container or {"type": "auto", **options}}
    if container is not None:
        return {"type": "shell", "environment": {"type": "container_reference", "container_id": container}}
    options["skills"] = [write_skill(skill) for skill in code.skills]
    return {"type": "shell", "environment": {"type": "container_auto", **options}}


def write_skill(skill: str) -> Wire:
    name, _, version = skill.partition("@")
    return {"type": "skill_reference", "skill_id": name, **({"version": version} if version else {})}


def write_file_search(search: FileSearch) -> Wire:
    written: Wire = {"type": "file_search", "vector_store_ids": list(search.store_ids)}
    if search.max_results is not None:
        written["max_num_results"] = search.max_results
    return written if search.filters is None else {**written, "filters": search.filters}


def write_mcp(server: RemoteMCP) -> Wire:
    """Encode an MCP server. Without `require_approval`, every call would need one."""
    written: Wire = {"type": "mcp", "server_label": server.name, "server_url": server.url}
    written["require_approval"] = write_approval(server)
    if token := server.token():
        written["authorization"] = token
    if server.headers:
        written["headers"] = {name: value.get_secret_value() for name, value in server.headers.items()}
    if server.allowed_tools:
        written["allowed_tools"] = list(server.allowed_tools)
    if server.description:
        written["server_description"] = server.description
    return written


def write_approval(server: RemoteMCP) -> str | Wire:
    if isinstance(server.needs_approval, bool) or not server.needs_approval:
        return "always" if server.needs_approval else "never"
    written: Wire = {"always": {"tool_names": list(server.needs_approval)}}
    if others := [name for name in server.allowed_tools if name not in server.needs_approval]:
        written["never"] = {"tool_names": others}
    return written


FUNCTION, CUSTOM, CUSTOM_TOOL = "function_call", "custom_tool_call", "custom"
ABOUT = frozenset({"id", "call_id", "type", "status", "execution", "created_by", "caller"})
"""Fields of an item that are not arguments of its call."""

Outputs = dict[str, Callable[[ToolResultContent, WarningCollector], Wire]]


def is_for_caller(item: Wire, *, runs_custom_tools: bool) -> bool:
    """Whether the caller has to run this item."""
    match read_text(item, "type"):
        case "function_call":
            return True
        case "custom_tool_call":
            return not runs_custom_tools
        case "shell_call":
            # The output of shells in the provider's container is in the same response.
            return not read_text(read_object(item, "environment"), "type").startswith("container")
        case "tool_search_call":
            return item.get("execution") == "client"
        case kind:
            return kind in OUTPUTS


def is_vendor_call(kind: str) -> bool:
    """Whether calls of this type are not functions and are not streamed in readable pieces."""
    return kind in OUTPUTS and kind != CUSTOM


def call_id_of(item: Wire) -> str | None:
    """Return the call id; approvals are answered with the id of their request."""
    return read_name(item, "call_id") or read_name(item, "id")


def arguments_of(item: Wire) -> str:
    """Return all arguments of the item as a JSON object."""
    request = {name: value for name, value in item.items() if name not in ABOUT and value is not None}
    given = request.get("arguments")
    if isinstance(given, str):
        try:
            request["arguments"] = json.loads(given, json.DEEPEST_INSIDE)
        except ValueError:
            pass
    return json.dumps(request).decode()


def kinds_of_calls(call: Call, protocol: str) -> dict[str, str]:
    """Return the call ids in the history that need a special output, with the types of their items."""
    return {
        part.id: kind
        for message in call.messages
        for part in message.contents
        if part.type == "tool_call"
        and (kind := read_text(read_object(part.extras, "item"), "type")) in OUTPUTS
        and is_own_part(part, call, protocol)
    }


def write_output(kind: str, result: ToolResultContent, warnings: WarningCollector) -> Wire:
    """Encode the output item; one in the provider's own format is sent unchanged."""
    given = result.output
    if isinstance(given, Mapping) and read_text(given, "type") in (f"{kind}_output", "mcp_approval_response"):
        return dict(given)
    return OUTPUTS[kind](result, warnings)


def custom_output(result: ToolResultContent, warnings: WarningCollector) -> Wire:
    return {"type": "custom_tool_call_output", "call_id": result.call_id, "output": result.get_text()}


def computer_output(result: ToolResultContent, warnings: WarningCollector) -> Wire:
    picture = next((part for part in result.contents if isinstance(part, ImageContent)), None)
    if picture is None:
        warnings.dropped("the text of a computer_call's result", "its result is a screenshot", result)
    shown: Wire = {} if picture is None else {"image_url": picture.url or data_url(picture, "image/png")}
    if picture is not None and picture.file_id is not None:
        shown = {"file_id": picture.file_id}
    output = {"type": "computer_screenshot", **shown}
    checks = result.extras.get("acknowledged_safety_checks")
    confirmed = {"acknowledged_safety_checks": checks} if checks else {}
    return {"type": "computer_call_output", "call_id": result.call_id, "output": output, **confirmed}


def local_shell_output(result: ToolResultContent, warnings: WarningCollector) -> Wire:
    return {"type": "local_shell_call_output", "id": result.call_id, "output": result.get_text()}


def shell_output(result: ToolResultContent, warnings: WarningCollector) -> Wire:
    chunks = result.output
    if not (isinstance(chunks, list) and all(isinstance(one, Mapping) for one in chunks)):
        outcome = {"type": "exit", "exit_code": int(result.is_error)}
        text = result.get_text()
        options = ("", text) if result.is_error else (text, "")
        chunks = [{"stdout": options[0], "stderr": options[1], "outcome": outcome}]
    written: Wire = {"type": "shell_call_output", "call_id": result.call_id, "output": chunks}
    most = result.extras.get("max_output_length")
    return written if most is None else {**written, "max_output_length": most}


def patch_output(result: ToolResultContent, warnings: WarningCollector) -> Wire:
    status = "failed" if result.is_error else "completed"
    written = {"type": "apply_patch_call_output", "call_id": result.call_id, "status": status}
    return {**written, "output": text} if (text := result.get_text()) else written


def approval_response(result: ToolResultContent, warnings: WarningCollector) -> Wire:
    """Encode an approval: True approves; False, a reason or an error declines."""
    approve = result.output is True or (isinstance(result.output, Mapping) and result.output.get("approve") is True)
    written: Wire = {"type": "mcp_approval_response", "approval_request_id": result.call_id, "approve": approve}
    if not approve and isinstance(result.output, str) and result.output:
        written["reason"] = result.output
    return written


def search_output(result: ToolResultContent, warnings: WarningCollector) -> Wire:
    tools = result.output if isinstance(result.output, list) else []
    return {"type": "tool_search_output", "call_id": result.call_id, "execution": "client", "tools": tools}


OUTPUTS: Outputs = {
    CUSTOM: custom_output,
    "computer_call": computer_output,
    "local_shell_call": local_shell_output,
    "shell_call": shell_output,
    "apply_patch_call": patch_output,
    "mcp_approval_request": approval_response,
    "tool_search_call": search_output,
}


def with_tools(usage: Usage, response: Report) -> Usage:
    """Add what the response says about tools beside its usage: searches, and options that determine their price.

    Tokens of generated images are billed at the prices of another model, so they stay in `raw`.
    """
    if not response.get("tool_usage") and not response.get("tools"):
        return usage
    report = read_object(response, "tool_usage")
    searches = count(read_object(report, "web_search"), "num_requests")
    requests = {} if searches is None else {"web_search_requests": searches}
    options = tool_options(read_objects(response, "tools"))
    if not requests and not options:
        return usage
    return usage.model_copy(
        update={
            "server_tool_requests": {**requests, **usage.server_tool_requests},
            "options": {**options, **usage.options},
            "raw": {**usage.raw, "tool_usage": report} if report else usage.raw,
        }
    )


def tool_options(tools: Sequence[Report]) -> dict[str, Any]:
    """Return the options of tools that determine the price of searches and containers."""
    sizes = [tool["search_context_size"] for tool in tools if tool.get("search_context_size")]
    memory = [limit for tool in tools if (limit := read_object(tool, "container").get("memory_limit"))]
    return {
        **({"search_context_size": sizes[0]} if sizes else {}),
        **({"memory_limit": memory[0]} if memory else {}),
    }
