"""Test mode answers without a request; delays of retries and kept bodies are settings of a call."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError, ServerError
from dhenara.ai.pipeline.retry import backoff
from dhenara.ai.testing import Answer, FakeServer, Refusal
from dhenara.ai.types import AIModel, AIModelAPI, AIModelCallConfig, AIModelEndpoint, ArtifactConfig

TEXT = "This is a test mode output. This test message is from model m of openai."


def endpoint(url: str = "http://127.0.0.1:9", kind: Any = "text_generation") -> AIModelEndpoint:
    api = AIModelAPI(provider="openai", api_key="sk-secret", config={"base_url": url})
    return AIModelEndpoint(api=api, ai_model=AIModel(model_name="m", functional_type=kind))


def test_test_mode_answers_without_a_request() -> None:
    client = AIModelClient(endpoint(), AIModelCallConfig(test_mode=True))
    response = client.generate("Tell me about machines")
    chat = response.chat_response
    assert chat.text == TEXT
    assert (chat.id, chat.model, chat.provider, chat.finish_reason) == ("test_mode", "m", "openai", "stop")
    assert (chat.usage.prompt_tokens, chat.usage.completion_tokens) == (4, 15)
    assert chat.cost.amount is None
    assert response.attempts == []


def test_test_mode_streams_word_by_word() -> None:
    client = AIModelClient(endpoint(), AIModelCallConfig(test_mode=True, streaming=True))
    *chunks, (_, final) = client.generate("Hi").stream_generator
    words = [chunk.text_delta for chunk, _ in chunks if chunk is not None and chunk.text_delta]
    assert len(words) == 15
    assert "".join(words) == TEXT
    assert final is not None
    assert final.chat_response.text == TEXT


def test_test_mode_works_async_and_for_one_call() -> None:
    client = AIModelClient(endpoint())
    assert asyncio.run(client.generate_async("Hi", test_mode=True)).chat_response.text == TEXT


def test_test_mode_makes_a_small_image() -> None:
    client = AIModelClient(endpoint(kind="image_generation"), AIModelCallConfig(test_mode=True))
    (image,) = client.generate("A cat").image_response.images
    assert image.size == (1, 1)


def test_test_mode_refuses_what_it_does_not_answer() -> None:
    client = AIModelClient(endpoint(), AIModelCallConfig(test_mode=True))
    with pytest.raises(ConfigurationError, match=r"openai \(m\): test_mode answers chat and image calls, not 'embed"):
        client.embed("Hi")
    with pytest.raises(ConfigurationError, match="test_mode"):
        client.submit_batch(["Hi"])


@pytest.mark.parametrize(("failed", "wait"), [(1, 0.25), (2, 0.5), (3, 1.0), (4, 1.5), (2_000, 1.5)])
def test_the_delay_doubles_up_to_its_maximum(failed: int, wait: float) -> None:
    assert backoff(AIModelCallConfig(retry_delay=0.25, max_retry_delay=1.5), failed) == wait


def test_a_call_waits_as_long_as_its_config_says() -> None:
    with FakeServer(Refusal(503, "busy"), Refusal(503, "busy"), Answer("Hi")) as server:
        response = AIModelClient(endpoint(server.url), AIModelCallConfig(retry_delay=0)).generate("Hi")
    assert [attempt.waited for attempt in response.attempts] == [0, 0, 0]


def test_the_body_of_the_response_is_stored_on_request() -> None:
    with FakeServer(Answer("Hi"), forever=True) as server:
        client = AIModelClient(endpoint(server.url))
        plain, whole = client.generate("Hi"), client.generate("Hi", keep_provider_response=True)
    assert "provider_response" not in plain.chat_response.extras
    assert whole.chat_response.extras["provider_response"]["choices"][0]["message"]["content"] == "Hi"


def test_artifacts_of_a_stream_and_of_a_failure_are_written(tmp_path: Path) -> None:
    config = AIModelCallConfig(retries=0, artifact_config=ArtifactConfig(enabled=True, artifact_root=tmp_path))
    folder = tmp_path / "dai"
    with FakeServer(Answer("Hi there"), Refusal(500, "down")) as server:
        client = AIModelClient(endpoint(server.url), config)
        for _ in client.generate("Hi", streaming=True).stream_generator:
            pass
        written = json.loads((folder / "dai_response.json").read_text())
        assert written["choices"][0]["contents"][0]["text"] == "Hi there"
        (folder / "dai_response.json").unlink()
        with pytest.raises(ServerError):
            client.generate("Again", options={"api_key": "sk-secret"})
    assert json.loads((folder / "dai_request.json").read_text())["messages"][0]["contents"][0]["text"] == "Again"
    assert sys.platform == "win32" or (folder / "dai_request.json").stat().st_mode & 0o077 == 0, "for its owner alone"
    assert not (folder / "dai_response.json").exists()
    assert "sk-secret" not in "".join(file.read_text() for file in folder.iterdir())


def test_a_folder_that_cannot_be_written_does_not_stop_the_call(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "dai").write_text("a file, not a folder")
    config = AIModelCallConfig(artifact_config=ArtifactConfig(enabled=True, artifact_root=tmp_path))
    with FakeServer(Answer("Hi")) as server, caplog.at_level("WARNING", logger="dhenara"):
        assert AIModelClient(endpoint(server.url), config).generate("Hi").chat_response.text == "Hi"
    assert "was not written" in caplog.text


def test_artifacts_need_a_folder() -> None:
    with pytest.raises(ValueError, match="artifact_root is required when artifacts are enabled"):
        ArtifactConfig(enabled=True)
