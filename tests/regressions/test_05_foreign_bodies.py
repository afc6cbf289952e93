"""No decoder takes an empty or foreign body, or a foreign stream, for an answer of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.codecs.base import MALFORMED, load_codec
from dhenara.ai.errors import BadAnswerError, BrokenStreamError, CallError
from dhenara.ai.providers.provider import KNOWN, load_provider
from dhenara.ai.response.builder import ResponseBuilder
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall, Raw, RawStream
from dhenara.ai.testing.batches import FakeBatches
from dhenara.ai.testing.protocols import dialect_for
from dhenara.ai.wire.eventstream import write_message
from dhenara.ai.wire.sse import Frame
from support.corpus import CORPUS, load
from support.protocols import PROTOCOLS
from support.worlds import World, endpoint

PATHS = {
    "openai_chat": "/v1/chat/completions",
    "openai_responses": "/v1/responses",
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/fake:generateContent",
    "converse": "/model/fake/converse",
    "cohere": "/v2/chat",
    "ollama": "/api/chat",
}
SPEAKERS = {
    "openai_chat": ("openai", "gpt-4o"),
    "openai_responses": ("openai", "gpt-5-codex"),
    "anthropic": ("anthropic", "claude-sonnet-4-5"),
    "gemini": ("google_ai", "gemini-2.5-flash"),
    "converse": ("amazon_bedrock", "anthropic.claude-sonnet-4-5-v1:0"),
    "cohere": ("cohere", "command-a"),
    "ollama": ("ollama", "qwen3"),
}
EMPTY: list[Any] = [
    *({}, [], None, "", 0, True, [None], {"ok": True}, {"id": "x"}, {"status": "ok"}, {"type": "x"}),
    *({"data": []}, {"object": "list", "data": []}, {"usage": {"total_tokens": 3}}, {"result": {}}, {"output": ""}),
    *({"choices": []}, {"choices": [{}]}, {"output": None}, {"output": {}}, {"message": {}}, {"content": None}),
    *({"object": "response"}, {"object": "response", "status": "completed"}, {"type": "message"}, {"done": True}),
    *({"candidates": None}, {"message": None, "finish_reason": None}),
]
ANSWER = Answer(text="Hello", tool_calls=(FakeToolCall("weather", {"city": "Rome"}),))


@cache
def quirks() -> dict[str, Any]:
    """Every protocol and operation that any provider speaks, with the dialect of the first that does."""
    actual: dict[str, Any] = {}
    for name in KNOWN:
        provider = load_provider(name)
        for route in (*provider.routes, *provider.operations):
            actual.setdefault(route.codec, route.quirks)
    return actual


def body(protocol: str) -> Any:
    return dialect_for(PATHS[protocol]).body(ANSWER, {"model": "fake"})


def verdict(codec: str, reported: Any) -> str:
    """What a decoder makes of a body: refused, or what it took it for."""
    draft = ResponseBuilder()
    try:
        for delta in load_codec(codec).decoder(quirks()[codec]).whole(reported):
            draft.add(delta)
    except MALFORMED:
        return "refused"
    if isinstance(draft.error, CallError):
        return "refused"
    return "taken" if draft.complete or draft.has_started or draft.result() is not None else "nothing"


@pytest.mark.parametrize("own", PATHS)
@pytest.mark.parametrize("other", PATHS)
def test_a_chat_decoder_takes_only_bodies_of_its_own_protocol(own: str, other: str) -> None:
    assert verdict(own, body(other)) == ("taken" if own == other else "refused")


@pytest.mark.parametrize("own", PATHS)
@pytest.mark.parametrize("reported", EMPTY, ids=json.dumps)
def test_a_chat_decoder_refuses_empty_bodies(own: str, reported: Any) -> None:
    assert verdict(own, reported) == "refused"


def frames(protocol: str) -> Iterator[Frame]:
    dialect = dialect_for(PATHS[protocol])
    codec = load_codec(protocol).frames()
    for piece in dialect.stream(ANSWER, {"model": "fake"}):
        yield from codec.feed(piece)


@pytest.mark.parametrize("own", PATHS)
@pytest.mark.parametrize("other", PATHS)
def test_a_chat_decoder_takes_only_streams_of_its_own_protocol(own: str, other: str) -> None:
    if own == other:
        return
    draft, decoder = ResponseBuilder(), load_codec(own).decoder(quirks()[own])
    try:
        for frame in frames(other):
            for delta in decoder.frame(frame):
                draft.add(delta)
        for delta in decoder.finish():
            draft.add(delta)
    except MALFORMED:
        return
    assert not draft.complete
    assert draft.error is not None or not draft.has_started


@cache
def recorded() -> dict[str, list[Any]]:
    """Some bodies of every recorded API, by its name."""
    actual: dict[str, list[Any]] = {}
    for file in sorted(CORPUS.glob("*.jsonl.gz")):
        for exchange in load(file.name):
            if exchange["status"] >= 400 or exchange["stream"] or exchange.get("response_body_b64"):
                continue
            try:
                reported = json.loads(exchange["response_body"])
            except ValueError:
                continue
            if len(actual.setdefault(exchange["api"], [])) < 40:
                actual[exchange["api"]].append(reported)
    return actual


# Which recorded APIs each decoder reads; batches and files of several vendors share their words.
OWN: dict[str, tuple[str, ...]] = {
    "openai_chat": ("openai-chat", "completions"),
    "openai_responses": ("openai-responses", "responses-other"),
    "anthropic": ("anthropic-messages", "bedrock-invoke"),
    "gemini": ("gemini-generate",),
    "converse": ("bedrock-converse", "bedrock-invoke"),
    "cohere": ("cohere-chat", "bedrock-invoke"),
    "anthropic.batches": ("anthropic-batches",),
    "anthropic.count_tokens": ("anthropic-count-tokens", "responses-input-tokens"),
    "cohere.embeddings": ("cohere-embed", "bedrock-invoke"),
    "converse.titan": ("bedrock-invoke",),
    "converse.nova_embeddings": ("bedrock-invoke",),
    "converse.rerank": ("rerank",),
    "deepgram.transcription": ("transcription",),
    "gemini.batches": ("batches", "gemini-batches"),
    "gemini.embeddings": ("gemini-embeddings",),
    "gemini.files": ("files",),
    "gemini.vector_stores": ("files",),
    "openai_rest.batches": ("batches",),
    "openai_rest.mistral_batches": ("batches",),
    "openai_rest.xai_batches": ("batches",),
    "openai_rest.embeddings": ("embeddings",),
    "openai_rest.multimodal_embeddings": ("embeddings",),
    "openai_rest.files": ("files", "skills"),
    "openai_rest.vector_stores": ("files",),
    "openai_rest.images": ("images",),
    "openai_rest.moderations": ("moderations",),
    "openai_rest.ocr": ("ocr",),
    "openai_rest.rerank": ("rerank",),
    "openai_rest.speech": ("speech",),
    # A transcript may be `{"text": ...}` alone, as answers of old models on Bedrock are.
    "openai_rest.transcription": ("transcription", "bedrock-invoke"),
    "vertex.embeddings": ("vertex-predict",),
    "vertex.imagen": ("vertex-predict",),
}


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the recorded traffic is not available")
@pytest.mark.parametrize("codec", sorted(quirks()))
def test_every_decoder_refuses_recorded_bodies_of_other_protocols(codec: str) -> None:
    taken = {
        api
        for api, bodies in recorded().items()
        if api not in OWN.get(codec, ())
        for reported in bodies
        if reported not in PAGES.get(codec, ()) and verdict(codec, reported) != "refused"
    }
    assert taken == set()


# A page may be empty; Gemini leaves out even its name.
PAGES: dict[str, list[Any]] = {
    "anthropic.batches": [{"data": []}, {"object": "list", "data": []}],
    "openai_rest.batches": [{"data": []}, {"object": "list", "data": []}],
    "openai_rest.files": [{"data": []}, {"object": "list", "data": []}],
    "gemini.batches": [{}],
    "gemini.files": [{}],
}


@pytest.mark.parametrize("codec", sorted(set(quirks()) - set(PATHS)))
def test_every_operation_refuses_empty_bodies_and_those_of_chat(codec: str) -> None:
    # The transcript of silence has no words.
    legal = [*PAGES.get(codec, ()), *([""] if codec == "openai_rest.transcription" else [])]
    for one in (*(one for one in EMPTY if one not in legal), *map(body, PATHS)):
        assert verdict(codec, one) == "refused", one


@pytest.mark.parametrize(("provider", "model"), SPEAKERS.values(), ids=SPEAKERS)
@pytest.mark.parametrize("streaming", [False, True])
def test_the_caller_of_a_foreign_server_gets_a_bad_answer_error_at_once(
    provider: str, model: str, streaming: bool, world: World
) -> None:
    own = next(name for name, pair in SPEAKERS.items() if pair == (provider, model))
    other = "openai_responses" if own == "openai_chat" else "openai_chat"
    reported = json.dumps(body(other)).encode()
    with FakeServer(Raw(reported), forever=True) as server:
        client = AIModelClient(endpoint(server.url, provider, model))
        with pytest.raises(BadAnswerError):
            world.stream(client, "hi") if streaming else world.run(client, "hi")
        world.close(client)
        assert len(server.exchanges) == 1


@pytest.mark.parametrize("reported", [b"{}", b'{"object": "list", "data": []}', b"null"])
def test_responses_has_no_empty_success(reported: bytes, world: World) -> None:
    with FakeServer(Raw(reported), forever=True) as server:
        client = AIModelClient(endpoint(server.url, "openai", "gpt-5-codex"))
        with pytest.raises(BadAnswerError):
            world.run(client, "hi")
        world.close(client)


def test_a_stream_of_another_protocol_is_a_bad_answer_at_its_first_event(world: World) -> None:
    reported = list(dialect_for(PATHS["openai_chat"]).stream(ANSWER, {"model": "fake"}))
    with FakeServer(RawStream(reported), forever=True) as server:
        client = AIModelClient(endpoint(server.url, "openai", "gpt-5-codex"))
        with pytest.raises(BadAnswerError, match="Chat Completions"):
            world.stream(client, "hi")
        world.close(client)
        assert len(server.exchanges) == 1


@pytest.mark.parametrize("reported", [b"{}", b'{"ok": true}', b"[7]", b"true"])
def test_a_listing_that_lists_nothing_is_a_bad_answer(reported: bytes, world: World) -> None:
    with FakeServer(Raw(reported), forever=True) as server:
        client = AIModelClient(endpoint(server.url))
        with pytest.raises(BadAnswerError):
            world.ask(client, "list_models")
        world.close(client)


def test_the_fake_server_answers_batches_of_responses_in_their_own_shape(world: World) -> None:
    with FakeServer(FakeBatches(polls=0), forever=True) as server:
        client = AIModelClient(endpoint(server.url, "openai", "gpt-5-codex"))
        job = world.ask(client, "submit_batch", ["hello", "there"])
        done = world.ask(client, "wait_for_batch", job, every=0.01)
        actual = world.ask(client, "batch_results", done)
        world.close(client)
    assert [item.text for item in actual] == ["HELLO", "THERE"]
    assert [item.response.finish_reason for item in actual] == ["stop", "stop"]
    results = [exchange for exchange in server.exchanges if "/files/out-" in exchange.path]
    assert results


def test_the_fake_server_answers_for_a_response_by_its_id_in_its_own_shape(world: World) -> None:
    with FakeServer(Answer(text="done"), forever=True) as server:
        client = AIModelClient(endpoint(server.url, "openai", "gpt-5-codex"))
        actual = world.ask(client, "retrieve", "resp_1")
        world.close(client)
    assert server.exchanges[0].method == "GET"
    assert actual.chat_response.text() == "done"


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the recorded traffic is not available")
@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda p: f"{p.codec}-{p.apis[0]}")
def test_every_recorded_answer_is_still_read(protocol: Any) -> None:
    for exchange in protocol.exchanges(lambda e: e["expected"]["kind"] == "generate" and not e["stream"]):
        draft = ResponseBuilder()
        for delta in protocol.load().decoder(protocol.quirks).whole(json.loads(exchange["response_body"])):
            draft.add(delta)
        assert draft.complete or draft.error is not None, exchange["id"]


NO_ANSWERS: dict[str, list[bytes]] = {
    "openai_chat": [
        b'{"choices": [{"index": 0, "message": {}, "finish_reason": "stop"}]}',
        b'{"choices": [{"index": 0, "message": null, "finish_reason": "stop"}]}',
        b'{"choices": [{"index": 0, "message": "hi", "finish_reason": "stop"}]}',
    ],
    "openai_responses": [
        b'{"object": "response", "id": "r", "output": []}',
        b'{"object": "response", "id": "r", "status": "completed", "output": [{}]}',
    ],
    "anthropic": [
        b'{"type": "message", "content": []}',
        b'{"type": "message", "role": "assistant", "stop_reason": "end_turn"}',
    ],
    "converse": [
        b'{"output": {}, "stopReason": "end_turn"}',
        b'{"output": {"message": {}}, "stopReason": "end_turn"}',
        b'{"stopReason": "end_turn"}',
    ],
    "cohere": [
        b'{"message": {}, "finish_reason": "COMPLETE"}',
        b'{"text": "hi", "generation_id": "g", "finish_reason": "COMPLETE"}',
    ],
}


@pytest.mark.parametrize("own", NO_ANSWERS)
@pytest.mark.parametrize("streaming", [False, True])
def test_a_body_without_a_message_is_no_success(own: str, streaming: bool, world: World) -> None:
    """The words of a protocol around nothing; Cohere's first protocol has its text elsewhere."""
    for raw in NO_ANSWERS[own]:
        with FakeServer(Raw(raw), forever=True) as server:
            client = AIModelClient(endpoint(server.url, *SPEAKERS[own]))
            with pytest.raises(BadAnswerError):
                world.stream(client, "hi") if streaming else world.run(client, "hi")
            world.close(client)
            assert len(server.exchanges) == 1


