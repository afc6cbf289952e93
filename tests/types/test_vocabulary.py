"""The vocabulary: its spellings, its addresses, and what an application makes of a stream."""

from __future__ import annotations

import importlib
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel, ValidationError

from dhenara.ai.history.parsing import read_history
from dhenara.ai.types import (
    AIModelAPI,
    AIModelCallConfig,
    AudioContent,
    ChatResponseChoiceDelta,
    ChatResponseChunk,
    FileContent,
    ImageContent,
    Message,
    Prompt,
    SSEErrorData,
    SSEErrorResponse,
    SSEEventType,
    SSEResponse,
    StreamingChatResponse,
    TextContent,
    TextContentDelta,
    ToolChoice,
    ToolDefinition,
)

SAFE = st.text(st.characters(exclude_categories=("Cs",)))


@pytest.mark.parametrize(
    "given_prompt",
    [
        "hello",
        {"role": "user", "text": "hello"},
        {"role": "user", "content": "hello"},
        {"role": "user", "parts": [{"text": "hello"}]},
        {"content": [{"type": "text", "text": "hello"}]},
        {"role": "human", "content": ["hello"]},
        Prompt(text="hello"),
        Message(role="user", contents=[TextContent(text="hello")]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_prompt_may_be_spelt_in_many_ways(given_prompt: Any) -> None:
    (message,) = read_history(given_prompt, None, None)
    assert (message.role, message.text) == ("user", "hello")


@pytest.mark.parametrize(
    ("part", "content"),
    [
        (
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,YWJj", "detail": "low"}},
            ImageContent(data=b"abc", mime_type="image/png", detail="low"),
        ),
        ({"type": "image_url", "image_url": "https://x.y/a.png"}, ImageContent(url="https://x.y/a.png")),
        (
            {"type": "input_audio", "input_audio": {"data": "YWJj", "format": "mp3"}},
            AudioContent(data=b"abc", mime_type="audio/mp3"),
        ),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "YWJj"}},
            ImageContent(data=b"abc", mime_type="image/jpeg"),
        ),
        (
            {"type": "document", "title": "t", "source": {"type": "text", "data": "abc"}},
            FileContent(data=b"abc", mime_type="text/plain", name="t"),
        ),
        ({"inline_data": {"mime_type": "audio/wav", "data": "YWJj"}}, AudioContent(data=b"abc", mime_type="audio/wav")),
        ({"type": "file", "file": {"file_id": "f-1"}}, FileContent(file_id="f-1")),
    ],
    ids=lambda value: str(value.get("type", "google")) if isinstance(value, dict) else "",
)
def test_parts_in_the_vendors_spellings_are_understood(part: dict[str, Any], content: Any) -> None:
    (message,) = read_history({"role": "user", "content": [part]}, None, None)
    assert message.contents == [content]


def test_a_message_that_says_its_content_twice_is_refused() -> None:
    with pytest.raises(ValidationError, match="once"):
        Message(role="user", text="a", content="b")  # type: ignore[call-arg]  # other spellings are accepted


