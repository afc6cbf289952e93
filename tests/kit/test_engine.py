"""`client.engine`: the engine's client with everything that the kit's client has; the names of the kit's streams."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ai_utilities import AiClient, AiSettings, AskResult, ProviderConfigurationError
from ai_utilities.exceptions import ProviderCapabilityError
from ai_utilities.providers import BaseProvider
from ai_utilities.results import Embeddings
from dhenara.ai import AIModelClient
from dhenara.ai.errors import DhenaraError
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, FakeToolCall, HangUp, Stall
from dhenara.ai.types import AIModelCallResponse, Cost, EmbeddingResponse, Usage
from support.kit import Uniform, run, settings
from support.worlds import World

PROVIDED = "The capital of France is Paris."


class Parrot(BaseProvider):
    provider_name = "parrot"

    def ask(self, prompt: str, **kwargs: Any) -> AskResult:
        return AskResult(prompt, prompt=prompt)

    def ask_stream(self, prompt: str, **kwargs: Any) -> Any:
        return iter(prompt.split(" "))


def generate(world: World, client: Uniform) -> Any:
    """A call of `generate` through the engine's client, to await."""
    engine = client.client.engine
    if world.name != "blocking":
        return engine.generate_async("Capital?")

    async def call() -> AIModelCallResponse:
        return engine.generate("Capital?")

    return call()


def test_the_engine_has_the_settings_and_the_connections_of_the_client(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text=PROVIDED), Answer(text=PROVIDED))
    provided = settings(
        server.url, temperature=0.1, max_tokens=5, system_prompt="Be kind.", extra_headers={"x-team": "a"}
    )

    async def script(client: Uniform) -> None:
        assert isinstance(client.client.engine, AIModelClient)
        assert client.client.engine is client.client.engine
        response = await generate(world, client)
        assert response.text == await client.ask("Capital?", system=None) == PROVIDED

    run(world, script, provided)
    called, requested = server.exchanges
    assert called.json["temperature"] == 0.1
    assert called.headers["x-team"] == "a"
    assert called.json["messages"] == [{"role": "user", "content": "Capital?"}]
    assert called.headers["authorization"] == requested.headers["authorization"]


def test_calls_through_the_engine_are_counted_and_cached_with_those_of_the_kit(
    server: FakeServer, world: World
) -> None:
    server.add_replies(Answer(text=PROVIDED))

    async def script(client: Uniform) -> Any:
        first = await client.ask("Capital?")
        second = await generate(world, client)
        assert (first.cached, second.chat_response.cached, second.text) == (False, True, PROVIDED)
        return client.client.usage_tracker.total

    total = run(world, script, settings(server.url, cache_enabled=True, cache_policy="always", temperature=0))
    assert (total.requests, total.cached, total.total_tokens) == (2, 1, 18)


@pytest.mark.parametrize("limit", [{"requests_per_minute": 1, "limit_wait_s": 0}, {"budget_usd": 0.000001}])
def test_calls_through_the_engine_are_limited(server: FakeServer, world: World, limit: dict[str, Any]) -> None:
    server.add_replies(Answer(text=PROVIDED), Answer(text=PROVIDED))
    provided = settings(server.url, model="gpt-4o", max_tokens=1000, **limit)

    async def script(client: Uniform) -> None:
        if "budget_usd" not in limit:
            await generate(world, client)
        with pytest.raises(DhenaraError, match=r"limit|budget"):
            await generate(world, client)

    run(world, script, provided)
    assert len(server.exchanges) == ("budget_usd" not in limit)


def test_a_custom_provider_has_no_engine() -> None:
    with AiClient(AiSettings(), Parrot()) as client, pytest.raises(ProviderCapabilityError, match="parrot: a custom"):
        _ = client.engine


def test_an_engine_needs_a_model() -> None:
    with (
        AiClient(AiSettings(provider="ollama")) as client,
        pytest.raises(ProviderConfigurationError, match=r"OLLAMA_MODEL or AI_MODEL"),
    ):
        _ = client.engine


