"""Routes as settings: `AiClient("route:smart")`, from code, the environment or a file, in books and spans."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ai_utilities import AiClient, AiSettings, AskResult, ProviderConfigurationError
from ai_utilities.setup.doctor import check_routes
from ai_utilities.usage import MemoryLedger, UsageTracker
from dhenara.ai.testing import Answer, FakeServer, Refusal
from dhenara.ai.types import ShadowResult
from support.kit import Uniform, run
from support.worlds import World

HELLO = Answer(text="Hello!")
LIMITED = Refusal(429, "slow down", headers={"retry-after": "30"})


@pytest.fixture
def spare(monkeypatch: pytest.MonkeyPatch, server: FakeServer) -> Iterator[FakeServer]:
    with FakeServer() as standing_by:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-main-secret")
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-spare-secret")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", standing_by.url)
        yield standing_by


ROUTES = {"smart": [{"model": "openai/gpt-5.4-mini", "name": "main"}, "anthropic/claude-9"]}
FILE = """
[smart]
[[smart.groups]]
strategy = "round_robin"
deployments = [{ model = "openai/gpt-5.4-mini", name = "main", api_key_env = "OTHER_KEY" }]

[[smart.groups]]
deployments = ["anthropic/claude-9"]
"""


def test_a_route_is_named_in_place_of_a_model(world: World, server: FakeServer, spare: FakeServer) -> None:
    async def script(client: Uniform) -> list[AskResult]:
        return [await client.ask("hi") for _ in range(3)]

    server.add_replies(LIMITED)
    spare.add_replies(*[HELLO] * 3)
    answers = run(world, script, "route:smart", routes=ROUTES)
    assert [(answer, answer.provider) for answer in answers] == [("Hello!", "anthropic")] * 3
    assert (len(server.exchanges), len(spare.exchanges)) == (1, 3)
    assert spare.exchanges[0].headers["x-api-key"] == "sk-spare-secret"


def test_routes_are_read_from_a_file(
    server: FakeServer, spare: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "routes.toml"
    file.write_text(FILE)
    monkeypatch.setenv("AI_ROUTES_FILE", str(file))
    monkeypatch.setenv("OTHER_KEY", "sk-other-secret")
    server.add_replies(HELLO)
    with AiClient("route:smart") as client:
        assert client.ask("hi") == "Hello!"
    assert server.exchanges[0].headers["authorization"] == "Bearer sk-other-secret"


@pytest.mark.parametrize("own", [{"headers": {"x-own": "1"}}, {"api_key": "sk-own-secret"}], ids=["headers", "key"])
@pytest.mark.parametrize("key", ["sk-gateway-secret", None])
def test_what_a_deployment_does_not_name_is_that_of_the_settings(
    own: dict[str, object], key: str | None, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    if key is None:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-main-secret")
    server.add_replies(HELLO)
    with AiClient(
        "route:smart",
        provider="openai",
        api_key=key,
        base_url=f"{server.url}/v1",
        extra_headers={"x-team": "search"},
        routes={"smart": [{"model": "openai/gpt-5.4-mini", **own}]},
    ) as client:
        assert client.ask("hi") == "Hello!"
    headers = server.exchanges[0].headers
    assert headers["x-team"] == "search"
    assert headers.get("x-own") == ("1" if "headers" in own else None)
    assert headers["authorization"] == f"Bearer {own.get('api_key') or key or 'sk-main-secret'}"


def test_an_address_of_its_own_gets_no_headers_of_the_settings(server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(HELLO)
    with AiClient(
        "route:smart",
        provider="openai",
        base_url=f"{spare.url}/v1",
        extra_headers={"x-team": "search"},
        routes={"smart": [{"model": "openai/gpt-5.4-mini", "base_url": f"{server.url}/v1"}]},
    ) as client:
        assert client.ask("hi") == "Hello!"
    assert "x-team" not in server.exchanges[0].headers


def test_a_deployment_with_its_own_key_needs_no_other(server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(HELLO)
    routes = {"smart": [{"model": "groq/llama-9", "api_key": "sk-own-secret", "base_url": f"{server.url}/v1"}]}
    with AiClient("route:smart", routes=routes) as client:
        assert client.ask("hi") == "Hello!"
    assert server.exchanges[0].headers["authorization"] == "Bearer sk-own-secret"


def test_one_call_may_name_a_route(server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(HELLO, LIMITED)
    spare.add_replies(HELLO)
    with AiClient("openai/gpt-5.4-mini", routes=ROUTES) as client:
        assert client.ask("hi").provider == "openai"
        assert client.ask("hi", model="route:smart").provider == "anthropic"


def test_rows_of_the_ledger_name_the_deployment_and_no_secret(server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(LIMITED)
    spare.add_replies(HELLO)
    ledger = MemoryLedger()
    with AiClient("route:smart", routes=ROUTES, usage_tracker=UsageTracker(ledger)) as client:
        client.ask("hi")
    rows = list(ledger.rows())
    assert [(row.provider, row.tags) for row in rows] == [
        ("openai", {"route": "smart", "deployment": "main"}),
        ("anthropic", {"route": "smart", "deployment": "anthropic/claude-9"}),
    ]
    assert "secret" not in "".join(row.model_dump_json() for row in rows)


def test_embeddings_use_a_route_of_embedding_models(
    server: FakeServer, spare: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the default model of the provider if the route has chat models only, as without a route."""
    vectors = [{"model": "openai/text-embedding-3-large", "name": "vectors", "base_url": f"{spare.url}/v1"}]
    spare.add_replies(HELLO, HELLO)
    server.add_replies(HELLO)
    routes = {**ROUTES, "vectors": vectors}
    with AiClient("route:vectors", routes=routes) as client:
        assert client.embed(["words"])
    with AiClient("route:smart", routes=routes) as client:
        assert client.embed(["words"])
        assert client.embed(["words"], model="route:vectors")
    assert [b"text-embedding-3-large" in one.body for one in spare.exchanges] == [True, True]
    assert [b"text-embedding-3-small" in one.body for one in server.exchanges] == [True]


