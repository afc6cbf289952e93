"""Names of dhenara-ai 1.x that this version writes in another way. The old import paths find them here.

New programs need only `ResourceConfig`, which reads credentials from a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_package import lazy_package

if TYPE_CHECKING:
    from .models import (
        AIModelClientFactory as AIModelClientFactory,
        BaseCostData as BaseCostData,
        FoundationModel as FoundationModel,
        ImageModelSettings as ImageModelSettings,
    )
    from .requests import (
        FormattedPrompt as FormattedPrompt,
        InputContent as InputContent,
        MessageItem as MessageItem,
        PromptConfig as PromptConfig,
        PromptText as PromptText,
        SystemInstruction as SystemInstruction,
        TextTemplate as TextTemplate,
        TextTemplateVariableProps as TextTemplateVariableProps,
        ToolCallResult as ToolCallResult,
        ToolCallResultsMessage as ToolCallResultsMessage,
        WebSearchHostedTool as WebSearchHostedTool,
    )
    from .resources import (
        ResourceConfig as ResourceConfig,
        ResourceConfigItem as ResourceConfigItem,
        ResourceQueryMapping as ResourceQueryMapping,
    )
    from .responses import (
        AIModelCallResponseMetaData as AIModelCallResponseMetaData,
        ChatMessageContentPart as ChatMessageContentPart,
        ChatResponseStructuredOutput as ChatResponseStructuredOutput,
        ChatResponseToolCall as ChatResponseToolCall,
        ChatResponseToolCallResult as ChatResponseToolCallResult,
        ExternalApiCallStatus as ExternalApiCallStatus,
        ImageResponseChoice as ImageResponseChoice,
        UsageCharge as UsageCharge,
        UsageChargeComponent as UsageChargeComponent,
    )
    from .stand_ins import (
        ChatResponseGenericContentItem as ChatResponseGenericContentItem,
        ChatResponseReasoningContentItem as ChatResponseReasoningContentItem,
        ChatResponseStructuredOutputContentItem as ChatResponseStructuredOutputContentItem,
        ChatResponseTextContentItem as ChatResponseTextContentItem,
        ChatResponseToolCallContentItem as ChatResponseToolCallContentItem,
        ChatResponseUsage as ChatResponseUsage,
        ImageResponseContentItem as ImageResponseContentItem,
        ImageResponseUsage as ImageResponseUsage,
        read_response as read_response,
    )
    from .tools import (
        MODEL_TO_API_MAPPING as MODEL_TO_API_MAPPING,
        AIModelFunctionalTypeEnum as AIModelFunctionalTypeEnum,
        AIModelProviderEnum as AIModelProviderEnum,
        BaseEnum as BaseEnum,
        ChatResponseContentItemType as ChatResponseContentItemType,
        ContentType as ContentType,
        ExternalApiCallStatusEnum as ExternalApiCallStatusEnum,
        FunctionDefinition as FunctionDefinition,
        FunctionParameter as FunctionParameter,
        FunctionParameters as FunctionParameters,
        ImageContentFormat as ImageContentFormat,
        PlatformEnvTypeEnum as PlatformEnvTypeEnum,
        PromptMessageRoleEnum as PromptMessageRoleEnum,
        ResourceConfigItemTypeEnum as ResourceConfigItemTypeEnum,
        ResourceQueryFieldsEnum as ResourceQueryFieldsEnum,
        StructuredOutputConfig as StructuredOutputConfig,
        function_parameter_from_json_schema as function_parameter_from_json_schema,
    )

__getattr__, __dir__ = lazy_package(__name__, {}, has_old_names=True)