ENDS: dict[str, list[bytes]] = {
    "openai_chat": [
        b"data: [DONE]\n\n",
        b"data: {}\n\ndata: [DONE]\n\n",
        b"data: null\n\ndata: [DONE]\n\n",
        b'data: {"choices": []}\n\ndata: [DONE]\n\n',
        b'data: {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}\n\ndata: [DONE]\n\n',
    ],
    "openai_responses": [
        b'data: {"type": "response.completed"}\n\n',
        b'data: {"type": "response.completed", "response": {}}\n\n',
    ],
    "anthropic": [
        b'data: {"type": "message_stop"}\n\n',
        b'data: {"type": "message_start", "message": {}}\n\ndata: {"type": "message_stop"}\n\n',
        b'data: {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}\n\ndata: {"type": "message_stop"}\n\n',
    ],
    "cohere": [b'data: {"type": "message-end", "delta": {"finish_reason": "COMPLETE"}}\n\n'],
    "converse": [
        write_message({":message-type": "event", ":event-type": "messageStop"}, b'{"stopReason": "end_turn"}'),
    ],
}


@pytest.mark.parametrize("own", ENDS)
def test_the_end_of_a_stream_without_an_answer_before_it_is_no_success(own: str, world: World) -> None:
    for raw in ENDS[own]:
        kind = dialect_for(PATHS[own]).stream_type
        with FakeServer(RawStream([raw], headers={"content-type": kind}), forever=True) as server:
            client = AIModelClient(endpoint(server.url, *SPEAKERS[own]))
            try:
                final = world.stream(client, "hi", retries=0)[-1][1]
            except (BadAnswerError, BrokenStreamError):
                continue
            finally:
                world.close(client)
            assert final.chat_response.interrupted, raw


