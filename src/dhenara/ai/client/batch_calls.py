"""Calls of a batch out of what the user gives, made one by one as they are needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError
from ..history.mending import mended
from ..history.reading import read_history
from ..history.stored import continues_stored_history
from ..types.call import Call, Journal
from .asking import check_options

if TYPE_CHECKING:
    from ..history.reading import MessageLike
    from ..types.batch import BatchJob
    from ..types.call_config import AIModelCallConfig
    from ..types.endpoint import AIModelEndpoint

    Prompt = MessageLike | Sequence[MessageLike]


def calls_of(
    prompts: Iterable[Prompt], told: tuple[str, ...], config: AIModelCallConfig, endpoint: AIModelEndpoint
) -> Iterator[Call]:
    """Each as `generate` would make it."""
    from ..history.trimming import trimmed

    for number, prompt in enumerate(prompts, 1):
        try:
            history, warnings = mended(
                read_history(None, None, said_before(prompt)),
                stored=continues_stored_history(config, endpoint.ai_model),
            )
            kept, left_out = trimmed(history, told, config)
        except ConfigurationError as error:
            raise ConfigurationError(f"prompt {number}: {error}") from error
        call = Call(endpoint, kept, config, told, journal=Journal(warnings=(*warnings, *left_out)))
        check_options(call)
        yield call


def said_before(prompt: Any) -> Sequence[MessageLike]:
    """A conversation as it is; anything else is what the user says now."""
    from ..types.message import Message

    if isinstance(prompt, list | tuple) and any(isinstance(one, Message) or is_turn(one) for one in prompt):
        return prompt
    return [prompt]


def is_turn(given: Any) -> bool:
    return isinstance(given, Mapping) and "role" in given


def as_job(given: BatchJob | str) -> BatchJob:
    """A batch of which only the id is known."""
    from ..types.batch import BatchJob

    return BatchJob(batch_id=given) if isinstance(given, str) else given
