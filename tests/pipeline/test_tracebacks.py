"""Tracebacks are short, and every step of a call has a name of its own in them."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from inspect import getmembers, iscoroutinefunction
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from ai_utilities import AiClient, AiSettings, AskResult, AsyncAiClient, OpenAIProvider
from ai_utilities.cache import CacheLayer, MemoryCache
from ai_utilities.limits import Limit, LimitLayer
from ai_utilities.usage import Budget, BudgetLayer, MemoryLedger, UsageLayer
from dhenara.ai import AIModelClient
from dhenara.ai.client.vector_stores import VectorStores
from dhenara.ai.errors import AuthenticationError
from dhenara.ai.testing import FakeServer, Refusal
from support.operations import (
    CHAT,
    ENGINE_CALLS,
    FOLDER,
    PICTURE,
    RECORDING,
    STORE_CALLS,
    City,
    add,
    call_in,
    engine_client,
)
from support.worlds import Blocking, World, endpoint

OURS = ("/dhenara/ai/", "/ai_utilities/")
REFUSED = Refusal(401, "Incorrect API key provided")
LAYER_NAMES = ["record_usage", "answer_from_cache", "reserve_budget", "wait_for_limits"]


def frames_of(error: BaseException) -> list[str]:
    """The names of the functions of ours in the traceback, outermost first."""
    frames = traceback.extract_tb(error.__traceback__)
    return [frame.name for frame in frames if any(part in frame.filename for part in OURS)]


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
def test_a_refused_key_shows_at_most_eight_frames(world: World, server: FakeServer, streaming: bool) -> None:
    server.add_replies(REFUSED)
    client = AIModelClient(endpoint(server.url))
    with pytest.raises(AuthenticationError) as caught:
        (world.stream if streaming else world.run)(client, "?")
    world.close(client)
    frames = frames_of(caught.value)
    assert len(frames) <= 8, frames
    assert frames[-2:] == ["retry_failures", "send_request"]


KIT_CALLS: dict[str, Callable[[Any], Any]] = {
    "ask": lambda client: client.ask("?"),
    "ask_json": lambda client: client.ask_json("?"),
    "ask_typed": lambda client: client.ask_typed("?", City),
    "embed": lambda client: client.embed(["a", "b"]),
    "chat": lambda client: client.chat().ask("?"),
    "typed chat": lambda client: client.chat().ask_typed("?", City),
    "ask with tools": lambda client: client.ask("?", tools=[add]),
    "ask_json with tools": lambda client: client.ask_json("?", tools=[add]),
    "ask_typed with tools": lambda client: client.ask_typed("?", City, tools=[add]),
    "chat with tools": lambda client: client.chat().ask("?", tools=[add]),
    "typed chat with tools": lambda client: client.chat().ask_typed("?", City, tools=[add]),
}
FIRST = {"chat": "ask", "typed chat": "ask_typed", "edit": "image"}
KIT_SETTINGS = {"api_key": "sk-not-a-key", "model": "gpt-4o"}
LAST = ["record_usage", "retry_failures", "send_request"]


def check_frames(error: BaseException, first: str) -> None:
    """At most eight frames: the method of the client first, the layers last, each under its own name."""
    frames = frames_of(error)
    assert len(frames) <= 8, frames
    assert frames[0] == first
    assert frames[-3:] == LAST


@pytest.mark.parametrize("method", KIT_CALLS)
def test_a_refused_key_in_the_kit_shows_at_most_eight_frames(method: str, world: World, server: FakeServer) -> None:
    server.add_replies(REFUSED)
    settings = AiSettings(**KIT_SETTINGS, base_url=server.url)
    call = KIT_CALLS[method]

    def run() -> None:
        if isinstance(world, Blocking):
            call(AiClient(settings))
        else:
            world._start(lambda: call(AsyncAiClient(settings)))

    with pytest.raises(AuthenticationError) as caught:
        run()
    check_frames(caught.value, FIRST.get(plain := method.removesuffix(" with tools"), plain))


STREAMS: dict[str, Callable[[Any], Any]] = {
    "text": lambda client: client.ask_stream("?"),
    "events": lambda client: client.ask_stream("?").events(),
    "chat": lambda client: client.chat().ask_stream("?"),
    "text with tools": lambda client: client.ask_stream("?", tools=[add]),
    "events with tools": lambda client: client.ask_stream("?", tools=[add]).events(),
    "chat with tools": lambda client: client.chat().ask_stream("?", tools=[add]),
}


@pytest.mark.parametrize("stream", STREAMS)
def test_a_refused_key_in_a_stream_of_the_kit_shows_at_most_eight_frames(
    stream: str, world: World, server: FakeServer
) -> None:
    server.add_replies(REFUSED)
    settings = AiSettings(**KIT_SETTINGS, base_url=server.url)

    async def read_all() -> None:
        async for _ in STREAMS[stream](AsyncAiClient(settings)):
            pass

    def run() -> None:
        if isinstance(world, Blocking):
            for _ in STREAMS[stream](AiClient(settings)):
                pass
        else:
            world._start(read_all)

    with pytest.raises(AuthenticationError) as caught:
        run()
    first = "__next__" if isinstance(world, Blocking) else "__anext__"
    check_frames(caught.value, "events" if "events" in stream else first)


MANY: dict[str, Callable[[Any], Any]] = {
    "ask_many": lambda client: client.ask_many(["?", "?"]),
    "ask_many with tools": lambda client: client.ask_many(["?", "?"], tools=[add]),
    "ask_batch": lambda client: client.ask_batch(["?", "?"]),
    "ask_batch with tools": lambda client: client.ask_batch(["?", "?"], tools=[add]),
    "ask_typed_many": lambda client: client.ask_typed_many(["?", "?"], City),
    "ask_typed_many with tools": lambda client: client.ask_typed_many(["?", "?"], City, tools=[add]),
    "extract": lambda client: client.extract(["?", "?"], City),
}
"""The errors of these methods are in their results."""


@pytest.mark.parametrize("method", MANY)
def test_a_refused_key_in_the_results_of_many_prompts_shows_at_most_eight_frames(
    method: str, world: World, server: FakeServer
) -> None:
    server.add_replies(REFUSED, REFUSED)
    settings = AiSettings(**KIT_SETTINGS, base_url=server.url)
    call = MANY[method]
    results = (
        call(AiClient(settings)) if isinstance(world, Blocking) else world._start(lambda: call(AsyncAiClient(settings)))
    )
    for result in results:
        assert isinstance(result.error, AuthenticationError)
        frames = frames_of(result.error)
        assert len(frames) <= 8, frames
        assert frames[0] in ("ask", "ask_async")
        assert frames[-3:] == LAST


def test_a_refused_key_in_a_list_of_models_shows_at_most_eight_frames(world: World, server: FakeServer) -> None:
    server.add_replies(REFUSED)
    settings = AiSettings(**KIT_SETTINGS, base_url=server.url)

    def run() -> None:
        if isinstance(world, Blocking):
            AiClient(settings).list_models()
        else:
            world._start(lambda: AsyncAiClient(settings).list_models())

    with pytest.raises(AuthenticationError) as caught:
        run()
    frames = frames_of(caught.value)
    assert len(frames) <= 8, frames
    assert frames[0] == "list_models"


def test_models_of_a_provider_of_ones_own_on_the_engine_are_listed_by_it(world: World, server: FakeServer) -> None:
    class Listing(OpenAIProvider):
        def list_models(self) -> list[str]:
            return ["mine"]

        async def list_models_async(self) -> list[str]:
            return ["mine"]

    provider = Listing(AiSettings(**KIT_SETTINGS, base_url=server.url))
    if isinstance(world, Blocking):
        assert AiClient(provider=provider).list_models() == ["mine"]
    else:
        assert world._start(lambda: AsyncAiClient(provider=provider).list_models()) == ["mine"]


def test_conversations_ask_a_client_with_an_ask_of_its_own(server: FakeServer) -> None:
    prompts: list[str] = []

    class Recording(AiClient):
        def ask(self, prompt: str, **options: Any) -> AskResult:
            prompts.append(prompt)
            return super().ask(prompt, **options)

    server.add_replies(REFUSED)
    with pytest.raises(AuthenticationError):
        Recording(AiSettings(**KIT_SETTINGS, base_url=server.url)).chat().ask("?")
    assert prompts == ["?"]


KIT_CHAT = "openai/gpt-4o"
OTHER_CALLS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "count_tokens": ("anthropic/claude-sonnet-4-5", lambda client: client.count_tokens("?")),
    "upload_file": (KIT_CHAT, lambda client: client.upload_file(uuid4().bytes)),
    "get_file": (KIT_CHAT, lambda client: client.get_file("file-1")),
    "list_files": (KIT_CHAT, lambda client: client.list_files()),
    "download_file": (KIT_CHAT, lambda client: client.download_file("file-1")),
    "delete_file": (KIT_CHAT, lambda client: client.delete_file("file-1")),
    "submit_batch": (KIT_CHAT, lambda client: client.submit_batch(["?"])),
    "find_batch": (KIT_CHAT, lambda client: client.find_batch("name")),
    "get_batch": (KIT_CHAT, lambda client: client.get_batch("batch-1")),
    "wait_for_batch": (KIT_CHAT, lambda client: client.wait_for_batch("batch-1")),
    "cancel_batch": (KIT_CHAT, lambda client: client.cancel_batch("batch-1")),
    "batch_items": (KIT_CHAT, lambda client: client.batch_items("batch-1")),
    "batch_results": (KIT_CHAT, lambda client: client.batch_results("batch-1")),
    "image": ("openai/gpt-image-1", lambda client: client.image("?")),
    "edit": ("openai/gpt-image-1", lambda client: client.image("?", images=[PICTURE])),
    "speak_stream": ("openai/tts-1", lambda client: client.speak_stream("?")),
    "transcribe_stream": ("openai/gpt-4o-transcribe", lambda client: client.transcribe_stream(RECORDING)),
    "transcribe": ("openai/whisper-1", lambda client: client.transcribe(RECORDING)),
    "translate": ("openai/whisper-1", lambda client: client.translate(RECORDING)),
    "speak": ("openai/tts-1", lambda client: client.speak("?")),
    "moderate": ("openai/omni-moderation-latest", lambda client: client.moderate("?")),
    "ocr": ("mistral/mistral-ocr-latest", lambda client: client.ocr("https://pages.test/one.pdf")),
    "rerank": ("cohere/rerank-v3.5", lambda client: client.rerank("?", ["a", "b"])),
}


NEVER_RAISE = {method for method in MANY if " " not in method}
OF_ITERATORS = {"submit_batches"}
"""The iterator sends, not the method."""


def test_each_method_of_the_kit_that_sends_is_among_them() -> None:
    methods = {name for name, one in getmembers(AsyncAiClient, iscoroutinefunction) if name[0] != "_"}
    tested = {"list_models", *KIT_CALLS, *OTHER_CALLS}
    assert methods - NEVER_RAISE - OF_ITERATORS - {"aclose"} <= tested


def test_a_refused_key_in_many_batches_of_the_kit_shows_at_most_eight_frames(world: World, server: FakeServer) -> None:
    server.add_replies(REFUSED)
    settings: dict[str, Any] = {"api_key": "sk-not-a-key", "base_url": server.url}

    async def first_job() -> None:
        async for _ in await AsyncAiClient(KIT_CHAT, **settings).submit_batches(["?"]):
            return

    def run() -> None:
        if isinstance(world, Blocking):
            next(AiClient(KIT_CHAT, **settings).submit_batches(["?"]))
        else:
            world._start(first_job)

    with pytest.raises(AuthenticationError) as caught:
        run()
    check_frames(caught.value, "__next__" if isinstance(world, Blocking) else "__anext__")


@pytest.mark.parametrize("method", OTHER_CALLS)
def test_a_refused_key_in_other_operations_shows_at_most_eight_frames(
    method: str, world: World, server: FakeServer
) -> None:
    server.add_replies(REFUSED)
    model, call = OTHER_CALLS[method]
    settings: dict[str, Any] = {"api_key": "sk-not-a-key", "base_url": server.url}

    def run() -> None:
        if isinstance(world, Blocking):
            call(AiClient(model, **settings))
        else:
            world._start(lambda: call(AsyncAiClient(model, **settings)))

    with pytest.raises(AuthenticationError) as caught:
        run()
    check_frames(caught.value, FIRST.get(method, method))


@pytest.mark.parametrize("method", ["speak", "image"])
def test_operations_of_a_provider_of_ones_own_on_the_engine_are_requested_from_it(
    method: str, world: World, server: FakeServer
) -> None:
    requested: list[str] = []

    class Recording(OpenAIProvider):
        def operate(self, operation: str, *arguments: object, **kwargs: object) -> Any:
            requested.append(operation)
            return super().operate(operation, *arguments, **kwargs)

        async def operate_async(self, operation: str, *arguments: object, **kwargs: object) -> Any:
            requested.append(operation)
            return await super().operate_async(operation, *arguments, **kwargs)

    server.add_replies(REFUSED)
    provider = Recording(AiSettings(**KIT_SETTINGS, base_url=server.url))
    call = OTHER_CALLS[method][1]

    def run() -> None:
        if isinstance(world, Blocking):
            call(AiClient(provider=provider))
        else:
            world._start(lambda: call(AsyncAiClient(provider=provider)))

    with pytest.raises(AuthenticationError):
        run()
    assert requested == [method]


@pytest.mark.parametrize("method", ["ask", "embed"])
def test_a_provider_of_ones_own_on_the_engine_is_requested_itself(method: str, server: FakeServer) -> None:
    class Counting(OpenAIProvider):
        calls = 0

        def ask(self, prompt: str, **kwargs: object) -> AskResult:
            Counting.calls += 1
            return super().ask(prompt, **kwargs)

        def embed(self, texts: Sequence[str], **kwargs: object) -> list[list[float]]:
            Counting.calls += 1
            return super().embed(texts, **kwargs)

    server.add_replies(REFUSED)
    provider = Counting(AiSettings(**KIT_SETTINGS, base_url=server.url))
    with pytest.raises(AuthenticationError):
        KIT_CALLS[method](AiClient(provider=provider))
    assert Counting.calls == 1


def test_each_layer_stands_in_the_traceback_by_its_name(world: World, server: FakeServer) -> None:
    server.add_replies(REFUSED)
    budget = BudgetLayer(Budget("100", "day", unknown="allow"))
    layers = [UsageLayer(MemoryLedger()), CacheLayer(MemoryCache(), policy="always", lease=0), budget]
    limits = LimitLayer(Limit(requests_per_minute=100))
    client = AIModelClient(endpoint(server.url), layers=layers, attempt_layers=[limits])
    with pytest.raises(AuthenticationError) as caught:
        world.run(client, "?", max_output_tokens=10)
    world.close(client)
    frames = frames_of(caught.value)
    assert [name for name in frames if name in LAYER_NAMES] == LAYER_NAMES
    assert "__call__" not in frames


def test_no_frame_stands_between_a_layer_of_the_user_and_the_next(world: World, server: FakeServer) -> None:
    async def mine(call: Any, send: Any) -> Any:
        return await send(call)

    async def with_another_name(call: Any, forward: Any) -> Any:
        return await forward(call)

    server.add_replies(REFUSED)
    client = AIModelClient(endpoint(server.url), layers=[with_another_name, mine])
    with pytest.raises(AuthenticationError) as caught:
        world.run(client, "?")
    world.close(client)
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    first = names.index("with_another_name")
    assert names[first : first + 3] == ["with_another_name", "mine", "retry_failures"]


SENDS_NO_KEY = {"download"}
FIRST_FRAMES = ("__next__", "__anext__")


@pytest.mark.parametrize("method", ENGINE_CALLS)
def test_a_refused_key_in_each_operation_of_the_engine_shows_at_most_eight_frames(
    method: str, world: World, server: FakeServer, tmp_path: Path
) -> None:
    server.add_replies(REFUSED)
    model, arguments, options = ENGINE_CALLS[method]
    (tmp_path / "SKILL.md").write_text("---\nname: a\ndescription: b\n---\n")
    arguments = tuple(tmp_path if one == FOLDER else one for one in arguments)
    client = engine_client(method, model, server)
    with pytest.raises(AuthenticationError) as caught:
        call_in(world, client, method, arguments, options)
    frames = frames_of(caught.value)
    assert len(frames) <= 8, frames
    assert frames[0] in (method, f"{method}_async", "concealed", "concealed_async", *FIRST_FRAMES)


@pytest.mark.parametrize("method", STORE_CALLS)
def test_a_refused_key_in_a_vector_store_shows_at_most_eight_frames(
    method: str, world: World, server: FakeServer
) -> None:
    server.add_replies(REFUSED)
    stores = engine_client(method, CHAT, server).vector_stores
    with pytest.raises(AuthenticationError) as caught:
        call_in(world, stores, method, STORE_CALLS[method], {})
    frames = frames_of(caught.value)
    assert len(frames) <= 8, frames
    assert frames[0] in (method, f"{method}_async")


def operations_of(kind: type) -> set[str]:
    """The methods that have an async version."""
    return {name for name in dir(kind) if not name.startswith("_") and hasattr(kind, f"{name}_async")}


def test_each_operation_of_the_engine_is_among_them() -> None:
    assert operations_of(AIModelClient) - SENDS_NO_KEY == set(ENGINE_CALLS)
    assert operations_of(VectorStores) == set(STORE_CALLS)


def test_a_run_names_its_stage_and_its_layers_in_the_traceback(world: World, server: FakeServer) -> None:
    server.add_replies(REFUSED)
    with pytest.raises(AuthenticationError) as caught:
        call_in(world, engine_client("run", CHAT, server), "run", ("?",), {"tools": [add]})
    assert frames_of(caught.value)[-4:] == ["pull", "_send", "retry_failures", "send_request"]
