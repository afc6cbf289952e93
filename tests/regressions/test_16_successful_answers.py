"""Ids, model names and finish reasons of a successful answer do not show a secret that the server echoes there."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer
from dhenara.ai.testing.answer import Raw
from dhenara.ai.types import AIModel, AIModelAPI, AIModelCallConfig, AIModelEndpoint
from support.worlds import World

KEY, HEADER, CALL = "sk-Live/0+secret=Key", "tenant-blue-7351", "call-header-8842"
SECRETS = (KEY, HEADER, CALL)
SUFFIX = {"openai": "/v1", "google_ai": "/v1beta"}
FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "percent": lambda text: quote(text, safe=""),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "upper": str.upper,
}
Body = dict[str, Any]


def endpoint(server: FakeServer, provider: str = "openai") -> AIModelEndpoint:
    config = {"base_url": f"{server.url}{SUFFIX.get(provider, '')}", "headers": {"X-Tenant": HEADER}}
    api = AIModelAPI(provider=provider, api_key=KEY, config=config)
    return AIModelEndpoint(api=api, ai_model=AIModel(model_name="fake-1"))


def config() -> AIModelCallConfig:
    return AIModelCallConfig(headers={"X-Call": CALL}, retries=0)


def chat(word: str) -> Body:
    choice = {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": f"stop {word}"}
    return {"id": word, "model": f"m {word}", "system_fingerprint": word, "choices": [choice]}


def messages(word: str) -> Body:
    content = [{"type": "text", "text": "hi"}]
    reported = {"type": "message", "id": word, "model": word, "role": "assistant", "content": content}
    return {**reported, "stop_reason": "stop_sequence", "stop_sequence": word, "container": {"id": word}}


def gemini(word: str) -> Body:
    candidate = {"content": {"parts": [{"text": "hi"}]}, "finishReason": "OTHER", "finishMessage": word}
    return {"candidates": [candidate], "modelVersion": word, "responseId": word}


BODIES = {"openai": chat, "anthropic": messages, "google_ai": gemini}


def streamed(provider: str, body: Body) -> bytes:
    """The same answer as a stream of one or two events."""
    match provider:
        case "openai":
            choice = body["choices"][0]
            body = {**body, "choices": [{**choice, "delta": choice["message"]}]}
            return b"data: " + json.dumps(body).encode() + b"\n\ndata: [DONE]\n\n"
        case "anthropic":
            start = {"type": "message_start", "message": body}
            return b"data: " + json.dumps(start).encode() + b'\n\ndata: {"type": "message_stop"}\n\n'
    return b"data: " + json.dumps(body).encode() + b"\n\n"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("provider", BODIES)
@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
def test_a_successful_answer_shows_no_secret(
    form: str, provider: str, streaming: bool, world: World, server: FakeServer
) -> None:
    word = " | ".join(FORMS[form](secret) for secret in SECRETS)
    body = BODIES[provider](word)
    kind = {"content-type": "text/event-stream"} if streaming else {}
    server.add_replies(Raw(streamed(provider, body) if streaming else json.dumps(body).encode(), 200, kind))
    client = AIModelClient(endpoint(server, provider), config())
    shown, text = [], ""
    if streaming:
        for chunk, answer in world.stream(client, "?"):
            shown += [repr(chunk), repr(answer), answer.model_dump_json() if answer else ""]
            text = answer.chat_response.text() if answer else text
    else:
        answer = world.run(client, "?")
        shown, text = [repr(answer), answer.model_dump_json()], answer.chat_response.text()
    world.close(client)
    assert text == "hi"
    assert [secret for secret in SECRETS if any(FORMS[form](secret) in one or secret in one for one in shown)] == []


def test_ids_without_secrets_stay_as_they_are(server: FakeServer) -> None:
    server.add_replies(Raw(json.dumps(chat("chatcmpl-123")).encode()))
    with AIModelClient(endpoint(server), config()) as client:
        answer = client.generate("?").chat_response
    assert answer is not None
    assert (answer.id, answer.model) == ("chatcmpl-123", "m chatcmpl-123")
    assert answer.extras["system_fingerprint"] == "chatcmpl-123"
