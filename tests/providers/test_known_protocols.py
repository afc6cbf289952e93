"""Hosts that speak several protocols: each has its own address and way of showing the key."""

from __future__ import annotations

import os

import pytest

from dhenara.ai.errors import ConfigurationError
from dhenara.ai.providers.target import resolve
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint


@pytest.mark.parametrize(
    ("provider", "protocol", "address"),
    [
        ("minimax", None, "https://api.minimax.io/v1"),
        ("minimax", "anthropic", "https://api.minimax.io/anthropic"),
        ("deepseek", None, "https://api.deepseek.com"),
        ("deepseek", "anthropic", "https://api.deepseek.com/anthropic"),
    ],
)
def test_claudes_protocol_is_there_for_whoever_asks(provider: str, protocol: str | None, address: str) -> None:
    config = {} if protocol is None else {"protocol": protocol}
    api = AIModelAPI(provider=provider, api_key="sk-mine", config=config)
    target = resolve(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m")), os.environ)
    assert (target.base_url, target.origin.protocol) == (address, protocol or "openai_chat")


@pytest.mark.parametrize(
    ("provider", "wrong", "meant"),
    [
        ("openai", "baseurl", "base_url"),
        ("openai", "baseURL", "base_url"),
        ("openai", "protocols", "protocol"),
        ("amazon_bedrock", "regions", "region"),
        ("google_vertex_ai", "project", "project_id"),
    ],
)
def test_a_misspelt_entry_is_reported(provider: str, wrong: str, meant: str) -> None:
    config = {"region": "us-east-1", "project_id": "p", "location": "global", wrong: "x"}
    api = AIModelAPI(provider=provider, api_key="sk-mine", config=config)
    with pytest.raises(ConfigurationError, match=f"no entry '{wrong}' for {provider}; did you mean '{meant}'"):
        resolve(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m")), os.environ)


def test_an_entry_of_the_users_own_is_left_alone() -> None:
    api = AIModelAPI(provider="openai", api_key="sk-mine", config={"team": "blue"})
    assert resolve(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m")), os.environ)
