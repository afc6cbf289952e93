"""Plugin of `llm`, the command-line tool and library: models such as `dhenara/anthropic/claude-sonnet-5`.

`llm` imports this module at every start, so it loads nothing but `llm` itself until a model is called.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import dhenara.ai as engine

from ..errors import ConfigurationError
from . import PARTS, TEXTS, ClientPool, call_facts, new_call, restore_parts, store_parts

try:
    import llm
    from llm import AsyncResponse, Prompt, Response, hookimpl, parts as p
    from llm.models import EmbeddingModel
except ImportError as missing:
    raise ConfigurationError("this is a plugin of llm: pip install 'dhenara[llm]'") from missing

MODELS = (
    "openai/gpt-5.5",
    "openai/gpt-5.4",
    "openai/gpt-5.4-mini",
    "anthropic/claude-opus-5",
    "anthropic/claude-sonnet-5",
    "anthropic/claude-haiku-4-5",
    "google_ai/gemini-3.5-flash",
    "mistral/mistral-large-latest",
    "xai/grok-4.3",
    "deepseek/deepseek-v4-pro",
    "groq/openai/gpt-oss-120b",
    "cohere/command-a-03-2025",
)
EMBEDDINGS = ("openai/text-embedding-3-small", "openai/text-embedding-3-large", "cohere/embed-v4.0")
KEYS = {"google_ai": "gemini"}
"""Names of keys in the key store of llm, where other plugins use another name than the provider's here."""

FILE = "dhenara-models.json"
"""Names that `llm dhenara add` added, in the folder of llm's settings."""

MEDIA = {"image": ("png", "jpeg", "webp", "gif"), "audio": ("wav", "mpeg", "ogg", "flac"), "video": ("mp4", "webm")}
TYPES = frozenset({"application/pdf", *(f"{kind}/{name}" for kind, names in MEDIA.items() for name in names)})


@hookimpl
def register_models(register: Any) -> None:
    """Register the chat models; `llm` calls this."""
    for name in (*MODELS, *read_names()["models"]):
        register(DhenaraChat(name), AsyncDhenaraChat(name))


@hookimpl
def register_embedding_models(register: Any) -> None:
    """Register the embedding models; `llm` calls this."""
    for name in (*EMBEDDINGS, *read_names()["embeddings"]):
        register(DhenaraVectors(name))


@hookimpl
def register_commands(cli: Any) -> None:
    """Register `llm dhenara`; `llm` calls this."""
    import click

    @cli.group(name="dhenara")
    def group() -> None:
        """Models of every provider, named provider/model"""

    @group.command(name="add")
    @click.argument("name")
    @click.option("--embedding", is_flag=True, help="It is an embedding model")
    def add(name: str, embedding: bool) -> None:
        """Register the model NAME, such as groq/llama-3.3-70b-versatile"""
        try:
            engine.AIModelEndpoint.of(name)
        except ConfigurationError as error:
            raise click.ClickException(str(error)) from error
        known = read_names()
        kind = "embeddings" if embedding else "models"
        known[kind] = sorted({*known[kind], name})
        names_file().write_text(json.dumps(known, indent=2), encoding="utf-8")
        click.echo(f"dhenara/{name}")

    @group.command(name="remove")
    @click.argument("name")
    def remove(name: str) -> None:
        """Remove a model that was added"""
        known = read_names()
        if not any(name in names for names in known.values()):
            raise click.ClickException(f"{name} was not added")
        left = {kind: [one for one in names if one != name] for kind, names in known.items()}
        names_file().write_text(json.dumps(left, indent=2), encoding="utf-8")


def names_file() -> Path:
    return Path(llm.user_dir()) / FILE


