"""Builds and validates the calls of operations other than chat and of batches; checks arguments of the constructor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ..errors import ConfigurationError, SyncAsyncMismatchError
from ..history.parsing import MessageLike, read_history
from ..history.preparation import continues_stored_history, repair_history, truncate_history
from ..pipeline.pipeline import Pipeline
from ..types.chat.message import Message
from ..types.chat.report import CallWarning
from ..types.config.api import AIModelEndpoint
from ..types.config.call import OLD_FIELDS, AIModelCallConfig, Call, CallJournal
from ..types.config.name_hints import EXAMPLES
from ..types.config.other_names import ALTERNATIVE_NAMES, describe_unknown, use_own_names
from ..types.model_base import FrozenModel, expected_value
from ..types.tools.tool_definition import ToolDefinition
from ..wire.text import similar_names

if TYPE_CHECKING:
    from ..types.config.call_options import CallOptions
from typing import TYPE_CHECKING

from ..pipeline.middleware import Bindable

OWN_NAMES = AIModelCallConfig.model_fields.keys()


def build_call(
    endpoint: AIModelEndpoint,
    config: AIModelCallConfig,
    operation: str,
    kind: type[FrozenModel] | None,
    given: Mapping[str, Any],
    settings: Mapping[str, Any],
    messages: tuple[Message, ...] = (),
) -> Call:
    """Build the call for an operation; `settings` mixes fields of the operation's request with fields of the config."""
    fields = kind.model_fields if kind else {}
    chosen = as_config(settings.get("config"), config)
    overrides: dict[str, Any] = {k: v for k, v in settings.items() if k != "config" and k not in fields}
    if not overrides.keys() <= OWN_NAMES:
        check_names(overrides, fields, operation)
    overrides["streaming"] = False
    request = {**given, **{k: v for k, v in settings.items() if k in fields}}
    call = Call(
        endpoint=endpoint,
        messages=messages,
        config=override_config(chosen, **overrides),
        operation=operation,
        request=validate_request(kind, request) if kind else None,
    )
    check_options(call)
    return call


def as_config(given: AIModelCallConfig | None, otherwise: AIModelCallConfig) -> AIModelCallConfig:
    if given is None:
        return otherwise
    if not isinstance(given, AIModelCallConfig):
        raise ConfigurationError(
            f"config must be an AIModelCallConfig, not {type(given).__name__}: AIModelCallConfig(temperature=0). "
            "You can also pass single settings as keyword arguments: generate(prompt, temperature=0)"
        )
    return given


def check_options(call: Call) -> None:
    """Raise if the model's `valid_options` exclude an option or its value, or the tool choice names no tool."""
    if call.config.tool_choice is not None:
        check_tool_choice(call.config)
    valid = call.endpoint.ai_model.valid_options
    if valid is None:
        return
    name = call.endpoint.ai_model.model_name
    for option, value in call.config.options.items():
        if option not in valid:
            known = ", ".join(valid) or "none"
            raise ConfigurationError(f"{name} has no option {option!r}. Valid options: {known}")
        if valid[option].allowed_values and value not in valid[option].allowed_values:
            allowed = ", ".join(map(repr, valid[option].allowed_values))
            raise ConfigurationError(f"{name} does not accept {option}={value!r}. Allowed values: {allowed}")


MODES = ("auto", "none", "required")


def check_tool_choice(config: AIModelCallConfig) -> None:
    """Raise if the tool choice names a tool that there is not. Tools that the provider runs may have any name."""
    choice = config.tool_choice
    names = [tool.name for tool in config.tools if isinstance(tool, ToolDefinition)]
    for name in choice.names if choice is not None else ():
        meant = similar_names(name.strip().lower(), (*MODES, *names))
        if name in names or (len(names) < len(config.tools) and not meant) or not (names or meant):
            continue
        hint = f"; did you mean {meant[0]!r}?" if meant else f". Write tool_choice={names[0]!r}, or one of {MODES}"
        raise ConfigurationError(f"tool_choice: there is no tool {name!r}{hint}")


def validate_request(kind: type[FrozenModel], fields: Mapping[str, Any]) -> FrozenModel:
    """Validate the request fields; raise `ConfigurationError` that names each invalid one."""
    try:
        return kind.model_validate(fields)
    except (ValidationError, TypeError) as error:
        raise kind_of(error)(f"invalid request: {describe_problems(error)}") from error


