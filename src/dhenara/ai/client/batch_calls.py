"""Builds the calls of a batch from prompts, one at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..errors import ConfigurationError
from ..history.parsing import MessageLike, read_history
from ..history.repair import repair_history
from ..history.stored import continues_stored_history
from ..history.truncation import truncate_history
from ..types.batch import BatchJob
from ..types.call import Call, CallJournal
from ..types.call_config import AIModelCallConfig
from ..types.endpoint import AIModelEndpoint
from ..types.message import Message
from .call_factory import check_options

BatchPrompt = MessageLike | Sequence[MessageLike]


def calls_of(
    prompts: Iterable[BatchPrompt], instructions: tuple[str, ...], config: AIModelCallConfig, endpoint: AIModelEndpoint
) -> Iterator[Call]:
    """Build a call from each prompt as `generate` does, lazily."""
    for number, prompt in enumerate(prompts, 1):
        try:
            history, warnings = repair_history(
                read_history(None, None, messages_before(prompt)),
                stored=continues_stored_history(config, endpoint.ai_model),
            )
            saved, left_out = truncate_history(history, instructions, config)
        except ConfigurationError as error:
            raise ConfigurationError(f"prompt {number}: {error}") from error
        call = Call(endpoint, saved, config, instructions, journal=CallJournal(warnings=(*warnings, *left_out)))
        check_options(call)
        yield call


def messages_before(prompt: Any) -> Sequence[MessageLike]:
    """Return a conversation unchanged; wrap any other prompt in a list."""
    if isinstance(prompt, list | tuple) and any(isinstance(one, Message) or is_message(one) for one in prompt):
        return prompt
    return [prompt]


def is_message(given: Any) -> bool:
    return isinstance(given, Mapping) and "role" in given


def as_job(given: BatchJob | str) -> BatchJob:
    """Return the job; a plain id becomes a job with only that id."""
    return BatchJob(batch_id=given) if isinstance(given, str) else given
