"""Details of requests that were found by comparing them with recorded ones."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.codecs.base import load_codec
from dhenara.ai.providers.provider import load_provider
from dhenara.ai.providers.target import find_route
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelCallConfig,
    AIModelEndpoint,
    Call,
    FileContent,
    ImageContent,
    Message,
    Origin,
    Prompt,
    ReasoningContent,
    StructuredOutput,
    TextContent,
    ToolCallContent,
    ToolResultContent,
)
from dhenara.ai.wire import json
from support.worlds import endpoint

MARK = {"type": "ephemeral"}


def body(provider: str, *messages: Any, model: str = "m", protocol: str | None = None, **config: Any) -> Any:
    """What is written for this provider."""
    endpoint = AIModelEndpoint(api=AIModelAPI(provider=provider), ai_model=AIModel(model_name=model))
    route = find_route(load_provider(provider), model, protocol)
    turns = tuple(Prompt(text=one) if isinstance(one, str) else one for one in messages)
    call = Call(endpoint, turns, AIModelCallConfig(**config))
    return json.loads(json.dumps(load_codec(route.codec).encode(call, route.quirks).body))


def answer(provider: str, *parts: Any, protocol: str = "openai_chat") -> Message:
    origin = Origin(provider=provider, model="m", protocol=protocol)
    return Message(role="assistant", contents=[part.model_copy(update={"origin": origin}) for part in parts])


def test_mistral_reasoning_is_sent_as_chunk_before_text() -> None:
    provided = answer("mistral", ReasoningContent(text="Hm."), TextContent(text="Yes."))
    assert body("mistral", "?", provided, "And?")["messages"][1]["content"] == [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
        {"type": "text", "text": "Yes."},
    ]


def test_mistral_supports_forced_tool() -> None:
    tools = [{"name": "add"}, {"name": "sub"}]
    assert body("mistral", "?", tools=tools, tool_choice="add")["tool_choice"]["function"] == {"name": "add"}


@pytest.mark.parametrize("origin", ["deepseek", "anthropic"])
def test_deepseek_turns_with_tool_calls_always_have_reasoning(origin: str) -> None:
    thought = [ReasoningContent(text="Hm.")] if origin == "anthropic" else []
    provided = answer(origin, *thought, ToolCallContent(id="a", name="add"))
    result = Message(role="tool", contents=[ToolResultContent(call_id="a", output="1")])
    assert body("deepseek", "?", provided, result)["messages"][1]["reasoning_content"] == ""


def test_openrouter_reasoning_without_effort() -> None:
    assert body("openrouter", "?", reasoning=True)["reasoning"] == {"enabled": True}
    assert body("openrouter", "?", reasoning_effort="low")["reasoning"] == {"effort": "low"}


def test_openrouter_supports_cache_markers_and_document_urls() -> None:
    marked = TextContent(text="Long.", extras={"cache_control": MARK})
    paper = FileContent(url="https://example.org/a.pdf", name="a.pdf")
    system = Message(role="system", contents=[marked])
    written = body("openrouter", system, Message(role="user", contents=[paper, TextContent(text="?")]))["messages"]
    assert written[0]["content"] == [{"type": "text", "text": "Long.", "cache_control": MARK}]
    file = {"filename": "a.pdf", "file_data": "https://example.org/a.pdf"}
    assert written[1]["content"][0] == {"type": "file", "file": file}


def test_cerebras_glm_reasoning_is_sent_in_tags() -> None:
    provided = answer("cerebras", ReasoningContent(text="Hm."), TextContent(text="Yes."))
    (_, glm, _) = body("cerebras", "?", provided, "And?", model="zai-glm-4.7")["messages"]
    (_, oss, _) = body("cerebras", "?", provided, "And?", model="gpt-oss-120b")["messages"]
    assert glm["content"] == "<think>\nHm.\n</think>\n\nYes."
    assert (oss["content"], oss["reasoning"]) == ("Yes.", "Hm.")


def test_anthropic_instructions_keep_cache_markers() -> None:
    system = Message(role="system", contents=[TextContent(text="Long.", extras={"cache_control": MARK})])
    assert body("anthropic", system, "?")["system"] == [{"type": "text", "text": "Long.", "cache_control": MARK}]
    assert body("anthropic", Message(role="system", text="Short."), "?")["system"] == "Short."


@pytest.mark.parametrize("provider", ["anthropic", "amazon_bedrock"])
def test_documents_with_citations_are_encoded(provider: str) -> None:
    paper = FileContent(data=b"%PDF", mime_type="application/pdf", extras={"citations": {"enabled": True}})
    (block, *_) = body(provider, Message(role="user", contents=[paper, TextContent(text="?")]))["messages"][0][
        "content"
    ]
    assert block.get("document", block)["citations"] == {"enabled": True}


def test_gemini_results_have_their_call_id() -> None:
    provided = answer("google_ai", ToolCallContent(id="c-1", name="add"), protocol="gemini")
    result = Message(role="tool", contents=[ToolResultContent(call_id="c-1", output={"sum": 3})])
    response = body("google_ai", "?", provided, result)["contents"][2]["parts"][0]["functionResponse"]
    assert response == {"id": "c-1", "name": "add", "response": {"sum": 3}}


def converse_result(**provided: Any) -> Any:
    call = answer("amazon_bedrock", ToolCallContent(id="a", name="look"), protocol="converse")
    result = Message(role="tool", contents=[ToolResultContent(call_id="a", **provided)])
    return body("amazon_bedrock", "?", call, result)["messages"][2]["content"][0]["toolResult"]["content"]


def test_bedrock_results_keep_their_parts() -> None:
    picture = ImageContent(data=b"x", mime_type="image/jpeg")
    (only,) = converse_result(contents=[picture])
    assert only["image"]["format"] == "jpeg"
    assert converse_result(output="Here:", contents=[TextContent(text="See below.")]) == [
        {"text": "Here:"},
        {"text": "See below."},
    ]
    assert converse_result(output="") == [{"text": "."}]


def test_s3_files_have_kind_and_format() -> None:
    paper = FileContent(url="s3://bucket/a.pdf", mime_type="application/pdf", name="a.pdf")
    picture = ImageContent(url="s3://bucket/b.jpg", mime_type="image/jpeg")
    first, second, _ = body("amazon_bedrock", Message(role="user", contents=[paper, picture, TextContent(text="?")]))[
        "messages"
    ][0]["content"]
    stored = {"s3Location": {"uri": "s3://bucket/a.pdf"}}
    assert first == {"document": {"format": "pdf", "source": stored, "name": "a"}}
    assert second["image"]["format"] == "jpeg"


def test_bedrock_renames_documents_only_if_names_repeat() -> None:
    papers = [FileContent(data=b"x", mime_type="application/pdf", name=name) for name in ("One", "Two", "Two")]
    blocks = body("amazon_bedrock", Message(role="user", contents=[*papers, TextContent(text="?")]))["messages"][0]
    names = [block["document"]["name"] for block in blocks["content"] if "document" in block]
    assert names == ["One", "Two", "Two 3"]


def test_bedrock_instructions_keep_cache_points() -> None:
    system = Message(role="system", contents=[TextContent(text="Long.", extras={"cache_point": {"type": "default"}})])
    assert body("amazon_bedrock", system, "?")["system"] == [{"text": "Long."}, {"cachePoint": {"type": "default"}}]


def test_bedrock_structured_output_has_description() -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    shape = StructuredOutput(output_schema=schema, description="A city.")
    written = body("amazon_bedrock", "?", model="minimax.minimax-m2", structured_output=shape)
    provided = written["outputConfig"]["textFormat"]["structure"]
    assert provided["jsonSchema"]["description"] == "A city."


def test_responses_deepseek_calls_follow_text() -> None:
    provided = answer(
        "deepseek",
        ToolCallContent(id="a", name="add"),
        TextContent(text="One moment."),
        protocol="openai_responses",
    )
    items = body("deepseek", "?", provided, protocol="openai_responses")["input"]
    assert [item.get("type", item.get("role")) for item in items] == ["message", "assistant", "function_call"]


def test_cache_markers_and_files_in_vendor_format_are_read() -> None:
    prompt = Message.model_validate(
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Long.", "cache_control": MARK},
                {"type": "input_image", "file_id": "file-1"},
                {"type": "document_url", "document_url": "https://example.org/a.pdf"},
            ],
        }
    )
    text, image, paper = prompt.contents
    assert text.extras == {"cache_control": MARK}
    assert isinstance(image, ImageContent)
    assert isinstance(paper, FileContent)
    assert (image.file_id, paper.url) == ("file-1", "https://example.org/a.pdf")
    assert body("anthropic", prompt)["messages"][0]["content"][0]["cache_control"] == MARK


def test_responses_cache_breakpoints_are_encoded() -> None:
    marked = TextContent(text="Long.", extras={"prompt_cache_breakpoint": {"mode": "explicit"}})
    written = body("openai", Message(role="user", contents=[marked]), protocol="openai_responses")["input"][0]
    assert written["content"] == [
        {"type": "input_text", "text": "Long.", "prompt_cache_breakpoint": {"mode": "explicit"}}
    ]


def test_parallel_tool_calls_is_sent_only_with_tools(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"), Answer(text="Hello!"))
    with AIModelClient(endpoint(server.url)) as client:
        client.generate("?", parallel_tool_calls=False)
        client.generate("?", parallel_tool_calls=False, tools=[{"name": "look_up"}])
    assert ["parallel_tool_calls" in exchange.json for exchange in server.exchanges] == [False, True]
