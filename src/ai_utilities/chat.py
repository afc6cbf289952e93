"""A conversation: what was said is asked along with each new question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Unpack

from dhenara.ai.types import Message, Prompt

from .asked import AskOptions, with_files
from .exceptions import ProviderCapabilityError
from .results import AskResult

if TYPE_CHECKING:
    from .ask_stream import AsyncAskStream
    from .async_client import AsyncAiClient
    from .client import AiClient
    from .plain_stream import AsyncPlainStream


class Talk:
    """What both colours have in common: the turns so far. A question that failed leaves no trace."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = dict(options)
        self.messages: list[Message] = []
        self._turns: list[int] = []
        self.results: list[AskResult] = []

    def _said(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options of this turn; those of the conversation where it says nothing."""
        if "context" in options:
            raise ProviderCapabilityError("a conversation keeps its own context; begin another one for another")
        return {**self.options, **options, "context": tuple(self.messages)}

    def _remember(self, prompt: Any, options: Mapping[str, Any], result: AskResult) -> AskResult:
        self._turns.append(len(self.messages))
        self.results.append(result)
        if result.run is not None:
            self.messages = list(result.run.messages)
            return result
        files = options.get("files")
        said = prompt if not files else with_files(prompt, files)
        if result.answer is not None and result.answer.choices:
            answered = result.answer.to_message()
        else:
            answered = Message.model_validate({"role": "assistant", "text": result.text})
        self.messages += [read(said), answered]
        return result

    def undo(self) -> None:
        """Takes the last question and its answer back."""
        if self._turns:
            del self.messages[self._turns.pop() :], self.results[-1:]

    @property
    def total_tokens(self) -> int:
        return sum(result.usage.total_tokens for result in self.results)


class Chat(Talk):
    """`chat.ask("...")` again and again; the model may change from turn to turn."""

    def __init__(self, client: AiClient, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        self._client = client

    def ask(self, prompt: str, **options: Unpack[AskOptions]) -> AskResult:
        return self._remember(prompt, options, self._client.ask(prompt, **self._said(options)))

    def ask_stream(self, prompt: str, **options: Unpack[AskOptions]) -> Any:
        """The turn is remembered once the stream is read to its end."""
        stream = self._client.ask_stream(prompt, **self._said(options))
        stream.on_end(lambda result: self._remember(prompt, options, result))
        return stream


class AsyncChat(Talk):
    """The same, awaited."""

    def __init__(self, client: AsyncAiClient, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        self._client = client

    async def ask(self, prompt: str, **options: Unpack[AskOptions]) -> AskResult:
        return self._remember(prompt, options, await self._client.ask(prompt, **self._said(options)))

    def ask_stream(self, prompt: str, **options: Unpack[AskOptions]) -> AsyncAskStream | AsyncPlainStream:
        stream = self._client.ask_stream(prompt, **self._said(options))
        stream.on_end(lambda result: self._remember(prompt, options, result))
        return stream


def read(said: Any) -> Message:
    return Prompt.model_validate({"text": said} if isinstance(said, str) else said)
