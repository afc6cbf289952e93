"""Public data types of the engine; the same classes are used for every provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_package import lazy_package

if TYPE_CHECKING:
    from .chat.call_response import AIModelCallResponse as AIModelCallResponse
    from .chat.chunk import (
        ChatResponseChoiceDelta as ChatResponseChoiceDelta,
        ChatResponseChunk as ChatResponseChunk,
        OtherContentDelta as OtherContentDelta,
        ReasoningContentDelta as ReasoningContentDelta,
        RefusalContentDelta as RefusalContentDelta,
        TextContentDelta as TextContentDelta,
        ToolCallContentDelta as ToolCallContentDelta,
    )
    from .chat.delta import FinishReason as FinishReason
    from .chat.message import Message as Message, Prompt as Prompt
    from .chat.report import Attempt as Attempt, CallWarning as CallWarning, Plan as Plan, PlannedPart as PlannedPart
    from .chat.response import ChatResponse as ChatResponse, ChatResponseChoice as ChatResponseChoice
    from .chat.run import (
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
    from .chat.sse import (
        SSEErrorCode as SSEErrorCode,
        SSEErrorData as SSEErrorData,
        SSEErrorResponse as SSEErrorResponse,
        SSEEventType as SSEEventType,
        SSEResponse as SSEResponse,
        StreamEvent as StreamEvent,
        StreamingChatResponse as StreamingChatResponse,
    )
    from .chat.structured import StructuredOutput as StructuredOutput
    from .chat.usage import Cost as Cost, Usage as Usage
    from .config.api import (
        AIModelAPI as AIModelAPI,
        AIModelAPIProviderEnum as AIModelAPIProviderEnum,
        AIModelEndpoint as AIModelEndpoint,
        Credentials as Credentials,
    )
    from .config.call import Call as Call
    from .config.call_config import AIModelCallConfig as AIModelCallConfig
    from .config.limits import ResponseLimits as ResponseLimits, Timeouts as Timeouts
    from .config.model import (
        AIModel as AIModel,
        AudioModelCostData as AudioModelCostData,
        ChatModelCostData as ChatModelCostData,
        ChatModelSettings as ChatModelSettings,
        ImageModelCostData as ImageModelCostData,
        ModelListing as ModelListing,
        ValidOptionValue as ValidOptionValue,
    )
    from .config.parameters import (
        PARAMETERS as PARAMETERS,
        Parameter as Parameter,
        ParameterArguments as ParameterArguments,
        ReasoningEffort as ReasoningEffort,
    )
    from .config.policies import (
        ContextPolicy as ContextPolicy,
        Fetching as Fetching,
        PromptCache as PromptCache,
        Uploading as Uploading,
    )
    from .content.parsing import content_of as content_of
    from .content.parts import (
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
    from .operations.audio import (
        SpeechRequest as SpeechRequest,
        SpeechResponse as SpeechResponse,
        SpokenAudio as SpokenAudio,
        TranscriptionRequest as TranscriptionRequest,
        TranscriptionResponse as TranscriptionResponse,
    )
    from .operations.batch import (
        BatchItem as BatchItem,
        BatchItemContext as BatchItemContext,
        BatchJob as BatchJob,
        BatchRequest as BatchRequest,
        BatchResults as BatchResults,
    )
    from .operations.embedding import (
        EmbeddingRequest as EmbeddingRequest,
        EmbeddingResponse as EmbeddingResponse,
        InputType as InputType,
        Moderation as Moderation,
        ModerationRequest as ModerationRequest,
        ModerationResponse as ModerationResponse,
        RankedDocument as RankedDocument,
        RerankRequest as RerankRequest,
        RerankResponse as RerankResponse,
    )
    from .operations.files import UploadedFile as UploadedFile
    from .operations.image import (
        GeneratedImage as GeneratedImage,
        ImageRequest as ImageRequest,
        ImageResponse as ImageResponse,
        OcrPage as OcrPage,
        OcrRequest as OcrRequest,
        OcrResponse as OcrResponse,
    )
    from .operations.result import (
        OperationResponse as OperationResponse,
        Result as Result,
        TokenCountResponse as TokenCountResponse,
    )
    from .operations.subtitles import SpokenSegment as SpokenSegment, SpokenWord as SpokenWord
    from .tools.definitions import (
        CodeExecution as CodeExecution,
        FileSearch as FileSearch,
        RemoteMCP as RemoteMCP,
        ServerTool as ServerTool,
        ToolChoice as ToolChoice,
        ToolDefinition as ToolDefinition,
        UserLocation as UserLocation,
        WebSearch as WebSearch,
    )
    from .tools.tool import InvalidArgumentsError as InvalidArgumentsError, Tool as Tool

_HOMES = {
    "AIModelAPI": ".config.api",
    "Credentials": ".config.api",
    "Attempt": ".chat.report",
    "Call": ".config.call",
    "AIModelCallConfig": ".config.call_config",
    "PARAMETERS": ".config.parameters",
    "Parameter": ".config.parameters",
    "ParameterArguments": ".config.parameters",
    "ReasoningEffort": ".config.parameters",
    "AIModelCallResponse": ".chat.call_response",
    "ChatResponseChoiceDelta": ".chat.chunk",
    "ChatResponseChunk": ".chat.chunk",
    "OtherContentDelta": ".chat.chunk",
    "ReasoningContentDelta": ".chat.chunk",
    "RefusalContentDelta": ".chat.chunk",
    "TextContentDelta": ".chat.chunk",
    "ToolCallContentDelta": ".chat.chunk",
    "AudioContent": ".content.parts",
    "Citation": ".content.parts",
    "Content": ".content.parts",
    "ContentItem": ".content.parts",
    "FileContent": ".content.parts",
    "GenericContent": ".content.parts",
    "SearchResultContent": ".content.parts",
    "ContainerUploadContent": ".content.parts",
    "ImageContent": ".content.parts",
    "Origin": ".content.parts",
    "ReasoningContent": ".content.parts",
    "RefusalContent": ".content.parts",
    "ServerToolContent": ".content.parts",
    "StructuredContent": ".content.parts",
    "TextContent": ".content.parts",
    "ToolCallContent": ".content.parts",
    "ToolResultContent": ".content.parts",
    "VideoContent": ".content.parts",
    "ContextPolicy": ".config.policies",
    "Cost": ".chat.usage",
    "FinishReason": ".chat.delta",
    "EmbeddingRequest": ".operations.embedding",
    "SpeechRequest": ".operations.audio",
    "SpeechResponse": ".operations.audio",
    "SpokenAudio": ".operations.audio",
    "TranscriptionRequest": ".operations.audio",
    "TranscriptionResponse": ".operations.audio",
    "BatchItemContext": ".operations.batch",
    "BatchItem": ".operations.batch",
    "BatchJob": ".operations.batch",
    "BatchRequest": ".operations.batch",
    "BatchResults": ".operations.batch",
    "UploadedFile": ".operations.files",
    "SpokenSegment": ".operations.subtitles",
    "SpokenWord": ".operations.subtitles",
    "EmbeddingResponse": ".operations.embedding",
    "InputType": ".operations.embedding",
    "GeneratedImage": ".operations.image",
    "ImageRequest": ".operations.image",
    "Moderation": ".operations.embedding",
    "ModerationRequest": ".operations.embedding",
    "ModerationResponse": ".operations.embedding",
    "OcrPage": ".operations.image",
    "OcrRequest": ".operations.image",
    "OcrResponse": ".operations.image",
    "RankedDocument": ".operations.embedding",
    "RerankRequest": ".operations.embedding",
    "RerankResponse": ".operations.embedding",
    "OperationResponse": ".operations.result",
    "Result": ".operations.result",
    "TokenCountResponse": ".operations.result",
    "AIModelEndpoint": ".config.api",
    "Fetching": ".config.policies",
    "Uploading": ".config.policies",
    "ModelListing": ".config.model",
    "Message": ".chat.message",
    "Prompt": ".chat.message",
    "AIModel": ".config.model",
    "ChatModelCostData": ".config.model",
    "ChatModelSettings": ".config.model",
    "AudioModelCostData": ".config.model",
    "ImageModelCostData": ".config.model",
    "ValidOptionValue": ".config.model",
    "PromptCache": ".config.policies",
    "Plan": ".chat.report",
    "PlannedPart": ".chat.report",
    "AIModelAPIProviderEnum": ".config.api",
    "content_of": ".content.parsing",
    "CodeExecution": ".tools.definitions",
    "FileSearch": ".tools.definitions",
    "UserLocation": ".tools.definitions",
    "RemoteMCP": ".tools.definitions",
    "WebSearch": ".tools.definitions",
    "ChatResponse": ".chat.response",
    "ChatResponseChoice": ".chat.response",
    "ImageResponse": ".operations.image",
    "ResponseLimits": ".config.limits",
    "OutputGrew": ".chat.run",
    "RepairStarted": ".chat.run",
    "Run": ".chat.run",
    "RunLimits": ".chat.run",
    "Step": ".chat.run",
    "StepAnswered": ".chat.run",
    "StepStarted": ".chat.run",
    "ToolEnded": ".chat.run",
    "ToolRun": ".chat.run",
    "ToolStarted": ".chat.run",
    "SSEErrorCode": ".chat.sse",
    "SSEErrorData": ".chat.sse",
    "SSEErrorResponse": ".chat.sse",
    "SSEEventType": ".chat.sse",
    "SSEResponse": ".chat.sse",
    "StreamEvent": ".chat.sse",
    "StreamingChatResponse": ".chat.sse",
    "StructuredOutput": ".chat.structured",
    "Timeouts": ".config.limits",
    "InvalidArgumentsError": ".tools.tool",
    "Tool": ".tools.tool",
    "ServerTool": ".tools.definitions",
    "ToolChoice": ".tools.definitions",
    "ToolDefinition": ".tools.definitions",
    "Usage": ".chat.usage",
    "CallWarning": ".chat.report",
}

__getattr__, __dir__ = lazy_package(__name__, _HOMES)
