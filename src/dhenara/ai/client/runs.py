"""Runs: call the model, execute the tools it requests, and repeat until there is a final response."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Unpack, cast, overload

import dhenara.ai.streams as streams

from ..errors import ConfigurationError, SyncAsyncMismatchError
from ..history.parsing import MessageLike, take_instructions
from ..io.sync_io import run
from ..pipeline.pipeline import Pipeline
from ..types.chat.structured import checked_type
from ..types.config.call import AIModelCallConfig, Call
from ..types.config.call_options import AnswerOptions, OutputSchema, OutputType
from ..types.config.other_names import refuse_streaming
from ..wire.secrets import conceal_options, conceals_its_options
from .call_factory import as_config, override_config
from .run_options import (
    ConversationSettings as ConversationSettings,
    RunInstructions,
    RunPlanSettings as RunPlanSettings,
    RunSettings as RunSettings,
    RunTurnSettings as RunTurnSettings,
    Validators,
    check_functions,
    check_plan,
    check_store,
    make_record,
    perform_async,
    perform_sync,
    read_instruction_functions,
    read_limits,
    read_saved,
    read_validators,
    run_work,
)

if TYPE_CHECKING:
    from types import ModuleType

    from ..pipeline.agent.run_loop import RunLoop
    from ..pipeline.agent.run_plan import AgentContext, AgentTool, RunPlan
    from ..pipeline.agent.run_state import RunEvent
    from ..pipeline.agent.run_store import RunStore
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
    @conceals_its_options
    def run(
        self, prompt: MessageLike | None = None, *, output: OutputType | None = None, **settings: Unpack[RunSettings]
    ) -> Run[Any]:
        """Call the model, execute requested tools, send their results, and repeat until the model gives a final
        response.

        Args:
            prompt: The new user message.
            output: Type of the structured output.
            **settings: Fields of `RunSettings`: `tools` (functions, model classes, `Tool` objects or provider-run
                tools), `limits`, `approve`, `tool_errors`, `repairs`, `validators`, `resume`, `store`, `on_event`,
                `on_end` and others, and the parameters of each request.

        Returns:
            The run with its responses, messages, usage and output.

        Raises:
            RunLimitError: If a limit was reached.
            ToolFailedError: If a tool failed and `tool_errors="raise"`.
            OutputError: If the structured output is still invalid after all repairs.
        """
        conceal_options(settings)
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
    @conceals_its_options
    async def run_async(
        self, prompt: MessageLike | None = None, *, output: OutputType | None = None, **settings: Unpack[RunSettings]
    ) -> Run[Any]:
        """Async version of `run`; tools and `approve` may be sync or async functions."""
        conceal_options(settings)
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

    @conceals_its_options
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
        conceal_options(settings)
        return self.run(prompt, output=checked_type(prompt, response_model, "generate_typed"), **settings).output

    @conceals_its_options
    async def generate_typed_async(
        self, prompt: MessageLike | None, response_model: type[T], **settings: Unpack[RunSettings]
    ) -> T:
        """Async version of `generate_typed`."""
        conceal_options(settings)
        return (
            await self.run_async(prompt, output=checked_type(prompt, response_model, "generate_typed"), **settings)
        ).output

    def as_tool(
        self,
        name: str,
        description: str,
        *,
        output: OutputType | None = None,
        needs_approval: bool = False,
        **settings: Unpack[RunSettings],
    ) -> AgentTool:
        """Return a tool that is a run of this client: the model of another run calls it with a prompt.

        What the run uses counts for the limits of the outer run too. Its events are `AgentEvent`s there, its pending
        calls are pending there, and its `Run` is `ToolRun.run`.

        Args:
            name: Name of the tool.
            description: When to use it; for the model that calls it.
            output: Type of the structured output, which becomes the result of the tool.
            needs_approval: Whether each call must be approved before the run begins. Default False.
            **settings: Settings of each run, such as `tools`, `instructions` and `limits`. Without `approve`, that of
                the outer run decides.

        Returns:
            The tool.

        Raises:
            ConfigurationError: If a setting is invalid.
        """
        if not isinstance(needs_approval, bool):
            raise ConfigurationError(f"needs_approval must be True or False, not {needs_approval!r:.40}")
        call = self._plan_run("?", output, False, **settings)[0]  # raises for what is invalid

        def start(prompt: str, agent: AgentContext) -> RunLoop:
            outer = agent.outer
            given: RunSettings = {**settings}
            if agent.saved is not None:
                given["resume"] = agent.saved
            loop = self._async_loop if outer.is_async else self._loop
            text = None if agent.saved is not None else prompt
            return loop(text, output, streamed=outer.streaming, agent=agent, **given)

        made = agent_module().AgentTool.of(name, description, start, tuple(call.config.tools))
        tool: AgentTool = made.model_copy(update={"needs_approval": needs_approval})
        return tool

    def _loop(
        self,
        prompt: MessageLike | None,
        output: OutputType | None,
        *,
        streamed: bool,
        agent: AgentContext | None = None,
        **settings: Unpack[RunSettings],
    ) -> RunLoop:
        if self.is_async is True:
            raise SyncAsyncMismatchError("This client is async-only (is_async=True). Use run_async.")
        call, plan = self._plan_run(prompt, output, streamed, False, agent, **settings)
        check_functions(call, plan)
        check_store(call, plan)
        return self._start(self._sync_pipeline(), call, plan)

    def _async_loop(
        self,
        prompt: MessageLike | None,
        output: OutputType | None,
        *,
        streamed: bool,
        agent: AgentContext | None = None,
        **settings: Unpack[RunSettings],
    ) -> RunLoop:
        if self.is_async is False:
            raise SyncAsyncMismatchError("This client is sync-only (is_async=False). Use run.")
        call, plan = self._plan_run(prompt, output, streamed, True, agent, **settings)
        check_store(call, plan)
        return self._start(self._async_pipeline(), call, plan)

    def _start(self, pipeline: Pipeline, call: Call, plan: RunPlan) -> RunLoop:
        loop: RunLoop = agent_module().RunLoop(pipeline, call, plan)
        return loop

    def _plan_run(
        self,
        prompt: MessageLike | None,
        output: OutputType | None,
        streamed: bool,
        is_async: bool = False,
        agent: AgentContext | None = None,
        *,
        limits: RunLimits | None = None,
        approve: Approve | None = None,
        tool_errors: Literal["send", "raise"] | None = None,
        repairs: int | None = None,
        validators: Validators | None = None,
        resume: Run[Any] | str | bytes | None = None,
        store: RunStore | None = None,
        run_id: str | None = None,
        step: Callable[..., Any] | None = None,
        tags: Mapping[str, str] | None = None,
        on_event: Callable[[RunEvent], None] | None = None,
        on_end: Callable[[Run[Any]], object] | None = None,
        context: Sequence[MessageLike] | None = None,
        instructions: RunInstructions | None = None,
        messages: Sequence[MessageLike] | None = None,
        config: AIModelCallConfig | None = None,
        **options: Unpack[AnswerOptions],
    ) -> tuple[Call, RunPlan]:
        refuse_streaming(options, None if streamed else "run_streaming")
        if output is not None:
            options["structured_output"] = output
        saved = read_saved(resume, prompt, context, messages)
        functions, instructions = read_instruction_functions(instructions, options)
        system = take_instructions(instructions, options)
        given = dict(options)
        if saved is not None:
            system = system or saved.record.instructions
            messages = saved.messages
            options = cast("AnswerOptions", {**saved.record.parameters, **options})
        plan: dict[str, Any] = {
            "limits": read_limits(limits) or (None if saved is None else saved.record.limits),
            "approve": approve or (None if agent is None else agent.approve),
            "tool_errors": tool_errors,
            "repairs": repairs,
            "on_event": on_event,
            "on_end": on_end,
            "validators": read_validators(validators),
            "instructions": functions or None,
            "resume": saved,
            "store": store,
            "agent": agent,
        }
        settings = override_config(as_config(config, self.config), streaming=streamed, **options)
        check_plan(plan, step, run_id, tags)
        call = self._call(prompt, context, system, messages, settings, open_end=True)
        call = replace(call, context=copy_context())
        plan["start"] = None if is_async else run_work
        if agent is not None:
            plan |= {"store": store or agent.outer.store, "perform": agent.outer.perform}
        elif step is not None:
            plan["perform"] = partial(perform_async if is_async else perform_sync, step)
        plan["record"] = make_record(call, plan, saved, given, system, run_id, tags)
        chosen = {name: value for name, value in plan.items() if value is not None}
        return call, agent_module().RunPlan(streaming=streamed, is_async=is_async, **chosen)

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


def agent_module() -> ModuleType:
    """Return the module of runs, which plain calls do not need."""
    from ..pipeline.agent import run_loop

    return run_loop
