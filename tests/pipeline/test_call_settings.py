"""Settings of a call reach the requests of every operation, in sync and in async code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dhenara.ai.errors import ServerError
from dhenara.ai.testing import FakeServer, Refusal
from support.operations import CHAT, ENGINE_CALLS, FOLDER, STORE_CALLS, call_in, engine_client
from support.worlds import ASYNC_WORLDS, Blocking, World

SETTINGS: dict[str, Any] = {"headers": {"x-team": "search"}, "retries": 1, "retry_delay": 0.001}


@pytest.mark.parametrize("world", [Blocking(), ASYNC_WORLDS[0]], ids=lambda world: world.name)
@pytest.mark.parametrize("method", [*ENGINE_CALLS, *(f"vector_stores.{name}" for name in STORE_CALLS)])
def test_headers_and_retries_reach_every_operation(
    method: str, world: World, server: FakeServer, tmp_path: Path
) -> None:
    server.add_replies(Refusal(503, "down"), Refusal(503, "down"))
    (tmp_path / "SKILL.md").write_text("---\nname: a\ndescription: b\n---\n")
    of_stores, _, name = method.rpartition(".")
    model, arguments, options = (CHAT, STORE_CALLS[name], {}) if of_stores else ENGINE_CALLS[name]
    client = engine_client(name, model, server)
    owner = client.vector_stores if of_stores else client
    arguments = tuple(tmp_path if one == FOLDER else one for one in arguments)
    with pytest.raises(ServerError):
        call_in(world, owner, name, arguments, {**options, **SETTINGS})
    world.close(client)
    assert [exchange.headers.get("x-team") for exchange in server.exchanges] == ["search"] * 2
