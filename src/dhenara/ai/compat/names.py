"""Names of dhenara-ai 1.x and where they are now, and the YAML of its credentials files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ..catalog.model_info import constants
from ..errors import ConfigurationError, RemovedNameError
from ..lazy_package import lazy_package
from ..types.genai.foundation_models import VENDORS

HOMES: dict[str, tuple[str, ...]] = {
    ".tools": (
        *("FunctionDefinition", "FunctionParameter", "FunctionParameters", "StructuredOutputConfig"),
        "function_parameter_from_json_schema",
        *("AIModelFunctionalTypeEnum", "AIModelProviderEnum", "BaseEnum", "ChatResponseContentItemType", "ContentType"),
        *("ExternalApiCallStatusEnum", "GoogleAiMessageRoleEnum", "ImageContentFormat", "MODEL_TO_API_MAPPING"),
        *("OpenAiMessageRoleEnum", "PlatformEnvTypeEnum", "PromptMessageRoleEnum", "ResourceConfigItemTypeEnum"),
        "ResourceQueryFieldsEnum",
    ),
    ".requests": (
        *("FormattedPrompt", "HostedToolDefinition", "HostedToolUserLocation", "InputContent"),
        *("MessageItem", "PromptConfig", "PromptText", "SystemInstruction", "TextTemplate"),
        *("TextTemplateVariableProps", "ToolCallResult", "ToolCallResultsMessage", "WebSearchHostedTool"),
    ),
    ".responses": (
        *("AIModelCallResponseMetaData", "ChatMessageContentPart", "ChatResponseStructuredOutput"),
        *("ChatResponseToolCall", "ChatResponseToolCallResult", "ExternalApiCallStatus", "ImageResponseChoice"),
        *("HostedToolUsage", "UsageCharge", "UsageChargeComponent"),
    ),
    ".stand_ins": (
        *("ChatResponseGenericContentItem", "ChatResponseReasoningContentItem", "ChatResponseTextContentItem"),
        *("ChatResponseStructuredOutputContentItem", "ChatResponseToolCallContentItem", "ChatResponseUsage"),
        *("ImageResponseContentItem", "ImageResponseUsage", "read_response"),
    ),
    ".models": ("AIModelClientFactory", "BaseCostData", "FoundationModel", "ImageModelSettings"),
    ".resources": ("ResourceConfig", "ResourceConfigItem", "ResourceQueryMapping"),
}
"""Modules of this package, with the names of version 1 in them."""

RENAMED: dict[str, tuple[str, str]] = {
    old: (module, new)
    for module, names in {
        "..types": {
            "BaseAIModel": "AIModel",
            "BaseChatResponseContentItem": "Content",
            "BaseResponseContentItem": "Content",
            "BaseTextPrompt": "Prompt",
            "ChatResponseContentItem": "ContentItem",
            "ChatResponseGenericContentItemDelta": "OtherContentDelta",
            "ChatResponseReasoningContentItemDelta": "ReasoningContentDelta",
            "ChatResponseTextContentItemDelta": "TextContentDelta",
            "ChatResponseToolCallContentItemDelta": "ToolCallContentDelta",
        },
        "..types.chat.chunk": {
            "BaseChatResponseContentItemDelta": "ContentDeltaBase",
            "ChatResponseContentItemDelta": "ChatContentDelta",
        },
        "..types.model_base": {"BaseModel": "FrozenModel"},
        "..errors": {
            "DhenaraAPIError": "CallError",
            "DhenaraConnectionError": "ConnectionFailedError",
            "DhenaraError": "DhenaraError",
        },
    }.items()
    for old, new in names.items()
}
"""Old name to the module and the name in this version."""

OWN_TYPES = "Define a pydantic model of your own; the client never used it."
PROVIDERS = "Providers are data: register_provider(Provider(...)), see docs/adding-a-provider.md."
FILES = "Pass paths, bytes, ImageContent or FileContent as parts of a prompt."
HOSTED = "Use WebSearch(), CodeExecution(), FileSearch() or RemoteMCP() in tools=."
ARTIFACTS = "Pass AIModelCallConfig(artifact_config=ArtifactConfig(...)), which writes the files."
ONE_CLIENT = "One AIModelClient has sync and async methods: generate(...) and generate_async(...)."

REMOVED: dict[str, str] = {
    name: advice
    for advice, names in {
        OWN_TYPES: (
            *("ApiRequest", "ApiRequestActionTypeEnum", "ApiResponse", "ApiResponseMessage"),
            *("ApiResponseMessageStatusCode", "ApiResponseMessageType", "ApiResponseStatus", "ISODateTime"),
        ),
        PROVIDERS: (
            *("AIModelProviderClientBase", "BaseFormatter", "BaseMessageConverter", "INTStreamingProgress"),
            "StreamingManager",
        ),
        "Credentials are read by each provider: see docs/providers.md.": (
            *("CredentialFieldConfig", "CredentialOutputMapping", "PROVIDER_CONFIGS", "ProviderCredentialsConfig"),
        ),
        FILES: (
            *("FileContentData", "FileContentFormatEnum", "FileFormatEnum", "FileMetadata", "FileProcessingStatusEnum"),
            *("GenericFile", "GenericFileContent", "ProcessedFile", "StoredFile"),
        ),
        HOSTED: (
            *("BuiltInTool", "HostedToolKind", "HostedToolProviderSpec", "get_hosted_tool_provider_spec"),
            "get_hosted_tool_support",
        ),
        "Prices of provider-run tools are in the price list; usage.server_tool_requests counts the calls.": (
            "HostedToolCostRule",
        ),
        "Use ContextPolicy(compact_at=..., clear_tool_results_at=...).": ("AIModelContextPolicy",),
        "Use ChatModelSettings.reasoning_efforts and max_reasoning_tokens.": ("ReasoningControlMode",),
        "Fill in templates before you pass them, for example with str.format.": ("ObjectTemplate",),
        ARTIFACTS: (
            *("AI_DISK", "AI_JSON", "ArtifactKind", "ArtifactMetadata", "ArtifactWriter", "DAI_DISK", "DAI_JSON"),
            *("DaiDiskOps", "DaiJsonOps", "TestArtifactManager", "artifact_run_directory", "default_artifact_manager"),
        ),
        ONE_CLIENT: ("AsyncToSyncWrapper", "SyncWrapperConfig", "sync_wrapper"),
        "Pass AIModelCallConfig(test_mode=True), or use dhenara.ai.testing.FakeServer.": ("DummyAIModelResponseFns",),
        "Pass the messages to generate(messages=...); an image model gets their text.": ("build_image_prompt_text",),
    }.items()
    for name in names
}
"""Names of version 1 that this version does not have, and what to use."""

PLACES: dict[str, tuple[str, str]] = {name: (module, name) for module, names in HOMES.items() for name in names}


def find_old_name(name: str) -> Any:
    """Return what a name of version 1 stands for.

    Args:
        name: The name.

    Returns:
        The class, function or constant.

    Raises:
        RemovedNameError: This version does not have it; the message says what to use.
        AttributeError: Version 1 had no such name.
    """
    if name in REMOVED:
        raise RemovedNameError(f"{name} of dhenara-ai 1.x does not exist in this version. {REMOVED[name]}")
    place = PLACES.get(name) or RENAMED.get(name)
    if place is None:
        if name.endswith("_MODELS") or name == "FoundationModelFns":
            return getattr(import_module("..types.genai.foundation_models", __package__), name)
        raise AttributeError(name)
    module, own_name = place
    return getattr(import_module(module, __package__), own_name)


MODELS = "dhenara.ai.types.genai.foundation_models"
CONSTANTS = {f"{MODELS}.{vendor}.{kind}": (vendor, kind) for kind, vendors in VENDORS.items() for vendor in vendors}
"""Modules with the models of one vendor as constants."""

OLD_MODULES: dict[str, str] = {
    f"dhenara.ai.{module}": home
    for home, modules in {
        "dhenara.ai": ("ai_client", "ai_client.ai_client", "ai_client.factory"),
        "dhenara.ai.types": (
            *("providers.base", "types.resource", "types.genai.ai_model", "types.genai.dhenara"),
            *("types.genai.dhenara.request", "types.genai.dhenara.request.data", "types.genai.dhenara.response"),
            *("types.shared.api", "types.shared.base", "types.shared.file", "types.shared.platform"),
        ),
        MODELS: ("types.genai.foundation_models.fns",),
        "dhenara.ai.types.conversation": ("types.conversation._node",),
    }.items()
    for module in modules
} | {place: MODELS for module in CONSTANTS for place in (module, module.rpartition(".")[0])}
"""Modules of version 1 that have no file, with the package where their names are found."""


def open_old_module(name: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` of a module of version 1.

    Args:
        name: Its full name, one of `OLD_MODULES`.

    Returns:
        The two functions.
    """
    if name in CONSTANTS:
        return constants(*CONSTANTS[name])
    if name.rpartition(".")[0] == MODELS and not name.endswith(".fns"):
        return lazy_package(name, {})
    own = {"Content": "dhenara.ai.compat.requests"} if ".genai.dhenara.request" in name else {}
    return lazy_package(name, own, beyond=OLD_MODULES[name])


