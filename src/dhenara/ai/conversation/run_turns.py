"""Builds turns from runs, and continues them with later runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..pipeline.usage_totals import total_cost, total_usage
from ..types.message import Message
from ..types.response import ChatResponse
from ..types.run import Run
from .turn import Turn, TurnExchange


def run_turn(prompt_messages: Sequence[Message], system: Sequence[str], run: Run[Any]) -> Turn:
    """Return the turn of a run: the prompt and everything that the run added."""
    return Turn(
        prompt=list(prompt_messages),
        instructions=list(system),
        answer=run.response or ChatResponse(),
        fingerprint=run.steps[-1].response.fingerprint if run.steps else None,
        exchange=TurnExchange(messages=[*prompt_messages, *run.added], usage=run.usage, cost=run.cost),
    )


def continue_turn(begun: Turn, system: Sequence[str], run: Run[Any]) -> Turn:
    """Return the turn extended by a later run, for example after a tool call was approved."""
    later = run_turn((), system, run)
    whole = TurnExchange(
        messages=[*begun.messages, *run.added],
        usage=total_usage((begun.usage, run.usage)),
        cost=total_cost((begun.cost, run.cost)),
    )
    return Turn(
        prompt=begun.prompt,
        instructions=later.instructions or begun.instructions,
        answer=run.response or begun.answer,
        fingerprint=later.fingerprint or begun.fingerprint,
        exchange=whole,
    )