def test_a_stream_of_the_kit_has_the_names_of_the_engines(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text=PROVIDED))

    async def script(client: Uniform) -> None:
        stream = await client.ask_stream("Capital?")
        with pytest.raises(ProviderConfigurationError, match="the stream has not ended"):
            _ = stream.response
        assert "".join(await client.pieces(stream.text_stream)) == PROVIDED
        assert stream.response.text == PROVIDED
        assert stream.response is stream.result.response
        assert stream.result.usage.total_tokens == stream.response.usage.total_tokens == 18
        assert stream.result.cost == stream.response.cost

    run(world, script, settings(server.url))


def test_a_stream_of_the_kit_that_ends_early_has_what_had_arrived(server: FakeServer, world: World) -> None:
    broken = CutReply(DialectReply(Answer(text=PROVIDED)), 5, HangUp())
    server.add_replies(CutReply(DialectReply(Answer(text=PROVIDED * 50)), 5, Stall()), broken, broken)

    async def script(client: Uniform) -> None:
        stream = await client.ask_stream("Capital?")
        if world.name == "blocking":
            with stream:
                first = next(stream)
        else:
            async with stream:
                first = await anext(stream)
        assert stream.response.text.startswith(first)
        assert stream.response.chat_response.interrupted
        for options in ({}, {"tools": [clock]}):
            stream = await client.ask_stream("Capital?", **options)
            with pytest.raises(DhenaraError, match="ended"):
                await client.pieces(stream)
            assert PROVIDED.startswith(stream.response.text)
            assert stream.response.text == stream.result.text

    run(world, script, settings(server.url))


def clock() -> str:
    """The time."""
    return "noon"


def test_a_stream_of_a_tool_run_has_the_last_response(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(tool_calls=(FakeToolCall("clock", {}),)), Answer(text=PROVIDED))

    async def script(client: Uniform) -> None:
        stream = await client.ask_stream("Capital?", tools=[clock])
        assert "".join(await client.pieces(stream)) == PROVIDED
        assert stream.response.text == PROVIDED

    run(world, script, settings(server.url))


def test_a_stream_of_a_custom_provider_has_no_response(world: World) -> None:
    async def script(client: Uniform) -> None:
        stream = await client.ask_stream("one two")
        assert await client.pieces(stream.text_stream) == ["one", "two"]
        assert stream.response is None

    run(world, script, AiSettings(), Parrot())


def test_a_notebook_shows_why_a_result_has_no_text() -> None:
    failed = AskResult("", error=ProviderConfigurationError("No key."))
    assert failed._repr_markdown_() == "**ConfigurationError:** No key."


def test_vectors_have_their_usage_and_cost() -> None:
    response = EmbeddingResponse(vectors=[[0.1]], usage=Usage(input_tokens=3)).with_cost(Cost(amount=Decimal(1)))
    vectors = Embeddings(response)
    assert (vectors.usage.total_tokens, vectors.cost) == (3, 1)
    assert not Embeddings(EmbeddingResponse(vectors=[])).usage


def test_a_result_has_the_object_and_the_reasoning_of_its_answer(server: FakeServer) -> None:
    server.add_replies(Answer(text='{"name": "Paris"}', reasoning="France."), Answer(text='{"name": "Paris"}'))
    schema = {"type": "object", "properties": {"name": {"type": "string"}}}
    with AiClient(settings(server.url)) as client:
        result = client.ask("Capital?", structured_output=schema)
        assert result.parsed == client.ask("Capital?", structured_output=schema, tools=[clock]).parsed
        assert result.parsed == {"name": "Paris"}
        assert result.reasoning in ("", "France.")
    assert (AskResult("x").parsed, AskResult("x").reasoning, AskResult("x").cost.amount) == (None, "", None)
    assert AskResult("x", cost=Decimal(1)).cost == 1
