"""What a user of the client may rely on, besides the answers."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import multiprocessing
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import httpx2
import pytest
import trio

from dhenara.ai import AIModelClient, LearnedConstraints
from dhenara.ai.errors import ConfigurationError, SyncAsyncMismatchError, UnsupportedError
from dhenara.ai.pipeline.middleware import Send
from dhenara.ai.pipeline.streaming.stream import Stream
from dhenara.ai.pipeline.tracing import CallAnswered, CallEnded, CallFailed, CallStarted
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, Raw, Refusal, Stall
from dhenara.ai.types import AIModel, AIModelAPI, AIModelCallConfig, AIModelEndpoint, Call, ValidOptionValue
from support.waiting import wait_until_async
from support.worlds import World, endpoint

HELLO = Answer(text="Hello!")
LEFT = CutReply(DialectReply(Answer(text="word " * 5_000)), 20, Stall())
"""A long answer that stalls after its first words."""


def test_sync_and_async_calls_work_on_one_client(server: FakeServer) -> None:
    server.add_replies(HELLO, HELLO)
    with AIModelClient(endpoint(server.url)) as client:
        assert client.generate("?").chat_response is not None

        async def ask() -> None:
            async with client:
                assert (await client.generate_async("?")).chat_response is not None

        asyncio.run(ask())


def test_a_sync_only_or_async_only_client_refuses_the_other(server: FakeServer) -> None:
    sync, awaited = (AIModelClient(endpoint(server.url), is_async=mode) for mode in (False, True))
    with pytest.raises(RuntimeError, match="Use generate_async"):
        awaited.generate("?")
    with pytest.raises(SyncAsyncMismatchError, match="Use 'async with'"), awaited:
        pass

    async def wrong() -> None:
        with pytest.raises(RuntimeError, match=r"Use generate\."):
            await sync.generate_async("?")
        with pytest.raises(SyncAsyncMismatchError, match="Use 'with'"):
            async with sync:
                pass

    asyncio.run(wrong())
    assert server.exchanges == []


def test_connections_are_used_again(world: World, server: FakeServer) -> None:
    server.add_replies(*[HELLO] * 6)
    client = AIModelClient(endpoint(server.url))
    if world.name == "blocking":
        for _ in range(3):
            client.generate("?")
            list(client.generate("?", streaming=True).stream_generator)
    else:

        async def many() -> None:
            for _ in range(3):
                await client.generate_async("?")
                response = await client.generate_async("?", streaming=True)
                async for _pair in response.async_stream_generator:
                    pass
            await client.aclose()

        (trio.run if world.name == "trio" else lambda work: asyncio.run(work()))(many)
    assert server.connections == 1
    world.close(client)


def test_a_client_for_another_endpoint_keeps_everything_else(server: FakeServer) -> None:
    refused = Refusal(400, "Unsupported parameter: 'temperature' is not supported with this model.")
    server.add_replies(refused, HELLO, HELLO)
    seen: list[object] = []
    lessons = LearnedConstraints()
    first = AIModelClient(
        endpoint(server.url), AIModelCallConfig(temperature=0.5), observer=seen.append, lessons=lessons
    )
    with first, first.with_endpoint(endpoint(server.url)) as second:
        first.generate("?")
        received = len(seen)
        second.generate("?")
    assert len(seen) > received
    assert [("temperature" in exchange.json) for exchange in server.exchanges] == [True, False, False]


def test_many_threads_share_one_client(server: FakeServer) -> None:
    server.add_replies(*[Answer(text=f"answer {n}", id=f"{n}") for n in range(64)])
    with AIModelClient(endpoint(server.url)) as client, ThreadPoolExecutor(16) as threads:
        provided = list(threads.map(lambda n: client.generate(f"{n}").chat_response, range(64)))
    assert sorted(a.text() for a in provided if a) == sorted(f"answer {n}" for n in range(64))
    assert all(a and a.text() == f"answer {a.id}" for a in provided)
    assert server.connections <= 16


def test_two_streams_on_one_client_do_not_mix(server: FakeServer) -> None:
    one, two = Answer(text="a" * 60, id="1"), Answer(text="b" * 60, id="2")
    server.add_replies(one, two)
    with AIModelClient(endpoint(server.url), AIModelCallConfig(streaming=True)) as client:
        first, second = client.generate("?").stream_generator, client.generate("?").stream_generator
        pairs = list(zip(first, second, strict=True))
    assert pairs[-1][0][1].chat_response.text() == "a" * 60
    assert pairs[-1][1][1].chat_response.text() == "b" * 60


def test_one_client_serves_several_event_loops(server: FakeServer) -> None:
    server.add_replies(*[HELLO] * 4)
    client = AIModelClient(endpoint(server.url))

    async def ask() -> str:
        return (await client.generate_async("?")).chat_response.text()  # type: ignore[union-attr]  # it answers

    assert [asyncio.run(ask()), trio.run(ask), asyncio.run(ask()), trio.run(ask)] == ["Hello!"] * 4
    assert server.connections == 4


def test_a_blocking_call_works_inside_a_running_loop(server: FakeServer) -> None:
    server.add_replies(HELLO)

    async def notebook() -> str:
        with AIModelClient(endpoint(server.url)) as client:
            return client.generate("?").chat_response.text()  # type: ignore[union-attr]  # it answers

    assert asyncio.run(notebook()) == "Hello!"


def ask_in_child(client: AIModelClient, answers: Any) -> None:
    answers.put(client.generate("?").chat_response.text())  # type: ignore[union-attr]  # it answers


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_opens_its_own_connections(server: FakeServer) -> None:
    server.add_replies(*[HELLO] * 3)
    with AIModelClient(endpoint(server.url)) as client:
        client.generate("?")
        context = multiprocessing.get_context("fork")
        answers = context.Queue()
        child = context.Process(target=ask_in_child, args=(client, answers))
        child.start()
        assert answers.get(timeout=100) == "Hello!"
        child.join(100)
        assert client.generate("?").chat_response is not None
    assert [exchange.connection for exchange in server.exchanges] == [1, 2, 1]


def leave(client: AIModelClient, how: str) -> None:
    stream = client.generate("?", streaming=True).sync_stream_generator
    assert stream is not None
    next(stream)
    if how == "close":
        stream.close()  # type: ignore[attr-defined]  # our streams can be closed
        assert next(stream, None) is None
        assert stream.partial().text().startswith("word")  # type: ignore[attr-defined]  # and asked
    elif how == "break":
        for _ in stream:
            break
    elif how == "raise":
        with contextlib.suppress(LookupError):
            for _ in stream:
                raise LookupError
    elif how == "with":
        with stream:  # type: ignore[attr-defined]  # as above
            next(stream)
    del stream
    gc.collect()


@pytest.mark.parametrize("how", ["close", "with", "forget", "break", "raise"])
def test_leaving_a_stream_hangs_up_at_once(how: str, server: FakeServer) -> None:
    server.add_replies(LEFT)
    client = AIModelClient(endpoint(server.url))
    leave(client, how)
    assert server.exchanges[0].wait_left()
    client.close()


async def drained(stream: Any) -> None:
    async for _ in stream:
        pass


@pytest.mark.parametrize("how", ["close", "with", "forget", "cancel"])
@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_leaving_a_stream_hangs_up_at_once_on_a_loop(how: str, loop: str, server: FakeServer) -> None:
    server.add_replies(LEFT)

    async def left() -> None:
        client = AIModelClient(endpoint(server.url))
        stream: Any = (await client.generate_async("?", streaming=True)).async_stream_generator
        await anext(stream)
        if how == "close":
            await stream.aclose()
        elif how == "with":
            async with stream:
                await anext(stream)
        elif how == "cancel":
            with anyio.move_on_after(0.05):
                await drained(stream)
            assert (stream.partial().text()[:4], stream.partial().interrupted) == ("word", True)
        del stream
        gc.collect()
        await wait_until_async(lambda: server.exchanges[0].wait_left(0.0))
        await client.aclose()

    trio.run(left) if loop == "trio" else asyncio.run(left())


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no timers here")
def test_ctrl_c_ends_a_blocking_stream_and_hangs_up(server: FakeServer) -> None:
    server.add_replies(CutReply(DialectReply(Answer(text="word " * 20)), 8, Stall()))
    client = AIModelClient(endpoint(server.url))
    stream: Any = client.generate("?", streaming=True).sync_stream_generator

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(KeyboardInterrupt):
            list(stream)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert server.exchanges[0].wait_left()
    assert stream.partial().text().startswith("word")
    client.close()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"temperature": -1}, "temperature"),
        ({"temprature": 1}, "temprature"),
        ({"max_output_tokens": "many"}, "max_output_tokens"),
        ({"timeout": 0}, "timeout"),
    ],
)
def test_settings_that_cannot_be_used_fail_before_anything_is_sent(
    given: dict[str, Any], words: str, server: FakeServer
) -> None:
    with AIModelClient(endpoint(server.url)) as client, pytest.raises(ConfigurationError, match=words):
        client.generate("?", **given)
    assert server.exchanges == []


def test_a_missing_key_error_says_where_to_get_one() -> None:
    bare = AIModelEndpoint(api=AIModelAPI(provider="openai"), ai_model=AIModel(model_name="m"))
    with pytest.raises(ConfigurationError, match=r"OPENAI_API_KEY.*platform\.openai\.com"):
        AIModelClient(bare).generate("?")


def test_a_key_from_the_environment_goes_to_its_own_provider_only(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-the-environment")
    bare = AIModelEndpoint(
        api=AIModelAPI(provider="openai", config={"base_url": server.url}), ai_model=AIModel(model_name="m")
    )
    with pytest.raises(ConfigurationError, match="is sent to the provider's own hosts only") as refused:
        AIModelClient(bare).generate("?")
    assert "sk-from" not in str(refused.value)
    assert server.exchanges == []


@pytest.mark.parametrize(
    ("provider", "variable", "path", "proof"),
    [
        ("openai", "OPENAI", "/v1/chat/completions", ("authorization", "Bearer sk-env-key")),
        ("anthropic", "ANTHROPIC", "/v1/messages", ("x-api-key", "sk-env-key")),
    ],
)
def test_base_url_and_key_come_from_the_environment(
    provider: str, variable: str, path: str, proof: tuple[str, str], server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add_replies(HELLO)
    monkeypatch.setenv(f"{variable}_BASE_URL", f"{server.url}/v1" if provider == "openai" else server.url)
    monkeypatch.setenv(f"{variable}_API_KEY", "sk-env-key\n")
    bare = AIModelEndpoint(api=AIModelAPI(provider=provider), ai_model=AIModel(model_name="m"))
    with AIModelClient(bare) as client:
        client.generate("?")
    requested = server.exchanges[0]
    assert (requested.path, requested.headers[proof[0]]) == (path, proof[1])


@pytest.mark.parametrize("key", ["", "   ", "two words", "sk-ü", "sk\x00"])
def test_a_key_that_cannot_be_one_is_named_but_not_shown(key: str, server: FakeServer) -> None:
    api = AIModelAPI(provider="openai", api_key=key, config={"base_url": server.url})
    with pytest.raises(ConfigurationError, match="Copy it again") as refused:
        AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m"))).generate("?")
    assert not key.strip() or key not in str(refused.value)


def test_an_unknown_provider_is_answered_with_the_one_that_is_meant() -> None:
    with pytest.raises(ConfigurationError, match=r"unknown provider .opnai.\. Did you mean .openai.\?"):
        AIModelAPI(provider="opnai", api_key="x")


def test_a_model_that_lists_its_options_takes_no_others(server: FakeServer) -> None:
    model = AIModel(model_name="m", valid_options={"size": ValidOptionValue(allowed_values=("s", "l"))})
    with AIModelClient(AIModelEndpoint(api=endpoint(server.url).api, ai_model=model)) as client:
        with pytest.raises(ConfigurationError, match="no option 'colour'"):
            client.generate("?", options={"colour": "red"})
        with pytest.raises(ConfigurationError, match="'s', 'l'"):
            client.generate("?", options={"size": "xxl"})
    assert server.exchanges == []


def test_what_a_provider_cannot_honour_is_a_warning_or_with_strict_an_error(server: FakeServer) -> None:
    server.add_replies(HELLO)
    with AIModelClient(endpoint(server.url)) as client:
        answer = client.generate("?", top_k=3).chat_response
        assert answer is not None
        assert [(w.code, w.parameter) for w in answer.warnings] == [("unsupported_parameter", "top_k")]
        with pytest.raises(UnsupportedError, match="top_k"):
            client.generate("?", top_k=3, strict=True)
    assert len(server.exchanges) == 1


def test_secrets_show_nowhere(server: FakeServer) -> None:
    api = AIModelAPI(
        provider="openai",
        api_key="sk-very-secret",
        credentials={"password": "hunter2", "file": {"private_key": "hunter2"}},
        config={"base_url": server.url},
    )
    shown = repr(api) + str(api) + api.model_dump_json() + str(api.model_dump()) + repr(api.credentials)
    assert "very-secret" not in shown
    assert "hunter2" not in shown


def test_the_observer_gets_events_without_contents(world: World, server: FakeServer) -> None:
    reported: list[Any] = []
    server.add_replies(HELLO, Refusal(401, "bad key"))
    client = AIModelClient(endpoint(server.url), observer=reported.append)
    world.stream(client, "a secret question")
    with pytest.raises(Exception, match="bad key"):
        world.run(client, "another")
    assert [type(event) for event in reported] == [CallStarted, CallAnswered, CallEnded, CallStarted, CallFailed]
    assert reported[2].outcome == "complete"
    assert reported[2].usage.total_tokens == 18
    assert "secret" not in repr(reported)
    world.close(client)


def test_a_user_layer_sees_and_may_change_every_call(world: World, server: FakeServer) -> None:
    async def louder(call: Call, send: Send) -> Stream:
        from dataclasses import replace

        return await send(replace(call, instructions=("SHOUT.",)))

    server.add_replies(HELLO)
    client = AIModelClient(endpoint(server.url), layers=[louder])
    world.run(client, "?")
    assert server.exchanges[0].json["messages"][0] == {"role": "system", "content": "SHOUT."}
    world.close(client)


def test_transports_of_httpx2_are_taken_as_they_are() -> None:
    body = {
        "id": "x",
        "model": "m",
        "choices": [{"index": 0, "message": {"content": "mocked"}, "finish_reason": "stop"}],
    }
    transport = httpx2.MockTransport(lambda request: httpx2.Response(200, json=body))
    with AIModelClient(endpoint("http://nowhere.example"), transport=transport) as client:
        assert client.generate("?").chat_response.text() == "mocked"  # type: ignore[union-attr]  # it answers
        events = (
            b'data: {"id":"x","model":"m","choices":[{"index":0,"delta":{"content":"mocked"}}]}\n\ndata: [DONE]\n\n'
        )

    streaming = httpx2.MockTransport(
        lambda request: httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=events)
    )

    async def ask() -> str:
        async with AIModelClient(endpoint("http://nowhere.example"), transport=streaming) as client:
            response = await client.generate_async("?", streaming=True)
            return [pair async for pair in response.async_stream_generator][-1][1].chat_response.text()  # type: ignore[union-attr]  # it ends with an answer

    assert asyncio.run(ask()) == "mocked"


def test_an_async_transport_in_sync_code_is_named_in_the_error(server: FakeServer) -> None:
    client = AIModelClient(endpoint(server.url), transport=httpx2.AsyncHTTPTransport())
    with pytest.raises(ConfigurationError, match=r"httpx2\.BaseTransport"):
        client.generate("?")


def test_requests_go_through_the_proxy_that_the_environment_names(
    world: World, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add_replies(HELLO)
    monkeypatch.setenv("http_proxy", server.url.replace("http://", "http://me:pass%20word@"))
    client = AIModelClient(endpoint("http://api.example:8080"))
    assert world.run(client, "?").chat_response.text() == "Hello!"
    requested = server.exchanges[0]
    assert requested.path == "http://api.example:8080/v1/chat/completions"
    assert requested.headers["host"] == "api.example:8080"
    assert requested.headers["proxy-authorization"] == "Basic bWU6cGFzcyB3b3Jk"
    world.close(client)
    monkeypatch.setenv("no_proxy", "api.example")
    later = AIModelClient(endpoint("http://api.example:8080"))
    with pytest.raises(ConnectionError):
        world.run(later, "?", retries=0)
    assert len(server.exchanges) == 1
    world.close(later)


def test_a_proxy_that_refuses_the_way_is_a_connection_error(
    world: World, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add_replies(Raw(b"", 407, {}))
    monkeypatch.setenv("https_proxy", server.url)
    client = AIModelClient(endpoint("https://api.example"))
    with pytest.raises(ConnectionError, match="status 407"):
        world.run(client, "?", retries=0)
    assert (server.exchanges[0].method, server.exchanges[0].path) == ("CONNECT", "api.example:443")
    assert "authorization" not in server.exchanges[0].headers
    world.close(client)


def test_a_blocking_call_refuses_a_layer_that_waits(server: FakeServer) -> None:
    async def slow(call: Call, send: Send) -> Stream:
        await asyncio.sleep(0.01)
        return await send(call)

    with AIModelClient(endpoint(server.url), layers=[slow]) as client, pytest.raises(RuntimeError):
        client.generate("?")


@pytest.mark.parametrize("provider", ["openai", "anthropic", "google_ai", "ollama"])
@pytest.mark.parametrize("requested", [{"prompt": "half \ud800"}, {"prompt": "?", "options": {"seed": object()}}])
def test_a_request_that_json_cannot_hold_raises_before_anything_is_sent(
    provider: str, requested: dict[str, object], world: World, server: FakeServer
) -> None:
    client = AIModelClient(endpoint(server.url, provider))
    with pytest.raises(ConfigurationError, match="cannot be written as JSON"):
        world.run(client, **requested)
    assert server.exchanges == []
    world.close(client)
