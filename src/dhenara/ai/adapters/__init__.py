"""Adapters: the client as a model of other libraries. Each module needs the library that it is named after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dhenara.ai as engine

from ..errors import BrokenStreamError, ConfigurationError
from ..wire import json

if TYPE_CHECKING:
    from pydantic import SecretStr

    from ..client.client import AIModelClient
    from ..types.chat.response import AIModelCallResponse
    from ..types.content.parts import ContentItem, ToolCallContent

PARTS = "dhenara_parts"
"""Key under which messages of other libraries have the parts of an answer: signatures, ids, encrypted state."""

MEDIA = ("image", "audio", "video", "file")
SOURCES = ("data", "url", "file_id")
TEXTS = ("text", "structured_output")


class ClientPool:
    """The clients of a model object by name of the model, because a call may name another model.

    Args:
        given: A client; None to make one.
        model: Name of the model with its provider. Empty: that of the given client.
        api_key: API key of a client that is made here.
        base_url: Address of the provider for a client that is made here.
    """

    def __init__(
        self,
        given: AIModelClient | None,
        model: str,
        api_key: SecretStr | str | None = None,
        base_url: str | None = None,
    ) -> None:
        address: Any = {} if base_url is None else {"base_url": base_url}
        made = engine.AIModelClient(model, api_key=api_key, **address) if given is None else given
        self._first = made.with_endpoint(model) if given is not None and model != model_of(given) else made
        self._clients = {model: self._first}

    def find(self, model: str) -> AIModelClient:
        """Return the client for a model; it is made when it is first needed.

        Args:
            model: Name of the model; without a provider it is called at that of the first client.
        """
        if model not in self._clients:
            self._clients[model] = self._first.with_endpoint(model)
        return self._clients[model]

    def __deepcopy__(self, memo: Any) -> ClientPool:
        return self


class GrowingAnswer:
    """A streamed answer as far as it has arrived."""

    def __init__(self) -> None:
        self.text = ""
        self.reasoning = ""
        self.calls: dict[int, tuple[str, str, str]] = {}

    def add(self, event: Any, stream: Any) -> str | None:
        """Add an event of a stream, and return its text; None if it adds nothing.

        Raises:
            CallError: If the stream broke.
        """
        if event.is_error():
            raise stream.error or BrokenStreamError(event.data.message)
        new, changed = "", False
        for delta in (one for choice in event.data.choice_deltas if not choice.index for one in choice.content_deltas):
            new += delta.text_delta or (delta.refusal_delta if delta.type == "refusal" else "")
            if delta.type == "reasoning":
                self.reasoning += delta.reasoning_delta
                changed = changed or bool(delta.reasoning_delta)
            elif delta.type == "tool_call":
                called, name, arguments = self.calls.get(delta.index, ("", "", ""))
                whole = (called or delta.id or "", name or delta.name or "", arguments + delta.arguments_delta)
                self.calls[delta.index] = whole
                changed = True
        self.text += new
        return new if new or changed else None


def model_of(client: AIModelClient) -> str:
    """Return the name of a client's model, with its provider."""
    endpoint = client.model_endpoint
    return f"{endpoint.api.provider}/{endpoint.ai_model.model_name}"


def with_model(given: Any) -> Any:
    """Add the model of the given client to the arguments of a model object that name none.

    Raises:
        ConfigurationError: If there is neither a client nor a model.
    """
    if not isinstance(given, Mapping):
        return given
    client = given.get("client")
    if client is not None and not isinstance(client, engine.AIModelClient):
        raise ConfigurationError(f"client must be an AIModelClient, not {type(client).__name__}")
    if given.get("model"):
        return given
    if client is None:
        raise ConfigurationError('there is no model. Write model="openai/gpt-5.4-mini", or client=AIModelClient(...)')
    return {**given, "model": model_of(client)}


