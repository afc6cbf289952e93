"""Token counts of streams: nearly every event repeats them, and the last ones count, however the stream ends."""

from __future__ import annotations

import json

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.codecs.gemini.response import GeminiReader
from dhenara.ai.response.builder import ResponseBuilder
from dhenara.ai.types.chat.delta import UsageDelta
from dhenara.ai.wire.sse import Frame
from support.raw_server import STREAM_HEAD, Connection, RawServer, chunk


def event(made: int, finish: str | None = None, **fields: object) -> bytes:
    candidate = {"content": {"parts": [{"text": "a"}], "role": "model"}, "index": 0}
    usage = {"promptTokenCount": 11, "candidatesTokenCount": made, "totalTokenCount": 11 + made}
    body = {"candidates": [{**candidate, **({"finishReason": finish} if finish else {})}], "usageMetadata": usage}
    return json.dumps({**body, "modelVersion": "m", "responseId": "r", **fields}).encode()


def read(reader: GeminiReader, *events: bytes) -> list[int | None]:
    """The output tokens of the usage that each event reports, None without one."""
    reported: list[int | None] = []
    for data in events:
        counted = [delta.usage.output_tokens for delta in reader.frame(Frame(data)) if isinstance(delta, UsageDelta)]
        reported.append(counted[-1] if counted else None)
    return reported


def test_counts_are_read_at_first_and_when_the_answer_ends() -> None:
    reader = GeminiReader()
    assert read(reader, event(1), event(2), event(3), event(4, "STOP")) == [1, None, None, 4]
    assert not any(isinstance(delta, UsageDelta) for delta in reader.finish())


def test_counts_after_the_end_of_the_answer_count() -> None:
    usage = json.dumps({"usageMetadata": {"promptTokenCount": 11, "candidatesTokenCount": 9}}).encode()
    assert read(GeminiReader(), event(1, "STOP"), usage) == [1, 9]


@pytest.mark.parametrize("received", [1, 2, 3])
def test_an_interrupted_answer_has_the_last_counts(received: int) -> None:
    reader, builder = GeminiReader(), ResponseBuilder()
    deltas = [delta for made in range(1, received + 1) for delta in reader.frame(Frame(event(made)))]
    for delta in [*deltas, *reader.finish()]:
        builder.add(delta)
    assert builder.response().usage.output_tokens == received


def test_a_stream_that_is_closed_or_breaks_has_the_last_counts() -> None:
    events = b"".join(chunk(b"data: %s\n\n" % event(made)) for made in (1, 2, 3))

    def each(connection: Connection) -> None:
        if connection.request() is not None:
            connection.send(STREAM_HEAD + events)

    with RawServer(each) as server:
        client = AIModelClient("gemini/m", api_key="sk-test", base_url=f"{server.url}/v1beta")
        with client:
            broken = client.generate("?", streaming=True).stream_generator
            assert list(broken)[-1][0] is None
            assert broken.partial().usage.output_tokens == 3
            closed = client.generate("?", streaming=True).stream_generator
            next(closed)
            closed.close()
            assert closed.partial().usage.output_tokens == len(closed.partial().text or "")


def test_id_and_model_are_reported_when_they_change() -> None:
    reader = GeminiReader()
    frames = [event(1), event(2), event(3, modelVersion="other")]
    starts = [
        len([one for one in reader.frame(Frame(data)) if type(one).__name__ == "ResponseStart"]) for data in frames
    ]
    assert starts == [1, 0, 1]
