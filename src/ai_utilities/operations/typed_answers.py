"""Answers as objects of a type: one, many at a time, and data extracted from many texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Generic, Self, TypeVar, Unpack, cast

from pydantic import PydanticSchemaGenerationError, PydanticUserError, TypeAdapter, ValidationError

from dhenara.ai.integration import conceal_options, conceals_its_options

from ..concurrency import Progress, ProgressBar, ask_all, ask_all_async, combine_callbacks
from ..exceptions import JsonParseError, ProviderConfigurationError
from ..results import AskResult
from .ask_options import AskOptions
from .option_checks import check_prompts, check_texts, describe_swap
from .texts import read_object

if TYPE_CHECKING:
    from ..config_models import AiSettings
    from ..exceptions import Json, Options
    from .client_core import ClientCore

T = TypeVar("T")
TextOrPath = str | PathLike[str]

EXTRACT = "Extract the data from what the user sends. Use only what is said there, and leave out what is not."
EXTRACT_FILE = "Extract the data from this file."


class TypedResult(AskResult, Generic[T]):
    """One result of `ask_typed_many` or `extract`: an `AskResult` with the object in `output`.

    `ok` says whether there is one; `error` is the exception if there is none.
    """

    _output: T

    @property
    def output(self) -> T:
        """The object.

        Raises:
            AIUtilitiesError: The error of this prompt, if it failed.
        """
        if self.error is not None:
            raise self.error
        return self._output

    @classmethod
    def of(cls, result: AskResult, output: T | None = None) -> Self:
        """Returns the result with its object.

        Args:
            result: The result; without an object, its `error` must be set.
            output: The object.
        """
        typed = str.__new__(cls, result.text)
        typed.__dict__.update(result.__dict__)
        typed._output = cast("T", output)
        return typed


class OutputReader(Generic[T]):
    """Reads answers as objects of a type.

    Args:
        kind: The type.
        method: The method that is called, for errors.
        prompt: The prompt, which may have been swapped with the type.

    Raises:
        ProviderConfigurationError: If it is no type that pydantic can validate.
    """

    def __init__(self, kind: type[T], method: str, prompt: object = None) -> None:
        if isinstance(prompt, type):
            raise ProviderConfigurationError(describe_swap(method))
        if isinstance(kind, str):
            raise ProviderConfigurationError(f"{method} takes a type, not its name: {method}(prompt, {kind:.40}).")
        try:
            self.adapter: TypeAdapter[T] = TypeAdapter(kind)
            schema = self.adapter.json_schema()
        except (PydanticSchemaGenerationError, PydanticUserError) as error:
            name = getattr(kind, "__name__", f"an object of {type(kind).__name__}")
            raise ProviderConfigurationError(
                f"{method} takes a type such as a pydantic model, not {name}: {method}(prompt, Person)."
            ) from error
        self.name: str = getattr(kind, "__name__", "answer")
        self.schema: Json = {"title": self.name, **schema}

    def read(self, result: AskResult) -> TypedResult[T]:
        """Returns an answer with its object.

        Raises:
            JsonParseError: If the answer does not match the type; the message has the validation errors.
        """
        value = read_object(result)
        try:
            return TypedResult.of(result, self.adapter.validate_python(value))
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'the answer'}: {e['msg']}" for e in error.errors())
            raise JsonParseError(f"the answer is not a valid {self.name}: {problems}", result.text, error) from error

    def typed(self, results: list[AskResult]) -> list[TypedResult[T]]:
        """The results as typed ones; those of failed prompts are plain."""
        return [result if isinstance(result, TypedResult) else TypedResult.of(result) for result in results]


def item_request(item: TextOrPath, options: Options) -> tuple[str, Options]:
    """The prompt and the options for one item; a path is the file to extract the data from."""
    return (EXTRACT_FILE, {**options, "files": [item]}) if isinstance(item, PathLike) else (item, options)


def extract_options(operations: ClientCore, options: Mapping[str, object]) -> Options:
    """The options with the instructions to extract, before those of the caller."""
    own: Options = operations.own_options(options)
    if "files" in own:
        raise ProviderConfigurationError('extract reads files itself: extract([Path("report.pdf")], Person).')
    system = own.pop("system", None) or operations.settings.system_prompt or ()
    return {**own, "system": [EXTRACT, *([system] if isinstance(system, str) else system)]}


class TypedAnswersMixin:
    """Typed answers of `AiClient`."""

    if TYPE_CHECKING:
        _operations: ClientCore
        show_progress: bool | None

        @property
        def settings(self) -> AiSettings: ...

    @conceals_its_options
    def ask_typed(
        self, prompt: str, response_model: type[T], *, max_repairs: int = 1, **options: Unpack[AskOptions]
    ) -> T:
        """Asks for an instance of a type.

        Args:
            prompt: The user message.
            response_model: A pydantic model, dataclass or any other type that pydantic can validate.
            max_repairs: How often an invalid answer is sent back to the model, 0 or more.
            **options: See `AskOptions`.

        Returns:
            An instance of `response_model`.

        Raises:
            JsonParseError: If the last answer does not match the type either.
        """
        conceal_options(options)
        reader = OutputReader(response_model, "ask_typed", prompt)
        asking = self._operations.ask_typed(prompt, reader, max_repairs, dict(options))
        while not asking.done:
            call = self._operations.prepare_ask(asking.request, asking.options())
            with call.context():
                asking.check(call.read(call.send()))
        return asking.value.output

    def ask_typed_many(
        self,
        prompts: Iterable[str],
        response_model: type[T],
        *,
        max_repairs: int = 1,
        concurrency: int | None = None,
        fail_fast: bool = False,
        on_progress: Progress | None = None,
        **options: Unpack[AskOptions],
    ) -> list[TypedResult[T]]:
        """Asks for an instance of a type with each of several prompts, concurrently.

        Args:
            prompts: The user messages.
            response_model: A pydantic model, dataclass or any other type that pydantic can validate.
            max_repairs: How often an invalid answer is sent back to the model, 0 or more.
            concurrency: Number of requests at a time, at least 1; None uses `settings.concurrency`.
            fail_fast: Whether to start no further request after the first failure.
            on_progress: Called with the number of finished prompts and the total.
            **options: See `AskOptions`; they apply to every prompt.

        Returns:
            The results in the order of the prompts: `output` is the object. A failed prompt has its exception in
            `error`.
        """
        reader = OutputReader(response_model, "ask_typed_many", prompts)
        items = check_prompts(prompts, "ask_typed_many")
        self._operations.check_options(options)
        return self._read_all(reader, items, max_repairs, concurrency, dict(options), fail_fast, on_progress)

    def extract(
        self,
        texts: Iterable[str | PathLike[str]],
        response_model: type[T],
        *,
        max_repairs: int = 1,
        concurrency: int | None = None,
        fail_fast: bool = False,
        on_progress: Progress | None = None,
        **options: Unpack[AskOptions],
    ) -> list[TypedResult[T]]:
        """Extracts data from each of several texts or files, concurrently.

        Args:
            texts: The texts; a path is a file, such as a PDF or an image, that is sent to the model.
            response_model: What to extract: a pydantic model, dataclass or any other type that pydantic can validate;
                `list[Person]` for several objects in each text. Descriptions of its fields are sent to the model.
            max_repairs: How often an invalid answer is sent back to the model, 0 or more.
            concurrency: Number of requests at a time, at least 1; None uses `settings.concurrency`.
            fail_fast: Whether to start no further request after the first failure.
            on_progress: Called with the number of finished texts and the total.
            **options: See `AskOptions`; `system` is added to the instructions to extract.

        Returns:
            The results in the order of the texts: `output` is the object. A failed text has its exception in `error`.
        """
        reader = OutputReader(response_model, "extract", texts)
        items = check_texts(texts)
        given = extract_options(self._operations, options)
        return self._read_all(reader, items, max_repairs, concurrency, given, fail_fast, on_progress)

    def _read_all(
        self,
        reader: OutputReader[T],
        items: Sequence[TextOrPath],
        max_repairs: int,
        concurrency: int | None,
        options: Options,
        fail_fast: bool,
        on_progress: Progress | None,
    ) -> list[TypedResult[T]]:
        def ask(item: TextOrPath, **given: object) -> TypedResult[T]:
            prompt, merged = item_request(item, given)
            asking = self._operations.ask_typed(prompt, reader, max_repairs, merged)
            while not asking.done:
                call = self._operations.prepare_ask(asking.request, asking.options())
                with call.context():
                    asking.check(call.read(call.send()))
            return asking.value

        # A failed result has its item as the prompt, which may be a path.
        texts, count = cast("Sequence[str]", items), workers(concurrency, self.settings)
        with ProgressBar(self.show_progress if len(items) > 1 else False) as bar:
            report = combine_callbacks(bar, on_progress)
            results = ask_all(ask, texts, count, options, fail_fast=fail_fast, on_progress=report)
        return reader.typed(results)


class AsyncTypedAnswersMixin:
    """Typed answers of `AsyncAiClient`; see `AiClient` for arguments and results."""

    if TYPE_CHECKING:
        _operations: ClientCore
        show_progress: bool | None

        @property
        def settings(self) -> AiSettings: ...

    @conceals_its_options
    async def ask_typed(
        self, prompt: str, response_model: type[T], *, max_repairs: int = 1, **options: Unpack[AskOptions]
    ) -> T:
        """Asks for an instance of a type; see `AiClient.ask_typed`."""
        conceal_options(options)
        reader = OutputReader(response_model, "ask_typed", prompt)
        asking = self._operations.ask_typed(prompt, reader, max_repairs, dict(options))
        while not asking.done:
            call = await self._operations.prepare_ask_async(asking.request, asking.options())
            with call.context():
                asking.check(call.read(await call.send()))
        return asking.value.output

    async def ask_typed_many(
        self,
        prompts: Iterable[str],
        response_model: type[T],
        *,
        max_repairs: int = 1,
        concurrency: int | None = None,
        fail_fast: bool = False,
        on_progress: Progress | None = None,
        **options: Unpack[AskOptions],
    ) -> list[TypedResult[T]]:
        """Asks for an instance of a type with each prompt; see `AiClient.ask_typed_many`."""
        reader = OutputReader(response_model, "ask_typed_many", prompts)
        items = check_prompts(prompts, "ask_typed_many")
        self._operations.check_options(options)
        return await self._read_all(reader, items, max_repairs, concurrency, dict(options), fail_fast, on_progress)

    async def extract(
        self,
        texts: Iterable[str | PathLike[str]],
        response_model: type[T],
        *,
        max_repairs: int = 1,
        concurrency: int | None = None,
        fail_fast: bool = False,
        on_progress: Progress | None = None,
        **options: Unpack[AskOptions],
    ) -> list[TypedResult[T]]:
        """Extracts data from each text or file; see `AiClient.extract`."""
        reader = OutputReader(response_model, "extract", texts)
        items = check_texts(texts)
        given = extract_options(self._operations, options)
        return await self._read_all(reader, items, max_repairs, concurrency, given, fail_fast, on_progress)

    async def _read_all(
        self,
        reader: OutputReader[T],
        items: Sequence[TextOrPath],
        max_repairs: int,
        concurrency: int | None,
        options: Options,
        fail_fast: bool,
        on_progress: Progress | None,
    ) -> list[TypedResult[T]]:
        async def ask(item: TextOrPath, **given: object) -> TypedResult[T]:
            prompt, merged = item_request(item, given)
            asking = self._operations.ask_typed(prompt, reader, max_repairs, merged)
            while not asking.done:
                call = await self._operations.prepare_ask_async(asking.request, asking.options())
                with call.context():
                    asking.check(call.read(await call.send()))
            return asking.value

        # A failed result has its item as the prompt, which may be a path.
        texts, count = cast("Sequence[str]", items), workers(concurrency, self.settings)
        with ProgressBar(self.show_progress if len(items) > 1 else False) as bar:
            report = combine_callbacks(bar, on_progress)
            results = await ask_all_async(ask, texts, count, options, fail_fast=fail_fast, on_progress=report)
        return reader.typed(results)


def workers(concurrency: int | None, settings: AiSettings) -> int:
    return settings.concurrency if concurrency is None else concurrency
