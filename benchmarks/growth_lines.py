"""One measurement of a growth line, in a fresh process; prints a JSON object.

python -m benchmarks.growth_lines LINE SIZE URL
"""

from __future__ import annotations

import json
import socket
import sys
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel
from pydantic_core import from_json, to_json

from ai_utilities import AiClient, AskResult, BaseProvider
from ai_utilities.batch import run_bulk
from ai_utilities.usage import UsageData
from dhenara.ai import AIModelClient
from dhenara.ai.streams.text import TextStream
from dhenara.ai.types import ImageContent

from .growth_stores import Values, cache, ledger, processes, redis, used
from .measure import resident

KEY = "sk-benchmark"


class Item(BaseModel):
    name: str
    price: float


class Items(BaseModel):
    items: list[Item]


def store(items: list[Item]) -> str:
    """Store items."""
    return str(len(items))


def client(url: str, kind: str = "short", size: int = 0) -> AIModelClient:
    return AIModelClient(f"openai/{kind}-{size}", api_key=KEY, base_url=f"{url}/v1", protocol="openai_chat")


def stream(size: int, url: str) -> Values:
    with client(url, "text", size) as engine:
        client(url, "text", 100).generate("?", streaming=True).text_stream.close()
        before = resident()
        spent = used(lambda: sum(1 for _ in engine.generate("?", streaming=True).text_stream))
        return {"us": spent / size, "mb": resident() - before}


def arguments(size: int, url: str) -> Values:
    with client(url, "arguments", size) as engine:
        list(client(url, "arguments", 100).generate("?", streaming=True, tools=[store]).sync_stream_generator)
        count = 0

        def read() -> None:
            nonlocal count
            events = engine.generate("?", streaming=True, tools=[store]).sync_stream_generator
            count = sum(1 for chunk, _ in events if chunk is not None)

        spent = used(read)
        return {"us": spent / count}


def objects(size: int, url: str) -> Values:
    with client(url, "object", size) as engine:
        first = client(url, "object", 100).generate("?", streaming=True, structured_output=Items).sync_stream_generator
        for _ in first:
            first.partial_output()
        count = 0

        def read() -> None:
            nonlocal count
            events = engine.generate("?", streaming=True, structured_output=Items).sync_stream_generator
            for chunk, _ in events:
                if chunk is not None:
                    count += 1
                    events.partial_output()

        spent = used(read)
        return {"us": spent / count}


