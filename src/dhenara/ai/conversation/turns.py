"""The history of a conversation: adds, removes, selects and saves turns, with fingerprints stored as differences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import ConfigurationError
from ..history.parsing import MessageLike, read_instructions
from ..output_files import require_path, save_output
from ..types.chat.cost import Cost
from ..types.chat.message import Message
from ..types.chat.report import Fingerprint
from ..types.chat.response import ChatResponse
from ..types.chat.run import Run
from ..types.chat.usage import Usage, total_usage
from ..types.display import ShortRepr, Shown
from ..types.model_base import require_type
from .turn import (
    SavedConversation,
    Turn,
    answers_since,
    continue_turn,
    read,
    read_saved,
    resumed_turn,
    run_turn,
    turns_cost,
)


def compacted(turn: Turn, earlier: Sequence[Turn]) -> Turn:
    """Return the turn with its fingerprint reduced to the difference to the latest turn of the same model."""
    if turn.fingerprint is None or turn.fingerprint.since is not None:
        return turn
    who = turn.answer.provider, turn.answer.model
    places = reversed(range(len(earlier)))
    place = next((at for at in places if earlier[at].fingerprint and is_of(earlier[at], who)), None)
    if place is None:
        return turn
    base, whole = earlier[place].fingerprint, expanded(earlier, place)
    if base is None or whole is None:
        return turn
    return turn.model_copy(update={"fingerprint": turn.fingerprint.without(whole, base.digest)})


def is_of(turn: Turn, who: tuple[str | None, str | None]) -> bool:
    return (turn.answer.provider, turn.answer.model) == who


def expanded(turns: Sequence[Turn], place: int) -> Fingerprint | None:
    """Return the complete fingerprint of a turn; None if it has none or an earlier one it refers to is missing."""
    fingerprint = turns[place].fingerprint
    differences: list[Fingerprint] = []
    while fingerprint is not None and fingerprint.since is not None:
        differences.append(fingerprint)
        place = base_of(turns, place, fingerprint.since)
        fingerprint = turns[place].fingerprint if place >= 0 else None
    if fingerprint is None:
        return None
    parts = {part.name: part for part in fingerprint.parts}
    for difference in reversed(differences):
        for name in difference.gone:
            parts.pop(name, None)
        parts.update((part.name, part) for part in difference.parts)
    return Fingerprint(parts=sorted(parts.values(), key=lambda part: part.place))


def base_of(turns: Sequence[Turn], place: int, digest: str) -> int:
    """Return the index of the earlier turn with this fingerprint, or -1."""
    for at in range(place - 1, -1, -1):
        fingerprint = turns[at].fingerprint
        if fingerprint is not None and fingerprint.digest == digest:
            return at
    return -1


NAMES = {"instructions": "the instructions changed", "model": "the model changed"}


def explain(turns: Sequence[Turn], place: int) -> str:
    """Return one sentence about the turn at this index."""
    turn = turns[place]
    usage = turn.answer.usage
    read = usage.cache_read_tokens
    if read:
        return f"{read} of {usage.prompt_tokens} prompt tokens were read from the cache."
    places = reversed(range(place))
    before = next(
        (at for at in places if turns[at].answer.provider == turn.answer.provider and turns[at].fingerprint), None
    )
    if turn.fingerprint is None:
        return "Unknown: this turn has no request fingerprint. Set `fingerprint=True`."
    if before is None:
        return f"Nothing could be cached: this is the first turn sent to {turn.answer.provider}."
    earlier, here = expanded(turns, before), expanded(turns, place)
    if earlier is None or here is None:
        return "Unknown: the earlier turns that the fingerprint refers to are missing."
    changed = here.changed_since(earlier)
    if changed is None:
        return (
            "The request starts with the complete previous request, so it could have been cached: "
            "the prompt may be too short, the cache may have expired, or a cache mark may be needed (`cache=`)."
        )
    return f"Nothing was cached from this point on: {NAMES.get(changed, f'{changed} changed')}."


def markdown_lines(turn: Turn) -> Iterator[str]:
    """Yield what was asked and answered in a turn."""
    for message in turn.prompt:
        yield f"**{message.role}:** {message.text}"
    yield f"**{turn.model or 'assistant'}:** {turn.text}"


class TurnHistory(ShortRepr):
    """List of turns with instructions.

    Args:
        instructions: System instructions for all turns.
        turns: Turns to start with.
    """

    def __init__(self, instructions: Sequence[str] = (), turns: Sequence[Turn] = ()) -> None:
        require_type("Conversation", "turns", turns, (list, tuple), "a list of turns")
        for turn in turns:
            require_type("Conversation", "turns", turn, Turn, "a list of turns")
        self.instructions: tuple[str, ...] = read_instructions(instructions)
        self._turns: list[Turn] = []
        self._own_files: set[Path] = set()
        for turn in turns:
            self._append(turn)

    def _shown(self) -> Shown:
        yield "turns", len(self._turns)
        yield "model", None if self.last is None else self.last.model
        yield "last", self._turns[-1].text if self._turns else None

    def _repr_markdown_(self) -> str:
        return "\n\n".join(line for turn in self._turns for line in markdown_lines(turn)) or f"`{self!r}`"

    @property
    def turns(self) -> tuple[Turn, ...]:
        return tuple(self._turns)

    @property
    def messages(self) -> list[Message]:
        """All messages so far, in the form that `generate` accepts."""
        return [message for turn in self._turns for message in turn.messages]

    @property
    def last(self) -> ChatResponse | None:
        """The last response, or None."""
        return self._turns[-1].answer if self._turns else None

    @property
    def usage(self) -> Usage:
        """Token usage of all turns, without undone ones."""
        return total_usage(turn.usage for turn in self._turns)

    @property
    def cost(self) -> Cost:
        """Cost of all turns; unknown if the cost of one is."""
        return turns_cost([turn.cost for turn in self._turns])

    def record(
        self,
        *prompts: MessageLike,
        answer: ChatResponse,
        instructions: Sequence[str] | str = (),
        choice: int = 0,
        fingerprint: Fingerprint | None = None,
    ) -> Turn:
        """Add a turn that was made outside this conversation.

        Args:
            *prompts: The messages that were sent.
            answer: The response.
            instructions: System instructions of this turn only.
            choice: Index of the choice to continue with.
            fingerprint: Fingerprint of the request.

        Returns:
            The turn.
        """
        system = list(read_instructions(instructions))
        turn = Turn(prompt=read(prompts), instructions=system, answer=answer, choice=choice, fingerprint=fingerprint)
        return self._append(turn)

    def _append(self, turn: Turn) -> Turn:
        self._turns.append(compacted(turn, self._turns))
        return self._turns[-1]

    def record_run(self, *prompts: MessageLike, run: Run[Any], instructions: Sequence[str] | str = ()) -> Turn:
        """Add a run made outside this conversation as one turn.

        Args:
            *prompts: The messages it was started with; none extends the last turn.
            run: The run.
            instructions: System instructions of this turn only.

        Returns:
            The turn.
        """
        request, system = read(prompts), read_instructions(instructions)
        begun = self._turns.pop() if self._turns and not request else None
        return self._append(run_turn(request, system, run) if begun is None else continue_turn(begun, system, run))

    def _record_run(self, prompt_messages: Sequence[MessageLike], system: Sequence[str], run: Run[Any]) -> None:
        """Add the run unless it failed or was closed before anything happened."""
        if run.added or run.stopped == "answered":
            self.record_run(*prompt_messages, run=run, instructions=system)

    def _to_resume(self, given: Run[Any] | str | bytes) -> Run[Any]:
        """Return a run to resume with the messages of the conversation; raise if it is not that of the last turn."""
        run: Run[Any] = Run.from_json(given) if isinstance(given, str | bytes) else given
        require_type("resume", "run", run, Run, "a run of this conversation, or its JSON")
        turn = self._turns[-1] if self._turns else None
        known = turn.run if turn is not None else None
        if turn is None or known is None or known.record.id != run.record.id:
            raise ConfigurationError(
                "resume= takes the run of the last turn while its calls are pending, and this is another one. Leave it "
                "out: run(tools=..., approve=...) without a prompt continues the last turn."
            )
        added = turn.messages[len(turn.prompt) :]
        return run if run.messages else replace(run, messages=tuple(self.messages), added=tuple(added))

    def _record_resumed(self, saved: Run[Any], run: Run[Any]) -> None:
        """Put the resumed run in the place of the last turn, unless it ended before anything happened."""
        has_begun = run.record.calls > saved.record.calls or bool(answers_since(saved, run))
        if len(run.added) > len(saved.added) or (len(run.added) == len(saved.added) and has_begun):
            self._append(resumed_turn(self._turns.pop(), saved, run))

    def choose(self, choice: int) -> Turn:
        """Continue with another choice of the last response.

        Args:
            choice: Index of the choice.

        Returns:
            The changed turn.

        Raises:
            ConfigurationError: If there is no such choice, or tools ran in the turn.
        """
        turn = self._last_turn()
        if not 0 <= choice < len(turn.answer.choices):
            raise ConfigurationError(
                f"the last turn has {len(turn.answer.choices)} choices; there is no choice {choice}"
            )
        if turn.exchange is not None and choice:
            raise ConfigurationError("cannot choose in a turn in which tools ran")
        self._turns[-1] = turn.model_copy(update={"choice": choice})
        return self._turns[-1]

    def undo(self) -> Turn:
        """Remove and return the last turn."""
        turn = self._last_turn()
        self._turns.pop()
        return turn

    def explain_cache(self, turn: int = -1) -> str:
        """Explain in one sentence why the provider's prompt cache was used, or not, for a turn.

        Args:
            turn: Index of the turn. Default -1: the last one.
        """
        self._last_turn()
        return explain(self._turns, range(len(self._turns))[turn])

    def to_json(self) -> bytes:
        """Return the conversation as JSON for `from_json`, without API keys and endpoints."""
        return SavedConversation(instructions=list(self.instructions), turns=self._turns).model_dump_json().encode()

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Save the conversation as JSON for `load`.

        A file that this conversation was saved to or loaded from is replaced, and one with an earlier state too.

        Args:
            path: The file.
            overwrite: Whether to replace any other file too (default False).

        Raises:
            OutputExistsError: If the file exists and holds something else.
            ConfigurationError: If it cannot be written.
        """
        target = require_path("save(path)", path).resolve()
        own = overwrite or target in self._own_files or self._continues(target)
        save_output(target, self.to_json(), overwrite=own)
        self._own_files.add(target)

    def remember_file(self, path: str | Path) -> None:
        """Note that this conversation was read from a file, so that `save` may replace it.

        Args:
            path: Path of the file.
        """
        self._own_files.add(Path(path).resolve())

    def _continues(self, path: Path) -> bool:
        """Whether the file holds an earlier state of this conversation."""
        try:
            earlier = read_saved(path.read_bytes()).turns if path.is_file() else None
        except (ConfigurationError, OSError):
            return False
        if earlier is None or len(earlier) > len(self._turns):
            return False
        return all(
            one.model_dump_json() == turn.model_dump_json() for one, turn in zip(earlier, self._turns, strict=False)
        )

    def _last_turn(self) -> Turn:
        if not self._turns:
            raise ConfigurationError("the conversation has no turns yet. Call ask() first.")
        return self._turns[-1]
