"""instructor: `from_dhenara` hands a client to it; completions are in OpenAI's format, for every provider."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, Literal, Unpack, overload

from pydantic import SecretStr

from ..client.client import AIModelClient
from ..errors import BrokenStreamError, ConfigurationError
from ..types.chat.chunk import ChatContentDelta
from ..types.chat.response import AIModelCallResponse
from ..types.config.call_options import AnswerOptions
from ..wire import json
from . import ClientPool, call_facts, read_format, with_model

try:
    from instructor import AsyncInstructor, Instructor, Mode, from_litellm
    from instructor.core.hooks import Hooks
    from openai.types.chat import ChatCompletion, ChatCompletionChunk
except ImportError as missing:
    raise ConfigurationError("this needs instructor: pip install 'dhenara[instructor]'") from missing

FINISH = frozenset({"stop", "length", "tool_calls", "content_filter"})
MODES = ("TOOLS", "TOOLS_STRICT", "PARALLEL_TOOLS", "JSON", "JSON_SCHEMA", "MD_JSON")
"""Modes of instructor that are not for one vendor's API."""


class InstructorOptions(AnswerOptions, total=False):
    """Options of all calls, and arguments of `Instructor`."""

    hooks: Hooks | None
    """Hooks of instructor, which are called around each request. Default: none."""


@overload
def from_dhenara(
    client: AIModelClient | str,
    mode: Mode = ...,
    *,
    use_async: Literal[False] = ...,
    api_key: SecretStr | str | None = ...,
    base_url: str | None = ...,
    **options: Unpack[InstructorOptions],
) -> Instructor: ...
@overload
def from_dhenara(
    client: AIModelClient | str,
    mode: Mode = ...,
    *,
    use_async: Literal[True],
    api_key: SecretStr | str | None = ...,
    base_url: str | None = ...,
    **options: Unpack[InstructorOptions],
) -> AsyncInstructor: ...
def from_dhenara(
    client: AIModelClient | str,
    mode: Mode = Mode.TOOLS,
    *,
    use_async: bool = False,
    api_key: SecretStr | str | None = None,
    base_url: str | None = None,
    **options: Unpack[InstructorOptions],
) -> Instructor | AsyncInstructor:
    """Create a client of instructor that sends its calls through a client of this library.

    Options of calls are those of this library (`CallOptions`) and OpenAI's names for them, such as `max_tokens`;
    `max_retries` is that of instructor. `create_with_completion` returns the completion with `dhenara`: cost,
    attempts, warnings and times.

    Args:
        client: The client, or the name of a model with its provider.
        mode: `Mode.TOOLS` (default), `PARALLEL_TOOLS`, `JSON`, `JSON_SCHEMA` or `MD_JSON`.
        use_async: Whether to create an `AsyncInstructor`. Default False.
        api_key: API key, for a named model. Default None: read from the provider's environment variable.
        base_url: Address of the provider, for a named model. Default None: the usual one.
        **options: Options of all calls (`CallOptions`), and `hooks` of instructor.

    Raises:
        ConfigurationError: If the mode is for another API, or the client is none.
    """
    if mode.name not in MODES:
        raise ConfigurationError(f"Mode.{mode.name} is for one vendor's API. Use one of {', '.join(MODES)}")
    name = client if isinstance(client, str) else with_model({"client": client})["model"]
    pool = ClientPool(None if isinstance(client, str) else client, name, api_key, base_url)

    def create(**arguments: Any) -> ChatCompletion | Iterator[ChatCompletionChunk]:
        sender, call = pool.find(arguments.pop("model", None) or name), read_call(arguments)
        answer = sender.generate(**call)
        return stream_chunks(answer) if call["streaming"] else to_completion(answer)

    async def create_async(**arguments: Any) -> ChatCompletion | AsyncIterator[ChatCompletionChunk]:
        sender, call = pool.find(arguments.pop("model", None) or name), read_call(arguments)
        answer = await sender.generate_async(**call)
        return stream_chunks_async(answer) if call["streaming"] else to_completion(answer)

    if use_async:
        return from_litellm(create_async, mode=mode, async_client=True, **options)
    return from_litellm(create, mode=mode, async_client=False, **options)


