"""Whatever a server repeats of a request, the secrets in it show nowhere."""

from __future__ import annotations

import json
import pickle
import traceback
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallError
from dhenara.ai.testing import Answer, DialectReply, FakeServer
from dhenara.ai.testing.answer import Raw, ReceivedRequest, Step
from dhenara.ai.types import AIModel, AIModelAPI, AIModelCallConfig, AIModelEndpoint
from support.worlds import World, endpoint

KEY = "sk-test-secret"
MINE = "my-own-secret-word"
NO = {"message": f"Incorrect API key: {KEY}, {MINE}", "type": KEY, "code": KEY}
JSON, SSE, HTML = "application/json", "text/event-stream", "text/html"
REFUSED = json.dumps({"type": "error", "error": NO}).encode()
PAGE = f"<html><title>{KEY} {MINE}</title></html>".encode()
EVENT = b"event: error\ndata: " + REFUSED + b"\n\n"


@dataclass
class Parrot:
    """Repeats the secrets in its body and its headers."""

    body: bytes
    status: int
    kind: str

    def steps(self, requested: ReceivedRequest) -> Iterator[Step]:
        echo = {"content-type": self.kind, "x-request-id": KEY, "location": f"http://x/?key={KEY}", "x-echo": MINE}
        yield from Raw(self.body, self.status, echo).steps(requested)


PARROTS = [
    Parrot(REFUSED, 401, JSON),
    Parrot(REFUSED, 400, JSON),
    Parrot(REFUSED, 500, JSON),
    Parrot(REFUSED, 302, JSON),
    Parrot(REFUSED, 200, JSON),
    Parrot(PAGE, 403, HTML),
    Parrot(PAGE, 200, HTML),
    Parrot(EVENT, 200, SSE),
    Parrot(b"data: {broken " + KEY.encode() + b"\n\n", 200, SSE),
    Parrot(b'{"broken": "' + KEY.encode(), 200, JSON),
]


@pytest.mark.parametrize("provider", ["openai", "anthropic", "google_ai"])
@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("parrot", PARROTS, ids=lambda parrot: f"{parrot.status}-{parrot.kind}-{len(parrot.body)}")
def test_no_error_repeats_a_secret(
    parrot: Parrot, streaming: bool, provider: str, world: World, server: FakeServer
) -> None:
    server.add_replies(parrot)
    client = AIModelClient(
        endpoint(server.url, provider), AIModelCallConfig(retries=0, headers={"x-gateway-token": MINE})
    )
    with pytest.raises(CallError) as raised:
        world.stream(client, "?") if streaming else world.run(client, "?")
    error = raised.value
    shown = [repr(error), str(error), repr(vars(error)), "".join(traceback.format_exception(error))]
    shown += [pickle.dumps(error).decode("latin-1"), *(attempt.model_dump_json() for attempt in error.attempts)]
    assert [one for one in shown if KEY in one or MINE in one] == []


def test_a_token_that_was_fetched_is_not_repeated_either(world: World, server: FakeServer) -> None:
    server.add_replies(Parrot(REFUSED, 400, JSON))
    api = AIModelAPI(provider="openai", credentials={"token": lambda: KEY}, config={"base_url": server.url})
    with pytest.raises(CallError) as raised:
        world.run(AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m"))), "?", retries=0)
    assert server.exchanges[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in str(raised.value) + repr(vars(raised.value))


def test_no_answer_keeps_a_secret_of_the_head(world: World, server: FakeServer) -> None:
    server.add_replies(DialectReply(Answer(text="Hello!"), headers={"x-echo": f"Bearer {KEY}", "x-request-id": KEY}))
    answer = world.run(AIModelClient(endpoint(server.url)), "?")
    assert KEY not in answer.model_dump_json() + repr(answer)
    assert answer.response_headers["x-echo"] == "Bearer **********"


def test_an_error_in_the_middle_of_a_stream_has_no_secrets(world: World, server: FakeServer) -> None:
    provided = json.dumps({"choices": [{"index": 0, "delta": {"content": "Hi"}}]}).encode()
    server.add_replies(Raw(b"data: " + provided + b"\n\ndata: " + REFUSED + b"\n\n", 200, {"content-type": SSE}))
    reported = world.stream(AIModelClient(endpoint(server.url)), "?")
    assert reported[-1][1].chat_response.interrupted
    assert KEY not in repr(reported)
