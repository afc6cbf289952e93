"""Parts in a vendor's own form: every field arrives at that vendor, or is refused or named in a warning."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_args, get_type_hints

import pytest
from typing_extensions import is_typeddict

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError, FetchError, UnsupportedError
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types.content.parsing import content_of
from support.vendor_samples import PDF, SAMPLES, Fields, flat, sample_of
from support.worlds import endpoint

# Vendors' types, by what their SDKs say of them.


def typed_blocks() -> Iterator[tuple[str, Fields]]:
    from anthropic.types import ContentBlockParam
    from anthropic.types.beta import BetaContentBlockParam

    seen = set()
    for kind in (*flat(ContentBlockParam), *flat(BetaContentBlockParam)):
        if is_typeddict(kind):
            part = sample_of(kind)
            source = part.get("source")
            sources = (
                [sample_of(one) for one in flat(get_type_hints(kind)["source"])] if isinstance(source, dict) else []
            )
            for variant in [{**part, "source": one} for one in sources] or [part]:
                key = (part["type"], json.dumps(variant, sort_keys=True))
                if key not in seen:
                    seen.add(key)
                    yield "anthropic", variant


def chat_parts() -> Iterator[tuple[str, Fields]]:
    from openai.types.chat import ChatCompletionContentPartParam

    for kind in flat(ChatCompletionContentPartParam):
        part = sample_of(kind)
        if part["type"] != "file":
            yield "openai_chat", part
        else:
            yield "openai_chat", {**part, "file": {"file_id": "file_1", "filename": "a.pdf"}}
            yield "openai_chat", {**part, "file": {"file_data": SAMPLES["file_data"], "filename": "a.pdf"}}
    address = "https://example.org/a.mp4"
    yield "openrouter", {"type": "video_url", "video_url": {"url": address, "fps": 2}}
    yield "openrouter", {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}


def response_parts() -> Iterator[tuple[str, Fields]]:
    from openai.types.responses import ResponseInputContentParam

    for kind in flat(ResponseInputContentParam):
        part = sample_of(kind)
        wheres = [name for name in ("file_id", "image_url", "file_data", "file_url") if name in part]
        for one in wheres or [""]:
            yield "openai_responses", {name: value for name, value in part.items() if name == one or name not in wheres}


def mistral_chunks() -> Iterator[tuple[str, Fields]]:
    from mistralai.client import models

    for name in ("AudioChunk", "DocumentURLChunk", "FileChunk", "ImageURLChunk", "ReferenceChunk", "ResourceLinkChunk"):
        kind = getattr(models, name)
        part = {key: SAMPLES.get(key, f"some {key}") for key in kind.model_fields if key != "type"}
        part["type"] = get_args(next(iter(flat(kind.model_fields["type"].annotation))))[0]
        yield "mistral", {**part, **({"reference_ids": [1]} if "reference_ids" in part else {})}


def cohere_parts() -> Iterator[tuple[str, Fields]]:
    yield "cohere", {"type": "text", "text": "a"}
    yield "cohere", {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "low"}}
    yield "cohere", {"type": "document", "document": {"id": "d1", "data": {"title": "T", "text": "words", "year": 1}}}


def gemini_sample(kind: Any, depth: int = 0) -> Fields:
    actual = {field.alias or name: gemini_value(field, name, depth) for name, field in kind.model_fields.items()}
    return {name: value for name, value in actual.items() if value is not None}


def gemini_value(field: Any, name: str, depth: int) -> Any:
    wire = field.alias or name
    if wire in SAMPLES:
        return SAMPLES[wire]
    for one in flat(field.annotation):
        if hasattr(one, "model_fields"):
            return gemini_sample(one, depth + 1) if depth < 4 else None
        if one in (str, int, float, bool):
            return {str: "3s", int: 3, float: 0.5, bool: True}[one]
        if hasattr(one, "__members__"):
            return list(one)[-1].value
    return None


def gemini_parts() -> Iterator[tuple[str, Fields]]:
    from google.genai import types

    whole = gemini_sample(types.Part)
    contents = ("inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult")
    kinds = [name for name in (*contents, "toolCall", "toolResponse", "text") if name in whole]
    about = {name: value for name, value in whole.items() if name not in kinds and name != "audioTranscription"}
    for kind in kinds:
        more = {name: value for name, value in about.items() if name != "thought" or kind == "text"}
        yield "gemini", {kind: whole[kind], **more}
        yield "gemini", {snake(kind): whole[kind], "video_metadata": {"start_offset": "1s"}}
    yield "gemini", {"fileData": {"fileUri": "https://www.youtube.com/watch?v=x"}}


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def converse_blocks() -> Iterator[tuple[str, Fields]]:
    from botocore.session import Session

    service = Session().get_service_model("bedrock-runtime")

    def made(shape: Any, depth: int = 0) -> Any:
        if shape.type_name == "structure":
            union = bool(getattr(shape, "is_tagged_union", False))
            actual = {}
            for name, member in shape.members.items():
                value = SAMPLES[name] if name in SAMPLES and name != "format" else None
                value = made(member, depth + 1) if value is None and depth < 6 else value
                if value is not None:
                    actual[name] = value
                if union and actual:
                    break
            return actual or None
        if shape.type_name == "list":
            inner = made(shape.member, depth + 1)
            return None if inner is None else [inner]
        if getattr(shape, "enum", None):
            return shape.enum[0]
        return {"string": "some words", "integer": 3, "boolean": True, "blob": PDF}.get(shape.type_name)

    for name, member in service.shape_for("ContentBlock").members.items():
        yield "converse", {name: made(member)}
    stored = {"s3Location": {"uri": "s3://b/a", "bucketOwner": "123456789012"}}
    for kind, form in (("image", "png"), ("video", "mp4"), ("document", "pdf")):
        yield "converse", {kind: {"format": form, "source": stored, **({"name": "a b"} if kind == "document" else {})}}


SOURCES = (typed_blocks, chat_parts, response_parts, mistral_chunks, cohere_parts, gemini_parts, converse_blocks)
PARTS = [one for source in SOURCES for one in source()]
ENDPOINTS: dict[str, dict[str, Any]] = {
    "anthropic": {"provider": "anthropic"},
    "openai_chat": {"provider": "openai", "protocol": "openai_chat"},
    "openai_responses": {"provider": "openai", "protocol": "openai_responses"},
    "mistral": {"provider": "mistral"},
    "openrouter": {"provider": "openrouter"},
    "cohere": {"provider": "cohere"},
    "gemini": {"provider": "google_ai"},
    "converse": {"provider": "amazon_bedrock", "region": "us-east-1"},
    "ollama": {"provider": "ollama"},
}
ASSISTANTS = {"tool_use", "thinking", "redacted_thinking", "server_tool_use", "functionCall", "toolUse", "toolCall"}
RESULTS = {"tool_result", "functionResponse", "toolResult", "function_response"}


# What is sent.


def provided_by(part: Fields) -> list[Any]:
    """A conversation in which the part may stand."""
    kinds = {part.get("type"), *part}
    if kinds & RESULTS:
        result = next((value for name, value in part.items() if name in RESULTS), part)
        call_id = result.get("tool_use_id") or result.get("toolUseId") or result.get("id") or ""
        name = result.get("name") or "look"
        call = {"type": "tool_call", "id": call_id, "name": name, "arguments": {}}
        return ["?", {"role": "assistant", "content": [call]}, {"role": "user", "content": [part]}]
    if kinds & ASSISTANTS or "function_call" in kinds:
        return ["?", {"role": "assistant", "content": [part, {"type": "text", "text": "so"}]}, "And?"]
    return [{"role": "user", "content": [{"type": "text", "text": "?"}, part]}]


def send(server: FakeServer, protocol: str, part: Fields, **config: Any) -> tuple[Any, list[str]]:
    """The body that was sent, and what was warned of."""
    chosen = dict(ENDPOINTS[protocol])
    server.add_replies(Answer(text="Done."))
    before = len(server.exchanges)
    with AIModelClient(endpoint(server.url, chosen.pop("provider"), **chosen)) as client:
        answer = client.generate(messages=provided_by(part), max_output_tokens=9, **config)
    assert answer.chat_response is not None
    return server.exchanges[before].json, [warning.message for warning in answer.chat_response.warnings]


def leaves(given: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(given, Mapping):
        for name, value in given.items():
            yield from leaves(value, (*path, str(name)))
    elif isinstance(given, list):
        for value in given:
            yield from leaves(value, path)
    else:
        yield path, given


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.title() for word in rest)


@cache
def spellings(name: str) -> frozenset[str]:
    return frozenset((name, camel(name)))


def missing(part: Fields, body: Any) -> list[str]:
    """The fields of the part whose values are nowhere in the body under their name."""
    there = {(path[-1] if path else "", json.dumps(value)) for path, value in leaves(body)}
    lost = []
    for path, value in leaves(part):
        if path and not any((name, json.dumps(value)) in there for name in spellings(path[-1])):
            lost.append(".".join(path))
    return lost


def kind_of(part: Fields) -> str:
    return str(part.get("type") or next(iter(part)))


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running


@pytest.mark.parametrize(
    ("protocol", "part"), PARTS, ids=[f"{owner}-{kind_of(part)}-{n}" for n, (owner, part) in enumerate(PARTS)]
)
def test_every_field_arrives_at_its_vendor_or_is_named(protocol: str, part: Fields, provider: FakeServer) -> None:
    try:
        body, warnings = send(provider, protocol, part)
    except (ConfigurationError, UnsupportedError) as refusal:
        pytest.fail(f"refused: {refusal}")
    # Cohere takes documents outside of the messages, where they have no type.
    lost = [name for name in missing(part, body) if (protocol, name) != ("cohere", "type")]
    assert [name for name in lost if not any(name.split(".")[0] in reported for reported in warnings)] == []


FOREIGN = [
    (owner, other, part)
    for owner, part in PARTS
    for other in ("anthropic", "openai_chat", "openai_responses", "gemini", "converse", "cohere", "ollama")
    if other != owner and not (owner in ("mistral", "openrouter") and other == "openai_chat")
]
# What the same thing is called elsewhere, or what only says where something stands.
TRANSLATED = {
    "type", "text", "data", "bytes", "url", "uri", "source", "title", "name", "format", "media_type", "mimeType",
    "content", "image_url", "detail", "file_data", "filename", "file_url", "document_url", "document_name", "id",
    "input", "args", "arguments", "response", "tool_use_id", "toolUseId", "is_error", "status", "json", "enabled",
    "fileUri", "cache_control", "prompt_cache_breakpoint", "ttl", "mode", "a", "snippet", "year", "input_audio",
    "refusal", "file_id",
}  # fmt: skip


@pytest.mark.parametrize(
    ("owner", "other", "part"), FOREIGN, ids=[f"{o}-{x}-{kind_of(p)}-{n}" for n, (o, x, p) in enumerate(FOREIGN)]
)
def test_elsewhere_a_field_is_translated_or_named(owner: str, other: str, part: Fields, provider: FakeServer) -> None:
    try:
        body, warnings = send(provider, other, part)
    except (ConfigurationError, UnsupportedError, FetchError):
        return
    own = [name for name in missing(part, body) if name.split(".")[-1] not in TRANSLATED]
    if own:
        assert warnings, own


@pytest.mark.parametrize("other", ["openai_chat", "gemini", "cohere", "ollama"])
def test_strict_makes_a_lost_field_an_error(other: str, provider: FakeServer) -> None:
    part = {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": PDF},
        "transformations": {"a": 1},
    }
    with pytest.raises(UnsupportedError, match="transformations"):
        send(provider, other, part, strict=True)


def test_a_cache_mark_on_a_tool_result_arrives_at_openrouter(server: FakeServer) -> None:
    mark = {"type": "ephemeral"}
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    requested = [{"role": "user", "content": "?"}, {"role": "assistant", "content": None, "tool_calls": [call]}]
    normalized: list[Any] = [
        {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "42", "cache_control": mark}]},
        {"role": "tool", "tool_call_id": "c", "content": "42", "cache_control": mark},
        {"role": "user", "content": [{"type": "tool_result", "call_id": "c", "output": "42", "cache": "short"}]},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "c", "content": "42", "cache_control": mark}],
        },
    ]
    for result in normalized:
        server.add_replies(Answer(text="Done."))
        with AIModelClient(endpoint(server.url, "openrouter")) as client:
            client.generate(messages=[*requested, result])
        sent = server.exchanges[-1].json["messages"][-1]
        assert sent == {
            "role": "tool",
            "tool_call_id": "c",
            "content": [{"type": "text", "text": "42", "cache_control": mark}],
        }


def test_a_cache_mark_on_an_answer_arrives_at_openrouter(server: FakeServer) -> None:
    mark = {"type": "ephemeral"}
    answer = {"role": "assistant", "content": [{"type": "text", "text": "so", "cache_control": mark}]}
    server.add_replies(Answer(text="Done."))
    with AIModelClient(endpoint(server.url, "openrouter")) as client:
        client.generate(messages=["?", answer, "And?"])
    assert server.exchanges[0].json["messages"][1]["content"] == answer["content"]


@pytest.mark.parametrize("address", ["https://www.youtube.com/watch?v=x", "https://youtu.be/x"])
def test_a_youtube_address_is_a_video(address: str, server: FakeServer) -> None:
    server.add_replies(Answer(text="Done."), Answer(text="Done."))
    with AIModelClient(endpoint(server.url, "google_ai")) as client:
        client.generate([{"file_data": {"file_uri": address}}, "?"])
        client.generate([content_of(address), "?"])
    for exchange in server.exchanges:
        assert exchange.json["contents"][0]["parts"][0] == {"fileData": {"fileUri": address}}


GUARD = {"guardContent": {"text": {"text": "Be kind.", "qualifiers": ["guard_content"]}}}
PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PDF}}


def test_a_guarded_text_may_stand_in_a_system_message_of_bedrock(server: FakeServer) -> None:
    server.add_replies(Answer(text="Done."))
    with AIModelClient(endpoint(server.url, "amazon_bedrock", region="us-east-1")) as client:
        answer = client.generate(messages=[{"role": "system", "content": [GUARD]}, "?"], max_output_tokens=9)
    assert server.exchanges[0].json["system"] == [GUARD]
    assert answer.chat_response is not None
    assert not answer.chat_response.warnings


@pytest.mark.parametrize("part", [GUARD, PICTURE], ids=["guard", "picture"])
@pytest.mark.parametrize("protocol", ["anthropic", "gemini", "cohere", "ollama"])
def test_what_a_system_message_cannot_hold_is_named(protocol: str, part: Fields, server: FakeServer) -> None:
    chosen = dict(ENDPOINTS[protocol])
    server.add_replies(Answer(text="Done."))
    with AIModelClient(endpoint(server.url, chosen.pop("provider"), **chosen)) as client:
        answer = client.generate(messages=[{"role": "system", "content": [part]}, "?"], max_output_tokens=9)
    assert answer.chat_response is not None
    assert [warning.code for warning in answer.chat_response.warnings] == ["dropped_content"]
