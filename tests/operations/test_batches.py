"""Batches of providers through the client: in every world, in each dialect, and as they were recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import (
    BadRequestError,
    CallTimeoutError,
    ConfigurationError,
    RateLimitError,
    ServerError,
    UnsupportedError,
)
from dhenara.ai.testing import FakeServer, Raw, Refusal
from dhenara.ai.types import BatchJob, ChatModelCostData
from support.corpus import body_bytes, exchanges
from support.forms import read_form
from support.worlds import World, endpoint

PROMPTS = ["What is 2 + 2?", [{"role": "user", "content": "Name a planet."}], "A third?"]
MODELS = {"anthropic": "claude-haiku-4-5", "google_ai": "gemini-2.5-flash", "openai": "gpt-5-nano"}
PRICES = ChatModelCostData(input_token_cost_per_million=Decimal(2), output_token_cost_per_million=Decimal(4))


def at(provider: str, server: FakeServer) -> AIModelClient:
    known = endpoint(server.url, provider, MODELS.get(provider, "m-1"))
    return AIModelClient(known.model_copy(update={"cost_data": PRICES}))


def reported(body: Any) -> Raw:
    return Raw(json.dumps(body).encode())


def lines(*entries: Any) -> Raw:
    body = b"\n".join(json.dumps(one).encode() for one in entries)
    return Raw(body, headers={"content-type": "application/octet-stream"})


def chat(text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    return {
        "id": "c",
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": usage,
    }


def openai_job(status: str, **more: Any) -> Raw:
    return reported({"id": "batch_1", "status": status, "created_at": 1_787_150_474, **more})


REFUSED = {"error": {"message": "too long", "type": "invalid_request_error"}}
LIKE_OPENAI = [
    {"custom_id": "2", "response": {"status_code": 400, "body": REFUSED}},
    {"custom_id": "1", "response": {"status_code": 200, "body": chat("Mars")}},
]
CLAUDE = {
    "id": "m",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-4-5",
    "content": [{"type": "text", "text": "Mars"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 10, "output_tokens": 5, "service_tier": "batch"},
}
OVERLOADED = {"type": "error", "error": {"type": "rate_limit_error", "message": "too fast"}}
GEMINI = {
    "candidates": [{"content": {"parts": [{"text": "Mars"}], "role": "model"}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 5},
}


def claude_job(status: str, **counts: int) -> Raw:
    known = {"processing": 0, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0, **counts}
    return reported({"id": "batch_1", "processing_status": status, "request_counts": known})


def gemini_job(state: str, *responses: Any) -> Raw:
    output = {"inlinedResponses": {"inlinedResponses": list(responses)}}
    reported_in = {"state": f"BATCH_STATE_{state}", "batchStats": {"requestCount": "3"}, "output": output}
    return reported({"name": "batches/batch_1", "metadata": reported_in})


SCRIPTS: dict[str, tuple[list[Raw], list[Raw]]] = {
    # What is answered to the submission, and then until the results are there: running, done, done, results.
    "openai": (
        [reported({"id": "file-1", "filename": "b", "bytes": 1}), openai_job("validating")],
        [
            openai_job("in_progress"),
            *[openai_job("completed", output_file_id="out", error_file_id="err")] * 2,
            lines(LIKE_OPENAI[1]),
            lines(LIKE_OPENAI[0]),
        ],
    ),
    "mistral": (
        [reported({"id": "batch_1", "status": "QUEUED", "created_at": 1})],
        [
            reported({"id": "batch_1", "status": "RUNNING"}),
            *[reported({"id": "batch_1", "status": "SUCCESS", "output_file": "out"})] * 2,
            lines(*LIKE_OPENAI),
        ],
    ),
    "anthropic": (
        [claude_job("in_progress", processing=3)],
        [
            claude_job("in_progress", processing=3),
            *[claude_job("ended", succeeded=1, errored=1, expired=1)] * 2,
            lines(
                {"custom_id": "2", "result": {"type": "errored", "error": OVERLOADED}},
                {"custom_id": "1", "result": {"type": "succeeded", "message": CLAUDE}},
            ),
        ],
    ),
    "google_ai": (
        [gemini_job("PENDING")],
        [
            gemini_job("RUNNING"),
            *[
                gemini_job(
                    "SUCCEEDED",
                    {"metadata": {"custom_id": "2"}, "error": {"code": 3, "message": "too long"}},
                    {"metadata": {"custom_id": "1"}, "response": GEMINI},
                )
            ]
            * 2,
        ],
    ),
}
SCRIPTS["groq"] = SCRIPTS["openai"]


@pytest.mark.parametrize("provider", sorted(SCRIPTS))
def test_a_batch_is_submitted_waited_for_and_read_by_another_process(
    provider: str, world: World, server: FakeServer
) -> None:
    submitted, later = SCRIPTS[provider]
    server.add_replies(*submitted)
    client = at(provider, server)
    job = world.ask(client, "submit_batch", PROMPTS, instructions="Be brief.", max_output_tokens=20)
    world.close(client)
    assert (job.state, job.total, job.over) == ("running", 3, False)
    retained = job.model_dump_json()

    server.add_replies(*later)
    client = at(provider, server)
    again = BatchJob.model_validate_json(retained)
    done = world.ask(client, "wait_for_batch", again, every=0.01)
    assert done.over
    actual = world.ask(client, "batch_results", done)
    world.close(client)
    assert [item.index for item in actual] == [0, 1, 2]
    assert actual[1].text == "Mars"
    assert actual[1].response.finish_reason == "stop"
    assert isinstance(actual[0].error, ServerError)
    assert "no result for this call" in str(actual[0].error)
    assert isinstance(actual[2].error, RateLimitError if provider == "anthropic" else BadRequestError)
    # Ten tokens at 2 and five at 4 dollars a million, at half the price.
    assert actual[1].response.cost.amount == actual.cost.amount == Decimal("0.00002")
    assert (actual.usage.input_tokens, actual.usage.output_tokens) == (10, 5)


def sent_in_a_file(server: FakeServer) -> list[Any]:
    upload = read_form(server.exchanges[0].headers["content-type"], server.exchanges[0].body)
    assert upload["purpose"] == "batch"
    assert server.exchanges[1].json["input_file_id"] == "file-1"
    assert server.exchanges[1].json["endpoint"] == "/v1/chat/completions"
    return [json.loads(line)["body"] for line in upload["file"].splitlines()]


CALLS: dict[str, Callable[[FakeServer], list[Any]]] = {
    "openai": sent_in_a_file,
    "groq": sent_in_a_file,
    "mistral": lambda server: [one["body"] for one in server.exchanges[0].json["requests"]],
    "anthropic": lambda server: [one["params"] for one in server.exchanges[0].json["requests"]],
    "google_ai": lambda server: [
        one["request"] for one in server.exchanges[0].json["batch"]["inputConfig"]["requests"]["requests"]
    ],
}


@pytest.mark.parametrize("provider", sorted(SCRIPTS))
def test_calls_of_a_batch_are_written_as_they_are_one_by_one(provider: str, server: FakeServer) -> None:
    server.add_replies(*SCRIPTS[provider][0])
    with at(provider, server) as client:
        client.submit_batch(PROMPTS, instructions="Be brief.", max_output_tokens=20, temperature=0.5)
    written = CALLS[provider](server)
    server.add_replies(*[Refusal(400, "no")] * 3)
    for prompt, batched in zip(PROMPTS, written, strict=True):
        requested: dict[str, Any] = {"messages": prompt} if isinstance(prompt, list) else {"prompt": prompt}
        with at(provider, server) as client, pytest.raises(BadRequestError):
            client.generate(**requested, instructions="Be brief.", max_output_tokens=20, temperature=0.5)
        alone = server.exchanges[-1].json
        assert {**alone, "model": None, "stream": None} == {**batched, "model": None, "stream": None}


@pytest.mark.parametrize(
    ("provider", "path", "reply"),
    [
        ("openai", "/v1/batches/batch_1/cancel", openai_job("cancelling")),
        ("mistral", "/v1/batch/jobs/batch_1/cancel", reported({"id": "batch_1", "status": "CANCELLATION_REQUESTED"})),
        ("anthropic", "/v1/messages/batches/batch_1/cancel", claude_job("canceling", processing=1)),
        ("google_ai", "/v1beta/batches/batch_1:cancel", reported({})),
    ],
)
def test_a_batch_is_cancelled(provider: str, path: str, reply: Raw, world: World, server: FakeServer) -> None:
    server.add_replies(reply)
    client = at(provider, server)
    job = world.ask(client, "cancel_batch", "batches/batch_1" if provider == "google_ai" else "batch_1")
    world.close(client)
    assert job.state == "cancelling"
    assert (server.exchanges[0].method, server.exchanges[0].path) == ("POST", path)


def test_unfinished_and_unreadable_batches_are_reported(world: World, server: FakeServer) -> None:
    client = at("groq", server)
    server.add_replies(openai_job("in_progress"))
    with pytest.raises(ConfigurationError, match="Call wait_for_batch first"):
        world.ask(client, "batch_results", "batch_1")
    server.add_replies(openai_job("failed", errors={"data": [{"message": "line 2 is no JSON"}]}))
    with pytest.raises(ServerError, match="line 2 is no JSON"):
        world.ask(client, "batch_results", "batch_1")
    server.add_replies(*[openai_job("in_progress")] * 2)
    with pytest.raises(CallTimeoutError, match="It continues"):
        world.ask(client, "wait_for_batch", "batch_1", wait=0.02, every=0.02)
    with pytest.raises(ConfigurationError, match="at least one prompt"):
        world.ask(client, "submit_batch", [])
    job = BatchJob(batch_id="batch_1", protocol="anthropic")
    with pytest.raises(ConfigurationError, match="uses the protocol anthropic"):
        world.ask(client, "batch_results", job)
    world.close(client)
    client = at("deepseek", server)
    with pytest.raises(UnsupportedError, match="batches not offered"):
        world.ask(client, "submit_batch", ["hello"])
    world.close(client)


def test_a_submission_that_may_have_arrived_is_not_repeated(world: World, server: FakeServer) -> None:
    server.add_replies(Refusal(503, "later", headers={"retry-after-ms": "5"}), claude_job("in_progress"))
    client = at("anthropic", server)
    with pytest.raises(ServerError):
        world.ask(client, "submit_batch", ["hello"])
    world.close(client)
    assert len(server.exchanges) == 1


def recorded(api: str, ending: str) -> list[dict[str, Any]]:
    actual = exchanges(api, lambda e: e["id"].endswith(ending) or e["path"].endswith(ending))
    if not actual:
        pytest.skip("the recorded traffic is not available")
    return actual


def test_recorded_batches_are_read_with_their_state(world: World, server: FakeServer) -> None:
    # Reading, not writing, is held here: the same state in our words.
    words = {"validating": "running", "in_progress": "running", "canceling": "cancelling"}
    words |= {"BATCH_STATE_RUNNING": "running", "BATCH_STATE_PENDING": "running", "BATCH_STATE_SUCCEEDED": "done"}
    seen = 0
    for api, provider in (
        ("batches", "openai"),
        ("batches", "gemini"),
        ("gemini-batches", "gemini"),
        ("anthropic-batches", "anthropic"),
    ):
        for exchange in exchanges(api, lambda e, p=provider: e["provider"] == p and bool(e["expected"]["status"])):
            server.add_replies(Raw(body_bytes(exchange)))
            client = at({"gemini": "google_ai"}.get(provider, provider), server)
            job = world.ask(client, "get_batch", exchange["expected"]["id"])
            world.close(client)
            assert (job.batch_id, job.state) == (exchange["expected"]["id"], words[exchange["expected"]["status"]])
            seen += 1
    if not seen:
        pytest.skip("the recorded traffic is not available")


def test_recorded_results_are_read(world: World, server: FakeServer) -> None:
    answered = recorded("anthropic-batches", "/results")[0]
    server.add_replies(
        claude_job("ended", succeeded=1), Raw(body_bytes(answered), headers={"content-type": "text/plain"})
    )
    client = at("anthropic", server)
    assert [item.text for item in world.ask(client, "batch_results", "batch_1")] == ["6"]
    world.close(client)
    done = next(e for e in exchanges("batches") if e["expected"].get("status") == "BATCH_STATE_SUCCEEDED")
    server.add_replies(Raw(body_bytes(done)))
    client = at("google_ai", server)
    actual = world.ask(client, "batch_results", done["expected"]["id"])
    assert [item.text for item in actual][:1] == ["4"]
    assert actual[0].response.usage.reasoning_tokens == 43
    world.close(client)
    file = next(e for e in exchanges("files") if e["path"].endswith("/content"))
    server.add_replies(openai_job("completed", output_file_id="out"), Raw(body_bytes(file)))
    known = endpoint(server.url, "openai", "gpt-5-nano", protocol="openai_responses")
    client = AIModelClient(known)
    actual = world.ask(client, "batch_results", BatchJob(batch_id="batch_1", protocol="openai_responses"))
    assert len(actual) == 2
    assert all(item.text for item in actual)
    usual = actual[0].response.usage
    assert actual.cost.amount is None or actual.cost.amount > 0
    assert usual.input_tokens == 18
    world.close(client)
