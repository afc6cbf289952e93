"""Texts of errors that quote the prompt are kept without it."""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ai_utilities import AiClient, AiSettings
from ai_utilities.batch import run_bulk
from ai_utilities.usage import (
    Budget,
    MemoryLedger,
    RedisLedger,
    SQLiteLedger,
    UsageLayer,
)
from dhenara.ai import AIModelClient
from dhenara.ai.errors import BadRequestError
from dhenara.ai.testing import Answer, FakeServer, FakeUsage, Refusal
from dhenara.ai.types import AIModelCallConfig
from support.worlds import World, endpoint

HELLO = Answer(text="Hello!", usage=FakeUsage(10, 10))
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ACCOUNT = Budget(1, "day").window_at({}, time.time())


PROMPT = "My diagnosis is pneumonia, and my name is Ada Lovelace of Ockham Park"
QUOTES = [
    f"Invalid value: '{PROMPT}' is not allowed in messages[0].content",
    f"the content {json.dumps(PROMPT)} was refused",
    f"unsafe input near: {PROMPT[:24]}...",
    f"bad input {PROMPT.upper()} " + "x" * 3000,
]


@pytest.mark.parametrize("quote", QUOTES)
@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("kind", ["memory", "sqlite", "redis"])
def test_no_prompt_is_stored_with_an_error(
    kind: str,
    quote: str,
    streaming: bool,
    world: World,
    server: FakeServer,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from ai_utilities.telemetry import LogLayer, TelemetryLayer

    caplog.set_level(logging.DEBUG)
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    ledger: Any = {
        "memory": MemoryLedger,
        "sqlite": lambda: SQLiteLedger(tmp_path / "usage.db"),
        "redis": lambda: RedisLedger(request.getfixturevalue("redis_url")),
    }[kind]()
    server.add_replies(Refusal(400, quote))
    layers = [TelemetryLayer(tracer_provider=provider), LogLayer(), UsageLayer(ledger)]
    lessons = tmp_path / "lessons.json"
    client = AIModelClient(endpoint(server.url), layers=layers, lessons=lessons)
    with pytest.raises(BadRequestError, match="i"):
        (world.stream if streaming else world.run)(client, PROMPT, retries=0)
    world.close(client)
    (row,) = ledger.rows()
    spans = "".join(span.to_json() for span in exporter.get_finished_spans())
    for retained in (row.error or "", spans, caplog.text, lessons.read_text() if lessons.exists() else ""):
        assert not any(word in retained.lower() for word in ("pneumonia", "lovelace", "my diagnosis"))
    assert (row.error or "").startswith("BadRequestError")
    assert "400" in (row.error or "")
    assert len(row.error or "") < 300
    ledger.close()


def test_a_learned_lesson_is_stored_without_the_prompt_for_its_owner_only(
    world: World, server: FakeServer, tmp_path: Path
) -> None:
    lessons = tmp_path / "lessons.json"
    provided = f"Unsupported parameter: 'temperature' is not supported with this model. You sent: {PROMPT}"
    server.add_replies(Refusal(400, provided), HELLO)
    client = AIModelClient(endpoint(server.url), AIModelCallConfig(temperature=0.5), lessons=lessons)
    world.run(client, PROMPT)
    world.close(client)
    retained = lessons.read_text()
    assert "temperature" in retained
    assert "pneumonia" not in retained
    assert lessons.stat().st_mode & 0o777 == 0o600
    assert lessons.with_name("lessons.json.lock").stat().st_mode & 0o777 == 0o600


STOP = "Ockham Park Hospital"
OPTIONS = {"metadata": {"patient": "Lovelace, Ada, 1815"}}


def test_stop_sequences_and_options_are_not_stored_with_an_error(
    world: World, server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.add_replies(Refusal(400, f"Invalid stop {STOP!r}, and metadata {OPTIONS['metadata']} is not allowed"))
    ledger = MemoryLedger()
    client = AIModelClient(endpoint(server.url), layers=[UsageLayer(ledger)])
    with pytest.raises(BadRequestError, match="Ockham"):
        world.run(client, "?", stop=[STOP], options=OPTIONS, retries=0)
    world.close(client)
    retained = f"{ledger.rows()[0].error} {caplog.text}".lower()
    assert "invalid stop" in retained
    assert not any(word in retained for word in ("ockham", "lovelace", "1815"))


def test_stop_sequences_and_options_are_not_stored_in_journals_and_lessons(server: FakeServer, tmp_path: Path) -> None:
    quoted = f"Unsupported parameter: temperature; with {STOP} and {OPTIONS['metadata']['patient']}"
    server.add_replies(*[Refusal(400, quoted)] * 6)
    settings = AiSettings(api_key="sk-not-a-key", model="gpt-4o", base_url=server.url, max_retries=0)
    output = tmp_path / "out.jsonl"
    with AiClient(settings) as client:
        run_bulk([{"prompt": "?"}], output, client=client, stop=[STOP], options=OPTIONS, strict=True)
    journal = Path(f"{output}.journal").read_text()
    lessons = tmp_path / "lessons.json"
    engine = AIModelClient(endpoint(server.url), lessons=lessons)
    with engine, pytest.raises(BadRequestError):
        engine.generate("?", temperature=0.1, stop=[STOP])
    assert "temperature" in lessons.read_text()
    for retained in (journal.lower(), lessons.read_text().lower()):
        assert "unsupported parameter" in retained
        assert "ockham" not in retained
    assert "lovelace" not in journal.lower()
