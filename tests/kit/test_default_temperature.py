"""The default temperature of the settings: sent to models that take one, and never a warning, a retry or an error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ai_utilities import AiSettings, AskResult
from ai_utilities.providers.facts import facts_of, known_providers
from dhenara.ai import AIModelClient
from dhenara.ai.errors import BadRequestError
from dhenara.ai.testing import Answer, DialectReply, FakeServer, Refusal
from dhenara.ai.testing.answer import ReceivedRequest, Step
from dhenara.ai.types import AIModelCallConfig, CallWarning
from support.kit import Uniform, run, settings
from support.pairs import every_pair
from support.worlds import WORLDS, World, endpoint

PROVIDERS = [name for name in known_providers() if facts_of(name).chats and name not in ("auto", "local")]
REFUSAL = Refusal(400, "Unsupported parameter: 'temperature' is not supported with this model.", code="unsupported")


class WithoutTemperature:
    """Answers, and refuses every request with a temperature as vendors do."""

    def steps(self, request: ReceivedRequest) -> Iterator[Step]:
        refused = '"temperature"' in json.dumps(request.json)
        return iter((REFUSAL if refused else DialectReply(Answer(text="hi"))).steps(request))


class WithTemperature:
    """Answers, and refuses every request without a temperature of 0.7."""

    def steps(self, request: ReceivedRequest) -> Iterator[Step]:
        sent = '"temperature": 0.7' in json.dumps(request.json)
        return iter((DialectReply(Answer(text="hi")) if sent else Refusal(418, "no temperature")).steps(request))


def warnings_of(answer: AskResult) -> list[CallWarning]:
    return answer.response.chat_response.warnings


def settings_of(provider: str, url: str, model: str, **given: Any) -> AiSettings:
    config = {"region": "us-east-1", "project_id": "p", "location": "us-central1", "resource": "r", "account_id": "a"}
    return AiSettings(
        _env_file=None,
        provider=provider,
        api_key="sk-test-secret",
        base_url=url,
        model=model,
        provider_config=config,
        **given,
    )


@pytest.mark.parametrize(("provider", "world", "strict"), every_pair(PROVIDERS, WORLDS[:2], [False, True]))
def test_no_provider_gets_a_temperature_that_its_model_may_refuse(provider: str, world: World, strict: bool) -> None:
    models = ("gpt-5", "o1-mini", "claude-opus-5", "nobody-knows-this")
    with FakeServer(WithoutTemperature(), forever=True) as server:

        async def script(client: Uniform) -> None:
            for model in models:
                answer = await client.ask("hello", model=model)
                assert (answer, warnings_of(answer)) == ("hi", [])
                stream = await client.ask_stream("hello", model=model)
                assert "".join(await client.pieces(stream)) == "hi"
                assert warnings_of(stream.result) == []

        run(world, script, settings_of(provider, server.url, "gpt-5", strict=strict))
        assert len(server.exchanges) == 2 * len(models)


@pytest.mark.parametrize("world", [WORLDS[0], WORLDS[1]], ids=["sync", "async"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_provider_gets_it_where_the_model_takes_one(provider: str, world: World) -> None:
    with FakeServer(WithTemperature(), forever=True) as server:

        async def script(client: Uniform) -> None:
            answer = await client.ask("hello")
            assert (answer, warnings_of(answer)) == ("hi", [])
            stream = await client.ask_stream("hello")
            assert "".join(await client.pieces(stream)) == "hi"

        run(world, script, settings_of(provider, server.url, "gpt-4o"))
        assert len(server.exchanges) == 2


def test_a_temperature_that_somebody_set_is_sent_to_any_model(server: FakeServer, world: World) -> None:
    server.add_replies(*[Answer(text="hi")] * 2)

    async def script(client: Uniform) -> None:
        await client.ask("hello")
        await client.ask("hello", temperature=0.7)

    run(world, script, settings(server.url, temperature=0.5))
    assert [request.json["temperature"] for request in server.exchanges] == [0.5, 0.7]


def test_the_default_gives_way_to_what_excludes_it(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text="hi"))

    async def script(client: Uniform) -> None:
        answer = await client.ask("hello", top_p=0.5)
        assert warnings_of(answer) == []

    run(world, script, settings_of("anthropic", server.url, "claude-haiku-4-5"))
    assert server.exchanges[0].json["top_p"] == 0.5
    assert "temperature" not in server.exchanges[0].json


@pytest.mark.parametrize("provider", ["anthropic", "amazon_bedrock"])
def test_the_default_is_left_out_silently_while_the_model_reasons(
    provider: str, server: FakeServer, world: World
) -> None:
    server.add_replies(Answer(text="hi"))

    async def script(client: Uniform) -> None:
        answer = await client.ask("hello", reasoning=True, strict=True)
        assert warnings_of(answer) == []

    run(world, script, settings_of(provider, server.url, "claude-haiku-4-5"))
    assert '"temperature"' not in json.dumps(server.exchanges[0].json)


def test_a_refusal_that_the_catalogue_did_not_know_is_learned_without_a_warning(world: World) -> None:
    model = f"ft:gpt-4o:{world.name}"
    with FakeServer(WithoutTemperature(), forever=True) as server:

        async def script(client: Uniform) -> None:
            for _ in range(2):
                assert warnings_of(await client.ask("hello", strict=True)) == []

        run(world, script, settings(server.url, model=model))
        assert ["temperature" in request.json for request in server.exchanges] == [True, False, False]


def test_a_refused_temperature_of_the_caller_is_an_error_of_strict_calls(world: World) -> None:
    with FakeServer(WithoutTemperature(), forever=True) as server:

        async def script(client: Uniform) -> None:
            with pytest.raises(BadRequestError, match="Unsupported parameter"):
                await client.ask("hello", strict=True, temperature=0.7)

        run(world, script, settings(server.url, model=f"ft:gpt-4o:asked-{world.name}"))
        assert len(server.exchanges) == 1


def test_a_fallback_gets_the_default_if_its_own_model_takes_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeServer(Refusal(503), Answer(text="hi")) as server:
        monkeypatch.setenv("GROQ_API_KEY", "sk-test-secret")
        monkeypatch.setenv("GROQ_BASE_URL", f"{server.url}/v1")
        monkeypatch.setenv("GROQ_MODEL", "gpt-4o")

        async def script(client: Uniform) -> None:
            await client.ask("hello")

        run(world, script, settings(server.url, model="gpt-5", fallbacks="groq", max_retries=0))
        assert ["temperature" in request.json for request in server.exchanges] == [False, True]


def test_the_engine_leaves_out_any_parameter_that_is_only_sent_if_supported(server: FakeServer, world: World) -> None:
    server.add_replies(*[Answer(text="hi")] * 2)
    config = AIModelCallConfig(temperature=0.7, seed=3, if_supported={"temperature", "seed"})
    client = AIModelClient(endpoint(server.url, model="gpt-5"), config)
    world.run(client, "hello")
    world.run(client, "hello", seed=4)
    world.close(client)
    assert [("temperature" in r.json, r.json.get("seed")) for r in server.exchanges] == [(False, 3), (False, 4)]


def test_only_parameters_may_be_sent_if_supported() -> None:
    with pytest.raises(ValueError, match="'streaming': not a parameter"):
        AIModelCallConfig(if_supported={"streaming"})
