"""No frame of the library in a traceback holds a key in its local variables."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
import trio
from pydantic import ValidationError

import ai_utilities
import dhenara.ai
from ai_utilities import AiClient, AiSettings, create_client
from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallError, ConfigurationError, DhenaraError
from dhenara.ai.testing import FakeServer
from dhenara.ai.testing.answer import Raw, ReceivedRequest, Stall, Step
from dhenara.ai.testing.replies import Refusal
from dhenara.ai.types import AIModel, AIModelAPI, AIModelCallConfig, AIModelEndpoint
from support.worlds import World

KEY = "sk-live-0123456789"
HEADER = "tenant-blue-7351"
QUERY = "query-value-42"
CALL = "per-call-header-1"
FOLDERS = tuple(str(Path(str(package.__file__)).parent) for package in (dhenara.ai, ai_utilities))
DEEPEST = 6


class Stalled:
    """Never answers."""

    def steps(self, requested: ReceivedRequest) -> Iterator[Step]:
        yield Stall()


def parts(value: Any, depth: int = 0, seen: set[int] | None = None) -> Iterator[object]:
    """A value, and what a tool that shows local variables would find in it."""
    seen = set() if seen is None else seen
    if id(value) in seen or depth > DEEPEST:
        return
    seen.add(id(value))
    yield value
    if isinstance(value, Mapping):
        for name, one in list(value.items()):
            yield from parts(name, depth + 1, seen)
            yield from parts(one, depth + 1, seen)
    elif isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from parts(one, depth + 1, seen)


def errors_of(error: BaseException) -> Iterator[BaseException]:
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]


def leaks(error: BaseException, *secrets: str) -> str:
    """`function.variable` of each local variable that shows a secret."""
    actual: list[str] = []
    for one in errors_of(error):
        trace: TracebackType | None = one.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            if code.co_filename.startswith(FOLDERS):
                for name, value in trace.tb_frame.f_locals.items():
                    shown = [shows(part) for part in parts(value)]
                    if any(secret in text for secret in secrets for text in shown):
                        actual.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}.{name}")
            trace = trace.tb_next
    return "\n".join(dict.fromkeys(actual))


def shows(value: object) -> str:
    return re.sub(r"\s+", " ", repr(value))


def endpoint(url: str, provider: str = "openai") -> AIModelEndpoint:
    suffix = {"openai": "/v1", "google_ai": "/v1beta"}.get(provider, "")
    config = {"base_url": f"{url}{suffix}?tenant={QUERY}", "headers": {"X-Tenant": HEADER}}
    api = AIModelAPI(provider=provider, api_key=KEY, config=config)
    return AIModelEndpoint(api=api, ai_model=AIModel(model_name="fake-1"))


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that refuses connections, and that nobody else can get meanwhile."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        yield int(one.getsockname()[1])


SECRETS = (KEY, HEADER, QUERY, CALL)
TRANSPORTS: list[Any] = [None, "httpx2"]


def failing(world: World, client: AIModelClient, kind: type[BaseException] = CallError, **options: Any) -> None:
    for run in (world.run, world.stream):
        with pytest.raises(kind) as raised:
            run(client, "?", retries=0, headers={"X-Call": CALL}, **options)
        assert leaks(raised.value, *SECRETS) == ""
    world.close(client)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("provider", ["openai", "anthropic", "google_ai"])
def test_a_refusal(provider: str, transport: Any, world: World, server: FakeServer) -> None:
    server.add_replies(Refusal(401, "no"), Refusal(401, "no"))
    failing(world, AIModelClient(endpoint(server.url, provider), transport=transport))


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_refused_connection(transport: Any, world: World, closed_port: int) -> None:
    failing(world, AIModelClient(endpoint(f"http://127.0.0.1:{closed_port}"), transport=transport))


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_timeout(transport: Any, world: World, server: FakeServer) -> None:
    server.add_replies(Stalled(), Stalled())
    failing(world, AIModelClient(endpoint(server.url), transport=transport), timeout=0.2)


def test_an_answer_that_is_none(world: World, server: FakeServer) -> None:
    server.add_replies(Raw(b"no"), Raw(b"no"))
    failing(world, AIModelClient(endpoint(server.url)))


@pytest.mark.parametrize("value", ["bad\nheader", "schlüssel ☃"])
def test_a_header_that_cannot_be_sent(value: str, world: World, server: FakeServer) -> None:
    client = AIModelClient(endpoint(server.url))
    for run in (world.run, world.stream):
        with pytest.raises(ConfigurationError) as raised:
            run(client, "?", headers={"X-Call": CALL, "X-Bad": value})
        assert leaks(raised.value, *SECRETS, value) == ""


@pytest.mark.parametrize(
    "options", [{"temprature": 0}, {"temperature": "x"}, {"headers": {"X-Call": CALL, "Host": "x"}}]
)
def test_options_that_cannot_be_used(options: dict[str, Any], world: World, server: FakeServer) -> None:
    client = AIModelClient(endpoint(server.url))
    for run in (world.run, world.stream):
        with pytest.raises(ConfigurationError) as raised:
            run(client, "?", **{"headers": {"X-Call": CALL}, **options})
        assert leaks(raised.value, *SECRETS) == ""


@pytest.mark.parametrize("api_key", ["sk with spaces 0123456789", "sk-ümlaut-0123456789", KEY])
def test_keys_and_configuration_that_cannot_be_used(api_key: str, world: World) -> None:
    api = AIModelAPI(provider="openai", api_key=api_key, config={"base_url": f"ftp://h/?tenant={QUERY}"})
    with pytest.raises(ConfigurationError) as raised:
        world.run(AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m"))), "?")
    assert leaks(raised.value, api_key, QUERY) == ""


def test_keys_of_the_environment(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", HEADER)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", QUERY)
    for provider in ("openai", "amazon_bedrock", "microsoft_openai", "groq", "cohere"):
        api = AIModelAPI(provider=provider, config={"base_url": "http://127.0.0.1:1/v1", "headers": {"host": "x"}})
        with pytest.raises(DhenaraError) as raised:
            world.run(AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m"))), "?", retries=0)
        assert leaks(raised.value, KEY, HEADER, QUERY) == ""


CLOUD: list[dict[str, Any]] = [
    {"provider": "amazon_bedrock", "credentials": {"access_key_id": KEY, "secret_access_key": HEADER}},
    {"provider": "microsoft_openai", "credentials": {"tenant_id": "t", "client_id": "c", "client_secret": KEY}},
    {"provider": "microsoft_openai", "credentials": {"client_secret": KEY}},
    {"provider": "google_vertex_ai", "credentials": {"type": "authorized_user", "client_id": "c", "client_secret": KEY,
        "refresh_token": HEADER}},
    {"provider": "google_vertex_ai", "credentials": {"type": "nobody", "client_secret": KEY}},
    {"provider": "openai", "credentials": {"token": lambda: KEY}},
    {"provider": "openai", "credentials": {"token": KEY}},
    {"provider": "openai", "credentials": {"token": f"{KEY} with spaces"}},
]  # fmt: skip


@pytest.mark.parametrize("given", CLOUD, ids=lambda given: f"{given['provider']}-{'-'.join(given['credentials'])}")
def test_credentials(given: dict[str, Any], world: World, server: FakeServer) -> None:
    server.add_replies(*[Refusal(401, "no")] * 4)
    credentials = {**given["credentials"], "token_uri": f"{server.url}/token", "authority": server.url}
    if "token" in credentials or given["provider"] == "amazon_bedrock":
        credentials = given["credentials"]
    config = {"base_url": server.url, "region": "us-east-1", "project": "p", "resource": "r"}
    api = AIModelAPI(provider=given["provider"], credentials=credentials, config=config)
    client = AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m")))
    for run in (world.run, world.stream):
        with pytest.raises(DhenaraError) as raised:
            run(client, "?", retries=0)
        assert leaks(raised.value, KEY, HEADER) == ""


def test_a_cancelled_stream_on_asyncio(server: FakeServer) -> None:
    server.add_replies(Stalled())

    async def main() -> None:
        client = AIModelClient(endpoint(server.url), AIModelCallConfig(headers={"X-Call": CALL}))
        task = asyncio.create_task(client.generate_async("?", streaming=True))
        while not server.exchanges:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as raised:
            await task
        assert leaks(raised.value, *SECRETS) == ""
        await client.aclose()

    asyncio.run(main())


def test_a_cancelled_stream_on_trio(server: FakeServer) -> None:
    server.add_replies(Stalled())
    actual: list[str] = []

    async def main() -> None:
        client = AIModelClient(endpoint(server.url), AIModelCallConfig(headers={"X-Call": CALL}))

        async def call() -> None:
            try:
                await client.generate_async("?", streaming=True)
            except trio.Cancelled as error:
                actual.append(leaks(error, *SECRETS))
                actual.append("cancelled")
                raise

        async with trio.open_nursery() as nursery:
            nursery.start_soon(call)
            while not server.exchanges:
                await trio.sleep(0.01)
            nursery.cancel_scope.cancel()
        await client.aclose()

    trio.run(main)
    assert actual == ["", "cancelled"]


def test_an_interrupt_of_a_sync_call(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Raised where a blocked read would be interrupted by Ctrl-C."""
    from dhenara.ai.http.sockets.socket_connection import BlockingWaiter

    server.add_replies(Stalled())

    async def interrupted(self: BlockingWaiter, waiting: socket.socket, timeout: float | None) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(BlockingWaiter, "readable", interrupted)
    with pytest.raises(KeyboardInterrupt) as raised:
        AIModelClient(endpoint(server.url)).generate("?", headers={"X-Call": CALL})
    assert leaks(raised.value, *SECRETS) == ""


