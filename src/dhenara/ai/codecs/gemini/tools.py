"""Tools of a request: functions, and tools of the provider, each one entry of the list."""

from __future__ import annotations

from collections.abc import Sequence

from ...types.config.call import AIModelCallConfig, Call
from ...types.tools.provider_tools import CodeExecution, FileSearch, RemoteMCP, ServerTool, WebSearch
from ...types.tools.tool_definition import ToolChoice, ToolDefinition
from ..common.caller_tools import split_tools
from ..common.plan import WarningCollector
from ..common.response_fields import Wire
from ..common.tools import AnyTool, ProviderToolsWire, extra_fields, tool_schema, warn_unsupported_settings
from ..quirks import GeminiQuirks


def write_provider_tools(
    tools: Sequence[AnyTool], quirks: GeminiQuirks, warnings: WarningCollector
) -> ProviderToolsWire:
    result = ProviderToolsWire()
    for tool in tools:
        match tool:
            case ToolDefinition():
                continue
            case ServerTool():
                result.entries.append(tool.spec)
            case WebSearch():
                result.entries.append({"googleSearch": write_search(tool, quirks, warnings)})
            case CodeExecution():
                warn_unsupported_settings(tool, (), warnings)
                result.entries.append({"codeExecution": {}})
            case FileSearch():
                result.entries.append({"fileSearch": write_file_search(tool, warnings)})
            case RemoteMCP():
                result.entries.append({"mcpServers": [write_mcp(tool, warnings)]})
    return result


def write_search(search: WebSearch, quirks: GeminiQuirks, warnings: WarningCollector) -> Wire:
    if search.blocked_domains and quirks.excludes_domains:
        warn_unsupported_settings(search, ("blocked_domains",), warnings)
        return {"excludeDomains": list(search.blocked_domains)}
    warn_unsupported_settings(search, (), warnings)
    return {}


def write_file_search(search: FileSearch, warnings: WarningCollector) -> Wire:
    """Encode file search; the filter is one expression."""
    written: Wire = {"fileSearchStoreNames": list(search.store_ids)}
    if search.max_results is not None:
        written["topK"] = search.max_results
    if search.filters is not None and isinstance(search.filters.get("metadataFilter"), str):
        written["metadataFilter"] = search.filters["metadataFilter"]
    elif search.filters is not None:
        warnings.unsupported("file_search.filters", "use {'metadataFilter': '...'}")
    return written


def write_mcp(server: RemoteMCP, warnings: WarningCollector) -> Wire:
    warn_unsupported_settings(server, ("name", "url", "authorization", "headers"), warnings)
    headers = {name: value.get_secret_value() for name, value in server.headers.items()}
    if token := server.token():
        headers.setdefault("Authorization", f"Bearer {token}")
    transport: Wire = {"url": server.url, **({"headers": headers} if headers else {})}
    return {"name": server.name, "streamableHttpTransport": transport}


MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}


COMPUTER_FIELDS = ("excludedPredefinedFunctions", "enablePromptInjectionDetection", "disabledSafetyPolicies")
ENVIRONMENTS = {"browser": "BROWSER", "mobile": "MOBILE"}


def write_tools(call: Call, quirks: GeminiQuirks, warnings: WarningCollector) -> Wire:
    """Encode the tools: all functions in one entry, each provider tool in its own."""
    config = call.config
    shown, native = split_tools(config.tools, call, "gemini", warnings)
    functions = [write_tool(tool, quirks, warnings) for tool in shown]
    tools: list[Wire] = [{"functionDeclarations": functions}] if functions else []
    for tool, version in native:
        place = f"ENVIRONMENT_{ENVIRONMENTS.get(tool.environment, 'DESKTOP')}"
        tools.append({version.version: {**extra_fields(tool, quirks, warnings, COMPUTER_FIELDS), "environment": place}})
    tools += write_provider_tools(config.tools, quirks, warnings).entries
    if not tools:
        return {}
    written: Wire = {"tools": tools}
    if config.tool_choice is not None and functions:
        written["toolConfig"] = {"functionCallingConfig": write_choice(config.tool_choice, config, warnings)}
    elif any(isinstance(tool, ToolDefinition) and tool.strict for tool in config.tools):
        written["toolConfig"] = {"functionCallingConfig": {"mode": "VALIDATED"}}
    return written


def write_tool(tool: ToolDefinition, quirks: GeminiQuirks, warnings: WarningCollector) -> Wire:
    schema, _ = tool_schema(tool, quirks, warnings)
    written: Wire = {"name": tool.name, "parametersJsonSchema": schema}
    if tool.description is not None:
        written["description"] = tool.description
    return {**extra_fields(tool, quirks, warnings), **written}


def write_choice(choice: ToolChoice, config: AIModelCallConfig, warnings: WarningCollector) -> Wire:
    mode = MODES[choice.mode]
    if choice.names and choice.mode == "auto":
        # Names are only allowed if a call is forced or validated.
        mode = "VALIDATED"
    return {"mode": mode, **({"allowedFunctionNames": list(choice.names)} if choice.names and mode != "NONE" else {})}
