"""Where the names of version 1 are, and what is used in place of those that this version does not have.

A name of version 1 that still exists keeps its place in `dhenara.ai.types`. The others are found here, by every old
import path, when one of them is used: classes of this package, or a class of this version with another name.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from ..catalog.model_info import constants
from ..errors import RemovedNameError
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