def with_chat_response(response: AIModelCallResponse) -> AIModelCallResponse:
    """Return the response with the images of an image model as the parts of a chat response."""
    drawn = response.image_response
    if response.chat_response is not None or drawn is None:
        return response
    texts = [engine.TextContent(text=drawn.text)] if drawn.text else []
    choice = engine.ChatResponseChoice(contents=[*drawn.images, *texts], finish_reason="stop")
    known = {name: getattr(drawn, name) for name in ("id", "model", "provider", "usage", "warnings")}
    chat = engine.ChatResponse(choices=[choice], **known).with_cost(drawn.cost)
    return response.model_copy(update={"chat_response": chat})


def read_format(given: Any) -> dict[str, Any]:
    """Read a `response_format` of OpenAI, which other libraries pass."""
    if given is None or (isinstance(given, Mapping) and given.get("type") == "text"):
        return {}
    if isinstance(given, Mapping) and given.get("type") == "json_object":
        return {"structured_output": {"output_schema": {"type": "object"}, "name": "answer", "mode": "prompt"}}
    return {"structured_output": given}


def call_facts(response: AIModelCallResponse) -> dict[str, Any]:
    """Return what the messages of other libraries have no place for: cost, attempts, warnings and times, as JSON."""
    facts = response.model_dump(
        mode="json", exclude_none=True, include={"attempts", "request_id", "duration_seconds", "first_token_seconds"}
    )
    warnings = [warning.model_dump(mode="json", exclude_none=True) for warning in response.warnings]
    return {"cost": response.cost.model_dump(mode="json", exclude_none=True), "warnings": warnings, **facts}


def store_parts(parts: Sequence[ContentItem]) -> list[dict[str, Any]]:
    """Return the parts of an answer for `restore_parts`, or nothing if they are only text.

    The bytes of media are left out, because the messages of other libraries have them.
    """
    if all(part.type in TEXTS and not part.extras and not part.citations for part in parts):  # type: ignore[union-attr]
        return []
    left_out = {True: {"data"}, False: set[str]()}
    return [
        {"type": part.type, **part.model_dump(mode="json", exclude_defaults=True, exclude=left_out[part.type in MEDIA])}
        for part in parts
    ]


def restore_parts(
    stored: Sequence[Mapping[str, Any]], text: str, calls: Iterable[Mapping[str, Any]], data: Iterable[str] = ()
) -> list[ContentItem]:
    """Return the parts that `store_parts` stored, with what was changed in the message since.

    Args:
        stored: What `store_parts` returned.
        text: The text that the message has now.
        calls: The tool calls that it has now, with `id`, `name` and `args`.
        data: The bytes of its media as base64, in order.
    """
    rest = iter(data)
    filled = [{**part, "data": next(rest, None)} if part["type"] in MEDIA else part for part in stored]
    filled = [part for part in filled if part["type"] not in MEDIA or any(part.get(name) for name in SOURCES)]
    message = engine.Message.model_validate_json(json.dumps({"role": "assistant", "contents": filled}))
    left = {call["id"]: call for call in calls}
    return list(updated_parts(message.contents, None if message.text == text else text, left))


def updated_parts(
    parts: Sequence[ContentItem], text: str | None, calls: dict[Any, Mapping[str, Any]]
) -> Iterator[ContentItem]:
    """Yield parts with another text (None: with theirs), and with these tool calls."""
    for part in parts:
        if text and part.type in (*TEXTS, "tool_call"):
            yield engine.TextContent(text=text)
            text = ""
        if part.type == "tool_call":
            call = calls.pop(part.id, None)
            if call is not None:
                yield part if part.error is not None or call["args"] == part.arguments else new_call(call, part)
        elif text is None or part.type not in TEXTS:
            yield part
    if text:
        yield engine.TextContent(text=text)
    yield from (new_call(call) for call in calls.values() if isinstance(call["args"], Mapping))


def new_call(call: Mapping[str, Any], old: ToolCallContent | None = None) -> ToolCallContent:
    """Return a tool call with `id`, `name` and `args`; what else it has is taken from the old one."""
    fields = {"id": call["id"] or "", "name": call["name"], "arguments": dict(call["args"])}
    if old is None:
        return engine.ToolCallContent(**fields)
    return old.model_copy(update={**fields, "arguments_text": None})