def test_what_is_no_event_stream_of_aws_is_a_bad_answer_at_once(world: World) -> None:
    raw = b'data: {"choices": [{"index": 0, "delta": {"content": "Hi"}}]}\n\n'
    for kind in ("text/event-stream", "application/vnd.amazon.eventstream"):
        with FakeServer(RawStream([raw], headers={"content-type": kind}), forever=True) as server:
            client = AIModelClient(endpoint(server.url, *SPEAKERS["converse"]))
            with pytest.raises(BadAnswerError, match="no AWS event stream"):
                world.stream(client, "hi")
            world.close(client)
            assert len(server.exchanges) == 1


@pytest.mark.parametrize("own", [name for name in PATHS if name not in ("cohere", "ollama")])
def test_the_message_of_another_protocol_is_not_taken_for_the_words_of_an_error(own: str, world: World) -> None:
    raw = b'{"id": "x", "message": {"role": "assistant", "content": [{"type": "text", "text": "hi"}]}}'
    with FakeServer(Raw(raw), forever=True) as server:
        client = AIModelClient(endpoint(server.url, *SPEAKERS[own]))
        with pytest.raises(BadAnswerError):
            world.run(client, "hi")
        world.close(client)
        assert len(server.exchanges) == 1


NOTHING_PROVIDED: dict[str, list[bytes]] = {
    "openai_chat": [
        b'{"object": "chat.completion", "choices": [{"index": 0, "message": null, "finish_reason": "stop"}]}',
    ],
    "openai_responses": [b'{"object": "response", "id": "r", "status": "completed", "output": []}'],
    "anthropic": [b'{"type": "message", "role": "assistant", "content": null, "stop_reason": "end_turn"}'],
    "converse": [b'{"output": null, "stopReason": "end_turn"}'],
}


@pytest.mark.parametrize("own", NOTHING_PROVIDED)
def test_a_typed_body_without_content_is_an_empty_answer(own: str) -> None:
    """A body that has its protocol's type and a stop reason is an answer, also where its content is null."""
    for raw in NOTHING_PROVIDED[own]:
        assert verdict(own, json.loads(raw)) == "taken", raw


def test_the_text_of_a_message_that_is_no_object_is_read() -> None:
    reported = {"object": "chat.completion", "choices": [{"index": 0, "message": "hi", "finish_reason": "stop"}]}
    draft = ResponseBuilder()
    for delta in load_codec("openai_chat").decoder(quirks()["openai_chat"]).whole(reported):
        draft.add(delta)
    assert draft.response().text() == "hi"
