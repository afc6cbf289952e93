"""A base URL from the environment is used by every operation of a provider, and never for a host of the vendor's."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai.providers.base_urls import given_address
from dhenara.ai.providers.provider import Provider, Route, load_provider
from dhenara.ai.providers.provider_names import known_names
from dhenara.ai.providers.target import ResolvedTarget, resolve
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint

PROXY = "http://127.0.0.1:9"
PROVIDERS = list({one.name: one for one in map(load_provider, known_names()) if one.base_url_env}.values())
WITHOUT_VARIABLE = "https://bedrock-mantle.{region}.api.aws"
"""AWS's variables are for one service each, and there is none for this one."""

ROUTES = [
    (provider, route)
    for provider in PROVIDERS
    for route in (*provider.routes, *provider.operations)
    if route.base != WITHOUT_VARIABLE
]


@pytest.mark.parametrize(("provider", "route"), ROUTES, ids=lambda one: getattr(one, "name", None) or one.operation)
def test_every_route_uses_the_variables_of_its_provider(provider: Provider, route: Route) -> None:
    for name in route.base_url_env or provider.base_url_env:
        address, is_ours = given_address(provider, route, {}, {name: PROXY})
        assert is_ours
        assert address is not None
        assert address.startswith(PROXY)


def target(model: str, operation: str = "chat", environment: Any = None, **config: Any) -> ResolvedTarget:
    return resolve(AIModelEndpoint.of(model, **config), {"XAI_API_KEY": "k", **(environment or {})}, operation)


def test_vector_stores_of_xai_are_managed_at_the_proxy() -> None:
    environment = {"XAI_BASE_URL": f"{PROXY}/v1"}
    for operation in ("chat", "files", "vector_stores", "search_vector_store"):
        assert target("xai/grok-4.3", operation, environment).base_url == f"{PROXY}/v1"
        assert target("xai/grok-4.3", operation, base_url=f"{PROXY}/v1", api_key="k").base_url == f"{PROXY}/v1"


def test_a_management_key_of_the_environment_is_not_sent_to_a_foreign_host() -> None:
    environment = {"XAI_MANAGEMENT_API_KEY": "from-environment"}
    foreign = {"base_url": f"{PROXY}/v1", "api_key": "k"}
    config = target("xai/grok-4.3", "vector_stores", environment, **foreign).auth_context.config
    assert "from-environment" not in config.values()
    endpoint = AIModelEndpoint(
        api=AIModelAPI(
            provider="xai", api_key="k", config={"base_url": f"{PROXY}/v1", "management_api_key": "from-config"}
        ),
        ai_model=AIModel(model_name="grok-4.3"),
    )
    chosen = resolve(endpoint, environment, "vector_stores").auth_context.config
    assert chosen["management_api_key"] == "from-config"


def test_a_region_of_xai_does_not_move_the_management_of_stores() -> None:
    region, environment = "https://eu-west-1.api.x.ai/v1", {"XAI_BASE_URL": "https://eu-west-1.api.x.ai/v1"}
    for given in ({"environment": environment}, {"base_url": region}):
        stores = target("xai/grok-4.3", "vector_stores", **given)
        assert stores.base_url == "https://management-api.x.ai/v1"
        assert stores.auth_context.key == "k"
        assert target("xai/grok-4.3", "search_vector_store", **given).base_url == region


def test_another_address_of_the_management_api_can_be_given() -> None:
    moved = target("xai/grok-4.3", "vector_stores", base_url="https://management-api.x.ai/v2")
    assert moved.base_url == "https://management-api.x.ai/v2"


@pytest.mark.parametrize("variable", ["XAI_MANAGEMENT_API_KEY", "XAI_MANAGEMENT_KEY"])
def test_the_management_key_has_the_name_of_the_vendors_sdk_too(variable: str) -> None:
    assert target("xai/grok-4.3", "vector_stores", {variable: "m"}).auth_context.config["management_api_key"] == "m"


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("https://api.minimaxi.com/v1", "https://api.minimaxi.com/anthropic"),
        ("https://api.minimaxi.com/v1/", "https://api.minimaxi.com/anthropic"),
        ("https://api.minimaxi.com/anthropic", "https://api.minimaxi.com/anthropic"),
        (f"{PROXY}/minimax", f"{PROXY}/minimax/anthropic"),
    ],
)
def test_another_protocol_at_the_same_host_is_at_the_configured_one_too(given: str, sent: str) -> None:
    environment = {"MINIMAX_BASE_URL": given, "MINIMAX_API_KEY": "k"}
    chosen = target("minimax/MiniMax-M3.1", environment=environment, protocol="anthropic")
    assert chosen.base_url == sent


def test_the_service_of_bedrock_that_ranks_has_a_variable_of_its_own() -> None:
    environment = {
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "http://127.0.0.1:8",
        "AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME": PROXY,
        "AWS_REGION": "eu-central-1",
        "AWS_BEARER_TOKEN_BEDROCK": "k",
    }
    assert target("amazon_bedrock/cohere.rerank-v3-5:0", "rerank", environment).base_url == PROXY
    del environment["AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME"]
    vendors = target("amazon_bedrock/cohere.rerank-v3-5:0", "rerank", environment).base_url
    assert vendors == "https://bedrock-agent-runtime.eu-central-1.amazonaws.com"
