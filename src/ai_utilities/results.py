"""Results of the kit's calls: an answer with usage and cost, and a list of embedding vectors."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Protocol, Self

from pydantic_core import CoreSchema, core_schema

from dhenara.ai.integration import PlainText
from dhenara.ai.lazy_package import HintedNames
from dhenara.ai.types import AIModelCallResponse, ChatResponse, ChatResponseChoice, Cost, Text, TextContent, Usage

from .usage.data import BUCKETS, UsageData

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy import float32
    from numpy.typing import NDArray
    from pydantic import GetCoreSchemaHandler

    from dhenara.ai.types import CallWarning, EmbeddingResponse, ModelListing, Run, ToolCallContent

    from .exceptions import AIUtilitiesError, Json, Options

    EngineResult = AIModelCallResponse | Run[Json]


__all__ = ["AskResult", "UsageData"]


class AskResult(HintedNames, str):
    """The text of an answer; behaves as a `str` and has the metadata of the call.

    Attributes:
        prompt: The prompt that was sent.
        response: The engine's full response, or None.
        error: The exception, where errors are collected instead of raised (`ask_many`); else None.
        run: The tool run with its steps, if tools were run; else None.
    """

    prompt: str | None
    response: AIModelCallResponse | None
    error: AIUtilitiesError | OSError | None
    run: Run[Json] | None = None
    """The steps of a run with tools, and all messages of it."""

    def __new__(
        cls,
        text: str = "",
        *,
        usage: UsageData | None = None,
        prompt: str | None = None,
        model: str | None = None,
        provider: str | None = None,
        cached: bool | None = None,
        cost: Cost | Decimal | float | None = None,
        duration_s: float | None = None,
        response: AIModelCallResponse | None = None,
        error: AIUtilitiesError | OSError | None = None,
    ) -> Self:
        result = super().__new__(cls, text)
        given: Options = {}
        if model is not None:
            given["model"] = model
        if provider is not None:
            given["provider"] = provider
        if cached is not None:
            given["cached"] = cached
        if cost is not None:
            given["cost"] = cost if isinstance(cost, Cost) else Cost(amount=Decimal(str(cost)))
        if duration_s is not None:
            given["duration_s"] = duration_s
        result._given = given
        result._usage = usage
        result.prompt = prompt
        result.response = response
        result.error = error
        return result

    _given: Options
    _usage: UsageData | None

    @property
    def usage(self) -> UsageData:
        """Token counts and cost. Computed on first access, because loading the price list takes time."""
        if self._usage is None:
            self._usage = read_usage(self.response)
        return self._usage

    @property
    def model(self) -> str | None:
        """The model that answered."""
        answer = self.answer
        return self._given.get("model") or (answer.model if answer is not None else self.usage.model)

    @property
    def provider(self) -> str | None:
        """The provider that answered."""
        answer = self.answer
        return self._given.get("provider") or (answer.provider if answer is not None else self.usage.provider)

    @property
    def cached(self) -> bool:
        """Whether the answer came from a cache."""
        cached: bool = self._given.get("cached", False) or (self.answer.cached if self.answer else self.usage.cached)
        return cached

    @property
    def cost(self) -> Cost:
        """Cost in US dollars; if it is unknown, `amount` is None and `reason` says why."""
        cost: Cost | None = self._given.get("cost")
        if cost is not None:
            return cost
        if self.run is not None:
            return self.run.cost
        return self.usage.to_cost() if self._usage is not None or self.answer is None else self.answer.cost

    @property
    def duration_s(self) -> float | None:
        """Duration of the call in seconds, or None."""
        response = self.response
        taken = response.duration_seconds if response is not None else self.usage.duration_s
        seconds: float | None = self._given.get("duration_s", taken)
        return seconds

    @property
    def text(self) -> Text:
        """The text without the metadata."""
        return Text(self)

    def _repr_markdown_(self) -> str:
        return self.text if self.error is None else f"**{type(self.error).__name__}:** {self.error}"

    def __rich__(self) -> PlainText:
        return PlainText(str(self))

    @property
    def ok(self) -> bool:
        """Whether the call succeeded."""
        return self.error is None

    @property
    def answer(self) -> ChatResponse | None:
        """The engine's answer with its content parts, finish reason and reasoning."""
        return self.response.chat_response if self.response is not None else None

    @property
    def finish_reason(self) -> str | None:
        """Why the model stopped, such as `stop` or `length`; None if unknown."""
        return self.answer.finish_reason if self.answer is not None else None

    @property
    def refusal(self) -> str | None:
        """The model's refusal text, or None."""
        return self.answer.refusal() if self.answer is not None else None

    @property
    def reasoning(self) -> Text:
        """The reasoning of the model, as far as the provider returns it."""
        return self.answer.reasoning if self.answer is not None else Text()

    @property
    def parsed(self) -> Json:
        """The object of the structured output; None if there is none or it is invalid."""
        if self.run is not None:
            return self.run.output
        return self.answer.parsed if self.answer is not None else None

    @property
    def tool_calls(self) -> list[ToolCallContent]:
        """The tool calls in the answer."""
        return self.answer.tool_calls if self.answer is not None else []

    @property
    def warnings(self) -> list[CallWarning]:
        """Parameters or content that the provider does not support."""
        return self.answer.warnings if self.answer is not None else []

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[object], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Kept as is when it is a field of a pydantic model; serialized to JSON as its text."""
        schema = core_schema.no_info_after_validator_function(cls, core_schema.str_schema())
        return core_schema.json_or_python_schema(
            json_schema=schema,
            python_schema=core_schema.union_schema([core_schema.is_instance_schema(cls), schema]),
            serialization=core_schema.plain_serializer_function_ser_schema(str, when_used="json"),
        )

    def __reduce__(self) -> tuple[object, ...]:
        return (restore_result, (type(self), self.text, self.__dict__))


def restore_result(kind: type[AskResult], text: str, facts: Mapping[str, object]) -> AskResult:
    """Rebuilds a result when it is copied or unpickled."""
    result = str.__new__(kind, text)
    result.__dict__.update(facts)
    return result


def read_result(response: AIModelCallResponse, prompt: str | None) -> AskResult:
    """The result for an engine response; if the model refused, the text is the refusal."""
    answer = response.chat_response
    return AskResult(answer.text or answer.refusal, prompt=prompt, response=response)


def read_final(final: EngineResult, prompt: str | None) -> AskResult:
    """The result of one call or of a tool run."""
    return read_result(final, prompt) if isinstance(final, AIModelCallResponse) else read_run(final, prompt)


def read_run(run: Run[Json], prompt: str | None) -> AskResult:
    """The last answer of a run, with the usage of all its steps."""
    last = run.steps[-1].response if run.steps else None
    answer = run.response
    usage = UsageData.of(
        run.usage,
        run.cost,
        provider=None if answer is None else answer.provider,
        model=None if answer is None else answer.model,
        duration_s=sum(step.response.duration_seconds or 0 for step in run.steps),
    )
    result = AskResult(run.text, usage=usage, prompt=prompt, response=last)
    result.run = run
    return result


def read_usage(response: AIModelCallResponse | None) -> UsageData:
    """The usage row for an engine response."""
    answer = response.chat_response if response is not None else None
    if response is None or answer is None:
        return UsageData()
    cached = answer.cached
    return UsageData.of(
        answer.usage,
        answer.cost,
        provider=answer.provider,
        model=answer.model,
        request_id=response.request_id,
        outcome="interrupted" if answer.interrupted else "cached" if cached else "answered",
        cached=cached,
        saved_cost=answer.cost.saved,
        attempt=max(1, len(response.attempts)),
        duration_s=response.duration_seconds,
        first_token_s=response.first_token_seconds,
    )


def as_answer(result: AskResult) -> ChatResponse:
    """The engine's answer for the history of a conversation; for custom providers, one built from the result."""
    answer = result.answer
    if answer is not None and answer.choices:
        return answer
    choices = [ChatResponseChoice(contents=[TextContent(text=result.text)] if result.text else [])]
    if answer is not None:
        return answer.model_copy(update={"choices": choices})
    used = result.usage
    built = ChatResponse(
        model=result.model,
        provider=result.provider,
        choices=choices,
        usage=Usage(**{name: getattr(used, name) for name in (*BUCKETS, "units")}) if used.known else Usage.unknown(),
        cached=result.cached,
    )
    return built.with_cost(result.cost)


