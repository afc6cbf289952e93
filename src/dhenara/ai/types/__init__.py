"""Public data types of the engine; the same classes are used for every provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy_package

if TYPE_CHECKING:
    from .api import (
        AIModelAPI as AIModelAPI,
        Credentials as Credentials,
    )
    from .attempt import (
        Attempt as Attempt,
    )
    from .audio import (
        SpeechRequest as SpeechRequest,
        SpeechResponse as SpeechResponse,
        SpokenAudio as SpokenAudio,
        TranscriptionRequest as TranscriptionRequest,
        TranscriptionResponse as TranscriptionResponse,
    )
    from .batch import (
        BatchItem as BatchItem,
        BatchItemContext as BatchItemContext,
        BatchJob as BatchJob,
        BatchRequest as BatchRequest,
        BatchResults as BatchResults,
    )
    from .call import (
        Call as Call,
    )
    from .call_config import (
        AIModelCallConfig as AIModelCallConfig,
        ReasoningEffort as ReasoningEffort,
    )
    from .call_response import (
        AIModelCallResponse as AIModelCallResponse,
    )
    from .chunk import (
        ChatResponseChoiceDelta as ChatResponseChoiceDelta,
        ChatResponseChunk as ChatResponseChunk,
        OtherContentDelta as OtherContentDelta,
        ReasoningContentDelta as ReasoningContentDelta,
        RefusalContentDelta as RefusalContentDelta,
        TextContentDelta as TextContentDelta,
        ToolCallContentDelta as ToolCallContentDelta,
    )
    from .content import (
        AudioContent as AudioContent,
        Citation as Citation,
        ContainerUploadContent as ContainerUploadContent,
        Content as Content,
        ContentItem as ContentItem,
        FileContent as FileContent,
        GenericContent as GenericContent,
        ImageContent as ImageContent,
        Origin as Origin,
        ReasoningContent as ReasoningContent,
        RefusalContent as RefusalContent,
        SearchResultContent as SearchResultContent,
        ServerToolContent as ServerToolContent,
        StructuredContent as StructuredContent,
        TextContent as TextContent,
        ToolCallContent as ToolCallContent,
        ToolResultContent as ToolResultContent,
        VideoContent as VideoContent,
    )
    from .content_parsing import (
        content_of as content_of,
    )
    from .context_policy import (
        ContextPolicy as ContextPolicy,
    )
    from .cost import (
        Cost as Cost,
    )
    from .cost_data import (
        AudioModelCostData as AudioModelCostData,
        ChatModelCostData as ChatModelCostData,
        ImageModelCostData as ImageModelCostData,
    )
    from .delta import (
        FinishReason as FinishReason,
    )
    from .embedding import (
        EmbeddingRequest as EmbeddingRequest,
        EmbeddingResponse as EmbeddingResponse,
        InputType as InputType,
    )
    from .endpoint import (
        AIModelEndpoint as AIModelEndpoint,
    )
    from .fetching import (
        Fetching as Fetching,
    )
    from .image import (
        GeneratedImage as GeneratedImage,
        ImageRequest as ImageRequest,
        ImageResponse as ImageResponse,
    )
    from .listing import (
        ModelListing as ModelListing,
    )
    from .message import (
        Message as Message,
        Prompt as Prompt,
    )
    from .model import (
        AIModel as AIModel,
    )
    from .model_settings import (
        ChatModelSettings as ChatModelSettings,
        ValidOptionValue as ValidOptionValue,
    )
    from .moderation import (
        Moderation as Moderation,
        ModerationRequest as ModerationRequest,
        ModerationResponse as ModerationResponse,
    )
    from .ocr import (
        OcrPage as OcrPage,
        OcrRequest as OcrRequest,
        OcrResponse as OcrResponse,
    )
    from .plan import (
        Plan as Plan,
        PlannedPart as PlannedPart,
    )
    from .prompt_cache import (
        PromptCache as PromptCache,
    )
    from .provider import (
        AIModelAPIProviderEnum as AIModelAPIProviderEnum,
    )
    from .provider_tools import (
        CodeExecution as CodeExecution,
        FileSearch as FileSearch,
        RemoteMCP as RemoteMCP,
        UserLocation as UserLocation,
        WebSearch as WebSearch,
    )
    from .rerank import (
        RankedDocument as RankedDocument,
        RerankRequest as RerankRequest,
        RerankResponse as RerankResponse,
    )
    from .response import (
        ChatResponse as ChatResponse,
        ChatResponseChoice as ChatResponseChoice,
    )
    from .response_limits import (
        ResponseLimits as ResponseLimits,
    )
    from .result import (
        OperationResponse as OperationResponse,
        Result as Result,
    )
    from .run import (
        OutputGrew as OutputGrew,
        RepairStarted as RepairStarted,
        Run as Run,
        RunLimits as RunLimits,
        Step as Step,
        StepAnswered as StepAnswered,
        StepStarted as StepStarted,
        ToolEnded as ToolEnded,
        ToolRun as ToolRun,
        ToolStarted as ToolStarted,
    )
    from .sse import (
        SSEErrorCode as SSEErrorCode,
        SSEErrorData as SSEErrorData,
        SSEErrorResponse as SSEErrorResponse,
        SSEEventType as SSEEventType,
        SSEResponse as SSEResponse,
        StreamEvent as StreamEvent,
        StreamingChatResponse as StreamingChatResponse,
    )
    from .structured import (
        StructuredOutput as StructuredOutput,
    )
    from .subtitles import (
        SpokenSegment as SpokenSegment,
        SpokenWord as SpokenWord,
    )
    from .timeouts import (
        Timeouts as Timeouts,
    )
    from .token_count import (
        TokenCountResponse as TokenCountResponse,
    )
    from .tool import (
        InvalidArgumentsError as InvalidArgumentsError,
        Tool as Tool,
    )
    from .tools import (
        ServerTool as ServerTool,
        ToolChoice as ToolChoice,
        ToolDefinition as ToolDefinition,
    )
    from .uploaded_file import (
        UploadedFile as UploadedFile,
    )
    from .uploading import (
        Uploading as Uploading,
    )
    from .usage import (
        Usage as Usage,
    )
    from .warning import (
        CallWarning as CallWarning,
    )

_HOMES = {
    "AIModelAPI": ".api",
    "Credentials": ".api",
    "Attempt": ".attempt",
    "Call": ".call",
    "AIModelCallConfig": ".call_config",
    "ReasoningEffort": ".call_config",
    "AIModelCallResponse": ".call_response",
    "ChatResponseChoiceDelta": ".chunk",
    "ChatResponseChunk": ".chunk",
    "OtherContentDelta": ".chunk",
    "ReasoningContentDelta": ".chunk",
    "RefusalContentDelta": ".chunk",
    "TextContentDelta": ".chunk",
    "ToolCallContentDelta": ".chunk",
    "AudioContent": ".content",
    "Citation": ".content",
    "Content": ".content",
    "ContentItem": ".content",
    "FileContent": ".content",
    "GenericContent": ".content",
    "SearchResultContent": ".content",
    "ContainerUploadContent": ".content",
    "ImageContent": ".content",
    "Origin": ".content",
    "ReasoningContent": ".content",
    "RefusalContent": ".content",
    "ServerToolContent": ".content",
    "StructuredContent": ".content",
    "TextContent": ".content",
    "ToolCallContent": ".content",
    "ToolResultContent": ".content",
    "VideoContent": ".content",
    "ContextPolicy": ".context_policy",
    "Cost": ".cost",
    "FinishReason": ".delta",
    "EmbeddingRequest": ".embedding",
    "SpeechRequest": ".audio",
    "SpeechResponse": ".audio",
    "SpokenAudio": ".audio",
    "TranscriptionRequest": ".audio",
    "TranscriptionResponse": ".audio",
    "BatchItemContext": ".batch",
    "BatchItem": ".batch",
    "BatchJob": ".batch",
    "BatchRequest": ".batch",
    "BatchResults": ".batch",
    "UploadedFile": ".uploaded_file",
    "SpokenSegment": ".subtitles",
    "SpokenWord": ".subtitles",
    "EmbeddingResponse": ".embedding",
    "InputType": ".embedding",
    "GeneratedImage": ".image",
    "ImageRequest": ".image",
    "Moderation": ".moderation",
    "ModerationRequest": ".moderation",
    "ModerationResponse": ".moderation",
    "OcrPage": ".ocr",
    "OcrRequest": ".ocr",
    "OcrResponse": ".ocr",
    "RankedDocument": ".rerank",
    "RerankRequest": ".rerank",
    "RerankResponse": ".rerank",
    "OperationResponse": ".result",
    "Result": ".result",
    "TokenCountResponse": ".token_count",
    "AIModelEndpoint": ".endpoint",
    "Fetching": ".fetching",
    "Uploading": ".uploading",
    "ModelListing": ".listing",
    "Message": ".message",
    "Prompt": ".message",
    "AIModel": ".model",
    "ChatModelCostData": ".cost_data",
    "ChatModelSettings": ".model_settings",
    "AudioModelCostData": ".cost_data",
    "ImageModelCostData": ".cost_data",
    "ValidOptionValue": ".model_settings",
    "PromptCache": ".prompt_cache",
    "Plan": ".plan",
    "PlannedPart": ".plan",
    "AIModelAPIProviderEnum": ".provider",
    "content_of": ".content_parsing",
    "CodeExecution": ".provider_tools",
    "FileSearch": ".provider_tools",
    "UserLocation": ".provider_tools",
    "RemoteMCP": ".provider_tools",
    "WebSearch": ".provider_tools",
    "ChatResponse": ".response",
    "ChatResponseChoice": ".response",
    "ImageResponse": ".image",
    "ResponseLimits": ".response_limits",
    "OutputGrew": ".run",
    "RepairStarted": ".run",
    "Run": ".run",
    "RunLimits": ".run",
    "Step": ".run",
    "StepAnswered": ".run",
    "StepStarted": ".run",
    "ToolEnded": ".run",
    "ToolRun": ".run",
    "ToolStarted": ".run",
    "SSEErrorCode": ".sse",
    "SSEErrorData": ".sse",
    "SSEErrorResponse": ".sse",
    "SSEEventType": ".sse",
    "SSEResponse": ".sse",
    "StreamEvent": ".sse",
    "StreamingChatResponse": ".sse",
    "StructuredOutput": ".structured",
    "Timeouts": ".timeouts",
    "InvalidArgumentsError": ".tool",
    "Tool": ".tool",
    "ServerTool": ".tools",
    "ToolChoice": ".tools",
    "ToolDefinition": ".tools",
    "Usage": ".usage",
    "CallWarning": ".warning",
}

__getattr__, __dir__ = lazy_package(__name__, _HOMES)