def read_call(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `generate` for those of OpenAI's `create`."""
    call = {name: value for name, value in arguments.items() if name not in ("stream", "stream_options")}
    call |= read_format(call.pop("response_format", None))
    return {**call, "streaming": bool(arguments.get("stream"))}


def to_usage(response: AIModelCallResponse) -> dict[str, Any] | None:
    usage = response.usage
    if not usage.known:
        return None
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read_tokens, "audio_tokens": usage.input_audio_tokens},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning_tokens,
            "audio_tokens": usage.output_audio_tokens,
        },
    }


def to_reason(reason: str | None) -> str:
    """A finish reason that OpenAI has."""
    return reason if reason in FINISH else "content_filter" if reason == "refusal" else "stop"


def to_completion(response: AIModelCallResponse) -> ChatCompletion:
    """Write a response in OpenAI's format, with what only ours have under `dhenara`."""
    choices = []
    for choice in response.chat_response.choices:
        refusals = [part.text for part in choice.contents if part.type == "refusal"]
        thoughts = "".join(part.get_text() for part in choice.contents if part.type == "reasoning")
        message: dict[str, Any] = {"role": "assistant", "content": choice.text or None}
        message |= {"refusal": "".join(refusals)} if refusals else {}
        message |= {"reasoning_content": thoughts} if thoughts else {}
        if calls := [part for part in choice.contents if part.type == "tool_call"]:
            message["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": call.arguments_text or dump(call.arguments)},
                }
                for call in calls
            ]
        reason = to_reason(choice.finish_reason)
        choices.append({"index": choice.index, "message": message, "finish_reason": reason, "logprobs": None})
    return ChatCompletion.model_validate(
        {
            "id": response.chat_response.id or "",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": response.model or "",
            "choices": choices,
            "usage": to_usage(response),
            "dhenara": call_facts(response),
        }
    )


def dump(arguments: dict[str, Any]) -> str:
    return json.dumps(arguments).decode()


def to_delta(delta: ChatContentDelta) -> dict[str, Any] | None:
    """Write new content of a stream; None for what OpenAI's format does not have."""
    match delta.type:
        case "text":
            return {"content": delta.text_delta}
        case "refusal":
            return {"refusal": delta.refusal_delta}
        case "reasoning":
            return {"reasoning_content": delta.reasoning_delta}
        case "tool_call":
            function = {"name": delta.name, "arguments": delta.arguments_delta}
            return {"tool_calls": [{"index": delta.index, "id": delta.id, "type": "function", "function": function}]}
    return None


def write_event(event: Any, stream: Any) -> Iterator[ChatCompletionChunk]:
    """Write an event of a stream.

    Raises:
        CallError: If the stream broke.
    """
    if event is None:
        yield to_chunk({}, stream.response, to_reason(stream.response.finish_reason))
    elif event.is_error():
        raise stream.error or BrokenStreamError(event.data.message)
    else:
        for choice in (one for one in event.data.choice_deltas if not one.index):
            for delta in filter(None, map(to_delta, choice.content_deltas)):
                yield to_chunk(delta, event.data, None)


def to_chunk(delta: dict[str, Any], source: Any, reason: str | None) -> ChatCompletionChunk:
    ended = {} if reason is None else {"usage": to_usage(source), "dhenara": call_facts(source)}
    return ChatCompletionChunk.model_validate(
        {
            "id": getattr(source, "id", None) or "",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": source.model or "",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
            **ended,
        }
    )


def stream_chunks(response: AIModelCallResponse) -> Iterator[ChatCompletionChunk]:
    with response.sync_stream_generator as stream:
        for event, _ in stream:
            yield from write_event(event, stream)


async def stream_chunks_async(response: AIModelCallResponse) -> AsyncIterator[ChatCompletionChunk]:
    async with response.async_stream_generator as stream:
        async for event, _ in stream:
            for chunk in write_event(event, stream):
                yield chunk
