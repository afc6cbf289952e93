"""The logger `dhenara` tells what happens to a call, without keys and contents, and is silent by default."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallError
from dhenara.ai.testing import Answer, FakeServer, Refusal
from dhenara.ai.types import AIModel
from support.worlds import World, endpoint

TESTS = Path(__file__).parents[1]
HELLO = Answer(text="Hello!")
BUSY = Refusal(503, "busy", headers={"retry-after-ms": "5", "x-request-id": "req-1"})
PROMPT = "my diagnosis is pneumonia"
UNSUPPORTED = Refusal(400, "Unsupported parameter: 'temperature' is not supported with this model.")


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG, logger="dhenara")
    return caplog


def test_each_request_attempt_and_retry_is_logged(
    world: World, server: FakeServer, lines: pytest.LogCaptureFixture
) -> None:
    server.add_replies(BUSY, HELLO)
    client = AIModelClient(endpoint(server.url))
    world.run(client, PROMPT)
    world.close(client)
    first, failed, retry, second, answered = lines.messages
    assert first == second == f"openai (fake-1): POST {server.url}/v1/chat/completions"
    assert failed.startswith("openai (fake-1): attempt 1 failed with ServerError: busy [HTTP 503] after ")
    assert failed.endswith("request req-1")
    assert retry == "openai (fake-1): retry in 0.005 s"
    assert answered.startswith("openai (fake-1): attempt 2 answered (HTTP 200) after ")
    assert {record.levelno for record in lines.records} == {logging.DEBUG}
    assert {record.name for record in lines.records} == {"dhenara"}


@pytest.mark.parametrize(
    ("reply", "retries", "reason"),
    [
        (Refusal(401, "no such key"), 2, "another attempt would fail as well"),
        (BUSY, 0, "all 0 retries were made"),
        (Refusal(503, "busy", headers={"x-should-retry": "false"}), 2, "the provider forbids it (x-should-retry)"),
        (Refusal(503, "busy", headers={"retry-after": "600"}), 2, "a wait of 600.0 s is too long"),
    ],
)
def test_the_reason_why_there_is_no_retry_is_logged(
    reply: Refusal, retries: int, reason: str, world: World, server: FakeServer, lines: pytest.LogCaptureFixture
) -> None:
    server.add_replies(reply)
    client = AIModelClient(endpoint(server.url))
    with pytest.raises(CallError):
        world.run(client, "?", retries=retries)
    world.close(client)
    assert lines.messages[-1] == f"openai (fake-1): no retry: {reason}"


def test_a_fallback_is_logged(world: World, server: FakeServer, lines: pytest.LogCaptureFixture) -> None:
    server.add_replies(Refusal(500, f"cannot answer {PROMPT}"), HELLO)
    other = endpoint(server.url).model_copy(update={"ai_model": AIModel(model_name="fake-2")})
    client = AIModelClient(endpoint(server.url), fallbacks=[other])
    world.run(client, PROMPT, retries=0)
    world.close(client)
    (line,) = [line for line in lines.messages if "fallback" in line]
    assert line == "openai (fake-1): fallback to openai (fake-2) after ServerError: cannot answer [...] [HTTP 500]"


def test_a_learned_constraint_is_logged(world: World, server: FakeServer, lines: pytest.LogCaptureFixture) -> None:
    server.add_replies(UNSUPPORTED, HELLO)
    model = AIModel(model_name=f"logged-{world.name}")
    client = AIModelClient(endpoint(server.url).model_copy(update={"ai_model": model}))
    world.run(client, "?", temperature=0.1)
    world.close(client)
    assert f"openai (logged-{world.name}): learned to drop the field 'temperature'" in lines.messages


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
def test_neither_keys_nor_contents_are_logged(
    streaming: bool, world: World, server: FakeServer, lines: pytest.LogCaptureFixture
) -> None:
    key, tenant = "sk-test-secret", "tenant-0123456789abcdef"
    server.add_replies(Refusal(503, f"{key} asked: {PROMPT}", headers={"retry-after-ms": "5"}), HELLO)
    client = AIModelClient(endpoint(server.url, base_url=f"{server.url}/v1?key={tenant}"))
    (world.stream if streaming else world.run)(client, PROMPT, headers={"x-tenant-token": tenant})
    world.close(client)
    assert len(lines.messages) >= 4
    assert key not in lines.text
    assert tenant not in lines.text
    assert "pneumonia" not in lines.text


def test_nothing_is_written_without_handlers() -> None:
    program = (
        "import logging\n"
        "from dhenara.ai.testing import FakeServer, Refusal\n"
        "from dhenara.ai import AIModelClient\n"
        "from dhenara.ai.errors import CallError\n"
        "from support.worlds import endpoint\n"
        "logging.getLogger('dhenara').setLevel(logging.DEBUG)\n"
        "with FakeServer(Refusal(401, 'no')) as server, AIModelClient(endpoint(server.url)) as client:\n"
        "    try:\n"
        "        client.generate('?')\n"
        "    except CallError:\n"
        "        logging.getLogger('dhenara').warning('loud')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=TESTS)
    assert (done.stdout, done.stderr) == ("", "")