def override_config(config: AIModelCallConfig, **options: Unpack[CallOptions]) -> AIModelCallConfig:
    """Return a validated copy of the config with these fields replaced."""
    if not config.model_fields_set:
        return read_options(**options)
    given: dict[str, Any] = {name: getattr(config, name) for name in config.model_fields_set}
    own = options if options.keys() <= OWN_NAMES else use_own_names(options)
    if config.if_supported:
        given["if_supported"] = config.if_supported - own.keys()
    given.update(own)
    return read_options(**given)


def read_options(**options: Unpack[CallOptions]) -> AIModelCallConfig:
    """Return a config with these options, validated."""
    try:
        return AIModelCallConfig(**options)
    except ValidationError as error:
        raise kind_of(error)(f"invalid settings: {describe_problems(error)}") from error


def check_names(names: Iterable[str], fields: Iterable[str], operation: str) -> None:
    """Raise for names that are neither fields of the operation's request nor options of calls; say what to write."""
    known = (*fields, *OWN_NAMES)
    wrong = [name for name in names if name not in known and name not in ALTERNATIVE_NAMES and name not in OLD_FIELDS]
    if wrong:
        unknown = "; ".join(describe_unknown(name, known, operation=operation) for name in wrong)
        raise ConfigurationError(f"invalid settings: {unknown}")


def kind_of(error: Exception) -> type[ConfigurationError]:
    """Return the class of the first `ConfigurationError` raised by a validator, else `ConfigurationError`."""
    causes = [one.get("ctx", {}).get("error") for one in error.errors()] if isinstance(error, ValidationError) else []
    return next((type(one) for one in causes if isinstance(one, ConfigurationError)), ConfigurationError)


def describe_problems(error: Exception) -> str:
    """Each problem in a line; several of one option are one: its value has none of the types that it may have."""
    if not isinstance(error, ValidationError):
        return str(error)
    problems: dict[object, list[ErrorDetails]] = {}
    for problem in error.errors():
        problems.setdefault(problem["loc"][:1], []).append(problem)
    return "; ".join(describe_problem(same[0], len(same) > 1) for same in problems.values())


EMPTY = {"too_short": "must have at least 1 item", "string_too_short": "must not be empty"}
"""Messages for empty values, by pydantic's type of error."""


def describe_problem(problem: ErrorDetails, several: bool = False) -> str:
    """One problem in a line. What validators of this library raised is a sentence already."""
    cause, where = problem.get("ctx", {}).get("error"), ".".join(map(str, problem["loc"]))
    if cause is not None:
        text = str(cause)
        return text if not where or text.startswith(where) else f"{where}: {text}"
    option = str(problem["loc"][0]) if problem["loc"] else ""
    example = f". Write {EXAMPLES[option]}" if option in EXAMPLES else ""
    is_empty = problem["type"] in EMPTY and problem.get("ctx", {}).get("min_length") == 1
    plain = EMPTY[problem["type"]] if is_empty else expected_value(problem)
    message = "the value has the wrong type" if several and example else plain
    return f"{option if several and example else where}: {message}{example}"


def read_call_history(
    endpoint: AIModelEndpoint,
    prompt: MessageLike | None,
    context: Sequence[MessageLike] | None,
    messages: Sequence[MessageLike] | None,
) -> tuple[Message, ...]:
    """Return the messages of a call to this endpoint.

    Raises:
        ConfigurationError: If a message cannot be read; its text begins with the provider and the model.
    """
    try:
        return read_history(prompt, context, messages)
    except ConfigurationError as error:
        put_model_first(error, endpoint)
        raise


def read_repaired_history(
    endpoint: AIModelEndpoint,
    config: AIModelCallConfig,
    prompt: MessageLike | None,
    context: Sequence[MessageLike] | None,
    messages: Sequence[MessageLike] | None,
    *,
    open_end: bool = False,
) -> tuple[tuple[Message, ...], tuple[CallWarning, ...]]:
    """Return the messages of a chat call to this endpoint with repaired tool calls, and warnings about the repairs.

    Raises:
        ConfigurationError: If a message cannot be read, or a tool result names no call although its call is stored at
            the provider; the text begins with the provider and the model.
    """
    try:
        history = read_history(prompt, context, messages)
        if type(prompt) is str and len(history) == 1:
            return history, ()  # a text alone has no calls of tools
        return repair_history(
            history,
            open_end=open_end,
            stored=continues_stored_history(config, endpoint.ai_model),
        )
    except ConfigurationError as error:
        put_model_first(error, endpoint)
        raise


