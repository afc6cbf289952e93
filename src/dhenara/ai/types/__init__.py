"""The vocabulary: everything that users hold, for every provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy

if TYPE_CHECKING:
    from .api import (
        AIModelAPI as AIModelAPI,
    )
    from .api import (
        Credentials as Credentials,
    )
    from .attempt import (
        Attempt as Attempt,
    )
    from .audio import (
        SpeechRequest as SpeechRequest,
    )
    from .audio import (
        SpeechResponse as SpeechResponse,
    )
    from .audio import (
        SpokenAudio as SpokenAudio,
    )
    from .audio import (
        TranscriptionRequest as TranscriptionRequest,
    )
    from .audio import (
        TranscriptionResponse as TranscriptionResponse,
    )
    from .batch import (
        BatchArrival as BatchArrival,
    )
    from .batch import (
        BatchItem as BatchItem,
    )
    from .batch import (
        BatchJob as BatchJob,
    )
    from .batch import (
        BatchRequest as BatchRequest,
    )
    from .batch import (
        BatchResults as BatchResults,
    )
    from .call import (
        Call as Call,
    )
    from .call_config import (
        AIModelCallConfig as AIModelCallConfig,
    )
    from .call_config import (
        ReasoningEffort as ReasoningEffort,
    )
    from .call_response import (
        AIModelCallResponse as AIModelCallResponse,
    )
    from .chunk import (
        ChatResponseChoiceDelta as ChatResponseChoiceDelta,
    )
    from .chunk import (
        ChatResponseChunk as ChatResponseChunk,
    )
    from .chunk import (
        OtherContentDelta as OtherContentDelta,
    )
    from .chunk import (
        ReasoningContentDelta as ReasoningContentDelta,
    )
    from .chunk import (
        RefusalContentDelta as RefusalContentDelta,
    )
    from .chunk import (
        TextContentDelta as TextContentDelta,
    )
    from .chunk import (
        ToolCallContentDelta as ToolCallContentDelta,
    )
    from .content import (
        AudioContent as AudioContent,
    )
    from .content import (
        Citation as Citation,
    )
    from .content import (
        Content as Content,
    )
    from .content import (
        ContentItem as ContentItem,
    )
    from .content import (
        FileContent as FileContent,
    )
    from .content import (
        GenericContent as GenericContent,
    )
    from .content import (
        ImageContent as ImageContent,
    )
    from .content import (
        Origin as Origin,
    )
    from .content import (
        ReasoningContent as ReasoningContent,
    )
    from .content import (
        RefusalContent as RefusalContent,
    )
    from .content import (
        ServerToolContent as ServerToolContent,
    )
    from .content import (
        StructuredContent as StructuredContent,
    )
    from .content import (
        TextContent as TextContent,
    )
    from .content import (
        ToolCallContent as ToolCallContent,
    )
    from .content import (
        ToolResultContent as ToolResultContent,
    )
    from .content import (
        VideoContent as VideoContent,
    )
    from .context_policy import (
        ContextPolicy as ContextPolicy,
    )
    from .cost import (
        Cost as Cost,
    )
    from .delta import (
        FinishReason as FinishReason,
    )
    from .embedding import (
        EmbeddingRequest as EmbeddingRequest,
    )
    from .embedding import (
        EmbeddingResponse as EmbeddingResponse,
    )
    from .embedding import (
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
    )
    from .image import (
        ImageRequest as ImageRequest,
    )
    from .listing import (
        ModelListing as ModelListing,
    )
    from .message import (
        Message as Message,
    )
    from .message import (
        Prompt as Prompt,
    )
    from .model import (
        AIModel as AIModel,
    )
    from .model import (
        AudioModelCostData as AudioModelCostData,
    )
    from .model import (
        ChatModelCostData as ChatModelCostData,
    )
    from .model import (
        ChatModelSettings as ChatModelSettings,
    )
    from .model import (
        ImageModelCostData as ImageModelCostData,
    )
    from .model import (
        ValidOptionValue as ValidOptionValue,
    )
    from .moderation import (
        Moderation as Moderation,
    )
    from .moderation import (
        ModerationRequest as ModerationRequest,
    )
    from .moderation import (
        ModerationResponse as ModerationResponse,
    )
    from .ocr import (
        OcrPage as OcrPage,
    )
    from .ocr import (
        OcrRequest as OcrRequest,
    )
    from .ocr import (
        OcrResponse as OcrResponse,
    )
    from .plan import (
        Plan as Plan,
    )
    from .plan import (
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
    )
    from .provider_tools import (
        FileSearch as FileSearch,
    )
    from .provider_tools import (
        Place as Place,
    )
    from .provider_tools import (
        RemoteMCP as RemoteMCP,
    )
    from .provider_tools import (
        WebSearch as WebSearch,
    )
    from .reading import (
        content_of as content_of,
    )
    from .rerank import (
        RankedDocument as RankedDocument,
    )
    from .rerank import (
        RerankRequest as RerankRequest,
    )
    from .rerank import (
        RerankResponse as RerankResponse,
    )
    from .response import (
        ChatResponse as ChatResponse,
    )
    from .response import (
        ChatResponseChoice as ChatResponseChoice,
    )
    from .response import (
        ImageResponse as ImageResponse,
    )
    from .result import (
        OperationResponse as OperationResponse,
    )
    from .result import (
        Result as Result,
    )
    from .run import (
        OutputGrew as OutputGrew,
    )
    from .run import (
        RepairStarted as RepairStarted,
    )
    from .run import (
        Run as Run,
    )
    from .run import (
        RunLimits as RunLimits,
    )
    from .run import (
        Step as Step,
    )
    from .run import (
        StepAnswered as StepAnswered,
    )
    from .run import (
        StepStarted as StepStarted,
    )
    from .run import (
        ToolEnded as ToolEnded,
    )
    from .run import (
        ToolRun as ToolRun,
    )
    from .run import (
        ToolStarted as ToolStarted,
    )
    from .sse import (
        SSEErrorCode as SSEErrorCode,
    )
    from .sse import (
        SSEErrorData as SSEErrorData,
    )
    from .sse import (
        SSEErrorResponse as SSEErrorResponse,
    )
    from .sse import (
        SSEEventType as SSEEventType,
    )
    from .sse import (
        SSEResponse as SSEResponse,
    )
    from .sse import (
        StreamEvent as StreamEvent,
    )
    from .sse import (
        StreamingChatResponse as StreamingChatResponse,
    )
    from .structured import (
        StructuredOutput as StructuredOutput,
    )
    from .subtitles import (
        SpokenSegment as SpokenSegment,
    )
    from .subtitles import (
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
    )
    from .tool import (
        Tool as Tool,
    )
    from .tools import (
        ServerTool as ServerTool,
    )
    from .tools import (
        ToolChoice as ToolChoice,
    )
    from .tools import (
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
    "BatchArrival": ".batch",
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
    "ChatModelCostData": ".model",
    "ChatModelSettings": ".model",
    "AudioModelCostData": ".model",
    "ImageModelCostData": ".model",
    "ValidOptionValue": ".model",
    "PromptCache": ".prompt_cache",
    "Plan": ".plan",
    "PlannedPart": ".plan",
    "AIModelAPIProviderEnum": ".provider",
    "content_of": ".reading",
    "CodeExecution": ".provider_tools",
    "FileSearch": ".provider_tools",
    "Place": ".provider_tools",
    "RemoteMCP": ".provider_tools",
    "WebSearch": ".provider_tools",
    "ChatResponse": ".response",
    "ChatResponseChoice": ".response",
    "ImageResponse": ".response",
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

__getattr__, __dir__ = lazy(__name__, _HOMES)
