"""Where each platform's models are asked, under which name, and that nothing leads elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, strategies as st

from dhenara.ai import AIModelClient
from dhenara.ai.errors import (
    ConfigurationError,
)
from dhenara.ai.providers.known.anthropic import name_on_bedrock, name_on_vertex
from dhenara.ai.providers.target import ResolvedTarget, resolve
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint


def target(provider: str, model: str = "m", environment: Any = None, **given: Any) -> ResolvedTarget:
    api = AIModelAPI(provider=provider, **{"api_key": "k", **given})
    return resolve(AIModelEndpoint(api=api, ai_model=AIModel(model_name=model)), environment or {})


def token(**config: Any) -> dict[str, Any]:
    return {"api_key": None, "credentials": {"token": "t"}, "config": config}


@pytest.mark.parametrize(
    ("base_url", "requested"),
    [
        ("/v1", "/v1/chat/completions"),
        ("/v1///", "/v1/chat/completions"),
        ("/v1\n", "/v1/chat/completions"),
        ("/v1?api-version=1", "/v1/chat/completions?api-version=1"),
        ("/v1/?api-version=1&x=a%20b", "/v1/chat/completions?api-version=1&x=a%20b"),
        ("/a%20b/v1", "/a%20b/v1/chat/completions"),
        ("/v1/chat/completions", "/v1/chat/completions"),
        ("/v1/chat/completions/?api-version=1", "/v1/chat/completions?api-version=1"),
        ("/v1/responses", "/v1/chat/completions"),
    ],
)
def test_an_address_may_bring_its_own_query(base_url: str, requested: str, server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"))
    api = AIModelAPI(provider="openai", api_key="k", config={"base_url": server.url + base_url})
    with AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m"))) as client:
        client.generate("?")
    assert server.exchanges[0].path == requested


@pytest.mark.parametrize(
    ("provider", "base_url", "requested"),
    [
        *[("anthropic", base, "/v1/messages") for base in ("", "/v1", "/v1/", "/v1/messages", "/v1?")],
        *[("cohere", base, "/v2/chat") for base in ("", "/v2", "/v1", "/v2/chat")],
        *[("ollama", base, "/api/chat") for base in ("", "/api", "/v1")],
    ],
)
def test_an_address_may_end_with_what_comes_anyway(
    provider: str, base_url: str, requested: str, server: FakeServer
) -> None:
    server.add_replies(Answer(text="Hello!"))
    api = AIModelAPI(provider=provider, api_key="k", config={"base_url": server.url + base_url})
    with AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m"))) as client:
        client.generate("?", max_output_tokens=9)
    assert server.exchanges[0].path == requested


def test_a_query_that_is_given_counts_for_that_of_the_route() -> None:
    actual = target("microsoft_azure_ai", config={"base_url": "https://x.services.ai.azure.com/models?api-version=7"})
    assert actual.query == "?api-version=7"


@pytest.mark.parametrize(
    "base_url",
    [
        "http://bob:sk-very-secret@h/v1",
        "http://h/v1#part",
        "http://h/a b/v1",
        "http://h/\u00fc/v1",
        "http://b\u00fccher.example/v1",
        "http://h/\ud800",
        "http://h/v\t1",
        "http://h:99999/v1",
        "http://h:abc/v1",
        "http://[::1/v1",
        "http:///v1",
        "ftp://h/v1?key=sk-very-secret",
        "h:80",
        5,
    ],
)
def test_an_address_that_no_request_can_go_to_is_refused_and_its_secrets_are_not_shown(base_url: Any) -> None:
    with pytest.raises(ConfigurationError, match="the base URL of openai") as refused:
        target("openai", config={"base_url": base_url})
    assert "sk-very-secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("us-central1", "us-central1-aiplatform.googleapis.com"),
        ("global", "aiplatform.googleapis.com"),
        (None, "aiplatform.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
    ],
)
def test_vertex_is_where_the_location_says(location: str | None, host: str) -> None:
    actual = target("google_vertex_ai", "gemini-3.8-flash", **token(project_id="p", location=location))
    assert actual.base_url == f"https://{host}/v1beta1/projects/p/locations/{location or 'global'}"


@pytest.mark.parametrize(
    ("provider", "model", "given_to", "address"),
    [
        ("google_vertex_ai", "gemini-2.5-pro", {}, "https://aiplatform.googleapis.com/v1beta1"),
        (
            "google_vertex_ai",
            "meta/llama-4-maverick-17b-128e-instruct-maas",
            token(project_id="p", location="us-east5"),
            "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5",
        ),
        (
            "google_vertex_ai",
            "projects/1/locations/us-east5/endpoints/7",
            token(project_id="p", location="us-east5"),
            "https://us-east5-aiplatform.googleapis.com/v1beta1",
        ),
        ("microsoft_openai", "d", {"config": {"resource": "r"}}, "https://r.openai.azure.com/openai/v1"),
        (
            "microsoft_openai",
            "my d",
            {"config": {"resource": "r", "api_version": "2024-10-21"}},
            "https://r.openai.azure.com/openai/deployments/my%20d",
        ),
        (
            "microsoft_openai",
            "d",
            {"config": {"base_url": "https://r.openai.azure.com/openai/v1/"}},
            "https://r.openai.azure.com/openai/v1",
        ),
        ("microsoft_azure_ai", "grok-4", {"config": {"resource": "r"}}, "https://r.services.ai.azure.com/openai/v1"),
        (
            "microsoft_azure_ai",
            "claude-opus-5",
            {"config": {"resource": "r"}},
            "https://r.services.ai.azure.com/anthropic",
        ),
        (
            "amazon_bedrock",
            "openai.gpt-5.6-luna",
            {"config": {"region": "eu-west-1"}},
            "https://bedrock-mantle.eu-west-1.api.aws/openai/v1",
        ),
        (
            "amazon_bedrock",
            "openai.gpt-oss-20b",
            {"config": {"region": "eu-west-1"}},
            "https://bedrock-mantle.eu-west-1.api.aws/v1",
        ),
        (
            "amazon_bedrock",
            "claude-sonnet-5-5",
            {"config": {"region": "eu-west-1"}},
            "https://bedrock-mantle.eu-west-1.api.aws/anthropic",
        ),
        (
            "amazon_bedrock",
            "global.anthropic.claude-sonnet-5-5",
            {"config": {"region": "eu-west-1"}},
            "https://bedrock-runtime.eu-west-1.amazonaws.com",
        ),
    ],
)
def test_url_of_each_model(provider: str, model: str, given_to: dict[str, Any], address: str) -> None:
    assert target(provider, model, **given_to).base_url == address


def test_a_deployment_is_treated_as_the_model_behind_it(server: FakeServer) -> None:
    config = {"resource": "r"}
    api = AIModelAPI(provider="microsoft_openai", api_key="k", config=config)
    plain = AIModelEndpoint(api=api, ai_model=AIModel(model_name="prod-1"))
    behind = AIModelEndpoint(api=api, ai_model=AIModel(model_name="prod-1", base_model="gpt-5.3-codex"))
    assert (resolve(plain, {}).route.codec, resolve(behind, {}).route.codec) == ("openai_chat", "openai_responses")


@pytest.mark.parametrize(
    ("name", "vertex", "bedrock"),
    [
        ("claude-sonnet-4-5", "claude-sonnet-4-5@20250929", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("claude-opus-4-5-20251101", "claude-opus-4-5@20251101", "eu.anthropic.claude-opus-4-5-20251101-v1:0"),
        ("claude-sonnet-4-0", "claude-sonnet-4@20250514", "eu.anthropic.claude-sonnet-4-20250514-v1:0"),
        ("claude-3-5-sonnet-latest", "claude-3-5-sonnet-v2@20241022", "eu.anthropic.claude-3-5-sonnet-20241022-v2:0"),
        ("claude-opus-4-8", "claude-opus-4-8", "eu.anthropic.claude-opus-4-8"),
        ("claude-sonnet-5-5", "claude-sonnet-5-5", "anthropic.claude-sonnet-5-5"),
        ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5@20250929", None),
        ("us.anthropic.claude-x", "us.anthropic.claude-x", "us.anthropic.claude-x"),
    ],
)
def test_claude_has_a_name_of_its_own_on_each_platform(name: str, vertex: str, bedrock: str | None) -> None:
    assert name_on_vertex(name) == name_on_vertex(vertex) == vertex
    if bedrock is not None:
        assert name_on_bedrock(name, "eu-central-1") == name_on_bedrock(bedrock, "eu-central-1") == bedrock


OWNERS = {"region": "amazon_bedrock", "project_id": "google_vertex_ai", "location": "google_vertex_ai"}
OWN = (".openai.azure.com", ".amazonaws.com", "aiplatform.googleapis.com", ".rep.googleapis.com")
HOSTILE = st.sampled_from(
    ["evil.example/", "x@evil.example", "a#b", "a?b", "a b", "a\nb", "ä", "evil.example:443", "..", ".", ":"]
)


def reachable(provider: str, config: dict[str, Any]) -> ResolvedTarget | None:
    try:
        return target(provider, api_key=None, credentials={"token": "t"}, config=config)
    except ConfigurationError:
        return None


@given(st.sampled_from(["region", "resource", "project_id", "location", "api_version"]), HOSTILE | st.text(min_size=1))
def test_no_part_of_an_address_leads_elsewhere(entry: str, value: str) -> None:
    config = {"resource": "r", "project_id": "p", "region": "us-east-1", entry: value}
    actual = reachable(OWNERS.get(entry, "microsoft_openai"), config)
    if actual is None:
        return
    parts = urlsplit(actual.base_url + actual.query)
    assert (parts.hostname or "").endswith(OWN)
    assert (parts.port, parts.username, parts.fragment) == (None, None, "")
    assert not any(segment.strip(".") == "" for segment in parts.path.split("/")[1:])


@pytest.mark.parametrize(
    ("address", "goes"),
    [
        ("https://mine.openai.azure.com", True),
        ("https://mine.services.ai.azure.com", True),
        ("https://mine.openai.azure.com.evil.example", False),
        ("https://a.b.openai.azure.com", False),
        ("https://evil.example", False),
    ],
)
def test_the_environments_key_goes_to_the_platforms_hosts_only(address: str, goes: bool) -> None:
    requested = {"api_key": None, "environment": {"AZURE_OPENAI_API_KEY": "k"}, "config": {"base_url": address}}
    if goes:
        assert target("microsoft_openai", **requested).auth_context.key == "k"
    else:
        with pytest.raises(ConfigurationError, match="is sent to the provider's own hosts only"):
            target("microsoft_openai", **requested)


def test_what_is_missing_is_named_with_its_variables() -> None:
    with pytest.raises(ConfigurationError, match=r"needs resource.*AZURE_OPENAI_RESOURCE"):
        target("microsoft_openai")
    with pytest.raises(ConfigurationError, match=r"needs project_id.*GOOGLE_CLOUD_PROJECT"):
        target("google_vertex_ai", "gemini-2.5-pro", **token())


def test_a_model_keeps_its_own_name_next_to_that_of_the_platform() -> None:
    actual = target("amazon_bedrock", "claude-opus-4-8", config={"region": "eu-west-1"})
    assert actual.endpoint.ai_model.model_name == actual.origin.model == "eu.anthropic.claude-opus-4-8"
    assert actual.endpoint.ai_model.base_model == "claude-opus-4-8"


def test_a_service_account_knows_its_project() -> None:
    info = {"type": "service_account", "project_id": "p-9", "client_email": "e", "private_key": "k"}
    for credentials in (info, {"service_account_json": info}):
        actual = target("google_vertex_ai", "gemini-2.5-pro", api_key=None, credentials=credentials)
        assert actual.base_url == "https://aiplatform.googleapis.com/v1beta1/projects/p-9/locations/global"
    with pytest.raises(ConfigurationError, match="part of an address"):
        target("google_vertex_ai", "gemini-2.5-pro", api_key=None, credentials={**info, "project_id": "../x"})


def test_the_file_of_a_service_account_knows_its_project(tmp_path: Path) -> None:
    info = json.dumps({"type": "service_account", "project_id": "p-9", "client_email": "e", "private_key": "k"})
    (tmp_path / "account.json").write_text(info)
    address = "https://aiplatform.googleapis.com/v1beta1/projects/p-9/locations/global"
    for reported in (info, str(tmp_path / "account.json")):
        credentials = {"service_account_json": reported}
        assert target("google_vertex_ai", "gemini-2.5-pro", api_key=None, credentials=credentials).base_url == address
    named = {"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "account.json")}
    assert target("google_vertex_ai", "gemini-2.5-pro", api_key=None, environment=named).base_url == address
    (tmp_path / "account.json").write_text("{")
    with pytest.raises(ConfigurationError, match="needs project_id"):
        target("google_vertex_ai", "gemini-2.5-pro", api_key=None, environment=named)


def test_no_secret_shows_itself() -> None:
    secrets = [
        ("microsoft_openai", {"credentials": {"tenant_id": "t", "client_id": "c", "client_secret": "hush-1"}}),
        ("microsoft_openai", {"credentials": {"token": "hush-1"}}),
        (
            "google_vertex_ai",
            {"credentials": {"type": "service_account", "client_email": "e", "private_key": "hush-1"}},
        ),
        ("amazon_bedrock", {"credentials": {"access_key_id": "a", "secret_access_key": "hush-1"}}),
        ("microsoft_azure_ai", {"api_key": "hush-1"}),
    ]
    for provider, hidden in secrets:
        config = {"resource": "r", "region": "us-east-1", "project_id": "p"}
        actual = target(provider, **{"api_key": None, **hidden}, config=config)
        assert "hush-1" not in repr(actual) + str(actual.endpoint.model_dump())
