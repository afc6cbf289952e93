"""A conversation that is too long loses its oldest rounds, whole ones, and says so."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from dhenara.ai import AIModelClient
from dhenara.ai.errors import UnsupportedError
from dhenara.ai.history.preparation import repair_history, size, truncate_history
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModelCallConfig, ContextPolicy, Message, ToolCallContent, ToolResultContent
from support.calls import histories
from support.worlds import World, endpoint

SMALL = ContextPolicy(max_input_tokens=60)


def test_the_oldest_rounds_are_left_out(world: World, server: FakeServer) -> None:
    server.add_replies(Answer(text="Yes."))
    client = AIModelClient(endpoint(server.url))
    history = [
        provided for number in range(9) for provided in ({"role": "user", "text": f"Question {number}? " * 4}, "Fine.")
    ]
    answer = world.run(client, messages=[*history, "Last?"], context_policy=SMALL)
    sent = server.exchanges[0].json["messages"]
    assert sent[-1]["content"] == "Last?"
    assert 1 < len(sent) < 9
    assert "rounds were dropped" in answer.chat_response.warnings[0].message
    world.close(client)


def test_strict_refuses_to_leave_anything_out(server: FakeServer) -> None:
    client = AIModelClient(endpoint(server.url))
    with pytest.raises(UnsupportedError, match="dropped"):
        client.generate(messages=["A long question? " * 40, "And?"], context_policy=SMALL, strict=True)
    assert server.exchanges == []


@given(turns=histories(), most=st.integers(1, 400))
def test_the_truncated_history_fits_and_has_complete_rounds(turns: tuple[Message, ...], most: int) -> None:
    turns, _ = repair_history(turns)
    config = AIModelCallConfig(context_policy=ContextPolicy(max_input_tokens=most))
    retained, warnings = truncate_history(turns, (), config)
    assert retained[-1] == turns[-1]
    assert [m for m in retained if m in turns] == list(retained)
    assert sum(map(size, retained)) <= most or any("has about" in warning.message for warning in warnings)
    assert (retained == turns) or warnings
    made = {part.id for m in retained for part in m.contents if isinstance(part, ToolCallContent)}
    answered = {part.call_id for m in retained for part in m.contents if isinstance(part, ToolResultContent)}
    assert made == answered