def read_names() -> dict[str, list[str]]:
    """Return the names that were added."""
    try:
        known = json.loads(names_file().read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        known = {}
    return {kind: list(known.get(kind, ())) for kind in ("models", "embeddings")}


class DhenaraOptions(llm.Options):
    """Options of a model of `llm`; they are call options of this library.

    Attributes:
        temperature: Sampling temperature.
        max_tokens: Maximum number of tokens of the answer.
        top_p: Nucleus sampling.
        top_k: Number of tokens to sample from.
        frequency_penalty: Penalty for tokens by how often they occurred.
        presence_penalty: Penalty for tokens that occurred at all.
        seed: Seed for sampling.
        stop: A stop sequence, or a list of them.
        reasoning: Whether to reason.
        reasoning_effort: How much to reason, from `none` to `max`.
        max_reasoning_tokens: Maximum number of reasoning tokens.
        timeout: Seconds for the whole call.
        max_retries: Retries after the first attempt.
        strict: Whether what the provider does not support is an error instead of a warning.
        base_url: Address of the provider.
        call_options: Further call options, as a JSON object.
    """

    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    top_k: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    reasoning: bool | None = None
    reasoning_effort: str | None = None
    max_reasoning_tokens: int | None = None
    timeout: float | None = None
    max_retries: int | None = None
    strict: bool | None = None
    base_url: str | None = None
    call_options: str | dict[str, Any] | None = None


class KeyOfProvider:
    """Mixin: the key comes from the key store of `llm`, or else from the provider's environment variable."""

    key: str | None
    needs_key: str | None
    name: str

    def _name(self, name: str) -> None:
        self.name = name
        self.model_id = f"dhenara/{name}"
        provider = name.partition("/")[0]
        self.needs_key = KEYS.get(provider, provider)

    def get_key(self, explicit_key: str | None = None) -> str | None:
        """Return the key, or None if the client has to find it.

        Args:
            explicit_key: A key, or the name of one in the key store.
        """
        return self.key or llm.get_key(input=explicit_key, alias=self.needs_key)

    def _client(self, key: str | None, base_url: str | None = None) -> Any:
        return ClientPool(None, self.name, key, base_url).find(self.name)


class ChatMixin(KeyOfProvider):
    """Mixin of the sync and the async model: what is sent, and what of an answer `llm` gets."""

    can_stream = supports_schema = supports_tools = True
    attachment_types = TYPES
    supported_server_side_tools = (llm.ServerSideTool,)

    Options = DhenaraOptions

    def __init__(self, name: str) -> None:
        self._name(name)

    def _call(self, prompt: Prompt, stream: bool) -> dict[str, Any]:
        options = {name: value for name, value in prompt.options if value is not None and name != "base_url"}
        further = options.pop("call_options", None) or {}
        options |= json.loads(further) if isinstance(further, str) else further
        if prompt.schema:
            options["structured_output"] = prompt.schema
        if prompt.tools:
            options["tools"] = [self._tool(tool) for tool in prompt.tools]
        messages = [read_message(message) for message in prompt.messages]
        return {"messages": messages, **options, "streaming": stream}

    def _tool(self, tool: llm.Tool | llm.ServerSideTool) -> Any:
        if isinstance(tool, llm.ServerSideTool):
            return tool.tool_spec(self)
        return engine.ToolDefinition(name=tool.name, description=tool.description, parameters=tool.input_schema)

    def _end(self, answer: Any, response: Any, *, streamed: bool) -> Iterator[p.StreamEvent]:
        """Write what was not written as it arrived, and usage, cost and tool calls."""
        contents = answer.chat_response.contents
        for number, part in enumerate(contents):
            if not streamed:
                yield from write_part(number, part)
            if part.type == "tool_call":
                call = llm.ToolCall(name=part.name, arguments=part.arguments, tool_call_id=part.id or None)
                response.add_tool_call(call)
        if stored := store_parts(contents):
            last = [(number, part) for number, part in enumerate(contents) if part.type in EVENTS]
            number, kind = (last[-1][0], EVENTS[last[-1][1].type]) if last else (0, "reasoning")
            yield p.StreamEvent(kind, "", part_index=number, provider_metadata={PARTS: stored})
        response.response_json = {"id": answer.chat_response.id, "dhenara": call_facts(answer)}
        if answer.model:
            response.set_resolved_model(answer.model)
        if answer.usage.known:
            raw = answer.usage.model_dump(exclude_defaults=True, exclude={"raw", "input_tokens", "output_tokens"})
            counts = {"input": answer.usage.prompt_tokens, "output": answer.usage.completion_tokens}
            response.set_usage(**counts, details=json.loads(json.dumps(raw, default=str)) or None)


class DhenaraChat(ChatMixin, llm.KeyModel):  # type: ignore[misc]  # its attributes are for instances
    """A chat model of `llm`."""

    def execute(
        self,
        prompt: Prompt,
        stream: bool,
        response: Response,
        conversation: Any,
        key: str | None = None,
    ) -> Iterator[str | p.StreamEvent]:
        """Send the prompt; `llm` calls this."""
        with self._client(key, getattr(prompt.options, "base_url", None)) as client:
            answer = client.generate(**self._call(prompt, stream))
            if stream:
                with answer.sync_stream_generator as chunks:
                    for event, _ in chunks:
                        yield from write_event(event, chunks)
                    answer = chunks.response
            yield from self._end(answer, response, streamed=stream)


class AsyncDhenaraChat(ChatMixin, llm.AsyncKeyModel):  # type: ignore[misc]  # as above
    """An async chat model of `llm`."""

    async def execute(
        self, prompt: Prompt, stream: bool, response: AsyncResponse, conversation: Any, key: str | None = None
    ) -> AsyncGenerator[str | p.StreamEvent, None]:
        """Send the prompt; `llm` calls this."""
        async with self._client(key, getattr(prompt.options, "base_url", None)) as client:
            answer = await client.generate_async(**self._call(prompt, stream))
            if stream:
                async with answer.async_stream_generator as chunks:
                    async for event, _ in chunks:
                        for written in write_event(event, chunks):
                            yield written
                    answer = chunks.response
            for written in self._end(answer, response, streamed=stream):
                yield written


class DhenaraVectors(KeyOfProvider, EmbeddingModel):
    """An embedding model of `llm`."""

    def __init__(self, name: str) -> None:
        self._name(name)

    def embed_batch(self, items: Iterable[str | bytes], *, key: str | None = None) -> Iterator[list[float]]:
        """Embed texts.

        Args:
            items: The texts.
            key: API key.
        """
        with self._client(key) as client:
            yield from client.embed(list(items)).vectors


EVENTS = {**dict.fromkeys((*TEXTS, "refusal"), "text"), "reasoning": "reasoning", "tool_call": "tool_call_args"}


def write_event(event: Any, chunks: Any) -> Iterator[p.StreamEvent]:
    """Write what arrived; raise the error of a broken stream."""
    if event is None:
        return
    if event.is_error():
        raise chunks.error
    for delta in (one for choice in event.data.choice_deltas if not choice.index for one in choice.content_deltas):
        if delta.type == "tool_call":
            if delta.name:
                yield p.StreamEvent("tool_call_name", delta.name, delta.index, tool_call_id=delta.id)
            if delta.arguments_delta:
                yield p.StreamEvent("tool_call_args", delta.arguments_delta, delta.index)
        elif delta.type == "reasoning" and delta.reasoning_delta:
            yield p.StreamEvent("reasoning", delta.reasoning_delta, delta.index)
        elif text := delta.text_delta or (delta.refusal_delta if delta.type == "refusal" else ""):
            yield p.StreamEvent("text", text, delta.index)


def write_part(number: int, part: Any) -> Iterator[p.StreamEvent]:
    if part.type == "tool_call":
        yield p.StreamEvent("tool_call_name", part.name, number, tool_call_id=part.id or None)
        yield p.StreamEvent("tool_call_args", json.dumps(part.arguments), number)
    elif part.type in EVENTS and part.get_text():
        yield p.StreamEvent(EVENTS[part.type], part.get_text(), number)


def read_message(message: p.Message) -> Any:
    """Read a message of `llm` as one that `generate` takes."""
    read = [one for part in message.parts if (one := read_part(part)) is not None]
    if message.role != "assistant":
        return {"role": message.role, "contents": read}
    metadata: list[Mapping[str, Any]] = [getattr(part, "provider_metadata", None) or {} for part in message.parts]
    stored = next((one[PARTS] for one in metadata if PARTS in one), None)
    if stored is None:
        return {"role": "assistant", "contents": read}
    calls = [part for part in message.parts if isinstance(part, p.ToolCallPart)]
    known = [{"id": call.tool_call_id or "", "name": call.name, "args": call.arguments} for call in calls]
    text = "".join(part.text for part in message.parts if isinstance(part, p.TextPart))
    return engine.Message(role="assistant", contents=restore_parts(stored, text, known))


def read_part(part: p.Part) -> Any:
    match part:
        case p.TextPart():
            return {"type": "text", "text": part.text}
        case p.AttachmentPart() if part.attachment is not None:
            return read_attachment(part.attachment)
        case p.ToolCallPart() if not part.server_executed:
            return new_call({"id": part.tool_call_id, "name": part.name, "args": part.arguments})
        case p.ToolResultPart() if not part.server_executed:
            result = {"type": "tool_result", "call_id": part.tool_call_id or "", "name": part.name}
            files = [read_attachment(one) for one in part.attachments]
            shown = {"contents": [{"type": "text", "text": part.output}, *files]} if files else {"output": part.output}
            return {**result, **shown, "is_error": part.exception is not None}
    return None


def read_attachment(attachment: llm.Attachment) -> dict[str, Any]:
    media_type = attachment.resolve_type() or "application/octet-stream"
    kind = media_type.partition("/")[0]
    source = {"url": attachment.url} if attachment.url else {"data": attachment.content_bytes()}
    return {"type": kind if kind in MEDIA else "file", "mime_type": media_type, **source}