@pytest.mark.parametrize("operation", [("embed", ["a"]), ("list_models",), ("moderate", "a"), ("run", "?")])
def test_operations_other_than_chat(operation: tuple[Any, ...], world: World, server: FakeServer) -> None:
    server.add_replies(Refusal(401, "no"))
    client = AIModelClient(endpoint(server.url))
    with pytest.raises(CallError) as raised:
        world.ask(client, *operation, retries=0, headers={"X-Call": CALL})
    assert leaks(raised.value, *SECRETS) == ""


def test_the_kit(server: FakeServer, closed_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    server.add_replies(Refusal(401, "no"), Refusal(401, "no"))
    provided: dict[str, Any] = {
        "provider": "openai",
        "model": "m",
        "extra_headers": {"X-Tenant": HEADER},
        "max_retries": 0,
    }
    for url in (f"{server.url}/v1?tenant={QUERY}", f"http://127.0.0.1:{closed_port}/v1?tenant={QUERY}"):
        with pytest.raises(DhenaraError) as raised:
            AiClient(AiSettings(**provided, api_key=KEY, base_url=url)).ask("?", headers={"X-Call": CALL})
        assert leaks(raised.value, *SECRETS) == ""
    with pytest.raises(DhenaraError) as raised:
        AiClient(AiSettings(**provided, api_key=KEY)).ask("?", temprature=1, headers={"X-Call": CALL})
    assert leaks(raised.value, *SECRETS) == ""
    with pytest.raises(Exception, match="openia") as wrong:
        create_client(api_key=KEY, provider="openia", extra_headers={"X-Tenant": HEADER})
    assert leaks(wrong.value, *SECRETS) == ""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with pytest.raises(Exception, match=r"anthropic|setting") as wrong:
        create_client(provider="anthropic")
    assert leaks(wrong.value, *SECRETS) == ""
    with pytest.raises(Exception, match="setting") as wrong:
        create_client(api_key=KEY, temprature=2)
    assert leaks(wrong.value, *SECRETS) == ""
    with pytest.raises(Exception, match="temperature") as wrong:
        create_client(api_key=KEY, temperature=9)
    assert leaks(wrong.value, *SECRETS) == ""


def test_values_that_cannot_be_made() -> None:
    for wrong in ({"provider": ""}, {"provider": "openai", "what": 1}, {"provider": "openai", "config": 1}):
        with pytest.raises(ValidationError) as raised:
            AIModelAPI(api_key=KEY, **wrong)  # type: ignore[arg-type]  # wrong on purpose
        assert leaks(raised.value, KEY) == ""
    with pytest.raises(ValidationError) as raised:
        AIModelCallConfig(headers={"X-Call": CALL}, temperature=-1)
    assert leaks(raised.value, CALL) == ""


@pytest.mark.parametrize("method", ["ask", "run"])
def test_a_conversation(method: str, server: FakeServer) -> None:
    server.add_replies(Refusal(401, "no"))
    with AIModelClient(endpoint(server.url)) as client, pytest.raises(CallError) as raised:
        getattr(client.conversation(), method)("?", retries=0, headers={"X-Call": CALL})
    assert leaks(raised.value, *SECRETS) == ""


def test_aiohttp(server: FakeServer, closed_port: int) -> None:
    pytest.importorskip("aiohttp")
    server.add_replies(Refusal(401, "no"), Stalled())

    async def main() -> None:
        for url, options in ((server.url, {}), (server.url, {"timeout": 0.2}), (f"http://127.0.0.1:{closed_port}", {})):
            client = AIModelClient(endpoint(url), transport="aiohttp")
            with pytest.raises(CallError) as raised:
                await client.generate_async("?", retries=0, headers={"X-Call": CALL}, **options)
            assert leaks(raised.value, *SECRETS) == ""
            await client.aclose()

    asyncio.run(main())


def test_the_test_sees_leaks(server: FakeServer) -> None:
    def leaking() -> None:
        within = {"nested": [{"authorization": f"Bearer {KEY}"}]}  # noqa: F841  # looked at in the frame
        raise ValueError

    code = leaking.__code__.replace(co_filename=f"{FOLDERS[0]}/x.py")
    leaking.__code__ = code
    with pytest.raises(ValueError, match=r"^$") as raised:
        leaking()
    assert leaks(raised.value, KEY).endswith("leaking.within")
