"""Runs: call the model, execute the tools it requests, and repeat until there is a final response."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypedDict, TypeVar, Unpack, overload

from pydantic import ValidationError

import dhenara.ai.streams as streams
import dhenara.ai.types as types

from ..errors import ConfigurationError, SyncAsyncMismatchError
from ..history.parsing import MessageLike, take_instructions
from ..io.sync_io import run
from ..pipeline.pipeline import Pipeline
from ..types.chat.structured import checked_type
from ..types.config.call import AIModelCallConfig, Call
from ..types.config.call_options import AnswerOptions, OutputSchema, OutputType
from ..types.config.other_names import refuse_streaming
from ..types.tools.tool import Tool, is_awaitable
from .call_factory import as_config, describe_problems, override_config

if TYPE_CHECKING:
    from ..pipeline.agent.run_loop import RunLoop
    from ..pipeline.agent.run_state import RunEvent, RunPlan
    from ..pipeline.agent.toolbox import Approve
    from ..streams.chat import AsyncRunStream, RunStream
    from ..types.chat.run import Run, RunLimits

Shape = OutputSchema | None

T = TypeVar("T")


class RunsMixin:
    """Run methods of `AIModelClient`."""

    config: AIModelCallConfig
    is_async: bool | None

    @overload
    def run(self, prompt: MessageLike | None = None, *, output: type[T], **settings: Unpack[RunSettings]) -> Run[T]: ...
    @overload
    def run(
        self, prompt: MessageLike | None = None, *, output: Shape = None, **settings: Unpack[RunSettings]
    ) -> Run[Any]: ...
    def run(
        self, prompt: MessageLike | None = None, *, output: OutputType | None = None, **settings: Unpack[RunSettings]
    ) -> Run[Any]:
        """Call the model, execute requested tools, send their results, and repeat until the model gives a final
        response.

        Args:
            prompt: The new user message.
            output: Type of the structured output.
            **settings: Fields of `RunSettings`. `tools`: functions, model classes, `Tool` objects or provider-run
                tools.
                `limits`: limits of the run. `approve`: function that decides on tools that need approval.
                    `tool_errors`:
                `"send"` sends tool errors to the model, `"raise"` raises them. `repairs`: how often the model may
                correct invalid structured output. `on_event`: called with each event. `on_end`: called with the `Run`
                at the end, also if it failed or was closed.

        Returns:
            The run with its responses, messages, usage and output.

        Raises:
            RunLimitError: If a limit was reached.
            ToolFailedError: If a tool failed and `tool_errors="raise"`.
            OutputError: If the structured output is still invalid after all repairs.
        """
        loop = self._loop(prompt, output, streamed=False, **settings)
        while run(loop.pull()) is not None:
            pass
        return loop.run()

    @overload
    async def run_async(
        self, prompt: MessageLike | None = None, *, output: type[T], **settings: Unpack[RunSettings]
    ) -> Run[T]: ...
    @overload
    async def run_async(
        self, prompt: MessageLike | None = None, *, output: Shape = None, **settings: Unpack[RunSettings]
    ) -> Run[Any]: ...
    async def run_async(
        self, prompt: MessageLike | None = None, *, output: OutputType | None = None, **settings: Unpack[RunSettings]
    ) -> Run[Any]:
        """Async version of `run`; tools and `approve` may be sync or async functions."""
        loop = self._async_loop(prompt, output, streamed=False, **settings)
        while await loop.pull() is not None:
            pass
        return loop.run()

    @overload
    def run_streaming(
        self, prompt: MessageLike | None = None, *, output: type[T], **settings: Unpack[RunSettings]
    ) -> RunStream[T]: ...
    @overload
    def run_streaming(
        self, prompt: MessageLike | None = None, *, output: Shape = None, **settings: Unpack[RunSettings]
    ) -> RunStream[Any]: ...
    def run_streaming(
        self, prompt: MessageLike | None = None, *, output: OutputType | None = None, **settings: Unpack[RunSettings]
    ) -> RunStream[Any]:
        """Streaming version of `run`: an iterator of `(event, None)` that ends with `(None, run)`.

        Args:
            prompt: The new user message.
            output: Type of the structured output; None for text.
            **settings: See `RunSettings`.
        """
        return streams.RunStream(self._loop(prompt, output, streamed=True, **settings))

    @overload
    def run_streaming_async(
        self, prompt: MessageLike | None = None, *, output: type[T], **settings: Unpack[RunSettings]
    ) -> AsyncRunStream[T]: ...
    @overload
    def run_streaming_async(
        self, prompt: MessageLike | None = None, *, output: Shape = None, **settings: Unpack[RunSettings]
    ) -> AsyncRunStream[Any]: ...
    def run_streaming_async(
        self, prompt: MessageLike | None = None, *, output: OutputType | None = None, **settings: Unpack[RunSettings]
    ) -> AsyncRunStream[Any]:
        """Async version of `run_streaming`, for `async for`; not awaited itself."""
        return streams.AsyncRunStream(self._async_loop(prompt, output, streamed=True, **settings))

    def generate_typed(self, prompt: MessageLike | None, response_model: type[T], **settings: Unpack[RunSettings]) -> T:
        """Run and return the output as an object of a type.

        Args:
            prompt: The new user message; None with `messages`.
            response_model: A pydantic model, dataclass or any other type that pydantic can validate.
            **settings: As for `run`.

        Returns:
            An instance of `response_model`.

        Raises:
            OutputError: If the output is still invalid after all repairs.
        """
        return self.run(prompt, output=checked_type(prompt, response_model, "generate_typed"), **settings).output

    async def generate_typed_async(
        self, prompt: MessageLike | None, response_model: type[T], **settings: Unpack[RunSettings]
    ) -> T:
        """Async version of `generate_typed`."""
        return (
            await self.run_async(prompt, output=checked_type(prompt, response_model, "generate_typed"), **settings)
        ).output

    def _loop(
        self, prompt: MessageLike | None, output: OutputType | None, *, streamed: bool, **settings: Unpack[RunSettings]
    ) -> RunLoop:
        if self.is_async is True:
            raise SyncAsyncMismatchError("This client is async-only (is_async=True). Use run_async.")
        call, plan = self._plan_run(prompt, output, streamed, **settings)
        check_sync_tools(call, plan)
        return start_loop(self._sync_pipeline(), call, plan)

    def _async_loop(
        self, prompt: MessageLike | None, output: OutputType | None, *, streamed: bool, **settings: Unpack[RunSettings]
    ) -> RunLoop:
        if self.is_async is False:
            raise SyncAsyncMismatchError("This client is sync-only (is_async=False). Use run.")
        call, plan = self._plan_run(prompt, output, streamed, **settings)
        return start_loop(self._async_pipeline(), call, plan)

    def _plan_run(
        self,
        prompt: MessageLike | None,
        output: OutputType | None,
        streamed: bool,
        *,
        limits: RunLimits | None = None,
        approve: Approve | None = None,
        tool_errors: Literal["send", "raise"] | None = None,
        repairs: int | None = None,
        on_event: Callable[[RunEvent], None] | None = None,
        on_end: Callable[[Run[Any]], object] | None = None,
        context: Sequence[MessageLike] | None = None,
        instructions: str | Sequence[str] | None = None,
        messages: Sequence[MessageLike] | None = None,
        config: AIModelCallConfig | None = None,
        **options: Unpack[AnswerOptions],
    ) -> tuple[Call, RunPlan]:
        from ..pipeline.agent.run_state import RunPlan

        refuse_streaming(options, None if streamed else "run_streaming")
        if output is not None:
            options["structured_output"] = output
        plan: dict[str, Any] = {
            "limits": read_limits(limits),
            "approve": approve,
            "tool_errors": tool_errors,
            "repairs": repairs,
            "on_event": on_event,
            "on_end": on_end,
        }
        system = take_instructions(instructions, options)
        settings = override_config(as_config(config, self.config), streaming=streamed, **options)
        check_plan(plan)
        call = self._call(prompt, context, system, messages, settings, open_end=True)
        call = replace(call, context=copy_context())
        return call, RunPlan(streaming=streamed, **{name: value for name, value in plan.items() if value is not None})

    def _call(
        self,
        prompt: MessageLike | None,
        context: Sequence[MessageLike] | None,
        instructions: str | Sequence[str] | None,
        messages: Sequence[MessageLike] | None,
        config: AIModelCallConfig | None,
        *,
        open_end: bool = False,
    ) -> Call:
        raise NotImplementedError

    def _sync_pipeline(self) -> Pipeline:
        raise NotImplementedError

    def _async_pipeline(self) -> Pipeline:
        raise NotImplementedError


def start_loop(pipeline: Pipeline, call: Call, plan: RunPlan) -> RunLoop:
    from ..pipeline.agent.run_loop import RunLoop

    return RunLoop(pipeline, call, plan)


def read_limits(given: Any) -> RunLimits | None:
    """Return the limits of a run; a dict has their fields."""
    if given is None or isinstance(given, types.RunLimits):
        return given
    if isinstance(given, Mapping):
        try:
            return types.RunLimits(**given)
        except ValidationError as error:
            raise ConfigurationError(f"limits: {describe_problems(error)}") from error
    raise ConfigurationError(f"limits must be RunLimits, not {type(given).__name__}: limits=RunLimits(rounds=5)")


def check_plan(plan: Mapping[str, Any]) -> None:
    """Raise for values of run options that can only be a mistake."""
    for name in ("approve", "on_event", "on_end"):
        if plan[name] is not None and not callable(plan[name]):
            raise ConfigurationError(f"{name} must be a function, not {type(plan[name]).__name__}: {name}=my_function")
    if plan["tool_errors"] not in (None, "send", "raise"):
        raise ConfigurationError(f'tool_errors must be "send" or "raise", not {plan["tool_errors"]!r:.40}')
    repairs = plan["repairs"]
    if repairs is not None and (not isinstance(repairs, int) or isinstance(repairs, bool) or repairs < 0):
        raise ConfigurationError(f"repairs must be a whole number, 0 or more, not {repairs!r:.40}: repairs=1")


def check_sync_tools(call: Call, plan: RunPlan) -> None:
    """Raise if a tool or `approve` is an async function, which sync code cannot await."""
    waiting = [tool.name for tool in call.config.tools if isinstance(tool, Tool) and tool.is_async]
    if waiting:
        raise SyncAsyncMismatchError(
            f"{', '.join(waiting)}: async tools need an async run. Use run_async, or make the tools sync functions."
        )
    if plan.approve is not None and is_awaitable(plan.approve):
        raise SyncAsyncMismatchError("approve is an async function. Use run_async, or pass a sync function.")


class RunPlanSettings(TypedDict, total=False):
    """Settings of the run itself; see `RunsMixin.run`."""

    limits: RunLimits
    """Limits of the run: rounds, tool calls, tokens, cost. Default: the defaults of `RunLimits`."""

    approve: Approve
    """Function that decides on the calls of tools that need approval. Default: the run stops before them."""

    tool_errors: Literal["send", "raise"]
    """`"send"` (default) sends errors of tools to the model, `"raise"` raises them."""

    repairs: int
    """How often the model may correct invalid structured output, 0 or more. Default 1."""

    on_event: Callable[[RunEvent], None]
    """Called with each event of the run."""

    on_end: Callable[[Run[Any]], object]
    """Called with the `Run` at the end, also if it failed or was closed."""


class ConversationSettings(TypedDict, total=False):
    """Conversation input other than the prompt."""

    context: Sequence[MessageLike] | None
    """Earlier messages, sent before the prompt."""

    instructions: str | Sequence[str] | None
    """System instructions."""

    messages: Sequence[MessageLike] | None
    """The whole conversation, instead of `prompt` and `context`."""

    config: AIModelCallConfig | None
    """Replaces the client's config for this call."""


class RunTurnSettings(RunPlanSettings, AnswerOptions, total=False):
    """All keyword arguments of a run in a conversation, which has its own messages."""

    config: AIModelCallConfig | None
    """Replaces the client's config for this turn."""


class RunSettings(RunPlanSettings, ConversationSettings, AnswerOptions, total=False):
    """All keyword arguments of a run, including the fields of `AIModelCallConfig` used for each request."""