def put_model_first(error: ConfigurationError, endpoint: AIModelEndpoint) -> None:
    """Put the provider and the model before the text of an error."""
    error.args = (f"{endpoint.api.provider} ({endpoint.ai_model.model_name}): {error}",)


WRONG = {
    False: "This client is async-only (is_async=True). Use the method that ends in _async.",
    True: "This client is sync-only (is_async=False). Use the method without _async.",
}


class OperationsBase:
    """Fields and helpers shared by the operation mixins."""

    model_endpoint: AIModelEndpoint
    config: AIModelCallConfig
    is_async: bool | None

    def _effective_config(self, config: AIModelCallConfig | None, **options: Unpack[CallOptions]) -> AIModelCallConfig:
        chosen = as_config(config, self.config)
        return override_config(chosen, **options) if options else chosen

    def _prepare(
        self,
        operation: str,
        kind: type[FrozenModel] | None,
        given: Mapping[str, Any],
        settings: Mapping[str, Any],
        is_async: bool,
        messages: tuple[Message, ...] = (),
    ) -> tuple[Pipeline, Call]:
        """Return pipeline and validated call; every invalid argument raises here, before anything is sent."""
        if self.is_async is not None and self.is_async != is_async:
            raise SyncAsyncMismatchError(WRONG[is_async])
        if settings.get("streaming"):
            raise ConfigurationError(f"{operation!r} does not support streaming. Remove streaming=True.")
        call = build_call(self.model_endpoint, self.config, operation, kind, given, settings, messages)
        return self._pipeline(operation, is_async=is_async), call

    def _default_operation(self) -> str:
        raise NotImplementedError

    def _pipeline(self, operation: str, *, is_async: bool) -> Pipeline:
        raise NotImplementedError


BatchPrompt = MessageLike | Sequence[MessageLike]


def calls_of(
    prompts: Iterable[BatchPrompt], instructions: tuple[str, ...], config: AIModelCallConfig, endpoint: AIModelEndpoint
) -> Iterator[Call]:
    """Build a call from each prompt as `generate` does, lazily."""
    for number, prompt in enumerate(prompts, 1):
        try:
            history, warnings = read_repaired_history(endpoint, config, None, None, messages_before(prompt))
            truncated, truncation_warnings = truncate_history(history, instructions, config)
        except ConfigurationError as error:
            raise ConfigurationError(f"prompt {number}: {error}") from error
        call = Call(
            endpoint,
            truncated,
            config,
            instructions,
            journal=CallJournal(warnings=(*warnings, *truncation_warnings)),
        )
        check_options(call)
        yield call


def messages_before(prompt: Any) -> Sequence[MessageLike]:
    """Return a conversation unchanged; wrap any other prompt in a list."""
    if isinstance(prompt, list | tuple) and any(isinstance(one, Message) or is_message(one) for one in prompt):
        return prompt
    return [prompt]


def is_message(given: Any) -> bool:
    return isinstance(given, Mapping) and "role" in given


def check_is_async(given: Any) -> bool | None:
    if given is not None and not isinstance(given, bool):
        raise ConfigurationError(f"is_async must be True, False or None, not {type(given).__name__}")
    return given


def check_layers(given: Any, name: str) -> tuple[Any, ...]:
    layers = tuple(check_sequence(given, name, "layers"))
    for layer in layers:
        if not (callable(layer) or isinstance(layer, Bindable)):
            raise ConfigurationError(
                f"{type(layer).__name__} in {name} is not a layer. Pass an `async def layer(call, send)`, "
                "or an object whose `bind(io, target)` returns one"
            )
    return layers


def check_observer(given: Any) -> Any:
    if given is not None and not callable(given):
        raise ConfigurationError(f"observer must be a function, not {type(given).__name__}")
    return given


def check_sequence(given: Any, name: str, what: str) -> Iterable[Any]:
    if not isinstance(given, Iterable) or isinstance(given, str | bytes | Mapping):
        raise ConfigurationError(f"{name} must be a list of {what}, not {type(given).__name__}")
    return given
