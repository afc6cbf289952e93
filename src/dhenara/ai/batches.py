"""Batches of a provider, each operation in both colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .asking import read_instructions
from .errors import UnsupportedError
from .history import read_history
from .operating import Operating
from .runtime.blocking import run

if TYPE_CHECKING:
    from .flow.batches import Batching
    from .history import MessageLike
    from .types.batch import BatchJob, BatchResults
    from .types.call import Call

    Asked = MessageLike | Sequence[MessageLike]

A_DAY = 86_400.0


class Batches(Operating):
    """A `BatchJob` can be kept as JSON (`job.model_dump_json()`) and read again by another process."""

    def submit_batch(
        self, prompts: Sequence[Asked], *, instructions: str | Sequence[str] | None = None, **settings: Any
    ) -> BatchJob:
        """Hands over one call a prompt, or a list of messages; settings are those of `generate`, for all of them."""
        return run(self._submit(prompts, instructions, settings, is_async=False))

    async def submit_batch_async(
        self, prompts: Sequence[Asked], *, instructions: str | Sequence[str] | None = None, **settings: Any
    ) -> BatchJob:
        """The same, awaited."""
        return await self._submit(prompts, instructions, settings, is_async=True)

    def get_batch(self, job: BatchJob | str, **settings: Any) -> BatchJob:
        """The batch as it stands now."""
        return run(self._batching(settings, is_async=False).refresh(as_job(job)))

    async def get_batch_async(self, job: BatchJob | str, **settings: Any) -> BatchJob:
        """The same, awaited."""
        return await self._batching(settings, is_async=True).refresh(as_job(job))

    def cancel_batch(self, job: BatchJob | str, **settings: Any) -> BatchJob:
        """What is not answered yet will not be; answers that are there stay."""
        return run(self._batching(settings, is_async=False).cancel(as_job(job)))

    async def cancel_batch_async(self, job: BatchJob | str, **settings: Any) -> BatchJob:
        """The same, awaited."""
        return await self._batching(settings, is_async=True).cancel(as_job(job))

    def wait_for_batch(
        self, job: BatchJob | str, *, wait: float = A_DAY, every: float | None = None, **settings: Any
    ) -> BatchJob:
        """The batch once it is over, asked for every so many seconds, or less and less often."""
        return run(self._batching(settings, is_async=False).wait(as_job(job), wait, every))

    async def wait_for_batch_async(
        self, job: BatchJob | str, *, wait: float = A_DAY, every: float | None = None, **settings: Any
    ) -> BatchJob:
        """The same, awaited."""
        return await self._batching(settings, is_async=True).wait(as_job(job), wait, every)

    def batch_results(self, job: BatchJob | str, **settings: Any) -> BatchResults:
        """An answer or an error for each prompt, in their order, with what all of them cost."""
        return run(self._batching(settings, is_async=False).results(as_job(job)))

    async def batch_results_async(self, job: BatchJob | str, **settings: Any) -> BatchResults:
        """The same, awaited."""
        return await self._batching(settings, is_async=True).results(as_job(job))

    async def _submit(
        self,
        prompts: Sequence[Asked],
        instructions: str | Sequence[str] | None,
        settings: Mapping[str, Any],
        *,
        is_async: bool,
    ) -> BatchJob:
        said = {name: value for name, value in settings.items() if name in ("timeout", "retries", "headers", "strict")}
        batching = self._batching(said, is_async=is_async)
        told = read_instructions(instructions)
        return await batching.submit([self._one(prompt, told, settings, is_async) for prompt in prompts])

    def _one(self, prompt: Asked, told: tuple[str, ...], settings: Mapping[str, Any], is_async: bool) -> Call:
        messages = read_history(None, None, said_before(prompt))
        _, call = self._asked("chat", None, {}, settings, is_async, messages)
        return replace(call, endpoint=self._journey("chat", is_async=is_async).target.endpoint, instructions=told)

    def _batching(self, settings: Mapping[str, Any], *, is_async: bool) -> Batching:
        from .flow.batches import Batching
        from .types.batch import BatchRequest

        own, call = self._asked("batches", BatchRequest, {"action": "get"}, settings, is_async)
        try:
            files = self._journey("files", is_async=is_async)
        except UnsupportedError:
            files = None
        return Batching(own, self._journey("chat", is_async=is_async).target, files, call)


def said_before(prompt: Any) -> Sequence[MessageLike]:
    """A conversation as it is; anything else is what the user says now."""
    from .types.message import Message

    if isinstance(prompt, list | tuple) and any(isinstance(one, Message) or is_turn(one) for one in prompt):
        return prompt
    return [prompt]


def is_turn(given: Any) -> bool:
    return isinstance(given, Mapping) and "role" in given


def as_job(given: BatchJob | str) -> BatchJob:
    """A batch of which only the id is known."""
    from .types.batch import BatchJob

    return BatchJob(batch_id=given) if isinstance(given, str) else given
