"""Runs: call the model, execute the tools it requests, and repeat until there is a final response."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypedDict, TypeVar, Unpack, overload

from ..errors import SyncAsyncMismatchError
from ..history.parsing import MessageLike
from ..io.sync_io import run
from ..pipeline.agent.run_state import RunEvent
from ..pipeline.agent.toolbox import Approve
from ..pipeline.pipeline import Pipeline
from ..types.chat.run import Run, RunLimits
from ..types.chat.structured import StructuredOutput
from ..types.config.call import AIModelCallConfig, Call
from ..types.config.parameters import ParameterArguments
from ..types.config.timeouts import Timeouts
from ..types.tools.tool import Tool, is_awaitable
from ..types.tools.tool_definition import ToolChoice

if TYPE_CHECKING:
    from ..pipeline.agent.run_loop import RunLoop
    from ..pipeline.agent.run_state import RunPlan
    from ..streams.chat import AsyncRunStream, RunStream
    from ..types.chat.run import Run
Shape = StructuredOutput | Mapping[str, Any] | None

T = TypeVar("T")
PLANNED = ("limits", "approve", "tool_errors", "repairs", "on_event", "on_end")
SPOKEN = ("context", "instructions", "messages", "config")


class RunsMixin:
    """Run methods of `AIModelClient`."""

    is_async: bool | None

    @overload
    def run(self, prompt: MessageLike | None = None, *, output: type[T], **settings: Unpack[RunSettings]) -> Run[T]: ...
    @overload
    def run(
        self, prompt: MessageLike | None = None, *, output: Shape = None, **settings: Unpack[RunSettings]
    ) -> Run[Any]: ...
    def run(self, prompt: MessageLike | None = None, *, output: Any = None, **settings: Any) -> Run[Any]:
        """Call the model, execute requested tools, send their results, and repeat until the model gives a final
        response.

        Args:
            prompt: The new user message.
            output: Type of the structured output.
            **settings: Fields of `RunSettings`. `tools`: functions, model classes, `Tool` objects or provider-run
                tools.
                `limits`: limits of the run. `approve`: function that decides on tools that need approval.
                    `tool_errors`:
                `"tell"` sends tool errors to the model, `"raise"` raises them. `repairs`: how often the model may
                    correct
                invalid structured output. `on_event`: called with each event. `on_end`: called with the `Run` at the
                    end,
                also if it failed or was closed.

        Returns:
            The run with its responses, messages, usage and output.

        Raises:
            RunLimitError: If a limit was reached.
            ToolFailedError: If a tool failed and `tool_errors="raise"`.
            OutputError: If the structured output is still invalid after all repairs.
        """
        loop = self._loop(prompt, output, settings, streaming=False)
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
    async def run_async(self, prompt: MessageLike | None = None, *, output: Any = None, **settings: Any) -> Run[Any]:
        """Async version of `run`; tools and `approve` may be sync or async functions."""
        loop = self._async_loop(prompt, output, settings, streaming=False)
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
        self, prompt: MessageLike | None = None, *, output: Any = None, **settings: Any
    ) -> RunStream[Any]:
        """Streaming version of `run`: an iterator of `(event, None)` that ends with `(None, run)`."""
        from ..streams.chat import RunStream

        return RunStream(self._loop(prompt, output, settings, streaming=True))

    @overload
    def run_streaming_async(
        self, prompt: MessageLike | None = None, *, output: type[T], **settings: Unpack[RunSettings]
    ) -> AsyncRunStream[T]: ...
    @overload
    def run_streaming_async(
        self, prompt: MessageLike | None = None, *, output: Shape = None, **settings: Unpack[RunSettings]
    ) -> AsyncRunStream[Any]: ...
    def run_streaming_async(
        self, prompt: MessageLike | None = None, *, output: Any = None, **settings: Any
    ) -> AsyncRunStream[Any]:
        """Async version of `run_streaming`, for `async for`; not awaited itself."""
        from ..streams.chat import AsyncRunStream

        return AsyncRunStream(self._async_loop(prompt, output, settings, streaming=True))

    def generate_typed(self, kind: type[T], prompt: MessageLike | None = None, **settings: Unpack[RunSettings]) -> T:
        """Run and return the output as an object of type `kind`."""
        return self.run(prompt, output=kind, **settings).output

    async def generate_typed_async(
        self, kind: type[T], prompt: MessageLike | None = None, **settings: Unpack[RunSettings]
    ) -> T:
        """Async version of `generate_typed`."""
        return (await self.run_async(prompt, output=kind, **settings)).output

    def _loop(
        self, prompt: MessageLike | None, output: Any, settings: Mapping[str, Any], *, streaming: bool
    ) -> RunLoop:
        if self.is_async is True:
            raise SyncAsyncMismatchError("This client is async-only (is_async=True). Use run_async.")
        from ..pipeline.agent.run_loop import RunLoop

        call, plan = self._plan_run(prompt, output, settings, streaming)
        check_sync_tools(call, plan)
        return RunLoop(self._sync_pipeline(), call, plan)

    def _async_loop(
        self, prompt: MessageLike | None, output: Any, settings: Mapping[str, Any], *, streaming: bool
    ) -> RunLoop:
        if self.is_async is False:
            raise SyncAsyncMismatchError("This client is sync-only (is_async=False). Use run.")
        from ..pipeline.agent.run_loop import RunLoop

        call, plan = self._plan_run(prompt, output, settings, streaming)
        return RunLoop(self._async_pipeline(), call, plan)

    def _plan_run(
        self, prompt: MessageLike | None, output: Any, settings: Mapping[str, Any], streaming: bool
    ) -> tuple[Call, RunPlan]:
        from ..pipeline.agent.run_state import RunPlan

        plan = {name: settings[name] for name in PLANNED if settings.get(name) is not None}
        arguments = {name: settings.get(name) for name in SPOKEN}
        overrides = {name: value for name, value in settings.items() if name not in (*PLANNED, *SPOKEN)}
        overrides["streaming"] = streaming
        if output is not None:
            overrides["structured_output"] = output
        return self._call(prompt, **arguments, overrides=overrides, open_end=True), RunPlan(streaming=streaming, **plan)

    def _call(
        self,
        prompt: MessageLike | None,
        context: Sequence[MessageLike] | None,
        instructions: str | Sequence[str] | None,
        messages: Sequence[MessageLike] | None,
        config: AIModelCallConfig | None,
        overrides: Mapping[str, Any],
        *,
        open_end: bool = False,
    ) -> Call:
        raise NotImplementedError

    def _sync_pipeline(self) -> Pipeline:
        raise NotImplementedError

    def _async_pipeline(self) -> Pipeline:
        raise NotImplementedError


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
    approve: Approve
    tool_errors: Literal["tell", "raise"]
    repairs: int
    on_event: Callable[[RunEvent], None]
    on_end: Callable[[Run[Any]], object]


class ConversationSettings(TypedDict, total=False):
    """Conversation input other than the prompt."""

    context: Sequence[MessageLike] | None
    instructions: str | Sequence[str] | None
    messages: Sequence[MessageLike] | None
    config: AIModelCallConfig | None


class RunSettings(RunPlanSettings, ConversationSettings, ParameterArguments, total=False):
    """All keyword arguments of a run, including the fields of `AIModelCallConfig` used for each request."""

    tools: Sequence[Any]
    tool_choice: ToolChoice | str | None
    options: dict[str, Any]
    headers: dict[str, str]
    timeout: float | Timeouts | None
    retries: int
    strict: bool
