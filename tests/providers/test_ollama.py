"""Ollama: contexts that fit, prompts that were cut, errors inside streams, and addresses as people write them."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import AuthenticationError, BadRequestError, NotFoundError, ServerError
from dhenara.ai.providers.target import resolve
from dhenara.ai.testing import Answer, FakeServer, FakeUsage, RawStream, Refusal
from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelCallConfig,
    AIModelEndpoint,
    ChatModelSettings,
    ImageContent,
    Prompt,
    SSEErrorResponse,
    ToolDefinition,
)
from support.worlds import World, endpoint

HELLO = Answer(text="Hello!")
NDJSON = {"content-type": "application/x-ndjson"}


def requested(server: FakeServer, prompt: Any = "?", model: str = "qwen3:8b", **config: Any) -> Any:
    """What the server is asked for such a call."""
    server.add_replies(HELLO)
    with AIModelClient(endpoint(server.url, "ollama", model)) as client:
        client.generate(prompt, **config)
    return server.exchanges[-1].json


def with_limit(server: FakeServer, limit: int) -> AIModelEndpoint:
    settings = ChatModelSettings(max_context_window_tokens=limit)
    return AIModelEndpoint(
        api=AIModelAPI(provider="ollama", config={"base_url": server.url}),
        ai_model=AIModel(model_name="small", settings=settings),
    )


def test_the_context_size_is_always_sent(server: FakeServer) -> None:
    assert requested(server)["options"] == {"num_ctx": 8_192}


@pytest.mark.parametrize(
    ("prompt", "answer", "size"),
    [
        ("word " * 5_000, None, 16_384),
        ("?", 30_000, 32_768),
        ("字" * 20_000, None, 32_768),
        ("word " * 500_000, None, 131_072),
    ],
)
def test_the_context_grows_with_what_it_must_hold(
    prompt: str, answer: int | None, size: int, server: FakeServer
) -> None:
    assert requested(server, prompt, max_output_tokens=answer)["options"]["num_ctx"] == size


def test_a_context_of_ones_own_choice_stands(server: FakeServer) -> None:
    assert requested(server, options={"num_ctx": 200_000})["options"]["num_ctx"] == 200_000
    server.add_replies(HELLO)
    with AIModelClient(endpoint(server.url, "ollama", quirks={"smallest_context": 2_048})) as client:
        client.generate("?", max_output_tokens=10)
    assert server.exchanges[-1].json["options"]["num_ctx"] == 2_048


def test_no_context_is_larger_than_the_models_own(world: World, server: FakeServer) -> None:
    server.add_replies(HELLO)
    client = AIModelClient(with_limit(server, 4_096))
    world.run(client, "word " * 9_000)
    assert server.exchanges[0].json["options"]["num_ctx"] == 4_096
    world.close(client)


@pytest.mark.parametrize("read", [4_096, 3_900])
def test_a_prompt_that_was_cut_is_warned_about(read: int, world: World, server: FakeServer) -> None:
    """The server dropped the oldest turns, or the beginning of the last one: only its counts tell."""
    cut = Answer(text="What?", usage=FakeUsage(input=read))
    server.add_replies(cut, cut)
    client = AIModelClient(with_limit(server, 4_096))
    plain = world.run(client, "word " * 9_000).chat_response
    final = world.stream(client, "word " * 9_000)[-1][1].chat_response
    for response in (plain, final):
        (warning,) = response.warnings
        assert (warning.code, warning.parameter) == ("dropped_content", "num_ctx")
        assert f"{read} were read" in warning.message
    world.close(client)


@pytest.mark.parametrize("read", [9_100, 40_000])
def test_a_prompt_that_fits_is_not(read: int, server: FakeServer) -> None:
    """More than was asked for is read where the size of the context is not ours to choose, as in the cloud."""
    server.add_replies(Answer(text="Fine.", usage=FakeUsage(input=read)))
    with AIModelClient(endpoint(server.url, "ollama")) as client:
        response = client.generate("word " * 9_000).chat_response
    assert response is not None
    assert response.warnings == []


def test_strict_disables_truncation_by_the_server(server: FakeServer) -> None:
    assert requested(server, strict=True)["truncate"] is False
    assert "truncate" not in requested(server)


def test_an_answer_that_fills_the_context_says_so(server: FakeServer) -> None:
    server.add_replies(
        Answer(text="and so", finish="length", usage=FakeUsage(input=100, output=8_092)),
        Answer(text="and so", finish="length", usage=FakeUsage(input=100, output=5)),
    )
    with AIModelClient(endpoint(server.url, "ollama")) as client:
        full, limited = client.generate("?").chat_response, client.generate("?", max_output_tokens=5).chat_response
    assert full is not None
    assert limited is not None
    assert (full.finish_reason, limited.finish_reason) == ("context_length", "length")


def test_settings_stand_where_the_protocol_has_them(server: FakeServer) -> None:
    body = requested(
        server,
        max_output_tokens=7,
        temperature=0,
        stop="x",
        options={"keep_alive": "10m", "min_p": 0.1, "options": {"num_gpu": 1}},
        structured_output={"type": "object", "properties": {}},
        top_logprobs=2,
    )
    assert body["options"] == {
        "num_ctx": 8_192,
        "num_predict": 7,
        "temperature": 0.0,
        "stop": ["x"],
        "min_p": 0.1,
        "num_gpu": 1,
    }
    assert (body["keep_alive"], body["format"]) == ("10m", {"type": "object", "properties": {}})
    assert (body["logprobs"], body["top_logprobs"], body["stream"]) == (True, 2, False)


@pytest.mark.parametrize(
    ("model", "config", "think"),
    [
        ("qwen3:8b", {"reasoning": True}, True),
        ("qwen3:8b", {"reasoning_effort": "high"}, True),
        ("qwen3:8b", {"reasoning": False}, False),
        ("gpt-oss:20b", {"reasoning_effort": "high"}, "high"),
        ("gpt-oss:20b", {"max_reasoning_tokens": 2_000}, "low"),
        ("gpt-oss:20b", {"reasoning": False}, "low"),
        ("qwen3:8b", {}, None),
    ],
)
def test_thinking_is_a_switch_or_a_level(model: str, config: dict[str, Any], think: Any, server: FakeServer) -> None:
    assert requested(server, model=model, **config).get("think") == think


def test_images_are_base64_in_a_separate_field(server: FakeServer) -> None:
    picture = ImageContent(data=b"abc", mime_type="image/png")
    far = ImageContent(file_id="file-1")
    server.add_replies(HELLO)
    with AIModelClient(endpoint(server.url, "ollama")) as client:
        response = client.generate(Prompt(contents=["What is it?", picture, far])).chat_response
    assert server.exchanges[0].json["messages"] == [{"role": "user", "content": "What is it?", "images": ["YWJj"]}]
    assert response is not None
    assert [warning.code for warning in response.warnings] == ["dropped_content"]


def test_tools_are_chosen_by_what_is_offered(server: FakeServer) -> None:
    tools = [ToolDefinition(name="add"), ToolDefinition(name="sub")]
    assert "tools" not in requested(server, tools=tools, tool_choice="none")
    (offered,) = requested(server, tools=tools, tool_choice="sub")["tools"]
    assert offered["function"]["name"] == "sub"


def test_an_error_inside_a_stream_is_raised_with_the_partial_response(world: World, server: FakeServer) -> None:
    from dhenara.ai.testing.protocols import dialect_for

    lines = dialect_for("/api/chat").stream(Answer(text="one two three four"), {"model": "m"})
    server.add_replies(
        RawStream([*lines[:2], b'{"error":"an error was encountered while running the model"}\n'], headers=NDJSON)
    )
    client = AIModelClient(endpoint(server.url, "ollama"))
    *_, (reported, _), (_, final) = world.stream(client, "?")
    assert isinstance(reported, SSEErrorResponse)
    assert "while running the model" in reported.data.message
    assert (final.chat_response.text(), final.chat_response.interrupted) == ("one two thre", True)
    world.close(client)


def test_a_stream_that_is_not_done_is_interrupted(world: World, server: FakeServer) -> None:
    from dhenara.ai.testing.protocols import dialect_for

    lines = dialect_for("/api/chat").stream(Answer(text="one two three four"), {"model": "m"})
    server.add_replies(RawStream(lines[:-1], headers=NDJSON))
    client = AIModelClient(endpoint(server.url, "ollama"))
    final = world.stream(client, "?")[-1][1].chat_response
    assert (final.text(), final.interrupted) == ("one two three four", True)
    world.close(client)


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (400, '"llama3" does not support tools', BadRequestError),
        (401, "unauthorized", AuthenticationError),
        (404, "model 'nope' not found", NotFoundError),
        (500, "model requires more system memory (9.1 GiB) than is available (4.2 GiB)", ServerError),
        (503, "server busy, please try again. maximum pending requests exceeded", ServerError),
    ],
)
def test_refusals_are_typed_and_keep_the_servers_words(
    status: int, message: str, kind: type[Exception], world: World, server: FakeServer
) -> None:
    server.add_replies(Refusal(status, message))
    client = AIModelClient(endpoint(server.url, "ollama"))
    with pytest.raises(kind) as refused:
        world.run(client, "?", retries=0)
    assert message in str(refused.value)
    world.close(client)


def test_the_other_protocol_of_the_same_server(world: World, server: FakeServer) -> None:
    server.add_replies(HELLO, HELLO)
    client = AIModelClient(endpoint(f"{server.url}/v1", "ollama", protocol="openai_chat"))
    assert world.run(client, "?", max_output_tokens=3).chat_response.text() == "Hello!"
    assert world.stream(client, "?")[-1][1].chat_response.text() == "Hello!"
    assert [e.path for e in server.exchanges] == ["/v1/chat/completions"] * 2
    assert server.exchanges[0].json["max_tokens"] == 3
    world.close(client)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("127.0.0.1", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        (":8080", "http://127.0.0.1:8080"),
        ("gpu-box:11435", "http://gpu-box:11435"),
        ("gpu-box/ollama/", "http://gpu-box:11434/ollama"),
        ("[::1]:11434", "http://[::1]:11434"),
        ("http://gpu-box", "http://gpu-box"),
        ("https://ollama.com/", "https://ollama.com"),
        ("http://localhost:11434/v1", "http://localhost:11434"),
        ("https://ollama.com/api", "https://ollama.com"),
    ],
)
def test_addresses_are_read_as_the_server_reads_its_own(written: str, meant: str) -> None:
    model = AIModel(model_name="m")
    bare = AIModelEndpoint(api=AIModelAPI(provider="ollama"), ai_model=model)
    reported = AIModelEndpoint(api=AIModelAPI(provider="ollama", config={"base_url": written}), ai_model=model)
    assert resolve(bare, {"OLLAMA_HOST": written}).base_url == meant
    assert resolve(reported, {}).base_url == meant


def test_the_key_of_the_cloud_goes_to_the_cloud_and_nowhere_else() -> None:
    def key(address: str) -> str | None:
        api = AIModelAPI(provider="ollama", config={"base_url": address})
        target = resolve(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m")), {"OLLAMA_API_KEY": "k-1"})
        return target.auth_context.key

    assert key("https://ollama.com") == "k-1"
    assert key("https://ollama.com.example.org") is None


def test_unsupported_settings_are_errors_with_strict(server: FakeServer) -> None:
    from dhenara.ai.errors import UnsupportedError

    config = AIModelCallConfig(n=2, strict=True)
    with AIModelClient(endpoint(server.url, "ollama"), config) as client, pytest.raises(UnsupportedError, match="n:"):
        client.generate("?")
    assert server.exchanges == []
