"""The pytest plugin that is installed with this package: the fixture `fake_provider`.

pytest loads this module in every run, so it imports the fake server only where the fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from dhenara.ai.testing import FakeServer


@pytest.fixture
def fake_provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    """A fake provider that every client without an address of its own calls, whatever its provider.

    Tell it what to answer with `add_replies(Answer(text=...))`; what it was asked is in `exchanges`. A request without
    a reply fails the test.
    """
    from dhenara.ai.testing import FakeServer
    from dhenara.ai.testing.server import fake_environment

    with FakeServer() as server:
        for name, value in fake_environment(server.url).items():
            if value:
                monkeypatch.setenv(name, value)
            else:
                monkeypatch.delenv(name, raising=False)
        yield server
