"""Forms of routes: lists, dicts, files, and LiteLLM's model list."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai import AIModelClient, RouteSettingWarning, load_routes, routes_from_litellm
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


FILE = '[smart]\nhedge_after = 2.5\ngroups = ["openai/gpt-5.4-mini", "anthropic/claude-sonnet-5"]\n'


def test_a_client_names_a_route_of_a_mapping() -> None:
    with AIModelClient("route:smart", routes={"smart": [GPT, CLAUDE]}) as client:
        assert client.route is not None
        assert (client.route.name, names(client.route)) == ("smart", [[GPT], [CLAUDE]])


def test_a_client_names_a_route_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "routes.toml"
    file.write_text(FILE)
    with AIModelClient("route:smart", routes=file) as client:
        assert client.route is not None
        assert client.route.hedge_after == 2.5
    with AIModelClient("route:smart", routes=load_routes(file)) as client:
        assert client.route == load_routes(file)["smart"]
    monkeypatch.setenv("AI_ROUTES_FILE", str(file))
    with AIModelClient("route:smart", fallbacks=["groq/llama"]) as client:
        assert client.route is not None
        assert names(client.route) == [[GPT], [CLAUDE], ["groq/llama"]]


@pytest.mark.parametrize(
    ("model", "routes", "message"),
    [
        (
            "route:smrat",
            {"smart": [GPT], "cheap": [GPT]},
            "no route 'smrat'. Did you mean 'smart'? The routes are: smart, cheap",
        ),
        ("route:smart", None, "Pass routes={...}, or set AI_ROUTES_FILE"),
        ("route:smart", 7, "routes must be routes by name or a file, not int. Write routes={'smart': ["),
        ("route:smart", [GPT], "or AIModelClient.routed([...]) for a single route"),
        ("route:smart", {"smart": []}, "route 'smart': "),
        (GPT, {"smart": [GPT]}, "routes are chosen by name"),
    ],
)
def test_a_route_that_is_not_there_is_a_clear_error(
    model: str, routes: Any, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AI_ROUTES_FILE", raising=False)
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        AIModelClient(model, routes=routes)


def test_shadow_traffic_has_the_fields_of_its_deployment() -> None:
    route = ModelRoute.of({"groups": [GPT], "shadow": {"model": CLAUDE, "share": 0.5, "api_key": "sk-secret"}})
    assert route.shadow is not None
    assert (route.shadow.deployment.name, route.shadow.share, route.shadow.concurrency) == (CLAUDE, 0.5, 4)
    plain = ModelRoute.of({"groups": [GPT], "shadow": CLAUDE}).shadow
    assert plain is not None
    assert (plain.deployment.name, plain.share) == (CLAUDE, 0.1)
    assert "sk-secret" not in repr(route)
    assert "sk-secret" not in route.model_dump_json()


@pytest.mark.parametrize(
    "fields",
    [
        {"hedge_after": 0},
        {"hedge_after": float("inf")},
        {"shadow": {"model": CLAUDE, "share": 0}},
        {"shadow": {"model": CLAUDE, "share": 1.5}},
        {"shadow": {"model": CLAUDE, "concurrency": 0}},
        {"shadow": {"model": CLAUDE, "sahre": 0.1}},
        {"shadow": {"share": 0.1}},
    ],
)
def test_values_out_of_range_are_errors(fields: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        ModelRoute.of({"groups": [GPT], **fields})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"shadow": {"model": CLAUDE, "shar": 0.1}}, "shadow traffic has no field 'shar'; did you mean 'share'?"),
        ({"attempts": True}, "attempts: must be a whole number"),
        ({"hedge_after": True}, "hedge_after: must be a number"),
        ({"groups": [{"model": GPT, "weight": True}]}, "weight: must be a number"),
        ({"shadow": {"model": CLAUDE, "concurrency": True}}, "concurrency: must be a whole number"),
    ],
)
def test_a_field_that_is_wrong_is_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        ModelRoute.of({"groups": [GPT], **fields})


def test_whole_numbers_are_numbers() -> None:
    assert ModelRoute.of({"groups": [{"model": GPT, "weight": 3}], "hedge_after": 5}).hedge_after == 5.0


def test_two_keys_of_a_deployment_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_A", "sk-a")
    with pytest.raises(ConfigurationError, match="a deployment has 'api_key' and 'api_key_env'"):
        AIModelClient.routed([{"model": GPT, "api_key": "sk-b", "api_key_env": "KEY_A"}])


def test_the_model_list_of_litellm_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_B", "sk-b")
    routes = routes_from_litellm(
        [
            {"model_name": "gpt", "litellm_params": {"model": "azure/gpt-5.4", "api_base": "https://one.example"}},
            {"model_name": "gpt", "litellm_params": {"model": GPT, "api_key": "os.environ/KEY_B", "weight": 3}},
            {"model_name": "claude", "litellm_params": {"model": CLAUDE}},
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


@pytest.mark.parametrize(
    ("model_list", "fallbacks", "message"),
    [
        ([{"model_name": "gpt", "litellm_params": {}}], [], "litellm_params of 'gpt' needs 'model'"),
        ({"gpt": GPT}, [], "model_list must be a list of dicts"),
        (["gpt"], [], "model_list must be a list of dicts"),
        (None, [], "model_list must be a list of dicts"),
        ([], {"gpt": ["claude"]}, "fallbacks must be a list of dicts"),
        (
            [{"model_name": "*", "litellm_params": {"model": "openai/*"}}],
            None,
            "'openai/\\*' of model_list is a pattern",
        ),
        ([{"model_name": "gpt", "litellm_params": {"model": GPT}}], [{"gtp": ["gpt"]}], "fallbacks name 'gtp'"),
    ],
)
def test_other_forms_are_errors_that_name_what_is_wrong(model_list: Any, fallbacks: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        routes_from_litellm(model_list, fallbacks=fallbacks)


def test_fallbacks_of_all_names_are_read() -> None:
    entries = [litellm_entry(), litellm_entry(CLAUDE, "claude")]
    routes = routes_from_litellm(entries, fallbacks=[{"*": ["claude"]}])
    assert (names(routes["gpt"]), names(routes["claude"])) == ([[GPT], [CLAUDE]], [[CLAUDE]])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "a route has no groups"),
        ({}, "a route needs 'groups'"),
        ({"hedge_after": 1.0}, "a route needs 'groups', .* and has only 'hedge_after'"),
        ([[]], "a group has no deployments"),
        ([{"deployment": [GPT]}], "'deployment'} has no 'model', .*; a group has 'deployments'"),
    ],
)
def test_a_route_without_deployments_is_an_error_that_says_what_to_write(given: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        AIModelClient.routed(given)


def test_a_key_for_a_named_route_is_an_error_that_says_where_it_belongs() -> None:
    with pytest.raises(ConfigurationError, match="api_key belongs in the deployments of the route"):
        AIModelClient("route:smart", api_key="sk-a", routes={"smart": [GPT]})


def test_a_misspelt_route_is_suggested() -> None:
    with pytest.raises(ConfigurationError, match="Did you mean 'smart'"):
        AIModelClient("route:smrt", routes={"smart": [GPT]})


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "routes.toml"
    file.write_text(f'[smart]\ngroups = ["{GPT}"]\n', encoding="utf-8-sig")
    assert names(load_routes(file)["smart"]) == [[GPT]]


def litellm_entry(model: str = GPT, name: str = "gpt", **parameters: Any) -> dict[str, Any]:
    return {"model_name": name, "litellm_params": {"model": model, **parameters}}


@pytest.mark.parametrize(
    ("setting", "advice"),
    [
        ("rpm", "LimitLayer"),
        ("tpm", "LimitLayer"),
        ("max_parallel_requests", "LimitLayer"),
        ("timeout", "AIModelCallConfig\\(timeout"),
        ("stream_timeout", "first_token"),
        ("max_retries", "retries"),
        ("cooldown_time", "the kind of a failure"),
        ("input_cost_per_token", "cost_data"),
        ("tags", "a route for each tag"),
    ],
)
def test_a_setting_without_effect_is_a_warning_that_says_what_to_do(setting: str, advice: str) -> None:
    with pytest.warns(
        RouteSettingWarning, match=f"{setting} of 'gpt' has no effect on the route: .*{advice}"
    ) as caught:
        routes_from_litellm([litellm_entry(weight=1, **{setting: 10})])
    (warning,) = caught
    assert isinstance(warning.message, RouteSettingWarning)
    assert (warning.message.setting, warning.message.model_name) == (setting, "gpt")
    assert warning.filename == __file__


def test_settings_of_the_router_without_effect_are_warnings() -> None:
    with pytest.warns(RouteSettingWarning) as caught:
        routes_from_litellm([litellm_entry()], cooldown_time=30, allowed_fails=3, redis_host="x", model_group_alias={})
    assert [str(one.message).split(" has no")[0] for one in caught] == [
        "cooldown_time", "allowed_fails", "redis_host", "model_group_alias"
    ]  # fmt: skip


def test_a_lower_order_comes_first() -> None:
    entries = [litellm_entry("openai/c"), litellm_entry("openai/b", order=2), litellm_entry("openai/a", order=1)]
    route = routes_from_litellm(entries)["gpt"]
    assert names(route) == [["openai/a"], ["openai/b"], ["openai/c"]]


def test_requests_per_minute_are_shares_if_there_are_no_weights() -> None:
    with pytest.warns(RouteSettingWarning, match="rpm of 'gpt' does not limit the route: it is a share of the calls"):
        route = routes_from_litellm([litellm_entry(rpm=900), litellm_entry(CLAUDE, rpm=100)])["gpt"]
    assert [one.weight for one in route.deployments] == [900, 100]


def test_default_fallbacks_and_ids_are_read() -> None:
    entries = [litellm_entry() | {"model_info": {"id": "east"}}, litellm_entry(CLAUDE, "claude")]
    routes = routes_from_litellm(entries, default_fallbacks=["claude"])
    assert names(routes["gpt"]) == [["east"], [CLAUDE]]
    assert names(routes["claude"]) == [[CLAUDE]]


def test_a_model_list_of_litellms_documentation_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys in the environment, an older form of shares, AWS, Vertex AI, headers."""
    monkeypatch.setenv("AWS_SECRET", "secret")
    azure = {
        "model": "azure/chatgpt-v-2",
        "api_key": "sk-a",
        "api_version": "2024-10-21",
        "api_base": "https://a.example",
    }
    entries: list[dict[str, Any]] = [
        {"model_name": "gpt", "litellm_params": azure, "rpm": 900},
        {"model_name": "gpt", "litellm_params": {"model": "gpt-4o", "base_url": "https://b.example/v1"}, "rpm": 100},
        {
            "model_name": "claude",
            "litellm_params": {
                "model": "bedrock/anthropic.claude-sonnet-5",
                "aws_access_key_id": "AKIA1",
                "aws_secret_access_key": "os.environ/AWS_SECRET",
                "aws_region_name": "us-west-2",
                "extra_headers": {"x-team": "search"},
            },
        },
        {"model_name": "gemini", "litellm_params": {"model": "vertex_ai/gemini-3.5-flash", "vertex_project": "p",
                                                    "vertex_location": "us-central1"}},
    ]  # fmt: skip
    with pytest.warns(RouteSettingWarning, match="share of the calls"):
        routes = routes_from_litellm(entries, fallbacks=[{"gpt": ["claude"]}], default_fallbacks=None, redis_host=None)
    assert [[one.weight for one in group.deployments] for group in routes["gpt"].groups] == [[900, 100], [1]]
    claude = routes["claude"].deployments[0].endpoint
    assert claude.api.credentials is not None
    assert claude.api.credentials.reveal() == {"access_key_id": "AKIA1", "secret_access_key": "secret"}
    assert "AWS_SECRET" not in repr(routes)
    with AIModelClient.routed(routes["claude"]) as client:
        assert client.explain_route("?").chosen == "amazon_bedrock/anthropic.claude-sonnet-5"


def test_other_fields_of_an_entry_are_warnings() -> None:
    with pytest.warns(RouteSettingWarning, match="region_group of 'gpt' has no effect"):
        routes_from_litellm([{**litellm_entry(), "region_group": "eu"}])
    with pytest.warns(RouteSettingWarning, match="temperature of 'gpt' has no effect .*AIModelCallConfig"):
        routes_from_litellm([litellm_entry(temperature=0)])