class Embeddings(list[list[float]]):
    """One vector per text; behaves as a list. `response` is the engine's full response."""

    def __init__(self, response: EmbeddingResponse) -> None:
        super().__init__(response.vectors)
        self.response = response

    @property
    def usage(self) -> Usage:
        """Token counts of all requests; unknown if the provider reported none."""
        return self.response.usage

    @property
    def cost(self) -> Cost:
        """Cost of all requests; if it is unknown, `amount` is None and `reason` says why."""
        return self.response.cost

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} vectors of {len(self[0]) if self else 0} numbers)"

    def numpy(self) -> NDArray[float32]:
        """The vectors as a float32 matrix with one row per text. Requires numpy."""
        return self.response.numpy()


def model_names(listings: Iterable[ModelListing]) -> list[str]:
    """The names of the models that a provider lists."""
    return [listing.id for listing in listings]


class Events(Protocol):
    """What the streams of the engine have in common, those of calls and those of runs."""

    @property
    def error(self) -> Exception | None: ...

    @property
    def response(self) -> AIModelCallResponse: ...

    def partial(self) -> object: ...


class SyncEvents(Events, Protocol):
    """A stream of `(event, None)` that ends with `(None, final)`."""

    def __next__(self) -> tuple[object, EngineResult | None]: ...

    def close(self) -> None: ...


class AsyncEvents(Events, Protocol):
    """`SyncEvents` for async code."""

    async def __anext__(self) -> tuple[object, EngineResult | None]: ...

    async def aclose(self) -> None: ...
