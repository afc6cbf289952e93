"""Provider tools: one type for all providers, and a warning where a provider lacks a tool."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.providers.target import resolve
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelCallConfig,
    AIModelEndpoint,
    Call,
    CodeExecution,
    FileSearch,
    Prompt,
    RemoteMCP,
    ServerTool,
    ToolDefinition,
    UserLocation,
    WebSearch,
)
from support.corpus import exchanges

SEARCH = WebSearch(allowed_domains=("example.org",), context_size="low", place=UserLocation(country="DE"))
MCP = RemoteMCP(name="wiki", url="https://mcp.example.org/mcp", authorization="t0ken", allowed_tools=("ask",))
ABROAD = {"type": "approximate", "country": "DE"}
LOOK_UP = ToolDefinition(name="look_up")


def encoded(
    provider: str, model: str, *tools: Any, messages: Any = None, **api: Any
) -> tuple[dict[str, Any], list[str | None]]:
    """The request's body, and what was warned about."""
    config = {"region": "us-east-1", **api}
    at = AIModelEndpoint(
        api=AIModelAPI(provider=provider, api_key="k", config=config), ai_model=AIModel(model_name=model)
    )
    target = resolve(at, {})
    outgoing = target.codec.encode(
        Call(at, messages or (Prompt(text="?"),), AIModelCallConfig(tools=tools)), target.quirks
    )
    return outgoing.body, [warning.parameter for warning in outgoing.warnings]


@pytest.mark.parametrize(
    ("provider", "model", "tool", "wire"),
    [
        ("google_ai", "gemini-3-flash", WebSearch(), {"googleSearch": {}}),
        ("google_ai", "gemini-3-flash", CodeExecution(), {"codeExecution": {}}),
        (
            "google_ai",
            "gemini-3-flash",
            FileSearch(store_ids=("fileSearchStores/a",), max_results=3),
            {"fileSearch": {"fileSearchStoreNames": ["fileSearchStores/a"], "topK": 3}},
        ),
        ("amazon_bedrock", "us.amazon.nova-2-lite-v1:0", WebSearch(), {"systemTool": {"name": "nova_grounding"}}),
        ("groq", "openai/gpt-oss-120b", WebSearch(), {"type": "browser_search"}),
        ("groq", "openai/gpt-oss-120b", CodeExecution(), {"type": "code_interpreter", "container": {"type": "auto"}}),
        (
            "openrouter",
            "x/y",
            SEARCH,
            {
                "type": "openrouter:web_search",
                "parameters": {
                    "search_context_size": "low",
                    "allowed_domains": ["example.org"],
                    "user_location": ABROAD,
                },
            },
        ),
        (
            "zai",
            "glm-5.3",
            WebSearch(allowed_domains=("example.org",)),
            {"type": "web_search", "web_search": {"enable": True, "search_domain_filter": "example.org"}},
        ),
        (
            "anthropic",
            "claude-sonnet-4-5",
            WebSearch(max_uses=2, blocked_domains=("b.org",), place=UserLocation(country="DE")),
            {
                "type": "web_search_20250305",
                "name": "web_search",
                "blocked_domains": ["b.org"],
                "max_uses": 2,
                "user_location": ABROAD,
            },
        ),
        (
            "anthropic",
            "claude-sonnet-4-5",
            CodeExecution(),
            {"type": "code_execution_20250825", "name": "code_execution"},
        ),
        ("cohere", "command-a", ServerTool(spec={"type": "own"}), {"type": "own"}),
    ],
)
def test_provider_tools_are_encoded_per_provider(provider: str, model: str, tool: Any, wire: dict[str, Any]) -> None:
    body, warned = encoded(provider, model, tool)
    tools = body["toolConfig"]["tools"] if provider == "amazon_bedrock" else body["tools"]
    assert tools == [wire]
    assert warned == []


