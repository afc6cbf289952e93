"""The engine against a real server that speaks both protocols."""

from __future__ import annotations

import json

import anthropic
import httpx2
import openai
import pytest
from pydantic import BaseModel, Field

from dhenara.ai import AIModelClient
from dhenara.ai.errors import BadRequestError, ContextLengthError
from dhenara.ai.types import AIModelCallConfig
from support.runs import go
from support.waiting import wait_until
from support.worlds import WORLDS, World, endpoint

PROVIDERS = pytest.mark.parametrize("provider", ["openai", "anthropic"])
STEADY = AIModelCallConfig(temperature=0, max_output_tokens=12, options={"seed": 7, "cache_prompt": False})
QUESTION = "What is the capital of France?"


@pytest.mark.parametrize(
    ("provider", "world"),
    [pytest.param(("openai", "anthropic")[n % 2], world, id=world.name) for n, world in enumerate(WORLDS)],
)
def test_a_real_model_says_the_same_streamed_and_whole(provider: str, world: World, llama: str) -> None:
    client = AIModelClient(endpoint(llama, provider), STEADY)
    plain = world.run(client, QUESTION).chat_response
    final = world.stream(client, QUESTION)[-1][1].chat_response
    assert plain is not None
    assert plain.text()
    assert final.text() == plain.text()
    assert final.finish_reason == plain.finish_reason
    assert final.finish_reason in ("stop", "length")
    assert not plain.interrupted
    assert not final.interrupted
    assert plain.usage is not None
    assert 0 < plain.usage.output_tokens <= 12
    assert final.usage.output_tokens == plain.usage.output_tokens
    assert plain.usage.prompt_tokens > 10
    world.close(client)


def test_openais_own_client_reads_the_same_from_the_same_server(llama: str) -> None:
    with AIModelClient(endpoint(llama), STEADY) as client:
        ours = client.generate(QUESTION).chat_response
    with openai.OpenAI(api_key="x", base_url=f"{llama}/v1") as sdk:
        theirs = sdk.chat.completions.create(
            model="m",
            messages=[{"role": "user", "content": QUESTION}],
            temperature=0,
            max_completion_tokens=12,
            extra_body={"seed": 7, "cache_prompt": False},
        )
    assert ours is not None
    assert ours.text() == theirs.choices[0].message.content
    assert theirs.usage is not None
    assert ours.usage is not None
    assert ours.usage.total_tokens == theirs.usage.total_tokens


def test_anthropics_own_client_reads_the_same_from_the_same_server(llama: str) -> None:
    with AIModelClient(endpoint(llama, "anthropic"), STEADY) as client:
        ours = client.generate(QUESTION).chat_response
    with anthropic.Anthropic(api_key="x", base_url=llama) as sdk:
        theirs = sdk.messages.create(
            model="m",
            max_tokens=12,
            messages=[{"role": "user", "content": QUESTION}],
            extra_body={"seed": 7, "cache_prompt": False, "temperature": 0},
        )
    assert ours is not None
    assert [ours.text()] == [block.text for block in theirs.content if block.type == "text"]


@PROVIDERS
def test_the_limit_and_the_stop_words_hold(provider: str, llama: str) -> None:
    with AIModelClient(endpoint(llama, provider), STEADY) as client:
        short = client.generate("Count from one to a hundred.", max_output_tokens=5).chat_response
        whole = client.generate(QUESTION).chat_response
        assert whole is not None
        word = whole.text().split()[2]
        stopped = client.generate(QUESTION, stop=word).chat_response
    assert short is not None
    assert short.usage is not None
    assert (short.finish_reason, short.usage.output_tokens) == ("length", 5)
    assert stopped is not None
    assert word not in stopped.text()
    assert whole.text().startswith(stopped.text())


@PROVIDERS
def test_a_conversation_that_is_too_long_is_reported_as_such(provider: str, llama: str) -> None:
    with AIModelClient(endpoint(llama, provider), STEADY) as client, pytest.raises(BadRequestError) as refused:
        client.generate("word " * 9_000)
    assert isinstance(refused.value, ContextLengthError)
    assert refused.value.status == 400


def test_log_probabilities_come_along(llama: str) -> None:
    with AIModelClient(endpoint(llama), STEADY) as client:
        plain = client.generate(QUESTION, top_logprobs=2).chat_response
        final = list(client.generate(QUESTION, top_logprobs=2, streaming=True).stream_generator)[-1][1].chat_response
    assert plain is not None
    tokens = plain.choices[0].logprobs or []
    assert "".join(token["token"] for token in tokens).startswith(plain.text())
    assert [token["token"] for token in final.choices[0].logprobs] == [token["token"] for token in tokens]


def test_an_answer_can_be_held_to_a_schema(llama: str) -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 20}, "sunny": {"type": "boolean"}},
        "required": ["city", "sunny"],
        "additionalProperties": False,
    }
    with AIModelClient(endpoint(llama), STEADY) as client:
        question = "Weather in Paris as JSON."
        answer = client.generate(question, structured_output=schema, max_output_tokens=80).chat_response
    assert answer is not None
    assert sorted(json.loads(answer.text())) == ["city", "sunny"]


def test_leaving_a_stream_frees_the_server(llama: str) -> None:
    with AIModelClient(endpoint(llama), STEADY) as client:
        stream = client.generate("Tell me a long story.", streaming=True, max_output_tokens=3_000).sync_stream_generator
        assert stream is not None
        next(stream)
        assert busy(llama)
        stream.close()  # type: ignore[attr-defined]  # our streams can be closed
        wait_until(lambda: not busy(llama))


def busy(llama: str) -> bool:
    return any(slot["is_processing"] for slot in httpx2.get(f"{llama}/slots").json())


class Place(BaseModel):
    city: str = Field(max_length=20)
    sunny: bool
    population: int | None = None


@pytest.mark.parametrize("world", [WORLDS[0], WORLDS[-1]], ids=lambda world: world.name)
def test_a_real_model_is_held_to_a_type(llama: str, world: World) -> None:
    client = AIModelClient(endpoint(llama, "llama_cpp"), STEADY)
    run = go(world, client, "Tell me about Paris.", output=Place, max_output_tokens=120)
    world.close(client)
    assert isinstance(run.output, Place)
    assert run.stopped == "answered"
