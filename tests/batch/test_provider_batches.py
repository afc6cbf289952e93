"""Batches of a provider through the kit's clients, in every world."""

from __future__ import annotations

import json
from typing import Any

from dhenara.ai.testing import FakeServer, Raw
from support.kit import Uniform, run, settings
from support.worlds import World


def reported(body: Any) -> Raw:
    return Raw(json.dumps(body).encode())


def test_prompts_are_handed_over_and_answers_come_back(world: World, server: FakeServer) -> None:
    message = {"role": "assistant", "content": "Paris"}
    answer = {"id": "c", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    done = reported({"id": "batch_1", "status": "completed", "output_file_id": "out"})
    line = {"custom_id": "0", "response": {"status_code": 200, "body": answer}}
    server.add_replies(
        reported({"id": "file-1", "filename": "b", "bytes": 1}), reported({"id": "batch_1", "status": "validating"})
    )
    server.add_replies(done, done, reported(line))

    async def script(client: Uniform) -> Any:
        job = await client.submit_batch(["The capital of France?"], max_tokens=20)
        return await client.batch_results(await client.wait_for_batch(job, every=0.01))

    actual = run(world, script, settings(server.url, provider="groq", system_prompt="One word.", temperature=0.5))
    assert [item.text for item in actual] == ["Paris"]
    sent = server.exchanges[0].body
    assert b"One word." in sent
    assert b'"max_completion_tokens":20' in sent
    assert b'"temperature":0.5' in sent
