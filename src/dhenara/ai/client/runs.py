"""Runs: the methods of the client that go on by themselves, over tools and repairs, until there is an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, overload

from ..errors import SyncAsyncMismatchError
from ..history.parsing import MessageLike
from ..runtime.sync_io import run
from ..types.call import Call
from ..types.call_config import AIModelCallConfig

if TYPE_CHECKING:
    from ..pipeline.pipeline import Pipeline
    from ..pipeline.run_loop import RunLoop
    from ..pipeline.run_plan import RunPlan
    from ..streams.runs import AsyncRunStream, RunStream
    from ..types.run import Run
    from ..types.structured import StructuredOutput
    from .run_settings import RunSettings

    Shape = StructuredOutput | Mapping[str, Any] | None

T = TypeVar("T")
PLANNED = ("limits", "approve", "tool_errors", "repairs", "on_event", "on_end")
SPOKEN = ("context", "instructions", "messages", "config")


class RunsMixin:
    """A part of AIModelClient."""

    is_async: bool | None

    @overload
    def run(self, prompt: MessageLike | None = None, *, output: type[T], **settings: Unpack[RunSettings]) -> Run[T]: ...
    @overload
    def run(
        self, prompt: MessageLike | None = None, *, output: Shape = None, **settings: Unpack[RunSettings]
    ) -> Run[Any]: ...
    def run(self, prompt: MessageLike | None = None, *, output: Any = None, **settings: Any) -> Run[Any]:
        """Asks, runs the tools that the model calls, tells it their results and asks again, until it answers.

        `tools` are functions, model classes, `Tool`s or what providers run themselves; `output` is the type of object
        that the answer must be. `limits` bound the run; `approve` is asked about tools that need it; `tool_errors`
        tells the model of errors or raises them; `repairs` is how often it may correct a wrong object. `on_event` hears
        what happens, `on_end` what had happened when the run was over, also where it failed or was left.
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
        """The same, awaited; tools and approval may be async or not."""
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
        """The same while it happens: an iterator of `(event, None)`, and `(None, run)` at the end."""
        from ..streams.runs import RunStream

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
        """The same for `async for`; there is nothing to await before."""
        from ..streams.runs import AsyncRunStream

        return AsyncRunStream(self._async_loop(prompt, output, settings, streaming=True))

    def generate_typed(self, kind: type[T], prompt: MessageLike | None = None, **settings: Unpack[RunSettings]) -> T:
        """The answer as an object of this type."""
        return self.run(prompt, output=kind, **settings).output

    async def generate_typed_async(
        self, kind: type[T], prompt: MessageLike | None = None, **settings: Unpack[RunSettings]
    ) -> T:
        """The same, awaited."""
        return (await self.run_async(prompt, output=kind, **settings)).output

    def _loop(
        self, prompt: MessageLike | None, output: Any, settings: Mapping[str, Any], *, streaming: bool
    ) -> RunLoop:
        if self.is_async is True:
            raise SyncAsyncMismatchError("this is an async client: Use run_async for async client")
        from ..pipeline.run_loop import RunLoop

        call, plan = self._plan_run(prompt, output, settings, streaming)
        check_sync_tools(call, plan)
        return RunLoop(self._sync_pipeline(), call, plan)

    def _async_loop(
        self, prompt: MessageLike | None, output: Any, settings: Mapping[str, Any], *, streaming: bool
    ) -> RunLoop:
        if self.is_async is False:
            raise SyncAsyncMismatchError("this is a sync client: Use run for sync client")
        from ..pipeline.run_loop import RunLoop

        call, plan = self._plan_run(prompt, output, settings, streaming)
        return RunLoop(self._async_pipeline(), call, plan)

    def _plan_run(
        self, prompt: MessageLike | None, output: Any, settings: Mapping[str, Any], streaming: bool
    ) -> tuple[Call, RunPlan]:
        from ..pipeline.run_plan import RunPlan

        plan = {name: settings[name] for name in PLANNED if settings.get(name) is not None}
        spoken = {name: settings.get(name) for name in SPOKEN}
        overrides = {name: value for name, value in settings.items() if name not in (*PLANNED, *SPOKEN)}
        overrides["streaming"] = streaming
        if output is not None:
            overrides["structured_output"] = output
        return self._call(prompt, **spoken, overrides=overrides, open_end=True), RunPlan(streaming=streaming, **plan)

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
    """Sync code cannot await: what would have to be awaited is found before anything is sent."""
    from ..types.tool import Tool, is_awaitable

    waiting = [tool.name for tool in call.config.tools if isinstance(tool, Tool) and tool.is_async]
    if waiting:
        raise SyncAsyncMismatchError(f"{', '.join(waiting)} must be awaited: use run_async, or sync functions as tools")
    if plan.approve is not None and is_awaitable(plan.approve):
        raise SyncAsyncMismatchError("approve must be awaited: use run_async, or a sync function to approve calls")
