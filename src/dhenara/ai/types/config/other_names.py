"""Names that users of other libraries type: those that are accepted here, and what to write for the others.

Options have hints in `name_hints`; attributes, methods and imports have them here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from string import Template
from types import MappingProxyType
from typing import Any

from ...errors import ConfigurationError
from ...wire.text import similar_names
from .name_hints import GENERATION_HINTS, OPERATION_HINTS, REQUEST_HINTS, hints

ALTERNATIVE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "max_tokens": "max_output_tokens",
        "max_completion_tokens": "max_output_tokens",
        "max_retries": "retries",
        "num_retries": "retries",
        "stop_sequences": "stop",
        "extra_headers": "headers",
        "extra_body": "options",
        "stream": "streaming",
        "system": "instructions",
        "system_prompt": "instructions",
    }
)
"""Names of other libraries that mean exactly one option, and the name of that option. Both are accepted everywhere."""

ENGINE_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "call": "generate",
        "typed": "generate_typed",
        "json": "write structured_output=Person, or a JSON Schema (dict)",
        "system": "instructions",
        "files": 'write them in the prompt: generate(["What is this?", Path("a.png")])',
        "repairs": "repairs",
        "many": "it belongs to ask_many of ai_utilities",
        "model": 'one client has one model: write AIModelClient("openai/gpt-5.4-mini")',
        "provider": 'one client has one provider: write AIModelClient("openai/gpt-5.4-mini")',
        "cache": "answers are cached by ai_utilities: write AiClient(cache_enabled=True)",
        "tags": 'usage is counted by tags in ai_utilities: write AiClient(...).ask(prompt, tags={"team": "a"})',
        "progress": "it belongs to ask_many of ai_utilities",
        "limits": "write run(prompt, tools=[...], limits=RunLimits(rounds=5))",
        "stream": "client.generate(prompt, streaming=True).text_stream",
    }
)
"""What the hints call things in the engine."""

GENERATING = ("chat", "count_tokens")
"""Operations with the options of generated text."""

CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def use_own_names(options: Mapping[str, Any], names: Mapping[str, str] = ALTERNATIVE_NAMES) -> dict[str, Any]:
    """Return options under the names of this library.

    Args:
        options: Options under any accepted name.
        names: Alternative names, and the name that each stands for.

    Returns:
        The options under their own names, in the same order.

    Raises:
        ConfigurationError: If an option is given twice, under two names, with different values.
    """
    own: dict[str, Any] = {}
    for name, value in options.items():
        known = names.get(name, name)
        if known in own and own[known] != value:
            first = next(one for one in options if one != name and names.get(one, one) == known)
            raise ConfigurationError(f"{first} and {name} are the same option. Pass one of them")
        own[known] = value
    return own


def refuse_streaming(options: Any, instead: str | None) -> None:
    """Remove the option to stream from the options of a method whose name says whether it streams.

    Args:
        options: The options of the call.
        instead: The method that streams; None if this method does.

    Raises:
        ConfigurationError: If a stream is wanted of a method that returns a whole answer.
    """
    wanted = [name for name in ("streaming", "stream") if options.pop(name, None)]
    if wanted and instead:
        raise ConfigurationError(f"{wanted[0]}=True: this method returns the whole answer. Use {instead} for a stream")


def describe_unknown(
    name: str,
    known: Iterable[str],
    *,
    operation: str = "chat",
    words: Mapping[str, str] = ENGINE_WORDS,
    own_hints: Mapping[str, str] | None = None,
) -> str:
    """Say that an option does not exist, and what to write instead if that is certain.

    Args:
        name: The name that was given.
        known: Names that exist there.
        operation: Kind of request; hints about generated text are for `"chat"` only.
        words: What the hints call things; of the engine, or of a package that is built on it.
        own_hints: Hints in place of those about requests, where the option is not one of a request.

    Returns:
        One line without a full stop, such as `unknown setting 'topP'; write top_p=...`.
    """
    hint = find_hint(name, tuple(known), request_hints(operation, words) if own_hints is None else own_hints, words)
    return f"unknown setting {name!r}{f'; {hint}' if hint else ''}"


def request_hints(operation: str, words: Mapping[str, str]) -> Mapping[str, str]:
    """Return the hints about options of a request, those of the operation first."""
    special = GENERATION_HINTS if operation in GENERATING else OPERATION_HINTS.get(operation, {})
    names = {name: words["system"] if own == "instructions" else own for name, own in ALTERNATIVE_NAMES.items()}
    return {**REQUEST_HINTS, **special, **{name: f"write {own}=..." for name, own in names.items()}}


def find_hint(name: str, known: tuple[str, ...], table: Mapping[str, str], words: Mapping[str, str]) -> str | None:
    plain = CAMEL.sub("_", name).replace("-", "_").lower()
    if plain in known:
        return f"write {plain}=..."
    if plain in table:
        return Template(table[plain]).substitute(words, name=plain)
    similar = similar_names(plain, known)
    return f"did you mean {similar[0]!r}?" if len(similar) == 1 else None


CALL_ARGUMENTS = ("prompt", "context", "messages", "instructions")
"""Arguments of calls that are no settings."""


def describe_unknown_field(name: str, known: Iterable[str]) -> str:
    """Say that a setting of calls does not exist, in particular where it is an argument of the call itself."""
    own = ALTERNATIVE_NAMES.get(name, name)
    if own not in CALL_ARGUMENTS:
        return describe_unknown(name, known)
    form = "generate(prompt)" if own == "prompt" else f"generate(prompt, {own}=...)"
    return f"{name!r} is an argument of the call, not a setting: write {form}"


TEXT = ("content message output_text answer completion output data", "response.text")
STREAM_END = (
    "final_response get_final_message get_final_response get_final_completion get_final_text collect result",
    "response.text_stream.response, after the stream was read",
)
HISTORY_HINTS = hints(
    ("generate send chat say prompt send_message invoke", "ask(prompt)"),
    ("history get_history message_history all_messages", "conversation.messages"),
    ("fork copy clone", "branch()"),
    ("reset clear new", "client.conversation() for an empty one, or undo() for the last turn"),
    ("system system_prompt", "conversation.instructions"),
    ("add append add_message", "record(prompt, response), or ask(prompt)"),
    ("to_dict dump dumps", "to_json()"),
    ("model", "conversation.last.model; switch(client) changes it"),
    ("ask_stream generate_stream send_message_stream send_stream", "stream(prompt)"),
    ("stream_run run_stream", "run_streaming(prompt, tools=[...])"),
)

ATTRIBUTE_HINTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "AIModelClient": hints(
            (
                "ask complete completion completions invoke create responses messages generate_text generate_content "
                "generate_message prompt beta",
                "generate(prompt)",
            ),
            (
                "stream ask_stream generate_stream stream_text text_stream generate_content_stream stream_generate",
                "generate(prompt, streaming=True).text_stream",
            ),
            (
                "astream stream_async text_stream_async generate_stream_async",
                "(await generate_async(prompt, streaming=True)).text_stream",
            ),
            (
                "ask_typed parse generate_object generate_json ask_json typed structured extract "
                "with_structured_output",
                "generate_typed(prompt, Person)",
            ),
            ("stream_object stream_typed", "run_streaming(prompt, structured_output=Person)"),
            ("ainvoke agenerate acompletion acomplete ask_async aask", "await generate_async(prompt)"),
            ("chat chat_session start_conversation new_conversation start_chat session", "conversation()"),
            (
                "ask_many generate_many batch abatch",
                "AiClient(...).ask_many(prompts) of ai_utilities, or submit_batch(prompts)",
            ),
            ("batches create_batch list_batches", "submit_batch(prompts)"),
            ("retrieve_batch", "get_batch(id)"),
            ("agent Agent create_agent run_sync", "run(prompt, tools=[...])"),
            ("run_stream stream_run run_streamed", "run_streaming(prompt, tools=[...])"),
            ("tool add_tool bind_tools tools", "run(prompt, tools=[my_function])"),
            (
                "image images generate_image create_image draw",
                'generate(prompt) with an image model such as "openai/gpt-image-2"',
            ),
            ("embeddings embedding embed_many embed_query embed_documents create_embedding aembedding", "embed(texts)"),
            ("audio", "speak(text), or transcribe(audio)"),
            ("speech text_to_speech tts generate_speech", "speak(text)"),
            ("transcription transcriptions speech_to_text stt transcribe_audio", 'transcribe("a.mp3")'),
            ("moderations moderation", "moderate(text)"),
            ("files upload create_file", "upload_file(path), list_files(), download_file(file)"),
            ("create_vector_store vector_store", "vector_stores.create(name)"),
            ("tokens count token_count num_tokens", "count_tokens(prompt)"),
            ("cost price usage total_cost", "response.cost, or AiClient(...).usage_tracker.total of ai_utilities"),
            (
                "with_options with_config copy",
                "AIModelClient(endpoint, AIModelCallConfig(timeout=30)), or pass options to the call",
            ),
            ("with_fallbacks", 'AIModelClient(..., fallbacks=["anthropic/claude-sonnet-5"])'),
            ("model provider name model_name", "client.model_endpoint"),
            ("models ping test health", "list_models(), or generate(prompt)"),
        ),
        "AIModelCallResponse": hints(
            TEXT,
            STREAM_END,
            ("id", "response.chat_response.id; request_id is that of the HTTP request"),
            ("to_dict as_dict to_json", "response.model_dump(), or response.model_dump_json()"),
            (
                "input_tokens output_tokens total_tokens prompt_tokens completion_tokens tokens usage_metadata",
                "response.usage: it has input_tokens, output_tokens and total_tokens",
            ),
            ("latency duration elapsed response_time", "response.duration_seconds"),
            ("stop_reason", "response.finish_reason"),
            ("thinking reasoning_content", "response.reasoning"),
            ("total_cost price", "response.cost"),
            ("candidates", "response.chat_response.choices"),
            ("raw raw_response response", "response.full_response; what it does not have a field for is in its extras"),
            ("headers", "response.response_headers"),
            ("image url b64_json bytes save", 'response.images: response.images[0].save("a.png")'),
            ("messages new_messages all_messages", "client.conversation(), which has all messages"),
            ("object structured_output parsed_output", "response.parsed"),
            ("events chunks deltas", "response.stream_generator"),
            ("close aclose", "response.text_stream.close()"),
        ),
        "ChatResponseChoice": hints(("message content", "choice.text, or choice.contents for all parts")),
        "ChatResponse": hints(TEXT, ("stop_reason", "response.finish_reason")),
        "Usage": hints(
            ("total totalTokenCount total_token_count", "usage.total_tokens"),
            ("input promptTokenCount prompt_token_count", "usage.input_tokens"),
            ("output candidatesTokenCount candidates_token_count", "usage.output_tokens"),
            (
                "cached_tokens cache_read_input_tokens prompt_tokens_details input_tokens_details",
                "usage.cache_read_tokens",
            ),
            ("cache_creation_input_tokens", "usage.cache_write_tokens"),
            ("completion_tokens_details output_tokens_details thinking_tokens", "usage.reasoning_tokens"),
            ("cost total_cost", "response.cost"),
        ),
        "EmbeddingResponse": hints(
            ("data embeddings embedding vector values", "response.vectors: one list of floats for each text")
        ),
        "RerankResponse": hints(("data", "response.results")),
        "RankedDocument": hints(("relevance_score", "result.score"), ("text", "result.document")),
        "ModerationResponse": hints(("categories scores", "response.results[0].categories")),
        "SpeechResponse": hints(
            ("data content", "response.bytes"),
            ("write_to_file stream_to_file", 'response.save("a.mp3")'),
        ),
        "TranscriptionResponse": hints(("transcript content", "response.text")),
        "TokenCountResponse": hints(("total_tokens total count tokens", "response.input_tokens")),
        "ToolCallContent": hints(("args input parameters", "call.arguments")),
        "GeneratedImage": hints(("b64_json", 'image.bytes, or image.save("a.png")')),
        "StreamingChatResponse": hints(
            ("text delta content choices", "chunk.text_delta"),
            ("type", "chunk.event"),
        ),
        "ChatResponseChunk": hints(("text delta content choices", "text_delta of the event, or chunk.choice_deltas")),
        "TextStreamBase": hints(
            (
                "usage cost text final_response get_final_message finish_reason",
                "stream.response, after it was read, as in stream.response.usage",
            ),
        ),
        "Conversation": HISTORY_HINTS,
        "Run": hints(
            ("final_output result data", "run.text, or run.output after structured_output=Person"),
            ("all_messages history", "run.messages"),
            ("new_messages new_items", "run.added"),
            ("status stop_reason", "run.stopped"),
            ("rounds responses", "run.steps"),
            ("events", "client.run_streaming(prompt, tools=[...])"),
        ),
        "FakeServer": hints(
            ("requests calls received", "server.exchanges"),
            ("base_url", "server.url"),
            ("add add_reply add_response respond", "server.add_replies(Answer(text=...))"),
        ),
    }
)
"""Attributes and methods that other libraries have, by our class, and what to write."""

CALL = 'AIModelClient("openai/gpt-5.4-mini")'
IMPORT_HINTS: Mapping[str, str] = hints(
    ("Client AIClient LLM OpenAI Anthropic Router", "from dhenara.ai import AIModelClient"),
    (
        "AsyncClient AsyncAIModelClient AsyncAIClient AsyncLLM AsyncOpenAI AsyncAnthropic",
        "from dhenara.ai import AIModelClient: it has async methods, such as generate_async(prompt)",
    ),
    ("AiClient AsyncAiClient AiSettings Settings", "from ai_utilities import AiClient, AsyncAiClient, AiSettings"),
    ("completion generate ask complete chat_completion", f"{CALL}.generate(prompt)"),
    ("acompletion agenerate aask", f"await {CALL}.generate_async(prompt)"),
    ("embedding embed aembedding", 'AIModelClient("openai/text-embedding-3-small").embed(texts)'),
    ("Agent create_agent", f"{CALL}.run(prompt, tools=[my_function])"),
    ("Chat Session ChatSession", f"{CALL}.conversation()"),
    ("tool function_tool BaseTool FunctionTool", "tools=[my_function]: a typed function is a tool"),
    ("UserMessage HumanMessage", 'from dhenara.ai import Prompt, or {"role": "user", "content": "..."}'),
    ("SystemMessage DeveloperMessage", 'generate(prompt, system="...")'),
    ("AssistantMessage AIMessage", 'from dhenara.ai import Message, or {"role": "assistant", "content": "..."}'),
    (
        "Image ImageUrl ImagePart BinaryContent",
        'generate(["What is this?", Path("a.png")]), or from dhenara.ai import ImageContent',
    ),
    (
        "File Document DocumentUrl FilePart",
        'generate(["Summarize", Path("a.pdf")]), or from dhenara.ai import FileContent',
    ),
    ("Audio AudioUrl Video VideoUrl", "from dhenara.ai import AudioContent, VideoContent"),
    ("APIError OpenAIError AnthropicError LLMError APIStatusError", "from dhenara.ai.errors import CallError"),
    ("APIConnectionError", "from dhenara.ai.errors import ConnectionFailedError"),
    ("APITimeoutError TimeoutError", "from dhenara.ai.errors import CallTimeoutError"),
    ("InternalServerError ServiceUnavailableError", "from dhenara.ai.errors import ServerError"),
    ("ContextWindowExceededError", "from dhenara.ai.errors import ContextLengthError"),
    ("RetryPolicy Retry", "generate(prompt, retries=2)"),
    ("Timeout", "from dhenara.ai import Timeouts"),
    ("Middleware", "from dhenara.ai import Layer"),
    ("ModelSettings GenerationConfig CallConfig", "from dhenara.ai import AIModelCallConfig"),
    ("Response ModelResponse ChatCompletion", "from dhenara.ai import AIModelCallResponse"),
    ("Embedding", "from dhenara.ai import EmbeddingResponse"),
    ("list_models", f"{CALL}.list_models()"),
    ("list_providers", "from ai_utilities import list_providers"),
    (
        "price cost get_price completion_cost cost_per_token",
        "response.cost, or from dhenara.ai.catalog import price_usage",
    ),
    ("token_counter count_tokens", f"{CALL}.count_tokens(prompt)"),
    ("Server MockServer fake_server TestServer MockClient", "from dhenara.ai.testing import FakeServer"),
)
"""Names that other libraries have, and what to import or to write instead."""
