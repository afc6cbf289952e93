"""Forms of routes: lists, dicts, files, and LiteLLM's model list."""

from __future__ import annotations

from pathlib import Path

import pytest

from dhenara.ai import AIModelClient, load_routes, routes_from_litellm
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.types import ModelRoute

GPT, CLAUDE = "openai/gpt-5.4-mini", "anthropic/claude-sonnet-5"


def names(route: ModelRoute) -> list[list[str]]:
    return [[one.name for one in group.deployments] for group in route.groups]


def test_the_entries_of_a_list_are_groups() -> None:
    assert names(ModelRoute.of([GPT, [CLAUDE, GPT]])) == [[GPT], [CLAUDE, f"{GPT} (2)"]]


def test_a_file_has_a_route_in_each_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_A", "sk-a")
    file = tmp_path / "routes.toml"
    file.write_text(f'[smart]\nattempts = 4\ngroups = [{{ model = "{GPT}", api_key_env = "KEY_A", weight = 2 }}]\n')
    route = load_routes(file)["smart"]
    assert (route.name, route.attempts) == ("smart", 4)
    (only,) = route.deployments
    assert only.weight == 2
    assert only.endpoint.api.api_key is not None
    assert only.endpoint.api.api_key.get_secret_value() == "sk-a"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("[smart", "is not TOML"),
        ('[smart]\ngroups = ["openai/gpt-5.4", 7]', "route 'smart': a deployment is the name of a model"),
        ('[smart]\ngroups = [{ model = "openai/gpt-5.4", api_key_env = "UNSET" }]', "variable UNSET is not set"),
        ('[smart]\ngroups = [{ model = "openai/gpt-5.4", regoin = "x" }]', "regoin"),
    ],
)
def test_a_file_that_is_wrong_says_where(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "routes.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=message):
        load_routes(file)


def test_a_key_in_place_of_a_variable_is_not_shown() -> None:
    with pytest.raises(ConfigurationError) as caught:
        AIModelClient.routed([{"model": GPT, "api_key_env": "sk-very-secret"}])
    assert "very-secret" not in str(caught.value)


def test_the_model_list_of_litellm_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_B", "sk-b")
    routes = routes_from_litellm(
        [
            {"model_name": "gpt", "litellm_params": {"model": "azure/gpt-5.4", "api_base": "https://one.example"}},
            {"model_name": "gpt", "litellm_params": {"model": GPT, "api_key": "os.environ/KEY_B", "weight": 3}},
            {"model_name": "claude", "litellm_params": {"model": CLAUDE, "rpm": 10}},
        ],
        routing_strategy="least-busy",
        fallbacks=[{"gpt": ["claude"]}],
    )
    assert names(routes["gpt"]) == [["microsoft_openai/gpt-5.4", GPT], [CLAUDE]]
    assert [group.strategy for group in routes["gpt"].groups] == ["least_in_flight"] * 2
    assert routes["gpt"].deployments[1].weight == 3
    assert names(routes["claude"]) == [[CLAUDE]]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"model_name": "gpt"}, "needs 'model_name' and 'litellm_params'"),
        ({"model_name": "gpt", "litellm_params": {"model": GPT, "mock_response": "x"}}, "'mock_response' has no equal"),
    ],
)
def test_what_cannot_be_read_of_litellm_is_an_error(entry: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        routes_from_litellm([entry])
