"""What holds for all operations: both colours, JSON in and out, deadlines, layers, observers."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest

from dhenara.ai import AIModelClient, Send, Stream
from dhenara.ai.client.media import EngineImagesMixin
from dhenara.ai.client.operations import OperationsMixin
from dhenara.ai.errors import CallTimeoutError, ConfigurationError
from dhenara.ai.pipeline.tracing import CallEnded, CallEvent, CallStarted
from dhenara.ai.testing import FakeServer, SampleOperations, stall_before_head
from dhenara.ai.testing.sample_operations import png
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, Call, FileContent, ImageContent
from dhenara.ai.types.chat.report import Result
from dhenara.ai.types.genai.foundation_models.openai.image import DallE3
from support.worlds import World, endpoint

PAPER = FileContent(data=b"%PDF-1.7", mime_type="application/pdf")
REQUESTED: dict[str, tuple[str, Callable[[AIModelClient], Result]]] = {
    "embed": ("openai", lambda client: client.embed(["a", "b"])),
    "rerank": ("cohere", lambda client: client.rerank("a", ["a b", "c"])),
    "moderate": ("openai", lambda client: client.moderate("a")),
    "ocr": ("mistral", lambda client: client.ocr(PAPER)),
    "count_tokens": ("anthropic", lambda client: client.count_tokens("a")),
    "draw": ("xai", lambda client: client.edit_image("a", ImageContent(data=png())).image_response),
}
METHODS = sorted(
    name for kind in (OperationsMixin, EngineImagesMixin) for name in vars(kind) if not name.startswith("_")
)


@pytest.mark.parametrize("name", [name for name in METHODS if not name.endswith("_async")])
def test_both_colours_take_the_same(name: str) -> None:
    plain, awaited = (inspect.signature(getattr(AIModelClient, one)) for one in (name, f"{name}_async"))
    assert plain == awaited
    assert inspect.iscoroutinefunction(getattr(AIModelClient, f"{name}_async"))


@pytest.mark.parametrize("operation", REQUESTED)
def test_a_result_comes_back_out_of_json_as_it_was(operation: str, server: FakeServer) -> None:
    provider, ask = REQUESTED[operation]
    server.add_replies(SampleOperations())
    with AIModelClient(endpoint(server.url, provider)) as client:
        result = ask(client)
    assert type(result).model_validate_json(result.model_dump_json()) == result
    assert result.provider == provider


def test_one_deadline_spans_all_batches(world: World) -> None:
    with FakeServer(SampleOperations(), stall_before_head(), forever=True) as server:
        client = AIModelClient(endpoint(server.url))
        with pytest.raises(CallTimeoutError) as failed:
            world.ask(client, "embed", ["a"] * 12, batch_size=1, concurrency=2, timeout=0.5, retries=9)
        assert failed.value.limit == "total"
        world.close(client)


def test_no_more_requests_travel_at_once_than_were_allowed(world: World) -> None:
    busy, most = 0, 0

    async def layer(call: Call, send: Send) -> Stream:
        nonlocal busy, most
        busy, most = busy + 1, max(most, busy + 1)
        stream = await send(call)
        busy -= 1
        return stream

    with FakeServer(SampleOperations(), forever=True) as server:
        client = AIModelClient(endpoint(server.url), layers=[layer])
        world.ask(client, "embed", ["a"] * 30, batch_size=1, concurrency=3)
        assert len(server.exchanges) == 30
        assert 1 <= most <= 3
        world.close(client)


def test_an_observer_receives_the_request(server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    received: list[CallEvent] = []
    with AIModelClient(endpoint(server.url), observer=received.append) as client:
        client.embed("a b c")
    assert [event.operation for event in received if isinstance(event, CallStarted)] == ["embed"]
    [ended] = [event for event in received if isinstance(event, CallEnded)]
    assert ended.outcome == "complete"
    assert ended.usage is not None
    assert ended.usage.input_tokens == 3


def test_what_the_user_knows_better_of_a_dialect_counts(server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    better = {"embed": {"path": "/other/embeddings", "encoding": "float"}}
    with AIModelClient(endpoint(server.url, "openai_compatible", operation_quirks=better)) as client:
        client.embed("a")
    assert server.exchanges[0].path == "/v1/other/embeddings"
    assert "encoding_format" not in server.exchanges[0].json


def test_an_option_that_the_model_lacks_is_refused_before_sending(server: FakeServer) -> None:
    api = AIModelAPI(provider="openai", api_key="k", config={"base_url": f"{server.url}/v1"})
    with AIModelClient(AIModelEndpoint(api=api, ai_model=DallE3)) as client:
        for wrong in ({"quality": "best"}, {"colour": "red"}):
            with pytest.raises(ConfigurationError, match="dall-e-3"):
                client.edit_image("a", ImageContent(data=png()), options=wrong)
    model = AIModel(model_name="text-embedding-3-small", valid_options={})
    with (
        AIModelClient(AIModelEndpoint(api=api, ai_model=model)) as client,
        pytest.raises(ConfigurationError, match="has no option"),
    ):
        client.embed("a", options={"x": 1})
    assert server.exchanges == []
