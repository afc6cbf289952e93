"""An answer is cached for the request that was sent, also when a constraint was learned after its key was made."""

from __future__ import annotations

import json
from collections.abc import Callable

from ai_utilities.cache import CacheLayer, MemoryCache
from dhenara.ai import AIModelClient, LearnedConstraints, Send, Stream
from dhenara.ai.testing import Answer, FakeServer, Refusal, SampleOperations
from dhenara.ai.types import AIModel, AIModelEndpoint, Call
from support.worlds import World, endpoint

HELLO = Answer(text="Hello!")


class LearningBetween:
    """A layer behind the cache, before whose first request another client learns what the provider refuses."""

    def __init__(self, other: AIModelClient, ask: Callable[[AIModelClient], object]) -> None:
        self.other: AIModelClient | None = other
        self.ask = ask

    async def __call__(self, call: Call, send: Send) -> Stream:
        other, self.other = self.other, None
        if other is not None:
            with other:
                self.ask(other)
        return await send(call)


def refusal_of(parameter: str) -> Refusal:
    error = {"message": f"Unsupported parameter: '{parameter}'", "param": parameter, "code": "unsupported_parameter"}
    return Refusal(400, json.dumps({"error": {**error, "type": "invalid_request_error"}}))


def ask_chat(world: World, client: AIModelClient) -> bool | None:
    return world.run(client, "?", temperature=0.3).chat_response.cached


def test_an_answer_is_stored_for_the_request_that_was_sent(world: World, server: FakeServer) -> None:
    """Another call learns that a parameter is refused after the key of this one was made."""
    to, shared = endpoint(server.url), MemoryCache()
    server.add_replies(refusal_of("temperature"), HELLO, HELLO, HELLO)
    lessons = LearnedConstraints()
    between = LearningBetween(AIModelClient(to, lessons=lessons), lambda other: other.generate("?", temperature=0.3))
    first = AIModelClient(to, layers=[CacheLayer(shared, policy="always"), between], lessons=lessons)
    second = AIModelClient(to, layers=[CacheLayer(shared, policy="always")], lessons=LearnedConstraints())
    actual = [ask_chat(world, first), ask_chat(world, first), ask_chat(world, second)]
    world.close(first)
    world.close(second)
    assert "temperature" not in server.exchanges[2].json
    assert server.exchanges[3].json["temperature"] == 0.3
    assert actual == [False, True, False]


def test_vectors_are_stored_for_the_request_that_was_sent(server: FakeServer) -> None:
    to = AIModelEndpoint(
        api=endpoint(server.url).api, ai_model=AIModel(model_name="text-embedding-3-small", provider="openai")
    )
    shared, lessons = MemoryCache(), LearnedConstraints()
    server.add_replies(refusal_of("dimensions"), *[SampleOperations()] * 3)
    between = LearningBetween(AIModelClient(to, lessons=lessons), lambda other: other.embed("?", dimensions=8))
    first = AIModelClient(to, layers=[CacheLayer(shared, policy="always"), between], lessons=lessons)
    second = AIModelClient(to, layers=[CacheLayer(shared, policy="always")], lessons=LearnedConstraints())
    with first, second:
        first.embed("?", dimensions=8)
        first.embed("?", dimensions=8)
        second.embed("?", dimensions=8)
    assert ["dimensions" in one.json for one in server.exchanges] == [True, False, False, True]
