"""The engine: one typed client for every LLM provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._lazy import lazy

if TYPE_CHECKING:
    from .client import (
        AIModelClient as AIModelClient,
    )
    from .flow.layer import (
        Layer as Layer,
    )
    from .flow.layer import (
        Send as Send,
    )
    from .flow.stream import (
        Stream as Stream,
    )
    from .providers.provider import (
        Provider as Provider,
    )
    from .providers.provider import (
        Route as Route,
    )
    from .providers.registry import (
        register_provider as register_provider,
    )
    from .types.api import (
        AIModelAPI as AIModelAPI,
    )
    from .types.api import (
        Credentials as Credentials,
    )
    from .types.attempt import (
        Attempt as Attempt,
    )
    from .types.call import (
        Call as Call,
    )
    from .types.call_config import (
        AIModelCallConfig as AIModelCallConfig,
    )
    from .types.call_config import (
        ReasoningEffort as ReasoningEffort,
    )
    from .types.call_response import (
        AIModelCallResponse as AIModelCallResponse,
    )
    from .types.chunk import (
        ChatResponseChoiceDelta as ChatResponseChoiceDelta,
    )
    from .types.chunk import (
        ChatResponseChunk as ChatResponseChunk,
    )
    from .types.chunk import (
        OtherContentDelta as OtherContentDelta,
    )
    from .types.chunk import (
        ReasoningContentDelta as ReasoningContentDelta,
    )
    from .types.chunk import (
        RefusalContentDelta as RefusalContentDelta,
    )
    from .types.chunk import (
        TextContentDelta as TextContentDelta,
    )
    from .types.chunk import (
        ToolCallContentDelta as ToolCallContentDelta,
    )
    from .types.content import (
        AudioContent as AudioContent,
    )
    from .types.content import (
        Citation as Citation,
    )
    from .types.content import (
        Content as Content,
    )
    from .types.content import (
        ContentItem as ContentItem,
    )
    from .types.content import (
        FileContent as FileContent,
    )
    from .types.content import (
        GenericContent as GenericContent,
    )
    from .types.content import (
        ImageContent as ImageContent,
    )
    from .types.content import (
        Origin as Origin,
    )
    from .types.content import (
        ReasoningContent as ReasoningContent,
    )
    from .types.content import (
        RefusalContent as RefusalContent,
    )
    from .types.content import (
        ServerToolContent as ServerToolContent,
    )
    from .types.content import (
        StructuredContent as StructuredContent,
    )
    from .types.content import (
        TextContent as TextContent,
    )
    from .types.content import (
        ToolCallContent as ToolCallContent,
    )
    from .types.content import (
        ToolResultContent as ToolResultContent,
    )
    from .types.content import (
        VideoContent as VideoContent,
    )
    from .types.cost import (
        Cost as Cost,
    )
    from .types.delta import (
        FinishReason as FinishReason,
    )
    from .types.endpoint import (
        AIModelEndpoint as AIModelEndpoint,
    )
    from .types.message import (
        Message as Message,
    )
    from .types.message import (
        Prompt as Prompt,
    )
    from .types.model import (
        AIModel as AIModel,
    )
    from .types.model import (
        ChatModelCostData as ChatModelCostData,
    )
    from .types.model import (
        ChatModelSettings as ChatModelSettings,
    )
    from .types.model import (
        ImageModelCostData as ImageModelCostData,
    )
    from .types.model import (
        ValidOptionValue as ValidOptionValue,
    )
    from .types.provider import (
        AIModelAPIProviderEnum as AIModelAPIProviderEnum,
    )
    from .types.response import (
        ChatResponse as ChatResponse,
    )
    from .types.response import (
        ChatResponseChoice as ChatResponseChoice,
    )
    from .types.response import (
        ImageResponse as ImageResponse,
    )
    from .types.sse import (
        SSEErrorCode as SSEErrorCode,
    )
    from .types.sse import (
        SSEErrorData as SSEErrorData,
    )
    from .types.sse import (
        SSEErrorResponse as SSEErrorResponse,
    )
    from .types.sse import (
        SSEEventType as SSEEventType,
    )
    from .types.sse import (
        SSEResponse as SSEResponse,
    )
    from .types.sse import (
        StreamEvent as StreamEvent,
    )
    from .types.sse import (
        StreamingChatResponse as StreamingChatResponse,
    )
    from .types.structured import (
        StructuredOutput as StructuredOutput,
    )
    from .types.timeouts import (
        Timeouts as Timeouts,
    )
    from .types.tools import (
        ServerTool as ServerTool,
    )
    from .types.tools import (
        ToolChoice as ToolChoice,
    )
    from .types.tools import (
        ToolDefinition as ToolDefinition,
    )
    from .types.usage import (
        Usage as Usage,
    )
    from .types.warning import (
        CallWarning as CallWarning,
    )

_HOMES = {
    "AIModelClient": ".client",
    "Layer": ".flow.layer",
    "Send": ".flow.layer",
    "Stream": ".flow.stream",
    "Provider": ".providers.provider",
    "Route": ".providers.provider",
    "register_provider": ".providers.registry",
    "AIModelAPI": ".types.api",
    "Credentials": ".types.api",
    "Attempt": ".types.attempt",
    "Call": ".types.call",
    "AIModelCallConfig": ".types.call_config",
    "ReasoningEffort": ".types.call_config",
    "AIModelCallResponse": ".types.call_response",
    "ChatResponseChoiceDelta": ".types.chunk",
    "ChatResponseChunk": ".types.chunk",
    "OtherContentDelta": ".types.chunk",
    "ReasoningContentDelta": ".types.chunk",
    "RefusalContentDelta": ".types.chunk",
    "TextContentDelta": ".types.chunk",
    "ToolCallContentDelta": ".types.chunk",
    "AudioContent": ".types.content",
    "Citation": ".types.content",
    "Content": ".types.content",
    "ContentItem": ".types.content",
    "FileContent": ".types.content",
    "GenericContent": ".types.content",
    "ImageContent": ".types.content",
    "Origin": ".types.content",
    "ReasoningContent": ".types.content",
    "RefusalContent": ".types.content",
    "ServerToolContent": ".types.content",
    "StructuredContent": ".types.content",
    "TextContent": ".types.content",
    "ToolCallContent": ".types.content",
    "ToolResultContent": ".types.content",
    "VideoContent": ".types.content",
    "Cost": ".types.cost",
    "FinishReason": ".types.delta",
    "AIModelEndpoint": ".types.endpoint",
    "Message": ".types.message",
    "Prompt": ".types.message",
    "AIModel": ".types.model",
    "ChatModelCostData": ".types.model",
    "ChatModelSettings": ".types.model",
    "ImageModelCostData": ".types.model",
    "ValidOptionValue": ".types.model",
    "AIModelAPIProviderEnum": ".types.provider",
    "ChatResponse": ".types.response",
    "ChatResponseChoice": ".types.response",
    "ImageResponse": ".types.response",
    "SSEErrorCode": ".types.sse",
    "SSEErrorData": ".types.sse",
    "SSEErrorResponse": ".types.sse",
    "SSEEventType": ".types.sse",
    "SSEResponse": ".types.sse",
    "StreamEvent": ".types.sse",
    "StreamingChatResponse": ".types.sse",
    "StructuredOutput": ".types.structured",
    "Timeouts": ".types.timeouts",
    "ServerTool": ".types.tools",
    "ToolChoice": ".types.tools",
    "ToolDefinition": ".types.tools",
    "Usage": ".types.usage",
    "CallWarning": ".types.warning",
}

__getattr__, __dir__ = lazy(__name__, _HOMES)
