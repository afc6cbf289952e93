"""Every import path and name of dhenara-ai 1.x works, or its error names what this version has."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import dhenara.ai.compat
import dhenara.ai.types
from dhenara.ai.compat import attributes, names
from dhenara.ai.errors import ConfigurationError, RemovedNameError
from dhenara.ai.types.display import OLD_ATTRIBUTES

MODELS = (
    "AIModelAPIProviderEnum AIModelProviderEnum AIModelFunctionalTypeEnum AIModelAPI AIModel FoundationModel "
    "BaseAIModel ChatModelSettings ImageModelSettings ChatModelCostData ImageModelCostData BaseCostData "
    "ValidOptionValue ChatResponseUsage HostedToolUsage ImageResponseUsage UsageCharge UsageChargeComponent "
    "AIModelEndpoint MODEL_TO_API_MAPPING"
)
DATA = (
    "Prompt PromptText PromptConfig Content ContentType TextTemplate TextTemplateVariableProps SystemInstruction "
    "FormattedPrompt PromptMessageRoleEnum MessageItem ToolCallResult ToolCallResultsMessage"
)
REQUEST = (
    f"{DATA} AIModelCallConfig ArtifactConfig FunctionParameter FunctionParameters FunctionDefinition ToolDefinition "
    "ToolChoice WebSearchHostedTool HostedToolDefinition HostedToolUserLocation function_parameter_from_json_schema "
    "StructuredOutputConfig"
)
RESPONSE = (
    "AIModelCallResponse AIModelCallResponseMetaData ExternalApiCallStatus ExternalApiCallStatusEnum ChatResponse "
    "ChatResponseChoice ChatResponseChoiceDelta ChatResponseChunk StreamingChatResponse ChatResponseContentItem "
    "ChatResponseContentItemType ChatResponseTextContentItem ChatResponseReasoningContentItem "
    "ChatResponseStructuredOutputContentItem ChatResponseToolCallContentItem ChatResponseGenericContentItem "
    "ChatResponseContentItemDelta ChatResponseTextContentItemDelta ChatResponseReasoningContentItemDelta "
    "ChatResponseToolCallContentItemDelta ChatResponseGenericContentItemDelta ChatMessageContentPart "
    "ChatResponseToolCall ChatResponseToolCallResult ChatResponseStructuredOutput ImageResponse ImageResponseChoice "
    "ImageResponseContentItem ImageContentFormat"
)
RESOURCES = "ResourceConfig ResourceConfigItem ResourceConfigItemTypeEnum ResourceQueryFieldsEnum ResourceQueryMapping"
LISTS = (
    "ALL_FOUNDATION_MODELS ALL_CHAT_MODELS ALL_IMAGE_MODELS OPENAI_CHAT_MODELS OPENAI_IMAGE_MODELS "
    "ANTHROPIC_CHAT_MODELS GOOGLE_CHAT_MODELS GOOGLE_IMAGE_MODELS DEEPSEEK_CHAT_MODELS FoundationModelFns"
)
SSE = "SSEEventType SSEErrorCode SSEErrorData SSEResponse SSEErrorResponse"
ERRORS = "DhenaraError DhenaraAPIError DhenaraConnectionError PlatformEnvTypeEnum"

WORKS = {
    "dhenara.ai": f"AIModelClient AIModelClientFactory {RESPONSE} {RESOURCES}",
    "dhenara.ai.types": f"{MODELS} {REQUEST} {RESPONSE} {RESOURCES} {LISTS} SSEResponse SSEEventType BaseModel",
    "dhenara.ai.types.genai": f"{MODELS} {REQUEST} {RESPONSE}",
    "dhenara.ai.types.genai.ai_model": MODELS,
    "dhenara.ai.types.genai.dhenara": f"{REQUEST} {RESPONSE}",
    "dhenara.ai.types.genai.dhenara.request": REQUEST,
    "dhenara.ai.types.genai.dhenara.request.data": DATA,
    "dhenara.ai.types.genai.dhenara.response": RESPONSE,
    "dhenara.ai.types.genai.foundation_models": LISTS,
    "dhenara.ai.types.genai.foundation_models.fns": "FoundationModelFns",
    "dhenara.ai.types.genai.foundation_models.openai.image": "DallE2 DallE3 GPTImage1 GPTImage15 IMAGE_MODELS",
    "dhenara.ai.types.genai.foundation_models.google.image": "Imagen3 Imagen3Fast IMAGE_MODELS",
    "dhenara.ai.types.conversation": "ConversationNode",
    "dhenara.ai.types.conversation._node": "ConversationNode",
    "dhenara.ai.types.resource": RESOURCES,
    "dhenara.ai.types.shared": f"{SSE} {ERRORS} BaseModel BaseEnum",
    "dhenara.ai.types.shared.api": SSE,
    "dhenara.ai.types.shared.base": "BaseModel BaseEnum",
    "dhenara.ai.types.shared.platform": ERRORS,
    "dhenara.ai.types.external_api": (
        "AIModelAPIProviderEnum AIModelProviderEnum AIModelFunctionalTypeEnum FormattedPrompt ExternalApiCallStatus "
        "ExternalApiCallStatusEnum OpenAiMessageRoleEnum GoogleAiMessageRoleEnum"
    ),
    "dhenara.ai.config": "settings Settings default_settings",
    "dhenara.ai.ai_client": "AIModelClient AIModelClientFactory",
    "dhenara.ai.ai_client.ai_client": "AIModelClient",
    "dhenara.ai.ai_client.factory": "AIModelClientFactory",
    "dhenara.ai.providers.common": "PromptFormatter",
    "dhenara.ai.providers.common.prompt_formatter": "PromptFormatter",
}
LEADS_ON = {
    "dhenara.ai.types": "AIModelContextPolicy BuiltInTool GenericFile ObjectTemplate PROVIDER_CONFIGS",
    "dhenara.ai.types.genai.ai_model": "HostedToolCostRule PROVIDER_CONFIGS ReasoningControlMode",
    "dhenara.ai.types.genai.dhenara.request": (
        "AIModelContextPolicy BuiltInTool HostedToolKind HostedToolProviderSpec ObjectTemplate get_hosted_tool_support "
        "get_hosted_tool_provider_spec"
    ),
    "dhenara.ai.types.shared.api": "ApiRequest ApiResponse ApiResponseStatus ApiResponseMessage",
    "dhenara.ai.types.shared.base": "ISODateTime",
    "dhenara.ai.types.shared.file": (
        "GenericFile GenericFileContent StoredFile ProcessedFile FileContentData FileMetadata FileFormatEnum "
        "FileContentFormatEnum FileProcessingStatusEnum"
    ),
    "dhenara.ai.providers.base": "AIModelProviderClientBase BaseFormatter BaseMessageConverter StreamingManager",
    "dhenara.ai.providers.common": "DummyAIModelResponseFns build_image_prompt_text",
    "dhenara.ai.ai_client": "AsyncToSyncWrapper SyncWrapperConfig sync_wrapper",
    "dhenara.ai.testing": (
        "TestArtifactManager ArtifactKind ArtifactMetadata artifact_run_directory default_artifact_manager"
    ),
}


def rows(table: dict[str, str]) -> list[tuple[str, str]]:
    return [(module, name) for module, text in table.items() for name in text.split()]


def test_every_name_of_version_1_can_be_imported() -> None:
    missing = [
        f"{module}.{name}"
        for module, name in rows(WORKS)
        if getattr(importlib.import_module(module), name, None) is None
    ]
    assert missing == []


@pytest.mark.parametrize(("module", "name"), rows(LEADS_ON))
def test_the_error_of_a_removed_name_says_what_to_use(module: str, name: str) -> None:
    with pytest.raises(ImportError, match=rf"^{name} of dhenara-ai 1.x does not exist in this version\. \w+") as raised:
        exec_import(module, name)
    assert isinstance(raised.value, RemovedNameError)
    assert isinstance(raised.value, ConfigurationError)


def exec_import(module: str, name: str) -> None:
    """Do what `from module import name` does."""
    __import__(module, fromlist=[name])
    getattr(sys.modules[module], name)


def test_the_content_of_prompts_has_its_old_name_at_its_old_place() -> None:
    from dhenara.ai.types.genai.dhenara.request import Content as Old

    assert Old is dhenara.ai.compat.InputContent
    assert issubclass(dhenara.ai.types.TextContent, dhenara.ai.types.Content)


def test_a_name_that_version_1_did_not_have_is_an_ordinary_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nonsense'"):
        _ = dhenara.ai.types.Nonsense
    with pytest.raises(ImportError, match="cannot import name 'Nonsense'"):
        exec_from("from dhenara.ai.types.genai.dhenara.request import Nonsense")


def exec_from(line: str) -> None:
    module, name = line.removeprefix("from ").split(" import ")
    try:
        getattr(importlib.import_module(module), name)
    except AttributeError as error:
        raise ImportError(f"cannot import name {name!r}") from error


def test_old_names_do_not_show_among_the_new_ones() -> None:
    assert not {"FunctionDefinition", "UsageCharge", "BaseEnum"} & set(dir(dhenara.ai.types))


def test_nothing_old_is_loaded_by_programs_that_do_not_use_it() -> None:
    program = (
        "import sys\n"
        "from dhenara.ai import AIModelClient\n"
        "from dhenara.ai.types import *\n"
        "endpoint = AIModelEndpoint(api=AIModelAPI(provider='openai', api_key='k'), ai_model=AIModel(model_name='m'))\n"
        "AIModelClient(endpoint, AIModelCallConfig(temperature=0))\n"
        "hasattr(Prompt(text='Hi'), 'read')\n"
        "assert not [name for name in sys.modules if name.startswith('dhenara.ai.compat')]\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=250)


def test_every_old_attribute_is_listed_where_objects_look_for_it() -> None:
    assert {name for table in attributes.ATTRIBUTES.values() for name in table} == OLD_ATTRIBUTES


def test_no_new_attribute_has_an_old_name_of_its_class() -> None:
    kinds = {kind for name in dir(dhenara.ai.types) if isinstance(kind := getattr(dhenara.ai.types, name), type)}
    for kind in kinds:
        assert not {name for name in attributes.ATTRIBUTES.get(kind.__name__, {}) if name in vars(kind)}


def test_a_name_is_either_moved_or_removed() -> None:
    assert not names.REMOVED.keys() & {*names.PLACES, *names.RENAMED}
    for name in {*names.PLACES, *names.RENAMED}:
        assert names.find_old_name(name) is not None


def test_the_migration_page_has_a_row_for_every_removed_name() -> None:
    page = Path(__file__).parents[2] / "docs" / "coming-from" / "dhenara-ai.md"
    text = page.read_text(encoding="utf-8")
    assert [name for name in names.REMOVED if f"`{name}`" not in text] == []