def test_responses_encodes_every_provider_tool() -> None:
    files = FileSearch(store_ids=("vs_1",), max_results=3, filters={"type": "eq", "key": "a", "value": "b"})
    body, warned = encoded(
        "openai", "gpt-5", SEARCH, CodeExecution(file_ids=("f1",)), files, MCP, LOOK_UP, protocol="openai_responses"
    )
    assert warned == []
    assert body["tools"][1:] == [
        {
            "type": "web_search",
            "filters": {"allowed_domains": ["example.org"]},
            "search_context_size": "low",
            "user_location": ABROAD,
        },
        {"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["f1"]}},
        {
            "type": "file_search",
            "vector_store_ids": ["vs_1"],
            "max_num_results": 3,
            "filters": {"type": "eq", "key": "a", "value": "b"},
        },
        {
            "type": "mcp",
            "server_label": "wiki",
            "server_url": "https://mcp.example.org/mcp",
            "require_approval": "never",
            "authorization": "t0ken",
            "allowed_tools": ["ask"],
        },
    ]


def test_xai_supports_excluded_domains_and_openai_does_not() -> None:
    search = WebSearch(blocked_domains=("b.org",))
    body, warned = encoded("xai", "grok-4", search, protocol="openai_responses")
    assert (body["tools"][0]["filters"], warned) == ({"excluded_domains": ["b.org"]}, [])
    body, warned = encoded("openai", "gpt-5", search, protocol="openai_responses")
    assert (body["tools"], warned) == ([{"type": "web_search"}], ["web_search.blocked_domains"])


def test_anthropic_mcp_servers_are_in_body_and_toolsets_in_tools() -> None:
    at = AIModelEndpoint(
        api=AIModelAPI(provider="anthropic", api_key="k"), ai_model=AIModel(model_name="claude-sonnet-4-5")
    )
    target = resolve(at, {})
    outgoing = target.codec.encode(Call(at, (Prompt(text="?"),), AIModelCallConfig(tools=[MCP])), target.quirks)
    server = {"type": "url", "name": "wiki", "url": "https://mcp.example.org/mcp", "authorization_token": "t0ken"}
    assert outgoing.body["mcp_servers"] == [server]
    assert outgoing.body["tools"] == [
        {
            "type": "mcp_toolset",
            "mcp_server_name": "wiki",
            "default_config": {"enabled": False},
            "configs": {"ask": {"enabled": True}},
        }
    ]
    assert outgoing.headers["anthropic-beta"] == "mcp-client-2025-11-20"


def test_web_search_fields_of_models_and_hosts() -> None:
    body, warned = encoded(
        "openai", "gpt-4o-search-preview", WebSearch(context_size="low", place=UserLocation(country="DE"))
    )
    assert body["web_search_options"] == {
        "search_context_size": "low",
        "user_location": {"type": "approximate", "approximate": {"country": "DE"}},
    }
    assert "tools" not in body
    body, _ = encoded("perplexity", "sonar", WebSearch(allowed_domains=("a.org",), blocked_domains=("b.org",)))
    assert body["search_domain_filter"] == ["a.org", "-b.org"]
    body, _ = encoded("alibaba", "qwen3-max", WebSearch())
    assert body["enable_search"] is True
    assert warned == []


@pytest.mark.parametrize(
    ("provider", "model", "tool"),
    [
        ("openai", "gpt-5", WebSearch()),
        ("cohere", "command-a", WebSearch()),
        ("mistral", "mistral-large-4", CodeExecution()),
        ("anthropic", "claude-sonnet-4-5", FileSearch(store_ids=("a",))),
        ("amazon_bedrock", "anthropic.claude-sonnet-4-5-v1:0", MCP),
    ],
)
def test_unsupported_provider_tool_warns(provider: str, model: str, tool: Any) -> None:
    body, warned = encoded(provider, model, LOOK_UP, tool)
    assert warned == [tool.kind]
    tools = body["toolConfig"]["tools"] if provider == "amazon_bedrock" else body["tools"]
    assert len(tools) == 1


def test_a_tool_that_the_chat_protocol_lacks_is_sent_to_the_protocol_that_may_have_it(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"))
    with AIModelClient("openai/gpt-5.4-mini", api_key="k", base_url=f"{server.url}/v1") as client:
        (warning,) = client.generate("Hi", tools=[FileSearch(store_ids=("a",))]).warnings
    assert warning.message == (
        "openai does not support file_search: the Chat protocol has no such tool, "
        'the Responses protocol may have it (protocol="openai_responses"); it was left out'
    )


def test_mcp_server_secrets_are_not_shown() -> None:
    config = AIModelCallConfig(tools=[MCP.model_copy(), LOOK_UP])
    for shown in (repr(config), str(config.tools), config.model_dump_json()):
        assert "t0ken" not in shown


def test_encoded_tools_equal_recorded_requests() -> None:
    """The tools as vendors' own clients sent them, in the recordings."""
    recorded = [
        tool
        for api in ("openai-responses", "gemini-generate", "openai-chat")
        for e in exchanges(api)
        if isinstance(e["request_body"], dict)
        for tool in e["request_body"].get("tools") or ()
    ]
    if not recorded:
        pytest.skip("the recorded traffic is not available")
    provided = [
        *encoded("openai", "gpt-5", WebSearch(), CodeExecution(), protocol="openai_responses")[0]["tools"],
        *encoded("google_ai", "gemini-3-flash", WebSearch(), CodeExecution())[0]["tools"],
        *encoded("openrouter", "x/y", WebSearch())[0]["tools"],
    ]
    assert [tool for tool in provided if tool not in recorded] == []
