"""A client that was closed opens again with its next call: engine and kit, sync and async, every operation."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ai_utilities import AiSettings
from ai_utilities.usage import SQLiteLedger
from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, DialectReply, FakeServer, Raw
from dhenara.ai.testing.sample_operations import SampleOperations, is_operation, wav_tone
from support.kit import Uniform, run, settings
from support.worlds import World, endpoint

pytestmark = pytest.mark.filterwarnings("error::ResourceWarning")


class Anything:
    """An answer or a sample result, whatever is asked for."""

    def steps(self, request: Any) -> Any:
        if "/files" in request.path:
            return Raw(b'{"id": "file-1", "filename": "a.txt", "bytes": 1, "status": "processed"}').steps(request)
        reply = SampleOperations() if is_operation(request.path) else DialectReply(Answer(text="hi"))
        return reply.steps(request)


ENGINE: dict[str, Callable[[World, AIModelClient], Any]] = {
    "generate": lambda world, client: world.run(client, "hello"),
    "stream": lambda world, client: world.stream(client, "hello"),
    "run": lambda world, client: world.ask(client, "run", "hello"),
    "embed": lambda world, client: world.ask(client, "embed", ["a"]),
    "transcribe": lambda world, client: world.ask(client, "transcribe", wav_tone()),
    "speak": lambda world, client: world.ask(client, "speak", "hello"),
    "upload_file": lambda world, client: world.ask(client, "upload_file", b"x", name="a.txt"),
    "count_tokens": lambda world, client: world.ask(client, "count_tokens", "hello"),
}


@pytest.mark.parametrize("transport", ["builtin", "httpx2"])
@pytest.mark.parametrize("operation", ENGINE)
def test_a_closed_client_of_the_engine_opens_again(operation: str, transport: Any, world: World) -> None:
    with FakeServer(Anything(), forever=True) as server:
        client = AIModelClient(endpoint(server.url), transport=transport)
        for _ in range(2):
            ENGINE[operation](world, client)
            world.close(client)
            world.close(client)
        gc.collect()


def test_a_client_that_was_never_used_may_be_closed(world: World) -> None:
    world.close(AIModelClient(endpoint("http://127.0.0.1:9")))


KIT: dict[str, Callable[[Uniform], Awaitable[Any]]] = {
    "ask": lambda client: client.ask("hello"),
    "ask_many": lambda client: client.ask_many(["a", "b"]),
    "ask_json": lambda client: client.ask_json("hello", max_repairs=0),
    "embed": lambda client: client.embed(["a"]),
    "speak": lambda client: client.speak("hello"),
    "transcribe": lambda client: client.transcribe(wav_tone()),
    "image": lambda client: client.image("a cat"),
}


def stored(folder: Path) -> dict[str, Any]:
    """Settings with everything that a client can keep in files."""
    return {
        "cache_enabled": True,
        "cache_backend": "sqlite",
        "cache_path": folder / "cache.sqlite",
        "usage_store": "sqlite",
        "usage_path": folder / "usage.sqlite",
        "limit_store": "sqlite",
        "limit_path": folder / "limits.sqlite",
        "requests_per_minute": 1000,
        "budget_usd": 5,
        "budget_unknown": "allow",
    }


@pytest.mark.parametrize("operation", KIT)
def test_a_closed_client_of_the_kit_opens_again(operation: str, world: World, tmp_path: Path) -> None:
    answer = DialectReply(Answer(text="{}"))

    class Reply(Anything):
        def steps(self, request: Any) -> Any:
            return super().steps(request) if is_operation(request.path) else answer.steps(request)

    with FakeServer(Reply(), forever=True) as server:
        known: AiSettings = settings(server.url, **stored(tmp_path))

        async def script(client: Uniform) -> None:
            for _ in range(2):
                await KIT[operation](client)
                await client.close()
                await client.close()

        run(world, script, known)
        gc.collect()


def test_a_stream_and_a_conversation_open_the_client_again(world: World) -> None:
    with FakeServer(Answer(text="hi"), forever=True) as server:

        async def script(client: Uniform) -> None:
            chat = client.client.chat()
            for _ in range(2):
                stream = await client.ask_stream("hello")
                assert "".join(await client.pieces(stream)) == "hi"
                await client.close()
                answer = chat.ask("hello")
                assert (await answer if hasattr(answer, "__await__") else answer) == "hi"
                await client.close()

        run(world, script, settings(server.url))
        gc.collect()


def test_usage_of_a_client_that_was_closed_is_recorded(world: World, tmp_path: Path) -> None:
    with FakeServer(Answer(text="hi"), forever=True) as server:
        place = tmp_path / "usage.sqlite"

        async def script(client: Uniform) -> None:
            await client.ask("one")
            await client.close()
            await client.ask("two")
            await client.close()

        run(world, script, settings(server.url, usage_store="sqlite", usage_path=place))
        with closing(SQLiteLedger(place)) as ledger:
            assert len(list(ledger.rows())) == 2
