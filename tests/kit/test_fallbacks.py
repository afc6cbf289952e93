"""Fallbacks as a setting: another provider answers, and everything in the books is under its own name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ai_utilities import AiClient, AskResult, ProviderConfigurationError
from ai_utilities.usage import MemoryLedger, UsageTracker
from dhenara.ai.testing import Answer, FakeServer, Refusal
from support.kit import Uniform, run, settings
from support.worlds import World

DOWN = Refusal(503, "down for maintenance")
HELLO = Answer(text="Hello!", model="claude-9")


@pytest.fixture
def spare(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    with FakeServer() as standing_by:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-spare")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", standing_by.url)
        yield standing_by


def test_another_provider_answers_with_its_own_key(world: World, server: FakeServer, spare: FakeServer) -> None:
    async def script(client: Uniform) -> AskResult:
        actual: AskResult = await client.ask("hi")
        return actual

    server.add_replies(DOWN)
    spare.add_replies(HELLO)
    provided = settings(
        server.url, max_retries=0, fallbacks="anthropic/claude-9", extra_headers={"x-tenant": "only ours"}
    )
    answer = run(world, script, provided)
    assert (answer, answer.provider, answer.model) == ("Hello!", "anthropic", "claude-9")
    requested = spare.exchanges[0]
    assert requested.headers["x-api-key"] == "sk-spare"
    assert "x-tenant" not in requested.headers
    assert server.exchanges[0].headers["x-tenant"] == "only ours"


def test_a_stream_that_has_not_begun_begins_elsewhere(world: World, server: FakeServer, spare: FakeServer) -> None:
    async def script(client: Uniform) -> list[str]:
        return await client.pieces(client.client.ask_stream("hi"))

    server.add_replies(DOWN)
    spare.add_replies(HELLO)
    provided = settings(server.url, max_retries=0, fallbacks="anthropic/claude-9")
    assert "".join(run(world, script, provided)) == "Hello!"


def test_every_request_is_recorded_with_its_provider(server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(DOWN)
    spare.add_replies(HELLO)
    ledger = MemoryLedger()
    provided = settings(server.url, max_retries=0, fallbacks="anthropic/claude-9")
    with AiClient(provided, usage_tracker=UsageTracker(ledger)) as client:
        client.ask("hi")
    assert [(row.provider, row.outcome) for row in ledger.rows()] == [("openai", "failed"), ("anthropic", "answered")]


def test_the_answer_is_cached_under_the_provider_that_gave_it(server: FakeServer, spare: FakeServer) -> None:
    """When the first one is back, it is asked again."""
    server.add_replies(DOWN, Answer(text="I am back."))
    spare.add_replies(HELLO)
    provided = settings(server.url, max_retries=0, fallbacks="anthropic/claude-9", cache_enabled=True)
    with AiClient(provided) as client:
        assert client.ask("hi") == "Hello!"
        assert client.ask("hi") == "I am back."
        assert client.ask("hi") == "I am back."
    assert (len(server.exchanges), len(spare.exchanges)) == (2, 1)


@pytest.mark.parametrize(
    ("named", "provided"),
    [
        ("nobody/knows", "fallbacks, 'nobody/knows': no provider is named"),
        ("groq", "GROQ_API_KEY"),
        ("lm_studio", "name a model too"),
    ],
)
def test_a_fallback_that_cannot_work_is_reported_at_once(server: FakeServer, named: str, provided: str) -> None:
    with pytest.raises(ProviderConfigurationError, match=provided):
        AiClient(settings(server.url, fallbacks=named))
    assert server.exchanges == []
