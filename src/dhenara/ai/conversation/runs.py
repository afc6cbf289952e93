"""Run methods of a conversation: all steps of a run are one turn, added when the run ends for whatever reason."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, Unpack, overload

from ..errors import ConfigurationError
from ..history.parsing import MessageLike, take_instructions
from ..streams.chat import AsyncRunStream, RunStream
from ..types.chat.message import Message
from ..types.chat.report import Plan
from ..types.chat.response import AIModelCallResponse
from ..types.chat.run import Run
from ..types.chat.structured import checked_type
from ..types.config.api import AIModelEndpoint
from ..types.config.call import AIModelCallConfig
from ..wire.secrets import conceal_options, conceals_its_options
from .turn import has_open_agent, read
from .turns import TurnHistory

if TYPE_CHECKING:
    from ..client.runs import RunTurnSettings
    from ..types.config.call_options import OutputSchema, OutputType

    Shape = OutputSchema | None


class ClientProtocol(Protocol):
    """A client of one endpoint, sync and async."""

    model_endpoint: AIModelEndpoint

    @property
    def generate(self) -> Callable[..., AIModelCallResponse]: ...

    @property
    def generate_async(self) -> Callable[..., Coroutine[Any, Any, AIModelCallResponse]]: ...

    @property
    def run(self) -> Callable[..., Run[Any]]: ...

    @property
    def run_async(self) -> Callable[..., Coroutine[Any, Any, Run[Any]]]: ...

    @property
    def run_streaming(self) -> Callable[..., RunStream[Any]]: ...

    @property
    def run_streaming_async(self) -> Callable[..., AsyncRunStream[Any]]: ...

    @property
    def plan(self) -> Callable[..., Plan]: ...

    def with_endpoint(self, model_endpoint: AIModelEndpoint) -> Self: ...

    def close(self) -> None: ...

    async def aclose(self) -> None: ...


T = TypeVar("T")
Instructions = Sequence[str] | str


class ConversationRuns(TurnHistory):
    """Run methods of `Conversation`. A run without prompts continues the last turn."""

    client: ClientProtocol

    @overload
    def run(
        self,
        *prompts: MessageLike,
        output: type[T],
        instructions: Instructions = (),
        **settings: Unpack[RunTurnSettings],
    ) -> Run[T]: ...
    @overload
    def run(
        self,
        *prompts: MessageLike,
        output: Shape = None,
        instructions: Instructions = (),
        **settings: Unpack[RunTurnSettings],
    ) -> Run[Any]: ...
    @conceals_its_options
    def run(
        self,
        *prompts: MessageLike,
        output: OutputType | None = None,
        instructions: Instructions = (),
        **settings: Unpack[RunTurnSettings],
    ) -> Run[Any]:
        """Run tools until there is a final response; the whole run becomes one turn.

        Args:
            *prompts: User messages or parts; none continues the last turn, for example after an approval. Then
                `resume=run.decide(...)` may pass decisions on its pending calls.
            output: Type of the structured output.
            instructions: System instructions for this turn only.
            **settings: The settings of `client.run`: `tools`, `limits`, `approve` and fields of `AIModelCallConfig`.

        Returns:
            The run. If it waits for approval, fails or is closed, what happened so far is kept as the turn.
        """
        conceal_options(settings)
        return self.client.run(output=output, **self._run_request(prompts, instructions, {**settings}))

    @overload
    async def run_async(
        self,
        *prompts: MessageLike,
        output: type[T],
        instructions: Instructions = (),
        **settings: Unpack[RunTurnSettings],
    ) -> Run[T]: ...
    @overload
    async def run_async(
        self,
        *prompts: MessageLike,
        output: Shape = None,
        instructions: Instructions = (),
        **settings: Unpack[RunTurnSettings],
    ) -> Run[Any]: ...
    @conceals_its_options
    async def run_async(
        self,
        *prompts: MessageLike,
        output: OutputType | None = None,
        instructions: Instructions = (),
        **settings: Unpack[RunTurnSettings],
    ) -> Run[Any]:
        """Async version of `run`."""
        conceal_options(settings)
        return await self.client.run_async(output=output, **self._run_request(prompts, instructions, {**settings}))

    @overload
    def run_streaming(
        self,
        *prompts: MessageLike,
        output: type[T],
        instructions: Instructions = (),
        **settings: Unpack[RunTurnSettings],
    ) -> RunStream[T]: ...
    @overload
    def run_streaming(
        self,
        *prompts: MessageLike,
        output: Shape = None,
        instructions: Instructions = (),
        **settings: Unpack[RunTurnSettings],
    ) -> RunStream[Any]: ...
    def run_streaming(
        self,
        *prompts: MessageLike,
        output: OutputType | None = None,
        instructions: Instructions = (),
        **settings: Unpack[RunTurnSettings],
    ) -> RunStream[Any]:
        """Streaming version of `run`; the turn is added when the stream ends or is closed.

        Args:
            *prompts: The new user messages.
            output: Type of the structured output; None for text.
            instructions: System instructions.
            **settings: See `RunTurnSettings`.
        """
        return self.client.run_streaming(output=output, **self._run_request(prompts, instructions, {**settings}))

    @overload
    def run_streaming_async(
        self,
        *prompts: MessageLike,
        output: type[T],
        instructions: Instructions = (),
        **settings: Unpack[RunTurnSettings],
    ) -> AsyncRunStream[T]: ...
    @overload
    def run_streaming_async(
        self,
        *prompts: MessageLike,
        output: Shape = None,
        instructions: Instructions = (),
        **settings: Unpack[RunTurnSettings],
    ) -> AsyncRunStream[Any]: ...
    def run_streaming_async(
        self,
        *prompts: MessageLike,
        output: OutputType | None = None,
        instructions: Instructions = (),
        **settings: Unpack[RunTurnSettings],
    ) -> AsyncRunStream[Any]:
        """Async version of `run_streaming`, for `async for`; not awaited itself."""
        return self.client.run_streaming_async(output=output, **self._run_request(prompts, instructions, {**settings}))

    def ask_typed(
        self,
        prompt: MessageLike,
        response_model: type[T],
        *,
        instructions: Instructions = (),
        **settings: Unpack[RunTurnSettings],
    ) -> T:
        """Run and return the output as an object of a type; corrections are part of the turn.

        Args:
            prompt: The user message.
            response_model: A pydantic model, dataclass or any other type that pydantic can validate.
            instructions: System instructions for this turn only.
            **settings: As for `run`.

        Returns:
            An instance of `response_model`.

        Raises:
            OutputError: If the output is still invalid after all repairs.
        """
        output = checked_type(prompt, response_model, "ask_typed")
        return self.run(prompt, output=output, instructions=instructions, **settings).output

    async def ask_typed_async(
        self,
        prompt: MessageLike,
        response_model: type[T],
        *,
        instructions: Instructions = (),
        **settings: Unpack[RunTurnSettings],
    ) -> T:
        """Async version of `ask_typed`."""
        output = checked_type(prompt, response_model, "ask_typed")
        return (await self.run_async(prompt, output=output, instructions=instructions, **settings)).output

    def _run_request(
        self, prompts: Sequence[MessageLike], instructions_value: Instructions, settings: RunTurnSettings
    ) -> dict[str, Any]:
        request, instructions = read(prompts), take_instructions(instructions_value, settings)
        if not request and self._turns:
            instructions = instructions or tuple(self._turns[-1].instructions)
        saved = self._saved_run(request, settings.pop("resume", None))
        received: Callable[[Run[Any]], object] | None = settings.get("on_end")

        def keep(run: Run[Any]) -> None:
            if saved is None:
                self._record_run(request, instructions, run)
            else:
                self._record_resumed(saved, run)
            if received is not None:
                received(run)

        arguments = {**self._request(request, instructions, settings), "on_end": keep}
        if saved is not None:
            del arguments["messages"]
            arguments["resume"] = saved
        return arguments

    def _saved_run(self, prompts: Sequence[Message], given: Run[Any] | str | bytes | None) -> Run[Any] | None:
        """Return the run to resume: the given one, else that of the last turn if an agent of it has not ended."""
        if given is not None and prompts:
            raise ConfigurationError("resume= continues the last turn. Leave out the prompt.")
        last = self._turns[-1].run if self._turns and not prompts else None
        if given is None and last is not None and has_open_agent(last):
            given = last
        return None if given is None else self._to_resume(given)

    def _request(
        self, prompt_messages: list[Message], system: tuple[str, ...], options: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the arguments of the client call: history, prompts and instructions."""
        fixed = {"messages": [*self.messages, *prompt_messages], "instructions": (*self.instructions, *system)}
        return {**self._fingerprint(options.get("config")), **options, **fixed}

    def _fingerprint(self, config: AIModelCallConfig | None) -> dict[str, bool]:
        """Enable fingerprints, unless the config of the call or the client sets them."""
        chosen = config or getattr(self.client, "config", None)
        return {} if chosen is not None and "fingerprint" in chosen.model_fields_set else {"fingerprint": True}
