"""What was said so far: turns that are counted, taken back, chosen from, and saved. Who is asked is not known here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import ConfigurationError
from ..history.parsing import MessageLike
from ..pipeline.usage_totals import total_usage
from ..types.cost import Cost
from ..types.fingerprint import Fingerprint
from ..types.message import Message
from ..types.response import ChatResponse
from ..types.run import Run
from ..types.usage import Usage
from .caching import explain
from .fingerprints import compacted
from .run_turns import continue_turn, run_turn
from .serialization import SavedConversation
from .totals import total_cost
from .turn import Turn, as_tuple, read


class TurnHistory:
    """`instructions` hold until they are changed; those given with one question hold for that one."""

    def __init__(self, instructions: Sequence[str] = (), turns: Sequence[Turn] = ()) -> None:
        self.instructions: tuple[str, ...] = tuple(instructions)
        self._turns: list[Turn] = []
        for turn in turns:
            self._append(turn)

    @property
    def turns(self) -> tuple[Turn, ...]:
        return tuple(self._turns)

    @property
    def messages(self) -> list[Message]:
        """Everything that was said, as `generate` takes it."""
        return [message for turn in self._turns for message in turn.messages]

    @property
    def last(self) -> ChatResponse | None:
        """The latest answer."""
        return self._turns[-1].answer if self._turns else None

    @property
    def usage(self) -> Usage:
        """The tokens of all turns, those that were undone not among them."""
        return total_usage(turn.usage for turn in self._turns)

    @property
    def cost(self) -> Cost:
        """What all turns cost; unknown where one of them is."""
        return total_cost([turn.cost for turn in self._turns])

    def record(
        self,
        *prompts: MessageLike,
        answer: ChatResponse,
        instructions: Sequence[str] | str = (),
        choice: int = 0,
        fingerprint: Fingerprint | None = None,
    ) -> Turn:
        """Writes down a turn that was made elsewhere."""
        data = list(as_tuple(instructions))
        turn = Turn(prompt=read(prompts), instructions=data, answer=answer, choice=choice, fingerprint=fingerprint)
        return self._append(turn)

    def _append(self, turn: Turn) -> Turn:
        self._turns.append(compacted(turn, self._turns))
        return self._turns[-1]

    def record_run(self, *prompts: MessageLike, run: Run[Any], instructions: Sequence[str] | str = ()) -> Turn:
        """Writes down a run over tools that was asked with these messages and `said`: the whole of it is one turn.

        A run to which nothing was said goes on with the last turn, and becomes a part of it.
        """
        request, data = read(prompts), as_tuple(instructions)
        begun = self._turns.pop() if self._turns and not request else None
        return self._append(run_turn(request, data, run) if begun is None else continue_turn(begun, data, run))

    def _record_run(self, prompt_messages: Sequence[MessageLike], system: Sequence[str], run: Run[Any]) -> None:
        """A run in which nothing had happened before it failed, or was left, leaves no trace."""
        if run.added or run.stopped == "answered":
            self.record_run(*prompt_messages, run=run, instructions=system)

    def choose(self, choice: int) -> Turn:
        """Goes on with another of the answers to the last question."""
        turn = self._last_turn()
        if not 0 <= choice < len(turn.answer.choices):
            raise ConfigurationError(f"the last turn has {len(turn.answer.choices)} answers, so there is no {choice}")
        if turn.exchange is not None and choice:
            raise ConfigurationError("a turn in which tools ran goes on with the answer that it ended with")
        self._turns[-1] = turn.model_copy(update={"choice": choice})
        return self._turns[-1]

    def undo(self) -> Turn:
        """Takes the last turn back, and gives it to you."""
        turn = self._last_turn()
        self._turns.pop()
        return turn

    def explain_cache(self, turn: int = -1) -> str:
        """Why the provider's prompt cache did, or did not, know the beginning of this turn."""
        self._last_turn()
        return explain(self._turns, range(len(self._turns))[turn])

    def to_json(self) -> bytes:
        """The whole conversation, for `from_json`. Keys and endpoints are not in it."""
        return SavedConversation(instructions=list(self.instructions), turns=self._turns).model_dump_json().encode()

    def save(self, path: str | Path) -> None:
        Path(path).write_bytes(self.to_json())

    def _last_turn(self) -> Turn:
        if not self._turns:
            raise ConfigurationError("this conversation has no turns yet: ask something first")
        return self._turns[-1]
