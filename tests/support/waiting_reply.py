"""A reply whose rest is sent when a test has seen what it waits for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dhenara.ai.testing.answer import ReceivedRequest, Reply, Step


@dataclass(frozen=True)
class WaitingReply:
    """Another reply that waits before one of its steps.

    Attributes:
        reply: The reply.
        before: The step, from 0.
        wait: Returns when that step may be sent.
    """

    reply: Reply
    before: int
    wait: Callable[[], object]

    def steps(self, request: ReceivedRequest) -> Iterator[Step]:
        for number, step in enumerate(self.reply.steps(request)):
            if number == self.before:
                self.wait()
            yield step
