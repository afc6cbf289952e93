"""Credentials that travel in a body, or belong to an MCP server, are masked like those in headers."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

import dhenara.ai
from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallError, ConfigurationError, DhenaraError
from dhenara.ai.testing import FakeServer, Raw
from dhenara.ai.testing.answer import ReceivedRequest, Step
from dhenara.ai.types import AIModel, AIModelAPI, AIModelCallConfig, AIModelEndpoint
from dhenara.ai.types.tools.provider_tools import RemoteMCP
from support.worlds import World, endpoint

LIBRARY = str(Path(dhenara.ai.__file__).parent)
TOKEN = "token-of-a-server-554433"
HEADER = "header-of-a-server-1"
QUERY = "query-of-a-server-2"
SECRETS = (TOKEN, HEADER, QUERY)


class Repeats:
    """Repeats the whole request body in an error."""

    def steps(self, request: ReceivedRequest) -> Iterator[Step]:
        body = json.dumps({"error": {"message": f"cannot use {json.dumps(request.json)}"}}).encode()
        yield from Raw(body, 400, {"content-type": "application/json"}).steps(request)


def given() -> dict[str, dict[str, Any]]:
    address = f"https://tools.example/mcp?key={QUERY}"
    own = {"type": "url", "url": address, "name": "x", "authorization_token": TOKEN, "headers": {"X-K": HEADER}}
    return {
        "typed": {"tools": [RemoteMCP(name="x", url=address, authorization=TOKEN)]},  # type: ignore[arg-type]  # read
        "tools": {"tools": [{"type": "mcp", "server_label": "x", "server_url": address, "authorization": TOKEN}]},
        "options": {"options": {"mcp_servers": [own]}},
    }


@pytest.mark.parametrize("how", given())
@pytest.mark.parametrize("speaker", [("openai", "gpt-5-codex"), ("anthropic", "claude-sonnet-4-5")], ids=lambda s: s[0])
def test_a_server_that_repeats_the_body_shows_no_credential(
    speaker: tuple[str, str], how: str, world: World, server: FakeServer
) -> None:
    server.add_replies(Repeats())
    client = AIModelClient(endpoint(server.url, *speaker))
    with pytest.raises(CallError) as raised:
        world.run(client, "hi", retries=0, **given()[how])
    world.close(client)
    assert TOKEN in json.dumps(server.exchanges[0].json)
    error = raised.value
    shown = f"{error} {vars(error)!r} {''.join(traceback.format_exception(error))}"
    assert [secret for secret in SECRETS if secret in shown] == []


@pytest.mark.parametrize("how", given())
def test_dumps_of_a_config_show_no_credential(how: str) -> None:
    config = AIModelCallConfig(**given()[how])
    for shown in (repr(config), str(config.model_dump()), config.model_dump_json()):
        assert [secret for secret in SECRETS if secret in shown] == []
    plain = AIModelCallConfig(options={"prompt_cache_key": "of-my-program", "max_tokens": 5})
    assert plain.model_dump()["options"] == {"prompt_cache_key": "of-my-program", "max_tokens": 5}


ODD: list[Any] = [TOKEN, [TOKEN], {"X": {"y": TOKEN}}, {"X": [TOKEN]}]


@pytest.mark.parametrize("headers", ODD, ids=lambda odd: type(odd).__name__)
@pytest.mark.parametrize("name", ["headers", "extra_headers", "default_headers", "query", "default_query", "cookies"])
def test_entries_of_secrets_are_masked_in_any_shape(name: str, headers: Any) -> None:
    api = AIModelAPI(provider="openai", api_key="sk-test-1", config={name: headers})
    for shown in (repr(api), str(api.model_dump()), api.model_dump_json()):
        assert TOKEN not in shown


def leaks(error: BaseException, *secrets: str) -> list[str]:
    """`function.variable` of each local variable of the library that shows a secret."""
    actual, waiting = [], [error]
    while waiting:
        one = waiting.pop()
        waiting += [other for other in (one.__cause__, one.__context__, *getattr(one, "exceptions", ())) if other]
        trace: TracebackType | None = one.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename.startswith(LIBRARY):
                for name, value in trace.tb_frame.f_locals.items():
                    if any(secret in repr(value) for secret in secrets):
                        actual.append(f"{trace.tb_frame.f_code.co_name}.{name}")
            trace = trace.tb_next
    return actual


@pytest.mark.parametrize("headers", ODD, ids=lambda odd: type(odd).__name__)
def test_headers_that_cannot_be_used_are_in_no_frame(headers: Any, world: World, server: FakeServer) -> None:
    api = AIModelAPI(
        provider="openai", api_key="sk-test-1", config={"base_url": f"{server.url}/v1", "headers": headers}
    )
    client = AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m")))
    with pytest.raises(ConfigurationError) as raised:
        world.run(client, "hi")
    assert leaks(raised.value, TOKEN) == []
    client = AIModelClient(endpoint(server.url))
    with pytest.raises(ConfigurationError) as raised:
        world.run(client, "hi", headers=headers)
    assert leaks(raised.value, TOKEN) == []


def test_an_mcp_server_that_cannot_be_opened_shows_no_credential() -> None:
    pytest.importorskip("mcp")
    from dhenara.ai.mcp import MCPServer

    servers = [
        MCPServer(f"http://user:{TOKEN}@127.0.0.1:1/?key={QUERY}", headers={"Authorization": HEADER}),
        MCPServer(["no-such-command", "--token", TOKEN], env={"KEY": HEADER}),
    ]
    for server in servers:
        with pytest.raises(DhenaraError) as raised, server:
            pass
        assert [secret for secret in SECRETS if secret in f"{raised.value} {vars(server)!r}"] == []
        assert leaks(raised.value, *SECRETS) == []