ENTRY = re.compile(r"""(?P<key>"[^"]*"|'[^']*'|[^\s#'"{}\[\]&*!|>%@`:,][^:#]*?)\s*:(?:\s+(?P<value>.*))?$""")
WORDS = {"": None, "null": None, "~": None, "true": True, "false": False}


@dataclass(slots=True)
class Lines:
    """The lines of a file that are left to read.

    Attributes:
        lines: All lines.
        at: Index of the next line.
    """

    lines: list[str]
    at: int = 0

    def peek(self) -> str | None:
        """Return the next line with content, without consuming it; None at the end."""
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.strip() and not line.lstrip().startswith("#") and line.strip() != "---":
                return line
            self.at += 1
        return None

    def unreadable(self, why: str) -> ConfigurationError:
        """Return the error for the next line."""
        return ConfigurationError(
            f"line {self.at + 1}: {why}. Install PyYAML (`pip install pyyaml`) to read such a file"
        )


def indent_of(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def read_yaml(text: str) -> Any:
    """Return the content of a YAML file that consists of nested mappings.

    Args:
        text: The YAML text.

    Returns:
        The mapping; None if there is nothing.

    Raises:
        ConfigurationError: It contains YAML that is not read here, such as lists or anchors.
    """
    lines = Lines(text.splitlines())
    first = lines.peek()
    return None if first is None else read_mapping(lines, indent_of(first))


def read_mapping(lines: Lines, indent: int) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    while (line := lines.peek()) is not None and indent_of(line) >= indent:
        entry = ENTRY.fullmatch(line.strip())
        if entry is None or "\t" in line[: indent + 1] or indent_of(line) != indent:
            raise lines.unreadable("this is not `name: value`")
        key = str(read_scalar(lines, entry["key"]) if entry["key"][0] in "'\"" else entry["key"])
        if key in mapping:
            raise lines.unreadable(f"{key!r} is set twice")
        lines_of_value = entry["value"] or ""
        if lines_of_value[:1] in ("|", ">"):
            lines.at += 1
            mapping[key] = read_block(lines, indent, folded=lines_of_value[0] == ">")
            continue
        value = without_comment(lines, lines_of_value)
        if value[:1] in tuple("[{&*!%@`"):
            mapping[key] = read_json(lines, value)
            lines.at += 1
            continue
        mapping[key] = read_scalar(lines, value)
        lines.at += 1
        inner = lines.peek() if value == "" else None
        if inner is not None and indent_of(inner) > indent:
            mapping[key] = read_mapping(lines, indent_of(inner))
    return mapping


def read_block(lines: Lines, indent: int, *, folded: bool) -> str:
    """Return a block text (`|` or `>`): the following lines that are indented more."""
    texts: list[str] = []
    while lines.at < len(lines.lines):
        line = lines.lines[lines.at]
        if line.strip() and indent_of(line) <= indent:
            break
        texts.append(line)
        lines.at += 1
    width = min((indent_of(line) for line in texts if line.strip()), default=0)
    return (" " if folded else "\n").join(line[width:] for line in texts).strip("\n ") + "\n"


QUOTED = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')\s*(?:#.*)?""")


def without_comment(lines: Lines, value: str) -> str:
    """Return the value without the comment after it."""
    if value[:1] in ("'", '"'):
        quoted = QUOTED.fullmatch(value)
        if quoted is None:
            raise lines.unreadable("the quotes are not closed in this line")
        return quoted[1]
    return re.split(r"(?:^|\s)#", value, maxsplit=1)[0].strip()


def looks_like_number(value: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", value) is not None


def read_json(lines: Lines, value: str) -> Any:
    """Return a value in JSON, which is YAML too, such as `{}`."""
    try:
        return json.loads(value)
    except ValueError:
        raise lines.unreadable(f"a value that begins with {value[0]!r} is not read here") from None


def read_scalar(lines: Lines, value: str) -> Any:
    if value.startswith('"'):
        return read_json(lines, value)
    if value.startswith("'"):
        return value[1:-1].replace("''", "'")
    if value.lower() in WORDS:
        return WORDS[value.lower()]
    if looks_like_number(value):
        return float(value) if "." in value else int(value)
    return value