def test_openais_own_history_is_understood() -> None:
    calls = [{"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}]
    history = read_history(
        None,
        None,
        [
            {"role": "system", "content": "Be brief."},
            {"role": "assistant", "content": None, "tool_calls": calls},
            {"role": "tool", "tool_call_id": "c1", "content": "2"},
            {"role": "tool", "tool_call_id": "c2", "content": "3"},
        ],
    )
    assert [message.role for message in history] == ["system", "assistant", "tool"]
    assert history[1].contents[0].model_dump()["arguments"] == {"a": 1}
    assert len(history[2].contents) == 2


@given(SAFE, st.none() | st.integers(0, 10_000), st.none() | st.just("id-1"))
def test_a_chunk_forwarded_to_a_browser_is_read_back(text: str, retry: int | None, name: str | None) -> None:
    delta = ChatResponseChoiceDelta(content_deltas=[TextContentDelta(text_delta=text)])
    chunk = ChatResponseChunk(model="m", choice_deltas=[delta])
    event = StreamingChatResponse(data=chunk, id=name, retry=retry)
    assert SSEResponse.parse_sse(event.to_sse_format()) == event
    assert event.to_sse_format().endswith("\n\n")
    assert "None" not in event.to_sse_format().replace(text, "")


@given(SAFE.filter(lambda text: "\r" not in text))
def test_plain_text_may_be_pushed_too(text: str) -> None:
    event = SSEResponse[str](event=SSEEventType.PUSH, data=text)
    again = SSEResponse.parse_sse(event.to_sse_format(), str)
    assert (again.event, again.data) == (SSEEventType.PUSH, text)


def test_an_error_event_is_read_back_as_one() -> None:
    error = SSEErrorResponse(data=SSEErrorData(error_code="server_error", message="oops\nagain"))
    again = SSEResponse.parse_sse(error.to_sse_format())
    assert again == error
    assert again.is_error()


@pytest.mark.parametrize("text", ["", ": only a comment\n\n", "event: token_stream\ndata: {\n\n"])
def test_what_is_not_an_event_comes_back_as_an_error_event(text: str) -> None:
    assert SSEResponse.parse_sse(text).is_error()


def test_schemas_and_choices_have_short_spellings() -> None:
    class Weather(BaseModel):
        city: str

    config = AIModelCallConfig(
        tools=[
            {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}},
            {"name": "sub", "input_schema": {"type": "object"}},
        ],
        tool_choice="add",
        structured_output=Weather,
        stop="END",
    )
    assert [tool.name for tool in config.tools if isinstance(tool, ToolDefinition)] == ["add", "sub"]
    assert config.tool_choice == ToolChoice(mode="required", names=("add",))
    assert config.structured_output is not None
    assert config.structured_output.output_schema["properties"]["city"]["type"] == "string"
    assert config.stop == ("END",)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("dhenara.ai", "AIModelClient"),
        ("dhenara.ai.types", "ChatResponseChunk"),
        ("dhenara.ai.types.shared", "SSEResponse"),
        ("dhenara.ai.types.genai", "AIModelAPI"),
        ("dhenara.ai.types.external_api", "AIModelAPIProviderEnum"),
        ("dhenara.ai.types.genai.foundation_models.anthropic.chat", "Claude37Sonnet"),
        ("dhenara.ai.types.genai.foundation_models.google.chat", "Gemini20FlashLite"),
        ("dhenara.ai.types.genai.foundation_models.openai.chat", "O3Mini"),
        ("dhenara.ai.types.genai.foundation_models.openai.image", "DallE3"),
        ("dhenara.ai.config", "settings"),
    ],
)
def test_every_address_in_the_documents_exists(address: str, name: str) -> None:
    module = importlib.import_module(address)
    assert getattr(module, name) is not None
    assert name in dir(module)


def test_every_name_that_a_package_offers_can_be_had() -> None:
    for package in ("dhenara.ai", "dhenara.ai.types", "dhenara.ai.types.genai", "dhenara.ai.types.shared"):
        module = importlib.import_module(package)
        for name in module.__dir__():
            assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="Nonsense"):
        importlib.import_module("dhenara.ai").Nonsense  # noqa: B018  # the access is the test


@pytest.mark.parametrize(
    ("package", "name"),
    [("dhenara.ai", "AIModelClient"), ("dhenara.ai.types", "AIModelEndpoint"), ("ai_utilities", "AiClient")],
)
def test_a_star_takes_every_name(package: str, name: str) -> None:
    names: dict[str, object] = {}
    exec(f"from {package} import *", names)
    assert name in names


@pytest.mark.parametrize("given_credentials", ["secret-word", 3, ["secret-word"]])
def test_credentials_that_are_no_dict_are_refused_without_being_shown(given_credentials: Any) -> None:
    with pytest.raises(ValidationError, match="credentials must be a dict") as raised:
        AIModelAPI(provider="amazon_bedrock", credentials=given_credentials)
    assert "secret-word" not in str(raised.value)


def test_credentials_may_be_any_mapping() -> None:
    api = AIModelAPI(provider="amazon_bedrock", credentials=MappingProxyType({"token": "t"}))
    assert api.credentials is not None
    assert api.credentials.reveal() == {"token": "t"}
