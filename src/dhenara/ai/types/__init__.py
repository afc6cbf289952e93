"""Public data types of the engine; the same classes are used for every provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_package import lazy_package

if TYPE_CHECKING:
    from .chat.chunk import (
        ChatResponseChoiceDelta as ChatResponseChoiceDelta,
        ChatResponseChunk as ChatResponseChunk,
        OtherContentDelta as OtherContentDelta,
        ReasoningContentDelta as ReasoningContentDelta,
        RefusalContentDelta as RefusalContentDelta,
        TextContentDelta as TextContentDelta,
        ToolCallContentDelta as ToolCallContentDelta,
    )
    from .chat.cost import Cost as Cost
    from .chat.delta import FinishReason as FinishReason
    from .chat.message import Message as Message, Prompt as Prompt, Text as Text
    from .chat.report import (
        Attempt as Attempt,
        CallWarning as CallWarning,
        OperationResponse as OperationResponse,
        Plan as Plan,
        PlannedPart as PlannedPart,
        Result as Result,
        TokenCountResponse as TokenCountResponse,
    )
    from .chat.response import (
        AIModelCallResponse as AIModelCallResponse,
        ChatResponse as ChatResponse,
        ChatResponseChoice as ChatResponseChoice,
    )
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
    from .chat.run_parts import AgentEvent as AgentEvent, Decision as Decision, RunRecord as RunRecord
    from .chat.stream import (
        SSEErrorCode as SSEErrorCode,
        SSEErrorData as SSEErrorData,
        SSEErrorResponse as SSEErrorResponse,
        SSEEventType as SSEEventType,
        SSEResponse as SSEResponse,
        StreamEvent as StreamEvent,
        StreamingChatResponse as StreamingChatResponse,
    )
    from .chat.structured import StructuredOutput as StructuredOutput
    from .chat.usage import Usage as Usage
    from .config.api import (
        AIModelAPI as AIModelAPI,
        AIModelAPIProviderEnum as AIModelAPIProviderEnum,
        AIModelEndpoint as AIModelEndpoint,
        Credentials as Credentials,
    )
    from .config.call import AIModelCallConfig as AIModelCallConfig, Call as Call
    from .config.call_options import (
        AddFilesSettings as AddFilesSettings,
        AlternativeNames as AlternativeNames,
        AnswerOptions as AnswerOptions,
        BatchSettings as BatchSettings,
        CallOptions as CallOptions,
        CallSettings as CallSettings,
        CountSettings as CountSettings,
        DrawSettings as DrawSettings,
        EmbedSettings as EmbedSettings,
        OcrSettings as OcrSettings,
        OutputSchema as OutputSchema,
        OutputType as OutputType,
        RerankSettings as RerankSettings,
        SpeakSettings as SpeakSettings,
        StoreSettings as StoreSettings,
        ToolLike as ToolLike,
        TranscribeSettings as TranscribeSettings,
        UploadSettings as UploadSettings,
    )
    from .config.call_policies import (
        ApiOptions as ApiOptions,
        ArtifactConfig as ArtifactConfig,
        ContextPolicy as ContextPolicy,
        Fetching as Fetching,
        PromptCache as PromptCache,
        ResponseLimits as ResponseLimits,
        Timeouts as Timeouts,
        Uploading as Uploading,
    )
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
    from .config.route_reports import (
        DeploymentReport as DeploymentReport,
        RouteExplanation as RouteExplanation,
        RouteRequest as RouteRequest,
        ShadowReport as ShadowReport,
        ShadowResult as ShadowResult,
    )
    from .config.routes import (
        Candidate as Candidate,
        ChooseDeployment as ChooseDeployment,
        Deployment as Deployment,
        ModelRoute as ModelRoute,
        RouteGroup as RouteGroup,
        ShadowTraffic as ShadowTraffic,
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
    from .model_base import InvalidValueError as InvalidValueError
    from .operations.audio import (
        SpeechRequest as SpeechRequest,
        SpeechResponse as SpeechResponse,
        SpokenAudio as SpokenAudio,
        SpokenSegment as SpokenSegment,
        SpokenWord as SpokenWord,
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
    from .operations.files import (
        AddedFiles as AddedFiles,
        StoreFileCounts as StoreFileCounts,
        StoreMatch as StoreMatch,
        UploadedFile as UploadedFile,
        VectorStore as VectorStore,
        VectorStoreFile as VectorStoreFile,
    )
    from .operations.images import (
        GeneratedImage as GeneratedImage,
        ImageRequest as ImageRequest,
        ImageResponse as ImageResponse,
    )
    from .operations.text_operations import (
        EmbeddingRequest as EmbeddingRequest,
        EmbeddingResponse as EmbeddingResponse,
        InputType as InputType,
        Moderation as Moderation,
        ModerationRequest as ModerationRequest,
        ModerationResponse as ModerationResponse,
        OcrPage as OcrPage,
        OcrRequest as OcrRequest,
        OcrResponse as OcrResponse,
        RankedDocument as RankedDocument,
        RerankRequest as RerankRequest,
        RerankResponse as RerankResponse,
    )
    from .tools.caller_tools import (
        ApplyPatch as ApplyPatch,
        ComputerUse as ComputerUse,
        Memory as Memory,
        Shell as Shell,
        TextEditor as TextEditor,
    )
    from .tools.hosted_tools import (
        AnswerSource as AnswerSource,
        Container as Container,
        GoogleMaps as GoogleMaps,
        HostedToolRun as HostedToolRun,
        ImageGeneration as ImageGeneration,
        MCPCall as MCPCall,
        UploadedSkill as UploadedSkill,
        WebFetch as WebFetch,
        XSearch as XSearch,
        read_mcp_calls as read_mcp_calls,
    )
    from .tools.provider_tools import (
        CodeExecution as CodeExecution,
        FileSearch as FileSearch,
        HostedTool as HostedTool,
        RemoteMCP as RemoteMCP,
        ServerTool as ServerTool,
        UserLocation as UserLocation,
        WebSearch as WebSearch,
    )
    from .tools.tool import CustomTool as CustomTool, InvalidArgumentsError as InvalidArgumentsError, Tool as Tool
    from .tools.tool_actions import (
        ComputerAction as ComputerAction,
        EditorAction as EditorAction,
        MCPApprovalRequest as MCPApprovalRequest,
        PatchOperation as PatchOperation,
        ShellAction as ShellAction,
    )
    from .tools.tool_definition import ToolChoice as ToolChoice, ToolDefinition as ToolDefinition
    from .tools.tool_executors import (
        ComputerExecutor as ComputerExecutor,
        MCPApproval as MCPApproval,
        MemoryExecutor as MemoryExecutor,
        PatchExecutor as PatchExecutor,
        PatchResult as PatchResult,
        Screenshot as Screenshot,
        ShellExecutor as ShellExecutor,
        ShellResult as ShellResult,
        TextEditorExecutor as TextEditorExecutor,
    )
    from .tools.tool_search import (
        ToolSearch as ToolSearch,
        answer_tool_search as answer_tool_search,
        defer_tools as defer_tools,
        find_tools as find_tools,
    )

_HOMES = {
    **dict.fromkeys(("ChatResponseChoiceDelta", "ChatResponseChunk", "OtherContentDelta"), ".chat.chunk"),
    **dict.fromkeys(("ReasoningContentDelta", "RefusalContentDelta", "TextContentDelta"), ".chat.chunk"),
    **dict.fromkeys(("ToolCallContentDelta",), ".chat.chunk"),
    **dict.fromkeys(("Cost",), ".chat.cost"),
    **dict.fromkeys(("FinishReason",), ".chat.delta"),
    **dict.fromkeys(("Message", "Prompt", "Text"), ".chat.message"),
    **dict.fromkeys(("Attempt", "CallWarning", "OperationResponse", "Plan", "PlannedPart", "Result"), ".chat.report"),
    **dict.fromkeys(("TokenCountResponse",), ".chat.report"),
    **dict.fromkeys(("AIModelCallResponse", "ChatResponse", "ChatResponseChoice"), ".chat.response"),
    **dict.fromkeys(("OutputGrew", "RepairStarted", "Run", "RunLimits", "Step", "StepAnswered"), ".chat.run"),
    **dict.fromkeys(("StepStarted", "ToolEnded", "ToolRun", "ToolStarted"), ".chat.run"),
    **dict.fromkeys(("AgentEvent", "Decision", "RunRecord"), ".chat.run_parts"),
    **dict.fromkeys(("SSEErrorCode", "SSEErrorData"), ".chat.stream"),
    **dict.fromkeys(("SSEErrorResponse", "SSEEventType", "SSEResponse", "StreamEvent"), ".chat.stream"),
    **dict.fromkeys(("StreamingChatResponse",), ".chat.stream"),
    **dict.fromkeys(("StructuredOutput",), ".chat.structured"),
    **dict.fromkeys(("Usage",), ".chat.usage"),
    **dict.fromkeys(("AIModelAPI", "AIModelAPIProviderEnum", "AIModelEndpoint", "Credentials"), ".config.api"),
    **dict.fromkeys(("AIModelCallConfig", "Call"), ".config.call"),
    **dict.fromkeys(("AlternativeNames", "AnswerOptions", "BatchSettings", "CallOptions"), ".config.call_options"),
    **dict.fromkeys(("CallSettings", "CountSettings", "DrawSettings", "EmbedSettings"), ".config.call_options"),
    **dict.fromkeys(("OcrSettings", "OutputSchema", "OutputType", "RerankSettings"), ".config.call_options"),
    **dict.fromkeys(("SpeakSettings", "ToolLike", "TranscribeSettings", "UploadSettings"), ".config.call_options"),
    **dict.fromkeys(("ApiOptions", "ArtifactConfig", "ContextPolicy", "Fetching"), ".config.call_policies"),
    **dict.fromkeys(("PromptCache", "ResponseLimits", "Timeouts", "Uploading"), ".config.call_policies"),
    **dict.fromkeys(("AIModel", "AudioModelCostData", "ChatModelCostData", "ChatModelSettings"), ".config.model"),
    **dict.fromkeys(("ImageModelCostData", "ModelListing", "ValidOptionValue"), ".config.model"),
    **dict.fromkeys(("PARAMETERS", "Parameter", "ParameterArguments", "ReasoningEffort"), ".config.parameters"),
    **dict.fromkeys(("DeploymentReport", "RouteExplanation", "RouteRequest"), ".config.route_reports"),
    **dict.fromkeys(("ShadowReport", "ShadowResult"), ".config.route_reports"),
    **dict.fromkeys(("Candidate", "ChooseDeployment", "Deployment", "ModelRoute", "RouteGroup"), ".config.routes"),
    **dict.fromkeys(("ShadowTraffic",), ".config.routes"),
    **dict.fromkeys(
        ("AnswerSource", "Container", "HostedToolRun", "MCPCall", "UploadedSkill", "read_mcp_calls"),
        ".tools.hosted_tools",
    ),
    **dict.fromkeys(("content_of",), ".content.parsing"),
    **dict.fromkeys(("AudioContent", "Citation", "ContainerUploadContent", "Content"), ".content.parts"),
    **dict.fromkeys(("ContentItem", "FileContent", "GenericContent", "ImageContent", "Origin"), ".content.parts"),
    **dict.fromkeys(("ReasoningContent", "RefusalContent", "SearchResultContent"), ".content.parts"),
    **dict.fromkeys(("ServerToolContent", "StructuredContent", "TextContent", "ToolCallContent"), ".content.parts"),
    **dict.fromkeys(("ToolResultContent", "VideoContent"), ".content.parts"),
    **dict.fromkeys(("InvalidValueError",), ".model_base"),
    **dict.fromkeys(("SpeechRequest", "SpeechResponse", "SpokenAudio", "SpokenSegment"), ".operations.audio"),
    **dict.fromkeys(("SpokenWord", "TranscriptionRequest", "TranscriptionResponse"), ".operations.audio"),
    **dict.fromkeys(("BatchItem", "BatchItemContext", "BatchJob", "BatchRequest"), ".operations.batch"),
    **dict.fromkeys(("BatchResults",), ".operations.batch"),
    **dict.fromkeys(
        ("EmbeddingRequest", "EmbeddingResponse", "InputType", "Moderation"), ".operations.text_operations"
    ),
    **dict.fromkeys(("ModerationRequest", "ModerationResponse", "RankedDocument"), ".operations.text_operations"),
    **dict.fromkeys(("RerankRequest", "RerankResponse"), ".operations.text_operations"),
    **dict.fromkeys(("OcrPage", "OcrRequest", "OcrResponse"), ".operations.text_operations"),
    **dict.fromkeys(("UploadedFile",), ".operations.files"),
    **dict.fromkeys(
        ("AddedFiles", "VectorStoreFile", "StoreFileCounts", "StoreMatch", "VectorStore"),
        ".operations.files",
    ),
    **dict.fromkeys(("AddFilesSettings", "StoreSettings"), ".config.call_options"),
    **dict.fromkeys(("GeneratedImage", "ImageRequest", "ImageResponse"), ".operations.images"),
    **dict.fromkeys(("ApplyPatch", "ComputerUse", "Memory", "Shell", "TextEditor"), ".tools.caller_tools"),
    **dict.fromkeys(("GoogleMaps", "ImageGeneration", "WebFetch", "XSearch"), ".tools.hosted_tools"),
    **dict.fromkeys(("CodeExecution", "FileSearch", "HostedTool", "RemoteMCP"), ".tools.provider_tools"),
    **dict.fromkeys(("ServerTool", "UserLocation", "WebSearch"), ".tools.provider_tools"),
    **dict.fromkeys(("CustomTool", "InvalidArgumentsError", "Tool"), ".tools.tool"),
    **dict.fromkeys(("ComputerAction", "EditorAction", "MCPApprovalRequest"), ".tools.tool_actions"),
    **dict.fromkeys(("PatchOperation", "ShellAction"), ".tools.tool_actions"),
    **dict.fromkeys(("ToolChoice", "ToolDefinition"), ".tools.tool_definition"),
    **dict.fromkeys(("ComputerExecutor", "MCPApproval", "MemoryExecutor", "PatchExecutor"), ".tools.tool_executors"),
    **dict.fromkeys(("PatchResult", "Screenshot", "ShellExecutor", "ShellResult"), ".tools.tool_executors"),
    **dict.fromkeys(("TextEditorExecutor",), ".tools.tool_executors"),
    **dict.fromkeys(("ToolSearch", "answer_tool_search", "defer_tools", "find_tools"), ".tools.tool_search"),
}

__getattr__, __dir__ = lazy_package(
    __name__,
    _HOMES,
    has_old_names=True,
    others=(
        *("dhenara.ai.errors", "dhenara.ai.testing", "dhenara.ai.conversation", "dhenara.ai.ui", "dhenara.ai.mcp"),
        *("dhenara.ai.catalog", "dhenara.ai.workspace", "dhenara.ai.telemetry"),
    ),
)