def turns(size: int, url: str) -> Values:
    """A saved conversation whose turns were repeated: each of its calls sends all turns, so asking all takes long."""
    with client(url) as engine:
        conversation = engine.conversation()
        for _ in range(10):
            conversation.ask("And then?")
        first = json.loads(conversation.to_json())
        turns_before = (first["turns"] * (size // 10))[: size - 10]
        conversation = type(conversation).from_json(json.dumps({**first, "turns": turns_before}), engine)
        spent = used(lambda: [conversation.ask("And then?") for _ in range(10)])
        saved = conversation.to_json()
        saving = used(conversation.to_json)
        loading = used(lambda: type(conversation).from_json(saved, engine))
        tracemalloc.start()
        loaded = type(conversation).from_json(saved, engine)
        memory = tracemalloc.get_traced_memory()[0]
        assert len(loaded.turns) == size
        return {
            "us": spent / 10 / size,
            "save_us": saving / size,
            "load_us": loading / size,
            "kb": memory / 1024 / size,
            "file_kb": len(saved) / 1024 / size,
        }


def tool_turns(size: int, url: str) -> Values:
    """A history in which each turn calls a tool and has its result."""
    messages: list[dict[str, object]] = []
    for number in range(size):
        function = {"name": "store", "arguments": '{"items": [{"name": "a screwdriver", "price": 12.5}]}'}
        call = {"id": f"call_{number}", "type": "function", "function": function}
        messages += [
            {"role": "user", "content": "And then?"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"call_{number}", "content": "1"},
        ]
    messages.append({"role": "user", "content": "And then?"})
    with client(url) as engine:
        engine.generate(messages=messages, tools=[store])
        spent = used(lambda: [engine.generate(messages=messages, tools=[store]) for _ in range(3)])
        return {"us": spent / 3 / size}


def prompt(size: int, url: str) -> Values:
    """The time for a large text, and the peak of memory over it, which the request has to contain."""
    text = "The quick brown fox jumps over the lazy dog. " * (size * 1_000_000 // 45)
    with client(url) as engine:
        engine.generate("?")
        spent = used(lambda: engine.generate(text))
        tracemalloc.start()
        engine.generate(text)
        peak = tracemalloc.get_traced_memory()[1]
    return {"copies": peak / len(text), "ms": spent / 1e3 / size}


def pictures(size: int, url: str) -> Values:
    """The peak of memory over the base64 text of the pictures, which the request has to contain."""
    count = max(1, size // 5)
    picture = b"\x89PNG\r\n\x1a\n" + bytes(size * 1_000_000 // count)
    content = [ImageContent(data=picture + bytes([number]), mime_type="image/png") for number in range(count)]
    encoded = sum(len(one.data or b"") for one in content) * 4 / 3
    with client(url) as engine:
        engine.generate("?")
        tracemalloc.start()
        engine.generate({"role": "user", "contents": ["What is this?", *content]})
        peak = tracemalloc.get_traced_memory()[1]
    return {"copies": peak / encoded}


def kit(url: str) -> AiClient:
    return AiClient("openai/short-0", api_key=KEY, base_url=f"{url}/v1", show_progress=False)


def prompts(size: int, url: str) -> Values:
    with kit(url) as asking:
        asking.ask_many(["?"] * 20, concurrency=8)
        before = resident()
        spent = used(lambda: asking.ask_many([f"{number}?" for number in range(size)], concurrency=8))
        return {"us": spent / size, "mb": resident() - before}


class Canned(BaseProvider):
    """A provider that answers at once, in this process."""

    provider_name = "canned"

    def ask(self, prompt: str, **kwargs: object) -> AskResult:
        return AskResult(f"an answer to {prompt}", usage=UsageData(input_tokens=10, output_tokens=20), prompt=prompt)

    def ask_stream(self, prompt: str, **kwargs: object) -> Iterator[str]:
        yield self.ask(prompt)


def bulk(size: int, url: str) -> Values:
    """Rows that are answered in this process, so that the cost is that of the run itself."""
    with tempfile.TemporaryDirectory() as folder, AiClient(provider=Canned(), show_progress=False) as asking:
        source = Path(folder) / "rows.jsonl"
        with source.open("w") as file:
            file.writelines(json.dumps({"prompt": f"{number}?"}) + "\n" for number in range(size))
        asking.ask("?")
        before = resident()
        spent = used(lambda: run_bulk(source, Path(folder) / "answers.jsonl", client=asking, concurrency=8))
        return {"us": spent / size, "mb": resident() - before}


def first_text(size: int, url: str) -> Values:
    """Streams that begin one after the other and stay open, each with a connection of its own."""
    with client(url, "held") as engine:
        first_piece(engine).close()
        held: list[TextStream] = []
        spent = used(lambda: held.extend(first_piece(engine) for _ in range(size)))
        for events in held:
            events.close()
    bare_first_piece(url).close()
    sockets: list[socket.socket] = []
    bare = used(lambda: sockets.extend(bare_first_piece(url) for _ in range(size)))
    for one in sockets:
        one.close()
    return {"us": spent / size, "bare_us": bare / size}


def first_piece(engine: AIModelClient) -> TextStream:
    texts: TextStream = engine.generate("?", streaming=True).text_stream
    next(texts)
    return texts


REQUEST = b"POST /v1/chat/completions HTTP/1.1\r\nhost: local\r\ncontent-length: %d\r\n\r\n%b"


def bare_first_piece(url: str) -> socket.socket:
    """A raw socket, its answer read until the first event, whose JSON is parsed."""
    address = urlsplit(url)
    connection = socket.create_connection((address.hostname or "", address.port or 80))
    messages = [{"role": "user", "content": "?"}]
    body = to_json({"model": "held-0", "messages": messages, "stream": True})
    connection.sendall(REQUEST % (len(body), body))
    answer = b""
    while (end := answer.find(b"\n\n", answer.find(b"data: "))) < 0 or b"data: " not in answer:
        answer += connection.recv(65536)
    event = from_json(answer[answer.index(b"data: ") + 6 : end])
    if not event["choices"][0]["delta"]["content"]:
        raise SystemExit("the first event has no text")
    return connection


def open_streams(size: int, url: str) -> Values:
    with client(url, "held") as engine:
        first = engine.generate("?", streaming=True).sync_stream_generator
        next(first)
        before = resident()
        held = [opened(engine) for _ in range(size)]
        kb = (resident() - before) * 1024 / size
        for events in (first, *held):
            events.close()
        return {"kb": kb}


def opened(engine: AIModelClient) -> Iterator[object]:
    events = engine.generate("?", streaming=True).sync_stream_generator
    next(events)
    return events


MEASURES = {
    "stream": stream,
    "arguments": arguments,
    "objects": objects,
    "turns": turns,
    "tool_turns": tool_turns,
    "prompt": prompt,
    "pictures": pictures,
    "ledger": ledger,
    "cache": cache,
    "prompts": prompts,
    "bulk": bulk,
    "processes": processes,
    "redis": redis,
    "first_text": first_text,
    "open_streams": open_streams,
}

if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(MEASURES[sys.argv[1]](int(sys.argv[2]), sys.argv[3])) + "\n")