def test_streams_have_the_attempts_of_their_route(world: World, server: FakeServer, spare: FakeServer) -> None:
    async def script(client: Uniform) -> list[str | None]:
        stream = await client.ask_stream("hi")
        await client.pieces(stream)
        assert stream.response is not None
        return [one.deployment for one in stream.response.attempts]

    server.add_replies(LIMITED)
    spare.add_replies(HELLO)
    assert run(world, script, "route:smart", routes=ROUTES) == ["main", "anthropic/claude-9"]


def test_the_state_is_explained(server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(LIMITED)
    spare.add_replies(HELLO)
    with AiClient("route:smart", routes=ROUTES) as client:
        client.ask("hi")
        explained = client.engine.explain_route("hi")
    assert explained.route == "smart"
    assert [one.state for one in explained.deployments] == ["resting", "available"]


def test_processes_share_health_through_the_store_of_limits(
    server: FakeServer, spare: FakeServer, tmp_path: Path
) -> None:
    """Two clients with one file stand for two processes."""
    server.add_replies(LIMITED)
    spare.add_replies(HELLO, HELLO)
    shared = {"routes": ROUTES, "limit_store": "sqlite", "limit_path": tmp_path / "limits.sqlite"}
    for _ in range(2):
        with AiClient("route:smart", **shared) as client:  # type: ignore[arg-type]  # settings of several types
            assert client.ask("hi").provider == "anthropic"
    assert len(server.exchanges) == 1
    assert (tmp_path / "health.sqlite").exists()


def test_doctor_shows_each_deployment(server: FakeServer, spare: FakeServer) -> None:
    lines = [str(line) for line in check_routes(AiSettings(routes=ROUTES))]
    assert "route smart" in lines[0]
    assert "main: the first deployment of the route" in lines[0]
    assert "anthropic/claude-9" in lines[1]


def test_doctor_shows_second_requests_and_shadow_traffic(spare: FakeServer) -> None:
    shadow = {"model": "anthropic/claude-9", "share": 0.05}
    routes = {"smart": {"groups": ["openai/gpt-5.4-mini"], "hedge_after": 2.5, "shadow": shadow}}
    _, hedging, candidate = (str(line) for line in check_routes(AiSettings(routes=routes)))
    assert "a second request after 2.5 s without an answer (hedging)" in hedging
    assert "0.05 of the calls also go to anthropic/claude-9 (shadow traffic)" in candidate


def test_doctor_says_what_a_route_lacks(spare: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    (line,) = check_routes(AiSettings(routes=ROUTES))
    assert line.health == "failure"
    assert "ANTHROPIC_API_KEY" in line.finding


@pytest.mark.parametrize(
    ("routes", "message"),
    [
        ({}, "there is no route 'smart'"),
        ({"smart2": ["openai/gpt-5.4-mini"]}, "Did you mean 'smart2'"),
        ({"smart": []}, "route 'smart' has no deployment"),
        ({"smart": ["nobody/knows"]}, "no provider is named for 'nobody/knows'"),
        (
            {"smart": [{"deployments": ["openai/gpt-5.4-mini"], "strategy": "fastest"}]},
            "there is no strategy 'fastest'",
        ),
        ({"smart": [{"model": "openai/gpt-5.4-mini", "api_key_env": "NOT_SET"}]}, "variable NOT_SET is not set"),
        (
            {"smart": [{"model": "openai/gpt-5.4-mini", "api_key": "sk-a", "api_key_env": "OPENAI_API_KEY"}]},
            "a deployment has 'api_key' and 'api_key_env'",
        ),
        (
            {"smart": {"groups": ["openai/gpt-5.4-mini"], "shadow": {"model": "anthropic/claude-9", "shar": 1}}},
            "shadow traffic has no field 'shar'. Did you mean 'share'",
        ),
        (["openai/gpt-5.4-mini"], "it must have routes by name, such as {'smart':"),
    ],
)
def test_a_route_that_cannot_work_is_reported_at_once(
    routes: Any, message: str, server: FakeServer, spare: FakeServer
) -> None:
    with pytest.raises(ProviderConfigurationError, match=message):
        AiClient("route:smart", routes=routes)
    assert server.exchanges == []


def test_keys_in_routes_are_in_no_text(spare: FakeServer) -> None:
    routes = {"smart": [{"model": "openai/gpt-5.4-mini", "api_key": "sk-very-secret"}]}
    settings = AiSettings(routes=routes)
    with AiClient("route:smart", routes=routes) as client:
        for text in (repr(settings), settings.model_dump_json(), repr(client), repr(client.settings)):
            assert "very-secret" not in text


def test_second_requests_and_shadow_traffic_are_settings(
    server: FakeServer, spare: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The candidate has the key that the settings have for its provider."""
    file = tmp_path / "routes.toml"
    file.write_text(
        '[smart]\nhedge_after = 30.0\ngroups = ["openai/gpt-5.4-mini"]\n'
        '[smart.shadow]\nmodel = "anthropic/claude-9"\nshare = 1.0\nwait_on_close = 60.0\n'
    )
    monkeypatch.setenv("AI_ROUTES_FILE", str(file))
    server.add_replies(HELLO)
    spare.add_replies(HELLO)
    with AiClient("route:smart") as client:
        assert client.ask("hi") == "Hello!"
        route = client.engine.route
    assert route is not None
    assert route.hedge_after == 30.0
    assert spare.exchanges[0].headers["x-api-key"] == "sk-spare-secret"


def test_an_observer_of_shadow_traffic_is_passed_in_code(server: FakeServer, spare: FakeServer) -> None:
    results: list[ShadowResult] = []
    shadow = {"model": "anthropic/claude-9", "share": 1, "observer": results.append, "wait_on_close": 60}
    server.add_replies(HELLO)
    spare.add_replies(Answer(text="Good day!"))
    with AiClient("route:smart", routes={"smart": {"groups": ["openai/gpt-5.4-mini"], "shadow": shadow}}) as client:
        client.ask("hi")
    assert [one.candidate for one in results] == ["anthropic/claude-9"]


def test_the_repr_of_a_client_has_the_name_of_its_route(spare: FakeServer) -> None:
    with AiClient("route:smart", routes=ROUTES) as client:
        assert repr(client) == "AiClient('route:smart')"
