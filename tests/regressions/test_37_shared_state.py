"""Tests know nothing of one another: what a process learns ends with the test, like the port of its server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, Refusal
from support.worlds import endpoint


@pytest.fixture(scope="module")
def shared() -> Iterator[FakeServer]:
    """A server that outlives its tests."""
    with FakeServer() as running:
        yield running


@pytest.mark.parametrize("test", ["first", "second"])
def test_a_constraint_is_learned_for_one_test(test: str, shared: FakeServer) -> None:
    unsupported = Refusal(400, "Unsupported parameter: 'temperature' is not supported with this model.")
    shared.add_replies(unsupported, Answer(text="Hello!"))
    begun = len(shared.exchanges)
    with AIModelClient(endpoint(shared.url)) as client:
        client.generate("?", temperature=0.2)
    assert ["temperature" in one.json for one in shared.exchanges[begun:]] == [True, False]
